/* What the machine is asked: answers that must make sense on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/os_system.h"

static void
test_os_utc_now__is_a_date_of_the_calendar(void **state)
{
    ese_os_utc now = ese_os_utc_now();

    (void)state;
    assert_in_range(now.year, 2026, 9999);
    assert_in_range(now.month, 1, 12);
    assert_in_range(now.day, 1, 31);
    assert_in_range(now.hour, 0, 23);
    assert_in_range(now.minute, 0, 59);
    assert_in_range(now.second, 0, 60);
    assert_in_range(now.millisecond, 0, 999);
}

static void
test_os_memory_size__is_that_of_a_computer(void **state)
{
    (void)state;
    assert_true(ese_os_memory_size() >= (uint64_t)16 << 20);
    assert_true(ese_os_memory_size() < (uint64_t)1 << 52);
}

static void
test_os_random__does_not_repeat(void **state)
{
    uint64_t seen[64];

    (void)state;
    for (int i = 0; i < 64; i++) {
        seen[i] = ese_os_random();
        for (int k = 0; k < i; k++)
            assert_true(seen[i] != seen[k]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_utc_now__is_a_date_of_the_calendar),
        cmocka_unit_test(test_os_memory_size__is_that_of_a_computer),
        cmocka_unit_test(test_os_random__does_not_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
