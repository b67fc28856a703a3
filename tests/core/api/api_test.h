/* What the tests of the door share: instances that keep nothing on disk, and the check that nothing leaks. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ese.h"
#include "esent.h"

#include <stdbool.h>
#include <string.h>

#define assert_ok(call) assert_int_equal((call), JET_errSuccess)

static inline JET_ERR
set_integer(JET_INSTANCE *instance, uint32_t paramid, JET_API_PTR value)
{
    return JetSetSystemParameterA(instance, JET_sesidNil, paramid, value, NULL);
}

static inline JET_ERR
set_text(JET_INSTANCE *instance, uint32_t paramid, const char *text)
{
    return JetSetSystemParameterA(instance, JET_sesidNil, paramid, 0, text);
}

static inline JET_API_PTR
get_integer(JET_INSTANCE instance, uint32_t paramid)
{
    JET_API_PTR value = 0x5a5a5a5a;

    assert_ok(JetGetSystemParameterA(instance, JET_sesidNil, paramid, &value, NULL, 0));
    return value;
}

/* An instance before JetInit, and one after. */
static inline JET_INSTANCE
created(const char *name)
{
    JET_INSTANCE instance = 0;

    assert_ok(JetCreateInstanceA(&instance, name));
    assert_ok(set_text(&instance, JET_paramRecovery, "off"));
    return instance;
}

static inline JET_INSTANCE
started(const char *name)
{
    JET_INSTANCE instance = created(name);

    assert_ok(JetInit(&instance));
    return instance;
}

static inline JET_SESID
begun(JET_INSTANCE instance)
{
    JET_SESID session = 0;

    assert_ok(JetBeginSessionA(instance, &session, NULL, NULL));
    return session;
}

static int64_t live_before;

/* Setup and teardown of every test: no fault stays armed, no memory stays behind. */
static inline int
remember_memory(void **state)
{
    (void)state;
    live_before = ese_live_allocations();
    return 0;
}

static inline int
compare_memory(void **state)
{
    (void)state;
    for (int kind = ESE_faultAlloc; kind <= ESE_faultTerm; kind++)
        ese_fault_arm((ese_fault_kind)kind, 0, 0);
    return ese_live_allocations() == live_before ? 0 : -1;
}

#define API_TEST(function)                                                                         \
    cmocka_unit_test_setup_teardown(function, remember_memory, compare_memory)
