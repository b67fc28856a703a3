/*
 * A pair is stored as two sizes of two bytes, key and data. In memory an array beside the pairs is sorted, whose entries begin with the first bytes of the keys, so that
 * most comparisons look at nothing else.
 *
 * INV-1  A run in the file is sorted. Runs are merged into one when there are RUNS_MAX of them, so that a buffer for each is always affordable.
 */
#include "table/table_sort.h"

#include "base/growbuf.h"
#include "os/os_file.h"
#include "os/os_system.h"

#include <stdio.h>

enum {
    HEADER_SIZE = 4,
    SIZE_MAX_16 = 65535,
    PAIR_MAX = HEADER_SIZE + 2 * SIZE_MAX_16,
    RUN_SORTED_BY_INSERTION = 16,
    RUNS_MAX = 64,
    BUFFER_MIN = PAIR_MAX,
    WRITE_SIZE = 1 << 20,
    PATH_MAX_SIZE = 4096,
};

typedef struct entry {
    uint64_t prefix; /* first bytes of the key, big-endian */
    size_t offset;   /* of the pair in `pairs` */
} entry;

/* A sorted run in the file, and the part of it that is in memory while it is merged. */
typedef struct run {
    uint64_t start, end;
    uint64_t next;  /* what is to be read next */
    uint8_t *bytes; /* buffer: `at` to `size` has not been merged */
    size_t at, size;
} run;

struct ese_table__sorter {
    size_t budget;
    char path[PATH_MAX_SIZE];
    ese_os_file *file;
    uint64_t file_end;
    ese_growbuf pairs;
    ese_growbuf entries;
    ese_growbuf other; /* for sorting, and for what is written */
    run runs[RUNS_MAX];
    unsigned n_runs;
    size_t buffer_size; /* of each run while they are merged */
    size_t next;        /* in memory: the entry to come out next */
    int last_run;       /* while runs are merged: where the last pair came from, -1 = none */
};

JET_ERR
ese_table__sorter_create(size_t budget, const char *path, ese_table__sorter **sorter_out)
{
    ese_table__sorter *sorter = NULL;
    int n;
    JET_ERR err = ese_alloc(sizeof *sorter, &sorter);

    if (err < JET_errSuccess)
        return err;
    n = snprintf(sorter->path, sizeof sorter->path, "%s.%016llx.sort", path,
                 (unsigned long long)ese_os_random());
    if (n < 0 || (size_t)n >= sizeof sorter->path) {
        ese_free(&sorter);
        return ese_raise(JET_errInvalidPath, "the path of the database is too long");
    }
    sorter->budget = budget < PAIR_MAX ? PAIR_MAX : budget;
    sorter->pairs = ese_growbuf_make(sorter->budget + PAIR_MAX);
    sorter->entries = ese_growbuf_make(SIZE_MAX);
    sorter->other = ese_growbuf_make(SIZE_MAX);
    sorter->last_run = -1;
    *sorter_out = sorter;
    return err;
}

static void
free_buffers(ese_table__sorter *sorter)
{
    for (unsigned i = 0; i < sorter->n_runs; i++)
        ese_free(&sorter->runs[i].bytes);
}

void
ese_table__sorter_destroy(ese_table__sorter **sorter_inout)
{
    ese_table__sorter *sorter = *sorter_inout;

    if (sorter == NULL)
        return;
    free_buffers(sorter);
    ese_os_file_close(&sorter->file);
    ese_growbuf_destroy(&sorter->pairs);
    ese_growbuf_destroy(&sorter->entries);
    ese_growbuf_destroy(&sorter->other);
    ese_free(sorter_inout);
}

/* ---- pairs */

static ese_bytes
key_of(const uint8_t *pair)
{
    return (ese_bytes){pair + HEADER_SIZE, ese_load_le16(pair)};
}

static ese_bytes
data_of(const uint8_t *pair)
{
    return (ese_bytes){pair + HEADER_SIZE + ese_load_le16(pair), ese_load_le16(pair + 2)};
}

static size_t
size_of(const uint8_t *pair)
{
    return HEADER_SIZE + (size_t)ese_load_le16(pair) + ese_load_le16(pair + 2);
}

static int
compare_pairs(const uint8_t *a, const uint8_t *b)
{
    int order = ese_bytes_compare(key_of(a), key_of(b));

    return order != 0 ? order : ese_bytes_compare(data_of(a), data_of(b));
}

static uint64_t
prefix_of(ese_bytes key)
{
    uint8_t bytes[8] = {0};

    if (key.size != 0)
        memcpy(bytes, key.data, key.size < sizeof bytes ? key.size : sizeof bytes);
    return ese_load_be64(bytes);
}

/* ---- sorting in memory */

static bool
is_greater(const ese_table__sorter *sorter, const entry *a, const entry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    return compare_pairs(sorter->pairs.data + a->offset, sorter->pairs.data + b->offset) > 0;
}

