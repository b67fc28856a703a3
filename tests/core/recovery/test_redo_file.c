/* Records about the file and about pages as a whole: its size, pages given up, pages that move; and whether a log is the one that the database knows. */
#define _XOPEN_SOURCE 700

#include "redo_fixture.h"

enum { PAGES = 8, TARGET = 7 };

/* A header, as it would have been found. */
static void
give_header(fixture *f)
{
    assert_int_equal(ese_alloc(ESE_PAGE_SIZE_MAX, &f->db.header_bytes), JET_errSuccess);
    f->db.run = &f->run;
    f->db.final = f->path;
    ese_os_mutex_init(&f->run.headers);
    f->db.header.state = ESE_DBSTATE_DIRTY;
    assert_int_equal(ese_recovery__write_header(&f->db), JET_errSuccess);
}

static int
setup_with_header(void **state)
{
    int result = setup(state);

    if (result == 0)
        give_header(*state);
    return result;
}

static int
teardown_with_header(void **state)
{
    fixture *f = *state;

    ese_free(&f->db.header_bytes);
    ese_os_mutex_destroy(&f->run.headers);
    return teardown(state);
}

static ese_log_entry
sized(ese_log_type type, ese_pgno last)
{
    return (ese_log_entry){.type = type, .dbid = DBID, .pgno = last, .u.extent.n_pages = 2};
}

static JET_ERR
redo(fixture *f, ese_log_type type, ese_pgno last)
{
    ese_log_entry entry = sized(type, last);

    f->run.lgpos.sector++;
    return ese_recovery__redo_file(&f->run, &f->db, &entry);
}

static void
assert_pages(const fixture *f, unsigned n)
{
    assert_int_equal(ese_cache_page_count(f->db.file), n);
    assert_int_equal(ese_os_file_size(f->db.os), (n + 2) * PAGE_SIZE);
}

static void
test_recovery_file__grows_and_shrinks_as_the_log_tells(void **state)
{
    static const ese_log_type types[] = {ESE_LOG_SHRINK_DB, ESE_LOG_SHRINK_DB2, ESE_LOG_SHRINK_DB3};
    fixture *f = *state;

    assert_pages(f, PAGES);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(redo(f, ESE_LOG_EXTEND_DB, 20), JET_errSuccess);
        assert_pages(f, 20);
        assert_int_equal(redo(f, types[i], 6), JET_errSuccess);
        assert_pages(f, 6);
        assert_int_equal(ese_recovery__header_last_resize(&f->db), ese_recovery__now(&f->run));
    }
    assert_page(f, 2, TIME); /* what is left is as it was */
}

/* A number that damage has made large. */
static void
test_recovery_file__grows_no_further_than_the_disk_goes(void **state)
{
    fixture *f = *state;

    if (ese_os_file_disk_size(f->db.os) >= (uint64_t)ESE_PAGE_PGNO_MAX * PAGE_SIZE)
        skip();
    assert_int_equal(redo(f, ESE_LOG_EXTEND_DB, ESE_PAGE_PGNO_MAX), JET_errDiskFull);
    assert_pages(f, PAGES);
    assert_int_equal(redo(f, ESE_LOG_EXTEND_DB, 20), JET_errSuccess);
    assert_pages(f, 20);
}

/* The header tells of a change of the size that came later. */
static void
test_recovery_file__does_not_repeat_a_size_that_is_there(void **state)
{
    fixture *f = *state;

    f->db.last_resize = ese_log_lgpos_number((ese_lgpos){0, 100, 1});
    assert_int_equal(redo(f, ESE_LOG_SHRINK_DB, 6), JET_errSuccess);
    assert_int_equal(redo(f, ESE_LOG_EXTEND_DB, 20), JET_errSuccess);
    assert_pages(f, PAGES);
}

/* Recovery that begins anew finds fewer pages than old records speak of. */
static void
test_recovery_file__tells_in_the_header_before_pages_go(void **state)
{
    fixture *f = *state;
    uint8_t *bytes = NULL;
    ese_dbheader header;

    f->run.generation = 5;
    ese_recovery__header_generation(&f->run, &f->db);
    assert_int_equal(redo(f, ESE_LOG_SHRINK_DB, 6), JET_errSuccess);
    assert_int_equal(ese_recovery__read_header(f->path, &bytes, &header), JET_errSuccess);
    assert_int_equal(header.gen_max_required, 5);
    ese_free(&bytes);
}

static void
test_recovery_file__forgets_lost_pages_that_are_cut_off_or_trimmed(void **state)
{
    fixture *f = *state;

    f->db.found_max_required = 1;
    for (ese_pgno pgno = 1; pgno <= PAGES; pgno++)
        assert_int_equal(ese_recovery__lost_add(&f->db.lost, pgno, JET_errDiskIO), JET_errSuccess);
    assert_int_equal(redo(f, ESE_LOG_TRIM_DB, 2), JET_errSuccess); /* 2 and 3 */
    assert_true(ese_recovery__lost_has(&f->db.lost, 1));
    assert_false(ese_recovery__lost_has(&f->db.lost, 2));
    assert_false(ese_recovery__lost_has(&f->db.lost, 3));
    assert_true(ese_recovery__lost_has(&f->db.lost, 4));
    f->db.last_resize = UINT64_MAX; /* the file was cut off already */
    assert_int_equal(redo(f, ESE_LOG_SHRINK_DB, 5), JET_errSuccess);
    assert_true(ese_recovery__lost_has(&f->db.lost, 5));
    assert_false(ese_recovery__lost_has(&f->db.lost, 6));
    assert_int_equal(ese_recovery__check_nothing_lost(&f->db), JET_errDiskIO);
}

