/*
 * Updates: what may be prepared when, which values columns take, long values in pieces, several values in one column, and the
 * answer of a database that is attached read-only.
 */
#include "temp_test.h"
#include "test_fixture.h"

#include <stdlib.h>

enum { MATERIALIZED = JET_bitTTUpdatable | JET_bitTTIndexed };

static void
start_with_rows(temp_fixture *f)
{
    start_temp(f);
    open_temp(f, MATERIALIZED);
    assert_ok(insert_temp(f, 1, "one", 10));
    assert_ok(insert_temp(f, 2, "two", 20));
    assert_ok(JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0));
}

static JET_ERR
prepare(const temp_fixture *f, uint32_t kind)
{
    return JetPrepareUpdate(f->sesid, f->table, kind);
}

/* ---- preparing */

static void
test_update_prepare__knows_its_kinds_and_states(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_with_rows(&f);
    assert_int_equal(prepare(&f, 99), JET_errInvalidParameter);
    assert_int_equal(prepare(&f, 1), JET_errInvalidParameter);
    assert_int_equal(prepare(&f, JET_prepCancel), JET_errUpdateNotPrepared);
    assert_int_equal(update_temp(&f), JET_errUpdateNotPrepared);
    assert_int_equal(set_long(&f, f.key, 1), JET_errUpdateNotPrepared);
    assert_ok(prepare(&f, JET_prepInsert));
    assert_int_equal(prepare(&f, JET_prepInsert), JET_errAlreadyPrepared);
    assert_int_equal(prepare(&f, JET_prepReplace), JET_errAlreadyPrepared);
    assert_int_equal(prepare(&f, 99), JET_errInvalidParameter);
    assert_ok(prepare(&f, JET_prepCancel));
    assert_int_equal(update_temp(&f), JET_errUpdateNotPrepared);
    assert_int_equal(JetMove(f.sesid, f.table, 2, 0), JET_errNoCurrentRecord);
    assert_int_equal(prepare(&f, JET_prepReplace), JET_errNoCurrentRecord);
    assert_int_equal(prepare(&f, JET_prepInsertCopy), JET_errNoCurrentRecord);
    end_temp(&f);
}

static void
test_update_prepare__is_cancelled_by_any_move(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_with_rows(&f);
    for (int32_t distance = -1; distance <= 1; distance++) {
        assert_ok(prepare(&f, JET_prepInsert));
        JetMove(f.sesid, f.table, distance, 0);
        assert_int_equal(prepare(&f, JET_prepCancel), JET_errUpdateNotPrepared);
    }
    assert_ok(prepare(&f, JET_prepInsert));
    assert_ok(JetGetCursorInfo(f.sesid, f.table, NULL, 0, 0));
    assert_ok(prepare(&f, JET_prepCancel));
    end_temp(&f);
}

static void
test_update_replace__keeps_the_key(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepReplace));
    assert_ok(set_long(&f, f.key, 7));
    assert_int_equal(update_temp(&f), JET_errRecordPrimaryChanged);
    assert_ok(set_long(&f, f.key, 1));
    assert_ok(set_long(&f, f.value, 11));
    assert_ok(update_temp(&f));
    assert_int_equal(get_long(&f, f.value), 11);
    assert_rows(&f, "1one11 2two20 -1603");
    end_temp(&f);
}

static void
test_update_insert_copy__leaves_the_cursor_on_the_original(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepInsertCopy));
    assert_int_equal(update_temp(&f), JET_errKeyDuplicate);
    assert_ok(set_long(&f, f.key, 3));
    assert_ok(update_temp(&f));
    assert_int_equal(get_long(&f, f.key), 1);
    assert_rows(&f, "1one10 2two20 3one10 -1603");
    end_temp(&f);
}

static void
test_update_insert_copy_delete_original__moves_the_row(void **state)
{
    temp_fixture f = {0};

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepInsertCopyDeleteOriginal));
    assert_ok(set_long(&f, f.key, 2));
    assert_ok(JetSetColumn(f.sesid, f.table, f.text, "two", 3, 0, NULL));
    assert_int_equal(update_temp(&f), JET_errKeyDuplicate);
    assert_ok(set_long(&f, f.key, 3));
    assert_ok(update_temp(&f));
    assert_int_equal(get_long(&f, f.key), JET_errRecordDeleted);
    assert_rows(&f, "2two20 3two10 -1603");
    end_temp(&f);
}

