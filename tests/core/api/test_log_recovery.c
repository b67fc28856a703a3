/* What is there after an end that was none: everything that was committed, nothing that was not. */
#define _XOPEN_SOURCE 700 /* mkdtemp, kill */

#include "shop_fixture.h"

#include "api/api_database.h"

#include <signal.h>

/* ---- an end that leaves databases dirty */

static void
test_api_log__keeps_what_was_committed(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 100));
    shop_crash(&s);
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateDirtyShutdown);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 100);
    assert_ok(shop_close(&s));
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateCleanShutdown);
}

static void
test_api_log__takes_back_what_was_not_committed(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 50));
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 50; i < 90; i++)
        assert_ok(shelf_insert(&s, &f, i));
    for (int32_t i = 0; i < 20; i++)
        assert_ok(shelf_replace(&s, &f, i, 0xee));
    assert_ok(shelf_seek(&s, &f, 30));
    assert_ok(JetDelete(s.sesid, f.tableid));
    shop_crash(&s);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 50);
    for (int32_t i = 0; i < 50; i++)
        assert_int_equal(shelf_look(&s, &f, i), i);
    assert_ok(shop_close(&s));
}

static void
test_api_log__keeps_nothing_of_a_rollback(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 10));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 10));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 11));
    assert_ok(shelf_replace(&s, &f, 3, 0xee));
    assert_ok(JetRollback(s.sesid, 0));
    assert_ok(JetCommitTransaction(s.sesid, 0));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &f, 12));
    assert_ok(JetRollback(s.sesid, 0));
    shop_crash(&s);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 11);
    assert_int_equal(shelf_look(&s, &f, 3), 3);
    assert_ok(shop_close(&s));
}

/* Through many generations, and from one crash to the next. */
static void
test_api_log__recovers_again_and_again(void **state)
{
    enum { ROUNDS = 6, ROWS = 300 };
    shelf f = {0};

    (void)state;
    for (int32_t round = 0; round < ROUNDS; round++) {
        assert_ok(shop_open(&s));
        if (round == 0)
            assert_ok(shelf_create(&s, "a.edb", &f));
        else
            assert_ok(shelf_open(&s, "a.edb", &f));
        assert_int_equal(shelf_count(&s, &f), round * ROWS);
        assert_ok(shelf_fill(&s, &f, round * ROWS, ROWS));
        assert_ok(JetBeginTransaction(s.sesid));
        for (int32_t i = 0; i < 40; i++)
            assert_ok(shelf_replace(&s, &f, i, 0xee));
        shop_crash(&s);
    }
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), ROUNDS * ROWS);
    for (int32_t i = 0; i < 40; i++)
        assert_int_equal(shelf_look(&s, &f, i), i);
    assert_ok(shop_close(&s));
}

/* ---- what lies in the place of a database whose creation is in the log */

/* A shop that has crashed, all of whose log is there. */
static void
make_crashed(void)
{
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 20));
    shop_crash(&s);
    (void)unlink(in_shop(&s, "edb.chk"));
}

static void
put_file(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(in_shop(&s, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void
assert_file(const char *name, const void *bytes, size_t n)
{
    static char found[1 << 15];
    FILE *file = fopen(in_shop(&s, name), "rb");

    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found, file), n);
    assert_memory_equal(found, bytes, n);
    assert_int_equal(fclose(file), 0);
}

static void
test_api_log__writes_over_no_file_that_is_another(void **state)
{
    static const char text[] = "not a database, but what somebody else may want to keep";
    static const uint8_t of_another_type[1 << 14] = {[667] = 3};

    (void)state;
    make_crashed();
    put_file("a.edb", text, sizeof text);
    assert_int_equal(shop_open(&s), JET_errReadVerifyFailure);
    assert_file("a.edb", text, sizeof text);
    put_file("a.edb", of_another_type, sizeof of_another_type);
    assert_int_equal(shop_open(&s), JET_errReadVerifyFailure);
    assert_file("a.edb", of_another_type, sizeof of_another_type);
}

static void
test_api_log__makes_a_database_anew_of_what_a_creation_left(void **state)
{
    static const uint8_t blank[1 << 14];
    static const size_t sizes[] = {0, 1, 700, 4096, sizeof blank};
    shelf f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make_crashed();
        put_file("a.edb", blank, sizes[i]);
        assert_ok(shop_open(&s));
        assert_ok(shelf_open(&s, "a.edb", &f));
        assert_int_equal(shelf_count(&s, &f), 20);
        assert_ok(shop_close(&s));
        shop_empty(&s);
    }
}

/* ---- several databases */

