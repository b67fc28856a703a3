/*
 * The files of a stream: names, reserves, the log that is made ahead, and how one generation follows another on the disk.
 *
 * INV-1  A log gets its name only when it is full of zeros (or reads as such), has its header, and both are on the disk. What another generation left is never used again.
 * INV-2  Until the current log has got its new name nothing has happened; from then on the archives are complete, and whoever finds no current log begins the next one.
 */
#include "log/log_stream_private.h"

#include "base/alloc.h"
#include "log/log_file_private.h"
#include "log/log_time.h"
#include "os/os_list.h"
#include "os/os_path.h"

#include <stdio.h>

enum {
    ARCHIVE_TAIL = 16,   /* digits, extension and the end */
    CHUNK = 1024 * 1024, /* written between two syncs of a log that is made ahead */
    FIVE_DIGITS_MAX = 0xFFFFF,
    NAME_FLAG_LOG = 1,  /* JET_paramLegacyFileNames: .log, .chk */
    NAME_FLAG_FIVE = 2, /* … five digits */
    FLAG_RESERVE = 1,   /* of headers */
    FLAG_CIRCULAR = 2,
    FLAG_WAS_CIRCULAR = 4,
    UPDATE_MAJOR = 5,
    UPDATE_MINOR = 16,
    ENGINE_VERSION = 8920,
};

/* ---- names */

/* Bytes of the path of an archive, with its end. */
static size_t
archive_room(const ese_log__names *names)
{
    return strlen(names->folder) + strlen(names->base) + ARCHIVE_TAIL;
}

static JET_ERR
init_paths(ese_log__names *names, const char *system_folder)
{
    bool is_log = strcmp(names->extension, ".log") == 0;
    JET_ERR err;

    ESE_TRY(ese_alloc(archive_room(names), &names->archive));
    ESE_TRY(ese_os_path_join(names->folder, names->base, names->extension, &names->current));
    ESE_TRY(ese_os_path_join(names->folder, names->base, is_log ? "tmp.log" : "tmp.jtx",
                             &names->spare));
    ESE_TRY(ese_os_path_join(names->folder, names->base, "res00001.jrs", &names->reserves[0]));
    ESE_TRY(ese_os_path_join(names->folder, names->base, "res00002.jrs", &names->reserves[1]));
    ESE_TRY(
        ese_os_path_join(system_folder, names->base, is_log ? ".chk" : ".jcp", &names->checkpoint));
out:
    return err;
}

void
ese_log__names_clear(ese_log__names *names)
{
    ese_free(&names->folder);
    ese_free(&names->current);
    ese_free(&names->spare);
    ese_free(&names->reserves[0]);
    ese_free(&names->reserves[1]);
    ese_free(&names->checkpoint);
    ese_free(&names->archive);
}

static void
write_archive_path(const ese_log__names *names, int32_t generation, char *to)
{
    int digits = names->has_five_digits && generation <= FIVE_DIGITS_MAX ? 5 : 8;

    (void)snprintf(to, archive_room(names), "%s%s%0*X%s", names->folder, names->base, digits,
                   (unsigned)generation, names->extension);
}

JET_ERR
ese_log__archive_path(const ese_log__names *names, int32_t generation, char **path_out)
{
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(archive_room(names), &path));
    write_archive_path(names, generation, path);
    *path_out = path;
out:
    return err;
}

/* What stands in the folder. */
typedef struct finding {
    const ese_log__names *names;
    char *current[2]; /* by extension: .jtx, .log */
    bool has[2];      /* any log of the extension */
    int32_t oldest;
} finding;

static JET_ERR
find(void *self, const char *name)
{
    finding *found = self;
    int32_t generation = 0;
    unsigned kind;

    if (!ese_log__parse_name(name, found->names->base, &generation))
        return JET_errSuccess;
    kind = name[strlen(name) - 1] == 'g' || name[strlen(name) - 1] == 'G';
    found->has[kind] = true;
    if (generation != 0 && (found->oldest == 0 || generation < found->oldest))
        found->oldest = generation;
    if (generation != 0 || found->current[kind] != NULL)
        return JET_errSuccess;
    return ese_os_path_join(found->names->folder, "", name, &found->current[kind]);
}

