/*
 * Nodes leave leaves, and leaves that hold next to nothing leave the tree.
 *
 * A leaf goes when all its nodes are garbage (deleted, and nobody sees them), or when what is left of it has room in a neighbour with the same parent. Its range falls to a
 * neighbour: to the next page; or, if that is not below the same parent, to the one before, which takes the place of the leaf there. If the parent goes, too, the next page gets the range
 * when the separators above reach less far; at the end of the tree the page before gets it, whose separators become infinite.
 *
 * INV-1  As in splits: structure_lock is held, and nobody else has more than one page of the tree latched, so that pages are latched in any order.
 * INV-2  Pages become free after the edit. Who is still on his way to one of them finds out by the number of the structure.
 * INV-3  No internal page is without lines. When there is nothing left in the whole tree its root becomes a leaf.
 * INV-4  A leaf that is no root keeps its last node, flagged deleted, until it goes.
 */
#include "btree/btree_private.h"

#include "record/record_lv.h"

enum {
    NEARLY_EMPTY = 4, /* less than one part of so many is in use */
    RESERVE = 8,      /* after a merge so large a part of the neighbour is free */
};

typedef struct merger {
    const ese_btree__writer *writer;
    ese_btree__way way;
    ese_log_edit edit;
    unsigned ancestor;                    /* level that loses a line */
    int ancestor_page, leaf, left, right; /* in the edit, -1 = none */
    int chain, n_chain;                   /* pages between ancestor and leaf, which go with it */
    ese_log_merge_type type;
    bool is_key_change; /* a separator changes: */
    ese_bytes key;      /* to this one */
    int spine,
        n_spine; /* pages below the line before the one that goes whose last separator becomes it, too */
    int above, n_above; /* pages above the ancestor, lowest first, whose separators become it */
    uint8_t room[ESE_PAGE_KEY_MAX];
} merger;

/* ---- what is in the leaf */

typedef enum verdict { KEEP, EMPTY, MOVE } verdict;

static unsigned
area_of(const ese_page *page)
{
    return page->size - ese_page_header_size(page->size);
}

static bool
is_nearly_empty(const ese_page *page)
{
    unsigned area = area_of(page);

    return area - ese_page_free_bytes(page) < area / NEARLY_EMPTY;
}

/*
 * A root that a crash has left deleted hides its chunks, which no version tells of any more. Without it they would be found without one. One whose chunks are gone is being
 * removed itself.
 */
static bool
hides_chunks(const ese_btree__writer *writer, const ese_page_node *node)
{
    const ese_txn_change *undone = writer->undone;
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_bytes key = {room, 0};
    ese_record_lv_kind kind = ESE_RECORD_LV_CHUNK;
    uint64_t lid;
    uint32_t offset;

    if ((writer->tree->kind & ESE_PAGE_LONG_VALUE) == 0)
        return false;
    key.size = ese_page_node_copy_key(node, room, sizeof room);
    if (ese_record_lv_split_key(key, &kind, &lid, &offset) < JET_errSuccess)
        return false;
    return kind == ESE_RECORD_LV_ROOT &&
           (undone == NULL || ese_bytes_compare(undone->place.key, key) != 0);
}

/* Does anybody need a node that is flagged deleted? Not for the change that is being taken back or cleared away. */
static bool
is_needed(const ese_btree__writer *writer, const ese_page_node *node)
{
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_txn_place place;

    if (hides_chunks(writer, node))
        return true;
    if (writer->tree->shared == NULL || (node->flags & ESE_PAGE_NODE_VERSION) == 0)
        return false;
    place = ese_btree__place(writer->tree, node, room);
    return ese_txn_has_versions(writer->db->store, &place,
                                writer->undone == NULL ? 0 : writer->undone->rceid);
}

static verdict
judge(const ese_btree__writer *writer, const ese_page *page)
{
    unsigned n = ese_page_line_count(page);
    unsigned n_live = 0;

    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);

        if ((node.flags & ESE_PAGE_NODE_DELETED) == 0)
            n_live++;
        else if (is_needed(writer, &node))
            return KEEP;
    }
    if (n_live == 0)
        return EMPTY;
    return is_nearly_empty(page) ? MOVE : KEEP;
}

/* ---- which pages */

static JET_ERR
add(merger *m, ese_pgno pgno, int *index_out)
{
    JET_ERR err = ese_cache_latch(m->writer->tree->file, pgno, &m->edit.pages[m->edit.n_pages]);

    if (err >= JET_errSuccess)
        *index_out = (int)m->edit.n_pages++;
    return err;
}

