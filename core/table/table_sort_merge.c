/*
 * Reading sorted pairs: from memory, or from runs in the file, which are merged by a heap of their next pairs.
 *
 * INV-1  The heap holds the runs that are not at their end, each with its next pair in its buffer; but the run on top may be behind by the pair that was given out
 *        last, which stays where it is until the next one is asked for.
 */
#include "table/table_sort_private.h"

enum { BUFFER_MIN = 16 << 10, BUFFER_MAX = 1 << 20 };

/* A run, and the part of it that is in memory. */
typedef struct source {
    uint64_t next, end; /* in the file: what is not in memory yet */
    uint8_t *bytes;     /* `at` to `size` has not been given out */
    size_t capacity;
    size_t at, size;
    uint64_t prefix; /* of the pair at `at` */
} source;

struct ese_table__reading {
    const ese_table__sorter *sorter;
    size_t next;     /* in memory: the entry to come out next */
    unsigned n_runs; /* 0: everything is in memory */
    unsigned n_heap;
    bool is_behind; /* the run on top still has to go on to its next pair, and */
    bool is_taken;  /* has left the one before */
    unsigned heap[ESE_TABLE__RUNS_MAX];
    source sources[ESE_TABLE__RUNS_MAX];
};

/* ---- buffers */

static JET_ERR
fill(const ese_table__reading *reading, source *from, size_t capacity)
{
    uint64_t left = from->end - from->next;
    size_t kept = from->size - from->at;
    size_t n;
    JET_ERR err = JET_errSuccess;

    if (capacity > from->capacity) {
        ESE_TRY(ese_realloc(capacity, &from->bytes));
        from->capacity = capacity;
    }
    memmove(from->bytes, from->bytes + from->at, kept);
    from->at = 0;
    from->size = kept;
    n = left < from->capacity - kept ? (size_t)left : from->capacity - kept;
    if (n != 0)
        ESE_TRY(ese_os_file_read(reading->sorter->file, from->next, from->bytes + kept, n));
    from->next += n;
    from->size += n;
out:
    return err;
}

/* Brings `n` bytes of the run into the buffer. */
static JET_ERR
need(const ese_table__reading *reading, source *from, size_t n)
{
    if (from->size - from->at >= n)
        return JET_errSuccess;
    if (n > from->end - from->next + (from->size - from->at))
        return ese_raise(JET_errReadVerifyFailure, "%s: a sorted run ends within a pair",
                         reading->sorter->path);
    return fill(reading, from, n > from->capacity ? n : from->capacity);
}

static bool
is_at_end(const source *from)
{
    return from->at == from->size && from->next == from->end;
}

/* The pair at `at` is whole in the buffer, unless the run is at its end. */
static JET_ERR
settle(const ese_table__reading *reading, source *from)
{
    JET_ERR err = JET_errSuccess;

    if (is_at_end(from))
        return err;
    ESE_TRY(need(reading, from, ESE_TABLE__PAIR_HEADER));
    ESE_TRY(need(reading, from, ese_table__pair_size(from->bytes + from->at)));
    from->prefix = ese_table__sort_prefix(ese_table__pair_key(from->bytes + from->at));
out:
    return err;
}

/* ---- the heap */

/* Of equal pairs those of the older run come first. */
static bool
is_before(const ese_table__reading *reading, unsigned a, unsigned b)
{
    const source *left = &reading->sources[a], *right = &reading->sources[b];
    int order;

    if (left->prefix != right->prefix)
        return left->prefix < right->prefix;
    order =
        ese_table__pair_compare(reading->sorter, left->bytes + left->at, right->bytes + right->at);
    return order != 0 ? order < 0 : a < b;
}

