/* A growable byte buffer with a maximum fixed at init: input can never make it grow without bound.
 */
#pragma once

#include "base/alloc.h"
#include "base/bytes.h"

typedef struct ese_growbuf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* [const] */
} ese_growbuf;

static inline ese_growbuf
ese_growbuf_make(size_t limit)
{
    return (ese_growbuf){.limit = limit};
}

/* Room for `size` bytes in all; JET_errOutOfMemory beyond the limit. Contents up to the old size
 * stay. */
JET_ERR ese_growbuf_reserve(ese_growbuf *buffer, size_t size);

JET_ERR ese_growbuf_append(ese_growbuf *buffer, const void *data, size_t size);

/* Keeps the memory. */
static inline void
ese_growbuf_clear(ese_growbuf *buffer)
{
    buffer->size = 0;
}

static inline ese_bytes
ese_growbuf_bytes(const ese_growbuf *buffer)
{
    return (ese_bytes){buffer->data, buffer->size};
}

void ese_growbuf_destroy(ese_growbuf *buffer);
