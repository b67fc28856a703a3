/*
 * Comma-separated values (RFC 4180): the field is quoted or it is not, which tells an empty value from none. Lines end in CRLF or LF; a
 * quoted field may have several.
 */
#include "tools/import.h"

#include <stdlib.h>
#include <string.h>

/* Where the characters of a record go. */
typedef struct sink {
    ese_tools__source *source;
    size_t used;
} sink;

static void
put(sink *to, char c)
{
    ese_tools__source *source = to->source;

    if (to->used + 1 >= source->room) {
        size_t room = source->room == 0 ? 4096 : 2 * source->room;
        char *text = ese_tools__alloc(room, 1);

        if (to->used > 0)
            memcpy(text, source->text, to->used);
        free(source->text);
        source->text = text;
        source->room = room;
    }
    source->text[to->used++] = c;
}

/* Behind the opening quote; ends behind the closing one. */
static bool
take_quoted(sink *to)
{
    FILE *file = to->source->file;

    for (;;) {
        int c = getc(file);

        if (c == '\n')
            to->source->line++;
        if (c == '"') {
            c = getc(file);
            if (c != '"') {
                if (c != EOF)
                    ungetc(c, file);
                return true;
            }
        }
        if (c == EOF)
            return false;
        put(to, (char)c);
    }
}

/* The end of a field: ',', '\n', or EOF. */
static int
take_field(sink *to, bool *is_quoted_out, const char **wrong_out)
{
    FILE *file = to->source->file;
    int c = getc(file);

    *is_quoted_out = c == '"';
    if (c == '"') {
        if (!take_quoted(to))
            *wrong_out = "a quoted field does not end";
        c = getc(file);
        if (c == '\r')
            c = getc(file);
        if (c != ',' && c != '\n' && c != EOF && *wrong_out == NULL)
            *wrong_out = "something stands behind a quoted field";
        return c;
    }
    while (c != ',' && c != '\n' && c != EOF) {
        int next = getc(file);

        if (c != '\r' || next != '\n')
            put(to, (char)c);
        c = next;
    }
    return c;
}

bool
ese_tools__csv_read(ese_tools__source *source, ese_tools__record *record, const char **wrong_out)
{
    sink to = {.source = source};
    int first = getc(source->file), end = ',';
    size_t start = 0;

    record->n_cells = 0;
    *wrong_out = NULL;
    if (first == EOF)
        return false;
    ungetc(first, source->file);
    source->line++;
    while (end == ',' && *wrong_out == NULL) {
        ese_tools__cell *cell;
        bool is_quoted = false;

        end = take_field(&to, &is_quoted, wrong_out);
        cell = ese_tools__record_add(record);
        cell->kind = to.used == start && !is_quoted ? ESE_TOOLS__CELL_NULL : ESE_TOOLS__CELL_TEXT;
        cell->size = to.used - start;
        put(&to, '\0');
        start = to.used;
    }
    start = 0;
    for (uint32_t i = 0; i < record->n_cells; i++) { /* the text has moved while it grew */
        record->cells[i].text = source->text + start;
        start += record->cells[i].size + 1;
    }
    return true;
}
