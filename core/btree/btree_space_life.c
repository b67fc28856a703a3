/*
 * The life of a tree: its first pages, the change to a tree of many extents, its end. Contents of created pages: recovery specification, section 5.9.
 */
#include "btree/btree_private.h"
#include "btree/btree_space_private.h"

enum {
    N_BITS = 32,
    SPACE_ROOTS = 2,
    FIRST_ROOT = 1, /* of the database */
    FIRST_OBJID = 1,
    CREATED_MAX = 3, /* pages of an edit: root, owned extents, free extents */
};

static const uint32_t OBJID_MAX = 0xffffff00;

/* ---- Pages of a new tree ---- */

static uint32_t
kind_flags(const ese_btree__owner *owner)
{
    return owner->tree.kind | (owner->tree.is_unique ? 0 : (uint32_t)ESE_PAGE_NON_UNIQUE);
}

static ese_log_record
record_of(const ese_btree__owner *owner, ese_log_type type)
{
    ese_log_record record = {
        .type = type,
        .flags = owner->tree.is_unique ? ESE_LOG_UNIQUE : 0,
        .root = owner->tree.root,
        .objid = owner->tree.objid,
    };

    record.u.tree.parent = owner->header.parent;
    record.u.tree.n_primary = owner->header.n_primary;
    record.u.tree.free_bits = owner->header.free_bits;
    record.u.tree.page_flags = kind_flags(owner);
    return record;
}

static void
format_root(ese_log_edit *edit, const ese_btree__owner *owner)
{
    ese_page_mut page = ese_log_edit_page(edit, 0);
    uint8_t header[ESE_PAGE_SPACE_HEADER_SIZE];

    ese_page_format(&page, owner->tree.objid, kind_flags(owner) | ESE_PAGE_ROOT | ESE_PAGE_LEAF);
    ese_page_space_encode(&owner->header, header);
    ese_page_set_external_header(&page, (ese_bytes){header, sizeof header});
}

static void
format_space_root(ese_log_edit *edit, unsigned index, const ese_btree__owner *owner)
{
    static const uint8_t no_buffer[ESE_PAGE_SPACE_HEADER_SIZE] = {0};
    ese_page_mut page = ese_log_edit_page(edit, index);

    ese_page_format(&page, owner->tree.objid,
                    kind_flags(owner) | ESE_PAGE_SPACE | ESE_PAGE_ROOT | ESE_PAGE_LEAF);
    ese_page_set_external_header(&page, (ese_bytes){no_buffer, sizeof no_buffer});
}

/* Adds to the end or, where keys ask for it, into the lines of a space root in the making. */
static void
put_extent(ese_log_edit *edit, unsigned index, ese_pgno last, uint32_t count)
{
    ese_page_mut page = ese_log_edit_page(edit, index);
    ese_page view = ese_page_of_mut(&page);
    ese_page_extent extent = {.last = last, .count = count};
    uint8_t key[ESE_PAGE_EXTENT_KEY_SIZE];
    uint8_t data[ESE_PAGE_EXTENT_DATA_SIZE];
    ese_bytes key_bytes = {key, sizeof key};

    if (count == 0)
        return;
    ese_page_extent_encode(&extent, key, data);
    ese_page_insert(&page, ese_page_find_ge(&view, key_bytes, (ese_bytes){NULL, 0}), key_bytes, 0,
                    (ese_bytes){data, sizeof data}, 0);
}

/* Latches a page that begins a new life as the next one of the edit. */
static JET_ERR
add_blank(ese_log_edit *edit, ese_pgno pgno)
{
    JET_ERR err = ese_cache_latch_blank(edit->db->file, pgno, &edit->pages[edit->n_pages]);

    if (err >= JET_errSuccess)
        edit->n_pages++;
    return err;
}

static JET_ERR
create_single(const ese_btree__owner *owner)
{
    ese_log_edit edit = {.db = ese_btree_db_log(owner->db), .origin = owner->origin};
    ese_log_record record = record_of(owner, ESE_LOG_CREATE_SINGLE);
    JET_ERR err;

    ESE_TRY(add_blank(&edit, owner->tree.root));
    ESE_TRY(ese_log_edit_begin(&edit, &record, 1));
    format_root(&edit, owner);
    ese_log_edit_end(&edit);
out:
    if (err < JET_errSuccess)
        ese_log_edit_cancel(&edit);
    return err;
}

