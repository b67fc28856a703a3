/* JetBackup: what comes back is what was committed, whatever went on meanwhile; what is wrong is told, and leaves no backup. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "base/fault.h"

/* ---- full, incremental, forward */

static void
test_api_backup__holds_what_was_committed_before_and_no_half_of_what_came_later(void **state)
{
    shelf f = {0};
    worker w;
    int32_t before, after, n;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    for (int round = 0; round < 3; round++) {
        worker_await(&w, (round + 1) * 1500);
        before = atomic_load(&w.n_rows);
        TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
        after = atomic_load(&w.n_rows) + PER_TRANSACTION;
        assert_true(depot_has(&d, "a.edb") && depot_has(&d, "a.pat"));
        TEST_OK(restore_from(&r, d.folder, NULL));
        n = open_restored(&r);
        assert_in_range(n, before, after);
        shop_empty(&r);
        depot_clear(d.folder);
    }
    worker_end(&w);
    assert_ok(shop_close(&s));
    (void)test_check_file(in_shop(&s, "a.edb"));
}

static void
test_api_backup__goes_on_with_logs(void **state)
{
    shelf f = {0};
    worker w;
    JET_DBINFOMISC4 misc;
    unsigned n_files;
    int32_t before, n;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    worker_await(&w, 1000);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    n_files = depot_count(&d);
    worker_await(&w, atomic_load(&w.n_rows) + 1000);
    before = atomic_load(&w.n_rows);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, NULL));
    assert_true(depot_count(&d) > n_files);
    worker_end(&w);
    TEST_OK(restore_from(&r, d.folder, NULL));
    n = open_restored(&r);
    assert_in_range(n, before, atomic_load(&w.n_rows));
    assert_ok(shop_close(&s));
    misc = shop_header(&s, "a.edb");
    assert_true(misc.bkinfoFullPrev.genLow != 0);
    assert_true(misc.bkinfoIncPrev.genHigh > misc.bkinfoFullPrev.genHigh);
    assert_int_equal(misc.bkinfoFullCur.genLow, 0);
}

/* The logs of the instance lead from the backup to its end. */
static void
test_api_backup__leads_with_the_logs_to_the_last_commit(void **state)
{
    shelf f = {0};
    worker w;

    (void)state;
    shop_begin(&s, "a.edb", &f);
    worker_begin(&w, &s, 0);
    worker_await(&w, 800);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupAtomic, NULL));
    worker_await(&w, atomic_load(&w.n_rows) + 800);
    worker_end(&w);
    shop_crash(&s);
    copy_files(s.folder, "edb", r.folder);
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), atomic_load(&w.n_rows));
}

/* Most pages with their changes are in the file already: there is no room for them in memory. */
static void
test_api_backup__leaves_transactions_that_are_open_out(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 64));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 2000; i += PER_TRANSACTION)
        assert_ok(worker_step(&s, &f, i));
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 2000; i < 4000; i++)
        assert_ok(shelf_insert(&s, &f, i));
    for (int32_t i = 0; i < 2000; i += 2)
        assert_ok(shelf_replace(&s, &f, i, (uint8_t)(0x55 + i)));
    for (int32_t i = 1; i < 2000; i += 3) {
        assert_ok(shelf_seek(&s, &f, i));
        assert_ok(JetDelete(s.sesid, f.tableid));
    }
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(JetCommitTransaction(s.sesid, 0));
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), 2000);
    assert_ok(shop_close(&s));
}

static shelf busy; /* where rows change in the middle of a backup */

static JET_ERR JET_API
change_much(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    static bool is_done;

    (void)sesid;
    (void)snp;
    (void)pv;
    is_done = is_done && snt != JET_sntBegin;
    if (snt == JET_sntProgress && !is_done) {
        is_done = true;
        for (int32_t n = 3000; n < 5000; n += PER_TRANSACTION)
            TEST_OK(worker_step(&s, &busy, n));
    }
    return JET_errSuccess;
}

