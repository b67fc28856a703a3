/*
 * Records on their way into segments in memory, and the life of a stream.
 *
 * INV-1  Appending does no input and no output while there is a free slot, and allocates nothing.
 * INV-2  A record is in one generation. Whether a generation has room for it is known before its first byte is placed.
 * INV-3  Behind a segment that was closed for a flush the next record begins a new one.
 */
#include "log/log_stream_private.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "log/log_file_private.h"
#include "log/log_time.h"
#include "os/os_path.h"

enum {
    BEGIN_HEAD = 7, /* FragmentBegin: type, size of all, size of this piece */
    PIECE_HEAD = 3, /* Fragment: type, size of this piece */
    NOP2_HEAD = 5,
    PIECE_ROOM_MIN = 32, /* with less room left a record is not begun */
    PIECE_MAX = ESE_LOG__DATA_ROOM - PIECE_HEAD,
    SECTORS_MIN = 16,
    SLOTS_MIN = 64,
    ENTRY_ON_STACK = 512,
    TRX_STEP = 4,
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
        trx = atomic_fetch_add_explicit(&stream->trx, TRX_STEP, memory_order_relaxed) + TRX_STEP;
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

/* ---- the life of a stream */

enum {
    AHEAD_FROM = 256 * 1024, /* logs up to this size are made when they are needed */
};

static JET_ERR
set_params(ese_log_stream *stream, const ese_log_stream_options *options)
{
    JET_ERR err;

    ESE_TRY(ese_os_path_full(options->system_folder, &stream->system_path));
    ESE_TRY(ese_os_path_full(options->folder, &stream->log_path));
    stream->params = options->params;
    stream->params.system_path =
        (ese_bytes){(const uint8_t *)stream->system_path, strlen(stream->system_path)};
    stream->params.log_path =
        (ese_bytes){(const uint8_t *)stream->log_path, strlen(stream->log_path)};
    stream->params.n_sectors = stream->n_sectors;
    if (options->is_circular)
        stream->params.flags |= 1;
out:
    return err;
}

static void
init_sync(ese_log_stream *stream)
{
    ese_os_mutex_init(&stream->mutex);
    ese_os_mutex_init(&stream->checkpoint_mutex);
    ese_os_cond_init(&stream->change);
    ese_os_cond_init(&stream->rounds[0]);
    ese_os_cond_init(&stream->rounds[1]);
    ese_list_init(&stream->attached);
}

/* Everything but what the disk says. */
static JET_ERR
make(const ese_log_stream_options *options, ese_log_stream **stream_out)
{
    uint32_t n_sectors = options->file_size / ESE_LOG_SEGMENT_SIZE;
    ese_log_stream *stream = NULL;
    JET_ERR err;

    if (n_sectors < SECTORS_MIN || n_sectors > UINT16_MAX || strlen(options->base) != 3)
        return ese_raise(JET_errInvalidParameter, "no log can have %u segments",
                         (unsigned)n_sectors);
    ESE_TRY(ese_alloc(sizeof *stream, &stream));
    init_sync(stream);
    stream->n_sectors = n_sectors;
    stream->page_size = options->page_size;
    stream->is_circular = options->is_circular;
    stream->is_spare_made_ahead = options->file_size > AHEAD_FROM;
    stream->ops = options->ops;
    stream->gate = options->gate;
    stream->n_slots = options->buffer_size / ESE_LOG_SEGMENT_SIZE;
    if (stream->n_slots < SLOTS_MIN)
        stream->n_slots = SLOTS_MIN;
    if (stream->n_slots > n_sectors - 2) /* so the reserves have room for all that is in memory */
        stream->n_slots = n_sectors - 2;
    ESE_TRY(ese_alloc(stream->n_slots * sizeof *stream->slots, &stream->slots));
    ESE_TRY(ese_alloc_aligned(stream->n_slots * ESE_LOG_SEGMENT_SIZE, ESE_LOG_SEGMENT_SIZE,
                              &stream->bytes));
    ESE_TRY(ese_alloc(ESE_LOG__PIECE, &stream->piece));
    ESE_TRY(set_params(stream, options));
    *stream_out = stream;
    stream = NULL;
out:
    ese_log_stream_close(&stream);
    return err;
}

/* Records go behind `sector` of the current log from now on. */
static void
start_at(ese_log_stream *stream, uint32_t sector)
{
    uint64_t here = ese_log__position(stream->last.number, sector, ESE_LOG_SEGMENT_SIZE);

    stream->generation = stream->last.number;
    stream->sector = sector;
    stream->at = ESE_LOG_SEGMENT_SIZE;
    stream->written = here;
    atomic_store_explicit(&stream->tip, here, memory_order_release);
    atomic_store_explicit(&stream->durable, here, memory_order_release);
}

/* Without reserves nothing but what is urgent goes into the log. */
static JET_ERR
prepare_reserves(ese_log_stream *stream)
{
    JET_ERR err = ese_log__make_reserves(stream);

    if (err != JET_errDiskFull)
        return err;
    atomic_store_explicit(&stream->is_disk_full, true, memory_order_relaxed);
    return JET_errSuccess;
}

JET_ERR
ese_log_stream_create(const ese_log_stream_options *options, ese_log_stream **stream_out)
{
    ese_log_stream *stream = NULL;
    char *current = NULL;
    bool is_begun = false;
    JET_ERR err;

    ESE_TRY(make(options, &stream));
    ESE_TRY(ese_log__open_folder(stream, options, &current));
    if (current != NULL || ese_log_stream_oldest(stream) != 0) {
        err = ese_raise(JET_errInvalidLogSequence, "%s: there are logs already", options->folder);
        goto out;
    }
    stream->sign = ese_log_signature_now();
    atomic_init(&stream->checkpoint, ese_log__position(1, 1, 0));
    atomic_init(&stream->oldest, 1);
    err = ese_os_file_delete(stream->names.checkpoint); /* of a stream that is no more */
    if (err != JET_errFileNotFound)
        ESE_TRY(err);
    ESE_TRY(ese_log__clean_folder(stream));
    is_begun = true;
    ESE_TRY(ese_log__begin_generation(stream));
    start_at(stream, 0);
    ESE_TRY(prepare_reserves(stream));
    *stream_out = stream;
    stream = NULL;
out:
    if (stream != NULL && is_begun)
        (void)ese_os_file_delete(stream->names.current);
    ese_free(&current);
    ese_log_stream_close(&stream);
    return err;
}

/* Opens the current log. *is_usable_out: it is one that this engine has begun, and there is room. */
static JET_ERR
adopt_current(ese_log_stream *stream, const ese_log_stream_end *end, const char *current,
              bool *is_usable_out)
{
    ese_log_header header;
    JET_ERR err;

    if (strcmp(current, stream->names.current) != 0) {
        ESE_TRY(ese_os_file_rename(current, stream->names.current));
        ESE_TRY(ese_os_folder_sync(current));
    }
    ESE_TRY(ese_os_file_reopen(stream->files[0], stream->names.current, ESE_OS_FILE_UPDATE));
    stream->file = stream->files[0];
    ESE_TRY(ese_os_file_read(stream->file, 0, stream->header, ESE_LOG_HEADER_SIZE));
    ESE_TRY(ese_log_header_decode(stream->header, &header));
    if (header.generation != end->last.number ||
        (end->is_current && (end->next_sector == 0 || end->next_sector > UINT16_MAX))) {
        err = ese_raise(JET_errInvalidLogSequence, "%s: not the log that was expected", current);
        goto out;
    }
    stream->flags_past = header.flags;
    if (!end->is_current)
        goto out;
    if (end->next_sector > 1)
        ESE_TRY(
            ese_log__repair(stream->file, header.generation, end->next_sector - 1, stream->bytes));
    ESE_TRY(ese_log__wipe(stream->file, end->next_sector, stream->bytes,
                          stream->n_slots * ESE_LOG_SEGMENT_SIZE));
    /* One of another engine, or of another size, is left as it is: the reader judges the two kinds by different rules. */
    *is_usable_out =
        ese_log_header_is_ours(&header) && header.n_sectors == stream->n_sectors &&
        end->next_sector < stream->n_sectors - 1 &&
        ese_os_file_size(stream->file) == (uint64_t)stream->n_sectors * ESE_LOG_SEGMENT_SIZE;
out:
    return err;
}

static JET_ERR
begin_next(ese_log_stream *stream)
{
    if (stream->last.number >= ESE_LOG__GENERATION_MAX_URGENT)
        return ese_raise(JET_errLogSequenceEnd, "the log has come to its last generation");
    return ese_log__begin_generation(stream);
}

JET_ERR
ese_log_stream_continue(const ese_log_stream_options *options, const ese_log_stream_end *end,
                        ese_log_stream **stream_out)
{
    ese_log_stream *stream = NULL;
    char *current = NULL;
    bool is_usable = false;
    JET_ERR err;

    ESE_TRY(make(options, &stream));
    ESE_TRY(ese_log__open_folder(stream, options, &current));
    if (ese_log_stream_oldest(stream) == 0)
        atomic_init(&stream->oldest, end->last.number);
    stream->sign = end->sign;
    stream->last = end->last;
    stream->checksum = end->checksum;
    atomic_init(&stream->trx, (end->last_trx + TRX_STEP - 1) / TRX_STEP * TRX_STEP);
    if (current != NULL)
        ESE_TRY(adopt_current(stream, end, current, &is_usable));
    ESE_TRY(ese_log__clean_folder(stream));
    ese_log__load_checkpoint(stream, end->is_current
                                         ? ese_log__position(end->last.number, end->next_sector, 0)
                                         : ese_log__position(end->last.number + 1, 1, 0));
    if (end->list != NULL)
        ESE_TRY(end->list(end->self, stream));
    if (!is_usable) {
        ESE_TRY(begin_next(stream));
    } else {
        stream->begun = stream->last;
        if (stream->ops.begun != NULL)
            ESE_TRY(stream->ops.begun(stream->ops.self, &stream->begun));
    }
    start_at(stream, is_usable ? end->next_sector - 1 : 0);
    ESE_TRY(prepare_reserves(stream));
    *stream_out = stream;
    stream = NULL;
out:
    ese_free(&current);
    ese_log_stream_close(&stream);
    return err;
}

void
ese_log_stream_close(ese_log_stream **stream_inout)
{
    ese_log_stream *stream = *stream_inout;

    if (stream == NULL)
        return;
    ese_log__close_spare(stream);
    ese_log__clear_attached(stream);
    ese_os_file_close(&stream->files[0]);
    ese_os_file_close(&stream->files[1]);
    ese_os_file_close(&stream->checkpoint_file);
    ese_log__names_clear(&stream->names);
    ese_free(&stream->system_path);
    ese_free(&stream->log_path);
    ese_free(&stream->slots);
    ese_free(&stream->bytes);
    ese_free(&stream->piece);
    ese_os_cond_destroy(&stream->rounds[0]);
    ese_os_cond_destroy(&stream->rounds[1]);
    ese_os_cond_destroy(&stream->change);
    ese_os_mutex_destroy(&stream->checkpoint_mutex);
    ese_os_mutex_destroy(&stream->mutex);
    ese_free(stream_inout);
}
