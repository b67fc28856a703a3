/* Column values as text for people, and text of the command line as column values. */
#include "tools/tools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Characters ---- */

uint16_t
ese_tools__cp1252_to_unicode(uint8_t c)
{
    static const uint16_t high[32] = {
        0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
    };

    return c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
}

bool
ese_tools__is_text(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypText || coltyp == JET_coltypLongText;
}

/* A text under construction, cut at its room; `size` counts on. */
typedef struct writer {
    char *to;
    size_t room, size;
} writer;

static void
put(writer *out, uint8_t c)
{
    if (out->size < out->room)
        out->to[out->size] = (char)c;
    out->size++;
}

static void
put_utf8(writer *out, uint32_t c)
{
    if (c < 0x80) {
        put(out, (uint8_t)c);
    } else if (c < 0x800) {
        put(out, (uint8_t)(0xc0 | c >> 6));
        put(out, (uint8_t)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        put(out, (uint8_t)(0xe0 | c >> 12));
        put(out, (uint8_t)(0x80 | (c >> 6 & 63)));
        put(out, (uint8_t)(0x80 | (c & 63)));
    } else {
        put(out, (uint8_t)(0xf0 | c >> 18));
        put(out, (uint8_t)(0x80 | (c >> 12 & 63)));
        put(out, (uint8_t)(0x80 | (c >> 6 & 63)));
        put(out, (uint8_t)(0x80 | (c & 63)));
    }
}

/* Lone surrogates become U+FFFD; half a character at the end (fixed columns of odd width) gets a high byte 0. */
static void
put_utf16(writer *out, const uint8_t *at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 2) {
        uint32_t c = i + 1 < size ? (uint32_t)(at[i] | at[i + 1] << 8) : at[i];

        if (c >= 0xd800 && c < 0xdc00 && i + 3 < size) {
            uint32_t low = (uint32_t)(at[i + 2] | at[i + 3] << 8);

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
}

/* Without the terminating NUL that applications store or not. */
static void
put_characters(writer *out, uint16_t code_page, const uint8_t *at, uint32_t size)
{
    if (code_page == 1200) {
        bool is_terminated = size % 2 == 0 && size != 0 && (at[size - 1] | at[size - 2]) == 0;

        put_utf16(out, at, is_terminated ? size - 2 : size);
        return;
    }
    if (size != 0 && at[size - 1] == 0)
        size--;
    for (uint32_t i = 0; i < size; i++)
        put_utf8(out, ese_tools__cp1252_to_unicode(at[i]));
}

static void
put_text(writer *out, const char *text)
{
    while (*text != '\0')
        put(out, (uint8_t)*text++);
}

static void
put_hex(writer *out, const uint8_t *at, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (uint32_t i = 0; i < size; i++) {
        put(out, (uint8_t)digits[at[i] >> 4]);
        put(out, (uint8_t)digits[at[i] & 15]);
    }
}

/* ---- Values ---- */

static int64_t
load_signed(const uint8_t *at, uint32_t size)
{
    uint64_t number = size != 0 && at[size - 1] >= 0x80 ? UINT64_MAX : 0;

    for (uint32_t i = size; i-- > 0;)
        number = number << 8 | at[i];
    return (int64_t)number;
}

static uint64_t
load_unsigned(const uint8_t *at, uint32_t size)
{
    uint64_t number = 0;

    for (uint32_t i = size; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

/*
 * Days since 1899-12-30 as a date, when that is what the value can be: applications store other things in DateTime columns, too, and those are shown as
 * the number they are.
 */
static void
put_date(writer *out, double days)
{
    char text[64];
    int64_t ms, day, era, year_of_era, day_of_era, day_of_year, month;

    if (!(days >= 1 && days < 2958466)) {
        snprintf(text, sizeof text, "%.17g", days);
        put_text(out, text);
        return;
    }
    ms = (int64_t)(days * 86400000 + 0.5);
    day = ms / 86400000 - 25569 + 719468; /* since 0000-03-01 */
    ms %= 86400000;
    era = day / 146097;
    day_of_era = day % 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    day = day_of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    snprintf(text, sizeof text,
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 " %02" PRId64 ":%02" PRId64 ":%02" PRId64
             ".%03" PRId64,
             era * 400 + year_of_era + (month <= 2), month, day, ms / 3600000, ms / 60000 % 60,
             ms / 1000 % 60, ms % 1000);
    put_text(out, text);
}

static void
put_real(writer *out, JET_COLTYP coltyp, const void *data)
{
    char text[64];
    double number;
    float single;

    if (coltyp == JET_coltypIEEESingle) {
        memcpy(&single, data, sizeof single);
        snprintf(text, sizeof text, "%.9g", (double)single);
        put_text(out, text);
        return;
    }
    memcpy(&number, data, sizeof number);
    if (coltyp == JET_coltypDateTime) {
        put_date(out, number);
        return;
    }
    snprintf(text, sizeof text, "%.17g", number);
    put_text(out, text);
}

static void
put_guid(writer *out, const uint8_t *at)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            put(out, '-');
        put_hex(out, at + order[i], 1);
    }
}

/* Bytes of a value of the type; 0 = any number. */
static uint32_t
size_of_type(JET_COLTYP coltyp)
{
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 4, 8, 8, 0, 0, 0, 0, 0, 4, 8, 16, 2, 8};

    return coltyp < sizeof sizes ? sizes[coltyp] : 0;
}

size_t
ese_tools__format_value(const ese_tools__column *column, const void *data, uint32_t size, char *to,
                        size_t room)
{
    writer out = {to, room, 0};
    char number[32];

    if (size_of_type(column->coltyp) != 0 && size != size_of_type(column->coltyp)) {
        put_hex(&out, data, size);
        return out.size;
    }
    switch (column->coltyp) {
    case JET_coltypBit: put_text(&out, *(const uint8_t *)data != 0 ? "true" : "false"); break;
    case JET_coltypShort:
    case JET_coltypLong:
    case JET_coltypCurrency:
    case JET_coltypLongLong:
        snprintf(number, sizeof number, "%" PRId64, load_signed(data, size));
        put_text(&out, number);
        break;
    case JET_coltypUnsignedByte:
    case JET_coltypUnsignedShort:
    case JET_coltypUnsignedLong:
    case JET_coltypUnsignedLongLong:
        snprintf(number, sizeof number, "%" PRIu64, load_unsigned(data, size));
        put_text(&out, number);
        break;
    case JET_coltypIEEESingle:
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime: put_real(&out, column->coltyp, data); break;
    case JET_coltypGUID: put_guid(&out, data); break;
    case JET_coltypText:
    case JET_coltypLongText: put_characters(&out, column->code_page, data, size); break;
    default: put_hex(&out, data, size); break;
    }
    return out.size;
}

/* ---- From the command line, and from files to import ---- */

enum { NUMBER_ROOM = 512 };

static void
store_le(uint8_t *to, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

/* The text with a NUL behind it; false when it is too long for a number, or has one inside. */
static bool
copy_number(const char *text, size_t n, char to[NUMBER_ROOM])
{
    if (n == 0 || n >= NUMBER_ROOM || memchr(text, '\0', n) != NULL)
        return false;
    memcpy(to, text, n);
    to[n] = '\0';
    return true;
}

static bool
parse_integer(JET_COLTYP coltyp, const char *text, uint8_t *to, size_t size)
{
    bool is_signed = coltyp == JET_coltypShort || coltyp == JET_coltypLong ||
                     coltyp == JET_coltypCurrency || coltyp == JET_coltypLongLong;
    unsigned bits = (unsigned)(8 * size);
    uint64_t number;
    char *end;

    errno = 0;
    if (is_signed) {
        int64_t wide = strtoll(text, &end, 0);
        int64_t limit = bits == 64 ? INT64_MAX : ((int64_t)1 << (bits - 1)) - 1;

        if (wide > limit || wide < -limit - 1)
            return false;
        number = (uint64_t)wide;
    } else {
        number = strtoull(text, &end, 0);
        if (strchr(text, '-') != NULL || (bits < 64 && number >> bits != 0))
            return false;
    }
    store_le(to, number, size);
    return errno == 0 && end != text && *end == '\0';
}

/* Days since 1899-12-30 of "YYYY-MM-DD", with " HH:MM", ":SS" and ".mmm" behind it or not. */
static bool
parse_date(const char *text, double *days_out)
{
    int year, month, day, hour = 0, minute = 0, n = 0;
    double second = 0, fraction;
    int64_t era, day_of_year, days;

    /* The widths keep the numbers in their type. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &n) != 3 || n != 10)
        return false;
    if (text[n] == ' ' || text[n] == 'T') {
        int m = 0;

        /* NOLINTNEXTLINE(cert-err34-c) */
        if (sscanf(text + n + 1, "%2d:%2d%n", &hour, &minute, &m) != 2)
            return false;
        n += 1 + m;
        if (text[n] == ':') {
            char *end;

            second = strtod(text + n + 1, &end);
            n = (int)(end - text);
        }
    }
    if (text[n] != '\0' || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || !(second >= 0 && second < 61) || year < 100)
        return false;
    year -= month <= 2;
    era = year / 400;
    day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    year -= (int)era * 400;
    days = era * 146097 + year * 365 + year / 4 - year / 100 + day_of_year - 693899;
    fraction = (hour * 3600 + minute * 60 + second) / 86400;
    *days_out = days < 0 ? (double)days - fraction : (double)days + fraction;
    return true;
}

static bool
parse_real(JET_COLTYP coltyp, const char *text, uint8_t *to)
{
    char *end;
    double number = strtod(text, &end);
    float single;

    if (end == text || *end != '\0') {
        if (coltyp != JET_coltypDateTime || !parse_date(text, &number))
            return false;
    }
    single = (float)number;
    if (coltyp == JET_coltypIEEESingle)
        memcpy(to, &single, sizeof single);
    else
        memcpy(to, &number, sizeof number);
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

bool
ese_tools__parse_hex(const char *text, size_t n, uint8_t *to, size_t *size_out)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++) {
        int high, low;

        if (text[i] == '-')
            continue;
        high = hex_digit(text[i]);
        low = high < 0 || i + 1 == n ? -1 : hex_digit(text[i + 1]);
        if (low < 0)
            return false;
        to[size++] = (uint8_t)(high << 4 | low);
        i++;
    }
    *size_out = size;
    return true;
}

