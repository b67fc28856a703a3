/*
 * Descriptors in use. A table has a group of them: one per state that somebody may still see, newest first. A descriptor says by which transaction it was
 * made and by which it was replaced, so who sees which follows from the transactions that a session sees (txn.h), and nothing has to be done at a commit.
 *
 * INV-3  A descriptor stays in its group from its first holder on. Those without a holder are kept for reuse, at most ESE_SCHEMA__CLOSED_MAX of them, oldest
 * out first; but one of a table that was changed is kept until everybody sees the change.
 * INV-4  A table that has no group is in one state for everybody: what the catalog says to any session.
 *
 * Order of locks: ddl of a group > lv_lock > lock of the schema; nothing is read from the file while the latter is held.
 */
#include "schema/schema_private.h"

/* ---- Hash tables ---- */

static unsigned
bucket_of_name(const char *name)
{
    uint32_t hash = 2166136261u;

    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        unsigned char c = *p >= 'a' && *p <= 'z' ? (unsigned char)(*p - 32) : *p;

        hash = (hash ^ c) * 16777619u;
    }
    return (hash ^ hash >> 16) % ESE_SCHEMA__BUCKETS;
}

static ese_schema__group *
find_group_locked(ese_schema *schema, uint32_t objid)
{
    ESE_LIST_FOREACH (node, &schema->groups[objid % ESE_SCHEMA__BUCKETS]) {
        ese_schema__group *group = ESE_LIST_ENTRY(node, ese_schema__group, link);

        if (group->objid == objid)
            return group;
    }
    return NULL;
}

static JET_ERR
create_group(uint32_t objid, ese_schema__group **group_out)
{
    ese_schema__group *group = NULL;
    JET_ERR err = ese_alloc_aligned(sizeof *group, ESE_SCHEMA__CACHE_LINE, &group);

    if (err < JET_errSuccess)
        return err;
    memset(group, 0, sizeof *group);
    group->objid = objid;
    ese_os_mutex_init(&group->ddl);
    ese_list_init(&group->entries);
    ese_list_init(&group->link);
    *group_out = group;
    return JET_errSuccess;
}

static void
destroy_group(ese_schema__group **group_inout)
{
    if (*group_inout == NULL)
        return;
    ese_list_remove(&(*group_inout)->link);
    ese_os_mutex_destroy(&(*group_inout)->ddl);
    ese_free(group_inout);
}

/* ---- Who sees which ---- */

bool
ese_schema__is_seen(const ese_schema__entry *entry, const ese_txn_session *session)
{
    if (entry->is_dead)
        return false;
    if (entry->made != NULL && !ese_txn_trx_is_visible(entry->made, session))
        return false;
    return entry->ended == NULL || !ese_txn_trx_is_visible(entry->ended, session);
}

void
ese_schema__entry_settle_locked(const ese_schema *schema, ese_schema__entry *entry)
{
    if (entry->made != NULL && ese_txn_trx_is_past(schema->store, entry->made))
        ese_txn_trx_release(&entry->made);
    atomic_store_explicit(&entry->is_settled,
                          entry->made == NULL && entry->ended == NULL && !entry->is_dead,
                          memory_order_release); /* read in ese_schema_table_sync */
}

/* Can nobody get to see the entry any more? */
static bool
is_over_locked(const ese_schema *schema, const ese_schema__entry *entry)
{
    return entry->is_dead ||
           (entry->ended != NULL && ese_txn_trx_is_past(schema->store, entry->ended));
}

/* The only one of its table, and everybody sees it: it can be made again from the catalog. */
static bool
is_replaceable_locked(const ese_schema *schema, ese_schema__entry *entry)
{
    ese_schema__entry_settle_locked(schema, entry);
    return atomic_load_explicit(&entry->is_settled, memory_order_relaxed) &&
           entry->sibling.next == entry->sibling.prev && entry->group->owner == NULL;
}

ese_schema__entry *
ese_schema__find_seen_locked(ese_schema *schema, const ese_txn_session *session, const char *name)
{
    ESE_LIST_FOREACH (node, &schema->names[bucket_of_name(name)]) {
        ese_schema__entry *entry = ESE_LIST_ENTRY(node, ese_schema__entry, namesake);

        if (ese_schema__compare_names(entry->table.name, name) == 0 &&
            ese_schema__is_seen(entry, session))
            return entry;
    }
    return NULL;
}

ese_schema__entry *
ese_schema__find_in_group_locked(ese_schema__group *group, const ese_txn_session *session)
{
    ESE_LIST_FOREACH (node, &group->entries) {
        ese_schema__entry *entry = ese_schema__entry_of_sibling(node);

        if (ese_schema__is_seen(entry, session))
            return entry;
    }
    return NULL;
}

/* ---- Holding ---- */

void
ese_schema__entry_hold_locked(ese_schema *schema, ese_schema__entry *entry)
{
    if (atomic_fetch_add_explicit(&entry->n_holders, 1, memory_order_relaxed) == 0)
        schema->n_closed--;
    ese_list_remove(&entry->link);
    ese_list_append(&schema->entries, &entry->link);
}

