/*
 * Walking down from the root and along the leaves, by way of the parent pages.
 */
#include "btree/btree_private.h"

void
ese_btree__path_init(ese_btree__path *path, ese_btree_cursor *cursor,
                     ese_btree__direction direction)
{
    path->tree = cursor->tree;
    path->cursor = cursor;
    path->direction = direction;
    path->sees_all = false;
    path->is_before = path->is_stale = path->has_seen = false;
    path->target = (ese_btree__target){.goal = ESE_BTREE__EDGE};
    path->passed = NULL;
    path->left = (ese_btree__left){0, 0};
    path->depth = 0;
    path->n_entered = 0;
}

/* The pin on an inner root stays with the cursor: all walks begin there, and all threads would fight for the count of its pins. */
static void
pop(ese_btree__path *path)
{
    ese_cache_page **page = &path->levels[--path->depth].page;

    if (path->depth == 0 && *page != NULL && path->cursor->root == NULL &&
        !ese_btree__is_leaf(&(*page)->page)) {
        path->cursor->root = *page;
        *page = NULL;
    }
    ese_cache_unpin(page);
}

static JET_ERR
pin(ese_btree__path *path, ese_pgno pgno, ese_cache_page **page_out)
{
    ese_btree_cursor *cursor = path->cursor;

    if (path->depth == 0 && cursor->root != NULL) {
        if (cursor->root->page.pgno == pgno && ese_btree__is_current(path->tree, cursor->root)) {
            *page_out = cursor->root;
            cursor->root = NULL;
            return JET_errSuccess;
        }
        ese_cache_unpin(&cursor->root);
    }
    return ese_cache_pin(path->tree->file, pgno, page_out);
}

void
ese_btree__path_release(ese_btree__path *path)
{
    while (path->depth > 0)
        pop(path);
}

static const ese_page *
page_of(const ese_btree__level *level)
{
    return &level->page->page;
}

/* ---- is it a page of this tree? */

static JET_ERR
raise_page(const ese_btree *tree, JET_ERR code, ese_pgno pgno, const char *what)
{
    return ese_raise(code, "%s: page %u, reached from root %u of objid %u: %s",
                     ese_cache_path(tree->file), (unsigned)pgno, (unsigned)tree->root,
                     (unsigned)tree->objid, what);
}

static const char *
find_foreign(const ese_btree *tree, const ese_page *page)
{
    const uint32_t kinds = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE;
    uint32_t flags = ese_page_flags(page);

    if ((flags & (ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT)) != 0)
        return "the page is not in use";
    if (ese_page_objid(page) != tree->objid)
        return "the page belongs to another objid";
    if ((flags & kinds) != tree->kind)
        return "the page belongs to a tree of another kind";
    return NULL;
}

/* `parent` is NULL for the root. */
static const char *
find_misplaced(const ese_btree *tree, const ese_page *page, const ese_page *parent)
{
    uint32_t flags = ese_page_flags(page);
    bool is_non_unique = (flags & ESE_PAGE_NON_UNIQUE) != 0;

    if ((tree->kind & ESE_PAGE_SPACE) == 0 && is_non_unique == tree->is_unique)
        return "the page disagrees with the tree on whether keys are unique";
    if (parent == NULL)
        return (flags & ESE_PAGE_ROOT) != 0 ? NULL : "the page is no root";
    if ((flags & ESE_PAGE_ROOT) != 0)
        return "the page is a root, but not of this tree";
    if (ese_btree__is_leaf(page) != ((ese_page_flags(parent) & ESE_PAGE_PARENT_OF_LEAF) != 0))
        return "the page is on another level than its parent says";
    return NULL;
}

bool
ese_btree__is_placed(const ese_btree *tree, const ese_page *page, const ese_page *parent)
{
    return find_foreign(tree, page) == NULL && find_misplaced(tree, page, parent) == NULL;
}

JET_ERR
ese_btree__check_page(const ese_btree *tree, const ese_page *page, const ese_page *parent)
{
    const char *what = find_foreign(tree, page);

    if (what != NULL)
        return raise_page(tree, JET_errBadPageLink, page->pgno, what);
    what = find_misplaced(tree, page, parent);
    if (what != NULL)
        return raise_page(tree, JET_errDatabaseCorrupted, page->pgno, what);
    return JET_errSuccess;
}

/* ---- does it lie in its range? */

static ese_btree__bound
bound_of(const ese_page *page, unsigned line)
{
    ese_page_node node = ese_page_line(page, line);

    return (ese_btree__bound){ese_page_node_key_size(&node) != 0, node.prefix, node.suffix};
}

