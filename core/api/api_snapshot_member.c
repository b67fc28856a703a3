/* What a snapshot asks of each of its instances, and says in their headers and logs. */
#include "api/api_snapshot.h"

#include "log/log_time.h"

enum {
    KIND_SNAPSHOT = 1, /* in headers and records */
    TIME_IS_SNAPSHOT = 1,
};

/* ---- Freezing ---- */

JET_ERR
ese_api__snapshot_pin(ese_api__snapshot_member *m)
{
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_enter_instance(m->handle, ESE_API_CLOSING, &instance));
    if (instance->log == NULL || ese_api__backup_is_running(instance)) {
        err = ese_raise(JET_errOSSnapshotNotAllowed,
                        instance->log == NULL ? "an instance without a log cannot be frozen"
                                              : "a backup is under way");
        err = ese_api_leave_instance(instance, err);
        goto out;
    }
    m->instance = instance;
out:
    return err;
}

void
ese_api__snapshot_unpin(ese_api__snapshot_member *m)
{
    (void)ese_api_leave_instance(m->instance, JET_errSuccess);
    m->instance = NULL;
}

static void
say_frozen(ese_dbheader *fields, uint8_t *page, const void *how)
{
    (void)fields;
    ese_maint_backup_info_store(page + ESE_DBHEADER_BACKUP_SNAPSHOT, how);
}

JET_ERR
ese_api__snapshot_mark(ese_api__snapshot_member *m)
{
    ese_api_log *log = m->instance->log;
    ese_lgpos checkpoint;
    JET_ERR err;

    ESE_TRY(ese_log_stream_flush(log->stream));
    ese_os_mutex_lock(&log->order);
    checkpoint = ese_log_lgpos_of(ese_log_stream_checkpoint(log->stream));
    m->mark = (ese_log_backup_mark){
        .mark = ese_log_lgpos_of(ese_log_stream_tip(log->stream)),
        .generation_low = (uint32_t)checkpoint.generation,
        .generation_high = (uint32_t)ese_log_stream_generation(log->stream).number,
    };
    ese_log_time_now(m->mark.time);
    m->mark.time[7] |= TIME_IS_SNAPSHOT;
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX && err >= JET_errSuccess; i++) {
        if (log->databases[i] != NULL)
            err = ese_api__log_header_tell(log->databases[i], say_frozen, &m->mark);
    }
    ese_os_mutex_unlock(&log->order);
out:
    return err;
}

/* ---- What is said of the copy ---- */

typedef struct story {
    const ese_log_backup_mark *mark;
    JET_GRBIT grbit;
} story;

static void
say_backed_up(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const story *told = how;

    if (told->grbit & JET_bitCopySnapshot) {
        ese_maint_backup_info_store(page + ESE_DBHEADER_BACKUP_COPY, told->mark);
    } else if (told->grbit & JET_bitIncrementalSnapshot) {
        ese_maint_backup_info_store(fields->backup_inc_prev, told->mark);
        ese_store_le32(page + ESE_DBHEADER_TYPE_INCREMENTAL, KIND_SNAPSHOT);
    } else {
        ese_maint_backup_info_store(fields->backup_full_prev, told->mark);
        memset(fields->backup_inc_prev, 0, sizeof fields->backup_inc_prev);
        memset(page + ESE_DBHEADER_BACKUP_DIFF, 0, ESE_DBHEADER_BACKUP_SIZE);
        ese_store_le32(page + ESE_DBHEADER_TYPE_FULL, KIND_SNAPSHOT);
    }
}

static uint8_t
scope_of(JET_GRBIT grbit)
{
    if (grbit & JET_bitCopySnapshot)
        return ESE_LOG_BACKUP_COPY;
    return grbit & JET_bitIncrementalSnapshot ? ESE_LOG_BACKUP_INCREMENTAL : ESE_LOG_BACKUP_FULL;
}

JET_ERR
ese_api__snapshot_register(const ese_api__snapshot_member *m, JET_GRBIT grbit)
{
    const story told = {&m->mark, grbit};
    ese_api_instance *instance = NULL;
    ese_log_entry entry = {
        .type = ESE_LOG_BACKUP2,
        .u.backup = {.kind = KIND_SNAPSHOT, .scope = scope_of(grbit), .mark = m->mark},
    };
    ese_api_log *log;
    JET_ERR err = ese_api_enter_instance(m->handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess) /* it has ended since */
        return JET_errSuccess;
    log = instance->log;
    ese_os_mutex_lock(&log->order);
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] == NULL)
            continue;
        entry.u.backup.phase = ESE_LOG_BACKUP_HEADER;
        entry.dbid = (uint8_t)i;
        ESE_TRY(ese_log_stream_append_entry(log->stream, &entry, NULL, NULL));
        ESE_TRY(ese_api__log_header_tell(log->databases[i], say_backed_up, &told));
    }
    entry.u.backup.phase = ESE_LOG_BACKUP_STOP;
    entry.u.backup.mark = (ese_log_backup_mark){.generation_low = 0};
    entry.dbid = 0;
    ESE_TRY(ese_log_stream_append_entry(log->stream, &entry, NULL, NULL));
out:
    ese_os_mutex_unlock(&log->order);
    return ese_api_leave_instance(instance, err);
}

/* ---- Truncation ---- */

JET_ERR
ese_api__snapshot_truncate(const ese_api__snapshot_member *m)
{
    ese_api_instance *instance = NULL;
    JET_ERR err = ese_api_enter_instance(m->handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave_instance(
        instance, ese_log_stream_truncate(instance->log->stream, (int32_t)m->mark.generation_high));
}
