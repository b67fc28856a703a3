/*
 * Lifetimes of the object model, on an engine that only keeps a diary. Invariants are those of swig/object_model.h.
 */
#include "object_model.h"

#include "fake_engine.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct objects {
    ese_model_instance *instance;
    ese_model_session *session;
    ese_model_transaction *transaction;
    ese_model_database *database;
    ese_model_cursor *cursor;
} objects;

static const ese_model_opening reading = {.path = "file"};
static const ese_model_opening nowhere = {.path = NULL};

static ese_model_instance *
start_instance(void)
{
    ese_model_instance *instance = NULL;

    assert_int_equal(ese_model_create_instance("test", &instance), JET_errSuccess);
    assert_int_equal(ese_model_start(instance), JET_errSuccess);
    return instance;
}

static objects
open_all(void)
{
    objects o = {.instance = start_instance()};

    assert_int_equal(ese_model_begin_session(o.instance, &o.session), JET_errSuccess);
    assert_int_equal(ese_model_begin_transaction(&o.session->object, 0, &o.transaction),
                     JET_errSuccess);
    assert_int_equal(ese_model_open_database(o.session, &reading, &o.database), JET_errSuccess);
    assert_int_equal(ese_model_open_cursor(o.database, "table", &o.cursor), JET_errSuccess);
    fake.log[0] = '\0';
    return o;
}

static void
release_all(const objects *o)
{
    ese_model_release(&o->cursor->object);
    ese_model_release(&o->database->object);
    ese_model_release(&o->transaction->object);
    ese_model_release(&o->session->object);
    ese_model_release(&o->instance->object);
}

