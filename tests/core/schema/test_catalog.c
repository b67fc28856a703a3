/* Finding tables, sharing their descriptors, keeping some that are closed. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "schema_test.h"

enum { MANY = 100, THREADS = 8, ROUNDS = 40 };

/* ---- Names ---- */

static void
test_schema_open__finds_names_without_regard_to_case(void **state)
{
    static const char *const spellings[] = {"types-common", "TYPES-COMMON", "Types-Common"};
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *first = open_descriptor(&test, spellings[0]);

    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        ese_schema_table *table = open_descriptor(&test, spellings[i]);

        assert_ptr_equal(table, first);
        assert_string_equal(table->name, "types-common");
        ese_schema_table_release(test.schema, &table);
    }
    ese_schema_table_release(test.schema, &first);
    close_schema(&test);
}

static void
test_schema_open__fails_for_names_that_do_not_exist(void **state)
{
    static const char *const wrong[] = {"", "type", "types-commonly", "ById", "Id"};
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *table = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ese_schema_table_open(test.schema, NULL, wrong[i], &table),
                         JET_errObjectNotFound);
        assert_null(table);
    }
    close_schema(&test);
}

typedef struct listing {
    unsigned n, n_system;
    unsigned stop_after;
    char last[4 * ESE_SCHEMA_NAME_MAX + 1];
} listing;

static JET_ERR
visit(void *self, const ese_schema_object *object)
{
    listing *list = self;

    assert_true(ese_schema__compare_names(list->last, object->name) < 0);
    snprintf(list->last, sizeof list->last, "%s", object->name);
    list->n++;
    list->n_system += (object->flags & (uint32_t)ESE_SCHEMA_TABLE_SYSTEM) != 0;
    return list->n == list->stop_after ? JET_errTooManyActiveUsers : JET_errSuccess;
}

static void
test_schema_list__visits_all_tables_in_the_order_of_names(void **state)
{
    test_schema test = open_schema(test_fixture("many-4k.edb"));
    listing all = {0}, some = {.stop_after = 7};

    (void)state;
    TEST_OK(ese_schema_list(test.schema, NULL, &all, visit));
    assert_int_equal(all.n - all.n_system, MANY);
    assert_true(all.n_system >= 4);
    assert_string_equal(all.last, "Table 099");
    assert_int_equal(ese_schema_list(test.schema, NULL, &some, visit), JET_errTooManyActiveUsers);
    assert_int_equal(some.n, 7);
    close_schema(&test);
}

/* ---- Holders ---- */

static void
test_schema_table__is_one_descriptor_for_all_holders(void **state)
{
    test_schema test = open_schema(test_fixture("types-8k.edb"));
    ese_schema_table *first = open_descriptor(&test, "notes");
    ese_schema_table *second = open_descriptor(&test, "notes"), *third = first, *again;

    (void)state;
    assert_ptr_equal(first, second);
    ese_schema_table_hold(test.schema, third);
    ese_schema_table_release(test.schema, &first);
    ese_schema_table_release(test.schema, &second);
    assert_string_equal(third->name, "notes");
    again = third;
    ese_schema_table_release(test.schema, &third);
    assert_int_equal(test.schema->n_closed, 1);
    third = open_descriptor(&test, "notes");
    assert_ptr_equal(third, again); /* a closed one is used again */
    assert_int_equal(test.schema->n_closed, 0);
    ese_schema_table_release(test.schema, &third);
    ese_schema_table_release(test.schema, &third); /* NULL is fine */
    close_schema(&test);
}

static ese_schema_table *
open_number(const test_schema *test, unsigned number)
{
    char name[20];

    snprintf(name, sizeof name, "Table %03u", number);
    return open_descriptor(test, name);
}

