/* ese: a table with a fixed key and a fixed value; recovery is off, or when it must be durable, on. */
#include "store.h"

#include "ese.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, N_COLUMNS = 4, LOG_KB = 16384, DEPTH_OF_ALL = 1 << 30 };

struct store {
    JET_INSTANCE instance;
    JET_SESID sesid;
    char path[4096];
    bool has_indexes;
    JET_GRBIT commit; /* of JetCommitTransaction */
};

struct reader {
    store *store;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID id, value;
    JET_SETCOLUMN settings[N_COLUMNS];
    uint32_t n_settings;
    bool is_sequential;
};

static void
must(JET_ERR err)
{
    if (err >= JET_errSuccess)
        return;
    fprintf(stderr, "ese: %s: %s\n", ese_error_name(err), ese_error_text(err));
    exit(1);
}

static void
create_table(store *store, JET_DBID dbid)
{
    JET_COLUMNCREATE_A columns[N_COLUMNS] = {
        {.szColumnName = (char *)(uintptr_t) "id", .coltyp = JET_coltypLongLong},
        {.szColumnName = (char *)(uintptr_t) "value",
         .coltyp = JET_coltypBinary,
         .cbMax = store->has_indexes ? STORE_VALUE - 16 : STORE_VALUE,
         .grbit = JET_bitColumnFixed},
        {.szColumnName = (char *)(uintptr_t) "a", .coltyp = JET_coltypLongLong},
        {.szColumnName = (char *)(uintptr_t) "b", .coltyp = JET_coltypLongLong},
    };
    JET_INDEXCREATE_A indexes[3] = {
        {.szIndexName = (char *)(uintptr_t) "id",
         .szKey = (char *)(uintptr_t) "+id\0",
         .cbKey = 5,
         .grbit = JET_bitIndexPrimary,
         .ulDensity = 100},
        {.szIndexName = (char *)(uintptr_t) "a", .szKey = (char *)(uintptr_t) "+a\0", .cbKey = 4},
        {.szIndexName = (char *)(uintptr_t) "b", .szKey = (char *)(uintptr_t) "+b\0", .cbKey = 4},
    };
    JET_TABLECREATE_A table = {.cbStruct = sizeof table,
                               .szTableName = (char *)(uintptr_t) "t",
                               .ulPages = 16,
                               .ulDensity = 100,
                               .rgcolumncreate = columns,
                               .cColumns = store->has_indexes ? 4 : 2,
                               .rgindexcreate = indexes,
                               .cIndexes = store->has_indexes ? 3 : 1};

    for (unsigned i = 0; i < N_COLUMNS; i++)
        columns[i].cbStruct = sizeof columns[i];
    for (unsigned i = 0; i < 3; i++)
        indexes[i].cbStruct = sizeof indexes[i];
    must(JetCreateTableColumnIndexA(store->sesid, dbid, &table));
    must(JetCloseTable(store->sesid, table.tableid));
}

static void
set_number(store *store, unsigned parameter, size_t number)
{
    must(JetSetSystemParameter(&store->instance, 0, parameter, number, NULL));
}

static void
set_text(store *store, unsigned parameter, const char *text)
{
    must(JetSetSystemParameter(&store->instance, 0, parameter, 0, text));
}

static void
set_log(store *store, const store_options *options)
{
    char folder[4096];

    store->commit = options->is_durable ? 0 : JET_bitCommitLazyFlush;
    set_text(store, JET_paramRecovery, options->is_durable ? "on" : "off");
    if (!options->is_durable)
        return;
    snprintf(folder, sizeof folder, "%s/", options->folder);
    set_text(store, JET_paramLogFilePath, folder);
    set_text(store, JET_paramSystemPath, folder);
    set_number(store, JET_paramLogFileSize, LOG_KB);
    set_number(store, JET_paramCircularLog, !options->keeps_log);
    if (options->keeps_log)
        set_number(store, JET_paramCheckpointDepthMax, DEPTH_OF_ALL);
}

store *
store_open(const store_options *options)
{
    store *store = calloc(1, sizeof *store);
    JET_DBID dbid;

    store->has_indexes = options->has_indexes;
    snprintf(store->path, sizeof store->path, "%s/data.edb", options->folder);
    must(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, PAGE, NULL));
    must(JetCreateInstance(&store->instance, "bench"));
    set_log(store, options);
    set_number(store, JET_paramCacheSizeMax, options->cache_bytes / PAGE);
    set_number(store, JET_paramMaxVerPages, 16384);
    must(JetInit(&store->instance));
    must(JetBeginSession(store->instance, &store->sesid, NULL, NULL));
    if (options->is_there) {
        must(JetAttachDatabase(store->sesid, store->path, 0));
    } else {
        must(JetCreateDatabase(store->sesid, store->path, NULL, &dbid, 0));
        create_table(store, dbid);
    }
    return store;
}

