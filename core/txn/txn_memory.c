/*
 * Memory for versions.
 *
 * A session makes its versions one behind the other in a block of its own, without locks. They are given back one by one, by any thread and in any order; a block
 * goes when its session has left it and its last piece was given back. As the versions of a transaction go at about the same time, little is lost.
 *
 * `live` of a block is FILLING - (pieces given back) while a session fills it, and (pieces not given back) afterwards.
 */
#include "txn/txn_private.h"

#define FILLING ((int64_t)1 << 40)

enum {
    OWN_BLOCK = ESE_TXN__BLOCK / 4, /* a bigger piece has a block for itself */
    ALIGNMENT = 16,
    SPARE_BYTES_MAX = 16 << 20,
};

/* ---- Blocks ---- */

/* Relaxed: a limit needs no order. */
static bool
charge(ese_txn_store *store, size_t size)
{
    size_t before = atomic_fetch_add_explicit(&store->charged, size, memory_order_relaxed);
    size_t limit = atomic_load_explicit(&store->bytes_max, memory_order_relaxed);

    if (before <= limit && size <= limit - before)
        return true;
    atomic_fetch_sub_explicit(&store->charged, size, memory_order_relaxed);
    return false;
}

static void
discharge(ese_txn_store *store, size_t size)
{
    atomic_fetch_sub_explicit(&store->charged, size, memory_order_relaxed);
}

bool
ese_txn__memory_is_short(const ese_txn_store *store)
{
    size_t limit = atomic_load_explicit(&store->bytes_max, memory_order_relaxed);

    return atomic_load_explicit(&store->charged, memory_order_relaxed) > limit - limit / 4;
}

/* May be called with a page latched, so that nothing is cleaned here. */
static JET_ERR
charge_or_drop(ese_txn_store *store, size_t size)
{
    if (charge(store, size))
        return JET_errSuccess;
    ese_txn__drop_idle(store);
    if (charge(store, size))
        return JET_errSuccess;
    return ese_raise(JET_errVersionStoreOutOfMemory,
                     "the version store holds its limit of %zu bytes already",
                     atomic_load_explicit(&store->bytes_max, memory_order_relaxed));
}

static ese_txn__block *
take_spare(ese_txn_store *store)
{
    ese_txn__block *block = NULL;

    ese_os_mutex_lock(&store->memory);
    block = store->spare;
    if (block != NULL) {
        store->spare = block->next_spare;
        store->n_spare--;
    }
    ese_os_mutex_unlock(&store->memory);
    return block;
}

static JET_ERR
make_block(ese_txn_store *store, size_t size, ese_txn__block **block_out)
{
    ese_txn__block *block = NULL;
    JET_ERR err = ese_alloc_aligned(size, ESE_TXN__LINE, &block);

    if (err < JET_errSuccess)
        return err;
    block->store = store;
    block->size = (uint32_t)size;
    ese_os_mutex_lock(&store->memory);
    ese_list_append(&store->blocks, &block->link);
    ese_os_mutex_unlock(&store->memory);
    *block_out = block;
    return JET_errSuccess;
}

/* A charged block without pieces. */
static JET_ERR
open_block(ese_txn_store *store, size_t size, ese_txn__block **block_out)
{
    ese_txn__block *block = NULL;
    JET_ERR err;

    ESE_TRY(charge_or_drop(store, size));
    if (size == ESE_TXN__BLOCK)
        block = take_spare(store);
    if (block == NULL)
        err = make_block(store, size, &block);
    if (err < JET_errSuccess) {
        discharge(store, size);
        goto out;
    }
    block->used = 0;
    block->n_made = 0;
    block->is_idle = false;
    /* Relaxed: the first version that others find in the block is published with a lock. */
    atomic_store_explicit(&block->live, FILLING, memory_order_relaxed);
    *block_out = block;
out:
    return err;
}

/* How many blocks are kept for the next ones who need memory: no more than a quarter of the limit. */
static size_t
spare_max(const ese_txn_store *store)
{
    size_t quarter = atomic_load_explicit(&store->bytes_max, memory_order_relaxed) / 4;

    return (quarter < SPARE_BYTES_MAX ? quarter : SPARE_BYTES_MAX) / ESE_TXN__BLOCK;
}

