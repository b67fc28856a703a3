/*
 * Additions of ese to the Jet API. Everything here has the prefix ese_ or ESE_; nothing here is
 * needed to port a program written for esent.h.
 */
#pragma once

#include "esent.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Options of JetAttachDatabase. */

/*
 * Attach as a reader only: read-only, whatever the page size of the file (JET_paramDatabasePageSize need not match), and beside
 * other instances that read the same file.
 */
#define ESE_bitDbReader 0x20000000u

/*
 * Read a dirty or damaged file as far as it can be trusted; implies ESE_bitDbReader. What cannot be trusted is left
 * out and told by ese_get_problem; nothing is guessed.
 */
#define ESE_bitDbReadDamaged 0x10000000u

/*
 * Option of JetSetColumn and JetSetColumns within an insert: gives an autoincrement column the value of the caller, as a copy of
 * a record needs it. Records inserted without one get larger numbers.
 */
#define ESE_bitSetAutoincrement 0x40000000u

/* ---- Instances
 * ---------------------------------------------------------------------------------------- */

/*
 * The page size of the databases that one instance creates or attaches for change: JET_paramDatabasePageSize, which is the
 * same for the whole process, is not asked then. Between JetCreateInstance and JetInit. JET_errAlreadyInitialized,
 * JET_errInvalidParameter, JET_errInvalidInstance.
 */
ESE_API JET_ERR ese_set_page_size(JET_INSTANCE instance, uint32_t page_size);

/* ---- Errors
 * ------------------------------------------------------------------------------------------- */

/*
 * One sentence about the last error of the calling thread, naming file and page where there are
 * any. `err` is the code that the call returned. Valid until the next call of this thread; never
 * NULL; UTF-8.
 */
ESE_API const char *ese_error_text(JET_ERR err);

/* "JET_errKeyDuplicate", or NULL for a code outside the documented list. */
ESE_API const char *ese_error_name(JET_ERR err);

/* Leaf category of an error, JET_errcatUnknown for a code outside the documented list. */
ESE_API JET_ERRCAT ese_error_category(JET_ERR err);

/* Calls `visit` for every documented code, for bindings that make a class or a field of each. */
ESE_API void ese_error_list(void *context,
                            void (*visit)(void *context, JET_ERR err, const char *name,
                                          JET_ERRCAT category, const char *text));

/* ---- Reading rows without copying
 * ------------------------------------------------------------------- */

typedef struct ese_value {
    const void *data;
    uint32_t size;      /* bytes at `data` */
    uint32_t full_size; /* bytes of the whole value: larger than `size` when value_limit cut it */
} ese_value;

typedef struct ese_column {
    JET_COLUMNID columnid;   /* in: a column of the table */
    uint32_t n_values;       /* out: 0 = NULL, 1 for most columns, more for multi-valued ones */
    const ese_value *values; /* out: valid until the next call with this cursor */
} ese_column;

/*
 * All values of the given columns of the current record, defaults included, decompressed, long
 * values up to `value_limit` bytes each (0 = no limit). Data is as JetRetrieveColumn gives it.
 * JET_errNoCurrentRecord and the errors of JetRetrieveColumn.
 */
ESE_API JET_ERR ese_get_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit,
                            ese_column *columns, uint32_t n_columns);

/*
 * JetMove(JET_MoveNext) and ese_get_row in one call, for scans. JET_errNoCurrentRecord at the end. Other errors of ese_get_row leave the cursor on the record they
 * are about.
 */
ESE_API JET_ERR ese_next_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit,
                             ese_column *columns, uint32_t n_columns);

/* ---- Columns of a table
 * ------------------------------------------------------------------------------ */

/* Text is UTF-8; name and default value are valid until the cursor is closed. */
typedef struct ese_column_info {
    const char *name;
    const void *default_value; /* NULL without one */
    uint32_t default_size;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint32_t cp;
    uint32_t size_max; /* bytes, 0 = no limit */
    JET_GRBIT grbit;
} ese_column_info;

/*
 * The columns of a table in ascending order of their ids: the first `room` of them, and how many there are. What
 * JET_ColInfoList tells, without its temporary table, which costs much where there are thousands. JET_errIllegalOperation
 * for a temporary table.
 */
ESE_API JET_ERR ese_list_columns(JET_SESID sesid, JET_TABLEID tableid, ese_column_info *columns,
                                 uint32_t room, uint32_t *n_columns_out);

/* ---- Damaged databases
 * ------------------------------------------------------------------------------ */

typedef struct ese_problem {
    uint32_t pgno;  /* page that was left out, 0 when the problem is not one of a page */
    JET_ERR err;    /* why */
    char text[256]; /* one sentence, UTF-8 */
} ese_problem;

/*
 * Problem number `index` (from 0) met so far in a database opened with ESE_bitDbReadDamaged, in the
 * order met, each page once. JET_errRecordNotFound when there is none of that number.
 */
ESE_API JET_ERR ese_get_problem(JET_SESID sesid, JET_DBID dbid, uint32_t index,
                                ese_problem *problem_out);

/* ---- Recovery without an instance
 * ---------------------------------------------------------------------- */

/* A database that lies elsewhere than its log says. */
typedef struct ese_recover_map {
    const char *logged; /* its path in the log, or the end of it; NULL: its signature tells */
    const char *path;
} ese_recover_map;

