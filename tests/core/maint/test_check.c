/* The integrity check: silent on sound databases, and one finding in the right place for each kind of damage. */
#define _POSIX_C_SOURCE 200809L

#include "maint_test.h"

#include "test_corpus.h"

#include <unistd.h>

static const char *const sound[] = {
    "small-4k.edb",  "types-2k.edb", "types-4k.edb",     "types-8k.edb",       "types-16k.edb",
    "types-32k.edb", "deep-4k.edb",  "templates-8k.edb", "longvalues-32k.edb", "lid64-8k.edb",
    "oldsum-4k.edb", "win7-4k.edb",  "win10-4k.edb",
};

static void
assert_sound(const char *path, const char *name)
{
    findings all = check_path(path);

    if (all.err != JET_errSuccess || all.summary.n_errors != 0)
        print_findings(&all);
    assert_int_equal(all.err, JET_errSuccess);
    if (all.summary.n_errors != 0)
        fail_msg("%s: %u errors", name, (unsigned)all.summary.n_errors);
    assert_int_equal(all.summary.n_leaked_pages, 0);
    assert_true(all.summary.n_records > 0);
}

static void
test_maint_check__finds_nothing_in_sound_databases(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        const char *path = test_fixture(sound[i]);

        if (path == NULL)
            skip();
        assert_sound(path, sound[i]);
    }
}

static void
test_maint_check__finds_nothing_in_real_databases(void **state)
{
    (void)state;
    if (!test_corpus_each(assert_sound))
        skip();
}

static void
test_maint_check__counts_what_the_database_holds(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "small-4k.edb");
    all = check_path(made.image.path);
    assert_int_equal(all.summary.page_size, 4096);
    assert_int_equal(all.summary.n_pages, made.image.size / 4096 - 2);
    assert_int_equal(all.summary.n_tables, 7); /* four of the system, three of the user */
    assert_int_equal(all.summary.n_long_values, 1);
    assert_int_equal(all.summary.state, JET_dbstateCleanShutdown);
    copy_close(&made);
}

static void
test_maint_check__tells_the_state_of_a_dirty_database(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "dirty-4k.edb");
    all = check_path(made.image.path);
    assert_int_equal(expect_finding(&all, ESE_MAINT_HEADER, "not shut down cleanly")->severity,
                     ESE_MAINT_NOTE);
    assert_int_equal(all.summary.n_errors, 0);
    assert_int_equal(all.summary.state, JET_dbstateDirtyShutdown);
    copy_close(&made);
}

/* ---- Headers and files ---- */

static void
damage_header(int64_t place, const char *words)
{
    copy made;
    findings all;

    copy_open(&made, "types-4k.edb");
    test_image_page(&made.image, place)[100] ^= 1;
    test_image_write(&made.image, (size_t)(place + 1) * made.image.page_size, made.image.page_size);
    all = check_path(made.image.path);
    assert_int_equal(all.err, JET_errSuccess);
    expect_finding(&all, ESE_MAINT_HEADER, words);
    assert_int_equal(all.summary.n_errors, 1);
    copy_close(&made);
}

static void
test_maint_check__tells_which_header_is_damaged(void **state)
{
    (void)state;
    damage_header(-1, "the header:");
    damage_header(0, "the shadow copy");
}

static void
test_maint_check__tells_that_headers_differ(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "types-4k.edb");
    test_image_page(&made.image, 0)[241] ^= 1; /* of the repair count */
    test_image_seal_page(&made.image, 0);
    all = check_path(made.image.path);
    expect_finding(&all, ESE_MAINT_HEADER, "differ");
    copy_close(&made);
}

static void
test_maint_check__is_an_error_without_any_header(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "types-4k.edb");
    memset(made.image.bytes, 0, 2 * (size_t)made.image.page_size);
    test_image_write(&made.image, 0, 2 * (size_t)made.image.page_size);
    all = check_path(made.image.path);
    assert_int_equal(all.err, JET_errDatabaseCorrupted);
    assert_int_equal(check_path("/nonexistent/file").err, JET_errFileNotFound);
    copy_close(&made);
}

/* ---- Pages and trees ---- */

