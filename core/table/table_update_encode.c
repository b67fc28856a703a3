/*
 * The record in preparation as bytes: what the base says, but for the columns that were set.
 *
 * Long values above a limit are separated. In a temporary table the record has a reference, the bytes stay with the update and go to the row when it is made;
 * in a database they are in the tree of long values from then on (table_update_lv.c).
 */
#include "record/record_encode.h"
#include "table/table_update_lv.h"

enum {
    INTRINSIC_MAX = 1023, /* bytes of a long value kept in the record of a temporary table, and */
    SEPARABLE_MIN = 5,    /* of one moved out of it when the record is too big */
    REFERENCE_SIZE = 4,
    TEMP_RECORD_MAX = 32672, /* the largest record of a page of 32 KiB */
    BITMAP_MAX = 16,
    TAGGED_OVERHEAD =
        10, /* at most: entry, header, offset in the array of values, and of the value before */
    SMALLEST_SHARE =
        64, /* of a page: values above page / 2, / 4, ... / 64 are moved out, then all */
};

size_t
ese_table__record_max(const ese_table_cursor *cursor)
{
    const ese_schema_index *primary = cursor->table->primary;

    if (ese_table_is_temporary(cursor))
        return TEMP_RECORD_MAX;
    return ese_record_limit(cursor->page_size, primary == NULL ? 4 : primary->rules.key_most);
}

JET_ERR
ese_table__update_start(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;
    ese_record *base = &update->base_record;
    JET_ERR err = JET_errSuccess;

    if (update->base.size == 0) /* no column at all: records specification, section 8 */
        ESE_TRY(ese_growbuf_append(&update->base, "\0\x7f\4\0", ESE_RECORD_HEADER_SIZE));
    ESE_TRY(ese_record_open(ese_growbuf_bytes(&update->base), cursor->page_size, base));
    update->record_max = ese_table__record_max(cursor);
    update->bound = update->base.size;
    update->fixed_end = base->fixed_end;
    update->variable_last = base->variable_last;
    update->is_encoded = false;
out:
    return err;
}

/* ---- what goes into the record */

/* What ese_record_encode is given. */
typedef struct record_plan {
    ese_table_cursor *cursor;
    ese_table__update *update;
    ese_record_column *columns;
    size_t n_columns;
    ese_record_value *values;
    size_t n_values;
    uint8_t *references;
    uint32_t n_separated;
    size_t next_field;
    size_t limit; /* longer long values are shown as references */
} record_plan;

/* The longest value that stays in the record of a temporary table; what the caller asked for counts as long as the record is not too big. */
static size_t
intrinsic_limit(const record_plan *plan, const ese_table__item *item)
{
    if (plan->limit != INTRINSIC_MAX || !ese_table_is_temporary(plan->cursor))
        return plan->limit;
    if ((item->placement & JET_bitSetSeparateLV) != 0)
        return SEPARABLE_MIN - 1;
    return (item->placement & JET_bitSetIntrinsicLV) != 0 ? SIZE_MAX : plan->limit;
}

static void
add_reference(record_plan *plan)
{
    uint8_t *reference = plan->references + (size_t)plan->n_separated * REFERENCE_SIZE;

    ese_store_le32(reference, ESE_TABLE__UPDATE_LID | ++plan->n_separated);
    plan->values[plan->n_values++] =
        (ese_record_value){{reference, REFERENCE_SIZE}, ESE_RECORD_SEPARATED};
}

static void
add_column(record_plan *plan, const ese_schema_column *column, ese_record_state state,
           size_t first_value)
{
    plan->columns[plan->n_columns++] = (ese_record_column){
        .id = column->fid,
        .is_derived = column->is_derived,
        .is_long = ese_table__is_long(column),
        .state = state,
        .offset = column->offset,
        .size = (uint16_t)column->size_max,
        .n_values = (uint32_t)(plan->n_values - first_value),
        .values = plan->values + first_value,
    };
}

static ese_record_state
state_of(const ese_table__field *field)
{
    const ese_schema_column *column = field->column;
    bool has_default =
        (column->flags & (ESE_SCHEMA_DEFAULT | ESE_SCHEMA_USER_DEFINED_DEFAULT)) != 0;

    if (field->n_items != 0)
        return ESE_RECORD_VALUE;
    if (column->fid < ESE_RECORD_TAGGED_FIRST)
        return ESE_RECORD_NULL;
    return has_default && !field->is_absent ? ESE_RECORD_NULL : ESE_RECORD_ABSENT;
}

