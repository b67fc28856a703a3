/* The list of pages, and one page in detail. */
#include "maint_test.h"

typedef struct tally {
    uint32_t n, n_roots, n_free, n_blank;
    uint32_t last;
} tally;

static JET_ERR
count_page(void *self, const ese_maint_page *page)
{
    tally *counted = self;

    assert_int_equal(page->pgno, counted->last + 1);
    counted->last = page->pgno;
    counted->n++;
    counted->n_roots += page->use == ESE_MAINT_USE_TREE && page->is_root;
    counted->n_free += page->use == ESE_MAINT_USE_FREE;
    counted->n_blank += page->state == ESE_MAINT_PAGE_BLANK;
    return JET_errSuccess;
}

static void
test_maint_pages__lists_every_page_once(void **state)
{
    const char *path = test_fixture("types-8k.edb");
    tally counted = {0};
    ese_maint_page_visitor visitor = {&counted, count_page, NULL};
    findings all;

    (void)state;
    if (path == NULL)
        skip();
    TEST_OK(ese_maint_list_pages(path, &visitor));
    all = check_path(path);
    assert_int_equal(counted.n, all.summary.n_pages);
    assert_int_equal(counted.n_roots, all.summary.n_trees);
    assert_int_equal(counted.n_blank, all.summary.n_blank_pages);
    assert_true(counted.n_free >= counted.n_blank);
}

static JET_ERR
stop(void *self, const ese_maint_page *page)
{
    (void)page;
    ++*(unsigned *)self;
    return JET_errInvalidParameter;
}

static void
test_maint_pages__ends_with_the_error_of_the_visitor(void **state)
{
    const char *path = test_fixture("types-8k.edb");
    unsigned n = 0;
    ese_maint_page_visitor visitor = {&n, stop, NULL};

    (void)state;
    if (path == NULL)
        skip();
    assert_int_equal(ese_maint_list_pages(path, &visitor), JET_errInvalidParameter);
    assert_int_equal(n, 1);
}

typedef struct seen_page {
    ese_maint_page page;
    char table[64];
    int last_line;
    unsigned n_lines;
    size_t n_bytes;
} seen_page;

static JET_ERR
see_page(void *self, const ese_maint_page *page)
{
    seen_page *seen = self;

    seen->page = *page;
    seen->last_line = -2;
    snprintf(seen->table, sizeof seen->table, "%s", page->table == NULL ? "" : page->table);
    return JET_errSuccess;
}

static JET_ERR
see_line(void *self, const ese_maint_line *line)
{
    seen_page *seen = self;

    assert_int_equal(line->number, seen->last_line + 1);
    seen->last_line = line->number;
    seen->n_bytes += line->size;
    seen->n_lines += line->number >= 0;
    return JET_errSuccess;
}

static void
test_maint_pages__shows_the_lines_of_one_page(void **state)
{
    const char *path = test_fixture("types-32k.edb");
    seen_page seen = {0};
    ese_maint_line_visitor visitor = {&seen, see_page, see_line};
    uint32_t pgno;

    (void)state;
    if (path == NULL)
        skip();
    pgno = find_page(path, (wanted_page){.use = ESE_MAINT_USE_TREE, .table = "notes"});
    TEST_OK(ese_maint_show_page(path, pgno, &visitor));
    assert_int_equal(seen.page.pgno, pgno);
    assert_string_equal(seen.table, "notes");
    assert_int_equal(seen.n_lines, seen.page.n_lines);
    assert_int_equal(seen.n_bytes + seen.page.free_bytes + 4 * (seen.n_lines + 1), 32768 - 80);
}

static void
test_maint_pages__refuses_pages_that_do_not_exist(void **state)
{
    const char *path = test_fixture("types-8k.edb");
    seen_page seen = {0};
    ese_maint_line_visitor visitor = {&seen, see_page, see_line};

    (void)state;
    if (path == NULL)
        skip();
    assert_int_equal(ese_maint_show_page(path, 0, &visitor), JET_errBadPageLink);
    assert_int_equal(ese_maint_show_page(path, 1000000, &visitor), JET_errBadPageLink);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maint_pages__lists_every_page_once),
        cmocka_unit_test(test_maint_pages__ends_with_the_error_of_the_visitor),
        cmocka_unit_test(test_maint_pages__shows_the_lines_of_one_page),
        cmocka_unit_test(test_maint_pages__refuses_pages_that_do_not_exist),
    };

    return cmocka_run_group_tests_name("maint_pages", tests, NULL, NULL);
}
