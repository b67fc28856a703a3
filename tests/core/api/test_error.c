/* What the API tells about errors, and the switches that make calls fail. */
#include "api_test.h"

#include "api/api.h"
#include "base/err.h"

static JET_ERRINFOBASIC_W
info_of(JET_ERR err)
{
    JET_ERRINFOBASIC_W info;

    memset(&info, 0xee, sizeof info);
    assert_ok(JetGetErrorInfoW(&err, &info, sizeof info, JET_ErrorInfoSpecificErr, 0));
    return info;
}

static void
test_error_info__gives_the_chain_of_categories(void **state)
{
    static const struct {
        JET_ERR err;
        uint8_t chain[8];
    } cases[] = {
        {JET_errOutOfMemory, {1, 2, 5, 6}},
        {JET_errDiskIO, {1, 2, 4}},
        {JET_errInternalError, {1, 2}},
        {JET_errInstanceUnavailable, {1, 2, 3}},
        {JET_errReadVerifyFailure, {1, 9, 10}},
        {JET_errPageSizeMismatch, {1, 9, 11}},
        {JET_errVersionStoreOutOfMemory, {1, 2, 5, 7}},
        {JET_errDiskFull, {1, 2, 5, 8}},
        {JET_errRecordNotFound, {1, 13, 15}},
        {JET_errInvalidParameter, {1, 13, 14}},
        {JET_errSuccess, {1, 13, 15}},
        {JET_errRfsFailure, {0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        JET_ERRINFOBASIC_W info = info_of(cases[i].err);

        assert_int_equal(info.cbStruct, sizeof info);
        assert_int_equal(info.errValue, cases[i].err);
        assert_memory_equal(info.rgCategoricalHierarchy, cases[i].chain, 8);
        assert_int_equal(info.lSourceLine, 0);
        assert_int_equal(info.rgszSourceFile[0], 0);
    }
}

static void
test_error_info__checks_its_arguments(void **state)
{
    JET_ERRINFOBASIC_W info;
    JET_ERR err = JET_errWriteConflict, unknown = -99999;

    (void)state;
    assert_int_equal(JetGetErrorInfoW(&err, &info, sizeof info - 1, JET_ErrorInfoSpecificErr, 0),
                     JET_errInvalidBufferSize);
    assert_int_equal(JetGetErrorInfoW(&err, NULL, sizeof info, JET_ErrorInfoSpecificErr, 0),
                     JET_errInvalidBufferSize);
    assert_int_equal(JetGetErrorInfoW(&err, &info, sizeof info, 77, 0), JET_errInvalidParameter);
    assert_int_equal(JetGetErrorInfoW(&err, &info, sizeof info, JET_ErrorInfoSpecificErr, 1),
                     JET_errInvalidParameter);
    assert_int_equal(JetGetErrorInfoW(NULL, &info, sizeof info, JET_ErrorInfoSpecificErr, 0),
                     JET_errInvalidParameter);
    assert_int_equal(JetGetErrorInfoW(&unknown, &info, sizeof info, JET_ErrorInfoSpecificErr, 0),
                     JET_errInvalidParameter);
}

static void
test_error_text__is_that_of_the_last_call(void **state)
{
    (void)state;
    assert_int_equal(set_integer(NULL, JET_paramMaxSessions, 30001), JET_errInvalidParameter);
    assert_string_equal(ese_error_text(JET_errInvalidParameter),
                        "JET_paramMaxSessions cannot be 30001: it is 0 to 30000");
    assert_int_equal(JetTerm(JET_instanceNil),
                     JET_errInvalidParameter); /* says nothing of its own */
    assert_string_equal(ese_error_text(JET_errInvalidParameter),
                        ese_err_find(JET_errInvalidParameter)->text);
    assert_non_null(ese_error_text(-99999));
}

static void
test_error_name__and_category_are_those_of_the_list(void **state)
{
    (void)state;
    assert_string_equal(ese_error_name(JET_errKeyDuplicate), "JET_errKeyDuplicate");
    assert_null(ese_error_name(-99999));
    assert_int_equal(ese_error_category(JET_errKeyDuplicate), JET_errcatState);
    assert_int_equal(ese_error_category(-99999), JET_errcatUnknown);
}

typedef struct count {
    unsigned n, n_fatal;
    bool is_wrong;
} count;

static void
visit(void *context, JET_ERR err, const char *name, JET_ERRCAT category, const char *text)
{
    count *c = context;

    c->n++;
    c->n_fatal += category == JET_errcatFatal;
    if (strncmp(name, "JET_", 4) != 0 || text[0] == '\0' || ese_error_name(err) == NULL)
        c->is_wrong = true;
}

static void
test_error_list__visits_every_error(void **state)
{
    count c = {0};

    (void)state;
    ese_error_list(&c, visit);
    assert_true(c.n > 400);
    assert_true(c.n_fatal > 3);
    assert_false(c.is_wrong);
}

static JET_ERR fatal[16];
static unsigned n_fatal;

static void
keep_fatal(void *context, JET_ERR err, const char *name, JET_ERRCAT category, const char *text)
{
    (void)context;
    (void)name;
    (void)text;
    if (category == JET_errcatFatal && n_fatal < 16)
        fatal[n_fatal++] = err;
}

static JET_ERR
dup_after(JET_ERR err)
{
    JET_INSTANCE instance = started("fatal");
    JET_SESID handle = begun(instance), other = 0;
    ese_api_session *session = NULL;
    JET_ERR result;

    assert_ok(ese_api_enter(handle, ESE_API_ORDINARY, &session));
    assert_int_equal(ese_api_leave(session, err), err);
    result = JetDupSession(handle, &other);
    assert_ok(JetTerm(instance));
    return result;
}

static void
test_error_fatal__revokes_the_instance(void **state)
{
    (void)state;
    ese_error_list(NULL, keep_fatal);
    for (unsigned i = 0; i < n_fatal; i++)
        assert_int_equal(dup_after(fatal[i]), JET_errInstanceUnavailable);
    assert_int_equal(dup_after(JET_errLogWriteFail), JET_errInstanceUnavailable);
    assert_ok(dup_after(JET_errReadVerifyFailure)); /* one bad page does not end an instance */
    assert_ok(dup_after(JET_errOutOfMemory));
    assert_ok(dup_after(JET_errDiskIO));
    assert_ok(dup_after(JET_wrnColumnNull));
}

static void
test_error_fault__of_an_unknown_kind_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ese_fault_arm((ese_fault_kind)77, 1, 0), JET_errInvalidParameter);
    assert_int_equal(ese_fault_arm((ese_fault_kind)-1, 1, 0), JET_errInvalidParameter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_error_info__gives_the_chain_of_categories),
        API_TEST(test_error_info__checks_its_arguments),
        API_TEST(test_error_text__is_that_of_the_last_call),
        API_TEST(test_error_name__and_category_are_those_of_the_list),
        API_TEST(test_error_list__visits_every_error),
        API_TEST(test_error_fatal__revokes_the_instance),
        API_TEST(test_error_fault__of_an_unknown_kind_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
