/*
 * The header of a database through recovery. Recovery specification, section 3.
 *
 * INV-1  Before a page is written that holds a change of a generation, both copies of the header say that this generation is required: a later write may tear one of them.
 * INV-2  What nobody here knows stays as it is.
 * INV-3  A copy is written only when the other one is right and says what counts: what a crash has left otherwise is mended before.
 */
#include "recovery/recovery_private.h"

#include "log/log_time.h"

/* ---- reading and writing */

static JET_ERR
try_copy(ese_os_file *file, uint64_t offset, uint8_t *bytes, ese_dbheader *header_out)
{
    uint64_t left = ese_os_file_size(file);
    size_t n = ESE_PAGE_SIZE_MAX;
    JET_ERR err;

    if (left < offset + ESE_PAGE_SIZE_MIN)
        return ese_raise(JET_errReadVerifyFailure, "the file is cut off");
    if (n > left - offset)
        n = (size_t)(left - offset);
    memset(bytes, 0, ESE_PAGE_SIZE_MAX);
    ESE_TRY(ese_os_file_read(file, offset, bytes, n));
    ESE_TRY(ese_dbheader_decode(bytes, n, header_out));
    if (offset != 0 && offset != header_out->page_size)
        err = ese_raise(JET_errReadVerifyFailure, "a page that is no header");
out:
    return err;
}

JET_ERR
ese_recovery__read_header(const char *path, uint8_t **bytes_out, ese_dbheader *header_out)
{
    ese_os_file *file = NULL;
    uint8_t *bytes = NULL;
    JET_ERR err, first;

    ESE_TRY(ese_os_file_open(path, &file));
    ESE_TRY(ese_alloc_aligned(ESE_PAGE_SIZE_MAX, ESE_OS_FILE_BLOCK, &bytes));
    first = err = try_copy(file, 0, bytes, header_out);
    for (uint32_t size = ESE_PAGE_SIZE_MIN;
         (err == JET_errReadVerifyFailure || err == JET_errDatabaseCorrupted) &&
         size <= ESE_PAGE_SIZE_MAX;
         size *= 2)
        err = try_copy(file, size, bytes, header_out);
    if (err < JET_errSuccess)
        err = ese_raise(first, "%s: the database header cannot be read", path);
    ESE_TRY(err);
    *bytes_out = bytes;
    bytes = NULL;
out:
    ese_free(&bytes);
    ese_os_file_close(&file);
    return err;
}

JET_ERR
ese_recovery__check_replaceable(const char *path)
{
    uint8_t bytes[ESE_DBHEADER_SIZE] = {0};
    size_t n = sizeof bytes;
    ese_os_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(path, &file));
    if (n > ese_os_file_size(file))
        n = (size_t)ese_os_file_size(file);
    if (n != 0)
        ESE_TRY(ese_os_file_read(file, 0, bytes, n));
    if (!ese_dbheader_is_conceivable(bytes))
        err = ese_raise(JET_errReadVerifyFailure,
                        "%s: is no database, and lies where the log creates one", path);
out:
    ese_os_file_close(&file);
    return err;
}

JET_ERR
ese_recovery__write_header(ese_recovery__db *db)
{
    uint32_t size = db->header.page_size;
    JET_ERR err;

    /* Relaxed: there is one thread. */
    db->header.dbtime = atomic_load_explicit(&db->log.dbtime, memory_order_relaxed);
    db->header.objid_last = atomic_load_explicit(&db->log.objid_last, memory_order_relaxed);
    ese_dbheader_encode(&db->header, db->header_bytes);
    for (uint64_t i = 0; i < ESE_RECOVERY__HEADER_PAGES; i++) {
        ESE_TRY(ese_os_file_write(db->os, i * size, db->header_bytes, size));
        ESE_TRY(ese_os_file_sync(db->os));
    }
    db->is_header_stale = false;
out:
    if (err < JET_errSuccess)
        db->header_failed = err;
    return err;
}

/* Does the page hold a header of such a file? */
static bool
is_header(const uint8_t *bytes, uint32_t size)
{
    ese_dbheader header;

    return ese_dbheader_decode(bytes, size, &header) >= JET_errSuccess && header.page_size == size;
}

