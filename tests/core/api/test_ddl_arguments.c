/* Every function that changes the schema with nothing in place of its pointers, and with handles that are none: a documented error, and nothing changed. */
#include "test_fresh.h"

#include "api_test.h"

#include <stdio.h>

typedef struct handles {
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
} handles;

typedef JET_ERR call_function(const handles *h);

/* clang-format off */
#define CALL(name, ...) static JET_ERR call_##name(const handles *h) { return name(__VA_ARGS__); }

static JET_TABLEID no_table;

CALL(JetCreateTableA, h->sesid, h->dbid, NULL, 0, 0, &no_table)
CALL(JetCreateTableW, h->sesid, h->dbid, NULL, 0, 0, &no_table)
CALL(JetCreateTableColumnIndexA, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndexW, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex2A, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex2W, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex3A, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex3W, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex4A, h->sesid, h->dbid, NULL)
CALL(JetCreateTableColumnIndex4W, h->sesid, h->dbid, NULL)
CALL(JetDeleteTableA, h->sesid, h->dbid, NULL)
CALL(JetDeleteTableW, h->sesid, h->dbid, NULL)
CALL(JetRenameTableA, h->sesid, h->dbid, NULL, NULL)
CALL(JetRenameTableW, h->sesid, h->dbid, NULL, NULL)
CALL(JetSetColumnDefaultValueA, h->sesid, h->dbid, NULL, NULL, NULL, 9, 0)
CALL(JetSetColumnDefaultValueW, h->sesid, h->dbid, NULL, NULL, NULL, 9, 0)
CALL(JetAddColumnA, h->sesid, h->tableid, NULL, NULL, NULL, 9, NULL)
CALL(JetAddColumnW, h->sesid, h->tableid, NULL, NULL, NULL, 9, NULL)
CALL(JetDeleteColumnA, h->sesid, h->tableid, NULL)
CALL(JetDeleteColumnW, h->sesid, h->tableid, NULL)
CALL(JetDeleteColumn2A, h->sesid, h->tableid, NULL, 0)
CALL(JetDeleteColumn2W, h->sesid, h->tableid, NULL, 0)
CALL(JetRenameColumnA, h->sesid, h->tableid, NULL, NULL, 0)
CALL(JetRenameColumnW, h->sesid, h->tableid, NULL, NULL, 0)
CALL(JetCreateIndexA, h->sesid, h->tableid, NULL, 0, NULL, 9, 0)
CALL(JetCreateIndexW, h->sesid, h->tableid, NULL, 0, NULL, 9, 0)
CALL(JetCreateIndex2A, h->sesid, h->tableid, NULL, 1)
CALL(JetCreateIndex2W, h->sesid, h->tableid, NULL, 1)
CALL(JetCreateIndex3A, h->sesid, h->tableid, NULL, 1)
CALL(JetCreateIndex3W, h->sesid, h->tableid, NULL, 1)
CALL(JetCreateIndex4A, h->sesid, h->tableid, NULL, 1)
CALL(JetCreateIndex4W, h->sesid, h->tableid, NULL, 1)
CALL(JetDeleteIndexA, h->sesid, h->tableid, NULL)
CALL(JetDeleteIndexW, h->sesid, h->tableid, NULL)
CALL(JetDefragmentA, h->sesid, h->dbid, NULL, NULL, NULL, 0)
CALL(JetDefragmentW, h->sesid, h->dbid, NULL, NULL, NULL, 0)
CALL(JetDefragment2A, h->sesid, h->dbid, NULL, NULL, NULL, NULL, 0)
CALL(JetDefragment2W, h->sesid, h->dbid, NULL, NULL, NULL, NULL, 0)
CALL(JetDefragment3A, h->sesid, NULL, NULL, NULL, NULL, NULL, NULL, 0)
CALL(JetDefragment3W, h->sesid, NULL, NULL, NULL, NULL, NULL, NULL, 0)
CALL(JetComputeStats, h->sesid, h->tableid)

typedef enum subject { OF_SESSION, OF_DATABASE, OF_TABLE } subject;

#define ROW(name, subject, expected) {#name, call_##name, subject, expected},
#define BOTH(name, subject, expected) ROW(name##A, subject, expected) ROW(name##W, subject, expected)

