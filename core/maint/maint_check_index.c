/*
 * Indexes against records. One pass over the table makes the entries every record must have and adds them up per index; the entries that
 * the trees hold have been added up while they were walked. Only where the sums differ a second pass names the differences.
 *
 * The keys of an index made with other sort tables cannot be made here; of such an index is compared which records have an entry.
 */
#include "maint/maint_private.h"

#include "base/growbuf.h"

#include <stdlib.h>

enum {
    KEYS_BYTES_MAX = 64 * 1024 * 1024, /* of one record in one index */
    DIFFERENCES_MAX = 20,
    PROGRESS_STEP = 1024,
};

/* The distinct keys of one record in one index. */
typedef struct key_list {
    ese_growbuf bytes;
    ese_growbuf
        keys; /* ese_bytes; while they are collected, `data` is NULL and they follow each other */
} key_list;

typedef struct compared {
    ese_schema_index index; /* a copy that makes keys in any case */
    uint32_t number;        /* of its tree */
    bool is_comparable;
    ese_maint__sum made;
} compared;

typedef struct comparison {
    ese_maint__check *check;
    uint32_t table;
    ese_txn_session session;
    ese_table_cursor *cursor;
    ese_schema_table *descriptor;
    key_list list;
    compared *indexes;
    unsigned n_indexes;
    unsigned n_told;
} comparison;

/* ---- Keys of a record ---- */

static JET_ERR
collect_key(void *self, ese_bytes key)
{
    key_list *list = self;
    ese_bytes place = {NULL, key.size};
    JET_ERR err;

    if (list->bytes.size + key.size > KEYS_BYTES_MAX)
        return ese_raise(JET_errDatabaseCorrupted, "a record has too many index entries");
    ESE_TRY(ese_growbuf_append(&list->bytes, key.data, key.size));
    ESE_TRY(ese_growbuf_append(&list->keys, &place, sizeof place));
out:
    return err;
}

static int
compare_keys(const void *a, const void *b)
{
    return ese_bytes_compare(*(const ese_bytes *)a, *(const ese_bytes *)b);
}

/* An entry stands in an index once, however many values of the record give it. */
static size_t
drop_repeated(ese_bytes *keys, size_t n)
{
    size_t kept = n == 0 ? 0 : 1;

    for (size_t i = 1; i < n; i++) {
        if (ese_bytes_compare(keys[i], keys[kept - 1]) != 0)
            keys[kept++] = keys[i];
    }
    return kept;
}

/* Ascending keys of the current record; borrowed until the next call. */
static JET_ERR
make_keys(comparison *comparing, const ese_schema_index *index, const ese_bytes **keys_out,
          size_t *n_out)
{
    key_list *list = &comparing->list;
    ese_table_entries_ops ops = {list, collect_key};
    ese_bytes *keys;
    size_t n, at = 0;
    JET_ERR err;

    ese_growbuf_clear(&list->bytes);
    ese_growbuf_clear(&list->keys);
    ESE_TRY(ese_table_entries(comparing->cursor, index, &ops));
    keys = (ese_bytes *)(void *)list->keys.data;
    n = list->keys.size / sizeof *keys;
    for (size_t i = 0; i < n; at += keys[i].size, i++)
        keys[i].data = list->bytes.data + at;
    if (n > 1) {
        qsort(keys, n, sizeof *keys, compare_keys);
        n = drop_repeated(keys, n);
    }
    *keys_out = keys;
    *n_out = n;
out:
    return err;
}

/* ---- The pass over the records ---- */

static void
complain(comparison *comparing, uint32_t number, JET_ERR err, const char *what, ese_bytes bookmark)
{
    ese_maint__check *check = comparing->check;
    const ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_maint__place place = {tree->role == ESE_MAINT__INDEX ? ESE_MAINT_INDEX : ESE_MAINT_RECORD,
                              0, tree};
    char text[2 * 40 + 1];
    size_t shown = bookmark.size < 40 ? bookmark.size : 40;

    if (++comparing->n_told > DIFFERENCES_MAX)
        return;
    for (size_t i = 0; i < shown; i++) {
        static const char digits[] = "0123456789abcdef";

        text[2 * i] = digits[bookmark.data[i] >> 4];
        text[2 * i + 1] = digits[bookmark.data[i] & 15];
    }
    text[2 * shown] = '\0';
    ese_maint__found(check, &place, err, "the record with bookmark %s%s: %s", text,
                     shown < bookmark.size ? "…" : "", what);
}

static JET_ERR
check_primary_key(comparison *comparing, ese_bytes bookmark)
{
    const ese_schema_index *primary = comparing->descriptor->primary;
    const ese_bytes *keys;
    size_t n;
    JET_ERR err;

    if (primary == NULL || !primary->is_key_known)
        return JET_errSuccess;
    err = make_keys(comparing, primary, &keys, &n);
    if (err < JET_errSuccess) {
        if (!ese_maint__is_damage(err))
            return err;
        complain(comparing, comparing->table, err, ese_err_text(err), bookmark);
    } else if (n != 1 || ese_bytes_compare(keys[0], bookmark) != 0) {
        complain(comparing, comparing->table, JET_errPrimaryIndexCorrupted,
                 "its key is not what its columns give", bookmark);
    }
    return JET_errSuccess;
}

