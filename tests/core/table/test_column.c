/* One value of one column: parts, short buffers, sequence numbers, wrong arguments; values from the index and the bookmark. */
#include "cursor_test.h"

enum { LONGEST = 20000 };

/* Byte `place` of the long values of the fixture. */
static uint8_t
pattern(uint32_t place)
{
    return (uint8_t)(7 * place + place / 251);
}

typedef struct answer {
    JET_ERR err;
    uint32_t size;
    uint8_t bytes[LONGEST + 100];
} answer;

/* `itag` 0: without JET_RETINFO. */
static const answer *
retrieve(JET_TABLEID tableid, JET_COLUMNID columnid, uint32_t room, uint32_t offset, uint32_t itag,
         JET_GRBIT grbit)
{
    static answer given;
    JET_RETINFO info = {.cbStruct = sizeof info, .ibLongValue = offset, .itagSequence = itag};

    given.size = 0xabcdef;
    memset(given.bytes, 0xee, sizeof given.bytes);
    given.err = JetRetrieveColumn(session.sesid, tableid, columnid, room != 0 ? given.bytes : NULL,
                                  room, &given.size, grbit, itag != 0 ? &info : NULL);
    assert_int_equal(given.bytes[room], 0xee);
    return &given;
}

typedef struct part {
    uint32_t room, offset, itag;
    JET_ERR err;
    uint32_t size;
    const char *bytes; /* what arrived, NULL = nothing */
} part;

static void
check_parts(JET_TABLEID tableid, const char *column, const part *parts, size_t n)
{
    JET_COLUMNID columnid = column_named(tableid, column);

    for (size_t i = 0; i < n; i++) {
        const part *p = &parts[i];
        const answer *given = retrieve(tableid, columnid, p->room, p->offset, p->itag, 0);
        uint32_t arrived = p->size < p->room ? p->size : p->room;

        if (given->err != p->err || given->size != p->size ||
            (p->bytes != NULL && memcmp(given->bytes, p->bytes, arrived) != 0))
            fail_msg("column %s, part %zu: %d, size %u", column, i + 1, (int)given->err,
                     (unsigned)given->size);
    }
}

#define CHECK_PARTS(tableid, column, ...)                                                          \
    do {                                                                                           \
        static const part parts_[] = {__VA_ARGS__};                                                \
        check_parts(tableid, column, parts_, sizeof parts_ / sizeof parts_[0]);                    \
    } while (0)

