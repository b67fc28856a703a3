/* A database that a session opens for its sole use. */
#include "api_test.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
