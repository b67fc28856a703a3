/*
 * Databases that the log creates, attaches and detaches: is the file at hand the one, and in the right state? Recovery specification, section 7.3.
 *
 * INV-1  A database is changed only while it is attached. One that is deferred is passed over, and is an error at the end if the log does not detach it.
 */
#include "recovery/recovery_private.h"

/* What the log says of a database that is attached. */
typedef struct attachment {
    uint8_t dbid;
    ese_lgpos attach, consistent;
    ese_signature sign_db;
    ese_signature sign_log; /* of the stream it came from */
    bool is_record;         /* an AttachDB record; else the list in front of the replay */
    uint64_t dbtime;
    uint32_t objid_last;
} attachment;

enum { DEFAULT_CACHE = 64 << 20 };

static bool
is_same(const ese_signature *a, const ese_signature *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static uint64_t
number(ese_lgpos lgpos)
{
    return ese_log_lgpos_number(lgpos);
}

/* ---- files */

/* Logs that are read are on the disk (ese_recovery__survey_all); in place others may be behind them. */
static JET_ERR
before_write(void *self, const ese_page *page, uint64_t lgpos)
{
    ese_recovery__db *db = self;
    ese_recovery__run *run = db->run;
    JET_ERR err;

    ese_recovery__peek_written(db, page->pgno);
    ESE_TRY(ese_recovery__settle_header(db));
    if (run->is_in_place)
        ESE_TRY(ese_recovery__guard_page(db, page, lgpos));
out:
    return err;
}

static JET_ERR
prepare_write(void *self, const ese_page *page)
{
    ese_recovery__db *db = self;

    return db->run->is_in_place ? ese_recovery__prepare_page(db, page) : JET_errSuccess;
}

static JET_ERR
open_pages(ese_recovery__run *run, ese_recovery__db *db)
{
    const ese_cache_write_ops ops = {.self = db,
                                     .before_write = before_write,
                                     .prepare = prepare_write,
                                     .is_logged = run->is_in_place};
    uint32_t size = run->page_size;
    JET_ERR err = JET_errSuccess;

    if (run->cache == NULL)
        ESE_TRY(ese_cache_create(run->options->cache_bytes != 0 ? run->options->cache_bytes
                                                                : DEFAULT_CACHE,
                                 &run->cache));
    ESE_TRY(ese_cache_attach(run->cache, db->os, size, &db->file));
    ese_cache_set_write_ops(db->file, &ops);
    db->log.file = db->file;
    db->log.dbid = db->dbid;
out:
    return err;
}

void
ese_recovery__close_db(ese_recovery__db *db)
{
    if (db->file != NULL)
        ese_cache_detach(&db->file);
    ese_os_file_close(&db->os);
    ese_recovery__peek_forget(db);
    ese_free(&db->window.bytes);
}

/* A process that was killed may have left the header in the memory of the kernel only: no log may be passed over because of what it says. */
static JET_ERR
settle_file(const char *path)
{
    ese_os_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(path, &file));
    ESE_TRY(ese_os_file_sync(file));
out:
    ese_os_file_close(&file);
    return err;
}

/* The header of the file there is: of the copy, once it is made. */
static JET_ERR
load_header(ese_recovery__db *db)
{
    JET_ERR err = JET_errSuccess;

    if (db->header_bytes != NULL || db->source == NULL)
        return JET_errSuccess;
    if (db->run->is_in_place)
        ESE_TRY(settle_file(db->source));
    ESE_TRY(ese_recovery__read_header(db->source, &db->header_bytes, &db->header));
    ese_recovery__header_note_found(db);
    db->first_min_required = db->found_min_required;
    db->first_max_required = db->found_max_required;
    db->first_max_committed = db->found_max_committed;
out:
    return err;
}

static void
put_in_table(ese_recovery__run *run, ese_recovery__db *db, uint8_t dbid, ese_recovery__state state)
{
    db->dbid = dbid;
    db->state = state;
    run->by_dbid[dbid] = db;
}

