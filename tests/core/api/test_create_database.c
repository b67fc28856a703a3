/* Databases that are created, attached for change and detached, through the public API. */
#define _XOPEN_SOURCE 700 /* chmod, unlink */

#include "test_fixture.h"
#include "test_fresh.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "ese.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

static const char *
in_folder(const test_jet *t, const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", t->folder, name);
    return path;
}

static bool
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
read_bytes(const char *path, long at, void *to, size_t n)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fread(to, 1, n, file), n);
    (void)fclose(file);
}

static ese_dbheader
read_header(const char *path, uint32_t page_size, unsigned copy)
{
    uint8_t *bytes = malloc(page_size);
    ese_dbheader header;

    assert_non_null(bytes);
    read_bytes(path, (long)(copy * page_size), bytes, page_size);
    TEST_OK(ese_dbheader_decode(bytes, page_size, &header));
    free(bytes);
    return header;
}

static void
remove_database(const char *path)
{
    (void)test_check_file(path);
    assert_int_equal(unlink(path), 0);
}

/* ---- Fresh ---- */

static void
test_api_create_database__makes_a_sound_file_of_every_page_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        struct stat status;
        test_jet t;

        test_jet_create(&t, page_sizes[i]);
        test_jet_stop(&t);
        assert_int_equal(stat(t.path, &status), 0);
        assert_int_equal(status.st_size, 256 * (long)page_sizes[i]);
        assert_int_equal(test_check_file(t.path), 0);
        test_jet_close(&t);
    }
}

static void
test_api_create_database__writes_the_header_that_the_format_asks_for(void **state)
{
    static const uint8_t no_time[8] = {0};
    test_jet t;

    (void)state;
    test_jet_create(&t, 8192);
    test_jet_stop(&t);
    for (unsigned copy = 0; copy < 2; copy++) {
        ese_dbheader header = read_header(t.path, 8192, copy);

        assert_int_equal(header.version, 0x620);
        assert_int_equal(header.update_major, 20);
        assert_int_equal(header.update_minor, 0);
        assert_int_equal(header.create_update, 20);
        assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
        assert_int_equal(header.objid_last, 7);
        assert_int_equal(header.file_type, 1);
        assert_true(header.sort_version == UINT64_MAX);
        assert_true(header.dbtime > 10);
        assert_int_not_equal(header.sign_db.random, 0);
        assert_memory_not_equal(header.sign_db.created, no_time, 8);
        assert_memory_not_equal(header.consistent_time, no_time, 8);
        assert_memory_equal(header.consistent_time, header.detach_time, 8);
    }
    test_jet_close(&t);
}

static void
test_api_create_database__tells_of_the_new_database(void **state)
{
    JET_DBINFOMISC misc;
    uint32_t n_owned = 0, n_free = 0, n_same = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(JetGetDatabaseInfoA(t.sesid, t.dbid, &misc, sizeof misc, JET_DbInfoMisc));
    assert_int_equal(misc.ulVersion, 0x620);
    assert_int_equal(misc.dbstate, 2);
    assert_int_equal(misc.cbPageSize, 4096);
    TEST_OK(JetGetDatabaseInfoA(t.sesid, t.dbid, &n_owned, sizeof n_owned, JET_DbInfoSpaceOwned));
    TEST_OK(JetGetDatabaseInfoA(t.sesid, t.dbid, &n_free, sizeof n_free, JET_DbInfoSpaceAvailable));
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 1, &n_same));
    assert_int_equal(n_owned, 254);
    assert_int_equal(n_same, 254);
    assert_in_range(n_free, 200, 240);
    test_jet_close(&t);
}

/* A database that nobody changes stays byte for byte as it is. */
static void
test_api_create_database__leaves_an_unchanged_file_alone(void **state)
{
    ese_dbheader before, after;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    test_jet_stop(&t);
    before = read_header(t.path, 4096, 0);
    test_jet_start(&t);
    test_jet_stop(&t);
    after = read_header(t.path, 4096, 0);
    assert_memory_equal(&before, &after, sizeof before);
    test_jet_close(&t);
}

