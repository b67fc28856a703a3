/*
 * Folders that JetBackup writes: an empty one; or, with JET_bitBackupAtomic, a folder "new" or "old" in it, in turn.
 *
 * INV-1  An atomic backup is put together in a folder of another name, and gets its own when all of it is on the disk. The one before goes only then.
 * INV-2  A backup that failed leaves nothing behind that was not there before, as far as files can be deleted.
 * INV-3  A log that is added to a backup gets its name when all of it is on the disk: a part of it would keep those before it from being read.
 */
#include "maint/maint_backup.h"

#include "base/alloc.h"
#include "base/growbuf.h"
#include "os/os_list.h"
#include "os/os_path.h"
#include "page/page.h"

enum { COPY_BYTES = 256 * 1024, NAMES_MAX = 1 << 24 };

static const char folder_new[] = "new", folder_old[] = "old", folder_making[] = "temp";
static const char log_making[] = "log.tmp";

struct ese_maint_backup_folder {
    ese_maint_backup_kind kind;
    char *root;        /* as the caller says */
    char *path;        /* where the files go */
    ese_growbuf names; /* of files that were made, with their NULs */
    bool is_finished;
};

/* ---- whole folders */

static JET_ERR
note_name(void *self, const char *name)
{
    (void)name;
    *(bool *)self = true;
    return JET_errSuccess;
}

static JET_ERR
check_empty(const char *path)
{
    bool has_any = false;
    JET_ERR err;

    ESE_TRY(ese_os_folder_list(path, note_name, &has_any));
    if (has_any)
        err = ese_raise(JET_errBackupDirectoryNotEmpty, "%s: a backup needs an empty folder", path);
out:
    return err;
}

static JET_ERR
delete_file(void *self, const char *name)
{
    char *path = NULL;
    JET_ERR err = ese_os_path_join(self, name, "", &path);

    if (err >= JET_errSuccess)
        err = ese_os_file_delete(path);
    ese_free(&path);
    return err;
}

/* A folder that is not there is fine. */
static JET_ERR
delete_folder(const char *root, const char *name)
{
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_join(root, name, "", &path));
    if (!ese_os_folder_exists(path))
        goto out;
    err = ese_os_folder_list(path, delete_file, path);
    if (err >= JET_errSuccess)
        err = ese_os_folder_delete(path);
    if (err < JET_errSuccess && err != JET_errOutOfMemory)
        err = ese_raise(JET_errDeleteBackupFileFail, "%s: an old backup cannot be deleted", path);
out:
    ese_free(&path);
    return err;
}

static bool
has_folder(const char *root, const char *name)
{
    char *path = NULL;
    bool has_it =
        ese_os_path_join(root, name, "", &path) >= JET_errSuccess && ese_os_folder_exists(path);

    ese_free(&path);
    return has_it;
}

/* ---- opening */

static JET_ERR
prepare_atomic(ese_maint_backup_folder *folder)
{
    JET_ERR err;

    if (!ese_os_folder_exists(folder->root))
        return ese_raise(JET_errMakeBackupDirectoryFail, "%s: there is no such folder",
                         folder->root);
    ESE_TRY(delete_folder(folder->root, folder_making));
    ESE_TRY(ese_os_path_join(folder->root, folder_making, "", &folder->path));
    err = ese_os_folder_create(folder->path);
    if (err < JET_errSuccess && err != JET_errOutOfMemory)
        err = ese_raise(JET_errMakeBackupDirectoryFail, "%s: cannot be made", folder->path);
out:
    return err;
}

static JET_ERR
prepare(ese_maint_backup_folder *folder)
{
    JET_ERR err;

    if (folder->kind == ESE_MAINT_BACKUP_ATOMIC)
        return prepare_atomic(folder);
    if (!ese_os_folder_exists(folder->root))
        return ese_raise(JET_errInvalidPath, "%s: there is no such folder", folder->root);
    if (folder->kind == ESE_MAINT_BACKUP_FULL)
        ESE_TRY(check_empty(folder->root));
    ESE_TRY(ese_alloc_copy(folder->root, strlen(folder->root) + 1, &folder->path));
out:
    return err;
}

