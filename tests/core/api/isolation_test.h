/* A fresh database with a table of (id, number), an index of each, and sessions on it, for tests of transactions. Calls fail the test unless their name begins with try_. */
#pragma once

#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "api_test.h"
#include "test_fresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MISSING = INT32_MIN };

typedef struct user {
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID id, number;
} user;

typedef struct pair {
    JET_INSTANCE instance;
    char folder[64];
    char path[100];
    user a, b;
} pair;

static inline void
open_table(user *u, const char *path)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    assert_true(JetOpenDatabaseA(u->sesid, path, NULL, &u->dbid, 0) >= JET_errSuccess);
    assert_ok(JetOpenTableA(u->sesid, u->dbid, "t", NULL, 0, 0, &u->tableid));
    assert_ok(JetGetTableColumnInfoA(u->sesid, u->tableid, "id", &definition, sizeof definition,
                                     JET_ColInfo));
    u->id = definition.columnid;
    assert_ok(JetGetTableColumnInfoA(u->sesid, u->tableid, "number", &definition, sizeof definition,
                                     JET_ColInfo));
    u->number = definition.columnid;
}

static inline void
make_table(user *u)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_TABLEID tableid;
    JET_COLUMNID columnid;

    assert_ok(JetCreateTableA(u->sesid, u->dbid, "t", 1, 80, &tableid));
    assert_ok(JetAddColumnA(u->sesid, tableid, "id", &definition, NULL, 0, &columnid));
    assert_ok(JetAddColumnA(u->sesid, tableid, "number", &definition, NULL, 0, &columnid));
    assert_ok(JetCreateIndexA(u->sesid, tableid, "id", JET_bitIndexPrimary, "+id\0", 5, 80));
    assert_ok(JetCreateIndexA(u->sesid, tableid, "number", 0, "+number\0", 9, 80));
    assert_ok(JetCloseTable(u->sesid, tableid));
}

static inline int
open_pair(void **state)
{
    pair *p = calloc(1, sizeof *p);

    assert_non_null(p);
    snprintf(p->folder, sizeof p->folder, ESE_TEST_FOLDER "/ese-isolation-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/data.edb", p->folder);
    remember_memory(state);
    p->instance = started("isolation");
    p->a.sesid = begun(p->instance);
    assert_ok(JetCreateDatabaseA(p->a.sesid, p->path, NULL, &p->a.dbid, 0));
    make_table(&p->a);
    assert_ok(JetDupSession(p->a.sesid, &p->b.sesid));
    open_table(&p->a, p->path);
    open_table(&p->b, p->path);
    *state = p;
    return 0;
}

static inline int
close_pair(void **state)
{
    pair *p = *state;

    assert_ok(JetTerm(p->instance));
    test_check_file(p->path);
    unlink(p->path);
    rmdir(p->folder);
    free(p);
    return compare_memory(state);
}

#define ISOLATION_TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

static inline void
begin(const user *u)
{
    assert_ok(JetBeginTransaction(u->sesid));
}

static inline void
commit(const user *u)
{
    assert_ok(JetCommitTransaction(u->sesid, 0));
}

static inline void
rollback(const user *u)
{
    assert_ok(JetRollback(u->sesid, 0));
}

static inline bool
find(const user *u, const char *index, int32_t key)
{
    JET_ERR err;

    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, index));
    assert_ok(JetMakeKey(u->sesid, u->tableid, &key, sizeof key, JET_bitNewKey));
    err = JetSeek(u->sesid, u->tableid, JET_bitSeekEQ);
    assert_true(err == JET_errSuccess || err == JET_errRecordNotFound);
    return err == JET_errSuccess;
}

static inline int32_t
retrieve(const user *u, JET_COLUMNID columnid)
{
    int32_t value = 0;
    uint32_t size = 0;

    assert_ok(
        JetRetrieveColumn(u->sesid, u->tableid, columnid, &value, sizeof value, &size, 0, NULL));
    assert_int_equal(size, sizeof value);
    return value;
}

static inline int32_t
get(const user *u, int32_t id)
{
    return find(u, "id", id) ? retrieve(u, u->number) : MISSING;
}

static inline int32_t
id_with_number(const user *u, int32_t number)
{
    return find(u, "number", number) ? retrieve(u, u->id) : MISSING;
}

/* Makes the prepared update, or cancels it. */
static inline JET_ERR
finish(const user *u)
{
    JET_ERR err = JetUpdate(u->sesid, u->tableid, NULL, 0, NULL);

    if (err < JET_errSuccess)
        assert_ok(JetPrepareUpdate(u->sesid, u->tableid, JET_prepCancel));
    return err;
}

static inline JET_ERR
try_put(const user *u, int32_t id, int32_t number)
{
    assert_ok(JetPrepareUpdate(u->sesid, u->tableid, JET_prepInsert));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->id, &id, sizeof id, 0, NULL));
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->number, &number, sizeof number, 0, NULL));
    return finish(u);
}

static inline JET_ERR
try_replace(const user *u, int32_t id, int32_t number)
{
    JET_ERR err;

    assert_true(find(u, "id", id));
    err = JetPrepareUpdate(u->sesid, u->tableid, JET_prepReplace);
    if (err < JET_errSuccess)
        return err;
    assert_ok(JetSetColumn(u->sesid, u->tableid, u->number, &number, sizeof number, 0, NULL));
    return finish(u);
}

static inline JET_ERR
try_delete(const user *u, int32_t id)
{
    assert_true(find(u, "id", id));
    return JetDelete(u->sesid, u->tableid);
}

static inline void
put(const user *u, int32_t id, int32_t number)
{
    assert_ok(try_put(u, id, number));
}

static inline void
replace(const user *u, int32_t id, int32_t number)
{
    assert_ok(try_replace(u, id, number));
}

static inline void
erase(const user *u, int32_t id)
{
    assert_ok(try_delete(u, id));
}

static inline int
count_in(const user *u, const char *index)
{
    int n = 0;
    JET_ERR err;

    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, index));
    for (err = JetMove(u->sesid, u->tableid, (int32_t)JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(u->sesid, u->tableid, JET_MoveNext, 0))
        n++;
    assert_int_equal(err, JET_errNoCurrentRecord);
    return n;
}

static inline int
count(const user *u)
{
    return count_in(u, "id");
}

static inline int
count_by_number(const user *u)
{
    return count_in(u, "number");
}

/* Sum of the numbers of the ids from `low` to `high`. */
static inline int64_t
sum_of_range(const user *u, int32_t low, int32_t high)
{
    int64_t sum = 0;
    JET_ERR err;

    assert_ok(JetSetCurrentIndexA(u->sesid, u->tableid, "id"));
    assert_ok(JetMakeKey(u->sesid, u->tableid, &low, sizeof low, JET_bitNewKey));
    err = JetSeek(u->sesid, u->tableid, JET_bitSeekGE);
    if (err < JET_errSuccess)
        return 0;
    assert_ok(JetMakeKey(u->sesid, u->tableid, &high, sizeof high, JET_bitNewKey));
    err = JetSetIndexRange(u->sesid, u->tableid, JET_bitRangeInclusive | JET_bitRangeUpperLimit);
    while (err == JET_errSuccess) {
        sum += retrieve(u, u->number);
        err = JetMove(u->sesid, u->tableid, JET_MoveNext, 0);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    return sum;
}
