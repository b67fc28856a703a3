/* The door for changes: order of the steps, dbtimes, what a refusing log leaves behind. INV numbers are those of log.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "log/log.h"
#include "test_db.h"

enum { PAGE_SIZE = 4096, N_PAGES = 6, OBJID = 9, FIRST_DBTIME = 1000 };

typedef struct fixture {
    test_db db;
    ese_os_file *file;
    ese_cache *cache;
    ese_log_sink sink;
    ese_log_db log_db;
    int64_t live;
    /* what the sink was told, and what it answers */
    unsigned n_appends, n_records;
    ese_log_type type;
    uint64_t dbtime;
    uint64_t dbtime_before[ESE_LOG_EDIT_PAGES_MAX];
    ese_pgno pgnos[ESE_LOG_EDIT_PAGES_MAX];
    uint8_t seen[PAGE_SIZE]; /* the first page, as it was then */
    JET_ERR refusal;
} fixture;

static JET_ERR
record_append(void *self, ese_log_edit *edit, const ese_log_record *records, unsigned n)
{
    fixture *f = self;

    f->n_appends++;
    f->n_records = n;
    f->type = n == 0 ? (ese_log_type)0 : records[0].type;
    f->dbtime = edit->dbtime;
    for (unsigned i = 0; i < edit->n_pages; i++) {
        f->dbtime_before[i] = edit->dbtime_before[i];
        f->pgnos[i] = edit->pages[i]->page.pgno;
    }
    memcpy(f->seen, edit->pages[0]->page.bytes, PAGE_SIZE);
    if (f->refusal < JET_errSuccess)
        return ese_raise(f->refusal, "the log refuses");
    edit->lgpos = 500 + f->n_appends;
    return JET_errSuccess;
}

static ese_bytes
text(const char *s)
{
    return (ese_bytes){(const uint8_t *)s, strlen(s)};
}

static void
open_fixture(fixture *f)
{
    static const ese_cache_write_ops ops;

    memset(f, 0, sizeof *f);
    test_db_init(&f->db, PAGE_SIZE);
    for (unsigned i = 0; i < N_PAGES; i++) {
        ese_pgno pgno = test_db_add_page(&f->db);

        test_page_format(&f->db, pgno, OBJID, ESE_PAGE_LEAF);
        assert_true(test_page_add_line(&f->db, pgno, text("b"), text("12345678"), false));
        assert_true(test_page_add_line(&f->db, pgno, text("d"), text("abcdefgh"), false));
        test_page_seal(&f->db, pgno);
    }
    f->live = ese_alloc_live();
    test_db_write(&f->db);
    assert_int_equal(ese_os_file_open_for(f->db.path, ESE_OS_FILE_UPDATE, &f->file),
                     JET_errSuccess);
    assert_int_equal(ese_cache_create(1 << 20, &f->cache), JET_errSuccess);
    f->sink = (ese_log_sink){f, record_append};
    f->log_db.sink = &f->sink;
    atomic_init(&f->log_db.dbtime, FIRST_DBTIME);
    assert_int_equal(ese_cache_attach(f->cache, f->file, PAGE_SIZE, &f->log_db.file),
                     JET_errSuccess);
    ese_cache_set_write_ops(f->log_db.file, &ops);
}

static void
close_fixture(fixture *f)
{
    ese_cache_detach(&f->log_db.file);
    assert_int_equal(ese_cache_size(f->cache), 0);
    ese_cache_destroy(&f->cache);
    ese_os_file_close(&f->file);
    assert_int_equal(ese_alloc_live(), f->live);
    test_db_free(&f->db);
}

static ese_cache_page *
latch(fixture *f, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_latch(f->log_db.file, pgno, &page), JET_errSuccess);
    return page;
}

static ese_cache_page *
pin(fixture *f, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_pin(f->log_db.file, pgno, &page), JET_errSuccess);
    return page;
}

