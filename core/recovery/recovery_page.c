/*
 * Pages in redo: whether a record still has to be done on one, new pages, the size of the file. Recovery specification, sections 5.1, 5.2, 5.9 and 5.10.
 *
 * INV-1  A page is changed only if it is as the record found it: its dbtime is the one from before the record.
 */
#include "recovery/recovery_private.h"

static const uint64_t DBTIME_SPECIAL = UINT64_MAX - 3; /* shrunk, reverted, invalid, none */

JET_ERR
ese_recovery__inconsistent(const ese_recovery__run *run, ese_pgno pgno, const char *what)
{
    return ese_raise(JET_errLogOperationInconsistentWithDatabase,
                     "log position %X:%X:%X: page %u: %s", (unsigned)run->lgpos.generation,
                     (unsigned)run->lgpos.sector, (unsigned)run->lgpos.offset, (unsigned)pgno,
                     what);
}

/* ---- size of the file */

JET_ERR
ese_recovery__grow(ese_recovery__db *db, ese_pgno last)
{
    static const uint8_t nothing = 0;
    uint64_t size = ((uint64_t)last + ESE_RECOVERY__HEADER_PAGES) * db->header.page_size;
    JET_ERR err = JET_errSuccess;

    if (last > ESE_PAGE_PGNO_MAX)
        return ese_raise(JET_errDatabaseCorrupted, "%s: there is no page %u", db->work,
                         (unsigned)last);
    if (last <= ese_cache_page_count(db->file))
        return JET_errSuccess;
    /* Without setting room aside: what the log says of the size need not be true, unless it cannot be. */
    if (size > ese_os_file_size(db->os)) {
        if (size > ese_os_file_disk_size(db->os))
            return ese_raise(JET_errDiskFull,
                             "%s: the log wants page %u, for which the whole disk has no room",
                             db->work, (unsigned)last);
        ESE_TRY(ese_os_file_write(db->os, size - 1, &nothing, 1));
    }
    ese_cache_set_page_count(db->file, last);
out:
    return err;
}

static JET_ERR
shrink(ese_recovery__run *run, ese_recovery__db *db, ese_pgno last)
{
    uint64_t size = ((uint64_t)last + ESE_RECOVERY__HEADER_PAGES) * db->header.page_size;
    JET_ERR err = JET_errSuccess;

    /* Without its position in the header nobody knows whether the file was made larger since. */
    if (last == 0 || last >= ese_cache_page_count(db->file) ||
        (db->last_resize == 0 && ese_recovery__may_be_newer(run, db)))
        return JET_errSuccess;
    /* Recovery that begins anew must know that pages behind the new end may be gone. */
    if (db->is_header_stale)
        ESE_TRY(ese_recovery__write_header(db));
    ESE_TRY(ese_cache_flush(db->file));
    ese_recovery__peek_forget(db);
    ese_cache_set_page_count(db->file, last);
    ESE_TRY(ese_os_file_resize(db->os, size));
out:
    return err;
}

/* Pages that were given back to the file system. What they hold has no meaning; they are built anew when they are used again. */
static void
trim(ese_recovery__db *db, const ese_log_entry *entry)
{
    if (entry->u.extent.n_pages != 0 && entry->pgno <= ESE_PAGE_PGNO_MAX &&
        entry->u.extent.n_pages <= ESE_PAGE_PGNO_MAX)
        ese_recovery__lost_drop(&db->lost, entry->pgno, entry->u.extent.n_pages);
}

JET_ERR
ese_recovery__redo_file(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    bool is_done = db->last_resize >= ese_recovery__now(run);
    JET_ERR err = JET_errSuccess;

    switch (entry->type) {
    case ESE_LOG_EXTEND_DB:
        if (!is_done) {
            ESE_TRY(ese_recovery__grow(db, entry->pgno));
            ese_recovery__header_set_resize(db, run->lgpos);
        }
        break;
    case ESE_LOG_SHRINK_DB:
    case ESE_LOG_SHRINK_DB2:
    case ESE_LOG_SHRINK_DB3:
        if (entry->pgno > ESE_PAGE_PGNO_MAX)
            return ese_recovery__inconsistent(run, entry->pgno, "there is no such page");
        ese_recovery__lost_drop(&db->lost, entry->pgno + 1, ESE_PAGE_PGNO_MAX - entry->pgno);
        if (!is_done) {
            ESE_TRY(shrink(run, db, entry->pgno));
            ese_recovery__header_set_resize(db, run->lgpos);
        }
        break;
    default: trim(db, entry); break;
    }
out:
    return err;
}

