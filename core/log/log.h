/*
 * The one door through which pages change, and what it tells a log.
 *
 * INV-1  Every change of a page of a database goes through ese_log_edit_begin and ese_log_edit_end. All pages of an edit get one new dbtime.
 * INV-2  The record stands in the log before the page changes; from then on nothing fails. When the log refuses, nothing has changed.
 *
 * Recovery specification, section 2.
 */
#pragma once

#include "cache/cache.h"
#include "log/log_record.h"
#include "page/page_edit.h"

#include <stdatomic.h>

/* Who changes: what the common part of page records says of the session. */
typedef struct ese_log_origin {
    uint16_t procid;      /* number of the session */
    uint8_t level;        /* of its transaction */
    uint32_t trx_begin;   /* number of its transaction, 0 = none */
    uint64_t lgpos_begin; /* where its begin stands in the log, 0 = nowhere yet */
    uint8_t n_unlogged;   /* begins that the log does not know yet: logged with the first change */
} ese_log_origin;

enum {
    ESE_LOG_VERSIONED = 1, /* flags of a page record */
    ESE_LOG_UNIQUE = 4,
    ESE_LOG_SPACE = 8,
};

/* One node of one page: types INSERT to DELTA, UNDO, DELTA64, and SET_EXTERNAL_HEADER (`data`). */
typedef struct ese_log_node {
    unsigned line;
    uint32_t rceid; /* of the version, 0 = none */
    uint32_t rceid_replace;
    ese_bytes key;      /* whole key: INSERT, FLAG_INSERT…; bookmark of UNDO and DELTA */
    ese_bytes key_data; /* data part of a bookmark, non-unique trees */
    size_t n_prefix;    /* INSERT */
    ese_bytes data;     /* INSERT, …REPLACE: new data; UNDO of a replacement: the old one */
    uint8_t oper;       /* UNDO: 1 insert, 2 replace, 3 flag-delete, 4 delta, 9 delta64 */
    uint8_t level;      /* UNDO */
    unsigned offset;    /* DELTA */
    int64_t delta;
} ese_log_node;

/* One level of a split: pages are those of the edit, by index; -1 = none. */
typedef struct ese_log_split {
    int page, new_page, right, parent;
    const ese_page_split
        *split; /* NULL: the page only receives the pointer of its child's split (new_page = -1) */
    ese_bytes separator;       /* between page and new page, in the parent */
    uint32_t new_flags, flags; /* page flags afterwards */
} ese_log_split;

typedef enum ese_log_merge_type {
    ESE_LOG_MERGE_NONE = 0, /* an ancestor */
    ESE_LOG_MERGE_EMPTY_PAGE = 1,
    ESE_LOG_MERGE_FULL_RIGHT = 2,
    ESE_LOG_MERGE_FULL_LEFT = 5,
} ese_log_merge_type;

typedef struct ese_log_merge {
    int page, left, right, parent;
    unsigned
        line; /* in an ancestor: the pointer that goes or whose key changes; in the leaf: the first line that moves right, or the last that moves left */
    ese_log_merge_type type;
    bool is_key_change, is_delete_node, is_empty_page;
    ese_bytes separator;
} ese_log_merge;

/* Types CREATE…, CONVERT, EMPTY_TREE; pages of the edit: root, then OE and AE. EMPTY_TREE: the record's page is the root, all others become empty; no fields. */
typedef struct ese_log_tree {
    ese_pgno parent, secondary_first;
    uint32_t n_primary, n_secondary, free_bits, page_flags;
} ese_log_tree;

typedef struct ese_log_record {
    ese_log_type type;
    uint8_t flags; /* ESE_LOG_VERSIONED, … */
    ese_pgno root; /* of the tree */
    uint32_t objid;
    int page; /* index in the edit of the page a node record is about */
    union {
        ese_log_node node;
        ese_log_split split;
        ese_log_merge merge;
        ese_log_tree tree;
    } u;
} ese_log_record;

typedef struct ese_log_edit ese_log_edit;

/*
 * Where records go. `append` is called with all pages latched and none changed yet, edit->dbtime drawn; it sets edit->lgpos. More than one record
 * is a macro: all or none.
 */
typedef struct ese_log_sink {
    void *self;
    JET_ERR (*append)(void *self, ese_log_edit *edit, const ese_log_record *records, unsigned n);
} ese_log_sink;

/* A database as far as changes are concerned. */
typedef struct ese_log_db {
    ese_cache_file *file;        /* [const] */
    const ese_log_sink *sink;    /* [const] NULL: changes are not logged */
    uint8_t dbid;                /* [const] */
    _Atomic uint64_t dbtime;     /* [atomic] the last one drawn */
    _Atomic uint32_t objid_last; /* [atomic] */
} ese_log_db;

enum { ESE_LOG_EDIT_PAGES_MAX = 48 };

/* A change in the making: the caller sets the first four members and has the pages latched. */
struct ese_log_edit {
    ese_log_db *db;
    ese_log_origin *origin; /* NULL: nobody's transaction */
    ese_cache_page *pages[ESE_LOG_EDIT_PAGES_MAX];
    unsigned n_pages;
    uint64_t dbtime;                                /* drawn by begin */
    uint64_t dbtime_before[ESE_LOG_EDIT_PAGES_MAX]; /* UINT64_MAX: a new page */
    uint64_t lgpos;
};

/*
 * Makes all pages writable, draws the dbtime, writes the records. Afterwards the caller changes the bytes and calls ese_log_edit_end. On an error
 * nothing has changed and the pages are still latched (edit->pages may be other images of them).
 */
JET_ERR ese_log_edit_begin(ese_log_edit *edit, const ese_log_record *records, unsigned n);

/* Stamps and unlatches all pages as changed. */
void ese_log_edit_end(ese_log_edit *edit);

/* Unlatches all pages as they were, instead of begin or after it failed. */
void ese_log_edit_cancel(ese_log_edit *edit);

/* A page of the edit, to be changed between begin and end. */
ese_page_mut ese_log_edit_page(ese_log_edit *edit, unsigned index);

/* Does to the bytes what a node record says (INSERT to SET_EXTERNAL_HEADER): the same for do and redo. */
void ese_log_apply_node(ese_page_mut *page, const ese_log_record *record);

/* The common case of one page and one node record: begin, apply, end. The page is unlatched on success only. */
JET_ERR ese_log_change_node(ese_log_db *db, ese_log_origin *origin, ese_cache_page **page_inout,
                            ese_log_record *record);