static JET_ERR
create_multi(const ese_btree__owner *owner)
{
    ese_log_edit edit = {.db = ese_btree_db_log(owner->db), .origin = owner->origin};
    ese_log_record record = record_of(owner, ESE_LOG_CREATE_MULTIPLE);
    ese_pgno last = owner->tree.root + owner->header.n_primary - 1;
    JET_ERR err;

    for (ese_pgno i = 0; i < CREATED_MAX; i++)
        ESE_TRY(add_blank(&edit, owner->tree.root + i));
    ESE_TRY(ese_log_edit_begin(&edit, &record, 1));
    format_root(&edit, owner);
    format_space_root(&edit, 1, owner);
    put_extent(&edit, 1, last, owner->header.n_primary);
    format_space_root(&edit, 2, owner);
    put_extent(&edit, 2, last, owner->header.n_primary - CREATED_MAX);
    ese_log_edit_end(&edit);
out:
    if (err < JET_errSuccess)
        ese_log_edit_cancel(&edit);
    return err;
}

/* ---- Conversion ---- */

/* The runs of free pages that the bitmap knows, and those behind its end. */
static void
put_free_primary(ese_log_edit *edit, const ese_btree__owner *owner)
{
    ese_pgno first = owner->tree.root + 1;
    uint32_t n_primary = owner->header.n_primary;

    if (n_primary - 1 > N_BITS)
        put_extent(edit, 2, owner->tree.root + n_primary - 1, n_primary - 1 - N_BITS);
    for (uint32_t bit = 0; bit < N_BITS; bit++) {
        uint32_t n = 0;

        while (bit + n < N_BITS && (owner->header.free_bits >> (bit + n) & 1) != 0)
            n++;
        put_extent(edit, 2, first + bit + n - 1, n);
        bit += n;
    }
}

static void
convert_root(ese_log_edit *edit, const ese_btree__owner *owner)
{
    ese_page_mut page = ese_log_edit_page(edit, 0);
    ese_page view = ese_page_of_mut(&page);
    uint8_t header[ESE_PAGE_SPACE_HEADER_MAX];
    size_t size = ese_page_space_patch(ese_page_external_header(&view), &owner->header, header);

    ese_page_set_external_header(&page, (ese_bytes){header, size});
}

JET_ERR
ese_btree__convert(ese_btree__owner *owner, const ese_page_extent *second)
{
    ese_log_edit edit = {.db = ese_btree_db_log(owner->db), .origin = owner->origin};
    ese_log_record record = record_of(owner, ESE_LOG_CONVERT);
    ese_pgno first = ese_btree__extent_first(second);
    ese_btree__owner after = *owner;
    JET_ERR err;

    record.u.tree.secondary_first = first;
    record.u.tree.n_secondary = second->count;
    after.header.is_multi_extent = true;
    after.header.owned_root = first;
    ESE_TRY(ese_cache_latch(owner->tree.file, owner->tree.root, &edit.pages[0]));
    edit.n_pages = 1;
    ESE_TRY(add_blank(&edit, first));
    ESE_TRY(add_blank(&edit, first + 1));
    ESE_TRY(ese_log_edit_begin(&edit, &record, 1));
    convert_root(&edit, &after);
    format_space_root(&edit, 1, owner);
    put_extent(&edit, 1, second->last, second->count);
    put_extent(&edit, 1, owner->tree.root + owner->header.n_primary - 1, owner->header.n_primary);
    format_space_root(&edit, 2, owner);
    put_extent(&edit, 2, second->last, second->count - SPACE_ROOTS);
    put_free_primary(&edit, owner);
    ese_log_edit_end(&edit);
    *owner = after;
out:
    if (err < JET_errSuccess)
        ese_log_edit_cancel(&edit);
    return err;
}

/* ---- Creating ---- */

static ese_btree__owner
owner_of_plan(ese_btree_db *db, const ese_btree_plan *plan, ese_pgno root)
{
    ese_btree__owner owner = {.db = db};

    owner.tree.file = ese_btree_db_log(db)->file;
    owner.tree.root = root;
    owner.tree.objid = plan->objid;
    owner.tree.kind = plan->kind;
    owner.tree.is_unique = plan->is_unique;
    owner.header.n_primary = plan->n_pages;
    owner.header.parent = plan->parent;
    owner.header.is_non_unique = !plan->is_unique;
    owner.header.free_bits =
        plan->n_pages - 1 >= N_BITS ? UINT32_MAX : ((uint32_t)1 << (plan->n_pages - 1)) - 1;
    return owner;
}