static const ese_page *
page_at(const merger *m, int index)
{
    return &m->edit.pages[index]->page;
}

static JET_ERR
add_neighbour(merger *m, ese_pgno pgno, bool is_left, int *index_out)
{
    JET_ERR err;
    const ese_btree *tree = m->writer->tree;
    ese_pgno leaf = page_at(m, m->leaf)->pgno;
    const ese_page *page;

    if (pgno == 0)
        return JET_errSuccess;
    ESE_TRY(add(m, pgno, index_out));
    page = page_at(m, *index_out);
    if (ese_page_objid(page) != tree->objid || !ese_btree__is_leaf(page) ||
        (is_left ? ese_page_next(page) : ese_page_prev(page)) != leaf)
        err = ese_raise(JET_errBadPageLink, "%s: pages %u and %u do not point at each other",
                        ese_cache_path(tree->file), (unsigned)leaf, (unsigned)pgno);
out:
    return err;
}

/* The lowest level whose page has another line: below it, all goes. 0 with a single line: the whole tree. */
static unsigned
find_ancestor(const ese_btree__way *way)
{
    unsigned level = way->depth - 2;

    while (level > 0 && way->counts[level] == 1)
        level--;
    return level;
}

static bool
is_last_line(const merger *m)
{
    return m->way.lines[m->ancestor] + 1 == m->way.counts[m->ancestor];
}

static bool
is_whole_tree(const merger *m)
{
    return m->way.counts[m->ancestor] == 1;
}

/* The key of a line of the ancestor becomes the one that separators change to. */
static void
set_key(merger *m, unsigned line)
{
    ese_page_node node = ese_page_line(page_at(m, m->ancestor_page), line);

    m->key = (ese_bytes){m->room, ese_page_node_copy_key(&node, m->room, sizeof m->room)};
    m->is_key_change = true;
}

/* Latches the right edge of what lies before the line that goes, at the end of the tree: its separators become as infinite as that line's. */
static JET_ERR
add_spine(merger *m)
{
    JET_ERR err = JET_errSuccess;
    const ese_page *page = page_at(m, m->ancestor_page);
    unsigned line = m->way.lines[m->ancestor] - 1;

    m->spine = (int)m->edit.n_pages;
    for (unsigned level = m->ancestor + 1; level + 1 < m->way.depth; level++) {
        ese_page_node node = ese_page_line(page, line);
        int index;

        ESE_TRY(add(m, ese_page_node_child(&node), &index));
        m->n_spine++;
        page = page_at(m, index);
        line = ese_page_line_count(page) - 1;
        if (ese_page_objid(page) != m->writer->tree->objid || ese_btree__is_leaf(page) ||
            line == UINT32_MAX)
            ESE_TRY(ese_raise(JET_errDatabaseCorrupted, "%s: page %u is no parent",
                              ese_cache_path(m->writer->tree->file), (unsigned)page->pgno));
    }
out:
    return err;
}

/* Latches the pages above the ancestor whose separators follow its last line. *fits_out: they can. */
static JET_ERR
add_above(merger *m, bool *fits_out)
{
    JET_ERR err = JET_errSuccess;
    bool is_end = false, fits = true;

    m->above = (int)m->edit.n_pages;
    for (unsigned level = m->ancestor; level > 0 && !is_end && fits; level--) {
        unsigned line = m->way.lines[level - 1];
        int index;

        ESE_TRY(add(m, m->way.pgnos[level - 1], &index));
        m->n_above++;
        is_end = line + 1 < m->way.counts[level - 1];
        fits = ese_page_fits_key(page_at(m, index), line, m->key);
    }
    *fits_out = fits && is_end;
out:
    return err;
}

/* Finds out who gets the range of the leaf when that has no line behind it in the ancestor. */
static JET_ERR
choose_heir(merger *m, bool *fits_out)
{
    unsigned line = m->way.lines[m->ancestor];
    ese_page_node node = ese_page_line(page_at(m, m->ancestor_page), line);

    if (ese_page_node_key_size(&node) == 0) {
        set_key(m, line);
        return add_spine(m);
    }
    if (m->n_chain != 0) {
        set_key(m, line - 1);
        return add_above(m, fits_out);
    }
    /* As in a merge with the left neighbour in which no line moves. */
    m->type = ESE_LOG_MERGE_FULL_LEFT;
    *fits_out = m->left >= 0;
    return JET_errSuccess;
}

