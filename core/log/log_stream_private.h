/*
 * What the parts of the log that is written share.
 *
 * Segments in memory are numbered through all generations; number n stands in slot n mod n_slots. Slots go round: free, open (one at most), closed, written, free.
 *
 *     n_written <= closed ones < n_begun,  n_begun - n_written <= n_slots
 *
 * Who writes to the disk leads: `is_leading` is set and cleared under the mutex; in between he alone touches the members tagged [leader], and the bytes of closed
 * segments. He holds the mutex during no input or output.
 *
 * A new generation allocates nothing: a lack of memory may refuse a change, but never ends the log. The two files change places, and whoever makes the next log, the
 * thread or the leader, has the one that is shut, and `piece`, for himself: the leader waits for the thread before he takes either.
 */
#pragma once

#include "base/list.h"
#include "log/log_stream.h"
#include "os/os_file.h"
#include "os/os_thread.h"

enum {
    ESE_LOG__DATA_ROOM = ESE_LOG_SEGMENT_SIZE - ESE_LOG_SEGMENT_HEADER,
    ESE_LOG__RESERVES = 2,
    ESE_LOG__TRX_STEP = 4,      /* between numbers of transactions */
    ESE_LOG__PIECE = 64 * 1024, /* of a new log, written at once */
    ESE_LOG__GENERATION_MAX = 0x7FFFF800,
    ESE_LOG__GENERATION_MAX_URGENT = 0x7FFFFA00,
};

/* What is known of a segment in memory beside its bytes. */
typedef struct ese_log__slot {
    int32_t generation;
    uint16_t sector;
    bool is_continued; /* its last record goes on in the next segment */
    uint8_t time[8];   /* when it was begun */
} ese_log__slot;

/* A database that is attached, or was and is listed by a checkpoint yet to come. */
typedef struct ese_log__attached {
    ese_list node;
    ese_log_attachment item;
    uint8_t *name; /* what item.name borrows */
    const _Atomic uint64_t *dbtime;
    const _Atomic uint32_t *objid_last;
    uint64_t attach;   /* position of AttachDB or CreateDB; ESE_LOG__NOT_YET: still to come */
    uint64_t detached; /* of DetachDB; UINT64_MAX: it is attached */
} ese_log__attached;

#define ESE_LOG__NOT_YET (UINT64_MAX - 1)

typedef enum ese_log__spare_state {
    ESE_LOG__SPARE_NONE,
    ESE_LOG__SPARE_WANTED,
    ESE_LOG__SPARE_IN_WORK,
    ESE_LOG__SPARE_READY, /* a log full of zeros: the file that is not the current log */
} ese_log__spare_state;

/* Names of the files of a stream; [const]. */
typedef struct ese_log__names {
    const char *extension; /* ".log" or ".jtx" */
    bool has_five_digits;
    char base[4];
    char *folder; /* with its slash */
    char *current, *spare, *reserves[ESE_LOG__RESERVES], *checkpoint;
    char *archive; /* [leader] room for the path of any archive */
} ese_log__names;

struct ese_log_stream {
    uint32_t n_sectors;       /* [const] of a log */
    uint32_t page_size;       /* [const] */
    bool is_circular;         /* [const] */
    bool is_spare_made_ahead; /* [const] by a thread */
    ese_signature sign;       /* [const] */
    ese_log_params params;    /* [const] paths borrow from the next two */
    char *system_path;        /* [const] */
    char *log_path;           /* [const] */
    ese_log_stream_ops ops;   /* [const] */
    ese_os_gate *gate;        /* [const] entered with no mutex held */
    uint64_t n_slots;         /* [const] */
    uint8_t *bytes;           /* [const] of all slots */
    ese_log__slot *slots;     /* [lock: mutex, or leader when closed] */
    ese_log__names names;

    ese_os_mutex mutex;
    ese_os_cond change;    /* a slot is free, a batch has ended, a spare log is ready, … */
    ese_os_cond rounds[2]; /* those who wait for the flush of an even, an odd number */
    _Atomic uint32_t n_waiting[2]; /* [lock: mutex to write; atomic: relaxed] on each of them */
    uint64_t round;                /* [lock: mutex] number of the last flush that has begun */
    uint64_t round_end;            /* [lock: mutex] what it makes durable, if it is one that does */
    uint32_t n_served;             /* [lock: mutex] by the last flush, with who led it */
    uint32_t n_skips;      /* [lock: mutex] flushes before which nobody is waited for, and */
    uint32_t n_skips_left; /* [lock: mutex] how many of them are still to come */
    uint64_t flush_ns;     /* [lock: mutex] what flushes take of late */
    bool is_leading;       /* [lock: mutex] */
    bool is_busy;          /* [lock: mutex] a batch waits for room in its middle */

    int32_t generation; /* [lock: mutex] into which records go */
    uint32_t sector;    /* [lock: mutex] begun last; 0: none in this generation */
    size_t at;          /* [lock: mutex] next byte in it; ESE_LOG_SEGMENT_SIZE: closed, or full */
    uint8_t *segment;   /* [lock: mutex] its bytes */
    _Atomic uint64_t n_begun;     /* [atomic: relaxed; written under the mutex] */
    _Atomic uint64_t n_written;   /* [atomic: relaxed; written under the mutex] */
    _Atomic uint64_t tip;         /* [atomic: release by who appends, acquire by who asks] */
    _Atomic uint64_t durable;     /* [atomic: release by the leader, acquire by who asks] */
    _Atomic JET_ERR failed;       /* [atomic: release by the leader, acquire by all] once */
    _Atomic bool is_disk_full;    /* [atomic: relaxed: a hint to who appends] */
    _Atomic uint32_t trx;         /* [atomic: relaxed: a counter] */
    ese_log_generation begun;     /* [lock: mutex] */
    int32_t depth_max;            /* [const] generations */
    int64_t shallow_until;        /* [lock: mutex] up to there nothing lies too far behind */
    ese_list attached;            /* [lock: mutex] of ese_log__attached */
    uint64_t detach_positions[7]; /* [lock: mutex] of the last DetachDB of each database */