static void
test_table_retrieve__takes_fixed_and_variable_values_whole_from_any_offset(void **state)
{
    static const char number[] = "\x04\x03\x02\x01", text[] = "variable text";
    JET_TABLEID tableid = open_table("offsets");

    (void)state;
    CHECK_PARTS(tableid, "a", {4, 0, 0, 0, 4, number}, {40, 0, 0, 0, 4, number},
                {2, 0, 0, JET_wrnBufferTruncated, 4, number},
                {0, 0, 0, JET_wrnBufferTruncated, 4, NULL}, {4, 1, 1, 0, 4, number},
                {4, 4, 1, 0, 4, number}, {4, 0, 1, 0, 4, number}, {4, 0, 2, 0, 4, number});
    CHECK_PARTS(tableid, "b", {50, 0, 0, 0, 13, text}, {5, 0, 0, JET_wrnBufferTruncated, 13, text},
                {0, 0, 0, JET_wrnBufferTruncated, 13, NULL}, {50, 5, 1, 0, 13, text},
                {50, 13, 1, 0, 13, text}, {50, 100, 1, 0, 13, text}, {50, 0, 2, 0, 13, text});
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__takes_tagged_values_from_an_offset_on(void **state)
{
    static const char text[] = "a short long text";
    JET_TABLEID tableid = open_table("offsets");

    (void)state;
    CHECK_PARTS(tableid, "c", {50, 0, 0, 0, 17, text}, {5, 0, 0, JET_wrnBufferTruncated, 17, text},
                {0, 0, 0, JET_wrnBufferTruncated, 17, NULL}, {50, 8, 1, 0, 9, "long text"},
                {4, 8, 1, JET_wrnBufferTruncated, 9, "long"}, {50, 17, 1, 0, 0, NULL},
                {50, 18, 1, 0, 0, NULL}, {50, 0, 2, JET_wrnColumnNull, 0, NULL});
    CHECK_PARTS(tableid, "m", {100, 0, 1, 0, 5, "first"},
                {100, 0, 2, JET_wrnBufferTruncated, 5000, NULL}, {100, 4999, 2, 0, 1, "\xc4"},
                {100, 0, 3, 0, 0, NULL}, {100, 0, 4, JET_wrnColumnNull, 0, NULL});
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
check_long_part(JET_TABLEID tableid, JET_COLUMNID columnid, uint32_t offset, uint32_t room)
{
    uint32_t left = offset < LONGEST ? LONGEST - offset : 0;
    const answer *given = retrieve(tableid, columnid, room, offset, 1, 0);
    uint32_t arrived = left < room ? left : room;

    assert_int_equal(given->err, left > room ? JET_wrnBufferTruncated : JET_errSuccess);
    assert_int_equal(given->size, left);
    for (uint32_t i = 0; i < arrived; i++) {
        if (given->bytes[i] != pattern(offset + i))
            fail_msg("offset %u, byte %u is wrong", (unsigned)offset, (unsigned)i);
    }
}

static void
test_table_retrieve__reads_a_long_value_across_its_chunks(void **state)
{
    static const uint32_t offsets[] = {0,     1,     100,   4095,  4096,      8000,
                                       8110,  8191,  8192,  12345, 16384,     19989,
                                       19990, 19999, 20000, 20001, 0x7fffffff};
    static const uint32_t rooms[] = {0, 1, 10, 8110, LONGEST - 1, LONGEST, LONGEST + 90};
    JET_TABLEID tableid = open_table("offsets");
    JET_COLUMNID columnid = column_named(tableid, "d");

    (void)state;
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        for (size_t k = 0; k < sizeof rooms / sizeof rooms[0]; k++)
            check_long_part(tableid, columnid, offsets[i], rooms[k]);
    }
    assert_int_equal(retrieve(tableid, columnid, 10, 0, 2, 0)->err, JET_wrnColumnNull);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__decompresses_before_it_counts(void **state)
{
    JET_TABLEID tableid = open_table("offsets");
    JET_COLUMNID columnid = column_named(tableid, "z");
    const answer *given = retrieve(tableid, columnid, 14, 0, 0, 0);

    (void)state;
    assert_int_equal(given->err, JET_wrnBufferTruncated);
    assert_int_equal(given->size, 7 * 2 * 3000);
    assert_memory_equal(given->bytes, u"zipped ", 14);
    given = retrieve(tableid, columnid, 100, 7 * 2 * 2999 + 2, 1, 0);
    assert_int_equal(given->err, JET_errSuccess);
    assert_int_equal(given->size, 12);
    assert_memory_equal(given->bytes, u"ipped ", 12);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__checks_its_arguments(void **state)
{
    static const JET_COLUMNID unknown[] = {55, 200, 400};
    JET_TABLEID tableid = open_table("offsets");
    JET_COLUMNID a = column_named(tableid, "a"), m = column_named(tableid, "m");
    JET_RETINFO info = {.itagSequence = 1};
    uint32_t size = 5;
    uint8_t bytes[16];

    (void)state;
    assert_int_equal(
        JetRetrieveColumn(session.sesid, tableid, a, bytes, sizeof bytes, &size, 0, &info),
        JET_errInvalidParameter);
    info.cbStruct = sizeof info + 4;
    assert_int_equal(
        JetRetrieveColumn(session.sesid, tableid, a, bytes, sizeof bytes, &size, 0, &info),
        JET_errSuccess);
    info.itagSequence = 0;
    assert_int_equal(
        JetRetrieveColumn(session.sesid, tableid, a, bytes, sizeof bytes, &size, 0, &info),
        JET_errSuccess);
    assert_int_equal(
        JetRetrieveColumn(session.sesid, tableid, m, bytes, sizeof bytes, &size, 0, &info),
        JET_errBadItagSequence);
    assert_int_equal(size, 0);
    assert_int_equal(JetRetrieveColumn(session.sesid, tableid, a, bytes, 16, NULL, 0, NULL),
                     JET_errSuccess);
    assert_int_equal(JetRetrieveColumn(session.sesid, tableid, a, NULL, 0, NULL, 0, NULL),
                     JET_wrnBufferTruncated);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(retrieve(tableid, unknown[i], 16, 0, 0, 0)->err, JET_errColumnNotFound);
    assert_int_equal(retrieve(tableid, a, 16, 0, 0, 0x40000000)->err, JET_errInvalidGrbit);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__needs_a_record_and_tells_size_0_without(void **state)
{
    static const JET_GRBIT from[] = {0, JET_bitRetrieveCopy, JET_bitRetrieveFromIndex};
    JET_TABLEID tableid = open_table("offsets");
    JET_COLUMNID a = column_named(tableid, "a");

    (void)state;
    assert_int_equal(JetMove(session.sesid, tableid, 1, 0), JET_errNoCurrentRecord);
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        const answer *given = retrieve(tableid, a, 16, 0, 0, from[i]);

        assert_int_equal(given->err, JET_errNoCurrentRecord);
        assert_int_equal(given->size, 0);
    }
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve_columns__counts_values_for_sequence_0(void **state)
{
    JET_TABLEID tableid = open_table("offsets");
    char text[20];
    uint8_t few[4];
    JET_RETRIEVECOLUMN wanted[] = {
        {.columnid = column_named(tableid, "m")},
        {.columnid = column_named(tableid, "b"),
         .pvData = text,
         .cbData = sizeof text,
         .itagSequence = 1},
        {.columnid = column_named(tableid, "d"),
         .pvData = few,
         .cbData = sizeof few,
         .ibLongValue = 1,
         .itagSequence = 1},
        {.columnid = column_named(tableid, "m"), .itagSequence = 9},
    };

    (void)state;
    assert_int_equal(JetRetrieveColumns(session.sesid, tableid, wanted, 4), JET_wrnBufferTruncated);
    assert_int_equal(wanted[0].err, JET_errSuccess);
    assert_int_equal(wanted[0].itagSequence, 3);
    assert_int_equal(wanted[1].err, JET_errSuccess);
    assert_int_equal(wanted[1].cbActual, 13);
    assert_memory_equal(text, "variable text", 13);
    assert_int_equal(wanted[2].err, JET_wrnBufferTruncated);
    assert_int_equal(wanted[2].cbActual, LONGEST - 1);
    assert_memory_equal(few, "\x07\x0e\x15\x1c", 4);
    assert_int_equal(wanted[3].err, JET_wrnColumnNull);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

/* ---- From the entry ---- */

enum { COLUMNS = 7 };

static const char *const column_names[COLUMNS] = {"id", "n", "tx", "lt", "bi", "mv", "gu"};
static const char *const index_names[COLUMNS] = {NULL, "in", "itx", "ilt", "ibi", "imv", "igu"};

/* Does the index hold the column? "itx" is over tx and n. */
static bool
is_part(int index, int column)
{
    return index == column || (index == 2 && column == 1);
}

/* On the entry of the full record (first value of "mv") or of the one that has nothing but its id. */
static void
check_entry(JET_TABLEID tableid, int index, bool is_full)
{
    for (int column = 0; column < COLUMNS; column++) {
        JET_COLUMNID columnid = column_named(tableid, column_names[column]);
        answer plain = *retrieve(tableid, columnid, 300, 0, 0, 0);
        const answer *entry = retrieve(tableid, columnid, 300, 0, 0, JET_bitRetrieveFromIndex);
        JET_ERR expected = !is_part(index, column)  ? JET_errColumnNotFound
                           : is_full || column == 0 ? JET_errSuccess
                                                    : JET_wrnColumnNull;

        assert_int_equal(entry->err, expected);
        assert_int_equal(entry->size, expected < JET_errSuccess ? 0 : plain.size);
        if (expected == JET_errSuccess)
            assert_memory_equal(entry->bytes, plain.bytes, plain.size);
        entry = retrieve(tableid, columnid, 300, 0, 0, JET_bitRetrieveFromPrimaryBookmark);
        assert_int_equal(entry->err, column == 0 ? JET_errSuccess : JET_errColumnNotFound);
        assert_int_equal(entry->size, column == 0 ? 4 : 0);
    }
}

static void
test_table_retrieve__from_the_index_gives_the_columns_of_its_key(void **state)
{
    JET_TABLEID tableid = open_table("from-index");

    (void)state;
    for (int index = 0; index < COLUMNS; index++) {
        bool full_is_last =
            index != 0 && index != 2; /* null sorts first, and last when descending */

        TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, index_names[index]));
        check_entry(tableid, index, !full_is_last);
        TEST_OK(JetMove(session.sesid, tableid, JET_MoveLast, 0));
        check_entry(tableid, index, full_is_last);
    }
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__tells_which_value_made_the_entry(void **state)
{
    static const struct {
        JET_ERR err;
        int32_t value;
        uint32_t itag;
    } expected[] = {{JET_wrnColumnNull, 0, 1}, {0, -7, 2}, {0, 7, 1}};
    JET_TABLEID tableid = open_table("from-index");
    JET_COLUMNID mv = column_named(tableid, "mv");

    (void)state;
    TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, "imv"));
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = 1};
        int32_t value = 0;
        JET_ERR err = JetRetrieveColumn(session.sesid, tableid, mv, &value, sizeof value, NULL,
                                        JET_bitRetrieveFromIndex | JET_bitRetrieveTag, &info);

        assert_int_equal(err, expected[i].err);
        assert_int_equal(value, expected[i].value);
        assert_int_equal(info.itagSequence, expected[i].itag);
        info.itagSequence = 1;
        value = 0;
        err = JetRetrieveColumn(session.sesid, tableid, mv, &value, sizeof value, NULL,
                                JET_bitRetrieveTag, &info);
        assert_int_equal(err, expected[i].err);
        assert_int_equal(value, i == 0 ? 0 : 7);
        assert_int_equal(info.itagSequence, 1);
        err = JetMove(session.sesid, tableid, 1, 0);
        assert_int_equal(err, i == 2 ? JET_errNoCurrentRecord : JET_errSuccess);
    }
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__from_the_index_cuts_to_the_buffer(void **state)
{
    static const uint8_t value[] = "\x01\x02\x00\xff\x80"
                                   "abcdefgh";
    JET_TABLEID tableid = open_table("from-index");
    JET_COLUMNID bi = column_named(tableid, "bi");
    const answer *given;

    (void)state;
    TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, "ibi"));
    TEST_OK(JetMove(session.sesid, tableid, JET_MoveLast, 0));
    given = retrieve(tableid, bi, 5, 0, 0, JET_bitRetrieveFromIndex);
    assert_int_equal(given->err, JET_wrnBufferTruncated);
    assert_int_equal(given->size, 13);
    assert_memory_equal(given->bytes, value, 5);
    given = retrieve(tableid, bi, 50, 3, 1, JET_bitRetrieveFromIndex);
    assert_int_equal(given->err, JET_errSuccess);
    assert_int_equal(given->size, 13);
    assert_memory_equal(given->bytes, value, 13);
    given = retrieve(tableid, bi, 50, 0, 0, JET_bitRetrieveFromIndex | JET_bitRetrieveCopy);
    assert_int_equal(given->err, JET_errSuccess);
    assert_int_equal(given->size, 13);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

