/*
 * Fuzz target: changes of a page, one after the other. However they come, the page verifies after each; what was put in is there; a split
 * keeps every line, and done again it gives the same bytes.
 *
 *   byte 0      size and kind of the page; bit 7: a page out of the input follows, if it verifies once its free bytes are counted
 *   then        operations of six bytes: what, a number for the key, length of key and data, line, flags
 */
#include "page/page_edit.h"

#include <stdlib.h>

enum { PGNO = 9, NEW_PGNO = 1000, OPER_SIZE = 6, OPERS_MAX = 400, KEY_MAX = 640 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct subject {
    uint8_t *bytes[3]; /* the page, and two to split into */
    ese_page_mut page;
    ese_page view;
    ese_pgno new_pgno; /* another one for each split: no page is its own child */
    uint8_t key[KEY_MAX];
    uint8_t data[ESE_PAGE_SIZE_MAX];
} subject;

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static bool
is_leaf(const subject *s)
{
    return (ese_page_flags(&s->view) & ESE_PAGE_LEAF) != 0;
}

/* The key and the data that an operation names. */
static ese_bytes
make_key(subject *s, const uint8_t *oper)
{
    size_t size = 1 + (size_t)oper[2] % 16 * (oper[2] > 240 ? 40 : 2);

    memset(s->key, 'k', sizeof s->key);
    s->key[size - 1] = oper[1];
    return (ese_bytes){s->key, size};
}

static ese_bytes
make_data(subject *s, const uint8_t *oper)
{
    size_t size = 1 + (size_t)oper[3] * (oper[3] > 200 ? s->page.size / 256 : 1);

    if (!is_leaf(s)) {
        ese_store_le32(s->data, 100U + oper[3]);
        size = 4;
    }
    return (ese_bytes){s->data, size};
}

static bool
stands_at(const subject *s, unsigned line, ese_bytes key, ese_bytes data)
{
    ese_page_node node;

    if (line >= ese_page_line_count(&s->view))
        return false;
    node = ese_page_line(&s->view, line);
    return ese_page_node_compare_key(&node, key) == 0 &&
           ((ese_page_flags(&s->view) & ESE_PAGE_NON_UNIQUE) == 0 || !is_leaf(s) ||
            ese_bytes_compare(node.data, data) == 0);
}

static ese_page_mut
buffer(const subject *s, unsigned index, ese_pgno pgno)
{
    return (ese_page_mut){s->bytes[index], s->page.size, pgno};
}

static void
split_into(subject *s, const ese_page_split *split, int garbage)
{
    ese_page_mut left = buffer(s, 1, s->page.pgno), right = buffer(s, 2, s->new_pgno);

    memset(left.bytes, garbage, left.size);
    memset(right.bytes, garbage, right.size);
    ese_page_format(&right, 1, ese_page_split_new_flags(&s->view));
    ese_page_split_apply(&s->view, split, &left, &right);
}

/* Splits, and goes on with one of the pages. */
static void
split(subject *s, ese_page_split *split, bool goes_left)
{
    ese_page left = {s->bytes[1], s->page.size, s->page.pgno},
             right = {s->bytes[2], s->page.size, s->new_pgno};
    uint8_t separator[ESE_PAGE_KEY_MAX];
    uint8_t *before;
    unsigned n_stays;

    if (!ese_page_split_choose(&s->view, 80, split))
        return;
    split_into(s, split, 0xaa);
    before = malloc(2 * (size_t)s->page.size);
    require(before != NULL);
    memcpy(before, s->bytes[1], s->page.size);
    memcpy(before + s->page.size, s->bytes[2], s->page.size);
    split_into(s, split, 0x55);
    require(memcmp(before, s->bytes[1], s->page.size) == 0);
    require(memcmp(before + s->page.size, s->bytes[2], s->page.size) == 0);
    free(before);
    n_stays = split->type == ESE_PAGE_SPLIT_VERTICAL ? 0 : ese_page_line_count(&left);
    require(ese_page_verify(&left) == 0 && ese_page_verify(&right) == 0);
    require(n_stays == split->line && n_stays + ese_page_line_count(&right) == split->n_lines);
    if (split->type != ESE_PAGE_SPLIT_VERTICAL)
        require(ese_page_split_separator(&s->view, split, separator) <= sizeof separator);
    memcpy(s->bytes[0], goes_left ? left.bytes : right.bytes, s->page.size);
    s->page.pgno = s->view.pgno = goes_left ? left.pgno : right.pgno;
    s->new_pgno++;
}

static void
insert(subject *s, const uint8_t *oper)
{
    ese_bytes key = make_key(s, oper), data = make_data(s, oper);
    ese_bytes order = {is_leaf(s) ? data.data : NULL, is_leaf(s) ? data.size : 0};
    unsigned line = ese_page_find_ge(&s->view, key, order);
    ese_page_split with = {.oper = ESE_PAGE_SPLIT_INSERT,
                           .oper_line = line,
                           .oper_key = key,
                           .oper_data = data,
                           .oper_flags = oper[5] & 3};

    if (stands_at(s, line, key, data) ||
        (!is_leaf(s) && line == ese_page_line_count(&s->view) && line != 0))
        return;
    if (ese_page_fits_insert(&s->view, key, data)) {
        ese_page_insert(&s->page, line, key, ese_page_shared_prefix(&s->view, key), data, oper[5]);
        require(ese_page_find_ge(&s->view, key, order) == line && stands_at(s, line, key, data));
        require((ese_page_line_flags(&s->view, line) & 3) == (oper[5] & 3));
    } else {
        split(s, &with, oper[4] % 2 == 0);
    }
}

static void
replace(subject *s, const uint8_t *oper, unsigned line)
{
    ese_bytes data = make_data(s, oper);
    ese_page_split with = {.oper = ESE_PAGE_SPLIT_REPLACE, .oper_line = line, .oper_data = data};

    if (is_leaf(s) && (ese_page_flags(&s->view) & ESE_PAGE_NON_UNIQUE) != 0)
        return;
    if (ese_page_fits_replace(&s->view, line, data.size)) {
        ese_page_replace(&s->page, line, data);
        require(ese_bytes_compare(ese_page_line(&s->view, line).data, data) == 0);
    } else {
        split(s, &with, oper[4] % 2 == 0);
    }
}

/* Everything goes to an empty page and comes back. */
static void
merge(subject *s, bool is_right)
{
    ese_page_mut to = buffer(s, 1, s->page.pgno);
    ese_page to_view = ese_page_of_mut(&to);

    if (!is_leaf(s) || (ese_page_flags(&s->view) & ESE_PAGE_ROOT) != 0)
        return;
    ese_page_format(&to, 1, ese_page_flags(&s->view));
    ese_page_set_external_header(&to, (ese_bytes){(const uint8_t *)"kkkkkk", 6});
    if (!ese_page_fits_merge(&s->view, &to_view))
        return;
    if (is_right)
        ese_page_merge_right(&s->view, &to);
    else
        ese_page_merge_left(&s->view, &to);
    memcpy(s->bytes[0], to.bytes, to.size);
}

static void
change_line(subject *s, const uint8_t *oper, unsigned line)
{
    ese_page_split none = {.oper = ESE_PAGE_SPLIT_NONE};
    ese_page_mut to = buffer(s, 1, s->page.pgno);

    switch (oper[0] % 8) {
    case 0:
    case 1: replace(s, oper, line); break;
    case 2:
        if (is_leaf(s) || ese_page_line_count(&s->view) > 1)
            ese_page_remove(&s->page, line);
        break;
    case 3: ese_page_set_line_flags(&s->page, line, oper[5]); break;
    case 4:
        if (!is_leaf(s) && line + 1 == ese_page_line_count(&s->view))
            ese_page_set_key(&s->page, line, (ese_bytes){NULL, 0});
        break;
    case 5: split(s, &none, oper[4] % 2 == 0); break;
    case 6: merge(s, oper[4] % 2 == 0); break;
    default:
        if ((ese_page_flags(&s->view) & ESE_PAGE_ROOT) == 0) {
            ese_page_set_prefix(&s->view, ese_page_external_header(&s->view), &to);
            memcpy(s->bytes[0], to.bytes, to.size);
        }
        break;
    }
}

static void
run_opers(subject *s, const uint8_t *data, size_t size)
{
    for (unsigned i = 0; i < OPERS_MAX && size >= OPER_SIZE; i++) {
        unsigned n_lines = ese_page_line_count(&s->view);

        if (n_lines == 0 || data[0] % 16 < 8)
            insert(s, data);
        else
            change_line(s, data, data[4] % n_lines);
        require(ese_page_verify(&s->view) == 0 || ese_page_line_count(&s->view) == 0);
        data += OPER_SIZE;
        size -= OPER_SIZE;
    }
}

/* A page out of the input, with free bytes that agree with its tags. */
static bool
take_page(subject *s, const uint8_t *data)
{
    unsigned used = 0, n_tags;
    unsigned area = s->page.size - ese_page_header_size(s->page.size);

    memcpy(s->page.bytes, data, s->page.size);
    if (ese_page_is_large(&s->view))
        ese_store_le32(s->page.bytes + 64, PGNO);
    n_tags = ese_page_tag_count(&s->view);
    if (n_tags == 0 || n_tags >= area / 4)
        return false;
    for (unsigned i = 0; i < n_tags; i++)
        used += ese_load_le16(ese_page_tag(&s->view, i)) & ese_page_tag_mask(&s->view);
    ese_store_le16(s->page.bytes + 28, (uint16_t)(area - 4 * n_tags - used));
    return ese_page_verify(&s->view) == 0 &&
           (ese_page_flags(&s->view) & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT)) == 0;
}

