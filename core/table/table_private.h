/* What the files of the table layer share. */
#pragma once

#include "base/growbuf.h"
#include "record/record.h"
#include "record/record_lv.h"
#include "schema/schema_ddl.h"
#include "table/table.h"

/* Where a cursor stands, relative to the entry its order holds. */
typedef enum ese_table__place {
    ESE_TABLE__BEFORE_FIRST,
    ESE_TABLE__ON_ENTRY,
    ESE_TABLE__BEFORE_ENTRY, /* in a gap, the held entry is the next one */
    ESE_TABLE__AFTER_ENTRY,  /* in a gap, the held entry is the previous one */
    ESE_TABLE__AFTER_LAST,
    ESE_TABLE__RECORD_ONLY, /* a record without an entry in the current index */
} ese_table__place;

typedef struct ese_table__filter ese_table__filter;

typedef struct ese_table__range {
    bool is_active;
    bool is_upper; /* ends moves forward; else moves back */
    bool is_inclusive;
    size_t size;
    uint8_t key[ESE_RECORD_KEY_MOST_MAX + 8];
} ese_table__range;

/*
 * Where entries come from: the trees of a database (table_tree.c) or memory (a temporary table). Moves act on the
 * entry the order holds and know nothing of ranges, filters or places. Same results as the functions of btree.h.
 */
typedef struct ese_table__order_ops {
    JET_ERR (*first)(ese_table_cursor *cursor, bool *found_out);
    JET_ERR (*last)(ese_table_cursor *cursor, bool *found_out);
    JET_ERR (*next)(ese_table_cursor *cursor, bool *found_out);
    JET_ERR (*prev)(ese_table_cursor *cursor, bool *found_out);
    JET_ERR(*seek)
    (ese_table_cursor *cursor, ese_bytes key, ese_bytes data, ese_btree_seek_mode mode,
     bool *found_out, int *order_out);
    /* Key of the held entry: copies at most room bytes, returns the size. */
    size_t (*copy_key)(const ese_table_cursor *cursor, uint8_t *to, size_t room);
    int (*compare_key)(const ese_table_cursor *cursor,
                       ese_bytes key); /* held entry relative to `key` */
    /* Entries from the held one to the end of the range, at most `limit` (0 = all); holds the same entry afterwards. */
    JET_ERR (*count)(ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out);
    JET_ERR (*rank)(ese_table_cursor *cursor, uint64_t *before_out, uint64_t *total_out);
    JET_ERR(*go_fraction)
    (ese_table_cursor *cursor, uint64_t numerator, uint64_t denominator, bool *found_out);
    /* Record and bookmark of the held entry; borrowed until the cursor moves. */
    JET_ERR (*record)(ese_table_cursor *cursor, ese_bytes *record_out);
    JET_ERR (*bookmark)(ese_table_cursor *cursor, ese_bytes *bookmark_out);
    /* A separated value: `size_out` bytes in all from `offset` on, at most `room` of them copied. */
    JET_ERR(*read_long)
    (ese_table_cursor *cursor, uint64_t lid, uint32_t offset, uint8_t *to, uint32_t room,
     uint32_t *size_out);
    void (*forget)(ese_table_cursor *cursor); /* holds nothing any more */
    void (*close)(ese_table_cursor *cursor);
} ese_table__order_ops;

struct ese_table_cursor {
    ese_list link; /* in the list of the session */
    const ese_table__order_ops *ops;
    ese_txn_session *session;
    ese_schema *schema;      /* NULL: temporary */
    ese_schema_table *table; /* held */
    ese_schema_index *index; /* current; the primary one or NULL in primary order */
    uint32_t page_size;      /* selects the form of tagged columns */
    bool is_secondary;
    ese_table_owner owner;
    uint64_t opened_at; /* clock of the session */
    uint64_t
        changed_at; /* when a record was last replaced or deleted through it: its range goes when that is undone */
    uint64_t moved_at;         /* in the order of the secondary index */
    uint64_t primary_moved_at; /* in primary order; to choose that order is no move */

    ese_table__place place;
    ese_btree_cursor
        entry; /* trees: held entry of the current index, or the record in primary order */
    ese_btree_cursor
        record; /* trees, secondary index: record of the held entry, when is_record_held */
    bool is_record_held;
    ese_btree_cursor long_value;
    void *memory; /* temporary tables: their rows (table_temp.c) */

    ese_record_key search_key;
    unsigned n_search_segments;
    bool has_search_key;
    bool is_search_key_closed; /* made whole or ended by a limit: takes no more segments */
    bool is_on_sought_key; /* a seek found nothing: the cursor stands where `sought_key` would be */
    ese_record_key sought_key;
    ese_table__range range;
    ese_table__filter *filter;
    uint32_t n_filters;

