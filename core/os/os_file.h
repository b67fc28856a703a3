/*
 * Files, opened read-only. An open file never changes its identity: the path is kept for messages only.
 * All functions may be called from any thread at the same time.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ese_os_file ese_os_file;

/* What tells two names of one file apart from two files. */
typedef struct ese_os_file_id {
    uint64_t device;
    uint64_t inode;
} ese_os_file_id;

/*
 * Opens `path` (UTF-8) for reading. JET_errFileNotFound, JET_errFileAccessDenied (also for a directory or
 * anything that is not a regular file or block device), JET_errInvalidPath, JET_errOutOfMemory, JET_errDiskIO.
 */
JET_ERR ese_os_file_open(const char *path, ese_os_file **file_out);

/* Reads exactly `n` bytes. JET_errFileIOBeyondEOF when the file ends before, JET_errDiskIO otherwise. */
JET_ERR ese_os_file_read(ese_os_file *file, uint64_t offset, void *to, size_t n);

/* Tells the kernel that the range is wanted soon; never fails. */
void ese_os_file_prefetch(ese_os_file *file, uint64_t offset, size_t n);

uint64_t ese_os_file_size(const ese_os_file *file); /* as found at open */
const char *ese_os_file_path(const ese_os_file *file);
ese_os_file_id ese_os_file_identity(const ese_os_file *file);

/* NULL is fine; clears the pointer. */
void ese_os_file_close(ese_os_file **file_inout);
