/*
 * Many threads in one tree: what each of them does is found again, readers see one moment of the whole tree, and pages come and go under all of them. For the thread
 * sanitizer too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "test_db.h"
#include "test_model.h"

enum { N_THREADS = 8, N_ENTRIES = 2400, N_ROUNDS = 60, BATCH = 24 };

typedef struct arena {
    test_fresh t;
    ese_btree tree;
    test_model_options options;
    _Atomic unsigned n_wrong;
} arena;

typedef struct worker {
    pthread_t thread;
    arena *a;
    unsigned number;
    uint32_t seed;
} worker;

static void
expect(worker *w, bool is_right)
{
    if (!is_right)
        atomic_fetch_add(&w->a->n_wrong, 1);
}

static bool
is_one_of(JET_ERR err, JET_ERR expected)
{
    return err == JET_errSuccess || err == expected;
}

/* ---- everybody has entries of his own */

/* Is entry `i` what the model says, for this session? */
static bool
is_as_known(const test_model *m, ese_btree_cursor *cursor, unsigned i)
{
    test_entry_bytes e;
    bool found = false;
    int order = 1;

    test_model_entry(m, i, m->generations[i] == 0 ? 1 : m->generations[i], &e);
    if (ese_btree_seek(cursor, (ese_bytes){e.key, e.key_size},
                       m->options.is_non_unique ? (ese_bytes){e.data, e.data_size}
                                                : (ese_bytes){NULL, 0},
                       ESE_BTREE_GE, &found, &order) < JET_errSuccess)
        return false;
    if (m->generations[i] == 0)
        return !found || order != 0;
    return found && order == 0 && cursor->node.data.size == e.data_size &&
           memcmp(cursor->node.data.data, e.data, e.data_size) == 0;
}

static unsigned
draw_own(worker *w)
{
    return test_random(&w->seed) % (N_ENTRIES / N_THREADS) * N_THREADS + w->number;
}

static void
change_own(worker *w, ese_txn_session *session, test_model *m, ese_btree_cursor *cursor)
{
    for (unsigned k = 0; k < BATCH; k++) {
        unsigned i = draw_own(w);

        expect(w, test_model_change(m, session, &w->a->tree, i, &w->seed) == JET_errSuccess);
        expect(w, is_as_known(m, cursor, i));
    }
}

static void *
work_on_own(void *argument)
{
    worker *w = argument;
    ese_txn_session session;
    ese_btree_cursor cursor;
    test_model m, before;

    test_fresh_session(&w->a->t, &session);
    test_model_init(&m, &w->a->options);
    test_model_init(&before, &w->a->options);
    ese_btree_cursor_init(&cursor, &w->a->tree, &session);
    for (unsigned round = 0; round < N_ROUNDS; round++) {
        test_model_copy(&before, &m);
        expect(w, ese_txn_begin(&session, false) == JET_errSuccess);
        change_own(w, &session, &m, &cursor);
        if (test_random(&w->seed) % 4 == 0) {
            expect(w, ese_txn_rollback(&session, true) == JET_errSuccess);
            test_model_copy(&m, &before);
        } else {
            expect(w, ese_txn_commit(&session) == JET_errSuccess);
        }
        for (unsigned k = 0; k < BATCH; k++)
            expect(w, is_as_known(&m, &cursor, draw_own(w)));
    }
    for (unsigned i = w->number; i < N_ENTRIES; i += N_THREADS)
        expect(w, is_as_known(&m, &cursor, i));
    ese_btree_cursor_reset(&cursor);
    test_model_free(&m);
    test_model_free(&before);
    ese_txn_session_end(&session);
    return NULL;
}

static void
arena_open(arena *a, uint32_t page_size, const test_model_options *options)
{
    const test_fresh_options fresh = {.page_size = page_size};
    ese_txn_session session;

    memset(a, 0, sizeof *a);
    a->options = *options;
    test_fresh_create(&a->t, &fresh);
    test_fresh_session(&a->t, &session);
    a->tree = test_model_tree(&a->t, &session, options);
    ese_txn_session_end(&session);
}

static void
run(arena *a, void *(*work)(void *))
{
    worker workers[N_THREADS];

    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.a = a, .number = i, .seed = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(atomic_load(&a->n_wrong), 0);
    ese_txn_store_clean(a->t.store);
    assert_int_equal(test_structure_check(&a->tree).n_deleted, 0);
    test_fresh_close(&a->t);
    test_fresh_remove(&a->t);
}

static void
test_btree_threads__find_what_they_did(void **state)
{
    const test_model_options unique = {.n = N_ENTRIES, .data_max = 250};
    const test_model_options non_unique = {
        .kind = ESE_PAGE_INDEX, .is_non_unique = true, .n = N_ENTRIES};
    arena a;

    (void)state;
    arena_open(&a, 2048, &unique);
    run(&a, work_on_own);
    arena_open(&a, 8192, &non_unique);
    run(&a, work_on_own);
}

/* ---- a sum that never changes */

enum { N_ACCOUNTS = 300, START = 1000, N_TRANSFERS = 150 };

