/*
 * Changing the catalog: tables, columns, indexes. What is changed is rows of MSysObjects, of its two indexes, of its shadow and of MSysObjids, so it commits and rolls back as
 * any other change, and who sees it follows from who sees the rows.
 *
 * A table has one descriptor per state that somebody may still see. The session that changes a table makes a new one, which the others see once the transaction has committed. Only one
 * transaction at a time changes a table: JET_errWriteConflict for a second one.
 *
 * INV-1  A failed call changes nothing: each is a statement (ese_txn_statement_enter).
 */
#pragma once

#include "btree/btree_space.h"
#include "schema/schema.h"

/* Writes the catalog and the system tables of a fresh database: catalog specification, section 7. */
JET_ERR ese_schema_format(ese_btree_db *db, const ese_dbheader *header);

/* Checks a name: 1 to 64 characters, none of . ! [ ] or control characters, no leading blank; JET_errInvalidName. */
JET_ERR ese_schema_check_name(const char *name);

/* ---- Tables ---- */

typedef struct ese_schema_new_table {
    const char *name;               /* UTF-8 */
    const char *template_name;      /* NULL: none */
    uint32_t n_pages, density;      /* 0: default */
    uint32_t flags;                 /* ese_schema_table_flag */
    uint32_t separate_lv;           /* 0: default */
    uint32_t lv_chunk;              /* 0: default */
    JET_SPACEHINTS hints, lv_hints; /* cbStruct 0: none */
} ese_schema_new_table;

/* JET_errTableDuplicate, JET_errInvalidName, JET_errDensityInvalid, JET_errObjectNotFound (template), JET_errCannotNestDDL, … The descriptor is held. */
JET_ERR ese_schema_create_table(ese_txn_session *session, ese_schema *schema,
                                const ese_schema_new_table *what, ese_schema_table **table_out);
JET_ERR ese_schema_delete_table(ese_txn_session *session, ese_schema *schema, const char *name);
JET_ERR ese_schema_rename_table(ese_txn_session *session, ese_schema *schema, const char *name,
                                const char *new_name);

/* ---- Columns: `table` is the session's descriptor, held; afterwards sync it ---- */

typedef struct ese_schema_new_column {
    const char *name;
    JET_COLTYP coltyp;
    uint16_t code_page;
    uint32_t size_max;
    JET_GRBIT grbit;
    ese_bytes default_value; /* data NULL: none */
} ese_schema_new_column;

JET_ERR ese_schema_add_column(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                              const ese_schema_new_column *what, JET_COLUMNID *columnid_out);

/*
 * Many columns at a time, with one new descriptor at the end instead of one for each: begin, add…, publish, end. To be called inside a statement of the caller's, which
 * undoes what was added when any of it fails.
 */
typedef struct ese_schema_columns ese_schema_columns;

JET_ERR ese_schema_columns_begin(ese_txn_session *session, ese_schema *schema,
                                 const ese_schema_table *table, ese_schema_columns **columns_out);
JET_ERR ese_schema_columns_add(ese_schema_columns *columns, const ese_schema_new_column *what,
                               JET_COLUMNID *columnid_out);
JET_ERR ese_schema_columns_publish(ese_schema_columns *columns);
void ese_schema_columns_end(ese_schema_columns **columns_inout); /* NULL is fine */
JET_ERR ese_schema_delete_column(ese_txn_session *session, ese_schema *schema,
                                 ese_schema_table *table, const char *name, JET_GRBIT grbit);
JET_ERR ese_schema_rename_column(ese_txn_session *session, ese_schema *schema,
                                 ese_schema_table *table, const char *name, const char *new_name);
JET_ERR ese_schema_set_default(ese_txn_session *session, ese_schema *schema,
                               ese_schema_table *table, const char *name, ese_bytes value);

/* ---- Indexes ---- */

typedef struct ese_schema_new_index {
    const char *name;
    const char *key;   /* "+column\0-column\0\0" as UTF-8, */
    uint32_t key_size; /* with its terminators */
    JET_GRBIT grbit;
    uint32_t density;
    const char *locale;   /* UTF-8, NULL: default; its order is that of record_collate.h */
    bool is_locale_given; /* by the caller of the API */
    uint32_t lcmap_flags; /* 0: default */
    uint32_t var_seg_mac, key_most; /* 0: default */
    const JET_TUPLELIMITS *tuple;   /* NULL: no tuple index */
    const JET_CONDITIONALCOLUMN_A *conditions;
    uint32_t n_conditions;
    JET_SPACEHINTS hints; /* cbStruct 0: none */
} ese_schema_new_index;

/* The row and an empty tree; the table layer fills it (table_build.h). All errors that JetCreateIndex documents for the description. */
JET_ERR ese_schema_create_index(ese_txn_session *session, ese_schema *schema,
                                ese_schema_table *table, const ese_schema_new_index *what,
                                uint32_t *objid_out);
JET_ERR ese_schema_delete_index(ese_txn_session *session, ese_schema *schema,
                                ese_schema_table *table, const char *name);

/* ---- Descriptors in a database attached for change ---- */

/* Changes whenever the session may see other descriptors than before (its transaction began or ended, somebody changed a table): a cursor that sees another number syncs. One atomic load. */
uint64_t ese_schema_generation(const ese_schema *schema, const ese_txn_session *session);

/*
 * Exchanges the held descriptor for the one of the same table that the session sees now, if that is another one. JET_errObjectNotFound: it sees none any more (the hold stays).
 * Takes no lock while nobody changes the table.
 */
JET_ERR ese_schema_table_sync(ese_schema *schema, const ese_txn_session *session,
                              ese_schema_table **table_inout);

/* Does everybody see this descriptor, so that sync has nothing to do? One atomic load. */
bool ese_schema_table_is_settled(const ese_schema_table *table);

enum { ESE_SCHEMA_MAINTAINED_MAX = 3 };

/*
 * The descriptors whose indexes a change of a record has to maintain: what a transaction is making of the table, what is committed, and what the caller still sees, as far as they differ; each only once. Given back by ese_schema_release_maintained
 * (each is held but `table` itself, which the caller holds). Between ese_schema_enter_change and leave_change no index is added.
 */
JET_ERR ese_schema_maintained(ese_schema *schema, const ese_schema_table *table,
                              ese_schema_table *tables_out[ESE_SCHEMA_MAINTAINED_MAX],
                              unsigned *n_out);
void ese_schema_release_maintained(ese_schema *schema, const ese_schema_table *table,
                                   ese_schema_table *tables[ESE_SCHEMA_MAINTAINED_MAX], unsigned n);

/* Updates of records of a table run side by side; a change of its indexes runs alone. */
void ese_schema_enter_change(const ese_schema_table *table);
void ese_schema_leave_change(const ese_schema_table *table);
void ese_schema_enter_ddl(const ese_schema_table *table); /* waits for the updates under way */
void ese_schema_leave_ddl(const ese_schema_table *table);

/*
 * The tree of long values of the table, made when there is none: committed at once, or with the transaction of the session when that has made the table. The session is in a statement.
 */
JET_ERR ese_schema_lv_tree(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                           ese_btree *tree_out);
