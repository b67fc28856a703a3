/* The process is killed in the middle of a backup or of a restore: the backup before is there, and a restore can be begun anew. */
#define _XOPEN_SOURCE 700 /* mkdtemp, kill */

#include "backup_fixture.h"

#include "os/os_record.h"

#include <signal.h>

enum { ROWS = 400, MORE = 100, KILLED = 77 };

static unsigned n_calls, kill_at;

/* Ends the process as a crash would. */
static JET_ERR JET_API
die(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    (void)sesid;
    (void)snp;
    (void)snt;
    (void)pv;
    if (++n_calls == kill_at)
        _exit(KILLED);
    return JET_errSuccess;
}

static void
fill(int32_t from, int32_t to)
{
    shelf f = {0};

    TEST_OK(shop_open(&s));
    TEST_OK(from == 0 ? shelf_create(&s, "a.edb", &f) : shelf_open(&s, "a.edb", &f));
    for (int32_t i = from; i < to; i += PER_TRANSACTION)
        TEST_OK(worker_step(&s, &f, i));
    TEST_OK(shop_close(&s));
}

static JET_ERR
back_up(JET_GRBIT grbit, JET_PFNSTATUS status)
{
    shelf f = {0};
    JET_ERR err;

    TEST_OK(shop_open(&s));
    TEST_OK(shelf_open(&s, "a.edb", &f));
    err = JetBackupInstanceA(s.instance, d.folder, grbit, status);
    TEST_OK(shop_close(&s));
    return err;
}

static int
back_up_and_die(void *unused)
{
    (void)unused;
    return back_up(JET_bitBackupAtomic, die) < JET_errSuccess;
}

static void
test_api_backup__is_there_until_the_next_one_is_whole(void **state)
{
    int32_t n_rows = ROWS, n;
    unsigned n_kept = 0;
    int end = KILLED;

    (void)state;
    fill(0, ROWS);
    TEST_OK(back_up(JET_bitBackupAtomic, NULL));
    for (kill_at = 1; end == KILLED; kill_at++) {
        fill(n_rows, n_rows + 50);
        end = in_other_process(back_up_and_die, NULL);
        TEST_OK(restore_from(&r, d.folder, NULL));
        n = open_restored(&r);
        /* The last call comes when the new one has got its name. */
        assert_true(n == n_rows + 50 || (n == ROWS && end == KILLED));
        n_kept += n == ROWS;
        shop_empty(&r);
        n_rows += 50;
    }
    assert_int_equal(end, 0);
    assert_true(n_kept >= 5);
}

static int
restore_and_die(void *unused)
{
    (void)unused;
    return restore_from(&r, d.folder, die) < JET_errSuccess;
}

static void
test_api_restore__can_be_begun_anew_when_it_was_killed(void **state)
{
    shelf f = {0};
    int end = KILLED;

    (void)state;
    assert_ok(shop_open(&s)); /* with something to take back */
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < ROWS; i += PER_TRANSACTION)
        assert_ok(worker_step(&s, &f, i));
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 0; i < ROWS; i++)
        assert_ok(shelf_replace(&s, &f, i, 0xee));
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(JetRollback(s.sesid, 0));
    for (kill_at = 1; end == KILLED; kill_at++) {
        end = in_other_process(restore_and_die, NULL);
        if (kill_at % 3 == 0) { /* else the next one finds what several have left */
            TEST_OK(restore_from(&r, d.folder, NULL));
            assert_int_equal(open_restored(&r), ROWS);
            shop_empty(&r);
        }
    }
    assert_int_equal(end, 0);
    assert_true(kill_at > 5);
    assert_int_equal(open_restored(&r), ROWS);
    assert_ok(shop_close(&s));
}

/* ---- at any change of a file */

/* Called with what keeps the changes in order, which nobody needs any more. */
static void
die_at_change(void *self, const ese_os_change *change)
{
    (void)self;
    (void)change;
    if (++n_calls == kill_at)
        _exit(KILLED);
}

