/* All trees of a database, from its catalog. A tree stands behind the one it has its space from. */
#include "maint/maint_private.h"

static JET_ERR
add_tree(ese_maint__check *check, const ese_maint__tree *tree, uint32_t *number_out)
{
    if (check->n_trees == check->n_trees_max) {
        uint32_t n_max = check->n_trees_max == 0 ? 64 : check->n_trees_max * 2;
        JET_ERR err = ese_realloc(n_max * sizeof *check->trees, &check->trees);

        if (err < JET_errSuccess)
            return err;
        check->n_trees_max = n_max;
    }
    check->trees[check->n_trees++] = *tree;
    *number_out = check->n_trees;
    return JET_errSuccess;
}

static JET_ERR
copy_name(ese_maint__check *check, const char *name, const char **copy_out)
{
    ese_bytes copy;
    JET_ERR err =
        ese_arena_copy(&check->arena, (ese_bytes){(const uint8_t *)name, strlen(name) + 1}, &copy);

    if (err >= JET_errSuccess)
        *copy_out = (const char *)copy.data;
    return err;
}

static bool
may_have_many_entries(const ese_schema_index *index)
{
    return (index->flags & ESE_SCHEMA_INDEX_MULTI_VALUED) != 0 || index->is_tuple;
}

/* The tree of the table first: the others have their space from it. */
static JET_ERR
add_table(ese_maint__check *check, const ese_schema_table *table)
{
    ese_maint__tree tree = {
        .btree = table->tree, .role = ESE_MAINT__TABLE, .parent = 1, .lv_chunk = table->lv_chunk};
    uint32_t parent, number;
    JET_ERR err;

    ESE_TRY(copy_name(check, table->name, &tree.table));
    ESE_TRY(add_tree(check, &tree, &parent));
    tree.parent = parent;
    if (table->has_lv_tree) {
        tree.role = ESE_MAINT__LONG_VALUES;
        tree.btree = table->lv_tree;
        ESE_TRY(add_tree(check, &tree, &number));
    }
    tree.role = ESE_MAINT__INDEX;
    for (unsigned i = 0; i < table->n_indexes; i++) {
        const ese_schema_index *index = &table->indexes[i];

        if (index == table->primary)
            continue;
        tree.btree = index->tree;
        tree.is_key_known = index->is_key_known;
        tree.has_many_entries = may_have_many_entries(index);
        ESE_TRY(copy_name(check, index->name, &tree.index));
        ESE_TRY(add_tree(check, &tree, &number));
        check->summary.n_indexes++;
    }
    check->summary.n_tables++;
out:
    return err;
}

static JET_ERR
visit_object(void *self, const ese_schema_object *object)
{
    ese_maint__check *check = self;
    ese_schema_table *table = NULL;
    ese_maint__tree named = {.table = object->name};
    JET_ERR err = ese_schema_table_open(check->schema, NULL, object->name, &table);

    if (ese_maint__is_damage(err)) {
        ese_maint__found(check, &(ese_maint__place){ESE_MAINT_CATALOG, 0, &named}, err, "%s",
                         ese_err_text(err));
        check->is_catalog_complete = false;
        return JET_errSuccess;
    }
    if (err >= JET_errSuccess)
        err = add_table(check, table);
    ese_schema_table_release(check->schema, &table);
    return err;
}

JET_ERR
ese_maint__trees_collect(ese_maint__check *check)
{
    const ese_maint__tree database = {
        .btree = {.file = check->file.pages, .root = 1, .objid = 1, .is_unique = true},
        .role = ESE_MAINT__DATABASE};
    uint32_t number;
    JET_ERR err;

    ESE_TRY(add_tree(check, &database, &number));
    if (check->schema == NULL)
        return JET_errSuccess;
    err = ese_schema_list(check->schema, NULL, check, visit_object);
    if (ese_maint__is_damage(err)) {
        ese_maint__found(check, &(ese_maint__place){ESE_MAINT_CATALOG, 0, NULL}, err, "%s",
                         ese_err_text(err));
        check->is_catalog_complete = false;
        err = JET_errSuccess;
    }
    check->summary.n_trees = check->n_trees;
out:
    return err;
}
