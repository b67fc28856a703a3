/* Instances: modes, names, states, the list of instances, failing memory at every step. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "api_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
test_instance_create__wants_unique_names(void **state)
{
    JET_INSTANCE a = 0, b = 77;

    (void)state;
    assert_int_equal(JetCreateInstanceA(NULL, "x"), JET_errInvalidParameter);
    assert_ok(JetCreateInstanceA(&a, "x"));
    assert_int_equal(JetCreateInstance2A(&b, "x", "shown", 0), JET_errInstanceNameInUse);
    assert_true(b == JET_instanceNil);
    assert_int_equal(JetCreateInstanceW(&b, u"x"), JET_errInstanceNameInUse);
    assert_ok(JetCreateInstance2W(&b, u"X", u"shown", 0)); /* names differ by case */
    assert_ok(JetTerm(b));
    assert_ok(JetTerm(a));
    assert_ok(JetCreateInstanceA(&a, NULL)); /* no name is a name, the empty text is none */
    assert_int_equal(JetCreateInstanceA(&b, NULL), JET_errInstanceNameInUse);
    assert_ok(JetTerm(a));
    assert_ok(JetCreateInstanceA(&a, ""));
    assert_ok(JetCreateInstanceA(&b, ""));
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
    assert_int_equal(JetCreateInstanceA(&a, "\xff"), JET_errUnicodeTranslationFail);
}

static void
test_instance_create__stops_at_the_limit(void **state)
{
    JET_INSTANCE all[16], extra = 77;

    (void)state;
    for (int i = 0; i < 16; i++)
        assert_ok(JetCreateInstanceA(&all[i], ""));
    assert_int_equal(JetCreateInstanceA(&extra, ""), JET_errTooManyInstances);
    assert_int_equal(extra, 77);
    for (int i = 0; i < 16; i++)
        assert_ok(JetTerm(all[i]));
    assert_ok(set_integer(NULL, JET_paramMaxInstances, 1));
    assert_ok(JetCreateInstanceA(&all[0], ""));
    assert_int_equal(JetCreateInstanceA(&extra, ""), JET_errTooManyInstances);
    assert_ok(JetTerm(all[0]));
    assert_ok(set_integer(NULL, JET_paramMaxInstances, 16));
}

static void
test_instance_handle__that_is_none_gives_an_error(void **state)
{
    JET_INSTANCE instance = started("a"), stale;
    JET_SIGNATURE signature;

    (void)state;
    assert_int_equal(JetTerm(0), JET_errInvalidParameter);
    assert_int_equal(JetTerm(JET_instanceNil), JET_errInvalidParameter);
    assert_int_equal(JetTerm(0x55), JET_errInvalidInstance);
    assert_int_equal(JetStopServiceInstance(0x55), JET_errInvalidInstance);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(JetTerm(instance ^ (uint64_t)1 << bit), JET_errInvalidInstance);
    stale = instance;
    assert_ok(JetTerm(instance));
    instance = started("a");
    assert_int_equal(JetTerm(stale), JET_errInvalidInstance);
    assert_int_equal(JetInit(&stale), JET_errInvalidInstance);
    assert_int_equal(JetGetInstanceMiscInfo(stale, &signature, sizeof signature,
                                            JET_InstanceMiscInfoLogSignature),
                     JET_errInvalidInstance);
    assert_int_equal(set_integer(&stale, JET_paramMaxSessions, 5), JET_errInvalidInstance);
    assert_ok(JetTerm(instance));
}

static void
test_instance_init__starts_once(void **state)
{
    JET_INSTANCE instance = started("a"), nil = JET_instanceNil;
    JET_RSTINFO_A info = {.cbStruct = sizeof info};

    (void)state;
    assert_int_equal(JetInit(&instance), JET_errAlreadyInitialized);
    assert_int_equal(JetInit2(&instance, 0), JET_errAlreadyInitialized);
    assert_int_equal(JetInit3A(&instance, &info, 0), JET_errAlreadyInitialized);
    assert_int_equal(JetInit3W(&instance, NULL, 0), JET_errAlreadyInitialized);
    assert_int_equal(JetInit(&nil), JET_errInvalidParameter);
    assert_int_equal(JetInit(NULL), JET_errRunningInMultiInstanceMode);
    assert_ok(JetTerm(instance));
}

