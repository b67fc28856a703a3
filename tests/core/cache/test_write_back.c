/* Bringing changed pages back: eviction in a tiny cache, flush, and everything that can fail on the way. INV numbers are those of cache.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache_test.h"

static uint32_t
counter_in_file(cache_test *t, ese_pgno pgno)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];
    uint32_t size = t->db.page_size;
    ese_page page = {bytes, size, pgno};

    assert_int_equal(ese_os_file_read(t->file, (uint64_t)(pgno + 1) * size, bytes, size),
                     JET_errSuccess);
    assert_int_equal(ese_page_checksum_verify(bytes, size, pgno), ESE_PAGE_STATE_GOOD);
    assert_int_equal(ese_page_verify(&page), JET_errSuccess);
    return ese_load_le32(ese_page_line(&page, 0).data.data);
}

static void
test_cache_evict__writes_changed_pages_before_it_forgets_them(void **state)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        enum { N = 100, ROOM = 8 };
        cache_test t = {0};
        uint32_t seed = 99;

        cache_test_open(&t, sizes[i], N, ROOM * sizes[i]);
        for (ese_pgno pgno = 1; pgno <= N; pgno++) {
            assert_int_equal(cache_test_change(t.pages, pgno, pgno), JET_errSuccess);
            assert_in_range(ese_cache_size(t.cache), 0, ROOM * sizes[i]);
        }
        assert_true(t.n_before_write > 0);
        for (unsigned k = 0; k < 5 * N; k++) {
            ese_pgno pgno = 1 + test_random(&seed) % N;
            uint32_t n = cache_test_read(t.pages, pgno);

            assert_int_equal(n % 1000, pgno);
            assert_int_equal(cache_test_change(t.pages, pgno, n + 1000), JET_errSuccess);
            assert_in_range(ese_cache_size(t.cache), 0, ROOM * sizes[i]);
        }
        assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
        for (ese_pgno pgno = 1; pgno <= N; pgno++)
            assert_int_equal(counter_in_file(&t, pgno), cache_test_read(t.pages, pgno));
        assert_int_equal(t.n_failed, 0);
        cache_test_close(&t);
    }
}

static void
test_cache_evict__writes_neighbours_together(void **state)
{
    enum { N = 64 };
    cache_test t = {0};

    (void)state;
    cache_test_open(&t, 4096, N, N * 4096);
    for (ese_pgno pgno = 1; pgno <= N; pgno++)
        assert_int_equal(cache_test_change(t.pages, pgno, pgno), JET_errSuccess);
    ese_cache_set_limit(t.cache, 4096);
    assert_in_range(ese_cache_size(t.cache), 0, 4096);
    assert_in_range(t.n_runs, 1, 8); /* and not one for each page */
    assert_int_equal(t.n_prepare, t.n_before_write);
    for (ese_pgno pgno = 1; pgno < N; pgno++)
        assert_int_equal(cache_test_read(t.pages, pgno), pgno);
    cache_test_close(&t);
}

static void
test_cache_evict__keeps_what_is_pinned_or_latched(void **state)
{
    cache_test t = {0};
    ese_cache_page *pinned = NULL, *latched = NULL;

    (void)state;
    cache_test_open(&t, 4096, 50, 4 * 4096);
    assert_int_equal(cache_test_change(t.pages, 1, 11), JET_errSuccess);
    assert_int_equal(cache_test_change(t.pages, 2, 22), JET_errSuccess);
    assert_int_equal(ese_cache_pin(t.pages, 1, &pinned), JET_errSuccess);
    assert_int_equal(ese_cache_latch(t.pages, 2, &latched), JET_errSuccess);
    assert_int_equal(ese_cache_make_writable(&latched), JET_errSuccess);
    for (ese_pgno pgno = 3; pgno <= 50; pgno++)
        assert_int_equal(cache_test_change(t.pages, pgno, pgno), JET_errSuccess);
    assert_int_equal(cache_test_counter(pinned), 11);
    assert_true(ese_cache_is_current(pinned));
    assert_int_equal(cache_test_counter(latched), 22);
    cache_test_set(latched, 23);
    ese_cache_unlatch(&latched, ESE_CACHE_CHANGED);
    ese_cache_unpin(&pinned);
    assert_int_equal(cache_test_read(t.pages, 2), 23);
    cache_test_close(&t);
}

static void
test_cache_flush__writes_each_changed_page_once(void **state)
{
    cache_test t = {0};

    (void)state;
    cache_test_open(&t, 4096, 200, 1 << 20);
    for (ese_pgno pgno = 200; pgno > 0; pgno -= 2) /* no neighbours */
        assert_int_equal(cache_test_change(t.pages, pgno, pgno), JET_errSuccess);
    assert_int_equal(counter_in_file(&t, 100), 0);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.n_before_write, 100);
    for (ese_pgno pgno = 1; pgno <= 200; pgno++)
        assert_int_equal(counter_in_file(&t, pgno), pgno % 2 == 0 ? pgno : 0);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.n_before_write, 100); /* there is nothing to write */
    for (ese_pgno pgno = 1; pgno <= 200; pgno++)
        assert_int_equal(cache_test_change(t.pages, pgno, 7), JET_errSuccess);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.n_before_write, 300); /* asked about each, */
    assert_int_equal(t.n_prepare, 300);
    assert_int_equal(t.n_runs, 104); /* and written 64 at a time */
    assert_int_equal(counter_in_file(&t, 199), 7);
    cache_test_close(&t);
}

