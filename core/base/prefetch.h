/* Hints for the processor. */
#pragma once

/* The line of memory is wanted soon: it comes while something else is done. Any address will do. */
static inline void
ese_prefetch(const void *address)
{
    __builtin_prefetch(address);
}
