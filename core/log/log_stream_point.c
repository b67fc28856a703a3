/*
 * What the log says of attached databases, the checkpoint, and the logs that nobody needs any more.
 *
 * INV-1  The checkpoint names a position that is durable, and lists the databases that were attached there.
 * INV-2  A log goes only when the checkpoint that does not need it is on the disk; older ones go first, so no gap is ever left.
 */
#include "log/log_stream_private.h"

#include "base/alloc.h"

/* ---- attached databases; the mutex is held */

static ese_log__attached *
entry_of(ese_list *node)
{
    return ESE_LIST_ENTRY(node, ese_log__attached, node);
}

/* Relaxed: any value that the counters had since the position will do; they only grow. */
static void
refresh(ese_log__attached *entry)
{
    if (entry->detached != UINT64_MAX)
        return;
    entry->item.dbtime = atomic_load_explicit(entry->dbtime, memory_order_relaxed);
    entry->item.objid_last = atomic_load_explicit(entry->objid_last, memory_order_relaxed);
}

bool
ese_log__list_attached(ese_log_stream *stream, uint64_t position, ese_log_attachments *list_out)
{
    list_out->n = 0;
    ESE_LIST_FOREACH (node, &stream->attached) {
        ese_log__attached *entry = entry_of(node);

        if (entry->attach >= position || entry->detached < position)
            continue;
        if (list_out->n == ESE_LOG_MAX_DATABASES)
            return false;
        refresh(entry);
        list_out->items[list_out->n++] = entry->item;
    }
    return true;
}

static void
drop(ese_log__attached *entry)
{
    ese_list_remove(&entry->node);
    ese_free(&entry->name);
    ese_free(&entry);
}

/* Entries that no checkpoint from `position` on lists. */
static void
drop_older(ese_log_stream *stream, uint64_t position)
{
    ESE_LIST_FOREACH_SAFE (node, after, &stream->attached) {
        if (entry_of(node)->detached < position)
            drop(entry_of(node));
    }
}

void
ese_log__clear_attached(ese_log_stream *stream)
{
    ESE_LIST_FOREACH_SAFE (node, after, &stream->attached)
        drop(entry_of(node));
}

static ese_log__attached *
find_attached(ese_log_stream *stream, uint8_t dbid)
{
    ESE_LIST_FOREACH (node, &stream->attached) {
        if (entry_of(node)->item.dbid == dbid && entry_of(node)->detached == UINT64_MAX)
            return entry_of(node);
    }
    return NULL;
}

/* Whether all that is attached, and one more, has room in a header. */
static bool
fits(ese_log_stream *stream, const ese_log_attachment *more)
{
    uint8_t bytes[ESE_LOG_ATTACH_SIZE];
    ese_log_attachments list = {.n = 0};

    if (find_attached(stream, more->dbid) != NULL ||
        !ese_log__list_attached(stream, UINT64_MAX, &list) || list.n == ESE_LOG_MAX_DATABASES)
        return false;
    list.items[list.n++] = *more;
    return ese_log_attachments_encode(&list, bytes);
}

JET_ERR
ese_log_stream_attach(ese_log_stream *stream, const ese_log_attachment *attachment,
                      const _Atomic uint64_t *dbtime, const _Atomic uint32_t *objid_last)
{
    ese_log__attached *entry = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *entry, &entry));
    ese_list_init(&entry->node);
    ESE_TRY(ese_alloc_copy(attachment->name.data, attachment->name.size, &entry->name));
    entry->item = *attachment;
    entry->item.name.data = entry->name;
    entry->dbtime = dbtime;
    entry->objid_last = objid_last;
    entry->attach = attachment->attach.generation == 0 ? ESE_LOG__NOT_YET
                                                       : ese_log_lgpos_number(attachment->attach);
    entry->detached = UINT64_MAX;
    ese_os_mutex_lock(&stream->mutex);
    if (fits(stream, &entry->item)) {
        ese_list_append(&stream->attached, &entry->node);
        entry = NULL;
    } else {
        err = ese_raise(JET_errTooManyAttachedDatabases,
                        "the paths of the attached databases have no room in the log");
    }
    ese_os_mutex_unlock(&stream->mutex);
out:
    if (entry != NULL)
        ese_free(&entry->name);
    ese_free(&entry);
    return err;
}

void
ese_log__note_attach(ese_log_stream *stream, uint8_t dbid, uint64_t position)
{
    ese_log__attached *entry = find_attached(stream, dbid);

    if (entry == NULL || entry->attach != ESE_LOG__NOT_YET)
        return;
    entry->attach = position;
    entry->item.attach = ese_log_lgpos_of(position);
}

