/*
 * The benchmark: driver FOLDER ROWS, linked with one store. Prints "name <TAB> wall <TAB> processor time <TAB> ns|bytes" per line, per operation.
 * Keys and values are the same for every store.
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is POSIX's */

#include "driver.h"

#include <pthread.h>
#include <stdlib.h>

enum { BATCH = 1000, SCAN_ROWS = 1000, THREADS = 8 };

static const size_t cache_bytes = (size_t)512 << 20;
static uint64_t n_rows;
static const char *folder;

static void
fill(reader *reader, bool is_random)
{
    uint8_t value[STORE_VALUE];

    for (uint64_t i = 0; i < n_rows; i++) {
        if (i % BATCH == 0)
            store_begin(reader, true);
        make_value(key_of(i, is_random), value);
        store_insert(reader, key_of(i, is_random), value);
        if (i % BATCH == BATCH - 1 || i == n_rows - 1)
            store_commit(reader);
    }
}

static void
close_and_measure(store *store, const char *name)
{
    uint64_t size;

    start();
    store_close(store);
    stop(name, 1);
    size = remove_folder(folder);
    printf("%s, size of the files\t%llu\t%llu\tbytes\n", name, (unsigned long long)size,
           (unsigned long long)size);
}

static void
get_random(reader *reader, uint64_t n, uint64_t seed)
{
    uint8_t value[STORE_VALUE], expected[STORE_VALUE];

    for (uint64_t i = 0; i < n; i++) {
        uint64_t key = key_of(mix(seed + i) % n_rows, true);

        if (!store_get(reader, key, value)) {
            fprintf(stderr, "a row is not there\n");
            exit(1);
        }
        if (i % 4096 == 0) {
            make_value(key, expected);
            if (memcmp(value, expected, STORE_VALUE) != 0) {
                fprintf(stderr, "a row is another one\n");
                exit(1);
            }
        }
    }
}

static void
read_points(reader *reader)
{
    store_begin(reader, false);
    get_random(reader, n_rows / 4, 1); /* warms up */
    start();
    get_random(reader, n_rows, 2);
    stop("random point read", n_rows);
    store_commit(reader);
}

static void
read_ranges(reader *reader)
{
    uint64_t n = n_rows / SCAN_ROWS, sum = 0;

    store_begin(reader, false);
    start();
    for (uint64_t i = 0; i < n; i++)
        sum += store_scan(reader, key_of(mix(i) % n_rows, true), SCAN_ROWS);
    stop("range scan, a row", n * SCAN_ROWS);
    store_commit(reader);
    if (sum == 0)
        printf("nothing was read\n");
}

static void
mix_reads_and_writes(reader *reader)
{
    uint8_t value[STORE_VALUE];
    uint64_t n = n_rows / 2;

    start();
    for (uint64_t i = 0; i < n; i++) {
        uint64_t key = key_of(mix(i + 77) % n_rows, true);

        if (i % 100 == 0)
            store_begin(reader, true);
        if (i % 5 == 0) {
            make_value(key + i, value);
            store_replace(reader, key, value);
        } else {
            store_get(reader, key, value);
        }
        if (i % 100 == 99 || i == n - 1)
            store_commit(reader);
    }
    stop("80 % reads, 20 % replacements", n);
}

static void *
read_in_thread(void *argument)
{
    reader *reader = store_reader(argument);

    store_begin(reader, false);
    get_random(reader, n_rows / 4, (uint64_t)(uintptr_t)&reader);
    store_commit(reader);
    store_reader_end(reader);
    return NULL;
}

static void
read_in_threads(store *store, unsigned n_threads, const char *name)
{
    pthread_t threads[THREADS];

    start();
    for (unsigned i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, read_in_thread, store);
    for (unsigned i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    stop(name, n_rows / 4 * n_threads);
}

static void
fill_new(bool is_random, bool has_indexes, const char *name)
{
    store *store;
    reader *reader;
    char closing[100];

    mkdir(folder, 0700);
    store = store_open(
        &(store_options){.folder = folder, .has_indexes = has_indexes, .cache_bytes = cache_bytes});
    reader = store_reader(store);
    start();
    fill(reader, is_random);
    stop(name, n_rows);
    if (is_random && !has_indexes) {
        read_points(reader);
        read_ranges(reader);
        read_in_threads(store, 1, "random point read, 1 thread");
        read_in_threads(store, THREADS, "random point read, 8 threads");
        mix_reads_and_writes(reader);
    }
    store_reader_end(reader);
    snprintf(closing, sizeof closing, "%s: close", name);
    close_and_measure(store, closing);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: driver FOLDER ROWS\n");
        return 2;
    }
    folder = argv[1];
    n_rows = strtoull(argv[2], NULL, 10);
    remove_folder(folder);
    fill_new(false, false, "sequential insert");
    fill_new(true, true, "random insert, 2 indexes");
    fill_new(false, true, "sequential insert, 2 indexes");
    fill_new(true, false, "random insert");
    return 0;
}
