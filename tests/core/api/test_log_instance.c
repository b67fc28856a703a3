/* Instances and their logs: whose folder it is, how many logs there are, when a start has something to recover. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "os/os_thread.h"

#include <stdatomic.h>

/* ---- whose folder */

/* A process that knows nothing of the instance: it was there before. Opens when it is told to. */
static pid_t
begin_other_process(int *tell)
{
    int ends[2];
    pid_t child;
    char c;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[1]);
        if (read(ends[0], &c, 1) != 1)
            _exit(1);
        _exit(shop_open(&s) == JET_errLogFilePathInUse ? 7 : 2);
    }
    (void)close(ends[0]);
    *tell = ends[1];
    return child;
}

static void
test_api_log_instance__keeps_other_processes_out(void **state)
{
    int tell = -1, status = 0;
    pid_t child = begin_other_process(&tell);
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_int_equal(write(tell, "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(tell);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_ok(shelf_fill(&s, &f, 0, 10)); /* nothing has happened to its files */
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
}

static int
open_and_close(void *self)
{
    (void)self;
    return shop_open(&s) == JET_errSuccess && shop_close(&s) == JET_errSuccess ? 7 : 1;
}

static void
test_api_log_instance__gives_the_folder_back(void **state)
{
    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
    assert_int_equal(in_other_process(open_and_close, NULL), 7);
    assert_ok(shop_open(&s));
    shop_crash(&s);
    assert_int_equal(in_other_process(open_and_close, NULL), 7);
}

static void
test_api_log_instance__wants_logs_that_must_exist(void **state)
{
    (void)state;
    assert_ok(shop_create(&s));
    assert_int_equal(shop_open_with(&s, JET_bitLogStreamMustExist), JET_errMissingLogFile);
    assert_false(shop_has(&s, "edb.log"));
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
    assert_ok(shop_create(&s));
    assert_ok(shop_open_with(&s, JET_bitLogStreamMustExist));
    assert_ok(shop_close(&s));
}

static void
test_api_log_instance__leaves_nothing_without_recovery(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_text(&s.instance, JET_paramRecovery, "off"));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 10));
    assert_ok(shop_close(&s));
    assert_false(shop_has(&s, "edb.log"));
    assert_false(shop_has(&s, "edb.chk"));
    assert_ok(shop_open(&s)); /* and what was made so can be logged */
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 10, 5));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 15);
    assert_ok(shop_close(&s));
}

/* ---- a start after a clean end */

static unsigned n_told;

static JET_ERR JET_API
count_status(JET_SESID sesid, JET_SNP what, JET_SNT stage, void *data)
{
    (void)sesid;
    (void)what;
    (void)stage;
    (void)data;
    n_told++;
    return JET_errSuccess;
}

static void
test_api_log_instance__has_nothing_to_recover_after_a_clean_end(void **state)
{
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = count_status};
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 500));
    assert_ok(shop_close(&s));
    n_told = 0;
    assert_ok(shop_create(&s));
    assert_ok(JetInit3A(&s.instance, &info, 0));
    assert_int_equal(n_told, 0);
    assert_ok(shop_close(&s));
}

static void
test_api_log_instance__refuses_logs_of_another_size(void **state)
{
    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramLogFileSize, 2 * LOG_KIB));
    assert_int_equal(shop_open_with(&s, 0), JET_errLogFileSizeMismatchDatabasesConsistent);
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramLogFileSize, 2 * LOG_KIB));
    assert_ok(set_integer(&s.instance, JET_paramCleanupMismatchedLogFiles, 1));
    assert_int_equal(shop_open_with(&s, 0), JET_errInvalidSettings);
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramLogFileSize, 2 * LOG_KIB));
    assert_ok(set_integer(&s.instance, JET_paramCleanupMismatchedLogFiles, 1));
    assert_ok(set_integer(&s.instance, JET_paramCircularLog, 1));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shop_close(&s));
}

/* ---- checkpoints */

/* Works until the header says that the first log is not needed any more; false: it does not within
 * a minute. Counting rows instead would race with the thread that looks only now and then. */
static bool
work_until_checkpoint(shelf *f, int32_t *n_rows)
{
    const uint64_t until = ese_os_now_ns() + 60 * UINT64_C(1000000000);

    while (ese_os_now_ns() < until) {
        assert_ok(shelf_fill(&s, f, *n_rows, 10));
        *n_rows += 10;
        if (shop_header(&s, "a.edb").genMinRequired > 1)
            return true;
    }
    return false;
}

static void
test_api_log_instance__moves_the_checkpoint_on(void **state)
{
    int32_t n_rows = 0;
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCheckpointDepthMax, (JET_API_PTR)LOG_KIB * 1024));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_true(work_until_checkpoint(&f, &n_rows));
    assert_true(shop_has(&s, "edb00000001.log"));
    shop_crash(&s);
    assert_int_equal(unlink(in_shop(&s, "edb00000001.log")), 0); /* it is really not needed */
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), n_rows);
    assert_ok(shop_close(&s));
}

