/*
 * Rows of the catalog come, change and go: in MSysObjects, its two indexes, its shadow, and for trees in MSysObjids.
 *
 * INV-6  The rows of a tree (table, secondary index, long values) and its entry in MSysObjids come and go in the same transaction.
 */
#include "schema/schema_catalog.h"
#include "record/record_encode.h"

/* What one row is stored as. */
typedef struct stored {
    ese_record_key id, name, root;
    bool is_table;
    size_t size;
    uint8_t record[ESE_SCHEMA__ROW_MAX];
} stored;

static ese_bytes
bytes_of(const ese_record_key *key)
{
    return (ese_bytes){key->bytes, key->size};
}

static JET_ERR
make_keys(const ese_schema__row *row, stored *to)
{
    JET_ERR err;

    to->is_table = row->type == ESE_SCHEMA__ROW_TABLE;
    ESE_TRY(ese_schema__key_id(row, &to->id));
    ESE_TRY(ese_schema__key_name(row, &to->name));
    if (to->is_table)
        ESE_TRY(ese_schema__key_root(row->name, &to->root));
out:
    return err;
}

static JET_ERR
make_stored(const ese_schema *schema, const ese_schema__row *row, stored **stored_out)
{
    stored *to = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *to, &to));
    ESE_TRY(make_keys(row, to));
    ESE_TRY(ese_schema__row_encode(row, ese_cache_page_size(schema->file), to->record,
                                   sizeof to->record, &to->size));
    *stored_out = to;
    to = NULL;
out:
    ese_free(&to);
    return err;
}

static JET_ERR
insert_names(const ese_schema__place *at, const stored *row)
{
    const ese_schema *schema = at->schema;
    JET_ERR err;

    ESE_TRY(ese_btree_insert(at->session, &schema->by_name, bytes_of(&row->name),
                             bytes_of(&row->id), at->how));
    if (row->is_table)
        ESE_TRY(ese_btree_insert(at->session, &schema->roots, bytes_of(&row->root),
                                 bytes_of(&row->id), at->how));
out:
    return err;
}

static JET_ERR
delete_names(const ese_schema__place *at, const stored *row)
{
    const ese_schema *schema = at->schema;
    JET_ERR err;

    ESE_TRY(ese_btree_delete(at->session, &schema->by_name, bytes_of(&row->name),
                             bytes_of(&row->id), at->how));
    if (row->is_table)
        ESE_TRY(ese_btree_delete(at->session, &schema->roots, bytes_of(&row->root),
                                 bytes_of(&row->id), at->how));
out:
    return err;
}

JET_ERR
ese_schema__insert_row(const ese_schema__place *at, const ese_schema__row *row)
{
    const ese_schema *schema = at->schema;
    stored *to = NULL;
    ese_bytes record;
    JET_ERR err;

    ESE_TRY(make_stored(schema, row, &to));
    record = (ese_bytes){to->record, to->size};
    /* Names first: who else wants the name finds out there. */
    ESE_TRY(insert_names(at, to));
    ESE_TRY(ese_btree_insert(at->session, &schema->catalog, bytes_of(&to->id), record, at->how));
    if (ese_schema__has_shadow(schema))
        ESE_TRY(ese_btree_insert(at->session, &schema->shadow, bytes_of(&to->id), record, at->how));
out:
    ese_free(&to);
    return err;
}

static bool
is_same_name(const stored *a, const stored *b)
{
    return ese_bytes_compare(bytes_of(&a->name), bytes_of(&b->name)) == 0;
}

JET_ERR
ese_schema__replace_row(const ese_schema__place *at, const ese_schema__row *row,
                        const ese_schema__row *by)
{
    const ese_schema *schema = at->schema;
    stored *from = NULL, *to = NULL;
    ese_bytes record;
    JET_ERR err;

    ESE_TRY(make_stored(schema, row, &from));
    ESE_TRY(make_stored(schema, by, &to));
    record = (ese_bytes){to->record, to->size};
    if (!is_same_name(from, to)) {
        ESE_TRY(insert_names(at, to));
        ESE_TRY(delete_names(at, from));
    }
    ESE_TRY(ese_btree_replace(at->session, &schema->catalog, bytes_of(&to->id), record, at->how));
    if (ese_schema__has_shadow(schema))
        ESE_TRY(
            ese_btree_replace(at->session, &schema->shadow, bytes_of(&to->id), record, at->how));
out:
    ese_free(&from);
    ese_free(&to);
    return err;
}

JET_ERR
ese_schema__delete_row(const ese_schema__place *at, const ese_schema__row *row)
{
    const ese_schema *schema = at->schema;
    const ese_bytes no_data = {NULL, 0};
    stored *from = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *from, &from));
    ESE_TRY(make_keys(row, from));
    ESE_TRY(delete_names(at, from));
    ESE_TRY(ese_btree_delete(at->session, &schema->catalog, bytes_of(&from->id), no_data, at->how));
    if (ese_schema__has_shadow(schema))
        ESE_TRY(
            ese_btree_delete(at->session, &schema->shadow, bytes_of(&from->id), no_data, at->how));
