/*
 * Long values that an update makes in the tree of its table.
 *
 * INV-1  A long value that others may know (it is in a record) does not change: who changes it works on a copy with an id of its own. So cancelling an update, or
 *        rolling it back, leaves the records as they were.
 * INV-2  The root of a long value is inserted before its chunks and deleted instead of them: undo of its insertion, and the cleaning of its deletion, remove the chunks.
 * INV-3  Bytes go to the tree chunk by chunk as they come; memory does not depend on the size of a value.
 */
#pragma once

#include "table/table_update_private.h"

/* Bytes for a long value; data NULL: zeros. */
typedef struct ese_table__lv_bytes {
    const uint8_t *data;
    uint32_t size;
} ese_table__lv_bytes;

/* A new value of `size` bytes, to be written from its start: an item of the update. JET_errNotInTransaction at level 0 is for the caller to find. */
JET_ERR ese_table__lv_create(ese_table_cursor *cursor, uint32_t size, bool is_compressed,
                             ese_table__item *item_out);

/* Writes into a value of the update's own, which may grow; `offset` is not behind its end. */
JET_ERR ese_table__lv_write(ese_table_cursor *cursor, ese_table__item *item, uint32_t offset,
                            ese_table__lv_bytes bytes);
JET_ERR ese_table__lv_truncate(ese_table_cursor *cursor, ese_table__item *item, uint32_t size);

/* Makes a copy of the first `most` bytes of the value a separated item refers to. */
JET_ERR ese_table__lv_copy(ese_table_cursor *cursor, const ese_table__item *from, uint32_t most,
                           bool is_compressed, ese_table__item *item_out);

/* Compresses a value that is not too long for it: *packed_out is empty when that makes it no smaller. Borrowed until the next one. */
JET_ERR ese_table__lv_compress(ese_table_cursor *cursor, ese_bytes value, ese_bytes *packed_out);

/* Bytes of the value a separated item refers to. */
JET_ERR ese_table__lv_size(ese_table_cursor *cursor, const ese_table__item *item,
                           uint32_t *size_out);

/* Deletes the value a separated item refers to; one with more references loses one. */
JET_ERR ese_table__lv_delete(ese_table_cursor *cursor, ese_bytes reference);

/* The roots of the values of the update tell their sizes. */
JET_ERR ese_table__lv_flush_all(ese_table_cursor *cursor);

/* Moves all long values of the record in preparation that are longer than `limit` to the tree. */
JET_ERR ese_table__lv_separate_all(ese_table_cursor *cursor, size_t limit);

/* Gives the record in preparation copies of the values that belong to the record it is a copy of. */
JET_ERR ese_table__lv_copy_all(ese_table_cursor *cursor);

/* Deletes the values that `before` refers to and `after` (NULL: nothing) does not. */
JET_ERR ese_table__lv_drop_unused(ese_table_cursor *cursor, const ese_record *before,
                                  const ese_record *after);

/* Deletes all values that the update has made: it is cancelled. An error leaves them behind. */
void ese_table__lv_drop_own(ese_table_cursor *cursor);

/* Was one of them undone by the rollback that has just happened? */
bool ese_table__lv_is_undone(const ese_table_cursor *cursor);
