/*
 * The separated values of a temporary table: in memory as long as there is room, from then on in a tree of the temporary database. Its entries are a root by number, with
 * the size, and behind it the pieces, by number and place.
 */
#include "table/table_temp_private.h"

enum {
    VALUES_MIN = 16,
    ROOT_KEY_SIZE = 8,
    PIECE_KEY_SIZE = 12,
    ROOT_SIZE = 4,
    PIECE = ESE_TABLE__TEMP_PAGE_SIZE / 2 - 100, /* bytes; two of them make a page */
};

/* ---- in the tree */

static ese_bytes
root_key(uint64_t number, uint8_t room[PIECE_KEY_SIZE])
{
    ese_store_be64(room, number);
    return (ese_bytes){room, ROOT_KEY_SIZE};
}

static ese_bytes
piece_key(uint64_t number, uint32_t piece, uint8_t room[PIECE_KEY_SIZE])
{
    ese_store_be64(room, number);
    ese_store_be32(room + ROOT_KEY_SIZE, piece);
    return (ese_bytes){room, PIECE_KEY_SIZE};
}

static JET_ERR
insert(ese_table__temp *temp, ese_bytes key, ese_bytes data)
{
    return ese_btree_insert(&temp->session, &temp->longs.tree, key, data, ESE_BTREE_UNVERSIONED);
}

/* Stands on the entry of the key, which must be there. */
static JET_ERR
look_up(ese_table__longs *longs, ese_bytes key)
{
    bool found = false;
    int order = 1;
    JET_ERR err = ese_btree_seek(&longs->look, key, (ese_bytes){0}, ESE_BTREE_GE, &found, &order);

    if (err >= JET_errSuccess && (!found || order != 0))
        err = ese_raise(JET_errRecordDeleted, "the row of a long value was deleted");
    return err;
}

/* Pieces first: who finds a root finds all of them. */
static JET_ERR
put_in_tree(ese_table__temp *temp, uint64_t number, ese_bytes value)
{
    uint8_t key[PIECE_KEY_SIZE], size[ROOT_SIZE];
    uint32_t piece = 0;
    JET_ERR err;

    for (size_t at = 0; at < value.size; at += PIECE, piece++) {
        size_t n = value.size - at < PIECE ? value.size - at : PIECE;

        ESE_TRY(insert(temp, piece_key(number, piece, key), (ese_bytes){value.data + at, n}));
    }
    ese_store_le32(size, (uint32_t)value.size);
    ESE_TRY(insert(temp, root_key(number, key), (ese_bytes){size, sizeof size}));
out:
    while (err < JET_errSuccess && piece-- > 0)
        (void)ese_btree_delete(&temp->session, &temp->longs.tree, piece_key(number, piece, key),
                               (ese_bytes){0}, ESE_BTREE_UNVERSIONED);
    return err;
}

static JET_ERR
size_in_tree(ese_table__longs *longs, uint64_t number, uint32_t *size_out)
{
    uint8_t key[PIECE_KEY_SIZE];
    JET_ERR err;

    ESE_TRY(look_up(longs, root_key(number, key)));
    if (longs->look.node.data.size != ROOT_SIZE)
        ESE_TRY(ese_raise(JET_errReadVerifyFailure, "a long value is not as it was"));
    *size_out = ese_load_le32(longs->look.node.data.data);
out:
    return err;
}

static JET_ERR
copy_from_tree(ese_table__longs *longs, uint64_t number, uint32_t offset, uint8_t *to, uint32_t n)
{
    JET_ERR err = JET_errSuccess;

    while (n != 0) {
        uint8_t key[PIECE_KEY_SIZE];
        uint32_t skip = offset % PIECE;
        ese_bytes piece;
        uint32_t part;

        ESE_TRY(look_up(longs, piece_key(number, offset / PIECE, key)));
        piece = longs->look.node.data;
        if (piece.size <= skip)
            ESE_TRY(ese_raise(JET_errReadVerifyFailure, "a long value is not as it was"));
        part = piece.size - skip < n ? (uint32_t)(piece.size - skip) : n;
        memcpy(to, piece.data + skip, part);
        to += part;
        offset += part;
        n -= part;
    }
out:
    return err;
}

/* What cannot be deleted stays until the tree goes. */
static void
drop_from_tree(ese_table__temp *temp, uint64_t number)
{
    ese_table__longs *longs = &temp->longs;
    uint8_t key[PIECE_KEY_SIZE];
    uint32_t size = 0;
    JET_ERR err;

    ESE_TRY(size_in_tree(longs, number, &size));
    ese_btree_cursor_reset(&longs->look);
    ESE_TRY(ese_btree_delete(&temp->session, &longs->tree, root_key(number, key), (ese_bytes){0},
                             ESE_BTREE_UNVERSIONED));
    for (uint32_t at = 0, piece = 0; at < size; at += PIECE, piece++)
        ESE_TRY(ese_btree_delete(&temp->session, &longs->tree, piece_key(number, piece, key),
                                 (ese_bytes){0}, ESE_BTREE_UNVERSIONED));
out:
    ese_btree_cursor_reset(&longs->look);
}

