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
    ese_bytes stats, last_set_time, callback_data,
        callback_dependencies; /* only kept when the row is changed */
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

enum {
    ESE_SCHEMA__BUCKETS = 256, /* of the hash tables of descriptors */
    ESE_SCHEMA__STRIPES = 8,
    ESE_SCHEMA__CACHE_LINE = 64,
};

/* Updates of records under way, counted apart by threads so that they do not meet on one cache line. */
typedef struct ese_schema__stripe {
    _Alignas(ESE_SCHEMA__CACHE_LINE) _Atomic uint32_t
        n_changers; /* [atomic: seq_cst, pairs with is_closed of the group] */
} ese_schema__stripe;

/* What all descriptors of one table have in common. It lives while there is one. */
typedef struct ese_schema__group {
    ese_schema__stripe stripes[ESE_SCHEMA__STRIPES];
    _Atomic bool is_closed; /* [atomic: seq_cst] updates wait: somebody has `ddl` */
    ese_os_mutex ddl;       /* ese_schema_enter_ddl to leave_ddl */
    ese_list link;          /* [lock: schema] in its bucket */
    uint32_t objid;         /* [const] */
    ese_list entries;       /* [lock: schema] newest first */
    const ese_txn_trx *
        owner; /* [lock: schema] the transaction that changes the table; borrowed, it is held by its claim */
} ese_schema__group;

/* The last ids in use, of deleted columns too, and the end of the fixed ones: what the next column gets follows from them. */
typedef struct ese_schema__ids {
    uint32_t fixed, variable, tagged;
    uint32_t fixed_end;
} ese_schema__ids;

/* A descriptor with its memory. */
typedef struct ese_schema__entry {
    ese_schema_table table;     /* first: an entry is found from its table */
    ese_schema__group *group;   /* [const] */
    ese_list link;              /* [lock: schema] most recently used last */
    ese_list sibling;           /* [lock: schema] in its group */
    ese_list namesake;          /* [lock: schema] in the bucket of its name; in none when dead */
    _Atomic uint32_t n_holders; /* [lock: schema for what makes or leaves 0; atomic] */
    _Atomic bool
        is_settled; /* [atomic: release under the lock, acquire] everybody sees it, and nobody has changed it */
    bool is_dead;      /* [lock: schema] its making was undone */
    ese_txn_trx *made; /* [lock: schema] held; NULL: everybody sees it, */
    ese_txn_trx *
        ended; /* [lock: schema] held; but those who see that this has changed the table; NULL: nobody has */
    ese_arena arena;
    unsigned n_columns_max; /* own columns, while it is built */
    unsigned n_indexes_max;
    bool columns_complete;
    bool has_gap; /* of the copy of the catalog that it was made from something was left out */
    ese_schema__ids ids;
} ese_schema__entry;

struct ese_schema {
    ese_cache_file *file;                      /* [const] */
    ese_btree_db *db;                          /* [const] NULL: attached read-only */
    ese_dbheader header;                       /* [const] */
    const ese_btree_damage *damage;            /* [const] */
    ese_btree catalog, by_name, roots, shadow; /* [const] */
    ese_os_mutex lock;
    ese_list entries;                     /* [lock] */
    unsigned n_closed;                    /* [lock] entries without a holder */
    ese_list groups[ESE_SCHEMA__BUCKETS]; /* [lock] */
    ese_list names[ESE_SCHEMA__BUCKETS];  /* [lock] */
    _Atomic uint64_t generation; /* [atomic: release after a change of the descriptors, acquire] */
    ese_txn_store *store; /* [lock] of the sessions that change descriptors; NULL: none has */
    ese_os_mutex lv_lock; /* one tree of long values is made at a time */
};

static inline ese_schema__entry *
ese_schema__entry_of(const ese_schema_table *table)
{
    return (ese_schema__entry *)(uintptr_t)table;
}

typedef enum ese_schema__copy { ESE_SCHEMA__CATALOG, ESE_SCHEMA__SHADOW } ese_schema__copy;

/*
 * One of the two copies of the catalog as one operation reads it. In a damaged file it knows whether something was left out, so that
 * the other copy can be asked. Must not move while it is in use.
 */