static void
add_field(record_plan *plan, ese_table__field *field)
{
    const ese_table__item *items = ese_table__field_items(field);
    bool is_long = ese_table__is_long(field->column);
    size_t first = plan->n_values;

    for (uint32_t i = 0; i < field->n_items; i++) {
        const ese_table__item *item = &items[i];

        if (is_long && (item->form & ESE_RECORD_SEPARATED) == 0 &&
            item->size > intrinsic_limit(plan, item))
            add_reference(plan);
        else
            plan->values[plan->n_values++] =
                (ese_record_value){{item->data, item->size}, item->form};
    }
    add_column(plan, field->column, state_of(field), first);
    plan->columns[plan->n_columns - 1].is_array = field->is_array;
}

/* To the next field of at least that rank: those before it say nothing. */
static void
skip_fields(record_plan *plan, uint32_t rank)
{
    const ese_table__update *update = plan->update;

    while (plan->next_field < update->n_fields && update->fields[plan->next_field].rank < rank)
        plan->next_field++;
}

/* The next field when it is the one with that rank. */
static bool
take_field(record_plan *plan, uint32_t rank)
{
    ese_table__update *update = plan->update;
    ese_table__field *field;

    skip_fields(plan, rank);
    if (plan->next_field == update->n_fields || update->fields[plan->next_field].rank != rank)
        return false;
    field = &update->fields[plan->next_field++];
    if (ese_table__field_says_nothing(field))
        return false;
    add_field(plan, field);
    return true;
}

uint32_t
ese_table__highest_field(const ese_table__update *update, uint32_t least, uint32_t last)
{
    size_t low = 0, high = update->n_fields;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (update->fields[middle].rank <= last)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > 0 && ese_table__field_says_nothing(&update->fields[low - 1]))
        low--;
    return low > 0 && update->fields[low - 1].rank > least ? update->fields[low - 1].rank : least;
}

/* A fixed or variable column as the base has it. One that is not there but will be has its default from now on. */
static JET_ERR
add_untagged(record_plan *plan, const ese_schema_column *column)
{
    const ese_record *base = &plan->update->base_record;
    ese_record_place place = {(uint16_t)column->fid, column->offset, (uint16_t)column->size_max};
    ese_record_state state = ESE_RECORD_ABSENT;
    size_t first = plan->n_values;
    ese_bytes bytes = {0};
    JET_ERR err = column->fid <= ESE_RECORD_FIXED_LAST
                      ? ese_record_fixed(base, place, &state, &bytes)
                      : ese_record_variable(base, column->fid, &state, &bytes);

    if (err < JET_errSuccess)
        return err;
    if (state == ESE_RECORD_ABSENT && (column->flags & ESE_SCHEMA_DEFAULT) != 0) {
        state = ESE_RECORD_VALUE;
        bytes = ese_table__default_in_record(column);
    }
    if (state == ESE_RECORD_ABSENT)
        return err;
    if (state == ESE_RECORD_VALUE)
        plan->values[plan->n_values++] = (ese_record_value){bytes, 0};
    add_column(plan, column, state, first);
    return err;
}

static JET_ERR
plan_untagged(record_plan *plan)
{
    const ese_table__update *update = plan->update;
    const ese_table__layout *layout = &update->layout;
    uint32_t last =
        ese_table__highest_field(update, update->base_record.fixed_last, ESE_RECORD_FIXED_LAST);
    JET_ERR err = JET_errSuccess;

    for (uint32_t id = ESE_RECORD_FIXED_FIRST; id <= last; id++) {
        if (!take_field(plan, id) && layout->fixed[id] != NULL)
            ESE_TRY(add_untagged(plan, layout->fixed[id]));
    }
    last = ese_table__highest_field(update, update->base_record.variable_last,
                                    ESE_RECORD_VARIABLE_LAST);
    for (uint32_t id = ESE_RECORD_VARIABLE_FIRST; id <= last; id++) {
        const ese_schema_column *column = layout->variable[id - ESE_RECORD_VARIABLE_FIRST];

        if (!take_field(plan, id) && column != NULL)
            ESE_TRY(add_untagged(plan, column));
    }
out:
    return err;
}

static const ese_schema_column *
column_of_entry(const ese_table_cursor *cursor, const ese_record_tagged *tagged)
{
    JET_COLUMNID of_template = tagged->id | (uint32_t)ESE_SCHEMA_TEMPLATE_ID;
    const ese_schema_column *column =
        tagged->is_derived ? NULL : ese_schema_find_column(cursor->table, tagged->id);

    return column != NULL ? column : ese_schema_find_column(cursor->table, of_template);
}

