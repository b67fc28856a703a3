/*
 * The row in preparation: from JetPrepareUpdate through its encoding to its place in the table.
 */
#include "table/table_update_private.h"

#include "record/record_encode.h"

enum {
    RECORD_MAX = 32672,   /* largest record of a page of 32 KiB */
    INTRINSIC_MAX = 1023, /* bytes of a long value kept in the record, and */
    SEPARABLE_MIN = 5,    /* of one moved out of it when the record is too big */
    REFERENCE_SIZE = 4,
    UPDATE_LID = 0x40000000, /* marks long-value ids of the row in preparation */
    ARRAY_MAX = 64 << 20,
};

/* ---- life */

static void
destroy(ese_table_cursor *cursor, ese_table__update *update)
{
    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__field *field = &update->fields[i];

        for (uint32_t k = 0; k < field->n_items; k++)
            ese_table__item_clear(&field->items[k]);
        ese_free(&field->items);
    }
    ese_free(&update->fields);
    ese_growbuf_destroy(&update->record);
    ese_growbuf_destroy(&update->next);
    ese_growbuf_destroy(&update->columns);
    ese_growbuf_destroy(&update->values);
    ese_growbuf_destroy(&update->references);
    ese_table__row_release(ese_table__spot_of(cursor)->temp, &update->original);
    ese_free(&update);
}

void
ese_table_cancel_update(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;

    cursor->update = NULL;
    if (update != NULL)
        destroy(cursor, update);
}

void
ese_table__update_roll_back(ese_table_cursor *cursor)
{
    const ese_table__update *update = cursor->update;

    if (update != NULL && update->is_in_transaction &&
        ese_txn_is_undone(cursor->session, update->stamp, cursor->session->level))
        ese_table_cancel_update(cursor);
}

JET_ERR
ese_table__update_field(ese_table__update *update, const ese_schema_column *column,
                        ese_table__field **field_out)
{
    size_t capacity = update->fields_capacity == 0 ? 16 : update->fields_capacity * 2;
    size_t low = 0, high = update->n_fields;
    JET_ERR err = JET_errSuccess;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (update->fields[middle].column < column)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < update->n_fields && update->fields[low].column == column)
        goto out;
    if (update->n_fields == update->fields_capacity) {
        ESE_TRY(ese_realloc(capacity * sizeof *update->fields, &update->fields));
        update->fields_capacity = capacity;
    }
    memmove(update->fields + low + 1, update->fields + low,
            (update->n_fields - low) * sizeof *update->fields);
    update->fields[low] = (ese_table__field){.column = column};
    update->n_fields++;
out:
    if (err >= JET_errSuccess)
        *field_out = &update->fields[low];
    return err;
}

/* ---- encoding */

static bool
is_long(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypLongBinary || column->coltyp == JET_coltypLongText;
}

/* The longest value that stays in the record; what the caller asked for counts as long as the record is not too big. */
static size_t
intrinsic_limit(const ese_table__item *item, size_t limit)
{
    if (limit != INTRINSIC_MAX)
        return limit;
    if ((item->placement & JET_bitSetSeparateLV) != 0)
        return SEPARABLE_MIN - 1;
    return (item->placement & JET_bitSetIntrinsicLV) != 0 ? SIZE_MAX : limit;
}

/* What ese_record_encode is given, and how much room the record needs at most. */
typedef struct encoding {
    ese_record_column *columns;
    ese_record_value *values;
    uint8_t *references;
    size_t n_values;
    uint32_t n_separated;
    size_t fixed_end;
    size_t size_bound; /* of everything behind the fixed columns */
} encoding;

static void
describe_item(encoding *plan, const ese_table__item *item, bool is_separated)
{
    ese_record_value *value = &plan->values[plan->n_values++];

    *value = (ese_record_value){.bytes = {item->data, item->size}};
    if (is_separated) {
        uint8_t *reference = plan->references + (size_t)plan->n_separated * REFERENCE_SIZE;

        ese_store_le32(reference, UPDATE_LID | ++plan->n_separated);
        *value = (ese_record_value){{reference, REFERENCE_SIZE}, ESE_RECORD_SEPARATED};
    }
    plan->size_bound += value->bytes.size + 4;
}

