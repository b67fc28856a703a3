/*
 * Redo of records that make trees and change several pages at once, but for splits and merges: creation, conversion to many extents, emptying, page
 * moves, pages made in advance, scrubbing. Recovery specification, sections 5.3, 5.8 and 5.9.
 *
 * INV-1  Each page of a record is tested on its own: any of them may be in the file already.
 */
#include "recovery/recovery_private.h"

#include "page/page_space.h"

enum { SPACE_ROOTS = 2, CREATED = 3, N_BITS = 32 };

static const ese_bytes no_bytes = {NULL, 0};

static ese_recovery__stamp
new_stamp(const ese_log_entry *entry, ese_pgno pgno)
{
    return (ese_recovery__stamp){pgno, ESE_LOG_DBTIME_NONE, entry->dbtime, 0};
}

/* A buffer of the run as the page `pgno`, formatted. */
static ese_page_mut
start_page(ese_recovery__run *run, ese_pgno pgno, uint32_t objid, uint32_t flags)
{
    ese_page_mut page = {run->scratch[0], run->page_size, pgno};

    ese_page_format(&page, objid, flags);
    return page;
}

static void
put_extent(ese_page_mut *page, ese_pgno last, uint32_t count)
{
    ese_page view = ese_page_of_mut(page);
    ese_page_extent extent = {.last = last, .count = count};
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE], data[ESE_PAGE_EXTENT_DATA_SIZE];
    ese_bytes key_bytes = {key, sizeof key};

    if (count == 0)
        return;
    ese_page_extent_encode(&extent, key, data);
    ese_page_insert(page, ese_page_find_ge(&view, key_bytes, no_bytes), key_bytes, 0,
                    (ese_bytes){data, sizeof data}, 0);
}

/* Puts a page that was made in a buffer into its place, if it is not there yet. */
static JET_ERR
finish_page(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
            const ese_page_mut *made)
{
    const ese_recovery__stamp stamp = new_stamp(entry, made->pgno);
    ese_cache_page *page = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page == NULL)
        goto out;
    ESE_TRY(ese_recovery__page_put(run, made, page));
    ese_recovery__page_close(run, &stamp, 0, &page);
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

/* ---- creation */

/* What a root may be, as the log has it: kinds only. */
static uint32_t
kind_flags(uint32_t flags)
{
    return flags & (ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE | ESE_PAGE_NON_UNIQUE | ESE_PAGE_SPACE);
}

static JET_ERR
create_root(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
            const ese_page_space *space)
{
    uint32_t flags = kind_flags(entry->u.tree.page_flags) | ESE_PAGE_ROOT | ESE_PAGE_LEAF;
    ese_page_mut page = start_page(run, entry->pgno, entry->objid, flags);
    uint8_t header[ESE_PAGE_SPACE_HEADER_SIZE];

    ese_page_space_encode(space, header);
    ese_page_set_external_header(&page, (ese_bytes){header, sizeof header});
    return finish_page(run, db, entry, &page);
}

static ese_page_mut
start_space_root(ese_recovery__run *run, const ese_log_entry *entry, ese_pgno pgno)
{
    static const uint8_t no_buffer[ESE_PAGE_SPACE_HEADER_SIZE] = {0};
    uint32_t flags =
        kind_flags(entry->u.tree.page_flags) | ESE_PAGE_SPACE | ESE_PAGE_ROOT | ESE_PAGE_LEAF;
    ese_page_mut page = start_page(run, pgno, entry->objid, flags);

    ese_page_set_external_header(&page, (ese_bytes){no_buffer, sizeof no_buffer});
    return page;
}