static uint64_t
dbtime_on(fixture *f, ese_pgno pgno)
{
    ese_cache_page *page = pin(f, pgno);
    uint64_t dbtime = ese_page_dbtime(&page->page);

    ese_cache_unpin(&page);
    return dbtime;
}

static void
change(fixture *f, ese_pgno pgno, ese_log_record record)
{
    ese_cache_page *page = latch(f, pgno);

    assert_int_equal(ese_log_change_node(&f->log_db, NULL, &page, &record), JET_errSuccess);
    assert_null(page);
    page = pin(f, pgno);
    assert_int_equal(ese_page_verify(&page->page), JET_errSuccess);
    ese_cache_unpin(&page);
}

static void
assert_line(fixture *f, ese_pgno pgno, unsigned line, ese_page_node expected)
{
    ese_cache_page *page = pin(f, pgno);
    ese_page_node node = ese_page_line(&page->page, line);

    assert_int_equal(node.prefix.size, 0); /* of pages without a prefix key */
    assert_int_equal(node.suffix.size, expected.suffix.size);
    assert_memory_equal(node.suffix.data, expected.suffix.data, expected.suffix.size);
    assert_int_equal(node.data.size, expected.data.size);
    assert_memory_equal(node.data.data, expected.data.data, expected.data.size);
    assert_int_equal(node.flags, expected.flags);
    ese_cache_unpin(&page);
}

static ese_page_node
node_of(const char *key, const char *data, uint8_t flags)
{
    return (ese_page_node){.suffix = text(key), .data = text(data), .flags = flags};
}

static void
test_log_edit__stamps_all_pages_with_one_dbtime(void **state)
{
    fixture f;
    ese_log_edit edit = {.db = &f.log_db, .n_pages = 3};
    ese_log_record records[2] = {{.type = ESE_LOG_MERGE}, {.type = ESE_LOG_MERGE}};
    uint64_t before[3];

    (void)state;
    open_fixture(&f);
    for (unsigned i = 0; i < 3; i++) {
        before[i] = dbtime_on(&f, 2 * i + 1);
        edit.pages[i] = latch(&f, 2 * i + 1);
    }
    assert_int_equal(ese_log_edit_begin(&edit, records, 2), JET_errSuccess);
    assert_int_equal(f.n_appends, 1);
    assert_int_equal(f.n_records, 2);
    assert_int_equal(f.type, ESE_LOG_MERGE);
    assert_int_equal(f.dbtime, FIRST_DBTIME + 1);
    for (unsigned i = 0; i < 3; i++) {
        ese_page_mut page = ese_log_edit_page(&edit, i);

        assert_int_equal(page.pgno, 2 * i + 1);
        assert_int_equal(page.size, PAGE_SIZE);
        assert_int_equal(f.dbtime_before[i], before[i]);
        assert_int_equal(f.pgnos[i], 2 * i + 1);
        ese_page_set_next(&page, 77);
    }
    ese_log_edit_end(&edit);
    for (unsigned i = 0; i < 3; i++) {
        ese_cache_page *page = pin(&f, 2 * i + 1);

        assert_null(edit.pages[i]);
        assert_int_equal(ese_page_next(&page->page), 77);
        assert_int_equal(ese_page_dbtime(&page->page), FIRST_DBTIME + 1);
        ese_cache_unpin(&page);
        assert_int_not_equal(dbtime_on(&f, 2 * i + 2), FIRST_DBTIME + 1);
    }
    close_fixture(&f);
}

static void
test_log_edit__chains_the_dbtimes_of_a_page(void **state)
{
    fixture f;
    uint64_t before;

    (void)state;
    open_fixture(&f);
    before = dbtime_on(&f, 2);
    for (unsigned i = 1; i <= 50; i++) {
        ese_cache_page *old = i % 3 == 0 ? pin(&f, 2) : NULL; /* at times it is a copy */

        change(&f, 2, (ese_log_record){.type = ESE_LOG_DELTA, .u.node = {.delta = 1}});
        ese_cache_unpin(&old);
        assert_int_equal(f.dbtime_before[0], before);
        assert_int_equal(f.dbtime, FIRST_DBTIME + i);
        before = dbtime_on(&f, 2);
        assert_int_equal(before, f.dbtime);
    }
    close_fixture(&f);
}

