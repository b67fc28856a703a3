/*
 * The machine stops at any change of a file while a backup is made, and what was not synced is there, not there, or there in part: the database has everything that was answered as
 * durable; a backup that had been made can be restored, logs that are being added to it or not; and what there is of one that had not ended is refused, or is enough.
 *
 * ESE_TEST_LONG=1 tries every change with every loss.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "test_disk.h"

enum {
    ROWS = 1500,
    MORE = 300,
    PAGE_SIZE = 4096,
    FLOORS_MAX = 2000,
    STEPS_PER_CALL = 3, /* transactions while a piece is copied */
    STRIDE = 5
};

/* So many rows were durable when so many changes had happened. */
typedef struct floor_at {
    size_t at;
    int32_t n_rows;
} floor_at;

static shelf f;
static test_trace trace;
static floor_at floors[FLOORS_MAX];
static size_t n_floors;
static int32_t n_rows;

static int
stop_trace(void **state)
{
    test_trace_stop();
    test_trace_free(&trace);
    return teardown(state);
}

static void
add_rows(int32_t n)
{
    for (int32_t end = n_rows + n; n_rows < end; n_rows += PER_TRANSACTION) {
        TEST_OK(worker_step(&s, &f, n_rows));
        assert_true(n_floors < FLOORS_MAX);
        floors[n_floors++] = (floor_at){test_trace_length(&trace), n_rows + PER_TRANSACTION};
    }
}

static int32_t
durable_at(size_t at)
{
    int32_t n = ROWS;

    for (size_t i = 0; i < n_floors && floors[i].at <= at; i++)
        n = floors[i].n_rows;
    return n;
}

/* Others work while a backup is made. */
static JET_ERR JET_API
work_on(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    (void)sesid;
    (void)snp;
    (void)pv;
    if (snt == JET_sntProgress)
        add_rows(STEPS_PER_CALL * PER_TRANSACTION);
    return JET_errSuccess;
}

typedef struct story {
    size_t full_begun, full_ended, added_begun, added_ended; /* changes before */
} story;

/* A full backup, and logs that are added to it. */
static story
tell_story(void)
{
    story t;

    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 64)); /* pages come and go */
    TEST_OK(shop_open_with(&s, 0));
    TEST_OK(shelf_open(&s, "a.edb", &f));
    add_rows(MORE);
    t.full_begun = test_trace_length(&trace);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, 0, work_on));
    t.full_ended = test_trace_length(&trace);
    add_rows(MORE);
    t.added_begun = test_trace_length(&trace);
    TEST_OK(JetBackupInstanceA(s.instance, d.folder, JET_bitBackupIncremental, work_on));
    t.added_ended = test_trace_length(&trace);
    add_rows(MORE);
    TEST_OK(shop_close(&s));
    return t;
}

static void
assert_database_has_all(size_t at)
{
    TEST_OK(shop_open(&s));
    TEST_OK(shelf_open(&s, "a.edb", &f));
    assert_in_range(check_rows(&s, &f), durable_at(at), n_rows);
    TEST_OK(shop_close(&s));
    (void)test_check_file(in_shop(&s, "a.edb"));
}

static bool
assert_backup_is_good_or_refused(const story *t, size_t at)
{
    JET_ERR err = restore_from(&r, d.folder, NULL);
    int32_t least = durable_at(at >= t->added_ended ? t->added_begun : t->full_begun);

    if (at >= t->full_ended)
        TEST_OK(err);
    if (err >= JET_errSuccess)
        assert_in_range(open_restored(&r), least, n_rows);
    shop_empty(&r);
    return err >= JET_errSuccess;
}

static void
test_api_backup__no_crash_takes_the_database_or_the_backup_before(void **state)
{
    static const test_loss_kind kinds[] = {TEST_LOSS_NOTHING, TEST_LOSS_ALL, TEST_LOSS_SOME,
                                           TEST_LOSS_TORN, TEST_LOSS_LAST_TORN};
    bool is_long = getenv("ESE_TEST_LONG") != NULL;
    size_t n_kinds = sizeof kinds / sizeof kinds[0], n_good = 0, n_refused = 0;
    test_disk *disk;
    story t;

    (void)state;
    TEST_OK(shop_open(&s));
    TEST_OK(shelf_create(&s, "a.edb", &f));
    add_rows(ROWS);
    TEST_OK(shop_close(&s));
    n_floors = 0;
    disk = test_disk_create(&trace, PAGE_SIZE);
    test_disk_load(disk, s.folder);
    test_trace_start(&trace);
    t = tell_story();
    test_trace_stop();
    for (size_t at = t.full_begun; at <= t.added_ended; at += is_long ? 1 : STRIDE) {
        test_disk_advance(disk, at);
        for (size_t k = 0; k < (is_long ? n_kinds : 1); k++) {
            test_loss loss = {kinds[(at / STRIDE + k) % n_kinds], at};

            shop_empty(&s);
            depot_clear(d.folder);
            test_disk_materialise(disk, &loss);
            if (assert_backup_is_good_or_refused(&t, at))
                n_good++;
            else
                n_refused++;
            assert_database_has_all(at);
        }
    }
    test_disk_free(disk);
    assert_true(n_good > 10 && n_refused > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_api_backup__no_crash_takes_the_database_or_the_backup_before, setup, stop_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
