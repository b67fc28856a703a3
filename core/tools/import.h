/*
 * What `ese import` is made of: JSON, records from jsonl or csv, what columns they need, and descriptions of tables.
 */
#pragma once

#include "tools/tools.h"

#include <stdio.h>

/* ---- import_json.c: a document, decoded in place ---- */

typedef enum ese_tools__json_type {
    ESE_TOOLS__JSON_NULL,
    ESE_TOOLS__JSON_FALSE,
    ESE_TOOLS__JSON_TRUE,
    ESE_TOOLS__JSON_NUMBER,
    ESE_TOOLS__JSON_STRING,
    ESE_TOOLS__JSON_ARRAY,
    ESE_TOOLS__JSON_OBJECT,
} ese_tools__json_type;

/* Of a number its digits, of a string its characters: UTF-8, lone surrogates encoded like any other character. */
typedef struct ese_tools__json {
    ese_tools__json_type type;
    const char *name; /* of a member, ending in NUL */
    const char *text;
    size_t size;
    uint32_t first; /* item or member: its number in the document; 0 = none */
    uint32_t next;
} ese_tools__json;

typedef struct ese_tools__document {
    ese_tools__json *values; /* the first one is the document; kept for the next one */
    uint32_t n_values;
    uint32_t capacity;
} ese_tools__document;

/* Writes into `text`, on which the values live, and which has room for a NUL behind it. NULL, or what is wrong. */
const char *ese_tools__json_parse(ese_tools__document *document, char *text, size_t size);
void ese_tools__json_free(ese_tools__document *document);

/* NULL when there is none. */
const ese_tools__json *ese_tools__json_first(const ese_tools__document *document,
                                             const ese_tools__json *of);
const ese_tools__json *ese_tools__json_next(const ese_tools__document *document,
                                            const ese_tools__json *after);
const ese_tools__json *ese_tools__json_member(const ese_tools__document *document,
                                              const ese_tools__json *object, const char *name);

/* ---- import_source.c: records of a file ---- */

typedef enum ese_tools__cell_kind {
    ESE_TOOLS__CELL_NULL,
    ESE_TOOLS__CELL_TEXT, /* of csv any value */
    ESE_TOOLS__CELL_NUMBER,
    ESE_TOOLS__CELL_BIT,   /* "true" or "false" */
    ESE_TOOLS__CELL_REAL,  /* hexadecimal, "inf", "nan" */
    ESE_TOOLS__CELL_BYTES, /* hex digits of the value as it is stored */
} ese_tools__cell_kind;

/* A value of a column. */
typedef struct ese_tools__cell {
    const char *column;
    uint32_t itag; /* from 1 */
    bool is_list;  /* given as one of several */
    ese_tools__cell_kind kind;
    const char *text;
    size_t size;
} ese_tools__cell;

typedef struct ese_tools__record {
    ese_tools__cell *cells; /* valid until the next record */
    uint32_t n_cells;
    uint32_t capacity;
} ese_tools__record;

typedef struct ese_tools__source {
    const char *path; /* for messages */
    FILE *file;
    const char *table; /* lines of a dump that are about another table are passed over */
    bool is_csv;
    uint64_t line;
    char *text; /* of the record at hand */
    size_t room;
    ese_tools__document document;
    char **names; /* csv: of the columns */
    uint32_t n_names;
} ese_tools__source;

/* `path` "-" is standard input, which is copied to a temporary file so that it can be read twice. */
ese_tools__status ese_tools__source_open(ese_tools__source *source, const char *path, bool is_csv);
void ese_tools__source_close(ese_tools__source *source);
ese_tools__status ese_tools__source_rewind(ese_tools__source *source);

/* The next record; *found_out = false at the end. Reports what is wrong, with the line. */
ese_tools__status ese_tools__source_next(ese_tools__source *source, ese_tools__record *record,
                                         bool *found_out);

/* "ese: FILE: line N: text"; ESE_TOOLS__FAILED. */
ese_tools__status ese_tools__source_complain(const ese_tools__source *source, const char *format,
                                             ...) ESE_TOOLS__PRINTF(2, 3);

/* import_csv.c: the next record, in `text`; false at the end. `cells` have no columns yet. NULL in *wrong_out, or what is wrong. */
bool ese_tools__csv_read(ese_tools__source *source, ese_tools__record *record,
                         const char **wrong_out);
ese_tools__cell *ese_tools__record_add(ese_tools__record *record);

/* ---- import_table.c: the table to write into ---- */

/* Makes the table as the records of the source need it; `key` is the column of its primary index, or NULL. */
ese_tools__status ese_tools__table_infer(const ese_tools__database *database, const char *name,
                                         ese_tools__source *source, const char *key);

/* Makes the table as a line of `ese schema --json` says, which the file begins with. */
ese_tools__status ese_tools__table_from_schema(const ese_tools__database *database,
                                               const char *name, const char *schema_path,
                                               const char *key);