    uint8_t bookmark[ESE_RECORD_KEY_MOST_MAX + 8];
    ese_growbuf row_bytes;  /* ese_table_get_row: values that could not be borrowed */
    ese_growbuf row_values; /* ese_table_get_row: array of ese_value */
    ese_growbuf
        row_offsets; /* array of size_t beside row_values: place in row_bytes, SIZE_MAX = borrowed */
    const ese_schema_column **plan; /* columns of the last ese_table_get_row */
    uint32_t n_plan;
    ese_growbuf scratch;   /* one decompressed chunk of a long value */
    ese_growbuf key_bytes; /* a value on its way into a key */

    bool
        keeps_record; /* secondary index: stands on no entry, but the record it came from is still to be read */
    void *update; /* made with the first update in preparation (table_update.c) */
    bool is_read_only;
    bool is_entry_gone; /* trees: the held entry is not there any more, */
    size_t
        parked_size; /* not 0: the cursor stands on the record with this key, but holds no page (table_sync.c) */
    uint8_t parked[ESE_RECORD_KEY_MOST_MAX + 8];
    bool is_record_gone; /* the held record is not */
    bool
        is_first_deferred; /* opened on an empty table: stands on the first record as soon as there is one */
    uint64_t
        indexed_at; /* clock of the session when the index was chosen, or as old as that counts (table_opening.c) */
    bool has_opening;    /* took an opening of the index over when it was chosen */
    uint64_t generation; /* of the schema, when the descriptor was looked at last */
    bool has_lv_tree;    /* made since the descriptor was: */
    ese_btree lv_tree;
};

/* A cursor without position, in the list of its session. Takes over the hold on `table`. */
JET_ERR ese_table__create(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                          const ese_table__order_ops *ops, ese_table_cursor **cursor_out);

extern const ese_table__order_ops ese_table__tree_ops;

/* table_tree.c: chooses the trees of the current index. */
void ese_table__tree_use_index(ese_table_cursor *cursor, ese_schema_index *index);

/* table_opening.c. A statement has changed entries of an index: */
JET_ERR ese_table__opening_note(ese_table_cursor *cursor, const ese_schema_index *index);

/* The cursor, still with its old index, is about to choose this one: sets indexed_at. */
void ese_table__opening_take(ese_table_cursor *cursor, const ese_schema_index *index);

/* The cursor gives up its index. */
void ese_table__opening_leave(ese_table_cursor *cursor);

/* Right before a statement that changes records; and when it has failed: then it opened nothing. */
size_t ese_table__openings_before(ese_txn_session *session);
void ese_table__openings_undo(ese_txn_session *session, size_t before);

/* Every change of position goes through here. */
void ese_table__set_place(ese_table_cursor *cursor, ese_table__place place);

/* Where a cursor of a database stands, for calls that have moved it before they fail. */
typedef struct ese_table__position {
    ese_schema_index *index;
    uint64_t indexed_at;
    ese_table__place place;
    bool is_secondary, is_record_held, is_range_active, has_search_key;
    bool is_entry_gone, is_record_gone;
    size_t parked_size;
    ese_btree_cursor entry, record;
} ese_table__position;

/* Ends with one of ese_table__restore, which goes back there, and ese_table__forget. */
void ese_table__save(const ese_table_cursor *cursor, ese_table__position *position_out);
void ese_table__restore(ese_table_cursor *cursor, ese_table__position *position);
void ese_table__forget(ese_table__position *position);

/* The record of the current row; JET_errNoCurrentRecord. */
JET_ERR ese_table__current_record(ese_table_cursor *cursor, ese_record *record_out);

/*
 * The error with a text that names file, page and table: what is wrong with the bytes of a record is found where neither is known.
 */
JET_ERR ese_table__say_where(const ese_table_cursor *cursor, JET_ERR err);

/* One value of a record. */
typedef struct ese_table__value {
    ese_table_value_state state;
    ese_record_value value; /* of ESE_TABLE_VALUE */
} ese_table__value;

/* Number of values, defaults applied (a default counts as one). */
JET_ERR ese_table__count_values(const ese_record *record, const ese_schema_column *column,
                                uint32_t *n_out);

/* Value number `index` (from 0), defaults applied; NULL when there is none. */
JET_ERR ese_table__get_value(const ese_record *record, const ese_schema_column *column,
                             uint32_t index, ese_table__value *value_out);

/* Which part of a value is wanted, and where bytes that cannot be borrowed go (they are appended). */
typedef struct ese_table__part {
    uint32_t offset;
    uint32_t limit;
    ese_growbuf *to;
} ese_table__part;

typedef struct ese_table__loaded {
    bool is_borrowed;
    ese_bytes borrowed; /* in the record, or */
    size_t start;       /* at this place of the buffer */
    uint32_t size;      /* bytes loaded */
    uint32_t full_size; /* bytes from the offset to the end of the value */
} ese_table__loaded;

/* Brings in the bytes of a value, decompressed and fetched from the long-value tree as needed. */
JET_ERR ese_table__load_value(ese_table_cursor *cursor, const ese_record_value *value,
                              const ese_table__part *part, ese_table__loaded *loaded_out);

