/* `ese recover`: replay of logs into a copy of each database, or in their place. */
#include "maint/maint_recover.h"
#include "tools/tools.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPTION_LOG = 256,
    OPTION_SYSTEM,
    OPTION_BASE,
    OPTION_MAP,
    OPTION_TO,
    OPTION_IN_PLACE,
    OPTION_JSON,
    OPTION_IGNORE_MISSING,
    OPTION_IGNORE_LOST,
    OPTION_DROP_DAMAGED,
    OPTION_WITHOUT_UNDO,
    OPTION_RESTORE,
    OPTION_UNTIL,
    OPTION_NEWER,
    OPTION_PAGE_SIZE,
    OPTION_LOG_SIZE,
    MAPS_MAX = 16,
};

typedef struct recover {
    ese_tools__common common;
    bool is_json, is_in_place, has_stop;
    char *copies[MAPS_MAX + 4]; /* of what options point to */
    unsigned n_copies;
    ese_recovery_map maps[MAPS_MAX];
    ese_recovery_options options;
    ese_tools__progress progress;
} recover;

static const char *const outcome_names[] = {
    "recovered", "rebuilt from the log", "clean already", "missing", "another database", "removed",
};

/* ---- what was done */

static bool
is_without_undo(JET_ERR err)
{
    return err == JET_errRecoveredWithoutUndo ||
           err == JET_errRecoveredWithoutUndoDatabasesConsistent;
}

static bool
is_done(JET_ERR err)
{
    return err >= JET_errSuccess || is_without_undo(err);
}

/* What would have become of it is not said of a recovery that failed. */
static const char *
outcome_name(JET_ERR err, const ese_recovery_database *db)
{
    bool has_result = db->outcome == ESE_RECOVERY_RECOVERED ||
                      db->outcome == ESE_RECOVERY_REBUILT || db->outcome == ESE_RECOVERY_REMOVED;

    return has_result && !is_done(err) ? "not recovered" : outcome_names[db->outcome];
}

static bool
was_passed_over(const ese_recovery_database *db)
{
    return db->outcome == ESE_RECOVERY_MISSING || db->outcome == ESE_RECOVERY_FOREIGN;
}

static const char *
explain_outcome(const ese_recovery_database *db)
{
    return was_passed_over(db)                   ? ", passed over"
           : db->outcome == ESE_RECOVERY_REMOVED ? ", since its creation had not ended"
                                                 : "";
}

static void
print_range(const char *before, uint32_t first, uint32_t last)
{
    ese_tools__out *out = &ese_tools__stdout;

    if (first == last)
        ese_tools__out_printf(out, "%sgeneration 0x%" PRIX32, before, first);
    else
        ese_tools__out_printf(out, "%sgenerations 0x%" PRIX32 " to 0x%" PRIX32, before, first,
                              last);
}

static void
print_databases(JET_ERR err, const ese_recovery_report *report)
{
    ese_tools__out *out = &ese_tools__stdout;

    for (unsigned i = 0; i < report->n_databases; i++) {
        const ese_recovery_database *db = &report->databases[i];

        ese_tools__out_printf(out, "%s: %s%s", db->logged_path, outcome_name(err, db),
                              is_done(err) ? explain_outcome(db) : "");
        if (db->source != NULL)
            ese_tools__out_printf(out, "; found as %s", db->source);
        if (db->gen_max_committed != 0) {
            print_range(" (needs ", db->gen_min_required, db->gen_max_committed);
            ese_tools__out_text(out, ")");
        }
        if (db->result != NULL)
            ese_tools__out_printf(out, "; result %s", db->result);
        ese_tools__out_text(out, "\n");
    }
}

static void
print_missing(const ese_recovery_report *report)
{
    ese_tools__out *out = &ese_tools__stdout;

    if (report->gen_missing_from != 0) {
        print_range("missing: ", (uint32_t)report->gen_missing_from,
                    (uint32_t)report->gen_missing_to);
        ese_tools__out_text(
            out, report->are_logs_lost ? ", given up with what was committed there\n" : "\n");
    } else if (report->are_logs_lost) {
        ese_tools__out_text(out, "damaged logs that no database needs were given up, with what was "
                                 "committed there\n");
    }
}