static void
test_recovery_file__refuses_impossible_sizes(void **state)
{
    fixture *f = *state;

    assert_int_equal(redo(f, ESE_LOG_SHRINK_DB, UINT32_MAX),
                     JET_errLogOperationInconsistentWithDatabase);
    assert_int_equal(redo(f, ESE_LOG_EXTEND_DB, UINT32_MAX), JET_errDatabaseCorrupted);
    assert_int_equal(redo(f, ESE_LOG_TRIM_DB, UINT32_MAX), JET_errSuccess);
    assert_int_equal(redo(f, ESE_LOG_SHRINK_DB, 0), JET_errSuccess);
    assert_pages(f, PAGES);
}

/* ---- pages that move */

static void
append(ese_recovery__macro *macro, const ese_log_entry *entry)
{
    uint8_t bytes[3 * PAGE_SIZE];
    size_t size = ese_log_record_encoded_size(entry);

    assert_true(size <= sizeof bytes);
    ese_log_record_encode(entry, bytes);
    assert_int_equal(ese_growbuf_append(&macro->records, bytes, size), JET_errSuccess);
}

/* Page PGNO as it will be: with the time of the move. */
static void
take_image(const fixture *f, uint8_t image[PAGE_SIZE])
{
    ese_cache_page *page = NULL;
    ese_page_mut copy = {image, PAGE_SIZE, PGNO};

    assert_int_equal(ese_cache_pin(f->db.file, PGNO, &page), JET_errSuccess);
    memcpy(image, page->page.bytes, PAGE_SIZE);
    ese_cache_unpin(&page);
    ese_page_set_dbtime(&copy, TIME + 1);
}

static void
test_recovery_macro__moves_a_root(void **state)
{
    fixture *f = *state;
    uint8_t image[PAGE_SIZE];
    ese_recovery__macro macro = {.dbtime = TIME + 1, .records = ese_growbuf_make(1 << 20)};
    ese_log_entry entries[ESE_RECOVERY__MACRO_ENTRIES];
    const ese_log_entry root_move = {
        .type = ESE_LOG_ROOT_PAGE_MOVE, .dbid = DBID, .dbtime = TIME + 1, .objid = OBJID};
    ese_log_entry move = entry_of(ESE_LOG_PAGE_MOVE, 0);
    ese_cache_page *page = NULL;

    take_image(f, image);
    move.u.move = (ese_log_entry_move){.target = TARGET,
                                       .left_before = ESE_LOG_DBTIME_NONE,
                                       .right_before = ESE_LOG_DBTIME_NONE,
                                       .parent_before = ESE_LOG_DBTIME_NONE,
                                       .flags = 1,
                                       .head = {image, PAGE_SIZE / 2},
                                       .tail = {image + PAGE_SIZE / 2, PAGE_SIZE / 2}};
    append(&macro, &root_move);
    append(&macro, &move);
    assert_int_equal(ese_recovery__redo_macro(&f->run, &macro, entries), JET_errSuccess);
    assert_int_equal(ese_cache_pin(f->db.file, TARGET, &page), JET_errSuccess);
    assert_int_equal(ese_page_line_count(&page->page), 2);
    assert_int_equal(ese_page_dbtime(&page->page), TIME + 1);
    ese_cache_unpin(&page);
    assert_page(f, 0, TIME + 1);
    assert_int_equal(ese_recovery__redo_macro(&f->run, &macro, entries),
                     JET_errDbTimeBeyondMaxRequired);
    ese_growbuf_destroy(&macro.records);
}

/* ---- the logs that the database knows */

static void
test_recovery_times__tell_whether_a_log_is_the_one(void **state)
{
    enum { REQUIRED_AT = 672, COMMITTED_AT = 348 };
    fixture *f = *state;

    f->run.generation = 4;
    memset(f->run.created, 4, sizeof f->run.created);
    f->db.header.gen_max_required = 3;
    f->db.header.gen_max_committed = 4;
    ese_recovery__header_note_found(&f->db); /* the header does not say when */
    assert_int_equal(ese_recovery__header_check_times(&f->run, &f->db), JET_errSuccess);
    memset(f->db.header_bytes + REQUIRED_AT, 3, 8);
    memset(f->db.header_bytes + COMMITTED_AT, 5, 8);
    ese_recovery__header_note_found(&f->db);
    assert_int_equal(ese_recovery__header_check_times(&f->run, &f->db),
                     JET_errRequiredLogFilesMissing);
    f->options.flags = ESE_RECOVERY_IGNORE_LOST_LOGS;
    assert_int_equal(ese_recovery__header_check_times(&f->run, &f->db), JET_errSuccess);
    f->run.generation = 3;
    assert_int_equal(ese_recovery__header_check_times(&f->run, &f->db),
                     JET_errRequiredLogFilesMissing);
    memset(f->run.created, 3, sizeof f->run.created);
    assert_int_equal(ese_recovery__header_check_times(&f->run, &f->db), JET_errSuccess);
}

#define WITH_FILE(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, setup_with_header, teardown_with_header)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(test_recovery_file__grows_and_shrinks_as_the_log_tells),
        WITH_FILE(test_recovery_file__grows_no_further_than_the_disk_goes),
        WITH_FILE(test_recovery_file__does_not_repeat_a_size_that_is_there),
        WITH_FILE(test_recovery_file__tells_in_the_header_before_pages_go),
        WITH_FILE(test_recovery_file__forgets_lost_pages_that_are_cut_off_or_trimmed),
        WITH_FILE(test_recovery_file__refuses_impossible_sizes),
        WITH_FILE(test_recovery_macro__moves_a_root),
        WITH_FILE(test_recovery_times__tell_whether_a_log_is_the_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
