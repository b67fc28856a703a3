/* The rows of a table, in batches of one transaction each. */
#include "tools/copy.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH_ROWS = 1000,
    BATCH_BYTES = 1 << 24,
    CAREFUL_PIECE =
        512 /* where a long value ends before its end: at most so much of it too early */
};

static bool
is_default(const ese_tools__column *column, const ese_column *values)
{
    return column->default_value != NULL && values->n_values == 1 &&
           values->values[0].size == column->default_size &&
           memcmp(values->values[0].data, column->default_value, column->default_size) == 0;
}

static JET_SETCOLUMN *
add_set(ese_tools__copying *c, uint32_t *n)
{
    if (*n == c->sets_capacity) {
        uint32_t capacity = c->sets_capacity == 0 ? 64 : 2 * c->sets_capacity;
        JET_SETCOLUMN *sets = ese_tools__alloc(capacity, sizeof *sets);

        if (*n > 0)
            memcpy(sets, c->sets, *n * sizeof *sets);
        free(c->sets);
        c->sets = sets;
        c->sets_capacity = capacity;
    }
    return &c->sets[(*n)++];
}

static void
add_values(ese_tools__copying *c, unsigned i, uint32_t *n)
{
    const ese_tools__column *from = &c->from.columns[i];
    const ese_column *values = &c->values[i];
    JET_COLUMNID columnid = c->to.columns[i].id;
    JET_GRBIT grbit = from->grbit & JET_bitColumnAutoincrement ? ESE_bitSetAutoincrement : 0;

    if (is_default(from, values))
        return;
    if (values->n_values == 0 && from->default_value != NULL &&
        (from->grbit & JET_bitColumnUserDefinedDefault) == 0)
        *add_set(c, n) = (JET_SETCOLUMN){.columnid = columnid, .itagSequence = 1};
    for (uint32_t v = 0; v < values->n_values; v++) {
        const ese_value *value = &values->values[v];

        *add_set(c, n) = (JET_SETCOLUMN){
            .columnid = columnid,
            .pvData = value->data,
            .cbData = value->size,
            .grbit = grbit | (value->size == 0 ? JET_bitSetZeroLength : 0),
            .itagSequence = v + 1,
        };
        c->n_bytes += value->size;
    }
}

/* ---- Long values */

/* One more piece of a value, or JET_errDatabaseCorrupted when there should be one. */
static JET_ERR
read_piece(ese_tools__copying *c, unsigned i, uint32_t itag, uint32_t at, uint32_t room,
           uint32_t *n_out)
{
    JET_RETINFO where = {.cbStruct = sizeof where, .ibLongValue = at, .itagSequence = itag};
    uint32_t n = 0;
    JET_ERR err = JetRetrieveColumn(c->copy->source.sesid, c->from.tableid, c->from.columns[i].id,
                                    c->copy->piece, room, &n, 0, &where);

    if (err < JET_errSuccess)
        return err;
    *n_out = n > room ? room : n;
    return err;
}

static JET_ERR
append_piece(ese_tools__copying *c, unsigned i, uint32_t itag, uint32_t n)
{
    JET_SETINFO to = {.cbStruct = sizeof to, .itagSequence = itag};

    c->n_bytes += n;
    return JetSetColumn(c->copy->target.sesid, c->to.tableid, c->to.columns[i].id, c->copy->piece,
                        n, JET_bitSetAppendLV, &to);
}

/* What ese_get_row cut off. */
static JET_ERR
append_rest(ese_tools__copying *c, unsigned i, uint32_t itag)
{
    const ese_value *value = &c->values[i].values[itag - 1];
    uint32_t full_size = value->full_size;
    JET_ERR err = JET_errSuccess;

    for (uint32_t at = value->size, n = 0; at < full_size && err >= JET_errSuccess; at += n) {
        err = read_piece(c, i, itag, at, ESE_TOOLS__COPY_PIECE, &n);
        if (err >= JET_errSuccess && n == 0)
            err = JET_errDatabaseCorrupted;
        c->is_at_source = err < JET_errSuccess;
        if (c->is_at_source && c->copy->does_salvage && !ese_tools__copy_is_fatal(err)) {
            ese_tools__copy_note(c, err);
            c->copied->n_values_cut++;
            return JET_errSuccess;
        }
        if (err >= JET_errSuccess)
            err = append_piece(c, i, itag, n);
    }
    return err;
}

