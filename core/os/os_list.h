/* What is in a folder. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/*
 * Calls `visit` for the name of everything in the folder but "." and "..", in no order; an error of it ends the walk and is returned.
 * JET_errFileNotFound: there is no such folder; JET_errInvalidPath: it is none; JET_errFileAccessDenied, JET_errOutOfMemory, JET_errDiskIO.
 */
JET_ERR ese_os_folder_list(const char *path, JET_ERR (*visit)(void *self, const char *name),
                           void *self);
