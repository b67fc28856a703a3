#include "base/utf.h"

#include "base/alloc.h"

/* Code points of bytes 0x80 to 0x9f. */
static const uint16_t cp1252_high[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

enum { REPLACEMENT = 0xfffd };

uint16_t
ese_cp1252_to_unicode(uint8_t c)
{
    return c >= 0x80 && c <= 0x9f ? cp1252_high[c - 0x80] : c;
}

/* Decodes one code point; returns the bytes it took, 0 when they are not valid UTF-8. */
static size_t
decode_utf8(const uint8_t *p, size_t n, uint32_t *point_out)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = p[0] < 0x80             ? 1
                    : (p[0] & 0xe0) == 0xc0 ? 2
                    : (p[0] & 0xf0) == 0xe0 ? 3
                    : (p[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    uint32_t point = length == 1 ? p[0] : p[0] & (0x7fu >> length);

    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *point_out = point;
    return length;
}

static size_t
encode_utf8(uint32_t point, char *to, size_t room)
{
    uint8_t bytes[4];
    size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    if (n == 1) {
        bytes[0] = (uint8_t)point;
    } else {
        for (size_t i = n; i-- > 1; point >>= 6)
            bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
        bytes[0] = (uint8_t)((0xf00u >> n) | point);
    }
    if (n <= room)
        memcpy(to, bytes, n);
    return n;
}

JET_ERR
ese_utf8_to_utf16(const char *from, size_t n, char16_t *to, size_t room, size_t *n_out)
{
    const uint8_t *p = (const uint8_t *)from;
    size_t out = 0;

    for (size_t i = 0; i < n;) {
        uint32_t point = 0;
        size_t used = decode_utf8(p + i, n - i, &point);
        size_t units = point > 0xffff ? 2 : 1;

        if (used == 0)
            return ese_raise(JET_errUnicodeTranslationFail, "text is not valid UTF-8");
        if (out + units <= room && units == 1) {
            to[out] = (char16_t)point;
        } else if (out + units <= room) {
            to[out] = (char16_t)(0xd7c0 + (point >> 10));
            to[out + 1] = (char16_t)(0xdc00 + (point & 0x3ff));
        }
        out += units;
        i += used;
    }
    *n_out = out;
    return JET_errSuccess;
}

JET_ERR
ese_utf8_to_utf16_stored(const char *from, uint8_t **bytes_out, size_t *size_out)
{
    size_t n = strlen(from), n_units = 0;
    char16_t *units = NULL;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc((n + 1) * sizeof *units, &units));
    ESE_TRY(ese_utf8_to_utf16(from, n, units, n, &n_units));
    ESE_TRY(ese_alloc(2 * (n_units + 1), &bytes)); /* zeroed: the end is there */
    for (size_t i = 0; i < n_units; i++)
        ese_store_le16(bytes + 2 * i, (uint16_t)units[i]);
    *bytes_out = bytes;
    *size_out = 2 * (n_units + 1);
out:
    ese_free(&units);
    return err;
}

size_t
ese_utf16_to_utf8(const uint8_t *from_le, size_t n_units, char *to, size_t room)
{
    size_t out = 0;

    for (size_t i = 0; i < n_units; i++) {
        uint32_t point = ese_load_le16(from_le + 2 * i);

        if (point >= 0xd800 && point <= 0xdfff) {
            uint32_t low = i + 1 < n_units ? ese_load_le16(from_le + 2 * i + 2) : 0;

            if (point <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                i++;
            } else {
                point = REPLACEMENT;
            }
        }
        out += encode_utf8(point, out < room ? to + out : NULL, out < room ? room - out : 0);
    }
    return out;
}

size_t
ese_cp1252_to_utf8(const uint8_t *from, size_t n, char *to, size_t room)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++)
        out += encode_utf8(ese_cp1252_to_unicode(from[i]), out < room ? to + out : NULL,
                           out < room ? room - out : 0);
    return out;
}

/* The byte of a code point; -1 = code page 1252 has none. */
static int
find_cp1252(uint32_t point)
{
    if (point < 0x80 || (point >= 0xa0 && point <= 0xff))
        return (int)point;
    for (int c = 0x80; c < 0xa0; c++) {
        if (ese_cp1252_to_unicode((uint8_t)c) == point)
            return c;
    }
    return -1;
}

JET_ERR
ese_utf8_to_cp1252(const char *from, size_t n, uint8_t *to, size_t room, size_t *n_out)
{
    const uint8_t *p = (const uint8_t *)from;
    size_t out = 0;

    for (size_t i = 0; i < n;) {
        uint32_t point = 0;
        size_t used = decode_utf8(p + i, n - i, &point);
        int c = used == 0 ? -1 : find_cp1252(point);

        if (c < 0)
            return ese_raise(JET_errUnicodeTranslationFail,
                             "text is not valid UTF-8, or has characters outside code page 1252");
        if (out < room)
            to[out] = (uint8_t)c;
        out++;
        i += used;
    }
    *n_out = out;
    return JET_errSuccess;
}
