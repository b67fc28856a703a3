/*
 * Every allocation and every read of a cursor call fails in turn: the call tells so, the cursor stands where it stood, nothing is lost,
 * and the same call succeeds afterwards.
 */
#include "cursor_test.h"

#include <stdlib.h>

enum { LOOPS_MAX = 200, ROW_COLUMNS = 5 };

/* A call on a cursor of table "notes" (deep-4k) that stands on an entry in the middle of index "ByGroupDown". */
typedef JET_ERR faulty_call(JET_TABLEID tableid);

static const char *const database = "deep-4k.edb";

/* ---- The calls ---- */

static JET_ERR
seek_far_away(JET_TABLEID tableid)
{
    int16_t group = -2;

    TEST_OK(JetMakeKey(session.sesid, tableid, &group, sizeof group, JET_bitNewKey));
    return JetSeek(session.sesid, tableid, JET_bitSeekGE);
}

static JET_ERR
move_far_away(JET_TABLEID tableid)
{
    return JetMove(session.sesid, tableid, 900, 0);
}

static JET_ERR
move_to_last(JET_TABLEID tableid)
{
    return JetMove(session.sesid, tableid, JET_MoveLast, 0);
}

static JET_ERR
change_index(JET_TABLEID tableid)
{
    return JetSetCurrentIndexA(session.sesid, tableid, "ByName");
}

static JET_ERR
change_index_and_stay(JET_TABLEID tableid)
{
    return JetSetCurrentIndex2A(session.sesid, tableid, "ByShortKey", JET_bitNoMove);
}

static JET_ERR
go_to_bookmark(JET_TABLEID tableid)
{
    uint8_t bookmark[] = {0x7f, 0x80, 0, 0, 0x65}; /* Id 101 */

    return JetGotoBookmark(session.sesid, tableid, bookmark, sizeof bookmark);
}

static JET_ERR
go_to_fraction(JET_TABLEID tableid)
{
    JET_RECPOS position = {.cbStruct = sizeof position, .centriesLT = 9, .centriesTotal = 10};

    return JetGotoPosition(session.sesid, tableid, &position);
}

static JET_ERR
count(JET_TABLEID tableid)
{
    uint32_t n = 0;

    return JetIndexRecordCount(session.sesid, tableid, &n, 0);
}

static JET_ERR
read_row(JET_TABLEID tableid)
{
    static const char *const names[ROW_COLUMNS] = {"Id", "Name", "Data", "Tags", "Marks"};
    ese_column columns[ROW_COLUMNS] = {{0}};

    for (int i = 0; i < ROW_COLUMNS; i++)
        columns[i].columnid = column_named(tableid, names[i]);
    return ese_get_row(session.sesid, tableid, 0, columns, ROW_COLUMNS);
}