static void
test_api_log_instance__deletes_old_logs_of_a_circular_stream(void **state)
{
    int32_t n_rows = 0;
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCircularLog, 1));
    assert_ok(set_integer(&s.instance, JET_paramCheckpointDepthMax, (JET_API_PTR)LOG_KIB * 1024));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_true(work_until_checkpoint(&f, &n_rows));
    assert_ok(shop_close(&s));
    assert_false(shop_has(&s, "edb00000001.log"));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), n_rows);
    assert_ok(shop_close(&s));
}

/* ---- commits */

static void
test_api_log_instance__numbers_commits(void **state)
{
    JET_COMMIT_ID first = {0}, second = {0};
    JET_SIGNATURE sign;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(
        JetGetInstanceMiscInfo(s.instance, &sign, sizeof sign, JET_InstanceMiscInfoLogSignature));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 0));
    assert_ok(JetCommitTransaction2(s.sesid, 0, 0, &first));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 1));
    assert_ok(JetCommitTransaction2(s.sesid, JET_bitCommitLazyFlush, 1, &second));
    assert_memory_equal(&first.signLog, &sign, sizeof sign);
    assert_memory_equal(&second.signLog, &sign, sizeof sign);
    assert_true(first.commitId > 0);
    assert_true(second.commitId > first.commitId);
    assert_ok(shop_close(&s));
}

static void
test_api_log_instance__has_lazy_commits_by_default_when_told_so(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCommitDefault, JET_bitCommitLazyFlush));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < 200; i++)
        assert_ok(shelf_fill(&s, &f, i, 1));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitWaitLastLevel0Commit));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 200);
    assert_ok(shop_close(&s));
}

/* ---- who is told what is durable */

static _Atomic int64_t durable;
static _Atomic uint32_t n_lost;
static JET_SIGNATURE durable_sign;

static JET_ERR JET_API
note_durable(JET_INSTANCE instance, JET_COMMIT_ID *id, JET_GRBIT grbit)
{
    (void)instance;
    durable_sign = id->signLog;
    if ((grbit & JET_bitDurableCommitCallbackLogUnavailable) != 0)
        atomic_fetch_add(&n_lost, 1);
    else if (id->commitId > atomic_load(&durable))
        atomic_store(&durable, id->commitId);
    return JET_errSuccess;
}

static void
open_with_callback(shelf *f)
{
    atomic_store(&durable, 0);
    atomic_store(&n_lost, 0);
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramDurableCommitCallback,
                          (JET_API_PTR)(uintptr_t)note_durable));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(shelf_create(&s, "a.edb", f));
}

static void
test_api_log_instance__tells_when_lazy_commits_are_durable(void **state)
{
    JET_COMMIT_ID id = {0};
    shelf f = {0};

    (void)state;
    open_with_callback(&f);
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 0));
    assert_ok(JetCommitTransaction2(s.sesid, JET_bitCommitLazyFlush, 1, &id));
    while (atomic_load(&durable) < id.commitId) /* as long as it takes */
        ese_os_yield();
    assert_memory_equal(&durable_sign, &id.signLog, sizeof durable_sign);
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 1));
    assert_ok(JetCommitTransaction2(s.sesid, JET_bitCommitLazyFlush, 0, &id));
    assert_ok(shop_close(&s)); /* tells it, too */
    assert_true(atomic_load(&durable) >= id.commitId);
    assert_int_equal(atomic_load(&n_lost), 0);
}

static void
test_api_log_instance__tells_when_nothing_will_be_durable_any_more(void **state)
{
    shelf f = {0};

    (void)state;
    open_with_callback(&f);
    ese_fault_arm(ESE_faultSync, 1, 1);
    assert_int_equal(shelf_fill(&s, &f, 0, 1), JET_errLogWriteFail);
    ese_fault_arm(ESE_faultSync, 0, 0);
    assert_int_equal(shop_close(&s), JET_errDirtyShutdown);
    assert_int_equal(atomic_load(&n_lost), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_log_instance__keeps_other_processes_out),
        SHOP_TEST(test_api_log_instance__gives_the_folder_back),
        SHOP_TEST(test_api_log_instance__wants_logs_that_must_exist),
        SHOP_TEST(test_api_log_instance__leaves_nothing_without_recovery),
        SHOP_TEST(test_api_log_instance__has_nothing_to_recover_after_a_clean_end),
        SHOP_TEST(test_api_log_instance__refuses_logs_of_another_size),
        SHOP_TEST(test_api_log_instance__moves_the_checkpoint_on),
        SHOP_TEST(test_api_log_instance__deletes_old_logs_of_a_circular_stream),
        SHOP_TEST(test_api_log_instance__numbers_commits),
        SHOP_TEST(test_api_log_instance__has_lazy_commits_by_default_when_told_so),
        SHOP_TEST(test_api_log_instance__tells_when_lazy_commits_are_durable),
        SHOP_TEST(test_api_log_instance__tells_when_nothing_will_be_durable_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
