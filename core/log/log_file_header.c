/* Headers of log files, what they say of attached databases, and checkpoints: log specification, sections 2 and 8. */
#include "log/log_file.h"

#include "page/page_dbheader.h"

#include <stddef.h>

/* ---- plain fields: the same table reads and writes them */

typedef struct layout {
    uint16_t at, width, to;
    bool is_lgpos;
} layout;

#define HEADER_FIELD(at, width, member)                                                            \
    {                                                                                              \
        at, width, offsetof(ese_log_header, member), false                                         \
    }
#define HEADER_LGPOS(at, member)                                                                   \
    {                                                                                              \
        at, 8, offsetof(ese_log_header, member), true                                              \
    }

enum { BYTES8 = 9 }; /* eight bytes as they are: a time */

static const layout header_layout[] = {
    HEADER_FIELD(4, 4, generation),
    HEADER_FIELD(8, 2, sector_size),
    HEADER_FIELD(10, 2, n_header_sectors),
    HEADER_FIELD(12, 2, n_sectors),
    HEADER_FIELD(14, 2, page_size),
    HEADER_FIELD(16, BYTES8, created),
    HEADER_FIELD(24, BYTES8, prev_created),
    HEADER_FIELD(32, 4, major),
    HEADER_FIELD(36, 4, minor),
    HEADER_FIELD(40, 4, update_major),
    HEADER_FIELD(639, 1, flags),
    HEADER_LGPOS(640, checkpoint),
    HEADER_FIELD(648, 4, update_minor),
    HEADER_FIELD(652, 1, is_sector_mismatch),
    HEADER_FIELD(653, 8, checksum_prev),
    HEADER_FIELD(661, 4, efv),
    HEADER_FIELD(667, 4, file_type),
};

#define POINT_FIELD(at, width, member)                                                             \
    {                                                                                              \
        at, width, offsetof(ese_log_checkpoint, member), false                                     \
    }
#define POINT_LGPOS(at, member)                                                                    \
    {                                                                                              \
        at, 8, offsetof(ese_log_checkpoint, member), true                                          \
    }

static const layout checkpoint_layout[] = {
    POINT_LGPOS(4, backup_checkpoint), POINT_LGPOS(12, checkpoint),
    POINT_LGPOS(615, full_backup),     POINT_FIELD(623, BYTES8, full_backup_time),
    POINT_LGPOS(631, inc_backup),      POINT_FIELD(639, BYTES8, inc_backup_time),
    POINT_FIELD(647, 1, version),      POINT_LGPOS(648, consistency),
    POINT_FIELD(667, 4, file_type),
};

enum {
    N_HEADER = sizeof header_layout / sizeof header_layout[0],
    N_CHECKPOINT = sizeof checkpoint_layout / sizeof checkpoint_layout[0],
    HEADER_SIGN = 44,
    HEADER_PARAMS = 72,
    HEADER_ATTACH = 671,
    CHECKPOINT_SIGN = 20,
    CHECKPOINT_PARAMS = 48,
    CHECKPOINT_ATTACH = 679,
    PAGE_SIZE_OF_ZERO = 4096,
};

/* Numbers of two bytes in the file are wider in memory. */
static void
load_layout(const layout *field, const uint8_t *bytes, uint8_t *to)
{
    const uint8_t *from = bytes + field->at;
    ese_lgpos lgpos;
    uint32_t number32;
    uint64_t number64;

    if (field->is_lgpos) {
        lgpos = ese_log_lgpos_load(from);
        memcpy(to + field->to, &lgpos, sizeof lgpos);
    } else if (field->width == 1 || field->width == BYTES8) {
        memcpy(to + field->to, from, field->width == 1 ? 1 : 8);
    } else if (field->width == 8) {
        number64 = ese_load_le64(from);
        memcpy(to + field->to, &number64, sizeof number64);
    } else {
        number32 = field->width == 2 ? ese_load_le16(from) : ese_load_le32(from);
        memcpy(to + field->to, &number32, sizeof number32);
    }
}

static void
store_layout(const layout *field, const uint8_t *from, uint8_t *bytes)
{
    uint8_t *to = bytes + field->at;
    ese_lgpos lgpos;
    uint32_t number32;
    uint64_t number64;

    if (field->is_lgpos) {
        memcpy(&lgpos, from + field->to, sizeof lgpos);
        ese_log_lgpos_store(to, lgpos);
    } else if (field->width == 1 || field->width == BYTES8) {
        memcpy(to, from + field->to, field->width == 1 ? 1 : 8);
    } else if (field->width == 8) {
        memcpy(&number64, from + field->to, sizeof number64);
        ese_store_le64(to, number64);
    } else {
        memcpy(&number32, from + field->to, sizeof number32);
        if (field->width == 2)
            ese_store_le16(to, (uint16_t)number32);
        else
            ese_store_le32(to, number32);
    }
}

/* ---- parameters */

