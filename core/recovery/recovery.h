/*
 * Recovery of databases from their logs: history is repeated from the checkpoint on, then what did not commit is taken back.
 *
 * There are two ways. ese_recovery_run is for people who have files: it works in copies. ese_recovery_start is for an engine that begins to run: it works in the databases, and
 * the log goes on.
 *
 * INV-1  Recovery that ends early, wherever that is, can be begun anew and ends the same. ese_recovery_run only reads logs, checkpoint and the databases that are found; the copy
 *        ("NAME.recovering") of each database takes the name of the result when everything has succeeded: in another folder, or in the place of the database itself.
 *        ese_recovery_start logs what it does, and what it would need to take changes back, before it writes pages.
 * INV-2  Everything in logs and databases is hostile: what does not fit is an error, and memory is bounded by the transactions that are open in the log.
 *
 * Recovery specification, sections 4, 5, 7 and 9.3.
 */
#pragma once

#include "log/log_stream.h"
#include "os/os_file.h"

enum { ESE_RECOVERY_DATABASES_MAX = 32 };

typedef enum ese_recovery_map_flag { /* JET_bitRestoreMap… */
                                     ESE_RECOVERY_MAP_IGNORE_WHEN_MISSING = 1,
                                     ESE_RECOVERY_MAP_FAIL_WHEN_MISSING =
                                         2, /* at its attach already */
                                     ESE_RECOVERY_MAP_OVERWRITE_ON_CREATE = 4,
} ese_recovery_map_flag;

/* Where a database lies now. */
typedef struct ese_recovery_map {
    const char *from; /* path in the log, or the end of it; NULL: the signature of `to` tells */
    const char *to;
    uint32_t flags; /* ese_recovery_map_flag */
} ese_recovery_map;

typedef enum ese_recovery_flag {
    ESE_RECOVERY_IGNORE_MISSING_DATABASES = 1, /* JET_bitReplayIgnoreMissingDB */
    ESE_RECOVERY_WITHOUT_UNDO = 2,             /* JET_bitRecoveryWithoutUndo */
    ESE_RECOVERY_IGNORE_LOST_LOGS = 4,         /* JET_bitReplayIgnoreLostLogs */
    ESE_RECOVERY_DROP_DAMAGED_LOGS =
        8, /* JET_paramDeleteOutOfRangeLogs; only _start deletes them */
    ESE_RECOVERY_ALLOW_NEWER_LOGS = 16,
    ESE_RECOVERY_RESTORE = 32, /* databases and logs come out of a backup; no checkpoint */
    /* _start only: */
    ESE_RECOVERY_LOG_MUST_EXIST = 64,   /* JET_bitLogStreamMustExist */
    ESE_RECOVERY_REPLAY_UNMAPPED = 128, /* JET_bitReplayMissingMapEntryDB */
} ese_recovery_flag;

/*
 * Where redo ends early. A position: the last record that is repeated begins there or before; one without sector and offset is the end of its generation, as is one behind the
 * last record of it. A time: the last one stands in a segment of the log that was begun by then. Logs behind that are not looked at.
 */
typedef struct ese_recovery_stop {
    ese_lgpos lgpos; /* of generation 0: there is none */
    uint8_t time[8]; /* LOGTIME, as the log has it; zeros: there is none */
} ese_recovery_stop;

/* "generation[:sector[:offset]]" in hex digits, or "YYYY-MM-DD[ HH:MM[:SS[.mmm]]]", with T and Z where they may be. False: it is neither. */
bool ese_recovery_stop_parse(const char *text, ese_recovery_stop *stop_out);

typedef enum ese_recovery_outcome {
    ESE_RECOVERY_RECOVERED, /* out of the database that was found */
    ESE_RECOVERY_REBUILT,   /* out of the log alone, from its creation on */
    ESE_RECOVERY_CLEAN,     /* nothing was to be done */
    ESE_RECOVERY_MISSING,   /* there is no such file */
    ESE_RECOVERY_FOREIGN,   /* the file is not the database of the log */
    ESE_RECOVERY_REMOVED,   /* its creation had not ended */
} ese_recovery_outcome;

typedef struct ese_recovery_database {
    char *logged_path;
    char *source; /* NULL: there is none */
    char *result; /* NULL: no file was made */
    ese_recovery_outcome outcome;
    uint32_t gen_min_required, gen_max_required, gen_max_committed; /* of the header as found */
} ese_recovery_database;

