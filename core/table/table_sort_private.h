/*
 * What table_sort_external.c and table_sort_merge.c share.
 *
 * A pair is stored as two sizes of two bytes, key and data.
 *
 * INV-1  A run in the file is sorted. Runs stand in the order in which their pairs came, the older ones are of higher levels, and of each level there are fewer
 *        than FAN_IN: as many as that become one of the next level. So a pair is written once for each power of FAN_IN, and a buffer for each run is
 *        affordable.
 */
#pragma once

#include "base/growbuf.h"
#include "os/os_file.h"
#include "table/table_sort.h"

enum {
    ESE_TABLE__PAIR_HEADER = 4,
    ESE_TABLE__PAIR_PART_MAX = 65535,
    ESE_TABLE__PAIR_MAX = ESE_TABLE__PAIR_HEADER + 2 * ESE_TABLE__PAIR_PART_MAX,
    ESE_TABLE__FAN_IN = 16,
    ESE_TABLE__RUNS_MAX = 8 * ESE_TABLE__FAN_IN, /* 16^8 runs are more than any disk holds */
    ESE_TABLE__SORT_PATH_MAX = 4096,
};

typedef struct ese_table__pair_entry {
    uint64_t prefix; /* first bytes of the key, big-endian: most comparisons look at nothing else */
    size_t offset;   /* of the pair in `pairs` */
} ese_table__pair_entry;

typedef struct ese_table__run {
    uint64_t start, end; /* in the file */
    unsigned level;
} ese_table__run;

struct ese_table__sorter {
    size_t budget;
    bool keeps_arrival;
    char path[ESE_TABLE__SORT_PATH_MAX];
    ese_os_file *file;
    uint64_t file_end;
    ese_growbuf pairs;
    ese_growbuf entries;
    ese_growbuf other; /* for sorting, and for what is written */
    ese_table__run runs[ESE_TABLE__RUNS_MAX];
    unsigned n_runs;
    ese_table__reading *reading; /* of ese_table__sorter_next */
};

static inline ese_bytes
ese_table__pair_key(const uint8_t *pair)
{
    return (ese_bytes){pair + ESE_TABLE__PAIR_HEADER, ese_load_le16(pair)};
}

static inline ese_bytes
ese_table__pair_data(const uint8_t *pair)
{
    return (ese_bytes){pair + ESE_TABLE__PAIR_HEADER + ese_load_le16(pair),
                       ese_load_le16(pair + 2)};
}

static inline size_t
ese_table__pair_size(const uint8_t *pair)
{
    return ESE_TABLE__PAIR_HEADER + (size_t)ese_load_le16(pair) + ese_load_le16(pair + 2);
}

/* By key, and by data where that counts; 0: whichever came first. */
static inline int
ese_table__pair_compare(const ese_table__sorter *sorter, const uint8_t *a, const uint8_t *b)
{
    int order = ese_bytes_compare(ese_table__pair_key(a), ese_table__pair_key(b));

    if (order != 0 || sorter->keeps_arrival)
        return order;
    return ese_bytes_compare(ese_table__pair_data(a), ese_table__pair_data(b));
}

/* ---- table_sort_merge.c */

/* Reads the runs from `first` on only. */
JET_ERR ese_table__reading_open_runs(const ese_table__sorter *sorter, unsigned first,
                                     ese_table__reading **reading_out);

/* The next pair as it is stored; NULL at the end. */
JET_ERR ese_table__reading_pair(ese_table__reading *reading, const uint8_t **pair_out);