static void
test_update__shows_the_row_in_preparation_only_when_asked(void **state)
{
    temp_fixture f = {0};
    int32_t value = 0;

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepReplace));
    assert_ok(set_long(&f, f.value, 99));
    assert_int_equal(get_long(&f, f.value), 10);
    assert_ok(JetRetrieveColumn(f.sesid, f.table, f.value, &value, sizeof value, NULL,
                                JET_bitRetrieveCopy, NULL));
    assert_int_equal(value, 99);
    end_temp(&f);
}

/* ---- values */

/* A table with one column and a row in preparation. */
static void
prepare_column(temp_fixture *f, JET_COLUMNDEF column)
{
    column.cbStruct = sizeof column;
    start_temp(f);
    assert_ok(JetOpenTempTable(f->sesid, &column, 1, 0, &f->table, &f->key));
    assert_ok(prepare(f, JET_prepInsert));
}

static JET_ERR
set_bytes(const temp_fixture *f, const void *data, uint32_t size, JET_GRBIT grbit)
{
    return JetSetColumn(f->sesid, f->table, f->key, data, size, grbit, NULL);
}

static JET_ERR
set_at(const temp_fixture *f, const char *text, JET_GRBIT grbit, uint32_t offset, uint32_t itag)
{
    JET_SETINFO info = {sizeof info, offset, itag};

    return JetSetColumn(f->sesid, f->table, f->key, text, text == NULL ? 0 : (uint32_t)strlen(text),
                        grbit, &info);
}

/* "one|two|": the values of the row in preparation, "-" for none. Columns that are not tagged have one value under every number. */
static const char *
values_of(const temp_fixture *f)
{
    static char line[LINE_MAX];
    uint32_t last = f->key < 256 ? 1 : 20;
    size_t used = 0;

    snprintf(line, sizeof line, "-");
    for (uint32_t itag = 1; itag <= last; itag++) {
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = itag};
        char text[100];
        uint32_t size = 0;
        JET_ERR err = JetRetrieveColumn(f->sesid, f->table, f->key, text, sizeof text, &size,
                                        JET_bitRetrieveCopy, &info);

        if (err == JET_wrnColumnNull)
            break;
        assert_ok(err);
        used += (size_t)snprintf(line + used, sizeof line - used, "%.*s|", (int)size, text);
    }
    return line;
}

static void
test_update_set__wants_the_exact_size_of_fixed_types(void **state)
{
    static const struct {
        JET_COLTYP coltyp;
        uint32_t size;
    } types[] = {
        {JET_coltypBit, 1},
        {JET_coltypUnsignedByte, 1},
        {JET_coltypShort, 2},
        {JET_coltypLong, 4},
        {JET_coltypCurrency, 8},
        {JET_coltypIEEESingle, 4},
        {JET_coltypIEEEDouble, 8},
        {JET_coltypDateTime, 8},
        {JET_coltypUnsignedLong, 4},
        {JET_coltypLongLong, 8},
        {JET_coltypGUID, 16},
        {JET_coltypUnsignedShort, 2},
        {JET_coltypUnsignedLongLong, 8},
    };
    static const uint8_t data[32] = {1, 2, 3};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        JET_GRBIT grbit = i % 2 == 0 ? 0 : JET_bitColumnTagged;
        temp_fixture f = {0};
        uint32_t actual = 0;
        uint8_t back[32];

        prepare_column(&f, (JET_COLUMNDEF){.coltyp = types[i / 2].coltyp, .grbit = grbit});
        for (uint32_t size = 1; size <= sizeof data; size++)
            assert_int_equal(set_bytes(&f, data, size, 0),
                             size == types[i / 2].size                ? JET_errSuccess
                             : size > types[i / 2].size && grbit != 0 ? JET_errColumnTooBig
                                                                      : JET_errInvalidBufferSize);
        assert_ok(JetRetrieveColumn(f.sesid, f.table, f.key, back, sizeof back, &actual,
                                    JET_bitRetrieveCopy, NULL));
        assert_int_equal(actual, types[i / 2].size);
        assert_ok(set_bytes(&f, data, 0, 0));
        assert_string_equal(values_of(&f), "-");
        end_temp(&f);
    }
}

