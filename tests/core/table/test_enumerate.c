/* All columns of a record at once: chosen columns and values, compressed output, presence only, truncation, memory. */
#include "cursor_test.h"

#include <stdlib.h>

#include "base/err.h"

/* ---- The answer as text: "a=DCBA m=[1:m one 2: 3:m three] nul!1004" ---- */

static JET_TABLEID tableid;
static char description[600];

static const char *
name_of(JET_COLUMNID columnid)
{
    static const char *const names[] = {"a", "b", "d", "m", "lv", "q", "nul"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (column_named(tableid, names[i]) == columnid)
            return names[i];
    }
    return "?";
}

static void say(const char *format, ...) ESE_PRINTF(1, 2);

static void
say(const char *format, ...)
{
    size_t used = strlen(description);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(description + used, sizeof description - used, format, arguments);
    va_end(arguments);
}

/* Long values repeat one byte and are told by their size. */
static void
say_bytes(const void *bytes, uint32_t size)
{
    if (size > 1000)
        say("%u*%c", (unsigned)size, *(const char *)bytes);
    else
        say("%.*s", (int)size, (const char *)bytes);
}

static void
say_value(const JET_ENUMCOLUMNVALUE *value)
{
    say(" %u:", (unsigned)value->itagSequence);
    if (value->pvData != NULL)
        say_bytes(value->pvData, value->cbData);
    if (value->err != JET_errSuccess)
        say("!%d", (int)value->err);
}

static void
say_column(const JET_ENUMCOLUMN *column)
{
    say("%s%s", *description != '\0' ? " " : "", name_of(column->columnid));
    if (column->err == JET_wrnColumnSingleValue) {
        say("=");
        say_bytes(column->pvData, column->cbData);
    } else if (column->err != JET_errSuccess) {
        say("!%d", (int)column->err);
        assert_int_equal(column->cEnumColumnValue, 0);
    } else {
        say("=[");
        for (uint32_t i = 0; i < column->cEnumColumnValue; i++)
            say_value(&column->rgEnumColumnValue[i]);
        say(" ]");
    }
}

/* ---- Memory ---- */

typedef struct memory {
    int live; /* blocks given and not taken back */
    int calls;
    int fail_at; /* this call gives nothing, 0 = none */
} memory;

static void *JET_API
reallocate(void *context, void *old, uint32_t size)
{
    memory *m = context;
    void *block;

    if (++m->calls == m->fail_at)
        return NULL;
    if (size == 0) {
        m->live -= old != NULL;
        free(old);
        return NULL;
    }
    block = realloc(old, size);
    m->live += old == NULL;
    return block;
}

static void
free_answer(memory *m, JET_ENUMCOLUMN *columns, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue) {
            reallocate(m, columns[i].pvData, 0);
            continue;
        }
        for (uint32_t k = 0; k < columns[i].cEnumColumnValue; k++)
            reallocate(m, columns[i].rgEnumColumnValue[k].pvData, 0);
        reallocate(m, columns[i].rgEnumColumnValue, 0);
    }
    reallocate(m, columns, 0);
}

/* ---- The call ---- */

enum { NO_LIMIT = 100000 };

static JET_ERR
enumerate(uint32_t n_ids, JET_ENUMCOLUMNID *ids, uint32_t limit, JET_GRBIT grbit)
{
    memory m = {0};
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t n = 0;
    JET_ERR err = JetEnumerateColumns(session.sesid, tableid, n_ids, ids, &n, &columns, reallocate,
                                      &m, limit, grbit);

    description[0] = '\0';
    if (err >= JET_errSuccess) {
        for (uint32_t i = 0; i < n; i++)
            say_column(&columns[i]);
        free_answer(&m, columns, n);
    }
    assert_int_equal(m.live, 0);
    return err;
}

static void
expect_all(uint32_t limit, JET_GRBIT grbit, const char *expected)
{
    assert_int_equal(enumerate(0, NULL, limit, grbit), JET_errSuccess);
    assert_string_equal(description, expected);
}

#define M_VALUES "m=[ 1:m one 2: 3:m three ]"
#define LV_WHOLE "lv=[ 1:9000*L ]"
#define ALL(lv)  "a=[ 1:DCBA ] b=[ 1:bee ] d=[ 1:dflt ] nul!1004 " M_VALUES " " lv " q=[ 1:tagdef ]"

