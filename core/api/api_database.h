/* An attached database, and the header of a database file. */
#pragma once

#include "api/api_table_use.h"
#include "base/alloc.h"
#include "btree/btree_space.h"
#include "os/os_thread.h"
#include "page/page_dbheader.h"
#include "page/page_space.h"

/* Header of a database file, decoded and as stored. */
typedef struct ese_api_header {
    ese_dbheader fields;
    uint8_t raw[ESE_DBHEADER_SIZE];
} ese_api_header;

/* The extent that a cursor of a space tree stands on; an error names file and page. */
JET_ERR ese_api_extent_at(const ese_btree_cursor *cursor, ese_page_extent *extent_out);

/* Reads the header, or its shadow. JET_errDatabaseCorrupted: neither can be trusted. */
JET_ERR ese_api_header_read(ese_os_file *file, ese_api_header *header_out);

/* The newest format update that is read. */
enum { ESE_API_UPDATE_MAJOR_MAX = 290 };

/*
 * For a damaged file with neither: what the root pages tell of it, which is the page size; the format is taken for the
 * newest, the state is 0, unknown. JET_errDatabaseCorrupted: there is no such page.
 */
JET_ERR ese_api_header_probe(ese_os_file *file, ese_api_header *header_out);

/* What the pages of a damaged file were left out for. */
typedef struct ese_api_problems {
    ese_os_mutex lock;
    ese_problem *items; /* [lock] in the order met */
    uint32_t *places;   /* [lock] hash table of page and error: place in items + 1, 0 = free */
    uint32_t n;         /* [lock] */
    uint32_t capacity;  /* [lock] */
    uint32_t n_lost;    /* [lock] not recorded for lack of memory */
} ese_api_problems;

void ese_api_problems_init(ese_api_problems *problems);
void ese_api_problems_destroy(ese_api_problems *problems);
void ese_api_problems_add(ese_api_problems *problems, uint32_t pgno, JET_ERR err, const char *text);
bool ese_api_problems_get(ese_api_problems *problems, uint32_t index, ese_problem *problem_out);

/* Lists of databases and counts of openings are guarded by one process-wide lock; the rest is constant while attached. */
struct ese_api_database {
    uint32_t slot;              /* [const] place in the list of its instance */
    JET_DBID dbid;              /* [const] */
    JET_GRBIT grbit;            /* [const] of the attach */
    uint32_t n_opens;           /* [lock: databases] of all sessions */
    ese_api_session *exclusive; /* [lock: databases] the session that has it for itself */
    ese_os_file *file;          /* [const] */
    char *full_path;            /* [const] seen from the root */
    ese_cache_file *pages;      /* [const] */
    ese_schema *schema;         /* [const] */
    ese_api_header
        header; /* what the caller is told while it is attached; [const], but with a log [lock: header] where it changes */
    ese_btree_damage damage; /* [const] */
    ese_api_problems problems;
    ese_api_instance *instance; /* [const] */
    ese_api_table_uses table_uses;
    _Atomic bool is_defragmenting; /* [atomic: seq_cst, a value of its own] api_defragment.c */

    /* ---- attached for change ---- */
    ese_api_log *logged; /* [const] the log that tells of its changes; NULL: none does */
    ese_log_db log;      /* [const] */
    ese_btree_db *trees; /* [const] NULL: attached read-only */
    ese_os_mutex
        header_lock; /* who writes the header; taken by a thread that may hold any other lock, takes none */
    uint8_t *header_page; /* [lock: header] as the file has it */
    _Atomic bool
        is_marked; /* [atomic: release when the file says dirty, acquire before a page is written] */
    _Atomic bool
        has_failed; /* [atomic: relaxed] a page could not be written: the file stays dirty */
};

/* ---- The header of a database attached for change: api_database_header.c ---- */

/* Reads or makes the page of the header; the file and header.fields are known. */
JET_ERR ese_api_database_header_load(ese_api_database *database);

/* Without a log: writes both copies, each to the disk before the next thing happens. */
JET_ERR ese_api_database_header_write(ese_api_database *database, ese_dbstate state);

/* With a log: changes fields, or bytes of the page that no field stands for, and writes both copies. Takes: header, with any other lock held. */
typedef void ese_api_header_change(ese_dbheader *fields, uint8_t *page, const void *how);
JET_ERR ese_api_database_header_change(ese_api_database *database, ese_api_header_change *change,
                                       const void *how);

