/*
 * Databases for tests, built page by page in memory and written to a temporary file: trees of any height with chosen numbers of lines per
 * page, prefix keys, deleted nodes. Only pages are made, no database header: what is tested with them lies below the catalog.
 */
#pragma once

#include "page/page.h"

typedef struct test_db {
    uint32_t page_size;
    ese_pgno n_pages; /* pages 1 ... n_pages are in `bytes` */
    uint8_t *bytes;   /* the whole file, header pages included (blank) */
    size_t room;      /* pages that `bytes` has room for, header pages included */
    char path[64];    /* after test_db_write */
} test_db;

typedef struct test_entry {
    uint8_t key[40];
    size_t key_size;
    uint8_t data[40];
    size_t data_size;
    bool is_deleted;
} test_entry;

typedef struct test_tree_shape {
    uint32_t objid;
    uint32_t kind; /* as ese_btree.kind */
    bool is_non_unique;
    bool has_prefixes;   /* leaves get their middle key as prefix key, internal pages their first */
    unsigned leaf_lines; /* per page; 0 = as many as fit */
    unsigned parent_lines; /* per page; 0 = as many as fit */
} test_tree_shape;

void test_db_init(test_db *db, uint32_t page_size);
void test_db_free(test_db *db); /* removes the file, too */

/* Appends a blank page. */
ese_pgno test_db_add_page(test_db *db);
uint8_t *test_db_page(const test_db *db, ese_pgno pgno);

/* An empty page: flags of the page header besides those every page has. */
void test_page_format(test_db *db, ese_pgno pgno, uint32_t objid, uint32_t flags);
void test_page_set_links(test_db *db, ese_pgno pgno, ese_pgno prev, ese_pgno next);

/* Sets tag 0; before the first line. */
void test_page_set_header(test_db *db, ese_pgno pgno, ese_bytes header);

/* Appends a line; false when it does not fit. The key is compressed against tag 0 of a page that is no root when that saves bytes. */
bool test_page_add_line(test_db *db, ese_pgno pgno, ese_bytes key, ese_bytes data, bool is_deleted);

/* Makes the checksum right again after a change. */
void test_page_seal(test_db *db, ese_pgno pgno);

/* Builds the tree of the `n` sorted entries; returns its root. Every page is sealed. */
ese_pgno test_tree_build(test_db *db, const test_tree_shape *shape, const test_entry *entries,
                         size_t n);

/* The order of the entries of a tree. */
int test_entry_compare(const test_entry *a, const test_entry *b, bool is_non_unique);

/* Writes all pages to a new temporary file, or again to the same. */
void test_db_write(test_db *db);

/* A reproducible random number; the state starts at any non-zero value. */
uint32_t test_random(uint32_t *state);