static void *JET_API
reallocate(void *context, void *old, uint32_t size)
{
    (void)context;
    if (size != 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

static JET_ERR
enumerate_presence(JET_TABLEID tableid)
{
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t n = 0;
    JET_ERR err = JetEnumerateColumns(session.sesid, tableid, 0, NULL, &n, &columns, reallocate,
                                      NULL, 1000, JET_bitEnumeratePresenceOnly);

    free(columns);
    return err;
}

static JET_ERR
set_filter(JET_TABLEID tableid)
{
    int32_t zero = 0;
    JET_INDEX_COLUMN filter = {.columnid = column_named(tableid, "Id"),
                               .relop = JET_relopNotEquals,
                               .pv = &zero,
                               .cb = sizeof zero};

    return JetSetCursorFilter(session.sesid, tableid, &filter, 1, 0);
}

static JET_ERR
move_with_filter(JET_TABLEID tableid)
{
    JET_ERR err = set_filter(tableid);

    return err < JET_errSuccess ? err : JetMove(session.sesid, tableid, FIRST, 0);
}

static JET_ERR
move_by_key(JET_TABLEID tableid)
{
    return JetMove(session.sesid, tableid, 20, JET_bitMoveKeyNE);
}

static JET_ERR
open_another(JET_TABLEID tableid)
{
    JET_TABLEID other;
    JET_ERR err = JetOpenTableA(session.sesid, session.dbid, "narrow-packed", NULL, 0, 0, &other);

    (void)tableid;
    return err < JET_errSuccess ? err : JetCloseTable(session.sesid, other);
}

static JET_ERR
duplicate(JET_TABLEID tableid)
{
    JET_TABLEID other;
    JET_ERR err = JetDupCursor(session.sesid, tableid, &other, 0);

    return err < JET_errSuccess ? err : JetCloseTable(session.sesid, other);
}

typedef struct named_call {
    const char *name;
    faulty_call *call;
} named_call;

static const named_call calls[] = {
    {"seek", seek_far_away},
    {"move", move_far_away},
    {"move last", move_to_last},
    {"change index", change_index},
    {"change index and stay", change_index_and_stay},
    {"go to bookmark", go_to_bookmark},
    {"go to fraction", go_to_fraction},
    {"count", count},
    {"read row", read_row},
    {"enumerate", enumerate_presence},
    {"set filter", set_filter},
    {"move with filter", move_with_filter},
    {"move by key", move_by_key},
    {"open another table", open_another},
    {"duplicate", duplicate},
};

/* ---- The loop ---- */

typedef struct place {
    char index[JET_cbNameMost + 1];
    int32_t id;
    uint8_t key[300];
    uint32_t key_size;
} place;

static place
place_of(JET_TABLEID tableid)
{
    place found = {.id = at((test_cursor){tableid, column_named(tableid, "Id")})};
    JET_ERR err;

    TEST_OK(JetGetCurrentIndexA(session.sesid, tableid, found.index, sizeof found.index));
    err = JetRetrieveKey(session.sesid, tableid, found.key, sizeof found.key, &found.key_size, 0);
    if (found.id != NOWHERE)
        TEST_OK(err);
    return found;
}

/* One call in a database nothing of which is in memory but what led to the place of the cursor. */
static JET_ERR
call_with_fault(const named_call *tried, ese_fault_kind fault, uint64_t nth)
{
    JET_TABLEID tableid;
    place before, after;
    JET_ERR err;

    session = test_session_open(test_fixture(database), 0);
    tableid = open_table("notes");
    TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, "ByGroupDown"));
    TEST_OK(JetMove(session.sesid, tableid, 700, 0));
    before = place_of(tableid);
    ese_fault_arm(fault, nth, 0);
    err = tried->call(tableid);
    ese_fault_arm(fault, 0, 0);
    if (err < JET_errSuccess) {
        after = place_of(tableid);
        if (memcmp(&before, &after, sizeof before) != 0)
            fail_msg("%s, failure %u: from %s %d to %s %d", tried->name, (unsigned)nth,
                     before.index, (int)before.id, after.index, (int)after.id);
        TEST_OK(tried->call(tableid));
    }
    TEST_OK(JetCloseTable(session.sesid, tableid));
    test_session_close(&session);
    assert_int_equal(ese_live_allocations(), 0);
    return err;
}

static void
fail_each(ese_fault_kind fault, JET_ERR expected)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        JET_ERR err = expected;

        for (uint64_t nth = 1; err < JET_errSuccess; nth++) {
            assert_in_range(nth, 1, LOOPS_MAX);
            err = call_with_fault(&calls[i], fault, nth);
            if (err < JET_errSuccess && err != expected)
                fail_msg("%s, failure %u: %d", calls[i].name, (unsigned)nth, (int)err);
        }
    }
}

static void
test_table_cursor__stays_when_an_allocation_fails(void **state)
{
    (void)state;
    fail_each(ESE_faultAlloc, JET_errOutOfMemory);
}

static void
test_table_cursor__stays_when_a_read_fails(void **state)
{
    (void)state;
    fail_each(ESE_faultRead, JET_errDiskIO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_cursor__stays_when_an_allocation_fails),
        cmocka_unit_test(test_table_cursor__stays_when_a_read_fails),
    };

    return test_fixture(database) == NULL ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