static JET_ERR
share(ese_btree_db *db, const ese_btree_plan *plan, const ese_btree__owner *owner,
      ese_btree *tree_out)
{
    ese_btree tree = owner->tree;
    JET_ERR err = ese_btree_share(db, &tree);

    if (err < JET_errSuccess)
        return err;
    if (plan->density != 0) /* relaxed: a number of its own */
        atomic_store_explicit(&tree.shared->density, plan->density, memory_order_relaxed);
    *tree_out = tree;
    return JET_errSuccess;
}

static JET_ERR
create_in_parent(ese_btree_db *db, ese_log_origin *origin, const ese_btree_plan *plan,
                 ese_btree__owner *owner_out)
{
    uint32_t n_pages = plan->n_pages == 0 ? 1 : plan->n_pages;
    ese_page_extent extent = {0};
    ese_btree_plan exact = *plan;
    ese_btree__owner parent, owner;
    JET_ERR err;

    exact.n_pages = n_pages;
    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(ese_btree__owner_load(db, origin, plan->parent, &parent));
    ESE_TRY(ese_btree__extent_get(&parent, n_pages, n_pages, &extent));
    owner = owner_of_plan(db, &exact, ese_btree__extent_first(&extent));
    owner.origin = origin;
    err = create_single(&owner);
    if (err < JET_errSuccess)
        (void)ese_btree__extent_free(&parent, &extent);
    else
        *owner_out = owner;
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}

static ese_txn_change
change_of(const ese_btree *tree, ese_txn_oper oper)
{
    return (ese_txn_change){.place = {.tree = tree->shared}, .oper = oper};
}

JET_ERR
ese_btree_create(ese_txn_session *session, ese_btree_db *db, const ese_btree_plan *plan,
                 ese_btree *tree_out)
{
    ese_btree__owner owner;
    ese_txn_version *version = NULL;
    ese_txn_change note;
    ese_btree tree;
    bool is_made = false;
    JET_ERR err;

    if (plan->objid == 0)
        return ese_raise(JET_errOutOfObjectIDs, "there are no numbers left for trees");
    ESE_TRY(create_in_parent(db, &session->origin, plan, &owner));
    is_made = true;
    ESE_TRY(share(db, plan, &owner, &tree));
    note = change_of(&tree, ESE_TXN_CREATE_TREE);
    ESE_TRY(ese_txn_add(session, &note, &version));
    *tree_out = tree;
out:
    if (err < JET_errSuccess && is_made)
        (void)ese_btree__destroy_now(db, &session->origin, &owner.tree);
    return err;
}

uint32_t
ese_btree_next_objid(ese_btree_db *db)
{
    _Atomic uint32_t *last = &ese_btree_db_log(db)->objid_last;
    /* Relaxed, both: only the number counts. */
    uint32_t objid = atomic_load_explicit(last, memory_order_relaxed);

    do {
        if (objid >= OBJID_MAX)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(last, &objid, objid + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return objid + 1;
}

/* ---- A fresh database ---- */

JET_ERR
ese_btree_db_format(ese_btree_db *db, ese_pgno n_pages)
{
    ese_btree_plan plan = {.objid = FIRST_OBJID, .is_unique = true, .n_pages = n_pages};
    ese_btree__owner owner = owner_of_plan(db, &plan, FIRST_ROOT);
    JET_ERR err;

    owner.header.is_multi_extent = true;
    owner.header.owned_root = FIRST_ROOT + 1;
    ese_os_mutex_lock(&db->space.lock);
    err = create_multi(&owner);
    ese_os_mutex_unlock(&db->space.lock);
    return err;
}

/* Takes the very pages first ... last, which are free. */
static JET_ERR
take_range(ese_btree__owner *owner, ese_pgno first, ese_pgno last)
{
    ese_page_extent extent = {0}, head;
    bool found = false;
    JET_ERR err;

    if (!owner->header.is_multi_extent)
        return ese_raise(JET_errInvalidParameter, "page %u: its free pages have no places",
                         (unsigned)owner->tree.root);
    ESE_TRY(ese_btree__extent_seek(owner, ESE_BTREE__FREE, first, &extent, &found));
    if (!found || ese_btree__extent_first(&extent) > first || extent.last < last)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "pages %u to %u are not free", (unsigned)first,
                          (unsigned)last));
    head = (ese_page_extent){.last = first - 1, .count = first - ese_btree__extent_first(&extent)};
    ESE_TRY(ese_btree__extent_take(owner, &extent, last - ese_btree__extent_first(&extent) + 1));
    if (head.count != 0)
        ESE_TRY(ese_btree__extent_add(owner, ESE_BTREE__FREE, &head, false));
out:
    return err;
}