static void
test_instance_init__with_bad_restore_info_leaves_the_instance_alone(void **state)
{
    JET_INSTANCE instance = created("a");
    JET_RSTINFO_A info = {.cbStruct = 3};

    (void)state;
    assert_int_equal(JetInit3A(&instance, &info, 0), JET_errInvalidParameter);
    info = (JET_RSTINFO_A){.cbStruct = sizeof info, .crstmap = 1};
    assert_int_equal(JetInit3A(&instance, &info, 0), JET_errInvalidParameter);
    info.crstmap = 0;
    assert_ok(JetInit3A(&instance, &info, 0x40000000)); /* unknown options are accepted */
    assert_ok(JetTerm(instance));
}

static void
test_instance_init__that_fails_ends_the_instance(void **state)
{
    JET_INSTANCE a = 0, b = 0;

    (void)state;
    assert_ok(JetCreateInstanceA(&a, "a"));
    assert_ok(JetCreateInstanceA(&b, "b"));
    assert_ok(JetInit(&a));
    assert_int_equal(JetInit(&b), JET_errTempPathInUse);
    assert_true(b == JET_instanceNil);
    assert_ok(JetCreateInstanceA(&b, "b")); /* the name is free again */
    assert_ok(set_text(&b, JET_paramTempPath, "other.edb"));
    assert_int_equal(JetInit(&b), JET_errSystemPathInUse);
    assert_ok(JetCreateInstanceA(&b, "b"));
    assert_ok(set_text(&b, JET_paramTempPath, "other.edb"));
    assert_ok(set_text(&b, JET_paramSystemPath, "other"));
    assert_int_equal(JetInit(&b), JET_errLogFilePathInUse);
    assert_ok(JetCreateInstanceA(&b, "b"));
    assert_int_equal(JetInit2(&b, JET_bitLogStreamMustExist), JET_errTempPathInUse);
    assert_ok(JetTerm(a));
    assert_ok(JetCreateInstanceA(&b, "b"));
    assert_ok(set_text(&b, JET_paramBaseName, "xyz"));
    assert_int_equal(JetInit2(&b, JET_bitLogStreamMustExist), JET_errMissingLogFile);
}

static void
test_instance_init__compares_paths_by_their_parts(void **state)
{
    static const struct {
        const char *path;
        bool is_same;
    } cases[] = {
        {"x/tmp.edb", true},   {"./x//tmp.edb", true}, {"x/./tmp.edb", true},
        {"x/tmp.edb/", true},  {"/x/tmp.edb", false},  {"x/tmp.ed", false},
        {"x/tmp.edbx", false}, {"x", false},           {"", false},
    };
    JET_INSTANCE a = 0;

    (void)state;
    assert_ok(JetCreateInstanceA(&a, "a"));
    assert_ok(set_text(&a, JET_paramTempPath, "x/tmp.edb"));
    assert_ok(JetInit(&a));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        JET_INSTANCE b = 0;

        assert_ok(JetCreateInstanceA(&b, "b"));
        assert_ok(set_text(&b, JET_paramTempPath, cases[i].path));
        assert_int_equal(JetInit(&b),
                         cases[i].is_same ? JET_errTempPathInUse : JET_errSystemPathInUse);
    }
    assert_ok(JetTerm(a));
}

static void
test_instance_init__without_recovery_shares_folders(void **state)
{
    JET_INSTANCE a = started("a"), b = started("b");

    (void)state;
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
}