static JET_ERR
add_entries(comparison *comparing, compared *index, ese_bytes bookmark)
{
    const ese_maint__tree *tree = ese_maint__tree_at(comparing->check, index->number);
    const ese_bytes *keys;
    size_t n;
    JET_ERR err;

    if (!index->is_comparable)
        return JET_errSuccess;
    err = make_keys(comparing, &index->index, &keys, &n);
    if (ese_maint__is_damage(err)) {
        complain(comparing, index->number, err, ese_err_text(err), bookmark);
        index->is_comparable = false;
        return JET_errSuccess;
    }
    if (err < JET_errSuccess)
        return err;
    for (size_t i = 0; i < n; i++)
        ese_maint__sum_add(&index->made,
                           tree->is_key_known ? keys[i] : (ese_bytes){keys[i].data, 0}, bookmark);
    return JET_errSuccess;
}

static JET_ERR
check_record(comparison *comparing)
{
    ese_bytes bookmark;
    JET_ERR err;

    ESE_TRY(ese_table_bookmark(comparing->cursor, &bookmark));
    ESE_TRY(check_primary_key(comparing, bookmark));
    for (unsigned i = 0; i < comparing->n_indexes; i++)
        ESE_TRY(add_entries(comparing, &comparing->indexes[i], bookmark));
out:
    return err;
}

static JET_ERR
pass_over_records(comparison *comparing, JET_ERR (*visit)(comparison *comparing))
{
    uint64_t n = 0, total = comparing->check->summary.n_records;
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_table_move_first(comparing->cursor, &found));
    while (found) {
        if (n++ % PROGRESS_STEP == 0)
            ese_maint__progress(comparing->check, "comparing indexes", n, total);
        ESE_TRY(visit(comparing));
        ESE_TRY(ese_table_move(comparing->cursor, 1, ESE_TABLE_BY_ENTRY, &found));
    }
out:
    return err;
}

/* ---- Naming the differences of one index ---- */

typedef struct search {
    compared *index;
    ese_btree_cursor entry;
} search;

static bool
is_entry(const ese_btree_cursor *cursor, ese_bytes key, ese_bytes bookmark)
{
    return ese_page_node_compare_key(&cursor->node, key) == 0 &&
           ese_bytes_compare(cursor->node.data, bookmark) == 0;
}

static JET_ERR
find_missing(comparison *comparing, search *searching)
{
    const ese_bytes *keys;
    ese_bytes bookmark;
    size_t n;
    JET_ERR err;

    ESE_TRY(make_keys(comparing, &searching->index->index, &keys, &n));
    ESE_TRY(ese_table_bookmark(comparing->cursor, &bookmark));
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        int order;

        ESE_TRY(ese_btree_seek(&searching->entry, keys[i], bookmark, ESE_BTREE_GE, &found, &order));
        if (!found || !is_entry(&searching->entry, keys[i], bookmark))
            complain(comparing, searching->index->number, JET_errSecondaryIndexCorrupted,
                     "its entry is missing", bookmark);
    }
out:
    return err;
}

static JET_ERR
find_missing_entries(comparison *comparing, search *searching)
{
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_table_move_first(comparing->cursor, &found));
    while (found && comparing->n_told < DIFFERENCES_MAX) {
        ESE_TRY(find_missing(comparing, searching));
        ESE_TRY(ese_table_move(comparing->cursor, 1, ESE_TABLE_BY_ENTRY, &found));
    }
out:
    return err;
}

static JET_ERR
check_entry(comparison *comparing, search *searching)
{
    ese_bytes bookmark = searching->entry.node.data;
    const ese_bytes *keys;
    size_t n, i = 0;
    JET_ERR err = ese_table_go_bookmark(comparing->cursor, bookmark);

    if (err == JET_errRecordDeleted || err == JET_errInvalidBookmark) {
        complain(comparing, searching->index->number, JET_errSecondaryIndexCorrupted,
                 "an entry names this record, which does not exist", bookmark);
        return JET_errSuccess;
    }
    ESE_TRY(err);
    ESE_TRY(make_keys(comparing, &searching->index->index, &keys, &n));
    while (i < n && ese_page_node_compare_key(&searching->entry.node, keys[i]) != 0)
        i++;
    if (i == n)
        complain(comparing, searching->index->number, JET_errSecondaryIndexCorrupted,
                 "an entry has a key that its columns do not give", bookmark);
out:
    return err;
}

