/* Changing pages: latches, images in place and copied, blank pages, what becomes visible when. INV numbers are those of cache.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache_test.h"

static ese_cache_page *
pin(cache_test *t, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_pin(t->pages, pgno, &page), JET_errSuccess);
    return page;
}

static ese_cache_page *
latch(cache_test *t, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_latch(t->pages, pgno, &page), JET_errSuccess);
    assert_int_equal(page->page.pgno, pgno);
    return page;
}

static ese_cache_page *
latch_writable(cache_test *t, ese_pgno pgno)
{
    ese_cache_page *page = latch(t, pgno);

    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
    assert_int_equal(page->page.pgno, pgno);
    return page;
}

/* A leaf page with one line whose counter is `n`, on bytes that are zero. */
static void
format(ese_cache_page *page, const test_db *db, uint32_t n)
{
    uint8_t *bytes = ese_cache_bytes(page);

    for (uint32_t i = 0; i < page->page.size; i++)
        assert_int_equal(bytes[i], 0);
    memcpy(bytes, test_db_page(db, 1), page->page.size);
    if (page->page.size > ESE_PAGE_SIZE_SMALL_MAX)
        ese_store_le32(bytes + 64, page->page.pgno);
    cache_test_set(page, n);
}

static void
test_cache_write__changes_in_place_what_nobody_has_pinned(void **state)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cache_test t = {0};
        ese_cache_page *page;
        const uint8_t *bytes;

        cache_test_open(&t, sizes[i], 5, 1 << 20);
        page = latch(&t, 3);
        bytes = page->page.bytes;
        assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
        assert_ptr_equal(page->page.bytes, bytes);
        assert_ptr_equal(ese_cache_bytes(page), bytes);
        cache_test_set(page, 42);
        ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
        assert_null(page);
        assert_int_equal(cache_test_read(t.pages, 3), 42);
        assert_int_equal(ese_cache_size(t.cache), sizes[i]);
        cache_test_close(&t);
    }
}

static void
test_cache_write__copies_what_somebody_has_pinned(void **state)
{
    cache_test t = {0};
    ese_cache_page *old, *page, *newer;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    old = pin(&t, 2);
    page = latch_writable(&t, 2);
    assert_ptr_not_equal(page->page.bytes, old->page.bytes);
    cache_test_set(page, 7);
    assert_true(ese_cache_is_current(old));
    assert_int_equal(cache_test_read(t.pages, 2), 0); /* not visible yet */
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    assert_false(ese_cache_is_current(old));
    assert_int_equal(cache_test_counter(old), 0);
    newer = pin(&t, 2);
    assert_true(ese_cache_is_current(newer));
    assert_int_equal(cache_test_counter(newer), 7);
    assert_int_equal(ese_cache_size(t.cache), 2 * 4096);
    ese_cache_unpin(&old);
    assert_int_equal(ese_cache_size(t.cache), 4096);
    ese_cache_unpin(&newer);
    cache_test_close(&t);
}

static void
test_cache_write__keeps_every_old_image_until_its_last_pin(void **state)
{
    enum { N = 20 };
    cache_test t = {0};
    ese_cache_page *images[N];

    (void)state;
    cache_test_open(&t, 2048, 3, 1 << 20);
    for (uint32_t i = 0; i < N; i++) {
        images[i] = pin(&t, 1);
        ese_cache_repin(images[i]);
        assert_int_equal(cache_test_change(t.pages, 1, i + 1), JET_errSuccess);
    }
    assert_int_equal(ese_cache_size(t.cache), (N + 1) * 2048);
    for (uint32_t i = 0; i < N; i++) {
        ese_cache_page *again = images[i];

        assert_int_equal(cache_test_counter(images[i]), i);
        ese_cache_unpin(&again);
        assert_int_equal(cache_test_counter(images[i]), i);
        ese_cache_unpin(&images[i]);
        assert_int_equal(ese_cache_size(t.cache), (N - i) * 2048);
    }
    assert_int_equal(cache_test_read(t.pages, 1), N);
    cache_test_close(&t);
}

static void
test_cache_write__leaves_a_page_unlatched_unchanged_as_it_was(void **state)
{
    cache_test t = {0};
    ese_cache_page *old, *page;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    page = latch(&t, 2);
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    page = latch_writable(&t, 2); /* in place */
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    old = pin(&t, 2);
    page = latch_writable(&t, 2); /* a copy */
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    assert_true(ese_cache_is_current(old));
    ese_cache_unpin(&old);
    assert_int_equal(ese_cache_size(t.cache), 4096);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.n_before_write, 0);
    cache_test_close(&t);
}