JET_ERR
ese_maint_backup_folder_open(const char *path, ese_maint_backup_kind kind,
                             ese_maint_backup_folder **folder_out)
{
    ese_maint_backup_folder *folder = NULL;
    JET_ERR err;

    if (path[0] == '\0')
        path = ".";
    ESE_TRY(ese_alloc(sizeof *folder, &folder));
    folder->kind = kind;
    folder->names = ese_growbuf_make(NAMES_MAX);
    ESE_TRY(ese_alloc_copy(path, strlen(path) + 1, &folder->root));
    ESE_TRY(prepare(folder));
    *folder_out = folder;
    folder = NULL;
out:
    ese_maint_backup_folder_close(&folder);
    return err;
}

/* ---- adding files */

static JET_ERR
copy_into(ese_os_file *to, ese_maint_backup_file *file, const ese_maint_backup_watcher *watcher)
{
    uint8_t *bytes = NULL;
    uint64_t at = 0;
    size_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(COPY_BYTES, ESE_PAGE_SIZE_MIN, &bytes));
    for (;;) {
        ESE_TRY(ese_maint_backup_read(file, bytes, COPY_BYTES, &n));
        if (n == 0)
            break;
        ESE_TRY(ese_os_file_write(to, at, bytes, n));
        at += n;
        if (watcher != NULL)
            ESE_TRY(watcher->copied(watcher->self, n));
    }
    ESE_TRY(ese_os_file_sync(to));
out:
    ese_free(&bytes);
    return err;
}

/* What is added to a backup that is there gets its name later. */
static JET_ERR
open_target(ese_maint_backup_folder *folder, const char *name, ese_os_file **to_out)
{
    bool is_added = folder->kind == ESE_MAINT_BACKUP_INCREMENTAL;
    size_t n_before = folder->names.size;
    char *path = NULL;
    JET_ERR err;

    if (is_added)
        name = log_making;
    ESE_TRY(ese_os_path_join(folder->path, name, "", &path));
    ESE_TRY(ese_growbuf_append(&folder->names, name, strlen(name) + 1));
    err = ese_os_file_open_for(path, is_added ? ESE_OS_FILE_REPLACE : ESE_OS_FILE_CREATE, to_out);
    if (err < JET_errSuccess)
        folder->names.size = n_before; /* it is not ours */
    if (err == JET_errFileAlreadyExists)
        err =
            ese_raise(JET_errDatabaseDuplicate, "%s: two files of the backup have this name", path);
out:
    ese_free(&path);
    return err;
}

/* All of it is on the disk. One of that name may be there already: it is the same, or less of it. */
static JET_ERR
name_added(ese_maint_backup_folder *folder, const char *name)
{
    char *from = NULL, *to = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_join(folder->path, log_making, "", &from));
    ESE_TRY(ese_os_path_join(folder->path, name, "", &to));
    ESE_TRY(ese_os_file_rename(from, to));
    folder->names.size = 0;
out:
    ese_free(&to);
    ese_free(&from);
    return err;
}

JET_ERR
ese_maint_backup_folder_add(ese_maint_backup_folder *folder, const char *name,
                            ese_maint_backup_file *file, const ese_maint_backup_watcher *watcher)
{
    ese_os_file *to = NULL;
    JET_ERR err;

    ESE_TRY(open_target(folder, name, &to));
    ESE_TRY(copy_into(to, file, watcher));
    if (folder->kind == ESE_MAINT_BACKUP_INCREMENTAL)
        ESE_TRY(name_added(folder, name));
out:
    ese_os_file_close(&to);
    return err;
}

JET_ERR
ese_maint_backup_folder_add_patch(ese_maint_backup_folder *folder, const char *database_name)
{
    static const char extension[] = ".pat";
    const char *dot = strrchr(database_name, '.');
    const char *end = dot != NULL ? dot : strchr(database_name, '\0');
    size_t n = (size_t)(end - database_name);
    ese_os_file *to = NULL;
    char *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(n + sizeof extension, &name));
    memcpy(name, database_name, n);
    memcpy(name + n, extension, sizeof extension);
    ESE_TRY(open_target(folder, name, &to));
    ESE_TRY(ese_os_file_sync(to));
