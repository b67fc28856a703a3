/* The databases that tests/support/edb/fixtures.py builds, and a session on one of them. */
#pragma once

#include "esent.h"

#include <stdbool.h>

/* Path of the fixture, for example "types-8k.edb"; NULL, with a message, where there was no Python to build it. */
const char *test_fixture(const char *name);

/* An instance of its own with one session that has one database attached and open. */
typedef struct test_session {
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
} test_session;

/* Fails the test when something goes wrong. `grbit` is for the attach, beside ESE_bitDbReader. */
test_session test_session_open(const char *path, JET_GRBIT grbit);
void test_session_close(test_session *session);

/* Fails the test, with the text of the error, unless `err` is a success or a warning. */
#define TEST_OK(call) test_ok((call), #call, __FILE__, __LINE__)
void test_ok(JET_ERR err, const char *call, const char *file, int line);
