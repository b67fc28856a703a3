/*
 * Walking a tree for the check: every page by way of its parents, leaves from left to right. Unlike the walk of the B-tree layer this one
 * goes on behind damage, looks at internal pages too, and enters each page of the file at most once, which bounds its work.
 *
 * What is checked of each page: that it can be read, belongs to the tree, stands on the level its parent says, holds only keys between the
 * separators that led to it, and, of leaves, that the links to both neighbours agree. Order inside a page is checked by ese_page_verify.
 */
#include "maint/maint_private.h"

typedef struct bound {
    bool is_set;
    size_t size;
    uint8_t key[ESE_PAGE_KEY_MAX];
} bound;

typedef struct level {
    ese_cache_page *page;
    unsigned line;      /* next one to go into */
    bound lower, upper; /* lower <= entry < upper */
} level;

typedef struct walk {
    ese_maint__check *check;
    uint32_t number;
    const ese_btree *btree;
    const ese_maint__walk_ops *ops;
    bool is_sound;
    unsigned depth;
    unsigned leaf_depth; /* of the first leaf, 0 = none seen */
    ese_pgno left, link; /* the leaf passed last and where its link points, 0 and 0 at first */
    bool is_left_known;  /* false behind damage */
    level levels[ESE_BTREE_DEPTH_MAX];
} walk;

static void
complain(walk *walking, ese_pgno pgno, const char *what)
{
    const ese_maint__tree *tree = ese_maint__tree_at(walking->check, walking->number);

    ese_maint__found(walking->check, &(ese_maint__place){ESE_MAINT_TREE, pgno, tree},
                     JET_errDatabaseCorrupted, "%s", what);
    walking->is_sound = false;
}

static bool
is_leaf(const ese_page *page)
{
    return (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
}

/* ---- Is it a page of this tree, at this place? */

static const char *
find_foreign(const ese_btree *btree, const ese_page *page)
{
    const uint32_t kinds = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE;
    uint32_t flags = ese_page_flags(page);
    bool is_non_unique = (flags & ESE_PAGE_NON_UNIQUE) != 0;

    if ((flags & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT)) != 0)
        return "the tree holds a page that is not in use";
    if (ese_page_objid(page) != btree->objid)
        return "the page belongs to another objid";
    if ((flags & kinds) != btree->kind)
        return "the page belongs to a tree of another kind";
    if ((btree->kind & ESE_PAGE_SPACE) == 0 && is_non_unique == btree->is_unique)
        return "the page disagrees with the catalog on whether keys are unique";
    return NULL;
}

/* `parent` is NULL for the root. */
static const char *
find_misplaced(const walk *walking, const ese_page *page, const ese_page *parent)
{
    bool is_root = (ese_page_flags(page) & ESE_PAGE_ROOT) != 0;

    if (is_root != (parent == NULL))
        return is_root ? "the page is a root, but not of this tree" : "the page is no root";
    if (parent != NULL &&
        is_leaf(page) != ((ese_page_flags(parent) & ESE_PAGE_PARENT_OF_LEAF) != 0))
        return "the page is on another level than its parent says";
    if (is_leaf(page) && walking->leaf_depth != 0 && walking->leaf_depth != walking->depth + 1)
        return "the leaves are not all on one level";
    if (!is_leaf(page) && (ese_page_prev(page) != 0 || ese_page_next(page) != 0))
        return "an internal page has links to neighbours";
    return NULL;
}

/* ---- Do its keys lie between the separators? */

/* Order of what `pieces` give together, relative to `key`. */
static int
compare_pieces(const ese_bytes *pieces, unsigned n, ese_bytes key)
{
    for (unsigned i = 0; i < n; i++) {
        size_t common = pieces[i].size < key.size ? pieces[i].size : key.size;
        int order = common == 0 ? 0 : memcmp(pieces[i].data, key.data, common);

        if (order != 0)
            return order;
        if (common < pieces[i].size)
            return 1;
        key = (ese_bytes){key.data + common, key.size - common};
    }
    return key.size == 0 ? 0 : -1;
}

static int
compare_line(const walk *walking, const ese_page *page, unsigned line, const bound *limit)
{
    bool with_data =
        is_leaf(page) && !walking->btree->is_unique && (walking->btree->kind & ESE_PAGE_SPACE) == 0;
    ese_page_node node = ese_page_line(page, line);
    ese_bytes pieces[] = {node.prefix, node.suffix, node.data};

    return compare_pieces(pieces, with_data ? 3 : 2, (ese_bytes){limit->key, limit->size});
}

/*
 * The last separator of an internal page is not looked at: it repeats the one that led here, or is infinite, or was left behind
 * when the lines after it went.
 */
static bool
lies_in_range(const walk *walking, const ese_page *page, const level *at)
{
    unsigned n = ese_page_line_count(page);

    if (!is_leaf(page))
        n--;
    if (n == 0)
        return true;
    if (at->lower.is_set && compare_line(walking, page, 0, &at->lower) < 0)
        return false;
    return !at->upper.is_set || compare_line(walking, page, n - 1, &at->upper) < 0;
}

