/*
 * A fresh database in a temporary file, attached for change: cache, log door, version store, trees, and where asked for the catalog. Fails the running test when something goes
 * wrong.
 */
#pragma once

#include "btree/btree_space.h"
#include "page/page_dbheader.h"
#include "schema/schema_ddl.h"
#include "test_replay.h"

typedef struct test_fresh_options {
    uint32_t page_size;  /* 0: 4096 */
    size_t cache_limit;  /* bytes; 0: 16 MiB */
    ese_pgno n_pages;    /* of the new file; 0: 254 */
    uint32_t extension;  /* pages it grows by; 0: 256 */
    size_t versions_max; /* bytes; 0: 16 MiB */
    bool is_logged;      /* all changes stand in a log, which test_fresh_close proves */
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
    ese_schema *schema; /* NULL without catalog */
    bool has_catalog;
    ese_dbheader header;
    JET_ERR write_failure; /* of the last write that failed */
    test_log logged;       /* is_logged */
    int64_t live;          /* allocations before */
} test_fresh;

/* Creates the file, pages 1 to 3 in it, and attaches it. NULL: all options at their defaults. */
void test_fresh_create(test_fresh *t, const test_fresh_options *options);

/* The same, with the catalog, which is open. */
void test_fresh_create_catalog(test_fresh *t, const test_fresh_options *options);

/* A session of its version store. */
void test_fresh_session(test_fresh *t, ese_txn_session *session);

/*
 * Cleans the version store, writes everything, closes the file as clean and asserts that nothing leaks. With a log: repeats it and asserts that it makes the same pages. All databases
 * have a log when ESE_TEST_REPLAY is set.
 */
void test_fresh_close(test_fresh *t);

/* The same after an injected failure: what is not on the disk is lost, and the header stays dirty. */
void test_fresh_abandon(test_fresh *t);

/* Attaches what was closed, and opens its catalog if it has one. */
void test_fresh_open(test_fresh *t);

/* Checks the closed file, which has a catalog: fails with the first finding that is no note. Returns the number of leaked pages. */
uint64_t test_fresh_check(const test_fresh *t);
uint64_t test_check_file(const char *path);

/* Removes the closed file. */
void test_fresh_remove(test_fresh *t);

/* ---- The same through the Jet API: an instance, a session, a new database in a folder of its own ---- */

typedef struct test_jet {
    char folder[64];
    char path[96];
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    int64_t live; /* allocations before */
} test_jet;

/* `page_size` 0: 4096. The page size is that of the process: only one at a time, while there is no other instance. */
void test_jet_create(test_jet *t, uint32_t page_size);

/* Ends the instance, or starts another one on the same database. */
void test_jet_stop(test_jet *t);
void test_jet_start(test_jet *t);

/* Ends the instance, asserts that nothing leaks, checks the file and removes it. */
void test_jet_close(test_jet *t);