JET_ERR
ese_recovery_mend_header(ese_os_file *file, uint32_t page_size)
{
    size_t both = ESE_RECOVERY__HEADER_PAGES * (size_t)page_size;
    uint64_t left = ese_os_file_size(file);
    uint8_t *first = NULL, *second;
    bool is_first;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(both, ESE_OS_FILE_BLOCK, &first));
    second = first + page_size;
    memset(first, 0, both);
    ESE_TRY(ese_os_file_read(file, 0, first, left < both ? (size_t)left : both));
    is_first = is_header(first, page_size);
    if (memcmp(first, second, page_size) != 0 && (is_first || is_header(second, page_size)))
        ESE_TRY(ese_os_file_write(file, is_first ? page_size : 0, is_first ? first : second,
                                  page_size));
    ESE_TRY(ese_os_file_sync(file));
out:
    ese_free(&first);
    return err;
}

/* ---- its states */

JET_ERR
ese_recovery__fresh_header(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_log_entry_db *created = &entry->u.db;
    JET_ERR err = JET_errSuccess;

    if (db->header_bytes == NULL)
        ESE_TRY(ese_alloc_aligned(ESE_PAGE_SIZE_MAX, ESE_OS_FILE_BLOCK, &db->header_bytes));
    memset(db->header_bytes, 0, ESE_PAGE_SIZE_MAX);
    db->header = ese_dbheader_fresh(run->page_size);
    db->header.sign_db = created->sign_db;
    db->header.sign_log = run->sign;
    db->header.attach = run->lgpos;
    db->header.dbid = entry->dbid;
    ese_log_time_now(db->header.attach_time);
    if (created->version == ESE_DBHEADER_VERSION) { /* what else stands there is none of a file */
        db->header.version = db->header.create_version = created->version;
        db->header.update_major = db->header.create_update = created->update_major;
    }
    db->header.gen_min_required = db->header.gen_max_required = db->header.gen_max_committed =
        (uint32_t)run->generation;
    memcpy(db->header_bytes + ESE_DBHEADER_TIME_REQUIRED, run->created, 8);
    memcpy(db->header_bytes + ESE_DBHEADER_TIME_COMMITTED, run->created, 8);
    db->found_min_required = db->found_max_required = db->found_max_committed = 0;
    db->last_resize = 0;
out:
    return err;
}

void
ese_recovery__header_finish_create(ese_recovery__run *run, ese_recovery__db *db)
{
    db->header.state = ESE_DBSTATE_DIRTY;
    ese_recovery__header_set_resize(db, run->lgpos);
}

void
ese_recovery__header_attach(ese_recovery__run *run, ese_recovery__db *db)
{
    ese_dbheader *header = &db->header;

    if (memcmp(&header->sign_log, &run->sign, sizeof run->sign) != 0)
        header->consistent = (ese_lgpos){0};
    header->sign_log = run->sign;
    header->state = ESE_DBSTATE_DIRTY;
    header->attach = run->lgpos;
    ese_log_time_now(header->attach_time);
    header->detach = (ese_lgpos){0};
    memset(header->detach_time, 0, sizeof header->detach_time);
    memset(header->backup_full_cur, 0, sizeof header->backup_full_cur);
    header->gen_min_required = header->gen_max_required = header->gen_max_committed =
        (uint32_t)run->generation;
    memcpy(db->header_bytes + ESE_DBHEADER_TIME_REQUIRED, run->created, 8);
    memcpy(db->header_bytes + ESE_DBHEADER_TIME_COMMITTED, run->created, 8);
    ese_recovery__header_set_resize(db, run->lgpos);
}

void
ese_recovery__header_note_found(ese_recovery__db *db)
{
    uint32_t high = ese_load_le32(db->header.backup_full_cur + ESE_DBHEADER_BACKUP_HIGH);

    db->found_min_required = db->header.gen_min_required;
    db->found_max_required = db->header.gen_max_required;
    db->found_max_committed = db->header.gen_max_committed;
    memcpy(db->found_required_time, db->header_bytes + ESE_DBHEADER_TIME_REQUIRED, 8);
    memcpy(db->found_committed_time, db->header_bytes + ESE_DBHEADER_TIME_COMMITTED, 8);
    /* Out of a backup: pages were copied while the log went on. */
    if (db->found_max_required < high) {
        db->found_max_required = high;
        memset(db->found_required_time, 0, sizeof db->found_required_time);
    }
}

