/*
 * JetCompact: what a new file holds, what is told meanwhile, what is refused, and that a failure leaves no file behind. The source has a table with values of every length, a template with a
 * table made after it, and room that deleted records have left.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "api_test.h"
#include "base/fault.h"
#include "test_fresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_ROWS = 300, N_KEPT = 20, LONG_SIZE = (1 << 20) + 5000, ALLOCATIONS_MAX = 100000 };

#define TEXT(literal) ((char *)(uintptr_t)(literal))

typedef struct bench {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_COLUMNID id, number, blob;
    char folder[64], source[96], target[96];
    uint8_t *bytes; /* LONG_SIZE of them */
} bench;

/* ---- the source */

static JET_COLUMNID
column_of(const bench *b, JET_TABLEID tableid, const char *name)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column};

    assert_ok(JetGetTableColumnInfoA(b->sesid, tableid, name, &column, sizeof column, JET_ColInfo));
    return column.columnid;
}

static void
make_table(bench *b, JET_DBID dbid)
{
    int32_t preset = 7;
    JET_COLUMNCREATE_A columns[] = {
        {.cbStruct = sizeof columns[0],
         .szColumnName = TEXT("id"),
         .coltyp = JET_coltypLong,
         .grbit = JET_bitColumnAutoincrement},
        {.cbStruct = sizeof columns[0],
         .szColumnName = TEXT("number"),
         .coltyp = JET_coltypLong,
         .grbit = JET_bitColumnTagged,
         .pvDefault = &preset,
         .cbDefault = sizeof preset},
        {.cbStruct = sizeof columns[0],
         .szColumnName = TEXT("blob"),
         .coltyp = JET_coltypLongBinary},
    };
    JET_INDEXCREATE_A indexes[] = {{.cbStruct = sizeof indexes[0],
                                    .szIndexName = TEXT("id"),
                                    .szKey = TEXT("+id\0"),
                                    .cbKey = 5,
                                    .grbit = JET_bitIndexPrimary},
                                   {.cbStruct = sizeof indexes[0],
                                    .szIndexName = TEXT("number"),
                                    .szKey = TEXT("-number\0"),
                                    .cbKey = 9,
                                    .grbit = JET_bitIndexIgnoreNull}};
    JET_TABLECREATE_A table = {.cbStruct = sizeof table,
                               .szTableName = TEXT("t"),
                               .rgcolumncreate = columns,
                               .cColumns = 3,
                               .rgindexcreate = indexes,
                               .cIndexes = 2};

    assert_ok(JetCreateTableColumnIndexA(b->sesid, dbid, &table));
    b->id = column_of(b, table.tableid, "id");
    b->number = column_of(b, table.tableid, "number");
    b->blob = column_of(b, table.tableid, "blob");
    assert_ok(JetCloseTable(b->sesid, table.tableid));
}

static void
make_template(const bench *b, JET_DBID dbid)
{
    JET_COLUMNCREATE_A column = {.cbStruct = sizeof column,
                                 .szColumnName = TEXT("common"),
                                 .coltyp = JET_coltypText,
                                 .cp = 1200};
    JET_TABLECREATE_A template_table = {.cbStruct = sizeof template_table,
                                        .szTableName = TEXT("z template"),
                                        .rgcolumncreate = &column,
                                        .cColumns = 1,
                                        .grbit = JET_bitTableCreateTemplateTable};
    JET_TABLECREATE_A derived = {.cbStruct = sizeof derived,
                                 .szTableName = TEXT("derived"),
                                 .szTemplateTableName = TEXT("z template")};

    assert_ok(JetCreateTableColumnIndexA(b->sesid, dbid, &template_table));
    assert_ok(JetCloseTable(b->sesid, template_table.tableid));
    assert_ok(JetCreateTableColumnIndexA(b->sesid, dbid, &derived));
    assert_ok(JetPrepareUpdate(b->sesid, derived.tableid, JET_prepInsert));
    assert_ok(JetSetColumn(b->sesid, derived.tableid, column_of(b, derived.tableid, "common"),
                           u"abc", 6, 0, NULL));
    assert_ok(JetUpdate(b->sesid, derived.tableid, NULL, 0, NULL));
    assert_ok(JetCloseTable(b->sesid, derived.tableid));
}

