/*
 * A streaming backup of an instance: at most one at a time, in one of two ways. JetBackup does all of it in one call (INTERNAL); or programs do it in steps:
 *
 *   IDLE --JetBeginExternalBackup--> DATABASES --JetGetLogInfo--> LOGS --JetEndExternalBackup--> IDLE
 *
 * INV-1  While a backup runs, no database of it is attached or detached, and no log from `low` on is deleted.
 * INV-2  A header says that the database was backed up only when all of it and all logs it needs were read.
 *
 * Locks: the `order` of the log before the lock of the backup. Recovery specification, section 9.
 */
#pragma once

#include "api/api_log.h"
#include "base/growbuf.h"
#include "maint/maint_backup.h"

typedef enum ese_api__backup_state {
    ESE_API__BACKUP_IDLE,
    ESE_API__BACKUP_INTERNAL,
    ESE_API__BACKUP_DATABASES,
    ESE_API__BACKUP_LOGS,
} ese_api__backup_state;

/* A database of the backup. */
typedef struct ese_api__backup_database {
    ese_api_database *database;
    int32_t high; /* the last log that its copy needs; 0: it was not read to its end */
} ese_api__backup_database;

/* A file that a program reads. */
typedef struct ese_api__backup_handle {
    ese_list link;
    JET_HANDLE number;
    ese_maint_backup_file *file;
    ese_api__backup_database *database; /* NULL: a log, */
    int32_t generation;                 /* of that generation */
} ese_api__backup_handle;

struct ese_api_backup {
    ese_api_instance *instance;  /* [const] */
    ese_os_mutex lock;           /* one call of the sequence at a time */
    ese_api__backup_state state; /* [lock: backup]; changed with `order` held, too */
    _Atomic bool is_running;     /* [atomic: seq_cst, set with `order` held] it is not IDLE */
    _Atomic bool
        is_stopped; /* [atomic: seq_cst, a value of its own] by JetStopBackup or the end of the instance */

    /* ---- [lock: backup], while it runs; an internal one has them for itself */
    bool is_incremental;
    bool is_truncated;
    ese_log_backup_mark mark; /* generation_high: since the logs are known */
    uint64_t logs_at;         /* where the log stood when the logs were known, */
    uint8_t logs_time[8];     /* and when that was */
    ese_api__backup_database databases[ESE_API_DATABASES_MAX];
    unsigned n_databases;
    ese_list handles;
    JET_HANDLE last_handle;
    ese_growbuf read_logs; /* a byte for each generation of the backup: 1 = it was read */
};

/* ---- The machine: api_backup_state.c ---- */

/* The backup of an instance, NULL before the first one. Takes: registry. */
ese_api_backup *ese_api__backup_of(ese_api_instance *instance);

/* Does one run, so that databases have to stay? Holds: order. */
bool ese_api__backup_is_running(ese_api_instance *instance);

typedef struct ese_api__backup_begin {
    bool is_internal, is_incremental;
} ese_api__backup_begin;

/* Errors: JET_errLoggingDisabled, JET_errInvalidBackup, JET_errBackupInProgress, JET_errMissingFullBackup, JET_errMissingFileToBackup. Takes: order, backup. */
JET_ERR ese_api__backup_start(ese_api_instance *instance, const ese_api__backup_begin *how,
                              ese_api_backup **backup_out);

/* Without changing anything: the first errors of the above, all but JET_errBackupInProgress. */
JET_ERR ese_api__backup_check(ese_api_instance *instance, bool is_incremental);

/* A copy of a database on its way; the header is that of now. */
JET_ERR ese_api__backup_open(ese_api_backup *backup, const ese_api__backup_database *database,
                             ese_maint_backup_file **file_out);

/* All databases were read: a new log begins, mark.generation_high becomes known. */
JET_ERR ese_api__backup_close_log(ese_api_backup *backup);

/* The oldest generation that is to stay when the backup truncates the log. */
int32_t ese_api__backup_keep_from(ese_api_backup *backup);

/* Deletes older logs. JET_errLogFileNotCopied: not all logs were read. */
JET_ERR ese_api__backup_truncate(ese_api_backup *backup);

/* Were all databases and logs of it read? */
bool ese_api__backup_is_complete(const ese_api_backup *backup);

/* Headers and checkpoint say that there was a backup. */
JET_ERR ese_api__backup_register(ese_api_backup *backup);

/* Ends it; handles are closed. Takes: order. */
void ese_api__backup_finish(ese_api_backup *backup, bool is_abort);

/* The instance ends: so does a backup that a program has not ended. */
void ese_api__backup_end(ese_api_instance *instance);

/* Is JET_errRunningInMultiInstanceMode the answer to functions without an instance? */
bool ese_api__is_multi(void);

/* Marks a log as read. */
void ese_api__backup_note_log(ese_api_backup *backup, int32_t generation);
