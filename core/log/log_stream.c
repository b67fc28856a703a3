/*
 * Records on their way into segments in memory.
 *
 * INV-1  Appending does no input and no output while there is a free slot, and allocates nothing.
 * INV-2  A record is in one generation. Whether a generation has room for it is known before its first byte is placed.
 * INV-3  Behind a segment that was closed for a flush the next record begins a new one.
 */
#include "log/log_stream_private.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "log/log_time.h"

enum {
    BEGIN_HEAD = 7, /* FragmentBegin: type, size of all, size of this piece */
    PIECE_HEAD = 3, /* Fragment: type, size of this piece */
    NOP2_HEAD = 5,
    PIECE_ROOM_MIN = 32, /* with less room left a record is not begun */
    PIECE_MAX = ESE_LOG__DATA_ROOM - PIECE_HEAD,
    ENTRY_ON_STACK = 512,
    DEPTH_LEFT = 16, /* generations, for what ends something */
    RECORD_DBID = 3, /* where the number of the database stands in CreateDB, AttachDB, DetachDB */
};

/* ---- segments; the mutex is held */

void
ese_log__close_segment(ese_log_stream *stream)
{
    size_t rest = ESE_LOG_SEGMENT_SIZE - stream->at;
    uint8_t *to;

    if (rest == 0)
        return;
    to = stream->segment + stream->at;
    memset(to, 0, rest);
    if (rest >= NOP2_HEAD) {
        to[0] = ESE_LOG_NOP2;
        ese_store_le32(to + 1, (uint32_t)(rest - NOP2_HEAD));
    }
    stream->at = ESE_LOG_SEGMENT_SIZE;
}

void
ese_log__switch_generation(ese_log_stream *stream)
{
    ese_log__close_segment(stream);
    stream->generation++;
    stream->sector = 0;
}

