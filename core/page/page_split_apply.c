/*
 * Splits and merges done: the lines of one page distributed over two, or those of two brought together. The same for do and redo.
 *
 * Rules: recovery specification, sections 5.6 and 5.7; separators: database-file specification, section 6.3.
 */
#include "page/page_edit_private.h"

static bool
is_leaf(const ese_page *page)
{
    return (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
}

/* Puts a node before a line, as short as the prefix of the page makes it. */
static void
put_copy(ese_page_mut *page, unsigned line, ese_bytes prefix, const ese_page_node *from)
{
    uint8_t key[ESE_PAGE_KEY_MAX];
    ese_page__new_node node = {
        .key = from->suffix,
        .data = from->data,
        .flags = (uint8_t)(from->flags & ~ESE_PAGE_NODE_COMPRESSED),
    };

    if (from->prefix.size != 0)
        node.key = (ese_bytes){key, ese_page_node_copy_key(from, key, sizeof key)};
    node.n_prefix = ese_page__worthy_prefix(prefix, node.key);
    if (node.n_prefix != 0)
        node.flags |= ESE_PAGE_NODE_COMPRESSED;
    ese_page__put_node(page, line, &node);
}

/* ---- Splits ---- */

/* The whole key of a line, put together in `room` when it is in pieces; -1: an empty one. */
static ese_bytes
key_of_entry(const ese_page *from, const ese_page_split *split, int line, uint8_t *room)
{
    ese_page_node node;

    if (line < 0)
        return (ese_bytes){NULL, 0};
    node = ese_page__entry(from, split, (unsigned)line);
    if (node.prefix.size == 0)
        return node.suffix;
    return (ese_bytes){room, ese_page_node_copy_key(&node, room, ESE_PAGE_KEY_MAX)};
}

size_t
ese_page_split_prefix(const ese_page *from, const ese_page_split *split, uint8_t *to)
{
    ese_bytes key = key_of_entry(from, split, split->prefix_line, to);

    if (key.size != 0 && key.data != to)
        memcpy(to, key.data, key.size);
    return key.size;
}

static void
put_entries(const ese_page *from, const ese_page_split *split, unsigned begin, unsigned end,
            ese_page_mut *page)
{
    ese_page view = ese_page_of_mut(page);
    ese_bytes prefix = ese_page_external_header(&view);

    for (unsigned i = begin; i < end; i++) {
        ese_page_node node = ese_page__entry(from, split, i);

        put_copy(page, i - begin, prefix, &node);
    }
}

static void
fill_new_page(const ese_page *from, const ese_page_split *split, ese_page_mut *new_page)
{
    uint8_t room[ESE_PAGE_KEY_MAX];
    int prefix_line = split->new_prefix_line < 0 ? -1 : (int)split->line + split->new_prefix_line;

    ese_page_set_external_header(new_page, key_of_entry(from, split, prefix_line, room));
    put_entries(from, split, split->line, split->n_lines, new_page);
}

/* What stays of the root: one line that leads to where all others went. */
static void
empty_root(const ese_page *from, ese_pgno child, ese_page_mut *root)
{
    uint8_t data[4];
    ese_page__new_node node = {.data = {data, sizeof data}};

    ese_store_le32(data, child);
    ese_page__start_over(from, ese_page_external_header(from), root);
    ese_page_set_flags(root, ese_page_split_flags(from, ESE_PAGE_SPLIT_VERTICAL));
    ese_page__put_node(root, 0, &node);
}

uint32_t
ese_page_split_flags(const ese_page *page, ese_page_split_type type)
{
    uint32_t flags = ese_page_flags(page);

    if (type != ESE_PAGE_SPLIT_VERTICAL)
        return flags;
    flags &= ~(uint32_t)ESE_PAGE_PARENT_OF_LEAF;
    if (is_leaf(page))
        flags = (flags & ~(uint32_t)ESE_PAGE_LEAF) | ESE_PAGE_PARENT_OF_LEAF;
    return flags;
}

uint32_t
ese_page_split_new_flags(const ese_page *page)
{
    return ese_page_flags(page) & ~(uint32_t)(ESE_PAGE_ROOT | ESE_PAGE_SCRUBBED);
}

void
ese_page_split_apply(const ese_page *from, const ese_page_split *split, ese_page_mut *page,
                     ese_page_mut *new_page)
{
    uint8_t room[ESE_PAGE_KEY_MAX];

    fill_new_page(from, split, new_page);
    if (split->type == ESE_PAGE_SPLIT_VERTICAL) {
        empty_root(from, new_page->pgno, page);
    } else if (split->type == ESE_PAGE_SPLIT_RIGHT) {
        ese_page__start_over(from, key_of_entry(from, split, split->prefix_line, room), page);
        put_entries(from, split, 0, split->line, page);
    } else if (page->bytes != from->bytes) {
        memcpy(page->bytes, from->bytes, page->size);
    }
}

/* Bytes that lines take beside a prefix, tags included. */
static size_t
size_of_entries(const ese_page *from, const ese_page_split *split, unsigned begin, unsigned end,
                ese_bytes prefix)
{
    size_t size = 0;

    for (unsigned i = begin; i < end; i++) {
        ese_page_node node = ese_page__entry(from, split, i);
        uint8_t room[ESE_PAGE_KEY_MAX];
        ese_bytes key = {room, ese_page_node_copy_key(&node, room, sizeof room)};

        size += ese_page_node_size(ese_page__worthy_prefix(prefix, key), key.size, node.data.size);
    }
    return size;
}

static bool
has_possible_lines(const ese_page *from, const ese_page_split *split)
{
    unsigned n = ese_page__count_entries(from, split);
    unsigned n_operable = split->oper == ESE_PAGE_SPLIT_NONE ? UINT32_MAX : n;
    bool is_root = (ese_page_flags(from) & ESE_PAGE_ROOT) != 0;
    bool is_vertical = split->type == ESE_PAGE_SPLIT_VERTICAL;
    bool has_oper = split->oper != ESE_PAGE_SPLIT_NONE;

    return split->n_lines == n && split->line < n && split->oper_line < n_operable &&
           is_root == is_vertical && (split->line == 0) == is_vertical &&
           split->prefix_line < (int)n && split->new_prefix_line < (int)(n - split->line) &&
           split->oper_key.size <= ESE_PAGE_KEY_MAX &&
           (!has_oper || is_leaf(from) || split->oper_data.size == 4);
}

bool
ese_page_split_is_possible(const ese_page *from, const ese_page_split *split)
{
    size_t area =
        from->size - ese_page_header_size(from->size) - 4 * (size_t)ese_page_reserved_tags(from);
    uint8_t room[ESE_PAGE_KEY_MAX], new_room[ESE_PAGE_KEY_MAX];
    ese_bytes prefix, new_prefix;

    if (!has_possible_lines(from, split))
        return false;
    prefix = key_of_entry(from, split, split->prefix_line, room);
    new_prefix = key_of_entry(
        from, split, split->new_prefix_line < 0 ? -1 : (int)split->line + split->new_prefix_line,
        new_room);
    if (new_prefix.size + size_of_entries(from, split, split->line, split->n_lines, new_prefix) >
        area)
        return false;
    if (split->type != ESE_PAGE_SPLIT_RIGHT)
        return true;
    for (unsigned i = 1; i < ese_page_reserved_tags(from); i++)
        area -= ese_load_le16(ese_page_tag(from, i)) & ese_page_tag_mask(from);
    return prefix.size + size_of_entries(from, split, 0, split->line, prefix) <= area;
}

size_t
ese_page_split_separator(const ese_page *page, const ese_page_split *split, uint8_t *to)
{
    ese_page_node left = ese_page__entry(page, split, split->line - 1);
    ese_page_node right = ese_page__entry(page, split, split->line);
    uint8_t key[ESE_PAGE_KEY_MAX];
    ese_bytes left_key = {key, ese_page_node_copy_key(&left, key, sizeof key)};
    ese_bytes right_key = {to, ese_page_node_copy_key(&right, to, ESE_PAGE_KEY_MAX)};
    size_t n;

    if (!is_leaf(page)) {
        memcpy(to, left_key.data, left_key.size);
        return left_key.size;
    }
    n = ese_page__count_common(left_key, right_key);
    if (n < right_key.size)
        return n + 1;
    n = ese_page__count_common(left.data, right.data);
    n = n < right.data.size ? n + 1 : n;
    if (n > ESE_PAGE_KEY_MAX - right_key.size)
        n = ESE_PAGE_KEY_MAX - right_key.size;
    memcpy(to + right_key.size, right.data.data, n);
    return right_key.size + n;
}

/* ---- Another prefix ---- */

void
ese_page_set_prefix(const ese_page *from, ese_bytes prefix, ese_page_mut *page)
{
    const ese_page_split none = {.oper = ESE_PAGE_SPLIT_NONE};

    ese_page__start_over(from, prefix, page);
    put_entries(from, &none, 0, ese_page_line_count(from), page);
}

/* ---- Merges ---- */

static bool
is_deleted(const ese_page_node *node)
{
    return (node->flags & ESE_PAGE_NODE_DELETED) != 0;
}

bool
ese_page_fits_merge(const ese_page *from, const ese_page *to)
{
    unsigned n_lines = ese_page_line_count(from);
    size_t room = ese_page_free_bytes(to);
    size_t needed = 0;

    for (unsigned i = 0; i < n_lines && needed <= room; i++) {
        ese_page_node node = ese_page_line(from, i);
        uint8_t key[ESE_PAGE_KEY_MAX];
        ese_bytes whole = {key, ese_page_node_copy_key(&node, key, sizeof key)};

        if (!is_deleted(&node))
            needed +=
                ese_page_node_size(ese_page_shared_prefix(to, whole), whole.size, node.data.size);
    }
    return needed <= room;
}

/* Puts all lines that are not deleted before line `line` of `to`. */
static void
merge_at(const ese_page *from, unsigned line, ese_page_mut *to)
{
    ese_page view = ese_page_of_mut(to);
    unsigned n_lines = ese_page_line_count(from);

    for (unsigned i = 0; i < n_lines; i++) {
        ese_page_node node = ese_page_line(from, i);

        if (!is_deleted(&node)) /* where tag 0 lies may change with each */
            put_copy(to, line++, ese_page_external_header(&view), &node);
    }
}

void
ese_page_merge_right(const ese_page *from, ese_page_mut *to)
{
    merge_at(from, 0, to);
}

void
ese_page_merge_left(const ese_page *from, ese_page_mut *to)
{
    ese_page view = ese_page_of_mut(to);

    merge_at(from, ese_page_line_count(&view), to);
}
