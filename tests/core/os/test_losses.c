/* The disk that crashes are tried on (tests/support/test_disk.h): what is there for sure, and what may be. */
#define _DEFAULT_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder_fixture.h"
#include "page/page.h"
#include "test_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_SIZE = 20000, PAGE_SIZE = 4096, N_SEEDS = 300 };

static test_trace trace;
static test_disk *disk;
static uint8_t found[FILE_SIZE];

/* A database and a log: disks do not treat them alike. */
static int
make_files(void **state)
{
    int failed = make_folder(state);

    snprintf(path, sizeof path, "%s/one.edb", directory);
    snprintf(other_path, sizeof other_path, "%s/two.log", directory);
    return failed;
}

static int
start(void **state)
{
    (void)state;
    test_trace_start(&trace);
    return 0;
}

static int
clean(void **state)
{
    (void)state;
    test_trace_stop();
    if (disk != NULL)
        test_disk_free(disk);
    disk = NULL;
    test_trace_free(&trace);
    test_disk_clear_folder(directory);
    return 0;
}

static void
fill(ese_os_file *file, uint64_t offset, int byte, size_t n)
{
    uint8_t bytes[FILE_SIZE];

    memset(bytes, byte, n);
    assert_int_equal(ese_os_file_write(file, offset, bytes, n), JET_errSuccess);
}

/* A crash behind the first `n` changes. */
static void
crash(size_t n, test_loss_kind kind, uint64_t seed)
{
    test_loss loss = {kind, seed};

    if (disk == NULL) {
        test_trace_stop();
        disk = test_disk_create(&trace, PAGE_SIZE);
    }
    test_disk_advance(disk, n);
    test_disk_clear_folder(directory);
    test_disk_materialise(disk, &loss);
}

/* Its size; -1: it is not there. */
static long
read_file(const char *at)
{
    FILE *file = fopen(at, "rb");
    size_t n;

    if (file == NULL)
        return -1;
    n = fread(found, 1, sizeof found, file);
    fclose(file);
    return (long)n;
}

static void
test_os_losses__nothing_lost_is_what_there_was(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    fill(file, 100, 'a', 50);
    assert_int_equal(ese_os_file_resize(file, 120), JET_errSuccess);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_rename(path, other_path), JET_errSuccess);
    crash(2, TEST_LOSS_NOTHING, 0);
    assert_int_equal(read_file(path), 150);
    assert_int_equal(found[99], 0);
    assert_int_equal(found[100], 'a');
    crash(3, TEST_LOSS_NOTHING, 0);
    assert_int_equal(read_file(path), 120);
    crash(4, TEST_LOSS_NOTHING, 0);
    assert_int_equal(read_file(path), -1);
    assert_int_equal(read_file(other_path), 120);
}

static void
test_os_losses__a_sync_of_a_file_keeps_its_content_and_one_of_the_folder_its_name(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    fill(file, 0, 'a', 700);
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    fill(file, 0, 'b', 1000);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_rename(path, other_path), JET_errSuccess);
    crash(3, TEST_LOSS_ALL, 0);
    assert_int_equal(read_file(path), -1);
    crash(6, TEST_LOSS_ALL, 0);
    assert_int_equal(read_file(path), 700);
    assert_int_equal(found[0], 'a');
    assert_int_equal(read_file(other_path), -1);
    crash(6, TEST_LOSS_NOTHING, 0);
    assert_int_equal(read_file(other_path), 1000);
    assert_int_equal(found[0], 'b');
}

/* Names come to the disk in order, whatever the content does. */
static void
test_os_losses__names_of_a_folder_persist_in_order(void **state)
{
    ese_os_file *file = NULL;
    unsigned counts[4] = {0};

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_open_for(other_path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_delete(path), JET_errSuccess);
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        crash(3, TEST_LOSS_SOME, seed);
        counts[(read_file(path) >= 0 ? 1 : 0) + (read_file(other_path) >= 0 ? 2 : 0)]++;
    }
    assert_true(counts[0] > 0 && counts[1] > 0 && counts[2] > 0 && counts[3] > 0);
    assert_true(counts[2] > counts[0]); /* all of it is likelier than some number of steps */
}