static bool
is_other_time(const uint8_t found[8], const uint8_t created[8])
{
    static const uint8_t unknown[8] = {0};

    return memcmp(found, unknown, 8) != 0 && memcmp(found, created, 8) != 0;
}

JET_ERR
ese_recovery__header_check_times(const ese_recovery__run *run, const ese_recovery__db *db)
{
    uint32_t generation = (uint32_t)run->generation;
    bool may_lose = (run->options->flags & ESE_RECOVERY_IGNORE_LOST_LOGS) != 0;

    if ((generation == db->found_max_required &&
         is_other_time(db->found_required_time, run->created)) ||
        (generation == db->found_max_committed && !may_lose &&
         is_other_time(db->found_committed_time, run->created)))
        return ese_raise(JET_errRequiredLogFilesMissing,
                         "%s: the log of generation 0x%X is another one than the database knows",
                         db->source != NULL ? db->source : db->final, (unsigned)generation);
    return JET_errSuccess;
}

bool
ese_recovery__header_raise(ese_recovery__db *db, int32_t generation, const uint8_t created[8])
{
    ese_dbheader *header = &db->header;
    uint32_t number = (uint32_t)generation;

    if (header->gen_max_required >= number && header->gen_max_committed >= number &&
        header->state == ESE_DBSTATE_DIRTY)
        return false;
    if (header->state != ESE_DBSTATE_JUST_CREATED)
        header->state = ESE_DBSTATE_DIRTY;
    if (header->gen_max_required < number) {
        header->gen_max_required = number;
        memcpy(db->header_bytes + ESE_DBHEADER_TIME_REQUIRED, created, 8);
    }
    if (header->gen_max_committed < number) {
        header->gen_max_committed = number;
        memcpy(db->header_bytes + ESE_DBHEADER_TIME_COMMITTED, created, 8);
    }
    ese_store_le32(db->header_bytes + ESE_DBHEADER_GEN_RECOVERING, number);
    db->is_header_stale = true;
    return true;
}

void
ese_recovery__header_min(ese_recovery__db *db, int32_t generation)
{
    if (db->header.gen_min_required >= (uint32_t)generation)
        return;
    db->header.gen_min_required = (uint32_t)generation;
    ese_store_le32(db->header_bytes + ESE_DBHEADER_GEN_MIN_CONSISTENT, (uint32_t)generation);
    db->is_header_stale = true;
}

void
ese_recovery__header_generation(ese_recovery__run *run, ese_recovery__db *db)
{
    (void)ese_recovery__header_raise(db, run->generation, run->created);
}

/* What was committed behind this generation is given up. */
void
ese_recovery__header_give_up(ese_recovery__db *db, const ese_log_generation *last)
{
    db->header.gen_max_committed = db->found_max_committed = (uint32_t)last->number;
    memcpy(db->header_bytes + ESE_DBHEADER_TIME_COMMITTED, last->created, 8);
    memcpy(db->found_committed_time, last->created, 8);
    db->is_header_stale = true;
}

void
ese_recovery__header_clean(ese_recovery__db *db, ese_lgpos lgpos)
{
    uint8_t now[8];

    ese_log_time_now(now);
    ese_dbheader_detach(&db->header, db->header_bytes, lgpos, now);
    db->is_header_stale = true;
}

uint64_t
ese_recovery__header_last_resize(const ese_recovery__db *db)
{
    return ese_load_le64(db->header_bytes + ESE_DBHEADER_LAST_RESIZE);
}

void
ese_recovery__header_set_resize(ese_recovery__db *db, ese_lgpos lgpos)
{
    ese_log_lgpos_store(db->header_bytes + ESE_DBHEADER_LAST_RESIZE, lgpos);
    db->is_header_stale = true;
}

/* ---- out of a backup */

