/* Approximate positions and exact counts on trees of several levels. */
#include "cursor_test.h"

enum {
    STEP = 23, /* entries from one sample to the next */
    /* Percent: each subtree counts as much as its neighbours, however small the last one is. */
    TOLERANCE = 30,
};

static const char *const tables[] = {"notes", "narrow", "narrow-packed", "long-keys", "heap"};

static uint32_t
count_from(JET_TABLEID tableid)
{
    uint32_t count = 0;

    TEST_OK(JetIndexRecordCount(session.sesid, tableid, &count, 0));
    return count;
}

static JET_RECPOS
position_of(JET_TABLEID tableid)
{
    JET_RECPOS position = {0};

    TEST_OK(JetGetRecordPosition(session.sesid, tableid, &position, sizeof position));
    assert_int_equal(position.cbStruct, sizeof position);
    assert_int_equal(position.centriesInRange, 1);
    assert_true(position.centriesLT < position.centriesTotal);
    return position;
}

static double
fraction_of(const JET_RECPOS *position)
{
    return (double)position->centriesLT / position->centriesTotal;
}

static void
expect_near(double fraction, uint32_t rank, uint32_t n, const char *what)
{
    double difference = fraction - (double)rank / n;

    if (difference * 100 > TOLERANCE || difference * 100 < -TOLERANCE)
        fail_msg("%s %u of %u as %.3f", what, (unsigned)rank, (unsigned)n, fraction);
}

/* ---- Every index of every table ---- */

typedef void check_index(JET_TABLEID tableid);

static void
each_index(check_index *check)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        JET_TABLEID tableid = open_table(tables[i]);
        JET_INDEXLIST list = {.cbStruct = sizeof list};
        JET_ERR err;

        check(tableid);
        TEST_OK(JetGetTableIndexInfoA(session.sesid, tableid, NULL, &list, sizeof list,
                                      JET_IdxInfoList));
        err = JetMove(session.sesid, list.tableid, (int32_t)JET_MoveFirst, 0);
        for (; err >= JET_errSuccess; err = JetMove(session.sesid, list.tableid, 1, 0)) {
            char name[JET_cbNameMost + 1] = "";
            uint32_t ordinal = 0;

            TEST_OK(JetRetrieveColumn(session.sesid, list.tableid, list.columnidindexname, name,
                                      JET_cbNameMost, NULL, 0, NULL));
            TEST_OK(JetRetrieveColumn(session.sesid, list.tableid, list.columnidiColumn, &ordinal,
                                      sizeof ordinal, NULL, 0, NULL));
            if (ordinal != 0)
                continue; /* a further column of the same index */
            TEST_OK(JetSetCurrentIndexA(session.sesid, tableid, name));
            check(tableid);
        }
        TEST_OK(JetCloseTable(session.sesid, list.tableid));
        TEST_OK(JetCloseTable(session.sesid, tableid));
    }
}

/* ---- Positions ---- */

static void
check_positions(JET_TABLEID tableid)
{
    uint32_t n = count_from(tableid), rank = 0;
    double last = -1;
    JET_ERR err = JET_errSuccess;

    for (; err >= JET_errSuccess; err = JetMove(session.sesid, tableid, STEP, 0), rank += STEP) {
        JET_RECPOS position = position_of(tableid);
        double fraction = fraction_of(&position);

        if (fraction <= last)
            fail_msg("entry %u is not behind the one before it", (unsigned)rank);
        last = fraction;
        expect_near(fraction, rank, n, "told entry");
    }
    assert_true(rank >= n);
}

static void
test_table_position__grows_with_the_entries_and_is_near_the_truth(void **state)
{
    (void)state;
    each_index(check_positions);
}

static void
check_return(JET_TABLEID tableid)
{
    JET_ERR err = JET_errSuccess;

    for (; err >= JET_errSuccess; err = JetMove(session.sesid, tableid, 5 * STEP, 0)) {
        JET_RECPOS position = position_of(tableid), again;
        uint32_t left = count_from(tableid);

        TEST_OK(JetMove(session.sesid, tableid, (int32_t)JET_MoveFirst, 0));
        TEST_OK(JetGotoPosition(session.sesid, tableid, &position));
        again = position_of(tableid);
        assert_int_equal(count_from(tableid), left);
        assert_int_equal(again.centriesLT, position.centriesLT);
        assert_int_equal(again.centriesTotal, position.centriesTotal);
    }
}

