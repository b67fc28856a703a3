/*
 * Temporary tables on the disk while memory, opening, reading, writing and room on the disk fail in turn: a documented error, nothing half done, nothing
 * left behind, and an instance that goes on. ESE_TEST_LONG: every single place.
 */
#include "temp_test.h"

#include <stdlib.h>

enum { MATERIALIZED = JET_bitTTUpdatable | JET_bitTTIndexed, N_ROWS = 150, LONG_SIZE = 9000 };

typedef struct fault_case {
    ese_fault_kind kind;
    JET_ERR err; /* what comes of it */
} fault_case;

static const fault_case cases[] = {
    {ESE_faultAlloc, JET_errOutOfMemory}, {ESE_faultOpen, JET_errFileAccessDenied},
    {ESE_faultRead, JET_errDiskIO},       {ESE_faultWrite, JET_errDiskIO},
    {ESE_faultDiskFull, JET_errDiskFull},
};

static bool
is_expected(const fault_case *of, JET_ERR err)
{
    return err >= 0 || err == of->err;
}

static uint64_t
stride(const fault_case *of)
{
    return getenv("ESE_TEST_LONG") != NULL || of->kind != ESE_faultAlloc ? 1 : 3;
}

static JET_ERR
insert_long(const temp_fixture *f, int32_t key, int32_t value)
{
    static uint8_t big[LONG_SIZE];
    JET_ERR err = JetPrepareUpdate(f->sesid, f->table, JET_prepInsert);

    memset(big, value & 0xff, sizeof big);
    if (err >= 0)
        err = set_long(f, f->key, key);
    if (err >= 0)
        err = set_long(f, f->value, value);
    if (err >= 0)
        err = JetSetColumn(f->sesid, f->table, f->lv, big, sizeof big, 0, NULL);
    if (err >= 0)
        err = update_temp(f);
    if (err < 0)
        JetPrepareUpdate(f->sesid, f->table, JET_prepCancel);
    return err;
}

static JET_ERR
read_row(const temp_fixture *f)
{
    uint8_t big[LONG_SIZE];
    uint32_t size = 0;
    JET_ERR err = JetRetrieveColumn(f->sesid, f->table, f->lv, big, sizeof big, &size, 0, NULL);

    if (err >= 0) {
        assert_int_equal(size, sizeof big);
        assert_int_equal(big[0], get_long(f, f->value) & 0xff);
        assert_int_equal(big[LONG_SIZE - 1], big[0]);
    }
    return err;
}

static JET_ERR
read_all(const temp_fixture *f, int32_t *n_out)
{
    JET_ERR err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);

    *n_out = 0;
    for (; err >= 0; ++*n_out) {
        err = read_row(f);
        if (err >= 0)
            err = JetMove(f->sesid, f->table, JET_MoveNext, 0);
    }
    return err == JET_errNoCurrentRecord ? 0 : err;
}

/* Of all that goes to the disk; stops at the first failure, which is returned. */
static JET_ERR
whole_life(temp_fixture *f, JET_GRBIT grbit)
{
    int32_t n = 0;
    JET_ERR err = try_open_temp(f, grbit, true);

    for (int32_t i = 0; err >= 0 && i < N_ROWS; i++)
        err = insert_long(f, (i * 7) % N_ROWS, i);
    if (err >= 0)
        err = read_all(f, &n);
    if (err >= 0)
        assert_int_equal(n, N_ROWS);
    if (err < 0 || grbit != MATERIALIZED)
        return err;
    err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);
    if (err >= 0)
        err = JetDelete(f->sesid, f->table);
    if (err >= 0)
        err = insert_long(f, 1000, 1000);
    return err < 0 ? err : JetMove(f->sesid, f->table, (int32_t)JET_MoveLast, 0);
}

static void
check_whole_life(const fault_case *of, JET_GRBIT grbit)
{
    temp_fixture f = {0};
    JET_ERR err = of->err;

    temp_spills = true;
    start_temp(&f);
    for (uint64_t nth = 1; err < 0; nth += stride(of)) {
        int64_t live = ese_live_allocations();

        f.table = 0;
        assert_ok(JetBeginTransaction(f.sesid));
        ese_fault_arm(of->kind, nth, 1);
        err = whole_life(&f, grbit);
        ese_fault_arm(of->kind, 0, 0);
        assert_true(is_expected(of, err));
        assert_ok(JetRollback(f.sesid, 0)); /* closes the table */
        assert_int_equal(ese_live_allocations(), live);
    }
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(whole_life(&f, grbit));
    assert_ok(JetRollback(f.sesid, 0));
    end_temp(&f);
}

static void
test_temp_faults__leave_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_whole_life(&cases[i], MATERIALIZED);
        check_whole_life(&cases[i], 0);
    }
}

/* ---- one call that fails, and then goes on as if nothing had happened */

