/*
 * The run of an instance with a log: JetInit opens it and recovers, JetTerm leaves everything clean.
 *
 * The end: every page in the files -> ShutDownMark durable -> headers clean -> Term2 durable -> checkpoint.
 */
#include "api/api_log.h"

#include "base/alloc.h"
#include "log/log_time.h"
#include "os/os_path.h"

#include <assert.h>

enum {
    KIB = 1024,
    BUFFER_UNIT = 512,
    BUFFER_MIN = 1 << 20, /* fewer buffers than that only cost time */
    FLAG_CIRCULAR = 1,
    BASE_LENGTH = 3,
};

bool
ese_api__has_recovery(const ese_api_instance *instance)
{
    const char *text = ese_api__params_text(&instance->params, JET_paramRecovery);

    return (text[0] | 0x20) != 'o' || (text[1] | 0x20) != 'f' || (text[2] | 0x20) != 'f' ||
           text[3] != '\0';
}

/* ---- What the parameters say ---- */

static uint32_t
small_param(const ese_api_instance *instance, uint32_t paramid)
{
    uint64_t value = ese_api_instance_param(instance, paramid);

    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static ese_bytes
bytes_of(const char *text)
{
    return (ese_bytes){(const uint8_t *)text, strlen(text)};
}

static ese_log_params
params_of(const ese_api_log *log)
{
    const ese_api_instance *instance = log->instance;

    return (ese_log_params){
        .system_path = bytes_of(log->system_path),
        .log_path = bytes_of(log->log_path),
        .flags = ese_api_instance_param(instance, JET_paramCircularLog) != 0 ? FLAG_CIRCULAR : 0,
        .sessions_max = small_param(instance, JET_paramMaxSessions),
        .open_tables_max = small_param(instance, JET_paramMaxOpenTables),
        .version_pages_max = small_param(instance, JET_paramMaxVerPages),
        .cursors_max = small_param(instance, JET_paramMaxCursors),
        .log_buffers = small_param(instance, JET_paramLogBuffers),
        .n_sectors = (uint32_t)(log->file_size / ESE_LOG_SEGMENT_SIZE),
        .cache_size_max = small_param(instance, JET_paramCacheSizeMax),
    };
}

static uint32_t
buffer_size(const ese_api_log *log)
{
    uint64_t size = ese_api_instance_param(log->instance, JET_paramLogBuffers) * BUFFER_UNIT;

    if (size < BUFFER_MIN)
        size = BUFFER_MIN;
    return (uint32_t)(size < log->file_size ? size : log->file_size);
}

static ese_log_stream_options
stream_options(ese_api_log *log)
{
    ese_api_instance *instance = log->instance;

    return (ese_log_stream_options){
        .folder = log->log_path,
        .system_folder = log->system_path,
        .base = ese_api__params_text(&instance->params, JET_paramBaseName),
        .file_size = (uint32_t)log->file_size,
        .buffer_size = buffer_size(log),
        .page_size = small_param(instance, JET_paramDatabasePageSize),
        .names = small_param(instance, JET_paramLegacyFileNames),
        .is_circular = ese_api_instance_param(instance, JET_paramCircularLog) != 0,
        .params = params_of(log),
        .ops = {log, ese_api__log_begun, ese_api__log_failed},
        .gate = &instance->gate,
    };
}

static uint32_t
recovery_flags(const ese_api_instance *instance, JET_GRBIT grbit)
{
    static const struct {
        JET_GRBIT grbit;
        ese_recovery_flag flag;
    } flags[] = {
        {JET_bitReplayIgnoreMissingDB, ESE_RECOVERY_IGNORE_MISSING_DATABASES},
        {JET_bitRecoveryWithoutUndo, ESE_RECOVERY_WITHOUT_UNDO},
        {JET_bitReplayIgnoreLostLogs, ESE_RECOVERY_IGNORE_LOST_LOGS},
        {JET_bitReplayMissingMapEntryDB, ESE_RECOVERY_REPLAY_UNMAPPED},
        {JET_bitLogStreamMustExist, ESE_RECOVERY_LOG_MUST_EXIST},
    };
    uint32_t result = 0;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if ((grbit & flags[i].grbit) != 0)
            result |= (uint32_t)flags[i].flag;
    }
    if (ese_api_instance_param(instance, JET_paramDeleteOutOfRangeLogs) != 0)
        result |= ESE_RECOVERY_DROP_DAMAGED_LOGS;
    if (ese_api_instance_param(instance, JET_paramIgnoreLogVersion) != 0)
        result |= ESE_RECOVERY_ALLOW_NEWER_LOGS;
    return result;
}

