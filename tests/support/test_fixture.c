#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "ese.h"

const char *
test_fixture(const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", ESE_TEST_FIXTURES, name);
    if (access(path, R_OK) == 0)
        return path;
    printf("%s was not built: skipped\n", path);
    return NULL;
}

void
test_ok(JET_ERR err, const char *call, const char *file, int line)
{
    if (err < 0) {
        print_error("%s -> %d: %s\n", call, (int)err, ese_error_text(err));
        _fail(file, line);
    }
}

test_session
test_session_open(const char *path, JET_GRBIT grbit)
{
    test_session session = {0};

    TEST_OK(JetCreateInstanceA(&session.instance, "test"));
    TEST_OK(JetSetSystemParameterA(&session.instance, 0, JET_paramRecovery, 0, "off"));
    TEST_OK(JetInit(&session.instance));
    TEST_OK(JetBeginSessionA(session.instance, &session.sesid, NULL, NULL));
    TEST_OK(JetAttachDatabaseA(session.sesid, path, ESE_bitDbReader | JET_bitDbReadOnly | grbit));
    TEST_OK(JetOpenDatabaseA(session.sesid, path, NULL, &session.dbid, JET_bitDbReadOnly));
    return session;
}

void
test_session_close(test_session *session)
{
    TEST_OK(JetTerm(session->instance));
}
