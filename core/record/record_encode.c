/*
 * One pass from left to right. Offset arrays are reserved before the values they point at are known and filled in as the
 * values follow.
 */
#include "record/record_encode.h"

enum {
    HEADER_SIZE = 4,
    FIXED_FILL = '*', /* bytes of fixed columns that are NULL */
    VARIABLE_IS_NULL = 0x8000,
    SMALL_PAGE_MAX = 8192,
    ENTRY_SIZE = 4,
    ENTRY_IS_DERIVED = 0x8000,
    ENTRY_HAS_HEADER = 0x4000,
    ENTRY_IS_NULL = 0x2000,
    OFFSET_MAX_SMALL = 0x1fff,
    OFFSET_MAX = 0x7fff,
    MULTI_IS_SEPARATED = 0x8000,
    TWO_FIRST_MAX = 255, /* bytes of the first of two values in the compact form */
};

/* The byte before a tagged value. */
enum {
    TAGGED_LONG = 0x01,
    TAGGED_COMPRESSED = 0x02,
    TAGGED_SEPARATED = 0x04,
    TAGGED_MULTI = 0x08,
    TAGGED_TWO = 0x10,
    TAGGED_NULL = 0x20,
    TAGGED_ENCRYPTED = 0x40,
};

typedef struct writer {
    uint8_t *to;
    size_t room;
    size_t size;
    bool is_large_page;
} writer;

/* The columns of one kind: a part of the array of the caller. */
typedef struct columns_of_kind {
    const ese_record_column *first;
    size_t n;
} columns_of_kind;

static JET_ERR
reserve(writer *out, size_t n, uint8_t **at_out)
{
    if (n > out->room - out->size)
        return JET_errRecordTooBig;
    *at_out = out->to + out->size;
    out->size += n;
    return JET_errSuccess;
}

static JET_ERR
append(writer *out, ese_bytes bytes)
{
    JET_ERR err;
    uint8_t *at;

    ESE_TRY(reserve(out, bytes.size, &at));
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
out:
    return err;
}

static JET_ERR
append_byte(writer *out, unsigned byte)
{
    uint8_t value = (uint8_t)byte;

    return append(out, (ese_bytes){&value, 1});
}

/* Takes the columns with ids up to `last` off the front of `rest`. */
static columns_of_kind
take_kind(columns_of_kind *rest, uint32_t last)
{
    columns_of_kind kind = {rest->first, 0};

    while (kind.n < rest->n && rest->first[kind.n].id <= last)
        kind.n++;
    if (kind.n != 0) /* no column at all comes without an array */
        rest->first += kind.n;
    rest->n -= kind.n;
    return kind;
}

/* The last column of `kind` that is not absent, or NULL. */
static const ese_record_column *
last_present(columns_of_kind kind)
{
    while (kind.n > 0)
        if (kind.first[--kind.n].state != ESE_RECORD_ABSENT)
            return &kind.first[kind.n];
    return NULL;
}

/* Header, fixed columns and their bitmap: section 1.1. */
static JET_ERR
write_fixed(writer *out, columns_of_kind fixed)
{
    JET_ERR err;
    const ese_record_column *last = last_present(fixed);
    size_t end = last == NULL ? HEADER_SIZE : (size_t)last->offset + last->size;
    size_t bitmap_size = last == NULL ? 0 : (last->id + 7) / 8;
    uint8_t *at, *bitmap;

    if (end < HEADER_SIZE)
        return JET_errInvalidParameter;
    if (end + bitmap_size > UINT16_MAX)
        return JET_errRecordTooBig;
    ESE_TRY(reserve(out, end + bitmap_size, &at));
    memset(at, FIXED_FILL, end);
    at[0] = last == NULL ? 0 : (uint8_t)last->id;
    at[1] = ESE_RECORD_VARIABLE_FIRST - 1;
    ese_store_le16(at + 2, (uint16_t)(end + bitmap_size));
    bitmap = at + end;
    memset(bitmap, 0xff, bitmap_size);
    for (size_t i = 0; i < fixed.n; i++) {
        const ese_record_column *column = &fixed.first[i];
        unsigned bit = column->id - 1U;

        if (column->state != ESE_RECORD_VALUE)
            continue;
        if (column->offset < HEADER_SIZE || (size_t)column->offset + column->size > end ||
            column->n_values != 1 || column->values->bytes.size != column->size)
            return JET_errInvalidParameter;
        if (column->size > 0)
            memcpy(at + column->offset, column->values->bytes.data, column->size);
        bitmap[bit / 8] &= (uint8_t) ~(1U << bit % 8);
    }
out:
    return err;
}

