/*
 * The catalog: what tables, columns and indexes a database has. Descriptors are read once from
 * MSysObjects (or its shadow, when a damaged file is read) and shared by all cursors.
 *
 * INV-1  A descriptor does not change, but for the tree of long values that a table gets with its first one, and lives while somebody holds it.
 * INV-2  What a descriptor says is consistent: offsets of fixed columns fit a record, segments name
 * columns of the table.
 *
 * Format: catalog specification.
 */
#pragma once

#include "btree/btree.h"
#include "page/page_dbheader.h"
#include "record/record_key.h"

#include <stdatomic.h>

enum {
    ESE_SCHEMA_NAME_MAX = 64, /* characters of a name */
    ESE_SCHEMA_TEMPLATE_ID =
        INT32_MIN, /* bit of a JET_COLUMNID that marks a column of a template table */
};

/* Catalog flags of a column; catalog specification 3.2. */
typedef enum ese_schema_column_flag {
    ESE_SCHEMA_NOT_NULL = 0x1,
    ESE_SCHEMA_VERSION = 0x2,
    ESE_SCHEMA_AUTOINCREMENT = 0x4,
    ESE_SCHEMA_MULTI_VALUED = 0x8,
    ESE_SCHEMA_DEFAULT = 0x10,
    ESE_SCHEMA_ESCROW_UPDATE = 0x20,
    ESE_SCHEMA_FINALIZE = 0x40,
    ESE_SCHEMA_USER_DEFINED_DEFAULT = 0x80,
    ESE_SCHEMA_TEMPLATE_COLUMN = 0x100,
    ESE_SCHEMA_DELETE_ON_ZERO = 0x200,
    ESE_SCHEMA_PRIMARY_INDEX_PLACEHOLDER = 0x800,
    ESE_SCHEMA_COMPRESSED = 0x1000,
    ESE_SCHEMA_ENCRYPTED = 0x2000,
} ese_schema_column_flag;

/* Catalog flags of an index; 3.3. The high half (fidx) is shifted by 16. */
typedef enum ese_schema_index_flag {
    ESE_SCHEMA_INDEX_UNIQUE = 0x1,
    ESE_SCHEMA_INDEX_ALLOW_ALL_NULLS = 0x2,
    ESE_SCHEMA_INDEX_ALLOW_FIRST_NULL = 0x4,
    ESE_SCHEMA_INDEX_ALLOW_SOME_NULLS = 0x8,
    ESE_SCHEMA_INDEX_NO_NULL = 0x10,
    ESE_SCHEMA_INDEX_PRIMARY = 0x20,
    ESE_SCHEMA_INDEX_LOCALE_SET = 0x40,
    ESE_SCHEMA_INDEX_MULTI_VALUED = 0x80,
    ESE_SCHEMA_INDEX_TEMPLATE = 0x100,
    ESE_SCHEMA_INDEX_DERIVED = 0x200,
    ESE_SCHEMA_INDEX_LOCALIZED_TEXT = 0x400,
    ESE_SCHEMA_INDEX_SORT_NULLS_HIGH = 0x800,
    ESE_SCHEMA_INDEX_CROSS_PRODUCT = 0x2000,
    ESE_SCHEMA_INDEX_DISALLOW_TRUNCATION = 0x4000,
    ESE_SCHEMA_INDEX_NESTED_TABLE = 0x8000,
    ESE_SCHEMA_INDEX_EXTENDED_COLUMNS = 0x10000,
    ESE_SCHEMA_INDEX_DOTNET_GUID = 0x20000,
} ese_schema_index_flag;

typedef enum ese_schema_table_flag {
    ESE_SCHEMA_TABLE_SYSTEM = (int)0x80000000u,
    ESE_SCHEMA_TABLE_FIXED_DDL = 0x40000000,
    ESE_SCHEMA_TABLE_TEMPLATE = 0x20000000,
    ESE_SCHEMA_TABLE_DERIVED = 0x10000000,
    ESE_SCHEMA_TABLE_NO_FIXED_VAR_IN_DERIVED = 0x04000000,
} ese_schema_table_flag;

typedef struct ese_schema_column {
    JET_COLUMNID
    columnid;        /* as the API shows it: the template bit set for columns of a template table */
    uint32_t fid;    /* id inside the record */
    bool is_derived; /* values carry the derived bit in tagged fields */
    uint8_t coltyp;
    uint16_t code_page; /* 0, 1252 or 1200 */
    uint16_t offset;    /* fixed columns: place in the record */
    uint32_t size_max;  /* fixed columns: the size; else the limit, 0 = none */
    uint32_t flags;     /* ese_schema_column_flag */
    const char *name;   /* UTF-8 */
    ese_bytes
        default_value; /* with ESE_SCHEMA_DEFAULT, which never comes with a user-defined one */
} ese_schema_column;

