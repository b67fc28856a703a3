/*
 * New pages above the leaves of a tree, level by level, until all children of a level fit in the root.
 *
 * The separator behind a child is the first key of the leaf behind all that the child holds; behind the last child of a level it is empty. Each node remembers the number
 * of that leaf, so no key is kept.
 */
#include "maint/maint_repair_private.h"
#include "page/page_space.h"

/* A page of a level, and the number of the leaf that follows what is below it. */
typedef struct child {
    ese_pgno pgno;
    uint32_t behind;
} child;

typedef struct builder {
    ese_maint__mend *mend;
    const ese_btree *tree;
    const ese_maint__leaves *leaves;
    uint8_t *bytes; /* of the page that is filled */
    uint8_t *leaf;  /* of the leaf a key is read from */
    uint8_t *key;
} builder;

static JET_ERR
separator(const builder *b, const child *below, ese_bytes *key_out)
{
    ese_page page = {b->leaf, b->mend->page_size, 0};
    ese_page_node node;
    size_t n;
    JET_ERR err = JET_errSuccess;

    *key_out = (ese_bytes){b->key, 0};
    if (below->behind == b->leaves->n)
        return JET_errSuccess;
    page.pgno = b->leaves->leaves[below->behind].pgno;
    ESE_TRY(ese_maint__mend_read(b->mend, page.pgno, b->leaf));
    node = ese_page_line(&page, 0);
    n = ese_page_node_copy_key(&node, b->key, ESE_PAGE_KEY_MAX);
    if (n > ESE_PAGE_KEY_MAX)
        err = ese_raise(JET_errDatabaseCorrupted, "page %u: a key has %zu bytes",
                        (unsigned)page.pgno, n);
    *key_out = (ese_bytes){b->key, n};
out:
    return err;
}

/* Puts as many of the children as fit on the page; *n_out of them. */
static JET_ERR
fill(const builder *b, ese_page_mut *page, const child *below, uint32_t n, uint32_t *n_out)
{
    uint32_t done = 0;
    JET_ERR err = JET_errSuccess;

    for (; done < n; done++) {
        uint8_t data[4];
        ese_page filled = ese_page_of_mut(page);
        ese_bytes key;

        ese_store_le32(data, below[done].pgno);
        ESE_TRY(separator(b, &below[done], &key));
        if (!ese_page_fits_insert(&filled, key, (ese_bytes){data, sizeof data}))
            break;
        ese_page_insert(page, done, key, 0, (ese_bytes){data, sizeof data}, 0);
    }
    *n_out = done;
out:
    return err;
}

static uint32_t
flags_of(const builder *b, bool is_above_leaves, bool is_root)
{
    uint32_t flags = b->leaves->flags & (ESE_PAGE_LONG_VALUE | ESE_PAGE_NON_UNIQUE);

    return flags | (is_above_leaves ? ESE_PAGE_PARENT_OF_LEAF : 0) | (is_root ? ESE_PAGE_ROOT : 0);
}

static void
format_root(const builder *b, bool is_above_leaves, ese_page_mut *page)
{
    const ese_page_space space = {.n_primary = 1, .parent = 1};
    uint8_t header[ESE_PAGE_SPACE_HEADER_SIZE];

    ese_page_format(page, b->tree->objid, flags_of(b, is_above_leaves, true));
    ese_page_space_encode(&space, header);
    ese_page_set_external_header(page, (ese_bytes){header, sizeof header});
}

static JET_ERR
build_root(const builder *b, const child *below, uint32_t n, bool is_above_leaves, bool *done_out)
{
    ese_page_mut page = {b->bytes, b->mend->page_size, b->tree->root};
    uint32_t n_filled;
    JET_ERR err;

    *done_out = false;
    format_root(b, is_above_leaves, &page);
    ESE_TRY(fill(b, &page, below, n, &n_filled));
    if (n_filled < n)
        return JET_errSuccess;
    ese_page_set_dbtime(&page, b->leaves->dbtime);
    ESE_TRY(ese_maint__mend_write(b->mend, &page));
    *done_out = true;
out:
    return err;
}

/* One more level; the children become the pages of it, *n_inout of them. */
static JET_ERR
build_level(const builder *b, child *below, uint32_t *n_inout, bool is_above_leaves)
{
    uint32_t n_pages = 0;
    JET_ERR err = JET_errSuccess;

    for (uint32_t at = 0, n = 0; at < *n_inout; at += n) {
        ese_page_mut page = {b->bytes, b->mend->page_size, b->mend->last + 1};

        ese_page_format(&page, b->tree->objid, flags_of(b, is_above_leaves, false));
        ESE_TRY(fill(b, &page, below + at, *n_inout - at, &n));
        if (n < 2 && *n_inout - at > 1) {
            err = ese_raise(JET_errDatabaseCorrupted, "keys too large for a page");
            goto out;
        }
        ese_page_set_dbtime(&page, b->leaves->dbtime);
        ESE_TRY(ese_maint__mend_write(b->mend, &page));
        b->mend->last++;
        below[n_pages++] = (child){page.pgno, below[at + n - 1].behind};
    }
    *n_inout = n_pages;
out:
    return err;
}

static JET_ERR
link_leaf(const builder *b, uint32_t i)
{
    const ese_maint__leaves *leaves = b->leaves;
    ese_page_mut page = {b->bytes, b->mend->page_size, leaves->leaves[i].pgno};
    JET_ERR err;

    ESE_TRY(ese_maint__mend_read(b->mend, page.pgno, page.bytes));
    ese_page_set_prev(&page, i == 0 ? 0 : leaves->leaves[i - 1].pgno);
    ese_page_set_next(&page, i + 1 == leaves->n ? 0 : leaves->leaves[i + 1].pgno);
    ESE_TRY(ese_maint__mend_write(b->mend, &page));
out:
    return err;
}

static JET_ERR
build(const builder *b, child *below)
{
    uint32_t n = b->leaves->n;
    bool is_above_leaves = true, is_done = false;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < n; i++) {
        ESE_TRY(link_leaf(b, i));
        below[i] = (child){b->leaves->leaves[i].pgno, i + 1};
    }
    while (!is_done) {
        ESE_TRY(build_root(b, below, n, is_above_leaves, &is_done));
        if (!is_done)
            ESE_TRY(build_level(b, below, &n, is_above_leaves));
        is_above_leaves = false;
    }
out:
    return err;
}

JET_ERR
ese_maint__mend_build(ese_maint__mend *mend, const ese_btree *tree, const ese_maint__leaves *leaves)
{
    builder b = {.mend = mend, .tree = tree, .leaves = leaves};
    child *below = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(mend->page_size, &b.bytes));
    ESE_TRY(ese_alloc(mend->page_size, &b.leaf));
    ESE_TRY(ese_alloc(ESE_PAGE_KEY_MAX, &b.key));
    ESE_TRY(ese_alloc((size_t)leaves->n * sizeof *below, &below));
    ESE_TRY(build(&b, below));
out:
    ese_free(&b.bytes);
    ese_free(&b.leaf);
    ese_free(&b.key);
    ese_free(&below);
    return err;
}