/* End offsets of the variable columns and their data: section 1. */
static JET_ERR
write_variable(writer *out, columns_of_kind variable)
{
    JET_ERR err = JET_errSuccess;
    const ese_record_column *last = last_present(variable);
    uint32_t n = last == NULL ? 0 : last->id - ESE_RECORD_VARIABLE_FIRST + 1;
    const ese_record_column *column = variable.first;
    uint8_t *ends;
    size_t end = 0;

    if (n == 0)
        return JET_errSuccess;
    out->to[1] = (uint8_t)last->id;
    ESE_TRY(reserve(out, (size_t)n * 2, &ends));
    for (uint32_t i = 0; i < n; i++) {
        unsigned flags = VARIABLE_IS_NULL;

        while (column->id < ESE_RECORD_VARIABLE_FIRST + i)
            column++;
        if (column->id == ESE_RECORD_VARIABLE_FIRST + i && column->state == ESE_RECORD_VALUE) {
            ESE_TRY(append(out, column->values->bytes));
            end += column->values->bytes.size;
            flags = 0;
        }
        if (end > OFFSET_MAX)
            return JET_errRecordTooBig;
        ese_store_le16(ends + (size_t)i * 2, (uint16_t)(end | flags));
    }
out:
    return err;
}

/* Header bits that follow from how value `value` is stored, alone or as the first of many. */
static unsigned
bits_of_form(const ese_record_value *value)
{
    return ((value->form & ESE_RECORD_COMPRESSED) != 0 ? TAGGED_COMPRESSED : 0U) |
           ((value->form & ESE_RECORD_ENCRYPTED) != 0 ? TAGGED_ENCRYPTED : 0U);
}

static bool
is_two_value_form(const ese_record_column *column)
{
    const ese_record_value *values = column->values;

    return column->n_values == 2 && !column->is_array && !column->is_long &&
           values[0].bytes.size <= TWO_FIRST_MAX &&
           ((values[0].form | values[1].form) & ESE_RECORD_SEPARATED) == 0;
}

static unsigned
header_of(const ese_record_column *column)
{
    unsigned header = column->is_long ? TAGGED_LONG : 0;

    if (column->state == ESE_RECORD_NULL)
        return header | TAGGED_NULL;
    header |= bits_of_form(&column->values[0]);
    if (is_two_value_form(column))
        return header | TAGGED_MULTI | TAGGED_TWO;
    if (column->n_values > 1)
        return header | TAGGED_MULTI;
    if ((column->values[0].form & ESE_RECORD_SEPARATED) != 0)
        header |= TAGGED_SEPARATED;
    return header;
}

/* Array of offsets from its own start, then the values. */
static JET_ERR
write_multi_values(writer *out, const ese_record_column *column)
{
    JET_ERR err;
    size_t offset = (size_t)column->n_values * 2;
    uint8_t *offsets;

    ESE_TRY(reserve(out, offset, &offsets));
    for (uint32_t i = 0; i < column->n_values; i++) {
        const ese_record_value *value = &column->values[i];
        unsigned flags = (value->form & ESE_RECORD_SEPARATED) != 0 ? MULTI_IS_SEPARATED : 0;

        if (i > 0 && (value->form & ESE_RECORD_COMPRESSED) != 0)
            return JET_errInvalidParameter;
        if (offset > OFFSET_MAX)
            return JET_errRecordTooBig;
        ese_store_le16(offsets + (size_t)i * 2, (uint16_t)(offset | flags));
        ESE_TRY(append(out, value->bytes));
        offset += value->bytes.size;
    }
out:
    return err;
}

