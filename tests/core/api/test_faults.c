/*
 * Every allocation, read and opening of a file on the way through the API, failed one after the other. The call that meets the fault
 * gives its code and changes nothing, so that calling it again succeeds and everything after it comes to the right result; or the program
 * gives up, and everything can be closed. Either way nothing leaks.
 */
#include "api_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "test_fixture.h"

enum { ROWS_OF_NOTES = 8, COLUMNS_MAX = 16, LIMIT = 100000, LONG_SIZE = 1500 };

typedef enum answer { TRY_AGAIN, GIVE_UP } answer;

typedef struct run {
    const char *path;
    ese_fault_kind kind;
    JET_ERR expected; /* of the call that meets the fault */
    answer answer;
    unsigned n_met; /* calls that met it */
    JET_API_PTR usual_cache_pages;
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid, other;
    JET_COLUMNID id, name;
} run;

/* True when the failed call is to be made once more. */
static bool
tries_again(run *r, JET_ERR err, const char *call)
{
    if (err >= 0)
        return false;
    if (err != r->expected)
        fail_msg("%s -> %d: %s", call, (int)err, ese_error_text(err));
    r->n_met++;
    return r->answer == TRY_AGAIN;
}

static JET_ERR
check_second(const run *r, JET_ERR err, const char *call)
{
    if (err < 0 && r->answer == TRY_AGAIN)
        fail_msg("again %s -> %d: %s", call, (int)err, ese_error_text(err));
    return err;
}