static void
test_log_edit__tells_new_pages_from_old_ones(void **state)
{
    fixture f;
    ese_log_edit edit = {.db = &f.log_db, .n_pages = 2};
    ese_log_record record = {.type = ESE_LOG_SPLIT};
    ese_page_mut page;

    (void)state;
    open_fixture(&f);
    edit.pages[0] = latch(&f, 1);
    assert_int_equal(ese_cache_latch_blank(f.log_db.file, 4, &edit.pages[1]), JET_errSuccess);
    assert_int_equal(ese_log_edit_begin(&edit, &record, 1), JET_errSuccess);
    assert_int_not_equal(f.dbtime_before[0], UINT64_MAX);
    assert_true(f.dbtime_before[1] == UINT64_MAX);
    page = ese_log_edit_page(&edit, 1);
    ese_page_format(&page, OBJID + 1, ESE_PAGE_LEAF);
    ese_log_edit_end(&edit);
    assert_int_equal(dbtime_on(&f, 4), FIRST_DBTIME + 1);
    close_fixture(&f);
}

static void
test_log_edit__shows_the_log_the_pages_before_they_change(void **state)
{
    fixture f;
    ese_cache_page *old;

    (void)state;
    open_fixture(&f);
    old = pin(&f, 3);
    change(&f, 3,
           (ese_log_record){.type = ESE_LOG_REPLACE, .u.node = {.line = 1, .data = text("new")}});
    assert_memory_equal(f.seen, old->page.bytes, PAGE_SIZE);
    ese_cache_unpin(&old);
    assert_line(&f, 3, 1, node_of("d", "new", 0));
    close_fixture(&f);
}

static void
test_log_edit__changes_nothing_when_the_log_refuses(void **state)
{
    (void)state;
    for (unsigned is_pinned = 0; is_pinned < 2; is_pinned++) {
        fixture f;
        ese_log_record record = {.type = ESE_LOG_DELETE};
        ese_cache_page *old = NULL, *page;
        uint8_t before[PAGE_SIZE];

        open_fixture(&f);
        f.refusal = JET_errLogWriteFail;
        page = latch(&f, 2);
        memcpy(before, page->page.bytes, PAGE_SIZE);
        if (is_pinned != 0)
            old = pin(&f, 2);
        assert_int_equal(ese_log_change_node(&f.log_db, NULL, &page, &record), JET_errLogWriteFail);
        assert_int_equal(f.n_appends, 1);
        assert_non_null(page); /* still latched */
        assert_memory_equal(page->page.bytes, before, PAGE_SIZE);
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        ese_cache_unpin(&old);
        page = pin(&f, 2);
        assert_memory_equal(page->page.bytes, before, PAGE_SIZE);
        ese_cache_unpin(&page);
        assert_true(ese_cache_oldest_change(f.log_db.file) == UINT64_MAX);
        f.refusal = JET_errSuccess;
        change(&f, 2, record); /* the latch is free */
        close_fixture(&f);
    }
}

static void
test_log_edit__gives_all_pages_back_when_it_is_cancelled(void **state)
{
    fixture f;
    ese_log_edit edit = {.db = &f.log_db, .n_pages = 2};
    ese_cache_page *old;

    (void)state;
    open_fixture(&f);
    old = pin(&f, 1);
    edit.pages[0] = latch(&f, 1);
    assert_int_equal(ese_cache_latch_blank(f.log_db.file, 5, &edit.pages[1]), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, false); /* the copy of page 1 */
    assert_int_equal(ese_log_edit_begin(&edit, NULL, 0), JET_errOutOfMemory);
    assert_int_equal(f.n_appends, 0);
    ese_log_edit_cancel(&edit);
    assert_null(edit.pages[0]);
    assert_null(edit.pages[1]);
    assert_true(ese_cache_is_current(old));
    ese_cache_unpin(&old);
    assert_line(&f, 5, 0, node_of("b", "12345678", 0));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_DELETE});
    close_fixture(&f);
}