static uint64_t
load(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Keeps all others from appending until the batch has ended. */
static JET_ERR
wait_for_slot(ese_log_stream *stream)
{
    JET_ERR err = JET_errSuccess;

    while (load(&stream->n_begun) - load(&stream->n_written) == stream->n_slots) {
        stream->is_busy = true;
        ESE_TRY(ese_log__check(stream));
        if (stream->is_leading)
            ese_os_cond_wait(&stream->change, &stream->mutex);
        else
            ESE_TRY(ese_log__lead(stream, false));
    }
out:
    return err;
}

/* The next segment of the generation, which has one. What is open is full. */
static JET_ERR
open_segment(ese_log_stream *stream)
{
    uint64_t slot;
    JET_ERR err;

    ESE_TRY(wait_for_slot(stream));
    slot = load(&stream->n_begun) % stream->n_slots;
    stream->sector++;
    stream->at = ESE_LOG_SEGMENT_HEADER;
    stream->segment = stream->bytes + slot * ESE_LOG_SEGMENT_SIZE;
    stream->slots[slot] = (ese_log__slot){
        .generation = stream->generation,
        .sector = (uint16_t)stream->sector,
    };
    ese_log_time_now(stream->slots[slot].time);
    atomic_store_explicit(&stream->n_begun, load(&stream->n_begun) + 1, memory_order_relaxed);
out:
    return err;
}

/* Where records of these sizes would end if they came now: false when not in this generation. */
static bool
step(const ese_log_stream *stream, uint32_t *sector_inout, size_t *at_inout, size_t size)
{
    size_t room = ESE_LOG_SEGMENT_SIZE - *at_inout, n_more;

    if (room < size && room < PIECE_ROOM_MIN) {
        ++*sector_inout;
        *at_inout = ESE_LOG_SEGMENT_HEADER;
        room = ESE_LOG__DATA_ROOM;
    }
    if (size <= room) {
        *at_inout += size;
    } else {
        size -= room - BEGIN_HEAD;
        n_more = (size + PIECE_MAX - 1) / PIECE_MAX;
        *sector_inout += (uint32_t)n_more;
        *at_inout =
            ESE_LOG_SEGMENT_HEADER + PIECE_HEAD * (size_t)1 + (size - (n_more - 1) * PIECE_MAX);
    }
    return *sector_inout <= stream->n_sectors - 2; /* the last one is for no data */
}

static bool
has_room(const ese_log_stream *stream, size_t size)
{
    uint32_t sector = stream->sector;
    size_t at = stream->at;

    return step(stream, &sector, &at, size);
}

static void
put(ese_log_stream *stream, const uint8_t *bytes, size_t n)
{
    memcpy(stream->segment + stream->at, bytes, n);
    stream->at += n;
}

/* The rest of a record, in pieces. */
static JET_ERR
put_pieces(ese_log_stream *stream, const uint8_t *bytes, size_t size)
{
    size_t n = ESE_LOG_SEGMENT_SIZE - stream->at - BEGIN_HEAD;
    uint8_t head[BEGIN_HEAD];
    JET_ERR err = JET_errSuccess;

    head[0] = ESE_LOG_FRAGMENT_BEGIN;
    ese_store_le32(head + 1, (uint32_t)size);
    ese_store_le16(head + 5, (uint16_t)n);
    put(stream, head, BEGIN_HEAD);
    put(stream, bytes, n);
    for (bytes += n, size -= n; size != 0; bytes += n, size -= n) {
        stream->slots[(load(&stream->n_begun) - 1) % stream->n_slots].is_continued = true;
        ESE_TRY(open_segment(stream));
        n = size < PIECE_MAX ? size : PIECE_MAX;
        head[0] = ESE_LOG_FRAGMENT;
        ese_store_le16(head + 1, (uint16_t)n);
        put(stream, head, PIECE_HEAD);
        put(stream, bytes, n);
    }
out:
    return err;
}

/* CreateDB, AttachDB, DetachDB. */
static void
note_attachment(ese_log_stream *stream, const uint8_t *bytes, size_t size, uint64_t lgpos)
{
    uint8_t dbid = size > RECORD_DBID ? bytes[RECORD_DBID] : 0;

    if (dbid == 0 || dbid > ESE_LOG_MAX_DATABASES)
        return;
    if (bytes[0] == ESE_LOG_DETACH_DB)
        stream->detach_positions[dbid] = lgpos;
    else
        ese_log__note_attach(stream, dbid, lgpos);
}

static JET_ERR
place(ese_log_stream *stream, const uint8_t *bytes, size_t size, uint64_t *lgpos_out)
{
    uint64_t lgpos;
    JET_ERR err = JET_errSuccess;

    if (!has_room(stream, size))
        ese_log__switch_generation(stream);
    if (ESE_LOG_SEGMENT_SIZE - stream->at < size &&
        ESE_LOG_SEGMENT_SIZE - stream->at < PIECE_ROOM_MIN) {
        if (stream->at < ESE_LOG_SEGMENT_SIZE)
            memset(stream->segment + stream->at, 0, ESE_LOG_SEGMENT_SIZE - stream->at);
        stream->at = ESE_LOG_SEGMENT_SIZE;
        ESE_TRY(open_segment(stream));
    }
    lgpos = ese_log__position(stream->generation, stream->sector,
                              stream->at == ESE_LOG_SEGMENT_HEADER ? 0 : stream->at);
    if (bytes[0] >= ESE_LOG_CREATE_DB && bytes[0] <= ESE_LOG_DETACH_DB)
        note_attachment(stream, bytes, size, lgpos);
    if (size <= ESE_LOG_SEGMENT_SIZE - stream->at)
        put(stream, bytes, size);
    else
        ESE_TRY(put_pieces(stream, bytes, size));
    *lgpos_out = lgpos;
out:
    return err;
}

/* ---- appending */

/* Near the last generation that can be: whether the batch still fits. */
static JET_ERR
check_sequence(const ese_log_stream *stream, const ese_log_batch *batch)
{
    int32_t max = batch->is_urgent ? ESE_LOG__GENERATION_MAX_URGENT : ESE_LOG__GENERATION_MAX;
    int32_t generation = stream->generation;
    uint32_t sector = stream->sector;
    size_t at = stream->at;

    for (unsigned i = 0; i < batch->n && generation <= max; i++) {
        if (!step(stream, &sector, &at, batch->sizes[i])) {
            generation++;
            sector = 0;
            at = ESE_LOG_SEGMENT_SIZE;
            (void)step(stream, &sector, &at, batch->sizes[i]);
        }
    }
    if (generation > max)
        return ese_raise(JET_errLogSequenceEnd, "the log has come to its last generation");
    return JET_errSuccess;
}

static int32_t
generation_of(uint64_t position)
{
    return ese_log_lgpos_of(position).generation;
}

/* Whether the checkpoint, or the begin of the transaction, lies too far behind for more than what ends something. */
static JET_ERR
check_depth(ese_log_stream *stream, const ese_log_batch *batch)
{
    int32_t max = stream->depth_max - (batch->is_commit ? DEPTH_LEFT / 2 : DEPTH_LEFT);
    int32_t checkpoint;

    if (stream->generation <= stream->shallow_until)
        return JET_errSuccess;
    checkpoint = generation_of(ese_log_stream_checkpoint(stream));
    stream->shallow_until = (int64_t)checkpoint + stream->depth_max / 2;
    if (batch->is_urgent)
        return JET_errSuccess;
    if (stream->generation - checkpoint > max)
        return ese_raise(JET_errCheckpointDepthTooDeep,
                         "%s: the checkpoint is %d generations behind", stream->names.current,
                         (int)(stream->generation - checkpoint));
    if (batch->begun != 0 &&
        stream->generation - generation_of(batch->begun) > stream->depth_max / 2)
        return ese_raise(
            JET_errTransactionTooLong, "%s: the transaction has been open for %d generations",
            stream->names.current, (int)(stream->generation - generation_of(batch->begun)));
    return JET_errSuccess;
}

/* Whether records of this batch may come; nobody else's batch is in its middle then. */
static JET_ERR
admit(ese_log_stream *stream, const ese_log_batch *batch)
{
    const size_t max = (size_t)(stream->n_sectors - 2) * PIECE_MAX - BEGIN_HEAD;
    JET_ERR err;

    while (stream->is_busy)
        ese_os_cond_wait(&stream->change, &stream->mutex);
    ESE_TRY(ese_log__check(stream));
    if (!batch->is_urgent && atomic_load_explicit(&stream->is_disk_full, memory_order_relaxed)) {
        err = ese_raise(JET_errLogDiskFull, "%s: the disk is full", stream->names.current);
        goto out;
    }
    for (unsigned i = 0; i < batch->n; i++) {
        if (batch->sizes[i] > max) {
            err = ese_raise(JET_errLogBufferTooSmall,
                            "a record of %u bytes has no room in a log of %u segments",
                            (unsigned)batch->sizes[i], (unsigned)stream->n_sectors);
            goto out;
        }
    }
    if (stream->generation >= ESE_LOG__GENERATION_MAX - (int32_t)ESE_LOG_BATCH_MAX)
        ESE_TRY(check_sequence(stream, batch));
    ESE_TRY(check_depth(stream, batch));
out:
    return err;
}

static JET_ERR
place_all(ese_log_stream *stream, ese_log_batch *batch)
{
    const uint8_t *bytes = batch->bytes;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < batch->n; i++) {
        ESE_TRY(place(stream, bytes, batch->sizes[i], &batch->lgpos[i]));
        bytes += batch->sizes[i];
    }
    batch->end = ese_log__position(stream->generation, stream->sector, stream->at);
    if (batch->placed != NULL)
        batch->placed(batch->self, batch);
    /* Release: who knows the new tip (ese_log_stream_tip) sees what `placed` has noted. */
    atomic_store_explicit(&stream->tip, batch->end, memory_order_release);
out:
    return err;
}

