/* The stamps of logs and headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log/log_time.h"
#include "os/os_system.h"

static uint64_t
number_of(ese_os_utc t)
{
    uint64_t days = ((uint64_t)t.year * 16 + (uint64_t)t.month) * 32 + (uint64_t)t.day;
    uint64_t seconds = ((days * 32 + (uint64_t)t.hour) * 64 + (uint64_t)t.minute) * 64;

    return (seconds + (uint64_t)t.second) * 1000 + (uint64_t)t.millisecond;
}

static ese_os_utc
read_back(const uint8_t from[8])
{
    return (ese_os_utc){
        .year = 1900 + from[5],
        .month = from[4],
        .day = from[3],
        .hour = from[2],
        .minute = from[1],
        .second = from[0],
        .millisecond = (from[6] >> 1) | (from[7] >> 1) << 7,
    };
}

static void
test_log_time__the_stamp_of_now_is_now_and_says_that_it_is_utc(void **state)
{
    uint64_t before, stamp, after;
    uint8_t bytes[8] = {0};

    (void)state;
    before = number_of(ese_os_utc_now());
    ese_log_time_now(bytes);
    after = number_of(ese_os_utc_now());
    stamp = number_of(read_back(bytes));
    assert_true(before <= stamp && stamp <= after);
    assert_int_equal(bytes[6] & 1, 1);
    assert_int_equal(bytes[7] & 1, 0);
}

static void
test_log_time__each_part_has_its_byte(void **state)
{
    static const uint8_t expected[8] = {59, 58, 23, 31, 12, 255, 103 << 1 | 1, 7 << 1};
    const ese_os_utc last = {.year = ESE_LOG_TIME_YEAR_LAST,
                             .month = 12,
                             .day = 31,
                             .hour = 23,
                             .minute = 58,
                             .second = 59,
                             .millisecond = 999};
    uint8_t bytes[8];

    (void)state;
    ese_log_time_encode(&last, bytes);
    assert_memory_equal(bytes, expected, sizeof bytes);
    assert_int_equal(read_back(bytes).year, last.year);
    assert_int_equal(read_back(bytes).millisecond, last.millisecond);
}

static void
test_log_time__signatures_are_never_none_and_differ(void **state)
{
    static const uint8_t nowhere[16];
    ese_signature a = ese_log_signature_now(), b = ese_log_signature_now();

    (void)state;
    assert_int_not_equal(a.random, 0);
    assert_int_not_equal(a.random, b.random);
    assert_int_not_equal(a.created[4], 0);
    assert_memory_equal(a.computer, nowhere, sizeof nowhere);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_time__the_stamp_of_now_is_now_and_says_that_it_is_utc),
        cmocka_unit_test(test_log_time__each_part_has_its_byte),
        cmocka_unit_test(test_log_time__signatures_are_never_none_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
