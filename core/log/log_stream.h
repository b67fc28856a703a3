/*
 * The log of an instance while it is written: records in segments, one flush for many commits, one generation after another.
 *
 * INV-1  A record has its position from the moment it is appended. What is durable is always a beginning of the stream.
 * INV-2  A segment is written once, whole: a flush fills up the last one. Between two syncs at most ESE_LOG_STREAM_UNSYNCED segments are written, so whatever a crash
 *        tears lies that close to the end of what was written; the reader counts on it (ese_log_scan).
 * INV-3  Nothing in a generation counts as durable before `begun` has returned for it: the headers of the databases know of it by then.
 * INV-4  When the log fails, everything that waits or comes later gets JET_errLogWriteFail.
 *
 * Locks: appending takes one mutex, which is held for no input or output. Appending waits for the disk only when all buffers are full; ese_log_stream_relieve,
 * called where no latch is held, sees to it that they are not.
 *
 * Log specification, sections 3, 8 and 9; recovery specification, sections 2 and 6.
 */
#pragma once

#include "log/log_file.h"
#include "os/os_gate.h"

#include <stdatomic.h>

typedef struct ese_log_stream ese_log_stream;

enum {
    ESE_LOG_STREAM_UNSYNCED = 256, /* segments */
    ESE_LOG_BATCH_MAX = 128,       /* records */
};

typedef struct ese_log_generation {
    int32_t number;
    uint8_t created[8];
} ese_log_generation;

typedef struct ese_log_stream_ops {
    void *self;
    /* A generation has begun on the disk: every header of an attached database must say so. Called by who flushes; may hold any lock and latch, so takes none that
     * is held by somebody who appends, waits for the log, latches or pins. Called by create and continue, too, for the generation they go on in: a crash may have
     * come in between. An error is one of the log. NULL is fine. */
    JET_ERR (*begun)(void *self, const ese_log_generation *generation);
    /* Once; as `begun`. JET_errLogDiskFull: the reserves are used up, too. */
    void (*failed)(void *self, JET_ERR err);
} ese_log_stream_ops;

typedef struct ese_log_stream_options {
    const char *folder;        /* of the logs */
    const char *system_folder; /* of the checkpoint */
    const char *base;          /* three characters */
    uint32_t file_size;        /* bytes of a log, header included: 64 KiB at least */
    uint32_t buffer_size;      /* bytes in memory; at least 256 KiB, at most a log are taken */
    uint32_t page_size;        /* of the databases */
    uint32_t names;            /* JET_paramLegacyFileNames */
    bool is_circular;
    uint32_t
        depth_max; /* generations between the checkpoint and the end; 0: as many as the original takes */
    ese_log_params params; /* for headers; paths and n_sectors are set here */
    ese_log_stream_ops ops;
    ese_os_gate *gate; /* before its files; NULL is fine */
} ese_log_stream_options;

/* Where a stream that exists goes on. */
typedef struct ese_log_stream_end {
    ese_signature sign;
    ese_log_generation last, previous; /* previous: number 0 when `last` is the first one */
    bool is_current; /* `last` is the current log and has room; false: the next generation begins */
    uint32_t next_sector; /* is_current: the first segment that is free */
    uint64_t checksum;    /* of the segments of `last` so far */
    uint32_t last_trx;    /* a number no smaller than that of any transaction so far; 0: unknown */
    /* Called before a generation begins, to list the databases that are attached (ese_log_stream_attach). NULL: there are none. */
    JET_ERR (*list)(void *self, ese_log_stream *stream);
    void *self;
} ese_log_stream_end;

/* A new stream: generation 1, a new signature. There are no logs. */
JET_ERR ese_log_stream_create(const ese_log_stream_options *options, ese_log_stream **stream_out);

/*
 * What lies behind the end in the current log (of a crash) is wiped out first. A current log that is there must be that of `last`. If it is full, of another size or of
 * another engine, the next generation begins at once. JET_errInvalidLogSequence, JET_errLogSequenceEnd. With a disk so full that there are no reserves the
 * stream takes what is urgent only.
 */
JET_ERR ese_log_stream_continue(const ese_log_stream_options *options,
                                const ese_log_stream_end *end, ese_log_stream **stream_out);

/* Writes nothing any more: flush first. NULL is fine. */
void ese_log_stream_close(ese_log_stream **stream_inout);

ese_signature ese_log_stream_signature(const ese_log_stream *stream);
ese_log_generation ese_log_stream_generation(
    ese_log_stream *stream); /* the newest one for which `begun` has returned */

/* ---- Appending */

