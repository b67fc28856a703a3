/* Files of a backup that a program reads: databases first, then logs. */
#include "api/api_external_backup.h"

#include "base/alloc.h"
#include "os/os_path.h"

enum { BUFFER_ALIGNMENT = 4096 };

/* ---- Finding ---- */

static ese_api__backup_database *
find_database(ese_api_backup *backup, const char *path)
{
    ese_os_file_id identity;
    const ese_os_file_id *known = ese_api_identify(path, &identity);

    for (unsigned i = 0; known != NULL && i < backup->n_databases; i++) {
        ese_os_file_id own = ese_os_file_identity(backup->databases[i].database->file);

        if (own.device == identity.device && own.inode == identity.inode)
            return &backup->databases[i];
    }
    return NULL;
}

/* A log of the backup that has this path; *own_out stays NULL when none has. */
static JET_ERR
find_log(const ese_api_backup *backup, const char *path, int32_t *generation_out, char **own_out)
{
    const char *base = ese_api__params_text(&backup->instance->params, JET_paramBaseName);
    ese_log_set *set = NULL;
    char *full = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_full(path, &full));
    ESE_TRY(ese_log_set_open(backup->instance->log->log_path, base, &set));
    for (unsigned i = 0; *own_out == NULL && i < ese_log_set_count(set); i++) {
        ese_log_member member = ese_log_set_member(set, i);

        if ((uint32_t)member.generation < backup->mark.generation_low ||
            (uint32_t)member.generation > backup->mark.generation_high ||
            strcmp(member.path, full) != 0)
            continue;
        ESE_TRY(ese_alloc_copy(member.path, strlen(member.path) + 1, own_out));
        *generation_out = member.generation;
    }
out:
    ese_log_set_close(&set);
    ese_free(&full);
    return err;
}

static ese_api__backup_handle *
find_handle(ese_api_backup *backup, JET_HANDLE number)
{
    ESE_LIST_FOREACH (node, &backup->handles) {
        ese_api__backup_handle *handle = ESE_LIST_ENTRY(node, ese_api__backup_handle, link);

        if (handle->number == number)
            return handle;
    }
    return NULL;
}

/* ---- Opening ---- */

static JET_ERR
open_database(ese_api_backup *backup, const char *path, ese_api__backup_handle *handle)
{
    handle->database = find_database(backup, path);
    if (handle->database == NULL)
        return ese_raise(JET_errDatabaseNotFound, "%s: no database of the backup", path);
    return ese_api__backup_open(backup, handle->database, &handle->file);
}

static JET_ERR
open_log(ese_api_backup *backup, const char *path, ese_api__backup_handle *handle)
{
    char *own = NULL;
    JET_ERR err;

    ESE_TRY(find_log(backup, path, &handle->generation, &own));
    if (own == NULL)
        ESE_TRY(ese_raise(JET_errFileNotFound, "%s: no log of the backup", path));
    ESE_TRY(ese_maint_backup_open_log(own, &handle->file));
out:
    ese_free(&own);
    return err;
}

/* Databases come before the logs: what is read later may need logs that are not in the list. */
static bool
is_too_late(ese_api_backup *backup, const char *path)
{
    return (backup->is_incremental || backup->state == ESE_API__BACKUP_LOGS) &&
           find_database(backup, path) != NULL;
}

static JET_ERR
open_file(ese_api_backup *backup, const char *path, ese_api__backup_handle **handle_out)
{
    ese_api__backup_handle *handle = NULL;
    JET_ERR err;

    if (is_too_late(backup, path)) {
        ese_api__backup_finish(backup, true);
        return ese_raise(JET_errInvalidBackupSequence,
                         "%s: the databases come before the logs; the backup has ended", path);
    }
    ESE_TRY(ese_alloc(sizeof *handle, &handle));
    ESE_TRY(backup->state == ESE_API__BACKUP_LOGS ? open_log(backup, path, handle)
                                                  : open_database(backup, path, handle));
    handle->number = ++backup->last_handle;
    ese_list_append(&backup->handles, &handle->link);
    *handle_out = handle;
    handle = NULL;
out:
    ese_free(&handle);
    return err;
}

