/*
 * Pages out of anything. The input is either a whole page (as long as one) or edits of a good page that the target
 * builds itself, so no seed files are needed to get past the first checks:
 *
 *   byte 0      size and kind of the page
 *   then        edits of three bytes: position (little-endian, modulo the page size), new value; with the
 *               position 0xffff, the sums of the page are made right again
 */
#include "../core/page/page_builder.h"
#include "page/page_space.h"

#include <stdlib.h>

enum { PGNO = 9, EDIT_SIZE = 3, SETTLE = 0xffff };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
build_leaf(page_builder *b)
{
    page_builder_add_external(b, "abcdefgh", 8);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t key[5] = {'a', 'b', 'c', 'd', (uint8_t)i};
        size_t n_prefix = i % 2 != 0 ? 4 : 0;

        page_builder_add_line(b, (page_builder_line){.prefix_size = n_prefix,
                                                     .suffix = key + n_prefix,
                                                     .suffix_size = 5 - n_prefix,
                                                     .data = "data",
                                                     .data_size = 4});
    }
}

static void
build_internal(page_builder *b)
{
    page_builder_add_external(b, NULL, 0);
    for (uint8_t i = 1; i < 5; i++) {
        uint8_t child[4] = {(uint8_t)(10 + i), 0, 0, 0};

        page_builder_add_line(
            b, (page_builder_line){
                   .suffix = &i, .suffix_size = i == 4 ? 0 : 1, .data = child, .data_size = 4});
    }
}

static void
build_space(page_builder *b)
{
    static const uint8_t count[4] = {2, 0, 0, 0};

    page_builder_add_external(b, "\x20\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 16);
    for (uint8_t i = 1; i < 5; i++) {
        uint8_t last[4] = {0, 0, 0, (uint8_t)(8 * i)};

        page_builder_add_line(
            b,
            (page_builder_line){.suffix = last, .suffix_size = 4, .data = count, .data_size = 4});
    }
}

static void
build(uint8_t *bytes, uint32_t size, unsigned kind)
{
    static const uint32_t flags[8] = {
        ESE_PAGE_LEAF,
        ESE_PAGE_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE,
        ESE_PAGE_PARENT_OF_LEAF,
        ESE_PAGE_PARENT_OF_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE,
        ESE_PAGE_ROOT | ESE_PAGE_LEAF | ESE_PAGE_SPACE,
        ESE_PAGE_LEAF | ESE_PAGE_LONG_VALUE,
        0,
        ESE_PAGE_LEAF,
    };
    page_builder b = page_builder_start(bytes, size, flags[kind], PGNO);

    if (kind == 4)
        build_space(&b);
    else if ((flags[kind] & ESE_PAGE_LEAF) == 0)
        build_internal(&b);
    else
        build_leaf(&b);
}

/* Makes the free space agree with the tags, so that an edit of a tag alone gets past that check. */
static void
settle(uint8_t *bytes, uint32_t size)
{
    unsigned n_tags = ese_load_le16(bytes + 34) & 0xfff;
    unsigned mask = size > 8192 ? 0x7fff : 0x1fff;
    unsigned used = (size > 8192 ? 80 : 40) + 4 * n_tags;

    for (unsigned i = 0; i < n_tags && 4 * n_tags < size / 2; i++)
        used += ese_load_le16(bytes + size - 4 * (i + 1)) & mask;
    ese_store_le16(bytes + 28, (uint16_t)(size - used));
}

static void
apply_edits(uint8_t *bytes, uint32_t size, const uint8_t *edits, size_t n)
{
    for (; n >= EDIT_SIZE; edits += EDIT_SIZE, n -= EDIT_SIZE) {
        unsigned at = ese_load_le16(edits);

        if (at == SETTLE)
            settle(bytes, size);
        else
            bytes[at % size] = edits[2];
    }
}

/* What a reader does with a page that passed, and what it may rely on. */
static void
read_page(const ese_page *page)
{
    uint8_t key[ESE_PAGE_KEY_MAX];
    bool is_leaf = (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
    ese_bytes external = ese_page_external_header(page);
    ese_page_space space;
    ese_page_extent buffer[2], extent;

    (void)ese_page_space_decode(external, &space);
    (void)ese_page_split_buffer_decode(external, buffer);
    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        ese_page_node node = ese_page_line(page, line);
        size_t n = ese_page_node_copy_key(&node, key, sizeof key);
        ese_bytes sought = {key, n};
        ese_bytes data = {node.data.data, is_leaf ? node.data.size : 0};

        require(n <= sizeof key && node.data.size > 0);
        require(node.data.data + node.data.size <= page->bytes + page->size);
        require(ese_page_node_compare_key(&node, sought) == 0);
        if (!is_leaf)
            data.data = NULL;
        if (n != 0) {
            require(ese_page_find_ge(page, sought, data) == line);
            require(ese_page_find_gt(page, sought, data) == line + 1);
        }
        if (ese_page_extent_decode(&node, &extent) == JET_errSuccess)
            require(extent.last != 0 && extent.count <= extent.last);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_whole = size <= ESE_PAGE_SIZE_MAX && ese_page_size_is_legal((uint32_t)size);
    uint32_t page_size;
    uint8_t *bytes;
    ese_page page;

    if (size == 0)
        return 0;
    page_size = is_whole ? (uint32_t)size : (uint32_t)ESE_PAGE_SIZE_MIN << data[0] % 5;
    bytes = malloc(page_size); /* exactly this much: the sanitizer guards both ends */
    require(bytes != NULL);
    if (is_whole) {
        memcpy(bytes, data, size);
    } else {
        build(bytes, page_size, data[0] / 5 % 8);
        apply_edits(bytes, page_size, data + 1, size - 1);
    }
    page = (ese_page){bytes, page_size, PGNO};
    if (ese_page_verify(&page) == JET_errSuccess)
        read_page(&page);
    (void)ese_page_checksum_verify(bytes, page_size, PGNO);
    ese_page_checksum_update(bytes, page_size, PGNO);
    require(ese_page_checksum_verify(bytes, page_size, PGNO) == ESE_PAGE_STATE_GOOD);
    free(bytes);
    return 0;
}
