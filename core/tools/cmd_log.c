/* `ese log`: headers, records and sums of log files, or of all generations in a folder. */
#include "tools/log_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_JSON = 256, OPTION_BASE, LABEL_WIDTH = 26 };

typedef struct logs {
    ese_tools__common common;
    ese_maint_log_filter filter;
    ese_maint_log_sum sum;
    bool is_json;
    bool is_folder; /* a line for each log instead of its header */
    bool has_title;
    bool has_problem;
    char created[64];
    int32_t generation;
} logs;

/* ---- sums */

static const char *
state_of(const ese_maint_log_sum *sum)
{
    if (sum->is_damaged)
        return "damaged";
    if (sum->is_cut)
        return "cut off: the last segment is lost, a copy of it is there";
    return sum->is_clean ? "clean shutdown" : "no shutdown at its end";
}

static void
print_numbers(const ese_maint_log_sum *sum)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "%-*s%" PRIu64 ", %" PRIu64 " of them repaired\n", LABEL_WIDTH,
                          "segments with records", sum->n_segments, sum->n_repaired);
    ese_tools__out_printf(out, "%-*s%" PRIu64 ", %" PRIu64 " of them in pieces\n", LABEL_WIDTH,
                          "records", sum->n_records, sum->n_fragmented);
    if (sum->n_torn != 0)
        ese_tools__out_printf(out, "%-*s%" PRIu64 "\n", LABEL_WIDTH, "records cut off",
                              sum->n_torn);
    ese_tools__out_printf(out, "%-*s%" PRIu64 " of records, %" PRIu64 " of fill\n", LABEL_WIDTH,
                          "bytes", sum->record_bytes, sum->fill_bytes);
    if (sum->end != NULL)
        ese_tools__out_printf(out, "%-*s%s\n", LABEL_WIDTH, "end", sum->end);
    ese_tools__out_printf(out, "%-*s%s\n", LABEL_WIDTH, "state", state_of(sum));
}

static void
print_types(const ese_maint_log_sum *sum)
{
    for (unsigned type = 0; type < ESE_MAINT_LOG_TYPES; type++) {
        if (sum->by_type[type] != 0)
            ese_tools__out_printf(&ese_tools__stdout, "  %-*s  %" PRIu64 "\n", LABEL_WIDTH - 4,
                                  ese_maint_log_type_name(type), sum->by_type[type]);
    }
}

static void
print_json_sum(const char *path, const ese_maint_log_sum *sum)
{
    ese_tools__out *out = &ese_tools__stdout;
    const char *comma = "";

    ese_tools__out_printf(out, "{\"%s\":{", path == NULL ? "summary" : "end");
    if (path != NULL) {
        ese_tools__out_text(out, "\"path\":");
        ese_tools__out_json(out, path);
        ese_tools__out_printf(out, ",\"end\":\"%s\",", sum->end);
    }
    ese_tools__out_printf(out,
                          "\"logs\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"repaired\":%" PRIu64
                          ",\"records\":%" PRIu64 ",\"fragmented\":%" PRIu64 ",\"torn\":%" PRIu64
                          ",\"recordBytes\":%" PRIu64 ",\"fillBytes\":%" PRIu64,
                          sum->n_logs, sum->n_segments, sum->n_repaired, sum->n_records,
                          sum->n_fragmented, sum->n_torn, sum->record_bytes, sum->fill_bytes);
    ese_tools__out_printf(out, ",\"clean\":%s,\"damaged\":%s,\"cut\":%s,\"types\":{",
                          sum->is_clean ? "true" : "false", sum->is_damaged ? "true" : "false",
                          sum->is_cut ? "true" : "false");
    for (unsigned type = 0; type < ESE_MAINT_LOG_TYPES; type++) {
        if (sum->by_type[type] == 0)
            continue;
        ese_tools__out_printf(out, "%s\"%s\":%" PRIu64, comma, ese_maint_log_type_name(type),
                              sum->by_type[type]);
        comma = ",";
    }
    ese_tools__out_text(out, "}}}\n");
}

/* ---- what the walk tells */

static const char *
text_of(const ese_maint_log_head *head, const char *name)
{
    for (unsigned i = 0; i < head->values.n; i++) {
        if (strcmp(head->values.items[i].name, name) == 0)
            return head->values.items[i].text;
    }
    return "";
}

static void
show_head(void *self, const ese_maint_log_head *head)
{
    logs *showing = self;

    showing->generation = head->generation;
    if (showing->is_json)
        ese_tools__out_log_head_json(&ese_tools__stdout, "log", head);
    else if (showing->is_folder)
        snprintf(showing->created, sizeof showing->created, "%s", text_of(head, "created"));
    else if (!showing->common.is_quiet)
        ese_tools__out_log_head(&ese_tools__stdout, head);
}

static JET_ERR
show_record(void *self, const ese_maint_log_record *record)
{
    ese_tools__out *out = &ese_tools__stdout;
    const logs *showing = self;

    if (showing->is_json) {
        ese_tools__out_printf(out,
                              "{\"record\":{\"position\":\"%s\",\"type\":\"%s\",\"size\":%" PRIu32,
                              record->position, record->name, record->size);
        ese_tools__out_log_members(out, record->values, false);
        ese_tools__out_text(out, "}}\n");
        return JET_errSuccess;
    }
    ese_tools__out_printf(out, "%-12s  %-12s ", record->position, record->name);
    ese_tools__out_log_words(out, record->values);
    ese_tools__out_text(out, "\n");
    return JET_errSuccess;
}

