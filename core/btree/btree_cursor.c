/*
 * Cursors: standing on a node, seeking one, stepping to its neighbours.
 *
 * A step within a page only decodes the next line. At the end of the page the cursor walks from the root to where its entry is, and from
 * there to the neighbouring leaf; so it does, too, when the page is no longer as it was when the cursor came. The image it came to stays pinned and unchanged, so the cursor
 * knows its entry even when there is no such entry any more.
 */
#include "btree/btree_private.h"

void
ese_btree_cursor_init(ese_btree_cursor *cursor, const ese_btree *tree,
                      const ese_txn_session *session)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->tree = tree;
    cursor->session = session;
}

void
ese_btree_cursor_reset(ese_btree_cursor *cursor)
{
    ese_cache_unpin(&cursor->page);
    ese_cache_unpin(&cursor->root);
    cursor->line = cursor->begin = cursor->end = 0;
    cursor->node = (ese_page_node){0};
    cursor->is_behind = false;
    ese_growbuf_destroy(&cursor->before);
    ese_growbuf_destroy(&cursor->spare);
}

void
ese_btree_cursor_copy(ese_btree_cursor *cursor, const ese_btree_cursor *from)
{
    ese_growbuf before = cursor->before;
    ese_growbuf spare = cursor->spare;

    if (cursor == from)
        return;
    if (from->page != NULL)
        ese_cache_repin(from->page);
    ese_cache_unpin(&cursor->page);
    ese_cache_unpin(&cursor->root);
    *cursor = *from;
    cursor->root = NULL;
    cursor->before = before;
    cursor->spare = spare;
    if (from->page != NULL && from->node.data.data == from->before.data) {
        ese_page_line_decode(&cursor->page->page, cursor->line, &cursor->node);
        cursor->is_behind = true;
    }
}

/* Stands on a line of its page. `is_before`: its data is in `spare`. */
static void
stand(ese_btree_cursor *cursor, unsigned line, bool is_before)
{
    cursor->line = line;
    cursor->is_behind = false;
    ese_page_line_decode(&cursor->page->page, line, &cursor->node);
    if (is_before) {
        ese_growbuf before = cursor->spare;

        cursor->spare = cursor->before;
        cursor->before = before;
        cursor->node.data = ese_growbuf_bytes(&before);
    }
}

/* Takes over the page at the end of the path. */
static void
arrive(ese_btree__path *path)
{
    ese_btree_cursor *cursor = path->cursor;
    ese_btree__level *leaf = ese_btree__path_leaf(path);

    ese_cache_unpin(&cursor->page);
    cursor->page = leaf->page;
    leaf->page = NULL;
    cursor->begin = leaf->begin;
    cursor->end = leaf->end;
    stand(cursor, leaf->line, path->is_before);
}

JET_ERR
ese_btree__go(ese_btree__path *path, bool *found_out)
{
    JET_ERR err;
    bool found = false;

    ESE_TRY(ese_btree__path_walk(path, &found));
    if (found)
        arrive(path);
    *found_out = found;
out:
    ese_btree__path_release(path);
    return err;
}

/* As ese_btree__go, but when nothing is found the cursor stands nowhere. */
static JET_ERR
go_anew(ese_btree__path *path, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    err = ese_btree__go(path, &found);
    if (err < JET_errSuccess)
        return err;
    if (!found)
        ese_btree_cursor_reset(path->cursor);
    *found_out = found;
    return err;
}

JET_ERR
ese_btree_first(ese_btree_cursor *cursor, bool *found_out)
{
    ese_btree__path path;

    ese_btree__path_init(&path, cursor, ESE_BTREE__FORWARD);
    return go_anew(&path, found_out);
}

JET_ERR
ese_btree_last(ese_btree_cursor *cursor, bool *found_out)
{
    ese_btree__path path;

    ese_btree__path_init(&path, cursor, ESE_BTREE__BACKWARD);
    return go_anew(&path, found_out);
}

