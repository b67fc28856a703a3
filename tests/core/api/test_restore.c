/* JetRestore and JetExternalRestore: backups of the corpus come back, alone and with the logs that followed; nothing else works meanwhile; what fails leaves no trace. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "api_test.h"

#include "../recovery/recovery_corpus.h"

#include "base/fault.h"
#include "maint/maint.h"
#include "os/os_thread.h"
#include "test_fixture.h"
#include "test_fresh.h"

#include <stdatomic.h>

/* A set of the corpus. */
typedef struct set {
    const char *name;
    uint32_t page_size;
    unsigned n_rows,
        n_rows_forward; /* after the restore alone, and with the logs of the instance */
} set;

static const set sets[] = {
    {"backup-04k", 4096, 198, 199},
    {"backup-04k-incr", 4096, 192, 202},
    {"backup-32k", 32768, 103, 106},
};

/* Folders of one restore. */
typedef struct place {
    const set *set;
    char backup[LOG_CORPUS_PATH], live[LOG_CORPUS_PATH]; /* what is in the corpus */
    char logs[LOG_CORPUS_PATH], target[LOG_CORPUS_PATH]; /* of the instance, of the databases */
    char database[2 * LOG_CORPUS_PATH];
} place;

static void
make_folder(char *to)
{
    snprintf(to, LOG_CORPUS_PATH, ESE_TEST_FOLDER "/ese-restore-XXXXXX");
    assert_non_null(mkdtemp(to));
}

static bool
begin(place *p, const set *which)
{
    char name[64];

    *p = (place){.set = which};
    snprintf(name, sizeof name, "%s/backup", which->name);
    if (!recovery_corpus_unpack(name, p->backup))
        return false;
    snprintf(name, sizeof name, "%s/live", which->name);
    assert_true(recovery_corpus_unpack(name, p->live));
    make_folder(p->logs);
    make_folder(p->target);
    snprintf(p->database, sizeof p->database, "%s/data.edb", p->target);
    return true;
}

static void
end(const place *p)
{
    recovery_corpus_remove(p->backup);
    recovery_corpus_remove(p->live);
    recovery_corpus_remove(p->logs);
    recovery_corpus_remove(p->target);
}

static JET_INSTANCE
instance_of(const place *p)
{
    JET_INSTANCE instance = 0;
    char folder[LOG_CORPUS_PATH + 1];

    snprintf(folder, sizeof folder, "%s/", p->logs);
    TEST_OK(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, p->set->page_size,
                                   NULL));
    TEST_OK(JetCreateInstanceA(&instance, "restore"));
    TEST_OK(set_text(&instance, JET_paramLogFilePath, folder));
    TEST_OK(set_text(&instance, JET_paramSystemPath, folder));
    TEST_OK(set_text(&instance, JET_paramTempPath, folder));
    return instance;
}

/* Rows of all tables that are no system tables. */
static unsigned
count_rows(const char *path)
{
    test_session s = test_session_open(path, 0);
    JET_OBJECTLIST list = {.cbStruct = sizeof list};
    unsigned n = 0;
    JET_ERR err;

    TEST_OK(JetGetObjectInfoA(s.sesid, s.dbid, JET_objtypTable, NULL, NULL, &list, sizeof list,
                              JET_ObjInfoListNoStats));
    for (err = JetMove(s.sesid, list.tableid, (int32_t)JET_MoveFirst, 0); err >= JET_errSuccess;
         err = JetMove(s.sesid, list.tableid, JET_MoveNext, 0)) {
        char name[80] = "";
        uint32_t size = 0, n_records = 0;
        JET_TABLEID table;

        TEST_OK(JetRetrieveColumn(s.sesid, list.tableid, list.columnidobjectname, name,
                                  sizeof name - 1, &size, 0, NULL));
        if (strncmp(name, "MSys", 4) == 0)
            continue;
        TEST_OK(JetOpenTableA(s.sesid, s.dbid, name, NULL, 0, JET_bitTableReadOnly, &table));
        if (JetMove(s.sesid, table, (int32_t)JET_MoveFirst, 0) >= JET_errSuccess)
            TEST_OK(JetIndexRecordCount(s.sesid, table, &n_records, 0));
        n += n_records;
        TEST_OK(JetCloseTable(s.sesid, table));
    }
    TEST_OK(JetCloseTable(s.sesid, list.tableid));
    test_session_close(&s);
    return n;
}

