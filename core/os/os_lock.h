/* Locks on folders: who has one keeps others out, in this process and elsewhere, until it is given back or the process ends. Nothing is left in the folder. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

typedef struct ese_os_lock ese_os_lock;

/*
 * JET_errFileAccessDenied: somebody else has the lock. JET_errInvalidPath: there is no such folder. On a file system that cannot lock folders it
 * succeeds without keeping anybody out.
 */
JET_ERR ese_os_folder_lock(const char *path, ese_os_lock **lock_out);

/* NULL is fine; clears the pointer. */
void ese_os_folder_unlock(ese_os_lock **lock_inout);

/* Is `path` the folder that is locked, by whatever name? */
bool ese_os_lock_is_of(const ese_os_lock *lock, const char *path);