ese_btree__target
ese_btree__target_here(const ese_btree_cursor *cursor, uint8_t *room)
{
    const ese_page_node *node = &cursor->node;
    ese_btree__target target = {.goal = ESE_BTREE__BORDER, .key = node->suffix};

    if (node->prefix.size != 0)
        target.key = (ese_bytes){room, ese_page_node_copy_key(node, room, ESE_PAGE_KEY_MAX)};
    if (ese_btree__has_order_by_data(cursor->tree))
        target.data = target.data_above = node->data;
    return target;
}

/* Walks to what lies beyond the entry the cursor stands on. */
static JET_ERR
cross(ese_btree_cursor *cursor, ese_btree__direction direction, bool is_page_done, bool *found_out)
{
    ese_btree__path path;
    uint8_t room[ESE_PAGE_KEY_MAX];

    ese_btree__path_init(&path, cursor, direction);
    path.target = ese_btree__target_here(cursor, room);
    path.target.is_after = direction == ESE_BTREE__FORWARD;
    path.passed = is_page_done ? cursor->page : NULL;
    return ese_btree__go(&path, found_out);
}

/* A step that takes more than decoding the next line. */
static JET_ERR
step(ese_btree_cursor *cursor, ese_btree__direction direction, bool *found_out)
{
    JET_ERR err = JET_errSuccess;
    bool is_forward = direction == ESE_BTREE__FORWARD;
    unsigned line = cursor->line;
    ese_btree__sight sight = {0};
    bool is_current;

    if (cursor->page == NULL) {
        *found_out = false;
        goto out;
    }
    is_current = ese_btree__is_current(cursor->tree, cursor->page);
    while (is_current && !sight.is_visible && !sight.is_stale &&
           (is_forward ? line + 1 < cursor->end : line > cursor->begin)) {
        line = is_forward ? line + 1 : line - 1;
        ESE_TRY(ese_btree__see(cursor, cursor->page, line, &cursor->spare, &sight));
    }
    is_current = is_current && !sight.is_stale && ese_btree__is_current(cursor->tree, cursor->page);
    if (is_current && sight.is_visible) {
        stand(cursor, line, sight.is_before);
        *found_out = true;
    } else {
        err = cross(cursor, direction, is_current, found_out);
    }
out:
    return err;
}

/* Stands the cursor on a line of its page if that is all there is to a step. */
static inline bool
slide(ese_btree_cursor *cursor, unsigned line)
{
    uint8_t flags = ese_page_line_flags(&cursor->page->page, line);

    if (!ese_btree__is_plain(cursor->tree, &cursor->page->page, flags) ||
        !ese_btree__is_current(cursor->tree, cursor->page))
        return false;
    cursor->line = line;
    cursor->is_behind = false;
    ese_page_line_decode(&cursor->page->page, line, &cursor->node);
    return true;
}

JET_ERR
ese_btree_next(ese_btree_cursor *cursor, bool *found_out)
{
    if (cursor->line + 1 < cursor->end && slide(cursor, cursor->line + 1)) {
        *found_out = true;
        return JET_errSuccess;
    }
    return step(cursor, ESE_BTREE__FORWARD, found_out);
}

JET_ERR
ese_btree_prev(ese_btree_cursor *cursor, bool *found_out)
{
    if (cursor->line > cursor->begin && slide(cursor, cursor->line - 1)) {
        *found_out = true;
        return JET_errSuccess;
    }
    return step(cursor, ESE_BTREE__BACKWARD, found_out);
}

/* ---- up to date */

/* Looks at the node again, whose page may have changed meanwhile: then *is_stale_out. */
static JET_ERR
look_again(ese_btree_cursor *cursor, bool *found_out, bool *is_stale_out)
{
    JET_ERR err;
    ese_btree__sight sight = {0};

    ESE_TRY(ese_btree__see(cursor, cursor->page, cursor->line, &cursor->spare, &sight));
    *is_stale_out = sight.is_stale || !ese_btree__is_current(cursor->tree, cursor->page);
    if (!*is_stale_out && sight.is_visible)
        stand(cursor, cursor->line, sight.is_before);
    *found_out = sight.is_visible;
out:
    return err;
}

