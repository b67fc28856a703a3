/* System parameters: every row of the list, limits, scopes, when they can be set, text in both forms. */
#include "api_test.h"

#include "api/api_private.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_plain_integer(const ese_api__param *row)
{
    switch (row->type) {
    case ESE_API__PARAM_INTEGER:
    case ESE_API__PARAM_INTEGER_NOT_ONE:
    case ESE_API__PARAM_TUPLE_LIMIT:
    case ESE_API__PARAM_POWER:
    case ESE_API__PARAM_BOOLEAN:
    case ESE_API__PARAM_FLAGS:
    case ESE_API__PARAM_POINTER: return true;
    default: return false;
    }
}

static void
check_limits(uint32_t id, const ese_api__param *row)
{
    JET_ERR err_beyond = row->type == ESE_API__PARAM_TUPLE_LIMIT ? JET_errIndexTuplesInvalidLimits
                                                                 : JET_errInvalidParameter;

    assert_int_equal(get_integer(0, id), row->initial);
    assert_ok(set_integer(NULL, id, row->min));
    assert_int_equal(get_integer(0, id), row->min);
    assert_ok(set_integer(NULL, id, row->max));
    assert_int_equal(get_integer(0, id), row->max);
    if (row->type == ESE_API__PARAM_BOOLEAN) {
        assert_ok(set_integer(NULL, id, 0));
        assert_ok(set_integer(NULL, id, 77)); /* anything but 0 is true */
        assert_int_equal(get_integer(0, id), 1);
    } else {
        if (row->max != UINT64_MAX)
            assert_int_equal(set_integer(NULL, id, row->max + 1), err_beyond);
        if (row->min != 0)
            assert_int_equal(set_integer(NULL, id, row->min - 1), err_beyond);
        assert_int_equal(get_integer(0, id), row->max); /* a refused value changes nothing */
    }
    assert_ok(set_integer(NULL, id, row->initial));
}

static void
test_param_list__has_defaults_and_limits_that_hold(void **state)
{
    unsigned n = 0;

    (void)state;
    for (uint32_t id = 0; id <= JET_paramMaxValueInvalid; id++) {
        const ese_api__param *row = ese_api__param_find(id);
        JET_API_PTR value = 0;

        if (row == NULL) {
            assert_int_equal(set_integer(NULL, id, 0), JET_errInvalidParameter);
            assert_int_equal(JetGetSystemParameterA(0, 0, id, &value, NULL, 0),
                             JET_errInvalidParameter);
            continue;
        }
        n++;
        if (is_plain_integer(row))
            check_limits(id, row);
        if (row->when == ESE_API__NEVER)
            assert_int_equal(set_integer(NULL, id, row->initial), JET_errInvalidParameter);
    }
    assert_int_equal(n, 126);
}

/* A value in range that differs from `value`. */
static uint64_t
another_value(const ese_api__param *row, uint64_t value)
{
    return value != row->max ? row->max : row->min;
}

static void
check_time(JET_INSTANCE instance, uint32_t id, ese_api__param_when latest)
{
    const ese_api__param *row = ese_api__param_find(id);
    bool is_settable = row->when >= latest;
    uint64_t value = get_integer(instance, id);

    assert_ok(set_integer(&instance, id, value)); /* what it is already is always fine */
    assert_int_equal(set_integer(&instance, id, another_value(row, value)),
                     is_settable ? JET_errSuccess : JET_errAlreadyInitialized);
    assert_ok(set_integer(&instance, id, value));
}

static void
test_param_set__is_possible_until_the_documented_moment(void **state)
{
    JET_INSTANCE instance = created("a");

    (void)state;
    for (uint32_t id = 0; id < JET_paramMaxValueInvalid; id++) {
        if (ese_api__param_find(id) != NULL && is_plain_integer(ese_api__param_find(id)))
            check_time(instance, id, ESE_API__BEFORE_INIT);
    }
    assert_ok(JetInit(&instance));
    for (uint32_t id = 0; id < JET_paramMaxValueInvalid; id++) {
        if (ese_api__param_find(id) != NULL && is_plain_integer(ese_api__param_find(id)))
            check_time(instance, id, ESE_API__ALWAYS);
    }
    assert_int_equal(set_text(&instance, JET_paramBaseName, "xyz"), JET_errAlreadyInitialized);
    assert_ok(set_text(&instance, JET_paramBaseName, "edb"));
    assert_ok(JetTerm(instance));
}