static void
test_instance_mode__one_instance_needs_no_handle(void **state)
{
    JET_INSTANCE a = 0, b = 0;
    JET_SESID session = 0;
    JET_SETSYSPARAM_A entry = {.paramid = JET_paramMaxSessions, .lParam = 20};
    uint32_t n = 77;

    (void)state;
    assert_ok(set_integer(NULL, JET_paramMaxOpenTables, 200));
    assert_ok(JetInit(&a));
    assert_int_not_equal(a, 0);
    assert_int_equal(JetInit(&b), JET_errAlreadyInitialized);
    assert_int_equal(JetInit(NULL), JET_errAlreadyInitialized);
    assert_int_equal(JetCreateInstanceA(&b, "b"), JET_errRunningInOneInstanceMode);
    assert_int_equal(JetEnableMultiInstanceA(&entry, 1, &n), JET_errRunningInOneInstanceMode);
    assert_int_equal(n, 0);
    assert_ok(JetBeginSessionA(a, &session, NULL, NULL));
    assert_ok(JetBeginSessionA(0, &session, NULL, NULL));
    assert_ok(JetBeginSessionA(JET_instanceNil, &session, NULL, NULL));
    assert_int_equal(get_integer(0, JET_paramMaxOpenTables), 200);
    assert_int_equal(set_integer(NULL, JET_paramMaxOpenTables, 300), JET_errAlreadyInitialized);
    assert_ok(JetStopService());
    assert_int_equal(JetDupSession(session, &session), JET_errClientRequestToStopJetService);
    assert_ok(JetTerm(0));
    assert_int_equal(JetTerm(0), JET_errInvalidParameter);
    assert_int_equal(JetTerm(a), JET_errInvalidInstance);
    assert_ok(JetCreateInstanceA(&b, "b")); /* the mode is open again */
    assert_ok(JetTerm(b));
    assert_ok(set_integer(NULL, JET_paramMaxOpenTables, 300));
}

static void
test_instance_mode__many_instances_can_be_started_without_a_name(void **state)
{
    JET_INSTANCE a = created("a"), b = 0;

    (void)state;
    assert_ok(JetInit(&b));
    assert_int_not_equal(b, 0);
    assert_int_not_equal(b, a);
    assert_int_equal(JetStopService(), JET_errRunningInMultiInstanceMode);
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
    assert_int_equal(JetStopService(), JET_errInvalidParameter);
}

static void
test_instance_stop__has_partial_forms(void **state)
{
    JET_INSTANCE instance = created("a");
    JET_SESID session = 0;

    (void)state;
    assert_int_equal(JetStopServiceInstance(instance), JET_errNotInitialized);
    assert_ok(JetInit(&instance));
    session = begun(instance);
    assert_int_equal(JetStopServiceInstance2(instance, 1), JET_errInvalidGrbit);
    assert_ok(JetStopServiceInstance2(instance, JET_bitStopServiceBackgroundUserTasks));
    assert_ok(JetStopServiceInstance2(instance, JET_bitStopServiceQuiesceCaches));
    assert_ok(JetBeginTransaction(session));
    assert_ok(JetCommitTransaction(session, 0));
    assert_ok(JetStopServiceInstance2(instance, JET_bitStopServiceResume));
    assert_ok(JetStopServiceInstance2(instance, JET_bitStopServiceAll));
    assert_int_equal(JetStopServiceInstance2(instance, JET_bitStopServiceResume),
                     JET_errClientRequestToStopJetService);
    assert_int_equal(JetBeginTransaction(session), JET_errClientRequestToStopJetService);
    assert_ok(JetTerm(instance));
}

static void
test_instance_term__knows_its_options(void **state)
{
    JET_INSTANCE instance = created("a");

    (void)state;
    assert_int_equal(JetTerm2(instance, 0x100), JET_errInvalidParameter);
    assert_ok(JetTerm2(instance, JET_bitTermAbrupt));
    instance = started("a");
    assert_ok(JetTerm2(instance, JET_bitTermComplete | JET_bitTermStopBackup));
}