static void
sift_down(ese_table__reading *reading, unsigned at)
{
    unsigned *heap = reading->heap;
    unsigned moved = heap[at];

    for (unsigned child = 2 * at + 1; child < reading->n_heap; child = 2 * at + 1) {
        if (child + 1 < reading->n_heap && is_before(reading, heap[child + 1], heap[child]))
            child++;
        if (!is_before(reading, heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static JET_ERR
open_sources(ese_table__reading *reading, unsigned first)
{
    const ese_table__sorter *sorter = reading->sorter;
    size_t capacity = sorter->budget / reading->n_runs;
    JET_ERR err = JET_errSuccess;

    capacity = capacity < BUFFER_MIN ? BUFFER_MIN : capacity > BUFFER_MAX ? BUFFER_MAX : capacity;
    for (unsigned i = 0; i < reading->n_runs; i++) {
        const ese_table__run *run = &sorter->runs[first + i];
        source *from = &reading->sources[i];

        from->next = run->start;
        from->end = run->end;
        ESE_TRY(
            fill(reading, from,
                 run->end - run->start < capacity ? (size_t)(run->end - run->start) : capacity));
        ESE_TRY(settle(reading, from));
        if (!is_at_end(from))
            reading->heap[reading->n_heap++] = i;
    }
    for (unsigned at = reading->n_heap / 2; at-- > 0;)
        sift_down(reading, at);
out:
    return err;
}

/* The run on top goes on to its next pair. */
static JET_ERR
catch_up(ese_table__reading *reading)
{
    source *from = &reading->sources[reading->heap[0]];
    JET_ERR err;

    if (!reading->is_taken)
        from->at += ese_table__pair_size(from->bytes + from->at);
    reading->is_taken = true; /* should the next step fail, it is not taken twice */
    ESE_TRY(settle(reading, from));
    if (is_at_end(from))
        reading->heap[0] = reading->heap[--reading->n_heap];
    if (reading->n_heap != 0)
        sift_down(reading, 0);
    reading->is_behind = false;
out:
    return err;
}

/* ---- readings */

JET_ERR
ese_table__reading_open_runs(const ese_table__sorter *sorter, unsigned first,
                             ese_table__reading **reading_out)
{
    ese_table__reading *reading = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *reading, &reading));
    reading->sorter = sorter;
    reading->n_runs = sorter->n_runs - first;
    if (reading->n_runs != 0)
        ESE_TRY(open_sources(reading, first));
    *reading_out = reading;
    reading = NULL;
out:
    ese_table__reading_close(&reading);
    return err;
}

JET_ERR
ese_table__reading_open(const ese_table__sorter *sorter, ese_table__reading **reading_out)
{
    return ese_table__reading_open_runs(sorter, 0, reading_out);
}

void
ese_table__reading_close(ese_table__reading **reading_inout)
{
    ese_table__reading *reading = *reading_inout;

    if (reading == NULL)
        return;
    for (unsigned i = 0; i < reading->n_runs; i++)
        ese_free(&reading->sources[i].bytes);
    ese_free(reading_inout);
}

static const uint8_t *
next_in_memory(ese_table__reading *reading)
{
    const ese_table__sorter *sorter = reading->sorter;
    const ese_table__pair_entry *entries = (const void *)sorter->entries.data;

    if (reading->next == sorter->entries.size / sizeof *entries)
        return NULL;
    return sorter->pairs.data + entries[reading->next++].offset;
}

JET_ERR
ese_table__reading_pair(ese_table__reading *reading, const uint8_t **pair_out)
{
    JET_ERR err = JET_errSuccess;

    if (reading->n_runs == 0) {
        *pair_out = next_in_memory(reading);
        return err;
    }
    if (reading->is_behind)
        ESE_TRY(catch_up(reading));
    *pair_out = NULL;
    if (reading->n_heap != 0) {
        const source *from = &reading->sources[reading->heap[0]];

        *pair_out = from->bytes + from->at;
        reading->is_behind = true;
        reading->is_taken = false;
    }
out:
    return err;
}

JET_ERR
ese_table__reading_next(ese_table__reading *reading, ese_bytes *key_out, ese_bytes *data_out,
                        bool *found_out)
{
    const uint8_t *pair = NULL;
    JET_ERR err = ese_table__reading_pair(reading, &pair);

    if (err < JET_errSuccess)
        return err;
    *found_out = pair != NULL;
    if (pair != NULL) {
        *key_out = ese_table__pair_key(pair);
        *data_out = ese_table__pair_data(pair);
    }
    return err;
}
