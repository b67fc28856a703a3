#include "object_model_batch.h"

#include "object_model_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 20, FIRST_BYTES = 1 << 14 };

/* One of many values of a cell. */
typedef struct part {
    size_t offset;
    size_t size;
} part;

struct ese_model_reader {
    ese_model_cursor *cursor;
    ese_column *columns;
    ese_model_output *outputs;
    uint32_t n_columns;
    int32_t step;       /* to the next record */
    int32_t first_move; /* before the first record; 0 = none */
    bool is_begun;
    bool is_at_end;
    atomic_flag is_busy; /* INV-1 */
    JET_ERR err_pending;
    char text_pending[512];
    ese_model_cell *cells; /* n_columns for each row */
    uint32_t n_rows;
    uint32_t rows_capacity;
    uint8_t *bytes;
    size_t n_bytes;
    size_t bytes_capacity;
};

static ese_model_reader *
allocate_reader(const ese_model_output *outputs, uint32_t n_outputs)
{
    ese_model_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->columns = calloc((size_t)n_outputs + 1, sizeof *reader->columns);
    reader->outputs = calloc((size_t)n_outputs + 1, sizeof *reader->outputs);
    if (reader->columns == NULL || reader->outputs == NULL) {
        ese_model_destroy_reader(reader);
        return NULL;
    }
    for (uint32_t i = 0; i < n_outputs; i++) {
        reader->columns[i].columnid = outputs[i].columnid;
        reader->outputs[i] = outputs[i];
    }
    reader->n_columns = n_outputs;
    atomic_flag_clear(&reader->is_busy);
    return reader;
}

JET_ERR
ese_model_create_reader(ese_model_cursor *cursor, const ese_model_output *outputs,
                        uint32_t n_outputs, ese_model_from from, ese_model_reader **reader_out)
{
    bool is_backward = from == ESE_MODEL_FROM_LAST || from == ESE_MODEL_FROM_HERE_BACKWARD;
    ese_model_call call;
    ese_model_reader *reader;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    reader = allocate_reader(outputs, n_outputs);
    if (reader != NULL) {
        ese_model__hold(&cursor->object);
        reader->cursor = cursor;
        reader->step = is_backward ? JET_MovePrevious : JET_MoveNext;
        if (from == ESE_MODEL_FROM_FIRST)
            reader->first_move = (int32_t)JET_MoveFirst;
        else if (from == ESE_MODEL_FROM_LAST)
            reader->first_move = JET_MoveLast;
        *reader_out = reader;
    }
    ese_model__leave(&call);
    return reader != NULL ? JET_errSuccess : ese_model__fail(JET_errOutOfMemory, "out of memory");
}

void
ese_model_destroy_reader(ese_model_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->cursor != NULL)
        ese_model_release(&reader->cursor->object);
    free(reader->columns);
    free(reader->outputs);
    free(reader->cells);
    free(reader->bytes);
    free(reader);
}

uint32_t
ese_model_output_count(const ese_model_reader *reader)
{
    return reader->n_columns;
}

const ese_model_output *
ese_model_output_at(const ese_model_reader *reader, uint32_t i)
{
    return &reader->outputs[i];
}

/* ---- Memory of a batch ---------------------------------------------------------------------------------- */