static void
test_param_scope__instances_copy_what_is_set_before_them(void **state)
{
    JET_INSTANCE a, b;

    (void)state;
    assert_ok(set_integer(NULL, JET_paramMaxSessions, 21));
    assert_ok(set_text(NULL, JET_paramEventSource, "source"));
    a = created("a");
    assert_ok(set_integer(NULL, JET_paramMaxSessions, 22));
    b = created("b");
    assert_int_equal(get_integer(a, JET_paramMaxSessions), 21);
    assert_int_equal(get_integer(b, JET_paramMaxSessions), 22);
    assert_ok(set_integer(&a, JET_paramMaxSessions, 5));
    assert_int_equal(get_integer(0, JET_paramMaxSessions), 22);
    assert_ok(set_integer(&a, JET_paramOSSnapshotTimeout, 1000)); /* one of the process */
    assert_int_equal(get_integer(b, JET_paramOSSnapshotTimeout), 1000);
    assert_ok(set_integer(NULL, JET_paramOSSnapshotTimeout, 70000));
    assert_ok(set_integer(NULL, JET_paramMaxSessions, 16));
    assert_ok(set_text(NULL, JET_paramEventSource, ""));
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
}

static JET_API_PTR
commit_default(JET_INSTANCE instance, JET_SESID session)
{
    JET_API_PTR value = 77;

    assert_ok(JetGetSystemParameterA(instance, session, JET_paramCommitDefault, &value, NULL, 0));
    return value;
}

static void
test_param_scope__a_session_can_have_its_own_commit_default(void **state)
{
    JET_INSTANCE instance = started("a");
    JET_SESID session = begun(instance), other = 0;

    (void)state;
    assert_ok(JetSetSystemParameterA(&instance, session, JET_paramCommitDefault,
                                     JET_bitCommitLazyFlush, NULL));
    assert_int_equal(commit_default(instance, JET_sesidNil), 0);
    assert_int_equal(commit_default(instance, session), JET_bitCommitLazyFlush);
    assert_int_equal(commit_default(0, session), JET_bitCommitLazyFlush);
    assert_ok(JetSetSystemParameterA(NULL, session, JET_paramCommitDefault, 0, NULL));
    assert_int_equal(JetSetSystemParameterA(NULL, session, JET_paramCommitDefault, 0x4000, NULL),
                     JET_errInvalidParameter);
    assert_ok(set_integer(&instance, JET_paramCommitDefault, JET_bitCommitLazyFlush));
    assert_int_equal(commit_default(instance, session), 0);
    assert_ok(JetDupSession(session, &other));
    assert_int_equal(commit_default(instance, other), JET_bitCommitLazyFlush);
    assert_ok(JetSetSystemParameterA(&instance, session, JET_paramWaitLogFlush, 5, NULL));
    assert_int_equal(get_integer(instance, JET_paramWaitLogFlush), 0);
    assert_int_equal(JetSetSystemParameterA(&instance, 0x77, JET_paramWaitLogFlush, 5, NULL),
                     JET_errInvalidSesid);
    assert_ok(JetTerm(instance));
}

static void
test_param_text__needs_room_with_the_terminator(void **state)
{
    char narrow[8] = "";
    WCHAR wide[8] = u"";

    (void)state;
    assert_int_equal(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, NULL, 8),
                     JET_errInvalidParameter);
    assert_int_equal(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, narrow, 0),
                     JET_errInvalidParameter);
    assert_int_equal(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, narrow, 3),
                     JET_errBufferTooSmall);
    assert_ok(JetGetSystemParameterA(0, 0, JET_paramBaseName, NULL, narrow, 4));
    assert_string_equal(narrow, "edb");
    assert_int_equal(JetGetSystemParameterW(0, 0, JET_paramBaseName, NULL, wide, 7),
                     JET_errBufferTooSmall);
    assert_ok(JetGetSystemParameterW(0, 0, JET_paramBaseName, NULL, wide, 8));
    assert_memory_equal(wide, u"edb", sizeof u"edb");
}

