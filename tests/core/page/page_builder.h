/*
 * Builds pages for tests, fuzzers and benchmarks, from the specification and without the codec under test.
 * A page is right as it is built; a test then breaks the one thing it is about.
 */
#pragma once

#include "page/page.h"

#include <string.h>

typedef struct page_builder {
    uint8_t *bytes;
    uint32_t size;
    uint32_t header;
    uint32_t n_tags;
    uint32_t used; /* bytes of the data area */
} page_builder;

/* One line; the key is `prefix_size` bytes of tag 0 (0 = not compressed) and `suffix`. */
typedef struct page_builder_line {
    size_t prefix_size;
    const void *suffix;
    size_t suffix_size;
    const void *data;
    size_t data_size;
    uint8_t flags; /* besides ESE_PAGE_NODE_COMPRESSED */
} page_builder_line;

/* Header fields that follow from the tags. */
static inline void
page_builder_settle(page_builder *b)
{
    ese_store_le16(b->bytes + 28, (uint16_t)(b->size - b->header - 4 * b->n_tags - b->used));
    ese_store_le16(b->bytes + 32, (uint16_t)b->used);
    ese_store_le16(b->bytes + 34, (uint16_t)b->n_tags);
}

/* Adds a tag for `size` bytes and returns where they go. */
static inline uint8_t *
page_builder_add_tag(page_builder *b, size_t size, unsigned flags_in_offset)
{
    uint8_t *place = b->bytes + b->header + b->used;
    uint8_t *tag = b->bytes + b->size - 4 * (b->n_tags + 1);

    ese_store_le16(tag, (uint16_t)size);
    ese_store_le16(tag + 2, (uint16_t)(b->used | flags_in_offset << 13));
    b->n_tags++;
    b->used += (uint32_t)size;
    page_builder_settle(b);
    return place;
}

static inline page_builder
page_builder_start(uint8_t *bytes, uint32_t size, uint32_t flags, ese_pgno pgno)
{
    page_builder b = {.bytes = bytes, .size = size, .header = size > 8192 ? 80 : 40};

    memset(bytes, 0, size);
    ese_store_le64(bytes + 8, 0x110);
    ese_store_le32(bytes + 24, 2);
    ese_store_le32(bytes + 36, flags | ESE_PAGE_NEW_RECORD_FORMAT | ESE_PAGE_NEW_CHECKSUM);
    if (size > 8192)
        ese_store_le32(bytes + 64, pgno);
    return b;
}

/* Tag 0; comes first. */
static inline void
page_builder_add_external(page_builder *b, const void *data, size_t size)
{
    uint8_t *place = page_builder_add_tag(b, size, 0);

    if (size != 0)
        memcpy(place, data, size);
}

static inline bool
page_builder_has_room(const page_builder *b, size_t line_size)
{
    return b->header + b->used + line_size + 4 * (b->n_tags + 1) <= b->size;
}

static inline size_t
page_builder_line_size(const page_builder_line *line)
{
    return (line->prefix_size != 0 ? 4u : 2u) + line->suffix_size + line->data_size;
}

static inline void
page_builder_add_line(page_builder *b, page_builder_line line)
{
    bool is_large = b->size > 8192;
    unsigned flags = line.flags | (line.prefix_size != 0 ? (unsigned)ESE_PAGE_NODE_COMPRESSED : 0);
    uint8_t *node = page_builder_add_tag(b, page_builder_line_size(&line), is_large ? 0 : flags);
    uint8_t *at = node;

    if (line.prefix_size != 0) {
        ese_store_le16(at, (uint16_t)line.prefix_size);
        at += 2;
    }
    ese_store_le16(at, (uint16_t)line.suffix_size);
    at += 2;
    if (line.suffix_size != 0)
        memcpy(at, line.suffix, line.suffix_size);
    if (line.data_size != 0)
        memcpy(at + line.suffix_size, line.data, line.data_size);
    if (is_large)
        node[1] = (uint8_t)(node[1] | flags << 5);
}

/* Numbers for tests that must be the same on every machine (splitmix64). */
static inline uint64_t
page_builder_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