/* Backups of Windows do not say at their end which generations pages may come from. */
static void
test_api_restore__knows_pages_from_all_logs_of_the_backup(void **state)
{
    static uint8_t page[4096];
    char path[PATH_ROOM];
    FILE *file;

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 64));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &busy));
    for (int32_t n = 0; n < 3000; n += PER_TRANSACTION)
        assert_ok(worker_step(&s, &busy, n));
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, change_much));
    assert_ok(shop_close(&s));
    (void)snprintf(path, sizeof path, "%s/a.edb", d.folder);
    file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)sizeof page, SEEK_END), 0);
    assert_int_equal(fread(page, 1, sizeof page, file), sizeof page);
    memset(page + 120, 0, 28);
    ese_store_le32(page, ese_page_header_checksum(page, sizeof page));
    assert_int_equal(fseek(file, -(long)sizeof page, SEEK_END), 0);
    assert_int_equal(fwrite(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(fclose(file), 0);
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), 5000);
}

static void
test_api_backup__takes_all_databases_and_pages_of_every_size(void **state)
{
    shelf a = {0}, b = {0};

    (void)state;
    for (uint32_t size = 8192; size <= 32768; size *= 2) {
        assert_ok(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, size, NULL));
        assert_ok(shop_open(&s));
        assert_ok(shelf_create(&s, "a.edb", &a));
        assert_ok(shelf_create(&s, "b.edb", &b));
        for (int32_t i = 0; i < 50; i++) {
            assert_ok(worker_step(&s, &a, i * PER_TRANSACTION));
            assert_ok(worker_step(&s, &b, i * PER_TRANSACTION));
        }
        TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
        assert_ok(shop_close(&s));
        TEST_OK(restore_from(&r, d.folder, NULL));
        assert_int_equal(open_restored(&r), 500);
        (void)test_check_file(in_shop(&r, "b.edb"));
        assert_ok(shop_open(&r));
        assert_ok(shelf_open(&r, "b.edb", &b));
        assert_int_equal(check_rows(&r, &b), 500);
        assert_ok(shop_close(&r));
        shop_empty(&s);
        shop_empty(&r);
        depot_clear(d.folder);
    }
    assert_ok(JetSetSystemParameterA(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
}

static void
test_api_restore__keeps_away_from_folders_in_use(void **state)
{
    shelf f = {0};
    JET_INSTANCE other = 0;
    char folder[80];

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(JetCreateInstanceA(&other, "other"));
    (void)snprintf(folder, sizeof folder, "%s/", s.folder);
    assert_ok(set_text(&other, JET_paramLogFilePath, folder));
    assert_ok(set_text(&other, JET_paramSystemPath, folder));
    assert_int_equal(JetRestoreInstanceA(other, d.folder, r.folder, NULL), JET_errLogFilePathInUse);
    assert_ok(JetTerm(other));
    assert_ok(shop_close(&s));
}

/* A backup belongs to a sequence of logs. */
static void
test_api_backup__begins_anew_with_new_logs(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(shop_close(&s));
    copy_file(in_shop(&s, "a.edb"), in_shop(&r, "a.edb"));
    assert_ok(shop_open(&r));
    assert_ok(shelf_open(&r, "a.edb", &f));
    assert_int_equal(JetBackupInstanceA(r.instance, d.folder, JET_bitBackupIncremental, NULL),
                     JET_errMissingFullBackup);
    assert_ok(shop_close(&r));
}

/* ---- truncation */

static void
test_api_backup__deletes_logs_that_nobody_needs_and_none_that_recovery_does(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 150; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    assert_true(shop_has(&s, "edb00000001.log"));
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 1500));
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_false(shop_has(&s, "edb00000001.log"));
    shop_crash(&s);
    assert_ok(shop_open(&s)); /* recovery has all it needs */
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(check_rows(&s, &f), 1510);
    assert_ok(shop_close(&s));
}

/* ---- progress */

static struct {
    unsigned n_calls;
    uint32_t last;
    bool has_begun, has_ended;
    JET_ERR answer;
    bool stops;
} seen;

