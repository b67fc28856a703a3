/* Locks on folders. */
#define _DEFAULT_SOURCE /* flock */

#include "os/os_lock.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct ese_os_lock {
    int fd;
    dev_t device;
    ino_t inode;
};

static bool
is_unsupported(int reason)
{
    return reason == ENOLCK || reason == EOPNOTSUPP || reason == ENOSYS || reason == EBADF ||
           reason == EINVAL;
}

static JET_ERR
lock_descriptor(int fd, const char *path)
{
    int rc;

    do
        rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0 || is_unsupported(errno))
        return JET_errSuccess;
    if (errno == EWOULDBLOCK)
        return ese_raise(JET_errFileAccessDenied, "%s: in use elsewhere", path);
    return ese_os__raise(JET_errDiskIO, path, "lock", errno);
}

JET_ERR
ese_os_folder_lock(const char *path, ese_os_lock **lock_out)
{
    struct stat status = {0};
    ese_os_lock *lock = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *lock, &lock));
    lock->fd = -1;
    if (ese_fault_hit(ESE_FAULT_POINT_OPEN))
        ESE_TRY(ese_raise(JET_errFileAccessDenied, "%s: cannot open: injected fault", path));
    do
        lock->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (lock->fd < 0 && errno == EINTR);
    if (lock->fd < 0 && errno == ENOENT)
        ESE_TRY(ese_raise(JET_errInvalidPath, "%s: there is no such folder", path));
    if (lock->fd < 0)
        ESE_TRY(ese_os__raise(ese_os__code_of(errno, JET_errDiskIO), path, "open", errno));
    if (fstat(lock->fd, &status) != 0)
        ESE_TRY(ese_os__raise(JET_errDiskIO, path, "inspect", errno));
    lock->device = status.st_dev;
    lock->inode = status.st_ino;
    ESE_TRY(lock_descriptor(lock->fd, path));
    *lock_out = lock;
    lock = NULL;
out:
    ese_os_folder_unlock(&lock);
    return err;
}

void
ese_os_folder_unlock(ese_os_lock **lock_inout)
{
    if (*lock_inout == NULL)
        return;
    if ((*lock_inout)->fd >= 0)
        (void)close((*lock_inout)->fd); /* the lock goes with it */
    ese_free(lock_inout);
}

bool
ese_os_lock_is_of(const ese_os_lock *lock, const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_dev == lock->device &&
           status.st_ino == lock->inode;
}
