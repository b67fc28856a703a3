/* What files are called, and where they stand. */
#define _POSIX_C_SOURCE 200809L

#include "os/os_path.h"

#include "base/alloc.h"
#include "os/os_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FOLDER = 4096 };

/* With its NUL, over which the next text goes. */
static char *
put(char *at, const char *text)
{
    size_t n = strlen(text);

    memcpy(at, text, n + 1);
    return at + n;
}

JET_ERR
ese_os_path_join(const char *folder, const char *name, const char *suffix, char **path_out)
{
    char *path = NULL, *end;
    JET_ERR err;

    ESE_TRY(ese_alloc(strlen(folder) + strlen(name) + strlen(suffix) + 2, &path));
    end = put(path, folder);
    if (end != path && end[-1] != '/')
        *end++ = '/';
    end = put(end, name);
    (void)put(end, suffix);
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
