/*
 * Redo of splits: the records of a macro from the top of the path to the leaf, then the operation on the leaf. Recovery specification, section 5.6.
 *
 * INV-1  Each page is tested on its own. What a page becomes is put together in buffers and checked before anything changes.
 * INV-2  A page that is in the file already, while the page that its lines went to is not, comes as an image with the record.
 */
#include "recovery/recovery_private.h"

enum { CHILD_SIZE = 4 };

/* One level: what the records say, and the pages that still have to be changed. */
typedef struct level {
    const ese_log_entry *entry;
    const ese_log_entry *child; /* the record of the level below; NULL on the last one */
    const ese_log_entry *oper;  /* of the leaf; NULL: none */
    ese_cache_page *page, *new_page, *right;
    ese_recovery__stamp stamp, new_stamp, right_stamp;
    const ese_page *from; /* the page before; NULL: not known */
    uint8_t child_data[CHILD_SIZE];
} level;

static const ese_bytes no_bytes = {NULL, 0};

static void
load_level(const ese_log_entry *entries, unsigned n, unsigned i, level *l)
{
    const ese_log_entry *entry = &entries[i];
    const ese_log_entry_split *split = &entry->u.split;
    bool has_below = i + 1 < n;

    *l = (level){.entry = entry};
    if (has_below && entries[i + 1].type == ESE_LOG_SPLIT)
        l->child = &entries[i + 1];
    else if (has_below)
        l->oper = &entries[i + 1];
    l->stamp =
        (ese_recovery__stamp){entry->pgno, entry->dbtime_before, entry->dbtime, entry->objid};
    l->new_stamp =
        (ese_recovery__stamp){split->new_page, ESE_LOG_DBTIME_NONE, entry->dbtime, entry->objid};
    l->right_stamp =
        (ese_recovery__stamp){split->right, split->right_before, entry->dbtime, entry->objid};
    if (l->child != NULL)
        ese_store_le32(l->child_data, l->child->pgno);
}

/* ---- an ancestor that only gets the pointer */

/* Brings the new child into `page`, whose bytes may change. */
static JET_ERR
add_pointer(ese_recovery__run *run, const level *l, ese_page_mut *page)
{
    ese_page view = ese_page_of_mut(page);
    ese_bytes key = l->child->u.split.separator;
    unsigned line = ese_page_find_gt(&view, key, no_bytes);
    ese_bytes data = {l->child_data, CHILD_SIZE};
    ese_page_node node = {0};

    if ((ese_page_flags(&view) & ESE_PAGE_LEAF) != 0 || line >= ese_page_line_count(&view) ||
        key.size == 0 || key.size > ESE_PAGE_KEY_MAX)
        return ese_recovery__inconsistent(run, page->pgno, "the separator has no place");
    node = ese_page_line(&view, line);
    if (ese_page_node_child(&node) != l->child->pgno)
        return ese_recovery__inconsistent(run, page->pgno,
                                          "it does not lead to the page that is split");
    if (!ese_page_fits_insert(&view, key, data))
        return ese_recovery__inconsistent(run, page->pgno, "the separator does not fit");
    ese_page_insert(page, line, key, ese_page_shared_prefix(&view, key), data, 0);
    ese_page_set_child(page, line + 1, l->child->u.split.new_page);
    return JET_errSuccess;
}

static JET_ERR
redo_pointer(ese_recovery__run *run, level *l)
{
    ese_page_mut made = {run->scratch[1], run->page_size, l->entry->pgno};
    JET_ERR err = JET_errSuccess;

    if (l->page == NULL || l->child == NULL)
        return JET_errSuccess;
    memcpy(made.bytes, l->page->page.bytes, made.size);
    ESE_TRY(add_pointer(run, l, &made));
    ESE_TRY(ese_recovery__page_put(run, &made, l->page));
out:
    return err;
}

/* ---- a page that is split */

