/*
 * What undoing open changes needs, in the log before pages with these changes are in the file. In place only. Recovery specification, section 2.3.
 *
 * INV-1  A page with a change of a transaction that is open where redo stands is written only after the log has what undoing the change needs: here, or long ago by who
 *        made it. So recovery that is ended finds it when it begins anew.
 * INV-2  That holds for a page whose lines have moved to another one, too: recovery that begins anew may find it without them, and knows them only from the image in the log,
 *        where the change has been made already.
 */
#include "recovery/recovery_private.h"

enum { ENTRY_BUCKETS = 1 << 16, DEBT_BUCKETS = 1 << 12 };

/* A page that once had the line of a change, which has moved since. */
struct ese_recovery__debt {
    ese_recovery__debt *next; /* in the hash chain of the page */
    ese_recovery__debt *next_of_version;
    ese_recovery__version *version;
    ese_pgno pgno;
};

/* ---- versions by entry: of those whose old state is known from a page */

static uint32_t
mix(uint32_t hash, ese_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 16777619u;
    return hash;
}

static ese_recovery__version **
chain_of(const ese_recovery__db *db, uint32_t objid, ese_bytes key, ese_bytes key_data)
{
    uint32_t hash = mix(mix(objid * 2654435761u + db->dbid, key), key_data);

    return &db->run->entries[(hash ^ hash >> 16) & (ENTRY_BUCKETS - 1)];
}

static bool
is_of(const ese_recovery__version *version, const ese_recovery__db *db, uint32_t objid,
      ese_bytes key, ese_bytes key_data)
{
    return version->db == db && version->objid == objid &&
           ese_bytes_compare(version->key, key) == 0 &&
           ese_bytes_compare(version->key_data, key_data) == 0;
}

/* What inserting and adding need to be undone stands in their records; what waits was told by a page that had it. */
JET_ERR
ese_recovery__info_add(ese_recovery__run *run, ese_recovery__version *version)
{
    ese_recovery__version **chain;
    JET_ERR err = JET_errSuccess;

    if (!run->is_in_place || version->is_waiting ||
        (version->oper != ESE_TXN_REPLACE && version->oper != ESE_TXN_DELETE))
        return JET_errSuccess;
    if (run->entries == NULL)
        ESE_TRY(ese_alloc(ENTRY_BUCKETS * sizeof(ese_recovery__version *), &run->entries));
    chain = chain_of(version->db, version->objid, version->key, version->key_data);
    version->next_of_entry = *chain;
    *chain = version;
    version->is_listed = true;
out:
    return err;
}

static ese_recovery__debt **
debts_of(const ese_recovery__db *db, ese_pgno pgno)
{
    return &db->run->debts[(pgno * 2654435761u + db->dbid) >> 8 & (DEBT_BUCKETS - 1)];
}

static void
unlink_debt(const ese_recovery__debt *debt)
{
    ese_recovery__debt **at = debts_of(debt->version->db, debt->pgno);

    while (*at != debt)
        at = &(*at)->next;
    *at = debt->next;
}

void
ese_recovery__info_drop(ese_recovery__run *run, ese_recovery__version *version)
{
    ese_recovery__version **at;

    (void)run;
    if (!version->is_listed)
        return;
    at = chain_of(version->db, version->objid, version->key, version->key_data);
    while (*at != version)
        at = &(*at)->next_of_entry;
    *at = version->next_of_entry;
    for (; version->debts != NULL; version->debts = version->debts->next_of_version)
        unlink_debt(version->debts);
    version->is_listed = false;
}

/* ---- what a page holds */

typedef JET_ERR (*visitor)(ese_recovery__db *db, const ese_page *page,
                           ese_recovery__version *version);

static JET_ERR
visit_line(ese_recovery__db *db, const ese_page *page, unsigned line, visitor visit)
{
    ese_page_node node = ese_page_line(page, line);
    bool is_unique = (ese_page_flags(page) & ESE_PAGE_NON_UNIQUE) == 0;
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_bytes key = {room, ese_page_node_copy_key(&node, room, sizeof room)};
    ese_bytes data = is_unique ? (ese_bytes){NULL, 0} : node.data;
    uint32_t objid = ese_page_objid(page);
    ese_recovery__version *version = *chain_of(db, objid, key, data);
    JET_ERR err = JET_errSuccess;

    for (; version != NULL; version = version->next_of_entry) {
        if (!version->has_info && is_of(version, db, objid, key, data))
            ESE_TRY(visit(db, page, version));
    }
out:
    return err;
}