static void
sort_by_insertion(const ese_table__sorter *sorter, entry *entries, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        entry moved = entries[i];
        size_t at = i;

        for (; at > 0 && is_greater(sorter, &entries[at - 1], &moved); at--)
            entries[at] = entries[at - 1];
        entries[at] = moved;
    }
}

/* Merges from[0, middle) and from[middle, n) into `to`. */
static void
merge(const ese_table__sorter *sorter, const entry *from, size_t middle, size_t n, entry *to)
{
    size_t a = 0, b = middle;

    for (size_t i = 0; i < n; i++) {
        bool take_b = a == middle || (b < n && is_greater(sorter, &from[a], &from[b]));

        to[i] = take_b ? from[b++] : from[a++];
    }
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool
is_in_order(const ese_table__sorter *sorter, const entry *entries, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (is_greater(sorter, &entries[i - 1], &entries[i]))
            return false;
    }
    return true;
}

static JET_ERR
sort_entries(ese_table__sorter *sorter)
{
    size_t n = sorter->entries.size / sizeof(entry);
    entry *from = (void *)sorter->entries.data, *to;
    JET_ERR err = JET_errSuccess;

    if (is_in_order(sorter, from, n))
        return err;
    ESE_TRY(ese_growbuf_reserve(&sorter->other, n * sizeof(entry)));
    to = (void *)sorter->other.data;
    for (size_t i = 0; i < n; i += RUN_SORTED_BY_INSERTION)
        sort_by_insertion(sorter, from + i, least(RUN_SORTED_BY_INSERTION, n - i));
    for (size_t width = RUN_SORTED_BY_INSERTION; width < n; width *= 2) {
        entry *swap = from;

        for (size_t i = 0; i < n; i += 2 * width)
            merge(sorter, from + i, least(width, n - i), least(2 * width, n - i), to + i);
        from = to;
        to = swap;
    }
    if ((void *)from != sorter->entries.data)
        memcpy(sorter->entries.data, from, n * sizeof *from);
out:
    return err;
}

/* ---- runs in the file */

static JET_ERR
open_file(ese_table__sorter *sorter)
{
    if (sorter->file != NULL)
        return JET_errSuccess;
    return ese_os_file_open_for(sorter->path, ESE_OS_FILE_TEMPORARY, &sorter->file);
}

static JET_ERR
write_out(ese_table__sorter *sorter)
{
    ese_growbuf *out = &sorter->other;
    JET_ERR err = ese_os_file_write(sorter->file, sorter->file_end, out->data, out->size);

    if (err >= JET_errSuccess)
        sorter->file_end += out->size;
    ese_growbuf_clear(out);
    return err;
}

/* Appends a pair to the run that is being written. */
static JET_ERR
write_pair(ese_table__sorter *sorter, const uint8_t *pair)
{
    JET_ERR err;

    ESE_TRY(ese_growbuf_append(&sorter->other, pair, size_of(pair)));
    if (sorter->other.size >= WRITE_SIZE)
        ESE_TRY(write_out(sorter));
out:
    return err;
}

/* The pairs in memory become a run. */
static JET_ERR
write_run(ese_table__sorter *sorter)
{
    size_t n = sorter->entries.size / sizeof(entry);
    run made = {.start = sorter->file_end};
    JET_ERR err;

    ESE_TRY(open_file(sorter));
    ESE_TRY(sort_entries(sorter));
    ese_growbuf_clear(&sorter->other);
    for (size_t i = 0; i < n; i++) {
        const entry *entries = (const void *)sorter->entries.data;

        ESE_TRY(write_pair(sorter, sorter->pairs.data + entries[i].offset));
    }
    ESE_TRY(write_out(sorter));
    made.end = sorter->file_end;
    sorter->runs[sorter->n_runs++] = made;
    ese_growbuf_clear(&sorter->pairs);
    ese_growbuf_clear(&sorter->entries);
out:
    return err;
}

/* What is left in the buffer moves to its start, and more of the run comes behind it. */
static JET_ERR
fill_buffer(ese_table__sorter *sorter, run *from)
{
    uint64_t left = from->end - from->next;
    size_t kept = from->size - from->at;
    size_t n;
    JET_ERR err = JET_errSuccess;

    memmove(from->bytes, from->bytes + from->at, kept);
    from->at = 0;
    from->size = kept;
    n = left < sorter->buffer_size - kept ? (size_t)left : sorter->buffer_size - kept;
    if (n != 0)
        err = ese_os_file_read(sorter->file, from->next, from->bytes + kept, n);
    if (err >= JET_errSuccess) {
        from->next += n;
        from->size += n;
    }
    return err;
}

/* Is the next pair of the run in its buffer, or at the end? */
static bool
has_pair(const run *from)
{
    size_t there = from->size - from->at;

    return from->next == from->end ||
           (there >= HEADER_SIZE && there >= size_of(from->bytes + from->at));
}

static bool
is_at_end(const run *from)
{
    return from->at == from->size && from->next == from->end;
}