static void
test_table_go_position__leads_back_to_the_entry(void **state)
{
    (void)state;
    each_index(check_return);
}

static void
check_fractions(JET_TABLEID tableid)
{
    uint32_t n = count_from(tableid), last = 0;

    for (uint32_t percent = 0; percent <= 100; percent += 4) {
        JET_RECPOS position = {
            .cbStruct = sizeof position, .centriesLT = percent, .centriesTotal = 100};
        uint32_t rank;

        TEST_OK(JetGotoPosition(session.sesid, tableid, &position));
        rank = n - count_from(tableid);
        assert_true(rank >= last);
        last = rank;
        expect_near(percent / 100.0, rank, n, "went to entry");
    }
    assert_int_equal(last, n - 1);
}

static void
test_table_go_position__divides_an_index_evenly(void **state)
{
    (void)state;
    each_index(check_fractions);
}

static void
test_table_go_position__checks_its_arguments(void **state)
{
    JET_TABLEID tableid = open_table("narrow");
    JET_RECPOS wrong = {.cbStruct = sizeof wrong, .centriesLT = 3, .centriesTotal = 2};
    JET_RECPOS none = {.cbStruct = sizeof none};
    uint32_t n = count_from(tableid);

    (void)state;
    TEST_OK(JetMove(session.sesid, tableid, 9, 0));
    assert_int_equal(JetGotoPosition(session.sesid, tableid, &wrong), JET_errInvalidParameter);
    assert_int_equal(JetGotoPosition(session.sesid, tableid, NULL), JET_errInvalidParameter);
    wrong.cbStruct = 4;
    assert_int_equal(JetGotoPosition(session.sesid, tableid, &wrong), JET_errInvalidParameter);
    assert_int_equal(JetGetRecordPosition(session.sesid, tableid, &wrong, 4),
                     JET_errInvalidParameter);
    assert_int_equal(count_from(tableid), n - 9);
    assert_int_equal(JetGotoPosition(session.sesid, tableid, &none), JET_errSuccess);
    assert_int_equal(count_from(tableid), n);
    TEST_OK(JetMove(session.sesid, tableid, JET_MoveLast, 0));
    assert_int_equal(JetMove(session.sesid, tableid, 1, 0), JET_errNoCurrentRecord);
    assert_int_equal(JetGetRecordPosition(session.sesid, tableid, &none, sizeof none),
                     JET_errNoCurrentRecord);
    TEST_OK(JetCloseTable(session.sesid, tableid));
}

/* ---- Counts ---- */

static void
check_counts(JET_TABLEID tableid)
{
    uint32_t n = count_from(tableid), n_walked = 0, limited = 0;

    for (JET_ERR err = JET_errSuccess; err >= JET_errSuccess; n_walked++) {
        if (n_walked % (20 * STEP) == 0)
            assert_int_equal(count_from(tableid), n - n_walked);
        err = JetMove(session.sesid, tableid, 1, 0);
    }
    assert_int_equal(n_walked, n);
    TEST_OK(JetMove(session.sesid, tableid, (int32_t)JET_MoveFirst, 0));
    TEST_OK(JetIndexRecordCount(session.sesid, tableid, &limited, n - 1));
    assert_int_equal(limited, n - 1);
    TEST_OK(JetIndexRecordCount(session.sesid, tableid, &limited, n + 1));
    assert_int_equal(limited, n);
}

static void
test_table_count__is_exact_from_every_entry(void **state)
{
    (void)state;
    each_index(check_counts);
}

static int
open_deep_database(void **state)
{
    (void)state;
    session = test_session_open(test_fixture("deep-4k.edb"), 0);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_position__grows_with_the_entries_and_is_near_the_truth),
        cmocka_unit_test(test_table_go_position__leads_back_to_the_entry),
        cmocka_unit_test(test_table_go_position__divides_an_index_evenly),
        cmocka_unit_test(test_table_go_position__checks_its_arguments),
        cmocka_unit_test(test_table_count__is_exact_from_every_entry),
    };

    return test_fixture("deep-4k.edb") == NULL
               ? 0
               : cmocka_run_group_tests(tests, open_deep_database, close_database);
}