/* Ids from 1 on. Numbers: NULL, the default, their own ones, in turn. Blobs: none, empty, some bytes, and one of more than a piece. */
static void
insert_row(const bench *b, JET_TABLEID tableid, int32_t i)
{
    uint32_t size = i == 2 ? LONG_SIZE : i % 4 == 1 ? 0 : (uint32_t)(i * 13);

    assert_ok(JetPrepareUpdate(b->sesid, tableid, JET_prepInsert));
    if (i % 3 != 1)
        assert_ok(JetSetColumn(b->sesid, tableid, b->number, i % 3 == 0 ? NULL : &i,
                               i % 3 == 0 ? 0 : sizeof i, 0, NULL));
    if (i % 4 != 0)
        assert_ok(JetSetColumn(b->sesid, tableid, b->blob, b->bytes, size,
                               size == 0 ? JET_bitSetZeroLength : 0, NULL));
    assert_ok(JetUpdate(b->sesid, tableid, NULL, 0, NULL));
}

static void
fill_table(const bench *b, JET_DBID dbid)
{
    JET_TABLEID tableid;

    assert_ok(JetOpenTableA(b->sesid, dbid, "t", NULL, 0, 0, &tableid));
    assert_ok(JetBeginTransaction(b->sesid));
    for (int32_t i = 1; i <= N_ROWS; i++)
        insert_row(b, tableid, i);
    assert_ok(JetMove(b->sesid, tableid, (int32_t)JET_MoveFirst, 0));
    for (int32_t i = 1; i <= N_ROWS; i++) {
        if (i > N_KEPT)
            assert_ok(JetDelete(b->sesid, tableid));
        (void)JetMove(b->sesid, tableid, JET_MoveNext, 0);
    }
    assert_ok(JetCommitTransaction(b->sesid, 0));
    assert_ok(JetCloseTable(b->sesid, tableid));
}

static int
set_up(void **state)
{
    bench *b = calloc(1, sizeof *b);
    JET_DBID dbid;

    assert_non_null(b);
    b->bytes = malloc(LONG_SIZE);
    assert_non_null(b->bytes);
    for (uint32_t i = 0; i < LONG_SIZE; i++)
        b->bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    snprintf(b->folder, sizeof b->folder, ESE_TEST_FOLDER "/ese-compact-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    assert_int_equal(chdir(b->folder), 0); /* where the statistics go */
    snprintf(b->source, sizeof b->source, "%s/source.edb", b->folder);
    snprintf(b->target, sizeof b->target, "%s/target.edb", b->folder);
    remember_memory(state);
    b->instance = started("compact");
    b->sesid = begun(b->instance);
    assert_ok(JetCreateDatabaseA(b->sesid, b->source, NULL, &dbid, 0));
    make_table(b, dbid);
    make_template(b, dbid);
    fill_table(b, dbid);
    assert_ok(JetCloseDatabase(b->sesid, dbid, 0));
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    bench *b = *state;

    assert_ok(JetTerm(b->instance));
    test_check_file(b->source);
    unlink(b->source);
    unlink(b->target);
    unlink("dfrginfo.txt");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(b->folder), 0);
    free(b->bytes);
    free(b);
    return compare_memory(state);
}

#define COMPACT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- what comes out */

static bool
has_target(const bench *b)
{
    return access(b->target, F_OK) == 0;
}

static uint32_t
retrieve(const bench *b, JET_TABLEID tableid, JET_COLUMNID columnid, void *to, uint32_t room)
{
    uint32_t size = 0;

    assert_true(JetRetrieveColumn(b->sesid, tableid, columnid, to, room, &size, 0, NULL) >= 0);
    return size;
}

