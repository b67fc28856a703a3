/*
 * How old the choice of an index counts when a rollback asks.
 *
 * A cursor whose index was chosen within the part that is undone goes back to primary order. But a transaction that changes an index opens it, and it stays
 * open until the transaction ends: a cursor that comes from primary order, or gives such an opening back, takes over the opening of the index it chooses, if no other cursor
 * has it, and then its choice counts as old as the opening is. Programs see it by the index that is current after a rollback.
 *
 * INV-1  The openings of a session belong to one outermost transaction: those of an earlier one are dropped with the first of the next, and taken by nobody before.
 * INV-2  What a rollback undoes opens nothing: openings made in it go, after the cursors have been looked at.
 */
#include "table/table_private.h"

/* An element of session->openings. */
typedef struct opening {
    const ese_schema *schema;
    uint64_t made_at; /* clock of the session */
    uint32_t objid;   /* of the index */
    bool is_taken;    /* by a cursor */
} opening;

static opening *
openings_of(const ese_txn_session *session, size_t *n_out)
{
    opening *all = (opening *)(void *)session->openings.data;

    *n_out = session->openings.size / sizeof *all;
    return all;
}

static bool
is_of(const opening *one, const ese_schema *schema, uint32_t objid)
{
    return one->objid == objid && one->schema == schema;
}

static bool
is_over(const ese_txn_session *session)
{
    size_t n;
    const opening *all = openings_of(session, &n);

    return n == 0 || session->level == 0 || all[0].made_at < session->begins[1];
}

/* Records change the indexes of a table in turn: the search begins behind the one that was found last. */
static bool
has_free(ese_txn_session *session, const ese_schema *schema, uint32_t objid)
{
    size_t n;
    const opening *all = openings_of(session, &n);
    size_t at = session->opening_found;

    for (size_t i = 0; i < n; i++) {
        at = at + 1 < n ? at + 1 : 0;
        if (is_of(&all[at], schema, objid) && !all[at].is_taken) {
            session->opening_found = at;
            return true;
        }
    }
    return false;
}

JET_ERR
ese_table__opening_note(ese_table_cursor *cursor, const ese_schema_index *index)
{
    ese_txn_session *session = cursor->session;
    const opening made = {cursor->schema, session->clock, index->objid, false};

    if (has_free(session, cursor->schema, index->objid))
        return JET_errSuccess;
    return ese_growbuf_append(&session->openings, &made, sizeof made);
}

/* The newest one, if there are more. */
static opening *
find_free(const ese_txn_session *session, const ese_schema *schema, uint32_t objid)
{
    size_t n;
    opening *all = openings_of(session, &n), *found = NULL;

    for (size_t i = 0; i < n; i++) {
        if (is_of(&all[i], schema, objid) && !all[i].is_taken &&
            (found == NULL || all[i].made_at >= found->made_at))
            found = &all[i];
    }
    return found;
}

static bool
give_back(ese_table_cursor *cursor)
{
    size_t n;
    opening *all = openings_of(cursor->session, &n);

    if (!cursor->has_opening || is_over(cursor->session))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_of(&all[i], cursor->schema, cursor->index->objid) && all[i].is_taken &&
            all[i].made_at == cursor->indexed_at) {
            all[i].is_taken = false;
            return true;
        }
    }
    return false;
}

void
ese_table__opening_leave(ese_table_cursor *cursor)
{
    give_back(cursor);
    cursor->has_opening = false;
}

void
ese_table__opening_take(ese_table_cursor *cursor, const ese_schema_index *index)
{
    bool may_take = give_back(cursor) || !cursor->is_secondary;
    opening *found = NULL;

    cursor->indexed_at = cursor->session->clock;
    if (may_take && index != NULL && !is_over(cursor->session))
        found = find_free(cursor->session, cursor->schema, index->objid);
    cursor->has_opening = found != NULL;
    if (found != NULL) {
        found->is_taken = true;
        cursor->indexed_at = found->made_at;
    }
}

size_t
ese_table__openings_before(ese_txn_session *session)
{
    if (is_over(session))
        ese_growbuf_clear(&session->openings);
    return session->openings.size;
}

void
ese_table__openings_undo(ese_txn_session *session, size_t before)
{
    session->openings.size = before;
}

void
ese_table_roll_back_openings(ese_txn_session *session)
{
    size_t n, n_left = 0;
    opening *all = openings_of(session, &n);

    for (size_t i = 0; i < n; i++) {
        if (!ese_txn_is_undone(session, all[i].made_at, session->level))
            all[n_left++] = all[i];
    }
    session->openings.size = n_left * sizeof *all;
    session->opening_found = 0;
}
