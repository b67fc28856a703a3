/*
 * Information about objects, tables, columns and indexes of the fixture databases: every level as a structure and as a list, in
 * both forms of text, the sizes of buffers, what does not exist, and every allocation failing in turn.
 */
#include "api_test.h"
#include "ese.h"
#include "test_fixture.h"

#include <stdio.h>

enum { LINE_MAX = 4000, NAME_MAX = 100 };

static test_session db;
static const char *database_name;

static int
open_database(void **state, const char *name)
{
    const char *path = test_fixture(name);

    remember_memory(state);
    database_name = path;
    if (path != NULL)
        db = test_session_open(path, 0);
    return 0;
}

static int
open_templates(void **state)
{
    return open_database(state, "templates-8k.edb");
}

static int
open_types(void **state)
{
    return open_database(state, "types-4k.edb");
}

static int
open_cursors(void **state)
{
    return open_database(state, "cursors-4k.edb");
}

static int
close_database(void **state)
{
    if (database_name != NULL)
        test_session_close(&db);
    return compare_memory(state);
}

static void
needs_database(void)
{
    if (database_name == NULL)
        skip();
}

static JET_TABLEID
table_named(const char *name)
{
    JET_TABLEID table = 0;

    TEST_OK(JetOpenTableA(db.sesid, db.dbid, name, NULL, 0, 0, &table));
    return table;
}

/* ---- lists as lines of text */

static uint32_t
number_in(JET_TABLEID list, JET_COLUMNID column)
{
    uint32_t value = 0;

    TEST_OK(JetRetrieveColumn(db.sesid, list, column, &value, sizeof value, NULL, 0, NULL));
    return value;
}

static const char *
text_in(JET_TABLEID list, JET_COLUMNID column)
{
    static char texts[4][NAME_MAX];
    static unsigned next;
    char *text = texts[next++ % 4];
    uint32_t size = 0;

    TEST_OK(JetRetrieveColumn(db.sesid, list, column, text, NAME_MAX - 1, &size, 0, NULL));
    text[size] = '\0';
    return text;
}

/* One row as text, appended to a line. */
typedef size_t show_row(const void *list, char *to, size_t room);

static const char *
rows_of(JET_TABLEID tableid, const void *list, show_row *show)
{
    static char line[LINE_MAX];
    size_t used = 0;

    line[0] = '\0';
    for (JET_ERR err = JetMove(db.sesid, tableid, (int32_t)JET_MoveFirst, 0); err >= 0;
         err = JetMove(db.sesid, tableid, JET_MoveNext, 0))
        used += show(list, line + used, sizeof line - used);
    assert_ok(JetCloseTable(db.sesid, tableid));
    return line;
}

static size_t
show_column(const void *list, char *to, size_t room)
{
    const JET_COLUMNLIST *answer = list;
    JET_TABLEID t = answer->tableid;

    return (size_t)snprintf(to, room, "%s %x %u %u %x %s\n", text_in(t, answer->columnidcolumnname),
                            (unsigned)number_in(t, answer->columnidcolumnid),
                            (unsigned)number_in(t, answer->columnidcoltyp),
                            (unsigned)number_in(t, answer->columnidcbMax),
                            (unsigned)number_in(t, answer->columnidgrbit),
                            text_in(t, answer->columnidBaseTableName));
}

static size_t
show_name_and_id(const void *list, char *to, size_t room)
{
    const JET_COLUMNLIST *answer = list;

    return (size_t)snprintf(to, room, "%s %x ",
                            text_in(answer->tableid, answer->columnidcolumnname),
                            (unsigned)number_in(answer->tableid, answer->columnidcolumnid));
}

static const char *
columns_of(const char *table, uint32_t level, show_row *show)
{
    static JET_COLUMNLIST list;

    list.cbStruct = sizeof list;
    TEST_OK(JetGetColumnInfoA(db.sesid, db.dbid, table, NULL, &list, sizeof list, level));
    return rows_of(list.tableid, &list, show);
}

static size_t
show_index(const void *list, char *to, size_t room)
{
    const JET_INDEXLIST *answer = list;
    JET_TABLEID t = answer->tableid;
    bool is_descending = number_in(t, answer->columnidgrbitColumn) == JET_bitKeyDescending;

    return (size_t)snprintf(to, room, "%s %u/%u %c%s %x\n", text_in(t, answer->columnidindexname),
                            (unsigned)number_in(t, answer->columnidiColumn),
                            (unsigned)number_in(t, answer->columnidcColumn),
                            is_descending ? '-' : '+', text_in(t, answer->columnidcolumnname),
                            (unsigned)number_in(t, answer->columnidgrbitIndex));
}

static size_t
show_object(const void *list, char *to, size_t room)
{
    const JET_OBJECTLIST *answer = list;
    JET_TABLEID t = answer->tableid;

    return (size_t)snprintf(to, room, "%s/%s %u %x\n", text_in(t, answer->columnidcontainername),
                            text_in(t, answer->columnidobjectname),
                            (unsigned)number_in(t, answer->columnidobjtyp),
                            (unsigned)number_in(t, answer->columnidflags));
}

/* ---- objects */

