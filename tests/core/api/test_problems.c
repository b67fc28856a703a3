/* The list of problems of a damaged database: each once, in the order met, with an end. */
#include "api/api_database.h"
#include "api_test.h"

#include <stdio.h>

enum { LIMIT = 1 << 16 };

static void
test_api_problems__are_told_once_in_the_order_met(void **state)
{
    ese_api_problems problems = {0};
    ese_problem problem;

    (void)state;
    ese_api_problems_init(&problems);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            char text[32];

            snprintf(text, sizeof text, "round %u", (unsigned)round);
            ese_api_problems_add(&problems, 1000 - i / 2 * 7 % 1000,
                                 i % 2 == 0 ? JET_errReadVerifyFailure : JET_errBadPageLink, text);
        }
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(ese_api_problems_get(&problems, i, &problem));
        assert_int_equal(problem.pgno, 1000 - i / 2 * 7 % 1000);
        assert_int_equal(problem.err, i % 2 == 0 ? JET_errReadVerifyFailure : JET_errBadPageLink);
        assert_string_equal(problem.text, "round 0");
    }
    assert_false(ese_api_problems_get(&problems, 1000, &problem));
    ese_api_problems_destroy(&problems);
}

static void
test_api_problems__beyond_the_limit_are_counted(void **state)
{
    ese_api_problems problems = {0};
    ese_problem problem;

    (void)state;
    ese_api_problems_init(&problems);
    for (uint32_t pgno = 1; pgno <= LIMIT + 10; pgno++)
        ese_api_problems_add(&problems, pgno, JET_errReadVerifyFailure, "bad");
    for (uint32_t pgno = 1; pgno <= LIMIT; pgno++) /* known: not counted again */
        ese_api_problems_add(&problems, pgno, JET_errReadVerifyFailure, "bad");
    assert_true(ese_api_problems_get(&problems, LIMIT - 1, &problem));
    assert_int_equal(problem.pgno, LIMIT);
    assert_true(ese_api_problems_get(&problems, LIMIT, &problem));
    assert_int_equal(problem.err, JET_errOutOfMemory);
    assert_non_null(strstr(problem.text, "10 more"));
    assert_false(ese_api_problems_get(&problems, LIMIT + 1, &problem));
    ese_api_problems_destroy(&problems);
}

static void
test_api_problems__survive_a_lack_of_memory(void **state)
{
    ese_api_problems problems = {0};
    ese_problem problem;

    (void)state;
    ese_api_problems_init(&problems);
    for (uint32_t pgno = 1; pgno <= 100; pgno++) {
        ese_fault_arm(ESE_faultAlloc, 1 + pgno % 2, 0); /* each of the two arrays in turn */
        ese_api_problems_add(&problems, pgno, JET_errReadVerifyFailure, "bad");
        ese_fault_arm(ESE_faultAlloc, 0, 0);
        ese_api_problems_add(&problems, pgno, JET_errReadVerifyFailure, "bad");
    }
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(ese_api_problems_get(&problems, i, &problem));
        assert_int_equal(problem.pgno, i + 1);
    }
    ese_api_problems_destroy(&problems);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_problems__are_told_once_in_the_order_met),
        API_TEST(test_api_problems__beyond_the_limit_are_counted),
        API_TEST(test_api_problems__survive_a_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
