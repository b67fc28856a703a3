/*
 * Reads a whole database through the API, as thoroughly as a program can: every table, row, column, long value and index, both ways, with
 * seeks. What it meets becomes facts, numbers that can be compared with those of the undamaged database; what damage must never lead to is
 * counted. Fails no test itself, so that fuzzers can use it.
 */
#pragma once

#include "esent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct test_reader {
    JET_INSTANCE instance; /* of the caller, begun */
    JET_SESID sesid;
    void *self;
    void (*fact)(void *self, uint64_t fact); /* NULL: nobody wants them */
    bool leaves_out_system_tables;
    unsigned detail_every; /* the values of one row of so many are read; 1 at first */

    /* What came of it. */
    size_t n_facts;
    size_t n_errors; /* calls that failed for a reason that damage may have */
    size_t
        n_strange; /* calls that failed for another reason, walks and seeks that contradict each other */
    size_t n_problems;      /* as told by ese_get_problem */
    JET_ERR first_error;    /* of n_errors */
    char error_text[400];   /* of the first error */
    char strange_text[400]; /* of the first strange thing */
} test_reader;

/* Begins an instance and a session that keep nothing on disk. False: that failed. */
bool test_reader_begin(test_reader *reader, size_t cache_bytes);
void test_reader_end(test_reader *reader);

/*
 * Attaches the file with `grbit` besides ESE_bitDbReader, reads it and detaches it; the counts begin at 0.
 * Returns what attaching returned.
 */
JET_ERR test_reader_read(test_reader *reader, const char *path, JET_GRBIT grbit);

/* An error that the bytes of a file may lead to. */
bool test_reader_is_damage(JET_ERR err);
