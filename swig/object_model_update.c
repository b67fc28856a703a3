/*
 * Changing one record: updates in steps, deleting, escrow columns, locks, and long values as streams.
 */
#include "object_model_private.h"
#include "object_model_write.h"

JET_ERR
ese_model_prepare(ese_model_cursor *cursor, uint32_t prep)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetPrepareUpdate(cursor->sesid, cursor->tableid, prep);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_update(ese_model_cursor *cursor, ese_model_bookmark *bookmark_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetUpdate2(cursor->sesid, cursor->tableid, bookmark_out->data, sizeof bookmark_out->data,
                     &bookmark_out->size, 0);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_delete(ese_model_cursor *cursor)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetDelete(cursor->sesid, cursor->tableid);
    ese_model__leave(&call);
    return err;
}

/* An index over many values has more than one entry for a record, which may be gone before its second one is met. */
static JET_ERR
delete_rest(const ese_model_cursor *cursor, uint64_t *n_deleted)
{
    JET_ERR err = JET_errSuccess;

    while (err >= JET_errSuccess) {
        err = JetDelete(cursor->sesid, cursor->tableid);
        if (err >= JET_errSuccess)
            ++*n_deleted;
        if (err >= JET_errSuccess || err == JET_errRecordDeleted)
            err = JetMove(cursor->sesid, cursor->tableid, JET_MoveNext, 0);
    }
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

JET_ERR
ese_model_delete_all(ese_model_cursor *cursor, uint64_t *number_out)
{
    ese_model_call call;
    ese_model_scope scope;
    uint64_t n_deleted = 0;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__begin_scope(&call, ESE_MODEL__SCOPE_LEVEL, &scope);
    if (err >= JET_errSuccess) {
        err = delete_rest(cursor, &n_deleted);
        err = ese_model__end_scope(&call, &scope, err);
    }
    ese_model__leave(&call);
    if (err >= JET_errSuccess)
        *number_out = n_deleted;
    return err;
}

JET_ERR
ese_model_escrow(ese_model_cursor *cursor, JET_COLUMNID columnid, int64_t delta, int64_t *old_out)
{
    ese_model_call call;
    ese_model_scope scope;
    uint8_t bytes[8];
    uint8_t old[8] = {0};
    uint64_t number = 0;
    uint32_t size = 0;
    uint32_t width = delta >= INT32_MIN && delta <= INT32_MAX ? 4 : 8;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)delta >> 8 * i);
    err = ese_model__begin_scope(&call, ESE_MODEL__SCOPE_OUTERMOST, &scope);
    if (err >= JET_errSuccess) {
        err = JetEscrowUpdate(cursor->sesid, cursor->tableid, columnid, bytes, width, old,
                              sizeof old, &size, 0);
        if (err == JET_errInvalidBufferSize && width == 4) /* the column is a wide one */
            err = JetEscrowUpdate(cursor->sesid, cursor->tableid, columnid, bytes, sizeof bytes,
                                  old, sizeof old, &size, 0);
        err = ese_model__end_scope(&call, &scope, err);
    }
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    if (size > 0 && size <= sizeof old && old[size - 1] >= 0x80)
        number = UINT64_MAX;
    for (uint32_t i = size <= sizeof old ? size : (uint32_t)sizeof old; i-- > 0;)
        number = number << 8 | old[i];
    *old_out = (int64_t)number;
    return JET_errSuccess;
}

JET_ERR
ese_model_lock(ese_model_cursor *cursor, JET_GRBIT grbit)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetLock(cursor->sesid, cursor->tableid, grbit);
    ese_model__leave(&call);
    return err;
}

/* ---- Long values ------------------------------------------------------------------------------------------ */

/* Where bytes go to, and how many there are from there on. */
typedef struct room {
    void *data;
    uint32_t size;
    uint32_t n_actual;
} room;

/* Bytes that are set, and how. */
typedef struct piece {
    const uint8_t *data;
    uint32_t size;
    JET_GRBIT grbit;
} piece;

static JET_ERR
retrieve(const ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset, room *to)
{
    JET_RETINFO which = {
        .cbStruct = sizeof which,
        .ibLongValue = (uint32_t)offset,
        .itagSequence = stream->itag,
    };

    return JetRetrieveColumn(cursor->sesid, cursor->tableid, stream->columnid, to->data, to->size,
                             &to->n_actual, stream->is_update ? JET_bitRetrieveCopy : 0, &which);
}

static JET_ERR
get_size(const ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t *size_out)
{
    room none = {0};
    JET_ERR err = retrieve(cursor, stream, 0, &none);

    if (err < JET_errSuccess)
        return err;
    *size_out = err == JET_wrnColumnNull ? 0 : none.n_actual;
    return JET_errSuccess;
}

JET_ERR
ese_model_stream_size(ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t *size_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = get_size(cursor, stream, size_out);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_stream_read(ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset,
                      void *data, size_t room_size, size_t *size_out)
{
    ese_model_call call;
    room to = {
        .data = data,
        .size = room_size < INT32_MAX ? (uint32_t)room_size : INT32_MAX,
    };
    uint64_t size = 0;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = get_size(cursor, stream, &size);
    if (err >= JET_errSuccess && offset < size && room_size > 0)
        err = retrieve(cursor, stream, offset, &to);
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    *size_out = to.n_actual < to.size ? to.n_actual : to.size;
    return JET_errSuccess;
}

static JET_ERR
set(const ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset,
    const piece *bytes)
{
    JET_SETINFO which = {
        .cbStruct = sizeof which,
        .ibLongValue = (uint32_t)offset,
        .itagSequence = stream->itag,
    };

    return JetSetColumn(cursor->sesid, cursor->tableid, stream->columnid, bytes->data, bytes->size,
                        bytes->grbit, &which);
}

static JET_ERR
resize(const ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t size)
{
    piece all = {
        .size = (uint32_t)size,
        .grbit = size > 0 ? JET_bitSetSizeLV : JET_bitSetSizeLV | JET_bitSetZeroLength,
    };

    if (size > INT32_MAX)
        return ese_model__fail(JET_errColumnTooBig, "a long value has less than 2 GiB");
    return set(cursor, stream, 0, &all);
}

/* Over what is there, and the rest behind its end. */
static JET_ERR
write_at(const ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset,
         const uint8_t *data, uint32_t n)
{
    uint64_t size = 0;
    JET_ERR err = get_size(cursor, stream, &size);
    piece part = {.data = data, .size = n, .grbit = JET_bitSetOverwriteLV};

    if (err >= JET_errSuccess && offset > size) {
        err = resize(cursor, stream, offset);
        size = offset;
    }
    if (err >= JET_errSuccess && offset < size) {
        if (part.size > size - offset)
            part.size = (uint32_t)(size - offset);
        err = set(cursor, stream, offset, &part);
        data += part.size;
        n -= part.size;
    }
    part = (piece){.data = data, .size = n, .grbit = JET_bitSetAppendLV};
    if (err >= JET_errSuccess && n > 0)
        err = set(cursor, stream, 0, &part);
    return err;
}

JET_ERR
ese_model_stream_write(ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset,
                       const void *data, size_t size)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    if (offset > INT32_MAX || size > INT32_MAX - offset)
        err = ese_model__fail(JET_errColumnTooBig, "a long value has less than 2 GiB");
    else if (size > 0)
        err = write_at(cursor, stream, offset, data, (uint32_t)size);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_stream_resize(ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t size)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = resize(cursor, stream, size);
    ese_model__leave(&call);
    return err;
}
