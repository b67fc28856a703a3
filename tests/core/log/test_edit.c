/* The door for changes: order of the steps, dbtimes, what stands in the log, what a refusing log leaves behind. INV numbers are those of log.h. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log/log.h"
#include "stream_fixture.h"
#include "test_db.h"

enum { PAGE_SIZE = 4096, N_PAGES = 6, OBJID = 9, FIRST_DBTIME = 1000, ENTRIES_MAX = 256 };

typedef struct fixture {
    test_db db;
    ese_os_file *file;
    ese_cache *cache;
    stream_fixture *log;
    ese_log_db log_db;
    int64_t live;
    /* the log, as read_log found it; what entries borrow is gone */
    ese_log_entry entries[ENTRIES_MAX];
    uint64_t lgpos[ENTRIES_MAX];
    unsigned n_entries;
} fixture;

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
    f->log = stream_fixture_open();
    assert_int_equal(ese_log_stream_create(&f->log->options, &f->log->stream), JET_errSuccess);
    f->log_db.stream = f->log->stream;
    f->log_db.dbid = 3;
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
    stream_fixture_close(f->log);
    assert_int_equal(ese_alloc_live(), f->live);
    test_db_free(&f->db);
}

/* Everything that is in the log, but for fill. */
static void
read_log(fixture *f)
{
    const ese_log_entry *entry = NULL;
    ese_log_set *set = NULL;
    ese_log_file *file = NULL;
    ese_lgpos lgpos = {0};

    f->n_entries = 0;
    assert_int_equal(ese_log_stream_flush(f->log->stream), JET_errSuccess);
    assert_int_equal(ese_log_set_open(f->log->folder, "edb", &set), JET_errSuccess);
    assert_int_equal(ese_log_set_open_file(set, 0, NULL, &file), JET_errSuccess);
    while (ese_log_file_next(file, &entry, &lgpos) >= JET_errSuccess && entry != NULL) {
        if (entry->type == ESE_LOG_NOP2)
            continue;
        assert_in_range(f->n_entries, 0, ENTRIES_MAX - 1);
        f->lgpos[f->n_entries] = ese_log_lgpos_number(lgpos);
        f->entries[f->n_entries++] = *entry;
    }
    ese_log_file_close(&file);
    ese_log_set_close(&set);
}

/* What the log has is these types, from entry `first` on. */
static void
assert_types(const fixture *f, unsigned first, unsigned n, const ese_log_type *types)
{
    assert_int_equal(f->n_entries, first + n);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(f->entries[first + i].type, types[i]);
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
    static const ese_log_type types[] = {ESE_LOG_BEGIN0, ESE_LOG_MACRO_BEGIN,  ESE_LOG_MERGE,
                                         ESE_LOG_MERGE,  ESE_LOG_MACRO_COMMIT, ESE_LOG_COMMIT0};
    ese_log_record records[2] = {
        {.type = ESE_LOG_MERGE, .u.merge = {.page = 0, .left = -1, .right = -1, .parent = -1}},
        {.type = ESE_LOG_MERGE,
         .u.merge = {.page = 1,
                     .left = -1,
                     .right = 2,
                     .parent = 0,
                     .type = ESE_LOG_MERGE_EMPTY_PAGE,
                     .is_empty_page = true}}};
    uint64_t before[3];

    (void)state;
    open_fixture(&f);
    for (unsigned i = 0; i < 3; i++) {
        before[i] = dbtime_on(&f, 2 * i + 1);
        edit.pages[i] = latch(&f, 2 * i + 1);
    }
    assert_int_equal(ese_log_edit_begin(&edit, records, 2), JET_errSuccess);
    assert_int_equal(edit.dbtime, FIRST_DBTIME + 1);
    for (unsigned i = 0; i < 3; i++) {
        ese_page_mut page = ese_log_edit_page(&edit, i);

        assert_int_equal(page.pgno, 2 * i + 1);
        assert_int_equal(page.size, PAGE_SIZE);
        assert_int_equal(edit.dbtime_before[i], before[i]);
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
    read_log(&f);
    assert_types(&f, 0, 6, types);
    for (unsigned i = 1; i < 5; i++) {
        assert_int_equal(f.entries[i].dbtime, FIRST_DBTIME + 1);
        assert_int_equal(f.entries[i].procid, ESE_LOG_PROCID_NOBODY);
    }
    assert_int_equal(f.entries[3].dbid, 3);
    assert_int_equal(f.entries[3].pgno, 3);
    assert_int_equal(f.entries[3].dbtime_before, before[1]);
    assert_int_equal(f.entries[3].trx, f.entries[0].trx);
    assert_int_equal(f.entries[3].level, 1);
    assert_int_equal(f.entries[3].u.merge.right, 5);
    assert_int_equal(f.entries[3].u.merge.right_before, before[2]);
    assert_int_equal(f.entries[3].u.merge.left, 0);
    assert_true(f.entries[3].u.merge.left_before == ESE_LOG_DBTIME_NONE);
    assert_int_equal(f.entries[3].u.merge.parent, 1);
    assert_int_equal(f.entries[3].u.merge.parent_before, before[0]);
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
        assert_int_equal(dbtime_on(&f, 2), FIRST_DBTIME + i);
    }
    read_log(&f);
    assert_int_equal(f.n_entries, 3 * 50); /* each with its own begin and commit */
    for (unsigned i = 1; i <= 50; i++) {
        const ese_log_entry *entry = &f.entries[3 * (i - 1) + 1];

        assert_int_equal(entry->type, ESE_LOG_DELTA);
        assert_int_equal(entry->dbtime_before, before);
        assert_int_equal(entry->dbtime, FIRST_DBTIME + i);
        before = entry->dbtime;
    }
    close_fixture(&f);
}