/* ---- Folders ---- */

/* The parameter's folder, seen from the root. */
static JET_ERR
full_folder(const ese_api_instance *instance, uint32_t paramid, char **path_out)
{
    const char *path = ese_api__params_text(&instance->params, paramid);

    return ese_os_path_full(path[0] == '\0' ? "." : path, path_out);
}

static JET_ERR
lock_folder(const char *path, JET_ERR err_in_use, ese_os_lock **lock_out)
{
    JET_ERR err = ese_os_folder_lock(path, lock_out);

    if (err == JET_errFileAccessDenied)
        err = ese_raise(err_in_use, "%s: logs of another process or instance are kept there", path);
    return err;
}

static JET_ERR
lock_folders(ese_api_log *log)
{
    JET_ERR err;

    ESE_TRY(full_folder(log->instance, JET_paramLogFilePath, &log->log_path));
    ESE_TRY(full_folder(log->instance, JET_paramSystemPath, &log->system_path));
    ESE_TRY(lock_folder(log->log_path, JET_errLogFilePathInUse, &log->log_folder));
    if (!ese_os_lock_is_of(log->log_folder, log->system_path))
        ESE_TRY(lock_folder(log->system_path, JET_errSystemPathInUse, &log->system_folder));
out:
    return err;
}

/* ---- Recovery ---- */

/* Who is told of the progress of recovery, and what he answered. */
typedef struct listener {
    JET_PFNSTATUS status;
    JET_ERR err;
    bool has_begun;
} listener;

enum { PERCENT = 100 };

static JET_ERR
tell(listener *self, JET_SNT stage, uint32_t done)
{
    JET_SNPROG progress = {.cbStruct = sizeof progress, .cunitDone = done, .cunitTotal = PERCENT};

    if (self->status != NULL && self->err >= JET_errSuccess)
        self->err = self->status(JET_sesidNil, JET_snpRestore, stage, &progress);
    return self->err;
}

static bool
on_progress(void *self, const char *phase, uint64_t done, uint64_t total)
{
    listener *l = self;
    uint64_t part = total == 0 ? 0 : done >= total ? PERCENT : done * PERCENT / total;

    (void)phase;
    if (!l->has_begun) {
        l->has_begun = true;
        (void)tell(l, JET_sntBegin, 0);
    }
    return tell(l, JET_sntProgress, (uint32_t)part) >= JET_errSuccess;
}

static void
end_progress(listener *self, JET_ERR err)
{
    if (!self->has_begun)
        return;
    if (err >= JET_errSuccess)
        (void)tell(self, JET_sntComplete, PERCENT);
    else
        (void)tell(self, JET_sntFail, 0);
}

