/*
 * A table of values that stands for the pages of a tree, and the changes that core/btree would make in it: the store of versions does not know the difference.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/os_thread.h"
#include "txn/txn.h"

enum { FAKE_NODES = 64, FAKE_ROOM = 64 };

typedef struct fake_node {
    ese_os_mutex latch;
    bool is_there;
    bool is_deleted;
    uint8_t data[FAKE_ROOM];
    size_t size;
} fake_node;

typedef struct fake_tree {
    fake_node nodes[FAKE_NODES];
    _Atomic unsigned n_undone;
    _Atomic unsigned n_cleaned;
    _Atomic unsigned n_destroyed;
    JET_ERR undo_error; /* what every undo answers, after it has done nothing */
} fake_tree;

static inline ese_txn_place
fake_place(const fake_tree *tree, const uint32_t *key)
{
    return (ese_txn_place){.tree = tree, .key = {(const uint8_t *)(const void *)key, sizeof *key}};
}

/* The owner of the trees made them writable; the store only hands them on. */
static inline fake_tree *
fake_tree_of(const ese_txn_place *place)
{
    fake_tree *tree;

    memcpy(&tree, &place->tree, sizeof tree);
    return tree;
}

static inline fake_node *
fake_latch(fake_tree *tree, uint32_t key)
{
    ese_os_mutex_lock(&tree->nodes[key].latch);
    return &tree->nodes[key];
}

static inline void
fake_unlatch(fake_node *node)
{
    ese_os_mutex_unlock(&node->latch);
}

static inline void
fake_add_to(fake_node *node, unsigned offset, unsigned width, int64_t delta)
{
    uint8_t *at = node->data + offset;

    if (width == 8)
        ese_store_le64(at, ese_load_le64(at) + (uint64_t)delta);
    else
        ese_store_le32(at, ese_load_le32(at) + (uint32_t)(uint64_t)delta);
}

static inline void
fake_put(fake_node *node, ese_bytes data)
{
    if (data.size != 0)
        memcpy(node->data, data.data, data.size);
    node->size = data.size;
}

/* ---- What the store calls ---- */

static inline JET_ERR
fake_undo(ese_txn_session *session, const ese_txn_change *change)
{
    fake_tree *tree = fake_tree_of(&change->place);
    fake_node *node;

    if (tree->undo_error < JET_errSuccess)
        return tree->undo_error;
    tree->n_undone++;
    if (change->oper >= ESE_TXN_CREATE_TREE) {
        tree->n_destroyed += change->oper == ESE_TXN_CREATE_TREE;
        return JET_errSuccess;
    }
    node = fake_latch(tree, ese_load_le32(change->place.key.data));
    switch (change->oper) {
    case ESE_TXN_INSERT:
        node->is_deleted = true;
        node->is_there = ese_txn_has_versions(session->store, &change->place, change->rceid);
        break;
    case ESE_TXN_REPLACE: fake_put(node, change->before); break;
    case ESE_TXN_DELETE: node->is_deleted = false; break;
    case ESE_TXN_DELTA: fake_add_to(node, change->offset, change->width, -change->delta); break;
    default: break;
    }
    fake_unlatch(node);
    return JET_errSuccess;
}

static inline void
fake_clean(ese_txn_session *cleaner, const ese_txn_change *change)
{
    fake_tree *tree = fake_tree_of(&change->place);
    fake_node *node;

    tree->n_cleaned++;
    if (change->oper == ESE_TXN_DESTROY_TREE) {
        tree->n_destroyed++;
        return;
    }
    node = fake_latch(tree, ese_load_le32(change->place.key.data));
    if (node->is_deleted && !ese_txn_has_versions(cleaner->store, &change->place, change->rceid))
        node->is_there = false;
    fake_unlatch(node);
}

static inline bool
fake_needs_clean(const ese_txn_change *change)
{
    return change->oper == ESE_TXN_DELETE || change->oper == ESE_TXN_DESTROY_TREE;
}

static const ese_txn_ops fake_ops = {fake_undo, fake_clean, fake_needs_clean};

/* ---- Making and ending ---- */

typedef struct fake {
    fake_tree tree;
    ese_txn_store *store;
    ese_txn_session a, b, c;
    int64_t live; /* blocks of memory before */
} fake;

static inline void
fake_begin_with(fake *f, size_t bytes_max)
{
    memset(f, 0, sizeof *f);
    f->live = ese_alloc_live();
    for (unsigned i = 0; i < FAKE_NODES; i++)
        ese_os_mutex_init(&f->tree.nodes[i].latch);
    assert_int_equal(ese_txn_store_create(&fake_ops, bytes_max, &f->store), JET_errSuccess);
    ese_txn_session_init(&f->a, f->store);
    ese_txn_session_init(&f->b, f->store);
    ese_txn_session_init(&f->c, f->store);
}

static inline void
fake_begin(fake *f)
{
    fake_begin_with(f, (size_t)16 << 20);
}

static inline void
fake_end(fake *f)
{
    ese_txn_session_end(&f->a);
    ese_txn_session_end(&f->b);
    ese_txn_session_end(&f->c);
    ese_txn_store_destroy(&f->store);
    for (unsigned i = 0; i < FAKE_NODES; i++)
        ese_os_mutex_destroy(&f->tree.nodes[i].latch);
    assert_int_equal(ese_alloc_live(), f->live);
}

/* ---- Changes ---- */