/* Two writes to the same place, and one behind it: what each loss may leave of them. */
static void
test_os_losses__each_write_is_there_or_not(void **state)
{
    ese_os_file *file = NULL;
    unsigned counts[3] = {0};

    (void)state;
    assert_int_equal(ese_os_file_open_for(other_path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    fill(file, 0, 'a', 512);
    fill(file, 0, 'b', 512);
    fill(file, 512, 'c', 512);
    assert_int_equal(ese_os_folder_sync(other_path), JET_errSuccess);
    ese_os_file_close(&file);
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        long n;

        crash(5, TEST_LOSS_SOME, seed);
        n = read_file(other_path);
        assert_true(n == 0 || n == 512 || n == 1024);
        if (n != 0)
            counts[found[0] == 'b' ? 2 : found[0] == 'a' ? 1 : 0]++;
        crash(5, TEST_LOSS_ONE, seed);
        n = read_file(other_path);
        assert_true(n == 512 ? found[0] == 'b' : n == 1024 && (found[0] == 'a' || found[0] == 'b'));
        crash(5, TEST_LOSS_ALL_BUT_ONE, seed);
        n = read_file(other_path);
        assert_true(n == 512 || (n == 1024 && found[0] == 0 && found[512] == 'c'));
    }
    assert_true(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
}

static void
test_os_losses__a_file_is_lost_and_the_other_is_not(void **state)
{
    ese_os_file *file = NULL, *other = NULL;
    unsigned counts[2] = {0};

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_open_for(other_path, ESE_OS_FILE_CREATE, &other), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    for (unsigned i = 0; i < 3; i++) {
        fill(file, 512 * i, 'a', 512);
        fill(other, 512 * i, 'b', 512);
    }
    ese_os_file_close(&file);
    ese_os_file_close(&other);
    for (uint64_t seed = 0; seed < 20; seed++) {
        long n, m;

        crash(9, seed % 2 == 0 ? TEST_LOSS_FILE : TEST_LOSS_ALL_BUT_FILE, seed);
        n = read_file(path);
        m = read_file(other_path);
        assert_true((n == 0 && m == 1536) || (n == 1536 && m == 0));
        counts[n == 0]++;
    }
    assert_true(counts[0] > 0 && counts[1] > 0);
}

/* Equal bytes in each unit, and at least one unit of each kind over all seeds. */
static void
assert_torn_in(size_t from, size_t n, size_t unit, bool is_expected)
{
    bool is_torn = false;

    for (size_t at = from; at < from + n; at += unit) {
        for (size_t i = 1; i < unit; i++)
            assert_int_equal(found[at + i], found[at]);
        is_torn = is_torn || found[at] != found[from];
    }
    if (is_expected)
        assert_true(is_torn);
}

static void
test_os_losses__sectors_tear_but_pages_of_databases_do_not(void **state)
{
    ese_os_file *file = NULL;
    unsigned n_whole = 0, n_blank = 0;

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(file, 4 * PAGE_SIZE), JET_errSuccess);
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    fill(file, 0, 'h', 2 * PAGE_SIZE);
    fill(file, 2 * PAGE_SIZE, 'p', 2 * PAGE_SIZE);
    ese_os_file_close(&file);
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        crash(6, TEST_LOSS_TORN, seed);
        assert_int_equal(read_file(path), 4 * PAGE_SIZE);
        assert_torn_in(0, 2 * PAGE_SIZE, 512, false);
        assert_torn_in(2 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE, false);
        n_whole += found[2 * PAGE_SIZE] == 'p';
        n_blank += found[2 * PAGE_SIZE] == 0;
    }
    assert_true(n_whole > 0 && n_blank > 0);
    crash(6, TEST_LOSS_TORN, 3);
    read_file(path);
    assert_torn_in(0, 2 * PAGE_SIZE, 512, true);
    crash(6, TEST_LOSS_PAGES_TORN, 3);
    read_file(path);
    assert_torn_in(2 * PAGE_SIZE, 2 * PAGE_SIZE, 512, true);
}

/* The same bit in four words that follow one another, in each of two sectors: both cancel out in the checksum. */
static void
flip_unseen(uint8_t *page)
{
    for (size_t sector = 3; sector < 6; sector += 2) {
        for (size_t word = 0; word < 4; word++)
            page[512 * sector + 64 + 4 * word] ^= 1;
    }
}

