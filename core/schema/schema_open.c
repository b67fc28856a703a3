/*
 * Opening descriptors, keeping up with changes of them, and what runs beside such a change.
 */
#include "schema/schema_ddl.h"
#include "schema/schema_private.h"

/* What a look at the catalog, without a lock, came to. */
typedef struct attempt {
    uint64_t generation; /* of the schema when it began */
    ese_schema__entry *built;
    JET_ERR err;
} attempt;

static void
look_into_catalog(ese_schema *schema, const ese_txn_session *session, const char *name,
                  ese_schema__role role, attempt *look)
{
    ese_schema__wanted wanted = {.session = session, .role = role};
    JET_ERR err = ese_schema__find_objid(schema, session, name, &wanted.objid);

    if (err >= JET_errSuccess)
        err = ese_schema__build(schema, &wanted, &look->built);
    look->err = err;
}

/* Takes what somebody else has put there meanwhile, else what was built. False: the schema has changed, so that it may be a mixture of two states. */
static bool
accept_locked(ese_schema *schema, const ese_txn_session *session, const char *name, attempt *look,
              ese_schema__entry **entry_out)
{
    ese_schema__entry *entry = ese_schema__find_seen_locked(schema, session, name);

    if (entry != NULL) {
        ese_schema__entry_hold_locked(schema, entry);
        look->err = JET_errSuccess;
    } else if (atomic_load_explicit(&schema->generation, memory_order_relaxed) !=
               look->generation) {
        return false;
    } else if (look->err >= JET_errSuccess) {
        look->err = ese_schema__entry_insert_locked(schema, look->built);
        if (look->err >= JET_errSuccess) {
            entry = look->built;
            look->built = NULL;
        }
    }
    *entry_out = entry;
    return true;
}

JET_ERR
ese_schema__table_open(ese_schema *schema, const ese_txn_session *session, const char *name,
                       ese_schema__role role, ese_schema_table **table_out)
{
    ese_schema__entry *entry;
    attempt look = {.err = JET_errSuccess};
    bool is_done;

    ese_os_mutex_lock(&schema->lock);
    entry = ese_schema__find_seen_locked(schema, session, name);
    if (entry != NULL)
        ese_schema__entry_hold_locked(schema, entry);
    look.generation = atomic_load_explicit(&schema->generation, memory_order_relaxed);
    ese_os_mutex_unlock(&schema->lock);
    is_done = entry != NULL;
    while (!is_done) {
        look_into_catalog(schema, session, name, role, &look);
        ese_os_mutex_lock(&schema->lock);
        is_done = accept_locked(schema, session, name, &look, &entry);
        look.generation = atomic_load_explicit(&schema->generation, memory_order_relaxed);
        ese_os_mutex_unlock(&schema->lock);
        ese_schema__entry_drop(schema, &look.built);
    }
    if (look.err >= JET_errSuccess)
        *table_out = &entry->table;
    return look.err;
}

JET_ERR
ese_schema_table_open(ese_schema *schema, const ese_txn_session *session, const char *name,
                      ese_schema_table **table_out)
{
    return ese_schema__table_open(schema, session, name, ESE_SCHEMA__ANY_TABLE, table_out);
}

/* ---- Keeping up with changes ---- */

/*
 * Every event of the session (a begin, the end of the outermost transaction) makes the second part larger by one at least, every change of the schema the first: the sum is another one
 * whenever one of them is.
 */
uint64_t
ese_schema_generation(const ese_schema *schema, const ese_txn_session *session)
{
    /* Acquire: pairs with the release of who changed the descriptors. */
    return atomic_load_explicit(&schema->generation, memory_order_acquire) + 2 * session->clock +
           (session->level == 0);
}

/* The entry of the same table that the session sees; NULL: it sees none. */
static ese_schema__entry *
exchange_locked(ese_schema *schema, const ese_txn_session *session, ese_schema__entry *entry)
{
    ese_schema__entry *other;

    ese_schema__entry_settle_locked(schema, entry);
    if (ese_schema__is_seen(entry, session))
        return entry;
    other = ese_schema__find_in_group_locked(entry->group, session);
    if (other != NULL) {
        ese_schema__entry_hold_locked(schema, other);
        ese_schema__entry_release_locked(schema, entry);
    }
    return other;
}

bool
ese_schema_table_is_settled(const ese_schema_table *table)
{
    /* Acquire: pairs with ese_schema__entry_settle_locked. */
    return atomic_load_explicit(&ese_schema__entry_of(table)->is_settled, memory_order_acquire);
}