/* Stands the cursor on its entry where that is now, seen or not. *is_there_out = false: nowhere, and the cursor stays. */
static JET_ERR
find_again(ese_btree_cursor *cursor, bool *is_there_out)
{
    JET_ERR err;
    ese_btree__path path;
    uint8_t room[ESE_PAGE_KEY_MAX];
    bool found = false;

    ese_btree__path_init(&path, cursor, ESE_BTREE__FORWARD);
    path.sees_all = true;
    path.target = ese_btree__target_here(cursor, room);
    ESE_TRY(ese_btree__path_walk(&path, &found));
    if (found) {
        const ese_btree__level *leaf = ese_btree__path_leaf(&path);
        ese_page_node node = ese_page_line(&leaf->page->page, leaf->line);

        found =
            ese_page_node_compare_key(&node, path.target.key) == 0 &&
            (path.target.data.data == NULL || ese_bytes_compare(node.data, path.target.data) == 0);
    }
    if (found)
        arrive(&path);
    *is_there_out = found;
out:
    ese_btree__path_release(&path);
    return err;
}

/* Nothing need be asked of the version store then. The image is looked at last, as ese_btree__is_plain demands. */
bool
ese_btree_is_up_to_date(const ese_btree_cursor *cursor)
{
    bool is_of_page = !cursor->is_behind && cursor->node.data.data != cursor->before.data;

    return is_of_page &&
           ese_btree__is_plain(cursor->tree, &cursor->page->page, cursor->node.flags) &&
           ese_cache_is_current(cursor->page);
}

JET_ERR
ese_btree_refresh(ese_btree_cursor *cursor, bool *found_out)
{
    JET_ERR err = JET_errSuccess;
    bool found = cursor->page != NULL;
    bool is_stale;

    if (!found || cursor->tree->shared == NULL)
        goto done;
    if (ese_btree_is_up_to_date(cursor))
        goto done;
    is_stale = !ese_cache_is_current(cursor->page);
    do {
        if (is_stale)
            ESE_TRY(find_again(cursor, &found));
        is_stale = false;
        if (found)
            ESE_TRY(look_again(cursor, &found, &is_stale));
    } while (is_stale);
done:
    *found_out = found;
out:
    return err;
}

/* ---- seeking */

static int
compare_found(const ese_btree_cursor *cursor, ese_bytes key, ese_bytes data)
{
    int order = ese_page_node_compare_key(&cursor->node, key);

    if (order == 0 && data.data != NULL)
        order = ese_bytes_compare(cursor->node.data, data);
    return (order > 0) - (order < 0);
}

JET_ERR
ese_btree_seek(ese_btree_cursor *cursor, ese_bytes key, ese_bytes data, ese_btree_seek_mode mode,
               bool *found_out, int *order_out)
{
    uint8_t highest[ESE_PAGE_KEY_MAX + 1]; /* data longer and greater than any */
    bool is_backward = mode == ESE_BTREE_LE || mode == ESE_BTREE_LT;
    ese_btree__path path;
    bool found = false;
    JET_ERR err;

    if (!ese_btree__has_order_by_data(cursor->tree))
        data = (ese_bytes){NULL, 0};
    if (mode == ESE_BTREE_GE && ese_btree__find_shortly(cursor, key, data)) {
        *order_out = compare_found(cursor, key, data);
        *found_out = true;
        return JET_errSuccess;
    }
    ese_btree__path_init(&path, cursor, is_backward ? ESE_BTREE__BACKWARD : ESE_BTREE__FORWARD);
    path.target.goal = ESE_BTREE__BORDER;
    path.target.is_after = mode == ESE_BTREE_LE || mode == ESE_BTREE_GT;
    path.target.key = key;
    path.target.data = path.target.data_above = data;
    if (mode == ESE_BTREE_LE && data.data == NULL && ese_btree__has_order_by_data(cursor->tree)) {
        /*
         * The last of the entries with this key is wanted, and separators that begin with it may have any of their data behind it: go down
         * behind them all, and from there back.
         */
        memset(highest, 0xff, sizeof highest);
        path.target.data_above = (ese_bytes){highest, sizeof highest};
    }
    ESE_TRY(go_anew(&path, &found));
    if (found)
        *order_out = compare_found(cursor, key, data);
    *found_out = found;
out:
    return err;
}
