/*
 * Changes of one page: nodes come, go and grow.
 *
 * INV-1  Free bytes, end of the used area and number of tags in the header are right after each function, so the next one need not look at the lines.
 * INV-2  New bytes go behind the used area. Only when there is no room left behind it are the lines moved together: a change costs
 *        the bytes of the node and of the tags behind it, and once in a while those of the page.
 *
 * Format: database-file specification, sections 3.3, 3.4 and 5.
 */
#include "page/page_edit_private.h"

enum {
    TAG_SIZE = 4,
    NODE_SIZES = 2, /* bytes of one size in front of a key */
    DBTIME_OFFSET = 8,
    PREV_OFFSET = 16,
    NEXT_OFFSET = 20,
    OBJID_OFFSET = 24,
    FREE_OFFSET = 28,
    UNCOMMITTED_FREE_OFFSET = 30,
    TAG_COUNT_OFFSET = 34,
    TAG_COUNT_MASK = 0xfff,
    FLAGS_OFFSET = 36,
    PGNO_OFFSET = 64, /* large pages */
    PREFIX_WORTH = 3, /* a shorter prefix saves less than its size takes */
    NODE_HEAD_MAX = 2 * NODE_SIZES + ESE_PAGE_KEY_MAX,
};

/* ---- The parts of a page ---- */

static bool
is_large(const ese_page_mut *page)
{
    return page->size > ESE_PAGE_SIZE_SMALL_MAX;
}

static unsigned
count_tags(const ese_page_mut *page)
{
    return ese_load_le16(page->bytes + TAG_COUNT_OFFSET) & TAG_COUNT_MASK;
}

static unsigned
count_reserved(const ese_page_mut *page)
{
    ese_page view = ese_page_of_mut(page);

    return ese_page_reserved_tags(&view);
}

static unsigned
tag_mask(const ese_page_mut *page)
{
    return is_large(page) ? 0x7fff : 0x1fff;
}

static uint8_t *
tag_at(const ese_page_mut *page, unsigned tag)
{
    return page->bytes + page->size - TAG_SIZE * (tag + 1);
}

static uint8_t *
area_of(const ese_page_mut *page)
{
    return page->bytes + ese_page_header_size(page->size);
}

static unsigned
used_end(const ese_page_mut *page)
{
    return ese_load_le16(page->bytes + ESE_PAGE__USED_END_OFFSET);
}

static unsigned
free_bytes(const ese_page_mut *page)
{
    return ese_load_le16(page->bytes + FREE_OFFSET);
}

/* Free bytes between the used area and the tags. */
static unsigned
contiguous_bytes(const ese_page_mut *page)
{
    return page->size - ese_page_header_size(page->size) - TAG_SIZE * count_tags(page) -
           used_end(page);
}

static void
set_used_end(ese_page_mut *page, unsigned end)
{
    ese_store_le16(page->bytes + ESE_PAGE__USED_END_OFFSET, (uint16_t)end);
}

/* What uncommitted deletions may reclaim is part of what is free, and not counted here: it is 0. */
static void
set_free_bytes(ese_page_mut *page, unsigned n)
{
    ese_store_le16(page->bytes + FREE_OFFSET, (uint16_t)n);
    ese_store_le16(page->bytes + UNCOMMITTED_FREE_OFFSET, 0);
}

static void
set_tag_count(ese_page_mut *page, unsigned n)
{
    unsigned state = ese_load_le16(page->bytes + TAG_COUNT_OFFSET);

    ese_store_le16(page->bytes + TAG_COUNT_OFFSET,
                   (uint16_t)((state & ~(unsigned)TAG_COUNT_MASK) | n));
}

static void
store_tag(uint8_t *tag, unsigned size, unsigned offset_and_flags)
{
    ese_store_le16(tag, (uint16_t)size);
    ese_store_le16(tag + 2, (uint16_t)offset_and_flags);
}

/* ---- Header ---- */

