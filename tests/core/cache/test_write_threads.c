/*
 * Threads that change pages while others read them, in a cache that has room for all or for few of them; meant for the thread sanitizer, too.
 *
 * Every change adds one to the counter of a page, so at the end the sum tells whether one was lost: in memory, on the way to the file or back.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "cache_test.h"
#include "os/os_thread.h"

enum { PAGE_SIZE = 2048, N_PAGES = 60, N_WRITERS = 4, N_READERS = 3, N_ROUNDS = 3000 };

typedef struct shared {
    cache_test t;
    unsigned n_hot; /* pages 1 to this are changed */
    _Atomic bool is_over;
    pthread_barrier_t start;
} shared;

typedef struct worker {
    pthread_t thread;
    shared *shared;
    uint32_t seed;
    unsigned n_changes;
    unsigned n_wrong;
} worker;

/* Says whether an image is whole; gives its counter. */
static bool
is_whole(const ese_cache_page *page, ese_pgno pgno, uint32_t *counter_out)
{
    ese_bytes data = ese_page_line(&page->page, 0).data;
    uint32_t n = ese_load_le32(data.data);

    *counter_out = n;
    return page->page.pgno == pgno && ese_load_le32(data.data + 4) == (uint32_t)~n;
}

/* Adds one to a latched page. */
static bool
add_one(worker *w, ese_cache_page **page_inout)
{
    uint32_t n = 0;
    bool is_fine = is_whole(*page_inout, (*page_inout)->page.pgno, &n);

    if (ese_cache_make_writable(page_inout) < JET_errSuccess)
        return false;
    cache_test_set(*page_inout, n + 1);
    w->n_changes++;
    return is_fine;
}

/* Changes a page that is pinned once more, if nobody else has meanwhile; gives the pin back. */
static bool
change_again(worker *w, ese_cache_page *page)
{
    ese_pgno pgno = page->page.pgno;
    bool is_fine;
    uint32_t n;

    is_fine = is_whole(page, pgno, &n);
    if (ese_cache_try_latch(page)) {
        is_fine = add_one(w, &page) && is_fine;
        ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    }
    ese_cache_unpin(&page);
    return is_fine;
}

/* One page: changed, or only made writable, or made anew with the same counter. */
static bool
change_one(worker *w, ese_pgno pgno, uint32_t dice)
{
    ese_cache_file *pages = w->shared->t.pages;
    ese_cache_page *page = NULL;
    bool is_fine = ese_cache_latch(pages, pgno, &page) >= JET_errSuccess;

    if (!is_fine)
        return false;
    if (dice % 8 == 0) {
        is_fine = ese_cache_make_writable(&page) >= JET_errSuccess;
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        return is_fine;
    }
    is_fine = add_one(w, &page);
    if (dice % 8 == 1) {
        ese_cache_unlatch_keep(page, ESE_CACHE_CHANGED);
        return is_fine && change_again(w, page);
    }
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    return is_fine;
}

/* Two pages in one change, latched from left to right. */
static bool
change_two(worker *w, ese_pgno left, ese_pgno right)
{
    ese_cache_file *pages = w->shared->t.pages;
    ese_cache_page *first = NULL, *second = NULL;
    bool is_fine;

    if (ese_cache_latch(pages, left, &first) < JET_errSuccess)
        return false;
    is_fine = ese_cache_latch(pages, right, &second) >= JET_errSuccess && add_one(w, &first) &&
              add_one(w, &second);
    ese_cache_unlatch(&first, is_fine ? ESE_CACHE_CHANGED : ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&second, is_fine ? ESE_CACHE_CHANGED : ESE_CACHE_UNCHANGED);
    return is_fine;
}

/* Takes a page over from nothing and leaves it as it was. */
static bool
touch_blank(worker *w, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    if (ese_cache_latch_blank(w->shared->t.pages, pgno, &page) < JET_errSuccess)
        return false;
    memset(ese_cache_bytes(page), 0xee, PAGE_SIZE);
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return true;
}

static void *
write_pages(void *argument)
{
    worker *w = argument;

    pthread_barrier_wait(&w->shared->start);
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        uint32_t dice = test_random(&w->seed);
        ese_pgno pgno = 1 + dice / 64 % w->shared->n_hot;
        bool is_fine;

        if (dice % 64 < 2)
            is_fine = touch_blank(w, pgno);
        else if (dice % 64 < 12 && pgno < w->shared->n_hot)
            is_fine = change_two(w, pgno, pgno + 1);
        else
            is_fine = change_one(w, pgno, dice);
        w->n_wrong += is_fine ? 0 : 1;
    }
    return NULL;
}

