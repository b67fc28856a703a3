/* Sessions: handles, contexts, parameters, transactions, what JetTerm and JetStopService do to them. */
#include "api_test.h"

#include "api/api.h"

#include <pthread.h>

static void
test_session_begin__needs_a_started_instance_and_a_place(void **state)
{
    JET_INSTANCE instance = created("a");
    JET_SESID session = 77;

    (void)state;
    assert_int_equal(JetBeginSessionA(instance, &session, NULL, NULL), JET_errNotInitialized);
    assert_int_equal(JetBeginSessionA(0, &session, NULL, NULL), JET_errInvalidParameter);
    assert_int_equal(JetBeginSessionA(JET_instanceNil, &session, NULL, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetBeginSessionA(0x12345678, &session, NULL, NULL), JET_errInvalidInstance);
    assert_ok(JetInit(&instance));
    assert_int_equal(JetBeginSessionA(instance, NULL, NULL, NULL), JET_errInvalidParameter);
    assert_int_equal(session, 77);
    assert_ok(JetBeginSessionW(instance, &session, u"admin", u""));
    assert_int_equal(JetBeginSessionA(session, &session, NULL, NULL), JET_errInvalidInstance);
    assert_ok(JetTerm(instance));
}

static void
test_session_end__makes_the_handle_invalid_for_every_call(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance), again = 0;
    uint32_t value = 0;

    (void)state;
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetEndSession(session, 0x80000000u)); /* rolls back; options mean nothing */
    for (int i = 0; i < 10; i++) {                  /* whoever gets the slot next */
        again = begun(instance);
        assert_int_not_equal(again, session);
        assert_int_equal(JetEndSession(session, 0), JET_errInvalidSesid);
        assert_int_equal(JetBeginTransaction(session), JET_errInvalidSesid);
        assert_int_equal(JetCommitTransaction(session, 0), JET_errInvalidSesid);
        assert_int_equal(JetCommitTransaction2(session, 0, 0, NULL), JET_errInvalidSesid);
        assert_int_equal(JetRollback(session, 0), JET_errInvalidSesid);
        assert_int_equal(JetGetVersion(session, &value), JET_errInvalidSesid);
        assert_int_equal(JetIdle(session, 0), JET_errInvalidSesid);
        assert_int_equal(JetSetSessionContext(session, 5), JET_errInvalidSesid);
        assert_int_equal(JetResetSessionContext(session), JET_errInvalidSesid);
        assert_int_equal(
            JetGetSessionParameter(session, JET_sesparamCommitDefault, &value, sizeof value, NULL),
            JET_errInvalidSesid);
        assert_int_equal(JetSetSystemParameterA(NULL, session, JET_paramCommitDefault, 0, NULL),
                         JET_errInvalidSesid);
        assert_ok(JetEndSession(again, 0));
    }
    assert_ok(JetTerm(instance));
}

static void
test_session_context__is_set_and_reset_once(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);

    (void)state;
    assert_int_equal(JetResetSessionContext(session), JET_errSessionContextNotSetByThisThread);
    assert_int_equal(JetSetSessionContext(session, 0), JET_errInvalidParameter);
    assert_int_equal(JetSetSessionContext(session, UINT64_MAX), JET_errInvalidParameter);
    assert_ok(JetSetSessionContext(session, 1));
    assert_int_equal(JetSetSessionContext(session, 1), JET_errSessionContextAlreadySet);
    assert_int_equal(JetEndSession(session, 0), JET_errSessionInUse);
    assert_ok(JetResetSessionContext(session));
    assert_ok(JetEndSession(session, 0));
    assert_ok(JetTerm(instance));
}

typedef struct visit {
    JET_SESID session;
    JET_API_PTR context; /* 0: none */
    JET_ERR set, commit, reset;
} visit;

/* Commits the transaction of a session from another thread. */
static void *
commit_elsewhere(void *argument)
{
    visit *v = argument;

    if (v->context != 0)
        v->set = JetSetSessionContext(v->session, v->context);
    v->commit = JetCommitTransaction(v->session, 0);
    v->reset = JetResetSessionContext(v->session);
    return NULL;
}

