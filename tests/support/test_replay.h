/*
 * The proof of a log: repeated from the creation of a database on, it must make the same pages. Compared is all that a page means: not where its lines lie, nor its checksum, nor
 * the hint that a line has a version.
 */
#pragma once

#include "cache/cache.h"
#include "log/log_stream.h"
#include "page/page_dbheader.h"

/* A new stream in a folder of its own, with the record that creates a database at `path` (number 1). */
typedef struct test_log {
    char folder[64];
    ese_log_stream *stream;
    uint64_t create; /* where the creation stands */
} test_log;

void test_log_create(test_log *log, uint32_t page_size, const ese_signature *sign_db,
                     const char *path);

/* The record that ends the creation. */
void test_log_created(test_log *log);

void test_log_close(test_log *log); /* and removes it; fine on one that was never made */

void test_copy_file(const char *from, const char *to);

typedef struct test_replay_result {
    unsigned n_pages;     /* compared */
    unsigned n_different; /* of them; told by print_message */
    uint64_t n_records, n_redone, n_undone;
} test_replay_result;

/* Repeats the logs of a folder into a new file and compares it with the database at `path`, which was created in them and is on the disk. */
test_replay_result test_replay(const char *log_folder, const char *path);

/*
 * What if everything ended now? Repeats the log that is on the disk on the pages in the file `found` (`header` says what the header of the database would), and once more
 * into a new file: both must come out the same, whatever pages were written and whichever transactions were open.
 */
test_replay_result test_replay_crash(const test_log *log, const char *path, const char *found,
                                     const ese_dbheader *header);
