/* Instances, sessions, databases, and the tables that all actors share. */
#include "crash.h"

#include "ese.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LOG_FILE_SIZE = 64 /* KB, the smallest */, LOG_BUFFERS = 64, CHECKPOINT_DEPTH = 96 * 1024 };

static void
set_number(JET_INSTANCE *instance, uint32_t parameter, JET_API_PTR value)
{
    MUST(JetSetSystemParameter(instance, JET_sesidNil, parameter, value, NULL));
}

static void
set_folder(JET_INSTANCE *instance, const settings *options, uint32_t parameter, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s/", options->folder, name);
    MUST(JetSetSystemParameter(instance, JET_sesidNil, parameter, 0, path));
}

void
create_instance(const settings *options, JET_INSTANCE *instance_out)
{
    JET_INSTANCE instance = 0;

    MUST(JetCreateInstance(&instance, "crash"));
    if (options->page_size != PAGE_SIZE_DEFAULT)
        MUST(ese_set_page_size(instance, options->page_size));
    set_folder(&instance, options, JET_paramLogFilePath, "logs");
    set_folder(&instance, options, JET_paramSystemPath, "logs");
    set_folder(&instance, options, JET_paramTempPath, "logs");
    MUST(JetSetSystemParameter(&instance, JET_sesidNil, JET_paramRecovery, 0, "on"));
    set_number(&instance, JET_paramLogFileSize, LOG_FILE_SIZE);
    set_number(&instance, JET_paramLogBuffers, LOG_BUFFERS);
    set_number(&instance, JET_paramCircularLog, options->is_circular);
    set_number(&instance, JET_paramCheckpointDepthMax, CHECKPOINT_DEPTH);
    set_number(&instance, JET_paramCacheSizeMax, options->cache_pages);
    set_number(&instance, JET_paramMaxVerPages, 1024);
    *instance_out = instance;
}

void
must_have_freed(int64_t n_blocks)
{
    int64_t n = ese_live_allocations();

    if (n != n_blocks)
        fail("%lld blocks of memory are left", (long long)(n - n_blocks));
}

/* Dirty: as a crash leaves it. */
void
end_instance(JET_INSTANCE instance, bool is_dirty)
{
    JET_ERR err = JetTerm2(instance, is_dirty ? JET_bitTermDirty : JET_bitTermComplete);

    if (!is_dirty || err != JET_errDirtyShutdown)
        must(err, "JetTerm2", __FILE__, __LINE__);
}

void
open_session(actor *a)
{
    a->is_live = true;
    MUST(JetBeginSession(a->world->instance, &a->sesid, NULL, NULL));
}

void
close_session(actor *a)
{
    MUST(JetEndSession(a->sesid, 0));
    a->is_live = false;
}

JET_COLUMNID
find_column(JET_SESID sesid, JET_TABLEID tableid, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    MUST(JetGetTableColumnInfo(sesid, tableid, name, &definition, sizeof definition, JET_ColInfo));
    return definition.columnid;
}

bool
open_shared_tables(JET_SESID sesid, JET_DBID dbid, cursor *c)
{
    JET_ERR err = JetOpenTable(sesid, dbid, "rows", NULL, 0, 0, &c->tableid);

    if (err == JET_errObjectNotFound)
        return false;
    must(err, "JetOpenTable", __FILE__, __LINE__);
    c->id = find_column(sesid, c->tableid, "id");
    c->number = find_column(sesid, c->tableid, "number");
    c->name = find_column(sesid, c->tableid, "name");
    c->tags = find_column(sesid, c->tableid, "tags");
    c->story = find_column(sesid, c->tableid, "story");
    c->balance = find_column(sesid, c->tableid, "balance");
    MUST(JetOpenTable(sesid, dbid, "total", NULL, 0, 0, &c->total));
    c->sum = find_column(sesid, c->total, "sum");
    return true;
}

void
open_database(actor *a, unsigned database)
{
    char path[PATH_SIZE];

    database_path(a->world->options, database, path);
    MUST(JetOpenDatabase(a->sesid, path, NULL, &a->dbids[database], 0));
    if (!open_shared_tables(a->sesid, a->dbids[database], &a->cursors[database]))
        fail("%s has no tables", path);
}

void
close_database(actor *a, unsigned database)
{
    MUST(JetCloseTable(a->sesid, a->cursors[database].tableid));
    MUST(JetCloseTable(a->sesid, a->cursors[database].total));
    MUST(JetCloseDatabase(a->sesid, a->dbids[database], 0));
}

/* ---- tables */

#define KEY(text) (char *)(uintptr_t)text "\0", sizeof text + 1

