/*
 * Every index of every table of every real database: it walks forward and backward through the same entries in order, and
 * seeking the key of each entry finds it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/api_cursor.h"
#include "base/alloc.h"
#include "test_corpus.h"

enum { KEY_MAX = 2100 };

typedef struct totals {
    unsigned databases, tables, indexes, unknown_versions;
    unsigned long long entries, seeks;
} totals;

static totals total;
static JET_SESID sesid;
static JET_DBID dbid;
static const char *database_name;

#define OK(call)                                                                                   \
    do {                                                                                           \
        JET_ERR ok_err = (call);                                                                   \
        if (ok_err < 0)                                                                            \
            fail_msg("%s: %s -> %d: %s", database_name, #call, (int)ok_err,                        \
                     ese_error_text(ok_err));                                                      \
    } while (0)

/* Key and bookmark of an entry; in primary order the key is the bookmark. */
typedef struct entry {
    uint8_t key[KEY_MAX], bookmark[KEY_MAX];
    uint32_t key_size, bookmark_size;
} entry;

static void
read_entry(JET_TABLEID tableid, entry *to)
{
    OK(JetRetrieveKey(sesid, tableid, to->key, sizeof to->key, &to->key_size, 0));
    OK(JetGetBookmark(sesid, tableid, to->bookmark, sizeof to->bookmark, &to->bookmark_size));
}

static int
compare(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size)
{
    return ese_bytes_compare((ese_bytes){a, a_size}, (ese_bytes){b, b_size});
}

static int
compare_entries(const entry *a, const entry *b)
{
    int order = compare(a->key, a->key_size, b->key, b->key_size);

    return order != 0 ? order
                      : compare(a->bookmark, a->bookmark_size, b->bookmark, b->bookmark_size);
}

/* A number that depends on the set of entries but not on their order. */
static uint64_t
digest(const entry *e)
{
    uint64_t hash = 1469598103934665603u;

    for (uint32_t i = 0; i < e->key_size; i++)
        hash = (hash ^ e->key[i]) * 1099511628211u;
    for (uint32_t i = 0; i < e->bookmark_size; i++)
        hash = (hash ^ e->bookmark[i]) * 1099511628211u;
    return hash;
}

typedef struct walk {
    uint64_t n;
    uint64_t sum;
} walk;

static walk
walk_index(JET_TABLEID tableid, int32_t from, int32_t step)
{
    static entry last, now;
    walk result = {0, 0};
    JET_ERR err = JetMove(sesid, tableid, from, 0);

    for (; err >= 0; err = JetMove(sesid, tableid, step, 0)) {
        read_entry(tableid, &now);
        if (result.n != 0 && (step > 0) != (compare_entries(&last, &now) < 0))
            fail_msg("%s: entries out of order", database_name);
        last = now;
        result.n++;
        result.sum += digest(&now);
    }
    if (err != JET_errNoCurrentRecord)
        fail_msg("%s: walk ended with %d: %s", database_name, (int)err, ese_error_text(err));
    return result;
}

/* Seeks the key of the entry `walker` stands on with the other cursor and looks for the record among those of that key. */
static void
seek_entry(JET_TABLEID walker, JET_TABLEID seeker, const char *where)
{
    static entry wanted, found;
    JET_ERR err;

    read_entry(walker, &wanted);
    OK(JetMakeKey(sesid, seeker, wanted.key, wanted.key_size,
                  JET_bitNormalizedKey | JET_bitNewKey));
    err = JetSeek(sesid, seeker, JET_bitSeekEQ);
    if (err < 0)
        fail_msg("%s: %s: stored key not found: %d", database_name, where, (int)err);
    read_entry(seeker, &found);
    while (compare(found.bookmark, found.bookmark_size, wanted.bookmark, wanted.bookmark_size) !=
           0) {
        OK(JetMove(sesid, seeker, JET_MoveNext, 0));
        read_entry(seeker, &found);
        if (compare(found.key, found.key_size, wanted.key, wanted.key_size) != 0)
            fail_msg("%s: %s: the record is not among those of its key", database_name, where);
    }
    total.seeks++;
}

/* The key made from the values of the record is the one stored: going to the bookmark finds the entry by that key. */
typedef struct key_search {
    const entry *wanted;
    bool is_found;
} key_search;

static JET_ERR
match_key(void *self, ese_bytes key)
{
    key_search *search = self;

    search->is_found |=
        compare(key.data, (uint32_t)key.size, search->wanted->key, search->wanted->key_size) == 0;
    return JET_errSuccess;
}

