/* Finding trees with leaves that nothing leads to; the copy in which they are mended. */
#include "maint/maint_repair_private.h"

#include <stdio.h>
#include <string.h>

enum {
    PIECE_BYTES = 1024 * 1024,
    CATALOG_OBJID = 2,
    CATALOG_ROOT = 4,
    SHADOW_OBJID = 3,
    SHADOW_ROOT = 24,
};

/* ---- The scan ---- */

typedef struct scan {
    ese_maint__note *notes; /* one for each page number */
    ese_pgno n_pages;
    uint32_t *broken; /* owners of leaves that cannot be reached, ascending */
    uint32_t n_broken, n_broken_max;
} scan;

static void
note_children(scan *scanning, const ese_page *page)
{
    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        ese_page_node node = ese_page_line(page, line);
        ese_pgno child = node.data.size >= 4 ? ese_page_node_child(&node) : 0;

        if (child != 0 && child <= scanning->n_pages && scanning->notes[child].parent == 0)
            scanning->notes[child].parent = page->pgno;
    }
}

static JET_ERR
note_page(void *self, const ese_maint__scanned *scanned)
{
    const uint32_t left_out = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT;
    scan *scanning = self;
    const ese_page *page = &scanned->page;
    ese_maint__note *note = &scanning->notes[page->pgno];
    uint32_t flags;

    if (scanned->state != ESE_MAINT_PAGE_GOOD && scanned->state != ESE_MAINT_PAGE_CORRECTED)
        return JET_errSuccess;
    flags = ese_page_flags(page);
    if ((flags & left_out) != 0)
        return JET_errSuccess;
    note->objid = ese_page_objid(page);
    note->kind = flags & ESE_PAGE_LEAF ? ESE_MAINT__LEAF : ESE_MAINT__INNER;
    if ((flags & ESE_PAGE_ROOT) != 0)
        note->kind |= ESE_MAINT__ROOT;
    note->prev = ese_page_prev(page);
    note->next = ese_page_next(page);
    if ((flags & ESE_PAGE_LEAF) == 0)
        note_children(scanning, page);
    return JET_errSuccess;
}

bool
ese_maint__mend_reaches(const ese_maint__note *notes, ese_pgno pgno)
{
    uint32_t objid = notes[pgno].objid;

    for (unsigned depth = 0; depth <= ESE_BTREE_DEPTH_MAX; depth++) {
        const ese_maint__note *note = &notes[pgno];

        if (note->objid != objid || note->kind == ESE_MAINT__OTHER)
            return false;
        if ((note->kind & ESE_MAINT__ROOT) != 0)
            return true;
        if (note->parent == 0)
            return false;
        pgno = note->parent;
    }
    return false;
}

/* What a neighbour says of a leaf: 1 it knows it, -1 it does not, 0 it is not there or cannot be asked. */
static int
ask(const ese_maint__note *notes, ese_pgno n_pages, ese_pgno pgno, bool is_next)
{
    ese_pgno neighbour = is_next ? notes[pgno].next : notes[pgno].prev;
    const ese_maint__note *asked;

    if (neighbour == 0 || neighbour > n_pages)
        return 0;
    asked = &notes[neighbour];
    if (asked->objid != notes[pgno].objid || (asked->kind & ESE_MAINT__LEAF) == 0)
        return 0;
    return (is_next ? asked->prev : asked->next) == pgno ? 1 : -1;
}

static bool
is_missed(const ese_maint__note *notes, ese_pgno n_pages, ese_pgno pgno)
{
    int prev = ask(notes, n_pages, pgno, false), next = ask(notes, n_pages, pgno, true);

    return prev == 1 || next == 1 || (prev == 0 && next == 0);
}

bool
ese_maint__mend_misses(const ese_maint__mend *mend, ese_pgno pgno)
{
    return is_missed(mend->notes, mend->n_pages, pgno);
}

