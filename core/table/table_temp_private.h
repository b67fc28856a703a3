/* Rows and entries of temporary tables, shared by table_temp*.c, table_sort.c and table_update*.c. */
#pragma once

#include "base/arena.h"
#include "table/table_private.h"
#include "table/table_temp.h"

/* A separated value. The row owns the bytes; its long-value id is its place among the values of the row, from 1. */
typedef struct ese_table__long {
    uint8_t *data;
    size_t size;
} ese_table__long;

/* One row. Does not change; a replaced row is another row. */
typedef struct ese_table__row {
    uint32_t n_holders;
    uint8_t number[4]; /* key of a table without index: big-endian */
    uint32_t n_longs;
    ese_table__long *longs;
    size_t key_size;
    size_t record_size;
    uint8_t bytes[]; /* the key, then the record */
} ese_table__row;

typedef struct ese_table__entry {
    uint64_t prefix; /* first bytes of the key, so that most comparisons need not look at the row */
    ese_table__row *row;
} ese_table__entry;

/* A change that a rollback would undo. */
typedef struct ese_table__change {
    uint64_t stamp;          /* when it was made: ese_txn_session.clock */
    ese_table__row *removed; /* held; NULL: an insertion */
    ese_table__row *added;   /* held; NULL: a deletion */
} ese_table__change;

/*
 * INV-1  Once is_sorted, entries ascend strictly by key, but in a table that keeps duplicates.
 * INV-2  `generation` changes with every change of sorted entries: a place remembered for another generation is looked up again.
 * INV-3  The room for entries never shrinks, so that undoing a deletion needs no memory.
 */
typedef struct ese_table__temp {
    uint32_t n_cursors;
    ese_table_temp_budget *budget;
    uint64_t bytes_max;
    ese_arena arena; /* of the descriptors */
    ese_schema_table descriptor;
    ese_schema_index index; /* how rows are sorted; the primary index unless is_numbered */
    JET_GRBIT grbit;
    bool is_updatable;  /* takes changes when sorted */
    bool is_scrollable; /* may be searched and read backward */
    bool is_numbered;   /* rows keep the order they have once sorted, new ones are appended */
    bool keeps_duplicates;
    bool is_versioned; /* a rollback undoes changes */
    bool is_sorted;
    ese_table__entry *entries;
    size_t n_entries;
    size_t capacity;
    uint64_t generation;
    uint32_t last_number;
    ese_table__change *changes;
    size_t n_changes;
    size_t changes_capacity;
} ese_table__temp;

/* Where a cursor stands: ese_table_cursor.memory. */
typedef struct ese_table__spot {
    ese_table__temp *temp;
    ese_table__row *row; /* held; NULL: nowhere */
    size_t index;        /* of the row, in `generation` */
    uint64_t generation;
} ese_table__spot;

extern const ese_table__order_ops ese_table__memory_ops;

static inline ese_table__spot *
ese_table__spot_of(const ese_table_cursor *cursor)
{
    return cursor->memory;
}

static inline ese_bytes
ese_table__row_key(const ese_table__row *row)
{
    return (ese_bytes){row->bytes, row->key_size};
}

static inline ese_bytes
ese_table__row_record(const ese_table__row *row)
{
    return (ese_bytes){row->bytes + row->key_size, row->record_size};
}

/* ---- table_temp.c */

void ese_table__temp_release(ese_table__temp **temp_inout);

/* ---- table_temp_rows.c */

/* A row with room for key and record of these sizes, and for n_longs values that are still empty; held once. */
JET_ERR ese_table__row_create(ese_table__temp *temp, size_t key_size, size_t record_size,
                              uint32_t n_longs, ese_table__row **row_out);
JET_ERR ese_table__row_set_long(ese_table__temp *temp, ese_table__row *row, uint32_t index,
                                ese_bytes value);
void ese_table__row_release(ese_table__temp *temp, ese_table__row **row_inout);

/* Ends the insertion phase: sorts the rows and drops those with the key of an earlier one. */
JET_ERR ese_table__temp_finish_insertion(ese_table__temp *temp);

/* Key of a row in the order of the table. */
ese_bytes ese_table__temp_key(const ese_table__temp *temp, const ese_table__row *row);

/* Place of the first entry >= key, in a sorted table; *is_equal_out tells whether it is equal. */
size_t ese_table__temp_lower_bound(const ese_table__temp *temp, ese_bytes key, bool *is_equal_out);
size_t ese_table__temp_upper_bound(const ese_table__temp *temp, ese_bytes key);

/* JET_errKeyDuplicate when the table refuses a second row with this key. */
JET_ERR ese_table__temp_check_key(const ese_table__temp *temp, ese_bytes key);

/* Changes. Each holds the row it stores; a failed one changes nothing. The rows to remove are in the table. */
JET_ERR ese_table__temp_insert(ese_table__temp *temp, const ese_txn_session *session,
                               ese_table__row *row);
JET_ERR ese_table__temp_remove(ese_table__temp *temp, const ese_txn_session *session,
                               ese_table__row *row);
JET_ERR ese_table__temp_replace(ese_table__temp *temp, const ese_txn_session *session,
                                ese_table__row *old_row, ese_table__row *new_row);

/* As a replacement whose key may be another one: the new row goes to its own place. */
JET_ERR ese_table__temp_move(ese_table__temp *temp, const ese_txn_session *session,
                             ese_table__row *old_row, ese_table__row *new_row);

/* Right after a rollback: undoes the changes made within the part rolled back. */
void ese_table__temp_undo(ese_table__temp *temp, const ese_txn_session *session);
void ese_table__temp_forget_changes(ese_table__temp *temp);

/* ---- table_sort.c */

/* Sorts by key; entries with equal keys keep their order. */
JET_ERR ese_table__sort(ese_table__entry *entries, size_t n);

/* The sort prefix of a key. */
uint64_t ese_table__sort_prefix(ese_bytes key);

/* ---- table_update_temp.c */

/* A separated value of the update in preparation, by the long-value id its record has for it; false: not one of those. */
bool ese_table__update_long(const ese_table_cursor *cursor, uint64_t lid, ese_bytes *value_out);
