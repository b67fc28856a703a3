/*
 * Space: every page that the database owns is in exactly one place. What the test knows of the trees is compared with what stands on the pages, which are read here apart from the
 * engine's own reading.
 */
#include "btree/btree_private.h"
#include "btree/btree_space_private.h"

#include "base/fault.h"
#include "test_db.h"
#include "test_fresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>

#include <cmocka.h>

enum { TREES_MAX = 64, N_BITS = 32, DATABASE = 1 };

typedef struct known_tree {
    ese_btree tree;
    unsigned parent; /* number of the parent; 0 of the database root */
    bool is_alive;
    ese_pgno *pages; /* taken; the root is not among them */
    unsigned n_pages, room;
} known_tree;

/* Number 1 is the database root; parents stand before their children. */
typedef struct world {
    test_fresh db;
    ese_txn_session session;
    known_tree trees[TREES_MAX];
    unsigned n_trees;
    uint32_t seed;
    unsigned *owner, *user; /* during an audit: of each page */
    ese_pgno n_pages;
} world;

/* ---- The audit ---- */

static void
use_page(world *w, unsigned number, ese_pgno pgno)
{
    assert_in_range(pgno, 1, w->n_pages);
    if (w->user[pgno] != 0 || w->owner[pgno] != number)
        fail_msg("page %u used by tree %u: owner %u, user before %u", (unsigned)pgno, number,
                 w->owner[pgno], w->user[pgno]);
    w->user[pgno] = number;
}

static void
claim_range(world *w, unsigned number, ese_pgno first, ese_pgno last)
{
    assert_in_range(last, 1, w->n_pages);
    for (ese_pgno pgno = first; pgno <= last; pgno++) {
        if (w->owner[pgno] != w->trees[number].parent)
            fail_msg("page %u claimed by tree %u: owner %u", (unsigned)pgno, number,
                     w->owner[pgno]);
        w->owner[pgno] = number;
    }
}

typedef enum pass { CLAIM, USE_FREE, USE_PAGES } pass;

/* One page of a space tree and all below. */
static void
read_space_page(world *w, unsigned number, ese_pgno pgno, pass what)
{
    ese_cache_page *page = NULL;
    unsigned n;

    assert_int_equal(ese_cache_pin(w->db.pages, pgno, &page), JET_errSuccess);
    assert_int_equal(ese_page_verify(&page->page), JET_errSuccess);
    n = ese_page_line_count(&page->page);
    if (what == USE_PAGES)
        use_page(w, number, pgno);
    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(&page->page, line);

        if ((ese_page_flags(&page->page) & ESE_PAGE_LEAF) == 0) {
            read_space_page(w, number, ese_page_node_child(&node), what);
        } else if (what != USE_PAGES) {
            ese_page_extent extent = {0};

            assert_int_equal(ese_page_extent_decode(&node, &extent), JET_errSuccess);
            assert_int_not_equal(extent.count, 0);
            if (what == CLAIM)
                claim_range(w, number, extent.last - extent.count + 1, extent.last);
            for (uint32_t i = 0; what == USE_FREE && i < extent.count; i++)
                use_page(w, number, extent.last - i);
        }
    }
    ese_cache_unpin(&page);
}

static ese_page_space
read_header(world *w, unsigned number)
{
    const known_tree *t = &w->trees[number];
    ese_page_space space = {0};
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_pin(w->db.pages, t->tree.root, &page), JET_errSuccess);
    assert_int_equal(ese_page_objid(&page->page), t->tree.objid);
    assert_int_equal(ese_page_space_decode(ese_page_external_header(&page->page), &space),
                     JET_errSuccess);
    assert_int_equal(space.parent, number == DATABASE ? 0 : w->trees[t->parent].tree.root);
    ese_cache_unpin(&page);
    return space;
}

