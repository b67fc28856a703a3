/*
 * Cursors: standing on a node, seeking one, stepping to its neighbours.
 *
 * A step within a page only decodes the next line. At the end of the page the cursor walks from the root to where its entry is, and from
 * there to the neighbouring leaf.
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
    cursor->line = cursor->begin = cursor->end = 0;
    cursor->node = (ese_page_node){0};
}

void
ese_btree_cursor_copy(ese_btree_cursor *cursor, const ese_btree_cursor *from)
{
    ese_cache_page *page = from->page;

    if (cursor == from)
        return;
    if (page != NULL)
        ese_cache_repin(page);
    ese_cache_unpin(&cursor->page);
    *cursor = *from;
}

JET_ERR
ese_btree__go(ese_btree_cursor *cursor, ese_btree__path *path, bool *found_out)
{
    JET_ERR err;
    bool found = false;

    ESE_TRY(ese_btree__path_walk(path, &found));
    if (found) {
        ese_btree__level *leaf = ese_btree__path_leaf(path);

        ese_cache_unpin(&cursor->page);
        cursor->page = leaf->page; /* takes over the pin */
        leaf->page = NULL;
        cursor->line = leaf->line;
        cursor->begin = leaf->begin;
        cursor->end = leaf->end;
        ese_page_line_decode(&cursor->page->page, cursor->line, &cursor->node);
    }
    *found_out = found;
out:
    ese_btree__path_release(path);
    return err;
}

/* As ese_btree__go, but when nothing is found the cursor stands nowhere. */
static JET_ERR
go_anew(ese_btree_cursor *cursor, ese_btree__path *path, bool *found_out)
{
    bool found = false;
    JET_ERR err;

    err = ese_btree__go(cursor, path, &found);
    if (err < JET_errSuccess)
        return err;
    if (!found)
        ese_btree_cursor_reset(cursor);
    *found_out = found;
    return err;
}

JET_ERR
ese_btree_first(ese_btree_cursor *cursor, bool *found_out)
{
    ese_btree__path path;

    ese_btree__path_init(&path, cursor->tree, cursor->told, ESE_BTREE__FORWARD);
    return go_anew(cursor, &path, found_out);
}

JET_ERR
ese_btree_last(ese_btree_cursor *cursor, bool *found_out)
{
    ese_btree__path path;

    ese_btree__path_init(&path, cursor->tree, cursor->told, ESE_BTREE__BACKWARD);
    return go_anew(cursor, &path, found_out);
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

/* Goes to the neighbouring leaf. */
static JET_ERR
cross(ese_btree_cursor *cursor, ese_btree__direction direction, bool *found_out)
{
    ese_btree__path path;
    uint8_t room[ESE_PAGE_KEY_MAX];

    if (cursor->page == NULL) {
        *found_out = false;
        return JET_errSuccess;
    }
    ese_btree__path_init(&path, cursor->tree, cursor->told, direction);
    path.target = ese_btree__target_here(cursor, room);
    path.target.is_after = direction == ESE_BTREE__FORWARD;
    path.passed = cursor->page;
    return ese_btree__go(cursor, &path, found_out);
}

JET_ERR
ese_btree_next(ese_btree_cursor *cursor, bool *found_out)
{
    for (unsigned line = cursor->line + 1; line < cursor->end; line++) {
        if ((ese_page_line_flags(&cursor->page->page, line) & ESE_PAGE_NODE_DELETED) == 0) {
            cursor->line = line;
            ese_page_line_decode(&cursor->page->page, cursor->line, &cursor->node);
            *found_out = true;
            return JET_errSuccess;
        }
    }
    return cross(cursor, ESE_BTREE__FORWARD, found_out);
}

JET_ERR
ese_btree_prev(ese_btree_cursor *cursor, bool *found_out)
{
    for (unsigned line = cursor->line; line > cursor->begin; line--) {
        if ((ese_page_line_flags(&cursor->page->page, line - 1) & ESE_PAGE_NODE_DELETED) == 0) {
            cursor->line = line - 1;
            ese_page_line_decode(&cursor->page->page, cursor->line, &cursor->node);
            *found_out = true;
            return JET_errSuccess;
        }
    }
    return cross(cursor, ESE_BTREE__BACKWARD, found_out);
}

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
    ese_btree__path_init(&path, cursor->tree, cursor->told,
                         is_backward ? ESE_BTREE__BACKWARD : ESE_BTREE__FORWARD);
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
    ESE_TRY(go_anew(cursor, &path, &found));
    if (found)
        *order_out = compare_found(cursor, key, data);
    *found_out = found;
out:
    return err;
}
