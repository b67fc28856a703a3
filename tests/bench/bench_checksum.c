/*
 * Speed of what runs once for every page that is read: the checksum and the check of the structure, of one core and of data in the
 * processor's cache, for each page size.
 */
#include "bench.h"

#include "../core/page/page_builder.h"

enum { BYTES = 256 << 20, PGNO = 1000 }; /* of one round */

static uint8_t bytes[ESE_PAGE_SIZE_MAX];

/* A leaf full of lines with keys of four bytes and data of 60. */
static void
make_page(uint32_t size)
{
    page_builder b = page_builder_start(bytes, size, ESE_PAGE_LEAF, PGNO);
    uint8_t key[4], data[60];
    page_builder_line line = {
        .suffix = key, .suffix_size = sizeof key, .data = data, .data_size = sizeof data};

    page_builder_add_external(&b, NULL, 0);
    for (uint32_t i = 0; page_builder_has_room(&b, page_builder_line_size(&line)); i++) {
        ese_store_be32(key, i);
        for (uint32_t k = 0; k < sizeof data; k++)
            data[k] = (uint8_t)(i * 7 + k * k);
        page_builder_add_line(&b, line);
    }
    ese_page_checksum_update(bytes, size, PGNO);
}

static void
run_checksum(void *self)
{
    uint32_t size = *(const uint32_t *)self;

    for (uint32_t i = 0; i < BYTES / size; i++)
        bench_require(ese_page_checksum_verify(bytes, size, PGNO) == ESE_PAGE_STATE_GOOD,
                      "the checksum is not good");
}

static void
run_structure(void *self)
{
    uint32_t size = *(const uint32_t *)self;

    for (uint32_t i = 0; i < BYTES / size; i++)
        bench_require(ese_page_verify(&(ese_page){bytes, size, PGNO}) == JET_errSuccess,
                      "the structure is not good");
}

int
main(void)
{
    char name[64];

    for (uint32_t size = ESE_PAGE_SIZE_MIN; size <= ESE_PAGE_SIZE_MAX; size *= 2) {
        make_page(size);
        snprintf(name, sizeof name, "page checksum, %u bytes", (unsigned)size);
        bench_throughput(name, BYTES, run_checksum, &size);
        snprintf(name, sizeof name, "page structure, %u bytes", (unsigned)size);
        bench_throughput(name, BYTES, run_structure, &size);
    }
    return 0;
}