static void
test_maint_check__names_page_and_table_of_a_wrong_checksum(void **state)
{
    copy made;
    findings all;
    const recorded *finding;
    uint32_t pgno;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pgno = find_page(made.image.path, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "notes"});
    test_image_page(&made.image, pgno)[1000] ^= 0xff;
    test_image_write(&made.image, ((size_t)pgno + 1) * 4096, 4096);
    all = check_path(made.image.path);
    finding = expect_finding(&all, ESE_MAINT_PAGE, "checksum");
    assert_int_equal(finding->pgno, pgno);
    assert_string_equal(finding->table, "notes");
    assert_int_equal(all.summary.n_bad_pages, 1);
    copy_close(&made);
}

static void
test_maint_check__tells_of_a_bit_that_can_be_corrected(void **state)
{
    copy made;
    findings all;
    uint32_t pgno;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pgno = find_page(made.image.path, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "notes"});
    test_image_page(&made.image, pgno)[1000] ^= 0x10;
    test_image_write(&made.image, ((size_t)pgno + 1) * 4096, 4096);
    all = check_path(made.image.path);
    assert_int_equal(expect_finding(&all, ESE_MAINT_PAGE, "one bit")->pgno, pgno);
    assert_int_equal(all.summary.n_corrected_pages, 1);
    assert_int_equal(all.summary.n_errors, 1);
    copy_close(&made);
}

static void
change_page_word(unsigned offset, const char *words)
{
    copy made;
    findings all;
    const recorded *finding;
    uint32_t pgno;

    copy_open(&made, "deep-4k.edb");
    pgno = find_page(made.image.path, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "notes"});
    test_image_page(&made.image, pgno)[offset] ^= 0x40;
    test_image_seal_page(&made.image, pgno);
    all = check_path(made.image.path);
    finding = expect_finding(&all, ESE_MAINT_TREE, words);
    assert_string_equal(finding->table, "notes");
    assert_true(all.summary.n_errors != 0);
    copy_close(&made);
}

static void
test_maint_check__tells_of_a_page_of_another_tree(void **state)
{
    (void)state;
    change_page_word(24, "another objid");
}

static void
test_maint_check__tells_of_wrong_links(void **state)
{
    (void)state;
    change_page_word(16, "left neighbour");
    change_page_word(20, "right neighbour");
}

static void
test_maint_check__tells_of_a_page_of_another_kind(void **state)
{
    (void)state;
    change_page_word(36, "another kind");
}

/* Makes two separators of a parent lead to the same child. */
static void
test_maint_check__tells_of_a_page_that_is_used_twice(void **state)
{
    copy made;
    findings all;
    ese_page page;
    ese_page_node first, second;
    uint32_t pgno;

    (void)state;
    copy_open(&made, "deep-4k.edb");
    for (pgno = 1;; pgno++) {
        page = page_of(&made, pgno);
        if (ese_page_flags(&page) != 0 && ese_page_line_count(&page) > 1 &&
            (ese_page_flags(&page) & (ESE_PAGE_PARENT_OF_LEAF | ESE_PAGE_ROOT)) ==
                ESE_PAGE_PARENT_OF_LEAF)
            break;
    }
    first = ese_page_line(&page, 0);
    second = ese_page_line(&page, 1);
    memcpy(made.image.bytes + (second.data.data - made.image.bytes), first.data.data, 4);
    test_image_seal_page(&made.image, pgno);
    all = check_path(made.image.path);
    expect_finding(&all, ESE_MAINT_SPACE, "used twice");
    copy_close(&made);
}

/* ---- Space ---- */

/* Makes a free extent of the database root one page shorter. */
static void
test_maint_check__notes_a_leaked_page(void **state)
{
    copy made;
    findings all;
    ese_page page;
    ese_page_node node;
    uint32_t pgno, count;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pgno = find_page(made.image.path, (wanted_page){.use = ESE_MAINT_USE_FREE_TREE});
    page = page_of(&made, pgno);
    node = ese_page_line(&page, 0);
    count = ese_load_le32(node.data.data);
    ese_store_le32(made.image.bytes + (node.data.data - made.image.bytes), count - 1);
    test_image_seal_page(&made.image, pgno);
    all = check_path(made.image.path);
    assert_int_equal(expect_finding(&all, ESE_MAINT_SPACE, "neither used nor free")->severity,
                     ESE_MAINT_NOTE);
    assert_int_equal(all.summary.n_errors, 0);
    assert_int_equal(all.summary.n_leaked_pages, 1);
    copy_close(&made);
}