static inline JET_ERR
fake_try_insert(ese_txn_session *session, fake_tree *tree, uint32_t key, ese_bytes data)
{
    fake_node *node = fake_latch(tree, key);
    ese_txn_change change = {.place = fake_place(tree, &key), .oper = ESE_TXN_INSERT};
    ese_txn_change replaced = {
        .place = change.place, .oper = ESE_TXN_REPLACE, .before = {node->data, node->size}};
    ese_txn_version *version = NULL;
    ese_txn_version *version_data = NULL;
    JET_ERR err;

    ESE_TRY(ese_txn_check(session, &change.place, ESE_TXN_INSERT));
    if (node->is_there && !node->is_deleted)
        ESE_TRY(JET_errKeyDuplicate);
    ESE_TRY(ese_txn_add(session, &change, &version));
    if (node->is_there) {
        err = ese_txn_add(session, &replaced, &version_data);
        if (err < JET_errSuccess) {
            ese_txn_drop(session, version);
            goto out;
        }
    }
    node->is_there = true;
    node->is_deleted = false;
    fake_put(node, data);
out:
    fake_unlatch(node);
    return err;
}

static inline JET_ERR
fake_try(ese_txn_session *session, fake_tree *tree, uint32_t key, ese_txn_change change,
         ese_bytes data)
{
    fake_node *node = fake_latch(tree, key);
    ese_txn_version *version = NULL;
    JET_ERR err;

    change.place = fake_place(tree, &key);
    change.before =
        change.oper == ESE_TXN_REPLACE ? (ese_bytes){node->data, node->size} : (ese_bytes){NULL, 0};
    ESE_TRY(ese_txn_check(session, &change.place, change.oper));
    if (!node->is_there || node->is_deleted)
        ESE_TRY(JET_errRecordDeleted);
    ESE_TRY(ese_txn_add(session, &change, &version));
    if (change.oper == ESE_TXN_REPLACE)
        fake_put(node, data);
    else if (change.oper == ESE_TXN_DELETE)
        node->is_deleted = true;
    else if (change.oper == ESE_TXN_DELTA)
        fake_add_to(node, change.offset, change.width, change.delta);
out:
    fake_unlatch(node);
    return err;
}

/* Each is a statement: outside a transaction it commits. */
static inline JET_ERR
fake_state(ese_txn_session *session, fake_tree *tree, uint32_t key, ese_txn_change change,
           ese_bytes data)
{
    ese_txn_statement statement;
    JET_ERR err = ese_txn_statement_enter(session, &statement);

    if (err < JET_errSuccess)
        return err;
    err = change.oper == ESE_TXN_INSERT ? fake_try_insert(session, tree, key, data)
                                        : fake_try(session, tree, key, change, data);
    return ese_txn_statement_leave(session, &statement, err);
}

static inline ese_bytes
fake_number(uint8_t buffer[8], int64_t value)
{
    ese_store_le64(buffer, (uint64_t)value);
    return (ese_bytes){buffer, 8};
}

static inline JET_ERR
fake_insert(ese_txn_session *session, fake_tree *tree, uint32_t key, int64_t value)
{
    uint8_t buffer[8];

    return fake_state(session, tree, key, (ese_txn_change){.oper = ESE_TXN_INSERT},
                      fake_number(buffer, value));
}

static inline JET_ERR
fake_replace(ese_txn_session *session, fake_tree *tree, uint32_t key, int64_t value)
{
    uint8_t buffer[8];

    return fake_state(session, tree, key, (ese_txn_change){.oper = ESE_TXN_REPLACE},
                      fake_number(buffer, value));
}

static inline JET_ERR
fake_delta(ese_txn_session *session, fake_tree *tree, uint32_t key, int64_t delta)
{
    return fake_state(session, tree, key,
                      (ese_txn_change){.oper = ESE_TXN_DELTA, .width = 8, .delta = delta},
                      (ese_bytes){NULL, 0});
}

/* DELETE or a lock. */
static inline JET_ERR
fake_do(ese_txn_session *session, fake_tree *tree, uint32_t key, ese_txn_oper oper)
{
    return fake_state(session, tree, key, (ese_txn_change){.oper = oper}, (ese_bytes){NULL, 0});
}

/* ---- Reading ---- */

enum { FAKE_NOTHING = INT32_MIN };

/* The number a session finds; FAKE_NOTHING: none. */
static inline int64_t
fake_read(const ese_txn_session *session, fake_tree *tree, uint32_t key)
{
    fake_node *node = fake_latch(tree, key);
    ese_txn_place place = fake_place(tree, &key);
    ese_growbuf before = ese_growbuf_make(FAKE_ROOM);
    ese_txn_sight sight = ESE_TXN_NOTHING;
    int64_t value = FAKE_NOTHING;
    bool has_delta = false;

    if (node->is_there)
        assert_int_equal(ese_txn_see(session, &place, node->is_deleted,
                                     (ese_bytes){node->data, node->size}, &before, &sight,
                                     &has_delta),
                         JET_errSuccess);
    if (sight == ESE_TXN_THE_NODE)
        value = (int64_t)ese_load_le64(node->data);
    else if (sight == ESE_TXN_BEFORE)
        value = (int64_t)ese_load_le64(before.data);
    fake_unlatch(node);
    ese_growbuf_destroy(&before);
    return value;
}

/* As fake_read, of what is committed. */
static inline int64_t
fake_committed(fake *f, uint32_t key)
{
    return fake_read(ese_txn_store_observer(f->store), &f->tree, key);
}

#define assert_done(expr) assert_int_equal((expr), JET_errSuccess)
