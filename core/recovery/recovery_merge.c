/*
 * Redo of merges: the records of a macro from the highest changed ancestor to the leaf; and macros as a whole. Recovery specification, section 5.7.
 *
 * INV-1  Each page is tested on its own. What a page becomes is put together in buffers and checked before anything changes.
 */
#include "recovery/recovery_private.h"

enum { KEY_CHANGE = 1, DELETE_NODE = 2, EMPTY_PAGE = 4 };

enum {
    MERGE_NONE = 0,
    MERGE_EMPTY_PAGE = 1,
    MERGE_FULL_RIGHT = 2,
    MERGE_PARTIAL_RIGHT = 3,
    MERGE_EMPTY_TREE = 4,
    MERGE_FULL_LEFT = 5,
    MERGE_PARTIAL_LEFT = 6,
};

static bool
goes_right(const ese_log_entry_merge *merge)
{
    return merge->type == MERGE_FULL_RIGHT || merge->type == MERGE_PARTIAL_RIGHT;
}

static bool
goes_left(const ese_log_entry_merge *merge)
{
    return merge->type == MERGE_FULL_LEFT || merge->type == MERGE_PARTIAL_LEFT;
}

static bool
unlinks(const ese_log_entry_merge *merge)
{
    return merge->type == MERGE_EMPTY_PAGE || merge->type == MERGE_FULL_RIGHT ||
           merge->type == MERGE_FULL_LEFT;
}

static void
make_empty(ese_page_mut *page)
{
    ese_page view = ese_page_of_mut(page);

    ese_page_set_flags(page, ese_page_flags(&view) | ESE_PAGE_EMPTY);
    ese_page_clear(page);
}

/* ---- ancestors */

static JET_ERR
change_key(ese_recovery__run *run, ese_page_mut *page, unsigned line, ese_bytes key)
{
    ese_page view = ese_page_of_mut(page);

    if (line >= ese_page_line_count(&view) || key.size > ESE_PAGE_KEY_MAX ||
        !ese_page_fits_key(&view, line, key))
        return ese_recovery__inconsistent(run, page->pgno, "the separator does not fit");
    ese_page_set_key(page, line, key);
    return JET_errSuccess;
}

static JET_ERR
delete_pointer(ese_recovery__run *run, ese_page_mut *page, unsigned line)
{
    ese_page view = ese_page_of_mut(page);
    unsigned n = ese_page_line_count(&view);
    ese_page_node node;

    if (line >= n || n < 2)
        return ese_recovery__inconsistent(run, page->pgno, "there is no such line");
    node = ese_page_line(&view, line);
    if (line + 1 == n && ese_page_node_key_size(&node) == 0) { /* who comes last takes its place */
        ese_page_remove(page, line);
        return change_key(run, page, line - 1, (ese_bytes){NULL, 0});
    }
    ese_page_remove(page, line);
    return JET_errSuccess;
}

static JET_ERR
change_ancestor(ese_recovery__run *run, const ese_log_entry *entry, const ese_log_entry *leaf,
                ese_page_mut *page)
{
    const ese_log_entry_merge *merge = &entry->u.merge;
    ese_page view = ese_page_of_mut(page);
    unsigned what = merge->what;
    unsigned line = entry->line;

    if ((what & EMPTY_PAGE) != 0) {
        make_empty(page);
        return JET_errSuccess;
    }
    if ((ese_page_flags(&view) & ESE_PAGE_LEAF) != 0 || line >= ese_page_line_count(&view))
        return ese_recovery__inconsistent(run, page->pgno, "there is no such line");
    if ((what & DELETE_NODE) != 0 && (what & KEY_CHANGE) != 0 &&
        leaf->u.merge.type == MERGE_FULL_LEFT) {
        if (line == 0)
            return ese_recovery__inconsistent(run, page->pgno, "there is no line before it");
        ese_page_set_child(page, line, leaf->u.merge.left);
        return delete_pointer(run, page, line - 1);
    }
    if ((what & DELETE_NODE) != 0)
        return delete_pointer(run, page, line);
    if ((what & KEY_CHANGE) != 0)
        return change_key(run, page, leaf->u.merge.type == MERGE_PARTIAL_LEFT ? line - 1 : line,
                          merge->separator.size != 0 ? merge->separator : leaf->u.merge.separator);
    return JET_errSuccess;
}

static JET_ERR
redo_ancestor(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
              const ese_log_entry *leaf)
{
    const ese_recovery__stamp stamp = {entry->pgno, entry->dbtime_before, entry->dbtime,
                                       entry->objid};
    ese_page_mut made = {run->scratch[1], run->page_size, entry->pgno};
    ese_cache_page *page = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page == NULL)
        goto out;
    memcpy(made.bytes, page->page.bytes, made.size);
    ESE_TRY(change_ancestor(run, entry, leaf, &made));
    ESE_TRY(ese_recovery__page_put(run, &made, page));
    ese_recovery__page_close(run, &stamp, 0, &page);
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

