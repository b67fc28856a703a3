/*
 * The temporary database of an instance as temporary tables use it: they come and go, and it is there as long as one of them has a tree in it. So the disk gets its room
 * back, and a table that starts anew finds an empty file.
 *
 * It has a page cache and a version store of its own. When its disk fails nobody else notices; and nobody's transaction keeps its trees from going.
 *
 * INV-1  A tree belongs to one table. It is made and dropped in a transaction of that table's own session, all other changes are unversioned.
 */
#include "table/table_temp_private.h"

#include "btree/btree_temp.h"
#include "os/os_system.h"

#include <stdio.h>

enum {
    ROOT = 1,               /* of the database */
    VERSIONS_MAX = 1 << 20, /* bytes; only trees that are made or dropped have versions */
    DENSITY = 100,
};

typedef struct ese_table__temp_db {
    ese_cache *cache;
    ese_txn_store *store;
    ese_btree_temp *file;
} ese_table__temp_db;

void
ese_table_temp_place_init(ese_table_temp_place *place)
{
    ese_os_mutex_init(&place->lock);
}

void
ese_table_temp_place_end(ese_table_temp_place *place)
{
    ese_os_mutex_destroy(&place->lock);
}

/* ---- the database */

static void
destroy(ese_table__temp_db **db_inout)
{
    ese_table__temp_db *db = *db_inout;

    if (db == NULL)
        return;
    if (db->store != NULL)
        ese_txn_store_clean(db->store);
    ese_btree_temp_destroy(&db->file);
    ese_txn_store_destroy(&db->store);
    ese_cache_destroy(&db->cache);
    ese_free(db_inout);
}

JET_ERR
ese_table__temp_path(const ese_table__temp *temp, char to[ESE_TABLE__TEMP_PATH_MAX])
{
    size_t size = strlen(temp->path);
    bool ends_in_separator = size == 0 || temp->path[size - 1] == '/';
    const char *name = ends_in_separator                  ? "tmp.edb"
                       : ese_os_folder_exists(temp->path) ? "/tmp.edb"
                                                          : "";
    int n = snprintf(to, ESE_TABLE__TEMP_PATH_MAX, "%s%s", temp->path, name);

    if (n < 0 || n >= ESE_TABLE__TEMP_PATH_MAX)
        return ese_raise(JET_errInvalidPath, "the path of the temporary database is too long");
    return JET_errSuccess;
}

/* The file has a name for a moment only; no other file may have it then. */
static JET_ERR
create(const ese_table__temp *temp, ese_table__temp_db **db_out)
{
    char path[ESE_TABLE__TEMP_PATH_MAX], name[ESE_TABLE__TEMP_PATH_MAX + 20];
    ese_btree_temp_options options = {.path = name, .page_size = ESE_TABLE__TEMP_PAGE_SIZE};
    ese_table__temp_db *db = NULL;
    JET_ERR err;

    ESE_TRY(ese_table__temp_path(temp, path));
    (void)snprintf(name, sizeof name, "%s.%016llx", path, (unsigned long long)ese_os_random());
    ESE_TRY(ese_alloc(sizeof *db, &db));
    ESE_TRY(ese_cache_create(temp->cache_max, &db->cache));
    ESE_TRY(ese_txn_store_create(&ese_btree_txn_ops, VERSIONS_MAX, &db->store));
    ese_txn_store_stop(db->store); /* who drops a tree cleans up */
    options.cache = db->cache;
    options.store = db->store;
    ESE_TRY(ese_btree_temp_create(&options, &db->file));
    *db_out = db;
    db = NULL;
out:
    destroy(&db);
    return err;
}

static JET_ERR
join(ese_table__temp *temp)
{
    ese_table_temp_place *place = temp->place;
    JET_ERR err = JET_errSuccess;

    if (temp->has_place)
        return err;
    ese_os_mutex_lock(&place->lock);
    if (place->db == NULL)
        ESE_TRY(create(temp, &place->db));
    place->n_users++;
    ese_txn_session_init(&temp->session, place->db->store);
    temp->has_place = true;
out:
    ese_os_mutex_unlock(&place->lock);
    return err;
}

void
ese_table__temp_leave_db(ese_table__temp *temp)
{
    ese_table_temp_place *place = temp->place;

    if (!temp->has_place)
        return;
    ese_txn_session_end(&temp->session);
    ese_os_mutex_lock(&place->lock);
    if (--place->n_users == 0)
        destroy(&place->db);
    ese_os_mutex_unlock(&place->lock);
    temp->has_place = false;
}

/* ---- trees */

static JET_ERR
make_tree(ese_table__temp *temp, ese_btree *tree_out)
{
    ese_btree_plan plan = {.parent = ROOT, .is_unique = true, .n_pages = 1, .density = DENSITY};
    ese_btree_db *db = NULL;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_btree_temp_db(temp->place->db->file, &db));
    plan.objid = ese_btree_next_objid(db);
    ESE_TRY(ese_txn_statement_enter(&temp->session, &statement));
    err = ese_btree_create(&temp->session, db, &plan, tree_out);
    err = ese_txn_statement_leave(&temp->session, &statement, err);
out:
    return err;
}

JET_ERR
ese_table__temp_make_tree(ese_table__temp *temp, ese_btree *tree_out)
{
    ese_btree tree = {0};
    JET_ERR err;

    ESE_TRY(join(temp));
    ESE_TRY(make_tree(temp, &tree));
    *tree_out = tree;
out:
    return err;
}

/* Should that fail, its pages are lost until the database goes. */
void
ese_table__temp_drop_tree(ese_table__temp *temp, ese_btree *tree)
{
    ese_txn_statement statement;

    if (tree->shared == NULL)
        return;
    if (ese_txn_statement_enter(&temp->session, &statement) >= JET_errSuccess) {
        JET_ERR err = ese_btree_destroy(&temp->session, tree);

        (void)ese_txn_statement_leave(&temp->session, &statement, err);
        ese_txn_store_clean(temp->session.store);
    }
    *tree = (ese_btree){0};
}