/* What the caller is told of the header now. Takes: header. */
void ese_api_database_header_copy(ese_api_database *database, ese_api_header *header_out);

/* From now on pages may change. The file is attached to the cache. */
JET_ERR ese_api_database_begin_changes(ese_api_database *database, ese_dbstate state);

/* Has no open transaction changed it? Cleans up what was committed. No session has the database open, or will meanwhile. */
bool ese_api_database_is_settled(ese_api_database *database);

/* Every page is on the disk. No session has the database open, or will meanwhile; what was committed is cleaned up. */
JET_ERR ese_api_database_settle(ese_api_database *database);

/*
 * Without a log. Everything committed is in the file, which is marked clean, until the next page is written. An error leaves it as dirty as it is. No session has the database open.
 */
JET_ERR ese_api_database_end_changes(ese_api_database *database);

/* ---- Shared by api_database.c and api_attach.c ---- */

enum {
    ESE_API_DBID_SLOT_BITS = 4
}; /* a database id is a slot and a generation, the first one being 1, 2, 3 … */

struct ese_api_databases {
    ese_list link; /* [lock: databases] in the list of all instances' */
    ese_api_database
        *slots[ESE_API_DATABASES_MAX]; /* [lock: databases]; 0 is for the temporary database */
    uint32_t generations[ESE_API_DATABASES_MAX]; /* [lock: databases] */
};

/* The process-wide lock of databases. */
void ese_api_databases_lock(void);
void ese_api_databases_unlock(void);
ese_list *ese_api_databases_all_locked(void);

/* The attached database that is this file, by identity where it is known, else by path; NULL. */
ese_api_database *ese_api_databases_find_locked(ese_api_databases *databases, const char *path,
                                                const ese_os_file_id *identity);

/* JET_errOneDatabasePerSession: the session has another one than `database` open, and the parameter allows only one. */
JET_ERR ese_api_check_one_database(ese_api_session *session, const char *path,
                                   const ese_api_database *database);

/* Who the file is, if it can be opened still; NULL for one that is gone. */
const ese_os_file_id *ese_api_identify(const char *path, ese_os_file_id *identity);

/* An empty database object. */
JET_ERR ese_api_database_make(ese_api_instance *instance, JET_GRBIT grbit,
                              ese_api_database **database_out);

/* Attached to another instance: JET_errDatabaseSharingViolation, unless one of the two is a reader that can stand that. */
JET_ERR ese_api_databases_check_others_locked(const ese_api_databases *databases,
                                              const ese_os_file_id *identity, const char *path,
                                              JET_GRBIT grbit);

/* JET_errTooManyAttachedDatabases: no slot is free. */
JET_ERR ese_api_databases_check_room_locked(const ese_api_databases *databases, const char *path);

/* The first slot that is free: JET_errTooManyAttachedDatabases. */
JET_ERR ese_api_databases_find_room(const ese_api_databases *databases, const char *path,
                                    uint32_t *slot_out);

/* Puts the database into a slot, which takes it over. JET_errTooManyAttachedDatabases. */
JET_ERR ese_api_databases_insert_locked(ese_api_databases *databases,
                                        ese_api_database **database_inout);

/* Counts one more opening by the session. JET_errDatabaseLocked, JET_errDatabaseInUse, JET_errOneDatabasePerSession. */
JET_ERR ese_api_database_open_locked(ese_api_session *session, ese_api_database *database,
                                     JET_GRBIT grbit);

/* ---- The file of a database that the log knows from its begin: api_database_place.c ---- */

/*
 * Makes it, with nothing but the header, under another name. What is at its place goes when the caller may replace it, or when it is left of a creation that did not end.
 * JET_errDatabaseDuplicate; JET_errFileAccessDenied: that is in use; JET_errInvalidPath.
 */
JET_ERR ese_api_database_prepare(const char *path, bool may_replace, const ese_dbheader *fields);

/* The record of the creation is durable: gives the file its name. */
JET_ERR ese_api_database_place(const char *path, ese_os_file **file_out);

/* Removes what was prepared and not placed. */
void ese_api_database_unprepare(const char *path);

/* NULL is fine; clears the pointer. */
void ese_api_database_destroy(ese_api_database **database_inout);
