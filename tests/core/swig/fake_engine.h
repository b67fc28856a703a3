/*
 * An engine of a few lines, in place of the real one, for the tests of the object model: it hands out numbers as handles, writes
 * down every call that opens or closes something, and can be told to fail or to call back. Included by one file of a test
 * program, which it gives all functions of the engine that the model calls.
 */
#pragma once

#include "ese.h"
#include "esent.h"
#include "object_model.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct fake_engine {
    pthread_mutex_t lock;
    char log[4096]; /* "open table; close table; " */
    JET_API_PTR last_handle;
    int n_open;                  /* handles that are open */
    const char *failing;         /* the function that fails ... */
    const char *failing_too;     /* another one ... */
    JET_ERR err;                 /* ... with this */
    const char *hooked;          /* the function that first calls ... */
    void (*hook)(void *context); /* ... this */
    void *context;
    int32_t n_rows;            /* of every table */
    int32_t row;               /* where every cursor stands, from 1 */
    int32_t failing_row;       /* reading this one fails; 0 = none */
    const ese_column *columns; /* what ese_get_row gives, n_columns for each row */
    uint8_t key[256];          /* what JetMakeKey was given last */
    uint32_t key_size;
    JET_GRBIT key_grbit;
    bool is_found;    /* what JetSeek finds */
    char sets[4096];  /* what was set: "3.1=<hex> " for column 3, value 1 */
    uint8_t lv[4096]; /* the one long value there is */
    uint32_t lv_size;
    uint32_t state;      /* of every database file: JET_dbstate... */
    bool is_known;       /* ese_recover finds the database in its logs */
    char recovered[256]; /* folder of the results, as ese_recover was told */
} fake_engine;

static fake_engine fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
fake_reset(void)
{
    pthread_mutex_t lock = fake.lock;

    memset(&fake, 0, sizeof fake);
    fake.lock = lock;
    fake.is_found = true;
    fake.is_known = true;
}

/* The end of a test: whatever it dropped, the engine holds nothing any more. */
static inline int
fake_tear_down(void **state)
{
    (void)state;
    fake.failing = NULL;
    fake.hooked = NULL;
    ese_model_close_orphans();
    return fake.n_open == 0 ? 0 : -1;
}

/* The beginning of every call: fails when told so, and writes down what happens. */
static JET_ERR
fake_call(const char *function, const char *entry, int n_opened)
{
    JET_ERR err = JET_errSuccess;

    if (fake.hooked != NULL && strcmp(fake.hooked, function) == 0)
        fake.hook(fake.context);
    pthread_mutex_lock(&fake.lock);
    if (fake.failing != NULL && strcmp(fake.failing, function) == 0)
        err = fake.err;
    if (fake.failing_too != NULL && strcmp(fake.failing_too, function) == 0)
        err = fake.err;
    if (err >= JET_errSuccess) {
        size_t used = strlen(fake.log);

        fake.n_open += n_opened;
        if (entry != NULL && used + strlen(entry) + 3 < sizeof fake.log) {
            memcpy(fake.log + used, entry, strlen(entry) + 1);
            memcpy(fake.log + used + strlen(entry), "; ", 3);
        }
    }
    pthread_mutex_unlock(&fake.lock);
    return err;
}

static JET_ERR
fake_open(const char *function, const char *entry, JET_API_PTR *handle_out)
{
    JET_ERR err = fake_call(function, entry, 1);

    if (err < JET_errSuccess)
        return err;
    pthread_mutex_lock(&fake.lock);
    *handle_out = ++fake.last_handle;
    pthread_mutex_unlock(&fake.lock);
    return err;
}

/* ---- instances, sessions, transactions --------------------------------------------------------------- */

JET_ERR
JetCreateInstanceA(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName)
{
    (void)szInstanceName;
    return fake_open("JetCreateInstanceA", "create instance", pinstance);
}

JET_ERR
JetInit(JET_INSTANCE *pinstance)
{
    JET_ERR err = fake_call("JetInit", NULL, 0);

    (void)pinstance;
    if (err < JET_errSuccess) /* a failed start consumes the instance */
        fake.n_open--;
    return err;
}

