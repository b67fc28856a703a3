/*
 * The public header with both of its switches set: JET_UNICODE makes bare names the UTF-16 forms,
 * and an older JET_VERSION hides what came later.
 */
#define JET_UNICODE
#define JET_VERSION 0x0600

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "esent.h"

#if !defined(JET_bitRecordSizeLocal) || !defined(JET_coltypGUID) || !defined(JET_DbInfoFileType)
#    error "JET_VERSION 0x0600 has these"
#endif
#if defined(JET_bitTermDirty) || defined(JET_coltypUnsignedLongLong) || defined(JET_configDefault)
#    error "JET_VERSION 0x0600 does not have these"
#endif

#define NAME(name)      NAME_TEXT(name)
#define NAME_TEXT(name) #name

static void
test_include_bare_names__are_the_wide_text_forms_with_jet_unicode(void **state)
{
    (void)state;
    assert_string_equal(NAME(JetInit3), "JetInit3W");
    assert_string_equal(NAME(JetGetErrorInfo), "JetGetErrorInfoW");
    assert_string_equal(NAME(JET_RSTINFO), "JET_RSTINFO_W");
    assert_string_equal(NAME(JetMove), "JetMove");
}

/* Its own type, which the header would contradict if it still described this struct of Windows 7.
 */
typedef struct JET_SPACEHINTS {
    char name_is_free;
} JET_SPACEHINTS;

static void
test_include_version__leaves_later_names_to_the_program(void **state)
{
    (void)state;
    assert_int_equal(sizeof(JET_SPACEHINTS), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_include_bare_names__are_the_wide_text_forms_with_jet_unicode),
        cmocka_unit_test(test_include_version__leaves_later_names_to_the_program),
    };
    return cmocka_run_group_tests_name("include: esent.h, switches", tests, NULL, NULL);
}
