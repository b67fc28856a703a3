/* The catalog of one database: open, close, and what stands in a descriptor. */
#include "schema/schema_private.h"

static JET_ERR
try_page(const ese_schema *schema, ese_pgno pgno)
{
    ese_cache_page *page = NULL;
    JET_ERR err = ese_cache_pin(schema->file, pgno, &page);

    ese_cache_unpin(&page);
    return err;
}

/* In a damaged file the shadow serves where the catalog itself cannot be read. */
static JET_ERR
check_roots(const ese_schema *schema)
{
    JET_ERR err = try_page(schema, ESE_SCHEMA__CATALOG_ROOT);

    if (err >= JET_errSuccess || schema->damage == NULL || err == JET_errOutOfMemory)
        return err;
    schema->damage->skipped(schema->damage->self, ESE_SCHEMA__CATALOG_ROOT, err, ese_err_text(err));
    return ese_schema__has_shadow(schema) ? try_page(schema, ESE_SCHEMA__SHADOW_ROOT) : err;
}

static JET_ERR
open_tree(ese_schema *schema, ese_pgno root, uint32_t objid, ese_btree *tree_out)
{
    ese_btree tree = {.file = schema->file, .root = root, .objid = objid, .is_unique = true};
    JET_ERR err = JET_errSuccess;

    if (objid == ESE_SCHEMA__NAME_OBJID || objid == ESE_SCHEMA__ROOTS_OBJID)
        tree.kind = ESE_PAGE_INDEX;
    if (schema->db != NULL)
        err = ese_btree_share(schema->db, &tree);
    if (err >= JET_errSuccess)
        *tree_out = tree;
    return err;
}

static JET_ERR
open_trees(ese_schema *schema)
{
    JET_ERR err;

    ESE_TRY(
        open_tree(schema, ESE_SCHEMA__CATALOG_ROOT, ESE_SCHEMA__CATALOG_OBJID, &schema->catalog));
    ESE_TRY(open_tree(schema, ESE_SCHEMA__NAME_ROOT, ESE_SCHEMA__NAME_OBJID, &schema->by_name));
    ESE_TRY(open_tree(schema, ESE_SCHEMA__ROOTS_ROOT, ESE_SCHEMA__ROOTS_OBJID, &schema->roots));
    ESE_TRY(open_tree(schema, ESE_SCHEMA__SHADOW_ROOT, ESE_SCHEMA__SHADOW_OBJID, &schema->shadow));
out:
    return err;
}

JET_ERR
ese_schema_open(ese_cache_file *file, ese_btree_db *db, const ese_dbheader *header,
                const ese_btree_damage *damage, ese_schema **schema_out)
{
    ese_schema *schema = NULL;
    JET_ERR err = ese_alloc(sizeof *schema, &schema);

    if (err < JET_errSuccess)
        return err;
    schema->file = file;
    schema->db = db;
    schema->header = *header;
    schema->damage = damage;
    ese_os_mutex_init(&schema->lock);
    ese_os_mutex_init(&schema->lv_lock);
    ese_list_init(&schema->entries);
    for (unsigned i = 0; i < ESE_SCHEMA__BUCKETS; i++) {
        ese_list_init(&schema->groups[i]);
        ese_list_init(&schema->names[i]);
    }
    ESE_TRY(open_trees(schema));
    ESE_TRY(check_roots(schema));
    *schema_out = schema;
    schema = NULL;
out:
    ese_schema_close(&schema);
    return err;
}

void
ese_schema_close(ese_schema **schema_inout)
{
    ese_schema *schema = *schema_inout;

    if (schema == NULL)
        return;
    ese_schema__entries_destroy(schema);
    ese_os_mutex_destroy(&schema->lv_lock);
    ese_os_mutex_destroy(&schema->lock);
    ese_free(schema_inout);
}

ese_cache_file *
ese_schema_file(const ese_schema *schema)
{
    return schema->file;
}

bool
ese_schema_is_changeable(const ese_schema *schema)
{
    return schema->db != NULL;
}

const ese_schema_column *
ese_schema_find_column(const ese_schema_table *table, JET_COLUMNID columnid)
{
    unsigned low = 0, high = table->n_columns;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (table->columns[middle].columnid < columnid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->n_columns && table->columns[low].columnid == columnid ? &table->columns[low]
                                                                              : NULL;
}

const ese_schema_column *
ese_schema_find_column_name(const ese_schema_table *table, const char *name)
{
    for (unsigned i = 0; i < table->n_columns; i++) {
        if (ese_schema__compare_names(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

ese_schema_index *
ese_schema_find_index(const ese_schema_table *table, const char *name)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (ese_schema__compare_names(table->indexes[i].name, name) == 0)
            return &table->indexes[i];
    }
    return NULL;
}
