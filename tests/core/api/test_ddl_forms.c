/* The forms of one thing: A and W, four versions of tables, three of indexes. All must make the same table. */
#include "test_fresh.h"

#include "api_test.h"

#include <stdio.h>

#define TEXT(a, w) (is_wide ? (char *)(uintptr_t)(w) : (char *)(uintptr_t)(a))

/* What differs between the versions is left at nothing but for the last test. */
typedef struct parts {
    JET_COLUMNCREATE_A columns[3];
    JET_INDEXCREATE_A first[2];
    JET_INDEXCREATE2_A second[2];
    JET_INDEXCREATE3_A third[2];
    JET_CONDITIONALCOLUMN_A condition;
    JET_UNICODEINDEX unicode;
    JET_UNICODEINDEX2 unicode2;
    JET_TUPLELIMITS limits;
} parts;

static void
fill_columns(parts *p, bool is_wide)
{
    static const uint8_t value[] = {1, 2, 3, 4};
    const JET_COLUMNCREATE_A columns[] = {
        {.szColumnName = TEXT("key", u"key"), .coltyp = JET_coltypLong},
        {.szColumnName = TEXT("na\xc3\xafve", u"na\u00efve"),
         .coltyp = JET_coltypText,
         .cbMax = 300,
         .cp = 1200},
        {.szColumnName = TEXT("value", u"value"),
         .coltyp = JET_coltypLong,
         .pvDefault = (void *)(uintptr_t)value,
         .cbDefault = sizeof value,
         .err = 77},
    };

    memcpy(p->columns, columns, sizeof columns);
    for (unsigned i = 0; i < 3; i++)
        p->columns[i].cbStruct = sizeof p->columns[i];
}

static void
fill_indexes(parts *p, bool is_wide)
{
    const uint32_t unit = is_wide ? 2 : 1;

    p->condition = (JET_CONDITIONALCOLUMN_A){sizeof p->condition, TEXT("value", u"value"),
                                             JET_bitIndexColumnMustBeNonNull};
    p->unicode = (JET_UNICODEINDEX){1031, 0x401};
    p->unicode2 = (JET_UNICODEINDEX2){(WCHAR *)(uintptr_t)u"de-DE", 0x401};
    p->limits = (JET_TUPLELIMITS){.chLengthMin = 2, .chLengthMax = 5};
    p->first[0] = (JET_INDEXCREATE_A){.cbStruct = sizeof p->first[0],
                                      .szIndexName = TEXT("pk", u"pk"),
                                      .szKey = TEXT("+key\0", u"+key\0"),
                                      .cbKey = 6 * unit,
                                      .grbit = JET_bitIndexPrimary,
                                      .err = 77};
    p->first[1] = (JET_INDEXCREATE_A){
        .cbStruct = sizeof p->first[1],
        .szIndexName = TEXT("text", u"text"),
        .szKey = TEXT("-na\xc3\xafve\0+key\0", u"-na\u00efve\0+key\0"),
        .cbKey = is_wide ? 26 : 14,
        .grbit = JET_bitIndexUnicode | JET_bitIndexTupleLimits | JET_bitIndexKeyMost,
        .ulDensity = 90,
        .pidxunicode = &p->unicode,
        .ptuplelimits = &p->limits,
        .rgconditionalcolumn = &p->condition,
        .cConditionalColumn = 1,
        .cbKeyMost = 400};
    for (unsigned i = 0; i < 2; i++) {
        const JET_INDEXCREATE_A *from = &p->first[i];

        memset(&p->second[i], 0, sizeof p->second[i]);
        memcpy(&p->second[i], from, sizeof *from);
        p->second[i].cbStruct = sizeof p->second[i];
        p->third[i] = (JET_INDEXCREATE3_A){.cbStruct = sizeof p->third[i],
                                           .szIndexName = from->szIndexName,
                                           .szKey = from->szKey,
                                           .cbKey = from->cbKey,
                                           .grbit = from->grbit,
                                           .ulDensity = from->ulDensity,
                                           .pidxunicode = &p->unicode2,
                                           .ptuplelimits = from->ptuplelimits,
                                           .rgconditionalcolumn = from->rgconditionalcolumn,
                                           .cConditionalColumn = from->cConditionalColumn,
                                           .err = 77,
                                           .cbKeyMost = from->cbKeyMost};
    }
}

