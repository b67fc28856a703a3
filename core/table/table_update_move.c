/*
 * Values of a record in preparation that change places together: into the tree of long values, because the record is too big, or to long values of their own, because
 * it is a copy. All or none: the new values are made first, then nothing fails.
 */
#include "table/table_update_long.h"

typedef struct replacement {
    uint32_t rank, index;
    ese_table__item item;
} replacement;

typedef struct move_rule {
    ese_table_cursor *cursor;
    bool (*applies)(const struct move_rule *rule, const ese_schema_column *column, unsigned form,
                    size_t size);
    JET_ERR(*make)
    (const struct move_rule *rule, const ese_table__field *field, const ese_table__item *item,
     ese_table__item *item_out);
    size_t limit;
} move_rule;

static const ese_schema_column *
column_of_entry(const ese_table_cursor *cursor, const ese_record_tagged *tagged)
{
    JET_COLUMNID of_template = tagged->id | (uint32_t)ESE_SCHEMA_TEMPLATE_ID;
    const ese_schema_column *column =
        tagged->is_derived ? NULL : ese_schema_find_column(cursor->table, tagged->id);

    return column != NULL ? column : ese_schema_find_column(cursor->table, of_template);
}

/* Values of the base take part as fields. */
static JET_ERR
take_from_base(const move_rule *rule)
{
    ese_table__update *update = rule->cursor->update;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < update->base_record.n_tagged; i++) {
        const ese_schema_column *column;
        ese_record_tagged tagged;
        bool applies = false;

        ESE_TRY(ese_record_tagged_at(&update->base_record, i, &tagged));
        column = column_of_entry(rule->cursor, &tagged);
        for (uint32_t k = 0; column != NULL && k < tagged.n_values; k++) {
            ese_record_value value;

            ESE_TRY(ese_record_tagged_value(&tagged, k, &value));
            applies |= rule->applies(rule, column, value.form, value.bytes.size);
        }
        if (applies) {
            ese_table__field *field;

            ESE_TRY(ese_table__update_field(rule->cursor, column, &field));
        }
    }
out:
    return err;
}

static JET_ERR
make_items(const move_rule *rule)
{
    ese_table__update *update = rule->cursor->update;
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < update->n_fields; i++) {
        ese_table__field *field = &update->fields[i];

        for (uint32_t k = 0; k < field->n_items; k++) {
            const ese_table__item *item = &ese_table__field_items(field)[k];
            replacement made = {.rank = field->rank, .index = k};

            if (item->is_own || !rule->applies(rule, field->column, item->form, item->size))
                continue;
            ESE_TRY(rule->make(rule, field, item, &made.item));
            made.item.placement = item->placement;
            ESE_TRY(ese_growbuf_append(&update->list, &made, sizeof made));
        }
    }
out:
    return err;
}

static void
install_items(ese_table__update *update)
{
    for (size_t at = 0; at < update->list.size; at += sizeof(replacement)) {
        replacement made;
        ese_table__field *field;
        ese_table__item *item;

        memcpy(&made, update->list.data + at, sizeof made);
        field = ese_table__update_find(update, made.rank);
        item = &ese_table__field_items(field)[made.index];
        ese_table__item_clear(item);
        *item = made.item;
    }
    update->is_encoded = false;
    update->n_moves += update->list.size != 0;
}

static JET_ERR
move_all(const move_rule *rule)
{
    ese_table__update *update = rule->cursor->update;
    ese_txn_statement statement;
    JET_ERR err;

    ese_growbuf_clear(&update->list);
    ESE_TRY(take_from_base(rule));
    ESE_TRY(ese_txn_statement_enter(rule->cursor->session, &statement));
    err = make_items(rule);
    ESE_TRY(ese_table__leave(rule->cursor, &statement, err));
    install_items(update);
out:
    return err;
}

/* ---- a record that is too big */

