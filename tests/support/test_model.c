#include "test_model.h"

#include "test_db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DATA_DEFAULT = 40, N_SEEKS = 50, NON_UNIQUE_GROUP = 5 };

void
test_model_init(test_model *m, const test_model_options *options)
{
    m->options = *options;
    if (m->options.data_max == 0)
        m->options.data_max = DATA_DEFAULT;
    m->generations = calloc(options->n + 1, sizeof *m->generations);
    assert_non_null(m->generations);
}

void
test_model_free(test_model *m)
{
    free(m->generations);
    m->generations = NULL;
}

void
test_model_copy(test_model *to, const test_model *from)
{
    memcpy(to->generations, from->generations, from->options.n * sizeof *from->generations);
}

ese_btree
test_model_tree(test_fresh *t, ese_txn_session *session, const test_model_options *options)
{
    const ese_btree_plan plan = {
        .parent = 1,
        .objid = ese_btree_next_objid(t->db),
        .kind = options->kind,
        .is_unique = !options->is_non_unique,
        .n_pages = 1,
        .density = options->density,
    };
    ese_btree tree;

    assert_int_equal(ese_txn_begin(session, false), JET_errSuccess);
    assert_int_equal(ese_btree_create(session, t->db, &plan, &tree), JET_errSuccess);
    assert_int_equal(ese_txn_commit(session), JET_errSuccess);
    return tree;
}

/* Keys of several lengths with common beginnings; in order of their numbers. */
void
test_model_entry(const test_model *m, unsigned i, unsigned generation, test_entry_bytes *to)
{
    unsigned number = m->options.is_non_unique ? i / NON_UNIQUE_GROUP : i;
    uint32_t seed = (i + 1) * 2654435761U ^ (generation * 40503U) ^ 0x9e3779b9U;

    memcpy(to->key, "common beginning", 16);
    ese_store_be32(to->key + 16, number / 7);
    to->key[20] = (uint8_t)(number % 7);
    to->key_size = 21;
    for (; to->key_size < 21 + number % 23; to->key_size++)
        to->key[to->key_size] = (uint8_t)(number * 31 + to->key_size);
    if (m->options.is_non_unique) {
        ese_store_be32(to->data, i);
        to->data_size = 4 + i % 11;
        memset(to->data + 4, (int)(i % 251), to->data_size - 4);
        return;
    }
    if (seed == 0)
        seed = 1;
    to->data_size = 1 + test_random(&seed) % m->options.data_max;
    for (size_t k = 0; k < to->data_size; k++)
        to->data[k] = (uint8_t)test_random(&seed);
}

static ese_bytes
key_of(const test_entry_bytes *e)
{
    return (ese_bytes){e->key, e->key_size};
}

static ese_bytes
data_of(const test_entry_bytes *e)
{
    return (ese_bytes){e->data, e->data_size};
}

JET_ERR
test_model_change(test_model *m, ese_txn_session *session, const ese_btree *tree, unsigned i,
                  uint32_t *seed)
{
    unsigned generation = m->generations[i];
    bool is_replacement =
        generation != 0 && !m->options.is_non_unique && test_random(seed) % 2 == 0;
    unsigned next = is_replacement || generation == 0 ? 1 + test_random(seed) % 1000 : 0;
    test_entry_bytes e;
    JET_ERR err;

    test_model_entry(m, i, next != 0 ? next : generation, &e);
    if (is_replacement)
        err = ese_btree_replace(session, tree, key_of(&e), data_of(&e), ESE_BTREE_VERSIONED);
    else if (generation == 0)
        err = ese_btree_insert(session, tree, key_of(&e), data_of(&e), ESE_BTREE_VERSIONED);
    else
        err = ese_btree_delete(session, tree, key_of(&e), data_of(&e), ESE_BTREE_VERSIONED);
    if (err >= JET_errSuccess)
        m->generations[i] = next;
    return err;
}

static void
assert_at(const test_model *m, const ese_btree_cursor *cursor, unsigned i)
{
    test_entry_bytes e;

    test_model_entry(m, i, m->generations[i], &e);
    assert_int_equal(ese_page_node_compare_key(&cursor->node, key_of(&e)), 0);
    assert_int_equal(cursor->node.data.size, e.data_size);
    assert_memory_equal(cursor->node.data.data, e.data, e.data_size);
}

/* The next number from `i` on that exists; n or UINT_MAX at the end. */
static unsigned
existing(const test_model *m, unsigned i, int step)
{
    while (i < m->options.n && m->generations[i] == 0)
        i += (unsigned)step;
    return i;
}

static void
check_seeks(const test_model *m, ese_btree_cursor *cursor, uint32_t *seed)
{
    for (unsigned k = 0; k < N_SEEKS; k++) {
        unsigned i = test_random(seed) % m->options.n;
        unsigned expected = existing(m, i, 1);
        test_entry_bytes e;
        bool found = false;
        int order;

        test_model_entry(m, i, 1, &e);
        assert_int_equal(
            ese_btree_seek(cursor, key_of(&e),
                           m->options.is_non_unique ? data_of(&e) : (ese_bytes){NULL, 0},
                           ESE_BTREE_GE, &found, &order),
            JET_errSuccess);
        assert_int_equal(found, expected < m->options.n);
        if (found) {
            assert_at(m, cursor, expected);
            assert_int_equal(order == 0, expected == i);
        }
    }
}

void
test_model_check(const test_model *m, const ese_txn_session *session, const ese_btree *tree,
                 uint32_t *seed)
{
    ese_btree_cursor cursor;
    bool found = false;
    unsigned i;

    ese_btree_cursor_init(&cursor, tree, session);
    assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
    for (i = existing(m, 0, 1); found; i = existing(m, i + 1, 1)) {
        assert_true(i < m->options.n);
        assert_at(m, &cursor, i);
        assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    }
    assert_false(i < m->options.n);
    assert_int_equal(ese_btree_last(&cursor, &found), JET_errSuccess);
    for (i = existing(m, m->options.n - 1, -1); found; i = existing(m, i - 1, -1)) {
        assert_true(i < m->options.n);
        assert_at(m, &cursor, i);
        assert_int_equal(ese_btree_prev(&cursor, &found), JET_errSuccess);
    }
    assert_false(i < m->options.n);
    check_seeks(m, &cursor, seed);
    ese_btree_cursor_reset(&cursor);
}
