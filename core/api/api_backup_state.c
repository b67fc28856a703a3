/*
 * What all ways to a streaming backup have in common: when one may begin, which logs belong to it, what is said of it afterwards.
 *
 * INV-1  The oldest log of a backup is the one that recovery would have started with when the backup began: pages are copied later, so nothing older is needed.
 * INV-2  Its newest log is whole: a new one was begun when the last database had been read.
 */
#include "api/api_backup.h"

#include "base/alloc.h"
#include "log/log_time.h"

enum {
    READ_LOGS_MAX = 1 << 28,
};

ese_api_backup *
ese_api__backup_of(ese_api_instance *instance)
{
    ese_api_backup *backup;

    (void)ese_api__registry_lock();
    backup = instance->backup;
    ese_api__registry_unlock();
    return backup;
}

bool
ese_api__backup_is_running(ese_api_instance *instance)
{
    ese_api_backup *backup = ese_api__backup_of(instance);

    return backup != NULL && atomic_load(&backup->is_running);
}

/* Makes it when it is needed first. */
static JET_ERR
backup_for(ese_api_instance *instance, ese_api_backup **backup_out)
{
    ese_api_backup *backup = NULL;
    JET_ERR err = JET_errSuccess;

    (void)ese_api__registry_lock();
    if (instance->backup == NULL) {
        err = ese_alloc(sizeof *backup, &backup);
        if (err >= JET_errSuccess) {
            backup->instance = instance;
            ese_os_mutex_init(&backup->lock);
            ese_list_init(&backup->handles);
            backup->read_logs = ese_growbuf_make(READ_LOGS_MAX);
            instance->backup = backup;
        }
    }
    *backup_out = instance->backup;
    ese_api__registry_unlock();
    return err;
}

void
ese_api__backup_destroy(ese_api_backup **backup_inout)
{
    ese_api_backup *backup = *backup_inout;

    if (backup == NULL)
        return;
    ese_growbuf_destroy(&backup->read_logs);
    ese_os_mutex_destroy(&backup->lock);
    ese_free(backup_inout);
}

/* ---- Records ---- */

static JET_ERR
tell_log(const ese_api_backup *backup, uint8_t phase, uint8_t dbid, const ese_log_backup_mark *mark)
{
    ese_log_entry entry = {
        .type = ESE_LOG_BACKUP2,
        .dbid = dbid,
        .u.backup = {.phase = phase,
                     .scope =
                         backup->is_incremental ? ESE_LOG_BACKUP_INCREMENTAL : ESE_LOG_BACKUP_FULL},
    };

    if (mark != NULL)
        entry.u.backup.mark = *mark;
    return ese_log_stream_append_entry(backup->instance->log->stream, &entry, NULL, NULL);
}

/* ---- Beginning ---- */

static uint32_t
last_backed_up(const ese_dbheader *fields)
{
    uint32_t full = ese_maint_backup_info_load(fields->backup_full_prev).generation_high;
    uint32_t incremental = ese_maint_backup_info_load(fields->backup_inc_prev).generation_high;

    if (full == 0)
        return 0;
    return full > incremental ? full : incremental;
}

/* Is there a backup of the database that the logs from `oldest` on continue? */
static JET_ERR
check_incremental(ese_api_database *database, int32_t oldest)
{
    ese_api_header header;
    uint32_t last;

    ese_api_database_header_copy(database, &header);
    last = last_backed_up(&header.fields);
    if (last == 0)
        return ese_raise(JET_errMissingFullBackup, "%s: no full backup was made yet",
                         ese_api_database_path(database));
    if ((uint32_t)oldest > last + 1)
        return ese_raise(JET_errMissingFileToBackup,
                         "%s: the last backup ended with generation 0x%X, and the oldest log is "
                         "of 0x%X",
                         ese_api_database_path(database), (unsigned)last, (unsigned)oldest);
    return JET_errSuccess;
}

