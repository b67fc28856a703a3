/*
 * Temporary tables: phases and kinds, order and duplicates, seeks, changes and what a rollback does to them, limits, and every
 * allocation failing in turn.
 */
#include "temp_test.h"

#include <stdlib.h>

enum { MATERIALIZED = JET_bitTTUpdatable | JET_bitTTIndexed };

static void
insert_sample(const temp_fixture *f)
{
    insert_temp(f, 5, "five", 1);
    insert_temp(f, 3, "three", 2);
    insert_temp(f, 5, "FIVE", 3);
    insert_temp(f, 3, "xylo", 4);
    insert_temp(f, NULL_KEY, "nokey", 5);
    insert_temp(f, 9, NULL, 6);
    insert_temp(f, 3, "three", 7);
}

static JET_ERR
seek_temp(const temp_fixture *f, int32_t key, const char *text, JET_GRBIT grbit)
{
    assert_ok(JetMakeKey(f->sesid, f->table, &key, sizeof key, JET_bitNewKey));
    assert_ok(JetMakeKey(f->sesid, f->table, text, (uint32_t)strlen(text), 0));
    return JetSeek(f->sesid, f->table, grbit);
}

/* ---- order and duplicates */

static void
test_temp__sorts_by_key_and_keeps_the_first_of_equal_rows(void **state)
{
    static const JET_GRBIT kinds[] = {0,
                                      JET_bitTTUnique,
                                      JET_bitTTIndexed,
                                      JET_bitTTScrollable,
                                      JET_bitTTUpdatable,
                                      MATERIALIZED,
                                      JET_bitTTErrorOnDuplicateInsertion};
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        open_temp(&f, kinds[i]);
        insert_sample(&f);
        assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 -1603");
        assert_ok(JetCloseTable(f.sesid, f.table));
    }
    end_temp(&f);
}

static void
test_temp__sorts_nulls_high_when_asked(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTSortNullsHigh);
    insert_temp(&f, NULL_KEY, "none", 1);
    insert_temp(&f, 1, "one", 2);
    assert_rows(&f, "1one2 -1none1 -1603");
    end_temp(&f);
}

static void
test_temp_forward_only__keeps_duplicates_in_order_of_arrival(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    assert_ok(try_open_temp(&f, JET_bitTTForwardOnly, false));
    insert_sample(&f);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 3three7 5five1 5FIVE3 96 -1603");
    assert_ok(JetCloseTable(f.sesid, f.table));
    assert_ok(try_open_temp(&f, JET_bitTTForwardOnly | JET_bitTTUnique, false));
    insert_sample(&f);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 -1603");
    end_temp(&f);
}

static void
test_temp_forward_only__excludes_what_needs_more(void **state)
{
    static const JET_GRBIT more[] = {JET_bitTTIndexed, JET_bitTTUpdatable, JET_bitTTScrollable,
                                     JET_bitTTErrorOnDuplicateInsertion};
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        assert_int_equal(try_open_temp(&f, JET_bitTTForwardOnly | more[i], false),
                         JET_errCannotMaterializeForwardOnlySort);
    assert_int_equal(try_open_temp(&f, JET_bitTTForwardOnly, true),
                     JET_errCannotMaterializeForwardOnlySort);
    assert_ok(try_open_temp(&f, JET_bitTTForwardOnly | JET_bitTTIntrinsicLVsOnly, true));
    end_temp(&f);
}

static void
test_temp__refuses_a_duplicate_at_once_when_asked(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTErrorOnDuplicateInsertion);
    assert_ok(insert_temp(&f, 1, "a", 1));
    assert_int_equal(insert_temp(&f, 1, "A", 2), JET_errKeyDuplicate);
    assert_ok(insert_temp(&f, 1, "b", 3));
    assert_rows(&f, "1b3 1a1 -1603");
    end_temp(&f);
}

