/*
 * Bringing pages in: read, check, publish. Nothing that failed a check is ever published, and no failure is remembered.
 *
 * Where misses of a file ascend, one read brings in a run of pages; each such read is twice as long as the one before, up to ESE_CACHE__RUN_BYTES.
 * The pages of a run are claimed before the read, so that nobody reads them a second time meanwhile.
 */
#include "cache/cache_private.h"

#include "base/alloc.h"

#include <stdio.h>

enum {
    STREAM_GAP = 8,         /* misses that skip a few pages still ascend */
    RUN_LIMIT_FRACTION = 8, /* of the cache that one run may take */
    MAX_TEXT = 400,
};

typedef struct page_run {
    ese_cache__frame *frames[ESE_CACHE__RUN_PAGES]; /* of adjacent pages; the first one is wanted */
    unsigned n;
} page_run;

void
ese_cache__publish(ese_cache__frame *frame, uint32_t pins)
{
    ese_cache__partition *partition =
        ese_cache__partition_of(frame->cache, ese_cache__key_of(frame));

    ese_os_mutex_lock(&partition->mutex);
    frame->is_loading = false;
    /* Release: matches the acquire in pin_unlocked. Added, not stored, because a lookup gone astray may hold a pin. */
    atomic_fetch_add_explicit(&frame->state, ESE_CACHE__VALID + pins, memory_order_release);
    ese_os_cond_broadcast(&partition->loaded);
    ese_os_mutex_unlock(&partition->mutex);
}

void
ese_cache__drop(ese_cache__frame *frame)
{
    ese_cache__partition *partition =
        ese_cache__partition_of(frame->cache, ese_cache__key_of(frame));

    ese_os_mutex_lock(&partition->mutex);
    frame->is_loading = false;
    ese_cache__chain_remove(frame);
    ese_os_cond_broadcast(&partition->loaded);
    ese_os_mutex_unlock(&partition->mutex);
    ese_cache__frame_give(frame);
}

/* Puts file and page in front of the text of `err`. */
static JET_ERR
raise_at(const ese_cache_file *file, ese_pgno pgno, JET_ERR err)
{
    char text[MAX_TEXT];

    snprintf(text, sizeof text, "%s", ese_err_text(err));
    return ese_raise(err, "%s: page %u: %s", ese_cache_path(file), (unsigned)pgno, text);
}

static JET_ERR
check_page(uint8_t *bytes, const ese_page *page)
{
    switch (ese_page_checksum_verify(bytes, page->size, page->pgno)) {
    case ESE_PAGE_STATE_BLANK: return ese_raise(JET_errPageNotInitialized, "the page is blank");
    case ESE_PAGE_STATE_BAD: return ese_raise(JET_errReadVerifyFailure, "the checksum is wrong");
    case ESE_PAGE_STATE_GOOD:
    case ESE_PAGE_STATE_CORRECTED: break;
    }
    return ese_page_verify(page);
}

static JET_ERR
load_alone(ese_cache_file *file, ese_cache__frame *frame)
{
    JET_ERR err;
    ese_pgno pgno = frame->page.page.pgno;

    ESE_TRY(ese_os_file_read(file->file, ese_cache__offset_of(file, pgno),
                             ese_cache__bytes_of(frame), file->page_size));
    ese_cache__counters.pages_read++;
    ESE_TRY(check_page(ese_cache__bytes_of(frame), &frame->page.page));
    ese_cache__publish(frame, 1);
out:
    if (err < JET_errSuccess) {
        err = raise_at(file, pgno, err);
        ese_cache__drop(frame);
    }
    return err;
}

static ese_cache__stream *
find_stream(ese_cache_file *file, ese_pgno pgno)
{
    for (unsigned i = 0; i < ESE_CACHE__STREAMS; i++) {
        ese_cache__stream *stream = &file->streams[i];
        uint64_t next = atomic_load_explicit(&stream->next, memory_order_relaxed);
        uint64_t n = atomic_load_explicit(&stream->n_pages, memory_order_relaxed);

        if (next != 0 && pgno + n > next && pgno <= next + STREAM_GAP)
            return stream;
    }
    return NULL;
}

/* Notes the miss and says how many pages are worth reading, the missed one included. */
static uint32_t
plan_run(ese_cache_file *file, ese_pgno pgno)
{
    ese_cache__stream *stream = find_stream(file, pgno);
    size_t most = ese_cache__limit(file->cache) / RUN_LIMIT_FRACTION;
    ese_pgno last = ese_cache_page_count(file); /* may be smaller than a moment ago */
    uint32_t n = 1;

    if (stream != NULL) {
        n = 2 * atomic_load_explicit(&stream->n_pages, memory_order_relaxed);
    } else {
        uint32_t i = atomic_fetch_add_explicit(&file->oldest_stream, 1, memory_order_relaxed);

        stream = &file->streams[i % ESE_CACHE__STREAMS];
    }
    if (most > ESE_CACHE__RUN_BYTES)
        most = ESE_CACHE__RUN_BYTES;
    if (n > most / file->page_size)
        n = (uint32_t)(most / file->page_size);
    if (last >= pgno && n > last - pgno + 1)
        n = last - pgno + 1;
    if (n == 0 || last < pgno)
        n = 1;
    atomic_store_explicit(&stream->next, pgno + n, memory_order_relaxed);
    atomic_store_explicit(&stream->n_pages, n, memory_order_relaxed);
    return n;
}

