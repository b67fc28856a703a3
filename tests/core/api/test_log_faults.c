/*
 * Every kind of failure at some point of a script with a log: an error, no leak, and at the next start everything that was said to be committed.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "base/fault.h"
#include "os/os_thread.h"

enum { ROUNDS = 12, ROWS = 25, NTH_MAX = 100000 };

/* How far the script came. */
typedef struct progress {
    bool is_created;
    int32_t n_committed; /* rows */
    int32_t n_tried;
    bool has_ended;
} progress;

/* Rows in transactions; the database goes and comes back in the middle. */
static JET_ERR
work(progress *p)
{
    shelf f = {0};
    JET_ERR err = shelf_create(&s, "a.edb", &f);

    p->is_created = err >= JET_errSuccess;
    for (int32_t round = 0; round < ROUNDS && err >= JET_errSuccess; round++) {
        p->n_tried = (round + 1) * ROWS;
        err = shelf_fill(&s, &f, round * ROWS, ROWS);
        if (err < JET_errSuccess)
            break;
        p->n_committed = (round + 1) * ROWS;
        if (round == ROUNDS / 2) {
            err = JetCloseDatabase(s.sesid, f.dbid, 0);
            if (err >= JET_errSuccess)
                err = JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb"));
            if (err >= JET_errSuccess)
                err = shelf_open(&s, "a.edb", &f);
        }
    }
    return err;
}

static JET_ERR
run_script(progress *p)
{
    JET_ERR err, err_end;

    s.instance = 0;
    err = shop_create(&s);
    if (err < JET_errSuccess) {
        if (s.instance != 0)
            assert_ok(JetTerm(s.instance));
        return err;
    }
    err = JetInit(&s.instance);
    if (err < JET_errSuccess) /* it has consumed the instance */
        return err;
    err = JetBeginSessionA(s.instance, &s.sesid, NULL, NULL);
    if (err >= JET_errSuccess)
        err = work(p);
    err_end = JetTerm(s.instance);
    if (err_end == JET_errTooManyActiveUsers) { /* a transaction that could not commit */
        assert_ok(JetRollback(s.sesid, JET_bitRollbackAll));
        err_end = JetTerm(s.instance);
    }
    p->has_ended = err_end >= JET_errSuccess;
    return err < JET_errSuccess ? err : err_end;
}

/* What was committed is there, in whole transactions. */
static void
check(const progress *p)
{
    shelf f = {0};
    int32_t n;

    assert_ok(shop_open(&s));
    if (p->is_created || shop_has(&s, "a.edb")) {
        JET_ERR err = shelf_open(&s, "a.edb", &f);

        if (p->is_created) {
            assert_ok(err);
            n = shelf_count(&s, &f);
            assert_int_equal(n % ROWS, 0);
            assert_in_range(n, p->n_committed, p->n_tried);
        }
    }
    assert_ok(shop_close(&s));
}

/* True: the script went through to its end, there was no nth passage. */
static bool
fail_at(ese_fault kind, uint64_t nth, bool repeat)
{
    progress p = {0};
    bool is_done;
    JET_ERR err;

    ese_fault_set(kind, nth, repeat);
    err = run_script(&p);
    is_done = ese_fault_is_armed(kind) && err >= JET_errSuccess;
    ese_fault_set(kind, 0, false);
    check(&p);
    shop_empty(&s);
    return is_done;
}

static void
fail_everywhere(ese_fault kind, bool repeat)
{
    uint64_t nth = 1;

    while (!fail_at(kind, nth, repeat)) {
        nth += 1 + nth / 6;
        assert_true(nth < NTH_MAX);
    }
}

static void
test_api_log_faults__of_writes(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_WRITE, true);
}

static void
test_api_log_faults__of_a_single_write(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_WRITE, false);
}

static void
test_api_log_faults__of_syncs(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_SYNC, true);
}

static void
test_api_log_faults__of_a_single_sync(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_SYNC, false);
}

static void
test_api_log_faults__of_reads(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_READ, true);
}

static void
test_api_log_faults__of_opening_files(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_OPEN, true);
}

static void
test_api_log_faults__of_room_on_the_disk(void **state)
{
    (void)state;
    fail_everywhere(ESE_FAULT_POINT_DISK_FULL, true);
}

static void
test_api_log_faults__of_memory(void **state)
{
    uint64_t nth = 1;

    (void)state;
    while (!fail_at(ESE_FAULT_POINT_ALLOC, nth, false))
        nth += 1 + nth / 3;
}

/* ---- what a caller sees */

static void
test_api_log_faults__of_the_log_end_the_instance(void **state)
{
    shelf f = {0};
    int32_t n;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 10));
    ese_fault_set(ESE_FAULT_POINT_SYNC, 1, true);
    assert_int_equal(shelf_fill(&s, &f, 10, 10), JET_errLogWriteFail);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 0, false);
    assert_int_equal(shelf_fill(&s, &f, 20, 10), JET_errInstanceUnavailable);
    assert_int_equal(shop_close(&s), JET_errDirtyShutdown);
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateDirtyShutdown);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    n = shelf_count(&s, &f);
    assert_true(n == 10 || n == 20); /* nobody knows of the second transaction, but it is whole */
    assert_ok(shop_close(&s));
}

/* The commit is lazy, so no call met the failure: the end of the instance must not sound as if all were well. */
static void
test_api_log_faults__are_told_when_the_instance_ends(void **state)
{
    JET_COMMIT_ID id;
    uint32_t version;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 10));
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, true);
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 10));
    assert_ok(JetCommitTransaction2(s.sesid, JET_bitCommitLazyFlush, 1, &id));
    while (JetGetVersion(s.sesid, &version) >= JET_errSuccess)
        ese_os_yield(); /* until the thread of the checkpoint has tried */
    ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
    assert_int_equal(shop_close(&s), JET_errDirtyShutdown);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 10);
    assert_ok(shop_close(&s));
}

/* Changes are refused; what is open can be taken back, and the run ends as it should. */
static void
test_api_log_faults__of_a_full_disk_leave_a_way_out(void **state)
{
    JET_ERR err = JET_errSuccess;
    int32_t n_rows = 0;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 20));
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    assert_ok(JetBeginTransaction(s.sesid));
    for (n_rows = 20; err >= JET_errSuccess && n_rows < NTH_MAX; n_rows++)
        err = shelf_replace(&s, &f, n_rows % 20, (uint8_t)n_rows);
    assert_int_equal(err, JET_errLogDiskFull);
    (void)JetPrepareUpdate(s.sesid, f.tableid, JET_prepCancel);
    assert_ok(JetRollback(s.sesid, 0));
    assert_int_equal(shelf_look(&s, &f, 7), 7);
    assert_ok(shop_close(&s));
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateCleanShutdown);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 20);
    assert_ok(shelf_fill(&s, &f, 20, 20));
    assert_ok(shop_close(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_log_faults__of_writes),
        SHOP_TEST(test_api_log_faults__of_a_single_write),
        SHOP_TEST(test_api_log_faults__of_syncs),
        SHOP_TEST(test_api_log_faults__of_a_single_sync),
        SHOP_TEST(test_api_log_faults__of_reads),
        SHOP_TEST(test_api_log_faults__of_opening_files),
        SHOP_TEST(test_api_log_faults__of_room_on_the_disk),
        SHOP_TEST(test_api_log_faults__of_memory),
        SHOP_TEST(test_api_log_faults__of_the_log_end_the_instance),
        SHOP_TEST(test_api_log_faults__are_told_when_the_instance_ends),
        SHOP_TEST(test_api_log_faults__of_a_full_disk_leave_a_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
