/*
 * What the trees do for transactions: taking changes back, and clearing away what nobody sees any more.
 *
 * INV-1  The version of a change is in the store until this is done, so nobody else changes its entry meanwhile.
 * INV-2  A node goes only if it is flagged deleted and no other version tells of its entry. Otherwise the last of them takes care of it.
 * INV-3  The chunks of a long value are seen through its root only. They go before the root does, and only when the root is sure to go.
 */
#include "btree/btree_private.h"

enum { ATTEMPTS = 100 };

static const ese_btree *
tree_of(const ese_txn_change *change)
{
    const ese_btree_shared *shared = change->place.tree;

    return &shared->tree;
}

static ese_btree__writer
writer_of(ese_txn_session *session, const ese_txn_change *change)
{
    ese_btree__writer writer =
        ese_btree__writer_of(session, tree_of(change), ESE_BTREE_UNVERSIONED);

    writer.undone = change;
    return writer;
}

/* ---- taking away */

/* Is the node one that nobody sees but through this change? Holds: latch of the page. */
static bool
is_garbage(const ese_btree__writer *writer, const ese_btree__spot *spot)
{
    const ese_txn_change *change = writer->undone;

    return spot->is_there && (spot->node.flags & ESE_PAGE_NODE_DELETED) != 0 &&
           !ese_txn_has_versions(writer->db->store, &change->place, change->rceid);
}