static void
test_log_edit__tells_new_pages_from_old_ones(void **state)
{
    fixture f;
    ese_log_edit edit = {.db = &f.log_db, .n_pages = 2};
    const ese_page_split split = {.type = ESE_PAGE_SPLIT_APPEND,
                                  .oper_line = 2,
                                  .line = 2,
                                  .n_lines = 3,
                                  .prefix_line = -1,
                                  .new_prefix_line = -1};
    ese_log_record record = {
        .type = ESE_LOG_SPLIT,
        .u.split = {.page = 0, .new_page = 1, .right = -1, .parent = -1, .split = &split}};
    ese_page_mut page;

    (void)state;
    open_fixture(&f);
    edit.pages[0] = latch(&f, 1);
    assert_int_equal(ese_cache_latch_blank(f.log_db.file, 4, &edit.pages[1]), JET_errSuccess);
    assert_int_equal(ese_log_edit_begin(&edit, &record, 1), JET_errSuccess);
    assert_int_not_equal(edit.dbtime_before[0], UINT64_MAX);
    assert_true(edit.dbtime_before[1] == UINT64_MAX);
    page = ese_log_edit_page(&edit, 1);
    ese_page_format(&page, OBJID + 1, ESE_PAGE_LEAF);
    ese_log_edit_end(&edit);
    assert_int_equal(dbtime_on(&f, 4), FIRST_DBTIME + 1);
    read_log(&f);
    assert_int_equal(f.entries[2].u.split.new_page, 4);
    assert_int_equal(f.entries[2].u.split.image.size, 0); /* nothing moved */
    close_fixture(&f);
}

static void
test_log_edit__tells_the_log_of_the_pages_before_they_change(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f);
    change(&f, 3,
           (ese_log_record){.type = ESE_LOG_REPLACE, .u.node = {.line = 1, .data = text("new")}});
    assert_line(&f, 3, 1, node_of("d", "new", 0));
    change(&f, 3,
           (ese_log_record){.type = ESE_LOG_REPLACE,
                            .u.node = {.line = 0, .data = text("12345!78 and so on")}});
    change(&f, 3,
           (ese_log_record){.type = ESE_LOG_REPLACE,
                            .u.node = {.line = 0, .data = text("12345!78 AND so on")}});
    read_log(&f);
    assert_int_equal(f.entries[1].type, ESE_LOG_REPLACE);
    assert_int_equal(f.entries[1].u.node.old_size, 8);
    assert_int_equal(f.entries[1].u.node.new_size, 3);
    assert_int_equal(f.entries[7].type, ESE_LOG_REPLACE_DIFF);
    assert_int_equal(f.entries[7].u.node.old_size, 18);
    assert_int_equal(f.entries[7].data.size, 6);
    close_fixture(&f);
}

