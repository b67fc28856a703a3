/* `ese check`: the integrity check of core/maint, as lines of text or of JSON. */
#include "maint/maint.h"
#include "tools/tools.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct check {
    const char *path;
    ese_tools__common common;
    bool is_json;
    ese_tools__progress progress;
} check;

static const char *const area_names[] = {
    "header", "page", "space", "tree", "catalog", "record", "long value", "index",
};

static void
print_finding(const ese_maint_finding *finding)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, finding->severity == ESE_MAINT_ERROR ? "error: " : "note: ");
    ese_tools__out_text(out, area_names[finding->area]);
    if (finding->pgno != 0)
        ese_tools__out_printf(out, ": page %" PRIu32, finding->pgno);
    if (finding->table != NULL)
        ese_tools__out_printf(out, ": table %s", finding->table);
    if (finding->index != NULL)
        ese_tools__out_printf(out, ": index %s", finding->index);
    ese_tools__out_printf(out, ": %s", finding->text);
    if (finding->err != JET_errSuccess)
        ese_tools__out_printf(out, " (%s, %" PRId32 ")", ese_error_name(finding->err),
                              finding->err);
    ese_tools__out_text(out, "\n");
}

static void
write_member(ese_tools__out *out, const char *before, const char *text)
{
    if (text == NULL)
        return;
    ese_tools__out_text(out, before);
    ese_tools__out_json(out, text);
}

static void
write_finding(const ese_maint_finding *finding)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "{\"severity\":\"%s\",\"area\":\"%s\"",
                          finding->severity == ESE_MAINT_ERROR ? "error" : "note",
                          area_names[finding->area]);
    if (finding->pgno != 0)
        ese_tools__out_printf(out, ",\"page\":%" PRIu32, finding->pgno);
    write_member(out, ",\"table\":", finding->table);
    write_member(out, ",\"index\":", finding->index);
    if (finding->err != JET_errSuccess)
        ese_tools__out_printf(out, ",\"code\":%" PRId32 ",\"error\":\"%s\"", finding->err,
                              ese_error_name(finding->err));
    write_member(out, ",\"text\":", finding->text);
    ese_tools__out_text(out, "}\n");
}

static void
found(void *self, const ese_maint_finding *finding)
{
    check *checking = self;

    ese_tools__progress_clear(&checking->progress);
    if (checking->is_json)
        write_finding(finding);
    else if (!checking->common.is_quiet || finding->severity == ESE_MAINT_ERROR)
        print_finding(finding);
}

static void
progress(void *self, const char *phase, uint64_t done, uint64_t total)
{
    check *checking = self;

    ese_tools__progress_step(&checking->progress, phase, done, total);
}

static void
print_summary(const check *checking, const ese_maint_summary *summary)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(
        out,
        "%s: %" PRIu64 " pages (%" PRIu64 " never written, %" PRIu64 " bad, %" PRIu64
        " with one wrong bit, %" PRIu64 " leaked), %" PRIu64 " tables, %" PRIu64
        " records, %" PRIu64 " long values, %" PRIu64 " index entries: ",
        checking->path, summary->n_pages, summary->n_blank_pages, summary->n_bad_pages,
        summary->n_corrected_pages, summary->n_leaked_pages, summary->n_tables, summary->n_records,
        summary->n_long_values, summary->n_index_entries);
    ese_tools__out_printf(out, "%" PRIu64 " errors, %" PRIu64 " notes\n", summary->n_errors,
                          summary->n_notes);
}

static void
write_summary(const check *checking, const ese_maint_summary *summary)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, "{\"file\":");
    ese_tools__out_json(out, checking->path);
    ese_tools__out_printf(out,
                          ",\"state\":%" PRIu32 ",\"pageSize\":%" PRIu32 ",\"pages\":%" PRIu64
                          ",\"blank\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"corrected\":%" PRIu64
                          ",\"leaked\":%" PRIu64 ",\"trees\":%" PRIu64,
                          summary->state, summary->page_size, summary->n_pages,
                          summary->n_blank_pages, summary->n_bad_pages, summary->n_corrected_pages,
                          summary->n_leaked_pages, summary->n_trees);
    ese_tools__out_printf(out,
                          ",\"tables\":%" PRIu64 ",\"indexes\":%" PRIu64 ",\"records\":%" PRIu64
                          ",\"longValues\":%" PRIu64 ",\"indexEntries\":%" PRIu64
                          ",\"errors\":%" PRIu64 ",\"notes\":%" PRIu64 "}\n",
                          summary->n_tables, summary->n_indexes, summary->n_records,
                          summary->n_long_values, summary->n_index_entries, summary->n_errors,
                          summary->n_notes);
}

static ese_tools__status
check_file(check *checking)
{
    ese_maint_watcher watcher = {checking, found, progress};
    ese_maint_summary summary = {0};
    JET_ERR err;

    ese_tools__progress_start(&checking->progress, checking->common.is_quiet);
    err = ese_maint_check(checking->path, &watcher, &summary);
    ese_tools__progress_clear(&checking->progress);
    if (err < JET_errSuccess)
        return ese_tools__report(checking->path, err);
    if (checking->is_json)
        write_summary(checking, &summary);
    else if (!checking->common.is_quiet)
        print_summary(checking, &summary);
    return summary.n_errors == 0 ? ESE_TOOLS__OK : ESE_TOOLS__PROBLEMS;
}

static ese_tools__status
run(int argc, char **argv)
{
    check checking = {0};
    ese_tools__parsed parsed =
        ese_tools__parse_json(argc, argv, &ese_tools__check, &checking.common, &checking.is_json);
    ese_tools__status status = ESE_TOOLS__OK;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc == optind)
        return ese_tools__usage(&ese_tools__check, "a file is expected");
    for (int i = optind; i < argc; i++) {
        checking.path = argv[i];
        status = ese_tools__worse(status, check_file(&checking));
    }
    return status;
}

const ese_tools__command ese_tools__check = {
    "check",
    "[OPTION]... FILE...",
    "Check pages, trees, space, records, long values and indexes of a database",
    "      --json      one line of JSON for each finding, and one for the summary\n",
    run,
};
