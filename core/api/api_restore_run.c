/*
 * The work of a restore: logs and databases come to their places, then recovery repeats what the logs tell and ends the run, so that the databases are clean and the
 * log goes on behind those of the backup.
 *
 * INV-1  While it goes on every call on the instance, and on the session that the status function is given, answers JET_errRestoreInProgress.
 * INV-2  A restore that fails deletes what it has copied. The backup is only read.
 */
#include "api/api_restore.h"

#include "base/alloc.h"
#include "os/os_lock.h"
#include "os/os_path.h"

enum { UNIT = 4096, BUFFER_SIZE = 1 << 20, MAPS_MAX = 64 };

JET_ERR
ese_api__restore_add(ese_api__restore *restore, const ese_api__restore_item *item)
{
    JET_ERR err;

    if (restore->n_items == MAPS_MAX)
        return ese_raise(JET_errTooManyAttachedDatabases, "too many databases to restore");
    ESE_TRY(ese_realloc((restore->n_items + 1) * sizeof *restore->items, &restore->items));
    restore->items[restore->n_items++] = *item;
out:
    return err;
}

JET_ERR
ese_api__restore_folder(const char *path, bool may_make, char **full_out)
{
    size_t n;
    JET_ERR err;

    ESE_TRY(ese_os_path_full(path[0] == '\0' ? "." : path, full_out));
    n = strlen(*full_out);
    while (n > 1 && (*full_out)[n - 1] == '/')
        (*full_out)[--n] = '\0';
    if (may_make)
        ESE_TRY(ese_os_folder_create(*full_out));
    else if (!ese_os_folder_exists(*full_out))
        err = ese_raise(JET_errInvalidPath, "\"%s\": there is no such folder", *full_out);
out:
    return err;
}

static void
free_items(ese_api__restore *restore)
{
    for (unsigned i = 0; i < restore->n_items; i++) {
        ese_free(&restore->items[i].from);
        ese_free(&restore->items[i].to);
        ese_free(&restore->items[i].logged);
    }
    ese_free(&restore->items);
    restore->n_items = 0;
}

/* ---- Progress ---- */

static JET_ERR
tell(ese_api__restore *restore, JET_SNT snt, uint64_t n_done)
{
    JET_SNPROG progress = {.cbStruct = sizeof progress};
    uint64_t n_total = restore->n_total / UNIT;

    if (restore->status == NULL)
        return JET_errSuccess;
    n_done /= UNIT;
    progress.cunitTotal = n_total > INT32_MAX ? INT32_MAX : (uint32_t)n_total;
    progress.cunitDone = n_done > progress.cunitTotal ? progress.cunitTotal : (uint32_t)n_done;
    restore->refusal = restore->status(restore->session->handle, JET_snpRestore, snt, &progress);
    return restore->refusal < JET_errSuccess ? restore->refusal : JET_errSuccess;
}

static JET_ERR
note_copied(void *self, uint64_t n_bytes)
{
    ese_api__restore *restore = self;

    restore->n_done += n_bytes;
    return tell(restore, JET_sntProgress, restore->n_done);
}

/* Of recovery: `done` of `total` logs. */
static bool
note_redone(void *self, const char *phase, uint64_t done, uint64_t total)
{
    ese_api__restore *restore = self;
    uint64_t n_redo = restore->n_total - restore->n_done;

    (void)phase;
    if (total == 0 || done > total)
        done = total = 1;
    return tell(restore, JET_sntProgress, restore->n_done + n_redo / total * done) >=
           JET_errSuccess;
}

/* ---- Copying ---- */

static JET_ERR
check_items(ese_api__restore *restore)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < restore->n_items; i++) {
        const ese_api__restore_item *item = &restore->items[i];
        ese_maint_restore_database database;

        ESE_TRY(ese_maint_restore_check(item->from != NULL ? item->from : item->to, restore->logs,
                                        &database));
        if (item->from != NULL)
            restore->n_total += database.size;
    }
    restore->n_total += 2 * ese_maint_restore_log_bytes(restore->logs);
out:
    return err;
}

static JET_ERR
copy_items(ese_api__restore *restore)
{
    const ese_maint_backup_watcher watcher = {restore, note_copied};
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < restore->n_items; i++) {
        ese_api__restore_item *item = &restore->items[i];

        if (item->from == NULL)
            continue;
        err = ese_maint_restore_copy(item->from, item->to, &watcher);
        item->is_copied = err != JET_errInvalidPath && err != JET_errFileAccessDenied;
        ESE_TRY(err);
        ESE_TRY(ese_os_folder_sync(item->to));
    }
    ESE_TRY(ese_maint_restore_copy_logs(restore->logs, &watcher));
out:
    return err;
}

static void
drop_items(const ese_api__restore *restore)
{
    for (unsigned i = 0; i < restore->n_items; i++) {
        if (restore->items[i].is_copied)
            (void)ese_os_file_delete(restore->items[i].to);
    }
}

/* What was there tells of a database that is not there any more. */
static JET_ERR
delete_checkpoint(const ese_api__restore *restore)
{
    static const char *const extensions[] = {".chk", ".jcp"};
    char *path = NULL;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < 2; i++) {
        ESE_TRY(ese_os_path_join(restore->system_folder, restore->base, extensions[i], &path));
        err = ese_os_file_delete(path);
        if (err != JET_errFileNotFound)
            ESE_TRY(err);
        ese_free(&path);
    }
    err = JET_errSuccess;
out:
    ese_free(&path);
    return err;
}

/* ---- Recovery ---- */

