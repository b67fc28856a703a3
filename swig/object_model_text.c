#include "object_model_text.h"

#include "object_model_private.h"

#include <stdlib.h>
#include <string.h>

/* Bytes 80 to 9F of code page 1252. */
static const uint16_t latin_high[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

uint16_t
ese_model_latin_unit(uint8_t byte)
{
    return byte >= 0x80 && byte < 0xA0 ? latin_high[byte - 0x80] : byte;
}

/* ---- Columns to UTF-8 ---------------------------------------------------------------------------------- */

static bool
is_latin(uint32_t cp)
{
    return cp == ESE_MODEL_CP_LATIN || cp == 0;
}

bool
ese_model_is_text(uint32_t cp)
{
    return is_latin(cp) || cp == ESE_MODEL_CP_UTF16;
}

static uint32_t
unit_at(uint32_t cp, const uint8_t *data, size_t size, size_t i)
{
    if (is_latin(cp))
        return ese_model_latin_unit(data[i]);
    if (2 * i + 1 == size)
        return data[2 * i];
    return (uint32_t)(data[2 * i] | data[2 * i + 1] << 8);
}

static size_t
put_utf8(uint32_t point, char *out)
{
    uint8_t bytes[4];
    size_t n;

    if (point < 0x80) {
        n = 1;
        bytes[0] = (uint8_t)point;
    } else if (point < 0x800) {
        n = 2;
        bytes[0] = (uint8_t)(0xC0 | point >> 6);
    } else if (point < 0x10000) {
        n = 3;
        bytes[0] = (uint8_t)(0xE0 | point >> 12);
    } else {
        n = 4;
        bytes[0] = (uint8_t)(0xF0 | point >> 18);
    }
    for (size_t i = 1; i < n; i++)
        bytes[i] = (uint8_t)(0x80 | (point >> 6 * (n - 1 - i) & 0x3F));
    if (out != NULL)
        memcpy(out, bytes, n);
    return n;
}

size_t
ese_model_utf8_from_column(uint32_t cp, const void *data, size_t size, char *out)
{
    size_t n_units = is_latin(cp) ? size : size / 2 + size % 2;
    size_t n_bytes = 0;

    for (size_t i = 0; i < n_units; i++) {
        uint32_t point = unit_at(cp, data, size, i);

        if (point >= 0xD800 && point < 0xDC00 && i + 1 < n_units) {
            uint32_t low = unit_at(cp, data, size, i + 1);

            if (low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                i++;
            }
        }
        n_bytes += put_utf8(point, out != NULL ? out + n_bytes : NULL);
    }
    return n_bytes;
}

/* ---- Languages to columns ------------------------------------------------------------------------------- */

static JET_ERR
fail_value(const char *text)
{
    return ese_model__fail(JET_errInvalidParameter, text);
}

/* One code point of UTF-8; false at a malformed one. */
static bool
next_point(const uint8_t **at, const uint8_t *end, uint32_t *point_out)
{
    static const uint8_t first_mask[] = {0x7F, 0, 0x1F, 0x0F, 0x07};
    const uint8_t *p = *at;
    size_t n = *p < 0x80 ? 1 : *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;
    uint32_t point;

    if (n == 0 || (size_t)(end - p) < n)
        return false;
    point = p[0] & first_mask[n == 1 ? 0 : n];
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return false;
        point = point << 6 | (p[i] & 0x3Fu);
    }
    *at = p + n;
    *point_out = point;
    return true;
}

static bool
put_latin(uint32_t point, uint8_t *out, size_t *n_inout)
{
    if (point < 0x80 || (point >= 0xA0 && point < 0x100)) {
        out[(*n_inout)++] = (uint8_t)point;
        return true;
    }
    for (unsigned byte = 0x80; byte < 0xA0; byte++) {
        if (latin_high[byte - 0x80] == point) {
            out[(*n_inout)++] = (uint8_t)byte;
            return true;
        }
    }
    return false;
}

