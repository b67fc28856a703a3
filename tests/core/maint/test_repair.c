/* Trees that are put together from their leaves: which, how, and what happens when the work is cut short. */
#include "maint_test.h"

#include "maint/maint_repair.h"
#include "page/page_edit.h"

#include <unistd.h>

typedef struct repaired {
    ese_maint_repaired trees;
    findings told;
    char path[80]; /* of the copy */
    JET_ERR err;
} repaired;

static repaired
repair(const char *path)
{
    repaired done = {0};
    ese_maint_watcher watcher = {&done.told, record_finding, NULL};

    snprintf(done.path, sizeof done.path, "%s.mended", path);
    done.err = ese_maint_repair_trees(path, done.path, &watcher, &done.trees);
    return done;
}

static bool
is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static uint64_t
count_records(const char *path)
{
    return check_path(path).summary.n_records;
}

/* Nothing is wrong with trees and records; whose pages are is another matter. */
static void
expect_readable(const char *path, uint64_t n_records)
{
    findings all = check_path(path);

    TEST_OK(all.err);
    for (unsigned i = 0; i < all.n && i < FINDINGS_MAX; i++) {
        if (all.found[i].severity == ESE_MAINT_ERROR && all.found[i].area != ESE_MAINT_SPACE) {
            print_findings(&all);
            fail_msg("an error that is none of space");
        }
    }
    assert_int_equal(all.summary.n_records, n_records);
}

static uint32_t
root_of(const copy *made, const char *table)
{
    uint32_t leaf =
        find_page(made->image.path, (wanted_page){ESE_MAINT_USE_TREE, table, NULL, false, 0});
    ese_page page = {test_image_page(&made->image, leaf), made->image.page_size, leaf};

    for (int64_t pgno = 1; (size_t)(pgno + 2) * made->image.page_size <= made->image.size; pgno++) {
        ese_page other = {test_image_page(&made->image, pgno), made->image.page_size,
                          (ese_pgno)pgno};

        if (ese_page_objid(&other) == ese_page_objid(&page) &&
            (ese_page_flags(&other) & (ESE_PAGE_ROOT | ESE_PAGE_SPACE)) == ESE_PAGE_ROOT)
            return (uint32_t)pgno;
    }
    fail_msg("table %s has no root", table);
    return 0;
}

static void
spoil(const copy *made, uint32_t pgno)
{
    size_t at = ((size_t)pgno + 1) * made->image.page_size + 200;

    memset(made->image.bytes + at, 0x5a, 64);
    made->image.bytes[at] = 0x17;
    test_image_write(&made->image, at, 64);
}

/* ---- What is put together */

static void
test_maint_repair__leaves_sound_databases_alone(void **state)
{
    static const char *const fixtures[] = {"small-4k.edb", "types-2k.edb", "deep-4k.edb",
                                           "longvalues-32k.edb"};

    (void)state;
    for (unsigned i = 0; i < sizeof fixtures / sizeof fixtures[0]; i++) {
        copy made;
        repaired done;

        copy_open(&made, fixtures[i]);
        done = repair(made.image.path);
        TEST_OK(done.err);
        assert_int_equal(done.trees.n_trees, 0);
        assert_int_equal(done.told.n, 0);
        assert_false(is_there(done.path));
        copy_close(&made);
    }
}

static void
mend_without(const copy *made, const uint32_t *pages, unsigned n, unsigned n_trees)
{
    uint64_t n_records = count_records(made->image.path);
    repaired done;

    for (unsigned i = 0; i < n; i++)
        spoil(made, pages[i]);
    done = repair(made->image.path);
    TEST_OK(done.err);
    assert_int_equal(done.trees.n_trees, n_trees);
    assert_int_equal(done.told.n, n_trees);
    assert_true(done.trees.n_unreached > 0);
    assert_int_equal(done.trees.n_leaves_dropped + done.trees.n_lines_dropped, 0);
    expect_readable(done.path, n_records);
    assert_int_equal(unlink(done.path), 0);
}

static void
test_maint_repair__puts_a_tree_on_its_leaves_when_the_root_is_gone(void **state)
{
    static const char *const tables[] = {"notes", "heap", "long-keys", "narrow"};

    (void)state;
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        copy made;
        uint32_t root;

        copy_open(&made, "deep-4k.edb");
        root = root_of(&made, tables[i]);
        mend_without(&made, &root, 1, 1);
        copy_close(&made);
    }
}

static void
test_maint_repair__brings_both_copies_of_the_catalog_back(void **state)
{
    static const uint32_t roots[] = {4, 24};
    copy made;

    (void)state;
    copy_open(&made, "deep-4k.edb");
    mend_without(&made, roots, 2, 2);
    copy_close(&made);
}

