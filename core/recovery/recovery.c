/*
 * A recovery from the first to the last step: logs and checkpoint, where to start, redo generation by generation, what is left at the end, undo, results.
 * Recovery specification, sections 7.1, 7.2, 7.4 and 7.6.
 *
 * INV-1  A log is looked through from its first to its last byte before its first record is applied.
 * INV-2  The checkpoint is believed only as far as the databases agree: when it leads past one that is dirty, recovery begins anew without it.
 */
#include "recovery/recovery_private.h"

enum { SCRATCH = 4, PROGRESS_STEP = 1024 };

/* ---- one generation */

bool
ese_recovery__tell(ese_recovery__run *run, const char *phase, uint64_t done, uint64_t total)
{
    const ese_recovery_watcher *watcher = run->options->watcher;

    return watcher == NULL || watcher->progress == NULL ||
           watcher->progress(watcher->self, phase, done, total);
}

bool
ese_recovery__is_spare(const ese_recovery__run *run, int32_t generation)
{
    bool is_committed = false;

    for (unsigned i = 0; i < run->n_dbs; i++) {
        const ese_recovery__db *db = run->dbs[i];

        if (db->header_bytes == NULL)
            continue;
        if ((uint32_t)generation <= db->found_max_required)
            return false;
        if ((uint32_t)generation <= db->found_max_committed)
            is_committed = true;
    }
    return is_committed;
}

/* Databases that the log does not need yet have something to say about what is required: all that lie where the log's are. */
static JET_ERR
begin_generation(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db != NULL && db->state == ESE_RECOVERY__ATTACHED) {
            ESE_TRY(ese_recovery__header_check_times(run, db));
            ese_recovery__header_generation(run, db);
        }
    }
out:
    return err;
}

static JET_ERR
make_scratch(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < SCRATCH; i++) {
        if (run->scratch[i] == NULL)
            ESE_TRY(ese_alloc(run->page_size, &run->scratch[i]));
    }
out:
    return err;
}

/* The records from where the walk stands to the end of the log. */
static JET_ERR
replay(ese_recovery__run *run, unsigned done, unsigned total)
{
    const ese_log_entry *entry = NULL;
    uint64_t n = 0;
    JET_ERR err;

    for (;;) {
        ESE_TRY(ese_log_file_next(run->log, &entry, &run->lgpos));
        if (entry == NULL || ese_recovery__stop_is_here(run))
            break;
        run->report->log_bytes += entry->size;
        ESE_TRY(ese_recovery__apply(run, entry));
        if (++n % PROGRESS_STEP == 0 && !ese_recovery__tell(run, "redo", done, total)) {
            err = ese_raise(JET_errTermInProgress, "recovery was ended");
            goto out;
        }
    }
    run->report->end = ese_log_file_extent(run->log)->end;
    if (entry != NULL || ese_recovery__stop_ends(run, run->generation))
        ESE_TRY(ese_recovery__stop(run, entry));
out:
    return err;
}

/* True: the log is given up, and all behind it. */
static JET_ERR
judge_damage(ese_recovery__run *run, int32_t generation, JET_ERR damage)
{
    const uint32_t wanted = ESE_RECOVERY_IGNORE_LOST_LOGS | ESE_RECOVERY_DROP_DAMAGED_LOGS;

    if (!ese_recovery__is_spare(run, generation))
        return ese_raise(damage, "%s: generation 0x%X is damaged", run->options->log_folder,
                         (unsigned)generation);
    if ((run->options->flags & wanted) != wanted)
        return ese_raise(
            JET_errCommittedLogFileCorrupt,
            "%s: generation 0x%X is damaged; no database needs it, but what was committed "
            "in it is lost",
            run->options->log_folder, (unsigned)generation);
    return JET_errSuccess;
}

/* Nobody has to wait for logs that are gone. */
static JET_ERR
forget_committed(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db == NULL || db->state != ESE_RECOVERY__ATTACHED)
            continue;
        ese_recovery__header_give_up(db, &run->survey.end.last);
        ESE_TRY(ese_recovery__settle_header(db));
    }
out:
    return err;
}

