#include "base/arena.h"

#include <stddef.h>

enum { BLOCK_SIZE = 4096, POOL_BLOCKS = 256 };

struct ese_arena_block {
    struct ese_arena_block *older;
    size_t capacity;
    max_align_t data[];
};

/* A block of the usual size from the pool, or a new one. Its bytes may be anything. */
static JET_ERR
take_block(ese_arena *arena, size_t capacity, struct ese_arena_block **block_out)
{
    ese_arena_pool *pool = arena->pool;

    if (pool == NULL || pool->blocks == NULL || capacity > BLOCK_SIZE)
        return ese_alloc_aligned(sizeof **block_out + capacity, sizeof(max_align_t), block_out);
    *block_out = pool->blocks;
    pool->blocks = pool->blocks->older;
    pool->n_blocks--;
    return JET_errSuccess;
}

/* n bytes that may be anything. */
static JET_ERR
take_bytes(ese_arena *arena, size_t n, uint8_t **place_out)
{
    size_t rounded = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);

    if (arena->blocks == NULL || rounded > arena->blocks->capacity - arena->used) {
        struct ese_arena_block *block = NULL;
        size_t capacity = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;
        JET_ERR err = take_block(arena, capacity, &block);

        if (err < JET_errSuccess)
            return err;
        block->older = arena->blocks;
        block->capacity = capacity;
        arena->blocks = block;
        arena->used = 0;
        arena->total += capacity;
    }
    *place_out = (uint8_t *)arena->blocks->data + arena->used;
    arena->used += rounded;
    return JET_errSuccess;
}

JET_ERR
ese_arena_alloc(ese_arena *arena, size_t n, void *pointer_out)
{
    uint8_t *place = NULL;
    JET_ERR err = take_bytes(arena, n, &place);

    if (err < JET_errSuccess)
        return err;
    memset(place, 0, n);
    memcpy(pointer_out, &place, sizeof place);
    return JET_errSuccess;
}

JET_ERR
ese_arena_copy(ese_arena *arena, ese_bytes from, ese_bytes *bytes_out)
{
    uint8_t *to = NULL;
    JET_ERR err = take_bytes(arena, from.size, &to);

    if (err < JET_errSuccess)
        return err;
    if (from.size != 0)
        memcpy(to, from.data, from.size);
    *bytes_out = (ese_bytes){to, from.size};
    return JET_errSuccess;
}

void
ese_arena_clear(ese_arena *arena)
{
    ese_arena_pool *pool = arena->pool;

    while (arena->blocks != NULL) {
        struct ese_arena_block *block = arena->blocks;

        arena->blocks = block->older;
        if (pool == NULL || block->capacity != BLOCK_SIZE || pool->n_blocks == POOL_BLOCKS) {
            ese_free(&block);
            continue;
        }
        block->older = pool->blocks;
        pool->blocks = block;
        pool->n_blocks++;
    }
    *arena = (ese_arena){.pool = pool};
}

void
ese_arena_pool_clear(ese_arena_pool *pool)
{
    while (pool->blocks != NULL) {
        struct ese_arena_block *block = pool->blocks;

        pool->blocks = block->older;
        ese_free(&block);
    }
    pool->n_blocks = 0;
}
