/* One shop for each test, and nothing of it left behind. */
#pragma once

#include "log_test.h"

static shop s;

static inline int
setup(void **state)
{
    (void)remember_memory(state);
    shop_make(&s);
    return 0;
}

static inline int
teardown(void **state)
{
    shop_destroy(&s);
    return compare_memory(state);
}

#define SHOP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
