/*
 * An edit as the log tells it: the records of core/log/log.h translated into those of the format, in one batch.
 *
 * INV-1  A split or merge, with the operation on its leaf, is a macro: MacroBegin and MacroCommit stand around its records.
 * INV-2  The pages are as they were before the edit. What a record says of them (old sizes, differences, prefixes, images) is read from them.
 * INV-3  A page from which lines move to another one is in the record as an image: recovery may find it on the disk without those lines, and the other page without them, too.
 *
 * Log specification, sections 6 and 7; recovery specification, sections 2.5, 5.3 to 5.9 and 10.
 */
#include "log/log_private.h"

#include <assert.h>

enum { LISTED_PAGE_SIZE = 16, UNDO_REPLACE = 2, UNDO_FLAG_DELETE = 3, WIDE_PAGE = 8192 };

/* Bits of `what` in a merge. */
enum { KEY_CHANGE = 1, DELETE_NODE = 2, EMPTY_PAGE = 4 };

static const ese_bytes no_bytes = {NULL, 0};

typedef struct writer {
    ese_log_edit *edit;
    ese_log__batch batch;
    bool is_macro;
} writer;

static const ese_page *
page_of(const writer *w, int index)
{
    return &w->edit->pages[index]->page;
}

static ese_pgno
pgno_of(const writer *w, int index)
{
    return index < 0 ? 0 : page_of(w, index)->pgno;
}

static uint64_t
before_of(const writer *w, int index)
{
    return index < 0 ? ESE_LOG_DBTIME_NONE : w->edit->dbtime_before[index];
}

/* The part that all page records have. */
static ese_log_entry
entry_of(const writer *w, const ese_log_record *record, int page)
{
    ese_log_entry entry = ese_log__page_entry(&w->batch, record->type);

    entry.dbid = w->edit->db->dbid;
    entry.flags = record->flags;
    entry.pgno = pgno_of(w, page);
    entry.dbtime = w->edit->dbtime;
    entry.dbtime_before = before_of(w, page);
    entry.root = record->root;
    entry.objid = record->objid;
    return entry;
}

/* ---- nodes */

static void
set_insert(const writer *w, const ese_log_node *node, ese_log_entry *entry)
{
    size_t n_prefix = w->is_macro ? 0 : node->n_prefix;

    entry->prefix = (ese_bytes){node->key.data, n_prefix};
    entry->key = (ese_bytes){node->key.data + n_prefix, node->key.size - n_prefix};
    entry->data = node->data;
}

/* By difference where that is shorter. */
static JET_ERR
put_replace(writer *w, const ese_log_record *record, ese_log_entry *entry)
{
    const ese_page *page = page_of(w, record->page);
    bool is_wide = page->size > WIDE_PAGE;
    ese_bytes data = record->u.node.data;
    ese_page_node node;
    uint8_t diff[ESE_PAGE_SIZE_MAX];
    size_t n_diff;
    JET_ERR err;

    entry->data = data;
    entry->u.node.old_size = entry->u.node.new_size = (uint16_t)data.size;
    if (w->is_macro) /* the old size is that of the new data there */
        return ese_log__batch_put(&w->batch, entry);
    node = ese_page_line(page, record->u.node.line);
    entry->u.node.old_size = (uint16_t)node.data.size;
    n_diff = ese_log_diff_encode(node.data, data, is_wide, diff);
    if (n_diff != 0) {
        entry->type = ESE_LOG_REPLACE_DIFF;
        entry->data = (ese_bytes){diff, n_diff};
        entry->u.node.is_wide_diff = is_wide;
    }
    err = ese_log__batch_put(&w->batch, entry);
    entry->data = data; /* `diff` goes */
    return err;
}

static void
set_bookmark(const ese_log_node *node, ese_log_entry *entry)
{
    entry->key = node->key;
    entry->key_data = node->key_data;
}

static JET_ERR
put_undo_info(writer *w, const ese_log_record *record)
{
    const ese_log_node *node = &record->u.node;
    ese_log_entry entry = entry_of(w, record, record->page);

    if (!node->needs_undo_info || (node->oper != UNDO_REPLACE && node->oper != UNDO_FLAG_DELETE))
        return JET_errSuccess;
    entry.type = ESE_LOG_UNDO_INFO;
    entry.level = node->level;
    entry.dbtime = entry.dbtime_before = ESE_LOG_DBTIME_NONE;
    entry.rceid = node->rceid;
    entry.oper = node->oper;
    set_bookmark(node, &entry);
    entry.data = node->oper == UNDO_REPLACE ? node->data : no_bytes;
    return ese_log__batch_put(&w->batch, &entry);
}

