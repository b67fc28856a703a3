/*
 * Changing entries: one leaf, latched while it is decided and done.
 *
 * INV-1  Versions are in the store before the page changes, and leave it again when the change fails.
 * INV-2  The page that is changed is the one where every reader looks for the entry: either nothing moved since the way to it was looked up, or it is the last leaf
 *        and the entry belongs behind all others.
 */
#include "btree/btree_private.h"

enum { NODE_SIZES_MOST = 4 }; /* bytes of the two sizes of a compressed node */

ese_btree__writer
ese_btree__writer_of(ese_txn_session *session, const ese_btree *tree, ese_btree_how how)
{
    return (ese_btree__writer){
        .tree = tree,
        .db = tree->shared->db,
        .session = session,
        .origin = &session->origin,
        .how = how,
    };
}

static ese_btree__writer
space_writer(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree)
{
    return (ese_btree__writer){
        .tree = tree,
        .db = db,
        .origin = origin,
        .how = ESE_BTREE_UNVERSIONED,
    };
}

ese_log_record
ese_btree__record(const ese_btree__writer *writer, ese_log_type type)
{
    const ese_btree *tree = writer->tree;
    unsigned flags = 0;

    if (writer->how == ESE_BTREE_VERSIONED)
        flags |= ESE_LOG_VERSIONED;
    if (tree->is_unique)
        flags |= ESE_LOG_UNIQUE;
    if ((tree->kind & ESE_PAGE_SPACE) != 0)
        flags |= ESE_LOG_SPACE;
    return (ese_log_record){
        .type = type,
        .flags = (uint8_t)flags,
        .root = (tree->kind & ESE_PAGE_SPACE) != 0 ? writer->db->space.owner : tree->root,
        .objid = tree->objid,
    };
}

/* Numbers of operations in records of undoing. */
static uint8_t
undo_oper(const ese_txn_change *change)
{
    enum { INSERT = 1, REPLACE = 2, FLAG_DELETE = 3, DELTA = 4, DELTA64 = 9 };

    switch (change->oper) {
    case ESE_TXN_INSERT: return INSERT;
    case ESE_TXN_REPLACE: return REPLACE;
    case ESE_TXN_DELETE: return FLAG_DELETE;
    default: return change->width == 8 ? DELTA64 : DELTA;
    }
}

ese_log_record
ese_btree__undo_record(const ese_btree__writer *writer, unsigned line)
{
    const ese_txn_change *change = writer->undone;
    ese_log_record record = ese_btree__record(writer, ESE_LOG_UNDO);

    record.u.node = (ese_log_node){
        .line = line,
        .rceid = change->rceid,
        .key = change->place.key,
        .key_data = change->place.data,
        .data = change->before,
        .oper = undo_oper(change),
        .level = change->level,
        .offset = change->offset,
        .delta = change->delta,
        .needs_undo_info = change->needs_undo_info,
    };
    return record;
}

static ese_txn_place
place_of(const ese_btree__writer *writer, ese_bytes key, ese_bytes data)
{
    ese_txn_place place = {.tree = writer->tree->shared, .key = key};

    if (ese_btree__has_order_by_data(writer->tree))
        place.data = data;
    return place;
}

/* May the session change the entry? Nobody is asked about changes at once and for good. */
static JET_ERR
check_versions(const ese_btree__writer *writer, ese_bytes key, ese_bytes data, ese_txn_oper oper)
{
    ese_txn_place place = place_of(writer, key, data);

    bool is_private = writer->how == ESE_BTREE_UNVERSIONED && oper != ESE_TXN_DELTA;

    if (is_private || ese_txn_store_is_empty(writer->db->store))
        return JET_errSuccess;
    return ese_txn_check(writer->session, &place, oper);
}

/* Adds a version. Before the first one of a transaction is the time to note that all changes so far are settled, if they are. */
static JET_ERR
add_version(const ese_btree__writer *writer, const ese_txn_change *change,
            ese_txn_version **version_out)
{
    if (writer->session->trx == NULL)
        (void)ese_btree__settle(writer->db);
    return ese_txn_add(writer->session, change, version_out);
}

