/* Bookmarks of the primary and of secondary orders: their bytes, short buffers, going to them, wrong ones. */
#include "cursor_test.h"

/* The key of a 4-byte number below 128. */
#define NUMBER_KEY(number) "\x7f\x80\x00\x00" number

static JET_ERR
get_bookmark(test_cursor cursor, void *to, uint32_t room, uint32_t *size_out)
{
    return JetGetBookmark(session.sesid, cursor.tableid, to, room, size_out);
}

/* JetGotoBookmark takes what it only reads as if it wrote it. */
static JET_ERR
go_bookmark(test_cursor cursor, const void *bookmark, uint32_t size)
{
    uint8_t copy[64];

    memcpy(copy, bookmark, size);
    return JetGotoBookmark(session.sesid, cursor.tableid, copy, size);
}

typedef struct entry {
    uint8_t key[64], bookmark[64];
    uint32_t key_size, bookmark_size;
} entry;

static JET_ERR
get_entry(test_cursor cursor, uint32_t key_room, uint32_t bookmark_room, entry *to)
{
    return JetGetSecondaryIndexBookmark(session.sesid, cursor.tableid, to->key, key_room,
                                        &to->key_size, to->bookmark, bookmark_room,
                                        &to->bookmark_size, 0);
}

static JET_ERR
go_entry(test_cursor cursor, const entry *to, JET_GRBIT grbit)
{
    entry copy = *to;

    return JetGotoSecondaryIndexBookmark(session.sesid, cursor.tableid, copy.key, copy.key_size,
                                         copy.bookmark, copy.bookmark_size, grbit);
}

static entry
make_entry(const char *key, uint32_t key_size, const char *bookmark, uint32_t bookmark_size)
{
    entry made = {.key_size = key_size, .bookmark_size = bookmark_size};

    memcpy(made.key, key, key_size);
    memcpy(made.bookmark, bookmark, bookmark_size);
    return made;
}

static void
test_table_bookmark__is_the_primary_key(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");
    uint8_t bookmark[64];
    uint32_t size = 0;

    (void)state;
    RUN(cursor, SEEK(3, JET_bitSeekEQ, 0, 3));
    assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, &size), JET_errSuccess);
    assert_int_equal(size, 5);
    assert_memory_equal(bookmark, NUMBER_KEY("\x03"), 5);
    RUN(cursor, MOVE(LAST, 0, 8));
    assert_int_equal(go_bookmark(cursor, bookmark, size), JET_errSuccess);
    assert_int_equal(at(cursor), 3);
    RUN(cursor, INDEX("byn", 0, 1), MOVE(3, 0, 4));
    assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, &size), JET_errSuccess);
    assert_int_equal(size, 5);
    assert_memory_equal(bookmark, NUMBER_KEY("\x04"), 5);
    close_cursor(cursor);
}

static void
test_table_bookmark__tells_its_size_to_a_short_buffer(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");
    uint8_t bookmark[64];
    uint32_t size = 0;

    (void)state;
    assert_int_equal(get_bookmark(cursor, bookmark, 3, &size), JET_errBufferTooSmall);
    assert_int_equal(size, 5);
    size = 0;
    assert_int_equal(get_bookmark(cursor, NULL, 0, &size), JET_errBufferTooSmall);
    assert_int_equal(size, 5);
    assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, NULL), JET_errSuccess);
    close_cursor(cursor);
}

static void
test_table_go_bookmark__refuses_what_is_no_bookmark_and_stays(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t size;
        JET_ERR err;
    } wrong[] = {
        {NUMBER_KEY("\x03"), 4, JET_errRecordDeleted},
        {NUMBER_KEY("\x03"), 0, JET_errInvalidBookmark},
        {NUMBER_KEY("\x63"), 5, JET_errRecordDeleted},
        {NUMBER_KEY("\x03") "\0", 6, JET_errRecordDeleted},
    };
    test_cursor cursor = open_cursor("bookmark", "id");

    (void)state;
    assert_int_equal(go_bookmark(cursor, NUMBER_KEY("\x04"), 5), JET_errSuccess);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(go_bookmark(cursor, wrong[i].bytes, wrong[i].size), wrong[i].err);
        RUN(cursor, MOVE(0, 0, 4));
    }
    assert_int_equal(JetGotoBookmark(session.sesid, cursor.tableid, NULL, 5),
                     JET_errInvalidBookmark);
    close_cursor(cursor);
}