static void
test_update_set__makes_any_true_bit_ff(void **state)
{
    temp_fixture f = {0};
    uint8_t bit = 0;

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypBit});
    assert_ok(set_bytes(&f, "\2", 1, 0));
    assert_ok(JetRetrieveColumn(f.sesid, f.table, f.key, &bit, 1, NULL, JET_bitRetrieveCopy, NULL));
    assert_int_equal(bit, 0xff);
    end_temp(&f);
}

static void
test_update_set__fills_up_fixed_text_and_binary(void **state)
{
    static const uint8_t wide[] = {'a', 0, ' ', 0, ' ', 0};
    temp_fixture f = {0};
    uint8_t back[10] = {0};

    (void)state;
    prepare_column(
        &f, (JET_COLUMNDEF){.coltyp = JET_coltypText, .cbMax = 5, .grbit = JET_bitColumnFixed});
    assert_ok(set_bytes(&f, "ab", 2, 0));
    assert_string_equal(values_of(&f), "ab   |");
    assert_int_equal(set_bytes(&f, "abcdef", 6, 0), JET_errInvalidBufferSize);
    assert_ok(set_bytes(&f, NULL, 0, JET_bitSetZeroLength));
    assert_string_equal(values_of(&f), "-");
    end_temp(&f);
    prepare_column(
        &f, (JET_COLUMNDEF){
                .coltyp = JET_coltypText, .cp = 1200, .cbMax = 6, .grbit = JET_bitColumnFixed});
    assert_ok(set_bytes(&f, wide, 2, 0));
    assert_ok(JetRetrieveColumn(f.sesid, f.table, f.key, back, sizeof back, NULL,
                                JET_bitRetrieveCopy, NULL));
    assert_memory_equal(back, wide, sizeof wide);
    end_temp(&f);
}

static void
test_update_set__cuts_variable_values_with_a_warning_and_refuses_tagged_ones(void **state)
{
    temp_fixture f = {0};

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypText, .cbMax = 3});
    assert_int_equal(set_bytes(&f, "abcd", 4, 0), JET_wrnColumnMaxTruncated);
    assert_string_equal(values_of(&f), "abc|");
    end_temp(&f);
    prepare_column(
        &f, (JET_COLUMNDEF){.coltyp = JET_coltypText, .cbMax = 3, .grbit = JET_bitColumnTagged});
    assert_int_equal(set_bytes(&f, "abcd", 4, 0), JET_errColumnTooBig);
    assert_string_equal(values_of(&f), "-");
    end_temp(&f);
}

static void
test_update_set__tells_null_from_empty(void **state)
{
    temp_fixture f = {0};

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypText});
    assert_ok(set_bytes(&f, NULL, 0, JET_bitSetZeroLength));
    assert_string_equal(values_of(&f), "|");
    assert_ok(set_bytes(&f, "x", 0, 0));
    assert_string_equal(values_of(&f), "-");
    assert_ok(set_bytes(&f, "x", 1, 0));
    assert_ok(set_bytes(&f, NULL, 4, 0));
    assert_string_equal(values_of(&f), "-");
    end_temp(&f);
}

static void
test_update_set__checks_ids_and_structures(void **state)
{
    temp_fixture f = {0};
    JET_SETINFO info = {0};
    int32_t value = 1;

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLong});
    assert_int_equal(set_long(&f, 0, 1), JET_errBadColumnId);
    assert_int_equal(set_long(&f, 0x7fffffff, 1), JET_errBadColumnId);
    assert_int_equal(set_long(&f, 2, 1), JET_errColumnNotFound);
    assert_int_equal(set_long(&f, 256, 1), JET_errColumnNotFound);
    assert_int_equal(JetSetColumn(f.sesid, f.table, f.key, &value, 4, 0, &info),
                     JET_errInvalidParameter);
    end_temp(&f);
}