static void
test_api_log__commits_in_all_databases_or_in_none(void **state)
{
    shelf a = {0}, b = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &a));
    assert_ok(shelf_create(&s, "b.edb", &b));
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 0; i < 30; i++) {
        assert_ok(shelf_insert(&s, &a, i));
        assert_ok(shelf_insert(&s, &b, i));
    }
    assert_ok(JetCommitTransaction(s.sesid, 0));
    assert_ok(JetBeginTransaction(s.sesid));
    assert_ok(shelf_insert(&s, &a, 30));
    assert_ok(shelf_insert(&s, &b, 30));
    shop_crash(&s);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &a));
    assert_ok(shelf_open(&s, "b.edb", &b));
    assert_int_equal(shelf_count(&s, &a), 30);
    assert_int_equal(shelf_count(&s, &b), 30);
    assert_ok(shop_close(&s));
}

static void
test_api_log__follows_databases_that_come_and_go(void **state)
{
    shelf a = {0}, b = {0}, c = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &a));
    assert_ok(shelf_create(&s, "b.edb", &b));
    assert_ok(shelf_fill(&s, &a, 0, 20));
    assert_ok(shelf_fill(&s, &b, 0, 20));
    assert_ok(JetCloseDatabase(s.sesid, a.dbid, 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    assert_int_equal(shop_header(&s, "a.edb").dbstate, JET_dbstateCleanShutdown);
    assert_ok(shelf_fill(&s, &b, 20, 20));
    assert_ok(shelf_create(&s, "c.edb", &c)); /* with the number that a.edb had */
    assert_ok(shelf_fill(&s, &c, 0, 5));
    assert_ok(shelf_open(&s, "a.edb", &a));
    assert_ok(shelf_fill(&s, &a, 20, 3));
    assert_ok(JetCloseDatabase(s.sesid, b.dbid, 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "b.edb")));
    shop_crash(&s);
    assert_int_equal(shop_header(&s, "b.edb").dbstate, JET_dbstateCleanShutdown);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &a));
    assert_ok(shelf_open(&s, "b.edb", &b));
    assert_ok(shelf_open(&s, "c.edb", &c));
    assert_int_equal(shelf_count(&s, &a), 23);
    assert_int_equal(shelf_count(&s, &b), 40);
    assert_int_equal(shelf_count(&s, &c), 5);
    assert_ok(shop_close(&s));
}

static void
make_and_detach(shelf *f)
{
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", f));
    assert_ok(shelf_fill(&s, f, 0, 20));
    assert_ok(JetCloseDatabase(s.sesid, f->dbid, 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
}

static void
test_api_log__knows_a_database_from_its_successor(void **state)
{
    shelf f = {0};

    (void)state;
    make_and_detach(&f);
    assert_int_equal(shelf_create(&s, "a.edb", &f), JET_errDatabaseDuplicate);
    assert_ok(JetCreateDatabaseA(s.sesid, in_shop(&s, "a.edb"), NULL, &f.dbid,
                                 JET_bitDbOverwriteExisting));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), 0));
    assert_ok(JetOpenDatabaseA(s.sesid, in_shop(&s, "a.edb"), NULL, &f.dbid, 0));
    assert_int_equal(JetOpenTableA(s.sesid, f.dbid, "rows", NULL, 0, 0, &f.tableid),
                     JET_errObjectNotFound);
    assert_ok(shop_close(&s));
}

/* A crash when the new file was there and the log did not know of it yet. */
static void
test_api_log__passes_over_a_creation_that_has_hardly_begun(void **state)
{
    ese_dbheader fields = ese_dbheader_fresh(4096);
    shelf f = {0};

    (void)state;
    make_and_detach(&f);
    assert_ok(
        JetCommitTransaction(s.sesid, JET_bitForceNewLog)); /* else the old one is made anew */
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    assert_ok(ese_api_database_prepare(in_shop(&s, "a.edb"), true, &fields));
    assert_false(shop_has(&s, "a.edb"));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_false(shop_has(&s, "a.edb"));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_false(shop_has(&s, "a.edb.creating"));
    assert_ok(shelf_fill(&s, &f, 0, 3));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 3);
    assert_ok(shop_close(&s));
}

/* ---- a process that is killed */

/* Commits row after row, and tells so each time. */
static void
commit_forever(int tell)
{
    shelf f = {0};

    if (shop_open(&s) < JET_errSuccess || shelf_create(&s, "a.edb", &f) < JET_errSuccess)
        _exit(1);
    for (int32_t i = 0;; i++) {
        if (shelf_fill(&s, &f, i, 1) < JET_errSuccess ||
            write(tell, &i, sizeof i) != (ssize_t)sizeof i)
            _exit(1);
    }
}

