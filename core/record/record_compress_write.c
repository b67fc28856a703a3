/*
 * Compressing values: seven bits for a character where that is enough, Xpress for what is long enough to repeat itself.
 *
 * INV-1  What is written is smaller than the value and decompresses to it.
 * INV-2  Nothing is written behind ese_record_compress_room.
 *
 * Format and choice of the scheme: records specification, section 6.
 */
#include "record/record_compress.h"

enum {
    ASCII7 = 1, /* schemes */
    UNICODE7 = 2,
    XPRESS = 3,
    SCHEME_SHIFT = 3,
    XPRESS_HEADER = 3,
    XPRESS_VALUE_MIN = 9,  /* bytes of a value */
    XPRESS_STREAM_MIN = 8, /* bytes of its stream */
    XPRESS_VALUE_MAX = 65535,
    WINDOW_MASK = ESE_RECORD_XPRESS_WINDOW - 1,
    MATCH_MIN = 3,
    CHAIN_MAX = 12,   /* places looked at for a match */
    CHAIN_SECOND = 4, /* and for a better one behind a good one */
    MATCH_GOOD = 32,  /* long enough not to look for a better one */
    SKIP_SHIFT = 6,   /* after 64 bytes without a match every second place is tried, and so on */
    TOKENS_IN_WORD = 32,
};

/* ---- 7 bits per character */

static size_t
size_of_bits7(size_t n_characters)
{
    return 1 + (7 * n_characters + 7) / 8;
}

/* Are all bytes (with `mask` 0x80 in each byte), or all characters of two bytes, below 0x80? */
static bool
has_no_bits(ese_bytes from, uint64_t mask)
{
    size_t i = 0;
    uint64_t rest = 0;

    for (; i + 8 <= from.size; i += 8) {
        if ((ese_load_le64(from.data + i) & mask) != 0)
            return false;
    }
    for (unsigned shift = 0; i < from.size; i++, shift += 8)
        rest |= (uint64_t)from.data[i] << shift;
    return (rest & mask) == 0;
}

static bool
is_ascii7(ese_bytes from)
{
    return has_no_bits(from, 0x8080808080808080);
}

static bool
is_unicode7(ese_bytes from)
{
    return from.size % 2 == 0 && has_no_bits(from, 0xff80ff80ff80ff80);
}

/* Every width-th byte is a character. Eight of them are seven bytes. */
static size_t
write_bits7(unsigned scheme, ese_bytes from, unsigned width, uint8_t *to)
{
    const uint8_t *in = from.data;
    size_t n = from.size / width;
    size_t size = size_of_bits7(n);
    uint64_t bits = 0;
    unsigned n_bits = 0;

    *to++ = (uint8_t)(scheme << SCHEME_SHIFT | ((7 * n - 1) & 7));
    for (; n >= 8; n -= 8, to += 7) {
        bits = 0;
        for (unsigned i = 0; i < 8; i++, in += width)
            bits |= (uint64_t)*in << 7 * i;
        ese_store_le64(to, bits);
    }
    for (bits = 0; n > 0; n--, in += width, n_bits += 7)
        bits |= (uint64_t)*in << n_bits;
    for (; n_bits > 0; n_bits = n_bits > 8 ? n_bits - 8 : 0, bits >>= 8)
        *to++ = (uint8_t)bits;
    return size;
}

/* ---- Xpress: finding what was there before */

typedef struct finder {
    const uint8_t *start;
    size_t size;
    ese_record_compressor *work;
} finder;

typedef struct match {
    size_t length; /* 0: none */
    size_t distance;
} match;

static unsigned
hash_of(const uint8_t *at)
{
    uint32_t bytes = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;

    return bytes * 2654435761U >> 20;
}

/* Places are stored plus one: 0 is none. Three bytes from `at` on exist. */
static void
remember(finder *f, size_t at)
{
    uint16_t *head = &f->work->heads[hash_of(f->start + at)];

    f->work->links[at & WINDOW_MASK] = *head;
    *head = (uint16_t)(at + 1);
}

