/*
 * Undo of transactions that had not committed at the end of the log. Recovery specification, section 7.5.
 *
 * The trees are whole again, but pages may have been split since a change was made: its entry is found by its bookmark. In place everything is logged as a rollback is, so who
 * begins anew finds some changes taken back, and goes on with the others.
 *
 * INV-1  A version leaves only after its Undo is in the log: until then pages that hold the change are written with its UNDO_INFO before them.
 * INV-2  Pages are split by a transaction of its own, whose number no open session has: redo of it disturbs none of them.
 * INV-3  Trees that go with the transaction that created them go last, in transactions of their own (recovery_created.c).
 */
#include "recovery/recovery_private.h"

#include "page/page_space.h"

enum { VERSION_BYTES = 16 << 20, DELTA64 = 9, COMMIT_LAZY = 1 };

/* What changes that may split pages need. */
typedef struct undoing {
    ese_recovery__run *run;
    ese_recovery__db *db; /* of the change that is being taken back */
    ese_recovery__db *store_of;
    ese_txn_store *store;
    ese_btree_db *btree;
    ese_txn_session session;
    ese_log_origin *origin; /* of the transaction that is being taken back */
} undoing;

/* The number of a session that none of the log has. */
static uint16_t
free_procid(const ese_recovery__run *run)
{
    uint16_t procid = ESE_LOG_PROCID_NOBODY - 1;

    while (procid > 0 && run->sessions[procid] != NULL && run->sessions[procid]->has_begun)
        procid--;
    return procid;
}

static void
end(undoing *u)
{
    if (u->store != NULL) {
        ese_txn_store_clean(u->store);
        ese_txn_session_end(&u->session);
        ese_txn_store_stop(u->store);
        ese_btree_db_destroy(&u->btree);
        ese_txn_store_destroy(&u->store);
    }
    u->store_of = NULL;
}

static JET_ERR
begin(undoing *u, ese_recovery__db *db)
{
    JET_ERR err = JET_errSuccess;

    if (u->store_of == db)
        return JET_errSuccess;
    end(u);
    ESE_TRY(ese_txn_store_create(&ese_btree_txn_ops, VERSION_BYTES, &u->store));
    ese_txn_store_set_log(u->store, u->run->stream);
    ese_txn_session_init(&u->session, u->store);
    u->session.origin.procid = free_procid(u->run);
    u->session.origin.is_urgent = true;
    u->session.commit_default = COMMIT_LAZY; /* what comes later waits */
    u->store_of = db;
    ESE_TRY(ese_btree_db_create(&db->log, u->store, &u->btree));
out:
    return err;
}

/* ---- finding the entry */

static JET_ERR
corrupted(const undoing *u, const ese_recovery__version *v, const char *what)
{
    return ese_raise(JET_errDatabaseCorrupted, "%s: tree of objid %u, root %u: %s", u->db->work,
                     (unsigned)v->objid, (unsigned)v->root, what);
}

/* Latches the leaf that has the place of the entry. */
static JET_ERR
latch_leaf(undoing *u, const ese_recovery__version *v, ese_cache_page **leaf_out)
{
    ese_pgno pgno = v->root;
    ese_cache_page *page = NULL;
    JET_ERR err;

    for (unsigned depth = 0;; depth++) {
        unsigned line;
        ese_page_node node;

        ESE_TRY(ese_cache_latch(u->db->file, pgno, &page));
        if (ese_page_objid(&page->page) != v->objid || depth > ESE_BTREE_DEPTH_MAX ||
            (ese_page_flags(&page->page) & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT)) != 0) {
            err = corrupted(u, v, "a page is not of the tree");
            goto out;
        }
        if ((ese_page_flags(&page->page) & ESE_PAGE_LEAF) != 0)
            break;
        line = ese_page_find_gt(&page->page, v->key,
                                v->is_unique ? (ese_bytes){NULL, 0} : v->key_data);
        if (line >= ese_page_line_count(&page->page)) {
            err = corrupted(u, v, "there is no page for a key");
            goto out;
        }
        node = ese_page_line(&page->page, line);
        pgno = ese_page_node_child(&node);
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    }
    *leaf_out = page;
    page = NULL;
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

static JET_ERR
find_line(const undoing *u, const ese_recovery__version *v, const ese_page *leaf,
          unsigned *line_out)
{
    ese_bytes data = v->is_unique ? (ese_bytes){NULL, 0} : v->key_data;
    unsigned line = ese_page_find_ge(leaf, v->key, data);
    ese_page_node node;

    if (line >= ese_page_line_count(leaf))
        return corrupted(u, v, "an entry that was changed is not there");
    node = ese_page_line(leaf, line);
    if (ese_page_node_compare_key(&node, v->key) != 0 ||
        (!v->is_unique && ese_bytes_compare(node.data, v->key_data) != 0))
        return corrupted(u, v, "an entry that was changed is not there");
    *line_out = line;
    return JET_errSuccess;
}

/* ---- taking back */

static bool
fits_in_place(const ese_recovery__version *v, const ese_page *leaf, unsigned line)
{
    unsigned width = v->oper == ESE_TXN_DELTA ? 4 : 8;

    if (v->oper == ESE_TXN_REPLACE)
        return ese_page_fits_replace(leaf, line, v->before.size);
    if (v->oper == ESE_TXN_DELTA || v->oper == DELTA64)
        return v->offset + width <= ese_page_line(leaf, line).data.size;
    return true;
}

