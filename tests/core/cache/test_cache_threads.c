/* Many threads at one cache; meant for the thread sanitizer, too. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/alloc.h"
#include "cache/cache.h"
#include "test_db.h"

enum { N_THREADS = 8, N_PAGES = 200, N_ROUNDS = 4000, N_HELD = 3 };

typedef struct shared {
    test_db db;
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    pthread_barrier_t start;
} shared;

typedef struct worker {
    pthread_t thread;
    shared *shared;
    uint32_t seed;
    unsigned n_wrong;
    uint32_t pages_read;
} worker;

static void
setup(shared *s, size_t limit)
{
    test_db_init(&s->db, 2048);
    for (unsigned i = 0; i < N_PAGES; i++) {
        ese_pgno pgno = test_db_add_page(&s->db);
        uint8_t number[4];

        ese_store_be32(number, pgno);
        test_page_format(&s->db, pgno, 1, ESE_PAGE_LEAF);
        assert_true(test_page_add_line(&s->db, pgno, (ese_bytes){number, 4}, (ese_bytes){number, 4},
                                       false));
        test_page_seal(&s->db, pgno);
    }
    test_db_write(&s->db);
    assert_int_equal(ese_os_file_open(s->db.path, &s->file), JET_errSuccess);
    assert_int_equal(ese_cache_create(limit, &s->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(s->cache, s->file, 2048, &s->pages), JET_errSuccess);
    assert_int_equal(pthread_barrier_init(&s->start, NULL, N_THREADS), 0);
}

static void
teardown(shared *s)
{
    pthread_barrier_destroy(&s->start);
    ese_cache_detach(&s->pages);
    assert_int_equal(ese_cache_size(s->cache), 0);
    ese_cache_destroy(&s->cache);
    ese_os_file_close(&s->file);
    test_db_free(&s->db);
}

static void
run(shared *s, void *(*work)(void *), worker *workers)
{
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.shared = s, .seed = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_wrong, 0);
    }
}

static bool
is_page(const ese_cache_page *page, ese_pgno pgno)
{
    return page->page.pgno == pgno &&
           ese_load_be32(ese_page_line(&page->page, 0).data.data) == pgno;
}

/* Holds a few random pages at a time and looks at them again before letting go. */
static void *
pin_at_random(void *argument)
{
    worker *w = argument;
    ese_cache_page *held[N_HELD] = {NULL};
    ese_pgno pgnos[N_HELD] = {0};

    pthread_barrier_wait(&w->shared->start);
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        unsigned k = i % N_HELD;

        if (held[k] != NULL && !is_page(held[k], pgnos[k]))
            w->n_wrong++;
        ese_cache_unpin(&held[k]);
        pgnos[k] = 1 + test_random(&w->seed) % N_PAGES;
        if (ese_cache_pin(w->shared->pages, pgnos[k], &held[k]) < JET_errSuccess ||
            !is_page(held[k], pgnos[k]))
            w->n_wrong++;
        if (i % 64 == 0)
            ese_cache_set_limit(w->shared->cache, (test_random(&w->seed) % 32) * 2048);
    }
    for (unsigned k = 0; k < N_HELD; k++)
        ese_cache_unpin(&held[k]);
    return NULL;
}

static void
test_cache_threads__never_see_another_page_than_the_one_pinned(void **state)
{
    shared s = {0};
    worker workers[N_THREADS];
    int64_t live = ese_alloc_live();

    (void)state;
    setup(&s, 8 * 2048);
    run(&s, pin_at_random, workers);
    ese_cache_set_limit(s.cache, 8 * 2048);
    assert_true(ese_cache_size(s.cache) <= 8 * 2048);
    teardown(&s);
    assert_int_equal(ese_alloc_live(), live);
}

/* All threads go over the same pages at the same time. */
static void *
pin_in_order(void *argument)
{
    worker *w = argument;

    pthread_barrier_wait(&w->shared->start);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++) {
        ese_cache_page *page = NULL;

        if (ese_cache_pin(w->shared->pages, pgno, &page) < JET_errSuccess || !is_page(page, pgno))
            w->n_wrong++;
        ese_cache_unpin(&page);
    }
    w->pages_read = ese_cache_thread_counters().pages_read; /* of a new thread: from 0 */
    return NULL;
}

static void
test_cache_threads__that_miss_the_same_page_read_it_once(void **state)
{
    shared s = {0};
    worker workers[N_THREADS];
    uint32_t n_read = 0;

    (void)state;
    setup(&s, 4 << 20);
    run(&s, pin_in_order, workers);
    for (unsigned i = 0; i < N_THREADS; i++)
        n_read += workers[i].pages_read;
    assert_int_equal(n_read, N_PAGES);
    teardown(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_threads__never_see_another_page_than_the_one_pinned),
        cmocka_unit_test(test_cache_threads__that_miss_the_same_page_read_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
