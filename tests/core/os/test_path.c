/* Paths as text. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_path.h"

static void
expect_join(const char *folder, const char *name, const char *suffix, const char *expected)
{
    char *path = NULL;

    assert_int_equal(ese_os_path_join(folder, name, suffix, &path), JET_errSuccess);
    assert_string_equal(path, expected);
    ese_free(&path);
}

static void
test_os_path__parts_are_joined_with_one_slash(void **state)
{
    (void)state;
    expect_join("a/b", "c", "", "a/b/c");
    expect_join("a/b/", "c", "", "a/b/c");
    expect_join("/", "c", ".log", "/c.log");
    expect_join("a", "edb", ".chk", "a/edb.chk");
    expect_join("a", "", "", "a/");
}

static void
test_os_path__no_folder_gives_no_slash(void **state)
{
    (void)state;
    expect_join("", "c", "", "c");
    expect_join("", "/a/c", ".part", "/a/c.part");
    expect_join("", "", "", "");
}

static void
test_os_path__a_join_without_memory_leaves_the_output_alone(void **state)
{
    char *path = NULL;
    int64_t live = ese_alloc_live();

    (void)state;
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, true);
    assert_int_equal(ese_os_path_join("a", "b", "", &path), JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_null(path);
    assert_int_equal(ese_alloc_live(), live);
}

static void
test_os_path__the_name_stands_behind_the_last_slash(void **state)
{
    const char *path = "/a/b/c.edb";

    (void)state;
    assert_ptr_equal(ese_os_path_name(path), path + 5);
    assert_string_equal(ese_os_path_name("c.edb"), "c.edb");
    assert_string_equal(ese_os_path_name("a/"), "");
    assert_string_equal(ese_os_path_name("a\\b"), "a\\b");
    assert_string_equal(ese_os_path_name(""), "");
}

static void
test_os_path__a_full_path_begins_at_the_root(void **state)
{
    char here[1024], expected[1100];
    char *full = NULL;

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(expected, sizeof expected, "%s/a/b", strcmp(here, "/") == 0 ? "" : here);
    assert_int_equal(ese_os_path_full("./a/b", &full), JET_errSuccess);
    assert_string_equal(full, expected);
    ese_free(&full);
    assert_int_equal(ese_os_path_full("/x/../y", &full), JET_errSuccess);
    assert_string_equal(full, "/x/../y");
    ese_free(&full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_path__parts_are_joined_with_one_slash),
        cmocka_unit_test(test_os_path__no_folder_gives_no_slash),
        cmocka_unit_test(test_os_path__a_join_without_memory_leaves_the_output_alone),
        cmocka_unit_test(test_os_path__the_name_stands_behind_the_last_slash),
        cmocka_unit_test(test_os_path__a_full_path_begins_at_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
