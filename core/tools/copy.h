/*
 * Copying tables from one database to a new one, row by row: what `compact` and `repair` share.
 *
 * A table gets its records before its secondary indexes, which are then built at once. Values that are those of the default are left to
 * the default. Values of more than ESE_TOOLS__COPY_PIECE bytes go from one file to the other in pieces.
 *
 * A copy that salvages goes on where another one ends: what cannot be read, or not be written because what was read contradicts
 * itself, is left out and counted. Only what is about the target as a whole (no room, no memory) ends it.
 */
#pragma once

#include "tools/tools.h"

enum { ESE_TOOLS__COPY_PIECE = 1 << 20 };

typedef struct ese_tools__copy {
    ese_tools__database source;
    ese_tools__database target; /* in the instance and session of the source */
    ese_tools__progress progress;
    uint8_t *piece; /* ESE_TOOLS__COPY_PIECE bytes */
    bool does_salvage;
    bool is_doubtful; /* of the table that comes next: more may be missing than reading it tells */
} ese_tools__copy;

/* What became of a table. Everything behind n_rows is zero unless the copy salvages. */
typedef struct ese_tools__copied {
    uint64_t n_rows;
    uint64_t n_rows_missing;   /* that indexes of the source know of; there may be more */
    uint64_t n_rows_refused;   /* could be read, but not be inserted */
    uint64_t n_rows_duplicate; /* of them: with a key that another row has */
    uint64_t
        n_values_lost; /* could not be read at all: NULL now, or empty where there must be a value */
    uint64_t n_values_cut;      /* only their beginnings could be read */
    uint32_t n_indexes;         /* secondary ones that were built */
    uint32_t n_indexes_lost;    /* could not be built */
    uint32_t n_indexes_relaxed; /* unique ones that are not unique now */
    JET_ERR err;                /* why the table or the end of it was given up */
    char text[256];             /* about the first of these */
} ese_tools__copied;

/* A table on its way. */
typedef struct ese_tools__copying {
    ese_tools__copy *copy;
    ese_tools__table from, to;
    ese_column *values;
    bool *is_lost; /* of each column: not among the values of this row */
    JET_SETCOLUMN *sets;
    uint32_t sets_capacity;
    uint64_t n_bytes;  /* in the open transaction */
    bool is_at_source; /* where the last error of a row came from */
    ese_tools__copied *copied;
} ese_tools__copying;

/* ---- copy_schema.c */

ese_tools__status ese_tools__copy_create_table(ese_tools__copying *c, JET_GRBIT flags,
                                               const ese_tools__table *template_table);

/* Those that are not there yet. */
ese_tools__status ese_tools__copy_indexes(ese_tools__copying *c);

/* ---- copy_rows.c */

ese_tools__status ese_tools__copy_rows(ese_tools__copying *c);

/* ---- copy_missing.c */

/* After a problem with the source: which rows do its secondary indexes know that are not in the target? */
void ese_tools__copy_count_missing(ese_tools__copying *c);

/* ---- copy.c */

/* Both report the error when the copy does not salvage; when it does, they keep it as what the table is given up for. */
ese_tools__status ese_tools__copy_fail_source(ese_tools__copying *c, JET_ERR err);
ese_tools__status ese_tools__copy_fail_target(ese_tools__copying *c, JET_ERR err);

/* Keeps the text of an error that was just met, the first one of a table. */
void ese_tools__copy_note(ese_tools__copying *c, JET_ERR err);

/* Errors of the target that no other row or table would be spared from. */
bool ese_tools__copy_is_fatal(JET_ERR err);

/* One table with its rows and indexes; `flags` are JET_bitObject... */
ese_tools__status ese_tools__copy_table(ese_tools__copy *copy, const char *name, JET_GRBIT flags,
                                        ese_tools__copied *copied_out);

/* Cuts off what the last growth of the target left over; no matter if it cannot. */
void ese_tools__copy_give_back_room(ese_tools__copy *copy);
