/*
 * A tree that is changed and the list of what it must hold. Entries are numbered; key and data follow from number and generation, so that a model is two arrays.
 */
#pragma once

#include "test_fresh.h"
#include "test_structure.h"

enum { TEST_MODEL_KEY_MAX = 64, TEST_MODEL_DATA_MAX = 2048 };

typedef struct test_model_options {
    uint32_t kind; /* of the tree */
    bool is_non_unique;
    unsigned n;        /* entries that may exist */
    unsigned data_max; /* longest data; 0: 40 */
    uint32_t density;
} test_model_options;

/* What there is: generation 0 = no such entry. */
typedef struct test_model {
    test_model_options options;
    unsigned *generations;
} test_model;

typedef struct test_entry_bytes {
    uint8_t key[TEST_MODEL_KEY_MAX];
    uint8_t data[TEST_MODEL_DATA_MAX];
    size_t key_size, data_size;
} test_entry_bytes;

void test_model_init(test_model *m, const test_model_options *options);
void test_model_free(test_model *m);
void test_model_copy(test_model *to, const test_model *from); /* of equal options */

/* The tree for a model. */
ese_btree test_model_tree(test_fresh *t, ese_txn_session *session,
                          const test_model_options *options);

/* Entry number `i` in its generation. Numbers order as entries do. */
void test_model_entry(const test_model *m, unsigned i, unsigned generation, test_entry_bytes *to);

/* One random change of tree and model: insertion, replacement or deletion, whatever entry `i` allows. */
JET_ERR test_model_change(test_model *m, ese_txn_session *session, const ese_btree *tree,
                          unsigned i, uint32_t *seed);

/* Asserts that the session sees exactly what the model says, forward, backward and by key. */
void test_model_check(const test_model *m, const ese_txn_session *session, const ese_btree *tree,
                      uint32_t *seed);