static void
test_temp__sorts_many_rows(void **state)
{
    enum { N = 20000 };
    temp_fixture f = {0};
    uint32_t seed = 99;
    int32_t last = -1, n = 0;

    (void)state;
    start_temp(&f);
    open_temp(&f, 0);
    for (int32_t i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        assert_ok(insert_temp(&f, (int32_t)(seed >> 12), NULL, i));
    }
    for (JET_ERR err = JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0); err >= 0;
         err = JetMove(f.sesid, f.table, JET_MoveNext, 0)) {
        assert_true(get_long(&f, f.key) > last);
        last = get_long(&f, f.key);
        n++;
    }
    assert_true(n > N * 9 / 10 && n <= N);
    end_temp(&f);
}

/* ---- kinds */

static void
test_temp_plain__is_read_forward_only_and_does_not_change(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, 0);
    assert_int_equal(JetDelete(f.sesid, f.table), JET_errIllegalOperation);
    assert_int_equal(JetPrepareUpdate(f.sesid, f.table, JET_prepReplace), JET_errIllegalOperation);
    insert_sample(&f);
    assert_rows_backward(&f, "96 -1312");
    assert_int_equal(seek_temp(&f, 3, "xylo", JET_bitSeekEQ), JET_errIllegalOperation);
    assert_int_equal(insert_temp(&f, 4, "late", 9), JET_errIllegalOperation);
    assert_int_equal(set_long(&f, f.value, 1), JET_errIllegalOperation);
    assert_int_equal(update_temp(&f), JET_errIllegalOperation);
    assert_int_equal(JetDelete(f.sesid, f.table), JET_errIllegalOperation);
    end_temp(&f);
}

static void
test_temp_scrollable__is_searched_and_read_backward(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTScrollable);
    insert_sample(&f);
    assert_rows_backward(&f, "96 5five1 3three2 3xylo4 -1nokey5 -1603");
    assert_ok(seek_temp(&f, 3, "xylo", JET_bitSeekEQ));
    assert_int_equal(get_long(&f, f.value), 4);
    assert_int_equal(seek_temp(&f, 4, "", JET_bitSeekEQ), JET_errRecordNotFound);
    assert_int_equal(seek_temp(&f, 3, "u", JET_bitSeekGE), JET_wrnSeekNotEqual);
    assert_int_equal(get_long(&f, f.value), 2);
    assert_ok(seek_temp(&f, 5, "five", JET_bitSeekLT));
    assert_int_equal(get_long(&f, f.value), 2);
    assert_ok(seek_temp(&f, 3, "xylo", JET_bitSeekGT));
    assert_int_equal(get_long(&f, f.value), 2);
    assert_int_equal(JetPrepareUpdate(f.sesid, f.table, JET_prepReplace), JET_errIllegalOperation);
    end_temp(&f);
}

static void
test_temp_updatable__puts_late_rows_where_their_key_belongs(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 -1603");
    assert_ok(insert_temp(&f, 4, "late", 8));
    assert_int_equal(insert_temp(&f, 5, "Five", 9), JET_errKeyDuplicate);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 4late8 5five1 96 -1603");
    end_temp(&f);
}

static void
test_temp_updatable__appends_late_rows_without_an_index(void **state)
{
    temp_fixture f = {0};
    int32_t key = 3;

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTUpdatable);
    insert_sample(&f);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 -1603");
    assert_ok(insert_temp(&f, 4, "late", 8));
    assert_ok(insert_temp(&f, 3, "xylo", 9));
    assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 4late8 3xylo9 -1603");
    assert_int_equal(JetMakeKey(f.sesid, f.table, &key, sizeof key, JET_bitNewKey),
                     JET_errNoCurrentIndex);
    end_temp(&f);
}

static void
test_temp__refuses_what_needs_a_table_of_a_database(void **state)
{
    temp_fixture f = {0};
    JET_RECPOS position = {.cbStruct = sizeof position, .centriesTotal = 1};
    JET_COLUMNDEF column = {.cbStruct = sizeof column};
    JET_DBID dbid;
    uint32_t n;

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTErrorOnDuplicateInsertion);
    insert_sample(&f);
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    assert_int_equal(JetIndexRecordCount(f.sesid, f.table, &n, 0), JET_errIllegalOperation);
    assert_int_equal(JetGetRecordPosition(f.sesid, f.table, &position, sizeof position),
                     JET_errIllegalOperation);
    assert_int_equal(JetGotoPosition(f.sesid, f.table, &position), JET_errIllegalOperation);
    assert_int_equal(JetSetCurrentIndexA(f.sesid, f.table, NULL), JET_errIllegalOperation);
    assert_int_equal(
        JetGetTableColumnInfoA(f.sesid, f.table, "x", &column, sizeof column, JET_ColInfo),
        JET_errIllegalOperation);
    assert_int_equal(JetGetTableInfoA(f.sesid, f.table, &dbid, sizeof dbid, JET_TblInfoDbid),
                     JET_errInvalidOperation);
    end_temp(&f);
}

