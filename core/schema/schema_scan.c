/* Walks over the rows of the catalog, in the order of its primary key (ObjidTable, Type, Id). */
#include "schema/schema_private.h"

enum { DBFLAG_SHADOWING_DISABLED = 1 };

bool
ese_schema__has_shadow(const ese_schema *schema)
{
    return (schema->header.flags & DBFLAG_SHADOWING_DISABLED) == 0;
}

static void
note_gap(void *self, ese_pgno pgno, JET_ERR why, const char *text)
{
    ese_schema__source *source = self;
    const ese_btree_damage *owner = source->schema->damage;

    source->has_gap = true;
    owner->skipped(owner->self, pgno, why, text);
}

void
ese_schema__source_init(ese_schema__source *source, const ese_schema *schema,
                        const ese_txn_session *session, ese_schema__copy copy)
{
    source->schema = schema;
    source->session = session;
    source->has_gap = false;
    source->damage = (ese_btree_damage){source, note_gap};
    source->tree = copy == ESE_SCHEMA__SHADOW ? schema->shadow : schema->catalog;
    source->tree.damage = schema->damage != NULL ? &source->damage : NULL;
}

JET_ERR
ese_schema__source_tolerate(ese_schema__source *source, const ese_btree_cursor *cursor, JET_ERR err)
{
    const char *path = ese_cache_path(source->tree.file);

    if (err >= JET_errSuccess)
        return err;
    if (strstr(ese_err_text(err), path) == NULL)
        err = ese_raise(err, "%s: page %u: %s", path, (unsigned)cursor->page->page.pgno,
                        ese_err_text(err));
    if (source->schema->damage == NULL || err == JET_errOutOfMemory)
        return err;
    note_gap(source, cursor->page->page.pgno, err, ese_err_text(err));
    return JET_errSuccess;
}

void
ese_schema__scan_start(ese_schema__scan *scan, ese_schema__source *source, uint32_t objid)
{
    scan->source = source;
    ese_btree_cursor_init(&scan->cursor, &source->tree, source->session);
    scan->prefix[0] = 0x7f;
    ese_store_be32(scan->prefix + 1, objid ^ 0x80000000u);
    scan->started = false;
}

/* The next entry, if it is one of the table. */
static JET_ERR
step(ese_schema__scan *scan, bool *found_out)
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
    *found_out = found;
out:
    return err;
}

JET_ERR
ese_schema__scan_next(ese_schema__scan *scan, bool *found_out, ese_schema__row *row_out)
{
    uint32_t page_size = ese_cache_page_size(scan->source->tree.file);
    bool found = false, is_decoded = false;
    JET_ERR err;

    do {
        ESE_TRY(step(scan, &found));
        if (found) {
            err = ese_schema__row_decode(scan->cursor.node.data, page_size, row_out);
            is_decoded = err >= JET_errSuccess;
            ESE_TRY(ese_schema__source_tolerate(scan->source, &scan->cursor, err));
        }
    } while (found && !is_decoded);
    *found_out = found;
out:
    return err;
}

void
ese_schema__scan_end(ese_schema__scan *scan)
{
    ese_btree_cursor_reset(&scan->cursor);
}
