/* The W functions do what the A functions do: the same codes and the same answers, with text in UTF-16. */
#include "api_test.h"

#include <stdio.h>
#include <uchar.h>

#include "base/utf.h"
#include "test_fixture.h"

enum { ROOM = 3000, LEVELS = 24 };

/* Names as a caller may give them, good and bad. */
static const char *const names[] = {NULL,      "",    "seek", "SEEK",    "move",
                                    "missing", "id",  "byn",  "primary", "pk",
                                    " id",     "a.b", "both", "down",    "\xc3\xa4rger"};

enum { N_NAMES = sizeof names / sizeof names[0] };

typedef struct answer {
    JET_ERR err;
    uint8_t bytes[ROOM];
} answer;

static test_session session;

static const WCHAR *
wide(const char *text)
{
    static WCHAR units[2][1100];
    static unsigned turn;
    WCHAR *to = units[turn++ % 2];
    size_t n = 0;

    if (text == NULL)
        return NULL;
    assert_int_equal(ese_utf8_to_utf16(text, strlen(text), to, 1099, &n), JET_errSuccess);
    to[n] = 0;
    return to;
}

static void
clear(answer *a, answer *w)
{
    memset(a, 0, sizeof *a);
    memset(w, 0, sizeof *w);
}

/* Temporary tables have handles of their own, so of a list only the number of rows is compared, and the table is closed. */
static void
drop_list(answer *list, size_t tableid_at)
{
    JET_TABLEID tableid;

    if (list->err < 0)
        return;
    memcpy(&tableid, list->bytes + tableid_at, sizeof tableid);
    assert_ok(JetCloseTable(session.sesid, tableid));
    memset(list->bytes + tableid_at, 0, sizeof tableid);
}

static bool
is_text_or_has_text(const char *what, uint32_t level)
{
    if (strcmp(what, "column") == 0)
        return level == JET_ColInfoBase || level == JET_ColInfoBaseByColid;
    if (strcmp(what, "index") == 0)
        return level >= JET_IdxInfoCreateIndex;
    return level == JET_TblInfoName || level == JET_TblInfoTemplateTableName;
}

static void
expect_same(const char *what, const char *name, uint32_t level, const answer *a, const answer *w)
{
    if (a->err != w->err)
        fail_msg("%s '%s', level %u: A -> %d, W -> %d", what, name != NULL ? name : "(null)",
                 (unsigned)level, (int)a->err, (int)w->err);
    if (!is_text_or_has_text(what, level) && memcmp(a->bytes, w->bytes, ROOM) != 0)
        fail_msg("%s '%s', level %u: the answers differ", what, name != NULL ? name : "(null)",
                 (unsigned)level);
}

static int
set_up(void **state)
{
    const char *path = test_fixture("cursors-4k.edb");

    remember_memory(state);
    *state = NULL;
    if (path != NULL)
        session = test_session_open(path, 0);
    *state = path != NULL ? &session : NULL;
    return 0;
}

static int
tear_down(void **state)
{
    if (*state != NULL)
        test_session_close(&session);
    return compare_memory(state);
}

static void
test_api_wide__opens_tables_and_chooses_indexes(void **state)
{
    if (*state == NULL)
        skip();
    for (size_t i = 0; i < N_NAMES; i++) {
        JET_TABLEID table_a = 0, table_w = 0;
        JET_ERR err = JetOpenTableA(session.sesid, session.dbid, names[i], NULL, 0, 0, &table_a);

        assert_int_equal(
            JetOpenTableW(session.sesid, session.dbid, wide(names[i]), NULL, 0, 0, &table_w), err);
        if (err < 0)
            continue;
        for (size_t k = 0; k < N_NAMES; k++) {
            char current[70] = "";
            WCHAR current_wide[70] = {0};

            assert_int_equal(JetSetCurrentIndex3W(session.sesid, table_w, wide(names[k]), 0, 1),
                             JetSetCurrentIndex3A(session.sesid, table_a, names[k], 0, 1));
            assert_int_equal(
                JetGetCurrentIndexW(session.sesid, table_w, current_wide, sizeof current_wide),
                JetGetCurrentIndexA(session.sesid, table_a, current, sizeof current));
            assert_memory_equal(current_wide, wide(current), (strlen(current) + 1) * sizeof(WCHAR));
        }
        assert_ok(JetCloseTable(session.sesid, table_a));
        assert_ok(JetCloseTable(session.sesid, table_w));
    }
}

static void
test_api_wide__tells_of_columns(void **state)
{
    answer a, w;

    if (*state == NULL)
        skip();
    for (size_t i = 0; i < N_NAMES; i++) {
        for (uint32_t level = 0; level < LEVELS; level++) {
            bool is_list = level == JET_ColInfoList || level == JET_ColInfoListCompact ||
                           level == JET_ColInfoListSortColumnid;

            if (level == JET_ColInfoByColid || level == JET_ColInfoBaseByColid)
                continue; /* these take a number in place of the name */
            clear(&a, &w);
            a.err = JetGetColumnInfoA(session.sesid, session.dbid, "seek", names[i], a.bytes, ROOM,
                                      level);
            w.err = JetGetColumnInfoW(session.sesid, session.dbid, wide("seek"), wide(names[i]),
                                      w.bytes, ROOM, level);
            if (is_list) {
                drop_list(&a, offsetof(JET_COLUMNLIST, tableid));
                drop_list(&w, offsetof(JET_COLUMNLIST, tableid));
            }
            expect_same("column", names[i], level, &a, &w);
        }
    }
}