void
ese_page_format(ese_page_mut *page, uint32_t objid, uint32_t flags)
{
    memset(page->bytes, 0, page->size);
    ese_store_le32(page->bytes + OBJID_OFFSET, objid);
    if (is_large(page))
        ese_store_le32(page->bytes + PGNO_OFFSET, page->pgno);
    ese_page_set_flags(page, flags | ESE_PAGE_NEW_RECORD_FORMAT);
    set_tag_count(page, 1);
    set_free_bytes(page, page->size - ese_page_header_size(page->size) - TAG_SIZE);
}

void
ese_page_set_dbtime(ese_page_mut *page, uint64_t dbtime)
{
    ese_store_le64(page->bytes + DBTIME_OFFSET, dbtime);
    ese_store_le32(page->bytes + FLAGS_OFFSET,
                   ese_load_le32(page->bytes + FLAGS_OFFSET) | ESE_PAGE_NEW_CHECKSUM);
}

void
ese_page_set_prev(ese_page_mut *page, ese_pgno pgno)
{
    ese_store_le32(page->bytes + PREV_OFFSET, pgno);
}

void
ese_page_set_next(ese_page_mut *page, ese_pgno pgno)
{
    ese_store_le32(page->bytes + NEXT_OFFSET, pgno);
}

void
ese_page_set_flags(ese_page_mut *page, uint32_t flags)
{
    ese_store_le32(page->bytes + FLAGS_OFFSET, flags | ESE_PAGE_NEW_CHECKSUM);
}

/* ---- Sizes ---- */

size_t
ese_page__worthy_prefix(ese_bytes prefix, ese_bytes key)
{
    size_t n = ese_page__count_common(prefix, key);

    return n < PREFIX_WORTH ? 0 : n;
}

size_t
ese_page_shared_prefix(const ese_page *page, ese_bytes key)
{
    if ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0)
        return 0;
    return ese_page__worthy_prefix(ese_page_external_header(page), key);
}

size_t
ese_page_node_size(size_t n_prefix, size_t key_size, size_t data_size)
{
    return TAG_SIZE + NODE_SIZES + (n_prefix != 0 ? (size_t)NODE_SIZES : 0) + key_size - n_prefix +
           data_size;
}

size_t
ese_page_node_max(uint32_t page_size)
{
    return page_size - ese_page_header_size(page_size) - 2 * TAG_SIZE;
}

bool
ese_page_fits_insert(const ese_page *page, ese_bytes key, ese_bytes data)
{
    size_t whole = ese_page_node_size(0, key.size, data.size);
    size_t n_free = ese_page_free_bytes(page);

    if (whole <= n_free)
        return true;
    return ese_page_node_size(ese_page_shared_prefix(page, key), key.size, data.size) <= n_free;
}

bool
ese_page_fits_append(const ese_page *page, unsigned density, ese_bytes key, ese_bytes data)
{
    size_t area = page->size - ese_page_header_size(page->size);
    size_t kept_free = density < 100 ? area * (100 - density) / 100 : 0;
    size_t n_prefix;

    if (ese_page_line_count(page) == 0)
        return ese_page_fits_insert(page, key, data);
    n_prefix = ese_page_shared_prefix(page, key);
    return ese_page_node_size(n_prefix, key.size, data.size) + kept_free <=
           ese_page_free_bytes(page);
}

bool
ese_page_fits_replace(const ese_page *page, unsigned line, size_t data_size)
{
    ese_page_node node = ese_page_line(page, line);

    return data_size <= node.data.size + ese_page_free_bytes(page);
}

bool
ese_page_fits_key(const ese_page *page, unsigned line, ese_bytes key)
{
    ese_page_node node = ese_page_line(page, line);
    size_t before = ese_page_node_size(node.prefix.size, ese_page_node_key_size(&node), 0);
    size_t n_prefix = ese_page_shared_prefix(page, key);

    return ese_page_node_size(n_prefix, key.size, 0) <= before + ese_page_free_bytes(page);
}

