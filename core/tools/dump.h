/* The dump: rows of one table in one of three formats, and the lines of its indexes. */
#pragma once

#include "tools/tools.h"

/* What to dump, from the command line. */
typedef struct ese_tools__selection {
    char *columns;     /* names with commas between them, NULL = all */
    const char *index; /* NULL = primary order */
    const char **from; /* a value for each of the first columns of the index */
    unsigned n_from;
    const char **to;
    unsigned n_to;
    bool has_limit;
    uint64_t limit; /* rows of each table */
    bool with_indexes;
} ese_tools__selection;

struct ese_tools__format;

/* The rows of one table on their way out. */
typedef struct ese_tools__rows {
    ese_tools__out *out;
    const ese_tools__table *table;
    unsigned n_columns;
    const ese_tools__column **columns; /* the chosen ones, ascending id */
    ese_column *values;                /* beside them: the row at hand */
    bool is_only_table;
    void *state; /* of the format */
} ese_tools__rows;

typedef struct ese_tools__format {
    const char *name;
    void (*begin)(ese_tools__rows *rows);
    void (*row)(ese_tools__rows *rows);
    void (*end)(ese_tools__rows *rows);
} ese_tools__format;

extern const ese_tools__format ese_tools__jsonl, ese_tools__csv, ese_tools__grid;

/* dump_range.c: sets the index and the range; reports what is wrong. *found_out = false: there are no such rows. */
ese_tools__status ese_tools__choose_rows(const ese_tools__database *database,
                                         const ese_tools__table *table,
                                         const ese_tools__selection *selection, bool *found_out);

/* dump_indexes.c: one line for each secondary index. */
JET_ERR ese_tools__dump_indexes(const ese_tools__database *database, const ese_tools__table *table,
                                ese_tools__out *out);

/* dump_jsonl.c: hex digits of any number of bytes. */
void ese_tools__out_hex(ese_tools__out *out, const uint8_t *at, size_t size);

/* sha256.c */
typedef struct ese_tools__sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    uint8_t block[64];
} ese_tools__sha256;

void ese_tools__sha256_start(ese_tools__sha256 *hash);
void ese_tools__sha256_add(ese_tools__sha256 *hash, const void *bytes, size_t n);
void ese_tools__sha256_end(ese_tools__sha256 *hash, uint8_t digest[32]);
