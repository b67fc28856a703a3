#include "test_structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct checker {
    const ese_btree *tree;
    test_structure found;
    ese_pgno last_leaf, link;           /* the leaf before, and where it points */
    uint8_t last[2 * ESE_PAGE_KEY_MAX]; /* its last entry */
    size_t last_size;
    unsigned leaf_depth;
} checker;

/* A separator; size 0: none. */
typedef struct border {
    uint8_t bytes[ESE_PAGE_KEY_MAX];
    size_t size;
} border;

static bool
has_order_by_data(const ese_btree *tree)
{
    return !tree->is_unique && (tree->kind & ESE_PAGE_SPACE) == 0;
}

static size_t
join(const ese_btree *tree, const ese_page_node *node, uint8_t *to)
{
    size_t n = ese_page_node_copy_key(node, to, ESE_PAGE_KEY_MAX);

    if (has_order_by_data(tree)) {
        memcpy(to + n, node->data.data, node->data.size);
        n += node->data.size;
    }
    return n;
}

static int
compare(const uint8_t *a, size_t a_size, const border *b)
{
    return ese_bytes_compare((ese_bytes){a, a_size}, (ese_bytes){b->bytes, b->size});
}

static void
check_leaf(checker *c, const ese_page *page, const border *lower, const border *upper)
{
    unsigned n = ese_page_line_count(page);
    uint8_t entry[2 * ESE_PAGE_KEY_MAX];

    assert_int_equal(ese_page_prev(page), c->last_leaf);
    if (c->last_leaf != 0)
        assert_int_equal(c->link, page->pgno);
    c->last_leaf = page->pgno;
    c->link = ese_page_next(page);
    c->found.n_leaves++;
    c->found.n_empty += n == 0;
    c->found.n_free += ese_page_free_bytes(page);
    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);
        size_t size = join(c->tree, &node, entry);

        assert_true(lower->size == 0 || compare(entry, size, lower) >= 0);
        assert_true(upper->size == 0 || compare(entry, size, upper) < 0);
        if (c->last_size != 0 && !has_order_by_data(c->tree))
            assert_true(ese_bytes_compare((ese_bytes){c->last, c->last_size},
                                          (ese_bytes){entry, size}) < 0);
        memcpy(c->last, entry, size);
        c->last_size = size;
        c->found.n_nodes++;
        c->found.n_deleted += (node.flags & ESE_PAGE_NODE_DELETED) != 0;
    }
}

static void check_page(checker *c, ese_pgno pgno, unsigned depth, const border *lower,
                       const border *upper);

static void
check_children(checker *c, const ese_page *page, unsigned depth, const border *lower,
               const border *upper)
{
    unsigned n = ese_page_line_count(page);
    border left = *lower;

    assert_int_not_equal(n, 0);
    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);
        border right = {.size = ese_page_node_copy_key(&node, right.bytes, ESE_PAGE_KEY_MAX)};

        if (line + 1 < n) {
            assert_int_not_equal(right.size, 0);
            assert_true(lower->size == 0 || compare(right.bytes, right.size, lower) > 0);
            assert_true(upper->size == 0 || compare(right.bytes, right.size, upper) < 0);
        } else {
            assert_int_equal(right.size == 0 ? upper->size : right.size, upper->size);
            assert_true(right.size == 0 || compare(right.bytes, right.size, upper) == 0);
            right = *upper;
        }
        check_page(c, ese_page_node_child(&node), depth + 1, &left, &right);
        left = right;
    }
}

static void
check_page(checker *c, ese_pgno pgno, unsigned depth, const border *lower, const border *upper)
{
    const uint32_t kinds = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE;
    ese_cache_page *page = NULL;
    uint32_t flags;

    assert_true(depth < ESE_BTREE_DEPTH_MAX);
    assert_int_equal(ese_cache_pin(c->tree->file, pgno, &page), JET_errSuccess);
    assert_int_equal(ese_page_verify(&page->page), JET_errSuccess);
    flags = ese_page_flags(&page->page);
    assert_int_equal(ese_page_objid(&page->page), c->tree->objid);
    assert_int_equal(flags & kinds, c->tree->kind);
    assert_int_equal((flags & ESE_PAGE_ROOT) != 0, depth == 0);
    assert_int_equal(flags & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT), 0);
    if ((c->tree->kind & ESE_PAGE_SPACE) == 0)
        assert_int_equal((flags & ESE_PAGE_NON_UNIQUE) == 0, c->tree->is_unique);
    c->found.n_pages++;
    if ((flags & ESE_PAGE_LEAF) != 0) {
        if (c->leaf_depth == 0)
            c->leaf_depth = depth + 1;
        assert_int_equal(c->leaf_depth, depth + 1);
        check_leaf(c, &page->page, lower, upper);
    } else {
        assert_int_equal(ese_page_next(&page->page), 0);
        assert_int_equal(ese_page_prev(&page->page), 0);
        check_children(c, &page->page, depth, lower, upper);
        assert_int_equal((flags & ESE_PAGE_PARENT_OF_LEAF) != 0, c->leaf_depth == depth + 2);
    }
    ese_cache_unpin(&page);
}

test_structure
test_structure_check(const ese_btree *tree)
{
    checker c = {.tree = tree};
    const border none = {.size = 0};

    check_page(&c, tree->root, 0, &none, &none);
    assert_int_equal(c.link, 0);
    c.found.depth = c.leaf_depth;
    return c.found;
}
