/* `ese import`: rows of a file into a table, which is made when there is none. */
#include "tools/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1000, PAGE_SIZE = 8192, PROGRESS_STEP = 256, SCRATCH = 1 << 16 };

/* The whole of a call of the command. */
typedef struct import {
    ese_tools__database database;
    ese_tools__common common;
    ese_tools__source source;
    ese_tools__table table;
    const char *format; /* NULL: by the end of the file's name */
    const char *schema; /* a file */
    const char *key;
    uint64_t batch;
    uint64_t page_size;
    uint64_t n_rows;
    JET_SETCOLUMN *sets; /* of the row at hand */
    uint32_t sets_capacity;
    uint8_t *bytes; /* what they point to */
    size_t room;
    ese_tools__progress progress;
} import;

/* ---- A row ---- */

/* Columns come in the same order in most rows: `hint` is where the last one was found. */
static const ese_tools__column *
find_column(const ese_tools__table *table, const char *name, unsigned *hint)
{
    const ese_tools__column *column;

    if (*hint < table->n_columns && strcmp(table->columns[*hint].name, name) == 0)
        return &table->columns[(*hint)++];
    column = ese_tools__find_column(table, name);
    if (column != NULL)
        *hint = (unsigned)(column - table->columns) + 1;
    return column;
}

static bool
encode(const ese_tools__column *column, const ese_tools__cell *cell, uint8_t *to, size_t *size_out)
{
    if (cell->kind == ESE_TOOLS__CELL_BYTES)
        return ese_tools__parse_hex(cell->text, cell->size, to, size_out);
    if (cell->kind == ESE_TOOLS__CELL_BIT && column->coltyp != JET_coltypBit &&
        !ese_tools__is_text(column->coltyp))
        return false;
    return ese_tools__parse_value(column, cell->text, cell->size, to, size_out);
}

static void
reserve(import *importing, const ese_tools__record *record)
{
    size_t room = 0;

    for (uint32_t i = 0; i < record->n_cells; i++)
        room += 4 * record->cells[i].size + 16;
    if (room > importing->room) {
        free(importing->bytes);
        importing->room = room > SCRATCH ? room : SCRATCH;
        importing->bytes = ese_tools__alloc(importing->room, 1);
    }
    if (record->n_cells > importing->sets_capacity) {
        free(importing->sets);
        importing->sets_capacity = 2 * record->n_cells;
        importing->sets = ese_tools__alloc(importing->sets_capacity, sizeof *importing->sets);
    }
}

/* NULL is what a column has without a value; where it has a default, NULL must be said. */
static bool
is_needless(const ese_tools__column *column, const ese_tools__cell *cell)
{
    return cell->kind == ESE_TOOLS__CELL_NULL && column->default_value == NULL;
}

static ese_tools__status
make_sets(import *importing, const ese_tools__record *record, uint32_t *n_out)
{
    uint8_t *to = importing->bytes;
    unsigned hint = 0;
    uint32_t n = 0;

    for (uint32_t i = 0; i < record->n_cells; i++) {
        const ese_tools__cell *cell = &record->cells[i];
        const ese_tools__column *column = find_column(&importing->table, cell->column, &hint);
        size_t size = 0;

        if (column == NULL)
            return ese_tools__source_complain(&importing->source, "table %s has no column %s",
                                              importing->table.name, cell->column);
        if (is_needless(column, cell))
            continue;
        if (cell->kind != ESE_TOOLS__CELL_NULL && !encode(column, cell, to, &size))
            return ese_tools__source_complain(&importing->source,
                                              "column %s: '%.*s' is no value of type %s",
                                              column->name, cell->size < 40 ? (int)cell->size : 40,
                                              cell->text, ese_tools__type_name(column->coltyp));
        importing->sets[n++] = (JET_SETCOLUMN){
            .columnid = column->id,
            .pvData = cell->kind == ESE_TOOLS__CELL_NULL ? NULL : to,
            .cbData = (uint32_t)size,
            .grbit = (size == 0 && cell->kind != ESE_TOOLS__CELL_NULL ? JET_bitSetZeroLength : 0) |
                     (column->grbit & JET_bitColumnAutoincrement ? ESE_bitSetAutoincrement : 0),
            .itagSequence = cell->itag,
        };
        to += size;
    }
    *n_out = n;
    return ESE_TOOLS__OK;
}

