/* A fresh database with a catalog, and sessions that change its schema. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "schema/schema_catalog.h"
#include "test_fixture.h"
#include "test_fresh.h"
#include "test_structure.h"

enum { SESSIONS = 3 };

typedef struct ddl_test {
    test_fresh db;
    ese_schema *schema;
    ese_txn_session sessions[SESSIONS];
} ddl_test;

static inline void
ddl_attach(ddl_test *t)
{
    TEST_OK(ese_schema_open(t->db.pages, t->db.db, &t->db.header, NULL, &t->schema));
    for (unsigned i = 0; i < SESSIONS; i++)
        test_fresh_session(&t->db, &t->sessions[i]);
}

static inline void
ddl_create(ddl_test *t, uint32_t page_size)
{
    const test_fresh_options options = {.page_size = page_size};

    test_fresh_create(&t->db, &options);
    TEST_OK(ese_schema_format(t->db.db, &t->db.header));
    ddl_attach(t);
}

static inline void
ddl_detach(ddl_test *t)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        ese_txn_session_end(&t->sessions[i]);
    ese_txn_store_clean(t->db.store);
    ese_schema_close(&t->schema);
    test_fresh_close(&t->db);
}

static inline void
ddl_reopen(ddl_test *t)
{
    ddl_detach(t);
    test_fresh_open(&t->db);
    ddl_attach(t);
}

static inline void
ddl_remove(ddl_test *t)
{
    ddl_detach(t);
    test_fresh_remove(&t->db);
}

static inline ese_schema_table *
ddl_open(ddl_test *t, unsigned session, const char *name)
{
    ese_schema_table *table = NULL;

    TEST_OK(ese_schema_table_open(t->schema, &t->sessions[session], name, &table));
    return table;
}

/* Does the session see the table? */
static inline bool
ddl_sees(ddl_test *t, unsigned session, const char *name)
{
    ese_schema_table *table = NULL;
    JET_ERR err = ese_schema_table_open(t->schema, &t->sessions[session], name, &table);

    assert_true(err == JET_errSuccess || err == JET_errObjectNotFound);
    ese_schema_table_release(t->schema, &table);
    return err == JET_errSuccess;
}

static inline ese_schema_table *
ddl_create_table(ddl_test *t, unsigned session, const char *name)
{
    const ese_schema_new_table what = {.name = name};
    ese_schema_table *table = NULL;

    TEST_OK(ese_schema_create_table(&t->sessions[session], t->schema, &what, &table));
    return table;
}

static inline void
ddl_sync(ddl_test *t, unsigned session, ese_schema_table **table)
{
    TEST_OK(ese_schema_table_sync(t->schema, &t->sessions[session], table));
}

static inline JET_ERR
ddl_try_column(ddl_test *t, unsigned session, ese_schema_table **table, const char *name,
               JET_COLTYP coltyp)
{
    const ese_schema_new_column what = {.name = name, .coltyp = coltyp};
    JET_COLUMNID columnid = 0;
    JET_ERR err = ese_schema_add_column(&t->sessions[session], t->schema, *table, &what, &columnid);

    if (err >= JET_errSuccess)
        ddl_sync(t, session, table);
    return err;
}

static inline void
ddl_add_column(ddl_test *t, unsigned session, ese_schema_table **table, const char *name,
               JET_COLTYP coltyp)
{
    TEST_OK(ddl_try_column(t, session, table, name, coltyp));
}

/* `key` as a literal with one zero of its own at the end: "+a\0". */
#define DDL_INDEX(name_, key_, grbit_)                                                             \
    &(const ese_schema_new_index)                                                                  \
    {                                                                                              \
        .name = name_, .key = key_, .key_size = sizeof(key_), .grbit = grbit_                      \
    }

static inline JET_ERR
ddl_try_index(ddl_test *t, unsigned session, ese_schema_table **table,
              const ese_schema_new_index *what)
{
    uint32_t objid = 0;
    JET_ERR err = ese_schema_create_index(&t->sessions[session], t->schema, *table, what, &objid);

    if (err >= JET_errSuccess)
        ddl_sync(t, session, table);
    return err;
}

static inline void
ddl_begin(ddl_test *t, unsigned session)
{
    TEST_OK(ese_txn_begin(&t->sessions[session], false));
}

static inline void
ddl_commit(ddl_test *t, unsigned session)
{
    TEST_OK(ese_txn_commit(&t->sessions[session]));
}

static inline void
ddl_rollback(ddl_test *t, unsigned session)
{
    TEST_OK(ese_txn_rollback(&t->sessions[session], false));
}

/* The four trees of the catalog are sound, and the shadow is a copy. */
static inline void
ddl_check_catalog(ddl_test *t)
{
    test_structure catalog, shadow, names;

    ese_txn_store_clean(t->db.store);
    catalog = test_structure_check(&t->schema->catalog);
    shadow = test_structure_check(&t->schema->shadow);
    names = test_structure_check(&t->schema->by_name);
    (void)test_structure_check(&t->schema->roots);
    assert_int_equal(catalog.n_nodes - catalog.n_deleted, shadow.n_nodes - shadow.n_deleted);
    assert_int_equal(catalog.n_nodes - catalog.n_deleted, names.n_nodes - names.n_deleted);
}