static void
claim_tree(world *w, unsigned number)
{
    ese_page_space space = read_header(w, number);

    if (space.is_multi_extent)
        read_space_page(w, number, space.owned_root, CLAIM);
    else
        claim_range(w, number, w->trees[number].tree.root,
                    w->trees[number].tree.root + space.n_primary - 1);
}

static void
use_tree(world *w, unsigned number)
{
    const known_tree *t = &w->trees[number];
    ese_page_space space = read_header(w, number);

    use_page(w, number, t->tree.root);
    for (unsigned i = 0; i < t->n_pages; i++)
        use_page(w, number, t->pages[i]);
    if (space.is_multi_extent) {
        read_space_page(w, number, space.owned_root, USE_PAGES);
        read_space_page(w, number, space.owned_root + 1, USE_PAGES);
        read_space_page(w, number, space.owned_root + 1, USE_FREE);
        return;
    }
    for (uint32_t bit = 0; bit + 1 < space.n_primary; bit++) {
        if (bit >= N_BITS || (space.free_bits >> bit & 1) != 0)
            use_page(w, number, t->tree.root + 1 + bit);
    }
}

/* Returns the number of leaked pages. */
static unsigned
audit(world *w)
{
    unsigned n_leaked = 0;
    ese_pgno n_free = 0;

    assert_int_equal(ese_btree_db_size(w->db.db, &w->n_pages, &n_free), JET_errSuccess);
    w->owner = calloc(w->n_pages + 1, sizeof *w->owner);
    w->user = calloc(w->n_pages + 1, sizeof *w->user);
    assert_non_null(w->owner);
    assert_non_null(w->user);
    for (unsigned number = DATABASE; number <= w->n_trees; number++) {
        if (w->trees[number].is_alive)
            claim_tree(w, number);
    }
    for (unsigned number = DATABASE; number <= w->n_trees; number++) {
        if (w->trees[number].is_alive)
            use_tree(w, number);
    }
    for (ese_pgno pgno = 1; pgno <= w->n_pages; pgno++) {
        assert_int_not_equal(w->owner[pgno], 0);
        n_leaked += w->user[pgno] == 0;
    }
    free(w->owner);
    free(w->user);
    return n_leaked;
}

/* ---- The world ---- */

static void
world_open(world *w, const test_fresh_options *options)
{
    memset(w, 0, sizeof *w);
    test_fresh_create(&w->db, options);
    test_fresh_session(&w->db, &w->session);
    w->seed = 7;
    w->n_trees = 1;
    w->trees[DATABASE].is_alive = true;
    w->trees[DATABASE].tree =
        (ese_btree){.file = w->db.pages, .root = 1, .objid = 1, .is_unique = true};
    atomic_store(&w->db.log.objid_last, 1);
}

static void
world_close(world *w)
{
    ese_txn_session_end(&w->session);
    for (unsigned i = 1; i <= w->n_trees; i++)
        free(w->trees[i].pages);
    test_fresh_close(&w->db);
    test_fresh_remove(&w->db);
}

/* Creates a tree in a transaction of its own; 0 when that fails, for which there must be a reason. */
static unsigned
create(world *w, unsigned parent, uint32_t kind, uint32_t n_pages, JET_ERR *err_out)
{
    known_tree *t = &w->trees[w->n_trees + 1];
    ese_btree_plan plan = {
        .parent = w->trees[parent].tree.root,
        .objid = ese_btree_next_objid(w->db.db),
        .kind = kind,
        .is_unique = kind != ESE_PAGE_INDEX,
        .n_pages = n_pages,
    };

    assert_true(w->n_trees + 1 < TREES_MAX);
    *err_out = ese_txn_begin(&w->session, false);
    if (*err_out < JET_errSuccess)
        return 0;
    *err_out = ese_btree_create(&w->session, w->db.db, &plan, &t->tree);
    if (*err_out < JET_errSuccess) {
        assert_int_equal(ese_txn_rollback(&w->session, false), JET_errSuccess);
        return 0;
    }
    assert_int_equal(ese_txn_commit(&w->session), JET_errSuccess);
    t->is_alive = true;
    t->parent = parent;
    t->n_pages = 0;
    return ++w->n_trees;
}