out:
    ese_os_file_close(&to);
    ese_free(&name);
    return err;
}

/* ---- the end */

/* The name of the backup before is free only after this one has the other name. */
static JET_ERR
promote(ese_maint_backup_folder *folder)
{
    bool is_new_taken = has_folder(folder->root, folder_new);
    const char *name = is_new_taken ? folder_old : folder_new;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_join(folder->root, name, "", &path));
    ESE_TRY(delete_folder(folder->root, name));
    ESE_TRY(ese_os_file_rename(folder->path, path));
    folder->is_finished = true;
    ESE_TRY(ese_os_folder_sync(path));
    ESE_TRY(delete_folder(folder->root, is_new_taken ? folder_new : folder_old));
out:
    ese_free(&path);
    return err;
}

JET_ERR
ese_maint_backup_folder_finish(ese_maint_backup_folder *folder)
{
    char *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_join(folder->path, ".", "", &name));
    ESE_TRY(ese_os_folder_sync(name));
    if (folder->kind == ESE_MAINT_BACKUP_ATOMIC)
        ESE_TRY(promote(folder));
    folder->is_finished = true;
out:
    ese_free(&name);
    return err;
}

static void
drop_files(ese_maint_backup_folder *folder)
{
    const char *names = (const char *)folder->names.data; /* NULL when there are none */

    for (size_t at = 0; at < folder->names.size; at += strlen(names + at) + 1)
        (void)delete_file(folder->path, names + at);
    if (folder->kind == ESE_MAINT_BACKUP_ATOMIC && folder->path != NULL)
        (void)ese_os_folder_delete(folder->path);
}

void
ese_maint_backup_folder_close(ese_maint_backup_folder **folder_inout)
{
    ese_maint_backup_folder *folder = *folder_inout;

    if (folder == NULL)
        return;
    if (!folder->is_finished)
        drop_files(folder);
    ese_growbuf_destroy(&folder->names);
    ese_free(&folder->root);
    ese_free(&folder->path);
    ese_free(folder_inout);
}

/* ---- finding a backup */

/* The newest generation of the folder, 0: there are no logs. */
static JET_ERR
newest_log(const char *path, const char *base, int32_t *newest_out)
{
    ese_log_set *set = NULL;
    JET_ERR err;

    *newest_out = 0;
    err = ese_log_set_open(path, base, &set);
    if (err == JET_errMissingLogFile || err == JET_errFileNotFound || err == JET_errInvalidPath)
        return JET_errSuccess;
    ESE_TRY(err);
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        int32_t generation = ese_log_set_member(set, i).generation;

        if (generation > *newest_out)
            *newest_out = generation;
    }
out:
    ese_log_set_close(&set);
    return err;
}

JET_ERR
ese_maint_backup_find(const char *path, const char *base, char **folder_out)
{
    const char *const names[] = {"", folder_new, folder_old};
    char *paths[3] = {NULL};
    int32_t newest[3] = {0};
    unsigned best = 0;
    JET_ERR err = JET_errSuccess;

    if (path[0] == '\0')
        path = ".";
    for (unsigned i = 0; i < 3; i++) {
        ESE_TRY(ese_os_path_join(path, names[i], "", &paths[i]));
        ESE_TRY(newest_log(paths[i], base, &newest[i]));
        if (newest[i] > newest[best] && newest[0] == 0)
            best = i;
    }
    if (newest[best] == 0) {
        err = ese_raise(JET_errFileNotFound, "%s: there is no backup with logs \"%s\"", path, base);
        goto out;
    }
    *folder_out = paths[best];
    paths[best] = NULL;
out:
    for (unsigned i = 0; i < 3; i++)
        ese_free(&paths[i]);
    return err;
}
