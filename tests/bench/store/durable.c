/*
 * The benchmark of durability: durable FOLDER ROWS [crash|recover], linked with one store. Lines as those of driver.c.
 *
 * A commit is over when what it did is on the disk. What a disk takes for that is told first: 4 KiB written to a file that has its size, and fdatasync.
 * With "crash" the program fills a store that leaves everything in its log, and ends without a word; "recover" opens what is left, counts, and tells how large the
 * log was.
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is POSIX's */

#include "driver.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, SYNCS = 300, BATCH = 1000, FILE_BYTES = 4 << 20, COMMITS_EACH = 100000 };

static const double seconds_each = 2.0;
static const size_t cache_bytes = (size_t)512 << 20;
static uint64_t n_rows;
static const char *folder;

/* ---- the disk */

static void
measure_disk(void)
{
    static uint8_t block[4096];
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/disk", folder);
    fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof block) {
        if (pwrite(fd, block, sizeof block, at) != (ssize_t)sizeof block)
            exit(1);
    }
    fsync(fd);
    start();
    for (unsigned i = 0; i < SYNCS; i++) {
        block[0] = (uint8_t)i;
        if (pwrite(fd, block, sizeof block, (off_t)i * (off_t)sizeof block) < 0 ||
            fdatasync(fd) != 0)
            exit(1);
    }
    stop("disk: 4 KiB and fdatasync, 1 thread", SYNCS);
    close(fd);
    unlink(path);
}

/* ---- commits of one row */

typedef struct committer {
    store *store;
    pthread_t thread;
    uint64_t number, n;
    double until;
} committer;

static void *
commit_rows(void *argument)
{
    committer *c = argument;
    reader *reader = store_reader(c->store);
    uint8_t value[STORE_VALUE];

    while (seconds(CLOCK_MONOTONIC) < c->until && c->n < COMMITS_EACH) {
        uint64_t key = key_of(c->number << 40 | c->n++, true);

        make_value(key, value);
        store_begin(reader, true);
        store_insert(reader, key, value);
        store_commit(reader);
    }
    store_reader_end(reader);
    return NULL;
}

static void
commit_in_threads(store *store, unsigned n_threads, const char *name)
{
    static uint64_t next_number = 1;
    committer committers[THREADS] = {{.n = 0}};
    uint64_t n = 0;

    start();
    for (unsigned i = 0; i < n_threads; i++) {
        committers[i] = (committer){.store = store,
                                    .number = next_number++,
                                    .until = seconds(CLOCK_MONOTONIC) + seconds_each};
        pthread_create(&committers[i].thread, NULL, commit_rows, &committers[i]);
    }
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(committers[i].thread, NULL);
        n += committers[i].n;
    }
    stop(name, n);
}

/* ---- many rows */

static void
fill(store *store, bool is_random)
{
    reader *reader = store_reader(store);
    uint8_t value[STORE_VALUE];

    for (uint64_t i = 0; i < n_rows; i++) {
        if (i % BATCH == 0)
            store_begin(reader, true);
        make_value(key_of(i, is_random), value);
        store_insert(reader, key_of(i, is_random), value);
        if (i % BATCH == BATCH - 1 || i == n_rows - 1)
            store_commit(reader);
    }
    store_reader_end(reader);
}

static void
measure_store(bool is_random, const char *name)
{
    store *store;

    mkdir(folder, 0700);
    store = store_open(
        &(store_options){.folder = folder, .cache_bytes = cache_bytes, .is_durable = true});
    if (is_random) {
        commit_in_threads(store, 1, "commit of one row, 1 thread");
        commit_in_threads(store, THREADS, "commit of one row, 8 threads");
    }
    start();
    fill(store, is_random);
    stop(name, n_rows);
    store_close(store);
    remove_folder(folder);
}

/* ---- recovery */

static void
crash(void)
{
    mkdir(folder, 0700);
    fill(store_open(&(store_options){
             .folder = folder, .cache_bytes = cache_bytes, .is_durable = true, .keeps_log = true}),
         true);
    _exit(0);
}

static bool
ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), n_end = strlen(end);

    return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* Of a log file: blocks that are not blank, for a store may make its files larger than what is in them. */
static uint64_t
used_bytes(const char *path)
{
    static const uint8_t blank[4096];
    uint8_t block[sizeof blank];
    uint64_t size = 0;
    FILE *file = fopen(path, "rb");

    for (size_t n = 1; file != NULL && n > 0;) {
        n = fread(block, 1, sizeof block, file);
        size += n == 0 || memcmp(block, blank, n) == 0 ? 0 : n;
    }
    if (file != NULL)
        fclose(file);
    return size;
}

static uint64_t
log_bytes(void)
{
    DIR *directory = opendir(folder);
    uint64_t size = 0;

    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char path[4096];

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (ends_with(path, ".log") || ends_with(path, "-wal"))
            size += used_bytes(path);
    }
    if (directory != NULL)
        closedir(directory);
    return size;
}

static void
recover(void)
{
    const double mega = 1e6;
    uint64_t size = log_bytes(), n = (uint64_t)((double)size / mega);
    uint8_t value[STORE_VALUE];
    store *store;
    reader *reader;

    start();
    store = store_open(&(store_options){
        .folder = folder, .cache_bytes = cache_bytes, .is_durable = true, .is_there = true});
    reader = store_reader(store);
    store_begin(reader, false);
    for (uint64_t i = 0; i < n_rows; i += i == 0 ? n_rows - 1 : 1) {
        if (!store_get(reader, key_of(i, true), value)) {
            fprintf(stderr, "a row that was committed is lost\n");
            exit(1);
        }
    }
    stop("recovery, 1 thread", 1);
    if (n > 0)
        stop("recovery, a MB of log, 1 thread", n);
    printf("size of the log\t%llu\t%llu\tbytes\n", (unsigned long long)size,
           (unsigned long long)size);
    store_commit(reader);
    store_reader_end(reader);
    store_close(store);
    remove_folder(folder);
}

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: durable FOLDER ROWS [crash|recover]\n");
        return 2;
    }
    folder = argv[1];
    n_rows = strtoull(argv[2], NULL, 10);
    if (argc > 3 && strcmp(argv[3], "crash") == 0) {
        remove_folder(folder);
        crash();
    } else if (argc > 3) {
        recover();
    } else {
        remove_folder(folder);
        mkdir(folder, 0700);
        measure_disk();
        measure_store(true, "random insert by 1,000, 1 thread");
        measure_store(false, "sequential insert by 1,000, 1 thread");
    }
    return 0;
}
