/* JetCompact: the records of a table, some in one transaction. What equals the default of its column is left to the default. */
#include "api/api_compact.h"

#include "base/growbuf.h"

#include <string.h>

enum { BATCH_ROWS = 1000, BATCH_BYTES = 1 << 24 };

static bool
is_default(const ese_column_info *column, const ese_column *values)
{
    return column->default_value != NULL && values->n_values == 1 &&
           values->values[0].size == column->default_size &&
           memcmp(values->values[0].data, column->default_value, column->default_size) == 0;
}

static JET_ERR
add_set(ese_api__compacting *t, const JET_SETCOLUMN *set)
{
    t->n_bytes += set->cbData;
    return ese_growbuf_append(&t->sets, set, sizeof *set);
}

static JET_ERR
add_values(ese_api__compacting *t, uint32_t i)
{
    const ese_column_info *column = &t->columns[i];
    const ese_column *values = &t->values[i];
    JET_GRBIT grbit = column->grbit & JET_bitColumnAutoincrement ? ESE_bitSetAutoincrement : 0;
    JET_SETCOLUMN set = {.columnid = t->ids[i], .itagSequence = 1};
    JET_ERR err = JET_errSuccess;

    if (is_default(column, values))
        return err;
    if (values->n_values == 0 && column->default_value != NULL &&
        (column->grbit & JET_bitColumnUserDefinedDefault) == 0)
        ESE_TRY(add_set(t, &set)); /* NULL in spite of the default */
    for (uint32_t v = 0; v < values->n_values; v++) {
        const ese_value *value = &values->values[v];

        set.pvData = value->data;
        set.cbData = value->size;
        set.grbit = grbit | (value->size == 0 ? JET_bitSetZeroLength : 0);
        set.itagSequence = v + 1;
        ESE_TRY(add_set(t, &set));
    }
out:
    return err;
}

/* What ese_get_row cut off. */
static JET_ERR
append_rest(ese_api__compacting *t, uint32_t i, uint32_t itag)
{
    const ese_api__compaction *c = t->c;
    const ese_value *value = &t->values[i].values[itag - 1];
    uint32_t full_size = value->full_size;
    uint32_t n = 0;
    JET_ERR err = JET_errSuccess;

    for (uint32_t at = value->size; at < full_size; at += n) {
        JET_RETINFO where = {.cbStruct = sizeof where, .ibLongValue = at, .itagSequence = itag};
        JET_SETINFO to = {.cbStruct = sizeof to, .itagSequence = itag};

        ESE_TRY(JetRetrieveColumn(c->sesid, t->from, t->columns[i].columnid, c->piece,
                                  ESE_API__COMPACT_PIECE, &n, 0, &where));
        n = n < ESE_API__COMPACT_PIECE ? n : ESE_API__COMPACT_PIECE;
        if (n == 0)
            return ese_raise(JET_errDatabaseCorrupted, "column '%s': a long value ends too early",
                             t->columns[i].name);
        ESE_TRY(JetSetColumn(c->sesid, t->to, t->ids[i], c->piece, n, JET_bitSetAppendLV, &to));
        t->n_bytes += n;
    }
out:
    return err;
}

static JET_ERR
append_rests(ese_api__compacting *t)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < t->n_columns; i++) {
        for (uint32_t v = 0; v < t->values[i].n_values; v++) {
            if (t->values[i].values[v].full_size > t->values[i].values[v].size)
                ESE_TRY(append_rest(t, i, v + 1));
        }
    }
out:
    return err;
}

static JET_ERR
count_bytes(ese_api__compacting *t)
{
    JET_RECSIZE size = {0};
    JET_ERR err = JetGetRecordSize(t->c->sesid, t->from, &size, 0);

    if (err < JET_errSuccess)
        return err;
    t->counts.n_bytes += size.cbData + size.cbOverhead;
    t->counts.n_long_bytes += size.cbLongValueData + size.cbLongValueOverhead;
    return JET_errSuccess;
}

static JET_ERR
copy_row(ese_api__compacting *t)
{
    JET_SESID sesid = t->c->sesid;
    JET_ERR err;

    ESE_TRY(ese_get_row(sesid, t->from, ESE_API__COMPACT_PIECE, t->values, t->n_columns));
    ese_growbuf_clear(&t->sets);
    for (uint32_t i = 0; i < t->n_columns; i++)
        ESE_TRY(add_values(t, i));
    ESE_TRY(JetPrepareUpdate(sesid, t->to, JET_prepInsert));
    if (t->sets.size > 0)
        ESE_TRY(JetSetColumns(sesid, t->to, (JET_SETCOLUMN *)(void *)t->sets.data,
                              (uint32_t)(t->sets.size / sizeof(JET_SETCOLUMN))));
    ESE_TRY(append_rests(t));
    ESE_TRY(JetUpdate(sesid, t->to, NULL, 0, NULL));
    if (t->c->counts_bytes)
        ESE_TRY(count_bytes(t));
    t->counts.n_rows++;
out:
    return err;
}

static JET_ERR
tell_progress(const ese_api__compacting *t)
{
    JET_RECPOS position = {.cbStruct = sizeof position};
    JET_ERR err;

    ESE_TRY(JetGetRecordPosition(t->c->sesid, t->from, &position, sizeof position));
    ESE_TRY(t->c->progress(t->c->self, position.centriesLT, position.centriesTotal));
out:
    return err;
}

/* *err_move_inout: where the walk through the old table stands. */
static JET_ERR
copy_batch(ese_api__compacting *t, JET_ERR *err_move_inout)
{
    JET_SESID sesid = t->c->sesid;
    JET_ERR err = JetBeginTransaction(sesid);

    t->n_bytes = 0;
    for (unsigned n = 0; err >= JET_errSuccess && *err_move_inout >= JET_errSuccess &&
                         n < BATCH_ROWS && t->n_bytes < BATCH_BYTES;
         n++) {
        ESE_TRY(copy_row(t));
        *err_move_inout = JetMove(sesid, t->from, JET_MoveNext, 0);
    }
    ESE_TRY(JetCommitTransaction(sesid, JET_bitCommitLazyFlush));
    if (*err_move_inout >= JET_errSuccess)
        ESE_TRY(tell_progress(t));
out:
    return err;
}

JET_ERR
ese_api__compact_rows(ese_api__compacting *t)
{
    JET_ERR err_move = JetMove(t->c->sesid, t->from, (int32_t)JET_MoveFirst, 0);
    JET_ERR err = JET_errSuccess;

    while (err_move >= JET_errSuccess)
        ESE_TRY(copy_batch(t, &err_move));
    err = err_move == JET_errNoCurrentRecord ? JET_errSuccess : err_move;
out:
    return err;
}
