/*
 * Redo of records about one node, and the versions that undo needs of them. Recovery specification, sections 5.3 and 5.5.
 *
 * INV-1  Whether the change fits the page is checked before: what comes from a log must not be able to break a page.
 */
#include "recovery/recovery_private.h"

static const char no_fit[] = "the record does not fit what is on the page";

ese_bytes
ese_recovery__key_of(const ese_log_entry *entry)
{
    if (entry->prefix.size == 0)
        return entry->key;
    return (ese_bytes){entry->prefix.data, entry->prefix.size + entry->key.size};
}

/* ---- does it fit? */

static bool
fits_insert(const ese_page *page, const ese_log_entry *entry)
{
    ese_bytes key = ese_recovery__key_of(entry);
    ese_bytes header = ese_page_external_header(page);

    if (entry->line > ese_page_line_count(page) || key.size == 0 || key.size > ESE_PAGE_KEY_MAX ||
        entry->data.size == 0 || (ese_page_flags(page) & ESE_PAGE_LEAF) == 0)
        return false;
    if (entry->prefix.size != 0 &&
        ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0 || entry->prefix.size > header.size ||
         memcmp(header.data, entry->prefix.data, entry->prefix.size) != 0))
        return false;
    return ese_page_node_size(entry->prefix.size, key.size, entry->data.size) <=
               ese_page_free_bytes(page) &&
           ese_page_is_between(page, entry->line, key, entry->data);
}

/* Entries of a tree ordered by data, too, are not replaced; space trees of such trees are flagged so without being it. */
static bool
fits_replace(const ese_page *page, unsigned line, ese_bytes data)
{
    uint32_t flags = ese_page_flags(page);
    bool is_ordered_by_data =
        (flags & (ESE_PAGE_NON_UNIQUE | ESE_PAGE_SPACE)) == ESE_PAGE_NON_UNIQUE;

    return (flags & ESE_PAGE_LEAF) != 0 && !is_ordered_by_data && data.size != 0 &&
           ese_page_fits_replace(page, line, data.size);
}

/* The prefix of a page may become another one as long as the lines that leave it out keep their keys. */
static bool
fits_header(const ese_page *page, ese_bytes header)
{
    ese_bytes old = ese_page_external_header(page);
    size_t needed = 0;

    if (!ese_page_fits_external_header(page, header.size))
        return false;
    if ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0)
        return true;
    for (unsigned i = 0; i < ese_page_line_count(page); i++) {
        ese_page_node node = ese_page_line(page, i);

        if (node.prefix.size > needed)
            needed = node.prefix.size;
    }
    return needed == 0 || (needed <= header.size && memcmp(old.data, header.data, needed) == 0);
}

static bool
fits(const ese_page *page, const ese_log_record *record, const ese_log_entry *entry)
{
    const ese_log_node *node = &record->u.node;
    unsigned width = record->type == ESE_LOG_DELTA || node->oper == ESE_TXN_DELTA ? 4 : 8;

    if (record->type == ESE_LOG_INSERT)
        return fits_insert(page, entry);
    if (record->type == ESE_LOG_SET_EXTERNAL_HEADER)
        return fits_header(page, node->data);
    if (node->line >= ese_page_line_count(page) || (ese_page_flags(page) & ESE_PAGE_LEAF) == 0)
        return false;
    if (record->type == ESE_LOG_REPLACE || record->type == ESE_LOG_FLAG_INSERT_REPLACE ||
        (record->type == ESE_LOG_UNDO && node->oper == ESE_TXN_REPLACE))
        return fits_replace(page, node->line, node->data);
    if (record->type == ESE_LOG_DELTA || record->type == ESE_LOG_DELTA64 ||
        (record->type == ESE_LOG_UNDO && (node->oper == ESE_TXN_DELTA || node->oper == 9)))
        return ese_page_line(page, node->line).data.size >= node->offset + width;
    return true;
}

/* ---- what the record says, in the terms of core/log */