/* Tells once how far it is. */
JET_ERR
JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit)
{
    JET_SNPROG progress = {sizeof progress, 1, 2};
    JET_ERR err = fake_call("JetInit3A", prstInfo->crstmap > 0 ? "init with map" : "init", 0);

    (void)pinstance;
    if ((grbit & JET_bitReplayIgnoreMissingDB) != 0)
        (void)fake_call("", "ignore missing", 0);
    if (prstInfo->pfnStatus != NULL && err >= JET_errSuccess)
        err = prstInfo->pfnStatus(JET_sesidNil, JET_snpRestore, JET_sntProgress, &progress);
    if (err < JET_errSuccess)
        fake.n_open--;
    return err;
}

JET_ERR
JetBackupInstanceA(JET_INSTANCE instance, JET_PCSTR szBackupPath, JET_GRBIT grbit,
                   JET_PFNSTATUS pfnStatus)
{
    JET_SNPROG progress = {sizeof progress, 3, 4};
    JET_ERR err = fake_call("JetBackupInstanceA", grbit != 0 ? "incremental backup" : "backup", 0);

    (void)instance, (void)szBackupPath;
    if (pfnStatus != NULL && err >= JET_errSuccess)
        err = pfnStatus(JET_sesidNil, JET_snpBackup, JET_sntProgress, &progress);
    return err;
}

JET_ERR
JetTerm(JET_INSTANCE instance)
{
    (void)instance;
    return JET_errInvalidParameter;
}

/* Ends the sessions that are left, as the real one does. */
JET_ERR
JetTerm2(JET_INSTANCE instance, JET_GRBIT grbit)
{
    JET_ERR err = fake_call("JetTerm2", "term", 0);

    (void)instance;
    (void)grbit;
    if (err >= JET_errSuccess)
        fake.n_open = 0;
    return err;
}

JET_ERR
JetStopServiceInstance(JET_INSTANCE instance)
{
    (void)instance;
    return fake_call("JetStopServiceInstance", "stop", 0);
}

JET_ERR
JetSetSystemParameterA(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR lParam, JET_PCSTR szParam)
{
    (void)pinstance, (void)sesid, (void)paramid, (void)lParam, (void)szParam;
    return fake_call("JetSetSystemParameterA", NULL, 0);
}

JET_ERR
JetGetSystemParameterA(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR *plParam, JET_PSTR szParam, uint32_t cbMax)
{
    (void)instance, (void)sesid, (void)paramid, (void)plParam, (void)szParam, (void)cbMax;
    return fake_call("JetGetSystemParameterA", NULL, 0);
}

JET_ERR
JetBeginSessionA(JET_INSTANCE instance, JET_SESID *psesid, JET_PCSTR szUserName,
                 JET_PCSTR szPassword)
{
    (void)instance, (void)szUserName, (void)szPassword;
    return fake_open("JetBeginSessionA", "begin session", psesid);
}

JET_ERR
JetDupSession(JET_SESID sesid, JET_SESID *psesid)
{
    (void)sesid;
    return fake_open("JetDupSession", "dup session", psesid);
}

JET_ERR
JetEndSession(JET_SESID sesid, JET_GRBIT grbit)
{
    (void)sesid, (void)grbit;
    return fake_call("JetEndSession", "end session", -1);
}

JET_ERR
JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit)
{
    (void)sesid, (void)grbit;
    return fake_call("JetBeginTransaction2", "begin", 1);
}

JET_ERR
JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit)
{
    (void)sesid, (void)grbit;
    if ((grbit & (JET_bitWaitAllLevel0Commit | JET_bitWaitLastLevel0Commit)) != 0)
        return fake_call("JetCommitTransaction",
                         grbit == JET_bitWaitAllLevel0Commit ? "wait for all" : "wait", 0);
    return fake_call("JetCommitTransaction", "commit", -1);
}

JET_ERR
JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParam)
{
    (void)sesid, (void)sesparamid, (void)cbParam;
    return fake_call("JetSetSessionParameter", *(uint32_t *)pvParam != 0 ? "lazy" : "eager", 0);
}

JET_ERR
JetGetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParamMax,
                       uint32_t *pcbParamActual)
{
    (void)sesid, (void)sesparamid;
    memset(pvParam, 0, cbParamMax);
    *pcbParamActual = cbParamMax;
    return fake_call("JetGetSessionParameter", NULL, 0);
}

