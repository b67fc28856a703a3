/*
 * Page cache: verified pages of attached files in bounded memory.
 *
 * INV-1  A pinned page passed the checksum and ese_page_verify and does not change or move until it is unpinned.
 * INV-2  Memory for pages stays within the limit, but for the pages pinned at the time (and a small constant).
 * INV-3  Pinning a cached page takes no lock.
 * INV-4  Nor does the image of a pinned page change when the page is changed. Who changes a page holds its latch. The change is made in
 *        place when nobody else has the image pinned (who wants it then waits for the moment), else in a copy, which takes the place of the
 *        image; the old image lives as long as its pins.
 * INV-5  A changed page is written before it is forgotten, and only after `before_write` has agreed.
 */
#pragma once

#include "os/os_file.h"
#include "os/os_gate.h"
#include "page/page.h"

#include <stdatomic.h>

typedef struct ese_cache ese_cache;           /* one per instance */
typedef struct ese_cache_file ese_cache_file; /* one per attached file */

/* A pinned page; the view comes first, the rest is private to the cache. */
typedef struct ese_cache_page {
    ese_page page;
    _Atomic uint64_t
        place; /* [atomic: relaxed] a note of core/btree: where in its tree this image was found right; 0 = nowhere yet, as after each read */
} ese_cache_page;

JET_ERR ese_cache_create(size_t limit_bytes, ese_cache **cache_out);
void ese_cache_destroy(ese_cache **cache_inout); /* every file is detached */

/* Takes effect at once for new pages; shrinking evicts what is not pinned. */
void ese_cache_set_limit(ese_cache *cache, size_t limit_bytes);
size_t ese_cache_size(const ese_cache *cache); /* bytes in use for pages */

/* Pages are written behind this gate; it is entered when a write was agreed to. Before the first write. */
void ese_cache_set_gate(ese_cache *cache, ese_os_gate *gate);

/* Pages in a dump of the process. */
typedef enum ese_cache_dump {
    ESE_CACHE_DUMP_PINNED = 1,
    ESE_CACHE_DUMP_CHANGED = 2,
    ESE_CACHE_DUMP_ALL = 4,
} ese_cache_dump;

/*
 * From now on a dump has the pages of these kinds (bits of ese_cache_dump) and leaves out the others, as far as the system can. Only those that are in the cache at the moment. For who is about to
 * crash: waits for nothing; false when some thread is inside the pool. 
 */
bool ese_cache_choose_dump(ese_cache *cache, ese_cache_dump kinds);

/* Adds `file` (which stays the caller's and outlives this). */
JET_ERR ese_cache_attach(ese_cache *cache, ese_os_file *file, uint32_t page_size,
                         ese_cache_file **file_out);
void ese_cache_detach(
    ese_cache_file *
        *file_inout); /* nothing of it is pinned; what was changed and not flushed is lost */

uint32_t ese_cache_page_size(const ese_cache_file *file);
ese_pgno ese_cache_page_count(const ese_cache_file *file); /* pages 1 … count exist in the file */
const char *ese_cache_path(const ese_cache_file *file);
ese_os_file *ese_cache_os_file(const ese_cache_file *file); /* to change its size */

/*
 * Pins page `pgno`. Errors, each with a text that names file and page: JET_errReadVerifyFailure (checksum),
 * JET_errPageNotInitialized (blank page), JET_errDatabaseCorrupted (structure), JET_errBadPageLink (no such page), JET_errDiskIO,
 * JET_errFileIOBeyondEOF, JET_errOutOfMemory.
 */
JET_ERR ese_cache_pin(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out);

/* Pins the page if it is in the cache, without reading: NULL when it is not. Waits while somebody else reads it. */
ese_cache_page *ese_cache_pin_cached(ese_cache_file *file, ese_pgno pgno);

/* One more pin on a page that is pinned already. */
void ese_cache_repin(ese_cache_page *page);

/* NULL is fine; clears the pointer. */
void ese_cache_unpin(ese_cache_page **page_inout);

/*
 * False when the page was changed since this image of it was pinned: pin it again to see the newest one. Acquire: who sees false sees all that
 * the changer did before.
 */
bool ese_cache_is_current(const ese_cache_page *page);

/* ---- Changing pages ----
 *
 *     latch pages (parents before children, left before right) -> decide, may fail -> make all of them writable, may fail
 *     -> change the bytes, cannot fail -> unlatch as CHANGED
 *
 * core/log's ese_log_edit does the last three steps; nobody else calls make_writable.
 */

/*
 * Pins the newest image of the page and latches it: until ese_cache_unlatch no other thread latches this page. Waits for who has it. Errors as ese_cache_pin.
 * Who has made a page writable does not pin it again before it is unlatched: that would wait for itself.
 */
