/*
 * The accounting of space: database-file specification, section 7.
 *
 * INV-1  A page has one owner: the innermost tree whose extents hold it. Extents of a tree come out of those of its parent.
 * INV-2  A page has at most one use, and its user is its owner. An owned page without any use is leaked, which is harmless.
 */
#include "maint/maint_private.h"

#include "page/page_space.h"

enum { FREE_BITS = 32 };

typedef enum extent_kind { EXTENT_OWNED, EXTENT_FREE } extent_kind;

typedef struct extent_reader {
    ese_maint__check *check;
    uint32_t number;
    extent_kind kind;
    ese_pgno previous; /* last page of the extent before */
    uint8_t pool;
} extent_reader;

static ese_maint__place
place_of(const ese_maint__check *check, uint32_t number, ese_pgno pgno)
{
    return (ese_maint__place){ESE_MAINT_SPACE, pgno, ese_maint__tree_at(check, number)};
}

static const char *
role_of(const ese_maint__tree *tree)
{
    switch (tree->role) {
    case ESE_MAINT__DATABASE: return "the database root";
    case ESE_MAINT__TABLE: return "table";
    case ESE_MAINT__INDEX: return "index";
    case ESE_MAINT__LONG_VALUES: return "long values of";
    }
    return "";
}

static const char *
name_of(const ese_maint__tree *tree)
{
    const char *name = tree->index != NULL ? tree->index : tree->table;

    return name == NULL ? "" : name;
}

static const char *
describe_use(ese_maint_use use)
{
    static const char *const names[] = {
        "leaked",
        "not owned",
        "a page",
        "a page of its owned extents",
        "a page of its free extents",
        "a split buffer",
        "free",
    };

    return names[use];
}

bool
ese_maint__space_use(ese_maint__check *check, uint32_t number, ese_pgno pgno, ese_maint_use use)
{
    ese_maint__place place = place_of(check, number, pgno);
    ese_maint__map *map = &check->map;

    if (pgno == 0 || pgno > check->file.n_pages) {
        ese_maint__found(check, &place, JET_errBadPageLink, "the file has no such page");
        return false;
    }
    if (map->user[pgno] != 0) {
        const ese_maint__tree *other = ese_maint__tree_at(check, map->user[pgno]);

        ese_maint__found(check, &place, JET_errSPAvailExtCorrupted,
                         "the page is used twice: it is %s of this tree, and %s of %s %s",
                         describe_use(use), describe_use((ese_maint_use)map->use[pgno]),
                         role_of(other), name_of(other));
        return false;
    }
    map->user[pgno] = number;
    map->use[pgno] = (uint8_t)use;
    return true;
}

/* Takes the pages first ... last over from the parent. Tells at most once for each extent. */
static void
claim(ese_maint__check *check, uint32_t number, ese_pgno first, ese_pgno last)
{
    const ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_pgno wrong = 0;

    if (last > check->file.n_pages) {
        ese_maint__place place = place_of(check, number, last);

        ese_maint__found(check, &place, JET_errSPOwnExtCorrupted,
                         "the tree owns pages %u to %u, but the file ends at page %u",
                         (unsigned)first, (unsigned)last, (unsigned)check->file.n_pages);
        last = check->file.n_pages;
    }
    for (ese_pgno pgno = first; pgno <= last; pgno++) {
        if (check->map.owner[pgno] != tree->parent && wrong == 0)
            wrong = pgno;
        check->map.owner[pgno] = number;
    }
    if (wrong != 0 && (tree->parent == 0 || ese_maint__tree_at(check, tree->parent)->has_space)) {
        ese_maint__place place = place_of(check, number, wrong);

        ese_maint__found(check, &place, JET_errSPOwnExtCorrupted,
                         "of the owned pages %u to %u, page %u is not the parent's to give",
                         (unsigned)first, (unsigned)last, (unsigned)wrong);
    }
    if (number == 1 && last > check->last_owned)
        check->last_owned = last;
}

static void
use_range(ese_maint__check *check, uint32_t number, const ese_page_extent *extent,
          ese_maint_use use)
{
    for (uint32_t i = extent->count; i-- > 0;) {
        if (!ese_maint__space_use(check, number, extent->last - i, use))
            return;
    }
}

