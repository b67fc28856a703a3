/*
 * Temporary tables: rows in memory, sorted by their key when they are first read.
 *
 * Two phases: insertion, ended by the first move or seek, and extraction. What is possible in extraction depends on the kind
 * of the table: a plain sort is read forward once more each time, a scrollable or indexed one is also searched and read
 * backward, and an updatable one takes changes. A table made with JET_bitTTErrorOnDuplicateInsertion is sorted from the start.
 */
#pragma once

#include "table/table.h"

#include <stdatomic.h>

enum {
    ESE_TABLE_LCMAP_DEFAULT = 0x30401
}; /* how Unicode keys are made when nothing else is asked for */

/* What the temporary tables of one instance use together. Starts as zeros. */
typedef struct ese_table_temp_budget {
    _Atomic uint32_t n_tables; /* [atomic: relaxed, a count] */
    _Atomic uint64_t n_bytes;  /* [atomic: relaxed, a count] */
    _Atomic uint32_t last_id;  /* [atomic: relaxed] objid of the table created last */
} ese_table_temp_budget;

typedef struct ese_table_temp_options {
    const JET_COLUMNDEF *columns;
    uint32_t n_columns;
    JET_GRBIT grbit;      /* JET_bitTT... */
    uint32_t lcmap_flags; /* for Unicode key columns */
    uint32_t key_most;    /* 0 = the default */
    uint32_t var_seg_mac; /* 0 = no limit */
    bool is_versioned;    /* JET_paramEnableTempTableVersioning: a rollback undoes changes */
    ese_table_temp_budget *budget;
    uint32_t tables_max; /* in the budget */
    uint64_t bytes_max;
} ese_table_temp_options;

/*
 * Creates a table and the cursor on it; the last cursor to be closed takes the table along. The ids of the columns are written to
 * columnids_out. JET_errTooManySorts, JET_errCannotMaterializeForwardOnlySort, JET_errInvalidColumnType, JET_errInvalidCodePage,
 * JET_errTooManyColumns, JET_errIndexInvalidDef, JET_errInvalidGrbit.
 */
JET_ERR ese_table_open_temporary(ese_txn_session *session, const ese_table_temp_options *options,
                                 JET_COLUMNID *columnids_out, ese_table_cursor **cursor_out);

/* True for a table that takes changes in the extraction phase, too. */
bool ese_table_is_materialized(const ese_table_cursor *cursor);

/*
 * Right after a rollback: undoes the changes in the temporary tables of the session that were made within the part rolled
 * back, and drops the updates prepared in it.
 */
void ese_table_roll_back_temporary(ese_txn_session *session);