/* ---- What is in the way ---- */

static void
test_api_create_database__refuses_what_is_there_unless_it_may_overwrite(void **state)
{
    JET_DBID dbid = 77;
    uint32_t n = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    assert_int_equal(JetCreateDatabaseA(t.sesid, t.path, NULL, &dbid, 0), JET_errDatabaseDuplicate);
    assert_int_equal(JetCreateDatabaseA(t.sesid, t.path, NULL, &dbid, JET_bitDbOverwriteExisting),
                     JET_errDatabaseDuplicate);
    assert_int_equal(dbid, 77);
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 500, &n));
    TEST_OK(JetCloseDatabase(t.sesid, t.dbid, 0));
    TEST_OK(JetDetachDatabaseA(t.sesid, t.path));
    assert_int_equal(JetCreateDatabaseA(t.sesid, t.path, NULL, &dbid, 0), JET_errDatabaseDuplicate);
    TEST_OK(JetCreateDatabaseA(t.sesid, t.path, NULL, &dbid, JET_bitDbOverwriteExisting));
    TEST_OK(JetGrowDatabase(t.sesid, dbid, 0, &n));
    assert_int_equal(n, 254);
    test_jet_close(&t);
}

static void
test_api_create_database__refuses_names_and_places_that_cannot_be(void **state)
{
    JET_DBID dbid = 77;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    assert_int_equal(JetCreateDatabaseA(t.sesid, "", NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_int_equal(JetCreateDatabaseA(t.sesid, NULL, NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_int_equal(JetCreateDatabaseA(t.sesid, in_folder(&t, "no/such.edb"), NULL, &dbid, 0),
                     JET_errInvalidPath);
    assert_int_equal(JetCreateDatabaseA(t.sesid, in_folder(&t, "x.edb"), NULL, NULL, 0),
                     JET_errInvalidParameter);
    TEST_OK(JetBeginTransaction(t.sesid));
    assert_int_equal(JetCreateDatabaseA(t.sesid, in_folder(&t, "x.edb"), NULL, &dbid, 0),
                     JET_errInTransaction);
    TEST_OK(JetRollback(t.sesid, 0));
    assert_false(exists(in_folder(&t, "x.edb")));
    assert_int_equal(dbid, 77);
    test_jet_close(&t);
}

static void
test_api_create_database__attaches_six_at_most(void **state)
{
    static const char *const names[] = {"1", "2", "3", "4", "5"};
    JET_DBID dbid = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    for (size_t i = 0; i < 5; i++)
        TEST_OK(JetCreateDatabaseA(t.sesid, in_folder(&t, names[i]), NULL, &dbid, 0));
    assert_int_equal(JetCreateDatabaseA(t.sesid, in_folder(&t, "6"), NULL, &dbid, 0),
                     JET_errTooManyAttachedDatabases);
    assert_false(exists(in_folder(&t, "6")));
    test_jet_stop(&t);
    for (size_t i = 0; i < 5; i++)
        remove_database(in_folder(&t, names[i]));
    test_jet_close(&t);
}

static void
test_api_create_database__keeps_to_one_database_per_session(void **state)
{
    JET_DBID dbid = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    test_jet_stop(&t);
    TEST_OK(JetCreateInstanceA(&t.instance, "one"));
    TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramOneDatabasePerSession, 1, NULL));
    TEST_OK(JetInit(&t.instance));
    TEST_OK(JetBeginSessionA(t.instance, &t.sesid, NULL, NULL));
    TEST_OK(JetAttachDatabaseA(t.sesid, t.path, 0));
    TEST_OK(JetOpenDatabaseA(t.sesid, t.path, NULL, &t.dbid, 0));
    assert_int_equal(JetCreateDatabaseA(t.sesid, in_folder(&t, "b"), NULL, &dbid, 0),
                     JET_errOneDatabasePerSession);
    assert_false(exists(in_folder(&t, "b")));
    test_jet_close(&t);
}

static void
test_api_create_database__is_not_shared_between_instances(void **state)
{
    JET_INSTANCE other = 0;
    JET_SESID sesid;
    JET_DBID dbid = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(JetCreateInstanceA(&other, "other"));
    TEST_OK(JetSetSystemParameterA(&other, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetInit(&other));
    TEST_OK(JetBeginSessionA(other, &sesid, NULL, NULL));
    assert_int_equal(JetAttachDatabaseA(sesid, t.path, 0), JET_errDatabaseSharingViolation);
    assert_int_equal(JetCreateDatabaseA(sesid, t.path, NULL, &dbid, JET_bitDbOverwriteExisting),
                     JET_errDatabaseSharingViolation);
    TEST_OK(JetTerm(other));
    test_jet_close(&t);
}

/* ---- The catalog's copy ---- */

static void
test_api_create_database__leaves_the_shadow_out_when_asked(void **state)
{
    JET_DBINFOMISC misc;
    JET_DBID dbid = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(
        JetCreateDatabaseA(t.sesid, in_folder(&t, "off.edb"), NULL, &dbid, JET_bitDbShadowingOff));
    TEST_OK(JetGetDatabaseInfoA(t.sesid, dbid, &misc, sizeof misc, JET_DbInfoMisc));
    assert_int_equal(misc.fShadowingDisabled, 1);
    test_jet_stop(&t);
    remove_database(in_folder(&t, "off.edb"));
    test_jet_close(&t);
}

/* ---- Size ---- */

static void
test_api_database_size__grows_and_shrinks(void **state)
{
    uint32_t n = 0;
    struct stat status;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 1000, &n));
    assert_int_equal(n, 254 + 3 * 256);
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 10, &n));
    assert_int_equal(n, 254 + 3 * 256);
    TEST_OK(JetResizeDatabase(t.sesid, t.dbid, 500, &n, JET_bitResizeDatabaseOnlyGrow));
    assert_int_equal(n, 254 + 3 * 256);
    TEST_OK(JetResizeDatabase(t.sesid, t.dbid, 500, &n, 0));
    assert_int_equal(n, 500);
    assert_int_equal(stat(t.path, &status), 0);
    assert_int_equal(status.st_size, 502 * 4096);
    TEST_OK(JetResizeDatabase(t.sesid, t.dbid, 2000, &n, JET_bitResizeDatabaseOnlyShrink));
    assert_int_equal(n, 500);
    TEST_OK(JetResizeDatabase(t.sesid, t.dbid, 1, &n, JET_bitResizeDatabaseOnlyShrink));
    assert_in_range(n, 20, 60);
    test_jet_stop(&t);
    assert_int_equal(test_check_file(t.path), 0);
    test_jet_start(&t);
    TEST_OK(JetResizeDatabase(t.sesid, t.dbid, 600, &n, 0));
    test_jet_close(&t);
}