JET_ERR
JetRollback(JET_SESID sesid, JET_GRBIT grbit)
{
    (void)sesid, (void)grbit;
    return fake_call("JetRollback", "rollback", -1);
}

/* ---- databases and schema -------------------------------------------------------------------------------- */

JET_ERR
JetAttachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit)
{
    (void)sesid, (void)szFilename, (void)grbit;
    return fake_call("JetAttachDatabaseA", "attach", 0);
}

JET_ERR
JetDetachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename)
{
    (void)sesid, (void)szFilename;
    return fake_call("JetDetachDatabaseA", "detach", 0);
}

JET_ERR
JetOpenDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_PCSTR szConnect, JET_DBID *pdbid,
                 JET_GRBIT grbit)
{
    (void)sesid, (void)szFilename, (void)szConnect, (void)grbit;
    *pdbid = 1;
    return fake_call("JetOpenDatabaseA", "open database", 1);
}

JET_ERR
JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit)
{
    (void)sesid, (void)dbid, (void)grbit;
    return fake_call("JetCloseDatabase", "close database", -1);
}

JET_ERR
JetGetDatabaseInfoA(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
                    uint32_t InfoLevel)
{
    (void)sesid, (void)dbid, (void)pvResult, (void)cbMax, (void)InfoLevel;
    return JET_errInvalidParameter;
}

JET_ERR
JetGetObjectInfoA(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, JET_PCSTR szContainerName,
                  JET_PCSTR szObjectName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    (void)sesid, (void)dbid, (void)objtyp, (void)szContainerName, (void)szObjectName;
    (void)pvResult, (void)cbMax, (void)InfoLevel;
    return JET_errInvalidParameter;
}

JET_ERR
ese_list_columns(JET_SESID sesid, JET_TABLEID tableid, ese_column_info *columns, uint32_t room,
                 uint32_t *n_columns_out)
{
    (void)sesid, (void)tableid, (void)columns, (void)room, (void)n_columns_out;
    return JET_errInvalidParameter;
}

JET_ERR
JetGetTableIndexInfoA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName, void *pvResult,
                      uint32_t cbResult, uint32_t InfoLevel)
{
    (void)sesid, (void)tableid, (void)szIndexName, (void)pvResult, (void)cbResult, (void)InfoLevel;
    return JET_errInvalidParameter;
}

/* ---- cursors ------------------------------------------------------------------------------------------------ */

JET_ERR
JetOpenTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, const void *pvParameters,
              uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid)
{
    (void)sesid, (void)dbid, (void)szTableName, (void)pvParameters, (void)cbParameters, (void)grbit;
    return fake_open("JetOpenTableA", "open table", ptableid);
}

JET_ERR
JetCloseTable(JET_SESID sesid, JET_TABLEID tableid)
{
    (void)sesid, (void)tableid;
    return fake_call("JetCloseTable", "close table", -1);
}

JET_ERR
JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName)
{
    (void)sesid, (void)tableid, (void)szIndexName;
    return fake_call("JetSetCurrentIndexA", NULL, 0);
}

JET_ERR
JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow, JET_GRBIT grbit)
{
    JET_ERR err = fake_call("JetMove", NULL, 0);

    (void)sesid, (void)tableid, (void)grbit;
    if (err < JET_errSuccess)
        return err;
    if (cRow == (int32_t)JET_MoveFirst)
        fake.row = 1;
    else if (cRow == JET_MoveLast)
        fake.row = fake.n_rows;
    else
        fake.row += cRow;
    return fake.row >= 1 && fake.row <= fake.n_rows ? JET_errSuccess : JET_errNoCurrentRecord;
}

JET_ERR
JetMakeKey(JET_SESID sesid, JET_TABLEID tableid, const void *pvData, uint32_t cbData,
           JET_GRBIT grbit)
{
    (void)sesid, (void)tableid;
    fake.key_size = cbData < sizeof fake.key ? cbData : sizeof fake.key;
    if (fake.key_size > 0)
        memcpy(fake.key, pvData, fake.key_size);
    fake.key_grbit = grbit;
    return fake_call("JetMakeKey", NULL, 0);
}

JET_ERR
JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    JET_ERR err = fake_call("JetSeek", NULL, 0);

    (void)sesid, (void)tableid, (void)grbit;
    return err >= JET_errSuccess && !fake.is_found ? JET_errRecordNotFound : err;
}

