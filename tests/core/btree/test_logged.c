/* Transactions in a log: what waits for the disk, what is logged at all, what the checkpoint may pass, and what happens when the log refuses. INV numbers are those of txn.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "test_db.h"
#include "test_fixture.h"
#include "test_model.h"

enum { N_ENTRIES = 300, DATA_SIZE = 50 };

typedef struct world {
    test_fresh t;
    ese_btree tree;
    ese_txn_session session;
} world;

static void
open_world(world *w, size_t n_cached)
{
    const test_fresh_options options = {.cache_limit = n_cached * 4096, .is_logged = true};
    const test_model_options tree = {.n = N_ENTRIES};

    memset(w, 0, sizeof *w);
    test_fresh_create(&w->t, &options);
    test_fresh_session(&w->t, &w->session);
    w->tree = test_model_tree(&w->t, &w->session, &tree);
}

static void
close_world(world *w)
{
    ese_txn_session_end(&w->session);
    test_fresh_close(&w->t); /* repeats the log */
    test_fresh_remove(&w->t);
}

/* The disk has not got the log: no more is tried. */
static void
abandon_world(world *w)
{
    if (w->session.level > 0)
        ese_txn_abandon(&w->session);
    ese_txn_session_end(&w->session);
    test_fresh_abandon(&w->t);
    test_fresh_remove(&w->t);
}

static JET_ERR
put(world *w, unsigned i, unsigned generation)
{
    uint8_t key[4], data[DATA_SIZE];
    ese_bytes key_bytes = {key, sizeof key};
    ese_bytes data_bytes = {data, 1 + (i * 7 + generation * 13) % DATA_SIZE};
    JET_ERR err;

    ese_store_be32(key, i);
    memset(data, (int)(generation + 1), sizeof data);
    err =
        generation == 0
            ? ese_btree_insert(&w->session, &w->tree, key_bytes, data_bytes, ESE_BTREE_VERSIONED)
            : ese_btree_replace(&w->session, &w->tree, key_bytes, data_bytes, ESE_BTREE_VERSIONED);
    return err;
}

static JET_ERR
take(world *w, unsigned i)
{
    uint8_t key[4];

    ese_store_be32(key, i);
    return ese_btree_delete(&w->session, &w->tree, (ese_bytes){key, sizeof key},
                            (ese_bytes){NULL, 0}, ESE_BTREE_VERSIONED);
}

static bool
is_durable(const world *w, uint64_t end)
{
    return ese_log_stream_is_durable(w->t.log.stream, end);
}

static uint64_t
tip(const world *w)
{
    return ese_log_stream_tip(w->t.log.stream);
}

static void
test_btree_log__commits_are_on_the_disk_unless_they_are_lazy(void **state)
{
    world w;
    int32_t generation;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 1, 0));
    assert_false(is_durable(&w, tip(&w)));
    TEST_OK(ese_txn_commit(&w.session));
    assert_true(is_durable(&w, w.session.last_commit));
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 2, 0));
    TEST_OK(ese_txn_commit_as(&w.session, JET_bitCommitLazyFlush));
    assert_false(is_durable(&w, w.session.last_commit));
    assert_int_equal(ese_txn_store_last_commit(w.t.store), w.session.last_commit);
    TEST_OK(ese_txn_commit_as(&w.session, JET_bitWaitLastLevel0Commit));
    assert_true(is_durable(&w, w.session.last_commit));
    w.session.commit_default = JET_bitCommitLazyFlush;
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 3, 0));
    TEST_OK(ese_txn_commit(&w.session));
    assert_false(is_durable(&w, w.session.last_commit));
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(ese_txn_commit_as(&w.session, JET_bitWaitAllLevel0Commit));
    assert_int_equal(w.session.level, 1); /* it only waits */
    assert_true(is_durable(&w, w.session.last_commit));
    generation = ese_log_stream_generation(w.t.log.stream).number;
    TEST_OK(put(&w, 4, 0));
    TEST_OK(ese_txn_commit_as(&w.session, JET_bitForceNewLog));
    assert_int_equal(ese_log_stream_generation(w.t.log.stream).number, generation + 1);
    assert_true(is_durable(&w, w.session.last_commit));
    assert_int_equal(ese_txn_commit_as(&w.session, 0), JET_errNotInTransaction);
    close_world(&w);
}

static void
test_btree_log__says_nothing_of_transactions_that_change_nothing(void **state)
{
    world w;
    ese_btree_cursor cursor;
    uint64_t before, commit;
    bool found;

    (void)state;
    open_world(&w, 1000);
    before = tip(&w);
    commit = w.session.last_commit;
    TEST_OK(ese_txn_begin(&w.session, true));
    TEST_OK(ese_txn_begin(&w.session, false));
    ese_btree_cursor_init(&cursor, &w.tree, &w.session);
    TEST_OK(ese_btree_first(&cursor, &found));
    ese_btree_cursor_reset(&cursor);
    TEST_OK(ese_txn_commit(&w.session));
    TEST_OK(ese_txn_commit(&w.session));
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(ese_txn_rollback(&w.session, true));
    assert_int_equal(tip(&w), before);
    assert_int_equal(w.session.last_commit, commit);
    close_world(&w);
}