/* ---- one page */

static void
note_dbtime(ese_recovery__db *db, uint64_t dbtime)
{
    /* Relaxed: there is one thread. */
    if (dbtime > atomic_load_explicit(&db->log.dbtime, memory_order_relaxed))
        atomic_store_explicit(&db->log.dbtime, dbtime, memory_order_relaxed);
}

static bool
is_unreadable(JET_ERR err)
{
    return err == JET_errReadVerifyFailure || err == JET_errPageNotInitialized ||
           err == JET_errBadPageLink || err == JET_errDatabaseCorrupted ||
           err == JET_errFileIOBeyondEOF;
}

/* The page cannot be what the record is about: perhaps it was given up later. */
static JET_ERR
miss(ese_recovery__run *run, ese_recovery__db *db, ese_pgno pgno, JET_ERR err)
{
    if (err == JET_errBadPageLink)
        err = ese_raise(JET_errPageNotInitialized, "%s: page %u: %s", db->work, (unsigned)pgno,
                        "it lies behind the end of the file");
    if (!ese_recovery__may_be_newer(run, db))
        return err;
    return ese_recovery__lost_add(&db->lost, pgno, err);
}

static JET_ERR
wrong_time(const ese_recovery__run *run, const ese_recovery__db *db, const ese_page *page,
           const ese_recovery__stamp *stamp)
{
    bool is_old = ese_page_dbtime(page) < stamp->before;

    return ese_raise(is_old ? JET_errDbTimeTooOld : JET_errDbTimeTooNew,
                     "%s: page %u has the time 0x%llx; the record at %X:%X:%X changes it from "
                     "0x%llx to 0x%llx",
                     db->work, (unsigned)page->pgno, (unsigned long long)ese_page_dbtime(page),
                     (unsigned)run->lgpos.generation, (unsigned)run->lgpos.sector,
                     (unsigned)run->lgpos.offset, (unsigned long long)stamp->before,
                     (unsigned long long)stamp->after);
}

typedef enum verdict { REDO, THERE, LOST } verdict;

static JET_ERR
judge(ese_recovery__run *run, ese_recovery__db *db, const ese_page *page,
      const ese_recovery__stamp *stamp, verdict *verdict_out)
{
    uint64_t dbtime = ese_page_dbtime(page);
    JET_ERR err = JET_errSuccess;

    if (dbtime >= DBTIME_SPECIAL)
        err = ese_raise(JET_errPageNotInitialized, "%s: page %u is not in use", db->work,
                        (unsigned)page->pgno);
    else if (dbtime >= stamp->after && ese_recovery__may_be_newer(run, db))
        *verdict_out = THERE;
    else if (dbtime >= stamp->after)
        return ese_raise(JET_errDbTimeBeyondMaxRequired,
                         "%s: page %u has the time 0x%llx, later than generation 0x%X, up to "
                         "which the database needs the log",
                         db->work, (unsigned)page->pgno, (unsigned long long)dbtime,
                         (unsigned)db->found_max_required);
    else if (dbtime != stamp->before)
        err = wrong_time(run, db, page, stamp);
    else if (stamp->objid != 0 && ese_page_objid(page) != stamp->objid)
        err = ese_raise(JET_errDatabaseCorrupted,
                        "%s: page %u belongs to another tree than in the log", db->work,
                        (unsigned)page->pgno);
    else
        *verdict_out = REDO;
    if (err < JET_errSuccess) {
        *verdict_out = LOST;
        err = miss(run, db, page->pgno, err);
    }
    return err;
}

