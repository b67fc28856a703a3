/*
 * Recovery in place that ends early, wherever that is: the next one ends as if it were the first. On real sets; without a corpus there is nothing to do.
 */
#define _XOPEN_SOURCE 700

#include "place_fixture.h"

/* Every passage of the fault for a while, then fewer and fewer; each time out of the crashed set. */
static void
kill_and_recover(const char *name, ese_fault fault)
{
    JET_ERR err = JET_errDiskIO;
    set s;
    start at;

    if (!load_set(name, &s))
        skip();
    for (uint64_t nth = 1; err < JET_errSuccess; nth += 1 + nth / 6) {
        at = start_of(&s, SMALL_CACHE);
        ese_fault_set(fault, nth, true);
        err = start_once(&at);
        ese_fault_set(fault, 0, false);
        assert_int_equal(start_once(&at), JET_errSuccess);
        assert_recovered(&s);
        copy_folder(s.pristine, s.folder);
    }
    free_set(&s);
}

/* Again and again, each time a little later, in the same files. */
static void
kill_again_and_again(const char *name, ese_fault fault)
{
    JET_ERR err = JET_errDiskIO;
    set s;
    start at;

    if (!load_set(name, &s))
        skip();
    at = start_of(&s, SMALL_CACHE);
    for (uint64_t nth = 1; err < JET_errSuccess && nth < 100000; nth += 1 + nth / 4) {
        ese_fault_set(fault, nth, true);
        err = start_once(&at);
        ese_fault_set(fault, 0, false);
    }
    assert_int_equal(start_once(&at), JET_errSuccess);
    assert_recovered(&s);
    free_set(&s);
}

static const char *const killed[] = {"crash-04k-spill", "crash-04k-open", "crash-04k-createdb2"};

static void
kill_all(ese_fault fault)
{
    for (unsigned i = 0; i < sizeof killed / sizeof killed[0]; i++) {
        kill_and_recover(killed[i], fault);
        kill_again_and_again(killed[i], fault);
    }
}

static void
test_recovery_killed__ends_the_same_after_a_failed_write(void **state)
{
    (void)state;
    kill_all(ESE_FAULT_POINT_WRITE);
}

static void
test_recovery_killed__ends_the_same_after_a_failed_sync(void **state)
{
    (void)state;
    kill_all(ESE_FAULT_POINT_SYNC);
}

static void
test_recovery_killed__ends_the_same_after_a_failed_read(void **state)
{
    (void)state;
    kill_all(ESE_FAULT_POINT_READ);
}

static void
test_recovery_killed__ends_the_same_after_a_failed_allocation(void **state)
{
    (void)state;
    kill_and_recover("crash-04k-open", ESE_FAULT_POINT_ALLOC);
    kill_again_and_again("crash-04k-spill", ESE_FAULT_POINT_ALLOC);
}

static void
test_recovery_killed__ends_the_same_after_a_failed_rename_or_open(void **state)
{
    (void)state;
    kill_all(ESE_FAULT_POINT_RENAME);
    kill_all(ESE_FAULT_POINT_OPEN);
}

static void
test_recovery_killed__ends_the_same_after_the_disk_was_full(void **state)
{
    (void)state;
    kill_all(ESE_FAULT_POINT_DISK_FULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_a_failed_write),
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_a_failed_sync),
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_a_failed_read),
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_a_failed_allocation),
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_a_failed_rename_or_open),
        cmocka_unit_test(test_recovery_killed__ends_the_same_after_the_disk_was_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
