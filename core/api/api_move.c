/* Moves, keys, seeks, ranges, counts, positions, bookmarks: outcomes of the table layer as codes. */
#include "api/api_cursor.h"

#include "table/table_update.h"

/* Copies a borrowed value out; *size_out, where wanted, tells its whole size even when it does not fit. */
static JET_ERR
give_bytes(ese_bytes bytes, void *to, uint32_t room, uint32_t *size_out)
{
    if (size_out != NULL)
        *size_out = (uint32_t)bytes.size;
    if (bytes.size > room)
        return ese_raise(JET_errBufferTooSmall, "%u bytes are too few for %zu", (unsigned)room,
                         bytes.size);
    if (to == NULL && room != 0)
        return ese_raise(JET_errInvalidParameter, "no place for %u bytes", (unsigned)room);
    if (bytes.size != 0)
        memcpy(to, bytes.data, bytes.size);
    return JET_errSuccess;
}

/* ---- JetMove ---- */

typedef struct move_arguments {
    int32_t distance;
    JET_GRBIT grbit;
} move_arguments;

static JET_ERR
do_move(ese_table_cursor *cursor, void *arguments)
{
    const move_arguments *move = arguments;
    ese_table_step step = move->grbit & JET_bitMoveKeyNE ? ESE_TABLE_BY_KEY : ESE_TABLE_BY_ENTRY;
    bool found = false;
    JET_ERR err;

    ese_table_cancel_update(cursor); /* as any move does, even one that leads nowhere */
    if (move->distance == (int32_t)JET_MoveFirst)
        err = ese_table_move_first(cursor, &found);
    else if (move->distance == JET_MoveLast)
        err = ese_table_move_last(cursor, &found);
    else
        err = ese_table_move(cursor, move->distance, step, &found);
    return err >= JET_errSuccess && !found ? JET_errNoCurrentRecord : err;
}

JET_ERR
JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow, JET_GRBIT grbit)
{
    move_arguments arguments = {cRow, grbit};

    return ese_api_on_cursor(sesid, tableid, do_move, &arguments);
}

/* ---- Keys ---- */

typedef struct key_arguments {
    const void *data;
    void *to;
    uint32_t size;
    uint32_t *size_out;
    JET_GRBIT grbit;
} key_arguments;

static JET_ERR
do_make_key(ese_table_cursor *cursor, void *arguments)
{
    const key_arguments *key = arguments;

    return ese_table_make_key(cursor, key->data, key->size, key->grbit);
}

JET_ERR
JetMakeKey(JET_SESID sesid, JET_TABLEID tableid, const void *pvData, uint32_t cbData,
           JET_GRBIT grbit)
{
    key_arguments arguments = {.data = pvData, .size = cbData, .grbit = grbit};

    return ese_api_on_cursor(sesid, tableid, do_make_key, &arguments);
}

static JET_ERR
do_retrieve_key(ese_table_cursor *cursor, void *arguments)
{
    const key_arguments *key = arguments;
    ese_table_key_source source =
        key->grbit & JET_bitRetrieveCopy ? ESE_TABLE_SEARCH_KEY : ESE_TABLE_CURRENT_KEY;
    uint32_t room = key->to != NULL ? key->size : 0;
    size_t size = 0;
    JET_ERR err;

    err = ese_table_get_key(cursor, source, key->to, room, &size);
    if (err < JET_errSuccess)
        return err;
    if (key->size_out != NULL)
        *key->size_out = (uint32_t)size;
    return size > room && source == ESE_TABLE_CURRENT_KEY ? JET_wrnBufferTruncated : JET_errSuccess;
}

JET_ERR
JetRetrieveKey(JET_SESID sesid, JET_TABLEID tableid, void *pvKey, uint32_t cbMax,
               uint32_t *pcbActual, JET_GRBIT grbit)
{
    key_arguments arguments = {.to = pvKey, .size = cbMax, .size_out = pcbActual, .grbit = grbit};

    return ese_api_on_cursor(sesid, tableid, do_retrieve_key, &arguments);
}

