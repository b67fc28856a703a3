/*
 * The random workload, in parts: workload_model.c knows what every row must hold, workload_schema.c makes the tables and changes them, workload_change.c changes rows,
 * workload_check.c compares, workload.c has the transactions and threads.
 *
 * Every value is a function of (row it was first written for, column, version), so the model of a row is a few numbers and no value is kept.
 * Each thread has its own rows (number modulo threads) of tables that all share: pages and indexes are contended, and the model of each thread is its own.
 */
#pragma once

#include "esent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum table_number {
    ROWS,    /* every kind of column and index */
    PLAIN,   /* fixed and variable columns only, which every reader of such files knows */
    DERIVED, /* of a template table */
    N_TABLES
} table_number;

typedef enum column_number {
    NUMBER,  /* Long, may be NULL */
    GRADE,   /* Long with a default */
    UNIQUE,  /* LongLong */
    NAME,    /* Text, code page 1252 */
    UNICODE, /* Text, code page 1200 */
    DATA,    /* Binary */
    TAGS,    /* Long, multi-valued */
    LABELS,  /* Text, multi-valued */
    MEMO,    /* LongText, code page 1252, compressed */
    STORY,   /* LongText, code page 1200, compressed */
    BLOB,    /* LongBinary, changed in pieces */
    N_COLUMNS
} column_number;

/* What the engine itself counts, in ROWS. */
typedef enum counter_number {
    SERIAL,  /* autoincrement */
    CHANGES, /* version column */
    BALANCE, /* escrow column */
    N_COUNTERS
} counter_number;

enum {
    VALUES_MAX = 5, /* of a multi-valued column */
    EDITS_MAX = 4,  /* of a long value after it was set */
    VALUE_SIZE_MAX = 400000,
    LEVELS_MAX = 3,
    DEFAULT_GRADE = 42,
    N_INDEXES_MAX = 16
};

typedef struct cell {
    uint32_t origin; /* id of the row it was first written for; a copied row keeps it */
    uint32_t version;
} cell;

/* A long value changed in place: `size` bytes written at `at`; size 0: cut or filled up to `at` bytes. */
typedef struct edit {
    uint32_t at, size, version;
} edit;

typedef struct row {
    bool exists;
    uint32_t n_edits;
    edit edits[EDITS_MAX];
    cell cells[N_COLUMNS];
    int32_t counters[N_COUNTERS];
} row;

/* A row as it was before a level changed it. */
typedef struct saved {
    table_number table;
    uint32_t number;
    row before;
} saved;

typedef struct settings {
    const char *path;
    const char *log_folder; /* NULL: no log */
    uint32_t log_size;      /* KB of each file */
    uint64_t seed;
    uint64_t n_operations;
    uint32_t page_size;
    uint32_t n_threads;
    uint32_t n_rows; /* of one thread, in each table */
    uint32_t check_every;
} settings;

typedef struct cursor {
    JET_TABLEID tableid;
    JET_COLUMNID id, columns[N_COLUMNS], counters[N_COUNTERS];
} cursor;

typedef struct worker {
    const settings *options;
    uint32_t number;
    uint64_t random;
    JET_SESID sesid;
    JET_DBID dbid;
    cursor cursors[N_TABLES];
    JET_TABLEID total; /* one row that all threads add to */
    JET_COLUMNID total_sum;
    int64_t added;
    row *rows[N_TABLES];
    saved *undo; /* of the open transaction, oldest first */
    size_t n_undo, undo_capacity;
    struct {
        size_t n_undo;
        int64_t added;
    } levels[LEVELS_MAX + 1];
    uint64_t n_operations, n_transactions, n_schema_changes, n_conflicts;
    uint8_t *expected, *found; /* room for a value each */
    int *counts;               /* of entries, a row each */
    uint32_t next_version;
} worker;

/* ---- workload_model.c */

extern const char *const table_names[N_TABLES];
extern const char *const column_names[N_COLUMNS];
extern const char *const counter_names[N_COUNTERS];

/* Ends the program: the first difference is the one to look at. */
void fail(const worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void must(const worker *w, JET_ERR err, const char *call);

#define MUST(w, call) must((w), (call), #call)

uint64_t mix(uint64_t x);
uint32_t below(worker *w, uint32_t n);

bool has_column(table_number table, column_number column);
int32_t id_of(const worker *w, uint32_t number);
row *row_of(const worker *w, table_number table, uint32_t number);

/* The value of a single-valued column; false: NULL. */
bool make_value(const worker *w, const row *r, column_number column, uint8_t *to, size_t *size_out);

/* One value of a multi-valued column; values of a row are distinct. */
unsigned count_values(const worker *w, const row *r, column_number column);
size_t make_one(const worker *w, const row *r, column_number column, unsigned i, uint8_t *to);

/* The bytes that an edit writes. */
void make_edit(const edit *change, uint8_t *to);

/* Notes how a row is, before it changes. */
row *touch(worker *w, table_number table, uint32_t number);
void undo_to(worker *w, size_t n);

/* ---- workload_schema.c */

unsigned count_indexes(table_number table);
const char *index_name(table_number table, unsigned index);

/* How many entries a row has in an index; -1: some. */
int count_entries(const worker *w, table_number table, unsigned index, const row *r);

void create_tables(worker *w);
void open_tables(worker *w);

/* Changes that leave the schema as it was: with one thread also to the tables that the rows are in. */
void change_schema(worker *w);

/* ---- workload_change.c */

void change_row(worker *w);

/* ---- workload_check.c */

bool seek_row(worker *w, table_number table, uint32_t number);
void check_row(worker *w, table_number table, uint32_t number);

/* All rows, and as many indexes of each table, drawn at random. Returns the number of rows. */
uint64_t check_tables(worker *w, unsigned n_indexes);
