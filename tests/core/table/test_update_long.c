/* Long values of a database: in the record or apart, written piece by piece, copied when others may know them, gone with their record. */
#include "update_test.h"

enum { BIG = 100000 };

static uint8_t pattern[BIG], back[BIG];

static void
fill_pattern(void)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < sizeof pattern; i++) {
        seed = seed * 1664525 + 1013904223;
        pattern[i] = (uint8_t)(seed >> 24);
    }
}

static size_t
nodes_for(size_t size, uint32_t page_size)
{
    uint32_t chunk = ese_record_lv_chunk_size(page_size);

    return 1 + (size + chunk - 1) / chunk;
}

static void
start_insert(update_test *t, int32_t id)
{
    TEST_OK(prepare(t, 0, JET_prepInsert));
    TEST_OK(set_number(t, 0, t->id, id));
}

static void
insert_long(update_test *t, int32_t id, size_t size)
{
    begin(t, 0);
    start_insert(t, id);
    TEST_OK(set_bytes(t, 0, t->lv, pattern, size, 0));
    TEST_OK(finish(t, 0));
    commit(t, 0);
}

static void
assert_value(update_test *t, unsigned session, JET_COLUMNID columnid, const void *expected,
             size_t size)
{
    assert_int_equal(bytes(t, session, columnid, 0, back, sizeof back), size);
    assert_memory_equal(back, expected, size);
}

static void
test_update_long__is_stored_whatever_its_size(void **state)
{
    static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

    (void)state;
    fill_pattern();
    for (unsigned i = 0; i < sizeof page_sizes / sizeof page_sizes[0]; i++) {
        uint32_t chunk = ese_record_lv_chunk_size(page_sizes[i]);
        const size_t sizes[] = {1,         1023,          1024,          chunk - 1, chunk,
                                chunk + 1, 2 * chunk - 1, 2 * chunk + 1, BIG};
        size_t n_nodes = 0;
        update_test t;

        update_create(&t, page_sizes[i]);
        for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            insert_long(&t, (int32_t)k, sizes[k]);
            n_nodes += sizes[k] > 1023 ? nodes_for(sizes[k], page_sizes[i]) : 0;
        }
        update_reopen(&t);
        for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            assert_true(seek(&t, 1, (int32_t)k));
            assert_value(&t, 1, t.lv, pattern, sizes[k]);
        }
        assert_int_equal(count_long_nodes(&t), n_nodes);
        for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            assert_true(seek(&t, 0, (int32_t)k));
            TEST_OK(delete_record(&t, 0));
        }
        assert_int_equal(count_long_nodes(&t), 0);
        update_check(&t);
        update_remove(&t);
    }
}

static void
test_update_long__grows_piece_by_piece(void **state)
{
    update_test t;
    size_t size = 0;

    (void)state;
    fill_pattern();
    update_create(&t, 4096);
    begin(&t, 0);
    start_insert(&t, 1);
    for (size_t piece = 1; size + piece <= 60000; piece = piece * 3 / 2 + 1) {
        TEST_OK(set_bytes(&t, 0, t.lv, pattern + size, piece, JET_bitSetAppendLV));
        size += piece;
        assert_int_equal(bytes(&t, 0, t.lv, JET_bitRetrieveCopy, back, sizeof back), size);
        assert_memory_equal(back, pattern, size);
    }
    TEST_OK(finish(&t, 0));
    commit(&t, 0);
    assert_true(seek(&t, 1, 1));
    assert_value(&t, 1, t.lv, pattern, size);
    assert_int_equal(count_long_nodes(&t), nodes_for(size, 4096));
    update_remove(&t);
}

/* Changes a value of 20000 bytes in an update and tells what it is in the record, and in the one in preparation. */
static void
change_and_check(update_test *t, ese_table_setting setting, size_t expected_size)
{
    setting.columnid = t->lv;
    setting.itag_sequence = 1;
    assert_true(seek(t, 0, 1));
    TEST_OK(prepare(t, 0, JET_prepReplace));
    TEST_OK(set_value(t, 0, setting));
    assert_int_equal(bytes(t, 0, t->lv, JET_bitRetrieveCopy, back, sizeof back), expected_size);
    assert_int_equal(bytes(t, 0, t->lv, 0, NULL, 0), 20000);
    TEST_OK(finish(t, 0));
    assert_value(t, 0, t->lv, back, expected_size);
    assert_int_equal(bytes(t, 1, t->lv, 0, NULL, 0), 20000);
}

