/* Folders are read by the names in them. */
#define _POSIX_C_SOURCE 200809L

#include "os/os_list.h"

#include "base/fault.h"
#include "os/os_private.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

JET_ERR
ese_os_folder_list(const char *path, JET_ERR (*visit)(void *self, const char *name), void *self)
{
    JET_ERR err = JET_errSuccess;
    struct dirent *entry;
    DIR *folder;

    if (ese_fault_hit(ESE_FAULT_POINT_OPEN))
        return ese_raise(JET_errFileAccessDenied, "%s: cannot open: injected fault", path);
    folder = opendir(path);
    if (folder == NULL)
        return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), path, "open", errno);
    while (err >= JET_errSuccess) {
        errno = 0;
        entry = readdir(folder); /* NOLINT(concurrency-mt-unsafe): the stream is this call's own */
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = visit(self, entry->d_name);
    }
    if (err >= JET_errSuccess && errno != 0)
        err = ese_os__raise(JET_errDiskIO, path, "list", errno);
    (void)closedir(folder);
    return err;
}
