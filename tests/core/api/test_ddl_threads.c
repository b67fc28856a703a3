/*
 * Records are written by some sessions while others create and delete indexes and columns of the table, and come and go with tables of their own. The checker compares every
 * index with the records afterwards.
 */
#define _XOPEN_SOURCE 700

#include "test_fresh.h"

#include "api_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WRITERS = 3, ROUNDS = 25, RECORDS = 400 };

/* Threads of their own cannot fail a test; they end the program, and say where. */
static void
demand(bool is_right, const char *what, JET_ERR err)
{
    if (!is_right) {
        fprintf(stderr, "%s: %d: %s\n", what, (int)err, ese_error_text(err));
        abort();
    }
}

#define MUST(call)                                                                                 \
    do {                                                                                           \
        JET_ERR err_of_call = (call);                                                              \
        demand(err_of_call == JET_errSuccess, #call, err_of_call);                                 \
    } while (0)

/* What may meet somebody else's change. */
#define MAY_CONFLICT(err)                                                                          \
    demand((err) == JET_errSuccess || (err) == JET_errWriteConflict, "conflict", err)

typedef struct scene {
    test_jet jet;
    JET_COLUMNID id, value;
    _Atomic bool is_over;
    _Atomic uint32_t n_built, n_refused;
} scene;

typedef struct worker {
    scene *all;
    unsigned number;
    pthread_t thread;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID table;
} worker;

static void
begin_worker(worker *w)
{
    MUST(JetBeginSessionA(w->all->jet.instance, &w->sesid, NULL, NULL));
    MUST(JetOpenDatabaseA(w->sesid, w->all->jet.path, NULL, &w->dbid, 0));
    MUST(JetOpenTableA(w->sesid, w->dbid, "common", NULL, 0, 0, &w->table));
}

static void
end_worker(worker *w)
{
    MUST(JetEndSession(w->sesid, 0));
}

static JET_ERR
put(const worker *w, uint32_t prep, const int32_t *id, int32_t value)
{
    const scene *s = w->all;
    JET_ERR err = JetPrepareUpdate(w->sesid, w->table, prep);

    if (err < JET_errSuccess)
        return err;
    if (id != NULL)
        MUST(JetSetColumn(w->sesid, w->table, s->id, id, sizeof *id, 0, NULL));
    MUST(JetSetColumn(w->sesid, w->table, s->value, &value, sizeof value, 0, NULL));
    err = JetUpdate(w->sesid, w->table, NULL, 0, NULL);
    if (err < JET_errSuccess)
        MUST(JetPrepareUpdate(w->sesid, w->table, JET_prepCancel));
    return err;
}

/* Inserts records of its own, changes some, deletes some, and undoes every fourth transaction. */
static void *
write_records(void *argument)
{
    worker *w = argument;

    begin_worker(w);
    for (int32_t i = 0; i < RECORDS; i++) {
        const int32_t id = i * WRITERS + (int32_t)w->number;

        MUST(JetBeginTransaction(w->sesid));
        MUST(put(w, JET_prepInsert, &id, i % 17));
        if (i > 10 && JetMove(w->sesid, w->table, JET_MoveLast, 0) == JET_errSuccess) {
            JET_ERR err =
                i % 5 == 0 ? JetDelete(w->sesid, w->table) : put(w, JET_prepReplace, NULL, i % 13);

            MAY_CONFLICT(err);
        }
        if (i % 4 == 3)
            MUST(JetRollback(w->sesid, 0));
        else
            MUST(JetCommitTransaction(w->sesid, 0));
    }
    end_worker(w);
    return NULL;
}

static void
note(scene *s, JET_ERR err)
{
    MAY_CONFLICT(err);
    atomic_fetch_add(err == JET_errSuccess ? &s->n_built : &s->n_refused, 1);
}

/* An index comes and goes; every third creation is undone. */
static void *
change_indexes(void *argument)
{
    worker *w = argument;
    char name[16];

    begin_worker(w);
    for (unsigned i = 0; !atomic_load(&w->all->is_over); i++) {
        JET_ERR err;

        (void)snprintf(name, sizeof name, "i%u", i);
        MUST(JetBeginTransaction(w->sesid));
        err = JetCreateIndexA(w->sesid, w->table, name, 0, "+value\0-id\0", 12, 80);
        note(w->all, err);
        if (i % 3 == 0)
            MUST(JetRollback(w->sesid, 0));
        else
            MUST(JetCommitTransaction(w->sesid, 0));
        if (err == JET_errSuccess && i % 3 != 0) {
            err = JetDeleteIndexA(w->sesid, w->table, name);
            MAY_CONFLICT(err);
        }
    }
    end_worker(w);
    return NULL;
}

/* Tables and columns that nobody else looks at. */
static void *
change_tables(void *argument)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    worker *w = argument;
    JET_COLUMNID columnid;
    char name[16];

    begin_worker(w);
    for (unsigned i = 0; i < ROUNDS; i++) {
        JET_TABLEID table;
        JET_ERR err;

        (void)snprintf(name, sizeof name, "t%u", i);
        MUST(JetCreateTableA(w->sesid, w->dbid, name, 0, 0, &table));
        MUST(JetAddColumnA(w->sesid, table, "c", &definition, NULL, 0, &columnid));
        MUST(JetCloseTable(w->sesid, table));
        if (i % 2 == 0)
            MUST(JetDeleteTableA(w->sesid, w->dbid, name));
        err = JetAddColumnA(w->sesid, w->table, name, &definition, NULL, 0, &columnid);
        note(w->all, err);
        if (err == JET_errSuccess && i % 2 == 0) {
            err = JetDeleteColumnA(w->sesid, w->table, name);
            MAY_CONFLICT(err);
        }
    }
    end_worker(w);
    return NULL;
}

static void
make_table(scene *s)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_SESID sesid = s->jet.sesid;
    JET_TABLEID table;

    assert_ok(JetCreateTableA(sesid, s->jet.dbid, "common", 0, 0, &table));
    assert_ok(JetAddColumnA(sesid, table, "id", &definition, NULL, 0, &s->id));
    assert_ok(JetAddColumnA(sesid, table, "value", &definition, NULL, 0, &s->value));
    assert_ok(JetCreateIndexA(sesid, table, "pk", JET_bitIndexPrimary, "+id\0", 5, 80));
    assert_ok(JetCreateIndexA(sesid, table, "value", 0, "+value\0", 8, 80));
    assert_ok(JetCloseTable(sesid, table));
}

static void
test_api_ddl__beside_writers_on_many_threads(void **state)
{
    static scene s;
    worker workers[WRITERS + 2];
    void *(*const changers[2])(void *) = {change_indexes, change_tables};

    (void)state;
    memset(&s, 0, sizeof s);
    test_jet_create(&s.jet, 0);
    make_table(&s);
    for (unsigned i = 0; i < WRITERS + 2; i++) {
        workers[i] = (worker){.all = &s, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL,
                                        i < WRITERS ? write_records : changers[i - WRITERS],
                                        &workers[i]),
                         0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(pthread_join(workers[WRITERS + 1].thread, NULL), 0);
    atomic_store(&s.is_over, true);
    assert_int_equal(pthread_join(workers[WRITERS].thread, NULL), 0);
    assert_true(atomic_load(&s.n_built) > 0);
    test_jet_close(&s.jet);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_ddl__beside_writers_on_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