static visit
visited(JET_SESID session, JET_API_PTR context)
{
    visit v = {.session = session, .context = context};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, commit_elsewhere, &v), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return v;
}

static void
test_session_transaction__belongs_to_the_thread_that_began_it(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);

    (void)state;
    assert_ok(JetBeginTransaction(session));
    assert_int_equal(visited(session, 0).commit, JET_errSessionSharingViolation);
    assert_int_equal(visited(session, 5).commit, JET_errSessionSharingViolation);
    assert_ok(JetCommitTransaction(session, 0));
    assert_int_equal(visited(session, 0).commit, JET_errNotInTransaction);
    assert_ok(JetTerm(instance));
}

static void
test_session_transaction__travels_with_its_context(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);
    visit v;

    (void)state;
    assert_ok(JetSetSessionContext(session, 5));
    assert_ok(JetBeginTransaction(session));
    assert_int_equal(visited(session, 0).commit, JET_errSessionSharingViolation);
    assert_int_equal(visited(session, 0).reset, JET_errSessionContextNotSetByThisThread);
    assert_ok(JetResetSessionContext(session));
    assert_int_equal(JetRollback(session, JET_bitRollbackAll), JET_errSessionSharingViolation);
    assert_int_equal(JetBeginTransaction(session), JET_errSessionSharingViolation);
    v = visited(session, 6);
    assert_int_equal(v.commit, JET_errSessionSharingViolation);
    v = visited(session, 5);
    assert_ok(v.set);
    assert_ok(v.commit);
    assert_ok(v.reset);
    assert_ok(JetTerm(instance));
}

static void
test_session_transaction__goes_seven_levels_deep(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);

    (void)state;
    for (int level = 1; level <= 7; level++)
        assert_ok(level % 2 != 0 ? JetBeginTransaction2(session, 0xff00)
                                 : JetBeginTransaction3(session, -1, 0));
    assert_int_equal(JetBeginTransaction(session), JET_errTransTooDeep);
    assert_ok(JetRollback(session, 0));
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetRollback(session, JET_bitRollbackAll));
    assert_int_equal(JetRollback(session, JET_bitRollbackAll), JET_errNotInTransaction);
    assert_int_equal(JetCommitTransaction(session, 0), JET_errNotInTransaction);
    assert_ok(JetTerm(instance));
}

static void
test_session_commit__knows_its_options(void **state)
{
    static const struct {
        JET_GRBIT grbit;
        JET_ERR outside, inside;
        uint32_t levels_ended;
    } cases[] = {
        {0, JET_errNotInTransaction, JET_errSuccess, 1},
        {JET_bitCommitLazyFlush, JET_errNotInTransaction, JET_errSuccess, 1},
        {JET_bitWaitLastLevel0Commit, JET_errSuccess, JET_errSuccess, 0},
        {JET_bitWaitAllLevel0Commit, JET_errSuccess, JET_errSuccess, 0},
        {JET_bitForceNewLog, JET_errSuccess, JET_errSuccess, 0},
        {JET_bitCommitLazyFlush | JET_bitWaitLastLevel0Commit, JET_errInvalidGrbit,
         JET_errInvalidGrbit, 0},
        {JET_bitCommitLazyFlush | JET_bitWaitAllLevel0Commit, JET_errInvalidGrbit,
         JET_errInvalidGrbit, 0},
        {4, JET_errInvalidGrbit, JET_errInvalidGrbit, 0},
        {0x80000000u, JET_errInvalidGrbit, JET_errInvalidGrbit, 0},
    };
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t level = 77;

        assert_int_equal(JetCommitTransaction(session, cases[i].grbit), cases[i].outside);
        assert_ok(JetBeginTransaction(session));
        assert_int_equal(JetCommitTransaction(session, cases[i].grbit), cases[i].inside);
        assert_ok(JetGetSessionParameter(session, JET_sesparamTransactionLevel, &level,
                                         sizeof level, NULL));
        assert_int_equal(level, 1 - cases[i].levels_ended);
        if (level != 0)
            assert_ok(JetRollback(session, 0));
    }
    assert_int_equal(JetRollback(session, 2), JET_errInvalidGrbit);
    assert_ok(JetTerm(instance));
}

