/*
 * Log and checkpoint files: headers, segments, the end of a log (codecs: bytes in, values out), and a reader of records over a file.
 *
 * INV-1  Everything in a file is hostile. Memory of a reader is bounded by a window and the longest record, whatever the file says.
 * INV-2  Readers change nothing: what a flipped bit or a torn write spoilt is repaired in memory only.
 *
 * Log specification, sections 1 to 4 and 8.
 */
#pragma once

#include "log/log_record.h"
#include "os/os_file.h"

enum {
    ESE_LOG_HEADER_SIZE = 4096,
    ESE_LOG_SEGMENT_SIZE = 4096,
    ESE_LOG_SEGMENT_HEADER = 40,
    ESE_LOG_ATTACH_SIZE = 2048,
    ESE_LOG_CHECKPOINT_SIZE = 4096, /* of one of its two copies */
    ESE_LOG_PATH_MAX = 261,
    ESE_LOG_FILE_TYPE_LOG = 3,
    ESE_LOG_FILE_TYPE_CHECKPOINT = 4,
    ESE_LOG_MAJOR = 8,
    ESE_LOG_MAJOR_LEGACY = 7,
    ESE_LOG_MINOR = 4000,
    ESE_LOG_MINOR_LEGACY = 3704,
};

/* ---- headers */

typedef struct ese_log_params {
    ese_bytes system_path, log_path; /* ANSI, without the NUL; borrowed */
    uint8_t flags;                   /* 1 = circular */
    uint32_t sessions_max, open_tables_max, version_pages_max, cursors_max, log_buffers, n_sectors,
        cache_size_max;
} ese_log_params;

typedef struct ese_log_attachment {
    uint8_t dbid;
    uint8_t flags; /* 0x20 the name is UTF-16, 0x40 sparse */
    uint64_t dbtime;
    uint32_t objid_last, n_pages_max;
    ese_lgpos attach, consistent;
    ese_signature sign_db;
    ese_bytes name; /* as stored, with its NUL; borrowed */
} ese_log_attachment;

typedef struct ese_log_attachments {
    unsigned n;
    ese_log_attachment items[ESE_LOG_MAX_DATABASES];
} ese_log_attachments;

typedef struct ese_log_header {
    int32_t generation;
    uint32_t sector_size, n_header_sectors, n_sectors;
    uint32_t page_size; /* 0 in the file already replaced by 4096 */
    uint8_t created[8], prev_created[8];
    uint32_t major, minor, update_major, update_minor;
    ese_signature sign;
    ese_log_params params;
    uint8_t flags; /* 1 reserve log used, 2 circular, 4 was circular */
    ese_lgpos checkpoint;
    uint8_t is_sector_mismatch;
    uint64_t checksum_prev; /* over the segments of the generation before */
    uint32_t efv;
    uint32_t file_type;
    ese_log_attachments attached;
} ese_log_header;

enum { ESE_LOG_CHECKPOINT_ATTACHED = 1 }; /* bit of a version: the attachments count */

typedef struct ese_log_checkpoint {
    ese_lgpos backup_checkpoint;
    ese_lgpos checkpoint;
    ese_signature sign;
    ese_log_params params;
    ese_lgpos full_backup, inc_backup;
    uint8_t full_backup_time[8], inc_backup_time[8];
    uint8_t version; /* ESE_LOG_CHECKPOINT_ATTACHED or not */
    ese_lgpos consistency;
    uint32_t file_type;
    ese_log_attachments attached;
} ese_log_checkpoint;

/* Parameters of an instance as Init2 and headers hold them; 567 bytes. */
ese_log_params ese_log_params_decode(const uint8_t *bytes);
void ese_log_params_encode(const ese_log_params *params, uint8_t *bytes);

/* 2048 bytes. JET_errLogFileCorrupt when they are no list. */
JET_ERR ese_log_attachments_decode(const uint8_t *bytes, ese_log_attachments *attached_out);
/* False: they do not fit. */
bool ese_log_attachments_encode(const ese_log_attachments *attached, uint8_t *bytes);

/*
 * Checks 1 and 2 of section 2.3, and that what is inside can be read: JET_errLogFileCorrupt, JET_errFileInvalidType. The header borrows from the
 * 4096 bytes.
 */
JET_ERR ese_log_header_decode(const uint8_t *bytes, ese_log_header *header_out);

/* All 4096 bytes, checksum included. False: the attachments do not fit. */
bool ese_log_header_encode(const ese_log_header *header, uint8_t *bytes);

/* What a log must be to be the next of its stream; members that are zero are not looked at. */
typedef struct ese_log_expect {
    bool allow_newer; /* of a version above what this engine knows */
    bool allow_cut;   /* ese_log_file_open: the file may have another size than its header says */
    bool is_last;     /* no log follows it; known of one that is named as a current log */
    bool is_header_only; /* ese_log_file_open: nothing behind the header is looked at, or can be */
    uint32_t efv_max;    /* JET_paramEngineFormatVersion: no log above its version */
    const ese_signature *sign; /* of the stream */
    uint32_t page_size;        /* of the instance */
    uint64_t file_size;
    int32_t generation;
    const uint8_t *prev_created; /* time of the generation before */
    bool has_checksum_prev;
    uint64_t checksum_prev;
} ese_log_expect;