bool
ese_page_fits_external_header(const ese_page *page, size_t size)
{
    return size <= ese_page_external_header(page).size + ese_page_free_bytes(page);
}

/* ---- Room ---- */

/* Moves all lines together, in the order of their tags. */
static void
compact(ese_page_mut *page)
{
    uint8_t moved[ESE_PAGE_SIZE_MAX];
    const uint8_t *area = area_of(page);
    unsigned mask = tag_mask(page);
    unsigned n_tags = count_tags(page);
    unsigned end = 0;

    for (unsigned i = 0; i < n_tags; i++) {
        uint8_t *tag = tag_at(page, i);
        unsigned size = ese_load_le16(tag) & mask;
        unsigned offset = ese_load_le16(tag + 2);

        memcpy(moved + end, area + (offset & mask), size);
        ese_store_le16(tag + 2, (uint16_t)((offset & ~mask) | end));
        end += size;
    }
    memcpy(area_of(page), moved, end);
    set_used_end(page, end);
}

/* Lines that lie elsewhere in the used area: the tag moves behind it, its first `n_keep` bytes with it. */
static uint8_t *
move_to_end(ese_page_mut *page, unsigned tag, unsigned size, unsigned n_keep)
{
    uint8_t kept[NODE_HEAD_MAX];
    uint8_t *at = tag_at(page, tag);
    uint8_t *area = area_of(page);
    unsigned mask = tag_mask(page);
    unsigned offset = ese_load_le16(at + 2);
    unsigned end;

    memcpy(kept, area + (offset & mask), n_keep);
    if (contiguous_bytes(page) < size) {
        ese_store_le16(at, 0);
        compact(page);
    }
    end = used_end(page);
    store_tag(at, size, (offset & ~mask) | end);
    set_used_end(page, end + size);
    memcpy(area + end, kept, n_keep);
    return area + end;
}

/* Makes a tag `size` bytes long, for which there is room; its first `n_keep` bytes stay what they are. Returns where it lies. */
static uint8_t *
resize_tag(ese_page_mut *page, unsigned tag, unsigned size, unsigned n_keep)
{
    uint8_t *at = tag_at(page, tag);
    unsigned mask = tag_mask(page);
    unsigned before = ese_load_le16(at) & mask;
    unsigned offset = ese_load_le16(at + 2) & mask;
    bool is_last = offset + before == used_end(page);

    set_free_bytes(page, free_bytes(page) + before - size);
    if (size > before && (!is_last || contiguous_bytes(page) < size - before))
        return move_to_end(page, tag, size, n_keep);
    ese_store_le16(at, (uint16_t)size);
    if (is_last)
        set_used_end(page, offset + size);
    return area_of(page) + offset;
}

/* Takes a tag out of the array. */
static void
close_tag(ese_page_mut *page, unsigned tag)
{
    unsigned n_tags = count_tags(page);
    uint8_t *first = tag_at(page, n_tags - 1);

    memmove(first + TAG_SIZE, first, TAG_SIZE * (size_t)(n_tags - 1 - tag));
    set_tag_count(page, n_tags - 1);
}

/* Makes place in the array for another tag; that of the external header does not point anywhere when it is empty. */
static uint8_t *
open_tag(ese_page_mut *page, unsigned tag)
{
    unsigned n_tags = count_tags(page);
    uint8_t *first = tag_at(page, n_tags);
    uint8_t *external = tag_at(page, 0);

    memmove(first, first + TAG_SIZE, TAG_SIZE * (size_t)(n_tags - tag));
    set_tag_count(page, n_tags + 1);
    if (ese_load_le16(external) == 0)
        ese_store_le16(external + 2, 0);
    return tag_at(page, tag);
}

/* ---- Nodes ---- */

