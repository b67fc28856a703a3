/*
 * Reading a table through the public header, everything in the cache: nanoseconds per record for scans in each of the ways
 * the API has, and per seek in random order when an index over one column is named.
 *
 *     bench_read FILE TABLE [INDEX COLUMN]
 */
#include "bench.h"

#include <string.h>

enum { KEY_ROOM = 28, VALUES_ROOM = 1 << 16, N_SEEKS = 200000 };

typedef struct key {
    uint32_t size;
    uint8_t value[KEY_ROOM];
} key;

typedef struct reader {
    JET_SESID session;
    JET_TABLEID table;
    uint32_t n_rows;
    uint32_t n_columns;
    JET_COLUMNID *ids;
    ese_column *columns;
    JET_RETRIEVECOLUMN *wanted;
    uint64_t n_bytes; /* read by the last round: what is read is used */

    JET_COLUMNID key_column;
    key *sought; /* N_SEEKS of them */
} reader;

static uint8_t values[VALUES_ROOM];

static void *
allocate(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);

    bench_require(memory != NULL, "out of memory");
    return memory;
}

/* ---- Opening ---- */

static JET_DBID
open_database(reader *r, const char *path)
{
    JET_INSTANCE instance = 0;
    JET_DBID database = 0;

    bench_must(JetCreateInstance(&instance, "bench"), "JetCreateInstance");
    bench_must(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "off"),
               "JET_paramRecovery");
    bench_must(JetInit(&instance), "JetInit");
    bench_must(JetBeginSession(instance, &r->session, NULL, NULL), "JetBeginSession");
    bench_must(JetAttachDatabase(r->session, path, ESE_bitDbReader), path);
    bench_must(JetOpenDatabase(r->session, path, NULL, &database, JET_bitDbReadOnly), path);
    return database;
}

static void
list_columns(reader *r)
{
    JET_COLUMNLIST list = {.cbStruct = sizeof list};
    uint32_t n = 0;

    bench_must(
        JetGetTableColumnInfo(r->session, r->table, NULL, &list, sizeof list, JET_ColInfoList),
        "JetGetTableColumnInfo");
    r->n_columns = list.cRecord;
    r->ids = allocate(list.cRecord, sizeof *r->ids);
    r->columns = allocate(list.cRecord, sizeof *r->columns);
    r->wanted = allocate(list.cRecord, sizeof *r->wanted);
    for (JET_ERR err = JetMove(r->session, list.tableid, (int32_t)JET_MoveFirst, 0);
         err == JET_errSuccess && n < list.cRecord;
         err = JetMove(r->session, list.tableid, JET_MoveNext, 0))
        bench_must(JetRetrieveColumn(r->session, list.tableid, list.columnidcolumnid, &r->ids[n++],
                                     sizeof *r->ids, NULL, 0, NULL),
                   "JetRetrieveColumn");
    bench_must(JetCloseTable(r->session, list.tableid), "JetCloseTable");
}

static int
compare_ids(const void *a, const void *b)
{
    JET_COLUMNID x = *(const JET_COLUMNID *)a, y = *(const JET_COLUMNID *)b;

    return (x > y) - (x < y);
}

static void
prepare_columns(reader *r)
{
    list_columns(r);
    qsort(r->ids, r->n_columns, sizeof *r->ids, compare_ids);
    for (uint32_t i = 0; i < r->n_columns; i++) {
        r->columns[i].columnid = r->ids[i];
        r->wanted[i] = (JET_RETRIEVECOLUMN){
            .columnid = r->ids[i],
            .pvData = values + VALUES_ROOM / r->n_columns * i,
            .cbData = VALUES_ROOM / r->n_columns,
            .itagSequence = 1,
        };
    }
}

/* ---- Scans ---- */

typedef void visit_row(reader *r);

static uint32_t
scan(reader *r, visit_row *visit)
{
    uint32_t n = 0;

    r->n_bytes = 0;
    for (JET_ERR err = JetMove(r->session, r->table, (int32_t)JET_MoveFirst, 0);
         err != JET_errNoCurrentRecord; err = JetMove(r->session, r->table, JET_MoveNext, 0)) {
        bench_must(err, "JetMove");
        visit(r);
        n++;
    }
    return n;
}

static void
visit_nothing(reader *r)
{
    (void)r;
}

static void
visit_by_row(reader *r)
{
    bench_must(ese_get_row(r->session, r->table, 0, r->columns, r->n_columns), "ese_get_row");
    for (uint32_t i = 0; i < r->n_columns; i++) {
        for (uint32_t k = 0; k < r->columns[i].n_values; k++)
            r->n_bytes += r->columns[i].values[k].size;
    }
}

static void
visit_by_column(reader *r)
{
    for (uint32_t i = 0; i < r->n_columns; i++) {
        uint32_t size = 0;

        bench_must(JetRetrieveColumn(r->session, r->table, r->ids[i], values, sizeof values, &size,
                                     0, NULL),
                   "JetRetrieveColumn");
        r->n_bytes += size;
    }
}