static unsigned
create_ok(world *w, unsigned parent, uint32_t kind, uint32_t n_pages)
{
    JET_ERR err = JET_errSuccess;
    unsigned number = create(w, parent, kind, n_pages, &err);

    assert_int_equal(err, JET_errSuccess);
    return number;
}

static JET_ERR
take(world *w, unsigned number)
{
    known_tree *t = &w->trees[number];
    ese_pgno near = t->n_pages == 0 ? t->tree.root : t->pages[t->n_pages - 1];
    ese_pgno pgno = 0;
    JET_ERR err = ese_btree__take_page(w->db.db, NULL, &t->tree, near, &pgno);

    if (err < JET_errSuccess)
        return err;
    if (t->n_pages == t->room) {
        t->room = 2 * t->room + 8;
        t->pages = realloc(t->pages, t->room * sizeof *t->pages);
        assert_non_null(t->pages);
    }
    t->pages[t->n_pages++] = pgno;
    return err;
}

static void
take_ok(world *w, unsigned number, unsigned n)
{
    while (n-- > 0)
        assert_int_equal(take(w, number), JET_errSuccess);
}

static void
give_at(world *w, unsigned number, unsigned index)
{
    known_tree *t = &w->trees[number];
    ese_pgno pgno = t->pages[index];

    t->pages[index] = t->pages[--t->n_pages];
    ese_btree__give_page(w->db.db, NULL, &t->tree, pgno);
}

static void
bury(world *w, unsigned number)
{
    w->trees[number].is_alive = false;
    for (unsigned child = number + 1; child <= w->n_trees; child++) {
        if (w->trees[child].parent == number)
            w->trees[child].is_alive = false;
    }
}

static JET_ERR
destroy(world *w, unsigned number)
{
    JET_ERR err = ese_txn_begin(&w->session, false);

    if (err < JET_errSuccess)
        return err;
    err = ese_btree_destroy(&w->session, &w->trees[number].tree);
    if (err < JET_errSuccess) {
        assert_int_equal(ese_txn_rollback(&w->session, false), JET_errSuccess);
        return err;
    }
    assert_int_equal(ese_txn_commit(&w->session), JET_errSuccess);
    ese_txn_store_clean(w->db.store);
    bury(w, number);
    return err;
}

/* ---- Fresh ---- */

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

static void
test_btree_space__formats_the_first_three_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        test_fresh_options options = {.page_size = page_sizes[i]};
        ese_pgno n_pages = 0, n_free = 0;
        world w;

        world_open(&w, &options);
        assert_int_equal(audit(&w), 0);
        assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
        assert_int_equal(n_pages, 254);
        assert_int_equal(n_free, 251);
        world_close(&w);
    }
}

/* What the specification shows of a real file: database-file, 7.1 and 7.4; catalog, 7. */
static void
assert_bytes(world *w, ese_pgno pgno, const char *tag0, const char *line)
{
    ese_cache_page *page = NULL;
    ese_bytes header;

    assert_int_equal(ese_cache_pin(w->db.pages, pgno, &page), JET_errSuccess);
    header = ese_page_external_header(&page->page);
    assert_int_equal(header.size, 16);
    assert_memory_equal(header.data, tag0, 16);
    if (line != NULL) {
        ese_page_node node = ese_page_line(&page->page, 0);

        assert_int_equal(ese_page_line_count(&page->page), 1);
        assert_int_equal(node.suffix.size, 4);
        assert_memory_equal(node.suffix.data, line, 4);
        assert_int_equal(node.data.size, 4);
        assert_memory_equal(node.data.data, line + 4, 4);
    } else {
        assert_int_equal(ese_page_line_count(&page->page), 0);
    }
    ese_cache_unpin(&page);
}