static _Thread_local ese_log_counters counters;

static void
count(const ese_log_batch *batch)
{
    counters.n_records += batch->n;
    for (unsigned i = 0; i < batch->n; i++)
        counters.n_bytes += batch->sizes[i];
}

ese_log_counters
ese_log_thread_counters(void)
{
    return counters;
}

JET_ERR
ese_log_stream_append(ese_log_stream *stream, ese_log_batch *batch)
{
    JET_ERR err;

    ese_os_mutex_lock(&stream->mutex);
    ESE_TRY(admit(stream, batch));
    err = place_all(stream, batch);
    if (err >= JET_errSuccess)
        count(batch);
    if (stream->is_busy) {
        stream->is_busy = false;
        ese_os_cond_broadcast(&stream->change);
    }
out:
    ese_os_mutex_unlock(&stream->mutex);
    return err;
}

/* What ends something goes into the log even when the disk is full. */
static bool
is_urgent(ese_log_type type)
{
    return type == ESE_LOG_ROLLBACK || type == ESE_LOG_FREE_TREE || type == ESE_LOG_DETACH_DB ||
           type == ESE_LOG_SHUT_DOWN_MARK || type == ESE_LOG_TERM2 ||
           type == ESE_LOG_RECOVERY_QUIT2;
}

JET_ERR
ese_log_stream_append_entry(ese_log_stream *stream, const ese_log_entry *entry, uint64_t *lgpos_out,
                            uint64_t *end_out)
{
    uint8_t few[ENTRY_ON_STACK], *bytes = few, *many = NULL;
    uint32_t size = (uint32_t)ese_log_record_encoded_size(entry);
    /* Not cleared: it has room for many positions, and every commit comes here. */
    ese_log_batch batch;
    JET_ERR err = JET_errSuccess;

    if (size > sizeof few) {
        ESE_TRY(ese_alloc(size, &many));
        bytes = many;
    }
    ese_log_record_encode(entry, bytes);
    batch.bytes = bytes;
    batch.sizes = &size;
    batch.n = 1;
    batch.is_urgent = is_urgent(entry->type);
    batch.is_commit = entry->type == ESE_LOG_COMMIT || entry->type == ESE_LOG_COMMIT0;
    batch.begun = 0;
    batch.placed = NULL;
    batch.self = NULL;
    ESE_TRY(ese_log_stream_append(stream, &batch));
    if (lgpos_out != NULL)
        *lgpos_out = batch.lgpos[0];
    if (end_out != NULL)
        *end_out = batch.end;
out:
    ese_free(&many);
    return err;
}