/* Options of ese_recover. */
#define ESE_bitRecoverInPlace       0x00000001u /* the results take the place of the databases */
#define ESE_bitRecoverIgnoreMissing 0x00000002u /* go on without databases that are missing */
/* Without the last logs, if no database needs them; what was committed in them is lost: JET_wrnCommittedLogFilesLost. */
#define ESE_bitRecoverIgnoreLostLogs 0x00000004u
#define ESE_bitRecoverDropDamaged    0x00000008u /* with it: damaged logs, too */
#define ESE_bitRecoverNewer          0x00000010u /* read logs that are newer than what is known */
#define ESE_bitRecoverWithoutUndo    0x00000020u /* leave what did not commit, and the state dirty */
#define ESE_bitRecoverBackup         0x00000040u /* databases and logs are a backup */

typedef struct ese_recover_options {
    const char *source;    /* folder of the databases, or one database of it */
    const char *logs;      /* folder; NULL: that of the source. Of a backup: those that follow it */
    const char *system;    /* folder of the checkpoint; NULL: that of the logs */
    const char *databases; /* folder of those that no map tells of; NULL: that of the source */
    const char *base; /* three characters that the names of the logs begin with; NULL: found out */
    const char *
        target; /* folder of the results, made when there is none; NULL: "recovered" in that of the source */
    /*
     * Where it ends, NULL: where the logs do. A position as `ese log` shows them, "generation[:sector[:offset]]" in hex digits: the last record that counts, or the generation. Or a
     * time as in the logs, "YYYY-MM-DD[ HH:MM[:SS[.mmm]]]", nearly always UTC: the last segment of the log that counts was begun by then. Results are as the databases were there,
     * clean. JET_errRequiredLogFilesMissing: a database has changes from behind that place; it takes an older copy, such as a backup.
     */
    const char *until;
    const ese_recover_map *maps;
    uint32_t n_maps;
    JET_GRBIT grbit;      /* ESE_bitRecover... */
    uint64_t cache_bytes; /* memory for pages; 0: a default */
    /* Told now and then how far it is; a negative answer ends recovery with JET_errTermInProgress. NULL is fine. */
    JET_ERR (*progress)(void *context, const char *phase, uint64_t done, uint64_t total);
    void *context;
} ese_recover_options;

typedef enum ese_recover_outcome {
    ESE_recoverDone = 0,    /* recovered out of the database that was found */
    ESE_recoverRebuilt = 1, /* made from the log alone, from its creation on */
    ESE_recoverClean = 2,   /* nothing was to be done */
    ESE_recoverMissing = 3, /* there is no such file */
    ESE_recoverForeign = 4, /* the file is not the database of the log */
    ESE_recoverRemoved = 5, /* its creation had not ended */
} ese_recover_outcome;

typedef struct ese_recover_database {
    const char *logged; /* its path in the log */
    const char *source; /* NULL: there was none */
    const char *result; /* NULL: no file was made */
    ese_recover_outcome outcome;
    uint32_t min_required, max_required, max_committed; /* generations; of the header as found */
} ese_recover_database;

typedef struct ese_recover_report {
    uint32_t first, last;                /* generations that were replayed; 0: none */
    uint32_t missing_from, missing_to;   /* generations that a database needs; 0: none */
    JET_ERR warning;                     /* JET_wrnCommittedLogFilesLost or ...Removed; 0: none */
    int32_t has_checkpoint;              /* 1: it was there and fits */
    int32_t has_stopped;                 /* 1: at `until`, not at the end of the logs */
    uint64_t log_bytes, n_records;       /* read */
    uint64_t n_pages, n_pages_changed;   /* that records tell of */
    uint64_t n_committed, n_rolled_back; /* transactions */
    uint64_t n_undone;                   /* changes of those rolled back */
    uint32_t n_databases;
    const ese_recover_database *databases;
} ese_recover_report;

/*
 * Brings databases that were not shut down up to date from their logs, in a copy of each: logs and databases are only read, unless
 * ESE_bitRecoverInPlace says otherwise; a folder of results where one would replace a database that is only read is refused with
 * JET_errInvalidParameter. Results are clean, and are there all or not at all. With ESE_bitRecoverWithoutUndo it
 * ends with JET_errRecoveredWithoutUndo. Paths are UTF-8. The report is given after errors of the recovery itself, too; `report_out`
 * may be NULL. Errors are those of JetInit.
 */
ESE_API JET_ERR ese_recover(const ese_recover_options *options, ese_recover_report **report_out);

/* NULL is fine; clears the pointer. */
ESE_API void ese_recover_free(ese_recover_report **report_inout);

/* ---- Fault injection
 * --------------------------------------------------------------------------------- */

/* What can be made to fail, so that a program can test how it copes. */
typedef enum ese_fault_kind {
    ESE_faultAlloc = 0,    /* an allocation: JET_errOutOfMemory */
    ESE_faultOpen = 1,     /* the opening of a file: JET_errFileAccessDenied */
    ESE_faultRead = 2,     /* a read of a file: JET_errDiskIO */
    ESE_faultFatal = 3,    /* the next call of a session: its instance becomes unavailable */
    ESE_faultTerm = 4,     /* JetTerm waits, once begun, until disarmed */
    ESE_faultWrite = 5,    /* a write of a file: JET_errDiskIO */
    ESE_faultDiskFull = 6, /* the growth of a file: JET_errDiskFull */
    ESE_faultSync = 7,     /* bringing a file to the disk: JET_errDiskIO */
} ese_fault_kind;

/*
 * The `nth` passage (1 = the next one) fails, and with `repeat` all later ones too; 0 disarms.
 * Process-wide, for tests. JET_errInvalidParameter for an unknown kind.
 */
ESE_API JET_ERR ese_fault_arm(ese_fault_kind kind, uint64_t nth, int repeat);

/* Memory blocks the library holds at this moment; equal before and after means that nothing leaked.
 */
ESE_API int64_t ese_live_allocations(void);

#ifdef __cplusplus
}
#endif
