/* Eight sessions on eight threads move money between accounts, with random rollbacks: what anybody sees adds up to the same sum. */
#include "txn_test.h"

#include <pthread.h>

enum { N_THREADS = 8, N_ACCOUNTS = 16, START = 1000, N_COUNTER = 32, N_ROUNDS = 3000 };

typedef struct worker {
    fake *f;
    ese_txn_session session;
    uint64_t random;
    int64_t counted; /* what it added to the counter */
    bool is_wrong;
} worker;

static uint32_t
draw(worker *me, uint32_t n)
{
    me->random = me->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(me->random >> 33) % n;
}

static int64_t
sum_of(const ese_txn_session *session, fake_tree *tree)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < N_ACCOUNTS; i++) {
        int64_t value = fake_read(session, tree, i);

        sum += value == FAKE_NOTHING ? 0 : value;
    }
    return sum;
}

/* Accounts without money are closed. */
static JET_ERR
set_account(ese_txn_session *session, fake_tree *tree, uint32_t key, int64_t value)
{
    int64_t before = fake_read(session, tree, key);

    if (before == FAKE_NOTHING)
        return value == 0 ? JET_errSuccess : fake_insert(session, tree, key, value);
    if (value == 0)
        return fake_do(session, tree, key, ESE_TXN_DELETE);
    return fake_replace(session, tree, key, value);
}

static int64_t
balance(const ese_txn_session *session, fake_tree *tree, uint32_t key)
{
    int64_t value = fake_read(session, tree, key);

    return value == FAKE_NOTHING ? 0 : value;
}

static JET_ERR
move_money(worker *me)
{
    fake_tree *tree = &me->f->tree;
    uint32_t from = draw(me, N_ACCOUNTS);
    uint32_t to = draw(me, N_ACCOUNTS);
    int64_t amount = balance(&me->session, tree, from);
    JET_ERR err;

    if (from == to)
        return JET_errSuccess;
    if (draw(me, 4) != 0)
        amount /= 2;
    ESE_TRY(set_account(&me->session, tree, from, balance(&me->session, tree, from) - amount));
    ESE_TRY(set_account(&me->session, tree, to, balance(&me->session, tree, to) + amount));
out:
    return err;
}

/* A move inside a move; the inner one is undone now and then. */
static JET_ERR
move_twice(worker *me)
{
    JET_ERR err = move_money(me);

    if (err < JET_errSuccess || draw(me, 3) != 0)
        return err;
    err = ese_txn_begin(&me->session, false);
    if (err < JET_errSuccess)
        return err;
    err = move_money(me);
    if (err < JET_errSuccess || draw(me, 2) == 0)
        return ese_txn_rollback(&me->session, false) < JET_errSuccess ? JET_errInternalError
                                                                      : JET_errSuccess;
    return ese_txn_commit(&me->session);
}

static bool
is_expected(JET_ERR err)
{
    return err >= JET_errSuccess || err == JET_errWriteConflict || err == JET_errKeyDuplicate ||
           err == JET_errRecordDeleted;
}

static void
work_once(worker *me)
{
    fake_tree *tree = &me->f->tree;
    int64_t step = (int64_t)draw(me, 5);
    JET_ERR err = ese_txn_begin(&me->session, false);

    me->is_wrong |= err < JET_errSuccess || sum_of(&me->session, tree) != N_ACCOUNTS * START;
    err = move_twice(me);
    me->is_wrong |= !is_expected(err);
    if (err >= JET_errSuccess) {
        me->is_wrong |= sum_of(&me->session, tree) != N_ACCOUNTS * START;
        err = fake_delta(&me->session, tree, N_COUNTER, step);
        me->is_wrong |= err < JET_errSuccess;
    }
    if (err < JET_errSuccess || draw(me, 4) == 0) {
        me->is_wrong |= ese_txn_rollback(&me->session, true) < JET_errSuccess;
    } else {
        me->is_wrong |= ese_txn_commit(&me->session) < JET_errSuccess;
        me->counted += step;
    }
}

static void *
work(void *argument)
{
    worker *me = argument;

    for (int i = 0; i < N_ROUNDS && !me->is_wrong; i++)
        work_once(me);
    return NULL;
}

static void
test_txn_threads__nobody_sees_a_part_of_a_transaction(void **state)
{
    static fake f;
    static worker workers[N_THREADS];
    pthread_t threads[N_THREADS];
    int64_t counted = 0;

    (void)state;
    fake_begin(&f);
    for (uint32_t i = 0; i < N_ACCOUNTS; i++)
        assert_done(fake_insert(&f.a, &f.tree, i, START));
    assert_done(fake_insert(&f.a, &f.tree, N_COUNTER, 0));
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.f = &f, .random = i + 1};
        ese_txn_session_init(&workers[i].session, f.store);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(workers[i].is_wrong);
        counted += workers[i].counted;
        ese_txn_session_end(&workers[i].session);
    }
    assert_int_equal(sum_of(ese_txn_store_observer(f.store), &f.tree), N_ACCOUNTS * START);
    assert_int_equal(fake_committed(&f, N_COUNTER), counted);
    ese_txn_store_clean(f.store);
    assert_true(ese_txn_store_is_empty(f.store));
    assert_int_equal(ese_txn_store_size(f.store), 0);
    for (uint32_t i = 0; i < N_ACCOUNTS; i++)
        assert_false(f.tree.nodes[i].is_there && f.tree.nodes[i].is_deleted);
    fake_end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_txn_threads__nobody_sees_a_part_of_a_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
