/*
 * Normalization. A segment is a prefix byte and the bytes of the value, all inverted when it descends.
 *
 * INV-1  A key never grows beyond key_most.
 * INV-2  Bytes of a segment are written in ascending form and inverted once, at its end.
 */
#include "record/record_collate.h"
#include "record/record_key_private.h"

enum {
    PREFIX_NULL = 0x00,
    PREFIX_EMPTY = 0x40,
    PREFIX_VALUE = 0x7f,
    PREFIX_NULL_HIGH = 0xc0,
};

enum {
    CODE_PAGE_UNICODE = 1200,
    GROUP = ESE_RECORD__KEY_GROUP,
    GROUP_MORE = 9, /* marker: the value goes on */
};

/* Room for one segment; the value that does not fit is cut. */
typedef struct segment {
    uint8_t *to;
    size_t room; /* prefix included, at least 1 */
    size_t size;
    bool is_cut;
} segment;

uint32_t
ese_record_type_size(JET_COLTYP coltyp)
{
    switch (coltyp) {
    case JET_coltypBit:
    case JET_coltypUnsignedByte: return 1;
    case JET_coltypShort:
    case JET_coltypUnsignedShort: return 2;
    case JET_coltypLong:
    case JET_coltypUnsignedLong:
    case JET_coltypIEEESingle: return 4;
    case JET_coltypCurrency:
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime:
    case JET_coltypLongLong:
    case JET_coltypUnsignedLongLong: return 8;
    case JET_coltypGUID: return 16;
    default: return 0;
    }
}

ese_record__key_kind
ese_record__key_kind_of(const ese_record_key_column *column)
{
    switch (column->coltyp) {
    case JET_coltypText:
    case JET_coltypLongText:
        return column->code_page == CODE_PAGE_UNICODE ? ESE_RECORD__KEY_UNICODE
                                                      : ESE_RECORD__KEY_LATIN;
    case JET_coltypBinary:
        return column->is_fixed ? ESE_RECORD__KEY_FIXED_BINARY : ESE_RECORD__KEY_BINARY;
    case JET_coltypLongBinary: return ESE_RECORD__KEY_BINARY;
    default:
        return ese_record_type_size(column->coltyp) > 0 ? ESE_RECORD__KEY_NUMBER
                                                        : ESE_RECORD__KEY_NONE;
    }
}

static void
put_bytes(segment *s, const uint8_t *from, size_t n)
{
    size_t left = s->room - s->size;

    if (n > left) {
        n = left;
        s->is_cut = true;
    }
    if (n > 0)
        memcpy(s->to + s->size, from, n);
    s->size += n;
}

/* ---- types of fixed size */

