/*
 * The memory of the cache: frames, their bytes, and the clock that decides which page goes.
 *
 * The ring is the clock: its first frame is under the hand. A page that was used since the hand last passed gets a second chance; pinned and loading
 * ones are passed over. A page enters without a chance, so a long scan pushes out itself and not the pages that are used again and again.
 */
#include "cache/cache_private.h"

#include "base/alloc.h"

enum { FRAME_ALIGNMENT = 64, BYTES_ALIGNMENT = 64 };

static uint8_t *
bytes_of(const ese_cache__frame *frame)
{
    /* The view is for readers; the cache allocated the bytes. */
    return (uint8_t *)(uintptr_t)frame->page.page.bytes;
}

/* Holds: pool. */
static void
set_used(ese_cache *cache, size_t used_bytes)
{
    atomic_store_explicit(&cache->used_bytes, used_bytes, memory_order_relaxed);
}

/* Frees the bytes of a frame that is in no chain. Holds: pool. */
static void
make_idle(ese_cache__frame *frame)
{
    ese_cache *cache = frame->cache;
    uint8_t *bytes = bytes_of(frame);

    set_used(cache, ese_cache__used(cache) - frame->page.page.size);
    ese_free(&bytes);
    frame->page.page = (ese_page){NULL, 0, 0};
    ese_list_remove(&frame->link);
    ese_list_append(&cache->idle, &frame->link);
    cache->n_ring--;
}

/* Evicts a page unless it is pinned or loading. Holds: pool. Takes: partition. */
static bool
evict(ese_cache__frame *frame)
{
    uint64_t key = atomic_load_explicit(&frame->key, memory_order_relaxed);
    ese_cache__partition *partition = ese_cache__partition_of(frame->cache, key);
    uint32_t unpinned = ESE_CACHE__VALID;
    bool is_evicted;

    /*
     * The key cannot change meanwhile: with a valid page only eviction changes it, and that holds the pool. Acquire: what readers did with
     * the bytes, released by unpin_frame, is over before they are freed.
     */
    ese_os_mutex_lock(&partition->mutex);
    is_evicted = atomic_compare_exchange_strong_explicit(
        &frame->state, &unpinned, 0, memory_order_seq_cst, memory_order_seq_cst);
    if (is_evicted)
        ese_cache__chain_remove(frame);
    ese_os_mutex_unlock(&partition->mutex);
    if (is_evicted)
        make_idle(frame);
    return is_evicted;
}

/* Moves the hand until a page is evicted; false after two rounds without. Holds: pool. Takes: partition. */
static bool
evict_one(ese_cache *cache)
{
    for (size_t n = 2 * cache->n_ring; n > 0; n--) {
        ese_cache__frame *frame = ESE_LIST_ENTRY(cache->ring.next, ese_cache__frame, link);

        ese_list_remove(&frame->link);
        ese_list_append(&cache->ring, &frame->link);
        if (atomic_load_explicit(&frame->state, memory_order_seq_cst) != ESE_CACHE__VALID)
            continue;
        if (atomic_load_explicit(&frame->is_referenced, memory_order_relaxed))
            atomic_store_explicit(&frame->is_referenced, false, memory_order_relaxed);
        else if (evict(frame))
            return true;
    }
    return false;
}

static bool
is_over(const ese_cache *cache, size_t room)
{
    size_t limit = ese_cache__limit(cache);
    size_t used = ese_cache__used(cache);

    return used > limit || room > limit - used;
}

/*
 * Evicts until the pages and `room` more bytes stay within the limit, or all that is left is pinned. The flag goes up before the pins are looked at:
 * who unpins later sees it and trims. Holds: pool. Takes: partition.
 */
static void
make_room(ese_cache *cache, size_t room)
{
    bool is_short = is_over(cache, room);

    if (is_short)
        atomic_store_explicit(&cache->is_over_limit, true, memory_order_seq_cst);
    while (is_short && evict_one(cache))
        is_short = is_over(cache, room);
    if (!is_short)
        atomic_store_explicit(&cache->is_over_limit, false, memory_order_seq_cst);
}

void
ese_cache__trim(ese_cache *cache)
{
    ese_os_mutex_lock(&cache->pool);
    make_room(cache, 0);
    ese_os_mutex_unlock(&cache->pool);
}

static void
move_chains(const ese_cache__table *from, ese_cache__table *to)
{
    for (uint64_t i = 0; i <= from->mask; i++) {
        ese_cache__frame *frame = atomic_load_explicit(&from->buckets[i], memory_order_relaxed);

        while (frame != NULL) {
            ese_cache__frame *after = atomic_load_explicit(&frame->next, memory_order_relaxed);
            uint64_t key = atomic_load_explicit(&frame->key, memory_order_relaxed);
            ese_cache__frame *_Atomic *bucket = &to->buckets[ese_cache__hash(key) & to->mask];

            /* Release: readers of the old table may follow the changed link at once. */
            atomic_store_explicit(&frame->next, atomic_load_explicit(bucket, memory_order_relaxed),
                                  memory_order_release);
            atomic_store_explicit(bucket, frame, memory_order_relaxed);
            frame = after;
        }
    }
}

