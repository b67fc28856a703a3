/* A gate: while it is closed nobody gets in, and who is inside is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/os_gate.h"

#include <stdatomic.h>

enum { WALKERS = 3, ROUNDS = 200 };

typedef struct yard {
    ese_os_gate gate;
    _Atomic unsigned n_inside;
    _Atomic uint64_t n_passages;
    _Atomic bool is_over;
} yard;

static void *
walk(void *self)
{
    yard *y = self;

    while (!atomic_load(&y->is_over)) {
        ese_os_gate_enter(&y->gate);
        atomic_fetch_add(&y->n_inside, 1);
        ese_os_yield();
        atomic_fetch_sub(&y->n_inside, 1);
        atomic_fetch_add(&y->n_passages, 1);
        ese_os_gate_leave(&y->gate);
    }
    return NULL;
}

static void
test_os_gate__keeps_everybody_out_while_it_is_closed(void **state)
{
    static yard y;
    ese_os_thread threads[WALKERS];
    uint64_t before;

    (void)state;
    ese_os_gate_init(&y.gate);
    for (unsigned i = 0; i < WALKERS; i++)
        assert_int_equal(ese_os_thread_start(&threads[i], walk, &y), JET_errSuccess);
    for (unsigned i = 0; i < ROUNDS; i++) {
        ese_os_gate_close(&y.gate);
        before = atomic_load(&y.n_passages);
        assert_int_equal(atomic_load(&y.n_inside), 0);
        for (unsigned j = 0; j < 10; j++)
            ese_os_yield();
        assert_int_equal(atomic_load(&y.n_inside), 0);
        assert_int_equal(atomic_load(&y.n_passages), before);
        ese_os_gate_open(&y.gate);
        while (atomic_load(&y.n_passages) == before)
            ese_os_yield();
    }
    atomic_store(&y.is_over, true);
    for (unsigned i = 0; i < WALKERS; i++)
        ese_os_thread_join(&threads[i]);
    ese_os_gate_destroy(&y.gate);
}

static void
test_os_gate__is_open_only_when_it_was_opened_as_often_as_closed(void **state)
{
    ese_os_gate gate;

    (void)state;
    ese_os_gate_init(&gate);
    ese_os_gate_close(&gate);
    ese_os_gate_close(&gate);
    ese_os_gate_open(&gate);
    assert_int_equal(gate.n_closed, 1);
    ese_os_gate_open(&gate);
    ese_os_gate_enter(&gate);
    ese_os_gate_leave(&gate);
    ese_os_gate_enter(NULL); /* no gate keeps nobody out */
    ese_os_gate_leave(NULL);
    ese_os_gate_destroy(&gate);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_gate__keeps_everybody_out_while_it_is_closed),
        cmocka_unit_test(test_os_gate__is_open_only_when_it_was_opened_as_often_as_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