/* ---- cursors */

static void
test_temp_cursor__goes_to_the_bookmark_an_update_gave(void **state)
{
    temp_fixture f = {0};
    uint8_t bookmark[300], again[300];
    uint32_t size = 0, again_size = 0;

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    assert_ok(JetPrepareUpdate(f.sesid, f.table, JET_prepInsert));
    assert_ok(set_long(&f, f.key, 7));
    assert_ok(set_long(&f, f.value, 70));
    assert_int_equal(JetUpdate(f.sesid, f.table, bookmark, 2, &size), JET_errBufferTooSmall);
    assert_ok(JetUpdate(f.sesid, f.table, bookmark, sizeof bookmark, &size));
    assert_int_equal(get_long(&f, f.value), 5);
    assert_ok(JetGotoBookmark(f.sesid, f.table, bookmark, size));
    assert_int_equal(get_long(&f, f.value), 70);
    assert_ok(JetGetBookmark(f.sesid, f.table, again, sizeof again, &again_size));
    assert_int_equal(again_size, size);
    assert_memory_equal(again, bookmark, size);
    assert_int_equal(JetGotoBookmark(f.sesid, f.table, bookmark, size - 1), JET_errRecordDeleted);
    end_temp(&f);
}

static void
test_temp_cursor__has_a_twin_once_the_table_can_have_one(void **state)
{
    temp_fixture f = {0}, twin;

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    twin = f;
    assert_int_equal(JetDupCursor(f.sesid, f.table, &twin.table, 0), JET_errIllegalOperation);
    assert_ok(JetMove(f.sesid, f.table, JET_MoveLast, 0));
    assert_ok(JetDupCursor(f.sesid, f.table, &twin.table, 0));
    assert_int_equal(get_long(&twin, f.value), 5);
    assert_ok(seek_temp(&twin, 5, "five", JET_bitSeekEQ));
    assert_ok(JetDelete(twin.sesid, twin.table));
    assert_ok(insert_temp(&twin, 1, "one", 11));
    assert_int_equal(get_long(&f, f.value), 6);
    assert_ok(JetCloseTable(f.sesid, f.table));
    assert_rows(&twin, "-1nokey5 1one11 3xylo4 3three2 96 -1603");
    end_temp(&f);
}

static void
test_temp_cursor__stays_on_a_deleted_row_between_its_neighbours(void **state)
{
    temp_fixture f = {0};
    uint8_t bookmark[300];
    uint32_t size;

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    assert_ok(seek_temp(&f, 3, "three", JET_bitSeekEQ));
    assert_ok(JetDelete(f.sesid, f.table));
    assert_int_equal(get_long(&f, f.value), JET_errRecordDeleted);
    assert_int_equal(JetMove(f.sesid, f.table, 0, 0), JET_errRecordDeleted);
    assert_int_equal(JetDelete(f.sesid, f.table), JET_errRecordDeleted);
    assert_int_equal(JetPrepareUpdate(f.sesid, f.table, JET_prepReplace), JET_errRecordDeleted);
    assert_ok(JetGetBookmark(f.sesid, f.table, bookmark, sizeof bookmark, &size));
    assert_int_equal(JetGotoBookmark(f.sesid, f.table, bookmark, size), JET_errRecordDeleted);
    assert_ok(seek_temp(&f, 3, "xylo", JET_bitSeekEQ));
    assert_ok(JetDelete(f.sesid, f.table));
    assert_ok(JetMove(f.sesid, f.table, JET_MoveNext, 0));
    assert_int_equal(get_long(&f, f.value), 1);
    assert_ok(JetMove(f.sesid, f.table, JET_MovePrevious, 0));
    assert_int_equal(get_long(&f, f.value), 5);
    end_temp(&f);
}

