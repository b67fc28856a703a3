/* The size of the file: what the database root owns, and what the file system has for it. */
#include "base/alloc.h"
#include "btree/btree_private.h"
#include "btree/btree_space_private.h"

enum {
    DATABASE_ROOT = 1,
    HEADER_PAGES = 2, /* in front of page 1 */
};

void
ese_btree_db_set_extension(ese_btree_db *db, uint32_t n_pages)
{
    /* Relaxed: a number of its own. */
    atomic_store_explicit(&db->space.extension, n_pages == 0 ? 1 : n_pages, memory_order_relaxed);
}

void
ese_btree_db_set_limit(ese_btree_db *db, ese_pgno n_pages)
{
    /* Relaxed: a number of its own. */
    atomic_store_explicit(&db->space.limit, n_pages, memory_order_relaxed);
}

void
ese_btree_db_set_file_ops(ese_btree_db *db, const ese_btree_file_ops *ops)
{
    db->space.file_ops = *ops;
}

static JET_ERR
load_root(ese_btree_db *db, ese_btree__owner *root_out)
{
    ese_btree__owner root;
    JET_ERR err = ese_btree__owner_load(db, NULL, DATABASE_ROOT, &root);

    if (err < JET_errSuccess)
        return err;
    if (!root.header.is_multi_extent)
        return ese_raise(JET_errSPOwnExtCorrupted, "%s: the database has no space trees",
                         ese_cache_path(root.tree.file));
    *root_out = root;
    return JET_errSuccess;
}

static JET_ERR
last_owned(const ese_btree__owner *root, ese_page_extent *extent_out)
{
    bool found = false;
    JET_ERR err = ese_btree__extent_last(root, ESE_BTREE__OWNED, extent_out, &found);

    if (err >= JET_errSuccess && !found)
        err = ese_raise(JET_errSPOwnExtCorrupted, "%s: the database owns no page",
                        ese_cache_path(root->tree.file));
    return err;
}

static JET_ERR
set_file_pages(ese_btree_db *db, ese_cache_file *file, ese_pgno n_pages)
{
    const ese_btree_file_ops *ops = &db->space.file_ops;
    uint64_t size = ((uint64_t)n_pages + HEADER_PAGES) * ese_cache_page_size(file);
    JET_ERR err = JET_errSuccess;

    if (ops->resize != NULL)
        ESE_TRY(ops->resize(ops->self, ese_cache_page_count(file), n_pages));
    if (n_pages < ese_cache_page_count(file)) /* nobody reads there any more */
        ese_cache_set_page_count(file, n_pages);
    ESE_TRY(ese_os_file_resize(ese_cache_os_file(file), size));
    ese_cache_set_page_count(file, n_pages);
out:
    return err;
}

static bool
is_zero(const uint8_t *bytes, size_t n)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* Pages that the file had before the database owned them may hold anything. Nobody has read them, and until now nothing depends on them. */
static JET_ERR
clear_pages(ese_cache_file *file, ese_pgno first, ese_pgno last)
{
    uint32_t page_size = ese_cache_page_size(file);
    ese_os_file *os_file = ese_cache_os_file(file);
    uint8_t *page = NULL, *blank = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(page_size, &page));
    ESE_TRY(ese_alloc_aligned(page_size, ESE_OS_FILE_BLOCK, &blank));
    memset(blank, 0, page_size);
    for (ese_pgno pgno = first; pgno <= last; pgno++) {
        uint64_t offset = ((uint64_t)pgno + HEADER_PAGES - 1) * page_size;

        ESE_TRY(ese_os_file_read(os_file, offset, page, page_size));
        if (!is_zero(page, page_size))
            ESE_TRY(ese_os_file_write(os_file, offset, blank, page_size));
    }
out:
    ese_free(&blank);
    ese_free(&page);
    return err;
}

/* The new pages are one extent; some of them, or all, may have been in the file before. */
static JET_ERR
extend(ese_btree__owner *root, uint32_t n_pages)
{
    /* Relaxed: a number of its own. */
    ese_pgno limit = atomic_load_explicit(&root->db->space.limit, memory_order_relaxed);
    ese_page_extent extent = {0};
    ese_pgno n_file;
    JET_ERR err;

    if (limit == 0)
        limit = ESE_PAGE_PGNO_MAX;
    ESE_TRY(last_owned(root, &extent));
    if (extent.last > limit || n_pages > limit - extent.last)
        ESE_TRY(ese_raise(JET_errOutOfDatabaseSpace, "%s: has %u pages and cannot have %u more",
                          ese_cache_path(root->tree.file), (unsigned)extent.last,
                          (unsigned)n_pages));
    n_file = ese_cache_page_count(root->tree.file);
    extent = (ese_page_extent){.last = extent.last + n_pages, .count = n_pages};
    if (ese_btree__extent_first(&extent) <= n_file)
        ESE_TRY(clear_pages(root->tree.file, ese_btree__extent_first(&extent),
                            extent.last < n_file ? extent.last : n_file));
    if (extent.last > n_file)
        ESE_TRY(set_file_pages(root->db, root->tree.file, extent.last));
    ESE_TRY(ese_btree__extent_gain(root, &extent, NULL));
out:
    return err;
}

