/* A fresh database with one table, sessions and cursors on it, and calls as core/api makes them: each begins with ese_table_sync. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "record/record_lv.h"
#include "schema/schema_ddl.h"
#include "table/table_build.h"
#include "table/table_update.h"
#include "test_fixture.h"
#include "test_fresh.h"
#include "test_structure.h"

enum { SESSIONS = 3, NOBODY = INT32_MIN };

typedef struct update_test {
    test_fresh db;
    ese_schema *schema;
    ese_txn_session sessions[SESSIONS];
    ese_table_cursor *cursors[SESSIONS];        /* on table "t"; NULL: not open */
    JET_COLUMNID id, n, text, lv, many, packed; /* of the table of update_create */
} update_test;

static inline void
update_attach(update_test *t)
{
    TEST_OK(ese_schema_open(t->db.pages, t->db.db, &t->db.header, NULL, &t->schema));
    for (unsigned i = 0; i < SESSIONS; i++)
        test_fresh_session(&t->db, &t->sessions[i]);
}

static inline void
update_close_cursors(update_test *t)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        ese_table_close(&t->cursors[i]);
}

static inline void
update_detach(update_test *t)
{
    update_close_cursors(t);
    for (unsigned i = 0; i < SESSIONS; i++)
        ese_txn_session_end(&t->sessions[i]);
    ese_txn_store_clean(t->db.store);
    ese_schema_close(&t->schema);
    test_fresh_close(&t->db);
}

static inline void
update_open_cursors(update_test *t)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        TEST_OK(ese_table_open(&t->sessions[i], t->schema, "t", &t->cursors[i]));
}

static inline void
update_remove(update_test *t)
{
    update_detach(t);
    test_fresh_remove(&t->db);
}

static inline void
update_reopen(update_test *t)
{
    update_detach(t);
    test_fresh_open(&t->db);
    update_attach(t);
    update_open_cursors(t);
}

/* ---- the table */

static inline JET_COLUMNID
update_add_column(update_test *t, ese_schema_table **table, const ese_schema_new_column *what)
{
    JET_COLUMNID columnid = 0;

    TEST_OK(ese_schema_add_column(&t->sessions[0], t->schema, *table, what, &columnid));
    TEST_OK(ese_schema_table_sync(t->schema, &t->sessions[0], table));
    return columnid;
}

/* `key` as a literal with one zero of its own at the end: "+a\0". */
#define UPDATE_INDEX(name_, key_, grbit_)                                                          \
    &(const ese_schema_new_index)                                                                  \
    {                                                                                              \
        .name = name_, .key = key_, .key_size = sizeof(key_), .grbit = grbit_                      \
    }

static inline JET_ERR
update_try_index(update_test *t, ese_schema_table **table, const ese_schema_new_index *what)
{
    ese_txn_session *session = &t->sessions[0];
    ese_txn_statement statement;
    uint32_t objid = 0;
    JET_ERR err;

    TEST_OK(ese_txn_statement_enter(session, &statement));
    err = ese_schema_create_index(session, t->schema, *table, what, &objid);
    if (err >= JET_errSuccess)
        err = ese_schema_table_sync(t->schema, session, table);
    if (err >= JET_errSuccess)
        err = ese_table_build_index(session, t->schema, *table,
                                    ese_schema_find_index(*table, what->name));
    err = ese_txn_statement_leave(session, &statement, err);
    TEST_OK(ese_schema_table_sync(t->schema, session, table));
    return err;
}

#define COLUMN(...) (&(const ese_schema_new_column){__VA_ARGS__})

/* Table "t": numbers, text, long values, several values, in the order of "id"; indexes by "n", by "text" and "id", and a unique one by "id". */
static inline void
update_create(update_test *t, uint32_t page_size)
{
    const test_fresh_options options = {.page_size = page_size};
    const ese_schema_new_table what = {.name = "t"};
    ese_schema_table *table = NULL;

    *t = (update_test){0};
    test_fresh_create(&t->db, &options);
    TEST_OK(ese_schema_format(t->db.db, &t->db.header));
    update_attach(t);
    TEST_OK(ese_txn_begin(&t->sessions[0], false));
    TEST_OK(ese_schema_create_table(&t->sessions[0], t->schema, &what, &table));
    t->id = update_add_column(t, &table, COLUMN(.name = "id", .coltyp = JET_coltypLong));
    t->n = update_add_column(t, &table, COLUMN(.name = "n", .coltyp = JET_coltypLong));
    t->text = update_add_column(
        t, &table,
        COLUMN(.name = "text", .coltyp = JET_coltypText, .code_page = 1252, .size_max = 100));
    t->lv = update_add_column(t, &table, COLUMN(.name = "lv", .coltyp = JET_coltypLongBinary));
    t->many = update_add_column(t, &table,
                                COLUMN(.name = "many", .coltyp = JET_coltypLong,
                                       .grbit = JET_bitColumnTagged | JET_bitColumnMultiValued));
    t->packed = update_add_column(
        t, &table,
        COLUMN(.name = "packed", .coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnCompressed));
    TEST_OK(update_try_index(t, &table, UPDATE_INDEX("pk", "+id\0", JET_bitIndexPrimary)));
    TEST_OK(update_try_index(t, &table, UPDATE_INDEX("by_n", "+n\0", 0)));
    TEST_OK(update_try_index(t, &table, UPDATE_INDEX("by_text", "-text\0+id\0", 0)));
    TEST_OK(update_try_index(t, &table, UPDATE_INDEX("unique", "+id\0", JET_bitIndexUnique)));
    TEST_OK(update_try_index(t, &table, UPDATE_INDEX("by_many", "+many\0", 0)));
    ese_schema_table_release(t->schema, &table);
    TEST_OK(ese_txn_commit(&t->sessions[0]));
    update_open_cursors(t);
}

