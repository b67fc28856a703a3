/*
 * Temporary tables: rows that are sorted by their key when they are first read.
 *
 * Two phases: insertion, ended by the first move or seek, and extraction. What is possible in extraction depends on the kind
 * of the table: a plain sort is read forward once more each time, a scrollable or indexed one is also searched and read
 * backward, and an updatable one takes changes. A table made with JET_bitTTErrorOnDuplicateInsertion is sorted from the start.
 *
 * A table may have any size. It keeps a share of memory; with more rows than that it sorts them in a file, and what has to be
 * searched or changed goes to a tree of the temporary database. Nothing but time and errors of the disk tells the difference.
 */
#pragma once

#include "os/os_thread.h"
#include "table/table.h"

#include <stdatomic.h>

enum {
    ESE_TABLE_LCMAP_DEFAULT = 0x30401
}; /* how Unicode keys are made when nothing else is asked for */

/*
 * What the temporary tables of one instance have in common. The temporary database is there while one of them needs it.
 */
typedef struct ese_table_temp_place {
    _Atomic uint32_t n_tables; /* [atomic: relaxed, a count] */
    _Atomic uint32_t last_id;  /* [atomic: relaxed] objid of the table created last */
    ese_os_mutex lock;
    struct ese_table__temp_db *db; /* [lock] NULL: nobody needs it */
    uint32_t n_users;              /* [lock] tables that have trees in it */
} ese_table_temp_place;

void ese_table_temp_place_init(ese_table_temp_place *place);
void ese_table_temp_place_end(ese_table_temp_place *place); /* no table is left */

typedef struct ese_table_temp_options {
    const JET_COLUMNDEF *columns;
    uint32_t n_columns;
    JET_GRBIT grbit;      /* JET_bitTT... */
    uint32_t lcmap_flags; /* for Unicode key columns */
    uint32_t key_most;    /* 0 = the default */
    uint32_t var_seg_mac; /* 0 = no limit */
    bool is_versioned;    /* JET_paramEnableTempTableVersioning: a rollback undoes changes */
    ese_table_temp_place *place;
    const char *path;    /* JET_paramTempPath: a file, or a folder for it; outlives the table */
    uint32_t tables_max; /* in the place */
    size_t bytes_max;    /* of rows, and again of long values, that the table keeps in memory */
    size_t cache_max;    /* bytes of the page cache of the temporary database */
    size_t
        undo_max; /* bytes of changes to be undone, once the table is in the temporary database */
} ese_table_temp_options;

/*
 * Creates a table and the cursor on it; the last cursor to be closed takes the table along. The ids of the columns are written to
 * columnids_out. JET_errTooManySorts, JET_errCannotMaterializeForwardOnlySort, JET_errInvalidColumnType, JET_errInvalidCodePage,
 * JET_errTooManyColumns, JET_errIndexInvalidDef, JET_errInvalidGrbit.
 *
 * Insertions, changes and the end of the insertion phase may give JET_errDiskFull, JET_errDiskIO and the errors of creating a
 * file: then nothing has changed, and they may be tried again. JET_errVersionStoreOutOfMemory: undo_max.
 */
JET_ERR ese_table_open_temporary(ese_txn_session *session, const ese_table_temp_options *options,
                                 JET_COLUMNID *columnids_out, ese_table_cursor **cursor_out);

/* True for a table that takes changes in the extraction phase, too. */
bool ese_table_is_materialized(const ese_table_cursor *cursor);

/*
 * Right after a rollback: undoes the changes in the temporary tables of the session that were made within the part rolled
 * back, and drops the updates prepared in it. A table whose changes cannot be undone (its disk fails) gives that error from now on.
 */
void ese_table_roll_back_temporary(ese_txn_session *session);