/* Latches all that changes besides the leaf. */
static JET_ERR
add_others(merger *m)
{
    JET_ERR err;
    const ese_page *leaf = page_at(m, m->leaf);
    ese_pgno left = ese_page_prev(leaf);
    ese_pgno right = ese_page_next(leaf);
    int index;

    ESE_TRY(add(m, m->way.pgnos[m->ancestor], &m->ancestor_page));
    m->chain = (int)m->edit.n_pages;
    for (unsigned level = m->ancestor + 1; level + 1 < m->way.depth; level++, m->n_chain++)
        ESE_TRY(add(m, m->way.pgnos[level], &index));
    ESE_TRY(add_neighbour(m, left, true, &m->left));
    ESE_TRY(add_neighbour(m, right, false, &m->right));
out:
    return err;
}

/* ---- the change */

static void
make_empty(merger *m, int index)
{
    ese_page_mut page = ese_log_edit_page(&m->edit, (unsigned)index);
    ese_page view = ese_page_of_mut(&page);

    ese_page_set_flags(&page, ese_page_flags(&view) | ESE_PAGE_EMPTY);
    ese_page_clear(&page);
}

static void
join_neighbours(merger *m)
{
    ese_pgno left = m->left < 0 ? 0 : page_at(m, m->left)->pgno;
    ese_pgno right = m->right < 0 ? 0 : page_at(m, m->right)->pgno;

    if (m->left >= 0) {
        ese_page_mut page = ese_log_edit_page(&m->edit, (unsigned)m->left);

        ese_page_set_next(&page, right);
    }
    if (m->right >= 0) {
        ese_page_mut page = ese_log_edit_page(&m->edit, (unsigned)m->right);

        ese_page_set_prev(&page, left);
    }
}

static void
move_lines(merger *m)
{
    ese_page_mut leaf = ese_log_edit_page(&m->edit, (unsigned)m->leaf);
    ese_page from = ese_page_of_mut(&leaf);
    ese_page_mut to;

    if (m->type == ESE_LOG_MERGE_FULL_RIGHT) {
        to = ese_log_edit_page(&m->edit, (unsigned)m->right);
        ese_page_merge_right(&from, &to);
    } else if (m->type == ESE_LOG_MERGE_FULL_LEFT) {
        to = ese_log_edit_page(&m->edit, (unsigned)m->left);
        ese_page_merge_left(&from, &to);
    }
}

static void
change_key(merger *m, int index, unsigned line)
{
    ese_page_mut page = ese_log_edit_page(&m->edit, (unsigned)index);

    ese_page_set_key(&page, line, m->key);
}

static void
change_ancestor(merger *m)
{
    ese_page_mut page = ese_log_edit_page(&m->edit, (unsigned)m->ancestor_page);
    unsigned line = m->way.lines[m->ancestor];

    if (m->type == ESE_LOG_MERGE_FULL_LEFT) { /* the line of the leaf leads to its neighbour now */
        ese_page_set_child(&page, line, page_at(m, m->left)->pgno);
        ese_page_remove(&page, line - 1);
        return;
    }
    ese_page_remove(&page, line);
    if (m->is_key_change && m->n_above == 0)
        ese_page_set_key(&page, line - 1, m->key);
    for (int i = 0; i < m->n_spine; i++)
        change_key(m, m->spine + i, ese_page_line_count(page_at(m, m->spine + i)) - 1);
    for (int i = 0; i < m->n_above; i++)
        change_key(m, m->above + i, m->way.lines[m->ancestor - 1 - (unsigned)i]);
}

/* The root has nothing below it any more. */
static void
become_leaf(merger *m)
{
    ese_page_mut root = ese_log_edit_page(&m->edit, (unsigned)m->ancestor_page);
    ese_page view = ese_page_of_mut(&root);
    uint32_t flags = ese_page_flags(&view) & ~(uint32_t)ESE_PAGE_PARENT_OF_LEAF;

    while (ese_page_line_count(&view) > 0)
        ese_page_remove(&root, 0);
    ese_page_set_flags(&root, flags | ESE_PAGE_LEAF);
}

static void
change_pages(merger *m)
{
    move_lines(m);
    if (is_whole_tree(m))
        become_leaf(m);
    else
        change_ancestor(m);
    join_neighbours(m);
    make_empty(m, m->leaf);
    for (int i = 0; i < m->n_chain; i++)
        make_empty(m, m->chain + i);
}

/* A record of an ancestor: no neighbours, no lines that move. */
static ese_log_record
ancestor_record(const merger *m, int page, unsigned line)
{
    ese_log_record record = ese_btree__record(m->writer, ESE_LOG_MERGE);

    record.page = page;
    record.u.merge =
        (ese_log_merge){.page = page, .left = -1, .right = -1, .parent = -1, .line = line};
    return record;
}