enum {
    PARAMS_LOG_PATH = ESE_LOG_PATH_MAX,
    PARAMS_FLAGS = 2 * ESE_LOG_PATH_MAX,
    PARAMS_NUMBERS = PARAMS_FLAGS + 1,
};

static ese_bytes
text_at(const uint8_t *bytes)
{
    const uint8_t *end = memchr(bytes, 0, ESE_LOG_PATH_MAX);
    size_t n = end == NULL ? ESE_LOG_PATH_MAX : (size_t)(end - bytes);

    return (ese_bytes){n == 0 ? NULL : bytes, n};
}

ese_log_params
ese_log_params_decode(const uint8_t *bytes)
{
    const uint8_t *numbers = bytes + PARAMS_NUMBERS;

    return (ese_log_params){
        .system_path = text_at(bytes),
        .log_path = text_at(bytes + PARAMS_LOG_PATH),
        .flags = bytes[PARAMS_FLAGS],
        .sessions_max = ese_load_le32(numbers),
        .open_tables_max = ese_load_le32(numbers + 4),
        .version_pages_max = ese_load_le32(numbers + 8),
        .cursors_max = ese_load_le32(numbers + 12),
        .log_buffers = ese_load_le32(numbers + 16),
        .n_sectors = ese_load_le32(numbers + 20),
        .cache_size_max = ese_load_le32(numbers + 24),
    };
}

static void
store_text(uint8_t *to, ese_bytes text)
{
    size_t n = text.size < ESE_LOG_PATH_MAX ? text.size : ESE_LOG_PATH_MAX - 1;

    if (n != 0)
        memcpy(to, text.data, n);
}

void
ese_log_params_encode(const ese_log_params *params, uint8_t *bytes)
{
    uint8_t *numbers = bytes + PARAMS_NUMBERS;

    memset(bytes, 0, ESE_LOG_PARAMS_SIZE);
    store_text(bytes, params->system_path);
    store_text(bytes + PARAMS_LOG_PATH, params->log_path);
    bytes[PARAMS_FLAGS] = params->flags;
    ese_store_le32(numbers, params->sessions_max);
    ese_store_le32(numbers + 4, params->open_tables_max);
    ese_store_le32(numbers + 8, params->version_pages_max);
    ese_store_le32(numbers + 12, params->cursors_max);
    ese_store_le32(numbers + 16, params->log_buffers);
    ese_store_le32(numbers + 20, params->n_sectors);
    ese_store_le32(numbers + 24, params->cache_size_max);
}

/* ---- attached databases */

enum { ATTACH_FIXED = 64 };

static ese_log_attachment
load_attachment(const uint8_t *at, size_t n_name)
{
    return (ese_log_attachment){
        .dbid = at[0],
        .flags = at[1],
        .dbtime = ese_load_le64(at + 4),
        .objid_last = ese_load_le32(at + 12),
        .n_pages_max = ese_load_le32(at + 16),
        .attach = ese_log_lgpos_load(at + 20),
        .consistent = ese_log_lgpos_load(at + 28),
        .sign_db = ese_log_signature_load(at + 36),
        .name = {n_name == 0 ? NULL : at + ATTACH_FIXED, n_name},
    };
}

JET_ERR
ese_log_attachments_decode(const uint8_t *bytes, ese_log_attachments *attached_out)
{
    size_t at = 0;
    unsigned n = 0;

    memset(attached_out, 0, sizeof *attached_out);
    while (at < ESE_LOG_ATTACH_SIZE && bytes[at] != 0) {
        size_t left = ESE_LOG_ATTACH_SIZE - at, n_name;

        if (left < ATTACH_FIXED || bytes[at] > ESE_LOG_MAX_DATABASES || n == ESE_LOG_MAX_DATABASES)
            return ese_raise(JET_errLogFileCorrupt, "the list of attached databases is damaged");
        n_name = ese_load_le16(bytes + at + 2);
        if (n_name > left - ATTACH_FIXED)
            return ese_raise(JET_errLogFileCorrupt, "the list of attached databases is damaged");
        attached_out->items[n++] = load_attachment(bytes + at, n_name);
        at += ATTACH_FIXED + n_name;
    }
    attached_out->n = n;
    return JET_errSuccess;
}

static void
store_attachment(uint8_t *to, const ese_log_attachment *item)
{
    to[0] = item->dbid;
    to[1] = item->flags;
    ese_store_le16(to + 2, (uint16_t)item->name.size);
    ese_store_le64(to + 4, item->dbtime);
    ese_store_le32(to + 12, item->objid_last);
    ese_store_le32(to + 16, item->n_pages_max);
    ese_log_lgpos_store(to + 20, item->attach);
    ese_log_lgpos_store(to + 28, item->consistent);
    ese_log_signature_store(to + 36, &item->sign_db);
    if (item->name.size != 0)
        memcpy(to + ATTACH_FIXED, item->name.data, item->name.size);
}

