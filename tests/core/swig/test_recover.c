/*
 * Reading a database that was not shut down, on an engine that only keeps a diary: what is opened, and that the copy goes.
 */
#define _XOPEN_SOURCE 700

#include "object_model_recover.h"

#include "fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const ese_recover_options reading = {.source = "file", .logs = "logs"};

static int
set_up(void **state)
{
    (void)state;
    fake_reset();
    fake.state = JET_dbstateDirtyShutdown;
    return 0;
}

static void
assert_folder_is_gone(void)
{
    assert_true(fake.recovered[0] != '\0');
    assert_int_not_equal(access(fake.recovered, F_OK), 0);
}

static void
test_swig_recover__a_clean_database_is_simply_opened(void **state)
{
    ese_recover_report *report = NULL;
    ese_model_database *database = NULL;

    (void)state;
    fake.state = JET_dbstateCleanShutdown;
    assert_int_equal(ese_model_open_recovered(&reading, &report, &database), JET_errSuccess);
    assert_null(report);
    assert_null(strstr(fake.log, "recover"));
    assert_string_equal(database->path, "file");
    ese_model_dispose(&database->object);
}

static void
test_swig_recover__the_copy_of_a_dirty_one_has_no_name_any_more_when_it_is_open(void **state)
{
    char folder[] = ESE_TEST_FOLDER "/ese-model-XXXXXX";
    ese_recover_options options = reading;
    ese_recover_report *report = NULL;
    ese_model_database *database = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    options.target = folder;
    assert_int_equal(ese_model_open_recovered(&options, &report, &database), JET_errSuccess);
    assert_non_null(report);
    assert_non_null(strstr(fake.log, "recover; "));
    assert_int_equal(strncmp(fake.recovered, folder, strlen(folder)), 0);
    assert_folder_is_gone();
    assert_int_equal(rmdir(folder), 0);
    ese_model_dispose(&database->object);
}

static void
test_swig_recover__whatever_fails_nothing_stays(void **state)
{
    static const char *const functions[] = {"ese_recover", "JetCreateInstanceA", "JetInit",
                                            "JetAttachDatabaseA", "JetOpenDatabaseA"};

    (void)state;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        ese_recover_report *report = NULL;
        ese_model_database *database = NULL;

        fake.failing = functions[i];
        fake.err = JET_errDiskFull;
        assert_int_equal(ese_model_open_recovered(&reading, &report, &database), JET_errDiskFull);
        assert_null(report);
        assert_null(database);
        assert_folder_is_gone();
    }
}

static void
test_swig_recover__logs_of_another_database_are_told_apart(void **state)
{
    ese_recover_report *report = NULL;
    ese_model_database *database = NULL;

    (void)state;
    fake.is_known = false;
    assert_int_equal(ese_model_open_recovered(&reading, &report, &database),
                     JET_errAttachedDatabaseMismatch);
    assert_non_null(strstr(ese_model_error_text(JET_errAttachedDatabaseMismatch), "file"));
    assert_folder_is_gone();
}

static void
test_swig_recover__a_copy_needs_a_folder(void **state)
{
    ese_recover_options options = reading;
    ese_recover_report *report = NULL;
    ese_model_database *database = NULL;

    (void)state;
    options.target = "/nowhere/at/all";
    assert_int_equal(ese_model_open_recovered(&options, &report, &database), JET_errInvalidPath);
    assert_non_null(strstr(ese_model_error_text(JET_errInvalidPath), "/nowhere"));
    options.source = NULL;
    assert_int_equal(ese_model_open_recovered(&options, &report, &database),
                     JET_errDatabaseInvalidPath);
}

static void
test_swig_recover__ending_before_the_undo_is_no_error_when_asked_for(void **state)
{
    char folder[] = ESE_TEST_FOLDER "/ese-model-XXXXXX", path[64];
    ese_recover_options options = {.source = "file"};
    ese_recover_report *report = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    options.target = folder;
    fake.failing = "ese_recover";
    fake.err = JET_errRecoveredWithoutUndo;
    assert_int_equal(ese_model_recover(&options, &report), JET_errRecoveredWithoutUndo);
    options.grbit = ESE_bitRecoverWithoutUndo;
    assert_int_equal(ese_model_recover(&options, &report), JET_errSuccess);
    snprintf(path, sizeof path, "%s/result", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, fake_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_swig_recover__a_clean_database_is_simply_opened),
        CASE(test_swig_recover__the_copy_of_a_dirty_one_has_no_name_any_more_when_it_is_open),
        CASE(test_swig_recover__whatever_fails_nothing_stays),
        CASE(test_swig_recover__logs_of_another_database_are_told_apart),
        CASE(test_swig_recover__a_copy_needs_a_folder),
        CASE(test_swig_recover__ending_before_the_undo_is_no_error_when_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
