/* Many threads: tables come and go, columns are added, others open the tables and keep up. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "ddl_test.h"

#include <stdatomic.h>

enum { WRITERS = 3, READERS = 3, ROUNDS = 60, COLUMNS = 40 };

typedef struct shared {
    ddl_test t;
    _Atomic bool is_over;
} shared;

typedef struct worker {
    shared *all;
    unsigned number;
    pthread_t thread;
} worker;

/* Creates, changes and deletes tables of its own; every third transaction is undone. */
static void *
write_tables(void *argument)
{
    worker *w = argument;
    ddl_test *t = &w->all->t;
    ese_txn_session session;
    char name[32];

    test_fresh_session(&t->db, &session);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const ese_schema_new_table what = {.name = name};
        const ese_schema_new_column column = {.name = "c", .coltyp = JET_coltypLong};
        ese_schema_table *table = NULL;
        JET_COLUMNID columnid = 0;
        uint32_t objid = 0;

        (void)snprintf(name, sizeof name, "own %u %u", w->number, round);
        TEST_OK(ese_txn_begin(&session, false));
        TEST_OK(ese_schema_create_table(&session, t->schema, &what, &table));
        TEST_OK(ese_schema_add_column(&session, t->schema, table, &column, &columnid));
        TEST_OK(
            ese_schema_create_index(&session, t->schema, table, DDL_INDEX("i", "+c\0", 0), &objid));
        ese_schema_table_release(t->schema, &table);
        if (round % 3 == 0) {
            TEST_OK(ese_txn_rollback(&session, true));
            continue;
        }
        TEST_OK(ese_txn_commit(&session));
        if (round % 3 == 1)
            TEST_OK(ese_schema_delete_table(&session, t->schema, name));
    }
    ese_txn_session_end(&session);
    return NULL;
}

/* Adds columns to the common table, against whoever does the same. */
static void *
add_columns(void *argument)
{
    worker *w = argument;
    ddl_test *t = &w->all->t;
    ese_schema_table *table = NULL;
    ese_txn_session session;
    unsigned n = 0;

    test_fresh_session(&t->db, &session);
    TEST_OK(ese_schema_table_open(t->schema, &session, "common", &table));
    while (n < COLUMNS) {
        char name[32];
        const ese_schema_new_column column = {.name = name, .coltyp = JET_coltypBinary};
        JET_COLUMNID columnid = 0;
        JET_ERR err;

        (void)snprintf(name, sizeof name, "%u of %u", n, w->number);
        ese_schema_enter_ddl(table);
        err = ese_schema_add_column(&session, t->schema, table, &column, &columnid);
        ese_schema_leave_ddl(table);
        assert_true(err == JET_errSuccess || err == JET_errWriteConflict);
        n += err == JET_errSuccess;
        TEST_OK(ese_schema_table_sync(t->schema, &session, &table));
        assert_true(err < JET_errSuccess || ese_schema_find_column(table, columnid) != NULL);
    }
    ese_schema_table_release(t->schema, &table);
    ese_txn_session_end(&session);
    return NULL;
}

/* What a transaction sees of the common table stays as it is while it lasts; from one to the next it only grows. */
static void *
read_tables(void *argument)
{
    worker *w = argument;
    ddl_test *t = &w->all->t;
    ese_schema_table *table = NULL;
    ese_txn_session session;
    uint64_t generation = 0;
    unsigned n_before = 0;

    test_fresh_session(&t->db, &session);
    TEST_OK(ese_schema_table_open(t->schema, &session, "common", &table));
    while (!atomic_load(&w->all->is_over)) {
        ese_schema_table *again = NULL, *maintained[ESE_SCHEMA_MAINTAINED_MAX];
        unsigned n = 0;

        TEST_OK(ese_txn_begin(&session, false));
        TEST_OK(ese_schema_table_sync(t->schema, &session, &table));
        generation = ese_schema_generation(t->schema, &session);
        assert_true(table->n_columns >= n_before);
        n_before = table->n_columns;
        TEST_OK(ese_schema_table_open(t->schema, &session, "COMMON", &again));
        assert_ptr_equal(again, table);
        ese_schema_enter_change(table);
        TEST_OK(ese_schema_maintained(t->schema, table, maintained, &n));
        ese_schema_release_maintained(t->schema, table, maintained, n);
        ese_schema_leave_change(table);
        ese_schema_table_release(t->schema, &again);
        TEST_OK(ese_txn_commit(&session));
        assert_true(ese_schema_generation(t->schema, &session) > generation);
    }
    ese_schema_table_release(t->schema, &table);
    ese_txn_session_end(&session);
    return NULL;
}

static void
test_schema_ddl__on_many_threads(void **state)
{
    static shared all;
    worker writers[WRITERS], adders[2], readers[READERS];
    ese_schema_table *table;

    (void)state;
    memset(&all, 0, sizeof all);
    ddl_create(&all.t, 4096);
    table = ddl_create_table(&all.t, 0, "common");
    ese_schema_table_release(all.t.schema, &table);
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (worker){.all = &all, .number = i};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_tables, &readers[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        adders[i] = (worker){.all = &all, .number = i};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_columns, &adders[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (worker){.all = &all, .number = i};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_tables, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_join(adders[i].thread, NULL), 0);
    atomic_store(&all.is_over, true);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
    ddl_check_catalog(&all.t);
    ddl_reopen(&all.t);
    table = ddl_open(&all.t, 0, "common");
    assert_int_equal(table->n_columns, 2 * COLUMNS);
    ese_schema_table_release(all.t.schema, &table);
    for (unsigned i = 0; i < WRITERS; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            char name[32];

            (void)snprintf(name, sizeof name, "own %u %u", i, round);
            assert_int_equal(ddl_sees(&all.t, 0, name), round % 3 == 2);
        }
    }
    ddl_check_catalog(&all.t);
    ddl_remove(&all.t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_ddl__on_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
