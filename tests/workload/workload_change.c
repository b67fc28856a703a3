/* Changes of rows, each made in the database and in the model. */
#include "workload.h"

#include <string.h>

typedef struct place {
    worker *w;
    table_number table;
    JET_TABLEID tableid;
    uint32_t number;
} place;

static void
prepare(const place *p, uint32_t kind)
{
    MUST(p->w, JetPrepareUpdate(p->w->sesid, p->tableid, kind));
}

static void
update(const place *p)
{
    MUST(p->w, JetUpdate(p->w->sesid, p->tableid, NULL, 0, NULL));
}

static JET_COLUMNID
column_of(const place *p, column_number column)
{
    return p->w->cursors[p->table].columns[column];
}

static void
go_to(const place *p)
{
    if (!seek_row(p->w, p->table, p->number))
        fail(p->w, "table %s: row %u is not there", table_names[p->table], p->number);
}

static void
set_id(const place *p)
{
    int32_t id = id_of(p->w, p->number);

    MUST(p->w, JetSetColumn(p->w->sesid, p->tableid, p->w->cursors[p->table].id, &id, sizeof id, 0,
                            NULL));
}

/* ---- values */

static void
set_values(const place *p, const row *r, column_number column)
{
    worker *w = p->w;
    JET_SETINFO info = {sizeof info, 0, 1};
    unsigned n = count_values(w, r, column);

    for (info.itagSequence = VALUES_MAX; info.itagSequence > n; info.itagSequence--)
        MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, column), NULL, 0, 0, &info));
    for (unsigned i = 0; i < n; i++) {
        size_t size = make_one(w, r, column, i, w->expected);

        info.itagSequence = i + 1;
        MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, column), w->expected,
                             (uint32_t)size, 0, &info));
    }
}

/* A long value in pieces, each appended to the one before. */
static void
set_in_pieces(const place *p, column_number column, size_t size)
{
    worker *w = p->w;
    size_t piece = size / 3 + 1;

    MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, column), NULL, 0, 0, NULL));
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;

        MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, column), w->expected + at,
                             (uint32_t)n, JET_bitSetAppendLV, NULL));
    }
}

static void
set_column(const place *p, row *r, column_number column)
{
    worker *w = p->w;
    bool is_set, is_in_pieces;
    size_t size = 0;

    r->cells[column] = (cell){(uint32_t)id_of(w, p->number), ++w->next_version};
    if (column == BLOB)
        r->n_edits = 0;
    if (column == TAGS || column == LABELS) {
        set_values(p, r, column);
        return;
    }
    is_set = make_value(w, r, column, w->expected, &size);
    is_in_pieces = is_set && size > 0 && column == BLOB && below(w, 4) == 0;
    if (is_in_pieces)
        set_in_pieces(p, column, size);
    else
        MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, column),
                             is_set ? w->expected : NULL, is_set ? (uint32_t)size : 0,
                             is_set && size == 0 ? JET_bitSetZeroLength : 0, NULL));
}

/* ---- insertions */

static void
start_counters(const place *p, row *r)
{
    worker *w = p->w;
    int32_t zero = 0;
    uint32_t size;

    if (p->table != ROWS)
        return;
    r->counters[CHANGES] = 0; /* it starts as NULL unless it is set */
    MUST(w, JetSetColumn(w->sesid, p->tableid, w->cursors[ROWS].counters[CHANGES], &zero,
                         sizeof zero, 0, NULL));
    MUST(w, JetRetrieveColumn(w->sesid, p->tableid, w->cursors[ROWS].counters[SERIAL],
                              &r->counters[SERIAL], sizeof r->counters[SERIAL], &size,
                              JET_bitRetrieveCopy, NULL));
}

static void
insert_row(const place *p)
{
    row *r = touch(p->w, p->table, p->number);

    memset(r, 0, sizeof *r);
    r->exists = true;
    prepare(p, JET_prepInsert);
    set_id(p);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        column_number column = (column_number)i;

        if (has_column(p->table, column) && (column != GRADE || below(p->w, 2) == 0))
            set_column(p, r, column);
    }
    start_counters(p, r);
    update(p);
}

/* A copy of a row, which may take its place; what must differ does. */
static void
copy_row(const place *p, uint32_t original, bool is_moved)
{
    place from = *p;
    row *source = touch(p->w, p->table, original), *r = touch(p->w, p->table, p->number);

    from.number = original;
    go_to(&from);
    prepare(p, is_moved ? JET_prepInsertCopyDeleteOriginal : JET_prepInsertCopy);
    *r = *source;
    source->exists = !is_moved;
    set_id(p);
    set_column(p, r, UNIQUE);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        if (i != UNIQUE && has_column(p->table, (column_number)i) && below(p->w, 6) == 0)
            set_column(p, r, (column_number)i);
    }
    start_counters(p, r);
    update(p);
}

static void
insert_somehow(const place *p)
{
    uint32_t original = below(p->w, p->w->options->n_rows);

    if (below(p->w, 3) == 0 && original != p->number && row_of(p->w, p->table, original)->exists)
        copy_row(p, original, below(p->w, 3) == 0);
    else
        insert_row(p);
}

