/* Tables between sessions: who may open, delete and change what others have open or are changing. */
#include "test_fresh.h"

#include "api_test.h"

typedef struct scene {
    test_jet jet;
    JET_SESID other;
    JET_DBID other_db;
} scene;

static void
open_scene(scene *s)
{
    test_jet_create(&s->jet, 0);
    s->other = begun(s->jet.instance);
    assert_ok(JetOpenDatabaseA(s->other, s->jet.path, NULL, &s->other_db, 0));
}

static void
close_scene(scene *s)
{
    assert_ok(JetEndSession(s->other, 0));
    test_jet_close(&s->jet);
}

static JET_TABLEID
make(scene *s, const char *name)
{
    JET_TABLEID table = JET_tableidNil;

    assert_ok(JetCreateTableA(s->jet.sesid, s->jet.dbid, name, 0, 0, &table));
    return table;
}

static JET_ERR
open_own(scene *s, const char *name, JET_GRBIT grbit, JET_TABLEID *table)
{
    return JetOpenTableA(s->jet.sesid, s->jet.dbid, name, NULL, 0, grbit, table);
}

static JET_ERR
open_other(scene *s, const char *name, JET_GRBIT grbit, JET_TABLEID *table)
{
    return JetOpenTableA(s->other, s->other_db, name, NULL, 0, grbit, table);
}

/* Does the other session get in? */
static JET_ERR
try_other(scene *s, const char *name, JET_GRBIT grbit)
{
    JET_TABLEID table = JET_tableidNil;
    JET_ERR err = open_other(s, name, grbit, &table);

    if (err >= JET_errSuccess)
        assert_ok(JetCloseTable(s->other, table));
    return err;
}

static JET_COLUMNID
add_column(JET_SESID sesid, JET_TABLEID table, const char *name, JET_COLTYP coltyp, JET_GRBIT grbit)
{
    const JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition, .coltyp = coltyp, .grbit = grbit};
    JET_COLUMNID columnid = 0;

    assert_ok(JetAddColumnA(sesid, table, name, &definition, NULL, 0, &columnid));
    return columnid;
}

static void
insert(JET_SESID sesid, JET_TABLEID table, JET_COLUMNID columnid, int32_t value)
{
    assert_ok(JetPrepareUpdate(sesid, table, JET_prepInsert));
    assert_ok(JetSetColumn(sesid, table, columnid, &value, sizeof value, 0, NULL));
    assert_ok(JetUpdate(sesid, table, NULL, 0, NULL));
}

static void
test_api_create_table__keeps_others_out_until_its_cursor_is_closed(void **state)
{
    scene s;
    JET_TABLEID table, twin, again;

    (void)state;
    open_scene(&s);
    table = make(&s, "t");
    assert_int_equal(try_other(&s, "t", 0), JET_errTableLocked);
    assert_ok(open_own(&s, "t", 0, &again));
    assert_ok(JetDupCursor(s.jet.sesid, table, &twin, 0));
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(try_other(&s, "t", 0)); /* what is opened besides denies nothing */
    assert_ok(JetCloseTable(s.jet.sesid, twin));
    assert_ok(JetCloseTable(s.jet.sesid, again));
    close_scene(&s);
}

static void
test_api_open_table__denies_what_was_asked_for(void **state)
{
    scene s;
    JET_TABLEID table, other;

    (void)state;
    open_scene(&s);
    assert_ok(JetCloseTable(s.jet.sesid, make(&s, "t")));
    assert_ok(open_own(&s, "t", JET_bitTableDenyRead, &table));
    assert_int_equal(try_other(&s, "t", JET_bitTableReadOnly), JET_errTableLocked);
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_own(&s, "t", JET_bitTableDenyWrite, &table));
    assert_ok(try_other(&s, "t", JET_bitTableReadOnly));
    assert_ok(try_other(&s, "t", 0));
    assert_int_equal(try_other(&s, "t", JET_bitTableUpdatable), JET_errTableLocked);
    assert_int_equal(open_own(&s, "t", JET_bitTableDenyWrite, &other), JET_errTableInUse);
    assert_ok(
        open_own(&s, "t", JET_bitTableDenyRead, &other)); /* its own cursors are no obstacle */
    assert_ok(JetCloseTable(s.jet.sesid, other));
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_other(&s, "t", JET_bitTableUpdatable, &other));
    assert_int_equal(open_own(&s, "t", JET_bitTableDenyRead, &table), JET_errTableInUse);
    assert_int_equal(open_own(&s, "t", JET_bitTableDenyWrite, &table), JET_errTableInUse);
    assert_ok(open_own(&s, "t", 0, &table));
    assert_int_equal(open_own(&s, "t", JET_bitTableDenyRead | JET_bitTableReadOnly, &table),
                     JET_errInvalidGrbit);
    assert_int_equal(open_own(&s, "t", JET_bitTablePermitDDL, &table), JET_errInvalidGrbit);
    assert_ok(JetCloseTable(s.other, other));
    close_scene(&s);
}

