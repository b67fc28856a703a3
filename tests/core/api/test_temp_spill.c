/*
 * Temporary tables that do not fit into memory: large sorts beside a model, and the same random calls on a table in memory and on one on the disk, which
 * must not differ in anything a caller sees. ESE_TEST_LONG: a million rows.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "temp_test.h"

#include <stdlib.h>
#include <unistd.h>

enum { MATERIALIZED = JET_bitTTUpdatable | JET_bitTTIndexed };

static uint32_t seed = 1;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)(seed >> 4) * n) >> 28);
}

static void
use_memory(bool has_memory)
{
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, has_memory ? CACHE_PAGES_DEFAULT : 1));
}

/* ---- sorts */

typedef struct sort_row {
    int32_t key, arrival;
} sort_row;

static int
compare_rows(const void *a, const void *b)
{
    const sort_row *left = a, *right = b;

    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->arrival > right->arrival) - (left->arrival < right->arrival);
}

/* What the table must hold in the end. */
static size_t
sort_model(sort_row *rows, size_t n, bool keeps_duplicates)
{
    size_t n_kept = 0;

    qsort(rows, n, sizeof *rows, compare_rows);
    for (size_t i = 0; i < n; i++) {
        if (keeps_duplicates || n_kept == 0 || rows[n_kept - 1].key != rows[i].key)
            rows[n_kept++] = rows[i];
    }
    return n_kept;
}

static void
check_sorted(const temp_fixture *f, const sort_row *rows, size_t n)
{
    JET_ERR err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);

    for (size_t i = 0; i < n; i++) {
        assert_ok(err);
        assert_int_equal(get_long(f, f->key), rows[i].key);
        assert_int_equal(get_long(f, f->value), rows[i].arrival);
        err = JetMove(f->sesid, f->table, JET_MoveNext, 0);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
}

static void
check_sort(JET_GRBIT grbit, int32_t n)
{
    bool keeps_duplicates = grbit == JET_bitTTForwardOnly;
    sort_row *rows = calloc((size_t)n, sizeof *rows);
    temp_fixture f = {0};
    size_t n_kept;

    assert_non_null(rows);
    temp_spills = true;
    start_temp(&f);
    assert_ok(try_open_temp(&f, grbit, false));
    for (int32_t i = 0; i < n; i++) {
        rows[i] = (sort_row){(int32_t)random_below((uint32_t)n), i};
        assert_ok(insert_temp(&f, rows[i].key, "a text that makes rows longer", i));
    }
    n_kept = sort_model(rows, (size_t)n, keeps_duplicates);
    check_sorted(&f, rows, n_kept);
    check_sorted(&f, rows, n_kept);
    end_temp(&f);
    free(rows);
}

static void
test_temp_spill__sorts_as_a_model_does(void **state)
{
    static const JET_GRBIT kinds[] = {0, JET_bitTTForwardOnly,
                                      JET_bitTTForwardOnly | JET_bitTTUnique, JET_bitTTScrollable,
                                      MATERIALIZED};
    bool is_long = getenv("ESE_TEST_LONG") != NULL;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        check_sort(kinds[i], is_long ? 1000000 : i == 0 ? 60000 : 6000);
}

/* ---- the same calls on two tables */

enum { KEYS = 60, LONG_MAX_SIZE = 20000, N_TABLES = 2 };

typedef struct twins {
    temp_fixture f; /* f.table is that of the call */
    JET_TABLEID tables[N_TABLES];
} twins;

static void
start_twins(twins *t, JET_GRBIT grbit)
{
    for (int i = 0; i < N_TABLES; i++) {
        use_memory(i == 0);
        open_temp(&t->f, grbit);
        t->tables[i] = t->f.table;
    }
}

/* What a call says: its code, and what there is to see. */
typedef struct outcome {
    JET_ERR err;
    int32_t key, value;
    uint32_t n_long, n_part, n_many, size_bookmark;
    uint8_t bookmark[300];
    uint8_t bytes[LONG_MAX_SIZE], part[LONG_MAX_SIZE];
} outcome;

static void
look(const temp_fixture *f, outcome *seen)
{
    JET_RETINFO from_within = {
        .cbStruct = sizeof from_within, .ibLongValue = 5321, .itagSequence = 1};
    uint32_t size = 0;

    seen->key = get_long(f, f->key);
    seen->value = get_long(f, f->value);
    (void)JetRetrieveColumn(f->sesid, f->table, f->lv, seen->bytes, sizeof seen->bytes,
                            &seen->n_long, 0, NULL);
    (void)JetRetrieveColumn(f->sesid, f->table, f->many, NULL, 0, &seen->n_many, 0, NULL);
    (void)JetRetrieveColumn(f->sesid, f->table, f->lv, seen->part, sizeof seen->part, &seen->n_part,
                            0, &from_within);
    if (JetGetBookmark(f->sesid, f->table, seen->bookmark, sizeof seen->bookmark, &size) >= 0)
        seen->size_bookmark = size;
}