static void
test_temp_cursor__walks_a_range(void **state)
{
    temp_fixture f = {0};
    int32_t key = 3;

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTIndexed);
    insert_sample(&f);
    assert_ok(JetMakeKey(f.sesid, f.table, &key, sizeof key,
                         JET_bitNewKey | JET_bitFullColumnStartLimit));
    assert_ok(JetSeek(f.sesid, f.table, JET_bitSeekGE));
    assert_int_equal(get_long(&f, f.value), 4);
    assert_ok(
        JetMakeKey(f.sesid, f.table, &key, sizeof key, JET_bitNewKey | JET_bitFullColumnEndLimit));
    assert_ok(JetSetIndexRange(f.sesid, f.table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    assert_ok(JetMove(f.sesid, f.table, JET_MoveNext, 0));
    assert_int_equal(get_long(&f, f.value), 2);
    assert_int_equal(JetMove(f.sesid, f.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
    end_temp(&f);
}

/* ---- transactions */

static void
test_temp_rollback__undoes_changes_of_a_sorted_table_level_by_level(void **state)
{
    static const char before[] = "-1nokey5 3xylo4 3three2 5five1 96 -1603";
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    assert_rows(&f, before);
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(insert_temp(&f, 4, "four", 40));
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(seek_temp(&f, 3, "xylo", JET_bitSeekEQ));
    assert_ok(JetDelete(f.sesid, f.table));
    assert_ok(seek_temp(&f, 4, "four", JET_bitSeekEQ));
    assert_ok(JetPrepareUpdate(f.sesid, f.table, JET_prepReplace));
    assert_ok(set_long(&f, f.value, 41));
    assert_ok(update_temp(&f));
    assert_rows(&f, "-1nokey5 3three2 4four41 5five1 96 -1603");
    assert_ok(JetRollback(f.sesid, 0));
    assert_rows(&f, "-1nokey5 3xylo4 3three2 4four40 5five1 96 -1603");
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(insert_temp(&f, 6, "six", 60));
    assert_ok(JetCommitTransaction(f.sesid, 0));
    assert_ok(JetRollback(f.sesid, 0));
    assert_rows(&f, before);
    end_temp(&f);
}

static void
test_temp_rollback__keeps_what_was_committed_and_what_was_inserted_before_the_first_move(
    void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(insert_temp(&f, 1, "one", 1));
    assert_ok(JetRollback(f.sesid, 0));
    assert_rows(&f, "1one1 -1603");
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(insert_temp(&f, 2, "two", 2));
    assert_ok(JetCommitTransaction(f.sesid, 0));
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(insert_temp(&f, 3, "three", 3));
    assert_ok(JetRollback(f.sesid, 0));
    assert_rows(&f, "1one1 2two2 -1603");
    end_temp(&f);
}

static void
test_temp_rollback__closes_tables_opened_in_it_and_drops_updates_prepared_in_it(void **state)
{
    temp_fixture f = {0}, inner;

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    inner = f;
    assert_ok(JetBeginTransaction(f.sesid));
    open_temp(&inner, MATERIALIZED);
    assert_ok(JetPrepareUpdate(f.sesid, f.table, JET_prepInsert));
    assert_ok(JetRollback(f.sesid, 0));
    assert_int_equal(update_temp(&f), JET_errUpdateNotPrepared);
    assert_int_equal(JetMove(f.sesid, inner.table, 0, 0), JET_errInvalidTableId);
    end_temp(&f);
}

/* ---- opening */

static JET_ERR
open_with(const temp_fixture *f, JET_COLUMNDEF column)
{
    JET_TABLEID table;
    JET_COLUMNID id;

    column.cbStruct = sizeof column;
    column.grbit |= JET_bitColumnTTKey;
    return JetOpenTempTable(f->sesid, &column, 1, JET_bitTTIndexed, &table, &id);
}

static void
test_temp_open__checks_its_columns(void **state)
{
    temp_fixture f = {0};
    JET_TABLEID table;
    JET_COLUMNID id = 77;
    const JET_COLUMNDEF wide = {.coltyp = JET_coltypText, .cp = 65001};

    (void)state;
    start_temp(&f);
    assert_int_equal(open_with(&f, (JET_COLUMNDEF){.coltyp = JET_coltypNil}),
                     JET_errInvalidColumnType);
    assert_int_equal(open_with(&f, (JET_COLUMNDEF){.coltyp = JET_coltypSLV}),
                     JET_errInvalidColumnType);
    assert_int_equal(open_with(&f, (JET_COLUMNDEF){.coltyp = 99}), JET_errInvalidColumnType);
    assert_int_equal(open_with(&f, wide), JET_errInvalidCodePage);
    assert_int_equal(JetOpenTempTable(f.sesid, &wide, 1, 0, &table, &id), JET_errInvalidCodePage);
    assert_int_equal(id, 77);
    assert_int_equal(JetOpenTempTable(f.sesid, NULL, 1, 0, &table, &id), JET_errInvalidParameter);
    assert_int_equal(JetOpenTempTable(f.sesid, &wide, 0, 0, &table, &id), JET_errInvalidParameter);
    assert_int_equal(JetOpenTempTable(f.sesid, &wide, 1, 0, NULL, &id), JET_errInvalidParameter);
    assert_int_equal(JetOpenTempTable(f.sesid, &wide, 1, 0, &table, NULL), JET_errInvalidParameter);
    assert_int_equal(JetOpenTempTable(f.sesid, &wide, UINT32_MAX, 0, &table, &id),
                     JET_errTooManyColumns);
    assert_int_equal(JetOpenTempTable(0, &wide, 1, 0, &table, &id), JET_errInvalidSesid);
    end_temp(&f);
}

static void
test_temp_open__gives_ids_by_kind(void **state)
{
    static const JET_COLUMNDEF columns[] = {
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLongText},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypText},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypGUID},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypBinary, .grbit = JET_bitColumnFixed},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTagged},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypBinary},
    };
    static const JET_COLUMNID expected[] = {256, 128, 1, 2, 257, 129};
    JET_COLUMNID ids[6];
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    assert_ok(JetOpenTempTable(f.sesid, columns, 6, 0, &f.table, ids));
    assert_memory_equal(ids, expected, sizeof ids);
    end_temp(&f);
}