/* ---- Seeks and ranges ---- */

static JET_ERR
do_seek(ese_table_cursor *cursor, void *arguments)
{
    ese_table_match match = ESE_TABLE_MATCH_NONE;
    JET_ERR err = ese_table_seek(cursor, *(const JET_GRBIT *)arguments, &match);

    if (err < JET_errSuccess)
        return err;
    switch (match) {
    case ESE_TABLE_MATCH_EQUAL: return JET_errSuccess;
    case ESE_TABLE_MATCH_OTHER: return JET_wrnSeekNotEqual;
    case ESE_TABLE_MATCH_EQUAL_UNIQUE: return JET_wrnUniqueKey;
    default: return ese_raise(JET_errRecordNotFound, "no entry fits the key");
    }
}

JET_ERR
JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    return ese_api_on_cursor(sesid, tableid, do_seek, &grbit);
}

static JET_ERR
do_set_range(ese_table_cursor *cursor, void *arguments)
{
    bool found = false;
    JET_ERR err = ese_table_set_range(cursor, *(const JET_GRBIT *)arguments, &found);

    return err >= JET_errSuccess && !found ? JET_errNoCurrentRecord : err;
}

JET_ERR
JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit)
{
    return ese_api_on_cursor(sesid, tableidSrc, do_set_range, &grbit);
}

/* ---- Counts and positions ---- */

typedef struct count_arguments {
    uint32_t limit;
    uint32_t *count_out;
} count_arguments;

static JET_ERR
do_count(ese_table_cursor *cursor, void *arguments)
{
    const count_arguments *count = arguments;

    if (count->count_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the count");
    if (ese_table_is_temporary(cursor))
        return ese_raise(JET_errIllegalOperation, "a temporary table is not counted");
    return ese_table_count(cursor, count->limit, count->count_out);
}

JET_ERR
JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec, uint32_t crecMax)
{
    count_arguments arguments = {crecMax, pcrec};

    return ese_api_on_cursor(sesid, tableid, do_count, &arguments);
}

static JET_ERR
do_get_position(ese_table_cursor *cursor, void *arguments)
{
    JET_RECPOS *position = arguments;

    if (ese_table_is_temporary(cursor))
        return ese_raise(JET_errIllegalOperation, "a temporary table has no positions");
    return ese_table_get_position(cursor, position);
}

JET_ERR
JetGetRecordPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos, uint32_t cbRecpos)
{
    JET_RECPOS position = {.cbStruct = sizeof position};
    JET_ERR err;

    if (precpos == NULL || cbRecpos < sizeof position)
        return ese_raise(JET_errInvalidParameter, "no place for a position");
    err = ese_api_on_cursor(sesid, tableid, do_get_position, &position);
    if (err >= JET_errSuccess)
        *precpos = position;
    return err;
}

static JET_ERR
do_go_position(ese_table_cursor *cursor, void *arguments)
{
    const JET_RECPOS *position = arguments;
    bool found = false;
    JET_ERR err;

    if (position == NULL || position->cbStruct != sizeof *position)
        return ese_raise(JET_errInvalidParameter, "no position");
    if (ese_table_is_temporary(cursor))
        return ese_raise(JET_errIllegalOperation, "a temporary table has no positions");
    err = ese_table_go_position(cursor, position, &found);
    return err >= JET_errSuccess && !found ? ese_raise(JET_errRecordNotFound, "the index is empty")
                                           : err;
}

JET_ERR
JetGotoPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos)
{
    return ese_api_on_cursor(sesid, tableid, do_go_position, precpos);
}

/* ---- Bookmarks ---- */

typedef struct bookmark_arguments {
    void *key;
    uint32_t key_room;
    uint32_t *key_size_out;
    void *bookmark;
    uint32_t bookmark_room;
    uint32_t *bookmark_size_out;
    JET_GRBIT grbit;
} bookmark_arguments;