static void
expect_text(uint32_t id, const char *set, const char *expected)
{
    char found[600];

    assert_ok(set_text(NULL, id, set));
    assert_ok(JetGetSystemParameterA(0, 0, id, NULL, found, sizeof found));
    assert_string_equal(found, expected);
}

static void
test_param_text__is_limited_in_characters(void **state)
{
    char text[600] = "";

    (void)state;
    for (int i = 0; i < 259; i++)
        memcpy(text + 2 * i, "\xc3\xb6", 2); /* two bytes, one character */
    expect_text(JET_paramEventSource, text, text);
    text[2 * 259] = 'x';
    assert_int_equal(set_text(NULL, JET_paramEventSource, text), JET_errInvalidParameter);
    assert_int_equal(set_text(NULL, JET_paramEventSource, "\xff"), JET_errUnicodeTranslationFail);
    expect_text(JET_paramEventSource, NULL, "");
    assert_int_equal(set_text(NULL, JET_paramBaseName, "ab"), JET_errInvalidParameter);
    assert_int_equal(set_text(NULL, JET_paramBaseName, "abcd"), JET_errInvalidParameter);
    assert_int_equal(set_text(NULL, JET_paramBaseName, NULL), JET_errInvalidParameter);
    expect_text(JET_paramBaseName, "a/b", "a/b");
    expect_text(JET_paramBaseName, "edb", "edb");
    expect_text(JET_paramRecovery, "maybe", "maybe");
    expect_text(JET_paramRecovery, "on", "on");
}

static void
test_param_text__of_a_folder_ends_with_a_separator(void **state)
{
    (void)state;
    expect_text(JET_paramSystemPath, "sub", "sub/");
    expect_text(JET_paramSystemPath, "sub/", "sub/");
    expect_text(JET_paramSystemPath, "", "");
    expect_text(JET_paramSystemPath, ".", "./");
    expect_text(JET_paramTempPath, "sub", "sub");
    expect_text(JET_paramTempPath, "tmp.edb", "tmp.edb");
}

static void
test_param_special__unicode_index_and_error_text(void **state)
{
    JET_UNICODEINDEX index = {.lcid = 1031, .dwMapFlags = 0x30403}, found = {0};
    JET_API_PTR code = (JET_API_PTR)(int64_t)JET_errWriteConflict;
    char text[200];

    (void)state;
    assert_ok(JetGetSystemParameterA(0, 0, JET_paramUnicodeIndexDefault, NULL, (char *)&found,
                                     sizeof found));
    assert_int_equal(found.lcid, 1033);
    assert_int_equal(found.dwMapFlags, 0x30401);
    assert_ok(set_integer(NULL, JET_paramUnicodeIndexDefault, (JET_API_PTR)(uintptr_t)&index));
    assert_ok(JetGetSystemParameterA(0, 0, JET_paramUnicodeIndexDefault, NULL, (char *)&index,
                                     sizeof index));
    assert_int_equal(index.lcid, 1031);
    assert_int_equal(index.dwMapFlags, 0x30403);
    assert_ok(set_integer(NULL, JET_paramUnicodeIndexDefault, (JET_API_PTR)(uintptr_t)&found));
    assert_int_equal(set_integer(NULL, JET_paramUnicodeIndexDefault, 0), JET_errInvalidParameter);
    assert_int_equal(JetGetSystemParameterA(0, 0, JET_paramUnicodeIndexDefault, NULL, text, 4),
                     JET_errBufferTooSmall);

    assert_ok(JetGetSystemParameterA(0, 0, JET_paramErrorToString, &code, text, sizeof text));
    assert_int_equal(strncmp(text, "JET_errWriteConflict, ", 22), 0);
    code = 12345678;
    assert_int_equal(JetGetSystemParameterA(0, 0, JET_paramErrorToString, &code, text, sizeof text),
                     JET_errInvalidParameter);
}