static JET_ERR
open_known(ese_recovery__run *run, ese_recovery__db *db, const ese_recovery__stamp *stamp,
           ese_cache_page **page_out)
{
    ese_cache_page *page = NULL;
    verdict is = LOST;
    JET_ERR err;

    if (ese_recovery__lost_has(&db->lost, stamp->pgno))
        return JET_errSuccess;
    err = ese_cache_latch(db->file, stamp->pgno, &page);
    if (is_unreadable(err))
        return miss(run, db, stamp->pgno, err);
    ESE_TRY(err);
    ESE_TRY(judge(run, db, &page->page, stamp, &is));
    if (is != REDO)
        goto out;
    ESE_TRY(ese_cache_make_writable(&page));
    *page_out = page;
    page = NULL;
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}

/* Is a page there that is this one, or newer? */
static JET_ERR
is_new_there(ese_recovery__run *run, ese_recovery__db *db, const ese_recovery__stamp *stamp,
             bool *is_there_out)
{
    uint64_t dbtime = 0;
    JET_ERR err = JET_errSuccess;

    *is_there_out = false;
    if (!ese_recovery__may_be_newer(run, db) || stamp->pgno > ese_cache_page_count(db->file))
        return JET_errSuccess;
    ESE_TRY(ese_recovery__peek(db, stamp->pgno, &dbtime));
    *is_there_out = dbtime >= stamp->after && dbtime < DBTIME_SPECIAL;
out:
    return err;
}

static JET_ERR
open_new(ese_recovery__run *run, ese_recovery__db *db, const ese_recovery__stamp *stamp,
         ese_cache_page **page_out)
{
    bool is_there = false;
    JET_ERR err;

    ESE_TRY(is_new_there(run, db, stamp, &is_there));
    if (is_there)
        goto out;
    ESE_TRY(ese_recovery__grow(db, stamp->pgno));
    ESE_TRY(ese_cache_latch_blank(db->file, stamp->pgno, page_out));
    ese_recovery__lost_drop(&db->lost, stamp->pgno, 1);
out:
    return err;
}

JET_ERR
ese_recovery__page_open(ese_recovery__run *run, ese_recovery__db *db,
                        const ese_recovery__stamp *stamp, ese_cache_page **page_out)
{
    *page_out = NULL;
    if (stamp->pgno == 0 || stamp->pgno > ESE_PAGE_PGNO_MAX || stamp->after > ESE_PAGE_DBTIME_MAX)
        return ese_recovery__inconsistent(run, stamp->pgno, "there is no such page or time");
    note_dbtime(db, stamp->after);
    run->report->n_page_tests++;
    if (stamp->before == ESE_LOG_DBTIME_NONE)
        return open_new(run, db, stamp, page_out);
    return open_known(run, db, stamp, page_out);
}

ese_page_mut
ese_recovery__page_bytes(ese_cache_page *page)
{
    return (ese_page_mut){ese_cache_bytes(page), page->page.size, page->page.pgno};
}

void
ese_recovery__page_close(ese_recovery__run *run, const ese_recovery__stamp *stamp,
                         uint64_t lgpos_begin, ese_cache_page **page_inout)
{
    ese_page_mut page;

    if (*page_inout == NULL)
        return;
    page = ese_recovery__page_bytes(*page_inout);
    ese_page_set_dbtime(&page, stamp->after);
    ese_cache_note_log(*page_inout, ese_recovery__now(run), lgpos_begin);
    ese_cache_unlatch(page_inout, ESE_CACHE_CHANGED);
    run->report->n_page_redone++;
}

JET_ERR
ese_recovery__page_put(ese_recovery__run *run, const ese_page_mut *made, ese_cache_page *page)
{
    ese_page view = ese_page_of_mut(made);

    if (ese_page_verify(&view) < JET_errSuccess)
        return ese_recovery__inconsistent(run, made->pgno, ese_err_text(JET_errDatabaseCorrupted));
    memcpy(ese_cache_bytes(page), made->bytes, made->size);
    return JET_errSuccess;
}