static void
test_api_database_size__refuses_what_the_documentation_refuses(void **state)
{
    uint32_t n = 7;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    assert_int_equal(
        JetResizeDatabase(t.sesid, t.dbid, 500, &n,
                          JET_bitResizeDatabaseOnlyGrow | JET_bitResizeDatabaseOnlyShrink),
        JET_errInvalidGrbit);
    assert_int_equal(JetResizeDatabase(t.sesid, t.dbid, 500, NULL, 0), JET_errInvalidParameter);
    assert_int_equal(JetResizeDatabase(t.sesid, 99, 500, &n, 0), JET_errInvalidDatabaseId);
    assert_int_equal(JetGrowDatabase(t.sesid, t.dbid, 500, NULL), JET_errInvalidParameter);
    TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramEnableShrinkDatabase,
                                   JET_bitShrinkDatabaseOff, NULL));
    assert_int_equal(JetResizeDatabase(t.sesid, t.dbid, 100, &n, 0), JET_errFeatureNotAvailable);
    assert_int_equal(n, 7);
    test_jet_close(&t);
}

static void
test_api_database_size__is_limited_when_asked(void **state)
{
    JET_DBID dbid = 0;
    uint32_t n = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(JetCreateDatabase2A(t.sesid, in_folder(&t, "small.edb"), 600, &dbid, 0));
    TEST_OK(JetGrowDatabase(t.sesid, dbid, 500, &n));
    assert_int_equal(JetGrowDatabase(t.sesid, dbid, 1000, &n), JET_errOutOfDatabaseSpace);
    test_jet_stop(&t);
    remove_database(in_folder(&t, "small.edb"));
    test_jet_close(&t);
}