static void
test_schema_table__keeps_a_limited_number_of_closed_ones(void **state)
{
    test_schema test = open_schema(test_fixture("many-4k.edb"));
    int64_t live[2];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned number = 0; number < MANY; number++) {
            ese_schema_table *table = open_number(&test, number);
            unsigned expected = number < ESE_SCHEMA__CLOSED_MAX && round == 0
                                    ? number + 1
                                    : (unsigned)ESE_SCHEMA__CLOSED_MAX;

            assert_int_equal(table->columns[1].size_max, number + 1);
            ese_schema_table_release(test.schema, &table);
            assert_int_equal(test.schema->n_closed, expected);
        }
        live[round] = ese_alloc_live();
    }
    assert_int_equal(live[1], live[0]);
    close_schema(&test);
}

static void
test_schema_table__that_is_open_does_not_count_as_closed(void **state)
{
    test_schema test = open_schema(test_fixture("many-4k.edb"));
    ese_schema_table *tables[MANY];

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        tables[i] = open_number(&test, i);
    assert_int_equal(test.schema->n_closed, 0);
    for (unsigned i = 0; i < MANY; i++)
        ese_schema_table_release(test.schema, &tables[i]);
    assert_int_equal(test.schema->n_closed, ESE_SCHEMA__CLOSED_MAX);
    close_schema(&test);
}

/* ---- Failures ---- */

static void
test_schema_open__takes_nothing_when_an_allocation_fails(void **state)
{
    static const char *const names[] = {"derived", "template", "MSysObjects"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t nth = 1; err == JET_errOutOfMemory; nth++) {
            test_schema test = open_schema(test_fixture("templates-8k.edb"));
            ese_schema_table *table = NULL;
            unsigned n_entries = 0;

            assert_in_range(nth, 1, 200);
            ese_fault_arm(ESE_faultAlloc, nth, 0);
            err = ese_schema_table_open(test.schema, NULL, names[i], &table);
            ese_fault_arm(ESE_faultAlloc, 0, 0);
            if (err < JET_errSuccess) {
                ESE_LIST_FOREACH (node, &test.schema->entries)
                    n_entries++;
                assert_int_equal(n_entries, test.schema->n_closed); /* a template at most */
                TEST_OK(ese_schema_table_open(test.schema, NULL, names[i], &table));
            }
            ese_schema_table_release(test.schema, &table);
            close_schema(&test);
        }
        assert_int_equal(err, JET_errSuccess);
    }
}

/* ---- Threads ---- */

typedef struct worker {
    const test_schema *test;
    unsigned number;
    JET_ERR err;
    bool is_wrong;
} worker;

static void *
work(void *argument)
{
    worker *self = argument;

    for (unsigned i = 0; i < ROUNDS && self->err >= JET_errSuccess; i++) {
        unsigned number = (i * (self->number % 3 + 1)) % MANY;
        ese_schema_table *table = NULL;
        char name[20];

        snprintf(name, sizeof name, "%s %03u", self->number % 2 ? "TABLE" : "Table", number);
        self->err = ese_schema_table_open(self->test->schema, NULL, name, &table);
        if (self->err < JET_errSuccess)
            break;
        self->is_wrong |= table->n_columns != 2 || table->columns[1].size_max != number + 1;
        ese_schema_table_release(self->test->schema, &table);
    }
    return NULL;
}

static void
test_schema_open__serves_many_threads(void **state)
{
    test_schema test = open_schema(test_fixture("many-4k.edb"));
    worker workers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker){.test = &test, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        TEST_OK(workers[i].err);
        assert_false(workers[i].is_wrong);
    }
    assert_in_range(test.schema->n_closed, 1, ESE_SCHEMA__CLOSED_MAX);
    close_schema(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_open__finds_names_without_regard_to_case),
        cmocka_unit_test(test_schema_open__fails_for_names_that_do_not_exist),
        cmocka_unit_test(test_schema_list__visits_all_tables_in_the_order_of_names),
        cmocka_unit_test(test_schema_table__is_one_descriptor_for_all_holders),
        cmocka_unit_test(test_schema_table__keeps_a_limited_number_of_closed_ones),
        cmocka_unit_test(test_schema_table__that_is_open_does_not_count_as_closed),
        cmocka_unit_test(test_schema_open__takes_nothing_when_an_allocation_fails),
        cmocka_unit_test(test_schema_open__serves_many_threads),
    };

    return test_fixture("many-4k.edb") == NULL ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
