/*
 * Comma-separated values (RFC 4180), UTF-8: a line of names, then a line for each row. NULL is nothing, an empty value is "". A column that can have many
 * values shows them with "; " between them. Binary is hex. With several tables each begins with an empty line but the first, and its name in brackets.
 */
#include "tools/dump.h"

#include <stdlib.h>
#include <string.h>

typedef struct csv {
    char *text; /* one value */
    size_t room;
    bool is_quoted; /* the field at hand */
} csv;

static bool
needs_quotes(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r' ||
            text[i] == ';')
            return true;
    }
    return n == 0;
}

static void
write_escaped(ese_tools__out *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *to = ese_tools__out_reserve(out, 2);

        if (text[i] == '"')
            *to++ = '"';
        *to = (uint8_t)text[i];
        out->used += text[i] == '"' ? 2 : 1;
    }
}

static void
write_field(ese_tools__out *out, const char *text, size_t n)
{
    if (!needs_quotes(text, n)) {
        ese_tools__out_write(out, text, n);
        return;
    }
    ese_tools__out_text(out, "\"");
    write_escaped(out, text, n);
    ese_tools__out_text(out, "\"");
}

static size_t
format(csv *state, const ese_tools__column *column, const ese_value *value)
{
    size_t room = ese_tools__format_room(value->size);

    if (room > state->room) {
        free(state->text);
        state->text = ese_tools__alloc(room, 1);
        state->room = room;
    }
    return ese_tools__format_value(column, value->data, value->size, state->text, state->room);
}

static void
begin(ese_tools__rows *rows)
{
    rows->state = ese_tools__alloc(1, sizeof(csv));
    if (!rows->is_only_table)
        ese_tools__out_printf(rows->out, "[%s]\r\n", rows->table->name);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        const char *name = rows->columns[i]->name;

        if (i != 0)
            ese_tools__out_text(rows->out, ",");
        write_field(rows->out, name, strlen(name));
    }
    ese_tools__out_text(rows->out, "\r\n");
}

static void
write_list(ese_tools__rows *rows, const ese_tools__column *column, const ese_column *values)
{
    csv *state = rows->state;

    ese_tools__out_text(rows->out, "\"");
    for (uint32_t i = 0; i < values->n_values; i++) {
        size_t n = format(state, column, &values->values[i]);

        if (i != 0)
            ese_tools__out_text(rows->out, "; ");
        write_escaped(rows->out, state->text, n);
    }
    ese_tools__out_text(rows->out, "\"");
}

static void
row(ese_tools__rows *rows)
{
    csv *state = rows->state;

    for (unsigned i = 0; i < rows->n_columns; i++) {
        const ese_column *values = &rows->values[i];

        if (i != 0)
            ese_tools__out_text(rows->out, ",");
        if (values->n_values == 1) {
            size_t n = format(state, rows->columns[i], &values->values[0]);

            write_field(rows->out, state->text, n);
        } else if (values->n_values > 1) {
            write_list(rows, rows->columns[i], values);
        }
    }
    ese_tools__out_text(rows->out, "\r\n");
}

static void
end(ese_tools__rows *rows)
{
    csv *state = rows->state;

    if (!rows->is_only_table)
        ese_tools__out_text(rows->out, "\r\n");
    free(state->text);
    free(state);
}

const ese_tools__format ese_tools__csv = {"csv", begin, row, end};