static void
test_api_wide__tells_of_indexes(void **state)
{
    answer a, w;

    if (*state == NULL)
        skip();
    for (size_t i = 0; i < N_NAMES; i++) {
        for (uint32_t level = 0; level < LEVELS; level++) {
            bool is_list = level == JET_IdxInfo || level == JET_IdxInfoList;

            clear(&a, &w);
            a.err = JetGetIndexInfoA(session.sesid, session.dbid, "seek", names[i], a.bytes, ROOM,
                                     level);
            w.err = JetGetIndexInfoW(session.sesid, session.dbid, wide("seek"), wide(names[i]),
                                     w.bytes, ROOM, level);
            if (is_list) {
                drop_list(&a, offsetof(JET_INDEXLIST, tableid));
                drop_list(&w, offsetof(JET_INDEXLIST, tableid));
            }
            expect_same("index", names[i], level, &a, &w);
        }
    }
}

static void
test_api_wide__tells_of_tables_and_objects(void **state)
{
    JET_TABLEID tableid;
    answer a, w;

    if (*state == NULL)
        skip();
    assert_ok(JetOpenTableA(session.sesid, session.dbid, "seek", NULL, 0, 0, &tableid));
    for (uint32_t level = 0; level < LEVELS; level++) {
        clear(&a, &w);
        a.err = JetGetTableInfoA(session.sesid, tableid, a.bytes, ROOM, level);
        w.err = JetGetTableInfoW(session.sesid, tableid, w.bytes, ROOM, level);
        expect_same("table", "seek", level, &a, &w);
        if (a.err >= 0 && is_text_or_has_text("table", level))
            assert_memory_equal(w.bytes, wide((const char *)a.bytes),
                                (strlen((const char *)a.bytes) + 1) * sizeof(WCHAR));
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        clear(&a, &w);
        a.err = JetGetObjectInfoA(session.sesid, session.dbid, JET_objtypTable, NULL, names[i],
                                  a.bytes, ROOM, JET_ObjInfo);
        w.err = JetGetObjectInfoW(session.sesid, session.dbid, JET_objtypTable, NULL,
                                  wide(names[i]), w.bytes, ROOM, JET_ObjInfo);
        expect_same("object", names[i], LEVELS, &a, &w);
    }
}

static void
test_api_wide__tells_of_databases(void **state)
{
    char path[1000] = "";
    answer a, w;

    if (*state == NULL)
        skip();
    assert_ok(
        JetGetDatabaseInfoA(session.sesid, session.dbid, path, sizeof path, JET_DbInfoFilename));
    assert_ok(JetGetDatabaseInfoW(session.sesid, session.dbid, w.bytes, ROOM, JET_DbInfoFilename));
    assert_memory_equal(w.bytes, wide(path), (strlen(path) + 1) * sizeof(WCHAR));
    for (uint32_t level = 1; level < LEVELS; level++) {
        clear(&a, &w);
        a.err = JetGetDatabaseFileInfoA(path, a.bytes, sizeof(JET_DBINFOMISC4), level);
        w.err = JetGetDatabaseFileInfoW(wide(path), w.bytes, sizeof(JET_DBINFOMISC4), level);
        expect_same("file", path, LEVELS, &a, &w);
        a.err = JetGetDatabaseInfoA(session.sesid, session.dbid, a.bytes, 4, level);
        w.err = JetGetDatabaseInfoW(session.sesid, session.dbid, w.bytes, 4, level);
        expect_same("database", path, LEVELS, &a, &w);
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        JET_DBID dbid;

        assert_int_equal(JetAttachDatabaseW(session.sesid, wide(names[i]), 0),
                         JetAttachDatabaseA(session.sesid, names[i], 0));
        assert_int_equal(JetOpenDatabaseW(session.sesid, wide(names[i]), NULL, &dbid, 0),
                         JetOpenDatabaseA(session.sesid, names[i], NULL, &dbid, 0));
        assert_int_equal(JetDetachDatabaseW(session.sesid, wide(names[i])),
                         JetDetachDatabaseA(session.sesid, names[i]));
    }
}

static void
test_api_wide__reads_parameters(void **state)
{
    answer a, w;

    (void)state;
    for (uint32_t paramid = 0; paramid < 220; paramid++) {
        JET_API_PTR value_a = 0, value_w = 0;

        if (paramid == JET_paramUnicodeIndexDefault)
            continue; /* the answer is a structure, not text */
        clear(&a, &w);
        a.err = JetGetSystemParameterA(0, 0, paramid, &value_a, (char *)a.bytes, ROOM);
        w.err = JetGetSystemParameterW(0, 0, paramid, &value_w, (WCHAR *)(void *)w.bytes, ROOM);
        assert_int_equal(a.err, w.err);
        assert_int_equal(value_a, value_w);
        assert_memory_equal(w.bytes, wide((const char *)a.bytes),
                            (strlen((const char *)a.bytes) + 1) * sizeof(WCHAR));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_wide__opens_tables_and_chooses_indexes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_wide__tells_of_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_api_wide__tells_of_indexes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_api_wide__tells_of_tables_and_objects, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_api_wide__tells_of_databases, set_up, tear_down),
        API_TEST(test_api_wide__reads_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
