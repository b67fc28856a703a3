/*
 * Space of a tree: taking pages and extents from it, giving them back, growing from the parent.
 *
 * A tree with a single extent has its free pages as bits in tag 0 of the root; when none is left it gets two space trees of its own (convert). Either way it grows by an extent of
 * its parent, whose pages leave the free ones of the parent before they become the tree's.
 */
#include "btree/btree_private.h"
#include "btree/btree_space_private.h"

enum {
    N_BITS = 32,     /* of the bitmap of a single extent */
    LEVELS_MAX = 3,  /* long values or index, table, database root */
    SPACE_ROOTS = 2, /* pages that a conversion needs for itself */
    SMALL_TREE = 16, /* pages; smaller trees grow by SMALL_GROWTH */
    SMALL_GROWTH = 4,
    GROWTH_PART = 16, /* larger ones by this part of what they have */
    GROWTH_MAX = 512,
    SCAN_MAX = 4096, /* free extents looked at for one that is large enough */
    EXTENSION_DEFAULT = 256,
};

void
ese_btree__space_init(ese_btree__space *space)
{
    ese_os_mutex_init(&space->lock);
    /* Relaxed: a number of its own. */
    atomic_store_explicit(&space->extension, EXTENSION_DEFAULT, memory_order_relaxed);
}

void
ese_btree__space_destroy(ese_btree__space *space)
{
    ese_os_mutex_destroy(&space->lock);
}

/* ---- The root page ---- */

static JET_ERR
read_root(ese_btree__owner *owner, const ese_page *page)
{
    uint32_t flags = ese_page_flags(page);

    if ((flags & (ESE_PAGE_ROOT | ESE_PAGE_SPACE | ESE_PAGE_EMPTY)) != ESE_PAGE_ROOT)
        return ese_raise(JET_errBadPageLink, "%s: page %u is no root of a tree",
                         ese_cache_path(owner->tree.file), (unsigned)page->pgno);
    owner->tree.objid = ese_page_objid(page);
    owner->tree.kind = flags & (ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE);
    owner->tree.is_unique = (flags & ESE_PAGE_NON_UNIQUE) == 0;
    return ese_page_space_decode(ese_page_external_header(page), &owner->header);
}

JET_ERR
ese_btree__owner_load(ese_btree_db *db, ese_log_origin *origin, ese_pgno root,
                      ese_btree__owner *owner_out)
{
    ese_btree__owner owner = {.db = db, .origin = origin};
    ese_cache_page *page = NULL;
    JET_ERR err;

    owner.tree.file = ese_btree_db_log(db)->file;
    owner.tree.root = root;
    ESE_TRY(ese_cache_pin(owner.tree.file, root, &page));
    ESE_TRY(read_root(&owner, &page->page));
    *owner_out = owner;
out:
    ese_cache_unpin(&page);
    return err;
}