/* The values of a column that was deleted are left out. */
static JET_ERR
add_entry(record_plan *plan, const ese_record_tagged *tagged)
{
    const ese_schema_column *column = column_of_entry(plan->cursor, tagged);
    size_t first = plan->n_values;
    JET_ERR err = JET_errSuccess;

    if (column == NULL)
        return err;
    for (uint32_t i = 0; i < tagged->n_values; i++) {
        ese_record_value value;

        ESE_TRY(ese_record_tagged_value(tagged, i, &value));
        if (ese_table__is_long(column) && (value.form & ESE_RECORD_SEPARATED) == 0 &&
            value.bytes.size > plan->limit)
            add_reference(plan);
        else
            plan->values[plan->n_values++] = value;
    }
    add_column(plan, column, tagged->state, first);
    plan->columns[plan->n_columns - 1].is_derived = tagged->is_derived;
    plan->columns[plan->n_columns - 1].is_array = ese_record_tagged_is_array(tagged);
out:
    return err;
}

/* Two ascending lists become one; a field hides the entry of its column. */
static JET_ERR
plan_tagged(record_plan *plan)
{
    ese_table__update *update = plan->update;
    const ese_record *base = &update->base_record;
    JET_ERR err = JET_errSuccess;

    skip_fields(plan, ESE_RECORD_TAGGED_FIRST);
    for (uint32_t i = 0; i < base->n_tagged; i++) {
        ese_record_tagged tagged;
        uint32_t rank;

        ESE_TRY(ese_record_tagged_at(base, i, &tagged));
        rank = tagged.id | (tagged.is_derived ? 0U : 0x10000U);
        while (plan->next_field < update->n_fields && update->fields[plan->next_field].rank < rank)
            add_field(plan, &update->fields[plan->next_field++]);
        if (!take_field(plan, rank))
            ESE_TRY(add_entry(plan, &tagged));
    }
    while (plan->next_field < update->n_fields)
        add_field(plan, &update->fields[plan->next_field++]);
out:
    return err;
}

/* ---- encoding */

static JET_ERR
count_values(const ese_table__update *update, size_t *n_columns_out, size_t *n_values_out)
{
    const ese_record *base = &update->base_record;
    size_t n_columns = ESE_RECORD_VARIABLE_LAST + base->n_tagged + update->n_fields;
    size_t n_values = n_columns;
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < update->n_fields; i++)
        n_values += update->fields[i].n_items;
    for (uint32_t i = 0; i < base->n_tagged; i++) {
        ese_record_tagged tagged;

        ESE_TRY(ese_record_tagged_at(base, i, &tagged));
        n_values += tagged.n_values;
    }
    *n_columns_out = n_columns;
    *n_values_out = n_values;
out:
    return err;
}

static JET_ERR
start_plan(ese_table_cursor *cursor, size_t limit, record_plan *plan_out)
{
    ese_table__update *update = cursor->update;
    size_t n_columns = 0, n_values = 0;
    JET_ERR err;

    ESE_TRY(count_values(update, &n_columns, &n_values));
    ESE_TRY(ese_growbuf_reserve(&update->columns, n_columns * sizeof(ese_record_column)));
    ESE_TRY(ese_growbuf_reserve(&update->values, n_values * sizeof(ese_record_value)));
    if (limit != SIZE_MAX)
        ESE_TRY(ese_growbuf_reserve(&update->references, n_values * REFERENCE_SIZE));
    *plan_out = (record_plan){
        .cursor = cursor,
        .update = update,
        .columns = (void *)update->columns.data,
        .values = (void *)update->values.data,
        .references = update->references.data,
        .limit = limit,
    };
out:
    return err;
}

/* Encodes into `next`, with long values above `limit` as references. */
static JET_ERR
encode_with_limit(ese_table_cursor *cursor, size_t limit)
{
    ese_table__update *update = cursor->update;
    size_t max = ese_table__record_max(cursor);
    size_t room = update->bound + ESE_TABLE__ENCODE_SLACK < max
                      ? update->bound + ESE_TABLE__ENCODE_SLACK
                      : max;
    record_plan plan = {0};
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(start_plan(cursor, limit, &plan));
    ESE_TRY(plan_untagged(&plan));
    ESE_TRY(plan_tagged(&plan));
    ESE_TRY(ese_growbuf_reserve(&update->next, room));
    ESE_TRY(ese_record_encode(plan.columns, plan.n_columns, cursor->page_size, update->next.data,
                              room, &size));
    update->next.size = size;
    if (ese_table_is_temporary(cursor))
        update->columns.size = plan.n_columns;
out:
    return err;
}

/* All values of a temporary table are those of fields, in their order. */
static void
note_separated(ese_table__update *update)
{
    const ese_record_value *value = (const void *)update->values.data;

    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__item *items = ese_table__field_items(&update->fields[i]);

        for (uint32_t k = 0; k < update->fields[i].n_items; k++, value++)
            items[k].is_separated = (value->form & ESE_RECORD_SEPARATED) != 0;
    }
}

static void
accept_encoding(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;
    ese_growbuf old_record = update->record;

    if (ese_table_is_temporary(cursor))
        note_separated(update);
    update->record = update->next;
    update->next = old_record;
    update->bound = update->record.size;
    update->is_encoded = true;
}