static void
test_update_set_columns__stops_at_the_first_failure(void **state)
{
    temp_fixture f = {0};
    int32_t value = 5;
    JET_SETCOLUMN list[3] = {{0}};

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepReplace));
    for (int i = 0; i < 3; i++)
        list[i] = (JET_SETCOLUMN){
            .columnid = f.value, .pvData = &value, .cbData = 4, .itagSequence = 1, .err = 77};
    list[0].columnid = f.many;
    list[0].cbData = 1;
    list[1].cbData = 3;
    assert_int_equal(JetSetColumns(f.sesid, f.table, list, 3), JET_errInvalidBufferSize);
    assert_int_equal(list[0].err, 0);
    assert_int_equal(list[1].err, 77);
    assert_int_equal(list[2].err, 77);
    list[1].cbData = 4;
    assert_ok(JetSetColumns(f.sesid, f.table, list, 3));
    assert_ok(update_temp(&f));
    assert_int_equal(get_long(&f, f.value), 5);
    end_temp(&f);
}

/* ---- several values */

static void
test_update_set__appends_replaces_and_removes_values_by_number(void **state)
{
    temp_fixture f = {0};

    (void)state;
    prepare_column(
        &f, (JET_COLUMNDEF){.coltyp = JET_coltypText, .cbMax = 40, .grbit = JET_bitColumnTagged});
    assert_ok(set_at(&f, "one", 0, 0, 1));
    assert_ok(set_at(&f, "two", 0, 0, 2));
    assert_ok(set_at(&f, "ten", 0, 0, 10));
    assert_ok(set_at(&f, "zero", 0, 0, 0));
    assert_string_equal(values_of(&f), "one|two|ten|zero|");
    assert_ok(set_at(&f, "TWO!", 0, 0, 2));
    assert_ok(set_at(&f, NULL, 0, 0, 1));
    assert_string_equal(values_of(&f), "TWO!|ten|zero|");
    assert_ok(set_at(&f, NULL, 0, 0, 9));
    assert_ok(set_at(&f, NULL, 0, 0, 0));
    assert_ok(set_at(&f, NULL, JET_bitSetZeroLength, 0, 2));
    assert_string_equal(values_of(&f), "TWO!||zero|");
    assert_ok(set_at(&f, NULL, JET_bitSetRevertToDefaultValue, 0, 1)); /* there is no default */
    assert_string_equal(values_of(&f), "|zero|");
    end_temp(&f);
}

static void
test_update_set__keeps_values_unique_when_asked(void **state)
{
    enum { BYTES = JET_bitSetUniqueMultiValues, KEYS = JET_bitSetUniqueNormalizedMultiValues };
    temp_fixture f = {0};

    (void)state;
    prepare_column(
        &f, (JET_COLUMNDEF){.coltyp = JET_coltypText, .cbMax = 40, .grbit = JET_bitColumnTagged});
    assert_ok(set_at(&f, "alpha", BYTES, 0, 0));
    assert_ok(set_at(&f, "ALPHA", BYTES, 0, 0));
    assert_int_equal(set_at(&f, "alpha", BYTES, 0, 0), JET_errMultiValuedDuplicate);
    assert_int_equal(set_at(&f, "Alpha", KEYS, 0, 0), JET_errMultiValuedDuplicate);
    assert_int_equal(set_at(&f, "alpha", BYTES, 0, 2), JET_errMultiValuedDuplicate);
    assert_ok(set_at(&f, "alpha", BYTES, 0, 1));
    assert_ok(set_at(&f, NULL, BYTES, 0, 0));
    assert_int_equal(set_at(&f, "x", BYTES | JET_bitSetAppendLV, 0, 0), JET_errInvalidGrbit);
    assert_string_equal(values_of(&f), "alpha|ALPHA|");
    end_temp(&f);
}

static void
test_update_set__stops_when_the_record_is_full(void **state)
{
    temp_fixture f = {0};
    JET_SETINFO append = {sizeof append, 0, 0};
    int32_t n = 0, back = -1;
    JET_ERR err;

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLong, .grbit = JET_bitColumnTagged});
    do
        err = JetSetColumn(f.sesid, f.table, f.key, &n, sizeof n, 0, &append);
    while (err >= 0 && ++n < 10000);
    assert_int_equal(err, JET_errRecordTooBig);
    assert_true(n > 5000);
    assert_ok(update_temp(&f));
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    for (uint32_t itag = 1; itag <= (uint32_t)n + 1; itag += (uint32_t)n - 1) {
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = itag};

        assert_ok(JetRetrieveColumn(f.sesid, f.table, f.key, &back, sizeof back, NULL, 0, &info));
        assert_int_equal(back, itag - 1);
    }
    end_temp(&f);
}