static JET_ERR
create_multiple(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_log_entry_tree *tree = &entry->u.tree;
    ese_page_space space = {
        .n_primary = tree->n_primary,
        .parent = tree->parent,
        .is_multi_extent = true,
        .is_non_unique = (entry->flags & ESE_LOG_UNIQUE) == 0,
        .owned_root = tree->oe,
    };
    ese_pgno last = entry->pgno + tree->n_primary - 1;
    ese_page_mut page;
    JET_ERR err;

    if (tree->n_primary < CREATED || tree->n_primary > ESE_PAGE_PGNO_MAX - entry->pgno)
        return ese_recovery__inconsistent(run, entry->pgno, "a tree of an impossible size");
    ESE_TRY(create_root(run, db, entry, &space));
    page = start_space_root(run, entry, tree->oe);
    put_extent(&page, last, tree->n_primary);
    ESE_TRY(finish_page(run, db, entry, &page));
    page = start_space_root(run, entry, tree->ae);
    put_extent(&page, last, tree->n_primary - CREATED);
    ESE_TRY(finish_page(run, db, entry, &page));
out:
    return err;
}

static JET_ERR
create_single(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    uint32_t n = entry->u.tree.n_primary;
    ese_page_space space = {
        .n_primary = n,
        .parent = entry->u.tree.parent,
        .is_non_unique = (entry->flags & ESE_LOG_UNIQUE) == 0,
        .free_bits = n > N_BITS ? UINT32_MAX : (uint32_t)((UINT64_C(1) << n >> 1) - 1),
    };

    JET_ERR err;

    ESE_TRY(ese_recovery__created_add(run, db, entry));
    ESE_TRY(create_root(run, db, entry, &space));
out:
    return err;
}

/* ---- conversion */

static JET_ERR
convert_root(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_recovery__stamp stamp = {entry->pgno, entry->dbtime_before, entry->dbtime,
                                       entry->objid};
    ese_cache_page *page = NULL;
    ese_page_space space;
    uint8_t header[ESE_PAGE_SPACE_HEADER_MAX];
    JET_ERR err;

    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page == NULL)
        goto out;
    if ((ese_page_flags(&page->page) & ESE_PAGE_ROOT) == 0 ||
        ese_page_space_decode(ese_page_external_header(&page->page), &space) < JET_errSuccess) {
        err = ese_recovery__inconsistent(run, entry->pgno, "it is not the root of a tree");
    } else {
        ese_page_mut bytes = ese_recovery__page_bytes(page);
        size_t size;

        space.is_multi_extent = true;
        space.owned_root = entry->u.tree.oe;
        size = ese_page_space_patch(ese_page_external_header(&page->page), &space, header);
        ese_page_set_external_header(&bytes, (ese_bytes){header, size});
        ese_recovery__page_close(run, &stamp, 0, &page);
    }
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

/* The runs of free pages that the bitmap knows, and those behind its end. */
static void
put_free_primary(ese_page_mut *page, const ese_log_entry *entry)
{
    const ese_log_entry_tree *tree = &entry->u.tree;
    ese_pgno first = entry->pgno + 1;

    if (tree->n_primary - 1 > N_BITS)
        put_extent(page, entry->pgno + tree->n_primary - 1, tree->n_primary - 1 - N_BITS);
    for (uint32_t bit = 0; bit < N_BITS; bit++) {
        uint32_t n = 0;

        while (bit + n < N_BITS && (tree->free_bits >> (bit + n) & 1) != 0)
            n++;
        put_extent(page, first + bit + n - 1, n);
        bit += n;
    }
}

static JET_ERR
convert(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_log_entry_tree *tree = &entry->u.tree;
    ese_pgno last = tree->secondary_first + tree->n_secondary - 1;
    ese_page_mut page;
    JET_ERR err;

    if (tree->n_secondary < SPACE_ROOTS || tree->n_primary < 1 ||
        tree->n_primary > ESE_PAGE_PGNO_MAX || tree->n_secondary > ESE_PAGE_PGNO_MAX)
        return ese_recovery__inconsistent(run, entry->pgno, "a tree of an impossible size");
    ESE_TRY(convert_root(run, db, entry));
    page = start_space_root(run, entry, tree->oe);
    put_extent(&page, last, tree->n_secondary);
    put_extent(&page, entry->pgno + tree->n_primary - 1, tree->n_primary);
    ESE_TRY(finish_page(run, db, entry, &page));
    page = start_space_root(run, entry, tree->ae);
    put_extent(&page, last, tree->n_secondary - SPACE_ROOTS);
    put_free_primary(&page, entry);
    ESE_TRY(finish_page(run, db, entry, &page));
out:
    return err;
}

