/*
 * How many: counting entries, and the approximate rank of one among all.
 *
 * Rank and size take every subtree for as large as the one on the path of the cursor. So the rank of a node is a number whose digits are the lines of
 * the path, and going to that fraction of the tree leads to the node again.
 */
#include "btree/btree_private.h"

/* Smaller than half of what a fraction of the largest tree differs by; makes up for the rounding of the division. */
static const double rounding = 1e-13;

/* The entries of the page from the one the cursor stands on; false: there are some that the page alone does not tell. */
static bool
count_plain(const ese_btree_cursor *cursor, uint64_t *n_out)
{
    const ese_btree *tree = cursor->tree;
    uint64_t n = 1;

    for (unsigned line = cursor->line + 1; line < cursor->end; line++) {
        uint8_t flags = ese_page_line_flags(&cursor->page->page, line);

        if (!ese_btree__is_plain(tree, &cursor->page->page, flags)) {
            if (tree->shared != NULL)
                return false;
            continue;
        }
        n++;
    }
    *n_out = n;
    return ese_btree__is_current(tree, cursor->page);
}

JET_ERR
ese_btree_count(const ese_btree_cursor *from, uint64_t most, uint64_t *count_out)
{
    JET_ERR err = JET_errSuccess;
    ese_btree_cursor cursor;
    bool found = from->page != NULL;
    uint64_t n = 0;

    ese_btree_cursor_init(&cursor, from->tree, from->session);
    ese_btree_cursor_copy(&cursor, from);
    while (found && n < most) {
        uint64_t n_page = 1;

        if (count_plain(&cursor, &n_page)) {
            /* The last line of the page, deleted or not, has the same leaf behind it. */
            cursor.line = cursor.end - 1;
            ese_page_line_decode(&cursor.page->page, cursor.line, &cursor.node);
        }
        n += n_page;
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
    *count_out = n < most ? n : most;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* Reads the digits of the path, leaf first. */
static void
measure(const ese_btree__path *path, uint64_t *before_out, uint64_t *total_out)
{
    uint64_t before = 0;
    uint64_t total = 1;

    for (unsigned i = path->depth; i-- > 0;) {
        const ese_btree__level *level = &path->levels[i];

        /* More than any file holds, so the tree is absurd; keep the ratio. */
        while (total >= UINT64_C(1) << 48) {
            total >>= 1;
            before >>= 1;
        }
        before += (level->line - level->begin) * total;
        total *= level->end - level->begin;
    }
    *before_out = before;
    *total_out = total;
}

JET_ERR
ese_btree_rank(ese_btree_cursor *cursor, uint64_t *before_out, uint64_t *total_out)
{
    JET_ERR err;
    ese_btree__path path;
    uint8_t room[ESE_PAGE_KEY_MAX];
    bool found = false;

    ese_btree__path_init(&path, cursor, ESE_BTREE__FORWARD);
    if (cursor->page != NULL)
        path.target = ese_btree__target_here(cursor, room);
    ESE_TRY(ese_btree__path_walk(&path, &found));
    if (found) {
        measure(&path, before_out, total_out);
    } else {
        *before_out = 0;
        *total_out = 0;
    }
out:
    ese_btree__path_release(&path);
    return err;
}

JET_ERR
ese_btree_goto_fraction(ese_btree_cursor *cursor, uint64_t numerator, uint64_t denominator,
                        bool *found_out)
{
    JET_ERR err;
    ese_btree__path path;
    bool found = false;

    if (denominator == 0 || numerator >= denominator)
        return ese_btree_last(cursor, found_out);
    ese_btree__path_init(&path, cursor, ESE_BTREE__FORWARD);
    path.target.goal = ESE_BTREE__FRACTION;
    path.target.fraction = (double)numerator / (double)denominator + rounding;
    ESE_TRY(ese_btree__go(&path, &found));
    if (!found) /* all behind it are deleted */
        ESE_TRY(ese_btree_last(cursor, &found));
    *found_out = found;
out:
    return err;
}
