/*
 * The life of a stream: begun in a folder without logs, or gone on with behind the end of one that was; closed.
 *
 * INV-1  A stream that could not begin leaves no log behind; one that could not be gone on with can be tried again.
 */
#include "log/log_stream_private.h"

#include "base/alloc.h"
#include "log/log_file_private.h"
#include "log/log_time.h"
#include "os/os_path.h"

enum {
    SECTORS_MIN = 16,
    DEPTH_MAX = 0x10000, /* generations, as in the original */
    DEPTH_MIN = 32,
    SLOTS_MIN = 64,
    AHEAD_FROM = 256 * 1024, /* logs up to this size are made when they are needed */
};

/* ---- what it is made of */

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
    stream->depth_max = options->depth_max == 0 ? DEPTH_MAX : (int32_t)options->depth_max;
    if (stream->depth_max < DEPTH_MIN)
        stream->depth_max = DEPTH_MIN;
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

/* ---- begin */

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

    if (strcmp(current, stream->names.current) != 0)
        ESE_TRY(ese_os_file_rename(current, stream->names.current));
    ESE_TRY(ese_os_file_reopen(stream->files[0], stream->names.current, ESE_OS_FILE_UPDATE));
    stream->file = stream->files[0];
    /* What a process that was killed has left may be in the memory of the kernel only: its records, and the name. */
    ESE_TRY(ese_os_file_sync(stream->file));
    ESE_TRY(ese_os_folder_sync(stream->names.current));
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
    atomic_init(&stream->trx,
                (end->last_trx + ESE_LOG__TRX_STEP - 1) / ESE_LOG__TRX_STEP * ESE_LOG__TRX_STEP);
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

/* ---- end */

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