/* Doubles the table; without the memory for it the chains only get longer. Holds: pool. Takes: all partitions. */
static void
grow_table(ese_cache *cache)
{
    ese_cache__table *old = atomic_load_explicit(&cache->table, memory_order_relaxed);
    size_t n = (size_t)(old->mask + 1) * 2;
    ese_cache__table *table = NULL;

    if (ese_alloc(sizeof *table + n * sizeof table->buckets[0], &table) < JET_errSuccess)
        return;
    table->mask = n - 1;
    table->outgrown = old;
    for (unsigned i = 0; i < ESE_CACHE__PARTITIONS; i++)
        ese_os_mutex_lock(&cache->partitions[i].mutex);
    move_chains(old, table);
    /* Release: matches the acquire in find_unlocked. */
    atomic_store_explicit(&cache->table, table, memory_order_release);
    for (unsigned i = ESE_CACHE__PARTITIONS; i-- > 0;)
        ese_os_mutex_unlock(&cache->partitions[i].mutex);
}

/* Holds: pool. */
static JET_ERR
add_slab(ese_cache *cache)
{
    JET_ERR err;
    ese_cache__slab *slab = NULL;
    size_t n_bytes = ESE_CACHE__SLAB_FRAMES * sizeof *slab->frames;

    ESE_TRY(ese_alloc(sizeof *slab, &slab));
    ESE_TRY(ese_alloc_aligned(n_bytes, FRAME_ALIGNMENT, &slab->frames));
    memset(slab->frames, 0, n_bytes);
    for (unsigned i = 0; i < ESE_CACHE__SLAB_FRAMES; i++) {
        slab->frames[i].cache = cache;
        ese_list_append(&cache->idle, &slab->frames[i].link);
    }
    slab->next = cache->slabs;
    cache->slabs = slab;
    slab = NULL;
    cache->n_frames += ESE_CACHE__SLAB_FRAMES;
    if (cache->n_frames > atomic_load_explicit(&cache->table, memory_order_relaxed)->mask + 1)
        grow_table(cache);
out:
    ese_free(&slab);
    return err;
}

/* Holds: pool. Takes: partition. */
static JET_ERR
take_frame(ese_cache *cache, uint32_t page_size, ese_cache__need need, ese_cache__frame **frame_out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = NULL;
    ese_cache__frame *frame;

    make_room(cache, page_size);
    if (need == ESE_CACHE__SPARE && is_over(cache, page_size))
        return JET_errOutOfMemory;
    if (ese_list_is_empty(&cache->idle))
        ESE_TRY(add_slab(cache));
    ESE_TRY(ese_alloc_aligned(page_size, BYTES_ALIGNMENT, &bytes));
    frame = ESE_LIST_ENTRY(cache->idle.next, ese_cache__frame, link);
    frame->page.page = (ese_page){bytes, page_size, 0};
    ese_list_remove(&frame->link);
    ese_list_append(&cache->ring, &frame->link);
    cache->n_ring++;
    set_used(cache, ese_cache__used(cache) + page_size);
    *frame_out = frame;
out:
    return err;
}

JET_ERR
ese_cache__frame_take(ese_cache *cache, uint32_t page_size, ese_cache__need need,
                      ese_cache__frame **frame_out)
{
    JET_ERR err;

    ese_os_mutex_lock(&cache->pool);
    err = take_frame(cache, page_size, need, frame_out);
    ese_os_mutex_unlock(&cache->pool);
    return err;
}

void
ese_cache__frame_give(ese_cache__frame *frame)
{
    ese_cache *cache;

    if (frame == NULL)
        return;
    cache = frame->cache;
    ese_os_mutex_lock(&cache->pool);
    make_idle(frame);
    make_room(cache, 0);
    ese_os_mutex_unlock(&cache->pool);
}

void
ese_cache__evict_file(ese_cache_file *file)
{
    ese_cache *cache = file->cache;

    ese_os_mutex_lock(&cache->pool);
    ESE_LIST_FOREACH_SAFE (node, after, &cache->ring) {
        ese_cache__frame *frame = ESE_LIST_ENTRY(node, ese_cache__frame, link);
        uint64_t key = atomic_load_explicit(&frame->key, memory_order_relaxed);

        if (key >> 32 != file->key_base >> 32)
            continue;
        /* Nobody uses the file, but a lookup that lost its way may hold a pin for an instant. */
        while (!evict(frame))
            ese_os_yield();
    }
    ese_os_mutex_unlock(&cache->pool);
}
