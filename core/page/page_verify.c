/*
 * The one gate through which the structure of a page comes in: database-file section 3.4, rule 5,
 * and section 5. What passes needs no further checks (INV-2 of page.h). Runs once for each page
 * read, so it is one pass over the tags and one over the lines.
 */
#include "page/page_private.h"

enum {
    CB_FREE_OFFSET = 28,
    IB_MIC_FREE_OFFSET = 32,
    OWN_PGNO_OFFSET = 64, /* large pages */
    N_MAP_WORDS = ESE_PAGE_SIZE_MAX / 64,
};

static JET_ERR
corrupted(const char *what)
{
    return ese_raise(JET_errDatabaseCorrupted, "%s", what);
}

static JET_ERR
line_corrupted(unsigned line, const char *what)
{
    return ese_raise(JET_errDatabaseCorrupted, "line %u: %s", line, what);
}

static bool
has_no_lines_by_kind(uint32_t flags)
{
    return (flags & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT)) != 0;
}

static JET_ERR
verify_flags(const ese_page *page)
{
    const uint32_t freed_twice = ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT;
    const uint32_t two_levels = ESE_PAGE_LEAF | ESE_PAGE_PARENT_OF_LEAF;
    const uint32_t two_kinds = ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE;
    uint32_t flags = ese_page_flags(page);

    if ((flags & ESE_PAGE_REPAIR) != 0)
        return corrupted("the page is marked as damaged by a repair");
    if ((flags & freed_twice) == freed_twice)
        return corrupted("the page flags are both empty and pre-initialised");
    if ((flags & two_levels) == two_levels)
        return corrupted("the page flags are both leaf and parent of leaf");
    if ((flags & two_kinds) == two_kinds)
        return corrupted("the page flags are both index and long value");
    return JET_errSuccess;
}

static JET_ERR
verify_header(const ese_page *page)
{
    uint32_t area = page->size - ese_page_header_size(page->size);
    unsigned n_tags = ese_page_tag_count(page);
    uint32_t flags = ese_page_flags(page);
    JET_ERR err = verify_flags(page);

    if (err < JET_errSuccess)
        return err;
    if (ese_page_is_large(page) && ese_load_le32(page->bytes + OWN_PGNO_OFFSET) != page->pgno)
        return corrupted("the page holds the number of another page");
    if (ese_load_le16(page->bytes + CB_FREE_OFFSET) > area ||
        ese_load_le16(page->bytes + IB_MIC_FREE_OFFSET) > area)
        return corrupted("the free space is larger than the page");
    if (n_tags >= area / 4)
        return corrupted("the page has more tags than fit");
    if (has_no_lines_by_kind(flags))
        return ese_page_line_count(page) == 0 ? JET_errSuccess
                                              : corrupted("an empty page has lines");
    if (n_tags < ese_page_reserved_tags(page))
        return corrupted("the page lacks its reserved tags");
    if ((flags & ESE_PAGE_LEAF) == 0 && ese_page_line_count(page) == 0)
        return corrupted("an internal page has no lines");
    return JET_errSuccess;
}

/* Marks n > 0 bytes in a bit map; false when one of them was marked before. */
static bool
mark_bytes(uint64_t *map, unsigned from, unsigned n)
{
    unsigned last = from + n - 1;
    uint64_t mask = UINT64_MAX << from % 64;
    uint64_t overlap = 0;

    for (unsigned word = from / 64; word < last / 64; word++) {
        overlap |= map[word] & mask;
        map[word] |= mask;
        mask = UINT64_MAX;
    }
    mask &= UINT64_MAX >> (63 - last % 64);
    overlap |= map[last / 64] & mask;
    map[last / 64] |= mask;
    return overlap == 0;
}

/* Every tag lies in the data area, none overlaps another, and their lengths agree with the free
 * space. */
static JET_ERR
verify_tags(const ese_page *page)
{
    uint64_t map[N_MAP_WORDS];
    unsigned n_tags = ese_page_tag_count(page);
    unsigned n_reserved = ese_page_reserved_tags(page);
    unsigned mask = ese_page_tag_mask(page);
    unsigned room = page->size - ese_page_header_size(page->size) - 4 * n_tags;
    unsigned used_end = ese_load_le16(page->bytes + IB_MIC_FREE_OFFSET);
    unsigned sum = 0;

    memset(map, 0, page->size / 8);
    for (unsigned i = 0; i < n_tags; i++) {
        const uint8_t *tag = ese_page_tag(page, i);
        unsigned size = ese_load_le16(tag) & mask;
        unsigned offset = ese_load_le16(tag + 2) & mask;

        if (size == 0 && i >= n_reserved)
            return line_corrupted(i - n_reserved, "the line is empty");
        if (offset + size > room || (size != 0 && offset + size > used_end))
            return ese_raise(JET_errDatabaseCorrupted, "tag %u leaves the data area", i);
        if (size != 0 && !mark_bytes(map, offset, size))
            return ese_raise(JET_errDatabaseCorrupted, "tag %u overlaps another", i);
        sum += size;
    }
    if (ese_load_le16(page->bytes + CB_FREE_OFFSET) != room - sum)
        return corrupted("the free space does not agree with the tags");
    return JET_errSuccess;
}