static void
test_maint_repair__needs_the_catalog_for_tables_and_mends_it_first(void **state)
{
    uint32_t roots[3] = {4, 24, 0};
    copy made;

    (void)state;
    copy_open(&made, "deep-4k.edb");
    roots[2] = root_of(&made, "notes");
    mend_without(&made, roots, 3, 3);
    copy_close(&made);
}

static void
test_maint_repair__works_on_long_values(void **state)
{
    uint32_t leaf, root = 0;
    copy made;
    findings before;
    repaired done;

    (void)state;
    copy_open(&made, "longvalues-32k.edb");
    before = check_path(made.image.path);
    leaf = find_page(made.image.path, (wanted_page){ESE_MAINT_USE_TREE, "long", NULL, true, 0});
    for (uint32_t pgno = leaf; root == 0; pgno--) {
        ese_page page = {test_image_page(&made.image, pgno), made.image.page_size, pgno};

        if ((ese_page_flags(&page) & (ESE_PAGE_ROOT | ESE_PAGE_LONG_VALUE | ESE_PAGE_SPACE)) ==
            (ESE_PAGE_ROOT | ESE_PAGE_LONG_VALUE))
            root = pgno;
    }
    spoil(&made, root);
    done = repair(made.image.path);
    TEST_OK(done.err);
    assert_int_equal(done.trees.n_trees, 1);
    assert_string_equal(done.told.found[0].table, "long");
    assert_int_equal(done.told.found[0].pgno, root);
    assert_int_equal(check_path(done.path).summary.n_long_values, before.summary.n_long_values);
    unlink(done.path);
    copy_close(&made);
}

/* ---- Leaves that are there twice */

static uint32_t
blank_page(const copy *made)
{
    static const uint8_t zero[4096];

    for (uint32_t pgno = 30; ((size_t)pgno + 2) * made->image.page_size <= made->image.size;
         pgno++) {
        if (memcmp(test_image_page(&made->image, pgno), zero, sizeof zero) == 0)
            return pgno;
    }
    fail_msg("no blank page");
    return 0;
}

static void
store(const copy *made, ese_page_mut *page)
{
    ese_page_checksum_update(page->bytes, page->size, page->pgno);
    test_image_write(&made->image, ((size_t)page->pgno + 1) * page->size, page->size);
}

static void
put_line(ese_page_mut *to, const ese_page *from, unsigned line)
{
    ese_page_node node = ese_page_line(from, line);
    ese_page image = ese_page_of_mut(to);
    uint8_t key[ESE_PAGE_KEY_MAX], data[4096];
    size_t n = ese_page_node_copy_key(&node, key, sizeof key);

    memcpy(data, node.data.data, node.data.size);
    ese_page_insert(to, ese_page_line_count(&image), (ese_bytes){key, n}, 0,
                    (ese_bytes){data, node.data.size}, 0);
}

/* Two leaves beside each other, and a page that nobody knows. */
typedef struct neighbours {
    copy made;
    ese_page left, right;
    ese_page_mut page;
    uint64_t n_records;
} neighbours;

static void
neighbours_open(neighbours *n, uint64_t dbtime)
{
    uint32_t leaf, root;
    uint32_t flags;

    copy_open(&n->made, "deep-4k.edb");
    n->n_records = count_records(n->made.image.path);
    leaf =
        find_page(n->made.image.path, (wanted_page){ESE_MAINT_USE_TREE, "notes", NULL, false, 0});
    root = root_of(&n->made, "notes");
    n->left = (ese_page){test_image_page(&n->made.image, leaf), 4096, leaf};
    n->right = (ese_page){NULL, 4096, ese_page_next(&n->left)};
    n->right.bytes = test_image_page(&n->made.image, n->right.pgno);
    n->page.pgno = blank_page(&n->made);
    n->page.size = 4096;
    n->page.bytes = test_image_page(&n->made.image, n->page.pgno);
    flags = ese_page_flags(&n->left) & (ESE_PAGE_LEAF | ESE_PAGE_NON_UNIQUE);
    ese_page_format(&n->page, ese_page_objid(&n->left), flags);
    ese_page_set_dbtime(&n->page, dbtime);
    spoil(&n->made, root);
}

static repaired
neighbours_repair(neighbours *n)
{
    repaired done;

    store(&n->made, &n->page);
    done = repair(n->made.image.path);
    TEST_OK(done.err);
    assert_int_equal(done.trees.n_trees, 1);
    expect_readable(done.path, n->n_records);
    assert_int_equal(unlink(done.path), 0);
    copy_close(&n->made);
    return done;
}

static void
test_maint_repair__drops_a_leaf_that_lies_within_another(void **state)
{
    neighbours n;
    repaired done;

    (void)state;
    neighbours_open(&n, 1);
    put_line(&n.page, &n.left, 1);
    put_line(&n.page, &n.left, 2);
    done = neighbours_repair(&n);
    assert_int_equal(done.trees.n_leaves_dropped, 1);
    assert_int_equal(done.trees.n_lines_dropped, 0);
}

