/* Locks on folders: one at a time, by whatever name, and nothing stays behind. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "os/os_lock.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "ese.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ese-lock-XXXXXX";
static int64_t live_before;

static int
setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/ese-lock-XXXXXX");
    live_before = ese_live_allocations();
    return mkdtemp(folder) == NULL ? -1 : 0;
}

/* An empty folder can be removed. */
static int
teardown(void **state)
{
    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    ese_fault_set(ESE_FAULT_POINT_OPEN, 0, false);
    return rmdir(folder) == 0 && ese_live_allocations() == live_before ? 0 : -1;
}

static void
test_os_lock__belongs_to_one_at_a_time(void **state)
{
    ese_os_lock *first = NULL, *second = NULL;

    (void)state;
    assert_int_equal(ese_os_folder_lock(folder, &first), JET_errSuccess);
    assert_int_equal(ese_os_folder_lock(folder, &second), JET_errFileAccessDenied);
    assert_null(second);
    ese_os_folder_unlock(&first);
    assert_null(first);
    assert_int_equal(ese_os_folder_lock(folder, &second), JET_errSuccess);
    ese_os_folder_unlock(&second);
    ese_os_folder_unlock(&second);
}

static void
test_os_lock__keeps_out_other_processes_until_its_own_has_ended(void **state)
{
    ese_os_lock *lock = NULL;
    int ends[2], status = 0;
    pid_t child;
    char c;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        c = ese_os_folder_lock(folder, &lock) == JET_errSuccess ? 'y' : 'n';
        (void)!write(ends[1], &c, 1);
        (void)pause();
    }
    assert_int_equal(read(ends[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    assert_int_equal(ese_os_folder_lock(folder, &lock), JET_errFileAccessDenied);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(ese_os_folder_lock(folder, &lock), JET_errSuccess);
    ese_os_folder_unlock(&lock);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void
test_os_lock__knows_its_folder_by_any_name(void **state)
{
    ese_os_lock *lock = NULL;
    char other[80];

    (void)state;
    (void)snprintf(other, sizeof other, "%s/.", folder);
    assert_int_equal(ese_os_folder_lock(other, &lock), JET_errSuccess);
    assert_true(ese_os_lock_is_of(lock, folder));
    assert_false(ese_os_lock_is_of(lock, "/tmp"));
    assert_false(ese_os_lock_is_of(lock, "/no such folder"));
    ese_os_folder_unlock(&lock);
}

static void
test_os_lock__needs_a_folder(void **state)
{
    ese_os_lock *lock = NULL;

    (void)state;
    assert_int_equal(ese_os_folder_lock("/no such folder", &lock), JET_errInvalidPath);
    assert_int_equal(ese_os_folder_lock("/dev/null", &lock), JET_errInvalidPath);
    assert_null(lock);
}

static void
test_os_lock__leaks_nothing_when_it_fails(void **state)
{
    ese_os_lock *lock = NULL;

    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, false);
    assert_int_equal(ese_os_folder_lock(folder, &lock), JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    ese_fault_set(ESE_FAULT_POINT_OPEN, 1, false);
    assert_int_equal(ese_os_folder_lock(folder, &lock), JET_errFileAccessDenied);
    assert_null(lock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_os_lock__belongs_to_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_os_lock__keeps_out_other_processes_until_its_own_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_os_lock__knows_its_folder_by_any_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_os_lock__needs_a_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_os_lock__leaks_nothing_when_it_fails, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