static void
close_block(ese_txn__block *block, bool is_charged)
{
    ese_txn_store *store = block->store;

    if (is_charged)
        discharge(store, block->size);
    ese_os_mutex_lock(&store->memory);
    if (block->size == ESE_TXN__BLOCK && store->n_spare < spare_max(store)) {
        block->next_spare = store->spare;
        store->spare = block;
        store->n_spare++;
        block = NULL;
    } else {
        ese_list_remove(&block->link);
    }
    ese_os_mutex_unlock(&store->memory);
    ese_free(&block);
}

/* The session makes no more pieces in the block. */
static void
leave_block(ese_txn__block *block)
{
    int64_t left = FILLING - (int64_t)block->n_made;

    if (block->is_idle) {
        close_block(block, false);
        return;
    }
    /* Acquire and release: who closes the block comes after all that was done with its pieces. */
    if (atomic_fetch_sub_explicit(&block->live, left, memory_order_acq_rel) == left)
        close_block(block, true);
}

/* ---- Pieces ---- */

static size_t
round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Takes up again the block that the session has kept, if all that was in it is gone. */
static JET_ERR
refresh_block(ese_txn_session *session)
{
    ese_txn__block *block = session->block;
    JET_ERR err = JET_errSuccess;

    if (block == NULL || !block->is_idle)
        return JET_errSuccess;
    ESE_TRY(charge_or_drop(session->store, block->size));
    block->is_idle = false;
    block->used = 0;
    block->n_made = 0;
    atomic_store_explicit(&block->live, FILLING, memory_order_relaxed); /* as in open_block */
out:
    return err;
}

static JET_ERR
need_room(ese_txn_session *session, size_t size)
{
    ese_txn__block *block = NULL;
    JET_ERR err;

    ESE_TRY(refresh_block(session));
    if (session->block != NULL &&
        session->block->size - sizeof *block - session->block->used >= size)
        return JET_errSuccess;
    ESE_TRY(open_block(session->store, ESE_TXN__BLOCK, &block));
    if (session->block != NULL)
        leave_block(session->block);
    session->block = block;
out:
    return err;
}

JET_ERR
ese_txn__memory_take(ese_txn_session *session, size_t size, void *piece_out,
                     ese_txn__block **block_out)
{
    ese_txn__block *block = NULL;
    uint8_t *piece;
    JET_ERR err;

    if (size > UINT32_MAX / 2)
        return JET_errVersionStoreEntryTooBig;
    size = round_up(size);
    if (size > OWN_BLOCK) {
        ESE_TRY(open_block(session->store, sizeof *block + size, &block));
        block->n_made = 1;
        leave_block(block);
        piece = block->bytes;
    } else {
        ESE_TRY(need_room(session, size));
        block = session->block;
        piece = block->bytes + block->used;
        block->used += (uint32_t)size;
        block->n_made++;
    }
    memcpy(piece_out, &piece, sizeof piece);
    *block_out = block;
out:
    return err;
}

void
ese_txn__memory_give(ese_txn__block *block)
{
    /* As in leave_block. */
    if (atomic_fetch_sub_explicit(&block->live, 1, memory_order_acq_rel) == 1)
        close_block(block, true);
}

void
ese_txn__memory_take_back(ese_txn_session *session, const void *piece, size_t size,
                          ese_txn__block *block)
{
    const uint8_t *begin = piece;

    size = round_up(size);
    if (block != session->block || begin + size != block->bytes + block->used) {
        ese_txn__memory_give(block);
        return;
    }
    block->used -= (uint32_t)size;
    block->n_made--;
}

void
ese_txn__memory_rest(ese_txn_session *session)
{
    ese_txn__block *block = session->block;

    if (block == NULL || block->is_idle)
        return;
    /* Acquire: whoever gave a piece back is done with it. */
    if (atomic_load_explicit(&block->live, memory_order_acquire) !=
        FILLING - (int64_t)block->n_made)
        return;
    block->is_idle = true;
    discharge(session->store, block->size);
}

void
ese_txn__memory_leave(ese_txn_session *session)
{
    if (session->block != NULL)
        leave_block(session->block);
    session->block = NULL;
}

void
ese_txn__memory_destroy(ese_txn_store *store)
{
    ESE_LIST_FOREACH_SAFE (node, after, &store->blocks) {
        ese_txn__block *block = ESE_LIST_ENTRY(node, ese_txn__block, link);

        ese_free(&block);
    }
    ese_list_init(&store->blocks);
    store->spare = NULL;
    store->n_spare = 0;
}
