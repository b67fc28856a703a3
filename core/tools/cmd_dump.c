/* `ese dump`: the rows of one table, of all user tables, or of all tables. */
#include "tools/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_STEP = 256 };

static const ese_tools__format *const formats[] = {&ese_tools__jsonl, &ese_tools__csv,
                                                   &ese_tools__grid};

/* The whole of a call of the command. */
typedef struct dump {
    ese_tools__database database;
    ese_tools__common common;
    ese_tools__selection selection;
    const ese_tools__format *format;
    bool with_system;
    const char *table; /* NULL = all */
    ese_tools__progress progress;
} dump;

/* ---- One table ---- */

static ese_tools__status
choose_column(ese_tools__rows *rows, const char *name)
{
    const ese_tools__column *column = ese_tools__find_column(rows->table, name);

    if (column == NULL)
        return ese_tools__usage(&ese_tools__dump, "table %s has no column %s", rows->table->name,
                                name);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        if (rows->columns[i] == column)
            return ESE_TOOLS__OK;
    }
    rows->columns[rows->n_columns++] = column;
    return ESE_TOOLS__OK;
}

/* All columns, or those that `names` (with commas between them) lists, in that order. */
static ese_tools__status
choose_columns(ese_tools__rows *rows, const char *names)
{
    const ese_tools__table *table = rows->table;
    ese_tools__status status = ESE_TOOLS__OK;

    rows->columns = ese_tools__alloc(table->n_columns, sizeof(const void *));
    rows->values = ese_tools__alloc(table->n_columns, sizeof *rows->values);
    if (names == NULL) {
        for (unsigned i = 0; i < table->n_columns; i++)
            rows->columns[rows->n_columns++] = &table->columns[i];
    } else {
        char *copy = ese_tools__copy_text(names);

        for (char *at = copy, *next; at != NULL && status == ESE_TOOLS__OK; at = next) {
            next = strchr(at, ',');
            if (next != NULL)
                *next++ = '\0';
            status = choose_column(rows, at);
        }
        free(copy);
    }
    for (unsigned i = 0; i < rows->n_columns; i++)
        rows->values[i].columnid = rows->columns[i]->id;
    return status;
}

/*
 * A damaged row ends the dump of its table; when the file is read as a damaged one it is told and left out instead.
 */
static ese_tools__status
write_rows(dump *dumping, ese_tools__rows *rows)
{
    JET_SESID sesid = dumping->database.sesid;
    JET_TABLEID tableid = rows->table->tableid;
    const ese_tools__selection *selection = &dumping->selection;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = JET_errSuccess;

    for (uint64_t n = 0; err >= JET_errSuccess && (!selection->has_limit || n < selection->limit);
         n++) {
        if (n % PROGRESS_STEP == 0)
            ese_tools__progress_step(&dumping->progress, rows->table->name, n, 0);
        err = ese_get_row(sesid, tableid, 0, rows->values, rows->n_columns);
        if (err >= JET_errSuccess) {
            dumping->format->row(rows);
        } else if (dumping->common.is_damaged && err != JET_errNoCurrentRecord) {
            ese_tools__report(dumping->database.path, err);
            status = ESE_TOOLS__PROBLEMS;
        } else {
            break;
        }
        if (rows->out->has_failed)
            return ESE_TOOLS__FAILED;
        err = JetMove(sesid, tableid, JET_MoveNext, 0);
    }
    if (err < JET_errSuccess && err != JET_errNoCurrentRecord)
        return ese_tools__report(dumping->database.path, err);
    return status;
}

static ese_tools__status
dump_rows(dump *dumping, const ese_tools__table *table)
{
    ese_tools__rows rows = {
        .out = &ese_tools__stdout, .table = table, .is_only_table = dumping->table != NULL};
    bool found = false;
    ese_tools__status status = choose_columns(&rows, dumping->selection.columns);

    if (status == ESE_TOOLS__OK)
        status = ese_tools__choose_rows(&dumping->database, table, &dumping->selection, &found);
    if (status == ESE_TOOLS__OK) {
        dumping->format->begin(&rows);
        if (found)
            status = write_rows(dumping, &rows);
        dumping->format->end(&rows);
    }
    free(rows.columns);
    free(rows.values);
    return status;
}

static ese_tools__status
dump_table(dump *dumping, const char *name)
{
    ese_tools__database *database = &dumping->database;
    ese_tools__table table;
    ese_tools__status status;
    JET_ERR err = ese_tools__table_open(database, name, &table);

    if (err < JET_errSuccess)
        return ese_tools__report(database->path, err);
    JetSetTableSequential(database->sesid, table.tableid, 0); /* no more than advice */
    status = dump_rows(dumping, &table);
    if (status < ESE_TOOLS__USAGE && dumping->selection.with_indexes) {
        err = ese_tools__dump_indexes(database, &table, &ese_tools__stdout);
        if (err < JET_errSuccess)
            status = ese_tools__report(database->path, err);
    }
    ese_tools__table_close(database, &table);
    return ese_tools__worse(status, ese_tools__database_problems(database));
}

/* A table that fails does not keep the others from being dumped. */
static ese_tools__status
dump_all(dump *dumping)
{
    ese_tools__names names;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__names_load(&dumping->database, &names);

    if (err < JET_errSuccess)
        return ese_tools__report(dumping->database.path, err);
    for (unsigned i = 0; i < names.n && !ese_tools__stdout.has_failed; i++) {
        if (dumping->with_system || !ese_tools__is_system(names.names[i]))
            status = ese_tools__worse(status, dump_table(dumping, names.names[i]));
    }
    ese_tools__names_free(&names);
    return ese_tools__worse(status, ese_tools__database_problems(&dumping->database));
}