JET_ERR
ese_log_stream_write_entry(ese_log_stream *stream, const ese_log_entry *entry, uint64_t *lgpos_out)
{
    uint64_t lgpos = 0, end = 0;
    JET_ERR err;

    ESE_TRY(ese_log_stream_append_entry(stream, entry, &lgpos, &end));
    ESE_TRY(ese_log_stream_wait(stream, end));
    *lgpos_out = lgpos;
out:
    return err;
}

uint64_t
ese_log_stream_tip(ese_log_stream *stream)
{
    /* Acquire: matches place_all. */
    return atomic_load_explicit(&stream->tip, memory_order_acquire);
}

uint32_t
ese_log_stream_next_trx(ese_log_stream *stream)
{
    uint32_t trx = 0;

    while (trx == 0) /* which means none */
        trx = atomic_fetch_add_explicit(&stream->trx, ESE_LOG__TRX_STEP, memory_order_relaxed) +
              ESE_LOG__TRX_STEP;
    return trx;
}

ese_signature
ese_log_stream_signature(const ese_log_stream *stream)
{
    return stream->sign;
}

ese_log_generation
ese_log_stream_generation(ese_log_stream *stream)
{
    ese_log_generation begun;

    ese_os_mutex_lock(&stream->mutex);
    begun = stream->begun;
    ese_os_mutex_unlock(&stream->mutex);
    return begun;
}