static int
back_up_until_killed(void *grbit)
{
    const ese_os_recorder recorder = {NULL, die_at_change};
    shelf f = {0};
    JET_ERR err;

    TEST_OK(shop_open(&s));
    TEST_OK(shelf_open(&s, "a.edb", &f));
    n_calls = 0;
    ese_os_record(&recorder);
    err = JetBackupInstanceA(s.instance, d.folder, *(JET_GRBIT *)grbit, NULL);
    ese_os_record(NULL);
    if (err >= JET_errSuccess)
        err = shop_close(&s);
    return err < JET_errSuccess;
}

static int32_t
count_restored(void)
{
    int32_t n;

    TEST_OK(restore_from(&r, d.folder, NULL));
    n = open_restored(&r);
    shop_empty(&r);
    return n;
}

static void
assert_recovers(int32_t n_rows)
{
    shelf f = {0};

    TEST_OK(shop_open(&s));
    TEST_OK(shelf_open(&s, "a.edb", &f));
    assert_int_equal(check_rows(&s, &f), n_rows);
    TEST_OK(shop_close(&s));
}

static void
test_api_backup__atomic_ones_are_whole_whenever_the_process_is_killed(void **state)
{
    JET_GRBIT grbit = JET_bitBackupAtomic;
    unsigned n_kept = 0;
    int end = KILLED;

    (void)state;
    fill(0, ROWS);
    TEST_OK(back_up(JET_bitBackupAtomic, NULL));
    fill(ROWS, ROWS + MORE);
    for (kill_at = 1; end == KILLED; kill_at++) {
        int32_t n;

        end = in_other_process(back_up_until_killed, &grbit);
        n = count_restored();
        assert_true(n == ROWS + MORE || (n == ROWS && n_kept == kill_at - 1));
        n_kept += n == ROWS;
        assert_recovers(ROWS + MORE);
    }
    assert_int_equal(end, 0);
    assert_true(n_kept > 10);
}

/* A part of a backup is refused, or is enough. */
static void
test_api_backup__a_part_of_one_is_not_taken_for_a_backup(void **state)
{
    JET_GRBIT grbit = 0;
    unsigned n_refused = 0;
    int end = KILLED;

    (void)state;
    fill(0, ROWS);
    for (kill_at = 1; end == KILLED; kill_at++) {
        JET_ERR err;

        end = in_other_process(back_up_until_killed, &grbit);
        err = restore_from(&r, d.folder, NULL);
        if (err >= JET_errSuccess)
            assert_int_equal(open_restored(&r), ROWS);
        else
            assert_int_equal(end, KILLED);
        n_refused += err < JET_errSuccess;
        shop_empty(&r);
        depot_clear(d.folder);
        assert_recovers(ROWS);
    }
    assert_int_equal(end, 0);
    assert_true(n_refused > 10);
}

static void
test_api_backup__is_as_good_as_it_was_when_adding_logs_is_killed(void **state)
{
    JET_GRBIT grbit = JET_bitBackupIncremental;
    int end = KILLED;

    (void)state;
    fill(0, ROWS);
    TEST_OK(back_up(0, NULL));
    fill(ROWS, ROWS + MORE);
    /* Each attempt begins a log, so there is ever more to add. */
    for (kill_at = 1; end == KILLED; kill_at += 1 + kill_at / 8) {
        end = in_other_process(back_up_until_killed, &grbit);
        assert_in_range(count_restored(), end == KILLED ? ROWS : ROWS + MORE, ROWS + MORE);
        assert_recovers(ROWS + MORE);
    }
    assert_int_equal(end, 0);
    assert_true(kill_at > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_api_backup__is_there_until_the_next_one_is_whole),
        BACKUP_TEST(test_api_restore__can_be_begun_anew_when_it_was_killed),
        BACKUP_TEST(test_api_backup__atomic_ones_are_whole_whenever_the_process_is_killed),
        BACKUP_TEST(test_api_backup__a_part_of_one_is_not_taken_for_a_backup),
        BACKUP_TEST(test_api_backup__is_as_good_as_it_was_when_adding_logs_is_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
