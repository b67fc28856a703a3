/*
 * Writing rows in batches: a language puts the values of many rows into one buffer, in the form in which columns store them, and
 * one call then inserts them all. Beside it what changes one record: updates in steps, long values as streams, escrow.
 *
 * INV-1  Between ese_model_begin_write and ese_model_end_write the writer belongs to one thread; another one gets
 *        JET_errSessionSharingViolation.
 * INV-2  A batch is written whole or not at all: it runs in a transaction of its own, or in a level inside the current one.
 *
 * The buffer: a row is a ese_model_row_head and its items; an item is a ese_model_item and its bytes, filled up to a multiple of 8.
 */
#pragma once

#include "object_model.h"

typedef struct ese_model_writer ese_model_writer;

/* A column to write. */
typedef struct ese_model_input {
    char name[ESE_MODEL_NAME_MAX]; /* for messages */
    JET_COLUMNID columnid;
    ese_model_segment type;
    bool is_list; /* has many values */
    bool
        skip_null; /* NULL in a new record is what the column has anyway, or what the engine fills in */
} ese_model_input;

typedef enum ese_model_write_kind {
    ESE_MODEL_INSERT,
    ESE_MODEL_UPSERT,  /* by primary key: changes the record, or inserts it */
    ESE_MODEL_REPLACE, /* one row: the record on which the cursor stands */
    ESE_MODEL_SET,     /* one row: the update in progress, which stays in progress */
    ESE_MODEL_DELETE,  /* rows of primary keys: deletes those that are there */
} ese_model_write_kind;

typedef struct ese_model_written {
    uint32_t n_rows;             /* written, or deleted */
    uint32_t n_inserted;         /* of an upsert: those that were new */
    uint64_t autoincrement;      /* of the last row inserted, when the writer was told the column */
    ese_model_bookmark bookmark; /* of the last row */
} ese_model_written;

/*
 * `keys` are the inputs of the primary key, in its order; none when there is no primary index. `autoincrement` is the column that the
 * engine fills in, 0 for none. Keeps a reference to the cursor, which upserts and deletes move.
 */
typedef struct ese_model_writing {
    const ese_model_input *inputs;
    uint32_t n_inputs;
    const uint32_t *keys;
    uint32_t n_keys;
    JET_COLUMNID autoincrement;
} ese_model_writing;

JET_ERR ese_model_create_writer(ese_model_cursor *cursor, const ese_model_writing *writing,
                                ese_model_writer **writer_out);
void ese_model_destroy_writer(ese_model_writer *writer);

/* Takes the writer for this thread, with an empty buffer for so many rows; `n_before` went before them, for messages. */
JET_ERR ese_model_begin_write(ese_model_writer *writer, uint32_t n_rows, uint64_t n_before);
void ese_model_end_write(ese_model_writer *writer);

uint32_t ese_model_input_count(const ese_model_writer *writer);
const ese_model_input *ese_model_input_at(const ese_model_writer *writer, uint32_t i);

/* A row without values, to which the following values belong. JET_errOutOfMemory. */
JET_ERR ese_model_add_row(ese_model_writer *writer);

/* Value number `itag` (from 1) of a column of the row. JET_errInvalidParameter when it can be none, JET_errOutOfMemory. */
JET_ERR ese_model_add_value(ese_model_writer *writer, uint32_t input, uint32_t itag,
                            const ese_model_value *value);

/* Writes the rows of the buffer. Texts of errors name row (from 1) and column. */
JET_ERR ese_model_write(ese_model_writer *writer, ese_model_write_kind kind,
                        ese_model_written *written_out);

/* ---- One record ------------------------------------------------------------------------------------------- */

/* JetPrepareUpdate; `prep` is one of JET_prep.... */
JET_ERR ese_model_prepare(ese_model_cursor *cursor, uint32_t prep);
JET_ERR ese_model_update(ese_model_cursor *cursor, ese_model_bookmark *bookmark_out);

/* Deletes the record on which the cursor stands. */
JET_ERR ese_model_delete(ese_model_cursor *cursor);

/* Deletes from where the cursor stands to the end of its index or range, all or nothing. */
JET_ERR ese_model_delete_all(ese_model_cursor *cursor, uint64_t *number_out);

/* Adds to an escrow column of the record, and gives what was there. */
JET_ERR ese_model_escrow(ese_model_cursor *cursor, JET_COLUMNID columnid, int64_t delta,
                         int64_t *old_out);

/* JetGetLock; `grbit` is JET_bitReadLock or JET_bitWriteLock. */
JET_ERR ese_model_lock(ese_model_cursor *cursor, JET_GRBIT grbit);

/* A long value as a stream of bytes: of the record, or of the update in progress, which alone can change it. */
typedef struct ese_model_stream {
    JET_COLUMNID columnid;
    uint32_t itag; /* from 1 */
    bool is_update;
} ese_model_stream;

/* 0 for NULL, too. */
JET_ERR ese_model_stream_size(ese_model_cursor *cursor, const ese_model_stream *stream,
                              uint64_t *size_out);
JET_ERR ese_model_stream_read(ese_model_cursor *cursor, const ese_model_stream *stream,
                              uint64_t offset, void *data, size_t room_size, size_t *size_out);

/* A gap behind the end is filled with zeros. */
JET_ERR ese_model_stream_write(ese_model_cursor *cursor, const ese_model_stream *stream,
                               uint64_t offset, const void *data, size_t size);
JET_ERR ese_model_stream_resize(ese_model_cursor *cursor, const ese_model_stream *stream,
                                uint64_t size);
