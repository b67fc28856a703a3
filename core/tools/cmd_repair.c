/*
 * `ese repair`: what can still be read of a damaged database, or of one whose logs are lost, in a new and clean one.
 *
 * The source is only read. Every table is tried; what is left out of it is counted, and told as far as it can be known.
 */
#include "maint/maint_repair.h"
#include "tools/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_TO = 256, OPTION_JSON };

typedef struct table_report {
    char *name;
    ese_tools__copied copied;
    uint32_t n_pages; /* that could not be read while it was copied */
    bool is_mended;   /* it was read by way of new pages above its leaves */
    bool is_lost;     /* there is no such table in the target */
} table_report;

typedef struct repair {
    ese_tools__copy copy;
    const char *target;
    char *default_target;
    bool is_json;
    bool has_header;
    JET_DBINFOMISC2 header;
    char *mended; /* the copy with trees that were put together; NULL: there is none */
    char **mended_tables;
    uint32_t n_mended, n_mended_max;
    uint32_t n_tables, n_whole;
    table_report *tables;
    uint32_t n_catalog_pages; /* unreadable ones that were met before any table was opened */
} repair;

/* ---- What is known before */

static bool
is_dirty(const repair *r)
{
    return r->has_header && r->header.dbstate != JET_dbstateCleanShutdown;
}

static void
warn_of_logs(const repair *r, const char *path)
{
    fprintf(stderr, "ese: %s: warning: the database was not shut down cleanly", path);
    if (r->header.genMaxRequired != 0)
        fprintf(stderr, " and needs the logs of generations %" PRIu32 " to %" PRIu32,
                r->header.genMinRequired, r->header.genMaxRequired);
    fputs(".\nIf they still exist, \"ese recover\" loses nothing. Without them the last changes "
          "may be missing,\n"
          "half done, or there although they were never committed.\n",
          stderr);
}

static ese_tools__status
look_at_header(repair *r)
{
    const char *path = r->copy.source.path;
    JET_ERR err = JetGetDatabaseFileInfo(path, &r->header, sizeof r->header, JET_DbInfoMisc);
    struct stat status;

    if (err == JET_errFileNotFound || err == JET_errFileAccessDenied || err == JET_errInvalidPath)
        return ese_tools__report(path, err);
    if (stat(r->target, &status) == 0) {
        ese_tools__complain(r->target, 0, JET_errDatabaseDuplicate, "there is such a file");
        return ESE_TOOLS__FAILED;
    }
    r->has_header = err >= JET_errSuccess;
    if (!r->has_header)
        fprintf(stderr, "ese: %s: the header cannot be read; the pages tell what they can\n", path);
    if (is_dirty(r))
        warn_of_logs(r, path);
    return ESE_TOOLS__OK;
}

/* ---- Trees without their upper pages */

static void
take_mended(void *self, const ese_maint_finding *finding)
{
    repair *r = self;
    char text[160];

    snprintf(text, sizeof text, "table %.64s: %s", finding->table, finding->text);
    ese_tools__complain(r->copy.source.path, finding->pgno, finding->err, text);
    if (r->n_mended == r->n_mended_max) {
        uint32_t n_max = r->n_mended_max == 0 ? 16 : 2 * r->n_mended_max;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
        char **names = ese_tools__alloc(n_max, sizeof *names);

        for (uint32_t i = 0; i < r->n_mended; i++)
            names[i] = r->mended_tables[i];
        free(r->mended_tables);
        r->mended_tables = names;
        r->n_mended_max = n_max;
    }
    r->mended_tables[r->n_mended++] = ese_tools__copy_text(finding->table);
}

static bool
is_mended(const repair *r, const char *table)
{
    for (uint32_t i = 0; i < r->n_mended; i++) {
        if (strcmp(r->mended_tables[i], table) == 0)
            return true;
    }
    return false;
}