/* Whether this engine has written the log: its paths begin at the root, as those of Windows never do. */
bool ese_log_header_is_ours(const ese_log_header *header);

/* Checks 3 to 10 in their order, with the code of each. */
JET_ERR ese_log_header_check(const ese_log_header *header, const ese_log_expect *expect);

/* One copy. JET_errCheckpointCorrupt, JET_errFileInvalidType. */
JET_ERR ese_log_checkpoint_decode(const uint8_t *bytes, ese_log_checkpoint *checkpoint_out);
bool ese_log_checkpoint_encode(const ese_log_checkpoint *checkpoint, uint8_t *bytes);

/* ---- segments, version 8 */

typedef enum ese_log_segment_state {
    ESE_LOG_SEGMENT_GOOD,
    ESE_LOG_SEGMENT_CORRECTED, /* one flipped bit, repaired in place */
    ESE_LOG_SEGMENT_BLANK,
    ESE_LOG_SEGMENT_BAD,
} ese_log_segment_state;

/* Checks, and where one bit is wrong corrects, a segment as the one of number `sector`. */
ese_log_segment_state ese_log_segment_verify(uint8_t *bytes, uint32_t sector);

/* Writes header and checksum around data that stands from ESE_LOG_SEGMENT_HEADER on. */
void ese_log_segment_seal(uint8_t *bytes, ese_lgpos lgpos, const uint8_t time[8]);

static inline uint64_t
ese_log_segment_checksum(const uint8_t *bytes)
{
    return ese_load_le64(bytes);
}

static inline ese_lgpos
ese_log_segment_lgpos(const uint8_t *bytes)
{
    return ese_log_lgpos_load(bytes + 8);
}

/* LOGTIME: when it was begun. */
static inline const uint8_t *
ese_log_segment_time(const uint8_t *bytes)
{
    return bytes + 16;
}

/* ---- the end of a log: section 3.5 */

typedef enum ese_log_verdict {
    ESE_LOG_VERDICT_DATA,     /* a segment with records */
    ESE_LOG_VERDICT_REPAIRED, /* the same, after one flipped bit was corrected */
    ESE_LOG_VERDICT_RESTORED, /* torn: its copy in the next segment serves */
    ESE_LOG_VERDICT_EMPTY,
    ESE_LOG_VERDICT_STALE,  /* of an older generation */
    ESE_LOG_VERDICT_SHADOW, /* copy of the segment before */
    ESE_LOG_VERDICT_TORN,   /* behind the end of one of our logs: what a crash left */
    ESE_LOG_VERDICT_CORRUPT,
} ese_log_verdict;

typedef struct ese_log_scan {
    int32_t generation; /* set by the caller, */
    uint32_t sector;    /* the first data segment, counts up, */
    bool is_empty;      /* false: from here on there must be no data */
    bool may_be_torn;   /* set by the caller: the last log of a stream of our own */
    uint32_t end;       /* may_be_torn: the first segment without data; 0: not met yet */
    uint32_t last_good; /* 0: there is none */
    uint64_t checksum;  /* of all good segments: checksum_prev of the next generation */
    uint32_t counts[ESE_LOG_VERDICT_CORRUPT + 1];
    uint32_t lost_sector; /* a blank segment whose copy in the next one is whole: 0 = none */
} ese_log_scan;

/*
 * Where one of our own logs may be torn, nothing is read behind its first segment without data. Between two syncs so few segments are written (log_stream.h, INV-2), into
 * a file so clean, that anything may stand close to that end, and nothing but zeros farther behind: else the log is damaged.
 *
 * Judges the next segment. `bytes` is corrected or replaced by its copy where that is possible; `next` is the segment behind it (NULL: none) and stays
 * as it is.
 */
ese_log_verdict ese_log_scan_step(ese_log_scan *scan, uint8_t *bytes, const uint8_t *next);

/* ---- version 7: checksum records */

/* The XOR of a range, in words from its start: fed in pieces. */
typedef struct ese_log_xor {
    uint32_t sum;
    unsigned phase; /* byte of the word that comes next */
} ese_log_xor;

void ese_log_xor_add(ese_log_xor *x, const uint8_t *bytes, size_t n);

/* What the two checksums of a record must be, given the XOR of both ranges. */
uint32_t ese_log_checksum_full(const ese_log_entry_checksum *record, int32_t generation,
                               uint32_t backwards, uint32_t forwards);
uint32_t ese_log_checksum_short(const ese_log_entry_checksum *record, int32_t generation,
                                uint32_t backwards, uint32_t forwards);

