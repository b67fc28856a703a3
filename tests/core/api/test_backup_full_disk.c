/* Backups into a folder whose disk gets full: an error that says so, nothing that looks like a backup, and what was there before is as good as it was. */
#define _XOPEN_SOURCE 700 /* mkdtemp, sigaction */

#include "backup_fixture.h"

#include "base/fault.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { ROWS = 300, MORE = 200, ATTEMPTS = 12, STATUS_DISK_FULL = 3, STATUS_OTHER = 4 };

static int
empty_disk(void **state)
{
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    return teardown(state);
}

#define FULL_DISK_TEST(function) cmocka_unit_test_setup_teardown(function, setup, empty_disk)

static void
add_rows(shelf *f, int32_t from, int32_t n)
{
    for (int32_t i = from; i < from + n; i += PER_TRANSACTION)
        TEST_OK(worker_step(&s, f, i));
}

static void
fill(shelf *f, int32_t n)
{
    TEST_OK(shop_open(&s));
    TEST_OK(shelf_create(&s, "a.edb", f));
    add_rows(f, 0, n);
}

static int32_t
restore(void)
{
    int32_t n;

    TEST_OK(restore_from(&r, d.folder, NULL));
    n = open_restored(&r);
    shop_empty(&r);
    return n;
}

/* From the nth growth on there is no room, also for the logs of the instance itself. */
static JET_ERR
back_up_on_full_disk(uint64_t nth, JET_GRBIT grbit)
{
    JET_ERR err;

    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, nth, true);
    err = JetBackupInstanceA(s.instance, d.folder, grbit, NULL);
    if (err < JET_errSuccess)
        assert_true(err == JET_errDiskFull || err == JET_errLogDiskFull);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    return err;
}

/* A log that found no room has ended the instance; the next one finds everything. */
static void
go_on(shelf *f, JET_ERR err, int32_t n_rows)
{
    if (err != JET_errLogDiskFull)
        return;
    (void)JetTerm(s.instance);
    TEST_OK(shop_open(&s));
    TEST_OK(shelf_open(&s, "a.edb", f));
    assert_int_equal(check_rows(&s, f), n_rows);
}

static void
test_api_backup__leaves_nothing_on_a_full_disk(void **state)
{
    static const JET_GRBIT grbits[] = {0, JET_bitBackupAtomic};
    shelf f = {0};
    unsigned n_failed = 0;

    (void)state;
    fill(&f, ROWS);
    for (unsigned i = 0; i < sizeof grbits / sizeof grbits[0]; i++) {
        JET_ERR err = JET_errDiskFull;

        for (uint64_t nth = 1; err < JET_errSuccess; nth++) {
            err = back_up_on_full_disk(nth, grbits[i]);
            if (err < JET_errSuccess) {
                assert_int_equal(depot_count(&d), 0);
                n_failed++;
            }
            go_on(&f, err, ROWS);
        }
        assert_int_equal(restore(), ROWS);
        depot_clear(d.folder);
    }
    assert_true(n_failed >= 6);
    add_rows(&f, ROWS, MORE);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(shop_close(&s));
    assert_int_equal(restore(), ROWS + MORE);
}

static void
test_api_backup__keeps_the_atomic_one_before_on_a_full_disk(void **state)
{
    shelf f = {0};
    JET_ERR err = JET_errDiskFull;

    (void)state;
    fill(&f, ROWS);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupAtomic, NULL));
    add_rows(&f, ROWS, MORE);
    for (uint64_t nth = 1; err < JET_errSuccess; nth++) {
        err = back_up_on_full_disk(nth, JET_bitBackupAtomic);
        assert_int_equal(restore(), err < JET_errSuccess ? ROWS : ROWS + MORE);
        go_on(&f, err, ROWS + MORE);
    }
    assert_ok(shop_close(&s));
}

/* Logs that are not whole would keep those behind the full backup from being read. Each attempt begins a log, so there is ever more to add. */
static void
test_api_backup__keeps_what_logs_are_added_to_on_a_full_disk(void **state)
{
    const int32_t n = ROWS + 5 * MORE; /* more than a log of them */
    shelf f = {0};

    (void)state;
    fill(&f, ROWS);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    add_rows(&f, ROWS, n - ROWS);
    for (uint64_t nth = 1; nth <= ATTEMPTS; nth++) {
        JET_ERR err = back_up_on_full_disk(nth, JET_bitBackupIncremental);

        assert_true(err < JET_errSuccess);
        assert_false(depot_has(&d, "log.tmp"));
        assert_in_range(restore(), ROWS, n);
        go_on(&f, err, n);
    }
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, NULL));
    assert_int_equal(restore(), n);
    assert_ok(shop_close(&s));
}

/* ---- a disk that takes a part of a write */

typedef struct attempt {
    JET_GRBIT grbit;
    rlim_t most; /* bytes of a file */
} attempt;

/* All pages are in the file already, and the logs are shorter. */
static int
back_up_with_limit(void *self)
{
    const attempt *a = self;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit limit = {a->most, a->most};
    shelf f = {0};
    JET_ERR err;

    (void)sigaction(SIGXFSZ, &ignore, NULL);
    if (shop_open(&s) < JET_errSuccess || shelf_open(&s, "a.edb", &f) < JET_errSuccess ||
        setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return STATUS_OTHER;
    err = JetBackupInstanceA(s.instance, d.folder, a->grbit, NULL);
    if (JetTerm(s.instance) < JET_errSuccess)
        return STATUS_OTHER;
    if (err >= JET_errSuccess)
        return 0;
    return err == JET_errDiskFull ? STATUS_DISK_FULL : STATUS_OTHER;
}

static void
test_api_backup__leaves_nothing_of_a_file_that_got_no_further(void **state)
{
    static const JET_GRBIT grbits[] = {0, JET_bitBackupAtomic};
    struct stat status;
    shelf f = {0};

    (void)state;
    fill(&f, 4 * ROWS);
    assert_ok(shop_close(&s));
    assert_int_equal(stat(in_shop(&s, "a.edb"), &status), 0);
    assert_true(status.st_size > 2 * LOG_KIB * 1024);
    for (unsigned i = 0; i < sizeof grbits / sizeof grbits[0]; i++) {
        attempt a = {.grbit = grbits[i], .most = (rlim_t)status.st_size - 4096 - 1000};

        assert_int_equal(in_other_process(back_up_with_limit, &a), STATUS_DISK_FULL);
        assert_int_equal(depot_count(&d), 0);
        a.most = (rlim_t)LOG_KIB * 1024 + 5000;
        assert_int_equal(in_other_process(back_up_with_limit, &a), STATUS_DISK_FULL);
        assert_int_equal(depot_count(&d), 0);
        a.most = 2 * (rlim_t)status.st_size;
        assert_int_equal(in_other_process(back_up_with_limit, &a), 0);
        assert_int_equal(restore(), 4 * ROWS);
        depot_clear(d.folder);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FULL_DISK_TEST(test_api_backup__leaves_nothing_on_a_full_disk),
        FULL_DISK_TEST(test_api_backup__keeps_the_atomic_one_before_on_a_full_disk),
        FULL_DISK_TEST(test_api_backup__keeps_what_logs_are_added_to_on_a_full_disk),
        FULL_DISK_TEST(test_api_backup__leaves_nothing_of_a_file_that_got_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
