/*
 * The header of a database that is attached for change.
 *
 * INV-1  Before the first page is written the file says "dirty", in both copies and on the disk; it says "clean" only after the last page is on the disk.
 * INV-2  A write that failed leaves the file dirty for good: nobody knows what it holds. The instance is of no use any more.
 *
 * Without a log the header says "dirty" from the first write of a page on. With a log it does so from the attach on (api_log_database.c), and pages wait for the log.
 */
#include "api/api_log.h"

#include "log/log_time.h"

enum {
    COPIES = 2,
};

JET_ERR
ese_api_database_header_load(ese_api_database *database)
{
    uint32_t page_size = database->header.fields.page_size;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(page_size, ESE_OS_FILE_BLOCK, &database->header_page));
    memset(database->header_page, 0, page_size);
    /* Fields that nobody here knows stay; the copy that could be read is the one that counts. */
    memcpy(database->header_page, database->header.raw, sizeof database->header.raw);
    memset(database->header_page + ESE_DBHEADER_FLUSH_MAP, 0, ESE_DBHEADER_FLUSH_MAP_SIZE);
out:
    return err;
}

/* Without a log: what the caller is told of the header stays as it was at the attach. */
static void
encode(ese_api_database *database, ese_dbstate state)
{
    ese_dbheader fields = database->header.fields;

    fields.state = state;
    /* Relaxed: whoever wants all of them in the header has stopped the changes. */
    fields.dbtime = atomic_load_explicit(&database->log.dbtime, memory_order_relaxed);
    fields.objid_last = atomic_load_explicit(&database->log.objid_last, memory_order_relaxed);
    fields.sign_log = (ese_signature){0}; /* no log tells of what happens now */
    if (state == ESE_DBSTATE_CLEAN) {
        ese_log_time_now(fields.consistent_time);
        memcpy(fields.detach_time, fields.consistent_time, sizeof fields.detach_time);
        fields.consistent = fields.detach = (ese_lgpos){0};
        fields.gen_min_required = fields.gen_max_required = fields.gen_max_committed = 0;
    }
    ese_dbheader_encode(&fields, database->header_page);
}

static JET_ERR
write_copies(ese_api_database *database, ese_dbstate state)
{
    uint32_t page_size = database->header.fields.page_size;
    JET_ERR err = JET_errSuccess;

    for (uint64_t i = 0; i < COPIES; i++) {
        /* The first copy counts: it is the last to say that the file is clean, and the first to say that it is not. */
        uint64_t copy = state == ESE_DBSTATE_CLEAN ? COPIES - 1 - i : i;

        ESE_TRY(
            ese_os_file_write(database->file, copy * page_size, database->header_page, page_size));
        if (state != ESE_DBSTATE_JUST_CREATED ||
            database->logged != NULL) /* else a file that nobody wants yet */
            ESE_TRY(ese_os_file_sync(database->file));
    }
out:
    return err;
}

JET_ERR
ese_api_database_header_write(ese_api_database *database, ese_dbstate state)
{
    encode(database, state);
    return write_copies(database, state);
}

JET_ERR
ese_api_database_header_change(ese_api_database *database, ese_api_header_change *change,
                               const void *how)
{
    ese_dbheader *fields = &database->header.fields;
    JET_ERR err;

    ese_os_mutex_lock(&database->header_lock);
    change(fields, database->header_page, how);
    /* Relaxed: recovery raises what is too low here. */
    fields->dbtime = atomic_load_explicit(&database->log.dbtime, memory_order_relaxed);
    fields->objid_last = atomic_load_explicit(&database->log.objid_last, memory_order_relaxed);
    ese_dbheader_encode(fields, database->header_page);
    memcpy(database->header.raw, database->header_page, sizeof database->header.raw);
    err = write_copies(database, (ese_dbstate)fields->state);
    ese_os_mutex_unlock(&database->header_lock);
    return err;
}

void
ese_api_database_header_copy(ese_api_database *database, ese_api_header *header_out)
{
    ese_os_mutex_lock(&database->header_lock);
    *header_out = database->header;
    ese_os_mutex_unlock(&database->header_lock);
}

/* ---- What the cache asks for ---- */

static JET_ERR
before_write(void *self, const ese_page *page, uint64_t lgpos)
{
    ese_api_database *database = self;
    JET_ERR err = JET_errSuccess;

    (void)page; /* there is no log */
    (void)lgpos;
    /* Acquire: matches the release below. */
    if (atomic_load_explicit(&database->is_marked, memory_order_acquire))
        return JET_errSuccess;
    ese_os_mutex_lock(&database->header_lock);
    /* Relaxed: the lock orders those who write. */
    if (!atomic_load_explicit(&database->is_marked, memory_order_relaxed)) {
        err = ese_recovery_mend_header(database->file, database->header.fields.page_size);
        if (err >= JET_errSuccess)
            err = ese_api_database_header_write(database, ESE_DBSTATE_DIRTY);
        if (err >= JET_errSuccess)
            atomic_store_explicit(&database->is_marked, true, memory_order_release);
    }
    ese_os_mutex_unlock(&database->header_lock);
    return err;
}

