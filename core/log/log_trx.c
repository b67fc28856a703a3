/*
 * Transactions in the log: which records stand around those of changes, and under which number.
 *
 * INV-1  A session has at most one open transaction in the log. Its records are those between its Begin0 and its Commit0, or the Rollback of all its levels.
 * INV-2  What belongs to nobody's transaction has Begin0 and Commit0 in its own batch: recovery passes over records without a begin.
 *
 * Recovery specification, sections 2.2, 2.3 and 10; layouts: log specification, section 6.1.
 */
#include "log/log_private.h"

#include "base/alloc.h"

#include <assert.h>

enum { LEVELS_SHIFT = 4, FREED_TABLE = 1, FREED_INDEX = 2 };

/* ---- a batch */

/* Levels of the origin of which the log knows. */
static uint8_t
logged_level(const ese_log_origin *origin)
{
    bool has_begun = atomic_load_explicit(&origin->lgpos_begin, memory_order_relaxed) != 0;

    return has_begun ? (uint8_t)(origin->level - origin->n_unlogged) : 0;
}

static JET_ERR
put_begin(ese_log__batch *batch, uint8_t before, uint8_t n)
{
    ese_log_entry entry = {
        .type = batch->is_first ? ESE_LOG_BEGIN0 : ESE_LOG_BEGIN,
        .procid = batch->procid,
        .levels = (uint8_t)(before | (unsigned)n << LEVELS_SHIFT),
        .trx = batch->trx,
    };

    return ese_log__batch_put(batch, &entry);
}

JET_ERR
ese_log__batch_begin(ese_log_stream *stream, ese_log_origin *origin, ese_log__batch *batch)
{
    bool is_own = origin == NULL || origin->level == 0;
    uint8_t logged = is_own ? 0 : logged_level(origin);

    batch->stream = stream;
    batch->origin = origin;
    batch->procid =
        origin == NULL || (is_own && origin->procid == 0) ? ESE_LOG_PROCID_NOBODY : origin->procid;
    batch->is_own = is_own;
    batch->level = is_own ? 1 : origin->level;
    batch->is_first = logged == 0;
    batch->bytes = batch->small;
    batch->memory = NULL;
    batch->size = 0;
    batch->room = sizeof batch->small;
    batch->n = 0;
    if (is_own) {
        batch->trx = ese_log_stream_next_trx(stream);
    } else {
        if (origin->trx_begin == 0)
            origin->trx_begin = ese_log_stream_next_trx(stream);
        batch->trx = origin->trx_begin;
    }
    return logged == batch->level ? JET_errSuccess
                                  : put_begin(batch, logged, (uint8_t)(batch->level - logged));
}

static JET_ERR
make_room(ese_log__batch *batch, size_t size)
{
    size_t room = 2 * (batch->size + size);
    uint8_t *memory = NULL;
    JET_ERR err;

    if (size <= batch->room - batch->size)
        return JET_errSuccess;
    ESE_TRY(ese_alloc(room, &memory));
    memcpy(memory, batch->bytes, batch->size);
    ese_free(&batch->memory);
    batch->bytes = batch->memory = memory;
    batch->room = room;
out:
    return err;
}

JET_ERR
ese_log__batch_put(ese_log__batch *batch, const ese_log_entry *entry)
{
    size_t size = ese_log_record_encoded_size(entry);
    JET_ERR err;

    assert(batch->n < ESE_LOG_BATCH_MAX);
    ESE_TRY(make_room(batch, size));
    ese_log_record_encode(entry, batch->bytes + batch->size);
    batch->sizes[batch->n++] = (uint32_t)size;
    batch->size += size;
out:
    return err;
}

ese_log_entry
ese_log__page_entry(const ese_log__batch *batch, ese_log_type type)
{
    return (ese_log_entry){
        .type = type, .procid = batch->procid, .level = batch->level, .trx = batch->trx};
}

/* What ese_log_batch carries along. */
typedef struct placing {
    ese_log__batch *batch;
    void (*placed)(void *self);
    void *self;
} placing;

static void
place(void *self, const ese_log_batch *appended)
{
    const placing *p = self;
    ese_log__batch *batch = p->batch;
    ese_log_origin *origin = batch->origin;

    batch->end = appended->end;
    if (batch->is_first)
        batch->begin = appended->lgpos[0];
    else
        batch->begin = atomic_load_explicit(&origin->lgpos_begin, memory_order_relaxed);
    /* Relaxed: who looks at it has asked for the tip before, under the mutex that is held here. */
    if (batch->is_first && !batch->is_own)
        atomic_store_explicit(&origin->lgpos_begin, batch->begin, memory_order_relaxed);
    if (p->placed != NULL)
        p->placed(p->self);
}

