/* Memory, reads and writes that fail at every single point: the change that met it is not done, all others are, and the tree is sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"
#include "test_db.h"
#include "test_model.h"

enum { N_ENTRIES = 500, N_CHANGES = 160, ROUNDS_MAX = 20000 };

static void
fill(test_model *m, ese_txn_session *session, const ese_btree *tree, uint32_t *seed)
{
    assert_int_equal(ese_txn_begin(session, false), JET_errSuccess);
    for (unsigned i = 0; i < N_ENTRIES; i += 2)
        assert_int_equal(test_model_change(m, session, tree, i, seed), JET_errSuccess);
    assert_int_equal(ese_txn_commit(session), JET_errSuccess);
}

/* Makes changes until one fails; true when none did. */
static bool
change(test_model *m, ese_txn_session *session, const ese_btree *tree, uint32_t *seed,
       JET_ERR expected)
{
    for (unsigned i = 0; i < N_CHANGES; i++) {
        JET_ERR err = test_model_change(m, session, tree, test_random(seed) % N_ENTRIES, seed);

        if (err < JET_errSuccess) {
            assert_int_equal(err, expected);
            return false;
        }
    }
    return true;
}

/* One database in which the passage `nth` of the fault fails; true when there are not so many. */
static bool
run(const test_fresh_options *fresh, const test_model_options *options, ese_fault fault,
    uint64_t nth, JET_ERR expected)
{
    test_fresh t;
    test_model m, before;
    ese_txn_session session;
    ese_btree tree;
    uint32_t seed = 5;
    bool is_done;

    test_fresh_create(&t, fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, options);
    test_model_init(&m, options);
    test_model_init(&before, options);
    fill(&m, &session, &tree, &seed);
    ese_txn_store_clean(t.store);
    test_model_copy(&before, &m);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    ese_fault_set(fault, nth, false);
    is_done = change(&m, &session, &tree, &seed, expected);
    is_done = is_done && ese_fault_is_armed(fault);
    ese_fault_set(fault, 0, false);
    test_model_check(&m, &session, &tree, &seed);
    test_structure_check(&tree);
    if (nth % 2 == 0) {
        assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
        test_model_copy(&m, &before);
    } else {
        assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    }
    ese_txn_store_clean(t.store);
    test_model_check(&m, NULL, &tree, &seed);
    test_structure_check(&tree);
    ese_txn_session_end(&session);
    test_model_free(&m);
    test_model_free(&before);
    test_fresh_close(&t);
    test_fresh_remove(&t);
    return is_done;
}

static void
run_all(const test_fresh_options *fresh, const test_model_options *options, ese_fault fault,
        JET_ERR expected)
{
    uint64_t nth = 1;

    while (!run(fresh, options, fault, nth, expected)) {
        nth++;
        assert_true(nth < ROUNDS_MAX);
    }
    assert_true(nth > 1); /* it did fail */
}

static void
test_btree_change__does_all_or_nothing_without_memory(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.n = N_ENTRIES, .data_max = 700};

    (void)state;
    run_all(&fresh, &options, ESE_FAULT_POINT_ALLOC, JET_errOutOfMemory);
}

static void
test_btree_change__does_all_or_nothing_when_reads_fail(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048, .cache_limit = 12 * 2048};
    const test_model_options options = {.n = N_ENTRIES, .data_max = 700};

    (void)state;
    run_all(&fresh, &options, ESE_FAULT_POINT_READ, JET_errDiskIO);
}

/* Memory that is short for one moment does not keep a transaction from being taken back. */
static void
test_btree_txn__rolls_back_when_memory_fails_once(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.n = N_ENTRIES, .data_max = 700};
    test_fresh t;
    test_model m, before;
    ese_txn_session session;
    ese_btree tree;
    uint32_t seed = 5;
    bool is_done = false;

    (void)state;
    test_fresh_create(&t, &fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, &options);
    test_model_init(&m, &options);
    test_model_init(&before, &options);
    fill(&m, &session, &tree, &seed);
    test_model_copy(&before, &m);
    for (uint64_t nth = 1; !is_done; nth++) {
        ese_btree_cursor cursor;
        bool found = false;

        assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
        assert_true(change(&m, &session, &tree, &seed, JET_errSuccess));
        /* A page that somebody looks at is copied before it is changed back, which takes memory. */
        ese_btree_cursor_init(&cursor, &tree, &session);
        assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
        assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
        is_done = ese_fault_is_armed(ESE_FAULT_POINT_ALLOC);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        ese_btree_cursor_reset(&cursor);
        test_model_copy(&m, &before);
        test_model_check(&m, NULL, &tree, &seed);
        test_structure_check(&tree);
    }
    ese_txn_session_end(&session);
    test_model_free(&m);
    test_model_free(&before);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_change__does_all_or_nothing_without_memory),
        cmocka_unit_test(test_btree_change__does_all_or_nothing_when_reads_fail),
        cmocka_unit_test(test_btree_txn__rolls_back_when_memory_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
