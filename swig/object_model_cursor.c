/*
 * Cursors: choosing an index, seeking, ranges, moving.
 */
#include "object_model_private.h"
#include "object_model_text.h"

#include <stdlib.h>
#include <string.h>

JET_ERR
ese_model_open_cursor(ese_model_database *database, const char *table,
                      ese_model_cursor **cursor_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__allocate(ESE_MODEL_CURSOR, sizeof **cursor_out, call.object, &child);
    if (err >= JET_errSuccess) {
        ese_model_cursor *cursor = (ese_model_cursor *)child;

        cursor->sesid = call.session->sesid;
        cursor->is_primary = true;
        err = JetOpenTableA(cursor->sesid, database->dbid, table, NULL, 0,
                            database->is_writable ? 0 : JET_bitTableReadOnly, &cursor->tableid);
        if (err >= JET_errSuccess)
            err = ese_model__adopt(call.object, child);
        if (err < JET_errSuccess)
            ese_model__discard(child);
        else
            *cursor_out = cursor;
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_set_index(ese_model_cursor *cursor, const char *name, const ese_model_segment *segments,
                    uint32_t n_segments)
{
    ese_model_call call;
    JET_ERR err;

    if (n_segments > ESE_MODEL_SEGMENTS_MAX)
        return ese_model__fail(JET_errInvalidParameter, "an index has at most 16 columns");
    err = ese_model__enter(&cursor->object, &call);
    if (err < JET_errSuccess)
        return err;
    err = JetSetCurrentIndexA(cursor->sesid, cursor->tableid,
                              name != NULL && name[0] != '\0' ? name : NULL);
    if (err >= JET_errSuccess) {
        if (n_segments > 0)
            memcpy(cursor->segments, segments, n_segments * sizeof *segments);
        cursor->n_segments = n_segments;
        cursor->is_primary = name == NULL || name[0] == '\0';
    }
    ese_model__leave(&call);
    return err;
}

/* ---- Keys --------------------------------------------------------------------------------------------- */

static JET_GRBIT
limit_of(ese_model_side side)
{
    switch (side) {
    case ESE_MODEL_BEFORE: return JET_bitFullColumnStartLimit;
    case ESE_MODEL_AFTER: return JET_bitFullColumnEndLimit;
    case ESE_MODEL_BEFORE_PREFIX: return JET_bitPartialColumnStartLimit;
    case ESE_MODEL_AFTER_PREFIX: return JET_bitPartialColumnEndLimit;
    case ESE_MODEL_EXACTLY: break;
    }
    return 0;
}

static JET_ERR
make_key_part(ese_model_cursor *cursor, const ese_model_segment *segment,
              const ese_model_value *value, JET_GRBIT grbit)
{
    ese_model_bytes bytes;
    JET_ERR err = ese_model__encode(segment, value, &bytes);

    if (err < JET_errSuccess)
        return err;
    if (value->type != ESE_MODEL_NULL && bytes.size == 0)
        grbit |= JET_bitKeyDataZeroLength;
    err =
        JetMakeKey(cursor->sesid, cursor->tableid,
                   value->type == ESE_MODEL_NULL ? NULL : bytes.data, (uint32_t)bytes.size, grbit);
    free(bytes.owned);
    return err;
}

JET_ERR
ese_model__make_key(ese_model_cursor *cursor, const ese_model_key *key)
{
    JET_ERR err = JET_errSuccess;

    if (key->n_values == 0 || key->n_values > cursor->n_segments)
        return ese_model__fail(JET_errInvalidParameter,
                               "a key has as many values as the index has columns, or fewer");
    for (uint32_t i = 0; i < key->n_values && err >= JET_errSuccess; i++) {
        JET_GRBIT grbit = i == 0 ? JET_bitNewKey : 0;

        if (i + 1 == key->n_values)
            grbit |= limit_of(key->side);
        err = make_key_part(cursor, &cursor->segments[i], &key->values[i], grbit);
    }
    return err;
}

/* ---- Seeking and ranges ---------------------------------------------------------------------------------- */

JET_ERR
ese_model_seek(ese_model_cursor *cursor, const ese_model_key *key, JET_GRBIT grbit,
               ese_model_found *found_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_model__make_key(cursor, key);
    if (err >= JET_errSuccess)
        err = JetSeek(cursor->sesid, cursor->tableid, grbit);
    ese_model__leave(&call);
    if (err == JET_errRecordNotFound) {
        *found_out = ESE_MODEL_NOT_FOUND;
        return JET_errSuccess;
    }
    if (err < JET_errSuccess)
        return err;
    if (err != JET_wrnSeekNotEqual)
        *found_out = ESE_MODEL_FOUND_EXACT;
    else if (grbit & (JET_bitSeekLT | JET_bitSeekLE))
        *found_out = ESE_MODEL_FOUND_LESS;
    else
        *found_out = ESE_MODEL_FOUND_GREATER;
    return JET_errSuccess;
}

static bool
is_after(const ese_model_key *key)
{
    return key->side == ESE_MODEL_AFTER || key->side == ESE_MODEL_AFTER_PREFIX;
}

/* To the end of the range where reading begins. */
static JET_ERR
select_start(ese_model_cursor *cursor, const ese_model_key *start, bool is_backward)
{
    JET_ERR err;

    if (start->n_values == 0)
        return JetMove(cursor->sesid, cursor->tableid,
                       is_backward ? JET_MoveLast : (int32_t)JET_MoveFirst, 0);
    err = ese_model__make_key(cursor, start);
    if (err < JET_errSuccess)
        return err;
    if (is_backward)
        return JetSeek(cursor->sesid, cursor->tableid,
                       is_after(start) ? JET_bitSeekLE : JET_bitSeekLT);
    return JetSeek(cursor->sesid, cursor->tableid, is_after(start) ? JET_bitSeekGT : JET_bitSeekGE);
}

static JET_ERR
select_end(ese_model_cursor *cursor, const ese_model_key *end, bool is_backward)
{
    JET_GRBIT grbit = is_backward ? 0 : JET_bitRangeUpperLimit;
    JET_ERR err;

    if (end->n_values == 0)
        return JET_errSuccess;
    err = ese_model__make_key(cursor, end);
    if (err < JET_errSuccess)
        return err;
    if (is_after(end) != is_backward)
        grbit |= JET_bitRangeInclusive;
    return JetSetIndexRange(cursor->sesid, cursor->tableid, grbit);
}

JET_ERR
ese_model_select(ese_model_cursor *cursor, const ese_model_key *lower, const ese_model_key *upper,
                 bool is_backward, bool *found_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = select_start(cursor, is_backward ? upper : lower, is_backward);
    if (err >= JET_errSuccess)
        err = select_end(cursor, is_backward ? lower : upper, is_backward);
    ese_model__leave(&call);
    if (err < JET_errSuccess && err != JET_errRecordNotFound && err != JET_errNoCurrentRecord)
        return err;
    *found_out = err >= JET_errSuccess;
    return JET_errSuccess;
}

JET_ERR
ese_model_move(ese_model_cursor *cursor, int32_t rows, bool *found_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetMove(cursor->sesid, cursor->tableid, rows, 0);
    ese_model__leave(&call);
    if (err < JET_errSuccess && err != JET_errNoCurrentRecord)
        return err;
    *found_out = err >= JET_errSuccess;
    return JET_errSuccess;
}

JET_ERR
ese_model_count(ese_model_cursor *cursor, uint32_t *n_entries_out)
{
    ese_model_call call;
    uint32_t n_entries = 0;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetIndexRecordCount(cursor->sesid, cursor->tableid, &n_entries, 0);
    ese_model__leave(&call);
    if (err < JET_errSuccess && err != JET_errNoCurrentRecord)
        return err;
    *n_entries_out = n_entries;
    return JET_errSuccess;
}

/* ---- Bookmarks -------------------------------------------------------------------------------------------- */

JET_ERR
ese_model_get_bookmark(ese_model_cursor *cursor, ese_model_bookmark *bookmark_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetBookmark(cursor->sesid, cursor->tableid, bookmark_out->data,
                         sizeof bookmark_out->data, &bookmark_out->size);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_goto_bookmark(ese_model_cursor *cursor, const void *data, size_t size)
{
    ese_model_call call;
    ese_model_bookmark bookmark;
    JET_ERR err;

    if (size > sizeof bookmark.data)
        return ese_model__fail(JET_errInvalidBookmark, "a bookmark has at most 2000 bytes");
    memcpy(bookmark.data, data, size); /* the call takes no const bytes */
    err = ese_model__enter(&cursor->object, &call);
    if (err < JET_errSuccess)
        return err;
    err = JetGotoBookmark(cursor->sesid, cursor->tableid, bookmark.data, (uint32_t)size);
    ese_model__leave(&call);
    return err;
}
