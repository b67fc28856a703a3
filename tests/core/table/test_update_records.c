/* Inserting, replacing and deleting records of a database: what is stored, what the indexes have, what each session sees, what a rollback leaves. */
#include "update_test.h"

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

static void
test_update_insert__stores_records_in_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        update_test t;

        update_create(&t, page_sizes[i]);
        TEST_OK(insert(&t, 0, 2, 20, "two"));
        TEST_OK(insert(&t, 0, 1, 30, "one"));
        TEST_OK(insert(&t, 0, 3, 10, "three"));
        assert_string_equal(ids(&t, 1, NULL), "1 2 3");
        assert_string_equal(ids(&t, 1, "by_n"), "3 2 1");
        assert_string_equal(ids(&t, 1, "by_text"), "2 3 1");
        assert_int_equal(insert(&t, 0, 2, 0, NULL), JET_errKeyDuplicate);
        update_check(&t);
        update_reopen(&t);
        assert_string_equal(ids(&t, 1, "by_n"), "3 2 1");
        update_remove(&t);
    }
}

static void
test_update_replace__moves_entries_with_their_keys(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    for (int32_t id = 1; id <= 5; id++)
        TEST_OK(insert(&t, 0, id, id * 10, "same"));
    assert_true(seek(&t, 0, 2));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_number(&t, 0, t.n, 99));
    TEST_OK(finish(&t, 0));
    assert_int_equal(number(&t, 0, t.n), 99);
    assert_string_equal(ids(&t, 0, "by_n"), "1 3 4 5 2");
    use_index(&t, 0, NULL);
    assert_true(seek(&t, 0, 4));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_number(&t, 0, t.id, 7));
    assert_int_equal(finish(&t, 0), JET_errRecordPrimaryChanged);
    TEST_OK(prepare(&t, 0, JET_prepCancel));
    update_check(&t);
    update_remove(&t);
}

static void
test_update_delete__takes_the_entries_along(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    for (int32_t id = 1; id <= 5; id++)
        TEST_OK(insert(&t, 0, id, 50 - id, NULL));
    assert_true(seek(&t, 0, 3));
    TEST_OK(delete_record(&t, 0));
    assert_int_equal(delete_record(&t, 0), JET_errRecordDeleted);
    assert_true(move(&t, 0, 1));
    assert_int_equal(number(&t, 0, t.id), 4);
    assert_string_equal(ids(&t, 0, "by_n"), "5 4 2 1");
    update_check(&t);
    update_remove(&t);
}

static void
test_update_rollback__brings_everything_back(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    for (int32_t id = 1; id <= 5; id++)
        TEST_OK(insert(&t, 0, id, id, "before"));
    begin(&t, 0);
    TEST_OK(insert(&t, 0, 6, 6, NULL));
    begin(&t, 0);
    assert_true(seek(&t, 0, 2));
    TEST_OK(delete_record(&t, 0));
    assert_true(seek(&t, 0, 3));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_number(&t, 0, t.n, 100));
    TEST_OK(set_bytes(&t, 0, t.text, "after", 5, 0));
    TEST_OK(finish(&t, 0));
    assert_string_equal(ids(&t, 0, "by_n"), "1 4 5 6 3");
    assert_string_equal(ids(&t, 1, "by_n"), "1 2 3 4 5");
    roll_back(&t, 0);
    assert_string_equal(ids(&t, 0, "by_n"), "1 2 3 4 5 6");
    roll_back(&t, 0);
    assert_string_equal(ids(&t, 0, "by_text"), "1 2 3 4 5");
    update_check(&t);
    update_remove(&t);
}

