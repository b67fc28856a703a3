/* One long value in the tree: its root and its chunks. */
#include "table/table_update_lv.h"

#include "table/table_update_db.h"

enum { ROOT_SIZE = 8, REFERENCE_SIZE = 4, IDS_TRIED_MAX = 64 };

static JET_ERR
tree_of(ese_table_cursor *cursor, const ese_btree **tree_out)
{
    JET_ERR err = ese_table__lv_tree(cursor, tree_out);

    if (err >= JET_errSuccess && *tree_out == NULL)
        err = ese_raise(JET_errDatabaseCorrupted, "table '%s' has no long values",
                        cursor->table->name);
    return err;
}

static void
encode_root(uint32_t refcount, uint32_t size, uint8_t root[ROOT_SIZE])
{
    ese_store_le32(root, refcount);
    ese_store_le32(root + 4, size);
}

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- making one */

/* Somebody may have taken an id that the tree did not show: the next one is free. */
static JET_ERR
insert_root(ese_table_cursor *cursor, const ese_btree *tree, uint32_t size, uint32_t *lid_out)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX], root[ROOT_SIZE];
    JET_ERR err = JET_errKeyDuplicate;
    uint32_t lid = 0;

    encode_root(1, size, root);
    for (unsigned i = 0; i < IDS_TRIED_MAX && err == JET_errKeyDuplicate; i++) {
        ESE_TRY(ese_table__next_long_id(cursor, tree, &lid));
        err = ese_btree_insert(cursor->session, tree,
                               (ese_bytes){key, ese_record_lv_root_key(lid, key)},
                               (ese_bytes){root, sizeof root}, ESE_BTREE_VERSIONED);
    }
    if (err >= JET_errSuccess)
        *lid_out = lid;
out:
    return err;
}

JET_ERR
ese_table__lv_create(ese_table_cursor *cursor, uint32_t size, bool is_compressed,
                     ese_table__item *item_out)
{
    ese_table__update *update = cursor->update;
    const ese_btree *tree = NULL;
    ese_table__item item = {0};
    uint32_t lid = 0;
    JET_ERR err;

    ESE_TRY(ese_table__item_reserve(update, &item, REFERENCE_SIZE));
    ESE_TRY(tree_of(cursor, &tree));
    ESE_TRY(insert_root(cursor, tree, size, &lid));
    ese_store_le32(item.data, lid);
    item.size = REFERENCE_SIZE;
    item.form = ESE_RECORD_SEPARATED;
    item.is_own = true;
    update->has_own = true;
    item.is_compressed = is_compressed;
    item.root_size = size;
    item.stamp = cursor->session->clock;
    *item_out = item;
out:
    return err;
}

/* ---- chunks */

JET_ERR
ese_table__lv_compress(ese_table_cursor *cursor, ese_bytes value, ese_bytes *packed_out)
{
    const ese_record_compress_rule rule = {cursor->page_size, ESE_RECORD_MIN_FOR_XPRESS};
    ese_table__update *update = cursor->update;
    ese_growbuf *packed = &update->packed;
    JET_ERR err = JET_errSuccess;

    *packed_out = (ese_bytes){0};
    if (value.size == 0 || value.size > cursor->page_size)
        return err;
    if (update->compressor == NULL)
        ESE_TRY(ese_alloc(sizeof *update->compressor, &update->compressor));
    ESE_TRY(ese_growbuf_reserve(packed, ese_record_compress_room(value.size)));
    packed_out->size = ese_record_compress(value, &rule, update->compressor, packed->data);
    packed_out->data = packed->data;
out:
    return err;
}

/* A chunk whose bytes are as they are stored. Where there should be none, one may be left of a longer value. */
static JET_ERR
store_chunk(ese_table_cursor *cursor, ese_bytes key, ese_bytes stored, bool exists)
{
    const ese_btree *tree = NULL;
    JET_ERR err;

    ESE_TRY(tree_of(cursor, &tree));
    if (!exists) {
        err = ese_btree_insert(cursor->session, tree, key, stored, ESE_BTREE_UNVERSIONED);
        if (err != JET_errKeyDuplicate)
            goto out;
    }
    ESE_TRY(ese_btree_replace(cursor->session, tree, key, stored, ESE_BTREE_UNVERSIONED));
out:
    return err;
}

