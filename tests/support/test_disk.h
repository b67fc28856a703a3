/*
 * What a disk may hold after a crash, from a recording of what was done to its files.
 *
 * The model, which is as hard as file systems with a journal allow and a little harder:
 *
 * - What was written to a file since it was last synced is on the disk or not, sector by sector of 512 bytes, in any order; a sector holds what one of the writes to it
 *   left there, or what was there before. A change of size is one of these changes. A sync of a file brings its content and size to the disk, not its name.
 * - What was done to names of a folder since it was last synced (creations, renames, deletions) is on the disk up to some point, in order, as a journal keeps it. Folders
 *   are independent of each other and of the content of files. A sync of the folder brings all of it to the disk.
 * - A page of a database is written whole or not at all, for all but its two header pages: disks keep 4096 bytes together, and the format has nothing to mend a page
 *   with. TEST_LOSS_PAGES_TORN gives that up, and then nothing more can be asked than that the damage is
 *   noticed; what the checksum of the format cannot notice is left out.
 */
#pragma once

#include "os/os_record.h"

#include <stdatomic.h>

/* ---- Recording */

typedef struct test_trace {
    ese_os_change *changes; /* their bytes and names are the trace's own */
    _Atomic size_t n;
    size_t capacity;
} test_trace;

void test_trace_start(test_trace *trace); /* empty, all zero */
void test_trace_stop(void);
size_t test_trace_length(const test_trace *trace); /* also while it is being recorded */
void test_trace_free(test_trace *trace);

/* ---- States */

typedef enum test_loss_kind {
    TEST_LOSS_NOTHING, /* everything up to the crash is there, as when only the process is killed */
    TEST_LOSS_ALL,     /* only what was synced is there */
    TEST_LOSS_SOME,    /* each change is there or not */
    TEST_LOSS_TORN,    /* each sector of each change is */
    TEST_LOSS_ONE,     /* one change is not there */
    TEST_LOSS_ALL_BUT_ONE,
    TEST_LOSS_FILE, /* what was done to one file is not there */
    TEST_LOSS_ALL_BUT_FILE,
    TEST_LOSS_LAST_TORN,  /* the newest change is there up to some sector */
    TEST_LOSS_PAGES_TORN, /* as TORN, for pages of databases, too */
    TEST_LOSS_KINDS
} test_loss_kind;

typedef struct test_loss {
    test_loss_kind kind;
    uint64_t seed;
} test_loss;

extern const char *const test_loss_names[TEST_LOSS_KINDS];

typedef struct test_disk test_disk;

/* Nothing has happened. The trace outlives the disk; page_size is that of the databases, "*.edb*". */
test_disk *test_disk_create(const test_trace *trace, uint32_t page_size);
void test_disk_free(test_disk *disk);

/* The files of the folder are there from the beginning. */
void test_disk_load(test_disk *disk, const char *folder);

/* The first `n` changes have happened; never fewer than before. */
void test_disk_advance(test_disk *disk, size_t n);

/* Changes that are not on the disk for sure. */
size_t test_disk_count_unsynced(const test_disk *disk);

/* Writes every file that a crash now would leave, to its path. The folders exist and are empty. */
void test_disk_materialise(const test_disk *disk, const test_loss *loss);

/* Removes every file of a folder. */
void test_disk_clear_folder(const char *folder);