static void
test_object_info__lists_tables_by_name(void **state)
{
    JET_OBJECTLIST list = {.cbStruct = sizeof list};

    (void)state;
    needs_database();
    TEST_OK(JetGetObjectInfoA(db.sesid, db.dbid, JET_objtypTable, NULL, NULL, &list, sizeof list,
                              JET_ObjInfoListNoStats));
    assert_int_equal(list.cRecord, 7);
    assert_string_equal(rows_of(list.tableid, &list, show_object),
                        "Tables/derived 1 10000000\n"
                        "Tables/derived-plain 1 10000000\n"
                        "Tables/MSysLocales 1 80000000\n"
                        "Tables/MSysObjects 1 c0000000\n"
                        "Tables/MSysObjectsShadow 1 c0000000\n"
                        "Tables/MSysObjids 1 c0000000\n"
                        "Tables/template 1 60000000\n");
    TEST_OK(JetGetObjectInfoA(db.sesid, db.dbid, JET_objtypNil, NULL, NULL, &list, sizeof list,
                              JET_ObjInfoList));
    assert_int_equal(list.cRecord, 7);
    TEST_OK(
        JetGetObjectInfoA(db.sesid, db.dbid, 5, NULL, NULL, &list, sizeof list, JET_ObjInfoList));
    assert_int_equal(list.cRecord, 0);
}

static JET_ERR
object(const char *container, const char *name, uint32_t room, uint32_t level)
{
    JET_OBJECTINFO info = {0};
    JET_ERR err =
        JetGetObjectInfoA(db.sesid, db.dbid, JET_objtypTable, container, name, &info, room, level);

    if (err >= 0) {
        assert_int_equal(info.objtyp, JET_objtypTable);
        assert_int_equal(info.grbit, JET_bitTableInfoBookmark | JET_bitTableInfoRollback);
        assert_int_equal(info.flags, JET_bitObjectTableDerived);
    }
    return err;
}

static void
test_object_info__describes_one_table(void **state)
{
    enum { SIZE = sizeof(JET_OBJECTINFO) };

    (void)state;
    needs_database();
    assert_ok(object(NULL, "derived", SIZE, JET_ObjInfo));
    assert_ok(object("Tables", "DERIVED", SIZE, JET_ObjInfoNoStats));
    assert_int_equal(object("Other", "derived", SIZE, JET_ObjInfo), JET_errObjectNotFound);
    assert_int_equal(object(NULL, "none", SIZE, JET_ObjInfo), JET_errObjectNotFound);
    assert_int_equal(object(NULL, "", SIZE, JET_ObjInfo), JET_errObjectNotFound);
    assert_int_equal(object(NULL, "a!b", SIZE, JET_ObjInfo), JET_errInvalidName);
    assert_int_equal(object(NULL, "derived", SIZE - 4, JET_ObjInfo), JET_errBufferTooSmall);
    assert_int_equal(object(NULL, "derived", SIZE, 77), JET_errInvalidParameter);
    assert_int_equal(JetGetObjectInfoA(db.sesid, 99, JET_objtypTable, NULL, "derived", NULL, 0, 0),
                     JET_errInvalidDatabaseId);
}

/* ---- tables */

static void
test_table_info__knows_name_database_and_template(void **state)
{
    JET_TABLEID table;
    char name[NAME_MAX];
    WCHAR wide[NAME_MAX];
    JET_DBID dbids[2] = {0, 0};

    (void)state;
    needs_database();
    table = table_named("derived");
    TEST_OK(JetGetTableInfoA(db.sesid, table, name, sizeof name, JET_TblInfoName));
    assert_string_equal(name, "derived");
    TEST_OK(JetGetTableInfoA(db.sesid, table, name, sizeof name, JET_TblInfoTemplateTableName));
    assert_string_equal(name, "template");
    TEST_OK(JetGetTableInfoW(db.sesid, table, wide, sizeof wide, JET_TblInfoName));
    assert_memory_equal(wide, u"derived", sizeof u"derived");
    assert_int_equal(JetGetTableInfoA(db.sesid, table, name, 7, JET_TblInfoName),
                     JET_errBufferTooSmall);
    assert_int_equal(JetGetTableInfoW(db.sesid, table, wide, 15, JET_TblInfoName),
                     JET_errBufferTooSmall);
    TEST_OK(JetGetTableInfoA(db.sesid, table, dbids, sizeof dbids, JET_TblInfoDbid));
    assert_int_equal(dbids[0], db.dbid);
    assert_int_equal(dbids[1], db.dbid);
    assert_int_equal(JetGetTableInfoA(db.sesid, table, dbids, 2, JET_TblInfoDbid),
                     JET_errBufferTooSmall);
    table = table_named("template");
    TEST_OK(JetGetTableInfoA(db.sesid, table, name, sizeof name, JET_TblInfoTemplateTableName));
    assert_string_equal(name, "");
}

static void
test_table_info__refuses_levels_of_the_past(void **state)
{
    static const uint32_t levels[] = {JET_TblInfoMostMany,  JET_TblInfoOLC,
                                      JET_TblInfoResetOLC,  JET_TblInfoRvt,
                                      JET_TblInfoDumpTable, 77};
    JET_TABLEID table;
    char answer[NAME_MAX];

    (void)state;
    needs_database();
    table = table_named("derived");
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        assert_int_equal(JetGetTableInfoA(db.sesid, table, answer, sizeof answer, levels[i]),
                         JET_errFeatureNotAvailable);
}