static void
visit_by_columns(reader *r)
{
    bench_must(JetRetrieveColumns(r->session, r->table, r->wanted, r->n_columns),
               "JetRetrieveColumns");
    for (uint32_t i = 0; i < r->n_columns; i++)
        r->n_bytes += r->wanted[i].cbActual;
}

static void
scan_moves(void *self)
{
    scan(self, visit_nothing);
}

static void
scan_rows(void *self)
{
    scan(self, visit_by_row);
}

static void
scan_column(void *self)
{
    scan(self, visit_by_column);
}

static void
scan_columns(void *self)
{
    scan(self, visit_by_columns);
}

/* ---- Seeks ---- */

/* Keys of the table in random order, side by side: what is measured is the seek, not the fetching of its key. */
static void
collect_keys(reader *r)
{
    key *all = allocate(r->n_rows, sizeof *all);
    uint32_t n = 0, seed = 1;

    r->sought = allocate(N_SEEKS, sizeof *r->sought);
    for (JET_ERR err = JetMove(r->session, r->table, (int32_t)JET_MoveFirst, 0);
         err == JET_errSuccess && n < r->n_rows;
         err = JetMove(r->session, r->table, JET_MoveNext, 0), n++) {
        bench_must(JetRetrieveColumn(r->session, r->table, r->key_column, all[n].value, KEY_ROOM,
                                     &all[n].size, 0, NULL),
                   "JetRetrieveColumn");
        bench_require(all[n].size <= KEY_ROOM, "a key is too long for this benchmark");
    }
    for (uint32_t i = 0; i < N_SEEKS; i++) {
        seed = seed * 1664525 + 1013904223;
        r->sought[i] = all[(uint64_t)seed * n >> 32];
    }
    free(all);
}

static void
make_key(const reader *r, const key *k)
{
    bench_must(JetMakeKey(r->session, r->table, k->value, k->size, JET_bitNewKey), "JetMakeKey");
}

static void
make_keys(void *self)
{
    const reader *r = self;

    for (uint32_t i = 0; i < N_SEEKS; i++)
        make_key(r, &r->sought[i]);
}

static void
seek_keys(void *self)
{
    const reader *r = self;

    for (uint32_t i = 0; i < N_SEEKS; i++) {
        make_key(r, &r->sought[i]);
        bench_must(JetSeek(r->session, r->table, JET_bitSeekEQ), "JetSeek");
    }
}

static void
seek_and_read(void *self)
{
    const reader *r = self;

    for (uint32_t i = 0; i < N_SEEKS; i++) {
        const key *k = &r->sought[i];

        make_key(r, k);
        bench_must(JetSeek(r->session, r->table, JET_bitSeekEQ), "JetSeek");
        bench_must(JetRetrieveColumn(r->session, r->table, r->key_column, values, sizeof values,
                                     NULL, 0, NULL),
                   "JetRetrieveColumn");
        bench_require(memcmp(values, k->value, k->size) == 0, "a seek found another record");
    }
}

static void
bench_seeks(reader *r, const char *index, const char *column)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    bench_must(JetSetCurrentIndex(r->session, r->table, index), index);
    bench_must(JetGetTableColumnInfo(r->session, r->table, column, &definition, sizeof definition,
                                     JET_ColInfo),
               column);
    r->key_column = definition.columnid;
    collect_keys(r);
    bench_time_each("JetMakeKey", N_SEEKS, make_keys, r);
    bench_time_each("JetMakeKey + JetSeek", N_SEEKS, seek_keys, r);
    bench_time_each("JetMakeKey + JetSeek + JetRetrieveColumn", N_SEEKS, seek_and_read, r);
}

int
main(int argc, char **argv)
{
    reader r = {0};
    JET_DBID database;

    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: bench_read FILE TABLE [INDEX COLUMN]\n");
        return 2;
    }
    database = open_database(&r, argv[1]);
    bench_must(JetOpenTable(r.session, database, argv[2], NULL, 0, JET_bitTableReadOnly, &r.table),
               argv[2]);
    r.n_rows = scan(&r, visit_nothing);
    bench_require(r.n_rows != 0, "the table is empty");
    prepare_columns(&r);
    bench_time_each("scan: JetMove", r.n_rows, scan_moves, &r);
    bench_time_each("scan: ese_get_row", r.n_rows, scan_rows, &r);
    printf("# %u records of %u columns, %llu bytes of values\n", (unsigned)r.n_rows,
           (unsigned)r.n_columns, (unsigned long long)r.n_bytes);
    bench_time_each("scan: JetRetrieveColumns", r.n_rows, scan_columns, &r);
    bench_time_each("scan: JetRetrieveColumn for each", r.n_rows, scan_column, &r);
    if (argc == 5)
        bench_seeks(&r, argv[3], argv[4]);
    return 0;
}
