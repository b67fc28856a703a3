/* Changes of records when memory runs out at any of their calls: an error, nothing changed, nothing left behind. */
#include "update_test.h"

enum { LIMIT = 3000 };

static uint8_t big[20000];

typedef JET_ERR scenario(update_test *t);

static JET_ERR
insert_all_kinds(update_test *t)
{
    int32_t value = 7;
    JET_ERR err;

    ESE_TRY(prepare(t, 0, JET_prepInsert));
    ESE_TRY(set_number(t, 0, t->id, 5));
    ESE_TRY(set_number(t, 0, t->n, 50));
    ESE_TRY(set_bytes(t, 0, t->text, "five", 4, 0));
    ESE_TRY(set_bytes(t, 0, t->lv, big, 9000, 0));
    ESE_TRY(set_bytes(t, 0, t->lv, big, 300, JET_bitSetAppendLV));
    ESE_TRY(set_bytes(t, 0, t->packed, big, 3000, 0));
    for (int i = 0; i < 3; i++, value++)
        ESE_TRY(set_value(
            t, 0, (ese_table_setting){.columnid = t->many, .data = &value, .size = sizeof value}));
    ESE_TRY(finish(t, 0));
out:
    return err;
}

static JET_ERR
replace_all_kinds(update_test *t)
{
    JET_ERR err;

    ESE_TRY(prepare(t, 0, JET_prepReplace));
    ESE_TRY(set_number(t, 0, t->n, 99));
    ESE_TRY(set_bytes(t, 0, t->text, "changed", 7, 0));
    ESE_TRY(set_bytes(t, 0, t->lv, big, 5000, JET_bitSetAppendLV));
    ESE_TRY(set_bytes(t, 0, t->lv, NULL, 4000, JET_bitSetSizeLV));
    ESE_TRY(set_number(t, 0, t->many, 1000));
    ESE_TRY(finish(t, 0));
out:
    return err;
}

static JET_ERR
copy_record(update_test *t)
{
    JET_ERR err;

    ESE_TRY(prepare(t, 0, JET_prepInsertCopy));
    ESE_TRY(set_number(t, 0, t->id, 6));
    ESE_TRY(finish(t, 0));
out:
    return err;
}

static JET_ERR
delete_all_kinds(update_test *t)
{
    return delete_record(t, 0);
}

/* Three records with values of all kinds. */
static void
fill_table(update_test *t)
{
    begin(t, 0);
    for (int32_t id = 1; id <= 3; id++) {
        TEST_OK(prepare(t, 0, JET_prepInsert));
        TEST_OK(set_number(t, 0, t->id, id));
        TEST_OK(set_number(t, 0, t->n, 10 * id));
        TEST_OK(set_bytes(t, 0, t->text, "text", 4, 0));
        TEST_OK(set_bytes(t, 0, t->lv, big, 6000, 0));
        TEST_OK(set_number(t, 0, t->many, id));
        TEST_OK(finish(t, 0));
    }
    commit(t, 0);
}

typedef enum ending { ROLLED_BACK, CANCELLED } ending;

static void
end_failed(update_test *t, ending how)
{
    if (how == ROLLED_BACK) {
        roll_back(t, 0);
    } else {
        ese_table_cancel_update(t->cursors[0]);
        commit(t, 0);
    }
    assert_string_equal(ids(t, 0, "by_n"), "1 2 3");
    use_index(t, 0, NULL);
    assert_true(seek(t, 0, 2));
    assert_int_equal(number(t, 0, t->n), 20);
    assert_int_equal(bytes(t, 0, t->lv, 0, NULL, 0), 6000);
}

static void
run_to_an_end(scenario *run, ending how)
{
    JET_ERR err = JET_errOutOfMemory;
    size_t n_long_nodes;
    update_test t;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 31 >> 3);
    update_create(&t, 4096);
    fill_table(&t);
    n_long_nodes = count_long_nodes(&t);
    for (uint64_t n = 1; err < JET_errSuccess; n++) {
        assert_true(n < LIMIT);
        begin(&t, 0);
        assert_true(seek(&t, 0, 2));
        ese_fault_arm(ESE_faultAlloc, n, 1);
        err = run(&t);
        ese_fault_arm(ESE_faultAlloc, 0, 0);
        if (err < JET_errSuccess) {
            assert_int_equal(err, JET_errOutOfMemory);
            end_failed(&t, how);
        }
    }
    roll_back(&t, 0);
    assert_int_equal(count_long_nodes(&t), n_long_nodes);
    update_check(&t);
    update_remove(&t);
}

static void
run_with_failures(scenario *run)
{
    run_to_an_end(run, ROLLED_BACK);
    run_to_an_end(run, CANCELLED);
}

static void
test_update_faults__insert(void **state)
{
    (void)state;
    run_with_failures(insert_all_kinds);
}

static void
test_update_faults__replace(void **state)
{
    (void)state;
    run_with_failures(replace_all_kinds);
}

static void
test_update_faults__copy(void **state)
{
    (void)state;
    run_with_failures(copy_record);
}

static void
test_update_faults__delete(void **state)
{
    (void)state;
    run_with_failures(delete_all_kinds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_faults__insert),
        cmocka_unit_test(test_update_faults__replace),
        cmocka_unit_test(test_update_faults__copy),
        cmocka_unit_test(test_update_faults__delete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