JET_ERR ese_cache_latch(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out);

/*
 * Latches a page that is pinned; the pin goes with the latch, so the change need not be made in a copy because of it. False, and only pinned as before,
 * when it is no longer current or somebody has the latch. Never waits.
 */
bool ese_cache_try_latch(ese_cache_page *page);

/*
 * As ese_cache_latch without reading, for a page that gets a new life: its bytes are zero, it is writable at once, and nobody sees it before it is unlatched as
 * CHANGED. Whoever pins it meanwhile sees what was there before, or waits.
 */
JET_ERR ese_cache_latch_blank(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out);

/*
 * Makes a latched page writable; *page_inout may become another image of it. JET_errOutOfMemory, or the error of a write that had to make
 * room. Fine on one that is writable.
 */
JET_ERR ese_cache_make_writable(ese_cache_page **page_inout);

/* Was the latched page made by ese_cache_latch_blank? */
bool ese_cache_is_blank(const ese_cache_page *page);

/* The bytes of a writable page. */
uint8_t *ese_cache_bytes(ese_cache_page *page);

/* The log position of the change just made, and of the begin of the transaction that made it; 0 without a log. Of a writable page. */
void ese_cache_note_log(ese_cache_page *page, uint64_t lgpos_modify, uint64_t lgpos_begin);

typedef enum ese_cache_outcome { ESE_CACHE_UNCHANGED, ESE_CACHE_CHANGED } ese_cache_outcome;

/*
 * Gives latch and pin back; NULL is fine. CHANGED: the page was made writable, everybody sees it now, and it will be written. UNCHANGED: its bytes
 * are as they were.
 */
void ese_cache_unlatch(ese_cache_page **page_inout, ese_cache_outcome outcome);

/* As ese_cache_unlatch, but keeps the pin: on the image as it is now. Not for a blank page that stays UNCHANGED. */
void ese_cache_unlatch_keep(ese_cache_page *page, ese_cache_outcome outcome);

/*
 * What a file needs before its changed pages may be written. Called by any thread that needs memory for a page: it may hold latches of any pages and other locks
 * of upper layers. Must not pin or latch pages, and takes no lock that anybody holds while he pins, latches or flushes.
 */
typedef struct ese_cache_write_ops {
    void *self;
    /*
     * The header says "dirty", and the log is durable up to `lgpos` and to what undoing the changes on the page needs. Asked for each of the pages that are about to be
     * written together, which are latched; `lgpos` is that of the newest change of all of them. NULL: nothing is needed.
     */
    JET_ERR (*before_write)(void *self, const ese_page *page, uint64_t lgpos);
    /* A write failed. The page stays changed in memory; nothing later may pretend to be durable. NULL is fine. */
    void (*failed)(void *self, JET_ERR err);
    /*
     * Told of all pages that are about to be written together before before_write is asked about the first one: time to log what all of them need, so that the log need
     * be flushed only once. NULL is fine.
     */
    JET_ERR (*prepare)(void *self, const ese_page *page);
    /* After a crash a log makes the pages right that are whole: so none may be torn when only the process ends. */
    bool is_logged;
} ese_cache_write_ops;

/* Before the first latch; without it no page of the file can be latched: JET_errDatabaseFileReadOnly. */
void ese_cache_set_write_ops(ese_cache_file *file, const ese_cache_write_ops *ops);

/* Writes all changed pages of the file; changes made meanwhile may or may not be among them. Does not sync. */
JET_ERR ese_cache_flush(ese_cache_file *file);

/* The same for pages that hold ese_cache_oldest_change back: those with a change of a transaction that began before `lgpos`. Neighbours may go with them. */
JET_ERR ese_cache_flush_older(ese_cache_file *file, uint64_t lgpos);

/*
 * Smallest lgpos_begin (or lgpos_modify where that is 0) noted for the changed pages of the file, UINT64_MAX when there is none: what recovery would
 * have to start from. Every change counts that was noted before the call and is not in the file, whether or not anybody sees it yet.
 */
uint64_t ese_cache_oldest_change(ese_cache_file *file);

/* After the file has become larger, or before it becomes smaller (pages behind the new end are forgotten, nobody has them pinned). */
void ese_cache_set_page_count(ese_cache_file *file, ese_pgno n);

/* Starts reading pages that are wanted soon; never fails. */
void ese_cache_read_ahead(ese_cache_file *file, ese_pgno first, uint32_t n_pages);

/* Counters of the calling thread, for JetGetThreadStats. */
typedef struct ese_cache_counters {
    uint32_t pages_referenced, pages_read, pages_preread;
    uint32_t pages_dirtied, pages_redirtied;
} ese_cache_counters;

ese_cache_counters ese_cache_thread_counters(void);
