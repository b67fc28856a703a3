/* Real databases, changed: a table more, a column and an index more in each user table. What was in them is as it was, and the checker finds no more than before. */
#define _XOPEN_SOURCE 700

#include "maint/maint.h"
#include "page/page_dbheader.h"
#include "test_corpus.h"
#include "test_fixture.h"

#include "api_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { TABLES_MAX = 200, NAME_ROOM = 260, HEADER_ROOM = 65536, N_ROWS = 50 };

typedef struct open_file {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
} open_file;

typedef struct table_names {
    char names[TABLES_MAX][NAME_ROOM];
    bool is_fixed[TABLES_MAX]; /* keeps its columns and indexes */
    unsigned n;
} table_names;

static unsigned n_files, n_tables, n_rows;

/* Page size of a clean file, 0 for one that has to be recovered first. */
static uint32_t
page_size_of(const char *path)
{
    static uint8_t bytes[HEADER_ROOM];
    ese_dbheader header;
    FILE *file = fopen(path, "rb");
    size_t n;

    assert_non_null(file);
    n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    if (ese_dbheader_decode(bytes, n, &header) < JET_errSuccess ||
        header.state != ESE_DBSTATE_CLEAN)
        return 0;
    return header.page_size;
}

static uint64_t
count_errors(const char *path)
{
    const ese_maint_watcher watcher = {NULL, NULL, NULL};
    ese_maint_summary summary = {0};

    TEST_OK(ese_maint_check(path, &watcher, &summary));
    return summary.n_errors;
}

static void
start(open_file *f, const char *path, uint32_t page_size)
{
    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, page_size));
    f->instance = started("corpus");
    f->sesid = begun(f->instance);
    assert_ok(JetAttachDatabaseA(f->sesid, path, 0));
    assert_ok(JetOpenDatabaseA(f->sesid, path, NULL, &f->dbid, 0));
}

static void
stop(open_file *f)
{
    assert_ok(JetTerm(f->instance));
}

static void
list_tables(const open_file *f, table_names *tables)
{
    JET_OBJECTLIST list = {.cbStruct = sizeof list};

    tables->n = 0;
    assert_ok(JetGetObjectInfoA(f->sesid, f->dbid, JET_objtypTable, NULL, NULL, &list, sizeof list,
                                JET_ObjInfoListNoStats));
    for (JET_ERR err = JetMove(f->sesid, list.tableid, (int32_t)JET_MoveFirst, 0);
         err == JET_errSuccess && tables->n < TABLES_MAX;
         err = JetMove(f->sesid, list.tableid, JET_MoveNext, 0)) {
        char *name = tables->names[tables->n];
        uint32_t size = 0, flags = 0;

        assert_ok(JetRetrieveColumn(f->sesid, list.tableid, list.columnidobjectname, name,
                                    NAME_ROOM - 1, &size, 0, NULL));
        name[size] = '\0';
        assert_ok(JetRetrieveColumn(f->sesid, list.tableid, list.columnidflags, &flags,
                                    sizeof flags, NULL, 0, NULL));
        tables->n += (flags & JET_bitObjectSystem) == 0;
    }
    assert_ok(JetCloseTable(f->sesid, list.tableid));
}

static uint32_t
count_records(const open_file *f, JET_TABLEID table)
{
    uint32_t n = 0;

    assert_ok(JetSetCurrentIndexA(f->sesid, table, NULL));
    if (JetMove(f->sesid, table, (int32_t)JET_MoveFirst, 0) < JET_errSuccess)
        return 0;
    assert_ok(JetIndexRecordCount(f->sesid, table, &n, 0));
    return n;
}