static void
test_cache_write__keeps_the_pin_on_the_newest_image(void **state)
{
    static const ese_cache_outcome outcomes[] = {ESE_CACHE_UNCHANGED, ESE_CACHE_CHANGED};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        cache_test t = {0};
        ese_cache_outcome outcome = outcomes[i % 2];
        ese_cache_page *old = NULL, *page;

        cache_test_open(&t, 4096, 5, 1 << 20);
        if (i >= 2)
            old = pin(&t, 2);
        page = latch_writable(&t, 2);
        if (outcome == ESE_CACHE_CHANGED)
            cache_test_set(page, 9);
        ese_cache_unlatch_keep(page, outcome);
        assert_true(ese_cache_is_current(page));
        assert_int_equal(cache_test_counter(page), outcome == ESE_CACHE_CHANGED ? 9 : 0);
        ese_cache_unpin(&old);
        assert_int_equal(cache_test_change(t.pages, 2, 10), JET_errSuccess);
        assert_false(ese_cache_is_current(page));
        ese_cache_unpin(&page);
        assert_int_equal(cache_test_read(t.pages, 2), 10);
        cache_test_close(&t);
    }
}

static void
test_cache_write__makes_a_page_from_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) { /* not in the cache, in the cache, in use */
        cache_test t = {0};
        ese_cache_page *old = NULL, *page = NULL;

        cache_test_open(&t, 4096, 5, 1 << 20);
        if (i >= 1)
            old = pin(&t, 4);
        if (i == 1)
            ese_cache_unpin(&old);
        assert_int_equal(ese_cache_latch_blank(t.pages, 4, &page), JET_errSuccess);
        assert_int_equal(page->page.pgno, 4);
        assert_true(ese_cache_is_blank(page));
        assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
        format(page, &t.db, 77);
        ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
        if (old != NULL)
            assert_int_equal(cache_test_counter(old), 0);
        ese_cache_unpin(&old);
        assert_int_equal(cache_test_read(t.pages, 4), 77);
        page = latch(&t, 4);
        assert_false(ese_cache_is_blank(page));
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
        cache_test_reattach(&t);
        assert_int_equal(cache_test_read(t.pages, 4), 77);
        cache_test_close(&t);
    }
}

static void
test_cache_write__forgets_a_page_from_nothing_that_stays_unchanged(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        cache_test t = {0};
        ese_cache_page *old = NULL, *page = NULL;

        cache_test_open(&t, 4096, 5, 1 << 20);
        if (i >= 1)
            assert_int_equal(cache_test_change(t.pages, 4, 5), JET_errSuccess);
        if (i == 2)
            old = pin(&t, 4);
        assert_int_equal(ese_cache_latch_blank(t.pages, 4, &page), JET_errSuccess);
        memset(ese_cache_bytes(page), 0xee, 4096);
        ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
        ese_cache_unpin(&old);
        assert_int_equal(cache_test_read(t.pages, 4), i >= 1 ? 5 : 0);
        cache_test_close(&t);
    }
}

static void
test_cache_write__makes_pages_behind_what_was_ever_written(void **state)
{
    cache_test t = {0};
    ese_cache_page *page = NULL;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    assert_int_equal(ese_cache_latch_blank(t.pages, 6, &page), JET_errBadPageLink);
    assert_int_equal(ese_os_file_resize(t.file, 22 * 4096), JET_errSuccess);
    ese_cache_set_page_count(t.pages, 20);
    assert_int_equal(ese_cache_page_count(t.pages), 20);
    assert_int_equal(ese_cache_pin(t.pages, 12, &page), JET_errPageNotInitialized);
    assert_int_equal(ese_cache_latch(t.pages, 12, &page), JET_errPageNotInitialized);
    assert_int_equal(ese_cache_latch_blank(t.pages, 12, &page), JET_errSuccess);
    format(page, &t.db, 12);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    assert_int_equal(ese_cache_latch_blank(t.pages, 13, &page), JET_errSuccess);
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    assert_int_equal(ese_cache_pin(t.pages, 13, &page), JET_errPageNotInitialized);
    assert_int_equal(cache_test_read(t.pages, 12), 12);
    ese_cache_set_page_count(t.pages, 11); /* forgets the changed page */
    assert_int_equal(ese_cache_size(t.cache), 0);
    assert_int_equal(ese_cache_pin(t.pages, 12, &page), JET_errBadPageLink);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    assert_int_equal(t.n_before_write, 0);
    cache_test_close(&t);
}

static void
test_cache_try_latch__takes_the_pin_with_the_latch(void **state)
{
    cache_test t = {0};
    ese_cache_page *page, *other;
    const uint8_t *bytes;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    page = pin(&t, 2);
    bytes = page->page.bytes;
    assert_true(ese_cache_try_latch(page));
    assert_false(ese_cache_try_latch(page)); /* it is taken */
    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
    assert_ptr_equal(page->page.bytes, bytes); /* in place: the only pin was ours */
    cache_test_set(page, 3);
    ese_cache_unlatch_keep(page, ESE_CACHE_CHANGED);
    other = pin(&t, 2);
    assert_true(ese_cache_try_latch(page));
    assert_int_equal(ese_cache_make_writable(&page), JET_errSuccess);
    assert_ptr_not_equal(page->page.bytes, bytes);
    cache_test_set(page, 4);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED);
    assert_false(ese_cache_try_latch(other)); /* not current */
    assert_int_equal(cache_test_counter(other), 3);
    ese_cache_unpin(&other);
    assert_int_equal(cache_test_read(t.pages, 2), 4);
    cache_test_close(&t);
}