static void
describe_field(encoding *plan, const ese_table__field *field, size_t limit)
{
    const ese_schema_column *column = field->column;
    ese_record_value *values = &plan->values[plan->n_values];

    for (uint32_t i = 0; i < field->n_items; i++) {
        const ese_table__item *item = &field->items[i];

        describe_item(plan, item, is_long(column) && item->size > intrinsic_limit(item, limit));
    }
    *plan->columns++ = (ese_record_column){
        .id = column->fid,
        .is_long = is_long(column),
        .state = field->n_items != 0                     ? ESE_RECORD_VALUE
                 : column->fid < ESE_RECORD_TAGGED_FIRST ? ESE_RECORD_NULL
                                                         : ESE_RECORD_ABSENT,
        .offset = column->offset,
        .size = (uint16_t)column->size_max,
        .n_values = field->n_items,
        .values = values,
    };
    if (column->fid <= ESE_RECORD_FIXED_LAST)
        plan->fixed_end = (size_t)column->offset + column->size_max;
    plan->size_bound += 8;
}

static JET_ERR
reserve_plan(ese_table__update *update, encoding *plan_out)
{
    size_t n_values = 0;
    JET_ERR err;

    for (size_t i = 0; i < update->n_fields; i++)
        n_values += update->fields[i].n_items;
    ESE_TRY(ese_growbuf_reserve(&update->columns, update->n_fields * sizeof(ese_record_column)));
    ESE_TRY(ese_growbuf_reserve(&update->values, (n_values + 1) * sizeof(ese_record_value)));
    ESE_TRY(ese_growbuf_reserve(&update->references, (n_values + 1) * REFERENCE_SIZE));
    *plan_out = (encoding){
        .columns = (void *)update->columns.data,
        .values = (void *)update->values.data,
        .references = update->references.data,
        .size_bound = 4 + 16 + 2 * 128, /* header, bitmap, ends of variable columns */
    };
out:
    return err;
}

/* Encodes with long values above `limit` separated. */
static JET_ERR
encode_with_limit(ese_table_cursor *cursor, size_t limit)
{
    ese_table__update *update = cursor->update;
    encoding plan = {0};
    size_t size = 0, room;
    JET_ERR err;

    ESE_TRY(reserve_plan(update, &plan));
    for (size_t i = 0; i < update->n_fields; i++)
        describe_field(&plan, &update->fields[i], limit);
    room = plan.fixed_end + plan.size_bound;
    room = room < RECORD_MAX ? room : RECORD_MAX;
    ESE_TRY(ese_growbuf_reserve(&update->next, room));
    ESE_TRY(ese_record_encode((void *)update->columns.data, update->n_fields, cursor->page_size,
                              update->next.data, room, &size));
    update->next.size = size;
out:
    return err;
}

static void
accept_encoding(ese_table__update *update)
{
    const ese_record_value *value = (const void *)update->values.data;
    ese_growbuf old_record = update->record;

    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__field *field = &update->fields[i];

        for (uint32_t k = 0; k < field->n_items; k++, value++)
            field->items[k].is_separated = (value->form & ESE_RECORD_SEPARATED) != 0;
    }
    update->record = update->next;
    update->next = old_record;
}

JET_ERR
ese_table__update_encode(ese_table_cursor *cursor)
{
    bool may_separate = (ese_table__spot_of(cursor)->temp->grbit & JET_bitTTIntrinsicLVsOnly) == 0;
    JET_ERR err = encode_with_limit(cursor, may_separate ? INTRINSIC_MAX : SIZE_MAX);

    if (err == JET_errRecordTooBig && may_separate)
        err = encode_with_limit(cursor, SEPARABLE_MIN - 1);
    if (err == JET_errRecordTooBig)
        return ese_raise(err, "the record would be larger than %u bytes", (unsigned)RECORD_MAX);
    if (err >= JET_errSuccess)
        accept_encoding(cursor->update);
    return err;
}

