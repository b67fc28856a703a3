/* The catalog of a fixture, or of a damaged copy of one, opened without a session. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ese.h"
#include "record/record_lv.h"
#include "schema/schema_private.h"
#include "test_fixture.h"
#include "test_image.h"

#include <string.h>

enum { CACHE_BYTES = 4 << 20, HEADER_BYTES = 4096 };

typedef struct test_schema {
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *cached;
    ese_schema *schema;
} test_schema;

static inline test_schema
open_schema(const char *path)
{
    test_schema test = {0};
    uint8_t bytes[HEADER_BYTES];
    ese_dbheader header;

    TEST_OK(ese_os_file_open(path, &test.file));
    TEST_OK(ese_os_file_read(test.file, 0, bytes, sizeof bytes));
    if (ese_dbheader_decode(bytes, sizeof bytes, &header) < JET_errSuccess) {
        static uint8_t whole[32768]; /* the checksum is that of a page of the database */

        TEST_OK(ese_os_file_read(test.file, 0, whole, sizeof whole));
        TEST_OK(ese_dbheader_decode(whole, sizeof whole, &header));
    }
    TEST_OK(ese_cache_create(CACHE_BYTES, &test.cache));
    TEST_OK(ese_cache_attach(test.cache, test.file, header.page_size, &test.cached));
    TEST_OK(ese_schema_open(test.cached, NULL, &header, NULL, &test.schema));
    return test;
}

static inline void
close_schema(test_schema *test)
{
    ese_schema_close(&test->schema);
    ese_cache_detach(&test->cached);
    ese_cache_destroy(&test->cache);
    ese_os_file_close(&test->file);
    assert_int_equal(ese_alloc_live(), 0);
}

static inline ese_schema_table *
open_descriptor(const test_schema *test, const char *name)
{
    ese_schema_table *table = NULL;

    TEST_OK(ese_schema_table_open(test->schema, NULL, name, &table));
    return table;
}
