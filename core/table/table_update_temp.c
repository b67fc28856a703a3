/*
 * Updates of temporary tables: all values of the row are fields of the update, and the row is made from them as a whole.
 */
#include "record/record_encode.h"
#include "table/table_update_private.h"

/* ---- preparing */

JET_ERR
ese_table__temp_check_writable(const ese_table_cursor *cursor)
{
    const ese_table__temp *temp = ese_table__spot_of(cursor)->temp;

    if (temp->broken < JET_errSuccess)
        return temp->broken;
    if (temp->is_sorted && !temp->is_updatable)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of this temporary table are being read and do not change");
    return JET_errSuccess;
}

/* Copies the values of the record the cursor stands on into fields. */
static JET_ERR
load_column(ese_table_cursor *cursor, const ese_record *record, const ese_schema_column *column)
{
    const ese_table__part whole = {0, UINT32_MAX, &cursor->row_bytes};
    ese_table__update *update = cursor->update;
    ese_table__field *field = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_table__count_values(record, column, &n));
    if (n == 0)
        return JET_errSuccess;
    ESE_TRY(ese_table__update_field(cursor, column, &field));
    for (uint32_t i = 0; i < n; i++) {
        ese_table__value value = {0};
        ese_table__loaded loaded = {0};
        ese_table__item item = {0};

        ESE_TRY(ese_table__get_value(record, column, i, &value));
        ese_growbuf_clear(&cursor->row_bytes);
        ESE_TRY(ese_table__load_value(cursor, &value.value, &whole, &loaded));
        if (!loaded.is_borrowed)
            loaded.borrowed = (ese_bytes){cursor->row_bytes.data + loaded.start, loaded.size};
        ESE_TRY(ese_table__field_reserve(update, field));
        ESE_TRY(ese_table__item_make(update, loaded.borrowed, &item));
        ese_table__field_insert(field, i, item);
        ESE_TRY(ese_table__update_fit(cursor, column, item.size));
    }
out:
    return err;
}

static JET_ERR
load_row(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;
    ese_record record;
    JET_ERR err = ese_table__current_record(cursor, &record);

    if (err < JET_errSuccess)
        return err;
    update->original = ese_table__spot_of(cursor)->row;
    update->original->n_holders++;
    for (unsigned i = 0; err >= JET_errSuccess && i < cursor->table->n_columns; i++)
        err = load_column(cursor, &record, &cursor->table->columns[i]);
    return err;
}

/* While rows are inserted there is none to change. */
static JET_ERR
check_phase(const ese_table_cursor *cursor)
{
    if (!ese_table__spot_of(cursor)->temp->is_sorted)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of the temporary table are still being inserted");
    return JET_errSuccess;
}

JET_ERR
ese_table__temp_prepare(ese_table_cursor *cursor, uint32_t prep)
{
    JET_ERR err;

    if (prep != JET_prepInsert)
        ESE_TRY(check_phase(cursor));
    ESE_TRY(ese_table__update_start(cursor));
    if (prep != JET_prepInsert)
        ESE_TRY(load_row(cursor));
out:
    return err;
}

/* ---- separated values */

/* Calls back with the separated items in the order of their long-value ids; stops when `visit` returns an error. */
typedef struct separated_walk {
    void *self;
    JET_ERR (*visit)(void *self, uint32_t index, ese_bytes value);
} separated_walk;

static JET_ERR
walk_separated(const ese_table__update *update, const separated_walk *walk, uint32_t *n_out)
{
    uint32_t n = 0;

    for (size_t i = 0; i < update->n_fields; i++) {
        const ese_table__item *items = ese_table__field_items(&update->fields[i]);

        for (uint32_t k = 0; k < update->fields[i].n_items; k++) {
            JET_ERR err = JET_errSuccess;

            if (!items[k].is_separated)
                continue;
            if (walk != NULL)
                err = walk->visit(walk->self, n, (ese_bytes){items[k].data, items[k].size});
            if (err < JET_errSuccess)
                return err;
            n++;
        }
    }
    *n_out = n;
    return JET_errSuccess;
}

typedef struct long_search {
    uint32_t index;
    bool found;
    ese_bytes value;
} long_search;

