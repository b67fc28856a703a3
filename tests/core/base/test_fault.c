/* Fault points: which passage fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"

#include <pthread.h>
#include <stdatomic.h>

enum { N_THREADS = 4, N_PASSAGES = 10000 };

static int
disarm(void **state)
{
    (void)state;
    for (int fault = 0; fault < ESE_FAULT_POINT_COUNT; fault++)
        ese_fault_set((ese_fault)fault, 0, false);
    return 0;
}

static void
test_base_fault__never_hits_while_disarmed(void **state)
{
    (void)state;
    assert_false(ese_fault_is_armed(ESE_FAULT_POINT_READ));
    for (int i = 0; i < 100; i++)
        assert_false(ese_fault_hit(ESE_FAULT_POINT_READ));
}

static void
test_base_fault__hits_the_nth_passage_once(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_READ, 3, false);
    for (int i = 1; i <= 6; i++) {
        assert_int_equal(ese_fault_is_armed(ESE_FAULT_POINT_READ), i <= 3);
        assert_int_equal(ese_fault_hit(ESE_FAULT_POINT_READ), i == 3);
    }
}

static void
test_base_fault__hits_from_the_nth_passage_on_when_repeated(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_READ, 3, true);
    for (int i = 1; i <= 6; i++)
        assert_int_equal(ese_fault_hit(ESE_FAULT_POINT_READ), i >= 3);
    ese_fault_set(ESE_FAULT_POINT_READ, 0, true);
    assert_false(ese_fault_hit(ESE_FAULT_POINT_READ));
}

static void
test_base_fault__points_are_independent(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_READ, 1, false);
    assert_false(ese_fault_hit(ESE_FAULT_POINT_OPEN));
    assert_true(ese_fault_hit(ESE_FAULT_POINT_READ));
}

static void *
pass(void *n_hits)
{
    for (int i = 0; i < N_PASSAGES; i++) {
        if (ese_fault_hit(ESE_FAULT_POINT_READ))
            atomic_fetch_add((_Atomic int *)n_hits, 1);
    }
    return NULL;
}

static void
test_base_fault__hits_one_passage_of_all_threads(void **state)
{
    pthread_t threads[N_THREADS];
    _Atomic int n_hits = 0;

    (void)state;
    ese_fault_set(ESE_FAULT_POINT_READ, N_PASSAGES + 1, false);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pass, &n_hits), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(n_hits, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_base_fault__never_hits_while_disarmed, disarm),
        cmocka_unit_test_teardown(test_base_fault__hits_the_nth_passage_once, disarm),
        cmocka_unit_test_teardown(test_base_fault__hits_from_the_nth_passage_on_when_repeated,
                                  disarm),
        cmocka_unit_test_teardown(test_base_fault__points_are_independent, disarm),
        cmocka_unit_test_teardown(test_base_fault__hits_one_passage_of_all_threads, disarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
