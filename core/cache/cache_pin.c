/*
 * Finding and pinning pages: without lock where the page is in the cache, else under the lock of its partition.
 *
 * The way without lock: follow the chain to a frame with the key, add a pin, and look again. If the frame is valid and still has the key it stays so
 * while the pin lasts (INV-2); if not, the race is lost, the pin is taken back and the lock decides. A chain may be changed under the reader and lead it
 * into another one; then it misses the page or gives up after MAX_HOPS, and the lock decides as well.
 */
#include "cache/cache_private.h"

#include "base/prefetch.h"

enum {
    MAX_HOPS = 64,
    TRIES = 3,
    SPINS = 200, /* changing a page takes less than that, if its thread runs */
};

static ese_cache__frame *_Atomic *
bucket_of(ese_cache__table *table, uint64_t key)
{
    return &table->buckets[ese_cache__hash(key) & table->mask];
}

ese_cache__frame *
ese_cache__chain_find(ese_cache *cache, uint64_t key)
{
    ese_cache__table *table = atomic_load_explicit(&cache->table, memory_order_relaxed);
    ese_cache__frame *frame = atomic_load_explicit(bucket_of(table, key), memory_order_relaxed);

    while (frame != NULL && atomic_load_explicit(&frame->key, memory_order_relaxed) != key)
        frame = atomic_load_explicit(&frame->next, memory_order_relaxed);
    return frame;
}

void
ese_cache__chain_insert(ese_cache__frame *frame, uint64_t key)
{
    ese_cache__table *table = atomic_load_explicit(&frame->cache->table, memory_order_relaxed);
    ese_cache__frame *_Atomic *bucket = bucket_of(table, key);

    frame->is_loading = true;
    frame->page.page.pgno = (ese_pgno)key;
    atomic_store_explicit(&frame->is_referenced, false, memory_order_relaxed);
    atomic_store_explicit(&frame->key, key, memory_order_relaxed);
    /* Release: who reaches the frame by acquiring a link (ese_cache__find) sees its key. */
    atomic_store_explicit(&frame->next, atomic_load_explicit(bucket, memory_order_relaxed),
                          memory_order_release);
    atomic_store_explicit(bucket, frame, memory_order_release);
}

void
ese_cache__chain_remove(ese_cache__frame *frame)
{
    uint64_t key = atomic_load_explicit(&frame->key, memory_order_relaxed);
    ese_cache__table *table = atomic_load_explicit(&frame->cache->table, memory_order_relaxed);
    ese_cache__frame *_Atomic *link = bucket_of(table, key);
    ese_cache__frame *at = atomic_load_explicit(link, memory_order_relaxed);

    while (at != frame) {
        link = &at->next;
        at = atomic_load_explicit(link, memory_order_relaxed);
    }
    /* Release: passes on the acquired contents of the frame behind. */
    atomic_store_explicit(link, atomic_load_explicit(&frame->next, memory_order_relaxed),
                          memory_order_release);
    atomic_store_explicit(&frame->key, 0, memory_order_relaxed);
}

void
ese_cache__chain_replace(ese_cache__frame *old, ese_cache__frame *frame)
{
    uint64_t key = ese_cache__key_of(old);
    ese_cache__table *table = atomic_load_explicit(&frame->cache->table, memory_order_relaxed);
    ese_cache__frame *_Atomic *link = bucket_of(table, key);
    ese_cache__frame *at = atomic_load_explicit(link, memory_order_relaxed);

    while (at != old) {
        link = &at->next;
        at = atomic_load_explicit(link, memory_order_relaxed);
    }
    atomic_store_explicit(&frame->key, key, memory_order_relaxed);
    /* Release: as in chain_insert. The page can be found all the time: first its new frame, then no longer the old one. */
    atomic_store_explicit(&frame->next, atomic_load_explicit(&old->next, memory_order_relaxed),
                          memory_order_release);
    atomic_store_explicit(link, frame, memory_order_release);
    /* Release: matches the acquire in ese_cache_is_current. */
    atomic_store_explicit(&old->key, 0, memory_order_release);
}