JET_ERR
ese_log__open_folder(ese_log_stream *stream, const ese_log_stream_options *options,
                     char **current_out)
{
    ese_log__names *names = &stream->names;
    finding found = {.names = names};
    unsigned kind = (options->names & NAME_FLAG_LOG) != 0;
    JET_ERR err;

    memcpy(names->base, options->base, 3);
    names->has_five_digits = (options->names & NAME_FLAG_FIVE) != 0;
    ESE_TRY(ese_os_path_join(options->folder, "", "", &names->folder));
    ESE_TRY(ese_os_folder_list(options->folder, find, &found));
    if (!found.has[kind] && found.has[!kind])
        kind = !kind; /* a stream keeps its extension */
    names->extension = kind == 1 ? ".log" : ".jtx";
    ESE_TRY(init_paths(names, options->system_folder));
    ESE_TRY(
        ese_os_file_prepare(names->spare, &stream->files[0])); /* no other log's path is longer */
    ESE_TRY(ese_os_file_prepare(names->spare, &stream->files[1]));
    atomic_store_explicit(&stream->oldest, found.oldest, memory_order_relaxed);
    *current_out = found.current[kind];
    found.current[kind] = NULL;
out:
    ese_free(&found.current[0]);
    ese_free(&found.current[1]);
    return err;
}

static bool
is_left_over(const char *name, const char *base)
{
    size_t n = strlen(name);

    if (strcmp(name, "res1.log") == 0 || strcmp(name, "res2.log") == 0)
        return true;
    return n == 10 && memcmp(name, base, 3) == 0 &&
           (strcmp(name + 3, "tmp.log") == 0 || strcmp(name + 3, "tmp.jtx") == 0);
}

static JET_ERR
delete_left_over(void *self, const char *name)
{
    const ese_log__names *names = self;
    char *path = NULL;
    JET_ERR err = JET_errSuccess;

    if (!is_left_over(name, names->base))
        goto out;
    ESE_TRY(ese_os_path_join(names->folder, "", name, &path));
    err = ese_os_file_delete(path);
    if (err == JET_errFileNotFound)
        err = JET_errSuccess;
out:
    ese_free(&path);
    return err;
}

JET_ERR
ese_log__clean_folder(ese_log_stream *stream)
{
    return ese_os_folder_list(stream->names.folder, delete_left_over, &stream->names);
}

/* ---- files of zeros */

JET_ERR
ese_log__repair(ese_os_file *file, int32_t generation, uint32_t sector, uint8_t *work)
{
    ese_log_scan scan = {.generation = generation, .sector = sector};
    uint64_t offset = (uint64_t)sector * ESE_LOG_SEGMENT_SIZE;
    ese_log_verdict verdict;
    JET_ERR err;

    ESE_TRY(ese_os_file_read(file, offset, work, 2 * (size_t)ESE_LOG_SEGMENT_SIZE));
    verdict = ese_log_scan_step(&scan, work, work + ESE_LOG_SEGMENT_SIZE);
    if (verdict == ESE_LOG_VERDICT_REPAIRED || verdict == ESE_LOG_VERDICT_RESTORED) {
        ESE_TRY(ese_os_file_write(file, offset, work, ESE_LOG_SEGMENT_SIZE));
        ESE_TRY(ese_os_file_sync(file));
    }
out:
    return err;
}

JET_ERR
ese_log__wipe(ese_os_file *file, uint32_t sector, uint8_t *work, size_t work_size)
{
    uint64_t at = (uint64_t)sector * ESE_LOG_SEGMENT_SIZE, end = ese_os_file_size(file);
    bool is_changed = false;
    JET_ERR err = JET_errSuccess;

    while (at < end) {
        size_t n = end - at < work_size ? (size_t)(end - at) : work_size;

        ESE_TRY(ese_os_file_read(file, at, work, n));
        if (work[0] != 0 || memcmp(work, work + 1, n - 1) != 0) {
            memset(work, 0, n);
            ESE_TRY(ese_os_file_write(file, at, work, n));
            is_changed = true;
        }
        at += n;
    }
    if (is_changed)
        ESE_TRY(ese_os_file_sync(file));
out:
    return err;
}