/* Holds an image while others change the page; a later image is never an older one. */
static void *
read_pages(void *argument)
{
    worker *w = argument;
    ese_cache_file *pages = w->shared->t.pages;
    ese_cache_page *held = NULL;
    ese_pgno held_pgno = 0;
    uint32_t held_n = 0;

    pthread_barrier_wait(&w->shared->start);
    while (!w->shared->is_over) {
        ese_cache_page *page = NULL;
        ese_pgno pgno = 1 + test_random(&w->seed) % w->shared->n_hot;
        uint32_t n = 0;

        if (held != NULL) {
            uint32_t again = 0;
            bool was_current = ese_cache_is_current(held);

            w->n_wrong += is_whole(held, held_pgno, &again) && again == held_n ? 0 : 1;
            if (ese_cache_pin(pages, held_pgno, &page) < JET_errSuccess)
                return NULL;
            w->n_wrong += is_whole(page, held_pgno, &n) && n >= held_n ? 0 : 1;
            w->n_wrong += was_current || n > held_n ? 0 : 1;
            ese_cache_unpin(&page);
        }
        ese_cache_unpin(&held);
        if (ese_cache_pin(pages, pgno, &held) < JET_errSuccess || !is_whole(held, pgno, &held_n))
            w->n_wrong++;
        held_pgno = pgno;
    }
    ese_cache_unpin(&held);
    return NULL;
}

/* Flushes, and changes the size of the cache. */
static void *
tend_cache(void *argument)
{
    worker *w = argument;

    pthread_barrier_wait(&w->shared->start);
    while (!w->shared->is_over) {
        w->n_wrong += ese_cache_flush(w->shared->t.pages) < JET_errSuccess ? 1 : 0;
        (void)ese_cache_oldest_change(w->shared->t.pages);
        ese_cache_read_ahead(w->shared->t.pages, 1, N_PAGES);
        ese_os_yield();
    }
    return NULL;
}

static uint32_t
sum_of_counters(cache_test *t)
{
    uint32_t sum = 0;

    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        sum += cache_test_read(t->pages, pgno);
    return sum;
}

static void
run(unsigned n_hot, size_t limit)
{
    enum { N = N_WRITERS + N_READERS + 1 };
    shared *s = test_calloc(1, sizeof *s);
    worker workers[N];
    uint32_t n_changes = 0;

    s->n_hot = n_hot;
    cache_test_open(&s->t, PAGE_SIZE, N_PAGES, limit);
    assert_int_equal(pthread_barrier_init(&s->start, NULL, N), 0);
    for (unsigned i = 0; i < N; i++) {
        void *(*work)(void *) = i < N_WRITERS               ? write_pages
                                : i < N_WRITERS + N_READERS ? read_pages
                                                            : tend_cache;

        workers[i] = (worker){.shared = s, .seed = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N; i++) {
        if (i == N_WRITERS)
            s->is_over = true;
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        n_changes += workers[i].n_changes;
    }
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(workers[i].n_wrong, 0);
    assert_int_equal(s->t.n_failed, 0);
    assert_int_equal(sum_of_counters(&s->t), n_changes);
    assert_int_equal(ese_cache_flush(s->t.pages), JET_errSuccess);
    cache_test_reattach(&s->t);
    assert_int_equal(sum_of_counters(&s->t), n_changes);
    pthread_barrier_destroy(&s->start);
    cache_test_close(&s->t);
    test_free(s);
}

static void
test_cache_write_threads__lose_no_change_where_there_is_room(void **state)
{
    (void)state;
    run(N_PAGES, 1 << 20);
}

static void
test_cache_write_threads__lose_no_change_in_a_tiny_cache(void **state)
{
    (void)state;
    run(N_PAGES, 12 * PAGE_SIZE);
}

static void
test_cache_write_threads__lose_no_change_of_one_page(void **state)
{
    (void)state;
    run(1, 1 << 20);
}

static void
test_cache_write_threads__lose_no_change_of_a_few_pages_in_a_cache_that_is_too_small(void **state)
{
    (void)state;
    run(3, PAGE_SIZE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_write_threads__lose_no_change_where_there_is_room),
        cmocka_unit_test(test_cache_write_threads__lose_no_change_in_a_tiny_cache),
        cmocka_unit_test(test_cache_write_threads__lose_no_change_of_one_page),
        cmocka_unit_test(
            test_cache_write_threads__lose_no_change_of_a_few_pages_in_a_cache_that_is_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
