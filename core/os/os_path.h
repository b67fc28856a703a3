/* Paths as text: their parts are put together and taken apart, and no file is looked at. */
#pragma once

#include "base/err.h"

/* "folder/namesuffix"; a folder that is "" or ends with a slash gets no other one. Freed with ese_free. JET_errOutOfMemory. */
JET_ERR ese_os_path_join(const char *folder, const char *name, const char *suffix, char **path_out);

/* What stands behind the last slash, in `path` itself. */
const char *ese_os_path_name(const char *path);

/* The path as seen from the root; freed with ese_free. JET_errInvalidPath, JET_errOutOfMemory. */
JET_ERR ese_os_path_full(const char *path, char **full_out);
