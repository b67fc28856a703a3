/*
 * What a session sees of a line of a leaf.
 *
 * The page shows the newest state. A line that is flagged is looked up in the version store; the page and what the store says belong together only if the
 * image is still the newest one when the store has answered (INV-4 of txn.h), which the caller finds out. Deltas of others are the exception: their
 * versions stand in the store a moment before the page has the sum, so that the two are compared under the latch of the page.
 */
#include "btree/btree_private.h"

bool
ese_btree__settle(ese_btree_db *db)
{
    /*
     * Acquire: matches the release where ese_log_edit_begin draws a number, which comes after the version of the change. So the versions of all changes up to `now`
     * are counted when the store is asked; if it is empty they have left.
     */
    uint64_t now = atomic_load_explicit(&db->log_db->dbtime, memory_order_acquire);

    if (!ese_txn_store_is_empty(db->store))
        return false;
    /* Release: see ese_btree__is_settled. A smaller number that comes later does no harm. */
    if (now != atomic_load_explicit(&db->settled, memory_order_relaxed))
        atomic_store_explicit(&db->settled, now, memory_order_release);
    return true;
}

ese_txn_place
ese_btree__place(const ese_btree *tree, const ese_page_node *node, uint8_t *room)
{
    ese_txn_place place = {.tree = tree->shared, .key = node->suffix};

    if (node->prefix.size != 0)
        place.key = (ese_bytes){room, ese_page_node_copy_key(node, room, ESE_PAGE_KEY_MAX)};
    if (ese_btree__has_order_by_data(tree))
        place.data = node->data;
    return place;
}

/* An entry and who looks at it. */
typedef struct look {
    const ese_btree_cursor *cursor;
    const ese_page_node *node;
    ese_txn_place place;
    ese_growbuf *before;
} look;

static JET_ERR
ask_versions(const look *what, ese_btree__sight *sight_out, bool *has_delta_out)
{
    JET_ERR err;
    const ese_txn_session *session = what->cursor->session;
    ese_txn_sight sight = ESE_TXN_NOTHING;

    if (session == NULL || session->store == NULL)
        session = ese_txn_store_observer(what->cursor->tree->shared->db->store);
    ESE_TRY(ese_txn_see(session, &what->place, (what->node->flags & ESE_PAGE_NODE_DELETED) != 0,
                        what->node->data, what->before, &sight, has_delta_out));
    *sight_out = (ese_btree__sight){
        .is_visible = sight != ESE_TXN_NOTHING,
        .is_before = sight == ESE_TXN_BEFORE,
    };
out:
    return err;
}

/* Asks again while nobody can change the page. Takes: the latch of the page. */
static JET_ERR
ask_versions_latched(const look *what, ese_cache_page *page, ese_btree__sight *sight_out)
{
    JET_ERR err;
    ese_cache_page *latched = NULL;
    bool has_delta = false;

    ESE_TRY(ese_cache_latch(what->cursor->tree->file, page->page.pgno, &latched));
    if (latched == page)
        ESE_TRY(ask_versions(what, sight_out, &has_delta));
    else
        *sight_out = (ese_btree__sight){.is_stale = true};
out:
    ese_cache_unlatch(&latched, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__see(const ese_btree_cursor *cursor, ese_cache_page *page, unsigned line,
               ese_growbuf *before, ese_btree__sight *sight_out)
{
    JET_ERR err = JET_errSuccess;
    const ese_btree *tree = cursor->tree;
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_btree__sight sight = {0};
    ese_page_node node;
    bool has_delta = false;
    look what;

    ese_page_line_decode(&page->page, line, &node);
    if ((node.flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED)) == 0 ||
        tree->shared == NULL || ese_btree__is_settled(tree, &page->page)) {
        sight.is_visible = (node.flags & ESE_PAGE_NODE_DELETED) == 0;
    } else {
        if (before->limit == 0)
            *before = ese_growbuf_make(ESE_PAGE_SIZE_MAX);
        what = (look){cursor, &node, ese_btree__place(tree, &node, room), before};
        ESE_TRY(ask_versions(&what, &sight, &has_delta));
        if (has_delta)
            ESE_TRY(ask_versions_latched(&what, page, &sight));
    }
    *sight_out = sight;
out:
    return err;
}