static ese_log_record
key_record(const merger *m, int page, unsigned line)
{
    ese_log_record record = ancestor_record(m, page, line);

    record.u.merge.is_key_change = true;
    record.u.merge.separator = m->key;
    return record;
}

/*
 * What becomes of the ancestor. That the last line left gets an empty key when one with an empty key goes is understood. With FULL_LEFT one record stands for both: the line keeps its
 * key, and leads to the left neighbour.
 */
static ese_log_record
record_of_ancestor(const merger *m)
{
    ese_log_record record = ancestor_record(m, m->ancestor_page, m->way.lines[m->ancestor]);

    record.u.merge.is_delete_node = true;
    record.u.merge.is_key_change = m->type == ESE_LOG_MERGE_FULL_LEFT;
    return record;
}

static ese_log_record
record_of_leaf(const merger *m)
{
    unsigned n = ese_page_line_count(page_at(m, m->leaf));
    ese_log_record record = ese_btree__record(m->writer, ESE_LOG_MERGE);

    record.page = m->leaf;
    record.u.merge = (ese_log_merge){
        .page = m->leaf,
        .left = m->left,
        .right = m->right,
        .parent = m->n_chain == 0 ? m->ancestor_page : m->chain + m->n_chain - 1,
        .line = m->type == ESE_LOG_MERGE_FULL_LEFT && n != 0 ? n - 1 : 0,
        .type = m->type,
        .is_empty_page = true,
    };
    return record;
}

/* From the highest ancestor to the leaf; each page has one. */
static unsigned
make_records(const merger *m, ese_log_record *records)
{
    unsigned n = 0;

    if (is_whole_tree(m)) {
        records[0] = ese_btree__record(m->writer, ESE_LOG_EMPTY_TREE);
        records[0].page = m->ancestor_page;
        return 1;
    }
    for (int i = m->n_above - 1; i >= 0; i--)
        records[n++] = key_record(m, m->above + i, m->way.lines[m->ancestor - 1 - (unsigned)i]);
    records[n++] = record_of_ancestor(m);
    for (int i = 0; i < m->n_spine; i++)
        records[n++] =
            key_record(m, m->spine + i, ese_page_line_count(page_at(m, m->spine + i)) - 1);
    for (int i = 0; i < m->n_chain; i++) {
        records[n] = ancestor_record(m, m->chain + i, 0);
        records[n].u.merge.parent = i == 0 ? m->ancestor_page : m->chain + i - 1;
        records[n++].u.merge.is_empty_page = true;
    }
    records[n++] = record_of_leaf(m);
    return n;
}

/* Pages that the tree has let go. */
typedef struct freed {
    ese_pgno pgnos[ESE_BTREE_DEPTH_MAX];
    unsigned n;
} freed;

static JET_ERR
merge(merger *m, freed *freed_out)
{
    JET_ERR err;
    const ese_btree *tree = m->writer->tree;
    ese_log_record records[ESE_LOG_EDIT_PAGES_MAX + 1];
    uint64_t lgpos = 0;

    /* As in splits: recovery may find the lines in the record only. */
    if (m->type != ESE_LOG_MERGE_EMPTY_PAGE)
        ESE_TRY(ese_btree_log_undo_info(m->writer->db, page_at(m, m->leaf), &lgpos));
    ESE_TRY(ese_log_edit_begin(&m->edit, records, make_records(m, records)));
    freed_out->pgnos[freed_out->n++] = page_at(m, m->leaf)->pgno;
    for (int i = 0; i < m->n_chain; i++)
        freed_out->pgnos[freed_out->n++] = page_at(m, m->chain + i)->pgno;
    ese_btree__structure_begin(tree);
    change_pages(m);
    ese_log_edit_end(&m->edit);
    ese_btree__structure_end(tree);
    m->edit.n_pages = 0;
out:
    return err;
}

/* ---- whether and how */

static bool
has_room(const ese_page *from, const ese_page *to)
{
    unsigned used = area_of(from) - ese_page_free_bytes(from);

    return ese_page_free_bytes(to) >= used + area_of(to) / RESERVE && ese_page_fits_merge(from, to);
}

/* Into which neighbour the lines go. NONE: into neither. */
static ese_log_merge_type
choose_neighbour(const merger *m)
{
    const ese_page *leaf = page_at(m, m->leaf);
    unsigned line = m->way.lines[m->ancestor];

    if (line + 1 < m->way.counts[m->ancestor] && m->right >= 0 &&
        has_room(leaf, page_at(m, m->right)))
        return ESE_LOG_MERGE_FULL_RIGHT;
    if (line > 0 && m->left >= 0 && has_room(leaf, page_at(m, m->left)))
        return ESE_LOG_MERGE_FULL_LEFT;
    return ESE_LOG_MERGE_NONE;
}

