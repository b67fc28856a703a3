/* The temporary database: a file that is made when it is wanted and leaves nothing behind. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "base/alloc.h"
#include "base/fault.h"
#include "btree/btree_temp.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct temp_test {
    char folder[64];
    ese_cache *cache;
    ese_txn_store *store;
    ese_btree_temp *temp;
    ese_txn_session session;
    int64_t live;
} temp_test;

static void
start(temp_test *t, const char *name)
{
    ese_btree_temp_options options = {.page_size = 4096};
    char path[128];

    t->live = ese_alloc_live();
    (void)snprintf(t->folder, sizeof t->folder, ESE_TEST_FOLDER "/ese-test-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    (void)snprintf(path, sizeof path, "%s%s", t->folder, name);
    TEST_OK(ese_cache_create(1 << 18, &t->cache));
    TEST_OK(ese_txn_store_create(&ese_btree_txn_ops, 1 << 20, &t->store));
    ese_txn_session_init(&t->session, t->store);
    options.cache = t->cache;
    options.store = t->store;
    options.path = path;
    TEST_OK(ese_btree_temp_create(&options, &t->temp));
}

static void
stop(temp_test *t)
{
    ese_txn_session_end(&t->session);
    ese_txn_store_clean(t->store);
    ese_txn_store_stop(t->store);
    ese_btree_temp_destroy(&t->temp);
    ese_txn_store_destroy(&t->store);
    ese_cache_destroy(&t->cache);
    assert_int_equal(ese_alloc_live(), t->live);
    assert_int_equal(rmdir(t->folder), 0); /* nothing was left in it */
}

static void
make_tree(temp_test *t, ese_btree_db *db, ese_btree *tree)
{
    ese_btree_plan plan = {.parent = 1, .is_unique = true, .n_pages = 1, .density = 100};

    plan.objid = ese_btree_next_objid(db);
    TEST_OK(ese_txn_begin(&t->session, false));
    TEST_OK(ese_btree_create(&t->session, db, &plan, tree));
    TEST_OK(ese_txn_commit(&t->session));
}

static void
test_btree_temp__holds_more_than_memory_does(void **state)
{
    enum { N = 5000 };
    uint8_t key[4], data[300] = {0};
    ese_btree_db *db = NULL, *same = NULL;
    ese_btree_cursor cursor;
    ese_btree tree;
    bool found = false;
    temp_test t;
    uint32_t n = 0;

    (void)state;
    start(&t, "");
    TEST_OK(ese_btree_temp_db(t.temp, &db));
    TEST_OK(ese_btree_temp_db(t.temp, &same));
    assert_ptr_equal(db, same);
    make_tree(&t, db, &tree);
    TEST_OK(ese_txn_begin(&t.session, false));
    for (uint32_t i = 0; i < N; i++) {
        ese_store_be32(key, i * 7919 % N);
        TEST_OK(ese_btree_insert(&t.session, &tree, (ese_bytes){key, sizeof key},
                                 (ese_bytes){data, sizeof data}, ESE_BTREE_UNVERSIONED));
    }
    TEST_OK(ese_txn_commit(&t.session));
    ese_btree_cursor_init(&cursor, &tree, NULL);
    for (TEST_OK(ese_btree_first(&cursor, &found)); found; TEST_OK(ese_btree_next(&cursor, &found)))
        n++;
    assert_int_equal(n, N);
    ese_btree_cursor_reset(&cursor);
    stop(&t);
}

static void
test_btree_temp__makes_no_file_before_it_is_wanted(void **state)
{
    temp_test t;

    (void)state;
    start(&t, "/some.file");
    stop(&t);
}

static void
test_btree_temp__tries_again_after_a_failure(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                       ESE_FAULT_POINT_DISK_FULL};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t nth = 1; err < JET_errSuccess; nth++) {
            ese_btree_db *db = NULL;
            temp_test t;

            start(&t, "/");
            ese_fault_set(faults[i], nth, false);
            err = ese_btree_temp_db(t.temp, &db);
            ese_fault_set(faults[i], 0, false);
            assert_true((db == NULL) == (err < JET_errSuccess));
            TEST_OK(ese_btree_temp_db(t.temp, &db));
            assert_non_null(db);
            stop(&t);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_temp__holds_more_than_memory_does),
        cmocka_unit_test(test_btree_temp__makes_no_file_before_it_is_wanted),
        cmocka_unit_test(test_btree_temp__tries_again_after_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