/* ---- the leaf and its neighbours */

typedef struct neighbours {
    const ese_log_entry *entry;
    ese_cache_page *page, *left, *right;
    ese_recovery__stamp stamp, left_stamp, right_stamp;
} neighbours;

static JET_ERR
open_leaves(ese_recovery__run *run, ese_recovery__db *db, neighbours *n)
{
    const ese_log_entry *entry = n->entry;
    const ese_log_entry_merge *merge = &entry->u.merge;
    JET_ERR err;

    n->stamp =
        (ese_recovery__stamp){entry->pgno, entry->dbtime_before, entry->dbtime, entry->objid};
    n->left_stamp =
        (ese_recovery__stamp){merge->left, merge->left_before, entry->dbtime, entry->objid};
    n->right_stamp =
        (ese_recovery__stamp){merge->right, merge->right_before, entry->dbtime, entry->objid};
    if (n->stamp.before == ESE_LOG_DBTIME_NONE ||
        (merge->left != 0 && merge->left_before == ESE_LOG_DBTIME_NONE) ||
        (merge->right != 0 && merge->right_before == ESE_LOG_DBTIME_NONE) ||
        merge->left == entry->pgno || merge->right == entry->pgno ||
        (merge->left != 0 && merge->left == merge->right))
        return ese_recovery__inconsistent(run, entry->pgno, "a merge of impossible pages");
    if (merge->left != 0)
        ESE_TRY(ese_recovery__page_open(run, db, &n->left_stamp, &n->left));
    ESE_TRY(ese_recovery__page_open(run, db, &n->stamp, &n->page));
    if (merge->right != 0)
        ESE_TRY(ese_recovery__page_open(run, db, &n->right_stamp, &n->right));
out:
    return err;
}

/* The source with the lines only that move, in scratch[1]. */
static JET_ERR
find_moving(ese_recovery__run *run, ese_recovery__db *db, neighbours *n, ese_page *from)
{
    const ese_log_entry_merge *merge = &n->entry->u.merge;
    ese_page_mut copy = {run->scratch[1], run->page_size, n->entry->pgno};
    unsigned n_lines;
    JET_ERR err = JET_errSuccess;

    *from = ese_page_of_mut(&copy);
    if (n->page != NULL) {
        memcpy(copy.bytes, n->page->page.bytes, copy.size);
        ESE_TRY(ese_recovery__lines_move(db, from));
    } else if (merge->image.size == 0) {
        return ese_raise(JET_errDatabaseBufferDependenciesCorrupted,
                         "%s: page %u was written before the one that got its lines", db->work,
                         (unsigned)copy.pgno);
    } else {
        ESE_TRY(ese_log_image_decode(merge->image, merge->flags, run->page_size, run->scratch[2],
                                     copy.bytes));
        ESE_TRY(ese_page_verify(from));
    }
    n_lines = ese_page_line_count(from);
    while (goes_left(merge) && n_lines > merge->line + 1u)
        ese_page_remove(&copy, --n_lines);
    for (unsigned i = 0; goes_right(merge) && i < merge->line && i < n_lines; i++)
        ese_page_remove(&copy, 0);
out:
    return err;
}

/* Moves lines into the neighbour that gets them, put together in scratch[2]. */
static JET_ERR
move_lines(ese_recovery__run *run, ese_recovery__db *db, neighbours *n)
{
    const ese_log_entry_merge *merge = &n->entry->u.merge;
    ese_cache_page *target = goes_right(merge) ? n->right : goes_left(merge) ? n->left : NULL;
    ese_page_mut made = {run->scratch[2], run->page_size, 0};
    ese_page from, view;
    JET_ERR err = JET_errSuccess;

    if (target == NULL)
        return JET_errSuccess;
    ESE_TRY(find_moving(run, db, n, &from));
    made.pgno = target->page.pgno;
    memcpy(made.bytes, target->page.bytes, made.size);
    view = ese_page_of_mut(&made);
    if (((ese_page_flags(&from) ^ ese_page_flags(&view)) & (ESE_PAGE_LEAF | ESE_PAGE_ROOT)) != 0 ||
        !ese_page_fits_merge(&from, &view))
        return ese_recovery__inconsistent(run, made.pgno, "the lines do not fit");
    if (goes_right(merge))
        ese_page_merge_right(&from, &made);
    else
        ese_page_merge_left(&from, &made);
    ESE_TRY(ese_recovery__page_put(run, &made, target));
out:
    return err;
}

static void
link_leaves(const neighbours *n)
{
    const ese_log_entry_merge *merge = &n->entry->u.merge;

    if (!unlinks(merge))
        return;
    if (n->left != NULL) {
        ese_page_mut left = ese_recovery__page_bytes(n->left);

        ese_page_set_next(&left, merge->right);
    }
    if (n->right != NULL) {
        ese_page_mut right = ese_recovery__page_bytes(n->right);

        ese_page_set_prev(&right, merge->left);
    }
}

