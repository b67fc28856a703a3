#include "page/page_dbheader.h"

enum {
    MAGIC_OFFSET = 4,
    PAGE_SIZE_OFFSET = 236,
    FILE_TYPE_OFFSET = 667,
    PAGE_SIZE_WHEN_ZERO = 4096,
};

static ese_lgpos
load_lgpos(const uint8_t *at)
{
    return (ese_lgpos){
        .offset = ese_load_le16(at),
        .sector = ese_load_le16(at + 2),
        .generation = (int32_t)ese_load_le32(at + 4),
    };
}

static ese_signature
load_signature(const uint8_t *at)
{
    ese_signature signature = {.random = ese_load_le32(at)};

    memcpy(signature.created, at + 4, sizeof signature.created);
    memcpy(signature.computer, at + 12, sizeof signature.computer);
    return signature;
}

static void
load_log_fields(const uint8_t *bytes, ese_dbheader *header)
{
    header->consistent = load_lgpos(bytes + 56);
    memcpy(header->consistent_time, bytes + 64, 8);
    memcpy(header->attach_time, bytes + 72, 8);
    header->attach = load_lgpos(bytes + 80);
    memcpy(header->detach_time, bytes + 88, 8);
    header->detach = load_lgpos(bytes + 96);
    header->sign_log = load_signature(bytes + 108);
    memcpy(header->backup_full_prev, bytes + 136, 24);
    memcpy(header->backup_inc_prev, bytes + 160, 24);
    memcpy(header->backup_full_cur, bytes + 184, 24);
    header->gen_min_required = ese_load_le32(bytes + 296);
    header->gen_max_required = ese_load_le32(bytes + 300);
    header->gen_max_committed = ese_load_le32(bytes + 416);
}

static void
load_upkeep_fields(const uint8_t *bytes, ese_dbheader *header)
{
    header->repair_count = ese_load_le32(bytes + 240);
    memcpy(header->repair_time, bytes + 244, 8);
    header->repair_count_old = ese_load_le32(bytes + 364);
    header->dbtime_last_scrub = ese_load_le64(bytes + 280);
    memcpy(header->scrub_time, bytes + 288, 8);
}

static void
load_fields(const uint8_t *bytes, ese_dbheader *header)
{
    header->version = ese_load_le32(bytes + 8);
    header->attrib = ese_load_le32(bytes + 12);
    header->dbtime = ese_load_le64(bytes + 16);
    header->sign_db = load_signature(bytes + 24);
    header->state = ese_load_le32(bytes + 52);
    header->dbid = ese_load_le32(bytes + 104);
    header->flags = ese_load_le32(bytes + 208);
    header->objid_last = ese_load_le32(bytes + 212);
    for (size_t i = 0; i < 4; i++)
        header->os_version[i] = ese_load_le32(bytes + 216 + 4 * i);
    header->update_major = ese_load_le32(bytes + 232);
    header->create_version = ese_load_le32(bytes + 340);
    header->create_update = ese_load_le32(bytes + 344);
    header->sort_version = ese_load_le64(bytes + 508);
    header->update_minor = ese_load_le32(bytes + 644);
    header->efv_max = ese_load_le32(bytes + 648);
    header->file_type = ese_load_le32(bytes + FILE_TYPE_OFFSET);
}

bool
ese_dbheader_is_conceivable(const uint8_t *bytes)
{
    uint32_t magic = ese_load_le32(bytes + MAGIC_OFFSET);
    uint32_t type = ese_load_le32(bytes + FILE_TYPE_OFFSET);

    return (magic == 0 || magic == (uint32_t)ESE_DBHEADER_MAGIC) &&
           (type == 0 || type == ESE_DBHEADER_FILE_TYPE_DATABASE);
}

JET_ERR
ese_dbheader_decode(const uint8_t *bytes, size_t n, ese_dbheader *header_out)
{
    ese_dbheader header = {0};

    if (n < ESE_DBHEADER_SIZE)
        return ese_raise(JET_errReadVerifyFailure, "the database header is cut off");
    header.page_size = ese_load_le32(bytes + PAGE_SIZE_OFFSET);
    if (header.page_size == 0)
        header.page_size = PAGE_SIZE_WHEN_ZERO;
    if (!ese_page_size_is_legal(header.page_size) || header.page_size > n ||
        ese_load_le32(bytes) != ese_page_header_checksum(bytes, header.page_size))
        return ese_raise(JET_errReadVerifyFailure, "the checksum of the database header is wrong");
    if (ese_load_le32(bytes + MAGIC_OFFSET) != (uint32_t)ESE_DBHEADER_MAGIC)
        return ese_raise(JET_errDatabaseCorrupted, "the file is not a database");
    load_fields(bytes, &header);
    load_log_fields(bytes, &header);
    load_upkeep_fields(bytes, &header);
    if (header.state < ESE_DBSTATE_JUST_CREATED || header.state > ESE_DBSTATE_REVERT_IN_PROGRESS)
        return ese_raise(JET_errDatabaseCorrupted, "the database header has the unknown state %u",
                         (unsigned)header.state);
    *header_out = header;
    return JET_errSuccess;
}

/* ---- Writing ---- */

static void
store_lgpos(uint8_t *at, ese_lgpos lgpos)
{
    ese_store_le16(at, lgpos.offset);
    ese_store_le16(at + 2, lgpos.sector);
    ese_store_le32(at + 4, (uint32_t)lgpos.generation);
}

