/*
 * Nanoseconds per JetDupSession + JetEndSession, per empty transaction and per call that only enters and leaves.
 *
 *     bench_session [ROUNDS]      default 2000000
 */
#include "esent.h"

#include "os/os_thread.h"

#include <stdio.h>
#include <stdlib.h>

static void
must(JET_ERR err)
{
    if (err >= JET_errSuccess)
        return;
    fprintf(stderr, "error %d\n", (int)err);
    exit(1);
}

static void
report(const char *what, uint64_t begin, uint64_t n)
{
    printf("%-32s %8.1f ns\n", what, (double)(ese_os_now_ns() - begin) / (double)n);
}

int
main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    JET_INSTANCE instance = 0;
    JET_SESID session = 0, other = 0;
    uint32_t version = 0;
    uint64_t begin;

    must(JetCreateInstance(&instance, "bench"));
    must(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "off"));
    must(JetInit(&instance));
    must(JetBeginSession(instance, &session, NULL, NULL));

    begin = ese_os_now_ns();
    for (uint64_t i = 0; i < n; i++) {
        must(JetDupSession(session, &other));
        must(JetEndSession(other, 0));
    }
    report("JetDupSession + JetEndSession", begin, n);

    begin = ese_os_now_ns();
    for (uint64_t i = 0; i < n; i++) {
        must(JetBeginTransaction(session));
        must(JetCommitTransaction(session, 0));
    }
    report("begin + commit transaction", begin, n);

    begin = ese_os_now_ns();
    for (uint64_t i = 0; i < n; i++)
        must(JetGetVersion(session, &version));
    report("JetGetVersion", begin, n);

    must(JetTerm(instance));
    return 0;
}
