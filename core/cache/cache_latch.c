/*
 * Changing pages: latches, images that are writable, and how a change becomes visible.
 *
 * A latch is a bit of the state of a frame, so that pin and latch are taken and given back in one step. Who finds it set waits under the lock of the
 * partition, without a pin: a waiter must not be the reason why the holder has to copy the page.
 */
#include "cache/cache_private.h"

#include <assert.h>

enum { SPINS = 200 };

/* ---- latching */

bool
ese_cache__try_latch(ese_cache__frame *frame, uint64_t key, uint32_t bits)
{
    uint32_t wanted = ESE_CACHE__VALID | bits;
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);

    do {
        if ((before & (wanted | ESE_CACHE__LATCHED)) != wanted)
            return false;
        /* Acquire: matches the release in let_go; what the last holder did is done. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before,
                                                    before + ESE_CACHE__LATCHED + 1,
                                                    memory_order_acquire, memory_order_relaxed));
    if (ese_cache__key_of(frame) == key)
        return true;
    ese_cache__unlatch(frame, 0); /* it is another page's by now */
    return false;
}

/* Latches a frame that is in its chain and not loading, or leaves word that somebody waits. Holds: partition. */
static bool
latch_or_await(ese_cache__frame *frame)
{
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);
    uint32_t after;

    do {
        after = (before & ESE_CACHE__LATCHED) == 0 ? before + ESE_CACHE__LATCHED + 1
                                                   : before | ESE_CACHE__AWAITED;
        /* Acquire: as in try_latch. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before, after,
                                                    memory_order_acquire, memory_order_relaxed));
    return (before & ESE_CACHE__LATCHED) == 0;
}

/* Holds: partition, but leaves it while waiting. */
static ese_cache__frame *
latch_in_chain(ese_cache *cache, ese_cache__partition *partition, uint64_t key)
{
    ese_cache__frame *frame = ese_cache__chain_find(cache, key);

    while (frame != NULL && (frame->is_loading || !latch_or_await(frame))) {
        ese_os_cond_wait(frame->is_loading ? &partition->loaded : &partition->unlatched,
                         &partition->mutex);
        frame = ese_cache__chain_find(cache, key);
    }
    return frame;
}

ese_cache__frame *
ese_cache__latch_cached(ese_cache *cache, uint64_t key)
{
    ese_cache__partition *partition = ese_cache__partition_of(cache, key);
    ese_cache__frame *frame;

    ese_os_mutex_lock(&partition->mutex);
    frame = latch_in_chain(cache, partition, key);
    ese_os_mutex_unlock(&partition->mutex);
    return frame;
}

static JET_ERR
check_latchable(const ese_cache_file *file, ese_pgno pgno)
{
    if (!file->has_write_ops)
        return ese_raise(JET_errDatabaseFileReadOnly, "%s: opened for reading only",
                         ese_cache_path(file));
    if (pgno == 0 || pgno > ese_cache_page_count(file))
        return ese_raise(JET_errBadPageLink, "%s: there is no page %u, the last one is %u",
                         ese_cache_path(file), (unsigned)pgno,
                         (unsigned)ese_cache_page_count(file));
    return JET_errSuccess;
}

/* The usual case: the page is there, and nobody has its latch for long. */
static ese_cache__frame *
latch_quickly(ese_cache *cache, uint64_t key)
{
    ese_cache__frame *frame = ese_cache__find(cache, key);

    for (unsigned i = 0; frame != NULL && i < SPINS; i++) {
        if (ese_cache__try_latch(frame, key, 0))
            return frame;
        if (ese_cache__key_of(frame) != key)
            frame = ese_cache__find(cache, key);
    }
    return NULL;
}

JET_ERR
ese_cache_latch(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out)
{
    uint64_t key = file->key_base | pgno;
    ese_cache__frame *frame = NULL;
    JET_ERR err;

    ESE_TRY(check_latchable(file, pgno));
    frame = latch_quickly(file->cache, key);
    while (frame == NULL) {
        ese_cache_page *page = NULL;

        frame = ese_cache__latch_cached(file->cache, key);
        if (frame != NULL)
            break;
        ESE_TRY(ese_cache_pin(file, pgno, &page)); /* reads it */
        frame = ese_cache__latch_cached(file->cache, key);
        ese_cache_unpin(&page);
    }
    ese_cache__counters.pages_referenced++;
    if (!atomic_load_explicit(&frame->is_referenced, memory_order_relaxed))
        atomic_store_explicit(&frame->is_referenced, true, memory_order_relaxed);
    *page_out = &frame->page;
out:
    return err;
}

bool
ese_cache_try_latch(ese_cache_page *page)
{
    ese_cache__frame *frame = ese_cache__frame_of(page);
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);

    if (!frame->file->has_write_ops)
        return false;
    do {
        /* A pinned page that is valid is the current one (INV-2). */
        if ((before & (ESE_CACHE__VALID | ESE_CACHE__LATCHED)) != ESE_CACHE__VALID)
            return false;
        /* Acquire: as in ese_cache__try_latch. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before,
                                                    before | ESE_CACHE__LATCHED,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

/* Latches the page that there is, or claims the place of the page with `frame`: NULL. Takes: partition. */
static ese_cache__frame *
latch_or_claim(ese_cache *cache, uint64_t key, ese_cache__frame *frame)
{
    ese_cache__partition *partition = ese_cache__partition_of(cache, key);
    ese_cache__frame *old;

    ese_os_mutex_lock(&partition->mutex);
    old = latch_in_chain(cache, partition, key);
    if (old == NULL)
        ese_cache__chain_insert(frame, key);
    ese_os_mutex_unlock(&partition->mutex);
    return old;
}

/* What was noted for the old image and is not in the file yet counts for the new one. */
static void
inherit(ese_cache__frame *frame, ese_cache__frame *old)
{
    frame->old = old;
    frame->page.page.pgno = old->page.page.pgno;
    frame->lgpos_modify = old->lgpos_modify;
    atomic_store_explicit(&frame->lgpos_begin,
                          atomic_load_explicit(&old->lgpos_begin, memory_order_relaxed),
                          memory_order_relaxed);
}

JET_ERR
ese_cache_latch_blank(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out)
{
    JET_ERR err;
    ese_cache__frame *frame = NULL;
    ese_cache__frame *old;

    ESE_TRY(check_latchable(file, pgno));
    ESE_TRY(ese_cache__frame_take(file, ESE_CACHE__WANTED, &frame));
    memset(ese_cache__bytes_of(frame), 0, file->page_size);
    frame->is_blank = true;
    old = latch_or_claim(file->cache, file->key_base | pgno, frame);
    if (old != NULL)
        inherit(frame, old);
    *page_out = &frame->page;
out:
    return err;
}

/* ---- changing */

/* A copy or a blank page has a frame of its own, which is not valid yet. */
static bool
is_apart(const ese_cache__frame *frame)
{
    return (atomic_load_explicit(&frame->state, memory_order_relaxed) & ESE_CACHE__VALID) == 0;
}

/* Begins to change the page in place, if the pin of the caller is the only one. */
static bool
begin_in_place(ese_cache__frame *frame)
{
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);

    do {
        if ((before & ESE_CACHE__PINS) != 1)
            return false;
        /* Acquire: matches the release in ese_cache__unpin; who read the bytes has done so before they change. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before,
                                                    before | ESE_CACHE__WRITING,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

JET_ERR
ese_cache_make_writable(ese_cache_page **page_inout)
{
    JET_ERR err = JET_errSuccess;
    ese_cache__frame *frame = ese_cache__frame_of(*page_inout);
    ese_cache__frame *copy = NULL;

    if (is_apart(frame) || begin_in_place(frame))
        return JET_errSuccess;
    ESE_TRY(ese_cache__frame_take(frame->file, ESE_CACHE__WANTED, &copy));
    memcpy(ese_cache__bytes_of(copy), frame->page.page.bytes, frame->page.page.size);
    inherit(copy, frame);
    *page_inout = &copy->page;
out:
    return err;
}

bool
ese_cache_is_blank(const ese_cache_page *page)
{
    return ((const ese_cache__frame *)(const void *)page)->is_blank;
}

uint8_t *
ese_cache_bytes(ese_cache_page *page)
{
    ese_cache__frame *frame = ese_cache__frame_of(page);

    assert(is_apart(frame) ||
           (atomic_load_explicit(&frame->state, memory_order_relaxed) & ESE_CACHE__WRITING) != 0);
    return ese_cache__bytes_of(frame);
}

void
ese_cache_note_log(ese_cache_page *page, uint64_t lgpos_modify, uint64_t lgpos_begin)
{
    ese_cache__frame *frame = ese_cache__frame_of(page);
    uint64_t begin = lgpos_begin != 0 ? lgpos_begin : lgpos_modify;

    if (lgpos_modify > frame->lgpos_modify)
        frame->lgpos_modify = lgpos_modify;
    if (begin != 0 && begin < atomic_load_explicit(&frame->lgpos_begin, memory_order_relaxed))
        atomic_store_explicit(&frame->lgpos_begin, begin, memory_order_relaxed);
}

/* ---- unlatching */

/* Who waits for the latch of the page may try again. Takes: partition. */
static void
wake(ese_cache *cache, uint64_t key)
{
    ese_cache__partition *partition = ese_cache__partition_of(cache, key);

    ese_os_mutex_lock(&partition->mutex);
    ese_os_cond_broadcast(&partition->unlatched);
    ese_os_mutex_unlock(&partition->mutex);
}

/*
 * Changes the state of a valid latched frame: the latch and `less` go, `more` comes, the pin stays or goes. Returns the state before. The frame may be another page's
 * afterwards. Takes: partition.
 */
static uint32_t
let_go(ese_cache__frame *frame, uint32_t less, uint32_t more, bool keeps_pin)
{
    ese_cache *cache = frame->cache;
    uint64_t key = ese_cache__key_of(frame);
    uint32_t before = atomic_load_explicit(&frame->state, memory_order_relaxed);
    uint32_t after;

    less |= ESE_CACHE__LATCHED | ESE_CACHE__AWAITED | ESE_CACHE__WRITING;
    do {
        after = ((before & ~less) | more) - (keeps_pin ? 0 : 1);
        /* Release: matches the acquire in pin, latch and evict. Sequentially consistent as in ese_cache__unpin. */
    } while (!atomic_compare_exchange_weak_explicit(&frame->state, &before, after,
                                                    memory_order_seq_cst, memory_order_relaxed));
    if ((before & ESE_CACHE__AWAITED) != 0)
        wake(cache, key);
    return before;
}

void
ese_cache__unlatch(ese_cache__frame *frame, uint32_t bits)
{
    (void)let_go(frame, bits, 0, false);
}

/* Evicts what had to wait for a pin that has gone. */
static void
trim_if_over(ese_cache *cache)
{
    if (atomic_load_explicit(&cache->is_over_limit, memory_order_seq_cst))
        ese_cache__trim(cache);
}

/* The copy has what was noted for the old image: INV-7. Takes: pool. */
static void
forget_notes(ese_cache__frame *old)
{
    if (atomic_load_explicit(&old->lgpos_begin, memory_order_relaxed) == UINT64_MAX)
        return;
    ese_os_mutex_lock(&old->cache->pool);
    atomic_store_explicit(&old->lgpos_begin, UINT64_MAX, memory_order_relaxed);
    ese_os_mutex_unlock(&old->cache->pool);
}

/* Puts a copy into the place of its old image, which lives as long as its pins. Takes: pool, partition. */
static void
supersede(ese_cache__frame *frame, uint32_t state)
{
    ese_cache__frame *old = frame->old;
    ese_cache__partition *partition = ese_cache__partition_of(old->cache, ese_cache__key_of(old));
    uint32_t before;

    frame->old = NULL;
    atomic_store_explicit(&frame->is_referenced, true, memory_order_relaxed);
    forget_notes(old);
    ese_os_mutex_lock(&partition->mutex);
    /* Valid only with its key and in its chain: the clock may be over it. Release: as in publish. */
    ese_cache__chain_replace(old, frame);
    atomic_fetch_add_explicit(&frame->state, state, memory_order_release);
    before = atomic_load_explicit(&old->state, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &old->state, &before, ESE_CACHE__SUPERSEDED | ((before & ESE_CACHE__PINS) - 1),
        memory_order_seq_cst, memory_order_relaxed))
        continue;
    if ((before & ESE_CACHE__AWAITED) != 0)
        ese_os_cond_broadcast(&partition->unlatched);
    ese_os_mutex_unlock(&partition->mutex);
    if ((before & ESE_CACHE__PINS) == 1)
        ese_cache__reclaim(old);
}

/* Forgets a copy or a blank page. Takes: partition, pool. */
static void
discard(ese_cache__frame *frame)
{
    ese_cache__frame *old = frame->old;

    if (old == NULL) {
        ese_cache__drop(frame);
        return;
    }
    ese_cache__unlatch(old, 0);
    ese_cache__frame_give(frame);
}

static void
count_change(bool was_dirty)
{
    if (was_dirty)
        ese_cache__counters.pages_redirtied++;
    else
        ese_cache__counters.pages_dirtied++;
}

/* Makes a copy or a blank page the page; `pins` for the caller. */
static void
install(ese_cache__frame *frame, ese_cache_outcome outcome, uint32_t pins)
{
    const ese_cache__frame *old = frame->old;
    uint32_t was_dirty =
        old == NULL ? 0
                    : atomic_load_explicit(&old->state, memory_order_relaxed) & ESE_CACHE__DIRTY;
    uint32_t dirty = outcome == ESE_CACHE_CHANGED ? ESE_CACHE__DIRTY : was_dirty;

    frame->is_blank = false;
    if (outcome == ESE_CACHE_CHANGED)
        count_change(was_dirty != 0);
    if (old == NULL)
        ese_cache__publish(frame, dirty + pins);
    else
        supersede(frame, ESE_CACHE__VALID + dirty + pins);
}

static void
unlatch(ese_cache__frame *frame, ese_cache_outcome outcome, bool keeps_pin)
{
    ese_cache *cache = frame->cache;
    bool was_last_pin = !keeps_pin;

    if (!is_apart(frame)) {
        uint32_t dirty = outcome == ESE_CACHE_CHANGED ? ESE_CACHE__DIRTY : 0;
        uint32_t before = let_go(frame, 0, dirty, keeps_pin);

        was_last_pin = was_last_pin && (before & ESE_CACHE__PINS) == 1;
        if (outcome == ESE_CACHE_CHANGED)
            count_change((before & ESE_CACHE__DIRTY) != 0);
    } else if (outcome == ESE_CACHE_CHANGED || keeps_pin) {
        /* A copy that did not change has the bytes of its old image, and the caller wants to keep it. */
        assert(outcome == ESE_CACHE_CHANGED || !frame->is_blank);
        install(frame, outcome, keeps_pin ? 1 : 0);
    } else {
        discard(frame);
    }
    if (was_last_pin)
        trim_if_over(cache);
}

void
ese_cache_unlatch(ese_cache_page **page_inout, ese_cache_outcome outcome)
{
    ese_cache_page *page = *page_inout;

    if (page == NULL)
        return;
    *page_inout = NULL;
    unlatch(ese_cache__frame_of(page), outcome, false);
}

void
ese_cache_unlatch_keep(ese_cache_page *page, ese_cache_outcome outcome)
{
    unlatch(ese_cache__frame_of(page), outcome, true);
}