static const struct row {
    const char *name;
    call_function *call;
    subject subject;
    JET_ERR expected;
} rows[] = {
    BOTH(JetCreateTable, OF_DATABASE, JET_errInvalidName)
    BOTH(JetCreateTableColumnIndex, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetCreateTableColumnIndex2, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetCreateTableColumnIndex3, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetCreateTableColumnIndex4, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetDeleteTable, OF_DATABASE, JET_errInvalidName)
    BOTH(JetRenameTable, OF_DATABASE, JET_errInvalidName)
    BOTH(JetSetColumnDefaultValue, OF_DATABASE, JET_errInvalidName)
    BOTH(JetAddColumn, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetDeleteColumn, OF_TABLE, JET_errInvalidName)
    BOTH(JetDeleteColumn2, OF_TABLE, JET_errInvalidName)
    BOTH(JetRenameColumn, OF_TABLE, JET_errInvalidName)
    BOTH(JetCreateIndex, OF_TABLE, JET_errInvalidName)
    BOTH(JetCreateIndex2, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetCreateIndex3, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetCreateIndex4, OF_SESSION, JET_errInvalidParameter)
    BOTH(JetDeleteIndex, OF_TABLE, JET_errInvalidName)
    BOTH(JetDefragment, OF_DATABASE, JET_errInvalidGrbit)
    BOTH(JetDefragment2, OF_DATABASE, JET_errInvalidGrbit)
    BOTH(JetDefragment3, OF_SESSION, JET_errInvalidParameter)
    ROW(JetComputeStats, OF_TABLE, JET_errSuccess)
};
/* clang-format on */

static void
assert_call(const struct row *row, const handles *h, JET_ERR expected)
{
    JET_ERR err = row->call(h);

    if (err != expected)
        fail_msg("%s: %d, not %d", row->name, (int)err, (int)expected);
}

static void
test_api_ddl__without_pointers(void **state)
{
    test_jet t;
    handles h;

    (void)state;
    test_jet_create(&t, 0);
    h = (handles){t.sesid, t.dbid, JET_tableidNil};
    assert_ok(JetCreateTableA(t.sesid, t.dbid, "t", 0, 0, &h.tableid));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_call(&rows[i], &h, rows[i].expected);
    assert_int_equal(JetCreateTableA(t.sesid, t.dbid, "u", 0, 0, NULL), JET_errInvalidParameter);
    test_jet_close(&t);
}

static void
test_api_ddl__with_handles_that_are_none(void **state)
{
    test_jet t;

    (void)state;
    test_jet_create(&t, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const handles of_nobody = {JET_sesidNil, t.dbid, JET_tableidNil};
        const handles of_nothing = {t.sesid, JET_dbidNil, JET_tableidNil};

        if (rows[i].subject == OF_DATABASE) {
            assert_call(&rows[i], &of_nobody, JET_errInvalidSesid);
            assert_call(&rows[i], &of_nothing, JET_errInvalidDatabaseId);
        } else if (rows[i].subject == OF_TABLE) {
            assert_call(&rows[i], &of_nobody, JET_errInvalidSesid);
            assert_call(&rows[i], &of_nothing, JET_errInvalidTableId);
        } else {
            assert_true(rows[i].call(&of_nobody) < JET_errSuccess);
        }
    }
    test_jet_close(&t);
}

static void
test_api_ddl__in_a_temporary_table_is_refused(void **state)
{
    const JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID columnid;
    JET_TABLEID table;
    test_jet t;

    (void)state;
    test_jet_create(&t, 0);
    assert_ok(JetOpenTempTable(t.sesid, &definition, 1, JET_bitTTIndexed, &table, &columnid));
    assert_int_equal(JetAddColumnA(t.sesid, table, "c", &definition, NULL, 0, &columnid),
                     JET_errIllegalOperation);
    assert_int_equal(JetCreateIndexA(t.sesid, table, "i", 0, "+c\0", 4, 0),
                     JET_errIllegalOperation);
    assert_int_equal(JetDeleteIndexA(t.sesid, table, "i"), JET_errIllegalOperation);
    assert_int_equal(JetRenameColumnA(t.sesid, table, "c", "d", 0), JET_errIllegalOperation);
    assert_int_equal(JetComputeStats(t.sesid, table), JET_errIllegalOperation);
    assert_ok(JetCloseTable(t.sesid, table));
    test_jet_close(&t);
}

static void
test_api_defragment__remembers_that_it_was_started(void **state)
{
    uint32_t n_passes = 77, n_seconds = 77;
    test_jet t;

    (void)state;
    test_jet_create(&t, 0);
    assert_int_equal(JetDefragmentA(t.sesid, t.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStop),
                     JET_wrnDefragNotRunning);
    assert_ok(JetDefragmentA(t.sesid, t.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
    assert_int_equal(JetDefragmentW(t.sesid, t.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart),
                     JET_wrnDefragAlreadyRunning);
    assert_ok(JetDefragment2A(t.sesid, t.dbid, NULL, &n_passes, &n_seconds, NULL,
                              JET_bitDefragmentBatchStop));
    assert_int_equal(n_passes, 1);
    assert_int_equal(n_seconds, 0);
    test_jet_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_ddl__without_pointers),
        API_TEST(test_api_ddl__with_handles_that_are_none),
        API_TEST(test_api_ddl__in_a_temporary_table_is_refused),
        API_TEST(test_api_defragment__remembers_that_it_was_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