static void
overlap(uint64_t dbtime)
{
    neighbours n;
    repaired done;

    neighbours_open(&n, dbtime);
    put_line(&n.page, &n.left, ese_page_line_count(&n.left) - 2);
    put_line(&n.page, &n.left, ese_page_line_count(&n.left) - 1);
    put_line(&n.page, &n.right, 0);
    done = neighbours_repair(&n);
    assert_int_equal(done.trees.n_leaves_dropped + done.trees.n_lines_dropped, 3);
}

static void
test_maint_repair__cuts_lines_that_two_leaves_hold_from_the_older_one(void **state)
{
    (void)state;
    overlap(1u << 30);
}

static void
test_maint_repair__cuts_lines_of_a_leaf_that_is_older_than_its_neighbours(void **state)
{
    (void)state;
    overlap(1);
}

/* ---- Failures */

static void
fail_each(ese_fault_kind kind, JET_ERR expected)
{
    copy made;
    uint64_t n = 0;
    repaired done;

    copy_open(&made, "deep-4k.edb");
    spoil(&made, root_of(&made, "narrow"));
    do {
        TEST_OK(ese_fault_arm(kind, ++n, 0));
        done = repair(made.image.path);
        TEST_OK(ese_fault_arm(kind, 0, 0));
        if (done.err != JET_errSuccess) {
            assert_int_equal(done.err, expected);
            assert_false(is_there(done.path));
        }
        assert_int_equal(ese_live_allocations(), made.live);
    } while (done.err != JET_errSuccess);
    assert_true(n > 1);
    assert_int_equal(unlink(done.path), 0);
    copy_close(&made);
}

static void
test_maint_repair__leaves_nothing_whatever_fails(void **state)
{
    (void)state;
    fail_each(ESE_faultAlloc, JET_errOutOfMemory);
    fail_each(ESE_faultOpen, JET_errFileAccessDenied);
    fail_each(ESE_faultRead, JET_errDiskIO);
    fail_each(ESE_faultWrite, JET_errDiskIO);
    fail_each(ESE_faultDiskFull, JET_errDiskFull);
}

static void
test_maint_repair__does_not_write_over_a_file(void **state)
{
    copy made;
    repaired done;

    (void)state;
    copy_open(&made, "deep-4k.edb");
    spoil(&made, root_of(&made, "narrow"));
    done = repair(made.image.path);
    TEST_OK(done.err);
    assert_int_equal(repair(made.image.path).err, JET_errFileAlreadyExists);
    assert_true(is_there(done.path));
    assert_int_equal(unlink(done.path), 0);
    copy_close(&made);
}

/* Bytes whose checksum is right again reach everything that reads them. */
static void
test_maint_repair__ends_whatever_byte_is_changed(void **state)
{
    enum { STRIDE = 20011 };
    copy made;
    uint32_t random = 1;

    (void)state;
    copy_open(&made, "deep-4k.edb");
    spoil(&made, root_of(&made, "narrow"));
    for (size_t at = 0; at < made.image.size; at += 1 + random % (2 * STRIDE)) {
        size_t page = at / made.image.page_size * made.image.page_size;
        uint8_t kept[4096];
        repaired done;

        random = random * 1664525 + 1013904223;
        memcpy(kept, made.image.bytes + page, sizeof kept);
        made.image.bytes[at] ^= (uint8_t)(random >> 24 | 1);
        test_image_seal(&made.image, at);
        done = repair(made.image.path);
        unlink(done.path);
        assert_int_equal(ese_live_allocations(), made.live);
        memcpy(made.image.bytes + page, kept, sizeof kept);
        test_image_write(&made.image, page, sizeof kept);
    }
    copy_close(&made);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maint_repair__leaves_sound_databases_alone),
        cmocka_unit_test(test_maint_repair__puts_a_tree_on_its_leaves_when_the_root_is_gone),
        cmocka_unit_test(test_maint_repair__brings_both_copies_of_the_catalog_back),
        cmocka_unit_test(test_maint_repair__needs_the_catalog_for_tables_and_mends_it_first),
        cmocka_unit_test(test_maint_repair__works_on_long_values),
        cmocka_unit_test(test_maint_repair__drops_a_leaf_that_lies_within_another),
        cmocka_unit_test(test_maint_repair__cuts_lines_that_two_leaves_hold_from_the_older_one),
        cmocka_unit_test(test_maint_repair__cuts_lines_of_a_leaf_that_is_older_than_its_neighbours),
        cmocka_unit_test(test_maint_repair__leaves_nothing_whatever_fails),
        cmocka_unit_test(test_maint_repair__does_not_write_over_a_file),
        cmocka_unit_test(test_maint_repair__ends_whatever_byte_is_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