/* Is the held entry beyond the end of the active range? */
bool ese_table__is_beyond_range(const ese_table__range *range, int order_of_entry);

/* table_temp.c: a second cursor on the table, on its first row. JET_errIllegalOperation while rows are being inserted. */
JET_ERR ese_table__temp_dup(ese_table_cursor *cursor, ese_table_cursor **cursor_out);

/* table_temp_order.c: a move by no entry; JET_errRecordDeleted when the row is gone. */
JET_ERR ese_table__temp_stay(ese_table_cursor *cursor, bool *found_out);

/*
 * Lets go of the page of the record the cursor stands on, whose key is given, until the next call: who changes the record next changes it in its place and not in
 * a copy of the page.
 */
void ese_table__park(ese_table_cursor *cursor, ese_bytes key);

/* Ends a statement of the cursor: ese_txn_statement_leave. */
JET_ERR ese_table__leave(ese_table_cursor *cursor, const ese_txn_statement *statement, JET_ERR err);

/* Is an update in preparation? */
bool ese_table__is_updating(const ese_table_cursor *cursor);

/* The record in preparation, encoded as it is now (table_update_encode.c). */
JET_ERR ese_table__update_record(ese_table_cursor *cursor, ese_record *record_out);

/* Bytes of the key of the record it replaces; 0 for one that is new. */
size_t ese_table__update_bookmark_size(const ese_table_cursor *cursor);

/* Right after a rollback: drops the update in preparation when it, or a long value of it, was made within the part rolled back. */
void ese_table__update_roll_back(ese_table_cursor *cursor);

/* With the cursor: the update and its memory. */
void ese_table__update_destroy(ese_table_cursor *cursor);

/* table_sync.c: brings what the cursor holds up to date with the tables and records that its session sees now. */
JET_ERR ese_table__refresh(ese_table_cursor *cursor);

/* table_tree.c: fetches the record of the held entry. JET_errRecordDeleted. */
JET_ERR ese_table__hold_record(ese_table_cursor *cursor);

/* The tree of long values: NULL, when there is none and none can be made. */
JET_ERR ese_table__lv_tree(ese_table_cursor *cursor, const ese_btree **tree_out);

/* Stands cursor->long_value on the root of a long value, or on its chunk at `offset`, whose stored bytes are borrowed. */
JET_ERR ese_table__find_root(ese_table_cursor *cursor, uint64_t lid, ese_record_lv_root *root_out);
JET_ERR ese_table__find_chunk(ese_table_cursor *cursor, uint64_t lid, uint32_t offset,
                              ese_bytes *stored_out);

/* The same, decompressed to its `full_size` bytes. */
JET_ERR ese_table__read_chunk(ese_table_cursor *cursor, uint64_t lid, uint32_t offset,
                              uint32_t full_size, ese_bytes *chunk_out);

/*
 * Stands on the entry of the current secondary index that belongs to the held record, whose bookmark is given. *exists_out = false:
 * there is none, and only the record is held.
 */
JET_ERR ese_table__find_entry(ese_table_cursor *cursor, ese_bytes bookmark, uint32_t itag,
                              bool *exists_out);

/* Does the record of the held entry pass the filter? */
JET_ERR ese_table__passes_filter(ese_table_cursor *cursor, bool *passes_out);
void ese_table__filter_clear(ese_table_cursor *cursor);

/* The descriptor of the cursor is another one. A filter on a column that it does not have is dropped: JET_errColumnNotFound. */
JET_ERR ese_table__filter_rebind(ese_table_cursor *cursor);

/* The same for the update in preparation, if there is one. */
JET_ERR ese_table__update_rebind(ese_table_cursor *cursor);

/* The column of segment `i` as the key codec wants it. */
ese_record_key_column ese_table__key_column(const ese_schema_segment *segment);

/* The entry of the record in primary order `cursor` stands on: used by ese_table_entries. */
JET_ERR ese_table__entries_of(ese_table_cursor *cursor, const ese_record *record,
                              const ese_schema_index *index, const ese_table_entries_ops *ops);

/* The same for a record that is about to be written: a NULL or a key that the index refuses is an error of the caller. */
JET_ERR ese_table__new_entries_of(ese_table_cursor *cursor, const ese_record *record,
                                  const ese_schema_index *index, const ese_table_entries_ops *ops);

/* The only one of these entries, or the last one, in the primary index. Empty: none. */
JET_ERR ese_table__new_primary_key(ese_table_cursor *cursor, const ese_record *record,
                                   const ese_schema_index *primary, ese_record_key *key_out);

/* Key of the entry that value `itag` (from 1) of the first multi-valued segment gives; *exists_out = false: none. */
JET_ERR ese_table__entry_key(ese_table_cursor *cursor, const ese_record *record,
                             const ese_schema_index *index, uint32_t itag, ese_record_key *key_out,
                             bool *exists_out);
