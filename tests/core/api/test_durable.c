/*
 * What was committed survives the end of the process, however it comes: a child writes until it is killed, the parent looks at what is there. The same
 * scenario as tests/python/test_durable.py and tests/lua/test_durable.lua.
 *
 * Transaction n adds the records 2n and 2n + 1, both with the number n. The child tells n when its commit has returned.
 */
#define _XOPEN_SOURCE 700

#include "api_test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum style {
    DURABLE,
    LAZY,  /* transactions that do not wait */
    FLUSH, /* lazy, and told only after a flush of ten of them */
    OPEN,  /* ends by itself within a transaction, after three others */
} style;

typedef struct place {
    char folder[64], path[96];
} place;

typedef struct store {
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID db;
    JET_TABLEID table;
    JET_COLUMNID id, number;
} store;

static int
make_place(void **state)
{
    static place p;

    remember_memory(state);
    snprintf(p.folder, sizeof p.folder, ESE_TEST_FOLDER "/ese-durable-XXXXXX");
    if (mkdtemp(p.folder) == NULL)
        return -1;
    snprintf(p.path, sizeof p.path, "%s/store.edb", p.folder);
    *state = &p;
    return 0;
}

static int
remove_place(void **state)
{
    const place *p = *state;
    DIR *dir = opendir(p->folder);

    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    if (rmdir(p->folder) != 0)
        return -1;
    return compare_memory(state);
}

/* ---- the store */

static JET_ERR
start(store *s, const place *p)
{
    JET_ERR err = JetCreateInstanceA(&s->instance, "durable");

    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramLogFilePath, p->folder);
    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramSystemPath, p->folder);
    if (err >= JET_errSuccess)
        err = set_integer(&s->instance, JET_paramLogFileSize, 64);
    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramRecovery, "on");
    if (err >= JET_errSuccess)
        err = JetInit(&s->instance);
    if (err >= JET_errSuccess)
        err = JetBeginSessionA(s->instance, &s->session, NULL, NULL);
    return err;
}

static JET_ERR
create(store *s, const place *p)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_ERR err = JetCreateDatabaseA(s->session, p->path, NULL, &s->db, 0);

    if (err >= JET_errSuccess)
        err = JetCreateTableA(s->session, s->db, "t", 0, 100, &s->table);
    if (err >= JET_errSuccess)
        err = JetAddColumnA(s->session, s->table, "id", &definition, NULL, 0, &s->id);
    if (err >= JET_errSuccess)
        err = JetAddColumnA(s->session, s->table, "number", &definition, NULL, 0, &s->number);
    if (err >= JET_errSuccess)
        err = JetCreateIndexA(s->session, s->table, "byId", JET_bitIndexPrimary, "+id\0", 5, 100);
    if (err >= JET_errSuccess)
        err = JetCreateIndexA(s->session, s->table, "byNumber", 0, "+number\0", 9, 100);
    return err;
}

static JET_ERR
find_column(store *s, const char *name, JET_COLUMNID *column)
{
    JET_COLUMNDEF definition;
    JET_ERR err = JetGetTableColumnInfoA(s->session, s->table, name, &definition, sizeof definition,
                                         JET_ColInfo);

    *column = definition.columnid;
    return err;
}

static JET_ERR
reopen(store *s, const place *p)
{
    JET_ERR err = JetAttachDatabaseA(s->session, p->path, 0);

    if (err >= JET_errSuccess)
        err = JetOpenDatabaseA(s->session, p->path, NULL, &s->db, 0);
    if (err >= JET_errSuccess)
        err = JetOpenTableA(s->session, s->db, "t", NULL, 0, 0, &s->table);
    if (err >= JET_errSuccess)
        err = find_column(s, "id", &s->id);
    if (err >= JET_errSuccess)
        err = find_column(s, "number", &s->number);
    return err;
}