static JET_ERR
put_node(writer *w, const ese_log_record *record)
{
    const ese_log_node *node = &record->u.node;
    ese_log_entry entry = entry_of(w, record, record->page);
    JET_ERR err = JET_errSuccess;

    entry.line = (uint16_t)node->line;
    entry.rceid = node->rceid;
    if (w->is_macro)
        entry.dbtime_before = ESE_LOG_DBTIME_NONE;
    if (record->type == ESE_LOG_FLAG_INSERT_REPLACE)
        entry.u.node.rceid_replace = node->rceid_replace;
    switch (record->type) {
    case ESE_LOG_INSERT: set_insert(w, node, &entry); break;
    case ESE_LOG_FLAG_INSERT:
    case ESE_LOG_FLAG_INSERT_REPLACE:
        entry.u.node.rceid_replace = node->rceid_replace; /* 0 where nothing is replaced */
        entry.key = node->key;
        entry.data = node->data;
        break;
    case ESE_LOG_REPLACE: return put_replace(w, record, &entry);
    case ESE_LOG_DELTA:
        set_bookmark(node, &entry);
        entry.u.node.delta = (int32_t)node->delta;
        entry.u.node.offset = (uint16_t)node->offset;
        break;
    case ESE_LOG_UNDO:
        ESE_TRY(put_undo_info(w, record));
        set_bookmark(node, &entry);
        entry.oper = node->oper;
        entry.u.node.undo_level = node->level;
        break;
    case ESE_LOG_SET_EXTERNAL_HEADER: entry.data = node->data; break;
    case ESE_LOG_FLAG_DELETE:
    case ESE_LOG_DELETE: break;
    default: assert(false && "a record about one node that the log may have");
    }
    err = ese_log__batch_put(&w->batch, &entry);
out:
    return err;
}

/* ---- trees */

static JET_ERR
put_tree(writer *w, const ese_log_record *record)
{
    const ese_log_tree *tree = &record->u.tree;
    ese_log_entry entry = entry_of(w, record, 0);

    entry.u.tree = (ese_log_entry_tree){
        .parent = tree->parent,
        .secondary_first = tree->secondary_first,
        .n_primary = tree->n_primary,
        .n_secondary = tree->n_secondary,
        .free_bits = tree->free_bits,
        .page_flags = tree->page_flags,
    };
    if (record->type != ESE_LOG_CREATE_SINGLE) {
        entry.u.tree.oe = pgno_of(w, 1);
        entry.u.tree.ae = pgno_of(w, 2);
    }
    return ese_log__batch_put(&w->batch, &entry);
}

/* All pages but the root become empty. */
static JET_ERR
put_empty_tree(writer *w, const ese_log_record *record)
{
    ese_log_entry entry = entry_of(w, record, record->page);
    uint8_t list[ESE_LOG_EDIT_PAGES_MAX * LISTED_PAGE_SIZE];
    size_t size = 0;

    for (unsigned i = 0; i < w->edit->n_pages; i++) {
        const ese_page *page = page_of(w, (int)i);

        if ((int)i == record->page)
            continue;
        ese_store_le64(list + size, before_of(w, (int)i));
        ese_store_le32(list + size + 8, page->pgno);
        ese_store_le32(list + size + 12, ese_page_flags(page));
        size += LISTED_PAGE_SIZE;
    }
    entry.data = (ese_bytes){list, size};
    return ese_log__batch_put(&w->batch, &entry);
}

/* ---- splits */

/* Does recovery need the page as it was, in case it is on the disk as it will be? */
static bool
needs_image(const ese_page_split *split)
{
    bool moves_nothing_else = split->oper == ESE_PAGE_SPLIT_INSERT &&
                              split->line == split->oper_line &&
                              split->oper_line + 1 == split->n_lines;

    return split->type == ESE_PAGE_SPLIT_VERTICAL ||
           (split->type == ESE_PAGE_SPLIT_RIGHT && !moves_nothing_else);
}

static JET_ERR
put_split(writer *w, const ese_log_record *record)
{
    const ese_log_split *from = &record->u.split;
    const ese_page_split *split = from->split;
    const ese_page *page = page_of(w, from->page);
    ese_log_entry entry = entry_of(w, record, from->page);
    ese_log_entry_split *to = &entry.u.split;
    uint8_t prefix[ESE_PAGE_KEY_MAX], image[ESE_PAGE_SIZE_MAX];

    to->right_before = before_of(w, from->right);
    to->parent_before = before_of(w, from->parent);
    if (split == NULL) /* it gets the pointer of its child's split only */
        return ese_log__batch_put(&w->batch, &entry);
    to->new_page = pgno_of(w, from->new_page);
    to->right = pgno_of(w, from->right);
    to->parent = pgno_of(w, from->parent);
    to->type = (uint8_t)split->type;
    to->oper = (uint8_t)split->oper;
    to->line_oper = (uint16_t)(split->oper == ESE_PAGE_SPLIT_NONE ? 0 : split->oper_line);
    to->line_split = (uint16_t)split->line;
    to->n_lines = (uint16_t)split->n_lines;
    to->new_page_flags = from->new_flags;
    to->page_flags = from->flags;
    to->line_prefix = split->prefix_line;
    to->new_line_prefix = split->new_prefix_line;
    to->separator = from->separator;
    if (split->type != ESE_PAGE_SPLIT_VERTICAL)
        to->prefix_old = ese_page_external_header(page);
    if (split->type == ESE_PAGE_SPLIT_RIGHT)
        to->prefix_new = (ese_bytes){prefix, ese_page_split_prefix(page, split, prefix)};
    if (needs_image(split))
        to->image =
            (ese_bytes){image, ese_log_image_encode(page, w->edit->dbtime, image, &to->flags)};
    return ese_log__batch_put(&w->batch, &entry);
}