JET_ERR
ese_btree__owner_store(const ese_btree__owner *owner)
{
    uint8_t header[ESE_PAGE_SPACE_HEADER_MAX];
    ese_cache_page *page = NULL;
    ese_log_record record = {
        .type = ESE_LOG_SET_EXTERNAL_HEADER,
        .flags = owner->tree.is_unique ? ESE_LOG_UNIQUE : 0,
        .root = owner->tree.root,
        .objid = owner->tree.objid,
    };
    JET_ERR err;

    ESE_TRY(ese_cache_latch(owner->tree.file, owner->tree.root, &page));
    record.u.node.data.data = header;
    record.u.node.data.size =
        ese_page_space_patch(ese_page_external_header(&page->page), &owner->header, header);
    ESE_TRY(ese_log_change_node(ese_btree_db_log(owner->db), owner->origin, &page, &record));
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

static JET_ERR
load_parent(const ese_btree__owner *owner, ese_btree__owner *parent_out)
{
    if (owner->header.parent == 0 || owner->header.parent == owner->tree.root)
        return ese_raise(JET_errSPOwnExtCorrupted, "%s: page %u: a root without a parent",
                         ese_cache_path(owner->tree.file), (unsigned)owner->tree.root);
    return ese_btree__owner_load(owner->db, owner->origin, owner->header.parent, parent_out);
}

/* ---- The bitmap ---- */

static uint32_t
run_of(uint32_t bits, unsigned from)
{
    uint32_t n = 0;

    while (from + n < N_BITS && (bits >> (from + n) & 1) != 0)
        n++;
    return n;
}

/* The first run of `n_want` free pages, else the longest one; 0 when there is none. */
static uint32_t
find_run(uint32_t bits, uint32_t n_want, unsigned *bit_out)
{
    uint32_t n_best = 0;

    for (unsigned bit = 0; bit < N_BITS && n_best < n_want; bit++) {
        uint32_t n = run_of(bits, bit);

        if (n > n_best) {
            n_best = n < n_want ? n : n_want;
            *bit_out = bit;
        }
        bit += n;
    }
    return n_best;
}

static JET_ERR
take_bits(ese_btree__owner *owner, unsigned bit, uint32_t n, ese_page_extent *extent_out)
{
    uint32_t before = owner->header.free_bits;
    JET_ERR err;

    owner->header.free_bits &= ~(uint32_t)((((uint64_t)1 << n) - 1) << bit);
    err = ese_btree__owner_store(owner);
    if (err < JET_errSuccess)
        owner->header.free_bits = before;
    else
        *extent_out = (ese_page_extent){.last = owner->tree.root + bit + n, .count = n};
    return err;
}

/* ---- Growing ---- */

/* What a tree of `n_owned` pages grows by. */
static uint32_t
growth_of(const ese_btree_shared *shared, uint32_t n_owned)
{
    uint32_t percent = 0, n_min = 0, n_max = 0;
    uint64_t n;

    if (shared != NULL) { /* relaxed: hints */
        percent = atomic_load_explicit(&shared->growth_percent, memory_order_relaxed);
        n_min = atomic_load_explicit(&shared->extent_min, memory_order_relaxed);
        n_max = atomic_load_explicit(&shared->extent_max, memory_order_relaxed);
    }
    n = percent != 0                         ? (uint64_t)n_owned * percent / 100
        : n_owned < SMALL_TREE               ? SMALL_GROWTH
        : n_owned / GROWTH_PART < GROWTH_MAX ? n_owned / GROWTH_PART
                                             : GROWTH_MAX;
    if (n_max != 0 && n > n_max)
        n = n_max;
    if (n < n_min)
        n = n_min;
    return n == 0 ? 1 : n > GROWTH_MAX && n_max == 0 ? GROWTH_MAX : (uint32_t)n;
}

static JET_ERR get_extent(ese_btree__owner *owner, uint32_t n_min, uint32_t n_want, unsigned level,
                          ese_page_extent *extent_out);

/* By an extent with room for `n_min` free pages in a row, and for what its own space trees may need on the way. */
static JET_ERR
grow_multi(ese_btree__owner *owner, uint32_t n_min, unsigned level)
{
    ese_btree__owner parent;
    ese_page_extent extent = {0};
    unsigned n_for_owned = 0, n_for_free = 0;
    uint32_t n_owned = 0, n_want;
    JET_ERR err;

    ESE_TRY(load_parent(owner, &parent));
    ESE_TRY(ese_btree__extent_sum(owner, ESE_BTREE__OWNED, &n_owned));
    ESE_TRY(ese_btree__extent_need(owner, ESE_BTREE__OWNED, 0, &n_for_owned));
    ESE_TRY(ese_btree__extent_need(owner, ESE_BTREE__FREE, 0, &n_for_free));
    n_min += n_for_owned + n_for_free;
    n_want = growth_of(owner->shared, n_owned);
    ESE_TRY(get_extent(&parent, n_min, n_want < n_min ? n_min : n_want, level + 1, &extent));
    ESE_TRY(ese_btree__extent_gain(owner, &extent, &parent));
out:
    return err;
}

static JET_ERR
convert(ese_btree__owner *owner, uint32_t n_min, unsigned level)
{
    uint32_t n_want = growth_of(owner->shared, owner->header.n_primary);
    ese_page_extent extent = {0};
    ese_btree__owner parent;
    JET_ERR err;

    ESE_TRY(load_parent(owner, &parent));
    if (n_want < n_min)
        n_want = n_min;
    ESE_TRY(get_extent(&parent, SPACE_ROOTS + n_min, SPACE_ROOTS + n_want, level + 1, &extent));
    err = ese_btree__convert(owner, &extent);
    if (err < JET_errSuccess)
        (void)ese_btree__extent_free(&parent, &extent);
out:
    return err;
}

static JET_ERR
grow(ese_btree__owner *owner, uint32_t n_min, unsigned level)
{
    if (level >= LEVELS_MAX)
        return ese_raise(JET_errSPOwnExtCorrupted, "%s: page %u has too many ancestors",
                         ese_cache_path(owner->tree.file), (unsigned)owner->tree.root);
    if (!owner->header.is_multi_extent)
        return convert(owner, n_min, level);
    if (owner->tree.root == 1)
        return ese_btree__file_extend(owner, n_min);
    return grow_multi(owner, n_min, level);
}

/* ---- Extents ---- */

typedef struct search {
    uint32_t n_want, n_seen;
    ese_page_extent best;
} search;

static JET_ERR
look(void *self, const ese_page_extent *extent)
{
    search *found = self;

    if (found->best.count >= found->n_want || found->n_seen++ > SCAN_MAX)
        return JET_errSuccess;
    if (extent->pool == 0 && extent->count > found->best.count)
        found->best = *extent;
    return JET_errSuccess;
}

/* Takes an extent without growing; *n_out = 0: there is none of n_min pages. */
static JET_ERR
try_extent(ese_btree__owner *owner, uint32_t n_min, uint32_t n_want, ese_page_extent *extent_out,
           uint32_t *n_out)
{
    search found = {.n_want = n_want};
    ese_btree__extent_visitor visitor = {&found, look};
    uint32_t n = 0;
    unsigned bit = 0;
    JET_ERR err = JET_errSuccess;

    if (!owner->header.is_multi_extent) {
        n = find_run(owner->header.free_bits, n_want, &bit);
        if (n >= n_min)
            ESE_TRY(take_bits(owner, bit, n, extent_out));
    } else {
        ESE_TRY(ese_btree__extent_each(owner, ESE_BTREE__FREE, &visitor));
        n = found.best.count < n_want ? found.best.count : n_want;
        if (n >= n_min) {
            ESE_TRY(ese_btree__extent_take(owner, &found.best, n));
            *extent_out =
                (ese_page_extent){.last = ese_btree__extent_first(&found.best) + n - 1, .count = n};
        }
    }
    *n_out = n >= n_min ? n : 0;
out:
    return err;
}

static JET_ERR
get_extent(ese_btree__owner *owner, uint32_t n_min, uint32_t n_want, unsigned level,
           ese_page_extent *extent_out)
{
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(try_extent(owner, n_min, n_want, extent_out, &n));
    if (n == 0) {
        ESE_TRY(grow(owner, n_min, level));
        ESE_TRY(try_extent(owner, n_min, n_want, extent_out, &n));
    }
    if (n == 0)
        ESE_TRY(ese_raise(JET_errOutOfDatabaseSpace, "%s: objid %u: no %u free pages in a row",
                          ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid,
                          (unsigned)n_min));
out:
    return err;
}

JET_ERR
ese_btree__extent_get(ese_btree__owner *owner, uint32_t n_min, uint32_t n_want,
                      ese_page_extent *extent_out)
{
    return get_extent(owner, n_min, n_want, 0, extent_out);
}

/* ---- Single pages ---- */

static uint32_t
bits_behind(const ese_btree__owner *owner, ese_pgno near)
{
    ese_pgno root = owner->tree.root;

    if (near <= root)
        return owner->header.free_bits;
    return near - root >= N_BITS ? 0
                                 : owner->header.free_bits & ~(((uint32_t)1 << (near - root)) - 1);
}

static JET_ERR
take_from_bits(ese_btree__owner *owner, ese_pgno near, ese_pgno *pgno_out)
{
    uint32_t bits = bits_behind(owner, near);
    ese_page_extent extent = {0};
    unsigned bit = 0;
    JET_ERR err;

    if (bits == 0)
        bits = owner->header.free_bits;
    (void)find_run(bits, 1, &bit);
    err = take_bits(owner, bit, 1, &extent);
    if (err >= JET_errSuccess)
        *pgno_out = extent.last;
    return err;
}

static JET_ERR
take_from_extents(ese_btree__owner *owner, ese_pgno near, ese_pgno *pgno_out)
{
    ese_page_extent extent = {0};
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, near + 1, &extent, &found));
    if (!found)
        ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, 0, &extent, &found));
    if (!found) {
        ESE_TRY(grow(owner, 1, 0));
        ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, 0, &extent, &found));
    }
    if (!found)
        ESE_TRY(ese_raise(JET_errOutOfDatabaseSpace, "%s: objid %u: no free page",
                          ese_cache_path(owner->tree.file), (unsigned)owner->tree.objid));
    ESE_TRY(ese_btree__extent_take(owner, &extent, 1));
    *pgno_out = ese_btree__extent_first(&extent);