/* The chunk behind the root, or behind the chunks that are gone; its key in `key`. */
static JET_ERR
find_chunk(const ese_btree *tree, ese_bytes root, ese_bytes *key_out, uint8_t *room,
           bool *found_out)
{
    JET_ERR err;
    ese_btree_cursor cursor;
    bool found = false;
    int order;

    ese_btree_cursor_init(&cursor, tree, NULL);
    ESE_TRY(ese_btree_seek(&cursor, root, (ese_bytes){NULL, 0}, ESE_BTREE_GT, &found, &order));
    if (found) {
        size_t size = ese_page_node_copy_key(&cursor.node, room, ESE_PAGE_KEY_MAX);

        *key_out = (ese_bytes){room, size};
        found = size > root.size && memcmp(room, root.data, root.size) == 0;
    }
    *found_out = found;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

static JET_ERR
remove_chunks(const ese_btree__writer *writer)
{
    JET_ERR err = JET_errSuccess;
    const ese_btree *tree = writer->tree;
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_bytes key;
    bool found = true;

    while (found) {
        ESE_TRY(find_chunk(tree, writer->undone->place.key, &key, room, &found));
        if (found)
            ESE_TRY(ese_btree_delete(writer->session, tree, key, (ese_bytes){NULL, 0},
                                     ESE_BTREE_UNVERSIONED));
    }
out:
    return err;
}

/* Removes the node of the change if nobody sees it. */
static JET_ERR
remove_garbage(const ese_btree__writer *writer)
{
    JET_ERR err;
    const ese_txn_place *place = &writer->undone->place;
    bool has_chunks = (writer->tree->kind & ESE_PAGE_LONG_VALUE) != 0;
    ese_btree__spot spot = {0};

    ESE_TRY(ese_btree__spot_latch(writer->tree, place->key, place->data, &spot));
    if (has_chunks && is_garbage(writer, &spot)) {
        ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
        ESE_TRY(remove_chunks(writer));
        ESE_TRY(ese_btree__spot_latch(writer->tree, place->key, place->data, &spot));
    }
    if (is_garbage(writer, &spot))
        err = ese_btree__remove(writer, &spot, place->key, place->data);
out:
    ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
    return err;
}

/* ---- undo */

/* What undoing does to the node in place. */
static JET_ERR
undo_in_place(const ese_btree__writer *writer)
{
    JET_ERR err;
    const ese_txn_place *place = &writer->undone->place;
    ese_btree__spot spot = {0};
    ese_log_record record;

    ESE_TRY(ese_btree__spot_latch(writer->tree, place->key, place->data, &spot));
    if (!spot.is_there) {
        err = ese_raise(JET_errDatabaseCorrupted,
                        "%s: an entry of objid %u that was changed is not there",
                        ese_cache_path(writer->tree->file), (unsigned)writer->tree->objid);
        goto out;
    }
    record = ese_btree__undo_record(writer, spot.line);
    err = ese_log_change_node(writer->db->log_db, writer->origin, &spot.page, &record);
out:
    ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
    return err;
}

/*
 * Others may have put entries of their records into an index that is not committed, in transactions that are still open. So it is destroyed like one that was committed and
 * deleted: when all who are in a transaction now have ended it.
 */
static JET_ERR
destroy_later(const ese_btree__writer *writer)
{
    ese_txn_session session;
    JET_ERR err;

    ese_txn_session_init(&session, writer->db->store);
    err = ese_txn_begin(&session, false);
    if (err >= JET_errSuccess) {
        err = ese_btree_destroy(&session, writer->tree);
        ESE_KEEP_FIRST(err, err >= JET_errSuccess ? ese_txn_commit(&session)
                                                  : ese_txn_rollback(&session, true));
    }
    ese_txn_session_end(&session);
    return err;
}

static JET_ERR
undo_creation(const ese_btree__writer *writer)
{
    return (writer->tree->kind & ESE_PAGE_INDEX) != 0
               ? destroy_later(writer)
               : ese_btree__destroy_now(writer->db, writer->origin, writer->tree);
}

static JET_ERR
try_undo(ese_txn_session *session, const ese_txn_change *change)
{
    const ese_btree__writer writer = writer_of(session, change);
    const ese_btree__request replacement = {
        .is_replacement = true, .key = change->place.key, .data = change->before};
    JET_ERR err;

    switch (change->oper) {
    case ESE_TXN_INSERT:
        err = undo_in_place(&writer);
        if (err >= JET_errSuccess) /* what stays is no more than in the way */
            (void)remove_garbage(&writer);
        return err;
    case ESE_TXN_DELETE:
    case ESE_TXN_DELTA: return undo_in_place(&writer);
    case ESE_TXN_REPLACE: return ese_btree__put(&writer, &replacement);
    case ESE_TXN_CREATE_TREE: return undo_creation(&writer);
    case ESE_TXN_DESTROY_TREE:
    case ESE_TXN_READ_LOCK:
    case ESE_TXN_WRITE_LOCK:
    case ESE_TXN_ACTION: break;
    }
    return JET_errSuccess;
}

/* A transaction that cannot be taken back ends the instance, so memory that is short for a moment is waited for. */
static JET_ERR
undo(ese_txn_session *session, const ese_txn_change *change)
{
    JET_ERR err = try_undo(session, change);

    for (unsigned i = 0; i < ATTEMPTS && err == JET_errOutOfMemory; i++) {
        ese_os_yield();
        err = try_undo(session, change);
    }
    return err;
}

/* ---- clean */

/* What cannot be cleared away stays for good, so memory that is short for a moment is waited for here, too. */
static void
clean(ese_txn_session *cleaner, const ese_txn_change *change)
{
    const ese_btree__writer writer = writer_of(cleaner, change);
    ese_btree_shared *shared = writer.tree->shared;
    JET_ERR err = JET_errOutOfMemory;

    /* One thread at a time cleans up. */
    if (change->oper == ESE_TXN_DELETE &&
        !atomic_load_explicit(&shared->is_dead, memory_order_relaxed)) {
        for (unsigned i = 0; i < ATTEMPTS && err == JET_errOutOfMemory; i++)
            err = remove_garbage(&writer);
    } else if (change->oper == ESE_TXN_DESTROY_TREE) {
        atomic_store_explicit(&shared->is_dead, true, memory_order_relaxed);
        (void)ese_btree__destroy_now(writer.db, writer.origin, writer.tree);
    }
}

static bool
needs_clean(const ese_txn_change *change)
{
    return change->oper == ESE_TXN_DELETE || change->oper == ESE_TXN_DESTROY_TREE;
}

const ese_txn_ops ese_btree_txn_ops = {.undo = undo, .clean = clean, .needs_clean = needs_clean};
