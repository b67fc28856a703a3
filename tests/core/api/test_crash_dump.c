/*
 * JetConfigureProcessForCrashDump, as the system tells it: /proc/self/smaps has a flag for memory that a dump leaves out. Without that file only the arguments are tested.
 */
#include "isolation_test.h"

#include <limits.h>
#include <string.h>

enum { N_ROWS = 20000 };

/* KiB that a dump leaves out; -1: the system does not tell. */
static long
left_out(void)
{
    char line[512];
    long sum = 0, size = 0;
    bool knows = false;
    FILE *file = fopen("/proc/self/smaps", "r");

    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Size:", 5) == 0)
            size = strtol(line + 5, NULL, 10);
        if (strncmp(line, "VmFlags:", 8) == 0) {
            knows = true;
            sum += strstr(line, " dd") != NULL ? size : 0;
        }
    }
    fclose(file);
    return knows ? sum : -1;
}

static void
fill(const user *u)
{
    for (int32_t i = 0; i < N_ROWS;) {
        begin(u);
        for (int32_t end = i + 500; i < end; i++)
            put(u, i, i);
        commit(u);
    }
}

/* Threads of the instance may be inside a cache: then it is asked again. */
static void
choose(JET_GRBIT grbit)
{
    JET_ERR err;

    do
        err = JetConfigureProcessForCrashDump(grbit);
    while (err == JET_errInternalError);
    assert_ok(err);
}

static void
expect_left_out(JET_GRBIT grbit, long low, long high)
{
    choose(grbit);
    assert_in_range(left_out(), low, high);
}

/* Pages of the database that are larger than those of memory: some of the latter lie within one, wherever allocators put it. */
static int
open_large(void **state)
{
    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, 32768));
    return open_pair(state);
}

static int
close_large(void **state)
{
    int result = close_pair(state);

    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, 4096));
    return result;
}

#define LARGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_large, close_large)

static void
test_api_crash_dump__pages_are_left_out_and_put_in_again(void **state)
{
    pair *p = *state;
    long before = left_out();

    if (before < 0)
        skip();
    fill(&p->a); /* well over 500 KiB of pages, all of them changed */
    expect_left_out(JET_bitDumpCacheMaximum, before, before);
    expect_left_out(JET_bitDumpCacheMinimum, before + 200, LONG_MAX);
    expect_left_out(JET_bitDumpMinimum | JET_bitDumpCacheIncludeCachedPages, before, before);
    expect_left_out(JET_bitDumpMinimum, before + 200, LONG_MAX);
    expect_left_out(JET_bitDumpMinimum | JET_bitDumpCacheNoDecommit, before, before);
    expect_left_out(JET_bitDumpCacheIncludeCorruptedPages, before + 200, LONG_MAX);
    expect_left_out(0, before + 200, LONG_MAX);
    assert_int_equal(get(&p->a, 777), 777); /* the process goes on */
    put(&p->a, N_ROWS, 5);
    expect_left_out(JET_bitDumpMaximum, before,
                    before + 100); /* but for pages that went meanwhile */
}

static void
test_api_crash_dump__changed_pages_can_stay(void **state)
{
    pair *p = *state;
    long all, before = left_out();

    if (before < 0)
        skip();
    fill(&p->a);
    choose(JET_bitDumpCacheMinimum);
    all = left_out();
    /* What a test before has left may be in use once more. */
    expect_left_out(JET_bitDumpCacheMinimum | JET_bitDumpCacheIncludeDirtyPages, 0, all - 100);
    expect_left_out(JET_bitDumpMaximum, 0, before);
}

static void
test_api_crash_dump__unknown_options_are_refused(void **state)
{
    (void)state;
    assert_int_equal(JetConfigureProcessForCrashDump(0x100), JET_errInvalidGrbit);
    assert_int_equal(JetConfigureProcessForCrashDump(0x80000000u | JET_bitDumpMinimum),
                     JET_errInvalidGrbit);
    assert_ok(JetConfigureProcessForCrashDump(0));
    assert_ok(JetConfigureProcessForCrashDump(JET_bitDumpMinimum)); /* without any instance */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LARGE_TEST(test_api_crash_dump__pages_are_left_out_and_put_in_again),
        LARGE_TEST(test_api_crash_dump__changed_pages_can_stay),
        API_TEST(test_api_crash_dump__unknown_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