static JET_ERR
defer(ese_recovery__run *run, ese_recovery__db *db, uint8_t dbid, ese_recovery__why why)
{
    db->why = why;
    put_in_table(run, db, dbid, ESE_RECOVERY__DEFERRED);
    return JET_errSuccess;
}

/* ---- attaching */

static JET_ERR
miss(ese_recovery__run *run, ese_recovery__db *db, uint8_t dbid)
{
    if ((db->map_flags & ESE_RECOVERY_MAP_FAIL_WHEN_MISSING) != 0)
        return ese_raise(JET_errAttachedDatabaseMismatch,
                         "%s: this database of the log, %s there, is missing", db->final,
                         db->logged_path);
    return defer(run, db, dbid, ESE_RECOVERY__WHY_MISSING);
}

static JET_ERR
check_required(ese_recovery__run *run, ese_recovery__db *db)
{
    const ese_dbheader *header = &db->header;
    bool is_restore = (run->options->flags & ESE_RECOVERY_RESTORE) != 0;
    JET_ERR err = JET_errSuccess;

    if (header->page_size != run->page_size)
        return ese_raise(JET_errPageSizeMismatch, "%s: pages of %u bytes, in the log of %u bytes",
                         db->source, (unsigned)header->page_size, (unsigned)run->page_size);
    if (db->has_work) /* what it needs was seen when it was found */
        return JET_errSuccess;
    if (header->gen_min_required != 0 && header->gen_min_required < (uint32_t)run->generation &&
        header->state != ESE_DBSTATE_DIRTY_AND_PATCHED) {
        run->report->gen_missing_from = (int32_t)header->gen_min_required;
        run->report->gen_missing_to = run->generation - 1;
        return ese_raise(JET_errRequiredLogFilesMissing,
                         "%s: needs the logs from generation 0x%X on, there are those from 0x%X on",
                         db->source, (unsigned)header->gen_min_required, (unsigned)run->generation);
    }
    if (run->is_in_place && run->stop_after == 0 && run->survey.damaged != 0 &&
        (uint32_t)run->survey.damaged <= db->found_max_required)
        return ese_recovery__drop_damaged(run, run->survey.damaged, run->survey.damage);
    if (run->is_in_place && run->stop_after == 0)
        ESE_TRY(ese_recovery__judge_last(run, db, run->survey.last_generation));
    if (!is_restore && ese_load_le32(header->backup_full_cur + 16) != 0 &&
        ese_load_le32(header->backup_full_cur + 20) == 0)
        return ese_raise(JET_errSoftRecoveryOnBackupDatabase,
                         "%s: comes out of a backup and has to be restored", db->source);
out:
    return err;
}

static JET_ERR
open_work(ese_recovery__db *db, bool is_new)
{
    ese_os_file_mode mode = is_new ? ESE_OS_FILE_REPLACE : ESE_OS_FILE_UPDATE;
    JET_ERR err;

    ESE_TRY(ese_os_file_open_for(db->work, mode, &db->os));
    db->has_work = true;
out:
    return err;
}

static JET_ERR
start_counters(ese_recovery__db *db, const attachment *a)
{
    uint64_t dbtime = a->dbtime > db->header.dbtime ? a->dbtime : db->header.dbtime;
    uint32_t objid_last =
        a->objid_last > db->header.objid_last ? a->objid_last : db->header.objid_last;

    if (dbtime > ESE_PAGE_DBTIME_MAX)
        return ese_raise(JET_errOutOfDbtimeValues, "%s: there are no times left for changes",
                         db->source);
    /* Relaxed: there is one thread. */
    atomic_store_explicit(&db->log.dbtime, dbtime, memory_order_relaxed);
    atomic_store_explicit(&db->log.objid_last, objid_last, memory_order_relaxed);
    return JET_errSuccess;
}

