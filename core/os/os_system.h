/* What the engine asks of the machine itself: memory, date, chance. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A moment in Coordinated Universal Time. */
typedef struct ese_os_utc {
    int32_t year;  /* 2026 */
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
    int32_t hour, minute, second;
    int32_t millisecond;
} ese_os_utc;

ese_os_utc ese_os_utc_now(void);

/* Bytes of physical memory; a cautious guess when the system does not tell. */
uint64_t ese_os_memory_size(void);

/* A number that no other process can be expected to get. Not for secrets. */
uint64_t ese_os_random(void);

/*
 * Is this memory to be in a dump of the process? The system decides by whole pages: those that it shares with other memory are always in. Advice: without support by the system nothing
 * happens. Allocates nothing.
 */
void ese_os_memory_set_dumped(uintptr_t from, size_t size, bool is_dumped);
