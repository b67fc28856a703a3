/*
 * Codec of records: fixed, variable and tagged columns. Bytes in, values out; no memory, no state.
 *
 * INV-1  Every offset in a record is checked before it is followed: any bytes give values or
 *        JET_errDatabaseCorrupted, never a read outside the record.
 *
 * Format: records specification, sections 1 to 4.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum {
    ESE_RECORD_HEADER_SIZE = 4,
    ESE_RECORD_FIXED_FIRST = 1,
    ESE_RECORD_FIXED_LAST = 127,
    ESE_RECORD_VARIABLE_FIRST = 128,
    ESE_RECORD_VARIABLE_LAST = 255,
    ESE_RECORD_TAGGED_FIRST = 256,
};

/* A record split into its parts; borrows the bytes. */
typedef struct ese_record {
    ese_bytes bytes;
    uint32_t page_size;
    uint16_t fixed_last;        /* highest fixed column present, 0 = none */
    uint16_t variable_last;     /* highest variable column present, 127 = none */
    const uint8_t *null_bitmap; /* of the fixed columns */
    uint32_t fixed_end;         /* offset of the null bitmap: no fixed column reaches beyond */
    const uint8_t *ends;        /* end offsets of the variable columns */
    ese_bytes variable;         /* their data */
    ese_bytes tagged;           /* array and values, empty when there are none */
    uint32_t n_tagged;
} ese_record;

/* Splits `bytes` and checks everything but the values of the tagged columns. */
JET_ERR ese_record_open(ese_bytes bytes, uint32_t page_size, ese_record *record_out);

typedef enum ese_record_state {
    ESE_RECORD_ABSENT, /* the default of the column applies, else NULL */
    ESE_RECORD_NULL,   /* explicitly NULL, whatever the default */
    ESE_RECORD_VALUE,
} ese_record_state;

typedef enum ese_record_form {
    ESE_RECORD_COMPRESSED = 1, /* bytes are to be decompressed (record_compress.h) */
    ESE_RECORD_SEPARATED = 2,  /* bytes are a reference into the long-value tree (record_lv.h) */
    ESE_RECORD_ENCRYPTED = 4,  /* bytes are opaque */
} ese_record_form;

typedef struct ese_record_value {
    ese_bytes bytes;
    unsigned form; /* ese_record_form bits */
} ese_record_value;

/* All values of one tagged column. */
typedef struct ese_record_tagged {
    uint32_t id;
    bool is_derived; /* the column belongs to the template table */
    ese_record_state state;
    uint32_t n_values; /* 0 when NULL */
    uint8_t header;    /* as stored, 0 when there is none */
    ese_bytes body;
} ese_record_tagged;

/* Where the catalog says a fixed column stands. */
typedef struct ese_record_place {
    uint16_t id;
    uint16_t offset; /* from the start of the record */
    uint16_t size;
} ese_record_place;

/* JET_errDatabaseCorrupted for a fixed column that does not lie among the fixed columns of the record. */
JET_ERR ese_record_misplaced(const ese_record *record, ese_record_place place);

/* Inline: a scan calls it for each value. */
static inline JET_ERR
ese_record_fixed(const ese_record *record, ese_record_place place, ese_record_state *state_out,
                 ese_bytes *value_out)
{
    unsigned bit = place.id - 1U;

    if (place.id == 0 || place.id > record->fixed_last) {
        *state_out = ESE_RECORD_ABSENT;
        return JET_errSuccess;
    }
    if ((record->null_bitmap[bit / 8] >> bit % 8 & 1) != 0) {
        *state_out = ESE_RECORD_NULL;
        return JET_errSuccess;
    }
    if (place.offset < ESE_RECORD_HEADER_SIZE ||
        (uint32_t)place.offset + place.size > record->fixed_end)
        return ese_record_misplaced(record, place);
    value_out->data = record->bytes.data + place.offset;
    value_out->size = place.size;
    *state_out = ESE_RECORD_VALUE;
    return JET_errSuccess;
}

/* Variable column `id`. */
JET_ERR ese_record_variable(const ese_record *record, uint32_t id, ese_record_state *state_out,
                            ese_bytes *value_out);

/* The tagged column (id, is_derived) by binary search; state ABSENT when the record has no entry. */
JET_ERR ese_record_tagged_find(const ese_record *record, uint32_t id, bool is_derived,
                               ese_record_tagged *tagged_out);

/* Entry `index` < record->n_tagged, in stored order: derived columns first, then ascending id. */
JET_ERR ese_record_tagged_at(const ese_record *record, uint32_t index,
                             ese_record_tagged *tagged_out);

/* Are its values stored in the form for any number of them, and not in the compact one for two? */
bool ese_record_tagged_is_array(const ese_record_tagged *tagged);

/* Value `index` < tagged->n_values. */
JET_ERR ese_record_tagged_value(const ese_record_tagged *tagged, uint32_t index,
                                ese_record_value *value_out);
