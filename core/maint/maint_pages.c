/* What each page of a file is. The trees and their space say whose a page is; where they cannot, the object id in the page does. */
#include "maint/maint_private.h"

#include <stdlib.h>

enum {
    PROGRESS_STEP = 4096,
    CB_FREE_OFFSET = 28, /* in the page header */
};

/* A tree by its object id. */
typedef struct tree_name {
    uint32_t objid;
    const ese_maint__tree *tree;
} tree_name;

typedef struct lister {
    ese_maint__check check;
    tree_name *by_objid; /* ascending, n_trees of them */
    const ese_maint_page_visitor *visitor;
} lister;

static int
compare_objids(const void *a, const void *b)
{
    uint32_t x = ((const tree_name *)a)->objid, y = ((const tree_name *)b)->objid;

    return (x > y) - (x < y);
}

static JET_ERR
sort_trees(lister *listing)
{
    const ese_maint__check *check = &listing->check;
    JET_ERR err = ese_alloc(check->n_trees * sizeof *listing->by_objid, &listing->by_objid);

    if (err < JET_errSuccess)
        return err;
    for (uint32_t i = 0; i < check->n_trees; i++)
        listing->by_objid[i] = (tree_name){check->trees[i].btree.objid, &check->trees[i]};
    qsort(listing->by_objid, check->n_trees, sizeof *listing->by_objid, compare_objids);
    return JET_errSuccess;
}

static const ese_maint__tree *
find_tree(const lister *listing, uint32_t objid)
{
    const tree_name wanted = {objid, NULL};
    const tree_name *found = bsearch(&wanted, listing->by_objid, listing->check.n_trees,
                                     sizeof *listing->by_objid, compare_objids);

    return found == NULL ? NULL : found->tree;
}

static JET_ERR
open_listing(lister *listing, const char *path, const ese_maint_watcher *watcher)
{
    JET_ERR err;

    ESE_TRY(ese_maint__check_open(&listing->check, path, watcher));
    ESE_TRY(ese_maint__check_read_catalog(&listing->check));
    ESE_TRY(ese_maint__check_map(&listing->check, false));
    ESE_TRY(sort_trees(listing));
out:
    return err;
}

static void
close_listing(lister *listing)
{
    ese_free(&listing->by_objid);
    ese_maint__check_close(&listing->check);
}

static void
describe_header(const ese_page *page, ese_maint_page *out)
{
    uint32_t flags = ese_page_flags(page);

    out->flags = flags;
    out->objid = ese_page_objid(page);
    out->prev = ese_page_prev(page);
    out->next = ese_page_next(page);
    out->dbtime = ese_page_dbtime(page);
    out->is_root = (flags & ESE_PAGE_ROOT) != 0;
    out->level = (flags & ESE_PAGE_LEAF) != 0 ? 0 : (flags & ESE_PAGE_PARENT_OF_LEAF) != 0 ? 1 : 2;
    out->n_lines = ese_page_line_count(page);
    out->free_bytes = ese_load_le16(page->bytes + CB_FREE_OFFSET);
    for (unsigned line = 0; line < out->n_lines; line++)
        out->n_deleted += (ese_page_line(page, line).flags & ESE_PAGE_NODE_DELETED) != 0;
}

static ese_maint_page
describe(const lister *listing, const ese_maint__scanned *scanned)
{
    const ese_maint__map *map = &listing->check.map;
    ese_pgno pgno = scanned->page.pgno;
    const ese_maint__tree *tree =
        map->user[pgno] == 0 ? NULL : ese_maint__tree_at(&listing->check, map->user[pgno]);
    ese_maint_page page = {
        .pgno = pgno,
        .offset = ((uint64_t)pgno + 1) * scanned->page.size,
        .state = scanned->state,
        .problem = scanned->problem,
        .use = (ese_maint_use)map->use[pgno],
    };

    if (scanned->state == ESE_MAINT_PAGE_GOOD || scanned->state == ESE_MAINT_PAGE_CORRECTED) {
        describe_header(&scanned->page, &page);
        if (tree == NULL)
            tree = find_tree(listing, page.objid);
    }
    if (tree == NULL && map->owner[pgno] != 0)
        tree = ese_maint__tree_at(&listing->check, map->owner[pgno]);
    if (tree != NULL) {
        page.table = tree->table;
        page.index = tree->index;
        page.is_long_value = tree->role == ESE_MAINT__LONG_VALUES;
    }
    return page;
}

