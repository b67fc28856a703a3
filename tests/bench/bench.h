/*
 * What the benchmark programs share: measuring, and one line per figure for run.py and for people.
 *
 *     name <TAB> wall time <TAB> processor time <TAB> unit
 *
 * A figure is the median of ROUNDS rounds after one to warm up. On a busy machine the processor time is the one to trust.
 * Include it first: it asks the C library for its clocks.
 */
#pragma once

#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is POSIX's */

#include "ese.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_ROUNDS = 7 };

/* Stops the program when a call failed. Warnings pass. */
static inline void
bench_must(JET_ERR err, const char *call)
{
    if (err >= JET_errSuccess)
        return;
    fprintf(stderr, "%s: %s: %s\n", call, ese_error_name(err), ese_error_text(err));
    exit(1);
}

static inline void
bench_require(int is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static inline double
bench_seconds(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int
bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double
bench_median(double values[BENCH_ROUNDS])
{
    qsort(values, BENCH_ROUNDS, sizeof *values, bench_compare);
    return values[BENCH_ROUNDS / 2];
}

/* Seconds of one round, wall and processor. */
typedef struct bench_time {
    double wall, cpu;
} bench_time;

typedef void bench_work(void *self);

static inline bench_time
bench_measure(bench_work *work, void *self)
{
    double wall[BENCH_ROUNDS], cpu[BENCH_ROUNDS];

    work(self);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        wall[i] = bench_seconds(CLOCK_MONOTONIC);
        cpu[i] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        work(self);
        wall[i] = bench_seconds(CLOCK_MONOTONIC) - wall[i];
        cpu[i] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
    }
    return (bench_time){bench_median(wall), bench_median(cpu)};
}

/* One round of `work` does `n` of what is named: nanoseconds for each. */
static inline void
bench_time_each(const char *name, uint64_t n, bench_work *work, void *self)
{
    bench_time t = bench_measure(work, self);

    printf("%-40s\t%10.1f\t%10.1f\tns\n", name, t.wall * 1e9 / (double)n, t.cpu * 1e9 / (double)n);
    fflush(stdout);
}

/* One round of `work` goes through `n` bytes: GB per second. */
static inline void
bench_throughput(const char *name, uint64_t n, bench_work *work, void *self)
{
    bench_time t = bench_measure(work, self);

    printf("%-40s\t%10.2f\t%10.2f\tGB/s\n", name, (double)n * 1e-9 / t.wall,
           (double)n * 1e-9 / t.cpu);
    fflush(stdout);
}
