/*
 * Page cache: verified pages of attached files in bounded memory.
 *
 * INV-1  A pinned page passed the checksum and ese_page_verify and does not change or move until it is unpinned.
 * INV-2  Memory for pages stays within the limit, but for the pages pinned at the time (and a small constant).
 * INV-3  Pinning a cached page takes no lock.
 */
#pragma once

#include "os/os_file.h"
#include "page/page.h"

typedef struct ese_cache ese_cache;           /* one per instance */
typedef struct ese_cache_file ese_cache_file; /* one per attached file */

/* A pinned page; the view comes first, the rest is private to the cache. */
typedef struct ese_cache_page {
    ese_page page;
} ese_cache_page;

JET_ERR ese_cache_create(size_t limit_bytes, ese_cache **cache_out);
void ese_cache_destroy(ese_cache **cache_inout); /* every file is detached */

/* Takes effect at once for new pages; shrinking evicts what is not pinned. */
void ese_cache_set_limit(ese_cache *cache, size_t limit_bytes);
size_t ese_cache_size(const ese_cache *cache); /* bytes in use for pages */

/* Adds `file` (which stays the caller's and outlives this). */
JET_ERR ese_cache_attach(ese_cache *cache, ese_os_file *file, uint32_t page_size,
                         ese_cache_file **file_out);
void ese_cache_detach(ese_cache_file **file_inout); /* nothing of it is pinned */

uint32_t ese_cache_page_size(const ese_cache_file *file);
ese_pgno ese_cache_page_count(const ese_cache_file *file); /* pages 1 … count exist in the file */
const char *ese_cache_path(const ese_cache_file *file);

/*
 * Pins page `pgno`. Errors, each with a text that names file and page: JET_errReadVerifyFailure (checksum),
 * JET_errPageNotInitialized (blank page), JET_errDatabaseCorrupted (structure), JET_errBadPageLink (no such page), JET_errDiskIO,
 * JET_errFileIOBeyondEOF, JET_errOutOfMemory.
 */
JET_ERR ese_cache_pin(ese_cache_file *file, ese_pgno pgno, ese_cache_page **page_out);

/* One more pin on a page that is pinned already. */
void ese_cache_repin(ese_cache_page *page);

/* NULL is fine; clears the pointer. */
void ese_cache_unpin(ese_cache_page **page_inout);

/* Starts reading pages that are wanted soon; never fails. */
void ese_cache_read_ahead(ese_cache_file *file, ese_pgno first, uint32_t n_pages);

/* Counters of the calling thread, for JetGetThreadStats. */
typedef struct ese_cache_counters {
    uint32_t pages_referenced, pages_read, pages_preread;
} ese_cache_counters;

ese_cache_counters ese_cache_thread_counters(void);
