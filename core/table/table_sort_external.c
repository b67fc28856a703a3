/*
 * Collecting pairs in memory, sorting them, and writing them out in runs when there are more than the budget allows.
 *
 * The sort in memory is a merge sort, bottom up and stable, of an array beside the pairs. Input that is in order already costs one pass.
 */
#include "table/table_sort_private.h"

#include "os/os_system.h"

#include <stdio.h>

enum {
    RUN_SORTED_BY_INSERTION = 16,
    BUDGET_MIN = 1 << 10,
    WRITE_SIZE = 1 << 20,
};

typedef ese_table__pair_entry entry;

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
    sorter->budget = budget < BUDGET_MIN ? BUDGET_MIN : budget;
    sorter->pairs = ese_growbuf_make(sorter->budget + ESE_TABLE__PAIR_MAX);
    sorter->entries = ese_growbuf_make(SIZE_MAX);
    sorter->other = ese_growbuf_make(SIZE_MAX);
    *sorter_out = sorter;
    return err;
}

void
ese_table__sorter_destroy(ese_table__sorter **sorter_inout)
{
    ese_table__sorter *sorter = *sorter_inout;

    if (sorter == NULL)
        return;
    ese_table__reading_close(&sorter->reading);
    ese_os_file_close(&sorter->file);
    ese_growbuf_destroy(&sorter->pairs);
    ese_growbuf_destroy(&sorter->entries);
    ese_growbuf_destroy(&sorter->other);
    ese_free(sorter_inout);
}

void
ese_table__sorter_keep_arrival(ese_table__sorter *sorter)
{
    sorter->keeps_arrival = true;
}

size_t
ese_table__sorter_size(const ese_table__sorter *sorter)
{
    return sorter->n_runs != 0 ? SIZE_MAX : sorter->pairs.size + sorter->entries.size;
}

/* ---- sorting in memory */

static bool
is_greater(const ese_table__sorter *sorter, const entry *a, const entry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    return ese_table__pair_compare(sorter, sorter->pairs.data + a->offset,
                                   sorter->pairs.data + b->offset) > 0;
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

    ESE_TRY(ese_growbuf_append(&sorter->other, pair, ese_table__pair_size(pair)));
    if (sorter->other.size >= WRITE_SIZE)
        ESE_TRY(write_out(sorter));
out:
    return err;
}

/* The pairs in memory become a run. There is a place for it. */
static JET_ERR
write_run(ese_table__sorter *sorter)
{
    size_t n = sorter->entries.size / sizeof(entry);
    ese_table__run made = {.start = sorter->file_end};
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

/* The runs from `first` on become one. */
static JET_ERR
merge_runs(ese_table__sorter *sorter, unsigned first)
{
    ese_table__run made = {.start = sorter->file_end, .level = sorter->runs[first].level + 1};
    ese_table__reading *reading = NULL;
    const uint8_t *pair = NULL;
    JET_ERR err;

    ESE_TRY(ese_table__reading_open_runs(sorter, first, &reading));
    ese_growbuf_clear(&sorter->other);
    do {
        ESE_TRY(ese_table__reading_pair(reading, &pair));
        if (pair != NULL)
            ESE_TRY(write_pair(sorter, pair));
    } while (pair != NULL);
    ESE_TRY(write_out(sorter));
    made.end = sorter->file_end;
    sorter->runs[first] = made;
    sorter->n_runs = first + 1;
out:
    ese_table__reading_close(&reading);
    return err;
}

/* Makes room for one more run: INV-1 of table_sort_private.h. */
static JET_ERR
merge_full_levels(ese_table__sorter *sorter)
{
    const unsigned fan_in = ESE_TABLE__FAN_IN;
    JET_ERR err = JET_errSuccess;

    while (sorter->n_runs >= fan_in &&
           sorter->runs[sorter->n_runs - fan_in].level == sorter->runs[sorter->n_runs - 1].level)
        ESE_TRY(merge_runs(sorter, sorter->n_runs - fan_in));
out:
    return err;
}

/* ---- in and out */

static JET_ERR
add_to_memory(ese_table__sorter *sorter, ese_bytes key, ese_bytes data)
{
    const entry added = {ese_table__sort_prefix(key), sorter->pairs.size};
    uint8_t header[ESE_TABLE__PAIR_HEADER];
    JET_ERR err;

    ese_store_le16(header, (uint16_t)key.size);
    ese_store_le16(header + 2, (uint16_t)data.size);
    ESE_TRY(ese_growbuf_append(&sorter->pairs, header, sizeof header));
    ESE_TRY(ese_growbuf_append(&sorter->pairs, key.data, key.size));
    ESE_TRY(ese_growbuf_append(&sorter->pairs, data.data, data.size));
    ESE_TRY(ese_growbuf_append(&sorter->entries, &added, sizeof added));
    return err;
out:
    sorter->pairs.size = added.offset;
    return err;
}

JET_ERR
ese_table__sorter_add(ese_table__sorter *sorter, ese_bytes key, ese_bytes data)
{
    size_t size = ESE_TABLE__PAIR_HEADER + key.size + data.size;
    JET_ERR err = JET_errSuccess;

    if (key.size > ESE_TABLE__PAIR_PART_MAX || data.size > ESE_TABLE__PAIR_PART_MAX)
        return ese_raise(JET_errInvalidParameter, "%zu bytes are too long to be sorted",
                         key.size + data.size);
    if (sorter->pairs.size + sorter->entries.size + size > sorter->budget &&
        sorter->entries.size != 0) {
        ESE_TRY(merge_full_levels(sorter));
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
    if (sorter->entries.size != 0) {
        ESE_TRY(merge_full_levels(sorter));
        ESE_TRY(write_run(sorter));
    }
    ese_growbuf_destroy(&sorter->pairs);
    ese_growbuf_destroy(&sorter->entries);
    ese_growbuf_destroy(&sorter->other);
out:
    return err;
}

JET_ERR
ese_table__sorter_next(ese_table__sorter *sorter, ese_bytes *key_out, ese_bytes *data_out,
                       bool *found_out)
{
    JET_ERR err = JET_errSuccess;

    if (sorter->reading == NULL)
        ESE_TRY(ese_table__reading_open(sorter, &sorter->reading));
    ESE_TRY(ese_table__reading_next(sorter->reading, key_out, data_out, found_out));
out:
    return err;
}
