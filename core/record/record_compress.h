/*
 * Compression of column values and long-value chunks: 7-bit ASCII, 7-bit Unicode, Xpress; LZ4 is only read. Records specification, section 6.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

/*
 * Size of the value that `from` decompresses to. JET_errDecompressionFailed when the bytes are not a
 * compressed value; JET_errFeatureNotAvailable for a known scheme that is not supported (Xpress9, Xpress10).
 */
JET_ERR ese_record_decompressed_size(ese_bytes from, size_t *size_out);

/* Decompresses into `to`, which has `room` >= that size. Writes exactly size_out bytes. */
JET_ERR ese_record_decompress(ese_bytes from, uint8_t *to, size_t room, size_t *size_out);

/* When values are compressed how. */
typedef struct ese_record_compress_rule {
    uint32_t page_size; /* Xpress takes no value longer than a page */
    uint32_t
        min_for_xpress; /* JET_paramMinDataForXpress: shorter values are only packed to 7 bits */
} ese_record_compress_rule;

enum {
    ESE_RECORD_MIN_FOR_XPRESS = 1024, /* default */
    ESE_RECORD_XPRESS_WINDOW = 8192,
    ESE_RECORD_XPRESS_HASHES = 4096,
};

/* What a compressor needs to remember while it works (24 KiB); it need not be initialised. */
typedef struct ese_record_compressor {
    uint16_t heads[ESE_RECORD_XPRESS_HASHES];
    uint16_t links[ESE_RECORD_XPRESS_WINDOW];
} ese_record_compressor;

/* Room that ese_record_compress needs for a value. */
static inline size_t
ese_record_compress_room(size_t size)
{
    return size + 16;
}

/*
 * Compresses `from` into `to`, which has ese_record_compress_room bytes; the smallest of the schemes that apply. Returns the size, which is less than
 * from.size; 0: it is best left as it is.
 */
size_t ese_record_compress(ese_bytes from, const ese_record_compress_rule *rule,
                           ese_record_compressor *work, uint8_t *to);
