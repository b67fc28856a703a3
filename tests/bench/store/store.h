/*
 * What the same benchmark asks of different stores: a key of 8 bytes, a value of 100, optionally two numbers of the value indexed.
 * A store stops the program when something fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_VALUE = 100 };

typedef struct store store;   /* an open database */
typedef struct reader reader; /* one thread's access to it */

typedef struct store_options {
    const char *folder;
    size_t cache_bytes;
    bool has_indexes; /* two numbers of each value are indexed: its bytes 0 to 7 and 8 to 15 */
    bool is_durable;  /* what is committed is on the disk */
    bool
        keeps_log; /* durable: nothing is brought from the log to the files, so that a crash leaves all of it to do */
    bool is_there; /* opens what a crash has left, and brings it up to date */
} store_options;

/* Opens a new, empty database, or with is_there one that is not. */
store *store_open(const store_options *options);
void store_close(store *store); /* everything is in the files afterwards */

/* A reader can write too; one thread uses it. */
reader *store_reader(store *store);
void store_reader_end(reader *reader);

void store_begin(reader *reader, bool is_write);
void store_commit(reader *reader);
void store_insert(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE]);
void store_replace(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE]);

/* Copies the value; false when there is none. */
bool store_get(reader *reader, uint64_t key, uint8_t value[STORE_VALUE]);

/* Reads `n` rows from the first with a key >= `from` on; returns the sum of the first bytes of their values. */
uint64_t store_scan(reader *reader, uint64_t from, unsigned n);