static JET_ERR
find_wrong_entries(comparison *comparing, search *searching)
{
    bool found = false;
    JET_ERR err;

    ESE_TRY(ese_btree_first(&searching->entry, &found));
    while (found && comparing->n_told < DIFFERENCES_MAX) {
        ESE_TRY(check_entry(comparing, searching));
        ESE_TRY(ese_btree_next(&searching->entry, &found));
    }
out:
    return err;
}

static JET_ERR
name_differences(comparison *comparing, compared *index)
{
    const ese_maint__tree *tree = ese_maint__tree_at(comparing->check, index->number);
    ese_maint__place place = {ESE_MAINT_INDEX, 0, tree};
    search searching = {.index = index};
    JET_ERR err = JET_errSuccess;

    ese_maint__found(
        comparing->check, &place, JET_errSecondaryIndexCorrupted,
        "the index does not agree with the records: it holds %llu entries, %llu are expected",
        (unsigned long long)tree->stored.n, (unsigned long long)index->made.n);
    if (!tree->is_key_known)
        return JET_errSuccess;
    comparing->n_told = 0;
    ese_btree_cursor_init(&searching.entry, &tree->btree, NULL);
    ESE_TRY(find_missing_entries(comparing, &searching));
    ESE_TRY(find_wrong_entries(comparing, &searching));
out:
    ese_btree_cursor_reset(&searching.entry);
    return err;
}

/* ---- One table ---- */

static void
note_not_compared(ese_maint__check *check, uint32_t number, const char *why)
{
    ese_maint__place place = {ESE_MAINT_INDEX, 0, ese_maint__tree_at(check, number)};

    ese_maint__noted(check, &place, "not compared with the records: %s", why);
}

static void
add_index(comparison *comparing, uint32_t number)
{
    const ese_maint__tree *tree = ese_maint__tree_at(comparing->check, number);
    const ese_schema_index *index = ese_schema_find_index(comparing->descriptor, tree->index);
    compared *entry = &comparing->indexes[comparing->n_indexes];

    if (index == NULL)
        return;
    entry->index = *index;
    entry->index.is_key_known = true;
    entry->number = number;
    entry->is_comparable = tree->is_sound && (tree->is_key_known || !tree->has_many_entries);
    if (!tree->is_sound)
        note_not_compared(comparing->check, number, "the index is damaged");
    else if (!entry->is_comparable)
        note_not_compared(comparing->check, number,
                          "its keys were made by a sort version that is not known here");
    comparing->n_indexes++;
}

/* The indexes of a table stand right behind it among the trees. */
static JET_ERR
open_table(comparison *comparing)
{
    ese_maint__check *check = comparing->check;
    const ese_maint__tree *table = ese_maint__tree_at(check, comparing->table);
    JET_ERR err;

    ESE_TRY(ese_table_open(&comparing->session, check->schema, table->table, &comparing->cursor));
    ESE_TRY(ese_schema_table_open(check->schema, NULL, table->table, &comparing->descriptor));
    ESE_TRY(ese_alloc((comparing->descriptor->n_indexes + 1) * sizeof *comparing->indexes,
                      &comparing->indexes));
    for (uint32_t number = comparing->table + 1;
         number <= check->n_trees && ese_maint__tree_at(check, number)->parent == comparing->table;
         number++) {
        if (ese_maint__tree_at(check, number)->role == ESE_MAINT__INDEX)
            add_index(comparing, number);
    }
out:
    return err;
}

static JET_ERR
compare_table(comparison *comparing)
{
    JET_ERR err;

    ESE_TRY(open_table(comparing));
    ESE_TRY(pass_over_records(comparing, check_record));
    for (unsigned i = 0; i < comparing->n_indexes; i++) {
        compared *index = &comparing->indexes[i];
        const ese_maint__tree *tree = ese_maint__tree_at(comparing->check, index->number);

        if (index->is_comparable && !ese_maint__sum_equal(&index->made, &tree->stored))
            ESE_TRY(name_differences(comparing, index));
    }
out:
    return err;
}

JET_ERR
ese_maint__check_indexes(ese_maint__check *check, uint32_t table)
{
    comparison comparing = {.check = check,
                            .table = table,
                            .list = {ese_growbuf_make(KEYS_BYTES_MAX),
                                     ese_growbuf_make((size_t)KEYS_BYTES_MAX * sizeof(ese_bytes))}};
    ese_maint__place place = {ESE_MAINT_TREE, 0, ese_maint__tree_at(check, table)};
    JET_ERR err;

    ese_txn_session_init(&comparing.session, NULL);
    err = compare_table(&comparing);
    if (ese_maint__is_damage(err)) {
        ese_maint__found(check, &place, err, "%s", ese_err_text(err));
        err = JET_errSuccess;
    }
    ese_table_close(&comparing.cursor);
    ese_schema_table_release(check->schema, &comparing.descriptor);
    ese_growbuf_destroy(&comparing.list.bytes);
    ese_growbuf_destroy(&comparing.list.keys);
    ese_free(&comparing.indexes);
    return err;
}