static unsigned
place_at(world *w, const ese_btree_plan *plan, ese_pgno root, bool is_multi, unsigned parent)
{
    known_tree *t = &w->trees[++w->n_trees];

    assert_int_equal(ese_btree_create_at(w->db.db, plan, root, is_multi, &t->tree), JET_errSuccess);
    t->is_alive = true;
    t->parent = parent;
    return w->n_trees;
}

static void
test_btree_space__lays_out_the_catalog_as_real_files_do(void **state)
{
    static const char zero[16] = {0};
    world w;
    unsigned objects;

    (void)state;
    world_open(&w, NULL);
    objects =
        place_at(&w, &(ese_btree_plan){.parent = 1, .objid = 2, .is_unique = true, .n_pages = 20},
                 4, true, DATABASE);
    (void)place_at(
        &w,
        &(ese_btree_plan){
            .parent = 4, .objid = 4, .kind = ESE_PAGE_INDEX, .is_unique = true, .n_pages = 3},
        7, true, objects);
    (void)place_at(
        &w,
        &(ese_btree_plan){
            .parent = 4, .objid = 5, .kind = ESE_PAGE_INDEX, .is_unique = true, .n_pages = 3},
        10, true, objects);
    (void)place_at(&w, &(ese_btree_plan){.parent = 1, .objid = 3, .is_unique = true, .n_pages = 5},
                   24, true, DATABASE);
    (void)place_at(&w, &(ese_btree_plan){.parent = 1, .objid = 6, .is_unique = true, .n_pages = 1},
                   29, false, DATABASE);
    assert_int_equal(audit(&w), 0);
    assert_bytes(&w, 1, "\xfe\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0", NULL);
    assert_bytes(&w, 2, zero, "\0\0\0\xfe\xfe\0\0\0");
    assert_bytes(&w, 4, "\x14\0\0\0\1\0\0\0\1\0\0\0\5\0\0\0", NULL);
    assert_bytes(&w, 5, zero, "\0\0\0\x17\x14\0\0\0");
    assert_bytes(&w, 6, zero, "\0\0\0\x17\x0b\0\0\0");
    assert_bytes(&w, 10, "\3\0\0\0\4\0\0\0\1\0\0\0\x0b\0\0\0", NULL);
    assert_bytes(&w, 11, zero, "\0\0\0\x0c\3\0\0\0");
    assert_bytes(&w, 12, zero, NULL);
    assert_bytes(&w, 29, "\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", NULL);
    world_close(&w);
}

/* ---- Single extents ---- */

static void
test_btree_space__takes_the_pages_of_a_single_extent_in_order(void **state)
{
    world w;
    unsigned table;

    (void)state;
    world_open(&w, NULL);
    table = create_ok(&w, DATABASE, 0, 4);
    take_ok(&w, table, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(w.trees[table].pages[i], w.trees[table].tree.root + 1 + i);
    assert_int_equal(audit(&w), 0);
    give_at(&w, table, 1);
    assert_int_equal(audit(&w), 0);
    take_ok(&w, table, 1);
    assert_int_equal(w.trees[table].pages[2], w.trees[table].tree.root + 2);
    world_close(&w);
}

static void
test_btree_space__converts_a_full_single_extent(void **state)
{
    static const uint32_t sizes[] = {1, 2, 4, 33, 34, 60};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        world w;
        unsigned table;

        world_open(&w, NULL);
        table = create_ok(&w, DATABASE, 0, sizes[i]);
        take_ok(&w, table, 70);
        assert_int_equal(audit(&w), 0);
        assert_true(read_header(&w, table).is_multi_extent);
        assert_int_equal(read_header(&w, table).n_primary, sizes[i]);
        world_close(&w);
    }
}