static void
test_cache_write__needs_write_ops(void **state)
{
    cache_test t = {0};
    ese_cache_page *page = NULL;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    ese_cache_detach(&t.pages);
    assert_int_equal(ese_cache_attach(t.cache, t.file, 4096, &t.pages), JET_errSuccess);
    assert_int_equal(cache_test_read(t.pages, 1), 0);
    assert_int_equal(ese_cache_latch(t.pages, 1, &page), JET_errDatabaseFileReadOnly);
    assert_int_equal(ese_cache_latch_blank(t.pages, 1, &page), JET_errDatabaseFileReadOnly);
    page = pin(&t, 1);
    assert_false(ese_cache_try_latch(page));
    ese_cache_unpin(&page);
    ese_cache_unlatch(&page, ESE_CACHE_CHANGED); /* of nothing */
    cache_test_close(&t);
}

static void
test_cache_write__counts_changes(void **state)
{
    cache_test t = {0};
    ese_cache_counters before = ese_cache_thread_counters();
    ese_cache_page *old;

    (void)state;
    cache_test_open(&t, 4096, 5, 1 << 20);
    assert_int_equal(cache_test_change(t.pages, 1, 1), JET_errSuccess);
    assert_int_equal(cache_test_change(t.pages, 1, 2), JET_errSuccess);
    old = pin(&t, 1);
    assert_int_equal(cache_test_change(t.pages, 1, 3), JET_errSuccess);
    ese_cache_unpin(&old);
    assert_int_equal(ese_cache_thread_counters().pages_dirtied - before.pages_dirtied, 1);
    assert_int_equal(ese_cache_thread_counters().pages_redirtied - before.pages_redirtied, 2);
    cache_test_close(&t);
}

/* What the kernel writes in one piece needs nothing; what nobody brings back after a crash is not worth it. */
static void
test_cache_write__goes_past_the_kernel_when_pages_are_larger_than_its_own(void **state)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
    cache_test t = {0};
    bool can_be_direct;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cache_test_open(&t, sizes[i], 5, 1 << 20);
        if (sizes[i] <= 4096)
            assert_false(ese_os_file_is_direct(t.file));
        can_be_direct = ese_os_file_is_direct(t.file);
        assert_int_equal(cache_test_change(t.pages, 3, 33), JET_errSuccess);
        assert_int_equal(cache_test_change(t.pages, 4, 44), JET_errSuccess);
        assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
        assert_int_equal(ese_os_file_is_direct(t.file), can_be_direct); /* none was refused */
        cache_test_reattach(&t);
        assert_int_equal(cache_test_read(t.pages, 3), 33);
        assert_int_equal(cache_test_read(t.pages, 4), 44);
        cache_test_close(&t);
    }
}

static void
test_cache_write__stays_with_the_kernel_without_a_log(void **state)
{
    cache_test t = {0};

    (void)state;
    ese_fault_set(ESE_FAULT_POINT_DIRECT, 1, false); /* used up by the opening with a log */
    cache_test_open(&t, 8192, 5, 1 << 20);
    assert_false(ese_os_file_is_direct(t.file));
    assert_false(ese_fault_is_armed(ESE_FAULT_POINT_DIRECT));
    ese_cache_set_write_ops(t.pages, &(ese_cache_write_ops){.self = &t});
    assert_false(ese_os_file_is_direct(t.file));
    assert_int_equal(cache_test_change(t.pages, 3, 33), JET_errSuccess);
    assert_int_equal(ese_cache_flush(t.pages), JET_errSuccess);
    cache_test_reattach(&t);
    assert_int_equal(cache_test_read(t.pages, 3), 33);
    cache_test_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_write__changes_in_place_what_nobody_has_pinned),
        cmocka_unit_test(test_cache_write__copies_what_somebody_has_pinned),
        cmocka_unit_test(test_cache_write__keeps_every_old_image_until_its_last_pin),
        cmocka_unit_test(test_cache_write__leaves_a_page_unlatched_unchanged_as_it_was),
        cmocka_unit_test(test_cache_write__keeps_the_pin_on_the_newest_image),
        cmocka_unit_test(test_cache_write__makes_a_page_from_nothing),
        cmocka_unit_test(test_cache_write__forgets_a_page_from_nothing_that_stays_unchanged),
        cmocka_unit_test(test_cache_write__makes_pages_behind_what_was_ever_written),
        cmocka_unit_test(test_cache_try_latch__takes_the_pin_with_the_latch),
        cmocka_unit_test(test_cache_write__needs_write_ops),
        cmocka_unit_test(test_cache_write__counts_changes),
        cmocka_unit_test(test_cache_write__goes_past_the_kernel_when_pages_are_larger_than_its_own),
        cmocka_unit_test(test_cache_write__stays_with_the_kernel_without_a_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