void
ese_log_stream_detach(ese_log_stream *stream, uint8_t dbid)
{
    ese_log__attached *entry;
    uint64_t position;

    ese_os_mutex_lock(&stream->mutex);
    entry = find_attached(stream, dbid);
    if (entry != NULL && entry->attach == ESE_LOG__NOT_YET) {
        drop(entry);
    } else if (entry != NULL) {
        position = stream->detach_positions[dbid];
        if (position <= entry->attach) /* no DetachDB: the run ends */
            position = atomic_load_explicit(&stream->tip, memory_order_relaxed);
        refresh(entry);
        entry->detached = position;
    }
    ese_os_mutex_unlock(&stream->mutex);
}

/* ---- checkpoint */

uint64_t
ese_log_stream_checkpoint(const ese_log_stream *stream)
{
    /* Acquire: matches the end of write_checkpoint, for who then looks at the file. */
    return atomic_load_explicit(&stream->checkpoint, memory_order_acquire);
}

void
ese_log_stream_set_backup(ese_log_stream *stream, const ese_log_backup_marks *marks)
{
    ese_os_mutex_lock(&stream->checkpoint_mutex);
    stream->backup = *marks;
    ese_os_mutex_unlock(&stream->checkpoint_mutex);
}

void
ese_log_stream_hold(ese_log_stream *stream, int32_t generation)
{
    ese_os_mutex_lock(&stream->checkpoint_mutex);
    stream->held = generation;
    ese_os_mutex_unlock(&stream->checkpoint_mutex);
}

void
ese_log__load_checkpoint(ese_log_stream *stream, uint64_t end)
{
    ese_log_checkpoint found;
    unsigned copy = 0;
    uint64_t oldest = ese_log__position(ese_log_stream_oldest(stream), 1, 0), position;

    atomic_init(&stream->checkpoint, oldest);
    if (ese_log_checkpoint_read(stream->names.checkpoint, stream->checkpoint_bytes, &found, &copy) <
            JET_errSuccess ||
        memcmp(&found.sign, &stream->sign, sizeof found.sign) != 0)
        return;
    stream->backup.checkpoint = found.backup_checkpoint;
    stream->backup.full = found.full_backup;
    stream->backup.incremental = found.inc_backup;
    memcpy(stream->backup.full_time, found.full_backup_time, 8);
    memcpy(stream->backup.incremental_time, found.inc_backup_time, 8);
    position = ese_log_lgpos_number(found.checkpoint);
    if (position <= end && position > oldest)
        atomic_init(&stream->checkpoint, position);
}

/* A position at which a reader can be set. 0: there is none yet, because the next generation has not begun. */
static uint64_t
normalise(ese_log_stream *stream, uint64_t position)
{
    ese_lgpos lgpos = ese_log_lgpos_of(position);

    if (lgpos.offset < ESE_LOG_SEGMENT_SIZE)
        return position;
    if (lgpos.sector + 2u < stream->n_sectors)
        return ese_log__position(lgpos.generation, lgpos.sector + 1u, 0);
    if (ese_log_stream_generation(stream).number > lgpos.generation)
        return ese_log__position(lgpos.generation + 1, 1, 0);
    return 0;
}

static JET_ERR
encode(ese_log_stream *stream, uint64_t position, bool is_end)
{
    ese_log_checkpoint point = {
        .backup_checkpoint = stream->backup.checkpoint,
        .checkpoint = ese_log_lgpos_of(position),
        .sign = stream->sign,
        .params = stream->params,
        .full_backup = stream->backup.full,
        .inc_backup = stream->backup.incremental,
        .version = is_end ? 0 : ESE_LOG_CHECKPOINT_ATTACHED,
        .consistency = ese_log_lgpos_of(position),
        .file_type = ESE_LOG_FILE_TYPE_CHECKPOINT,
    };
    bool fits_in = true;

    memcpy(point.full_backup_time, stream->backup.full_time, 8);
    memcpy(point.inc_backup_time, stream->backup.incremental_time, 8);
    ese_os_mutex_lock(&stream->mutex);
    if (!is_end)
        fits_in = ese_log__list_attached(stream, position, &point.attached);
    fits_in = fits_in && ese_log_checkpoint_encode(&point, stream->checkpoint_bytes);
    ese_os_mutex_unlock(&stream->mutex);
    if (!fits_in)
        return ese_raise(JET_errTooManyAttachedDatabases,
                         "%s: the databases attached then have no room in it",
                         stream->names.checkpoint);
    return JET_errSuccess;
}

static JET_ERR
open_checkpoint(ese_log_stream *stream)
{
    const char *path = stream->names.checkpoint;
    ese_os_file *file = NULL;
    JET_ERR err;

    if (stream->checkpoint_file != NULL)
        return JET_errSuccess;
    err = ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file);
    if (err == JET_errFileNotFound) {
        ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file));
        ESE_TRY(ese_os_folder_sync(path));
    }
    ESE_TRY(err);
    stream->checkpoint_file = file;
    file = NULL;
