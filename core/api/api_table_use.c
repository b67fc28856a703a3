/*
 * Openings of tables. One process-wide lock guards them: it is taken when a cursor is opened, closed, or changes its index, and nothing waits while it is held.
 */
#include "api/api_table_use.h"

#include "api/api_private.h"

struct ese_api_table_use {
    ese_api_table_use *next;        /* [lock] in its bucket */
    uint32_t objid;                 /* [const] */
    ese_list owners;                /* [lock] of the cursors: ese_table_owner.link */
    const ese_api_session *deleter; /* [lock] who deletes the table */
};

static ese_os_mutex lock = ESE_OS_MUTEX_INIT;

static ese_api_table_use **
bucket_of(ese_api_database *database, uint32_t objid)
{
    return &ese_api_database_table_uses(database)->buckets[objid % ESE_API_TABLE_USES];
}

static ese_table_owner *
owner_of(ese_list *node)
{
    return ESE_LIST_ENTRY(node, ese_table_owner, link);
}

/* Finds the use of a table, or makes it. */
static JET_ERR
need_locked(ese_api_database *database, uint32_t objid, ese_api_table_use **use_out)
{
    ese_api_table_use **bucket = bucket_of(database, objid);
    ese_api_table_use *use = *bucket;
    JET_ERR err = JET_errSuccess;

    while (use != NULL && use->objid != objid)
        use = use->next;
    if (use == NULL) {
        ESE_TRY(ese_alloc(sizeof *use, &use));
        use->objid = objid;
        ese_list_init(&use->owners);
        use->next = *bucket;
        *bucket = use;
    }
    *use_out = use;
out:
    return err;
}

static void
drop_if_idle_locked(ese_api_database *database, ese_api_table_use *use)
{
    ese_api_table_use **at = bucket_of(database, use->objid);

    if (use->deleter != NULL || !ese_list_is_empty(&use->owners))
        return;
    while (*at != use)
        at = &(*at)->next;
    *at = use->next;
    ese_free(&use);
}

/* Is there a cursor of somebody else opened with one of the flags (0: any cursor)? */
static bool
others_have_locked(const ese_api_table_use *use, const ese_api_session *session, JET_GRBIT grbit)
{
    ESE_LIST_FOREACH (node, &use->owners) {
        const ese_table_owner *owner = owner_of(node);

        if (owner->session != session && (grbit == 0 || (owner->grbit & grbit) != 0))
            return true;
    }
    return false;
}

static bool
anybody_has_locked(const ese_api_table_use *use, JET_GRBIT grbit)
{
    ESE_LIST_FOREACH (node, &use->owners) {
        if (owner_of(node)->grbit & grbit)
            return true;
    }
    return false;
}

/* A session's own cursors stand in its way only when it denies writing twice. */
static JET_ERR
admit_locked(const ese_api_table_use *use, const ese_api_session *session, JET_GRBIT grbit)
{
    if ((use->deleter != NULL && use->deleter != session) ||
        others_have_locked(use, session, JET_bitTableDenyRead))
        return ese_raise(JET_errTableLocked, "somebody else has the table for himself");
    if ((grbit & JET_bitTableUpdatable) && others_have_locked(use, session, JET_bitTableDenyWrite))
        return ese_raise(JET_errTableLocked, "somebody else does not let others write");
    if ((grbit & JET_bitTableDenyRead) && others_have_locked(use, session, 0))
        return ese_raise(JET_errTableInUse, "somebody else has the table open");
    if ((grbit & JET_bitTableDenyWrite) &&
        (others_have_locked(use, session, JET_bitTableUpdatable) ||
         anybody_has_locked(use, JET_bitTableDenyWrite)))
        return ese_raise(JET_errTableInUse, "the table is open for writing, or to deny it");
    return JET_errSuccess;
}

JET_ERR
ese_api_table_use_enter(ese_api_session *session, ese_table_cursor *cursor, JET_GRBIT grbit)
{
    ese_table_owner *owner = ese_table_owner_of(cursor);
    ese_api_database *database = owner->database;
    ese_api_table_use *use = NULL;
    JET_ERR err;

    ese_os_mutex_lock(&lock);
    ESE_TRY(need_locked(database, ese_table_descriptor(cursor)->objid, &use));
    err = admit_locked(use, session, grbit);
    if (err >= JET_errSuccess) {
        owner->session = session;
        owner->grbit = grbit;
        owner->use = use;
        ese_list_append(&use->owners, &owner->link);
    }
    drop_if_idle_locked(database, use);
out:
    ese_os_mutex_unlock(&lock);
    return err;
}

void
ese_api_table_use_leave(ese_table_cursor *cursor)
{
    ese_table_owner *owner = ese_table_owner_of(cursor);
    ese_api_table_use *use = owner->use;

    if (use == NULL)
        return;
    ese_os_mutex_lock(&lock);
    ese_list_remove(&owner->link);
    owner->use = NULL;
    drop_if_idle_locked(owner->database, use);
    ese_os_mutex_unlock(&lock);
}

/* ---- Deleting ---- */

typedef struct deletion {
    ese_api_database *database;
    ese_api_table_use *use;
} deletion;

static void
undo_nothing(void *self)
{
    (void)self;
}

static void
end_deletion(void *self, bool is_committed)
{
    deletion *note = self;

    (void)is_committed;
    ese_os_mutex_lock(&lock);
    note->use->deleter = NULL;
    drop_if_idle_locked(note->database, note->use);
    ese_os_mutex_unlock(&lock);
    ese_free(&note);
}

static JET_ERR
claim_locked(ese_api_table_use *use, const ese_api_session *session)
{
    if (use->deleter != NULL)
        return ese_raise(JET_errTableLocked, "somebody else deletes the table");
    if (!ese_list_is_empty(&use->owners))
        return ese_raise(JET_errTableInUse, "the table is open");
    use->deleter = session;
    return JET_errSuccess;
}

JET_ERR
ese_api_table_use_delete(ese_api_session *session, ese_api_database *database, uint32_t objid)
{
    deletion *note = NULL;
    ese_api_table_use *use = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *note, &note));
    ese_os_mutex_lock(&lock);
    err = need_locked(database, objid, &use);
    if (err >= JET_errSuccess) {
        err = claim_locked(use, session);
        drop_if_idle_locked(database, use);
    }
    ese_os_mutex_unlock(&lock);
    ESE_TRY(err);
    *note = (deletion){database, use};
    err = ese_txn_add_action(ese_api_session_txn(session),
                             &(ese_txn_action){note, undo_nothing, end_deletion});
    if (err < JET_errSuccess)
        end_deletion(note, false);
    return err;
out:
    ese_free(&note);
    return err;
}

/* ---- Indexes in use ---- */

void
ese_api_table_use_set_index(ese_table_cursor *cursor, uint32_t objid)
{
    ese_os_mutex_lock(&lock);
    ese_table_owner_of(cursor)->index_objid = objid;
    ese_os_mutex_unlock(&lock);
}

JET_ERR
ese_api_table_use_check_index(ese_table_cursor *cursor, uint32_t objid)
{
    const ese_api_table_use *use = ese_table_owner_of(cursor)->use;
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&lock);
    ESE_LIST_FOREACH (node, &use->owners) {
        if (owner_of(node)->index_objid == objid)
            err = JET_errIndexInUse;
    }
    ese_os_mutex_unlock(&lock);
    return err < JET_errSuccess ? ese_raise(err, "a cursor follows the index") : err;
}
