/*
 * Open files: reading, writing, growing.
 *
 * INV-1  `size` is never larger than the file while only this process changes it: it is raised after the bytes are there and lowered before they go.
 * INV-2  Who opens for writing holds the lock of the file before it changes a byte of it.
 * INV-3  The second descriptor, if there is one, is of the same file. It only ever writes; locks, sizes and syncs are matters of the first.
 */
#define _GNU_SOURCE       1 /* fallocate, O_DIRECT */
#define _FILE_OFFSET_BITS 64

#include "os/os_file.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

struct ese_os_file {
    int fd;        /* [const while it is open] -1: it is not */
    int direct_fd; /* [const] once others know the file; -1: none */
    _Atomic bool
        is_direct; /* [atomic: relaxed, a hint; who sees it too late is refused once more] */
    _Atomic uint64_t size; /* [atomic: relaxed, a number that orders nothing] */
    ese_os_file_id id;     /* [const while it is open] */
    char *path;            /* [const while it is open] */
    size_t path_room;      /* [const] bytes of the longest path, with its end */
};

enum { NEW_FILE_RIGHTS = 0666 }; /* less what the process masks out */

/* Never waits: opening a named pipe for reading would, until somebody writes to it. */
static JET_ERR
open_descriptor(const char *path, int flags, int *fd_out)
{
    int fd;

    if (path[0] == '\0')
        return ese_raise(JET_errInvalidPath, "the path of a file is empty");
    if (ese_fault_hit(ESE_FAULT_POINT_OPEN))
        return ese_raise(JET_errFileAccessDenied, "%s: cannot open: injected fault", path);
    do
        fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, NEW_FILE_RIGHTS);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOENT && (flags & O_CREAT) != 0)
        return ese_raise(JET_errInvalidPath, "%s: cannot create: there is no such folder", path);
    if (fd < 0)
        return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), path, "open", errno);
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
        return ese_os__raise(JET_errDiskIO, file->path, "inspect", errno);
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return ese_raise(JET_errFileAccessDenied, "%s: not a regular file", file->path);
    size = S_ISREG(status.st_mode) ? status.st_size : lseek(file->fd, 0, SEEK_END);
    if (size < 0)
        return ese_os__raise(JET_errDiskIO, file->path, "find the size", errno);
    atomic_store_explicit(&file->size, (uint64_t)size, memory_order_relaxed);
    file->id.device = (uint64_t)status.st_dev;
    file->id.inode = (uint64_t)status.st_ino;
    return JET_errSuccess;
}

JET_ERR
ese_os_file_prepare(const char *path, ese_os_file **file_out)
{
    JET_ERR err;
    ese_os_file *file = NULL;

    ESE_TRY(ese_alloc(sizeof *file, &file));
    file->fd = file->direct_fd = -1;
    file->path_room = strlen(path) + 1;
    ESE_TRY(ese_alloc_copy(path, file->path_room, &file->path));
    *file_out = file;
    file = NULL;
out:
    ese_os_file_close(&file);
    return err;
}

/* Opens what was prepared; the caller shuts it after a failure. */
static JET_ERR
open_prepared(ese_os_file *file, int flags)
{
    JET_ERR err;
    bool is_recorded = ese_os__record_begin();
    ese_os_change change = {.kind = ESE_OS_CHANGE_OPEN, .path = file->path};

    ESE_TRY(open_descriptor(file->path, flags, &file->fd));
    ESE_TRY(inspect(file));
    change.id = file->id;
out:
    ese_os__record_end(is_recorded, err >= JET_errSuccess ? &change : NULL);
    return err;
}

JET_ERR
ese_os_file_open(const char *path, ese_os_file **file_out)
{
    JET_ERR err;
    ese_os_file *file = NULL;

    ESE_TRY(ese_os_file_prepare(path, &file));
    ESE_TRY(open_prepared(file, O_RDONLY));
    *file_out = file;
    file = NULL;
out:
    ese_os_file_close(&file);
    return err;
}

/* The lock belongs to this opening of the file: a second opening for writing is refused in this process, too. */
static JET_ERR
lock(const ese_os_file *file)
{
    int rc;

    do
        rc = flock(file->fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0 || errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
        return JET_errSuccess; /* a file system without locks */
    if (errno == EWOULDBLOCK)
        return ese_raise(JET_errFileAccessDenied, "%s: open for writing elsewhere", file->path);
    return ese_os__raise(JET_errDiskIO, file->path, "lock", errno);
}

static JET_ERR
truncate_to(ese_os_file *file, uint64_t size)
{
    bool is_recorded = ese_os__record_begin();
    ese_os_change change = {.kind = ESE_OS_CHANGE_RESIZE, .id = file->id, .n = size};
    int rc;

    do
        rc = ftruncate(file->fd, (off_t)size);
    while (rc != 0 && errno == EINTR);
    ese_os__record_end(is_recorded, rc == 0 ? &change : NULL);
    if (rc != 0)
        return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), file->path, "resize", errno);
    return JET_errSuccess;
}