static JET_ERR
raise_deleted(const ese_btree *tree)
{
    return ese_raise(JET_errRecordDeleted, "%s: objid %u has no such entry any more",
                     ese_cache_path(tree->file), (unsigned)tree->objid);
}

static JET_ERR
raise_duplicate(const ese_btree *tree)
{
    return ese_raise(JET_errKeyDuplicate, "%s: objid %u has an entry of this key",
                     ese_cache_path(tree->file), (unsigned)tree->objid);
}

/* An entry that is in the way of an insertion, though its session may not be able to see it, is a duplicate. */
static JET_ERR
translate_insert(const ese_btree *tree, JET_ERR err)
{
    return err == JET_errWriteConflict ? raise_duplicate(tree) : err;
}

/* ---- insertions and replacements ---- */

/* Does a page that is filled in order keep the room that its density wants for what comes later? */
static bool
keeps_reserve(const ese_btree__writer *writer, const ese_btree__request *request,
              const ese_btree__spot *spot)
{
    const ese_page *page = &spot->page->page;
    const ese_btree_shared *shared = writer->tree->shared;

    if (shared == NULL || ese_page_next(page) != 0 || spot->line != ese_page_line_count(page) ||
        (ese_page_flags(page) & ESE_PAGE_ROOT) != 0)
        return true;
    /* Relaxed: any value will do. */
    return ese_page_fits_append(page, atomic_load_explicit(&shared->density, memory_order_relaxed),
                                request->key, request->data);
}

static void
plan_new_node(const ese_btree__writer *writer, const ese_btree__request *request,
              const ese_btree__spot *spot, ese_btree__plan *plan)
{
    const ese_page *page = &spot->page->page;

    plan->record.type = ESE_LOG_INSERT;
    plan->record.u.node.n_prefix = ese_page_shared_prefix(page, request->key);
    plan->oper = ESE_PAGE_SPLIT_INSERT;
    plan->fits = ese_page_fits_insert(page, request->key, request->data) &&
                 keeps_reserve(writer, request, spot);
}

/* The node of a deleted entry is there and lives again. */
static JET_ERR
plan_revival(const ese_btree__writer *writer, const ese_btree__request *request,
             const ese_btree__spot *spot, ese_btree__plan *plan)
{
    JET_ERR err = JET_errSuccess;
    const ese_page *page = &spot->page->page;

    if ((spot->node.flags & ESE_PAGE_NODE_DELETED) == 0)
        return raise_duplicate(writer->tree);
    ESE_TRY(translate_insert(writer->tree,
                             check_versions(writer, request->key, request->data, ESE_TXN_INSERT)));
    plan->oper = ESE_PAGE_SPLIT_FLAG_INSERT_AND_REPLACE;
    if (ese_bytes_compare(spot->node.data, request->data) == 0) {
        plan->record.type = ESE_LOG_FLAG_INSERT;
        plan->fits = true;
    } else {
        plan->record.type = ESE_LOG_FLAG_INSERT_REPLACE;
        plan->has_before = true;
        plan->before = spot->node.data;
        plan->fits = ese_page_fits_replace(page, spot->line, request->data.size);
    }
out:
    return err;
}

static JET_ERR
plan_replacement(const ese_btree__writer *writer, const ese_btree__request *request,
                 const ese_btree__spot *spot, ese_btree__plan *plan)
{
    JET_ERR err = JET_errSuccess;

    if (!spot->is_there)
        return raise_deleted(writer->tree);
    ESE_TRY(check_versions(writer, request->key, request->data, ESE_TXN_REPLACE));
    if ((spot->node.flags & ESE_PAGE_NODE_DELETED) != 0)
        return raise_deleted(writer->tree);
    if (writer->undone != NULL && !writer->undone->is_covered)
        plan->record = ese_btree__undo_record(writer, spot->line);
    else
        plan->record.type = ESE_LOG_REPLACE;
    plan->oper = ESE_PAGE_SPLIT_REPLACE;
    plan->has_before = true;
    plan->before = spot->node.data;
    plan->fits = ese_page_fits_replace(&spot->page->page, spot->line, request->data.size);
out:
    return err;
}

