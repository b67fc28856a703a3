/* What the tests of temporary tables share: a table of key, text and value, and its rows as one line of text. */
#pragma once

#include "api_test.h"

#include <stdio.h>

enum { NULL_KEY = -1, LINE_MAX = 1000, ROWS_MAX = 60 };

typedef struct temp_fixture {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_TABLEID table;
    JET_COLUMNID key, text, value, lv, many;
} temp_fixture;

/* Whether tables have next to no memory: then all that have more than a row or two go to the disk. */
static bool temp_spills;

enum { CACHE_PAGES_DEFAULT = 2000000000 };

static inline void
start_temp(temp_fixture *f)
{
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, temp_spills ? 1 : CACHE_PAGES_DEFAULT));
    f->instance = started("temporary");
    f->sesid = begun(f->instance);
}

static inline void
end_temp(temp_fixture *f)
{
    assert_ok(JetTerm(f->instance));
}

/* Key columns: a number, and a text downwards. Then a value, and with long columns a long value and one of many values. */
static inline JET_ERR
try_open_temp(temp_fixture *f, JET_GRBIT grbit, bool has_long)
{
    const JET_COLUMNDEF columns[] = {
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey},
        {.cbStruct = sizeof columns[0],
         .coltyp = JET_coltypText,
         .cp = 1252,
         .grbit = JET_bitColumnTTKey | JET_bitColumnTTDescending},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLongBinary},
        {.cbStruct = sizeof columns[0],
         .coltyp = JET_coltypText,
         .cp = 1252,
         .cbMax = 40,
         .grbit = JET_bitColumnTagged},
    };
    JET_COLUMNID ids[5] = {0};
    JET_ERR err = JetOpenTempTable(f->sesid, columns, has_long ? 5 : 3, grbit, &f->table, ids);

    f->key = ids[0];
    f->text = ids[1];
    f->value = ids[2];
    f->lv = ids[3];
    f->many = ids[4];
    return err;
}

static inline void
open_temp(temp_fixture *f, JET_GRBIT grbit)
{
    assert_ok(try_open_temp(f, grbit, true));
}

static inline JET_ERR
set_long(const temp_fixture *f, JET_COLUMNID column, int32_t value)
{
    return JetSetColumn(f->sesid, f->table, column, &value, sizeof value, 0, NULL);
}

static inline JET_ERR
update_temp(const temp_fixture *f)
{
    return JetUpdate(f->sesid, f->table, NULL, 0, NULL);
}

/* NULL_KEY and NULL leave the column out. An update that fails is cancelled. */
static inline JET_ERR
insert_temp(const temp_fixture *f, int32_t key, const char *text, int32_t value)
{
    JET_ERR err = JetPrepareUpdate(f->sesid, f->table, JET_prepInsert);

    if (err >= 0 && key != NULL_KEY)
        err = set_long(f, f->key, key);
    if (err >= 0 && text != NULL)
        err = JetSetColumn(f->sesid, f->table, f->text, text, (uint32_t)strlen(text), 0, NULL);
    if (err >= 0)
        err = set_long(f, f->value, value);
    if (err >= 0)
        err = update_temp(f);
    if (err < 0)
        JetPrepareUpdate(f->sesid, f->table, JET_prepCancel);
    return err;
}

static inline int32_t
get_long(const temp_fixture *f, JET_COLUMNID column)
{
    int32_t value = 0;
    JET_ERR err =
        JetRetrieveColumn(f->sesid, f->table, column, &value, sizeof value, NULL, 0, NULL);

    return err == JET_wrnColumnNull ? NULL_KEY : err < 0 ? err : value;
}

/* "3three2 5-1" and so on: key, text and value of every row, then the code that ended the walk. */
static inline const char *
rows_of(const temp_fixture *f, int32_t from, int32_t step)
{
    static char line[LINE_MAX];
    size_t used = 0;
    JET_ERR err = JetMove(f->sesid, f->table, from, 0);

    line[0] = '\0';
    for (int n = 0; err >= 0 && n < ROWS_MAX; n++) {
        char text[60] = "";
        uint32_t size = 0;
        JET_ERR text_err =
            JetRetrieveColumn(f->sesid, f->table, f->text, text, sizeof text - 1, &size, 0, NULL);

        text[text_err == 0 ? size : 0] = '\0';
        used += (size_t)snprintf(line + used, sizeof line - used, "%d%s%d ",
                                 (int)get_long(f, f->key), text, (int)get_long(f, f->value));
        err = JetMove(f->sesid, f->table, step, 0);
    }
    snprintf(line + used, sizeof line - used, "%d", (int)err);
    return line;
}

#define assert_rows(f, expected)                                                                   \
    assert_string_equal(rows_of((f), (int32_t)JET_MoveFirst, JET_MoveNext), (expected))
#define assert_rows_backward(f, expected)                                                          \
    assert_string_equal(rows_of((f), JET_MoveLast, JET_MovePrevious), (expected))