JET_ERR
ese_log__batch_append(ese_log__batch *batch, void (*placed)(void *self), void *self)
{
    placing p = {batch, placed, self};
    ese_log_entry commit = {.type = ESE_LOG_COMMIT0, .procid = batch->procid};
    ese_log_batch appended;
    JET_ERR err = JET_errSuccess;

    if (batch->is_own) {
        commit.trx = ese_log_stream_next_trx(batch->stream);
        ESE_TRY(ese_log__batch_put(batch, &commit));
    }
    appended.bytes = batch->bytes;
    appended.sizes = batch->sizes;
    appended.n = batch->n;
    appended.is_urgent = batch->origin != NULL && batch->origin->is_urgent;
    appended.is_commit = false;
    appended.begun = batch->is_own ? 0
                                   : atomic_load_explicit(&batch->origin->lgpos_begin,
                                                          memory_order_relaxed); /* its own */
    appended.placed = place;
    appended.self = &p;
    ESE_TRY(ese_log_stream_append(batch->stream, &appended));
    if (!batch->is_own)
        batch->origin->n_unlogged = 0;
out:
    return err;
}

void
ese_log__batch_end(ese_log__batch *batch)
{
    ese_free(&batch->memory);
}

/* ---- the end of a transaction */

JET_ERR
ese_log_commit(ese_log_stream *stream, ese_log_origin *origin, uint8_t level, uint64_t *end_out)
{
    ese_log_entry entry = {.procid = origin->procid, .levels = level};

    *end_out = 0;
    if (logged_level(origin) <= level)
        return JET_errSuccess;
    entry.type = level == 0 ? ESE_LOG_COMMIT0 : ESE_LOG_COMMIT;
    if (level == 0)
        entry.trx = ese_log_stream_next_trx(stream);
    return ese_log_stream_append_entry(stream, &entry, NULL, end_out);
}

JET_ERR
ese_log_rollback(ese_log_stream *stream, ese_log_origin *origin, uint8_t level)
{
    uint8_t logged = logged_level(origin);
    ese_log_entry entry = {.type = ESE_LOG_ROLLBACK, .procid = origin->procid};

    if (logged <= level)
        return JET_errSuccess;
    entry.levels = (uint8_t)(logged - level);
    return ese_log_stream_append_entry(stream, &entry, NULL, NULL);
}

/* ---- trees that go */

JET_ERR
ese_log_note_freed(ese_log_db *db, ese_pgno root, uint32_t kind)
{
    ese_log_entry entry = {.type = ESE_LOG_FREE_TREE, .dbid = db->dbid, .root = root};

    if (db->stream == NULL)
        return JET_errSuccess;
    entry.u.tree.what = (kind & ESE_PAGE_INDEX) != 0 ? FREED_INDEX : FREED_TABLE;
    return ese_log_stream_append_entry(db->stream, &entry, NULL, NULL);
}

/* ---- undo information */

JET_ERR
ese_log_write_undo_info(ese_log_db *db, const ese_log_undo_info *info, uint64_t *end_out)
{
    ese_log_origin origin = {
        .procid = info->procid,
        .level = info->level,
        .trx_begin = info->trx_begin,
        .is_urgent = true,
        .lgpos_begin = 1, /* wherever: the log knows all its levels */
    };
    ese_log__batch batch;
    ese_log_entry entry;
    JET_ERR err;

    ESE_TRY(ese_log__batch_begin(db->stream, &origin, &batch));
    entry = ese_log__page_entry(&batch, ESE_LOG_UNDO_INFO);
    entry.dbid = db->dbid;
    entry.pgno = info->pgno;
    entry.dbtime = entry.dbtime_before = ESE_LOG_DBTIME_NONE;
    entry.flags = info->is_unique ? ESE_LOG_UNIQUE : 0;
    entry.rceid = info->rceid;
    entry.root = info->root;
    entry.objid = info->objid;
    entry.oper = info->oper;
    entry.key = info->key;
    entry.key_data = info->key_data;
    entry.data = info->before;
    ESE_TRY(ese_log__batch_put(&batch, &entry));
    ESE_TRY(ese_log__batch_append(&batch, NULL, NULL));
    *end_out = batch.end;
out:
    ese_log__batch_end(&batch);
    return err;
}
