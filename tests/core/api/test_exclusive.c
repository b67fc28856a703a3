/* A database that a session opens for its sole use, and sessions that may open only one. */
#include "api_test.h"

#include <stdio.h>

#include "test_fixture.h"

static const char *path;
static test_session first;
static JET_SESID second;

static int
set_up(void **state)
{
    remember_memory(state);
    path = test_fixture("small-4k.edb");
    if (path == NULL)
        return 0;
    first = test_session_open(path, 0);
    TEST_OK(JetDupSession(first.sesid, &second));
    return 0;
}

static int
tear_down(void **state)
{
    if (path != NULL)
        test_session_close(&first);
    return compare_memory(state);
}

static JET_ERR
open_by(JET_SESID sesid, JET_GRBIT grbit)
{
    JET_DBID dbid;

    return JetOpenDatabaseA(sesid, path, NULL, &dbid, grbit);
}

static void
test_api_exclusive__needs_the_database_for_itself(void **state)
{
    (void)state;
    if (path == NULL)
        skip();
    assert_int_equal(open_by(second, JET_bitDbExclusive), JET_errDatabaseInUse);
    assert_ok(open_by(first.sesid, JET_bitDbExclusive)); /* open, but by the same session */
    assert_int_equal(open_by(second, 0), JET_errDatabaseLocked);
}

/* However often the session opened the database. */
static void
test_api_exclusive__ends_with_the_first_close(void **state)
{
    (void)state;
    if (path == NULL)
        skip();
    assert_ok(open_by(first.sesid, JET_bitDbExclusive));
    assert_ok(open_by(first.sesid, 0));
    assert_int_equal(open_by(second, 0), JET_errDatabaseLocked);
    assert_ok(JetCloseDatabase(first.sesid, first.dbid, 0));
    assert_ok(open_by(second, 0));
}

static void
test_api_exclusive__ends_with_its_session(void **state)
{
    (void)state;
    if (path == NULL)
        skip();
    assert_ok(open_by(first.sesid, JET_bitDbExclusive));
    assert_ok(JetEndSession(first.sesid, 0));
    assert_ok(open_by(second, JET_bitDbExclusive));
}

static void
test_api_one_database__per_session_where_the_parameter_asks_for_it(void **state)
{
    const char *other_path;
    char own_path[1024];
    JET_INSTANCE instance;
    JET_SESID sesid, other;
    JET_DBID dbid;

    (void)state;
    if (path == NULL)
        skip();
    snprintf(own_path, sizeof own_path, "%s", path);
    other_path = test_fixture("cursors-4k.edb");
    instance = created("one database");
    assert_ok(set_integer(&instance, JET_paramOneDatabasePerSession, 1));
    assert_ok(JetInit(&instance));
    sesid = begun(instance);
    other = begun(instance);
    assert_ok(JetAttachDatabaseA(sesid, own_path, ESE_bitDbReader));
    assert_ok(JetOpenDatabaseA(sesid, own_path, NULL, &dbid, 0));
    assert_ok(JetOpenDatabaseA(sesid, own_path, NULL, &dbid, 0));
    assert_int_equal(JetAttachDatabaseA(sesid, other_path, ESE_bitDbReader),
                     JET_errOneDatabasePerSession);
    assert_int_equal(JetOpenDatabaseA(sesid, other_path, NULL, &dbid, 0), JET_errDatabaseNotFound);
    assert_ok(JetAttachDatabaseA(other, other_path, ESE_bitDbReader));
    assert_int_equal(JetOpenDatabaseA(sesid, other_path, NULL, &dbid, 0),
                     JET_errOneDatabasePerSession);
    assert_ok(JetTerm(instance));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_exclusive__needs_the_database_for_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_exclusive__ends_with_the_first_close, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_exclusive__ends_with_its_session, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_api_one_database__per_session_where_the_parameter_asks_for_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
