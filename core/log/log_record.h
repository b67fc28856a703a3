/*
 * Codec of log records: bytes in, values out, and back. No I/O, no memory, no state. Log specification, sections 5 to 7.
 *
 * INV-1  ese_log_record_decode, ese_log_diff_apply and ese_log_image_decode take any bytes. What they give borrows from them.
 * INV-2  One table says how every type is laid out: it decodes, encodes and describes. So encoding what was decoded gives the same bytes.
 */
#pragma once

#include "page/page_dbheader.h"

/* Kinds of records; the numbers are those of the log. */
typedef enum ese_log_type {
    ESE_LOG_NOP = 0, /* the rest of the segment is fill */
    ESE_LOG_INIT = 1,
    ESE_LOG_TERM = 2,
    ESE_LOG_MS = 3,
    ESE_LOG_END = 4,
    ESE_LOG_BEGIN = 5,
    ESE_LOG_COMMIT = 6,
    ESE_LOG_ROLLBACK = 7,
    ESE_LOG_BEGIN0 = 8,
    ESE_LOG_COMMIT0 = 9,
    ESE_LOG_REFRESH = 10,
    ESE_LOG_MACRO_BEGIN = 11,
    ESE_LOG_MACRO_COMMIT = 12,
    ESE_LOG_MACRO_ABORT = 13,
    ESE_LOG_CREATE_DB = 14,
    ESE_LOG_ATTACH_DB = 15,
    ESE_LOG_DETACH_DB = 16,
    ESE_LOG_RECOVERY_UNDO = 17,
    ESE_LOG_RECOVERY_QUIT = 18,
    ESE_LOG_FULL_BACKUP = 19,
    ESE_LOG_INC_BACKUP = 20,
    ESE_LOG_JET_OP = 21,
    ESE_LOG_TRACE = 22,
    ESE_LOG_SHUT_DOWN_MARK = 23,
    ESE_LOG_CREATE_MULTIPLE = 24,
    ESE_LOG_CREATE_SINGLE = 25,
    ESE_LOG_CONVERT_OLD = 26,
    ESE_LOG_SPLIT_OLD = 27,
    ESE_LOG_MERGE_OLD = 28,
    ESE_LOG_INSERT = 29,
    ESE_LOG_FLAG_INSERT = 30,
    ESE_LOG_FLAG_INSERT_REPLACE = 31,
    ESE_LOG_FLAG_DELETE = 32,
    ESE_LOG_REPLACE = 33,
    ESE_LOG_REPLACE_DIFF = 34,
    ESE_LOG_DELETE = 35,
    ESE_LOG_UNDO_INFO = 36,
    ESE_LOG_DELTA = 37,
    ESE_LOG_SET_EXTERNAL_HEADER = 38,
    ESE_LOG_UNDO = 39,
    ESE_LOG_CHECKSUM = 42, /* version 7 only */
    ESE_LOG_EXT_RESTORE = 45,
    ESE_LOG_BACKUP = 46,
    ESE_LOG_EMPTY_TREE = 48,
    ESE_LOG_INIT2 = 49,
    ESE_LOG_TERM2 = 50,
    ESE_LOG_RECOVERY_UNDO2 = 51,
    ESE_LOG_RECOVERY_QUIT2 = 52,
    ESE_LOG_BEGIN_DT = 53,
    ESE_LOG_PREP_COMMIT = 54,
    ESE_LOG_PREP_ROLLBACK = 55,
    ESE_LOG_FORCE_WRITE = 57,
    ESE_LOG_CONVERT = 58,
    ESE_LOG_EXT_RESTORE2 = 59,
    ESE_LOG_BACKUP2 = 60,
    ESE_LOG_FORCE_ROLLOVER = 61,
    ESE_LOG_SPLIT = 62,
    ESE_LOG_MERGE = 63,
    ESE_LOG_SCRUB = 64,
    ESE_LOG_PAGE_MOVE = 65,
    ESE_LOG_PAGE_PATCH_REQUEST = 66,
    ESE_LOG_MACRO_INFO = 67,
    ESE_LOG_EXTEND_DB = 68,
    ESE_LOG_COMMIT_CONTEXT = 69,
    ESE_LOG_SCAN_CHECK = 70,
    ESE_LOG_NOP2 = 71,
    ESE_LOG_REATTACH = 72,
    ESE_LOG_MACRO_INFO2 = 73,
    ESE_LOG_FREE_TREE = 74,
    ESE_LOG_IGNORED9 = 75,
    ESE_LOG_FRAGMENT_BEGIN = 76,
    ESE_LOG_FRAGMENT = 77,
    ESE_LOG_SHRINK_DB = 78,
    ESE_LOG_CREATE_DB_FINISH = 79,
    ESE_LOG_RECOVERY_QUIT_KEEP = 80,
    ESE_LOG_TRIM_DB = 81,
    ESE_LOG_IGNORED10 = 82, /* to IGNORED19 */
    ESE_LOG_IGNORED19 = 91,
    ESE_LOG_SET_DB_VERSION = 92,
    ESE_LOG_DELTA64 = 93,
    ESE_LOG_SHRINK_DB2 = 94,
    ESE_LOG_NEW_PAGE = 95,
    ESE_LOG_ROOT_PAGE_MOVE = 96,
    ESE_LOG_SIGNAL_ATTACH = 97,
    ESE_LOG_SCAN_CHECK2 = 98,
    ESE_LOG_SHRINK_DB3 = 99,
    ESE_LOG_EXTENT_FREED = 100,
    ESE_LOG_EXTENT_FREED2 = 101,
    ESE_LOG_TYPE_COUNT = 102,
} ese_log_type;

