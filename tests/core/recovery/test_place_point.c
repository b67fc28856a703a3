/*
 * Recovery in place that ends early does not begin at the start again: with logs of many generations, and a transaction that is open in the middle of them. Killed anywhere, it comes
 * out the same.
 */
#define _XOPEN_SOURCE 700

#include "../api/log_test.h"
#include "recovery_corpus.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "recovery/recovery.h"

enum {
    ROWS = 2400,
    EACH = 100, /* rows of a transaction */
    OPEN_AT = 1200,
    OPEN_ROWS = 10,
    DEPTH = 1 << 30,
    LOG_BYTES = LOG_KIB * 1024,
    SMALL_CACHE = 256 << 10,
    NAMES = 1,
    PAGE_SIZE = 4096,
    OTHER = 99, /* payload of what does not commit */
};

static shop s;
static char pristine[sizeof s.folder];

static void
shell_copy(const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    recovery_corpus_shell(command);
}

/* ---- starting */

static bool
is_before_undo(void *self, const char *phase, uint64_t done, uint64_t total)
{
    (void)self;
    (void)done;
    (void)total;
    return strcmp(phase, "undo") != 0;
}

static const ese_recovery_watcher until_undo = {NULL, is_before_undo};

/* What moves the start after each generation. */
static JET_ERR
run_start(const ese_recovery_watcher *watcher, ese_lgpos *from_out)
{
    const ese_recovery_options options = {.log_folder = s.folder,
                                          .base = "edb",
                                          .cache_bytes = SMALL_CACHE,
                                          .step_bytes = 1,
                                          .watcher = watcher};
    const ese_log_stream_options stream_options = {.folder = s.folder,
                                                   .system_folder = s.folder,
                                                   .base = "edb",
                                                   .file_size = LOG_BYTES,
                                                   .buffer_size = LOG_BYTES,
                                                   .page_size = PAGE_SIZE,
                                                   .names = NAMES};
    ese_recovery_report report;
    ese_log_stream *stream = NULL;
    JET_ERR err = ese_recovery_start(&options, &stream_options, &report, &stream);

    ese_log_stream_close(&stream);
    if (from_out != NULL)
        *from_out = report.start;
    ese_recovery_report_clear(&report);
    return err;
}

/* ---- what a crash left */

static void
open_deep(void)
{
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCheckpointDepthMax, DEPTH));
    assert_ok(shop_open_with(&s, 0));
}

/* Replaces some rows and deletes others, and leaves it at that. */
static void
leave_open(const shelf *f)
{
    shop other = s;
    shelf g = *f;

    assert_ok(JetBeginSessionA(s.instance, &other.sesid, NULL, NULL));
    assert_ok(JetOpenDatabaseA(other.sesid, in_shop(&s, "a.edb"), NULL, &g.dbid, 0));
    assert_ok(JetOpenTableA(other.sesid, g.dbid, "rows", NULL, 0, 0, &g.tableid));
    assert_ok(JetBeginTransaction(other.sesid));
    for (int32_t i = 0; i < OPEN_ROWS; i++) {
        assert_ok(shelf_replace(&other, &g, 10 * i, OTHER));
        assert_ok(shelf_seek(&other, &g, 10 * i + 1));
        assert_ok(JetDelete(other.sesid, g.tableid));
    }
}

static void
make_crash(bool has_open)
{
    shelf f = {0};

    shop_make(&s);
    open_deep();
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t i = 0; i < ROWS; i += EACH) {
        if (has_open && i == OPEN_AT)
            leave_open(&f);
        assert_ok(shelf_fill(&s, &f, i, EACH));
    }
    shop_crash(&s);
    assert_int_equal(shop_header(&s, "a.edb").cbPageSize, PAGE_SIZE);
    (void)snprintf(pristine, sizeof pristine, "%.50s-found", s.folder);
    shell_copy(s.folder, pristine);
}

static void
assert_right(void)
{
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), ROWS);
    for (int32_t i = 0; i < 10 * OPEN_ROWS; i++)
        assert_int_equal(shelf_look(&s, &f, i), (uint8_t)i);
    assert_ok(shop_close(&s));
}