/* Header byte where there is one, and the values of a tagged column: section 3. */
static JET_ERR
write_tagged_body(writer *out, const ese_record_column *column, unsigned header, bool has_header)
{
    JET_ERR err = JET_errSuccess;

    if (has_header)
        ESE_TRY(append_byte(out, header));
    if (column->state == ESE_RECORD_NULL)
        goto out;
    if ((header & TAGGED_TWO) != 0) {
        ESE_TRY(append_byte(out, (unsigned)column->values[0].bytes.size));
        ESE_TRY(append(out, column->values[0].bytes));
        ESE_TRY(append(out, column->values[1].bytes));
    } else if ((header & TAGGED_MULTI) != 0) {
        ESE_TRY(write_multi_values(out, column));
    } else {
        ESE_TRY(append(out, column->values[0].bytes));
    }
out:
    return err;
}

/* One entry of the tagged array and what it points at. */
static JET_ERR
write_tagged_column(writer *out, const ese_record_column *column, uint8_t *entry, size_t offset)
{
    unsigned header, word = (unsigned)offset;
    bool has_header;

    if (column->state == ESE_RECORD_VALUE && column->n_values == 0)
        return JET_errInvalidParameter;
    header = header_of(column);
    if (out->is_large_page) {
        has_header = header != 0 || column->values[0].bytes.size > 0;
    } else {
        has_header = header != 0 && column->state == ESE_RECORD_VALUE;
        word |= has_header ? ENTRY_HAS_HEADER : 0U;
        word |= column->state == ESE_RECORD_NULL ? ENTRY_IS_NULL : 0U;
    }
    if (offset > (out->is_large_page ? OFFSET_MAX : OFFSET_MAX_SMALL))
        return JET_errRecordTooBig;
    ese_store_le16(entry, (uint16_t)column->id);
    ese_store_le16(entry + 2, (uint16_t)(word | (column->is_derived ? ENTRY_IS_DERIVED : 0U)));
    return write_tagged_body(out, column, header, has_header);
}

static JET_ERR
write_tagged(writer *out, columns_of_kind tagged)
{
    JET_ERR err = JET_errSuccess;
    size_t start = out->size, n = 0;
    uint8_t *entry;

    for (size_t i = 0; i < tagged.n; i++)
        n += tagged.first[i].state != ESE_RECORD_ABSENT;
    ESE_TRY(reserve(out, n * ENTRY_SIZE, &entry));
    for (size_t i = 0; i < tagged.n; i++) {
        if (tagged.first[i].state == ESE_RECORD_ABSENT)
            continue;
        ESE_TRY(write_tagged_column(out, &tagged.first[i], entry, out->size - start));
        entry += ENTRY_SIZE;
    }
out:
    return err;
}

JET_ERR
ese_record_encode(const ese_record_column *columns, size_t n, uint32_t page_size, uint8_t *to,
                  size_t room, size_t *size_out)
{
    JET_ERR err;
    writer out = {.to = to, .room = room, .is_large_page = page_size > SMALL_PAGE_MAX};
    columns_of_kind rest = {columns, n};

    ESE_TRY(write_fixed(&out, take_kind(&rest, ESE_RECORD_FIXED_LAST)));
    ESE_TRY(write_variable(&out, take_kind(&rest, ESE_RECORD_VARIABLE_LAST)));
    ESE_TRY(write_tagged(&out, rest));
    *size_out = out.size;
out:
    return err;
}
