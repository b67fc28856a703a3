/*
 * Cursors: a position in a table, seen through one of its indexes.
 *
 * INV-1  A failed call leaves position, index and range as they were, but where the API documents otherwise.
 * INV-2  A cursor holds its descriptor and at most three pins; closing it gives everything back.
 * INV-3  Expected outcomes (no record, inexact match, null) are out-values here; core/api turns them into codes.
 */
#pragma once

#include "base/list.h"
#include "ese.h"
#include "schema/schema.h"
#include "txn/txn.h"

typedef struct ese_table_cursor ese_table_cursor;

/* ---- Life ---- */

/* Opens `name`, stands on the first record. The cursor joins the list of cursors of the session. */
JET_ERR ese_table_open(ese_txn_session *session, ese_schema *schema, const char *name,
                       ese_table_cursor **cursor_out);

/* A new cursor on the same table, on the first record of the primary index. */
JET_ERR ese_table_dup(ese_table_cursor *cursor, ese_table_cursor **cursor_out);
void ese_table_close(ese_table_cursor **cursor_inout);

/* The cursor of a node in the list of a session. */
ese_table_cursor *ese_table_cursor_of(ese_list *node);

const ese_schema_table *ese_table_descriptor(const ese_table_cursor *cursor);
ese_schema *ese_table_schema(const ese_table_cursor *cursor); /* NULL: a temporary table */
bool ese_table_is_temporary(const ese_table_cursor *cursor);

/*
 * At the beginning of a call: the cursor gets the descriptor that its session sees now, and finds out what has become of the entry and the record it holds.
 * Cheap when nothing changed.
 */
JET_ERR ese_table_sync(ese_table_cursor *cursor);

/* Changes through this cursor are JET_errPermissionDenied. */
void ese_table_set_read_only(ese_table_cursor *cursor);
bool ese_table_is_read_only(const ese_table_cursor *cursor);

/* What core/api keeps with a cursor; zero at first. */
typedef struct ese_table_owner {
    void *database;
    uint64_t handle;
    void *use; /* NULL: not counted. The rest is guarded by the lock of api_table_use.c. */
    ese_list link;
    const void *session;
    JET_GRBIT grbit; /* of the opening */
    uint32_t index_objid;
} ese_table_owner;

ese_table_owner *ese_table_owner_of(ese_table_cursor *cursor);

/*
 * The session has just been rolled back to `level`: a cursor that moved in the part that was undone stands before the first entry.
 * True when it was opened there and must be closed.
 */
bool ese_table_roll_back(ese_table_cursor *cursor, uint8_t level);

/* After that, for all cursors: forgets which indexes the part that was undone had changed. */
void ese_table_roll_back_openings(ese_txn_session *session);

/* The cursor stands before the first entry. */
void ese_table_reset(ese_table_cursor *cursor);

/* The cursor will be moved through many entries in order: pages are read ahead. */
void ese_table_set_sequential(ese_table_cursor *cursor, bool is_sequential);

/* ---- Indexes ---- */

/* Current index; NULL for a table without a primary index, in primary order. */
const ese_schema_index *ese_table_current_index(const ese_table_cursor *cursor);

typedef enum ese_table_keep { ESE_TABLE_MOVE_FIRST, ESE_TABLE_KEEP_RECORD } ese_table_keep;

typedef enum ese_table_outcome {
    ESE_TABLE_FOUND,
    ESE_TABLE_NO_RECORD,   /* JET_errNoCurrentRecord */
    ESE_TABLE_BAD_SEQUENCE /* JET_errBadItagSequence: the record has no such value in the index */
} ese_table_outcome;

/* NULL: primary order. `itag_sequence` chooses the value of a multi-valued column the record is kept at (0 = 1). */
JET_ERR ese_table_set_index(ese_table_cursor *cursor, ese_schema_index *index, ese_table_keep keep,
                            uint32_t itag_sequence, ese_table_outcome *outcome_out);

/* ---- Moving ---- */

JET_ERR ese_table_move_first(ese_table_cursor *cursor, bool *found_out);
JET_ERR ese_table_move_last(ese_table_cursor *cursor, bool *found_out);

typedef enum ese_table_step { ESE_TABLE_BY_ENTRY, ESE_TABLE_BY_KEY } ese_table_step;

/* `distance` entries (or distinct keys) forward or back; 0 asks whether there is a current record. */
JET_ERR ese_table_move(ese_table_cursor *cursor, int64_t distance, ese_table_step step,
                       bool *found_out);

/* ---- Keys, seeks, ranges ---- */

JET_ERR ese_table_make_key(ese_table_cursor *cursor, const void *data, uint32_t size,
                           JET_GRBIT grbit);

/* The key made so far (from_search), or the key of the current entry. Size of the whole key; at most `room` bytes are copied. */
typedef enum ese_table_key_source {
    ESE_TABLE_CURRENT_KEY,
    ESE_TABLE_SEARCH_KEY
} ese_table_key_source;
JET_ERR ese_table_get_key(ese_table_cursor *cursor, ese_table_key_source source, uint8_t *to,
                          size_t room, size_t *size_out);

