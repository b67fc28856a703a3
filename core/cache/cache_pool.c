/*
 * The memory of the cache: frames, their bytes, and the clock that decides which page goes.
 *
 * The ring is the clock: its first frame is under the hand. A page that was used since the hand last passed gets a second chance; pinned and loading
 * ones are passed over. A page enters without a chance, so a long scan pushes out itself and not the pages that are used again and again.
 *
 * A changed page under the hand is written first, by the thread that needs the room, with the pool unlocked and the page latched. That thread may hold
 * latches of its own, so it takes this one only if it need not wait.
 */
#include "cache/cache_private.h"

#include "base/alloc.h"

enum { BYTES_ALIGNMENT = 64, CHEAP_STEPS = 64 };

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
    uint8_t *bytes = ese_cache__bytes_of(frame);

    set_used(cache, ese_cache__used(cache) - frame->page.page.size);
    ese_free(&bytes);
    frame->page.page = (ese_page){NULL, 0, 0};
    ese_list_remove(&frame->link);
    ese_list_append(&cache->idle, &frame->link);
    cache->n_ring--;
}

/* Evicts a page if its state is exactly `unpinned`: VALID, perhaps DIRTY. Holds: pool. Takes: partition. */
static bool
evict(ese_cache__frame *frame, uint32_t unpinned)
{
    ese_cache__partition *partition;
    bool is_evicted;

    /*
     * First the state, then the key: a valid frame loses its key by eviction or when it is superseded, and becomes valid again only after the pool was held. So if the
     * exchange succeeds, too, it is the key of the page. Acquire: what readers did with the bytes, released by ese_cache__unpin, is over before they are freed.
     */
    if (atomic_load_explicit(&frame->state, memory_order_acquire) != unpinned)
        return false;
    partition = ese_cache__partition_of(frame->cache, ese_cache__key_of(frame));
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

/* The next frame under the hand, which moves on. Holds: pool. */
static ese_cache__frame *
next_under_hand(ese_cache *cache)
{
    ese_cache__frame *frame = ESE_LIST_ENTRY(cache->ring.next, ese_cache__frame, link);

    ese_list_remove(&frame->link);
    ese_list_append(&cache->ring, &frame->link);
    return frame;
}

/*
 * Moves the hand until a page is evicted: true. Or, with `to_write_out`, until it is over a changed one, which is latched. False, too, after so
 * many steps without either. Holds: pool. Takes: partition.
 */
static bool
evict_one(ese_cache *cache, size_t n_steps, ese_cache__frame **to_write_out)
{
    for (; n_steps > 0; n_steps--) {
        ese_cache__frame *frame = next_under_hand(cache);
        uint32_t state = atomic_load_explicit(&frame->state, memory_order_seq_cst);

        if ((state & ~ESE_CACHE__DIRTY) != ESE_CACHE__VALID)
            continue;
        if (atomic_load_explicit(&frame->is_referenced, memory_order_relaxed)) {
            atomic_store_explicit(&frame->is_referenced, false, memory_order_relaxed);
        } else if ((state & ESE_CACHE__DIRTY) == 0) {
            if (evict(frame, ESE_CACHE__VALID))
                return true;
        } else if (to_write_out != NULL &&
                   ese_cache__try_latch(frame, ese_cache__key_of(frame), ESE_CACHE__DIRTY)) {
            *to_write_out = frame;
            return false;
        }
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

/* Writes a latched page, so that it can be evicted, and tries that. Holds: pool, but leaves it while writing. Takes: write, partition. */
static JET_ERR
write_and_evict(ese_cache *cache, ese_cache__frame *frame)
{
    JET_ERR err;

    ese_os_mutex_unlock(&cache->pool);
    err = ese_cache__write_out(frame, ESE_CACHE__COLD_ONES);
    ese_os_mutex_lock(&cache->pool);
    if (err >=
        JET_errSuccess) /* whatever page has the frame by now: it goes only if nobody has it */
        (void)evict(frame, ESE_CACHE__VALID);
    return err;
}

/*
 * Evicts until the pages and `room` more bytes stay within the limit, or all that is left is pinned, or a changed page cannot be written: the error.
 * The flag goes up before the pins are looked at: who unpins later sees it and trims. Holds: pool, but leaves it while writing. Takes: write, partition.
 */
static JET_ERR
make_room(ese_cache *cache, size_t room)
{
    JET_ERR err = JET_errSuccess;
    bool is_short = is_over(cache, room);

    if (is_short)
        atomic_store_explicit(&cache->is_over_limit, true, memory_order_seq_cst);
    while (is_short) {
        ese_cache__frame *frame = NULL;

        if (!evict_one(cache, 2 * cache->n_ring, &frame)) {
            if (frame == NULL)
                break;
            err = write_and_evict(cache, frame);
            if (err < JET_errSuccess)
                break;
        }
        is_short = is_over(cache, room);
    }
    if (!is_short || err < JET_errSuccess) /* else every unpin would try that write again */
        atomic_store_explicit(&cache->is_over_limit, false, memory_order_seq_cst);
    return err;
}

/* Looks for room without writing and without searching long. Holds: pool. Takes: partition. */
static void
make_cheap_room(ese_cache *cache, size_t room)
{
    size_t n_steps = 2 * cache->n_ring;

    if (n_steps > CHEAP_STEPS)
        n_steps = CHEAP_STEPS;
    while (is_over(cache, room) && evict_one(cache, n_steps, NULL))
        continue;
}

void
ese_cache__trim(ese_cache *cache)
{
    ese_os_mutex_lock(&cache->pool);
    (void)make_room(cache, 0); /* who needs the room next meets the error */
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
    ESE_TRY(ese_alloc_aligned(n_bytes, alignof(ese_cache__frame), &slab->frames));
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

/* Gives the bytes to an idle frame, of which there is one. Holds: pool. */
static ese_cache__frame *
use_idle(ese_cache_file *file, const uint8_t *bytes)
{
    ese_cache *cache = file->cache;
    ese_cache__frame *frame = ESE_LIST_ENTRY(cache->idle.next, ese_cache__frame, link);

    frame->page.page = (ese_page){bytes, file->page_size, 0};
    atomic_store_explicit(&frame->page.place, 0, memory_order_relaxed);
    frame->file = file;
    frame->old = NULL;
    frame->is_blank = false;
    frame->lgpos_modify = 0;
    atomic_store_explicit(&frame->lgpos_begin, UINT64_MAX, memory_order_relaxed);
    ese_list_remove(&frame->link);
    ese_list_append(&cache->ring, &frame->link);
    cache->n_ring++;
    set_used(cache, ese_cache__used(cache) + file->page_size);
    return frame;
}

/* Holds: pool, but leaves it while writing. Takes: write, partition. */
static JET_ERR
take_frame(ese_cache_file *file, ese_cache__need need, ese_cache__frame **frame_out)
{
    ese_cache *cache = file->cache;
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = NULL;

    if (need == ESE_CACHE__WANTED)
        ESE_TRY(make_room(cache, file->page_size));
    else
        make_cheap_room(cache, file->page_size);
    if (need == ESE_CACHE__SPARE && is_over(cache, file->page_size))
        return JET_errOutOfMemory;
    if (ese_list_is_empty(&cache->idle))
        ESE_TRY(add_slab(cache));
    ESE_TRY(ese_alloc_aligned(file->page_size, BYTES_ALIGNMENT, &bytes));
    *frame_out = use_idle(file, bytes);
out:
    return err;
}

JET_ERR
ese_cache__frame_take(ese_cache_file *file, ese_cache__need need, ese_cache__frame **frame_out)
{
    JET_ERR err;

    ese_os_mutex_lock(&file->cache->pool);
    err = take_frame(file, need, frame_out);
    ese_os_mutex_unlock(&file->cache->pool);
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
    make_cheap_room(cache, 0);
    ese_os_mutex_unlock(&cache->pool);
}

/* False when some page of them is in use for the moment. Takes: pool, partition. */
static bool
try_evict_behind(ese_cache_file *file, ese_pgno last)
{
    ese_cache *cache = file->cache;
    bool is_done = true;

    ese_os_mutex_lock(&cache->pool);
    ESE_LIST_FOREACH_SAFE (node, after, &cache->ring) {
        ese_cache__frame *frame = ESE_LIST_ENTRY(node, ese_cache__frame, link);
        uint64_t key = ese_cache__key_of(frame);

        if (key >> 32 == file->key_base >> 32 && (ese_pgno)key > last &&
            !evict(frame, ESE_CACHE__VALID) && !evict(frame, ESE_CACHE__VALID | ESE_CACHE__DIRTY))
            is_done = false;
    }
    ese_os_mutex_unlock(&cache->pool);
    return is_done;
}

void
ese_cache__evict_behind(ese_cache_file *file, ese_pgno last)
{
    /* Nobody uses these pages, but a lookup that lost its way may hold a pin for an instant, and who needs room may be writing one. */
    while (!try_evict_behind(file, last))
        ese_os_yield();
}