static void
remake_key(ese_table_cursor *cursor, const ese_schema_index *index, const char *where)
{
    static entry wanted;
    key_search search = {&wanted, false};
    ese_table_entries_ops ops = {&search, match_key};

    read_entry(ese_table_owner_of(cursor)->handle, &wanted);
    OK(ese_table_entries(cursor, index, &ops));
    if (!search.is_found)
        fail_msg("%s: %s: the key stored is not one made from the record", database_name, where);
}

static bool
is_foreign_collation(const ese_schema_index *index)
{
    return strstr(database_name, "-uni/") != NULL &&
           (index->flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT);
}

static void
check_index(ese_table_cursor *cursor, JET_TABLEID tableid, JET_TABLEID seeker,
            const ese_schema_index *index)
{
    char where[200];
    walk forward, back;
    JET_ERR err;

    snprintf(where, sizeof where, "%s.%s", ese_table_descriptor(cursor)->name,
             index != NULL ? index->name : "(primary)");
    OK(JetSetCurrentIndexA(sesid, tableid, index != NULL ? index->name : NULL));
    OK(JetSetCurrentIndexA(sesid, seeker, index != NULL ? index->name : NULL));
    forward = walk_index(tableid, (int32_t)JET_MoveFirst, JET_MoveNext);
    back = walk_index(tableid, JET_MoveLast, JET_MovePrevious);
    assert_int_equal(forward.n, back.n);
    assert_true(forward.sum == back.sum);
    for (err = JetMove(sesid, tableid, (int32_t)JET_MoveFirst, 0); err >= 0;
         err = JetMove(sesid, tableid, 1, 0)) {
        seek_entry(tableid, seeker, where);
        if (index != NULL && index->is_key_known && !is_foreign_collation(index))
            remake_key(cursor, index, where);
    }
    total.entries += forward.n;
    total.indexes++;
    total.unknown_versions += index != NULL && !index->is_key_known;
}

static JET_ERR
check_table(void *self, const ese_schema_object *object)
{
    JET_TABLEID tableid, seeker;
    ese_table_cursor *cursor;
    const ese_schema_table *table;
    ese_api_session *session;

    (void)self;
    OK(JetOpenTableA(sesid, dbid, object->name, NULL, 0, 0, &tableid));
    OK(JetDupCursor(sesid, tableid, &seeker, 0));
    OK(ese_api_enter(sesid, ESE_API_ORDINARY, &session));
    cursor = ese_api_cursor_find(session, tableid);
    ese_api_leave(session, 0);
    table = ese_table_descriptor(cursor);
    if (table->primary == NULL)
        check_index(cursor, tableid, seeker, NULL);
    for (unsigned i = 0; i < table->n_indexes; i++)
        check_index(cursor, tableid, seeker, &table->indexes[i]);
    OK(JetCloseTable(sesid, seeker));
    OK(JetCloseTable(sesid, tableid));
    total.tables++;
    return JET_errSuccess;
}

static void
check_database(const char *path, const char *name)
{
    JET_INSTANCE instance;
    ese_api_session *session;
    ese_api_database *database;
    ese_schema *schema;
    JET_GRBIT damaged = strstr(name, "dirty") != NULL ? ESE_bitDbReadDamaged : 0;

    database_name = name;
    OK(JetCreateInstanceA(&instance, "indexes"));
    OK(JetSetSystemParameterA(&instance, 0, JET_paramRecovery, 0, "off"));
    OK(JetInit(&instance));
    OK(JetBeginSessionA(instance, &sesid, NULL, NULL));
    OK(JetAttachDatabaseA(sesid, path, ESE_bitDbReader | JET_bitDbReadOnly | damaged));
    OK(JetOpenDatabaseA(sesid, path, NULL, &dbid, JET_bitDbReadOnly));
    OK(ese_api_enter(sesid, ESE_API_ORDINARY, &session));
    OK(ese_api_find_database(session, dbid, &database));
    schema = ese_api_database_schema(database);
    ese_api_leave(session, 0);
    OK(ese_schema_list(schema, NULL, NULL, check_table));
    OK(JetTerm(instance));
    total.databases++;
}

static void
test_api_indexes__walk_both_ways_and_find_every_stored_key(void **state)
{
    int64_t live = ese_alloc_live();

    (void)state;
    if (!test_corpus_each(check_database))
        skip();
    assert_int_equal(ese_alloc_live(), live);
    printf("%u databases, %u tables, %u indexes (%u of an unknown sort version), %llu entries, "
           "%llu seeks\n",
           total.databases, total.tables, total.indexes, total.unknown_versions, total.entries,
           total.seeks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_indexes__walk_both_ways_and_find_every_stored_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