/* A random call: the numbers are drawn once for both tables. */
typedef struct step {
    uint32_t kind;
    int32_t key, value;
    uint32_t size;
    JET_GRBIT relation;
    char text[8];
} step;

enum { N_KINDS = 14 };

static step
draw(void)
{
    static const JET_GRBIT relations[] = {JET_bitSeekEQ, JET_bitSeekGE, JET_bitSeekGT,
                                          JET_bitSeekLE, JET_bitSeekLT};
    static const uint32_t sizes[] = {0, 3, 900, 1500, 9000, LONG_MAX_SIZE};
    step drawn = {
        .kind = random_below(N_KINDS),
        .key = (int32_t)random_below(KEYS),
        .value = (int32_t)random_below(1000000),
        .size = sizes[random_below(6)],
        .relation = relations[random_below(5)],
    };

    snprintf(drawn.text, sizeof drawn.text, "t%u", (unsigned)random_below(3));
    return drawn;
}

static JET_ERR
set_columns(const temp_fixture *f, const step *s, bool with_key)
{
    static uint8_t bytes[LONG_MAX_SIZE];
    JET_ERR err = 0;

    for (size_t i = 0; i < s->size; i++)
        bytes[i] = (uint8_t)((size_t)s->value + i + i / 251);
    if (with_key)
        err = set_long(f, f->key, s->key);
    if (err >= 0 && with_key)
        err =
            JetSetColumn(f->sesid, f->table, f->text, s->text, (uint32_t)strlen(s->text), 0, NULL);
    if (err >= 0)
        err = set_long(f, f->value, s->value);
    if (err >= 0)
        err = JetSetColumn(f->sesid, f->table, f->lv, bytes, s->size, 0, NULL);
    return err;
}

static JET_ERR
change(const temp_fixture *f, const step *s, uint32_t prep, bool with_key)
{
    JET_ERR err = JetPrepareUpdate(f->sesid, f->table, prep);

    if (err >= 0)
        err = set_columns(f, s, with_key);
    if (err >= 0)
        err = update_temp(f);
    if (err < 0)
        JetPrepareUpdate(f->sesid, f->table, JET_prepCancel);
    return err;
}

static JET_ERR
seek_step(const temp_fixture *f, const step *s)
{
    JET_ERR err = JetMakeKey(f->sesid, f->table, &s->key, sizeof s->key, JET_bitNewKey);

    if (err >= 0)
        err = JetMakeKey(f->sesid, f->table, s->text, (uint32_t)strlen(s->text), 0);
    return err < 0 ? err : JetSeek(f->sesid, f->table, s->relation);
}

static JET_ERR
call(const temp_fixture *f, const step *s)
{
    switch (s->kind) {
    case 0: return change(f, s, JET_prepReplace, false);
    case 1: return change(f, s, JET_prepInsertCopy, true);
    case 2: return change(f, s, JET_prepInsertCopyDeleteOriginal, s->value % 2 == 0);
    case 3: return JetDelete(f->sesid, f->table);
    case 4: return seek_step(f, s);
    case 5: return JetMove(f->sesid, f->table, JET_MoveNext, 0);
    case 6: return JetMove(f->sesid, f->table, JET_MovePrevious, 0);
    case 7: return JetMove(f->sesid, f->table, (int32_t)(s->value % 9) - 4, 0);
    case 8:
        return JetMove(f->sesid, f->table,
                       s->value % 2 ? (int32_t)JET_MoveFirst : (int32_t)JET_MoveLast, 0);
    default: return change(f, s, JET_prepInsert, true);
    }
}

static void
compare_step(twins *t, const step *s)
{
    static outcome seen[N_TABLES];

    memset(seen, 0, sizeof seen);
    for (int i = 0; i < N_TABLES; i++) {
        t->f.table = t->tables[i];
        seen[i].err = call(&t->f, s);
        look(&t->f, &seen[i]);
    }
    assert_int_equal(seen[0].err, seen[1].err);
    assert_memory_equal(&seen[0], &seen[1], sizeof seen[0]);
}