ese_cache__frame *
ese_cache__find(ese_cache *cache, uint64_t key)
{
    /* Acquire: matches the release in the growth of the table and in chain_insert and chain_remove. */
    ese_cache__table *table = atomic_load_explicit(&cache->table, memory_order_acquire);
    ese_cache__frame *frame = atomic_load_explicit(bucket_of(table, key), memory_order_acquire);

    for (unsigned hops = 0; frame != NULL && hops < MAX_HOPS; hops++) {
        if (atomic_load_explicit(&frame->key, memory_order_relaxed) == key)
            return frame;
        frame = atomic_load_explicit(&frame->next, memory_order_acquire);
    }
    return NULL;
}

static void
mark_referenced(ese_cache__frame *frame)
{
    /* Read first: all threads share the cache line of a hot page, and it stays shared unless somebody writes. */
    if (!atomic_load_explicit(&frame->is_referenced, memory_order_relaxed))
        atomic_store_explicit(&frame->is_referenced, true, memory_order_relaxed);
}

void
ese_cache__reclaim(ese_cache__frame *frame)
{
    uint32_t unpinned = ESE_CACHE__SUPERSEDED;

    /* One thread gets it, though a lookup gone astray may have held the last pin for another. Acquire: what readers did with the bytes is over. */
    if (atomic_compare_exchange_strong_explicit(&frame->state, &unpinned, 0, memory_order_acquire,
                                                memory_order_relaxed))
        ese_cache__frame_give(frame);
}

void
ese_cache__unpin(ese_cache__frame *frame)
{
    ese_cache *cache = frame->cache;
    uint32_t before;

    /*
     * From here on the frame may become another page's. Release (part of the sequentially consistent order): what was read of the page is done before evict acquires the state. Against
     * ese_cache__make_room: either it sees the pin gone, or the flag it set before is seen here.
     */
    before = atomic_fetch_sub_explicit(&frame->state, 1, memory_order_seq_cst);
    if ((before & ESE_CACHE__PINS) != 1)
        return;
    if ((before & ESE_CACHE__SUPERSEDED) != 0)
        ese_cache__reclaim(frame);
    else if (atomic_load_explicit(&cache->is_over_limit, memory_order_seq_cst))
        ese_cache__trim(cache);
}

/* Waits a moment for the end of a change. */
static void
wait_for_change(const ese_cache__frame *frame)
{
    for (unsigned i = 0; i < SPINS; i++) {
        if ((atomic_load_explicit(&frame->state, memory_order_relaxed) & ESE_CACHE__WRITING) == 0)
            return;
    }
    ese_os_yield();
}

/* Whoever pins a page looks at its header and at its tags, at the other end. */
static void
fetch_ends(const ese_page *page)
{
    ese_prefetch(page->bytes);
    ese_prefetch(page->bytes + page->size - ESE_CACHE__LINE);
    ese_prefetch(page->bytes + page->size - 2 * ESE_CACHE__LINE);
}

static ese_cache__frame *
pin_unlocked(ese_cache *cache, uint64_t key)
{
    for (unsigned i = 0; i < TRIES; i++) {
        ese_cache__frame *frame = ese_cache__find(cache, key);
        uint32_t before;

        if (frame == NULL)
            return NULL;
        /* Acquire: matches the release in publish and unlatch; key and bytes are those of the page as it was published or changed last. */
        before = atomic_fetch_add_explicit(&frame->state, 1, memory_order_acquire);
        if ((before & (ESE_CACHE__VALID | ESE_CACHE__WRITING)) == ESE_CACHE__VALID &&
            atomic_load_explicit(&frame->key, memory_order_relaxed) == key) {
            fetch_ends(&frame->page.page);
            mark_referenced(frame);
            return frame;
        }
        ese_cache__unpin(frame);
        if ((before & ESE_CACHE__WRITING) == 0)
            return NULL;
        wait_for_change(frame);
    }
    return NULL;
}