static void
print_report(JET_ERR err, const ese_recovery_report *report)
{
    ese_tools__out *out = &ese_tools__stdout;

    if (report->gen_first != 0) {
        print_range("", (uint32_t)report->gen_first, (uint32_t)report->gen_last);
        ese_tools__out_printf(
            out, ": %" PRIu64 " records, %" PRIu64 " pages looked at, %" PRIu64 " changed\n",
            report->n_records, report->n_page_tests, report->n_page_redone);
    }
    if (is_done(err)) {
        ese_tools__out_printf(out, "%" PRIu64 " transactions committed, ", report->n_committed);
        if (is_without_undo(err))
            ese_tools__out_text(out, "the rest not rolled back, as asked for: still dirty\n");
        else
            ese_tools__out_printf(out, "%" PRIu32 " rolled back (%" PRIu64 " changes)\n",
                                  report->n_rolled_back, report->n_undone);
    }
    if (is_done(err) && report->has_stopped)
        ese_tools__out_printf(out, "ended before %" PRIX32 ":%X:%X, as asked for\n",
                              (uint32_t)report->end.generation, (unsigned)report->end.sector,
                              (unsigned)report->end.offset);
    print_missing(report);
    print_databases(err, report);
}

static void
write_text(ese_tools__out *out, const char *before, const char *text)
{
    if (text == NULL)
        return;
    ese_tools__out_text(out, before);
    ese_tools__out_json(out, text);
}

static void
write_databases(JET_ERR err, const ese_recovery_report *report)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, ",\"databases\":[");
    for (unsigned i = 0; i < report->n_databases; i++) {
        const ese_recovery_database *db = &report->databases[i];

        write_text(out, i == 0 ? "{\"logged\":" : ",{\"logged\":", db->logged_path);
        write_text(out, ",\"outcome\":", outcome_name(err, db));
        write_text(out, ",\"source\":", db->source);
        write_text(out, ",\"result\":", db->result);
        ese_tools__out_printf(out,
                              ",\"minRequired\":%" PRIu32 ",\"maxRequired\":%" PRIu32
                              ",\"maxCommitted\":%" PRIu32 "}",
                              db->gen_min_required, db->gen_max_required, db->gen_max_committed);
    }
    ese_tools__out_text(out, "]");
}

static void
write_report(JET_ERR err, const char *text, const ese_recovery_report *report)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "{\"code\":%" PRId32 ",\"warning\":%" PRId32, err, report->warning);
    write_text(out, ",\"text\":", text);
    ese_tools__out_printf(
        out,
        ",\"checkpoint\":%s,\"stopped\":%s,\"first\":%" PRId32 ",\"last\":%" PRId32
        ",\"missingFrom\":%" PRId32 ",\"missingTo\":%" PRId32,
        report->has_checkpoint ? "true" : "false", report->has_stopped ? "true" : "false",
        report->gen_first, report->gen_last, report->gen_missing_from, report->gen_missing_to);
    ese_tools__out_printf(out,
                          ",\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"pageTests\":%" PRIu64
                          ",\"pagesRedone\":%" PRIu64,
                          report->log_bytes, report->n_records, report->n_page_tests,
                          report->n_page_redone);
    ese_tools__out_printf(
        out, ",\"committed\":%" PRIu64 ",\"rolledBack\":%" PRIu32 ",\"undone\":%" PRIu64,
        report->n_committed, report->n_rolled_back, report->n_undone);
    write_databases(err, report);
    ese_tools__out_text(out, "}\n");
}

/* ---- doing it */

static volatile sig_atomic_t ended_by; /* the signal that asks recovery to end */

/* The same signal once more ends the program at once. */
static void
end_by(int number)
{
    ended_by = number;
    signal(number, SIG_DFL);
}

static bool
progress(void *self, const char *phase, uint64_t done, uint64_t total)
{
    recover *recovering = self;

    ese_tools__progress_step(&recovering->progress, phase, done, total);
    return ended_by == 0;
}

