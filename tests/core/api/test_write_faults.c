/*
 * Every allocation, read, write, growth and sync of a script that creates a database, changes schema and data and detaches, failed one after the other. Each time a documented error, no leak, and
 * afterwards the file is clean, without an error and as the last commit left it, or it says that it is dirty, or it was never made.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "api_test.h"
#include "base/fault.h"
#include "maint/maint.h"
#include "page/page_dbheader.h"
#include "test_fresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    N_ROWS = 40,
    N_DELETED = 15,
    LONG_SIZE = 20000,
    LIMIT = 100000,
    CACHE_PAGES = 24,
    N_PAGES = 400
};

typedef enum stage { NOTHING, CREATED, FILLED, CHANGED, DELETED, INDEXED, DROPPED } stage;

typedef struct run {
    char folder[64], path[96];
    ese_fault kind;
    uint64_t nth;
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID id, number, blob;
    stage committed;
    JET_ERR error; /* the first */
    bool is_lost;  /* a call told that a page could not be written */
    uint8_t *bytes;
} run;

/* Leaves the function on the first error, and remembers it. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        err = (call);                                                                              \
        if (err < JET_errSuccess)                                                                  \
            goto out;                                                                              \
    } while (0)

/* ---- the script */

static JET_ERR
start(run *r)
{
    JET_ERR err;

    TRY(JetCreateInstanceA(&r->instance, "write-faults"));
    TRY(JetSetSystemParameterA(&r->instance, 0, JET_paramRecovery, 0, "off"));
    TRY(JetSetSystemParameterA(&r->instance, 0, JET_paramTempPath, 0, r->folder));
    err = JetInit(&r->instance);
    if (err < JET_errSuccess)
        r->instance = 0; /* a start that failed ends the instance */
    TRY(err);
    TRY(JetBeginSessionA(r->instance, &r->sesid, NULL, NULL));
    TRY(JetCreateDatabaseA(r->sesid, r->path, NULL, &r->dbid, 0));
out:
    return err;
}

static JET_ERR
create_table(run *r)
{
    JET_COLUMNCREATE_A columns[] = {{.cbStruct = sizeof columns[0],
                                     .szColumnName = (char *)(uintptr_t) "id",
                                     .coltyp = JET_coltypLong},
                                    {.cbStruct = sizeof columns[0],
                                     .szColumnName = (char *)(uintptr_t) "number",
                                     .coltyp = JET_coltypLong},
                                    {.cbStruct = sizeof columns[0],
                                     .szColumnName = (char *)(uintptr_t) "blob",
                                     .coltyp = JET_coltypLongBinary}};
    JET_INDEXCREATE_A indexes[] = {{.cbStruct = sizeof indexes[0],
                                    .szIndexName = (char *)(uintptr_t) "pk",
                                    .szKey = (char *)(uintptr_t) "+id\0",
                                    .cbKey = 5,
                                    .grbit = JET_bitIndexPrimary},
                                   {.cbStruct = sizeof indexes[0],
                                    .szIndexName = (char *)(uintptr_t) "number",
                                    .szKey = (char *)(uintptr_t) "+number\0",
                                    .cbKey = 9}};
    JET_TABLECREATE_A create = {.cbStruct = sizeof create,
                                .szTableName = (char *)(uintptr_t) "t",
                                .ulPages = 1,
                                .rgcolumncreate = columns,
                                .cColumns = 3,
                                .rgindexcreate = indexes,
                                .cIndexes = 2};
    JET_ERR err;

    TRY(JetCreateTableColumnIndexA(r->sesid, r->dbid, &create));
    r->tableid = create.tableid;
    r->id = columns[0].columnid;
    r->number = columns[1].columnid;
    r->blob = columns[2].columnid;
out:
    return err;
}