static void
note_failure(void *self, JET_ERR err)
{
    ese_api_database *database = self;

    (void)err; /* the thread that met it has the text */
    /* Relaxed: looked at by the thread that flushes, after its own failure or not at all. */
    atomic_store_explicit(&database->has_failed, true, memory_order_relaxed);
    ese_api_instance_fail(database->instance);
}

/* With a log: what undo would need is in it, and it is durable as far as the pages go. The header was written when the generation of all that began. */
static JET_ERR
before_logged_write(void *self, const ese_page *page, uint64_t lgpos)
{
    ese_api_database *database = self;
    JET_ERR err;

    ESE_TRY(ese_btree_log_undo_info(database->trees, page, &lgpos));
    ESE_TRY(ese_log_stream_wait(database->logged->stream, lgpos));
out:
    return err;
}

static JET_ERR
prepare_logged_write(void *self, const ese_page *page)
{
    uint64_t lgpos = 0;

    return ese_btree_log_undo_info(((ese_api_database *)self)->trees, page, &lgpos);
}

/* ---- Begin and end of changes ---- */

static void
set_write_ops(ese_api_database *database)
{
    const ese_cache_write_ops plain = {
        .self = database, .before_write = before_write, .failed = note_failure};
    const ese_cache_write_ops logged = {.self = database,
                                        .before_write = before_logged_write,
                                        .failed = note_failure,
                                        .prepare = prepare_logged_write,
                                        .is_logged = true};

    ese_cache_set_write_ops(database->pages, database->logged == NULL ? &plain : &logged);
}

JET_ERR
ese_api_database_begin_changes(ese_api_database *database, ese_dbstate state)
{
    const ese_btree_file_ops file_ops = {database, ese_api__log_resize};
    JET_ERR err;

    if (database->header.fields.dbtime > ESE_PAGE_DBTIME_MAX)
        return ese_raise(JET_errOutOfDbtimeValues, "%s: there are no times left for changes",
                         ese_os_file_path(database->file));
    if (database->logged != NULL) {
        database->header.fields.dbid = database->slot;
        database->log.stream = database->logged->stream;
    }

    database->log.file = database->pages;
    database->log.dbid = (uint8_t)database->header.fields.dbid;
    /* Relaxed: nobody else knows the database yet. */
    atomic_store_explicit(&database->log.dbtime, database->header.fields.dbtime,
                          memory_order_relaxed);
    atomic_store_explicit(&database->log.objid_last, database->header.fields.objid_last,
                          memory_order_relaxed);
    atomic_store_explicit(&database->is_marked, state != ESE_DBSTATE_CLEAN, memory_order_relaxed);
    set_write_ops(database);
    ESE_TRY(ese_btree_db_create(&database->log, ese_api_instance_store(database->instance),
                                &database->trees));
    ese_btree_db_set_extension(database->trees, (uint32_t)ese_api_instance_param(
                                                    database->instance, JET_paramDbExtensionSize));
    if (database->logged != NULL)
        ese_btree_db_set_file_ops(database->trees, &file_ops);
out:
    return err;
}

static bool
is_of(void *self, const void *tree)
{
    const ese_btree_shared *shared = tree;

    return shared != NULL && shared->db == self;
}

bool
ese_api_database_is_settled(ese_api_database *database)
{
    return database->trees == NULL ||
           ese_txn_store_clean_trees(ese_api_instance_store(database->instance), is_of,
                                     database->trees);
}

JET_ERR
ese_api_database_settle(ese_api_database *database)
{
    JET_ERR err;

    (void)ese_api_database_is_settled(database);
    ESE_TRY(ese_cache_flush(database->pages));
    /* Relaxed: set by this thread, or by one that the flush has waited for. */
    if (atomic_load_explicit(&database->has_failed, memory_order_relaxed))
        ESE_TRY(ese_raise(JET_errDiskIO, "%s: a page could not be written before",
                          ese_api_database_path(database)));
    err = ese_os_file_sync(database->file);
    if (err < JET_errSuccess)
        note_failure(database, err);
out:
    return err;
}

JET_ERR
ese_api_database_end_changes(ese_api_database *database)
{
    JET_ERR err = JET_errSuccess;

    if (database->trees == NULL)
        return JET_errSuccess;
    (void)ese_api_database_is_settled(database);
    ESE_TRY(ese_cache_flush(database->pages));
    /* Relaxed: set by this thread, or by one that the flush has waited for. */
    if (!atomic_load_explicit(&database->is_marked, memory_order_relaxed))
        goto out; /* nothing was ever written */
    ESE_TRY(ese_api_database_settle(database));
    ESE_TRY(ese_api_database_header_write(database, ESE_DBSTATE_CLEAN));
    atomic_store_explicit(&database->is_marked, false, memory_order_relaxed);
out:
    return err;
}