/* Takes the file over, once it is known to be ours: what it had goes, or its name does. */
static JET_ERR
settle(ese_os_file *file, ese_os_file_mode mode)
{
    JET_ERR err;

    ESE_TRY(lock(file));
    if (mode == ESE_OS_FILE_REPLACE || mode == ESE_OS_FILE_TEMPORARY) {
        ESE_TRY(truncate_to(file, 0));
        atomic_store_explicit(&file->size, 0, memory_order_relaxed);
    }
    if (mode == ESE_OS_FILE_TEMPORARY)
        ESE_TRY(ese_os_file_delete(file->path));
out:
    return err;
}

static JET_ERR
open_for(ese_os_file *file, ese_os_file_mode mode)
{
    static const int flags[] = {
        [ESE_OS_FILE_UPDATE] = O_RDWR,
        [ESE_OS_FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
        [ESE_OS_FILE_REPLACE] = O_RDWR | O_CREAT,
        [ESE_OS_FILE_TEMPORARY] = O_RDWR | O_CREAT,
    };
    JET_ERR err;

    ESE_TRY(open_prepared(file, flags[mode]));
    ESE_TRY(settle(file, mode));
out:
    return err;
}

JET_ERR
ese_os_file_reopen(ese_os_file *file, const char *path, ese_os_file_mode mode)
{
    size_t n = strlen(path) + 1;
    JET_ERR err;

    if (file->fd >= 0 || n > file->path_room)
        return ese_raise(JET_errInvalidParameter, "%s: no file was prepared for it", path);
    memcpy(file->path, path, n);
    err = open_for(file, mode);
    if (err < JET_errSuccess)
        ese_os_file_shut(file);
    return err;
}

JET_ERR
ese_os_file_open_for(const char *path, ese_os_file_mode mode, ese_os_file **file_out)
{
    JET_ERR err;
    ese_os_file *file = NULL;

    ESE_TRY(ese_os_file_prepare(path, &file));
    ESE_TRY(open_for(file, mode));
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
            return ese_os__raise(JET_errDiskIO, file->path, "read", errno);
        if (got == 0)
            return ese_raise(JET_errFileIOBeyondEOF, "%s: the file ends at offset %llu", file->path,
                             (unsigned long long)offset);
        at += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return JET_errSuccess;
}

static void
raise_size(ese_os_file *file, uint64_t size)
{
    uint64_t before = atomic_load_explicit(&file->size, memory_order_relaxed);

    while (before < size &&
           !atomic_compare_exchange_weak_explicit(&file->size, &before, size, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
}

/* ---- writing past the memory of the kernel */

void
ese_os_file_make_direct(ese_os_file *file)
{
    struct stat status;
    int fd = -1;

    if (file->direct_fd >= 0 || ese_fault_hit(ESE_FAULT_POINT_DIRECT))
        return;
    do
        fd = open(file->path, O_WRONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return;
    if (fstat(fd, &status) != 0 || (uint64_t)status.st_dev != file->id.device ||
        (uint64_t)status.st_ino != file->id.inode) {
        (void)close(fd); /* the name has become that of another file */
        return;
    }
    file->direct_fd = fd;
    atomic_store_explicit(&file->is_direct, true, memory_order_relaxed);
}

bool
ese_os_file_is_direct(const ese_os_file *file)
{
    return atomic_load_explicit(&file->is_direct, memory_order_relaxed);
}

static int
choose_descriptor(const ese_os_file *file, uint64_t offset, const uint8_t *from, size_t n)
{
    bool is_whole = ((offset | n | (uintptr_t)from) & (ESE_OS_FILE_BLOCK - 1)) == 0;

    return is_whole && ese_os_file_is_direct(file) && offset + n <= ese_os_file_size(file)
               ? file->direct_fd
               : file->fd;
}

static ssize_t
write_some(ese_os_file *file, uint64_t offset, const uint8_t *from, size_t n)
{
    int fd = choose_descriptor(file, offset, from, n);
    ssize_t put;

    if (fd == file->fd)
        return pwrite(fd, from, n, (off_t)offset);
    if (ese_fault_hit(ESE_FAULT_POINT_DIRECT)) {
        put = -1;
        errno = EINVAL;
    } else {
        put = pwrite(fd, from, n, (off_t)offset);
    }
    if (put >= 0 || (errno != EINVAL && errno != EOPNOTSUPP))
        return put;
    atomic_store_explicit(&file->is_direct, false, memory_order_relaxed);
    return pwrite(file->fd, from, n, (off_t)offset);
}

/* The part of the file that a failing write may have made it longer by is not used: `size` stays. */
static JET_ERR
write_bytes(ese_os_file *file, uint64_t offset, const uint8_t *from, size_t n)
{
    while (n != 0) {
        ssize_t put = write_some(file, offset, from, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), file->path, "write", errno);
        from += put;
        n -= (size_t)put;
        offset += (uint64_t)put;
    }
    return JET_errSuccess;
}

static JET_ERR
write_all(ese_os_file *file, uint64_t offset, const uint8_t *from, size_t n)
{
    bool is_recorded = ese_os__record_begin();
    ese_os_change change = {
        .kind = ESE_OS_CHANGE_WRITE, .id = file->id, .offset = offset, .n = n, .bytes = from};
    JET_ERR err = write_bytes(file, offset, from, n);

    ese_os__record_end(is_recorded, err >= JET_errSuccess ? &change : NULL);
    return err;
}

JET_ERR
ese_os_file_write(ese_os_file *file, uint64_t offset, const void *from, size_t n)
{
    JET_ERR err;

    if (ese_fault_hit(ESE_FAULT_POINT_WRITE))
        return ese_raise(JET_errDiskIO, "%s: cannot write: injected fault", file->path);
    if (offset > (uint64_t)INT64_MAX - n)
        return ese_raise(JET_errDiskFull, "%s: no file is that large", file->path);
    if (offset + n > ese_os_file_size(file) && ese_fault_hit(ESE_FAULT_POINT_DISK_FULL))
        return ese_raise(JET_errDiskFull, "%s: cannot write: injected fault", file->path);
    ESE_TRY(write_all(file, offset, from, n));
    raise_size(file, offset + n);
out:
    return err;
}

JET_ERR
ese_os_file_sync(ese_os_file *file)
{
    ese_os_change change = {.kind = ESE_OS_CHANGE_SYNC, .id = file->id};
    bool is_recorded;
    int rc;

    if (ese_fault_hit(ESE_FAULT_POINT_SYNC))
        return ese_raise(JET_errDiskIO, "%s: cannot sync: injected fault", file->path);
    is_recorded = ese_os__record_begin();
    do
        rc = fdatasync(file->fd);
    while (rc != 0 && errno == EINTR);
    ese_os__record_end(is_recorded, rc == 0 ? &change : NULL);
    if (rc != 0)
        return ese_os__raise(JET_errDiskIO, file->path, "sync", errno);
    return JET_errSuccess;
}

static JET_ERR
grow(ese_os_file *file, uint64_t from, uint64_t size)
{
    ese_os_change change = {.kind = ESE_OS_CHANGE_RESIZE, .id = file->id, .n = size};
    bool is_recorded;
    int rc;

    if (ese_fault_hit(ESE_FAULT_POINT_DISK_FULL))
        return ese_raise(JET_errDiskFull, "%s: cannot grow: injected fault", file->path);
    is_recorded = ese_os__record_begin();
    do
        rc = fallocate(file->fd, 0, (off_t)from, (off_t)(size - from));
    while (rc != 0 && errno == EINTR);
    ese_os__record_end(is_recorded, rc == 0 ? &change : NULL);
    if (rc == 0)
        return JET_errSuccess;
    if (errno == EOPNOTSUPP || errno == ENOSYS)
        return truncate_to(file, size);
    return ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), file->path, "grow", errno);
}

JET_ERR
ese_os_file_resize(ese_os_file *file, uint64_t size)
{
    JET_ERR err;
    uint64_t before = ese_os_file_size(file);

    if (size > (uint64_t)INT64_MAX)
        return ese_raise(JET_errDiskFull, "%s: no file is that large", file->path);
    if (size == before)
        return JET_errSuccess;
    if (size < before) {
        atomic_store_explicit(&file->size, size, memory_order_relaxed);
        err = truncate_to(file, size);
        if (err < JET_errSuccess)
            raise_size(file, before);
        return err;
    }
    err = grow(file, before, size);
    if (err >= JET_errSuccess)
        raise_size(file, size);
    else
        (void)truncate_to(file, before); /* gives back what it got until the disk was full */
    return err;
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
    return atomic_load_explicit(&file->size, memory_order_relaxed);
}

uint64_t
ese_os_file_disk_size(const ese_os_file *file)
{
    struct statvfs disk;

    if (fstatvfs(file->fd, &disk) != 0 || disk.f_blocks == 0 || disk.f_frsize == 0 ||
        disk.f_blocks > UINT64_MAX / disk.f_frsize)
        return UINT64_MAX;
    return (uint64_t)disk.f_blocks * disk.f_frsize;
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
ese_os_file_shut(ese_os_file *file)
{
    if (file->direct_fd >= 0)
        (void)close(file->direct_fd);
    if (file->fd >= 0)
        (void)close(file->fd); /* what has to stay was synced */
    file->fd = file->direct_fd = -1;
    atomic_store_explicit(&file->is_direct, false, memory_order_relaxed);
}

void
ese_os_file_close(ese_os_file **file_inout)
{
    ese_os_file *file = *file_inout;

    if (file == NULL)
        return;
    ese_os_file_shut(file);
    ese_free(&file->path);
    ese_free(file_inout);
}