static void
test_session_commit2__tells_the_log_and_takes_a_delay_for_lazy_commits_only(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);
    JET_COMMIT_ID first, second;
    JET_SIGNATURE signature;

    (void)state;
    memset(&first, 0, sizeof first);
    memset(&second, 1, sizeof second);
    assert_ok(JetBeginTransaction(session));
    assert_int_equal(JetCommitTransaction2(session, 0, 10, &first), JET_errInvalidParameter);
    assert_int_equal(JetCommitTransaction2(session, 0x4000, 0, &first), JET_errInvalidGrbit);
    assert_int_equal(first.signLog.ulRandom, 0);
    assert_ok(JetCommitTransaction2(session, 0, 0, &first));
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetCommitTransaction2(session, JET_bitCommitLazyFlush, 100, &second));
    assert_ok(JetGetInstanceMiscInfo(instance, &signature, sizeof signature,
                                     JET_InstanceMiscInfoLogSignature));
    assert_memory_equal(&first.signLog, &signature, sizeof signature);
    assert_memory_equal(&second.signLog, &signature, sizeof signature);
    assert_ok(JetTerm(instance));
}

static void
test_session_term__refuses_while_a_transaction_is_open(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance), idle = begun(instance);

    (void)state;
    assert_ok(JetBeginTransaction(session));
    assert_int_equal(JetTerm(instance), JET_errTooManyActiveUsers);
    assert_int_equal(JetTerm2(instance, JET_bitTermAbrupt), JET_errTooManyActiveUsers);
    assert_ok(JetBeginTransaction(session)); /* everything stays usable */
    assert_ok(JetBeginTransaction(idle));
    assert_ok(JetEndSession(begun(instance), 0));
    assert_int_equal(JetTerm2(instance, JET_bitTermDirty), JET_errDirtyShutdown);
    assert_int_equal(JetTerm(instance), JET_errInvalidInstance);
    assert_int_equal(JetRollback(session, 0), JET_errInvalidSesid);
}

static void
test_session_stop__lets_only_closing_calls_through(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance), other = 0;
    uint32_t version = 0;

    (void)state;
    assert_ok(JetSetSessionContext(session, 5));
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetStopServiceInstance(instance));
    assert_ok(JetStopServiceInstance(instance));
    assert_int_equal(JetBeginSessionA(instance, &other, NULL, NULL),
                     JET_errClientRequestToStopJetService);
    assert_int_equal(JetBeginTransaction(session), JET_errClientRequestToStopJetService);
    assert_int_equal(JetCommitTransaction(session, 0), JET_errClientRequestToStopJetService);
    assert_int_equal(JetGetVersion(session, &version), JET_errClientRequestToStopJetService);
    assert_int_equal(JetSetSessionContext(session, 1), JET_errClientRequestToStopJetService);
    assert_int_equal(get_integer(instance, JET_paramMaxSessions), 16);
    assert_int_equal(JetTerm(instance), JET_errTooManyActiveUsers);
    assert_int_equal(JetBeginTransaction(session), JET_errClientRequestToStopJetService);
    assert_ok(JetRollback(session, 0));
    assert_ok(JetResetSessionContext(session));
    assert_ok(JetEndSession(session, 0));
    assert_ok(JetTerm(instance));
}

static void
test_session_param__checks_number_and_size(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);
    uint32_t value = 0, n = 0;
    uint8_t big[64];

    (void)state;
    assert_int_equal(JetGetSessionParameter(session, 0, &value, sizeof value, NULL),
                     JET_errInvalidSesparamId);
    assert_int_equal(JetSetSessionParameter(session, JET_sesparamMaxValueInvalid, &value, 4),
                     JET_errInvalidSesparamId);
    assert_int_equal(JetSetSessionParameter(session, JET_sesparamTransactionLevel, &value, 4),
                     JET_errFeatureNotAvailable);
    assert_int_equal(JetSetSessionParameter(session, JET_sesparamCommitDefault, &value, 3),
                     JET_errInvalidBufferSize);
    assert_int_equal(JetSetSessionParameter(session, JET_sesparamCommitDefault, NULL, 4),
                     JET_errInvalidBufferSize);
    assert_int_equal(
        JetGetSessionParameter(session, JET_sesparamCommitDefault, big, sizeof big, &n),
        JET_errInvalidBufferSize);
    assert_int_equal(n, 4);
    assert_int_equal(JetGetSessionParameter(session, JET_sesparamCommitDefault, NULL, 4, NULL),
                     JET_errInvalidBufferSize);
    n = 0;
    assert_ok(JetGetSessionParameter(session, JET_sesparamOperationContext, NULL, 0, &n));
    assert_int_equal(n, sizeof(JET_OPERATIONCONTEXT));
    assert_ok(JetTerm(instance));
}