/* After the error: what the user may do about it. */
static const char *
advice_for(const recover *recovering, JET_ERR err)
{
    switch (err) {
    case JET_errRequiredLogFilesMissing:
    case JET_errMissingLogFile:
    case JET_errInvalidLogSequence:
        if (recovering->has_stop)
            return err == JET_errRequiredLogFilesMissing
                       ? "it has something in it from later: begin with an older copy, or a backup"
                       : NULL;
        return "--log tells where the logs are, 'ese info DATABASE' which are needed; without them "
               "'ese repair' saves what can be read";
    case JET_errCommittedLogFilesMissing:
        return "--ignore-lost-logs goes on without it; what was committed there is lost";
    case JET_errCommittedLogFileCorrupt:
        return "--ignore-lost-logs --drop-damaged-logs goes on without it";
    case JET_errLogFileCorrupt:
    case JET_errLogCorruptDuringHardRestore:
        return "another copy of this log is needed; without it 'ese repair' saves what can be read";
    case JET_errAttachedDatabaseMismatch:
        return "--map [OLD=]NEW tells where a database is, --ignore-missing goes on without it";
    case JET_errSoftRecoveryOnBackupDatabase: return "--restore recovers out of a backup";
    case JET_errReadVerifyFailure: return "'ese repair' saves what can be read";
    default: return NULL;
    }
}

static void
report_failure(const recover *recovering, JET_ERR err)
{
    const char *advice = advice_for(recovering, err);

    ese_tools__report(recovering->options.log_folder, err);
    if (advice != NULL)
        fprintf(stderr, "ese recover: %s\n", advice);
}

static ese_tools__status
run_recovery(recover *recovering)
{
    const ese_recovery_watcher watcher = {recovering, progress};
    ese_recovery_report report = {0};
    bool may_miss = (recovering->options.flags & ESE_RECOVERY_IGNORE_MISSING_DATABASES) != 0;
    bool is_complete = true;
    JET_ERR err;

    recovering->options.watcher = &watcher;
    recovering->options.maps = recovering->maps;
    ese_tools__catch_end(end_by);
    ese_tools__progress_start(&recovering->progress, recovering->common.is_quiet);
    err = ese_recovery_run(&recovering->options, &report);
    ese_tools__progress_clear(&recovering->progress);
    if (recovering->is_json)
        write_report(err, err < JET_errSuccess ? ese_error_text(err) : NULL, &report);
    if (!is_done(err))
        report_failure(recovering, err);
    if (!recovering->is_json && !recovering->common.is_quiet)
        print_report(err, &report);
    for (unsigned i = 0; i < report.n_databases; i++)
        is_complete = is_complete && !(may_miss && was_passed_over(&report.databases[i]));
    is_complete = is_complete && !report.are_logs_lost;
    ese_recovery_report_clear(&report);
    if (!is_done(err))
        return ESE_TOOLS__FAILED;
    return is_complete ? ESE_TOOLS__OK : ESE_TOOLS__PROBLEMS;
}

/* ---- options */

static char *
keep(recover *recovering, const char *text)
{
    char *copy = ese_tools__copy_text(text);

    recovering->copies[recovering->n_copies++] = copy;
    return copy;
}