JET_ERR
ese_btree__plan_make(const ese_btree__writer *writer, const ese_btree__request *request,
                     const ese_btree__spot *spot, ese_btree__plan *plan_out)
{
    JET_ERR err = JET_errSuccess;
    ese_btree__plan plan = {.record = ese_btree__record(writer, ESE_LOG_INSERT)};

    plan.record.u.node.line = spot->line;
    plan.record.u.node.key = request->key;
    if (ese_btree__has_order_by_data(writer->tree))
        plan.record.u.node.key_data = request->data;
    plan.record.u.node.data = request->data;
    if (request->is_replacement)
        ESE_TRY(plan_replacement(writer, request, spot, &plan));
    else if (spot->is_there)
        ESE_TRY(plan_revival(writer, request, spot, &plan));
    else
        plan_new_node(writer, request, spot, &plan);
    *plan_out = plan;
out:
    return err;
}

JET_ERR
ese_btree__plan_begin(const ese_btree__writer *writer, const ese_btree__request *request,
                      ese_btree__plan *plan)
{
    JET_ERR err = JET_errSuccess;
    ese_txn_change change = {.place = place_of(writer, request->key, request->data)};
    ese_log_node *node = &plan->record.u.node;

    if (writer->how == ESE_BTREE_UNVERSIONED)
        return JET_errSuccess;
    if (!request->is_replacement) {
        change.oper = ESE_TXN_INSERT;
        ESE_TRY(translate_insert(writer->tree, add_version(writer, &change, &plan->inserted)));
        node->rceid = ese_txn_rceid(plan->inserted);
    }
    if (plan->has_before) {
        change.oper = ESE_TXN_REPLACE;
        change.before = plan->before;
        ESE_TRY(add_version(writer, &change, &plan->replaced));
        if (!request->is_replacement)
            node->rceid_replace = ese_txn_rceid(plan->replaced);
        else if (!ese_txn_is_covered(plan->replaced))
            node->rceid = ese_txn_rceid(plan->replaced);
        else
            plan->record.flags &= (uint8_t)~ESE_LOG_VERSIONED;
    }
out:
    if (err < JET_errSuccess)
        ese_btree__plan_cancel(writer, plan);
    return err;
}

void
ese_btree__plan_cancel(const ese_btree__writer *writer, ese_btree__plan *plan)
{
    if (plan->replaced != NULL)
        ese_txn_drop(writer->session, plan->replaced);
    if (plan->inserted != NULL)
        ese_txn_drop(writer->session, plan->inserted);
    plan->replaced = plan->inserted = NULL;
}

JET_ERR
ese_btree__plan_do(const ese_btree__writer *writer, const ese_btree__request *request,
                   ese_btree__plan *plan, ese_cache_page **page_inout)
{
    JET_ERR err;

    ESE_TRY(ese_btree__plan_begin(writer, request, plan));
    err = ese_log_change_node(writer->db->log_db, writer->origin, page_inout, &plan->record);
    if (err < JET_errSuccess)
        ese_btree__plan_cancel(writer, plan);
out:
    return err;
}

/* Does what is asked for in the leaf that is latched, or, when there is no room, by a split. Unlatches it. */
static JET_ERR
put_at(const ese_btree__writer *writer, const ese_btree__request *request, ese_btree__spot *spot)
{
    JET_ERR err;
    ese_btree__plan plan;

    ESE_TRY(ese_btree__plan_make(writer, request, spot, &plan));
    if (plan.fits) {
        err = ese_btree__plan_do(writer, request, &plan, &spot->page);
    } else {
        ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
        err = ese_btree__split_for(writer, request);
    }
out:
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    return err;
}

