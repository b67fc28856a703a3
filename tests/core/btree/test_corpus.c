/* The catalog tree of every real database of the corpus, where there is a corpus, and the space trees of that tree. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "btree/btree.h"
#include "page/page_dbheader.h"
#include "page/page_space.h"

enum { CATALOG_ROOT = 4, CATALOG_OBJID = 2, MAX_PATH = 512 };

static bool
find_corpus(char *path)
{
    const char *shared = getenv("ESE_SHARED");
    struct stat status;

    if (shared != NULL)
        snprintf(path, MAX_PATH, "%s/corpus", shared);
    else
        snprintf(path, MAX_PATH, "%s/../shared/corpus", ESE_TEST_SOURCE_DIR);
    return stat(path, &status) == 0;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

/* Unpacks into a temporary file, whose path goes to `to`. */
static void
unpack(const char *directory, const char *name, char *to)
{
    char command[2 * MAX_PATH], block[4096];
    FILE *from;
    size_t n;
    int fd;

    snprintf(to, MAX_PATH, ESE_TEST_FOLDER "/ese-test-XXXXXX");
    fd = mkstemp(to);
    assert_true(fd >= 0);
    snprintf(command, sizeof command, "gzip -dc '%s/%s'", directory, name);
    from = popen(command, "r");
    assert_non_null(from);
    while ((n = fread(block, 1, sizeof block, from)) > 0)
        assert_true(write(fd, block, n) == (ssize_t)n);
    assert_int_equal(pclose(from), 0);
    close(fd);
}

static uint64_t
walk_forward(const ese_btree *tree)
{
    ese_btree_cursor cursor;
    uint64_t n = 0;
    bool found = false;

    ese_btree_cursor_init(&cursor, tree, NULL);
    assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
    for (; found; n++)
        assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    ese_btree_cursor_reset(&cursor);
    return n;
}

static uint64_t
walk_backward(const ese_btree *tree)
{
    ese_btree_cursor cursor;
    uint64_t n = 0;
    bool found = false;

    ese_btree_cursor_init(&cursor, tree, NULL);
    assert_int_equal(ese_btree_last(&cursor, &found), JET_errSuccess);
    for (; found; n++)
        assert_int_equal(ese_btree_prev(&cursor, &found), JET_errSuccess);
    ese_btree_cursor_reset(&cursor);
    return n;
}

/* Every extent is found again by its key. */
static void
assert_space_tree(const ese_btree *owner, ese_pgno root)
{
    ese_btree tree = *owner;
    ese_btree_cursor cursor, sought;
    bool found = false;

    tree.root = root;
    tree.kind |= ESE_PAGE_SPACE;
    tree.is_unique = true;
    assert_true(walk_forward(&tree) == walk_backward(&tree));
    ese_btree_cursor_init(&cursor, &tree, NULL);
    ese_btree_cursor_init(&sought, &tree, NULL);
    assert_int_equal(ese_btree_first(&cursor, &found), JET_errSuccess);
    while (found) {
        ese_page_extent extent;
        uint8_t key[4];
        bool again = false;
        int order = 1;

        assert_int_equal(ese_page_extent_decode(&cursor.node, &extent), JET_errSuccess);
        ese_store_be32(key, extent.last);
        assert_int_equal(ese_btree_seek(&sought, (ese_bytes){key, 4}, (ese_bytes){NULL, 0},
                                        ESE_BTREE_LE, &again, &order),
                         JET_errSuccess);
        assert_true(again && order == 0);
        assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    }
    ese_btree_cursor_reset(&cursor);
    ese_btree_cursor_reset(&sought);
}

static void
assert_catalog(ese_cache_file *pages)
{
    ese_btree tree = {
        .file = pages, .root = CATALOG_ROOT, .objid = CATALOG_OBJID, .is_unique = true};
    ese_page_space space;
    ese_cache_page *root = NULL;
    uint64_t n = walk_forward(&tree);

    assert_true(n > 10);
    assert_true(n == walk_backward(&tree));
    assert_int_equal(ese_cache_pin(pages, CATALOG_ROOT, &root), JET_errSuccess);
    assert_int_equal(ese_page_space_decode(ese_page_external_header(&root->page), &space),
                     JET_errSuccess);
    ese_cache_unpin(&root);
    if (space.is_multi_extent) {
        assert_space_tree(&tree, space.owned_root);
        assert_space_tree(&tree, space.owned_root + 1);
    }
}

static void
assert_database(const char *path)
{
    static uint8_t header_bytes[2 * ESE_PAGE_SIZE_MAX];
    int64_t live = ese_alloc_live();
    ese_os_file *file = NULL;
    ese_cache *cache = NULL;
    ese_cache_file *pages = NULL;
    ese_dbheader header;

    assert_int_equal(ese_os_file_open(path, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_read(file, 0, header_bytes, sizeof header_bytes), JET_errSuccess);
    assert_int_equal(ese_dbheader_decode(header_bytes, sizeof header_bytes, &header),
                     JET_errSuccess);
    assert_int_equal(ese_cache_create(16 * header.page_size, &cache), JET_errSuccess);
    assert_int_equal(ese_cache_attach(cache, file, header.page_size, &pages), JET_errSuccess);
    assert_catalog(pages);
    assert_true(ese_cache_size(cache) <= 16 * header.page_size);
    ese_cache_detach(&pages);
    ese_cache_destroy(&cache);
    ese_os_file_close(&file);
    assert_int_equal(ese_alloc_live(), live);
}

static void
test_btree_corpus__catalog_of_every_database_walks_both_ways(void **state)
{
    char directory[MAX_PATH], path[MAX_PATH];
    const struct dirent *entry;
    unsigned n = 0;
    DIR *corpus;

    (void)state;
    if (!find_corpus(directory)) {
        print_message("no corpus: set ESE_SHARED\n");
        skip();
    }
    corpus = opendir(directory);
    assert_non_null(corpus);
    while ((entry = readdir(corpus)) != NULL) {
        if (!ends_with(entry->d_name, ".gz") || ends_with(entry->d_name, ".jsonl.gz"))
            continue;
        unpack(directory, entry->d_name, path);
        assert_database(path);
        unlink(path);
        n++;
    }
    closedir(corpus);
    assert_true(n > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_corpus__catalog_of_every_database_walks_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