/* Drops what both begin with, up to the end of a piece; 0 while they are equal so far. */
static int
compare_piece(ese_bytes *a, ese_bytes *b)
{
    size_t n = a->size < b->size ? a->size : b->size;
    int order;

    if (a->data == NULL || b->data == NULL) /* an empty piece */
        return 0;
    order = memcmp(a->data, b->data, n);
    *a = (ese_bytes){a->data + n, a->size - n};
    *b = (ese_bytes){b->data + n, b->size - n};
    return order;
}

/* Order of the key of a line, joined with its data where entries are ordered by it, relative to a bound that is set. */
static int
compare_line(const ese_btree__path *path, const ese_page *page, unsigned line,
             const ese_btree__bound *bound)
{
    ese_page_node node = ese_page_line(page, line);
    bool with_data = ese_btree__is_leaf(page) && ese_btree__has_order_by_data(path->tree);
    const unsigned n_pieces = with_data ? 3 : 2;
    ese_bytes a[] = {node.prefix, node.suffix, node.data};
    ese_bytes b[] = {bound->prefix, bound->suffix};
    unsigned i = 0, k = 0;

    while (i < n_pieces && k < 2) {
        int order = compare_piece(&a[i], &b[k]);

        if (order != 0)
            return order;
        if (a[i].size == 0)
            i++;
        else
            k++;
    }
    while (i < n_pieces && a[i].size == 0)
        i++;
    while (k < 2 && b[k].size == 0)
        k++;
    return (i < n_pieces) - (k < 2);
}

/* The separator of the last line of a rightmost internal page is infinite. */
static bool
is_below(const ese_btree__path *path, const ese_page *page, unsigned line,
         const ese_btree__bound *bound)
{
    ese_page_node node = ese_page_line(page, line);

    return ese_page_node_key_size(&node) != 0 && compare_line(path, page, line, bound) < 0;
}

