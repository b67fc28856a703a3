/*
 * Finding and pinning pages: without lock where the page is in the cache, else under the lock of its partition.
 *
 * The way without lock: follow the chain to a frame with the key, add a pin, and look again. If the frame is valid and still has the key it stays so
 * while the pin lasts (INV-2); if not, the race is lost, the pin is taken back and the lock decides. A chain may be changed under the reader and lead it
 * into another one; then it misses the page or gives up after MAX_HOPS, and the lock decides as well.
 */
#include "cache/cache_private.h"

enum { MAX_HOPS = 64 };

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
    /* Release: who reaches the frame by acquiring a link (find_unlocked) sees its key. */
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

static ese_cache__frame *
find_unlocked(ese_cache *cache, uint64_t key)
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

static void
unpin_frame(ese_cache__frame *frame)
{
    ese_cache *cache = frame->cache;
    uint32_t before;

    /*
     * From here on the frame may become another page's. Release (part of the sequentially consistent order): what was read of the page is done before evict acquires the state. Against
     * ese_cache__make_room: either it sees the pin gone, or the flag it set before is seen here.
     */
    before = atomic_fetch_sub_explicit(&frame->state, 1, memory_order_seq_cst);
    if ((before & ~ESE_CACHE__VALID) == 1 &&
        atomic_load_explicit(&cache->is_over_limit, memory_order_seq_cst))
        ese_cache__trim(cache);
}

static ese_cache__frame *
pin_unlocked(ese_cache *cache, uint64_t key)
{
    ese_cache__frame *frame = find_unlocked(cache, key);
    uint32_t before;

    if (frame == NULL)
        return NULL;
    /* Acquire: matches the release in publish; key and bytes are those of the page that was published. */
    before = atomic_fetch_add_explicit(&frame->state, 1, memory_order_acquire);
    if ((before & ESE_CACHE__VALID) != 0 &&
        atomic_load_explicit(&frame->key, memory_order_relaxed) == key) {
        mark_referenced(frame);
        return frame;
    }
    unpin_frame(frame);
    return NULL;
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
    frame = ese_cache__chain_find(cache, key);
    while (frame != NULL && frame->is_loading) {
        ese_os_cond_wait(&partition->loaded, &partition->mutex);
        frame = ese_cache__chain_find(cache, key);
    }
    if (frame != NULL) {
        /* Valid, because it is in a chain and not loading, and eviction needs the lock. Acquire: as in pin_unlocked. */
        atomic_fetch_add_explicit(&frame->state, 1, memory_order_acquire);
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

    if (pgno == 0 || pgno > file->page_count)
        return ese_raise(JET_errBadPageLink, "%s: there is no page %u, the last one is %u",
                         ese_cache_path(file), (unsigned)pgno, (unsigned)file->page_count);
    frame = pin_or_claim(file->cache, file->key_base | pgno, &spare, &is_claimed);
    if (frame == NULL) {
        ESE_TRY(ese_cache__frame_take(file->cache, file->page_size, ESE_CACHE__WANTED, &spare));
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

static ese_cache__frame *
frame_of(ese_cache_page *page)
{
    return (ese_cache__frame *)(void *)page; /* its first member */
}

void
ese_cache_repin(ese_cache_page *page)
{
    /* Relaxed: the pin that is there already orders everything. */
    atomic_fetch_add_explicit(&frame_of(page)->state, 1, memory_order_relaxed);
}

void
ese_cache_unpin(ese_cache_page **page_inout)
{
    ese_cache_page *page = *page_inout;

    if (page == NULL)
        return;
    *page_inout = NULL;
    unpin_frame(frame_of(page));
}