/* The tables own no more pages than the database has given out, and nearly all of those. */
static void
test_table_info__counts_space_that_the_database_owns(void **state)
{
    static const char *const names[] = {"MSysObjects",  "MSysObjectsShadow", "MSysObjids",
                                        "MSysLocales",  "template",          "derived",
                                        "derived-plain"};
    uint32_t sum = 0, n_owned = 0, n_available = 0;

    (void)state;
    needs_database();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        JET_TABLEID table = table_named(names[i]);
        uint32_t owned = 0, available = 0, extents[2], allocated[2];

        TEST_OK(JetGetTableInfoA(db.sesid, table, &owned, 4, JET_TblInfoSpaceOwned));
        TEST_OK(JetGetTableInfoA(db.sesid, table, &available, 4, JET_TblInfoSpaceAvailable));
        TEST_OK(JetGetTableInfoA(db.sesid, table, extents, 8, JET_TblInfoSpaceUsage));
        TEST_OK(JetGetTableInfoA(db.sesid, table, allocated, 8, JET_TblInfoSpaceAlloc));
        assert_true(owned > available && extents[0] >= 1 && extents[1] <= available);
        assert_true(allocated[0] >= 1 && allocated[1] >= 20 && allocated[1] <= 100);
        assert_int_equal(JetGetTableInfoA(db.sesid, table, extents, 4, JET_TblInfoSpaceUsage),
                         JET_errBufferTooSmall);
        sum += owned;
    }
    TEST_OK(JetGetDatabaseInfoA(db.sesid, db.dbid, &n_owned, 4, JET_DbInfoSpaceOwned));
    TEST_OK(JetGetDatabaseInfoA(db.sesid, db.dbid, &n_available, 4, JET_DbInfoSpaceAvailable));
    assert_true(sum <= n_owned - n_available);
    assert_true(sum >= (n_owned - n_available) / 2);
}

/* ---- columns */

static void
test_column_info__describes_a_column_by_name_and_by_id(void **state)
{
    JET_COLUMNDEF found = {0}, again = {0};
    JET_COLUMNID id, missing = 9999;
    JET_TABLEID table;

    (void)state;
    needs_database();
    table = table_named("types");
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, "UNICODE", &found, sizeof found, JET_ColInfo));
    assert_int_equal(found.coltyp, JET_coltypText);
    assert_int_equal(found.cp, 1200);
    assert_int_equal(found.wCountry, 1);
    assert_int_equal(found.langid, 1033);
    assert_int_equal(found.wCollate, 0);
    assert_int_equal(found.cbMax, 200);
    assert_int_equal(found.grbit, JET_bitColumnUpdatable);
    id = found.columnid;
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, (const char *)&id, &again, sizeof again,
                                   JET_ColInfoByColid));
    assert_memory_equal(&again, &found, sizeof found);
    TEST_OK(JetGetColumnInfoW(db.sesid, db.dbid, u"types", (const WCHAR *)&id, &again, sizeof again,
                              JET_ColInfoByColid));
    assert_memory_equal(&again, &found, sizeof found);
    TEST_OK(JetGetColumnInfoW(db.sesid, db.dbid, u"types", u"Unicode", &again, sizeof again,
                              JET_ColInfo));
    assert_memory_equal(&again, &found, sizeof found);
    assert_int_equal(JetGetTableColumnInfoA(db.sesid, table, (const char *)&missing, &again,
                                            sizeof again, JET_ColInfoByColid),
                     JET_errColumnNotFound);
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, "Id", &found, sizeof found, JET_ColInfo));
    assert_int_equal(found.grbit, JET_bitColumnFixed | JET_bitColumnUpdatable |
                                      JET_bitColumnNotNULL | JET_bitColumnAutoincrement);
    TEST_OK(
        JetGetTableColumnInfoA(db.sesid, table, "ManyTexts", &found, sizeof found, JET_ColInfo));
    assert_int_equal(found.grbit,
                     JET_bitColumnTagged | JET_bitColumnUpdatable | JET_bitColumnMultiValued);
}

static void
test_column_info__says_what_is_wrong_with_a_question(void **state)
{
    JET_COLUMNDEF column = {0};
    JET_COLUMNBASE_A base = {0};
    JET_COLUMNLIST list = {0};
    JET_TABLEID t;

    (void)state;
    needs_database();
    t = table_named("types");
#define ASK(name, to, room, level)                                                                 \
    JetGetTableColumnInfoA(db.sesid, t, (name), (to), (room), (level))
    assert_int_equal(ASK("none", &column, sizeof column, JET_ColInfo), JET_errColumnNotFound);
    assert_int_equal(ASK("", &column, sizeof column, JET_ColInfo), JET_errColumnNotFound);
    assert_int_equal(ASK(NULL, &column, sizeof column, JET_ColInfo), JET_errColumnNotFound);
    assert_int_equal(ASK("Id", &column, sizeof column - 1, JET_ColInfo), JET_errBufferTooSmall);
    assert_int_equal(ASK("Id", &column, 0, JET_ColInfo), JET_errBufferTooSmall);
    assert_int_equal(ASK("Id", &base, 100, JET_ColInfoBase), JET_errBufferTooSmall);
    assert_int_equal(ASK(NULL, &list, sizeof list - 4, JET_ColInfoList), JET_errBufferTooSmall);
    assert_int_equal(ASK("Id", &column, sizeof column, 77), JET_errInvalidParameter);
    assert_int_equal(ASK("Id", &column, sizeof column, JET_ColInfoSysTabCursor),
                     JET_errFeatureNotAvailable);
#undef ASK
#define ASK(table) JetGetColumnInfoA(db.sesid, db.dbid, (table), "Id", &column, sizeof column, 0)
    assert_ok(ASK("types"));
    assert_int_equal(ASK("none"), JET_errObjectNotFound);
    assert_int_equal(ASK(""), JET_errInvalidName);
    assert_int_equal(ASK(NULL), JET_errInvalidParameter);
#undef ASK
}

