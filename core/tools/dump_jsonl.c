/*
 * JSON Lines: {"table":T,"row":{column:value,...}}, null columns left out, everything ASCII.
 *
 * Integers are numbers, Bit true or false, floating point {"double":"<C99 %a>"}, GUIDs and text strings, binary {"hex":"..."}; columns that
 * can have many values are always lists. Lone surrogates are escapes, and a value that does not fit its type is {"hex":"..."}. Of text,
 * one terminating NUL, which applications store or not, is left off, and half a character at the end (fixed columns of odd width) gets a high byte 0.
 *
 * This is the format of bulk exports, so numbers, digits and escapes are written by hand.
 */
#include "tools/dump.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 8 * 1024, ESCAPED_MAX = 6, NUMBER_ROOM = 32 };

typedef struct member member;

/* A column: its name as it stands in every row, and how its values are written. */
struct member {
    char *prefix; /* ,"name": */
    size_t prefix_size;
    bool is_list;
    uint32_t size; /* of a value, 0 = any */
    void (*write)(ese_tools__out *out, const uint8_t *at, uint32_t size);
};

typedef struct jsonl {
    char *head; /* {"table":T,"row":{ */
    size_t head_size;
    member *members;
} jsonl;

/* ---- Pieces ---- */

static const char digits[] = "0123456789abcdef";

static void
out_literal(ese_tools__out *out, const char *text, size_t n)
{
    memcpy(ese_tools__out_reserve(out, n), text, n);
    out->used += n;
}

#define OUT_LITERAL(out, text) out_literal(out, text, sizeof text - 1)

void
ese_tools__out_hex(ese_tools__out *out, const uint8_t *at, size_t size)
{
    while (size != 0) {
        size_t piece = size < PIECE ? size : PIECE;
        uint8_t *to = ese_tools__out_reserve(out, 2 * piece);

        for (size_t i = 0; i < piece; i++) {
            to[2 * i] = (uint8_t)digits[at[i] >> 4];
            to[2 * i + 1] = (uint8_t)digits[at[i] & 15];
        }
        out->used += 2 * piece;
        at += piece;
        size -= piece;
    }
}

/* One UTF-16 code unit inside a string; returns what follows it. */
static uint8_t *
put_unit(uint8_t *to, uint16_t unit)
{
    if (unit >= 0x20 && unit < 0x7f) {
        if (unit == '"' || unit == '\\')
            *to++ = '\\';
        *to++ = (uint8_t)unit;
        return to;
    }
    to[0] = '\\';
    to[1] = 'u';
    for (unsigned i = 0; i < 4; i++)
        to[2 + i] = (uint8_t)digits[unit >> (12 - 4 * i) & 15];
    return to + 6;
}

static void
out_cp1252(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    OUT_LITERAL(out, "\"");
    if (size != 0 && at[size - 1] == 0)
        size--;
    while (size != 0) {
        uint32_t piece = size < PIECE ? size : PIECE;
        uint8_t *start = ese_tools__out_reserve(out, (size_t)piece * ESCAPED_MAX), *to = start;

        for (uint32_t i = 0; i < piece; i++)
            to = put_unit(to, ese_tools__cp1252_to_unicode(at[i]));
        out->used += (size_t)(to - start);
        at += piece;
        size -= piece;
    }
    OUT_LITERAL(out, "\"");
}

static void
out_binary(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    OUT_LITERAL(out, "{\"hex\":\"");
    ese_tools__out_hex(out, at, size);
    OUT_LITERAL(out, "\"}");
}

static void
out_utf16(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    uint32_t n_units = size / 2;
    bool has_half = size % 2 != 0;

    OUT_LITERAL(out, "\"");
    if (!has_half && n_units != 0 && (at[size - 1] | at[size - 2]) == 0)
        n_units--;
    while (n_units != 0) {
        uint32_t piece = n_units < PIECE ? n_units : PIECE;
        uint8_t *start = ese_tools__out_reserve(out, (size_t)piece * ESCAPED_MAX), *to = start;

        for (uint32_t i = 0; i < piece; i++)
            to = put_unit(to, (uint16_t)(at[2 * i] | at[2 * i + 1] << 8));
        out->used += (size_t)(to - start);
        at += 2 * (size_t)piece;
        n_units -= piece;
    }
    if (has_half)
        out->used += (size_t)(put_unit(ese_tools__out_reserve(out, ESCAPED_MAX), *at) -
                              (out->bytes + out->used));
    OUT_LITERAL(out, "\"");
}