static void
test_api_database_size__sets_that_of_a_closed_file(void **state)
{
    uint32_t n = 0;
    struct stat status;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    assert_int_equal(JetSetDatabaseSizeA(t.sesid, t.path, 900, &n), JET_errFileAccessDenied);
    TEST_OK(JetCloseDatabase(t.sesid, t.dbid, 0));
    TEST_OK(JetDetachDatabaseA(t.sesid, t.path));
    TEST_OK(JetSetDatabaseSizeA(t.sesid, t.path, 900, &n));
    assert_int_equal(n, 900);
    assert_int_equal(stat(t.path, &status), 0);
    assert_int_equal(status.st_size, 902 * 4096);
    TEST_OK(JetSetDatabaseSizeA(t.sesid, t.path, 10, &n));
    assert_int_equal(n, 900);
    assert_int_equal(JetSetDatabaseSizeA(t.sesid, in_folder(&t, "none"), 10, &n),
                     JET_errFileNotFound);
    assert_int_equal(JetSetDatabaseSizeA(t.sesid, "", 10, &n), JET_errDatabaseInvalidPath);
    assert_int_equal(JetSetDatabaseSizeA(t.sesid, t.path, 10, NULL), JET_errInvalidParameter);
    TEST_OK(JetAttachDatabaseA(t.sesid, t.path, 0));
    TEST_OK(JetOpenDatabaseA(t.sesid, t.path, NULL, &t.dbid, 0));
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 800, &n));
    test_jet_close(&t);
}

/* A file may be longer than what the database owns, and anything may stand there. */
static void
test_api_database_size__clears_what_stood_behind_the_end(void **state)
{
    uint32_t n = 0;
    FILE *file;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    TEST_OK(JetCloseDatabase(t.sesid, t.dbid, 0));
    TEST_OK(JetDetachDatabaseA(t.sesid, t.path));
    TEST_OK(JetSetDatabaseSizeA(t.sesid, t.path, 300, &n));
    file = fopen(t.path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 270 * 4096L, SEEK_SET), 0);
    for (unsigned i = 0; i < 2 * 4096; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    TEST_OK(JetAttachDatabaseA(t.sesid, t.path, 0));
    TEST_OK(JetOpenDatabaseA(t.sesid, t.path, NULL, &t.dbid, 0));
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 255, &n));
    assert_int_equal(n, 254 + 256);
    test_jet_close(&t);
}

/* ---- The state of the file ---- */

static uint32_t
state_of(const test_jet *t, unsigned copy)
{
    return read_header(t->path, 4096, copy).state;
}

/* Changes pages: the space trees of the database. */
static void
change(const test_jet *t)
{
    uint32_t n = 0, n_before = 0;

    TEST_OK(JetGrowDatabase(t->sesid, t->dbid, 0, &n_before));
    TEST_OK(JetGrowDatabase(t->sesid, t->dbid, n_before + 1, &n));
    assert_int_equal(n, n_before + 256);
}

static void
test_api_database_state__is_clean_after_a_detach(void **state)
{
    uint32_t n = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    change(&t);
    TEST_OK(JetCloseDatabase(t.sesid, t.dbid, 0));
    TEST_OK(JetDetachDatabaseA(t.sesid, t.path));
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_CLEAN);
    assert_int_equal(state_of(&t, 1), ESE_DBSTATE_CLEAN);
    (void)test_check_file(t.path);
    TEST_OK(JetAttachDatabaseA(t.sesid, t.path, 0));
    TEST_OK(JetOpenDatabaseA(t.sesid, t.path, NULL, &t.dbid, 0));
    TEST_OK(JetGrowDatabase(t.sesid, t.dbid, 0, &n));
    assert_int_equal(n, 254 + 256);
    change(&t);
    test_jet_close(&t);
}