static void
check_row(const bench *b, JET_TABLEID tableid, int32_t i, uint8_t *room)
{
    int32_t id = 0, number = -1;
    uint32_t size = i == 2 ? LONG_SIZE : i % 4 == 1 || i % 4 == 0 ? 0 : (uint32_t)(i * 13);

    retrieve(b, tableid, column_of(b, tableid, "id"), &id, sizeof id);
    assert_int_equal(id, i);
    assert_int_equal(retrieve(b, tableid, column_of(b, tableid, "number"), &number, sizeof number),
                     i % 3 == 0 ? 0 : sizeof number);
    assert_int_equal(number, i % 3 == 0 ? -1 : i % 3 == 1 ? 7 : i);
    assert_int_equal(retrieve(b, tableid, column_of(b, tableid, "blob"), room, LONG_SIZE), size);
    assert_memory_equal(room, b->bytes, size);
    assert_int_equal(JetRetrieveColumn(b->sesid, tableid, column_of(b, tableid, "blob"), room, 1,
                                       NULL, 0, NULL) == JET_wrnColumnNull,
                     i % 4 == 0);
}

static int
count_entries(const bench *b, JET_TABLEID tableid, const char *index)
{
    int n = 0;

    assert_ok(JetSetCurrentIndexA(b->sesid, tableid, index));
    for (JET_ERR err = JetMove(b->sesid, tableid, (int32_t)JET_MoveFirst, 0); err >= JET_errSuccess;
         err = JetMove(b->sesid, tableid, JET_MoveNext, 0))
        n++;
    return n;
}

static void
check_table(const bench *b, JET_DBID dbid, int32_t id_next)
{
    uint8_t *room = malloc(LONG_SIZE);
    JET_TABLEID tableid;
    int32_t id = 0;

    assert_non_null(room);
    assert_ok(JetOpenTableA(b->sesid, dbid, "t", NULL, 0, 0, &tableid));
    for (int32_t i = 1; i <= N_KEPT; i++) {
        assert_ok(JetMove(b->sesid, tableid, i == 1 ? (int32_t)JET_MoveFirst : JET_MoveNext, 0));
        check_row(b, tableid, i, room);
    }
    assert_int_equal(JetMove(b->sesid, tableid, JET_MoveNext, 0), JET_errNoCurrentRecord);
    assert_int_equal(count_entries(b, tableid, "number"), N_KEPT - N_KEPT / 3);
    assert_ok(JetPrepareUpdate(b->sesid, tableid, JET_prepInsert));
    assert_ok(JetRetrieveColumn(b->sesid, tableid, column_of(b, tableid, "id"), &id, sizeof id,
                                NULL, JET_bitRetrieveCopy, NULL));
    assert_int_equal(id, id_next); /* numbers go on */
    assert_ok(JetCloseTable(b->sesid, tableid));
    free(room);
}

static void
check_derived(const bench *b, JET_DBID dbid)
{
    char name[2 * JET_cbNameMost] = "";
    char16_t text[8] = {0};
    JET_TABLEID tableid;

    assert_ok(JetOpenTableA(b->sesid, dbid, "derived", NULL, 0, 0, &tableid));
    assert_ok(JetGetTableInfoA(b->sesid, tableid, name, sizeof name, JET_TblInfoTemplateTableName));
    assert_string_equal(name, "z template");
    assert_int_equal(retrieve(b, tableid, column_of(b, tableid, "common"), text, sizeof text), 6);
    assert_memory_equal(text, u"abc", 6);
    assert_ok(JetCloseTable(b->sesid, tableid));
}

static long
size_of(const char *path)
{
    struct stat facts;

    assert_int_equal(stat(path, &facts), 0);
    return (long)facts.st_size;
}

static void
test_api_compact__a_new_file_has_all_and_no_gaps(void **state)
{
    const bench *b = *state;
    JET_DBID dbid;

    assert_ok(JetCompactA(b->sesid, b->source, b->target, NULL, NULL, 0));
    assert_int_equal(test_check_file(b->target), 0); /* clean, and not attached */
    assert_true(size_of(b->target) < size_of(b->source));
    assert_ok(JetAttachDatabaseA(b->sesid, b->target, 0));
    assert_ok(JetOpenDatabaseA(b->sesid, b->target, NULL, &dbid, 0));
    check_table(b, dbid, N_KEPT + 1);
    check_derived(b, dbid);
    assert_ok(JetCloseDatabase(b->sesid, dbid, 0));
    assert_ok(JetDetachDatabaseA(b->sesid, b->target));
}