static void
test_column_info__names_the_table_a_column_comes_from(void **state)
{
    JET_COLUMNBASE_A base = {0};
    JET_COLUMNBASE_W wide = {0};
    JET_TABLEID table;

    (void)state;
    needs_database();
    table = table_named("derived");
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, "Kind", &base, sizeof base, JET_ColInfoBase));
    assert_string_equal(base.szBaseTableName, "template");
    assert_string_equal(base.szBaseColumnName, "Kind");
    assert_int_equal(base.cbMax, 30);
    TEST_OK(JetGetTableColumnInfoW(db.sesid, table, (const WCHAR *)&base.columnid, &wide,
                                   sizeof wide, JET_ColInfoBaseByColid));
    assert_memory_equal(wide.szBaseTableName, u"template", sizeof u"template");
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, "Price", &base, sizeof base, JET_ColInfoBase));
    assert_string_equal(base.szBaseTableName, "derived");
}

static void
test_column_info__lists_columns_by_name_and_by_id(void **state)
{
    (void)state;
    needs_database();
    assert_string_equal(columns_of("derived", JET_ColInfoList, show_column),
                        "Colour 81 10 30 20 derived\n"
                        "Id 80000001 4 4 25 template\n"
                        "Kind 80000080 10 30 20 template\n"
                        "Labels 80000101 10 30 422 template\n"
                        "Notes 80000100 12 0 22 template\n"
                        "Price 2 5 8 21 derived\n"
                        "Remarks 100 12 0 22 derived\n");
    assert_string_equal(
        columns_of("derived", JET_ColInfoListSortColumnid, show_name_and_id),
        columns_of("derived", JET_ColInfoList | JET_ColInfoGrbitSortByColumnid, show_name_and_id));
    assert_string_equal(columns_of("derived", JET_ColInfoListSortColumnid, show_name_and_id),
                        "Id 80000001 Kind 80000080 Notes 80000100 Labels 80000101 "
                        "Price 2 Colour 81 Remarks 100 ");
    assert_string_equal(columns_of("derived", JET_ColInfoListCompact, show_name_and_id),
                        "Price 2 Colour 81 Remarks 100 ");
    assert_string_equal(columns_of("derived",
                                   JET_ColInfoList | JET_ColInfoGrbitNonDerivedColumnsOnly,
                                   show_name_and_id),
                        "Colour 81 Price 2 Remarks 100 ");
    assert_string_equal(columns_of("template", JET_ColInfoListCompact, show_name_and_id),
                        "Id 80000001 Kind 80000080 Notes 80000100 Labels 80000101 ");
}

static void
test_column_info__lists_columns_without_a_temporary_table(void **state)
{
    ese_column_info columns[16];
    uint32_t n = 0;
    JET_TABLEID table;
    JET_COLUMNLIST list = {.cbStruct = sizeof list};

    (void)state;
    needs_database();
    table = table_named("derived");
    TEST_OK(ese_list_columns(db.sesid, table, NULL, 0, &n));
    assert_int_equal(n, 7);
    TEST_OK(ese_list_columns(db.sesid, table, columns, 16, &n));
    assert_int_equal(n, 7);
    for (uint32_t i = 0; i < n; i++) {
        JET_COLUMNDEF column = {0};

        TEST_OK(JetGetTableColumnInfoA(db.sesid, table, columns[i].name, &column, sizeof column,
                                       JET_ColInfo));
        assert_int_equal(columns[i].columnid, column.columnid);
        assert_int_equal(columns[i].coltyp, column.coltyp);
        assert_int_equal(columns[i].cp, column.cp);
        assert_int_equal(columns[i].size_max, column.cbMax);
        assert_int_equal(columns[i].grbit, column.grbit);
        assert_true(i == 0 || columns[i - 1].columnid < columns[i].columnid);
    }
    assert_string_equal(columns[2].name, "Remarks");
    columns[2].name = "untouched";
    TEST_OK(ese_list_columns(db.sesid, table, columns, 2, &n));
    assert_int_equal(n, 7);
    assert_string_equal(columns[2].name, "untouched");
    assert_int_equal(ese_list_columns(db.sesid, table, columns, 16, NULL), JET_errInvalidParameter);
    assert_int_equal(ese_list_columns(db.sesid, table, NULL, 1, &n), JET_errInvalidParameter);
    assert_int_equal(ese_list_columns(db.sesid, 12345, columns, 16, &n), JET_errInvalidTableId);
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, NULL, &list, sizeof list, JET_ColInfoList));
    assert_int_equal(ese_list_columns(db.sesid, list.tableid, columns, 16, &n),
                     JET_errIllegalOperation);
}