static void
normalize_guid(const uint8_t *value, bool is_dotnet, uint8_t *to)
{
    static const uint8_t order[16] = {10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3};
    static const uint8_t order_dotnet[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint8_t *from = is_dotnet ? order_dotnet : order;

    for (unsigned i = 0; i < 16; i++)
        to[i] = value[from[i]];
}

/* Big-endian; the sign bit is flipped, and a negative floating-point number loses its reversed order. */
static void
normalize_number(unsigned coltyp, ese_bytes value, uint8_t *to)
{
    for (size_t i = 0; i < value.size; i++)
        to[i] = value.data[value.size - 1 - i];
    switch (coltyp) {
    case JET_coltypBit: to[0] = to[0] == 0 ? 0 : 0xff; break;
    case JET_coltypShort:
    case JET_coltypLong:
    case JET_coltypLongLong:
    case JET_coltypCurrency: to[0] ^= 0x80; break;
    case JET_coltypIEEESingle:
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime:
        if ((to[0] & 0x80) != 0) {
            for (size_t i = 0; i < value.size; i++)
                to[i] ^= 0xff;
        } else {
            to[0] ^= 0x80;
        }
        break;
    default: break;
    }
}

/* ---- text */

static uint8_t
upper_ascii(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c;
}

/* Upper-cased up to the first NUL, and a NUL behind it. */
static void
normalize_latin(segment *s, ese_bytes value)
{
    size_t room = s->room - s->size;
    size_t most = room > value.size ? value.size : room - 1;
    size_t n = 0;

    if (room == 0) {
        s->is_cut = true;
        return;
    }
    for (; n < most && value.data[n] != 0; n++)
        s->to[s->size++] = upper_ascii(value.data[n]);
    if (n < most || n == value.size || value.data[n] == 0) {
        s->to[s->size++] = 0;
        return;
    }
    /* The last byte of a cut text is taken for a small letter, whatever it is: existing keys are made so. */
    s->to[s->size++] = (uint8_t)(value.data[n] - 0x20);
    s->is_cut = true;
}

static void
normalize_upper(segment *s, ese_bytes value)
{
    static const uint8_t end[2] = {0, 0};

    for (size_t i = 0; i + 1 < value.size && !s->is_cut; i += 2) {
        uint8_t unit[2];

        ese_store_be16(unit, ese_record__upper(ese_load_le16(value.data + i)));
        put_bytes(s, unit, sizeof unit);
    }
    put_bytes(s, end, sizeof end);
}

static void
normalize_unicode(segment *s, ese_bytes value, uint32_t flags)
{
    size_t room = s->room - s->size;
    size_t size;

    if ((flags & ESE_RECORD__SORTKEY) == 0 && (flags & ESE_RECORD__UPPERCASE) != 0) {
        normalize_upper(s, value);
        return;
    }
    size = ese_record_collate(value, flags, s->to + s->size, room);
    s->is_cut = size > room;
    s->size += s->is_cut ? room : size;
}

/* ---- variable binary */

/* Groups of 8 bytes, each with a marker: more follows, or the number of bytes of this last group. */
static void
normalize_groups(segment *s, ese_bytes value)
{
    size_t left = s->room - s->size;
    size_t need = (value.size + GROUP - 1) / GROUP * (GROUP + 1);
    size_t at = 0;

    if (need > left) {
        need = left;
        s->is_cut = true;
    }
    for (; need > 0; at += GROUP) {
        size_t n = value.size - at < GROUP ? value.size - at : GROUP;
        size_t copied = n < need ? n : need;
        uint8_t *to = s->to + s->size;

        memcpy(to, value.data + at, copied);
        if (need <= GROUP) { /* the end of a cut value has no marker */
            memset(to + copied, 0, need - copied);
            s->size += need;
            return;
        }
        memset(to + n, 0, GROUP - n);
        to[GROUP] =
            (uint8_t)(n < GROUP || (value.size - at == GROUP && !s->is_cut) ? n : GROUP_MORE);
        s->size += GROUP + 1;
        need -= GROUP + 1;
    }
}

/* ---- segments */

static JET_ERR
check_value(const ese_record_key_column *column, ese_bytes value)
{
    size_t size = ese_record_type_size(column->coltyp);
    ese_record__key_kind kind = ese_record__key_kind_of(column);

    if (kind == ESE_RECORD__KEY_NONE)
        return ese_raise(JET_errInvalidColumnType, "no key for a column of type %u",
                         column->coltyp);
    if (kind == ESE_RECORD__KEY_NUMBER && size != value.size)
        return ese_raise(JET_errInvalidBufferSize, "%zu bytes for a column of %zu", value.size,
                         size);
    if (kind == ESE_RECORD__KEY_UNICODE && value.size == 1)
        return ese_raise(JET_errUnicodeTranslationFail, "1 byte is no UTF-16 text");
    return JET_errSuccess;
}

static void
normalize_value(segment *s, const ese_record_key_rules *rules, const ese_record_key_column *column,
                ese_bytes value)
{
    uint8_t buffer[16] = {0};

    /* Keys of the default size never saw more of a value, however short its key may get. */
    if (rules->key_most == ESE_RECORD_KEY_MOST_DEFAULT && value.size > ESE_RECORD_KEY_MOST_DEFAULT)
        value.size = ESE_RECORD_KEY_MOST_DEFAULT;
    switch (ese_record__key_kind_of(column)) {
    case ESE_RECORD__KEY_NONE: break;
    case ESE_RECORD__KEY_NUMBER:
        if (column->coltyp == JET_coltypGUID)
            normalize_guid(value.data, rules->dotnet_guid, buffer);
        else
            normalize_number(column->coltyp, value, buffer);
        put_bytes(s, buffer, value.size);
        break;
    case ESE_RECORD__KEY_FIXED_BINARY: put_bytes(s, value.data, value.size); break;
    case ESE_RECORD__KEY_BINARY: normalize_groups(s, value); break;
    case ESE_RECORD__KEY_LATIN: normalize_latin(s, value); break;
    case ESE_RECORD__KEY_UNICODE:
        value.size &= ~(size_t)1;
        normalize_unicode(s, value, rules->lcmap_flags);
        break;
    }
}

/* The usual key: an integer, with room to spare. What ese_record_key_append does, in few steps; false: not done. */
static inline bool
append_integer(ese_record_key *key, const ese_record_key_rules *rules,
               const ese_record_key_column *column, ese_bytes value)
{
    const bool is_long = column->coltyp == JET_coltypLong;
    const bool is_longer =
        column->coltyp == JET_coltypLongLong || column->coltyp == JET_coltypCurrency;
    uint8_t *to = key->bytes + key->size;

    if (!(is_long || is_longer) || value.size != (is_long ? 4 : 8) || column->is_descending ||
        key->is_truncated || rules->key_most > ESE_RECORD_KEY_MOST_MAX ||
        key->size + 1 + value.size > rules->key_most)
        return false;
    to[0] = PREFIX_VALUE;
    if (is_long)
        ese_store_be32(to + 1, ese_load_le32(value.data) ^ 0x80000000U);
    else
        ese_store_be64(to + 1, ese_load_le64(value.data) ^ 0x8000000000000000U);
    key->size += 1 + value.size;
    return true;
}

JET_ERR
ese_record_key_append(ese_record_key *key, const ese_record_key_rules *rules,
                      const ese_record_key_column *column, const ese_bytes *value)
{
    JET_ERR err = JET_errSuccess;
    size_t left = rules->key_most > key->size ? rules->key_most - key->size : 0;
    segment s = {.to = key->bytes + key->size, .room = left};
    bool may_be_empty = ese_record__key_kind_of(column) >= ESE_RECORD__KEY_BINARY;
    uint8_t prefix = rules->sort_nulls_high ? PREFIX_NULL_HIGH : PREFIX_NULL;

    if (value != NULL && append_integer(key, rules, column, *value))
        return err;
    if (rules->key_most > ESE_RECORD_KEY_MOST_MAX)
        return ese_raise(JET_errIndexInvalidDef, "keys of up to %u bytes",
                         (unsigned)rules->key_most);
    if (value != NULL)
        ESE_TRY(check_value(column, *value));
    if (key->is_truncated)
        return JET_errSuccess;
    if (may_be_empty && rules->var_seg_mac > 0 && rules->var_seg_mac < left)
        s.room = rules->var_seg_mac;
    if (value != NULL)
        prefix = may_be_empty && value->size == 0 ? PREFIX_EMPTY : PREFIX_VALUE;
    put_bytes(&s, &prefix, 1);
    if (prefix == PREFIX_VALUE && !s.is_cut)
        normalize_value(&s, rules, column, *value);
    for (size_t i = 0; column->is_descending && i < s.size; i++)
        s.to[i] ^= 0xff;
    key->size += s.size;
    key->is_truncated =
        s.is_cut && s.room == left; /* a segment cut by var_seg_mac lets the next ones in */
out:
    return err;
}