static void
test_log_edit__notes_where_the_change_stands_in_the_log(void **state)
{
    fixture f;
    ese_log_origin origin = {.lgpos_begin = 400};
    ese_log_record record = {.type = ESE_LOG_DELETE};
    ese_cache_page *page;

    (void)state;
    open_fixture(&f);
    change(&f, 1, record); /* nobody's transaction */
    assert_int_equal(ese_cache_oldest_change(f.log_db.file), 501);
    page = latch(&f, 2);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(ese_cache_oldest_change(f.log_db.file), 400);
    assert_int_equal(ese_cache_flush(f.log_db.file), JET_errSuccess);
    assert_true(ese_cache_oldest_change(f.log_db.file) == UINT64_MAX);
    close_fixture(&f);
}

static void
test_log_edit__works_without_a_log(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f);
    f.log_db.sink = NULL;
    change(&f, 2, (ese_log_record){.type = ESE_LOG_DELETE});
    assert_int_equal(dbtime_on(&f, 2), FIRST_DBTIME + 1);
    assert_true(ese_cache_oldest_change(f.log_db.file) == UINT64_MAX);
    close_fixture(&f);
}

/* ---- node records */

static void
test_log_apply__does_what_each_record_says(void **state)
{
    const uint8_t hint = ESE_PAGE_NODE_VERSION, deleted = ESE_PAGE_NODE_DELETED;
    fixture f;

    (void)state;
    open_fixture(&f);
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_INSERT,
                            .flags = ESE_LOG_VERSIONED,
                            .u.node = {.line = 1, .key = text("c"), .data = text("x")}});
    assert_line(&f, 1, 1, node_of("c", "x", hint));
    assert_line(&f, 1, 2, node_of("d", "abcdefgh", 0));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_INSERT,
                            .u.node = {.line = 0, .key = text("a"), .data = text("y")}});
    assert_line(&f, 1, 0, node_of("a", "y", 0));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_FLAG_DELETE, .flags = ESE_LOG_VERSIONED});
    assert_line(&f, 1, 0, node_of("a", "y", hint | deleted));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_FLAG_INSERT});
    assert_line(&f, 1, 0, node_of("a", "y", hint)); /* a hint that is there stays */
    change(&f, 1, (ese_log_record){.type = ESE_LOG_FLAG_DELETE, .u.node = {.line = 1}});
    assert_line(&f, 1, 1, node_of("b", "12345678", deleted));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_FLAG_INSERT_REPLACE,
                            .flags = ESE_LOG_VERSIONED,
                            .u.node = {.line = 1, .data = text("again")}});
    assert_line(&f, 1, 1, node_of("b", "again", hint));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_REPLACE,
                            .flags = ESE_LOG_VERSIONED,
                            .u.node = {.line = 3, .data = text("longer than before")}});
    assert_line(&f, 1, 3, node_of("d", "longer than before", hint));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_DELETE, .u.node = {.line = 1}});
    assert_line(&f, 1, 1, node_of("c", "x", hint));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_SET_EXTERNAL_HEADER, .u.node = {.data = text("head")}});
    close_fixture(&f);
}