JET_ERR
ese_schema_table_sync(ese_schema *schema, const ese_txn_session *session,
                      ese_schema_table **table_inout)
{
    ese_schema__entry *entry = ese_schema__entry_of(*table_inout);
    const char *name = entry->table.name;

    if (ese_schema_table_is_settled(&entry->table))
        return JET_errSuccess;
    ese_os_mutex_lock(&schema->lock);
    entry = exchange_locked(schema, session, entry);
    ese_os_mutex_unlock(&schema->lock);
    if (entry == NULL)
        return ese_raise(JET_errObjectNotFound, "%s: table '%s' is gone",
                         ese_cache_path(schema->file), name);
    *table_inout = &entry->table;
    return JET_errSuccess;
}

/* The newest state that is committed. */
static ese_schema__entry *
find_committed_locked(ese_schema__group *group)
{
    return ese_schema__find_in_group_locked(group, NULL);
}

/* The newest state of all, if it is not committed yet. */
static ese_schema__entry *
find_pending_locked(ese_schema__group *group)
{
    ESE_LIST_FOREACH (node, &group->entries) {
        ese_schema__entry *entry = ese_schema__entry_of_sibling(node);

        if (!entry->is_dead && entry->ended == NULL && entry->made != NULL &&
            !ese_txn_trx_is_visible(entry->made, NULL))
            return entry;
    }
    return NULL;
}

/* What was found so far, for somebody who holds `own`. */
typedef struct maintained {
    const ese_schema__entry *own;
    ese_schema_table **tables;
    unsigned n;
} maintained;

/* Adds an entry that is not there yet. */
static void
add_maintained_locked(ese_schema *schema, ese_schema__entry *entry, maintained *found)
{
    if (entry == NULL)
        return;
    for (unsigned i = 0; i < found->n; i++) {
        if (found->tables[i] == &entry->table)
            return;
    }
    if (entry != found->own)
        ese_schema__entry_hold_locked(schema, entry);
    found->tables[found->n++] = &entry->table;
}

JET_ERR
ese_schema_maintained(ese_schema *schema, const ese_schema_table *table,
                      ese_schema_table *tables_out[ESE_SCHEMA_MAINTAINED_MAX], unsigned *n_out)
{
    ese_schema__entry *entry = ese_schema__entry_of(table);
    ese_schema__group *group = entry->group;
    maintained found = {entry, tables_out, 0};

    if (ese_schema_table_is_settled(table)) {
        tables_out[0] = &entry->table;
        *n_out = 1;
        return JET_errSuccess;
    }
    ese_os_mutex_lock(&schema->lock);
    ese_schema__entry_settle_locked(schema, entry);
    add_maintained_locked(schema, find_pending_locked(group), &found);
    add_maintained_locked(schema, find_committed_locked(group), &found);
    add_maintained_locked(schema, entry, &found);
    ese_os_mutex_unlock(&schema->lock);
    *n_out = found.n;
    return JET_errSuccess;
}

void
ese_schema_release_maintained(ese_schema *schema, const ese_schema_table *table,
                              ese_schema_table *tables[ESE_SCHEMA_MAINTAINED_MAX], unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (tables[i] != table)
            ese_schema_table_release(schema, &tables[i]);
    }
}

/* ---- Updates of records beside changes of the table ---- */

static _Atomic uint32_t *
stripe_of_thread(ese_schema__group *group)
{
    return &group->stripes[ese_os_thread_id() % ESE_SCHEMA__STRIPES].n_changers;
}

void
ese_schema_enter_change(const ese_schema_table *table)
{
    ese_schema__group *group = ese_schema__entry_of(table)->group;
    _Atomic uint32_t *n_changers = stripe_of_thread(group);

    /* seq_cst: either this thread sees that the group is closed, or who closed it sees the count. */
    atomic_fetch_add(n_changers, 1);
    while (atomic_load(&group->is_closed)) {
        atomic_fetch_sub(n_changers, 1);
        ese_os_mutex_lock(&group->ddl);
        ese_os_mutex_unlock(&group->ddl);
        atomic_fetch_add(n_changers, 1);
    }
}

void
ese_schema_leave_change(const ese_schema_table *table)
{
    /* Release: what was changed comes before who waits for it goes on. */
    atomic_fetch_sub_explicit(stripe_of_thread(ese_schema__entry_of(table)->group), 1,
                              memory_order_release);
}

void
ese_schema_enter_ddl(const ese_schema_table *table)
{
    ese_schema__group *group = ese_schema__entry_of(table)->group;

    ese_os_mutex_lock(&group->ddl);
    atomic_store(&group->is_closed, true);
    for (unsigned i = 0; i < ESE_SCHEMA__STRIPES; i++) {
        while (atomic_load(&group->stripes[i].n_changers) != 0)
            ese_os_yield();
    }
}

void
ese_schema_leave_ddl(const ese_schema_table *table)
{
    ese_schema__group *group = ese_schema__entry_of(table)->group;

    /* Release: the descriptors as they are now come before updates go on. */
    atomic_store_explicit(&group->is_closed, false, memory_order_release);
    ese_os_mutex_unlock(&group->ddl);
}
