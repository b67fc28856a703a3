/*
 * Recovery in place on a machine that goes down: whatever of its writes the disk has kept, the next recovery ends as if it were the first. On real sets; without a corpus there is
 * nothing to do.
 */
#define _XOPEN_SOURCE 700

#include "place_fixture.h"

#include "test_disk.h"

enum { MOMENTS = 12, SEEDS = 1 };

static const test_loss_kind losses[] = {TEST_LOSS_NOTHING, TEST_LOSS_ALL, TEST_LOSS_SOME,
                                        TEST_LOSS_TORN, TEST_LOSS_ALL_BUT_FILE};

static void
crash_at(const set *s, const test_disk *disk, size_t moment)
{
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const test_loss loss = {losses[i], seed + moment};
            start at = start_of(s, SMALL_CACHE);
            JET_ERR err;

            test_disk_clear_folder(s->folder);
            test_disk_materialise(disk, &loss);
            err = start_once(&at);
            if (err != JET_errSuccess)
                print_error("after %zu changes, of which the disk has lost %s (%llu): %d %s\n",
                            moment, test_loss_names[losses[i]], (unsigned long long)loss.seed,
                            (int)err, ese_err_text(err));
            assert_int_equal(err, JET_errSuccess);
            assert_recovered(s);
        }
    }
}

static void
crash_set(const char *name)
{
    test_trace trace = {0};
    test_disk *disk;
    size_t n, step;
    set s;
    start at;

    if (!load_set(name, &s))
        skip();
    at = start_of(&s, SMALL_CACHE);
    test_trace_start(&trace);
    assert_int_equal(start_once(&at), JET_errSuccess);
    test_trace_stop();
    copy_folder(s.pristine, s.folder);
    disk = test_disk_create(&trace, s.page_size);
    test_disk_load(disk, s.folder);
    n = test_trace_length(&trace);
    step = n / MOMENTS + 1;
    for (size_t moment = step / 2; moment <= n; moment += step) {
        test_disk_advance(disk, moment);
        crash_at(&s, disk, moment);
    }
    test_disk_free(disk);
    test_trace_free(&trace);
    free_set(&s);
}

static void
test_recovery_crash__in_the_middle_of_many_open_changes(void **state)
{
    (void)state;
    crash_set("crash-04k-spill");
}

static void
test_recovery_crash__while_a_database_is_created_and_removed(void **state)
{
    (void)state;
    crash_set("crash-04k-createdb2");
}

static void
test_recovery_crash__with_two_databases(void **state)
{
    (void)state;
    crash_set("crash-04k-twodb");
}

static void
test_recovery_crash__while_a_database_is_attached_again(void **state)
{
    (void)state;
    crash_set("crash-04k-reattach");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_crash__in_the_middle_of_many_open_changes),
        cmocka_unit_test(test_recovery_crash__while_a_database_is_created_and_removed),
        cmocka_unit_test(test_recovery_crash__with_two_databases),
        cmocka_unit_test(test_recovery_crash__while_a_database_is_attached_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
