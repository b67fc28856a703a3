/* Memory that is given back all at once: descriptors and other small things of one owner. */
#pragma once

#include "base/alloc.h"
#include "base/bytes.h"

/* Blocks that one arena has given back and the next one takes, so that short lives cost no calls of the allocator. For one thread. */
typedef struct ese_arena_pool {
    struct ese_arena_block *blocks;
    size_t n_blocks;
} ese_arena_pool;

typedef struct ese_arena {
    struct ese_arena_block *blocks; /* newest first */
    size_t used;                    /* of the newest block */
    size_t total;                   /* bytes of all blocks */
    ese_arena_pool *pool;           /* [const] NULL: none */
} ese_arena;

/* *pointer_out = n zeroed bytes, aligned for any type. */
JET_ERR ese_arena_alloc(ese_arena *arena, size_t n, void *pointer_out);

/* *bytes_out = copy of `from`. */
JET_ERR ese_arena_copy(ese_arena *arena, ese_bytes from, ese_bytes *bytes_out);

/* Frees everything, or gives it to the pool; the arena is empty again. */
void ese_arena_clear(ese_arena *arena);

/* Frees what is in the pool, which stays usable. */
void ese_arena_pool_clear(ese_arena_pool *pool);