static JET_ERR
start_merge(ese_table__sorter *sorter)
{
    JET_ERR err = JET_errSuccess;

    sorter->buffer_size = sorter->budget / sorter->n_runs;
    if (sorter->buffer_size < BUFFER_MIN)
        sorter->buffer_size = BUFFER_MIN;
    for (unsigned i = 0; i < sorter->n_runs; i++) {
        run *from = &sorter->runs[i];

        from->next = from->start;
        from->at = from->size = 0;
        ESE_TRY(ese_alloc(sorter->buffer_size, &from->bytes));
        ESE_TRY(fill_buffer(sorter, from));
    }
    sorter->last_run = -1;
out:
    return err;
}

/* The smallest of the next pairs of all runs; it stays in its buffer until the next call. */
static JET_ERR
next_of_runs(ese_table__sorter *sorter, const uint8_t **pair_out)
{
    const uint8_t *smallest = NULL;
    JET_ERR err = JET_errSuccess;

    if (sorter->last_run >= 0) {
        run *last = &sorter->runs[sorter->last_run];

        last->at += size_of(last->bytes + last->at);
        if (!has_pair(last))
            ESE_TRY(fill_buffer(sorter, last));
        sorter->last_run = -1;
    }
    for (unsigned i = 0; i < sorter->n_runs; i++) {
        const run *from = &sorter->runs[i];

        if (is_at_end(from) ||
            (smallest != NULL && compare_pairs(from->bytes + from->at, smallest) >= 0))
            continue;
        smallest = from->bytes + from->at;
        sorter->last_run = (int)i;
    }
    *pair_out = smallest;
out:
    return err;
}

/* All runs become one. */
static JET_ERR
merge_runs(ese_table__sorter *sorter)
{
    run made = {.start = sorter->file_end};
    const uint8_t *pair = NULL;
    JET_ERR err;

    ESE_TRY(start_merge(sorter));
    ese_growbuf_clear(&sorter->other);
    do {
        ESE_TRY(next_of_runs(sorter, &pair));
        if (pair != NULL)
            ESE_TRY(write_pair(sorter, pair));
    } while (pair != NULL);
    ESE_TRY(write_out(sorter));
    made.end = sorter->file_end;
    free_buffers(sorter);
    sorter->runs[0] = made;
    sorter->n_runs = 1;
out:
    return err;
}

/* ---- in and out */

static JET_ERR
add_to_memory(ese_table__sorter *sorter, ese_bytes key, ese_bytes data)
{
    const entry added = {prefix_of(key), sorter->pairs.size};
    uint8_t header[HEADER_SIZE];
    JET_ERR err;

    ese_store_le16(header, (uint16_t)key.size);
    ese_store_le16(header + 2, (uint16_t)data.size);
    ESE_TRY(ese_growbuf_append(&sorter->pairs, header, sizeof header));
    ESE_TRY(ese_growbuf_append(&sorter->pairs, key.data, key.size));
    ESE_TRY(ese_growbuf_append(&sorter->pairs, data.data, data.size));
    ESE_TRY(ese_growbuf_append(&sorter->entries, &added, sizeof added));
out:
    return err;
}

JET_ERR
ese_table__sorter_add(ese_table__sorter *sorter, ese_bytes key, ese_bytes data)
{
    size_t size = HEADER_SIZE + key.size + data.size;
    JET_ERR err = JET_errSuccess;

    if (key.size > SIZE_MAX_16 || data.size > SIZE_MAX_16)
        return ese_raise(JET_errInvalidParameter, "%zu bytes are too long to be sorted",
                         key.size + data.size);
    if (sorter->pairs.size + sorter->entries.size + size > sorter->budget &&
        sorter->entries.size != 0) {
        if (sorter->n_runs == RUNS_MAX - 1)
            ESE_TRY(merge_runs(sorter));
        ESE_TRY(write_run(sorter));
    }
    ESE_TRY(add_to_memory(sorter, key, data));
out:
    return err;
}

JET_ERR
ese_table__sorter_finish(ese_table__sorter *sorter)
{
    JET_ERR err = JET_errSuccess;

    if (sorter->n_runs == 0) {
        ESE_TRY(sort_entries(sorter));
        return err;
    }
    ESE_TRY(write_run(sorter));
    ese_growbuf_destroy(&sorter->pairs);
    ese_growbuf_destroy(&sorter->entries);
    ESE_TRY(start_merge(sorter));
out:
    return err;
}

JET_ERR
ese_table__sorter_next(ese_table__sorter *sorter, ese_bytes *key_out, ese_bytes *data_out,
                       bool *found_out)
{
    const uint8_t *pair = NULL;
    JET_ERR err = JET_errSuccess;

    if (sorter->n_runs != 0) {
        ESE_TRY(next_of_runs(sorter, &pair));
    } else if (sorter->next < sorter->entries.size / sizeof(entry)) {
        const entry *entries = (const void *)sorter->entries.data;

        pair = sorter->pairs.data + entries[sorter->next++].offset;
    }
    *found_out = pair != NULL;
    if (pair != NULL) {
        *key_out = key_of(pair);
        *data_out = data_of(pair);
    }
out:
    return err;
}