static JET_ERR
fill_with_zeros(ese_os_file *file, uint64_t size, uint8_t *piece)
{
    JET_ERR err;

    ESE_TRY(ese_os_file_resize(file, size));
    memset(piece, 0, ESE_LOG__PIECE);
    for (uint64_t at = 0; at < size; at += ESE_LOG__PIECE) {
        size_t n = size - at < ESE_LOG__PIECE ? (size_t)(size - at) : ESE_LOG__PIECE;

        ESE_TRY(ese_os_file_write(file, at, piece, n));
        if ((at + n) % CHUNK == 0) /* so commits in between need not wait for all of it */
            ESE_TRY(ese_os_file_sync(file));
    }
    ESE_TRY(ese_os_file_sync(file));
out:
    return err;
}

/* The one that is not the current log. */
static ese_os_file *
next_file(const ese_log_stream *stream)
{
    return stream->files[stream->file == stream->files[0]];
}

/* The next file becomes a log full of zeros under the name of the spare log. */
static JET_ERR
make_spare(const ese_log_stream *stream)
{
    ese_os_file *file = next_file(stream);
    JET_ERR err;

    ESE_TRY(ese_os_file_reopen(file, stream->names.spare, ESE_OS_FILE_REPLACE));
    err = fill_with_zeros(file, (uint64_t)stream->n_sectors * ESE_LOG_SEGMENT_SIZE, stream->piece);
    if (err < JET_errSuccess) {
        (void)ese_os_file_delete(stream->names.spare); /* gives its room back */
        ese_os_file_shut(file);
    }
out:
    return err;
}

/* ---- reserves */

/* It only keeps the room: whatever it holds is wiped when it is used. */
static JET_ERR
make_reserve(const char *path, uint64_t size)
{
    ese_os_file *file = NULL;
    JET_ERR err = ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file);

    if (err >= JET_errSuccess && ese_os_file_size(file) == size)
        goto out;
    if (err < JET_errSuccess)
        ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &file));
    ESE_TRY(ese_os_file_resize(file, 0));
    err = ese_os_file_resize(file, size);
    if (err < JET_errSuccess)
        (void)ese_os_file_delete(path);
out:
    ese_os_file_close(&file);
    return err;
}

JET_ERR
ese_log__make_reserves(ese_log_stream *stream)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < ESE_LOG__RESERVES; i++)
        ESE_TRY(make_reserve(stream->names.reserves[i],
                             (uint64_t)stream->n_sectors * ESE_LOG_SEGMENT_SIZE));
out:
    return err;
}

/* One of the reserves becomes the spare log. JET_errFileNotFound: none is left. */
static JET_ERR
use_reserve(ese_log_stream *stream)
{
    ese_os_file *file = next_file(stream);
    JET_ERR err = JET_errFileNotFound;

    for (unsigned i = ESE_LOG__RESERVES; i-- != 0 && err == JET_errFileNotFound;)
        err = ese_os_file_rename(stream->names.reserves[i], stream->names.spare);
    ESE_TRY(err);
    ESE_TRY(ese_os_file_reopen(file, stream->names.spare, ESE_OS_FILE_UPDATE));
    ESE_TRY(ese_os_file_resize(file, (uint64_t)stream->n_sectors * ESE_LOG_SEGMENT_SIZE));
    ESE_TRY(ese_log__wipe(file, 0, stream->piece, ESE_LOG__PIECE));
    ESE_TRY(ese_os_file_sync(file)); /* its size */
out:
    return err;
}

/* ---- the spare log, made ahead */

/* Hands the spare log over, or says that there is none; the mutex is held. */
static void
end_spare(ese_log_stream *stream, bool is_there)
{
    stream->spare_state = is_there ? ESE_LOG__SPARE_READY : ESE_LOG__SPARE_NONE;
    ese_os_cond_broadcast(&stream->change);
}

