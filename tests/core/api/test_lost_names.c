/*
 * A file that begins to be has its content on the disk when it is synced, but its name only when its folder is: once a call has said that a database is there, no crash takes its name away.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "test_disk.h"

enum { PAGE_SIZE = 4096, ROWS = 600 };

static test_trace trace;
static depot target; /* for databases only */

static int
setup_target(void **state)
{
    int rc = setup(state);

    depot_make(&target);
    return rc;
}

static int
teardown_target(void **state)
{
    test_trace_stop();
    test_trace_free(&trace);
    depot_destroy(&target);
    return teardown(state);
}

/* The shop with its databases in the other folder. */
static shop
databases_of(const shop *logs)
{
    shop both = *logs;

    memcpy(both.folder, target.folder, sizeof both.folder);
    return both;
}

/* Only what was synced is there. */
static void
lose_power(test_disk *disk, const shop *logs)
{
    const test_loss all = {TEST_LOSS_ALL, 0};

    test_trace_stop();
    test_disk_advance(disk, test_trace_length(&trace));
    shop_empty(logs);
    depot_clear(target.folder);
    test_disk_materialise(disk, &all);
}

static void
test_api_lost_names__a_database_that_recovery_has_built_anew_stays(void **state)
{
    test_disk *disk;
    shelf f = {0};
    shop both;

    (void)state;
    assert_ok(shop_open(&s));
    both = databases_of(&s);
    assert_ok(shelf_create(&both, "a.edb", &f));
    assert_ok(shelf_fill(&both, &f, 0, ROWS));
    shop_crash(&s);
    depot_clear(target.folder);

    disk = test_disk_create(&trace, PAGE_SIZE);
    test_disk_load(disk, s.folder);
    test_trace_start(&trace);
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
    lose_power(disk, &s);
    test_disk_free(disk);
    assert_true(depot_has(&target, "a.edb"));
    assert_ok(shop_open(&s));
    both = databases_of(&s);
    assert_ok(shelf_open(&both, "a.edb", &f));
    assert_int_equal(shelf_count(&both, &f), ROWS);
    assert_ok(shop_close(&s));
}

static void
test_api_lost_names__a_database_that_was_restored_stays(void **state)
{
    test_disk *disk;
    shelf f = {0};
    shop both;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, ROWS));
    assert_ok(JetBackupInstanceA(s.instance, d.folder, 0, NULL));
    assert_ok(shop_close(&s));

    disk = test_disk_create(&trace, PAGE_SIZE);
    test_trace_start(&trace);
    assert_ok(shop_create(&r));
    assert_ok(JetRestoreInstanceA(r.instance, d.folder, target.folder, NULL));
    assert_ok(JetTerm(r.instance));
    lose_power(disk, &r);
    test_disk_free(disk);
    assert_true(depot_has(&target, "a.edb"));
    assert_ok(shop_open(&r));
    both = databases_of(&r);
    assert_ok(shelf_open(&both, "a.edb", &f));
    assert_int_equal(shelf_count(&both, &f), ROWS);
    assert_ok(shop_close(&r));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_api_lost_names__a_database_that_recovery_has_built_anew_stays, setup_target,
            teardown_target),
        cmocka_unit_test_setup_teardown(test_api_lost_names__a_database_that_was_restored_stays,
                                        setup_target, teardown_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
