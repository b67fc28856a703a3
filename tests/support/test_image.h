/*
 * A copy of a database that a test damages: its bytes in memory and a temporary file with them. Fails no test itself, so that fuzzers can
 * use it.
 */
#pragma once

#include "page/page.h"

typedef struct test_image {
    uint8_t *bytes;
    size_t size;
    uint32_t page_size;
    int fd;
    char path[64];
} test_image;

/* Copies the file `from`. False: it cannot be read, or there is no place for the copy. */
bool test_image_open(test_image *image, const char *from);
void test_image_close(test_image *image); /* removes the file */

/* The place of page `pgno` in the bytes; the header and its shadow are -1 and 0. */
uint8_t *test_image_page(const test_image *image, int64_t pgno);

/* Brings `n` changed bytes to the file. */
void test_image_write(const test_image *image, size_t at, size_t n);

/* Makes the checksum of the page or header around byte `at` right again and brings the page to the file. */
void test_image_seal(const test_image *image, size_t at);

/* The same for a page that was changed as a whole. */
void test_image_seal_page(const test_image *image, int64_t pgno);
