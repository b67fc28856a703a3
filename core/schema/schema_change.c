/*
 * Changes of descriptors by a transaction: who may, and how the new descriptor takes the place of the old one. Rollback undoes it by notes that stand among the
 * changes of the transaction.
 *
 * INV-5  One transaction at a time changes a table (its claim). It starts from the newest state, which it must see.
 */
#include "schema/schema_private.h"

/* ---- Claims ---- */

/* What the claim of a transaction on a table needs to end. */
typedef struct claim_note {
    ese_schema *schema;
    ese_schema__group *group;
    ese_txn_trx *trx; /* held */
} claim_note;

static void
undo_nothing(void *self)
{
    (void)self;
}

static void
end_claim(void *self, bool is_committed)
{
    claim_note *note = self;
    ese_schema__group *group = note->group;

    (void)is_committed;
    ese_os_mutex_lock(&note->schema->lock);
    group->owner = NULL;
    ese_schema__group_trim_locked(note->schema, group);
    ese_os_mutex_unlock(&note->schema->lock);
    ese_txn_trx_release(&note->trx);
    ese_free(&note);
}

/* Is there a claim already? JET_errWriteConflict: by somebody else, or on another state than the newest. */
static JET_ERR
claim_locked(ese_schema *schema, ese_schema__change *change, ese_schema__group *group,
             bool *is_new_out)
{
    ese_schema__entry *newest = NULL;

    if (group->owner != NULL && group->owner != change->trx)
        return JET_errWriteConflict;
    ESE_LIST_FOREACH (node, &group->entries) {
        newest = ese_schema__entry_of_sibling(node);
        if (!newest->is_dead)
            break;
    }
    if (newest == NULL || newest->is_dead)
        return JET_errObjectNotFound;
    if (newest->ended != NULL)
        return ese_txn_trx_is_own(newest->ended, change->session) ? JET_errObjectNotFound
                                                                  : JET_errWriteConflict;
    if (newest->made != NULL && !ese_txn_trx_is_visible(newest->made, change->session))
        return JET_errWriteConflict;
    *is_new_out = group->owner == NULL;
    group->owner = change->trx;
    schema->store = change->session->store;
    ese_schema__entry_hold_locked(schema, newest);
    change->base = &newest->table;
    return JET_errSuccess;
}

static JET_ERR
note_claim(const ese_schema__change *change, ese_schema__group *group)
{
    claim_note *note = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *note, &note));
    *note = (claim_note){change->schema, group, change->trx};
    ese_txn_trx_hold(note->trx);
    ESE_TRY(ese_txn_add_action(change->session, &(ese_txn_action){note, undo_nothing, end_claim}));
    return JET_errSuccess;
out:
    ese_os_mutex_lock(&change->schema->lock);
    group->owner = NULL;
    ese_os_mutex_unlock(&change->schema->lock);
    if (note != NULL)
        ese_txn_trx_release(&note->trx);
    ese_free(&note);
    return err;
}

JET_ERR
ese_schema__change_begin(ese_txn_session *session, ese_schema *schema,
                         const ese_schema_table *table, ese_schema__change *change_out)
{
    ese_schema__change change = {.session = session, .schema = schema};
    ese_schema__group *group = ese_schema__entry_of(table)->group;
    bool is_new = false;
    JET_ERR err;

    ESE_TRY(ese_txn_trx_of(session, &change.trx));
    ese_os_mutex_lock(&schema->lock);
    err = claim_locked(schema, &change, group, &is_new);
    ese_os_mutex_unlock(&schema->lock);
    if (err == JET_errWriteConflict)
        ESE_TRY(ese_raise(err, "somebody else is changing table '%s'", table->name));
    if (err == JET_errObjectNotFound)
        ESE_TRY(ese_raise(err, "table '%s' is gone", table->name));
    if (is_new)
        ESE_TRY(note_claim(&change, group));
    *change_out = change;
    return JET_errSuccess;
out:
    ese_schema__change_end(&change);
    return err;
}

void
ese_schema__change_end(ese_schema__change *change)
{
    if (change->base != NULL)
        ese_schema_table_release(change->schema, &change->base);
    ese_txn_trx_release(&change->trx);
}

/* ---- Publishing ---- */

/* What rollback does to the descriptors. Holds both. */
typedef struct publish_note {
    ese_schema *schema;
    ese_schema__entry *entry;    /* new; NULL: the table was deleted */
    ese_schema__entry *previous; /* that it replaces; NULL: the table is new */
} publish_note;

