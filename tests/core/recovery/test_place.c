/*
 * Recovery as an instance does it: in the databases themselves, with a log that goes on. Real sets must come out as recovery of a copy makes them. Without a corpus there is
 * little to do.
 */
#define _XOPEN_SOURCE 700

#include "place_fixture.h"

static void
recover_set(const char *name, size_t cache_bytes)
{
    set s;
    start first;

    if (!load_set(name, &s))
        skip();
    first = start_of(&s, cache_bytes);
    assert_int_equal(start_once(&first), JET_errSuccess);
    assert_recovered(&s);
    assert_int_equal(start_once(&first), JET_errSuccess); /* it ended cleanly */
    assert_recovered(&s);
    free_set(&s);
}

/* Calls `visit` with the name of each set that begins with the prefix. */
static void
each_set(const char *prefix, void (*visit)(const char *name))
{
    char golden[LOG_CORPUS_PATH];
    struct dirent **sets = NULL;
    int n;

    if (!log_corpus_find(golden))
        skip();
    n = scandir(golden, &sets, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (strncmp(sets[i]->d_name, prefix, strlen(prefix)) == 0)
            visit(sets[i]->d_name);
        free(sets[i]);
    }
    free(sets);
}

static void
recover_with_room(const char *name)
{
    recover_set(name, 0);
}

static void
recover_with_little_room(const char *name)
{
    recover_set(name, SMALL_CACHE);
}

static void
test_recovery_place__makes_of_crashed_databases_what_recovery_of_a_copy_makes(void **state)
{
    (void)state;
    each_set("crash-", recover_with_room);
}

/* Pages are written while redo goes on. */
static void
test_recovery_place__does_so_in_little_memory(void **state)
{
    (void)state;
    each_set("crash-", recover_with_little_room);
}

/* ---- what JetInit may be asked for */

static void
test_recovery_place__begins_a_stream_where_there_is_none(void **state)
{
    char folder[] = ESE_TEST_FOLDER "/ese-place-XXXXXX";
    start s = {.folder = folder, .page_size = 4096, .flags = ESE_RECOVERY_LOG_MUST_EXIST};

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(start_once(&s), JET_errMissingLogFile);
    s.flags = 0;
    assert_int_equal(start_once(&s), JET_errSuccess);
    s.flags = ESE_RECOVERY_LOG_MUST_EXIST;
    assert_int_equal(start_once(&s), JET_errSuccess);
    recovery_corpus_remove(folder);
}

static void
test_recovery_place__without_undo_changes_nothing(void **state)
{
    set s;
    start at;

    (void)state;
    at = start_on("crash-04k-open", &s);
    at.flags = ESE_RECOVERY_WITHOUT_UNDO;
    assert_int_equal(start_once(&at), JET_errRecoveredWithoutUndo);
    assert_as_found(&s);
    at.flags = 0;
    assert_int_equal(start_once(&at), JET_errSuccess);
    assert_recovered(&s);
    at.flags = ESE_RECOVERY_WITHOUT_UNDO;
    assert_int_equal(start_once(&at), JET_errRecoveredWithoutUndoDatabasesConsistent);
    free_set(&s);
}

static void
test_recovery_place__recovers_before_it_complains_of_the_size_of_logs(void **state)
{
    set s;
    start at;

    (void)state;
    at = start_on("crash-04k-open", &s);
    at.log_file_size = 5 * LOG_SIZE;
    assert_int_equal(start_once(&at), JET_errLogFileSizeMismatchDatabasesConsistent);
    assert_recovered(&s);
    at.log_file_size = 0;
    assert_int_equal(start_once(&at), JET_errSuccess);
    free_set(&s);
}

static void
test_recovery_place__tells_what_it_did(void **state)
{
    set s;
    start at;

    (void)state;
    at = start_on("crash-04k-open", &s);
    assert_int_equal(run_start(&at), JET_errSuccess);
    assert_true(at.report.gen_first > 0 && at.report.gen_last >= at.report.gen_first);
    assert_true(at.report.n_records > 0 && at.report.n_committed > 0);
    assert_int_equal(at.report.n_databases, 1);
    assert_int_equal(at.report.databases[0].outcome, ESE_RECOVERY_RECOVERED);
    assert_non_null(at.report.databases[0].result);
    assert_true(at.report.databases[0].gen_max_required > 0); /* as it was found */
    ese_recovery_report_clear(&at.report);
    free_set(&s);
}

/* The first generation of ours begins while databases are attached. */
static void
test_recovery_place__lists_what_is_attached_in_the_log_that_it_begins(void **state)
{
    ese_log_set *logs = NULL;
    ese_log_file *file = NULL;
    bool was_ours = false;
    set s;
    start at;

    (void)state;
    at = start_on("crash-04k-twodb", &s);
    assert_int_equal(start_once(&at), JET_errSuccess);
    assert_int_equal(ese_log_set_open(s.folder, "edb", &logs), JET_errSuccess);
    for (unsigned i = 0; i < ese_log_set_count(logs) && !was_ours; i++) {
        const ese_log_header *header;

        assert_int_equal(ese_log_set_open_file(logs, i, NULL, &file), JET_errSuccess);
        header = ese_log_file_header(file);
        was_ours = header->params.log_path.data[0] == '/';
        if (was_ours)
            assert_int_equal(header->attached.n, 2);
        ese_log_file_close(&file);
    }
    assert_true(was_ours);
    ese_log_set_close(&logs);
    free_set(&s);
}

/* ---- maps */