static JET_ERR
visit_search(void *self, uint32_t index, ese_bytes value)
{
    long_search *search = self;

    if (index == search->index) {
        search->found = true;
        search->value = value;
    }
    return JET_errSuccess;
}

bool
ese_table__update_long(const ese_table_cursor *cursor, uint64_t lid, ese_bytes *value_out)
{
    long_search search = {.index = (uint32_t)(lid & ~(uint64_t)ESE_TABLE__UPDATE_LID) - 1};
    const separated_walk walk = {&search, visit_search};
    uint32_t n;

    if (ese_table__update_of(cursor) == NULL || (lid & ESE_TABLE__UPDATE_LID) == 0)
        return false;
    walk_separated(cursor->update, &walk, &n);
    *value_out = search.value;
    return search.found;
}

/* References in the record of a row count its values from 1. */
static void
number_references(uint8_t *references, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ese_store_le32(references + (size_t)i * 4, i + 1);
}

typedef struct longs_in_making {
    ese_table__temp *temp;
    uint64_t first;
    uint32_t n;
} longs_in_making;

static JET_ERR
visit_copy(void *self, uint32_t index, ese_bytes value)
{
    longs_in_making *making = self;
    uint64_t number = 0;
    JET_ERR err = ese_table__longs_put(making->temp, value, &number);

    if (err < JET_errSuccess)
        return err;
    if (index == 0)
        making->first = number;
    making->n++;
    return err;
}

/* The row as bytes, in temp->packed; its separated values are in the table, and belong to the caller. */
static JET_ERR
pack_row(ese_table_cursor *cursor, ese_table__row *header_out)
{
    ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    longs_in_making making = {.temp = temp};
    const separated_walk walk = {&making, visit_copy};
    ese_table__row header = {0};
    uint32_t n = 0;
    size_t start, size;
    JET_ERR err;

    ESE_TRY(walk_separated(update, &walk, &n));
    number_references(update->references.data, n);
    header.n_longs = n;
    header.first_long = making.first;
    ese_growbuf_clear(&temp->packed);
    ESE_TRY(ese_growbuf_reserve(&temp->packed, ESE_TABLE__PACK_HEADER_MAX + update->record.size));
    start = ese_table__row_pack_header(&header, false, temp->packed.data);
    ESE_TRY(ese_record_encode((void *)update->columns.data, update->columns.size, cursor->page_size,
                              temp->packed.data + start, update->record.size, &size));
    temp->packed.size = start + size;
    *header_out = header;
    return err;
out:
    header = (ese_table__row){.n_longs = making.n, .first_long = making.first};
    ese_table__row_drop_longs(temp, &header);
    return err;
}

/* ---- finishing */