static void
test_log_apply__adds_to_numbers(void **state)
{
    const uint8_t hint = ESE_PAGE_NODE_VERSION;
    fixture f;

    (void)state;
    open_fixture(&f);
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_DELTA,
                            .flags = ESE_LOG_VERSIONED,
                            .u.node = {.offset = 4, .delta = 0x01010101}});
    assert_line(&f, 1, 0, node_of("b", "12346789", hint));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_DELTA64, .u.node = {.line = 1, .delta = 0x0101}});
    assert_line(&f, 1, 1, node_of("d", "bccdefgh", 0));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_UNDO,
                            .u.node = {.oper = 4, .offset = 4, .delta = 0x01010101}});
    assert_line(&f, 1, 0, node_of("b", "12345678", hint));
    change(
        &f, 1,
        (ese_log_record){.type = ESE_LOG_UNDO, .u.node = {.oper = 9, .line = 1, .delta = 0x0101}});
    assert_line(&f, 1, 1, node_of("d", "abcdefgh", 0));
    close_fixture(&f);
}

static void
test_log_apply__takes_operations_back(void **state)
{
    const uint8_t hint = ESE_PAGE_NODE_VERSION, deleted = ESE_PAGE_NODE_DELETED;
    fixture f;

    (void)state;
    open_fixture(&f);
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_INSERT,
                            .flags = ESE_LOG_VERSIONED,
                            .u.node = {.line = 1, .key = text("c"), .data = text("x")}});
    change(&f, 1, (ese_log_record){.type = ESE_LOG_UNDO, .u.node = {.oper = 1, .line = 1}});
    assert_line(&f, 1, 1, node_of("c", "x", hint | deleted));
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_REPLACE, .u.node = {.line = 0, .data = text("new")}});
    change(&f, 1,
           (ese_log_record){.type = ESE_LOG_UNDO,
                            .u.node = {.oper = 2, .line = 0, .data = text("12345678")}});
    assert_line(&f, 1, 0, node_of("b", "12345678", 0));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_FLAG_DELETE, .u.node = {.line = 2}});
    change(&f, 1, (ese_log_record){.type = ESE_LOG_UNDO, .u.node = {.oper = 3, .line = 2}});
    assert_line(&f, 1, 2, node_of("d", "abcdefgh", 0));
    close_fixture(&f);
}

static void
test_log_edit__leaves_pages_that_other_programs_read(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        change(&f, pgno,
               (ese_log_record){.type = ESE_LOG_REPLACE,
                                .u.node = {.line = 1, .data = text("written")}});
    assert_int_equal(ese_cache_flush(f.log_db.file), JET_errSuccess);
    assert_int_equal(ese_os_file_read(f.file, 2 * PAGE_SIZE, f.seen, PAGE_SIZE), JET_errSuccess);
    assert_int_equal(ese_page_checksum_verify(f.seen, PAGE_SIZE, 1), ESE_PAGE_STATE_GOOD);
    ese_cache_detach(&f.log_db.file);
    assert_int_equal(ese_cache_attach(f.cache, f.file, PAGE_SIZE, &f.log_db.file), JET_errSuccess);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        assert_line(&f, pgno, 1, node_of("d", "written", 0));
    close_fixture(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_edit__stamps_all_pages_with_one_dbtime),
        cmocka_unit_test(test_log_edit__chains_the_dbtimes_of_a_page),
        cmocka_unit_test(test_log_edit__tells_new_pages_from_old_ones),
        cmocka_unit_test(test_log_edit__shows_the_log_the_pages_before_they_change),
        cmocka_unit_test(test_log_edit__changes_nothing_when_the_log_refuses),
        cmocka_unit_test(test_log_edit__gives_all_pages_back_when_it_is_cancelled),
        cmocka_unit_test(test_log_edit__notes_where_the_change_stands_in_the_log),
        cmocka_unit_test(test_log_edit__works_without_a_log),
        cmocka_unit_test(test_log_apply__does_what_each_record_says),
        cmocka_unit_test(test_log_apply__adds_to_numbers),
        cmocka_unit_test(test_log_apply__takes_operations_back),
        cmocka_unit_test(test_log_edit__leaves_pages_that_other_programs_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
