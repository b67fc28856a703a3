/* Codec of the space header in tag 0 of a root page and of extents in space trees: database-file section 7. */
#pragma once

#include "page/page.h"

typedef struct ese_page_space {
    uint32_t
        n_primary; /* pages of the first extent; of the last allocation in some multi-extent trees */
    ese_pgno parent; /* FDP of the parent, 0 for the database root */
    bool is_multi_extent;
    bool is_non_unique;
    ese_pgno owned_root; /* multi-extent: OE tree; the AE tree is the page behind it */
    uint32_t free_bits;  /* single extent: bit k = page FDP+1+k is free */
    bool has_auto_increment;
    uint64_t auto_increment; /* upper bound of the values given out, when has_auto_increment */
} ese_page_space;

enum {
    ESE_PAGE_SPACE_HEADER_SIZE = 16,
    ESE_PAGE_SPACE_HEADER_MAX = 25, /* of the extended form */
};

/* Decodes tag 0 of a root page in both forms; JET_errDatabaseCorrupted when it is neither. */
JET_ERR ese_page_space_decode(ese_bytes external_header, ese_page_space *space_out);

/* The short form of tag 0. */
void ese_page_space_encode(const ese_page_space *space, uint8_t to[ESE_PAGE_SPACE_HEADER_SIZE]);

/*
 * Tag 0 of a root (which could be decoded) with another bitmap or other space trees; all else stays as it is. Returns its size, which is that of
 * `external_header`.
 */
size_t ese_page_space_patch(ese_bytes external_header, const ese_page_space *space,
                            uint8_t to[ESE_PAGE_SPACE_HEADER_MAX]);

typedef struct ese_page_extent {
    ese_pgno last;
    uint32_t count;
    uint8_t pool; /* 0 for the 4-byte keys of general extents */
} ese_page_extent;

/* Decodes a node of an OE or AE tree. JET_errDatabaseCorrupted. The count may be 0 where nothing is left of the extent. */
JET_ERR ese_page_extent_decode(const ese_page_node *node, ese_page_extent *extent_out);

enum { ESE_PAGE_EXTENT_KEY_SIZE = 4, ESE_PAGE_EXTENT_DATA_SIZE = 4 };

/* Key and data of the node of an extent of pool 0. */
void ese_page_extent_encode(const ese_page_extent *extent, uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE],
                            uint8_t data[ESE_PAGE_EXTENT_DATA_SIZE]);

/*
 * Decodes tag 0 of the root page of a space tree: up to two extents of pages set aside for splits of that tree,
 * each with count 0 when there is none.
 */
JET_ERR ese_page_split_buffer_decode(ese_bytes external_header, ese_page_extent buffer_out[2]);
