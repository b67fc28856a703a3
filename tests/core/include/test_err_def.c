/* The list of errors: complete within itself, unique, and in agreement with the public header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esent.h"

enum { TEXT_MOST = 120 };

#define ESE_ERR(symbol, value, category, text) static_assert((symbol) == (value), #symbol);
#include "base/err.def"
#undef ESE_ERR

typedef struct row {
    JET_ERR code;
    JET_ERRCAT category;
    const char *name;
    const char *text;
} row;

static const row rows[] = {
#define ESE_ERR(symbol, value, category, text) {value, category, #symbol, text},
#include "base/err.def"
#undef ESE_ERR
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

/* Values with more than one name, by the name in use. */
static const struct {
    const char *name;
    const char *older;
} aliases[] = {
    {"JET_errDatabaseDirtyShutdown", "JET_errDatabaseInconsistent"},
    {"JET_errIndexTuplesTooManyColumns", "JET_errIndexTuplesOneColumnOnly"},
    {"JET_errIndexTuplesTextBinaryColumnsOnly", "JET_errIndexTuplesTextColumnsOnly"},
    {"JET_errNullInvalid", "JET_errColumnIllegalNull"},
    {"JET_wrnSeekNotEqual", "JET_wrnRecordFoundGreater"},
    {"JET_wrnSeekNotEqual", "JET_wrnRecordFoundLess"},
    {"JET_wrnRecordFoundGreater", "JET_wrnRecordFoundLess"},
};

static int
is_alias(const row *first, const row *second)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(aliases[i].name, first->name) == 0 &&
            strcmp(aliases[i].older, second->name) == 0)
            return 1;
    }
    return 0;
}

static void
test_include_err_def__names_each_error_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        for (size_t j = i + 1; j < N_ROWS; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

static void
test_include_err_def__repeats_a_value_only_for_older_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        for (size_t j = i + 1; j < N_ROWS; j++) {
            if (rows[i].code == rows[j].code && !is_alias(&rows[i], &rows[j]))
                fail_msg("%s and %s are both %d", rows[i].name, rows[j].name, (int)rows[i].code);
        }
    }
}

static void
test_include_err_def__gives_each_error_a_short_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t length = strlen(rows[i].text);

        if (length == 0 || length > TEXT_MOST || rows[i].text[length - 1] != '.')
            fail_msg("%s: \"%s\" (%zu)", rows[i].name, rows[i].text, length);
    }
}

static void
test_include_err_def__tells_errors_from_warnings_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        int is_error = strncmp(rows[i].name, "JET_err", 7) == 0;
        int is_warning = strncmp(rows[i].name, "JET_wrn", 7) == 0;

        if (rows[i].code == JET_errSuccess || rows[i].code == JET_wrnNyi)
            continue; /* the success among the errors, and the one negative warning */
        if ((rows[i].code < 0) != is_error || (rows[i].code > 0) != is_warning)
            fail_msg("%s is %d", rows[i].name, (int)rows[i].code);
    }
}

static void
test_include_err_def__is_ordered_by_absolute_value(void **state)
{
    (void)state;
    for (size_t i = 1; i < N_ROWS; i++) {
        if (abs(rows[i - 1].code) > abs(rows[i].code))
            fail_msg("%s comes too late", rows[i].name);
    }
}

/* A branch of the category tree is not an answer, except where no leaf fits. */
static void
test_include_err_def__files_each_error_under_a_reportable_category(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        JET_ERRCAT category = rows[i].category;

        if (category == JET_errcatError || category == JET_errcatData ||
            category == JET_errcatApi || category >= JET_errcatMax)
            fail_msg("%s: category %d", rows[i].name, (int)category);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_include_err_def__names_each_error_once),
        cmocka_unit_test(test_include_err_def__repeats_a_value_only_for_older_names),
        cmocka_unit_test(test_include_err_def__gives_each_error_a_short_sentence),
        cmocka_unit_test(test_include_err_def__tells_errors_from_warnings_by_name),
        cmocka_unit_test(test_include_err_def__is_ordered_by_absolute_value),
        cmocka_unit_test(test_include_err_def__files_each_error_under_a_reportable_category),
    };
    return cmocka_run_group_tests_name("include: err.def", tests, NULL, NULL);
}