static JET_ERR
write_chunk(ese_table_cursor *cursor, const ese_table__item *item, uint32_t start, ese_bytes bytes,
            bool exists)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    uint32_t lid = ese_load_le32(item->data);
    ese_bytes packed = {0};
    JET_ERR err = JET_errSuccess;

    if (item->is_compressed)
        ESE_TRY(ese_table__lv_compress(cursor, bytes, &packed));
    ESE_TRY(store_chunk(cursor, (ese_bytes){key, ese_record_lv_chunk_key(lid, start, key)},
                        packed.size != 0 ? packed : bytes, exists));
out:
    return err;
}

/* A write to a value: what is put where, and how long it was and will be. */
typedef struct chunk_write {
    ese_table__item *item;
    uint32_t chunk_size;
    uint32_t offset, end;
    uint32_t old_size, new_size;
    const uint8_t *data; /* NULL: zeros */
} chunk_write;

/* The chunk that was there, uncompressed in update->chunk; nothing is pinned afterwards, so that its page can change in place. */
static JET_ERR
load_chunk(ese_table_cursor *cursor, const chunk_write *write, uint32_t start, uint32_t size)
{
    ese_growbuf *chunk = &((ese_table__update *)cursor->update)->chunk;
    ese_bytes bytes = {0};
    JET_ERR err;

    ese_growbuf_clear(chunk);
    ESE_TRY(ese_table__read_chunk(cursor, ese_load_le32(write->item->data), start, size, &bytes));
    ESE_TRY(ese_growbuf_append(chunk, bytes.data, bytes.size));
out:
    ese_btree_cursor_reset(&cursor->long_value);
    return err;
}

/* What the chunk at `start` will hold: the bytes of the caller themselves, where they are the whole chunk. */
static JET_ERR
compose_chunk(ese_table_cursor *cursor, const chunk_write *write, uint32_t start,
              ese_bytes *bytes_out)
{
    ese_growbuf *chunk = &((ese_table__update *)cursor->update)->chunk;
    uint32_t size = least(write->chunk_size, write->new_size - start);
    uint32_t old_size =
        start < write->old_size ? least(write->chunk_size, write->old_size - start) : 0;
    uint32_t from = write->offset > start ? write->offset - start : 0;
    uint32_t to = least(size, write->end - start);
    JET_ERR err = JET_errSuccess;

    if (from == 0 && to == size && write->data != NULL) {
        *bytes_out = (ese_bytes){write->data + (start - write->offset), size};
        return err;
    }
    ese_growbuf_clear(chunk);
    if (old_size != 0 && !(from == 0 && to >= old_size))
        ESE_TRY(load_chunk(cursor, write, start, old_size));
    ESE_TRY(ese_growbuf_reserve(chunk, size));
    if (write->data != NULL)
        memcpy(chunk->data + from, write->data + (start + from - write->offset), to - from);
    else
        memset(chunk->data + from, 0, to - from);
    *bytes_out = (ese_bytes){chunk->data, size};
out:
    return err;
}

static JET_ERR
write_at(ese_table_cursor *cursor, const chunk_write *write, uint32_t start)
{
    ese_bytes bytes = {0};
    JET_ERR err;

    ESE_TRY(compose_chunk(cursor, write, start, &bytes));
    ESE_TRY(write_chunk(cursor, write->item, start, bytes, start < write->old_size));
out:
    return err;
}

/*
 * New chunks first: until a chunk that was there changes, nothing has happened to the value. Of several of those, one may fail after another was
 * written: then the update is broken.
 */
JET_ERR
ese_table__lv_write(ese_table_cursor *cursor, ese_table__item *item, uint32_t offset,
                    ese_table__lv_bytes bytes)
{
    ese_table__update *update = cursor->update;
    chunk_write write = {
        .item = item,
        .chunk_size = cursor->table->lv_chunk,
        .offset = offset,
        .end = offset + bytes.size,
        .old_size = item->long_size,
        .data = bytes.data,
    };
    uint32_t first = offset - offset % write.chunk_size;
    bool is_changed = false;
    JET_ERR err = JET_errSuccess;

    if (bytes.size == 0)
        return err;
    write.new_size = write.end > write.old_size ? write.end : write.old_size;
    for (uint64_t start = first; start < write.end; start += write.chunk_size) {
        if (start >= write.old_size)
            ESE_TRY(write_at(cursor, &write, (uint32_t)start));
    }
    for (uint64_t start = first; start < write.end && start < write.old_size;
         start += write.chunk_size) {
        ESE_TRY(write_at(cursor, &write, (uint32_t)start));
        is_changed = true;
    }
    item->long_size = write.new_size;
out:
    if (err < JET_errSuccess && is_changed)
        update->broken = err;
    return err;
}