static void
create_rows(JET_SESID sesid, JET_DBID dbid)
{
    static int32_t zero;
    static char names[][8] = {"id", "number", "balance", "name", "tags", "story"};
    JET_COLUMNCREATE columns[] = {
        {.szColumnName = names[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnNotNULL},
        {.szColumnName = names[1], .coltyp = JET_coltypLong},
        {.szColumnName = names[2],
         .coltyp = JET_coltypLong,
         .grbit = JET_bitColumnEscrowUpdate,
         .pvDefault = &zero,
         .cbDefault = sizeof zero},
        {.szColumnName = names[3], .coltyp = JET_coltypText, .cp = 1252, .cbMax = 255},
        {.szColumnName = names[4],
         .coltyp = JET_coltypLong,
         .grbit = JET_bitColumnTagged | JET_bitColumnMultiValued},
        {.szColumnName = names[5], .coltyp = JET_coltypLongBinary},
    };
    struct {
        const char *name, *key;
        uint32_t size;
        JET_GRBIT grbit;
    } keys[] = {
        {"id", "+id\0", 5, JET_bitIndexPrimary},
        {"number", "+number\0", 9, 0},
        {"name", "+name\0+number\0", 15, 0},
        {"tags", "+tags\0", 7, 0},
    };
    JET_INDEXCREATE indexes[4];
    JET_TABLECREATE create = {.cbStruct = sizeof create,
                              .szTableName = (char *)(uintptr_t) "rows",
                              .ulPages = 4,
                              .ulDensity = 80,
                              .rgcolumncreate = columns,
                              .cColumns = sizeof columns / sizeof columns[0],
                              .rgindexcreate = indexes,
                              .cIndexes = 4};

    for (unsigned i = 0; i < create.cColumns; i++)
        columns[i].cbStruct = sizeof columns[i];
    for (unsigned i = 0; i < create.cIndexes; i++)
        indexes[i] = (JET_INDEXCREATE){.cbStruct = sizeof indexes[i],
                                       .szIndexName = (char *)(uintptr_t)keys[i].name,
                                       .szKey = (char *)(uintptr_t)keys[i].key,
                                       .cbKey = keys[i].size,
                                       .grbit = keys[i].grbit,
                                       .ulDensity = 80};
    MUST(JetCreateTableColumnIndex(sesid, dbid, &create));
    MUST(JetCloseTable(sesid, create.tableid));
}

static void
create_total(JET_SESID sesid, JET_DBID dbid)
{
    int32_t zero = 0;
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition,
                                .coltyp = JET_coltypLong,
                                .grbit = JET_bitColumnFixed | JET_bitColumnEscrowUpdate};
    JET_TABLEID tableid;
    JET_COLUMNID columnid;

    MUST(JetCreateTable(sesid, dbid, "total", 1, 100, &tableid));
    MUST(JetAddColumn(sesid, tableid, "sum", &definition, &zero, sizeof zero, &columnid));
    MUST(JetPrepareUpdate(sesid, tableid, JET_prepInsert));
    MUST(JetUpdate(sesid, tableid, NULL, 0, NULL));
    MUST(JetCloseTable(sesid, tableid));
}

/* A transaction of its own. */
void
create_shared_tables(actor *a, unsigned database)
{
    JET_DBID dbid;
    char path[PATH_SIZE];

    begin_level(a);
    settle_schema(a, database, true, false);
    if (a->is_live) {
        database_path(a->world->options, database, path);
        MUST(JetOpenDatabase(a->sesid, path, NULL, &dbid, 0));
        create_rows(a->sesid, dbid);
        create_total(a->sesid, dbid);
    }
    end_level(a, true, below(a, 2) == 0 ? 0 : JET_bitCommitLazyFlush);
    if (a->is_live)
        MUST(JetCloseDatabase(a->sesid, dbid, 0));
}

/* An index on the table that all share; nobody else is in a transaction. */
void
toggle_later(actor *a, unsigned database)
{
    bool has_later = !a->has_later[database], is_kept = below(a, 4) != 0;
    JET_TABLEID tableid = a->cursors[database].tableid;

    begin_level(a);
    if (a->is_live) {
        MUST(JetSetCurrentIndex(a->sesid, tableid, NULL));
        if (has_later)
            MUST(JetCreateIndex(a->sesid, tableid, "later", 0, KEY("-number\0+id"), 80));
        else
            MUST(JetDeleteIndex(a->sesid, tableid, "later"));
    }
    if (is_kept)
        settle_schema(a, database, true, has_later);
    end_level(a, is_kept, below(a, 2) == 0 ? 0 : JET_bitCommitLazyFlush);
}

/* Without tables. */
void
create_database(world *w, unsigned database)
{
    char path[PATH_SIZE];
    JET_DBID dbid;

    database_path(w->options, database, path);
    MUST(JetCreateDatabase(w->actors[0].sesid, path, NULL, &dbid, 0));
    MUST(JetCloseDatabase(w->actors[0].sesid, dbid, 0));
}
