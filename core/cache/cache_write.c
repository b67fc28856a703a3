/*
 * Bringing changed pages back to the file: runs of neighbours in one write, each page latched from before it is copied until it is written.
 *
 * There is no thread for it. Who needs memory writes what is in the way, and the owner of the file calls ese_cache_flush.
 *
 * The pages of a run beyond the first are only latched when that needs no waiting. So a thread that has the write lock waits for nobody's latch, and
 * threads that hold latches may wait for the write lock.
 */
#include "cache/cache_private.h"

#include "base/alloc.h"

#include <stdlib.h>

/* Latched neighbours: frames[first] … frames[end - 1]. It grows from the middle in both directions. */
typedef struct write_run {
    ese_cache_file *file;
    ese_cache__frame *frames[2 * ESE_CACHE__RUN_PAGES];
    unsigned first, end;
} write_run;

/* The changed page, latched, if that is possible at once; else NULL. */
static ese_cache__frame *
latch_neighbour(ese_cache_file *file, uint64_t key, ese_cache__reach reach)
{
    ese_cache__frame *frame = ese_cache__find(file->cache, key);
    uint32_t state;

    if (frame == NULL)
        return NULL;
    state = atomic_load_explicit(&frame->state, memory_order_relaxed);
    if (reach == ESE_CACHE__COLD_ONES &&
        ((state & ESE_CACHE__PINS) != 0 ||
         atomic_load_explicit(&frame->is_referenced, memory_order_relaxed)))
        return NULL;
    return ese_cache__try_latch(frame, key, ESE_CACHE__DIRTY) ? frame : NULL;
}

/* Adds changed neighbours on both sides of the first page, which is latched. */
static void
collect_run(write_run *run, ese_cache__frame *frame, ese_cache__reach reach)
{
    ese_cache_file *file = frame->file;
    unsigned most = ESE_CACHE__RUN_BYTES / file->page_size;
    uint64_t key = ese_cache__key_of(frame);
    ese_cache__frame *neighbour = NULL;

    run->file = file;
    run->first = ESE_CACHE__RUN_PAGES;
    run->frames[run->first] = frame;
    run->end = run->first + 1;
    while (run->end - run->first < most &&
           (neighbour = latch_neighbour(file, key + (run->end - ESE_CACHE__RUN_PAGES), reach)) !=
               NULL)
        run->frames[run->end++] = neighbour;
    while (run->end - run->first < most &&
           (neighbour = latch_neighbour(file, key - (ESE_CACHE__RUN_PAGES - run->first + 1),
                                        reach)) != NULL)
        run->frames[--run->first] = neighbour;
}

/* Copies the pages into the write buffer, with their checksums. Holds: write, the latches. */
static void
fill_buffer(const write_run *run)
{
    uint32_t size = run->file->page_size;
    uint8_t *to = run->file->write_buffer;

    for (unsigned i = run->first; i < run->end; i++, to += size) {
        const ese_page *page = &run->frames[i]->page.page;

        memcpy(to, page->bytes, size);
        ese_page_checksum_update(to, size, page->pgno);
    }
}

static uint64_t
newest_change(const write_run *run)
{
    uint64_t lgpos = 0;

    for (unsigned i = run->first; i < run->end; i++) {
        if (run->frames[i]->lgpos_modify > lgpos)
            lgpos = run->frames[i]->lgpos_modify;
    }
    return lgpos;
}

/* Asks the owner of the file. Holds: write, the latches. May block on: the log, the disk. */
static JET_ERR
ask_before_write(const write_run *run)
{
    const ese_cache_write_ops *ops = &run->file->ops;
    uint64_t lgpos = newest_change(run);
    JET_ERR err = JET_errSuccess;

    for (unsigned i = run->first; i < run->end && ops->prepare != NULL; i++)
        ESE_TRY(ops->prepare(ops->self, &run->frames[i]->page.page));
    for (unsigned i = run->first; i < run->end && ops->before_write != NULL; i++)
        ESE_TRY(ops->before_write(ops->self, &run->frames[i]->page.page, lgpos));
out:
    return err;
}

/* Holds: write, the latches. May block on: the log, the disk. */
static JET_ERR
write_run_locked(const write_run *run)
{
    ese_cache_file *file = run->file;
    const ese_cache_write_ops *ops = &file->ops;
    ese_pgno first = run->frames[run->first]->page.page.pgno;
    JET_ERR err;

    if (file->write_buffer == NULL)
        ESE_TRY(ese_alloc_aligned(ESE_CACHE__RUN_BYTES, ESE_OS_FILE_BLOCK, &file->write_buffer));
    ESE_TRY(ask_before_write(run));
    fill_buffer(run);
    ese_os_gate_enter(file->cache->gate);
    err = ese_os_file_write(file->file, ese_cache__offset_of(file, first), file->write_buffer,
                            (size_t)(run->end - run->first) * file->page_size);
    ese_os_gate_leave(file->cache->gate);
    if (err < JET_errSuccess && ops->failed != NULL)
        ops->failed(ops->self, err);
out:
    return err;
}