static ese_tools__status
mend(repair *r)
{
    const char *suffix = ".mended";
    size_t room = strlen(r->target) + strlen(suffix) + 1;
    const ese_maint_watcher watcher = {.self = r, .found = take_mended};
    char *path = ese_tools__alloc(room, 1);
    ese_maint_repaired repaired;
    JET_ERR err;

    snprintf(path, room, "%s%s", r->target, suffix);
    ese_tools__part_begin(path);
    err = ese_maint_repair_trees(r->copy.source.path, path, &watcher, &repaired);
    if (err >= JET_errSuccess && repaired.n_trees > 0) {
        r->mended = path;
    } else {
        ese_tools__part_end(path);
        free(path);
    }
    return err < JET_errSuccess ? ese_tools__report(r->copy.source.path, err) : ESE_TOOLS__OK;
}

/* ---- Copying */

/* Tells the problems met since the last call and counts the pages among them. */
static uint32_t
tell_problems(repair *r)
{
    ese_tools__database *source = &r->copy.source;
    ese_problem problem;
    uint32_t n_pages = 0;

    while (ese_get_problem(source->sesid, source->dbid, source->n_told, &problem) >=
           JET_errSuccess) {
        ese_tools__progress_clear(&r->copy.progress);
        if (problem.pgno != 0 || problem.err != JET_errDatabaseDirtyShutdown) /* told already */
            ese_tools__complain(source->path, problem.pgno, problem.err,
                                ese_tools__without_path(
                                    r->mended != NULL ? r->mended : source->path, problem.text));
        source->n_told++;
        n_pages += problem.pgno != 0;
    }
    return n_pages;
}

static bool
is_whole(const table_report *table)
{
    const ese_tools__copied *copied = &table->copied;

    return !table->is_lost && !table->is_mended && table->n_pages == 0 &&
           copied->err >= JET_errSuccess && copied->text[0] == '\0' && copied->n_rows_missing == 0;
}

/* Whoever reads it knows nothing of the copy that was there meanwhile. */
static void
forget_mended(const repair *r, char *text)
{
    const char *rest = r->mended != NULL ? ese_tools__without_path(r->mended, text) : text;

    memmove(text, rest, strlen(rest) + 1);
}

static ese_tools__status
copy_table(repair *r, const char *name, JET_GRBIT flags)
{
    table_report *table = &r->tables[r->n_tables++];
    JET_TABLEID tableid = JET_tableidNil;
    ese_tools__status status;

    table->is_mended = is_mended(r, name);
    r->copy.is_doubtful = table->is_mended;
    status = ese_tools__copy_table(&r->copy, name, flags, &table->copied);

    forget_mended(r, table->copied.text);
    table->name = ese_tools__copy_text(name);
    table->n_pages = tell_problems(r);
    if (status == ESE_TOOLS__FAILED)
        return status;
    table->is_lost = JetOpenTableA(r->copy.target.sesid, r->copy.target.dbid, name, NULL, 0,
                                   JET_bitTableReadOnly, &tableid) < JET_errSuccess;
    if (!table->is_lost)
        JetCloseTable(r->copy.target.sesid, tableid);
    r->n_whole += is_whole(table);
    return ESE_TOOLS__OK;
}

/* Templates come before the tables that are made after them. */
static ese_tools__status
copy_tables(repair *r)
{
    ese_tools__names names;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__names_load(&r->copy.source, &names);

    if (err < JET_errSuccess)
        return ese_tools__report(r->copy.source.path, err);
    r->n_catalog_pages = tell_problems(r);
    r->tables = ese_tools__alloc(names.n, sizeof *r->tables);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < names.n && status == ESE_TOOLS__OK; i++) {
            bool is_template = (names.grbits[i] & JET_bitObjectTableTemplate) != 0;

            if (!ese_tools__is_system(names.names[i]) && is_template == (pass == 0))
                status = copy_table(r, names.names[i], names.grbits[i]);
        }
    }
    ese_tools__names_free(&names);
    return status;
}

/* ---- Telling */