/* Chunks behind the end are no part of the value: what cannot be removed now goes with its root. */
static void
remove_chunks(ese_table_cursor *cursor, const ese_table__item *item, uint32_t from, uint32_t end)
{
    uint32_t chunk_size = cursor->table->lv_chunk;
    uint32_t rest = from % chunk_size;
    uint64_t first = rest == 0 ? from : (uint64_t)from + chunk_size - rest;
    const ese_btree *tree = NULL;
    JET_ERR err = tree_of(cursor, &tree);

    for (uint64_t start = first; err >= JET_errSuccess && start < end; start += chunk_size) {
        uint8_t key[ESE_RECORD_LV_KEY_MAX];
        size_t size = ese_record_lv_chunk_key(ese_load_le32(item->data), (uint32_t)start, key);

        err = ese_btree_delete(cursor->session, tree, (ese_bytes){key, size}, (ese_bytes){0},
                               ESE_BTREE_UNVERSIONED);
    }
}

JET_ERR
ese_table__lv_truncate(ese_table_cursor *cursor, ese_table__item *item, uint32_t size)
{
    uint32_t chunk_size = cursor->table->lv_chunk;
    uint32_t start = size - size % chunk_size;
    uint32_t old_size = item->long_size;
    chunk_write write = {.item = item, .old_size = old_size};
    ese_growbuf *chunk = &((ese_table__update *)cursor->update)->chunk;
    JET_ERR err = JET_errSuccess;

    if (size != start) {
        ESE_TRY(load_chunk(cursor, &write, start, least(chunk_size, old_size - start)));
        ESE_TRY(write_chunk(cursor, item, start, (ese_bytes){chunk->data, size - start}, true));
    }
    item->long_size = size;
    remove_chunks(cursor, item, size, old_size);
out:
    return err;
}

/* ---- copies */

static JET_ERR
read_root(ese_table_cursor *cursor, ese_bytes reference, uint64_t *lid_out,
          ese_record_lv_root *root_out)
{
    JET_ERR err = ese_record_lv_reference(reference, lid_out);

    if (err >= JET_errSuccess)
        err = ese_table__find_root(cursor, *lid_out, root_out);
    return err;
}

/* A whole chunk is copied as it is stored, a cut one is made anew. */
static JET_ERR
copy_chunk(ese_table_cursor *cursor, uint64_t lid, uint32_t start, const chunk_write *write)
{
    ese_growbuf *chunk = &((ese_table__update *)cursor->update)->chunk;
    uint32_t size = least(write->chunk_size, write->new_size - start);
    uint32_t old_size = least(write->chunk_size, write->old_size - start);
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    ese_bytes bytes = {0};
    JET_ERR err;

    ese_growbuf_clear(chunk);
    ESE_TRY(size == old_size ? ese_table__find_chunk(cursor, lid, start, &bytes)
                             : ese_table__read_chunk(cursor, lid, start, old_size, &bytes));
    ESE_TRY(ese_growbuf_append(chunk, bytes.data, bytes.size));
    ese_btree_cursor_reset(&cursor->long_value);
    if (size == old_size)
        ESE_TRY(store_chunk(
            cursor,
            (ese_bytes){key, ese_record_lv_chunk_key(ese_load_le32(write->item->data), start, key)},
            ese_growbuf_bytes(chunk), false));
    else
        ESE_TRY(write_chunk(cursor, write->item, start, (ese_bytes){chunk->data, size}, false));
out:
    return err;
}

JET_ERR
ese_table__lv_copy(ese_table_cursor *cursor, const ese_table__item *from, uint32_t most,
                   bool is_compressed, ese_table__item *item_out)
{
    ese_table__item item = {0};
    chunk_write write = {.item = &item, .chunk_size = cursor->table->lv_chunk};
    ese_record_lv_root root = {0};
    uint64_t lid = 0;
    JET_ERR err;

    ESE_TRY(read_root(cursor, (ese_bytes){from->data, from->size}, &lid, &root));
    if (root.is_encrypted)
        return ese_raise(JET_errFeatureNotAvailable, "an encrypted long value cannot be changed");
    write.old_size = root.size;
    write.new_size = least(root.size, most);
    ESE_TRY(ese_table__lv_create(cursor, write.new_size, is_compressed, &item));
    for (uint64_t start = 0; start < write.new_size; start += write.chunk_size)
        ESE_TRY(copy_chunk(cursor, lid, (uint32_t)start, &write));
    item.long_size = write.new_size;
    *item_out = item;
out:
    return err;
}

