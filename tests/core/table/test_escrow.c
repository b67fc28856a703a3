/* Escrow columns: several transactions add to one record, each sees what it may; records that go when they have come down to zero. */
#include "update_test.h"

typedef struct escrow_test {
    update_test t;
    JET_COLUMNID count, life;
} escrow_test;

static void
escrow_create(escrow_test *e)
{
    static const uint8_t zero[8];
    update_test *t = &e->t;
    ese_schema_table *table = NULL;

    update_create(t, 4096);
    TEST_OK(ese_schema_table_open(t->schema, &t->sessions[0], "t", &table));
    TEST_OK(insert(t, 0, 1, 1, NULL)); /* older than the columns */
    e->count =
        update_add_column(t, &table,
                          COLUMN(.name = "count", .coltyp = JET_coltypLong,
                                 .grbit = JET_bitColumnEscrowUpdate, .default_value = {zero, 4}));
    e->life =
        update_add_column(t, &table,
                          COLUMN(.name = "life", .coltyp = JET_coltypLong,
                                 .grbit = JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero,
                                 .default_value = {zero, 4}));
    ese_schema_table_release(t->schema, &table);
}

static JET_ERR
add(escrow_test *e, unsigned session, JET_COLUMNID columnid, int32_t delta, int32_t *old_out)
{
    ese_table_escrow escrow = {
        .columnid = columnid, .delta = &delta, .size = sizeof delta, .old_room = sizeof delta};
    JET_ERR err = ese_table_escrow_update(cursor_of(&e->t, session), &escrow);

    if (err >= JET_errSuccess)
        *old_out = (int32_t)ese_load_le32(escrow.old);
    return err;
}

static void
test_escrow_update__adds_up_over_transactions(void **state)
{
    int32_t old = -1;
    escrow_test e;
    update_test *t = &e.t;

    (void)state;
    escrow_create(&e);
    assert_true(seek(t, 0, 1));
    assert_true(seek(t, 1, 1));
    assert_int_equal(add(&e, 0, e.count, 1, &old), JET_errNotInTransaction);
    begin(t, 0);
    assert_int_equal(add(&e, 0, t->n, 1, &old), JET_errInvalidOperation);
    TEST_OK(add(&e, 0, e.count, 5,
                &old)); /* the record gets the column, which others may not change meanwhile */
    assert_int_equal(old, 0);
    commit(t, 0);
    begin(t, 0);
    begin(t, 1);
    TEST_OK(add(&e, 0, e.count, 10, &old));
    assert_int_equal(old, 5);
    TEST_OK(add(&e, 1, e.count, 100, &old));
    assert_int_equal(old, 15);
    assert_int_equal(number(t, 0, e.count), 15);
    assert_int_equal(number(t, 1, e.count), 105);
    assert_int_equal(prepare(t, 1, JET_prepReplace), JET_errWriteConflict);
    roll_back(t, 1);
    commit(t, 0);
    assert_int_equal(number(t, 1, e.count), 15);
    update_check(t);
    update_remove(t);
}

static void
insert_with_life(escrow_test *e, int32_t id, int32_t life)
{
    TEST_OK(prepare(&e->t, 0, JET_prepInsert));
    TEST_OK(set_number(&e->t, 0, e->t.id, id));
    TEST_OK(set_number(&e->t, 0, e->life, life));
    TEST_OK(finish(&e->t, 0));
}

static void
test_escrow_delete_on_zero__happens_when_the_transaction_commits(void **state)
{
    int32_t old = -1;
    escrow_test e;
    update_test *t = &e.t;

    (void)state;
    escrow_create(&e);
    for (int32_t id = 2; id <= 4; id++)
        insert_with_life(&e, id, 1);
    assert_true(seek(t, 0, 2));
    begin(t, 0);
    TEST_OK(add(&e, 0, e.life, -1, &old));
    assert_int_equal(number(t, 0, e.life), 0);
    commit(t, 0);
    assert_string_equal(ids(t, 1, NULL), "1 3 4");
    use_index(t, 0, NULL);
    assert_true(seek(t, 0, 3));
    begin(t, 0);
    TEST_OK(add(&e, 0, e.life, -1, &old));
    roll_back(t, 0);
    begin(t, 0);
    assert_true(seek(t, 0, 4));
    TEST_OK(add(&e, 0, e.life, -1, &old));
    TEST_OK(add(&e, 0, e.life, 2, &old)); /* lives on */
    commit(t, 0);
    assert_string_equal(ids(t, 1, NULL), "1 3 4");
    update_check(t);
    update_remove(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escrow_update__adds_up_over_transactions),
        cmocka_unit_test(test_escrow_delete_on_zero__happens_when_the_transaction_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
