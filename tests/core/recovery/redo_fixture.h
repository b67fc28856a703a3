/* A database of ten pages with one leaf, a transaction that is open, and records to be done on it. */
#pragma once

#include "recovery/recovery_private.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE_SIZE = 4096, PGNO = 5, OBJID = 14, TIME = 100, PROCID = 3, DBID = 1 };

typedef struct fixture {
    char path[64];
    ese_recovery_options options;
    ese_recovery_report report;
    ese_recovery__run run;
    ese_recovery__db db;
    int64_t live;
} fixture;

static inline JET_ERR
agree(void *self, const ese_page *page, uint64_t lgpos)
{
    (void)self;
    (void)page;
    (void)lgpos;
    return JET_errSuccess;
}

static inline ese_bytes
text(const char *s)
{
    return (ese_bytes){(const uint8_t *)s, strlen(s)};
}

/* Page PGNO: a leaf with the lines "b" and "d". */
static inline void
make_page(fixture *f, uint32_t flags)
{
    ese_cache_page *page = NULL;
    ese_page_mut bytes;

    assert_int_equal(ese_cache_latch_blank(f->db.file, PGNO, &page), JET_errSuccess);
    bytes = ese_recovery__page_bytes(page);
    ese_page_format(&bytes, OBJID, ESE_PAGE_LEAF | flags);
    ese_page_insert(&bytes, 0, text("b"), 0, text("beta"), 0);
    ese_page_insert(&bytes, 1, text("d"), 0, text("delta"), 0);
    ese_page_set_dbtime(&bytes, TIME);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
}

static inline int
setup(void **state)
{
    static fixture f;
    const ese_cache_write_ops ops = {.before_write = agree};
    const ese_log_entry begin = {
        .type = ESE_LOG_BEGIN0, .procid = PROCID, .levels = 0x10, .trx = 8};
    int fd;

    memset(&f, 0, sizeof f);
    f.live = ese_alloc_live();
    f.run.options = &f.options;
    f.run.report = &f.report;
    f.run.page_size = PAGE_SIZE;
    f.run.generation = 1;
    f.run.lgpos = (ese_lgpos){0, 1, 1};
    snprintf(f.path, sizeof f.path, ESE_TEST_FOLDER "/ese-redo-XXXXXX");
    fd = mkstemp(f.path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 10 * PAGE_SIZE), 0);
    close(fd);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ese_alloc(PAGE_SIZE, &f.run.scratch[i]), JET_errSuccess);
    f.db.work = f.path;
    f.db.dbid = DBID;
    f.db.state = ESE_RECOVERY__ATTACHED;
    f.db.header = ese_dbheader_fresh(PAGE_SIZE);
    assert_int_equal(ese_os_file_open_for(f.path, ESE_OS_FILE_UPDATE, &f.db.os), JET_errSuccess);
    assert_int_equal(ese_cache_create(1 << 20, &f.run.cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(f.run.cache, f.db.os, PAGE_SIZE, &f.db.file), JET_errSuccess);
    ese_cache_set_write_ops(f.db.file, &ops);
    f.db.log.file = f.db.file;
    f.run.by_dbid[DBID] = &f.db;
    make_page(&f, 0);
    assert_int_equal(ese_recovery__redo_trx(&f.run, &begin), JET_errSuccess);
    *state = &f;
    return 0;
}

static inline int
teardown(void **state)
{
    fixture *f = *state;

    ese_recovery__forget_sessions(&f->run);
    ese_recovery__lost_clear(&f->db.lost);
    ese_recovery__close_db(&f->db);
    ese_cache_destroy(&f->run.cache);
    ese_free(&f->run.sessions);
    ese_free(&f->run.versions);
    for (unsigned i = 0; i < 4; i++)
        ese_free(&f->run.scratch[i]);
    unlink(f->path);
    assert_int_equal(ese_alloc_live(), f->live);
    return 0;
}

static inline ese_log_entry
entry_of(ese_log_type type, unsigned line)
{
    return (ese_log_entry){
        .type = type,
        .procid = PROCID,
        .dbid = DBID,
        .level = 1,
        .flags = ESE_LOG_VERSIONED | ESE_LOG_UNIQUE,
        .line = (uint16_t)line,
        .pgno = PGNO,
        .dbtime = TIME + 1,
        .dbtime_before = TIME,
        .rceid = 11,
        .trx = 8,
        .root = PGNO,
        .objid = OBJID,
    };
}

static inline ese_log_entry
insertion(unsigned line, const char *key, const char *data)
{
    ese_log_entry entry = entry_of(ESE_LOG_INSERT, line);

    entry.key = text(key);
    entry.data = text(data);
    return entry;
}

static inline void
assert_page(fixture *f, unsigned n_lines, uint64_t dbtime)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_pin(f->db.file, PGNO, &page), JET_errSuccess);
    assert_int_equal(ese_page_verify(&page->page), JET_errSuccess);
    assert_int_equal(ese_page_line_count(&page->page), n_lines);
    assert_int_equal(ese_page_dbtime(&page->page), dbtime);
    ese_cache_unpin(&page);
}

static inline void
assert_line(fixture *f, unsigned line, const char *data, unsigned flags)
{
    ese_cache_page *page = NULL;
    ese_page_node node;

    assert_int_equal(ese_cache_pin(f->db.file, PGNO, &page), JET_errSuccess);
    node = ese_page_line(&page->page, line);
    assert_int_equal(node.data.size, strlen(data));
    assert_memory_equal(node.data.data, data, node.data.size);
    assert_int_equal(node.flags & ESE_PAGE_NODE_DELETED, flags);
    ese_cache_unpin(&page);
}