JET_ERR
ese_table__lv_size(ese_table_cursor *cursor, const ese_table__item *item, uint32_t *size_out)
{
    ese_record_lv_root root = {0};
    uint64_t lid = 0;
    JET_ERR err = JET_errSuccess;

    if (item->is_own)
        root.size = item->long_size;
    else
        err = read_root(cursor, (ese_bytes){item->data, item->size}, &lid, &root);
    if (err >= JET_errSuccess)
        *size_out = root.size;
    return err;
}

/* ---- deleting */

JET_ERR
ese_table__lv_delete(ese_table_cursor *cursor, ese_bytes reference)
{
    uint8_t key_bytes[ESE_RECORD_LV_KEY_MAX], data[ROOT_SIZE];
    const ese_btree *tree = NULL;
    ese_record_lv_root root = {0};
    ese_bytes key = {key_bytes, 0};
    uint64_t lid = 0;
    JET_ERR err;

    ESE_TRY(tree_of(cursor, &tree));
    err = read_root(cursor, reference, &lid, &root);
    ese_btree_cursor_reset(&cursor->long_value);
    if (err == JET_errDatabaseCorrupted) /* a reference to nothing: there is nothing to delete */
        return JET_errSuccess;
    ESE_TRY(err);
    key.size = ese_record_lv_root_key(lid, key_bytes);
    if (root.refcount <= 1 || root.is_encrypted)
        return ese_btree_delete(cursor->session, tree, key, (ese_bytes){0}, ESE_BTREE_VERSIONED);
    encode_root(root.refcount - 1, root.size, data);
    ESE_TRY(ese_btree_replace(cursor->session, tree, key, (ese_bytes){data, sizeof data},
                              ESE_BTREE_VERSIONED));
out:
    return err;
}

/* ---- all of an update */

static JET_ERR
flush(ese_table_cursor *cursor, ese_table__item *item)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX], root[ROOT_SIZE];
    size_t size = ese_record_lv_root_key(ese_load_le32(item->data), key);
    const ese_btree *tree = NULL;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(tree_of(cursor, &tree));
    encode_root(1, item->long_size, root);
    ESE_TRY(ese_txn_statement_enter(cursor->session, &statement));
    err = ese_btree_replace(cursor->session, tree, (ese_bytes){key, size},
                            (ese_bytes){root, sizeof root}, ESE_BTREE_VERSIONED);
    ESE_TRY(ese_table__leave(cursor, &statement, err));
    item->root_size = item->long_size;
out:
    return err;
}

/* The next of the values that the update has made; begins with all zeros. */
typedef struct own_walk {
    size_t field;
    uint32_t item;
} own_walk;

static ese_table__item *
next_own(const ese_table__update *update, own_walk *walk)
{
    if (!update->has_own)
        return NULL;
    for (; walk->field < update->n_fields; walk->field++, walk->item = 0) {
        ese_table__field *field = &update->fields[walk->field];

        while (walk->item < field->n_items) {
            ese_table__item *item = &ese_table__field_items(field)[walk->item++];

            if (item->is_own)
                return item;
        }
    }
    return NULL;
}

JET_ERR
ese_table__lv_flush_all(ese_table_cursor *cursor)
{
    own_walk walk = {0};
    ese_table__item *item;
    JET_ERR err = JET_errSuccess;

    while ((item = next_own(cursor->update, &walk)) != NULL) {
        if (item->root_size != item->long_size)
            ESE_TRY(flush(cursor, item));
    }
out:
    return err;
}

void
ese_table__lv_drop_own(ese_table_cursor *cursor)
{
    own_walk walk = {0};
    const ese_table__item *item;
    ese_txn_statement statement;
    JET_ERR err;

    while ((item = next_own(cursor->update, &walk)) != NULL) {
        err = ese_txn_statement_enter(cursor->session, &statement);
        if (err < JET_errSuccess)
            continue;
        err = ese_table__lv_delete(cursor, (ese_bytes){item->data, item->size});
        ese_table__leave(cursor, &statement, err);
    }
}

bool
ese_table__lv_is_undone(const ese_table_cursor *cursor)
{
    own_walk walk = {0};
    ese_table__item *item;
    bool is_undone = false;

    while ((item = next_own(cursor->update, &walk)) != NULL) {
        item->root_size = UINT32_MAX; /* what a root says may have been undone, too */
        is_undone |= ese_txn_is_undone(cursor->session, item->stamp, cursor->session->level);
    }
    return is_undone;
}
