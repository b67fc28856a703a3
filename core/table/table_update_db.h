/* Updates of records in databases: table_update_db.c, table_update_index.c, table_update_number.c. */
#pragma once

#include "table/table_update_private.h"

/* ---- table_update_db.c */

/* The update is active and empty: finds what it starts from. */
JET_ERR ese_table__db_prepare(ese_table_cursor *cursor, uint32_t prep);
JET_ERR ese_table__db_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out);
JET_ERR ese_table__db_delete(ese_table_cursor *cursor);

/* Starts an update with the bytes of a record as its base, whatever the cursor stands on. */
JET_ERR ese_table__db_begin_rewrite(ese_table_cursor *cursor, ese_bytes record);

/* Sets an integer column, whoever may set it. */
JET_ERR ese_table__set_number(ese_table_cursor *cursor, const ese_schema_column *column,
                              uint64_t value);

/* Locks the current record. */
JET_ERR ese_table__db_lock(ese_table_cursor *cursor, ese_txn_oper oper);

/* A change of a record as its indexes and long values see it. */
typedef struct ese_table__change_of_record {
    const ese_record *before; /* NULL: an insertion */
    ese_bytes bookmark_before;
    const ese_record *after; /* NULL: a deletion */
    ese_bytes bookmark_after;
    const ese_table__update *update; /* not NULL: only columns that it has set differ */
} ese_table__change_of_record;

/* ---- table_update_index.c: in a statement */

/* Brings all secondary indexes that anybody sees up to date. */
JET_ERR ese_table__index_change(ese_table_cursor *cursor,
                                const ese_table__change_of_record *change);

/* ---- table_update_number.c */

/* The next value of the autoincrement column. JET_errOutOfAutoincrementValues. */
JET_ERR ese_table__next_auto_increment(ese_table_cursor *cursor, const ese_schema_column *column,
                                       uint64_t *value_out);

/* The autoincrement column has got this value: later ones are larger. */
void ese_table__note_auto_increment(const ese_table_cursor *cursor, const ese_schema_column *column,
                                    ese_bytes value);

/* The next id of a long value in the tree. JET_errOutOfLongValueIDs. */
JET_ERR ese_table__next_long_id(ese_table_cursor *cursor, const ese_btree *tree, uint32_t *lid_out);

/* The next number of a record in a table without primary index. */
JET_ERR ese_table__next_number(ese_table_cursor *cursor, uint32_t *number_out);