JET_ERR
ese_btree_create_at(ese_btree_db *db, const ese_btree_plan *plan, ese_pgno root,
                    bool is_multi_extent, ese_btree *tree_out)
{
    ese_btree__owner owner = owner_of_plan(db, plan, root);
    ese_btree__owner parent;
    JET_ERR err;

    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(ese_btree__owner_load(db, NULL, plan->parent, &parent));
    ESE_TRY(take_range(&parent, root, root + plan->n_pages - 1));
    owner.header.is_multi_extent = is_multi_extent;
    owner.header.owned_root = root + 1;
    ESE_TRY(is_multi_extent ? create_multi(&owner) : create_single(&owner));
out:
    ese_os_mutex_unlock(&db->space.lock);
    return err < JET_errSuccess ? err : share(db, plan, &owner, tree_out);
}

/* ---- The end ---- */

JET_ERR
ese_btree_destroy(ese_txn_session *session, const ese_btree *tree)
{
    ese_txn_change note = change_of(tree, ESE_TXN_DESTROY_TREE);
    ese_txn_version *version = NULL;

    return ese_txn_add(session, &note, &version);
}

static JET_ERR
note_extent(void *self, const ese_page_extent *extent)
{
    return ese_growbuf_append(self, extent, sizeof *extent);
}

/* All extents that the tree owns, before any of them changes hands. */
static JET_ERR
collect(const ese_btree__owner *owner, ese_growbuf *extents)
{
    ese_page_extent only = {.last = owner->tree.root + owner->header.n_primary - 1,
                            .count = owner->header.n_primary};
    ese_btree__extent_visitor visitor = {extents, note_extent};

    if (!owner->header.is_multi_extent)
        return note_extent(extents, &only);
    return ese_btree__extent_each(owner, ESE_BTREE__OWNED, &visitor);
}

/*
 * A tree that died with its parent has nothing to give. Then its parent's root page is free, or lives on in a younger tree, whose number is higher: a tree
 * is never older than its parent.
 */
static JET_ERR
find_heir(const ese_btree__owner *owner, ese_btree__owner *parent_out, bool *found_out)
{
    ese_btree__owner database, parent;
    ese_page_extent extent = {0};
    bool is_free = false;
    JET_ERR err;

    *found_out = false;
    ESE_TRY(ese_btree__owner_load(owner->db, owner->origin, FIRST_ROOT, &database));
    if (!database.header.is_multi_extent)
        return JET_errSuccess;
    ESE_TRY(ese_btree__extent_seek(&database, ESE_BTREE__FREE, owner->header.parent, &extent,
                                   &is_free));
    if (is_free && ese_btree__extent_first(&extent) <= owner->header.parent)
        return JET_errSuccess;
    ESE_TRY(ese_btree__owner_load(owner->db, owner->origin, owner->header.parent, &parent));
    if (parent.tree.objid < owner->tree.objid) {
        *parent_out = parent;
        *found_out = true;
    }
out:
    return err;
}

JET_ERR
ese_btree__destroy_now(ese_btree_db *db, ese_log_origin *origin, const ese_btree *tree)
{
    ese_growbuf extents = ese_growbuf_make(SIZE_MAX / 2);
    ese_btree__owner owner, parent;
    bool found = false;
    JET_ERR err;

    ese_os_mutex_lock(&db->space.lock);
    ESE_TRY(ese_btree__owner_load(db, origin, tree->root, &owner));
    if (owner.tree.objid == tree->objid && owner.header.parent != 0)
        ESE_TRY(find_heir(&owner, &parent, &found));
    if (found) {
        ESE_TRY(collect(&owner, &extents));
        ESE_TRY(ese_log_note_freed(ese_btree_db_log(db), owner.tree.root, owner.tree.kind));
    }
    for (size_t at = 0; at < extents.size; at += sizeof(ese_page_extent)) {
        ese_page_extent extent;

        memcpy(&extent, extents.data + at, sizeof extent);
        if (extent.count != 0)
            ESE_KEEP_FIRST(err, ese_btree__extent_free(&parent, &extent));
    }
out:
    ese_os_mutex_unlock(&db->space.lock);
    ese_growbuf_destroy(&extents);
    return err;
}

JET_ERR
ese_btree_take_back(ese_btree_db *db, ese_log_origin *origin, ese_pgno root, uint32_t objid)
{
    const ese_btree tree = {.file = ese_btree_db_log(db)->file, .root = root, .objid = objid};

    return ese_btree__destroy_now(db, origin, &tree);
}