/* A duplicate of a key is refused, and nothing of it stays. */
static void
insert_duplicate(const place *p)
{
    worker *w = p->w;
    row r = *row_of(w, p->table, p->number);
    bool is_primary = below(w, 2) == 0;
    size_t size;
    JET_ERR err;

    prepare(p, JET_prepInsert);
    if (is_primary) {
        set_id(p);
    } else {
        int32_t id = INT32_MAX - (int32_t)w->number;

        MUST(w,
             JetSetColumn(w->sesid, p->tableid, w->cursors[p->table].id, &id, sizeof id, 0, NULL));
        make_value(w, &r, UNIQUE, w->expected, &size);
        MUST(w, JetSetColumn(w->sesid, p->tableid, column_of(p, UNIQUE), w->expected,
                             (uint32_t)size, 0, NULL));
        if (has_column(p->table, TAGS))
            set_column(p, &r, TAGS);
        if (has_column(p->table, BLOB))
            set_column(p, &r, BLOB);
    }
    err = JetUpdate(w->sesid, p->tableid, NULL, 0, NULL);
    if (err != JET_errKeyDuplicate && !(is_primary && err == JET_errNullKeyDisallowed))
        fail(w, "table %s: a duplicate of row %u: %d", table_names[p->table], p->number, (int)err);
    prepare(p, JET_prepCancel);
}

/* ---- replacements */

static void
replace_row(const place *p)
{
    row *r = touch(p->w, p->table, p->number);
    bool is_changed = false;

    go_to(p);
    prepare(p, below(p->w, 2) == 0 ? JET_prepReplace : JET_prepReplaceNoLock);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        if (has_column(p->table, (column_number)i) && below(p->w, 4) == 0) {
            set_column(p, r, (column_number)i);
            is_changed = true;
        }
    }
    r->counters[CHANGES] += is_changed;
    update(p);
}

static void
set_piece(const place *p, const edit *change, JET_GRBIT grbit, uint32_t offset)
{
    JET_SETINFO info = {sizeof info, offset, 1};

    make_edit(change, p->w->expected);
    MUST(p->w, JetSetColumn(p->w->sesid, p->tableid, column_of(p, BLOB), p->w->expected,
                            change->size > 0 ? change->size : change->at, grbit, &info));
}

/* Appends to the long value of a row, overwrites a part of it, or cuts it. */
static void
edit_blob(const place *p)
{
    worker *w = p->w;
    row *r = touch(w, p->table, p->number);
    edit change = {.size = 1 + below(w, below(w, 4) == 0 ? 9000 : 200),
                   .version = ++w->next_version};
    size_t size = 0;

    if (r->n_edits == EDITS_MAX || !make_value(w, r, BLOB, w->expected, &size)) {
        w->n_undo--; /* not touched after all */
        return;
    }
    go_to(p);
    prepare(p, JET_prepReplace);
    switch (below(w, 3)) {
    case 0:
        change.at = (uint32_t)size;
        set_piece(p, &change, JET_bitSetAppendLV, 0);
        break;
    case 1:
        change.at = below(w, (uint32_t)size + 1);
        set_piece(p, &change, JET_bitSetOverwriteLV, change.at);
        break;
    default:
        change.size = 0;
        change.at = below(w, 2 * (uint32_t)size + 2) + 1;
        set_piece(p, &change, JET_bitSetSizeLV, 0);
    }
    r->edits[r->n_edits++] = change;
    r->counters[CHANGES]++;
    update(p);
}

static void
delete_row(const place *p)
{
    row *r = touch(p->w, p->table, p->number);

    go_to(p);
    MUST(p->w, JetDelete(p->w->sesid, p->tableid));
    r->exists = false;
}

/* An update that is given up leaves nothing. */
static void
cancel_update(const place *p)
{
    row r = *row_of(p->w, p->table, p->number);

    go_to(p);
    prepare(p, JET_prepReplace);
    set_column(p, &r, NUMBER);
    set_column(p, &r, UNIQUE);
    if (has_column(p->table, BLOB))
        set_column(p, &r, BLOB);
    prepare(p, JET_prepCancel);
}

/* ---- escrow */

static void
add_to_balance(const place *p)
{
    int32_t amount = (int32_t)below(p->w, 1000) - 500, before = 0;
    row *r = touch(p->w, p->table, p->number);
    uint32_t size;

    go_to(p);
    MUST(p->w, JetEscrowUpdate(p->w->sesid, p->tableid, p->w->cursors[ROWS].counters[BALANCE],
                               &amount, sizeof amount, &before, sizeof before, &size, 0));
    if (before != r->counters[BALANCE])
        fail(p->w, "row %u: balance %d instead of %d", p->number, (int)before,
             (int)r->counters[BALANCE]);
    r->counters[BALANCE] += amount;
}

static void
add_to_total(worker *w)
{
    int32_t amount = (int32_t)below(w, 1000) - 500;

    MUST(w, JetMove(w->sesid, w->total, (int32_t)JET_MoveFirst, 0));
    MUST(w, JetEscrowUpdate(w->sesid, w->total, w->total_sum, &amount, sizeof amount, NULL, 0, NULL,
                            0));
    w->added += amount;
}

void
change_row(worker *w)
{
    uint32_t kind = below(w, 4);
    place p = {.w = w, .number = below(w, w->options->n_rows)};

    p.table = kind < 2 ? ROWS : kind == 2 ? PLAIN : DERIVED;
    p.tableid = w->cursors[p.table].tableid;
    w->n_operations++;
    if (!row_of(w, p.table, p.number)->exists) {
        insert_somehow(&p);
        return;
    }
    switch (below(w, 12)) {
    case 0: insert_duplicate(&p); break;
    case 1: cancel_update(&p); break;
    case 2:
    case 3:
    case 4: delete_row(&p); break;
    case 5: p.table == ROWS ? add_to_balance(&p) : add_to_total(w); break;
    case 6:
        if (has_column(p.table, BLOB)) {
            edit_blob(&p);
            break;
        }
        replace_row(&p);
        break;
    default: replace_row(&p);
    }
}
