/*
 * Extents: the entries of the two space trees of a tree. Format: database-file specification, section 7.4.
 *
 * An entry is found by the last page of its extent, so taking pages from the front of a free extent only changes the count in place: taking never needs a page for itself. Adding an
 * entry may split a page of the space tree. The pages for that are put aside beforehand (the reserve), and what is left of them is made free afterwards.
 */
#include "btree/btree_private.h"
#include "btree/btree_space_private.h"

enum { DRAIN_ROUNDS = 4 };

ese_btree
ese_btree__extents_tree(const ese_btree__owner *owner, ese_btree__extents which)
{
    ese_btree tree = owner->tree;

    tree.root = owner->header.owned_root + (which == ESE_BTREE__FREE ? 1 : 0);
    tree.kind |= ESE_PAGE_SPACE;
    return tree;
}

/* ---- Looking ---- */

/* Walks on until the cursor stands on an extent that counts. */
static JET_ERR
skip_others(ese_btree_cursor *cursor, bool is_backward, bool *found_inout,
            ese_page_extent *extent_out)
{
    JET_ERR err = JET_errSuccess;

    while (*found_inout) {
        ese_page_extent extent = {0};

        ESE_TRY(ese_page_extent_decode(&cursor->node, &extent));
        if (extent.pool == 0 && extent.count != 0) {
            *extent_out = extent;
            break;
        }
        ESE_TRY(is_backward ? ese_btree_prev(cursor, found_inout)
                            : ese_btree_next(cursor, found_inout));
    }
out:
    return err;
}

JET_ERR
ese_btree__extent_seek(const ese_btree__owner *owner, ese_btree__extents which, ese_pgno pgno,
                       ese_page_extent *extent_out, bool *found_out)
{
    ese_btree tree = ese_btree__extents_tree(owner, which);
    ese_btree_cursor cursor;
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE];
    bool found = false;
    int order = 0;
    JET_ERR err;

    ese_store_be32(key, pgno);
    ese_btree_cursor_init(&cursor, &tree, NULL);
    ESE_TRY(ese_btree_seek(&cursor, (ese_bytes){key, sizeof key}, (ese_bytes){NULL, 0},
                           ESE_BTREE_GE, &found, &order));
    ESE_TRY(skip_others(&cursor, false, &found, extent_out));
    *found_out = found;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

JET_ERR
ese_btree__extent_last(const ese_btree__owner *owner, ese_btree__extents which,
                       ese_page_extent *extent_out, bool *found_out)
{
    ese_btree tree = ese_btree__extents_tree(owner, which);
    ese_btree_cursor cursor;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &tree, NULL);
    ESE_TRY(ese_btree_last(&cursor, &found));
    ESE_TRY(skip_others(&cursor, true, &found, extent_out));
    *found_out = found;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

