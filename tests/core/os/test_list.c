/* Listing a folder. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "os/os_list.h"

enum { N_NAMES = 3 };

static const char *const names[N_NAMES] = {"a", "edb.log", ".hidden"};

typedef struct listing {
    unsigned n;
    unsigned seen[N_NAMES];
    JET_ERR refusal; /* what the visitor answers */
} listing;

static JET_ERR
see(void *self, const char *name)
{
    listing *list = self;

    list->n++;
    for (unsigned i = 0; i < N_NAMES; i++)
        list->seen[i] += strcmp(name, names[i]) == 0;
    return list->refusal;
}

static void
change_files(const char *folder, bool is_there)
{
    for (unsigned i = 0; i < N_NAMES; i++) {
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (!is_there) {
            (void)unlink(path);
            continue;
        }
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
    }
}

static void
test_os_list__each_name_comes_once(void **state)
{
    char folder[] = "/tmp/ese-list-XXXXXX";
    listing list = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    change_files(folder, true);
    assert_int_equal(ese_os_folder_list(folder, see, &list), JET_errSuccess);
    assert_int_equal(list.n, N_NAMES);
    for (unsigned i = 0; i < N_NAMES; i++)
        assert_int_equal(list.seen[i], 1);
    list = (listing){.refusal = JET_errOutOfMemory}; /* ends the walk */
    assert_int_equal(ese_os_folder_list(folder, see, &list), JET_errOutOfMemory);
    assert_int_equal(list.n, 1);
    change_files(folder, false);
    assert_int_equal(rmdir(folder), 0);
}

static void
test_os_list__what_is_no_folder_is_refused(void **state)
{
    listing list = {0};

    (void)state;
    assert_int_equal(ese_os_folder_list("/tmp/ese-there-is-none", see, &list), JET_errFileNotFound);
    assert_int_equal(ese_os_folder_list("/dev/null", see, &list), JET_errInvalidPath);
    ese_fault_set(ESE_FAULT_POINT_OPEN, 1, false);
    assert_int_equal(ese_os_folder_list("/tmp", see, &list), JET_errFileAccessDenied);
    assert_int_equal(list.n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_list__each_name_comes_once),
        cmocka_unit_test(test_os_list__what_is_no_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