static JET_ERR
do_get_bookmark(ese_table_cursor *cursor, void *arguments)
{
    const bookmark_arguments *out = arguments;
    ese_bytes bookmark = {0};
    JET_ERR err = ese_table_bookmark(cursor, &bookmark);

    return err < JET_errSuccess
               ? err
               : give_bytes(bookmark, out->bookmark, out->bookmark_room, out->bookmark_size_out);
}

JET_ERR
JetGetBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbMax,
               uint32_t *pcbActual)
{
    bookmark_arguments arguments = {
        .bookmark = pvBookmark, .bookmark_room = cbMax, .bookmark_size_out = pcbActual};

    return ese_api_on_cursor(sesid, tableid, do_get_bookmark, &arguments);
}

static JET_ERR
do_go_bookmark(ese_table_cursor *cursor, void *arguments)
{
    return ese_table_go_bookmark(cursor, *(const ese_bytes *)arguments);
}

JET_ERR
JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark)
{
    ese_bytes bookmark = {pvBookmark, pvBookmark != NULL ? cbBookmark : 0};

    return ese_api_on_cursor(sesid, tableid, do_go_bookmark, &bookmark);
}

static JET_ERR
do_get_secondary(ese_table_cursor *cursor, void *arguments)
{
    const bookmark_arguments *out = arguments;
    const ese_schema_index *index = ese_table_current_index(cursor);
    uint8_t buffer[ESE_RECORD_KEY_MOST_MAX + 8];
    ese_bytes key = {buffer, 0}, bookmark = {0};
    JET_ERR err, key_err;

    if (index == NULL || index == ese_table_descriptor(cursor)->primary)
        return ese_raise(JET_errNoCurrentIndex, "the current index is not a secondary one");
    ESE_TRY(ese_table_get_key(cursor, ESE_TABLE_CURRENT_KEY, buffer, sizeof buffer, &key.size));
    ESE_TRY(ese_table_bookmark(cursor, &bookmark));
    key_err = give_bytes(key, out->key, out->key_room, out->key_size_out);
    err = give_bytes(bookmark, out->bookmark, out->bookmark_room, out->bookmark_size_out);
    ESE_KEEP_FIRST(key_err, err);
    return key_err;
out:
    return err;
}

JET_ERR
JetGetSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvSecondaryKey,
                             uint32_t cbSecondaryKeyMax, uint32_t *pcbSecondaryKeyActual,
                             void *pvPrimaryBookmark, uint32_t cbPrimaryBookmarkMax,
                             uint32_t *pcbPrimaryBookmarkActual, JET_GRBIT grbit)
{
    bookmark_arguments arguments = {pvSecondaryKey,
                                    cbSecondaryKeyMax,
                                    pcbSecondaryKeyActual,
                                    pvPrimaryBookmark,
                                    cbPrimaryBookmarkMax,
                                    pcbPrimaryBookmarkActual,
                                    grbit};

    return ese_api_on_cursor(sesid, tableid, do_get_secondary, &arguments);
}

static JET_ERR
do_go_secondary(ese_table_cursor *cursor, void *arguments)
{
    const bookmark_arguments *in = arguments;
    ese_bytes key = {in->key, in->key != NULL ? in->key_room : 0};
    ese_bytes bookmark = {in->bookmark, in->bookmark != NULL ? in->bookmark_room : 0};

    return ese_table_go_secondary(cursor, key, bookmark,
                                  in->grbit & JET_bitBookmarkPermitVirtualCurrency
                                      ? ESE_TABLE_PERMIT_VIRTUAL
                                      : ESE_TABLE_EXACT_ONLY);
}

JET_ERR
JetGotoSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvSecondaryKey,
                              uint32_t cbSecondaryKey, void *pvPrimaryBookmark,
                              uint32_t cbPrimaryBookmark, JET_GRBIT grbit)
{
    bookmark_arguments arguments = {
        .key = pvSecondaryKey,
        .key_room = cbSecondaryKey,
        .bookmark = pvPrimaryBookmark,
        .bookmark_room = cbPrimaryBookmark,
        .grbit = grbit,
    };

    return ese_api_on_cursor(sesid, tableid, do_go_secondary, &arguments);
}
