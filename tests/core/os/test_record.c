/* What a recorder is told of changes of the file system. */
#define _DEFAULT_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "folder_fixture.h"
#include "os/os_record.h"
#include "os/os_thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE = 2000, N_THREADS = 4, N_WRITES = 50 };

static char told[TEXT_SIZE];
static unsigned n_told;

static int
stop(void **state)
{
    ese_os_record(NULL);
    return remove_files(state);
}

static void
tell(void *self, const ese_os_change *change)
{
    static const char *const names[] = {"open",   "write",  "resize",     "sync",
                                        "rename", "delete", "folder sync"};
    char *to = self;
    size_t n = strlen(to);

    n += (size_t)snprintf(to + n, TEXT_SIZE - n, "%s", names[change->kind]);
    if (change->kind == ESE_OS_CHANGE_WRITE)
        n += (size_t)snprintf(to + n, TEXT_SIZE - n, " %u+%u %.*s", (unsigned)change->offset,
                              (unsigned)change->n, (int)change->n, (const char *)change->bytes);
    if (change->kind == ESE_OS_CHANGE_RESIZE)
        n += (size_t)snprintf(to + n, TEXT_SIZE - n, " %u", (unsigned)change->n);
    if (change->kind == ESE_OS_CHANGE_FOLDER_SYNC)
        assert_string_equal(change->path, directory);
    else if (change->path != NULL)
        n += (size_t)snprintf(to + n, TEXT_SIZE - n, " %s", strrchr(change->path, '/') + 1);
    if (change->to != NULL)
        n += (size_t)snprintf(to + n, TEXT_SIZE - n, " %s", strrchr(change->to, '/') + 1);
    snprintf(to + n, TEXT_SIZE - n, ";");
}

static void
start(void)
{
    ese_os_recorder recorder = {told, tell};

    told[0] = '\0';
    ese_os_record(&recorder);
}

static void
test_os_record__changes_are_told_in_their_order(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    start();
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(file, 100), JET_errSuccess);
    assert_int_equal(ese_os_file_write(file, 7, "abc", 3), JET_errSuccess);
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(file, 10), JET_errSuccess);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_rename(path, other_path), JET_errSuccess);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    assert_int_equal(ese_os_file_delete(other_path), JET_errSuccess);
    assert_string_equal(told, "open file;resize 100;write 7+3 abc;sync;resize 10;rename file other;"
                              "folder sync;delete other;");
}

static void
test_os_record__what_fails_is_not_told(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &file), JET_errSuccess);
    start();
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, false);
    assert_int_equal(ese_os_file_write(file, 0, "a", 1), JET_errDiskIO);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 1, false);
    assert_int_equal(ese_os_file_sync(file), JET_errDiskIO);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, false);
    assert_int_equal(ese_os_file_resize(file, 10), JET_errDiskFull);
    assert_int_equal(ese_os_file_delete(other_path), JET_errFileNotFound);
    assert_int_equal(ese_os_file_rename(other_path, path), JET_errFileNotFound);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &file),
                     JET_errFileAlreadyExists);
    /* who gives back what a growth got until the disk was full changes the size to what it is */
    assert_string_equal(told, "resize 0;");
}

static void
test_os_record__nothing_is_told_behind_the_end(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    start();
    ese_os_record(NULL);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_write(file, 0, "a", 1), JET_errSuccess);
    ese_os_file_close(&file);
    assert_string_equal(told, "");
}

static void
count(void *self, const ese_os_change *change)
{
    (void)self;
    if (change->kind == ESE_OS_CHANGE_WRITE)
        n_told++; /* behind the lock of the recorder */
}

static void *
write_often(void *argument)
{
    for (unsigned i = 0; i < N_WRITES; i++) {
        if (ese_os_file_write(argument, i, "x", 1) < JET_errSuccess)
            return argument;
    }
    return NULL;
}

static void
test_os_record__threads_are_told_of_one_by_one(void **state)
{
    ese_os_recorder recorder = {NULL, count};
    ese_os_thread threads[N_THREADS];
    ese_os_file *file = NULL;

    (void)state;
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &file), JET_errSuccess);
    n_told = 0;
    ese_os_record(&recorder);
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(ese_os_thread_start(&threads[i], write_often, file), JET_errSuccess);
    for (unsigned i = 0; i < N_THREADS; i++)
        ese_os_thread_join(&threads[i]);
    ese_os_file_close(&file);
    assert_int_equal(n_told, N_THREADS * N_WRITES);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_os_record__changes_are_told_in_their_order, stop),
        cmocka_unit_test_teardown(test_os_record__what_fails_is_not_told, stop),
        cmocka_unit_test_teardown(test_os_record__nothing_is_told_behind_the_end, stop),
        cmocka_unit_test_teardown(test_os_record__threads_are_told_of_one_by_one, stop),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
