/* A backup in steps: what a program reads is whole, and steps in a wrong order are refused. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "base/fault.h"

enum { LIST = 20000, BUFFER = 65536 };

static _Alignas(4096) uint8_t buffer[BUFFER];

/* ---- steps */

/* Reads the file to its end into the folder, `step` bytes at a time. */
static JET_ERR
fetch(const char *path, uint32_t step)
{
    const char *slash = strrchr(path, '/');
    JET_HANDLE handle = 0;
    uint32_t low = 0, high = 0, n = 0;
    uint64_t total = 0;
    char to[PATH_ROOM];
    FILE *out;
    JET_ERR err = JetOpenFileInstanceA(s.instance, path, &handle, &low, &high);

    if (err < JET_errSuccess)
        return err;
    assert_non_null(slash);
    (void)snprintf(to, sizeof to, "%s/%s", d.folder, slash + 1);
    out = fopen(to, "wb");
    assert_non_null(out);
    while (err >= JET_errSuccess) {
        err = JetReadFileInstance(s.instance, handle, buffer, step, &n);
        if (err < JET_errSuccess || n == 0)
            break;
        assert_int_equal(fwrite(buffer, 1, n, out), n);
        total += n;
    }
    assert_int_equal(fclose(out), 0);
    if (err >= JET_errSuccess)
        assert_int_equal(total, (uint64_t)high << 32 | low);
    (void)JetCloseFileInstance(s.instance, handle);
    return err;
}

static JET_ERR
fetch_list(const char *list, uint32_t step)
{
    JET_ERR err = JET_errSuccess;

    for (const char *at = list; *at != '\0' && err >= JET_errSuccess; at += strlen(at) + 1)
        err = fetch(at, step);
    return err;
}

static JET_ERR
run_steps(JET_GRBIT grbit, uint32_t step)
{
    char list[LIST];
    JET_ERR err = JetBeginExternalBackupInstance(s.instance, grbit);

    if (err < JET_errSuccess)
        return err;
    if ((grbit & JET_bitBackupIncremental) == 0) {
        err = JetGetAttachInfoInstanceA(s.instance, list, sizeof list, NULL);
        if (err >= JET_errSuccess)
            err = fetch_list(list, step);
    }
    if (err >= JET_errSuccess)
        err = JetGetLogInfoInstanceA(s.instance, list, sizeof list, NULL);
    if (err >= JET_errSuccess)
        err = fetch_list(list, step);
    if (err >= JET_errSuccess)
        err = JetTruncateLogInstance(s.instance);
    if (err >= JET_errSuccess)
        return JetEndExternalBackupInstance(s.instance);
    (void)JetEndExternalBackupInstance2(s.instance, JET_bitBackupEndAbort);
    return err;
}

/* ---- what it is for */

static void
test_api_external__gives_a_program_all_that_a_restore_needs(void **state)
{
    shelf f = {0};
    worker w;
    int32_t before, n;
    JET_DBINFOMISC4 misc;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    for (uint32_t step = 4096; step <= BUFFER; step *= 4) {
        char from[PATH_ROOM], to[PATH_ROOM];
        JET_RSTMAP_A map = {from, to};

        worker_await(&w, atomic_load(&w.n_rows) + 1000);
        before = atomic_load(&w.n_rows);
        TEST_OK(run_steps(0, step));
        (void)snprintf(from, sizeof from, "%s", in_shop(&s, "a.edb"));
        (void)snprintf(to, sizeof to, "%s", in_shop(&r, "a.edb"));
        copy_files(d.folder, "a.edb", r.folder);
        TEST_OK(JetExternalRestoreA(r.folder, r.folder, &map, 1, d.folder, 0, 0, NULL));
        n = open_restored(&r);
        assert_in_range(n, before, atomic_load(&w.n_rows) + PER_TRANSACTION);
        shop_empty(&r);
        /* What JetBackup would have made is no different. */
        TEST_OK(restore_from(&r, d.folder, NULL));
        assert_int_equal(open_restored(&r), n);
        shop_empty(&r);
        depot_clear(d.folder);
    }
    worker_end(&w);
    assert_ok(shop_close(&s));
    misc = shop_header(&s, "a.edb");
    assert_true(misc.bkinfoFullPrev.genLow != 0 &&
                misc.bkinfoFullPrev.genHigh >= misc.bkinfoFullPrev.genLow);
}