JET_ERR
ese_recovery__new_data(ese_recovery__run *run, const ese_log_entry *entry, ese_bytes old,
                       uint8_t *room, ese_bytes *data_out)
{
    size_t size = 0;
    JET_ERR err = JET_errSuccess;

    *data_out = entry->data;
    if (entry->type != ESE_LOG_REPLACE_DIFF)
        return JET_errSuccess;
    ESE_TRY(ese_log_diff_measure(entry->data, entry->u.node.is_wide_diff, old.size, &size));
    if (size > run->page_size)
        return ese_recovery__inconsistent(run, entry->pgno, no_fit);
    ESE_TRY(ese_log_diff_apply(entry->data, entry->u.node.is_wide_diff, old, room, run->page_size,
                               &size));
    *data_out = (ese_bytes){room, size};
out:
    return err;
}

static ese_log_record
record_of(const ese_log_entry *entry)
{
    ese_log_record record = {
        .type = entry->type == ESE_LOG_REPLACE_DIFF ? ESE_LOG_REPLACE : entry->type,
        .flags = entry->flags & ESE_LOG_VERSIONED,
        .root = entry->root,
        .objid = entry->objid,
    };

    record.u.node.line = entry->line;
    record.u.node.key = ese_recovery__key_of(entry);
    record.u.node.n_prefix = entry->prefix.size;
    record.u.node.data = entry->data;
    record.u.node.offset = entry->u.node.offset;
    record.u.node.delta =
        entry->type == ESE_LOG_DELTA64 ? entry->u.node.delta64 : entry->u.node.delta;
    record.u.node.oper = (uint8_t)entry->oper;
    return record;
}

/* ---- versions */

/* The bookmark of a node that is on a page, its key put together in `room`. */
static void
bookmark_of(const ese_log_entry *entry, const ese_page_node *node, uint8_t *room,
            ese_recovery__version *change)
{
    change->key = (ese_bytes){room, ese_page_node_copy_key(node, room, ESE_PAGE_KEY_MAX)};
    if ((entry->flags & ESE_LOG_UNIQUE) == 0)
        change->key_data = node->data;
}

static void
bookmark_of_record(const ese_log_entry *entry, ese_recovery__version *change)
{
    change->key = ese_recovery__key_of(entry);
    if ((entry->flags & ESE_LOG_UNIQUE) == 0)
        change->key_data = entry->type == ESE_LOG_DELTA || entry->type == ESE_LOG_DELTA64
                               ? entry->key_data
                               : entry->data;
}

static JET_ERR
add_replacement(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
                const ese_page_node *node, uint32_t rceid)
{
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_recovery__version change = {
        .oper = ESE_TXN_REPLACE, .rceid = rceid, .is_waiting = node == NULL};

    if (node != NULL) {
        bookmark_of(entry, node, room, &change);
        change.before = node->data;
    }
    return ese_recovery__add_version(run, db, entry, &change);
}

JET_ERR
ese_recovery__node_versions(ese_recovery__run *run, ese_recovery__db *db,
                            const ese_log_entry *entry, const ese_page_node *node)
{
    uint8_t room[ESE_PAGE_KEY_MAX];
    ese_recovery__version change = {.rceid = entry->rceid};
    JET_ERR err = JET_errSuccess;

    if ((entry->flags & ESE_LOG_VERSIONED) == 0)
        return JET_errSuccess;
    switch (entry->type) {
    case ESE_LOG_INSERT:
    case ESE_LOG_FLAG_INSERT:
    case ESE_LOG_FLAG_INSERT_REPLACE:
        change.oper = ESE_TXN_INSERT;
        bookmark_of_record(entry, &change);
        ESE_TRY(ese_recovery__add_version(run, db, entry, &change));
        if (entry->type == ESE_LOG_FLAG_INSERT_REPLACE)
            err = add_replacement(run, db, entry, node, entry->u.node.rceid_replace);
        break;
    case ESE_LOG_DELTA:
    case ESE_LOG_DELTA64:
        change.oper = entry->type == ESE_LOG_DELTA ? ESE_TXN_DELTA : 9;
        change.offset = entry->u.node.offset;
        change.delta = entry->type == ESE_LOG_DELTA ? entry->u.node.delta : entry->u.node.delta64;
        bookmark_of_record(entry, &change);
        err = ese_recovery__add_version(run, db, entry, &change);
        break;
    case ESE_LOG_FLAG_DELETE:
        change.oper = ESE_TXN_DELETE;
        change.is_waiting = node == NULL;
        if (node != NULL)
            bookmark_of(entry, node, room, &change);
        err = ese_recovery__add_version(run, db, entry, &change);
        break;
    case ESE_LOG_REPLACE:
    case ESE_LOG_REPLACE_DIFF: err = add_replacement(run, db, entry, node, entry->rceid); break;
    default: break;
    }
out:
    return err;
}

