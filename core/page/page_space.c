#include "page/page_space.h"

enum {
    SPACE_HEADER_SIZE = ESE_PAGE_SPACE_HEADER_SIZE,
    AUTO_INCREMENT_SIZE = 8,
    FLAG_MULTI_EXTENT = 1,
    FLAG_NON_UNIQUE = 2,
    FLAG_PRIMARY_IS_LAST = 4, /* n_primary counts the last allocation instead of the first */
    FLAGS_KNOWN = FLAG_MULTI_EXTENT | FLAG_NON_UNIQUE | FLAG_PRIMARY_IS_LAST,
    EXTENDED_HAS_SPACE = 1,
    EXTENDED_HAS_AUTO_INCREMENT = 2,
    EXTENT_KEY_SIZE = ESE_PAGE_EXTENT_KEY_SIZE,
    POOL_KEY_SIZE = 5, /* a byte POOL_MARK | pool before the page number */
    POOL_MARK = 0x80,
    POOL_MAX = 2,
};

static JET_ERR
corrupted(const char *what)
{
    return ese_raise(JET_errDatabaseCorrupted, "%s", what);
}

static bool
is_legal(ese_pgno pgno)
{
    return pgno != 0 && pgno <= ESE_PAGE_PGNO_MAX;
}

static JET_ERR
decode_space_header(const uint8_t *bytes, ese_page_space *space_out)
{
    uint32_t flags = ese_load_le32(bytes + 8);
    uint32_t last = ese_load_le32(bytes + 12);
    ese_page_space space = {
        .n_primary = ese_load_le32(bytes),
        .parent = ese_load_le32(bytes + 4),
        .is_multi_extent = (flags & FLAG_MULTI_EXTENT) != 0,
        .is_non_unique = (flags & FLAG_NON_UNIQUE) != 0,
    };

    if ((flags & ~(uint32_t)FLAGS_KNOWN) != 0)
        return corrupted("the space header has unknown flags");
    if (space.parent > ESE_PAGE_PGNO_MAX)
        return corrupted("the space header names no legal parent");
    if (space.n_primary > ESE_PAGE_PGNO_MAX)
        return corrupted("the space header counts more pages than a database has");
    if (space.is_multi_extent && (!is_legal(last) || last == ESE_PAGE_PGNO_MAX))
        return corrupted("the space header names no legal space tree");
    if (space.is_multi_extent)
        space.owned_root = last;
    else
        space.free_bits = last;
    *space_out = space;
    return JET_errSuccess;
}

JET_ERR
ese_page_space_decode(ese_bytes external_header, ese_page_space *space_out)
{
    const uint8_t *bytes = external_header.data;
    ese_page_space space;
    bool has_auto_increment;
    JET_ERR err;

    if (external_header.size == SPACE_HEADER_SIZE)
        return decode_space_header(bytes, space_out);
    if (external_header.size < 1 + SPACE_HEADER_SIZE || (bytes[0] & EXTENDED_HAS_SPACE) == 0 ||
        (bytes[0] & ~(EXTENDED_HAS_SPACE | EXTENDED_HAS_AUTO_INCREMENT)) != 0)
        return corrupted("the root page has no space header");
    has_auto_increment = (bytes[0] & EXTENDED_HAS_AUTO_INCREMENT) != 0;
    if (external_header.size !=
        1 + SPACE_HEADER_SIZE + (has_auto_increment ? (size_t)AUTO_INCREMENT_SIZE : 0))
        return corrupted("the space header has a wrong size");
    err = decode_space_header(bytes + 1, &space);
    if (err < JET_errSuccess)
        return err;
    space.has_auto_increment = has_auto_increment;
    if (has_auto_increment)
        space.auto_increment = ese_load_le64(bytes + 1 + SPACE_HEADER_SIZE);
    *space_out = space;
    return JET_errSuccess;
}

void
ese_page_space_encode(const ese_page_space *space, uint8_t to[ESE_PAGE_SPACE_HEADER_SIZE])
{
    ese_store_le32(to, space->n_primary);
    ese_store_le32(to + 4, space->parent);
    ese_store_le32(to + 8, (space->is_multi_extent ? (uint32_t)FLAG_MULTI_EXTENT : 0) |
                               (space->is_non_unique ? (uint32_t)FLAG_NON_UNIQUE : 0));
    ese_store_le32(to + 12, space->is_multi_extent ? space->owned_root : space->free_bits);
}

size_t
ese_page_space_patch(ese_bytes external_header, const ese_page_space *space,
                     uint8_t to[ESE_PAGE_SPACE_HEADER_MAX])
{
    uint8_t *fields = to + (external_header.size == SPACE_HEADER_SIZE ? 0 : 1);
    uint32_t flags;

    memcpy(to, external_header.data, external_header.size);
    flags = ese_load_le32(fields + 8) & ~(uint32_t)FLAG_MULTI_EXTENT;
    flags |= space->is_multi_extent ? (uint32_t)FLAG_MULTI_EXTENT : 0;
    ese_store_le32(fields + 8, flags);
    ese_store_le32(fields + 12, space->is_multi_extent ? space->owned_root : space->free_bits);
    return external_header.size;
}

void
ese_page_extent_encode(const ese_page_extent *extent, uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE],
                       uint8_t data[ESE_PAGE_EXTENT_DATA_SIZE])
{
    ese_store_be32(key, extent->last);
    ese_store_le32(data, extent->count);
}

static bool
is_inside_database(const ese_page_extent *extent)
{
    return is_legal(extent->last) && extent->count <= extent->last;
}

JET_ERR
ese_page_extent_decode(const ese_page_node *node, ese_page_extent *extent_out)
{
    uint8_t key[POOL_KEY_SIZE];
    size_t key_size = ese_page_node_copy_key(node, key, sizeof key);
    ese_page_extent extent = {0};

    if (node->data.size != 4)
        return corrupted("an extent has no page count");
    if (key_size == EXTENT_KEY_SIZE) {
        extent.last = ese_load_be32(key);
    } else if (key_size == POOL_KEY_SIZE && key[0] > POOL_MARK && key[0] <= POOL_MARK + POOL_MAX) {
        extent.last = ese_load_be32(key + 1);
        extent.pool = (uint8_t)(key[0] - POOL_MARK);
    } else {
        return corrupted("the key of an extent has an unknown form");
    }
    extent.count = ese_load_le32(node->data.data);
    if (!is_inside_database(&extent))
        return corrupted("an extent lies outside the database");
    *extent_out = extent;
    return JET_errSuccess;
}

JET_ERR
ese_page_split_buffer_decode(ese_bytes external_header, ese_page_extent buffer_out[2])
{
    ese_page_extent buffer[2] = {{0}, {0}};

    if (external_header.size != 0 && external_header.size != SPACE_HEADER_SIZE)
        return corrupted("the split buffer has a wrong size");
    for (size_t i = 0; i < 2 && external_header.size != 0; i++) {
        buffer[i].last = ese_load_le32(external_header.data + 8 * i);
        buffer[i].count = ese_load_le32(external_header.data + 8 * i + 4);
        if (buffer[i].count != 0 && !is_inside_database(&buffer[i]))
            return corrupted("the split buffer lies outside the database");
    }
    buffer_out[0] = buffer[0];
    buffer_out[1] = buffer[1];
    return JET_errSuccess;
}