static void
test_param_page_size__of_one_instance_leaves_that_of_the_process(void **state)
{
    JET_INSTANCE instance = JET_instanceNil;

    (void)state;
    assert_ok(JetCreateInstanceA(&instance, "pages"));
    assert_int_equal(ese_set_page_size(instance, 5000), JET_errInvalidParameter);
    assert_int_equal(ese_set_page_size(JET_instanceNil, 8192), JET_errInvalidInstance);
    assert_int_equal(ese_set_page_size(instance + 12345, 8192), JET_errInvalidInstance);
    assert_ok(ese_set_page_size(instance, 8192));
    assert_int_equal(get_integer(0, JET_paramDatabasePageSize), 4096);
    assert_ok(set_text(&instance, JET_paramRecovery, "off"));
    assert_ok(JetInit(&instance));
    assert_int_equal(ese_set_page_size(instance, 4096), JET_errAlreadyInitialized);
    assert_ok(ese_set_page_size(instance, 8192));
    assert_ok(JetTerm(instance));
}

static void
test_param_computed__follows_the_page_size(void **state)
{
    static const struct {
        uint32_t page_size, key_most, chunk_most;
    } cases[] = {{2048, 500, 1966},
                 {4096, 1000, 4014},
                 {8192, 2000, 8110},
                 {16384, 2000, 4050},
                 {32768, 2000, 8150}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(set_integer(NULL, JET_paramDatabasePageSize, cases[i].page_size));
        assert_int_equal(get_integer(0, JET_paramKeyMost), cases[i].key_most);
        assert_int_equal(get_integer(0, JET_paramLVChunkSizeMost), cases[i].chunk_most);
    }
    assert_int_equal(set_integer(NULL, JET_paramDatabasePageSize, 5000), JET_errInvalidParameter);
    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, 4096));
    assert_int_equal(get_integer(0, JET_paramMaxColtyp), JET_coltypUnsignedShort + 1);
    assert_int_equal(set_integer(NULL, JET_paramBatchIOBufferMax, 1), JET_errInvalidParameter);
}

static void
test_param_cache_size__bounds_the_cache(void **state)
{
    JET_INSTANCE instance = created("a");

    (void)state;
    assert_int_equal(get_integer(instance, JET_paramCacheSize), 0);
    assert_ok(set_integer(&instance, JET_paramCacheSizeMax, 100));
    assert_ok(JetInit(&instance));
    assert_int_equal(get_integer(instance, JET_paramCacheSize), 0); /* nothing was read */
    assert_ok(set_integer(&instance, JET_paramCacheSizeMax, 50));
    assert_ok(JetTerm(instance));
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, 2000000000));
}

