/* INV numbers are those of cache.h. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "cache/cache.h"
#include "test_db.h"

enum { N_PAGES = 300, OBJID = 7 };

typedef struct fixture {
    test_db db;
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    int64_t live;
} fixture;

static ese_bytes
bytes_of_number(uint8_t *room, uint32_t n)
{
    ese_store_be32(room, n);
    return (ese_bytes){room, 4};
}

/* Leaf pages with one line each, whose data is the page number. */
static void
build(test_db *db, uint32_t page_size, unsigned n)
{
    uint8_t key[4], data[4];

    test_db_init(db, page_size);
    for (unsigned i = 0; i < n; i++) {
        ese_pgno pgno = test_db_add_page(db);

        test_page_format(db, pgno, OBJID, ESE_PAGE_LEAF);
        assert_true(test_page_add_line(db, pgno, bytes_of_number(key, pgno),
                                       bytes_of_number(data, pgno), false));
        test_page_seal(db, pgno);
    }
}

static void
open_cache(fixture *f, size_t limit)
{
    f->live = ese_alloc_live();
    test_db_write(&f->db);
    assert_int_equal(ese_os_file_open(f->db.path, &f->file), JET_errSuccess);
    assert_int_equal(ese_cache_create(limit, &f->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(f->cache, f->file, f->db.page_size, &f->pages),
                     JET_errSuccess);
}

static void
close_cache(fixture *f)
{
    ese_cache_detach(&f->pages);
    assert_int_equal(ese_cache_size(f->cache), 0);
    ese_cache_destroy(&f->cache);
    ese_os_file_close(&f->file);
    assert_int_equal(ese_alloc_live(), f->live);
    test_db_free(&f->db);
}

static uint32_t
number_on(const ese_cache_page *page)
{
    return ese_load_be32(ese_page_line(&page->page, 0).data.data);
}

static void
assert_pins(ese_cache_file *pages, ese_pgno pgno)
{
    ese_cache_page *page = NULL;

    assert_int_equal(ese_cache_pin(pages, pgno, &page), JET_errSuccess);
    assert_int_equal(page->page.pgno, pgno);
    assert_int_equal(number_on(page), pgno);
    ese_cache_unpin(&page);
    assert_null(page);
}

static void
test_cache_pin__gives_the_page_asked_for(void **state)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fixture f = {0};

        build(&f.db, sizes[i], 20);
        open_cache(&f, 1 << 20);
        assert_int_equal(ese_cache_page_count(f.pages), 20);
        assert_int_equal(ese_cache_page_size(f.pages), sizes[i]);
        assert_string_equal(ese_cache_path(f.pages), f.db.path);
        for (ese_pgno pgno = 20; pgno > 0; pgno--)
            assert_pins(f.pages, pgno);
        assert_int_equal(ese_cache_size(f.cache), 20 * sizes[i]);
        close_cache(&f);
    }
}

static void
test_cache_pin__reads_a_cached_page_once(void **state)
{
    fixture f = {0};
    ese_cache_counters before, after;

    (void)state;
    build(&f.db, 4096, 10);
    open_cache(&f, 1 << 20);
    before = ese_cache_thread_counters();
    for (unsigned i = 0; i < 100; i++)
        assert_pins(f.pages, 1 + i % 10);
    after = ese_cache_thread_counters();
    assert_int_equal(after.pages_referenced - before.pages_referenced, 100);
    assert_int_equal(after.pages_read - before.pages_read, 10);
    close_cache(&f);
}

/* ---- bad pages */

static void
assert_pin_fails(const fixture *f, ese_pgno pgno, JET_ERR expected)
{
    ese_cache_page *page = NULL;
    char where[32];

    ese_err_clear();
    assert_int_equal(ese_cache_pin(f->pages, pgno, &page), expected);
    assert_null(page);
    snprintf(where, sizeof where, "page %u", (unsigned)pgno);
    assert_non_null(strstr(ese_err_text(expected), where));
    assert_non_null(strstr(ese_err_text(expected), f->db.path));
}

static void
test_cache_pin__refuses_pages_outside_the_file(void **state)
{
    static const ese_pgno outside[] = {0, 21, 22, 0x7fefffff, 0x80000000, 0xffffffff};
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, 20);
    open_cache(&f, 1 << 20);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_pin_fails(&f, outside[i], JET_errBadPageLink);
    close_cache(&f);
}