static void
run(subject *s, const uint8_t *data, size_t size)
{
    static const uint32_t kinds[] = {
        ESE_PAGE_LEAF,
        ESE_PAGE_LEAF | ESE_PAGE_ROOT,
        ESE_PAGE_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE,
        ESE_PAGE_PARENT_OF_LEAF,
    };
    uint8_t kind = data[0];

    data++;
    size--;
    if ((kind & 0x80) != 0 && size >= s->page.size) {
        if (take_page(s, data))
            run_opers(s, data + s->page.size, size - s->page.size);
        return;
    }
    ese_page_format(&s->page, 1, kinds[kind / 8 % 4]);
    ese_page_set_external_header(&s->page, (ese_bytes){(const uint8_t *)"kkkkkkkkkkkkkkkk", 16});
    run_opers(s, data, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
    subject *s = calloc(1, sizeof *s);
    bool is_ready = s != NULL && size > 0;

    for (unsigned i = 0; is_ready && i < 3; i++) {
        s->bytes[i] = malloc(sizes[data[0] % 8 % 5]);
        is_ready = s->bytes[i] != NULL;
    }
    if (is_ready) {
        s->page = (ese_page_mut){s->bytes[0], sizes[data[0] % 8 % 5], PGNO};
        s->view = ese_page_of_mut(&s->page);
        s->new_pgno = NEW_PGNO;
        run(s, data, size);
    }
    for (unsigned i = 0; s != NULL && i < 3; i++)
        free(s->bytes[i]);
    free(s);
    return 0;
}