/* Claims a page that nobody has or reads; false when somebody does or there is no room. Takes: pool, partition. */
static bool
claim_spare(ese_cache_file *file, ese_pgno pgno, ese_cache__frame **frame_out)
{
    uint64_t key = file->key_base | pgno;
    ese_cache__partition *partition = ese_cache__partition_of(file->cache, key);
    ese_cache__frame *frame = NULL;
    bool is_free;

    if (ese_cache__frame_take(file, ESE_CACHE__SPARE, &frame) < JET_errSuccess)
        return false;
    ese_os_mutex_lock(&partition->mutex);
    is_free = ese_cache__chain_find(file->cache, key) == NULL;
    if (is_free)
        ese_cache__chain_insert(frame, key);
    ese_os_mutex_unlock(&partition->mutex);
    if (is_free)
        *frame_out = frame;
    else
        ese_cache__frame_give(frame);
    return is_free;
}

/* Reads a run into the buffer of the file and hands the pages out; pages that fail a check stay claimed in `run`. */
static JET_ERR
read_run(ese_cache_file *file, page_run *run)
{
    ese_pgno first = run->frames[0]->page.page.pgno;
    size_t size = file->page_size;
    JET_ERR err;

    if (file->run_buffer == NULL)
        ESE_TRY(ese_alloc_aligned(ESE_CACHE__RUN_BYTES, ESE_PAGE_SIZE_MIN, &file->run_buffer));
    ESE_TRY(ese_os_file_read(file->file, ese_cache__offset_of(file, first), file->run_buffer,
                             run->n * size));
    for (unsigned i = 0; i < run->n; i++)
        memcpy(ese_cache__bytes_of(run->frames[i]), file->run_buffer + i * size, size);
    ese_cache__counters.pages_read += run->n;
    ese_cache__counters.pages_preread += run->n - 1;
out:
    return err;
}

/* Publishes or drops the pages behind the wanted one. An error on them is nobody's yet. */
static void
settle_spares(const page_run *run, bool was_read)
{
    for (unsigned i = 1; i < run->n; i++) {
        ese_cache__frame *frame = run->frames[i];

        if (was_read && check_page(ese_cache__bytes_of(frame), &frame->page.page) >= JET_errSuccess)
            ese_cache__publish(frame, 0);
        else
            ese_cache__drop(frame);
    }
}

static JET_ERR
load_run(ese_cache_file *file, page_run *run)
{
    ese_cache__frame *wanted = run->frames[0];
    ese_pgno pgno = wanted->page.page.pgno;
    bool was_read = read_run(file, run) >= JET_errSuccess;
    JET_ERR err;

    settle_spares(run, was_read);
    if (!was_read) /* perhaps only one of the others is unreadable */
        return load_alone(file, wanted);
    err = check_page(ese_cache__bytes_of(wanted), &wanted->page.page);
    if (err < JET_errSuccess) {
        err = raise_at(file, pgno, err);
        ese_cache__drop(wanted);
    } else {
        ese_cache__publish(wanted, 1);
    }
    return err;
}

JET_ERR
ese_cache__load(ese_cache_file *file, ese_cache__frame *frame)
{
    page_run run = {.n = 1};
    ese_pgno pgno = frame->page.page.pgno;
    uint32_t n = plan_run(file, pgno);
    JET_ERR err;

    /* Acquire: matches the release below; the buffer is ours while the flag is. */
    if (n == 1 || atomic_exchange_explicit(&file->is_run_busy, true, memory_order_acquire))
        return load_alone(file, frame);
    run.frames[0] = frame;
    while (run.n < n && claim_spare(file, pgno + run.n, &run.frames[run.n]))
        run.n++;
    err = run.n == 1 ? load_alone(file, frame) : load_run(file, &run);
    atomic_store_explicit(&file->is_run_busy, false, memory_order_release);
    return err;
}

void
ese_cache_read_ahead(ese_cache_file *file, ese_pgno first, uint32_t n_pages)
{
    ese_pgno last = ese_cache_page_count(file);
    uint32_t n;

    if (first == 0 || first > last || n_pages == 0)
        return;
    n = last - first + 1;
    if (n > n_pages)
        n = n_pages;
    ese_os_file_prefetch(file->file, ese_cache__offset_of(file, first),
                         (size_t)n * file->page_size);
    ese_cache__counters.pages_preread += n;
}
