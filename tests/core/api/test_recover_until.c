/*
 * Recovery that ends before the log does: databases become as they were at a position or at a time, whatever was committed later, and nobody gets a database that is half there and half later.
 */
#define _XOPEN_SOURCE 700

#include "log_test.h"
#include "test_replay.h"

#include <sys/stat.h>

enum { STEPS = 8, ROWS = 40, FIRST = 20, SMALL_CACHE = 64, MANY = 1000 };

static const char name[] = "rows.edb";

/* A shop with a copy of its database from before all steps. */
typedef struct story {
    shop s;
    shelf f;
    char older[60], made[60];
    uint64_t positions[STEPS]; /* behind each step */
} story;

static void
remove_folder(const char *folder)
{
    shop s = {0};

    (void)snprintf(s.folder, sizeof s.folder, "%s", folder);
    if (access(folder, F_OK) == 0)
        shop_destroy(&s);
}

static uint64_t
commit(shop *s)
{
    JET_COMMIT_ID id = {0};

    assert_ok(JetCommitTransaction2(s->sesid, 0, 0, &id));
    return (uint64_t)id.commitId;
}

static uint64_t
step(story *t, int32_t first, int32_t n)
{
    assert_ok(JetBeginTransaction(t->s.sesid));
    for (int32_t i = 0; i < n; i++)
        assert_ok(shelf_insert(&t->s, &t->f, first + i));
    return commit(&t->s);
}

static void
begin_story(story *t, JET_API_PTR cache_pages)
{
    char path[100];

    shop_make(&t->s);
    (void)snprintf(t->older, sizeof t->older, "%.50s-older", t->s.folder);
    (void)snprintf(t->made, sizeof t->made, "%.50s-made", t->s.folder);
    assert_int_equal(mkdir(t->older, 0777), 0);
    assert_ok(shop_open(&t->s));
    assert_ok(shelf_create(&t->s, name, &t->f));
    assert_ok(shelf_fill(&t->s, &t->f, 0, FIRST));
    assert_ok(shop_close(&t->s));
    (void)snprintf(path, sizeof path, "%s/%s", t->older, name);
    test_copy_file(in_shop(&t->s, name), path);
    assert_ok(shop_create(&t->s));
    if (cache_pages != 0)
        assert_ok(set_integer(&t->s.instance, JET_paramCacheSizeMax, cache_pages));
    assert_ok(shop_open_with(&t->s, 0));
    assert_ok(shelf_open(&t->s, name, &t->f));
}

static void
end_story(story *t)
{
    shop_destroy(&t->s);
    remove_folder(t->older);
    remove_folder(t->made);
}

/* The steps, with a transaction beside them that never commits; then a crash. */
static void
tell_story(story *t)
{
    begin_story(t, 0);
    for (int32_t i = 0; i < STEPS; i++)
        t->positions[i] = step(t, FIRST + i * ROWS, ROWS);
    assert_ok(JetBeginTransaction(t->s.sesid));
    assert_ok(shelf_replace(&t->s, &t->f, 1, 0xee));
    shop_crash(&t->s);
}

static const char *
text_of(uint64_t position)
{
    static char text[40];

    (void)snprintf(text, sizeof text, "%x:%x:%x", (unsigned)(position >> 32),
                   (unsigned)(position >> 16 & 0xffff), (unsigned)(position & 0xffff));
    return text;
}

static JET_ERR
recover(const story *t, const char *source, const char *until, bool *has_stopped_out)
{
    const ese_recover_options options = {
        .source = source, .logs = t->s.folder, .target = t->made, .until = until};
    ese_recover_report *report = NULL;
    JET_ERR err;

    remove_folder(t->made);
    err = ese_recover(&options, &report);
    *has_stopped_out = report != NULL && report->has_stopped != 0;
    ese_recover_free(&report);
    return err;
}

