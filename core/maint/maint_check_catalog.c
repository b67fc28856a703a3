/* The catalog against its shadow: the same records under the same keys. Catalog specification, section 1. */
#include "maint/maint_private.h"

enum {
    CATALOG_ROOT = 4,
    CATALOG_OBJID = 2,
    SHADOW_ROOT = 24,
    SHADOW_OBJID = 3,
    FLAG_NO_SHADOW = 1, /* of the header */
    DIFFERENCES_MAX = 10,
};

typedef struct side {
    ese_btree btree;
    ese_btree_cursor cursor;
    bool found;
} side;

static JET_ERR
start(side *at, ese_cache_file *file, ese_pgno root, uint32_t objid)
{
    at->btree = (ese_btree){.file = file, .root = root, .objid = objid, .is_unique = true};
    ese_btree_cursor_init(&at->cursor, &at->btree, NULL);
    return ese_btree_first(&at->cursor, &at->found);
}

/* Order of the records the two sides stand on; the end is behind everything. */
static int
compare_keys(const side *a, const side *b)
{
    uint8_t key[ESE_PAGE_KEY_MAX];

    if (!a->found || !b->found)
        return (int)b->found - (int)a->found;
    return ese_page_node_compare_key(
        &a->cursor.node,
        (ese_bytes){key, ese_page_node_copy_key(&b->cursor.node, key, sizeof key)});
}

static const char *
find_difference(const side *catalog, const side *shadow, int order)
{
    if (order < 0)
        return "the shadow of the catalog lacks a row that is here";
    if (order > 0)
        return "the catalog lacks a row that its shadow has here";
    if (ese_bytes_compare(catalog->cursor.node.data, shadow->cursor.node.data) != 0)
        return "a row differs from its copy in the shadow of the catalog";
    return NULL;
}

static JET_ERR
compare_rows(ese_maint__check *check, side *catalog, side *shadow)
{
    unsigned n = 0;
    JET_ERR err = JET_errSuccess;

    while ((catalog->found || shadow->found) && n < DIFFERENCES_MAX) {
        int order = compare_keys(catalog, shadow);
        const char *what = find_difference(catalog, shadow, order);

        if (what != NULL) {
            const side *at = order > 0 ? shadow : catalog;
            ese_maint__place place = {ESE_MAINT_CATALOG, at->cursor.page->page.pgno, NULL};

            ese_maint__found(check, &place, JET_errCatalogCorrupted, "line %u: %s", at->cursor.line,
                             what);
            n++;
        }
        if (order <= 0)
            ESE_TRY(ese_btree_next(&catalog->cursor, &catalog->found));
        if (order >= 0)
            ESE_TRY(ese_btree_next(&shadow->cursor, &shadow->found));
    }
out:
    return err;
}

/* Trees that cannot be walked are left to the check of trees. */
JET_ERR
ese_maint__check_shadow(ese_maint__check *check)
{
    side catalog = {0}, shadow = {0};
    JET_ERR err;

    if ((check->file.header.flags & FLAG_NO_SHADOW) != 0)
        return JET_errSuccess;
    ESE_TRY(start(&catalog, check->file.pages, CATALOG_ROOT, CATALOG_OBJID));
    ESE_TRY(start(&shadow, check->file.pages, SHADOW_ROOT, SHADOW_OBJID));
    ESE_TRY(compare_rows(check, &catalog, &shadow));
out:
    ese_btree_cursor_reset(&catalog.cursor);
    ese_btree_cursor_reset(&shadow.cursor);
    return ese_maint__is_damage(err) ? JET_errSuccess : err;
}
