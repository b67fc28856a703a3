/* Temporary tables of several sessions side by side in one temporary database, which comes and goes while they do. */
#include "temp_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 6, ROWS = 400, LONG_SIZE = 3000 };

static _Atomic uint32_t n_wrong; /* cmocka asserts on its own thread only */

static void
expect(bool is_right)
{
    if (!is_right)
        atomic_fetch_add(&n_wrong, 1);
}

static void
insert_rows(const temp_fixture *f, int32_t mark)
{
    uint8_t big[LONG_SIZE];

    memset(big, mark, sizeof big);
    expect(JetBeginTransaction(f->sesid) >= 0);
    for (int32_t i = 0; i < ROWS; i++) {
        expect(JetPrepareUpdate(f->sesid, f->table, JET_prepInsert) >= 0);
        expect(set_long(f, f->key, (i * 7919) % ROWS) >= 0);
        expect(set_long(f, f->value, mark) >= 0);
        expect(JetSetColumn(f->sesid, f->table, f->lv, big, sizeof big, 0, NULL) >= 0);
        expect(update_temp(f) >= 0);
    }
    expect(JetCommitTransaction(f->sesid, 0) >= 0);
}

static void
read_rows(const temp_fixture *f, int32_t mark)
{
    JET_ERR err = JetMove(f->sesid, f->table, (int32_t)JET_MoveFirst, 0);
    int32_t n = 0;

    for (; err >= 0; err = JetMove(f->sesid, f->table, JET_MoveNext, 0), n++) {
        uint8_t big[LONG_SIZE] = {0};
        uint32_t size = 0;

        expect(get_long(f, f->key) == n && get_long(f, f->value) == mark);
        expect(JetRetrieveColumn(f->sesid, f->table, f->lv, big, sizeof big, &size, 0, NULL) >= 0);
        expect(size == sizeof big && big[0] == mark && big[LONG_SIZE - 1] == mark);
    }
    expect(n == ROWS);
}

typedef struct worker {
    JET_INSTANCE instance;
    int32_t mark;
} worker;

static void *
work(void *argument)
{
    static const JET_GRBIT kinds[] = {0, JET_bitTTUpdatable | JET_bitTTIndexed,
                                      JET_bitTTErrorOnDuplicateInsertion};
    const worker *self = argument;
    temp_fixture f = {0};

    expect(JetBeginSessionA(self->instance, &f.sesid, NULL, NULL) >= 0);
    for (int32_t i = 0; i < ROUNDS; i++) {
        expect(try_open_temp(&f, kinds[i % 3], true) >= 0);
        insert_rows(&f, self->mark);
        read_rows(&f, self->mark);
        expect(JetCloseTable(f.sesid, f.table) >= 0);
    }
    expect(JetEndSession(f.sesid, 0) >= 0);
    return NULL;
}

static void
test_temp_threads__know_nothing_of_each_other(void **state)
{
    pthread_t threads[THREADS];
    worker workers[THREADS];
    temp_fixture f = {0};

    (void)state;
    temp_spills = true;
    start_temp(&f);
    for (int32_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){f.instance, i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int32_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&n_wrong), 0);
    end_temp(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_temp_threads__know_nothing_of_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