/* Records that stand in the log one behind the other, those of nobody else between them. The caller sets the first members. */
typedef struct ese_log_batch {
    const uint8_t *bytes; /* encoded, without gaps */
    const uint32_t *sizes;
    unsigned n;
    bool is_urgent; /* rollback, end of the run: goes into the log even when the disk is full */
    bool is_commit;
    uint64_t begun; /* where the transaction begins that this belongs to; 0: nowhere yet */
    /* Called when the positions are known, before ese_log_stream_tip lets anybody know of them; takes no lock. NULL is fine. */
    void (*placed)(void *self, const struct ese_log_batch *batch);
    void *self;
    uint64_t lgpos[ESE_LOG_BATCH_MAX]; /* ese_log_lgpos_number of each record */
    uint64_t end;                      /* what ese_log_stream_wait wants for them to be durable */
} ese_log_batch;

/*
 * JET_errLogWriteFail; JET_errLogDiskFull: only urgent batches until ese_log_stream_relieve has found room; JET_errLogSequenceEnd; JET_errLogBufferTooSmall: no log has
 * room for a record. JET_errCheckpointDepthTooDeep: the checkpoint must move before anything but what is urgent comes; a commit has a little more room.
 * JET_errTransactionTooLong: the same for one that is open for half of that way. Nothing was appended, but when the log fails in the middle of a batch: then its beginning may come out of recovery.
 */
JET_ERR ese_log_stream_append(ese_log_stream *stream, ese_log_batch *batch);

/* One record, encoded here, urgent by its type; lgpos_out and end_out may be NULL. Errors as above; JET_errOutOfMemory for a record with a path or an image. */
JET_ERR ese_log_stream_append_entry(ese_log_stream *stream, const ese_log_entry *entry,
                                    uint64_t *lgpos_out, uint64_t *end_out);

/* As above, and waits until the record is durable. May block on: the disk. */
JET_ERR ese_log_stream_write_entry(ese_log_stream *stream, const ese_log_entry *entry,
                                   uint64_t *lgpos_out);

/* What the calling thread has appended, for JetGetThreadStats. */
typedef struct ese_log_counters {
    uint32_t n_records, n_bytes;
} ese_log_counters;

ese_log_counters ese_log_thread_counters(void);

/* Behind the last record appended. */
uint64_t ese_log_stream_tip(ese_log_stream *stream);

/* Number of a transaction that is about to be logged. */
uint32_t ese_log_stream_next_trx(ese_log_stream *stream);

/* ---- Durability */

bool ese_log_stream_is_durable(const ese_log_stream *stream, uint64_t end); /* takes no lock */

/*
 * Returns when everything up to `end` is durable; for the position where a record begins: all of that record, too. One of those who wait writes for all.
 * JET_errInvalidParameter: nothing stands there.
 */
JET_ERR ese_log_stream_wait(ese_log_stream *stream, uint64_t end);

JET_ERR ese_log_stream_flush(ese_log_stream *stream); /* everything appended so far */

/* Writes if so much is waiting that appending might soon have to; looks for room when the disk was full. The caller holds no latch. */
void ese_log_stream_relieve(ese_log_stream *stream);

/* A new generation begins, and all of the old one is durable. One without any record goes on. */
JET_ERR ese_log_stream_roll(ese_log_stream *stream);

/* ---- Attached databases, as the headers of logs and the checkpoint list them */

/*
 * Before the record: attachment->attach is zero, and the next CreateDB or AttachDB of this number sets it. Behind the record: where that stands. What it says of the name is
 * copied. dbtime and objid_last are read through the pointers (atomic; they outlive the attachment). */
JET_ERR ese_log_stream_attach(ese_log_stream *stream, const ese_log_attachment *attachment,
                              const _Atomic uint64_t *dbtime, const _Atomic uint32_t *objid_last);
void ese_log_stream_detach(ese_log_stream *stream, uint8_t dbid);

/* ---- Checkpoint and old logs */

/* The position from which recovery would start; never goes back. */
uint64_t ese_log_stream_checkpoint(const ese_log_stream *stream);

typedef struct ese_log_backup_marks {
    ese_lgpos checkpoint, full, incremental;
    uint8_t full_time[8], incremental_time[8];
} ese_log_backup_marks;

/* What the next checkpoint says of backups. */
void ese_log_stream_set_backup(ese_log_stream *stream, const ese_log_backup_marks *marks);

/*
 * Makes everything up to `lgpos` durable and writes the checkpoint file: both copies, one after the other. `is_end`: the run has ended cleanly, nothing is
 * attached. With circular logging the logs that nobody needs any more go.
 */
JET_ERR ese_log_stream_write_checkpoint(ese_log_stream *stream, uint64_t lgpos, bool is_end);

/* Deletes archived logs below `generation`, but none that the checkpoint needs. */
JET_ERR ese_log_stream_truncate(ese_log_stream *stream, int32_t generation);

/* No log from `generation` on is deleted, until another one is told; 0: none is kept. */
void ese_log_stream_hold(ese_log_stream *stream, int32_t generation);

/* The oldest generation that is there. */
int32_t ese_log_stream_oldest(ese_log_stream *stream);

/* Path of an archived generation (its default one, if there is none), or of the current log (0); freed with ese_free. */
JET_ERR ese_log_stream_path(const ese_log_stream *stream, int32_t generation, char **path_out);
