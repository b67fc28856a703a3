/*
 * Updates in preparation: JetPrepareUpdate to JetUpdate; deletions and locks.
 *
 * INV-1  A failed call leaves the update, the record and the table as they were; but when the disk fails in the middle of overwriting a long value of the update's own,
 *        the update can only be cancelled.
 */
#pragma once

#include "table/table.h"

/*
 * JET_prep..., JET_prepCancel included. JET_errInvalidParameter, JET_errAlreadyPrepared, JET_errUpdateNotPrepared,
 * JET_errNoCurrentRecord, JET_errRecordDeleted, JET_errIllegalOperation, JET_errPermissionDenied.
 */
JET_ERR ese_table_prepare_update(ese_table_cursor *cursor, uint32_t prep);

enum { ESE_TABLE_PREP_READ_ONLY_COPY = 8 }; /* a kind without a name in the header */

/* Forgets an update in preparation, if there is one, and deletes the long values that it has made. */
void ese_table_cancel_update(ese_table_cursor *cursor);

/* Is an update in preparation, and of which kind? */
bool ese_table_is_updating(const ese_table_cursor *cursor, uint32_t *prep_out);

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

/* A change of an escrow column: the arguments of JetEscrowUpdate. */
typedef struct ese_table_escrow {
    JET_COLUMNID columnid;
    const void *delta;
    uint32_t size;
    uint32_t old_room; /* for the old value; 0: not wanted */
    bool survives_rollback;
    uint8_t old[8]; /* out: `size` bytes, everybody's changes included */
} ese_table_escrow;

/*
 * Adds to the column of the current record, beside other transactions that do. JET_errNotInTransaction, JET_errAlreadyPrepared, JET_errInvalidOperation (no such kind of
 * column), JET_errInvalidBufferSize, JET_errWriteConflict.
 */
JET_ERR ese_table_escrow_update(ese_table_cursor *cursor, ese_table_escrow *escrow);

/* Locks the current row: JET_bitReadLock or JET_bitWriteLock, in a transaction. */
JET_ERR ese_table_lock(ese_table_cursor *cursor, JET_GRBIT grbit);