typedef enum ese_table_match {
    ESE_TABLE_MATCH_NONE,
    ESE_TABLE_MATCH_EQUAL,
    ESE_TABLE_MATCH_OTHER,       /* found, but not equal */
    ESE_TABLE_MATCH_EQUAL_UNIQUE /* the only entry of its key; told with JET_bitCheckUniqueness */
} ese_table_match;

JET_ERR ese_table_seek(ese_table_cursor *cursor, JET_GRBIT grbit, ese_table_match *match_out);

/* *found_out = false: the range is empty. */
JET_ERR ese_table_set_range(ese_table_cursor *cursor, JET_GRBIT grbit, bool *found_out);

/* Entries from the current one to the end of the range or index, at most `limit` (0 = all); drops the range. */
JET_ERR ese_table_count(ese_table_cursor *cursor, uint32_t limit, uint32_t *count_out);

JET_ERR ese_table_get_position(ese_table_cursor *cursor, JET_RECPOS *position_out);
JET_ERR ese_table_go_position(ese_table_cursor *cursor, const JET_RECPOS *position,
                              bool *found_out);

/* ---- Bookmarks ---- */

/* Primary key of the current record; JET_errNoCurrentRecord. Borrowed until the cursor moves. */
JET_ERR ese_table_bookmark(ese_table_cursor *cursor, ese_bytes *bookmark_out);

/* JET_errRecordDeleted when there is no such record; JET_errInvalidBookmark for an empty one. */
JET_ERR ese_table_go_bookmark(ese_table_cursor *cursor, ese_bytes bookmark);

typedef enum ese_table_virtual { ESE_TABLE_EXACT_ONLY, ESE_TABLE_PERMIT_VIRTUAL } ese_table_virtual;
JET_ERR ese_table_go_secondary(ese_table_cursor *cursor, ese_bytes key, ese_bytes bookmark,
                               ese_table_virtual permit);

/* ---- Columns ---- */

typedef enum ese_table_value_state {
    ESE_TABLE_NULL,
    ESE_TABLE_VALUE,
} ese_table_value_state;

/* One value asked for, and the answer. */
typedef struct ese_table_request {
    JET_COLUMNID columnid;       /* in; 0 = the `itag_sequence`-th tagged column of the record */
    JET_GRBIT grbit;             /* in: JET_bitRetrieve… */
    uint32_t itag_sequence;      /* in, out with JET_bitRetrieveTag; 0 = the number of values */
    uint32_t offset;             /* in: bytes of a long value to skip */
    void *to;                    /* in */
    uint32_t room;               /* in */
    ese_table_value_state state; /* out */
    uint32_t size;               /* out: bytes of the value from `offset` on */
    bool is_separated;           /* out: the value is stored apart from the record */
    uint32_t n_values;           /* out, when itag_sequence is 0 */
    JET_COLUMNID next_tagged;    /* out: the column found, when columnid is 0 */
} ese_table_request;

JET_ERR ese_table_retrieve(ese_table_cursor *cursor, ese_table_request *request);

/* ese_get_row of ese.h. */
JET_ERR ese_table_get_row(ese_table_cursor *cursor, uint32_t value_limit, ese_column *columns,
                          uint32_t n_columns);

typedef enum ese_table_presence {
    ESE_TABLE_ABSENT,      /* neither in the record nor given by a default */
    ESE_TABLE_BY_DEFAULT,  /* not in the record, the default applies */
    ESE_TABLE_SET_TO_NULL, /* in the record as NULL */
    ESE_TABLE_PRESENT,     /* in the record with values */
} ese_table_presence;

/* Is the column in the current record (with JET_bitRetrieveCopy in the one in preparation), and with how many values? */
JET_ERR ese_table_find_column(ese_table_cursor *cursor, JET_GRBIT grbit,
                              const ese_schema_column *column, ese_table_presence *presence_out,
                              uint32_t *n_values_out);

/* Adds the sizes of the current record, or with JET_bitRecordSizeInCopyBuffer of the one in preparation, to *size_inout. */
JET_ERR ese_table_record_size(ese_table_cursor *cursor, JET_GRBIT grbit, JET_RECSIZE2 *size_inout);

/* ---- Reading ahead ---- */

/* Brings the pages on the way to `key` of the current index into the cache; the cursor stays where it is. */
JET_ERR ese_table_preread(ese_table_cursor *cursor, ese_bytes key);

/* The same for the key that values of the first columns of the index make. */
JET_ERR ese_table_preread_columns(ese_table_cursor *cursor, const JET_INDEX_COLUMN *columns,
                                  uint32_t n);

/* ---- Filters ---- */

/* JET_errFilteredMoveNotSupported, JET_errColumnNotFound, JET_errInvalidParameter. n = 0 removes the filter. */
JET_ERR ese_table_set_filter(ese_table_cursor *cursor, const JET_INDEX_COLUMN *filters, uint32_t n);
bool ese_table_has_filter(const ese_table_cursor *cursor);

/* ---- Entries a record has in an index ---- */

typedef struct ese_table_entries_ops {
    void *self;
    JET_ERR(*visit)
    (void *self,
     ese_bytes key); /* once per entry, in no particular order, repeated keys possible */
} ese_table_entries_ops;

/* The keys of `index` that the current record must have; for the checker and for going to a record through an index. */
JET_ERR ese_table_entries(ese_table_cursor *cursor, const ese_schema_index *index,
                          const ese_table_entries_ops *ops);