static bool
needs_image(const ese_log_entry_split *split)
{
    if (split->type == ESE_PAGE_SPLIT_APPEND)
        return false;
    if (split->type == ESE_PAGE_SPLIT_VERTICAL)
        return true;
    return !(split->oper == ESE_PAGE_SPLIT_INSERT && split->line_split == split->line_oper &&
             split->line_oper + 1 == split->n_lines);
}

/* The page before the split, in scratch[1]: as it is, or the image. */
static JET_ERR
find_from(ese_recovery__run *run, ese_recovery__db *db, level *l, ese_page *from)
{
    const ese_log_entry_split *split = &l->entry->u.split;
    JET_ERR err = JET_errSuccess;

    *from = (ese_page){run->scratch[1], run->page_size, l->entry->pgno};
    if (l->page != NULL) {
        memcpy(run->scratch[1], l->page->page.bytes, run->page_size);
        l->from = from;
        ESE_TRY(ese_recovery__lines_move(db, from));
    } else if (l->new_page != NULL && split->image.size != 0) {
        ESE_TRY(ese_log_image_decode(split->image, split->flags, run->page_size, run->scratch[2],
                                     run->scratch[1]));
        ESE_TRY(ese_page_verify(from));
        l->from = from; /* the page itself is as the log makes it, or newer */
    } else if (l->new_page != NULL && needs_image(split)) {
        err = ese_raise(JET_errDatabaseBufferDependenciesCorrupted,
                        "%s: page %u was written before page %u, which got its lines", db->work,
                        (unsigned)l->entry->pgno, (unsigned)split->new_page);
    }
out:
    return err;
}

/* What is done with the split: on the leaf by the record behind it, above by the child. */
static JET_ERR
describe_oper(ese_recovery__run *run, const level *l, ese_page_split *split)
{
    bool is_versioned = l->oper != NULL && (l->oper->flags & ESE_LOG_VERSIONED) != 0;
    ese_bytes old = no_bytes;
    JET_ERR err = JET_errSuccess;

    if (split->oper == ESE_PAGE_SPLIT_NONE)
        return JET_errSuccess;
    if (l->child != NULL && split->oper == ESE_PAGE_SPLIT_INSERT) {
        split->oper_key = l->child->u.split.separator;
        split->oper_data = (ese_bytes){l->child_data, CHILD_SIZE};
        return JET_errSuccess;
    }
    if (l->oper == NULL)
        return ese_recovery__inconsistent(run, l->entry->pgno, "a split without its operation");
    split->oper_flags = is_versioned ? ESE_PAGE_NODE_VERSION : 0;
    split->oper_data = l->oper->data;
    if (split->oper == ESE_PAGE_SPLIT_INSERT) {
        split->oper_key = ese_recovery__key_of(l->oper);
    } else if (l->from != NULL) {
        if (split->oper_line >= ese_page_line_count(l->from))
            return ese_recovery__inconsistent(run, l->entry->pgno, "there is no such line");
        old = ese_page_line(l->from, split->oper_line).data;
        if (split->oper == ESE_PAGE_SPLIT_REPLACE)
            split->oper_flags |= ese_page_line_flags(l->from, split->oper_line) &
                                 (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED);
        ESE_TRY(ese_recovery__new_data(run, l->oper, old, run->scratch[0], &split->oper_data));
    }
    if (split->oper_data.size == 0)
        return ese_recovery__inconsistent(run, l->entry->pgno, "a node without data");
out:
    return err;
}

static JET_ERR
describe_split(ese_recovery__run *run, const level *l, ese_page_split *split_out)
{
    const ese_log_entry_split *split = &l->entry->u.split;

    *split_out = (ese_page_split){
        .type = (ese_page_split_type)split->type,
        .oper = (ese_page_split_oper)split->oper,
        .oper_line = split->line_oper,
        .line = split->line_split,
        .n_lines = split->n_lines,
        .prefix_line = split->line_prefix < 0 ? -1 : split->line_prefix,
        .new_prefix_line = split->new_line_prefix < 0 ? -1 : split->new_line_prefix,
    };
    if (split->type > ESE_PAGE_SPLIT_APPEND || split->oper > ESE_PAGE_SPLIT_FLAG_INSERT_AND_REPLACE)
        return ese_recovery__inconsistent(run, l->entry->pgno, "an unknown kind of split");
    return describe_oper(run, l, split_out);
}