static void
bump_generation(ese_schema *schema)
{
    /* Release: pairs with ese_schema_generation. */
    atomic_fetch_add_explicit(&schema->generation, 1, memory_order_release);
}

/* The entry was never there; who holds it finds another one, or none, in its place. */
static void
kill_locked(ese_schema *schema, ese_schema__entry *entry)
{
    entry->is_dead = true;
    ese_list_remove(&entry->namesake);
    ese_schema__entry_settle_locked(schema, entry);
}

static void
undo_publish(void *self)
{
    publish_note *note = self;
    ese_schema *schema = note->schema;

    ese_os_mutex_lock(&schema->lock);
    if (note->previous != NULL) {
        ese_txn_trx_release(&note->previous->ended);
        ese_schema__entry_settle_locked(schema, note->previous);
    }
    if (note->entry != NULL)
        kill_locked(schema, note->entry);
    bump_generation(schema);
    ese_os_mutex_unlock(&schema->lock);
}

static void
end_publish(void *self, bool is_committed)
{
    publish_note *note = self;
    ese_schema *schema = note->schema;

    (void)is_committed;
    ese_os_mutex_lock(&schema->lock);
    bump_generation(schema);
    if (note->previous != NULL)
        ese_schema__entry_release_locked(schema, note->previous);
    if (note->entry != NULL)
        ese_schema__entry_release_locked(schema, note->entry);
    ese_os_mutex_unlock(&schema->lock);
    ese_free(&note);
}

static void
end_previous_locked(const ese_schema__change *change, publish_note *note)
{
    ese_schema__entry *previous = ese_schema__entry_of(change->base);

    ese_txn_trx_hold(change->trx);
    previous->ended = change->trx;
    ese_schema__entry_hold_locked(change->schema, previous);
    ese_schema__entry_settle_locked(change->schema, previous);
    note->previous = previous;
}

/* The first part of publishing is a note that does nothing yet; from then on there is nothing to take back here. */
static JET_ERR
add_note(const ese_schema__change *change, publish_note **note_out)
{
    publish_note *note = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *note, &note));
    note->schema = change->schema;
    ESE_TRY(
        ese_txn_add_action(change->session, &(ese_txn_action){note, undo_publish, end_publish}));
    *note_out = note;
    note = NULL;
out:
    ese_free(&note);
    return err;
}

/* Puts the entry, NULL for none, in the place of the base, NULL for none. Takes the entry over when it succeeds. */
static JET_ERR
publish(const ese_schema__change *change, ese_schema__entry *entry)
{
    ese_schema *schema = change->schema;
    publish_note *note = NULL;
    JET_ERR err = add_note(change, &note);

    if (err < JET_errSuccess)
        return err;
    ese_os_mutex_lock(&schema->lock);
    schema->store = change->session->store;
    if (entry != NULL) {
        ese_txn_trx_hold(change->trx);
        entry->made = change->trx;
        err = ese_schema__entry_insert_locked(schema, entry);
    }
    if (err >= JET_errSuccess) {
        note->entry = entry;
        if (change->base != NULL)
            end_previous_locked(change, note);
        bump_generation(schema);
    }
    ese_os_mutex_unlock(&schema->lock);
    return err;
}

static JET_ERR
build_and_publish(const ese_schema__change *change, uint32_t objid)
{
    const ese_schema__wanted wanted = {.session = change->session, .objid = objid};
    ese_schema__entry *entry = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema__build(change->schema, &wanted, &entry));
    ESE_TRY(publish(change, entry));
    entry = NULL;
out:
    ese_schema__entry_drop(change->schema, &entry);
    return err;
}

JET_ERR
ese_schema__change_publish(const ese_schema__change *change)
{
    return build_and_publish(change, change->base->objid);
}

JET_ERR
ese_schema__change_publish_deletion(const ese_schema__change *change)
{
    return publish(change, NULL);
}

JET_ERR
ese_schema__publish_new(ese_txn_session *session, ese_schema *schema, uint32_t objid)
{
    ese_schema__change change = {.session = session, .schema = schema};
    JET_ERR err;

    ESE_TRY(ese_txn_trx_of(session, &change.trx));
    ESE_TRY(build_and_publish(&change, objid));
out:
    ese_schema__change_end(&change);
    return err;
}