static void
copy_live_logs(const place *p)
{
    char command[3 * LOG_CORPUS_PATH];

    snprintf(command, sizeof command, "cp '%s'/edb* '%s'", p->live, p->logs);
    recovery_corpus_shell(command);
}

/* ---- the backups of the corpus */

static void
test_api_restore__brings_backups_of_the_corpus_back(void **state)
{
    place p;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof sets / sizeof sets[0]; i++) {
        const set *which = &sets[i / 2];
        JET_INSTANCE instance;

        if (!begin(&p, which))
            skip();
        if (i % 2 == 1)
            copy_live_logs(&p);
        instance = instance_of(&p);
        TEST_OK(JetRestoreInstanceA(instance, p.backup, p.target, NULL));
        TEST_OK(JetTerm(instance));
        (void)test_check_file(p.database);
        assert_int_equal(count_rows(p.database),
                         i % 2 == 1 ? which->n_rows_forward : which->n_rows);
        end(&p);
    }
}

/* The program brings the files to their places itself. */
static void
test_api_restore__puts_files_together_that_a_program_has_copied(void **state)
{
    place p;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof sets / sizeof sets[0]; i++) {
        char command[4 * LOG_CORPUS_PATH];
        JET_RSTMAP_A map = {NULL, p.database};

        if (!begin(&p, &sets[i / 2]))
            skip();
        TEST_OK(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize,
                                       p.set->page_size, NULL));
        snprintf(command, sizeof command, "cp '%s/data.edb' '%s'", p.backup, p.database);
        recovery_corpus_shell(command);
        if (i % 2 == 1)
            copy_live_logs(&p);
        TEST_OK(JetExternalRestoreA(p.logs, p.logs, &map, 1, p.backup, 0, 0, NULL));
        (void)test_check_file(p.database);
        assert_int_equal(count_rows(p.database),
                         i % 2 == 1 ? p.set->n_rows_forward : p.set->n_rows);
        end(&p);
    }
}

/* ---- what else may be asked meanwhile */

typedef struct meanwhile {
    place *place;
    JET_INSTANCE instance;
    _Atomic JET_SESID sesid;
    _Atomic bool is_over, has_tried;
    unsigned n_calls;
    uint32_t last_done;
    bool has_begun, has_ended;
} meanwhile;

static meanwhile now;

/* From another thread. */
static void *
keep_asking(void *self)
{
    JET_SESID sesid = 0, other;

    (void)self;
    while (!atomic_load(&now.is_over)) {
        sesid = atomic_load(&now.sesid);
        if (sesid != 0) {
            JET_ERR err = JetDupSession(sesid, &other);

            /* The other thread may ask at the same moment, and the restore may just have ended. */
            if (err != JET_errRestoreInProgress && err != JET_errSessionSharingViolation &&
                err != JET_errInvalidSesid)
                abort();
            if (err == JET_errRestoreInProgress)
                atomic_store(&now.has_tried, true);
        }
        ese_os_yield();
    }
    return NULL;
}

static JET_ERR
ask(JET_SESID sesid)
{
    JET_SESID other = 0;
    JET_ERR err;

    do
        err = JetDupSession(sesid, &other);
    while (err == JET_errSessionSharingViolation);
    return err;
}

static JET_ERR JET_API
watch(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    const JET_SNPROG *progress = pv;
    JET_SESID other = 0;
    JET_INSTANCE instance = now.instance;

    atomic_store(&now.sesid, sesid);
    now.n_calls++;
    assert_int_equal(snp, JET_snpRestore);
    assert_int_equal(progress->cbStruct, sizeof *progress);
    assert_true(progress->cunitDone >= now.last_done);
    assert_true(progress->cunitDone <= progress->cunitTotal);
    now.last_done = progress->cunitDone;
    now.has_begun |= snt == JET_sntBegin;
    now.has_ended |= snt == JET_sntComplete;
    assert_int_equal(ask(sesid), JET_errRestoreInProgress);
    assert_int_equal(JetBeginSessionA(instance, &other, NULL, NULL), JET_errRestoreInProgress);
    assert_int_equal(JetInit(&instance), JET_errRestoreInProgress);
    assert_int_equal(JetTerm(now.instance), JET_errRestoreInProgress);
    assert_int_equal(JetStopServiceInstance(now.instance), JET_errRestoreInProgress);
    assert_int_equal(JetRestoreInstanceA(now.instance, now.place->backup, now.place->target, NULL),
                     JET_errRestoreInProgress);
    if (snt == JET_sntBegin) {
        while (!atomic_load(&now.has_tried))
            ese_os_yield();
    }
    return JET_errSuccess;
}