/* ---- Numbers ---- */

static uint64_t
load(const uint8_t *at, uint32_t size)
{
    uint64_t number = 0;

    for (uint32_t i = size; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

static void
out_number(ese_tools__out *out, uint64_t number, bool is_negative)
{
    uint8_t text[NUMBER_ROOM], *at = text + sizeof text;
    size_t n;

    do
        *--at = (uint8_t)('0' + number % 10);
    while ((number /= 10) != 0);
    if (is_negative)
        *--at = '-';
    n = (size_t)(text + sizeof text - at);
    memcpy(ese_tools__out_reserve(out, n), at, n);
    out->used += n;
}

static void
out_unsigned(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    out_number(out, load(at, size), false);
}

static void
out_signed(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    uint64_t number = load(at, size);

    if (at[size - 1] >= 0x80) {
        number |= size < 8 ? UINT64_MAX << 8 * size : 0;
        out_number(out, 0 - number, true);
    } else {
        out_number(out, number, false);
    }
}

static void
out_bit(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    (void)size;
    if (*at != 0)
        OUT_LITERAL(out, "true");
    else
        OUT_LITERAL(out, "false");
}

/* As printf("%a"): the digits of the fraction without trailing zeros, then the exponent. */
static void
out_double_bits(ese_tools__out *out, uint64_t bits)
{
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff);

    OUT_LITERAL(out, "{\"double\":\"");
    if (bits >> 63 != 0)
        OUT_LITERAL(out, "-");
    if (exponent == 0x7ff) {
        if (fraction != 0)
            OUT_LITERAL(out, "nan\"}");
        else
            OUT_LITERAL(out, "inf\"}");
        return;
    }
    if (exponent == 0)
        OUT_LITERAL(out, "0x0");
    else
        OUT_LITERAL(out, "0x1");
    if (fraction != 0)
        OUT_LITERAL(out, ".");
    for (uint64_t rest = fraction << 12; rest != 0; rest <<= 4)
        out_literal(out, &digits[rest >> 60], 1);
    OUT_LITERAL(out, "p");
    exponent = exponent != 0 ? exponent - 1023 : fraction != 0 ? -1022 : 0;
    if (exponent >= 0)
        OUT_LITERAL(out, "+");
    out_number(out, (uint64_t)(exponent < 0 ? -exponent : exponent), exponent < 0);
    OUT_LITERAL(out, "\"}");
}

static void
out_double(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    out_double_bits(out, load(at, size));
}

static void
out_single(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    float single;
    double number;
    uint64_t bits;

    (void)size;
    memcpy(&single, at, sizeof single);
    number = (double)single;
    memcpy(&bits, &number, sizeof bits);
    out_double_bits(out, bits);
}

static void
out_guid(ese_tools__out *out, const uint8_t *at, uint32_t size)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    (void)size;
    OUT_LITERAL(out, "\"");
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            OUT_LITERAL(out, "-");
        ese_tools__out_hex(out, at + order[i], 1);
    }
    OUT_LITERAL(out, "\"");
}

/* ---- Names ---- */

