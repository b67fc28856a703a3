/*
 * Files on their way into a backup. A database is given as: header, header, pages, trailer; a log as it is.
 *
 * INV-1  The header says what the file said at the begin or later, so no log older than those of the backup is needed; the trailer says what had been written until then.
 */
#include "maint/maint_backup.h"

#include "base/alloc.h"
#include "os/os_thread.h"
#include "page/page.h"

#include <inttypes.h>

enum {
    HEADER_PAGES = 2,
    TRIES = 100, /* a page that is being written is whole soon */
};

struct ese_maint_backup_file {
    ese_os_file *file;                        /* of a log: its own */
    ese_log_generation (*newest)(void *self); /* NULL: a log */
    void *self;
    uint32_t unit;
    uint64_t n_units; /* trailer included */
    uint64_t next;    /* unit */
    ese_log_backup_mark mark;
    uint8_t *header; /* a page */
    uint32_t gen_min_required;
    ese_signature sign_db, sign_log;
};

void
ese_maint_backup_info_store(uint8_t to[ESE_DBHEADER_BACKUP_SIZE], const ese_log_backup_mark *mark)
{
    ese_log_lgpos_store(to, mark->mark);
    memcpy(to + 8, mark->time, sizeof mark->time);
    ese_store_le32(to + ESE_DBHEADER_BACKUP_LOW, mark->generation_low);
    ese_store_le32(to + ESE_DBHEADER_BACKUP_HIGH, mark->generation_high);
}

ese_log_backup_mark
ese_maint_backup_info_load(const uint8_t from[ESE_DBHEADER_BACKUP_SIZE])
{
    ese_log_backup_mark mark = {
        .mark = ese_log_lgpos_load(from),
        .generation_low = ese_load_le32(from + ESE_DBHEADER_BACKUP_LOW),
        .generation_high = ese_load_le32(from + ESE_DBHEADER_BACKUP_HIGH),
    };

    memcpy(mark.time, from + 8, sizeof mark.time);
    return mark;
}

/* ---- opening */

JET_ERR
ese_maint_backup_open_database(const ese_maint_backup_database *what,
                               ese_maint_backup_file **file_out)
{
    uint32_t page_size = what->fields.page_size;
    ese_dbheader fields = what->fields;
    ese_maint_backup_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *file, &file));
    file->file = what->file;
    file->newest = what->newest;
    file->self = what->self;
    file->unit = page_size;
    file->n_units = ese_os_file_size(what->file) / page_size + 1;
    file->mark = what->mark;
    file->mark.generation_high = 0;
    file->gen_min_required = fields.gen_min_required;
    file->sign_db = fields.sign_db;
    file->sign_log = fields.sign_log;
    ESE_TRY(ese_alloc_copy(what->header, page_size, &file->header));
    ese_maint_backup_info_store(fields.backup_full_cur, &file->mark);
    ese_dbheader_encode(&fields, file->header);
    *file_out = file;
    file = NULL;
out:
    ese_maint_backup_close(&file);
    return err;
}

/* A damaged log makes the whole backup useless: better now than when it is needed. */
static JET_ERR
check_log(const char *path)
{
    ese_log_file *log = NULL;
    JET_ERR err;

    ESE_TRY(ese_log_file_open(path, NULL, &log));
    if (ese_log_file_extent(log)->damage < JET_errSuccess)
        err = ese_raise(JET_errLogReadVerifyFailure, "%s: the log is damaged", path);
out:
    ese_log_file_close(&log);
    if (err == JET_errFileNotFound)
        err = ese_raise(JET_errMissingFileToBackup, "%s: a log that the backup needs is missing",
                        path);
    return err == JET_errLogFileCorrupt ? JET_errLogReadVerifyFailure : err;
}

JET_ERR
ese_maint_backup_open_log(const char *path, ese_maint_backup_file **file_out)
{
    ese_maint_backup_file *file = NULL;
    JET_ERR err;

    ESE_TRY(check_log(path));
    ESE_TRY(ese_alloc(sizeof *file, &file));
    ESE_TRY(ese_os_file_open(path, &file->file));
    file->unit = ESE_LOG_SEGMENT_SIZE;
    file->n_units = ese_os_file_size(file->file) / ESE_LOG_SEGMENT_SIZE;
    *file_out = file;
    file = NULL;
out:
    ese_maint_backup_close(&file);
    return err;
}

void
ese_maint_backup_close(ese_maint_backup_file **file_inout)
{
    ese_maint_backup_file *file = *file_inout;

    if (file == NULL)
        return;
    if (file->newest == NULL)
        ese_os_file_close(&file->file);
    ese_free(&file->header);
    ese_free(file_inout);
}

uint64_t
ese_maint_backup_size(const ese_maint_backup_file *file)
{
    return file->n_units * file->unit;
}

bool
ese_maint_backup_is_read(const ese_maint_backup_file *file)
{
    return file->next == file->n_units;
}

int32_t
ese_maint_backup_high(const ese_maint_backup_file *file)
{
    return (int32_t)file->mark.generation_high;
}

uint32_t
ese_maint_backup_unit(const ese_maint_backup_file *file)
{
    return file->unit;
}