static ese_log_record
record_of(const ese_recovery__version *v, unsigned line)
{
    ese_log_record record = {.type = ESE_LOG_UNDO,
                             .flags = v->is_unique ? ESE_LOG_UNIQUE : 0,
                             .root = v->root,
                             .objid = v->objid};

    record.u.node = (ese_log_node){.line = line,
                                   .needs_undo_info = !v->has_info,
                                   .rceid = v->rceid,
                                   .key = v->key,
                                   .key_data = v->key_data,
                                   .data = v->before,
                                   .oper = v->oper,
                                   .level = v->level,
                                   .offset = v->offset,
                                   .delta = v->delta};
    return record;
}

/* Old data that is too long by now: the page is split. Afterwards it is there already, and has room once more. */
static JET_ERR
make_room(undoing *u, const ese_recovery__version *v, uint32_t flags)
{
    ese_btree tree = {
        .file = u->db->file,
        .root = v->root,
        .objid = v->objid,
        .kind = flags & (ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE | ESE_PAGE_SPACE),
        .is_unique = true,
    };
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(begin(u, v->db));
    ESE_TRY(ese_btree_share(u->btree, &tree));
    ESE_TRY(ese_txn_statement_enter(&u->session, &statement));
    err = ese_btree_replace(&u->session, &tree, v->key, v->before, ESE_BTREE_UNVERSIONED);
    err = ese_txn_statement_leave(&u->session, &statement, err);
out:
    return err;
}

/* *flags_out: of the page, when the change does not fit it: it has to be split. */
static JET_ERR
undo_in_place(undoing *u, ese_recovery__version *v, bool *fits_out, uint32_t *flags_out)
{
    ese_cache_page *leaf = NULL;
    unsigned line = 0;
    ese_log_record record;
    JET_ERR err;

    ESE_TRY(latch_leaf(u, v, &leaf));
    ESE_TRY(find_line(u, v, &leaf->page, &line));
    *flags_out = ese_page_flags(&leaf->page);
    *fits_out = fits_in_place(v, &leaf->page, line);
    if (v->oper == ESE_TXN_REPLACE &&
        (v->before.size == 0 || (*flags_out & ESE_PAGE_NON_UNIQUE) != 0)) {
        err = corrupted(u, v, "an entry cannot have had such data");
    } else if (*fits_out) {
        record = record_of(v, line);
        err = ese_log_change_node(&u->db->log, u->origin, &leaf, &record);
    } else if (v->oper != ESE_TXN_REPLACE) {
        err = corrupted(u, v, "an entry has no such number");
    } else if (u->run->is_in_place) {
        err = ese_recovery__prepare_page(u->db, &leaf->page); /* its lines are about to move */
    }
out:
    ese_cache_unlatch(&leaf, ESE_CACHE_UNCHANGED);
    return err;
}

static JET_ERR
undo_change(undoing *u, ese_recovery__version *v)
{
    bool fits = false;
    uint32_t flags = 0;
    JET_ERR err;

    u->db = v->db;
    ESE_TRY(undo_in_place(u, v, &fits, &flags));
    if (!fits) {
        ESE_TRY(make_room(u, v, flags));
        ESE_TRY(undo_in_place(u, v, &fits, &flags));
    }
    if (!fits)
        err = corrupted(u, v, "an entry has no room for its data");
out:
    return err;
}

static JET_ERR
undo_session(undoing *u, ese_recovery__session *session)
{
    ese_log_origin origin = {
        .procid = session->procid,
        .level = session->level,
        .is_urgent = true,
        .trx_begin = session->trx,
        .lgpos_begin = session->lgpos_begin,
    };
    ese_recovery__version *v = session->newest;
    JET_ERR err = JET_errSuccess;

    u->origin = &origin;
    while (v != NULL) {
        ese_recovery__version *older = v->older;

        /* What is still waiting was never written without the word that undo needs: it is not on the page. */
        if (!v->is_waiting && v->db->state == ESE_RECOVERY__ATTACHED) {
            ESE_TRY(undo_change(u, v));
            ese_recovery__drop_version(u->run, v);
            u->run->report->n_undone++;
        }
        v = older;
    }
    u->run->report->n_rolled_back++;
    if (u->run->stream != NULL)
        ESE_TRY(ese_log_rollback(u->run->stream, &origin, 0));
    ese_recovery__created_roll_back(u->run, session->procid, 0);
out:
    u->origin = NULL;
    return err;
}

static JET_ERR
take_tree_back(void *self, ese_recovery__db *db, ese_pgno root, uint32_t objid)
{
    undoing *u = self;
    JET_ERR err;

    ESE_TRY(begin(u, db));
    ESE_TRY(ese_btree_take_back(u->btree, &u->session.origin, root, objid));
out:
    return err;
}

JET_ERR
ese_recovery__undo(ese_recovery__run *run)
{
    undoing u = {.run = run};
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; run->sessions != NULL && i < ESE_RECOVERY__SESSIONS; i++) {
        if (run->sessions[i] != NULL && run->sessions[i]->has_begun)
            ESE_TRY(undo_session(&u, run->sessions[i]));
    }
    ESE_TRY(ese_recovery__created_take_back(run, take_tree_back, &u));
out:
    end(&u);
    return err;
}
