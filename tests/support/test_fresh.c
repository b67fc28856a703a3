#define _XOPEN_SOURCE 700 /* mkdtemp, mkstemp */
#include "test_fresh.h"

#include "base/alloc.h"
#include "maint/maint.h"
#include "test_fixture.h"

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
    SIGNATURE = 0x5eed,
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

static JET_ERR
before_write(void *self, const ese_page *page, uint64_t lgpos)
{
    test_fresh *t = self;
    JET_ERR err;

    if (t->log.stream == NULL)
        return JET_errSuccess;
    ESE_TRY(ese_btree_log_undo_info(t->db, page, &lgpos));
    err = ese_log_stream_wait(t->log.stream, lgpos);
out:
    return err;
}

static void
attach(test_fresh *t)
{
    ese_cache_write_ops ops = {.self = t,
                               .before_write = before_write,
                               .failed = note_failure,
                               .is_logged = t->logged.stream != NULL};

    assert_int_equal(ese_cache_create(t->options.cache_limit, &t->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(t->cache, t->file, t->header.page_size, &t->pages),
                     JET_errSuccess);
    ese_cache_set_write_ops(t->pages, &ops);
    t->log.file = t->pages;
    t->log.stream = t->logged.stream;
    t->log.dbid = 1;
    atomic_store(&t->log.dbtime, t->header.dbtime);
    atomic_store(&t->log.objid_last, t->header.objid_last);
    assert_int_equal(ese_txn_store_create(&ese_btree_txn_ops, t->options.versions_max, &t->store),
                     JET_errSuccess);
    ese_txn_store_set_log(t->store, t->log.stream);
    assert_int_equal(ese_btree_db_create(&t->log, t->store, &t->db), JET_errSuccess);
    ese_btree_db_set_extension(t->db, t->options.extension);
}

static void
detach(test_fresh *t)
{
    ese_schema_close(&t->schema);
    ese_txn_store_destroy(&t->store);
    ese_btree_db_destroy(&t->db);
    ese_cache_detach(&t->pages);
    ese_cache_destroy(&t->cache);
    ese_os_file_close(&t->file);
    if (t->logged.stream == NULL) /* else when that is closed */
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
    t->header = ese_dbheader_fresh(t->options.page_size);
    t->header.sign_db.random = SIGNATURE;
    (void)snprintf(t->path, sizeof t->path, ESE_TEST_FOLDER "/ese-test-XXXXXX");
    fd = mkstemp(t->path);
    assert_true(fd >= 0);
    (void)close(fd);
    t->live = ese_alloc_live();
    if (t->options.is_logged || getenv("ESE_TEST_REPLAY") != NULL)
        test_log_create(&t->logged, t->options.page_size, &t->header.sign_db, t->path);
    assert_int_equal(ese_os_file_open_for(t->path, ESE_OS_FILE_REPLACE, &t->file), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(t->file, ((uint64_t)t->options.n_pages + HEADER_PAGES) *
                                                     t->options.page_size),
                     JET_errSuccess);
    attach(t);
    write_header(t, ESE_DBSTATE_DIRTY);
    assert_int_equal(ese_btree_db_format(t->db, t->options.n_pages), JET_errSuccess);
    if (t->logged.stream != NULL)
        test_log_created(&t->logged);
}

static void
open_catalog(test_fresh *t)
{
    assert_int_equal(ese_schema_open(t->pages, t->db, &t->header, NULL, &t->schema),
                     JET_errSuccess);
}

void
test_fresh_create_catalog(test_fresh *t, const test_fresh_options *options)
{
    test_fresh_create(t, options);
    assert_int_equal(ese_schema_format(t->db, &t->header), JET_errSuccess);
    open_catalog(t);
    t->has_catalog = true;
}

void
test_fresh_session(test_fresh *t, ese_txn_session *session)
{
    ese_txn_session_init(session, t->store);
}

static void
prove_log(test_fresh *t)
{
    test_replay_result result;

    assert_int_equal(ese_log_stream_flush(t->logged.stream), JET_errSuccess);
    result = test_replay(t->logged.folder, t->path);
    assert_int_not_equal(result.n_pages, 0);
    assert_int_equal(result.n_different, 0);
    assert_int_equal(result.n_undone, 0);
}

void
test_fresh_close(test_fresh *t)
{
    ese_txn_store_clean(t->store);
    assert_int_equal(ese_cache_flush(t->pages), JET_errSuccess);
    write_header(t, ESE_DBSTATE_CLEAN);
    detach(t);
    if (t->logged.stream != NULL)
        prove_log(t);
}

void
test_fresh_abandon(test_fresh *t)
{
    detach(t);
}

void
test_fresh_open(test_fresh *t)
{
    if (t->logged.stream == NULL)
        t->live = ese_alloc_live();
    assert_int_equal(ese_os_file_open_for(t->path, ESE_OS_FILE_UPDATE, &t->file), JET_errSuccess);
    attach(t);
    write_header(t, ESE_DBSTATE_DIRTY);
    if (t->has_catalog)
        open_catalog(t);
}

static void
tell_finding(void *self, const ese_maint_finding *finding)
{
    (void)self;
    if (finding->severity != ESE_MAINT_NOTE)
        print_message("page %u, table %s, index %s: %s\n", (unsigned)finding->pgno,
                      finding->table == NULL ? "-" : finding->table,
                      finding->index == NULL ? "-" : finding->index, finding->text);
}

uint64_t
test_check_file(const char *path)
{
    const ese_maint_watcher watcher = {NULL, tell_finding, NULL};
    ese_maint_summary summary = {0};

    TEST_OK(ese_maint_check(path, &watcher, &summary));
    assert_int_equal(summary.n_errors, 0);
    assert_int_equal(summary.state, ESE_DBSTATE_CLEAN);
    return summary.n_leaked_pages;
}

uint64_t
test_fresh_check(const test_fresh *t)
{
    return test_check_file(t->path);
}

void
test_fresh_remove(test_fresh *t)
{
    (void)unlink(t->path);
    if (t->logged.stream == NULL)
        return;
    test_log_close(&t->logged);
    assert_int_equal(ese_alloc_live(), t->live);
}

/* ---- Through the Jet API ---- */

static void
start_instance(test_jet *t)
{
    TEST_OK(JetCreateInstanceA(&t->instance, t->folder));
    TEST_OK(JetSetSystemParameterA(&t->instance, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetInit(&t->instance));
    TEST_OK(JetBeginSessionA(t->instance, &t->sesid, NULL, NULL));
}

void
test_jet_create(test_jet *t, uint32_t page_size)
{
    memset(t, 0, sizeof *t);
    t->live = ese_alloc_live();
    (void)snprintf(t->folder, sizeof t->folder, ESE_TEST_FOLDER "/ese-test-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    (void)snprintf(t->path, sizeof t->path, "%s/test.edb", t->folder);
    TEST_OK(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize,
                                   page_size == 0 ? PAGE_SIZE_DEFAULT : page_size, NULL));
    start_instance(t);
    TEST_OK(JetCreateDatabaseA(t->sesid, t->path, NULL, &t->dbid, 0));
}

void
test_jet_stop(test_jet *t)
{
    TEST_OK(JetTerm(t->instance));
    t->instance = 0;
}

void
test_jet_start(test_jet *t)
{
    start_instance(t);
    TEST_OK(JetAttachDatabaseA(t->sesid, t->path, 0));
    TEST_OK(JetOpenDatabaseA(t->sesid, t->path, NULL, &t->dbid, 0));
}

void
test_jet_close(test_jet *t)
{
    if (t->instance != 0)
        test_jet_stop(t);
    assert_int_equal(ese_alloc_live(), t->live);
    (void)test_check_file(t->path);
    (void)unlink(t->path);
    (void)rmdir(t->folder);
}