static uint32_t
new_flags(const ese_log_entry *entry)
{
    return entry->u.split.new_page_flags & ~(uint32_t)(ESE_PAGE_ROOT | ESE_PAGE_EMPTY);
}

/* The new page gets nothing but the node of the operation. */
static JET_ERR
make_single(ese_recovery__run *run, const level *l, const ese_page_split *split,
            ese_page_mut *new_page)
{
    ese_page view = ese_page_of_mut(new_page);
    bool has_prefix = split->new_prefix_line >= 0;
    size_t area = new_page->size - ese_page_header_size(new_page->size);

    if (split->oper != ESE_PAGE_SPLIT_INSERT || split->line != split->oper_line ||
        split->n_lines != split->line + 1 || split->oper_key.size > ESE_PAGE_KEY_MAX ||
        8 + 4 + 2 * split->oper_key.size + split->oper_data.size > area)
        return ese_recovery__inconsistent(run, l->entry->pgno, "a split that cannot be");
    if (has_prefix)
        ese_page_set_external_header(new_page, split->oper_key);
    ese_page_insert(new_page, 0, split->oper_key, ese_page_shared_prefix(&view, split->oper_key),
                    split->oper_data, split->oper_flags);
    return JET_errSuccess;
}

/* The line behind the one that was added led to the child before it was split: now it leads to what moved. */
static JET_ERR
turn_pointer(ese_recovery__run *run, const level *l, const ese_page_split *split,
             ese_page_mut *page, ese_page_mut *new_page)
{
    unsigned line = split->oper_line + 1;
    ese_page_mut *holder = line < split->line ? page : new_page;
    ese_page view = ese_page_of_mut(holder);
    ese_page_node node;

    if (l->child == NULL || split->oper != ESE_PAGE_SPLIT_INSERT)
        return JET_errSuccess;
    if (line >= split->line)
        line -= split->line;
    if (line >= ese_page_line_count(&view))
        return ese_recovery__inconsistent(run, holder->pgno, "there is no such line");
    node = ese_page_line(&view, line);
    if (node.data.size != CHILD_SIZE || ese_page_node_child(&node) != l->child->pgno)
        return ese_recovery__inconsistent(run, holder->pgno,
                                          "it does not lead to the page that is split");
    ese_page_set_child(holder, line, l->child->u.split.new_page);
    return JET_errSuccess;
}

static void
link_leaves(const level *l, ese_page_mut *page, ese_page_mut *new_page)
{
    const ese_log_entry_split *split = &l->entry->u.split;

    if (split->type == ESE_PAGE_SPLIT_VERTICAL || (new_flags(l->entry) & ESE_PAGE_LEAF) == 0)
        return;
    ese_page_set_prev(new_page, page->pgno);
    ese_page_set_next(new_page, split->right);
    ese_page_set_next(page, new_page->pgno);
}

/* Puts both pages together in scratch[2] and scratch[3], and then into their places. */
static JET_ERR
build(ese_recovery__run *run, level *l, const ese_page_split *split)
{
    ese_page_mut made = {run->scratch[2], run->page_size, l->entry->pgno};
    ese_page_mut new_made = {run->scratch[3], run->page_size, l->entry->u.split.new_page};
    JET_ERR err = JET_errSuccess;

    ese_page_format(&new_made, l->entry->objid, new_flags(l->entry));
    if (l->from == NULL) {
        ESE_TRY(make_single(run, l, split, &new_made));
        ese_page_format(&made, l->entry->objid, 0); /* for the link only */
    } else {
        if (!ese_page_split_is_possible(l->from, split))
            return ese_recovery__inconsistent(run, l->entry->pgno, "a split that cannot be");
        ese_page_split_apply(l->from, split, &made, &new_made);
        ESE_TRY(turn_pointer(run, l, split, &made, &new_made));
    }
    link_leaves(l, &made, &new_made);
    if (l->new_page != NULL)
        ESE_TRY(ese_recovery__page_put(run, &new_made, l->new_page));
    if (l->page != NULL)
        ESE_TRY(ese_recovery__page_put(run, &made, l->page));
out:
    return err;
}

