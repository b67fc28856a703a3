#include "object_model_write.h"

#include "object_model_private.h"
#include "object_model_text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 1 << 12, KEPT_BYTES = 1 << 22, VALUES_MAX = 65536, ATTEMPTS_MAX = 3 };

typedef struct ese_model_row_head {
    uint32_t n_items;
    uint32_t unused;
} ese_model_row_head;

typedef struct ese_model_item {
    uint32_t input;
    uint32_t itag;
    uint32_t size;
    bool is_null;
} ese_model_item;

struct ese_model_writer {
    ese_model_cursor *cursor;
    ese_model_input *inputs;
    uint32_t n_inputs;
    uint32_t keys[ESE_MODEL_SEGMENTS_MAX]; /* inputs */
    uint32_t n_keys;
    JET_COLUMNID autoincrement;
    atomic_flag is_busy; /* INV-1 */
    uint8_t *bytes;
    size_t n_bytes;
    size_t capacity;
    size_t row; /* where the last row begins */
    uint32_t n_rows;
    uint32_t n_expected;
    uint64_t n_before;   /* rows of batches before this one */
    JET_SETCOLUMN *sets; /* of the row at hand */
    uint32_t n_sets;
    uint32_t sets_capacity;
};

/* ---- The writer ------------------------------------------------------------------------------------------- */

static JET_ERR
fail_memory(void)
{
    return ese_model__fail(JET_errOutOfMemory, "out of memory");
}

static ese_model_writer *
allocate_writer(const ese_model_writing *writing)
{
    ese_model_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL)
        return NULL;
    writer->inputs = calloc((size_t)writing->n_inputs + 1, sizeof *writer->inputs);
    if (writer->inputs == NULL) {
        free(writer);
        return NULL;
    }
    if (writing->n_inputs > 0)
        memcpy(writer->inputs, writing->inputs, writing->n_inputs * sizeof *writer->inputs);
    writer->n_inputs = writing->n_inputs;
    if (writing->n_keys > 0)
        memcpy(writer->keys, writing->keys, writing->n_keys * sizeof *writer->keys);
    writer->n_keys = writing->n_keys;
    writer->autoincrement = writing->autoincrement;
    atomic_flag_clear(&writer->is_busy);
    return writer;
}

JET_ERR
ese_model_create_writer(ese_model_cursor *cursor, const ese_model_writing *writing,
                        ese_model_writer **writer_out)
{
    ese_model_call call;
    ese_model_writer *writer;
    JET_ERR err;

    if (writing->n_keys > ESE_MODEL_SEGMENTS_MAX)
        return ese_model__fail(JET_errInvalidParameter, "an index has at most 16 columns");
    for (uint32_t i = 0; i < writing->n_keys; i++) {
        if (writing->keys[i] >= writing->n_inputs)
            return ese_model__fail(JET_errInvalidParameter, "no such column");
    }
    err = ese_model__enter(&cursor->object, &call);
    if (err < JET_errSuccess)
        return err;
    writer = allocate_writer(writing);
    if (writer != NULL) {
        ese_model__hold(&cursor->object);
        writer->cursor = cursor;
        *writer_out = writer;
    }
    ese_model__leave(&call);
    return writer != NULL ? JET_errSuccess : fail_memory();
}

void
ese_model_destroy_writer(ese_model_writer *writer)
{
    if (writer == NULL)
        return;
    ese_model_release(&writer->cursor->object);
    free(writer->inputs);
    free(writer->bytes);
    free(writer->sets);
    free(writer);
}

uint32_t
ese_model_input_count(const ese_model_writer *writer)
{
    return writer->n_inputs;
}

const ese_model_input *
ese_model_input_at(const ese_model_writer *writer, uint32_t i)
{
    return &writer->inputs[i];
}

JET_ERR
ese_model_begin_write(ese_model_writer *writer, uint32_t n_rows, uint64_t n_before)
{
    if (atomic_flag_test_and_set(&writer->is_busy))
        return ese_model__fail(JET_errSessionSharingViolation,
                               "another thread is writing these rows");
    writer->n_bytes = 0;
    writer->n_rows = 0;
    writer->n_expected = n_rows;
    writer->n_before = n_before;
    return JET_errSuccess;
}

void
ese_model_end_write(ese_model_writer *writer)
{
    if (writer->capacity > KEPT_BYTES) { /* a huge value is not kept for ever */
        free(writer->bytes);
        writer->bytes = NULL;
        writer->capacity = 0;
    }
    atomic_flag_clear(&writer->is_busy);
}

