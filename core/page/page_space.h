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

/* Decodes tag 0 of a root page in both forms; JET_errDatabaseCorrupted when it is neither. */
JET_ERR ese_page_space_decode(ese_bytes external_header, ese_page_space *space_out);

typedef struct ese_page_extent {
    ese_pgno last;
    uint32_t count;
    uint8_t pool; /* 0 for the 4-byte keys of general extents */
} ese_page_extent;

/* Decodes a node of an OE or AE tree. JET_errDatabaseCorrupted. The count may be 0 where nothing is left of the extent. */
JET_ERR ese_page_extent_decode(const ese_page_node *node, ese_page_extent *extent_out);

/*
 * Decodes tag 0 of the root page of a space tree: up to two extents of pages set aside for splits of that tree,
 * each with count 0 when there is none.
 */
JET_ERR ese_page_split_buffer_decode(ese_bytes external_header, ese_page_extent buffer_out[2]);