/* Removes a node that was the last of the leaf until somebody put another one there. *is_done_out = false: there is none. */
static JET_ERR
remove_late(merger *m, ese_bytes key, ese_bytes data, bool *is_done_out)
{
    const ese_btree__writer *writer = m->writer;
    ese_btree__spot spot = {.page = m->edit.pages[m->leaf]};
    ese_log_record record = ese_btree__record(writer, ESE_LOG_DELETE);

    ese_btree__spot_find(writer->tree, key, data, &spot);
    *is_done_out = spot.is_there && (spot.node.flags & ESE_PAGE_NODE_DELETED) != 0 &&
                   !is_needed(writer, &spot.node) && ese_page_line_count(&spot.page->page) > 1;
    if (!*is_done_out)
        return JET_errSuccess;
    record.u.node.line = spot.line;
    record.u.node.key = key;
    record.u.node.key_data = data;
    return ese_log_change_node(writer->db->log_db, writer->origin, &m->edit.pages[m->leaf],
                               &record);
}

static JET_ERR
try_merge(merger *m, ese_bytes key, ese_bytes data, freed *freed_out)
{
    JET_ERR err;
    bool fits = true;
    bool is_done = false;
    verdict what;

    ESE_TRY(ese_btree__way_find(m->writer->tree, key, data, &m->way));
    if (m->way.depth == 1)
        goto out;
    ESE_TRY(add(m, m->way.pgnos[m->way.depth - 1], &m->leaf));
    what = judge(m->writer, page_at(m, m->leaf));
    if (what != EMPTY)
        ESE_TRY(remove_late(m, key, data, &is_done));
    if (what == KEEP || is_done)
        goto out;
    m->ancestor = what == EMPTY ? find_ancestor(&m->way) : m->way.depth - 2;
    m->type = ESE_LOG_MERGE_EMPTY_PAGE;
    if (what == MOVE && m->way.counts[m->ancestor] == 1)
        goto out;
    ESE_TRY(add_others(m));
    if (what == MOVE)
        m->type = choose_neighbour(m);
    if (what == EMPTY && is_whole_tree(m))
        fits = m->left < 0 && m->right < 0; /* else there is more of it than the way to it shows */
    else if (what == EMPTY && is_last_line(m))
        ESE_TRY(choose_heir(m, &fits));
    if (fits && m->type != ESE_LOG_MERGE_NONE)
        err = merge(m, freed_out);
out:
    return err;
}

/* Lets the leaf of the entry go, if it can. */
static void
merge_leaf(const ese_btree__writer *writer, ese_bytes key, ese_bytes data)
{
    merger m = {.writer = writer,
                .edit = {.db = writer->db->log_db, .origin = writer->origin},
                .ancestor_page = -1,
                .leaf = -1,
                .left = -1,
                .right = -1};
    freed gone = {.n = 0};

    ese_btree__structure_lock(writer->tree);
    /* A leaf that stays for lack of memory is none the worse for it. */
    (void)try_merge(&m, key, data, &gone);
    ese_log_edit_cancel(&m.edit);
    ese_btree__structure_unlock(writer->tree);
    for (unsigned i = 0; i < gone.n; i++)
        ese_btree__give_page(writer->db, writer->origin, writer->tree, gone.pgnos[i]);
}

JET_ERR
ese_btree__remove(const ese_btree__writer *writer, ese_btree__spot *spot, ese_bytes key,
                  ese_bytes data)
{
    JET_ERR err = JET_errSuccess;
    const ese_page *page = &spot->page->page;
    bool is_root = (ese_page_flags(page) & ESE_PAGE_ROOT) != 0;
    unsigned n_left = ese_page_line_count(page) - 1;
    /* Looked at now and then only: each time the number of lines has halved. */
    bool is_time = !is_root && (n_left & (n_left - 1)) == 0 && is_nearly_empty(page);
    ese_log_record record = ese_btree__record(writer, ESE_LOG_DELETE);

    record.u.node.line = spot->line;
    record.u.node.key = key;
    record.u.node.key_data = data;
    if (n_left == 0 && !is_root) {
        record.type = ESE_LOG_FLAG_DELETE;
        is_time = true;
    }
    err = ese_log_change_node(writer->db->log_db, writer->origin, &spot->page, &record);
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    if (err >= JET_errSuccess && is_time)
        merge_leaf(writer, key, data);
    return err;
}