static void
test_maint_check__tells_of_owned_pages_behind_the_end_of_the_file(void **state)
{
    copy made;
    findings all;
    size_t pages = 0;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pages = made.image.size / 4096;
    assert_int_equal(ftruncate(made.image.fd, (off_t)(pages - 3) * 4096), 0);
    all = check_path(made.image.path);
    assert_int_equal(all.err, JET_errSuccess);
    expect_finding(&all, ESE_MAINT_SPACE, "the file ends at page");
    copy_close(&made);
}

/* ---- Catalog ---- */

static void
test_maint_check__compares_the_catalog_with_its_shadow(void **state)
{
    copy made;
    findings all;
    ese_page page;
    ese_page_node node;
    uint32_t pgno;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pgno = find_page(made.image.path,
                     (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "MSysObjectsShadow"});
    page = page_of(&made, pgno);
    node = ese_page_line(&page, 3);
    made.image.bytes[node.data.data + node.data.size - 1 - made.image.bytes] ^= 1;
    test_image_seal_page(&made.image, pgno);
    all = check_path(made.image.path);
    assert_int_equal(expect_finding(&all, ESE_MAINT_CATALOG, "differs from its copy")->pgno,
                     find_page(made.image.path,
                               (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "MSysObjects"}));
    copy_close(&made);
}

/* ---- Records, long values, indexes ---- */

/* Flags a line as deleted. */
static findings
delete_line(copy *made, wanted_page wanted, unsigned line)
{
    uint32_t pgno = find_page(made->image.path, wanted);

    tag_offset(made, pgno, line)[1] |= 0x40;
    test_image_seal_page(&made->image, pgno);
    return check_path(made->image.path);
}

static void
test_maint_check__names_the_record_whose_index_entry_is_missing(void **state)
{
    copy made;
    findings all;
    const recorded *finding;

    (void)state;
    copy_open(&made, "types-4k.edb");
    all = delete_line(
        &made, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "MSysObjects", .index = "Name"},
        2);
    finding = expect_finding(&all, ESE_MAINT_INDEX, "its entry is missing");
    assert_string_equal(finding->table, "MSysObjects");
    assert_string_equal(finding->index, "Name");
    assert_int_equal(all.summary.n_errors, 2); /* the numbers do not agree, and this */
    copy_close(&made);
}

static void
test_maint_check__names_the_entries_of_a_record_that_is_gone(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "types-4k.edb");
    all = delete_line(&made, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "notes"}, 5);
    expect_finding(&all, ESE_MAINT_INDEX, "an entry names this record, which does not exist");
    copy_close(&made);
}

static void
test_maint_check__tells_of_a_key_that_is_not_that_of_its_record(void **state)
{
    copy made;
    findings all;
    ese_page page;
    ese_page_node node;
    uint32_t pgno;

    (void)state;
    copy_open(&made, "types-4k.edb");
    pgno = find_page(made.image.path, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "types"});
    page = page_of(&made, pgno);
    node = ese_page_line(&page, 0);
    made.image.bytes[node.data.data + 4 - made.image.bytes] ^= 1; /* the first fixed column: Id */
    test_image_seal_page(&made.image, pgno);
    all = check_path(made.image.path);
    expect_finding(&all, ESE_MAINT_RECORD, "its key is not what its columns give");
    copy_close(&made);
}

/* Line 0 of the leaf of a tree of long values is a root: references, then size. */
static findings
change_long_value(copy *made, unsigned offset)
{
    uint32_t pgno = find_page(
        made->image.path,
        (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "values", .is_long_value = true});
    ese_page page = page_of(made, pgno);
    ese_page_node node = ese_page_line(&page, 0);

    made->image.bytes[node.data.data + offset - made->image.bytes] ^= 4;
    test_image_seal_page(&made->image, pgno);
    return check_path(made->image.path);
}

static void
test_maint_check__tells_of_wrong_counts_of_references(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "small-4k.edb");
    all = change_long_value(&made, 0);
    expect_finding(&all, ESE_MAINT_LONG_VALUE,
                   "long value 1 counts 5 references, but records have 1");
    copy_close(&made);
}

static void
test_maint_check__tells_of_long_values_of_wrong_size(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "small-4k.edb");
    all = change_long_value(&made, 4);
    expect_finding(&all, ESE_MAINT_LONG_VALUE, "long value 1: ");
    copy_close(&made);
}