static void
test_temp_open__refuses_more_fixed_columns_than_there_are(void **state)
{
    static JET_COLUMNDEF columns[128];
    static JET_COLUMNID ids[128];
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    for (size_t i = 0; i < 128; i++)
        columns[i].coltyp = JET_coltypLong;
    assert_int_equal(JetOpenTempTable(f.sesid, columns, 128, 0, &f.table, ids),
                     JET_errTooManyColumns);
    assert_ok(JetOpenTempTable(f.sesid, columns, 127, 0, &f.table, ids));
    end_temp(&f);
}

static JET_ERR
open_sorted_by(const temp_fixture *f, uint32_t lcid, uint32_t flags)
{
    const JET_COLUMNDEF column = {
        .coltyp = JET_coltypText, .cp = 1200, .grbit = JET_bitColumnTTKey};
    JET_UNICODEINDEX unicode = {lcid, flags};
    JET_TABLEID table = 0;
    JET_COLUMNID id;
    JET_ERR err = JetOpenTempTable3(f->sesid, &column, 1, &unicode, JET_bitTTIndexed, &table, &id);

    if (err >= 0)
        assert_ok(JetCloseTable(f->sesid, table));
    return err;
}

static void
test_temp_open__checks_how_text_is_to_be_sorted(void **state)
{
    static const struct {
        uint32_t lcid, flags;
        JET_ERR err;
    } cases[] = {
        {1033, 0, 0},
        {1033, 0x400, 0},
        {1033, 0x401, 0},
        {1033, 0x30401, 0},
        {1033, 0x1400, 0},
        {1033, 0xc00, 0},
        {1033, 0x200, 0},
        {1033, 1, 0},
        {127, 0x30401, 0},
        {1031, 0x400, 0},
        {1033, 0x100, JET_errInvalidLCMapStringFlags},
        {1033, 0x500, JET_errInvalidLCMapStringFlags},
        {1033, 0x600, JET_errInvalidLCMapStringFlags},
        {1033, 0x10000400, JET_errInvalidLCMapStringFlags},
        {0, 0x400, JET_errInvalidLanguageId},
        {12345, 0x400, JET_errInvalidLanguageId},
        {0x7ffff, 0x400, JET_errInvalidLanguageId},
    };
    temp_fixture f = {0};
    const JET_COLUMNDEF column = {.coltyp = JET_coltypText, .cp = 1200};
    JET_COLUMNID id;

    (void)state;
    start_temp(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(open_sorted_by(&f, cases[i].lcid, cases[i].flags), cases[i].err);
    assert_ok(JetOpenTempTable2(f.sesid, &column, 1, 0, 0, &f.table, &id));
    assert_ok(JetOpenTempTable2(f.sesid, &column, 1, 1033, 0, &f.table, &id));
    assert_int_equal(JetOpenTempTable2(f.sesid, &column, 1, 99999, 0, &f.table, &id),
                     JET_errInvalidLanguageId);
    end_temp(&f);
}

static void
test_temp_open__limits_keys_as_the_structure_says(void **state)
{
    const JET_COLUMNDEF column = {.coltyp = JET_coltypBinary, .grbit = JET_bitColumnTTKey};
    static const struct {
        uint32_t most, segment;
        JET_ERR err;
    } cases[] = {
        {0, 0, 0},
        {255, 0, 0},
        {2000, 100, 0},
        {254, 0, JET_errIndexInvalidDef},
        {2001, 0, JET_errIndexInvalidDef},
        {300, 301, JET_errIndexInvalidDef},
    };
    temp_fixture f = {0};
    JET_COLUMNID id;
    JET_OPENTEMPORARYTABLE open = {
        .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &id, .grbit = JET_bitTTIndexed};
    JET_OPENTEMPORARYTABLE2 open2 = {
        .cbStruct = sizeof open2, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &id};
    char16_t locale[] = u"en-us", no_locale[] = u"xx-nonsense";
    JET_UNICODEINDEX2 unicode = {locale, 0x30401};

    (void)state;
    start_temp(&f);
    assert_int_equal(JetOpenTemporaryTable(f.sesid, &open), JET_errInvalidParameter);
    assert_int_equal(JetOpenTemporaryTable(f.sesid, NULL), JET_errInvalidParameter);
    open.cbStruct = sizeof open;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open.cbKeyMost = cases[i].most;
        open.cbVarSegMac = cases[i].segment;
        assert_int_equal(JetOpenTemporaryTable(f.sesid, &open), cases[i].err);
    }
    assert_ok(JetOpenTemporaryTable2(f.sesid, &open2));
    open2.pidxunicode = &unicode;
    assert_ok(JetOpenTemporaryTable2(f.sesid, &open2));
    unicode.szLocaleName = no_locale;
    assert_int_equal(JetOpenTemporaryTable2(f.sesid, &open2), JET_errInvalidLanguageId);
    assert_int_equal(JetOpenTemporaryTable2(f.sesid, NULL), JET_errInvalidParameter);
    end_temp(&f);
}