static ese_tools__status
complain_of_row(const import *importing, uint32_t n_sets, JET_ERR err)
{
    for (uint32_t i = 0; i < n_sets; i++) {
        const JET_SETCOLUMN *set = &importing->sets[i];

        if (set->err >= JET_errSuccess && set->err != JET_wrnColumnMaxTruncated)
            continue;
        for (unsigned c = 0; c < importing->table.n_columns; c++) {
            if (importing->table.columns[c].id == set->columnid)
                return ese_tools__source_complain(
                    &importing->source, "column %s: %s", importing->table.columns[c].name,
                    set->err < JET_errSuccess ? ese_error_text(set->err)
                                              : "the value is longer than the column allows");
        }
    }
    return ese_tools__source_complain(&importing->source, "%s (%s, %d)", ese_error_text(err),
                                      ese_error_name(err), (int)err);
}

static ese_tools__status
insert(import *importing, const ese_tools__record *record)
{
    JET_SESID sesid = importing->database.sesid;
    JET_TABLEID tableid = importing->table.tableid;
    uint32_t n_sets = 0;
    ese_tools__status status;
    JET_ERR err;

    reserve(importing, record);
    status = make_sets(importing, record, &n_sets);
    if (status != ESE_TOOLS__OK)
        return status;
    err = JetPrepareUpdate(sesid, tableid, JET_prepInsert);
    if (err >= JET_errSuccess && n_sets > 0)
        err = JetSetColumns(sesid, tableid, importing->sets, n_sets);
    for (uint32_t i = 0; i < n_sets && err >= JET_errSuccess; i++) {
        if (importing->sets[i].err == JET_wrnColumnMaxTruncated)
            err = JET_errColumnTooBig;
    }
    if (err >= JET_errSuccess)
        err = JetUpdate(sesid, tableid, NULL, 0, NULL);
    return err < JET_errSuccess ? complain_of_row(importing, n_sets, err) : ESE_TOOLS__OK;
}

/* ---- All rows ---- */

/* `batch` rows, or what is left, in one transaction; *found_out = false at the end of the file. */
static ese_tools__status
insert_batch(import *importing, ese_tools__record *record, bool *found_out)
{
    JET_SESID sesid = importing->database.sesid;
    JET_ERR err = JetBeginTransaction(sesid);
    ese_tools__status status = ESE_TOOLS__OK;
    uint64_t n = 0;

    if (err < JET_errSuccess)
        return ese_tools__report(importing->database.path, err);
    *found_out = true;
    while (n < importing->batch && status == ESE_TOOLS__OK) {
        status = ese_tools__source_next(&importing->source, record, found_out);
        if (status != ESE_TOOLS__OK || !*found_out)
            break;
        status = insert(importing, record);
        n += status == ESE_TOOLS__OK;
        if ((importing->n_rows + n) % PROGRESS_STEP == 0)
            ese_tools__progress_step(&importing->progress, importing->table.name,
                                     importing->n_rows + n, 0);
    }
    if (status == ESE_TOOLS__OK) {
        err = JetCommitTransaction(sesid, JET_bitCommitLazyFlush);
        if (err >= JET_errSuccess) {
            importing->n_rows += n;
            return status;
        }
        status = ese_tools__report(importing->database.path, err);
    }
    JetRollback(sesid, 0);
    return status;
}

static ese_tools__status
insert_all(import *importing)
{
    ese_tools__record record = {0};
    ese_tools__status status = ESE_TOOLS__OK;
    bool found = true;

    while (found && status == ESE_TOOLS__OK)
        status = insert_batch(importing, &record, &found);
    free(record.cells);
    return status;
}

/* Opens the table, which is made first when there is none. */
static ese_tools__status
open_table(import *importing, const char *name)
{
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__table_open(&importing->database, name, &importing->table);

    if (err == JET_errObjectNotFound) {
        status = importing->schema != NULL
                     ? ese_tools__table_from_schema(&importing->database, name, importing->schema,
                                                    importing->key)
                     : ese_tools__table_infer(&importing->database, name, &importing->source,
                                              importing->key);
        if (status != ESE_TOOLS__OK)
            return status;
        err = ese_tools__table_open(&importing->database, name, &importing->table);
    }
    return err < JET_errSuccess ? ese_tools__report(importing->database.path, err) : status;
}

