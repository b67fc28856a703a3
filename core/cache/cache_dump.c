/*
 * Which pages a dump of the process will have in it: asked for by a program that is about to crash, so nothing is allocated, and no lock is waited for.
 *
 * The bytes of pages lie close to each other, and the system knows pages of memory of its own size only: what lies between two that are left out, and is smaller than a gap, is left out
 * with them; what lies between one that is left out and one that is not, stays.
 */
#include "cache/cache_private.h"

#include "os/os_system.h"

enum { GAP_MAX = 256 };

/* A stretch of memory; to == from: none. */
typedef struct stretch {
    uintptr_t from, to;
} stretch;

static bool
is_wanted(const ese_cache__frame *frame, ese_cache_dump kinds)
{
    uint32_t state = atomic_load_explicit(&frame->state, memory_order_relaxed);

    return (kinds & ESE_CACHE_DUMP_ALL) != 0 ||
           ((kinds & ESE_CACHE_DUMP_PINNED) != 0 && (state & ESE_CACHE__PINS) != 0) ||
           ((kinds & ESE_CACHE_DUMP_CHANGED) != 0 && (state & ESE_CACHE__DIRTY) != 0);
}

static stretch
bytes_of(const ese_cache__frame *frame)
{
    uintptr_t from = (uintptr_t)frame->page.page.bytes;

    return (stretch){from, from + frame->page.page.size};
}

/* Frames of one kind that follow each other in memory and in the ring are told in one call. */
static void
tell_all(const ese_cache *cache, ese_cache_dump kinds, bool of_wanted)
{
    stretch all = {0, 0};

    ESE_LIST_FOREACH (node, &cache->ring) {
        const ese_cache__frame *frame = ESE_LIST_ENTRY(node, ese_cache__frame, link);
        stretch one = bytes_of(frame);

        if (is_wanted(frame, kinds) != of_wanted)
            continue;
        if (all.to != all.from && one.from >= all.to && one.from - all.to <= GAP_MAX) {
            all.to = one.to;
            continue;
        }
        ese_os_memory_set_dumped(all.from, all.to - all.from, of_wanted);
        all = one;
    }
    ese_os_memory_set_dumped(all.from, all.to - all.from, of_wanted);
}

bool
ese_cache_choose_dump(ese_cache *cache, ese_cache_dump kinds)
{
    if (!ese_os_mutex_try_lock(&cache->pool))
        return false;
    tell_all(cache, kinds, false);
    tell_all(cache, kinds, true); /* last: what they share with others is in */
    ese_os_mutex_unlock(&cache->pool);
    return true;
}
