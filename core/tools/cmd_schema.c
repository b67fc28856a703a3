/* `ese schema`: columns and indexes of one table, of all user tables, or of all tables. */
#include "tools/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_ALL = 256, OPTION_JSON, DEFAULT_SHOWN = 200 };

typedef struct flag_name {
    JET_GRBIT bit;
    const char *name;
} flag_name;

static const flag_name column_flags[] = {
    {JET_bitColumnFixed, "fixed"},
    {JET_bitColumnTagged, "tagged"},
    {JET_bitColumnNotNULL, "not-null"},
    {JET_bitColumnVersion, "version"},
    {JET_bitColumnAutoincrement, "autoincrement"},
    {JET_bitColumnMultiValued, "multi-valued"},
    {JET_bitColumnEscrowUpdate, "escrow-update"},
    {JET_bitColumnFinalize, "finalize"},
    {JET_bitColumnUserDefinedDefault, "user-defined-default"},
    {JET_bitColumnDeleteOnZero, "delete-on-zero"},
    {JET_bitColumnCompressed, "compressed"},
};

static const flag_name index_flags[] = {
    {JET_bitIndexPrimary, "primary"},
    {JET_bitIndexUnique, "unique"},
    {JET_bitIndexDisallowNull, "disallow-null"},
    {JET_bitIndexIgnoreNull, "ignore-null"},
    {JET_bitIndexIgnoreAnyNull, "ignore-any-null"},
    {JET_bitIndexIgnoreFirstNull, "ignore-first-null"},
    {JET_bitIndexSortNullsHigh, "sort-nulls-high"},
    {JET_bitIndexTuples, "tuples"},
    {JET_bitIndexCrossProduct, "cross-product"},
    {JET_bitIndexDisallowTruncation, "disallow-truncation"},
    {JET_bitIndexNestedTable, "nested-table"},
    {JET_bitIndexDotNetGuid, "dotnet-guid"},
};

enum {
    N_COLUMN_FLAGS = sizeof column_flags / sizeof column_flags[0],
    N_INDEX_FLAGS = sizeof index_flags / sizeof index_flags[0],
};

typedef struct schema {
    ese_tools__database database;
    ese_tools__common common;
    bool with_system;
    bool is_json;
    const char *table; /* NULL = all */
} schema;

/* ---- For people ---- */

static void
print_flags(const flag_name *flags, unsigned n, JET_GRBIT grbit)
{
    for (unsigned i = 0; i < n; i++) {
        if ((grbit & flags[i].bit) != 0)
            ese_tools__out_printf(&ese_tools__stdout, " %s", flags[i].name);
    }
}

static void
print_default(const ese_tools__column *column)
{
    char text[DEFAULT_SHOWN + 1];
    size_t n = ese_tools__format_value(column, column->default_value, column->default_size, text,
                                       DEFAULT_SHOWN);

    text[n < DEFAULT_SHOWN ? n : DEFAULT_SHOWN] = '\0';
    ese_tools__out_printf(&ese_tools__stdout, " default=%s%s", text,
                          n > DEFAULT_SHOWN ? "..." : "");
}

static void
print_column(const ese_tools__column *column)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "  column %" PRIu32 "  %s  %s", column->id, column->name,
                          ese_tools__type_name(column->coltyp));
    if (ese_tools__is_text(column->coltyp) || column->coltyp == JET_coltypBinary)
        ese_tools__out_printf(out, "(%" PRIu32 ")", column->size_max);
    if (ese_tools__is_text(column->coltyp))
        ese_tools__out_printf(out, " cp%u", (unsigned)column->code_page);
    print_flags(column_flags, N_COLUMN_FLAGS, column->grbit);
    if (column->default_value != NULL)
        print_default(column);
    ese_tools__out_text(out, "\n");
}

static void
print_index(const ese_tools__index *index)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "  index %s (", index->name);
    for (unsigned i = 0; i < index->n_segments; i++)
        ese_tools__out_printf(out, "%s%c%s", i == 0 ? "" : ", ",
                              index->segments[i].is_descending ? '-' : '+',
                              index->segments[i].column == NULL ? "?" : index->segments[i].column);
    ese_tools__out_text(out, ")");
    print_flags(index_flags, N_INDEX_FLAGS, index->grbit);
    if (index->locale[0] != '\0')
        ese_tools__out_printf(out, " locale=%s", index->locale);
    ese_tools__out_text(out, "\n");
}

static void
print_table(const ese_tools__table *table)
{
    ese_tools__out_printf(&ese_tools__stdout, "table %s\n", table->name);
    for (unsigned i = 0; i < table->n_columns; i++)
        print_column(&table->columns[i]);
    for (unsigned i = 0; i < table->n_indexes; i++)
        print_index(&table->indexes[i]);
}

/* ---- For programs ---- */