JET_ERR
JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit)
{
    (void)sesid, (void)tableidSrc, (void)grbit;
    return fake_call("JetSetIndexRange", NULL, 0);
}

JET_ERR
JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec, uint32_t crecMax)
{
    (void)sesid, (void)tableid, (void)crecMax;
    *pcrec = (uint32_t)fake.n_rows;
    return fake_call("JetIndexRecordCount", NULL, 0);
}

JET_ERR
JetGetBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbMax,
               uint32_t *pcbActual)
{
    (void)sesid, (void)tableid, (void)pvBookmark, (void)cbMax;
    *pcbActual = 0;
    return fake_call("JetGetBookmark", NULL, 0);
}

JET_ERR
JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark)
{
    (void)sesid, (void)tableid, (void)pvBookmark, (void)cbBookmark;
    return fake_call("JetGotoBookmark", NULL, 0);
}

/* Column 9 is the long value; every other one is NULL. */
JET_ERR
JetRetrieveColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pvData,
                  uint32_t cbData, uint32_t *pcbActual, JET_GRBIT grbit, JET_RETINFO *pretinfo)
{
    uint32_t offset = pretinfo != NULL ? pretinfo->ibLongValue : 0;
    uint32_t size = offset < fake.lv_size ? fake.lv_size - offset : 0;
    JET_ERR err = fake_call("JetRetrieveColumn", NULL, 0);

    (void)sesid, (void)tableid, (void)grbit;
    if (err < JET_errSuccess)
        return err;
    *pcbActual = 0;
    if (columnid != 9 || fake.lv_size == 0)
        return JET_wrnColumnNull;
    *pcbActual = size;
    if (cbData > 0 && size > 0)
        memcpy(pvData, fake.lv + offset, size < cbData ? size : cbData);
    return size > cbData ? JET_wrnBufferTruncated : JET_errSuccess;
}

JET_ERR
ese_get_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit, ese_column *columns,
            uint32_t n_columns)
{
    (void)sesid, (void)tableid, (void)value_limit;
    if (fake.row == fake.failing_row)
        return JET_errReadVerifyFailure;
    for (uint32_t i = 0; i < n_columns; i++) {
        const ese_column *from = &fake.columns[(uint32_t)(fake.row - 1) * n_columns + i];

        columns[i].n_values = from->n_values;
        columns[i].values = from->values;
    }
    return fake_call("ese_get_row", NULL, 0);
}

JET_ERR
ese_next_row(JET_SESID sesid, JET_TABLEID tableid, uint32_t value_limit, ese_column *columns,
             uint32_t n_columns)
{
    JET_ERR err = JetMove(sesid, tableid, JET_MoveNext, 0);

    return err < JET_errSuccess ? err
                                : ese_get_row(sesid, tableid, value_limit, columns, n_columns);
}

JET_ERR
ese_get_problem(JET_SESID sesid, JET_DBID dbid, uint32_t index, ese_problem *problem_out)
{
    (void)sesid, (void)dbid, (void)index, (void)problem_out;
    return JET_errRecordNotFound;
}