static JET_ERR JET_API
watch(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    const JET_SNPROG *progress = pv;

    (void)sesid;
    seen.n_calls++;
    assert_int_equal(snp, JET_snpBackup);
    assert_int_equal(progress->cbStruct, sizeof *progress);
    assert_true(progress->cunitDone >= seen.last && progress->cunitDone <= progress->cunitTotal);
    seen.last = progress->cunitDone;
    seen.has_begun |= snt == JET_sntBegin;
    seen.has_ended |= snt == JET_sntComplete;
    if (seen.stops && snt == JET_sntProgress)
        assert_ok(JetStopBackupInstance(s.instance));
    return snt == JET_sntProgress ? seen.answer : JET_errSuccess;
}

static void
test_api_backup__tells_how_far_it_is_and_can_be_stopped(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    memset(&seen, 0, sizeof seen);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, watch));
    assert_true(seen.has_begun && seen.has_ended && seen.n_calls > 3);
    depot_clear(d.folder);

    memset(&seen, 0, sizeof seen);
    seen.answer = JET_errOutOfMemory;
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, watch), JET_errOutOfMemory);
    assert_int_equal(depot_count(&d), 0);

    memset(&seen, 0, sizeof seen);
    seen.stops = true;
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, watch),
                     JET_errBackupAbortByServer);
    assert_int_equal(depot_count(&d), 0);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(shop_close(&s));
}

/* ---- the instance ends */

static struct {
    _Atomic bool has_begun;
    JET_ERR err;
} ending;

static JET_ERR JET_API
wait_for_the_end(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    (void)sesid;
    (void)snp;
    (void)pv;
    atomic_store(&ending.has_begun, true);
    /* JetTerm has told the backup to stop before others are refused. */
    while (snt == JET_sntProgress &&
           JetBeginExternalBackupInstance(s.instance, 0) != JET_errTermInProgress)
        ese_os_yield();
    return JET_errSuccess;
}

static void *
end_instance(void *self)
{
    (void)self;
    while (!atomic_load(&ending.has_begun))
        ese_os_yield();
    if (JetTerm2(s.instance, JET_bitTermComplete) != JET_errBackupInProgress)
        abort();
    ending.err = JetTerm(s.instance);
    return NULL;
}

static void
test_api_backup__ends_with_its_instance(void **state)
{
    shelf f = {0};
    ese_os_thread thread;

    (void)state;
    memset(&ending, 0, sizeof ending);
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    assert_ok(ese_os_thread_start(&thread, end_instance, NULL));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, wait_for_the_end),
                     JET_errBackupAbortByServer);
    ese_os_thread_join(&thread);
    TEST_OK(ending.err);
    assert_int_equal(depot_count(&d), 0);
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateCleanShutdown);
}

/* ---- what is wrong */

static void
test_api_backup__tells_what_is_missing(void **state)
{
    shelf f = {0};
    char none[128];

    (void)state;
    (void)snprintf(none, sizeof none, "%s/none", d.folder);
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, NULL),
                     JET_errMissingFullBackup);
    assert_int_equal(JetBackupInstanceA(s.instance, none, 0, NULL), JET_errInvalidPath);
    assert_int_equal(JetBackupInstanceA(s.instance, none, JET_bitBackupAtomic, NULL),
                     JET_errMakeBackupDirectoryFail);
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0x8000, NULL), JET_errInvalidGrbit);
    assert_int_equal(JetBackupA(d.folder, 0, NULL), JET_errRunningInMultiInstanceMode);
    assert_int_equal(depot_count(&d), 0);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, NULL),
                     JET_errBackupDirectoryNotEmpty);
    for (int32_t i = 1; i < 100; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    assert_ok(shop_close(&s));

    for (unsigned i = 1; i < 200; i++) { /* somebody deletes logs */
        char name[32];

        (void)snprintf(name, sizeof name, "edb%08X.log", i);
        (void)unlink(in_shop(&s, name));
    }
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, NULL),
                     JET_errMissingFileToBackup);
    assert_ok(shop_close(&s));
}