/* ---- long values */

static void
test_update_set__changes_parts_of_long_values(void **state)
{
    temp_fixture f = {0};

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLongBinary});
    assert_ok(set_at(&f, "one", JET_bitSetAppendLV, 0, 1));
    assert_ok(set_at(&f, "two", JET_bitSetAppendLV, 0, 1));
    assert_ok(set_at(&f, NULL, JET_bitSetAppendLV, 0, 1));
    assert_string_equal(values_of(&f), "onetwo|");
    assert_ok(set_at(&f, "NET", JET_bitSetOverwriteLV, 1, 1));
    assert_string_equal(values_of(&f), "oNETwo|");
    assert_ok(set_at(&f, "end", JET_bitSetOverwriteLV, 5, 1));
    assert_string_equal(values_of(&f), "oNETwend|");
    assert_int_equal(set_at(&f, "x", JET_bitSetOverwriteLV, 9, 1), JET_errColumnNoChunk);
    assert_ok(set_bytes(&f, NULL, 3, JET_bitSetSizeLV));
    assert_string_equal(values_of(&f), "oNE|");
    assert_ok(set_bytes(&f, "abcdefgh", 2, JET_bitSetSizeLV)); /* the size is all that counts */
    assert_string_equal(values_of(&f), "oN|");
    assert_ok(set_bytes(&f, "abcdefgh", 8, JET_bitSetSizeLV | JET_bitSetOverwriteLV));
    assert_string_equal(values_of(&f), "abcdefgh|");
    assert_ok(set_bytes(&f, NULL, 0, JET_bitSetSizeLV));
    assert_string_equal(values_of(&f), "-");
    assert_ok(set_at(&f, "x", JET_bitSetOverwriteLV, 0, 1));
    assert_ok(set_at(&f, "middle", 0, 100, 1));
    assert_string_equal(values_of(&f), "middle|");
    assert_ok(set_at(&f, "second", JET_bitSetAppendLV, 0, 0));
    assert_ok(set_at(&f, "!", JET_bitSetAppendLV, 0, 2));
    assert_string_equal(values_of(&f), "middle|second!|");
    end_temp(&f);
}

static void
test_update_set__bounds_long_values_by_the_size_of_the_column(void **state)
{
    static uint8_t data[101];
    temp_fixture f = {0};

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLongText, .cbMax = 100});
    assert_ok(set_bytes(&f, data, 100, 0));
    assert_int_equal(set_bytes(&f, data, 101, 0), JET_errColumnTooBig);
    assert_int_equal(set_bytes(&f, data, 1, JET_bitSetAppendLV), JET_errColumnTooBig);
    assert_int_equal(set_bytes(&f, NULL, 200, JET_bitSetSizeLV), JET_errColumnTooBig);
    assert_int_equal(set_at(&f, "xx", JET_bitSetOverwriteLV, 99, 1), JET_errColumnTooBig);
    end_temp(&f);
}

/* The bytes of a long value at an offset that no chunk of it shares. */
static uint8_t
pattern(size_t at)
{
    return (uint8_t)(7 * at + at / 251);
}

static void
check_pattern(const temp_fixture *f, JET_GRBIT grbit, uint32_t size)
{
    uint8_t *back = malloc(size);
    uint32_t actual = 0;

    assert_non_null(back);
    assert_ok(JetRetrieveColumn(f->sesid, f->table, f->lv, back, size, &actual, grbit, NULL));
    assert_int_equal(actual, size);
    for (uint32_t i = 0; i < size; i++)
        assert_int_equal(back[i], pattern(i));
    free(back);
}