/* Writes sizes, key and data; the flags of a large page stand in the first size. */
static void
write_node(uint8_t *at, const ese_page__new_node *node, bool has_flags)
{
    uint8_t *first = at;
    size_t n_suffix = node->key.size - node->n_prefix;

    if (node->n_prefix != 0) {
        ese_store_le16(at, (uint16_t)node->n_prefix);
        at += NODE_SIZES;
    }
    ese_store_le16(at, (uint16_t)n_suffix);
    at += NODE_SIZES;
    if (has_flags)
        first[1] = (uint8_t)(first[1] | node->flags << 5);
    if (n_suffix != 0)
        memcpy(at, node->key.data + node->n_prefix, n_suffix);
    if (node->data.size != 0)
        memcpy(at + n_suffix, node->data.data, node->data.size);
}

void
ese_page__put_node(ese_page_mut *page, unsigned line, const ese_page__new_node *node)
{
    unsigned size =
        (unsigned)ese_page_node_size(node->n_prefix, node->key.size, node->data.size) - TAG_SIZE;
    unsigned end;
    uint8_t *tag;

    if (contiguous_bytes(page) < size + TAG_SIZE)
        compact(page);
    end = used_end(page);
    tag = open_tag(page, line + count_reserved(page));
    store_tag(tag, size, is_large(page) ? end : end | (unsigned)node->flags << 13);
    set_used_end(page, end + size);
    set_free_bytes(page, free_bytes(page) - size - TAG_SIZE);
    write_node(area_of(page) + end, node, is_large(page));
}

void
ese_page_insert(ese_page_mut *page, unsigned line, ese_bytes key, size_t n_prefix, ese_bytes data,
                uint8_t flags)
{
    unsigned kept = flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED);
    ese_page__new_node node = {
        .key = key,
        .n_prefix = n_prefix,
        .data = data,
        .flags = (uint8_t)(kept | (n_prefix != 0 ? (unsigned)ESE_PAGE_NODE_COMPRESSED : 0)),
    };

    ese_page__put_node(page, line, &node);
}

void
ese_page_replace(ese_page_mut *page, unsigned line, ese_bytes data)
{
    ese_page view = ese_page_of_mut(page);
    unsigned tag = line + ese_page_reserved_tags(&view);
    unsigned size = ese_load_le16(tag_at(page, tag)) & tag_mask(page);
    ese_page_node node;
    unsigned head;
    uint8_t *at;

    ese_page_line_decode(&view, line, &node);
    head = size - (unsigned)node.data.size;
    at = resize_tag(page, tag, head + (unsigned)data.size, head);
    memcpy(at + head, data.data, data.size);
}

void
ese_page_remove(ese_page_mut *page, unsigned line)
{
    unsigned tag = line + count_reserved(page);
    const uint8_t *at = tag_at(page, tag);
    unsigned mask = tag_mask(page);
    unsigned size = ese_load_le16(at) & mask;
    unsigned offset = ese_load_le16(at + 2) & mask;

    if (offset + size == used_end(page))
        set_used_end(page, offset);
    set_free_bytes(page, free_bytes(page) + size + TAG_SIZE);
    close_tag(page, tag);
}

static void
store_line_flags(ese_page_mut *page, unsigned line, unsigned flags)
{
    uint8_t *tag = tag_at(page, line + count_reserved(page));
    unsigned offset = ese_load_le16(tag + 2);
    uint8_t *byte = tag + 3; /* the flags are the top three bits of a byte either way */

    if (is_large(page))
        byte = area_of(page) + (offset & tag_mask(page)) + 1;
    *byte = (uint8_t)((*byte & 0x1f) | flags << 5);
}

void
ese_page_set_line_flags(ese_page_mut *page, unsigned line, uint8_t flags)
{
    ese_page view = ese_page_of_mut(page);
    unsigned compressed = ese_page_line_flags(&view, line) & ESE_PAGE_NODE_COMPRESSED;
    unsigned others = flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED);

    store_line_flags(page, line, compressed | others);
}

