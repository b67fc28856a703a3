/* JetBackup: databases and logs go into a folder in one call, while others read and write. */
#include "api/api_backup.h"

#include "base/alloc.h"
#include "os/os_path.h"

enum { UNIT = 4096 }; /* of what is told of progress */

/* One call. */
typedef struct work {
    ese_api_backup *backup;
    ese_maint_backup_folder *folder;
    JET_PFNSTATUS status;
    uint64_t n_done, n_total; /* bytes */
} work;

/* ---- Progress ---- */

static JET_ERR
tell(const work *w, JET_SNT snt, uint64_t n_done)
{
    uint64_t n_total = w->n_total / UNIT;
    JET_SNPROG progress = {.cbStruct = sizeof progress};
    JET_ERR err;

    if (w->status == NULL)
        return JET_errSuccess;
    n_done /= UNIT;
    progress.cunitTotal = n_total > INT32_MAX ? INT32_MAX : (uint32_t)n_total;
    progress.cunitDone = n_done > progress.cunitTotal ? progress.cunitTotal : (uint32_t)n_done;
    err = w->status(JET_sesidNil, JET_snpBackup, snt, &progress);
    return err < JET_errSuccess ? ese_raise(err, "the backup was ended") : JET_errSuccess;
}

static JET_ERR
note_copied(void *self, uint64_t n_bytes)
{
    work *w = self;

    if (atomic_load(&w->backup->is_stopped))
        return ese_raise(JET_errBackupAbortByServer, "the backup was stopped");
    w->n_done += n_bytes;
    return tell(w, JET_sntProgress, w->n_done);
}

/* What is to be copied as far as that is known at the begin. */
static void
estimate(work *w)
{
    const ese_api_backup *backup = w->backup;
    ese_api_log *log = backup->instance->log;
    uint32_t newest = (uint32_t)ese_log_stream_generation(log->stream).number;

    for (unsigned i = 0; !backup->is_incremental && i < backup->n_databases; i++)
        w->n_total += ese_os_file_size(backup->databases[i].database->file);
    w->n_total += (newest - backup->mark.generation_low + 1) * log->file_size;
}

/* ---- Files ---- */

static JET_ERR
copy_database(work *w, ese_api__backup_database *item)
{
    const ese_maint_backup_watcher watcher = {w, note_copied};
    const char *name = ese_os_path_name(item->database->full_path);
    ese_maint_backup_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_api__backup_open(w->backup, item, &file));
    ESE_TRY(ese_maint_backup_folder_add_patch(w->folder, name));
    ESE_TRY(ese_maint_backup_folder_add(w->folder, name, file, &watcher));
    item->high = ese_maint_backup_high(file);
out:
    ese_maint_backup_close(&file);
    return err;
}

static JET_ERR
copy_log(work *w, int32_t generation)
{
    const ese_maint_backup_watcher watcher = {w, note_copied};
    ese_log_stream *stream = w->backup->instance->log->stream;
    ese_maint_backup_file *file = NULL;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_log_stream_path(stream, generation, &path));
    ESE_TRY(ese_maint_backup_open_log(path, &file));
    ESE_TRY(ese_maint_backup_folder_add(w->folder, ese_os_path_name(path), file, &watcher));
    ese_api__backup_note_log(w->backup, generation);
out:
    ese_maint_backup_close(&file);
    ese_free(&path);
    return err;
}

static JET_ERR
copy_all(work *w)
{
    ese_api_backup *backup = w->backup;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; !backup->is_incremental && i < backup->n_databases; i++)
        ESE_TRY(copy_database(w, &backup->databases[i]));
    ESE_TRY(ese_api__backup_close_log(backup));
    for (uint32_t generation = backup->mark.generation_low;
         generation <= backup->mark.generation_high; generation++)
        ESE_TRY(copy_log(w, (int32_t)generation));
    ESE_TRY(ese_maint_backup_folder_finish(w->folder));
out:
    return err;
}

/* ---- The call ---- */

static ese_maint_backup_kind
kind_of(JET_GRBIT grbit)
{
    if (grbit & JET_bitBackupIncremental)
        return ESE_MAINT_BACKUP_INCREMENTAL;
    return grbit & JET_bitBackupAtomic ? ESE_MAINT_BACKUP_ATOMIC : ESE_MAINT_BACKUP_FULL;
}

/* An atomic backup lies in a folder of its own, to which nothing is added. */
static JET_ERR
check_options(const char *path, JET_GRBIT grbit)
{
    const JET_GRBIT known = JET_bitBackupIncremental | JET_bitBackupAtomic;

    if ((grbit & known) == known)
        return ese_raise(JET_errInvalidPath,
                         "%s: an incremental backup adds to the folder it is given", path);
    if (grbit & ~known)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)(grbit & ~known));
    return JET_errSuccess;
}

static JET_ERR
run(work *w)
{
    JET_ERR err;

    estimate(w);
    ESE_TRY(tell(w, JET_sntBegin, 0));
    ESE_TRY(copy_all(w));
    ESE_TRY(ese_api__backup_register(w->backup));
    ESE_TRY(ese_api__backup_truncate(w->backup));
    ESE_TRY(tell(w, JET_sntComplete, w->n_total));
out:
    return err;
}

static JET_ERR
back_up(ese_api_instance *instance, const char *path, JET_GRBIT grbit, JET_PFNSTATUS status)
{
    const ese_api__backup_begin how = {.is_internal = true,
                                       .is_incremental = (grbit & JET_bitBackupIncremental) != 0};
    work w = {.status = status};
    JET_ERR err, wrong;

    if (ese_api__backup_is_running(instance))
        return ese_raise(JET_errBackupInProgress, "another backup has not ended yet");
    ESE_TRY(ese_api__backup_check(instance, how.is_incremental));
    wrong = check_options(path, grbit);
    if (wrong != JET_errInvalidGrbit) /* unknown options come after what is wrong with the folder */
        ESE_TRY(wrong);
    ESE_TRY(ese_maint_backup_folder_open(path, kind_of(grbit), &w.folder));
    ESE_TRY(wrong);
    ESE_TRY(ese_api__backup_start(instance, &how, &w.backup));
    err = run(&w);
    ese_api__backup_finish(w.backup, err < JET_errSuccess);
out:
    ese_maint_backup_folder_close(&w.folder);
    return err;
}

JET_ERR JET_API
JetBackupInstanceA(JET_INSTANCE handle, JET_PCSTR szBackupPath, JET_GRBIT grbit,
                   JET_PFNSTATUS pfnStatus)
{
    ese_api_instance *instance = NULL;
    JET_ERR err = ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave_instance(
        instance, back_up(instance, szBackupPath != NULL ? szBackupPath : "", grbit, pfnStatus));
}

JET_ERR JET_API
JetBackupInstanceW(JET_INSTANCE handle, JET_PCWSTR szBackupPath, JET_GRBIT grbit,
                   JET_PFNSTATUS pfnStatus)
{
    char *path = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api_utf8_from_wide(szBackupPath, &path);
    if (err >= JET_errSuccess)
        err = JetBackupInstanceA(handle, path, grbit, pfnStatus);
    ese_free(&path);
    return err;
}

JET_ERR JET_API
JetBackupA(JET_PCSTR szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetBackupInstanceA(0, szBackupPath, grbit, pfnStatus);
}

JET_ERR JET_API
JetBackupW(JET_PCWSTR szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetBackupInstanceW(0, szBackupPath, grbit, pfnStatus);
}
