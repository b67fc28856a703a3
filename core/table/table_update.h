/*
 * Updates in preparation: JetPrepareUpdate to JetUpdate. Only temporary tables take them; the tables of a database are
 * attached read-only and answer JET_errPermissionDenied.
 *
 * INV-1  A failed call leaves the update, the row and the table as they were.
 */
#pragma once

#include "table/table.h"

/*
 * JET_prep..., JET_prepCancel included. JET_errInvalidParameter, JET_errAlreadyPrepared, JET_errUpdateNotPrepared,
 * JET_errNoCurrentRecord, JET_errRecordDeleted, JET_errIllegalOperation, JET_errPermissionDenied.
 */
JET_ERR ese_table_prepare_update(ese_table_cursor *cursor, uint32_t prep);

/* Forgets an update in preparation, if there is one. */
void ese_table_cancel_update(ese_table_cursor *cursor);

/* One value to set: the arguments of JetSetColumn. */
typedef struct ese_table_setting {
    JET_COLUMNID columnid;
    const void *data; /* NULL: no bytes, but with JET_bitSetSizeLV that many zeros */
    uint32_t size;
    JET_GRBIT grbit;        /* JET_bitSet... */
    uint32_t itag_sequence; /* 0 = behind the last value */
    uint32_t offset;        /* of JET_bitSetOverwriteLV */
    bool is_truncated;      /* out: the column takes only the first bytes */
} ese_table_setting;

JET_ERR ese_table_set_column(ese_table_cursor *cursor, ese_table_setting *setting);

/*
 * Makes the update. The bookmark of the row goes to `to`, its size to *size_out; to = NULL: only the size. JET_errBufferTooSmall,
 * JET_errKeyDuplicate, JET_errRecordPrimaryChanged: the update is still in preparation.
 */
JET_ERR ese_table_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out);

/* Deletes the current row. */
JET_ERR ese_table_delete(ese_table_cursor *cursor);

/* Locks the current row: JET_bitReadLock or JET_bitWriteLock, in a transaction. */
JET_ERR ese_table_lock(ese_table_cursor *cursor, JET_GRBIT grbit);
