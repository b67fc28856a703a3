/* Files: writing, growing, locking, names, and what each refusal of the system becomes. */
#define _DEFAULT_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "folder_fixture.h"
#include "os/os_file.h"
#include "os/os_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static ese_os_file *
open_for(ese_os_file_mode mode)
{
    ese_os_file *file = NULL;

    assert_int_equal(ese_os_file_open_for(path, mode, &file), JET_errSuccess);
    return file;
}

static void
assert_refuses(ese_os_file_mode mode, const char *at, JET_ERR expected)
{
    ese_os_file *file = NULL;

    ese_err_clear();
    assert_int_equal(ese_os_file_open_for(at, mode, &file), expected);
    assert_null(file);
    assert_non_null(strstr(ese_err_text(expected), at));
}

static void
write_text(ese_os_file *file, uint64_t offset, const char *text)
{
    assert_int_equal(ese_os_file_write(file, offset, text, strlen(text)), JET_errSuccess);
}

static void
assert_text(ese_os_file *file, uint64_t offset, const char *text)
{
    char buffer[100];

    assert_int_equal(ese_os_file_read(file, offset, buffer, strlen(text)), JET_errSuccess);
    assert_memory_equal(buffer, text, strlen(text));
}

static void
test_os_file__is_written_where_it_is_told(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    ese_os_file *reader = NULL;
    char zeros[10] = {0};

    (void)state;
    assert_int_equal(ese_os_file_size(file), 0);
    write_text(file, 0, "0123456789");
    assert_int_equal(ese_os_file_size(file), 10);
    write_text(file, 3, "abc");
    assert_int_equal(ese_os_file_size(file), 10);
    write_text(file, 20, "end");
    assert_int_equal(ese_os_file_size(file), 23);
    assert_text(file, 0, "012abc6789");
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_file_open(path, &reader), JET_errSuccess); /* the lock is for writers */
    assert_int_equal(ese_os_file_size(reader), 23);
    assert_int_equal(ese_os_file_read(reader, 10, zeros, 10), JET_errSuccess);
    assert_memory_equal(zeros, "\0\0\0\0\0\0\0\0\0\0", 10);
    assert_text(reader, 20, "end");
    assert_int_equal(ese_os_file_write(reader, 0, "x", 1), JET_errFileAccessDenied);
    ese_os_file_close(&reader);
    ese_os_file_close(&file);
}

static void
test_os_file__grows_and_shrinks(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    struct stat status;
    char byte;

    (void)state;
    write_text(file, 0, "0123456789");
    assert_int_equal(ese_os_file_resize(file, 100000), JET_errSuccess);
    assert_int_equal(ese_os_file_size(file), 100000);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 100000);
    assert_int_equal(ese_os_file_read(file, 99999, &byte, 1), JET_errSuccess);
    assert_int_equal(byte, 0);
    assert_int_equal(ese_os_file_resize(file, 100000), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(file, 5), JET_errSuccess);
    assert_int_equal(ese_os_file_size(file), 5);
    assert_text(file, 0, "01234");
    assert_int_equal(ese_os_file_read(file, 5, &byte, 1), JET_errFileIOBeyondEOF);
    assert_int_equal(ese_os_file_resize(file, 10), JET_errSuccess);
    assert_int_equal(ese_os_file_read(file, 5, &byte, 1), JET_errSuccess);
    assert_int_equal(byte, 0); /* not what was there before */
    assert_int_equal(ese_os_file_resize(file, UINT64_MAX), JET_errDiskFull);
    assert_int_equal(ese_os_file_write(file, UINT64_MAX - 3, "x", 1), JET_errDiskFull);
    assert_int_equal(ese_os_file_size(file), 10);
    ese_os_file_close(&file);
}

static void
test_os_file__is_opened_as_the_mode_says(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    assert_refuses(ESE_OS_FILE_UPDATE, path, JET_errFileNotFound);
    file = open_for(ESE_OS_FILE_CREATE);
    write_text(file, 0, "content");
    ese_os_file_close(&file);
    assert_refuses(ESE_OS_FILE_CREATE, path, JET_errFileAlreadyExists);
    file = open_for(ESE_OS_FILE_UPDATE);
    assert_int_equal(ese_os_file_size(file), 7);
    assert_text(file, 0, "content");
    ese_os_file_close(&file);
    file = open_for(ESE_OS_FILE_REPLACE);
    assert_int_equal(ese_os_file_size(file), 0);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_delete(path), JET_errSuccess);
    file = open_for(ESE_OS_FILE_REPLACE); /* there is nothing to replace */
    ese_os_file_close(&file);
}

static void
test_os_file__leaves_no_name_when_it_is_temporary(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_TEMPORARY);

    (void)state;
    assert_int_not_equal(access(path, F_OK), 0);
    write_text(file, 1000, "works");
    assert_text(file, 1000, "works");
    ese_os_file_close(&file);
}