static JET_ERR
insert_row(run *r, int32_t id)
{
    int32_t number = id % 7;
    JET_ERR err;

    TRY(JetPrepareUpdate(r->sesid, r->tableid, JET_prepInsert));
    TRY(JetSetColumn(r->sesid, r->tableid, r->id, &id, sizeof id, 0, NULL));
    TRY(JetSetColumn(r->sesid, r->tableid, r->number, &number, sizeof number, 0, NULL));
    TRY(JetSetColumn(r->sesid, r->tableid, r->blob, r->bytes, id % 10 == 3 ? LONG_SIZE : 500, 0,
                     NULL));
    TRY(JetUpdate(r->sesid, r->tableid, NULL, 0, NULL));
out:
    return err;
}

static JET_ERR
fill(run *r)
{
    JET_ERR err;

    for (int32_t id = 0; id < N_ROWS; id++)
        TRY(insert_row(r, id));
out:
    return err;
}

static JET_ERR
go_to(run *r, int32_t id)
{
    JET_ERR err;

    TRY(JetMakeKey(r->sesid, r->tableid, &id, sizeof id, JET_bitNewKey));
    TRY(JetSeek(r->sesid, r->tableid, JET_bitSeekEQ));
out:
    return err;
}

static JET_ERR
change(run *r)
{
    JET_ERR err;

    for (int32_t id = 0; id < N_ROWS; id += 3) {
        int32_t number = 100 + id;

        TRY(go_to(r, id));
        TRY(JetPrepareUpdate(r->sesid, r->tableid, JET_prepReplace));
        TRY(JetSetColumn(r->sesid, r->tableid, r->number, &number, sizeof number, 0, NULL));
        TRY(JetSetColumn(r->sesid, r->tableid, r->blob, r->bytes, 3000, JET_bitSetAppendLV, NULL));
        TRY(JetUpdate(r->sesid, r->tableid, NULL, 0, NULL));
    }
out:
    return err;
}

static JET_ERR
delete_rows(run *r)
{
    JET_ERR err;

    for (int32_t id = 0; id < N_DELETED; id++) {
        TRY(go_to(r, id));
        TRY(JetDelete(r->sesid, r->tableid));
    }
out:
    return err;
}

static JET_ERR
add_schema(run *r)
{
    JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition, .coltyp = JET_coltypLongText, .cp = 1200};
    JET_COLUMNID columnid;
    JET_ERR err;

    TRY(JetAddColumnA(r->sesid, r->tableid, "added", &definition, NULL, 0, &columnid));
    TRY(JetCreateIndexA(r->sesid, r->tableid, "added", 0, "-number\0+id\0", 13, 80));
    TRY(JetDeleteIndexA(r->sesid, r->tableid, "number"));
out:
    return err;
}

static JET_ERR
drop_table(run *r)
{
    JET_TABLEID tableid;
    JET_ERR err;

    TRY(JetCreateTableA(r->sesid, r->dbid, "other", N_PAGES, 80, &tableid));
    TRY(JetCloseTable(r->sesid, tableid));
    TRY(JetDeleteTableA(r->sesid, r->dbid, "other"));
out:
    return err;
}

/* What is rolled back in the middle of the script. */
static JET_ERR
try_and_roll_back(run *r)
{
    JET_ERR err;

    TRY(JetBeginTransaction(r->sesid));
    for (int32_t id = N_ROWS; id < N_ROWS + 15; id++)
        TRY(insert_row(r, id));
    TRY(go_to(r, 3));
    TRY(JetDelete(r->sesid, r->tableid));
    TRY(JetRollback(r->sesid, 0));
out:
    return err;
}

static JET_ERR
transact(run *r, JET_ERR (*step)(run *), stage reached)
{
    JET_ERR err;

    TRY(JetBeginTransaction(r->sesid));
    TRY(step(r));
    TRY(JetCommitTransaction(r->sesid, 0));
    r->committed = reached;
out:
    return err;
}

static JET_ERR
play(run *r)
{
    JET_ERR err;

    TRY(start(r));
    TRY(transact(r, create_table, CREATED));
    TRY(transact(r, fill, FILLED));
    TRY(try_and_roll_back(r));
    TRY(transact(r, change, CHANGED));
    TRY(transact(r, delete_rows, DELETED));
    TRY(transact(r, add_schema, INDEXED));
    TRY(transact(r, drop_table, DROPPED));
    TRY(JetCloseTable(r->sesid, r->tableid));
    TRY(JetCloseDatabase(r->sesid, r->dbid, 0));
    TRY(JetDetachDatabaseA(r->sesid, r->path));
out:
    return err;
}

