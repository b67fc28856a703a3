/* Records from a file, in either format, and the lines they stand in. */
#define _POSIX_C_SOURCE 200809L /* getline, strerror_r */
#include "tools/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

ese_tools__status
ese_tools__source_complain(const ese_tools__source *source, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "ese: %s: line %" PRIu64 ": ", source->path, source->line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return ESE_TOOLS__FAILED;
}

static ese_tools__status
fail_file(const char *path)
{
    char reason[128];

    if (strerror_r(errno, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", errno);
    fprintf(stderr, "ese: %s: %s\n", path, reason);
    return ESE_TOOLS__FAILED;
}

/* ---- Opening ---- */

/* What cannot be read twice goes through a temporary file, which has no name. */
static FILE *
copy_stream(FILE *from)
{
    char piece[65536];
    FILE *copy = tmpfile();
    size_t n;

    while (copy != NULL && (n = fread(piece, 1, sizeof piece, from)) > 0) {
        if (fwrite(piece, 1, n, copy) != n) {
            fclose(copy);
            return NULL;
        }
    }
    if (copy != NULL && (ferror(from) || fseek(copy, 0, SEEK_SET) != 0)) {
        fclose(copy);
        return NULL;
    }
    return copy;
}

ese_tools__status
ese_tools__source_open(ese_tools__source *source, const char *path, bool is_csv)
{
    bool is_standard = strcmp(path, "-") == 0;
    FILE *file;

    *source = (ese_tools__source){.path = is_standard ? "standard input" : path, .is_csv = is_csv};
    file = is_standard ? stdin : fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_SET) != 0) {
        FILE *copy = copy_stream(file);

        if (file != stdin)
            fclose(file);
        file = copy;
    }
    if (file == NULL)
        return fail_file(source->path);
    source->file = file;
    return ESE_TOOLS__OK;
}

static void
forget_names(ese_tools__source *source)
{
    for (uint32_t i = 0; i < source->n_names; i++)
        free(source->names[i]);
    free(source->names);
    source->names = NULL;
    source->n_names = 0;
}

void
ese_tools__source_close(ese_tools__source *source)
{
    if (source->file != NULL && source->file != stdin)
        fclose(source->file);
    forget_names(source);
    free(source->text);
    ese_tools__json_free(&source->document);
    *source = (ese_tools__source){0};
}

ese_tools__status
ese_tools__source_rewind(ese_tools__source *source)
{
    forget_names(source);
    source->line = 0;
    return fseek(source->file, 0, SEEK_SET) == 0 ? ESE_TOOLS__OK : fail_file(source->path);
}

/* ---- Records ---- */

ese_tools__cell *
ese_tools__record_add(ese_tools__record *record)
{
    if (record->n_cells == record->capacity) {
        uint32_t capacity = record->capacity == 0 ? 64 : 2 * record->capacity;
        ese_tools__cell *cells = ese_tools__alloc(capacity, sizeof *cells);

        if (record->n_cells > 0)
            memcpy(cells, record->cells, record->n_cells * sizeof *cells);
        free(record->cells);
        record->cells = cells;
        record->capacity = capacity;
    }
    record->cells[record->n_cells] = (ese_tools__cell){.itag = 1};
    return &record->cells[record->n_cells++];
}

/* The names, from the first line. */
static ese_tools__status
read_names(ese_tools__source *source, ese_tools__record *record)
{
    const char *wrong;

    if (!ese_tools__csv_read(source, record, &wrong))
        return ESE_TOOLS__OK;
    if (wrong != NULL)
        return ese_tools__source_complain(source, "%s", wrong);
    source->names = ese_tools__alloc(record->n_cells, sizeof *source->names);
    for (uint32_t i = 0; i < record->n_cells; i++) {
        if (record->cells[i].size == 0)
            return ese_tools__source_complain(source, "a column has no name");
        source->names[source->n_names++] = ese_tools__copy_text(record->cells[i].text);
    }
    return ESE_TOOLS__OK;
}

static ese_tools__status
next_csv(ese_tools__source *source, ese_tools__record *record, bool *found_out)
{
    const char *wrong = NULL;
    ese_tools__status status = ESE_TOOLS__OK;

    if (source->names == NULL)
        status = read_names(source, record);
    if (status != ESE_TOOLS__OK || source->names == NULL)
        return status;
    if (!ese_tools__csv_read(source, record, &wrong))
        return ferror(source->file) ? fail_file(source->path) : ESE_TOOLS__OK;
    if (wrong != NULL)
        return ese_tools__source_complain(source, "%s", wrong);
    if (record->n_cells != source->n_names)
        return ese_tools__source_complain(source, "%u fields for %u columns",
                                          (unsigned)record->n_cells, (unsigned)source->n_names);
    for (uint32_t i = 0; i < record->n_cells; i++)
        record->cells[i].column = source->names[i];
    *found_out = true;
    return ESE_TOOLS__OK;
}

