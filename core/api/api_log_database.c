/*
 * What the log is told of databases, and what their headers say in return. Recovery specification, section 3.2.
 *
 * Every step is: record, durable -> header, both copies. So recovery finds the header either as it was before the record, or as the record says.
 */
#include "api/api_log.h"

#include "base/alloc.h"
#include "base/utf.h"
#include "log/log_time.h"

enum {
    ENTRY_VERSIONED = 4, /* flags of records: they tell the format, */
    ENTRY_WIDE = 8,      /* and paths are UTF-16 */
    ENTRY_WIDE_DETACH = 0x10,
    ATTACHMENT_WIDE = 0x20,
};

/* ---- Headers ---- */

/* What a step writes into the header. */
typedef struct step {
    ese_lgpos lgpos;
    ese_log_generation generation;
    ese_signature sign_log;
} step;

static void
name_generation(ese_dbheader *fields, uint8_t *page, const ese_log_generation *generation)
{
    fields->gen_max_required = fields->gen_max_committed = (uint32_t)generation->number;
    memcpy(page + ESE_DBHEADER_TIME_COMMITTED, generation->created, sizeof generation->created);
    memcpy(page + ESE_DBHEADER_TIME_REQUIRED, generation->created, sizeof generation->created);
}

/* Creation and attach. */
static void
begin_attachment(ese_dbheader *fields, uint8_t *page, const step *s)
{
    fields->attach = s->lgpos;
    ese_log_time_now(fields->attach_time);
    fields->detach = (ese_lgpos){0};
    memset(fields->detach_time, 0, sizeof fields->detach_time);
    fields->sign_log = s->sign_log;
    memset(fields->backup_full_cur, 0, sizeof fields->backup_full_cur);
    fields->gen_min_required = (uint32_t)s->lgpos.generation;
    ese_store_le32(page + ESE_DBHEADER_GEN_MIN_CONSISTENT, fields->gen_min_required);
    name_generation(fields, page, &s->generation);
}

static void
say_created(ese_dbheader *fields, uint8_t *page, const void *how)
{
    fields->state = ESE_DBSTATE_JUST_CREATED;
    begin_attachment(fields, page, how);
}

static void
say_complete(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const step *s = how;

    fields->state = ESE_DBSTATE_DIRTY;
    ese_log_lgpos_store(page + ESE_DBHEADER_LAST_RESIZE, s->lgpos);
}

static void
say_attached(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const step *s = how;

    if (memcmp(&fields->sign_log, &s->sign_log, sizeof s->sign_log) != 0) {
        fields->consistent = (ese_lgpos){0};
        /* The logs of this stream continue no backup of another one. */
        memset(fields->backup_full_prev, 0, sizeof fields->backup_full_prev);
        memset(fields->backup_inc_prev, 0, sizeof fields->backup_inc_prev);
        memset(page + ESE_DBHEADER_BACKUP_COPY, 0, ESE_DBHEADER_BACKUP_SIZE);
        memset(page + ESE_DBHEADER_BACKUP_DIFF, 0, ESE_DBHEADER_BACKUP_SIZE);
    }
    fields->state = ESE_DBSTATE_DIRTY;
    begin_attachment(fields, page, s);
    ese_log_lgpos_store(page + ESE_DBHEADER_LAST_RESIZE, s->lgpos);
}

static void
say_clean(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const step *s = how;
    uint8_t now[8];

    ese_log_time_now(now);
    ese_dbheader_detach(fields, page, s->lgpos, now);
}

static void
say_generation(ese_dbheader *fields, uint8_t *page, const void *how)
{
    name_generation(fields, page, how);
}

static void
say_resized(ese_dbheader *fields, uint8_t *page, const void *how)
{
    (void)fields;
    ese_log_lgpos_store(page + ESE_DBHEADER_LAST_RESIZE, ((const step *)how)->lgpos);
}

static void
say_required(ese_dbheader *fields, uint8_t *page, const void *how)
{
    const uint32_t *generation = how;

    if (fields->gen_min_required < *generation)
        fields->gen_min_required = *generation;
    ese_store_le32(page + ESE_DBHEADER_GEN_MIN_CONSISTENT, fields->gen_min_required);
}

JET_ERR
ese_api__log_header_tell(ese_api_database *database, ese_api_header_change *change, const void *how)
{
    JET_ERR err = ese_api_database_header_change(database, change, how);

    /* Nobody knows what it says, nor which pages written before are on the disk: the next sync would succeed without them. */
    if (err < JET_errSuccess)
        ese_api_instance_fail(database->instance);
    return err;
}

JET_ERR
ese_api__log_header_required(ese_api_database *database, uint32_t generation)
{
    ese_api_header header;

    ese_api_database_header_copy(database, &header);
    if (header.fields.gen_min_required >= generation)
        return JET_errSuccess;
    return ese_api__log_header_tell(database, say_required, &generation);
}

