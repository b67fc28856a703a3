/*
 * What becomes of the versions of a transaction while it is open: undone, dropped, merged.
 */
#include "txn/txn_private.h"

/* ---- What undo and clean get to see ---- */

ese_txn_change
ese_txn__change_of(const ese_txn_version *version)
{
    const uint8_t *data = version->bytes + version->n_key;

    return (ese_txn_change){
        .place =
            {
                .tree = version->tree,
                .key = {version->bytes, version->n_key},
                .data = {data, version->n_data},
            },
        .oper = (ese_txn_oper)version->oper,
        .rceid = version->rceid,
        .before = {data + version->n_data, version->n_before},
        .offset = version->offset,
        .width = version->width,
        .delta = version->delta,
        .is_covered = version->is_covered,
        /* Relaxed: if it is written at the same time, the log has it twice. */
        .needs_undo_info = atomic_load_explicit(&version->undo_end, memory_order_relaxed) == 0,
    };
}

ese_txn_action
ese_txn__action_of(const ese_txn_version *version)
{
    ese_txn_action action;

    memcpy(&action, version->bytes, sizeof action);
    return action;
}

/* ---- Leaving ---- */

void
ese_txn__remove(ese_txn_session *session, ese_txn_version *version)
{
    ese_txn_trx *trx = version->trx;

    if (version->is_hashed)
        ese_txn__unlink(version);
    if (version->previous != NULL)
        version->previous->next = version->next;
    else
        trx->oldest = version->next;
    if (version->next != NULL)
        version->next->previous = version->previous;
    if (version->oper == ESE_TXN_ACTION)
        trx->n_actions--;
    if (session != NULL && session->newest == version)
        session->newest = version->previous;
    trx->n_versions--;
    if (session != NULL)
        ese_txn__memory_take_back(session, version, ese_txn__size_of(version), version->block);
    else
        ese_txn__memory_give(version->block);
}

void
ese_txn_drop(ese_txn_session *session, ese_txn_version *version)
{
    if (version == NULL)
        return;
    session->n_changes = version->order - 1;
    ese_txn__remove(session, version);
}

/* ---- Undoing ---- */

static unsigned
level_of(const ese_txn_session *session, const ese_txn_version *version)
{
    unsigned level = session->level;

    while (level > 1 && version->order <= session->n_before[level])
        level--;
    return level;
}

static JET_ERR
undo_change(ese_txn_session *session, ese_txn_version *version)
{
    ese_txn_change change = ese_txn__change_of(version);
    JET_ERR err;

    if (ese_txn__is_lock(version->oper) ||
        (version->oper == ESE_TXN_REPLACE && !version->has_image))
        return JET_errSuccess;
    change.level = (uint8_t)level_of(session, version);
    if (version->oper == ESE_TXN_INSERT)
        ese_txn__leave(version);
    err = session->store->ops->undo(session, &change);
    if (err < JET_errSuccess)
        return ese_raise(JET_errRollbackError, "a change could not be undone (%s)",
                         ese_err_text(err));
    return JET_errSuccess;
}

/* An action leaves its place before it is called: what it does may be anything. */
static void
undo_action(ese_txn_session *session, ese_txn_version *version)
{
    ese_txn_action action = ese_txn__action_of(version);

    ese_txn__remove(session, version);
    if (action.undo != NULL)
        action.undo(action.self);
    if (action.done != NULL)
        action.done(action.self, false);
}

/*
 * The transaction can be neither undone nor committed. Its versions stay for as long as the store: so nobody sees its changes. Only upper layers are told that
 * theirs are undone.
 */
void
ese_txn__give_up(ese_txn_session *session)
{
    ese_txn_version *version = session->newest;

    ese_txn__log_give_up(session);
    while (version != NULL) {
        ese_txn_version *previous = version->previous;

        if (version->oper == ESE_TXN_ACTION)
            undo_action(session, version);
        version = previous;
    }
    session->newest = NULL;
    session->trx = NULL;
    session->n_changes = 0;
    session->n_savepoint = 0;
}

JET_ERR
ese_txn__undo(ese_txn_session *session, uint32_t n_changes)
{
    JET_ERR err = JET_errSuccess;

    session->origin.is_urgent = true; /* what was changed can be taken back, whatever is full */
    while (session->newest != NULL && session->newest->order > n_changes) {
        ese_txn_version *version = session->newest;

        if (version->oper == ESE_TXN_ACTION) {
            undo_action(session, version);
            continue;
        }
        ESE_TRY(undo_change(session, version));
        ese_txn_drop(session, version);
    }
    session->n_changes = n_changes;
out:
    if (err < JET_errSuccess)
        ese_txn__give_up(session);
    session->origin.is_urgent = false;
    return err;
}

/* ---- Forgetting what no return needs ---- */

/* The next older version of the place, if it is the session's; what it has locked does not count. Takes: latch. */
static const ese_txn_version *
own_change_before(const ese_txn_version *version)
{
    ese_txn_store *store = version->trx->store;
    const ese_txn_version *older;

    ese_txn__lock(store, version->hash);
    older = version->older;
    while (older != NULL && older->trx == version->trx && ese_txn__is_lock(older->oper))
        older = older->older;
    if (older != NULL && older->trx != version->trx)
        older = NULL; /* somebody may be cleaning it up: it is not looked at without the latch */
    ese_txn__unlock(store, version->hash);
    return older;
}

static bool
is_superfluous(const ese_txn_session *session, const ese_txn_version *version)
{
    const ese_txn_version *before;

    if (version->oper != ESE_TXN_REPLACE)
        return false;
    before = own_change_before(version);
    return before != NULL && before->oper == ESE_TXN_REPLACE &&
           before->order > ese_txn__return_point(session);
}

void
ese_txn__merge(ese_txn_session *session, uint32_t n_changes)
{
    ese_txn_version *version = session->newest;

    while (version != NULL && version->order > n_changes) {
        ese_txn_version *previous = version->previous;

        if (is_superfluous(session, version))
            ese_txn__remove(session, version);
        version = previous;
    }
}