/* ---- merges */

/* What the lines that move take. */
static unsigned
size_of_lines(const ese_page *page)
{
    unsigned size = 0;

    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        ese_page_node node = ese_page_line(page, line);

        if ((node.flags & ESE_PAGE_NODE_DELETED) == 0)
            size += (unsigned)ese_page_node_size(node.prefix.size, ese_page_node_key_size(&node),
                                                 node.data.size);
    }
    return size;
}

static JET_ERR
put_merge(writer *w, const ese_log_record *record)
{
    const ese_log_merge *from = &record->u.merge;
    const ese_page *page = page_of(w, from->page);
    bool moves_lines =
        from->type == ESE_LOG_MERGE_FULL_RIGHT || from->type == ESE_LOG_MERGE_FULL_LEFT;
    ese_log_entry entry = entry_of(w, record, from->page);
    ese_log_entry_merge *to = &entry.u.merge;
    uint8_t image[ESE_PAGE_SIZE_MAX];

    to->right = pgno_of(w, from->right);
    to->left = pgno_of(w, from->left);
    to->parent = pgno_of(w, from->parent);
    to->right_before = before_of(w, from->right);
    to->left_before = before_of(w, from->left);
    to->parent_before = before_of(w, from->parent);
    to->type = (uint8_t)from->type;
    to->what = (uint8_t)((from->is_key_change ? KEY_CHANGE : 0u) |
                         (from->is_delete_node ? DELETE_NODE : 0u) |
                         (from->is_empty_page ? EMPTY_PAGE : 0u));
    to->separator = from->separator;
    if (from->type == ESE_LOG_MERGE_NONE)
        entry.line = (uint16_t)from->line;
    else
        to->line = (uint16_t)from->line;
    if (moves_lines) {
        to->size_total = to->size_max_total = (uint16_t)size_of_lines(page);
        to->image =
            (ese_bytes){image, ese_log_image_encode(page, w->edit->dbtime, image, &to->flags)};
    }
    return ese_log__batch_put(&w->batch, &entry);
}

/* ---- the whole edit */

static JET_ERR
put_macro(writer *w, ese_log_type type)
{
    ese_log_entry entry = ese_log__page_entry(&w->batch, type);

    entry.dbtime = w->edit->dbtime;
    return ese_log__batch_put(&w->batch, &entry);
}

static JET_ERR
put_record(writer *w, const ese_log_record *record)
{
    switch (record->type) {
    case ESE_LOG_SPLIT: return put_split(w, record);
    case ESE_LOG_MERGE: return put_merge(w, record);
    case ESE_LOG_EMPTY_TREE: return put_empty_tree(w, record);
    case ESE_LOG_CREATE_MULTIPLE:
    case ESE_LOG_CREATE_SINGLE:
    case ESE_LOG_CONVERT: return put_tree(w, record);
    default: return put_node(w, record);
    }
}

/* The pages learn of their position: nobody can tell it before. */
static void
note_pages(void *self)
{
    const writer *w = self;

    for (unsigned i = 0; i < w->edit->n_pages; i++)
        ese_cache_note_log(w->edit->pages[i], w->batch.end, w->batch.begin);
}

JET_ERR
ese_log__write_edit(ese_log_edit *edit, const ese_log_record *records, unsigned n)
{
    writer w;
    JET_ERR err;

    w.edit = edit;
    w.is_macro = records[0].type == ESE_LOG_SPLIT || records[0].type == ESE_LOG_MERGE;
    ESE_TRY(ese_log__batch_begin(edit->db->stream, edit->origin, &w.batch));
    if (w.is_macro)
        ESE_TRY(put_macro(&w, ESE_LOG_MACRO_BEGIN));
    for (unsigned i = 0; i < n; i++)
        ESE_TRY(put_record(&w, &records[i]));
    if (w.is_macro)
        ESE_TRY(put_macro(&w, ESE_LOG_MACRO_COMMIT));
    ESE_TRY(ese_log__batch_append(&w.batch, note_pages, &w));
    edit->lgpos = w.batch.end;
out:
    ese_log__batch_end(&w.batch);
    return err;
}