/* ---- Filling the buffer ------------------------------------------------------------------------------------- */

/* Room for `size` bytes behind what is there. */
static JET_ERR
reserve(ese_model_writer *writer, size_t size)
{
    size_t capacity = writer->capacity > 0 ? writer->capacity : FIRST_BYTES;
    uint8_t *bytes;

    if (size > SIZE_MAX / 4 - writer->n_bytes)
        return fail_memory();
    while (capacity < writer->n_bytes + size)
        capacity *= 2;
    if (capacity == writer->capacity)
        return JET_errSuccess;
    bytes = realloc(writer->bytes, capacity);
    if (bytes == NULL)
        return fail_memory();
    writer->bytes = bytes;
    writer->capacity = capacity;
    return JET_errSuccess;
}

JET_ERR
ese_model_add_row(ese_model_writer *writer)
{
    ese_model_row_head head = {0};
    JET_ERR err = reserve(writer, sizeof head);

    if (err < JET_errSuccess)
        return err;
    writer->row = writer->n_bytes;
    memcpy(writer->bytes + writer->row, &head, sizeof head);
    writer->n_bytes += sizeof head;
    writer->n_rows++;
    return JET_errSuccess;
}

/* "row 3, column Name: what is wrong"; rows have numbers where there are many. */
static JET_ERR
fail_at(const ese_model_writer *writer, JET_ERR err, uint32_t row, const char *column)
{
    bool has_row = writer->n_expected > 1 || writer->n_before > 0;
    char place[320] = "";
    char reason[512];
    char text[512];
    size_t n = 0;

    snprintf(reason, sizeof reason, "%s", ese_model_error_text(err));
    if (has_row)
        n = (size_t)snprintf(place, sizeof place, "row %llu%s",
                             (unsigned long long)writer->n_before + row,
                             column != NULL ? ", " : ": ");
    if (column != NULL)
        snprintf(place + n, sizeof place - n, "column %s: ", column);
    snprintf(text, sizeof text, "%.300s%.200s", place, reason);
    return ese_model__fail(err, text);
}

JET_ERR
ese_model_add_value(ese_model_writer *writer, uint32_t input, uint32_t itag,
                    const ese_model_value *value)
{
    const ese_model_input *column = &writer->inputs[input];
    ese_model_item item = {.input = input, .itag = itag, .is_null = value->type == ESE_MODEL_NULL};
    size_t room = ese_model__encoded_room(value);
    ese_model_row_head head;
    size_t size = 0;
    JET_ERR err;

    if (room > (size_t)2 * INT32_MAX)
        return fail_at(writer,
                       ese_model__fail(JET_errInvalidParameter, "a value has less than 2 GiB"),
                       writer->n_rows, column->name);
    err = reserve(writer, sizeof item + room + 8);
    if (err < JET_errSuccess)
        return err;
    err = ese_model__encode_to(&column->type, value, writer->bytes + writer->n_bytes + sizeof item,
                               &size);
    if (err < JET_errSuccess)
        return fail_at(writer, err, writer->n_rows, column->name);
    item.size = (uint32_t)size;
    memcpy(writer->bytes + writer->n_bytes, &item, sizeof item);
    writer->n_bytes += sizeof item + ((size + 7) & ~(size_t)7);
    memcpy(&head, writer->bytes + writer->row, sizeof head);
    head.n_items++;
    memcpy(writer->bytes + writer->row, &head, sizeof head);
    return JET_errSuccess;
}

/* ---- From the buffer to the engine ---------------------------------------------------------------------------- */

/* The inputs are those of `sets`, in the same order; kept in `err` until JetSetColumns takes it. */
static JET_ERR
reserve_sets(ese_model_writer *writer, uint32_t n)
{
    JET_SETCOLUMN *sets;

    if (n <= writer->sets_capacity)
        return JET_errSuccess;
    sets = realloc(writer->sets, n * sizeof *sets);
    if (sets == NULL)
        return fail_memory();
    writer->sets = sets;
    writer->sets_capacity = n;
    return JET_errSuccess;
}

static const char *
name_of(const ese_model_writer *writer, JET_COLUMNID columnid)
{
    for (uint32_t i = 0; i < writer->n_inputs; i++) {
        if (writer->inputs[i].columnid == columnid)
            return writer->inputs[i].name;
    }
    return NULL;
}