/* A failure is met again by who needs the log. */
static void *
make_ahead(void *argument)
{
    ese_log_stream *stream = argument;

    ese_os_mutex_lock(&stream->mutex);
    while (!stream->is_closing) {
        JET_ERR err;

        if (stream->spare_state != ESE_LOG__SPARE_WANTED) {
            ese_os_cond_wait(&stream->change, &stream->mutex);
            continue;
        }
        stream->spare_state = ESE_LOG__SPARE_IN_WORK;
        ese_os_mutex_unlock(&stream->mutex);
        err = make_spare(stream);
        ese_os_mutex_lock(&stream->mutex);
        end_spare(stream, err >= JET_errSuccess);
    }
    ese_os_mutex_unlock(&stream->mutex);
    return NULL;
}

void
ese_log__want_spare(ese_log_stream *stream)
{
    if (!stream->is_spare_made_ahead || stream->is_spare_wanted ||
        stream->sector < stream->n_sectors / 2)
        return;
    stream->is_spare_wanted = true;
    if (!stream->has_thread)
        stream->has_thread =
            ese_os_thread_start(&stream->thread, make_ahead, stream) >= JET_errSuccess;
    if (stream->has_thread && stream->spare_state == ESE_LOG__SPARE_NONE) {
        stream->spare_state = ESE_LOG__SPARE_WANTED;
        ese_os_cond_broadcast(&stream->change);
    }
}

/* Takes the spare log that is there or in work; false: there is none. Nobody else makes one until the leader wants it. */
static bool
take_spare(ese_log_stream *stream)
{
    bool is_there;

    ese_os_mutex_lock(&stream->mutex);
    if (stream->spare_state == ESE_LOG__SPARE_WANTED)
        stream->spare_state = ESE_LOG__SPARE_NONE;
    while (stream->spare_state == ESE_LOG__SPARE_IN_WORK)
        ese_os_cond_wait(&stream->change, &stream->mutex);
    is_there = stream->spare_state == ESE_LOG__SPARE_READY;
    stream->spare_state = ESE_LOG__SPARE_NONE;
    ese_os_mutex_unlock(&stream->mutex);
    return is_there;
}

void
ese_log__close_spare(ese_log_stream *stream)
{
    ese_os_mutex_lock(&stream->mutex);
    stream->is_closing = true;
    ese_os_cond_broadcast(&stream->change);
    ese_os_mutex_unlock(&stream->mutex);
    if (stream->has_thread)
        ese_os_thread_join(&stream->thread);
    if (stream->spare_state == ESE_LOG__SPARE_READY)
        (void)ese_os_file_delete(stream->names.spare);
}

/* The next file is there, under the name of the spare log. */
static JET_ERR
get_next_file(ese_log_stream *stream, uint8_t *flags_inout)
{
    JET_ERR err = take_spare(stream) ? JET_errSuccess : make_spare(stream);

    if (err == JET_errDiskFull) {
        err = use_reserve(stream);
        if (err == JET_errFileNotFound)
            err = ese_raise(JET_errLogDiskFull, "%s: the disk is full, and the reserves are used",
                            stream->names.current);
        if (err >= JET_errSuccess) {
            *flags_inout |= FLAG_RESERVE;
            atomic_store_explicit(&stream->is_disk_full, true, memory_order_relaxed);
        }
    }
    return err;
}

void
ese_log__refill(ese_log_stream *stream)
{
    bool is_there;
    JET_ERR err;

    stream->is_leading = true;
    ese_os_mutex_unlock(&stream->mutex);
    is_there = take_spare(stream) || make_spare(stream) >= JET_errSuccess;
    err = is_there ? ese_log__make_reserves(stream) : JET_errDiskFull;
    if (err >= JET_errSuccess)
        atomic_store_explicit(&stream->is_disk_full, false, memory_order_relaxed);
    ese_os_mutex_lock(&stream->mutex);
    end_spare(stream, is_there);
    stream->is_leading = false;
    ese_log__wake(stream, false);
}

