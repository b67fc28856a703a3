/* Values of the log as text: positions, times, signatures, names; headers and checkpoints as lists of values. */
#include "maint/maint_log_private.h"

#include "base/utf.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- text */

/* Room for `n` bytes of text; what does not fit is left out. */
static char *
reserve(ese_maint__log_list *list, size_t n)
{
    char *at;

    if (n > sizeof list->text - list->text_used)
        return NULL;
    at = list->text + list->text_used;
    list->text_used += n;
    return at;
}

const char *
ese_maint__log_position_text(ese_lgpos lgpos, char *to, size_t room)
{
    snprintf(to, room, "%" PRIx32 ":%x:%x", (uint32_t)lgpos.generation, (unsigned)lgpos.sector,
             (unsigned)lgpos.offset);
    return to;
}

/* LOGTIME: year from 1900, milliseconds in two parts, a bit for UTC. */
static int
format_time(const uint8_t *time, char *to, size_t room)
{
    unsigned ms = (unsigned)time[6] >> 1 | ((unsigned)time[7] >> 1 & 7) << 7;

    if (time[4] == 0 && time[3] == 0)
        return snprintf(to, room, "none");
    return snprintf(to, room, "%04u-%02u-%02u %02u:%02u:%02u.%03u%s", 1900u + time[5],
                    (unsigned)time[4], (unsigned)time[3], (unsigned)time[2], (unsigned)time[1],
                    (unsigned)time[0], ms, (time[6] & 1) != 0 ? " UTC" : "");
}

enum { SHORT_TEXT = 96 };

static const char *
time_text(ese_maint__log_list *list, const uint8_t *time)
{
    char *to = reserve(list, SHORT_TEXT);

    if (to == NULL)
        return "";
    (void)format_time(time, to, SHORT_TEXT);
    return to;
}

static const char *
signature_text(ese_maint__log_list *list, const ese_signature *signature)
{
    char *to = reserve(list, SHORT_TEXT);
    int n;

    if (to == NULL)
        return "";
    n = snprintf(to, SHORT_TEXT, "0x%08" PRIx32 ", created ", signature->random);
    (void)format_time(signature->created, to + n, SHORT_TEXT - (size_t)n);
    return to;
}

/* A name as stored, UTF-16 or of the code page of Windows, without its NUL. */
static const char *
name_text(ese_maint__log_list *list, ese_bytes name, bool is_wide)
{
    size_t n = is_wide ? name.size / 2 : name.size, size;
    char *to;

    while (n != 0 &&
           (is_wide ? ese_load_le16(name.data + 2 * (n - 1)) : (unsigned)name.data[n - 1]) == 0)
        n--;
    size = is_wide ? ese_utf16_to_utf8(name.data, n, NULL, 0)
                   : ese_cp1252_to_utf8(name.data, n, NULL, 0);
    to = reserve(list, size + 1);
    if (to == NULL)
        return "";
    if (is_wide)
        (void)ese_utf16_to_utf8(name.data, n, to, size);
    else
        (void)ese_cp1252_to_utf8(name.data, n, to, size);
    to[size] = '\0';
    for (size_t i = 0; i < size; i++) { /* what would end it early, or move the cursor */
        if ((uint8_t)to[i] < ' ')
            to[i] = ' ';
    }
    return to;
}

/* ---- lists */

static ese_maint_log_value *
add(ese_maint__log_list *list, const char *name, ese_maint_log_kind kind)
{
    ese_maint_log_value *value = &list->items[list->n++];

    *value = (ese_maint_log_value){.name = name, .kind = kind};
    return value;
}

static void
add_number(ese_maint__log_list *list, const char *name, uint64_t number)
{
    add(list, name, ESE_MAINT_LOG_NUMBER)->number = number;
}

static void
add_flags(ese_maint__log_list *list, const char *name, uint64_t flags)
{
    add(list, name, ESE_MAINT_LOG_FLAGS)->number = flags;
}

static void
add_text(ese_maint__log_list *list, const char *name, const char *text)
{
    add(list, name, ESE_MAINT_LOG_TEXT)->text = text;
}

static void
add_lgpos(ese_maint__log_list *list, const char *name, ese_lgpos lgpos)
{
    char *to = reserve(list, SHORT_TEXT);

    add_text(list, name, to == NULL ? "" : ese_maint__log_position_text(lgpos, to, SHORT_TEXT));
}

