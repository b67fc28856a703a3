/* What the tests of the record codec share: bytes written as hexadecimal text, random numbers, exact-size copies. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

enum { TEST_BYTES_MAX = 4096 };

typedef struct test_bytes {
    uint8_t data[TEST_BYTES_MAX];
    size_t size;
} test_bytes;

static inline ese_bytes
test_view(const test_bytes *bytes)
{
    return (ese_bytes){bytes->data, bytes->size};
}

/* "7f41 00*7 ff": pairs of digits, blanks anywhere between them, *n repeats the byte before n times in all. */
static inline void
test_parse(const char *hex, test_bytes *bytes_out)
{
    bytes_out->size = 0;
    while (*hex != '\0') {
        char digits[3] = {hex[0], hex[1], 0};
        char *end = NULL;
        long n = 1;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        if (hex[2] == '*')
            n = strtol(hex + 3, &end, 10);
        assert_true(n >= 1 && bytes_out->size + (size_t)n <= TEST_BYTES_MAX);
        memset(bytes_out->data + bytes_out->size, (int)strtol(digits, NULL, 16), (size_t)n);
        bytes_out->size += (size_t)n;
        hex = end != NULL ? end : hex + 2;
    }
}

static inline void
test_assert_bytes(ese_bytes got, const char *hex, const char *what)
{
    test_bytes want;

    test_parse(hex, &want);
    if (got.size != want.size || (got.size > 0 && memcmp(got.data, want.data, got.size) != 0)) {
        fprintf(stderr, "%s: ", what);
        for (size_t i = 0; i < got.size; i++)
            fprintf(stderr, "%02x", got.data[i]);
        fprintf(stderr, "\n  wanted %s\n", hex);
        fail();
    }
}

/* Same sequence on every machine. */
static inline uint64_t
test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static inline size_t
test_below(uint64_t *state, size_t limit)
{
    return (size_t)(test_random(state) % limit);
}

/* A heap copy of exactly its size, so that the sanitizer sees the first byte read behind it. */
static inline uint8_t *
test_exact_copy(ese_bytes bytes)
{
    uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);

    assert_non_null(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

/* Changes up to three bytes of `bytes` and sometimes its length. */
static inline size_t
test_mutate(uint64_t *state, uint8_t *bytes, size_t size)
{
    size_t n = 1 + test_below(state, 3);

    for (size_t i = 0; i < n && size > 0; i++) {
        size_t at = test_below(state, size);

        if (test_below(state, 2) == 0)
            bytes[at] = (uint8_t)test_random(state);
        else
            bytes[at] ^= (uint8_t)(1U << test_below(state, 8));
    }
    return test_below(state, 4) == 0 ? test_below(state, size + 1) : size;
}