static void
move_database(const set *s, char *to)
{
    char from[LOG_CORPUS_PATH + 16];

    snprintf(from, sizeof from, "%s/data.edb", s->folder);
    snprintf(to, LOG_CORPUS_PATH + 16, "%s/other.name", s->folder);
    assert_int_equal(rename(from, to), 0);
}

static void
test_recovery_place__finds_a_renamed_database_by_its_map(void **state)
{
    char to[LOG_CORPUS_PATH + 16];
    ese_recovery_map map = {.to = to};
    set s;
    start at;
    recovery_file now;

    (void)state;
    at = start_on("crash-08k-attach", &s);
    move_database(&s, to);
    assert_int_equal(start_once(&at), JET_errAttachedDatabaseMismatch);
    at.maps = &map;
    at.n_maps = 1;
    assert_int_equal(start_once(&at), JET_errSuccess);
    now = recovery_file_read(s.folder, "other.name");
    assert_same_database(&now, &s.wanted[0]);
    free(now.bytes);
    free_set(&s);
}

static void
test_recovery_place__does_as_maps_say_with_what_is_missing(void **state)
{
    char to[LOG_CORPUS_PATH + 16];
    ese_recovery_map map = {
        .from = "data.edb", .to = to, .flags = ESE_RECOVERY_MAP_FAIL_WHEN_MISSING};
    set s;
    start at;

    (void)state;
    at = start_on("crash-08k-attach", &s);
    move_database(&s, to);
    assert_int_equal(unlink(to), 0);
    at.maps = &map;
    at.n_maps = 1;
    assert_int_equal(start_once(&at), JET_errAttachedDatabaseMismatch);
    map.flags = ESE_RECOVERY_MAP_IGNORE_WHEN_MISSING;
    assert_int_equal(start_once(&at), JET_errSuccess);
    copy_folder(s.pristine, s.folder);
    map.from = "nothing like it";
    map.flags = 0;
    assert_int_equal(start_once(&at), JET_errSuccess); /* what has no map is not recovered */
    copy_folder(s.pristine, s.folder);
    at.flags = ESE_RECOVERY_REPLAY_UNMAPPED;
    assert_int_equal(start_once(&at), JET_errSuccess);
    assert_recovered(&s);
    free_set(&s);
}

/* ---- after recovery of copies that took the place of the databases */

static void
recover_copies(const set *s)
{
    const ese_recovery_options options = {.log_folder = s->folder};
    ese_recovery_report report;

    assert_int_equal(ese_recovery_run(&options, &report), JET_errSuccess);
    ese_recovery_report_clear(&report);
}

static void
go_on_after_copies(const char *name)
{
    set s;
    start at;

    if (!load_set(name, &s))
        skip();
    at = start_of(&s, 0);
    recover_copies(&s);
    assert_int_equal(start_once(&at), JET_errSuccess);
    assert_recovered(&s);
    recover_copies(&s);
    assert_recovered(&s);
    free_set(&s);
}

static void
test_recovery_place__goes_on_with_logs_whose_databases_were_recovered_already(void **state)
{
    (void)state;
    each_set("crash-", go_on_after_copies);
}

/* As who opens the database without a log leaves it. */
static void
leave_the_stream(const set *s)
{
    recovery_file file = recovery_file_read(s->folder, databases[0]);
    ese_dbheader header = header_of(&file);

    header.sign_log = (ese_signature){0};
    header.consistent = header.attach = (ese_lgpos){0};
    for (unsigned i = 0; i < HEADER_PAGES; i++)
        ese_dbheader_encode(&header, file.bytes + (size_t)i * header.page_size);
    recovery_file_write(s->folder, databases[0], &file);
    free(file.bytes);
}

static void
refuse_the_stream(const char *name)
{
    set s;
    start at;

    if (!load_set(name, &s))
        skip();
    at = start_of(&s, 0);
    recover_copies(&s);
    leave_the_stream(&s);
    assert_int_equal(start_once(&at), JET_errAttachedDatabaseMismatch);
    assert_non_null(strstr(ese_err_text(JET_errAttachedDatabaseMismatch), "of no use"));
    at.flags = ESE_RECOVERY_IGNORE_MISSING_DATABASES;
    assert_int_equal(start_once(&at), JET_errSuccess);
    free_set(&s);
}

static void
test_recovery_place__tells_that_a_database_has_left_its_logs_behind(void **state)
{
    (void)state;
    refuse_the_stream("crash-04k-durable"); /* created in these logs */
    refuse_the_stream("crash-08k-circular");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_recovery_place__makes_of_crashed_databases_what_recovery_of_a_copy_makes),
        cmocka_unit_test(test_recovery_place__does_so_in_little_memory),
        cmocka_unit_test(test_recovery_place__begins_a_stream_where_there_is_none),
        cmocka_unit_test(test_recovery_place__without_undo_changes_nothing),
        cmocka_unit_test(test_recovery_place__recovers_before_it_complains_of_the_size_of_logs),
        cmocka_unit_test(test_recovery_place__tells_what_it_did),
        cmocka_unit_test(test_recovery_place__lists_what_is_attached_in_the_log_that_it_begins),
        cmocka_unit_test(test_recovery_place__finds_a_renamed_database_by_its_map),
        cmocka_unit_test(test_recovery_place__does_as_maps_say_with_what_is_missing),
        cmocka_unit_test(
            test_recovery_place__goes_on_with_logs_whose_databases_were_recovered_already),
        cmocka_unit_test(test_recovery_place__tells_that_a_database_has_left_its_logs_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
