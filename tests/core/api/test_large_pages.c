/*
 * Databases with a log whose pages are larger than those of the kernel: what is written to them are whole blocks from memory that begins at a block, headers and pages without content among
 * them, so that it can go past the memory of the kernel; when the engine works, and when it recovers.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "log_test.h"
#include "test_fixture.h"
#include "test_fresh.h"

#include "base/fault.h"
#include "os/os_record.h"

#include <stdatomic.h>

enum { ROWS = 3000, SOME = 500, CACHE_PAGES = 32, FILES_MAX = 8 };

static shop s;
static const uint32_t sizes[] = {8192, 16384, 32768};

/* What was seen of one opening of a database. */
typedef struct seen_file {
    ese_os_file_id id;
    uint64_t size;
} seen_file;

static struct {
    seen_file files[FILES_MAX];
    unsigned n_files;
    _Atomic unsigned n_whole, n_other;
} seen;

static int
setup(void **state)
{
    (void)remember_memory(state);
    shop_make(&s);
    return 0;
}

static int
teardown(void **state)
{
    ese_os_record(NULL);
    ese_fault_set(ESE_FAULT_POINT_DIRECT, 0, false);
    shop_destroy(&s);
    return compare_memory(state);
}

static seen_file *
find_seen(ese_os_file_id id)
{
    for (unsigned i = 0; i < seen.n_files; i++) {
        if (seen.files[i].id.inode == id.inode && seen.files[i].id.device == id.device)
            return &seen.files[i];
    }
    return NULL;
}

/* One change at a time. What makes a file longer is not in anybody's way. */
static void
look(void *self, const ese_os_change *change)
{
    seen_file *file = find_seen(change->id);
    uint64_t end = change->offset + change->n;
    size_t n_path = change->path != NULL ? strlen(change->path) : 0;

    (void)self;
    if (change->kind == ESE_OS_CHANGE_OPEN && file == NULL && seen.n_files < FILES_MAX &&
        n_path > 4 && strcmp(change->path + n_path - 4, ".edb") == 0)
        seen.files[seen.n_files++] = (seen_file){change->id, 0};
    if (file == NULL)
        return;
    if (change->kind == ESE_OS_CHANGE_RESIZE)
        file->size = change->n;
    if (change->kind != ESE_OS_CHANGE_WRITE)
        return;
    if (((change->offset | change->n | (uintptr_t)change->bytes) & (ESE_OS_FILE_BLOCK - 1)) == 0)
        atomic_fetch_add(&seen.n_whole, 1);
    else if (end <= file->size)
        atomic_fetch_add(&seen.n_other, 1);
    if (end > file->size)
        file->size = end;
}

static void
open_shop(uint32_t page_size)
{
    TEST_OK(shop_create(&s));
    TEST_OK(ese_set_page_size(s.instance, page_size));
    TEST_OK(set_integer(&s.instance, JET_paramCacheSizeMax, CACHE_PAGES));
    TEST_OK(shop_open_with(&s, 0));
}

static void
add_rows(shelf *f, int32_t from, int32_t n)
{
    TEST_OK(JetBeginTransaction(s.sesid));
    for (int32_t i = from; i < from + n; i++) {
        TEST_OK(JetPrepareUpdate(s.sesid, f->tableid, JET_prepInsert));
        TEST_OK(shelf_set(&s, f, i, (uint8_t)i));
    }
    TEST_OK(JetCommitTransaction(s.sesid, 0));
}

/* Works, crashes, recovers and works. */
static void
live(uint32_t page_size)
{
    shelf f = {0};

    open_shop(page_size);
    TEST_OK(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < ROWS; i += SOME)
        add_rows(&f, i, SOME);
    shop_crash(&s);
    open_shop(page_size);
    TEST_OK(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), ROWS);
    add_rows(&f, ROWS, SOME);
    TEST_OK(shop_close(&s));
    (void)test_check_file(in_shop(&s, "a.edb"));
}

static void
test_api_large_pages__are_written_in_whole_blocks(void **state)
{
    const ese_os_recorder recorder = {NULL, look};

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        seen.n_files = 0;
        atomic_store(&seen.n_whole, 0);
        atomic_store(&seen.n_other, 0);
        ese_os_record(&recorder);
        live(sizes[i]);
        ese_os_record(NULL);
        assert_true(atomic_load(&seen.n_whole) > 20);
        assert_int_equal(atomic_load(&seen.n_other), 0);
        shop_empty(&s);
    }
}

static void
test_api_large_pages__are_as_good_where_the_file_system_refuses(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 64; nth *= 4) {
        ese_fault_set(ESE_FAULT_POINT_DIRECT, nth, true);
        live(sizes[nth % 3]);
        ese_fault_set(ESE_FAULT_POINT_DIRECT, 0, false);
        shop_empty(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_large_pages__are_written_in_whole_blocks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_api_large_pages__are_as_good_where_the_file_system_refuses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