/* A session at its third level, whose transaction the log does not know yet. */
static void
test_log_edit__logs_the_begin_with_the_first_change(void **state)
{
    static const ese_log_type types[] = {ESE_LOG_BEGIN0,   ESE_LOG_DELTA,  ESE_LOG_BEGIN,
                                         ESE_LOG_DELTA,    ESE_LOG_COMMIT, ESE_LOG_DELTA,
                                         ESE_LOG_ROLLBACK, ESE_LOG_COMMIT0};
    fixture f;
    ese_log_origin origin = {.procid = 77, .level = 2, .n_unlogged = 2};
    ese_log_record record = {
        .type = ESE_LOG_DELTA, .flags = ESE_LOG_VERSIONED, .u.node = {.rceid = 5, .delta = 1}};
    ese_cache_page *page;
    uint64_t begin, end = 1;

    (void)state;
    open_fixture(&f);
    assert_int_equal(ese_log_commit(f.log->stream, &origin, 1, &end), JET_errSuccess);
    assert_int_equal(end, 0); /* of which the log knows nothing */
    page = latch(&f, 1);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(origin.n_unlogged, 0);
    assert_int_not_equal(origin.trx_begin, 0);
    begin = origin.lgpos_begin;
    assert_int_not_equal(begin, 0);
    origin.level = 3;
    origin.n_unlogged = 1;
    page = latch(&f, 1);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(origin.lgpos_begin, begin);
    assert_int_equal(ese_log_commit(f.log->stream, &origin, 2, &end), JET_errSuccess);
    origin.level = 2;
    page = latch(&f, 1);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(ese_log_rollback(f.log->stream, &origin, 1), JET_errSuccess);
    origin.level = 1;
    assert_int_equal(ese_log_commit(f.log->stream, &origin, 0, &end), JET_errSuccess);
    assert_int_equal(ese_log_stream_wait(f.log->stream, end), JET_errSuccess);
    read_log(&f);
    assert_types(&f, 0, 8, types);
    assert_int_equal(f.lgpos[0], begin);
    assert_int_equal(f.entries[0].levels, 0x20);
    assert_int_equal(f.entries[2].levels, 0x12);
    assert_int_equal(f.entries[4].levels, 2);
    assert_int_equal(f.entries[6].levels, 1);
    assert_int_equal(f.entries[1].level, 2);
    assert_int_equal(f.entries[3].level, 3);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(f.entries[i].procid, 77);
    assert_int_equal(f.entries[1].trx, f.entries[0].trx);
    assert_int_equal(f.entries[1].rceid, 5);
    assert_true(f.entries[7].trx > f.entries[0].trx);
    close_fixture(&f);
}

static void
test_log_edit__logs_what_undo_needs_in_front_of_it(void **state)
{
    fixture f;
    ese_log_origin origin = {.procid = 77, .level = 1, .n_unlogged = 1, .is_urgent = true};
    ese_log_record record = {.type = ESE_LOG_UNDO,
                             .u.node = {.oper = 2,
                                        .rceid = 9,
                                        .level = 1,
                                        .key = text("b"),
                                        .data = text("before"),
                                        .needs_undo_info = true}};
    const ese_log_undo_info info = {.procid = 78,
                                    .level = 2,
                                    .oper = 3,
                                    .trx_begin = 4444,
                                    .rceid = 21,
                                    .pgno = 2,
                                    .root = 8,
                                    .objid = OBJID,
                                    .key = text("k"),
                                    .key_data = text("d")};
    ese_cache_page *page;
    uint64_t end = 0;

    (void)state;
    open_fixture(&f);
    page = latch(&f, 1);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(ese_log_write_undo_info(&f.log_db, &info, &end), JET_errSuccess);
    read_log(&f);
    assert_int_equal(f.n_entries, 4);
    assert_int_equal(f.entries[1].type, ESE_LOG_UNDO_INFO);
    assert_int_equal(f.entries[1].data.size, 6);
    assert_true(f.entries[1].dbtime == ESE_LOG_DBTIME_NONE);
    assert_int_equal(f.entries[2].type, ESE_LOG_UNDO);
    assert_int_equal(f.entries[2].rceid, 9);
    assert_int_equal(f.entries[3].type, ESE_LOG_UNDO_INFO);
    assert_int_equal(f.entries[3].procid, 78);
    assert_int_equal(f.entries[3].level, 2);
    assert_int_equal(f.entries[3].trx, 4444);
    assert_int_equal(f.entries[3].oper, 3);
    assert_int_equal(f.entries[3].key_data.size, 1);
    close_fixture(&f);
}

