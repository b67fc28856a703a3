/*
 * The record of a row in preparation. Long values above a limit are separated: the record has a reference, the bytes stay
 * with the update and go to the row when it is made.
 */
#include "record/record_encode.h"
#include "table/table_update_private.h"

enum {
    INTRINSIC_MAX = 1023, /* bytes of a long value kept in the record, and */
    SEPARABLE_MIN = 5,    /* of one moved out of it when the record is too big */
    REFERENCE_SIZE = 4,
    UPDATE_LID = 0x40000000, /* marks long-value ids of the row in preparation */
};

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
    room = room < ESE_TABLE__RECORD_MAX ? room : ESE_TABLE__RECORD_MAX;
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
        return ese_raise(err, "the record would be larger than %u bytes",
                         (unsigned)ESE_TABLE__RECORD_MAX);
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

JET_ERR
ese_table__update_make_row(ese_table_cursor *cursor, const ese_record_key *key,
                           ese_table__row **row_out)
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
