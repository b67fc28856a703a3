/* Trees are read by many threads at a time, each with its own cursor, through a cache that holds almost nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "test_tree.h"

enum { N_THREADS = 8, N_ROUNDS = 150, N_STEPS = 12 };

typedef struct worker {
    pthread_t thread;
    const test_tree *t;
    uint32_t seed;
    unsigned n_wrong;
} worker;

/* Seeks an entry and steps on from it; true when it saw what the tree holds. */
static bool
seek_and_step(const test_tree *t, ese_btree_cursor *cursor, size_t at)
{
    const test_entry *entry = &t->entries[at];
    bool found = false;
    int order = 1;

    if (ese_btree_seek(cursor, (ese_bytes){entry->key, entry->key_size}, (ese_bytes){NULL, 0},
                       ESE_BTREE_GE, &found, &order) < JET_errSuccess ||
        !found || order != 0)
        return false;
    for (size_t i = at; i < t->n && i < at + N_STEPS; i++) {
        if (!test_tree_is_at(cursor, &t->entries[i]) ||
            ese_btree_next(cursor, &found) < JET_errSuccess || found != (i + 1 < t->n))
            return false;
    }
    return true;
}

static void *
work(void *argument)
{
    worker *w = argument;
    ese_btree_cursor cursor;

    ese_btree_cursor_init(&cursor, &w->t->tree, NULL);
    for (unsigned i = 0; i < N_ROUNDS; i++)
        w->n_wrong += !seek_and_step(w->t, &cursor, test_random(&w->seed) % w->t->n);
    ese_btree_cursor_reset(&cursor);
    return NULL;
}

static void
test_btree_threads__see_the_same_tree(void **state)
{
    const test_tree_options options = {
        2048, {.objid = 9, .leaf_lines = 4, .parent_lines = 6, .has_prefixes = true}, 600, 0, 31};
    worker workers[N_THREADS];
    test_tree t;

    (void)state;
    test_tree_make(&t, &options);
    test_tree_open(&t, 10 * 2048);
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.t = &t, .seed = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_wrong, 0);
    }
    test_tree_close(&t);
    test_tree_free(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_threads__see_the_same_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