/* ---- calls */

static inline ese_table_cursor *
cursor_of(update_test *t, unsigned session)
{
    TEST_OK(ese_table_sync(t->cursors[session]));
    return t->cursors[session];
}

static inline JET_ERR
prepare(update_test *t, unsigned session, uint32_t prep)
{
    JET_ERR err = ese_table_sync(t->cursors[session]);

    return err < JET_errSuccess ? err : ese_table_prepare_update(t->cursors[session], prep);
}

static inline JET_ERR
set_value(update_test *t, unsigned session, ese_table_setting setting)
{
    JET_ERR err = ese_table_sync(t->cursors[session]);

    return err < JET_errSuccess ? err : ese_table_set_column(t->cursors[session], &setting);
}

static inline JET_ERR
set_number(update_test *t, unsigned session, JET_COLUMNID columnid, int32_t value)
{
    return set_value(
        t, session,
        (ese_table_setting){
            .columnid = columnid, .data = &value, .size = sizeof value, .itag_sequence = 1});
}

static inline JET_ERR
set_bytes(update_test *t, unsigned session, JET_COLUMNID columnid, const void *data, size_t size,
          JET_GRBIT grbit)
{
    return set_value(t, session,
                     (ese_table_setting){.columnid = columnid,
                                         .data = data,
                                         .size = (uint32_t)size,
                                         .grbit = grbit,
                                         .itag_sequence = 1});
}

static inline JET_ERR
finish(update_test *t, unsigned session)
{
    uint32_t size = 0;
    JET_ERR err = ese_table_sync(t->cursors[session]);

    return err < JET_errSuccess ? err : ese_table_update(t->cursors[session], NULL, 0, &size);
}

static inline JET_ERR
insert(update_test *t, unsigned session, int32_t id, int32_t n, const char *text)
{
    JET_ERR err;

    TEST_OK(prepare(t, session, JET_prepInsert));
    TEST_OK(set_number(t, session, t->id, id));
    TEST_OK(set_number(t, session, t->n, n));
    if (text != NULL)
        TEST_OK(set_bytes(t, session, t->text, text, strlen(text), 0));
    err = finish(t, session);
    if (err < JET_errSuccess)
        ese_table_cancel_update(t->cursors[session]);
    return err;
}

static inline bool
seek(update_test *t, unsigned session, int32_t id)
{
    ese_table_match match = ESE_TABLE_MATCH_NONE;
    ese_table_cursor *cursor = cursor_of(t, session);

    TEST_OK(ese_table_make_key(cursor, &id, sizeof id, JET_bitNewKey));
    TEST_OK(ese_table_seek(cursor_of(t, session), JET_bitSeekEQ, &match));
    return match == ESE_TABLE_MATCH_EQUAL;
}

static inline JET_ERR
delete_record(update_test *t, unsigned session)
{
    JET_ERR err = ese_table_sync(t->cursors[session]);

    return err < JET_errSuccess ? err : ese_table_delete(t->cursors[session]);
}

/* The value of a column of numbers; NOBODY: NULL. */
static inline JET_ERR
get_number(update_test *t, unsigned session, JET_COLUMNID columnid, JET_GRBIT grbit, int32_t *value)
{
    ese_table_request request = {.columnid = columnid,
                                 .grbit = grbit,
                                 .itag_sequence = 1,
                                 .to = value,
                                 .room = sizeof *value};
    JET_ERR err = ese_table_retrieve(cursor_of(t, session), &request);

    if (err >= JET_errSuccess && request.state == ESE_TABLE_NULL)
        *value = NOBODY;
    return err;
}

static inline int32_t
number(update_test *t, unsigned session, JET_COLUMNID columnid)
{
    int32_t value = 0;

    TEST_OK(get_number(t, session, columnid, 0, &value));
    return value;
}