    ese_os_file *files[2];               /* [const] of this generation and the next, in turn */
    uint8_t *piece;                      /* [who makes the next log] ESE_LOG__PIECE bytes */
    ese_os_file *file;                   /* [leader] the current log: one of files */
    ese_log_generation last;             /* [leader] its number and time */
    uint8_t flags_past;                  /* [leader] of the headers before: 4 = was circular */
    uint64_t checksum;                   /* [leader] of its segments so far */
    uint32_t n_unsynced;                 /* [leader] segments written since the last sync */
    uint64_t written;                    /* [leader] what a sync makes durable */
    uint8_t header[ESE_LOG_HEADER_SIZE]; /* [leader] */

    ese_log__spare_state spare_state; /* [lock: mutex] */
    bool is_spare_wanted;             /* [lock: mutex] the next generation has asked */
    bool has_thread, is_closing;      /* [lock: mutex] */
    ese_os_thread thread;

    ese_os_mutex checkpoint_mutex; /* taken before `mutex` */
    ese_os_file *checkpoint_file;  /* [lock: checkpoint_mutex] */
    _Atomic uint64_t checkpoint; /* [atomic: release under checkpoint_mutex, acquire by who asks] */
    _Atomic int32_t oldest;      /* [atomic: relaxed; a number that orders nothing] */
    int32_t held;                /* [lock: checkpoint_mutex] logs from here on stay; 0: none */
    ese_log_backup_marks backup; /* [lock: checkpoint_mutex] */
    uint8_t checkpoint_bytes[ESE_LOG_CHECKPOINT_SIZE]; /* [lock: checkpoint_mutex] */
};

static inline uint64_t
ese_log__position(int32_t generation, uint32_t sector, size_t offset)
{
    return ese_log_lgpos_number((ese_lgpos){(uint16_t)offset, (uint16_t)sector, generation});
}

/* ---- log_stream.c: segments in memory; the mutex is held */

/* Fills up the segment that is open, so that it can be written. */
void ese_log__close_segment(ese_log_stream *stream);

/* A new generation begins with the next record; the old one takes none any more. */
void ese_log__switch_generation(ese_log_stream *stream);

/* ---- log_stream_flush.c */

/*
 * Writes all closed segments; with `is_sync` closes the open one, too, and makes all durable. The mutex is held, and released in between; nobody leads. A failure is
 * that of the log: JET_errLogWriteFail.
 */
JET_ERR ese_log__lead(ese_log_stream *stream, bool is_sync);

/* Wakes who waits for a flush that has ended: those it has served, if any, and one of the others. The mutex is held. */
void ese_log__wake(ese_log_stream *stream, bool is_served);

/* JET_errLogWriteFail when the log has failed. */
JET_ERR ese_log__check(const ese_log_stream *stream);

/* ---- log_stream_files.c */

/*
 * Chooses the names and finds what is there: *current_out (freed by the caller): path of the current log, NULL: none; stream->oldest: of the archives, 0: none.
 */
JET_ERR ese_log__open_folder(ese_log_stream *stream, const ese_log_stream_options *options,
                             char **current_out);
/* Deletes temp logs and the reserves of old. Nobody else uses the logs: what is open for writing here says so. */
JET_ERR ese_log__clean_folder(ese_log_stream *stream);
void ese_log__names_clear(ese_log__names *names);

/* Default path of an archived generation; freed with ese_free. */
JET_ERR ese_log__archive_path(const ese_log__names *names, int32_t generation, char **path_out);

/* [leader] The generation behind stream->last begins on the disk, and `begun` was told. The mutex is not held. */
JET_ERR ese_log__begin_generation(ese_log_stream *stream);

/* Wants a spare log if it is time: [leader]; the mutex is held. */
void ese_log__want_spare(ese_log_stream *stream);

/* Ends the thread and removes the spare log. */
void ese_log__close_spare(ese_log_stream *stream);

/* Makes the reserve logs that are missing: JET_errDiskFull. */
JET_ERR ese_log__make_reserves(ese_log_stream *stream);

/* Tries to end a time of a full disk. The mutex is held, and released in between; nobody leads. */
void ese_log__refill(ese_log_stream *stream);

/* Writes a segment back that its reader has repaired, or found in the copy behind it. `work` has room for two segments. */
JET_ERR ese_log__repair(ese_os_file *file, int32_t generation, uint32_t sector, uint8_t *work);

/* Writes zeros wherever the file has none, from a sector on, and brings them to the disk. */
JET_ERR ese_log__wipe(ese_os_file *file, uint32_t sector, uint8_t *work, size_t work_size);

/* ---- log_stream_point.c */

/* Those attached at `position`; names are borrowed, valid under the mutex, which is held. False: too many. */
bool ese_log__list_attached(ese_log_stream *stream, uint64_t position,
                            ese_log_attachments *list_out);
/* AttachDB or CreateDB of the database stands there; the mutex is held. */
void ese_log__note_attach(ese_log_stream *stream, uint8_t dbid, uint64_t position);
void ese_log__clear_attached(ese_log_stream *stream);

/* What an older checkpoint of this stream says is taken over, if it is not above `end`. */
void ese_log__load_checkpoint(ese_log_stream *stream, uint64_t end);
