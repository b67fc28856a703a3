/* Values of a row in preparation. */
#include "table/table_update_private.h"

enum { CAPACITY_MIN = 64 };

JET_ERR
ese_table__item_reserve(ese_table__item *item, size_t size)
{
    size_t capacity = item->capacity < CAPACITY_MIN ? CAPACITY_MIN : item->capacity * 2;
    JET_ERR err;

    if (size <= item->capacity)
        return JET_errSuccess;
    if (capacity < size)
        capacity = size;
    err = ese_realloc(capacity, &item->data);
    if (err >= JET_errSuccess)
        item->capacity = capacity;
    return err;
}

JET_ERR
ese_table__item_make(ese_bytes bytes, ese_table__item *item_out)
{
    ese_table__item item = {0};
    JET_ERR err = ese_alloc_copy(bytes.data, bytes.size, &item.data);

    if (err < JET_errSuccess)
        return err;
    item.size = bytes.size;
    item.capacity = bytes.size;
    *item_out = item;
    return err;
}

void
ese_table__item_clear(ese_table__item *item)
{
    ese_free(&item->data);
    *item = (ese_table__item){0};
}

JET_ERR
ese_table__field_reserve(ese_table__field *field)
{
    uint32_t capacity = field->capacity == 0 ? 1 : field->capacity * 2;
    JET_ERR err;

    if (field->n_items < field->capacity)
        return JET_errSuccess;
    err = ese_realloc(capacity * sizeof *field->items, &field->items);
    if (err >= JET_errSuccess)
        field->capacity = capacity;
    return err;
}

void
ese_table__field_insert(ese_table__field *field, uint32_t index, ese_table__item item)
{
    memmove(field->items + index + 1, field->items + index,
            (field->n_items - index) * sizeof *field->items);
    field->items[index] = item;
    field->n_items++;
}

ese_table__item
ese_table__field_remove(ese_table__field *field, uint32_t index)
{
    ese_table__item item = field->items[index];

    field->n_items--;
    memmove(field->items + index, field->items + index + 1,
            (field->n_items - index) * sizeof *field->items);
    return item;
}