static bool
put_utf16(uint32_t point, uint8_t *out, size_t *n_inout)
{
    uint32_t units[2] = {point, 0};
    size_t n_units = 1;

    if (point > 0x10FFFF)
        return false;
    if (point >= 0x10000) {
        units[0] = 0xD800 + ((point - 0x10000) >> 10);
        units[1] = 0xDC00 + ((point - 0x10000) & 0x3FF);
        n_units = 2;
    }
    for (size_t i = 0; i < n_units; i++) {
        out[(*n_inout)++] = (uint8_t)(units[i] & 0xFF);
        out[(*n_inout)++] = (uint8_t)(units[i] >> 8);
    }
    return true;
}

/* `out` has two bytes for each of UTF-8, which never makes more than a unit. */
static JET_ERR
put_text(uint32_t cp, const ese_model_value *value, uint8_t *out, size_t *n_out)
{
    const uint8_t *at = value->data;
    const uint8_t *end = at + value->size;
    bool is_ok = true;
    size_t n = 0;

    if (!ese_model_is_text(cp))
        return fail_value("text cannot be a value of a column with this code page; give bytes");
    while (at < end && is_ok) {
        uint32_t point;

        is_ok = next_point(&at, end, &point) &&
                (is_latin(cp) ? put_latin(point, out, &n) : put_utf16(point, out, &n));
    }
    if (!is_ok)
        return fail_value("the text has a character that the column's code page lacks");
    *n_out = n;
    return JET_errSuccess;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits with dashes and braces anywhere between; the first three fields are stored in little-endian order. */
static JET_ERR
put_guid(const ese_model_value *value, uint8_t *out, size_t *n_out)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const char *text = value->data;
    uint8_t bytes[16] = {0};
    unsigned n_digits = 0;

    for (size_t i = 0; i < value->size; i++) {
        int digit = hex_digit(text[i]);

        if (text[i] == '-' || text[i] == '{' || text[i] == '}')
            continue;
        if (digit < 0 || n_digits == 32)
            return fail_value("the text is no GUID");
        bytes[n_digits / 2] = (uint8_t)(bytes[n_digits / 2] << 4 | digit);
        n_digits++;
    }
    if (n_digits != 32)
        return fail_value("the text is no GUID");
    for (unsigned i = 0; i < 16; i++)
        out[order[i]] = bytes[i];
    *n_out = sizeof bytes;
    return JET_errSuccess;
}

/* Width and range of the integer types; false for other types. */
static bool
integer_type(JET_COLTYP coltyp, unsigned *n_bytes_out, bool *is_signed_out)
{
    *is_signed_out = true;
    switch (coltyp) {
    case JET_coltypUnsignedByte: *is_signed_out = false, *n_bytes_out = 1; return true;
    case JET_coltypUnsignedShort: *is_signed_out = false, *n_bytes_out = 2; return true;
    case JET_coltypUnsignedLong: *is_signed_out = false, *n_bytes_out = 4; return true;
    case JET_coltypUnsignedLongLong: *is_signed_out = false, *n_bytes_out = 8; return true;
    case JET_coltypShort: *n_bytes_out = 2; return true;
    case JET_coltypLong: *n_bytes_out = 4; return true;
    case JET_coltypCurrency:
    case JET_coltypLongLong: *n_bytes_out = 8; return true;
    default: return false;
    }
}

static bool
fits(const ese_model_value *value, unsigned n_bytes, bool is_signed)
{
    int64_t integer = value->integer;
    int64_t limit;

    if (value->type == ESE_MODEL_UNSIGNED) /* larger than any signed one */
        return !is_signed && n_bytes == 8;
    if (n_bytes == 8)
        return is_signed || integer >= 0;
    limit = (int64_t)1 << (8 * n_bytes - (is_signed ? 1 : 0));
    return integer < limit && integer >= (is_signed ? -limit : 0);
}

static void
put_number(uint64_t number, size_t size, uint8_t *out, size_t *n_out)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> 8 * i);
    *n_out = size;
}

static JET_ERR
put_real(JET_COLTYP coltyp, double real, uint8_t *out, size_t *n_out)
{
    uint64_t bits = 0;
    float single = (float)real;

    if (coltyp == JET_coltypIEEESingle) {
        uint32_t bits_single;

        memcpy(&bits_single, &single, sizeof bits_single);
        put_number(bits_single, 4, out, n_out);
        return JET_errSuccess;
    }
    memcpy(&bits, &real, sizeof bits);
    put_number(bits, 8, out, n_out);
    return JET_errSuccess;
}