static JET_ERR
append_rests(ese_tools__copying *c)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < c->from.n_columns; i++) {
        for (uint32_t v = 0; v < c->values[i].n_values && err >= JET_errSuccess; v++) {
            if (c->values[i].values[v].full_size > c->values[i].values[v].size)
                err = append_rest(c, i, v + 1);
        }
    }
    return err;
}

/* ---- Rows of which not everything can be read */

/* The columns that can be read, one by one; the others are lost. */
static void
find_lost(ese_tools__copying *c)
{
    for (unsigned i = 0; i < c->from.n_columns; i++) {
        JET_ERR err = ese_get_row(c->copy->source.sesid, c->from.tableid, ESE_TOOLS__COPY_PIECE,
                                  &c->values[i], 1);

        c->is_lost[i] = err < JET_errSuccess;
        if (c->is_lost[i])
            ese_tools__copy_note(c, err);
    }
}

/* The other columns in one call, for what one call gives lasts to the next. */
static JET_ERR
read_rest(ese_tools__copying *c)
{
    ese_column *found = ese_tools__alloc(c->from.n_columns, sizeof *found);
    uint32_t n = 0;
    JET_ERR err;

    for (unsigned i = 0; i < c->from.n_columns; i++) {
        if (!c->is_lost[i])
            found[n++].columnid = c->from.columns[i].id;
    }
    err = ese_get_row(c->copy->source.sesid, c->from.tableid, ESE_TOOLS__COPY_PIECE, found, n);
    n = 0;
    for (unsigned i = 0; i < c->from.n_columns; i++)
        c->values[i] = c->is_lost[i] || err < JET_errSuccess
                           ? (ese_column){.columnid = c->from.columns[i].id}
                           : found[n++];
    free(found);
    return err;
}

/* The beginning of value number `itag`, as far as it can be read; false when there is none of that number. */
static bool
salvage_value(ese_tools__copying *c, unsigned i, uint32_t itag, JET_ERR *err_target)
{
    uint32_t at = 0, n = 0;
    JET_ERR err = read_piece(c, i, itag, 0, CAREFUL_PIECE, &n);

    if (err == JET_wrnColumnNull)
        return false;
    while (err >= JET_errSuccess && n > 0 && *err_target >= JET_errSuccess) {
        *err_target = append_piece(c, i, itag, n);
        at += n;
        err = read_piece(c, i, itag, at, CAREFUL_PIECE, &n);
    }
    if (err < JET_errSuccess && at > 0)
        c->copied->n_values_cut++;
    if (err < JET_errSuccess && at == 0)
        c->copied->n_values_lost++;
    return at > 0;
}

static bool
is_long(const ese_tools__column *column)
{
    return column->coltyp == JET_coltypLongText || column->coltyp == JET_coltypLongBinary;
}

static JET_ERR
salvage_values(ese_tools__copying *c)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < c->from.n_columns && err >= JET_errSuccess; i++) {
        const ese_tools__column *column = &c->from.columns[i];
        bool has_value = false;

        if (!c->is_lost[i])
            continue;
        if (is_long(column)) {
            for (uint32_t itag = 1; salvage_value(c, i, itag, &err); itag++)
                has_value = true;
        } else {
            c->copied->n_values_lost++;
        }
        if (!has_value && (column->grbit & JET_bitColumnNotNULL) != 0 && err >= JET_errSuccess)
            err = JetSetColumn(c->copy->target.sesid, c->to.tableid, c->to.columns[i].id, NULL, 0,
                               JET_bitSetZeroLength, NULL);
    }
    return err;
}

/* ---- Rows */