/* ---- reading */

/* Reads again until nobody writes the page any more. What was cut off meanwhile is empty: the log tells of that, too. */
static JET_ERR
read_page(ese_maint_backup_file *file, uint64_t unit, uint8_t *to)
{
    ese_pgno pgno = (ese_pgno)(unit + 1 - HEADER_PAGES);
    ese_page_state state = ESE_PAGE_STATE_BAD;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < TRIES && state != ESE_PAGE_STATE_GOOD; i++) {
        if (i != 0)
            ese_os_yield();
        err = ese_os_file_read(file->file, unit * file->unit, to, file->unit);
        if (err == JET_errFileIOBeyondEOF) {
            memset(to, 0, file->unit);
            return JET_errSuccess;
        }
        ESE_TRY(err);
        state = ese_page_checksum_verify(to, file->unit, pgno);
        if (state == ESE_PAGE_STATE_BLANK)
            break;
    }
    if (state == ESE_PAGE_STATE_BAD)
        err = ese_raise(JET_errReadVerifyFailure, "%s: page %" PRIu32 ": wrong checksum",
                        ese_os_file_path(file->file), pgno);
out:
    return err;
}

/* Pages of the database: as many of `n` as there are before the trailer. */
static JET_ERR
read_pages(ese_maint_backup_file *file, uint8_t *to, uint64_t n)
{
    size_t size = (size_t)n * file->unit;
    JET_ERR err = ese_os_file_read(file->file, file->next * file->unit, to, size);
    bool is_whole = err >= JET_errSuccess;

    if (err != JET_errFileIOBeyondEOF)
        ESE_TRY(err);
    err = JET_errSuccess;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t unit = file->next + i;
        uint8_t *at = to + i * file->unit;
        ese_pgno pgno = (ese_pgno)(unit + 1 - HEADER_PAGES);
        ese_page_state state =
            is_whole ? ese_page_checksum_verify(at, file->unit, pgno) : ESE_PAGE_STATE_BAD;

        if (state != ESE_PAGE_STATE_GOOD && state != ESE_PAGE_STATE_BLANK)
            ESE_TRY(read_page(file, unit, at));
    }
out:
    return err;
}

/* All that is in the pages so far was durable in the log before: no later generation than the newest one that has begun. */
static void
make_trailer(ese_maint_backup_file *file, uint8_t *to)
{
    ese_log_generation newest = file->newest(file->self);

    file->mark.generation_high = (uint32_t)newest.number;
    memset(to, 0, file->unit);
    ese_maint_backup_info_store(to + ESE_DBTRAILER_BACKUP, &file->mark);
    ese_log_signature_store(to + ESE_DBTRAILER_SIGN_DB, &file->sign_db);
    ese_log_signature_store(to + ESE_DBTRAILER_SIGN_LOG, &file->sign_log);
    ese_store_le32(to + ESE_DBTRAILER_GEN_MIN_REQUIRED, file->gen_min_required);
    ese_store_le32(to + ESE_DBTRAILER_GEN_MAX_REQUIRED, (uint32_t)newest.number);
    ese_store_le32(to + ESE_DBTRAILER_GEN_MAX_COMMITTED, (uint32_t)newest.number);
    memcpy(to + ESE_DBTRAILER_TIME_REQUIRED, newest.created, sizeof newest.created);
    memcpy(to + ESE_DBTRAILER_TIME_COMMITTED, newest.created, sizeof newest.created);
    ese_store_le32(to, ese_page_header_checksum(to, file->unit));
}

/* The next units of one kind: header, pages, trailer. */
static JET_ERR
read_database(ese_maint_backup_file *file, uint8_t *to, uint64_t n, uint64_t *n_out)
{
    uint64_t n_before_trailer = file->n_units - 1;
    JET_ERR err = JET_errSuccess;

    if (file->next < HEADER_PAGES || file->next == n_before_trailer)
        n = 1;
    else if (n > n_before_trailer - file->next)
        n = n_before_trailer - file->next;
    if (file->next < HEADER_PAGES)
        memcpy(to, file->header, file->unit);
    else if (file->next == n_before_trailer)
        make_trailer(file, to);
    else
        ESE_TRY(read_pages(file, to, n));
    *n_out = n;
out:
    return err;
}

JET_ERR
ese_maint_backup_read(ese_maint_backup_file *file, uint8_t *to, size_t n, size_t *n_out)
{
    uint64_t n_wanted = n / file->unit, n_read = 0;
    JET_ERR err = JET_errSuccess;

    if (n_wanted > file->n_units - file->next)
        n_wanted = file->n_units - file->next;
    while (n_read < n_wanted) {
        uint64_t n_now = n_wanted - n_read;
        uint8_t *at = to + n_read * file->unit;

        if (file->newest != NULL)
            ESE_TRY(read_database(file, at, n_now, &n_now));
        else
            ESE_TRY(ese_os_file_read(file->file, file->next * file->unit, at,
                                     (size_t)n_now * file->unit));
        file->next += n_now;
        n_read += n_now;
    }
    *n_out = (size_t)n_read * file->unit;
out:
    return err;
}
