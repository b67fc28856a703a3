/*
 * Decompression. The first byte of a compressed value is scheme << 3 | data of the scheme.
 *
 * INV-1  A decoder reads only inside `from` and writes only the announced number of bytes.
 * INV-2  A stream that does not give exactly that number is refused, never cut or padded.
 */
#include "record/record_compress.h"

enum scheme {
    SCHEME_ASCII7 = 1,
    SCHEME_UNICODE7 = 2,
    SCHEME_XPRESS = 3,
    SCHEME_SCRUB = 4, /* the value was overwritten on purpose */
    SCHEME_XPRESS9 = 5,
    SCHEME_XPRESS10 = 6,
    SCHEME_LZ4 = 7,
};

enum {
    SIZED_HEADER = 3, /* scheme byte, u16 uncompressed size */
};

/* A window of input and the output made so far. */
typedef struct stream {
    const uint8_t *in;
    const uint8_t *in_end;
    uint8_t *out_start;
    uint8_t *out;
    uint8_t *out_end;
} stream;

static JET_ERR
refuse(const char *why)
{
    return ese_raise(JET_errDecompressionFailed, "compressed value: %s", why);
}

static size_t
input_left(const stream *s)
{
    return (size_t)(s->in_end - s->in);
}

static size_t
output_left(const stream *s)
{
    return (size_t)(s->out_end - s->out);
}

/*
 * Copies `n` bytes from `distance` back; the caller has checked both. Source and target overlap when the
 * distance is short: the bytes just written are then read again, that is how a run is stored.
 */
static void
copy_match(stream *s, size_t distance, size_t n)
{
    enum { WORD = 8 };
    const uint8_t *from = s->out - distance;
    uint8_t *to = s->out;

    if (distance == 1) {
        memset(to, *from, n);
    } else if (distance >= WORD && output_left(s) >= n + WORD) {
        /* Whole words; what the last one writes too much is overwritten by what follows. */
        for (size_t done = 0; done < n; done += WORD)
            memcpy(to + done, from + done, WORD);
    } else {
        for (size_t done = 0; done < n; done++)
            to[done] = from[done];
    }
    s->out += n;
}

/* ---- 7 bits per character */

static JET_ERR
count_bits7(ese_bytes from, size_t *n_out)
{
    size_t last_bits = (from.data[0] & 7U) + 1;

    if (from.size < 2)
        return refuse("no characters");
    *n_out = (8 * (from.size - 2) + last_bits) / 7;
    return JET_errSuccess;
}

/* Eight characters are seven bytes; what remains after the full groups is at most seven characters. */
static void
decode_bits7(const uint8_t *in, const uint8_t *in_end, size_t n, unsigned width, uint8_t *out)
{
    uint64_t bits = 0;
    unsigned n_bits = 0;

    for (; n >= 8 && in_end - in >= 8; n -= 8, in += 7) {
        bits = ese_load_le64(in);
        for (unsigned i = 0; i < 8; i++, out += width, bits >>= 7) {
            out[0] = bits & 0x7f;
            if (width == 2)
                out[1] = 0;
        }
    }
    for (bits = 0; n > 0; n--, out += width, bits >>= 7, n_bits -= 7) {
        for (; n_bits < 7; n_bits += 8)
            bits |= (uint64_t)*in++ << n_bits;
        out[0] = bits & 0x7f;
        if (width == 2)
            out[1] = 0;
    }
}

/* ---- Xpress: LZ77 with 32 flag bits at a time, 1 = match, the most significant first */

typedef struct xpress {
    stream s;
    uint32_t flags;
    unsigned n_flags;
    const uint8_t *nibble; /* byte whose high half is the next long length, or NULL */
} xpress;

static bool
next_flag(xpress *x, bool *flag_out)
{
    if (x->n_flags == 0) {
        if (input_left(&x->s) < 4)
            return false;
        x->flags = ese_load_le32(x->s.in);
        x->s.in += 4;
        x->n_flags = 32;
    }
    x->n_flags--;
    *flag_out = (x->flags >> x->n_flags & 1) != 0;
    return true;
}

/* Length beyond the 3 bits of the match word: a nibble, then a byte, then two bytes. False at the end of input. */
static bool
long_length(xpress *x, size_t *length_out)
{
    enum { IN_WORD = 7, IN_NIBBLE = 15, IN_BYTE = 255 };
    stream *s = &x->s;
    unsigned n;

    if (x->nibble != NULL) {
        n = *x->nibble >> 4;
        x->nibble = NULL;
    } else {
        if (input_left(s) < 1)
            return false;
        n = *s->in & 15;
        x->nibble = s->in++;
    }
    if (n == IN_NIBBLE) {
        if (input_left(s) < 1)
            return false;
        n += *s->in;
        if (*s->in++ == IN_BYTE) {
            if (input_left(s) < 2)
                return false;
            n = ese_load_le16(s->in);
            s->in += 2;
            if (n < IN_WORD + IN_NIBBLE + IN_BYTE)
                return false;
            *length_out = n;
            return true;
        }
    }
    *length_out = IN_WORD + n;
    return true;
}

static bool
decode_match(xpress *x)
{
    enum { LENGTH_IS_LONG = 7, LENGTH_MIN = 3 };
    stream *s = &x->s;
    size_t length, distance;
    unsigned word;

    if (input_left(s) < 2)
        return false;
    word = ese_load_le16(s->in);
    s->in += 2;
    distance = (word >> 3) + 1U;
    length = word & 7;
    if (length == LENGTH_IS_LONG && !long_length(x, &length))
        return false;
    length += LENGTH_MIN;
    if (distance > (size_t)(s->out - s->out_start) || length > output_left(s))
        return false;
    copy_match(s, distance, length);
    return true;
}