static ese_log_stream_options
stream_options(const ese_api__restore *restore)
{
    const ese_api_instance *instance = restore->instance;

    return (ese_log_stream_options){
        .folder = restore->log_folder,
        .system_folder = restore->system_folder,
        .base = restore->base,
        .buffer_size = BUFFER_SIZE,
        .names = (uint32_t)ese_api_instance_param(instance, JET_paramLegacyFileNames),
        .is_circular = ese_api_instance_param(instance, JET_paramCircularLog) != 0,
    };
}

static JET_ERR
recover(ese_api__restore *restore)
{
    const ese_log_stream_options stream = stream_options(restore);
    const ese_recovery_watcher watcher = {restore, note_redone};
    ese_recovery_map maps[MAPS_MAX] = {{.from = NULL}};
    ese_recovery_report report;
    ese_recovery_options options = {
        .log_folder = restore->log_folder,
        .system_folder = restore->system_folder,
        .base = restore->base,
        .maps = maps,
        .n_maps = restore->n_items,
        .flags = ESE_RECOVERY_RESTORE | ESE_RECOVERY_IGNORE_MISSING_DATABASES,
        .page_size = (uint32_t)ese_api_instance_param(restore->instance, JET_paramDatabasePageSize),
        .cache_bytes = ese_api__cache_limit(restore->instance),
        .watcher = &watcher,
    };
    JET_ERR err;

    for (unsigned i = 0; i < restore->n_items; i++) {
        maps[i].from = restore->items[i].logged;
        maps[i].to = restore->items[i].to;
    }
    err = ese_recovery_restore(&options, &stream, &report);
    ese_recovery_report_clear(&report);
    if (err == JET_errTermInProgress && restore->refusal < JET_errSuccess)
        err = restore->refusal;
    return err;
}

/* Another instance, here or elsewhere, has these folders for itself. */
static JET_ERR
lock_folder(const char *path, JET_ERR taken, ese_os_lock **lock_out)
{
    JET_ERR err = ese_os_folder_lock(path, lock_out);

    if (err == JET_errFileAccessDenied)
        err = ese_raise(taken, "%s: an instance has this folder in use", path);
    return err;
}

static JET_ERR
lock_folders(const ese_api__restore *restore, ese_os_lock *locks[2])
{
    JET_ERR err;

    ESE_TRY(lock_folder(restore->log_folder, JET_errLogFilePathInUse, &locks[0]));
    if (!ese_os_lock_is_of(locks[0], restore->system_folder))
        ESE_TRY(lock_folder(restore->system_folder, JET_errSystemPathInUse, &locks[1]));
out:
    return err;
}

static JET_ERR
run(ese_api__restore *restore, JET_ERR (*prepare)(ese_api__restore *restore, const void *how),
    const void *how)
{
    const ese_maint_restore_places places = {
        .base = restore->base,
        .backup_folder = restore->source,
        .low = restore->low,
        .high = restore->high,
        .log_folder = restore->log_folder,
        .more_folder = restore->more_folder,
    };
    ese_os_lock *locks[2] = {NULL};
    JET_ERR err;

    ESE_TRY(lock_folders(restore, locks));
    ESE_TRY(ese_maint_restore_open_logs(&places, &restore->logs));
    if (prepare != NULL)
        ESE_TRY(prepare(restore, how));
    ESE_TRY(check_items(restore));
    ESE_TRY(tell(restore, JET_sntBegin, 0));
    ESE_TRY(copy_items(restore));
    ESE_TRY(delete_checkpoint(restore));
    ESE_TRY(recover(restore));
    ESE_TRY(tell(restore, JET_sntComplete, restore->n_total));
out:
    if (err < JET_errSuccess)
        drop_items(restore);
    ese_maint_restore_close_logs(&restore->logs);
    ese_os_folder_unlock(&locks[1]);
    ese_os_folder_unlock(&locks[0]);
    return err;
}

/* ---- The instance meanwhile ---- */

/* Nothing can be done with it but to be told that a restore goes on. */
static JET_ERR
begin_session(ese_api__restore *restore)
{
    ese_api_session *session = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *session, &session));
    session->instance = restore->instance;
    ESE_TRY(ese_api__handle_create(ESE_API__SESSION, session, restore->instance->handle,
                                   &session->handle));
    restore->session = session;
    ese_api__handle_give_back(session->handle);
    session = NULL;
out:
    ese_free(&session);
    return err;
}

/* Somebody may be about to be refused with it. */
static void
end_session(ese_api__restore *restore)
{
    ese_api_session *session;

    while (ese_api__handle_take(restore->session->handle, &session) < JET_errSuccess)
        ese_os_yield();
    ese_api__handle_retire(session->handle);
    ese_free(&restore->session);
}

JET_ERR
ese_api__restore_run(ese_api_instance *instance, ese_api__restore *restore,
                     JET_ERR (*prepare)(ese_api__restore *restore, const void *how),
                     const void *how)
{
    JET_ERR err;

    restore->instance = instance;
    err = begin_session(restore);
    if (err >= JET_errSuccess) {
        err = run(restore, prepare, how);
        end_session(restore);
    }
    free_items(restore);
    return err;
}

JET_ERR
ese_api__restore_admit(ese_api_instance *instance)
{
    switch ((ese_api__state)atomic_load(&instance->state)) {
    case ESE_API__CREATED: atomic_store(&instance->state, ESE_API__RESTORING); return 0;
    case ESE_API__STARTING: return JET_errInitInProgress;
    case ESE_API__TERMINATING: return JET_errTermInProgress;
    case ESE_API__RESTORING: return JET_errRestoreInProgress;
    default: return JET_errAlreadyInitialized;
    }
}
