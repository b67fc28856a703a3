/*
 * Databases: opening and creating them, in a session that exists or in an instance of their own, and what they tell about
 * themselves.
 */
#include "object_model_durable.h"
#include "object_model_private.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static JET_ERR
open_attached(JET_SESID sesid, const ese_model_opening *opening, JET_DBID *dbid_out)
{
    bool is_reader = opening->access == ESE_MODEL_READ;
    JET_ERR err = JetAttachDatabaseA(
        sesid, opening->path, is_reader ? ESE_bitDbReader | JET_bitDbReadOnly | opening->grbit : 0);

    if (err < JET_errSuccess)
        return err;
    err = JetOpenDatabaseA(sesid, opening->path, NULL, dbid_out, is_reader ? JET_bitDbReadOnly : 0);
    if (err < JET_errSuccess) {
        err = ese_model__fail(err, ese_error_text(err));
        (void)JetDetachDatabaseA(sesid, opening->path);
    }
    return err;
}

/* Finds, or makes, the database that is asked for. */
static JET_ERR
open_or_create(JET_SESID sesid, const ese_model_opening *opening, JET_DBID *dbid_out)
{
    ese_model_access access = opening->access;
    JET_ERR err;

    if (access == ESE_MODEL_CREATE || access == ESE_MODEL_ADD)
        return JetCreateDatabase2A(sesid, opening->path, 0, dbid_out,
                                   access == ESE_MODEL_CREATE ? JET_bitDbOverwriteExisting : 0);
    err = open_attached(sesid, opening, dbid_out);
    if (err == JET_errFileNotFound && access == ESE_MODEL_ENSURE)
        return JetCreateDatabase2A(sesid, opening->path, 0, dbid_out, 0);
    return err;
}

JET_ERR
ese_model_open_database(ese_model_session *session, const ese_model_opening *opening,
                        ese_model_database **database_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    JET_ERR err;

    if (opening->path == NULL)
        return ese_model__fail(JET_errDatabaseInvalidPath, "a database needs a path");
    err = ese_model__enter(&session->object, &call);
    if (err < JET_errSuccess)
        return err;
    err = ese_model__allocate(ESE_MODEL_DATABASE, sizeof **database_out, call.object, &child);
    if (err >= JET_errSuccess) {
        ese_model_database *database = (ese_model_database *)child;

        database->is_writable = opening->access != ESE_MODEL_READ;
        database->path = copy_text(opening->path);
        err = database->path == NULL ? ese_model__fail(JET_errOutOfMemory, "out of memory")
                                     : open_or_create(session->sesid, opening, &database->dbid);
        if (err >= JET_errSuccess)
            err = ese_model__adopt(call.object, child);
        if (err < JET_errSuccess)
            ese_model__discard(child);
        else
            *database_out = database;
    }
    ese_model__leave(&call);
    return err;
}

/* ---- A file of its own --------------------------------------------------------------------------------- */

typedef struct parameter {
    uint32_t paramid;
    uint64_t number;
    const char *text;
} parameter;

enum { DEFAULT_PAGE_SIZE = 8192, DEFAULT_LOG_KIB = 1024, KIB = 1024 };

static const parameter common[] = {
    {JET_paramMaxTemporaryTables, 64, NULL},
    {JET_paramNoInformationEvent, 1, NULL},
};

/* One program, few instances: room for its threads, and for transactions of some hundred megabytes. */
static const parameter changing[] = {
    {JET_paramMaxSessions, 1024, NULL},
    {JET_paramMaxCursors, 65536, NULL},
    {JET_paramMaxVerPages, 16384, NULL},
};

static JET_ERR
set_parameters(ese_model_instance *instance, const parameter *parameters, size_t n)
{
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < n && err >= JET_errSuccess; i++)
        err = ese_model_set_parameter(instance, parameters[i].paramid, parameters[i].number,
                                      parameters[i].text);
    return err;
}

/* That of the file, of which many instances of one process may each have another; or that of the file to be made. */
static JET_ERR
set_page_size(ese_model_instance *instance, const ese_model_opening *opening)
{
    uint32_t page_size = 0;
    JET_ERR err = JET_errFileNotFound;

    if (opening->access == ESE_MODEL_CHANGE || opening->access == ESE_MODEL_ENSURE)
        err = JetGetDatabaseFileInfoA(opening->path, &page_size, sizeof page_size,
                                      JET_DbInfoPageSize);
    if (err == JET_errFileNotFound && opening->access != ESE_MODEL_CHANGE) {
        page_size = opening->page_size != 0 ? opening->page_size : DEFAULT_PAGE_SIZE;
        err = JET_errSuccess;
    }
    if (err >= JET_errSuccess)
        err = ese_set_page_size(instance->instance, page_size);
    return err;
}