/* Logs of the instance that was backed up lead on, though they lie elsewhere. */
static void
test_api_external__leads_on_with_the_logs_of_another_folder(void **state)
{
    shelf f = {0};
    char to[PATH_ROOM];
    JET_RSTMAP_A map = {NULL, to};
    JET_LOGINFO_A info = {.cbSize = sizeof info};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 60; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    TEST_OK(run_steps(0, BUFFER));
    for (int32_t i = 60; i < 200; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    shop_crash(&s);
    (void)snprintf(to, sizeof to, "%s", in_shop(&r, "a.edb"));
    copy_files(d.folder, "a.edb", r.folder);
    memcpy(info.szBaseName, "edb", 4);
    TEST_OK(JetExternalRestore2A(r.folder, r.folder, &map, 1, d.folder, &info, NULL, s.folder, NULL,
                                 NULL));
    assert_int_equal(open_restored(&r), 2000);
}

static void
test_api_external__adds_logs_later(void **state)
{
    shelf f = {0};
    worker w;
    int32_t before;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    worker_await(&w, 800);
    TEST_OK(run_steps(0, BUFFER));
    worker_await(&w, atomic_load(&w.n_rows) + 800);
    before = atomic_load(&w.n_rows);
    TEST_OK(run_steps(JET_bitBackupIncremental, BUFFER));
    worker_end(&w);
    assert_ok(shop_close(&s));
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_in_range(open_restored(&r), before, atomic_load(&w.n_rows));
}

/* Names in UTF-16, and lists that tell how much room they need. */
static void
test_api_external__gives_lists_in_both_forms(void **state)
{
    shelf f = {0};
    WCHAR wide[LIST / 2];
    char narrow[LIST];
    uint32_t n_wide = 0, n_narrow = 0, n = 0;
    JET_LOGINFO_W info = {.cbSize = sizeof info};
    JET_HANDLE handle;
    uint32_t low, high;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_ok(JetGetAttachInfoInstanceA(s.instance, NULL, 0, &n));
    assert_ok(JetGetAttachInfoInstanceA(s.instance, narrow, n, &n_narrow));
    assert_int_equal(n, n_narrow);
    assert_int_equal(n, strlen(narrow) + 2);
    assert_int_equal(JetGetAttachInfoInstanceA(s.instance, narrow, n - 1, &n_narrow),
                     JET_errBufferTooSmall);
    assert_ok(JetGetAttachInfoInstanceW(s.instance, wide, sizeof wide, &n_wide));
    assert_int_equal(n_wide, 2 * n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(wide[i], (unsigned char)narrow[i]);
    TEST_OK(JetOpenFileInstanceW(s.instance, wide, &handle, &low, &high));
    TEST_OK(JetCloseFileInstance(s.instance, handle));
    TEST_OK(JetGetLogInfoInstance2W(s.instance, wide, sizeof wide, &n_wide, &info));
    assert_true(info.ulGenLow >= 1 && info.ulGenHigh >= info.ulGenLow);
    assert_int_equal(info.szBaseName[0], 'e');
    info.cbSize++;
    assert_int_equal(JetGetLogInfoInstance2W(s.instance, wide, sizeof wide, &n_wide, &info),
                     JET_errInvalidParameter);
    assert_ok(JetEndExternalBackupInstance2(s.instance, JET_bitBackupEndAbort));
    assert_ok(shop_close(&s));
}

/* ---- order */

static void
test_api_external__refuses_steps_in_a_wrong_order(void **state)
{
    shelf f = {0};
    char list[LIST];
    JET_HANDLE handle = 77;
    uint32_t low, high, n;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_int_equal(JetReadFileInstance(s.instance, 1, buffer, BUFFER, &n), JET_errNoBackup);
    assert_int_equal(JetCloseFileInstance(s.instance, 1), JET_errNoBackup);
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_int_equal(JetBeginExternalBackupInstance(s.instance, 0), JET_errBackupInProgress);
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, NULL), JET_errBackupInProgress);
    assert_int_equal(JetGetTruncateLogInfoInstanceA(s.instance, list, sizeof list, &n),
                     JET_errInvalidBackupSequence);
    assert_int_equal(JetTruncateLogInstance(s.instance), JET_errInvalidBackupSequence);
    assert_int_equal(JetOpenFileInstanceA(s.instance, NULL, &handle, &low, &high),
                     JET_errInvalidParameter);
    assert_int_equal(JetReadFileInstance(s.instance, 77, buffer, BUFFER, &n),
                     JET_errInvalidParameter);
    assert_int_equal(JetCloseFileInstance(s.instance, 77), JET_errInvalidParameter);
    assert_ok(JetGetLogInfoInstanceA(s.instance, list, sizeof list, &n));
    assert_int_equal(JetOpenFileInstanceA(s.instance, in_shop(&s, "edb.log"), &handle, &low, &high),
                     JET_errFileNotFound); /* the current log is in no backup */
    assert_int_equal(JetTruncateLogInstance(s.instance), JET_errLogFileNotCopied);
    assert_int_equal(JetOpenFileInstanceA(s.instance, in_shop(&s, "a.edb"), &handle, &low, &high),
                     JET_errInvalidBackupSequence);
    assert_int_equal(JetEndExternalBackupInstance(s.instance), JET_errNoBackup);
    assert_int_equal(JetBeginExternalBackup(0), JET_errRunningInMultiInstanceMode);
    assert_int_equal(JetStopBackup(), JET_errRunningInMultiInstanceMode);
    assert_ok(shop_close(&s));
}