JET_ERR
ese_recovery__drop_damaged(ese_recovery__run *run, int32_t generation, JET_ERR damage)
{
    JET_ERR err;

    ESE_TRY(judge_damage(run, generation, damage));
    if (run->is_in_place) {
        ESE_TRY(ese_recovery__survey_cut(run, generation));
        ESE_TRY(ese_recovery__survey_delete(run));
        ESE_TRY(forget_committed(run));
    }
    run->report->are_logs_lost = true;
    run->report->warning = JET_wrnCommittedLogFilesRemoved;
out:
    return err;
}

/* `next`: the log there is, 0 for the current one, which has no number in its name. */
static void
note_gap(ese_recovery__run *run, int32_t next)
{
    if (next <= run->generation + 1)
        return;
    run->report->gen_missing_from = run->generation + 1;
    run->report->gen_missing_to = next - 1;
}

/* In place the last one is open already, and was found to belong to the others. */
static JET_ERR
open_file(ese_recovery__run *run, unsigned index, bool is_first)
{
    ese_log_expect expect = ese_recovery__expect(run);
    JET_ERR err = JET_errSuccess;

    if (run->last_log != NULL && index + 1 == run->survey.n_logs) {
        run->log = run->last_log;
        run->last_log = NULL;
        goto out;
    }
    if (!is_first) { /* the set does not know of another folder */
        expect.generation = run->generation + 1;
        expect.prev_created = run->created;
        expect.has_checksum_prev = true;
        expect.checksum_prev = run->checksum;
    }
    err = ese_log_set_open_file(run->logs, index, &expect, &run->log);
    if (err == JET_errInvalidLogSequence && !is_first)
        note_gap(run, ese_log_set_member(run->logs, index).generation);
out:
    return err;
}

static JET_ERR
open_log(ese_recovery__run *run, unsigned index, bool is_first, bool *gives_up_out)
{
    const ese_log_extent *extent;
    JET_ERR err;

    *gives_up_out = false;
    ESE_TRY(open_file(run, index, is_first));
    run->log_header = ese_log_file_header(run->log);
    extent = ese_log_file_extent(run->log);
    if (!run->is_in_place && run->options->log_file_size != 0 &&
        extent->file_size != run->options->log_file_size) {
        err = ese_raise(JET_errLogFileSizeMismatchDatabasesConsistent,
                        "%s: logs of another size than asked for", run->options->log_folder);
        goto out;
    }
    if (extent->damage < JET_errSuccess &&
        !ese_recovery__stop_ends(run, run->log_header->generation)) {
        ESE_TRY(ese_recovery__drop_damaged(run, run->log_header->generation, extent->damage));
        *gives_up_out = true;
    }
out:
    return err;
}

static JET_ERR
start_databases(ese_recovery__run *run, const ese_recovery__start *s)
{
    JET_ERR err;

    run->page_size = run->log_header->page_size;
    if (!ese_page_size_is_legal(run->page_size))
        return ese_raise(JET_errLogFileCorrupt, "a log of databases with pages of %u bytes",
                         (unsigned)run->page_size);
    ESE_TRY(make_scratch(run));
    run->lgpos = (ese_lgpos){0, (uint16_t)run->log_header->n_header_sectors, run->generation};
    if (s->is_exact)
        run->lgpos = s->checkpoint.checkpoint;
    run->report->start = run->lgpos;
    run->moved_to = ese_recovery__now(run);
    run->report->gen_first = run->generation;
    ESE_TRY(ese_recovery__attach_list(run, s->is_exact ? &s->checkpoint.attached
                                                       : &run->log_header->attached));
    if (s->is_exact)
        ESE_TRY(ese_log_file_seek(run->log, s->checkpoint.checkpoint));
out:
    return err;
}

/* `s`: on the first one. */
static JET_ERR
redo_generation(ese_recovery__run *run, const ese_recovery__start *s, unsigned index,
                bool *gives_up_out)
{
    unsigned n = ese_log_set_count(run->logs);
    JET_ERR err;

    ese_log_file_close(&run->log);
    ESE_TRY(open_log(run, index, s != NULL, gives_up_out));
    if (*gives_up_out)
        goto out;
    run->generation = run->log_header->generation;
    memcpy(run->created, run->log_header->created, sizeof run->created);
    run->checksum = ese_log_file_extent(run->log)->scan.checksum;
    if (s != NULL)
        ESE_TRY(start_databases(run, s));
    else
        ESE_TRY(begin_generation(run));
    run->report->gen_last = run->generation;
    ESE_TRY(replay(run, index, n));
out:
    return err;
}

