/* The row in preparation, shared by table_update*.c. */
#pragma once

#include "table/table_temp_private.h"
#include "table/table_update.h"

enum { ESE_TABLE__RECORD_MAX = 32672 }; /* the largest record of a page of 32 KiB */

/* One value. Owns its bytes. */
typedef struct ese_table__item {
    uint8_t *data;
    size_t size;
    size_t capacity;
    JET_GRBIT placement; /* JET_bitSetSeparateLV, JET_bitSetIntrinsicLV */
    bool is_separated;   /* in the record as it was encoded last: only a reference is there */
} ese_table__item;

/* A column with something to say in the record. */
typedef struct ese_table__field {
    const ese_schema_column *column;
    uint32_t n_items; /* 0 = NULL */
    uint32_t capacity;
    ese_table__item *items;
} ese_table__field;

/* INV-1  `record` is the encoding of `fields`. */
typedef struct ese_table__update {
    uint32_t prep;
    uint64_t stamp; /* clock of the session when it was prepared */
    bool is_in_transaction;
    ese_table__row *original; /* held; NULL for an insertion */
    ese_table__field *fields; /* by column id */
    size_t n_fields;
    size_t fields_capacity;
    ese_growbuf record;
    ese_growbuf next;       /* an encoding being made */
    ese_growbuf columns;    /* ese_record_column of each field, while encoding */
    ese_growbuf values;     /* ese_record_value of each item */
    ese_growbuf references; /* long-value references of separated items */
} ese_table__update;

static inline ese_table__update *
ese_table__update_of(const ese_table_cursor *cursor)
{
    return cursor->update;
}

/* ---- table_update.c */

/* The field of a column, made when there is none. */
JET_ERR ese_table__update_field(ese_table__update *update, const ese_schema_column *column,
                                ese_table__field **field_out);

/* JET_errPermissionDenied for a table of a database, JET_errIllegalOperation for a sort whose rows are being read. */
JET_ERR ese_table__update_check_writable(const ese_table_cursor *cursor);

/* ---- table_update_encode.c */

/* Encodes the fields anew. On failure (JET_errRecordTooBig) the old record stays. */
JET_ERR ese_table__update_encode(ese_table_cursor *cursor);

/* The row that the update makes, held once. The fields were encoded last by a call that succeeded. */
JET_ERR ese_table__update_make_row(ese_table_cursor *cursor, const ese_record_key *key,
                                   ese_table__row **row_out);

/* ---- table_update_item.c */

JET_ERR ese_table__item_make(ese_bytes bytes, ese_table__item *item_out);

/* Room for `size` bytes; what there is stays. */
JET_ERR ese_table__item_reserve(ese_table__item *item, size_t size);
void ese_table__item_clear(ese_table__item *item);

/* Room for one more item. */
JET_ERR ese_table__field_reserve(ese_table__field *field);
void ese_table__field_insert(ese_table__field *field, uint32_t index, ese_table__item item);
ese_table__item ese_table__field_remove(ese_table__field *field, uint32_t index);
