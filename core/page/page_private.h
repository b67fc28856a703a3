/* What the files of the page codec share. */
#pragma once

#include "page/page.h"

/*
 * The first eight bytes of a node's suffix as a number that orders like them, zero bytes standing
 * for missing ones. Reads eight bytes whatever the size: behind every line there are at least the
 * tags of this line and of tag 0, so they exist.
 */
static inline uint64_t
ese_page__suffix_head(ese_bytes suffix)
{
    uint64_t head = ese_load_be64(suffix.data);

    return suffix.size >= 8 ? head : head & ~(UINT64_MAX >> (8 * suffix.size));
}

/* Orders what is left of two byte strings whose heads of eight bytes (zero-padded) are equal. */
static inline int
ese_page__compare_behind_head(ese_bytes a, ese_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 8 ? memcmp(a.data + 8, b.data + 8, common - 8) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Order of a1 followed by a2 relative to b1 followed by b2. */
int ese_page__compare_pairs(ese_bytes a1, ese_bytes a2, ese_bytes b1, ese_bytes b2);
