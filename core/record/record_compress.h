/* Decompression of column values and long-value chunks: 7-bit ASCII, 7-bit Unicode, Xpress, LZ4. Records specification, section 6. */
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
