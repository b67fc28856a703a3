/*
 * The logs of a stream as they lie there, looked at before anything is changed: where the last one ends and how, and whether all that are to be replayed belong
 * together. Log specification, sections 2.3 and 3.5; recovery specification, section 7.1.
 *
 * INV-1  What cannot be recovered because logs are missing, damaged or foreign is known before a database is opened for writing.
 */
#include "recovery/recovery_private.h"

/* ---- the last log */

static bool
is_own(const ese_log_header *header)
{
    return header->params.log_path.size != 0 && header->params.log_path.data[0] == '/';
}

/* The current log of another engine is not written to: the next generation begins. */
static void
note_end(ese_recovery__survey *survey, const ese_log_file *file, bool is_current)
{
    const ese_log_header *header = ese_log_file_header(file);
    const ese_log_extent *extent = ese_log_file_extent(file);
    uint32_t last = extent->scan.last_good;
    ese_log_stream_end end = {
        .sign = header->sign,
        .last = {.number = header->generation},
        .previous = {.number = header->generation - 1},
        .is_current = is_current && is_own(header),
        .next_sector = last == 0 ? header->n_header_sectors : last + 1,
        .checksum = extent->scan.checksum,
    };

    memcpy(end.last.created, header->created, sizeof end.last.created);
    memcpy(end.previous.created, header->prev_created, sizeof end.previous.created);
    survey->end = end;
    survey->last_generation = header->generation;
    survey->file_size = extent->file_size;
    survey->is_own = is_own(header);
}

/* Walks from where the file stands to its end: the place of its last record that is more than fill. */
static JET_ERR
find_last_record(ese_log_file *file, ese_lgpos *lgpos_out, bool *found_out)
{
    const ese_log_entry *entry = NULL;
    ese_lgpos lgpos = {0};
    JET_ERR err;

    *found_out = false;
    for (;;) {
        ESE_TRY(ese_log_file_next(file, &entry, &lgpos));
        if (entry == NULL)
            break;
        if (ese_log_record_class(entry->type) != ESE_LOG_CLASS_FILL) {
            *lgpos_out = lgpos;
            *found_out = true;
        }
    }
out:
    return err;
}

/* The last segment tells, if more than fill stands in it. */
static JET_ERR
judge_end(ese_recovery__survey *survey, ese_log_file *file)
{
    const ese_log_header *header = ese_log_file_header(file);
    uint32_t last = ese_log_file_extent(file)->scan.last_good;
    bool found = false;
    JET_ERR err = JET_errSuccess;

    if (last != 0 && last <= UINT16_MAX)
        ESE_TRY(ese_log_file_seek(file, (ese_lgpos){0, (uint16_t)last, header->generation}));
    ESE_TRY(find_last_record(file, &survey->last_record, &found));
    if (!found && last != 0) {
        ESE_TRY(ese_log_file_seek(
            file, (ese_lgpos){0, (uint16_t)header->n_header_sectors, header->generation}));
        ESE_TRY(find_last_record(file, &survey->last_record, &found));
    }
    survey->is_clean = found && ese_log_file_is_clean(file);
out:
    return err;
}

/* A log that was begun and has nothing in it ends as the one before it. */
static JET_ERR
judge_before(ese_recovery__run *run, unsigned index)
{
    ese_log_expect expect = ese_recovery__expect(run);
    ese_log_file *file = NULL;
    JET_ERR err;

    expect.generation = run->survey.end.previous.number;
    ESE_TRY(ese_log_set_open_file(run->logs, index, &expect, &file));
    if (ese_log_file_extent(file)->damage >= JET_errSuccess)
        ESE_TRY(judge_end(&run->survey, file));
out:
    ese_log_file_close(&file);
    return err;
}

JET_ERR
ese_recovery__survey_last(ese_recovery__run *run)
{
    const ese_log_expect expect = ese_recovery__expect(run);
    unsigned last = ese_log_set_count(run->logs) - 1;
    bool is_current = ese_log_set_member(run->logs, last).generation == 0;
    ese_log_file *file = NULL;
    JET_ERR err;

    run->survey = (ese_recovery__survey){.n_logs = last + 1};
    ESE_TRY(ese_log_set_open_file(run->logs, last, &expect, &file));
    note_end(&run->survey, file, is_current);
    if (ese_log_file_extent(file)->damage >= JET_errSuccess)
        ESE_TRY(judge_end(&run->survey, file));
    if (run->survey.last_record.generation == 0 && last > 0 &&
        ese_log_file_extent(file)->damage >= JET_errSuccess)
        ESE_TRY(judge_before(run, last - 1));
out:
    ese_log_file_close(&file);
    return err;
}

/* ---- all of them */

/* The last log stays open: what is appended to it later, under whatever name, is not replayed. */
JET_ERR
ese_recovery__survey_all(ese_recovery__run *run, unsigned first)
{
    const ese_log_expect expect = ese_recovery__expect(run);
    unsigned n = ese_recovery__stop_count_logs(run);
    ese_recovery__survey *survey = &run->survey;
    ese_log_file *file = NULL;
    JET_ERR err = JET_errSuccess;

    *survey = (ese_recovery__survey){.n_logs = n};
    for (unsigned i = first; i < n; i++) {
        ese_log_file_close(&file);
        ESE_TRY(ese_log_set_open_file(run->logs, i, &expect, &file));
        if (ese_log_file_extent(file)->damage < JET_errSuccess && survey->damaged == 0) {
            survey->damaged = ese_log_file_header(file)->generation;
            survey->damage = ese_log_file_extent(file)->damage;
        }
    }
    note_end(survey, file, ese_log_set_member(run->logs, n - 1).generation == 0);
    ESE_TRY(ese_log_file_settle(file)); /* the logs before it were on the disk when it was begun */
    run->last_log = file;
    file = NULL;
out:
    ese_log_file_close(&file);
    return err;
}

JET_ERR
ese_recovery__survey_cut(ese_recovery__run *run, int32_t generation)
{
    const ese_log_expect expect = ese_recovery__expect(run);
    ese_log_file *file = NULL;
    unsigned i = ese_log_set_count(run->logs);
    JET_ERR err;

    while (i > 0 && (ese_log_set_member(run->logs, i - 1).generation == 0 ||
                     ese_log_set_member(run->logs, i - 1).generation >= generation))
        i--;
    if (i == 0)
        return ese_raise(JET_errMissingLogFile, "%s: there is no log before generation 0x%X",
                         run->options->log_folder, (unsigned)generation);
    ESE_TRY(ese_log_set_open_file(run->logs, i - 1, &expect, &file));
    note_end(&run->survey, file, false);
    run->survey.n_logs = i;
    run->survey.damaged = 0;
    ese_log_file_close(&run->last_log);
    if (ese_log_file_header(file)->generation > run->generation) {
        run->last_log = file;
        file = NULL;
    }
out:
    ese_log_file_close(&file);
    return err;
}

/* The newest ones first, so that those that are left belong together at any time. */
JET_ERR
ese_recovery__survey_delete(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned n = ese_log_set_count(run->logs); n > run->survey.n_logs; n--) {
        ESE_TRY(ese_os_file_delete(ese_log_set_member(run->logs, n - 1).path));
        ESE_TRY(ese_os_folder_sync(ese_log_set_member(run->logs, n - 1).path));
    }
out:
    return err;
}
