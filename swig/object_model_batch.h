/*
 * Reading rows in batches: one call moves a cursor over many records and copies the values of the chosen columns, so that a
 * language enters the engine once for hundreds of rows and makes its own values afterwards.
 *
 * INV-1  Between ese_model_read and ese_model_end_read the rows belong to one thread; another one gets
 *        JET_errSessionSharingViolation.
 * INV-2  Memory: one row, or BATCH_BYTES and the row that exceeds them.
 */
#pragma once

#include "object_model.h"

typedef struct ese_model_reader ese_model_reader;

typedef enum ese_model_from {
    ESE_MODEL_FROM_FIRST, /* of the index */
    ESE_MODEL_FROM_LAST,  /* backwards */
    ESE_MODEL_FROM_HERE,  /* the record on which the cursor stands is the first */
    ESE_MODEL_FROM_HERE_BACKWARD,
} ese_model_from;

/* A column to read, and what a language makes of it. As binary it comes unchanged. */
typedef struct ese_model_output {
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint32_t cp;
    bool is_list; /* also when there is one value only */
} ese_model_output;

/* Keeps a reference to the cursor. */
JET_ERR ese_model_create_reader(ese_model_cursor *cursor, const ese_model_output *outputs,
                                uint32_t n_outputs, ese_model_from from,
                                ese_model_reader **reader_out);
void ese_model_destroy_reader(ese_model_reader *reader);

uint32_t ese_model_output_count(const ese_model_reader *reader);
const ese_model_output *ese_model_output_at(const ese_model_reader *reader, uint32_t i);

/*
 * At most `rows_max` rows from where the last call ended; none at the end. After a full batch the cursor stands on
 * its last row. An error after some good rows is returned by the next call.
 */
JET_ERR ese_model_read(ese_model_reader *reader, uint32_t rows_max, uint32_t *n_rows_out);

/*
 * The one row with a key in the current index of the cursor, which stands on it then; none when there is no such record. The key
 * has a value for each column of the index. What is read afterwards begins there.
 */
JET_ERR ese_model_read_key(ese_model_reader *reader, const ese_model_key *key,
                           uint32_t *n_rows_out);
void ese_model_end_read(ese_model_reader *reader);

/* A column of a row: 0 values = NULL. */
typedef struct ese_model_cell {
    uint32_t n_values;
    uint32_t size; /* of a single value */
    union {
        uint8_t bytes[8]; /* a single value of at most that size */
        size_t offset;    /* of a longer one, or of the ese_model_part of the first of many */
    } at;
} ese_model_cell;

/* The cells of a row, one for each column; valid until the next read. */
const ese_model_cell *ese_model_row(const ese_model_reader *reader, uint32_t row);

/* Value number `i` of a cell. */
const uint8_t *ese_model_cell_value(const ese_model_reader *reader, const ese_model_cell *cell,
                                    uint32_t i, size_t *size_out);