static void
store_signature(uint8_t *at, const ese_signature *signature)
{
    ese_store_le32(at, signature->random);
    memcpy(at + 4, signature->created, sizeof signature->created);
    memcpy(at + 12, signature->computer, sizeof signature->computer);
}

static void
store_log_fields(const ese_dbheader *header, uint8_t *bytes)
{
    store_lgpos(bytes + 56, header->consistent);
    memcpy(bytes + 64, header->consistent_time, 8);
    memcpy(bytes + 72, header->attach_time, 8);
    store_lgpos(bytes + 80, header->attach);
    memcpy(bytes + 88, header->detach_time, 8);
    store_lgpos(bytes + 96, header->detach);
    store_signature(bytes + 108, &header->sign_log);
    memcpy(bytes + 136, header->backup_full_prev, 24);
    memcpy(bytes + 160, header->backup_inc_prev, 24);
    memcpy(bytes + 184, header->backup_full_cur, 24);
    ese_store_le32(bytes + 296, header->gen_min_required);
    ese_store_le32(bytes + 300, header->gen_max_required);
    ese_store_le32(bytes + 416, header->gen_max_committed);
}

static void
store_upkeep_fields(const ese_dbheader *header, uint8_t *bytes)
{
    ese_store_le32(bytes + 240, header->repair_count);
    memcpy(bytes + 244, header->repair_time, 8);
    ese_store_le32(bytes + 364, header->repair_count_old);
    ese_store_le64(bytes + 280, header->dbtime_last_scrub);
    memcpy(bytes + 288, header->scrub_time, 8);
}

static void
store_fields(const ese_dbheader *header, uint8_t *bytes)
{
    ese_store_le32(bytes + MAGIC_OFFSET, (uint32_t)ESE_DBHEADER_MAGIC);
    ese_store_le32(bytes + 8, header->version);
    ese_store_le32(bytes + 12, header->attrib);
    ese_store_le64(bytes + 16, header->dbtime);
    store_signature(bytes + 24, &header->sign_db);
    ese_store_le32(bytes + 52, header->state);
    ese_store_le32(bytes + 104, header->dbid);
    ese_store_le32(bytes + 208, header->flags);
    ese_store_le32(bytes + 212, header->objid_last);
    for (size_t i = 0; i < 4; i++)
        ese_store_le32(bytes + 216 + 4 * i, header->os_version[i]);
    ese_store_le32(bytes + 232, header->update_major);
    ese_store_le32(bytes + PAGE_SIZE_OFFSET, header->page_size);
    ese_store_le32(bytes + 340, header->create_version);
    ese_store_le32(bytes + 344, header->create_update);
    ese_store_le64(bytes + 508, header->sort_version);
    ese_store_le32(bytes + 644, header->update_minor);
    ese_store_le32(bytes + 648, header->efv_max);
    ese_store_le32(bytes + FILE_TYPE_OFFSET, header->file_type);
}

void
ese_dbheader_encode(const ese_dbheader *header, uint8_t *bytes)
{
    store_fields(header, bytes);
    store_log_fields(header, bytes);
    store_upkeep_fields(header, bytes);
    ese_store_le32(bytes, ese_page_header_checksum(bytes, header->page_size));
}

ese_dbheader
ese_dbheader_fresh(uint32_t page_size)
{
    return (ese_dbheader){
        .version = ESE_DBHEADER_VERSION,
        .state = ESE_DBSTATE_JUST_CREATED,
        .dbtime = 1,
        .dbid = 1,
        .os_version = {10, 0, 0, 0},
        .update_major = ESE_DBHEADER_UPDATE_DEFAULT,
        .page_size = page_size,
        .create_version = ESE_DBHEADER_VERSION,
        .create_update = ESE_DBHEADER_UPDATE_DEFAULT,
        .sort_version = UINT64_MAX, /* each locale has its own */
        .file_type = ESE_DBHEADER_FILE_TYPE_DATABASE,
    };
}

void
ese_dbheader_detach(ese_dbheader *header, uint8_t *bytes, ese_lgpos lgpos, const uint8_t time[8])
{
    header->state = ESE_DBSTATE_CLEAN;
    header->consistent = header->detach = lgpos;
    memcpy(header->consistent_time, time, sizeof header->consistent_time);
    memcpy(header->detach_time, time, sizeof header->detach_time);
    header->gen_min_required = header->gen_max_required = header->gen_max_committed = 0;
    memset(header->backup_full_cur, 0, sizeof header->backup_full_cur);
    memset(bytes + ESE_DBHEADER_BACKUP_SNAPSHOT, 0, ESE_DBHEADER_BACKUP_SIZE);
    memset(bytes + ESE_DBHEADER_TIME_COMMITTED, 0, 8);
    memset(bytes + ESE_DBHEADER_TIME_REQUIRED, 0, 8);
    memset(bytes + ESE_DBHEADER_GEN_RECOVERING, 0, 4);
    memset(bytes + ESE_DBHEADER_GEN_MIN_CONSISTENT, 0, 4);
    memset(bytes + ESE_DBHEADER_BEFORE_REDO, 0, 8);
    memset(bytes + ESE_DBHEADER_FLUSH_MAP, 0, ESE_DBHEADER_FLUSH_MAP_SIZE);
    store_lgpos(bytes + ESE_DBHEADER_LAST_RESIZE, lgpos);
}