/* The items of the row at `*at_inout`, which goes on behind it. */
static JET_ERR
take_row(ese_model_writer *writer, size_t *at_inout)
{
    size_t at = *at_inout;
    ese_model_row_head head;
    JET_ERR err;

    memcpy(&head, writer->bytes + at, sizeof head);
    at += sizeof head;
    err = reserve_sets(writer, head.n_items);
    if (err < JET_errSuccess)
        return err;
    for (uint32_t i = 0; i < head.n_items; i++) {
        ese_model_item item;
        JET_SETCOLUMN *set = &writer->sets[i];

        memcpy(&item, writer->bytes + at, sizeof item);
        at += sizeof item;
        *set = (JET_SETCOLUMN){
            .columnid = writer->inputs[item.input].columnid,
            .pvData = item.is_null ? NULL : writer->bytes + at,
            .cbData = item.size,
            .grbit = !item.is_null && item.size == 0 ? JET_bitSetZeroLength : 0,
            .itagSequence = item.itag,
            .err = (JET_ERR)item.input,
        };
        at += ((size_t)item.size + 7) & ~(size_t)7;
    }
    writer->n_sets = head.n_items;
    *at_inout = at;
    return JET_errSuccess;
}

/* Takes out the sets for which `is_out` holds. */
static void
leave_out(ese_model_writer *writer, bool (*is_out)(const ese_model_writer *, const JET_SETCOLUMN *))
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < writer->n_sets; i++) {
        if (!is_out(writer, &writer->sets[i]))
            writer->sets[n++] = writer->sets[i];
    }
    writer->n_sets = n;
}

static bool
is_needless_null(const ese_model_writer *writer, const JET_SETCOLUMN *set)
{
    return set->pvData == NULL && writer->inputs[set->err].skip_null;
}

static bool
is_key(const ese_model_writer *writer, const JET_SETCOLUMN *set)
{
    for (uint32_t i = 0; i < writer->n_keys; i++) {
        if ((uint32_t)set->err == writer->keys[i])
            return true;
    }
    return false;
}

/* Removes the values that a column has before it gets others, since setting value number 1 leaves number 2 as it is. */
static JET_ERR
clear_values(const ese_model_cursor *cursor, JET_COLUMNID columnid)
{
    const JET_GRBIT grbit = JET_bitRetrieveCopy | JET_bitRetrieveIgnoreDefault;

    for (uint32_t i = 0; i < VALUES_MAX; i++) {
        JET_RETINFO which = {.cbStruct = sizeof which, .itagSequence = 1};
        JET_SETINFO first = {.cbStruct = sizeof first, .itagSequence = 1};
        uint32_t size = 0;
        JET_ERR err = JetRetrieveColumn(cursor->sesid, cursor->tableid, columnid, NULL, 0, &size,
                                        grbit, &which);

        if (err < JET_errSuccess || err == JET_wrnColumnNull)
            return err;
        err = JetSetColumn(cursor->sesid, cursor->tableid, columnid, NULL, 0, 0, &first);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

static JET_ERR
clear_lists(const ese_model_writer *writer)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < writer->n_sets && err >= JET_errSuccess; i++) {
        if (writer->inputs[writer->sets[i].err].is_list && writer->sets[i].itagSequence == 1)
            err = clear_values(writer->cursor, writer->sets[i].columnid);
    }
    return err;
}

/* What is cut off without a word would be lost. */
static JET_ERR
result_of(const JET_SETCOLUMN *set)
{
    return set->err != JET_wrnColumnMaxTruncated
               ? set->err
               : ese_model__fail(JET_errColumnTooBig, "the value is longer than the column allows");
}

static JET_ERR
set_columns(ese_model_writer *writer, uint32_t row)
{
    JET_ERR err;

    if (writer->n_sets == 0)
        return JET_errSuccess;
    for (uint32_t i = 0; i < writer->n_sets; i++)
        writer->sets[i].err = JET_errSuccess;
    err =
        JetSetColumns(writer->cursor->sesid, writer->cursor->tableid, writer->sets, writer->n_sets);
    for (uint32_t i = 0; i < writer->n_sets; i++) {
        JET_ERR err_column = result_of(&writer->sets[i]);

        if (err_column < JET_errSuccess)
            return fail_at(writer, err < JET_errSuccess ? err : err_column, row,
                           name_of(writer, writer->sets[i].columnid));
    }
    return err < JET_errSuccess ? fail_at(writer, err, row, NULL) : JET_errSuccess;
}