static void
test_api_compact__names_may_be_wide(void **state)
{
    const bench *b = *state;
    char16_t source[96], target[96];

    for (size_t i = 0; i < sizeof b->source; i++) {
        source[i] = (char16_t)b->source[i];
        target[i] = (char16_t)b->target[i];
    }
    assert_ok(JetCompactW(b->sesid, source, target, NULL, NULL, 0));
    assert_true(has_target(b));
}

/* ---- what is told meanwhile: a function has no argument of its own */

static struct {
    JET_SESID sesid;
    unsigned n_begins, n_steps, n_ends;
    uint32_t total, done;
    bool goes_back;
    JET_ERR answer; /* to a step */
} told;

static JET_ERR JET_API
note_status(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    const JET_SNPROG *progress = pv;

    assert_int_equal(snp, JET_snpCompact);
    assert_int_equal(progress->cbStruct, sizeof *progress);
    told.sesid = sesid;
    told.n_begins += snt == JET_sntBegin;
    told.n_steps += snt == JET_sntProgress;
    told.n_ends += snt == JET_sntComplete;
    told.goes_back = told.goes_back || progress->cunitDone < told.done;
    told.done = progress->cunitDone;
    told.total = progress->cunitTotal;
    return snt == JET_sntProgress ? told.answer : JET_errSuccess;
}

static void
test_api_compact__progress_goes_from_nothing_to_all(void **state)
{
    const bench *b = *state;

    memset(&told, 0, sizeof told);
    assert_ok(JetCompactA(b->sesid, b->source, b->target, note_status, NULL, 0));
    assert_true(told.sesid == b->sesid);
    assert_int_equal(told.n_begins, 1);
    assert_true(told.n_steps >= 3);
    assert_int_equal(told.n_ends, 1);
    assert_false(told.goes_back);
    assert_true(told.total > 0);
    assert_int_equal(told.done, told.total);
}

static void
test_api_compact__the_status_function_can_give_up(void **state)
{
    const bench *b = *state;
    JET_DBID dbid;

    memset(&told, 0, sizeof told);
    told.answer = JET_errAfterInitialization;
    assert_int_equal(JetCompactA(b->sesid, b->source, b->target, note_status, NULL, 0),
                     JET_errAfterInitialization);
    assert_int_equal(told.n_ends, 0);
    assert_false(has_target(b));
    assert_ok(JetOpenDatabaseA(b->sesid, b->source, NULL, &dbid, 0)); /* free again */
    check_table(b, dbid, N_ROWS + 1);
}

/* ---- statistics */