static void
check_links(walk *walking, const ese_page *page)
{
    if (walking->is_left_known && ese_page_prev(page) != walking->left)
        complain(walking, page->pgno, "the link to the left neighbour is wrong");
    else if (walking->is_left_known && walking->left != 0 && walking->link != page->pgno)
        complain(walking, walking->left, "the link to the right neighbour is wrong");
    walking->left = page->pgno;
    walking->link = ese_page_next(page);
    walking->is_left_known = true;
}

/* ---- Going down and on */

static void
pop(walk *walking)
{
    walking->depth--;
    ese_cache_unpin(&walking->levels[walking->depth].page);
}

static void
set_bound(bound *limit, const ese_page *page, unsigned line)
{
    ese_page_node node = ese_page_line(page, line);

    limit->size = ese_page_node_copy_key(&node, limit->key, sizeof limit->key);
    limit->is_set = limit->size != 0;
}

/* The range of the child behind `line` of the page above. */
static void
inherit_bounds(level *child, const level *parent, unsigned line)
{
    child->lower = parent->lower;
    child->upper = parent->upper;
    if (line > 0)
        set_bound(&child->lower, &parent->page->page, line - 1);
    if (line + 1 < ese_page_line_count(&parent->page->page))
        set_bound(&child->upper, &parent->page->page, line);
}

static JET_ERR
pin(walk *walking, ese_pgno pgno, ese_cache_page **page_out)
{
    ese_maint__check *check = walking->check;
    const ese_maint__tree *tree = ese_maint__tree_at(check, walking->number);
    JET_ERR err = ese_cache_pin(walking->btree->file, pgno, page_out);

    if (!ese_maint__is_damage(err))
        return err;
    check->map.state[pgno] |= ESE_MAINT__REPORTED;
    ese_maint__found(check, &(ese_maint__place){ESE_MAINT_PAGE, pgno, tree}, err, "%s",
                     ese_err_text(err));
    walking->is_sound = false;
    return JET_errSuccess;
}

static JET_ERR
take_leaf(walk *walking, const ese_page *page)
{
    walking->leaf_depth = walking->depth + 1;
    check_links(walking, page);
    return walking->ops->leaf == NULL ? JET_errSuccess
                                      : walking->ops->leaf(walking->ops->self, page);
}

/* Enters a page: a leaf is taken at once, of an internal page the children come next. */
static JET_ERR
enter(walk *walking, ese_pgno pgno)
{
    level *at = &walking->levels[walking->depth];
    const level *parent = walking->depth == 0 ? NULL : at - 1;
    const char *what;
    JET_ERR err = JET_errSuccess;

    if (!ese_maint__space_use(walking->check, walking->number, pgno, walking->ops->use)) {
        walking->is_sound = walking->is_left_known = false;
        return JET_errSuccess;
    }
    at->page = NULL;
    ESE_TRY(pin(walking, pgno, &at->page));
    if (at->page == NULL) {
        walking->is_left_known = false;
        return JET_errSuccess;
    }
    what = find_foreign(walking->btree, &at->page->page);
    if (what == NULL)
        what =
            find_misplaced(walking, &at->page->page, parent == NULL ? NULL : &parent->page->page);
    if (what == NULL && !lies_in_range(walking, &at->page->page, at))
        what = "the page holds keys outside its place in the tree";
    if (what != NULL) {
        complain(walking, pgno, what);
        walking->is_left_known = false;
    } else if (is_leaf(&at->page->page)) {
        ESE_TRY(take_leaf(walking, &at->page->page));
    } else {
        at->line = 0;
        walking->depth++;
        return JET_errSuccess;
    }
out:
    ese_cache_unpin(&at->page);
    return err;
}

static JET_ERR
go_on(walk *walking)
{
    level *parent = &walking->levels[walking->depth - 1];
    ese_page_node node;

    if (parent->line == ese_page_line_count(&parent->page->page)) {
        pop(walking);
        return JET_errSuccess;
    }
    if (walking->depth == ESE_BTREE_DEPTH_MAX) {
        complain(walking, parent->page->page.pgno, "the tree is too deep");
        pop(walking);
        return JET_errSuccess;
    }
    node = ese_page_line(&parent->page->page, parent->line);
    inherit_bounds(parent + 1, parent, parent->line);
    parent->line++;
    return enter(walking, ese_page_node_child(&node));
}

JET_ERR
ese_maint__walk(ese_maint__check *check, uint32_t number, const ese_btree *btree,
                const ese_maint__walk_ops *ops, bool *sound_out)
{
    walk *walking = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *walking, &walking)); /* large: two keys for each level */
    walking->check = check;
    walking->number = number;
    walking->btree = btree;
    walking->ops = ops;
    walking->is_sound = walking->is_left_known = true;
    ESE_TRY(enter(walking, btree->root));
    while (walking->depth > 0)
        ESE_TRY(go_on(walking));
    if (walking->is_left_known && walking->link != 0)
        complain(walking, walking->left, "the last leaf has a right neighbour");
    *sound_out = walking->is_sound;
out:
    while (walking != NULL && walking->depth > 0)
        pop(walking);
    ese_free(&walking);
    return err;
}
