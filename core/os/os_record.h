/*
 * Who watches what the engine does to the file system: tests that build the states in which a crash may leave it.
 *
 * INV-1  Changes are told in the order in which they happen, over all threads: a change and its telling are one step behind one lock.
 * INV-2  Nobody watches: a change costs one relaxed load more. What only reads is never told, but for openings, which say what file an identity stands for.
 */
#pragma once

#include "os/os_file.h"

typedef enum ese_os_change_kind {
    ESE_OS_CHANGE_OPEN,        /* id, path; the file was made if there was none */
    ESE_OS_CHANGE_WRITE,       /* id, offset, bytes, n */
    ESE_OS_CHANGE_RESIZE,      /* id, n: the new size */
    ESE_OS_CHANGE_SYNC,        /* id: content and size are on the disk */
    ESE_OS_CHANGE_RENAME,      /* path, to */
    ESE_OS_CHANGE_DELETE,      /* path */
    ESE_OS_CHANGE_FOLDER_SYNC, /* path: of the folder */
} ese_os_change_kind;

/* Everything it points to lives as long as the call. */
typedef struct ese_os_change {
    ese_os_change_kind kind;
    ese_os_file_id id; /* may be given to another file when this one has no name and is closed */
    const char *path;
    const char *to;
    uint64_t offset;
    uint64_t n;
    const void *bytes;
} ese_os_change;

/* `changed` calls nothing of this folder that changes files. */
typedef struct ese_os_recorder {
    void *self;
    void (*changed)(void *self, const ese_os_change *change);
} ese_os_recorder;

/* Copied; one at a time. NULL: nobody any more, and the last call has returned. */
void ese_os_record(const ese_os_recorder *recorder);