static void
test_log_edit__changes_nothing_when_the_log_refuses(void **state)
{
    (void)state;
    for (unsigned is_pinned = 0; is_pinned < 2; is_pinned++) {
        fixture f;
        const ese_log_entry nothing = {.type = ESE_LOG_TRACE};
        ese_log_record record = {.type = ESE_LOG_DELETE};
        ese_cache_page *old = NULL, *page;
        uint8_t before[PAGE_SIZE];

        open_fixture(&f);
        ese_fault_set(ESE_FAULT_POINT_WRITE, 1, true);
        assert_int_equal(ese_log_stream_append_entry(f.log_db.stream, &nothing, NULL, NULL),
                         JET_errSuccess);
        assert_true(ese_log_stream_flush(f.log_db.stream) < JET_errSuccess);
        ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
        page = latch(&f, 2);
        memcpy(before, page->page.bytes, PAGE_SIZE);
        if (is_pinned != 0)
            old = pin(&f, 2);
        assert_int_equal(ese_log_change_node(&f.log_db, NULL, &page, &record), JET_errLogWriteFail);
        assert_non_null(page); /* still latched */
        assert_memory_equal(page->page.bytes, before, PAGE_SIZE);
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        ese_cache_unpin(&old);
        page = pin(&f, 2);
        assert_memory_equal(page->page.bytes, before, PAGE_SIZE);
        ese_cache_unpin(&page);
        assert_true(ese_cache_oldest_change(f.log_db.file) == UINT64_MAX);
        f.log_db.stream = NULL;
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
    ese_log_edit_cancel(&edit);
    assert_null(edit.pages[0]);
    assert_null(edit.pages[1]);
    assert_true(ese_cache_is_current(old));
    ese_cache_unpin(&old);
    assert_line(&f, 5, 0, node_of("b", "12345678", 0));
    change(&f, 1, (ese_log_record){.type = ESE_LOG_DELETE});
    read_log(&f);
    assert_int_equal(f.n_entries, 3); /* of the last change only */
    close_fixture(&f);
}

static void
test_log_edit__notes_where_the_change_stands_in_the_log(void **state)
{
    fixture f;
    ese_log_origin origin = {.level = 1, .trx_begin = 4, .lgpos_begin = 400};
    ese_log_record record = {.type = ESE_LOG_DELETE};
    ese_cache_page *page;
    uint64_t first;

    (void)state;
    open_fixture(&f);
    change(&f, 1, record); /* nobody's transaction */
    first = ese_cache_oldest_change(f.log_db.file);
    page = latch(&f, 2);
    assert_int_equal(ese_log_change_node(&f.log_db, &origin, &page, &record), JET_errSuccess);
    assert_int_equal(ese_cache_oldest_change(f.log_db.file), 400);
    assert_int_equal(ese_cache_flush(f.log_db.file), JET_errSuccess);
    assert_true(ese_cache_oldest_change(f.log_db.file) == UINT64_MAX);
    read_log(&f);
    assert_int_equal(f.lgpos[0], first); /* its own begin */
    close_fixture(&f);
}

static void
test_log_edit__works_without_a_log(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f);
    f.log_db.stream = NULL;
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
    f.log_db.stream = NULL; /* the log has no record for sums of eight bytes */
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
    uint8_t bytes[PAGE_SIZE];

    (void)state;
    open_fixture(&f);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        change(&f, pgno,
               (ese_log_record){.type = ESE_LOG_REPLACE,
                                .u.node = {.line = 1, .data = text("written")}});
    assert_int_equal(ese_cache_flush(f.log_db.file), JET_errSuccess);
    assert_int_equal(ese_os_file_read(f.file, 2 * PAGE_SIZE, bytes, PAGE_SIZE), JET_errSuccess);
    assert_int_equal(ese_page_checksum_verify(bytes, PAGE_SIZE, 1), ESE_PAGE_STATE_GOOD);
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
        cmocka_unit_test(test_log_edit__tells_the_log_of_the_pages_before_they_change),
        cmocka_unit_test(test_log_edit__logs_the_begin_with_the_first_change),
        cmocka_unit_test(test_log_edit__logs_what_undo_needs_in_front_of_it),
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
