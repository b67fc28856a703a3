/*
 * Files. An open file never changes its identity: the path is kept for messages only.
 * All functions may be called from any thread at the same time.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ese_os_file ese_os_file;

enum { ESE_OS_FILE_BLOCK = 4096 };

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

typedef enum ese_os_file_mode {
    ESE_OS_FILE_UPDATE,    /* an existing file, for reading and writing */
    ESE_OS_FILE_CREATE,    /* a new file; JET_errFileAlreadyExists */
    ESE_OS_FILE_REPLACE,   /* a new file in the place of what there is */
    ESE_OS_FILE_TEMPORARY, /* as REPLACE, and the name is gone at once: nothing stays after a crash */
} ese_os_file_mode;

/*
 * Opens `path` for writing, too, and locks it against other processes that do so (JET_errFileAccessDenied). Errors as
 * ese_os_file_open, and JET_errDiskFull, JET_errFileAlreadyExists.
 */
JET_ERR ese_os_file_open_for(const char *path, ese_os_file_mode mode, ese_os_file **file_out);

/*
 * The same in two steps, for who must not meet a lack of memory when a file is opened: `prepare` gets all the memory that is needed for `path` or a shorter one, and the file is not
 * open. `reopen` opens a file that is not; when it fails, the file can be tried again. `shut` closes it, and keeps the memory; fine when it is not open.
 */
JET_ERR ese_os_file_prepare(const char *path, ese_os_file **file_out);
JET_ERR ese_os_file_reopen(ese_os_file *file, const char *path, ese_os_file_mode mode);
void ese_os_file_shut(ese_os_file *file);

/* Reads exactly `n` bytes. JET_errFileIOBeyondEOF when the file ends before, JET_errDiskIO otherwise. */
JET_ERR ese_os_file_read(ese_os_file *file, uint64_t offset, void *to, size_t n);

/* Writes exactly `n` bytes; the file grows when they lie behind its end. JET_errDiskFull, JET_errDiskIO. */
JET_ERR ese_os_file_write(ese_os_file *file, uint64_t offset, const void *from, size_t n);

/*
 * From now on whole blocks (address, offset and size are multiples of ESE_OS_FILE_BLOCK) that lie within the file are written past the memory of the kernel, if the file
 * system can: so no end of this process leaves such a write half done, which the kernel may do with others. Everybody reads what was written at once; what is to survive
 * the machine is synced as ever. Who writes other things beside them, and while others do, may find that a later sync fails: the kernel then has, of the same place, something newer to keep that it cannot
 * drop. So all that is written to such a file while it is in use are whole blocks. Never fails. Of a file that is open for writing, before other threads know it; `ese_os_file_path` is still its name.
 */
void ese_os_file_make_direct(ese_os_file *file);
bool ese_os_file_is_direct(
    const ese_os_file *file); /* false, too, once the file system has refused such a write */

/* What was written is on the disk. JET_errDiskIO: nobody knows what is. */
JET_ERR ese_os_file_sync(ese_os_file *file);

/*
 * Grows (new bytes are zero; room for them is set aside where the file system can, so that later writes do not find the disk
 * full) or cuts off. JET_errDiskFull: the size is as before.
 */
JET_ERR ese_os_file_resize(ese_os_file *file, uint64_t size);

/* Names. JET_errFileNotFound, JET_errFileAccessDenied, JET_errInvalidPath, JET_errFileAlreadyExists, JET_errDiskIO. */
JET_ERR ese_os_file_delete(const char *path);
JET_ERR ese_os_file_rename(const char *from, const char *to); /* replaces `to` */
JET_ERR ese_os_folder_sync(const char *path_of_file_in_it);   /* the names in it are on the disk */
bool ese_os_folder_exists(const char *path);
JET_ERR ese_os_folder_create(const char *path); /* and those above it; fine when it is there */
JET_ERR ese_os_folder_delete(const char *path); /* JET_errFileAlreadyExists: it is not empty */
bool ese_os_file_may_write(const char *path);   /* by its permissions */

/* Tells the kernel that the range is wanted soon; never fails. */
void ese_os_file_prefetch(ese_os_file *file, uint64_t offset, size_t n);

uint64_t ese_os_file_size(const ese_os_file *file); /* as of the last open, write or resize here */
/* What a disk like the one of the file holds at most; UINT64_MAX: it does not tell. */
uint64_t ese_os_file_disk_size(const ese_os_file *file);
const char *ese_os_file_path(const ese_os_file *file);
ese_os_file_id ese_os_file_identity(const ese_os_file *file);

/* NULL is fine; clears the pointer. */
void ese_os_file_close(ese_os_file **file_inout);