/* Where byte `offset` of the data of a line lies. */
static uint8_t *
data_of_line(const ese_page_mut *page, unsigned line, size_t offset)
{
    ese_page view = ese_page_of_mut(page);
    ese_page_node node = ese_page_line(&view, line);

    return page->bytes + (node.data.data - page->bytes) + offset;
}

void
ese_page_add(ese_page_mut *page, unsigned line, unsigned offset, unsigned width, int64_t delta)
{
    uint8_t *at = data_of_line(page, line, offset);

    if (width == 4)
        ese_store_le32(at, ese_load_le32(at) + (uint32_t)delta);
    else
        ese_store_le64(at, ese_load_le64(at) + (uint64_t)delta);
}

void
ese_page_set_child(ese_page_mut *page, unsigned line, ese_pgno child)
{
    ese_store_le32(data_of_line(page, line, 0), child);
}

void
ese_page_set_key(ese_page_mut *page, unsigned line, ese_bytes key)
{
    ese_page view = ese_page_of_mut(page);
    ese_page_node before = ese_page_line(&view, line);
    size_t n_prefix = ese_page_shared_prefix(&view, key);
    unsigned compressed = n_prefix != 0 ? ESE_PAGE_NODE_COMPRESSED : 0;
    unsigned others = before.flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED);
    uint8_t child[4];
    ese_page__new_node node = {
        .key = key,
        .n_prefix = n_prefix,
        .data = {child, sizeof child},
    };
    unsigned size =
        (unsigned)ese_page_node_size(n_prefix, key.size, sizeof child) - (unsigned)TAG_SIZE;

    memcpy(child, before.data.data, sizeof child);
    write_node(resize_tag(page, line + ese_page_reserved_tags(&view), size, 0), &node, false);
    store_line_flags(page, line, compressed | others);
}

/* ---- External header, the whole page ---- */

void
ese_page_set_external_header(ese_page_mut *page, ese_bytes header)
{
    uint8_t *at = resize_tag(page, 0, (unsigned)header.size, 0);

    if (header.size == 0)
        ese_store_le16(tag_at(page, 0) + 2, 0);
    else
        memcpy(at, header.data, header.size);
}

void
ese_page_clear(ese_page_mut *page)
{
    bool is_empty = (ese_load_le32(page->bytes + FLAGS_OFFSET) & ESE_PAGE_EMPTY) != 0;
    unsigned area = page->size - ese_page_header_size(page->size);
    unsigned n_tags = count_reserved(page);

    if (is_empty) {
        ese_store_le16(page->bytes + TAG_COUNT_OFFSET, 0);
        store_tag(tag_at(page, 0), 0, 0);
        n_tags = 1;
    }
    set_tag_count(page, n_tags);
    compact(page);
    set_free_bytes(page, area - TAG_SIZE * n_tags - used_end(page));
}

void
ese_page__start_over(const ese_page *from, ese_bytes external_header, ese_page_mut *page)
{
    unsigned header = ese_page_header_size(page->size);
    unsigned n_reserved = ese_page_reserved_tags(from);
    unsigned end = (unsigned)external_header.size;

    memcpy(page->bytes, from->bytes, header);
    memset(page->bytes + header, 0, page->size - header);
    if (end != 0)
        memcpy(page->bytes + header, external_header.data, end);
    store_tag(tag_at(page, 0), end, 0);
    for (unsigned i = 1; i < n_reserved; i++) {
        const uint8_t *tag = ese_page_tag(from, i);
        unsigned size = ese_load_le16(tag) & tag_mask(page);

        memcpy(page->bytes + header + end,
               from->bytes + header + (ese_load_le16(tag + 2) & tag_mask(page)), size);
        store_tag(tag_at(page, i), size, end);
        end += size;
    }
    set_tag_count(page, n_reserved);
    set_used_end(page, end);
    set_free_bytes(page, page->size - header - TAG_SIZE * n_reserved - end);
}
