/* JetRestore: what JetBackup has written becomes databases again, before the instance begins to run. */
#include "api/api_restore.h"

#include "base/alloc.h"
#include "os/os_path.h"

/* ---- Databases of the folder ---- */

/* What to do with each of them. */
typedef struct search {
    ese_api__restore *restore;
    const char *folder; /* for the databases; NULL: where they came from */
} search;

/* Where it was when it was backed up; that may have been on another system. */
static JET_ERR
original_place(const search *s, const char *path, char **to_out)
{
    ese_maint_restore_database database;
    JET_ERR err;

    ESE_TRY(ese_maint_restore_check(path, s->restore->logs, &database));
    ESE_TRY(ese_maint_restore_logged_path(s->restore->logs, &database.sign, to_out));
    if (**to_out != '/')
        err = ese_raise(JET_errInvalidPath, "%s: came from \"%s\", which is no place here", path,
                        *to_out);
out:
    return err;
}

static JET_ERR
add(void *self, const char *path)
{
    const search *s = self;
    ese_api__restore_item item = {.from = NULL};
    JET_ERR err;

    ESE_TRY(ese_alloc_copy(path, strlen(path) + 1, &item.from));
    ESE_TRY(s->folder != NULL ? ese_os_path_join(s->folder, ese_os_path_name(path), "", &item.to)
                              : original_place(s, path, &item.to));
    ESE_TRY(ese_api__restore_add(s->restore, &item));
    item = (ese_api__restore_item){.from = NULL};
out:
    ese_free(&item.from);
    ese_free(&item.to);
    return err;
}

static JET_ERR
find_databases(ese_api__restore *restore, const void *how)
{
    search s = {restore, how};
    JET_ERR err = ese_maint_restore_list(restore->source, add, &s);

    /* Without a list recovery would take the databases where the log knows them. */
    if (err >= JET_errSuccess && restore->n_items == 0)
        err = ese_raise(JET_errFileNotFound, "%s: there is no database", restore->source);
    return err;
}

/* ---- The call ---- */

typedef struct request {
    const char *source, *target;
    JET_PFNSTATUS status;
} request;

/* The instance was admitted. */
static JET_ERR
restore(ese_api_instance *instance, const request *asked)
{
    bool may_make = ese_api_instance_param(instance, JET_paramCreatePathIfNotExist) != 0;
    char *source = NULL, *target = NULL, *logs = NULL, *system = NULL;
    ese_api__restore work = {.status = asked->status};
    JET_ERR err;

    if (asked->source == NULL || asked->source[0] == '\0')
        return ese_raise(JET_errInvalidParameter, "no folder to restore from");
    work.base = ese_api__params_text(&instance->params, JET_paramBaseName);
    ESE_TRY(ese_maint_backup_find(asked->source, work.base, &source));
    ESE_TRY(ese_api__restore_folder(ese_api__params_text(&instance->params, JET_paramLogFilePath),
                                    may_make, &logs));
    ESE_TRY(ese_api__restore_folder(ese_api__params_text(&instance->params, JET_paramSystemPath),
                                    may_make, &system));
    if (asked->target != NULL)
        ESE_TRY(ese_api__restore_folder(asked->target, may_make, &target));
    work.source = source;
    work.log_folder = logs;
    work.system_folder = system;
    ESE_TRY(ese_api__restore_run(instance, &work, find_databases, target));
out:
    ese_free(&source);
    ese_free(&target);
    ese_free(&logs);
    ese_free(&system);
    return err;
}

JET_ERR JET_API
JetRestoreInstanceA(JET_INSTANCE handle, JET_PCSTR sz, JET_PCSTR szDest, JET_PFNSTATUS pfn)
{
    const request asked = {sz, szDest, pfn};
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api__registry_find(ese_api__registry_lock(), handle, &instance);
    if (err >= JET_errSuccess)
        err = ese_api__restore_admit(instance);
    ese_api__registry_unlock();
    if (err < JET_errSuccess)
        return err;
    err = restore(instance, &asked);
    (void)ese_api__registry_lock();
    atomic_store(&instance->state, ESE_API__CREATED);
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetRestoreInstanceW(JET_INSTANCE handle, JET_PCWSTR sz, JET_PCWSTR szDest, JET_PFNSTATUS pfn)
{
    char *source = NULL, *target = NULL;
    JET_ERR err;

    ese_err_clear();
    ESE_TRY(ese_api_utf8_from_wide(sz, &source));
    ESE_TRY(ese_api_utf8_from_wide(szDest, &target));
    err = JetRestoreInstanceA(handle, source, target, pfn);
out:
    ese_free(&source);
    ese_free(&target);
    return err;
}

/* ---- Without an instance: one is made for the time of the restore ---- */

/* Holds: registry. */
static JET_ERR
make_instance(ese_api__registry *registry, ese_api_instance **instance_out)
{
    JET_ERR err;

    if (registry->mode == ESE_API__MODE_MANY)
        return JET_errRunningInMultiInstanceMode;
    if (registry->mode == ESE_API__MODE_ONE)
        return JET_errAlreadyInitialized;
    ESE_TRY(ese_api__registry_add(registry, NULL, instance_out));
    registry->mode = ESE_API__MODE_ONE;
    err = ese_api__restore_admit(*instance_out);
out:
    return err;
}

JET_ERR JET_API
JetRestore2A(JET_PCSTR sz, JET_PCSTR szDest, JET_PFNSTATUS pfn)
{
    const request asked = {sz, szDest, pfn};
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ese_err_clear();
    err = make_instance(ese_api__registry_lock(), &instance);
    ese_api__registry_unlock();
    if (err < JET_errSuccess)
        return err;
    err = restore(instance, &asked);
    ese_api__registry_remove(ese_api__registry_lock(), instance);
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetRestore2W(JET_PCWSTR sz, JET_PCWSTR szDest, JET_PFNSTATUS pfn)
{
    char *source = NULL, *target = NULL;
    JET_ERR err;

    ese_err_clear();
    ESE_TRY(ese_api_utf8_from_wide(sz, &source));
    ESE_TRY(ese_api_utf8_from_wide(szDest, &target));
    err = JetRestore2A(source, target, pfn);
out:
    ese_free(&source);
    ese_free(&target);
    return err;
}

JET_ERR JET_API
JetRestoreA(JET_PCSTR szSource, JET_PFNSTATUS pfn)
{
    return JetRestore2A(szSource, NULL, pfn);
}

JET_ERR JET_API
JetRestoreW(JET_PCWSTR szSource, JET_PFNSTATUS pfn)
{
    return JetRestore2W(szSource, NULL, pfn);
}