/* Calls `visit` for the open changes on the page that the log cannot take back without its help. */
static JET_ERR
visit_page(ese_recovery__db *db, const ese_page *page, visitor visit)
{
    unsigned n = ese_page_line_count(page);
    JET_ERR err = JET_errSuccess;

    if (db->run->entries == NULL || (ese_page_flags(page) & ESE_PAGE_LEAF) == 0)
        return JET_errSuccess;
    for (unsigned i = 0; i < n; i++) {
        if ((ese_page_line_flags(page, i) & ESE_PAGE_NODE_VERSION) != 0)
            ESE_TRY(visit_line(db, page, i, visit));
    }
out:
    return err;
}

/* ---- pages whose lines move */

static JET_ERR
add_debt(ese_recovery__db *db, const ese_page *page, ese_recovery__version *version)
{
    ese_recovery__debt *debt = NULL;
    ese_recovery__debt **chain;
    JET_ERR err = JET_errSuccess;

    if (db->run->debts == NULL)
        ESE_TRY(ese_alloc(DEBT_BUCKETS * sizeof(ese_recovery__debt *), &db->run->debts));
    ESE_TRY(ese_arena_alloc(&version->session->memory, sizeof *debt, &debt));
    chain = debts_of(db, page->pgno);
    *debt = (ese_recovery__debt){*chain, version->debts, version, page->pgno};
    *chain = debt;
    version->debts = debt;
out:
    return err;
}

JET_ERR
ese_recovery__lines_move(ese_recovery__db *db, const ese_page *page)
{
    return db->run->is_in_place ? visit_page(db, page, add_debt) : JET_errSuccess;
}

/* ---- before a page is written */

static JET_ERR
log_undo_info(ese_recovery__db *db, const ese_page *page, ese_recovery__version *version)
{
    ese_recovery__run *run = db->run;
    const ese_log_undo_info info = {
        .procid = version->session->procid,
        .level = version->level,
        .oper = version->oper,
        .is_unique = version->is_unique,
        .trx_begin = version->session->trx,
        .rceid = version->rceid,
        .pgno = page->pgno,
        .root = version->root,
        .objid = version->objid,
        .key = version->key,
        .key_data = version->key_data,
        .before = version->oper == ESE_TXN_REPLACE ? version->before : (ese_bytes){NULL, 0},
    };
    JET_ERR err;

    ESE_TRY(ese_recovery__need_stream(run));
    ESE_TRY(ese_log_write_undo_info(&db->log, &info, &run->undo_end));
    version->has_info = true;
out:
    return err;
}

static JET_ERR
pay_debts(ese_recovery__db *db, const ese_page *page)
{
    ese_recovery__debt *debt = db->run->debts == NULL ? NULL : *debts_of(db, page->pgno);
    JET_ERR err = JET_errSuccess;

    for (; debt != NULL; debt = debt->next) {
        if (debt->pgno == page->pgno && debt->version->db == db && !debt->version->has_info)
            ESE_TRY(log_undo_info(db, page, debt->version));
    }
out:
    return err;
}

JET_ERR
ese_recovery__prepare_page(ese_recovery__db *db, const ese_page *page)
{
    JET_ERR err;

    ESE_TRY(visit_page(db, page, log_undo_info));
    ESE_TRY(pay_debts(db, page));
out:
    return err;
}

JET_ERR
ese_recovery__guard_page(ese_recovery__db *db, const ese_page *page, uint64_t lgpos)
{
    ese_recovery__run *run = db->run;
    JET_ERR err;

    ESE_TRY(ese_recovery__prepare_page(db, page));
    if (run->stream != NULL)
        ESE_TRY(ese_log_stream_wait(run->stream, lgpos > run->undo_end ? lgpos : run->undo_end));
out:
    return err;
}