/* Opens what was made, which is clean. */
static void
look(const story *t, shop *made, shelf *f)
{
    *made = (shop){0};
    (void)snprintf(made->folder, sizeof made->folder, "%s", t->made);
    assert_ok(JetCreateInstanceA(&made->instance, "made"));
    assert_ok(set_text(&made->instance, JET_paramRecovery, "off"));
    assert_ok(shop_open_with(made, 0));
    assert_ok(shelf_open(made, name, f));
}

static void
assert_made(const story *t, int32_t n)
{
    shop made;
    shelf f;

    look(t, &made, &f);
    assert_int_equal(shelf_count(&made, &f), n);
    assert_int_equal(shelf_look(&made, &f, 1), 1);
    assert_ok(shop_close(&made));
}

static void
test_api_recover_until__makes_the_database_as_it_was_at_each_commit(void **state)
{
    bool has_stopped = false;
    story t;

    (void)state;
    tell_story(&t);
    for (int32_t i = 0; i < STEPS; i++) {
        assert_ok(recover(&t, t.older, text_of(t.positions[i]), &has_stopped));
        assert_true(has_stopped);
        assert_made(&t, FIRST + (i + 1) * ROWS);
    }
    assert_ok(recover(&t, t.older, NULL, &has_stopped));
    assert_false(has_stopped);
    assert_made(&t, FIRST + STEPS * ROWS);
    end_story(&t);
}

/* A position within a transaction: none of it is there. */
static void
test_api_recover_until__takes_back_what_had_not_committed_there(void **state)
{
    bool has_stopped = false;
    story t;

    (void)state;
    tell_story(&t);
    for (int32_t i = 1; i < STEPS; i++) {
        uint64_t position = ((t.positions[i] >> 16) - 1) << 16 | 1; /* rows take some sectors */

        assert_ok(recover(&t, t.older, text_of(position), &has_stopped));
        assert_true(has_stopped);
        assert_made(&t, FIRST + i * ROWS);
    }
    end_story(&t);
}

static void
test_api_recover_until__takes_a_generation_as_all_of_it(void **state)
{
    bool has_stopped = false;
    char text[20];
    story t;
    int32_t n = 0;

    (void)state;
    tell_story(&t);
    while (n < STEPS && t.positions[n] >> 32 == t.positions[0] >> 32)
        n++;
    assert_in_range(n, 1, STEPS - 1); /* the log was rolled over */
    (void)snprintf(text, sizeof text, "%x", (unsigned)(t.positions[0] >> 32));
    assert_ok(recover(&t, t.older, text, &has_stopped));
    assert_true(has_stopped);
    assert_made(&t, FIRST + n * ROWS);
    (void)snprintf(text, sizeof text, "%x", (unsigned)(t.positions[STEPS - 1] >> 32) + 1);
    assert_int_equal(recover(&t, t.older, text, &has_stopped), JET_errMissingLogFile);
    end_story(&t);
}

static void
test_api_recover_until__ends_by_time(void **state)
{
    bool has_stopped = false;
    story t;

    (void)state;
    tell_story(&t);
    assert_ok(recover(&t, t.older, "2154-12-31 23:59:59.999", &has_stopped));
    assert_false(has_stopped);
    assert_made(&t, FIRST + STEPS * ROWS);
    assert_int_equal(recover(&t, t.older, "1980-01-01T00:00Z", &has_stopped),
                     JET_errMissingPreviousLogFile);
    end_story(&t);
}

static void
test_api_recover_until__refuses_a_database_that_was_closed_later(void **state)
{
    bool has_stopped = false;
    story t;

    (void)state;
    tell_story(&t);
    assert_int_equal(recover(&t, t.older, "1:2:0", &has_stopped), JET_errRequiredLogFilesMissing);
    end_story(&t);
}

/* With little memory: pages that have changed go to the file. */
static void
look_at_all(story *t)
{
    for (int32_t i = 0; i < MANY; i++)
        assert_true(shelf_look(&t->s, &t->f, i) >= 0);
}

