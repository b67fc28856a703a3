#include "test_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"

/*
 * Few different bytes, so that keys share prefixes, repeat and begin one another. In non-unique trees no key begins another, as it is with normalised
 * keys: a byte that stands nowhere else ends them.
 */
static test_entry
make_entry(uint32_t *seed, bool is_non_unique)
{
    test_entry entry = {.key_size = 1 + test_random(seed) % (is_non_unique ? 4 : 9)};

    for (size_t i = 0; i < entry.key_size; i++)
        entry.key[i] = (uint8_t)(0x7f + test_random(seed) % 4);
    if (is_non_unique)
        entry.key[entry.key_size++] = 0;
    entry.data_size = 1 + test_random(seed) % 6;
    for (size_t i = 0; i < entry.data_size; i++)
        entry.data[i] = (uint8_t)test_random(seed);
    return entry;
}

static int
compare_unique(const void *a, const void *b)
{
    return test_entry_compare(a, b, false);
}

static int
compare_non_unique(const void *a, const void *b)
{
    return test_entry_compare(a, b, true);
}

static void
make_entries(test_tree *t, const test_tree_options *options)
{
    bool is_non_unique = t->shape.is_non_unique;
    size_t n = 0;

    t->entries = calloc(options->n_entries + 1, sizeof *t->entries);
    assert_non_null(t->entries);
    for (size_t i = 0; i < options->n_entries; i++) {
        t->entries[i] = make_entry(&t->seed, is_non_unique);
        t->entries[i].is_deleted = test_random(&t->seed) % 100 < options->percent_deleted;
    }
    qsort(t->entries, options->n_entries, sizeof *t->entries,
          is_non_unique ? compare_non_unique : compare_unique);
    for (size_t i = 0; i < options->n_entries; i++) {
        if (n == 0 || test_entry_compare(&t->entries[n - 1], &t->entries[i], is_non_unique) != 0)
            t->entries[n++] = t->entries[i];
    }
    t->n = n;
}

/* Leaves are built in key order, so page number after page number holds the entries. */
static void
note_leaves(test_tree *t)
{
    size_t i = 0;

    t->leaves = calloc(t->n + 1, sizeof *t->leaves);
    assert_non_null(t->leaves);
    for (ese_pgno pgno = 1; pgno <= t->db.n_pages; pgno++) {
        ese_page page = {test_db_page(&t->db, pgno), t->db.page_size, pgno};

        if ((ese_page_flags(&page) & ESE_PAGE_LEAF) == 0)
            continue;
        for (unsigned line = 0; line < ese_page_line_count(&page); line++)
            t->leaves[i++] = pgno;
    }
    assert_int_equal(i, t->n);
}

void
test_tree_make(test_tree *t, const test_tree_options *options)
{
    memset(t, 0, sizeof *t);
    t->seed = options->seed != 0 ? options->seed : 1;
    t->shape = options->shape;
    make_entries(t, options);
    test_db_init(&t->db, options->page_size);
    t->root = test_tree_build(&t->db, &t->shape, t->entries, t->n);
    note_leaves(t);
}

void
test_tree_open(test_tree *t, size_t limit)
{
    t->live = ese_alloc_live();
    test_db_write(&t->db);
    assert_int_equal(ese_os_file_open(t->db.path, &t->file), JET_errSuccess);
    assert_int_equal(ese_cache_create(limit, &t->cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(t->cache, t->file, t->db.page_size, &t->pages),
                     JET_errSuccess);
    t->tree = (ese_btree){
        .file = t->pages,
        .root = t->root,
        .objid = t->shape.objid,
        .kind = t->shape.kind,
        .is_unique = !t->shape.is_non_unique,
    };
}

void
test_tree_close(test_tree *t)
{
    ese_cache_set_limit(t->cache, 0);
    assert_int_equal(ese_cache_size(t->cache), 0); /* nothing is pinned */
    ese_cache_detach(&t->pages);
    ese_cache_destroy(&t->cache);
    ese_os_file_close(&t->file);
    assert_int_equal(ese_alloc_live(), t->live);
}

void
test_tree_free(test_tree *t)
{
    test_db_free(&t->db);
    free(t->entries);
    free(t->leaves);
    memset(t, 0, sizeof *t);
}

bool
test_tree_is_at(const ese_btree_cursor *cursor, const test_entry *entry)
{
    return ese_page_node_compare_key(&cursor->node, (ese_bytes){entry->key, entry->key_size}) ==
               0 &&
           ese_bytes_compare(cursor->node.data, (ese_bytes){entry->data, entry->data_size}) == 0;
}

test_entry
test_tree_random_entry(test_tree *t)
{
    test_entry entry = make_entry(&t->seed, t->shape.is_non_unique);
    uint32_t choice = test_random(&t->seed) % 4;

    if (choice != 0 && t->n != 0)
        entry = t->entries[test_random(&t->seed) % t->n];
    if (choice == 1)
        entry.data[entry.data_size - 1] ^= (uint8_t)(1 + test_random(&t->seed) % 3);
    if (choice == 2 && !t->shape.is_non_unique)
        entry.key_size = test_random(&t->seed) % (entry.key_size + 1);
    return entry;
}