static JET_ERR
attach_now(ese_recovery__run *run, ese_recovery__db *db, const attachment *a)
{
    bool is_restore = (run->options->flags & ESE_RECOVERY_RESTORE) != 0;
    bool is_fresh = !db->has_work;
    JET_ERR err;

    ESE_TRY(check_required(run, db));
    ESE_TRY(start_counters(db, a));
    ESE_TRY(ese_recovery__copy_db(run, db));
    ESE_TRY(open_work(db, false));
    ESE_TRY(ese_recovery_mend_header(db->os, db->header.page_size));
    if (is_restore && is_fresh && ese_load_le32(db->header.backup_full_cur + 16) != 0 &&
        ese_load_le32(db->header.backup_full_cur + 20) == 0)
        ESE_TRY(ese_recovery__header_restore(db));
    put_in_table(run, db, a->dbid, ESE_RECOVERY__ATTACHED);
    ESE_TRY(open_pages(run, db));
    db->attach = a->is_record ? number(a->attach) : 0;
    db->last_resize = ese_recovery__header_last_resize(db);
    if (a->is_record && number(db->header.attach) != number(a->attach))
        ese_recovery__header_attach(run, db);
    ESE_TRY(ese_recovery__header_check_times(run, db));
    ese_recovery__header_generation(run, db);
    ESE_TRY(ese_recovery__stream_attach(run, db));
out:
    return err;
}

/* States in which a file is none that a log can be applied to. */
static JET_ERR
check_state(const ese_recovery__db *db, bool *defer_out)
{
    *defer_out = db->header.state == ESE_DBSTATE_JUST_CREATED;
    switch (db->header.state) {
    case ESE_DBSTATE_INCREMENTAL_RESEED:
    case ESE_DBSTATE_BEING_CONVERTED:
    case ESE_DBSTATE_FORCE_DETACH:
    case ESE_DBSTATE_REVERT_IN_PROGRESS:
        return ese_raise(JET_errDatabaseCorrupted,
                         "%s: is in a state that recovery cannot go on from", db->source);
    default: return JET_errSuccess;
    }
}

static JET_ERR
time_mismatch(const ese_recovery__db *db)
{
    return ese_raise(JET_errConsistentTimeMismatch,
                     "%s: was shut down at another position than the log says", db->source);
}

/* A file of another stream: another database, or this one after somebody went on with it elsewhere. */
static JET_ERR
defer_foreign(ese_recovery__run *run, ese_recovery__db *db, uint8_t dbid,
              const ese_signature *sign_db)
{
    bool is_it = db->header.state == ESE_DBSTATE_CLEAN && is_same(&db->header.sign_db, sign_db);

    return defer(run, db, dbid, is_it ? ESE_RECOVERY__WHY_MOVED_ON : ESE_RECOVERY__WHY_FOREIGN);
}

/* It comes from another stream, which the log names. */
static JET_ERR
attach_foreign(ese_recovery__run *run, ese_recovery__db *db, const attachment *a)
{
    if (!is_same(&db->header.sign_db, &a->sign_db))
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_FOREIGN);
    if (number(db->header.consistent) != number(a->consistent))
        return time_mismatch(db);
    return attach_now(run, db, a);
}

static JET_ERR
attach_known(ese_recovery__run *run, ese_recovery__db *db, const attachment *a)
{
    if (!is_same(&db->header.sign_db, &a->sign_db))
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_FOREIGN);
    if (number(db->header.attach) == number(a->attach))
        return attach_now(run, db, a);
    if (number(db->header.attach) > number(a->attach))
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_FUTURE);
    if (a->is_record)
        return attach_now(run, db, a);
    return ese_raise(JET_errAttachedDatabaseMismatch, "%s: is older than the log at its start",
                     db->source);
}