/*
 * One literal for the flag already taken, and one for each clear flag behind it. The state is kept in locals:
 * the compiler must assume that a byte written through `out` changes the fields of `x`.
 */
static bool
decode_literals(xpress *x)
{
    enum { WORD = 8 };
    stream *s = &x->s;
    const uint8_t *in = s->in;
    uint8_t *out = s->out;
    size_t left = input_left(s) < output_left(s) ? input_left(s) : output_left(s);
    unsigned n_flags = x->n_flags;
    uint64_t flags = (uint64_t)x->flags << (32 - n_flags) & UINT32_MAX; /* the next one is bit 31 */

    if (left == 0)
        return false;
    *out++ = *in++;
    left--;
    for (; left >= WORD && n_flags >= WORD && flags >> 24 == 0; left -= WORD, n_flags -= WORD) {
        memcpy(out, in, WORD);
        out += WORD;
        in += WORD;
        flags = flags << WORD & UINT32_MAX;
    }
    for (; left > 0 && n_flags > 0 && flags >> 31 == 0; left--, n_flags--) {
        *out++ = *in++;
        flags = flags << 1 & UINT32_MAX;
    }
    s->in = in;
    s->out = out;
    x->n_flags = n_flags;
    return true;
}

/* The stream ends with a match flag when the output is complete; the original refuses one without. */
static JET_ERR
decode_xpress(stream s)
{
    xpress x = {.s = s};
    bool is_match;

    while (output_left(&x.s) > 0) {
        if (!next_flag(&x, &is_match))
            return refuse("Xpress stream too short");
        if (is_match ? !decode_match(&x) : !decode_literals(&x))
            return refuse("bad Xpress stream");
    }
    if (!next_flag(&x, &is_match) || !is_match)
        return refuse("Xpress stream without end marker");
    return JET_errSuccess;
}

/* ---- LZ4 block: token (high half literals, low half match - 4), literals, u16 distance */

/* Adds the bytes that extend a half token of 15. */
static bool
lz4_length(stream *s, size_t *length_inout)
{
    uint8_t more = 255;

    if (*length_inout != 15)
        return true;
    for (; more == 255; *length_inout += more) {
        if (input_left(s) < 1)
            return false;
        more = *s->in++;
    }
    return true;
}

static bool
lz4_sequence(stream *s)
{
    enum { MATCH_MIN = 4 };
    uint8_t token = *s->in++;
    size_t literals = token >> 4, match = token & 15, distance;

    if (!lz4_length(s, &literals) || literals > input_left(s) || literals > output_left(s))
        return false;
    if (literals > 0)
        memcpy(s->out, s->in, literals);
    s->in += literals;
    s->out += literals;
    if (input_left(s) == 0) /* the last sequence has only literals */
        return output_left(s) == 0;
    if (input_left(s) < 2)
        return false;
    distance = ese_load_le16(s->in);
    s->in += 2;
    if (!lz4_length(s, &match))
        return false;
    match += MATCH_MIN;
    if (distance == 0 || distance > (size_t)(s->out - s->out_start) || match > output_left(s))
        return false;
    copy_match(s, distance, match);
    return true;
}

static JET_ERR
decode_lz4(stream s)
{
    while (input_left(&s) > 0) {
        if (!lz4_sequence(&s))
            return refuse("bad LZ4 block");
    }
    return output_left(&s) == 0 ? JET_errSuccess : refuse("LZ4 block too short");
}

/* ---- */

JET_ERR
ese_record_decompressed_size(ese_bytes from, size_t *size_out)
{
    JET_ERR err = JET_errSuccess;
    unsigned scheme = from.size > 0 ? from.data[0] >> 3 : 0;
    size_t n = 0;

    switch (scheme) {
    case SCHEME_ASCII7:
    case SCHEME_UNICODE7:
        ESE_TRY(count_bits7(from, &n));
        *size_out = scheme == SCHEME_UNICODE7 ? 2 * n : n;
        break;
    case SCHEME_XPRESS:
    case SCHEME_LZ4:
        if (from.size < SIZED_HEADER)
            return refuse("no room for its size");
        *size_out = ese_load_le16(from.data + 1);
        break;
    case SCHEME_SCRUB: return refuse("it was scrubbed");
    case SCHEME_XPRESS9:
    case SCHEME_XPRESS10:
        return ese_raise(JET_errFeatureNotAvailable,
                         "values compressed with Xpress%u cannot be read",
                         scheme == SCHEME_XPRESS9 ? 9U : 10U);
    default: return refuse("unknown scheme");
    }
out:
    return err;
}

JET_ERR
ese_record_decompress(ese_bytes from, uint8_t *to, size_t room, size_t *size_out)
{
    JET_ERR err;
    size_t size = 0;
    stream s = {.in_end = from.data + from.size, .out_start = to, .out = to};

    ESE_TRY(ese_record_decompressed_size(from, &size));
    if (size > room)
        return ese_raise(JET_errBufferTooSmall, "compressed value: %zu bytes do not fit into %zu",
                         size, room);
    s.out_end = to + size;
    switch (from.data[0] >> 3) {
    case SCHEME_ASCII7: decode_bits7(from.data + 1, s.in_end, size, 1, to); break;
    case SCHEME_UNICODE7: decode_bits7(from.data + 1, s.in_end, size / 2, 2, to); break;
    case SCHEME_XPRESS:
        s.in = from.data + SIZED_HEADER;
        ESE_TRY(decode_xpress(s));
        break;
    default:
        s.in = from.data + SIZED_HEADER;
        ESE_TRY(decode_lz4(s));
        break;
    }
    *size_out = size;
out:
    return err;
}