JET_ERR
ese_table__update_record(ese_table_cursor *cursor, ese_record *record_out)
{
    ese_table__update *update = cursor->update;

    return ese_record_open(ese_growbuf_bytes(&update->record), cursor->page_size, record_out);
}

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
        const ese_table__field *field = &update->fields[i];

        for (uint32_t k = 0; k < field->n_items; k++) {
            const ese_table__item *item = &field->items[k];
            JET_ERR err = JET_errSuccess;

            if (!item->is_separated)
                continue;
            if (walk != NULL)
                err = walk->visit(walk->self, n, (ese_bytes){item->data, item->size});
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
    long_search search = {.index = (uint32_t)(lid & ~(uint64_t)UPDATE_LID) - 1};
    const separated_walk walk = {&search, visit_search};
    uint32_t n;

    if (cursor->update == NULL || (lid & UPDATE_LID) == 0)
        return false;
    walk_separated(cursor->update, &walk, &n);
    *value_out = search.value;
    return search.found;
}

/* ---- preparing */

JET_ERR
ese_table__update_check_writable(const ese_table_cursor *cursor)
{
    const ese_table__temp *temp;

    if (!ese_table_is_temporary(cursor))
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    temp = ese_table__spot_of(cursor)->temp;
    if (temp->is_sorted && !temp->is_updatable)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of this temporary table are being read and do not change");
    return JET_errSuccess;
}

/* Copies the values of the record the cursor stands on into fields. */
static JET_ERR
load_column(ese_table_cursor *cursor, ese_table__update *update, const ese_record *record,
            const ese_schema_column *column)
{
    const ese_table__part whole = {0, UINT32_MAX, &cursor->row_bytes};
    ese_table__field *field = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_table__count_values(record, column, &n));
    if (n == 0)
        return JET_errSuccess;
    ESE_TRY(ese_table__update_field(update, column, &field));
    for (uint32_t i = 0; i < n; i++) {
        ese_table__value value = {0};
        ese_table__loaded loaded = {0};
        ese_table__item item = {0};

        ESE_TRY(ese_table__get_value(record, column, i, &value));
        ese_growbuf_clear(&cursor->row_bytes);
        ESE_TRY(ese_table__load_value(cursor, &value.value, &whole, &loaded));
        if (!loaded.is_borrowed)
            loaded.borrowed = (ese_bytes){cursor->row_bytes.data + loaded.start, loaded.size};
        ESE_TRY(ese_table__field_reserve(field));
        ESE_TRY(ese_table__item_make(loaded.borrowed, &item));
        ese_table__field_insert(field, i, item);
    }
out:
    return err;
}

static JET_ERR
load_row(ese_table_cursor *cursor, ese_table__update *update)
{
    ese_record record;
    JET_ERR err = ese_table__current_record(cursor, &record);

    if (err < JET_errSuccess)
        return err;
    update->original = ese_table__spot_of(cursor)->row;
    update->original->n_holders++;
    for (unsigned i = 0; err >= JET_errSuccess && i < cursor->table->n_columns; i++)
        err = load_column(cursor, update, &record, &cursor->table->columns[i]);
    return err;
}