out:
    return err;
}

static JET_ERR
take_from_reserve(ese_btree_db *db, ese_pgno *pgno_out)
{
    if (db->space.n_reserve == 0)
        return ese_raise(JET_errOutOfDatabaseSpace, "%s: no page for a space tree",
                         ese_cache_path(ese_btree_db_log(db)->file));
    *pgno_out = db->space.reserve[--db->space.n_reserve];
    return JET_errSuccess;
}

static JET_ERR
check_owner(const ese_btree__owner *owner, const ese_btree *tree)
{
    if (owner->tree.objid == tree->objid && owner->tree.kind == tree->kind)
        return JET_errSuccess;
    return ese_raise(JET_errBadPageLink, "%s: page %u is not the root of objid %u",
                     ese_cache_path(tree->file), (unsigned)tree->root, (unsigned)tree->objid);
}

JET_ERR
ese_btree__take_page(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree, ese_pgno near,
                     ese_pgno *pgno_out)
{
    ese_btree__owner owner;
    JET_ERR err;

    if ((tree->kind & ESE_PAGE_SPACE) != 0)
        return take_from_reserve(db, pgno_out);
    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(ese_btree__owner_load(db, origin, tree->root, &owner));
    ESE_TRY(check_owner(&owner, tree));
    owner.shared = tree->shared;
    if (!owner.header.is_multi_extent && owner.header.free_bits == 0)
        ESE_TRY(grow(&owner, 1, 0));
    ESE_TRY(owner.header.is_multi_extent ? take_from_extents(&owner, near, pgno_out)
                                         : take_from_bits(&owner, near, pgno_out));
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}

