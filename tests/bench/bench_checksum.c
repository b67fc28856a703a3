/*
 * Speed of what runs once for every page that is read: the checksum and the check of the structure.
 * Prints GB/s of one core for each page size, of data in the processor's cache.
 *
 *   bench_checksum [MILLISECONDS-PER-LINE]
 */
#include "../core/page/page_builder.h"
#include "os/os_thread.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MS = 200, ROUND = 64, PGNO = 1000 };

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

static bool
run_checksum(uint32_t size)
{
    return ese_page_checksum_verify(bytes, size, PGNO) == ESE_PAGE_STATE_GOOD;
}

static bool
run_structure(uint32_t size)
{
    return ese_page_verify(&(ese_page){bytes, size, PGNO}) == JET_errSuccess;
}

/* GB/s, or exits when the page is not what it should be. */
static double
measure(bool (*run)(uint32_t size), uint32_t size, uint64_t ns)
{
    uint64_t start = ese_os_now_ns();
    uint64_t now = start;
    uint64_t n_rounds = 0;

    for (; now - start < ns; now = ese_os_now_ns(), n_rounds++) {
        for (int i = 0; i < ROUND; i++) {
            if (!run(size)) {
                fprintf(stderr, "the page of %u bytes is not good\n", size);
                exit(1);
            }
        }
    }
    return (double)(n_rounds * ROUND * size) / (double)(now - start);
}

int
main(int argc, char **argv)
{
    uint64_t ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : DEFAULT_MS) * 1000000;

    printf("page size  checksum GB/s  structure GB/s\n");
    for (uint32_t size = ESE_PAGE_SIZE_MIN; size <= ESE_PAGE_SIZE_MAX; size *= 2) {
        make_page(size);
        printf("%9u  %13.1f  %14.1f\n", size, measure(run_checksum, size, ns),
               measure(run_structure, size, ns));
    }
    return 0;
}
