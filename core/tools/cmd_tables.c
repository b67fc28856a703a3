/* `ese tables`: names of the tables, and how many columns, indexes and rows they have. */
#include "tools/tools.h"

#include <inttypes.h>
#include <string.h>

enum { OPTION_ALL = 256 };

typedef struct tables {
    ese_tools__database database;
    ese_tools__common common;
    bool with_system;
    bool with_details;
    ese_tools__progress progress;
} tables;

static JET_ERR
count_rows(const ese_tools__database *database, JET_TABLEID tableid, uint32_t *n_out)
{
    JET_ERR err = JetMove(database->sesid, tableid, (int32_t)JET_MoveFirst, 0);

    *n_out = 0;
    if (err == JET_errNoCurrentRecord)
        return JET_errSuccess;
    return err < JET_errSuccess ? err : JetIndexRecordCount(database->sesid, tableid, n_out, 0);
}

static ese_tools__status
print_details(tables *listing, const char *name)
{
    const ese_tools__database *database = &listing->database;
    ese_tools__table table;
    uint32_t n_rows = 0;
    JET_ERR err = ese_tools__table_open(database, name, &table);

    if (err < JET_errSuccess)
        return ese_tools__report(database->path, err);
    err = count_rows(database, table.tableid, &n_rows);
    if (err >= JET_errSuccess)
        ese_tools__out_printf(&ese_tools__stdout, "%10" PRIu32 " %8u %8u  %s\n", n_rows,
                              table.n_columns, table.n_indexes, name);
    ese_tools__table_close(database, &table);
    return err < JET_errSuccess ? ese_tools__report(database->path, err) : ESE_TOOLS__OK;
}

static ese_tools__status
print_tables(tables *listing, const ese_tools__names *names)
{
    ese_tools__status status = ESE_TOOLS__OK;

    if (listing->with_details)
        ese_tools__out_text(&ese_tools__stdout, "      rows  columns  indexes  table\n");
    for (unsigned i = 0; i < names->n; i++) {
        if (!listing->with_system && ese_tools__is_system(names->names[i]))
            continue;
        ese_tools__progress_step(&listing->progress, "tables", i, names->n);
        if (listing->with_details)
            status = ese_tools__worse(status, print_details(listing, names->names[i]));
        else
            ese_tools__out_printf(&ese_tools__stdout, "%s\n", names->names[i]);
    }
    return status;
}

static ese_tools__parsed
parse(int argc, char **argv, tables *listing)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, OPTION_ALL},
        {"long", no_argument, NULL, 'l'},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "lhqV", options, NULL)) != -1) {
        if (option == OPTION_ALL)
            listing->with_system = true;
        else if (option == 'l')
            listing->with_details = true;
        else
            parsed = ese_tools__common_option(option, &ese_tools__tables, &listing->common);
    }
    return parsed;
}

static ese_tools__status
run(int argc, char **argv)
{
    tables listing = {0};
    ese_tools__names names;
    ese_tools__status status;
    ese_tools__parsed parsed = parse(argc, argv, &listing);
    JET_ERR err;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind != 1)
        return ese_tools__usage(&ese_tools__tables, "one file is expected");
    status = ese_tools__database_open(&listing.database, argv[optind], &listing.common);
    if (status != ESE_TOOLS__OK)
        return status;
    ese_tools__progress_start(&listing.progress, listing.common.is_quiet);
    err = ese_tools__names_load(&listing.database, &names);
    if (err < JET_errSuccess) {
        status = ese_tools__report(argv[optind], err);
    } else {
        status = print_tables(&listing, &names);
        ese_tools__names_free(&names);
    }
    ese_tools__progress_clear(&listing.progress);
    status = ese_tools__worse(status, ese_tools__database_problems(&listing.database));
    ese_tools__database_close(&listing.database);
    return status;
}

const ese_tools__command ese_tools__tables = {
    "tables",
    "[OPTION]... FILE",
    "List the user tables, one name a line",
    "      --all       system tables (MSys...), too\n"
    "  -l, --long      with the number of rows, columns and indexes\n",
    run,
};
