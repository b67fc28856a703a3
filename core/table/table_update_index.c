/*
 * Index maintenance: the entries that a record has before and after a change are made, and the difference is applied.
 *
 * Another transaction may be changing the indexes of the table: what is committed and what that makes of it are both kept up to date (ese_schema_maintained).
 */
#include "table/table_update_db.h"

/* A key in update->keys. */
typedef struct key_place {
    size_t offset, size;
} key_place;

/* The keys of one index. */
typedef struct maintenance {
    ese_table_cursor *cursor;
    ese_table__update *update;
    const ese_schema_index *index;
    const ese_table__change_of_record *change;
} maintenance;

static key_place *
places_of(const ese_table__update *update)
{
    return (key_place *)(void *)update->key_places.data;
}

static ese_bytes
key_at(const ese_table__update *update, size_t i)
{
    const key_place *place = &places_of(update)[i];

    return (ese_bytes){update->keys.data + place->offset, place->size};
}

static JET_ERR
add_key(void *self, ese_bytes key)
{
    ese_table__update *update = self;
    const key_place place = {update->keys.size, key.size};
    JET_ERR err;

    ESE_TRY(ese_growbuf_append(&update->keys, key.data, key.size));
    ESE_TRY(ese_growbuf_append(&update->key_places, &place, sizeof place));
out:
    return err;
}