/* The versions of the operation on the leaf. */
static JET_ERR
add_versions(ese_recovery__run *run, ese_recovery__db *db, const level *l)
{
    ese_page_node node;
    bool is_known = l->oper != NULL && l->from != NULL && l->oper->type != ESE_LOG_INSERT &&
                    l->entry->u.split.line_oper < ese_page_line_count(l->from);

    if (l->oper == NULL)
        return JET_errSuccess;
    if (is_known)
        node = ese_page_line(l->from, l->entry->u.split.line_oper);
    return ese_recovery__node_versions(run, db, l->oper, is_known ? &node : NULL);
}

static JET_ERR
redo_pages(ese_recovery__run *run, ese_recovery__db *db, level *l)
{
    ese_page from;
    ese_page_split split;
    JET_ERR err;

    ESE_TRY(find_from(run, db, l, &from));
    if (l->page != NULL || l->new_page != NULL) {
        ESE_TRY(describe_split(run, l, &split));
        ESE_TRY(build(run, l, &split));
    }
    if (l->right != NULL) {
        ese_page_mut right = ese_recovery__page_bytes(l->right);

        ese_page_set_prev(&right, l->entry->u.split.new_page);
    }
    ESE_TRY(add_versions(run, db, l));
out:
    return err;
}

static JET_ERR
open_pages(ese_recovery__run *run, ese_recovery__db *db, level *l)
{
    JET_ERR err;

    if (l->stamp.before == ESE_LOG_DBTIME_NONE ||
        (l->right_stamp.pgno != 0 && l->new_stamp.pgno != 0 &&
         l->right_stamp.before == ESE_LOG_DBTIME_NONE) ||
        l->stamp.pgno == l->new_stamp.pgno || l->stamp.pgno == l->right_stamp.pgno ||
        (l->new_stamp.pgno != 0 && l->new_stamp.pgno == l->right_stamp.pgno))
        return ese_recovery__inconsistent(run, l->entry->pgno, "a split of impossible pages");
    ESE_TRY(ese_recovery__page_open(run, db, &l->stamp, &l->page));
    if (l->new_stamp.pgno == 0)
        goto out;
    ESE_TRY(ese_recovery__page_open(run, db, &l->new_stamp, &l->new_page));
    if (l->right_stamp.pgno != 0 && l->entry->u.split.type != ESE_PAGE_SPLIT_VERTICAL &&
        (new_flags(l->entry) & ESE_PAGE_LEAF) != 0)
        ESE_TRY(ese_recovery__page_open(run, db, &l->right_stamp, &l->right));
out:
    return err;
}

static JET_ERR
redo_level(ese_recovery__run *run, ese_recovery__db *db, level *l)
{
    const ese_recovery__session *session = ese_recovery__session_of(run, l->entry->procid);
    uint64_t begin = session == NULL ? 0 : session->lgpos_begin;
    JET_ERR err;

    ESE_TRY(open_pages(run, db, l));
    if (l->entry->u.split.new_page == 0)
        ESE_TRY(redo_pointer(run, l));
    else
        ESE_TRY(redo_pages(run, db, l));
    ese_recovery__page_close(run, &l->stamp, begin, &l->page);
    ese_recovery__page_close(run, &l->new_stamp, begin, &l->new_page);
    ese_recovery__page_close(run, &l->right_stamp, begin, &l->right);
out:
    /* Bytes change only after everything was checked, but for the last page put: what is on it is whole. */
    ese_cache_unlatch(&l->right, ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&l->new_page, ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&l->page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_recovery__redo_split(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entries,
                         unsigned n)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < n && entries[i].type == ESE_LOG_SPLIT; i++) {
        level l;

        load_level(entries, n, i, &l);
        ESE_TRY(redo_level(run, db, &l));
    }
out:
    return err;
}
