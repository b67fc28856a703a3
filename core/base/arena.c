#include "base/arena.h"

#include <stddef.h>

enum { BLOCK_SIZE = 4096 };

struct ese_arena_block {
    struct ese_arena_block *older;
    size_t capacity;
    max_align_t data[];
};

JET_ERR
ese_arena_alloc(ese_arena *arena, size_t n, void *pointer_out)
{
    size_t rounded = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    uint8_t *place;

    if (arena->blocks == NULL || rounded > arena->blocks->capacity - arena->used) {
        struct ese_arena_block *block = NULL;
        size_t capacity = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;
        JET_ERR err = ese_alloc(sizeof *block + capacity, &block);

        if (err < JET_errSuccess)
            return err;
        block->older = arena->blocks;
        block->capacity = capacity;
        arena->blocks = block;
        arena->used = 0;
        arena->total += capacity;
    }
    place = (uint8_t *)arena->blocks->data + arena->used;
    arena->used += rounded;
    memcpy(pointer_out, &place, sizeof place);
    return JET_errSuccess;
}

JET_ERR
ese_arena_copy(ese_arena *arena, ese_bytes from, ese_bytes *bytes_out)
{
    uint8_t *to = NULL;
    JET_ERR err = ese_arena_alloc(arena, from.size, &to);

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
    while (arena->blocks != NULL) {
        struct ese_arena_block *block = arena->blocks;

        arena->blocks = block->older;
        ese_free(&block);
    }
    *arena = (ese_arena){0};
}