/* ---- redo */

/* What a record of undo takes back. */
static JET_ERR
complete_undo(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
              ese_log_record *record)
{
    const ese_recovery__version *version = ese_recovery__find_version(run, db, entry->rceid);
    bool needs_version =
        entry->oper == ESE_TXN_REPLACE || entry->oper == ESE_TXN_DELTA || entry->oper == 9;

    if (entry->oper != ESE_TXN_INSERT && entry->oper != ESE_TXN_DELETE && !needs_version)
        return ese_recovery__inconsistent(run, entry->pgno, "the undo of an unknown operation");
    if (!needs_version)
        return JET_errSuccess;
    if (version == NULL || version->is_waiting || version->oper != entry->oper)
        return ese_recovery__inconsistent(run, entry->pgno,
                                          "the undo of a change that the log does not tell of");
    record->u.node.data = version->before;
    record->u.node.offset = version->offset;
    record->u.node.delta = version->delta;
    return JET_errSuccess;
}

static bool
has_node(ese_log_type type)
{
    return type != ESE_LOG_INSERT && type != ESE_LOG_SET_EXTERNAL_HEADER;
}

static JET_ERR
change_page(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
            ese_cache_page *page)
{
    ese_page_mut bytes = ese_recovery__page_bytes(page);
    ese_log_record record = record_of(entry);
    ese_page_node node = {0};
    JET_ERR err = JET_errSuccess;

    if (has_node(entry->type)) {
        if (entry->line >= ese_page_line_count(&page->page))
            return ese_recovery__inconsistent(run, entry->pgno, "there is no such line");
        node = ese_page_line(&page->page, entry->line);
    }
    if (record.type == ESE_LOG_REPLACE) {
        if (node.data.size != entry->u.node.old_size)
            return ese_recovery__inconsistent(run, entry->pgno, "the old data has another size");
        ESE_TRY(
            ese_recovery__new_data(run, entry, node.data, run->scratch[0], &record.u.node.data));
    }
    if (entry->type == ESE_LOG_UNDO)
        ESE_TRY(complete_undo(run, db, entry, &record));
    if (!fits(&page->page, &record, entry))
        return ese_recovery__inconsistent(run, entry->pgno, no_fit);
    ESE_TRY(ese_recovery__node_versions(run, db, entry, has_node(entry->type) ? &node : NULL));
    ese_log_apply_node(&bytes, &record);
out:
    return err;
}

JET_ERR
ese_recovery__redo_node(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    const ese_recovery__stamp stamp = {entry->pgno, entry->dbtime_before, entry->dbtime,
                                       entry->objid};
    const ese_recovery__session *session = ese_recovery__session_of(run, entry->procid);
    ese_recovery__version *version;
    ese_cache_page *page = NULL;
    JET_ERR err;

    if (entry->dbtime_before == ESE_LOG_DBTIME_NONE)
        return ese_recovery__inconsistent(run, entry->pgno, "a node of a page that is new");
    ESE_TRY(ese_recovery__page_open(run, db, &stamp, &page));
    if (page == NULL) {
        ESE_TRY(ese_recovery__node_versions(run, db, entry, NULL));
    } else {
        ESE_TRY(change_page(run, db, entry, page));
        ese_recovery__page_close(run, &stamp, session == NULL ? 0 : session->lgpos_begin, &page);
    }
    version =
        entry->type == ESE_LOG_UNDO ? ese_recovery__find_version(run, db, entry->rceid) : NULL;
    if (version != NULL)
        ese_recovery__drop_version(run, version);
out:
    ese_cache_unlatch(&page, ESE_CACHE_UNCHANGED);
    return err;
}