static void
test_btree_log__knows_where_the_oldest_transaction_begins(void **state)
{
    world w;
    ese_txn_session other;
    uint64_t before, begin;

    (void)state;
    open_world(&w, 1000);
    test_fresh_session(&w.t, &other);
    assert_true(ese_txn_store_oldest_begin(w.t.store) == UINT64_MAX);
    before = tip(&w);
    TEST_OK(ese_txn_begin(&w.session, false));
    assert_true(ese_txn_store_oldest_begin(w.t.store) == UINT64_MAX);
    TEST_OK(put(&w, 1, 0));
    begin = ese_txn_store_oldest_begin(w.t.store);
    assert_in_range(begin, before, tip(&w) - 1);
    assert_in_range(ese_cache_oldest_change(w.t.pages), 0, begin);
    TEST_OK(ese_txn_begin(&other, false));
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 2, 0));
    TEST_OK(ese_txn_rollback(&w.session, false));
    assert_int_equal(ese_txn_store_oldest_begin(w.t.store), begin);
    TEST_OK(ese_cache_flush(w.t.pages));
    assert_true(ese_cache_oldest_change(w.t.pages) == UINT64_MAX);
    assert_int_equal(ese_txn_store_oldest_begin(w.t.store), begin); /* it has to be undone */
    TEST_OK(ese_txn_commit(&w.session));
    assert_true(ese_txn_store_oldest_begin(w.t.store) == UINT64_MAX);
    TEST_OK(ese_txn_rollback(&other, true));
    ese_txn_session_end(&other);
    close_world(&w);
}

static void
test_btree_log__lets_recovery_take_back_what_was_given_up(void **state)
{
    world w;
    uint64_t begin;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 1, 0));
    begin = ese_txn_store_oldest_begin(w.t.store);
    ese_txn_abandon(&w.session);
    assert_int_equal(ese_txn_store_oldest_begin(w.t.store), begin);
    abandon_world(&w);
}

/* Before a page is written the log has what undo needs, once, and all that has committed. */
static void
test_btree_log__has_what_undo_needs_before_a_page_is_written(void **state)
{
    world w;
    ese_cache_page *page = NULL;
    uint64_t lgpos = 0, first, before;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 1, 0));
    TEST_OK(ese_txn_commit_as(&w.session, JET_bitCommitLazyFlush));
    TEST_OK(ese_cache_latch(w.t.pages, w.tree.root, &page));
    TEST_OK(ese_btree_log_undo_info(w.t.db, &page->page, &lgpos));
    assert_int_equal(lgpos, w.session.last_commit); /* its version may be gone by now */
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 1, 1));
    TEST_OK(put(&w, 2, 0)); /* an insertion needs nothing */
    before = tip(&w);
    TEST_OK(ese_cache_latch(w.t.pages, w.tree.root, &page));
    lgpos = 0;
    TEST_OK(ese_btree_log_undo_info(w.t.db, &page->page, &lgpos));
    first = tip(&w);
    assert_true(first > before);
    assert_int_equal(lgpos, first);
    lgpos = 0;
    TEST_OK(ese_btree_log_undo_info(w.t.db, &page->page, &lgpos));
    assert_int_equal(tip(&w), first);
    assert_int_equal(lgpos, first); /* where it stands counts for ever */
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    TEST_OK(ese_cache_flush(w.t.pages));
    assert_true(is_durable(&w, first));
    TEST_OK(take(&w, 1));
    TEST_OK(ese_cache_flush(w.t.pages));
    TEST_OK(ese_txn_rollback(&w.session, true));
    close_world(&w);
}