static bool
is_real(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypIEEESingle || coltyp == JET_coltypIEEEDouble ||
           coltyp == JET_coltypDateTime;
}

static JET_ERR
put_integer(JET_COLTYP coltyp, const ese_model_value *value, uint8_t *out, size_t *n_out)
{
    unsigned n_bytes;
    bool is_signed;

    if (coltyp == JET_coltypBit) {
        put_number(value->integer != 0 ? 0xFF : 0, 1, out, n_out);
        return JET_errSuccess;
    }
    if (is_real(coltyp)) {
        if (value->type == ESE_MODEL_UNSIGNED)
            return put_real(coltyp, (double)(uint64_t)value->integer, out, n_out);
        return put_real(coltyp, (double)value->integer, out, n_out);
    }
    if (!integer_type(coltyp, &n_bytes, &is_signed))
        return fail_value("the column holds no numbers");
    if (!fits(value, n_bytes, is_signed))
        return fail_value("the number is out of the column's range");
    put_number((uint64_t)value->integer, n_bytes, out, n_out);
    return JET_errSuccess;
}

static bool
is_characters(const ese_model_value *value)
{
    return value->type == ESE_MODEL_TEXT || value->type == ESE_MODEL_STRING;
}

/* Numbers leave the size as it is. */
size_t
ese_model__encoded_room(const ese_model_value *value)
{
    size_t room = is_characters(value)             ? 2 * value->size
                  : value->type == ESE_MODEL_BYTES ? value->size
                                                   : 0;

    return room < ESE_MODEL__ROOM_MIN ? ESE_MODEL__ROOM_MIN : room;
}

JET_ERR
ese_model__encode_to(const ese_model_segment *segment, const ese_model_value *value, uint8_t *out,
                     size_t *size_out)
{
    JET_COLTYP coltyp = segment->coltyp;

    *size_out = 0;
    if (value->type == ESE_MODEL_NULL)
        return JET_errSuccess;
    if (value->type == ESE_MODEL_INTEGER || value->type == ESE_MODEL_UNSIGNED)
        return put_integer(coltyp, value, out, size_out);
    if (value->type == ESE_MODEL_REAL) {
        if (!is_real(coltyp))
            return fail_value("the column holds no floating-point numbers");
        return put_real(coltyp, value->real, out, size_out);
    }
    if (is_characters(value)) {
        if (coltyp == JET_coltypText || coltyp == JET_coltypLongText)
            return put_text(segment->cp, value, out, size_out);
        /* a string of 16 bytes may be the GUID itself */
        if (coltyp == JET_coltypGUID && (value->type == ESE_MODEL_TEXT || value->size != 16))
            return put_guid(value, out, size_out);
        if (value->type == ESE_MODEL_TEXT)
            return fail_value("the column holds no text");
    }
    if (value->size > 0)
        memcpy(out, value->data, value->size);
    *size_out = value->size;
    return JET_errSuccess;
}

/* Values that the column stores as they are need no memory. */
JET_ERR
ese_model__encode(const ese_model_segment *segment, const ese_model_value *value,
                  ese_model_bytes *bytes_out)
{
    JET_ERR err;

    bytes_out->owned = NULL;
    bytes_out->data = bytes_out->room;
    bytes_out->size = 0;
    if (value->type == ESE_MODEL_BYTES) {
        bytes_out->data = value->size > 0 ? value->data : "";
        bytes_out->size = value->size;
        return JET_errSuccess;
    }
    if (ese_model__encoded_room(value) > sizeof bytes_out->room) {
        bytes_out->owned = malloc(ese_model__encoded_room(value));
        if (bytes_out->owned == NULL)
            return ese_model__fail(JET_errOutOfMemory, "out of memory");
        bytes_out->data = bytes_out->owned;
    }
    err = ese_model__encode_to(segment, value,
                               bytes_out->owned != NULL ? bytes_out->owned : bytes_out->room,
                               &bytes_out->size);
    if (err < JET_errSuccess) {
        free(bytes_out->owned);
        bytes_out->owned = NULL;
    }
    return err;
}
