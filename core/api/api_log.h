/*
 * The log of an instance: how it begins and ends a run, what it tells of databases, when checkpoints are made.
 *
 * INV-1  A header says "dirty" from the moment the record of the attach is durable, and "clean" only after the record of the detach (or the mark at the end
 *        of the run) is, with every page on the disk before that.
 * INV-2  Before anything of a generation counts as durable, the header of every database in `databases` names it.
 *
 * Locks, in the order they are taken: `order`, `list`, the header of a database. Who writes the log takes the last two with any other lock or latch held, so who
 * has them waits for nothing but the disk; `order` is held while the log is written and pages are changed.
 *
 * Recovery specification, sections 3 and 6.
 */
#pragma once

#include "api/api_database.h"
#include "api/api_private.h"
#include "log/log_stream.h"
#include "os/os_lock.h"
#include "recovery/recovery.h"

struct ese_api_log {
    ese_api_instance *instance; /* [const] */
    ese_log_stream *stream;     /* [const] since JetInit */
    ese_os_lock *log_folder;    /* [const] since JetInit */
    ese_os_lock *system_folder; /* [const] since JetInit; NULL: the same one */
    char *log_path;             /* [const] folders, seen from the root */
    char *system_path;          /* [const] */
    uint64_t file_size;         /* [const] of a log */
    uint64_t init;              /* [const] since JetInit: where this run begins in the log */

    ese_os_mutex order; /* one at a time: create, attach, detach, checkpoint, end */
    ese_os_mutex list;
    ese_api_database *databases
        [ESE_API_DATABASES_MAX];   /* [lock: list; to change it, order as well] by their slots */
    ese_log_generation generation; /* [lock: list] the newest one that headers name */

    /* ---- api_log_checkpoint.c ---- */
    ese_os_mutex wake_lock;
    ese_os_cond wake;
    bool has_thread;       /* [const] since JetInit */
    uint64_t watched_from; /* [const] since JetInit: what comes behind it is news to the program */
    bool is_ending;        /* [lock: wake] */
    bool is_wanted;        /* [lock: wake] */
    uint64_t flush_by;     /* [lock: wake] when lazy commits must be durable; 0 = nobody asked */
    _Atomic bool
        is_asleep; /* [atomic: seq_cst; a sleeper looks himself now and then, should a wake-up come too early] nothing to do until somebody commits */
    ese_os_thread thread;
};

/* ---- The run: api_log_start.c ---------------------------------------------------------------------------- */

/* What JetInit was asked for. */
typedef struct ese_api__start {
    JET_GRBIT grbit;
    const ese_recovery_map *maps;
    unsigned n_maps;
    JET_PFNSTATUS status;
    ese_recovery_stop stop;
} ese_api__start;

/* Is JET_paramRecovery "on"? */
bool ese_api__has_recovery(const ese_api_instance *instance);

/* What JET_paramLogSignature tells from now on. */
void ese_api__set_log_signature(ese_api_instance *instance, ese_signature sign);

/* Opens the log, after recovery if need be; instance->log is there from then on. Warnings of recovery are passed on. */
JET_ERR ese_api__log_open(ese_api_instance *instance, const ese_api__start *asked);

/* The run begins: the store and the cache are there. */
JET_ERR ese_api__log_begin(ese_api_log *log);

/* Ends the threads; nothing uses the databases but the caller, who ends the run next. Fine without a log. */
void ese_api__log_quiesce(ese_api_log *log);

/* Everything is on the disk and said to be. No session is left. */
JET_ERR ese_api__log_finish(ese_api_log *log);

/* NULL is fine; clears the pointer. */
void ese_api__log_close(ese_api_log **log_inout);

/* One at a time: see `order`. NULL is fine. */
void ese_api__log_lock(ese_api_log *log);
void ese_api__log_unlock(ese_api_log *log);

/* ---- Databases: api_log_database.c; database->logged is the log, and the caller holds its `order` --------------- */

/* Changes of the database, whose file is open, will be logged: it gets its number. NULL: they will not. Takes: databases. */
JET_ERR ese_api__log_join(ese_api_log *log, ese_api_database *database);

/* The record of a database that begins to be; its file is prepared. */
JET_ERR ese_api__log_create(ese_api_database *database, ese_api_session *session,
                            uint32_t n_pages_max, uint64_t *lgpos_out);

/* Its file is in its place, with the size it begins with: what header and log say of it. */
JET_ERR ese_api__log_create_header(ese_api_database *database, uint64_t lgpos);

/* It is complete. */
JET_ERR ese_api__log_create_finish(ese_api_database *database, ese_api_session *session);

/* A clean database becomes one of the stream. */
JET_ERR ese_api__log_attach(ese_api_database *database, ese_api_session *session,
                            uint32_t n_pages_max);

/* Writes its pages and says that it is clean. An error before that leaves it attached. No session has it open. */
JET_ERR ese_api__log_detach(ese_api_database *database, ese_api_session *session);

/* A database whose creation or attach did not come to its end: the log is told, its header is none of ours any more. */
void ese_api__log_give_up(ese_api_database *database, uint16_t procid);

/* No header is written for it any more when a generation begins. */
void ese_api__log_forget(ese_api_log *log, ese_api_database *database);

/* The header says clean as of a record at `lgpos`, which is durable. */
JET_ERR ese_api__log_header_clean(ese_api_log *log, ese_api_database *database, uint64_t lgpos);

/* Changes the header of a database that is at work. A failure is the end of the instance. */
JET_ERR ese_api__log_header_tell(ese_api_database *database, ese_api_header_change *change,
                                 const void *how);

/* No generation below this one is needed any more. */
JET_ERR ese_api__log_header_required(ese_api_database *database, uint32_t generation);

/* ese_log_stream_ops of the log. */
JET_ERR ese_api__log_begun(void *self, const ese_log_generation *generation);
void ese_api__log_failed(void *self, JET_ERR err);

/* The file of the database `self` is about to change its size; `order` is not held. */
JET_ERR ese_api__log_resize(void *self, ese_pgno n_before, ese_pgno n_pages);

/* ---- Checkpoints: api_log_checkpoint.c --------------------------------------------------------------------- */

JET_ERR ese_api__log_checkpoint_start(ese_api_log *log);
void ese_api__log_checkpoint_stop(ese_api_log *log);

/* A checkpoint as far on as it can be without writing pages. Holds: order. */
JET_ERR ese_api__log_checkpoint_locked(ese_api_log *log);

/* Somebody has committed: the thread has something to do. `flush_ms`: it must be durable within that time; 0: whenever. Takes no lock when the thread is awake and nothing is asked. */
void ese_api__log_nudge(ese_api_log *log, uint32_t flush_ms);