/* Begins, commits or rolls back now and then. */
static void
compare_transaction(twins *t, uint32_t *level)
{
    uint32_t kind = random_below(60);

    if (kind == 0 && *level < 3) {
        assert_ok(JetBeginTransaction(t->f.sesid));
        ++*level;
    } else if (kind == 1 && *level > 0) {
        assert_ok(JetCommitTransaction(t->f.sesid, 0));
        --*level;
    } else if (kind == 2 && *level > 0) {
        assert_ok(JetRollback(t->f.sesid, 0));
        --*level;
    }
}

static void
check_twins(JET_GRBIT grbit, uint32_t n_steps)
{
    static twins t;
    uint32_t level = 0;

    temp_spills = false;
    memset(&t, 0, sizeof t);
    start_temp(&t.f);
    start_twins(&t, grbit);
    for (uint32_t i = 0; i < n_steps; i++) {
        step s = draw();

        if (i < n_steps / 8 && (grbit & JET_bitTTErrorOnDuplicateInsertion) == 0)
            s.kind = N_KINDS - 1; /* the insertion phase */
        compare_transaction(&t, &level);
        if (level == 0 && s.kind < N_KINDS - 1) /* long values need a transaction */
            s.kind = s.kind < 3 ? 5 : s.kind;
        compare_step(&t, &s);
    }
    if (level > 0)
        assert_ok(JetRollback(t.f.sesid, JET_bitRollbackAll));
    t.f.table = t.tables[0];
    end_temp(&t.f);
}

static void
test_temp_spill__cannot_be_told_from_a_table_in_memory(void **state)
{
    static const JET_GRBIT kinds[] = {0,
                                      JET_bitTTUnique,
                                      JET_bitTTIndexed,
                                      JET_bitTTScrollable,
                                      JET_bitTTUpdatable,
                                      MATERIALIZED,
                                      MATERIALIZED | JET_bitTTSortNullsHigh,
                                      JET_bitTTErrorOnDuplicateInsertion};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        check_twins(kinds[i], 3000);
}

/* ---- sizes */

/* The largest record with the longest key: 31 values of 1000 bytes and a key of 2000. */
static void
test_temp_spill__takes_the_largest_rows(void **state)
{
    enum { N = 20, VALUES = 30, SIZE = 1000 };
    const JET_COLUMNDEF columns[] = {
        {.cbStruct = sizeof columns[0],
         .coltyp = JET_coltypLongBinary,
         .grbit = JET_bitColumnTTKey},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLongBinary},
    };
    static uint8_t bytes[2000], back[2000];
    temp_fixture f = {0};
    JET_COLUMNID ids[2];
    JET_OPENTEMPORARYTABLE open = {.cbStruct = sizeof open,
                                   .prgcolumndef = columns,
                                   .ccolumn = 2,
                                   .prgcolumnid = ids,
                                   .cbKeyMost = 2000,
                                   .grbit = MATERIALIZED};

    (void)state;
    temp_spills = true;
    start_temp(&f);
    assert_ok(JetOpenTemporaryTable(f.sesid, &open));
    for (uint8_t i = 0; i < N; i++) {
        assert_ok(JetPrepareUpdate(f.sesid, open.tableid, JET_prepInsert));
        memset(bytes, 255 - i, sizeof bytes);
        assert_ok(JetSetColumn(f.sesid, open.tableid, ids[0], bytes, 1000, 0, NULL));
        for (uint32_t k = 0; k < VALUES; k++) {
            JET_SETINFO where = {.cbStruct = sizeof where, .itagSequence = k + 1};

            memset(bytes, i + (int)k, sizeof bytes);
            assert_ok(JetSetColumn(f.sesid, open.tableid, ids[1], bytes, SIZE, 0, &where));
        }
        assert_ok(JetUpdate(f.sesid, open.tableid, NULL, 0, NULL));
    }
    assert_ok(JetMove(f.sesid, open.tableid, (int32_t)JET_MoveFirst, 0));
    for (uint8_t i = N; i-- > 0;) {
        for (uint32_t k = 0; k < VALUES; k++) {
            JET_RETINFO where = {.cbStruct = sizeof where, .itagSequence = k + 1};
            uint32_t size = 0;

            memset(bytes, i + (int)k, sizeof bytes);
            assert_ok(JetRetrieveColumn(f.sesid, open.tableid, ids[1], back, sizeof back, &size, 0,
                                        &where));
            assert_int_equal(size, SIZE);
            assert_memory_equal(back, bytes, SIZE);
        }
        assert_int_equal(JetMove(f.sesid, open.tableid, JET_MoveNext, 0),
                         i == 0 ? JET_errNoCurrentRecord : 0);
    }
    assert_ok(JetMove(f.sesid, open.tableid, (int32_t)JET_MoveFirst, 0));
    assert_ok(JetDelete(f.sesid, open.tableid));
    end_temp(&f);
}

