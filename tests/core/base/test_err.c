/* The text of the last error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

#include <pthread.h>
#include <string.h>

static int
forget(void **state)
{
    (void)state;
    ese_err_clear();
    return 0;
}

static void
test_base_err__finds_the_row_of_a_code(void **state)
{
    const ese_err_info *info = ese_err_find(JET_errKeyDuplicate);

    (void)state;
    assert_non_null(info);
    assert_int_equal(info->code, JET_errKeyDuplicate);
    assert_string_equal(info->name, "JET_errKeyDuplicate");
    assert_null(ese_err_find(-31999));
}

static void
test_base_err__raise_returns_the_code_and_keeps_the_text(void **state)
{
    (void)state;
    assert_int_equal(ese_raise(JET_errDiskIO, "page %d of %s", 7, "a.edb"), JET_errDiskIO);
    assert_string_equal(ese_err_text(JET_errDiskIO), "page 7 of a.edb");
}

static void
test_base_err__text_of_another_code_comes_from_the_list(void **state)
{
    (void)state;
    (void)ese_raise(JET_errDiskIO, "detail");
    assert_string_equal(ese_err_text(JET_errKeyDuplicate), ese_err_find(JET_errKeyDuplicate)->text);
    ese_err_clear();
    assert_string_equal(ese_err_text(JET_errDiskIO), ese_err_find(JET_errDiskIO)->text);
    assert_non_null(ese_err_text(-31999));
}

static void
test_base_err__last_text_can_be_part_of_a_new_one(void **state)
{
    (void)state;
    (void)ese_raise(JET_errDatabaseCorrupted, "the key is empty");
    (void)ese_raise(JET_errDatabaseCorrupted, "page 4: %s", ese_err_text(JET_errDatabaseCorrupted));
    assert_string_equal(ese_err_text(JET_errDatabaseCorrupted), "page 4: the key is empty");
}

static void
test_base_err__long_text_is_cut(void **state)
{
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)ese_raise(JET_errDiskIO, "%s", text);
    assert_in_range(strlen(ese_err_text(JET_errDiskIO)), 100, 1000);
}

static void *
raise_in_thread(void *unused)
{
    (void)unused;
    (void)ese_raise(JET_errDiskIO, "of the other thread");
    return NULL;
}

static void
test_base_err__text_belongs_to_its_thread(void **state)
{
    pthread_t thread;

    (void)state;
    (void)ese_raise(JET_errDiskIO, "mine");
    assert_int_equal(pthread_create(&thread, NULL, raise_in_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(ese_err_text(JET_errDiskIO), "mine");
}

static JET_ERR
steps(JET_ERR first, JET_ERR second, int *n_out)
{
    JET_ERR err;

    ESE_TRY(first);
    *n_out = 1;
    ESE_TRY(second);
    *n_out = 2;
out:
    return err;
}

static void
test_base_err_try__stops_at_errors_only(void **state)
{
    int n = 0;

    (void)state;
    assert_int_equal(steps(JET_errSuccess, JET_errSuccess, &n), JET_errSuccess);
    assert_int_equal(n, 2);
    assert_int_equal(steps(JET_errSuccess, JET_errDiskIO, &n), JET_errDiskIO);
    assert_int_equal(n, 1);
    n = 0;
    assert_int_equal(steps(JET_errDiskIO, JET_errSuccess, &n), JET_errDiskIO);
    assert_int_equal(n, 0);
}

static void
test_base_err_keep_first__prefers_the_older_error(void **state)
{
    JET_ERR err = JET_errSuccess;

    (void)state;
    ESE_KEEP_FIRST(err, JET_errDiskIO);
    assert_int_equal(err, JET_errDiskIO);
    ESE_KEEP_FIRST(err, JET_errOutOfMemory);
    ESE_KEEP_FIRST(err, JET_errSuccess);
    assert_int_equal(err, JET_errDiskIO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_base_err__finds_the_row_of_a_code, forget),
        cmocka_unit_test_setup(test_base_err__raise_returns_the_code_and_keeps_the_text, forget),
        cmocka_unit_test_setup(test_base_err__text_of_another_code_comes_from_the_list, forget),
        cmocka_unit_test_setup(test_base_err__last_text_can_be_part_of_a_new_one, forget),
        cmocka_unit_test_setup(test_base_err__long_text_is_cut, forget),
        cmocka_unit_test_setup(test_base_err__text_belongs_to_its_thread, forget),
        cmocka_unit_test_setup(test_base_err_try__stops_at_errors_only, forget),
        cmocka_unit_test_setup(test_base_err_keep_first__prefers_the_older_error, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