static void
test_temp__tells_rows_apart_only_as_far_as_keys_reach(void **state)
{
    const JET_COLUMNDEF column = {.coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnTTKey};
    static uint8_t data[400];
    static const uint32_t mosts[] = {255, 1000}, expected[] = {1, 2};
    temp_fixture f = {0};
    JET_COLUMNID id;
    JET_OPENTEMPORARYTABLE open = {
        .cbStruct = sizeof open, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &id};

    (void)state;
    start_temp(&f);
    for (int i = 0; i < 2; i++) {
        uint32_t n = 0;

        open.cbKeyMost = mosts[i];
        assert_ok(JetOpenTemporaryTable(f.sesid, &open));
        for (uint8_t last = 1; last <= 2; last++) {
            data[sizeof data - 1] = last;
            assert_ok(JetPrepareUpdate(f.sesid, open.tableid, JET_prepInsert));
            assert_ok(JetSetColumn(f.sesid, open.tableid, id, data, sizeof data, 0, NULL));
            assert_ok(JetUpdate(f.sesid, open.tableid, NULL, 0, NULL));
        }
        for (JET_ERR err = JetMove(f.sesid, open.tableid, (int32_t)JET_MoveFirst, 0); err >= 0;
             err = JetMove(f.sesid, open.tableid, JET_MoveNext, 0))
            n++;
        assert_int_equal(n, expected[i]);
    }
    end_temp(&f);
}