/* An index needs more pages in a row than the bitmap of its table has: the table is converted with pages free in its bitmap. */
static void
test_btree_space__converts_with_free_pages_in_the_bitmap(void **state)
{
    world w;
    unsigned table, index;
    uint32_t n_owned = 0, n_free = 0;

    (void)state;
    world_open(&w, NULL);
    table = create_ok(&w, DATABASE, 0, 40);
    take_ok(&w, table, 9);
    give_at(&w, table, 2);
    give_at(&w, table, 5);
    index = create_ok(&w, table, ESE_PAGE_INDEX, 50);
    assert_int_equal(audit(&w), 0);
    assert_true(read_header(&w, table).is_multi_extent);
    assert_false(read_header(&w, index).is_multi_extent);
    assert_int_equal(ese_btree_space(&w.trees[index].tree, &n_owned, &n_free), JET_errSuccess);
    assert_int_equal(n_owned, 50);
    assert_int_equal(n_free, 49);
    world_close(&w);
}

/* ---- Many extents ---- */

static void
test_btree_space__grows_the_file_in_steps(void **state)
{
    test_fresh_options options = {.n_pages = 40, .extension = 16};
    ese_pgno n_pages = 0, n_free = 0;
    unsigned table;
    world w;

    (void)state;
    world_open(&w, &options);
    table = create_ok(&w, DATABASE, 0, 1);
    take_ok(&w, table, 200);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
    assert_int_equal((n_pages - 40) % 16, 0);
    assert_int_equal(ese_os_file_size(w.db.file), (uint64_t)(n_pages + 2) * 4096);
    assert_true(n_pages < 300);
    world_close(&w);
}

/* Free pages in many places: both space trees split, and shrink again when neighbours are joined. */
static void
test_btree_space__splits_its_own_trees(void **state)
{
    test_fresh_options options = {.page_size = 2048};
    uint32_t n_owned = 0, n_free = 0;
    unsigned table;
    world w;

    (void)state;
    world_open(&w, &options);
    table = create_ok(&w, DATABASE, 0, 1);
    take_ok(&w, table, 2000);
    for (unsigned i = 0; i < w.trees[table].n_pages; i++) {
        if ((w.trees[table].pages[i] & 1) == 0)
            give_at(&w, table, i--);
    }
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_space(&w.trees[table].tree, &n_owned, &n_free), JET_errSuccess);
    assert_true(n_free > 900);
    while (w.trees[table].n_pages > 0)
        give_at(&w, table, w.trees[table].n_pages / 2);
    assert_int_equal(audit(&w), 0);
    take_ok(&w, table, 1900);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

/* A tree that grows page by page owns many extents. */
static void
test_btree_space__owns_more_extents_than_a_page_holds(void **state)
{
    test_fresh_options options = {.page_size = 2048, .extension = 16};
    const JET_SPACEHINTS hints = {
        .cbStruct = sizeof hints, .cbMinExtent = 2048, .cbMaxExtent = 2048};
    ese_pgno n_pages = 0, n_before = 0, n_free = 0;
    unsigned tables[2];
    world w;

    (void)state;
    world_open(&w, &options);
    for (unsigned i = 0; i < 2; i++) {
        tables[i] = create_ok(&w, DATABASE, 0, 1);
        ese_btree_set_growth(&w.trees[tables[i]].tree, &hints);
    }
    for (unsigned i = 0; i < 800; i++) /* side by side, so that no extents are neighbours */
        take_ok(&w, tables[i % 2], 1);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(destroy(&w, tables[0]), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    take_ok(&w, tables[1], 300);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_before, &n_free), JET_errSuccess);
    assert_int_equal(destroy(&w, tables[1]), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_shrink(w.db.db, 1, &n_pages), JET_errSuccess);
    assert_true(n_pages < n_before);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

/* ---- Life and death ---- */