/* The current index is the primary one after that. */
static JET_ERR
seek_key(const ese_model_writer *writer, bool *found_out)
{
    const ese_model_cursor *cursor = writer->cursor;
    JET_ERR err = JET_errSuccess;

    if (writer->n_keys == 0)
        return ese_model__fail(JET_errNoCurrentIndex, "the table has no primary index");
    for (uint32_t i = 0; i < writer->n_keys && err >= JET_errSuccess; i++) {
        const JET_SETCOLUMN *set = writer->sets;
        JET_GRBIT grbit = i == 0 ? JET_bitNewKey : 0;

        while (set < writer->sets + writer->n_sets && (uint32_t)set->err != writer->keys[i])
            set++;
        if (set == writer->sets + writer->n_sets)
            return ese_model__fail(JET_errInvalidParameter, "the primary key needs all its values");
        if (set->grbit & JET_bitSetZeroLength)
            grbit |= JET_bitKeyDataZeroLength;
        err = JetMakeKey(cursor->sesid, cursor->tableid, set->pvData, set->cbData, grbit);
    }
    if (err >= JET_errSuccess)
        err = JetSeek(cursor->sesid, cursor->tableid, JET_bitSeekEQ);
    *found_out = err >= JET_errSuccess;
    return err == JET_errRecordNotFound ? JET_errSuccess : err;
}

/* ---- One row ---------------------------------------------------------------------------------------------------- */

static JET_ERR
read_autoincrement(const ese_model_writer *writer, ese_model_written *written)
{
    const ese_model_cursor *cursor = writer->cursor;
    uint8_t bytes[8] = {0};
    uint32_t size = 0;
    JET_ERR err = JetRetrieveColumn(cursor->sesid, cursor->tableid, writer->autoincrement, bytes,
                                    sizeof bytes, &size, JET_bitRetrieveCopy, NULL);

    if (err < JET_errSuccess)
        return err;
    written->autoincrement = 0;
    for (unsigned i = 8; i-- > 0;)
        written->autoincrement = written->autoincrement << 8 | bytes[i];
    return JET_errSuccess;
}

static JET_ERR
finish_row(const ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    const ese_model_cursor *cursor = writer->cursor;
    ese_model_bookmark *bookmark = row == writer->n_rows ? &written->bookmark : NULL;
    JET_ERR err = JetUpdate2(
        cursor->sesid, cursor->tableid, bookmark != NULL ? bookmark->data : NULL,
        bookmark != NULL ? sizeof bookmark->data : 0, bookmark != NULL ? &bookmark->size : NULL, 0);

    if (err < JET_errSuccess)
        return fail_at(writer, err, row, NULL);
    written->n_rows++;
    return err;
}

static JET_ERR
change_row(ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    const ese_model_cursor *cursor = writer->cursor;
    JET_ERR err = JetPrepareUpdate(cursor->sesid, cursor->tableid, JET_prepReplace);

    if (err < JET_errSuccess)
        return fail_at(writer, err, row, NULL);
    err = clear_lists(writer);
    if (err >= JET_errSuccess)
        err = set_columns(writer, row);
    return err < JET_errSuccess ? err : finish_row(writer, row, written);
}

/* A number of the caller's own, in the place of the one that the engine would give. */
static void
keep_number(ese_model_writer *writer)
{
    for (uint32_t i = 0; i < writer->n_sets; i++) {
        if (writer->autoincrement != 0 && writer->sets[i].columnid == writer->autoincrement)
            writer->sets[i].grbit |= ESE_bitSetAutoincrement;
    }
}

static JET_ERR
insert_row(ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    const ese_model_cursor *cursor = writer->cursor;
    JET_ERR err = JetPrepareUpdate(cursor->sesid, cursor->tableid, JET_prepInsert);

    if (err < JET_errSuccess)
        return fail_at(writer, err, row, NULL);
    leave_out(writer, is_needless_null);
    keep_number(writer);
    err = set_columns(writer, row);
    if (err >= JET_errSuccess && writer->autoincrement != 0 && row == writer->n_rows)
        err = read_autoincrement(writer, written);
    if (err >= JET_errSuccess)
        err = finish_row(writer, row, written);
    if (err >= JET_errSuccess)
        written->n_inserted++;
    return err;
}

static JET_ERR
upsert_row(ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    bool is_found = false;
    JET_ERR err = seek_key(writer, &is_found);

    if (err < JET_errSuccess)
        return fail_at(writer, err, row, NULL);
    if (!is_found)
        return insert_row(writer, row, written);
    leave_out(writer, is_key);
    return change_row(writer, row, written);
}