JET_ERR JET_API
JetOpenFileInstanceA(JET_INSTANCE instance, JET_PCSTR szFileName, JET_HANDLE *phfFile,
                     uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh)
{
    ese_api__backup_handle *handle = NULL;
    ese_api__external call;
    JET_ERR err = ese_api__external_enter_going(instance, &call);

    if (err < JET_errSuccess)
        return err;
    if (szFileName == NULL || phfFile == NULL || pulFileSizeLow == NULL || pulFileSizeHigh == NULL)
        err = ese_raise(JET_errInvalidParameter, "a file to open needs a name, and places for its "
                                                 "handle and its size");
    else
        err = open_file(call.backup, szFileName, &handle);
    if (err >= JET_errSuccess) {
        uint64_t size = ese_maint_backup_size(handle->file);

        *phfFile = handle->number;
        *pulFileSizeLow = (uint32_t)size;
        *pulFileSizeHigh = (uint32_t)(size >> 32);
    }
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetOpenFileInstanceW(JET_INSTANCE instance, JET_PCWSTR szFileName, JET_HANDLE *phfFile,
                     uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh)
{
    char *path = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api_utf8_from_wide(szFileName, &path);
    if (err >= JET_errSuccess)
        err = JetOpenFileInstanceA(instance, path, phfFile, pulFileSizeLow, pulFileSizeHigh);
    ese_free(&path);
    return err;
}

JET_ERR JET_API
JetOpenFileA(JET_PCSTR szFileName, JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
             uint32_t *pulFileSizeHigh)
{
    return ese_api__is_multi()
               ? JET_errRunningInMultiInstanceMode
               : JetOpenFileInstanceA(0, szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh);
}

JET_ERR JET_API
JetOpenFileW(JET_PCWSTR szFileName, JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
             uint32_t *pulFileSizeHigh)
{
    return ese_api__is_multi()
               ? JET_errRunningInMultiInstanceMode
               : JetOpenFileInstanceW(0, szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh);
}

/* ---- Reading ---- */

static void
note_read(ese_api_backup *backup, const ese_api__backup_handle *handle)
{
    if (!ese_maint_backup_is_read(handle->file))
        return;
    if (handle->database != NULL)
        handle->database->high = ese_maint_backup_high(handle->file);
    else
        ese_api__backup_note_log(backup, handle->generation);
}

/* The buffer of a program must be such that pages can be read into it directly. */
static JET_ERR
read_file(ese_api_backup *backup, JET_HANDLE number, ese_bytes room, uint32_t *n_out)
{
    ese_api__backup_handle *handle = find_handle(backup, number);
    uint8_t *to = (uint8_t *)(uintptr_t)room.data;
    size_t n = 0;
    JET_ERR err;

    if (handle == NULL)
        return ese_raise(JET_errInvalidParameter, "no file of the backup has this handle");
    if (to == NULL || (uintptr_t)to % BUFFER_ALIGNMENT != 0 || room.size == 0 ||
        room.size % ese_maint_backup_unit(handle->file) != 0)
        return ese_raise(JET_errInvalidParameter,
                         "a file of a backup is read in whole pages, to a page of memory");
    ESE_TRY(ese_maint_backup_read(handle->file, to, room.size, &n));
    note_read(backup, handle);
    if (n_out != NULL)
        *n_out = (uint32_t)n;
out:
    return err;
}

JET_ERR JET_API
JetReadFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile, void *pv, uint32_t cb,
                    uint32_t *pcbActual)
{
    ese_api__external call;
    JET_ERR err = ese_api__external_enter_going(instance, &call);

    if (err >= JET_errSuccess)
        err = ese_api__external_leave(
            &call, read_file(call.backup, hfFile, (ese_bytes){pv, cb}, pcbActual));
    return err;
}

JET_ERR JET_API
JetReadFile(JET_HANDLE hfFile, void *pv, uint32_t cb, uint32_t *pcbActual)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetReadFileInstance(0, hfFile, pv, cb, pcbActual);
}

/* ---- Closing ---- */

JET_ERR JET_API
JetCloseFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile)
{
    ese_api__backup_handle *handle;
    ese_api__external call;
    JET_ERR err = ese_api__external_enter(instance, &call);

    if (err < JET_errSuccess)
        return err;
    handle = find_handle(call.backup, hfFile);
    if (handle != NULL) {
        ese_list_remove(&handle->link);
        ese_maint_backup_close(&handle->file);
        ese_free(&handle);
    } else {
        err = ese_raise(JET_errInvalidParameter, "no file of the backup has this handle");
    }
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetCloseFile(JET_HANDLE hfFile)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetCloseFileInstance(0, hfFile);
}