static void
print_count(uint64_t n, const char *what)
{
    if (n != 0)
        ese_tools__out_printf(&ese_tools__stdout, ", %" PRIu64 " %s", n, what);
}

static void
print_table(const table_report *table)
{
    const ese_tools__copied *copied = &table->copied;
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, table->name);
    if (table->is_lost) {
        ese_tools__out_text(out, ": lost");
    } else {
        ese_tools__out_printf(out, ": %" PRIu64 " rows", copied->n_rows);
        print_count(copied->n_indexes, "indexes rebuilt");
    }
    if (table->is_mended)
        ese_tools__out_text(out, ", read from its leaves alone");
    print_count(table->n_pages, "pages unreadable");
    print_count(copied->n_rows_missing, "rows missing at least");
    print_count(copied->n_rows_refused, "rows could not be kept");
    print_count(copied->n_rows_duplicate, "of them with the key of another row");
    print_count(copied->n_values_lost, "values lost");
    print_count(copied->n_values_cut, "values cut short");
    print_count(copied->n_indexes_lost, "indexes lost");
    print_count(copied->n_indexes_relaxed, "indexes not unique any more");
    if (copied->text[0] != '\0') {
        ese_tools__out_text(out, "; ");
        ese_tools__out_text(out, copied->text);
    }
    ese_tools__out_text(out, "\n");
}

static void
print_report(const repair *r)
{
    uint64_t n_rows = 0;

    for (uint32_t i = 0; i < r->n_tables; i++) {
        print_table(&r->tables[i]);
        n_rows += r->tables[i].copied.n_rows;
    }
    ese_tools__out_printf(&ese_tools__stdout,
                          "%s: %" PRIu32 " tables, %" PRIu32
                          " of them as far as is known complete, %" PRIu64 " rows\n",
                          r->target, r->n_tables, r->n_whole, n_rows);
}

static void
write_table(const table_report *table)
{
    const ese_tools__copied *copied = &table->copied;
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, "{\"name\":");
    ese_tools__out_json(out, table->name);
    ese_tools__out_printf(out,
                          ",\"lost\":%s,\"rows\":%" PRIu64 ",\"rowsMissing\":%" PRIu64
                          ",\"rowsRefused\":%" PRIu64 ",\"rowsDuplicate\":%" PRIu64,
                          table->is_lost ? "true" : "false", copied->n_rows, copied->n_rows_missing,
                          copied->n_rows_refused, copied->n_rows_duplicate);
    ese_tools__out_printf(out,
                          ",\"fromLeaves\":%s,\"valuesLost\":%" PRIu64 ",\"valuesCut\":%" PRIu64
                          ",\"pagesUnreadable\":%" PRIu32,
                          table->is_mended ? "true" : "false", copied->n_values_lost,
                          copied->n_values_cut, table->n_pages);
    ese_tools__out_printf(out,
                          ",\"indexesRebuilt\":%" PRIu32 ",\"indexesLost\":%" PRIu32
                          ",\"indexesNotUnique\":%" PRIu32,
                          copied->n_indexes, copied->n_indexes_lost, copied->n_indexes_relaxed);
    ese_tools__out_printf(out, ",\"code\":%" PRId32 ",\"text\":", copied->err);
    ese_tools__out_json(out, copied->text);
    ese_tools__out_text(out, "}");
}

static void
write_report(const repair *r)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, "{\"source\":");
    ese_tools__out_json(out, r->copy.source.path);
    ese_tools__out_text(out, ",\"target\":");
    ese_tools__out_json(out, r->target);
    ese_tools__out_printf(
        out,
        ",\"headerReadable\":%s,\"dirty\":%s,\"catalogPagesUnreadable\":%" PRIu32 ",\"tables\":[",
        r->has_header ? "true" : "false", is_dirty(r) ? "true" : "false", r->n_catalog_pages);
    for (uint32_t i = 0; i < r->n_tables; i++) {
        if (i > 0)
            ese_tools__out_text(out, ",");
        write_table(&r->tables[i]);
    }
    ese_tools__out_text(out, "]}\n");
}