static void
test_instance_info__lists_instances_in_the_order_of_their_creation(void **state)
{
    JET_INSTANCE_INFO_A *narrow = NULL;
    JET_INSTANCE_INFO_W *wide = NULL;
    JET_INSTANCE a, b;
    uint32_t n = 77;

    (void)state;
    assert_ok(JetGetInstanceInfoA(&n, &narrow));
    assert_int_equal(n, 0);
    assert_non_null(narrow);
    assert_ok(JetFreeBuffer((char *)narrow));
    a = created("erste");
    b = started("zw\xc3\xb6lfte");
    assert_ok(JetGetInstanceInfoA(&n, &narrow));
    assert_int_equal(n, 2);
    assert_int_equal(narrow[0].hInstanceId, a);
    assert_string_equal(narrow[0].szInstanceName, "erste");
    assert_int_equal(narrow[0].cDatabases, 0);
    assert_int_equal(narrow[1].hInstanceId, b);
    assert_string_equal(narrow[1].szInstanceName, "zw\xc3\xb6lfte");
    assert_ok(JetFreeBuffer((char *)narrow));
    assert_ok(JetGetInstanceInfoW(&n, &wide));
    assert_int_equal(n, 2);
    assert_memory_equal(wide[0].szInstanceName, u"erste", sizeof u"erste");
    assert_memory_equal(wide[1].szInstanceName, u"zw\u00f6lfte", sizeof u"zw\u00f6lfte");
    assert_ok(JetFreeBuffer((char *)wide));
    assert_int_equal(JetGetInstanceInfoA(NULL, &narrow), JET_errInvalidParameter);
    assert_int_equal(JetGetInstanceInfoW(&n, NULL), JET_errInvalidParameter);
    assert_ok(JetFreeBuffer(NULL));
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
}

static void
test_instance_misc_info__tells_a_signature_of_its_own(void **state)
{
    JET_INSTANCE a = created("a"), b = started("b");
    JET_SIGNATURE first, second;
    const uint32_t level = JET_InstanceMiscInfoLogSignature;

    (void)state;
    assert_int_equal(JetGetInstanceMiscInfo(a, &first, sizeof first, level), JET_errNotInitialized);
    assert_ok(JetInit(&a));
    assert_ok(JetGetInstanceMiscInfo(a, &first, sizeof first, level));
    assert_ok(JetGetInstanceMiscInfo(b, &second, sizeof second, level));
    assert_int_not_equal(first.ulRandom, 0);
    assert_int_not_equal(first.ulRandom, second.ulRandom);
    assert_int_not_equal(first.logtimeCreate.bYear, 0);
    assert_true(first.logtimeCreate.bMonth >= 1 && first.logtimeCreate.bMonth <= 12);
    assert_int_equal(JetGetInstanceMiscInfo(a, &first, sizeof first - 1, level),
                     JET_errBufferTooSmall);
    assert_int_equal(JetGetInstanceMiscInfo(a, NULL, sizeof first, level), JET_errInvalidParameter);
    assert_int_equal(JetGetInstanceMiscInfo(a, &first, sizeof first, 77), JET_errInvalidParameter);
    assert_ok(JetTerm(a));
    assert_ok(JetTerm(b));
}

/* The life of an instance; every call may fail for want of memory, and JetTerm still ends it. */
static JET_ERR
live(void)
{
    JET_INSTANCE instance = 0;
    JET_SESID session = 0, other = 0;
    JET_INSTANCE_INFO_A *infos = NULL;
    uint32_t n = 0;
    JET_ERR err = JetCreateInstanceW(&instance, u"life");
    JET_ERR err_term;

    if (err < JET_errSuccess)
        return err;
    err = JetSetSystemParameterW(&instance, JET_sesidNil, JET_paramRecovery, 0, u"off");
    if (err >= JET_errSuccess)
        err = set_text(&instance, JET_paramSystemPath, "folder");
    if (err >= JET_errSuccess) {
        err = JetInit(&instance);
        if (err < JET_errSuccess) { /* it is gone */
            assert_true(instance == JET_instanceNil);
            return err;
        }
    }
    if (err >= JET_errSuccess)
        err = JetBeginSessionA(instance, &session, NULL, NULL);
    if (err >= JET_errSuccess)
        err = JetDupSession(session, &other);
    if (err >= JET_errSuccess)
        err = JetGetInstanceInfoA(&n, &infos);
    JetFreeBuffer((char *)infos);
    if (err >= JET_errSuccess)
        err = JetEndSession(other, 0);
    err_term = JetTerm(instance);
    assert_ok(err_term);
    return err;
}