/* Is it the last leaf of the tree, with all its entries before the new one? */
static bool
is_end_before(const ese_btree *tree, const ese_page *page, const ese_btree__request *request)
{
    const uint32_t mask = ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE | ESE_PAGE_EMPTY |
                          ESE_PAGE_PRE_INIT | ESE_PAGE_LEAF;
    unsigned n = ese_page_line_count(page);
    ese_page_node last;
    int order;

    if (ese_page_objid(page) != tree->objid || ese_page_next(page) != 0 || n == 0 ||
        (ese_page_flags(page) & mask) != (tree->kind | ESE_PAGE_LEAF))
        return false;
    ese_page_line_decode(page, n - 1, &last);
    order = ese_page_node_compare_key(&last, request->key);
    if (order == 0 && ese_btree__has_order_by_data(tree))
        order = ese_bytes_compare(last.data, request->data);
    return order < 0;
}

/* Latches the last leaf if the entry belongs at its end. */
static bool
latch_end(const ese_btree *tree, const ese_btree__request *request, ese_btree__spot *spot)
{
    /* Relaxed: a hint, and what it leads to is looked at under the latch. */
    ese_pgno pgno = atomic_load_explicit(&tree->shared->last_leaf, memory_order_relaxed);

    if (pgno == 0 || ese_cache_latch(tree->file, pgno, &spot->page) < JET_errSuccess)
        return false;
    if (is_end_before(tree, &spot->page->page, request)) {
        spot->line = ese_page_line_count(&spot->page->page);
        spot->is_there = false;
        return true;
    }
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    return false;
}

static void
note_end(const ese_btree *tree, const ese_page *page)
{
    if (tree->shared == NULL || ese_page_next(page) != 0)
        return;
    if (atomic_load_explicit(&tree->shared->last_leaf, memory_order_relaxed) != page->pgno)
        atomic_store_explicit(&tree->shared->last_leaf, page->pgno, memory_order_relaxed);
}

JET_ERR
ese_btree__put(const ese_btree__writer *writer, const ese_btree__request *request)
{
    JET_ERR err;
    const ese_btree *tree = writer->tree;
    ese_btree__spot spot = {0};
    uint32_t page_size = ese_cache_page_size(tree->file);

    /* A line that leaves a prefix out of its key keeps that, and its second size, when it is the last of its page. */
    if (request->key.size > ESE_PAGE_KEY_MAX || request->data.size > page_size ||
        request->key.size + request->data.size + NODE_SIZES_MOST > ese_page_node_max(page_size))
        return ese_raise(JET_errRecordTooBig, "%zu bytes of key and %zu of data are too many",
                         request->key.size, request->data.size);
    if (request->is_replacement || tree->shared == NULL || !latch_end(tree, request, &spot)) {
        ESE_TRY(ese_btree__spot_latch(tree, request->key, request->data, &spot));
        note_end(tree, &spot.page->page);
    }
    err = put_at(writer, request, &spot);
out:
    return err;
}

JET_ERR
ese_btree_insert(ese_txn_session *session, const ese_btree *tree, ese_bytes key, ese_bytes data,
                 ese_btree_how how)
{
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, how);
    const ese_btree__request request = {.key = key, .data = data};

    return ese_btree__put(&writer, &request);
}

JET_ERR
ese_btree_replace(ese_txn_session *session, const ese_btree *tree, ese_bytes key, ese_bytes data,
                  ese_btree_how how)
{
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, how);
    const ese_btree__request request = {.is_replacement = true, .key = key, .data = data};

    return ese_btree__put(&writer, &request);
}

/* ---- what needs no room ---- */

