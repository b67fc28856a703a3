/*
 * Where redo starts: at the checkpoint, if there is one that fits, else at the oldest log. Recovery specification, section 7.1.
 */
#include "recovery/recovery_private.h"

#include "os/os_path.h"

#include <inttypes.h>

/* Beside the logs, or in the system folder, with their base name. */
static JET_ERR
checkpoint_path(const ese_recovery__run *run, const char *extension, char **path_out)
{
    const ese_recovery_options *options = run->options;
    const char *folder =
        options->system_folder != NULL ? options->system_folder : options->log_folder;
    const char *log = ese_os_path_name(ese_log_set_member(run->logs, 0).path);
    const char base[] = {log[0], log[1], log[2], '\0'};

    return ese_os_path_join(folder, base, extension, path_out);
}

static JET_ERR
try_checkpoint(ese_recovery__run *run, const char *extension, ese_recovery__start *s)
{
    unsigned copy = 0;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(checkpoint_path(run, extension, &path));
    err = ese_log_checkpoint_read(path, s->bytes, &s->checkpoint, &copy);
    s->has_checkpoint = err >= JET_errSuccess;
    s->extension = extension;
    if (err != JET_errOutOfMemory && err != JET_errDiskIO)
        err = JET_errSuccess; /* one that is missing or damaged only costs time */
out:
    ese_free(&path);
    return err;
}

JET_ERR
ese_recovery__write_checkpoint(ese_recovery__run *run, const ese_recovery__start *s,
                               const ese_log_checkpoint *checkpoint)
{
    uint8_t *bytes = NULL;
    ese_os_file *file = NULL;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(ESE_LOG_CHECKPOINT_SIZE, &bytes));
    if (!ese_log_checkpoint_encode(checkpoint, bytes))
        goto out; /* the old one serves */
    ESE_TRY(checkpoint_path(run, s->extension, &path));
    ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file));
    ESE_TRY(ese_log_checkpoint_write(file, bytes));
out:
    ese_os_file_close(&file);
    ese_free(&path);
    ese_free(&bytes);
    return err;
}

/* The generation of a log of the set: the current one has it only in its header. */
JET_ERR
ese_recovery__generation_of(ese_recovery__run *run, unsigned index, const ese_log_expect *expect,
                            int32_t *generation_out, ese_signature *sign_out)
{
    ese_log_expect header_only = *expect;
    ese_log_file *file = NULL;
    JET_ERR err;

    header_only.is_header_only = true;
    ESE_TRY(ese_log_set_open_file(run->logs, index, &header_only, &file));
    *generation_out = ese_log_file_header(file)->generation;
    *sign_out = ese_log_file_header(file)->sign;
out:
    ese_log_file_close(&file);
    return err;
}

JET_ERR
ese_recovery__missing_log(ese_recovery__run *run, int32_t generation)
{
    run->report->gen_missing_from = run->report->gen_missing_to = generation;
    return ese_raise(JET_errMissingLogFile, "%s: the log of generation 0x%" PRIX32 " is missing",
                     run->options->log_folder, (uint32_t)generation);
}

/* The log that the checkpoint names. */
static JET_ERR
find_first(ese_recovery__run *run, ese_recovery__start *s, int32_t last)
{
    int32_t wanted = s->checkpoint.checkpoint.generation;
    unsigned n = ese_recovery__stop_count_logs(run);
    unsigned i = 0;

    if (!s->has_checkpoint)
        return JET_errSuccess;
    while (i < n && ese_log_set_member(run->logs, i).generation < wanted &&
           ese_log_set_member(run->logs, i).generation != 0)
        i++;
    if (i < n && ese_log_set_member(run->logs, i).generation == 0 && wanted != last)
        i = n;
    if (i == n || (ese_log_set_member(run->logs, i).generation != 0 &&
                   ese_log_set_member(run->logs, i).generation != wanted))
        return ese_recovery__missing_log(run, wanted);
    s->first = i;
    s->is_exact = (s->checkpoint.version & 1) != 0;
    return JET_errSuccess;
}

/* One that lies behind the place where recovery is to end does not lead there. */
static JET_ERR
leave_checkpoint(const ese_recovery__run *run, ese_recovery__start *s)
{
    int32_t last = run->options->stop.lgpos.generation;

    if (!s->has_checkpoint || last == 0 || s->checkpoint.checkpoint.generation <= last)
        return JET_errSuccess;
    if (run->is_in_place)
        return ese_raise(JET_errRecoveredWithoutUndo,
                         "%s: recovery has been at the place where it is to end",
                         run->options->log_folder);
    s->has_checkpoint = false;
    return JET_errSuccess;
}

ese_log_expect
ese_recovery__expect(const ese_recovery__run *run)
{
    return (ese_log_expect){
        .allow_newer = (run->options->flags & ESE_RECOVERY_ALLOW_NEWER_LOGS) != 0,
        .sign = run->has_sign ? &run->sign : NULL,
        .page_size = run->page_size,
    };
}

/* The last log says which stream it is. */
JET_ERR
ese_recovery__find_start(ese_recovery__run *run, bool use_checkpoint, ese_recovery__start *s)
{
    const ese_log_expect expect = ese_recovery__expect(run);
    unsigned n = ese_recovery__stop_count_logs(run);
    int32_t last = 0;
    JET_ERR err;

    if (n == 0)
        return ese_recovery__missing_log(run, run->options->stop.lgpos.generation);
    ESE_TRY(ese_recovery__generation_of(run, n - 1, &expect, &last, &run->sign));
    run->has_sign = true;
    if (use_checkpoint && (run->options->flags & ESE_RECOVERY_RESTORE) == 0) {
        ESE_TRY(try_checkpoint(run, ".chk", s));
        if (!s->has_checkpoint)
            ESE_TRY(try_checkpoint(run, ".jcp", s));
        if (s->has_checkpoint && memcmp(&s->checkpoint.sign, &run->sign, sizeof run->sign) != 0)
            s->has_checkpoint = false;
    }
    run->report->has_checkpoint = s->has_checkpoint;
    ESE_TRY(leave_checkpoint(run, s));
    ESE_TRY(find_first(run, s, last));
out:
    return err;
}
