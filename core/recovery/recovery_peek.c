/*
 * Pages that the log makes from nothing: is one in the file already, from before the crash? Mostly the place is blank, and the next ones are, too; so neighbours are
 * read together, and what is not there is no error and takes no room in the cache.
 *
 * INV-1  The window has what the file has: a page that is written, and a file that is cut off, end it.
 */
#include "recovery/recovery_private.h"

enum { WINDOW_BYTES = 256 << 10, FIRST_BYTES = 32 << 10, GAP = 8 };

void
ese_recovery__peek_forget(ese_recovery__db *db)
{
    db->window.n_pages = 0;
}

static bool
is_within(const ese_recovery__window *window, ese_pgno pgno)
{
    return pgno >= window->first && pgno - window->first < window->n_pages;
}

void
ese_recovery__peek_written(ese_recovery__db *db, ese_pgno pgno)
{
    if (is_within(&db->window, pgno))
        db->window.n_pages = 0;
}

/* Where the places ascend, each window is twice as long as the one before. */
static uint32_t
plan_window(const ese_recovery__db *db, ese_pgno pgno)
{
    const ese_recovery__window *window = &db->window;
    uint32_t size = db->header.page_size;
    uint64_t end = (uint64_t)window->first + window->n_pages;
    uint64_t n = FIRST_BYTES / size, in_file = ese_os_file_size(db->os) / size;

    if (window->n_pages != 0 && pgno >= end && pgno < end + GAP)
        n = 2 * (uint64_t)window->n_pages;
    if (n > WINDOW_BYTES / size)
        n = WINDOW_BYTES / size;
    if (n > in_file - pgno - 1)
        n = in_file - pgno - 1;
    return (uint32_t)n;
}

/* Reads the page, and those behind it; nothing, where the file ends before. */
static JET_ERR
move_window(ese_recovery__db *db, ese_pgno pgno)
{
    ese_recovery__window *window = &db->window;
    uint32_t size = db->header.page_size, n = plan_window(db, pgno);
    uint64_t offset = ((uint64_t)pgno + 1) * size;
    JET_ERR err = JET_errSuccess;

    if (window->bytes == NULL)
        ESE_TRY(ese_alloc_aligned(WINDOW_BYTES, ESE_PAGE_SIZE_MIN, &window->bytes));
    window->n_pages = 0;
    err = ese_os_file_read(db->os, offset, window->bytes, (size_t)n * size);
    if (err < JET_errSuccess && n > 1) { /* perhaps only one of the others is unreadable */
        n = 1;
        err = ese_os_file_read(db->os, offset, window->bytes, size);
    }
    ESE_TRY(err);
    window->first = pgno;
    window->n_pages = n;
out:
    return err == JET_errFileIOBeyondEOF ? JET_errSuccess : err;
}

/* What the window has of the page: its time, if it is whole. */
static uint64_t
time_in_window(ese_recovery__db *db, ese_pgno pgno)
{
    uint32_t size = db->header.page_size;
    uint8_t *bytes = db->window.bytes + (size_t)(pgno - db->window.first) * size;
    const ese_page page = {bytes, size, pgno};
    ese_page_state state = ese_page_checksum_verify(bytes, size, pgno);

    if (state == ESE_PAGE_STATE_BLANK || state == ESE_PAGE_STATE_BAD ||
        ese_page_verify(&page) < JET_errSuccess)
        return 0;
    return ese_page_dbtime(&page);
}

JET_ERR
ese_recovery__peek(ese_recovery__db *db, ese_pgno pgno, uint64_t *dbtime_out)
{
    uint64_t end = ((uint64_t)pgno + ESE_RECOVERY__HEADER_PAGES) * db->header.page_size;
    ese_cache_page *page = ese_cache_pin_cached(db->file, pgno);
    uint64_t dbtime = 0;
    JET_ERR err = JET_errSuccess;

    if (page != NULL) {
        dbtime = ese_page_dbtime(&page->page);
        ese_cache_unpin(&page);
    } else if (end <= ese_os_file_size(db->os)) {
        if (!is_within(&db->window, pgno))
            ESE_TRY(move_window(db, pgno));
        if (is_within(&db->window, pgno))
            dbtime = time_in_window(db, pgno);
    }
    *dbtime_out = dbtime;
out:
    return err;
}
