/*
 * Filling what a change of the schema adds to a table that has records.
 *
 * The callers are in a statement (ese_txn_statement_enter) and have entered the change of the schema (ese_schema_enter_ddl): no record of the table changes
 * meanwhile, and nobody else has uncommitted changes in it. A failure leaves it to the statement to undo what was written.
 */
#pragma once

#include "schema/schema_ddl.h"

/*
 * Fills the empty tree of `index`, an index of `table` (the descriptor that has it), from the records the session sees: a scan, a sort, insertion in order.
 * JET_errKeyDuplicate: two records have the same key in a unique index; JET_errNullInvalid: a NULL where the index allows none.
 */
JET_ERR ese_table_build_index(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                              const ese_schema_index *index);

/*
 * Gives every record of the table, in primary order, a value of the new autoincrement column, from 1 on, and stores the defaults that the record had by its
 * absence until now. `table` is the descriptor that has the column.
 */
JET_ERR ese_table_fill_auto_increment(ese_txn_session *session, ese_schema *schema,
                                      ese_schema_table *table, const ese_schema_column *column);