static void
test_btree_space__gives_all_pages_of_a_destroyed_table_back(void **state)
{
    ese_pgno n_pages = 0, n_free_before = 0, n_free = 0;
    unsigned table, index;
    world w;

    (void)state;
    world_open(&w, NULL);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free_before), JET_errSuccess);
    table = create_ok(&w, DATABASE, 0, 1);
    index = create_ok(&w, table, ESE_PAGE_INDEX, 1);
    take_ok(&w, table, 50);
    take_ok(&w, index, 50);
    (void)create_ok(&w, table, ESE_PAGE_LONG_VALUE, 3);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(destroy(&w, table), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
    assert_int_equal(n_free, n_free_before);
    world_close(&w);
}

static void
test_btree_space__gives_an_index_back_to_its_table(void **state)
{
    world w;
    unsigned table, index;

    (void)state;
    world_open(&w, NULL);
    table = create_ok(&w, DATABASE, 0, 8); /* the index fits into the single extent */
    index = create_ok(&w, table, ESE_PAGE_INDEX, 2);
    take_ok(&w, index, 1);
    assert_int_equal(destroy(&w, index), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(read_header(&w, table).free_bits, 0x7f);
    world_close(&w);
}

static void
test_btree_space__rolls_the_creation_of_a_tree_back(void **state)
{
    ese_pgno n_pages = 0, n_free_before = 0, n_free = 0;
    ese_btree_plan plan = {.parent = 1, .is_unique = true, .n_pages = 7};
    ese_btree tree;
    world w;

    (void)state;
    world_open(&w, NULL);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free_before), JET_errSuccess);
    plan.objid = ese_btree_next_objid(w.db.db);
    assert_int_equal(ese_txn_begin(&w.session, false), JET_errSuccess);
    assert_int_equal(ese_btree_create(&w.session, w.db.db, &plan, &tree), JET_errSuccess);
    assert_int_equal(ese_txn_rollback(&w.session, false), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
    assert_int_equal(n_free, n_free_before);
    world_close(&w);
}