static void
remove_all(void)
{
    shop_destroy(&s);
    memcpy(s.folder, pristine, sizeof s.folder);
    shop_destroy(&s);
}

/* ---- the tests */

static void
test_recovery_point__is_near_the_end_when_recovery_is_ended_there(void **state)
{
    ese_lgpos first, second;

    (void)state;
    make_crash(false);
    assert_int_equal(run_start(&until_undo, &first), JET_errTermInProgress);
    assert_int_equal(first.generation, 1);
    assert_int_equal(run_start(&until_undo, &second), JET_errTermInProgress);
    assert_true(second.generation > 4);
    assert_int_equal(run_start(NULL, &first), JET_errSuccess);
    assert_true(first.generation >= second.generation);
    assert_right();
    remove_all();
}

static void
test_recovery_point__stays_before_what_is_open(void **state)
{
    ese_lgpos first, second, third;

    (void)state;
    make_crash(true);
    assert_int_equal(run_start(&until_undo, &first), JET_errTermInProgress);
    assert_int_equal(run_start(&until_undo, &second), JET_errTermInProgress);
    assert_true(second.generation > first.generation);
    assert_int_equal(run_start(NULL, &third), JET_errSuccess);
    assert_true(ese_log_lgpos_number(third) == ese_log_lgpos_number(second)); /* that begin */
    assert_right();
    remove_all();
}

static void
kill_at_each(ese_fault fault)
{
    JET_ERR err = JET_errDiskIO;

    make_crash(true);
    for (uint64_t nth = 1; err < JET_errSuccess; nth += 1 + nth / 6) {
        int64_t live = ese_alloc_live();

        shell_copy(pristine, s.folder);
        ese_fault_set(fault, nth, true);
        err = run_start(NULL, NULL);
        ese_fault_set(fault, 0, false);
        assert_int_equal(ese_alloc_live(), live);
        assert_int_equal(run_start(NULL, NULL), JET_errSuccess);
        assert_right();
    }
    remove_all();
}

static void
test_recovery_point__moves_on_whatever_fails(void **state)
{
    (void)state;
    kill_at_each(ESE_FAULT_POINT_WRITE);
    kill_at_each(ESE_FAULT_POINT_SYNC);
    kill_at_each(ESE_FAULT_POINT_READ);
    kill_at_each(ESE_FAULT_POINT_OPEN);
    kill_at_each(ESE_FAULT_POINT_ALLOC);
}

/* The second database is clean before the logs begin that are left, so that only its file can tell of it. */
static void
test_recovery_point__waits_for_a_database_that_is_missing(void **state)
{
    char away[sizeof s.folder + 16];
    ese_lgpos first, second;
    shelf f = {0}, g = {0};

    (void)state;
    shop_make(&s);
    open_deep();
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_create(&s, "b.edb", &g));
    assert_ok(shop_close(&s));
    open_deep();
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_open(&s, "b.edb", &g));
    for (int32_t i = 0; i < ROWS; i += EACH) {
        assert_ok(shelf_fill(&s, &f, i, EACH));
        assert_ok(shelf_fill(&s, &g, i, EACH));
    }
    shop_crash(&s);
    (void)snprintf(away, sizeof away, "%s-b.edb", s.folder);
    assert_int_equal(rename(in_shop(&s, "b.edb"), away), 0);
    assert_int_equal(run_start(NULL, &first), JET_errAttachedDatabaseMismatch);
    assert_int_equal(rename(away, in_shop(&s, "b.edb")), 0);
    assert_int_equal(run_start(NULL, &second), JET_errSuccess);
    assert_true(ese_log_lgpos_number(first) == ese_log_lgpos_number(second));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "b.edb", &g));
    assert_int_equal(shelf_count(&s, &g), ROWS);
    assert_ok(shop_close(&s));
    shop_destroy(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_point__is_near_the_end_when_recovery_is_ended_there),
        cmocka_unit_test(test_recovery_point__stays_before_what_is_open),
        cmocka_unit_test(test_recovery_point__moves_on_whatever_fails),
        cmocka_unit_test(test_recovery_point__waits_for_a_database_that_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