static void
test_column_info__leaves_out_what_is_not_wanted(void **state)
{
    JET_COLUMNLIST list = {.cbStruct = sizeof list};
    uint32_t value = 77;

    (void)state;
    needs_database();
    TEST_OK(JetGetColumnInfoA(db.sesid, db.dbid, "derived", "Id", &list, sizeof list,
                              JET_ColInfoList | JET_ColInfoGrbitMinimalInfo));
    assert_int_equal(list.cRecord, 7);
    assert_int_equal(JetRetrieveColumn(db.sesid, list.tableid, list.columnidcoltyp, &value,
                                       sizeof value, NULL, 0, NULL),
                     JET_wrnColumnNull);
    assert_string_equal(text_in(list.tableid, list.columnidcolumnname), "Colour");
}

static void
test_column_info__lists_default_values(void **state)
{
    JET_COLUMNLIST list = {.cbStruct = sizeof list};
    JET_ERR err;
    unsigned n = 0;

    (void)state;
    needs_database();
    TEST_OK(
        JetGetColumnInfoA(db.sesid, db.dbid, "types", NULL, &list, sizeof list, JET_ColInfoList));
    for (err = JetMove(db.sesid, list.tableid, (int32_t)JET_MoveFirst, 0); err >= 0;
         err = JetMove(db.sesid, list.tableid, JET_MoveNext, 0)) {
        if (strcmp(text_in(list.tableid, list.columnidcolumnname), "DefaultText") == 0) {
            assert_string_equal(text_in(list.tableid, list.columnidDefault), "as ever");
            n++;
        }
    }
    assert_int_equal(n, 1);
}

static void
test_column_info__gives_a_list_that_is_an_ordinary_cursor(void **state)
{
    JET_COLUMNLIST list = {.cbStruct = sizeof list};
    WCHAR name[NAME_MAX];
    uint32_t size = 0;

    (void)state;
    needs_database();
    TEST_OK(
        JetGetColumnInfoW(db.sesid, db.dbid, u"types", NULL, &list, sizeof list, JET_ColInfoList));
    TEST_OK(JetRetrieveColumn(db.sesid, list.tableid, list.columnidcolumnname, name, sizeof name,
                              &size, 0, NULL));
    assert_int_equal(size, sizeof u"Binary" - sizeof(WCHAR));
    assert_memory_equal(name, u"Binary", size);
    TEST_OK(JetMove(db.sesid, list.tableid, JET_MoveLast, 0));
    assert_int_equal(JetMove(db.sesid, list.tableid, JET_MoveNext, 0), JET_errNoCurrentRecord);
    TEST_OK(JetMove(db.sesid, list.tableid, JET_MovePrevious, 0));
    TEST_OK(JetPrepareUpdate(db.sesid, list.tableid, JET_prepInsert));
    TEST_OK(JetPrepareUpdate(db.sesid, list.tableid, JET_prepCancel));
    TEST_OK(JetDelete(db.sesid, list.tableid));
    TEST_OK(JetCloseTable(db.sesid, list.tableid));
    TEST_OK(
        JetGetColumnInfoA(db.sesid, db.dbid, "nothing", NULL, &list, sizeof list, JET_ColInfoList));
    assert_int_equal(list.cRecord, 0);
}

/* ---- indexes */

static void
test_index_info__lists_the_columns_of_indexes(void **state)
{
    JET_INDEXLIST list = {.cbStruct = sizeof list};
    uint32_t count = 0;

    (void)state;
    needs_database();
    TEST_OK(
        JetGetIndexInfoA(db.sesid, db.dbid, "derived", NULL, &list, sizeof list, JET_IdxInfoList));
    assert_int_equal(list.cRecord, 6);
    assert_string_equal(rows_of(list.tableid, &list, show_index), "ByColour 0/1 -Colour 0\n"
                                                                  "ById 0/1 +Id 3\n"
                                                                  "ByKind 0/1 +Kind 0\n"
                                                                  "ByLabel 0/1 +Labels 8\n"
                                                                  "ByPriceAndKind 0/2 +Price 0\n"
                                                                  "ByPriceAndKind 1/2 -Kind 0\n");
    TEST_OK(JetGetIndexInfoW(db.sesid, db.dbid, u"derived", u"bypriceandkind", &list, sizeof list,
                             JET_IdxInfo));
    assert_int_equal(list.cRecord, 2);
    TEST_OK(JetGetIndexInfoA(db.sesid, db.dbid, "derived", "none", &count, 4, JET_IdxInfoCount));
    assert_int_equal(count, 5);
    assert_int_equal(
        JetGetIndexInfoA(db.sesid, db.dbid, "derived", "none", &list, sizeof list, JET_IdxInfo),
        JET_errIndexNotFound);
    assert_int_equal(
        JetGetIndexInfoA(db.sesid, db.dbid, "derived", NULL, &list, sizeof list - 4, JET_IdxInfo),
        JET_wrnBufferTruncated);
}