static JET_ERR
visit_page(void *self, const ese_maint__scanned *scanned)
{
    const lister *listing = self;
    const ese_maint_page_visitor *visitor = listing->visitor;
    ese_maint_page page = describe(listing, scanned);

    if (visitor->progress != NULL && page.pgno % PROGRESS_STEP == 0)
        visitor->progress(visitor->self, "reading pages", page.pgno, listing->check.file.n_pages);
    return visitor->visit(visitor->self, &page);
}

JET_ERR
ese_maint_list_pages(const char *path, const ese_maint_page_visitor *visitor)
{
    lister listing = {.visitor = visitor};
    ese_maint_watcher watcher = {visitor->self, NULL, visitor->progress};
    ese_maint__scan_ops ops = {&listing, visit_page};
    JET_ERR err;

    ESE_TRY(open_listing(&listing, path, &watcher));
    ESE_TRY(ese_maint__scan(&listing.check.file, &ops));
out:
    close_listing(&listing);
    return err;
}

/* ---- One page in detail ---- */

static JET_ERR
visit_header(const ese_page *page, const ese_maint_line_visitor *visitor)
{
    ese_bytes header = ese_page_external_header(page);
    ese_maint_line line = {.number = -1, .size = (uint32_t)header.size};

    if (ese_page_tag_count(page) == 0)
        return JET_errSuccess;
    line.offset = (uint32_t)(header.data - page->bytes) - ese_page_header_size(page->size);
    line.data = header.data;
    line.data_size = header.size;
    return visitor->line(visitor->self, &line);
}

static JET_ERR
visit_line(const ese_page *page, unsigned number, const ese_maint_line_visitor *visitor)
{
    const uint8_t *tag = ese_page_tag(page, number + ese_page_reserved_tags(page));
    unsigned mask = ese_page_tag_mask(page);
    ese_page_node node = ese_page_line(page, number);
    uint8_t key[ESE_PAGE_KEY_MAX];
    ese_maint_line line = {
        .number = (int)number,
        .offset = ese_load_le16(tag + 2) & mask,
        .size = ese_load_le16(tag) & mask,
        .flags = node.flags,
        .key = key,
        .key_size = ese_page_node_copy_key(&node, key, sizeof key),
        .prefix_size = node.prefix.size,
        .data = node.data.data,
        .data_size = node.data.size,
    };

    return visitor->line(visitor->self, &line);
}

static JET_ERR
visit_lines(const ese_page *page, const ese_maint_line_visitor *visitor)
{
    unsigned n = ese_page_line_count(page);
    JET_ERR err;

    ESE_TRY(visit_header(page, visitor));
    for (unsigned line = 0; line < n; line++)
        ESE_TRY(visit_line(page, line, visitor));
out:
    return err;
}

JET_ERR
ese_maint_show_page(const char *path, uint32_t pgno, const ese_maint_line_visitor *visitor)
{
    lister listing = {0};
    const ese_maint__file *file = &listing.check.file;
    ese_maint__scanned scanned;
    ese_maint_page page;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(open_listing(&listing, path, NULL));
    if (pgno == 0 || pgno > file->n_pages)
        ESE_TRY(ese_raise(JET_errBadPageLink, "%s: there is no page %u: the file has pages 1 to %u",
                          path, (unsigned)pgno, (unsigned)file->n_pages));
    ESE_TRY(ese_alloc_aligned(file->page_size, 64, &bytes));
    ESE_TRY(ese_os_file_read(file->file, ((uint64_t)pgno + 1) * file->page_size, bytes,
                             file->page_size));
    scanned = ese_maint__judge(bytes, file->page_size, pgno);
    page = describe(&listing, &scanned);
    ESE_TRY(visitor->page(visitor->self, &page));
    if (scanned.state == ESE_MAINT_PAGE_GOOD || scanned.state == ESE_MAINT_PAGE_CORRECTED)
        ESE_TRY(visit_lines(&scanned.page, visitor));
out:
    ese_free(&bytes);
    close_listing(&listing);
    return err;
}