static ese_tools__parsed
add_map(recover *recovering, const char *text)
{
    ese_recovery_map *map = &recovering->maps[recovering->options.n_maps];
    char *copy, *equal;

    if (recovering->options.n_maps == MAPS_MAX - 1) {
        fprintf(stderr, "ese recover: too many --map\n");
        return ESE_TOOLS__WRONG;
    }
    copy = keep(recovering, text);
    equal = strchr(copy, '=');
    *map = (ese_recovery_map){.from = copy, .to = copy};
    if (equal != NULL) {
        *equal = '\0';
        map->to = equal + 1;
    }
    if (equal == NULL || copy[0] == '\0')
        map->from = NULL;
    if (map->to[0] == '\0') {
        fprintf(stderr, "ese recover: --map '%s' names no database\n", text);
        return ESE_TOOLS__WRONG;
    }
    recovering->options.n_maps++;
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
take_number(const char *text, uint32_t *number_out)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || number == 0 || number > UINT32_MAX) {
        fprintf(stderr, "ese recover: '%s' is no number of bytes\n", text);
        return ESE_TOOLS__WRONG;
    }
    *number_out = (uint32_t)number;
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
take_stop(recover *recovering, const char *text)
{
    if (ese_recovery_stop_parse(text, &recovering->options.stop)) {
        recovering->has_stop = true;
        return ESE_TOOLS__GO_ON;
    }
    fprintf(stderr, "ese recover: '%s' is neither a position in a log nor a time\n", text);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
take_option(recover *recovering, int option)
{
    ese_recovery_options *options = &recovering->options;

    switch (option) {
    case OPTION_LOG: options->log_folder = optarg; break;
    case OPTION_SYSTEM: options->system_folder = optarg; break;
    case OPTION_BASE: options->base = optarg; break;
    case OPTION_MAP: return add_map(recovering, optarg);
    case OPTION_TO: options->target_folder = optarg; break;
    case OPTION_IN_PLACE: recovering->is_in_place = true; break;
    case OPTION_JSON: recovering->is_json = true; break;
    case OPTION_IGNORE_MISSING: options->flags |= ESE_RECOVERY_IGNORE_MISSING_DATABASES; break;
    case OPTION_IGNORE_LOST: options->flags |= ESE_RECOVERY_IGNORE_LOST_LOGS; break;
    case OPTION_DROP_DAMAGED: options->flags |= ESE_RECOVERY_DROP_DAMAGED_LOGS; break;
    case OPTION_WITHOUT_UNDO: options->flags |= ESE_RECOVERY_WITHOUT_UNDO; break;
    case OPTION_RESTORE: options->flags |= ESE_RECOVERY_RESTORE; break;
    case OPTION_UNTIL: return take_stop(recovering, optarg);
    case OPTION_NEWER: options->flags |= ESE_RECOVERY_ALLOW_NEWER_LOGS; break;
    case OPTION_PAGE_SIZE: return take_number(optarg, &options->page_size);
    case OPTION_LOG_SIZE: return take_number(optarg, &options->log_file_size);
    default: return ese_tools__common_option(option, &ese_tools__recover, &recovering->common);
    }
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
parse(int argc, char **argv, recover *recovering)
{
    static const struct option options[] = {
        {"log", required_argument, NULL, OPTION_LOG},
        {"system", required_argument, NULL, OPTION_SYSTEM},
        {"base", required_argument, NULL, OPTION_BASE},
        {"map", required_argument, NULL, OPTION_MAP},
        {"to", required_argument, NULL, OPTION_TO},
        {"in-place", no_argument, NULL, OPTION_IN_PLACE},
        {"json", no_argument, NULL, OPTION_JSON},
        {"ignore-missing", no_argument, NULL, OPTION_IGNORE_MISSING},
        {"ignore-lost-logs", no_argument, NULL, OPTION_IGNORE_LOST},
        {"drop-damaged-logs", no_argument, NULL, OPTION_DROP_DAMAGED},
        {"without-undo", no_argument, NULL, OPTION_WITHOUT_UNDO},
        {"restore", no_argument, NULL, OPTION_RESTORE},
        {"until", required_argument, NULL, OPTION_UNTIL},
        {"newer", no_argument, NULL, OPTION_NEWER},
        {"page-size", required_argument, NULL, OPTION_PAGE_SIZE},
        {"log-size", required_argument, NULL, OPTION_LOG_SIZE},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "hqV", options, NULL)) != -1)
        parsed = take_option(recovering, option);
    return parsed;
}

static bool
is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* "a/b/c" -> "a/b"; "c" -> ".". */
static char *
folder_of(recover *recovering, const char *path)
{
    char *copy = keep(recovering, path);
    char *bar = strrchr(copy, '/');

    if (bar == NULL)
        return keep(recovering, ".");
    if (bar == copy)
        bar++;
    *bar = '\0';
    return copy;
}

/* What the argument is, and what follows for all that no option told. */
static ese_tools__status
take_argument(recover *recovering, const char *path)
{
    ese_recovery_options *options = &recovering->options;
    const char *folder = path;
    struct stat status;

    if (stat(path, &status) != 0) {
        ese_tools__complain(path, 0, JET_errFileNotFound, "no such folder or database");
        return ESE_TOOLS__FAILED;
    }
    if (!S_ISDIR(status.st_mode)) {
        folder = folder_of(recovering, path);
        recovering->maps[options->n_maps++] = (ese_recovery_map){.to = path};
    }
    options->database_folder = folder;
    if ((options->flags & ESE_RECOVERY_RESTORE) != 0) {
        options->forward_folder = options->log_folder;
        options->log_folder = NULL;
    }
    if (options->log_folder == NULL)
        options->log_folder = folder;
    if (recovering->is_in_place || options->target_folder != NULL)
        return ESE_TOOLS__OK;
    recovering->copies[recovering->n_copies] = ese_tools__alloc(strlen(folder) + 16, 1);
    snprintf(recovering->copies[recovering->n_copies], strlen(folder) + 16, "%s/recovered", folder);
    options->target_folder = recovering->copies[recovering->n_copies++];
    return ESE_TOOLS__OK;
}