static void
test_update_long__changes_as_a_copy_until_the_commit(void **state)
{
    static const ese_table_setting settings[] = {
        {.data = "x", .size = 1, .grbit = JET_bitSetAppendLV},
        {.data = "middle", .size = 6, .grbit = JET_bitSetOverwriteLV, .offset = 4012},
        {.data = pattern, .size = 30000, .grbit = JET_bitSetOverwriteLV, .offset = 19999},
        {.size = 5000, .grbit = JET_bitSetSizeLV},
        {.size = 50000, .grbit = JET_bitSetSizeLV},
        {.data = "end", .size = 3, .grbit = JET_bitSetOverwriteLV | JET_bitSetSizeLV, .offset = 7},
        {.data = "short", .size = 5},
    };
    static const size_t sizes[] = {20001, 20000, 49999, 5000, 50000, 10, 5};

    (void)state;
    fill_pattern();
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        size_t n_nodes;
        update_test t;

        update_create(&t, 4096);
        insert_long(&t, 1, 20000);
        n_nodes = count_long_nodes(&t);
        assert_true(seek(&t, 1, 1));
        begin(&t, 0);
        change_and_check(&t, settings[i], sizes[i]);
        roll_back(&t, 0);
        assert_true(seek(&t, 0, 1));
        assert_value(&t, 0, t.lv, pattern, 20000);
        assert_int_equal(count_long_nodes(&t), n_nodes);
        begin(&t, 1);
        assert_true(seek(&t, 1, 1));
        begin(&t, 0);
        change_and_check(&t, settings[i], sizes[i]);
        commit(&t, 0);
        assert_value(&t, 1, t.lv, pattern, 20000);
        commit(&t, 1);
        assert_int_equal(bytes(&t, 1, t.lv, 0, NULL, 0), sizes[i]);
        assert_int_equal(count_long_nodes(&t), sizes[i] > 1023  ? nodes_for(sizes[i], 4096)
                                               : sizes[i] == 10 ? 2
                                                                : 0);
        update_remove(&t);
    }
}

static void
test_update_long__is_gone_when_the_update_is_cancelled(void **state)
{
    update_test t;

    (void)state;
    fill_pattern();
    update_create(&t, 4096);
    begin(&t, 0);
    start_insert(&t, 1);
    TEST_OK(set_bytes(&t, 0, t.lv, pattern, 50000, 0));
    TEST_OK(set_bytes(&t, 0, t.lv, pattern, 30000, 0));
    TEST_OK(prepare(&t, 0, JET_prepCancel));
    commit(&t, 0);
    assert_int_equal(count_long_nodes(&t), 0);
    begin(&t, 0);
    start_insert(&t, 1);
    TEST_OK(set_bytes(&t, 0, t.lv, pattern, 50000, 0));
    roll_back(&t, 0);
    assert_int_equal(finish(&t, 0), JET_errUpdateNotPrepared);
    assert_int_equal(count_long_nodes(&t), 0);
    start_insert(&t, 1);
    begin(&t, 0);
    TEST_OK(set_bytes(&t, 0, t.lv, pattern, 50000, 0));
    roll_back(&t, 0);
    assert_int_equal(finish(&t, 0), JET_errUpdateNotPrepared);
    update_remove(&t);
}

static void
test_update_long__is_copied_with_its_record(void **state)
{
    update_test t;

    (void)state;
    fill_pattern();
    update_create(&t, 4096);
    insert_long(&t, 1, 20000);
    assert_true(seek(&t, 0, 1));
    begin(&t, 0);
    TEST_OK(prepare(&t, 0, JET_prepInsertCopy));
    TEST_OK(set_number(&t, 0, t.id, 2));
    TEST_OK(finish(&t, 0));
    commit(&t, 0);
    assert_int_equal(count_long_nodes(&t), 2 * nodes_for(20000, 4096));
    assert_true(seek(&t, 0, 1));
    TEST_OK(delete_record(&t, 0));
    assert_true(seek(&t, 0, 2));
    assert_value(&t, 0, t.lv, pattern, 20000);
    assert_int_equal(count_long_nodes(&t), nodes_for(20000, 4096));
    assert_true(seek(&t, 0, 2));
    begin(&t, 0);
    TEST_OK(prepare(&t, 0, JET_prepInsertCopyDeleteOriginal));
    TEST_OK(set_number(&t, 0, t.id, 3));
    TEST_OK(finish(&t, 0));
    commit(&t, 0);
    assert_true(seek(&t, 0, 3));
    assert_value(&t, 0, t.lv, pattern, 20000);
    assert_int_equal(count_long_nodes(&t), nodes_for(20000, 4096));
    update_remove(&t);
}

