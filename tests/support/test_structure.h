/*
 * The whole structure of a tree that nobody changes at the moment: order, separators, levels, links. Fails the running test when something is wrong.
 */
#pragma once

#include "btree/btree.h"

#include <stddef.h>

typedef struct test_structure {
    unsigned n_pages, n_leaves, n_empty, depth;
    size_t n_nodes, n_deleted;
    size_t n_free; /* bytes in leaves */
} test_structure;

test_structure test_structure_check(const ese_btree *tree);