/* The bytes of a value; its size is returned, UINT32_MAX: NULL. */
static inline uint32_t
bytes(update_test *t, unsigned session, JET_COLUMNID columnid, JET_GRBIT grbit, void *to,
      uint32_t room)
{
    ese_table_request request = {
        .columnid = columnid, .grbit = grbit, .itag_sequence = 1, .to = to, .room = room};

    TEST_OK(ese_table_retrieve(cursor_of(t, session), &request));
    return request.state == ESE_TABLE_NULL ? UINT32_MAX : request.size;
}

static inline void
use_index(update_test *t, unsigned session, const char *name)
{
    ese_table_cursor *cursor = cursor_of(t, session);
    ese_table_outcome outcome;
    ese_schema_index *index = name == NULL
                                  ? ese_table_descriptor(cursor)->primary
                                  : ese_schema_find_index(ese_table_descriptor(cursor), name);

    assert_non_null(index);
    TEST_OK(ese_table_set_index(cursor, index, ESE_TABLE_MOVE_FIRST, 0, &outcome));
}

static inline bool
move(update_test *t, unsigned session, int64_t distance)
{
    bool found = false;

    TEST_OK(ese_table_move(cursor_of(t, session), distance, ESE_TABLE_BY_ENTRY, &found));
    return found;
}

/* The ids of all records in the order of an index (NULL: the primary one), as "1 2 3". */
static inline const char *
ids(update_test *t, unsigned session, const char *index)
{
    static char list[4096];
    size_t used = 0;
    bool found = false;

    use_index(t, session, index);
    list[0] = '\0';
    TEST_OK(ese_table_move_first(cursor_of(t, session), &found));
    while (found) {
        int n = snprintf(list + used, sizeof list - used, "%s%d", used == 0 ? "" : " ",
                         number(t, session, t->id));

        used += (size_t)n;
        assert_true(used < sizeof list);
        found = move(t, session, 1);
    }
    return list;
}

static inline void
begin(update_test *t, unsigned session)
{
    TEST_OK(ese_txn_begin(&t->sessions[session], false));
}

static inline void
commit(update_test *t, unsigned session)
{
    TEST_OK(ese_txn_commit(&t->sessions[session]));
}

static inline void
roll_back(update_test *t, unsigned session)
{
    TEST_OK(ese_txn_rollback(&t->sessions[session], false));
    assert_false(ese_table_roll_back(t->cursors[session], t->sessions[session].level));
}

/* ---- what must always hold */

typedef struct entry_count {
    uint64_t n;
} entry_count;

static inline JET_ERR
update_count_entry(void *self, ese_bytes key)
{
    (void)key;
    ((entry_count *)self)->n++;
    return JET_errSuccess;
}

/* Every tree is sound, and every index has as many entries as the records have keys in it (values of `many` are distinct). */
static inline void
update_check(update_test *t)
{
    const ese_schema_table *table;
    entry_count counts[8] = {{0}};
    test_structure records;

    update_close_cursors(t);
    ese_txn_store_clean(t->db.store);
    update_open_cursors(t);
    table = ese_table_descriptor(t->cursors[0]);
    records = test_structure_check(&table->tree);
    assert_int_equal(records.n_deleted, 0);
    for (bool found = move(t, 0, 0); found; found = move(t, 0, 1)) {
        for (unsigned i = 0; i < table->n_indexes; i++) {
            const ese_table_entries_ops ops = {&counts[i], update_count_entry};

            TEST_OK(ese_table_entries(t->cursors[0], &table->indexes[i], &ops));
        }
    }
    for (unsigned i = 0; i < table->n_indexes; i++) {
        test_structure entries = test_structure_check(&table->indexes[i].tree);

        assert_int_equal(entries.n_deleted, 0);
        assert_int_equal(entries.n_nodes, counts[i].n);
    }
}

/* Nodes of the tree of long values, once nobody needs old ones. */
static inline size_t
count_long_nodes(update_test *t)
{
    ese_btree tree;
    ese_schema_table *table;
    ese_txn_statement statement;
    test_structure structure;

    update_close_cursors(t);
    ese_txn_store_clean(t->db.store);
    update_open_cursors(t);
    TEST_OK(ese_schema_table_open(t->schema, &t->sessions[0], "t", &table));
    TEST_OK(ese_txn_statement_enter(&t->sessions[0], &statement));
    TEST_OK(ese_schema_lv_tree(&t->sessions[0], t->schema, table, &tree));
    TEST_OK(ese_txn_statement_leave(&t->sessions[0], &statement, JET_errSuccess));
    ese_schema_table_release(t->schema, &table);
    structure = test_structure_check(&tree);
    assert_int_equal(structure.n_deleted, 0);
    return structure.n_nodes;
}
