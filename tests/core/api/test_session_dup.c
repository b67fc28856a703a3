/*
 * JetDupSession: every documented result, reached for real, and what a duplicate does not inherit.
 * (JET_errRestoreInProgress needs a restore, which does not exist yet.)
 */
#include "api_test.h"

#include "api/api.h"

#include <pthread.h>
#include <sched.h>

static void
test_session_dup__gives_another_session_that_works(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance), other = 0;

    (void)state;
    assert_ok(JetDupSession(session, &other));
    assert_int_not_equal(other, session);
    assert_ok(JetBeginTransaction(other));
    assert_ok(JetCommitTransaction(other, 0));
    assert_ok(JetEndSession(session, 0));
    assert_ok(JetBeginTransaction(other)); /* it lives without its source */
    assert_ok(JetRollback(other, 0));
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__after_stop_of_the_service(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance), other = 77;

    (void)state;
    assert_ok(JetStopServiceInstance(instance));
    assert_int_equal(JetDupSession(session, &other), JET_errClientRequestToStopJetService);
    assert_int_equal(other, 77);
    assert_ok(JetEndSession(session, 0)); /* what closes things still works */
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__after_a_fatal_error(void **state)
{
    JET_INSTANCE instance = started("dup"), healthy = started("healthy");
    JET_SESID session = begun(instance), unhurt = begun(healthy), other = 77;

    (void)state;
    assert_ok(JetBeginTransaction(session));
    assert_ok(ese_fault_arm(ESE_faultFatal, 1, 0));
    assert_int_equal(JetDupSession(session, &other), JET_errInstanceUnavailable);
    assert_int_equal(JetDupSession(session, &other), JET_errInstanceUnavailable);
    assert_int_equal(other, 77);
    assert_int_equal(JetEndSession(session, 0), JET_errInstanceUnavailable);
    assert_int_equal(JetRollback(session, 0), JET_errInstanceUnavailable);
    assert_int_equal(JetBeginSessionA(instance, &other, NULL, NULL), JET_errInstanceUnavailable);
    assert_ok(JetDupSession(unhurt, &other)); /* the neighbour goes on */
    assert_ok(JetTerm(instance)); /* although a transaction is open: nobody could end it */
    assert_ok(JetTerm(healthy));
}

