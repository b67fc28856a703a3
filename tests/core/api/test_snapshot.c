/* Snapshots of files: nothing changes while instances are frozen, and a copy of the files is what a crash at that moment would have left. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

enum { COPIES = 3 };

/* Freezes all instances. */
static JET_OSSNAPID
freeze(JET_GRBIT grbit, uint32_t n_expected)
{
    JET_OSSNAPID id = 0;
    JET_INSTANCE_INFO_A *infos = NULL;
    uint32_t n = 99;

    TEST_OK(JetOSSnapshotPrepare(&id, grbit));
    TEST_OK(JetOSSnapshotFreezeA(id, &n, &infos, 0));
    assert_int_equal(n, n_expected);
    if (n == 1) {
        assert_int_equal(infos[0].hInstanceId, s.instance);
        assert_int_equal(infos[0].cDatabases, 1);
        assert_non_null(strstr(infos[0].szDatabaseFileName[0], "a.edb"));
    }
    TEST_OK(JetFreeBuffer((char *)infos));
    return id;
}

static void
assert_same_files(const char *a, const char *b)
{
    DIR *folder = opendir(a);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        static uint8_t x[1 << 16], y[1 << 16];
        char one[PATH_ROOM], other[PATH_ROOM];
        FILE *f, *g;
        size_t n;

        /* The temporary log is made ahead, whatever happens; whoever finds it makes another one. */
        if (entry->d_name[0] == '.' || strstr(entry->d_name, "tmp") != NULL)
            continue;
        (void)snprintf(one, sizeof one, "%s/%s", a, entry->d_name);
        (void)snprintf(other, sizeof other, "%s/%s", b, entry->d_name);
        f = fopen(one, "rb");
        g = fopen(other, "rb");
        assert_true(f != NULL && g != NULL);
        while ((n = fread(x, 1, sizeof x, f)) != 0) {
            assert_int_equal(fread(y, 1, sizeof y, g), n);
            assert_memory_equal(x, y, n);
        }
        assert_int_equal(fread(y, 1, sizeof y, g), 0);
        (void)fclose(f);
        (void)fclose(g);
    }
    (void)closedir(folder);
}

/* Starts on a copy of the files, with the databases in their new place. Returns the number of rows. */
static int32_t
recover_copy(void)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    JET_RSTMAP_A map = {from, to};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    shelf f = {0};
    int32_t n;

    (void)snprintf(from, sizeof from, "%s", in_shop(&s, "a.edb"));
    (void)snprintf(to, sizeof to, "%s", in_shop(&r, "a.edb"));
    assert_ok(shop_create(&r));
    TEST_OK(JetInit3A(&r.instance, &info, 0));
    assert_ok(JetBeginSessionA(r.instance, &r.sesid, NULL, NULL));
    TEST_OK(shelf_open(&r, "a.edb", &f));
    n = check_rows(&r, &f);
    TEST_OK(shop_close(&r));
    (void)test_check_file(in_shop(&r, "a.edb"));
    return n;
}

/* ---- what it is for */

static void
test_api_snapshot__keeps_all_files_as_they_are_until_thaw(void **state)
{
    shelf f = {0};
    worker w;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    for (int i = 0; i < COPIES; i++) {
        JET_OSSNAPID id;
        int32_t before, during, n;

        worker_await(&w, atomic_load(&w.n_rows) + 700);
        before = atomic_load(&w.n_rows);
        id = freeze(0, 1);
        copy_files(s.folder, "", r.folder);
        copy_files(s.folder, "", d.folder);
        assert_same_files(r.folder, d.folder);
        for (int j = 0; j < 50; j++)
            ese_os_yield();
        assert_same_files(r.folder, s.folder);
        during = atomic_load(&w.n_rows);
        TEST_OK(JetOSSnapshotThaw(id, 0));
        worker_await(&w, during + 100); /* work goes on */
        n = recover_copy();
        assert_in_range(n, before, during + PER_TRANSACTION);
        shop_empty(&r);
        depot_clear(d.folder);
    }
    worker_end(&w);
    assert_ok(shop_close(&s));
    (void)test_check_file(in_shop(&s, "a.edb"));
}

