/*
 * A tree in a temporary file with the list of what it holds, and a cache on it. Fails the running test when something goes wrong.
 */
#pragma once

#include "btree/btree.h"
#include "test_db.h"

#include <stddef.h>

typedef struct test_tree {
    test_db db;
    test_tree_shape shape;
    ese_pgno root;
    test_entry *entries; /* in order, the deleted ones included */
    ese_pgno *leaves;    /* the page of each entry */
    size_t n;
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    ese_btree tree;
    int64_t live; /* allocations before */
    uint32_t seed;
} test_tree;

typedef struct test_tree_options {
    uint32_t page_size;
    test_tree_shape shape;
    size_t n_entries;
    unsigned percent_deleted;
    uint32_t seed;
} test_tree_options;

/* Random entries in a tree in memory; nothing is written yet, so pages may still be damaged. */
void test_tree_make(test_tree *t, const test_tree_options *options);

/* Writes the file and opens it with a cache of `limit` bytes. */
void test_tree_open(test_tree *t, size_t limit);

/* Ends what test_tree_open began; asserts that nothing is pinned and nothing leaks. */
void test_tree_close(test_tree *t);
void test_tree_free(test_tree *t);

/* Does the cursor stand on this entry? */
bool test_tree_is_at(const ese_btree_cursor *cursor, const test_entry *entry);

/* A key, sometimes of an entry and sometimes near one. */
test_entry test_tree_random_entry(test_tree *t);