/* Little memory: pages go to the file while the program runs. */
static void
test_api_recover_until__refuses_a_database_with_later_changes_in_it(void **state)
{
    bool has_stopped = false;
    uint64_t position;
    story t;

    (void)state;
    begin_story(&t, SMALL_CACHE);
    (void)step(&t, FIRST, MANY);
    position = step(&t, FIRST + MANY, 1);
    (void)step(&t, FIRST + MANY + 1, 1);
    look_at_all(&t);
    shop_crash(&t.s);
    assert_ok(recover(&t, t.older, text_of(position), &has_stopped));
    assert_made(&t, FIRST + MANY + 1);
    assert_int_equal(recover(&t, t.s.folder, text_of(position), &has_stopped),
                     JET_errRequiredLogFilesMissing);
    assert_ok(recover(&t, t.s.folder, NULL, &has_stopped));
    assert_made(&t, FIRST + MANY + 2);
    end_story(&t);
}

/* What a page was before stands in the log behind the place, when the page went to the file only later. */
static void
test_api_recover_until__takes_back_with_what_the_log_tells_later(void **state)
{
    bool has_stopped = false;
    uint64_t position;
    JET_SESID other;
    story t;

    (void)state;
    begin_story(&t, SMALL_CACHE);
    (void)step(&t, FIRST, MANY);
    assert_ok(JetDupSession(t.s.sesid, &other));
    {
        shop beside = t.s;
        shelf f = t.f;

        beside.sesid = other;
        assert_ok(JetOpenDatabaseA(other, in_shop(&t.s, name), NULL, &f.dbid, 0));
        assert_ok(JetOpenTableA(other, f.dbid, "rows", NULL, 0, 0, &f.tableid));
        assert_ok(JetBeginTransaction(other));
        assert_ok(shelf_replace(&beside, &f, 1, 0xee));
    }
    assert_ok(JetBeginTransaction(t.s.sesid));
    assert_ok(shelf_replace(&t.s, &t.f, MANY, 7));
    position = commit(&t.s);
    look_at_all(&t);
    shop_crash(&t.s);
    assert_ok(recover(&t, t.s.folder, text_of(position), &has_stopped));
    assert_true(has_stopped);
    assert_made(&t, FIRST + MANY);
    end_story(&t);
}

static void
fail_everywhere(const story *t, ese_fault_kind kind, JET_ERR failure)
{
    char source[128];
    JET_ERR err = failure;

    (void)snprintf(source, sizeof source, "%s/%s", t->s.folder, name);
    for (uint64_t nth = 1; err == failure; nth += nth < 16 ? 1 : 7) {
        const ese_recover_options options = {.source = source,
                                             .logs = t->s.folder,
                                             .target = t->made,
                                             .until = text_of(t->positions[0])};

        remove_folder(t->made);
        assert_ok(ese_fault_arm(kind, nth, 0));
        err = ese_recover(&options, NULL);
        assert_ok(ese_fault_arm(kind, 0, 0));
        assert_true(err == failure || err == JET_errSuccess);
    }
}

/* What lies behind the place is read, and so is every page. */
static void
test_api_recover_until__copes_with_memory_and_reads_that_fail(void **state)
{
    story t;

    (void)state;
    begin_story(&t, SMALL_CACHE);
    (void)step(&t, FIRST, MANY);
    t.positions[0] = step(&t, FIRST + MANY, 1);
    look_at_all(&t);
    shop_crash(&t.s);
    fail_everywhere(&t, ESE_faultAlloc, JET_errOutOfMemory);
    fail_everywhere(&t, ESE_faultRead, JET_errDiskIO);
    assert_made(&t, FIRST + MANY + 1);
    end_story(&t);
}

static void
test_api_recover_until__refuses_places_that_are_none(void **state)
{
    static const char *const wrong[] = {"",           "0",          "x",
                                        "1:",         "1:2:3:4",    "1:10000",
                                        "2000",       "2000-1-1x",  "2000-13-01",
                                        "2000-01-00", "1899-01-01", "2000-01-01 24:00",
                                        "-1",         "80000000",   "2000-01-01 10:00:00.12"};
    const story t = {.s = {.folder = "/nowhere"}, .made = ESE_TEST_FOLDER "/ese-never-made"};
    const ese_recover_options in_place = {
        .source = "/nowhere", .until = "1", .grbit = ESE_bitRecoverInPlace};
    bool has_stopped = false;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (strcmp(wrong[i], "2000") != 0) /* a generation */
            assert_int_equal(recover(&t, "/nowhere", wrong[i], &has_stopped),
                             JET_errInvalidParameter);
    }
    assert_int_equal(ese_recover(&in_place, NULL), JET_errInvalidParameter);
}