static void
test_cache_pin__tells_blank_damaged_and_impossible_pages_apart(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 16384, 6);
    memset(test_db_page(&f.db, 1), 0, f.db.page_size);
    test_db_page(&f.db, 2)[1000] ^= 3;
    test_db_page(&f.db, 3)[28] ^= 8; /* free space */
    test_page_seal(&f.db, 3);
    memcpy(test_db_page(&f.db, 4), test_db_page(&f.db, 5),
           f.db.page_size); /* written to a wrong place */
    ese_store_le32(test_db_page(&f.db, 5) + 64, 4);
    test_page_seal(&f.db, 5);
    open_cache(&f, 1 << 20);
    assert_pin_fails(&f, 1, JET_errPageNotInitialized);
    assert_pin_fails(&f, 2, JET_errReadVerifyFailure);
    assert_pin_fails(&f, 3, JET_errDatabaseCorrupted);
    assert_pin_fails(&f, 4, JET_errReadVerifyFailure);
    assert_pin_fails(&f, 5, JET_errDatabaseCorrupted);
    assert_pins(f.pages, 6);
    assert_int_equal(ese_cache_size(f.cache), f.db.page_size); /* only the good one stays */
    close_cache(&f);
}

static void
test_cache_pin__corrects_one_flipped_bit(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, 3);
    test_db_page(&f.db, 2)[40 + 8] ^= 0x10;
    open_cache(&f, 1 << 20);
    assert_pins(f.pages, 2);
    close_cache(&f);
}

static void
test_cache_pin__remembers_no_failure(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, 3);
    test_db_page(&f.db, 2)[1000] ^= 3;
    open_cache(&f, 1 << 20);
    assert_pin_fails(&f, 2, JET_errReadVerifyFailure);
    test_db_page(&f.db, 2)[1000] ^= 3;
    test_db_write(&f.db);
    assert_pins(f.pages, 2);
    close_cache(&f);
}

static void
test_cache_pin__reports_a_file_that_became_shorter(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, 30);
    open_cache(&f, 1 << 20);
    assert_int_equal(truncate(f.db.path, 4096 * 12 + 100), 0);
    for (ese_pgno pgno = 1; pgno <= 10; pgno++) /* as a run, which may reach behind the end */
        assert_pins(f.pages, pgno);
    for (ese_pgno pgno = 11; pgno <= 30; pgno++)
        assert_pin_fails(&f, pgno, JET_errFileIOBeyondEOF);
    close_cache(&f);
}

/* ---- memory */

static void
test_cache_limit__holds_whatever_is_pinned_in_turn(void **state) /* INV-2 */
{
    fixture f = {0};
    uint32_t seed = 1;

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 5 * 4096);
    for (unsigned i = 0; i < 5000; i++) {
        assert_pins(f.pages, 1 + test_random(&seed) % N_PAGES);
        assert_true(ese_cache_size(f.cache) <= 5 * 4096);
    }
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++) {
        assert_pins(f.pages, pgno);
        assert_true(ese_cache_size(f.cache) <= 5 * 4096);
    }
    close_cache(&f);
}

static void
test_cache_limit__gives_way_to_pins_and_holds_again_after_them(void **state)
{
    fixture f = {0};
    ese_cache_page *pinned[100] = {NULL};

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 3 * 4096);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(ese_cache_pin(f.pages, 3 * i + 1, &pinned[i]), JET_errSuccess);
    assert_int_equal(ese_cache_size(f.cache), 100 * 4096);
    for (unsigned i = 0; i < 100; i++) /* INV-1 */
        assert_int_equal(number_on(pinned[i]), 3 * i + 1);
    for (unsigned i = 0; i < 100; i++)
        ese_cache_unpin(&pinned[i]);
    assert_true(ese_cache_size(f.cache) <= 3 * 4096);
    close_cache(&f);
}

static void
test_cache_limit__of_nothing_still_serves(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 32768, 20);
    open_cache(&f, 0);
    for (ese_pgno pgno = 1; pgno <= 20; pgno++)
        assert_pins(f.pages, pgno);
    assert_int_equal(ese_cache_size(f.cache), 0);
    close_cache(&f);
}

static void
test_cache_set_limit__evicts_at_once_all_but_the_pinned(void **state)
{
    fixture f = {0};
    ese_cache_page *kept = NULL;

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 1 << 22);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        assert_pins(f.pages, pgno);
    assert_int_equal(ese_cache_size(f.cache), N_PAGES * 4096);
    assert_int_equal(ese_cache_pin(f.pages, 77, &kept), JET_errSuccess);
    ese_cache_set_limit(f.cache, 0);
    assert_int_equal(ese_cache_size(f.cache), 4096);
    assert_int_equal(number_on(kept), 77);
    ese_cache_unpin(&kept);
    assert_int_equal(ese_cache_size(f.cache), 0);
    ese_cache_set_limit(f.cache, 1 << 22);
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++)
        assert_pins(f.pages, pgno);
    assert_int_equal(ese_cache_size(f.cache), N_PAGES * 4096);
    close_cache(&f);
}

