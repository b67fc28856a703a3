/* Starting with a log, and commits that wait for it. */
#define _XOPEN_SOURCE 700

#include "object_model_durable.h"

#include "object_model_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Progress --------------------------------------------------------------------------------------------- */

/* Status functions have no context: they are called by the thread that began the work. */
static _Thread_local const ese_model_progress *watching;

static const char *
phase_of(JET_SNP snp)
{
    switch (snp) {
    case JET_snpBackup: return "backup";
    case JET_snpRestore: return "recovery";
    default: return "work";
    }
}

static JET_ERR JET_API
report(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv)
{
    const JET_SNPROG *progress = pv;

    (void)sesid;
    if (watching == NULL || snt != JET_sntProgress || progress == NULL)
        return JET_errSuccess;
    return watching->step(watching->context, phase_of(snp), progress->cunitDone,
                          progress->cunitTotal);
}

static JET_PFNSTATUS
watch(const ese_model_progress *progress)
{
    watching = progress->step != NULL ? progress : NULL;
    return watching != NULL ? report : NULL;
}

/* ---- Start ------------------------------------------------------------------------------------------------- */

static JET_ERR
start(ese_model_instance *instance, const ese_model_starting *starting)
{
    JET_RSTMAP_A map = {.szNewDatabaseName = (char *)(uintptr_t)starting->database};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = watch(&starting->progress)};
    JET_GRBIT grbit = starting->grbit;
    JET_ERR err;

    if (starting->database != NULL) {
        info.rgrstmap = &map;
        info.crstmap = 1;
        grbit |= JET_bitReplayMissingMapEntryDB; /* other databases lie where the log says */
    }
    if (info.crstmap == 0 && info.pfnStatus == NULL && grbit == 0)
        return JetInit(&instance->instance);
    err = JetInit3A(&instance->instance, &info, grbit);
    watching = NULL;
    return err;
}

JET_ERR
ese_model_start_with(ese_model_instance *instance, const ese_model_starting *starting)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&instance->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = start(instance, starting);
    if (err < JET_errSuccess) {
        err = ese_model__fail(err, ese_error_text(err));
        (void)JetTerm(instance->instance);
        ese_model__mark_closed(&instance->object);
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_start(ese_model_instance *instance)
{
    const ese_model_starting nothing = {.database = NULL};

    return ese_model_start_with(instance, &nothing);
}

/* ---- Backup ------------------------------------------------------------------------------------------------ */

/* With those above it; what cannot be made the engine does not find. */
static void
make_folders(char *path)
{
    for (char *bar = strchr(path + 1, '/'); bar != NULL; bar = strchr(bar + 1, '/')) {
        *bar = '\0';
        (void)mkdir(path, 0777);
        *bar = '/';
    }
    (void)mkdir(path, 0777);
}

static JET_ERR
back_up(ese_model_instance *instance, const char *folder, JET_GRBIT grbit,
        const ese_model_progress *progress)
{
    char *copy = strdup(folder);
    JET_ERR err;

    if (copy == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    if ((grbit & JET_bitBackupIncremental) == 0)
        make_folders(copy);
    free(copy);
    ese_model__count_backup(instance, 1);
    err = JetBackupInstanceA(instance->instance, folder, grbit, watch(progress));
    watching = NULL;
    ese_model__count_backup(instance, -1);
    return err;
}

JET_ERR
ese_model_backup(ese_model_instance *instance, const char *folder, JET_GRBIT grbit,
                 const ese_model_progress *progress)
{
    ese_model_call call;
    JET_ERR err;

    if (folder == NULL || folder[0] == '\0')
        return ese_model__fail(JET_errNoBackupDirectory, "a backup needs a folder");
    err = ese_model__enter(&instance->object, &call);
    if (err < JET_errSuccess)
        return err;
    err = back_up(instance, folder, grbit, progress);
    ese_model__leave(&call);
    return err;
}

/* ---- Commits ----------------------------------------------------------------------------------------------- */

JET_ERR
ese_model_flush(ese_model_session *session, bool is_all)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetCommitTransaction(session->sesid,
                               is_all ? JET_bitWaitAllLevel0Commit : JET_bitWaitLastLevel0Commit);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_set_lazy(ese_model_session *session, bool is_lazy)
{
    ese_model_call call;
    uint32_t grbit = is_lazy ? JET_bitCommitLazyFlush : 0;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetSetSessionParameter(session->sesid, JET_sesparamCommitDefault, &grbit, sizeof grbit);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_get_lazy(ese_model_session *session, bool *is_lazy_out)
{
    ese_model_call call;
    uint32_t grbit = 0, size = 0;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetSessionParameter(session->sesid, JET_sesparamCommitDefault, &grbit, sizeof grbit,
                                 &size);
    ese_model__leave(&call);
    if (err >= JET_errSuccess)
        *is_lazy_out = (grbit & JET_bitCommitLazyFlush) != 0;
    return err;
}

/* Newest children come first, and the newest transaction is the innermost one. */
static ese_model_object *
innermost(ese_model_session *session)
{
    return ese_model__child(&session->object, ESE_MODEL_TRANSACTION, ESE_MODEL__ANY);
}

JET_ERR
ese_model_commit_innermost(ese_model_session *session, JET_GRBIT grbit)
{
    ese_model_call call;
    ese_model_object *transaction;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    transaction = innermost(session);
    err = JetCommitTransaction(session->sesid, grbit);
    if (err >= JET_errSuccess && transaction != NULL) {
        session->level--;
        ese_model__mark_closed(transaction);
    }
    ese_model_release(transaction);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_rollback_innermost(ese_model_session *session)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&session->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = session->level > 0 ? ese_model__rollback_to(session, session->level - 1)
                             : JetRollback(session->sesid, 0);
    ese_model__leave(&call);
    return err;
}
