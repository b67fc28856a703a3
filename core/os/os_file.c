#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64

#include "os/os_file.h"

#include "base/alloc.h"
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

struct ese_os_file {
    int fd;
    uint64_t size;
    ese_os_file_id id;
    char *path;
};

enum { MAX_REASON = 128 };

/* Raises `code` with the system's reason for errno `reason`. */
static JET_ERR
raise_reason(JET_ERR code, const char *path, const char *action, int reason)
{
    char text[MAX_REASON] = "";

    if (strerror_r(reason, text, sizeof text) != 0 || text[0] == '\0')
        return ese_raise(code, "%s: cannot %s: error %d", path, action, reason);
    return ese_raise(code, "%s: cannot %s: %s", path, action, text);
}

static JET_ERR
code_of_open(int reason)
{
    switch (reason) {
    case ENOENT: return JET_errFileNotFound;
    case EACCES:
    case EPERM:
    case EISDIR:
    case ENXIO: /* a socket, or a device that is not there */ return JET_errFileAccessDenied;
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP: return JET_errInvalidPath;
    case ENOMEM: return JET_errOutOfMemory;
    case EMFILE:
    case ENFILE: return JET_errOutOfFileHandles;
    default: return JET_errDiskIO;
    }
}

/* Never waits: opening a named pipe for reading would, until somebody writes to it. */
static JET_ERR
open_descriptor(const char *path, int *fd_out)
{
    int fd;

    if (path[0] == '\0')
        return ese_raise(JET_errInvalidPath, "the path of a file is empty");
    if (ese_fault_hit(ESE_FAULT_POINT_OPEN))
        return ese_raise(JET_errFileAccessDenied, "%s: cannot open: injected fault", path);
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return raise_reason(code_of_open(errno), path, "open", errno);
    *fd_out = fd;
    return JET_errSuccess;
}

/* Size and identity; refuses what has no fixed size to read at any offset. */
static JET_ERR
inspect(ese_os_file *file)
{
    struct stat status;
    off_t size;

    if (fstat(file->fd, &status) != 0)
        return raise_reason(JET_errDiskIO, file->path, "inspect", errno);
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return ese_raise(JET_errFileAccessDenied, "%s: not a regular file", file->path);
    size = S_ISREG(status.st_mode) ? status.st_size : lseek(file->fd, 0, SEEK_END);
    if (size < 0)
        return raise_reason(JET_errDiskIO, file->path, "find the size", errno);
    file->size = (uint64_t)size;
    file->id.device = (uint64_t)status.st_dev;
    file->id.inode = (uint64_t)status.st_ino;
    return JET_errSuccess;
}

JET_ERR
ese_os_file_open(const char *path, ese_os_file **file_out)
{
    JET_ERR err;
    ese_os_file *file = NULL;

    ESE_TRY(ese_alloc(sizeof *file, &file));
    file->fd = -1;
    ESE_TRY(ese_alloc_copy(path, strlen(path) + 1, &file->path));
    ESE_TRY(open_descriptor(path, &file->fd));
    ESE_TRY(inspect(file));
    *file_out = file;
    file = NULL;
out:
    ese_os_file_close(&file);
    return err;
}

JET_ERR
ese_os_file_read(ese_os_file *file, uint64_t offset, void *to, size_t n)
{
    uint8_t *at = to;

    if (ese_fault_hit(ESE_FAULT_POINT_READ))
        return ese_raise(JET_errDiskIO, "%s: cannot read: injected fault", file->path);
    if (offset > (uint64_t)INT64_MAX - n)
        return ese_raise(JET_errFileIOBeyondEOF, "%s: no such offset", file->path);
    while (n != 0) {
        ssize_t got = pread(file->fd, at, n, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return raise_reason(JET_errDiskIO, file->path, "read", errno);
        if (got == 0)
            return ese_raise(JET_errFileIOBeyondEOF, "%s: the file ends at offset %llu", file->path,
                             (unsigned long long)offset);
        at += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return JET_errSuccess;
}

void
ese_os_file_prefetch(ese_os_file *file, uint64_t offset, size_t n)
{
    if (n != 0 && offset <= (uint64_t)INT64_MAX - n) /* a length of 0 would mean all the rest */
        (void)posix_fadvise(file->fd, (off_t)offset, (off_t)n, POSIX_FADV_WILLNEED);
}

uint64_t
ese_os_file_size(const ese_os_file *file)
{
    return file->size;
}

const char *
ese_os_file_path(const ese_os_file *file)
{
    return file->path;
}

ese_os_file_id
ese_os_file_identity(const ese_os_file *file)
{
    return file->id;
}

void
ese_os_file_close(ese_os_file **file_inout)
{
    ese_os_file *file = *file_inout;

    if (file == NULL)
        return;
    if (file->fd >= 0)
        (void)close(file->fd); /* nothing was written, so nothing can be lost */
    ese_free(&file->path);
    ese_free(file_inout);
}
