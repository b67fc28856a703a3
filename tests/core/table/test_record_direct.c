/* Plain records are encoded directly from what was set and from the base; a tagged column that is mentioned leads the long way, to the same bytes. */
#include "table/table_update_private.h"
#include "update_test.h"

enum { RECORD_MAX = 4096 };

/* Columns that a case sets: bits. */
enum { SETS_ID = 1, SETS_N = 2, SETS_TEXT = 4, N_IS_NULL = 8, TEXT_IS_NULL = 16, ALL = 31 };

static void
set_columns(update_test *t, unsigned which)
{
    if ((which & SETS_TEXT) != 0)
        TEST_OK(set_bytes(t, 0, t->text, "some text", 9, 0));
    if ((which & SETS_ID) != 0)
        TEST_OK(set_number(t, 0, t->id, 7));
    if ((which & SETS_N) != 0)
        TEST_OK(set_number(t, 0, t->n, 8));
    if ((which & N_IS_NULL) != 0)
        TEST_OK(set_bytes(t, 0, t->n, NULL, 0, 0));
    if ((which & TEXT_IS_NULL) != 0)
        TEST_OK(set_bytes(t, 0, t->text, NULL, 0, 0));
}

/* The record in preparation. */
static size_t
encode(update_test *t, uint8_t *to)
{
    ese_record record;

    TEST_OK(ese_table__update_record(cursor_of(t, 0), &record));
    assert_true(record.bytes.size <= RECORD_MAX);
    memcpy(to, record.bytes.data, record.bytes.size);
    return record.bytes.size;
}

static bool
is_direct(update_test *t)
{
    bool is_done = false;

    TEST_OK(ese_table__encode_directly(cursor_of(t, 0)->update, RECORD_MAX, &is_done));
    return is_done;
}

static void
check_both_ways(update_test *t, uint32_t prep, unsigned which)
{
    uint8_t directly[RECORD_MAX], in_full[RECORD_MAX];
    size_t n_directly, n_in_full;

    TEST_OK(prepare(t, 0, prep));
    set_columns(t, which);
    assert_true(is_direct(t));
    n_directly = encode(t, directly);
    TEST_OK(set_bytes(t, 0, t->many, NULL, 0, 0));
    assert_false(is_direct(t));
    n_in_full = encode(t, in_full);
    assert_int_equal(n_directly, n_in_full);
    assert_memory_equal(directly, in_full, n_in_full);
    TEST_OK(prepare(t, 0, JET_prepCancel));
}

static void
test_record_direct__has_the_bytes_of_the_long_way(void **state)
{
    update_test t;

    (void)state;
    update_create(&t, 4096);
    TEST_OK(insert(&t, 0, 1, 10, "before"));
    TEST_OK(insert(&t, 0, 2, 20, NULL));
    for (unsigned which = 0; which <= ALL; which++) {
        check_both_ways(&t, JET_prepInsert, which);
        assert_true(seek(&t, 0, 1));
        check_both_ways(&t, JET_prepReplace, which);
        assert_true(seek(&t, 0, 2));
        check_both_ways(&t, JET_prepReplace, which);
    }
    update_remove(&t);
}

static void
test_record_direct__is_left_alone_when_there_is_no_room(void **state)
{
    bool is_done = true;
    update_test t;

    (void)state;
    update_create(&t, 4096);
    TEST_OK(prepare(&t, 0, JET_prepInsert));
    set_columns(&t, SETS_ID | SETS_N | SETS_TEXT);
    for (size_t max = 0; max < ESE_RECORD_HEADER_SIZE + 4 + 4 + 1 + 2 + 9; max++) {
        TEST_OK(ese_table__encode_directly(cursor_of(&t, 0)->update, max, &is_done));
        assert_false(is_done);
    }
    TEST_OK(finish(&t, 0));
    assert_string_equal(ids(&t, 1, NULL), "7");
    update_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_direct__has_the_bytes_of_the_long_way),
        cmocka_unit_test(test_record_direct__is_left_alone_when_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