static void
test_session_misc__answers_version_idle_and_statistics(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance);
    uint32_t version = 0;
    JET_THREADSTATS stats;

    (void)state;
    assert_ok(JetGetVersion(session, &version));
    assert_true((version & 0xffffff) >> 8 >= 9200); /* programs ask for the build of Windows 8 */
    assert_int_equal(JetGetVersion(session, NULL), JET_errInvalidParameter);
    assert_int_equal(JetIdle(session, JET_bitIdleCompact), JET_wrnNoIdleActivity);
    assert_ok(JetIdle(session, JET_bitIdleStatus));
    assert_int_equal(JetIdle(session, JET_bitIdleFlushBuffers), JET_errInvalidGrbit);
    assert_ok(JetGetThreadStats(&stats, sizeof stats));
    assert_int_equal(stats.cbStruct, sizeof stats);
    assert_int_equal(stats.cPageDirtied, 0);
    assert_int_equal(JetGetThreadStats(&stats, sizeof stats - 1), JET_errBufferTooSmall);
    assert_int_equal(JetGetThreadStats(NULL, sizeof stats), JET_errInvalidParameter);
    assert_ok(JetTerm(instance));
}

static void
test_session_cursors__are_limited_per_instance(void **state)
{
    JET_INSTANCE instance = created("a");
    ese_api_session *session = NULL;
    JET_SESID handle;
    JET_TABLEID cursors[3];
    int object;

    (void)state;
    assert_ok(set_integer(&instance, JET_paramMaxCursors, 2));
    assert_ok(JetInit(&instance));
    handle = begun(instance);
    assert_ok(ese_api_enter(handle, ESE_API_ORDINARY, &session));
    assert_ok(ese_api_cursor_handle_create(session, &object, &cursors[0]));
    assert_ok(ese_api_cursor_handle_create(session, &object, &cursors[1]));
    assert_int_equal(ese_api_cursor_handle_create(session, &object, &cursors[2]),
                     JET_errOutOfCursors);
    ese_api_cursor_handle_retire(session, cursors[0]);
    assert_ok(ese_api_cursor_handle_create(session, &object, &cursors[2]));
    assert_int_not_equal(cursors[0], cursors[2]);
    assert_null(ese_api_cursor_find(session, cursors[0]));
    ese_api_cursor_handle_retire(session, cursors[1]);
    ese_api_cursor_handle_retire(session, cursors[2]);
    ese_api_leave(session, JET_errSuccess);
    assert_ok(JetTerm(instance));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_session_begin__needs_a_started_instance_and_a_place),
        API_TEST(test_session_end__makes_the_handle_invalid_for_every_call),
        API_TEST(test_session_context__is_set_and_reset_once),
        API_TEST(test_session_transaction__belongs_to_the_thread_that_began_it),
        API_TEST(test_session_transaction__travels_with_its_context),
        API_TEST(test_session_transaction__goes_seven_levels_deep),
        API_TEST(test_session_commit__knows_its_options),
        API_TEST(test_session_commit2__tells_the_log_and_takes_a_delay_for_lazy_commits_only),
        API_TEST(test_session_term__refuses_while_a_transaction_is_open),
        API_TEST(test_session_stop__lets_only_closing_calls_through),
        API_TEST(test_session_param__checks_number_and_size),
        API_TEST(test_session_misc__answers_version_idle_and_statistics),
        API_TEST(test_session_cursors__are_limited_per_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