static void
test_os_losses__pages_have_no_tears_that_their_checksum_cannot_see(void **state)
{
    enum { AT = 2 * PAGE_SIZE, PGNO = 1 };
    static uint8_t before[PAGE_SIZE], after[PAGE_SIZE];
    ese_os_file *file = NULL;
    unsigned n_before = 0, n_after = 0;

    (void)state;
    memset(before, 'p', sizeof before);
    ese_page_checksum_update(before, PAGE_SIZE, PGNO);
    memcpy(after, before, sizeof after);
    flip_unseen(after);
    assert_int_equal(ese_page_checksum_verify(after, PAGE_SIZE, PGNO), ESE_PAGE_STATE_GOOD);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_write(file, AT, before, PAGE_SIZE), JET_errSuccess);
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    assert_int_equal(ese_os_file_write(file, AT, after, PAGE_SIZE), JET_errSuccess);
    ese_os_file_close(&file);
    test_trace_stop();
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        crash(test_trace_length(&trace), TEST_LOSS_PAGES_TORN, seed);
        assert_int_equal(read_file(path), AT + PAGE_SIZE);
        n_before += memcmp(found + AT, before, PAGE_SIZE) == 0;
        n_after += memcmp(found + AT, after, PAGE_SIZE) == 0;
    }
    assert_int_equal(n_before + n_after, N_SEEDS);
    assert_true(n_before > 0 && n_after > 0);
}

static void
test_os_losses__the_last_write_tears_and_those_before_stay(void **state)
{
    ese_os_file *file = NULL;
    unsigned n_torn = 0;

    (void)state;
    assert_int_equal(ese_os_file_open_for(other_path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    fill(file, 0, 'a', 4096);
    fill(file, 4096, 'b', 4096);
    ese_os_file_close(&file);
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        long n;

        crash(3, TEST_LOSS_LAST_TORN, seed);
        n = read_file(other_path);
        assert_true(n >= 4096 && n <= 8192);
        for (long i = 0; i < 4096; i++)
            assert_int_equal(found[i], 'a');
        n_torn += n > 4096 && (n < 8192 || found[8191] == 0);
    }
    assert_true(n_torn > 0);
}

static void
test_os_losses__an_equal_seed_loses_the_same(void **state)
{
    ese_os_file *file = NULL;
    uint8_t before[FILE_SIZE];

    (void)state;
    assert_int_equal(ese_os_file_open_for(other_path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(other_path), JET_errSuccess);
    for (unsigned i = 0; i < 10; i++)
        fill(file, 700 * i, 'a' + (int)i, 900);
    ese_os_file_close(&file);
    for (uint64_t seed = 0; seed < 20; seed++) {
        long n, m;

        crash(12, TEST_LOSS_TORN, seed);
        n = read_file(other_path);
        memcpy(before, found, sizeof before);
        crash(12, TEST_LOSS_TORN, seed);
        m = read_file(other_path);
        assert_int_equal(n, m);
        assert_memory_equal(before, found, (size_t)n);
    }
}

static void
test_os_losses__files_that_were_there_before_are_part_of_it(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    test_trace_stop();
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    fill(file, 0, 'a', 600);
    ese_os_file_close(&file);
    disk = test_disk_create(&trace, PAGE_SIZE);
    test_disk_load(disk, directory);
    test_trace_start(&trace);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file), JET_errSuccess);
    fill(file, 0, 'b', 10);
    ese_os_file_close(&file);
    test_trace_stop();
    crash(2, TEST_LOSS_ALL, 0);
    assert_int_equal(read_file(path), 600);
    assert_int_equal(found[0], 'a');
    crash(2, TEST_LOSS_NOTHING, 0);
    assert_int_equal(read_file(path), 600);
    assert_int_equal(found[9], 'b');
    assert_int_equal(found[10], 'a');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, clean)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_os_losses__nothing_lost_is_what_there_was),
        TEST(test_os_losses__a_sync_of_a_file_keeps_its_content_and_one_of_the_folder_its_name),
        TEST(test_os_losses__names_of_a_folder_persist_in_order),
        TEST(test_os_losses__each_write_is_there_or_not),
        TEST(test_os_losses__a_file_is_lost_and_the_other_is_not),
        TEST(test_os_losses__sectors_tear_but_pages_of_databases_do_not),
        TEST(test_os_losses__pages_have_no_tears_that_their_checksum_cannot_see),
        TEST(test_os_losses__the_last_write_tears_and_those_before_stay),
        TEST(test_os_losses__an_equal_seed_loses_the_same),
        TEST(test_os_losses__files_that_were_there_before_are_part_of_it),
    };

    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
