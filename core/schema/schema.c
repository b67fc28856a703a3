/*
 * The catalog of one database: finding tables, and the descriptors in use.
 *
 * INV-3  A descriptor stays in the list of entries from its first holder on; entries without a
 * holder are kept for reuse, at most ESE_SCHEMA__CLOSED_MAX of them, oldest out first.
 */
#include "schema/schema_private.h"

#include "base/utf.h"

#include <stdlib.h>

int
ese_schema__compare_names(const char *a, const char *b)
{
    for (;; a++, b++) {
        unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

        x = x >= 'a' && x <= 'z' ? (unsigned char)(x - 32) : x;
        y = y >= 'a' && y <= 'z' ? (unsigned char)(y - 32) : y;
        if (x != y || x == '\0')
            return (x > y) - (x < y);
    }
}

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
    ese_list_init(&schema->entries);
    err = check_roots(schema);
    if (err < JET_errSuccess)
        ese_schema_close(&schema);
    else
        *schema_out = schema;
    return err;
}

/* Forgets closed entries beyond `keep`. A freed one may close its template, which may make one
 * more. */
static void
trim_closed_locked(ese_schema *schema, unsigned keep)
{
    while (schema->n_closed > keep) {
        ese_schema__entry *victim = NULL;

        ESE_LIST_FOREACH (node, &schema->entries) {
            ese_schema__entry *entry = ESE_LIST_ENTRY(node, ese_schema__entry, link);

            if (entry->n_holders == 0) {
                victim = entry;
                break;
            }
        }
        if (victim == NULL)
            return;
        if (victim->table.template_table != NULL) {
            ese_schema__entry *base = (ese_schema__entry *)(void *)victim->table.template_table;

            if (--base->n_holders == 0)
                schema->n_closed++;
        }
        schema->n_closed--;
        ese_list_remove(&victim->link);
        ese_schema__entry_destroy(&victim);
    }
}

void
ese_schema_close(ese_schema **schema_inout)
{
    ese_schema *schema = *schema_inout;

    if (schema == NULL)
        return;
    ese_os_mutex_lock(&schema->lock);
    trim_closed_locked(schema, 0);
    ese_os_mutex_unlock(&schema->lock);
    ese_os_mutex_destroy(&schema->lock);
    ese_free(schema_inout);
}

ese_cache_file *
ese_schema_file(const ese_schema *schema)
{
    return schema->file;
}

static void
hold_locked(ese_schema *schema, ese_schema__entry *entry)
{
    if (entry->n_holders++ == 0)
        schema->n_closed--;
    ese_list_remove(&entry->link);
    ese_list_append(&schema->entries, &entry->link);
}

static ese_schema__entry *
find_entry_locked(ese_schema *schema, const char *name)
{
    ESE_LIST_FOREACH (node, &schema->entries) {
        ese_schema__entry *entry = ESE_LIST_ENTRY(node, ese_schema__entry, link);

        if (ese_schema__compare_names(entry->table.name, name) == 0)
            return entry;
    }
    return NULL;
}

/* A table row that a walk over the catalog has come to. */
typedef struct found_object {
    bool exists;
    uint32_t objid_table;
    ese_schema_object object;
} found_object;

static JET_ERR
decode_object(const ese_schema *schema, const ese_schema__row *row, uint32_t objid_least,
              found_object *found_out)
{
    ese_schema_object *object = &found_out->object;

    if (row->objid_table < objid_least || row->objid_table > INT32_MAX)
        return ese_schema__corrupted(schema, row->objid_table, "rows out of order");
    memset(object, 0, sizeof *object);
    object->objid = row->id;
    object->flags = row->flags;
    if (ese_cp1252_to_utf8(row->name.data, row->name.size, object->name, sizeof object->name - 1) >=
        sizeof object->name)
        return ese_schema__corrupted(schema, row->id, "a name that is too long");
    found_out->objid_table = row->objid_table;
    found_out->exists = true;
    return JET_errSuccess;
}

