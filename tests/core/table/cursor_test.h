/*
 * Cursor calls as rows of a table: what to do, the code it must give, and the row it must stand on then.
 * The tables they run on are those of tests/support/edb/cursors.py.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ese.h"
#include "test_fixture.h"

#include <string.h>

enum {
    NOWHERE = INT32_MIN, /* there is no current row */
    IS_NULL = INT32_MAX,
    SEEK_UNIQUE = JET_bitSeekEQ | JET_bitCheckUniqueness,
    UP_TO = JET_bitRangeUpperLimit | JET_bitRangeInclusive,
    UP_TO_BEFORE = JET_bitRangeUpperLimit,
};

static test_session session;

/* A cursor and the 4-byte column that tells its rows apart. */
typedef struct test_cursor {
    JET_TABLEID tableid;
    JET_COLUMNID shown;
} test_cursor;

static inline JET_COLUMNID
column_named(JET_TABLEID tableid, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    TEST_OK(JetGetTableColumnInfoA(session.sesid, tableid, name, &definition, sizeof definition,
                                   JET_ColInfo));
    return definition.columnid;
}

static inline JET_TABLEID
open_table(const char *table)
{
    JET_TABLEID tableid = JET_tableidNil;

    TEST_OK(JetOpenTableA(session.sesid, session.dbid, table, NULL, 0, 0, &tableid));
    return tableid;
}

static inline test_cursor
open_cursor(const char *table, const char *shown)
{
    JET_TABLEID tableid = open_table(table);

    return (test_cursor){tableid, column_named(tableid, shown)};
}

static inline void
close_cursor(test_cursor cursor)
{
    TEST_OK(JetCloseTable(session.sesid, cursor.tableid));
}

/* The shown column of the current row; NOWHERE, IS_NULL. */
static inline int32_t
at(test_cursor cursor)
{
    int32_t value = 0;
    JET_ERR err = JetRetrieveColumn(session.sesid, cursor.tableid, cursor.shown, &value,
                                    sizeof value, NULL, 0, NULL);

    if (err == JET_errNoCurrentRecord)
        return NOWHERE;
    TEST_OK(err);
    return err == JET_wrnColumnNull ? IS_NULL : value;
}

static inline JET_ERR
move(test_cursor cursor, int32_t distance)
{
    return JetMove(session.sesid, cursor.tableid, distance, 0);
}

static inline void
use_index(test_cursor cursor, const char *name)
{
    TEST_OK(JetSetCurrentIndexA(session.sesid, cursor.tableid, name));
}

static inline void
make_key(test_cursor cursor, int32_t value)
{
    TEST_OK(JetMakeKey(session.sesid, cursor.tableid, &value, sizeof value, JET_bitNewKey));
}

static inline JET_ERR
seek(test_cursor cursor, int32_t value, JET_GRBIT grbit)
{
    make_key(cursor, value);
    return JetSeek(session.sesid, cursor.tableid, grbit);
}

static inline JET_ERR
set_range(test_cursor cursor, int32_t value, JET_GRBIT grbit)
{
    make_key(cursor, value);
    return JetSetIndexRange(session.sesid, cursor.tableid, grbit);
}

/* ---- Steps ---- */

typedef enum step_kind {
    STEP_MOVE,
    STEP_SEEK,
    STEP_RANGE,
    STEP_RANGE_WITHOUT_KEY,
    STEP_INDEX,
} step_kind;

typedef struct step {
    step_kind kind;
    const char *name; /* of an index */
    int32_t number;   /* distance, or value of the key */
    JET_GRBIT grbit;
    JET_ERR err;
    int32_t at;
} step;

/* clang-format off */
#define MOVE(distance, err, at)         {STEP_MOVE, NULL, distance, 0, err, at}
#define MOVE_KEY(distance, err, at)     {STEP_MOVE, NULL, distance, JET_bitMoveKeyNE, err, at}
#define SEEK(value, grbit, err, at)     {STEP_SEEK, NULL, value, grbit, err, at}
#define RANGE(value, grbit, err, at)    {STEP_RANGE, NULL, value, grbit, err, at}
#define UNRANGE(grbit, err, at)         {STEP_RANGE_WITHOUT_KEY, NULL, 0, grbit, err, at}
#define INDEX(name, err, at)            {STEP_INDEX, name, 0, 0, err, at}
/* clang-format on */

#define FIRST INT32_MIN /* JET_MoveFirst as the signed number it is passed as */
#define LAST  JET_MoveLast
#define END   JET_errNoCurrentRecord

static inline JET_ERR
take_step(test_cursor cursor, const step *what)
{
    switch (what->kind) {
    case STEP_MOVE: return JetMove(session.sesid, cursor.tableid, what->number, what->grbit);
    case STEP_SEEK: return seek(cursor, what->number, what->grbit);
    case STEP_RANGE: return set_range(cursor, what->number, what->grbit);
    case STEP_RANGE_WITHOUT_KEY:
        return JetSetIndexRange(session.sesid, cursor.tableid, what->grbit);
    default: return JetSetCurrentIndexA(session.sesid, cursor.tableid, what->name);
    }
}

static inline void
run_steps(test_cursor cursor, const step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        JET_ERR err = take_step(cursor, &steps[i]);
        int32_t place = at(cursor);

        if (err != steps[i].err || place != steps[i].at)
            fail_msg("step %zu (number %d): %d at %d, not %d at %d", i + 1, (int)steps[i].number,
                     (int)err, (int)place, (int)steps[i].err, (int)steps[i].at);
    }
}

#define RUN(cursor, ...)                                                                           \
    do {                                                                                           \
        static const step steps_[] = {__VA_ARGS__};                                                \
        run_steps(cursor, steps_, sizeof steps_ / sizeof steps_[0]);                               \
    } while (0)

/* ---- Walks ---- */

/* The rows from the current one on, in steps of `distance`, are exactly those listed. */
static inline void
expect_walk(test_cursor cursor, int32_t distance, const int32_t *rows, size_t n)
{
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < n; i++, err = move(cursor, distance)) {
        int32_t place = at(cursor);

        if (err < JET_errSuccess || place != rows[i])
            fail_msg("row %zu of the walk: %d at %d, not at %d", i + 1, (int)err, (int)place,
                     (int)rows[i]);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
}

#define EXPECT_WALK(cursor, distance, ...)                                                         \
    do {                                                                                           \
        static const int32_t rows_[] = {__VA_ARGS__};                                              \
        expect_walk(cursor, distance, rows_, sizeof rows_ / sizeof rows_[0]);                      \
    } while (0)

/* ---- The database ---- */

static inline int
open_cursors_database(void **state)
{
    (void)state;
    session = test_session_open(test_fixture("cursors-4k.edb"), 0);
    return 0;
}

static inline int
open_values_database(void **state)
{
    (void)state;
    session = test_session_open(test_fixture("cursors-8k.edb"), 0);
    return 0;
}

static inline int
close_database(void **state)
{
    (void)state;
    test_session_close(&session);
    return ese_live_allocations() == 0 ? 0 : -1;
}