static void
test_table_enumerate__gives_every_column_of_the_record(void **state)
{
    (void)state;
    expect_all(NO_LIMIT, 0, ALL(LV_WHOLE));
    expect_all(NO_LIMIT, JET_bitEnumerateIgnoreDefault,
               "a=[ 1:DCBA ] b=[ 1:bee ] d=[ 1:dflt ] nul!1004 " M_VALUES " " LV_WHOLE);
    expect_all(NO_LIMIT, JET_bitEnumerateTaggedOnly, M_VALUES " " LV_WHOLE " q=[ 1:tagdef ]");
}

static void
test_table_enumerate__puts_single_values_into_the_column_when_compressed(void **state)
{
    (void)state;
    expect_all(NO_LIMIT, JET_bitEnumerateCompressOutput,
               "a=DCBA b=bee d=dflt nul!1004 " M_VALUES " " LV_WHOLE " q=tagdef");
}

static void
test_table_enumerate__tells_only_what_is_present_when_asked(void **state)
{
    (void)state;
    expect_all(NO_LIMIT, JET_bitEnumeratePresenceOnly,
               "a!1535 b!1535 d!1535 nul!1004 m!1535 lv!1535 q!1535");
    expect_all(NO_LIMIT,
               JET_bitEnumeratePresenceOnly | JET_bitEnumerateIgnoreDefault |
                   JET_bitEnumerateCompressOutput,
               "a!1535 b!1535 d!1535 nul!1004 m!1535 lv!1535");
}

static void
test_table_enumerate__leaves_separated_values_out_when_asked(void **state)
{
    (void)state;
    expect_all(NO_LIMIT, JET_bitEnumerateInRecordOnly, ALL("lv=[ 1:!1539 ]"));
}

static void
test_table_enumerate__cuts_long_values_to_the_limit(void **state)
{
    (void)state;
    expect_all(6, 0, ALL("lv=[ 1:LLLLLL!1534 ]"));
    expect_all(6, JET_bitEnumerateCompressOutput,
               "a=DCBA b=bee d=dflt nul!1004 " M_VALUES " lv=[ 1:LLLLLL!1534 ] q=tagdef");
    expect_all(0, 0, ALL("lv=[ 1:!1534 ]"));
}

/* ---- Chosen columns ---- */

enum { CHOSEN = 6 };

static void
choose(JET_ENUMCOLUMNID ids[CHOSEN])
{
    static const char *const names[CHOSEN] = {"a", "m", "nul", "d", "q", "lv"};

    for (int i = 0; i < CHOSEN; i++)
        ids[i] = (JET_ENUMCOLUMNID){.columnid = column_named(tableid, names[i])};
}

static void
expect_chosen(JET_ENUMCOLUMNID ids[CHOSEN], JET_GRBIT grbit, const char *expected)
{
    assert_int_equal(enumerate(CHOSEN, ids, NO_LIMIT, grbit), JET_errSuccess);
    assert_string_equal(description, expected);
}

#define CHOSEN_WITH(a, m) a " " m " nul!1004 d=[ 1:dflt ] q=[ 1:tagdef ] " LV_WHOLE
#define CHOSEN_PACKED(m)  "a=DCBA " m " nul!1004 d=dflt q=tagdef " LV_WHOLE

static void
test_table_enumerate__gives_chosen_columns_in_the_order_asked(void **state)
{
    JET_ENUMCOLUMNID ids[CHOSEN];

    (void)state;
    choose(ids);
    expect_chosen(ids, 0, CHOSEN_WITH("a=[ 1:DCBA ]", M_VALUES));
    expect_chosen(ids, JET_bitEnumerateCompressOutput, CHOSEN_PACKED(M_VALUES));
    expect_chosen(ids, JET_bitEnumerateIgnoreDefault,
                  "a=[ 1:DCBA ] " M_VALUES " nul!1004 d=[ 1:dflt ] q!1537 " LV_WHOLE);
    expect_chosen(ids, JET_bitEnumeratePresenceOnly,
                  "a!1535 m!1535 nul!1004 d!1535 q!1535 lv!1535");
    assert_int_equal(enumerate(1, ids, 2, 0), JET_errSuccess);
    assert_string_equal(description, "a=[ 1:DCBA ]");
}

