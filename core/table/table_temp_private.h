/*
 * Temporary tables, shared by table_temp*.c and table_update*.c.
 *
 * Rows are inserted into a sorter. At the end of the insertion phase a plain sort is read from there, again and again; the others become rows in memory, or,
 * when those are too many, in a tree of the temporary database. Where sorted rows are is known to their ese_table__rows_ops only.
 *
 * Separated values are apart from all that, and have numbers: a row knows the first of its own, and its record counts from 1.
 */
#pragma once

#include "base/arena.h"
#include "table/table_private.h"
#include "table/table_sort.h"
#include "table/table_temp.h"

/* One row. Does not change while it is held by more than one. */
typedef struct ese_table__row {
    uint32_t n_holders;
    uint8_t number[4];    /* key of a table without index: big-endian */
    uint32_t n_longs;     /* separated values, and */
    uint64_t first_long;  /* the number of the first */
    uint64_t record_long; /* the record is kept as this separated value, too; 0 = it is not */
    size_t key_size;
    size_t record_size;
    size_t capacity;
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

typedef struct ese_table__long {
    uint8_t *data; /* NULL: dropped */
    size_t size;
} ese_table__long;

/* The separated values of a table: in memory, or all of them in a tree. Numbers are never used twice. */
typedef struct ese_table__longs {
    ese_table__long *values; /* in memory: by number, from 1 */
    size_t capacity;
    size_t n_bytes;
    uint64_t last; /* number given out last */
    bool is_in_tree;
    ese_btree tree;
    ese_btree_cursor look;
} ese_table__longs;

typedef struct ese_table__temp ese_table__temp;
typedef struct ese_table__spot ese_table__spot;

/*
 * Where sorted rows are. A spot holds a copy of the row it stands on, or shares it; *found_out = false leaves it where it is, but for `first`, `last` and `seek`,
 * which then leave it nowhere. An error leaves it where it is, but in a sort, where it may be on another row.
 */
typedef struct ese_table__rows_ops {
    JET_ERR (*first)(ese_table__spot *spot, bool *found_out);
    JET_ERR (*last)(ese_table__spot *spot, bool *found_out);
    JET_ERR (*next)(ese_table__spot *spot, bool *found_out);
    JET_ERR (*prev)(ese_table__spot *spot, bool *found_out);
    JET_ERR(*seek)
    (ese_table__spot *spot, ese_bytes key, ese_btree_seek_mode mode, bool *found_out);
    /* Is the row still there? One that was replaced is held as it is now. */
    JET_ERR (*refresh)(ese_table__spot *spot, bool *is_there_out);
    /* row_out, if not NULL, is held, or NULL when there is no row with the key. */
    JET_ERR(*find)
    (ese_table__temp *temp, ese_bytes key, bool *is_there_out, ese_table__row **row_out);
    /* A failure changes nothing. In memory only an insertion fails, for lack of room; never that of a row that was removed before. */
    JET_ERR (*insert)(ese_table__temp *temp, ese_table__row *row);
    JET_ERR (*remove)(ese_table__temp *temp, ese_table__row *row);
    JET_ERR (*replace)(ese_table__temp *temp, ese_table__row *old_row, ese_table__row *new_row);
    void (*leave)(ese_table__spot *spot);   /* holds no pins and buffers */
    void (*destroy)(ese_table__temp *temp); /* no row is left */
} ese_table__rows_ops;

/*
 * INV-1  Once is_sorted, rows ascend strictly by key, but in a table that keeps duplicates.
 * INV-2  `generation` changes with every change of sorted rows: a place remembered for another generation is looked up again.
 * INV-3  The room for entries never shrinks, so that undoing a deletion needs no memory.
 * INV-4  A table and its cursors belong to one session, so to one thread at a time.
 */
struct ese_table__temp {
    uint32_t n_cursors;
    ese_table_temp_place *place;
    const char *path;
    size_t bytes_max, cache_max, undo_max;
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
    JET_ERR broken;     /* an undo failed: the table is of no use any more */
    uint64_t opened_at; /* clock of the session */
    uint32_t last_number;
    uint64_t generation;
    ese_growbuf packed; /* a row on its way */
    ese_table__sorter
        *sorter; /* insertion phase; then of a plain sort; NULL: no row was inserted */

    const ese_table__rows_ops *rows; /* once sorted */
    size_t n_bytes;                  /* of rows in memory, whoever holds them */
    ese_table__entry *entries;       /* rows in memory */
    size_t n_entries;
    size_t capacity;
    ese_btree tree;          /* rows in a tree: shared != NULL, and */
    ese_btree_cursor look;   /* for searches in it */
    bool has_place;          /* has its place in the temporary database: */
    ese_txn_session session; /* for changes of trees; in a transaction only to make and drop them */
    ese_table__longs longs;

    ese_table__change *changes;
    size_t n_changes;
    size_t changes_capacity;
};

/* Where a cursor stands: ese_table_cursor.memory. */
struct ese_table__spot {
    ese_table__temp *temp;
    ese_table__row *row;         /* held; NULL: nowhere */
    uint64_t generation;         /* in which these are right: */
    size_t index;                /* memory: of the row */
    ese_btree_cursor entry;      /* tree: on the row */
    ese_table__reading *reading; /* sort: behind the row */
};

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

/* Key of a row in the order of the sorted table. */
static inline ese_bytes
ese_table__temp_key(const ese_table__temp *temp, const ese_table__row *row)
{
    if (temp->is_numbered)
        return (ese_bytes){row->number, sizeof row->number};
    return ese_table__row_key(row);
}

/* ---- table_temp.c */

void ese_table__temp_release(ese_table__temp **temp_inout);

/* ---- table_temp_rows.c: rows as bytes, which are what the sorter and the tree have */

enum { ESE_TABLE__PACK_HEADER_MAX = 2 + 8 + 8 };

/* What stands in front of the record; returns its size. `is_apart`: the record is not there, but in row->record_long. */
size_t ese_table__row_pack_header(const ese_table__row *row, bool is_apart,
                                  uint8_t to[ESE_TABLE__PACK_HEADER_MAX]);

/* Appends header and record. */
JET_ERR ese_table__row_pack(const ese_table__row *row, bool is_apart, ese_growbuf *to);

/*
 * *row_inout becomes the row of these bytes; the object is used again when nobody else holds it. NULL: a new one. On an error it stays as it is. The key is that of
 * the order.
 */
JET_ERR ese_table__row_unpack(ese_table__temp *temp, ese_bytes key, ese_bytes packed,
                              ese_table__row **row_inout);
void ese_table__row_release(ese_table__temp *temp, ese_table__row **row_inout);

/* A row of unsorted rows, with the number it gets. */
void ese_table__row_set_number(ese_table__row *row, uint32_t number);

/* The row is gone for good: so are its separated values. */
void ese_table__row_drop_longs(ese_table__temp *temp, const ese_table__row *row);

/* The next row of a sort, which gets the number `number` if it is to have one; those with the key of *row_inout are left out. */
JET_ERR ese_table__row_read(ese_table__temp *temp, ese_table__reading *reading, uint32_t number,
                            ese_table__row **row_inout, bool *found_out);

/* ---- table_temp_memory.c, table_temp_sort.c, table_temp_tree.c */

extern const ese_table__rows_ops ese_table__rows_in_memory;
extern const ese_table__rows_ops ese_table__rows_in_sort;
extern const ese_table__rows_ops ese_table__rows_in_tree;

/* Adds a row behind all others. Takes over a hold of it on success. */
JET_ERR ese_table__memory_append(ese_table__temp *temp, ese_table__row *row);

/* The empty tree for the rows, and the way back. */
JET_ERR ese_table__tree_make(ese_table__temp *temp);
void ese_table__tree_drop(ese_table__temp *temp);

/* ---- table_temp_phase.c */

/* Adds a row in the insertion phase. */
JET_ERR ese_table__temp_add(ese_table__temp *temp, ese_bytes key, ese_bytes packed);

/* Ends the insertion phase: the rows are sorted, and those with the key of an earlier one are left out. */
JET_ERR ese_table__temp_finish_insertion(ese_table__temp *temp);

/* Moves sorted rows from memory to the tree when there is no room for more. */
JET_ERR ese_table__temp_make_room(ese_table__temp *temp);

/* ---- table_temp_change.c */

/* JET_errKeyDuplicate when the table refuses a second row with this key. */
JET_ERR ese_table__temp_check_key(ese_table__temp *temp, ese_bytes key);

/* Changes of sorted rows. A failed one changes nothing. The rows to remove are in the table; the others are not changed any more. */
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

/* ---- table_temp_long.c */

JET_ERR ese_table__longs_put(ese_table__temp *temp, ese_bytes value, uint64_t *number_out);

/* `left_out` bytes from `offset` on, at most `room` of them copied. */
JET_ERR ese_table__longs_read(ese_table__temp *temp, uint64_t number, uint32_t offset, uint8_t *to,
                              uint32_t room, uint32_t *left_out);
void ese_table__longs_drop(ese_table__temp *temp, uint64_t number);
void ese_table__longs_destroy(ese_table__temp *temp);

/* ---- table_temp_db.c */

enum {
    ESE_TABLE__TEMP_PAGE_SIZE = 8192, /* whatever that of the instance is */
    ESE_TABLE__TEMP_PATH_MAX = 1024,  /* room for JET_paramTempPath with the name of a file */
};

JET_ERR ese_table__temp_path(const ese_table__temp *temp, char to[ESE_TABLE__TEMP_PATH_MAX]);

/* A tree in the temporary database, which is made when it is not there; it ends with the last tree of the last table. */
JET_ERR ese_table__temp_make_tree(ese_table__temp *temp, ese_btree *tree_out);

/* Nobody stands in the tree. Fine for one that was never made. */
void ese_table__temp_drop_tree(ese_table__temp *temp, ese_btree *tree);
void ese_table__temp_leave_db(ese_table__temp *temp);

/* ---- table_update_temp.c */

/* A separated value of the update in preparation, by the long-value id its record has for it; false: not one of those. */
bool ese_table__update_long(const ese_table_cursor *cursor, uint64_t lid, ese_bytes *value_out);
