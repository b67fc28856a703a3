/* Codec of the database header (first two pages of the file): database-file section 2. */
#pragma once

#include "page/page.h"

enum {
    ESE_DBHEADER_SIZE = 748,
    ESE_DBHEADER_MAGIC = (int)0x89abcdefu,
    ESE_DBHEADER_VERSION = 0x620
};

typedef enum ese_dbstate {
    ESE_DBSTATE_JUST_CREATED = 1,
    ESE_DBSTATE_DIRTY = 2,
    ESE_DBSTATE_CLEAN = 3,
    ESE_DBSTATE_BEING_CONVERTED = 4,
    ESE_DBSTATE_FORCE_DETACH = 5,
    ESE_DBSTATE_INCREMENTAL_RESEED = 6,
    ESE_DBSTATE_DIRTY_AND_PATCHED = 7,
    ESE_DBSTATE_REVERT_IN_PROGRESS = 8,
} ese_dbstate;

typedef struct ese_lgpos {
    uint16_t offset;
    uint16_t sector;
    int32_t generation;
} ese_lgpos;

typedef struct ese_signature {
    uint32_t random;
    uint8_t created[8]; /* LOGTIME */
    uint8_t computer[16];
} ese_signature;

/* The fields that something reads; offsets in the specification. LOGTIMEs are the eight stored bytes. */
typedef struct ese_dbheader {
    uint32_t version;
    uint32_t attrib;
    uint64_t dbtime;
    ese_signature sign_db;
    uint32_t state; /* ese_dbstate, as stored */
    ese_lgpos consistent;
    uint8_t consistent_time[8];
    uint8_t attach_time[8];
    ese_lgpos attach;
    uint8_t detach_time[8];
    ese_lgpos detach;
    uint32_t dbid;
    ese_signature sign_log;
    uint8_t backup_full_prev[24]; /* BKINFO */
    uint8_t backup_inc_prev[24];
    uint8_t backup_full_cur[24];
    uint32_t flags;
    uint32_t objid_last;
    uint32_t os_version[4]; /* major, minor, build, service pack */
    uint32_t update_major;
    uint32_t update_minor;
    uint32_t page_size; /* 0 in the file already replaced by 4096 */
    uint32_t repair_count;
    uint8_t repair_time[8];
    uint32_t repair_count_old;
    uint8_t scrub_time[8];
    uint64_t dbtime_last_scrub;
    uint32_t gen_min_required;
    uint32_t gen_max_required;
    uint32_t gen_max_committed;
    uint32_t create_version;
    uint32_t create_update;
    uint64_t sort_version;
    uint32_t efv_max;
    uint32_t file_type;
} ese_dbheader;

/*
 * Decodes the header in `bytes` (`n` of them, at least ESE_DBHEADER_SIZE) when its checksum over its own page size is right.
 * JET_errReadVerifyFailure: no legal size gives a right checksum. JET_errDatabaseCorrupted: right checksum, impossible content.
 */
JET_ERR ese_dbheader_decode(const uint8_t *bytes, size_t n, ese_dbheader *header_out);

/*
 * What a decode refused: can damage have made it of a header, or is it blank as a creation leaves it that was cut off? False of what is
 * plainly part of another file. `bytes` has ESE_DBHEADER_SIZE.
 */
bool ese_dbheader_is_conceivable(const uint8_t *bytes);

enum { ESE_DBHEADER_FILE_TYPE_DATABASE = 1, ESE_DBHEADER_UPDATE_DEFAULT = 20 };

/*
 * Writes the fields and the checksum into a header page of header->page_size bytes: zeroes, or what the file has, of which all other fields stay.
 */
void ese_dbheader_encode(const ese_dbheader *header, uint8_t *bytes);

/* Where in the page stands what no field is for. */
enum {
    ESE_DBHEADER_BACKUP_SNAPSHOT = 316, /* BKINFO: of a snapshot that is under way, */
    ESE_DBHEADER_BACKUP_COPY = 420,     /* of the last copy, */
    ESE_DBHEADER_BACKUP_DIFF = 444,     /* of the last differential backup */
    ESE_DBHEADER_TYPE_FULL = 356,       /* how the last backup of each kind was made */
    ESE_DBHEADER_TYPE_INCREMENTAL = 360,
    ESE_DBHEADER_TIME_COMMITTED = 348, /* LOGTIME: of the generation gen_max_committed, */
    ESE_DBHEADER_TIME_REQUIRED = 672,  /* of gen_max_required */
    ESE_DBHEADER_GEN_RECOVERING = 536,
    ESE_DBHEADER_GEN_MIN_CONSISTENT = 640,
    ESE_DBHEADER_LAST_RESIZE = 656, /* LGPOS */
    ESE_DBHEADER_BEFORE_REDO = 680,
    ESE_DBHEADER_FLUSH_MAP = 584, /* two signatures of a map that is not kept up */

    ESE_DBHEADER_FLUSH_MAP_SIZE = 56,
    ESE_DBHEADER_BACKUP_SIZE = 24,
    ESE_DBHEADER_BACKUP_LOW = 16, /* in a BKINFO: the generations it needs */
    ESE_DBHEADER_BACKUP_HIGH = 20,
};

/* And in the page that a backup has behind the last one of a database. */
enum {
    ESE_DBTRAILER_BACKUP = 40, /* BKINFO */
    ESE_DBTRAILER_SIGN_DB = 64,
    ESE_DBTRAILER_SIGN_LOG = 92,
    ESE_DBTRAILER_GEN_MIN_REQUIRED = 120,
    ESE_DBTRAILER_GEN_MAX_REQUIRED = 124,
    ESE_DBTRAILER_GEN_MAX_COMMITTED = 128,
    ESE_DBTRAILER_TIME_REQUIRED = 132,
    ESE_DBTRAILER_TIME_COMMITTED = 140,
};

/* What a header says of a database that was detached at `lgpos`: it needs no log. */
void ese_dbheader_detach(ese_dbheader *header, uint8_t *bytes, ese_lgpos lgpos,
                         const uint8_t time[8]);

/* The header of a database that begins to be: format 0x620,20,0. Signature and times are the caller's; the state is JUST_CREATED. */
ese_dbheader ese_dbheader_fresh(uint32_t page_size);