static void
test_api_snapshot__freezes_only_the_instances_that_were_prepared(void **state)
{
    shelf f = {0}, g = {0};
    JET_OSSNAPID id = 0;
    JET_INSTANCE_INFO_W *infos = NULL;
    uint32_t n = 0;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shop_open(&r));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_create(&r, "a.edb", &g));
    TEST_OK(JetOSSnapshotPrepare(&id, JET_bitExplicitPrepare));
    TEST_OK(JetOSSnapshotPrepareInstance(id, s.instance, 0));
    TEST_OK(JetOSSnapshotFreezeW(id, &n, &infos, 0));
    assert_int_equal(n, 1);
    assert_int_equal(infos[0].hInstanceId, s.instance);
    TEST_OK(JetFreeBuffer((char *)infos));
    TEST_OK(JetOSSnapshotGetFreezeInfoW(id, &n, &infos, 0));
    assert_int_equal(n, 1);
    TEST_OK(JetFreeBuffer((char *)infos));
    TEST_OK(worker_step(&r, &g, 0)); /* the other one is free */
    TEST_OK(JetOSSnapshotAbort(id, 0));
    TEST_OK(worker_step(&s, &f, 0));
    TEST_OK(JetOSSnapshotPrepare(&id, JET_bitExplicitPrepare));
    {
        JET_INSTANCE_INFO_A *none = NULL;

        TEST_OK(JetOSSnapshotFreezeA(id, &n, &none, 0));
        assert_int_equal(n, 0);
        TEST_OK(JetFreeBuffer((char *)none));
    }
    TEST_OK(JetOSSnapshotThaw(id, 0));
    assert_ok(shop_close(&s));
    assert_ok(shop_close(&r));
}

/* ---- the time is over */

static void
test_api_snapshot__thaws_by_itself_when_the_time_is_over(void **state)
{
    shelf f = {0};
    JET_OSSNAPID id;
    JET_INSTANCE_INFO_A *infos = NULL;
    JET_API_PTR before = get_integer(0, JET_paramOSSnapshotTimeout);
    uint32_t n;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetSetSystemParameterA(NULL, 0, JET_paramOSSnapshotTimeout, 1, NULL));
    for (JET_GRBIT grbit = 0; grbit <= JET_bitContinueAfterThaw;
         grbit += JET_bitContinueAfterThaw) {
        id = freeze(grbit, 1);
        TEST_OK(worker_step(&s, &f, grbit == 0 ? 0 : PER_TRANSACTION)); /* waits for it */
        assert_int_equal(JetOSSnapshotGetFreezeInfoA(id, &n, &infos, 0),
                         JET_errOSSnapshotInvalidSequence);
        assert_int_equal(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotTimeOut);
        assert_int_equal(JetOSSnapshotEnd(id, 0),
                         grbit == 0 ? JET_errOSSnapshotInvalidSnapId : JET_errOSSnapshotTimeOut);
    }
    assert_ok(JetSetSystemParameterA(NULL, 0, JET_paramOSSnapshotTimeout, before, NULL));
    assert_ok(shop_close(&s));
}

/* ---- order */

static void
test_api_snapshot__refuses_steps_in_a_wrong_order(void **state)
{
    shelf f = {0};
    JET_OSSNAPID id = 0, other = 0, none = 12345;
    JET_INSTANCE_INFO_A *infos = NULL;
    uint32_t n = 0;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_int_equal(JetOSSnapshotPrepare(NULL, 0), JET_errInvalidParameter);
    assert_int_equal(JetOSSnapshotPrepare(&id, 0x8000), JET_errInvalidGrbit);
    assert_int_equal(JetOSSnapshotFreezeA(none, &n, &infos, 0), JET_errOSSnapshotInvalidSnapId);
    assert_int_equal(JetOSSnapshotThaw(none, 0), JET_errOSSnapshotInvalidSnapId);
    assert_int_equal(JetOSSnapshotAbort(none, 0), JET_errOSSnapshotInvalidSnapId);
    assert_int_equal(JetOSSnapshotEnd(none, 0), JET_errOSSnapshotInvalidSnapId);
    assert_int_equal(JetOSSnapshotTruncateLog(none, 0), JET_errOSSnapshotInvalidSnapId);
    assert_int_equal(JetOSSnapshotPrepareInstance(none, s.instance, 0),
                     JET_errOSSnapshotInvalidSnapId);

    TEST_OK(JetOSSnapshotPrepare(&id, 0));
    assert_int_equal(JetOSSnapshotPrepareInstance(id, (JET_INSTANCE)0x66, 0),
                     JET_errInvalidInstance);
    TEST_OK(JetOSSnapshotPrepareInstance(id, s.instance, 0));
    assert_int_equal(JetOSSnapshotPrepareInstance(id, s.instance, 0), JET_errOSSnapshotNotAllowed);
    TEST_OK(JetOSSnapshotPrepare(&other, 0));
    assert_int_equal(JetOSSnapshotPrepareInstance(other, s.instance, 0),
                     JET_errOSSnapshotNotAllowed);
    TEST_OK(JetOSSnapshotAbort(other, 0));
    assert_int_equal(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotEnd(id, 0), JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotGetFreezeInfoA(id, &n, &infos, 0),
                     JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotFreezeA(id, NULL, &infos, 0), JET_errInvalidParameter);
    assert_int_equal(JetOSSnapshotFreezeA(id, &n, NULL, 0), JET_errInvalidParameter);
    assert_int_equal(JetOSSnapshotFreezeA(id, &n, &infos, 1), JET_errInvalidGrbit);
    TEST_OK(JetOSSnapshotFreezeA(id, &n, &infos, 0));
    TEST_OK(JetFreeBuffer((char *)infos));
    assert_int_equal(JetOSSnapshotFreezeA(id, &n, &infos, 0), JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotPrepareInstance(id, s.instance, 0),
                     JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotTruncateLog(id, 0), JET_errOSSnapshotInvalidSequence);
    assert_int_equal(JetOSSnapshotEnd(id, 0), JET_errOSSnapshotInvalidSequence);
    TEST_OK(JetOSSnapshotThaw(id, 0));
    assert_int_equal(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotInvalidSnapId);

    TEST_OK(JetBeginExternalBackupInstance(s.instance, 0)); /* only one of both */
    TEST_OK(JetOSSnapshotPrepare(&id, 0));
    assert_int_equal(JetOSSnapshotFreezeA(id, &n, &infos, 0), JET_errOSSnapshotNotAllowed);
    TEST_OK(JetEndExternalBackupInstance2(s.instance, JET_bitBackupEndAbort));
    TEST_OK(JetOSSnapshotFreezeA(id, &n, &infos, 0));
    TEST_OK(JetFreeBuffer((char *)infos));
    TEST_OK(JetOSSnapshotAbort(id, 0));
    assert_ok(shop_close(&s));
}