static void
test_api_delete_table__locks_others_out_until_the_transaction_ends(void **state)
{
    scene s;
    JET_TABLEID table;

    (void)state;
    open_scene(&s);
    table = make(&s, "t");
    assert_int_equal(JetDeleteTableA(s.jet.sesid, s.jet.dbid, "t"), JET_errTableInUse);
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_other(&s, "t", 0, &table));
    assert_int_equal(JetDeleteTableA(s.jet.sesid, s.jet.dbid, "t"), JET_errTableInUse);
    assert_ok(JetCloseTable(s.other, table));
    assert_ok(JetBeginTransaction(s.jet.sesid));
    assert_ok(JetDeleteTableA(s.jet.sesid, s.jet.dbid, "T"));
    assert_int_equal(try_other(&s, "t", 0), JET_errTableLocked);
    assert_int_equal(JetDeleteTableA(s.other, s.other_db, "t"), JET_errTableLocked);
    assert_int_equal(open_own(&s, "t", 0, &table), JET_errObjectNotFound);
    assert_ok(JetRollback(s.jet.sesid, 0));
    assert_ok(try_other(&s, "t", 0));
    assert_ok(JetDeleteTableA(s.jet.sesid, s.jet.dbid, "t"));
    assert_int_equal(try_other(&s, "t", 0), JET_errObjectNotFound);
    close_scene(&s);
}

static void
test_api_create_table__of_an_uncommitted_name(void **state)
{
    scene s;
    JET_TABLEID table, other;

    (void)state;
    open_scene(&s);
    assert_ok(JetBeginTransaction(s.jet.sesid));
    table = make(&s, "t");
    assert_int_equal(try_other(&s, "t", 0), JET_errObjectNotFound);
    assert_int_equal(JetDeleteTableA(s.other, s.other_db, "t"), JET_errObjectNotFound);
    assert_int_equal(JetCreateTableA(s.other, s.other_db, "t", 0, 0, &other),
                     JET_errTableDuplicate);
    assert_int_equal(other, JET_tableidNil);
    assert_ok(JetRollback(s.jet.sesid, 0)); /* closes the cursor */
    assert_int_equal(JetCloseTable(s.jet.sesid, table), JET_errInvalidTableId);
    assert_ok(JetCreateTableA(s.other, s.other_db, "t", 0, 0, &other));
    assert_ok(JetCloseTable(s.other, other));
    close_scene(&s);
}

static void
test_api_ddl__through_a_read_only_cursor_or_transaction(void **state)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    scene s;
    JET_TABLEID table;
    JET_COLUMNID columnid;

    (void)state;
    open_scene(&s);
    table = make(&s, "t");
    add_column(s.jet.sesid, table, "c", JET_coltypLong, 0);
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_own(&s, "t", JET_bitTableReadOnly, &table));
    assert_int_equal(JetAddColumnA(s.jet.sesid, table, "d", &definition, NULL, 0, &columnid),
                     JET_errPermissionDenied);
    assert_int_equal(JetDeleteColumnA(s.jet.sesid, table, "c"), JET_errPermissionDenied);
    assert_int_equal(JetCreateIndexA(s.jet.sesid, table, "i", 0, "+c\0", 4, 0),
                     JET_errPermissionDenied);
    assert_int_equal(JetDeleteIndexA(s.jet.sesid, table, "i"), JET_errPermissionDenied);
    assert_ok(JetRenameColumnA(s.jet.sesid, table, "c", "e", 0));
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_own(&s, "t", 0, &table));
    assert_ok(JetBeginTransaction2(s.jet.sesid, JET_bitTransactionReadOnly));
    assert_int_equal(JetAddColumnA(s.jet.sesid, table, "d", &definition, NULL, 0, &columnid),
                     JET_errTransReadOnly);
    assert_int_equal(JetDeleteTableA(s.jet.sesid, s.jet.dbid, "t"), JET_errTransReadOnly);
    assert_ok(JetCommitTransaction(s.jet.sesid, 0));
    close_scene(&s);
}

