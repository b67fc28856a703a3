/* Recovery without an instance: ese_recover, with crashed databases of the corpus. */
#define _XOPEN_SOURCE 700

#include "api_test.h"

#include "../recovery/recovery_corpus.h"

#include <unistd.h>

typedef struct calls {
    unsigned n;
    unsigned last; /* the call that answers with an error; 0: none */
} calls;

static JET_ERR
count(void *context, const char *phase, uint64_t done, uint64_t total)
{
    calls *c = context;

    assert_true(phase != NULL && done <= total);
    return ++c->n == c->last ? JET_errOutOfMemory : JET_errSuccess;
}

static bool
exists(const char *folder, const char *name)
{
    char path[2 * LOG_CORPUS_PATH];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static JET_ERR
open_read_only(const char *folder, const char *name)
{
    JET_INSTANCE instance = started("reader");
    JET_SESID session = begun(instance);
    char path[2 * LOG_CORPUS_PATH];
    JET_ERR err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    err = JetAttachDatabaseA(session, path, ESE_bitDbReader | JET_bitDbReadOnly);
    assert_ok(JetTerm(instance));
    return err;
}

static void
unpack_or_skip(const char *name, char *folder)
{
    if (!recovery_corpus_unpack(name, folder)) {
        print_message("no corpus: skipped\n");
        skip();
    }
}

static void
test_api_recover__makes_a_clean_copy_and_tells_what_was_done(void **state)
{
    char folder[LOG_CORPUS_PATH];
    calls c = {0};
    ese_recover_options options = {.source = folder, .progress = count, .context = &c};
    ese_recover_report *report = NULL;

    (void)state;
    unpack_or_skip("crash-04k-durable", folder);
    assert_int_equal(open_read_only(folder, "data.edb"), JET_errDatabaseDirtyShutdown);
    assert_ok(ese_recover(&options, &report));
    assert_non_null(report);
    assert_int_equal(report->n_databases, 1);
    assert_int_equal(report->databases[0].outcome, ESE_recoverDone);
    assert_true(report->first > 0 && report->last > report->first);
    assert_true(report->n_records > 0 && report->log_bytes > 0 && c.n > 0);
    assert_non_null(strstr(report->databases[0].result, "/recovered/data.edb"));
    assert_int_equal(open_read_only(folder, "recovered/data.edb"), JET_errSuccess);
    assert_int_equal(open_read_only(folder, "data.edb"), JET_errDatabaseDirtyShutdown);
    ese_recover_free(&report);
    assert_null(report);
    ese_recover_free(&report);
    recovery_corpus_remove(folder);
}

static void
test_api_recover__takes_a_database_and_a_target_and_no_report(void **state)
{
    char folder[LOG_CORPUS_PATH], database[2 * LOG_CORPUS_PATH], target[2 * LOG_CORPUS_PATH];
    ese_recover_options options = {.source = database, .target = target};

    (void)state;
    unpack_or_skip("crash-04k-lazy", folder);
    snprintf(database, sizeof database, "%s/data.edb", folder);
    snprintf(target, sizeof target, "%s/a/b", folder);
    assert_ok(ese_recover(&options, NULL));
    assert_int_equal(open_read_only(target, "data.edb"), JET_errSuccess);
    recovery_corpus_remove(folder);
}

static void
test_api_recover__works_in_place_when_told(void **state)
{
    char folder[LOG_CORPUS_PATH];
    ese_recover_options options = {.source = folder, .grbit = ESE_bitRecoverInPlace};

    (void)state;
    unpack_or_skip("crash-04k-lazy", folder);
    assert_ok(ese_recover(&options, NULL));
    assert_int_equal(open_read_only(folder, "data.edb"), JET_errSuccess);
    assert_false(exists(folder, "recovered"));
    recovery_corpus_remove(folder);
}

static void
test_api_recover__ends_when_progress_says_so_and_leaves_nothing(void **state)
{
    char folder[LOG_CORPUS_PATH];
    calls c = {.last = 1};
    ese_recover_options options = {.source = folder, .progress = count, .context = &c};
    ese_recover_report *report = NULL;

    (void)state;
    unpack_or_skip("crash-04k-durable", folder);
    assert_int_equal(ese_recover(&options, &report), JET_errTermInProgress);
    assert_int_equal(c.n, 1);
    assert_non_null(report);
    assert_null(report->databases[0].result);
    assert_false(exists(folder, "recovered/data.edb"));
    assert_false(exists(folder, "recovered/data.edb.recovering"));
    ese_recover_free(&report);
    recovery_corpus_remove(folder);
}

static void
test_api_recover__tells_which_generations_are_missing(void **state)
{
    char folder[LOG_CORPUS_PATH];
    ese_recover_options options = {.source = folder};
    ese_recover_report *report = NULL;
    JET_ERR err;

    (void)state;
    unpack_or_skip("dmg-missing-current", folder);
    err = ese_recover(&options, &report);
    assert_true(err == JET_errRequiredLogFilesMissing || err == JET_errCommittedLogFilesMissing ||
                err == JET_errMissingLogFile);
    assert_non_null(report);
    assert_true(report->missing_from > 0 && report->missing_to >= report->missing_from);
    ese_recover_free(&report);
    recovery_corpus_remove(folder);
}

static void
test_api_recover__refuses_options_that_mean_nothing(void **state)
{
    const ese_recover_map map = {"a", NULL};
    const ese_recover_options wrong[] = {
        {.source = NULL},
        {.source = ""},
        {.source = "/tmp", .grbit = ESE_bitRecoverInPlace, .target = "/tmp/x"},
        {.source = "/tmp", .n_maps = 1},
        {.source = "/tmp", .n_maps = 1, .maps = &map},
    };
    ese_recover_options unknown = {.source = "/tmp", .grbit = 0x80000000u};
    ese_recover_report *report = NULL;

    (void)state;
    assert_int_equal(ese_recover(NULL, &report), JET_errInvalidParameter);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(ese_recover(&wrong[i], &report), JET_errInvalidParameter);
    assert_int_equal(ese_recover(&unknown, &report), JET_errInvalidGrbit);
    assert_null(report);
}

static void
test_api_recover__copes_with_memory_that_runs_out(void **state)
{
    char folder[LOG_CORPUS_PATH];
    const ese_recover_map map = {"nowhere.edb", "/nowhere"};
    ese_recover_options options = {.source = folder, .maps = &map, .n_maps = 1};
    JET_ERR err = JET_errOutOfMemory;

    (void)state;
    unpack_or_skip("crash-04k-open", folder);
    for (uint64_t nth = 1; err == JET_errOutOfMemory; nth += nth < 16 ? 1 : 97) {
        ese_recover_report *report = NULL;

        assert_ok(ese_fault_arm(ESE_faultAlloc, nth, 0));
        err = ese_recover(&options, &report);
        assert_ok(ese_fault_arm(ESE_faultAlloc, 0, 0));
        ese_recover_free(&report);
    }
    assert_ok(err);
    recovery_corpus_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {

        API_TEST(test_api_recover__makes_a_clean_copy_and_tells_what_was_done),
        API_TEST(test_api_recover__takes_a_database_and_a_target_and_no_report),
        API_TEST(test_api_recover__works_in_place_when_told),
        API_TEST(test_api_recover__ends_when_progress_says_so_and_leaves_nothing),
        API_TEST(test_api_recover__tells_which_generations_are_missing),
        API_TEST(test_api_recover__refuses_options_that_mean_nothing),
        API_TEST(test_api_recover__copes_with_memory_that_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