static void
test_session_dup__without_a_place_for_the_handle(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance);

    (void)state;
    assert_int_equal(JetDupSession(session, NULL), JET_errInvalidParameter);
    assert_ok(JetEndSession(session, 0));
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__without_a_started_instance(void **state)
{
    JET_INSTANCE instance = 0;
    JET_SESID other = 77;

    (void)state;
    assert_int_equal(JetDupSession(0xfff0123456789abcu, &other), JET_errNotInitialized);
    instance = created("dup");
    assert_int_equal(JetDupSession(0xfff0123456789abcu, &other), JET_errNotInitialized);
    assert_int_equal(JetDupSession(instance, &other), JET_errNotInitialized);
    assert_int_equal(JetDupSession(0, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession(JET_sesidNil, &other), JET_errInvalidSesid);
    assert_int_equal(other, 77);
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__without_memory_changes_nothing(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance), other = 77;
    int64_t live = ese_live_allocations();

    (void)state;
    for (int i = 0; i < 100; i++) { /* far beyond the limit of sessions: no failure counts as one */
        assert_ok(ese_fault_arm(ESE_faultAlloc, 1, 0));
        assert_int_equal(JetDupSession(session, &other), JET_errOutOfMemory);
    }
    assert_int_equal(other, 77);
    assert_int_equal(ese_live_allocations(), live);
    assert_ok(JetDupSession(session, &other));
    assert_ok(JetTerm(instance));
}

static void
expect_exactly(uint32_t n_sessions, JET_INSTANCE instance)
{
    JET_SESID sessions[64] = {begun(instance)};
    JET_SESID extra = 77;

    for (uint32_t i = 1; i < n_sessions; i++)
        assert_ok(JetDupSession(sessions[i - 1], &sessions[i]));
    assert_int_equal(JetDupSession(sessions[0], &extra), JET_errOutOfSessions);
    assert_int_equal(JetBeginSessionA(instance, &extra, NULL, NULL), JET_errOutOfSessions);
    assert_int_equal(extra, 77);

    assert_ok(JetEndSession(sessions[n_sessions - 1], 0));
    if (n_sessions > 1)
        assert_ok(JetDupSession(sessions[0], &sessions[n_sessions - 1]));
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__gives_exactly_as_many_sessions_as_allowed(void **state)
{
    JET_INSTANCE instance;

    (void)state;
    expect_exactly(16, started("default"));
    for (uint32_t limit = 1; limit <= 64; limit += 21) {
        instance = created("limit");
        assert_ok(set_integer(&instance, JET_paramMaxSessions, limit));
        assert_ok(JetInit(&instance));
        expect_exactly(limit, instance);
    }
    instance = created("zero");
    assert_ok(set_integer(&instance, JET_paramMaxSessions, 0));
    assert_ok(JetInit(&instance));
    expect_exactly(16, instance); /* no limit of its own */
}

static void *
run_term(void *instance)
{
    return (void *)(intptr_t)JetTerm(*(JET_INSTANCE *)instance);
}

static void
test_session_dup__while_another_thread_terminates(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance), other = 0;
    JET_ERR err = JET_errSuccess;
    pthread_t thread;
    void *result = NULL;

    (void)state;
    assert_ok(ese_fault_arm(ESE_faultTerm, 1, 0));
    assert_int_equal(pthread_create(&thread, NULL, run_term, &instance), 0);
    while (err == JET_errSuccess) { /* until the other thread is inside */
        err = JetDupSession(session, &other);
        if (err == JET_errSuccess)
            assert_true(JetEndSession(other, 0) <= JET_errSuccess);
        sched_yield();
    }
    assert_int_equal(err, JET_errTermInProgress);
    assert_int_equal(JetDupSession(session, &other), JET_errTermInProgress);
    assert_int_equal(JetEndSession(session, 0), JET_errTermInProgress);
    assert_int_equal(JetTerm(instance), JET_errTermInProgress);
    assert_int_equal(JetBeginSessionA(instance, &other, NULL, NULL), JET_errTermInProgress);
    assert_ok(ese_fault_arm(ESE_faultTerm, 0, 0));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((intptr_t)result, JET_errSuccess);
    assert_int_equal(JetDupSession(session, &other), JET_errInvalidSesid);
}

static void
test_session_dup__of_anything_that_is_no_session(void **state)
{
    JET_INSTANCE instance = started("dup"), second = started("second");
    JET_SESID session = begun(instance), ended = begun(instance), gone = begun(second), other = 77;
    uint64_t random = 88172645463325252u;

    (void)state;
    assert_ok(JetEndSession(ended, 0));
    assert_ok(JetTerm(second));
    assert_int_equal(JetDupSession(0, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession(JET_sesidNil, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession(ended, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession(gone, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession(instance, &other), JET_errInvalidSesid);
    assert_int_equal(JetDupSession((JET_SESID)(uintptr_t)&other, &other), JET_errInvalidSesid);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(JetDupSession(session ^ (uint64_t)1 << bit, &other), JET_errInvalidSesid);
    for (int i = 0; i < 100000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (random != session)
            assert_int_equal(JetDupSession(random, &other), JET_errInvalidSesid);
    }
    assert_int_equal(other, 77);
    assert_ok(JetDupSession(session, &other));
    assert_ok(JetTerm(instance));
    assert_int_equal(JetDupSession(session, &other), JET_errInvalidSesid);
}

static void
test_session_dup__of_a_session_in_use(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID handle = begun(instance), other = 77;
    ese_api_session *session = NULL;

    (void)state;
    assert_ok(ese_api_enter(handle, ESE_API_ORDINARY, &session));
    assert_int_equal(JetDupSession(handle, &other), JET_errSessionSharingViolation);
    assert_int_equal(JetEndSession(handle, 0), JET_errSessionSharingViolation);
    assert_int_equal(ese_api_leave(session, JET_errRecordNotFound), JET_errRecordNotFound);
    assert_ok(JetDupSession(handle, &other));
    assert_ok(JetTerm(instance));
}

static uint32_t
parameter_of(JET_SESID session, uint32_t sesparamid)
{
    uint32_t value = 77;

    assert_ok(JetGetSessionParameter(session, sesparamid, &value, sizeof value, NULL));
    return value;
}

static void
test_session_dup__carries_no_transaction_parameter_or_context_over(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID session = begun(instance), other = 0;
    JET_OPERATIONCONTEXT operation = {.ulUserID = 5}, found;
    uint32_t value = 1;

    (void)state;
    assert_ok(JetSetSessionParameter(session, JET_sesparamCommitDefault, &value, sizeof value));
    assert_ok(JetSetSessionParameter(session, JET_sesparamCorrelationID, &value, sizeof value));
    assert_ok(JetSetSessionParameter(session, JET_sesparamOperationContext, &operation,
                                     sizeof operation));
    assert_ok(JetSetSessionContext(session, 0x1234));
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetBeginTransaction2(session, 0));

    assert_ok(JetDupSession(session, &other));
    assert_int_equal(parameter_of(session, JET_sesparamTransactionLevel), 2);
    assert_int_equal(parameter_of(other, JET_sesparamTransactionLevel), 0);
    assert_int_equal(parameter_of(other, JET_sesparamCommitDefault), 0);
    assert_int_equal(parameter_of(other, JET_sesparamCorrelationID), 0);
    assert_ok(
        JetGetSessionParameter(other, JET_sesparamOperationContext, &found, sizeof found, NULL));
    assert_int_equal(found.ulUserID, 0);
    assert_int_equal(JetRollback(other, 0), JET_errNotInTransaction);
    assert_int_equal(JetResetSessionContext(other), JET_errSessionContextNotSetByThisThread);
    assert_ok(JetRollback(session, JET_bitRollbackAll));
    assert_ok(JetTerm(instance));
}

static void
test_session_dup__carries_no_database_and_no_cursor_over(void **state)
{
    JET_INSTANCE instance = started("dup");
    JET_SESID handle = begun(instance), other_handle = 0;
    ese_api_session *session = NULL, *other = NULL;
    JET_TABLEID tableid = 0;
    int cursor;

    (void)state;
    assert_ok(ese_api_enter(handle, ESE_API_ORDINARY, &session));
    ese_api_session_opens(session)[1] = 1;
    assert_ok(ese_api_cursor_handle_create(session, &cursor, &tableid));
    ese_api_leave(session, JET_errSuccess);

    assert_ok(JetDupSession(handle, &other_handle));
    assert_ok(ese_api_enter(other_handle, ESE_API_ORDINARY, &other));
    assert_ptr_equal(ese_api_session_instance(other), ese_api_session_instance(session));
    for (int i = 0; i < ESE_API_DATABASES_MAX; i++)
        assert_int_equal(ese_api_session_opens(other)[i], 0);
    assert_null(ese_api_cursor_find(other, tableid));
    assert_int_equal(ese_api_cursor_error(other, tableid), JET_errSesidTableIdMismatch);
    ese_api_leave(other, JET_errSuccess);

    assert_ok(ese_api_enter(handle, ESE_API_ORDINARY, &session));
    assert_ptr_equal(ese_api_cursor_find(session, tableid), &cursor);
    ese_api_cursor_handle_retire(session, tableid);
    assert_null(ese_api_cursor_find(session, tableid));
    assert_int_equal(ese_api_cursor_error(session, tableid), JET_errInvalidTableId);
    ese_api_session_opens(session)[1] = 0;
    ese_api_leave(session, JET_errSuccess);
    assert_ok(JetTerm(instance));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_session_dup__gives_another_session_that_works),
        API_TEST(test_session_dup__after_stop_of_the_service),
        API_TEST(test_session_dup__after_a_fatal_error),
        API_TEST(test_session_dup__without_a_place_for_the_handle),
        API_TEST(test_session_dup__without_a_started_instance),
        API_TEST(test_session_dup__without_memory_changes_nothing),
        API_TEST(test_session_dup__gives_exactly_as_many_sessions_as_allowed),
        API_TEST(test_session_dup__while_another_thread_terminates),
        API_TEST(test_session_dup__of_anything_that_is_no_session),
        API_TEST(test_session_dup__of_a_session_in_use),
        API_TEST(test_session_dup__carries_no_transaction_parameter_or_context_over),
        API_TEST(test_session_dup__carries_no_database_and_no_cursor_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
