/*
 * Values of a record in preparation. Small ones lie in the pool of the update, so that an insertion needs no memory of its own; a large one has a block.
 */
#include "table/table_update_private.h"

enum {
    CAPACITY_MIN = 16,
    POOLED_MAX = 2048,      /* larger values get a block of their own */
    BLOCK_MIN = 4096,       /* of the pool */
    BLOCK_KEPT_MAX = 65536, /* from one update to the next */
    ALIGNMENT = 16,
};

/* ---- pool */

static size_t
align(size_t n)
{
    return (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static const size_t HEADER =
    (sizeof(ese_table__pool_block) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);

static JET_ERR
add_block(ese_table__pool *pool, size_t n)
{
    size_t size = pool->blocks == NULL ? BLOCK_MIN : pool->blocks->size * 2;
    ese_table__pool_block *block = NULL;
    JET_ERR err;

    if (size < n + HEADER)
        size = n + HEADER;
    err = ese_alloc_aligned(size, ALIGNMENT, &block);
    if (err < JET_errSuccess)
        return err;
    block->size = size;
    block->next = pool->blocks;
    pool->blocks = block;
    pool->used = HEADER;
    return err;
}

JET_ERR
ese_table__pool_alloc(ese_table__pool *pool, size_t n, void *pointer_out)
{
    size_t size = align(n);
    void *place;
    JET_ERR err = JET_errSuccess;

    if (pool->blocks == NULL || pool->blocks->size - pool->used < size)
        ESE_TRY(add_block(pool, size));
    place = (uint8_t *)pool->blocks + pool->used;
    pool->used += size;
    memcpy(pointer_out, &place, sizeof place);
out:
    return err;
}

static void
free_blocks(ese_table__pool_block *block)
{
    while (block != NULL) {
        ese_table__pool_block *next = block->next;

        ese_free(&block);
        block = next;
    }
}

void
ese_table__pool_clear(ese_table__pool *pool)
{
    if (pool->blocks == NULL)
        return;
    if (pool->blocks->size > BLOCK_KEPT_MAX) {
        ese_table__pool_destroy(pool);
        return;
    }
    free_blocks(pool->blocks->next);
    pool->blocks->next = NULL;
    pool->used = HEADER;
}

void
ese_table__pool_destroy(ese_table__pool *pool)
{
    free_blocks(pool->blocks);
    *pool = (ese_table__pool){0};
}

/* ---- items */

static JET_ERR
move_to_heap(ese_table__item *item, size_t capacity)
{
    uint8_t *data = item->is_heap ? item->data : NULL;
    JET_ERR err = ese_realloc(capacity, &data);

    if (err < JET_errSuccess)
        return err;
    if (!item->is_heap && item->size != 0)
        memcpy(data, item->data, item->size);
    item->data = data;
    item->is_heap = true;
    item->capacity = capacity;
    return err;
}

JET_ERR
ese_table__item_reserve(ese_table__update *update, ese_table__item *item, size_t size)
{
    size_t capacity = item->capacity < CAPACITY_MIN ? CAPACITY_MIN : item->capacity * 2;
    uint8_t *data = NULL;
    JET_ERR err = JET_errSuccess;

    if (size <= item->capacity)
        return err;
    if (capacity < size)
        capacity = size;
    if (item->is_heap || capacity > POOLED_MAX)
        return move_to_heap(item, capacity);
    ESE_TRY(ese_table__pool_alloc(&update->pool, capacity, &data));
    if (item->size != 0)
        memcpy(data, item->data, item->size);
    item->data = data;
    item->capacity = capacity;
out:
    return err;
}

JET_ERR
ese_table__item_make(ese_table__update *update, ese_bytes bytes, ese_table__item *item_out)
{
    ese_table__item item = {0};
    JET_ERR err = ese_table__item_reserve(update, &item, bytes.size == 0 ? 1 : bytes.size);

    if (err < JET_errSuccess)
        return err;
    if (bytes.size != 0)
        memcpy(item.data, bytes.data, bytes.size);
    item.size = bytes.size;
    *item_out = item;
    return err;
}

void
ese_table__item_clear(ese_table__item *item)
{
    if (item->is_heap)
        ese_free(&item->data);
    *item = (ese_table__item){0};
}

/* ---- fields */

JET_ERR
ese_table__field_reserve(ese_table__update *update, ese_table__field *field)
{
    uint32_t capacity = field->capacity == 0 ? 1 : field->capacity == 1 ? 4 : field->capacity * 2;
    ese_table__item *items = NULL;
    JET_ERR err = JET_errSuccess;

    if (field->n_items < field->capacity)
        return err;
    if (capacity > 1) {
        ESE_TRY(ese_table__pool_alloc(&update->pool, capacity * sizeof *items, &items));
        memcpy(items, ese_table__field_items(field), field->n_items * sizeof *items);
        field->items = items;
    }
    field->capacity = capacity;
out:
    return err;
}

void
ese_table__field_insert(ese_table__field *field, uint32_t index, ese_table__item item)
{
    ese_table__item *items = ese_table__field_items(field);

    memmove(items + index + 1, items + index, (field->n_items - index) * sizeof *items);
    items[index] = item;
    field->n_items++;
    field->is_array |= field->n_items > 2;
}

ese_table__item
ese_table__field_remove(ese_table__field *field, uint32_t index)
{
    ese_table__item *items = ese_table__field_items(field);
    ese_table__item item = items[index];

    field->n_items--;
    memmove(items + index, items + index + 1, (field->n_items - index) * sizeof *items);
    return item;
}
