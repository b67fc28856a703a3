/* Finding tables in the catalog, by name and one after the other. */
#include "base/utf.h"
#include "schema/schema_private.h"

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
    ese_btree_cursor_init(&cursor, &source->tree, source->session);
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
walk_objects(ese_schema *schema, const ese_txn_session *session, void *self,
             JET_ERR (*visit)(void *self, const ese_schema_object *object, bool *stop))
{
    ese_schema__source sources[2];
    found_object found = {.exists = true};
    uint64_t objid = 1;
    bool stop = false;
    JET_ERR err = JET_errSuccess;

    ese_schema__source_init(&sources[ESE_SCHEMA__CATALOG], schema, session, ESE_SCHEMA__CATALOG);
    ese_schema__source_init(&sources[ESE_SCHEMA__SHADOW], schema, session, ESE_SCHEMA__SHADOW);
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

/* One seek per table, and right whatever is damaged. */
static JET_ERR
walk_to_name(ese_schema *schema, const char *name, uint32_t *objid_out)
{
    name_search search = {name, 0};
    JET_ERR err = walk_objects(schema, NULL, &search, match_name);

    if (err >= JET_errSuccess)
        *objid_out = search.objid;
    return err;
}

/* Objid of the primary key that an index of the catalog has as data; 0 when it is none. */
static uint32_t
objid_of_key(ese_bytes key)
{
    return key.size < 5 || key.data[0] != 0x7f ? 0 : ese_load_be32(key.data + 1) ^ 0x80000000u;
}

/* Through the index on the names of tables. */
static JET_ERR
seek_name(ese_schema *schema, const ese_txn_session *session, const char *name, uint32_t *objid_out)
{
    uint8_t stored[ESE_SCHEMA_NAME_MAX];
    ese_btree_cursor cursor;
    ese_record_key key;
    size_t size = 0;
    bool found = false;
    int order = 0;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &schema->roots, session);
    err = ese_utf8_to_cp1252(name, strlen(name), stored, sizeof stored, &size);
    if (err < JET_errSuccess || size > sizeof stored) {
        *objid_out = 0; /* no table can have such a name */
        return JET_errSuccess;
    }
    ESE_TRY(ese_schema__key_root((ese_bytes){stored, size}, &key));
    ESE_TRY(ese_btree_seek(&cursor, (ese_bytes){key.bytes, key.size}, (ese_bytes){0}, ESE_BTREE_GE,
                           &found, &order));
    *objid_out = found && order == 0 ? objid_of_key(cursor.node.data) : 0;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

JET_ERR
ese_schema__find_objid(ese_schema *schema, const ese_txn_session *session, const char *name,
                       uint32_t *objid_out)
{
    uint32_t objid = 0;
    JET_ERR err = schema->db != NULL ? seek_name(schema, session, name, &objid)
                                     : walk_to_name(schema, name, &objid);

    if (err < JET_errSuccess)
        return err;
    if (objid == 0)
        return ese_raise(JET_errObjectNotFound, "%s: no table '%.128s'",
                         ese_cache_path(schema->file), name);
    *objid_out = objid;
    return JET_errSuccess;
}

/* ---- The list of tables ---- */

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

    ESE_TRY(walk_objects(schema, session, &array, collect));
    if (array.n > 1)
        qsort(array.objects, array.n, sizeof *array.objects, compare_objects);
    for (size_t i = 0; i < array.n; i++)
        ESE_TRY(visit(self, &array.objects[i]));
out:
    ese_free(&array.objects);
    return err;
}