static void
test_update_set__keeps_large_values_beside_the_record(void **state)
{
    enum { PIECE = 700, N_PIECES = 300, SIZE = PIECE * N_PIECES };
    temp_fixture f = {0};
    uint8_t piece[PIECE];

    (void)state;
    start_with_rows(&f);
    assert_ok(prepare(&f, JET_prepReplace));
    for (size_t n = 0; n < N_PIECES; n++) {
        for (size_t i = 0; i < PIECE; i++)
            piece[i] = pattern(n * PIECE + i);
        assert_ok(JetSetColumn(f.sesid, f.table, f.lv, piece, PIECE, JET_bitSetAppendLV, NULL));
    }
    check_pattern(&f, JET_bitRetrieveCopy, SIZE);
    assert_ok(update_temp(&f));
    check_pattern(&f, 0, SIZE);
    assert_ok(prepare(&f, JET_prepInsertCopy));
    assert_ok(set_long(&f, f.key, 50));
    assert_ok(update_temp(&f));
    assert_ok(JetDelete(f.sesid, f.table));
    assert_ok(JetMove(f.sesid, f.table, JET_MoveLast, 0));
    check_pattern(&f, 0, SIZE);
    end_temp(&f);
}

static void
test_update_set__separates_short_long_values_when_the_record_gets_too_big(void **state)
{
    static uint8_t data[1000];
    temp_fixture f = {0};
    JET_SETINFO append = {sizeof append, 0, 0};
    uint8_t back[1000];
    uint32_t actual;

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLongBinary});
    for (uint8_t i = 0; i < 100; i++) {
        memset(data, i, sizeof data);
        assert_ok(JetSetColumn(f.sesid, f.table, f.key, data, sizeof data, 0, &append));
    }
    assert_ok(update_temp(&f));
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    for (uint8_t i = 0; i < 100; i++) {
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = i + 1U};

        assert_ok(JetRetrieveColumn(f.sesid, f.table, f.key, back, sizeof back, &actual, 0, &info));
        assert_int_equal(actual, sizeof back);
        assert_int_equal(back[999], i);
    }
    end_temp(&f);
}

static void
test_update_set__keeps_long_values_in_the_record_of_a_table_that_wants_that(void **state)
{
    static uint8_t data[40000];
    temp_fixture f = {0};

    (void)state;
    start_temp(&f);
    open_temp(&f, JET_bitTTIntrinsicLVsOnly);
    assert_ok(prepare(&f, JET_prepInsert));
    assert_ok(JetSetColumn(f.sesid, f.table, f.lv, data, 20000, 0, NULL));
    assert_int_equal(JetSetColumn(f.sesid, f.table, f.lv, data, sizeof data, 0, NULL),
                     JET_errRecordTooBig);
    assert_int_equal(JetSetColumn(f.sesid, f.table, f.lv, data, 20000, JET_bitSetAppendLV, NULL),
                     JET_errRecordTooBig);
    assert_ok(update_temp(&f));
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    assert_int_equal(JetRetrieveColumn(f.sesid, f.table, f.lv, data, 1, NULL, 0, NULL),
                     JET_wrnBufferTruncated);
    end_temp(&f);
}

/* ---- a failed set leaves what was there, wherever memory runs out */

static void
test_update_set__changes_nothing_when_memory_runs_out(void **state)
{
    temp_fixture f = {0};
    JET_ERR err = JET_errOutOfMemory;

    (void)state;
    prepare_column(&f, (JET_COLUMNDEF){.coltyp = JET_coltypLongBinary});
    assert_ok(set_at(&f, "before", 0, 0, 1));
    for (uint64_t n = 1; err == JET_errOutOfMemory && n < 100; n++) {
        assert_string_equal(values_of(&f), "before|");
        ese_fault_arm(ESE_faultAlloc, n, 1);
        err = set_at(&f, " and after", JET_bitSetAppendLV, 0, 1);
        ese_fault_arm(ESE_faultAlloc, 0, 0);
    }
    assert_ok(err);
    assert_string_equal(values_of(&f), "before and after|");
    end_temp(&f);
}

/* ---- databases */