out:
    ese_free(&from);
    return err;
}

/* ---- Reading rows to change them ---- */

JET_ERR
ese_schema__read_row(const ese_schema__place *at, const ese_schema__row *wanted,
                     ese_schema__row_copy *copy_out)
{
    const ese_schema *schema = at->schema;
    ese_btree_cursor cursor;
    ese_record_key key;
    bool found = false;
    int order = 0;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &schema->catalog, at->session);
    ESE_TRY(ese_schema__key_id(wanted, &key));
    ESE_TRY(ese_btree_seek(&cursor, bytes_of(&key), (ese_bytes){NULL, 0}, ESE_BTREE_GE, &found,
                           &order));
    if (!found || order != 0)
        ESE_TRY(ese_schema__corrupted(schema, wanted->objid_table, "a row that is not there"));
    if (cursor.node.data.size > sizeof copy_out->bytes)
        ESE_TRY(ese_schema__corrupted(schema, wanted->objid_table, "a row that is too large"));
    memcpy(copy_out->bytes, cursor.node.data.data, cursor.node.data.size);
    ESE_TRY(ese_schema__row_decode((ese_bytes){copy_out->bytes, cursor.node.data.size},
                                   ese_cache_page_size(schema->file), &copy_out->row));
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* ---- Objects: which tree belongs to which table; catalog specification, 6.1 ---- */

enum {
    OBJIDS_RECORD_MAX = 40,
    COLUMN_OBJID = 256,
    COLUMN_OBJID_TABLE = 257,
    COLUMN_TYPE = 258,
};

static JET_ERR
make_object_key(uint32_t objid, ese_record_key *key_out)
{
    static const ese_record_key_rules rules = {.key_most = ESE_RECORD_KEY_MOST_DEFAULT,
                                               .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT};
    const ese_record_key_column column = {.coltyp = JET_coltypLong};
    uint8_t bytes[4];

    ese_store_le32(bytes, objid);
    ese_record_key_start(key_out);
    return ese_record_key_append(key_out, &rules, &column, &(ese_bytes){bytes, sizeof bytes});
}

static JET_ERR
make_object_record(const ese_schema *schema, const ese_schema__row *row, uint8_t *to, size_t room,
                   size_t *size_out)
{
    uint8_t numbers[10];
    const ese_record_value values[] = {
        {.bytes = {numbers, 4}}, {.bytes = {numbers + 4, 4}}, {.bytes = {numbers + 8, 2}}};
    ese_record_column columns[3];

    ese_store_le32(numbers, row->id);
    ese_store_le32(numbers + 4, row->objid_table);
    ese_store_le16(numbers + 8, row->type);
    for (unsigned i = 0; i < 3; i++)
        columns[i] = (ese_record_column){
            .id = COLUMN_OBJID + i, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &values[i]};
    return ese_record_encode(columns, 3, ese_cache_page_size(schema->file), to, room, size_out);
}

/* The table of objects; *table_out stays NULL in a file of an engine that has none. Held for the caller. */
static JET_ERR
open_objects(const ese_schema__place *at, ese_schema_table **table_out)
{
    JET_ERR err = ese_schema_table_open(at->schema, at->session, "MSysObjids", table_out);

    return err == JET_errObjectNotFound ? JET_errSuccess : err;
}

JET_ERR
ese_schema__insert_object(const ese_schema__place *at, const ese_schema__row *row)
{
    ese_schema_table *table = NULL;
    uint8_t record[OBJIDS_RECORD_MAX];
    ese_record_key key;
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(open_objects(at, &table));
    if (table == NULL)
        return JET_errSuccess;
    ESE_TRY(make_object_key(row->id, &key));
    ESE_TRY(make_object_record(at->schema, row, record, sizeof record, &size));
    ESE_TRY(ese_btree_insert(at->session, &table->tree, bytes_of(&key), (ese_bytes){record, size},
                             at->how));
out:
    ese_schema_table_release(at->schema, &table);
    return err;
}

JET_ERR
ese_schema__delete_object(const ese_schema__place *at, uint32_t objid)
{
    ese_schema_table *table = NULL;
    ese_record_key key;
    JET_ERR err;

    ESE_TRY(open_objects(at, &table));
    if (table == NULL)
        return JET_errSuccess;
    ESE_TRY(make_object_key(objid, &key));
    err =
        ese_btree_delete(at->session, &table->tree, bytes_of(&key), (ese_bytes){NULL, 0}, at->how);
    if (err == JET_errRecordDeleted) /* made by an engine that did not know the table of objects */
        err = JET_errSuccess;
    ESE_TRY(err);
out:
    ese_schema_table_release(at->schema, &table);
    return err;
}