/* Every log has a folder of its own, so no other instance has its temporary database there. */
static JET_ERR
set_temporary_folder(ese_model_instance *instance, const char *folder)
{
    size_t n = strlen(folder);
    char *path = malloc(n + 2);
    JET_ERR err;

    if (path == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    memcpy(path, folder, n);
    memcpy(path + n, "/", 2); /* a folder, not a file */
    err = ese_model_set_parameter(instance, JET_paramTempPath, 0, path);
    free(path);
    return err;
}

static JET_ERR
set_log(ese_model_instance *instance, const ese_model_opening *opening)
{
    uint32_t kib = opening->log_file_size / KIB + (opening->log_file_size % KIB != 0);
    const parameter logging[] = {
        {JET_paramRecovery, 0, "on"},
        {JET_paramCreatePathIfNotExist, 1, NULL},
        {JET_paramSystemPath, 0, opening->log},
        {JET_paramLogFilePath, 0, opening->log},
        {JET_paramLogFileSize, kib != 0 ? kib : DEFAULT_LOG_KIB, NULL},
        {JET_paramCircularLog, !opening->keeps_logs, NULL},
        {JET_paramCleanupMismatchedLogFiles, !opening->keeps_logs, NULL},
    };
    JET_ERR err;

    if (opening->log == NULL) /* no folder is needed */
        return ese_model_set_parameter(instance, JET_paramRecovery, 0, "off");
    err = set_parameters(instance, logging, sizeof logging / sizeof logging[0]);
    return err < JET_errSuccess ? err : set_temporary_folder(instance, opening->log);
}

/* Recovery looks for a database that is not clean where it is now; one that is to be made anew may be missing. */
static JET_ERR
start_log(ese_model_instance *instance, const ese_model_opening *opening)
{
    ese_model_starting starting = {.progress = opening->progress};
    JET_DBINFOMISC4 info;

    if (opening->access == ESE_MODEL_CREATE)
        starting.grbit = JET_bitReplayIgnoreMissingDB;
    else if (JetGetDatabaseFileInfoA(opening->path, &info, sizeof info, JET_DbInfoMisc) >=
                 JET_errSuccess &&
             info.dbstate != JET_dbstateCleanShutdown)
        starting.database = opening->path;
    return ese_model_start_with(instance, &starting);
}

static JET_ERR
set_up(ese_model_instance *instance, const ese_model_opening *opening)
{
    JET_ERR err = set_parameters(instance, common, sizeof common / sizeof common[0]);

    if (err >= JET_errSuccess)
        err = set_log(instance, opening);
    if (err >= JET_errSuccess && opening->access != ESE_MODEL_READ) {
        err = set_parameters(instance, changing, sizeof changing / sizeof changing[0]);
        if (err >= JET_errSuccess)
            err = set_page_size(instance, opening);
    }
    if (err >= JET_errSuccess)
        err = opening->log != NULL ? start_log(instance, opening) : ese_model_start(instance);
    return err;
}

JET_ERR
ese_model_open_file(const ese_model_opening *opening, ese_model_database **database_out)
{
    static _Atomic uint64_t n_opened; /* names need only differ */
    char name[64];
    ese_model_instance *instance = NULL;
    ese_model_session *session = NULL;
    JET_ERR err;

    if (opening->path == NULL)
        return ese_model__fail(JET_errDatabaseInvalidPath, "a database needs a path");
    if (opening->log != NULL && opening->access == ESE_MODEL_READ)
        return ese_model__fail(JET_errInvalidParameter, "only changes are logged");
    snprintf(name, sizeof name, "file %llu",
             (unsigned long long)atomic_fetch_add_explicit(&n_opened, 1, memory_order_relaxed) + 1);
    err = ese_model_create_instance(name, &instance);
    if (err < JET_errSuccess)
        return err;
    err = set_up(instance, opening);
    if (err >= JET_errSuccess)
        err = ese_model_begin_session(instance, &session);
    if (err >= JET_errSuccess)
        err = ese_model_open_database(session, opening, database_out);
    if (err < JET_errSuccess) {
        char text[512];

        snprintf(text, sizeof text, "%s", ese_model_error_text(err));
        (void)ese_model_close(&instance->object);
        ese_model__fail(err, text);
    } else {
        (*database_out)->is_alone = true;
    }
    if (session != NULL)
        ese_model_release(&session->object);
    ese_model_release(&instance->object);
    return err;
}

JET_ERR
ese_model_get_session(ese_model_database *database, ese_model_session **session_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    ese_model__hold(&call.session->object);
    *session_out = call.session;
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_resize(ese_model_database *database, uint32_t n_pages, uint32_t *n_pages_out)
{
    ese_model_call call;
    uint32_t n_real = 0;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetResizeDatabase(call.session->sesid, database->dbid, n_pages, &n_real, 0);
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    *n_pages_out = n_real;
    return JET_errSuccess;
}

/* ---- What it tells --------------------------------------------------------------------------------------- */

JET_ERR
ese_model_get_info(ese_model_database *database, JET_DBINFOMISC4 *info_out, uint64_t *n_bytes_out)
{
    ese_model_call call;
    uint64_t n_pages = 0;
    JET_DBINFOMISC4 info;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetDatabaseInfoA(call.session->sesid, database->dbid, &info, sizeof info,
                              JET_DbInfoMisc);
    if (err >= JET_errSuccess)
        err = JetGetDatabaseInfoA(call.session->sesid, database->dbid, &n_pages, sizeof n_pages,
                                  JET_DbInfoFilesize);
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    *info_out = info;
    *n_bytes_out = n_pages * info.cbPageSize;
    return err;
}

JET_ERR
ese_model_problem(ese_model_database *database, uint32_t index, ese_problem *problem_out,
                  bool *found_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = ese_get_problem(call.session->sesid, database->dbid, index, problem_out);
    ese_model__leave(&call);
    if (err < JET_errSuccess && err != JET_errRecordNotFound)
        return err;
    *found_out = err >= JET_errSuccess;
    return JET_errSuccess;
}