bool
ese_log_attachments_encode(const ese_log_attachments *attached, uint8_t *bytes)
{
    size_t at = 0;

    memset(bytes, 0, ESE_LOG_ATTACH_SIZE);
    for (unsigned i = 0; i < attached->n; i++) {
        const ese_log_attachment *item = &attached->items[i];
        size_t left = ESE_LOG_ATTACH_SIZE - at;

        if (left < ATTACH_FIXED || item->name.size > left - ATTACH_FIXED)
            return false;
        store_attachment(bytes + at, item);
        at += ATTACH_FIXED + item->name.size;
    }
    return true;
}

/* ---- log headers */

static const char *
type_name(uint32_t type)
{
    switch (type) {
    case ESE_DBHEADER_FILE_TYPE_DATABASE: return "a database";
    case ESE_LOG_FILE_TYPE_LOG: return "a log";
    case ESE_LOG_FILE_TYPE_CHECKPOINT: return "a checkpoint";
    default: return "a file of another type";
    }
}

JET_ERR
ese_log_header_decode(const uint8_t *bytes, ese_log_header *header_out)
{
    ese_log_header header;
    JET_ERR err;

    memset(&header, 0, sizeof header);
    if (ese_load_le32(bytes) != ese_page_header_checksum(bytes, ESE_LOG_HEADER_SIZE))
        return ese_raise(JET_errLogFileCorrupt, "the checksum of the log header is wrong");
    for (unsigned i = 0; i < N_HEADER; i++)
        load_layout(&header_layout[i], bytes, (uint8_t *)&header);
    if (header.file_type != ESE_LOG_FILE_TYPE_LOG && header.file_type != 0)
        return ese_raise(JET_errFileInvalidType, "%s, not a log", type_name(header.file_type));
    if (header.page_size == 0)
        header.page_size = PAGE_SIZE_OF_ZERO;
    header.sign = ese_log_signature_load(bytes + HEADER_SIGN);
    header.params = ese_log_params_decode(bytes + HEADER_PARAMS);
    ESE_TRY(ese_log_attachments_decode(bytes + HEADER_ATTACH, &header.attached));
    *header_out = header;
out:
    return err;
}

bool
ese_log_header_encode(const ese_log_header *header, uint8_t *bytes)
{
    memset(bytes, 0, ESE_LOG_HEADER_SIZE);
    for (unsigned i = 0; i < N_HEADER; i++)
        store_layout(&header_layout[i], (const uint8_t *)header, bytes);
    ese_log_signature_store(bytes + HEADER_SIGN, &header->sign);
    ese_log_params_encode(&header->params, bytes + HEADER_PARAMS);
    if (!ese_log_attachments_encode(&header->attached, bytes + HEADER_ATTACH))
        return false;
    ese_store_le32(bytes, ese_page_header_checksum(bytes, ESE_LOG_HEADER_SIZE));
    return true;
}

/* ---- checkpoints */

JET_ERR
ese_log_checkpoint_decode(const uint8_t *bytes, ese_log_checkpoint *checkpoint_out)
{
    ese_log_checkpoint checkpoint;
    JET_ERR err;

    memset(&checkpoint, 0, sizeof checkpoint);
    if (ese_load_le32(bytes) != ese_page_header_checksum(bytes, ESE_LOG_CHECKPOINT_SIZE))
        return ese_raise(JET_errCheckpointCorrupt, "the checksum of the checkpoint is wrong");
    for (unsigned i = 0; i < N_CHECKPOINT; i++)
        load_layout(&checkpoint_layout[i], bytes, (uint8_t *)&checkpoint);
    if (checkpoint.file_type != ESE_LOG_FILE_TYPE_CHECKPOINT && checkpoint.file_type != 0)
        return ese_raise(JET_errFileInvalidType, "%s, not a checkpoint",
                         type_name(checkpoint.file_type));
    checkpoint.sign = ese_log_signature_load(bytes + CHECKPOINT_SIGN);
    checkpoint.params = ese_log_params_decode(bytes + CHECKPOINT_PARAMS);
    err = ese_log_attachments_decode(bytes + CHECKPOINT_ATTACH, &checkpoint.attached);
    if (err < JET_errSuccess)
        return ese_raise(JET_errCheckpointCorrupt, "the list of attached databases is damaged");
    *checkpoint_out = checkpoint;
    return JET_errSuccess;
}

bool
ese_log_checkpoint_encode(const ese_log_checkpoint *checkpoint, uint8_t *bytes)
{
    memset(bytes, 0, ESE_LOG_CHECKPOINT_SIZE);
    for (unsigned i = 0; i < N_CHECKPOINT; i++)
        store_layout(&checkpoint_layout[i], (const uint8_t *)checkpoint, bytes);
    ese_log_signature_store(bytes + CHECKPOINT_SIGN, &checkpoint->sign);
    ese_log_params_encode(&checkpoint->params, bytes + CHECKPOINT_PARAMS);
    if (!ese_log_attachments_encode(&checkpoint->attached, bytes + CHECKPOINT_ATTACH))
        return false;
    ese_store_le32(bytes, ese_page_header_checksum(bytes, ESE_LOG_CHECKPOINT_SIZE));
    return true;
}
