/*
 * Which index a cursor has, and where it stands, after a rollback: primary order, when the index was chosen within what is undone, unless the transaction had changed that index before.
 * Session a has two cursors on the table, b works beside it.
 */
#include "isolation_test.h"

#include <string.h>

static user
second_cursor(const user *u)
{
    user other = *u;

    assert_ok(JetOpenTableA(u->sesid, u->dbid, "t", NULL, 0, 0, &other.tableid));
    return other;
}

static void
choose(const user *u, const char *index)
{
    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, index));
}

static bool
is_in(const user *u, const char *index)
{
    char name[JET_cbNameMost + 1] = "";

    assert_ok(JetGetCurrentIndexA(u->sesid, u->tableid, name, sizeof name));
    return strcmp(name, index) == 0;
}

static JET_ERR
try_stay(const user *u)
{
    return JetMove(u->sesid, u->tableid, 0, 0);
}

static JET_ERR
try_retrieve(const user *u)
{
    int32_t value;

    return JetRetrieveColumn(u->sesid, u->tableid, u->id, &value, sizeof value, NULL, 0, NULL);
}

/* Two records, and a transaction of two levels that has changed the index in the outer one. */
static void
change_in_outer_level(const user *u)
{
    put(u, 1, 10);
    put(u, 2, 20);
    begin(u);
    put(u, 3, 30);
    choose(u, "id");
    begin(u);
}

static void
test_api_index_rollback__an_index_chosen_within_is_given_up(void **state)
{
    const user *u = &((pair *)*state)->a;

    put(u, 1, 10);
    choose(u, "id");
    begin(u);
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "id"));
    assert_int_equal(try_stay(u), JET_errNoCurrentRecord);
}

static void
test_api_index_rollback__an_index_that_an_outer_level_has_changed_is_kept(void **state)
{
    const user *u = &((pair *)*state)->a;

    change_in_outer_level(u);
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "number"));
    assert_int_equal(try_stay(u), JET_errNoCurrentRecord);
    assert_ok(JetMove(u->sesid, u->tableid, JET_MoveNext, 0));
    assert_int_equal(retrieve(u, u->number), 10);
    rollback(u);
    assert_true(is_in(u, "id"));
}

static void
test_api_index_rollback__a_change_within_keeps_no_index(void **state)
{
    const user *u = &((pair *)*state)->a;

    begin(u);
    begin(u);
    put(u, 1, 10);
    choose(u, "id");
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "id"));
    put(u, 2, 20);
    commit(u);
}

static void
test_api_index_rollback__a_change_of_a_committed_inner_level_belongs_to_the_outer_one(void **state)
{
    const user *u = &((pair *)*state)->a;

    begin(u);
    begin(u);
    put(u, 1, 10);
    commit(u);
    choose(u, "id");
    begin(u);
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "number"));
    commit(u);
}

static void
test_api_index_rollback__an_earlier_transaction_keeps_no_index(void **state)
{
    const user *u = &((pair *)*state)->a;

    begin(u);
    put(u, 1, 10);
    commit(u);
    choose(u, "id");
    begin(u);
    begin(u);
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "id"));
    rollback(u);
}

static void
test_api_index_rollback__a_statement_that_fails_keeps_no_index(void **state)
{
    const user *u = &((pair *)*state)->a;

    put(u, 1, 10);
    begin(u);
    assert_int_equal(try_put(u, 1, 20), JET_errKeyDuplicate);
    choose(u, "id");
    begin(u);
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "id"));
    rollback(u);
}

static void
test_api_index_rollback__one_change_keeps_the_index_of_one_cursor(void **state)
{
    const user *u = &((pair *)*state)->a;
    user other = second_cursor(u);

    change_in_outer_level(u);
    choose(u, "number");
    choose(&other, "number");
    rollback(u);
    assert_true(is_in(u, "number"));
    assert_true(is_in(&other, "id"));
    begin(u);
    choose(u, "id"); /* gives it back */
    choose(&other, "number");
    rollback(u);
    assert_true(is_in(u, "id"));
    assert_true(is_in(&other, "number"));
    rollback(u);
    assert_ok(JetCloseTable(other.sesid, other.tableid));
}

static void
test_api_index_rollback__a_closed_cursor_gives_back_what_it_kept(void **state)
{
    const user *u = &((pair *)*state)->a;
    user other = second_cursor(u);

    change_in_outer_level(u);
    choose(&other, "number");
    assert_ok(JetCloseTable(other.sesid, other.tableid));
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "number"));
    rollback(u);
}

static void
test_api_index_rollback__the_change_of_another_session_keeps_no_index(void **state)
{
    pair *p = *state;

    put(&p->a, 1, 10);
    choose(&p->a, "id");
    begin(&p->b);
    put(&p->b, 2, 20);
    begin(&p->a);
    choose(&p->a, "number");
    rollback(&p->a);
    assert_true(is_in(&p->a, "id"));
    rollback(&p->b);
}

/* What moved in primary order within has no record left, in whatever order it is now. */
static void
test_api_index_rollback__a_record_found_in_primary_order_within_is_out_of_reach(void **state)
{
    const user *u = &((pair *)*state)->a;

    change_in_outer_level(u);
    assert_true(find(u, "id", 2));
    choose(u, "number");
    rollback(u);
    assert_true(is_in(u, "number"));
    assert_int_equal(try_retrieve(u), JET_errNoCurrentRecord);
    rollback(u);
}

static void
test_api_index_rollback__a_record_without_entry_is_read_but_not_stood_on(void **state)
{
    const user *u = &((pair *)*state)->a;

    put(u, 1, 10);
    choose(u, "number");
    begin(u);
    assert_true(find(u, "number", 10));
    rollback(u);
    assert_int_equal(try_retrieve(u), JET_errSuccess);
    assert_int_equal(try_stay(u), JET_errNoCurrentRecord);
    assert_ok(JetDelete(u->sesid, u->tableid));
    assert_int_equal(try_retrieve(u), JET_errRecordDeleted);
    assert_int_equal(try_stay(u), JET_errNoCurrentRecord);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ISOLATION_TEST(test_api_index_rollback__an_index_chosen_within_is_given_up),
        ISOLATION_TEST(test_api_index_rollback__an_index_that_an_outer_level_has_changed_is_kept),
        ISOLATION_TEST(test_api_index_rollback__a_change_within_keeps_no_index),
        ISOLATION_TEST(
            test_api_index_rollback__a_change_of_a_committed_inner_level_belongs_to_the_outer_one),
        ISOLATION_TEST(test_api_index_rollback__an_earlier_transaction_keeps_no_index),
        ISOLATION_TEST(test_api_index_rollback__a_statement_that_fails_keeps_no_index),
        ISOLATION_TEST(test_api_index_rollback__one_change_keeps_the_index_of_one_cursor),
        ISOLATION_TEST(test_api_index_rollback__a_closed_cursor_gives_back_what_it_kept),
        ISOLATION_TEST(test_api_index_rollback__the_change_of_another_session_keeps_no_index),
        ISOLATION_TEST(
            test_api_index_rollback__a_record_found_in_primary_order_within_is_out_of_reach),
        ISOLATION_TEST(test_api_index_rollback__a_record_without_entry_is_read_but_not_stood_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
