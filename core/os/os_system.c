#define _DEFAULT_SOURCE 1

#include "os/os_system.h"

#include "os/os_thread.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

ese_os_utc
ese_os_utc_now(void)
{
    struct timespec now = {0};
    struct tm parts = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    return (ese_os_utc){
        .year = parts.tm_year + 1900,
        .month = parts.tm_mon + 1,
        .day = parts.tm_mday,
        .hour = parts.tm_hour,
        .minute = parts.tm_min,
        .second = parts.tm_sec,
        .millisecond = (int32_t)(now.tv_nsec / 1000000),
    };
}

uint64_t
ese_os_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || page_size <= 0)
        return (uint64_t)256 << 20;
    return (uint64_t)pages * (uint64_t)page_size;
}

uint64_t
ese_os_random(void)
{
    uint64_t value = 0;

    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = ese_os_now_ns() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid(); /* early in the boot */
    return value;
}

void
ese_os_memory_set_dumped(uintptr_t from, size_t size, bool is_dumped)
{
#if defined(MADV_DODUMP) && defined(MADV_DONTDUMP)
    uintptr_t unit = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = is_dumped ? from / unit * unit : (from + unit - 1) / unit * unit;
    uintptr_t end =
        is_dumped ? (from + size + unit - 1) / unit * unit : (from + size) / unit * unit;

    if (size > 0 && first < end)
        (void)madvise((void *)first, end - first, is_dumped ? MADV_DODUMP : MADV_DONTDUMP);
#else
    (void)from;
    (void)size;
    (void)is_dumped;
#endif
}
