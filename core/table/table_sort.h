/*
 * Sorting more than memory holds: pairs of key and data come in any order and go out by key, then by data. What is more than the budget goes to a file, in sorted runs
 * that are merged.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

typedef struct ese_table__sorter ese_table__sorter;

/*
 * `budget`: bytes of pairs in memory; at most two and a half times that is in use. The file is made when it is needed, in the folder of `path`, and has
 * no name for long.
 */
JET_ERR ese_table__sorter_create(size_t budget, const char *path, ese_table__sorter **sorter_out);
void ese_table__sorter_destroy(ese_table__sorter **sorter_inout);

/* A key or data of more than 65535 bytes is JET_errInvalidParameter. */
JET_ERR ese_table__sorter_add(ese_table__sorter *sorter, ese_bytes key, ese_bytes data);

/* All pairs are there: now they come out. */
JET_ERR ese_table__sorter_finish(ese_table__sorter *sorter);

/* The next pair, borrowed until the one after it; *found_out = false at the end. */
JET_ERR ese_table__sorter_next(ese_table__sorter *sorter, ese_bytes *key_out, ese_bytes *data_out,
                               bool *found_out);