static void
test_os_file__is_open_for_writing_once(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);

    (void)state;
    write_text(file, 0, "mine");
    assert_refuses(ESE_OS_FILE_UPDATE, path, JET_errFileAccessDenied);
    assert_refuses(ESE_OS_FILE_REPLACE, path, JET_errFileAccessDenied);
    assert_refuses(ESE_OS_FILE_TEMPORARY, path, JET_errFileAccessDenied);
    assert_text(file, 0, "mine"); /* who was refused has changed nothing */
    assert_int_equal(access(path, F_OK), 0);
    ese_os_file_close(&file);
    file = open_for(ESE_OS_FILE_UPDATE);
    ese_os_file_close(&file);
}

static void
test_os_file__is_open_for_writing_in_one_process(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        ese_os_file *mine = NULL;

        _exit(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &mine) == JET_errFileAccessDenied ? 0
                                                                                               : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ese_os_file_close(&file);
}

static void
test_os_file__tells_why_it_cannot_be_made(void **state)
{
    char missing[PATH_SIZE + 20];

    (void)state;
    assert_refuses(ESE_OS_FILE_UPDATE, directory, JET_errFileAccessDenied);
    assert_refuses(ESE_OS_FILE_REPLACE, directory, JET_errFileAccessDenied);
    snprintf(missing, sizeof missing, "%s/no/file", directory);
    assert_refuses(ESE_OS_FILE_CREATE, missing, JET_errInvalidPath);
    assert_refuses(ESE_OS_FILE_UPDATE, missing, JET_errFileNotFound);
    snprintf(missing, sizeof missing, "/dev/null");
    assert_refuses(ESE_OS_FILE_UPDATE, missing, JET_errFileAccessDenied);
}

/* A limit of the process stands for a full disk. */
static void
test_os_file__tells_when_there_is_no_room(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    struct rlimit old, small;
    JET_ERR of_write, of_resize;
    char bytes[2000] = {0};

    (void)state;
    write_text(file, 0, "content");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    of_write = ese_os_file_write(file, 0, bytes, sizeof bytes);
    of_resize = ese_os_file_resize(file, 5000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(of_write, JET_errDiskFull);
    assert_int_equal(of_resize, JET_errDiskFull);
    assert_int_equal(ese_os_file_size(file), 7);
    ese_os_file_close(&file);
}

static void
test_os_file__fails_as_told(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);

    (void)state;
    write_text(file, 0, "content");
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, false);
    assert_int_equal(ese_os_file_write(file, 0, "x", 1), JET_errDiskIO);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, false);
    write_text(file, 0, "c"); /* needs no room */
    assert_int_equal(ese_os_file_write(file, 7, "x", 1), JET_errDiskFull);
    ese_fault_set(ESE_FAULT_POINT_DISK_FULL, 1, false);
    assert_int_equal(ese_os_file_resize(file, 100), JET_errDiskFull);
    assert_int_equal(ese_os_file_size(file), 7);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 2, false);
    assert_int_equal(ese_os_file_sync(file), JET_errSuccess);
    assert_int_equal(ese_os_file_sync(file), JET_errDiskIO);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 1, false);
    assert_int_equal(ese_os_folder_sync(path), JET_errDiskIO);
    assert_text(file, 0, "content");
    ese_os_file_close(&file);
    ese_fault_set(ESE_FAULT_POINT_OPEN, 1, false);
    assert_refuses(ESE_OS_FILE_UPDATE, path, JET_errFileAccessDenied);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        int64_t live = ese_alloc_live();

        ese_fault_set(ESE_FAULT_POINT_ALLOC, nth, false);
        assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file), JET_errOutOfMemory);
        assert_int_equal(ese_alloc_live(), live);
    }
    file = open_for(ESE_OS_FILE_UPDATE); /* no refusal left a lock behind */
    ese_os_file_close(&file);
}

static void
test_os_file__is_deleted_and_renamed(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    char missing[PATH_SIZE + 20];

    (void)state;
    write_text(file, 0, "content");
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_rename(path, other_path), JET_errSuccess);
    assert_int_equal(ese_os_file_rename(path, other_path), JET_errFileNotFound);
    file = open_for(ESE_OS_FILE_CREATE);
    ese_os_file_close(&file);
    assert_int_equal(ese_os_file_rename(other_path, path), JET_errSuccess); /* replaces */
    file = open_for(ESE_OS_FILE_UPDATE);
    assert_text(file, 0, "content");
    ese_os_file_close(&file);
    assert_int_equal(ese_os_folder_sync(path), JET_errSuccess);
    assert_int_equal(ese_os_file_delete(path), JET_errSuccess);
    assert_int_equal(ese_os_file_delete(path), JET_errFileNotFound);
    assert_int_equal(ese_os_file_delete(directory), JET_errFileAccessDenied);
    snprintf(missing, sizeof missing, "%s/no/file", directory);
    assert_int_equal(ese_os_folder_sync(missing), JET_errFileNotFound);
    assert_int_equal(ese_os_folder_sync("name-without-folder"), JET_errSuccess);
    assert_true(ese_os_folder_exists(directory));
    assert_false(ese_os_folder_exists(path));
    assert_false(ese_os_folder_exists(missing));
}

