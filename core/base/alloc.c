#include "base/alloc.h"

#include "base/fault.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t live;

/* Callers pass T** as void*; reading it through memcpy keeps that legal for every T. */
static void *
load_pointer(const void *from)
{
    void *pointer;

    memcpy(&pointer, from, sizeof pointer);
    return pointer;
}

static void
store_pointer(void *to, void *pointer)
{
    memcpy(to, &pointer, sizeof pointer);
}

static JET_ERR
publish(void *block, size_t n, void *pointer_out)
{
    if (block == NULL)
        return ese_raise(JET_errOutOfMemory, "out of memory allocating %zu bytes", n);
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    store_pointer(pointer_out, block);
    return JET_errSuccess;
}

JET_ERR
ese_alloc(size_t n, void *pointer_out)
{
    return publish(ese_fault_hit(ESE_FAULT_POINT_ALLOC) ? NULL : calloc(1, n == 0 ? 1 : n), n,
                   pointer_out);
}

JET_ERR
ese_alloc_aligned(size_t n, size_t alignment, void *pointer_out)
{
    size_t rounded = n == 0 ? alignment : (n + alignment - 1) & ~(alignment - 1);
    bool fails = rounded < n || ese_fault_hit(ESE_FAULT_POINT_ALLOC);

    return publish(fails ? NULL : aligned_alloc(alignment, rounded), n, pointer_out);
}

JET_ERR
ese_realloc(size_t n, void *pointer_inout)
{
    void *old = load_pointer(pointer_inout);
    void *block = NULL;

    if (!ese_fault_hit(ESE_FAULT_POINT_ALLOC))
        block = realloc(old, n == 0 ? 1 : n);
    if (block == NULL)
        return ese_raise(JET_errOutOfMemory, "out of memory allocating %zu bytes", n);
    if (old == NULL)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    store_pointer(pointer_inout, block);
    return JET_errSuccess;
}

JET_ERR
ese_alloc_copy(const void *from, size_t n, void *pointer_out)
{
    uint8_t *block = NULL;
    JET_ERR err = ese_alloc(n, &block);

    if (err < JET_errSuccess)
        return err;
    if (n != 0)
        memcpy(block, from, n);
    store_pointer(pointer_out, block);
    return JET_errSuccess;
}

void
ese_free(void *pointer_inout)
{
    void *block = load_pointer(pointer_inout);

    if (block == NULL)
        return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(block);
    store_pointer(pointer_inout, NULL);
}

int64_t
ese_alloc_live(void)
{
    return atomic_load(&live);
}