static void
fill(parts *p, bool is_wide)
{
    memset(p, 0, sizeof *p);
    fill_columns(p, is_wide);
    fill_indexes(p, is_wide);
}

typedef union any_create {
    JET_TABLECREATE_A first;
    JET_TABLECREATE2_A second;
    JET_TABLECREATE3_A third;
    JET_TABLECREATE4_A fourth;
} any_create;

#define FILL(c, indexes)                                                                           \
    do {                                                                                           \
        memset((c), 0, sizeof *(c));                                                               \
        (c)->cbStruct = sizeof *(c);                                                               \
        (c)->szTableName = TEXT("table", u"table");                                                \
        (c)->ulPages = 3;                                                                          \
        (c)->ulDensity = 70;                                                                       \
        (c)->rgcolumncreate = p->columns;                                                          \
        (c)->cColumns = 3;                                                                         \
        (c)->rgindexcreate = (indexes);                                                            \
        (c)->cIndexes = 2;                                                                         \
    } while (0)

/* Creates the table by the given version; the handle and the count come back. */
static JET_ERR
create(const test_jet *t, parts *p, unsigned version, bool is_wide, JET_TABLEID *table,
       uint32_t *n_created)
{
    any_create c;
    JET_ERR err;

    switch (version) {
    case 1:
        FILL(&c.first, p->first);
        err = is_wide ? JetCreateTableColumnIndexW(t->sesid, t->dbid, (void *)&c.first)
                      : JetCreateTableColumnIndexA(t->sesid, t->dbid, &c.first);
        *table = c.first.tableid;
        *n_created = c.first.cCreated;
        return err;
    case 2:
        FILL(&c.second, p->first);
        err = is_wide ? JetCreateTableColumnIndex2W(t->sesid, t->dbid, (void *)&c.second)
                      : JetCreateTableColumnIndex2A(t->sesid, t->dbid, &c.second);
        *table = c.second.tableid;
        *n_created = c.second.cCreated;
        return err;
    case 3:
        FILL(&c.third, p->second);
        err = is_wide ? JetCreateTableColumnIndex3W(t->sesid, t->dbid, (void *)&c.third)
                      : JetCreateTableColumnIndex3A(t->sesid, t->dbid, &c.third);
        *table = c.third.tableid;
        *n_created = c.third.cCreated;
        return err;
    default:
        FILL(&c.fourth, p->third);
        err = is_wide ? JetCreateTableColumnIndex4W(t->sesid, t->dbid, (void *)&c.fourth)
                      : JetCreateTableColumnIndex4A(t->sesid, t->dbid, &c.fourth);
        *table = c.fourth.tableid;
        *n_created = c.fourth.cCreated;
        return err;
    }
}

static void
check_column(const test_jet *t, JET_TABLEID table, const char *name, uint32_t id, uint32_t size)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    assert_ok(
        JetGetTableColumnInfoA(t->sesid, table, name, &definition, sizeof definition, JET_ColInfo));
    assert_int_equal(definition.columnid, id);
    assert_int_equal(definition.cbMax, size);
}

static void
check_index(const test_jet *t, JET_TABLEID table)
{
    uint64_t bytes[128];
    JET_INDEXCREATE2_A index;

    assert_ok(JetGetTableIndexInfoA(t->sesid, table, "TEXT", bytes, sizeof bytes,
                                    JET_IdxInfoCreateIndex2));
    memcpy(&index, bytes, sizeof index);
    assert_string_equal(index.szIndexName, "text");
    assert_memory_equal(index.szKey, "-na\xc3\xafve\0+key\0", 14);
    assert_int_equal(index.pidxunicode->lcid, 1031);
    assert_int_equal(index.pidxunicode->dwMapFlags, 0x401);
    assert_int_equal(index.cbKeyMost, 400);
    assert_int_equal(index.ulDensity, 90);
    assert_int_equal(index.cConditionalColumn, 1);
    assert_string_equal(index.rgconditionalcolumn[0].szColumnName, "value");
    assert_int_equal(index.rgconditionalcolumn[0].grbit, JET_bitIndexColumnMustBeNonNull);
    assert_int_equal(index.ptuplelimits->chLengthMin, 2);
    assert_int_equal(index.ptuplelimits->chLengthMax, 5);
    assert_int_equal(index.ptuplelimits->chToIndexMax, 32767); /* as the instance has it */
    assert_int_equal(index.ptuplelimits->cchIncrement, 1);
}