const char *
ese_error_text(JET_ERR err)
{
    return err == JET_errSuccess ? "no error" : "an error of the engine";
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

JET_ERR
JetGetDatabaseFileInfoA(JET_PCSTR szDatabaseName, void *pvResult, uint32_t cbMax,
                        uint32_t InfoLevel)
{
    static const uint32_t page_size = 4096;
    const JET_DBINFOMISC4 info = {.dbstate = fake.state};
    JET_ERR err = fake_call("JetGetDatabaseFileInfoA", NULL, 0);

    (void)szDatabaseName;
    if (err >= JET_errSuccess && InfoLevel == JET_DbInfoMisc)
        memcpy(pvResult, &info, cbMax < sizeof info ? cbMax : sizeof info);
    else if (err >= JET_errSuccess)
        memcpy(pvResult, &page_size, cbMax < sizeof page_size ? cbMax : sizeof page_size);
    return err;
}

/* Makes a file in the folder of the results, whatever happens then. */
JET_ERR
ese_recover(const ese_recover_options *options, ese_recover_report **report_out)
{
    static ese_recover_database database;
    static ese_recover_report report;
    static char path[512];
    JET_ERR err = fake_call("ese_recover", "recover", 0);
    FILE *file;

    snprintf(fake.recovered, sizeof fake.recovered, "%s", options->target);
    snprintf(path, sizeof path, "%s/result", options->target);
    file = fopen(path, "w");
    if (file != NULL)
        fclose(file);
    database = (ese_recover_database){.logged = "C:\\file",
                                      .source = fake.is_known ? options->source : "another",
                                      .result = err >= JET_errSuccess ? path : NULL};
    report = (ese_recover_report){.n_databases = 1, .databases = &database};
    *report_out = &report;
    return err;
}

void
ese_recover_free(ese_recover_report **report_inout)
{
    *report_inout = NULL;
}

JET_ERR
ese_set_page_size(JET_INSTANCE instance, uint32_t page_size)
{
    (void)instance;
    return fake_call("ese_set_page_size", page_size == 4096 ? "pages of 4096" : "pages", 0);
}

JET_ERR
JetCreateDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, uint32_t cpgDatabaseSizeMax,
                    JET_DBID *pdbid, JET_GRBIT grbit)
{
    (void)sesid, (void)szFilename, (void)cpgDatabaseSizeMax;
    *pdbid = 1;
    return fake_call("JetCreateDatabase2A",
                     grbit & JET_bitDbOverwriteExisting ? "overwrite" : "create", 1);
}

JET_ERR
JetResizeDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpgTarget, uint32_t *pcpgActual,
                  JET_GRBIT grbit)
{
    (void)sesid, (void)dbid, (void)grbit;
    *pcpgActual = cpgTarget + 1;
    return fake_call("JetResizeDatabase", "resize", 0);
}

/* Writes down "table: column(type,default) index(key)". */
JET_ERR
JetCreateTableColumnIndex4A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_A *ptablecreate)
{
    JET_ERR err = fake_open("JetCreateTableColumnIndex4A", "create table", &ptablecreate->tableid);
    size_t n = 0;

    (void)sesid, (void)dbid;
    n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, "%s:", ptablecreate->szTableName);
    for (uint32_t i = 0; i < ptablecreate->cColumns; i++) {
        const JET_COLUMNCREATE_A *column = &ptablecreate->rgcolumncreate[i];

        n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, " %s(%u,%u)",
                              column->szColumnName, column->coltyp, column->cbDefault);
    }
    for (uint32_t i = 0; i < ptablecreate->cIndexes; i++) {
        const JET_INDEXCREATE3_A *index = &ptablecreate->rgindexcreate[i];

        n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, " %s(%s,%u,%u)",
                              index->szIndexName, index->szKey, index->cbKey,
                              index->cConditionalColumn);
    }
    return err;
}

JET_ERR
JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName)
{
    (void)sesid, (void)dbid, (void)szTableName;
    return fake_call("JetDeleteTableA", "delete table", 0);
}

JET_ERR
JetRenameTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szName, JET_PCSTR szNameNew)
{
    (void)sesid, (void)dbid, (void)szName, (void)szNameNew;
    return fake_call("JetRenameTableA", "rename table", 0);
}

JET_ERR
JetAddColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName,
              const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
              JET_COLUMNID *pcolumnid)
{
    (void)sesid, (void)tableid, (void)szColumnName, (void)pcolumndef, (void)pvDefault;
    (void)cbDefault;
    *pcolumnid = 1;
    return fake_call("JetAddColumnA", "add column", 0);
}

JET_ERR
JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName)
{
    (void)sesid, (void)tableid, (void)szColumnName;
    return fake_call("JetDeleteColumnA", "delete column", 0);
}

JET_ERR
JetRenameColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szName, JET_PCSTR szNameNew,
                 JET_GRBIT grbit)
{
    (void)sesid, (void)tableid, (void)szName, (void)szNameNew, (void)grbit;
    return fake_call("JetRenameColumnA", "rename column", 0);
}

JET_ERR
JetCreateIndex4A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE3_A *pindexcreate,
                 uint32_t cIndexCreate)
{
    (void)sesid, (void)tableid, (void)pindexcreate, (void)cIndexCreate;
    return fake_call("JetCreateIndex4A", "create index", 0);
}