static size_t
count_equal(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t n = 0;

    while (n + 8 <= most && ese_load_le64(a + n) == ese_load_le64(b + n))
        n += 8;
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* The longest match of what begins at `at`, if it is longer than `least` bytes. Three bytes exist there. */
static match
find_match(const finder *f, size_t at, size_t least, unsigned chain)
{
    const uint8_t *here = f->start + at;
    size_t most = f->size - at;
    size_t candidate = f->work->heads[hash_of(here)];
    match best = {.length = least};

    for (; candidate != 0 && chain > 0 && best.length < most; chain--) {
        size_t place = candidate - 1;
        const uint8_t *there = f->start + place;

        if (at - place > ESE_RECORD_XPRESS_WINDOW)
            break;
        if (there[best.length] == here[best.length]) {
            size_t length = count_equal(there, here, most);

            if (length > best.length)
                best = (match){length, at - place};
        }
        candidate = f->work->links[place & WINDOW_MASK];
        if (candidate > place) /* that place was overwritten by a later one */
            break;
    }
    return best.distance == 0 ? (match){0, 0} : best;
}

/* ---- Xpress: writing */

typedef struct writer {
    uint8_t *out;
    const uint8_t *out_end;
    uint8_t *word; /* where the flags of the tokens being written go */
    uint32_t flags;
    unsigned n_flags;
    uint8_t *nibble; /* byte whose high half is still free */
} writer;

static void
open_word(writer *w)
{
    w->word = w->out;
    w->out += 4;
    w->flags = 0;
    w->n_flags = 0;
}

static void
put_flag(writer *w, uint32_t flag)
{
    w->flags = w->flags << 1 | flag;
    if (++w->n_flags == TOKENS_IN_WORD) {
        ese_store_le32(w->word, w->flags);
        open_word(w);
    }
}

/* The most a token takes: its bytes and the next word of flags. */
static bool
has_room(const writer *w)
{
    enum { TOKEN_MAX = 2 + 1 + 1 + 2 + 4 };

    return (size_t)(w->out_end - w->out) >= TOKEN_MAX;
}

static bool
put_literal(writer *w, uint8_t byte)
{
    if (!has_room(w))
        return false;
    *w->out++ = byte;
    put_flag(w, 0);
    return true;
}

static void
put_nibble(writer *w, unsigned value)
{
    if (w->nibble != NULL) {
        *w->nibble = (uint8_t)(*w->nibble | value << 4);
        w->nibble = NULL;
    } else {
        w->nibble = w->out;
        *w->out++ = (uint8_t)value;
    }
}

static bool
put_match(writer *w, match m)
{
    enum { IN_WORD = 7, IN_NIBBLE = 15, IN_BYTE = 255 };
    size_t length = m.length - MATCH_MIN;
    unsigned low = length < IN_WORD ? (unsigned)length : (unsigned)IN_WORD;

    if (!has_room(w))
        return false;
    ese_store_le16(w->out, (uint16_t)((m.distance - 1) << 3 | low));
    w->out += 2;
    if (length >= IN_WORD && length < IN_WORD + IN_NIBBLE) {
        put_nibble(w, (unsigned)length - IN_WORD);
    } else if (length >= IN_WORD + IN_NIBBLE) {
        size_t more = length - IN_WORD - IN_NIBBLE;

        put_nibble(w, IN_NIBBLE);
        *w->out++ = (uint8_t)(more < IN_BYTE ? more : (size_t)IN_BYTE);
        if (more >= IN_BYTE) {
            ese_store_le16(w->out, (uint16_t)length);
            w->out += 2;
        }
    }
    put_flag(w, 1);
    return true;
}

/* The flags that are left are ones: the first of them says that this is the end. */
static void
close_word(writer *w)
{
    uint32_t flags = w->n_flags == 0 ? 0 : w->flags << (TOKENS_IN_WORD - w->n_flags);

    ese_store_le32(w->word, flags | UINT32_MAX >> w->n_flags);
}

/* A longer match one byte later is worth a literal: the length is then 0, the distance not. Remembers the place `at`. */
static match
choose_match(finder *f, size_t at)
{
    match here = find_match(f, at, MATCH_MIN - 1, CHAIN_MAX);

    remember(f, at);
    if (here.length != 0 && here.length < MATCH_GOOD && at + 1 + here.length < f->size) {
        match later = find_match(f, at + 1, here.length, CHAIN_SECOND);

        if (later.length != 0)
            here.length = 0;
    }
    return here;
}

static bool
put_literals(writer *w, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!put_literal(w, from[i]))
            return false;
    }
    return true;
}

/* The tokens of the whole value; false when they take more room than there is. */
static bool
write_tokens(finder *f, writer *w)
{
    size_t at = 0, n_missed = 0;

    while (at + MATCH_MIN <= f->size) {
        match m = choose_match(f, at);
        size_t step = 1 + (n_missed >> SKIP_SHIFT);

        if (m.length != 0) {
            if (!put_match(w, m))
                return false;
            for (size_t i = 1; i < m.length && at + i + MATCH_MIN <= f->size; i++)
                remember(f, at + i);
            at += m.length;
            n_missed = 0;
            continue;
        }
        if (m.distance != 0)
            step = 1;
        step = step < f->size - at ? step : f->size - at;
        if (!put_literals(w, f->start + at, step))
            return false;
        at += step;
        n_missed += step;
    }
    return put_literals(w, f->start + at, f->size - at);
}

/* The size, 0 when it would be more than `most`. `to` has room for ten bytes more than that. */
static size_t
write_xpress(ese_bytes from, size_t most, ese_record_compressor *work, uint8_t *to)
{
    enum { TOKEN_MAX = 10 };
    finder f = {from.data, from.size, work};
    writer w = {.out = to + XPRESS_HEADER, .out_end = to + most + TOKEN_MAX};
    size_t size;

    if (most < XPRESS_HEADER + XPRESS_STREAM_MIN)
        return 0;
    memset(work->heads, 0, sizeof work->heads);
    to[0] = XPRESS << SCHEME_SHIFT;
    ese_store_le16(to + 1, (uint16_t)from.size);
    open_word(&w);
    if (!write_tokens(&f, &w))
        return 0;
    close_word(&w);
    size = (size_t)(w.out - to);
    return size <= most && size >= XPRESS_HEADER + XPRESS_STREAM_MIN ? size : 0;
}

/* ---- */

size_t
ese_record_compress(ese_bytes from, const ese_record_compress_rule *rule,
                    ese_record_compressor *work, uint8_t *to)
{
    bool is_unicode = is_unicode7(from);
    bool is_ascii = !is_unicode && is_ascii7(from);
    size_t best = from.size; /* nothing as long as this is worth it */
    size_t size = 0;

    if (is_unicode)
        best = size_of_bits7(from.size / 2);
    else if (is_ascii)
        best = size_of_bits7(from.size);
    if (best >= from.size) {
        is_unicode = is_ascii = false;
        best = from.size;
    }
    if (from.size >= rule->min_for_xpress && from.size >= XPRESS_VALUE_MIN &&
        from.size <= rule->page_size && from.size <= XPRESS_VALUE_MAX)
        size = write_xpress(from, is_unicode || is_ascii ? best : best - 1, work, to);
    if (size == 0 && is_unicode)
        size = write_bits7(UNICODE7, from, 2, to);
    else if (size == 0 && is_ascii)
        size = write_bits7(ASCII7, from, 1, to);
    return size;
}