static void
test_table_go_bookmark__stands_on_the_entry_of_the_record(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");

    (void)state;
    use_index(cursor, "byn");
    assert_int_equal(go_bookmark(cursor, NUMBER_KEY("\x04"), 5), JET_errSuccess);
    RUN(cursor, MOVE(0, 0, 4), MOVE(1, 0, 5));
    assert_int_equal(go_bookmark(cursor, NUMBER_KEY("\x63"), 5), JET_errRecordDeleted);
    use_index(cursor, "uniq");
    assert_int_equal(go_bookmark(cursor, NUMBER_KEY("\x04"), 5), JET_errSuccess);
    RUN(cursor, MOVE(0, 0, 4), MOVE(1, 0, 3));
    close_cursor(cursor);
}

static void
test_table_secondary_bookmark__leads_back_to_its_entry(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");
    entry found = {0};

    (void)state;
    RUN(cursor, INDEX("byn", 0, 1), MOVE(3, 0, 4));
    assert_int_equal(get_entry(cursor, 64, 64, &found), JET_errSuccess);
    assert_int_equal(found.key_size, 5);
    assert_memory_equal(found.key, NUMBER_KEY("\x01"), 5);
    assert_int_equal(found.bookmark_size, 5);
    assert_memory_equal(found.bookmark, NUMBER_KEY("\x04"), 5);
    RUN(cursor, MOVE(LAST, 0, 8));
    assert_int_equal(go_entry(cursor, &found, 0), JET_errSuccess);
    assert_int_equal(at(cursor), 4);
    assert_int_equal(go_entry(cursor, &found, 0x10), JET_errSuccess);
    close_cursor(cursor);
}

static void
test_table_secondary_bookmark__tells_both_sizes_to_short_buffers(void **state)
{
    static const uint32_t rooms[][2] = {{2, 64}, {64, 2}, {0, 0}};
    test_cursor cursor = open_cursor("bookmark", "id");

    (void)state;
    use_index(cursor, "byn");
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        entry found = {0};

        assert_int_equal(get_entry(cursor, rooms[i][0], rooms[i][1], &found),
                         JET_errBufferTooSmall);
        assert_int_equal(found.key_size, 5);
        assert_int_equal(found.bookmark_size, 5);
    }
    close_cursor(cursor);
}

static void
test_table_go_secondary__stays_unless_a_virtual_place_is_permitted(void **state)
{
    entry missing = make_entry(NUMBER_KEY("\x01"), 5, NUMBER_KEY("\x63"), 5);
    entry before = make_entry(NUMBER_KEY("\x01"), 5, NUMBER_KEY("\x00"), 5);
    test_cursor cursor = open_cursor("bookmark", "id");

    (void)state;
    RUN(cursor, INDEX("byn", 0, 1), MOVE(3, 0, 4));
    assert_int_equal(go_entry(cursor, &missing, 0), JET_errRecordDeleted);
    RUN(cursor, MOVE(0, 0, 4));
    assert_int_equal(go_entry(cursor, &missing, JET_bitBookmarkPermitVirtualCurrency),
                     JET_errRecordDeleted);
    assert_int_equal(at(cursor), NOWHERE);
    RUN(cursor, MOVE(1, 0, 6));
    assert_int_equal(go_entry(cursor, &before, JET_bitBookmarkPermitVirtualCurrency),
                     JET_errRecordDeleted);
    RUN(cursor, MOVE(-1, 0, 2));
    close_cursor(cursor);
}

static void
test_table_go_secondary__needs_both_parts_where_keys_repeat(void **state)
{
    entry no_key = make_entry("", 0, NUMBER_KEY("\x04"), 5);
    entry no_bookmark = make_entry(NUMBER_KEY("\x01"), 5, "", 0);
    test_cursor cursor = open_cursor("bookmark", "id");

    (void)state;
    use_index(cursor, "byn");
    assert_int_equal(go_entry(cursor, &no_key, 0), JET_errInvalidBookmark);
    assert_int_equal(go_entry(cursor, &no_bookmark, 0), JET_errInvalidBookmark);
    close_cursor(cursor);
}