static bool
is_too_long(const move_rule *rule, const ese_schema_column *column, unsigned form, size_t size)
{
    return ese_table__is_long(column) && (form & ESE_RECORD_SEPARATED) == 0 && size > rule->limit;
}

static JET_ERR
separate(const move_rule *rule, const ese_table__field *field, const ese_table__item *item,
         ese_table__item *item_out)
{
    bool is_compressed = (field->column->flags & ESE_SCHEMA_COMPRESSED) != 0 &&
                         (item->placement & JET_bitSetUncompressed) == 0;
    ese_bytes value = {0};
    JET_ERR err;

    ESE_TRY(ese_table__item_load(rule->cursor, item, UINT32_MAX, &value));
    ESE_TRY(ese_table__lv_create(rule->cursor, (uint32_t)value.size, is_compressed, item_out));
    ESE_TRY(ese_table__lv_write(rule->cursor, item_out, 0,
                                (ese_table__lv_bytes){value.data, (uint32_t)value.size}));
out:
    return err;
}

JET_ERR
ese_table__lv_separate_all(ese_table_cursor *cursor, size_t limit)
{
    const move_rule rule = {cursor, is_too_long, separate, limit};

    return move_all(&rule);
}

/* ---- a copy of a record */

static bool
is_separated(const move_rule *rule, const ese_schema_column *column, unsigned form, size_t size)
{
    (void)rule;
    (void)column;
    (void)size;
    return (form & ESE_RECORD_SEPARATED) != 0;
}

static JET_ERR
copy(const move_rule *rule, const ese_table__field *field, const ese_table__item *item,
     ese_table__item *item_out)
{
    bool is_compressed = (field->column->flags & ESE_SCHEMA_COMPRESSED) != 0;

    return ese_table__lv_copy(rule->cursor, item, UINT32_MAX, is_compressed, item_out);
}

JET_ERR
ese_table__lv_copy_all(ese_table_cursor *cursor)
{
    const move_rule rule = {cursor, is_separated, copy, 0};

    return move_all(&rule);
}

/* ---- a record that is gone */

/* Calls back with each reference to a long value. */
typedef struct reference_walk {
    void *self;
    JET_ERR (*visit)(void *self, ese_bytes reference);
} reference_walk;

static JET_ERR
walk_references(const ese_record *record, const reference_walk *walk)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < record->n_tagged; i++) {
        ese_record_tagged tagged;

        ESE_TRY(ese_record_tagged_at(record, i, &tagged));
        for (uint32_t k = 0; k < tagged.n_values; k++) {
            ese_record_value value;

            ESE_TRY(ese_record_tagged_value(&tagged, k, &value));
            if ((value.form & ESE_RECORD_SEPARATED) != 0)
                ESE_TRY(walk->visit(walk->self, value.bytes));
        }
    }
out:
    return err;
}

typedef struct reference_search {
    ese_table_cursor *cursor;
    const ese_record *after;
    ese_bytes sought;
    bool found;
} reference_search;

static JET_ERR
compare_reference(void *self, ese_bytes reference)
{
    reference_search *search = self;

    search->found |= ese_bytes_compare(reference, search->sought) == 0;
    return JET_errSuccess;
}

static JET_ERR
drop_unless_kept(void *self, ese_bytes reference)
{
    reference_search *search = self;
    const reference_walk compare = {search, compare_reference};
    JET_ERR err = JET_errSuccess;

    search->sought = reference;
    search->found = false;
    if (search->after != NULL)
        ESE_TRY(walk_references(search->after, &compare));
    if (!search->found)
        ESE_TRY(ese_table__lv_delete(search->cursor, reference));
out:
    return err;
}

JET_ERR
ese_table__lv_drop_unused(ese_table_cursor *cursor, const ese_record *before,
                          const ese_record *after)
{
    reference_search search = {.cursor = cursor, .after = after};
    const reference_walk walk = {&search, drop_unless_kept};

    return walk_references(before, &walk);
}
