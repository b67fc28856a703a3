/*
 * A long random walk over everything that can be done with pages, with failures in between, beside a model: what each page must say, and what each image
 * that is held must go on saying.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache_test.h"

enum { N_PAGES = 40, N_HELD = 6, N_STEPS = 60000, PAGE_SIZE = 2048 };

typedef struct model {
    cache_test t;
    uint32_t seed;
    uint32_t counters[N_PAGES + 1];
    ese_cache_page *held[N_HELD];
    uint32_t held_counters[N_HELD];
    unsigned n_failures;
} model;

static uint32_t
dice(model *m, uint32_t n)
{
    return test_random(&m->seed) % n;
}

/* Some step fails now and then; true when this one succeeded. */
static bool
is_done(model *m, JET_ERR err)
{
    if (err >= JET_errSuccess)
        return true;
    assert_true(err == JET_errOutOfMemory || err == JET_errDiskIO);
    m->n_failures++;
    return false;
}

static void
let_go(model *m, unsigned k)
{
    if (m->held[k] != NULL)
        assert_int_equal(cache_test_counter(m->held[k]), m->held_counters[k]);
    ese_cache_unpin(&m->held[k]);
}

static void
hold(model *m, unsigned k, ese_pgno pgno)
{
    let_go(m, k);
    if (!is_done(m, ese_cache_pin(m->t.pages, pgno, &m->held[k])))
        return;
    m->held_counters[k] = m->counters[pgno];
    assert_int_equal(cache_test_counter(m->held[k]), m->counters[pgno]);
    assert_true(ese_cache_is_current(m->held[k]));
}

/* Changes the latched page, or thinks better of it; keeps it in held[k] if there is room. */
static void
change(model *m, ese_cache_page *page, unsigned k)
{
    ese_pgno pgno = page->page.pgno;
    bool is_writable = is_done(m, ese_cache_make_writable(&page));
    bool is_changed = is_writable && dice(m, 4) != 0;

    assert_int_equal(cache_test_counter(page), m->counters[pgno]);
    if (is_changed)
        cache_test_set(page, ++m->counters[pgno]);
    if (m->held[k] == NULL && dice(m, 2) == 0) {
        ese_cache_unlatch_keep(page, is_changed ? ESE_CACHE_CHANGED : ESE_CACHE_UNCHANGED);
        m->held[k] = page;
        m->held_counters[k] = m->counters[pgno];
        assert_true(ese_cache_is_current(page));
    } else {
        ese_cache_unlatch(&page, is_changed ? ESE_CACHE_CHANGED : ESE_CACHE_UNCHANGED);
    }
}

static void
change_held(model *m, unsigned k)
{
    ese_cache_page *page = m->held[k];
    bool is_newest;

    if (page == NULL)
        return;
    is_newest = m->held_counters[k] == m->counters[page->page.pgno];
    if (!ese_cache_try_latch(page)) {
        assert_false(ese_cache_is_current(page));
        return;
    }
    assert_true(is_newest);
    m->held[k] = NULL;
    change(m, page, k);
}

static void
renew(model *m, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    if (!is_done(m, ese_cache_latch_blank(m->t.pages, pgno, &page)))
        return;
    memset(ese_cache_bytes(page), 0xee, PAGE_SIZE);
    if (dice(m, 2) == 0) {
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        return;
    }
    memcpy(ese_cache_bytes(page), test_db_page(&m->t.db, pgno), PAGE_SIZE);
    m->counters[pgno] += 1000;
    cache_test_set(page, m->counters[pgno]);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
}

static void
step(model *m)
{
    ese_pgno pgno = 1 + dice(m, N_PAGES);
    unsigned k = dice(m, N_HELD);
    ese_cache_page *page = NULL;

    switch (dice(m, 16)) {
    case 0: renew(m, pgno); break;
    case 1:
        if (dice(m, 20) == 0)
            (void)is_done(m, ese_cache_flush(m->t.pages));
        break;
    case 2: ese_cache_set_limit(m->t.cache, dice(m, 2 * N_PAGES) * PAGE_SIZE); break;
    case 3:
    case 4: let_go(m, k); break;
    case 5:
    case 6: change_held(m, k); break;
    case 7:
    case 8:
    case 9: hold(m, k, pgno); break;
    default:
        if (is_done(m, ese_cache_latch(m->t.pages, pgno, &page)))
            change(m, page, k);
    }
}

static void
maybe_arm(model *m)
{
    static const ese_fault points[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_READ,
                                       ESE_FAULT_POINT_WRITE};

    if (dice(m, 20) == 0)
        ese_fault_set(points[dice(m, 3)], 1 + dice(m, 5), dice(m, 4) == 0);
    else if (dice(m, 20) == 0)
        for (unsigned i = 0; i < 3; i++)
            ese_fault_set(points[i], 0, false);
}

static void
disarm(void)
{
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    ese_fault_set(ESE_FAULT_POINT_READ, 0, false);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
}

static void
walk(uint32_t seed, bool has_failures)
{
    static model m;

    m = (model){.seed = seed};
    cache_test_open(&m.t, PAGE_SIZE, N_PAGES, N_PAGES / 3 * PAGE_SIZE);
    for (unsigned i = 0; i < N_STEPS; i++) {
        if (has_failures)
            maybe_arm(&m);
        step(&m);
    }
    disarm();
    assert_true((m.n_failures > 100) == has_failures);
    for (unsigned k = 0; k < N_HELD; k++)
        let_go(&m, k);
    assert_int_equal(ese_cache_flush(m.t.pages), JET_errSuccess);
    cache_test_reattach(&m.t);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        assert_int_equal(cache_test_read(m.t.pages, pgno), m.counters[pgno]);
    cache_test_close(&m.t);
}

static void
test_cache_model__is_followed(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++)
        walk(seed, false);
}

static void
test_cache_model__is_followed_when_things_fail(void **state)
{
    (void)state;
    for (uint32_t seed = 11; seed <= 15; seed++)
        walk(seed, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_model__is_followed),
        cmocka_unit_test(test_cache_model__is_followed_when_things_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
