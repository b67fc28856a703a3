/* What a session sees of an entry, and what others have done with it. */
#include "txn/txn_private.h"

/* What the walk along a chain found out. */
typedef struct sighting {
    bool exists;
    ese_bytes base;                   /* the data, but for deltas of others */
    const ese_txn_version *base_from; /* whose data before it is; NULL: that of the node */
    const ese_txn_version *end;       /* the walk ended here: a version that is seen, or NULL */
    bool has_delta;                   /* between base_from and end */
} sighting;

/* Goes back in time until it meets a change that is seen. Holds: latch. */
static sighting
walk_back(const ese_txn__view *view, const ese_txn_version *newest, bool is_deleted,
          ese_bytes node_data)
{
    sighting seen = {.exists = !is_deleted, .base = node_data};

    for (seen.end = newest; seen.end != NULL; seen.end = seen.end->older) {
        const ese_txn_version *at = seen.end;
        bool is_visible = ese_txn__is_visible(view, at->trx);

        if (is_visible && at->oper <= ESE_TXN_DELETE)
            break;
        if (is_visible)
            continue;
        if (at->oper == ESE_TXN_INSERT || at->oper == ESE_TXN_DELETE)
            seen.exists = at->oper == ESE_TXN_DELETE;
        if (at->oper == ESE_TXN_DELTA)
            seen.has_delta = true;
        if (at->oper == ESE_TXN_REPLACE && at->has_image) {
            seen.base = ese_txn__change_of(at).before;
            seen.base_from = at;
            seen.has_delta = false;
        }
    }
    return seen;
}

/* Wraps around, as adding did. */
static void
subtract(ese_growbuf *data, const ese_txn_version *delta)
{
    uint8_t *at;

    if (delta->offset > data->size || delta->width > data->size - delta->offset)
        return;
    at = data->data + delta->offset;
    if (delta->width == 8)
        ese_store_le64(at, ese_load_le64(at) - (uint64_t)delta->delta);
    else
        ese_store_le32(at, ese_load_le32(at) - (uint32_t)(uint64_t)delta->delta);
}

/* There is room in `before`. Holds: latch. */
static void
write_before(const ese_txn__view *view, const ese_txn_version *newest, const sighting *seen,
             ese_growbuf *before)
{
    const ese_txn_version *at = seen->base_from != NULL ? seen->base_from->older : newest;

    if (seen->base.size != 0)
        memcpy(before->data, seen->base.data, seen->base.size);
    before->size = seen->base.size;
    for (; seen->has_delta && at != seen->end; at = at->older) {
        if (at->oper == ESE_TXN_DELTA && !ese_txn__is_visible(view, at->trx))
            subtract(before, at);
    }
}

static ese_txn_sight
sight_of(const sighting *seen)
{
    if (!seen->exists)
        return ESE_TXN_NOTHING;
    return seen->base_from != NULL || seen->has_delta ? ESE_TXN_BEFORE : ESE_TXN_THE_NODE;
}

static ese_txn_sight
sight_without_versions(bool is_deleted)
{
    return is_deleted ? ESE_TXN_NOTHING : ESE_TXN_THE_NODE;
}

JET_ERR
ese_txn_see(const ese_txn_session *session, const ese_txn_place *place, bool is_deleted,
            ese_bytes node_data, ese_growbuf *before_out, ese_txn_sight *sight_out,
            bool *has_delta_out)
{
    ese_txn_store *store = session->store;
    uint64_t hash = ese_txn__hash(store, place);
    ese_txn_sight sight = sight_without_versions(is_deleted);
    sighting seen = {.has_delta = false};
    ese_txn__view view;
    JET_ERR err = JET_errSuccess;
    bool is_done = ese_txn__is_bare(store, hash);

    if (!is_done)
        view = ese_txn__view_of(session);
    while (
        !is_done) { /* once more when there was no room for the data: no memory is asked for under a latch */
        const ese_txn_version *newest;

        ese_txn__lock(store, hash);
        newest = ese_txn__find(store, place, hash);
        seen = walk_back(&view, newest, is_deleted, node_data);
        sight = sight_of(&seen);
        is_done = sight != ESE_TXN_BEFORE || before_out->capacity >= seen.base.size;
        if (is_done && sight == ESE_TXN_BEFORE)
            write_before(&view, newest, &seen, before_out);
        ese_txn__unlock(store, hash);
        if (!is_done)
            ESE_TRY(ese_growbuf_reserve(before_out, seen.base.size));
    }
    *sight_out = sight;
    *has_delta_out = seen.has_delta;
out:
    return err;
}