/* Takes an entry that nobody holds out of everything. Its template loses a holder, which may make one more that is closed. */
static void
forget_locked(ese_schema *schema, ese_schema__entry *entry)
{
    ese_schema_table *base = entry->table.template_table;

    if (base != NULL && atomic_fetch_sub_explicit(&ese_schema__entry_of(base)->n_holders, 1,
                                                  memory_order_relaxed) == 1)
        schema->n_closed++;
    schema->n_closed--;
    ese_list_remove(&entry->link);
    ese_list_remove(&entry->sibling);
    ese_list_remove(&entry->namesake);
    ese_schema__entry_destroy(&entry);
}

static void
drop_group_if_empty_locked(ese_schema__group *group)
{
    if (ese_list_is_empty(&group->entries) && group->owner == NULL)
        destroy_group(&group);
}

static bool
is_held(const ese_schema__entry *entry)
{
    return atomic_load_explicit(&entry->n_holders, memory_order_relaxed) != 0;
}

static ese_schema__entry *
choose_victim_locked(ese_schema *schema)
{
    ESE_LIST_FOREACH (node, &schema->entries) {
        ese_schema__entry *entry = ESE_LIST_ENTRY(node, ese_schema__entry, link);

        if (!is_held(entry) && is_replaceable_locked(schema, entry))
            return entry;
    }
    return NULL;
}

/* Forgets closed entries beyond `keep`. */
static void
trim_closed_locked(ese_schema *schema, unsigned keep)
{
    while (schema->n_closed > keep) {
        ese_schema__entry *victim = choose_victim_locked(schema);

        ese_schema__group *group;

        if (victim == NULL)
            return;
        group = victim->group;
        forget_locked(schema, victim);
        drop_group_if_empty_locked(group);
    }
}

void
ese_schema__group_trim_locked(ese_schema *schema, ese_schema__group *group)
{
    ESE_LIST_FOREACH_SAFE (node, after, &group->entries) {
        ese_schema__entry *entry = ese_schema__entry_of_sibling(node);

        if (!is_held(entry) && is_over_locked(schema, entry))
            forget_locked(schema, entry);
    }
    drop_group_if_empty_locked(group);
}

void
ese_schema__entries_destroy(ese_schema *schema)
{
    bool is_changed = true;

    /* Templates have a holder until what is derived from them has gone. */
    while (is_changed) {
        is_changed = false;
        ESE_LIST_FOREACH_SAFE (node, after, &schema->entries) {
            ese_schema__entry *entry = ESE_LIST_ENTRY(node, ese_schema__entry, link);
            ese_schema__group *group = entry->group;

            if (!is_held(entry)) {
                forget_locked(schema, entry);
                drop_group_if_empty_locked(group);
                is_changed = true;
            }
        }
    }
}

void
ese_schema_table_hold(ese_schema *schema, ese_schema_table *table)
{
    (void)schema;
    /* Relaxed: the caller has a hold, so that the entry stays. */
    atomic_fetch_add_explicit(&ese_schema__entry_of(table)->n_holders, 1, memory_order_relaxed);
}

ese_schema_table *
ese_schema_table_dup(ese_schema *schema, const ese_schema_table *table)
{
    ese_schema_table *held = &ese_schema__entry_of(table)->table;

    ese_schema_table_hold(schema, held);
    return held;
}

void
ese_schema__entry_release_locked(ese_schema *schema, ese_schema__entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->n_holders, 1, memory_order_acq_rel) != 1)
        return;
    schema->n_closed++;
    ese_schema__group_trim_locked(schema, entry->group);
    trim_closed_locked(schema, ESE_SCHEMA__CLOSED_MAX);
}

void
ese_schema_table_release(ese_schema *schema, ese_schema_table **table_inout)
{
    ese_schema__entry *entry;
    uint32_t n;

    if (*table_inout == NULL)
        return;
    entry = ese_schema__entry_of(*table_inout);
    *table_inout = NULL;
    n = atomic_load_explicit(&entry->n_holders, memory_order_relaxed);
    while (n > 1) {
        /* Release: what this holder read comes before the entry goes. */
        if (atomic_compare_exchange_weak_explicit(&entry->n_holders, &n, n - 1,
                                                  memory_order_release, memory_order_relaxed))
            return;
    }
    ese_os_mutex_lock(&schema->lock);
    ese_schema__entry_release_locked(schema, entry);
    ese_os_mutex_unlock(&schema->lock);
}

JET_ERR
ese_schema__entry_insert_locked(ese_schema *schema, ese_schema__entry *entry)
{
    uint32_t objid = entry->table.objid;
    ese_schema__group *group = find_group_locked(schema, objid);

    if (group == NULL) {
        JET_ERR err = create_group(objid, &group);

        if (err < JET_errSuccess)
            return err;
        ese_list_append(&schema->groups[objid % ESE_SCHEMA__BUCKETS], &group->link);
    }
    entry->group = group;
    atomic_store_explicit(&entry->n_holders, 1, memory_order_relaxed);
    ese_list_append(group->entries.next, &entry->sibling); /* before the first */
    ese_list_append(&schema->names[bucket_of_name(entry->table.name)], &entry->namesake);
    ese_list_append(&schema->entries, &entry->link);
    ese_schema__entry_settle_locked(schema, entry);
    return JET_errSuccess;
}
