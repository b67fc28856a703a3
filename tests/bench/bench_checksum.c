/*
 * Speed of what runs once for every page that is read: the checksum and the check of the structure.
 * Prints GB/s of one core for each page size, of data in the processor's cache.
 *
 *   bench_checksum [MILLISECONDS-PER-LINE]
 */
#include "os/os_thread.h"
#include "page/page.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MS = 200, ROUND = 64, PGNO = 1000 };

static uint8_t bytes[ESE_PAGE_SIZE_MAX];

/* A leaf full of lines with keys of four bytes and data of 60. */
static void
make_page(uint32_t size)
{
    uint32_t header = ese_page_header_size(size);
    uint32_t room = size - header - 4;
    uint16_t n = 0, offset = 0;

    memset(bytes, 0, size);
    for (; room >= 66 + 4; room -= 66 + 4, n++, offset = (uint16_t)(offset + 66)) {
        uint8_t *tag = bytes + size - 4 * (n + 2u);
        uint8_t *node = bytes + header + offset;

        ese_store_le16(tag, 66);
        ese_store_le16(tag + 2, offset);
        ese_store_le16(node, 4);
        ese_store_be32(node + 2, n);
        for (unsigned i = 6; i < 66; i++)
            node[i] = (uint8_t)(n * 7 + i * i);
    }
    ese_store_le16(bytes + 28, (uint16_t)room);
    ese_store_le16(bytes + 32, offset);
    ese_store_le16(bytes + 34, (uint16_t)(n + 1));
    ese_store_le32(bytes + 36, ESE_PAGE_LEAF | ESE_PAGE_NEW_RECORD_FORMAT | ESE_PAGE_NEW_CHECKSUM);
    if (size > ESE_PAGE_SIZE_SMALL_MAX)
        ese_store_le32(bytes + 64, PGNO);
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