/* Holds: order. */
static JET_ERR
check_locked(const ese_api_instance *instance, bool is_incremental)
{
    ese_api_log *log = instance->log;
    JET_ERR err = JET_errSuccess;

    if (is_incremental && ese_api_instance_param(instance, JET_paramCircularLog) != 0)
        return ese_raise(JET_errInvalidBackup,
                         "logs that are deleted one after the other make no incremental backup");
    for (unsigned i = 1; is_incremental && i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] != NULL)
            ESE_TRY(check_incremental(log->databases[i], ese_log_stream_oldest(log->stream)));
    }
out:
    return err;
}

static JET_ERR
check_logging(const ese_api_instance *instance)
{
    if (instance->log == NULL)
        return ese_raise(JET_errLoggingDisabled, "an instance without a log makes no backup");
    return JET_errSuccess;
}

JET_ERR
ese_api__backup_check(ese_api_instance *instance, bool is_incremental)
{
    JET_ERR err = check_logging(instance);

    if (err < JET_errSuccess)
        return err;
    ese_os_mutex_lock(&instance->log->order);
    err = check_locked(instance, is_incremental);
    ese_os_mutex_unlock(&instance->log->order);
    return err;
}

static void
smallest_needed(ese_api_database *database, uint32_t *low_inout)
{
    ese_api_header header;

    ese_api_database_header_copy(database, &header);
    if (header.fields.gen_min_required != 0 && header.fields.gen_min_required < *low_inout)
        *low_inout = header.fields.gen_min_required;
}

/* Holds: order, so no checkpoint and no database comes in between. */
static void
note_begin(ese_api_backup *backup)
{
    ese_api_log *log = backup->instance->log;
    ese_lgpos checkpoint = ese_log_lgpos_of(ese_log_stream_checkpoint(log->stream));
    uint32_t low = (uint32_t)(checkpoint.generation > 0 ? checkpoint.generation : 1);

    backup->n_databases = 0;
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] == NULL)
            continue;
        smallest_needed(log->databases[i], &low);
        backup->databases[backup->n_databases++] =
            (ese_api__backup_database){.database = log->databases[i]};
    }
    if (backup->is_incremental)
        low = (uint32_t)ese_log_stream_oldest(log->stream);
    backup->mark = (ese_log_backup_mark){
        .mark = ese_log_lgpos_of(ese_log_stream_tip(log->stream)),
        .generation_low = low,
    };
    ese_log_time_now(backup->mark.time);
    backup->is_truncated = false;
    ese_growbuf_clear(&backup->read_logs);
    atomic_store(&backup->is_stopped, false);
    ese_log_stream_hold(log->stream, (int32_t)low);
}

/* Holds: order. Takes: backup. */
static JET_ERR
begin_locked(ese_api_backup *backup, const ese_api__backup_begin *how)
{
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&backup->lock);
    if (backup->state != ESE_API__BACKUP_IDLE)
        ESE_TRY(ese_raise(JET_errBackupInProgress, "another backup has not ended yet"));
    ESE_TRY(check_locked(backup->instance, how->is_incremental));
    backup->is_incremental = how->is_incremental;
    note_begin(backup);
    err = tell_log(backup, ESE_LOG_BACKUP_BEGIN, 0, NULL);
    if (err >= JET_errSuccess) {
        backup->state = how->is_internal ? ESE_API__BACKUP_INTERNAL : ESE_API__BACKUP_DATABASES;
        atomic_store(&backup->is_running, true);
    } else {
        ese_log_stream_hold(backup->instance->log->stream, 0);
    }
out:
    ese_os_mutex_unlock(&backup->lock);
    return err;
}

JET_ERR
ese_api__backup_start(ese_api_instance *instance, const ese_api__backup_begin *how,
                      ese_api_backup **backup_out)
{
    ese_api_backup *backup = NULL;
    JET_ERR err;

    ESE_TRY(check_logging(instance));
    ESE_TRY(backup_for(instance, &backup));
    ese_os_mutex_lock(&instance->log->order);
    err = begin_locked(backup, how);
    ese_os_mutex_unlock(&instance->log->order);
    if (err >= JET_errSuccess)
        *backup_out = backup;
out:
    return err;
}

/* ---- Databases ---- */