enum {
    /* Longer than any record can be: three keys and a page image; lists of pages stay far below. */
    ESE_LOG_RECORD_MAX = 1 << 20,
    ESE_LOG_PARAMS_SIZE = 567,
    ESE_LOG_MAX_DATABASES = 6,
};

static const uint64_t ESE_LOG_DBTIME_NONE = UINT64_MAX; /* of a page that was new, …: section 6.2 */

/* What a type means to whoever replays the log. */
typedef enum ese_log_class {
    ESE_LOG_CLASS_UNKNOWN, /* no such type, or one that is known to be in no log this engine replays */
    ESE_LOG_CLASS_FILL,    /* no operation, pieces of records */
    ESE_LOG_CLASS_TRX,     /* begin, commit, rollback */
    ESE_LOG_CLASS_MACRO,    /* begins and ends a macro */
    ESE_LOG_CLASS_PAGE,     /* changes pages */
    ESE_LOG_CLASS_VERSION,  /* changes no page, tells an old value */
    ESE_LOG_CLASS_DATABASE, /* creates, attaches, detaches, resizes */
    ESE_LOG_CLASS_RUN,      /* start and end of a run of the engine, marks of recovery */
    ESE_LOG_CLASS_INFO,     /* can be passed over */
    ESE_LOG_CLASS_REFUSED,  /* replay ends with an error */
} ese_log_class;

typedef struct ese_log_backup_mark {
    ese_lgpos mark;
    uint8_t time[8];
    uint32_t generation_low, generation_high;
} ese_log_backup_mark;

typedef struct ese_log_entry_node {
    uint32_t rceid_replace; /* FLAG_INSERT_REPLACE */
    uint16_t old_size;      /* REPLACE, REPLACE_DIFF: cbOld, cbNew */
    uint16_t new_size;
    uint16_t size_max; /* UNDO_INFO */
    uint16_t size_delta;
    uint16_t offset; /* DELTA, DELTA64 */
    uint8_t undo_level;
    bool is_wide_diff; /* REPLACE_DIFF: runs of form 2 */
    int32_t delta;
    int64_t delta64;
    uint32_t scrub_flags, scrub_count;
} ese_log_entry_node;

typedef struct ese_log_entry_tree {
    ese_pgno oe, ae, parent, secondary_first;
    uint32_t n_primary, n_secondary, free_bits, page_flags;
    uint8_t what; /* FREE_TREE: 1 table, 2 index */
} ese_log_entry_tree;

