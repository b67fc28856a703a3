/*
 * Adding to numbers in entries: changes of several sessions at a time that do not disturb each other.
 *
 * INV-1  What is added is all that is kept of such a change: taking it back subtracts it, whatever others have added since.
 */
#include "btree/btree_private.h"

static int64_t
load_signed(const uint8_t *at, unsigned width)
{
    return width == 8 ? (int64_t)ese_load_le64(at) : (int64_t)(int32_t)ese_load_le32(at);
}

/* A number to add, and where. */
typedef struct ese_btree__delta {
    unsigned offset, width;
    int64_t delta;
} ese_btree__delta;

/*
 * The log has no record for a sum of eight bytes. There, the number is replaced with the data around it; so a second transaction has to wait for the first one's end, as for any
 * other replacement.
 */
static JET_ERR
replace_sum(const ese_btree__writer *writer, ese_bytes key, const ese_btree__delta *what,
            ese_btree__spot *spot)
{
    ese_btree__request request = {.is_replacement = true, .key = key};
    ese_bytes old = spot->node.data;
    ese_btree__plan plan;
    uint8_t *data = NULL;
    uint64_t sum = ese_load_le64(old.data + what->offset) + (uint64_t)what->delta;
    JET_ERR err;

    ESE_TRY(ese_alloc(old.size, &data));
    memcpy(data, old.data, old.size);
    ese_store_le64(data + what->offset, sum);
    request.data = (ese_bytes){data, old.size};
    ESE_TRY(ese_btree__plan_make(writer, &request, spot, &plan));
    ESE_TRY(ese_btree__plan_do(writer, &request, &plan, &spot->page));
out:
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    ese_free(&data);
    return err;
}

static JET_ERR
add_delta(const ese_btree__writer *writer, ese_bytes key, const ese_btree__delta *what,
          int64_t *old_out)
{
    JET_ERR err;
    const ese_btree *tree = writer->tree;
    unsigned offset = what->offset, width = what->width;
    const ese_txn_change change = {.place = {.tree = tree->shared, .key = key},
                                   .oper = ESE_TXN_DELTA,
                                   .offset = offset,
                                   .width = width,
                                   .delta = what->delta};
    ese_log_record record = ese_btree__record(writer, width == 8 ? ESE_LOG_DELTA64 : ESE_LOG_DELTA);
    ese_btree__spot spot = {0};
    int64_t old;

    ESE_TRY(ese_btree__entry_latch(writer, key, (ese_bytes){NULL, 0}, ESE_TXN_DELTA, &spot));
    if (offset > spot.node.data.size || width > spot.node.data.size - offset) {
        ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
        err = ese_raise(JET_errDatabaseCorrupted, "%s: an entry of objid %u is too short",
                        ese_cache_path(tree->file), (unsigned)tree->objid);
        goto out;
    }
    old = load_signed(spot.node.data.data + offset, width);
    record.u.node.offset = offset;
    record.u.node.delta = what->delta;
    if (width == sizeof(int64_t) && writer->db->log_db->stream != NULL)
        ESE_TRY(replace_sum(writer, key, what, &spot));
    else
        ESE_TRY(ese_btree__entry_change(writer, &change, &record, &spot));
    *old_out = old;
out:
    return err;
}

JET_ERR
ese_btree_delta(ese_txn_session *session, const ese_btree *tree, ese_bytes key, unsigned offset,
                unsigned width, int64_t delta, int64_t *old_out)
{
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, ESE_BTREE_VERSIONED);
    const ese_btree__delta what = {offset, width, delta};

    return add_delta(&writer, key, &what, old_out);
}

JET_ERR
ese_btree_delta_for_good(ese_txn_session *session, const ese_btree *tree, ese_bytes key,
                         unsigned offset, unsigned width, int64_t delta, int64_t *old_out)
{
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, ESE_BTREE_UNVERSIONED);
    const ese_btree__delta what = {offset, width, delta};

    return add_delta(&writer, key, &what, old_out);
}
