/*
 * What the log must know before a page reaches the disk.
 *
 * INV-1  Who changes an entry holds the latch of its page from before its version is in the store until the change is in the log and on the page; and who takes a change back, until its version
 *        leaves. So under the latch the versions of the entries of a page are those of its changes. They may commit meanwhile: then their Commit0 is in the log before they are seen to.
 * INV-2  A version that is gone has committed or was taken back. In the first case what stands on the page must not be there without its Commit0, for nobody could take it back.
 *
 * Recovery specification, section 2.3.
 */
#include "btree/btree_private.h"

/* A page on its way to the disk. */
typedef struct flushed {
    ese_btree_db *db;
    const ese_page *page;
    const ese_btree *tree;
    ese_growbuf before;
    uint64_t lgpos;
} flushed;

static const ese_btree_shared *
find_shared(ese_btree_db *db, uint32_t objid)
{
    const ese_btree_shared *shared;

    ese_os_mutex_lock(&db->lock);
    shared = db->trees[objid & (ESE_BTREE__BUCKETS - 1)];
    while (shared != NULL && shared->tree.objid != objid)
        shared = shared->next;
    ese_os_mutex_unlock(&db->lock);
    return shared; /* there as long as the database is */
}

static void
raise_to(uint64_t *lgpos, uint64_t to)
{
    if (*lgpos < to)
        *lgpos = to;
}

static JET_ERR
log_version(flushed *f, const ese_txn_place *place, const ese_txn_uncommitted *version)
{
    const ese_log_undo_info info = {
        .procid = version->procid,
        .level = version->level,
        .oper = (uint8_t)version->oper,
        .is_unique = f->tree->is_unique,
        .trx_begin = version->trx_begin,
        .rceid = version->rceid,
        .pgno = f->page->pgno,
        .root = f->tree->root,
        .objid = f->tree->objid,
        .key = place->key,
        .key_data = place->data,
        .before = ese_growbuf_bytes(&f->before),
    };
    uint64_t end = 0;
    JET_ERR err = ese_log_write_undo_info(f->db->log_db, &info, &end);

    if (err < JET_errSuccess)
        return err;
    ese_txn_note_undo_info(f->db->store, place, version->rceid, end);
    raise_to(&f->lgpos, end);
    return JET_errSuccess;
}

static JET_ERR
log_line(flushed *f, unsigned line)
{
    ese_page_node node = ese_page_line(f->page, line);
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_txn_place place = ese_btree__place(f->tree, &node, room);
    ese_txn_uncommitted version = {.order = UINT32_MAX};
    bool found = true;
    JET_ERR err = JET_errSuccess;

    while (found) {
        ESE_TRY(ese_txn_next_uncommitted(f->db->store, &place, &f->before, &version, &found));
        if (found && version.undo_end != 0)
            raise_to(&f->lgpos, version.undo_end);
        else if (found)
            ESE_TRY(log_version(f, &place, &version));
    }
out:
    return err;
}

JET_ERR
ese_btree_log_undo_info(ese_btree_db *db, const ese_page *page, uint64_t *lgpos_inout)
{
    flushed f = {.db = db, .page = page, .lgpos = *lgpos_inout};
    const ese_btree_shared *shared;
    bool is_any = false;
    JET_ERR err = JET_errSuccess;

    if (db->log_db->stream == NULL ||
        (ese_page_flags(page) & (ESE_PAGE_LEAF | ESE_PAGE_SPACE)) != ESE_PAGE_LEAF)
        return JET_errSuccess;
    shared = find_shared(db, ese_page_objid(page));
    if (shared == NULL) /* not changed in this run */
        return JET_errSuccess;
    f.tree = &shared->tree;
    f.before = ese_growbuf_make(page->size);
    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        if ((ese_page_line_flags(page, line) & ESE_PAGE_NODE_VERSION) == 0)
            continue;
        if (!is_any) /* versions are looked at under locks that nobody waits for memory with */
            ESE_TRY(ese_growbuf_reserve(&f.before, page->size));
        is_any = true;
        ESE_TRY(log_line(&f, line));
    }
    if (is_any) /* behind the look at the versions: who was seen to have committed is in it */
        raise_to(&f.lgpos, ese_txn_store_last_commit(db->store));
    *lgpos_inout = f.lgpos;
out:
    ese_growbuf_destroy(&f.before);
    return err;
}