static void
test_update_long__is_compressed_where_the_column_says_so(void **state)
{
    static uint8_t text[60000];
    uint32_t chunk = ese_record_lv_chunk_size(8192);
    update_test t;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t) "compress me "[i % 12];
    update_create(&t, 8192);
    begin(&t, 0);
    for (int32_t id = 1; id <= 3; id++) {
        static const size_t sizes[] = {500, 3000, sizeof text};

        start_insert(&t, id);
        TEST_OK(set_bytes(&t, 0, t.packed, text, sizes[id - 1], 0));
        TEST_OK(finish(&t, 0));
    }
    commit(&t, 0);
    assert_true(seek(&t, 0, 1));
    assert_value(&t, 0, t.packed, text, 500);
    assert_true(seek(&t, 0, 2));
    assert_value(&t, 0, t.packed, text, 3000);
    assert_true(seek(&t, 0, 3));
    assert_value(&t, 0, t.packed, text, sizeof text);
    assert_int_equal(count_long_nodes(&t), 1 + (sizeof text + chunk - 1) / chunk);
    assert_true(seek(&t, 0, 3));
    begin(&t, 0);
    TEST_OK(prepare(&t, 0, JET_prepReplace));
    TEST_OK(set_value(&t, 0,
                      (ese_table_setting){.columnid = t.packed,
                                          .data = "over",
                                          .size = 4,
                                          .grbit = JET_bitSetOverwriteLV,
                                          .itag_sequence = 1,
                                          .offset = chunk - 2}));
    TEST_OK(finish(&t, 0));
    commit(&t, 0);
    memcpy(text + chunk - 2, "over", 4);
    assert_value(&t, 0, t.packed, text, sizeof text);
    update_remove(&t);
}

static void
test_update_long__moves_out_when_the_record_is_too_big(void **state)
{
    update_test t;
    char name[100];

    (void)state;
    fill_pattern();
    update_create(&t, 2048);
    begin(&t, 0);
    start_insert(&t, 1);
    TEST_OK(set_bytes(&t, 0, t.lv, pattern, 1000, 0));
    for (uint32_t i = 0; i < 200; i++)
        TEST_OK(set_value(&t, 0,
                          (ese_table_setting){.columnid = t.many, .data = &i, .size = sizeof i}));
    memset(name, 'n', sizeof name);
    TEST_OK(set_bytes(&t, 0, t.text, name, sizeof name, 0));
    TEST_OK(finish(&t, 0));
    assert_true(seek(&t, 0, 1));
    assert_value(&t, 0, t.lv, pattern, 1000);
    commit(&t, 0);
    assert_int_equal(count_long_nodes(&t), 2);
    update_check(&t);
    update_remove(&t);
}

static void
test_update_long__needs_a_transaction(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    start_insert(&t, 1);
    assert_int_equal(set_bytes(&t, 0, t.lv, "x", 1, 0), JET_errNotInTransaction);
    TEST_OK(finish(&t, 0));
    update_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_long__is_stored_whatever_its_size),
        cmocka_unit_test(test_update_long__grows_piece_by_piece),
        cmocka_unit_test(test_update_long__changes_as_a_copy_until_the_commit),
        cmocka_unit_test(test_update_long__is_gone_when_the_update_is_cancelled),
        cmocka_unit_test(test_update_long__is_copied_with_its_record),
        cmocka_unit_test(test_update_long__is_compressed_where_the_column_says_so),
        cmocka_unit_test(test_update_long__moves_out_when_the_record_is_too_big),
        cmocka_unit_test(test_update_long__needs_a_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