static void
test_cache_flush__writes_pages_that_are_pinned(void **state)
{
    cache_test t = {0};
    ese_cache_page *page = NULL;

    (void)state;
    cache_test_open(&t, 4096, 10, 1 << 20);
    assert_int_equal(cache_test_change(t.pages, 3, 1), JET_errSuccess);
    assert_int_equal(ese_cache_pin(t.pages, 3, &page), JET_errSuccess);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(counter_in_file(&t, 3), 1);
    assert_true(ese_cache_is_current(page));
    assert_int_equal(cache_test_change(t.pages, 3, 2),
                     JET_errSuccess); /* beside the pinned image */
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(counter_in_file(&t, 3), 2);
    assert_int_equal(cache_test_counter(page), 1);
    ese_cache_unpin(&page);
    cache_test_close(&t);
}

static void
note(cache_test *t, ese_pgno pgno, uint64_t modify, uint64_t begin)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_latch(t->pages, pgno, &page), JET_errSuccess);
    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
    cache_test_set(page, 1);
    ese_cache_note_log(page, modify, begin);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
}

static void
test_cache_flush__asks_for_the_log_up_to_the_newest_change(void **state)
{
    cache_test t = {0};
    ese_cache_page *old = NULL;

    (void)state;
    cache_test_open(&t, 4096, 10, 1 << 20);
    assert_true(ese_cache_oldest_change(t.pages) == UINT64_MAX);
    note(&t, 3, 100, 90);
    note(&t, 4, 120, 0);
    assert_int_equal(ese_cache_oldest_change(t.pages), 90);
    assert_int_equal(ese_cache_pin(t.pages, 3, &old), JET_errSuccess);
    note(&t, 3, 130, 125); /* a copy: what was noted before still counts */
    ese_cache_unpin(&old);
    assert_int_equal(ese_cache_oldest_change(t.pages), 90);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.lgpos, 130);
    assert_true(ese_cache_oldest_change(t.pages) == UINT64_MAX);
    note(&t, 3, 150, 140);
    assert_int_equal(ese_cache_oldest_change(t.pages), 140);
    cache_test_close(&t);
}

static void
test_cache_flush_older__writes_what_holds_the_checkpoint_back(void **state)
{
    cache_test t = {0};

    (void)state;
    cache_test_open(&t, 4096, 20, 1 << 20);
    note(&t, 3, 200, 100);
    note(&t, 7, 210, 150);
    note(&t, 11, 220, 0);
    assert_int_equal(ese_cache_flush_older(t.pages, 100), JET_errSuccess);
    assert_int_equal(t.n_before_write, 0);
    assert_int_equal(ese_cache_flush_older(t.pages, 151), JET_errSuccess);
    assert_int_equal(t.n_before_write, 2);
    assert_int_equal(counter_in_file(&t, 3), 1);
    assert_int_equal(counter_in_file(&t, 7), 1);
    assert_int_equal(counter_in_file(&t, 11), 0);
    assert_int_equal(ese_cache_oldest_change(t.pages), 220);
    cache_test_close(&t);
}

static void
test_cache_oldest__counts_changes_that_nobody_sees_yet(void **state)
{
    cache_test t = {0};
    ese_cache_page *page = NULL, *pinned = NULL, *blank = NULL;

    (void)state;
    cache_test_open(&t, 4096, 20, 1 << 20);
    assert_int_equal(ese_cache_latch(t.pages, 3, &page), JET_errSuccess);
    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess); /* in place */
    ese_cache_note_log(page, 300, 250);
    assert_int_equal(ese_cache_oldest_change(t.pages), 250);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    assert_int_equal(ese_cache_pin(t.pages, 5, &pinned), JET_errSuccess);
    assert_int_equal(ese_cache_latch(t.pages, 5, &page), JET_errSuccess);
    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess); /* a copy */
    ese_cache_note_log(page, 290, 240);
    assert_int_equal(ese_cache_oldest_change(t.pages), 240);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    assert_int_equal(ese_cache_latch_blank(t.pages, 9, &blank), JET_errSuccess);
    ese_cache_note_log(blank, 280, 230);
    assert_int_equal(ese_cache_oldest_change(t.pages), 230);
    ese_cache_unlatch(&blank, ESE_CACHE_UNCHANGED);
    assert_int_equal(ese_cache_oldest_change(t.pages), 240);
    ese_cache_unpin(&pinned);
    cache_test_close(&t);
}

