/* Answers, and the way from a handle or a name to a table. */
#include "api/api_info.h"

#include "api/api_database.h"
#include "page/page_space.h"

enum {
    BITMAP_END = 33
}; /* the root, and the pages behind it that have a bit in its space header */

JET_ERR
ese_api_answer_check(const ese_api_answer *answer, size_t size)
{
    if (answer->room < size)
        return ese_raise(JET_errBufferTooSmall, "%u bytes are too few for %zu",
                         (unsigned)answer->room, size);
    if (answer->to == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the answer");
    return JET_errSuccess;
}

JET_ERR
ese_api_answer_give(const ese_api_answer *answer, const void *from, size_t size)
{
    JET_ERR err = ese_api_answer_check(answer, size);

    if (err >= JET_errSuccess)
        memcpy(answer->to, from, size);
    return err;
}

JET_ERR
ese_api_answer_give_text(const ese_api_answer *answer, const char *utf8)
{
    if (answer->form == ESE_API_TEXT_W && answer->to != NULL)
        return ese_api_give_wide(utf8, answer->to, answer->room);
    return ese_api_answer_give(answer, utf8, strlen(utf8) + 1);
}

JET_ERR
ese_api_on_table(JET_SESID sesid, JET_TABLEID tableid, ese_api_subject_work *work, void *arguments)
{
    ese_api_subject subject = {0};
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &subject.session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_sync_cursor(subject.session, tableid, &subject.cursor));
    if (ese_table_is_temporary(subject.cursor))
        ESE_TRY(ese_raise(JET_errIllegalOperation, "a temporary table has no catalog"));
    subject.schema = ese_table_schema(subject.cursor);
    subject.table = ese_table_descriptor(subject.cursor);
    ESE_TRY(work(&subject, arguments));
out:
    return ese_api_leave(subject.session, err);
}

JET_ERR
ese_api_on_named_table(JET_SESID sesid, JET_DBID dbid, const char *name, ese_api_subject_work *work,
                       void *arguments)
{
    ese_api_subject subject = {0};
    ese_api_database *database = NULL;
    ese_schema_table *table = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &subject.session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_find_database(subject.session, dbid, &database));
    if (name == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no table name"));
    ESE_TRY(ese_api_check_name(name));
    subject.schema = ese_api_database_schema(database);
    ESE_TRY(
        ese_schema_table_open(subject.schema, ese_api_session_txn(subject.session), name, &table));
    subject.table = table;
    ESE_TRY(work(&subject, arguments));
out:
    if (table != NULL)
        ese_schema_table_release(subject.schema, &table);
    return ese_api_leave(subject.session, err);
}

/* ---- space */

static void
add_saturated(uint32_t *sum, uint32_t n)
{
    *sum = n > UINT32_MAX - *sum ? UINT32_MAX : *sum + n;
}

/* Adds the extents of the tree of owned or of available extents whose root is given. */
static JET_ERR
add_extents(const ese_btree *owner, ese_pgno root, uint32_t *n_pages, uint32_t *n_extents)
{
    ese_btree tree = *owner;
    ese_btree_cursor cursor = {0};
    bool found = false;
    JET_ERR err;

    tree.root = root;
    tree.kind |= ESE_PAGE_SPACE;
    tree.is_unique = true;
    ese_btree_cursor_init(&cursor, &tree, NULL);
    ESE_TRY(ese_btree_first(&cursor, &found));
    while (found) {
        ese_page_extent extent;

        ESE_TRY(ese_api_extent_at(&cursor, &extent));
        add_saturated(n_pages, extent.count);
        add_saturated(n_extents, extent.count != 0);
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* The one extent of a small tree; its free pages are bits in the root, those that no bit is left for are free too. */
static void
add_single_extent(const ese_page_space *space, ese_api_space *sum)
{
    uint32_t n_free = space->n_primary > BITMAP_END ? space->n_primary - BITMAP_END : 0;

    for (uint32_t bits = space->free_bits; bits != 0; bits &= bits - 1)
        n_free++;
    add_saturated(&sum->n_owned, space->n_primary);
    add_saturated(&sum->n_owned_extents, 1);
    add_saturated(&sum->n_available, n_free);
    add_saturated(&sum->n_available_extents, n_free != 0);
}

/* Adds the space of one tree to *space_inout. */
static JET_ERR
add_tree(const ese_btree *tree, ese_api_space *space_inout)
{
    ese_cache_page *page = NULL;
    ese_page_space space = {0};
    JET_ERR err;

    ESE_TRY(ese_cache_pin(tree->file, tree->root, &page));
    ESE_TRY(ese_page_space_decode(ese_page_external_header(&page->page), &space));
    if (!space.is_multi_extent) {
        add_single_extent(&space, space_inout);
        goto out;
    }
    ESE_TRY(
        add_extents(tree, space.owned_root, &space_inout->n_owned, &space_inout->n_owned_extents));
    ESE_TRY(add_extents(tree, space.owned_root + 1, &space_inout->n_available,
                        &space_inout->n_available_extents));
out:
    ese_cache_unpin(&page);
    return err;
}

JET_ERR
ese_api_space_of_table(const ese_schema_table *table, ese_api_space *space_out)
{
    ese_api_space space = {0}, children = {0};
    JET_ERR err;

    ESE_TRY(add_tree(&table->tree, &space));
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (&table->indexes[i] != table->primary)
            ESE_TRY(add_tree(&table->indexes[i].tree, &children));
    }
    if (table->has_lv_tree)
        ESE_TRY(add_tree(&table->lv_tree, &children));
    add_saturated(&space.n_available, children.n_available);
    add_saturated(&space.n_available_extents, children.n_available_extents);
    *space_out = space;
out:
    return err;
}