/* Changes that no page of the cache was written for are gone, and the file is as it was. */
static void
test_api_database_state__is_honest_after_a_dirty_end(void **state)
{
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    change(&t);
    assert_int_equal(JetTerm2(t.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    t.instance = 0;
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_CLEAN);
    assert_int_equal(state_of(&t, 1), ESE_DBSTATE_CLEAN);
    test_jet_close(&t);
}

/* More rows than the cache holds pages. */
static void
write_rows(const test_jet *t)
{
    const JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypBinary};
    uint8_t row[255] = {1};
    JET_COLUMNID columnid;
    JET_TABLEID tableid;

    TEST_OK(JetCreateTableA(t->sesid, t->dbid, "rows", 0, 0, &tableid));
    TEST_OK(JetAddColumnA(t->sesid, tableid, "c", &column, NULL, 0, &columnid));
    for (unsigned i = 0; i < 5000; i++) {
        TEST_OK(JetPrepareUpdate(t->sesid, tableid, JET_prepInsert));
        TEST_OK(JetSetColumn(t->sesid, tableid, columnid, row, sizeof row, 0, NULL));
        TEST_OK(JetUpdate(t->sesid, tableid, NULL, 0, NULL));
    }
    TEST_OK(JetCloseTable(t->sesid, tableid));
}

static void
test_api_database_state__is_dirty_as_soon_as_a_page_is_written(void **state)
{
    uint64_t cache_max = 0;
    test_jet t;

    (void)state;
    TEST_OK(JetGetSystemParameterA(0, 0, JET_paramCacheSizeMax, &cache_max, NULL, 0));
    TEST_OK(JetSetSystemParameterA(NULL, 0, JET_paramCacheSizeMax, 64, NULL));
    test_jet_create(&t, 4096);
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_CLEAN);
    write_rows(&t);
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_DIRTY);
    assert_int_equal(state_of(&t, 1), ESE_DBSTATE_DIRTY);
    TEST_OK(JetCloseDatabase(t.sesid, t.dbid, 0));
    TEST_OK(JetDetachDatabaseA(t.sesid, t.path));
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_CLEAN);
    (void)test_check_file(t.path);
    TEST_OK(JetCreateDatabaseA(t.sesid, t.path, NULL, &t.dbid, JET_bitDbOverwriteExisting));
    write_rows(&t);
    assert_int_equal(JetTerm2(t.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    assert_int_equal(state_of(&t, 0), ESE_DBSTATE_DIRTY);
    TEST_OK(JetCreateInstanceA(&t.instance, "again"));
    TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetInit(&t.instance));
    TEST_OK(JetBeginSessionA(t.instance, &t.sesid, NULL, NULL));
    assert_int_equal(JetAttachDatabaseA(t.sesid, t.path, 0), JET_errDatabaseDirtyShutdown);
    TEST_OK(JetCreateDatabaseA(t.sesid, t.path, NULL, &t.dbid, JET_bitDbOverwriteExisting));
    test_jet_close(&t);
    TEST_OK(JetSetSystemParameterA(NULL, 0, JET_paramCacheSizeMax, cache_max, NULL));
}

/* ---- Failures ---- */

