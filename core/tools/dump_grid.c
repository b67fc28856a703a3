/*
 * A table for people: columns side by side. The first rows decide how wide each column is; what does not fit is cut and marked. NULL is blank.
 * Control characters are shown as dots, so that a row stays a line.
 */
#include "tools/dump.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLE_ROWS_MAX = 64, SAMPLE_CELLS_MAX = 16384, CELL_BYTES = 240, CELL_WIDTH = 40 };

typedef struct cell {
    char text[CELL_BYTES + 4]; /* cut, with a mark */
    unsigned width;            /* characters */
} cell;

typedef struct grid {
    unsigned *widths;
    cell *sample; /* of n_sampled rows */
    unsigned n_sampled, n_wanted;
    cell *line;
    bool is_flowing; /* widths are fixed, rows go out at once */
} grid;

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Makes the text one line of at most CELL_WIDTH characters. */
static void
fit(cell *at, size_t n, bool is_cut)
{
    size_t used = 0;

    at->width = 0;
    for (; used < n; used++) {
        if (!is_continuation(at->text[used])) {
            if (at->width == CELL_WIDTH - 1 && (is_cut || n - used > 1)) {
                is_cut = true;
                break;
            }
            at->width++;
        }
        if ((unsigned char)at->text[used] < 0x20 || at->text[used] == 0x7f)
            at->text[used] = '.';
    }
    memcpy(at->text + used, is_cut ? "…" : "", is_cut ? sizeof "…" : 1);
    at->width += is_cut;
}

static void
fill(cell *at, const ese_tools__column *column, const ese_column *values)
{
    size_t n = 0;
    bool is_cut = false;

    for (uint32_t i = 0; i < values->n_values && !is_cut; i++) {
        const ese_value *value = &values->values[i];
        uint32_t size = value->size < CELL_BYTES ? value->size : CELL_BYTES;

        if (i != 0 && n + 2 < CELL_BYTES) {
            memcpy(at->text + n, "; ", 2);
            n += 2;
        }
        n += ese_tools__format_value(column, value->data,
                                     ese_tools__is_text(column->coltyp) ? size : value->size,
                                     at->text + n, CELL_BYTES - n);
        is_cut = n > CELL_BYTES || size < value->size;
        n = n < CELL_BYTES ? n : CELL_BYTES;
    }
    while (is_cut && n != 0 && is_continuation(at->text[n - 1])) /* half a character */
        n--;
    fit(at, n, is_cut);
}

static void
write_padded(ese_tools__out *out, const char *text, unsigned width, unsigned wanted)
{
    ese_tools__out_text(out, text);
    for (; width < wanted; width++)
        ese_tools__out_text(out, " ");
}

static void
write_line(ese_tools__rows *rows, const cell *line)
{
    const grid *state = rows->state;

    for (unsigned i = 0; i < rows->n_columns; i++) {
        bool is_last = i + 1 == rows->n_columns;

        write_padded(rows->out, line[i].text, line[i].width, is_last ? 0 : state->widths[i]);
        ese_tools__out_text(rows->out, is_last ? "\n" : "  ");
    }
}

static void
write_head(ese_tools__rows *rows)
{
    const grid *state = rows->state;
    cell *line = state->line;

    if (!rows->is_only_table)
        ese_tools__out_printf(rows->out, "Table %s\n\n", rows->table->name);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        size_t n = strlen(rows->columns[i]->name);

        n = n < CELL_BYTES ? n : CELL_BYTES;
        memcpy(line[i].text, rows->columns[i]->name, n);
        fit(&line[i], n, false);
    }
    write_line(rows, line);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        for (unsigned k = 0; k < state->widths[i]; k++)
            ese_tools__out_text(rows->out, "-");
        ese_tools__out_text(rows->out, i + 1 == rows->n_columns ? "\n" : "  ");
    }
}

/* Writes what has been kept back. */
static void
flow(ese_tools__rows *rows)
{
    grid *state = rows->state;

    write_head(rows);
    for (unsigned i = 0; i < state->n_sampled; i++)
        write_line(rows, state->sample + (size_t)i * rows->n_columns);
    state->is_flowing = true;
}

static void
begin(ese_tools__rows *rows)
{
    grid *state = ese_tools__alloc(1, sizeof *state);

    rows->state = state;
    state->widths = ese_tools__alloc(rows->n_columns, sizeof *state->widths);
    state->line = ese_tools__alloc(rows->n_columns, sizeof *state->line);
    state->n_wanted = SAMPLE_ROWS_MAX;
    while (state->n_wanted > 1 && state->n_wanted * rows->n_columns > SAMPLE_CELLS_MAX)
        state->n_wanted /= 2;
    state->sample =
        ese_tools__alloc((size_t)rows->n_columns * state->n_wanted, sizeof *state->sample);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        size_t n = strlen(rows->columns[i]->name);

        state->widths[i] = n < CELL_WIDTH ? (unsigned)n : CELL_WIDTH;
    }
}

static void
row(ese_tools__rows *rows)
{
    grid *state = rows->state;
    cell *line = state->is_flowing ? state->line
                                   : state->sample + (size_t)state->n_sampled * rows->n_columns;

    for (unsigned i = 0; i < rows->n_columns; i++) {
        fill(&line[i], rows->columns[i], &rows->values[i]);
        if (!state->is_flowing && line[i].width > state->widths[i])
            state->widths[i] = line[i].width;
    }
    if (state->is_flowing)
        write_line(rows, line);
    else if (++state->n_sampled == state->n_wanted)
        flow(rows);
}

static void
end(ese_tools__rows *rows)
{
    grid *state = rows->state;

    if (!state->is_flowing)
        flow(rows);
    if (!rows->is_only_table)
        ese_tools__out_text(rows->out, "\n");
    free(state->widths);
    free(state->line);
    free(state->sample);
    free(state);
}

const ese_tools__format ese_tools__grid = {"table", begin, row, end};