typedef struct ese_log_entry_split {
    ese_pgno new_page, right, parent;
    uint64_t right_before, parent_before;
    uint8_t type; /* 0 vertical, 1 right, 2 append */
    uint8_t oper; /* 0 none, 1 insert, 2 replace, 3 flag-insert and replace */
    uint16_t line_oper, line_split, n_lines;
    uint32_t new_page_flags, page_flags;
    int16_t uncommitted, new_uncommitted;
    int32_t line_prefix, new_line_prefix; /* -1 = none */
    uint32_t flags;                       /* ese_log_image_flag */
    ese_bytes separator, prefix_old, prefix_new, image;
} ese_log_entry_split;

typedef struct ese_log_entry_merge {
    ese_pgno right, left, parent;
    uint64_t right_before, left_before, parent_before;
    uint16_t size_total, size_max_total, uncommitted, line;
    uint8_t what; /* 1 key change, 2 delete node, 4 empty page */
    uint8_t
        type; /* 0 ancestor, 1 empty page, 2 full right, 3 partial right, 4 empty tree, 5 full left, 6 partial left, 7 page move */
    uint32_t flags; /* ese_log_image_flag */
    ese_bytes separator, image;
} ese_log_entry_merge;

typedef struct ese_log_entry_move {
    ese_pgno target, left, right, parent;
    uint64_t left_before, right_before, parent_before;
    int32_t parent_line;
    uint32_t flags; /* 0 ordinary, 1 root, 2 root of OE, 4 root of AE */
    ese_bytes head, tail;
} ese_log_entry_move;

typedef struct ese_log_entry_db {
    uint32_t grbit, n_pages_max;
    ese_lgpos attach, consistent;
    ese_signature sign_db, sign_log;
    uint8_t flags;
    uint16_t version, update_major; /* CREATE_DB with flag 4 */
    uint32_t set_major, set_update_major, set_update_minor;
    ese_bytes path;
} ese_log_entry_db;

/* Pieces of the file: EXTEND_DB, SHRINK_DB…, TRIM_DB, EXTENT_FREED…: pgno and … */
typedef struct ese_log_entry_extent {
    uint32_t n_pages;
    uint8_t flags;
} ese_log_entry_extent;

typedef struct ese_log_entry_run {
    ese_bytes params; /* DBMS_PARAM, for ese_log_params_decode */
    ese_lgpos position, redo_from;
    uint8_t is_hard;
    uint8_t time[8];
} ese_log_entry_run;

typedef enum ese_log_backup_phase {
    ESE_LOG_BACKUP_BEGIN = 1,
    ESE_LOG_BACKUP_LOGS = 2,
    ESE_LOG_BACKUP_TRUNCATE = 3,
    ESE_LOG_BACKUP_HEADER = 4,
    ESE_LOG_BACKUP_ABORT = 5,
    ESE_LOG_BACKUP_STOP = 6,
} ese_log_backup_phase;

typedef enum ese_log_backup_scope {
    ESE_LOG_BACKUP_FULL = 1,
    ESE_LOG_BACKUP_INCREMENTAL = 2,
    ESE_LOG_BACKUP_COPY = 5,
} ese_log_backup_scope;

typedef struct ese_log_entry_backup {
    uint8_t phase; /* ese_log_backup_phase, ese_log_backup_scope: as stored */
    uint32_t kind;
    uint8_t scope;
    ese_log_backup_mark mark;
    uint8_t reserved;
    ese_bytes path;
} ese_log_entry_backup;

typedef struct ese_log_entry_scan {
    uint8_t flags;
    uint64_t dbtime_page, dbtime_current, copies[2];
    uint16_t checksum16;
    uint32_t checksum;
} ese_log_entry_scan;

/* Version 7: what guards a range of bytes. */
typedef struct ese_log_entry_checksum {
    uint32_t n_backwards, n_forwards, n_next, checksum, checksum_short;
    uint8_t use_short; /* 0x9a yes, 0xd1 no */
} ese_log_entry_checksum;

