/* What both benchmarks share: the keys and values, the clock, and the folder. */
#pragma once

#include "store.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t
mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline void
make_value(uint64_t key, uint8_t value[STORE_VALUE])
{
    for (unsigned i = 0; i < STORE_VALUE; i += 4) {
        uint64_t word = mix(key * 31 + i);

        memcpy(value + i, &word, STORE_VALUE - i < 8 ? 4 : 8);
    }
}

static inline double
seconds(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double wall_start, cpu_start;

static inline void
start(void)
{
    wall_start = seconds(CLOCK_MONOTONIC);
    cpu_start = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void
stop(const char *name, uint64_t n)
{
    double wall = seconds(CLOCK_MONOTONIC) - wall_start;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;

    printf("%s\t%.1f\t%.1f\tns\n", name, wall * 1e9 / (double)n, cpu * 1e9 / (double)n);
    fflush(stdout);
}

/* The key of row `i`: ascending, or scattered over all numbers. */
static inline uint64_t
key_of(uint64_t i, bool is_random)
{
    return is_random ? mix(i) >> 1 : i;
}

/* Bytes of all files in the folder, which goes away. */
static inline uint64_t
remove_folder(const char *path)
{
    DIR *directory = opendir(path);
    uint64_t size = 0;

    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char name[4096];
        struct stat status;

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (stat(name, &status) == 0 && S_ISREG(status.st_mode)) {
            size += (uint64_t)status.st_blocks * 512;
            unlink(name);
        }
    }
    if (directory != NULL)
        closedir(directory);
    rmdir(path);
    return size;
}