static void
test_maint_check__tells_of_a_missing_long_value(void **state)
{
    copy made;
    findings all;

    (void)state;
    copy_open(&made, "small-4k.edb");
    all = delete_line(
        &made, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "values", .is_long_value = true},
        0);
    expect_finding(&all, ESE_MAINT_LONG_VALUE, "it is deleted and not cleared away");
    expect_finding(&all, ESE_MAINT_RECORD, "refers to long value 1, which does not exist");
    copy_close(&made);
}

/* ---- Failures ---- */

static void
fail_each(ese_fault_kind kind, JET_ERR expected)
{
    copy made;
    uint64_t n = 0;
    findings all;

    copy_open(&made, "small-4k.edb");
    do {
        TEST_OK(ese_fault_arm(kind, ++n, 0));
        all = check_path(made.image.path);
        if (all.err != JET_errSuccess)
            assert_int_equal(all.err, expected);
        assert_int_equal(ese_live_allocations(), made.live);
    } while (all.err != JET_errSuccess);
    TEST_OK(ese_fault_arm(kind, 0, 0));
    assert_true(n > 4);
    copy_close(&made);
}

static void
test_maint_check__gives_everything_back_whatever_allocation_fails(void **state)
{
    (void)state;
    fail_each(ESE_faultAlloc, JET_errOutOfMemory);
}

static void
test_maint_check__gives_everything_back_whatever_read_fails(void **state)
{
    (void)state;
    fail_each(ESE_faultRead, JET_errDiskIO);
}

/* Bytes whose checksum is right again reach everything that decodes them. */
static void
test_maint_check__ends_whatever_byte_is_changed(void **state)
{
    enum { STRIDE = 97 };
    copy made;
    uint32_t random = 1;

    (void)state;
    copy_open(&made, "small-4k.edb");
    for (size_t at = 0; at < made.image.size; at += 1 + random % (2 * STRIDE)) {
        size_t page = at / made.image.page_size * made.image.page_size;
        uint8_t kept[4096];

        random = random * 1664525 + 1013904223;
        memcpy(kept, made.image.bytes + page, sizeof kept);
        made.image.bytes[at] ^= (uint8_t)(random >> 24 | 1);
        test_image_seal(&made.image, at);
        (void)check_path(made.image.path);
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
        cmocka_unit_test(test_maint_check__finds_nothing_in_sound_databases),
        cmocka_unit_test(test_maint_check__finds_nothing_in_real_databases),
        cmocka_unit_test(test_maint_check__counts_what_the_database_holds),
        cmocka_unit_test(test_maint_check__tells_the_state_of_a_dirty_database),
        cmocka_unit_test(test_maint_check__tells_which_header_is_damaged),
        cmocka_unit_test(test_maint_check__tells_that_headers_differ),
        cmocka_unit_test(test_maint_check__is_an_error_without_any_header),
        cmocka_unit_test(test_maint_check__names_page_and_table_of_a_wrong_checksum),
        cmocka_unit_test(test_maint_check__tells_of_a_bit_that_can_be_corrected),
        cmocka_unit_test(test_maint_check__tells_of_a_page_of_another_tree),
        cmocka_unit_test(test_maint_check__tells_of_wrong_links),
        cmocka_unit_test(test_maint_check__tells_of_a_page_of_another_kind),
        cmocka_unit_test(test_maint_check__tells_of_a_page_that_is_used_twice),
        cmocka_unit_test(test_maint_check__notes_a_leaked_page),
        cmocka_unit_test(test_maint_check__tells_of_owned_pages_behind_the_end_of_the_file),
        cmocka_unit_test(test_maint_check__compares_the_catalog_with_its_shadow),
        cmocka_unit_test(test_maint_check__names_the_record_whose_index_entry_is_missing),
        cmocka_unit_test(test_maint_check__names_the_entries_of_a_record_that_is_gone),
        cmocka_unit_test(test_maint_check__tells_of_a_key_that_is_not_that_of_its_record),
        cmocka_unit_test(test_maint_check__tells_of_wrong_counts_of_references),
        cmocka_unit_test(test_maint_check__tells_of_long_values_of_wrong_size),
        cmocka_unit_test(test_maint_check__tells_of_a_missing_long_value),
        cmocka_unit_test(test_maint_check__gives_everything_back_whatever_allocation_fails),
        cmocka_unit_test(test_maint_check__gives_everything_back_whatever_read_fails),
        cmocka_unit_test(test_maint_check__ends_whatever_byte_is_changed),
    };

    return cmocka_run_group_tests_name("maint_check", tests, NULL, NULL);
}