static void
test_cache_evict__keeps_a_page_used_all_the_time_through_a_scan(void **state)
{
    fixture f = {0};
    ese_cache_counters before;

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 20 * 4096);
    assert_pins(f.pages, 1);
    before = ese_cache_thread_counters();
    for (ese_pgno pgno = 2; pgno <= N_PAGES; pgno++) {
        assert_pins(f.pages, pgno);
        assert_pins(f.pages, 1);
    }
    assert_int_equal(ese_cache_thread_counters().pages_read - before.pages_read, N_PAGES - 1);
    close_cache(&f);
}

static void
test_cache_repin__holds_the_page_until_the_last_unpin(void **state)
{
    fixture f = {0};
    ese_cache_page *page = NULL, *again;

    (void)state;
    build(&f.db, 4096, 50);
    open_cache(&f, 0);
    assert_int_equal(ese_cache_pin(f.pages, 9, &page), JET_errSuccess);
    again = page;
    ese_cache_repin(again);
    ese_cache_unpin(&page);
    for (ese_pgno pgno = 10; pgno <= 50; pgno++)
        assert_pins(f.pages, pgno);
    assert_int_equal(number_on(again), 9);
    ese_cache_unpin(&again);
    ese_cache_unpin(&again); /* nothing any more */
    assert_int_equal(ese_cache_size(f.cache), 0);
    close_cache(&f);
}

static void
test_cache_attach__serves_files_of_different_page_size_from_one_limit(void **state)
{
    fixture f = {0};
    test_db other;
    ese_os_file *file = NULL;
    ese_cache_file *pages = NULL;

    (void)state;
    build(&f.db, 2048, 100);
    build(&other, 32768, 30);
    test_db_write(&other);
    open_cache(&f, 4 * 32768);
    assert_int_equal(ese_os_file_open(other.path, &file), JET_errSuccess);
    assert_int_equal(ese_cache_attach(f.cache, file, 32768, &pages), JET_errSuccess);
    for (ese_pgno pgno = 1; pgno <= 30; pgno++) {
        assert_pins(f.pages, pgno);
        assert_pins(pages, pgno);
        assert_pins(f.pages, 100 - pgno);
        assert_true(ese_cache_size(f.cache) <= 4 * 32768);
    }
    ese_cache_detach(&pages);
    assert_true(ese_cache_size(f.cache) < 100 * 2048);
    assert_pins(f.pages, 50);
    ese_os_file_close(&file);
    close_cache(&f);
    test_db_free(&other);
}

static void
test_cache_attach__refuses_an_illegal_page_size(void **state)
{
    fixture f = {0};
    ese_cache_file *pages = NULL;

    (void)state;
    build(&f.db, 4096, 1);
    open_cache(&f, 0);
    assert_int_equal(ese_cache_attach(f.cache, f.file, 5000, &pages), JET_errInvalidParameter);
    assert_null(pages);
    close_cache(&f);
}

/* ---- reading ahead */

static void
test_cache_load__reads_ascending_pages_in_runs(void **state)
{
    fixture f = {0};
    ese_cache_counters before, after;

    (void)state;
    build(&f.db, 4096, N_PAGES);
    memset(test_db_page(&f.db, 150), 0, 4096);
    open_cache(&f, 1 << 22);
    before = ese_cache_thread_counters();
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++) {
        if (pgno == 150)
            assert_pin_fails(&f, pgno, JET_errPageNotInitialized); /* read ahead or not */
        else
            assert_pins(f.pages, pgno);
    }
    after = ese_cache_thread_counters();
    assert_true(after.pages_preread - before.pages_preread > N_PAGES * 3 / 4);
    assert_true(after.pages_read - before.pages_read <= N_PAGES + 1);
    close_cache(&f);
}

static void
test_cache_load__reads_scattered_pages_alone(void **state)
{
    fixture f = {0};
    ese_cache_counters before, after;

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 1 << 22);
    before = ese_cache_thread_counters();
    for (ese_pgno pgno = N_PAGES; pgno > 20; pgno -= 20)
        assert_pins(f.pages, pgno);
    after = ese_cache_thread_counters();
    assert_int_equal(after.pages_preread, before.pages_preread);
    close_cache(&f);
}

