/* Names of files and the folders they stand in; and what the system's refusals mean. */
#define _POSIX_C_SOURCE 200809L

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_file.h"
#include "os/os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_REASON = 128, MAX_FOLDER = 4096 };

/* ---- refusals */

JET_ERR
ese_os__raise(JET_ERR code, const char *path, const char *action, int reason)
{
    char text[MAX_REASON] = "";

    if (strerror_r(reason, text, sizeof text) != 0 || text[0] == '\0')
        return ese_raise(code, "%s: cannot %s: error %d", path, action, reason);
    return ese_raise(code, "%s: cannot %s: %s", path, action, text);
}

JET_ERR
ese_os__code_of(int reason, JET_ERR otherwise)
{
    switch (reason) {
    case ENOENT: return JET_errFileNotFound;
    case EEXIST:
    case ENOTEMPTY: return JET_errFileAlreadyExists;
    case EACCES:
    case EPERM:
    case EISDIR:
    case EROFS:
    case EBUSY:
    case ETXTBSY:
    case EBADF: /* open for reading only */
    case ENXIO: /* a socket, or a device that is not there */ return JET_errFileAccessDenied;
    case ENOTDIR:
    case ENAMETOOLONG:
    case EXDEV:
    case ELOOP: return JET_errInvalidPath;
    case ENOMEM: return JET_errOutOfMemory;
    case EMFILE:
    case ENFILE: return JET_errOutOfFileHandles;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return JET_errDiskFull;
    default: return otherwise;
    }
}

/* ---- names */

JET_ERR
ese_os_file_delete(const char *path)
{
    bool is_recorded = ese_os__record_begin();
    ese_os_change change = {.kind = ESE_OS_CHANGE_DELETE, .path = path};
    int reason = unlink(path) != 0 ? errno : 0;

    ese_os__record_end(is_recorded, reason == 0 ? &change : NULL);
    if (reason != 0)
        return ese_os__raise(ese_os__code_of(reason, JET_errDiskIO), path, "delete", reason);
    return JET_errSuccess;
}

JET_ERR
ese_os_file_rename(const char *from, const char *to)
{
    ese_os_change change = {.kind = ESE_OS_CHANGE_RENAME, .path = from, .to = to};
    bool is_recorded;
    int reason;

    if (ese_fault_hit(ESE_FAULT_POINT_RENAME))
        return ese_raise(JET_errDiskIO, "%s: cannot rename: injected fault", from);
    is_recorded = ese_os__record_begin();
    reason = rename(from, to) != 0 ? errno : 0;
    ese_os__record_end(is_recorded, reason == 0 ? &change : NULL);
    if (reason != 0)
        return ese_os__raise(ese_os__code_of(reason, JET_errDiskIO), from, "rename", reason);
    return JET_errSuccess;
}

/* The path of the folder that `path` stands in. */
static JET_ERR
copy_folder(const char *path, char folder[MAX_FOLDER])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);

    if (n >= MAX_FOLDER)
        return ese_raise(JET_errInvalidPath, "%s: the path is too long", path);
    memcpy(folder, path, n);
    if (n == 0)
        folder[n++] = slash == NULL ? '.' : '/';
    folder[n] = '\0';
    return JET_errSuccess;
}

/* Allocates nothing: a log that begins needs it. */
JET_ERR
ese_os_folder_sync(const char *path_of_file_in_it)
{
    JET_ERR err;
    char folder[MAX_FOLDER];
    ese_os_change change = {.kind = ESE_OS_CHANGE_FOLDER_SYNC, .path = folder};
    bool is_recorded;
    int fd = -1, rc;

    if (ese_fault_hit(ESE_FAULT_POINT_SYNC))
        return ese_raise(JET_errDiskIO, "%s: cannot sync the folder: injected fault",
                         path_of_file_in_it);
    ESE_TRY(copy_folder(path_of_file_in_it, folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        err = ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), folder, "open", errno);
        goto out;
    }
    is_recorded = ese_os__record_begin();
    do
        rc = fsync(fd);
    while (rc != 0 && errno == EINTR);
    ese_os__record_end(is_recorded, rc == 0 ? &change : NULL);
    if (rc != 0 && errno != EINVAL && errno != ENOTSUP) /* some file systems need no such thing */
        err = ese_os__raise(JET_errDiskIO, folder, "sync", errno);
out:
    if (fd >= 0)
        (void)close(fd);
    return err;
}

/* One folder, `path` up to `n` bytes; the rest of the bytes stay. */
static JET_ERR
create_one(char *path, size_t n)
{
    char rest = path[n];
    JET_ERR err = JET_errSuccess;

    path[n] = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        err = ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), path, "create", errno);
    path[n] = rest;
    return err == JET_errFileNotFound ? JET_errInvalidPath : err;
}

JET_ERR
ese_os_folder_create(const char *path)
{
    char *copy = NULL;
    JET_ERR err = ese_alloc_copy(path, strlen(path) + 1, &copy);

    for (size_t i = 1; err >= JET_errSuccess && path[0] != '\0'; i++) {
        bool is_end = copy[i] == '\0';

        if ((is_end || copy[i] == '/') && copy[i - 1] != '/')
            err = create_one(copy, i);
        if (is_end)
            break;
    }
    ese_free(&copy);
    if (err >= JET_errSuccess && path[0] != '\0' && !ese_os_folder_exists(path))
        err = ese_raise(JET_errInvalidPath, "%s: not a folder", path);
    return err;
}

JET_ERR
ese_os_folder_delete(const char *path)
{
    if (rmdir(path) != 0)
        return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), path, "delete", errno);
    return JET_errSuccess;
}

bool
ese_os_file_may_write(const char *path)
{
    return access(path, W_OK) == 0;
}

bool
ese_os_folder_exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}
