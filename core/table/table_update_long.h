/* Setting long columns: whole values, and parts of them. */
#pragma once

#include "table/table_update_lv.h"

/* What becomes of a value: its size, and bytes to write into it. */
typedef struct ese_table__edit {
    uint64_t new_size;
    uint64_t offset; /* not behind the end of the value */
    ese_bytes bytes; /* end within new_size */
    JET_GRBIT grbit;
} ese_table__edit;

/* The bytes of a value, at most `limit` of them; borrowed until the next value is loaded. */
JET_ERR ese_table__item_load(ese_table_cursor *cursor, const ese_table__item *item, uint32_t limit,
                             ese_bytes *value_out);
JET_ERR ese_table__item_size(ese_table_cursor *cursor, const ese_table__item *item,
                             uint32_t *size_out);

/* A whole value of a long column of a database. */
JET_ERR ese_table__long_set(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                            ese_bytes value, JET_GRBIT grbit);

/* Changes a value, or makes it when `index` is behind the last one. */
JET_ERR ese_table__long_edit(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                             const ese_table__edit *edit);

/* JET_errColumnTooBig. */
JET_ERR ese_table__check_long_size(const ese_schema_column *column, uint64_t size);

/* The value leaves the record in preparation: deletes it when the update has made it. */
JET_ERR ese_table__long_drop(ese_table_cursor *cursor, const ese_table__item *item);
