/* Callbacks and local storage: what is accepted, what is called when a cursor or an instance ends. */
#include "api_test.h"

#include "test_fixture.h"

#include <stdio.h>

typedef struct fixture {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_TABLEID tableid; /* of a temporary table */
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

static JET_TABLEID
open_temporary(JET_SESID sesid)
{
    const JET_COLUMNDEF column = {
        .cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID columnid;
    JET_TABLEID tableid = 0;

    assert_ok(JetOpenTempTable(sesid, &column, 1, 0, &tableid, &columnid));
    return tableid;
}

static void
open_fixture(fixture *f, JET_CALLBACK runtime, bool is_disabled)
{
    freed = 0;
    f->instance = created("callbacks");
    assert_ok(set_integer(&f->instance, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)runtime));
    assert_ok(set_integer(&f->instance, JET_paramDisableCallbacks, is_disabled));
    assert_ok(JetInit(&f->instance));
    f->sesid = begun(f->instance);
    f->tableid = open_temporary(f->sesid);
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
    assert_ok(JetCloseTable(f.sesid, f.tableid)); /* takes the second one along */
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
    assert_true(ls == JET_LSNil);
    assert_ok(JetCloseTable(f.sesid, f.tableid));
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
    assert_ok(JetCloseTable(f.sesid, f.tableid));
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
    assert_ok(JetCloseTable(f.sesid, f.tableid));
    assert_int_equal(freed, 0);
    assert_ok(JetTerm(f.instance));
}

static void
test_session_storage__of_a_table_is_not_that_of_a_later_one(void **state)
{
    fixture f;
    JET_LS ls = 0;

    (void)state;
    open_fixture(&f, note, false);
    for (unsigned i = 0; i < 8; i++) {
        JET_TABLEID tableid = open_temporary(f.sesid);

        assert_int_equal(JetGetLS(f.sesid, tableid, &ls, JET_bitLSTable), JET_errLSNotSet);
        assert_ok(JetSetLS(f.sesid, tableid, 5 + i, JET_bitLSTable));
        assert_ok(JetGetLS(f.sesid, tableid, &ls, JET_bitLSTable));
        assert_int_equal(ls, 5 + i);
        assert_ok(JetCloseTable(f.sesid, tableid));
    }
    assert_ok(JetTerm(f.instance));
    assert_int_equal(freed_kind, JET_cbtypFreeTableLS);
}

/* The descriptor of a table that is closed for long is forgotten. What a client keeps with the table is not. */
static void
test_session_storage__of_a_table_outlives_its_descriptor(void **state)
{
    const char *path = test_fixture("many-4k.edb");
    JET_TABLEID tableid;
    JET_DBID dbid;
    JET_LS ls = 0;
    fixture f;

    (void)state;
    if (path == NULL)
        skip();
    open_fixture(&f, note, false);
    assert_ok(JetAttachDatabaseA(f.sesid, path, ESE_bitDbReader));
    assert_ok(JetOpenDatabaseA(f.sesid, path, NULL, &dbid, 0));
    assert_ok(JetOpenTableA(f.sesid, dbid, "Table 099", NULL, 0, 0, &tableid));
    assert_ok(JetSetLS(f.sesid, tableid, 7, JET_bitLSTable));
    assert_ok(JetCloseTable(f.sesid, tableid));
    for (unsigned i = 0; i < 99; i++) {
        char name[16];

        snprintf(name, sizeof name, "Table %03u", i);
        assert_ok(JetOpenTableA(f.sesid, dbid, name, NULL, 0, 0, &tableid));
        assert_int_equal(JetGetLS(f.sesid, tableid, &ls, JET_bitLSTable), JET_errLSNotSet);
        assert_ok(JetCloseTable(f.sesid, tableid));
    }
    assert_ok(JetOpenTableA(f.sesid, dbid, "Table 099", NULL, 0, 0, &tableid));
    assert_ok(JetGetLS(f.sesid, tableid, &ls, JET_bitLSTable));
    assert_int_equal(ls, 7);
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
        API_TEST(test_session_storage__of_a_table_is_not_that_of_a_later_one),
        API_TEST(test_session_storage__of_a_table_outlives_its_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