static void
test_update_conflict__tells_the_second_writer(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    TEST_OK(insert(&t, 0, 1, 1, NULL));
    begin(&t, 0);
    begin(&t, 1);
    assert_true(seek(&t, 0, 1));
    assert_true(seek(&t, 1, 1));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    assert_int_equal(prepare(&t, 1, JET_prepReplace), JET_errWriteConflict);
    assert_int_equal(delete_record(&t, 1), JET_errWriteConflict);
    TEST_OK(set_number(&t, 0, t.n, 2));
    TEST_OK(finish(&t, 0));
    commit(&t, 0);
    assert_int_equal(number(&t, 1, t.n), 1);
    assert_int_equal(delete_record(&t, 1), JET_errWriteConflict);
    assert_int_equal(insert(&t, 1, 1, 5, NULL), JET_errKeyDuplicate);
    commit(&t, 1);
    assert_int_equal(number(&t, 1, t.n), 2);
    TEST_OK(delete_record(&t, 1));
    assert_int_equal(get_number(&t, 0, t.n, 0, &(int32_t){0}), JET_errRecordDeleted);
    update_check(&t);
    update_remove(&t);
}

static void
test_update_no_lock__notices_a_change_at_the_end(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    TEST_OK(insert(&t, 0, 1, 1, NULL));
    assert_true(seek(&t, 0, 1));
    assert_true(seek(&t, 1, 1));
    TEST_OK(prepare(&t, 1, JET_prepReplaceNoLock));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_number(&t, 0, t.n, 2));
    TEST_OK(finish(&t, 0));
    TEST_OK(set_number(&t, 1, t.n, 3));
    assert_int_equal(finish(&t, 1), JET_errWriteConflict);
    TEST_OK(prepare(&t, 1, JET_prepCancel));
    assert_int_equal(number(&t, 1, t.n), 2);
    update_remove(&t);
}

static void
test_update_copies__take_the_place_of_their_original(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    TEST_OK(insert(&t, 0, 1, 1, "one"));
    assert_true(seek(&t, 0, 1));
    assert_int_equal(prepare(&t, 0, JET_prepInsertCopy), JET_errNotInTransaction);
    begin(&t, 0);
    TEST_OK(prepare(&t, 0, JET_prepInsertCopy));
    assert_int_equal(finish(&t, 0), JET_errKeyDuplicate);
    TEST_OK(set_number(&t, 0, t.id, 2));
    TEST_OK(finish(&t, 0));
    assert_int_equal(number(&t, 0, t.id), 1);
    TEST_OK(prepare(&t, 0, JET_prepInsertCopyDeleteOriginal));
    TEST_OK(set_number(&t, 0, t.n, 5));
    TEST_OK(finish(&t, 0));
    TEST_OK(prepare(&t, 0, JET_prepInsertCopyDeleteOriginal));
    TEST_OK(set_number(&t, 0, t.id, 3));
    TEST_OK(finish(&t, 0));
    assert_string_equal(ids(&t, 0, "by_n"), "2 3");
    commit(&t, 0);
    update_check(&t);
    update_remove(&t);
}

static void
test_update_many__has_an_entry_for_each_value(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    for (int32_t id = 1; id <= 3; id++) {
        TEST_OK(prepare(&t, 0, JET_prepInsert));
        TEST_OK(set_number(&t, 0, t.id, id));
        for (int32_t k = 0; k < id; k++) {
            int32_t value = 10 * k + id;

            TEST_OK(set_value(
                &t, 0,
                (ese_table_setting){.columnid = t.many, .data = &value, .size = sizeof value}));
        }
        TEST_OK(finish(&t, 0));
    }
    assert_string_equal(ids(&t, 0, "by_many"), "1 2 3 2 3 3");
    use_index(&t, 0, NULL);
    assert_true(seek(&t, 0, 3));
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_value(&t, 0, (ese_table_setting){.columnid = t.many, .itag_sequence = 2}));
    TEST_OK(set_number(&t, 0, t.many, 100));
    TEST_OK(finish(&t, 0));
    assert_string_equal(ids(&t, 0, "by_many"), "1 2 2 3 3");
    update_check(&t);
    update_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_insert__stores_records_in_order),
        cmocka_unit_test(test_update_replace__moves_entries_with_their_keys),
        cmocka_unit_test(test_update_delete__takes_the_entries_along),
        cmocka_unit_test(test_update_rollback__brings_everything_back),
        cmocka_unit_test(test_update_conflict__tells_the_second_writer),
        cmocka_unit_test(test_update_no_lock__notices_a_change_at_the_end),
        cmocka_unit_test(test_update_copies__take_the_place_of_their_original),
        cmocka_unit_test(test_update_many__has_an_entry_for_each_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