enum { ESE_LOG_CHECKSUM_USE_SHORT = 0x9a, ESE_LOG_CHECKSUM_USE_FULL = 0xd1 };
static const uint32_t ESE_LOG_CHECKSUM_SHADOW = 0x5ad05ec7; /* on the copy of a sector */

/* ---- a reader over one file */

typedef struct ese_log_file ese_log_file;

/* What the file is made of. Counts of segments: version 8; of sectors and ranges: version 7. */
typedef struct ese_log_extent {
    uint64_t file_size;
    ese_log_scan scan;
    ese_lgpos end;       /* behind the last segment with data */
    JET_ERR damage;      /* JET_errLogFileCorrupt: records end at a segment that is damaged */
    uint32_t bad_sector; /* that segment */
    uint32_t n_ranges;   /* version 7: guarded by a checksum record each */
    uint32_t n_short;    /* of these, rescued by the short checksum or the copy of a sector */
} ese_log_extent;

/* What the walk over the records has met so far. */
typedef struct ese_log_tally {
    uint64_t n_records;    /* without pieces and fill */
    uint64_t n_fragmented; /* of these, records in pieces */
    uint64_t n_torn;       /* incomplete ones that a crash cut off, passed over */
    uint64_t record_bytes; /* with the heads of pieces; version 7: with checksum records */
    uint64_t fill_bytes;   /* NOP2 included */
    bool ends_torn;        /* the last record is incomplete */
    ese_log_type last;     /* type of the last record that is not fill */
} ese_log_tally;

/*
 * Opens a log, checks its header against `expect` (NULL: whatever it is; the file size is checked unless allow_cut) and finds its end. A damaged
 * body is no error here: records up to the damage can be read. The last log of a stream that this engine has written ends where a crash has torn it.
 */
JET_ERR ese_log_file_open(const char *path, const ese_log_expect *expect, ese_log_file **file_out);
void ese_log_file_close(ese_log_file **file_inout); /* NULL is fine */

const ese_log_header *ese_log_file_header(const ese_log_file *file);
const ese_log_extent *ese_log_file_extent(const ese_log_file *file);
const ese_log_tally *ese_log_file_tally(const ese_log_file *file);

/* Goes on at `lgpos` (offset 0 = the first record of its sector) instead of the first record. JET_errInvalidParameter: not in this file. */
JET_ERR ese_log_file_seek(ese_log_file *file, ese_lgpos lgpos);

/*
 * The next record and its position; *entry_out = NULL behind the last one. Records in pieces come whole, pieces and fill do not come (NOP2 does).
 * What the entry borrows is there until the next call. JET_errLogFileCorrupt and so on at a damage: the walk cannot go on.
 */
JET_ERR ese_log_file_next(ese_log_file *file, const ese_log_entry **entry_out,
                          ese_lgpos *lgpos_out);

/* The bytes of the record that came last: as many as entry->size. */
ese_bytes ese_log_file_record_bytes(const ese_log_file *file);

/* When the segment was begun in which the record that came last ends; of version 7: the log. LOGTIME. */
const uint8_t *ese_log_file_time(const ese_log_file *file);

/* True when the log ends as a clean shutdown leaves it. Known behind the last record. */
bool ese_log_file_is_clean(const ese_log_file *file);

/* Brings what was read, and the name of the file, to the disk: a process that was killed may have left both in the memory of the kernel only. */
JET_ERR ese_log_file_settle(ese_log_file *file);

/* Reads a checkpoint file: the first copy that is right. JET_errCheckpointCorrupt; JET_errFileInvalidType. Borrows from `bytes` (4096). */
JET_ERR ese_log_checkpoint_read(const char *path, uint8_t *bytes,
                                ese_log_checkpoint *checkpoint_out, unsigned *copy_out);

/* Brings both copies to the disk, one after the other: first the second one if only the first is right, so that there is a right one whenever this ends. */
JET_ERR ese_log_checkpoint_write(ese_os_file *file, const uint8_t *bytes);

/* ---- the generations of a folder */

typedef struct ese_log_set ese_log_set;

typedef struct ese_log_member {
    const char *path;
    int32_t generation; /* by its name; 0: the current log */
} ese_log_member;

/*
 * Finds the logs of base name `base` (three characters; NULL: there must be only one) in a folder: both extensions, five and eight digits, in
 * the order of generations, the current log last. JET_errMissingLogFile: there is none; JET_errInvalidParameter: several base names.
 */
JET_ERR ese_log_set_open(const char *folder, const char *base, ese_log_set **set_out);
void ese_log_set_close(ese_log_set **set_inout); /* NULL is fine */

unsigned ese_log_set_count(const ese_log_set *set);
ese_log_member ese_log_set_member(const ese_log_set *set, unsigned index);

/*
 * Opens the log `index` and checks that it continues the one that was opened before by this call (generation, time, signature, checksum). With another
 * order than ascending, nothing is compared. JET_errInvalidLogSequence: its name tells another generation, too.
 */
JET_ERR ese_log_set_open_file(ese_log_set *set, unsigned index, const ese_log_expect *expect,
                              ese_log_file **file_out);