/* ---- afterwards */

static bool
is_documented(ese_fault kind, JET_ERR err)
{
    if (err == JET_errInstanceUnavailable || err == JET_errRollbackError)
        return true; /* after a rollback that failed */
    switch (kind) {
    case ESE_FAULT_POINT_ALLOC:
        return err == JET_errOutOfMemory || err == JET_errVersionStoreOutOfMemory;
    case ESE_FAULT_POINT_DISK_FULL: return err == JET_errDiskFull;
    case ESE_FAULT_POINT_OPEN: return err == JET_errFileAccessDenied;
    default: return err == JET_errDiskIO || err == JET_errDiskReadVerificationFailure;
    }
}

static void
tell_finding(void *self, const ese_maint_finding *finding)
{
    (void)self;
    if (finding->severity == ESE_MAINT_ERROR)
        print_error("page %u, table %s, index %s: %s\n", finding->pgno,
                    finding->table == NULL ? "-" : finding->table,
                    finding->index == NULL ? "-" : finding->index, finding->text);
}

/* True when the file is clean; a dirty one is only looked at, and refused. */
static bool
check_file(const run *r)
{
    const ese_maint_watcher watcher = {NULL, tell_finding, NULL};
    ese_maint_summary summary = {0};
    JET_ERR err;

    if (access(r->path, F_OK) != 0)
        return false;
    err = ese_maint_check(r->path, NULL, &summary);
    if (err < JET_errSuccess) { /* its creation did not come far enough for a header */
        assert_int_equal(r->committed, NOTHING);
        return false;
    }
    if (summary.state != ESE_DBSTATE_CLEAN)
        return false;
    if (summary.n_errors != 0) {
        ese_maint_check(r->path, &watcher, &summary);
        fail_msg("fault %d number %u, error %d, stage %d: a clean file with %u errors",
                 (int)r->kind, (unsigned)r->nth, (int)r->error, (int)r->committed,
                 (unsigned)summary.n_errors);
    }
    return true;
}

