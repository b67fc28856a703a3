/* Values of logs and checkpoints as lines, as words, as members of JSON objects. */
#include "tools/log_values.h"

#include "tools/dump.h"

#include <inttypes.h>
#include <string.h>

enum { BYTES_SHOWN = 16, LABEL_WIDTH = 26, LABEL_ROOM = 64 };

/* ---- for people */

static void
out_bytes(ese_tools__out *out, const uint8_t *bytes, size_t n)
{
    size_t shown = n < BYTES_SHOWN ? n : BYTES_SHOWN;

    ese_tools__out_hex(out, bytes, shown);
    if (shown < n)
        ese_tools__out_printf(out, "...(%zu)", n);
}

static void
out_value(ese_tools__out *out, const ese_maint_log_value *value)
{
    switch (value->kind) {
    case ESE_MAINT_LOG_NUMBER: ese_tools__out_printf(out, "%" PRIu64, value->number); break;
    case ESE_MAINT_LOG_SIGNED:
        ese_tools__out_printf(out, "%" PRId64, (int64_t)value->number);
        break;
    case ESE_MAINT_LOG_FLAGS: ese_tools__out_printf(out, "0x%" PRIx64, value->number); break;
    case ESE_MAINT_LOG_TEXT: ese_tools__out_text(out, value->text); break;
    case ESE_MAINT_LOG_BYTES: out_bytes(out, value->bytes, value->size);
    }
}

/* "previousCreated" as "previous created". */
static void
make_label(const char *name, char *to)
{
    size_t n = 0;

    for (; *name != '\0' && n + 2 < LABEL_ROOM; name++) {
        bool is_capital = *name >= 'A' && *name <= 'Z';

        if (is_capital)
            to[n++] = ' ';
        to[n++] = (char)(is_capital ? *name + ('a' - 'A') : *name);
    }
    to[n] = '\0';
}

void
ese_tools__out_log_lines(ese_tools__out *out, ese_maint_log_values values)
{
    char label[LABEL_ROOM];

    for (unsigned i = 0; i < values.n; i++) {
        make_label(values.items[i].name, label);
        ese_tools__out_printf(out, "%-*s", LABEL_WIDTH, label);
        out_value(out, &values.items[i]);
        ese_tools__out_text(out, "\n");
    }
}

void
ese_tools__out_log_words(ese_tools__out *out, ese_maint_log_values values)
{
    for (unsigned i = 0; i < values.n; i++) {
        const ese_maint_log_value *value = &values.items[i];
        bool is_quoted = value->kind == ESE_MAINT_LOG_TEXT && strchr(value->text, ' ') != NULL;

        if (value->kind == ESE_MAINT_LOG_BYTES && value->size == 0)
            continue;
        ese_tools__out_printf(out, " %s=%s", value->name, is_quoted ? "\"" : "");
        out_value(out, value);
        if (is_quoted)
            ese_tools__out_text(out, "\"");
    }
}

void
ese_tools__out_log_head(ese_tools__out *out, const ese_maint_log_head *head)
{
    ese_tools__out_printf(out, "%-*s", LABEL_WIDTH, "file");
    ese_tools__out_text(out, head->path);
    ese_tools__out_text(out, "\n");
    ese_tools__out_log_lines(out, head->values);
    for (unsigned i = 0; i < head->n_attached; i++) {
        ese_tools__out_printf(out, "%-*s", LABEL_WIDTH - 1, "attached");
        ese_tools__out_log_words(out, head->attached[i]);
        ese_tools__out_text(out, "\n");
    }
}

/* ---- JSON */

static void
out_json_value(ese_tools__out *out, const ese_maint_log_value *value)
{
    switch (value->kind) {
    case ESE_MAINT_LOG_TEXT: ese_tools__out_json(out, value->text); break;
    case ESE_MAINT_LOG_BYTES:
        ese_tools__out_text(out, "{\"hex\":\"");
        ese_tools__out_hex(out, value->bytes, value->size);
        ese_tools__out_text(out, "\"}");
        break;
    case ESE_MAINT_LOG_FLAGS: ese_tools__out_printf(out, "%" PRIu64, value->number); break;
    default: out_value(out, value);
    }
}

void
ese_tools__out_log_members(ese_tools__out *out, ese_maint_log_values values, bool is_first)
{
    for (unsigned i = 0; i < values.n; i++) {
        ese_tools__out_printf(out, "%s\"%s\":", is_first && i == 0 ? "" : ",",
                              values.items[i].name);
        out_json_value(out, &values.items[i]);
    }
}

void
ese_tools__out_log_head_json(ese_tools__out *out, const char *name, const ese_maint_log_head *head)
{
    ese_tools__out_printf(out, "{\"%s\":{\"path\":", name);
    ese_tools__out_json(out, head->path);
    ese_tools__out_log_members(out, head->values, false);
    ese_tools__out_text(out, ",\"attached\":[");
    for (unsigned i = 0; i < head->n_attached; i++) {
        ese_tools__out_text(out, i == 0 ? "{" : ",{");
        ese_tools__out_log_members(out, head->attached[i], true);
        ese_tools__out_text(out, "}");
    }
    ese_tools__out_text(out, "]}}\n");
}
