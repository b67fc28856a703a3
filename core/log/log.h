/*
 * The one door through which pages change, and what it tells a log.
 *
 * INV-1  Every change of a page of a database goes through ese_log_edit_begin and ese_log_edit_end. All pages of an edit get one new dbtime.
 * INV-2  The record stands in the log before the page changes; from then on nothing fails. When the log refuses, nothing has changed.
 * INV-3  All records of an edit are one batch. The begin of a transaction stands in the batch of its first change; a change of nobody's transaction has one of its own around it.
 * INV-4  Before the position of a batch can be told from the tip of the stream its pages know of it (ese_cache_note_log), and so does the origin (lgpos_begin). So who asks
 *        for the tip first and then looks at pages and origins misses nothing from before the tip.
 *
 * Recovery specification, section 2.
 */
#pragma once

#include "cache/cache.h"
#include "log/log_stream.h"
#include "page/page_edit.h"

#include <stdatomic.h>

enum { ESE_LOG_PROCID_NOBODY = 0xfffc }; /* no session has it or a larger one */

/* Who changes: what the common part of page records says of the session. */
typedef struct ese_log_origin {
    uint16_t procid;    /* number of the session */
    uint8_t level;      /* of its transaction; 0: each change is a transaction of its own */
    uint8_t n_unlogged; /* begins that the log does not know yet: logged with the first change */
    bool is_urgent;     /* what it does goes into the log even when the disk is full: taking back */
    uint32_t trx_begin; /* number of its transaction in the log, 0 = none yet */
    _Atomic uint64_t
        lgpos_begin; /* [atomic: relaxed, INV-4] where its begin stands in the log, 0 = nowhere yet */
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
    ese_bytes key;        /* whole key: INSERT, FLAG_INSERT…; bookmark of UNDO and DELTA */
    ese_bytes key_data;   /* data part of a bookmark, non-unique trees */
    size_t n_prefix;      /* INSERT */
    ese_bytes data;       /* INSERT, …REPLACE: new data; UNDO of a replacement: the old one */
    uint8_t oper;         /* UNDO: 1 insert, 2 replace, 3 flag-delete, 4 delta, 9 delta64 */
    uint8_t level;        /* UNDO */
    bool needs_undo_info; /* UNDO: the log does not have what was before; it goes first */
    unsigned offset;      /* DELTA */
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

/* A database as far as changes are concerned. */
typedef struct ese_log_db {
    ese_cache_file *file;        /* [const] */
    ese_log_stream *stream;      /* [const] NULL: changes are not logged */
    uint8_t dbid;                /* [const] */
    _Atomic uint64_t dbtime;     /* [atomic] the last one drawn */
    _Atomic uint32_t objid_last; /* [atomic] */
} ese_log_db;

/* The pages of the tree are about to go back to its parent: from here on nobody else may give them back. `kind` as flags of its pages. Fails as appending does. */
JET_ERR ese_log_note_freed(ese_log_db *db, ese_pgno root, uint32_t kind);

enum { ESE_LOG_EDIT_PAGES_MAX = 48 };

/* A change in the making: the caller sets the first four members and has the pages latched. */
typedef struct ese_log_edit {
    ese_log_db *db;
    ese_log_origin *origin; /* NULL: nobody's transaction */
    ese_cache_page *pages[ESE_LOG_EDIT_PAGES_MAX];
    unsigned n_pages;
    uint64_t dbtime;                                /* drawn by begin */
    uint64_t dbtime_before[ESE_LOG_EDIT_PAGES_MAX]; /* UINT64_MAX: a new page */
    uint64_t lgpos; /* what is durable when the edit is; 0 without a log */
} ese_log_edit;

/*
 * Makes all pages writable, draws the dbtime, writes the records: splits and merges as a macro, all or none. Afterwards the caller changes the bytes and calls ese_log_edit_end. On an error
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

/* ---- Transactions in the log ---- */

/*
 * The origin's transaction commits, or its level does: `level` is the one it comes to. A transaction (or level) of which the log knows nothing needs no word: *end_out = 0. Else what to
 * wait for.
 */
JET_ERR ese_log_commit(ese_log_stream *stream, ese_log_origin *origin, uint8_t level,
                       uint64_t *end_out);

/* All changes of its levels above `level` have been taken back. */
JET_ERR ese_log_rollback(ese_log_stream *stream, ese_log_origin *origin, uint8_t level);

/* What undoing a change takes, for the case that its page reaches the disk before the transaction ends. */
typedef struct ese_log_undo_info {
    uint16_t procid; /* of the transaction that made it */
    uint8_t level;
    uint8_t oper; /* 2 replace, 3 flag-delete */
    bool is_unique;
    uint32_t trx_begin;
    uint32_t rceid;
    ese_pgno pgno, root;
    uint32_t objid;
    ese_bytes key, key_data;
    ese_bytes before; /* replace */
} ese_log_undo_info;

/* *end_out: what to wait for. Goes into the log even when the disk is full. */
JET_ERR ese_log_write_undo_info(ese_log_db *db, const ese_log_undo_info *info, uint64_t *end_out);