/* ---- pages that come and go */

static void
make_empty(ese_page_mut *page)
{
    ese_page view = ese_page_of_mut(page);

    ese_page_set_flags(page, ese_page_flags(&view) | ESE_PAGE_EMPTY);
    ese_page_clear(page);
}

static JET_ERR
empty_page(ese_recovery__run *run, ese_recovery__db *db, const ese_recovery__stamp *stamp)
{
    ese_cache_page *page = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__page_open(run, db, stamp, &page));
    if (page != NULL) {
        ese_page_mut bytes = ese_recovery__page_bytes(page);

        ESE_TRY(ese_recovery__lines_move(db, &page->page));
        make_empty(&bytes);
        ese_recovery__page_close(run, stamp, 0, &page);
    }
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

static JET_ERR
empty_root(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_recovery__stamp stamp = {entry->pgno, entry->dbtime_before, entry->dbtime,
                                       entry->objid};
    ese_cache_page *page = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page != NULL) {
        ese_page_mut bytes = ese_recovery__page_bytes(page);
        uint32_t flags = ese_page_flags(&page->page) & ~(uint32_t)ESE_PAGE_PARENT_OF_LEAF;

        ese_page_set_flags(&bytes, flags | ESE_PAGE_LEAF);
        ese_page_clear(&bytes);
        ese_recovery__page_close(run, &stamp, 0, &page);
    }
out:
    return err;
}

static JET_ERR
empty_tree(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    unsigned n = ese_log_empty_tree_count(entry);
    JET_ERR err;

    ESE_TRY(empty_root(run, db, entry));
    for (unsigned i = 0; i < n; i++) {
        ese_log_listed_page listed = ese_log_empty_tree_page(entry, i);
        const ese_recovery__stamp stamp = {listed.pgno, listed.dbtime_before, entry->dbtime,
                                           entry->objid};

        if (listed.dbtime_before == ESE_LOG_DBTIME_NONE)
            return ese_recovery__inconsistent(run, listed.pgno, "a new page is emptied");
        ESE_TRY(empty_page(run, db, &stamp));
    }
out:
    return err;
}

static JET_ERR
make_page(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    ese_page_mut page = start_page(run, entry->pgno, entry->objid, ESE_PAGE_PRE_INIT);

    return finish_page(run, db, entry, &page);
}

static JET_ERR
scrub(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_recovery__stamp stamp = {entry->pgno, entry->dbtime_before, entry->dbtime, 0};
    ese_cache_page *page = NULL;
    JET_ERR err;

    if (entry->dbtime_before == ESE_LOG_DBTIME_NONE)
        return JET_errSuccess;
    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    ese_recovery__page_close(run, &stamp, 0, &page);
out:
    return err;
}

/* ---- page moves */

enum { OWN_PGNO_OFFSET = 64 }; /* large pages */

static JET_ERR
move_target(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    ese_page_mut page = {run->scratch[0], run->page_size, entry->u.move.target};
    JET_ERR err;

    ESE_TRY(ese_log_move_image(entry, run->page_size, page.bytes));
    if (run->page_size > ESE_PAGE_SIZE_SMALL_MAX)
        ese_store_le32(page.bytes + OWN_PGNO_OFFSET, page.pgno);
    ESE_TRY(finish_page(run, db, entry, &page));
out:
    return err;
}