/* ---- limits */

static void
test_temp_limit__opens_as_many_tables_as_the_parameter_says(void **state)
{
    temp_fixture f = {0};
    JET_TABLEID first;

    (void)state;
    f.instance = created("limited");
    assert_ok(set_integer(&f.instance, JET_paramMaxTemporaryTables, 2));
    assert_ok(JetInit(&f.instance));
    f.sesid = begun(f.instance);
    open_temp(&f, 0);
    first = f.table;
    open_temp(&f, JET_bitTTIndexed);
    assert_int_equal(try_open_temp(&f, 0, true), JET_errTooManySorts);
    assert_ok(JetCloseTable(f.sesid, first));
    open_temp(&f, 0);
    end_temp(&f);
}

static void
test_temp_limit__has_more_long_values_than_memory(void **state)
{
    enum { BIG = 1 << 20, N = 40 };
    uint8_t *big = calloc(1, BIG), *back = calloc(1, BIG);
    temp_fixture f = {0};

    (void)state;
    assert_non_null(big);
    assert_non_null(back);
    start_temp(&f);
    open_temp(&f, 0);
    for (int32_t n = 0; n < N; n++) {
        memset(big, n, BIG);
        assert_ok(JetPrepareUpdate(f.sesid, f.table, JET_prepInsert));
        assert_ok(set_long(&f, f.key, N - n));
        assert_ok(JetSetColumn(f.sesid, f.table, f.lv, big, BIG - (uint32_t)n, 0, NULL));
        assert_ok(update_temp(&f));
    }
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    for (int32_t n = N; n-- > 0;) {
        uint32_t size = 0;

        memset(big, n, BIG);
        assert_int_equal(get_long(&f, f.key), N - n);
        assert_ok(JetRetrieveColumn(f.sesid, f.table, f.lv, back, BIG, &size, 0, NULL));
        assert_int_equal(size, BIG - n);
        assert_memory_equal(back, big, size);
        assert_int_equal(JetMove(f.sesid, f.table, JET_MoveNext, 0),
                         n == 0 ? JET_errNoCurrentRecord : 0);
    }
    end_temp(&f);
    free(big);
    free(back);
}

/* ---- no memory */

/* One of everything that allocates. Stops at the first failure, which is returned. */
static JET_ERR
whole_life(temp_fixture *f)
{
    static uint8_t big[5000];
    JET_ERR err = try_open_temp(f, MATERIALIZED, true);

    for (int32_t i = 0; err >= 0 && i < 20; i++)
        err = insert_temp(f, (i * 7) % 20, "text", i);
    if (err >= 0)
        err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);
    if (err >= 0)
        err = JetPrepareUpdate(f->sesid, f->table, JET_prepReplace);
    for (int i = 0; err >= 0 && i < 3; i++)
        err = JetSetColumn(f->sesid, f->table, f->lv, big, sizeof big, JET_bitSetAppendLV, NULL);
    if (err >= 0)
        err = update_temp(f);
    if (err >= 0)
        err = JetPrepareUpdate(f->sesid, f->table, JET_prepInsertCopy);
    if (err >= 0)
        err = set_long(f, f->key, 100);
    if (err >= 0)
        err = update_temp(f);
    if (err >= 0)
        err = JetDelete(f->sesid, f->table);
    return err;
}