static int
set_up(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

/* ---- closing ---------------------------------------------------------------------------------------------- */

static void
test_swig_model__closes_cursors_then_transaction_then_databases_then_session_then_instance(
    void **state)
{
    objects o = open_all();

    (void)state;
    assert_int_equal(ese_model_close(&o.instance->object), JET_errSuccess);
    assert_string_equal(fake.log, "close table; rollback; close database; detach; term; ");
    release_all(&o);
}

static void
test_swig_model__ends_the_session_when_only_that_is_closed(void **state)
{
    objects o = open_all();

    (void)state;
    assert_int_equal(ese_model_close(&o.session->object), JET_errSuccess);
    assert_string_equal(fake.log, "close table; rollback; close database; detach; end session; ");
    assert_true(ese_model_is_open(&o.instance->object));
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_model__closing_twice_calls_the_engine_once(void **state)
{
    objects o = open_all();

    (void)state;
    assert_int_equal(ese_model_close(&o.cursor->object), JET_errSuccess);
    assert_int_equal(ese_model_close(&o.cursor->object), JET_errSuccess);
    assert_string_equal(fake.log, "close table; ");
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_model__a_closed_object_gives_the_error_of_its_kind(void **state)
{
    objects o = open_all();
    ese_model_session *session = NULL;
    ese_model_database *database = NULL;
    ese_model_cursor *cursor = NULL;
    bool found = true;

    (void)state;
    ese_model_close(&o.instance->object);
    assert_int_equal(ese_model_begin_session(o.instance, &session), JET_errNotInitialized);
    assert_int_equal(ese_model_dup_session(o.session, &session), JET_errInvalidSesid);
    assert_int_equal(ese_model_open_database(o.session, &reading, &database), JET_errInvalidSesid);
    assert_int_equal(ese_model_open_cursor(o.database, "table", &cursor), JET_errInvalidDatabaseId);
    assert_int_equal(ese_model_move(o.cursor, 1, &found), JET_errInvalidTableId);
    assert_int_equal(ese_model_commit(o.transaction, 0), JET_errNotInTransaction);
    assert_string_equal(ese_model_error_text(JET_errNotInTransaction), "the transaction has ended");
    assert_null(session);
    release_all(&o);
}

static void
test_swig_model__an_error_while_closing_is_told_and_the_object_closed(void **state)
{
    objects o = open_all();

    (void)state;
    fake.failing = "JetCloseTable";
    fake.err = JET_errDiskIO;
    assert_int_equal(ese_model_close(&o.session->object), JET_errDiskIO);
    assert_false(ese_model_is_open(&o.session->object));
    assert_false(ese_model_is_open(&o.cursor->object));
    fake.n_open--; /* the table that the engine would not close */
    fake.failing = NULL;
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_model__an_instance_that_refuses_to_end_stays_open(void **state)
{
    objects o = open_all();
    ese_model_session *other = NULL;

    (void)state;
    fake.failing = "JetTerm2";
    fake.err = JET_errTooManyActiveUsers;
    assert_int_equal(ese_model_close(&o.instance->object), JET_errTooManyActiveUsers);
    assert_true(ese_model_is_open(&o.instance->object));
    fake.failing = NULL;
    assert_int_equal(ese_model_dup_session(o.session, &other), JET_errSuccess);
    assert_int_equal(ese_model_close(&o.instance->object), JET_errSuccess);
    ese_model_release(&other->object);
    release_all(&o);
}

static void
test_swig_model__a_file_of_its_own_ends_its_instance(void **state)
{
    ese_model_database *database = NULL;

    (void)state;
    assert_int_equal(ese_model_open_file(&reading, &database), JET_errSuccess);
    fake.log[0] = '\0';
    assert_int_equal(ese_model_close(&database->object), JET_errSuccess);
    assert_string_equal(fake.log, "close database; detach; term; ");
    ese_model_release(&database->object);
}

static void
test_swig_model__a_file_needs_a_path(void **state)
{
    ese_model_database *database = NULL;

    (void)state;
    assert_int_equal(ese_model_open_file(&nowhere, &database), JET_errDatabaseInvalidPath);
    assert_null(database);
}

static void
test_swig_model__a_file_that_cannot_be_opened_leaves_nothing(void **state)
{
    static const char *const calls[] = {"JetCreateInstanceA", "JetInit", "JetBeginSessionA",
                                        "JetAttachDatabaseA", "JetOpenDatabaseA"};

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        ese_model_database *database = NULL;

        fake.failing = calls[i];
        fake.err = JET_errFileNotFound;
        assert_int_equal(ese_model_open_file(&reading, &database), JET_errFileNotFound);
        assert_null(database);
        assert_int_equal(fake.n_open, 0);
    }
}

/* ---- dropping ------------------------------------------------------------------------------------------ */

static void
drop_in_order(const unsigned *order)
{
    objects o = open_all();
    ese_model_object *all[] = {&o.instance->object, &o.session->object, &o.transaction->object,
                               &o.database->object, &o.cursor->object};

    for (unsigned i = 0; i < 5; i++)
        ese_model_release(all[order[i]]);
    assert_string_equal(fake.log, ""); /* INV-3: dropping never calls the engine */
    ese_model_close_orphans();
    assert_int_equal(fake.n_open, 0);
}

static void
test_swig_model__any_order_of_dropping_ends_with_nothing_open(void **state)
{
    unsigned order[5];

    (void)state;
    for (unsigned code = 0; code < 3125; code++) {
        unsigned seen = 0;

        for (unsigned i = 0, rest = code; i < 5; i++, rest /= 5) {
            order[i] = rest % 5;
            seen |= 1u << order[i];
        }
        if (seen == 31)
            drop_in_order(order);
    }
}

static void
test_swig_model__a_dropped_cursor_is_closed_by_the_next_call_in_its_session(void **state)
{
    objects o = open_all();
    ese_model_cursor *second = NULL;

    (void)state;
    ese_model_release(&o.cursor->object);
    assert_string_equal(fake.log, "");
    assert_int_equal(ese_model_open_cursor(o.database, "table", &second), JET_errSuccess);
    assert_string_equal(fake.log, "close table; open table; ");
    o.cursor = second;
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_model__a_dropped_session_is_ended_by_the_next_call_of_its_instance(void **state)
{
    ese_model_instance *instance = start_instance();
    ese_model_session *session = NULL;
    ese_model_transaction *transaction = NULL;

    (void)state;
    assert_int_equal(ese_model_begin_session(instance, &session), JET_errSuccess);
    assert_int_equal(ese_model_begin_transaction(&session->object, 0, &transaction),
                     JET_errSuccess);
    ese_model_release(&session->object);
    ese_model_release(&transaction->object);
    fake.log[0] = '\0';
    assert_int_equal(ese_model_begin_session(instance, &session), JET_errSuccess);
    assert_string_equal(fake.log, "rollback; end session; begin session; ");
    ese_model_release(&session->object);
    ese_model_dispose(&instance->object);
}

static void
test_swig_model__a_child_keeps_its_dropped_parents_open(void **state)
{
    objects o = open_all();
    bool found = false;

    (void)state;
    ese_model_release(&o.instance->object);
    ese_model_release(&o.session->object);
    ese_model_release(&o.transaction->object);
    ese_model_release(&o.database->object);
    fake.n_rows = 1;
    assert_int_equal(ese_model_move(o.cursor, 1, &found), JET_errSuccess);
    assert_true(found);
    assert_true(ese_model_is_open(&o.cursor->object));
    ese_model_release(&o.cursor->object);
}

static void
test_swig_model__an_unreachable_instance_ends_when_the_next_one_is_created(void **state)
{
    objects o = open_all();
    ese_model_instance *next = NULL;

    (void)state;
    release_all(&o);
    assert_string_equal(fake.log, "");
    assert_int_equal(ese_model_create_instance("next", &next), JET_errSuccess);
    assert_string_equal(fake.log,
                        "close table; rollback; close database; detach; term; create instance; ");
    ese_model_dispose(&next->object);
}

/* ---- two threads --------------------------------------------------------------------------------------- */

/* Called from inside a call of the session, as a second thread would. */
static void
use_and_close(void *context)
{
    objects *o = context;
    bool found = false;

    assert_int_equal(ese_model_move(o->cursor, 1, &found), JET_errSessionSharingViolation);
    assert_int_equal(ese_model_close(&o->cursor->object), JET_errSessionSharingViolation);
    assert_int_equal(ese_model_close(&o->session->object), JET_errSessionSharingViolation);
    assert_int_equal(ese_model_close(&o->instance->object), JET_errSessionSharingViolation);
}

static void
test_swig_model__a_session_in_use_refuses_use_and_close(void **state)
{
    objects o = open_all();
    bool found = false;

    (void)state;
    fake.hooked = "JetMove";
    fake.hook = use_and_close;
    fake.context = &o;
    assert_int_equal(ese_model_move(o.cursor, 1, &found), JET_errSuccess);
    fake.hooked = NULL;
    assert_true(ese_model_is_open(&o.cursor->object));
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
dup_and_close(void *context)
{
    objects *o = context;
    ese_model_session *other = NULL;

    fake.failing = "JetDupSession";
    fake.err = JET_errTermInProgress;
    assert_int_equal(ese_model_dup_session(o->session, &other), JET_errTermInProgress);
    fake.failing = NULL;
    assert_int_equal(ese_model_close(&o->instance->object), JET_errTermInProgress);
}

static void
test_swig_model__during_the_end_of_the_instance_the_engine_answers(void **state)
{
    objects o = open_all();

    (void)state;
    fake.hooked = "JetTerm2";
    fake.hook = dup_and_close;
    fake.context = &o;
    assert_int_equal(ese_model_close(&o.instance->object), JET_errSuccess);
    assert_false(ese_model_is_open(&o.session->object));
    release_all(&o);
}

static void
drop_cursor(void *context)
{
    ese_model_release(&((objects *)context)->cursor->object);
}

static void
test_swig_model__an_object_dropped_during_its_own_call_survives_the_call(void **state)
{
    objects o = open_all();
    bool found = true;

    (void)state;
    fake.hooked = "JetMove";
    fake.hook = drop_cursor;
    fake.context = &o;
    assert_int_equal(ese_model_move(o.cursor, 1, &found), JET_errSuccess);
    fake.hooked = NULL;
    o.cursor = NULL;
    ese_model_close(&o.instance->object);
    ese_model_release(&o.database->object);
    ese_model_release(&o.transaction->object);
    ese_model_release(&o.session->object);
    ese_model_release(&o.instance->object);
}

static void *
dup_often(void *context)
{
    for (int i = 0; i < 200; i++) {
        ese_model_session *session = NULL;
        JET_ERR err = ese_model_begin_session(context, &session);

        if (err < JET_errSuccess)
            break;
        if (i % 2)
            (void)ese_model_close(&session->object);
        ese_model_release(&session->object);
    }
    return NULL;
}

static void
test_swig_model__threads_may_begin_close_and_drop_sessions_of_one_instance(void **state)
{
    ese_model_instance *instance = start_instance();
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, dup_often, instance), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ese_model_close(&instance->object), JET_errSuccess);
    assert_int_equal(fake.n_open, 0);
    ese_model_release(&instance->object);
}

/* The instance ends while another thread is inside the engine with an object that nobody refers to any more. */
typedef struct ending {
    objects o;
    const char *call; /* in which the other thread waits for the end */
    void (*use)(const objects *o);
    sem_t is_inside;
    sem_t is_ended;
    pthread_t other;
} ending;

static void
wait_for_the_end(void *context)
{
    ending *e = context;

    fake.hooked = NULL;
    fake.failing = e->call; /* the end has taken it */
    fake.err = JET_errInvalidTableId;
    sem_post(&e->is_inside);
    sem_wait(&e->is_ended);
}

static void *
use_in_other_thread(void *context)
{
    ending *e = context;

    assert_int_equal(ese_model_open_database(e->o.session, &reading, &e->o.database),
                     JET_errSuccess);
    assert_int_equal(ese_model_open_cursor(e->o.database, "table", &e->o.cursor), JET_errSuccess);
    ese_model_release(&e->o.cursor->object);
    fake.hooked = e->call;
    fake.hook = wait_for_the_end;
    e->use(&e->o);
    ese_model_release(&e->o.database->object);
    return NULL;
}

static void
let_other_thread_in(void *context)
{
    ending *e = context;

    fake.hooked = NULL;
    assert_int_equal(pthread_create(&e->other, NULL, use_in_other_thread, e), 0);
    sem_wait(&e->is_inside);
}

static void
end_during(const char *call, void (*use)(const objects *o))
{
    ending e = {.call = call, .use = use};

    e.o.instance = start_instance();
    assert_int_equal(ese_model_begin_session(e.o.instance, &e.o.session), JET_errSuccess);
    assert_int_equal(sem_init(&e.is_inside, 0, 0), 0);
    assert_int_equal(sem_init(&e.is_ended, 0, 0), 0);
    fake.hooked = "JetTerm2";
    fake.hook = let_other_thread_in;
    fake.context = &e;
    assert_int_equal(ese_model_close(&e.o.instance->object), JET_errSuccess);
    sem_post(&e.is_ended);
    pthread_join(e.other, NULL);
    ese_model_release(&e.o.session->object);
    ese_model_release(&e.o.instance->object);
    sem_destroy(&e.is_inside);
    sem_destroy(&e.is_ended);
}

static void
use_session(const objects *o)
{
    ese_model_transaction *transaction = NULL;

    if (ese_model_begin_transaction(&o->session->object, 0, &transaction) >= JET_errSuccess)
        ese_model_release(&transaction->object);
}

static void
close_session(const objects *o)
{
    (void)ese_model_close(&o->session->object);
}

static void
close_database(const objects *o)
{
    (void)ese_model_close(&o->database->object);
}

static void
test_swig_model__the_end_of_the_instance_may_overtake_any_close(void **state)
{
    (void)state;
    end_during("JetCloseTable", use_session);
    end_during("JetCloseTable", close_session);
    end_during("JetCloseTable", close_database);
    fake.failing = NULL;
    fake.n_open = 0; /* what the other thread began in the ended instance */
}

/* ---- transactions ------------------------------------------------------------------------------------------ */

static void
test_swig_transaction__outer_one_cannot_be_committed_before_the_inner_one(void **state)
{
    objects o = open_all();
    ese_model_transaction *inner = NULL;

    (void)state;
    assert_int_equal(ese_model_begin_transaction(&o.session->object, 0, &inner), JET_errSuccess);
    assert_int_equal(ese_model_commit(o.transaction, 0), JET_errInTransaction);
    assert_int_equal(ese_model_commit(inner, 0), JET_errSuccess);
    assert_int_equal(ese_model_commit(o.transaction, 0), JET_errSuccess);
    assert_string_equal(fake.log, "begin; commit; commit; ");
    ese_model_release(&inner->object);
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_transaction__rollback_undoes_its_level_and_those_inside_it(void **state)
{
    objects o = open_all();
    ese_model_transaction *second = NULL;
    ese_model_transaction *third = NULL;

    (void)state;
    assert_int_equal(ese_model_begin_transaction(&o.session->object, 0, &second), JET_errSuccess);
    assert_int_equal(ese_model_begin_transaction(&o.session->object, 0, &third), JET_errSuccess);
    fake.log[0] = '\0';
    assert_int_equal(ese_model_rollback(second), JET_errSuccess);
    assert_string_equal(fake.log, "rollback; rollback; ");
    assert_false(ese_model_is_open(&third->object));
    assert_true(ese_model_is_open(&o.transaction->object));
    ese_model_release(&second->object);
    ese_model_release(&third->object);
    ese_model_close(&o.instance->object);
    release_all(&o);
}

static void
test_swig_transaction__a_dropped_one_is_rolled_back_by_the_next_call(void **state)
{
    objects o = open_all();
    bool found = false;

    (void)state;
    ese_model_release(&o.transaction->object);
    assert_int_equal(ese_model_move(o.cursor, 1, &found), JET_errSuccess);
    assert_string_equal(fake.log, "rollback; ");
    o.transaction = NULL;
    ese_model_close(&o.instance->object);
    ese_model_release(&o.cursor->object);
    ese_model_release(&o.database->object);
    ese_model_release(&o.session->object);
    ese_model_release(&o.instance->object);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, fake_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(
            test_swig_model__closes_cursors_then_transaction_then_databases_then_session_then_instance),
        CASE(test_swig_model__ends_the_session_when_only_that_is_closed),
        CASE(test_swig_model__closing_twice_calls_the_engine_once),
        CASE(test_swig_model__a_closed_object_gives_the_error_of_its_kind),
        CASE(test_swig_model__an_error_while_closing_is_told_and_the_object_closed),
        CASE(test_swig_model__an_instance_that_refuses_to_end_stays_open),
        CASE(test_swig_model__a_file_of_its_own_ends_its_instance),
        CASE(test_swig_model__a_file_needs_a_path),
        CASE(test_swig_model__a_file_that_cannot_be_opened_leaves_nothing),
        CASE(test_swig_model__any_order_of_dropping_ends_with_nothing_open),
        CASE(test_swig_model__a_dropped_cursor_is_closed_by_the_next_call_in_its_session),
        CASE(test_swig_model__a_dropped_session_is_ended_by_the_next_call_of_its_instance),
        CASE(test_swig_model__a_child_keeps_its_dropped_parents_open),
        CASE(test_swig_model__an_unreachable_instance_ends_when_the_next_one_is_created),
        CASE(test_swig_model__a_session_in_use_refuses_use_and_close),
        CASE(test_swig_model__during_the_end_of_the_instance_the_engine_answers),
        CASE(test_swig_model__an_object_dropped_during_its_own_call_survives_the_call),
        CASE(test_swig_model__threads_may_begin_close_and_drop_sessions_of_one_instance),
        CASE(test_swig_model__the_end_of_the_instance_may_overtake_any_close),
        CASE(test_swig_transaction__outer_one_cannot_be_committed_before_the_inner_one),
        CASE(test_swig_transaction__rollback_undoes_its_level_and_those_inside_it),
        CASE(test_swig_transaction__a_dropped_one_is_rolled_back_by_the_next_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