/* {"double":"0x1p+0"} and {"hex":"00ff"}, and what JSON itself has. */
static bool
fill_cell(const ese_tools__source *source, const ese_tools__json *value, ese_tools__cell *cell)
{
    const ese_tools__document *document = &source->document;
    const ese_tools__json *inner;

    cell->text = value->text;
    cell->size = value->size;
    switch (value->type) {
    case ESE_TOOLS__JSON_NULL: cell->kind = ESE_TOOLS__CELL_NULL; return true;
    case ESE_TOOLS__JSON_FALSE:
    case ESE_TOOLS__JSON_TRUE:
        cell->kind = ESE_TOOLS__CELL_BIT;
        cell->text = value->type == ESE_TOOLS__JSON_TRUE ? "true" : "false";
        cell->size = strlen(cell->text);
        return true;
    case ESE_TOOLS__JSON_NUMBER: cell->kind = ESE_TOOLS__CELL_NUMBER; return true;
    case ESE_TOOLS__JSON_STRING: cell->kind = ESE_TOOLS__CELL_TEXT; return true;
    default: break;
    }
    inner = value->type == ESE_TOOLS__JSON_OBJECT ? ese_tools__json_first(document, value) : NULL;
    if (inner == NULL || inner->next != 0 || inner->type != ESE_TOOLS__JSON_STRING)
        return false;
    cell->text = inner->text;
    cell->size = inner->size;
    cell->kind = strcmp(inner->name, "hex") == 0 ? ESE_TOOLS__CELL_BYTES : ESE_TOOLS__CELL_REAL;
    return cell->kind == ESE_TOOLS__CELL_BYTES || strcmp(inner->name, "double") == 0;
}

static ese_tools__status
add_member(const ese_tools__source *source, const ese_tools__json *member,
           ese_tools__record *record)
{
    bool is_list = member->type == ESE_TOOLS__JSON_ARRAY;
    const ese_tools__json *value =
        is_list ? ese_tools__json_first(&source->document, member) : member;
    uint32_t itag = 1;

    for (; value != NULL; value = is_list ? ese_tools__json_next(&source->document, value) : NULL) {
        ese_tools__cell *cell = ese_tools__record_add(record);

        cell->column = member->name;
        cell->is_list = is_list;
        cell->itag = itag++;
        if (!fill_cell(source, value, cell))
            return ese_tools__source_complain(source, "column %s: no value of a column",
                                              member->name);
    }
    return ESE_TOOLS__OK;
}

/* The object with the columns: that of a line of a dump, or the line itself. NULL when the line is about something else. */
static const ese_tools__json *
row_of(const ese_tools__source *source)
{
    const ese_tools__document *document = &source->document;
    const ese_tools__json *line = document->values;
    const ese_tools__json *table = ese_tools__json_member(document, line, "table");
    const ese_tools__json *row = ese_tools__json_member(document, line, "row");

    if (table == NULL || table->type != ESE_TOOLS__JSON_STRING || row == NULL ||
        row->type != ESE_TOOLS__JSON_OBJECT)
        return ese_tools__json_member(document, line, "index") != NULL && table != NULL ? NULL
                                                                                        : line;
    return source->table == NULL || strcasecmp(table->text, source->table) == 0 ? row : NULL;
}

static ese_tools__status
next_jsonl(ese_tools__source *source, ese_tools__record *record, bool *found_out)
{
    const ese_tools__json *row = NULL;
    ese_tools__status status = ESE_TOOLS__OK;

    record->n_cells = 0;
    while (row == NULL) {
        const char *wrong;
        ssize_t size;

        errno = 0;
        size = getline(&source->text, &source->room, source->file);
        if (size < 0)
            return ferror(source->file) ? fail_file(source->path) : ESE_TOOLS__OK;
        source->line++;
        if (strspn(source->text, " \t\r\n") == (size_t)size)
            continue;
        wrong = ese_tools__json_parse(&source->document, source->text, (size_t)size);
        if (wrong == NULL && source->document.values[0].type != ESE_TOOLS__JSON_OBJECT)
            wrong = "a row is an object";
        if (wrong != NULL)
            return ese_tools__source_complain(source, "%s", wrong);
        row = row_of(source);
    }
    for (const ese_tools__json *member = ese_tools__json_first(&source->document, row);
         member != NULL && status == ESE_TOOLS__OK;
         member = ese_tools__json_next(&source->document, member))
        status = add_member(source, member, record);
    *found_out = status == ESE_TOOLS__OK;
    return status;
}

ese_tools__status
ese_tools__source_next(ese_tools__source *source, ese_tools__record *record, bool *found_out)
{
    *found_out = false;
    return source->is_csv ? next_csv(source, record, found_out)
                          : next_jsonl(source, record, found_out);
}
