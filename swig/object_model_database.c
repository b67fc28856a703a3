/*
 * Databases: opening them for reading, in a session that exists or in an instance of their own, and what they tell about
 * themselves.
 */
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
attach_and_open(JET_SESID sesid, const char *path, JET_GRBIT grbit, JET_DBID *dbid_out)
{
    JET_ERR err = JetAttachDatabaseA(sesid, path, ESE_bitDbReader | JET_bitDbReadOnly | grbit);

    if (err < JET_errSuccess)
        return err;
    err = JetOpenDatabaseA(sesid, path, NULL, dbid_out, JET_bitDbReadOnly);
    if (err < JET_errSuccess) {
        err = ese_model__fail(err, ese_error_text(err));
        (void)JetDetachDatabaseA(sesid, path);
    }
    return err;
}

JET_ERR
ese_model_open_database(ese_model_session *session, const char *path, JET_GRBIT grbit,
                        ese_model_database **database_out)
{
    ese_model_call call;
    ese_model_object *child = NULL;
    JET_ERR err;

    if (path == NULL)
        return ese_model__fail(JET_errDatabaseInvalidPath, "a database needs a path");
    err = ese_model__enter(&session->object, &call);
    if (err < JET_errSuccess)
        return err;
    err = ese_model__allocate(ESE_MODEL_DATABASE, sizeof **database_out, call.object, &child);
    if (err >= JET_errSuccess) {
        ese_model_database *database = (ese_model_database *)child;

        database->path = copy_text(path);
        err = database->path == NULL
                  ? ese_model__fail(JET_errOutOfMemory, "out of memory")
                  : attach_and_open(session->sesid, path, grbit, &database->dbid);
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

/* Nothing is written, so nothing is logged, and no folder is needed. */
static const parameter reading[] = {
    {JET_paramRecovery, 0, "off"},
    {JET_paramMaxTemporaryTables, 64, NULL},
    {JET_paramNoInformationEvent, 1, NULL},
};

static JET_ERR
set_up(ese_model_instance *instance)
{
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < sizeof reading / sizeof reading[0] && err >= JET_errSuccess; i++)
        err = ese_model_set_parameter(instance, reading[i].paramid, reading[i].number,
                                      reading[i].text);
    if (err >= JET_errSuccess)
        err = ese_model_start(instance);
    return err;
}

JET_ERR
ese_model_open_file(const char *path, JET_GRBIT grbit, ese_model_database **database_out)
{
    static _Atomic uint64_t n_opened; /* names need only differ */
    char name[64];
    ese_model_instance *instance = NULL;
    ese_model_session *session = NULL;
    JET_ERR err;

    snprintf(name, sizeof name, "file %llu",
             (unsigned long long)atomic_fetch_add_explicit(&n_opened, 1, memory_order_relaxed) + 1);
    err = ese_model_create_instance(name, &instance);
    if (err < JET_errSuccess)
        return err;
    err = set_up(instance);
    if (err >= JET_errSuccess)
        err = ese_model_begin_session(instance, &session);
    if (err >= JET_errSuccess)
        err = ese_model_open_database(session, path, grbit, database_out);
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