/* The value of a record; pieces of bytes stay where they are. */
static void
add_value(ese_maint__log_list *list, const ese_log_value *value)
{
    ese_signature signature;
    ese_maint_log_value *bytes;

    switch (value->kind) {
    case ESE_LOG_VALUE_NUMBER: add_number(list, value->name, value->number); break;
    case ESE_LOG_VALUE_SIGNED:
        add(list, value->name, ESE_MAINT_LOG_SIGNED)->number = value->number;
        break;
    case ESE_LOG_VALUE_FLAGS: add_flags(list, value->name, value->number); break;
    case ESE_LOG_VALUE_DBTIME:
        if (value->number == ESE_LOG_DBTIME_NONE)
            add_text(list, value->name, "none");
        else
            add_number(list, value->name, value->number);
        break;
    case ESE_LOG_VALUE_LGPOS: add_lgpos(list, value->name, value->lgpos); break;
    case ESE_LOG_VALUE_TIME: add_text(list, value->name, time_text(list, value->bytes.data)); break;
    case ESE_LOG_VALUE_SIGNATURE: /* a copy of it in memory */
        memcpy(&signature, value->bytes.data, sizeof signature);
        add_text(list, value->name, signature_text(list, &signature));
        break;
    case ESE_LOG_VALUE_TEXT:
    case ESE_LOG_VALUE_TEXT16:
        add_text(list, value->name,
                 name_text(list, value->bytes, value->kind == ESE_LOG_VALUE_TEXT16));
        break;
    case ESE_LOG_VALUE_BYTES:
        bytes = add(list, value->name, ESE_MAINT_LOG_BYTES);
        bytes->bytes = value->bytes.data;
        bytes->size = value->bytes.size;
    }
}

ese_maint_log_values
ese_maint__log_values(const ese_maint__log_list *list)
{
    return (ese_maint_log_values){list->n, list->items};
}

void
ese_maint__log_describe(ese_maint__log_list *list, const ese_log_entry *entry)
{
    ese_log_value values[ESE_LOG_VALUES_MAX];
    unsigned n = ese_log_record_describe(entry, values);

    list->n = 0;
    list->text_used = 0;
    for (unsigned i = 0; i < n; i++)
        add_value(list, &values[i]);
}

/* ---- headers */

static void
describe_params(ese_maint__log_list *list, const ese_log_params *params)
{
    add_text(list, "systemPath", name_text(list, params->system_path, false));
    add_text(list, "logPath", name_text(list, params->log_path, false));
    add_flags(list, "paramFlags", params->flags);
    add_number(list, "sessionsMax", params->sessions_max);
    add_number(list, "openTablesMax", params->open_tables_max);
    add_number(list, "versionPagesMax", params->version_pages_max);
    add_number(list, "cursorsMax", params->cursors_max);
    add_number(list, "logBuffers", params->log_buffers);
    add_number(list, "cacheSizeMax", params->cache_size_max);
}

void
ese_maint__log_describe_header(ese_maint__log_list *list, const ese_log_header *header)
{
    char *version = reserve(list, SHORT_TEXT);

    add_number(list, "generation", (uint64_t)header->generation);
    if (version != NULL)
        snprintf(version, SHORT_TEXT, "%" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu32, header->major,
                 header->minor, header->update_major, header->update_minor);
    add_text(list, "version", version == NULL ? "" : version);
    add_number(list, "engineFormatVersion", header->efv);
    add_text(list, "signature", signature_text(list, &header->sign));
    add_text(list, "created", time_text(list, header->created));
    add_text(list, "previousCreated", time_text(list, header->prev_created));
    add_flags(list, "previousChecksum", header->checksum_prev);
    add_number(list, "sectorSize", header->sector_size);
    add_number(list, "sectors", header->n_sectors);
    add_number(list, "pageSize", header->page_size);
    add_lgpos(list, "checkpoint", header->checkpoint);
    add_flags(list, "flags", header->flags);
    describe_params(list, &header->params);
}

void
ese_maint__log_describe_checkpoint(ese_maint__log_list *list, const ese_log_checkpoint *checkpoint)
{
    add_lgpos(list, "checkpoint", checkpoint->checkpoint);
    add_lgpos(list, "consistency", checkpoint->consistency);
    add_text(list, "signature", signature_text(list, &checkpoint->sign));
    add_lgpos(list, "backupCheckpoint", checkpoint->backup_checkpoint);
    add_lgpos(list, "fullBackup", checkpoint->full_backup);
    add_text(list, "fullBackupTime", time_text(list, checkpoint->full_backup_time));
    add_lgpos(list, "incrementalBackup", checkpoint->inc_backup);
    add_text(list, "incrementalBackupTime", time_text(list, checkpoint->inc_backup_time));
    add_flags(list, "versionFlags", checkpoint->version);
    describe_params(list, &checkpoint->params);
}

void
ese_maint__log_describe_attachment(ese_maint__log_list *list, const ese_log_attachment *attached)
{
    enum { WIDE_NAME = 0x20 };

    add_number(list, "dbid", attached->dbid);
    add_text(list, "path", name_text(list, attached->name, (attached->flags & WIDE_NAME) != 0));
    add_flags(list, "flags", attached->flags);
    add_number(list, "dbtime", attached->dbtime);
    add_number(list, "objidLast", attached->objid_last);
    add_number(list, "pagesMax", attached->n_pages_max);
    add_lgpos(list, "attach", attached->attach);
    add_lgpos(list, "consistent", attached->consistent);
    add_text(list, "signature", signature_text(list, &attached->sign_db));
}