JET_ERR
ese_btree__entry_latch(const ese_btree__writer *writer, ese_bytes key, ese_bytes data,
                       ese_txn_oper oper, ese_btree__spot *spot_out)
{
    JET_ERR err;
    ese_btree__spot spot = {0};

    ESE_TRY(ese_btree__spot_latch(writer->tree, key, data, &spot));
    if (!spot.is_there) {
        err = raise_deleted(writer->tree);
        goto out;
    }
    ESE_TRY(check_versions(writer, key, data, oper));
    if ((spot.node.flags & ESE_PAGE_NODE_DELETED) != 0) {
        err = raise_deleted(writer->tree);
        goto out;
    }
    *spot_out = spot;
    spot.page = NULL;
out:
    ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__entry_change(const ese_btree__writer *writer, const ese_txn_change *change,
                        ese_log_record *record, ese_btree__spot *spot)
{
    JET_ERR err;
    ese_txn_version *version = NULL;

    if (writer->how == ESE_BTREE_VERSIONED) {
        ESE_TRY(add_version(writer, change, &version));
        record->u.node.rceid = ese_txn_rceid(version);
    }
    record->u.node.line = spot->line;
    record->u.node.key = change->place.key;
    record->u.node.key_data = change->place.data;
    err = ese_log_change_node(writer->db->log_db, writer->origin, &spot->page, record);
    if (err < JET_errSuccess && version != NULL)
        ese_txn_drop(writer->session, version);
out:
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree_delete(ese_txn_session *session, const ese_btree *tree, ese_bytes key, ese_bytes data,
                 ese_btree_how how)
{
    JET_ERR err;
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, how);
    const ese_txn_change change = {.place = place_of(&writer, key, data), .oper = ESE_TXN_DELETE};
    ese_log_record record = ese_btree__record(&writer, ESE_LOG_FLAG_DELETE);
    ese_btree__spot spot = {0};

    ESE_TRY(ese_btree__entry_latch(&writer, key, data, ESE_TXN_DELETE, &spot));
    if (how == ESE_BTREE_UNVERSIONED)
        err = ese_btree__remove(&writer, &spot, key, data);
    else
        err = ese_btree__entry_change(&writer, &change, &record, &spot);
out:
    return err;
}

JET_ERR
ese_btree_lock(ese_txn_session *session, const ese_btree *tree, ese_bytes key, ese_txn_oper oper)
{
    JET_ERR err;
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, ESE_BTREE_VERSIONED);
    const ese_txn_change change = {.place = {.tree = tree->shared, .key = key}, .oper = oper};
    ese_btree__spot spot = {0};
    ese_txn_version *version = NULL;

    ESE_TRY(ese_btree__entry_latch(&writer, key, (ese_bytes){NULL, 0}, oper, &spot));
    err = add_version(&writer, &change, &version);
    ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
out:
    return err;
}

/* ---- space trees ---- */

JET_ERR
ese_btree__space_insert(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                        ese_bytes key, ese_bytes data)
{
    const ese_btree__writer writer = space_writer(db, origin, tree);
    const ese_btree__request request = {.must_split = true, .key = key, .data = data};

    return ese_btree__split_for(&writer, &request);
}

JET_ERR
ese_btree__space_remove(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree,
                        ese_bytes key)
{
    JET_ERR err;
    const ese_btree__writer writer = space_writer(db, origin, tree);
    ese_btree__spot spot = {0};

    ESE_TRY(ese_btree__entry_latch(&writer, key, (ese_bytes){NULL, 0}, ESE_TXN_DELETE, &spot));
    err = ese_btree__remove(&writer, &spot, key, (ese_bytes){NULL, 0});
out:
    return err;
}

/* ---- the external header */

JET_ERR
ese_btree_set_external_header(ese_txn_session *session, const ese_btree *tree, ese_bytes header)
{
    JET_ERR err;
    const ese_btree__writer writer = ese_btree__writer_of(session, tree, ESE_BTREE_UNVERSIONED);
    ese_log_record record = ese_btree__record(&writer, ESE_LOG_SET_EXTERNAL_HEADER);
    ese_cache_page *page = NULL;

    record.u.node.data = header;
    ESE_TRY(ese_cache_latch(tree->file, tree->root, &page));
    if (!ese_page_fits_external_header(&page->page, header.size)) {
        err = ese_raise(JET_errRecordTooBig, "%s: no room for %zu bytes of header on page %u",
                        ese_cache_path(tree->file), header.size, (unsigned)tree->root);
        goto out;
    }
    err = ese_log_change_node(writer.db->log_db, writer.origin, &page, &record);
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}
