/* Comparison of the database with the model. */
#include "workload.h"

#include <string.h>

bool
seek_row(worker *w, table_number table, uint32_t number)
{
    JET_TABLEID tableid = w->cursors[table].tableid;
    int32_t id = id_of(w, number);
    JET_ERR err;

    MUST(w, JetSetCurrentIndex(w->sesid, tableid, NULL));
    MUST(w, JetMakeKey(w->sesid, tableid, &id, sizeof id, JET_bitNewKey));
    err = JetSeek(w->sesid, tableid, JET_bitSeekEQ);
    if (err != JET_errRecordNotFound)
        must(w, err, "JetSeek");
    return err == JET_errSuccess;
}

static JET_ERR
retrieve(worker *w, table_number table, JET_COLUMNID columnid, JET_RETINFO *info,
         uint32_t *size_out)
{
    JET_ERR err = JetRetrieveColumn(w->sesid, w->cursors[table].tableid, columnid, w->found,
                                    VALUE_SIZE_MAX, size_out, 0, info);

    must(w, err, "JetRetrieveColumn");
    return err;
}

static void
check_value(worker *w, table_number table, uint32_t number, column_number column)
{
    JET_COLUMNID columnid = w->cursors[table].columns[column];
    uint32_t found = 0;
    size_t size = 0;
    bool is_set = make_value(w, row_of(w, table, number), column, w->expected, &size);
    JET_ERR err = retrieve(w, table, columnid, NULL, &found);

    if (!is_set && err != JET_wrnColumnNull)
        fail(w, "table %s, row %u, column %s: %u bytes instead of NULL", table_names[table], number,
             column_names[column], found);
    if (is_set &&
        (found != size || err != JET_errSuccess || memcmp(w->found, w->expected, size) != 0))
        fail(w, "table %s, row %u, column %s: %u bytes (%d) differ from the %zu expected",
             table_names[table], number, column_names[column], found, (int)err, size);
}

static void
check_values(worker *w, table_number table, uint32_t number, column_number column)
{
    JET_COLUMNID columnid = w->cursors[table].columns[column];
    const row *r = row_of(w, table, number);
    unsigned n = count_values(w, r, column);

    for (unsigned i = 0; i <= n; i++) {
        JET_RETINFO info = {sizeof info, 0, i + 1, 0};
        uint32_t found = 0;
        size_t size = i < n ? make_one(w, r, column, i, w->expected) : 0;
        JET_ERR err = retrieve(w, table, columnid, &info, &found);

        if (i == n ? err != JET_wrnColumnNull
                   : found != size || memcmp(w->found, w->expected, size) != 0)
            fail(w, "table %s, row %u, column %s: value %u of %u differs (%d)", table_names[table],
                 number, column_names[column], i + 1, n, (int)err);
    }
}

static void
check_counter(worker *w, uint32_t number, counter_number counter)
{
    int32_t expected = row_of(w, ROWS, number)->counters[counter], found;
    uint32_t size = 0;

    retrieve(w, ROWS, w->cursors[ROWS].counters[counter], NULL, &size);
    memcpy(&found, w->found, sizeof found);
    if (size != sizeof found || found != expected)
        fail(w, "row %u: %s is %d instead of %d", number, counter_names[counter], (int)found,
             (int)expected);
}

/* The unique index leads to the row whose columns are being looked at. */
static void
check_unique(worker *w, table_number table, uint32_t number)
{
    const cursor *c = &w->cursors[table];
    int32_t id = 0;
    uint32_t size;
    size_t key_size = 0;

    make_value(w, row_of(w, table, number), UNIQUE, w->expected, &key_size);
    MUST(w, JetSetCurrentIndex(w->sesid, c->tableid, "unique"));
    MUST(w, JetMakeKey(w->sesid, c->tableid, w->expected, (uint32_t)key_size, JET_bitNewKey));
    MUST(w, JetSeek(w->sesid, c->tableid, JET_bitSeekEQ));
    MUST(w, JetRetrieveColumn(w->sesid, c->tableid, c->id, &id, sizeof id, &size, 0, NULL));
    if (id != id_of(w, number))
        fail(w, "table %s, row %u: the unique index leads to %d", table_names[table], number,
             (int)id);
}

void
check_row(worker *w, table_number table, uint32_t number)
{
    bool exists = row_of(w, table, number)->exists;

    if (seek_row(w, table, number) != exists)
        fail(w, "table %s: row %u %s", table_names[table], number,
             exists ? "is not there" : "is there");
    if (!exists)
        return;
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        column_number column = (column_number)i;

        if (column == TAGS || column == LABELS) {
            if (has_column(table, column))
                check_values(w, table, number, column);
        } else if (has_column(table, column)) {
            check_value(w, table, number, column);
        }
    }
    for (unsigned i = 0; table == ROWS && i < N_COUNTERS; i++)
        check_counter(w, number, (counter_number)i);
    check_unique(w, table, number);
}

/* ---- whole indexes */

typedef struct key {
    uint8_t bytes[2048];
    uint32_t size;
} key;

static bool
is_behind(const key *a, const key *b)
{
    uint32_t least = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->bytes, b->bytes, least);

    return order > 0 || (order == 0 && a->size > b->size);
}

/* Walks an index: keys ascend, and each row of this thread is met as often as it must be. */
static void
check_index(worker *w, table_number table, unsigned index)
{
    const cursor *c = &w->cursors[table];
    key keys[2] = {{.size = 0}, {.size = 0}};
    uint32_t size;
    unsigned now = 0;
    JET_ERR err;

    memset(w->counts, 0, w->options->n_rows * sizeof *w->counts);
    MUST(w, JetSetCurrentIndex(w->sesid, c->tableid, index_name(table, index)));
    for (err = JetMove(w->sesid, c->tableid, (int32_t)JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(w->sesid, c->tableid, JET_MoveNext, 0)) {
        key *k = &keys[now];
        uint32_t id = 0;

        MUST(w, JetRetrieveKey(w->sesid, c->tableid, k->bytes, sizeof k->bytes, &k->size, 0));
        now = !now;
        if (is_behind(&keys[now], k))
            fail(w, "table %s, index %s: keys out of order", table_names[table],
                 index_name(table, index));
        MUST(w, JetRetrieveColumn(w->sesid, c->tableid, c->id, &id, sizeof id, &size, 0, NULL));
        if (id % w->options->n_threads == w->number)
            w->counts[id / w->options->n_threads]++;
    }
    if (err != JET_errNoCurrentRecord)
        must(w, err, "JetMove");
    for (uint32_t i = 0; i < w->options->n_rows; i++) {
        const row *r = row_of(w, table, i);
        int expected = r->exists ? count_entries(w, table, index, r) : 0;

        if (expected >= 0 && w->counts[i] != expected)
            fail(w, "table %s, index %s: row %u has %d entries instead of %d", table_names[table],
                 index_name(table, index), i, w->counts[i], expected);
    }
}

uint64_t
check_tables(worker *w, unsigned n_indexes)
{
    uint64_t n_rows = 0;

    MUST(w, JetBeginTransaction(w->sesid));
    for (unsigned i = 0; i < N_TABLES; i++) {
        table_number table = (table_number)i;
        unsigned n_all = count_indexes(table);

        for (unsigned n = 0; n < n_indexes && n < n_all; n++)
            check_index(w, table, n_indexes < n_all ? below(w, n_all) : n);
        for (uint32_t number = 0; number < w->options->n_rows; number++) {
            check_row(w, table, number);
            n_rows += row_of(w, table, number)->exists;
        }
    }
    MUST(w, JetCommitTransaction(w->sesid, 0));
    return n_rows;
}