/* The page behind the last one, if there is a right one. */
static JET_ERR
read_trailer(ese_recovery__db *db, uint8_t *bytes, bool *found_out)
{
    uint32_t size = db->header.page_size;
    uint64_t file_size = ese_os_file_size(db->os);
    JET_ERR err;

    *found_out = false;
    if (file_size < 3 * (uint64_t)size || file_size % size != 0)
        return JET_errSuccess;
    ESE_TRY(ese_os_file_read(db->os, file_size - size, bytes, size));
    *found_out = ese_load_le32(bytes) == ese_page_header_checksum(bytes, size) &&
                 ese_load_le32(bytes + ESE_DBTRAILER_BACKUP + ESE_DBHEADER_BACKUP_LOW) != 0;
out:
    return err;
}

static bool
is_of_backup(const ese_recovery__db *db, const uint8_t *trailer)
{
    ese_signature sign_db = ese_log_signature_load(trailer + ESE_DBTRAILER_SIGN_DB);
    ese_signature sign_log = ese_log_signature_load(trailer + ESE_DBTRAILER_SIGN_LOG);

    return memcmp(&sign_db, &db->header.sign_db, sizeof sign_db) == 0 &&
           memcmp(&sign_log, &db->header.sign_log, sizeof sign_log) == 0 &&
           memcmp(trailer + ESE_DBTRAILER_BACKUP, db->header.backup_full_cur, 8) == 0;
}

static void
take_trailer(ese_recovery__db *db, const uint8_t *trailer)
{
    ese_dbheader *header = &db->header;
    uint32_t min_required = ese_load_le32(trailer + ESE_DBTRAILER_GEN_MIN_REQUIRED);
    uint32_t max_required = ese_load_le32(trailer + ESE_DBTRAILER_GEN_MAX_REQUIRED);
    uint32_t max_committed = ese_load_le32(trailer + ESE_DBTRAILER_GEN_MAX_COMMITTED);

    memcpy(header->backup_full_cur + ESE_DBHEADER_BACKUP_HIGH,
           trailer + ESE_DBTRAILER_BACKUP + ESE_DBHEADER_BACKUP_HIGH, 4);
    if (max_required > header->gen_max_required) {
        header->gen_max_required = max_required;
        memcpy(db->header_bytes + ESE_DBHEADER_TIME_REQUIRED, trailer + ESE_DBTRAILER_TIME_REQUIRED,
               8);
    }
    if (max_committed > header->gen_max_committed) {
        header->gen_max_committed = max_committed;
        memcpy(db->header_bytes + ESE_DBHEADER_TIME_COMMITTED,
               trailer + ESE_DBTRAILER_TIME_COMMITTED, 8);
    }
    if (min_required != 0 && min_required < header->gen_min_required)
        header->gen_min_required = min_required;
    ese_store_le32(db->header_bytes + ESE_DBHEADER_GEN_MIN_CONSISTENT, header->gen_min_required);
}

JET_ERR
ese_recovery__header_restore(ese_recovery__db *db)
{
    uint32_t size = db->header.page_size;
    uint8_t *trailer = NULL;
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_alloc(size, &trailer));
    ESE_TRY(read_trailer(db, trailer, &found));
    if (!found)
        err = ese_raise(JET_errMissingPatchPage,
                        "%s: what a backup adds to the database is missing", db->work);
    else if (!is_of_backup(db, trailer))
        err = ese_raise(JET_errDatabasePatchFileMismatch,
                        "%s: what a backup adds to the database is of another one", db->work);
    ESE_TRY(err);
    take_trailer(db, trailer);
    /* Relaxed: there is one thread. */
    atomic_store_explicit(&db->log.dbtime, db->header.dbtime, memory_order_relaxed);
    atomic_store_explicit(&db->log.objid_last, db->header.objid_last, memory_order_relaxed);
    /* A restore that is begun anew finds what the trailer says here. */
    ESE_TRY(ese_recovery__write_header(db));
    ESE_TRY(ese_os_file_resize(db->os, ese_os_file_size(db->os) - size));
    ese_recovery__header_note_found(db);
out:
    ese_free(&trailer);
    return err;
}