/* Unlatches the pages: clean, if they were written. The file may be gone as soon as they are. */
static void
release_run(const write_run *run, bool was_written)
{
    for (unsigned i = run->first; i < run->end; i++) {
        ese_cache__frame *frame = run->frames[i];

        if (was_written) {
            frame->lgpos_modify = 0;
            atomic_store_explicit(&frame->lgpos_begin, UINT64_MAX, memory_order_relaxed);
        }
        ese_cache__unlatch(frame, was_written ? ESE_CACHE__DIRTY : 0);
    }
}

JET_ERR
ese_cache__write_out(ese_cache__frame *frame, ese_cache__reach reach)
{
    ese_cache_file *file = frame->file;
    write_run run;
    JET_ERR err;

    ese_os_mutex_lock(&file->write);
    collect_run(&run, frame, reach);
    err = write_run_locked(&run);
    ese_os_mutex_unlock(&file->write);
    release_run(&run, err >= JET_errSuccess);
    return err;
}

/* ---- flush */

static int
compare_pgnos(const void *a, const void *b)
{
    ese_pgno left = *(const ese_pgno *)a;
    ese_pgno right = *(const ese_pgno *)b;

    return left < right ? -1 : left > right;
}

/* Was the page changed by a transaction that began before `lgpos`? */
static bool
is_older(const ese_cache__frame *frame, uint64_t lgpos)
{
    return lgpos == UINT64_MAX ||
           atomic_load_explicit(&frame->lgpos_begin, memory_order_relaxed) < lgpos;
}

/* The numbers of the changed pages of the file that are older than `lgpos`, ascending. Takes: pool. */
static JET_ERR
list_changed(ese_cache_file *file, uint64_t lgpos, ese_pgno **pgnos_out, size_t *n_out)
{
    ese_cache *cache = file->cache;
    ese_pgno *pgnos = NULL;
    size_t n = 0;
    JET_ERR err;

    ese_os_mutex_lock(&cache->pool);
    ESE_TRY(ese_alloc(cache->n_ring * sizeof *pgnos, &pgnos));
    ESE_LIST_FOREACH (node, &cache->ring) {
        const ese_cache__frame *frame = ESE_LIST_ENTRY(node, ese_cache__frame, link);
        uint64_t key = ese_cache__key_of(frame);

        /* Acquire, as for a latch: who caused the flush knows of the change. */
        if (key >> 32 == file->key_base >> 32 &&
            (atomic_load_explicit(&frame->state, memory_order_acquire) & ESE_CACHE__DIRTY) != 0 &&
            is_older(frame, lgpos))
            pgnos[n++] = (ese_pgno)key;
    }
    *pgnos_out = pgnos;
    *n_out = n;
out:
    ese_os_mutex_unlock(&cache->pool);
    if (err >= JET_errSuccess && n > 1)
        qsort(pgnos, n, sizeof *pgnos, compare_pgnos);
    return err;
}

static JET_ERR
flush_page(ese_cache_file *file, ese_pgno pgno)
{
    ese_cache__frame *frame = ese_cache__latch_cached(file->cache, file->key_base | pgno);

    if (frame == NULL) /* written and evicted by somebody else */
        return JET_errSuccess;
    if ((atomic_load_explicit(&frame->state, memory_order_relaxed) & ESE_CACHE__DIRTY) != 0)
        return ese_cache__write_out(frame, ESE_CACHE__ALL);
    ese_cache__unlatch(frame, 0); /* written with a neighbour */
    return JET_errSuccess;
}

static JET_ERR
flush(ese_cache_file *file, uint64_t lgpos)
{
    JET_ERR err;
    ese_pgno *pgnos = NULL;
    size_t n = 0;

    ESE_TRY(list_changed(file, lgpos, &pgnos, &n));
    for (size_t i = 0; i < n; i++)
        ESE_TRY(flush_page(file, pgnos[i]));
out:
    ese_free(&pgnos);
    if (atomic_load_explicit(&file->cache->is_over_limit, memory_order_seq_cst))
        ese_cache__trim(file->cache);
    return err;
}

JET_ERR
ese_cache_flush(ese_cache_file *file)
{
    return flush(file, UINT64_MAX);
}

JET_ERR
ese_cache_flush_older(ese_cache_file *file, uint64_t lgpos)
{
    return flush(file, lgpos);
}

/* Frames whose changes are not visible yet stand in the ring, too; and what is noted moves from frame to frame only while the pool is held (INV-7). */
uint64_t
ese_cache_oldest_change(ese_cache_file *file)
{
    ese_cache *cache = file->cache;
    uint64_t oldest = UINT64_MAX;

    ese_os_mutex_lock(&cache->pool);
    ESE_LIST_FOREACH (node, &cache->ring) {
        const ese_cache__frame *frame = ESE_LIST_ENTRY(node, ese_cache__frame, link);
        uint64_t begin = atomic_load_explicit(&frame->lgpos_begin, memory_order_relaxed);

        if (frame->file == file && begin < oldest)
            oldest = begin;
    }
    ese_os_mutex_unlock(&cache->pool);
    return oldest;
}