static ese_log_generation
newest(void *self)
{
    return ese_log_stream_generation(self);
}

/* The header as it would be written now; the page is freed with ese_free. */
static JET_ERR
copy_header(ese_api_database *database, ese_dbheader *fields_out, uint8_t **page_out)
{
    JET_ERR err;

    ese_os_mutex_lock(&database->header_lock);
    *fields_out = database->header.fields;
    err = ese_alloc_copy(database->header_page, fields_out->page_size, page_out);
    ese_os_mutex_unlock(&database->header_lock);
    /* Relaxed: recovery raises what is too low here. */
    fields_out->dbtime = atomic_load_explicit(&database->log.dbtime, memory_order_relaxed);
    fields_out->objid_last = atomic_load_explicit(&database->log.objid_last, memory_order_relaxed);
    return err;
}

JET_ERR
ese_api__backup_open(ese_api_backup *backup, const ese_api__backup_database *database,
                     ese_maint_backup_file **file_out)
{
    ese_maint_backup_database what = {
        .file = database->database->file,
        .mark = backup->mark,
        .newest = newest,
        .self = backup->instance->log->stream,
    };
    uint8_t *page = NULL;
    JET_ERR err;

    ESE_TRY(copy_header(database->database, &what.fields, &page));
    what.header = page;
    ESE_TRY(ese_maint_backup_open_database(&what, file_out));
out:
    ese_free(&page);
    return err;
}

/* ---- Logs ---- */

JET_ERR
ese_api__backup_close_log(ese_api_backup *backup)
{
    ese_log_stream *stream = backup->instance->log->stream;
    size_t n;
    JET_ERR err;

    ESE_TRY(ese_log_stream_roll(stream));
    backup->mark.generation_high = (uint32_t)ese_log_stream_generation(stream).number - 1;
    backup->logs_at = ese_log_stream_tip(stream);
    ese_log_time_now(backup->logs_time);
    n = backup->mark.generation_high - backup->mark.generation_low + 1;
    ESE_TRY(ese_growbuf_reserve(&backup->read_logs, n));
    memset(backup->read_logs.data, 0, n);
    backup->read_logs.size = n;
    ESE_TRY(tell_log(backup, ESE_LOG_BACKUP_LOGS, 0, NULL));
out:
    return err;
}

void
ese_api__backup_note_log(ese_api_backup *backup, int32_t generation)
{
    uint32_t index = (uint32_t)generation - backup->mark.generation_low;

    if (index < backup->read_logs.size)
        backup->read_logs.data[index] = 1;
}

static bool
has_all_logs(const ese_api_backup *backup)
{
    for (size_t i = 0; i < backup->read_logs.size; i++) {
        if (backup->read_logs.data[i] == 0)
            return false;
    }
    return backup->read_logs.size != 0;
}

bool
ese_api__backup_is_complete(const ese_api_backup *backup)
{
    for (unsigned i = 0; !backup->is_incremental && i < backup->n_databases; i++) {
        if (backup->databases[i].high == 0)
            return false;
    }
    return has_all_logs(backup);
}

/* What a database that this backup has not read still needs of the logs, for its last backup to be of use. */
static void
keep_for_others(const ese_api__backup_database *database, uint32_t *from_inout)
{
    ese_api_header header;
    uint32_t last;

    if (database->high != 0)
        return;
    ese_api_database_header_copy(database->database, &header);
    last = last_backed_up(&header.fields);
    if (last + 1 < *from_inout)
        *from_inout = last + 1;
}

int32_t
ese_api__backup_keep_from(ese_api_backup *backup)
{
    ese_lgpos checkpoint =
        ese_log_lgpos_of(ese_log_stream_checkpoint(backup->instance->log->stream));
    uint32_t from = backup->mark.generation_high + 1;

    if ((uint32_t)checkpoint.generation < from)
        from = (uint32_t)checkpoint.generation;
    for (unsigned i = 0; !backup->is_incremental && i < backup->n_databases; i++)
        keep_for_others(&backup->databases[i], &from);
    return (int32_t)from;
}