static void
test_update_database__refuses_every_change(void **state)
{
    const char *path = test_fixture("cursors-4k.edb");
    test_session session;
    JET_TABLEID table;
    JET_COLUMNDEF column;
    int32_t value = 1;

    (void)state;
    if (path == NULL)
        skip();
    session = test_session_open(path, 0);
    TEST_OK(JetOpenTableA(session.sesid, session.dbid, "move", NULL, 0, 0, &table));
    TEST_OK(JetGetTableColumnInfoA(session.sesid, table, "n", &column, sizeof column, JET_ColInfo));
    for (uint32_t kind = 0; kind < 10; kind++) {
        bool is_known = kind != 1 && kind != 6;

        if (kind == 8) /* a copy to look at */
            continue;
        assert_int_equal(JetPrepareUpdate(session.sesid, table, kind),
                         !is_known                ? JET_errInvalidParameter
                         : kind == JET_prepCancel ? JET_errUpdateNotPrepared
                                                  : JET_errPermissionDenied);
    }
    assert_int_equal(JetSetColumn(session.sesid, table, column.columnid, &value, 4, 0, NULL),
                     JET_errPermissionDenied);
    assert_int_equal(JetUpdate(session.sesid, table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    TEST_OK(JetPrepareUpdate(session.sesid, table, 8));
    assert_int_equal(JetUpdate(session.sesid, table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    TEST_OK(JetPrepareUpdate(session.sesid, table, JET_prepCancel));
    assert_int_equal(JetDelete(session.sesid, table), JET_errPermissionDenied);
    assert_int_equal(JetDelete(session.sesid, 0), JET_errInvalidTableId);
    test_session_close(&session);
}

static void
test_update_lock__needs_a_transaction_and_a_record(void **state)
{
    const char *path = test_fixture("cursors-4k.edb");
    test_session session;
    JET_TABLEID table;

    (void)state;
    if (path == NULL)
        skip();
    session = test_session_open(path, 0);
    TEST_OK(JetOpenTableA(session.sesid, session.dbid, "move", NULL, 0, 0, &table));
    assert_int_equal(JetGetLock(session.sesid, table, JET_bitReadLock), JET_errNotInTransaction);
    TEST_OK(JetBeginTransaction(session.sesid));
    assert_int_equal(JetGetLock(session.sesid, table, 0), JET_errInvalidGrbit);
    assert_int_equal(JetGetLock(session.sesid, table, JET_bitReadLock | JET_bitWriteLock),
                     JET_errInvalidGrbit);
    assert_int_equal(JetGetLock(session.sesid, table, JET_bitWriteLock), JET_errPermissionDenied);
    TEST_OK(JetGetLock(session.sesid, table, JET_bitReadLock));
    assert_int_equal(JetMove(session.sesid, table, 100, 0), JET_errNoCurrentRecord);
    assert_int_equal(JetGetLock(session.sesid, table, JET_bitReadLock), JET_errNoCurrentRecord);
    TEST_OK(JetRollback(session.sesid, 0));
    test_session_close(&session);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_update_prepare__knows_its_kinds_and_states),
        API_TEST(test_update_prepare__is_cancelled_by_any_move),
        API_TEST(test_update_replace__keeps_the_key),
        API_TEST(test_update_insert_copy__leaves_the_cursor_on_the_original),
        API_TEST(test_update_insert_copy_delete_original__moves_the_row),
        API_TEST(test_update__shows_the_row_in_preparation_only_when_asked),
        API_TEST(test_update_set__wants_the_exact_size_of_fixed_types),
        API_TEST(test_update_set__makes_any_true_bit_ff),
        API_TEST(test_update_set__fills_up_fixed_text_and_binary),
        API_TEST(test_update_set__cuts_variable_values_with_a_warning_and_refuses_tagged_ones),
        API_TEST(test_update_set__tells_null_from_empty),
        API_TEST(test_update_set__checks_ids_and_structures),
        API_TEST(test_update_set_columns__stops_at_the_first_failure),
        API_TEST(test_update_set__appends_replaces_and_removes_values_by_number),
        API_TEST(test_update_set__keeps_values_unique_when_asked),
        API_TEST(test_update_set__stops_when_the_record_is_full),
        API_TEST(test_update_set__changes_parts_of_long_values),
        API_TEST(test_update_set__bounds_long_values_by_the_size_of_the_column),
        API_TEST(test_update_set__keeps_large_values_beside_the_record),
        API_TEST(test_update_set__separates_short_long_values_when_the_record_gets_too_big),
        API_TEST(test_update_set__keeps_long_values_in_the_record_of_a_table_that_wants_that),
        API_TEST(test_update_set__changes_nothing_when_memory_runs_out),
        API_TEST(test_update_database__refuses_every_change),
        API_TEST(test_update_lock__needs_a_transaction_and_a_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