/* ---- places */

/* While it is open, the table has no name in its folder. */
static void
test_temp_spill__leaves_nothing_in_its_folder(void **state)
{
    static const char *const ends[] = {"", "/", "/some.name"};

    (void)state;
    use_memory(false);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        temp_fixture f = {.instance = created("placed")};
        char folder[] = ESE_TEST_FOLDER "/ese-test-XXXXXX", path[64];

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s%s", folder, ends[i]);
        assert_ok(set_text(&f.instance, JET_paramTempPath, path));
        assert_ok(JetInit(&f.instance));
        f.sesid = begun(f.instance);
        open_temp(&f, MATERIALIZED);
        for (int32_t k = 0; k < 100; k++)
            assert_ok(insert_temp(&f, 100 - k, "text", k));
        assert_ok(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0));
        assert_int_equal(get_long(&f, f.key), 1);
        assert_int_equal(rmdir(folder), 0); /* fails when there is anything in it */
        end_temp(&f);
        assert_int_equal(access(folder, F_OK), -1);
    }
}

static void
test_temp_spill__tells_that_its_folder_is_missing(void **state)
{
    temp_fixture f = {.instance = created("nowhere")};
    JET_ERR err = 0;

    (void)state;
    use_memory(false);
    assert_ok(set_text(&f.instance, JET_paramTempPath, "/tmp/ese-test-no-such-folder/tmp.edb"));
    assert_ok(JetInit(&f.instance));
    f.sesid = begun(f.instance);
    open_temp(&f, MATERIALIZED);
    for (int32_t k = 0; err >= 0 && k < 100; k++)
        err = insert_temp(&f, k, "text", k);
    assert_int_equal(err, JET_errInvalidPath);
    assert_int_equal(JetMove(f.sesid, f.table, (int32_t)JET_MoveFirst, 0), JET_errInvalidPath);
    use_memory(true);
    open_temp(&f, MATERIALIZED);
    assert_ok(insert_temp(&f, 1, "text", 1));
    assert_rows(&f, "1text1 -1603");
    end_temp(&f);
}

/* ---- rollback */

static void
test_temp_spill__limits_what_a_rollback_may_undo(void **state)
{
    enum { N = 200000 };
    temp_fixture f = {0};
    JET_ERR err = 0;
    int32_t n = 0;

    (void)state;
    temp_spills = true;
    f.instance = created("limited");
    use_memory(false);
    assert_ok(set_integer(&f.instance, JET_paramMaxVerPages, 1));
    assert_ok(JetInit(&f.instance));
    f.sesid = begun(f.instance);
    open_temp(&f, JET_bitTTErrorOnDuplicateInsertion);
    assert_ok(insert_temp(&f, N, "stays", 1));
    assert_ok(JetBeginTransaction(f.sesid));
    for (; err >= 0 && n < N; n++)
        err = insert_temp(&f, n, "text", n);
    assert_int_equal(err, JET_errVersionStoreOutOfMemory);
    assert_true(n > 100);
    assert_ok(JetRollback(f.sesid, 0));
    assert_rows(&f, "200000stays1 -1603");
    assert_ok(insert_temp(&f, 1, "again", 2));
    assert_rows(&f, "1again2 200000stays1 -1603");
    end_temp(&f);
}

static void
test_temp_spill__needs_no_undo_for_a_table_of_the_same_transaction(void **state)
{
    enum { N = 20000 };
    temp_fixture f = {0};

    (void)state;
    use_memory(false);
    f.instance = created("limited");
    assert_ok(set_integer(&f.instance, JET_paramMaxVerPages, 1));
    assert_ok(JetInit(&f.instance));
    f.sesid = begun(f.instance);
    assert_ok(JetBeginTransaction(f.sesid));
    open_temp(&f, JET_bitTTErrorOnDuplicateInsertion);
    for (int32_t n = 0; n < N; n++)
        assert_ok(insert_temp(&f, n, NULL, n));
    assert_ok(JetRollback(f.sesid, 0));
    assert_int_equal(JetMove(f.sesid, f.table, 0, 0), JET_errInvalidTableId);
    end_temp(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_temp_spill__sorts_as_a_model_does),
        API_TEST(test_temp_spill__cannot_be_told_from_a_table_in_memory),
        API_TEST(test_temp_spill__takes_the_largest_rows),
        API_TEST(test_temp_spill__leaves_nothing_in_its_folder),
        API_TEST(test_temp_spill__tells_that_its_folder_is_missing),
        API_TEST(test_temp_spill__limits_what_a_rollback_may_undo),
        API_TEST(test_temp_spill__needs_no_undo_for_a_table_of_the_same_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