/* Index and table go in one transaction: whichever is cleaned first, no page is freed twice. */
static void
test_btree_space__destroys_a_tree_only_once(void **state)
{
    world w;
    unsigned table, index;

    (void)state;
    world_open(&w, NULL);
    table = create_ok(&w, DATABASE, 0, 4);
    index = create_ok(&w, table, ESE_PAGE_INDEX, 1);
    assert_int_equal(ese_btree__destroy_now(w.db.db, NULL, &w.trees[table].tree), JET_errSuccess);
    bury(&w, table);
    assert_int_equal(ese_btree__destroy_now(w.db.db, NULL, &w.trees[index].tree), JET_errSuccess);
    assert_int_equal(audit(&w), 0);
    (void)create_ok(&w, DATABASE, 0, 4); /* begins where the old one did */
    (void)ese_btree__destroy_now(w.db.db, NULL, &w.trees[index].tree);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

/* ---- The size of the file ---- */

static void
test_btree_space__grows_and_shrinks_the_database(void **state)
{
    ese_pgno n_pages = 0, n_free = 0, n = 0;
    unsigned table;
    world w;

    (void)state;
    world_open(&w, NULL);
    table = create_ok(&w, DATABASE, 0, 300);
    assert_int_equal(ese_btree_db_grow(w.db.db, 1000), JET_errSuccess);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
    assert_true(n_pages >= 254 + 1000);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_shrink(w.db.db, 700, &n), JET_errSuccess);
    assert_int_equal(n, 700);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(w.n_pages, 700);
    assert_int_equal(ese_btree_db_shrink(w.db.db, 1, &n), JET_errSuccess);
    assert_in_range(n, 300, 700);
    assert_int_equal(audit(&w), 0);
    take_ok(&w, table, 400);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

static void
test_btree_space__leaves_everything_as_it_was_when_the_disk_is_full(void **state)
{
    test_fresh_options options = {.n_pages = 16, .extension = 16};
    ese_pgno n_pages = 0, n_free = 0;
    JET_ERR err = JET_errSuccess;
    uint64_t size;
    unsigned table;
    world w;

    (void)state;
    world_open(&w, &options);
    table = create_ok(&w, DATABASE, 0, 1);
    size = ese_os_file_size(w.db.file);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    while (err >= JET_errSuccess)
        err = take(&w, table);
    assert_int_equal(err, JET_errDiskFull);
    assert_int_equal(ese_btree_db_grow(w.db.db, 1), JET_errDiskFull);
    assert_int_equal(create(&w, DATABASE, 0, 100, &err), 0);
    assert_int_equal(err, JET_errDiskFull);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    assert_int_equal(ese_os_file_size(w.db.file), size);
    assert_int_equal(audit(&w), 0);
    assert_int_equal(ese_btree_db_size(w.db.db, &n_pages, &n_free), JET_errSuccess);
    assert_int_equal(n_pages, 16);
    take_ok(&w, table, 30);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

/* ---- Everything at random ---- */

static unsigned
some_tree(world *w, bool is_table)
{
    unsigned n = 0;

    for (unsigned tries = 0; tries < 100; tries++) {
        n = 2 + test_random(&w->seed) % (w->n_trees < 2 ? 1 : w->n_trees - 1);
        if (n <= w->n_trees && w->trees[n].is_alive &&
            (!is_table || w->trees[n].parent == DATABASE))
            return n;
    }
    return 0;
}

static void
random_create(world *w)
{
    static const uint32_t kinds[] = {ESE_PAGE_INDEX, ESE_PAGE_LONG_VALUE};
    unsigned parent = test_random(&w->seed) % 2 == 0 ? 0 : some_tree(w, true);
    uint32_t n_pages = 1 + test_random(&w->seed) % (test_random(&w->seed) % 8 == 0 ? 50 : 4);
    JET_ERR err;

    if (w->n_trees + 2 >= TREES_MAX)
        return;
    (void)create(w, parent == 0 ? DATABASE : parent,
                 parent == 0 ? 0 : kinds[test_random(&w->seed) % 2], n_pages, &err);
}

static void
random_step(world *w)
{
    unsigned number = some_tree(w, false);
    unsigned what = test_random(&w->seed) % 100;
    unsigned n = 1 + test_random(&w->seed) % 20;

    if (what < 4 || number == 0) {
        random_create(w);
    } else if (what < 6) {
        (void)destroy(w, number);
    } else if (what < 60) {
        while (n-- > 0)
            (void)take(w, number);
    } else {
        while (n-- > 0 && w->trees[number].n_pages > 0)
            give_at(w, number, test_random(&w->seed) % w->trees[number].n_pages);
    }
}

static void
test_btree_space__has_every_page_in_one_place_whatever_happens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        test_fresh_options options = {.page_size = page_sizes[i], .n_pages = 30, .extension = 8};
        world w;

        world_open(&w, &options);
        for (unsigned step = 0; step < 600; step++) {
            random_step(&w);
            if (step % 20 == 0)
                assert_int_equal(audit(&w), 0);
        }
        assert_int_equal(audit(&w), 0);
        world_close(&w);
    }
}

/* ---- Failures ---- */

/* Takes, frees, creates and destroys with the nth passage of a fault failing; whatever fails, no page is in two places. */
static bool
run_with_fault(ese_fault fault, uint64_t nth)
{
    test_fresh_options options = {
        .page_size = 2048, .n_pages = 30, .extension = 8, .cache_limit = 12 * 2048};
    bool was_hit;
    world w;

    world_open(&w, &options);
    w.seed = 3;
    ese_fault_set(fault, nth, false);
    for (unsigned step = 0; step < 150; step++)
        random_step(&w);
    was_hit = !ese_fault_is_armed(fault);
    ese_fault_set(fault, 0, false);
    (void)audit(&w);
    world_close(&w);
    return was_hit;
}

static void
test_btree_space__has_no_page_in_two_places_when_memory_fails(void **state)
{
    (void)state;
    for (uint64_t nth = 1; run_with_fault(ESE_FAULT_POINT_ALLOC, nth); nth += 1 + nth / 16) {
    }
}

