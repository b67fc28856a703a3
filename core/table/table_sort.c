/*
 * Merge sort of the rows of a temporary table: bottom up, stable, with one array of the same size beside the entries.
 * Input that is in order already costs one pass.
 */
#include "table/table_temp_private.h"

enum { RUN = 16 }; /* entries sorted by insertion before runs are merged */

uint64_t
ese_table__sort_prefix(ese_bytes key)
{
    uint8_t bytes[8] = {0};

    if (key.size != 0)
        memcpy(bytes, key.data, key.size < sizeof bytes ? key.size : sizeof bytes);
    return ese_load_be64(bytes);
}

static bool
is_greater(const ese_table__entry *a, const ese_table__entry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    return ese_bytes_compare(ese_table__row_key(a->row), ese_table__row_key(b->row)) > 0;
}

static bool
is_in_order(const ese_table__entry *entries, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (is_greater(&entries[i - 1], &entries[i]))
            return false;
    }
    return true;
}

static void
sort_run(ese_table__entry *entries, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        ese_table__entry entry = entries[i];
        size_t at = i;

        for (; at > 0 && is_greater(&entries[at - 1], &entry); at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

/* Merges from[0, middle) and from[middle, n) into `to`. */
static void
merge(const ese_table__entry *from, size_t middle, size_t n, ese_table__entry *to)
{
    size_t a = 0, b = middle;

    for (size_t i = 0; i < n; i++) {
        bool take_b = a == middle || (b < n && is_greater(&from[a], &from[b]));

        to[i] = take_b ? from[b++] : from[a++];
    }
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

JET_ERR
ese_table__sort(ese_table__entry *entries, size_t n)
{
    ese_table__entry *other = NULL;
    ese_table__entry *from = entries, *to;
    JET_ERR err = JET_errSuccess;

    if (is_in_order(entries, n))
        return JET_errSuccess;
    ESE_TRY(ese_alloc(n * sizeof *other, &other));
    for (size_t i = 0; i < n; i += RUN)
        sort_run(entries + i, least(RUN, n - i));
    to = other;
    for (size_t width = RUN; width < n; width *= 2) {
        ese_table__entry *swap = from;

        for (size_t i = 0; i < n; i += 2 * width)
            merge(from + i, least(width, n - i), least(2 * width, n - i), to + i);
        from = to;
        to = swap;
    }
    if (from != entries)
        memcpy(entries, from, n * sizeof *entries);
out:
    ese_free(&other);
    return err;
}
