/*
 * Pages of real databases: all of them pass, and the checksums are those that other engines wrote. Needs the
 * directory of reference databases (environment ESE_SHARED, else ../shared beside the checkout) and gzip.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page/page_dbheader.h"
#include "page/page_space.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_SIZE = 1000, HEADER_PAGES = 2, PGNO_ROOT = 1, GROW_BY = 4 << 20 };

typedef struct database {
    uint8_t *bytes;
    size_t size;
    uint32_t page_size;
    ese_pgno n_pages;
    ese_pgno last_owned;
} database;

typedef struct page_counts {
    unsigned databases, good, blank, outside, lines;
} page_counts;

static const char *
shared_directory(void)
{
    const char *given = getenv("ESE_SHARED");

    return given != NULL ? given : ESE_TEST_SOURCE_DIR "/../shared";
}

/* The unpacked file, or NULL. */
static uint8_t *
unpack(const char *path, size_t *size_out)
{
    char command[PATH_SIZE + 40];
    uint8_t *bytes = NULL;
    size_t size = 0, got = 0;
    FILE *pipe;

    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    pipe = popen(command, "r");
    if (pipe == NULL)
        return NULL;
    do {
        uint8_t *grown = realloc(bytes, size + GROW_BY);

        assert_non_null(grown);
        bytes = grown;
        got = fread(bytes + size, 1, GROW_BY, pipe);
        size += got;
    } while (got != 0);
    assert_int_equal(pclose(pipe), 0);
    *size_out = size;
    return bytes;
}

static ese_page
page_at(const database *db, ese_pgno pgno)
{
    return (ese_page){db->bytes + (size_t)(pgno + 1) * db->page_size, db->page_size, pgno};
}

/* Last page that the database root owns, as far as a root without a second level tells; 0 = not known. */
static ese_pgno
find_last_owned(const database *db)
{
    ese_page root = page_at(db, PGNO_ROOT), owned;
    ese_page_space space;
    ese_page_extent extent = {0};

    if (ese_page_verify(&root) != JET_errSuccess ||
        ese_page_space_decode(ese_page_external_header(&root), &space) != JET_errSuccess ||
        space.owned_root > db->n_pages)
        return 0;
    owned = page_at(db, space.owned_root);
    if (ese_page_verify(&owned) != JET_errSuccess || ese_page_line_count(&owned) == 0)
        return 0;
    for (unsigned i = 0; i < ese_page_line_count(&owned); i++) {
        ese_page_node node = ese_page_line(&owned, i);

        assert_int_equal(ese_page_extent_decode(&node, &extent), JET_errSuccess);
    }
    return extent.last;
}

/*
 * Bytes that encode writes are those that decode read: equal whatever stood there before, and equal to the file's. What it does not
 * write, it leaves.
 */
static void
expect_header_again(const database *db, const ese_dbheader *header)
{
    uint8_t *page = malloc(db->page_size), *zeros = calloc(1, db->page_size);

    assert_true(page != NULL && zeros != NULL);
    memcpy(page, db->bytes, db->page_size);
    ese_dbheader_encode(header, page);
    assert_memory_equal(page, db->bytes, db->page_size);
    memset(page, 0xff, db->page_size);
    ese_dbheader_encode(header, page);
    ese_dbheader_encode(header, zeros);
    for (uint32_t i = 4; i < db->page_size; i++) {
        if (page[i] == zeros[i])
            assert_int_equal(page[i], db->bytes[i]);
        else
            assert_true(page[i] == 0xff && zeros[i] == 0);
    }
    free(page);
    free(zeros);
}

static bool
open_database(const char *path, database *db_out)
{
    database db = {0};
    ese_dbheader header;

    db.bytes = unpack(path, &db.size);
    if (db.bytes == NULL)
        return false;
    if (ese_dbheader_decode(db.bytes, db.size, &header) != JET_errSuccess)
        fail_msg("%s: %s", path, ese_err_text(JET_errReadVerifyFailure));
    db.page_size = header.page_size;
    db.n_pages = (ese_pgno)(db.size / db.page_size - HEADER_PAGES);
    expect_header_again(&db, &header);
    db.last_owned = find_last_owned(&db);
    *db_out = db;
    return true;
}

static void
check_lines(const ese_page *page, page_counts *n)
{
    uint32_t flags = ese_page_flags(page);
    bool is_leaf = (flags & ESE_PAGE_LEAF) != 0;

    for (unsigned i = 0; i < ese_page_line_count(page); i++) {
        ese_page_node node = ese_page_line(page, i);
        uint8_t key[ESE_PAGE_KEY_MAX];
        ese_bytes sought = {key, ese_page_node_copy_key(&node, key, sizeof key)};
        ese_bytes data = is_leaf ? node.data : (ese_bytes){NULL, 0};

        if (sought.size == 0)
            continue;
        assert_int_equal(ese_page_find_ge(page, sought, data), i);
        assert_int_equal(ese_page_find_gt(page, sought, data), i + 1);
        n->lines++;
    }
}