void
store_close(store *store)
{
    must(JetEndSession(store->sesid, 0));
    must(JetTerm(store->instance));
    free(store);
}

static JET_COLUMNID
find(reader *reader, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    must(JetGetTableColumnInfo(reader->sesid, reader->tableid, name, &definition, sizeof definition,
                               JET_ColInfo));
    return definition.columnid;
}

reader *
store_reader(store *store)
{
    static const char *const names[N_COLUMNS] = {"id", "value", "a", "b"};
    reader *reader = calloc(1, sizeof *reader);

    reader->store = store;
    must(JetBeginSession(store->instance, &reader->sesid, NULL, NULL));
    must(JetOpenDatabase(reader->sesid, store->path, NULL, &reader->dbid, 0));
    must(JetOpenTable(reader->sesid, reader->dbid, "t", NULL, 0, 0, &reader->tableid));
    reader->n_settings = store->has_indexes ? 4 : 2;
    for (unsigned i = 0; i < reader->n_settings; i++)
        reader->settings[i].columnid = find(reader, names[i]);
    reader->id = reader->settings[0].columnid;
    reader->value = reader->settings[1].columnid;
    return reader;
}

void
store_reader_end(reader *reader)
{
    must(JetEndSession(reader->sesid, 0));
    free(reader);
}

void
store_begin(reader *reader, bool is_write)
{
    must(JetBeginTransaction2(reader->sesid, is_write ? 0 : JET_bitTransactionReadOnly));
}

void
store_commit(reader *reader)
{
    must(JetCommitTransaction(reader->sesid, reader->store->commit));
}

static void
set(JET_SETCOLUMN *setting, const void *data, uint32_t size)
{
    setting->pvData = data;
    setting->cbData = size;
}

void
store_insert(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    set(&reader->settings[0], &key, sizeof key);
    set(&reader->settings[1], value, STORE_VALUE);
    if (reader->store->has_indexes) {
        set(&reader->settings[1], value + 16, STORE_VALUE - 16);
        set(&reader->settings[2], value, 8);
        set(&reader->settings[3], value + 8, 8);
    }
    must(JetPrepareUpdate(reader->sesid, reader->tableid, JET_prepInsert));
    must(JetSetColumns(reader->sesid, reader->tableid, reader->settings, reader->n_settings));
    must(JetUpdate(reader->sesid, reader->tableid, NULL, 0, NULL));
}

static bool
seek(reader *reader, uint64_t key, JET_GRBIT grbit)
{
    JET_ERR err;

    must(JetMakeKey(reader->sesid, reader->tableid, &key, sizeof key, JET_bitNewKey));
    err = JetSeek(reader->sesid, reader->tableid, grbit);
    if (err == JET_errRecordNotFound)
        return false;
    must(err);
    return true;
}

void
store_replace(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    if (!seek(reader, key, JET_bitSeekEQ))
        must(JET_errRecordNotFound);
    must(JetPrepareUpdate(reader->sesid, reader->tableid, JET_prepReplace));
    must(JetSetColumn(reader->sesid, reader->tableid, reader->value, value, STORE_VALUE, 0, NULL));
    must(JetUpdate(reader->sesid, reader->tableid, NULL, 0, NULL));
}

bool
store_get(reader *reader, uint64_t key, uint8_t value[STORE_VALUE])
{
    uint32_t size;

    if (!seek(reader, key, JET_bitSeekEQ))
        return false;
    must(JetRetrieveColumn(reader->sesid, reader->tableid, reader->value, value, STORE_VALUE, &size,
                           0, NULL));
    return true;
}

uint64_t
store_scan(reader *reader, uint64_t from, unsigned n)
{
    ese_column columns[2] = {{.columnid = reader->id}, {.columnid = reader->value}};
    uint64_t sum = 0, id;
    JET_ERR err = JET_errNoCurrentRecord;

    if (seek(reader, from, JET_bitSeekGE))
        err = ese_get_row(reader->sesid, reader->tableid, 0, columns, 2);
    for (; err >= JET_errSuccess && n > 0; n--) {
        memcpy(&id, columns[0].values[0].data, sizeof id);
        sum += id + *(const uint8_t *)columns[1].values[0].data;
        err = ese_next_row(reader->sesid, reader->tableid, 0, columns, 2);
    }
    if (err != JET_errNoCurrentRecord)
        must(err);
    return sum;
}
