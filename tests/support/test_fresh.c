#define _POSIX_C_SOURCE 200809L
#include "test_fresh.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    PAGE_SIZE_DEFAULT = 4096,
    PAGES_DEFAULT = 254,
    EXTENSION_DEFAULT = 256,
    MEMORY_DEFAULT = 16 << 20,
    HEADER_PAGES = 2,
};

static void
write_header(test_fresh *t, uint32_t state)
{
    uint8_t *bytes = calloc(1, t->header.page_size);

    assert_non_null(bytes);
    t->header.state = state;
    t->header.dbtime = atomic_load(&t->log.dbtime);
    t->header.objid_last = atomic_load(&t->log.objid_last);
    ese_dbheader_encode(&t->header, bytes);
    for (uint64_t copy = 0; copy < HEADER_PAGES; copy++)
        assert_int_equal(
            ese_os_file_write(t->file, copy * t->header.page_size, bytes, t->header.page_size),
            JET_errSuccess);
    free(bytes);
}

static void
note_failure(void *self, JET_ERR err)
{
    ((test_fresh *)self)->write_failure = err;
}

static void
attach(test_fresh *t)
{
    ese_cache_write_ops ops = {t, NULL, note_failure};

    assert_int_equal(ese_cache_create(t->options.cache_limit, &t->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(t->cache, t->file, t->header.page_size, &t->pages),
                     JET_errSuccess);
    ese_cache_set_write_ops(t->pages, &ops);
    t->log.file = t->pages;
    t->log.sink = NULL;
    t->log.dbid = 1;
    atomic_store(&t->log.dbtime, t->header.dbtime);
    atomic_store(&t->log.objid_last, t->header.objid_last);
    assert_int_equal(ese_txn_store_create(&ese_btree_txn_ops, t->options.versions_max, &t->store),
                     JET_errSuccess);
    assert_int_equal(ese_btree_db_create(&t->log, t->store, &t->db), JET_errSuccess);
    ese_btree_db_set_extension(t->db, t->options.extension);
}

static void
detach(test_fresh *t)
{
    ese_txn_store_destroy(&t->store);
    ese_btree_db_destroy(&t->db);
    ese_cache_detach(&t->pages);
    ese_cache_destroy(&t->cache);
    ese_os_file_close(&t->file);
    assert_int_equal(ese_alloc_live(), t->live);
}

void
test_fresh_create(test_fresh *t, const test_fresh_options *options)
{
    int fd;

    memset(t, 0, sizeof *t);
    if (options != NULL)
        t->options = *options;
    if (t->options.page_size == 0)
        t->options.page_size = PAGE_SIZE_DEFAULT;
    if (t->options.cache_limit == 0)
        t->options.cache_limit = MEMORY_DEFAULT;
    if (t->options.versions_max == 0)
        t->options.versions_max = MEMORY_DEFAULT;
    if (t->options.n_pages == 0)
        t->options.n_pages = PAGES_DEFAULT;
    if (t->options.extension == 0)
        t->options.extension = EXTENSION_DEFAULT;
    t->live = ese_alloc_live();
    t->header = ese_dbheader_fresh(t->options.page_size);
    (void)snprintf(t->path, sizeof t->path, "/tmp/ese-test-XXXXXX");
    fd = mkstemp(t->path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(ese_os_file_open_for(t->path, ESE_OS_FILE_REPLACE, &t->file), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(t->file, ((uint64_t)t->options.n_pages + HEADER_PAGES) *
                                                     t->options.page_size),
                     JET_errSuccess);
    attach(t);
    write_header(t, ESE_DBSTATE_DIRTY);
    assert_int_equal(ese_btree_db_format(t->db, t->options.n_pages), JET_errSuccess);
}

void
test_fresh_session(test_fresh *t, ese_txn_session *session)
{
    ese_txn_session_init(session, t->store);
}

void
test_fresh_close(test_fresh *t)
{
    ese_txn_store_clean(t->store);
    assert_int_equal(ese_cache_flush(t->pages), JET_errSuccess);
    write_header(t, ESE_DBSTATE_CLEAN);
    detach(t);
}

void
test_fresh_abandon(test_fresh *t)
{
    detach(t);
}

void
test_fresh_open(test_fresh *t)
{
    t->live = ese_alloc_live();
    assert_int_equal(ese_os_file_open_for(t->path, ESE_OS_FILE_UPDATE, &t->file), JET_errSuccess);
    attach(t);
    write_header(t, ESE_DBSTATE_DIRTY);
}

void
test_fresh_remove(test_fresh *t)
{
    (void)unlink(t->path);
}