/* A record as it stands in the log. Members that its type does not have are zero. */
typedef struct ese_log_entry {
    ese_log_type type;
    uint32_t size; /* bytes of the whole record */

    uint16_t procid;
    uint8_t dbid;
    uint8_t level; /* of the transaction of a page record */
    uint8_t
        flags; /* of a page record: 1 versioned, 4 unique, 8 space, 0x10 index build, 0x20 system */
    uint8_t levels; /* BEGIN…: before, and begun << 4; COMMIT…: afterwards; ROLLBACK: how many */
    uint16_t oper;  /* UNDO, UNDO_INFO: 1 insert, 2 replace, 3 flag-delete, 4 delta, 9 delta64 */
    uint16_t line;
    uint32_t trx; /* number of the transaction */
    ese_pgno pgno;
    uint64_t dbtime;        /* of the pages afterwards; of a macro */
    uint64_t dbtime_before; /* ESE_LOG_DBTIME_NONE */
    uint32_t rceid;         /* 0 = no version */
    ese_pgno root;
    uint32_t objid;

    ese_bytes prefix; /* INSERT: the key is prefix and key; they are neighbours in the record */
    ese_bytes key;
    ese_bytes key_data; /* data part of a bookmark */
    ese_bytes
        data; /* of a node, a difference, a list of pages, a text; of unknown content where nothing is known */
    uint32_t total;     /* FRAGMENT_BEGIN: size of the record in pieces; MACRO_INFO2: pages */
    ese_bytes reserved; /* what stands between known fields */

    union {
        ese_log_entry_node node;
        ese_log_entry_tree tree;
        ese_log_entry_split split;
        ese_log_entry_merge merge;
        ese_log_entry_move move;
        ese_log_entry_db db;
        ese_log_entry_extent extent;
        ese_log_entry_run run;
        ese_log_entry_backup backup;
        ese_log_entry_scan scan;
        ese_log_entry_checksum checksum;
    } u;
} ese_log_entry;

/* ---- values of several parts */

ese_lgpos ese_log_lgpos_load(const uint8_t *from);
void ese_log_lgpos_store(uint8_t *to, ese_lgpos lgpos);

/* "generation[:sector[:offset]]" in hex digits, as people write it. False: it is no position. */
bool ese_log_lgpos_parse(const char *text, ese_lgpos *lgpos_out);
ese_signature ese_log_signature_load(const uint8_t *from); /* 28 bytes */
void ese_log_signature_store(uint8_t *to, const ese_signature *signature);

/* A number that sorts as the position does, and back. */
static inline uint64_t
ese_log_lgpos_number(ese_lgpos lgpos)
{
    return (uint64_t)(uint32_t)lgpos.generation << 32 | (uint32_t)lgpos.sector << 16 | lgpos.offset;
}

static inline ese_lgpos
ese_log_lgpos_of(uint64_t number)
{
    return (ese_lgpos){(uint16_t)number, (uint16_t)(number >> 16), (int32_t)(number >> 32)};
}

/* ---- decoding and encoding */

/*
 * How many bytes the record at the start of `from` has, as far as can be told: when *size_out > from.size, ask again with at least so many.
 * JET_errLogFileCorrupt: no record. JET_errBadLogVersion, JET_errLogCorrupted: a type that is refused and whose size is unknown.
 */
JET_ERR ese_log_record_measure(ese_bytes from, size_t *size_out);

/* The record at the start of `from`, which may hold more than it. Errors as above; JET_errLogFileCorrupt when the record is not whole. */
JET_ERR ese_log_record_decode(ese_bytes from, ese_log_entry *entry_out);

/* Bytes that the record takes; entry->size is not looked at. */
size_t ese_log_record_encoded_size(const ese_log_entry *entry);

/* Writes them. Variable parts must be no longer than their sizes in the record can tell (16 bits, but for images and lists). */
void ese_log_record_encode(const ese_log_entry *entry, uint8_t *to);

ese_log_class ese_log_record_class(ese_log_type type);

/* What replay makes of a type of the class REFUSED. */
JET_ERR ese_log_record_refusal(ese_log_type type);

/* "Insert"; NULL: there is no such type. */
const char *ese_log_record_name(ese_log_type type);