/* Extents of one tree do not overlap, so that reading them takes no more steps than there are pages. */
static JET_ERR
read_extent(extent_reader *reader, const ese_page *page, unsigned line)
{
    ese_page_node node = ese_page_line(page, line);
    ese_maint__place place = place_of(reader->check, reader->number, page->pgno);
    ese_page_extent extent;
    JET_ERR err;

    if ((node.flags & ESE_PAGE_NODE_DELETED) != 0)
        return JET_errSuccess;
    err = ese_page_extent_decode(&node, &extent);
    if (err < JET_errSuccess) {
        ese_maint__found(reader->check, &place, err, "line %u: %s", line, ese_err_text(err));
        return JET_errSuccess;
    }
    if (extent.pool != reader->pool)
        reader->previous = 0;
    reader->pool = extent.pool;
    if (extent.count == 0)
        return JET_errSuccess;
    if (extent.last - extent.count < reader->previous) {
        ese_maint__found(reader->check, &place,
                         reader->kind == EXTENT_OWNED ? JET_errSPOwnExtCorrupted
                                                      : JET_errSPAvailExtCorrupted,
                         "line %u: the extent of %u pages up to %u overlaps the one before", line,
                         (unsigned)extent.count, (unsigned)extent.last);
        extent.count = extent.last - reader->previous;
    }
    reader->previous = extent.last;
    if (reader->kind == EXTENT_OWNED)
        claim(reader->check, reader->number, extent.last - extent.count + 1, extent.last);
    else
        use_range(reader->check, reader->number, &extent, ESE_MAINT_USE_FREE);
    return JET_errSuccess;
}

static JET_ERR
read_extents(void *self, const ese_page *page)
{
    unsigned n = ese_page_line_count(page);
    JET_ERR err = JET_errSuccess;

    for (unsigned line = 0; line < n; line++)
        ESE_TRY(read_extent(self, page, line));
out:
    return err;
}

/* Pages set aside for splits stand in tag 0 of the root of a space tree. */
static JET_ERR
read_split_buffer(ese_maint__check *check, uint32_t number, ese_pgno root)
{
    ese_maint__place place = place_of(check, number, root);
    ese_page_extent buffer[2] = {{0}, {0}};
    ese_cache_page *page = NULL;
    JET_ERR err = ese_cache_pin(check->file.pages, root, &page);

    if (err < JET_errSuccess) /* told by the walk */
        return ese_maint__is_damage(err) ? JET_errSuccess : err;
    err = ese_page_split_buffer_decode(ese_page_external_header(&page->page), buffer);
    if (err < JET_errSuccess)
        ese_maint__found(check, &place, err, "%s", ese_err_text(err));
    for (unsigned i = 0; i < 2; i++)
        use_range(check, number, &buffer[i], ESE_MAINT_USE_SPLIT_BUFFER);
    ese_cache_unpin(&page);
    return JET_errSuccess;
}

static JET_ERR
read_space_tree(ese_maint__check *check, uint32_t number, ese_pgno root, extent_kind kind)
{
    extent_reader reader = {check, number, kind, 0, 0};
    ese_maint__walk_ops ops = {
        &reader, kind == EXTENT_OWNED ? ESE_MAINT_USE_OWNED_TREE : ESE_MAINT_USE_FREE_TREE,
        read_extents};
    ese_btree btree = ese_maint__tree_at(check, number)->btree;
    bool is_sound = false;
    JET_ERR err;

    btree.root = root;
    btree.kind |= ESE_PAGE_SPACE;
    ESE_TRY(ese_maint__walk(check, number, &btree, &ops, &is_sound));
    if (is_sound)
        ESE_TRY(read_split_buffer(check, number, root));
out:
    return err;
}

static void
claim_single_extent(ese_maint__check *check, uint32_t number, const ese_page_space *space)
{
    ese_pgno root = ese_maint__tree_at(check, number)->btree.root;
    ese_maint__place place = place_of(check, number, root);
    uint32_t n = space->n_primary;

    if (n == 0 || n > ESE_PAGE_PGNO_MAX - root) {
        ese_maint__found(check, &place, JET_errSPOwnExtCorrupted, "the first extent has %u pages",
                         (unsigned)n);
        return;
    }
    claim(check, number, root, root + n - 1);
    for (uint32_t bit = 0; bit < FREE_BITS; bit++) {
        if ((space->free_bits >> bit & 1) == 0)
            continue;
        if (bit + 1 >= n) {
            ese_maint__found(check, &place, JET_errSPAvailExtCorrupted,
                             "page %u is free, but not of the tree", (unsigned)(root + 1 + bit));
            return;
        }
        (void)ese_maint__space_use(check, number, root + 1 + bit, ESE_MAINT_USE_FREE);
    }
}

/* The space header of a root; *found_out = false: the page cannot be used, which the walk of the tree will tell. */
static JET_ERR
read_space_header(ese_maint__check *check, uint32_t number, ese_page_space *space_out,
                  bool *found_out)
{
    const ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_maint__place place = place_of(check, number, tree->btree.root);
    ese_cache_page *page = NULL;
    JET_ERR err = ese_cache_pin(check->file.pages, tree->btree.root, &page);

    *found_out = false;
    if (err < JET_errSuccess)
        return ese_maint__is_damage(err) ? JET_errSuccess : err;
    if ((ese_page_flags(&page->page) & ESE_PAGE_ROOT) != 0 &&
        ese_page_objid(&page->page) == tree->btree.objid) {
        err = ese_page_space_decode(ese_page_external_header(&page->page), space_out);
        *found_out = err >= JET_errSuccess;
        if (err < JET_errSuccess)
            ese_maint__found(check, &place, err, "%s", ese_err_text(err));
    }
    ese_cache_unpin(&page);
    return JET_errSuccess;
}