static void
test_table_retrieve__from_an_index_of_tuples_is_refused_unless_asked_for(void **state)
{
    JET_TABLEID tableid = open_table("tuple");
    JET_COLUMNID s = column_named(tableid, "s");
    const answer *given;

    (void)state;
    TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, "pieces"));
    given = retrieve(tableid, s, 50, 0, 0, JET_bitRetrieveFromIndex);
    assert_int_equal(given->err, JET_errIndexTuplesCannotRetrieveFromIndex);
    assert_int_equal(given->size, 0);
    given = retrieve(tableid, s, 50, 0, 0, JET_bitRetrieveFromIndex | JET_bitRetrieveTuple);
    assert_int_equal(given->err, JET_errSuccess);
    assert_int_equal(given->size, 25);
    assert_memory_equal(given->bytes, "The quick brown fox jumps", 25);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

int
main(void)
{
    const struct CMUnitTest values[] = {
        cmocka_unit_test(
            test_table_retrieve__takes_fixed_and_variable_values_whole_from_any_offset),
        cmocka_unit_test(test_table_retrieve__takes_tagged_values_from_an_offset_on),
        cmocka_unit_test(test_table_retrieve__reads_a_long_value_across_its_chunks),
        cmocka_unit_test(test_table_retrieve__decompresses_before_it_counts),
        cmocka_unit_test(test_table_retrieve__checks_its_arguments),
        cmocka_unit_test(test_table_retrieve__needs_a_record_and_tells_size_0_without),
        cmocka_unit_test(test_table_retrieve_columns__counts_values_for_sequence_0),
    };
    const struct CMUnitTest entries[] = {
        cmocka_unit_test(test_table_retrieve__from_the_index_gives_the_columns_of_its_key),
        cmocka_unit_test(test_table_retrieve__tells_which_value_made_the_entry),
        cmocka_unit_test(test_table_retrieve__from_the_index_cuts_to_the_buffer),
        cmocka_unit_test(test_table_retrieve__from_an_index_of_tuples_is_refused_unless_asked_for),
    };

    if (test_fixture("cursors-4k.edb") == NULL)
        return 0;
    return cmocka_run_group_tests(values, open_values_database, close_database) +
           cmocka_run_group_tests(entries, open_cursors_database, close_database);
}
