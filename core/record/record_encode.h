/*
 * Writing records: the inverse of record.h. Values in, bytes out; no memory, no state.
 *
 * INV-1  What is written reads back through record.h as the same columns, states and values.
 * INV-2  Nothing is written outside the room the caller gave.
 *
 * Format: records specification, sections 1, 3 and 8.
 */
#pragma once

#include "record/record.h"

/* What a record says about one column. A column that is not mentioned is absent. */
typedef struct ese_record_column {
    uint32_t id;
    bool is_derived;        /* tagged columns: belongs to the template table */
    bool is_long;           /* tagged columns: LongBinary or LongText */
    ese_record_state state; /* ABSENT is skipped */
    uint16_t offset;        /* fixed columns: place from the start of the record, */
    uint16_t size;          /* and size, that of the value too */
    bool is_array;          /* tagged columns: two values do not get the compact form */
    uint32_t n_values;      /* of VALUE: 1, tagged columns also more */
    const ese_record_value *values;
} ese_record_column;

/*
 * Encodes the columns, which stand in the order of their ids, tagged ones of the template table before the other tagged
 * ones. Fixed and variable columns below the highest one mentioned become NULL. Only the first value of a tagged column may
 * be compressed. JET_errRecordTooBig: more than `room` bytes, or more than the form for the page size can address.
 */
JET_ERR ese_record_encode(const ese_record_column *columns, size_t n, uint32_t page_size,
                          uint8_t *to, size_t room, size_t *size_out);