static JET_ERR
set_link(ese_recovery__run *run, ese_recovery__db *db, const ese_recovery__stamp *stamp,
         ese_pgno target, bool is_next)
{
    ese_cache_page *page = NULL;
    JET_ERR err = JET_errSuccess;

    if (stamp->pgno == 0)
        return JET_errSuccess;
    ESE_TRY(ese_recovery__page_open(run, db, stamp, &page));
    if (page != NULL) {
        ese_page_mut bytes = ese_recovery__page_bytes(page);

        if (is_next)
            ese_page_set_next(&bytes, target);
        else
            ese_page_set_prev(&bytes, target);
        ese_recovery__page_close(run, stamp, 0, &page);
    }
out:
    return err;
}

static JET_ERR
move_pointer(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_log_entry_move *move = &entry->u.move;
    const ese_recovery__stamp stamp = {move->parent, move->parent_before, entry->dbtime,
                                       entry->objid};
    unsigned line = (unsigned)move->parent_line;
    ese_cache_page *page = NULL;
    ese_page_node node;
    JET_ERR err = JET_errSuccess;

    if (move->parent == 0 || move->flags != 0)
        return JET_errSuccess;
    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page == NULL)
        goto out;
    if (move->parent_line < 0 || line >= ese_page_line_count(&page->page) ||
        (ese_page_flags(&page->page) & ESE_PAGE_LEAF) != 0 ||
        (node = ese_page_line(&page->page, line), ese_page_node_child(&node) != entry->pgno)) {
        err = ese_recovery__inconsistent(run, move->parent,
                                         "it does not lead to the page that moves");
    } else {
        ese_page_mut bytes = ese_recovery__page_bytes(page);

        ese_page_set_child(&bytes, line, move->target);
        ese_recovery__page_close(run, &stamp, 0, &page);
    }
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

static JET_ERR
move_page(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_log_entry_move *move = &entry->u.move;
    const ese_recovery__stamp source = {entry->pgno, entry->dbtime_before, entry->dbtime,
                                        entry->objid};
    const ese_recovery__stamp left = {move->left, move->left_before, entry->dbtime, entry->objid};
    const ese_recovery__stamp right = {move->right, move->right_before, entry->dbtime,
                                       entry->objid};
    JET_ERR err;

    if (entry->dbtime_before == ESE_LOG_DBTIME_NONE ||
        (move->left != 0 && left.before == ESE_LOG_DBTIME_NONE) ||
        (move->right != 0 && right.before == ESE_LOG_DBTIME_NONE))
        return ese_recovery__inconsistent(run, entry->pgno, "a new page moves");
    ESE_TRY(move_target(run, db, entry));
    ESE_TRY(empty_page(run, db, &source));
    ESE_TRY(move_pointer(run, db, entry));
    ESE_TRY(set_link(run, db, &left, move->target, true));
    ESE_TRY(set_link(run, db, &right, move->target, false));
out:
    return err;
}

JET_ERR
ese_recovery__redo_tree(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    uint32_t objid_last = atomic_load_explicit(&db->log.objid_last, memory_order_relaxed);
    bool is_creation =
        entry->type == ESE_LOG_CREATE_MULTIPLE || entry->type == ESE_LOG_CREATE_SINGLE;

    if (is_creation && entry->objid > objid_last)
        atomic_store_explicit(&db->log.objid_last, entry->objid, memory_order_relaxed);
    switch (entry->type) {
    case ESE_LOG_CREATE_MULTIPLE: return create_multiple(run, db, entry);
    case ESE_LOG_CREATE_SINGLE: return create_single(run, db, entry);
    case ESE_LOG_CONVERT: return convert(run, db, entry);
    case ESE_LOG_EMPTY_TREE: return empty_tree(run, db, entry);
    case ESE_LOG_NEW_PAGE: return make_page(run, db, entry);
    case ESE_LOG_SCRUB: return scrub(run, db, entry);
    case ESE_LOG_PAGE_MOVE: return move_page(run, db, entry);
    default: return JET_errSuccess;
    }
}