/* True when the record has the common part of page records (dbtime, dbtime_before, line, …). */
bool ese_log_record_is_page(ese_log_type type);

/* True when the record changes the page or tells of it; of all pages of a split or a merge, too. */
bool ese_log_record_touches(const ese_log_entry *entry, ese_pgno pgno);

/* A page of a list: EMPTY_TREE. */
typedef struct ese_log_listed_page {
    ese_pgno pgno;
    uint64_t dbtime_before;
    uint32_t flags;
} ese_log_listed_page;

unsigned ese_log_empty_tree_count(const ese_log_entry *entry);
ese_log_listed_page ese_log_empty_tree_page(const ese_log_entry *entry, unsigned index);

/* ---- description: what is in a record, for people */

typedef enum ese_log_value_kind {
    ESE_LOG_VALUE_NUMBER,
    ESE_LOG_VALUE_SIGNED,
    ESE_LOG_VALUE_FLAGS, /* a number best shown in hex digits */
    ESE_LOG_VALUE_DBTIME,
    ESE_LOG_VALUE_LGPOS,
    ESE_LOG_VALUE_TIME,      /* LOGTIME, eight bytes */
    ESE_LOG_VALUE_SIGNATURE, /* 28 bytes */
    ESE_LOG_VALUE_BYTES,
    ESE_LOG_VALUE_TEXT,
    ESE_LOG_VALUE_TEXT16, /* UTF-16, little-endian */
} ese_log_value_kind;

typedef struct ese_log_value {
    const char *name;
    ese_log_value_kind kind;
    uint64_t number; /* NUMBER to DBTIME; SIGNED as its two's complement */
    ese_lgpos lgpos;
    ese_bytes bytes; /* TIME to TEXT16; borrowed from the entry and what it borrows from */
} ese_log_value;

enum { ESE_LOG_VALUES_MAX = 40 };

/* The fields of a record in their order, without the type. Returns their number. */
unsigned ese_log_record_describe(const ese_log_entry *entry,
                                 ese_log_value values[ESE_LOG_VALUES_MAX]);

/* ---- replacements by difference: section 7 */

/* Size of what a difference makes of data of `old_size` bytes. JET_errLogFileCorrupt when it does not fit. */
JET_ERR ese_log_diff_measure(ese_bytes diff, bool is_wide, size_t old_size, size_t *size_out);

/* Makes the new data out of the old; `to` has `room` >= the measured size. Returns the size written. */
JET_ERR ese_log_diff_apply(ese_bytes diff, bool is_wide, ese_bytes old, uint8_t *to, size_t room,
                           size_t *size_out);

/*
 * A difference that makes `new` out of `old`, shorter than `new`, written to `to` (as long as `new`). Returns its size; 0: there is none, or nothing differs.
 */
size_t ese_log_diff_encode(ese_bytes old, ese_bytes new, bool is_wide, uint8_t *to);

/* ---- page images: section 6.7 */

typedef enum ese_log_image_flag {
    ESE_LOG_IMAGE_DEHYDRATED = 1, /* the free bytes were cut out */
    ESE_LOG_IMAGE_COMPRESSED = 2,
} ese_log_image_flag;

/*
 * The whole page out of the image of a split or merge, into `page`, and `work`, which has page_size bytes, too. JET_errLogFileCorrupt when the bytes give no
 * page; JET_errFeatureNotAvailable for a compression that is not supported. Only the shape is checked: ese_page_verify says whether it is a page.
 */
JET_ERR ese_log_image_decode(ese_bytes image, uint32_t flags, uint32_t page_size, uint8_t *work,
                             uint8_t *page);
/*
 * The image of a page as it is, but for its dbtime, without its free bytes. `to` has the size of the page; returns the size of the image.
 */
size_t ese_log_image_encode(const ese_page *page, uint64_t dbtime, uint8_t *to,
                            uint32_t *flags_out);

/* The same for a page that moves: head and tail of it. */
JET_ERR ese_log_move_image(const ese_log_entry *entry, uint32_t page_size, uint8_t *page);
