/*
 * Trees whose creation did not commit: their pages go back to their parents when everything else has been taken back.
 *
 * While it runs the engine gives back such a tree itself, and says so in the log (FreeFDP) before the first page changes hands; from then on the tree is none of ours here, and neither are
 * those inside it. So no page is given back twice, whenever recovery or the engine was ended: what is lost then is what had not been given back yet.
 *
 * INV-1  A tree is in the list from its creation on, until its transaction commits, or FreeFDP of it or of its parent comes.
 * INV-2  Nothing is given back before all transactions have been taken back: changes of others may lie in these trees.
 * INV-3  A tree that cannot be given back stays where it is: unused pages are no damage.
 */
#include "recovery/recovery_private.h"

#include "btree/btree_space.h"

enum { CREATED_BYTES_MAX = 1 << 20, NO_SESSION = -1 };

typedef struct created {
    ese_recovery__db *db;
    int32_t procid; /* NO_SESSION: it has been taken back already */
    ese_pgno root, parent;
    uint32_t objid;
    uint8_t level;
} created;

static size_t
count(const ese_recovery__run *run)
{
    return run->new_trees.size / sizeof(created);
}

static created
load(const ese_recovery__run *run, size_t i)
{
    created c;

    memcpy(&c, run->new_trees.data + i * sizeof c, sizeof c);
    return c;
}

static void
store(ese_recovery__run *run, size_t i, const created *c)
{
    memcpy(run->new_trees.data + i * sizeof *c, c, sizeof *c);
}

/* The last one takes its place: who walks, walks backwards. */
static void
drop(ese_recovery__run *run, size_t i)
{
    const created last = load(run, count(run) - 1);

    store(run, i, &last);
    run->new_trees.size -= sizeof last;
}

/* ---- what the log tells */

JET_ERR
ese_recovery__created_add(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_recovery__session *session = ese_recovery__session_of(run, entry->procid);
    const created c = {
        .db = db,
        .procid = entry->procid,
        .root = entry->pgno,
        .parent = entry->u.tree.parent,
        .objid = entry->objid,
        .level = session == NULL ? 0 : session->level,
    };

    if (c.level == 0 || c.parent == 0 || !ese_log_header_is_ours(run->log_header))
        return JET_errSuccess;
    if (run->new_trees.limit == 0)
        run->new_trees = ese_growbuf_make(CREATED_BYTES_MAX);
    if (run->new_trees.size + sizeof c > CREATED_BYTES_MAX)
        return JET_errSuccess;
    return ese_growbuf_append(&run->new_trees, &c, sizeof c);
}

void
ese_recovery__created_commit(ese_recovery__run *run, uint16_t procid, uint8_t level)
{
    for (size_t i = count(run); i-- > 0;) {
        created c = load(run, i);

        if (c.procid != procid || c.level <= level)
            continue;
        c.level = level;
        if (level == 0)
            drop(run, i);
        else
            store(run, i, &c);
    }
}

void
ese_recovery__created_roll_back(ese_recovery__run *run, uint16_t procid, uint8_t level)
{
    for (size_t i = 0; i < count(run); i++) {
        created c = load(run, i);

        if (c.procid != procid || c.level <= level)
            continue;
        c.procid = NO_SESSION;
        store(run, i, &c);
    }
}

void
ese_recovery__created_freed(ese_recovery__run *run, const ese_log_entry *entry)
{
    for (size_t i = count(run); i-- > 0;) {
        const created c = load(run, i);

        if (c.db == ese_recovery__db_of(run, entry->dbid) &&
            (c.root == entry->root || c.parent == entry->root))
            drop(run, i);
    }
}

void
ese_recovery__created_forget(ese_recovery__run *run, const ese_recovery__db *db)
{
    for (size_t i = count(run); i-- > 0;) {
        if (db == NULL || load(run, i).db == db)
            drop(run, i);
    }
}

/* ---- the end */

/* The youngest: trees are older than those inside them. */
static size_t
find_youngest(const ese_recovery__run *run)
{
    size_t found = 0;

    for (size_t i = 1; i < count(run); i++) {
        if (load(run, i).objid > load(run, found).objid)
            found = i;
    }
    return found;
}

/* Whether recovery cannot go on after that: whatever else it is, the tree is not what the log says. */
static bool
is_fatal(JET_ERR err)
{
    return err == JET_errOutOfMemory || err == JET_errDiskIO || err == JET_errLogWriteFail;
}

JET_ERR
ese_recovery__created_take_back(ese_recovery__run *run, ese_recovery__take_back *take_back,
                                void *self)
{
    JET_ERR err = JET_errSuccess;

    while (count(run) != 0) {
        size_t i = find_youngest(run);
        const created c = load(run, i);

        drop(run, i);
        if (c.procid != NO_SESSION || c.db->state != ESE_RECOVERY__ATTACHED)
            continue;
        err = take_back(self, c.db, c.root, c.objid);
        if (is_fatal(err))
            return err;
    }
    return JET_errSuccess;
}