static void
test_btree_space__has_no_page_in_two_places_when_the_file_cannot_grow(void **state)
{
    (void)state;
    for (uint64_t nth = 1; run_with_fault(ESE_FAULT_POINT_DISK_FULL, nth); nth++) {
    }
}

/* A cache of a few pages: changed ones are written, and read again, all the time. */
static void
test_btree_space__has_no_page_in_two_places_when_reads_or_writes_fail(void **state)
{
    (void)state;
    for (uint64_t nth = 1; run_with_fault(ESE_FAULT_POINT_WRITE, nth); nth += 1 + nth / 16) {
    }
    for (uint64_t nth = 1; run_with_fault(ESE_FAULT_POINT_READ, nth); nth += 1 + nth / 16) {
    }
}

/* ---- Many threads ---- */

enum { THREADS = 4, ROUNDS = 300 };

typedef struct worker {
    world *w;
    unsigned number; /* of its tree */
    uint32_t seed;
} worker;

static void *
work(void *self)
{
    worker *me = self;
    known_tree *t = &me->w->trees[me->number];

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned n = 1 + test_random(&me->seed) % 10;

        if (test_random(&me->seed) % 2 == 0) {
            while (n-- > 0)
                (void)take(me->w, me->number);
        } else {
            while (n-- > 0 && t->n_pages > 0)
                give_at(me->w, me->number, test_random(&me->seed) % t->n_pages);
        }
    }
    return NULL;
}

static void
test_btree_space__keeps_threads_apart(void **state)
{
    test_fresh_options options = {.n_pages = 30, .extension = 8};
    pthread_t threads[THREADS];
    worker workers[THREADS];
    unsigned table;
    world w;

    (void)state;
    world_open(&w, &options);
    table = create_ok(&w, DATABASE, 0, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        unsigned number = i == 0 ? table
                                 : create_ok(&w, i % 2 == 0 ? DATABASE : table,
                                             i % 2 == 0 ? 0 : ESE_PAGE_INDEX, 1);

        workers[i] = (worker){&w, number, 11 + i};
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(audit(&w), 0);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_space__formats_the_first_three_pages),
        cmocka_unit_test(test_btree_space__lays_out_the_catalog_as_real_files_do),
        cmocka_unit_test(test_btree_space__takes_the_pages_of_a_single_extent_in_order),
        cmocka_unit_test(test_btree_space__converts_a_full_single_extent),
        cmocka_unit_test(test_btree_space__converts_with_free_pages_in_the_bitmap),
        cmocka_unit_test(test_btree_space__grows_the_file_in_steps),
        cmocka_unit_test(test_btree_space__splits_its_own_trees),
        cmocka_unit_test(test_btree_space__owns_more_extents_than_a_page_holds),
        cmocka_unit_test(test_btree_space__gives_all_pages_of_a_destroyed_table_back),
        cmocka_unit_test(test_btree_space__gives_an_index_back_to_its_table),
        cmocka_unit_test(test_btree_space__rolls_the_creation_of_a_tree_back),
        cmocka_unit_test(test_btree_space__destroys_a_tree_only_once),
        cmocka_unit_test(test_btree_space__grows_and_shrinks_the_database),
        cmocka_unit_test(test_btree_space__leaves_everything_as_it_was_when_the_disk_is_full),
        cmocka_unit_test(test_btree_space__has_every_page_in_one_place_whatever_happens),
        cmocka_unit_test(test_btree_space__has_no_page_in_two_places_when_memory_fails),
        cmocka_unit_test(test_btree_space__has_no_page_in_two_places_when_the_file_cannot_grow),
        cmocka_unit_test(test_btree_space__has_no_page_in_two_places_when_reads_or_writes_fail),
        cmocka_unit_test(test_btree_space__keeps_threads_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