typedef struct ese_recovery_report {
    bool has_checkpoint; /* it was there and fits */
    ese_lgpos start, end;
    int32_t gen_first, gen_last;              /* replayed; 0: none */
    int32_t gen_missing_from, gen_missing_to; /* that a database needs; 0: none */
    bool are_logs_lost;                       /* … and they were given up: warning 585 or 587 */
    bool has_stopped;                         /* where it was to stop */
    JET_ERR warning;                          /* of JetInit; 0 = none */
    uint64_t log_bytes, n_records;
    uint64_t n_page_tests, n_page_redone; /* pages that records speak of, and those changed */
    uint64_t n_committed;                 /* transactions */
    uint32_t n_rolled_back;               /* transactions */
    uint64_t n_undone;                    /* changes */
    unsigned n_databases;
    ese_recovery_database databases[ESE_RECOVERY_DATABASES_MAX];
} ese_recovery_report;

/* Who is told how far it is; false from `progress` ends recovery with JET_errTermInProgress. */
typedef struct ese_recovery_watcher {
    void *self;
    bool (*progress)(void *self, const char *phase, uint64_t done, uint64_t total);
} ese_recovery_watcher;

typedef struct ese_recovery_options {
    const char *log_folder;
    const char
        *forward_folder; /* RESTORE: of the logs that follow those of the backup; NULL: none */
    const char *system_folder; /* of the checkpoint; NULL: log_folder */
    const char *base;          /* three characters; NULL: found out */
    const char *
        database_folder; /* where databases lie that no map tells of: by file name. NULL: log_folder */
    const char *target_folder; /* of the results; NULL: in the place of the databases */
    const ese_recovery_map *maps;
    unsigned n_maps;
    uint32_t flags;         /* ese_recovery_flag */
    ese_recovery_stop stop; /* zeros: at the end of the log */
    uint32_t page_size;     /* JET_paramDatabasePageSize; 0: any */
    uint32_t log_file_size; /* bytes, JET_paramLogFileSize; 0: any */
    size_t cache_bytes;     /* 0: a default */
    uint64_t
        step_bytes; /* _start: after so much of the log, recovery that begins anew need not go back; 0: a default */
    const ese_recovery_watcher *watcher; /* NULL is fine */
} ese_recovery_options;

/*
 * Recovers all databases of the log. On an error no result was made, but for JET_errRecoveredWithoutUndo(DatabasesConsistent), and when nothing but names could not be
 * brought to the disk: then some results, which are whole, have their names. The report is filled either way, and cleared with
 * ese_recovery_report_clear. Errors: recovery specification, section 7.7.
 *
 * With options->stop the results are clean, too, and as the databases were there: what had not committed by then is taken back. JET_errRequiredLogFilesMissing:
 * a database has something in it from behind that place.
 */
JET_ERR ese_recovery_run(const ese_recovery_options *options, ese_recovery_report *report_out);
void ese_recovery_report_clear(ese_recovery_report *report);

/*
 * What JetInit does: finds the logs in options->log_folder; begins a new stream when there is none; recovers when the last run did not end cleanly: in the databases
 * themselves, so that it can be ended at any moment and begun anew, and what it takes back is logged. *stream_out is open behind all that; the caller logs Init2.
 *
 * Where databases lie: where a map says; else in options->database_folder, by file name; else at the path in the log, or, when that is one of another system, by file name in the folder
 * of the logs. With maps, what none of them tells of is passed over, unless ESE_RECOVERY_REPLAY_UNMAPPED. options->target_folder is not looked at.
 *
 * Everything that can be known from logs and headers is known before anything changes. JET_errRecoveredWithoutUndo(DatabasesConsistent): nothing has changed, if
 * the cache had room for all that was redone.
 * JET_errLogFileSizeMismatchDatabasesConsistent: the logs have another size than options->log_file_size; everything is recovered and clean, and the logs may go.
 * With options->stop nothing is taken back: JET_errRecoveredWithoutUndo when redo came there; JET_errMissingLogFile: its generation is not there.
 * The current log of another engine is kept as an archived one; the next generation is ours. report_out->warning is a warning of JetInit. Errors: recovery
 * specification, section 7.7.
 */
JET_ERR ese_recovery_start(const ese_recovery_options *options,
                           const ese_log_stream_options *stream_options,
                           ese_recovery_report *report_out, ese_log_stream **stream_out);

/*
 * The two copies of the header of a database become alike: a crash may have torn or left behind the one that does not count. To be done before either is written, for the next crash may tear
 * that one. When none of them is right nothing is written. What a process that was killed may have left in the memory of the kernel only is on the disk then, too.
 */
JET_ERR ese_recovery_mend_header(ese_os_file *file, uint32_t page_size);

/*
 * What JetRestore does once databases and logs of a backup are in their places: as above, from the oldest log on and without a checkpoint (options->flags has
 * ESE_RECOVERY_RESTORE). Afterwards the databases are clean and the log has a clean end.
 */
JET_ERR ese_recovery_restore(const ese_recovery_options *options,
                             const ese_log_stream_options *stream_options,
                             ese_recovery_report *report_out);
