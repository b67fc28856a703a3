/*
 * What the functions that change tables share: descriptions of columns and indexes in all their versions brought to one form, and the frame around a change of a table.
 */
#pragma once

#include "api/api_database.h"
#include "api/api_info.h"
#include "schema/schema_ddl.h"

/* ---- Columns ---- */

/* A column as the schema layer wants it, with what was converted for it. */
typedef struct ese_api_column {
    ese_schema_new_column what;
    char *name;  /* UTF-8 of a W name; NULL: that of the caller */
    bool is_cut; /* the size asked for was too large: JET_wrnColumnMaxTruncated */
} ese_api_column;

JET_ERR ese_api_column_from_definition(const char *name, const JET_COLUMNDEF *definition,
                                       ese_bytes default_value, ese_api_column *column_out);
JET_ERR ese_api_column_from_create(const JET_COLUMNCREATE_A *create, ese_api_text_form form,
                                   ese_api_column *column_out);
void ese_api_column_release(ese_api_column *column);

/* Adds a column and fills it in all records where it has to be. Within a statement. */
JET_ERR ese_api_add_column(ese_api_session *session, ese_schema *schema, ese_schema_table **table,
                           const ese_api_column *column, JET_COLUMNID *columnid_out);

/* ---- Indexes ---- */

/* The versions of JET_INDEXCREATE. */
typedef enum ese_api_index_version {
    ESE_API_INDEX_CREATE = 1,
    ESE_API_INDEX_CREATE2 = 2,
    ESE_API_INDEX_CREATE3 = 3,
} ese_api_index_version;

/* An array of them. */
typedef struct ese_api_index_array {
    void *first;
    uint32_t n;
    ese_api_index_version version;
    ese_api_text_form form;
} ese_api_index_array;

/* JET_errInvalidParameter: no array, or an element (whose err says so, too) is of another size. Clears the err of all elements. */
JET_ERR ese_api_index_array_check(const ese_api_index_array *array);

/* Creates all of them in the table, which is exchanged for the descriptor that has them, and fills them when it has records. Within a statement. */
JET_ERR ese_api_create_indexes(ese_api_session *session, ese_schema *schema,
                               ese_schema_table **table, const ese_api_index_array *array);

/* ---- The frame ---- */

/* A change of the table of a cursor; what the functions below share. */
typedef struct ese_api_change {
    ese_api_session *session;
    ese_table_cursor *cursor;
    ese_schema *schema;
    ese_schema_table *table; /* held; the work may exchange it */
} ese_api_change;

typedef enum ese_api_change_kind {
    ESE_API_ADDS,    /* columns, indexes: in a fixed table who made it may */
    ESE_API_REMOVES, /* in a fixed table only who opened it for that may */
    ESE_API_RENAMES, /* even through a read-only cursor, but in no transaction */
} ese_api_change_kind;

typedef JET_ERR ese_api_change_work(ese_api_change *change, void *arguments);

/*
 * Enters, finds the cursor, asks whether it may, runs `work` as a statement while no record of the table changes, leaves. JET_errPermissionDenied, JET_errTransReadOnly,
 * JET_errFixedDDL, JET_errIllegalOperation.
 */
JET_ERR ese_api_change_table(JET_SESID sesid, JET_TABLEID tableid, ese_api_change_kind kind,
                             ese_api_change_work *work, void *arguments);

/*
 * Records that others have changed and not committed would miss what is added: JET_errWriteConflict. The table has been entered (ese_schema_enter_ddl).
 */
JET_ERR ese_api_check_others(ese_api_session *session, const ese_schema_table *table);

/* May the session change the schema of the database now? JET_errPermissionDenied, JET_errTransReadOnly. */
JET_ERR ese_api_check_changeable(ese_api_session *session, const ese_api_database *database);

/* In the grbit that is kept with a cursor: it came with the creation of the table. */
enum { ESE_API_TABLE_MADE = 0x40000000 };