static JET_ERR
decide(ese_recovery__run *run, ese_recovery__db *db, const attachment *a)
{
    const ese_dbheader *header = &db->header;
    bool is_of_stream, is_of_former;
    bool is_deferred = false;
    JET_ERR err;

    if (db->is_unmapped)
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_UNMAPPED);
    if (db->source == NULL && !db->has_work)
        return miss(run, db, a->dbid);
    err = load_header(db);
    if ((err == JET_errReadVerifyFailure || err == JET_errDatabaseCorrupted) &&
        (db->map_flags & ESE_RECOVERY_MAP_IGNORE_WHEN_MISSING) != 0)
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_MISSING);
    ESE_TRY(err);
    ESE_TRY(check_state(db, &is_deferred));
    is_of_stream = is_same(&header->sign_log, &run->sign);
    is_of_former = is_same(&header->sign_log, &a->sign_log);
    if (is_deferred || (!is_of_stream && !is_of_former))
        return defer_foreign(run, db, a->dbid, &a->sign_db);
    if (!is_of_stream)
        return attach_foreign(run, db, a);
    if (number(header->consistent) == number(a->consistent) || number(header->consistent) == 0 ||
        !is_of_former)
        return attach_known(run, db, a);
    if (number(header->consistent) > number(a->consistent) &&
        (!a->is_record || number(header->consistent) > ese_recovery__now(run)))
        return defer(run, db, a->dbid, ESE_RECOVERY__WHY_FUTURE);
    if (is_same(&header->sign_db, &a->sign_db))
        return time_mismatch(db);
    return defer(run, db, a->dbid, ESE_RECOVERY__WHY_FOREIGN);
out:
    return err;
}

static JET_ERR
attach(ese_recovery__run *run, const char *path, const attachment *a)
{
    ese_recovery__db *db = NULL;
    JET_ERR err;

    if (a->dbid == 0 || a->dbid > ESE_LOG_MAX_DATABASES)
        return ese_raise(JET_errLogFileCorrupt, "a database of the number %u", (unsigned)a->dbid);
    ESE_TRY(ese_recovery__find_db(run, path, &a->sign_db, &db));
    if (db->state == ESE_RECOVERY__ATTACHED || run->by_dbid[a->dbid] != NULL)
        return ese_recovery__inconsistent(run, 0, "a database is attached twice");
    db->is_removed = false;
    ESE_TRY(decide(run, db, a));
out:
    return err;
}

JET_ERR
ese_recovery__attach_list(ese_recovery__run *run, const ese_log_attachments *attached)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < attached->n; i++) {
        const ese_log_attachment *item = &attached->items[i];
        const attachment a = {
            .dbid = item->dbid,
            .attach = item->attach,
            .consistent = item->consistent,
            .sign_db = item->sign_db,
            .sign_log = run->sign,
            .dbtime = item->dbtime,
            .objid_last = item->objid_last,
        };
        char *path = NULL;

        ESE_TRY(ese_recovery__logged_path(item->name, (item->flags & 0x20) != 0, &path));
        err = attach(run, path, &a);
        ese_free(&path);
        ESE_TRY(err);
    }
out:
    return err;
}

/* ---- creation */

static JET_ERR
create_now(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    JET_ERR err;

    ese_recovery__close_db(db);
    ESE_TRY(ese_recovery__fresh_header(run, db, entry));
    ESE_TRY(open_work(db, true));
    if (run->is_in_place) /* the log will not tell of it again */
        ESE_TRY(ese_os_folder_sync(db->work));
    ESE_TRY(ese_os_file_resize(db->os, (uint64_t)ESE_RECOVERY__HEADER_PAGES * run->page_size));
    put_in_table(run, db, entry->dbid, ESE_RECOVERY__ATTACHED);
    ESE_TRY(open_pages(run, db));
    db->was_rebuilt = true;
    db->attach = ese_recovery__now(run);
    atomic_store_explicit(&db->log.dbtime, 0, memory_order_relaxed);
    atomic_store_explicit(&db->log.objid_last, 0, memory_order_relaxed);
    ESE_TRY(ese_recovery__write_header(db));
    ESE_TRY(ese_recovery__stream_attach(run, db));
    /* Before version 8 the log does not say when the creation has ended. */
    db->is_unfinished = run->log_header->major >= ESE_LOG_MAJOR;
    if (!db->is_unfinished)
        ese_recovery__header_finish_create(run, db);
out:
    return err;
}

