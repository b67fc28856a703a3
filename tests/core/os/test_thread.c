/* Threads: exclusion, waiting, numbers of threads, the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/os_thread.h"

enum { N_THREADS = 4, N_ROUNDS = 20000 };

typedef struct shared_state {
    ese_os_mutex mutex;
    ese_os_cond cond;
    unsigned count; /* [lock: mutex] */
    unsigned turn;  /* [lock: mutex] */
    uint64_t ids[N_THREADS];
} shared_state;

typedef struct worker {
    shared_state *shared;
    unsigned number;
} worker;

static void
run(void *(*body)(void *), shared_state *shared)
{
    pthread_t threads[N_THREADS];
    worker workers[N_THREADS];

    ese_os_mutex_init(&shared->mutex);
    ese_os_cond_init(&shared->cond);
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){shared, i};
        assert_int_equal(pthread_create(&threads[i], NULL, body, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    ese_os_cond_destroy(&shared->cond);
    ese_os_mutex_destroy(&shared->mutex);
}

static void *
count_up(void *argument)
{
    worker *me = argument;

    for (int i = 0; i < N_ROUNDS; i++) {
        ese_os_mutex_lock(&me->shared->mutex);
        me->shared->count++;
        ese_os_mutex_unlock(&me->shared->mutex);
    }
    return NULL;
}

static void
test_os_mutex__admits_one_thread_at_a_time(void **state)
{
    shared_state s = {.count = 0};

    (void)state;
    run(count_up, &s);
    assert_int_equal(s.count, N_THREADS * N_ROUNDS);
}

/* Threads take turns, round by round: each waits for a change that another makes. */
static void *
take_turns(void *argument)
{
    worker *me = argument;
    shared_state *s = me->shared;

    ese_os_mutex_lock(&s->mutex);
    for (unsigned round = 0; round < 100; round++) {
        while (s->turn != round * N_THREADS + me->number)
            ese_os_cond_wait(&s->cond, &s->mutex);
        s->turn++;
        ese_os_cond_broadcast(&s->cond);
    }
    ese_os_mutex_unlock(&s->mutex);
    return NULL;
}

static void
test_os_cond__wakes_every_waiting_thread(void **state)
{
    shared_state s = {.turn = 0};

    (void)state;
    run(take_turns, &s);
    assert_int_equal(s.turn, 100 * N_THREADS);
}

static void
test_os_mutex__static_initialiser_gives_a_working_mutex(void **state)
{
    static ese_os_mutex mutex = ESE_OS_MUTEX_INIT;
    static ese_os_cond cond = ESE_OS_COND_INIT;

    (void)state;
    ese_os_mutex_lock(&mutex);
    ese_os_cond_broadcast(&cond);
    assert_int_not_equal(pthread_mutex_trylock(&mutex.native), 0);
    ese_os_mutex_unlock(&mutex);
    assert_int_equal(pthread_mutex_trylock(&mutex.native), 0);
    ese_os_mutex_unlock(&mutex);
}

static void *
note_id(void *argument)
{
    worker *me = argument;

    me->shared->ids[me->number] = ese_os_thread_id();
    ese_os_yield();
    return ese_os_thread_id() == me->shared->ids[me->number] ? NULL : argument;
}

static void
test_os_thread_id__is_never_zero_and_never_shared(void **state)
{
    shared_state s = {.count = 0};
    uint64_t mine = ese_os_thread_id();

    (void)state;
    run(note_id, &s);
    assert_int_equal(ese_os_thread_id(), mine);
    assert_int_not_equal(mine, 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_not_equal(s.ids[i], 0);
        assert_int_not_equal(s.ids[i], mine);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(s.ids[i], s.ids[k]);
    }
}

static void
test_os_now__never_goes_back_and_goes_on(void **state)
{
    uint64_t first = ese_os_now_ns(), last = first;

    (void)state;
    while (last == first) {
        uint64_t now = ese_os_now_ns();

        assert_true(now >= last);
        last = now;
    }
    assert_true(last > first);
}

static void *
count_and_wake(void *argument)
{
    worker *me = argument;

    ese_os_mutex_lock(&me->shared->mutex);
    me->shared->count++;
    ese_os_cond_broadcast(&me->shared->cond);
    ese_os_mutex_unlock(&me->shared->mutex);
    return NULL;
}

static void
test_os_thread__runs_its_body_until_it_is_joined(void **state)
{
    shared_state s = {.count = 0};
    worker me = {&s, 0};
    ese_os_thread thread;

    (void)state;
    ese_os_mutex_init(&s.mutex);
    ese_os_cond_init(&s.cond);
    assert_int_equal(ese_os_thread_start(&thread, count_and_wake, &me), JET_errSuccess);
    ese_os_thread_join(&thread);
    assert_int_equal(s.count, 1);
    ese_os_cond_destroy(&s.cond);
    ese_os_mutex_destroy(&s.mutex);
}

static void
test_os_cond__waits_no_longer_than_it_is_told(void **state)
{
    const uint64_t minute = 60000000000u;
    shared_state s = {.count = 0};
    worker me = {&s, 0};
    ese_os_thread thread;
    bool is_woken = true;

    (void)state;
    ese_os_mutex_init(&s.mutex);
    ese_os_cond_init(&s.cond);
    ese_os_mutex_lock(&s.mutex);
    while (is_woken) /* nobody does, but for chance */
        is_woken = ese_os_cond_wait_for(&s.cond, &s.mutex, 1);
    assert_int_equal(ese_os_thread_start(&thread, count_and_wake, &me), JET_errSuccess);
    is_woken = true;
    while (s.count == 0 && is_woken)
        is_woken = ese_os_cond_wait_for(&s.cond, &s.mutex, minute);
    assert_true(is_woken);
    ese_os_mutex_unlock(&s.mutex);
    ese_os_thread_join(&thread);
    ese_os_cond_destroy(&s.cond);
    ese_os_mutex_destroy(&s.mutex);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_mutex__admits_one_thread_at_a_time),
        cmocka_unit_test(test_os_cond__wakes_every_waiting_thread),
        cmocka_unit_test(test_os_mutex__static_initialiser_gives_a_working_mutex),
        cmocka_unit_test(test_os_thread__runs_its_body_until_it_is_joined),
        cmocka_unit_test(test_os_cond__waits_no_longer_than_it_is_told),
        cmocka_unit_test(test_os_thread_id__is_never_zero_and_never_shared),
        cmocka_unit_test(test_os_now__never_goes_back_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
