/* Nanoseconds per JetDupSession + JetEndSession, per empty transaction and per call that only enters and leaves. */
#include "bench.h"

enum { N_CALLS = 500000 };

static JET_SESID session;

static void
dup_and_end(void *self)
{
    JET_SESID other = 0;

    (void)self;
    for (int i = 0; i < N_CALLS; i++) {
        bench_must(JetDupSession(session, &other), "JetDupSession");
        bench_must(JetEndSession(other, 0), "JetEndSession");
    }
}

static void
begin_and_commit(void *self)
{
    (void)self;
    for (int i = 0; i < N_CALLS; i++) {
        bench_must(JetBeginTransaction(session), "JetBeginTransaction");
        bench_must(JetCommitTransaction(session, 0), "JetCommitTransaction");
    }
}

static void
enter_and_leave(void *self)
{
    uint32_t version = 0;

    (void)self;
    for (int i = 0; i < N_CALLS; i++)
        bench_must(JetGetVersion(session, &version), "JetGetVersion");
}

int
main(void)
{
    JET_INSTANCE instance = 0;

    bench_must(JetCreateInstance(&instance, "bench"), "JetCreateInstance");
    bench_must(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "off"),
               "JET_paramRecovery");
    bench_must(JetInit(&instance), "JetInit");
    bench_must(JetBeginSession(instance, &session, NULL, NULL), "JetBeginSession");
    bench_time_each("JetDupSession + JetEndSession", N_CALLS, dup_and_end, NULL);
    bench_time_each("begin + commit transaction", N_CALLS, begin_and_commit, NULL);
    bench_time_each("JetGetVersion", N_CALLS, enter_and_leave, NULL);
    bench_must(JetTerm(instance), "JetTerm");
    return 0;
}