/* ---- afterwards */

static void
test_api_snapshot__is_a_backup_when_it_has_ended_well(void **state)
{
    static const JET_GRBIT kinds[] = {0, JET_bitIncrementalSnapshot, JET_bitCopySnapshot};
    shelf f = {0};
    int32_t n_rows = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        JET_DBINFOMISC4 misc;
        JET_OSSNAPID id;

        assert_ok(shop_open(&s));
        TEST_OK(i == 0 ? shelf_create(&s, "a.edb", &f) : shelf_open(&s, "a.edb", &f));
        for (int j = 0; j < 60; j++, n_rows += PER_TRANSACTION)
            assert_ok(worker_step(&s, &f, n_rows));
        id = freeze(kinds[i] | JET_bitContinueAfterThaw, 1);
        copy_files(s.folder, "", r.folder);
        TEST_OK(JetOSSnapshotThaw(id, 0));
        assert_int_equal(JetOSSnapshotTruncateLogInstance(id, (JET_INSTANCE)0x66, 0),
                         kinds[i] == JET_bitCopySnapshot ? JET_errOSSnapshotInvalidSequence
                                                         : JET_errInvalidInstance);
        assert_int_equal(JetOSSnapshotTruncateLog(id, 0x8000), JET_errInvalidGrbit);
        assert_int_equal(JetOSSnapshotTruncateLog(id, 0), kinds[i] == JET_bitCopySnapshot
                                                              ? JET_errOSSnapshotInvalidSequence
                                                              : JET_errSuccess);
        if (kinds[i] != JET_bitCopySnapshot)
            TEST_OK(JetOSSnapshotTruncateLogInstance(id, s.instance, 0));
        TEST_OK(JetOSSnapshotEnd(id, 0));
        assert_int_equal(JetOSSnapshotEnd(id, 0), JET_errOSSnapshotInvalidSnapId);
        shop_crash(&s); /* what was truncated is not missed */
        assert_ok(shop_open(&s));
        assert_ok(shelf_open(&s, "a.edb", &f));
        assert_int_equal(check_rows(&s, &f), n_rows);
        assert_ok(shop_close(&s));
        misc = shop_header(&s, "a.edb");
        assert_true(misc.bkinfoFullPrev.genHigh != 0);
        assert_int_equal(misc.bkinfoIncPrev.genHigh != 0, i >= 1);
        assert_int_equal(misc.bkinfoCopyPrev.genHigh != 0, i >= 2);
        assert_int_equal(recover_copy(), n_rows);
        shop_empty(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_api_snapshot__keeps_all_files_as_they_are_until_thaw),
        BACKUP_TEST(test_api_snapshot__freezes_only_the_instances_that_were_prepared),
        BACKUP_TEST(test_api_snapshot__thaws_by_itself_when_the_time_is_over),
        BACKUP_TEST(test_api_snapshot__refuses_steps_in_a_wrong_order),
        BACKUP_TEST(test_api_snapshot__is_a_backup_when_it_has_ended_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