static void
test_param_multi__sets_entries_up_to_the_first_bad_one(void **state)
{
    JET_SETSYSPARAM_A entries[] = {
        {.paramid = JET_paramMaxSessions, .lParam = 33, .err = 7},
        {.paramid = JET_paramBaseName, .sz = "mul", .err = 7},
        {.paramid = JET_paramMaxVerPages, .lParam = 0, .err = 7},
        {.paramid = JET_paramMaxCursors, .lParam = 5, .err = 7},
    };
    JET_SETSYSPARAM_W wide[] = {
        {.paramid = JET_paramBaseName, .sz = u"edb", .err = 7},
        {.paramid = JET_paramMaxSessions, .lParam = 16, .sz = u"ignored", .err = 7},
    };
    JET_INSTANCE instance;
    uint32_t n = 77;

    (void)state;
    assert_int_equal(JetEnableMultiInstanceA(NULL, 1, &n), JET_errInvalidParameter);
    assert_int_equal(JetEnableMultiInstanceA(entries, 4, &n), JET_errInvalidParameter);
    assert_int_equal(n, 2);
    assert_ok(entries[0].err);
    assert_ok(entries[1].err);
    assert_int_equal(entries[2].err, JET_errInvalidParameter);
    assert_int_equal(entries[3].err, 7);
    instance = created("a");
    assert_int_equal(get_integer(instance, JET_paramMaxSessions), 33);
    assert_int_equal(JetEnableMultiInstanceA(entries, 1, NULL), JET_errSystemParameterConflict);
    assert_ok(JetEnableMultiInstanceA(NULL, 0, NULL));
    assert_ok(JetTerm(instance));

    assert_ok(JetEnableMultiInstanceW(wide, 2, &n));
    assert_int_equal(n, 2);
    assert_ok(wide[0].err);
    assert_int_equal(JetEnableMultiInstanceA(NULL, 0, NULL), JET_errSystemParamsAlreadySet);
    assert_int_equal(JetEnableMultiInstanceW(wide, 2, &n), JET_errSystemParameterConflict);
    assert_int_equal(n, 0);
    instance = created("a");
    assert_int_equal(get_integer(instance, JET_paramMaxSessions), 16);
    assert_ok(JetTerm(instance));
}

/* ---- Against the documentation, where it is at hand --------------------------------------------------- */

static uint32_t
find_by_name(const char *name)
{
    for (uint32_t id = 0; id < JET_paramMaxValueInvalid; id++) {
        const ese_api__param *row = ese_api__param_find(id);

        if (row != NULL && strcmp(row->name, name) == 0)
            return id;
    }
    return JET_paramMaxValueInvalid;
}

/* A line is: name, number, group, default, type, range, ... separated by tabs. */
static void
compare_line(char *line)
{
    char *fields[5] = {line};
    char *rest = NULL;
    uint32_t id;

    for (int i = 1; i < 5; i++) {
        fields[i] = strchr(fields[i - 1], '\t');
        assert_non_null(fields[i]);
        *fields[i]++ = '\0';
    }
    id = find_by_name(fields[0]);
    assert_int_equal(id, strtoul(fields[1], NULL, 10));
    if (strncmp(fields[4], "Integer\t", 8) == 0) {
        uint64_t initial = strtoull(fields[3], &rest, 10);

        if (rest != fields[3] && *rest == '\0') /* one value for all releases */
            assert_int_equal(ese_api__param_find(id)->initial, initial);
    }
}

static void
test_param_list__agrees_with_the_documentation(void **state)
{
    const char *shared = getenv("ESE_SHARED");
    char path[512];
    char line[2048];
    FILE *file;
    unsigned n = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/api/sysparams.tsv",
             shared != NULL ? shared : ESE_TEST_SOURCE_DIR "/../shared");
    file = fopen(path, "r");
    if (file == NULL) {
        print_message("skipped: the reference tables are not here (set ESE_SHARED)\n");
        skip();
    }
    assert_non_null(fgets(line, sizeof line, file)); /* the heading */
    while (fgets(line, sizeof line, file) != NULL) {
        compare_line(line);
        n++;
    }
    fclose(file);
    assert_true(n > 80);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_param_list__has_defaults_and_limits_that_hold),
        API_TEST(test_param_set__is_possible_until_the_documented_moment),
        API_TEST(test_param_scope__instances_copy_what_is_set_before_them),
        API_TEST(test_param_scope__a_session_can_have_its_own_commit_default),
        API_TEST(test_param_text__needs_room_with_the_terminator),
        API_TEST(test_param_text__is_limited_in_characters),
        API_TEST(test_param_text__of_a_folder_ends_with_a_separator),
        API_TEST(test_param_special__unicode_index_and_error_text),
        API_TEST(test_param_page_size__of_one_instance_leaves_that_of_the_process),
        API_TEST(test_param_computed__follows_the_page_size),
        API_TEST(test_param_cache_size__bounds_the_cache),
        API_TEST(test_param_multi__sets_entries_up_to_the_first_bad_one),
        API_TEST(test_param_list__agrees_with_the_documentation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