JET_ERR
ese_api__log_header_clean(ese_api_log *log, ese_api_database *database, uint64_t lgpos)
{
    const step s = {.lgpos = ese_log_lgpos_of(lgpos)};
    JET_ERR err;

    /* From here on a new generation is none of its business. */
    ese_api__log_forget(log, database);
    err = ese_api__log_header_tell(database, say_clean, &s);
    if (err >= JET_errSuccess)
        ese_log_stream_detach(log->stream, (uint8_t)database->slot);
    return err;
}

/* ---- What the stream calls ---- */

JET_ERR
ese_api__log_begun(void *self, const ese_log_generation *generation)
{
    ese_api_log *log = self;
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&log->list);
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX && err >= JET_errSuccess; i++) {
        if (log->databases[i] != NULL)
            err = ese_api_database_header_change(log->databases[i], say_generation, generation);
    }
    if (err >= JET_errSuccess)
        log->generation = *generation;
    ese_os_mutex_unlock(&log->list);
    ese_api__log_nudge(log, 0);
    return err;
}

void
ese_api__log_failed(void *self, JET_ERR err)
{
    ese_api_log *log = self;

    (void)err; /* the thread that met it has the text */
    ese_api_instance_fail(log->instance);
}

/* ---- Attachments ---- */

void
ese_api__log_lock(ese_api_log *log)
{
    if (log != NULL)
        ese_os_mutex_lock(&log->order);
}

void
ese_api__log_unlock(ese_api_log *log)
{
    if (log != NULL)
        ese_os_mutex_unlock(&log->order);
}

JET_ERR
ese_api__log_join(ese_api_log *log, ese_api_database *database)
{
    JET_ERR err;

    if (log == NULL)
        return JET_errSuccess;
    ESE_TRY(ese_api_databases_find_room(log->instance->databases, database->full_path,
                                        &database->slot));
    database->logged = log;
out:
    return err;
}

static uint16_t
procid_of(ese_api_session *session)
{
    return ese_api_session_txn(session)->origin.procid;
}

/* From now on new generations are named in its header. The record at `lgpos` is durable. */
static JET_ERR
enlist(ese_api_log *log, ese_api_database *database, ese_api_header_change *change, uint64_t lgpos)
{
    step s = {.lgpos = ese_log_lgpos_of(lgpos), .sign_log = ese_log_stream_signature(log->stream)};
    JET_ERR err;

    ese_os_mutex_lock(&log->list);
    s.generation = log->generation;
    err = ese_api_database_header_change(database, change, &s);
    if (err >= JET_errSuccess)
        log->databases[database->slot] = database;
    ese_os_mutex_unlock(&log->list);
    return err;
}

void
ese_api__log_forget(ese_api_log *log, ese_api_database *database)
{
    ese_os_mutex_lock(&log->list);
    if (log->databases[database->slot] == database)
        log->databases[database->slot] = NULL;
    ese_os_mutex_unlock(&log->list);
}

/* The record that begins an attachment, and the list in headers and checkpoint. */
static JET_ERR
write_begin(ese_api_database *database, ese_log_entry *entry, ese_lgpos consistent,
            uint64_t *lgpos_out)
{
    ese_api_log *log = database->logged;
    ese_log_attachment attachment = {.dbid = (uint8_t)database->slot,
                                     .flags = ATTACHMENT_WIDE,
                                     .n_pages_max = entry->u.db.n_pages_max,
                                     .consistent = consistent,
                                     .sign_db = database->header.fields.sign_db};
    uint8_t *path = NULL;
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_utf8_to_utf16_stored(database->full_path, &path, &size));
    attachment.name = (ese_bytes){path, size};
    entry->dbid = attachment.dbid;
    entry->u.db.sign_db = attachment.sign_db;
    entry->u.db.path = attachment.name;
    ESE_TRY(ese_log_stream_attach(log->stream, &attachment, &database->log.dbtime,
                                  &database->log.objid_last));
    err = ese_log_stream_write_entry(log->stream, entry, lgpos_out);
    if (err < JET_errSuccess)
        ese_log_stream_detach(log->stream, attachment.dbid);
out:
    ese_free(&path);
    return err;
}

static JET_ERR
write_detach(ese_api_database *database, uint16_t procid, uint64_t *lgpos_out)
{
    ese_log_entry entry = {.type = ESE_LOG_DETACH_DB,
                           .procid = procid,
                           .dbid = (uint8_t)database->slot,
                           .u.db.flags = ENTRY_WIDE_DETACH};
    uint8_t *path = NULL;
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_utf8_to_utf16_stored(database->full_path, &path, &size));
    entry.u.db.path = (ese_bytes){path, size};
    ESE_TRY(ese_log_stream_write_entry(database->logged->stream, &entry, lgpos_out));
out:
    ese_free(&path);
    return err;
}