static void
test_api_database_state__is_dirty_when_a_page_cannot_be_written(void **state)
{
    bool was_dirty = false;
    int64_t live = ese_alloc_live();

    (void)state;
    for (uint64_t nth = 1; nth < 20; nth++) {
        JET_DBID dbid;
        JET_ERR err;
        test_jet t;

        test_jet_create(&t, 4096);
        change(&t);
        ese_fault_set(ESE_FAULT_POINT_WRITE, nth, true);
        err = JetTerm(t.instance);
        ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
        t.instance = 0;
        if (err < JET_errSuccess) {
            assert_int_equal(err, JET_errDiskIO);
            if (state_of(&t, 0) == ESE_DBSTATE_CLEAN) { /* all was written, or nothing */
                test_jet_start(&t);
                change(&t); /* both copies of the header are written anew */
            } else {
                was_dirty = true;
                TEST_OK(JetCreateInstanceA(&t.instance, "again"));
                TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramRecovery, 0, "off"));
                TEST_OK(JetInit(&t.instance));
                TEST_OK(JetBeginSessionA(t.instance, &t.sesid, NULL, NULL));
                assert_int_equal(JetAttachDatabaseA(t.sesid, t.path, 0),
                                 JET_errDatabaseDirtyShutdown);
                TEST_OK(
                    JetCreateDatabaseA(t.sesid, t.path, NULL, &dbid, JET_bitDbOverwriteExisting));
            }
        }
        test_jet_close(&t);
        assert_int_equal(ese_alloc_live(), live);
    }
    assert_true(was_dirty);
}

static const ese_fault all_faults[] = {
    ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,      ESE_FAULT_POINT_READ,
    ESE_FAULT_POINT_WRITE, ESE_FAULT_POINT_DISK_FULL, ESE_FAULT_POINT_SYNC,
};

/* Whatever fails on the way, no file is left behind, nothing leaks, and the next creation succeeds. */
static bool
create_with_fault(ese_fault fault, uint64_t nth)
{
    JET_DBID dbid = 0;
    const char *path;
    bool was_hit;
    JET_ERR err;
    test_jet t;

    test_jet_create(&t, 4096);
    path = in_folder(&t, "fault.edb");
    ese_fault_set(fault, nth, false);
    err = JetCreateDatabaseA(t.sesid, path, NULL, &dbid, 0);
    was_hit = !ese_fault_is_armed(fault);
    ese_fault_set(fault, 0, false);
    if (err < JET_errSuccess)
        assert_false(exists(path));
    test_jet_stop(&t);
    if (err >= JET_errSuccess)
        remove_database(path);
    test_jet_close(&t);
    return was_hit;
}

static void
test_api_create_database__leaves_nothing_behind_when_it_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_faults / sizeof all_faults[0]; i++) {
        for (uint64_t nth = 1; create_with_fault(all_faults[i], nth); nth += 1 + nth / 8) {
        }
    }
}

/* Attach, change, detach, up to the first error. */
static JET_ERR
change_once(test_jet *t)
{
    uint32_t n = 0;
    JET_ERR err = JetAttachDatabaseA(t->sesid, t->path, 0);

    if (err >= JET_errSuccess)
        err = JetOpenDatabaseA(t->sesid, t->path, NULL, &t->dbid, 0);
    if (err >= JET_errSuccess)
        err = JetGrowDatabase(t->sesid, t->dbid, 300, &n);
    if (err >= JET_errSuccess)
        err = JetCloseDatabase(t->sesid, t->dbid, 0);
    if (err >= JET_errSuccess)
        err = JetDetachDatabaseA(t->sesid, t->path);
    return err;
}

/* Whatever fails, the file is sound or says that it is not. */
static bool
change_with_fault(ese_fault fault, uint64_t nth)
{
    bool was_hit;
    test_jet t;

    test_jet_create(&t, 4096);
    test_jet_stop(&t);
    TEST_OK(JetCreateInstanceA(&t.instance, "fault"));
    TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetInit(&t.instance));
    TEST_OK(JetBeginSessionA(t.instance, &t.sesid, NULL, NULL));
    ese_fault_set(fault, nth, false);
    (void)change_once(&t);
    was_hit = !ese_fault_is_armed(fault);
    ese_fault_set(fault, 0, false);
    (void)JetTerm(t.instance);
    t.instance = 0;
    if (state_of(&t, 0) == ESE_DBSTATE_CLEAN) {
        test_jet_start(&t);
        change(&t); /* both copies of the header are written anew */
    } else {
        TEST_OK(JetCreateInstanceA(&t.instance, "again"));
        TEST_OK(JetSetSystemParameterA(&t.instance, 0, JET_paramRecovery, 0, "off"));
        TEST_OK(JetInit(&t.instance));
        TEST_OK(JetBeginSessionA(t.instance, &t.sesid, NULL, NULL));
        assert_int_equal(JetAttachDatabaseA(t.sesid, t.path, 0), JET_errDatabaseDirtyShutdown);
        TEST_OK(JetCreateDatabaseA(t.sesid, t.path, NULL, &t.dbid, JET_bitDbOverwriteExisting));
    }
    test_jet_close(&t);
    return was_hit;
}