static void
test_api_log__has_every_commit_that_a_killed_process_has_told_of(void **state)
{
    enum { WANTED = 60 };
    shelf f = {0};
    int32_t last = -1, next;
    int ends[2], status = 0;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        commit_forever(ends[1]);
    (void)close(ends[1]);
    while (last < WANTED && read(ends[0], &next, sizeof next) == (ssize_t)sizeof next)
        last = next;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    while (read(ends[0], &next, sizeof next) == (ssize_t)sizeof next)
        last = next;
    (void)close(ends[0]);
    assert_true(last >= WANTED);

    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_in_range(shelf_count(&s, &f), last + 1, last + 2); /* one may be durable and untold */
    assert_ok(shop_close(&s));
}

/* Lazy commits, the last of which are not waited for. */
static int
commit_lazily(void *self)
{
    shelf f = {0};

    (void)self;
    if (shop_open(&s) < JET_errSuccess || shelf_create(&s, "a.edb", &f) < JET_errSuccess)
        return 1;
    for (int32_t i = 0; i < 200; i++) {
        if (JetBeginTransaction(s.sesid) < JET_errSuccess ||
            shelf_insert(&s, &f, i) < JET_errSuccess ||
            JetCommitTransaction(s.sesid, JET_bitCommitLazyFlush) < JET_errSuccess)
            return 1;
        if (i == 99 && JetCommitTransaction(s.sesid, JET_bitWaitLastLevel0Commit) < JET_errSuccess)
            return 1;
    }
    return 0;
}

static void
test_api_log__loses_of_lazy_commits_the_last_ones_only(void **state)
{
    shelf f = {0};

    (void)state;
    assert_int_equal(in_other_process(commit_lazily, NULL), 0);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_in_range(shelf_count(&s, &f), 100,
                    200); /* which also says that they are the first ones */
    assert_ok(shop_close(&s));
}

/* ---- what JetInit says */

static void
test_api_log__wants_the_database_that_it_has_to_recover(void **state)
{
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog)); /* else it is made anew */
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 5));
    shop_crash(&s);
    assert_int_equal(rename(in_shop(&s, "a.edb"), in_shop(&s, "away")), 0);

    assert_int_equal(shop_open(&s), JET_errAttachedDatabaseMismatch);
    assert_ok(shop_create(&s));
    assert_ok(shop_open_with(&s, JET_bitReplayIgnoreMissingDB));
    assert_ok(shop_close(&s));
}

static void
test_api_log__follows_the_map_to_a_database_that_has_moved(void **state)
{
    JET_RSTMAP_A map = {NULL, NULL};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    char moved[400];
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog)); /* else it is made anew */
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 25));
    shop_crash(&s);
    (void)snprintf(moved, sizeof moved, "%s", in_shop(&s, "moved.edb"));
    assert_int_equal(rename(in_shop(&s, "a.edb"), moved), 0);
    map.szNewDatabaseName = moved;

    assert_ok(shop_create(&s));
    assert_ok(JetInit3A(&s.instance, &info, 0));
    assert_ok(JetBeginSessionA(s.instance, &s.sesid, NULL, NULL));
    assert_ok(shelf_open(&s, "moved.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 25);
    assert_ok(shop_close(&s));
}

/* Leaves a database to recover whose creation no log knows any more, and moves it. */
static void
crash_and_move(const shop *to, const char *name)
{
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog));
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 12));
    shop_crash(&s);
    assert_int_equal(rename(in_shop(&s, "a.edb"), in_shop(to, name)), 0);
}

static void
test_api_log__finds_databases_in_the_alternate_folder(void **state)
{
    shop other;
    shelf f = {0};

    (void)state;
    shop_make(&other);
    crash_and_move(&other, "a.edb");
    assert_int_equal(shop_open(&s), JET_errAttachedDatabaseMismatch);
    assert_ok(shop_create(&s));
    assert_ok(set_text(&s.instance, JET_paramAlternateDatabaseRecoveryPath, other.folder));
    assert_ok(shop_open_with(&s, 0));
    assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&other, "a.edb"), 0));
    assert_ok(JetOpenDatabaseA(s.sesid, in_shop(&other, "a.edb"), NULL, &f.dbid, 0));
    assert_ok(JetOpenTableA(s.sesid, f.dbid, "rows", NULL, 0, 0, &f.tableid));
    assert_ok(shelf_columns(&s, &f));
    assert_int_equal(shelf_count(&s, &f), 12);
    assert_ok(shop_close(&s));
    shop_destroy(&other);
}