JET_ERR
ese_btree__file_extend(ese_btree__owner *root, uint32_t n_min)
{
    /* Relaxed: a number of its own. */
    uint32_t n_pages = atomic_load_explicit(&root->db->space.extension, memory_order_relaxed);
    unsigned n_for_owned = 0, n_for_free = 0;
    JET_ERR err;

    ESE_TRY(ese_btree__extent_need(root, ESE_BTREE__OWNED, 0, &n_for_owned));
    ESE_TRY(ese_btree__extent_need(root, ESE_BTREE__FREE, 0, &n_for_free));
    if (n_min > ESE_PAGE_PGNO_MAX)
        n_min = ESE_PAGE_PGNO_MAX;
    n_min += n_for_owned + n_for_free;
    ESE_TRY(extend(root, n_pages < n_min ? n_min : n_pages));
out:
    return err;
}

/* ---- What the outside sees ---- */

JET_ERR
ese_btree_db_size(ese_btree_db *db, ese_pgno *n_pages_out, ese_pgno *n_free_out)
{
    ese_page_extent extent = {0};
    ese_btree__owner root;
    uint32_t n_free = 0;
    JET_ERR err;

    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(load_root(db, &root));
    ESE_TRY(last_owned(&root, &extent));
    ESE_TRY(ese_btree__extent_sum(&root, ESE_BTREE__FREE, &n_free));
    *n_pages_out = extent.last;
    *n_free_out = n_free;
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}

JET_ERR
ese_btree_db_grow(ese_btree_db *db, ese_pgno n)
{
    uint64_t step = atomic_load_explicit(&db->space.extension, memory_order_relaxed);
    uint64_t n_pages = ((uint64_t)n + step - 1) / step * step; /* relaxed: a number of its own */
    ese_btree__owner root;
    JET_ERR err;

    if (n == 0)
        return JET_errSuccess;
    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(load_root(db, &root));
    ESE_TRY(extend(&root, n_pages > ESE_PAGE_PGNO_MAX ? ESE_PAGE_PGNO_MAX : (uint32_t)n_pages));
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}

/* ---- Shrinking ---- */

/* The last `n` pages of the database, which are free, cease to be its own: first they are in no place, then not owned. */
static JET_ERR
cut(const ese_btree__owner *root, const ese_page_extent *owned, const ese_page_extent *free,
    uint32_t n)
{
    ese_page_extent rest_owned = {.last = owned->last - n, .count = owned->count - n};
    ese_page_extent rest_free = {.last = free->last - n, .count = free->count - n};
    JET_ERR err;

    ESE_TRY(ese_btree__extent_remove(root, ESE_BTREE__FREE, free));
    if (rest_owned.count != 0)
        ESE_TRY(ese_btree__extent_add(root, ESE_BTREE__OWNED, &rest_owned, false));
    err = ese_btree__extent_remove(root, ESE_BTREE__OWNED, owned);
    if (err < JET_errSuccess && rest_owned.count != 0)
        (void)ese_btree__extent_remove(root, ESE_BTREE__OWNED, &rest_owned);
    ESE_TRY(err);
    if (rest_free.count != 0)
        ESE_TRY(ese_btree__extent_add(root, ESE_BTREE__FREE, &rest_free, false));
out:
    return err;
}

/* One extent at the end of the database; *is_done_out: there is nothing more to cut. */
static JET_ERR
shrink_once(ese_btree__owner *root, ese_pgno n_wanted, bool *is_done_out)
{
    ese_page_extent owned = {0}, free = {0};
    unsigned n_need = 0;
    bool found = false;
    uint32_t n;
    JET_ERR err;

    *is_done_out = true;
    ESE_TRY(last_owned(root, &owned));
    if (owned.last <= n_wanted)
        return JET_errSuccess;
    ESE_TRY(ese_btree__extent_last(root, ESE_BTREE__FREE, &free, &found));
    if (!found || free.last != owned.last || free.count > owned.count)
        return JET_errSuccess;
    n = owned.last - n_wanted < free.count ? owned.last - n_wanted : free.count;
    ESE_TRY(ese_btree__extent_need(root, ESE_BTREE__OWNED, owned.last - n, &n_need));
    if (n_need != 0 && n != owned.count)
        return JET_errSuccess; /* pages to note it with would come from where it shrinks */
    ESE_TRY(cut(root, &owned, &free, n));
    *is_done_out = n != owned.count;
out:
    return err;
}

JET_ERR
ese_btree_db_shrink(ese_btree_db *db, ese_pgno n_wanted, ese_pgno *n_out)
{
    ese_page_extent owned = {0};
    ese_btree__owner root;
    bool is_done = false;
    JET_ERR err;

    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(load_root(db, &root));
    while (!is_done && err >= JET_errSuccess)
        err = shrink_once(&root, n_wanted, &is_done);
    ese_btree__reserve_drain(&root);
    ESE_TRY(err);
    ESE_TRY(last_owned(&root, &owned));
    if (owned.last < ese_cache_page_count(root.tree.file))
        ESE_TRY(set_file_pages(db, root.tree.file, owned.last));
    *n_out = owned.last;
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}