JET_ERR
JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName)
{
    (void)sesid, (void)tableid, (void)szIndexName;
    return fake_call("JetDeleteIndexA", "delete index", 0);
}

JET_ERR
JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep)
{
    const char *entry = prep == JET_prepInsert    ? "insert"
                        : prep == JET_prepReplace ? "replace"
                        : prep == JET_prepCancel  ? "cancel"
                                                  : "prepare";

    (void)sesid, (void)tableid;
    return fake_call(prep == JET_prepCancel ? "cancel" : "JetPrepareUpdate", entry, 0);
}

static void
fake_note_set(JET_COLUMNID columnid, uint32_t itag, const void *data, uint32_t size)
{
    size_t n = strlen(fake.sets);

    n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, "%u.%u=", columnid, itag);
    if (data == NULL)
        n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, "NULL");
    for (uint32_t i = 0; i < size && data != NULL; i++)
        n += (size_t)snprintf(fake.sets + n, sizeof fake.sets - n, "%02x",
                              ((const uint8_t *)data)[i]);
    snprintf(fake.sets + n, sizeof fake.sets - n, " ");
}

/* What the options say, on the long value. */
static void
fake_set_lv(const void *data, uint32_t size, JET_GRBIT grbit, uint32_t offset)
{
    if (grbit & JET_bitSetSizeLV) {
        if (size > fake.lv_size)
            memset(fake.lv + fake.lv_size, 0, size - fake.lv_size);
        fake.lv_size = size;
    } else if (grbit & JET_bitSetAppendLV) {
        memcpy(fake.lv + fake.lv_size, data, size);
        fake.lv_size += size;
    } else if (grbit & JET_bitSetOverwriteLV) {
        memcpy(fake.lv + offset, data, size);
    } else {
        fake.lv_size = 0;
    }
}

JET_ERR
JetSetColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, const void *pvData,
             uint32_t cbData, JET_GRBIT grbit, JET_SETINFO *psetinfo)
{
    (void)sesid, (void)tableid;
    if (columnid == 9)
        fake_set_lv(pvData, cbData, grbit, psetinfo->ibLongValue);
    else
        fake_note_set(columnid, psetinfo->itagSequence, pvData, cbData);
    return fake_call("JetSetColumn", NULL, 0);
}

/* Column 13 refuses everything. */
JET_ERR
JetSetColumns(JET_SESID sesid, JET_TABLEID tableid, JET_SETCOLUMN *psetcolumn, uint32_t csetcolumn)
{
    (void)sesid, (void)tableid;
    for (uint32_t i = 0; i < csetcolumn; i++) {
        if (psetcolumn[i].columnid == 13)
            return psetcolumn[i].err = JET_errColumnTooBig;
        fake_note_set(psetcolumn[i].columnid, psetcolumn[i].itagSequence, psetcolumn[i].pvData,
                      psetcolumn[i].cbData);
    }
    return fake_call("JetSetColumns", NULL, 0);
}

JET_ERR
JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark,
           uint32_t *pcbActual, JET_GRBIT grbit)
{
    (void)sesid, (void)tableid, (void)grbit;
    if (pvBookmark != NULL && cbBookmark > 0) {
        *(uint8_t *)pvBookmark = 42;
        *pcbActual = 1;
    }
    return fake_call("JetUpdate2", "update", 0);
}

/* The row after it takes its place. */
JET_ERR
JetDelete(JET_SESID sesid, JET_TABLEID tableid)
{
    (void)sesid, (void)tableid;
    return fake_call("JetDelete", "delete", 0);
}

JET_ERR
JetEscrowUpdate(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pv,
                uint32_t cbMax, void *pvOld, uint32_t cbOldMax, uint32_t *pcbOldActual,
                JET_GRBIT grbit)
{
    (void)sesid, (void)tableid, (void)pv, (void)cbOldMax, (void)grbit;
    if (columnid == 8 && cbMax != 8)
        return JET_errInvalidBufferSize;
    memset(pvOld, 0xFE, cbMax);
    *pcbOldActual = cbMax;
    return fake_call("JetEscrowUpdate", "escrow", 0);
}

JET_ERR
JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    (void)sesid, (void)tableid;
    return fake_call("JetGetLock", grbit == JET_bitWriteLock ? "write lock" : "read lock", 0);
}
