/*
 * Databases attached for change: the trees in use, and the number that tells walks whether pages were split or merged under them.
 */
#include "btree/btree_private.h"

enum { DENSITY_DEFAULT = 80, DENSITY_FULL = 100 };

JET_ERR
ese_btree_db_create(ese_log_db *log_db, ese_txn_store *store, ese_btree_db **db_out)
{
    JET_ERR err;
    ese_btree_db *db = NULL;

    ESE_TRY(ese_alloc(sizeof *db, &db));
    db->log_db = log_db;
    db->store = store;
    ese_os_mutex_init(&db->lock);
    ese_btree__space_init(&db->space);
    /* Relaxed: nobody else knows the database yet. No page of it has versions. */
    atomic_store_explicit(&db->settled, atomic_load_explicit(&log_db->dbtime, memory_order_relaxed),
                          memory_order_relaxed);
    *db_out = db;
out:
    return err;
}

static void
free_tree(ese_btree_shared *shared)
{
    ese_os_mutex_destroy(&shared->structure_lock);
    ese_free(&shared);
}

void
ese_btree_db_destroy(ese_btree_db **db_inout)
{
    ese_btree_db *db = *db_inout;

    if (db == NULL)
        return;
    *db_inout = NULL;
    for (unsigned i = 0; i < ESE_BTREE__BUCKETS; i++) {
        while (db->trees[i] != NULL) {
            ese_btree_shared *shared = db->trees[i];

            db->trees[i] = shared->next;
            free_tree(shared);
        }
    }
    ese_btree__space_destroy(&db->space);
    ese_os_mutex_destroy(&db->lock);
    ese_free(&db);
}

ese_log_db *
ese_btree_db_log(ese_btree_db *db)
{
    return db->log_db;
}

static JET_ERR
make_tree(ese_btree_db *db, const ese_btree *tree, ese_btree_shared **shared_out)
{
    JET_ERR err;
    ese_btree_shared *shared = NULL;
    bool is_full = (tree->kind & ESE_PAGE_LONG_VALUE) != 0;

    ESE_TRY(ese_alloc(sizeof *shared, &shared));
    shared->tree = *tree;
    shared->tree.damage = NULL;
    shared->tree.shared = shared;
    shared->db = db;
    /* Relaxed: nobody else knows it yet; the lock of the database hands it on. */
    atomic_store_explicit(&shared->density, is_full ? DENSITY_FULL : DENSITY_DEFAULT,
                          memory_order_relaxed);
    ese_os_mutex_init(&shared->structure_lock);
    *shared_out = shared;
out:
    return err;
}

JET_ERR
ese_btree_share(ese_btree_db *db, ese_btree *tree)
{
    JET_ERR err = JET_errSuccess;
    ese_btree_shared **bucket = &db->trees[tree->objid & (ESE_BTREE__BUCKETS - 1)];
    ese_btree_shared *shared;

    ese_os_mutex_lock(&db->lock);
    shared = *bucket;
    while (shared != NULL && shared->tree.objid != tree->objid)
        shared = shared->next;
    if (shared == NULL) {
        ESE_TRY(make_tree(db, tree, &shared));
        shared->next = *bucket;
        *bucket = shared;
    }
    tree->shared = shared;
out:
    ese_os_mutex_unlock(&db->lock);
    return err;
}

/* ---- the number of the structure */

uint64_t
ese_btree__structure_read(const ese_btree *tree)
{
    uint64_t number;

    if (tree->shared == NULL)
        return 0;
    /* Acquire: the pages of the change that set it are seen. */
    number = atomic_load_explicit(&tree->shared->structure, memory_order_acquire);
    while ((number & 1) != 0) {
        ese_os_yield();
        number = atomic_load_explicit(&tree->shared->structure, memory_order_acquire);
    }
    return number;
}

void
ese_btree__structure_lock(const ese_btree *tree)
{
    if (tree->shared != NULL)
        ese_os_mutex_lock(&tree->shared->structure_lock);
}

void
ese_btree__structure_unlock(const ese_btree *tree)
{
    if (tree->shared != NULL)
        ese_os_mutex_unlock(&tree->shared->structure_lock);
}

void
ese_btree__structure_begin(const ese_btree *tree)
{
    if (tree->shared == NULL)
        return;
    /* Relaxed: the pages that appear after it are published with release, which carries it along. */
    atomic_fetch_add_explicit(&tree->shared->structure, 1, memory_order_relaxed);
}

void
ese_btree__structure_end(const ese_btree *tree)
{
    if (tree->shared == NULL)
        return;
    /* Release: matches ese_btree__structure_read. */
    atomic_fetch_add_explicit(&tree->shared->structure, 1, memory_order_release);
}
