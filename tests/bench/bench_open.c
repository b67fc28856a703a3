/*
 * Opening a database: microseconds from attaching the file to the first record of a table, and back. The size of the file must not
 * matter; run.py gives it a small file and a sparse one of 10 GB.
 *
 *     bench_open FILE TABLE
 */
#include "bench.h"

enum { N_OPENS = 100 };

typedef struct opener {
    JET_SESID session;
    const char *path;
    const char *table;
} opener;

static void
open_once(const opener *o)
{
    JET_DBID database = 0;
    JET_TABLEID table = 0;

    bench_must(JetAttachDatabase(o->session, o->path, ESE_bitDbReader), o->path);
    bench_must(JetOpenDatabase(o->session, o->path, NULL, &database, JET_bitDbReadOnly), o->path);
    bench_must(JetOpenTable(o->session, database, o->table, NULL, 0, JET_bitTableReadOnly, &table),
               o->table);
    bench_must(JetMove(o->session, table, (int32_t)JET_MoveFirst, 0), "JetMove");
    bench_must(JetCloseTable(o->session, table), "JetCloseTable");
    bench_must(JetCloseDatabase(o->session, database, 0), "JetCloseDatabase");
    bench_must(JetDetachDatabase(o->session, o->path), "JetDetachDatabase");
}

static void
open_many(void *self)
{
    for (int i = 0; i < N_OPENS; i++)
        open_once(self);
}

int
main(int argc, char **argv)
{
    JET_INSTANCE instance = 0;
    opener o = {0};

    if (argc != 3) {
        fprintf(stderr, "usage: bench_open FILE TABLE\n");
        return 2;
    }
    o.path = argv[1];
    o.table = argv[2];
    bench_must(JetCreateInstance(&instance, "bench"), "JetCreateInstance");
    bench_must(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "off"),
               "JET_paramRecovery");
    bench_must(JetInit(&instance), "JetInit");
    bench_must(JetBeginSession(instance, &o.session, NULL, NULL), "JetBeginSession");
    bench_time_each("attach to first record and back", N_OPENS, open_many, &o);
    bench_must(JetTerm(instance), "JetTerm");
    return 0;
}
