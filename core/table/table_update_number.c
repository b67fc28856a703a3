/*
 * Numbers that a table gives out: values of its autoincrement column, numbers of records without primary key, ids of long values.
 *
 * INV-1  A number is given out once. The last one is kept with the tree, for all its users; it is looked up when nobody has one yet, and before that nobody can have
 *        inserted anything since the database was attached: what is committed is all there is.
 */
#include "table/table_update_db.h"

enum { NUMBER_MAX = 0x7fffff00 }; /* of records and long values */

/*
 * One more than the last number; `last` is what the lookup found, and is used when nobody was faster. Relaxed: the numbers guard nothing, and each is one
 * atomic operation.
 */
static uint64_t
next_number(_Atomic uint64_t *counter, uint64_t last)
{
    uint64_t expected = 0;

    if (atomic_compare_exchange_strong_explicit(counter, &expected, last + 1, memory_order_relaxed,
                                                memory_order_relaxed))
        return last + 1;
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed) + 1;
}

static bool
is_looked_up(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed) != 0;
}

/* The first four bytes of the last key of a tree; 0 when it is empty. */
static JET_ERR
last_key(const ese_btree *tree, uint64_t *last_out)
{
    ese_btree_cursor cursor = {0};
    uint8_t key[4];
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, tree, NULL);
    ESE_TRY(ese_btree_last(&cursor, &found));
    *last_out = 0;
    if (found && ese_page_node_copy_key(&cursor.node, key, sizeof key) >= sizeof key)
        *last_out = ese_load_be32(key);
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

JET_ERR
ese_table__next_number(ese_table_cursor *cursor, uint32_t *number_out)
{
    const ese_btree *tree = &cursor->table->tree;
    uint64_t last = 0;
    JET_ERR err = JET_errSuccess;

    if (!is_looked_up(&tree->shared->last_number))
        ESE_TRY(last_key(tree, &last));
    last = next_number(&tree->shared->last_number, last);
    if (last > NUMBER_MAX)
        return ese_raise(JET_errOutOfSequentialIndexValues, "table '%s' has no more record numbers",
                         cursor->table->name);
    *number_out = (uint32_t)last;
out:
    return err;
}

JET_ERR
ese_table__next_long_id(ese_table_cursor *cursor, const ese_btree *tree, uint32_t *lid_out)
{
    uint64_t last = 0;
    JET_ERR err = JET_errSuccess;

    if (!is_looked_up(&tree->shared->last_number))
        ESE_TRY(last_key(tree, &last));
    last = next_number(&tree->shared->last_number, last);
    if (last > NUMBER_MAX)
        return ese_raise(JET_errOutOfLongValueIDs, "table '%s' has no more ids of long values",
                         cursor->table->name);
    *lid_out = (uint32_t)last;
out:
    return err;
}

/* ---- autoincrement */

static uint64_t
value_of(const ese_schema_column *column, ese_bytes bytes)
{
    int64_t value = column->size_max == 8 ? (int64_t)ese_load_le64(bytes.data)
                                          : (int32_t)ese_load_le32(bytes.data);

    return value > 0 ? (uint64_t)value : 0;
}

static JET_ERR
value_in(const ese_table_cursor *cursor, const ese_schema_column *column, ese_bytes bytes,
         uint64_t *value_out)
{
    ese_record record;
    ese_table__value value = {0};
    JET_ERR err;

    ESE_TRY(ese_record_open(bytes, cursor->page_size, &record));
    ESE_TRY(ese_table__get_value(&record, column, 0, &value));
    *value_out = value.state == ESE_TABLE_VALUE ? value_of(column, value.value.bytes) : 0;
out:
    return err;
}

/* An index that orders the records by the column and leaves none out has the largest value at its end. */
static const ese_schema_index *
find_order(const ese_schema_table *table, const ese_schema_column *column)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        const ese_schema_index *index = &table->indexes[i];

        if (index == table->primary && index->segments[0].column == column &&
            !index->segments[0].is_descending)
            return index;
    }
    return NULL;
}

static JET_ERR
largest_value(const ese_table_cursor *cursor, const ese_schema_column *column,
              uint64_t *largest_out)
{
    bool is_ordered = find_order(cursor->table, column) != NULL;
    ese_btree_cursor walk = {0};
    uint64_t largest = 0, value = 0;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&walk, &cursor->table->tree, NULL);
    ESE_TRY(is_ordered ? ese_btree_last(&walk, &found) : ese_btree_first(&walk, &found));
    while (found) {
        ESE_TRY(value_in(cursor, column, walk.node.data, &value));
        largest = value > largest ? value : largest;
        if (is_ordered)
            break;
        ESE_TRY(ese_btree_next(&walk, &found));
    }
    *largest_out = largest;
out:
    ese_btree_cursor_reset(&walk);
    return err;
}

JET_ERR
ese_table__next_auto_increment(ese_table_cursor *cursor, const ese_schema_column *column,
                               uint64_t *value_out)
{
    _Atomic uint64_t *counter = &cursor->table->tree.shared->last_auto_increment;
    uint64_t most = column->size_max == 8 ? INT64_MAX : INT32_MAX;
    uint64_t last = 0;
    JET_ERR err = JET_errSuccess;

    if (!is_looked_up(counter))
        ESE_TRY(largest_value(cursor, column, &last));
    last = next_number(counter, last);
    if (last > most)
        return ese_raise(JET_errOutOfAutoincrementValues, "column '%s' has no more values",
                         column->name);
    *value_out = last;
out:
    return err;
}

/* The number that the update itself took has looked the counter up. */
void
ese_table__note_auto_increment(const ese_table_cursor *cursor, const ese_schema_column *column,
                               ese_bytes value)
{
    _Atomic uint64_t *counter = &cursor->table->tree.shared->last_auto_increment;
    uint64_t number = value.size == column->size_max ? value_of(column, value) : 0;
    uint64_t last = atomic_load_explicit(counter, memory_order_relaxed);

    while (last < number && !atomic_compare_exchange_weak_explicit(
                                counter, &last, number, memory_order_relaxed, memory_order_relaxed))
        continue;
}