static void
widen(const char *text, WCHAR *wide_out)
{
    size_t n = strlen(text) + 1; /* of ASCII */

    for (size_t i = 0; i < n; i++)
        wide_out[i] = (WCHAR)text[i];
}

static void
test_api_log__takes_maps_in_wide_text(void **state)
{
    WCHAR from[400], to[400];
    JET_RSTMAP_W map = {from, to};
    JET_RSTINFO_W info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    shelf f = {0};

    (void)state;
    crash_and_move(&s, "moved.edb");
    widen(in_shop(&s, "a.edb"), from);
    widen(in_shop(&s, "moved.edb"), to);
    assert_ok(shop_create(&s));
    assert_ok(JetInit3W(&s.instance, &info, 0));
    assert_ok(JetBeginSessionA(s.instance, &s.sesid, NULL, NULL));
    assert_ok(shelf_open(&s, "moved.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 12);
    assert_ok(shop_close(&s));
    info.crstmap = 15;
    assert_ok(shop_create(&s));
    assert_int_equal(JetInit3W(&s.instance, &info, 0), JET_errInvalidParameter);
    assert_ok(JetTerm(s.instance));
}

static uint32_t n_calls, last_done;
static JET_SNT stages[2];
static JET_ERR answer;

static JET_ERR JET_API
note_status(JET_SESID sesid, JET_SNP what, JET_SNT stage, void *data)
{
    const JET_SNPROG *progress = data;

    assert_true(sesid == JET_sesidNil);
    assert_int_equal(what, JET_snpRestore);
    if (n_calls++ == 0)
        stages[0] = stage;
    stages[1] = stage;
    assert_int_equal(progress->cbStruct, sizeof *progress);
    assert_true(progress->cunitDone <= progress->cunitTotal);
    last_done = progress->cunitDone;
    return stage == JET_sntFail ? JET_errSuccess : answer;
}

static void
crash_with_much_to_do(shelf *f)
{
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", f));
    assert_ok(shelf_fill(&s, f, 0, 1500));
    shop_crash(&s);
}

static void
test_api_log__tells_how_far_recovery_is(void **state)
{
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = note_status};
    shelf f = {0};

    (void)state;
    crash_with_much_to_do(&f);
    n_calls = 0;
    answer = JET_errSuccess;
    assert_ok(shop_create(&s));
    assert_ok(JetInit3A(&s.instance, &info, 0));
    assert_true(n_calls >= 3);
    assert_int_equal(stages[0], JET_sntBegin);
    assert_int_equal(stages[1], JET_sntComplete);
    assert_int_equal(last_done, 100);
    assert_ok(shop_close(&s));
}

static void
test_api_log__ends_recovery_when_the_listener_wants_it(void **state)
{
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = note_status};
    shelf f = {0};

    (void)state;
    crash_with_much_to_do(&f);
    n_calls = 0;
    answer = JET_errOutOfMemory;
    assert_ok(shop_create(&s));
    assert_int_equal(JetInit3A(&s.instance, &info, 0), JET_errOutOfMemory);
    answer = JET_errSuccess;
    assert_ok(shop_open(&s)); /* nothing is lost with it */
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 1500);
    assert_ok(shop_close(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_log__keeps_what_was_committed),
        SHOP_TEST(test_api_log__takes_back_what_was_not_committed),
        SHOP_TEST(test_api_log__keeps_nothing_of_a_rollback),
        SHOP_TEST(test_api_log__recovers_again_and_again),
        SHOP_TEST(test_api_log__writes_over_no_file_that_is_another),
        SHOP_TEST(test_api_log__makes_a_database_anew_of_what_a_creation_left),
        SHOP_TEST(test_api_log__commits_in_all_databases_or_in_none),
        SHOP_TEST(test_api_log__follows_databases_that_come_and_go),
        SHOP_TEST(test_api_log__knows_a_database_from_its_successor),
        SHOP_TEST(test_api_log__passes_over_a_creation_that_has_hardly_begun),
        SHOP_TEST(test_api_log__has_every_commit_that_a_killed_process_has_told_of),
        SHOP_TEST(test_api_log__loses_of_lazy_commits_the_last_ones_only),
        SHOP_TEST(test_api_log__wants_the_database_that_it_has_to_recover),
        SHOP_TEST(test_api_log__follows_the_map_to_a_database_that_has_moved),
        SHOP_TEST(test_api_log__finds_databases_in_the_alternate_folder),
        SHOP_TEST(test_api_log__takes_maps_in_wide_text),
        SHOP_TEST(test_api_log__tells_how_far_recovery_is),
        SHOP_TEST(test_api_log__ends_recovery_when_the_listener_wants_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