/* Pins a valid frame unless it is being changed. Holds: partition. */
static bool
pin_unless_writing(ese_cache__frame *frame)
{
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);

    do {
        if ((before & ESE_CACHE__WRITING) != 0)
            return false;
        /* Acquire: as in pin_unlocked. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before, before + 1,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

/* The frame of the page, pinned; waits while it is read or changed. NULL: the page is not there. Holds: partition, but leaves it while waiting. */
static ese_cache__frame *
pin_in_chain(ese_cache *cache, ese_cache__partition *partition, uint64_t key)
{
    ese_cache__frame *frame = ese_cache__chain_find(cache, key);

    while (frame != NULL && (frame->is_loading || !pin_unless_writing(frame))) {
        if (frame->is_loading) {
            ese_os_cond_wait(&partition->loaded, &partition->mutex);
        } else {
            ese_os_mutex_unlock(&partition->mutex);
            wait_for_change(frame);
            ese_os_mutex_lock(&partition->mutex);
        }
        frame = ese_cache__chain_find(cache, key);
    }
    return frame;
}

/*
 * Pins the page if it is in the cache (waiting while it is read), else claims it with *spare_inout, if there is one: *is_claimed_out.
 * Neither of both: *frame_out = NULL. Takes: partition.
 */
static ese_cache__frame *
pin_or_claim(ese_cache *cache, uint64_t key, ese_cache__frame **spare_inout, bool *is_claimed_out)
{
    ese_cache__partition *partition = ese_cache__partition_of(cache, key);
    ese_cache__frame *frame;

    ese_os_mutex_lock(&partition->mutex);
    frame = pin_in_chain(cache, partition, key);
    if (frame != NULL) {
        mark_referenced(frame);
    } else if (*spare_inout != NULL) {
        frame = *spare_inout;
        *spare_inout = NULL;
        ese_cache__chain_insert(frame, key);
        *is_claimed_out = true;
    }
    ese_os_mutex_unlock(&partition->mutex);
    return frame;
}

static JET_ERR
pin_locked(ese_cache_file *file, ese_pgno pgno, ese_cache__frame **frame_out)
{
    JET_ERR err = JET_errSuccess;
    ese_cache__frame *spare = NULL;
    ese_cache__frame *frame = NULL;
    bool is_claimed = false;

    if (pgno == 0 || pgno > ese_cache_page_count(file))
        return ese_raise(JET_errBadPageLink, "%s: there is no page %u, the last one is %u",
                         ese_cache_path(file), (unsigned)pgno,
                         (unsigned)ese_cache_page_count(file));
    frame = pin_or_claim(file->cache, file->key_base | pgno, &spare, &is_claimed);
    if (frame == NULL) {
        ESE_TRY(ese_cache__frame_take(file, ESE_CACHE__WANTED, &spare));
        frame = pin_or_claim(file->cache, file->key_base | pgno, &spare, &is_claimed);
    }
    if (is_claimed)
        ESE_TRY(ese_cache__load(file, frame));
    *frame_out = frame;
out:
    ese_cache__frame_give(spare);
    return err;
}

JET_ERR
ese_cache_pin(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out)
{
    ese_cache__frame *frame = pin_unlocked(file->cache, file->key_base | pgno);
    JET_ERR err;

    ese_cache__counters.pages_referenced++;
    if (frame == NULL) {
        err = pin_locked(file, pgno, &frame);
        if (err < JET_errSuccess)
            return err;
    }
    *page_out = &frame->page;
    return JET_errSuccess;
}

ese_cache_page *
ese_cache_pin_cached(ese_cache_file *file, ese_pgno pgno)
{
    uint64_t key = file->key_base | pgno;
    ese_cache__frame *frame = pin_unlocked(file->cache, key);
    ese_cache__frame *spare = NULL;
    bool is_claimed = false;

    if (frame == NULL)
        frame = pin_or_claim(file->cache, key, &spare, &is_claimed);
    return frame == NULL ? NULL : &frame->page;
}

void
ese_cache_repin(ese_cache_page *page)
{
    /* Relaxed: the pin that is there already orders everything. */
    atomic_fetch_add_explicit(&ese_cache__frame_of(page)->state, 1, memory_order_relaxed);
}

void
ese_cache_unpin(ese_cache_page **page_inout)
{
    ese_cache_page *page = *page_inout;

    if (page == NULL)
        return;
    *page_inout = NULL;
    ese_cache__unpin(ese_cache__frame_of(page));
}

bool
ese_cache_is_current(const ese_cache_page *page)
{
    const ese_cache__frame *frame = (const ese_cache__frame *)(const void *)page;

    /* Acquire: matches the release in chain_replace. A pinned frame loses its key only there. */
    return atomic_load_explicit(&frame->key, memory_order_acquire) != 0;
}