/* Insertion sort: most records have one entry, and those with many have them mostly in order. */
static void
insert_sorted(const ese_table__update *update, key_place *places, size_t n, key_place place)
{
    ese_bytes key = {update->keys.data + place.offset, place.size};
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        ese_bytes other = {update->keys.data + places[middle].offset, places[middle].size};

        if (ese_bytes_compare(other, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(places + low + 1, places + low, (n - low) * sizeof *places);
    places[low] = place;
}

/* Sorts the keys from number `first` on and drops repeated ones. */
static void
sort_keys(ese_table__update *update, size_t first)
{
    key_place *places = places_of(update);
    size_t n = update->key_places.size / sizeof *places - first;
    size_t n_left = 1;

    if (n < 2)
        return;
    places += first;
    for (size_t i = 1; i < n; i++)
        insert_sorted(update, places, i, places[i]);
    for (size_t i = 1; i < n; i++) {
        if (ese_bytes_compare(key_at(update, first + i), key_at(update, first + n_left - 1)) != 0)
            places[n_left++] = places[i];
    }
    update->key_places.size = (first + n_left) * sizeof *places;
}

/* Appends the keys of a record; *n_out: all that there are now. */
static JET_ERR
collect(const maintenance *work, const ese_record *record, size_t *n_out)
{
    ese_table__update *update = work->update;
    const ese_table_entries_ops ops = {update, add_key};
    size_t first = update->key_places.size / sizeof(key_place);
    JET_ERR err = JET_errSuccess;

    if (record != NULL)
        ESE_TRY(ese_table__new_entries_of(work->cursor, record, work->index, &ops));
    sort_keys(update, first);
    *n_out = update->key_places.size / sizeof(key_place);
out:
    return err;
}

static JET_ERR
delete_entry(const maintenance *work, ese_bytes key)
{
    const ese_btree *tree = &work->index->tree;
    ese_bytes data = tree->is_unique ? (ese_bytes){0} : work->change->bookmark_before;
    JET_ERR err = ese_btree_delete(work->cursor->session, tree, key, data, ESE_BTREE_VERSIONED);

    if (err == JET_errRecordDeleted) /* nothing removes a record without its entries */
        err = ese_raise(JET_errSecondaryIndexCorrupted,
                        "table '%s': a record has no entry in index '%s'",
                        work->cursor->table->name, work->index->name);
    return err;
}

static JET_ERR
insert_entry(const maintenance *work, ese_bytes key)
{
    JET_ERR err = ese_btree_insert(work->cursor->session, &work->index->tree, key,
                                   work->change->bookmark_after, ESE_BTREE_VERSIONED);

    if (err == JET_errKeyDuplicate)
        err = ese_raise(err, "index '%s' of table '%s' has an entry with this key",
                        work->index->name, work->cursor->table->name);
    return err;
}

/* Keys [0, middle) are those before, [middle, end) those after. Deletes before it inserts: a unique key may be given on. */
static JET_ERR
apply(const maintenance *work, size_t middle, size_t end, bool is_same_record)
{
    ese_table__update *update = work->update;
    bool is_changed = false;
    JET_ERR err = JET_errSuccess;

    for (int pass = 0; pass < 2; pass++) {
        size_t a = 0, b = middle;

        while (a < middle || b < end) {
            int order = a == middle ? 1
                        : b == end  ? -1
                                    : ese_bytes_compare(key_at(update, a), key_at(update, b));

            is_changed = is_changed || order != 0 || !is_same_record;
            if (pass == 0 && (order < 0 || (order == 0 && !is_same_record)))
                ESE_TRY(delete_entry(work, key_at(update, a)));
            if (pass == 1 && (order > 0 || (order == 0 && !is_same_record)))
                ESE_TRY(insert_entry(work, key_at(update, b)));
            a += order <= 0;
            b += order >= 0;
        }
    }
    if (is_changed)
        ESE_TRY(ese_table__opening_note(work->cursor, work->index));
out:
    return err;
}

/* Does the change concern a column of the index? */
static bool
is_concerned(const ese_table__change_of_record *change, const ese_schema_index *index)
{
    if (change->update == NULL)
        return true;
    for (unsigned i = 0; i < index->n_segments; i++) {
        if (ese_table__update_find(change->update, ese_table__rank(index->segments[i].column)) !=
            NULL)
            return true;
    }
    for (unsigned i = 0; i < index->n_conditions; i++) {
        if (ese_table__update_find(change->update, ese_table__rank(index->conditions[i].column)) !=
            NULL)
            return true;
    }
    return false;
}

static JET_ERR
change_index(const maintenance *work)
{
    const ese_table__change_of_record *change = work->change;
    bool is_same_record = change->before != NULL && change->after != NULL &&
                          ese_bytes_compare(change->bookmark_before, change->bookmark_after) == 0;
    size_t middle = 0, end = 0;
    JET_ERR err = JET_errSuccess;

    ese_growbuf_clear(&work->update->keys);
    ese_growbuf_clear(&work->update->key_places);
    ESE_TRY(collect(work, change->before, &middle));
    ESE_TRY(collect(work, change->after, &end));
    ESE_TRY(apply(work, middle, end, is_same_record));
out:
    return err;
}

static bool
has_index(const ese_schema_table *table, uint32_t objid)
{
    for (unsigned i = 0; table != NULL && i < table->n_indexes; i++) {
        if (table->indexes[i].objid == objid)
            return true;
    }
    return false;
}

static bool
is_done(ese_schema_table *const *tables, unsigned n, uint32_t objid)
{
    for (unsigned i = 0; i < n; i++) {
        if (has_index(tables[i], objid))
            return true;
    }
    return false;
}

/* The indexes of one state of the table, but for those that the states before have, too. */
static JET_ERR
change_indexes_of(ese_table_cursor *cursor, ese_schema_table *const *tables, unsigned number,
                  const ese_table__change_of_record *change)
{
    const ese_schema_table *table = tables[number];
    maintenance work = {.cursor = cursor, .update = cursor->update, .change = change};
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < table->n_indexes; i++) {
        work.index = &table->indexes[i];
        if (work.index != table->primary && !is_done(tables, number, work.index->objid) &&
            is_concerned(change, work.index))
            ESE_TRY(change_index(&work));
    }
out:
    return err;
}

JET_ERR
ese_table__index_change(ese_table_cursor *cursor, const ese_table__change_of_record *change)
{
    ese_schema_table *tables[ESE_SCHEMA_MAINTAINED_MAX] = {NULL};
    unsigned n = 0;
    JET_ERR err;

    ESE_TRY(ese_schema_maintained(cursor->schema, cursor->table, tables, &n));
    for (unsigned i = 0; i < n && err >= JET_errSuccess; i++)
        err = change_indexes_of(cursor, tables, i, change);
    ese_schema_release_maintained(cursor->schema, cursor->table, tables, n);
out:
    return err;
}
