/*
 * What is left when the log has been replayed: databases that the log did not come to, that are missing or need more than there is; and the report of
 * all. Recovery specification, sections 7.1 and 7.4.
 */
#include "recovery/recovery_private.h"

#include "os/os_list.h"
#include "os/os_path.h"

/* ---- the end of redo */

static bool
is_known(const ese_recovery__run *run, const char *path)
{
    for (unsigned i = 0; i < run->n_dbs; i++) {
        if (run->dbs[i]->source != NULL && strcmp(run->dbs[i]->source, path) == 0)
            return true;
    }
    return false;
}

/* Is it a dirty database of this stream that the log never came to attach? */
static bool
is_left_out(const ese_recovery__run *run, const char *path)
{
    uint8_t *bytes = NULL;
    ese_dbheader header;
    bool is_dirty = ese_recovery__read_header(path, &bytes, &header) >= JET_errSuccess &&
                    header.state == ESE_DBSTATE_DIRTY &&
                    memcmp(&header.sign_log, &run->sign, sizeof run->sign) == 0;

    ese_free(&bytes);
    return is_dirty && !is_known(run, path);
}

typedef struct folder_search {
    const ese_recovery__run *run;
    const char *folder;
    bool found;
} folder_search;

static JET_ERR
look_at(void *self, const char *name)
{
    folder_search *s = self;
    char *path = NULL;
    JET_ERR err = ese_os_path_join(s->folder, name, "", &path);

    if (err >= JET_errSuccess && is_left_out(s->run, path))
        s->found = true;
    ese_free(&path);
    return err;
}

const char *
ese_recovery__left_out(const ese_recovery__run *run)
{
    for (unsigned i = 0; i < run->options->n_maps; i++) {
        if (is_left_out(run, run->options->maps[i].to))
            return run->options->maps[i].to;
    }
    return NULL;
}

JET_ERR
ese_recovery__find_trap(const ese_recovery__run *run, bool *is_trap_out)
{
    const char *folder = run->options->database_folder != NULL ? run->options->database_folder
                                                               : run->options->log_folder;
    folder_search s = {run, folder, ese_recovery__left_out(run) != NULL};
    JET_ERR err = JET_errSuccess;

    if (!s.found)
        ESE_TRY(ese_os_folder_list(folder, look_at, &s));
    *is_trap_out = s.found;
out:
    return err;
}

static JET_ERR
judge_deferred(const ese_recovery__run *run, const ese_recovery__db *db)
{
    bool may_miss = (run->options->flags & ESE_RECOVERY_IGNORE_MISSING_DATABASES) != 0;
    bool is_clean = db->header_bytes != NULL && db->header.state == ESE_DBSTATE_CLEAN;

    if (may_miss || db->why == ESE_RECOVERY__WHY_UNMAPPED ||
        (db->map_flags & ESE_RECOVERY_MAP_IGNORE_WHEN_MISSING) != 0 ||
        (db->why == ESE_RECOVERY__WHY_FUTURE && (run->is_shut_down || is_clean)))
        return JET_errSuccess;
    if (db->why == ESE_RECOVERY__WHY_MISSING)
        return ese_raise(JET_errAttachedDatabaseMismatch,
                         "%s: this database of the log, %s there, is missing", db->final,
                         db->logged_path);
    if (db->why == ESE_RECOVERY__WHY_MOVED_ON)
        return ese_raise(JET_errAttachedDatabaseMismatch,
                         "%s: is clean, and was opened since with other logs or without any: these "
                         "logs are of no use for it any more; keep them elsewhere to start",
                         db->source);
    return ese_raise(JET_errAttachedDatabaseMismatch,
                     "%s: is not the database that the log knows as %s", db->source,
                     db->logged_path);
}