JET_ERR
ese_btree__extent_each(const ese_btree__owner *owner, ese_btree__extents which,
                       const ese_btree__extent_visitor *visitor)
{
    ese_btree tree = ese_btree__extents_tree(owner, which);
    ese_btree_cursor cursor;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &tree, NULL);
    ESE_TRY(ese_btree_first(&cursor, &found));
    while (found) {
        ese_page_extent extent = {0};

        ESE_TRY(ese_page_extent_decode(&cursor.node, &extent));
        ESE_TRY(visitor->visit(visitor->self, &extent));
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

static JET_ERR
add_count(void *self, const ese_page_extent *extent)
{
    *(uint64_t *)self += extent->count;
    return JET_errSuccess;
}

JET_ERR
ese_btree__extent_sum(const ese_btree__owner *owner, ese_btree__extents which, uint32_t *n_out)
{
    uint64_t n = 0;
    ese_btree__extent_visitor visitor = {&n, add_count};
    JET_ERR err = ese_btree__extent_each(owner, which, &visitor);

    if (err >= JET_errSuccess)
        *n_out = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    return err;
}

/* ---- The leaf of an entry ---- */

static JET_ERR
check_page(const ese_btree *tree, const ese_page *page, bool is_root)
{
    const uint32_t kinds =
        ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE | ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT;
    uint32_t flags = ese_page_flags(page);

    if ((flags & kinds) == tree->kind && ese_page_objid(page) == tree->objid &&
        ((flags & ESE_PAGE_ROOT) != 0) == is_root)
        return JET_errSuccess;
    return ese_raise(JET_errBadPageLink, "%s: page %u: no page of the space tree of root %u",
                     ese_cache_path(tree->file), (unsigned)page->pgno, (unsigned)tree->root);
}

/* The space lock keeps the tree as it is between this and the latch of the leaf. */
static JET_ERR
find_leaf(const ese_btree *tree, ese_bytes key, ese_pgno *leaf_out, unsigned *depth_out)
{
    ese_cache_page *page = NULL;
    ese_pgno pgno = tree->root;
    unsigned depth = 1;
    JET_ERR err;

    for (;;) {
        ese_page_node node;
        unsigned line;

        ESE_TRY(ese_cache_pin(tree->file, pgno, &page));
        ESE_TRY(check_page(tree, &page->page, depth == 1));
        if ((ese_page_flags(&page->page) & ESE_PAGE_LEAF) != 0)
            break;
        line = ese_page_find_gt(&page->page, key, (ese_bytes){NULL, 0});
        if (line == ese_page_line_count(&page->page) || depth == ESE_BTREE_DEPTH_MAX)
            ESE_TRY(ese_raise(JET_errDatabaseCorrupted,
                              "%s: page %u: the space tree of root %u leads nowhere",
                              ese_cache_path(tree->file), (unsigned)pgno, (unsigned)tree->root));
        node = ese_page_line(&page->page, line);
        pgno = ese_page_node_child(&node);
        depth++;
        ese_cache_unpin(&page);
    }
    *leaf_out = pgno;
    *depth_out = depth;
out:
    ese_cache_unpin(&page);
    return err;
}

/* The leaf an entry belongs to, latched, and its place there. */
typedef struct place {
    ese_btree tree;
    ese_cache_page *page;
    unsigned line;
    bool is_there; /* the line has this very key */
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE];
    uint8_t data[ESE_PAGE_EXTENT_DATA_SIZE];
} place;

static ese_bytes
key_of(const place *at)
{
    return (ese_bytes){at->key, sizeof at->key};
}

static ese_bytes
data_of(const place *at)
{
    return (ese_bytes){at->data, sizeof at->data};
}

static JET_ERR
latch_place(const ese_btree__owner *owner, ese_btree__extents which, const ese_page_extent *extent,
            place *at)
{
    ese_pgno leaf = 0;
    unsigned depth = 0;
    JET_ERR err;

    at->tree = ese_btree__extents_tree(owner, which);
    at->page = NULL;
    ese_page_extent_encode(extent, at->key, at->data);
    ESE_TRY(find_leaf(&at->tree, key_of(at), &leaf, &depth));
    ESE_TRY(ese_cache_latch(at->tree.file, leaf, &at->page));
    at->line = ese_page_find_ge(&at->page->page, key_of(at), (ese_bytes){NULL, 0});
    at->is_there = false;
    if (at->line < ese_page_line_count(&at->page->page)) {
        ese_page_node node = ese_page_line(&at->page->page, at->line);

        at->is_there = ese_page_node_compare_key(&node, key_of(at)) == 0;
    }
out:
    return err;
}

static JET_ERR
raise_missing(const ese_btree__owner *owner, ese_btree__extents which,
              const ese_page_extent *extent)
{
    return ese_raise(
        which == ESE_BTREE__OWNED ? JET_errSPOwnExtCorrupted : JET_errSPAvailExtCorrupted,
        "%s: objid %u: the extent that ends at page %u is not where it must be",
        ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid, (unsigned)extent->last);
}

/* Does to the latched page what a record of `type` says, and gives it back. */
static JET_ERR
change(const ese_btree__owner *owner, place *at, ese_log_type type)
{
    ese_log_record record = {
        .type = type,
        .flags = ESE_LOG_SPACE | ESE_LOG_UNIQUE,
        .root = owner->tree.root,
        .objid = owner->tree.objid,
    };
    JET_ERR err;

    record.u.node.line = at->line;
    if (type == ESE_LOG_INSERT) {
        record.u.node.key = key_of(at);
        record.u.node.n_prefix = ese_page_shared_prefix(&at->page->page, key_of(at));
    }
    if (type != ESE_LOG_DELETE)
        record.u.node.data = data_of(at);
    err = ese_log_change_node(ese_btree_db_log(owner->db), owner->origin, &at->page, &record);
    if (err < JET_errSuccess)
        ese_cache_unlatch(&at->page, ESE_CACHE_UNCHANGED);
    return err;
}