static JET_ERR
too_big(const ese_table_cursor *cursor)
{
    return ese_raise(JET_errRecordTooBig, "the record would be larger than %zu bytes",
                     ese_table__record_max(cursor));
}

static JET_ERR
encode_temporary(ese_table_cursor *cursor)
{
    bool may_separate = (ese_table__spot_of(cursor)->temp->grbit & JET_bitTTIntrinsicLVsOnly) == 0;
    JET_ERR err = encode_with_limit(cursor, may_separate ? INTRINSIC_MAX : SIZE_MAX);

    if (err == JET_errRecordTooBig && may_separate)
        err = encode_with_limit(cursor, SEPARABLE_MIN - 1);
    if (err == JET_errRecordTooBig)
        return too_big(cursor);
    if (err >= JET_errSuccess)
        accept_encoding(cursor);
    return err;
}

/* Finds the largest limit that makes the record fit, before any value is moved. */
static JET_ERR
encode_with_less(ese_table_cursor *cursor)
{
    uint32_t share = 2;
    size_t limit = cursor->page_size / share;
    JET_ERR err;

    while ((err = encode_with_limit(cursor, limit)) == JET_errRecordTooBig &&
           limit >= SEPARABLE_MIN) {
        share *= 2;
        limit = share <= SMALLEST_SHARE ? cursor->page_size / share : SEPARABLE_MIN - 1;
    }
    if (err == JET_errRecordTooBig)
        return too_big(cursor);
    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_table__lv_separate_all(cursor, limit));
    ESE_TRY(encode_with_limit(cursor, SIZE_MAX));
out:
    return err;
}

JET_ERR
ese_table__update_encode(ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;
    bool is_done = false;
    JET_ERR err;

    if (update->is_encoded)
        return JET_errSuccess;
    if (ese_table_is_temporary(cursor))
        return encode_temporary(cursor);
    err = ese_table__encode_directly(update, update->record_max, &is_done);
    if (err >= JET_errSuccess && !is_done)
        err = encode_with_limit(cursor, SIZE_MAX);
    if (err == JET_errRecordTooBig)
        err = encode_with_less(cursor);
    if (err >= JET_errSuccess)
        accept_encoding(cursor);
    return err;
}

/* ---- does it fit? */

/* Columns in front of `column` that are not in the record yet come with it, with their defaults. */
static size_t
growth_by_place(ese_table__update *update, const ese_schema_column *column)
{
    size_t growth = 0;

    if (column->fid <= ESE_RECORD_FIXED_LAST) {
        size_t end = (size_t)column->offset + column->size_max;

        if (end > update->fixed_end) {
            growth = end - update->fixed_end + BITMAP_MAX;
            update->fixed_end = end;
        }
    } else if (column->fid <= ESE_RECORD_VARIABLE_LAST) {
        for (; update->variable_last < column->fid; update->variable_last++) {
            const ese_schema_column *passed =
                update->layout.variable[update->variable_last + 1 - ESE_RECORD_VARIABLE_FIRST];

            growth += 2 + (passed != NULL ? passed->default_value.size : 0);
        }
    } else {
        growth = TAGGED_OVERHEAD;
    }
    return growth;
}

bool
ese_table__update_has_room(ese_table__update *update, const ese_schema_column *column, size_t more)
{
    const size_t fixed_end = update->fixed_end;
    const uint32_t variable_last = update->variable_last;
    size_t bound = update->bound + more + growth_by_place(update, column);

    if (bound <= update->record_max) {
        update->bound = bound;
        return true;
    }
    update->fixed_end = fixed_end;
    update->variable_last = variable_last;
    return false;
}

JET_ERR
ese_table__update_fit(ese_table_cursor *cursor, const ese_schema_column *column, size_t more)
{
    ese_table__update *update = cursor->update;
    size_t bound = update->bound, fixed_end = update->fixed_end;
    uint32_t variable_last = update->variable_last;
    JET_ERR err = JET_errSuccess;

    update->is_encoded = false;
    update->bound += more + growth_by_place(update, column);
    if (update->bound > ese_table__record_max(cursor))
        err = ese_table__update_encode(cursor);
    if (err < JET_errSuccess) {
        update->bound = bound;
        update->fixed_end = fixed_end;
        update->variable_last = variable_last;
        update->is_encoded = false;
    }
    return err;
}

JET_ERR
ese_table__update_record(ese_table_cursor *cursor, ese_record *record_out)
{
    ese_table__update *update = cursor->update;
    JET_ERR err;

    ESE_TRY(ese_table__lv_flush_all(cursor));
    ESE_TRY(ese_table__update_encode(cursor));
    ESE_TRY(ese_record_open(ese_growbuf_bytes(&update->record), cursor->page_size, record_out));
out:
    return err;
}
