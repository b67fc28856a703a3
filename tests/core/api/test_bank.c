/*
 * Eight sessions on eight threads move money between accounts and sometimes think better of it; readers add everything up meanwhile. The sum never changes, whoever looks.
 * ESE_TEST_LONG=1 does it for longer.
 */
#include "isolation_test.h"

#include <pthread.h>
#include <stdatomic.h>

enum { N_ACCOUNTS = 64, OPENING = 1000, N_THREADS = 8, N_READERS = 2, N_TRANSFERS = 300 };

typedef struct teller {
    pair *bank;
    user user;
    uint64_t random;
    uint32_t n_done, n_conflicts, n_rolled_back, n_sums;
    int error; /* line, 0 = none: assertions of CMocka are for one thread only */
    pthread_t thread;
} teller;

static _Atomic int n_working;

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition) && t->error == 0)                                                         \
            t->error = __LINE__;                                                                   \
    } while (0)

static uint32_t
below(teller *t, uint32_t n)
{
    t->random = t->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(t->random >> 33) % n;
}

static bool
seek(teller *t, int32_t id)
{
    const user *u = &t->user;

    REQUIRE(JetMakeKey(u->sesid, u->tableid, &id, sizeof id, JET_bitNewKey) == JET_errSuccess);
    return JetSeek(u->sesid, u->tableid, JET_bitSeekEQ) == JET_errSuccess;
}

/* Adds to an account; false: somebody else is at it. */
static bool
add(teller *t, int32_t id, int32_t amount)
{
    const user *u = &t->user;
    int32_t balance = 0;
    uint32_t size;
    JET_ERR err;

    REQUIRE(seek(t, id));
    err = JetPrepareUpdate(u->sesid, u->tableid, JET_prepReplace);
    if (err == JET_errWriteConflict)
        return false;
    REQUIRE(err == JET_errSuccess);
    REQUIRE(JetRetrieveColumn(u->sesid, u->tableid, u->number, &balance, sizeof balance, &size, 0,
                              NULL) == JET_errSuccess);
    balance += amount;
    REQUIRE(JetSetColumn(u->sesid, u->tableid, u->number, &balance, sizeof balance, 0, NULL) ==
            JET_errSuccess);
    REQUIRE(JetUpdate(u->sesid, u->tableid, NULL, 0, NULL) == JET_errSuccess);
    return true;
}

static void
transfer(teller *t)
{
    const user *u = &t->user;
    int32_t from = (int32_t)below(t, N_ACCOUNTS), to = (int32_t)below(t, N_ACCOUNTS);
    int32_t amount = (int32_t)below(t, 100);
    bool is_made;

    REQUIRE(JetBeginTransaction(u->sesid) == JET_errSuccess);
    is_made = add(t, from, -amount) && add(t, to, amount);
    if (!is_made || below(t, 4) == 0) {
        REQUIRE(JetRollback(u->sesid, 0) == JET_errSuccess);
        t->n_conflicts += !is_made;
        t->n_rolled_back += is_made;
        return;
    }
    REQUIRE(JetCommitTransaction(u->sesid, JET_bitCommitLazyFlush) == JET_errSuccess);
    t->n_done++;
}

static void *
work(void *argument)
{
    teller *t = argument;
    uint32_t n = getenv("ESE_TEST_LONG") != NULL ? 100 * N_TRANSFERS : N_TRANSFERS;

    while (t->n_done < n && t->error == 0)
        transfer(t);
    atomic_fetch_sub(&n_working, 1);
    return NULL;
}

/* The sum of all accounts in the order of an index, as one transaction sees it. */
static int64_t
add_up(teller *t, const char *index, int *n_out)
{
    const user *u = &t->user;
    int64_t sum = 0;
    JET_ERR err;

    *n_out = 0;
    REQUIRE(JetSetCurrentIndexA(u->sesid, u->tableid, index) == JET_errSuccess);
    for (err = JetMove(u->sesid, u->tableid, (int32_t)JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(u->sesid, u->tableid, JET_MoveNext, 0)) {
        int32_t balance = 0;
        uint32_t size;

        REQUIRE(JetRetrieveColumn(u->sesid, u->tableid, u->number, &balance, sizeof balance, &size,
                                  0, NULL) == JET_errSuccess);
        sum += balance;
        ++*n_out;
    }
    REQUIRE(err == JET_errNoCurrentRecord);
    return sum;
}

static void *
watch(void *argument)
{
    teller *t = argument;

    do {
        int n;

        REQUIRE(JetBeginTransaction2(t->user.sesid, JET_bitTransactionReadOnly) == JET_errSuccess);
        REQUIRE(add_up(t, "id", &n) == (int64_t)N_ACCOUNTS * OPENING && n == N_ACCOUNTS);
        REQUIRE(add_up(t, "number", &n) == (int64_t)N_ACCOUNTS * OPENING && n == N_ACCOUNTS);
        REQUIRE(JetCommitTransaction(t->user.sesid, 0) == JET_errSuccess);
        t->n_sums++;
    } while (atomic_load(&n_working) > 0 && t->error == 0);
    return NULL;
}

static void
test_api_bank__the_sum_never_changes(void **state)
{
    pair *p = *state;
    teller tellers[N_THREADS + N_READERS] = {0};

    for (int32_t id = 0; id < N_ACCOUNTS; id++)
        put(&p->a, id, OPENING);
    atomic_store(&n_working, N_THREADS);
    for (unsigned i = 0; i < N_THREADS + N_READERS; i++) {
        teller *t = &tellers[i];

        t->bank = p;
        t->random = i + 1;
        assert_ok(JetDupSession(p->a.sesid, &t->user.sesid));
        open_table(&t->user, p->path);
    }
    for (unsigned i = 0; i < N_THREADS + N_READERS; i++)
        assert_int_equal(
            pthread_create(&tellers[i].thread, NULL, i < N_THREADS ? work : watch, &tellers[i]), 0);
    for (unsigned i = 0; i < N_THREADS + N_READERS; i++)
        pthread_join(tellers[i].thread, NULL);
    for (unsigned i = 0; i < N_THREADS + N_READERS; i++) {
        assert_int_equal(tellers[i].error, 0);
        assert_true(i < N_THREADS ? tellers[i].n_done > 0 : tellers[i].n_sums > 0);
        assert_ok(JetEndSession(tellers[i].user.sesid, 0));
    }
    assert_int_equal(sum_of_range(&p->a, 0, N_ACCOUNTS), N_ACCOUNTS * OPENING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {ISOLATION_TEST(test_api_bank__the_sum_never_changes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