/* The answer of a listener that ended recovery is what the caller gets. */
static JET_ERR
run_recovery(ese_api_log *log, const ese_api__start *asked, const ese_log_stream_options *stream,
             ese_recovery_report *report)
{
    const ese_api_instance *instance = log->instance;
    const char *other =
        ese_api__params_text(&instance->params, JET_paramAlternateDatabaseRecoveryPath);
    listener l = {.status = asked->status};
    ese_recovery_watcher watcher = {&l, on_progress};
    ese_recovery_options options = {
        .log_folder = log->log_path,
        .system_folder = log->system_path,
        .base = stream->base,
        .database_folder = other[0] == '\0' ? NULL : other,
        .maps = asked->maps,
        .n_maps = asked->n_maps,
        .flags = recovery_flags(instance, asked->grbit),
        .stop = asked->stop,
        .page_size = stream->page_size,
        .log_file_size = stream->file_size,
        .cache_bytes = ese_api__cache_limit(instance),
        .watcher = &watcher,
    };
    JET_ERR err = ese_recovery_start(&options, stream, report, &log->stream);

    if (err == JET_errTermInProgress && l.err < JET_errSuccess)
        err = l.err;
    end_progress(&l, err);
    return err;
}

/* Logs of a clean stream go, those of another size: a new stream begins. */
static JET_ERR
delete_logs(const ese_log_stream_options *stream)
{
    ese_log_set *logs = NULL;
    JET_ERR err;

    ESE_TRY(ese_log_set_open(stream->folder, stream->base, &logs));
    for (unsigned i = 0; i < ese_log_set_count(logs); i++)
        ESE_TRY(ese_os_file_delete(ese_log_set_member(logs, i).path));
    ESE_TRY(ese_os_folder_sync(ese_log_set_member(logs, 0).path));
out:
    ese_log_set_close(&logs);
    return err;
}

/* Logs of another size than asked for, and nothing is lost with them: JET_paramCleanupMismatchedLogFiles wants them gone, which needs circular logging. */
static JET_ERR
clean_up_mismatch(ese_api_log *log, const ese_log_stream_options *stream, JET_ERR err)
{
    if (err != JET_errLogFileSizeMismatchDatabasesConsistent ||
        ese_api_instance_param(log->instance, JET_paramCleanupMismatchedLogFiles) == 0)
        return err;
    if (!stream->is_circular)
        return ese_raise(JET_errInvalidSettings,
                         "%s: logs of another size are only cleaned up with circular logging",
                         log->log_path);
    return delete_logs(stream);
}

static JET_ERR
open_stream(ese_api_log *log, const ese_api__start *asked)
{
    ese_log_stream_options stream = stream_options(log);
    ese_recovery_report report = {0};
    JET_ERR warning = JET_errSuccess;
    JET_ERR err;

    err = run_recovery(log, asked, &stream, &report);
    if (err < JET_errSuccess) {
        ESE_TRY(clean_up_mismatch(log, &stream, err));
        ese_recovery_report_clear(&report);
        ESE_TRY(run_recovery(log, asked, &stream, &report));
    }
    warning = report.warning;
    log->generation = ese_log_stream_generation(log->stream);
    if ((asked->grbit & JET_bitTruncateLogsAfterRecovery) != 0)
        ESE_TRY(ese_log_stream_truncate(log->stream, log->generation.number));
out:
    ese_recovery_report_clear(&report);
    return err < JET_errSuccess ? err : warning;
}

void
ese_api__set_log_signature(ese_api_instance *instance, ese_signature sign)
{
    JET_SIGNATURE *to = &instance->log_signature;

    static_assert(sizeof *to == sizeof sign, "both are the stored form");
    to->ulRandom = sign.random;
    memcpy(&to->logtimeCreate, sign.created, sizeof sign.created);
    memcpy(to->szComputerName, sign.computer, sizeof sign.computer);
}

static JET_ERR
make_log(ese_api_instance *instance)
{
    ese_api_log *log = NULL;
    JET_ERR err = ese_alloc(sizeof *log, &log);

    if (err < JET_errSuccess)
        return err;
    log->instance = instance;
    log->file_size = ese_api_instance_param(instance, JET_paramLogFileSize) * KIB;
    ese_os_mutex_init(&log->order);
    ese_os_mutex_init(&log->list);
    ese_os_mutex_init(&log->wake_lock);
    ese_os_cond_init(&log->wake);
    instance->log = log;
    return JET_errSuccess;
}

