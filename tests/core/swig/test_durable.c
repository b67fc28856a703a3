/*
 * Files with a log and commits that wait for it, on an engine that only keeps a diary.
 */
#define _XOPEN_SOURCE 700

#include "object_model_durable.h"

#include "fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct told {
    unsigned n;
    JET_ERR answer;
    const char *phase;
    uint64_t done, total;
} told;

static JET_ERR
step(void *context, const char *phase, uint64_t done, uint64_t total)
{
    told *t = context;

    *t = (told){t->n + 1, t->answer, phase, done, total};
    return t->answer;
}

static int
set_up(void **state)
{
    (void)state;
    fake_reset();
    fake.state = JET_dbstateCleanShutdown;
    return 0;
}

static void
open_and_close(const ese_model_opening *opening)
{
    ese_model_database *database = NULL;

    fake.log[0] = '\0';
    assert_int_equal(ese_model_open_file(opening, &database), JET_errSuccess);
    ese_model_dispose(&database->object);
}

static void
test_swig_durable__only_a_database_that_is_not_clean_is_looked_for_where_it_is(void **state)
{
    ese_model_opening opening = {.path = "file", .access = ESE_MODEL_ENSURE, .log = "log"};

    (void)state;
    open_and_close(&opening);
    assert_null(strstr(fake.log, "map"));
    fake.state = JET_dbstateDirtyShutdown;
    open_and_close(&opening);
    assert_non_null(strstr(fake.log, "init with map; "));
    opening.log = NULL;
    open_and_close(&opening);
    assert_null(strstr(fake.log, "map"));
}

static void
test_swig_durable__a_database_that_is_made_anew_may_be_missing(void **state)
{
    const ese_model_opening opening = {.path = "file", .access = ESE_MODEL_CREATE, .log = "log"};

    (void)state;
    fake.state = JET_dbstateDirtyShutdown;
    open_and_close(&opening);
    assert_non_null(strstr(fake.log, "ignore missing; "));
    assert_null(strstr(fake.log, "map"));
}

static void
test_swig_durable__what_is_only_read_has_no_log(void **state)
{
    const ese_model_opening opening = {.path = "file", .log = "log"};
    ese_model_database *database = NULL;

    (void)state;
    assert_int_equal(ese_model_open_file(&opening, &database), JET_errInvalidParameter);
    assert_null(database);
}

static void
test_swig_durable__recovery_at_the_start_tells_and_can_be_ended(void **state)
{
    told t = {.answer = JET_errSuccess};
    ese_model_opening opening = {
        .path = "file", .access = ESE_MODEL_CHANGE, .log = "log", .progress = {&t, step}};
    ese_model_database *database = NULL;

    (void)state;
    open_and_close(&opening);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.phase, "recovery");
    assert_int_equal(t.done, 1);
    assert_int_equal(t.total, 2);
    t.answer = JET_errTermInProgress;
    assert_int_equal(ese_model_open_file(&opening, &database), JET_errTermInProgress);
    assert_int_equal(t.n, 2);
}

static ese_model_session *
begin_session(ese_model_instance **instance_out)
{
    ese_model_session *session = NULL;

    assert_int_equal(ese_model_create_instance("test", instance_out), JET_errSuccess);
    assert_int_equal(ese_model_start(*instance_out), JET_errSuccess);
    assert_int_equal(ese_model_begin_session(*instance_out, &session), JET_errSuccess);
    fake.log[0] = '\0';
    return session;
}

static void
test_swig_durable__flushing_waits_for_one_session_or_for_all(void **state)
{
    ese_model_instance *instance = NULL;
    ese_model_session *session = begin_session(&instance);
    bool is_lazy = true;

    (void)state;
    assert_int_equal(ese_model_flush(session, false), JET_errSuccess);
    assert_int_equal(ese_model_flush(session, true), JET_errSuccess);
    assert_int_equal(ese_model_set_lazy(session, true), JET_errSuccess);
    assert_int_equal(ese_model_set_lazy(session, false), JET_errSuccess);
    assert_string_equal(fake.log, "wait; wait for all; lazy; eager; ");
    assert_int_equal(ese_model_get_lazy(session, &is_lazy), JET_errSuccess);
    assert_false(is_lazy);
    ese_model_dispose(&instance->object);
    assert_int_equal(ese_model_flush(session, true), JET_errInvalidSesid);
    ese_model_release(&session->object);
}

static void
test_swig_durable__a_backup_makes_its_folder_tells_and_can_be_ended(void **state)
{
    char top[] = ESE_TEST_FOLDER "/ese-model-XXXXXX", folder[64], inner[96];
    ese_model_instance *instance = NULL;
    ese_model_session *session = begin_session(&instance);
    told t = {.answer = JET_errSuccess};
    ese_model_progress progress = {&t, step};

    (void)state;
    assert_non_null(mkdtemp(top));
    snprintf(folder, sizeof folder, "%s/a", top);
    snprintf(inner, sizeof inner, "%s/b", folder);
    assert_int_equal(ese_model_backup(instance, "", 0, &progress), JET_errNoBackupDirectory);
    assert_int_equal(ese_model_backup(instance, inner, 0, &progress), JET_errSuccess);
    assert_string_equal(t.phase, "backup");
    assert_int_equal(t.total, 4);
    assert_int_equal(rmdir(inner), 0);
    t.answer = JET_errTermInProgress;
    assert_int_equal(ese_model_backup(instance, inner, JET_bitBackupIncremental, &progress),
                     JET_errTermInProgress);
    assert_int_not_equal(rmdir(inner), 0); /* not made */
    assert_string_equal(fake.log, "backup; incremental backup; ");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(top), 0);
    ese_model_dispose(&instance->object);
    ese_model_release(&session->object);
}

static void
test_swig_durable__the_session_ends_its_innermost_transaction(void **state)
{
    ese_model_instance *instance = NULL;
    ese_model_session *session = begin_session(&instance);
    ese_model_transaction *outer = NULL, *inner = NULL;

    (void)state;
    assert_int_equal(ese_model_begin_transaction(&session->object, 0, &outer), JET_errSuccess);
    assert_int_equal(ese_model_begin_transaction(&session->object, 0, &inner), JET_errSuccess);
    assert_int_equal(ese_model_commit_innermost(session, 0), JET_errSuccess);
    assert_false(ese_model_is_open(&inner->object));
    assert_true(ese_model_is_open(&outer->object));
    fake.failing = "JetCommitTransaction";
    fake.err = JET_errLogWriteFail;
    assert_int_equal(ese_model_commit_innermost(session, 0), JET_errLogWriteFail);
    assert_true(ese_model_is_open(&outer->object));
    fake.failing = NULL;
    assert_int_equal(ese_model_rollback_innermost(session), JET_errSuccess);
    assert_false(ese_model_is_open(&outer->object));
    assert_int_equal(session->level, 0);
    ese_model_release(&inner->object);
    ese_model_release(&outer->object);
    ese_model_dispose(&instance->object);
    ese_model_release(&session->object);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, fake_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_swig_durable__only_a_database_that_is_not_clean_is_looked_for_where_it_is),
        CASE(test_swig_durable__a_database_that_is_made_anew_may_be_missing),
        CASE(test_swig_durable__what_is_only_read_has_no_log),
        CASE(test_swig_durable__recovery_at_the_start_tells_and_can_be_ended),
        CASE(test_swig_durable__flushing_waits_for_one_session_or_for_all),
        CASE(test_swig_durable__a_backup_makes_its_folder_tells_and_can_be_ended),
        CASE(test_swig_durable__the_session_ends_its_innermost_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