static bool
parse_guid(const char *text, size_t n_text, uint8_t *to)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t bytes[64];
    size_t n = 0;

    if (n_text > sizeof bytes || !ese_tools__parse_hex(text, n_text, bytes, &n) || n != 16)
        return false;
    for (unsigned i = 0; i < 16; i++)
        to[order[i]] = bytes[i];
    return true;
}

/* One character of UTF-8; false when it is none. */
static bool
take_utf8(const uint8_t **at, const uint8_t *text_end, uint32_t *c_out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *p = *at;
    unsigned n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
    uint32_t c = n < 2 ? *p : *p & (0x7fu >> n);

    if (n == 0 || (size_t)(text_end - p) < n)
        return false;
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return false;
        c = c << 6 | (p[i] & 63u);
    }
    *at = p + n;
    *c_out = c;
    return c >= least[n] && c < 0x110000;
}

static bool
put_cp1252(uint32_t c, uint8_t *to, size_t *n)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        if (ese_tools__cp1252_to_unicode((uint8_t)byte) == c) {
            to[(*n)++] = (uint8_t)byte;
            return true;
        }
    }
    return false;
}

static bool
parse_text(uint16_t code_page, const char *text, size_t n_text, uint8_t *to, size_t *size_out)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + n_text;
    size_t n = 0;

    while (at < end) {
        uint32_t c = 0;

        if (!take_utf8(&at, end, &c) || (code_page != 1200 && !put_cp1252(c, to, &n)))
            return false;
        if (code_page != 1200)
            continue;
        if (c >= 0x10000) {
            store_le(to + n, 0xd800 + ((c - 0x10000) >> 10), 2);
            n += 2;
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        store_le(to + n, c, 2);
        n += 2;
    }
    *size_out = n;
    return true;
}

bool
ese_tools__parse_value(const ese_tools__column *column, const char *text, size_t n, uint8_t *to,
                       size_t *size_out)
{
    char number[NUMBER_ROOM];
    size_t size = size_of_type(column->coltyp);

    *size_out = size;
    switch (column->coltyp) {
    case JET_coltypGUID: return parse_guid(text, n, to);
    case JET_coltypText:
    case JET_coltypLongText: return parse_text(column->code_page, text, n, to, size_out);
    case JET_coltypBinary:
    case JET_coltypLongBinary: return ese_tools__parse_hex(text, n, to, size_out);
    default: break;
    }
    if (size == 0 || !copy_number(text, n, number))
        return false;
    switch (column->coltyp) {
    case JET_coltypBit:
        to[0] = strcasecmp(number, "true") == 0 || strcmp(number, "1") == 0 ? 0xff : 0;
        return to[0] != 0 || strcasecmp(number, "false") == 0 || strcmp(number, "0") == 0;
    case JET_coltypIEEESingle:
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime: return parse_real(column->coltyp, number, to);
    default: return parse_integer(column->coltyp, number, to, size);
    }
}