/* Versions are looked at under spin locks: memory is asked for before. */
static void
test_btree_log__has_its_memory_before_it_looks_at_versions(void **state)
{
    static const unsigned sizes[] = {1, 30, 60, 90, 120};
    enum { N = sizeof sizes / sizeof sizes[0] };
    ese_cache_page *page = NULL;
    uint8_t key[4], data[120] = {0};
    ese_bytes key_bytes = {key, sizeof key};
    uint64_t lgpos = 0, before;
    world w;

    (void)state;
    open_world(&w, 1000);
    for (unsigned round = 0; round < 2; round++) {
        TEST_OK(ese_txn_begin(&w.session, false));
        for (unsigned i = 0; i < N; i++) {
            ese_bytes data_bytes = {data, round == 0 ? sizes[i] : 1};

            ese_store_be32(key, i);
            TEST_OK((round == 0 ? ese_btree_insert : ese_btree_replace)(
                &w.session, &w.tree, key_bytes, data_bytes, ESE_BTREE_VERSIONED));
        }
        if (round == 0)
            TEST_OK(ese_txn_commit(&w.session));
    }
    before = tip(&w);
    TEST_OK(ese_cache_latch(w.t.pages, w.tree.root, &page));
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_btree_log_undo_info(w.t.db, &page->page, &lgpos), JET_errOutOfMemory);
    assert_int_equal(tip(&w), before);
    assert_int_equal(lgpos, 0);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 2, true);
    TEST_OK(ese_btree_log_undo_info(w.t.db, &page->page, &lgpos));
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_int_equal(lgpos, tip(&w));
    assert_true(lgpos > before);
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    TEST_OK(ese_txn_rollback(&w.session, true));
    close_world(&w);
}

static void
test_btree_log__takes_back_a_statement_whose_commit_it_refuses(void **state)
{
    world w;
    ese_txn_statement statement;
    uint64_t before;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_log_stream_flush(w.t.log.stream));
    TEST_OK(ese_txn_statement_enter(&w.session, &statement));
    TEST_OK(put(&w, 1, 0));
    before = w.session.last_commit;
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, true);
    assert_true(ese_log_stream_flush(w.t.log.stream) < JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
    assert_int_equal(ese_txn_statement_leave(&w.session, &statement, JET_errSuccess),
                     JET_errRollbackError); /* the log takes no undo either: the instance is done */
    assert_int_equal(w.session.level, 0);
    assert_int_equal(w.session.last_commit, before);
    assert_int_not_equal(ese_txn_store_oldest_begin(w.t.store), 0);
    abandon_world(&w);
}

static void
test_btree_log__says_so_when_a_commit_does_not_reach_the_disk(void **state)
{
    world w;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_log_stream_flush(w.t.log.stream));
    TEST_OK(ese_txn_begin(&w.session, false));
    TEST_OK(put(&w, 1, 0));
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, true);
    assert_int_equal(ese_txn_commit(&w.session), JET_errLogWriteFail);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
    assert_int_equal(w.session.level, 0); /* it may be there after a restart, or not */
    abandon_world(&w);
}

/* The log has reserves for that. */
static void
test_btree_log__rolls_back_on_a_full_disk(void **state)
{
    world w;
    JET_ERR err = JET_errSuccess;
    unsigned generation = 0;

    (void)state;
    open_world(&w, 1000);
    TEST_OK(ese_txn_begin(&w.session, false));
    for (unsigned i = 0; i < N_ENTRIES; i++)
        TEST_OK(put(&w, i, 0));
    TEST_OK(ese_txn_commit(&w.session));
    TEST_OK(ese_txn_begin(&w.session, false));
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, true);
    while (err >= JET_errSuccess && generation < 1000) {
        generation++;
        for (unsigned i = 0; i < N_ENTRIES && err >= JET_errSuccess; i++)
            err = put(&w, i, generation);
        if (err >= JET_errSuccess && generation % 8 == 0) {
            err = ese_txn_commit(&w.session);
            if (w.session.level == 0)
                TEST_OK(ese_txn_begin(&w.session, false));
        }
    }
    assert_int_equal(err, JET_errLogDiskFull);
    TEST_OK(ese_txn_rollback(&w.session, true));
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 0, false);
    TEST_OK(ese_cache_flush(w.t.pages));
    close_world(&w); /* what the log says of it makes the same pages */
}

/* A bit of everything; leaves when something fails, with its transaction rolled back. */
static JET_ERR
work(world *w)
{
    JET_ERR err;

    ESE_TRY(ese_txn_begin(&w->session, false));
    for (unsigned i = 0; i < N_ENTRIES; i += 3)
        ESE_TRY(put(w, i, 0));
    ESE_TRY(ese_txn_begin(&w->session, false));
    for (unsigned i = 0; i < N_ENTRIES; i += 6)
        ESE_TRY(put(w, i, 1));
    ESE_TRY(ese_txn_commit(&w->session));
    ESE_TRY(ese_cache_flush(w->t.pages));
    ESE_TRY(ese_txn_commit_as(&w->session, JET_bitCommitLazyFlush));
    ESE_TRY(ese_txn_begin(&w->session, false));
    for (unsigned i = 0; i < N_ENTRIES; i += 3)
        ESE_TRY(i % 2 == 0 ? take(w, i) : put(w, i, 2));
    ESE_TRY(ese_cache_flush(w->t.pages));
    ESE_TRY(ese_txn_rollback(&w->session, true));
    ESE_TRY(ese_txn_begin(&w->session, false));
    for (unsigned i = 0; i < N_ENTRIES; i += 3)
        ESE_TRY(take(w, i));
    ESE_TRY(ese_txn_commit_as(&w->session, JET_bitCommitLazyFlush));
    ese_txn_store_clean(w->t.store);
out:
    if (w->session.level > 0)
        assert_int_equal(ese_txn_rollback(&w->session, true), JET_errSuccess);
    return err;
}