/* `*is_whole_out` false: some columns are lost. */
static ese_tools__status
read_row(ese_tools__copying *c, bool *is_whole_out, bool *is_there_out)
{
    JET_ERR err = ese_get_row(c->copy->source.sesid, c->from.tableid, ESE_TOOLS__COPY_PIECE,
                              c->values, c->from.n_columns);

    *is_whole_out = err >= JET_errSuccess;
    *is_there_out = true;
    if (err >= JET_errSuccess)
        return ESE_TOOLS__OK;
    if (!c->copy->does_salvage || ese_tools__copy_is_fatal(err))
        return ese_tools__copy_fail_source(c, err);
    ese_tools__copy_note(c, err);
    find_lost(c);
    err = read_rest(c);
    if (err < JET_errSuccess) {
        *is_there_out = false;
        c->copied->n_rows_refused++;
    }
    return ESE_TOOLS__OK;
}

static ese_tools__status
refuse_row(ese_tools__copying *c, JET_ERR err)
{
    if (!c->copy->does_salvage || ese_tools__copy_is_fatal(err))
        return c->is_at_source ? ese_tools__copy_fail_source(c, err)
                               : ese_tools__copy_fail_target(c, err);
    ese_tools__copy_note(c, err);
    c->copied->n_rows_refused++;
    c->copied->n_rows_duplicate += err == JET_errKeyDuplicate;
    err = JetPrepareUpdate(c->copy->target.sesid, c->to.tableid, JET_prepCancel);
    return err < JET_errSuccess ? ese_tools__copy_fail_target(c, err) : ESE_TOOLS__OK;
}

static ese_tools__status
write_row(ese_tools__copying *c, bool is_whole)
{
    JET_SESID sesid = c->copy->target.sesid;
    uint32_t n = 0;
    JET_ERR err;

    for (unsigned i = 0; i < c->from.n_columns; i++) {
        if (is_whole || !c->is_lost[i])
            add_values(c, i, &n);
    }
    c->is_at_source = false;
    err = JetPrepareUpdate(sesid, c->to.tableid, JET_prepInsert);
    if (err < JET_errSuccess)
        return ese_tools__copy_fail_target(c, err);
    if (n > 0)
        err = JetSetColumns(sesid, c->to.tableid, c->sets, n);
    if (err >= JET_errSuccess)
        err = append_rests(c);
    if (err >= JET_errSuccess && !is_whole)
        err = salvage_values(c);
    if (err >= JET_errSuccess)
        err = JetUpdate(sesid, c->to.tableid, NULL, 0, NULL);
    return err < JET_errSuccess ? refuse_row(c, err) : ESE_TOOLS__OK;
}

static ese_tools__status
copy_row(ese_tools__copying *c)
{
    bool is_whole, is_there;
    uint64_t n_refused = c->copied->n_rows_refused;
    ese_tools__status status = read_row(c, &is_whole, &is_there);

    if (status == ESE_TOOLS__OK && is_there)
        status = write_row(c, is_whole);
    if (status == ESE_TOOLS__OK && c->copied->n_rows_refused == n_refused)
        c->copied->n_rows++;
    return status;
}

/* Some rows in one transaction; `*err_move` is where the walk through the source stands. */
static ese_tools__status
copy_batch(ese_tools__copying *c, JET_ERR *err_move)
{
    JET_SESID sesid = c->copy->target.sesid;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = JetBeginTransaction(sesid);

    c->n_bytes = 0;
    for (unsigned n = 0; err >= JET_errSuccess && status == ESE_TOOLS__OK &&
                         *err_move >= JET_errSuccess && n < BATCH_ROWS && c->n_bytes < BATCH_BYTES;
         n++) {
        status = copy_row(c);
        if (status == ESE_TOOLS__OK)
            *err_move = JetMove(sesid, c->from.tableid, JET_MoveNext, 0);
    }
    if (err >= JET_errSuccess && status != ESE_TOOLS__FAILED)
        err = JetCommitTransaction(sesid, JET_bitCommitLazyFlush);
    ese_tools__progress_step(&c->copy->progress, c->from.name, c->copied->n_rows, 0);
    return err < JET_errSuccess ? ese_tools__copy_fail_target(c, err) : status;
}

ese_tools__status
ese_tools__copy_rows(ese_tools__copying *c)
{
    JET_SESID sesid = c->copy->source.sesid;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = JetMove(sesid, c->from.tableid, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess && status == ESE_TOOLS__OK)
        status = copy_batch(c, &err);
    return status == ESE_TOOLS__OK && err != JET_errNoCurrentRecord
               ? ese_tools__copy_fail_source(c, err)
               : status;
}