/* The catalog is walked from table to table: (objid, type table) is the first row of each. */
static JET_ERR
next_object(ese_schema__source *source, uint32_t objid_least, found_object *found_out)
{
    ese_btree_cursor cursor;
    uint8_t key[5] = {0x7f};
    ese_schema__row row;
    bool found = false;
    int order;
    JET_ERR err;

    found_out->exists = false;
    ese_store_be32(key + 1, objid_least ^ 0x80000000u);
    ese_btree_cursor_init(&cursor, &source->tree, NULL);
    ESE_TRY(ese_btree_seek(&cursor, (ese_bytes){key, sizeof key}, (ese_bytes){0}, ESE_BTREE_GE,
                           &found, &order));
    while (found) {
        err =
            ese_schema__row_decode(cursor.node.data, ese_cache_page_size(source->tree.file), &row);
        if (err >= JET_errSuccess && row.type == ESE_SCHEMA__ROW_TABLE)
            err = decode_object(source->schema, &row, objid_least, found_out);
        ESE_TRY(ese_schema__source_tolerate(source, &cursor, err));
        if (found_out->exists)
            break;
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* What the catalog has left out so far may stand in its shadow. */
static JET_ERR
next_of_both(ese_schema__source sources[2], uint32_t objid_least, found_object *found_out)
{
    found_object other;
    JET_ERR err = next_object(&sources[ESE_SCHEMA__CATALOG], objid_least, found_out);

    if (err < JET_errSuccess || !sources[ESE_SCHEMA__CATALOG].has_gap ||
        !ese_schema__has_shadow(sources[ESE_SCHEMA__CATALOG].schema))
        return err;
    err = next_object(&sources[ESE_SCHEMA__SHADOW], objid_least, &other);
    if (err >= JET_errSuccess && other.exists &&
        (!found_out->exists || other.objid_table < found_out->objid_table))
        *found_out = other;
    return err;
}

/* Visits the table row of every table in order of objid. */
static JET_ERR
walk_objects(ese_schema *schema, void *self,
             JET_ERR (*visit)(void *self, const ese_schema_object *object, bool *stop))
{
    ese_schema__source sources[2];
    found_object found = {.exists = true};
    uint64_t objid = 1;
    bool stop = false;
    JET_ERR err = JET_errSuccess;

    ese_schema__source_init(&sources[ESE_SCHEMA__CATALOG], schema, ESE_SCHEMA__CATALOG);
    ese_schema__source_init(&sources[ESE_SCHEMA__SHADOW], schema, ESE_SCHEMA__SHADOW);
    while (!stop && objid <= INT32_MAX) {
        ESE_TRY(next_of_both(sources, (uint32_t)objid, &found));
        if (!found.exists)
            break;
        objid = (uint64_t)found.objid_table + 1;
        ESE_TRY(visit(self, &found.object, &stop));
    }
out:
    return err;
}

typedef struct name_search {
    const char *name;
    uint32_t objid; /* 0 = not found */
} name_search;

static JET_ERR
match_name(void *self, const ese_schema_object *object, bool *stop)
{
    name_search *search = self;

    if (ese_schema__compare_names(object->name, search->name) == 0) {
        search->objid = object->objid;
        *stop = true;
    }
    return JET_errSuccess;
}

/*
 * An index of the catalog knows the names, but it is one more tree that can be damaged; walking the
 * table rows is one seek per table and right in every case.
 */
static JET_ERR
find_objid(ese_schema *schema, const char *name, uint32_t *objid_out)
{
    name_search search = {name, 0};
    JET_ERR err = walk_objects(schema, &search, match_name);

    if (err < JET_errSuccess)
        return err;
    if (search.objid == 0)
        return ese_raise(JET_errObjectNotFound, "%s: no table '%.128s'",
                         ese_cache_path(schema->file), name);
    *objid_out = search.objid;
    return JET_errSuccess;
}

JET_ERR
ese_schema_table_open(ese_schema *schema, const ese_txn_session *session, const char *name,
                      ese_schema_table **table_out)
{
    (void)session;
    return ese_schema__table_open(schema, name, ESE_SCHEMA__ANY_TABLE, table_out);
}

JET_ERR
ese_schema__table_open(ese_schema *schema, const char *name, ese_schema__role role,
                       ese_schema_table **table_out)
{
    ese_schema__entry *entry, *built = NULL;
    uint32_t objid = 0;
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&schema->lock);
    entry = find_entry_locked(schema, name);
    if (entry != NULL)
        hold_locked(schema, entry);
    ese_os_mutex_unlock(&schema->lock);
    if (entry == NULL) {
        ESE_TRY(find_objid(schema, name, &objid));
        ESE_TRY(ese_schema__build(schema, objid, role, &built));
        ese_os_mutex_lock(&schema->lock);
        entry =
            find_entry_locked(schema, built->table.name); /* another thread may have been faster */
        if (entry == NULL) {
            entry = built;
            built = NULL;
            schema->n_closed++;
        }
        hold_locked(schema, entry);
        ese_os_mutex_unlock(&schema->lock);
    }
    *table_out = &entry->table;
out:
    if (built != NULL && built->table.template_table != NULL)
        ese_schema_table_release(schema, &built->table.template_table);
    ese_schema__entry_destroy(&built);
    return err;
}

void
ese_schema_table_hold(ese_schema *schema, ese_schema_table *table)
{
    ese_os_mutex_lock(&schema->lock);
    hold_locked(schema, (ese_schema__entry *)(void *)table);
    ese_os_mutex_unlock(&schema->lock);
}

void
ese_schema_table_release(ese_schema *schema, ese_schema_table **table_inout)
{
    ese_schema__entry *entry = (ese_schema__entry *)(void *)*table_inout;

    *table_inout = NULL;
    if (entry == NULL)
        return;
    ese_os_mutex_lock(&schema->lock);
    if (--entry->n_holders == 0) {
        schema->n_closed++;
        trim_closed_locked(schema, ESE_SCHEMA__CLOSED_MAX);
    }
    ese_os_mutex_unlock(&schema->lock);
}

typedef struct object_array {
    ese_schema_object *objects;
    size_t n;
    size_t capacity;
} object_array;

static JET_ERR
collect(void *self, const ese_schema_object *object, bool *stop)
{
    object_array *array = self;

    (void)stop;
    if (array->n == array->capacity) {
        size_t capacity = array->capacity == 0 ? 64 : array->capacity * 2;
        JET_ERR err = ese_realloc(capacity * sizeof *array->objects, &array->objects);

        if (err < JET_errSuccess)
            return err;
        array->capacity = capacity;
    }
    array->objects[array->n++] = *object;
    return JET_errSuccess;
}

static int
compare_objects(const void *a, const void *b)
{
    return ese_schema__compare_names(((const ese_schema_object *)a)->name,
                                     ((const ese_schema_object *)b)->name);
}

JET_ERR
ese_schema_list(ese_schema *schema, const ese_txn_session *session, void *self,
                JET_ERR (*visit)(void *self, const ese_schema_object *object))
{
    object_array array = {0};
    JET_ERR err;

    (void)session;
    ESE_TRY(walk_objects(schema, &array, collect));
    if (array.n > 1)
        qsort(array.objects, array.n, sizeof *array.objects, compare_objects);
    for (size_t i = 0; i < array.n; i++)
        ESE_TRY(visit(self, &array.objects[i]));
out:
    ese_free(&array.objects);
    return err;
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