static void
test_temp_memory__fails_cleanly_wherever_it_runs_out(void **state)
{
    temp_fixture f = {0};
    JET_ERR err = JET_errOutOfMemory;
    uint64_t n = 1;

    (void)state;
    start_temp(&f);
    for (; err == JET_errOutOfMemory && n < 1000; n++) {
        int64_t live = ese_live_allocations();

        f.table = 0;
        assert_ok(JetBeginTransaction(f.sesid));
        ese_fault_arm(ESE_faultAlloc, n, 1);
        err = whole_life(&f);
        ese_fault_arm(ESE_faultAlloc, 0, 0);
        assert_true(err >= 0 || err == JET_errOutOfMemory);
        if (err >= 0)
            assert_int_equal(get_long(&f, f.value), JET_errRecordDeleted);
        assert_ok(JetRollback(f.sesid, 0));
        assert_int_equal(ese_live_allocations(), live);
    }
    assert_ok(err);
    assert_true(n > 50);
    end_temp(&f);
}

static void
test_temp_memory__leaves_the_table_as_it_was_when_a_change_fails(void **state)
{
    temp_fixture f = {0};
    JET_ERR err = JET_errOutOfMemory;

    (void)state;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_sample(&f);
    assert_ok(JetBeginTransaction(f.sesid));
    for (uint64_t n = 1; err == JET_errOutOfMemory && n < 100; n++) {
        assert_rows(&f, "-1nokey5 3xylo4 3three2 5five1 96 -1603");
        ese_fault_arm(ESE_faultAlloc, n, 1);
        err = insert_temp(&f, 4, "four", 40);
        ese_fault_arm(ESE_faultAlloc, 0, 0);
    }
    assert_ok(err);
    assert_rows(&f, "-1nokey5 3xylo4 3three2 4four40 5five1 96 -1603");
    assert_ok(JetRollback(f.sesid, 0));
    end_temp(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_temp__sorts_by_key_and_keeps_the_first_of_equal_rows),
        API_TEST(test_temp__sorts_nulls_high_when_asked),
        API_TEST(test_temp_forward_only__keeps_duplicates_in_order_of_arrival),
        API_TEST(test_temp_forward_only__excludes_what_needs_more),
        API_TEST(test_temp__refuses_a_duplicate_at_once_when_asked),
        API_TEST(test_temp__sorts_many_rows),
        API_TEST(test_temp_plain__is_read_forward_only_and_does_not_change),
        API_TEST(test_temp_scrollable__is_searched_and_read_backward),
        API_TEST(test_temp_updatable__puts_late_rows_where_their_key_belongs),
        API_TEST(test_temp_updatable__appends_late_rows_without_an_index),
        API_TEST(test_temp__refuses_what_needs_a_table_of_a_database),
        API_TEST(test_temp_cursor__goes_to_the_bookmark_an_update_gave),
        API_TEST(test_temp_cursor__has_a_twin_once_the_table_can_have_one),
        API_TEST(test_temp_cursor__stays_on_a_deleted_row_between_its_neighbours),
        API_TEST(test_temp_cursor__walks_a_range),
        API_TEST(test_temp_rollback__undoes_changes_of_a_sorted_table_level_by_level),
        API_TEST(
            test_temp_rollback__keeps_what_was_committed_and_what_was_inserted_before_the_first_move),
        API_TEST(test_temp_rollback__closes_tables_opened_in_it_and_drops_updates_prepared_in_it),
        API_TEST(test_temp_open__checks_its_columns),
        API_TEST(test_temp_open__gives_ids_by_kind),
        API_TEST(test_temp_open__refuses_more_fixed_columns_than_there_are),
        API_TEST(test_temp_open__checks_how_text_is_to_be_sorted),
        API_TEST(test_temp_open__limits_keys_as_the_structure_says),
        API_TEST(test_temp__tells_rows_apart_only_as_far_as_keys_reach),
        API_TEST(test_temp_limit__opens_as_many_tables_as_the_parameter_says),
        API_TEST(test_temp_limit__has_more_long_values_than_memory),
        API_TEST(test_temp_memory__fails_cleanly_wherever_it_runs_out),
        API_TEST(test_temp_memory__leaves_the_table_as_it_was_when_a_change_fails),
    };

    int n_failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);

    temp_spills = true;
    return n_failed + cmocka_run_group_tests_name("on disk", tests, NULL, NULL);
}