static ese_tools__status
import_rows(import *importing, const char *name)
{
    ese_tools__status status = open_table(importing, name);

    if (status != ESE_TOOLS__OK)
        return status;
    ese_tools__progress_start(&importing->progress, importing->common.is_quiet);
    status = insert_all(importing);
    ese_tools__progress_clear(&importing->progress);
    if (!importing->common.is_quiet)
        fprintf(stderr, "%s: %" PRIu64 " rows\n", importing->table.name, importing->n_rows);
    ese_tools__table_close(&importing->database, &importing->table);
    free(importing->sets);
    free(importing->bytes);
    return status;
}

/* ---- The command line ---- */

enum { OPTION_FORMAT = 256, OPTION_SCHEMA, OPTION_BATCH, OPTION_PAGE_SIZE };

static ese_tools__parsed
take_number(const char *text, uint64_t *number_out)
{
    char *end;

    errno = 0;
    *number_out = strtoull(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && text[0] != '-' && *number_out != 0)
        return ESE_TOOLS__GO_ON;
    ese_tools__usage(&ese_tools__import, "'%s' is no number", text);
    return ESE_TOOLS__WRONG;
}

static ese_tools__parsed
take_option(import *importing, int option)
{
    switch (option) {
    case OPTION_FORMAT: importing->format = optarg; break;
    case OPTION_SCHEMA: importing->schema = optarg; break;
    case 'k': importing->key = optarg; break;
    case OPTION_BATCH: return take_number(optarg, &importing->batch);
    case OPTION_PAGE_SIZE: return take_number(optarg, &importing->page_size);
    default: return ese_tools__common_option(option, &ese_tools__import, &importing->common);
    }
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
parse(int argc, char **argv, import *importing)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"schema", required_argument, NULL, OPTION_SCHEMA},
        {"key", required_argument, NULL, 'k'},
        {"batch", required_argument, NULL, OPTION_BATCH},
        {"page-size", required_argument, NULL, OPTION_PAGE_SIZE},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "k:hqV", options, NULL)) != -1)
        parsed = take_option(importing, option);
    return parsed;
}

static bool
ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), n_end = strlen(end);

    return n >= n_end && strcmp(path + n - n_end, end) == 0;
}

static ese_tools__status
run_parsed(import *importing, char **arguments)
{
    const char *file = arguments[2];
    const char *format = importing->format != NULL ? importing->format
                         : ends_in(file, ".csv")   ? "csv"
                                                   : "jsonl";
    ese_tools__opening opening = {
        .path = arguments[0], .page_size = (uint32_t)importing->page_size, .may_create = true};
    ese_tools__status status;

    if (strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return ese_tools__usage(&ese_tools__import, "there is no format '%s': jsonl, csv", format);
    status = ese_tools__source_open(&importing->source, file, strcmp(format, "csv") == 0);
    if (status != ESE_TOOLS__OK)
        return status;
    importing->source.table = arguments[1];
    status = ese_tools__database_change(&importing->database, &opening, &importing->common);
    if (status == ESE_TOOLS__OK) {
        status = import_rows(importing, arguments[1]);
        ese_tools__database_close(&importing->database);
    }
    ese_tools__source_close(&importing->source);
    return status;
}

static ese_tools__status
run(int argc, char **argv)
{
import importing = {.batch = BATCH, .page_size = PAGE_SIZE };
    ese_tools__parsed parsed = parse(argc, argv, &importing);

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (importing.common.is_damaged)
        return ese_tools__usage(&ese_tools__import, "a damaged database can only be read");
    if (argc - optind != 3)
        return ese_tools__usage(&ese_tools__import, "a database, a table and a file are expected");
    return run_parsed(&importing, argv + optind);
}

const ese_tools__command ese_tools__import = {
    "import",
    "[OPTION]... DATABASE TABLE FILE",
    "Add rows of a jsonl or csv file (- for standard input) to a table, made when there is none",
    "      --format FORMAT   jsonl, also as dump writes it, or csv (the default where the name "
    "ends\n"
    "                        in .csv)\n"
    "      --schema FILE     make the table as a line of 'ese schema --json' says; without it\n"
    "                        columns are as the rows need them\n"
    "  -k, --key COLUMN      the primary key of a table that is made\n"
    "      --batch N         rows in a transaction (1000)\n"
    "      --page-size N     of a database that is made: 2048 to 32768 bytes (8192)\n",
    run,
};
