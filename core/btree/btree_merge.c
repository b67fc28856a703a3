/*
 * Nodes leave leaves.
 */
#include "btree/btree_private.h"

JET_ERR
ese_btree__remove(const ese_btree__writer *writer, ese_btree__spot *spot, ese_bytes key,
                  ese_bytes data)
{
    JET_ERR err = JET_errSuccess;
    const ese_page *page = &spot->page->page;
    bool is_root = (ese_page_flags(page) & ESE_PAGE_ROOT) != 0;
    ese_log_record record = ese_btree__record(writer, ESE_LOG_DELETE);

    record.u.node.line = spot->line;
    record.u.node.key = key;
    record.u.node.key_data = data;
    if (ese_page_line_count(page) == 1 && !is_root)
        record.type = ESE_LOG_FLAG_DELETE;
    err = ese_log_change_node(writer->db->log_db, writer->origin, &spot->page, &record);
    ese_cache_unlatch(&spot->page, ESE_CACHE_UNCHANGED);
    return err;
}