static void
test_cache_read_ahead__accepts_any_range(void **state)
{
    static const ese_pgno firsts[] = {0, 1, 30, 31, 0xffffffff};
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, 30);
    open_cache(&f, 1 << 20);
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        ese_cache_read_ahead(f.pages, firsts[i], 0);
        ese_cache_read_ahead(f.pages, firsts[i], 10);
        ese_cache_read_ahead(f.pages, firsts[i], 0xffffffff);
    }
    assert_int_equal(ese_cache_size(f.cache), 0);
    close_cache(&f);
}

/* ---- faults */

/* Creates, attaches, scans, destroys; JET_errSuccess or the first error. */
static JET_ERR
use_cache(ese_os_file *file)
{
    JET_ERR err;
    ese_cache *cache = NULL;
    ese_cache_file *pages = NULL;

    ESE_TRY(ese_cache_create(1 << 22, &cache));
    ESE_TRY(ese_cache_attach(cache, file, 4096, &pages));
    for (ese_pgno pgno = 1; pgno <= N_PAGES; pgno++) {
        ese_cache_page *page = NULL;

        ESE_TRY(ese_cache_pin(pages, pgno, &page));
        assert_int_equal(number_on(page), pgno);
        ese_cache_unpin(&page);
    }
out:
    ese_cache_detach(&pages);
    ese_cache_destroy(&cache);
    return err;
}

/* Fails the nth passage for n = 1, 2, 3 ... until there are fewer; returns how often use_cache failed. */
static unsigned
fail_each(ese_os_file *file, ese_fault fault, JET_ERR expected)
{
    int64_t live = ese_alloc_live();
    unsigned n_failed = 0;

    for (uint64_t n = 1;; n++) {
        JET_ERR err;
        bool was_hit;

        ese_fault_set(fault, n, false);
        err = use_cache(file);
        was_hit = !ese_fault_is_armed(fault);
        ese_fault_set(fault, 0, false);
        assert_int_equal(ese_alloc_live(), live);
        if (!was_hit) {
            assert_int_equal(err, JET_errSuccess);
            return n_failed;
        }
        assert_true(err == JET_errSuccess ||
                    err == expected); /* what is only read ahead may fail */
        n_failed += err == expected;
    }
}

static void
test_cache__survives_every_failed_allocation_and_read(void **state)
{
    fixture f = {0};

    (void)state;
    build(&f.db, 4096, N_PAGES);
    open_cache(&f, 0);
    assert_true(fail_each(f.file, ESE_FAULT_POINT_ALLOC, JET_errOutOfMemory) > 5);
    assert_true(fail_each(f.file, ESE_FAULT_POINT_READ, JET_errDiskIO) >= 1);
    ese_fault_set(ESE_FAULT_POINT_READ, 1, true);
    assert_int_equal(use_cache(f.file), JET_errDiskIO);
    ese_fault_set(ESE_FAULT_POINT_READ, 0, false);
    close_cache(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_pin__gives_the_page_asked_for),
        cmocka_unit_test(test_cache_pin__reads_a_cached_page_once),
        cmocka_unit_test(test_cache_pin__refuses_pages_outside_the_file),
        cmocka_unit_test(test_cache_pin__tells_blank_damaged_and_impossible_pages_apart),
        cmocka_unit_test(test_cache_pin__corrects_one_flipped_bit),
        cmocka_unit_test(test_cache_pin__remembers_no_failure),
        cmocka_unit_test(test_cache_pin__reports_a_file_that_became_shorter),
        cmocka_unit_test(test_cache_limit__holds_whatever_is_pinned_in_turn),
        cmocka_unit_test(test_cache_limit__gives_way_to_pins_and_holds_again_after_them),
        cmocka_unit_test(test_cache_limit__of_nothing_still_serves),
        cmocka_unit_test(test_cache_set_limit__evicts_at_once_all_but_the_pinned),
        cmocka_unit_test(test_cache_evict__keeps_a_page_used_all_the_time_through_a_scan),
        cmocka_unit_test(test_cache_repin__holds_the_page_until_the_last_unpin),
        cmocka_unit_test(test_cache_attach__serves_files_of_different_page_size_from_one_limit),
        cmocka_unit_test(test_cache_attach__refuses_an_illegal_page_size),
        cmocka_unit_test(test_cache_load__reads_ascending_pages_in_runs),
        cmocka_unit_test(test_cache_load__reads_scattered_pages_alone),
        cmocka_unit_test(test_cache_read_ahead__accepts_any_range),
        cmocka_unit_test(test_cache__survives_every_failed_allocation_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
