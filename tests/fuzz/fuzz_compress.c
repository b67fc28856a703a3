/*
 * Fuzz target: what is compressed is smaller and comes back.
 *
 *   byte 0      least size for Xpress, in steps of four bytes
 *   then        the value; every byte of 0x80 to 0x8f repeats the 64 bytes before it, so that long matches are easily made
 */
#include "record/record_compress.h"

#include <stdlib.h>

enum { VALUE_MAX = 65535, REPEATED = 64, MARK = 0x80, MARK_MASK = 0xf0 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static size_t
expand(const uint8_t *data, size_t size, uint8_t *to)
{
    size_t n = 0;

    for (size_t i = 0; i < size && n + REPEATED < VALUE_MAX; i++) {
        if ((data[i] & MARK_MASK) == MARK && n >= REPEATED) {
            memcpy(to + n, to + n - REPEATED, REPEATED);
            n += REPEATED;
        } else {
            to[n++] = data[i];
        }
    }
    return n;
}

static void
round_trip(ese_bytes from, const ese_record_compress_rule *rule)
{
    static ese_record_compressor work;
    uint8_t *to = malloc(ese_record_compress_room(from.size)), *back = malloc(from.size + 1);
    size_t size, back_size = 0;

    require(to != NULL && back != NULL);
    size = ese_record_compress(from, rule, &work, to);
    require(size == 0 || size < from.size);
    if (size != 0) {
        require(ese_record_decompress((ese_bytes){to, size}, back, from.size, &back_size) == 0);
        require(back_size == from.size && memcmp(back, from.data, from.size) == 0);
    }
    free(to);
    free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ese_record_compress_rule rule = {.page_size = VALUE_MAX + 1};
    uint8_t *value = malloc(VALUE_MAX);

    require(value != NULL);
    if (size > 0) {
        rule.min_for_xpress = 4U * data[0];
        round_trip((ese_bytes){value, expand(data + 1, size - 1, value)}, &rule);
    }
    free(value);
    return 0;
}
