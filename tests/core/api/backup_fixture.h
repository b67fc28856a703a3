/* For each test what is backed up, what is restored, and a place for the backup between them; nothing of them is left behind. */
#pragma once

#include "backup_test.h"

static shop s, r;
static depot d;

static inline int
setup(void **state)
{
    (void)remember_memory(state);
    shop_make(&s);
    shop_make(&r);
    depot_make(&d);
    return 0;
}

static inline int
teardown(void **state)
{
    shop_destroy(&s);
    shop_destroy(&r);
    depot_destroy(&d);
    return compare_memory(state);
}

#define BACKUP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
