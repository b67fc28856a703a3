/*
 * Recovery in place: the log goes on behind its end while the databases themselves are changed. Recovery specification, sections 7.5 and 7.6.
 *
 * INV-1  Until something has to be logged, the logs are as they were found.
 */
#include "recovery/recovery_private.h"

#include "base/utf.h"
#include "log/log_time.h"

enum { ATTACH_UTF16 = 0x20 };

/* ---- the headers of databases, told of generations */

/* Whoever flushes the log calls this: may be another thread than that of recovery. */
static JET_ERR
begun(void *self, const ese_log_generation *generation)
{
    ese_recovery__run *run = self;
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&run->headers);
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db != NULL && db->state == ESE_RECOVERY__ATTACHED &&
            ese_recovery__header_raise(db, generation->number, generation->created))
            ESE_TRY(ese_recovery__write_header(db));
    }
out:
    ese_os_mutex_unlock(&run->headers);
    return err;
}

JET_ERR
ese_recovery__settle_header(ese_recovery__db *db)
{
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&db->run->headers);
    if (db->header_failed < JET_errSuccess)
        err = ese_raise(db->header_failed, "%s: the header could not be written before", db->work);
    else if (db->is_header_stale)
        err = ese_recovery__write_header(db);
    ese_os_mutex_unlock(&db->run->headers);
    return err;
}

/* ---- the stream */

JET_ERR
ese_recovery__list_entry(const ese_recovery__db *db, ese_log_attachment *entry_out,
                         uint8_t **name_out)
{
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_utf8_to_utf16_stored(db->logged_path, name_out, &size));
    *entry_out = (ese_log_attachment){
        .dbid = db->dbid,
        .flags = ATTACH_UTF16,
        .attach = db->header.attach,
        .consistent = db->header.consistent,
        .sign_db = db->header.sign_db,
        .name = {*name_out, size},
    };
out:
    return err;
}

static JET_ERR
attach_to(ese_log_stream *stream, const ese_recovery__db *db)
{
    ese_log_attachment attachment;
    uint8_t *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__list_entry(db, &attachment, &name));
    ESE_TRY(ese_log_stream_attach(stream, &attachment, &db->log.dbtime, &db->log.objid_last));
out:
    ese_free(&name);
    return err;
}

static void
note_attached(ese_recovery__run *run, ese_recovery__db *db)
{
    db->is_in_stream = true;
    db->log.stream = run->stream;
}

JET_ERR
ese_recovery__stream_attach(ese_recovery__run *run, ese_recovery__db *db)
{
    ese_log_generation begun;
    JET_ERR err = JET_errSuccess;

    if (run->stream == NULL)
        return JET_errSuccess;
    ESE_TRY(attach_to(run->stream, db));
    note_attached(run, db);
    /* What is logged for it from now on lies in a generation that began before it was there. */
    begun = ese_log_stream_generation(run->stream);
    ese_os_mutex_lock(&run->headers);
    (void)ese_recovery__header_raise(db, begun.number, begun.created);
    ese_os_mutex_unlock(&run->headers);
out:
    return err;
}

void
ese_recovery__stream_detach(ese_recovery__run *run, ese_recovery__db *db)
{
    if (db->is_in_stream)
        ese_log_stream_detach(run->stream, db->dbid);
    db->is_in_stream = false;
    db->log.stream = NULL;
}

static bool
is_attached(const ese_recovery__db *db)
{
    return db != NULL && db->state == ESE_RECOVERY__ATTACHED;
}

/* The next generation tells of the databases that are attached. */
static JET_ERR
list_attached(void *self, ese_log_stream *stream)
{
    const ese_recovery__run *run = self;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        if (is_attached(run->by_dbid[i]))
            ESE_TRY(attach_to(stream, run->by_dbid[i]));
    }
out:
    return err;
}

JET_ERR
ese_recovery__need_stream(ese_recovery__run *run)
{
    ese_log_stream_options options = *run->stream_options;
    ese_log_stream_end *end = &run->survey.end;
    JET_ERR err = JET_errSuccess;

    if (run->stream != NULL)
        return JET_errSuccess;
    if (run->survey.damaged != 0)
        ESE_TRY(ese_recovery__drop_damaged(run, run->survey.damaged, run->survey.damage));
    options.file_size = (uint32_t)run->survey.file_size;
    options.page_size = run->page_size;
    options.depth_max = INT32_MAX; /* the checkpoint moves when it has succeeded */
    options.ops = (ese_log_stream_ops){.self = run, .begun = begun};
    end->last_trx = run->last_trx;
    end->list = list_attached;
    end->self = run;
    ESE_TRY(ese_log_stream_continue(&options, end, &run->stream));
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        if (is_attached(run->by_dbid[i]))
            note_attached(run, run->by_dbid[i]);
    }
out:
    return err;
}

/* ---- the end */

JET_ERR
ese_recovery__flush_all(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db != NULL && db->state == ESE_RECOVERY__ATTACHED) {
            ESE_TRY(ese_cache_flush(db->file));
            ESE_TRY(ese_os_file_sync(db->os));
        }
    }
out:
    return err;
}

JET_ERR
ese_recovery__begin_undo(ese_recovery__run *run)
{
    ese_log_entry entry = {.type = ESE_LOG_RECOVERY_UNDO2};
    uint64_t lgpos = 0;
    JET_ERR err;

    ESE_TRY(ese_recovery__need_stream(run));
    ESE_TRY(
        ese_log_stream_flush(run->stream)); /* so that it stands at the beginning of a segment */
    ese_log_time_now(entry.u.run.time);
    ESE_TRY(ese_log_stream_append_entry(run->stream, &entry, &lgpos, NULL));
    run->undo_mark = ese_log_lgpos_of(lgpos);
out:
    return err;
}

JET_ERR
ese_recovery__end_undo(ese_recovery__run *run)
{
    const ese_log_entry mark = {.type = ESE_LOG_SHUT_DOWN_MARK};
    ese_log_entry quit = {.type = ESE_LOG_RECOVERY_QUIT2};
    uint64_t lgpos = 0;
    JET_ERR err;

    ESE_TRY(ese_recovery__flush_all(run));
    ESE_TRY(ese_log_stream_write_entry(run->stream, &mark, &lgpos));
    ESE_TRY(ese_recovery__detach_all(run, ese_log_lgpos_of(lgpos)));
    quit.u.run.position = run->undo_mark;
    quit.u.run.redo_from = run->report->start;
    quit.u.run.is_hard = (run->options->flags & ESE_RECOVERY_RESTORE) != 0;
    ese_log_time_now(quit.u.run.time);
    ESE_TRY(ese_log_stream_write_entry(run->stream, &quit, &lgpos));
    ESE_TRY(ese_log_stream_write_checkpoint(run->stream, lgpos, true));
out:
    return err;
}