JET_ERR
ese_api__backup_truncate(ese_api_backup *backup)
{
    ese_log_stream *stream = backup->instance->log->stream;
    JET_ERR err;

    if (!has_all_logs(backup))
        return ese_raise(JET_errLogFileNotCopied, "not all logs of the backup were read");
    ESE_TRY(tell_log(backup, ESE_LOG_BACKUP_TRUNCATE, 0, NULL));
    ese_log_stream_hold(stream, 0); /* they were copied */
    err = ese_log_stream_truncate(stream, ese_api__backup_keep_from(backup));
    backup->is_truncated = err >= JET_errSuccess;
out:
    return err;
}

/* ---- What is said of it ---- */

static void
say_backed_up(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const ese_api_backup *backup = how;

    if (backup->is_incremental) {
        ese_maint_backup_info_store(fields->backup_inc_prev, &backup->mark);
        ese_store_le32(page + ESE_DBHEADER_TYPE_INCREMENTAL, 0);
    } else {
        ese_maint_backup_info_store(fields->backup_full_prev, &backup->mark);
        memset(fields->backup_inc_prev, 0, sizeof fields->backup_inc_prev);
        memset(page + ESE_DBHEADER_BACKUP_DIFF, 0, ESE_DBHEADER_BACKUP_SIZE);
        ese_store_le32(page + ESE_DBHEADER_TYPE_FULL, 0);
    }
}

static void
tell_checkpoint(const ese_api_backup *backup)
{
    ese_log_backup_marks marks = {0};
    ese_lgpos *lgpos = backup->is_incremental ? &marks.incremental : &marks.full;

    *lgpos = ese_log_lgpos_of(backup->logs_at);
    memcpy(backup->is_incremental ? marks.incremental_time : marks.full_time, backup->logs_time,
           sizeof backup->logs_time);
    ese_log_stream_set_backup(backup->instance->log->stream, &marks);
}

JET_ERR
ese_api__backup_register(ese_api_backup *backup)
{
    JET_ERR err = JET_errSuccess;

    if (backup->is_incremental) { /* its moment is that of its logs */
        backup->mark.mark = ese_log_lgpos_of(backup->logs_at);
        memcpy(backup->mark.time, backup->logs_time, sizeof backup->mark.time);
    }
    for (unsigned i = 0; i < backup->n_databases; i++) {
        ese_api_database *database = backup->databases[i].database;

        ESE_TRY(tell_log(backup, ESE_LOG_BACKUP_HEADER, (uint8_t)database->slot, &backup->mark));
        ESE_TRY(ese_api__log_header_tell(database, say_backed_up, backup));
    }
    tell_checkpoint(backup);
out:
    return err;
}

/* ---- The end ---- */

static void
close_handles(ese_api_backup *backup)
{
    ESE_LIST_FOREACH_SAFE (node, after, &backup->handles) {
        ese_api__backup_handle *handle = ESE_LIST_ENTRY(node, ese_api__backup_handle, link);

        ese_list_remove(&handle->link);
        ese_maint_backup_close(&handle->file);
        ese_free(&handle);
    }
}

/* The record is for people: when it cannot be written, something else tells so. */
void
ese_api__backup_finish(ese_api_backup *backup, bool is_abort)
{
    ese_api_log *log = backup->instance->log;

    close_handles(backup);
    (void)tell_log(backup, is_abort ? ESE_LOG_BACKUP_ABORT : ESE_LOG_BACKUP_STOP, 0, NULL);
    ese_log_stream_hold(log->stream, 0);
    backup->state = ESE_API__BACKUP_IDLE;
    atomic_store(&backup->is_running, false);
    backup->n_databases = 0;
    ese_growbuf_clear(&backup->read_logs);
}

void
ese_api__backup_end(ese_api_instance *instance)
{
    ese_api_backup *backup = ese_api__backup_of(instance);

    if (backup == NULL)
        return;
    ese_os_mutex_lock(&backup->lock);
    if (backup->state != ESE_API__BACKUP_IDLE)
        ese_api__backup_finish(backup, true);
    ese_os_mutex_unlock(&backup->lock);
}
