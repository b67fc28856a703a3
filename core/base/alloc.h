/*
 * The only way to memory. Failure is an ordinary JET_errOutOfMemory and can be injected (fault.h);
 * live allocations are counted, so that a test can prove that nothing leaks.
 *
 * Every function takes the address of the caller's pointer: `ese_alloc(n, &p)`, `ese_free(&p)`.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* *pointer_out = n zeroed bytes (never NULL on success, n = 0 gives one byte). */
JET_ERR ese_alloc(size_t n, void *pointer_out);

/* Same, n uninitialised bytes aligned to `alignment`, a power of two. */
JET_ERR ese_alloc_aligned(size_t n, size_t alignment, void *pointer_out);

/* Grows or shrinks *pointer_inout (may be NULL); the old block survives a failure. New bytes are
 * not initialised. */
JET_ERR ese_realloc(size_t n, void *pointer_inout);

/* *pointer_out = copy of the n bytes at `from`. */
JET_ERR ese_alloc_copy(const void *from, size_t n, void *pointer_out);

/* Frees *pointer_inout and clears it; NULL is fine. */
void ese_free(void *pointer_inout);

/* Number of blocks allocated and not yet freed, over all threads. */
int64_t ese_alloc_live(void);
