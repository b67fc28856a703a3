/*
 * Work on whole database files that no instance has open: the integrity check and the list of pages. Nothing is
 * written, neither to the file nor beside it.
 *
 * INV-1  Any bytes may stand in the file: damage becomes findings, and only what ends the work (no such file, no
 *        memory, no usable header) becomes an error.
 * INV-2  Memory is bounded by a few bytes for each page of the file and a constant, whatever the pages say.
 */
#pragma once

#include "esent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Findings ---- */

typedef enum ese_maint_severity {
    ESE_MAINT_NOTE, /* worth knowing, harmless: leaked pages, foreign bytes behind the last page in use */
    ESE_MAINT_ERROR, /* the file is not as it must be */
} ese_maint_severity;

typedef enum ese_maint_area {
    ESE_MAINT_HEADER,
    ESE_MAINT_PAGE,
    ESE_MAINT_SPACE,
    ESE_MAINT_TREE,
    ESE_MAINT_CATALOG,
    ESE_MAINT_RECORD,
    ESE_MAINT_LONG_VALUE,
    ESE_MAINT_INDEX,
} ese_maint_area;

/* Names and text are UTF-8 and live as long as the call that reports them. */
typedef struct ese_maint_finding {
    ese_maint_severity severity;
    ese_maint_area area;
    uint32_t pgno;     /* 0 = not about one page */
    const char *table; /* NULL = not about one table */
    const char *index; /* NULL = not about one secondary index */
    JET_ERR err;       /* JET_errSuccess for most notes */
    const char *text;  /* one sentence without place */
} ese_maint_finding;

/* Who is told. Both functions may be NULL. */
typedef struct ese_maint_watcher {
    void *self;
    void (*found)(void *self, const ese_maint_finding *finding);
    void (*progress)(void *self, const char *phase, uint64_t done, uint64_t total);
} ese_maint_watcher;

/* ---- Check ---- */

typedef struct ese_maint_summary {
    uint32_t state; /* of the header: 3 = clean shutdown */
    uint32_t page_size;
    uint64_t n_pages; /* in the file, without the two headers */
    uint64_t n_blank_pages;
    uint64_t n_corrected_pages; /* one flipped bit */
    uint64_t n_bad_pages;
    uint64_t n_leaked_pages;
    uint64_t n_trees;
    uint64_t n_tables;
    uint64_t n_indexes; /* secondary */
    uint64_t n_records;
    uint64_t n_index_entries;
    uint64_t n_long_values;
    uint64_t n_errors;
    uint64_t n_notes;
} ese_maint_summary;

/*
 * Checks the headers, every page, every tree, the accounting of space, the catalog against its shadow, every record, long value and index
 * entry. *summary_out is written when the check came to its end, whatever it found.
 */
JET_ERR ese_maint_check(const char *path, const ese_maint_watcher *watcher,
                        ese_maint_summary *summary_out);

/* ---- Pages ---- */

typedef enum ese_maint_page_state {
    ESE_MAINT_PAGE_GOOD,
    ESE_MAINT_PAGE_CORRECTED, /* one flipped bit, repaired in memory */
    ESE_MAINT_PAGE_BLANK,     /* never written */
    ESE_MAINT_PAGE_BAD_CHECKSUM,
    ESE_MAINT_PAGE_BAD_STRUCTURE, /* right checksum, impossible content */
} ese_maint_page_state;

typedef enum ese_maint_use {
    ESE_MAINT_USE_NONE,         /* owned but found nowhere: leaked */
    ESE_MAINT_USE_OUTSIDE,      /* not owned by the database */
    ESE_MAINT_USE_TREE,         /* page of a tree */
    ESE_MAINT_USE_OWNED_TREE,   /* of the tree of extents owned by a tree */
    ESE_MAINT_USE_FREE_TREE,    /* of the tree of free extents of a tree */
    ESE_MAINT_USE_SPLIT_BUFFER, /* set aside for splits of a space tree */
    ESE_MAINT_USE_FREE,
} ese_maint_use;

typedef struct ese_maint_page {
    uint32_t pgno;
    uint64_t offset; /* in the file */
    ese_maint_page_state state;
    const char *problem; /* of a bad page, else NULL */
    ese_maint_use use;
    const char *table, *index; /* whose page it is; NULL = unknown, or not of a secondary index */
    bool is_long_value;        /* of the tree of long values of the table */
    bool is_root;
    int level;      /* 0 = leaf, 1 = parent of leaves, 2 = higher */
    uint32_t flags; /* as stored; these and the rest only of good and corrected pages */
    uint32_t objid;
    uint32_t prev, next;
    uint64_t dbtime;
    unsigned n_lines;
    unsigned n_deleted; /* lines flagged as deleted */
    uint32_t free_bytes;
} ese_maint_page;

typedef struct ese_maint_page_visitor {
    void *self;
    JET_ERR(*visit)
    (void *self, const ese_maint_page *page); /* an error ends the walk and is returned */
    void (*progress)(void *self, const char *phase, uint64_t done,
                     uint64_t total); /* may be NULL */
} ese_maint_page_visitor;

/* Every page of the file in order of its number. */
JET_ERR ese_maint_list_pages(const char *path, const ese_maint_page_visitor *visitor);

/* One line of a page; the external header comes first, as line -1, without a key. */
typedef struct ese_maint_line {
    int number;
    uint32_t offset, size; /* of the whole line, in the data area */
    unsigned flags;        /* 1 version, 2 deleted, 4 compressed key */
    const uint8_t *key;
    size_t key_size, prefix_size;
    const uint8_t *data;
    size_t data_size;
} ese_maint_line;

typedef struct ese_maint_line_visitor {
    void *self;
    JET_ERR (*page)(void *self, const ese_maint_page *page);
    JET_ERR (*line)(void *self, const ese_maint_line *line);
} ese_maint_line_visitor;

/* One page with its lines (a bad or blank page has none). JET_errBadPageLink when the file has no such page. */
JET_ERR ese_maint_show_page(const char *path, uint32_t pgno, const ese_maint_line_visitor *visitor);