static JET_ERR
change_source(ese_recovery__run *run, neighbours *n)
{
    const ese_log_entry_merge *merge = &n->entry->u.merge;
    ese_page_mut page;
    unsigned n_lines;

    if (n->page == NULL)
        return JET_errSuccess;
    page = ese_recovery__page_bytes(n->page);
    n_lines = ese_page_line_count(&n->page->page);
    if ((merge->what & EMPTY_PAGE) != 0) {
        make_empty(&page);
        return JET_errSuccess;
    }
    if (merge->line >= n_lines && merge->type != MERGE_NONE && merge->type != MERGE_EMPTY_PAGE)
        return ese_recovery__inconsistent(run, page.pgno, "there is no such line");
    while (merge->type == MERGE_PARTIAL_RIGHT && n_lines > merge->line)
        ese_page_remove(&page, --n_lines);
    for (unsigned i = 0; merge->type == MERGE_PARTIAL_LEFT && i <= merge->line; i++)
        ese_page_remove(&page, 0);
    return JET_errSuccess;
}

static JET_ERR
redo_leaf(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    neighbours n = {.entry = entry};
    JET_ERR err;

    ESE_TRY(open_leaves(run, db, &n));
    ESE_TRY(move_lines(run, db, &n));
    ESE_TRY(change_source(run, &n));
    link_leaves(&n);
    ese_recovery__page_close(run, &n.left_stamp, 0, &n.left);
    ese_recovery__page_close(run, &n.stamp, 0, &n.page);
    ese_recovery__page_close(run, &n.right_stamp, 0, &n.right);
out:
    ese_cache_unlatch(&n.left, ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&n.page, ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&n.right, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_recovery__redo_merge(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entries,
                         unsigned n)
{
    const ese_log_entry *leaf = NULL;
    unsigned i = 0;
    JET_ERR err = JET_errSuccess;

    while (i < n && entries[i].type == ESE_LOG_MERGE)
        leaf = &entries[i++];
    for (i = 0; &entries[i] != leaf; i++)
        ESE_TRY(redo_ancestor(run, db, &entries[i], leaf));
    ESE_TRY(redo_leaf(run, db, leaf));
out:
    return err;
}

/* ---- macros */

/* Decodes the records of a macro again; they borrow from it. */
static JET_ERR
decode_all(const ese_recovery__macro *macro, ese_log_entry *entries, unsigned *n_out)
{
    ese_bytes left = ese_growbuf_bytes(&macro->records);
    unsigned n = 0;
    JET_ERR err = JET_errSuccess;

    while (left.size != 0) {
        if (n == ESE_RECOVERY__MACRO_ENTRIES)
            return ese_raise(JET_errLogFileCorrupt, "a macro of too many records");
        ESE_TRY(ese_log_record_decode(left, &entries[n]));
        left.data += entries[n].size;
        left.size -= entries[n].size;
        n++;
    }
    *n_out = n;
out:
    return err;
}

static JET_ERR
redo_entries(ese_recovery__run *run, const ese_log_entry *entries, unsigned n)
{
    ese_recovery__db *db;
    unsigned i = 0;
    JET_ERR err = JET_errSuccess;

    while (i < n) {
        unsigned first = i;

        db = ese_recovery__db_of(run, entries[i].dbid);
        if (entries[i].type == ESE_LOG_SPLIT || entries[i].type == ESE_LOG_MERGE) {
            while (i < n && entries[i].type == entries[first].type)
                i++;
            if (entries[first].type == ESE_LOG_SPLIT && i < n &&
                entries[i - 1].u.split.oper != ESE_PAGE_SPLIT_NONE)
                i++; /* the operation on the leaf */
        } else {
            i++;
        }
        if (db == NULL || entries[first].type == ESE_LOG_ROOT_PAGE_MOVE) /* the moves follow */
            continue;
        if (entries[first].type == ESE_LOG_SPLIT)
            ESE_TRY(ese_recovery__redo_split(run, db, entries + first, i - first));
        else if (entries[first].type == ESE_LOG_MERGE)
            ESE_TRY(ese_recovery__redo_merge(run, db, entries + first, i - first));
        else if (entries[first].type == ESE_LOG_PAGE_MOVE)
            ESE_TRY(ese_recovery__redo_tree(run, db, &entries[first]));
        else if (entries[first].dbtime_before != ESE_LOG_DBTIME_NONE)
            ESE_TRY(ese_recovery__redo_node(run, db, &entries[first]));
        else
            return ese_recovery__inconsistent(run, entries[first].pgno,
                                              "a record out of its place");
    }
out:
    return err;
}

JET_ERR
ese_recovery__redo_macro(ese_recovery__run *run, const ese_recovery__macro *macro,
                         ese_log_entry *entries)
{
    unsigned n = 0;
    JET_ERR err;

    ESE_TRY(decode_all(macro, entries, &n));
    ESE_TRY(redo_entries(run, entries, n));
out:
    return err;
}