/* The file in the place of the new database is another one. */
static JET_ERR
replace_or_defer(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    if ((db->map_flags & ESE_RECOVERY_MAP_OVERWRITE_ON_CREATE) != 0)
        return create_now(run, db, entry);
    return defer_foreign(run, db, entry->dbid, &entry->u.db.sign_db);
}

static JET_ERR
decide_create(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_dbheader *header = &db->header;
    const attachment a = {.dbid = entry->dbid,
                          .attach = run->lgpos,
                          .is_record = true,
                          .sign_db = entry->u.db.sign_db,
                          .sign_log = run->sign};
    JET_ERR err;

    if (db->is_unmapped)
        return defer(run, db, entry->dbid, ESE_RECOVERY__WHY_UNMAPPED);
    if (db->source == NULL && !db->has_work)
        return create_now(run, db, entry);
    err = load_header(db);
    if (err == JET_errReadVerifyFailure || err == JET_errDatabaseCorrupted) {
        ESE_TRY(ese_recovery__check_replaceable(db->source));
        return create_now(run, db, entry);
    }
    ESE_TRY(err);
    if (header->state == ESE_DBSTATE_JUST_CREATED)
        return create_now(run, db, entry);
    if (!is_same(&header->sign_log, &run->sign))
        return replace_or_defer(run, db, entry);
    if (number(header->attach) == number(run->lgpos) && is_same(&header->sign_db, &a.sign_db)) {
        if (number(header->attach) <= number(header->consistent))
            return defer(run, db, entry->dbid, ESE_RECOVERY__WHY_FUTURE);
        return attach_now(run, db, &a);
    }
    if (number(header->attach) > number(run->lgpos))
        return defer(run, db, entry->dbid, ESE_RECOVERY__WHY_FUTURE);
    return replace_or_defer(run, db, entry);
out:
    return err;
}

static JET_ERR
create(ese_recovery__run *run, const char *path, const ese_log_entry *entry)
{
    ese_recovery__db *db = NULL;
    JET_ERR err;

    if (entry->dbid == 0 || entry->dbid > ESE_LOG_MAX_DATABASES)
        return ese_raise(JET_errLogFileCorrupt, "a database of the number %u",
                         (unsigned)entry->dbid);
    ESE_TRY(ese_recovery__find_db(run, path, &entry->u.db.sign_db, &db));
    if (db->state == ESE_RECOVERY__ATTACHED || run->by_dbid[entry->dbid] != NULL)
        return ese_recovery__inconsistent(run, 0, "a database is attached twice");
    db->is_removed = false;
    ESE_TRY(decide_create(run, db, entry));
out:
    return err;
}

/* ---- detaching */

JET_ERR
ese_recovery__check_nothing_lost(const ese_recovery__db *db)
{
    const ese_recovery__lost *lost = ese_recovery__lost_any(&db->lost);

    if (lost == NULL)
        return JET_errSuccess;
    return ese_raise(lost->err, "%s: page %u is not what the log needs it to be", db->work,
                     (unsigned)lost->pgno);
}

JET_ERR
ese_recovery__detach(ese_recovery__run *run, ese_recovery__db *db, ese_lgpos lgpos)
{
    JET_ERR err = JET_errSuccess;

    run->by_dbid[db->dbid] = NULL;
    ese_recovery__created_forget(run, db);
    if (db->state == ESE_RECOVERY__ATTACHED) {
        ese_recovery__stream_detach(run, db);
        ESE_TRY(ese_recovery__check_nothing_lost(db));
        ESE_TRY(ese_cache_flush(db->file));
        ESE_TRY(ese_os_file_sync(db->os));
        ese_recovery__header_clean(db, lgpos);
        ESE_TRY(ese_recovery__write_header(db));
        ese_recovery__header_note_found(db);
        ese_recovery__close_db(db);
    }
    db->state = ESE_RECOVERY__IDLE;
out:
    return err;
}

