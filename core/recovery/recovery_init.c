/*
 * What JetInit does with logs: none, those of a run that ended cleanly, or those of one that did not. Recovery specification, section 7.1.
 *
 * INV-1  The stream that is handed out stands behind a clean end: one that was found, or one that recovery has made and that was found afterwards.
 */
#include "recovery/recovery_private.h"

static JET_ERR
begin_stream(const ese_recovery_options *options, const ese_log_stream_options *stream_options,
             ese_log_stream **stream_out)
{
    if ((options->flags & ESE_RECOVERY_LOG_MUST_EXIST) != 0)
        return ese_raise(JET_errMissingLogFile, "%s: there are no log files", options->log_folder);
    return ese_log_stream_create(stream_options, stream_out);
}

/* Is the end of the last log that of a run, and does the checkpoint say so? */
static JET_ERR
find_end(ese_recovery__run *run, bool *is_clean_out)
{
    ese_recovery__start *s = NULL;
    ese_recovery__survey *survey = &run->survey;
    JET_ERR err;

    *is_clean_out = false;
    ESE_TRY(ese_alloc(sizeof *s, &s));
    ESE_TRY(ese_log_set_open(run->options->log_folder, run->options->base, &run->logs));
    if (ese_recovery__stop_count_logs(run) < ese_log_set_count(run->logs))
        goto out; /* recovery is to end before */
    ESE_TRY(ese_recovery__find_start(run, true, s));
    ESE_TRY(ese_recovery__survey_last(run));
    *is_clean_out =
        survey->is_clean && s->has_checkpoint &&
        ese_log_lgpos_number(s->checkpoint.checkpoint) == ese_log_lgpos_number(survey->last_record);
out:
    ese_free(&s);
    return err;
}

/* Nothing is lost with logs of another size, but they are not gone on with. */
static JET_ERR
check_size(const ese_recovery__run *run)
{
    uint32_t wanted = run->options->log_file_size;

    if (wanted == 0 || run->survey.file_size == wanted)
        return JET_errSuccess;
    return ese_raise(JET_errLogFileSizeMismatchDatabasesConsistent,
                     "%s: logs of %u bytes instead of %u", run->options->log_folder,
                     (unsigned)run->survey.file_size, (unsigned)wanted);
}

/* *is_open_out = false: the end was not clean, or the checkpoint does not tell. */
static JET_ERR
open_stream(const ese_recovery_options *options, const ese_log_stream_options *stream_options,
            ese_recovery_report *report, ese_log_stream **stream_out, bool *is_open_out)
{
    ese_recovery__run run = {
        .options = options,
        .report = report,
        .page_size = options->page_size,
        .is_in_place = true,
        .stream_options = stream_options,
    };
    JET_ERR err;

    ese_os_mutex_init(&run.headers);
    ESE_TRY(find_end(&run, is_open_out));
    if (!*is_open_out)
        goto out;
    if ((options->flags & ESE_RECOVERY_WITHOUT_UNDO) != 0) {
        err = ese_raise(JET_errRecoveredWithoutUndoDatabasesConsistent,
                        "%s: nothing is to be taken back", options->log_folder);
        goto out;
    }
    ESE_TRY(check_size(&run));
    ESE_TRY(ese_log_stream_continue(stream_options, &run.survey.end, stream_out));
out:
    ese_recovery__end_run(&run);
    return err;
}

static JET_ERR
recover(const ese_recovery_options *options, const ese_log_stream_options *stream_options,
        bool use_checkpoint, ese_recovery_report *report, bool *is_trap_out)
{
    ese_recovery__run run = {
        .options = options,
        .report = report,
        .is_in_place = true,
        .stream_options = stream_options,
    };
    JET_ERR err = ese_recovery__run_all(&run, use_checkpoint, is_trap_out);

    ese_recovery__end_run(&run);
    return err;
}

static JET_ERR
recover_all(const ese_recovery_options *options, const ese_log_stream_options *stream_options,
            ese_recovery_report *report)
{
    bool is_trap = false;
    JET_ERR err;

    ESE_TRY(recover(options, stream_options, true, report, &is_trap));
    if (is_trap) {
        is_trap = false;
        ese_recovery_report_clear(report);
        ESE_TRY(recover(options, stream_options, false, report, &is_trap));
    }
out:
    return err;
}

static JET_ERR
has_logs(const ese_recovery_options *options, bool *has_out)
{
    ese_log_set *logs = NULL;
    JET_ERR err = ese_log_set_open(options->log_folder, options->base, &logs);

    *has_out = err != JET_errMissingLogFile;
    ese_log_set_close(&logs);
    return *has_out ? err : JET_errSuccess;
}

JET_ERR
ese_recovery_start(const ese_recovery_options *options,
                   const ese_log_stream_options *stream_options, ese_recovery_report *report_out,
                   ese_log_stream **stream_out)
{
    bool has = false, is_open = false;
    JET_ERR err;

    *report_out = (ese_recovery_report){0};
    ESE_TRY(has_logs(options, &has));
    if (!has)
        return begin_stream(options, stream_options, stream_out);
    ESE_TRY(open_stream(options, stream_options, report_out, stream_out, &is_open));
    if (is_open)
        goto out;
    ESE_TRY(recover_all(options, stream_options, report_out));
    ESE_TRY(open_stream(options, stream_options, report_out, stream_out, &is_open));
    if (!is_open)
        err = ese_raise(JET_errLogFileCorrupt, "%s: the end of recovery is not in the log",
                        options->log_folder);
out:
    return err;
}

JET_ERR
ese_recovery_restore(const ese_recovery_options *options,
                     const ese_log_stream_options *stream_options, ese_recovery_report *report_out)
{
    bool is_trap = false;

    *report_out = (ese_recovery_report){0};
    return recover(options, stream_options, false, report_out, &is_trap);
}
