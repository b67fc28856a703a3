/*
 * Many threads duplicating and ending sessions at once. Two seconds, or ESE_TEST_SECONDS (60 is the long form).
 */
#include "api_test.h"

#include "os/os_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 64, LIMIT = 100, SLOTS = 1 << 18 };

/* The newest handle seen of each slot (its lower 18 bits): the next one must be larger, so none ever comes twice. */
static _Atomic uint64_t newest[SLOTS];

static _Atomic bool is_over;
static _Atomic uint32_t n_live;  /* sessions begun and not yet about to end */
static _Atomic uint32_t n_wrong; /* what must not happen; cmocka asserts on its own thread only */
static _Atomic uint64_t n_done;

static JET_SESID sources[THREADS];

static void
expect(bool is_right)
{
    if (!is_right)
        atomic_fetch_add(&n_wrong, 1);
}

static void
note_new(JET_SESID handle)
{
    expect(atomic_exchange(&newest[handle % SLOTS], handle) < handle);
    expect(atomic_fetch_add(&n_live, 1) < LIMIT);
}

/* Ends a session of this thread; a neighbour may be duplicating it at the moment. */
static void
end(JET_SESID handle)
{
    JET_ERR err;

    atomic_fetch_sub(&n_live, 1);
    do {
        err = JetEndSession(handle, 0);
    } while (err == JET_errSessionSharingViolation);
    expect(err == JET_errSuccess);
    expect(JetEndSession(handle, 0) == JET_errInvalidSesid);
}

static void *
dup_and_end(void *argument)
{
    uintptr_t self = (uintptr_t)argument;

    while (!atomic_load(&is_over)) {
        for (uintptr_t k = 0; k < 16; k++) {
            JET_SESID handle = 0, second = 0;
            JET_ERR err = JetDupSession(sources[k % 4 == 0 ? (self + k) % THREADS : self], &handle);

            expect(err == JET_errSuccess || err == JET_errOutOfSessions ||
                   err == JET_errSessionSharingViolation);
            if (err != JET_errSuccess)
                continue;
            note_new(handle);
            if (k % 3 == 0 && JetDupSession(handle, &second) == JET_errSuccess) {
                note_new(second);
                end(second);
            }
            end(handle);
            atomic_fetch_add_explicit(&n_done, 1, memory_order_relaxed);
        }
    }
    return NULL;
}

static uint64_t
seconds(void)
{
    const char *text = getenv("ESE_TEST_SECONDS");

    return text != NULL ? strtoull(text, NULL, 10) : 2;
}

static void
test_session_threads__dup_and_end_without_a_handle_valid_twice(void **state)
{
    JET_INSTANCE instance = created("many");
    uint64_t until = ese_os_now_ns() + seconds() * 1000000000u;
    pthread_t threads[THREADS];
    JET_SESID handles[LIMIT];

    (void)state;
    assert_ok(set_integer(&instance, JET_paramMaxSessions, LIMIT));
    assert_ok(JetInit(&instance));
    for (int i = 0; i < THREADS; i++) {
        sources[i] = begun(instance);
        note_new(sources[i]);
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, dup_and_end, (void *)i), 0);
    while (ese_os_now_ns() < until)
        ese_os_yield();
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    assert_int_equal(atomic_load(&n_wrong), 0);
    assert_true(atomic_load(&n_done) > 0);
    assert_int_equal(atomic_load(&n_live), THREADS);
    for (int i = THREADS; i < LIMIT; i++) /* the count is exact: so many, and not one more */
        assert_ok(JetDupSession(sources[0], &handles[i]));
    assert_int_equal(JetDupSession(sources[0], &handles[0]), JET_errOutOfSessions);
    assert_ok(JetTerm(instance));
}

static void *
work_until_term(void *argument)
{
    JET_SESID source = *(JET_SESID *)argument;
    JET_ERR err;

    do {
        JET_SESID handle = 0;

        err = JetDupSession(source, &handle);
        if (err == JET_errSuccess)
            JetEndSession(handle, 0);
        if (err == JET_errSuccess)
            err = JetBeginTransaction(source);
        if (err == JET_errSuccess)
            err = JetCommitTransaction(source, 0);
        atomic_fetch_add_explicit(&n_done, 1, memory_order_relaxed);
    } while (err == JET_errSuccess);
    while (err == JET_errTermInProgress) /* JetTerm gives up while a transaction is open */
        err = JetRollback(source, 0);
    expect(err == JET_errInvalidSesid || err == JET_errSuccess || err == JET_errNotInTransaction);
    return NULL;
}

static void
test_session_threads__term_waits_for_calls_in_flight(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        JET_INSTANCE instance = created("many");
        pthread_t threads[8];
        uint64_t done = atomic_load(&n_done);

        assert_ok(set_integer(&instance, JET_paramMaxSessions, 16));
        assert_ok(JetInit(&instance));
        for (int i = 0; i < 8; i++) {
            sources[i] = begun(instance);
            assert_int_equal(pthread_create(&threads[i], NULL, work_until_term, &sources[i]), 0);
        }
        while (atomic_load(&n_done) == done)
            ese_os_yield();
        for (JET_ERR err = JET_errTooManyActiveUsers; err != JET_errSuccess;) {
            err = JetTerm(instance);
            assert_true(err == JET_errSuccess || err == JET_errTooManyActiveUsers);
        }
        for (int i = 0; i < 8; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(atomic_load(&n_wrong), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_session_threads__dup_and_end_without_a_handle_valid_twice),
        API_TEST(test_session_threads__term_waits_for_calls_in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