static void
test_instance_life__survives_the_failure_of_any_allocation(void **state)
{
    int64_t live_blocks = ese_live_allocations();
    JET_ERR err = JET_errOutOfMemory;
    unsigned n;

    (void)state;
    for (n = 1; err != JET_errSuccess; n++) {
        assert_true(n < 1000);
        assert_ok(ese_fault_arm(ESE_faultAlloc, n, 0));
        err = live();
        assert_ok(ese_fault_arm(ESE_faultAlloc, 0, 0));
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        assert_int_equal(ese_live_allocations(), live_blocks);
    }
    assert_true(n > 10);
}

static void *
live_often(void *argument)
{
    intptr_t n_failed = 0;

    for (int i = 0; i < 200; i++) {
        JET_INSTANCE instance = 0;
        JET_SESID session = 0;

        n_failed += JetCreateInstanceA(&instance, "") != JET_errSuccess;
        n_failed += set_text(&instance, JET_paramRecovery, "off") != JET_errSuccess;
        n_failed += JetInit(&instance) != JET_errSuccess;
        n_failed += JetBeginSessionA(instance, &session, NULL, NULL) != JET_errSuccess;
        n_failed += JetTerm(instance) != JET_errSuccess;
        n_failed += JetTerm(instance) != JET_errInvalidInstance;
    }
    (void)argument;
    return (void *)n_failed;
}

static void
test_instance_life__goes_on_in_many_threads(void **state)
{
    pthread_t threads[8];
    JET_INSTANCE keeper = created("keeper"); /* keeps the mode: the last one to go opens it again */

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live_often, NULL), 0);
    for (int i = 0; i < 50; i++) {
        JET_INSTANCE_INFO_A *infos = NULL;
        uint32_t n = 0;

        assert_ok(JetGetInstanceInfoA(&n, &infos));
        assert_in_range(n, 1, 9);
        assert_ok(JetFreeBuffer((char *)infos));
    }
    for (int i = 0; i < 8; i++) {
        void *n_failed = NULL;

        assert_int_equal(pthread_join(threads[i], &n_failed), 0);
        assert_int_equal((intptr_t)n_failed, 0);
    }
    assert_ok(JetTerm(keeper));
}

/* Instances with default parameters keep their logs in the current folder. */
static char folder[] = ESE_TEST_FOLDER "/ese-instance-XXXXXX";

static int
enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int
leave_folder(void **state)
{
    static const char *const names[] = {"edb.log", "edb.chk", "edbres00001.jrs", "edbres00002.jrs"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(names[i]);
    return chdir("/") != 0 ? -1 : rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_instance_create__wants_unique_names),
        API_TEST(test_instance_create__stops_at_the_limit),
        API_TEST(test_instance_handle__that_is_none_gives_an_error),
        API_TEST(test_instance_init__starts_once),
        API_TEST(test_instance_init__with_bad_restore_info_leaves_the_instance_alone),
        API_TEST(test_instance_init__that_fails_ends_the_instance),
        API_TEST(test_instance_init__compares_paths_by_their_parts),
        API_TEST(test_instance_init__without_recovery_shares_folders),
        API_TEST(test_instance_mode__one_instance_needs_no_handle),
        API_TEST(test_instance_mode__many_instances_can_be_started_without_a_name),
        API_TEST(test_instance_stop__has_partial_forms),
        API_TEST(test_instance_term__knows_its_options),
        API_TEST(test_instance_info__lists_instances_in_the_order_of_their_creation),
        API_TEST(test_instance_misc_info__tells_a_signature_of_its_own),
        API_TEST(test_instance_life__survives_the_failure_of_any_allocation),
        API_TEST(test_instance_life__goes_on_in_many_threads),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