static JET_ERR
reserve_row(ese_model_reader *reader)
{
    uint32_t capacity = reader->rows_capacity > 0 ? 2 * reader->rows_capacity : 8;
    ese_model_cell *cells;

    if (reader->n_rows < reader->rows_capacity)
        return JET_errSuccess;
    cells = realloc(reader->cells, (size_t)capacity * (reader->n_columns + 1) * sizeof *cells);
    if (cells == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    reader->cells = cells;
    reader->rows_capacity = capacity;
    return JET_errSuccess;
}

/* Room for `size` bytes, aligned for a part. */
static JET_ERR
reserve_bytes(ese_model_reader *reader, size_t size, size_t *offset_out)
{
    size_t offset = (reader->n_bytes + 7) & ~(size_t)7;
    size_t capacity = reader->bytes_capacity > 0 ? reader->bytes_capacity : FIRST_BYTES;
    uint8_t *bytes;

    if (size > SIZE_MAX / 4 - offset)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    while (capacity < offset + size)
        capacity *= 2;
    if (capacity > reader->bytes_capacity) {
        bytes = realloc(reader->bytes, capacity);
        if (bytes == NULL)
            return ese_model__fail(JET_errOutOfMemory, "out of memory");
        reader->bytes = bytes;
        reader->bytes_capacity = capacity;
    }
    reader->n_bytes = offset + size;
    *offset_out = offset;
    return JET_errSuccess;
}

static JET_ERR
keep_bytes(ese_model_reader *reader, const ese_value *value, size_t *offset_out)
{
    JET_ERR err = reserve_bytes(reader, value->size, offset_out);

    if (err >= JET_errSuccess && value->size > 0)
        memcpy(reader->bytes + *offset_out, value->data, value->size);
    return err;
}

static JET_ERR
keep_many(ese_model_reader *reader, const ese_column *column, ese_model_cell *cell)
{
    size_t parts;
    JET_ERR err = reserve_bytes(reader, column->n_values * sizeof(part), &parts);

    for (uint32_t i = 0; i < column->n_values && err >= JET_errSuccess; i++) {
        part p = {.size = column->values[i].size};

        err = keep_bytes(reader, &column->values[i], &p.offset);
        if (err >= JET_errSuccess)
            memcpy(reader->bytes + parts + i * sizeof p, &p, sizeof p);
    }
    cell->at.offset = parts;
    return err;
}

static JET_ERR
keep_column(ese_model_reader *reader, const ese_column *column, ese_model_cell *cell)
{
    const ese_value *value = column->values;

    cell->n_values = column->n_values;
    cell->size = 0;
    if (column->n_values == 0)
        return JET_errSuccess;
    if (column->n_values > 1)
        return keep_many(reader, column, cell);
    cell->size = value->size;
    if (value->size > sizeof cell->at.bytes)
        return keep_bytes(reader, value, &cell->at.offset);
    if (value->size > 0)
        memcpy(cell->at.bytes, value->data, value->size);
    return JET_errSuccess;
}

/* ---- Reading -------------------------------------------------------------------------------------------- */

static JET_ERR
get_row(ese_model_reader *reader)
{
    const ese_model_cursor *cursor = reader->cursor;

    if (reader->n_columns == 0)
        return JET_errSuccess;
    return ese_get_row(cursor->sesid, cursor->tableid, 0, reader->columns, reader->n_columns);
}

/* Moves on and gets the row, in one call where there is one for both. Sets is_at_end when there is no further record. */
static JET_ERR
step(ese_model_reader *reader)
{
    const ese_model_cursor *cursor = reader->cursor;
    int32_t rows = reader->is_begun ? reader->step : reader->first_move;
    JET_ERR err;

    reader->is_begun = true;
    if (rows == 0)
        return get_row(reader);
    if (rows == 1 && reader->n_columns > 0) {
        err = ese_next_row(cursor->sesid, cursor->tableid, 0, reader->columns, reader->n_columns);
    } else {
        err = JetMove(cursor->sesid, cursor->tableid, rows, 0);
        if (err >= JET_errSuccess)
            return get_row(reader);
    }
    if (err != JET_errNoCurrentRecord)
        return err;
    reader->is_at_end = true;
    return JET_errSuccess;
}

static JET_ERR
read_row(ese_model_reader *reader)
{
    ese_model_cell *cells;
    JET_ERR err = reserve_row(reader);

    if (err >= JET_errSuccess)
        err = step(reader);
    if (err < JET_errSuccess || reader->is_at_end)
        return err;
    cells = reader->cells + (size_t)reader->n_rows * reader->n_columns;
    for (uint32_t i = 0; i < reader->n_columns && err >= JET_errSuccess; i++)
        err = keep_column(reader, &reader->columns[i], &cells[i]);
    if (err >= JET_errSuccess)
        reader->n_rows++;
    return err;
}

static JET_ERR
take_pending(ese_model_reader *reader)
{
    JET_ERR err = reader->err_pending;

    reader->err_pending = JET_errSuccess;
    return ese_model__fail(err, reader->text_pending);
}

static JET_ERR
read_rows(ese_model_reader *reader, uint32_t rows_max)
{
    JET_ERR err = JET_errSuccess;

    if (reader->err_pending < JET_errSuccess)
        return take_pending(reader);
    while (reader->n_rows < rows_max && reader->n_bytes < BATCH_BYTES && !reader->is_at_end &&
           err >= JET_errSuccess)
        err = read_row(reader);
    if (err < JET_errSuccess && reader->n_rows > 0) {
        reader->err_pending = err;
        strncpy(reader->text_pending, ese_model_error_text(err), sizeof reader->text_pending - 1);
        return JET_errSuccess;
    }
    return err;
}

/* INV-1; nothing is left of the batch before. */
static JET_ERR
begin_read(ese_model_reader *reader)
{
    if (atomic_flag_test_and_set(&reader->is_busy))
        return ese_model__fail(JET_errSessionSharingViolation,
                               "another thread is reading these rows");
    reader->n_rows = 0;
    if (reader->bytes_capacity > 4 * (size_t)BATCH_BYTES) { /* a huge value is not kept for ever */
        free(reader->bytes);
        reader->bytes = NULL;
        reader->bytes_capacity = 0;
    }
    reader->n_bytes = 0;
    return JET_errSuccess;
}

static JET_ERR
finish_read(ese_model_reader *reader, JET_ERR err, uint32_t *n_rows_out)
{
    if (err < JET_errSuccess)
        atomic_flag_clear(&reader->is_busy);
    else
        *n_rows_out = reader->n_rows;
    return err;
}

JET_ERR
ese_model_read(ese_model_reader *reader, uint32_t rows_max, uint32_t *n_rows_out)
{
    ese_model_call call;
    JET_ERR err = begin_read(reader);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__enter(&reader->cursor->object, &call);
    if (err >= JET_errSuccess) {
        err = read_rows(reader, rows_max);
        ese_model__leave(&call);
    }
    return finish_read(reader, err, n_rows_out);
}

static JET_ERR
read_key(ese_model_reader *reader, const ese_model_key *key)
{
    const ese_model_cursor *cursor = reader->cursor;
    JET_ERR err = ese_model__make_key(reader->cursor, key);

    if (err >= JET_errSuccess)
        err = JetSeek(cursor->sesid, cursor->tableid, JET_bitSeekEQ);
    if (err == JET_errRecordNotFound)
        return JET_errSuccess;
    if (err < JET_errSuccess)
        return err;
    reader->is_begun = false;
    reader->is_at_end = false;
    reader->first_move = 0;
    return read_row(reader);
}

JET_ERR
ese_model_read_key(ese_model_reader *reader, const ese_model_key *key, uint32_t *n_rows_out)
{
    ese_model_call call;
    JET_ERR err = begin_read(reader);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__enter(&reader->cursor->object, &call);
    if (err >= JET_errSuccess) {
        err = read_key(reader, key);
        ese_model__leave(&call);
    }
    return finish_read(reader, err, n_rows_out);
}

void
ese_model_end_read(ese_model_reader *reader)
{
    atomic_flag_clear(&reader->is_busy);
}

const ese_model_cell *
ese_model_row(const ese_model_reader *reader, uint32_t row)
{
    return reader->cells + (size_t)row * reader->n_columns;
}

const uint8_t *
ese_model_cell_value(const ese_model_reader *reader, const ese_model_cell *cell, uint32_t i,
                     size_t *size_out)
{
    part p;

    if (cell->n_values > 1) {
        memcpy(&p, reader->bytes + cell->at.offset + i * sizeof p, sizeof p);
        *size_out = p.size;
        return reader->bytes + p.offset;
    }
    *size_out = cell->size;
    return cell->size > sizeof cell->at.bytes ? reader->bytes + cell->at.offset : cell->at.bytes;
}