/* ---- JetInit3 */

static JET_ERR
init_until(story *t, const JET_LGPOS *lgpos, JET_API_PTR deletes)
{
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .lgposStop = *lgpos};
    JET_ERR err;

    assert_ok(shop_create(&t->s));
    assert_ok(set_integer(&t->s.instance, JET_paramDeleteOutOfRangeLogs, deletes));
    err = JetInit3A(&t->s.instance, &info, 0);
    if (err >= JET_errSuccess)
        assert_ok(JetBeginSessionA(t->s.instance, &t->s.sesid, NULL, NULL));
    return err;
}

static JET_LGPOS
lgpos_of(uint64_t position)
{
    return (JET_LGPOS){(uint16_t)position, (uint16_t)(position >> 16), (int32_t)(position >> 32)};
}

static void
test_api_recover_until__jet_init_stops_without_undo_and_can_go_on(void **state)
{
    const JET_LGPOS nowhere = {.ib = UINT16_MAX, .isec = UINT16_MAX, .lGeneration = INT32_MAX};
    const JET_LGPOS no_generation = {.ib = 1};
    JET_LGPOS at;
    story t;

    (void)state;
    tell_story(&t);
    at = lgpos_of(t.positions[2]);
    assert_int_equal(init_until(&t, &no_generation, 0), JET_errInvalidParameter);
    assert_ok(JetTerm(t.s.instance)); /* it was not begun */
    assert_int_equal(init_until(&t, &at, 1), JET_errInvalidParameter);
    assert_int_equal(init_until(&t, &at, 0), JET_errRecoveredWithoutUndo);
    assert_int_equal(shop_header(&t.s, name).dbstate, JET_dbstateDirtyShutdown);
    at = (JET_LGPOS){.lGeneration = at.lGeneration + 40};
    assert_int_equal(init_until(&t, &at, 0), JET_errMissingLogFile);
    assert_int_equal(init_until(&t, &nowhere, 0), JET_errSuccess);
    assert_ok(shelf_open(&t.s, name, &t.f));
    assert_int_equal(shelf_count(&t.s, &t.f), FIRST + STEPS * ROWS);
    assert_ok(shop_close(&t.s));
    end_story(&t);
}

static void
test_api_recover_until__jet_init_of_clean_logs_has_nothing_to_take_back(void **state)
{
    story t;

    (void)state;
    begin_story(&t, 0);
    assert_ok(shop_close(&t.s));
    assert_ok(shop_create(&t.s));
    assert_int_equal(JetInit2(&t.s.instance, JET_bitRecoveryWithoutUndo),
                     JET_errRecoveredWithoutUndoDatabasesConsistent);
    assert_ok(shop_open(&t.s));
    assert_ok(shop_close(&t.s));
    end_story(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_recover_until__makes_the_database_as_it_was_at_each_commit),
        API_TEST(test_api_recover_until__takes_back_what_had_not_committed_there),
        API_TEST(test_api_recover_until__takes_a_generation_as_all_of_it),
        API_TEST(test_api_recover_until__ends_by_time),
        API_TEST(test_api_recover_until__refuses_a_database_that_was_closed_later),
        API_TEST(test_api_recover_until__refuses_a_database_with_later_changes_in_it),
        API_TEST(test_api_recover_until__takes_back_with_what_the_log_tells_later),
        API_TEST(test_api_recover_until__copes_with_memory_and_reads_that_fail),
        API_TEST(test_api_recover_until__refuses_places_that_are_none),
        API_TEST(test_api_recover_until__jet_init_stops_without_undo_and_can_go_on),
        API_TEST(test_api_recover_until__jet_init_of_clean_logs_has_nothing_to_take_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