/* Whatever happened to the header: it is clean, or the instance ends and recovery makes it so. */
void
ese_api__log_give_up(ese_api_database *database, uint16_t procid)
{
    ese_api_log *log = database->logged;
    uint64_t lgpos = 0;

    ese_api__log_forget(log, database);
    if (write_detach(database, procid, &lgpos) < JET_errSuccess)
        ese_api_instance_fail(log->instance); /* the log has it attached for ever */
    else if (database->header.fields.state == ESE_DBSTATE_DIRTY)
        (void)ese_api__log_header_clean(log, database, lgpos);
    else
        ese_log_stream_detach(log->stream, (uint8_t)database->slot);
}

static JET_ERR
log_size(ese_api_database *database, ese_pgno n_pages)
{
    const ese_log_entry entry = {
        .type = ESE_LOG_EXTEND_DB, .dbid = (uint8_t)database->slot, .pgno = n_pages};

    /* A file that is longer than the log knows does no harm, so nobody waits. */
    return ese_log_stream_append_entry(database->logged->stream, &entry, NULL, NULL);
}

JET_ERR
ese_api__log_create(ese_api_database *database, ese_api_session *session, uint32_t n_pages_max,
                    uint64_t *lgpos_out)
{
    const ese_dbheader *fields = &database->header.fields;
    ese_log_entry entry = {.type = ESE_LOG_CREATE_DB, .procid = procid_of(session)};

    entry.u.db.grbit = database->grbit;
    entry.u.db.n_pages_max = n_pages_max;
    entry.u.db.flags = ENTRY_WIDE | ENTRY_VERSIONED;
    entry.u.db.version = (uint16_t)fields->version;
    entry.u.db.update_major = (uint16_t)fields->update_major;
    return write_begin(database, &entry, (ese_lgpos){0}, lgpos_out);
}

JET_ERR
ese_api__log_create_header(ese_api_database *database, uint64_t lgpos)
{
    JET_ERR err;

    ESE_TRY(enlist(database->logged, database, say_created, lgpos));
    ESE_TRY(log_size(database, ese_cache_page_count(database->pages)));
out:
    return err;
}

JET_ERR
ese_api__log_create_finish(ese_api_database *database, ese_api_session *session)
{
    const ese_log_entry entry = {.type = ESE_LOG_CREATE_DB_FINISH,
                                 .procid = procid_of(session),
                                 .dbid = (uint8_t)database->slot};
    step s = {0};
    uint64_t lgpos = 0;
    JET_ERR err;

    ESE_TRY(ese_log_stream_write_entry(database->logged->stream, &entry, &lgpos));
    s.lgpos = ese_log_lgpos_of(lgpos);
    ESE_TRY(ese_api_database_header_change(database, say_complete, &s));
out:
    return err;
}

JET_ERR
ese_api__log_attach(ese_api_database *database, ese_api_session *session, uint32_t n_pages_max)
{
    const ese_dbheader *fields = &database->header.fields;
    ese_signature sign = ese_log_stream_signature(database->logged->stream);
    bool is_ours = memcmp(&fields->sign_log, &sign, sizeof sign) == 0;
    ese_log_entry entry = {.type = ESE_LOG_ATTACH_DB, .procid = procid_of(session)};
    uint64_t lgpos = 0;
    JET_ERR err;

    entry.u.db.n_pages_max = n_pages_max;
    entry.u.db.flags = ENTRY_WIDE;
    entry.u.db.consistent = fields->consistent;
    entry.u.db.sign_log = fields->sign_log; /* of the stream it was in until now */
    ESE_TRY(ese_recovery_mend_header(database->file, fields->page_size));
    ESE_TRY(write_begin(database, &entry, is_ours ? fields->consistent : (ese_lgpos){0}, &lgpos));
    err = enlist(database->logged, database, say_attached, lgpos);
    if (err < JET_errSuccess)
        ese_api__log_give_up(database, entry.procid);
out:
    return err;
}

JET_ERR
ese_api__log_detach(ese_api_database *database, ese_api_session *session)
{
    uint64_t lgpos = 0;
    JET_ERR err;

    ESE_TRY(ese_api_database_settle(database));
    ESE_TRY(write_detach(database, procid_of(session), &lgpos));
    ESE_TRY(ese_api__log_header_clean(database->logged, database, lgpos));
out:
    return err;
}

/* ---- Size ---- */

JET_ERR
ese_api__log_resize(void *self, ese_pgno n_before, ese_pgno n_pages)
{
    ese_api_database *database = self;
    ese_log_entry entry = {
        .type = ESE_LOG_SHRINK_DB, .dbid = (uint8_t)database->slot, .pgno = n_pages};
    step s = {0};
    uint64_t lgpos = 0;
    JET_ERR err;

    if (n_pages >= n_before)
        return log_size(database, n_pages);
    entry.u.extent.n_pages = n_before - n_pages;
    ESE_TRY(ese_log_stream_write_entry(database->logged->stream, &entry, &lgpos));
    s.lgpos = ese_log_lgpos_of(lgpos);
    ESE_TRY(ese_api__log_header_tell(database, say_resized, &s));
out:
    return err;
}