/* ---- Changing single entries ---- */

JET_ERR
ese_btree__extent_add(const ese_btree__owner *owner, ese_btree__extents which,
                      const ese_page_extent *extent, bool must_split)
{
    place at = {0};
    JET_ERR err;

    ESE_TRY(latch_place(owner, which, extent, &at));
    if (at.is_there) {
        if ((ese_page_line_flags(&at.page->page, at.line) & ESE_PAGE_NODE_DELETED) == 0)
            ESE_TRY(ese_raise(JET_errSPAvailExtCorrupted,
                              "%s: objid %u: page %u would be in two places",
                              ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid,
                              (unsigned)extent->last));
        ESE_TRY(change(owner, &at, ESE_LOG_DELETE));
        ESE_TRY(latch_place(owner, which, extent, &at));
    }
    if (!must_split && ese_page_fits_insert(&at.page->page, key_of(&at), data_of(&at))) {
        ESE_TRY(change(owner, &at, ESE_LOG_INSERT));
    } else {
        ese_cache_unlatch(&at.page, ESE_CACHE_UNCHANGED);
        owner->db->space.owner = owner->tree.root;
        ESE_TRY(
            ese_btree__space_insert(owner->db, owner->origin, &at.tree, key_of(&at), data_of(&at)));
    }
out:
    ese_cache_unlatch(&at.page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__extent_remove(const ese_btree__owner *owner, ese_btree__extents which,
                         const ese_page_extent *extent)
{
    place at = {0};
    bool is_last_of_leaf;
    JET_ERR err;

    ESE_TRY(latch_place(owner, which, extent, &at));
    if (!at.is_there)
        ESE_TRY(raise_missing(owner, which, extent));
    is_last_of_leaf = (ese_page_flags(&at.page->page) & ESE_PAGE_ROOT) == 0 &&
                      ese_page_line_count(&at.page->page) == 1;
    if (!is_last_of_leaf) {
        ESE_TRY(change(owner, &at, ESE_LOG_DELETE));
    } else {
        ese_cache_unlatch(&at.page, ESE_CACHE_UNCHANGED);
        owner->db->space.owner = owner->tree.root;
        ESE_TRY(ese_btree__space_remove(owner->db, owner->origin, &at.tree, key_of(&at)));
    }
out:
    ese_cache_unlatch(&at.page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__extent_resize(const ese_btree__owner *owner, ese_btree__extents which,
                         const ese_page_extent *extent, uint32_t n_pages)
{
    ese_page_extent resized = {.last = extent->last, .count = n_pages};
    place at = {0};
    JET_ERR err;

    ESE_TRY(latch_place(owner, which, &resized, &at));
    if (!at.is_there)
        ESE_TRY(raise_missing(owner, which, extent));
    ESE_TRY(change(owner, &at, ESE_LOG_REPLACE));
out:
    ese_cache_unlatch(&at.page, ESE_CACHE_UNCHANGED);
    return err;
}

/* ---- The reserve ---- */

JET_ERR
ese_btree__extent_need(const ese_btree__owner *owner, ese_btree__extents which, ese_pgno pgno,
                       unsigned *n_out)
{
    ese_page_extent extent = {.last = pgno, .count = 1};
    ese_btree tree = ese_btree__extents_tree(owner, which);
    ese_cache_page *page = NULL;
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE];
    uint8_t data[ESE_PAGE_EXTENT_DATA_SIZE];
    ese_pgno leaf = 0;
    unsigned depth = 0;
    bool fits;
    JET_ERR err;

    ese_page_extent_encode(&extent, key, data);
    ESE_TRY(find_leaf(&tree, (ese_bytes){key, sizeof key}, &leaf, &depth));
    ESE_TRY(ese_cache_pin(tree.file, leaf, &page));
    fits = ese_page_fits_insert(&page->page, (ese_bytes){key, sizeof key},
                                (ese_bytes){data, sizeof data});
    /* Each level may split, and the root twice: its lines move to a new page, which splits. */
    *n_out = fits && (pgno != 0 || depth == 1) ? 0 : depth + 2;
out:
    ese_cache_unpin(&page);
    return err;
}

JET_ERR
ese_btree__reserve_fill(const ese_btree__owner *owner, unsigned n)
{
    ese_btree__space *space = &owner->db->space;
    JET_ERR err = JET_errSuccess;

    while (space->n_reserve < n) {
        ese_page_extent extent = {0};
        bool found = false;

        ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, 0, &extent, &found));
        if (!found)
            ESE_TRY(ese_raise(JET_errOutOfDatabaseSpace, "%s: objid %u: no page for its space tree",
                              ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid));
        ESE_TRY(ese_btree__extent_take(owner, &extent, 1));
        space->reserve[space->n_reserve++] = ese_btree__extent_first(&extent);
    }
out:
    return err;
}

void
ese_btree__reserve_put(ese_btree__owner *owner, ese_pgno pgno)
{
    ese_btree__space *space = &owner->db->space;

    space->reserve[space->n_reserve++] = pgno;
}

static JET_ERR add_free(const ese_btree__owner *owner, ese_page_extent extent, bool must_split);

/* A page that cannot be noted is leaked. What is put aside for the split that notes it is left for the next round. */
static void
drain_page(const ese_btree__owner *owner, ese_pgno pgno)
{
    ese_page_extent extent = {.last = pgno, .count = 1};
    unsigned n_need = 0;

    if (ese_btree__extent_need(owner, ESE_BTREE__FREE, pgno, &n_need) >= JET_errSuccess &&
        ese_btree__reserve_fill(owner, n_need) >= JET_errSuccess)
        (void)add_free(owner, extent, n_need != 0);
}

void
ese_btree__reserve_drain(const ese_btree__owner *owner)
{
    ese_btree__space *space = &owner->db->space;

    for (unsigned round = 0; round < DRAIN_ROUNDS && space->n_reserve + space->n_released != 0;
         round++) {
        ese_pgno pages[2 * ESE_BTREE__RESERVE_MAX];
        unsigned n = 0;

        while (space->n_reserve != 0)
            pages[n++] = space->reserve[--space->n_reserve];
        while (space->n_released != 0)
            pages[n++] = space->released[--space->n_released];
        while (n != 0)
            drain_page(owner, pages[--n]);
    }
    space->n_reserve = space->n_released = 0;
}

/* A leaf of the space tree that becomes empty leaves its page to the owner. In the middle of filling the reserve it has to wait for what comes after. */
JET_ERR
ese_btree__extent_take(const ese_btree__owner *owner, const ese_page_extent *extent, uint32_t n)
{
    JET_ERR err;

    if (n != extent->count)
        return ese_btree__extent_resize(owner, ESE_BTREE__FREE, extent, extent->count - n);
    err = ese_btree__extent_remove(owner, ESE_BTREE__FREE, extent);
    if (owner->db->space.n_reserve == 0)
        ese_btree__reserve_drain(owner);
    return err;
}

/* ---- Freeing ---- */

/* The free extents next to one that becomes free; count 0 = none. */
typedef struct neighbours {
    ese_page_extent left, right;
} neighbours;

static JET_ERR
raise_freed_twice(const ese_btree__owner *owner, const ese_page_extent *extent)
{
    return ese_raise(JET_errSPAvailExtCorrupted,
                     "%s: objid %u: of pages %u to %u, which become free, one is free already or "
                     "not its own",
                     ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid,
                     (unsigned)ese_btree__extent_first(extent), (unsigned)extent->last);
}

/* Free extents are joined only within one owned extent, which is given back as a whole. */
static JET_ERR
find_neighbours(const ese_btree__owner *owner, const ese_page_extent *extent,
                neighbours *neighbours_out)
{
    ese_pgno first = ese_btree__extent_first(extent);
    ese_page_extent home = {0}, next = {0};
    neighbours found = {{0}, {0}};
    bool is_home = false, is_next = false;
    JET_ERR err;

    ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__OWNED, extent->last, &home, &is_home));
    if (!is_home || first < ese_btree__extent_first(&home))
        ESE_TRY(raise_freed_twice(owner, extent));
    ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, first - 1, &next, &is_next));
    if (is_next && next.last == first - 1) {
        if (ese_btree__extent_first(&next) >= ese_btree__extent_first(&home))
            found.left = next;
        ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, first, &next, &is_next));
    }
    if (is_next && ese_btree__extent_first(&next) <= extent->last)
        ESE_TRY(raise_freed_twice(owner, extent));
    if (is_next && ese_btree__extent_first(&next) == extent->last + 1 && next.last <= home.last)
        found.right = next;
    *neighbours_out = found;