JET_ERR
ese_maint__space_claim(ese_maint__check *check, uint32_t number)
{
    ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_maint__place place = place_of(check, number, tree->btree.root);
    ese_pgno parent_root =
        tree->parent == 0 ? 0 : ese_maint__tree_at(check, tree->parent)->btree.root;
    ese_page_space space;
    bool found = false;
    JET_ERR err;

    ESE_TRY(read_space_header(check, number, &space, &found));
    tree->has_space = found;
    if (!found) {
        check->has_unknown_space = true;
        return JET_errSuccess;
    }
    tree->is_single_extent = !space.is_multi_extent;
    if (space.parent != parent_root)
        ese_maint__found(check, &place, JET_errSPOwnExtCorrupted,
                         "the tree names page %u as the root of its parent, not page %u",
                         (unsigned)space.parent, (unsigned)parent_root);
    if (!space.is_multi_extent) {
        claim_single_extent(check, number, &space);
        return JET_errSuccess;
    }
    ESE_TRY(read_space_tree(check, number, space.owned_root, EXTENT_OWNED));
    ESE_TRY(read_space_tree(check, number, space.owned_root + 1, EXTENT_FREE));
out:
    return err;
}

/* ---- Settling ---- */

/* The bitmap of a single extent ends at its 33rd page; what lies behind and is not used is free. */
static void
free_beyond_bitmap(ese_maint__check *check, uint32_t number)
{
    ese_pgno pgno = ese_maint__tree_at(check, number)->btree.root + FREE_BITS + 1;
    ese_maint__map *map = &check->map;

    if (!ese_maint__tree_at(check, number)->is_single_extent)
        return;
    for (; pgno <= check->file.n_pages && map->owner[pgno] == number; pgno++) {
        if (map->user[pgno] == 0) {
            map->user[pgno] = number;
            map->use[pgno] = ESE_MAINT_USE_FREE;
        }
    }
}

static void
note_leak(ese_maint__check *check, ese_pgno first, ese_pgno end)
{
    ese_maint__place place = place_of(check, check->map.owner[first], first);

    check->summary.n_leaked_pages += end - first;
    if (end - first == 1)
        ese_maint__noted(check, &place, "the page is owned but neither used nor free");
    else
        ese_maint__noted(check, &place,
                         "this page and those up to page %u are owned but neither used nor free",
                         (unsigned)(end - 1));
}

static ese_pgno
end_of_leak(const ese_maint__check *check, ese_pgno pgno)
{
    const ese_maint__map *map = &check->map;
    uint32_t owner = map->owner[pgno];

    while (pgno <= check->file.n_pages && map->user[pgno] == 0 && map->owner[pgno] == owner)
        pgno++;
    return pgno;
}

static void
settle_page(ese_maint__check *check, ese_pgno pgno)
{
    const ese_maint__map *map = &check->map;
    ese_maint__place place = place_of(check, map->user[pgno], pgno);
    const ese_maint__tree *owner;

    if (map->owner[pgno] == map->user[pgno] || !place.tree->has_space)
        return;
    if (map->owner[pgno] == 0) {
        ese_maint__found(check, &place, JET_errSPOwnExtCorrupted,
                         "the page is %s of this tree, but nothing owns it",
                         describe_use((ese_maint_use)map->use[pgno]));
        return;
    }
    owner = ese_maint__tree_at(check, map->owner[pgno]);
    ese_maint__found(check, &place, JET_errSPOwnExtCorrupted,
                     "the page is %s of this tree, but owned by %s %s",
                     describe_use((ese_maint_use)map->use[pgno]), role_of(owner), name_of(owner));
}

void
ese_maint__space_settle(ese_maint__check *check)
{
    const ese_maint__map *map = &check->map;
    ese_pgno pgno = 1;

    for (uint32_t number = 1; number <= check->n_trees; number++)
        free_beyond_bitmap(check, number);
    while (pgno <= check->file.n_pages) {
        ese_pgno next = pgno + 1;

        if (map->user[pgno] != 0) {
            settle_page(check, pgno);
        } else if (map->owner[pgno] != 0) {
            next = end_of_leak(check, pgno);
            if (check->is_catalog_complete && !check->has_unknown_space)
                note_leak(check, pgno, next);
        } else {
            map->use[pgno] = ESE_MAINT_USE_OUTSIDE;
        }
        pgno = next;
    }
}
