/* What files are called, and where they stand. */
#define _POSIX_C_SOURCE 200809L

#include "os/os_path.h"

#include "base/alloc.h"
#include "os/os_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FOLDER = 4096 };

JET_ERR
ese_os_path_join(const char *folder, const char *name, const char *suffix, char **path_out)
{
    size_t n = strlen(folder), m = strlen(name), k = strlen(suffix);
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(n + m + k + 2, &path));
    memcpy(path, folder, n);
    if (n != 0 && folder[n - 1] != '/')
        path[n++] = '/';
    memcpy(path + n, name, m);
    memcpy(path + n + m, suffix, k + 1);
    *path_out = path;
out:
    return err;
}

const char *
ese_os_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

JET_ERR
ese_os_path_full(const char *path, char **full_out)
{
    char folder[MAX_FOLDER] = "";

    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return ese_os__raise(JET_errInvalidPath, path, "find the folder of", errno);
    return ese_os_path_join(folder, path, "", full_out);
}