static void
check_table(const test_jet *t, const parts *p, JET_TABLEID table)
{
    uint32_t allocation[2] = {0, 0};
    char name[65] = "";

    check_column(t, table, "KEY", p->columns[0].columnid, 4);
    check_column(t, table, "na\xc3\xafve", p->columns[1].columnid, 255);
    check_column(t, table, "value", p->columns[2].columnid, 4);
    assert_int_equal(p->columns[0].err, JET_errSuccess);
    assert_int_equal(p->columns[1].err, JET_wrnColumnMaxTruncated);
    assert_int_equal(p->columns[2].err, JET_errSuccess);
    check_index(t, table);
    assert_ok(
        JetGetTableInfoA(t->sesid, table, allocation, sizeof allocation, JET_TblInfoSpaceAlloc));
    assert_int_equal(allocation[0], 3);
    assert_int_equal(allocation[1], 70);
    assert_ok(JetGetTableInfoA(t->sesid, table, name, sizeof name, JET_TblInfoName));
    assert_string_equal(name, "table");
}

static void
test_api_create_table__all_versions_make_the_same(void **state)
{
    test_jet t;
    parts p;

    (void)state;
    test_jet_create(&t, 0);
    for (unsigned version = 1; version <= 4; version++) {
        for (unsigned is_wide = 0; is_wide < 2; is_wide++) {
            JET_TABLEID table = 0;
            uint32_t n_created = 0;

            fill(&p, is_wide != 0);
            assert_ok(create(&t, &p, version, is_wide != 0, &table, &n_created));
            assert_int_equal(n_created, 6);
            assert_int_equal(version == 4   ? p.third[0].err
                             : version == 3 ? p.second[0].err
                                            : p.first[0].err,
                             JET_errSuccess);
            check_table(&t, &p, table);
            assert_ok(JetCloseTable(t.sesid, table));
            assert_ok(is_wide ? JetDeleteTableW(t.sesid, t.dbid, u"TABLE")
                              : JetDeleteTableA(t.sesid, t.dbid, "TABLE"));
        }
    }
    test_jet_close(&t);
}

static void
test_api_create_table__that_fails_leaves_nothing(void **state)
{
    test_jet t;
    parts p;
    JET_TABLEID table = 5;
    uint32_t n_created = 5;

    (void)state;
    test_jet_create(&t, 0);
    fill(&p, false);
    p.columns[2].coltyp = JET_coltypSLV;
    assert_int_equal(create(&t, &p, 1, false, &table, &n_created), JET_errInvalidColumnType);
    assert_int_equal(p.columns[1].err, JET_wrnColumnMaxTruncated);
    assert_int_equal(p.columns[2].err, JET_errInvalidColumnType);
    assert_int_equal(table, JET_tableidNil);
    assert_int_equal(n_created, 0);
    fill(&p, false);
    p.columns[2].cbStruct--;
    assert_int_equal(create(&t, &p, 1, false, &table, &n_created), JET_errInvalidParameter);
    assert_int_equal(p.columns[2].err, JET_errInvalidParameter);
    fill(&p, false);
    p.first[1].cbStruct++;
    assert_int_equal(create(&t, &p, 1, false, &table, &n_created), JET_errInvalidParameter);
    assert_int_equal(p.first[1].err, JET_errInvalidParameter);
    fill(&p, false);
    p.third[1].grbit |= JET_bitIndexUnique;
    assert_int_equal(create(&t, &p, 4, false, &table, &n_created), JET_errIndexTuplesNonUniqueOnly);
    fill(&p, false);
    p.unicode.lcid = 0xabcdef;
    assert_int_equal(create(&t, &p, 2, false, &table, &n_created), JET_errInvalidLanguageId);
    p.unicode = (JET_UNICODEINDEX){1033, 0x100};
    assert_int_equal(create(&t, &p, 2, false, &table, &n_created), JET_errInvalidLCMapStringFlags);
    fill(&p, false);
    p.third[1].pidxunicode = NULL;
    assert_int_equal(create(&t, &p, 4, false, &table, &n_created), JET_errIndexInvalidDef);
    assert_int_equal(JetOpenTableA(t.sesid, t.dbid, "table", NULL, 0, 0, &table),
                     JET_errObjectNotFound);
    test_jet_close(&t);
}