/* ---- one generation after another */

/* The header of the generation behind stream->last. */
static JET_ERR
make_header(ese_log_stream *stream, const ese_log_generation *next, uint8_t flags)
{
    ese_log_header header = {
        .generation = next->number,
        .sector_size = ESE_LOG_SEGMENT_SIZE,
        .n_header_sectors = 1,
        .n_sectors = stream->n_sectors,
        .page_size = stream->page_size,
        .major = ESE_LOG_MAJOR,
        .minor = ESE_LOG_MINOR,
        .update_major = UPDATE_MAJOR,
        .update_minor = UPDATE_MINOR,
        .sign = stream->sign,
        .params = stream->params,
        .flags = flags,
        .checkpoint = ese_log_lgpos_of(ese_log_stream_checkpoint(stream)),
        .checksum_prev = stream->checksum,
        .efv = ENGINE_VERSION,
        .file_type = ESE_LOG_FILE_TYPE_LOG,
    };
    uint64_t begin = ese_log__position(next->number, 1, 0);
    bool fits;

    memcpy(header.created, next->created, sizeof header.created);
    memcpy(header.prev_created, stream->last.created, sizeof header.prev_created);
    ese_os_mutex_lock(&stream->mutex);
    fits = ese_log__list_attached(stream, begin, &header.attached) &&
           ese_log_header_encode(&header, stream->header);
    ese_os_mutex_unlock(&stream->mutex);
    if (!fits)
        return ese_raise(JET_errTooManyAttachedDatabases,
                         "%s: the attached databases have no room in a header",
                         stream->names.current);
    return JET_errSuccess;
}

/* The next file gets the name of the current one, which gets that of an archive. */
static JET_ERR
change_names(ese_log_stream *stream)
{
    const ese_log__names *names = &stream->names;
    JET_ERR err = JET_errSuccess;

    if (stream->file != NULL) {
        write_archive_path(names, stream->last.number, names->archive);
        ESE_TRY(ese_os_file_rename(names->current, names->archive));
    }
    ESE_TRY(ese_os_file_rename(names->spare, names->current));
    ESE_TRY(ese_os_folder_sync(names->current));
out:
    return err;
}

/* From here on records of the generation may be called durable. */
static void
settle(ese_log_stream *stream)
{
    stream->written = ese_log__position(stream->last.number, 0, ESE_LOG_SEGMENT_SIZE);
    /* Release: as in sync_segments. */
    atomic_store_explicit(&stream->durable, stream->written, memory_order_release);
    ese_os_mutex_lock(&stream->mutex);
    stream->begun = stream->last;
    stream->is_spare_wanted = false;
    ese_os_mutex_unlock(&stream->mutex);
}

JET_ERR
ese_log__begin_generation(ese_log_stream *stream)
{
    ese_log_generation next = {.number = stream->last.number + 1};
    uint8_t flags = stream->is_circular ? FLAG_CIRCULAR : 0;
    ese_os_file *file = next_file(stream);
    JET_ERR err;

    ese_log_time_now(next.created);
    if ((stream->flags_past & (FLAG_CIRCULAR | FLAG_WAS_CIRCULAR)) != 0)
        flags |= FLAG_WAS_CIRCULAR;
    ESE_TRY(get_next_file(stream, &flags));
    ESE_TRY(make_header(stream, &next, flags));
    ESE_TRY(ese_os_file_write(file, 0, stream->header, ESE_LOG_HEADER_SIZE));
    ESE_TRY(ese_os_file_sync(file));
    ESE_TRY(change_names(stream));
    if (stream->file != NULL)
        ese_os_file_shut(stream->file);
    stream->file = file;
    stream->last = next;
    stream->flags_past = flags;
    stream->checksum = 0;
    stream->n_unsynced = 0;
    if (stream->ops.begun != NULL)
        ESE_TRY(stream->ops.begun(stream->ops.self, &next));
    settle(stream);
out:
    return err;
}
