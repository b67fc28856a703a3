/*
 * A fresh database in a temporary file, attached for change: cache, log door, version store, trees, and where asked for the catalog. Fails the running test when something goes
 * wrong.
 */
#pragma once

#include "btree/btree_space.h"
#include "page/page_dbheader.h"

typedef struct test_fresh_options {
    uint32_t page_size;  /* 0: 4096 */
    size_t cache_limit;  /* bytes; 0: 16 MiB */
    ese_pgno n_pages;    /* of the new file; 0: 254 */
    uint32_t extension;  /* pages it grows by; 0: 256 */
    size_t versions_max; /* bytes; 0: 16 MiB */
} test_fresh_options;

typedef struct test_fresh {
    char path[64];
    test_fresh_options options;
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    ese_txn_store *store;
    ese_log_db log;
    ese_btree_db *db;
    ese_dbheader header;
    JET_ERR write_failure; /* of the last write that failed */
    int64_t live;          /* allocations before */
} test_fresh;

/* Creates the file, pages 1 to 3 in it, and attaches it. NULL: all options at their defaults. */
void test_fresh_create(test_fresh *t, const test_fresh_options *options);

/* A session of its version store. */
void test_fresh_session(test_fresh *t, ese_txn_session *session);

/* Cleans the version store, writes everything, closes the file as clean and asserts that nothing leaks. */
void test_fresh_close(test_fresh *t);

/* The same after an injected failure: what is not on the disk is lost, and the header stays dirty. */
void test_fresh_abandon(test_fresh *t);

/* Attaches what was closed. */
void test_fresh_open(test_fresh *t);

/* Removes the closed file. */
void test_fresh_remove(test_fresh *t);