/* ---- The command line ---- */

enum {
    OPTION_FORMAT = 256,
    OPTION_FROM,
    OPTION_TO,
    OPTION_INDEXES,
    OPTION_ALL_TABLES,
    OPTION_LIMIT
};

static ese_tools__parsed
choose_format(dump *dumping, const char *name)
{
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            dumping->format = formats[i];
            return ESE_TOOLS__GO_ON;
        }
    }
    ese_tools__usage(&ese_tools__dump, "there is no format '%s': jsonl, csv, table", name);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
choose_limit(ese_tools__selection *selection, const char *text)
{
    char *end;

    errno = 0;
    selection->limit = strtoull(text, &end, 10);
    selection->has_limit = true;
    if (errno == 0 && end != text && *end == '\0' && text[0] != '-')
        return ESE_TOOLS__GO_ON;
    ese_tools__usage(&ese_tools__dump, "'%s' is no number of rows", text);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
take_option(dump *dumping, int option)
{
    ese_tools__selection *selection = &dumping->selection;

    switch (option) {
    case OPTION_FORMAT: return choose_format(dumping, optarg);
    case 'c': selection->columns = optarg; break;
    case 'i': selection->index = optarg; break;
    case OPTION_FROM: selection->from[selection->n_from++] = optarg; break;
    case OPTION_TO: selection->to[selection->n_to++] = optarg; break;
    case OPTION_INDEXES: selection->with_indexes = true; break;
    case OPTION_ALL_TABLES: dumping->with_system = true; break;
    case OPTION_LIMIT: return choose_limit(selection, optarg);
    default: return ese_tools__common_option(option, &ese_tools__dump, &dumping->common);
    }
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
parse(int argc, char **argv, dump *dumping)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"columns", required_argument, NULL, 'c'},
        {"index", required_argument, NULL, 'i'},
        {"from", required_argument, NULL, OPTION_FROM},
        {"to", required_argument, NULL, OPTION_TO},
        {"limit", required_argument, NULL, OPTION_LIMIT},
        {"indexes", no_argument, NULL, OPTION_INDEXES},
        {"all-tables", no_argument, NULL, OPTION_ALL_TABLES},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "c:i:hqV", options, NULL)) != -1)
        parsed = take_option(dumping, option);
    return parsed;
}

/* What makes no sense together. */
static const char *
find_contradiction(const dump *dumping)
{
    const ese_tools__selection *selection = &dumping->selection;
    bool is_selective = selection->columns != NULL || selection->index != NULL ||
                        selection->n_from != 0 || selection->n_to != 0;

    if (dumping->table == NULL && is_selective)
        return "--columns, --index, --from and --to need a table";
    if (dumping->table != NULL && dumping->with_system)
        return "--all-tables and a table exclude each other";
    if (selection->with_indexes && dumping->format != &ese_tools__jsonl)
        return "--indexes needs the format jsonl";
    return NULL;
}

static ese_tools__status
run_parsed(dump *dumping, int argc, char **argv)
{
    const char *contradiction;
    ese_tools__status status;

    if (argc - optind < 1 || argc - optind > 2)
        return ese_tools__usage(&ese_tools__dump, "a file and at most one table are expected");
    dumping->table = argc - optind == 2 ? argv[optind + 1] : NULL;
    contradiction = find_contradiction(dumping);
    if (contradiction != NULL)
        return ese_tools__usage(&ese_tools__dump, "%s", contradiction);
    status = ese_tools__database_open(&dumping->database, argv[optind], &dumping->common);
    if (status != ESE_TOOLS__OK)
        return status;
    ese_tools__progress_start(&dumping->progress, dumping->common.is_quiet);
    status = dumping->table != NULL ? dump_table(dumping, dumping->table) : dump_all(dumping);
    ese_tools__progress_clear(&dumping->progress);
    ese_tools__database_close(&dumping->database);
    return status;
}

static ese_tools__status
run(int argc, char **argv)
{
    dump dumping = {.format = &ese_tools__jsonl};
    ese_tools__selection *selection = &dumping.selection;
    ese_tools__parsed parsed;
    ese_tools__status status;

    selection->from = ese_tools__alloc((size_t)argc, sizeof *selection->from);
    selection->to = ese_tools__alloc((size_t)argc, sizeof *selection->to);
    parsed = parse(argc, argv, &dumping);
    status = parsed == ESE_TOOLS__GO_ON ? run_parsed(&dumping, argc, argv)
                                        : ese_tools__parse_status(parsed);
    free(selection->from);
    free(selection->to);
    return status;
}

const ese_tools__command ese_tools__dump = {
    "dump",
    "[OPTION]... FILE [TABLE]",
    "Write the rows of a table, or of all user tables in the order of their names",
    "      --format FORMAT   jsonl (the default), csv, or table (for people)\n"
    "  -c, --columns A,B     only these columns\n"
    "  -i, --index NAME      rows in the order of this index\n"
    "      --from VALUE      start where the first column of the index (or of the primary index)\n"
    "                        has this value; repeated: the second column, and so on\n"
    "      --to VALUE        end behind the last row with this value; repeated as --from\n"
    "      --limit N         at most N rows of each table\n"
    "      --indexes         after the rows, a line for each secondary index with the bookmarks\n"
    "                        of its entries (jsonl)\n"
    "      --all-tables      system tables (MSys...), too\n",
    run,
};
