#include "base/growbuf.h"

enum { MIN_CAPACITY = 64 };

JET_ERR
ese_growbuf_reserve(ese_growbuf *buffer, size_t size)
{
    size_t capacity = buffer->capacity < MIN_CAPACITY ? MIN_CAPACITY : buffer->capacity;
    JET_ERR err;

    if (size > buffer->limit)
        return ese_raise(JET_errOutOfMemory, "a buffer may not grow to %zu bytes", size);
    if (size <= buffer->capacity)
        return JET_errSuccess;
    while (capacity < size)
        capacity = capacity > buffer->limit / 2 ? buffer->limit : capacity * 2;
    if (capacity > buffer->limit)
        capacity = buffer->limit;
    err = ese_realloc(capacity, &buffer->data);
    if (err < JET_errSuccess)
        return err;
    buffer->capacity = capacity;
    return JET_errSuccess;
}

JET_ERR
ese_growbuf_append(ese_growbuf *buffer, const void *data, size_t size)
{
    JET_ERR err;

    if (size > buffer->limit - buffer->size)
        return ese_raise(JET_errOutOfMemory, "a buffer may not grow by %zu bytes", size);
    err = ese_growbuf_reserve(buffer, buffer->size + size);
    if (err < JET_errSuccess)
        return err;
    if (size != 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return JET_errSuccess;
}

void
ese_growbuf_destroy(ese_growbuf *buffer)
{
    ese_free(&buffer->data);
    *buffer = ese_growbuf_make(buffer->limit);
}
