/*
 * The tree of long values of a table. It is no change of the schema that anybody asked for, so it does not wait for the end of a transaction: once there, all descriptors
 * of the table know it. Only that of a table that is not committed itself goes with its maker's transaction.
 */
#include "schema/schema_catalog.h"

enum { DENSITY = 100, N_PAGES = 1 };

/* Gives all descriptors of the table the tree, or takes it away again. */
static void
tell_all(ese_schema *schema, ese_schema__group *group, const ese_btree *tree)
{
    ese_os_mutex_lock(&schema->lock);
    ESE_LIST_FOREACH (node, &group->entries) {
        ese_schema_table *table = &ese_schema__entry_of_sibling(node)->table;

        /* Relaxed: set and cleared under the lock only. */
        if (tree != NULL && !atomic_load_explicit(&table->has_lv_tree, memory_order_relaxed))
            table->lv_tree = *tree;
        /* Release: the tree is set before it is said to be there. */
        atomic_store_explicit(&table->has_lv_tree, tree != NULL, memory_order_release);
    }
    ese_os_mutex_unlock(&schema->lock);
}

static bool
has_tree(const ese_schema_table *table)
{
    /* Acquire: pairs with tell_all. */
    return atomic_load_explicit(&table->has_lv_tree, memory_order_acquire);
}

/* A row that is committed, although this session's descriptor is older than it. */
static JET_ERR
find_row(const ese_schema__place *at, uint32_t objid, ese_btree *tree_out, bool *found_out)
{
    ese_schema__source source;
    ese_schema__scan scan;
    ese_schema__row row = {0};
    bool found = false;
    JET_ERR err;

    ese_schema__source_init(&source, at->schema, at->session, ESE_SCHEMA__CATALOG);
    ese_schema__scan_start(&scan, &source, objid);
    do {
        ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    } while (found && row.type != ESE_SCHEMA__ROW_LONG_VALUE);
    *found_out = found;
    if (!found)
        goto out;
    *tree_out = (ese_btree){.file = at->schema->file,
                            .root = row.coltyp_or_pgno,
                            .objid = row.id,
                            .kind = ESE_PAGE_LONG_VALUE,
                            .is_unique = true};
    ESE_TRY(ese_btree_share(at->schema->db, tree_out));
out:
    ese_schema__scan_end(&scan);
    return err;
}

static JET_ERR
create_tree(const ese_schema__place *at, const ese_schema_table *table, ese_btree *tree_out)
{
    const JET_SPACEHINTS *hints = &table->lv_hints;
    uint8_t stored_hints[ESE_SCHEMA__HINTS_MAX];
    const ese_btree_plan plan = {
        .parent = table->tree.root,
        .objid = ese_btree_next_objid(at->schema->db),
        .kind = ESE_PAGE_LONG_VALUE,
        .is_unique = true,
        .n_pages = ese_schema__initial_pages(at->schema, N_PAGES, hints),
        .density = DENSITY,
    };
    ese_schema__row row = {
        .objid_table = table->objid,
        .type = ESE_SCHEMA__ROW_LONG_VALUE,
        .id = plan.objid,
        .space_usage = DENSITY,
        .pages_or_locale = N_PAGES,
        .name = {(const uint8_t *)"LV", 2},
        .space_hints = {stored_hints, ese_schema__hints_encode(hints, 1, stored_hints)},
    };
    JET_ERR err;

    ESE_TRY(ese_btree_create(at->session, at->schema->db, &plan, tree_out));
    row.coltyp_or_pgno = tree_out->root;
    ESE_TRY(ese_schema__insert_row(at, &row));
    ESE_TRY(ese_schema__insert_object(at, &row));
    if (hints->cbStruct != 0)
        ese_btree_set_growth(tree_out, hints);
out:
    return err;
}

/* ---- In a transaction of its own ---- */

static JET_ERR
create_at_once(ese_txn_store *store, ese_schema *schema, const ese_schema_table *table,
               ese_btree *tree_out)
{
    ese_txn_session session;
    const ese_schema__place at = {&session, schema, ESE_BTREE_VERSIONED};
    ese_txn_statement statement;
    bool found = false;
    JET_ERR err;

    ese_txn_session_init(&session, store);
    err = ese_txn_statement_enter(&session, &statement);
    if (err >= JET_errSuccess) {
        err = find_row(&at, table->objid, tree_out, &found);
        if (err >= JET_errSuccess && !found)
            err = create_tree(&at, table, tree_out);
        err = ese_txn_statement_leave(&session, &statement, err);
    }
    ese_txn_session_end(&session);
    return err;
}

/* ---- In the transaction that has made the table ---- */

typedef struct own_note {
    ese_schema *schema;
    ese_schema__group *group;
} own_note;

static void
undo_own(void *self)
{
    own_note *note = self;

    tell_all(note->schema, note->group, NULL);
}

static void
end_own(void *self, bool is_committed)
{
    (void)is_committed;
    ese_free(&self);
}

static JET_ERR
create_in(ese_txn_session *session, ese_schema *schema, const ese_schema_table *table,
          ese_btree *tree_out)
{
    const ese_schema__place at = {session, schema, ESE_BTREE_VERSIONED};
    own_note *note = NULL;
    JET_ERR err;

    ESE_TRY(create_tree(&at, table, tree_out));
    ESE_TRY(ese_alloc(sizeof *note, &note));
    *note = (own_note){schema, ese_schema__entry_of(table)->group};
    ESE_TRY(ese_txn_add_action(session, &(ese_txn_action){note, undo_own, end_own}));
    note = NULL;
out:
    ese_free(&note);
    return err;
}

/* Has the table never been committed? */
static bool
is_own(ese_schema *schema, ese_schema__group *group)
{
    bool is_committed;

    ese_os_mutex_lock(&schema->lock);
    is_committed = ese_schema__find_in_group_locked(group, NULL) != NULL;
    ese_os_mutex_unlock(&schema->lock);
    return !is_committed;
}

JET_ERR
ese_schema_lv_tree(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                   ese_btree *tree_out)
{
    ese_schema__group *group = ese_schema__entry_of(table)->group;
    ese_btree tree = {0};
    JET_ERR err = JET_errSuccess;

    if (has_tree(table)) {
        *tree_out = table->lv_tree;
        return JET_errSuccess;
    }
    ese_os_mutex_lock(&schema->lv_lock);
    if (!has_tree(table)) {
        err = is_own(schema, group) ? create_in(session, schema, table, &tree)
                                    : create_at_once(session->store, schema, table, &tree);
        if (err >= JET_errSuccess)
            tell_all(schema, group, &tree);
    }
    if (err >= JET_errSuccess)
        *tree_out = table->lv_tree;
    ese_os_mutex_unlock(&schema->lv_lock);
    return err;
}