/* Makes the call, and after a fault the same call again, or ends the scenario. */
#define DO(call)                                                                                   \
    do {                                                                                           \
        err = (call);                                                                              \
        if (tries_again(r, err, #call))                                                            \
            err = (call);                                                                          \
        if (check_second(r, err, #call) < 0)                                                       \
            goto out;                                                                              \
    } while (0)

/* ---- the scenario ---- */

/* A start that failed ends the instance. */
static JET_ERR
create_and_init(run *r)
{
    JET_ERR err = JetCreateInstanceA(&r->instance, "faults");

    if (err < 0)
        return err;
    err = JetSetSystemParameterA(&r->instance, 0, JET_paramRecovery, 0, "off");
    if (err < 0) {
        assert_ok(JetTerm(r->instance));
        r->instance = 0;
        return err;
    }
    err = JetInit(&r->instance);
    if (err < 0)
        r->instance = 0;
    return err;
}

/* With room for a single page, nearly every call reads. */
static void
set_cache_pages(const run *r, JET_API_PTR n)
{
    if (r->kind == ESE_faultRead)
        assert_ok(set_integer(NULL, JET_paramCacheSizeMax, n));
}

static JET_ERR
start(run *r)
{
    JET_SESID second;
    JET_ERR err;

    set_cache_pages(r, r->usual_cache_pages);
    DO(create_and_init(r));
    DO(JetBeginSessionA(r->instance, &r->sesid, NULL, NULL));
    DO(JetDupSession(r->sesid, &second));
    DO(JetEndSession(second, 0));
    DO(JetAttachDatabaseA(r->sesid, r->path, ESE_bitDbReader | JET_bitDbReadOnly));
    DO(JetOpenDatabaseA(r->sesid, r->path, NULL, &r->dbid, JET_bitDbReadOnly));
    set_cache_pages(r, 1);
out:
    return err;
}

static JET_ERR
look_at_schema(run *r)
{
    JET_OBJECTLIST objects = {.cbStruct = sizeof objects};
    JET_COLUMNLIST columns = {.cbStruct = sizeof columns};
    JET_INDEXLIST indexes = {.cbStruct = sizeof indexes};
    JET_COLUMNDEF column = {.cbStruct = sizeof column};
    JET_DBINFOMISC4 misc;
    uint32_t pages = 0;
    JET_ERR err;

    DO(JetGetDatabaseInfoA(r->sesid, r->dbid, &misc, sizeof misc, JET_DbInfoMisc));
    DO(JetGetDatabaseInfoA(r->sesid, r->dbid, &pages, sizeof pages, JET_DbInfoSpaceOwned));
    assert_int_equal(pages, 48);
    DO(JetGetObjectInfoA(r->sesid, r->dbid, JET_objtypNil, NULL, NULL, &objects, sizeof objects,
                         JET_ObjInfoListNoStats));
    assert_true(objects.cRecord > 3);
    DO(JetCloseTable(r->sesid, objects.tableid));
    DO(JetGetColumnInfoA(r->sesid, r->dbid, "notes", NULL, &columns, sizeof columns,
                         JET_ColInfoList));
    assert_int_equal(columns.cRecord, 8);
    DO(JetCloseTable(r->sesid, columns.tableid));
    DO(JetGetIndexInfoA(r->sesid, r->dbid, "notes", "", &indexes, sizeof indexes, JET_IdxInfoList));
    assert_true(indexes.cRecord >= 9);
    DO(JetCloseTable(r->sesid, indexes.tableid));
    DO(JetOpenTableA(r->sesid, r->dbid, "notes", NULL, 0, 0, &r->tableid));
    DO(JetGetTableColumnInfoA(r->sesid, r->tableid, "Id", &column, sizeof column, JET_ColInfo));
    r->id = column.columnid;
    DO(JetGetTableColumnInfoA(r->sesid, r->tableid, "Name", &column, sizeof column, JET_ColInfo));
    r->name = column.columnid;
out:
    return err;
}

static int32_t
id_of_row(unsigned number)
{
    return ((int32_t)number + 1) * 3 - ROWS_OF_NOTES;
}

static JET_ERR
scan(run *r)
{
    unsigned n = 0;
    JET_ERR err;

    DO(JetMove(r->sesid, r->tableid, (int32_t)JET_MoveFirst, 0));
    while (n < ROWS_OF_NOTES) {
        ese_column columns[] = {{.columnid = r->id}, {.columnid = r->name}};
        int32_t id = 0;

        DO(ese_get_row(r->sesid, r->tableid, 0, columns, 2));
        memcpy(&id, columns[0].values[0].data, sizeof id);
        assert_int_equal(id, id_of_row(n));
        n++;
        if (n < ROWS_OF_NOTES)
            DO(JetMove(r->sesid, r->tableid, JET_MoveNext, 0));
    }
out:
    return err;
}

static void
expect_row(run *r, JET_TABLEID tableid, unsigned number)
{
    int32_t id = -1;

    assert_ok(JetRetrieveColumn(r->sesid, tableid, r->id, &id, sizeof id, NULL, 0, NULL));
    assert_int_equal(id, id_of_row(number));
}

static JET_ERR
use_indexes(run *r)
{
    JET_RECPOS position = {.cbStruct = sizeof position};
    uint8_t bookmark[300], key[300];
    uint32_t bookmark_size = 0, key_size = 0, count = 0, second = 0;
    int32_t fifth_id = id_of_row(4);
    JET_ERR err;

    DO(JetDupCursor(r->sesid, r->tableid, &r->other, 0));
    DO(JetMakeKey(r->sesid, r->other, &fifth_id, sizeof fifth_id, JET_bitNewKey));
    DO(JetSeek(r->sesid, r->other, JET_bitSeekEQ));
    DO(JetSetCurrentIndex2A(r->sesid, r->other, "ByName", JET_bitNoMove));
    DO(JetRetrieveKey(r->sesid, r->other, key, sizeof key, &key_size, 0));
    DO(JetGetBookmark(r->sesid, r->other, bookmark, sizeof bookmark, &bookmark_size));
    DO(JetMove(r->sesid, r->other, (int32_t)JET_MoveFirst, 0));
    DO(JetIndexRecordCount(r->sesid, r->other, &count, 0));
    assert_int_equal(count, ROWS_OF_NOTES);
    DO(JetMakeKey(r->sesid, r->other, key, key_size, JET_bitNewKey | JET_bitNormalizedKey));
    DO(JetSeek(r->sesid, r->other, JET_bitSeekLE));
    expect_row(r, r->other, 4);
    DO(JetGetRecordPosition(r->sesid, r->other, &position, sizeof position));
    DO(JetGotoPosition(r->sesid, r->other, &position));
    DO(JetSetCurrentIndexA(r->sesid, r->other, "ByTag"));
    DO(JetGotoBookmark(r->sesid, r->other, bookmark, bookmark_size));
    expect_row(r, r->other, 4);
    DO(JetGetSecondaryIndexBookmark(r->sesid, r->other, key, sizeof key, &key_size, bookmark,
                                    sizeof bookmark, &bookmark_size, 0));
    DO(JetMakeKey(r->sesid, r->other, key, key_size, JET_bitNewKey | JET_bitNormalizedKey));
    DO(JetSetIndexRange(r->sesid, r->other, JET_bitRangeInclusive | JET_bitRangeUpperLimit));
    DO(JetIndexRecordCount(r->sesid, r->other, &second, 0));
    assert_true(second >= 1);
    DO(JetGotoSecondaryIndexBookmark(r->sesid, r->other, key, key_size, bookmark, bookmark_size,
                                     0));
    DO(JetCloseTable(r->sesid, r->other));
    DO(JetCloseTable(r->sesid, r->tableid));
out:
    return err;
}

static void *JET_API
reallocate(void *context, void *block, uint32_t size)
{
    (void)context;
    if (size != 0)
        return realloc(block, size);
    free(block);
    return NULL;
}

static JET_ERR
enumerate(run *r)
{
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t n = 0;
    JET_ERR err;

    DO(JetEnumerateColumns(r->sesid, r->tableid, 0, NULL, &n, &columns, reallocate, NULL, 10000,
                           JET_bitEnumerateCompressOutput));
    for (uint32_t i = 0; i < n; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue) {
            free(columns[i].pvData);
            continue;
        }
        for (uint32_t k = 0; columns[i].err == 0 && k < columns[i].cEnumColumnValue; k++)
            free(columns[i].rgEnumColumnValue[k].pvData);
        free(columns[i].rgEnumColumnValue);
    }
    free(columns);
out:
    return err;
}

static JET_ERR
read_long_values(run *r)
{
    JET_COLUMNDEF body = {.cbStruct = sizeof body};
    JET_RECSIZE2 size = {0};
    uint8_t bytes[LONG_SIZE];
    uint32_t full = 0;
    ese_column column = {0};
    JET_ERR err;

    DO(JetOpenTableA(r->sesid, r->dbid, "values", NULL, 0, 0, &r->tableid));
    DO(JetGetTableColumnInfoA(r->sesid, r->tableid, "Body", &body, sizeof body, JET_ColInfo));
    column.columnid = body.columnid;
    DO(JetMove(r->sesid, r->tableid, JET_MoveLast, 0)); /* descending: Id 1 is the last one */
    DO(JetRetrieveColumn(r->sesid, r->tableid, body.columnid, bytes, sizeof bytes, &full, 0, NULL));
    assert_int_equal(full, LONG_SIZE);
    DO(ese_get_row(r->sesid, r->tableid, 0, &column, 1));
    assert_int_equal(column.values[0].size, LONG_SIZE);
    assert_memory_equal(column.values[0].data, bytes, LONG_SIZE);
    DO(JetGetRecordSize2(r->sesid, r->tableid, &size, 0));
    assert_int_equal(size.cbLongValueData, LONG_SIZE);
    DO(enumerate(r));
    DO(JetMove(r->sesid, r->tableid, JET_MovePrevious, 0));
    DO(enumerate(r)); /* a compressed value */
    DO(JetCloseTable(r->sesid, r->tableid));
out:
    return err;
}

static JET_ERR
sort_rows(run *r)
{
    JET_COLUMNDEF columns[] = {
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLongBinary},
    };
    JET_COLUMNID ids[2];
    uint8_t bytes[700] = {1};
    int32_t least = 0;
    JET_ERR err;

    set_cache_pages(r, r->usual_cache_pages); /* this bounds temporary tables, too */
    DO(JetOpenTempTable(r->sesid, columns, 2, JET_bitTTScrollable | JET_bitTTUpdatable, &r->tableid,
                        ids));
    for (int32_t i = 20; i > 0; i--) {
        DO(JetPrepareUpdate(r->sesid, r->tableid, JET_prepInsert));
        DO(JetSetColumn(r->sesid, r->tableid, ids[0], &i, sizeof i, 0, NULL));
        DO(JetSetColumn(r->sesid, r->tableid, ids[1], bytes, sizeof bytes, 0, NULL));
        DO(JetUpdate(r->sesid, r->tableid, NULL, 0, NULL));
    }
    DO(JetMove(r->sesid, r->tableid, (int32_t)JET_MoveFirst, 0));
    DO(JetRetrieveColumn(r->sesid, r->tableid, ids[0], &least, sizeof least, NULL, 0, NULL));
    assert_int_equal(least, 1);
    DO(JetCloseTable(r->sesid, r->tableid));
out:
    return err;
}

static JET_ERR
stop(run *r)
{
    JET_ERR err;

    DO(JetCloseDatabase(r->sesid, r->dbid, 0));
    DO(JetDetachDatabaseA(r->sesid, r->path));
    DO(JetEndSession(r->sesid, 0));
    DO(JetTerm(r->instance));
    r->instance = 0;
out:
    return err;
}

static JET_ERR
play(run *r)
{
    JET_ERR(*const parts[])
    (run * r) = {
        start, look_at_schema, scan, use_indexes, read_long_values, sort_rows, stop,
    };
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err >= 0; i++)
        err = parts[i](r);
    return err;
}

/* ---- the loop ---- */

/* Fails the first, the second, … passage of `kind` until there are no more. */
static void
fail_each(const run *pattern)
{
    unsigned n_met = 0, nth = 1;
    bool is_met = true;

    for (; is_met && nth < LIMIT; nth++) {
        int64_t live = ese_live_allocations();
        run r = *pattern;
        JET_ERR err;

        assert_ok(ese_fault_arm(r.kind, nth, 0));
        err = play(&r);
        is_met = !ese_fault_is_armed((ese_fault)r.kind);
        assert_ok(ese_fault_arm(r.kind, 0, 0));
        if (err < 0)
            assert_int_equal(r.answer, GIVE_UP);
        if (r.instance != 0)
            assert_ok(JetTerm(r.instance));
        set_cache_pages(&r, r.usual_cache_pages);
        if (ese_live_allocations() != live)
            fail_msg("fault %u: %lld blocks are left", nth,
                     (long long)(ese_live_allocations() - live));
        n_met += r.n_met;
    }
    assert_true(nth > 2 && nth < LIMIT);
    printf("%u faults, %u of them met by a call\n", nth - 2, n_met);
}

static void
fail_each_of(ese_fault_kind kind, JET_ERR expected)
{
    run pattern = {.kind = kind, .expected = expected};

    pattern.usual_cache_pages = get_integer(0, JET_paramCacheSizeMax);
    pattern.path = test_fixture("small-4k.edb");
    if (pattern.path == NULL)
        skip();
    fail_each(&pattern);
    pattern.answer = GIVE_UP;
    fail_each(&pattern);
}

static void
test_api_faults__out_of_memory_anywhere_changes_nothing(void **state)
{
    (void)state;
    fail_each_of(ESE_faultAlloc, JET_errOutOfMemory);
}

static void
test_api_faults__a_failed_read_anywhere_changes_nothing(void **state)
{
    (void)state;
    fail_each_of(ESE_faultRead, JET_errDiskIO);
}

static void
test_api_faults__a_failed_opening_changes_nothing(void **state)
{
    (void)state;
    fail_each_of(ESE_faultOpen, JET_errFileAccessDenied);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_faults__out_of_memory_anywhere_changes_nothing),
        API_TEST(test_api_faults__a_failed_read_anywhere_changes_nothing),
        API_TEST(test_api_faults__a_failed_opening_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
