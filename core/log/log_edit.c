/*
 * The door for changes: all pages writable, one dbtime, the records in the log, then the bytes.
 *
 * INV-1  From the drawing of a dbtime to its stamping on the pages their latches are held; so the dbtimes of a page ascend in the order of its changes.
 */
#include "log/log_private.h"

#include <assert.h>

/* What recovery needs to know of the pages: when they changed last. */
static void
note_pages_before(ese_log_edit *edit)
{
    for (unsigned i = 0; i < edit->n_pages; i++)
        edit->dbtime_before[i] = ese_cache_is_blank(edit->pages[i])
                                     ? UINT64_MAX
                                     : ese_page_dbtime(&edit->pages[i]->page);
}

JET_ERR
ese_log_edit_begin(ese_log_edit *edit, const ese_log_record *records, unsigned n)
{
    JET_ERR err = JET_errSuccess;

    assert(edit->n_pages <= ESE_LOG_EDIT_PAGES_MAX);
    for (unsigned i = 0; i < edit->n_pages; i++)
        ESE_TRY(ese_cache_make_writable(&edit->pages[i]));
    note_pages_before(edit);
    edit->lgpos = 0;
    /*
     * The latches order those who change the same page, and each of them draws a larger one. Release: who acquires this number or a later one knows of the version that was added for
     * the change (ese_btree__settle).
     */
    edit->dbtime = atomic_fetch_add_explicit(&edit->db->dbtime, 1, memory_order_release) + 1;
    if (edit->db->stream != NULL)
        ESE_TRY(ese_log__write_edit(edit, records, n));
out:
    return err;
}

void
ese_log_edit_end(ese_log_edit *edit)
{
    for (unsigned i = 0; i < edit->n_pages; i++) {
        ese_page_mut page = ese_log_edit_page(edit, i);

        ese_page_set_dbtime(&page, edit->dbtime);
    }
    /* Only now: nobody sees a part of the edit unless he looks between these. */
    for (unsigned i = 0; i < edit->n_pages; i++)
        ese_cache_unlatch(&edit->pages[i], ESE_CACHE_CHANGED);
}

void
ese_log_edit_cancel(ese_log_edit *edit)
{
    for (unsigned i = 0; i < edit->n_pages; i++)
        ese_cache_unlatch(&edit->pages[i], ESE_CACHE_UNCHANGED);
}

ese_page_mut
ese_log_edit_page(ese_log_edit *edit, unsigned index)
{
    ese_cache_page *page = edit->pages[index];

    return (ese_page_mut){ese_cache_bytes(page), page->page.size, page->page.pgno};
}

/* ---- node records */

enum { WIDTH_DELTA = 4, WIDTH_DELTA64 = 8 };

/* Which operation a record of the type UNDO takes back: numbers of the log. */
enum { OPER_INSERT = 1, OPER_REPLACE = 2, OPER_FLAG_DELETE = 3, OPER_DELTA = 4, OPER_DELTA64 = 9 };

/* Clears and sets flags of the line; whoever versions the change also leaves the hint that there is a version. */
static void
change_flags(ese_page_mut *page, const ese_log_record *record, uint8_t clear, uint8_t set)
{
    ese_page view = ese_page_of_mut(page);
    unsigned line = record->u.node.line;
    unsigned flags = ese_page_line_flags(&view, line);

    if ((record->flags & ESE_LOG_VERSIONED) != 0)
        set |= ESE_PAGE_NODE_VERSION;
    ese_page_set_line_flags(page, line, (uint8_t)((flags & ~(unsigned)clear) | set));
}

static void
insert_node(ese_page_mut *page, const ese_log_record *record)
{
    const ese_log_node *node = &record->u.node;
    uint8_t flags = (record->flags & ESE_LOG_VERSIONED) != 0 ? ESE_PAGE_NODE_VERSION : 0;

    ese_page_insert(page, node->line, node->key, node->n_prefix, node->data, flags);
}

static void
undo_node(ese_page_mut *page, const ese_log_record *record)
{
    const ese_log_node *node = &record->u.node;
    int64_t back = (int64_t)(0 - (uint64_t)node->delta); /* the smallest number has no opposite */

    switch (node->oper) {
    case OPER_INSERT: change_flags(page, record, 0, ESE_PAGE_NODE_DELETED); break;
    case OPER_REPLACE: ese_page_replace(page, node->line, node->data); break;
    case OPER_FLAG_DELETE: change_flags(page, record, ESE_PAGE_NODE_DELETED, 0); break;
    case OPER_DELTA: ese_page_add(page, node->line, node->offset, WIDTH_DELTA, back); break;
    case OPER_DELTA64: ese_page_add(page, node->line, node->offset, WIDTH_DELTA64, back); break;
    default: assert(false && "an operation that can be undone");
    }
}

static void
add_to_node(ese_page_mut *page, const ese_log_record *record, unsigned width)
{
    const ese_log_node *node = &record->u.node;

    ese_page_add(page, node->line, node->offset, width, node->delta);
    change_flags(page, record, 0, 0);
}

void
ese_log_apply_node(ese_page_mut *page, const ese_log_record *record)
{
    const ese_log_node *node = &record->u.node;

    switch (record->type) {
    case ESE_LOG_INSERT: insert_node(page, record); break;
    case ESE_LOG_FLAG_INSERT_REPLACE:
        ese_page_replace(page, node->line, node->data);
        change_flags(page, record, ESE_PAGE_NODE_DELETED, 0);
        break;
    case ESE_LOG_FLAG_INSERT: change_flags(page, record, ESE_PAGE_NODE_DELETED, 0); break;
    case ESE_LOG_FLAG_DELETE: change_flags(page, record, 0, ESE_PAGE_NODE_DELETED); break;
    case ESE_LOG_REPLACE:
        ese_page_replace(page, node->line, node->data);
        change_flags(page, record, 0, 0);
        break;
    case ESE_LOG_DELETE: ese_page_remove(page, node->line); break;
    case ESE_LOG_DELTA: add_to_node(page, record, WIDTH_DELTA); break;
    case ESE_LOG_DELTA64: add_to_node(page, record, WIDTH_DELTA64); break;
    case ESE_LOG_SET_EXTERNAL_HEADER: ese_page_set_external_header(page, node->data); break;
    case ESE_LOG_UNDO: undo_node(page, record); break;
    default: assert(false && "a record about one node");
    }
}

JET_ERR
ese_log_change_node(ese_log_db *db, ese_log_origin *origin, ese_cache_page **page_inout,
                    ese_log_record *record)
{
    ese_log_edit edit;
    ese_page_mut page;
    JET_ERR err;

    edit.db = db;
    edit.origin = origin;
    edit.pages[0] = *page_inout;
    edit.n_pages = 1;
    record->page = 0;
    err = ese_log_edit_begin(&edit, record, 1);
    *page_inout = edit.pages[0];
    if (err < JET_errSuccess)
        return err;
    page = ese_log_edit_page(&edit, 0);
    ese_log_apply_node(&page, record);
    ese_log_edit_end(&edit);
    *page_inout = NULL;
    return err;
}