static void
test_table_go_secondary__takes_the_key_alone_where_it_is_unique(void **state)
{
    static const uint8_t key[] = {0x80, 0xac, 0xab, 0xad, 0xb6, 0xb1, 0xb8, 0xdf, 0xc7, 0xff};
    test_cursor cursor = open_cursor("bookmark", "id");
    entry found = {0};

    (void)state;
    use_index(cursor, "uniq");
    assert_int_equal(get_entry(cursor, 64, 64, &found), JET_errSuccess);
    assert_int_equal(found.key_size, sizeof key);
    assert_memory_equal(found.key, key, sizeof key);
    assert_memory_equal(found.bookmark, NUMBER_KEY("\x08"), 5);
    RUN(cursor, MOVE(LAST, 0, 1));
    assert_int_equal(JetGotoSecondaryIndexBookmark(session.sesid, cursor.tableid, found.key,
                                                   found.key_size, NULL, 0, 0),
                     JET_errSuccess);
    assert_int_equal(at(cursor), 8);
    RUN(cursor, MOVE(LAST, 0, 1));
    assert_int_equal(go_entry(cursor, &found, 0), JET_errSuccess);
    assert_int_equal(at(cursor), 8);
    close_cursor(cursor);
}

static void
test_table_secondary_bookmark__does_not_exist_in_primary_order(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");
    entry found = make_entry(NUMBER_KEY("\x01"), 5, NUMBER_KEY("\x04"), 5);

    (void)state;
    assert_int_equal(get_entry(cursor, 64, 64, &found), JET_errNoCurrentIndex);
    assert_int_equal(go_entry(cursor, &found, 0), JET_errNoCurrentIndex);
    close_cursor(cursor);
}

static void
test_table_bookmark__needs_a_current_record(void **state)
{
    test_cursor cursor = open_cursor("bookmark", "id");
    uint8_t bookmark[64];
    uint32_t size = 0;
    entry found = {0};

    (void)state;
    RUN(cursor, MOVE(LAST, 0, 8), MOVE(1, END, NOWHERE));
    assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, &size),
                     JET_errNoCurrentRecord);
    RUN(cursor, INDEX("byn", 0, 1), MOVE(LAST, 0, 8), MOVE(1, END, NOWHERE));
    assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, &size),
                     JET_errNoCurrentRecord);
    assert_int_equal(get_entry(cursor, 64, 64, &found), JET_errNoCurrentRecord);
    close_cursor(cursor);
}

static void
test_table_bookmark__counts_records_where_there_is_no_index(void **state)
{
    static const struct {
        uint8_t bookmark[4];
        int32_t at;
    } numbered[] = {{{0, 0, 0, 1}, 0}, {{0, 0, 0, 0x65}, 100}, {{0, 0, 0, 0xc9}, 200}};
    test_cursor cursor = open_cursor("numbered", "x");
    uint8_t bookmark[64];
    uint32_t size = 0;

    (void)state;
    for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++) {
        assert_int_equal(go_bookmark(cursor, numbered[i].bookmark, 4), JET_errSuccess);
        assert_int_equal(at(cursor), numbered[i].at);
        assert_int_equal(get_bookmark(cursor, bookmark, sizeof bookmark, &size), JET_errSuccess);
        assert_int_equal(size, 4);
        assert_memory_equal(bookmark, numbered[i].bookmark, 4);
    }
    close_cursor(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_bookmark__is_the_primary_key),
        cmocka_unit_test(test_table_bookmark__tells_its_size_to_a_short_buffer),
        cmocka_unit_test(test_table_go_bookmark__refuses_what_is_no_bookmark_and_stays),
        cmocka_unit_test(test_table_go_bookmark__stands_on_the_entry_of_the_record),
        cmocka_unit_test(test_table_secondary_bookmark__leads_back_to_its_entry),
        cmocka_unit_test(test_table_secondary_bookmark__tells_both_sizes_to_short_buffers),
        cmocka_unit_test(test_table_go_secondary__stays_unless_a_virtual_place_is_permitted),
        cmocka_unit_test(test_table_go_secondary__needs_both_parts_where_keys_repeat),
        cmocka_unit_test(test_table_go_secondary__takes_the_key_alone_where_it_is_unique),
        cmocka_unit_test(test_table_secondary_bookmark__does_not_exist_in_primary_order),
        cmocka_unit_test(test_table_bookmark__needs_a_current_record),
        cmocka_unit_test(test_table_bookmark__counts_records_where_there_is_no_index),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
