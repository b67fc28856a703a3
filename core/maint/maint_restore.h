/*
 * What has to be right before a backup is restored, and what is copied where: the logs of the backup to those of the instance, the databases to their new places.
 * The rest is recovery. Recovery specification, section 9.3.
 *
 * INV-1  The files of the backup are only read.
 * INV-2  All logs are looked through, and found to be one sequence, before the first file is copied.
 */
#pragma once

#include "log/log_file.h"
#include "maint/maint_backup.h"

/* ---- logs */

typedef struct ese_maint_restore_places {
    const char *base;          /* of names of logs */
    const char *backup_folder; /* with the logs of the backup, */
    int32_t low, high;         /* of these generations; 0: as many as there are */
    const char *log_folder;    /* of the instance: what is there follows the backup */
    const char *more_folder;   /* where logs stand that follow, too; NULL: nowhere */
} ese_maint_restore_places;

typedef struct ese_maint_restore_logs ese_maint_restore_logs;

/*
 * JET_errFileNotFound: no logs; JET_errMissingRestoreLogFiles: some of those asked for are missing; JET_errGivenLogFileHasBadSignature,
 * JET_errGivenLogFileIsNotContiguous, JET_errLogCorruptDuringHardRestore, JET_errLogTornWriteDuringHardRestore: those of the backup;
 * JET_errExistingLogFile…, JET_errLog…DuringHardRecovery: those of the instance; JET_errBadRestoreTargetInstance: those of the other folder.
 */
JET_ERR ese_maint_restore_open_logs(const ese_maint_restore_places *places,
                                    ese_maint_restore_logs **logs_out);

/* Puts those that are missing in the folder of the instance there. */
JET_ERR ese_maint_restore_copy_logs(ese_maint_restore_logs *logs,
                                    const ese_maint_backup_watcher *watcher);

/* Deletes what was copied: after recovery nobody needs it, or recovery was not possible. NULL is fine. */
void ese_maint_restore_close_logs(ese_maint_restore_logs **logs_inout);

/* Generations of the backup. */
int32_t ese_maint_restore_low(const ese_maint_restore_logs *logs);
int32_t ese_maint_restore_high(const ese_maint_restore_logs *logs);
uint64_t ese_maint_restore_log_bytes(const ese_maint_restore_logs *logs); /* of the backup */

/*
 * The path under which the log knows a database, freed with ese_free. JET_errRestoreOfNonBackupDatabase: it does not know it.
 */
JET_ERR ese_maint_restore_logged_path(const ese_maint_restore_logs *logs, const ese_signature *sign,
                                      char **path_out);

/* ---- databases */

typedef struct ese_maint_restore_database {
    ese_signature sign;
    uint64_t size;
} ese_maint_restore_database;

/*
 * Is the file the copy of a database that these logs make whole? JET_errRestoreOfNonBackupDatabase, JET_errMissingPatchPage, JET_errBadPatchPage,
 * JET_errDatabasePatchFileMismatch, JET_errStartingRestoreLogTooHigh, JET_errEndingRestoreLogTooLow; JET_errDatabaseCorrupted: no header.
 */
JET_ERR ese_maint_restore_check(const char *path, const ese_maint_restore_logs *logs,
                                ese_maint_restore_database *database_out);

/* Calls `visit` for each database of the folder of a backup. */
JET_ERR ese_maint_restore_list(const char *folder, JET_ERR (*visit)(void *self, const char *path),
                               void *self);

/* Replaces what is there. */
JET_ERR ese_maint_restore_copy(const char *from, const char *to,
                               const ese_maint_backup_watcher *watcher);