/* The sizes inside a line, whose bytes are known to exist, agree with the line. */
static const char *
find_fault_in_node(const ese_page *page, unsigned line)
{
    const uint8_t *tag = ese_page_tag(page, line + ese_page_reserved_tags(page));
    unsigned mask = ese_page_tag_mask(page);
    unsigned offset = ese_load_le16(tag + 2);
    unsigned size = ese_load_le16(tag) & mask;
    const uint8_t *node = page->bytes + ese_page_header_size(page->size) + (offset & mask);
    unsigned flags, head, prefix = 0;

    if (size < 2)
        return "the node is cut off";
    flags = ese_page_is_large(page) ? node[1] >> 5 : offset >> 13;
    head = (flags & ESE_PAGE_NODE_COMPRESSED) != 0 ? 4 : 2;
    if (size < head)
        return "the node is cut off";
    if (head == 4) {
        prefix = ese_load_le16(node) & ESE_PAGE_NODE_SIZE_MASK;
        if ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0)
            return "a key is compressed on a root page";
        if (prefix > ese_page_external_header(page).size)
            return "the prefix is longer than the prefix key of the page";
    }
    head += ese_load_le16(node + head - 2) & ESE_PAGE_NODE_SIZE_MASK;
    if (head >= size)
        return "the key leaves no room for data";
    return NULL;
}

static const char *
find_fault_in_content(const ese_page *page, unsigned line, const ese_page_node *node)
{
    bool is_leaf = (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
    size_t key_size = ese_page_node_key_size(node);
    ese_pgno child;

    if (key_size > ESE_PAGE_KEY_MAX)
        return "the key is too long";
    if (key_size == 0 && (is_leaf || line + 1 != ese_page_line_count(page)))
        return "the key is empty";
    if (is_leaf)
        return NULL;
    if (node->data.size != 4)
        return "the data of an internal node is not a page number";
    child = ese_page_node_child(node);
    if (child == 0 || child > ESE_PAGE_PGNO_MAX || child == page->pgno)
        return "the child is not a legal page number";
    return NULL;
}

static int
compare_keys(const ese_page_node *a, const ese_page_node *b)
{
    uint64_t head_a, head_b;

    if (a->prefix.size != b->prefix.size)
        return ese_page__compare_pairs(a->prefix, a->suffix, b->prefix, b->suffix);
    head_a = ese_page__suffix_head(a->suffix);
    head_b = ese_page__suffix_head(b->suffix);
    if (head_a != head_b)
        return head_a < head_b ? -1 : 1;
    return ese_page__compare_behind_head(a->suffix, b->suffix);
}

static bool
is_ascending(uint32_t page_flags, const ese_page_node *before, const ese_page_node *node)
{
    const uint32_t ordered_by_data = ESE_PAGE_NON_UNIQUE | ESE_PAGE_LEAF;
    int order;

    if (ese_page_node_key_size(node) == 0) /* infinity, and last: checked before */
        return true;
    order = compare_keys(before, node);
    if (order == 0 && (page_flags & ordered_by_data) == ordered_by_data)
        order = ese_bytes_compare(before->data, node->data);
    return order < 0;
}

static JET_ERR
verify_lines(const ese_page *page)
{
    unsigned n_lines = ese_page_line_count(page);
    uint32_t flags = ese_page_flags(page);
    ese_page_node before = {0};

    for (unsigned i = 0; i < n_lines; i++) {
        const char *fault = find_fault_in_node(page, i);
        ese_page_node node;

        if (fault != NULL)
            return line_corrupted(i, fault);
        node = ese_page_line(page, i);
        fault = find_fault_in_content(page, i, &node);
        if (fault != NULL)
            return line_corrupted(i, fault);
        if (i > 0 && !is_ascending(flags, &before, &node))
            return line_corrupted(i, "the keys are out of order");
        before = node;
    }
    return JET_errSuccess;
}

JET_ERR
ese_page_verify(const ese_page *page)
{
    JET_ERR err;

    ESE_TRY(verify_header(page));
    ESE_TRY(verify_tags(page));
    ESE_TRY(verify_lines(page));
out:
    return err;
}