static JET_ERR
redo_set(ese_recovery__run *run, const ese_recovery__start *s, unsigned first)
{
    unsigned n = ese_recovery__stop_count_logs(run);
    bool gives_up = false;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = first; i < n && !gives_up && !run->report->has_stopped; i++) {
        if (run->is_in_place && i >= run->survey.n_logs)
            break;
        ESE_TRY(redo_generation(run, i == first ? s : NULL, i, &gives_up));
        if (run->is_in_place && i + 1 < run->survey.n_logs)
            ESE_TRY(ese_recovery__move_start(run, s));
    }
out:
    return err;
}

/* The log behind the last one of the backup, in another folder: the count when there is none. */
static unsigned
find_next(ese_recovery__run *run)
{
    unsigned n = ese_log_set_count(run->logs);
    unsigned i = 0;

    while (i < n && ese_log_set_member(run->logs, i).generation != 0 &&
           ese_log_set_member(run->logs, i).generation <= run->generation)
        i++;
    if (i < n && ese_log_set_member(run->logs, i).generation == 0) {
        const ese_log_expect expect = ese_recovery__expect(run);
        ese_signature sign;
        int32_t generation = 0;

        if (ese_recovery__generation_of(run, i, &expect, &generation, &sign) < JET_errSuccess ||
            generation <= run->generation)
            i = n;
    }
    return i;
}

/* What was logged after the backup. */
static JET_ERR
redo_forward(ese_recovery__run *run)
{
    JET_ERR err;

    ese_log_file_close(&run->log);
    ese_log_set_close(&run->logs);
    ESE_TRY(ese_log_set_open(run->options->forward_folder, run->options->base, &run->logs));
    ESE_TRY(redo_set(run, NULL, find_next(run)));
out:
    return err;
}

static JET_ERR
redo(ese_recovery__run *run, const ese_recovery__start *s)
{
    JET_ERR err;

    ESE_TRY(redo_set(run, s, s->first));
    if (run->options->forward_folder != NULL && !run->report->has_stopped)
        ESE_TRY(redo_forward(run));
    if (run->options->stop.lgpos.generation != 0 && !run->report->has_stopped)
        err = ese_recovery__missing_log(run, run->options->stop.lgpos.generation);
out:
    return err;
}

/* ---- the end of redo */

static JET_ERR
remove_unfinished(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db != NULL && db->state == ESE_RECOVERY__ATTACHED && db->is_unfinished)
            ESE_TRY(ese_recovery__remove_unfinished(run, db));
    }
out:
    return err;
}

/* Dirty as they are: more logs may come. In place they are left as they were found, and so is the log. */
static JET_ERR
leave_dirty(ese_recovery__run *run)
{
    bool has_any = false;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db == NULL || db->state != ESE_RECOVERY__ATTACHED)
            continue;
        has_any = true;
        if (!run->is_in_place) {
            ESE_TRY(ese_cache_flush(db->file));
            ESE_TRY(ese_recovery__write_header(db));
        }
        ese_recovery__close_db(db);
        db->state = ESE_RECOVERY__IDLE;
    }
    if (!run->is_in_place)
        ESE_TRY(ese_recovery__keep_results(run));
    err = has_any ? ese_raise(JET_errRecoveredWithoutUndo,
                              "%s: what did not commit is not taken back", run->options->log_folder)
                  : ese_raise(JET_errRecoveredWithoutUndoDatabasesConsistent,
                              "%s: no database needs to be recovered", run->options->log_folder);
out:
    return err;
}

/* Pages that never came are damage; the log is not to tell of an end before that is known. */
static JET_ERR
check_complete(const ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        if (run->by_dbid[i] != NULL)
            ESE_TRY(ese_recovery__check_nothing_lost(run->by_dbid[i]));
    }
out:
    return err;
}

static JET_ERR
undo_in_place(ese_recovery__run *run)
{
    JET_ERR err;

    ESE_TRY(check_complete(run));
    ESE_TRY(ese_recovery__begin_undo(run));
    if (!run->is_shut_down)
        ESE_TRY(ese_recovery__undo(run));
    ESE_TRY(ese_recovery__end_undo(run));
out:
    return err;
}

