/* Callbacks and local storage: what is accepted, what is called when a cursor or an instance ends. */
#include "api_test.h"

#include "api/api.h"

/* Cursor handles without a table behind them: only the handle matters here. */
typedef struct fixture {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_TABLEID tableid;
    int cursor;
} fixture;

static JET_LS freed;
static JET_CBTYP freed_kind;
static JET_TABLEID freed_tableid;

static JET_ERR JET_API
note(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *arg1, void *arg2,
     void *context, JET_API_PTR unused)
{
    (void)sesid;
    (void)dbid;
    (void)arg2;
    (void)context;
    (void)unused;
    freed = *(JET_LS *)arg1;
    freed_kind = cbtyp;
    freed_tableid = tableid;
    return JET_errSuccess;
}

static void
open_fixture(fixture *f, JET_CALLBACK runtime, bool is_disabled)
{
    ese_api_session *session = NULL;

    freed = 0;
    f->instance = created("callbacks");
    assert_ok(set_integer(&f->instance, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)runtime));
    assert_ok(set_integer(&f->instance, JET_paramDisableCallbacks, is_disabled));
    assert_ok(JetInit(&f->instance));
    f->sesid = begun(f->instance);
    assert_ok(ese_api_enter(f->sesid, ESE_API_ORDINARY, &session));
    assert_ok(ese_api_cursor_handle_create(session, &f->cursor, &f->tableid));
    ese_api_leave(session, JET_errSuccess);
}

static void
retire_cursor(fixture *f)
{
    ese_api_session *session = NULL;

    assert_ok(ese_api_enter(f->sesid, ESE_API_CLOSING, &session));
    ese_api_cursor_handle_retire(session, f->tableid);
    ese_api_leave(session, JET_errSuccess);
}

static void
test_session_callback__is_checked_when_registered(void **state)
{
    fixture f;
    JET_HANDLE first = 0, second = 0;

    (void)state;
    open_fixture(&f, NULL, false);
    assert_int_equal(JetRegisterCallback(f.sesid, f.tableid, JET_cbtypNull, note, NULL, &first),
                     JET_errInvalidParameter);
    assert_int_equal(JetRegisterCallback(f.sesid, f.tableid, 2, NULL, NULL, &first),
                     JET_errInvalidParameter);
    assert_int_equal(JetRegisterCallback(f.sesid, f.tableid, 2, note, NULL, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetRegisterCallback(f.sesid, 77, 2, note, NULL, &first),
                     JET_errInvalidTableId);
    assert_ok(JetRegisterCallback(f.sesid, f.tableid, 2, note, NULL, &first));
    assert_ok(JetRegisterCallback(f.sesid, f.tableid, 0x80000000u, note, NULL, &second));
    assert_int_not_equal(first, second);
    assert_int_equal(JetUnregisterCallback(f.sesid, f.tableid, 4, first),
                     JET_wrnCallbackNotRegistered);
    assert_ok(JetUnregisterCallback(f.sesid, f.tableid, 2, first));
    assert_int_equal(JetUnregisterCallback(f.sesid, f.tableid, 2, first),
                     JET_wrnCallbackNotRegistered);
    retire_cursor(&f); /* takes the second one along */
    assert_int_equal(JetUnregisterCallback(f.sesid, f.tableid, 0x80000000u, second),
                     JET_errInvalidTableId);
    assert_ok(JetTerm(f.instance));
}

static void
test_session_storage__needs_a_runtime_callback(void **state)
{
    fixture f;
    JET_LS ls = 77;

    (void)state;
    open_fixture(&f, NULL, false);
    assert_int_equal(JetSetLS(f.sesid, f.tableid, 5, JET_bitLSCursor),
                     JET_errLSCallbackNotSpecified);
    assert_int_equal(JetSetLS(f.sesid, f.tableid, 5, 0), JET_errLSCallbackNotSpecified);
    assert_int_equal(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSCursor), JET_errLSNotSet);
    assert_int_equal(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSTable), JET_errLSNotSet);
    assert_int_equal(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSTable | JET_bitLSCursor),
                     JET_errInvalidGrbit);
    assert_int_equal(JetGetLS(f.sesid, f.tableid, &ls, 0x100), JET_errInvalidGrbit);
    assert_int_equal(JetGetLS(f.sesid, JET_tableidNil, &ls, 0), JET_errInvalidTableId);
    assert_int_equal(ls, 77);
    retire_cursor(&f);
    assert_ok(JetTerm(f.instance));
}

static void
test_session_storage__of_a_cursor_is_given_back_when_it_closes(void **state)
{
    fixture f;
    JET_LS ls = 0;

    (void)state;
    open_fixture(&f, note, false);
    assert_ok(JetSetLS(f.sesid, f.tableid, 5, JET_bitLSCursor));
    assert_int_equal(JetSetLS(f.sesid, f.tableid, 6, JET_bitLSCursor), JET_errLSAlreadySet);
    assert_ok(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSCursor));
    assert_int_equal(ls, 5);
    assert_int_equal(JetGetLS(f.sesid, f.tableid, NULL, JET_bitLSCursor), JET_errInvalidParameter);
    assert_ok(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSCursor | JET_bitLSReset));
    assert_int_equal(JetGetLS(f.sesid, f.tableid, &ls, JET_bitLSCursor), JET_errLSNotSet);
    assert_ok(JetSetLS(f.sesid, f.tableid, 6, JET_bitLSCursor));
    assert_int_equal(freed, 0);
    retire_cursor(&f);
    assert_int_equal(freed, 6);
    assert_int_equal(freed_kind, JET_cbtypFreeCursorLS);
    assert_int_equal(freed_tableid, f.tableid);
    assert_ok(JetTerm(f.instance));
}

static void
test_session_storage__is_dropped_silently_when_callbacks_are_off(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f, note, true);
    assert_ok(JetSetLS(f.sesid, f.tableid, 5, JET_bitLSCursor));
    retire_cursor(&f);
    assert_int_equal(freed, 0);
    assert_ok(JetTerm(f.instance));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_session_callback__is_checked_when_registered),
        API_TEST(test_session_storage__needs_a_runtime_callback),
        API_TEST(test_session_storage__of_a_cursor_is_given_back_when_it_closes),
        API_TEST(test_session_storage__is_dropped_silently_when_callbacks_are_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