static void
test_api_restore__answers_every_other_call_that_it_is_in_progress(void **state)
{
    place p;
    ese_os_thread thread;
    JET_SESID other;

    (void)state;
    if (!begin(&p, &sets[0]))
        skip();
    now = (meanwhile){.place = &p, .instance = instance_of(&p)};
    TEST_OK(ese_os_thread_start(&thread, keep_asking, NULL));
    TEST_OK(JetRestoreInstanceA(now.instance, p.backup, p.target, watch));
    atomic_store(&now.is_over, true);
    ese_os_thread_join(&thread);
    assert_true(now.has_begun && now.has_ended && now.n_calls > 3);
    assert_int_equal(JetDupSession(now.sesid, &other), JET_errInvalidSesid);
    TEST_OK(JetTerm(now.instance));
    assert_int_equal(count_rows(p.database), p.set->n_rows);
    end(&p);
}

static JET_ERR JET_API
refuse(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    (void)sesid;
    (void)snp;
    (void)pv;
    return snt == JET_sntProgress && now.n_calls++ >= 8 ? JET_errOutOfMemory : JET_errSuccess;
}

static bool
is_empty(const char *folder)
{
    char command[2 * LOG_CORPUS_PATH], line[16];
    FILE *pipe;
    bool is;

    snprintf(command, sizeof command, "ls -A '%s'", folder);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    is = fgets(line, sizeof line, pipe) == NULL;
    pclose(pipe);
    return is;
}

static void
test_api_restore__ends_when_the_program_wants_it(void **state)
{
    place p;

    (void)state;
    if (!begin(&p, &sets[0]))
        skip();
    now = (meanwhile){.place = &p, .instance = instance_of(&p)};
    assert_int_equal(JetRestoreInstanceA(now.instance, p.backup, p.target, refuse),
                     JET_errOutOfMemory);
    assert_true(is_empty(p.target));
    TEST_OK(
        JetRestoreInstanceA(now.instance, p.backup, p.target, NULL)); /* and can be begun anew */
    TEST_OK(JetTerm(now.instance));
    assert_int_equal(count_rows(p.database), p.set->n_rows);
    end(&p);
}

/* ---- errors */