typedef struct ese_schema_segment {
    const ese_schema_column *column;
    bool is_descending;
    bool must_be_null; /* conditional columns only */
} ese_schema_segment;

typedef struct ese_schema_index {
    const char *name; /* UTF-8 */
    uint32_t objid;
    uint32_t flags; /* ese_schema_index_flag */
    uint32_t density;
    uint32_t lcid;
    const char *locale; /* UTF-8, "" = none */
    uint64_t version;   /* of the sort tables its keys were made with; 0 = not recorded */
    uint8_t sort_id[16];
    bool is_key_known; /* keys can be made here: no localized text, or weights of a known version */
    ese_record_key_rules rules;
    bool is_tuple;
    ese_record_tuple_limits tuple;
    unsigned n_segments;
    ese_schema_segment segments[ESE_RECORD_KEY_SEGMENTS_MAX];
    unsigned n_conditions;
    ese_schema_segment conditions[ESE_RECORD_KEY_SEGMENTS_MAX];
    JET_SPACEHINTS hints; /* cbStruct 0 = none recorded */
    ese_btree tree;
} ese_schema_index;

typedef struct ese_schema_table {
    const char *name; /* UTF-8 */
    uint32_t objid;
    uint32_t flags; /* ese_schema_table_flag */
    uint32_t density;
    uint32_t n_initial_pages;
    uint32_t separate_lv; /* preferred largest intrinsic size, 0 = default */
    uint32_t lv_chunk;    /* bytes of a full chunk */
    JET_SPACEHINTS hints, lv_hints;
    ese_btree tree; /* records */
    _Atomic bool
        has_lv_tree; /* [atomic: release after lv_tree is set, acquire before it is looked at] */
    ese_btree lv_tree;
    unsigned n_columns;
    ese_schema_column *columns; /* ascending columnid, deleted ones left out */
    unsigned n_indexes;
    ese_schema_index *indexes;               /* by name, the primary one included */
    ese_schema_index *primary;               /* NULL: records have sequential keys */
    struct ese_schema_table *template_table; /* of a derived table, held by it; else NULL */
} ese_schema_table;

typedef struct ese_schema ese_schema;

/* Opens the catalog of an attached file. `db` NULL: attached read-only. `damage` NULL: damage is an error; else see btree.h. */
JET_ERR ese_schema_open(ese_cache_file *file, ese_btree_db *db, const ese_dbheader *header,
                        const ese_btree_damage *damage, ese_schema **schema_out);
void ese_schema_close(ese_schema **schema_inout); /* nobody holds a descriptor */

/*
 * Descriptor of the table `name` (UTF-8, case ignored) as the session sees it (NULL: as it is committed), held for the caller.
 * JET_errObjectNotFound.
 */
JET_ERR ese_schema_table_open(ese_schema *schema, const ese_txn_session *session, const char *name,
                              ese_schema_table **table_out);
void ese_schema_table_hold(ese_schema *schema, ese_schema_table *table);

/* One more hold on a descriptor that somebody holds. */
ese_schema_table *ese_schema_table_dup(ese_schema *schema, const ese_schema_table *table);
void ese_schema_table_release(ese_schema *schema, ese_schema_table **table_inout);

/* A table as the list of objects shows it. */
typedef struct ese_schema_object {
    char name[4 * ESE_SCHEMA_NAME_MAX + 1]; /* UTF-8 */
    uint32_t objid;
    uint32_t flags;
} ese_schema_object;

/* Calls `visit` for every table that the session sees (NULL: that is committed) in name order; an error of `visit` ends the walk and is returned. */
JET_ERR ese_schema_list(ese_schema *schema, const ese_txn_session *session, void *self,
                        JET_ERR (*visit)(void *self, const ese_schema_object *object));

ese_cache_file *ese_schema_file(const ese_schema *schema);
bool ese_schema_is_changeable(const ese_schema *schema); /* attached for change */

/* By id (with or without the template bit as the descriptor has it) or by name (case ignored); NULL
 * = none. */
const ese_schema_column *ese_schema_find_column(const ese_schema_table *table,
                                                JET_COLUMNID columnid);
const ese_schema_column *ese_schema_find_column_name(const ese_schema_table *table,
                                                     const char *name);
ese_schema_index *ese_schema_find_index(const ese_schema_table *table, const char *name);

/* Flags as the API shows them: JET_bitColumn…, JET_bitIndex…, JET_bitObject…. */
JET_GRBIT ese_schema_column_grbit(const ese_schema_column *column);
JET_GRBIT ese_schema_index_grbit(const ese_schema_index *index);
JET_GRBIT ese_schema_table_grbit(uint32_t flags);