static JET_ERR
delete_row(ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    bool is_found = false;
    JET_ERR err = seek_key(writer, &is_found);

    if (err >= JET_errSuccess && is_found)
        err = JetDelete(writer->cursor->sesid, writer->cursor->tableid);
    if (err < JET_errSuccess)
        return fail_at(writer, err, row, NULL);
    written->n_rows += is_found;
    return err;
}

static JET_ERR
set_row(ese_model_writer *writer, uint32_t row, ese_model_written *written)
{
    JET_ERR err = clear_lists(writer);

    keep_number(writer); /* of a new record; any other refuses it */
    if (err >= JET_errSuccess)
        err = set_columns(writer, row);
    if (err >= JET_errSuccess)
        written->n_rows++;
    return err;
}

/* ---- A batch ---------------------------------------------------------------------------------------------------- */

static JET_ERR
write_rows(ese_model_writer *writer, ese_model_write_kind kind, ese_model_written *written)
{
    JET_ERR err = JET_errSuccess;
    size_t at = 0;

    for (uint32_t row = 1; row <= writer->n_rows && err >= JET_errSuccess; row++) {
        err = take_row(writer, &at);
        if (err < JET_errSuccess)
            break;
        switch (kind) {
        case ESE_MODEL_INSERT: err = insert_row(writer, row, written); break;
        case ESE_MODEL_UPSERT: err = upsert_row(writer, row, written); break;
        case ESE_MODEL_REPLACE: err = change_row(writer, row, written); break;
        case ESE_MODEL_SET: err = set_row(writer, row, written); break;
        case ESE_MODEL_DELETE: err = delete_row(writer, row, written); break;
        }
    }
    return err;
}

/* What an insert or a replace has begun; the first error is the one to tell. */
static void
cancel_update(const ese_model_cursor *cursor, JET_ERR err)
{
    char text[512];

    snprintf(text, sizeof text, "%s", ese_model_error_text(err));
    (void)JetPrepareUpdate(cursor->sesid, cursor->tableid, JET_prepCancel);
    (void)ese_model__fail(err, text);
}

static JET_ERR
write_in_session(ese_model_writer *writer, ese_model_write_kind kind, ese_model_written *written)
{
    ese_model_cursor *cursor = writer->cursor;
    JET_ERR err = JET_errSuccess;

    if ((kind == ESE_MODEL_UPSERT || kind == ESE_MODEL_DELETE) && !cursor->is_primary) {
        err = JetSetCurrentIndexA(cursor->sesid, cursor->tableid, NULL);
        if (err < JET_errSuccess)
            return err;
        cursor->is_primary = true;
        cursor->n_segments = 0;
    }
    err = write_rows(writer, kind, written);
    if (err < JET_errSuccess && kind != ESE_MODEL_SET && kind != ESE_MODEL_DELETE)
        cancel_update(cursor, err);
    return err;
}

/* An update in progress belongs to the level at which it began. */
static ese_model_scope_kind
scope_of(ese_model_write_kind kind, uint32_t n_rows)
{
    if (kind == ESE_MODEL_SET)
        return ESE_MODEL__SCOPE_NONE;
    return n_rows > 1 ? ESE_MODEL__SCOPE_LEVEL : ESE_MODEL__SCOPE_OUTERMOST;
}

static JET_ERR
write_in_scope(const ese_model_call *call, ese_model_writer *writer, ese_model_write_kind kind,
               ese_model_written *written)
{
    ese_model_scope scope;
    JET_ERR err = ese_model__begin_scope(call, scope_of(kind, writer->n_rows), &scope);

    *written = (ese_model_written){0};
    if (err >= JET_errSuccess) {
        err = write_in_session(writer, kind, written);
        err = ese_model__end_scope(call, &scope, err);
    }
    return err;
}

/*
 * An upsert may find no record and then a duplicate, which another session inserted between the two. Outside a transaction of
 * the caller it looks again, with the eyes of a new one.
 */
JET_ERR
ese_model_write(ese_model_writer *writer, ese_model_write_kind kind, ese_model_written *written_out)
{
    ese_model_call call;
    ese_model_written written;
    uint32_t n_attempts = 0;
    JET_ERR err = ese_model__enter(&writer->cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    do
        err = write_in_scope(&call, writer, kind, &written);
    while (err == JET_errKeyDuplicate && kind == ESE_MODEL_UPSERT && call.session->level == 0 &&
           ++n_attempts < ATTEMPTS_MAX);
    ese_model__leave(&call);
    if (err >= JET_errSuccess)
        *written_out = written;
    return err < JET_errSuccess ? err : JET_errSuccess;
}