/* The folder and those above it; `*was_made_out`: it was not there. */
static ese_tools__status
make_folder(recover *recovering, const char *path, bool *was_made_out)
{
    char *part = keep(recovering, path);

    if (is_folder(path))
        return ESE_TOOLS__OK;
    for (char *bar = strchr(part + 1, '/'); path[0] != '\0' && bar != NULL;
         bar = strchr(bar + 1, '/')) {
        *bar = '\0';
        (void)mkdir(part, 0777);
        *bar = '/';
    }
    *was_made_out = mkdir(path, 0777) == 0;
    if (*was_made_out || is_folder(path))
        return ESE_TOOLS__OK;
    ese_tools__complain(path, 0, JET_errInvalidPath,
                        "the folder of the results cannot be made; --to tells another one");
    return ESE_TOOLS__FAILED;
}

/* What fails leaves no empty folder where there was none. */
static ese_tools__status
recover_to(recover *recovering)
{
    const char *target = recovering->options.target_folder;
    bool was_made = false;
    ese_tools__status status = ESE_TOOLS__OK;

    if (target != NULL)
        status = make_folder(recovering, target, &was_made);
    if (status == ESE_TOOLS__OK)
        status = run_recovery(recovering);
    if (status == ESE_TOOLS__FAILED && was_made)
        (void)rmdir(target);
    if (status == ESE_TOOLS__FAILED && ended_by != 0)
        raise(ended_by); /* ends as every program that is interrupted */
    return status;
}

static ese_tools__status
run(int argc, char **argv)
{
    recover *recovering = ese_tools__alloc(1, sizeof *recovering);
    ese_tools__parsed parsed = parse(argc, argv, recovering);
    ese_tools__status status;

    if (parsed != ESE_TOOLS__GO_ON)
        status = ese_tools__parse_status(parsed);
    else if (argc != optind + 1)
        status = ese_tools__usage(&ese_tools__recover, "one folder or database is expected");
    else if (recovering->is_in_place && recovering->options.target_folder != NULL)
        status = ese_tools__usage(&ese_tools__recover, "--to and --in-place exclude each other");
    else if (recovering->is_in_place && recovering->has_stop)
        status = ese_tools__usage(&ese_tools__recover, "--until and --in-place exclude each other");
    else
        status = take_argument(recovering, argv[optind]);
    if (status == ESE_TOOLS__OK && parsed == ESE_TOOLS__GO_ON)
        status = recover_to(recovering);
    for (unsigned i = 0; i < recovering->n_copies; i++)
        free(recovering->copies[i]);
    free(recovering);
    return status;
}

const ese_tools__command ese_tools__recover = {
    "recover",
    "[OPTION]... FOLDER|DATABASE",
    "Bring databases that were not shut down up to date from their logs",
    "      --log FOLDER          where the logs are, if not beside the database\n"
    "      --system FOLDER       where the checkpoint is, if not beside the logs\n"
    "      --base NAME           three characters that the names of the logs begin with\n"
    "      --map [OLD=]NEW       NEW is the database that the log knows as OLD\n"
    "      --to FOLDER           where the results go; without it \"recovered\" beside the "
    "database\n"
    "      --in-place            the results take the place of the databases\n"
    "      --ignore-missing      go on without databases that are missing\n"
    "      --ignore-lost-logs    go on without the last logs if no database needs them; what was\n"
    "                            committed in them is lost\n"
    "      --drop-damaged-logs   with it: damaged ones, too\n"
    "      --without-undo        stop before what did not commit is taken back\n"
    "      --restore             databases and logs come out of a backup; --log tells where those\n"
    "                            are that follow\n"
    "      --until P|TIME        end there: a position as `ese log` shows it, a generation, or a "
    "time\n"
    "      --newer               read logs that are newer than what is known\n"
    "      --page-size N         refuse logs of databases with other pages\n"
    "      --log-size N          refuse logs of another size\n"
    "      --json                report as one line of JSON\n",
    run,
};