static void
test_api_attach__for_change_is_sound_or_honestly_dirty_whatever_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_faults / sizeof all_faults[0]; i++) {
        for (uint64_t nth = 1; change_with_fault(all_faults[i], nth); nth += 1 + nth / 16) {
        }
    }
}

/* ---- Text ---- */

static void
test_api_create_database__takes_wide_names(void **state)
{
    uint16_t wide[200];
    JET_DBID dbid = 0;
    uint32_t n = 0;
    const char *path;
    test_jet t;

    (void)state;
    test_jet_create(&t, 4096);
    path = in_folder(&t, "wide.edb");
    for (size_t i = 0; i <= strlen(path); i++)
        wide[i] = (uint8_t)path[i];
    TEST_OK(JetCreateDatabaseW(t.sesid, (JET_PCWSTR)wide, NULL, &dbid, 0));
    TEST_OK(JetCloseDatabase(t.sesid, dbid, 0));
    TEST_OK(JetDetachDatabaseW(t.sesid, (JET_PCWSTR)wide));
    TEST_OK(JetSetDatabaseSizeW(t.sesid, (JET_PCWSTR)wide, 300, &n));
    assert_int_equal(n, 300);
    TEST_OK(JetCreateDatabase2W(t.sesid, (JET_PCWSTR)wide, 0, &dbid, JET_bitDbOverwriteExisting));
    test_jet_stop(&t);
    remove_database(path);
    test_jet_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_create_database__makes_a_sound_file_of_every_page_size),
        cmocka_unit_test(test_api_create_database__writes_the_header_that_the_format_asks_for),
        cmocka_unit_test(test_api_create_database__tells_of_the_new_database),
        cmocka_unit_test(test_api_create_database__leaves_an_unchanged_file_alone),
        cmocka_unit_test(test_api_create_database__refuses_what_is_there_unless_it_may_overwrite),
        cmocka_unit_test(test_api_create_database__refuses_names_and_places_that_cannot_be),
        cmocka_unit_test(test_api_create_database__attaches_six_at_most),
        cmocka_unit_test(test_api_create_database__keeps_to_one_database_per_session),
        cmocka_unit_test(test_api_create_database__is_not_shared_between_instances),
        cmocka_unit_test(test_api_create_database__leaves_the_shadow_out_when_asked),
        cmocka_unit_test(test_api_create_database__takes_wide_names),
        cmocka_unit_test(test_api_database_size__grows_and_shrinks),
        cmocka_unit_test(test_api_database_size__refuses_what_the_documentation_refuses),
        cmocka_unit_test(test_api_database_size__is_limited_when_asked),
        cmocka_unit_test(test_api_database_size__sets_that_of_a_closed_file),
        cmocka_unit_test(test_api_database_size__clears_what_stood_behind_the_end),
        cmocka_unit_test(test_api_database_state__is_clean_after_a_detach),
        cmocka_unit_test(test_api_database_state__is_honest_after_a_dirty_end),
        cmocka_unit_test(test_api_database_state__is_dirty_as_soon_as_a_page_is_written),
        cmocka_unit_test(test_api_database_state__is_dirty_when_a_page_cannot_be_written),
        cmocka_unit_test(test_api_create_database__leaves_nothing_behind_when_it_fails),
        cmocka_unit_test(test_api_attach__for_change_is_sound_or_honestly_dirty_whatever_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