static void
test_api_create_table__with_hints(void **state)
{
    JET_SPACEHINTS hints = {sizeof hints, 90, 0x5000, 0, 0, 0, 0x1000, 0x4000};
    JET_COLUMNCREATE_A column = {.cbStruct = sizeof column,
                                 .szColumnName = (char *)(uintptr_t) "c",
                                 .coltyp = JET_coltypLong};
    JET_TABLECREATE3_A create = {.cbStruct = sizeof create,
                                 .szTableName = (char *)(uintptr_t) "t",
                                 .rgcolumncreate = &column,
                                 .cColumns = 1,
                                 .pSeqSpacehints = &hints,
                                 .pLVSpacehints = &hints,
                                 .cbSeparateLV = 64};
    uint32_t allocation[2] = {0, 0}, n_owned = 0;
    test_jet t;

    (void)state;
    test_jet_create(&t, 0);
    assert_ok(JetCreateTableColumnIndex3A(t.sesid, t.dbid, &create));
    assert_ok(JetGetTableInfoA(t.sesid, create.tableid, allocation, sizeof allocation,
                               JET_TblInfoSpaceAlloc));
    assert_int_equal(allocation[1], 90);
    assert_ok(
        JetGetTableInfoA(t.sesid, create.tableid, &n_owned, sizeof n_owned, JET_TblInfoSpaceOwned));
    assert_in_range(n_owned, 5, 20);
    hints.cbStruct--;
    create.szTableName = (char *)(uintptr_t) "u";
    assert_int_equal(JetCreateTableColumnIndex3A(t.sesid, t.dbid, &create),
                     JET_errInvalidParameter);
    assert_int_equal(create.tableid, JET_tableidNil);
    hints.cbStruct++;
    create.szCallback = (char *)(uintptr_t) "module!function";
    create.cbtyp = JET_cbtypBeforeInsert;
    assert_int_equal(JetCreateTableColumnIndex3A(t.sesid, t.dbid, &create),
                     JET_errCallbackNotResolved);
    create.szCallback = NULL;
    create.cbtyp = JET_cbtypNull;
    create.grbit = 0x80;
    assert_int_equal(JetCreateTableColumnIndex3A(t.sesid, t.dbid, &create), JET_errInvalidGrbit);
    create.cbStruct = 3;
    assert_int_equal(JetCreateTableColumnIndex3A(t.sesid, t.dbid, &create),
                     JET_errInvalidParameter);
    test_jet_close(&t);
}

static void
test_api_ddl__wide_names(void **state)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    const uint32_t value = 7;
    JET_COLUMNID columnid = 0;
    JET_TABLEID table;
    test_jet t;

    (void)state;
    test_jet_create(&t, 0);
    assert_int_equal(JetCreateTableW(t.sesid, t.dbid, u"\u0142", 0, 0, &table), JET_errInvalidName);
    assert_ok(JetCreateTableW(t.sesid, t.dbid, u"T\u00e4ble", 0, 0, &table));
    assert_ok(JetAddColumnW(t.sesid, table, u"c\u00f6l", &definition, NULL, 0, &columnid));
    assert_ok(JetCreateIndexW(t.sesid, table, u"\u00efx", 0, u"+c\u00f6l\0", 12, 0));
    assert_ok(JetSetCurrentIndexA(t.sesid, table, "\xc3\xafx"));
    assert_ok(JetSetCurrentIndexW(t.sesid, table, NULL));
    assert_ok(JetDeleteIndexW(t.sesid, table, u"\u00efx"));
    assert_ok(JetRenameColumnW(t.sesid, table, u"c\u00f6l", u"c2", 0));
    assert_ok(JetCloseTable(t.sesid, table));
    assert_ok(JetSetColumnDefaultValueW(t.sesid, t.dbid, u"t\u00e4ble", u"C2", &value, 4, 0));
    assert_ok(JetRenameTableW(t.sesid, t.dbid, u"T\u00e4ble", u"plain"));
    assert_ok(JetOpenTableA(t.sesid, t.dbid, "plain", NULL, 0, 0, &table));
    assert_ok(JetDeleteColumnW(t.sesid, table, u"c2"));
    assert_int_equal(JetDeleteColumn2W(t.sesid, table, u"c2", 0), JET_errColumnNotFound);
    assert_ok(JetCloseTable(t.sesid, table));
    test_jet_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_create_table__all_versions_make_the_same),
        API_TEST(test_api_create_table__that_fails_leaves_nothing),
        API_TEST(test_api_create_table__with_hints),
        API_TEST(test_api_ddl__wide_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
