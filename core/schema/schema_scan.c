/* Walks over the rows of the catalog, in the order of its primary key (ObjidTable, Type, Id). */
#include "schema/schema_private.h"

void
ese_schema__scan_start(ese_schema__scan *scan, const ese_schema *schema, uint32_t objid)
{
    ese_btree_cursor_init(&scan->cursor, &schema->catalog);
    scan->prefix[0] = 0x7f;
    ese_store_be32(scan->prefix + 1, objid ^ 0x80000000u);
    scan->page_size = ese_cache_page_size(schema->file);
    scan->started = false;
}

JET_ERR
ese_schema__scan_next(ese_schema__scan *scan, bool *found_out, ese_schema__row *row_out)
{
    ese_bytes prefix = {scan->prefix, sizeof scan->prefix};
    uint8_t key[sizeof scan->prefix];
    bool found = false;
    int order;
    JET_ERR err;

    if (scan->started)
        ESE_TRY(ese_btree_next(&scan->cursor, &found));
    else
        ESE_TRY(
            ese_btree_seek(&scan->cursor, prefix, (ese_bytes){0}, ESE_BTREE_GE, &found, &order));
    scan->started = true;
    if (found) {
        size_t size = ese_page_node_copy_key(&scan->cursor.node, key, sizeof key);

        found = size >= sizeof key && memcmp(key, scan->prefix, sizeof key) == 0;
    }
    if (found)
        ESE_TRY(ese_schema__row_decode(scan->cursor.node.data, scan->page_size, row_out));
    *found_out = found;
out:
    return err;
}

void
ese_schema__scan_end(ese_schema__scan *scan)
{
    ese_btree_cursor_reset(&scan->cursor);
}