out:
    ese_os_file_close(&file);
    return err;
}

static JET_ERR
write_copies(ese_log_stream *stream)
{
    JET_ERR err;

    ESE_TRY(open_checkpoint(stream));
    ESE_TRY(ese_log_checkpoint_write(stream->checkpoint_file, stream->checkpoint_bytes));
out:
    return err;
}

/* ---- old logs; checkpoint_mutex is held */

/* Deletes the archives below `generation`; finds the oldest that stays. */
static JET_ERR
delete_below(ese_log_stream *stream, int32_t generation)
{
    ese_log_set *set = NULL;
    ese_log_member member = {NULL, 0};
    int32_t oldest = ese_log_stream_generation(stream).number;
    JET_ERR err;

    ESE_TRY(ese_log_set_open(stream->names.folder, stream->names.base, &set));
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        member = ese_log_set_member(set, i);
        if (member.generation == 0 || member.generation >= generation)
            break;
        err = ese_os_file_delete(member.path);
        if (err != JET_errFileNotFound)
            ESE_TRY(err);
        err = JET_errSuccess;
        member.generation = 0;
    }
    if (member.generation != 0 && member.generation < oldest)
        oldest = member.generation;
    atomic_store_explicit(&stream->oldest, oldest, memory_order_relaxed);
out:
    ese_log_set_close(&set);
    return err;
}

static JET_ERR
truncate_below(ese_log_stream *stream, int32_t generation)
{
    int32_t needed = ese_log_lgpos_of(ese_log_stream_checkpoint(stream)).generation;

    if (generation > needed)
        generation = needed;
    if (stream->held != 0 && generation > stream->held)
        generation = stream->held;
    if (generation <= ese_log_stream_oldest(stream))
        return JET_errSuccess;
    return delete_below(stream, generation);
}

JET_ERR
ese_log_stream_truncate(ese_log_stream *stream, int32_t generation)
{
    JET_ERR err;

    ese_os_gate_enter(stream->gate);
    ese_os_mutex_lock(&stream->checkpoint_mutex);
    err = truncate_below(stream, generation);
    ese_os_mutex_unlock(&stream->checkpoint_mutex);
    ese_os_gate_leave(stream->gate);
    return err;
}

JET_ERR
ese_log_stream_write_checkpoint(ese_log_stream *stream, uint64_t lgpos, bool is_end)
{
    uint64_t before, position;
    JET_ERR err;

    ESE_TRY(ese_log_stream_wait(stream, lgpos));
    ese_os_gate_enter(stream->gate);
    ese_os_mutex_lock(&stream->checkpoint_mutex);
    before = ese_log_stream_checkpoint(stream);
    position = normalise(stream, lgpos);
    if (position < before)
        position = before;
    err = encode(stream, position, is_end);
    if (err >= JET_errSuccess)
        err = write_copies(stream);
    if (err >= JET_errSuccess) {
        /* Release: matches ese_log_stream_checkpoint. */
        atomic_store_explicit(&stream->checkpoint, position, memory_order_release);
        ese_os_mutex_lock(&stream->mutex);
        drop_older(stream, position);
        ese_os_mutex_unlock(&stream->mutex);
        if (stream->is_circular) /* what cannot be deleted now is tried again */
            (void)truncate_below(stream, INT32_MAX);
    }
    ese_os_mutex_unlock(&stream->checkpoint_mutex);
    ese_os_gate_leave(stream->gate);
out:
    return err;
}

int32_t
ese_log_stream_oldest(ese_log_stream *stream)
{
    return atomic_load_explicit(&stream->oldest, memory_order_relaxed);
}

JET_ERR
ese_log_stream_path(const ese_log_stream *stream, int32_t generation, char **path_out)
{
    const ese_log__names *names = &stream->names;
    ese_log_set *set = NULL;
    char *path = NULL;
    JET_ERR err;

    if (generation == 0)
        return ese_alloc_copy(names->current, strlen(names->current) + 1, path_out);
    ESE_TRY(ese_log_set_open(names->folder, names->base, &set));
    for (unsigned i = 0; i < ese_log_set_count(set) && path == NULL; i++) {
        ese_log_member member = ese_log_set_member(set, i);

        if (member.generation == generation)
            ESE_TRY(ese_alloc_copy(member.path, strlen(member.path) + 1, &path));
    }
    if (path == NULL)
        ESE_TRY(ese_log__archive_path(names, generation, &path));
    *path_out = path;
out:
    ese_log_set_close(&set);
    return err;
}