enum { N_THREADS = 4, N_ROUNDS = 200 };

static void *
append_blocks(void *argument)
{
    ese_os_file *file = argument;
    uint8_t block[64];

    for (unsigned i = 0; i < N_ROUNDS; i++) {
        memset(block, (int)i, sizeof block);
        if (ese_os_file_write(file, (uint64_t)i * sizeof block, block, sizeof block) !=
                JET_errSuccess ||
            ese_os_file_size(file) < (uint64_t)(i + 1) * sizeof block)
            return file;
    }
    return NULL;
}

static void
test_os_file__knows_its_size_whoever_makes_it_longer(void **state)
{
    ese_os_file *file = open_for(ESE_OS_FILE_CREATE);
    pthread_t threads[N_THREADS];

    (void)state;
    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_blocks, file), 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *failure = NULL;

        assert_int_equal(pthread_join(threads[i], &failure), 0);
        assert_null(failure);
    }
    assert_int_equal(ese_os_file_size(file), N_ROUNDS * 64);
    ese_os_file_close(&file);
}

static void
test_os_file__what_is_prepared_opens_without_memory(void **state)
{
    ese_os_file *file = NULL;
    char byte = 'x';

    (void)state;
    assert_int_equal(ese_os_file_prepare(other_path, &file), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_os_file_reopen(file, other_path, ESE_OS_FILE_UPDATE), JET_errFileNotFound);
    for (unsigned i = 0; i < 2; i++) { /* the second time under a path that is shorter */
        const char *at = i == 0 ? other_path : path;

        assert_int_equal(ese_os_file_reopen(file, at, ESE_OS_FILE_REPLACE), JET_errSuccess);
        assert_string_equal(ese_os_file_path(file), at);
        assert_int_equal(ese_os_file_size(file), 0);
        assert_int_equal(ese_os_file_write(file, 0, &byte, 1), JET_errSuccess);
        assert_int_equal(ese_os_folder_sync(at), JET_errSuccess);
        ese_os_file_shut(file);
        ese_os_file_shut(file);
    }
    assert_int_equal(ese_os_file_reopen(file, path, ESE_OS_FILE_CREATE), JET_errFileAlreadyExists);
    assert_int_equal(ese_os_file_reopen(file, path, ESE_OS_FILE_UPDATE), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_int_equal(ese_os_file_size(file), 1);
    assert_refuses(ESE_OS_FILE_UPDATE, path, JET_errFileAccessDenied); /* it holds the lock */
    ese_os_file_close(&file);
}

static void
test_os_file__only_what_was_prepared_for_it_and_is_shut_opens(void **state)
{
    ese_os_file *file = NULL;

    (void)state;
    assert_int_equal(ese_os_file_prepare(path, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_reopen(file, other_path, ESE_OS_FILE_CREATE),
                     JET_errInvalidParameter);
    assert_int_equal(ese_os_file_reopen(file, path, ESE_OS_FILE_CREATE), JET_errSuccess);
    assert_int_equal(ese_os_file_reopen(file, path, ESE_OS_FILE_UPDATE), JET_errInvalidParameter);
    ese_os_file_close(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_os_file__is_written_where_it_is_told, remove_files),
        cmocka_unit_test_teardown(test_os_file__grows_and_shrinks, remove_files),
        cmocka_unit_test_teardown(test_os_file__is_opened_as_the_mode_says, remove_files),
        cmocka_unit_test_teardown(test_os_file__leaves_no_name_when_it_is_temporary, remove_files),
        cmocka_unit_test_teardown(test_os_file__is_open_for_writing_once, remove_files),
        cmocka_unit_test_teardown(test_os_file__is_open_for_writing_in_one_process, remove_files),
        cmocka_unit_test_teardown(test_os_file__tells_why_it_cannot_be_made, remove_files),
        cmocka_unit_test_teardown(test_os_file__tells_when_there_is_no_room, remove_files),
        cmocka_unit_test_teardown(test_os_file__fails_as_told, remove_files),
        cmocka_unit_test_teardown(test_os_file__is_deleted_and_renamed, remove_files),
        cmocka_unit_test_teardown(test_os_file__knows_its_size_whoever_makes_it_longer,
                                  remove_files),
        cmocka_unit_test_teardown(test_os_file__what_is_prepared_opens_without_memory,
                                  remove_files),
        cmocka_unit_test_teardown(test_os_file__only_what_was_prepared_for_it_and_is_shut_opens,
                                  remove_files),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