static void
test_index_info__counts_one_for_a_table_without_indexes(void **state)
{
    JET_INDEXLIST list = {.cbStruct = sizeof list};
    JET_TABLEID table;
    uint32_t count = 0;

    (void)state;
    needs_database();
    table = table_named("nothing");
    TEST_OK(JetGetTableIndexInfoA(db.sesid, table, NULL, &count, 4, JET_IdxInfoCount));
    assert_int_equal(count, 1);
    TEST_OK(JetGetTableIndexInfoA(db.sesid, table, NULL, &list, sizeof list, JET_IdxInfoList));
    assert_int_equal(list.cRecord, 0);
    assert_int_equal(JetGetTableIndexInfoA(db.sesid, table, NULL, &count, 4, JET_IdxInfoLCID),
                     JET_errIndexNotFound);
}

static void
test_index_info__tells_limits_locale_and_density(void **state)
{
    JET_TABLEID t;
    uint16_t narrow = 0;
    uint32_t wide = 0;
    WCHAR locale[JET_cbNameMost];

    (void)state;
    needs_database();
    t = table_named("notes");
#define ASK(name, to, level)                                                                       \
    TEST_OK(JetGetTableIndexInfoA(db.sesid, t, (name), (to), sizeof *(to), (level)))
    ASK("ByCutData", &narrow, JET_IdxInfoVarSegMac);
    assert_int_equal(narrow, 12);
    ASK("ByCutData", &narrow, JET_IdxInfoKeyMost);
    assert_int_equal(narrow, 255);
    ASK("ByShortKey", &narrow, JET_IdxInfoKeyMost);
    assert_int_equal(narrow, 8);
    ASK("ByName", &narrow, JET_IdxInfoLangid);
    assert_int_equal(narrow, 0x409);
    ASK("ByName", &wide, JET_IdxInfoLCID);
    assert_int_equal(wide, 0x409);
    ASK(NULL, &wide, JET_IdxInfoSpaceAlloc);
    assert_int_equal(wide, 80);
    ASK("ByName", &locale, JET_IdxInfoLocaleName);
    assert_memory_equal(locale, u"en-US", sizeof u"en-US");
#undef ASK
    assert_int_equal(JetGetTableIndexInfoA(db.sesid, t, "ByName", &wide, 4, JET_IdxInfoOLC),
                     JET_errFeatureNotAvailable);
    assert_int_equal(JetGetTableIndexInfoA(db.sesid, t, "ByName", &wide, 4, 77),
                     JET_errInvalidParameter);
    assert_int_equal(JetGetTableIndexInfoA(db.sesid, t, "ByName", &wide, 1, JET_IdxInfoKeyMost),
                     JET_wrnBufferTruncated);
}

static void
test_index_info__gives_ids_that_choose_the_index(void **state)
{
    JET_INDEXID id = {0};
    JET_TABLEID table;
    char name[NAME_MAX];

    (void)state;
    needs_database();
    table = table_named("notes");
    TEST_OK(JetGetTableIndexInfoA(db.sesid, table, "ByGuid", &id, sizeof id, JET_IdxInfoIndexId));
    TEST_OK(JetSetCurrentIndex4A(db.sesid, table, "ById", &id, 0, 0));
    TEST_OK(JetGetCurrentIndexA(db.sesid, table, name, sizeof name));
    assert_string_equal(name, "ByGuid");
}

/* The structure and what it points at fill exactly the room they need. */
static void
test_index_info__describes_an_index_as_one_creates_it(void **state)
{
    union {
        JET_INDEXCREATE3_A create;
        JET_INDEXCREATE2_W wide;
        char room[1000];
    } answer = {.room = {0}};
    static const char key[] = "+Tags\0-Marks\0";
    JET_TABLEID t;
    uint32_t room = sizeof(JET_INDEXCREATE3_A);

    (void)state;
    needs_database();
    t = table_named("notes");
    while (JetGetTableIndexInfoA(db.sesid, t, "ByTagAndMark", &answer, room,
                                 JET_IdxInfoCreateIndex3) == JET_wrnBufferTruncated)
        room++;
    assert_in_range(room, sizeof(JET_INDEXCREATE3_A) + 60, sizeof answer);
    assert_int_equal(answer.create.cbStruct, sizeof(JET_INDEXCREATE3_A));
    assert_string_equal(answer.create.szIndexName, "ByTagAndMark");
    assert_int_equal(answer.create.cbKey, sizeof key);
    assert_memory_equal(answer.create.szKey, key, sizeof key);
    assert_true((answer.create.grbit & JET_bitIndexCrossProduct) != 0);
    assert_memory_equal(answer.create.pidxunicode->szLocaleName, u"en-US", sizeof u"en-US");
    assert_int_equal(answer.create.pidxunicode->dwMapFlags, 0x30401);
    TEST_OK(JetGetTableIndexInfoA(db.sesid, t, "ByPiece", &answer, sizeof answer,
                                  JET_IdxInfoCreateIndex3));
    assert_int_equal(answer.create.ptuplelimits->chLengthMin, 2);
    assert_int_equal(answer.create.ptuplelimits->chLengthMax, 4);
    TEST_OK(JetGetTableIndexInfoW(db.sesid, t, u"ByGroupIfDone", &answer, sizeof answer,
                                  JET_IdxInfoCreateIndex2));
    assert_memory_equal(answer.wide.szKey, u"+Group\0", sizeof u"+Group\0");
    assert_int_equal(answer.wide.pidxunicode->lcid, 0x409);
    assert_int_equal(answer.wide.cConditionalColumn, 1);
    assert_memory_equal(answer.wide.rgconditionalcolumn[0].szColumnName, u"Done", sizeof u"Done");
    assert_int_equal(answer.wide.pSpacehints->cbStruct, sizeof(JET_SPACEHINTS));
    TEST_OK(JetGetTableIndexInfoA(db.sesid, t, "ByGroupIfOpen", &answer, sizeof answer,
                                  JET_IdxInfoCreateIndex));
    assert_int_equal(answer.create.cbStruct, sizeof(JET_INDEXCREATE_A));
}