bool
ese_txn_has_versions(ese_txn_store *store, const ese_txn_place *place, uint32_t but_rceid)
{
    uint64_t hash = ese_txn__hash(store, place);
    const ese_txn_version *at;

    if (ese_txn__is_bare(store, hash))
        return false;
    ese_txn__lock(store, hash);
    at = ese_txn__find(store, place, hash);
    while (at != NULL && (at->rceid == but_rceid || at->is_leaving))
        at = at->older;
    ese_txn__unlock(store, hash);
    return at != NULL;
}

/* ---- Changes of others ---- */

static bool
is_change(unsigned oper)
{
    return oper >= ESE_TXN_INSERT && oper <= ESE_TXN_DELTA;
}

/* Holds: latch. */
static bool
has_foreign_change(const ese_txn__view *view, const ese_txn_version *newest)
{
    for (const ese_txn_version *at = newest; at != NULL; at = at->older) {
        if (is_change(at->oper) && !ese_txn__is_visible(view, at->trx))
            return true;
    }
    return false;
}

bool
ese_txn_is_changed_by_others(const ese_txn_session *session, const ese_txn_place *place)
{
    ese_txn_store *store = session->store;
    uint64_t hash = ese_txn__hash(store, place);
    ese_txn__view view;
    bool is_changed;

    if (ese_txn__is_bare(store, hash))
        return false;
    view = ese_txn__view_of(session);
    ese_txn__lock(store, hash);
    is_changed = has_foreign_change(&view, ese_txn__find(store, place, hash));
    ese_txn__unlock(store, hash);
    return is_changed;
}

/* What is looked for in the whole store. */
typedef struct search {
    ese_txn__view view; /* changes that are not seen; unless there is `is_of` */
    const void *tree;
    bool (*is_of)(void *self, const void *tree);
    void *self;
} search;

/* Holds: latch. */
static bool
is_in_bucket(const search *what, const ese_txn_version *first)
{
    for (const ese_txn_version *at = first; at != NULL; at = at->bucket_next) {
        if (what->is_of != NULL && what->is_of(what->self, at->tree))
            return true;
        if (what->is_of == NULL && at->tree == what->tree && has_foreign_change(&what->view, at))
            return true;
    }
    return false;
}

static bool
look_everywhere(ese_txn_store *store, const search *what)
{
    bool is_found = false;

    if (ese_txn_store_is_empty(store))
        return false;
    for (uint64_t i = 0; i <= store->mask && !is_found; i++) {
        if (ese_txn__is_bare(store, i))
            continue;
        ese_txn__lock(store, i);
        /* Relaxed: written by holders of the latch only. */
        is_found =
            is_in_bucket(what, atomic_load_explicit(&store->buckets[i], memory_order_relaxed));
        ese_txn__unlock(store, i);
    }
    return is_found;
}

bool
ese_txn_is_tree_changed_by_others(const ese_txn_session *session, const void *tree)
{
    const search what = {.view = ese_txn__view_of(session), .tree = tree};

    return look_everywhere(session->store, &what);
}

bool
ese_txn__has_any_of(ese_txn_store *store, bool (*is_of)(void *self, const void *tree), void *self)
{
    const search what = {.is_of = is_of, .self = self};

    return look_everywhere(store, &what);
}