/* Where the owner stands, or would stand. */
static uint32_t
find_broken(const scan *scanning, uint32_t objid)
{
    uint32_t first = 0, n = scanning->n_broken;

    while (n > 0) {
        uint32_t half = n / 2;

        if (scanning->broken[first + half] < objid) {
            first += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return first;
}

static bool
is_broken(const scan *scanning, uint32_t objid)
{
    uint32_t at = find_broken(scanning, objid);

    return at < scanning->n_broken && scanning->broken[at] == objid;
}

static JET_ERR
add_broken(scan *scanning, uint32_t objid)
{
    uint32_t at = find_broken(scanning, objid);
    JET_ERR err = JET_errSuccess;

    if (is_broken(scanning, objid))
        return JET_errSuccess;
    if (scanning->n_broken == scanning->n_broken_max) {
        uint32_t n_max = scanning->n_broken_max == 0 ? 64 : 2 * scanning->n_broken_max;

        ESE_TRY(ese_realloc(n_max * sizeof *scanning->broken, &scanning->broken));
        scanning->n_broken_max = n_max;
    }
    memmove(scanning->broken + at + 1, scanning->broken + at,
            (scanning->n_broken - at) * sizeof *scanning->broken);
    scanning->broken[at] = objid;
    scanning->n_broken++;
out:
    return err;
}

static JET_ERR
find_unreached(scan *scanning)
{
    JET_ERR err = JET_errSuccess;

    for (ese_pgno pgno = 1; pgno <= scanning->n_pages; pgno++) {
        if (scanning->notes[pgno].kind == ESE_MAINT__LEAF &&
            !ese_maint__mend_reaches(scanning->notes, pgno) &&
            is_missed(scanning->notes, scanning->n_pages, pgno))
            ESE_TRY(add_broken(scanning, scanning->notes[pgno].objid));
    }
out:
    return err;
}

static JET_ERR
scan_file(const ese_maint__file *file, scan *scanning)
{
    const ese_maint__scan_ops ops = {scanning, note_page};
    JET_ERR err;

    scanning->n_pages = file->n_pages;
    ESE_TRY(ese_alloc(((size_t)file->n_pages + 1) * sizeof *scanning->notes, &scanning->notes));
    ESE_TRY(ese_maint__scan(file, &ops));
    ESE_TRY(find_unreached(scanning));
out:
    return err;
}

/* ---- The copy ---- */

JET_ERR
ese_maint__mend_read(const ese_maint__mend *mend, ese_pgno pgno, uint8_t *bytes)
{
    ese_maint__scanned scanned;
    JET_ERR err;

    ESE_TRY(ese_os_file_read(mend->file, ((uint64_t)pgno + 1) * mend->page_size, bytes,
                             mend->page_size));
    scanned = ese_maint__judge(bytes, mend->page_size, pgno);
    if (scanned.state != ESE_MAINT_PAGE_GOOD && scanned.state != ESE_MAINT_PAGE_CORRECTED)
        err = ese_raise(JET_errReadVerifyFailure, "%s: page %u: it changed while it was read",
                        ese_os_file_path(mend->file), (unsigned)pgno);
out:
    return err;
}

JET_ERR
ese_maint__mend_write(const ese_maint__mend *mend, ese_page_mut *page)
{
    ese_page_checksum_update(page->bytes, page->size, page->pgno);
    return ese_os_file_write(mend->file, ((uint64_t)page->pgno + 1) * mend->page_size, page->bytes,
                             page->size);
}

static JET_ERR
copy_bytes(const ese_maint__file *from, ese_os_file *to, const ese_maint_watcher *watcher)
{
    uint64_t size = ((uint64_t)from->n_pages + 2) * from->page_size;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(PIECE_BYTES, 64, &bytes));
    for (uint64_t at = 0; at < size; at += PIECE_BYTES) {
        size_t n = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;

        ESE_TRY(ese_os_file_read(from->file, at, bytes, n));
        ESE_TRY(ese_os_file_write(to, at, bytes, n));
        if (watcher != NULL && watcher->progress != NULL)
            watcher->progress(watcher->self, "copy", at, size);
    }
out:
    ese_free(&bytes);
    return err;
}

/* ---- Mending ---- */

static void
tell(const ese_maint__mend *mend, const ese_btree *tree, const char *table, uint32_t n)
{
    char text[64];
    ese_maint_finding finding = {.severity = ESE_MAINT_ERROR,
                                 .area = ESE_MAINT_TREE,
                                 .pgno = tree->root,
                                 .table = table,
                                 .err = JET_errDatabaseCorrupted,
                                 .text = text};

    snprintf(text, sizeof text, "put together anew from %u leaves", (unsigned)n);
    if (mend->watcher != NULL && mend->watcher->found != NULL)
        mend->watcher->found(mend->watcher->self, &finding);
}

static JET_ERR
mend_tree(ese_maint__mend *mend, const scan *scanning, const ese_btree *tree, const char *table)
{
    ese_maint__leaves leaves = {0};
    JET_ERR err = JET_errSuccess;

    if (tree->root == 0 || tree->root > mend->n_pages || !is_broken(scanning, tree->objid))
        return JET_errSuccess;
    ESE_TRY(ese_maint__mend_leaves(mend, tree->objid, &leaves));
    if (leaves.n > 0) {
        ESE_TRY(ese_maint__mend_build(mend, tree, &leaves));
        mend->repaired->n_trees++;
        tell(mend, tree, table, leaves.n);
    }
out:
    ese_free(&leaves.leaves);
    return err;
}

/* The two copies of the catalog have their places; all else is known from them. */
static JET_ERR
mend_catalog(ese_maint__mend *mend, const scan *scanning)
{
    const ese_btree catalog = {.root = CATALOG_ROOT, .objid = CATALOG_OBJID, .is_unique = true};
    const ese_btree shadow = {.root = SHADOW_ROOT, .objid = SHADOW_OBJID, .is_unique = true};
    JET_ERR err;

    ESE_TRY(mend_tree(mend, scanning, &catalog, "MSysObjects"));
    ESE_TRY(mend_tree(mend, scanning, &shadow, "MSysObjectsShadow"));
out:
    return err;
}

static JET_ERR
mend_tables(ese_maint__mend *mend, const scan *scanning, const char *copy)
{
    ese_maint__check check = {0};
    JET_ERR err;

    ESE_TRY(ese_maint__check_open(&check, copy, NULL));
    ESE_TRY(ese_maint__check_read_catalog(&check));
    for (uint32_t number = 1; number <= check.n_trees; number++) {
        const ese_maint__tree *tree = ese_maint__tree_at(&check, number);
        bool is_told = tree->btree.objid == CATALOG_OBJID || tree->btree.objid == SHADOW_OBJID;

        if ((tree->role == ESE_MAINT__TABLE || tree->role == ESE_MAINT__LONG_VALUES) && !is_told)
            ESE_TRY(mend_tree(mend, scanning, &tree->btree, tree->table));
    }
out:
    ese_maint__check_close(&check);
    return err;
}

static JET_ERR
mend_copy(const ese_maint__file *from, const scan *scanning, const char *copy,
          const ese_maint_watcher *watcher, ese_maint_repaired *repaired)
{
    ese_maint__mend mend = {.page_size = from->page_size,
                            .n_pages = from->n_pages,
                            .last = from->n_pages,
                            .notes = scanning->notes,
                            .watcher = watcher,
                            .repaired = repaired};
    JET_ERR err;

    ESE_TRY(ese_os_file_open_for(copy, ESE_OS_FILE_CREATE, &mend.file));
    err = copy_bytes(from, mend.file, watcher);
    if (err >= JET_errSuccess)
        err = mend_catalog(&mend, scanning);
    if (err >= JET_errSuccess)
        err = mend_tables(&mend, scanning, copy);
    ese_os_file_close(&mend.file);
    if (err < JET_errSuccess || repaired->n_trees == 0)
        (void)ese_os_file_delete(copy); /* made here; what failed before is what is told */
out:
    return err;
}

JET_ERR
ese_maint_repair_trees(const char *source, const char *copy, const ese_maint_watcher *watcher,
                       ese_maint_repaired *repaired_out)
{
    ese_maint__file file = {0};
    scan scanning = {0};
    ese_maint_repaired repaired = {0};
    JET_ERR err;

    err = ese_maint__file_open(source, &file);
    if (err == JET_errDatabaseCorrupted) { /* no header: its pages are read as they are */
        *repaired_out = repaired;
        return JET_errSuccess;
    }
    ESE_TRY(err);
    ESE_TRY(scan_file(&file, &scanning));
    if (scanning.n_broken > 0)
        ESE_TRY(mend_copy(&file, &scanning, copy, watcher, &repaired));
    *repaired_out = repaired;
out:
    ese_free(&scanning.notes);
    ese_free(&scanning.broken);
    ese_maint__file_close(&file);
    return err;
}