static int
count_rows(run *r, const char *index)
{
    int n = 0;
    JET_ERR err;

    assert_ok(JetSetCurrentIndexA(r->sesid, r->tableid, index));
    for (err = JetMove(r->sesid, r->tableid, (int32_t)JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(r->sesid, r->tableid, JET_MoveNext, 0))
        n++;
    assert_int_equal(err, JET_errNoCurrentRecord);
    return n;
}

static void
check_content(run *r)
{
    int n_rows = r->committed < FILLED ? 0 : r->committed < DELETED ? N_ROWS : N_ROWS - N_DELETED;
    uint32_t size = 0;
    JET_ERR err = JetOpenTableA(r->sesid, r->dbid, "t", NULL, 0, 0, &r->tableid);

    /* Without a log, what could not even be begun to be written leaves the file as it was. */
    if (r->committed < CREATED || (r->is_lost && err == JET_errObjectNotFound)) {
        assert_int_equal(err, JET_errObjectNotFound);
        return;
    }
    assert_ok(err);
    assert_int_equal(count_rows(r, NULL), n_rows);
    assert_int_equal(count_rows(r, r->committed < INDEXED ? "number" : "added"), n_rows);
    if (n_rows == 0)
        return;
    assert_ok(JetSetCurrentIndexA(r->sesid, r->tableid, NULL));
    assert_ok(go_to(r, 33));
    assert_ok(JetRetrieveColumn(r->sesid, r->tableid, r->blob, r->bytes, LONG_SIZE, &size, 0,
                                NULL) < JET_errSuccess
                  ? JET_errReadVerifyFailure
                  : JET_errSuccess);
    assert_int_equal(size, r->committed < CHANGED ? LONG_SIZE : LONG_SIZE + 3000);
}

/* Opens the file again: what was committed is there, or it is refused as dirty. */
static void
look_again(run *r, bool is_clean)
{
    JET_ERR err;

    if (access(r->path, F_OK) != 0)
        return;
    r->instance = started("again");
    r->sesid = begun(r->instance);
    err = JetAttachDatabaseA(r->sesid, r->path, 0);
    if (is_clean) {
        assert_ok(err);
        assert_ok(JetOpenDatabaseA(r->sesid, r->path, NULL, &r->dbid, 0));
        check_content(r);
    } else if (r->committed == NOTHING) {
        assert_true(err < JET_errSuccess);
    } else {
        assert_int_equal(err, JET_errDatabaseDirtyShutdown);
    }
    assert_ok(JetTerm(r->instance));
}

static void
stop(run *r)
{
    if (r->instance == 0)
        return;
    if (r->error < JET_errSuccess && r->sesid != 0)
        (void)JetRollback(r->sesid, JET_bitRollbackAll);
    r->is_lost = r->kind == ESE_FAULT_POINT_WRITE && r->error < JET_errSuccess;
    if (JetTerm(r->instance) < JET_errSuccess)
        (void)JetTerm2(r->instance, JET_bitTermAbrupt);
    r->instance = 0;
}

/* One run with the nth passage failing. False: the script ended before it. */
static bool
try_fault(ese_fault kind, uint64_t nth, bool repeat, unsigned *n_clean)
{
    run r = {.kind = kind, .nth = nth, .folder = ESE_TEST_FOLDER "/ese-write-faults-XXXXXX"};
    int64_t live = ese_live_allocations();
    bool is_armed, is_clean;

    assert_non_null(mkdtemp(r.folder));
    (void)snprintf(r.path, sizeof r.path, "%s/data.edb", r.folder);
    r.bytes = calloc(1, LONG_SIZE + 3000);
    assert_non_null(r.bytes);
    ese_fault_set(kind, nth, repeat);
    r.error = play(&r);
    is_armed = r.error >= JET_errSuccess && ese_fault_is_armed(kind);
    if (!repeat || r.error >= JET_errSuccess)
        ese_fault_set(kind, 0, false);
    if (r.error < JET_errSuccess && !is_documented(kind, r.error))
        fail_msg("fault %d number %u: %d, %s", (int)kind, (unsigned)nth, (int)r.error,
                 ese_error_text(r.error));
    stop(&r);
    ese_fault_set(kind, 0, false);
    assert_int_equal(ese_live_allocations(), live);
    is_clean = check_file(&r);
    look_again(&r, is_clean);
    *n_clean += is_clean;
    free(r.bytes);
    (void)unlink(r.path);
    (void)rmdir(r.folder);
    return !is_armed;
}

static void
try_all(ese_fault kind, bool repeat)
{
    uint64_t nth = 1;
    unsigned n_clean = 0;

    while (try_fault(kind, nth, repeat, &n_clean))
        assert_true(++nth < LIMIT);
    print_message("[   FOUND  ] %u passages, %u of the files clean\n", (unsigned)nth - 1,
                  n_clean - 1);
    assert_true(nth > 1);
}

static void
test_write_faults__allocations(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_ALLOC, false);
}

static void
test_write_faults__reads(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_READ, false);
}

static void
test_write_faults__writes_that_fail_once(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_WRITE, false);
}

static void
test_write_faults__writes_that_fail_for_good(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_WRITE, true);
}

static void
test_write_faults__syncs(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_SYNC, false);
}

static void
test_write_faults__a_full_disk(void **state)
{
    (void)state;
    try_all(ESE_FAULT_POINT_DISK_FULL, true);
}

static int
with_small_cache(void **state)
{
    (void)state;
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, CACHE_PAGES));
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_write_faults__allocations),
        API_TEST(test_write_faults__reads),
        API_TEST(test_write_faults__writes_that_fail_once),
        API_TEST(test_write_faults__writes_that_fail_for_good),
        API_TEST(test_write_faults__syncs),
        API_TEST(test_write_faults__a_full_disk),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, with_small_cache, NULL);
}