out:
    return err;
}

/* The pages of the neighbours are in no place for a moment, never in two. */
static JET_ERR
add_free(const ese_btree__owner *owner, ese_page_extent extent, bool must_split)
{
    neighbours next_to = {{0}, {0}};
    JET_ERR err;

    ESE_TRY(find_neighbours(owner, &extent, &next_to));
    if (next_to.left.count != 0)
        ESE_TRY(ese_btree__extent_remove(owner, ESE_BTREE__FREE, &next_to.left));
    extent.count += next_to.left.count;
    if (next_to.right.count != 0)
        ESE_TRY(ese_btree__extent_resize(owner, ESE_BTREE__FREE, &next_to.right,
                                         next_to.right.count + extent.count));
    else
        ESE_TRY(ese_btree__extent_add(owner, ESE_BTREE__FREE, &extent, must_split));
out:
    return err;
}

/* Bit k is the page k + 1 behind the root; the caller's extent lies within them. */
static JET_ERR
free_bits(ese_btree__owner *owner, const ese_page_extent *extent)
{
    ese_pgno first = ese_btree__extent_first(extent);
    uint32_t n_bits = owner->header.n_primary - 1;
    uint32_t bits;

    if (n_bits > 32)
        n_bits = 32;
    if (first <= owner->tree.root || extent->last - owner->tree.root > n_bits)
        return raise_freed_twice(owner, extent);
    bits = (uint32_t)((((uint64_t)1 << extent->count) - 1) << (first - owner->tree.root - 1));
    if ((owner->header.free_bits & bits) != 0)
        return raise_freed_twice(owner, extent);
    owner->header.free_bits |= bits;
    return ese_btree__owner_store(owner);
}