typedef struct ese_schema__source {
    const ese_schema *schema;
    const ese_txn_session *session; /* whose eyes; NULL: what is committed */
    ese_btree tree;
    ese_btree_damage
        damage; /* what the tree is given in a damaged file: notes a gap and passes it on */
    bool has_gap;
} ese_schema__source;

void ese_schema__source_init(ese_schema__source *source, const ese_schema *schema,
                             const ese_txn_session *session, ese_schema__copy copy);

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
JET_ERR ese_schema__table_open(ese_schema *schema, const ese_txn_session *session, const char *name,
                               ese_schema__role role, ese_schema_table **table_out);

/* A table to build the descriptor of. */
typedef struct ese_schema__wanted {
    const ese_txn_session *session; /* whose eyes */
    uint32_t objid;
    ese_schema__role role;
} ese_schema__wanted;

/* Reads the rows of a table into a new entry with no holder, in no list. */
JET_ERR ese_schema__build(ese_schema *schema, const ese_schema__wanted *wanted,
                          ese_schema__entry **entry_out);
void ese_schema__entry_destroy(ese_schema__entry **entry_inout);

/* The same, with its hold on the template. */
void ese_schema__entry_drop(ese_schema *schema, ese_schema__entry **entry_inout);

/* ---- Names and objects: schema_find.c ---- */

/* JET_errObjectNotFound: no table that the session sees has the name. */
JET_ERR ese_schema__find_objid(ese_schema *schema, const ese_txn_session *session, const char *name,
                               uint32_t *objid_out);

/* ---- Descriptors in use: schema_entry.c ---- */

static inline ese_schema__entry *
ese_schema__entry_of_sibling(ese_list *node)
{
    return ESE_LIST_ENTRY(node, ese_schema__entry, sibling);
}

/* Forgets everything; nobody holds a descriptor. */
void ese_schema__entries_destroy(ese_schema *schema);

/* Does the session see this state of its table? */
bool ese_schema__is_seen(const ese_schema__entry *entry, const ese_txn_session *session);

/* The state of a table that the session sees, by name or among those of the table; NULL: none, or not in memory. Holds: lock. */
ese_schema__entry *ese_schema__find_seen_locked(ese_schema *schema, const ese_txn_session *session,
                                                const char *name);
ese_schema__entry *ese_schema__find_in_group_locked(ese_schema__group *group,
                                                    const ese_txn_session *session);

/* Puts a new entry, which gets its first hold, into the group of its table, which is made when there is none. Holds: lock. */
JET_ERR ese_schema__entry_insert_locked(ese_schema *schema, ese_schema__entry *entry);
void ese_schema__entry_hold_locked(ese_schema *schema, ese_schema__entry *entry);
void ese_schema__entry_release_locked(ese_schema *schema, ese_schema__entry *entry);

/* Forgets who made the entry once everybody sees it; to be called after a change of made, ended or is_dead, too. Holds: lock. */
void ese_schema__entry_settle_locked(const ese_schema *schema, ese_schema__entry *entry);

/* Forgets the states of a table that nobody sees or holds any more. Holds: lock. */
void ese_schema__group_trim_locked(ese_schema *schema, ese_schema__group *group);

/*
 * A change of a table by a transaction: a claim that lasts until the end of the transaction, or until it is rolled back to before the claim. `base` is the newest descriptor,
 * held until change_end. JET_errWriteConflict: another transaction has changed the table; JET_errObjectNotFound: the session has deleted it.
 */
typedef struct ese_schema__change {
    ese_txn_session *session;
    ese_schema *schema;
    ese_schema_table *base;
    ese_txn_trx *trx;
} ese_schema__change;

JET_ERR ese_schema__change_begin(ese_txn_session *session, ese_schema *schema,
                                 const ese_schema_table *table, ese_schema__change *change_out);
void ese_schema__change_end(ese_schema__change *change);

/* The rows have been changed: the session has another descriptor from now on, the others when it has committed. */
JET_ERR ese_schema__change_publish(const ese_schema__change *change);

/* The rows are gone. */
JET_ERR ese_schema__change_publish_deletion(const ese_schema__change *change);

/* The first rows of a table: its first descriptor. */
JET_ERR ese_schema__publish_new(ese_txn_session *session, ese_schema *schema, uint32_t objid);

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