static void
write_column(ese_tools__out *out, const ese_tools__column *column)
{
    ese_tools__out_text(out, "{\"name\":");
    ese_tools__out_json(out, column->name);
    ese_tools__out_printf(out,
                          ",\"id\":%" PRIu32 ",\"coltyp\":%" PRIu32 ",\"type\":\"%s\",\"cp\":%u"
                          ",\"cbmax\":%" PRIu32 ",\"grbit\":%" PRIu32,
                          column->id, column->coltyp, ese_tools__type_name(column->coltyp),
                          (unsigned)column->code_page, column->size_max, column->grbit);
    if (column->default_value != NULL) {
        size_t room = ese_tools__format_room(column->default_size);
        char *text = ese_tools__alloc(room + 1, 1);

        text[ese_tools__format_value(column, column->default_value, column->default_size, text,
                                     room)] = '\0';
        ese_tools__out_text(out, ",\"default\":");
        ese_tools__out_json(out, text);
        free(text);
    }
    ese_tools__out_text(out, "}");
}

static void
write_index(ese_tools__out *out, const ese_tools__index *index)
{
    ese_tools__out_text(out, "{\"name\":");
    ese_tools__out_json(out, index->name);
    ese_tools__out_printf(out, ",\"grbit\":%" PRIu32 ",\"key\":[", index->grbit);
    for (unsigned i = 0; i < index->n_segments; i++) {
        char name[512];

        snprintf(name, sizeof name, "%c%s", index->segments[i].is_descending ? '-' : '+',
                 index->segments[i].column == NULL ? "?" : index->segments[i].column);
        ese_tools__out_text(out, i == 0 ? "" : ",");
        ese_tools__out_json(out, name);
    }
    ese_tools__out_text(out, "],\"locale\":");
    ese_tools__out_json(out, index->locale);
    ese_tools__out_text(out, "}");
}

static void
write_table(const ese_tools__table *table)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_text(out, "{\"table\":");
    ese_tools__out_json(out, table->name);
    ese_tools__out_text(out, ",\"columns\":[");
    for (unsigned i = 0; i < table->n_columns; i++) {
        ese_tools__out_text(out, i == 0 ? "" : ",");
        write_column(out, &table->columns[i]);
    }
    ese_tools__out_text(out, "],\"indexes\":[");
    for (unsigned i = 0; i < table->n_indexes; i++) {
        ese_tools__out_text(out, i == 0 ? "" : ",");
        write_index(out, &table->indexes[i]);
    }
    ese_tools__out_text(out, "]}\n");
}

/* ---- The command ---- */

static ese_tools__status
show_table(schema *showing, const char *name)
{
    ese_tools__table table;
    JET_ERR err = ese_tools__table_open(&showing->database, name, &table);

    if (err < JET_errSuccess)
        return ese_tools__report(showing->database.path, err);
    if (showing->is_json)
        write_table(&table);
    else
        print_table(&table);
    ese_tools__table_close(&showing->database, &table);
    return ESE_TOOLS__OK;
}

static ese_tools__status
show_all(schema *showing)
{
    ese_tools__names names;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__names_load(&showing->database, &names);

    if (err < JET_errSuccess)
        return ese_tools__report(showing->database.path, err);
    for (unsigned i = 0; i < names.n; i++) {
        if (showing->with_system || !ese_tools__is_system(names.names[i]))
            status = ese_tools__worse(status, show_table(showing, names.names[i]));
    }
    ese_tools__names_free(&names);
    return status;
}

static ese_tools__parsed
parse(int argc, char **argv, schema *showing)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, OPTION_ALL},
        {"json", no_argument, NULL, OPTION_JSON},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "hqV", options, NULL)) != -1) {
        if (option == OPTION_ALL)
            showing->with_system = true;
        else if (option == OPTION_JSON)
            showing->is_json = true;
        else
            parsed = ese_tools__common_option(option, &ese_tools__schema, &showing->common);
    }
    return parsed;
}

static ese_tools__status
run(int argc, char **argv)
{
    schema showing = {0};
    ese_tools__status status;
    ese_tools__parsed parsed = parse(argc, argv, &showing);

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind < 1 || argc - optind > 2)
        return ese_tools__usage(&ese_tools__schema, "a file and at most one table are expected");
    showing.table = argc - optind == 2 ? argv[optind + 1] : NULL;
    status = ese_tools__database_open(&showing.database, argv[optind], &showing.common);
    if (status != ESE_TOOLS__OK)
        return status;
    status = showing.table != NULL ? show_table(&showing, showing.table) : show_all(&showing);
    status = ese_tools__worse(status, ese_tools__database_problems(&showing.database));
    ese_tools__database_close(&showing.database);
    return status;
}

const ese_tools__command ese_tools__schema = {
    "schema",
    "[OPTION]... FILE [TABLE]",
    "Show columns and indexes of a table, or of all user tables",
    "      --all       system tables (MSys...), too\n"
    "      --json      one line of JSON for each table\n",
    run,
};