/* Every insertion and the first move fail once on their way, at a place that moves on; each is made again. */
static uint32_t
check_repeated(const fault_case *of, JET_GRBIT grbit)
{
    temp_fixture f = {0};
    uint32_t n_failures = 0;
    int32_t n = 0;
    JET_ERR err;

    temp_spills = true;
    start_temp(&f);
    assert_ok(JetBeginTransaction(f.sesid));
    open_temp(&f, grbit);
    for (int32_t i = 0; i < N_ROWS; i++) {
        ese_fault_arm(of->kind, (uint64_t)i % 12 / 3 + 1, 0);
        err = insert_long(&f, (i * 7) % N_ROWS, i);
        ese_fault_arm(of->kind, 0, 0);
        assert_true(is_expected(of, err));
        n_failures += err < 0;
        if (err < 0)
            assert_ok(insert_long(&f, (i * 7) % N_ROWS, i));
    }
    err = of->err;
    for (uint64_t nth = 1; err < 0; nth++) {
        ese_fault_arm(of->kind, nth, 0);
        err = JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0);
        ese_fault_arm(of->kind, 0, 0);
        assert_true(is_expected(of, err));
        n_failures += err < 0;
    }
    assert_ok(read_all(&f, &n));
    assert_int_equal(n, N_ROWS);
    assert_ok(JetRollback(f.sesid, 0));
    end_temp(&f);
    return n_failures;
}

static void
test_temp_faults__can_be_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(check_repeated(&cases[i], MATERIALIZED) > 0);
        assert_true(check_repeated(&cases[i], JET_bitTTErrorOnDuplicateInsertion) > 0);
        assert_true(check_repeated(&cases[i], 0) > 0);
    }
}

/* ---- changes of a table in the tree */

static JET_ERR
change_row(const temp_fixture *f, uint32_t kind, int32_t i, int32_t new_key)
{
    JET_ERR err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);

    if (err >= 0)
        err = JetMove(f->sesid, f->table, i, 0);
    if (err < 0)
        return err;
    if (kind == 0)
        return JetDelete(f->sesid, f->table);
    err = JetPrepareUpdate(f->sesid, f->table,
                           kind == 1 ? JET_prepReplace : JET_prepInsertCopyDeleteOriginal);
    if (err >= 0 && kind == 2)
        err = set_long(f, f->key, new_key);
    if (err >= 0)
        err = update_temp(f);
    if (err < 0)
        JetPrepareUpdate(f->sesid, f->table, JET_prepCancel);
    return err;
}

/* A change that failed has changed nothing: the rollback of all of them shows the rows of the beginning. */
static void
test_temp_faults__change_nothing_when_a_change_fails(void **state)
{
    temp_fixture f = {0};
    int32_t n = 0;

    (void)state;
    temp_spills = true;
    start_temp(&f);
    assert_ok(JetBeginTransaction(f.sesid));
    open_temp(&f, MATERIALIZED);
    for (int32_t i = 0; i < N_ROWS; i++)
        assert_ok(insert_long(&f, i, i));
    assert_ok(read_all(&f, &n));
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_ok(JetBeginTransaction(f.sesid));
        for (uint32_t kind = 0; kind < 3; kind++) {
            int32_t expected = 0;

            assert_ok(read_all(&f, &expected));
            for (uint64_t nth = 1; nth < 30; nth++) {
                ese_fault_arm(cases[c].kind, nth, 0);
                JET_ERR err = change_row(&f, kind, (int32_t)nth % 9, 1000 + (int32_t)nth);
                ese_fault_arm(cases[c].kind, 0, 0);

                assert_true(is_expected(&cases[c], err));
                expected -= kind == 0 && err >= 0;
                assert_ok(read_all(&f, &n));
                assert_int_equal(n, expected);
            }
        }
        assert_ok(JetRollback(f.sesid, 0));
        assert_ok(read_all(&f, &n));
        assert_int_equal(n, N_ROWS);
    }
    assert_ok(JetRollback(f.sesid, 0));
    end_temp(&f);
}

/* More rows than the page cache of the temporary database has room for. */
static void
insert_many(const temp_fixture *f, int32_t n)
{
    char text[250];

    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int32_t i = 0; i < n; i++)
        assert_ok(insert_temp(f, i, text, i));
}

/* A rollback that cannot undo: that table is of no use any more, the session goes on. */
static void
test_temp_faults__of_an_undo_end_the_table_only(void **state)
{
    enum { N = 5000 };
    temp_fixture f = {0};
    JET_TABLEID broken;

    (void)state;
    temp_spills = true;
    start_temp(&f);
    open_temp(&f, MATERIALIZED);
    insert_many(&f, N);
    assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
    assert_ok(JetBeginTransaction(f.sesid));
    assert_ok(JetDelete(f.sesid, f.table));
    assert_ok(JetMove(f.sesid, f.table, N - 2, 0));
    assert_ok(JetDelete(f.sesid, f.table));
    ese_fault_arm(ESE_faultRead, 1, 1);
    assert_ok(JetRollback(f.sesid, 0));
    ese_fault_arm(ESE_faultRead, 0, 0);
    assert_int_equal(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0), JET_errDiskIO);
    assert_int_equal(JetPrepareUpdate(f.sesid, f.table, JET_prepInsert), JET_errDiskIO);
    broken = f.table;
    open_temp(&f, MATERIALIZED);
    assert_ok(insert_temp(&f, 1, "goes on", 1));
    assert_rows(&f, "1goes on1 -1603");
    assert_ok(JetCloseTable(f.sesid, broken));
    end_temp(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_temp_faults__leave_nothing_behind),
        API_TEST(test_temp_faults__can_be_tried_again),
        API_TEST(test_temp_faults__change_nothing_when_a_change_fails),
        API_TEST(test_temp_faults__of_an_undo_end_the_table_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
