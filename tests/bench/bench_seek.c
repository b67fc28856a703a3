/*
 * Nanoseconds per pin of a cached page, per seek in a cached tree and per step along it.
 *
 *     bench_seek [ENTRIES]      default 50000, the size the targets are stated for
 */
#include "test_db.c" /* the page builder, which a benchmark is not linked with */

#include "btree/btree.h"
#include "os/os_thread.h"

#include <inttypes.h>

enum { OBJID = 5, N_PINS = 20000000, N_SEEKS = 2000000, N_WALKS = 40, CACHE_BYTES = 64 << 20 };

static void
must(JET_ERR err)
{
    if (err >= JET_errSuccess)
        return;
    fprintf(stderr, "error %d: %s\n", (int)err, ese_err_text(err));
    exit(1);
}

/* Keys as those of an index over one long: a type byte and the number. */
static test_entry *
make_entries(size_t n)
{
    test_entry *entries = calloc(n, sizeof *entries);

    require(entries != NULL);
    for (size_t i = 0; i < n; i++) {
        entries[i].key_size = 5;
        entries[i].key[0] = 0x7f;
        ese_store_be32(entries[i].key + 1, (uint32_t)(0x80000000u + 3 * i));
        entries[i].data_size = 20;
        memset(entries[i].data, (int)i, 20);
    }
    return entries;
}

static void
report(const char *what, uint64_t begin, uint64_t n)
{
    printf("%-22s %8.1f ns\n", what, (double)(ese_os_now_ns() - begin) / (double)n);
}

static void
bench_pin(const ese_btree *tree)
{
    ese_pgno n_pages = ese_cache_page_count(tree->file);
    uint64_t begin = ese_os_now_ns();
    ese_pgno pgno = 1;

    for (unsigned i = 0; i < N_PINS; i++) {
        ese_cache_page *page = NULL;

        if (ese_cache_pin(tree->file, pgno, &page) >= JET_errSuccess)
            ese_cache_unpin(&page);
        pgno = pgno + 7 > n_pages - 2 ? 1 : pgno + 7;
    }
    report("pin + unpin", begin, N_PINS);
}

static void
bench_seek(const ese_btree *tree, const test_entry *entries, size_t n)
{
    ese_btree_cursor cursor;
    uint32_t seed = 1;
    uint64_t begin;

    ese_btree_cursor_init(&cursor, tree, NULL);
    begin = ese_os_now_ns();
    for (unsigned i = 0; i < N_SEEKS; i++) {
        const test_entry *entry = &entries[test_random(&seed) % n];
        bool found = false;
        int order = 1;

        must(ese_btree_seek(&cursor, (ese_bytes){entry->key, entry->key_size}, (ese_bytes){NULL, 0},
                            ESE_BTREE_GE, &found, &order));
        require(found && order == 0);
    }
    report("seek, random", begin, N_SEEKS);
    ese_btree_cursor_reset(&cursor);
}

static void
bench_walk(const ese_btree *tree, size_t n)
{
    ese_btree_cursor cursor;
    uint64_t n_seen = 0;
    uint64_t begin = ese_os_now_ns();

    ese_btree_cursor_init(&cursor, tree, NULL);
    for (unsigned i = 0; i < N_WALKS; i++) {
        bool found = false;

        for (must(ese_btree_first(&cursor, &found)); found; must(ese_btree_next(&cursor, &found)))
            n_seen++;
    }
    require(n_seen == (uint64_t)n * N_WALKS);
    report("next", begin, n_seen);
    begin = ese_os_now_ns();
    for (unsigned i = 0; i < N_WALKS; i++) {
        uint64_t count = 0;
        bool found = false;

        must(ese_btree_first(&cursor, &found));
        must(ese_btree_count(&cursor, UINT64_MAX, &count));
        require(count == n);
    }
    report("count", begin, n_seen);
    ese_btree_cursor_reset(&cursor);
}

static void
bench(test_db *db, ese_pgno root, const test_entry *entries, size_t n)
{
    ese_os_file *file = NULL;
    ese_cache *cache = NULL;
    ese_cache_file *pages = NULL;
    ese_btree tree = {.root = root, .objid = OBJID, .is_unique = true};
    ese_btree_cursor cursor;
    uint64_t count = 0, begin;
    bool found = false;

    must(ese_os_file_open(db->path, &file));
    must(ese_cache_create(CACHE_BYTES, &cache));
    must(ese_cache_attach(cache, file, db->page_size, &pages));
    tree.file = pages;
    ese_btree_cursor_init(&cursor, &tree, NULL);
    begin = ese_os_now_ns();
    must(ese_btree_first(&cursor, &found));
    must(ese_btree_count(&cursor, UINT64_MAX, &count));
    report("first scan, per page", begin, ese_cache_page_count(pages));
    ese_btree_cursor_reset(&cursor);
    bench_pin(&tree);
    bench_seek(&tree, entries, n);
    bench_walk(&tree, n);
    ese_cache_detach(&pages);
    ese_cache_destroy(&cache);
    ese_os_file_close(&file);
}

int
main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 50000;
    test_tree_shape shape = {.objid = OBJID, .has_prefixes = true};
    test_entry *entries = make_entries(n);
    test_db db;
    ese_pgno root;

    test_db_init(&db, 4096);
    root = test_tree_build(&db, &shape, entries, n);
    test_db_write(&db);
    printf("%zu entries, %" PRIu32 " pages of %" PRIu32 " bytes\n", n, db.n_pages, db.page_size);
    bench(&db, root, entries, n);
    test_db_free(&db);
    free(entries);
    return 0;
}
