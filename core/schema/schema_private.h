/* What the files of the schema layer share. */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "os/os_thread.h"
#include "record/record.h"
#include "schema/schema.h"

enum {
    ESE_SCHEMA__CATALOG_ROOT = 4,
    ESE_SCHEMA__CATALOG_OBJID = 2,
    ESE_SCHEMA__NAME_ROOT = 7, /* index of the catalog by table, type and name */
    ESE_SCHEMA__NAME_OBJID = 4,
    ESE_SCHEMA__ROOTS_ROOT = 10, /* index of the names of tables */
    ESE_SCHEMA__ROOTS_OBJID = 5,
    ESE_SCHEMA__SHADOW_ROOT = 24,
    ESE_SCHEMA__SHADOW_OBJID = 3,
    ESE_SCHEMA__CLOSED_MAX =
        64, /* descriptors kept although nobody holds them: JET_paramCachedClosedTables */
};

typedef enum ese_schema__row_type {
    ESE_SCHEMA__ROW_TABLE = 1,
    ESE_SCHEMA__ROW_COLUMN = 2,
    ESE_SCHEMA__ROW_INDEX = 3,
    ESE_SCHEMA__ROW_LONG_VALUE = 4,
    ESE_SCHEMA__ROW_CALLBACK = 5,
} ese_schema__row_type;

/* One row of MSysObjects; texts and binaries borrow from the page. Absent columns are 0 or empty.
 */
typedef struct ese_schema__row {
    uint32_t objid_table;
    uint16_t type;
    uint32_t id;
    uint32_t coltyp_or_pgno;
    uint32_t space_usage;
    uint32_t flags;
    uint32_t pages_or_locale;
    uint32_t record_offset;
    uint32_t lcmap_flags;
    uint32_t key_most;
    uint32_t lv_chunk;
    ese_bytes name, template_or_callback, default_value, key_columns, var_seg_mac, conditions,
        tuple_limits, version, sort_id, separate_lv, space_hints, lv_hints, locale;
} ese_schema__row;

JET_ERR ese_schema__row_decode(ese_bytes record, uint32_t page_size, ese_schema__row *row_out);

/* The largest record of the catalog: every text and binary as long as it can be. */
enum { ESE_SCHEMA__ROW_MAX = 4096 };

/* The record of a row, with the columns that the engine stores for its type. JET_errRecordTooBig: `room`. */
JET_ERR ese_schema__row_encode(const ese_schema__row *row, uint32_t page_size, uint8_t *to,
                               size_t room, size_t *size_out);

/* Keys of the entry that a row has in the catalog, and in its indexes: catalog specification, section 2. */
JET_ERR ese_schema__key_id(const ese_schema__row *row, ese_record_key *key_out);
JET_ERR ese_schema__key_name(const ese_schema__row *row, ese_record_key *key_out);
JET_ERR ese_schema__key_root(ese_bytes name_1252, ese_record_key *key_out);

/* A descriptor with its memory. */
typedef struct ese_schema__entry {
    ese_schema_table table; /* first: an entry is found from its table */
    ese_list link;          /* [lock: schema] most recently used last */
    uint32_t n_holders;     /* [lock: schema] */
    ese_arena arena;
    unsigned n_columns_max; /* own columns, while it is built */
    unsigned n_indexes_max;
    bool columns_complete;
    bool has_gap; /* of the copy of the catalog that it was made from something was left out */
} ese_schema__entry;

struct ese_schema {
    ese_cache_file *file;           /* [const] */
    ese_btree_db *db;               /* [const] NULL: attached read-only */
    ese_dbheader header;            /* [const] */
    const ese_btree_damage *damage; /* [const] */
    ese_os_mutex lock;
    ese_list entries;  /* [lock] */
    unsigned n_closed; /* [lock] entries without a holder */
};

typedef enum ese_schema__copy { ESE_SCHEMA__CATALOG, ESE_SCHEMA__SHADOW } ese_schema__copy;

/*
 * One of the two copies of the catalog as one operation reads it. In a damaged file it knows whether something was left out, so that
 * the other copy can be asked. Must not move while it is in use.
 */
typedef struct ese_schema__source {
    const ese_schema *schema;
    ese_btree tree;
    ese_btree_damage
        damage; /* what the tree is given in a damaged file: notes a gap and passes it on */
    bool has_gap;
} ese_schema__source;

void ese_schema__source_init(ese_schema__source *source, const ese_schema *schema,
                             ese_schema__copy copy);

/* A database can do without the shadow; what stands in it is then out of date. */
bool ese_schema__has_shadow(const ese_schema *schema);

/* A row of the page that the cursor stands on could not be understood: success when it may be left out, else the error naming the page. */
JET_ERR ese_schema__source_tolerate(ese_schema__source *source, const ese_btree_cursor *cursor,
                                    JET_ERR err);

/* Rows of one table: opens at the first, false at the end. */
typedef struct ese_schema__scan {
    ese_schema__source *source;
    ese_btree_cursor cursor;
    uint8_t prefix[5];
    bool started;
} ese_schema__scan;

void ese_schema__scan_start(ese_schema__scan *scan, ese_schema__source *source, uint32_t objid);
JET_ERR ese_schema__scan_next(ese_schema__scan *scan, bool *found_out, ese_schema__row *row_out);
void ese_schema__scan_end(ese_schema__scan *scan);

typedef enum ese_schema__role {
    ESE_SCHEMA__ANY_TABLE,
    ESE_SCHEMA__TEMPLATE, /* must not be derived itself: a chain of templates could be a cycle */
} ese_schema__role;

/* As ese_schema_table_open, for a table in that role. */
JET_ERR ese_schema__table_open(ese_schema *schema, const char *name, ese_schema__role role,
                               ese_schema_table **table_out);

/* Reads the rows of table `objid` into a new entry with no holder, in no list. */
JET_ERR ese_schema__build(ese_schema *schema, uint32_t objid, ese_schema__role role,
                          ese_schema__entry **entry_out);
void ese_schema__entry_destroy(ese_schema__entry **entry_inout);

/* Index rows; the columns and the template of `table` are complete. */
JET_ERR ese_schema__build_index(const ese_schema *schema, const ese_schema_table *table,
                                ese_arena *arena, const ese_schema__row *row,
                                ese_schema_index *index_out);

/* Copies catalog text as a NUL-terminated UTF-8 string. */
JET_ERR ese_schema__text(ese_arena *arena, ese_bytes cp1252, const char **text_out);

/* Case-insensitive comparison of names (ASCII letters), as the catalog orders them. */
int ese_schema__compare_names(const char *a, const char *b);

/* A finding about the catalog: JET_errCatalogCorrupted with file and table in the text. */
JET_ERR ese_schema__corrupted(const ese_schema *schema, uint32_t objid, const char *what);

/* The same, once the name of the table is known. */
JET_ERR ese_schema__corrupted_table(const ese_schema *schema, const ese_schema_table *table,
                                    const char *what);

void ese_schema__hints_decode(ese_bytes stored, unsigned first_field, JET_SPACEHINTS *hints_out);