static void
test_btree_log__is_true_whatever_memory_is_missing(void **state)
{
    bool is_done = false;
    unsigned n_failures = 0;

    (void)state;
    for (uint64_t nth = 1; !is_done; nth += 1 + nth / 4) {
        world w;
        JET_ERR err;

        open_world(&w, 12);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
        err = work(&w);
        is_done = ese_fault_is_armed(ESE_FAULT_POINT_ALLOC);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        n_failures += err < JET_errSuccess;
        close_world(&w);
    }
    assert_true(n_failures > 2);
}

/* ---- a long prefix whose lines have gone */

enum { PREFIX_SIZE = 1100, N_PREFIXED = 60, LARGEST_ENTRY = 4044 /* of a page of 4096 bytes */ };

static JET_ERR
put_prefixed(world *w, unsigned i)
{
    uint8_t key[PREFIX_SIZE + 2];

    memset(key, 'a', PREFIX_SIZE);
    ese_store_be16(key + PREFIX_SIZE, (uint16_t)i);
    return ese_btree_insert(&w->session, &w->tree, (ese_bytes){key, sizeof key},
                            (ese_bytes){key, 30}, ESE_BTREE_UNVERSIONED);
}

static JET_ERR
take_prefixed(world *w, unsigned i)
{
    uint8_t key[PREFIX_SIZE + 2];

    memset(key, 'a', PREFIX_SIZE);
    ese_store_be16(key + PREFIX_SIZE, (uint16_t)i);
    return ese_btree_delete(&w->session, &w->tree, (ese_bytes){key, sizeof key},
                            (ese_bytes){NULL, 0}, ESE_BTREE_UNVERSIONED);
}

static void
test_btree_split__cuts_a_prefix_that_is_in_the_way(void **state)
{
    static const char *const last_keys[] = {"b",
                                            "aaab"}; /* the second one leaves three bytes out */
    static const uint8_t large[LARGEST_ENTRY] = {1}, small[1] = {2};

    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        const ese_bytes last = {(const uint8_t *)last_keys[k], strlen(last_keys[k])};
        const ese_bytes data = {large, LARGEST_ENTRY - last.size};
        ese_btree_cursor cursor;
        world w;
        bool found = false;

        open_world(&w, 1000);
        TEST_OK(ese_txn_begin(&w.session, false));
        TEST_OK(ese_btree_insert(&w.session, &w.tree, last, (ese_bytes){small, sizeof small},
                                 ESE_BTREE_VERSIONED));
        for (unsigned i = 0; i < N_PREFIXED; i++) /* in no order: pages are split evenly */
            TEST_OK(put_prefixed(&w, i * 7 % N_PREFIXED));
        for (unsigned i = 0; i < N_PREFIXED; i++)
            TEST_OK(take_prefixed(&w, i));
        TEST_OK(ese_txn_commit(&w.session));
        TEST_OK(ese_txn_begin(&w.session, false));
        TEST_OK(ese_btree_replace(&w.session, &w.tree, last, data, ESE_BTREE_VERSIONED));
        TEST_OK(ese_txn_commit(&w.session));
        ese_btree_cursor_init(&cursor, &w.tree, &w.session);
        TEST_OK(ese_btree_last(&cursor, &found));
        assert_true(found);
        assert_int_equal(cursor.node.data.size, data.size);
        ese_btree_cursor_reset(&cursor);
        close_world(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_log__commits_are_on_the_disk_unless_they_are_lazy),
        cmocka_unit_test(test_btree_log__says_nothing_of_transactions_that_change_nothing),
        cmocka_unit_test(test_btree_log__knows_where_the_oldest_transaction_begins),
        cmocka_unit_test(test_btree_log__lets_recovery_take_back_what_was_given_up),
        cmocka_unit_test(test_btree_log__has_what_undo_needs_before_a_page_is_written),
        cmocka_unit_test(test_btree_log__has_its_memory_before_it_looks_at_versions),
        cmocka_unit_test(test_btree_log__takes_back_a_statement_whose_commit_it_refuses),
        cmocka_unit_test(test_btree_log__says_so_when_a_commit_does_not_reach_the_disk),
        cmocka_unit_test(test_btree_log__rolls_back_on_a_full_disk),
        cmocka_unit_test(test_btree_log__is_true_whatever_memory_is_missing),
        cmocka_unit_test(test_btree_split__cuts_a_prefix_that_is_in_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