static void
test_cache_flush__keeps_pages_changed_when_it_may_not_write(void **state)
{
    cache_test t = {0};

    (void)state;
    cache_test_open(&t, 4096, 10, 1 << 20);
    assert_int_equal(cache_test_change(t.pages, 5, 55), JET_errSuccess);
    t.refusal = JET_errLogWriteFail;
    assert_int_equal(ese_cache_flush(t.pages), JET_errLogWriteFail);
    assert_int_equal(t.n_failed, 0);
    assert_int_equal(counter_in_file(&t, 5), 0);
    t.refusal = JET_errSuccess;
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, false);
    assert_int_equal(ese_cache_flush(t.pages), JET_errDiskIO);
    assert_int_equal(t.n_failed, 1);
    assert_int_equal(t.failure, JET_errDiskIO);
    assert_int_equal(cache_test_read(t.pages, 5), 55);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(counter_in_file(&t, 5), 55);
    cache_test_close(&t);
}

static void
test_cache_evict__stays_within_its_limit_when_nothing_can_be_written(void **state)
{
    enum { ROOM = 8 };
    cache_test t = {0};
    ese_pgno pgno = 0;
    JET_ERR err = JET_errSuccess;

    (void)state;
    cache_test_open(&t, 4096, 100, ROOM * 4096);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, true);
    while (err >= JET_errSuccess && pgno < 100) {
        pgno++;
        err = cache_test_change(t.pages, pgno, 1000 + pgno);
    }
    assert_int_equal(err, JET_errDiskIO);
    assert_int_equal(pgno, ROOM + 1);
    assert_true(t.n_failed > 0);
    assert_in_range(ese_cache_size(t.cache), 0, ROOM * 4096);
    for (ese_pgno k = 1; k <= ROOM; k++) /* nothing is lost */
        assert_int_equal(cache_test_read(t.pages, k), 1000 + k);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
    assert_int_equal(cache_test_change(t.pages, pgno, 1000 + pgno), JET_errSuccess);
    for (ese_pgno k = 1; k <= 100; k++)
        assert_int_equal(cache_test_read(t.pages, k), k <= pgno ? 1000 + k : 0);
    cache_test_close(&t);
}

/* Changes pages in a tiny cache: misses, copies, blank pages, eviction of changed pages, flush. */
static JET_ERR
work(cache_test *t, uint32_t *values)
{
    JET_ERR err = JET_errSuccess;
    ese_cache_page *pinned = NULL, *blank = NULL;

    for (ese_pgno pgno = 1; pgno <= 12; pgno++) {
        ESE_TRY(ese_cache_pin(t->pages, pgno, &pinned));
        ESE_TRY(cache_test_change(t->pages, pgno, values[pgno] + 1));
        values[pgno]++;
        assert_int_equal(cache_test_counter(pinned), values[pgno] - 1);
        ese_cache_unpin(&pinned);
        ESE_TRY(cache_test_change(t->pages, pgno, values[pgno] + 1));
        values[pgno]++;
    }
    ESE_TRY(ese_cache_latch_blank(t->pages, 13, &blank));
    memcpy(ese_cache_bytes(blank), test_db_page(&t->db, 13), t->db.page_size);
    values[13]++;
    cache_test_set(blank, values[13]);
    ese_cache_unlatch(&blank, ESE_CACHE_CHANGED);
    ESE_TRY(ese_cache_flush(t->pages));
out:
    ese_cache_unpin(&pinned);
    return err;
}

static void
test_cache_write__survives_every_failure(void **state)
{
    static const ese_fault points[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_READ,
                                       ESE_FAULT_POINT_WRITE};

    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        unsigned n_failures = 0;
        bool is_done = false;

        for (uint64_t nth = 1; !is_done; nth++) {
            cache_test t = {0};
            uint32_t values[14] = {0};
            JET_ERR err;

            cache_test_open(&t, 4096, 13, 4 * 4096);
            ese_fault_set(points[p], nth, false);
            err = work(&t, values);
            is_done = ese_fault_is_armed(points[p]);
            ese_fault_set(points[p], 0, false);
            n_failures += err < JET_errSuccess ? 1 : 0;
            assert_int_equal(work(&t, values), JET_errSuccess);
            cache_test_reattach(&t);
            for (ese_pgno pgno = 1; pgno <= 13; pgno++)
                assert_int_equal(cache_test_read(t.pages, pgno), values[pgno]);
            cache_test_close(&t);
        }
        assert_true(n_failures > 2);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_evict__writes_changed_pages_before_it_forgets_them),
        cmocka_unit_test(test_cache_evict__writes_neighbours_together),
        cmocka_unit_test(test_cache_evict__keeps_what_is_pinned_or_latched),
        cmocka_unit_test(test_cache_flush__writes_each_changed_page_once),
        cmocka_unit_test(test_cache_flush__writes_pages_that_are_pinned),
        cmocka_unit_test(test_cache_flush__asks_for_the_log_up_to_the_newest_change),
        cmocka_unit_test(test_cache_flush_older__writes_what_holds_the_checkpoint_back),
        cmocka_unit_test(test_cache_oldest__counts_changes_that_nobody_sees_yet),
        cmocka_unit_test(test_cache_flush__keeps_pages_changed_when_it_may_not_write),
        cmocka_unit_test(test_cache_evict__stays_within_its_limit_when_nothing_can_be_written),
        cmocka_unit_test(test_cache_write__survives_every_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