static void
check_page(const char *path, const database *db, ese_pgno pgno, page_counts *n)
{
    ese_page page = page_at(db, pgno);
    uint8_t *bytes = db->bytes + (size_t)(pgno + 1) * db->page_size;
    uint64_t stored = ese_load_le64(bytes);
    ese_page_state state = ese_page_checksum_verify(bytes, db->page_size, pgno);

    if (state == ESE_PAGE_STATE_BLANK) {
        n->blank++;
        return;
    }
    if (pgno > db->last_owned && state == ESE_PAGE_STATE_BAD) {
        n->outside++;
        return;
    }
    if (state != ESE_PAGE_STATE_GOOD)
        fail_msg("%s: page %u: state %d", path, pgno, (int)state);
    if (ese_page_verify(&page) != JET_errSuccess)
        fail_msg("%s: page %u: %s", path, pgno, ese_err_text(JET_errDatabaseCorrupted));
    check_lines(&page, n);
    ese_store_le64(bytes, 0);
    ese_page_checksum_update(bytes, db->page_size, pgno);
    assert_int_equal(ese_load_le64(bytes), stored);
    n->good++;
}

static void
check_files(const char *pattern, page_counts *n)
{
    char full[PATH_SIZE];
    glob_t found;

    snprintf(full, sizeof full, "%s/corpus/%s", shared_directory(), pattern);
    if (glob(full, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        database db;

        if (!open_database(found.gl_pathv[i], &db))
            continue;
        for (ese_pgno pgno = 1; pgno <= db.n_pages; pgno++)
            check_page(found.gl_pathv[i], &db, pgno, n);
        n->databases++;
        free(db.bytes);
    }
    globfree(&found);
}

static void
report(const page_counts *n)
{
    if (n->databases == 0) {
        print_message("no databases in %s/corpus\n", shared_directory());
        skip();
    }
    print_message(
        "%u databases: %u pages good, %u blank, %u outside the database, %u lines found\n",
        n->databases, n->good, n->blank, n->outside, n->lines);
    assert_true(n->good > 0);
}

static void
test_page_corpus__every_page_of_windows_databases_passes(void **state)
{
    static const char *const patterns[] = {"*.edb.gz", "*.dat.gz", "*.mdb.gz", "*.xbim.gz"};
    page_counts n = {0};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        check_files(patterns[i], &n);
    report(&n);
}

static void
test_page_corpus__every_page_of_clean_databases_passes(void **state)
{
    page_counts n = {0};

    (void)state;
    check_files("golden/clean-*/data.edb.gz", &n);
    report(&n);
}

static void
test_page_corpus__every_page_of_crashed_databases_passes(void **state)
{
    page_counts n = {0};

    (void)state;
    check_files("golden/crash-*/data.edb.gz", &n);
    report(&n);
}

static void
expect_stored(const database *db, ese_pgno pgno, uint32_t offset, const char *expected)
{
    ese_page page = page_at(db, pgno);

    assert_memory_equal(page.bytes + offset, expected, 8);
}

static void
test_page_corpus__known_checksums_are_computed(void **state)
{
    char path[PATH_SIZE];
    FILE *file;
    database db;

    (void)state;
    snprintf(path, sizeof path, "%s/corpus/basic.edb.gz", shared_directory());
    file = fopen(path, "rb");
    if (file == NULL) {
        print_message("%s is not there\n", path);
        skip();
        return;
    }
    fclose(file);
    assert_true(open_database(path, &db));
    assert_int_equal(ese_page_header_checksum(db.bytes, db.page_size), 0x98a810d4);
    for (ese_pgno pgno = 1; pgno <= 13; pgno++) {
        uint8_t *bytes = db.bytes + (size_t)(pgno + 1) * db.page_size;

        memset(bytes, 0, 8);
        ese_page_checksum_update(bytes, db.page_size, pgno);
    }
    expect_stored(&db, 1, 0, "\x7c\xa7\x01\x00\xdf\x7f\xdf\x7f");
    expect_stored(&db, 4, 0, "\x4b\x4f\x86\x79\xc0\x13\xc0\x13");
    expect_stored(&db, 13, 0, "\x84\xc2\x45\xbe\x7e\x67\x81\x18");
    free(db.bytes);
    snprintf(path, sizeof path, "%s/corpus/wide-32k.edb.gz", shared_directory());
    assert_true(open_database(path, &db));
    for (ese_pgno pgno = 31; pgno <= 32; pgno++) {
        uint8_t *bytes = db.bytes + (size_t)(pgno + 1) * db.page_size;

        memset(bytes, 0, 8);
        memset(bytes + 40, 0, 24);
        ese_page_checksum_update(bytes, db.page_size, pgno);
    }
    expect_stored(&db, 31, 0, "\x9e\x85\x33\xa5\xea\x74\x15\x8b");
    expect_stored(&db, 31, 40, "\x1f\0\0\0\0\0\0\0");
    expect_stored(&db, 31, 48, "\x1f\0\0\0\0\0\0\0");
    expect_stored(&db, 31, 56, "\x02\x00\x9b\x00\xd4\xfd\x2b\x02");
    expect_stored(&db, 32, 0, "\x3a\xe9\xfe\x57\x60\xdb\x60\xdb");
    expect_stored(&db, 32, 40, "\x20\x00\x00\x38\x5a\xd8\xa5\x27");
    expect_stored(&db, 32, 48, "\xad\x86\x66\x8e\x8d\xd1\x72\x2e");
    expect_stored(&db, 32, 56, "\xbd\xf6\x0e\x8e\x56\x10\x56\x10");
    free(db.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_corpus__every_page_of_windows_databases_passes),
        cmocka_unit_test(test_page_corpus__every_page_of_clean_databases_passes),
        cmocka_unit_test(test_page_corpus__every_page_of_crashed_databases_passes),
        cmocka_unit_test(test_page_corpus__known_checksums_are_computed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