/* Recovery that ends at a position does not find out which logs are out of range. */
static JET_ERR
check_stop(const ese_api_instance *instance, const ese_api__start *asked)
{
    if (asked->stop.lgpos.generation != 0 &&
        ese_api_instance_param(instance, JET_paramDeleteOutOfRangeLogs) != 0)
        return ese_raise(JET_errInvalidParameter,
                         "recovery that is to end at a position deletes no logs behind it");
    return JET_errSuccess;
}

JET_ERR
ese_api__log_open(ese_api_instance *instance, const ese_api__start *asked)
{
    JET_ERR err;

    ESE_TRY(check_stop(instance, asked));
    ESE_TRY(make_log(instance));
    ESE_TRY(lock_folders(instance->log));
    err = open_stream(instance->log, asked);
    if (err >= JET_errSuccess)
        ese_api__set_log_signature(instance, ese_log_stream_signature(instance->log->stream));
out:
    return err;
}

/* ---- Begin and end of the run ---- */

JET_ERR
ese_api__log_begin(ese_api_log *log)
{
    ese_log_params params = params_of(log);
    uint8_t bytes[ESE_LOG_PARAMS_SIZE];
    ese_log_entry entry = {.type = ESE_LOG_INIT2};
    JET_ERR err;

    ese_log_params_encode(&params, bytes);
    entry.u.run.params = (ese_bytes){bytes, sizeof bytes};
    ese_log_time_now(entry.u.run.time);
    ESE_TRY(ese_log_stream_write_entry(log->stream, &entry, &log->init));
    /* The file has its size from now on: the end of the run needs no room on the disk. */
    ESE_TRY(ese_log_stream_write_checkpoint(log->stream, log->init, false));
    ese_txn_store_set_log(log->instance->store, log->stream);
    ESE_TRY(ese_api__log_checkpoint_start(log));
out:
    return err;
}

void
ese_api__log_quiesce(ese_api_log *log)
{
    if (log != NULL)
        ese_api__log_checkpoint_stop(log);
}

/* Every page of every database is on the disk. */
static JET_ERR
settle_databases(ese_api_log *log)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] != NULL)
            ESE_TRY(ese_api_database_settle(log->databases[i]));
    }
out:
    return err;
}

static JET_ERR
mark_clean(ese_api_log *log, uint64_t lgpos)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] != NULL)
            ESE_TRY(ese_api__log_header_clean(log, log->databases[i], lgpos));
    }
out:
    return err;
}

JET_ERR
ese_api__log_finish(ese_api_log *log)
{
    const ese_log_entry mark = {.type = ESE_LOG_SHUT_DOWN_MARK};
    ese_log_entry term = {.type = ESE_LOG_TERM2};
    uint64_t lgpos = 0;
    JET_ERR err;

    ese_os_mutex_lock(&log->order);
    ESE_TRY(settle_databases(log));
    ESE_TRY(ese_log_stream_write_entry(log->stream, &mark, &lgpos));
    ESE_TRY(mark_clean(log, lgpos));
    term.u.run.position = ese_log_lgpos_of(log->init);
    ese_log_time_now(term.u.run.time);
    ESE_TRY(ese_log_stream_write_entry(log->stream, &term, &lgpos));
    ESE_TRY(ese_log_stream_write_checkpoint(log->stream, lgpos, true));
out:
    ese_os_mutex_unlock(&log->order);
    return err;
}

void
ese_api__log_close(ese_api_log **log_inout)
{
    ese_api_log *log = *log_inout;

    if (log == NULL)
        return;
    ese_log_stream_close(&log->stream);
    ese_os_folder_unlock(&log->system_folder);
    ese_os_folder_unlock(&log->log_folder);
    ese_free(&log->log_path);
    ese_free(&log->system_path);
    ese_os_cond_destroy(&log->wake);
    ese_os_mutex_destroy(&log->wake_lock);
    ese_os_mutex_destroy(&log->list);
    ese_os_mutex_destroy(&log->order);
    ese_free(log_inout);
}