JET_ERR
ese_btree__extent_free(ese_btree__owner *owner, const ese_page_extent *extent)
{
    unsigned n_need = 0;
    JET_ERR err;

    if (!owner->header.is_multi_extent)
        return free_bits(owner, extent);
    ESE_TRY(ese_btree__extent_need(owner, ESE_BTREE__FREE, extent->last, &n_need));
    if (n_need != 0)
        ESE_TRY(ese_btree__reserve_fill(owner, n_need));
    ESE_TRY(add_free(owner, *extent, n_need != 0));
out:
    ese_btree__reserve_drain(owner);
    return err;
}

/* ---- Gaining ---- */

/* The first pages of the extent are put aside, because splits of the two trees may need them; the rest becomes free. */
static JET_ERR
gain(ese_btree__owner *owner, const ese_page_extent *extent, unsigned *n_put_out)
{
    ese_page_extent rest = *extent;
    unsigned n_owned = 0, n_free = 0;
    JET_ERR err;

    ESE_TRY(ese_btree__extent_need(owner, ESE_BTREE__OWNED, extent->last, &n_owned));
    ESE_TRY(ese_btree__extent_need(owner, ESE_BTREE__FREE, extent->last, &n_free));
    for (; *n_put_out < n_owned + n_free && rest.count > 1; rest.count--, (*n_put_out)++)
        ese_btree__reserve_put(owner, ese_btree__extent_first(&rest));
    ESE_TRY(ese_btree__extent_add(owner, ESE_BTREE__OWNED, extent, false));
    err = ese_btree__extent_add(owner, ESE_BTREE__FREE, &rest, false);
    if (err < JET_errSuccess &&
        ese_btree__extent_remove(owner, ESE_BTREE__OWNED, extent) < JET_errSuccess)
        *n_put_out = UINT32_MAX; /* it stays owned, and cannot go back */
out:
    return err;
}

JET_ERR
ese_btree__extent_gain(ese_btree__owner *owner, const ese_page_extent *extent,
                       ese_btree__owner *from)
{
    ese_btree__space *space = &owner->db->space;
    unsigned n_put = 0;
    JET_ERR err = gain(owner, extent, &n_put);

    if (err < JET_errSuccess &&
        n_put == space->n_reserve) { /* no split has used one of its pages */
        space->n_reserve = 0;
        if (from != NULL)
            (void)ese_btree__extent_free(from, extent);
    }
    ese_btree__reserve_drain(owner);
    return err;
}