/* A backup of which not everything was read counts for nothing. */
static void
test_api_external__does_not_say_that_a_part_is_a_backup(void **state)
{
    shelf f = {0};
    char list[LIST];

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_ok(JetGetLogInfoInstanceA(s.instance, list, sizeof list, NULL));
    TEST_OK(fetch_list(list, BUFFER));
    assert_ok(JetEndExternalBackupInstance(s.instance));
    assert_int_equal(JetBeginExternalBackupInstance(s.instance, JET_bitBackupIncremental),
                     JET_errMissingFullBackup);
    assert_int_equal(restore_from(&r, d.folder, NULL), JET_errFileNotFound); /* no database */
    assert_false(shop_has(&r, "a.edb"));
    assert_ok(shop_close(&s));
}

/* ---- what else happens meanwhile */

static void
test_api_external__keeps_the_databases_it_began_with(void **state)
{
    shelf f = {0}, g = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "b.edb", &g));
    assert_ok(JetCloseDatabase(s.sesid, g.dbid, 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "b.edb")));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_int_equal(JetAttachDatabaseA(s.sesid, in_shop(&s, "b.edb"), 0), JET_errBackupInProgress);
    assert_ok(JetCloseDatabase(s.sesid, f.dbid, 0));
    assert_int_equal(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")), JET_errBackupInProgress);
    assert_int_equal(JetDetachDatabaseA(s.sesid, NULL), JET_errBackupInProgress);
    assert_int_equal(JetTerm2(s.instance, JET_bitTermComplete), JET_errBackupInProgress);
    assert_ok(JetEndExternalBackupInstance2(s.instance, JET_bitBackupEndAbort));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&s, "b.edb"), 0));
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_ok(JetTerm2(s.instance, JET_bitTermComplete | JET_bitTermStopBackup));
}

static void
test_api_external__can_be_stopped(void **state)
{
    shelf f = {0};
    char list[LIST];
    JET_HANDLE handle = 0;
    uint32_t low, high, n;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetBeginExternalBackupInstance(s.instance, 0));
    assert_ok(JetOpenFileInstanceA(s.instance, in_shop(&s, "a.edb"), &handle, &low, &high));
    assert_ok(JetStopBackupInstance(s.instance));
    assert_int_equal(JetReadFileInstance(s.instance, handle, buffer, BUFFER, &n),
                     JET_errBackupAbortByServer);
    assert_int_equal(JetGetLogInfoInstanceA(s.instance, list, sizeof list, &n),
                     JET_errBackupAbortByServer);
    assert_int_equal(JetEndExternalBackupInstance(s.instance), JET_errBackupAbortByServer);
    assert_int_equal(JetEndExternalBackupInstance(s.instance), JET_errNoBackup);
    TEST_OK(run_steps(0, BUFFER)); /* the next one is not stopped */
    assert_ok(shop_close(&s));
}

/* ---- failures */

static void
test_api_external__ends_well_when_anything_fails(void **state)
{
    static const ese_fault kinds[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                      ESE_FAULT_POINT_READ};
    shelf f = {0};
    unsigned n_failed = 0;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 30; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t nth = 1; err < JET_errSuccess; nth += 1 + nth / 12) {
            ese_fault_set(kinds[k], nth, false);
            err = run_steps(0, BUFFER);
            ese_fault_set(kinds[k], 0, false);
            n_failed += err < JET_errSuccess;
            shop_revive(&s, &f, 300);
            assert_int_equal(JetEndExternalBackupInstance(s.instance), JET_errNoBackup);
        }
    }
    assert_true(n_failed > 10);
    assert_int_equal(check_rows(&s, &f), 300);
    TEST_OK(run_steps(0, BUFFER));
    assert_ok(shop_close(&s));
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), 300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_api_external__gives_a_program_all_that_a_restore_needs),
        BACKUP_TEST(test_api_external__leads_on_with_the_logs_of_another_folder),
        BACKUP_TEST(test_api_external__adds_logs_later),
        BACKUP_TEST(test_api_external__gives_lists_in_both_forms),
        BACKUP_TEST(test_api_external__refuses_steps_in_a_wrong_order),
        BACKUP_TEST(test_api_external__does_not_say_that_a_part_is_a_backup),
        BACKUP_TEST(test_api_external__keeps_the_databases_it_began_with),
        BACKUP_TEST(test_api_external__can_be_stopped),
        BACKUP_TEST(test_api_external__ends_well_when_anything_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
