/* The records that several ranges of secondary indexes have in common. */
#pragma once

#include "table/table.h"

typedef struct ese_table_bookmarks_ops {
    void *self;
    JET_ERR (*visit)(void *self, ese_bytes bookmark); /* in ascending order */
} ese_table_bookmarks_ops;

/*
 * Each cursor stands on an entry of a secondary index of the same table and covers what lies from there to the end of its
 * range. The cursors stay where they are. Uses at most `limit` bytes for each of two buffers, or fails with JET_errOutOfMemory.
 * JET_errInvalidParameter: no secondary index, or another table; JET_errNoCurrentRecord.
 */
JET_ERR ese_table_intersect(ese_table_cursor *const *cursors, uint32_t n, size_t limit,
                            const ese_table_bookmarks_ops *ops);