void
ese_btree__give_page(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree, ese_pgno pgno)
{
    ese_page_extent extent = {.last = pgno, .count = 1};
    ese_btree__owner owner;

    if ((tree->kind & ESE_PAGE_SPACE) != 0) {
        if (db->space.n_released < ESE_BTREE__RESERVE_MAX)
            db->space.released[db->space.n_released++] = pgno;
        return;
    }
    ese_os_mutex_lock(&db->space.lock);
    if (ese_btree__owner_load(db, origin, tree->root, &owner) >= JET_errSuccess &&
        check_owner(&owner, tree) >= JET_errSuccess)
        (void)ese_btree__extent_free(&owner, &extent);
    ese_os_mutex_unlock(&db->space.lock);
}

/* ---- What the outside sees ---- */

void
ese_btree_set_growth(const ese_btree *tree, const JET_SPACEHINTS *hints)
{
    ese_btree_shared *shared = tree->shared;
    uint32_t page_size = ese_cache_page_size(tree->file);

    if (shared == NULL)
        return;
    /* Relaxed: hints. */
    atomic_store_explicit(&shared->growth_percent, hints->ulGrowth, memory_order_relaxed);
    atomic_store_explicit(&shared->extent_min, (uint32_t)(hints->cbMinExtent / page_size),
                          memory_order_relaxed);
    atomic_store_explicit(&shared->extent_max, (uint32_t)(hints->cbMaxExtent / page_size),
                          memory_order_relaxed);
}

static uint32_t
count_bits(uint32_t bits)
{
    uint32_t n = 0;

    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

JET_ERR
ese_btree_space(const ese_btree *tree, uint32_t *n_owned_out, uint32_t *n_free_out)
{
    ese_btree_db *db = tree->shared->db;
    ese_btree__owner owner;
    uint32_t n_owned = 0, n_free = 0;
    JET_ERR err;

    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(ese_btree__owner_load(db, NULL, tree->root, &owner));
    if (owner.header.is_multi_extent) {
        ESE_TRY(ese_btree__extent_sum(&owner, ESE_BTREE__OWNED, &n_owned));
        ESE_TRY(ese_btree__extent_sum(&owner, ESE_BTREE__FREE, &n_free));
    } else {
        n_owned = owner.header.n_primary;
        n_free = count_bits(owner.header.free_bits);
        if (n_owned > N_BITS + 1) /* the bitmap ends before the extent */
            n_free += n_owned - N_BITS - 1;
    }
    *n_owned_out = n_owned;
    *n_free_out = n_free;
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}