JET_ERR
ese_recovery__judge_last(ese_recovery__run *run, ese_recovery__db *db, int32_t generation)
{
    uint32_t last = (uint32_t)generation;

    if (db->found_max_required > last) {
        run->report->gen_missing_from = generation + 1;
        run->report->gen_missing_to = (int32_t)db->found_max_required;
        return ese_raise(JET_errRequiredLogFilesMissing,
                         "%s: needs the logs up to generation 0x%X, the last one is 0x%X",
                         db->source, (unsigned)db->found_max_required, (unsigned)last);
    }
    if (db->found_max_committed <= last || run->report->are_logs_lost || run->report->has_stopped)
        return JET_errSuccess;
    run->report->gen_missing_from = generation + 1;
    run->report->gen_missing_to = (int32_t)db->found_max_committed;
    if ((run->options->flags & ESE_RECOVERY_IGNORE_LOST_LOGS) == 0)
        return ese_raise(
            JET_errCommittedLogFilesMissing,
            "%s: transactions were committed up to generation 0x%X, the last one is 0x%X",
            db->source, (unsigned)db->found_max_committed, (unsigned)last);
    run->report->are_logs_lost = true;
    run->report->warning = JET_wrnCommittedLogFilesLost;
    if (run->is_in_place)
        ese_recovery__header_give_up(db, &run->survey.end.last);
    return JET_errSuccess;
}

JET_ERR
ese_recovery__judge_all(ese_recovery__run *run)
{
    bool is_undone = (run->options->flags & ESE_RECOVERY_WITHOUT_UNDO) == 0;
    JET_ERR err = JET_errSuccess;

    if (run->report->has_stopped && (run->is_in_place || !is_undone))
        return JET_errSuccess; /* the rest may be redone at another time */
    if (run->report->has_stopped)
        ESE_TRY(ese_recovery__stop_judge(run));
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db == NULL)
            continue;
        if (db->state == ESE_RECOVERY__DEFERRED)
            ESE_TRY(judge_deferred(run, db));
        else
            ESE_TRY(ese_recovery__judge_last(run, db, run->generation));
    }
out:
    return err;
}

/* ---- the report */

/* The file that was there is not the database of the log, and has been passed over. */
static bool
is_foreign(const ese_recovery__db *db)
{
    return db->log.file == NULL &&
           (db->state == ESE_RECOVERY__DEFERRED || db->why == ESE_RECOVERY__WHY_FOREIGN ||
            db->why == ESE_RECOVERY__WHY_MOVED_ON);
}

static ese_recovery_outcome
outcome_of(const ese_recovery__db *db)
{
    if (db->is_removed)
        return ESE_RECOVERY_REMOVED;
    if (db->was_rebuilt)
        return ESE_RECOVERY_REBUILT;
    if (db->source == NULL)
        return ESE_RECOVERY_MISSING;
    if (db->header_bytes != NULL && db->header.state == ESE_DBSTATE_CLEAN &&
        (db->state == ESE_RECOVERY__IDLE || db->why == ESE_RECOVERY__WHY_FUTURE) && !db->has_work &&
        db->attach == 0 && db->log.file == NULL)
        return ESE_RECOVERY_CLEAN;
    return is_foreign(db) ? ESE_RECOVERY_FOREIGN : ESE_RECOVERY_RECOVERED;
}

/* Hands the names over. */
void
ese_recovery__report(ese_recovery__run *run, bool has_results)
{
    ese_recovery_report *report = run->report;

    for (unsigned i = 0; i < run->n_dbs; i++) {
        ese_recovery__db *db = run->dbs[i];
        ese_recovery_database *to = &report->databases[report->n_databases++];
        bool has_file = db->log.file != NULL || db->was_rebuilt;

        *to = (ese_recovery_database){
            .logged_path = db->logged_path,
            .source = db->source,
            .outcome = outcome_of(db),
            .gen_min_required = db->first_min_required,
            .gen_max_required = db->first_max_required,
            .gen_max_committed = db->first_max_committed,
        };
        db->logged_path = db->source = NULL;
        if (has_results && has_file && !db->is_removed) {
            to->result = db->final;
            db->final = NULL;
        }
    }
}

void
ese_recovery_report_clear(ese_recovery_report *report)
{
    for (unsigned i = 0; i < report->n_databases; i++) {
        ese_free(&report->databases[i].logged_path);
        ese_free(&report->databases[i].source);
        ese_free(&report->databases[i].result);
    }
    *report = (ese_recovery_report){0};
}