static JET_ERR
finish(ese_recovery__run *run)
{
    ese_lgpos end = run->is_shut_down ? run->shut_down_mark : run->report->end;
    JET_ERR err;

    if ((run->options->flags & ESE_RECOVERY_WITHOUT_UNDO) != 0 ||
        (run->report->has_stopped && run->is_in_place))
        return leave_dirty(run);
    ESE_TRY(remove_unfinished(run));
    if (!ese_recovery__tell(run, "undo", 0, 0))
        return ese_raise(JET_errTermInProgress, "recovery was ended");
    if (run->is_in_place)
        return undo_in_place(run);
    if (!run->is_shut_down)
        ESE_TRY(ese_recovery__undo(run));
    ESE_TRY(ese_recovery__detach_all(run, end));
    ESE_TRY(ese_recovery__keep_results(run));
out:
    return err;
}

/* ---- a run */

void
ese_recovery__end_run(ese_recovery__run *run)
{
    ese_recovery__forget_sessions(run);
    ese_recovery__drop_results(run);
    for (unsigned i = 0; i < run->n_dbs; i++)
        ese_recovery__free_db(&run->dbs[i]);
    if (run->cache != NULL)
        ese_cache_destroy(&run->cache);
    ese_log_stream_close(&run->stream);
    ese_os_mutex_destroy(&run->headers);
    ese_free(&run->sessions);
    ese_free(&run->versions);
    ese_free(&run->entries);
    ese_free(&run->debts);
    ese_growbuf_destroy(&run->new_trees);
    for (unsigned i = 0; i < SCRATCH; i++)
        ese_free(&run->scratch[i]);
    ese_log_file_close(&run->log);
    ese_log_file_close(&run->last_log);
    ese_log_set_close(&run->logs);
}

JET_ERR
ese_recovery__run_all(ese_recovery__run *run, bool use_checkpoint, bool *is_trap_out)
{
    ese_recovery__start *s = NULL;
    bool has_results = false;
    JET_ERR err;

    run->page_size = run->options->page_size;
    ese_os_mutex_init(&run->headers);
    ese_recovery__stop_prepare(run);
    ESE_TRY(ese_alloc(sizeof *s, &s));
    ESE_TRY(ese_log_set_open(run->options->log_folder, run->options->base, &run->logs));
    ESE_TRY(ese_recovery__find_start(run, use_checkpoint, s));
    if (run->is_in_place)
        ESE_TRY(ese_recovery__survey_all(run, s->first));
    ESE_TRY(redo(run, s));
    if (s->has_checkpoint && !run->is_in_place && run->is_stop_early) {
        *is_trap_out = true;
        goto out;
    }
    ESE_TRY(ese_recovery__judge_all(run));
    if (s->has_checkpoint && !run->survey.is_own) /* its own checkpoints it knows */
        ESE_TRY(ese_recovery__find_trap(run, is_trap_out));
    if (*is_trap_out)
        goto out;
    if (!run->is_in_place && ese_recovery__left_out(run) != NULL) {
        err = ese_raise(JET_errAttachedDatabaseMismatch,
                        "%s: the logs do not tell of this database", ese_recovery__left_out(run));
        goto out;
    }
    err = finish(run);
    has_results = err >= JET_errSuccess || err == JET_errRecoveredWithoutUndo;
out:
    ese_recovery__report(run, has_results);
    ese_free(&s);
    return err;
}

static JET_ERR
run_once(const ese_recovery_options *options, bool use_checkpoint, ese_recovery_report *report,
         bool *is_trap_out)
{
    ese_recovery__run run = {.options = options, .report = report};
    JET_ERR err = ese_recovery__run_all(&run, use_checkpoint, is_trap_out);

    ese_recovery__end_run(&run);
    return err;
}

JET_ERR
ese_recovery_run(const ese_recovery_options *options, ese_recovery_report *report_out)
{
    bool is_trap = false;
    JET_ERR err;

    *report_out = (ese_recovery_report){0};
    err = run_once(options, true, report_out, &is_trap);
    if (err >= JET_errSuccess && is_trap) {
        is_trap = false;
        ese_recovery_report_clear(report_out);
        err = run_once(options, false, report_out, &is_trap);
    }
    return err;
}