/* ---- in memory */

static JET_ERR
reserve(ese_table__longs *longs)
{
    size_t capacity = longs->capacity == 0 ? VALUES_MIN : longs->capacity * 2;
    JET_ERR err;

    if (longs->last < longs->capacity)
        return JET_errSuccess;
    err = ese_realloc(capacity * sizeof *longs->values, &longs->values);
    if (err < JET_errSuccess)
        return err;
    longs->n_bytes += (capacity - longs->capacity) * sizeof *longs->values;
    longs->capacity = capacity;
    return err;
}

static JET_ERR
put_in_memory(ese_table__longs *longs, ese_bytes value)
{
    ese_table__long copy = {NULL, value.size};
    JET_ERR err;

    ESE_TRY(reserve(longs));
    ESE_TRY(ese_alloc_copy(value.data, value.size, &copy.data));
    longs->values[longs->last] = copy;
    longs->n_bytes += value.size;
out:
    return err;
}

static void
drop_from_memory(ese_table__longs *longs, uint64_t number)
{
    ese_table__long *value = &longs->values[number - 1];

    if (value->data == NULL)
        return;
    longs->n_bytes -= value->size;
    ese_free(&value->data);
}

static void
free_values(ese_table__longs *longs)
{
    for (uint64_t i = 0; longs->values != NULL && i < longs->last; i++)
        ese_free(&longs->values[i].data);
    ese_free(&longs->values);
    longs->capacity = 0;
    longs->n_bytes = 0;
}

/* All values go to a tree, or stay where they are. */
static JET_ERR
move_to_tree(ese_table__temp *temp)
{
    ese_table__longs *longs = &temp->longs;
    JET_ERR err;

    ESE_TRY(ese_table__temp_make_tree(temp, &longs->tree));
    for (uint64_t i = 0; i < longs->last; i++) {
        const ese_table__long *value = &longs->values[i];

        if (value->data != NULL)
            ESE_TRY(put_in_tree(temp, i + 1, (ese_bytes){value->data, value->size}));
    }
    free_values(longs);
    ese_btree_cursor_init(&longs->look, &longs->tree, NULL);
    longs->is_in_tree = true;
out:
    if (err < JET_errSuccess)
        ese_table__temp_drop_tree(temp, &longs->tree);
    return err;
}

/* ---- */

JET_ERR
ese_table__longs_put(ese_table__temp *temp, ese_bytes value, uint64_t *number_out)
{
    ese_table__longs *longs = &temp->longs;
    JET_ERR err;

    if (!longs->is_in_tree && longs->n_bytes + value.size > temp->bytes_max)
        ESE_TRY(move_to_tree(temp));
    ESE_TRY(longs->is_in_tree ? put_in_tree(temp, longs->last + 1, value)
                              : put_in_memory(longs, value));
    *number_out = ++longs->last;
out:
    return err;
}

JET_ERR
ese_table__longs_read(ese_table__temp *temp, uint64_t number, uint32_t offset, uint8_t *to,
                      uint32_t room, uint32_t *left_out)
{
    ese_table__longs *longs = &temp->longs;
    const ese_table__long *value = NULL;
    uint32_t size = 0, left, n;
    JET_ERR err = JET_errSuccess;

    if (number == 0 || number > longs->last)
        ESE_TRY(ese_raise(JET_errReadVerifyFailure, "there is no such long value"));
    if (longs->is_in_tree) {
        ESE_TRY(size_in_tree(longs, number, &size));
    } else {
        value = &longs->values[number - 1];
        size = (uint32_t)value->size;
        if (value->data == NULL)
            ESE_TRY(ese_raise(JET_errRecordDeleted, "the row of a long value was deleted"));
    }
    left = offset < size ? size - offset : 0;
    n = to == NULL ? 0 : left < room ? left : room;
    if (longs->is_in_tree)
        ESE_TRY(copy_from_tree(longs, number, offset, to, n));
    else if (n != 0 && value != NULL)
        memcpy(to, value->data + offset, n);
    *left_out = left;
out:
    if (longs->is_in_tree)
        ese_btree_cursor_reset(&longs->look);
    return err;
}

void
ese_table__longs_drop(ese_table__temp *temp, uint64_t number)
{
    if (number == 0 || number > temp->longs.last)
        return;
    if (temp->longs.is_in_tree)
        drop_from_tree(temp, number);
    else if (temp->longs.values != NULL)
        drop_from_memory(&temp->longs, number);
}

void
ese_table__longs_destroy(ese_table__temp *temp)
{
    ese_table__longs *longs = &temp->longs;

    free_values(longs);
    ese_table__temp_drop_tree(temp, &longs->tree);
    *longs = (ese_table__longs){0};
}