static void
test_api_create_index__waits_for_no_one_but_refuses(void **state)
{
    scene s;
    JET_TABLEID table, other;
    JET_COLUMNID columnid;

    (void)state;
    open_scene(&s);
    table = make(&s, "t");
    columnid = add_column(s.jet.sesid, table, "c", JET_coltypLong, 0);
    insert(s.jet.sesid, table, columnid, 1);
    assert_ok(JetCloseTable(s.jet.sesid, table));
    assert_ok(open_own(&s, "t", 0, &table));
    assert_ok(open_other(&s, "t", 0, &other));
    assert_ok(JetBeginTransaction(s.other));
    insert(s.other, other, columnid, 2);
    assert_int_equal(JetCreateIndexA(s.jet.sesid, table, "i", 0, "+c\0", 4, 0),
                     JET_errWriteConflict);
    assert_ok(JetCommitTransaction(s.other, 0));
    assert_ok(JetCreateIndexA(s.jet.sesid, table, "i", 0, "+c\0", 4, 0));
    assert_ok(JetBeginTransaction(s.jet.sesid));
    assert_ok(JetCreateIndexA(s.jet.sesid, table, "j", 0, "-c\0", 4, 0));
    insert(s.other, other, columnid, 3); /* maintains the index it does not see yet */
    assert_int_equal(JetSetCurrentIndexA(s.other, other, "j"), JET_errIndexNotFound);
    assert_ok(JetCommitTransaction(s.jet.sesid, 0));
    assert_ok(JetSetCurrentIndexA(s.other, other, "j"));
    for (int32_t expected = 3; expected > 0; expected--) {
        int32_t value = 0;

        assert_ok(JetRetrieveColumn(s.other, other, columnid, &value, sizeof value, NULL, 0, NULL));
        assert_int_equal(value, expected);
        assert_int_equal(JetMove(s.other, other, JET_MoveNext, 0),
                         expected == 1 ? JET_errNoCurrentRecord : JET_errSuccess);
    }
    assert_int_equal(JetDeleteIndexA(s.jet.sesid, table, "j"), JET_errIndexInUse);
    assert_ok(JetSetCurrentIndexA(s.other, other, NULL));
    assert_ok(JetDeleteIndexA(s.jet.sesid, table, "j"));
    close_scene(&s);
}

static void
test_api_add_column__an_autoincrement_one_numbers_the_records_there_are(void **state)
{
    scene s;
    JET_TABLEID table;
    JET_COLUMNID columnid, number;

    (void)state;
    open_scene(&s);
    table = make(&s, "t");
    columnid = add_column(s.jet.sesid, table, "c", JET_coltypLong, 0);
    for (int32_t i = 0; i < 5; i++)
        insert(s.jet.sesid, table, columnid, 10 * i);
    number = add_column(s.jet.sesid, table, "n", JET_coltypLong, JET_bitColumnAutoincrement);
    insert(s.jet.sesid, table, columnid, 50);
    assert_ok(JetMove(s.jet.sesid, table, (int32_t)JET_MoveFirst, 0));
    for (int32_t i = 0; i < 6; i++) {
        int32_t value = 0;

        assert_ok(
            JetRetrieveColumn(s.jet.sesid, table, number, &value, sizeof value, NULL, 0, NULL));
        assert_int_equal(value, i + 1);
        assert_ok(
            JetRetrieveColumn(s.jet.sesid, table, columnid, &value, sizeof value, NULL, 0, NULL));
        assert_int_equal(value, 10 * i);
        assert_int_equal(JetMove(s.jet.sesid, table, JET_MoveNext, 0),
                         i == 5 ? JET_errNoCurrentRecord : JET_errSuccess);
    }
    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_create_table__keeps_others_out_until_its_cursor_is_closed),
        API_TEST(test_api_open_table__denies_what_was_asked_for),
        API_TEST(test_api_delete_table__locks_others_out_until_the_transaction_ends),
        API_TEST(test_api_create_table__of_an_uncommitted_name),
        API_TEST(test_api_ddl__through_a_read_only_cursor_or_transaction),
        API_TEST(test_api_create_index__waits_for_no_one_but_refuses),
        API_TEST(test_api_add_column__an_autoincrement_one_numbers_the_records_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