/* One column and one index more; every record has an entry in it. False: the table keeps what it has. */
static bool
change_table(const open_file *f, const char *name)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    const int32_t value = 7;
    JET_TABLEID table;
    JET_COLUMNID columnid;
    uint32_t n, n_entries = 0;
    JET_ERR err;

    assert_ok(JetOpenTableA(f->sesid, f->dbid, name, NULL, 0, 0, &table));
    n = count_records(f, table);
    err =
        JetAddColumnA(f->sesid, table, "added later", &definition, &value, sizeof value, &columnid);
    if (err == JET_errFixedDDL) {
        assert_ok(JetCloseTable(f->sesid, table));
        return false;
    }
    assert_ok(err);
    assert_ok(JetCreateIndexA(f->sesid, table, "by what was added", 0, "+added later\0", 14, 90));
    assert_ok(JetSetCurrentIndexA(f->sesid, table, "by what was added"));
    if (n != 0) {
        assert_ok(JetMove(f->sesid, table, (int32_t)JET_MoveFirst, 0));
        assert_ok(JetIndexRecordCount(f->sesid, table, &n_entries, 0));
    }
    assert_int_equal(n_entries, n);
    assert_ok(JetCloseTable(f->sesid, table));
    n_tables++;
    n_rows += n;
    return true;
}

static void
add_table(const open_file *f)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition,
                                .coltyp = JET_coltypLong,
                                .grbit = JET_bitColumnAutoincrement};
    JET_COLUMNID id, text;
    JET_TABLEID table;

    assert_ok(JetBeginTransaction(f->sesid));
    assert_ok(JetCreateTableA(f->sesid, f->dbid, "A table more", 0, 0, &table));
    assert_ok(JetAddColumnA(f->sesid, table, "id", &definition, NULL, 0, &id));
    definition =
        (JET_COLUMNDEF){.cbStruct = sizeof definition, .coltyp = JET_coltypLongText, .cp = 1200};
    assert_ok(JetAddColumnA(f->sesid, table, "text", &definition, NULL, 0, &text));
    assert_ok(JetCreateIndexA(f->sesid, table, "id", JET_bitIndexPrimary, "+id\0", 5, 0));
    assert_ok(JetCreateIndexA(f->sesid, table, "text", 0, "-text\0", 7, 0));
    for (uint32_t i = 0; i < N_ROWS; i++) {
        static WCHAR value[8000];
        uint32_t size = i * 300 < sizeof value ? i * 300 : sizeof value;

        for (size_t k = 0; k < size / sizeof value[0]; k++)
            value[k] = (WCHAR)('a' + (k + i) % 26);
        assert_ok(JetPrepareUpdate(f->sesid, table, JET_prepInsert));
        assert_ok(JetSetColumn(f->sesid, table, text, value, size, 0, NULL));
        assert_ok(JetUpdate(f->sesid, table, NULL, 0, NULL));
    }
    assert_ok(JetCloseTable(f->sesid, table));
    assert_ok(JetCommitTransaction(f->sesid, 0));
}

static void
change_file(const char *path, const char *name)
{
    uint32_t page_size = page_size_of(path);
    static table_names tables;
    uint64_t n_before;
    open_file f;

    if (page_size == 0)
        return;
    n_before = count_errors(path);
    start(&f, path, page_size);
    list_tables(&f, &tables);
    for (unsigned i = 0; i < tables.n; i++)
        tables.is_fixed[i] = !change_table(&f, tables.names[i]);
    add_table(&f);
    stop(&f);
    if (count_errors(path) != n_before)
        fail_msg("%s: the checker finds more than before", name);
    start(&f, path, page_size);
    for (unsigned i = 0; i < tables.n; i++) {
        JET_TABLEID table;

        if (tables.is_fixed[i])
            continue;
        assert_ok(JetOpenTableA(f.sesid, f.dbid, tables.names[i], NULL, 0, 0, &table));
        assert_ok(JetDeleteIndexA(f.sesid, table, "by what was added"));
        assert_ok(JetDeleteColumnA(f.sesid, table, "added later"));
        assert_ok(JetCloseTable(f.sesid, table));
    }
    assert_ok(JetDeleteTableA(f.sesid, f.dbid, "a table more"));
    stop(&f);
    if (count_errors(path) != n_before)
        fail_msg("%s: the checker finds more than before", name);
    n_files++;
}

static void
test_api_ddl__of_real_databases(void **state)
{
    (void)state;
    if (!test_corpus_each(change_file))
        skip();
    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, 4096));
    assert_true(n_files > 10);
    assert_true(n_tables > 50);
    assert_true(n_rows > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_ddl__of_real_databases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