static JET_ERR
begin_update(ese_table_cursor *cursor, uint32_t prep)
{
    ese_table__update *update = NULL;
    JET_ERR err = ese_alloc(sizeof *update, &update);

    if (err < JET_errSuccess)
        return err;
    update->prep = prep;
    update->stamp = cursor->session->clock;
    update->is_in_transaction = cursor->session->level > 0;
    update->record = ese_growbuf_make(RECORD_MAX);
    update->next = ese_growbuf_make(RECORD_MAX);
    update->columns = ese_growbuf_make(ARRAY_MAX);
    update->values = ese_growbuf_make(ARRAY_MAX);
    update->references = ese_growbuf_make(ARRAY_MAX);
    if (prep != JET_prepInsert)
        ESE_TRY(load_row(cursor, update));
    cursor->update = update;
    ESE_TRY(ese_table__update_encode(cursor));
    return err;
out:
    cursor->update = NULL;
    destroy(cursor, update);
    return err;
}

static bool
is_known_kind(uint32_t prep)
{
    switch (prep) {
    case JET_prepInsert:
    case JET_prepReplace:
    case JET_prepCancel:
    case JET_prepReplaceNoLock:
    case JET_prepInsertCopy:
    case JET_prepInsertCopyDeleteOriginal:
    case JET_prepInsertCopyReplaceOriginal: return true;
    default: return false;
    }
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
ese_table_prepare_update(ese_table_cursor *cursor, uint32_t prep)
{
    JET_ERR err;

    if (!is_known_kind(prep))
        return ese_raise(JET_errInvalidParameter, "no update is of kind %u", (unsigned)prep);
    if (!ese_table_is_temporary(cursor) && prep == JET_prepCancel)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    ESE_TRY(ese_table__update_check_writable(cursor));
    if (prep == JET_prepCancel) {
        if (cursor->update == NULL)
            return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
        ese_table_cancel_update(cursor);
        return JET_errSuccess;
    }
    if (cursor->update != NULL)
        return ese_raise(JET_errAlreadyPrepared, "an update is in preparation");
    if (prep != JET_prepInsert)
        ESE_TRY(check_phase(cursor));
    ESE_TRY(begin_update(cursor, prep));
out:
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
        ese_bytes value = {0};
        bool is_null = true;
        JET_ERR err;

        for (size_t k = 0; k < update->n_fields; k++) {
            const ese_table__field *field = &update->fields[k];

            if (field->column == segment->column && field->n_items != 0) {
                value = (ese_bytes){field->items[0].data, field->items[0].size};
                is_null = false;
            }
        }
        err = ese_record_key_append(key, &index->rules, &column, is_null ? NULL : &value);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

/* References in the record of a row count its values from 1. */
static void
number_references(uint8_t *references, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ese_store_le32(references + (size_t)i * REFERENCE_SIZE, i + 1);
}

typedef struct row_in_making {
    ese_table__temp *temp;
    ese_table__row *row;
} row_in_making;

static JET_ERR
visit_copy(void *self, uint32_t index, ese_bytes value)
{
    row_in_making *making = self;

    return ese_table__row_set_long(making->temp, making->row, index, value);
}

/* The row of the update, held once. */
static JET_ERR
make_row(ese_table_cursor *cursor, const ese_record_key *key, ese_table__row **row_out)
{
    ese_table__update *update = cursor->update;
    row_in_making making = {ese_table__spot_of(cursor)->temp, NULL};
    const separated_walk walk = {&making, visit_copy};
    uint32_t n = 0;
    size_t size;
    JET_ERR err;

    walk_separated(update, NULL, &n);
    ESE_TRY(ese_table__row_create(making.temp, key->size, update->record.size, n, &making.row));
    memcpy(making.row->bytes, key->bytes, key->size);
    ESE_TRY(walk_separated(update, &walk, &n));
    number_references(update->references.data, n);
    ESE_TRY(ese_record_encode((void *)update->columns.data, update->n_fields, cursor->page_size,
                              making.row->bytes + key->size, update->record.size, &size));
    *row_out = making.row;
    making.row = NULL;
out:
    ese_table__row_release(making.temp, &making.row);
    return err;
}

/* The row in the table that the update started from, or what another cursor has made of it. */
static JET_ERR
find_original(ese_table__temp *temp, const ese_table__update *update, ese_table__row **row_out)
{
    bool is_there;
    size_t at =
        ese_table__temp_lower_bound(temp, ese_table__temp_key(temp, update->original), &is_there);

    if (!is_there)
        return ese_raise(JET_errRecordDeleted, "the row was deleted");
    *row_out = temp->entries[at].row;
    return JET_errSuccess;
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
        return ese_raise(JET_errRecordPrimaryChanged, "a replaced row keeps its key");
    if (is_replace)
        return ese_table__temp_replace(temp, cursor->session, original, row);
    if (!is_same_key)
        ESE_TRY(ese_table__temp_check_key(temp, ese_table__row_key(row)));
    ESE_TRY(ese_table__temp_move(temp, cursor->session, original, row));
out:
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

static JET_ERR
finish_update(ese_table_cursor *cursor, const ese_record_key *key)
{
    ese_table__update *update = cursor->update;
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    bool is_insertion = update->prep == JET_prepInsert || update->prep == JET_prepInsertCopy;
    ese_table__row *row = NULL;
    JET_ERR err;

    if (is_insertion)
        ESE_TRY(ese_table__temp_check_key(temp, (ese_bytes){key->bytes, key->size}));
    ESE_TRY(make_row(cursor, key, &row));
    if (is_insertion)
        ESE_TRY(ese_table__temp_insert(temp, cursor->session, row));
    else
        ESE_TRY(change_original(cursor, row));
out:
    ese_table__row_release(temp, &row);
    return err;
}

JET_ERR
ese_table_update(ese_table_cursor *cursor, void *to, uint32_t room, uint32_t *size_out)
{
    ese_record_key key;
    ese_bytes bookmark;
    uint8_t number[4];
    const ese_table__temp *temp;
    JET_ERR err = JET_errSuccess;

    if (ese_table_is_temporary(cursor))
        ESE_TRY(ese_table__update_check_writable(cursor));
    if (cursor->update == NULL)
        return ese_raise(JET_errUpdateNotPrepared, "no update is in preparation");
    temp = ese_table__spot_of(cursor)->temp;
    ESE_TRY(make_key(temp, cursor->update, &key));
    bookmark = future_bookmark(temp, cursor->update, &key, number);
    if (to != NULL && room < bookmark.size)
        return ese_raise(JET_errBufferTooSmall, "the bookmark has %zu bytes", bookmark.size);
    ESE_TRY(ese_table__update_encode(
        cursor)); /* a set that failed may have left another plan of the record */
    ESE_TRY(finish_update(cursor, &key));
    ese_table_cancel_update(cursor);
    if (to != NULL && bookmark.size != 0)
        memcpy(to, bookmark.data, bookmark.size);
    *size_out = (uint32_t)bookmark.size;
out:
    return err;
}

JET_ERR
ese_table_delete(ese_table_cursor *cursor)
{
    ese_record record;
    ese_table__spot *spot;
    JET_ERR err;

    ESE_TRY(ese_table__update_check_writable(cursor));
    ESE_TRY(check_phase(cursor));
    ESE_TRY(ese_table__current_record(cursor, &record));
    spot = ese_table__spot_of(cursor);
    ESE_TRY(ese_table__temp_remove(spot->temp, cursor->session, spot->row));
    ese_table_cancel_update(cursor);
out:
    return err;
}

JET_ERR
ese_table_lock(ese_table_cursor *cursor, JET_GRBIT grbit)
{
    ese_record record;

    if (grbit != JET_bitReadLock && grbit != JET_bitWriteLock)
        return ese_raise(JET_errInvalidGrbit, "a lock is for reading or for writing");
    if (cursor->session->level == 0)
        return ese_raise(JET_errNotInTransaction, "a lock needs a transaction");
    if (!ese_table_is_temporary(cursor) && grbit == JET_bitWriteLock)
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    if (!ese_table_is_materialized(cursor))
        return ese_raise(JET_errIllegalOperation, "this temporary table does not support locks");
    return ese_table__current_record(cursor, &record);
}