static void
test_api_backup__needs_a_log_that_is_kept(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_text(&s.instance, JET_paramRecovery, "off"));
    assert_ok(shop_open_with(&s, 0));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, 0, NULL), JET_errLoggingDisabled);
    assert_int_equal(JetBeginExternalBackupInstance(s.instance, 0), JET_errLoggingDisabled);
    assert_ok(shop_close(&s));
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCircularLog, 1));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(worker_step(&s, &f, 0));
    assert_int_equal(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, NULL),
                     JET_errInvalidBackup);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL)); /* a full one is fine */
    assert_ok(shop_close(&s));
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), 10);
}

/* A backup holds the logs it needs even when the others go one after the other. */
static void
test_api_backup__is_whole_with_circular_logs(void **state)
{
    shelf f = {0};
    worker w;
    int32_t before, n;

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCircularLog, 1));
    assert_ok(set_integer(&s.instance, JET_paramCheckpointDepthMax, 65536));
    assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 64));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetCloseTable(s.sesid, f.tableid));
    worker_begin(&w, &s, 0);
    worker_await(&w, 1500);
    before = atomic_load(&w.n_rows);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    worker_end(&w);
    assert_ok(shop_close(&s));
    TEST_OK(restore_from(&r, d.folder, NULL));
    n = open_restored(&r);
    assert_in_range(n, before, atomic_load(&w.n_rows));
}

/* ---- failures */

static void
test_api_backup__leaves_no_backup_when_anything_fails(void **state)
{
    static const ese_fault kinds[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                      ESE_FAULT_POINT_READ,  ESE_FAULT_POINT_WRITE,
                                      ESE_FAULT_POINT_SYNC,  ESE_FAULT_POINT_RENAME};
    shelf f = {0};
    unsigned n_failed = 0;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 30; i++)
        assert_ok(worker_step(&s, &f, i * PER_TRANSACTION));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        JET_ERR err = JET_errOutOfMemory;

        /* Where so much happens, one of many places must do. */
        for (uint64_t nth = 1; err < JET_errSuccess; nth += 1 + nth / 12) {
            ese_fault_set(kinds[k], nth, false);
            err = JetBackupInstanceA(s.instance, d.folder, 0, NULL);
            ese_fault_set(kinds[k], 0, false);
            if (err < JET_errSuccess) {
                n_failed++;
                /* When only the end failed, what is there is whole. */
                if (depot_count(&d) != 0) {
                    TEST_OK(restore_from(&r, d.folder, NULL));
                    assert_int_equal(open_restored(&r), 300);
                    shop_empty(&r);
                }
                shop_revive(&s, &f, 300);
            }
            depot_clear(d.folder);
        }
    }
    assert_true(n_failed > 30);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(shop_close(&s));
    TEST_OK(restore_from(&r, d.folder, NULL));
    assert_int_equal(open_restored(&r), 300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(
            test_api_backup__holds_what_was_committed_before_and_no_half_of_what_came_later),
        BACKUP_TEST(test_api_backup__goes_on_with_logs),
        BACKUP_TEST(test_api_backup__leads_with_the_logs_to_the_last_commit),
        BACKUP_TEST(test_api_backup__leaves_transactions_that_are_open_out),
        BACKUP_TEST(test_api_restore__knows_pages_from_all_logs_of_the_backup),
        BACKUP_TEST(test_api_backup__takes_all_databases_and_pages_of_every_size),
        BACKUP_TEST(test_api_restore__keeps_away_from_folders_in_use),
        BACKUP_TEST(test_api_backup__begins_anew_with_new_logs),
        BACKUP_TEST(test_api_backup__deletes_logs_that_nobody_needs_and_none_that_recovery_does),
        BACKUP_TEST(test_api_backup__tells_how_far_it_is_and_can_be_stopped),
        BACKUP_TEST(test_api_backup__ends_with_its_instance),
        BACKUP_TEST(test_api_backup__tells_what_is_missing),
        BACKUP_TEST(test_api_backup__needs_a_log_that_is_kept),
        BACKUP_TEST(test_api_backup__is_whole_with_circular_logs),
        BACKUP_TEST(test_api_backup__leaves_no_backup_when_anything_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