static void
test_api_compact__statistics_lie_beside(void **state)
{
    const bench *b = *state;
    char text[2000] = "";
    char name[10] = "";
    unsigned long long n_rows = 0, n_bytes = 0, n_long = 0;
    FILE *file;

    assert_ok(JetCompactA(b->sesid, b->source, b->target, NULL, NULL, 0));
    assert_int_equal(access("dfrginfo.txt", F_OK), -1);
    unlink(b->target);
    assert_ok(JetCompactA(b->sesid, b->source, b->target, NULL, NULL, JET_bitCompactStats));
    file = fopen("dfrginfo.txt", "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "\nt\t"));
    assert_int_equal(
        sscanf(strstr(text, "\nt\t"), "\n%9s %llu %llu %llu", name, &n_rows, &n_bytes, &n_long), 4);
    assert_int_equal(n_rows, N_KEPT);
    assert_true(n_bytes > N_KEPT * 4);
    assert_true(n_long >= LONG_SIZE);
    assert_non_null(strstr(text, "\nderived\t1\t"));
    assert_non_null(strstr(text, "pages of the new database\t"));
}

/* ---- what is refused */

static JET_ERR
try_compact(const bench *b, const char *source, const char *target)
{
    return JetCompactA(b->sesid, source, target, NULL, NULL, 0);
}

static void
test_api_compact__wrong_databases_are_refused(void **state)
{
    const bench *b = *state;
    JET_DBID dbid;

    assert_int_equal(try_compact(b, b->target, b->source), JET_errDatabaseNotFound);
    assert_int_equal(try_compact(b, b->source, b->source), JET_errDatabaseDuplicate);
    assert_int_equal(try_compact(b, b->source, NULL), JET_errDatabaseInvalidPath);
    assert_int_equal(try_compact(b, NULL, b->target), JET_errDatabaseInvalidPath);
    assert_int_equal(try_compact(b, b->source, ""), JET_errDatabaseInvalidPath);
    assert_ok(JetOpenDatabaseA(b->sesid, b->source, NULL, &dbid, 0));
    assert_int_equal(try_compact(b, b->source, b->target), JET_errDatabaseInUse);
    assert_ok(JetCloseDatabase(b->sesid, dbid, 0));
    assert_false(has_target(b));
    assert_ok(try_compact(b, b->source, b->target));
    assert_int_equal(try_compact(b, b->source, b->target), JET_errDatabaseDuplicate);
    assert_true(has_target(b)); /* it was there before */
    assert_ok(JetDetachDatabaseA(b->sesid, b->source));
    unlink(b->target);
    assert_int_equal(try_compact(b, b->source, b->target), JET_errDatabaseNotFound);
}

static void
test_api_compact__wrong_arguments_are_refused(void **state)
{
    const bench *b = *state;
    JET_CONVERT_A convert = {0};

    assert_int_equal(JetCompactA(b->sesid, b->source, b->target, NULL, NULL, 0x1000),
                     JET_errInvalidGrbit);
    assert_int_equal(JetCompactA(b->sesid, b->source, b->target, NULL, NULL, JET_bitCompactRepair),
                     JET_errFeatureNotAvailable);
    assert_int_equal(JetCompactA(b->sesid, b->source, b->target, NULL, &convert, 0),
                     JET_errFeatureNotAvailable);
    assert_int_equal(JetCompactA(JET_sesidNil, b->source, b->target, NULL, NULL, 0),
                     JET_errInvalidSesid);
    assert_ok(JetBeginTransaction(b->sesid));
    assert_int_equal(try_compact(b, b->source, b->target), JET_errInTransaction);
    assert_ok(JetRollback(b->sesid, 0));
    assert_false(has_target(b));
}

/* ---- failures */

static void
test_api_compact__a_failure_leaves_no_file(void **state)
{
    static const ese_fault_kind kinds[] = {ESE_faultAlloc, ESE_faultOpen, ESE_faultWrite,
                                           ESE_faultDiskFull};
    const bench *b = *state;

    for (unsigned kind = 0; kind < 4; kind++) {
        uint64_t step = kind == 0 ? 1 : 0;
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t nth = 1; err < JET_errSuccess && nth < ALLOCATIONS_MAX;
             nth += 1 + step * nth / 16) {
            bool is_usable;

            assert_ok(ese_fault_arm(kinds[kind], nth, 0));
            err = JetCompactA(b->sesid, b->source, b->target, NULL, NULL, JET_bitCompactStats);
            assert_ok(ese_fault_arm(kinds[kind], 0, 0));
            is_usable = err != JET_errInstanceUnavailable && err != JET_errDiskIO;
            assert_int_equal(err >= JET_errSuccess, has_target(b));
            if (!is_usable)
                break; /* what could not be written ends the instance */
        }
        unlink(b->target);
        if (err == JET_errInstanceUnavailable || err == JET_errDiskIO)
            break;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        COMPACT_TEST(test_api_compact__a_new_file_has_all_and_no_gaps),
        COMPACT_TEST(test_api_compact__names_may_be_wide),
        COMPACT_TEST(test_api_compact__progress_goes_from_nothing_to_all),
        COMPACT_TEST(test_api_compact__the_status_function_can_give_up),
        COMPACT_TEST(test_api_compact__statistics_lie_beside),
        COMPACT_TEST(test_api_compact__wrong_databases_are_refused),
        COMPACT_TEST(test_api_compact__wrong_arguments_are_refused),
        COMPACT_TEST(test_api_compact__a_failure_leaves_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