/* First line in [from, to) that is not below the bound, else `to`. */
static unsigned
find_not_below(const ese_btree__path *path, const ese_page *page, unsigned to,
               const ese_btree__bound *bound)
{
    unsigned from = 0;

    while (from < to) {
        unsigned middle = (from + to) / 2;

        if (is_below(path, page, middle, bound))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/*
 * Sets begin and end; true when all lines lie in the range. The last line that an internal page may use is the first whose separator reaches the
 * upper bound.
 */
static bool
fit(const ese_btree__path *path, ese_btree__level *level)
{
    const ese_page *page = page_of(level);
    unsigned n = ese_page_line_count(page);
    unsigned n_below = ese_btree__is_leaf(page) || n == 0
                           ? n
                           : n - 1; /* lines that must be below the upper bound */

    level->begin = 0;
    level->end = n;
    if (level->lower.is_set && n != 0 && is_below(path, page, 0, &level->lower))
        level->begin = find_not_below(path, page, n, &level->lower);
    if (level->upper.is_set && n_below != 0 && !is_below(path, page, n_below - 1, &level->upper))
        level->end = find_not_below(path, page, n_below, &level->upper) + (n - n_below);
    if (level->end < level->begin)
        level->end = level->begin;
    return level->begin == 0 && level->end == n;
}

/* The range of the child of parent->line: what its own separators say, within the range of the parent. */
static void
set_range(const ese_btree__path *path, const ese_btree__level *parent, ese_btree__level *level)
{
    const ese_page *page = page_of(parent);
    ese_btree__bound upper = bound_of(page, parent->line);

    level->lower = parent->line > parent->begin ? bound_of(page, parent->line - 1) : parent->lower;
    level->upper = parent->upper;
    if (upper.is_set &&
        (!parent->upper.is_set || is_below(path, page, parent->line, &parent->upper)))
        level->upper = upper;
}

/* Sets the ranges of the levels up to `depth` that have none yet. */
static void
need_ranges(ese_btree__path *path, unsigned depth)
{
    unsigned i = depth;

    while (i > 0 && !path->levels[i].has_range)
        i--;
    for (; i <= depth; i++) {
        ese_btree__level *level = &path->levels[i];

        if (level->has_range)
            continue;
        level->lower = level->upper = (ese_btree__bound){0};
        if (i > 0)
            set_range(path, level - 1, level);
        level->has_range = true;
    }
}

/*
 * Are all lines of the page just pinned in their range? Keys are compared the first time only: the image is marked with the place where it was found right, and however
 * the tree changes afterwards, as long as the same line leads to the same image the range can only have become wider. A foreign hand might have made a file where ways to the same
 * place differ further up; that costs no more than entries shown twice, because walks are bounded in any case (enter) and go on by key.
 */
static bool
fits_place(ese_btree__path *path, ese_btree__level *level)
{
    const ese_btree__level *parent = level - 1;
    uint64_t place;

    level->has_range = false;
    if (path->depth == 0 || path->tree->damage != NULL) {
        need_ranges(path, path->depth);
        return fit(path, level);
    }
    place = (uint64_t)page_of(parent)->pgno << 32 | (parent->line + 1);
    level->begin = 0;
    level->end = ese_page_line_count(page_of(level));
    if (atomic_load_explicit(&level->page->place, memory_order_relaxed) == place)
        return true;
    need_ranges(path, path->depth);
    if (!fit(path, level))
        return false;
    atomic_store_explicit(&level->page->place, place, memory_order_relaxed);
    return true;
}

/* ---- damage */

static void
tell(ese_btree__path *path, ese_pgno pgno, JET_ERR why)
{
    const ese_btree_damage *damage = path->tree->damage;

    /* A page in use as far as it is sound lies on the way of many steps. */
    if (path->cursor->told[path->depth] == pgno)
        return;
    path->cursor->told[path->depth] = pgno;
    damage->skipped(damage->self, pgno, why, ese_err_text(why));
}

/* Success when the walk may go on without the page. */
static JET_ERR
tolerate(ese_btree__path *path, ese_pgno pgno, JET_ERR err)
{
    if (path->tree->damage == NULL || err == JET_errOutOfMemory)
        return err;
    tell(path, pgno, err);
    return JET_errSuccess;
}

/* ---- down */

static unsigned
clamp(unsigned line, unsigned begin, unsigned end)
{
    if (line < begin)
        return begin;
    return line > end ? end : line;
}

/* The line of an internal page to go down by. Takes its part off target.fraction. */
static unsigned
choose_line(ese_btree__path *path, const ese_btree__level *level)
{
    ese_btree__target *target = &path->target;
    unsigned last = level->end - 1;
    double place;
    unsigned line;

    switch (target->goal) {
    case ESE_BTREE__BORDER:
        line = ese_page_find_gt(page_of(level), target->key, target->data_above);
        return clamp(line, level->begin, last);
    case ESE_BTREE__FRACTION:
        place = target->fraction * (level->end - level->begin);
        line = level->begin + (unsigned)place;
        target->fraction = place - (unsigned)place;
        return clamp(line, level->begin, last);
    case ESE_BTREE__EDGE: break;
    }
    return path->direction == ESE_BTREE__FORWARD ? level->begin : last;
}

/* First line behind the border in this leaf. */
static unsigned
choose_border(const ese_btree__path *path, const ese_btree__level *level)
{
    const ese_btree__target *target = &path->target;
    unsigned line = path->direction == ESE_BTREE__FORWARD ? level->begin : level->end;

    if (target->goal == ESE_BTREE__BORDER)
        line = target->is_after ? ese_page_find_gt(page_of(level), target->key, target->data)
                                : ese_page_find_ge(page_of(level), target->key, target->data);
    if (target->goal == ESE_BTREE__FRACTION)
        line = level->begin + (unsigned)(target->fraction * (level->end - level->begin));
    return clamp(line, level->begin, level->end);
}

/* Is the line an entry to stop at? *is_looked_up_inout: more than the page was asked. */
static JET_ERR
look(ese_btree__path *path, unsigned line, bool *is_looked_up_inout, bool *is_entry_out)
{
    JET_ERR err = JET_errSuccess;
    const ese_btree__level *level = ese_btree__path_leaf(path);
    uint8_t flags = ese_page_line_flags(page_of(level), line);
    ese_btree__sight sight = {.is_visible = true};

    if (!path->sees_all && (flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED)) != 0) {
        *is_looked_up_inout = true;
        ESE_TRY(ese_btree__see(path->cursor, level->page, line, &path->cursor->spare, &sight));
    }
    path->is_before = sight.is_before;
    path->is_stale |= sight.is_stale;
    *is_entry_out = sight.is_visible;
out:
    return err;
}

/* Looks for the entry in the leaf at the end of the path. */
static JET_ERR
pick(ese_btree__path *path, bool *found_out)
{
    JET_ERR err = JET_errSuccess;
    ese_btree__level *level = ese_btree__path_leaf(path);
    bool is_forward = path->direction == ESE_BTREE__FORWARD;
    unsigned line = choose_border(path, level);
    bool is_looked_up = false;
    bool found = false;

    while (!found && (is_forward ? line < level->end : line > level->begin)) {
        level->line = is_forward ? line++ : --line;
        ESE_TRY(look(path, level->line, &is_looked_up, &found));
    }
    /* What versions told belongs to the page as it was when they were asked. */
    if (is_looked_up && !ese_btree__is_current(path->tree, level->page))
        path->is_stale = true;
    *found_out = found;
out:
    return err;
}

static ese_pgno
link_in(ese_btree__direction direction, const ese_page *page)
{
    return direction == ESE_BTREE__FORWARD ? ese_page_next(page) : ese_page_prev(page);
}

/*
 * Nothing was found in the leaf. If that counts, a walk that has to begin again need not look at it once more; so walks over many deleted entries get on
 * while leaves of such entries leave the tree.
 */
static void
note_seen(ese_btree__path *path, const ese_page *page, uint64_t number)
{
    unsigned n = ese_page_line_count(page);
    bool is_forward = path->direction == ESE_BTREE__FORWARD;
    ese_page_node node;
    size_t n_key;

    if (path->tree->shared == NULL || n == 0 || !ese_btree__structure_is(path->tree, number))
        return;
    ese_page_line_decode(page, is_forward ? n - 1 : 0, &node);
    n_key = ese_page_node_copy_key(&node, path->room, sizeof path->room);
    path->seen = (ese_btree__target){
        .goal = ESE_BTREE__BORDER, .is_after = is_forward, .key = {path->room, n_key}};
    path->has_seen = true;
    if (!ese_btree__has_order_by_data(path->tree))
        return;
    path->has_seen = node.data.size <= sizeof path->room - n_key;
    if (path->has_seen) {
        memcpy(path->room + n_key, node.data.data, node.data.size);
        path->seen.data = path->seen.data_above = (ese_bytes){path->room + n_key, node.data.size};
    }
}

static void
leave_leaf(ese_btree__path *path, const ese_page *page)
{
    path->left = (ese_btree__left){page->pgno, link_in(path->direction, page)};
}

/* Neighbouring leaves point at each other. `page` is NULL at the end of the tree. */
static JET_ERR
check_links(const ese_btree__path *path, const ese_page *page)
{
    const ese_btree__direction back =
        path->direction == ESE_BTREE__FORWARD ? ESE_BTREE__BACKWARD : ESE_BTREE__FORWARD;
    ese_pgno pgno = page == NULL ? 0 : page->pgno;

    if (path->tree->damage != NULL || path->left.pgno == 0)
        return JET_errSuccess;
    if (path->left.link != pgno)
        return raise_page(path->tree, JET_errBadPageLink, path->left.pgno,
                          "the link to the neighbour disagrees with the parent page");
    if (page != NULL && link_in(back, page) != path->left.pgno)
        return raise_page(path->tree, JET_errBadPageLink, pgno,
                          "the link back to the neighbour disagrees with the parent page");
    return JET_errSuccess;
}

/* Checks the page just pinned for the level behind the last one, and delimits its lines. */
static JET_ERR
admit(ese_btree__path *path, ese_btree__level *level)
{
    JET_ERR err;
    const ese_btree__level *parent = path->depth == 0 ? NULL : level - 1;
    const ese_page *page = page_of(level);

    ESE_TRY(ese_btree__check_page(path->tree, page, parent == NULL ? NULL : page_of(parent)));
    if (ese_btree__is_leaf(page))
        ESE_TRY(check_links(path, page));
    if (!fits_place(path, level)) {
        err = raise_page(path->tree, JET_errDatabaseCorrupted, page->pgno,
                         "the page holds keys outside the range its parent gives it");
        ESE_TRY(tolerate(path, page->pgno, err));
    }
    if (!ese_btree__is_leaf(page) && level->begin == level->end)
        err = raise_page(path->tree, JET_errDatabaseCorrupted, page->pgno,
                         "the page has no children");
out:
    return err;
}

/* A sound tree has no page twice, so a walk that has met more pages than there are goes round in circles. */
static JET_ERR
check_bound(ese_btree__path *path, ese_pgno pgno)
{
    enum { FEW = 1000 };

    if (++path->n_entered < FEW || path->tree->damage != NULL ||
        path->n_entered <= ese_cache_page_count(path->tree->file))
        return JET_errSuccess;
    return raise_page(path->tree, JET_errDatabaseCorrupted, pgno,
                      "the tree leads to pages more than once");
}

/*
 * Adds page `pgno` below the path, unless it is the one passed already, or a bad one that was reported: then *is_entered_out = false.
 */
static JET_ERR
enter(ese_btree__path *path, ese_pgno pgno, bool *is_entered_out)
{
    JET_ERR err;
    ese_btree__level *level = &path->levels[path->depth];

    *is_entered_out = false;
    if (path->passed != NULL && path->passed->page.pgno == pgno) {
        leave_leaf(path, &path->passed->page);
        path->passed = NULL;
        return JET_errSuccess;
    }
    if (path->depth == ESE_BTREE_DEPTH_MAX)
        return tolerate(
            path, pgno,
            raise_page(path->tree, JET_errDatabaseCorrupted, pgno, "the tree has too many levels"));
    level->page = NULL;
    err = pin(path, pgno, &level->page);
    if (err >= JET_errSuccess)
        err = check_bound(path, pgno);
    if (err >= JET_errSuccess)
        err = admit(path, level);
    if (err < JET_errSuccess) {
        ese_cache_unpin(&level->page);
        return tolerate(path, pgno, err);
    }
    path->depth++;
    if (!ese_btree__is_leaf(page_of(level)))
        level->line = choose_line(path, level);
    *is_entered_out = true;
    return JET_errSuccess;
}

/* Adds the child of the last level, an internal page. */
static JET_ERR
enter_child(ese_btree__path *path, bool *is_entered_out)
{
    const ese_btree__level *level = ese_btree__path_leaf(path);
    ese_page_node node = ese_page_line(page_of(level), level->line);

    return enter(path, ese_page_node_child(&node), is_entered_out);
}

/* ---- along */

/* Moves to the next child in the direction of the walk, leaving pages that have no more; false at the end of the tree. */
static bool
advance(ese_btree__path *path)
{
    while (path->depth > 0) {
        ese_btree__level *level = ese_btree__path_leaf(path);

        if (!ese_btree__is_leaf(page_of(level))) {
            if (path->direction == ESE_BTREE__FORWARD && level->line + 1 < level->end) {
                level->line++;
                return true;
            }
            if (path->direction == ESE_BTREE__BACKWARD && level->line > level->begin) {
                level->line--;
                return true;
            }
        }
        pop(path);
    }
    return false;
}

/* One walk, from the root on, which counts if the structure has this number all the time, and unless path->is_stale. */
static JET_ERR
walk(ese_btree__path *path, uint64_t number, bool *found_out)
{
    JET_ERR err;
    bool found = false;
    bool is_entered = false;
    bool has_more;

    ESE_TRY(enter(path, path->tree->root, &is_entered));
    has_more = is_entered;
    while (has_more && !found) {
        ese_btree__level *level = ese_btree__path_leaf(path);

        if (ese_btree__is_leaf(page_of(level))) {
            ESE_TRY(pick(path, &found));
            if (path->is_stale)
                goto out;
            is_entered = found;
            if (!found) {
                note_seen(path, page_of(level), number);
                leave_leaf(path, page_of(level));
            }
        } else {
            ESE_TRY(enter_child(path, &is_entered));
        }
        if (!is_entered) {
            has_more = advance(path);
            if (path->target.goal == ESE_BTREE__FRACTION)
                path->target.goal = ESE_BTREE__EDGE;
        }
    }
    if (!found)
        ESE_TRY(check_links(path, NULL));
    *found_out = found;
out:
    return err;
}

JET_ERR
ese_btree__path_walk(ese_btree__path *path, bool *found_out)
{
    const ese_btree__target target = path->target;
    const ese_cache_page *passed = path->passed;
    bool found = false;
    uint64_t number;
    JET_ERR err;

    for (;;) {
        number = ese_btree__structure_read(path->tree);
        /* A leaf that has changed since has to be entered again. */
        if (path->passed != NULL && !ese_btree__is_current(path->tree, path->passed))
            path->passed = NULL;
        err = walk(path, number, &found);
        path->is_stale |= !ese_btree__structure_is(path->tree, number);
        if (!path->is_stale)
            break;
        /* An error, too, may have been the sight of a page in its new place. */
        ese_btree__path_release(path);
        path->target = path->has_seen ? path->seen : target;
        path->passed = path->has_seen ? NULL : passed;
        path->left = (ese_btree__left){0, 0};
        path->is_stale = false;
        path->n_entered = 0;
    }
    if (err >= JET_errSuccess)
        *found_out = found;
    return err;
}