static JET_ERR
make_key(const ese_table__temp *temp, const ese_table__update *update, ese_record_key *key)
{
    const ese_schema_index *index = &temp->index;

    ese_record_key_start(key);
    for (unsigned i = 0; i < index->n_segments; i++) {
        const ese_schema_segment *segment = &index->segments[i];
        ese_record_key_column column = ese_table__key_column(segment);
        ese_table__field *field = ese_table__update_find(update, ese_table__rank(segment->column));
        ese_bytes value = {0};
        bool is_null = field == NULL || field->n_items == 0;
        JET_ERR err;

        if (!is_null)
            value = (ese_bytes){ese_table__field_items(field)->data,
                                ese_table__field_items(field)->size};
        err = ese_record_key_append(key, &index->rules, &column, is_null ? NULL : &value);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

/* The row in the table that the update started from, or what another cursor has made of it; held. */
static JET_ERR
find_original(ese_table__temp *temp, const ese_table__update *update, ese_table__row **row_out)
{
    bool is_there = false;
    JET_ERR err;

    ESE_TRY(
        temp->rows->find(temp, ese_table__temp_key(temp, update->original), &is_there, row_out));
    if (!is_there)
        err = ese_raise(JET_errRecordDeleted, "the row was deleted");
out:
    return err;
}

static JET_ERR
change_original(ese_table_cursor *cursor, ese_table__row *row)
{
    ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_table__row *original = NULL;
    bool is_replace = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;
    bool is_same_key;
    JET_ERR err;

    ESE_TRY(find_original(temp, update, &original));
    is_same_key = temp->is_numbered ||
                  ese_bytes_compare(ese_table__row_key(original), ese_table__row_key(row)) == 0;
    if (is_replace && !is_same_key)
        ESE_TRY(ese_raise(JET_errRecordPrimaryChanged, "a replaced row keeps its key"));
    if (!is_replace && !is_same_key)
        ESE_TRY(ese_table__temp_check_key(temp, ese_table__row_key(row)));
    if (is_replace)
        ESE_TRY(ese_table__temp_replace(temp, cursor->session, original, row));
    else
        ESE_TRY(ese_table__temp_move(temp, cursor->session, original, row));
out:
    ese_table__row_release(temp, &original);
    return err;
}

/* The bookmark the row is going to have, as far as it is known before the row has its place. */
static ese_bytes
future_bookmark(const ese_table__temp *temp, const ese_table__update *update,
                const ese_record_key *key, uint8_t number[4])
{
    bool keeps_number = update->prep == JET_prepReplace || update->prep == JET_prepReplaceNoLock;

    if (!temp->is_numbered)
        return (ese_bytes){key->bytes, key->size};
    if (!temp->is_sorted)
        return (ese_bytes){0};
    ese_store_be32(number, temp->last_number + 1);
    if (keeps_number)
        memcpy(number, update->original->number, 4);
    return (ese_bytes){number, 4};
}

/* Brings what is in temp->packed into the table. */
static JET_ERR
put_row(ese_table_cursor *cursor, ese_bytes key)
{
    const ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_bytes packed = ese_growbuf_bytes(&temp->packed);
    ese_table__row *row = NULL;
    JET_ERR err;

    if (!temp->is_sorted)
        return ese_table__temp_add(temp, key, packed);
    ESE_TRY(ese_table__row_unpack(temp, key, packed, &row));
    if (update->prep == JET_prepInsert || update->prep == JET_prepInsertCopy)
        ESE_TRY(ese_table__temp_insert(temp, cursor->session, row));
    else
        ESE_TRY(change_original(cursor, row));
out:
    ese_table__row_release(temp, &row);
    return err;
}

static JET_ERR
finish_update(ese_table_cursor *cursor, const ese_record_key *made)
{
    const ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_bytes key = {made->bytes, made->size};
    ese_table__row header = {0};
    JET_ERR err;

    if (update->prep == JET_prepInsert || update->prep == JET_prepInsertCopy)
        ESE_TRY(ese_table__temp_check_key(temp, key));
    ESE_TRY(pack_row(cursor, &header));
    err = put_row(cursor, key);
    if (err < JET_errSuccess)
        ese_table__row_drop_longs(temp, &header);
out:
    return err;
}

JET_ERR
ese_table__temp_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out)
{
    ese_table__update *update = cursor->update;
    const ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_record_key key;
    ese_bytes bookmark;
    uint8_t number[4];
    JET_ERR err;

    ESE_TRY(make_key(temp, update, &key));
    bookmark = future_bookmark(temp, update, &key, number);
    if (to != NULL && room < bookmark.size)
        return ese_raise(JET_errBufferTooSmall, "the bookmark has %zu bytes", bookmark.size);
    update->is_encoded = false; /* a failure may have left another plan of the record */
    ESE_TRY(ese_table__update_encode(cursor));
    ESE_TRY(finish_update(cursor, &key));
    ese_table__update_end(cursor);
    if (to != NULL && bookmark.size != 0)
        memcpy(to, bookmark.data, bookmark.size);
    *size_out = (uint32_t)bookmark.size;
out:
    return err;
}

JET_ERR
ese_table__temp_delete(ese_table_cursor *cursor)
{
    ese_record record;
    ese_table__spot *spot;
    JET_ERR err;

    ESE_TRY(check_phase(cursor));
    ESE_TRY(ese_table__current_record(cursor, &record));
    spot = ese_table__spot_of(cursor);
    ESE_TRY(ese_table__temp_remove(spot->temp, cursor->session, spot->row));
    ese_table_cancel_update(cursor);
out:
    return err;
}