/* Code points beyond U+FFFF become two units. Invalid UTF-8 cannot come from the library. */
void
ese_tools__out_json(ese_tools__out *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;

    OUT_LITERAL(out, "\"");
    while (*at != 0) {
        unsigned n = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        uint32_t c = n == 1 ? *at : *at & (0x7fu >> n);
        uint8_t *start, *to;

        for (unsigned i = 1; i < n && at[i] != 0; i++)
            c = c << 6 | (at[i] & 63u);
        start = to = ese_tools__out_reserve(out, 2 * ESCAPED_MAX);
        if (c >= 0x10000)
            to = put_unit(to, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
        to = put_unit(to, (uint16_t)(c >= 0x10000 ? 0xdc00 + (c & 0x3ff) : c));
        out->used += (size_t)(to - start);
        for (unsigned i = 0; i < n && *at != 0; i++)
            at++;
    }
    OUT_LITERAL(out, "\"");
}

/*
 * What stands in every row, as text of its own; the middle one of the parts becomes a JSON string. Names are short: `scratch` is never flushed.
 */
static char *
keep_json(ese_tools__out *scratch, const char *const parts[3], size_t *size_out)
{
    char *kept;

    scratch->used = 0;
    ese_tools__out_text(scratch, parts[0]);
    ese_tools__out_json(scratch, parts[1]);
    ese_tools__out_text(scratch, parts[2]);
    kept = ese_tools__alloc(scratch->used, 1);
    memcpy(kept, scratch->bytes, scratch->used);
    *size_out = scratch->used;
    return kept;
}

/* ---- Rows ---- */

typedef struct type_writer {
    uint32_t size;
    void (*write)(ese_tools__out *out, const uint8_t *at, uint32_t size);
} type_writer;

static const type_writer writers[JET_coltypMax] = {
    [JET_coltypBit] = {1, out_bit},
    [JET_coltypUnsignedByte] = {1, out_unsigned},
    [JET_coltypShort] = {2, out_signed},
    [JET_coltypLong] = {4, out_signed},
    [JET_coltypCurrency] = {8, out_signed},
    [JET_coltypIEEESingle] = {4, out_single},
    [JET_coltypIEEEDouble] = {8, out_double},
    [JET_coltypDateTime] = {8, out_double},
    [JET_coltypUnsignedLong] = {4, out_unsigned},
    [JET_coltypLongLong] = {8, out_signed},
    [JET_coltypGUID] = {16, out_guid},
    [JET_coltypUnsignedShort] = {2, out_unsigned},
    [JET_coltypUnsignedLongLong] = {8, out_unsigned},
};

static member
make_member(ese_tools__out *scratch, const ese_tools__column *column)
{
    const char *const parts[3] = {",", column->name, ":"};
    member made = {.is_list = (column->grbit & JET_bitColumnMultiValued) != 0, .write = out_binary};

    made.prefix = keep_json(scratch, parts, &made.prefix_size);
    if (ese_tools__is_text(column->coltyp)) {
        made.write = column->code_page == 1200 ? out_utf16 : out_cp1252;
    } else if (column->coltyp < JET_coltypMax && writers[column->coltyp].write != NULL) {
        made.size = writers[column->coltyp].size;
        made.write = writers[column->coltyp].write;
    }
    return made;
}

static void
begin(ese_tools__rows *rows)
{
    const char *const parts[3] = {"{\"table\":", rows->table->name, ",\"row\":{"};
    ese_tools__out *scratch = ese_tools__alloc(1, sizeof *scratch);
    jsonl *state = ese_tools__alloc(1, sizeof *state);

    rows->state = state;
    state->head = keep_json(scratch, parts, &state->head_size);
    state->members = ese_tools__alloc(rows->n_columns, sizeof *state->members);
    for (unsigned i = 0; i < rows->n_columns; i++)
        state->members[i] = make_member(scratch, rows->columns[i]);
    free(scratch);
}

static void
write_value(ese_tools__out *out, const member *column, const ese_value *value)
{
    if (column->size != 0 && column->size != value->size)
        out_binary(out, value->data, value->size);
    else
        column->write(out, value->data, value->size);
}

static void
write_list(ese_tools__out *out, const member *column, const ese_column *values)
{
    for (uint32_t i = 0; i < values->n_values; i++) {
        if (i == 0)
            OUT_LITERAL(out, "[");
        else
            OUT_LITERAL(out, ",");
        write_value(out, column, &values->values[i]);
    }
    OUT_LITERAL(out, "]");
}

static void
row(ese_tools__rows *rows)
{
    const jsonl *state = rows->state;
    ese_tools__out *out = rows->out;
    size_t skip = 1; /* the comma before the first column */

    out_literal(out, state->head, state->head_size);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        const ese_column *values = &rows->values[i];
        const member *column = &state->members[i];

        if (values->n_values == 0)
            continue;
        out_literal(out, column->prefix + skip, column->prefix_size - skip);
        skip = 0;
        if (column->is_list)
            write_list(out, column, values);
        else
            write_value(out, column, &values->values[0]);
    }
    OUT_LITERAL(out, "}}\n");
}

static void
end(ese_tools__rows *rows)
{
    jsonl *state = rows->state;

    for (unsigned i = 0; i < rows->n_columns; i++)
        free(state->members[i].prefix);
    free(state->members);
    free(state->head);
    free(state);
}

const ese_tools__format ese_tools__jsonl = {"jsonl", begin, row, end};