static JET_ERR
insert(store *s, int32_t id)
{
    int32_t number = id / 2;
    JET_ERR err = JetPrepareUpdate(s->session, s->table, JET_prepInsert);

    if (err >= JET_errSuccess)
        err = JetSetColumn(s->session, s->table, s->id, &id, sizeof id, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetSetColumn(s->session, s->table, s->number, &number, sizeof number, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetUpdate(s->session, s->table, NULL, 0, NULL);
    return err;
}

/* Transactions of the store: whole ones, in order, with an index that agrees. */
static int32_t
count_whole(store *s)
{
    uint32_t n_entries = 0;
    int32_t n = 0;
    JET_ERR err = JetMove(s->session, s->table, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        int32_t id = -1, number = -1;

        assert_ok(JetRetrieveColumn(s->session, s->table, s->id, &id, sizeof id, NULL, 0, NULL));
        assert_ok(JetRetrieveColumn(s->session, s->table, s->number, &number, sizeof number, NULL,
                                    0, NULL));
        assert_int_equal(id, n);
        assert_int_equal(number, n / 2);
        n++;
        err = JetMove(s->session, s->table, JET_MoveNext, 0);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    assert_int_equal(n % 2, 0);
    assert_ok(JetSetCurrentIndexA(s->session, s->table, "byNumber"));
    assert_ok(JetIndexRecordCount(s->session, s->table, &n_entries, 0));
    assert_int_equal(n_entries, n);
    assert_ok(JetSetCurrentIndexA(s->session, s->table, NULL));
    return n / 2;
}

/* ---- the child */

static JET_ERR
write_transaction(store *s, int32_t n, style how)
{
    JET_GRBIT grbit = how == LAZY || how == FLUSH ? JET_bitCommitLazyFlush : 0;
    JET_ERR err = JetBeginTransaction(s->session);

    if (err >= JET_errSuccess)
        err = insert(s, 2 * n);
    if (how == OPEN && n == 3)
        _exit(9);
    if (err >= JET_errSuccess)
        err = insert(s, 2 * n + 1);
    if (err >= JET_errSuccess)
        err = JetCommitTransaction(s->session, grbit);
    if (err >= JET_errSuccess && how == FLUSH && n % 10 == 9)
        err = JetCommitTransaction(s->session, JET_bitWaitAllLevel0Commit);
    return err;
}

static void
write_until_killed(const place *p, style how, int32_t first, int to)
{
    store s = {0};
    JET_ERR err = start(&s, p);

    if (err >= JET_errSuccess)
        err = first == 0 ? create(&s, p) : reopen(&s, p);
    for (int32_t n = first; err >= JET_errSuccess; n++) {
        err = write_transaction(&s, n, how);
        if (err >= JET_errSuccess && (how != FLUSH || n % 10 == 9) &&
            write(to, &n, sizeof n) != sizeof n)
            err = JET_errDiskIO;
    }
    fprintf(stderr, "the child: %s\n", ese_error_text(err));
    _exit(1);
}

/* Kills the child when it has told so many numbers (0: it ends by itself); the last number. */
static int32_t
crash(const place *p, style how, int32_t first, unsigned n_wanted)
{
    int ends[2], status = 0;
    int32_t last = -1, n;
    unsigned n_told = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        write_until_killed(p, how, first, ends[1]);
    }
    close(ends[1]);
    while (read(ends[0], &n, sizeof n) == sizeof n) {
        last = n;
        if (++n_told == n_wanted)
            kill(child, SIGKILL);
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (n_wanted > 0)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    return last;
}

/* ---- tests */

static int32_t
recovered(const place *p)
{
    store s = {0};
    int32_t n;

    assert_ok(start(&s, p));
    assert_ok(reopen(&s, p));
    n = count_whole(&s);
    assert_ok(JetTerm(s.instance));
    return n;
}

static void
test_api_durable__what_was_acknowledged_survives_a_kill(void **state)
{
    const place *p = *state;
    int32_t first = 0;

    for (unsigned n_wanted = 1; n_wanted <= 100; n_wanted *= 10) {
        int32_t last = crash(p, DURABLE, first, n_wanted);

        first = recovered(p);
        assert_true(first == last + 1 || first == last + 2); /* the one in flight */
    }
}

static void
test_api_durable__lazy_commits_may_be_lost_but_only_the_last_ones_and_whole(void **state)
{
    const place *p = *state;
    int32_t last = crash(p, LAZY, 0, 300);
    store s = {0};
    JET_ERR err;

    assert_ok(start(&s, p));
    err = reopen(&s, p);
    if (err >= JET_errSuccess)
        assert_true(count_whole(&s) <= last + 2);
    else
        assert_true(err == JET_errFileNotFound || err == JET_errObjectNotFound);
    assert_ok(JetTerm(s.instance));
}

static void
test_api_durable__a_flush_keeps_what_was_committed_lazily_before(void **state)
{
    const place *p = *state;
    int32_t last = crash(p, FLUSH, 0, 5);

    assert_true(recovered(p) >= last + 1);
}

static void
test_api_durable__what_was_not_committed_is_undone(void **state)
{
    const place *p = *state;

    assert_int_equal(crash(p, OPEN, 0, 0), 2);
    assert_int_equal(recovered(p), 3);
}

static void
test_api_durable__a_copy_is_recovered_beside_what_is_left(void **state)
{
    const place *p = *state;
    char target[96], path[128];
    const ese_recover_options options = {.source = p->path, .target = target};
    ese_recover_report *report = NULL;
    int32_t last = crash(p, DURABLE, 0, 30);

    snprintf(target, sizeof target, "%s/copy", p->folder);
    assert_ok(ese_recover(&options, &report));
    assert_int_equal(report->n_databases, 1);
    assert_true(report->n_committed > 30);
    ese_recover_free(&report);
    snprintf(path, sizeof path, "%s/store.edb", target);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(target), 0);
    assert_true(recovered(p) >= last + 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_api_durable__what_was_acknowledged_survives_a_kill),
        CASE(test_api_durable__lazy_commits_may_be_lost_but_only_the_last_ones_and_whole),
        CASE(test_api_durable__a_flush_keeps_what_was_committed_lazily_before),
        CASE(test_api_durable__what_was_not_committed_is_undone),
        CASE(test_api_durable__a_copy_is_recovered_beside_what_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