static void
test_api_restore__wants_sources_and_places(void **state)
{
    place p;
    JET_INSTANCE instance;
    char none[2 * LOG_CORPUS_PATH];
    JET_RSTMAP_A map = {NULL, NULL};

    (void)state;
    if (!begin(&p, &sets[0]))
        skip();
    snprintf(none, sizeof none, "%s/none", p.target);
    instance = instance_of(&p);
    assert_int_equal(JetRestoreInstanceA(instance, NULL, p.target, NULL), JET_errInvalidParameter);
    assert_int_equal(JetRestoreInstanceA(instance, "", p.target, NULL), JET_errInvalidParameter);
    assert_int_equal(JetRestoreInstanceA(instance, none, p.target, NULL), JET_errFileNotFound);
    assert_int_equal(JetRestoreInstanceA(instance, p.backup, none, NULL), JET_errInvalidPath);
    assert_int_equal(JetRestoreInstanceA(instance, p.backup, p.backup, NULL), JET_errInvalidPath);
    assert_int_equal(JetRestoreInstanceA(instance, p.backup, NULL, NULL),
                     JET_errInvalidPath); /* it came from D:\ */
    assert_int_equal(JetRestoreInstanceA(instance, p.live, p.target, NULL),
                     JET_errRestoreOfNonBackupDatabase);
    assert_int_equal(JetRestoreInstanceA((JET_INSTANCE)0x1234, p.backup, p.target, NULL),
                     JET_errInvalidInstance);
    assert_int_equal(JetRestore2A(p.backup, p.target, NULL), JET_errRunningInMultiInstanceMode);
    assert_int_equal(JetExternalRestoreA(NULL, p.logs, &map, 1, p.backup, 0, 0, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetExternalRestoreA(p.logs, p.logs, NULL, 1, p.backup, 0, 0, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetExternalRestoreA(p.logs, p.logs, &map, 1, p.backup, 0, 0, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetExternalRestoreA(p.logs, p.logs, &map, 1, p.backup, 3, 2, NULL),
                     JET_errInvalidParameter);
    assert_int_equal(JetExternalRestore2A(p.logs, p.logs, &map, 1, p.backup, NULL,
                                          p.logs /* any name */, NULL, NULL, NULL),
                     JET_errBadRestoreTargetInstance);
    TEST_OK(JetTerm(instance));
    assert_true(is_empty(p.target));
    end(&p);
}

/* In the mode of one instance. */
static void
test_api_restore__works_without_an_instance(void **state)
{
    place p;

    (void)state;
    if (!begin(&p, &sets[0]))
        skip();
    TEST_OK(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, p.set->page_size,
                                   NULL));
    TEST_OK(set_text(NULL, JET_paramLogFilePath, p.logs));
    TEST_OK(set_text(NULL, JET_paramSystemPath, p.logs));
    TEST_OK(JetRestore2A(p.backup, p.target, NULL));
    TEST_OK(set_text(NULL, JET_paramLogFilePath, ""));
    TEST_OK(set_text(NULL, JET_paramSystemPath, ""));
    assert_int_equal(count_rows(p.database), p.set->n_rows);
    end(&p);
}

/* Every allocation, read, write and sync fails once: an error, no leak, the backup as it was; afterwards it can be restored. */
static void
test_api_restore__can_be_begun_anew_after_any_failure(void **state)
{
    static const ese_fault kinds[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                      ESE_FAULT_POINT_READ, ESE_FAULT_POINT_WRITE,
                                      ESE_FAULT_POINT_SYNC};
    place p;
    JET_INSTANCE instance;
    int64_t live;
    unsigned n_failed = 0;

    (void)state;
    if (!begin(&p, &sets[0]))
        skip();
    instance = instance_of(&p);
    live = ese_live_allocations();
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        /* Steps grow: where so much happens, one of many places must do. */
        for (uint64_t nth = 1, step = 1;; nth += step, step += nth / 16) {
            JET_ERR err;

            ese_fault_set(kinds[k], nth, false);
            err = JetRestoreInstanceA(instance, p.backup, p.target, NULL);
            ese_fault_set(kinds[k], 0, false);
            assert_int_equal(ese_live_allocations(), live);
            if (err >= JET_errSuccess) {
                recovery_corpus_remove(p.logs);
                assert_int_equal(mkdir(p.logs, 0777), 0);
                if (nth > 20)
                    break;
            } else {
                n_failed++;
            }
        }
    }
    assert_true(n_failed > 50);
    TEST_OK(JetRestoreInstanceA(instance, p.backup, p.target, NULL));
    TEST_OK(JetTerm(instance));
    (void)test_check_file(p.database);
    assert_int_equal(count_rows(p.database), p.set->n_rows);
    end(&p);
}

/* What the process remembers is remembered before anything is counted. */
static int
set_defaults(void **state)
{
    (void)state;
    return set_text(NULL, JET_paramLogFilePath, "") | set_text(NULL, JET_paramSystemPath, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_restore__brings_backups_of_the_corpus_back),
        API_TEST(test_api_restore__puts_files_together_that_a_program_has_copied),
        API_TEST(test_api_restore__answers_every_other_call_that_it_is_in_progress),
        API_TEST(test_api_restore__ends_when_the_program_wants_it),
        API_TEST(test_api_restore__wants_sources_and_places),
        API_TEST(test_api_restore__works_without_an_instance),
        API_TEST(test_api_restore__can_be_begun_anew_after_any_failure),
    };

    return cmocka_run_group_tests(tests, set_defaults, NULL);
}