/* A log of a folder in one line. */
static void
show_line(logs *showing, const ese_maint_log_sum *sum)
{
    ese_tools__out *out = &ese_tools__stdout;

    if (!showing->has_title)
        ese_tools__out_printf(out, "%10s  %-27s  %8s  %10s  %s\n", "generation", "created",
                              "segments", "records", "state");
    showing->has_title = true;
    ese_tools__out_printf(out, "%10" PRId32 "  %-27s  %8" PRIu64 "  %10" PRIu64 "  %s\n",
                          showing->generation, showing->created, sum->n_segments, sum->n_records,
                          state_of(sum));
}

static void
show_end(void *self, const char *path, const ese_maint_log_sum *sum)
{
    logs *showing = self;

    if (showing->common.is_quiet)
        return;
    if (showing->is_json) {
        print_json_sum(path, sum);
    } else if (!showing->is_folder) {
        print_numbers(sum);
        print_types(sum);
    } else if (!showing->filter.with_records) {
        show_line(showing, sum);
    }
}

static void
show_problem(void *self, const char *path, JET_ERR err, const char *text)
{
    logs *showing = self;

    showing->has_problem = true;
    ese_tools__complain(path, 0, err, text);
}

/* ---- the command */

static ese_tools__status
show_path(logs *showing, const char *path)
{
    const ese_maint_log_visitor visitor = {showing, show_head, show_record, show_end, show_problem};
    ese_maint_log_sum sum = {0};
    JET_ERR err;

    showing->has_problem = false;
    showing->has_title = false;
    showing->is_folder = ese_maint_is_folder(path);
    if (showing->is_folder)
        err = ese_maint_log_read_folder(path, &showing->filter, &visitor, &sum);
    else
        err = ese_maint_log_read(path, &showing->filter, &visitor, &sum);
    if (err < JET_errSuccess)
        return ese_tools__report(path, err);
    if (showing->is_folder && !showing->common.is_quiet) {
        if (showing->is_json) {
            print_json_sum(NULL, &sum);
        } else {
            ese_tools__out_printf(&ese_tools__stdout, "%-*s%" PRIu64 "\n", LABEL_WIDTH, "logs",
                                  sum.n_logs);
            print_numbers(&sum);
            print_types(&sum);
        }
    }
    return showing->has_problem || sum.is_damaged || sum.is_cut ? ESE_TOOLS__PROBLEMS
                                                                : ESE_TOOLS__OK;
}

static ese_tools__parsed
choose_page(logs *showing, const char *text)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number == 0 ||
        number > UINT32_MAX) {
        ese_tools__usage(&ese_tools__log, "'%s' is no page number", text);
        return ESE_TOOLS__WRONG;
    }
    showing->filter.page = (uint32_t)number;
    showing->filter.with_records = true;
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
choose_type(logs *showing, const char *text)
{
    showing->filter.has_type = true;
    showing->filter.with_records = true;
    if (ese_maint_log_type(text, &showing->filter.type))
        return ESE_TOOLS__GO_ON;
    ese_tools__usage(&ese_tools__log, "there is no type of records '%s'", text);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
choose_from(logs *showing, const char *text)
{
    showing->filter.with_records = true;
    if (ese_maint_log_position(text, &showing->filter.from))
        return ESE_TOOLS__GO_ON;
    ese_tools__usage(&ese_tools__log, "'%s' is no position: generation:sector:offset in hex digits",
                     text);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
take_option(logs *showing, int option)
{
    switch (option) {
    case OPTION_JSON: showing->is_json = true; return ESE_TOOLS__GO_ON;
    case OPTION_BASE: showing->filter.base = optarg; return ESE_TOOLS__GO_ON;
    case 'r': showing->filter.with_records = true; return ESE_TOOLS__GO_ON;
    case 't': return choose_type(showing, optarg);
    case 'p': return choose_page(showing, optarg);
    case 'f': return choose_from(showing, optarg);
    default: return ese_tools__common_option(option, &ese_tools__log, &showing->common);
    }
}

static ese_tools__parsed
parse(int argc, char **argv, logs *showing)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"base", required_argument, NULL, OPTION_BASE},
        {"records", no_argument, NULL, 'r'},
        {"type", required_argument, NULL, 't'},
        {"page", required_argument, NULL, 'p'},
        {"from", required_argument, NULL, 'f'},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "rt:p:f:hqV", options, NULL)) != -1)
        parsed = take_option(showing, option);
    return parsed;
}

static ese_tools__status
run(int argc, char **argv)
{
    static logs showing;
    ese_tools__parsed parsed = parse(argc, argv, &showing);
    ese_tools__status status = ESE_TOOLS__OK;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc == optind)
        return ese_tools__usage(&ese_tools__log, "a log file or a folder is expected");
    showing.filter.allow_damage = showing.common.is_damaged;
    for (int i = optind; i < argc; i++) {
        if (i != optind && !showing.is_json && !showing.common.is_quiet)
            ese_tools__out_text(&ese_tools__stdout, "\n");
        status = ese_tools__worse(status, show_path(&showing, argv[i]));
    }
    return status;
}

const ese_tools__command ese_tools__log = {
    "log",
    "[OPTION]... FILE|FOLDER...",
    "Show what is in log files",
    "  -r, --records   every record, a line each\n"
    "  -t, --type T    only records of this type, by name or number\n"
    "  -p, --page N    only records about this page\n"
    "  -f, --from P    only records from the position P on (generation:sector:offset, hex)\n"
    "      --base BAS  of a folder: logs whose names begin so\n"
    "      --json      one line of JSON for each header, record and sum\n",
    run,
};