/* The balance and some ballast, which makes entries of many sizes. */
static ese_bytes
make_balance(uint8_t *room, int64_t balance, uint32_t *seed)
{
    size_t size = 8 + test_random(seed) % 200;

    memset(room, 0xba, size);
    ese_store_le64(room, (uint64_t)balance);
    return (ese_bytes){room, size};
}

static ese_bytes
make_key(uint8_t *room, unsigned account)
{
    ese_store_be32(room, account);
    return (ese_bytes){room, 4};
}

static JET_ERR
read_balance(ese_btree_cursor *cursor, unsigned account, int64_t *balance_out)
{
    JET_ERR err;
    uint8_t room[4];
    bool found = false;
    int order = 1;

    ESE_TRY(ese_btree_seek(cursor, make_key(room, account), (ese_bytes){NULL, 0}, ESE_BTREE_GE,
                           &found, &order));
    if (!found || order != 0)
        return JET_errRecordNotFound;
    *balance_out = (int64_t)ese_load_le64(cursor->node.data.data);
out:
    return err;
}

/* Replaces, or deletes and inserts again, so that leaves split and merge. */
static JET_ERR
write_balance(worker *w, ese_txn_session *session, unsigned account, int64_t balance)
{
    JET_ERR err;
    const ese_btree *tree = &w->a->tree;
    uint8_t key_room[4], data_room[256];
    ese_bytes key = make_key(key_room, account);
    ese_bytes data = make_balance(data_room, balance, &w->seed);

    if (test_random(&w->seed) % 2 == 0)
        return ese_btree_replace(session, tree, key, data, ESE_BTREE_VERSIONED);
    ESE_TRY(ese_btree_delete(session, tree, key, (ese_bytes){NULL, 0}, ESE_BTREE_VERSIONED));
    ESE_TRY(ese_btree_insert(session, tree, key, data, ESE_BTREE_VERSIONED));
out:
    return err;
}

static JET_ERR
transfer(worker *w, ese_txn_session *session, ese_btree_cursor *cursor)
{
    JET_ERR err;
    unsigned from = test_random(&w->seed) % N_ACCOUNTS;
    unsigned to = (from + 1 + test_random(&w->seed) % (N_ACCOUNTS - 1)) % N_ACCOUNTS;
    int64_t a = 0, b = 0;

    ESE_TRY(read_balance(cursor, from, &a));
    ESE_TRY(read_balance(cursor, to, &b));
    ESE_TRY(write_balance(w, session, from, a - 1));
    ESE_TRY(write_balance(w, session, to, b + 1));
out:
    return err;
}

static bool
is_sum_right(ese_btree_cursor *cursor, JET_ERR (*start)(ese_btree_cursor *, bool *),
             JET_ERR (*step)(ese_btree_cursor *, bool *))
{
    int64_t sum = 0;
    unsigned n = 0;
    bool found = false;
    JET_ERR err = start(cursor, &found);

    while (err >= JET_errSuccess && found) {
        sum += (int64_t)ese_load_le64(cursor->node.data.data);
        n++;
        err = step(cursor, &found);
    }
    return err >= JET_errSuccess && n == N_ACCOUNTS && sum == (int64_t)N_ACCOUNTS * START;
}

static void *
move_money(void *argument)
{
    worker *w = argument;
    ese_txn_session session;
    ese_btree_cursor cursor;

    test_fresh_session(&w->a->t, &session);
    ese_btree_cursor_init(&cursor, &w->a->tree, &session);
    for (unsigned i = 0; i < N_TRANSFERS; i++) {
        JET_ERR err;

        expect(w, ese_txn_begin(&session, false) == JET_errSuccess);
        err = transfer(w, &session, &cursor);
        expect(w, is_one_of(err, JET_errWriteConflict));
        if (i % 8 == w->number)
            expect(w,
                   err < JET_errSuccess || is_sum_right(&cursor, ese_btree_first, ese_btree_next));
        if (i % 8 == (w->number + 4) % 8)
            expect(w,
                   err < JET_errSuccess || is_sum_right(&cursor, ese_btree_last, ese_btree_prev));
        if (err < JET_errSuccess || test_random(&w->seed) % 4 == 0)
            expect(w, ese_txn_rollback(&session, true) == JET_errSuccess);
        else
            expect(w, ese_txn_commit(&session) == JET_errSuccess);
    }
    ese_btree_cursor_reset(&cursor);
    ese_txn_session_end(&session);
    return NULL;
}

static void
open_accounts(arena *a)
{
    ese_txn_session session;
    uint32_t seed = 9;

    test_fresh_session(&a->t, &session);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    for (unsigned i = 0; i < N_ACCOUNTS; i++) {
        uint8_t key[4], data[256];

        assert_int_equal(ese_btree_insert(&session, &a->tree, make_key(key, i),
                                          make_balance(data, START, &seed), ESE_BTREE_VERSIONED),
                         JET_errSuccess);
    }
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    ese_txn_session_end(&session);
}

static void
test_btree_threads__keep_a_sum(void **state)
{
    const test_model_options options = {.n = 1};
    arena a;

    (void)state;
    arena_open(&a, 2048, &options);
    open_accounts(&a);
    run(&a, move_money);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_threads__find_what_they_did),
        cmocka_unit_test(test_btree_threads__keep_a_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