/* A database whose creation had not ended is none. */
JET_ERR
ese_recovery__remove_unfinished(ese_recovery__run *run, ese_recovery__db *db)
{
    JET_ERR err;

    run->by_dbid[db->dbid] = NULL;
    ese_recovery__created_forget(run, db);
    ese_recovery__stream_detach(run, db);
    ese_recovery__close_db(db);
    ese_recovery__lost_clear(&db->lost);
    ese_free(&db->header_bytes);
    db->state = ESE_RECOVERY__IDLE;
    db->has_work = false;
    db->is_unfinished = false;
    db->is_removed = true;
    ESE_TRY(ese_os_file_delete(db->work));
    if (run->is_in_place)
        ESE_TRY(ese_os_folder_sync(db->work));
    if (run->is_in_place)
        ese_free(&db->source);
out:
    return err;
}

/* The end of a run of the engine: what is attached has been shut down. What is deferred is not attached any more, either. */
JET_ERR
ese_recovery__detach_all(ese_recovery__run *run, ese_lgpos lgpos)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db == NULL)
            continue;
        if (db->state == ESE_RECOVERY__ATTACHED && db->is_unfinished)
            ESE_TRY(ese_recovery__remove_unfinished(run, db));
        else
            ESE_TRY(ese_recovery__detach(run, db, lgpos));
    }
out:
    return err;
}

/* ---- records */

static JET_ERR
redo_with_path(ese_recovery__run *run, const ese_log_entry *entry)
{
    const ese_log_entry_db *said = &entry->u.db;
    uint8_t wide = entry->type == ESE_LOG_DETACH_DB ? 0x10 : 8;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_recovery__logged_path(said->path, (said->flags & wide) != 0, &path));
    if (entry->type == ESE_LOG_CREATE_DB) {
        err = create(run, path, entry);
    } else {
        const attachment a = {
            .dbid = entry->dbid,
            .attach = run->lgpos,
            .consistent = said->consistent,
            .sign_db = said->sign_db,
            .sign_log = said->sign_log,
            .is_record = true,
        };

        err = attach(run, path, &a);
    }
out:
    ese_free(&path);
    return err;
}

static JET_ERR
set_version(ese_recovery__db *db, const ese_log_entry *entry)
{
    db->header.version = entry->u.db.set_major;
    db->header.update_major = entry->u.db.set_update_major;
    db->header.update_minor = entry->u.db.set_update_minor;
    return ese_recovery__write_header(db);
}

JET_ERR
ese_recovery__redo_database(ese_recovery__run *run, const ese_log_entry *entry)
{
    ese_recovery__db *db;

    if (entry->type == ESE_LOG_CREATE_DB || entry->type == ESE_LOG_ATTACH_DB)
        return redo_with_path(run, entry);
    if (entry->type == ESE_LOG_DETACH_DB) {
        db = entry->dbid <= ESE_LOG_MAX_DATABASES ? run->by_dbid[entry->dbid] : NULL;
        if (db != NULL && db->state == ESE_RECOVERY__ATTACHED && db->is_unfinished)
            return ese_recovery__remove_unfinished(run, db); /* its creation had failed */
        return db == NULL ? JET_errSuccess : ese_recovery__detach(run, db, run->lgpos);
    }
    db = ese_recovery__db_of(run, entry->dbid);
    if (db == NULL)
        return JET_errSuccess;
    switch (entry->type) {
    case ESE_LOG_CREATE_DB_FINISH:
        if (!db->is_unfinished)
            return JET_errSuccess;
        db->is_unfinished = false;
        ese_recovery__header_finish_create(run, db);
        return ese_recovery__write_header(db);
    case ESE_LOG_SET_DB_VERSION: return set_version(db, entry);
    case ESE_LOG_REATTACH:
    case ESE_LOG_SIGNAL_ATTACH: return JET_errSuccess;
    default: return ese_recovery__redo_file(run, db, entry);
    }
}