static void
test_table_enumerate__gives_chosen_values_in_the_order_asked(void **state)
{
    uint32_t tags[] = {3, 1, 7}, zero = 0;
    JET_ENUMCOLUMNID ids[CHOSEN];

    (void)state;
    choose(ids);
    ids[1].rgtagSequence = tags;
    ids[1].ctagSequence = 3;
    expect_chosen(ids, 0, CHOSEN_WITH("a=[ 1:DCBA ]", "m=[ 3:m three 1:m one 7:!1004 ]"));
    expect_chosen(ids, JET_bitEnumerateCompressOutput,
                  CHOSEN_PACKED("m=[ 3:m three 1:m one 7:!1004 ]"));
    ids[1].ctagSequence = 1;
    expect_chosen(ids, JET_bitEnumerateCompressOutput, CHOSEN_PACKED("m=[ 3:m three ]"));
    ids[1].rgtagSequence = &zero;
    expect_chosen(ids, 0, CHOSEN_WITH("a=[ 1:DCBA ]", "m=[ 0:!1531 ]"));
}

static void
test_table_enumerate__skips_column_0_and_refuses_unknown_ones(void **state)
{
    static const JET_COLUMNID unknown[] = {77, 300};
    JET_ENUMCOLUMNID ids[CHOSEN];

    (void)state;
    choose(ids);
    ids[0].columnid = 0;
    expect_chosen(ids, 0, CHOSEN_WITH("?!1531", M_VALUES));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ids[0].columnid = unknown[i];
        assert_int_equal(enumerate(CHOSEN, ids, NO_LIMIT, 0), JET_errColumnNotFound);
    }
    assert_int_equal(enumerate(0, NULL, 100, 0x40000000), JET_errInvalidGrbit);
}

/* ---- Failures ---- */

static void
test_table_enumerate__takes_memory_back_whichever_request_fails(void **state)
{
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t n = 99;
    JET_ERR err = JET_errOutOfMemory;

    (void)state;
    for (int fail_at = 1; err == JET_errOutOfMemory; fail_at++) {
        memory m = {.fail_at = fail_at};

        assert_in_range(fail_at, 1, 100);
        err = JetEnumerateColumns(session.sesid, tableid, 0, NULL, &n, &columns, reallocate, &m,
                                  NO_LIMIT, 0);
        m.fail_at = 0;
        if (err == JET_errSuccess)
            free_answer(&m, columns, n);
        assert_int_equal(m.live, 0);
    }
    assert_int_equal(err, JET_errSuccess);
    assert_int_equal(n, 7);
}

static void
test_table_enumerate__a_record_of_nothing_has_defaults(void **state)
{
    (void)state;
    TEST_OK(JetMove(session.sesid, tableid, 1, 0));
    assert_int_equal(enumerate(0, NULL, NO_LIMIT, JET_bitEnumerateTaggedOnly), JET_errSuccess);
    assert_string_equal(description, "q=[ 1:tagdef ]");
    assert_int_equal(JetMove(session.sesid, tableid, 1, 0), JET_errNoCurrentRecord);
    assert_int_equal(enumerate(0, NULL, NO_LIMIT, 0), JET_errNoCurrentRecord);
}

/* ---- Group ---- */

static int
start_on_first_record(void **state)
{
    (void)state;
    tableid = open_table("enumerate");
    return 0;
}

static int
end(void **state)
{
    (void)state;
    TEST_OK(JetCloseTable(session.sesid, tableid));
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_on_first_record, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table_enumerate__gives_every_column_of_the_record),
        TEST(test_table_enumerate__puts_single_values_into_the_column_when_compressed),
        TEST(test_table_enumerate__tells_only_what_is_present_when_asked),
        TEST(test_table_enumerate__leaves_separated_values_out_when_asked),
        TEST(test_table_enumerate__cuts_long_values_to_the_limit),
        TEST(test_table_enumerate__gives_chosen_columns_in_the_order_asked),
        TEST(test_table_enumerate__gives_chosen_values_in_the_order_asked),
        TEST(test_table_enumerate__skips_column_0_and_refuses_unknown_ones),
        TEST(test_table_enumerate__takes_memory_back_whichever_request_fails),
        TEST(test_table_enumerate__a_record_of_nothing_has_defaults),
    };

    return test_fixture("cursors-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_cursors_database, close_database);
}
