/*
 * Copies of databases and logs that are in use, and the folders that backups are kept in. Recovery specification, section 9.
 *
 * INV-1  Pages come out of the file, not out of the cache: what is in the file obeyed the rules of the log when it was written, and what is missing in it stands in the
 *        logs from the oldest one of the backup on. A page that is being written at the moment is read again.
 * INV-2  What marks the copy of a database as whole is its last page. A copy that ended early is refused when it is to be restored.
 */
#pragma once

#include "log/log_stream.h"
#include "os/os_file.h"

/* ---- moments of backups: as headers, trailers and records of the log have them */

void ese_maint_backup_info_store(uint8_t to[ESE_DBHEADER_BACKUP_SIZE],
                                 const ese_log_backup_mark *mark);
ese_log_backup_mark ese_maint_backup_info_load(const uint8_t from[ESE_DBHEADER_BACKUP_SIZE]);

/* ---- a file on its way into a backup, from its first byte to the last */

typedef struct ese_maint_backup_file ese_maint_backup_file;

typedef struct ese_maint_backup_database {
    ese_os_file *file;        /* the database; stays the caller's and open */
    ese_dbheader fields;      /* of its header at the begin of the backup or later */
    const uint8_t *header;    /* the page they stand in: what nobody knows is copied */
    ese_log_backup_mark mark; /* generation_high is not looked at */
    /* The newest generation of the log that is durable in part; asked once, at the end. */
    ese_log_generation (*newest)(void *self);
    void *self;
} ese_maint_backup_database;

/* The copy has header pages of its own and one page more than the database. */
JET_ERR ese_maint_backup_open_database(const ese_maint_backup_database *what,
                                       ese_maint_backup_file **file_out);

/* A log that has ended. JET_errMissingFileToBackup: it is gone. */
JET_ERR ese_maint_backup_open_log(const char *path, ese_maint_backup_file **file_out);

void ese_maint_backup_close(ese_maint_backup_file **file_inout); /* NULL is fine */

uint64_t ese_maint_backup_size(const ese_maint_backup_file *file);
bool ese_maint_backup_is_read(const ese_maint_backup_file *file); /* to its end */

/* The last generation that the copy of a database needs; 0 as long as it was not read to its end. */
int32_t ese_maint_backup_high(const ese_maint_backup_file *file);

/* Everything is read in multiples of this: a page, or a segment of a log. */
uint32_t ese_maint_backup_unit(const ese_maint_backup_file *file);

/*
 * The next `n` bytes, a multiple of the unit; *n_out is less at the end, and 0 behind it. JET_errReadVerifyFailure: a page that is damaged;
 * JET_errLogReadVerifyFailure: a log that is.
 */
JET_ERR ese_maint_backup_read(ese_maint_backup_file *file, uint8_t *to, size_t n, size_t *n_out);

/* ---- a folder that JetBackup writes */

typedef enum ese_maint_backup_kind {
    ESE_MAINT_BACKUP_FULL,
    ESE_MAINT_BACKUP_ATOMIC,      /* in a folder below, which takes the place of the one before */
    ESE_MAINT_BACKUP_INCREMENTAL, /* more logs for what is there */
} ese_maint_backup_kind;

typedef struct ese_maint_backup_folder ese_maint_backup_folder;

/*
 * Errors of section 9.1: JET_errInvalidPath, JET_errBackupDirectoryNotEmpty, JET_errMakeBackupDirectoryFail, JET_errDeleteBackupFileFail. `path`: "" is the
 * current folder.
 */
JET_ERR ese_maint_backup_folder_open(const char *path, ese_maint_backup_kind kind,
                                     ese_maint_backup_folder **folder_out);

/* Told of how much was copied; an error ends the copy. NULL is fine. */
typedef struct ese_maint_backup_watcher {
    void *self;
    JET_ERR (*copied)(void *self, uint64_t n_bytes);
} ese_maint_backup_watcher;

/* Copies the file as `name`, to the disk. JET_errDatabaseDuplicate: a full backup has a file of the name already. */
JET_ERR ese_maint_backup_folder_add(ese_maint_backup_folder *folder, const char *name,
                                    ese_maint_backup_file *file,
                                    const ese_maint_backup_watcher *watcher);

/* The empty file that stands beside each database. */
JET_ERR ese_maint_backup_folder_add_patch(ese_maint_backup_folder *folder,
                                          const char *database_name);

/* Everything is there: an atomic backup takes the place of the one before. */
JET_ERR ese_maint_backup_folder_finish(ese_maint_backup_folder *folder);

/* What was not finished is deleted as far as that is possible. NULL is fine. */
void ese_maint_backup_folder_close(ese_maint_backup_folder **folder_inout);

/*
 * The folder with the files of a backup: `path`, or the one in it that JET_bitBackupAtomic has made. Freed with ese_free. JET_errFileNotFound: there is no
 * such folder, or it has no logs of base name `base`.
 */
JET_ERR ese_maint_backup_find(const char *path, const char *base, char **folder_out);