/* ---- intersections */

typedef struct range {
    const char *index;
    int32_t low, high;
    JET_TABLEID table;
} range;

static void
set_range(range *r)
{
    r->table = table_named("intersect");
    TEST_OK(JetSetCurrentIndexA(db.sesid, r->table, r->index));
    TEST_OK(JetMakeKey(db.sesid, r->table, &r->low, 4, JET_bitNewKey));
    TEST_OK(JetSeek(db.sesid, r->table, JET_bitSeekGE));
    TEST_OK(JetMakeKey(db.sesid, r->table, &r->high, 4, JET_bitNewKey));
    TEST_OK(JetSetIndexRange(db.sesid, r->table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
}

/* "17 52 ": the records the ranges have in common. */
static const char *
common_records(range *ranges, uint32_t n)
{
    static char line[LINE_MAX];
    JET_INDEXRANGE index_ranges[4];
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    JET_TABLEID table = table_named("intersect");
    JET_COLUMNDEF id;
    size_t used = 0;

    line[0] = '\0';
    for (uint32_t i = 0; i < n; i++) {
        set_range(&ranges[i]);
        index_ranges[i] =
            (JET_INDEXRANGE){sizeof index_ranges[i], ranges[i].table, JET_bitRecordInIndex};
    }
    TEST_OK(JetGetTableColumnInfoA(db.sesid, table, "id", &id, sizeof id, JET_ColInfo));
    TEST_OK(JetIntersectIndexes(db.sesid, index_ranges, n, &list, 0));
    for (uint32_t i = 0; i < list.cRecord; i++) {
        uint8_t bookmark[20];
        uint32_t size = 0, value = 0;

        TEST_OK(JetMove(db.sesid, list.tableid, i == 0 ? (int32_t)JET_MoveFirst : 1, 0));
        TEST_OK(JetRetrieveColumn(db.sesid, list.tableid, list.columnidBookmark, bookmark,
                                  sizeof bookmark, &size, 0, NULL));
        TEST_OK(JetGotoBookmark(db.sesid, table, bookmark, size));
        TEST_OK(JetRetrieveColumn(db.sesid, table, id.columnid, &value, 4, NULL, 0, NULL));
        used += (size_t)snprintf(line + used, sizeof line - used, "%u ", (unsigned)value);
    }
    if (list.cRecord != 0)
        assert_int_equal(JetMove(db.sesid, list.tableid, 1, 0), JET_errNoCurrentRecord);
    assert_ok(JetCloseTable(db.sesid, list.tableid));
    assert_ok(JetCloseTable(db.sesid, table));
    for (uint32_t i = 0; i < n; i++)
        assert_ok(JetCloseTable(db.sesid, ranges[i].table));
    return line;
}

#define assert_common(expected, ...)                                                               \
    do {                                                                                           \
        range ranges[] = {__VA_ARGS__};                                                            \
        assert_string_equal(common_records(ranges, sizeof ranges / sizeof ranges[0]), expected);   \
    } while (0)

static void
test_intersect__finds_the_records_of_all_ranges_in_order(void **state)
{
    (void)state;
    needs_database();
    assert_common("17 52 ", {"ia", 3, 3, 0}, {"ib", 2, 2, 0});
    assert_common("17 32 52 ", {"ia", 3, 4, 0}, {"ib", 2, 2, 0});
    assert_common("0 16 20 36 40 56 ", {"ia", 0, 6, 0}, {"ib", 0, 1, 0}, {"ic", 0, 0, 0});
    assert_common("1 ", {"ia", 1, 1, 0}, {"ib", 1, 1, 0}, {"ic", 1, 1, 0});
    assert_common("", {"ia", 1, 1, 0}, {"ib", 3, 3, 0}, {"ic", 10, 10, 0});
    assert_common("4 9 14 19 24 29 34 39 44 49 54 59 ", {"ic", 0, 12, 0}, {"ib", 4, 4, 0});
    assert_common("4 9 14 19 24 29 34 39 44 49 54 59 ", {"ib", 4, 4, 0}, {"ic", 0, 12, 0});
    assert_common("2 9 16 23 30 37 44 51 58 ", {"ia", 2, 2, 0});
}

static void
test_intersect__wants_ranges_of_secondary_indexes_of_one_table(void **state)
{
    range first = {"ia", 3, 3, 0}, second = {"ib", 3, 3, 0};
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    JET_INDEXRANGE r[2];

    (void)state;
    needs_database();
    set_range(&first);
    set_range(&second);
    r[0] = (JET_INDEXRANGE){sizeof r[0], first.table, JET_bitRecordInIndex};
    r[1] = (JET_INDEXRANGE){sizeof r[0], second.table, JET_bitRecordInIndex};
#define ASK(n) JetIntersectIndexes(db.sesid, r, (n), &list, 0)
    assert_int_equal(ASK(0), JET_errInvalidParameter);
    r[0].cbStruct = 4;
    assert_int_equal(ASK(2), JET_errInvalidParameter);
    r[0].cbStruct = sizeof r[0];
    r[1].tableid = first.table;
    assert_int_equal(ASK(2), JET_errInvalidParameter);
    r[1].tableid = second.table;
    r[1].grbit = 0;
    assert_int_equal(ASK(2), JET_errInvalidGrbit);
    r[1].grbit = JET_bitRecordNotInIndex;
    assert_int_equal(ASK(2), JET_errInvalidGrbit);
    r[1].grbit = JET_bitRecordInIndex;
    TEST_OK(JetSetCurrentIndexA(db.sesid, second.table, NULL));
    assert_int_equal(ASK(2), JET_errInvalidParameter);
    r[1].tableid = table_named("move");
    TEST_OK(JetSetCurrentIndexA(db.sesid, r[1].tableid, "byn"));
    assert_int_equal(ASK(2), JET_errInvalidParameter);
    TEST_OK(JetSetCurrentIndexA(db.sesid, second.table, "ib"));
    r[1].tableid = second.table;
    TEST_OK(ASK(2));
    assert_int_equal(list.cRecord, 9);
    list.cbStruct = 4;
    assert_int_equal(ASK(2), JET_errInvalidParameter);
#undef ASK
}

/* ---- no memory */

static JET_ERR
all_lists(JET_TABLEID ranged)
{
    JET_OBJECTLIST objects = {0};
    JET_COLUMNLIST columns = {0};
    JET_INDEXLIST indexes = {0};
    JET_RECORDLIST records = {.cbStruct = sizeof records};
    JET_INDEXRANGE index_range = {sizeof index_range, ranged, JET_bitRecordInIndex};
    JET_ERR err = JetGetObjectInfoW(db.sesid, db.dbid, JET_objtypTable, NULL, NULL, &objects,
                                    sizeof objects, JET_ObjInfoList);

    if (err >= 0)
        err = JetGetColumnInfoW(db.sesid, db.dbid, u"intersect", NULL, &columns, sizeof columns,
                                JET_ColInfoList);
    if (err >= 0)
        err = JetGetIndexInfoW(db.sesid, db.dbid, u"intersect", NULL, &indexes, sizeof indexes,
                               JET_IdxInfoList);
    if (err >= 0)
        err = JetIntersectIndexes(db.sesid, &index_range, 1, &records, 0);
    if (objects.tableid != 0)
        assert_ok(JetCloseTable(db.sesid, objects.tableid));
    if (columns.tableid != 0)
        assert_ok(JetCloseTable(db.sesid, columns.tableid));
    if (indexes.tableid != 0)
        assert_ok(JetCloseTable(db.sesid, indexes.tableid));
    if (records.tableid != 0)
        assert_ok(JetCloseTable(db.sesid, records.tableid));
    return err;
}

static void
test_info_memory__leaks_no_list_wherever_it_runs_out(void **state)
{
    range first = {"ia", 3, 3, 0};
    JET_ERR err = JET_errOutOfMemory;
    uint64_t n = 1;

    (void)state;
    needs_database();
    set_range(&first);
    assert_ok(all_lists(first.table)); /* what the catalog keeps is there now */
    for (; err == JET_errOutOfMemory && n < 5000; n++) {
        int64_t live = ese_live_allocations();

        ese_fault_arm(ESE_faultAlloc, n, 1);
        err = all_lists(first.table);
        ese_fault_arm(ESE_faultAlloc, 0, 0);
        assert_true(err >= 0 || err == JET_errOutOfMemory);
        assert_int_equal(ese_live_allocations(), live);
    }
    assert_ok(err);
    assert_true(n > 100);
}

#define WITH(database, test) cmocka_unit_test_setup_teardown(test, open_##database, close_database)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(templates, test_object_info__lists_tables_by_name),
        WITH(templates, test_object_info__describes_one_table),
        WITH(templates, test_table_info__knows_name_database_and_template),
        WITH(templates, test_table_info__refuses_levels_of_the_past),
        WITH(templates, test_table_info__counts_space_that_the_database_owns),
        WITH(types, test_column_info__describes_a_column_by_name_and_by_id),
        WITH(types, test_column_info__says_what_is_wrong_with_a_question),
        WITH(templates, test_column_info__names_the_table_a_column_comes_from),
        WITH(templates, test_column_info__lists_columns_by_name_and_by_id),
        WITH(templates, test_column_info__lists_columns_without_a_temporary_table),
        WITH(templates, test_column_info__leaves_out_what_is_not_wanted),
        WITH(types, test_column_info__lists_default_values),
        WITH(types, test_column_info__gives_a_list_that_is_an_ordinary_cursor),
        WITH(templates, test_index_info__lists_the_columns_of_indexes),
        WITH(types, test_index_info__counts_one_for_a_table_without_indexes),
        WITH(types, test_index_info__tells_limits_locale_and_density),
        WITH(types, test_index_info__gives_ids_that_choose_the_index),
        WITH(types, test_index_info__describes_an_index_as_one_creates_it),
        WITH(cursors, test_intersect__finds_the_records_of_all_ranges_in_order),
        WITH(cursors, test_intersect__wants_ranges_of_secondary_indexes_of_one_table),
        WITH(cursors, test_info_memory__leaks_no_list_wherever_it_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
