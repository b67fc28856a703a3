/*
 * What the tests of changed pages share: a file of leaf pages with one line each, whose data are a counter and its complement, so that a page caught
 * in the middle of a change shows it.
 */
#pragma once

#include "base/alloc.h"
#include "base/fault.h"
#include "cache/cache.h"
#include "test_db.h"

enum { CACHE_TEST_OBJID = 7 };

typedef struct cache_test {
    test_db db;
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    int64_t live;
    _Atomic unsigned n_before_write, n_prepare, n_failed; /* calls of the write ops */
    _Atomic unsigned n_runs; /* calls of `prepare` behind one of before_write */
    _Atomic bool is_preparing;
    _Atomic uint64_t lgpos;  /* largest that before_write was told */
    _Atomic JET_ERR refusal; /* what before_write answers */
    JET_ERR failure;         /* what `failed` was told last */
} cache_test;

static inline JET_ERR
cache_test_prepare(void *self, const ese_page *page)
{
    cache_test *t = self;

    assert_true(page->size == t->db.page_size && page->pgno != 0);
    t->n_prepare++;
    if (!t->is_preparing)
        t->n_runs++;
    t->is_preparing = true;
    return t->refusal;
}

static inline JET_ERR
cache_test_before_write(void *self, const ese_page *page, uint64_t lgpos)
{
    cache_test *t = self;

    assert_true(page->size == t->db.page_size && page->pgno != 0);
    t->is_preparing = false;
    t->n_before_write++;
    if (lgpos > t->lgpos)
        t->lgpos = lgpos;
    return t->refusal;
}

static inline void
cache_test_failed(void *self, JET_ERR err)
{
    cache_test *t = self;

    t->n_failed++;
    t->failure = err;
}

/* `n` pages, the last `n_blank` of them never written. */
static inline void
cache_test_open(cache_test *t, uint32_t page_size, unsigned n, size_t limit)
{
    test_db_init(&t->db, page_size);
    for (unsigned i = 0; i < n; i++) {
        ese_pgno pgno = test_db_add_page(&t->db);
        uint8_t key[4], data[8] = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

        ese_store_be32(key, pgno);
        test_page_format(&t->db, pgno, CACHE_TEST_OBJID, ESE_PAGE_LEAF);
        assert_true(test_page_add_line(&t->db, pgno, (ese_bytes){key, sizeof key},
                                       (ese_bytes){data, sizeof data}, false));
        test_page_seal(&t->db, pgno);
    }
    t->live = ese_alloc_live();
    test_db_write(&t->db);
    assert_int_equal(ese_os_file_open_for(t->db.path, ESE_OS_FILE_UPDATE, &t->file),
                     JET_errSuccess);
    assert_int_equal(ese_cache_create(limit, &t->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(t->cache, t->file, page_size, &t->pages), JET_errSuccess);
    ese_cache_set_write_ops(t->pages,
                            &(ese_cache_write_ops){.self = t,
                                                   .before_write = cache_test_before_write,
                                                   .failed = cache_test_failed,
                                                   .prepare = cache_test_prepare,
                                                   .is_logged = true});
}

static inline void
cache_test_close(cache_test *t)
{
    ese_cache_detach(&t->pages);
    assert_int_equal(ese_cache_size(t->cache), 0);
    ese_cache_destroy(&t->cache);
    ese_os_file_close(&t->file);
    assert_int_equal(ese_alloc_live(), t->live);
    test_db_free(&t->db);
}

/* Attaches the file anew, with an empty cache. */
static inline void
cache_test_reattach(cache_test *t)
{
    uint32_t page_size = ese_cache_page_size(t->pages);

    ese_cache_detach(&t->pages);
    assert_int_equal(ese_cache_attach(t->cache, t->file, page_size, &t->pages), JET_errSuccess);
    ese_cache_set_write_ops(t->pages,
                            &(ese_cache_write_ops){.self = t,
                                                   .before_write = cache_test_before_write,
                                                   .failed = cache_test_failed,
                                                   .prepare = cache_test_prepare,
                                                   .is_logged = true});
}

static inline uint32_t
cache_test_counter(const ese_cache_page *page)
{
    ese_bytes data = ese_page_line(&page->page, 0).data;
    uint32_t n = ese_load_le32(data.data);

    assert_int_equal(ese_load_le32(data.data + 4), (uint32_t)~n);
    return n;
}

static inline void
cache_test_set(ese_cache_page *page, uint32_t n)
{
    ese_bytes data = ese_page_line(&page->page, 0).data;
    uint8_t *to = ese_cache_bytes(page) + (data.data - page->page.bytes);

    ese_store_le32(to, n);
    ese_store_le32(to + 4, ~n);
}

/* Sets the counter of a page; returns the error of the step that failed. */
static inline JET_ERR
cache_test_change(ese_cache_file *pages, ese_pgno pgno, uint32_t n)
{
    ese_cache_page *page = NULL;
    JET_ERR err = ese_cache_latch(pages, pgno, &page);

    if (err < JET_errSuccess)
        return err;
    err = ese_cache_make_writable(&page);
    if (err >= JET_errSuccess)
        cache_test_set(page, n);
    ese_cache_unlatch(&page, err < JET_errSuccess ? ESE_CACHE_UNCHANGED : ESE_CACHE_CHANGED);
    return err;
}

static inline uint32_t
cache_test_read(ese_cache_file *pages, ese_pgno pgno)
{
    ese_cache_page *page = NULL;
    uint32_t n;

    assert_int_equal(ese_cache_pin(pages, pgno, &page), JET_errSuccess);
    n = cache_test_counter(page);
    ese_cache_unpin(&page);
    return n;
}
