/* Files: what can be opened, what is read, and which error each refusal gives. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILE_SIZE = 10000, PATH_SIZE = 200 };

static char directory[PATH_SIZE / 2];
static char path[PATH_SIZE];

static uint8_t
content(size_t i)
{
    return (uint8_t)(i * 31 + i / 256);
}

static int
make_file(void **state)
{
    const char *parent = getenv("TMPDIR");
    FILE *file;

    (void)state;
    snprintf(directory, sizeof directory, "%.60s/ese-os-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    file = fopen(path, "wb");
    if (file == NULL)
        return -1;
    for (size_t i = 0; i < FILE_SIZE; i++)
        fputc(content(i), file);
    return fclose(file);
}

static int
remove_file(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static int
no_fault_and_no_leak(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    ese_fault_set(ESE_FAULT_POINT_OPEN, 0, false);
    ese_fault_set(ESE_FAULT_POINT_READ, 0, false);
    return ese_alloc_live() == 0 ? 0 : -1;
}

static void
expect_refused(const char *name, JET_ERR expected)
{
    ese_os_file *file = NULL;

    assert_int_equal(ese_os_file_open(name, &file), expected);
    assert_null(file);
}

static void
test_os_file__reads_any_range(void **state)
{
    static const size_t offsets[] = {0, 1, 4095, 4096, 9999, 10000};
    ese_os_file *file = NULL;
    uint8_t bytes[FILE_SIZE];

    (void)state;
    assert_int_equal(ese_os_file_open(path, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_size(file), FILE_SIZE);
    assert_string_equal(ese_os_file_path(file), path);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        size_t n = FILE_SIZE - offsets[i];

        assert_int_equal(ese_os_file_read(file, offsets[i], bytes, n), JET_errSuccess);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(bytes[k], content(offsets[i] + k));
    }
    ese_os_file_close(&file);
    assert_null(file);
    ese_os_file_close(&file);
}

static void
test_os_file__tells_when_the_file_ends_before(void **state)
{
    ese_os_file *file = NULL;
    uint8_t bytes[16];

    (void)state;
    assert_int_equal(ese_os_file_open(path, &file), JET_errSuccess);
    assert_int_equal(ese_os_file_read(file, FILE_SIZE - 15, bytes, 16), JET_errFileIOBeyondEOF);
    assert_int_equal(ese_os_file_read(file, FILE_SIZE, bytes, 1), JET_errFileIOBeyondEOF);
    assert_int_equal(ese_os_file_read(file, UINT64_MAX, bytes, 1), JET_errFileIOBeyondEOF);
    assert_int_equal(ese_os_file_read(file, INT64_MAX, bytes, 1), JET_errFileIOBeyondEOF);
    assert_non_null(strstr(ese_err_text(JET_errFileIOBeyondEOF), path));
    ese_os_file_close(&file);
}

static void
test_os_file__prefetch_changes_nothing(void **state)
{
    ese_os_file *file = NULL;
    uint8_t byte = 0;

    (void)state;
    assert_int_equal(ese_os_file_open(path, &file), JET_errSuccess);
    ese_os_file_prefetch(file, 0, FILE_SIZE);
    ese_os_file_prefetch(file, UINT64_MAX, SIZE_MAX);
    ese_os_file_prefetch(file, FILE_SIZE * 2, 0);
    assert_int_equal(ese_os_file_read(file, 77, &byte, 1), JET_errSuccess);
    assert_int_equal(byte, content(77));
    ese_os_file_close(&file);
}

static void
test_os_file__two_names_of_a_file_have_one_identity(void **state)
{
    char second_name[PATH_SIZE];
    ese_os_file *a = NULL, *b = NULL, *other = NULL;

    (void)state;
    snprintf(second_name, sizeof second_name, "%s/link", directory);
    assert_int_equal(symlink(path, second_name), 0);
    assert_int_equal(ese_os_file_open(path, &a), JET_errSuccess);
    assert_int_equal(ese_os_file_open(second_name, &b), JET_errSuccess);
    assert_int_equal(ese_os_file_open("/proc/self/exe", &other), JET_errSuccess);
    assert_int_equal(ese_os_file_identity(a).device, ese_os_file_identity(b).device);
    assert_int_equal(ese_os_file_identity(a).inode, ese_os_file_identity(b).inode);
    assert_true(ese_os_file_identity(a).device != ese_os_file_identity(other).device ||
                ese_os_file_identity(a).inode != ese_os_file_identity(other).inode);
    unlink(second_name);
    ese_os_file_close(&a);
    ese_os_file_close(&b);
    ese_os_file_close(&other);
}

static void
test_os_file__refuses_what_is_not_there(void **state)
{
    char name[PATH_SIZE];
    char *long_name = malloc(100000);

    (void)state;
    snprintf(name, sizeof name, "%s/none", directory);
    expect_refused(name, JET_errFileNotFound);
    assert_non_null(strstr(ese_err_text(JET_errFileNotFound), name));
    snprintf(name, sizeof name, "%s/none/file", directory);
    expect_refused(name, JET_errFileNotFound);
    snprintf(name, sizeof name, "%s/file/file", directory);
    expect_refused(name, JET_errInvalidPath);
    expect_refused("", JET_errInvalidPath);
    assert_non_null(long_name);
    memset(long_name, 'x', 99999);
    long_name[99999] = '\0';
    expect_refused(long_name, JET_errInvalidPath);
    free(long_name);
}

static void
test_os_file__refuses_what_is_not_a_file_without_waiting(void **state)
{
    char name[PATH_SIZE];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    expect_refused(directory, JET_errFileAccessDenied);
    expect_refused("/dev/null", JET_errFileAccessDenied);
    snprintf(name, sizeof name, "%s/fifo", directory);
    assert_int_equal(mkfifo(name, 0600), 0);
    expect_refused(name, JET_errFileAccessDenied);
    unlink(name);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    expect_refused(address.sun_path, JET_errFileAccessDenied);
    unlink(address.sun_path);
    close(listener);
}

static void
test_os_file__refuses_a_loop_of_links(void **state)
{
    char name[PATH_SIZE];

    (void)state;
    snprintf(name, sizeof name, "%s/loop", directory);
    assert_int_equal(symlink(name, name), 0);
    expect_refused(name, JET_errInvalidPath);
    unlink(name);
}

static void
test_os_file__refuses_an_unreadable_file(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("root may read every file\n");
        skip();
    }
    assert_int_equal(chmod(path, 0), 0);
    expect_refused(path, JET_errFileAccessDenied);
    assert_int_equal(chmod(path, 0600), 0);
}

static void
test_os_file__is_not_left_to_programs_that_are_started(void **state)
{
    ese_os_file *file = NULL;
    int free_fd = open(path, O_RDONLY);

    (void)state;
    assert_true(free_fd >= 0);
    close(free_fd);
    assert_int_equal(ese_os_file_open(path, &file),
                     JET_errSuccess); /* takes the lowest free number */
    assert_int_equal(fcntl(free_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ese_os_file_close(&file);
    assert_int_equal(fcntl(free_fd, F_GETFD), -1);
}

static void
test_os_file__reports_injected_faults_with_the_path(void **state)
{
    ese_os_file *file = NULL;
    uint8_t byte = 0;

    (void)state;
    ese_fault_set(ESE_FAULT_POINT_OPEN, 1, false);
    expect_refused(path, JET_errFileAccessDenied);
    assert_int_equal(ese_os_file_open(path, &file), JET_errSuccess);
    ese_fault_set(ESE_FAULT_POINT_READ, 1, false);
    assert_int_equal(ese_os_file_read(file, 0, &byte, 1), JET_errDiskIO);
    assert_non_null(strstr(ese_err_text(JET_errDiskIO), path));
    assert_int_equal(ese_os_file_read(file, 0, &byte, 1), JET_errSuccess);
    ese_os_file_close(&file);
}

static void
test_os_file__open_survives_every_failing_allocation(void **state)
{
    ese_os_file *file = NULL;
    uint64_t n = 0;
    JET_ERR err;

    (void)state;
    do {
        ese_fault_set(ESE_FAULT_POINT_ALLOC, ++n, false);
        err = ese_os_file_open(path, &file);
        if (err < JET_errSuccess) {
            assert_int_equal(err, JET_errOutOfMemory);
            assert_null(file);
            assert_int_equal(ese_alloc_live(), 0);
        }
    } while (err < JET_errSuccess);
    assert_true(n > 1);
    ese_os_file_close(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_os_file__reads_any_range, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__tells_when_the_file_ends_before,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__prefetch_changes_nothing, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__two_names_of_a_file_have_one_identity,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__refuses_what_is_not_there, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__refuses_what_is_not_a_file_without_waiting,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__refuses_a_loop_of_links, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__refuses_an_unreadable_file, no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__is_not_left_to_programs_that_are_started,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__reports_injected_faults_with_the_path,
                                  no_fault_and_no_leak),
        cmocka_unit_test_teardown(test_os_file__open_survives_every_failing_allocation,
                                  no_fault_and_no_leak),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
