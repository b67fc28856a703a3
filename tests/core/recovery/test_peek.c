/* What the file has in the place of a page that the log makes from nothing. */
#define _XOPEN_SOURCE 700

#include "redo_fixture.h"

#include "base/fault.h"

enum { PAGES = 8, NEW = 7, LATER = 300 };

static JET_ERR
forget_window(void *self, const ese_page *page, uint64_t lgpos)
{
    (void)lgpos;
    ese_recovery__peek_written(self, page->pgno);
    return JET_errSuccess;
}

static int
setup_with_writer(void **state)
{
    int result = setup(state);
    fixture *f = *state;
    const ese_cache_write_ops ops = {.self = &f->db, .before_write = forget_window};

    ese_cache_set_write_ops(f->db.file, &ops);
    return result;
}

static int
teardown_without_fault(void **state)
{
    ese_fault_set(ESE_FAULT_POINT_READ, 0, false);
    return teardown(state);
}

/* A leaf of that time in the cache. */
static void
make_leaf(fixture *f, ese_pgno pgno, uint64_t dbtime)
{
    ese_cache_page *page = NULL;
    ese_page_mut bytes;

    assert_int_equal(ese_cache_latch_blank(f->db.file, pgno, &page), JET_errSuccess);
    bytes = ese_recovery__page_bytes(page);
    ese_page_format(&bytes, OBJID, ESE_PAGE_LEAF);
    ese_page_set_dbtime(&bytes, dbtime);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
}

/* Into the file, and out of the cache. */
static void
write_all(fixture *f)
{
    assert_int_equal(ese_cache_flush(f->db.file), JET_errSuccess);
    ese_cache_set_limit(f->run.cache, 0);
    assert_int_equal(ese_cache_size(f->run.cache), 0);
    ese_cache_set_limit(f->run.cache, 1 << 20);
}

static uint64_t
peek(fixture *f, ese_pgno pgno)
{
    uint64_t dbtime = UINT64_MAX;

    assert_int_equal(ese_recovery__peek(&f->db, pgno, &dbtime), JET_errSuccess);
    return dbtime;
}

static void
test_recovery_peek__knows_pages_of_the_cache_and_of_the_file(void **state)
{
    fixture *f = *state;

    assert_int_equal(peek(f, PGNO), TIME);
    write_all(f);
    assert_int_equal(peek(f, PGNO), TIME);
    assert_int_equal(peek(f, PGNO + 1), 0);
    assert_int_equal(peek(f, PAGES), 0);
    assert_int_equal(peek(f, PAGES + 1), 0); /* the file ends before */
    assert_int_equal(ese_cache_size(f->run.cache), 0);
}

static void
test_recovery_peek__sees_what_was_written_since(void **state)
{
    fixture *f = *state;

    assert_int_equal(peek(f, NEW - 1), 0);
    assert_int_equal(peek(f, NEW), 0);
    make_leaf(f, NEW, LATER);
    assert_int_equal(peek(f, NEW), LATER);
    write_all(f);
    assert_int_equal(peek(f, NEW - 1), 0);
    assert_int_equal(peek(f, NEW), LATER);
}

static void
test_recovery_peek__takes_what_is_torn_for_nothing(void **state)
{
    fixture *f = *state;

    write_all(f);
    assert_int_equal(ese_os_file_write(f->db.os, (PGNO + 1) * PAGE_SIZE + 1000, "torn", 4),
                     JET_errSuccess);
    assert_int_equal(peek(f, PGNO), 0);
}

static void
test_recovery_peek__needs_no_more_than_the_page(void **state)
{
    fixture *f = *state;
    uint64_t dbtime = 0;

    write_all(f);
    ese_fault_set(ESE_FAULT_POINT_READ, 1, false);
    assert_int_equal(peek(f, PGNO), TIME);
    ese_fault_set(ESE_FAULT_POINT_READ, 1, true);
    assert_int_equal(ese_recovery__peek(&f->db, PGNO + 1, &dbtime), JET_errDiskIO);
}

#define WITH_WRITER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, setup_with_writer, teardown_without_fault)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WRITER(test_recovery_peek__knows_pages_of_the_cache_and_of_the_file),
        WITH_WRITER(test_recovery_peek__sees_what_was_written_since),
        WITH_WRITER(test_recovery_peek__takes_what_is_torn_for_nothing),
        WITH_WRITER(test_recovery_peek__needs_no_more_than_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