/* ---- The command line */

static bool
is_all_there(const repair *r)
{
    return r->has_header && !is_dirty(r) && r->n_mended == 0 && r->n_whole == r->n_tables &&
           r->n_catalog_pages == 0;
}

static ese_tools__status
copy_all(repair *r)
{
    const char *source = r->copy.source.path;
    ese_tools__status status = ese_tools__database_copy(
        &r->copy.source, &r->copy.target, r->mended != NULL ? r->mended : source, r->target);

    r->copy.source.path = source; /* what messages name */
    if (status != ESE_TOOLS__OK)
        return status;
    r->copy.piece = ese_tools__alloc(ESE_TOOLS__COPY_PIECE, 1);
    ese_tools__progress_start(&r->copy.progress, r->copy.source.common.is_quiet);
    status = copy_tables(r);
    ese_tools__progress_clear(&r->copy.progress);
    if (status == ESE_TOOLS__OK)
        ese_tools__copy_give_back_room(&r->copy);
    ese_tools__database_close(&r->copy.source);
    free(r->copy.piece);
    ese_tools__part_end(r->target);
    if (status == ESE_TOOLS__FAILED)
        remove(r->target); /* it was made here, and is only a part */
    return status;
}

static ese_tools__status
run_repair(repair *r)
{
    ese_tools__status status;

    status = look_at_header(r);
    r->copy.source.common.is_damaged = true;
    r->copy.does_salvage = true;
    if (status == ESE_TOOLS__OK)
        status = mend(r);
    if (status == ESE_TOOLS__OK)
        status = copy_all(r);
    if (r->mended != NULL) {
        remove(r->mended);
        ese_tools__part_end(r->mended);
    }
    if (status == ESE_TOOLS__FAILED)
        return status;
    if (r->is_json)
        write_report(r);
    else if (!r->copy.source.common.is_quiet)
        print_report(r);
    return is_all_there(r) ? ESE_TOOLS__OK : ESE_TOOLS__PROBLEMS;
}

static ese_tools__parsed
parse(int argc, char **argv, repair *r)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, OPTION_TO},
        {"json", no_argument, NULL, OPTION_JSON},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "hqV", options, NULL)) != -1) {
        switch (option) {
        case OPTION_TO: r->target = optarg; break;
        case OPTION_JSON: r->is_json = true; break;
        default:
            parsed = ese_tools__common_option(option, &ese_tools__repair, &r->copy.source.common);
        }
    }
    return parsed;
}

static void
choose_target(repair *r)
{
    const char *suffix = ".repaired";
    size_t room = strlen(r->copy.source.path) + strlen(suffix) + 1;

    if (r->target != NULL)
        return;
    r->default_target = ese_tools__alloc(room, 1);
    snprintf(r->default_target, room, "%s%s", r->copy.source.path, suffix);
    r->target = r->default_target;
}

static ese_tools__status
run(int argc, char **argv)
{
    repair r = {0};
    ese_tools__parsed parsed = parse(argc, argv, &r);
    ese_tools__status status;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind != 1)
        return ese_tools__usage(&ese_tools__repair, "one database is expected");
    r.copy.source.path = argv[optind];
    choose_target(&r);
    status = run_repair(&r);
    for (uint32_t i = 0; i < r.n_tables; i++)
        free(r.tables[i].name);
    for (uint32_t i = 0; i < r.n_mended; i++)
        free(r.mended_tables[i]);
    free(r.mended_tables);
    free(r.mended);
    free(r.tables);
    free(r.default_target);
    return status;
}

const ese_tools__command ese_tools__repair = {
    "repair",
    "[OPTION]... FILE",
    "Save what can be read of a damaged database, or of one without its logs, in a new one",
    "      --to COPY   the new database; without it FILE.repaired\n"
    "      --json      report as one line of JSON\n",
    run,
};
