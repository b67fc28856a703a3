/*
 * JetExternalRestore: a program has brought databases and logs to their places, and wants them to be put together. It is done by an instance of its own, which nobody
 * else knows of.
 */
#include "api/api_restore.h"

#include "base/alloc.h"
#include "os/os_path.h"
#include "os/os_system.h"

#include <stdio.h>

enum { NAME_MAX = 40 };

/* What a program asks for; texts in UTF-8. */
typedef struct request {
    const char *system_folder, *log_folder, *backup_folder;
    const JET_RSTMAP_A *maps;
    int32_t n_maps;
    int32_t low, high;
    const char *base; /* NULL: the parameter tells */
    const char *target_name, *target_logs;
    JET_PFNSTATUS status;
} request;

/* ---- The instance ---- */

/* Holds: registry. */
static JET_ERR
make_instance(ese_api__registry *registry, ese_api_instance **instance_out)
{
    char name[NAME_MAX];
    JET_ERR err;

    if (registry->mode == ESE_API__MODE_ONE)
        return JET_errRunningInOneInstanceMode;
    (void)snprintf(name, sizeof name, "restore %016llx", (unsigned long long)ese_os_random());
    ESE_TRY(ese_api__registry_add(registry, name, instance_out));
    registry->mode = ESE_API__MODE_MANY;
    err = ese_api__restore_admit(*instance_out);
out:
    return err;
}

/* The folder of the logs of the instance of this name. Holds: registry. */
static JET_ERR
find_target(ese_api__registry *registry, const char *name, char **folder_out)
{
    ESE_LIST_FOREACH (node, &registry->instances) {
        const ese_api_instance *other = ESE_LIST_ENTRY(node, ese_api_instance, link);

        if (other->name != NULL && strcmp(other->name, name) == 0) {
            const char *path = ese_api__params_text(&other->params, JET_paramLogFilePath);

            return ese_os_path_full(path[0] == '\0' ? "." : path, folder_out);
        }
    }
    return ese_raise(JET_errBadRestoreTargetInstance, "there is no instance \"%s\"", name);
}

/* ---- The work ---- */

static JET_ERR
add_map(ese_api__restore *work, const JET_RSTMAP_A *map)
{
    ese_api__restore_item item = {.from = NULL};
    JET_ERR err;

    if (map->szNewDatabaseName == NULL || map->szNewDatabaseName[0] == '\0')
        return ese_raise(JET_errInvalidParameter, "a database to restore needs a name");
    ESE_TRY(ese_os_path_full(map->szNewDatabaseName, &item.to));
    if (map->szDatabaseName != NULL && map->szDatabaseName[0] != '\0')
        ESE_TRY(ese_alloc_copy(map->szDatabaseName, strlen(map->szDatabaseName) + 1, &item.logged));
    ESE_TRY(ese_api__restore_add(work, &item));
    item = (ese_api__restore_item){.from = NULL};
out:
    ese_free(&item.to);
    ese_free(&item.logged);
    return err;
}

static JET_ERR
add_maps(ese_api__restore *work, const void *how)
{
    const request *asked = how;
    JET_ERR err = JET_errSuccess;

    for (int32_t i = 0; i < asked->n_maps; i++)
        ESE_TRY(add_map(work, &asked->maps[i]));
out:
    return err;
}

static JET_ERR
check(const request *asked)
{
    if (asked->system_folder == NULL || asked->log_folder == NULL || asked->n_maps < 0 ||
        (asked->n_maps != 0 && asked->maps == NULL))
        return ese_raise(JET_errInvalidParameter,
                         "a restore needs folders of checkpoint and logs, and a list of databases");
    if (asked->low < 0 || asked->high < 0 || (asked->high != 0 && asked->high < asked->low))
        return ese_raise(JET_errInvalidParameter, "no generations from 0x%X to 0x%X",
                         (unsigned)asked->low, (unsigned)asked->high);
    if (asked->base != NULL && strlen(asked->base) != JET_BASE_NAME_LENGTH)
        return ese_raise(JET_errInvalidParameter, "a base name has three characters");
    return JET_errSuccess;
}

static JET_ERR
restore(ese_api_instance *instance, const request *asked, const char *target_folder)
{
    char *logs = NULL, *system = NULL, *source = NULL, *more = NULL;
    ese_api__restore work = {.low = asked->low, .high = asked->high, .status = asked->status};
    const char *from = asked->backup_folder != NULL && asked->backup_folder[0] != '\0'
                           ? asked->backup_folder
                           : asked->log_folder;
    JET_ERR err;

    ESE_TRY(ese_api__restore_folder(asked->log_folder, false, &logs));
    ESE_TRY(ese_api__restore_folder(asked->system_folder, false, &system));
    ESE_TRY(ese_api__restore_folder(from, false, &source));
    if (target_folder != NULL)
        ESE_TRY(ese_api__restore_folder(target_folder, false, &more));
    work.base = asked->base != NULL ? asked->base
                                    : ese_api__params_text(&instance->params, JET_paramBaseName);
    work.log_folder = logs;
    work.system_folder = system;
    work.source = source;
    work.more_folder = more;
    ESE_TRY(ese_api__restore_run(instance, &work, add_maps, asked));
out:
    ese_free(&logs);
    ese_free(&system);
    ese_free(&source);
    ese_free(&more);
    return err;
}

static JET_ERR
external_restore(const request *asked)
{
    bool has_target = asked->target_name != NULL && asked->target_name[0] != '\0';
    ese_api__registry *registry;
    ese_api_instance *instance = NULL;
    char *found = NULL;
    JET_ERR err;

    ese_err_clear();
    ESE_TRY(check(asked));
    registry = ese_api__registry_lock();
    err = make_instance(registry, &instance);
    if (err >= JET_errSuccess && has_target && asked->target_logs == NULL)
        err = find_target(registry, asked->target_name, &found);
    ese_api__registry_unlock();
    if (err >= JET_errSuccess)
        err = restore(instance, asked, asked->target_logs != NULL ? asked->target_logs : found);
    if (instance != NULL) {
        ese_api__registry_remove(ese_api__registry_lock(), instance);
        ese_api__registry_unlock();
    }
out:
    ese_free(&found);
    return err;
}

/* ---- The Jet functions ---- */

JET_ERR JET_API
JetExternalRestoreA(JET_PSTR szCheckpointFilePath, JET_PSTR szLogPath, JET_RSTMAP_A *rgrstmap,
                    int32_t crstfilemap, JET_PSTR szBackupLogPath, int32_t genLow, int32_t genHigh,
                    JET_PFNSTATUS pfn)
{
    return external_restore(&(request){
        .system_folder = szCheckpointFilePath,
        .log_folder = szLogPath,
        .backup_folder = szBackupLogPath,
        .maps = rgrstmap,
        .n_maps = crstfilemap,
        .low = genLow,
        .high = genHigh,
        .status = pfn,
    });
}

JET_ERR JET_API
JetExternalRestore2A(JET_PSTR szCheckpointFilePath, JET_PSTR szLogPath, JET_RSTMAP_A *rgrstmap,
                     int32_t crstfilemap, JET_PSTR szBackupLogPath, JET_LOGINFO_A *pLogInfo,
                     JET_PSTR szTargetInstanceName, JET_PSTR szTargetInstanceLogPath,
                     JET_PSTR szTargetInstanceCheckpointPath, JET_PFNSTATUS pfn)
{
    request asked = {
        .system_folder = szCheckpointFilePath,
        .log_folder = szLogPath,
        .backup_folder = szBackupLogPath,
        .maps = rgrstmap,
        .n_maps = crstfilemap,
        .target_name = szTargetInstanceName,
        .target_logs = szTargetInstanceLogPath,
        .status = pfn,
    };
    char base[JET_BASE_NAME_LENGTH + 1] = "";

    (void)szTargetInstanceCheckpointPath; /* a restore needs no checkpoint */
    if (pLogInfo != NULL) {
        if (pLogInfo->cbSize != sizeof *pLogInfo)
            return JET_errInvalidParameter;
        memcpy(base, pLogInfo->szBaseName, JET_BASE_NAME_LENGTH);
        asked.base = base;
        asked.low = (int32_t)pLogInfo->ulGenLow;
        asked.high = (int32_t)pLogInfo->ulGenHigh;
    }
    return external_restore(&asked);
}

/* ---- … with UTF-16 text ---- */

static JET_ERR
narrow_maps(const JET_RSTMAP_W *wide, int32_t n, JET_RSTMAP_A **maps_out)
{
    JET_RSTMAP_A *maps = NULL;
    JET_ERR err;

    if (wide == NULL || n <= 0)
        return JET_errSuccess;
    ESE_TRY(ese_alloc((size_t)n * sizeof *maps, &maps));
    *maps_out = maps; /* the caller frees what is there */
    for (int32_t i = 0; i < n; i++) {
        ESE_TRY(ese_api_utf8_from_wide(wide[i].szDatabaseName, &maps[i].szDatabaseName));
        ESE_TRY(ese_api_utf8_from_wide(wide[i].szNewDatabaseName, &maps[i].szNewDatabaseName));
    }
out:
    return err;
}

static void
free_maps(JET_RSTMAP_A **maps, int32_t n)
{
    for (int32_t i = 0; *maps != NULL && i < n; i++) {
        ese_free(&(*maps)[i].szDatabaseName);
        ese_free(&(*maps)[i].szNewDatabaseName);
    }
    ese_free(maps);
}

/* The texts of a call. */
enum { TEXT_SYSTEM, TEXT_LOGS, TEXT_BACKUP, TEXT_TARGET, TEXT_TARGET_LOGS, N_TEXTS };

static JET_ERR
narrow(const JET_PCWSTR wide[N_TEXTS], char *texts[N_TEXTS])
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < N_TEXTS && err >= JET_errSuccess; i++)
        err = ese_api_utf8_from_wide(wide[i], &texts[i]);
    return err;
}

static JET_ERR
restore_wide(const JET_PCWSTR wide[N_TEXTS], const JET_RSTMAP_W *maps, request *asked)
{
    char *texts[N_TEXTS] = {NULL};
    JET_RSTMAP_A *own = NULL;
    JET_ERR err;

    ese_err_clear();
    ESE_TRY(narrow(wide, texts));
    ESE_TRY(narrow_maps(maps, asked->n_maps, &own));
    asked->system_folder = texts[TEXT_SYSTEM];
    asked->log_folder = texts[TEXT_LOGS];
    asked->backup_folder = texts[TEXT_BACKUP];
    asked->target_name = texts[TEXT_TARGET];
    asked->target_logs = texts[TEXT_TARGET_LOGS];
    asked->maps = own;
    err = external_restore(asked);
out:
    free_maps(&own, asked->n_maps);
    for (unsigned i = 0; i < N_TEXTS; i++)
        ese_free(&texts[i]);
    return err;
}

JET_ERR JET_API
JetExternalRestoreW(JET_PWSTR szCheckpointFilePath, JET_PWSTR szLogPath, JET_RSTMAP_W *rgrstmap,
                    int32_t crstfilemap, JET_PWSTR szBackupLogPath, int32_t genLow, int32_t genHigh,
                    JET_PFNSTATUS pfn)
{
    const JET_PCWSTR wide[N_TEXTS] = {szCheckpointFilePath, szLogPath, szBackupLogPath};
    request asked = {.n_maps = crstfilemap, .low = genLow, .high = genHigh, .status = pfn};

    return restore_wide(wide, rgrstmap, &asked);
}

JET_ERR JET_API
JetExternalRestore2W(JET_PWSTR szCheckpointFilePath, JET_PWSTR szLogPath, JET_RSTMAP_W *rgrstmap,
                     int32_t crstfilemap, JET_PWSTR szBackupLogPath, JET_LOGINFO_W *pLogInfo,
                     JET_PWSTR szTargetInstanceName, JET_PWSTR szTargetInstanceLogPath,
                     JET_PWSTR szTargetInstanceCheckpointPath, JET_PFNSTATUS pfn)
{
    const JET_PCWSTR wide[N_TEXTS] = {szCheckpointFilePath, szLogPath, szBackupLogPath,
                                      szTargetInstanceName, szTargetInstanceLogPath};
    request asked = {.n_maps = crstfilemap, .status = pfn};
    char base[JET_BASE_NAME_LENGTH + 1] = "";

    (void)szTargetInstanceCheckpointPath;
    if (pLogInfo != NULL) {
        if (pLogInfo->cbSize != sizeof *pLogInfo)
            return JET_errInvalidParameter;
        for (unsigned i = 0; i < JET_BASE_NAME_LENGTH; i++)
            base[i] = (char)(pLogInfo->szBaseName[i] < 0x80 ? pLogInfo->szBaseName[i] : '?');
        asked.base = base;
        asked.low = (int32_t)pLogInfo->ulGenLow;
        asked.high = (int32_t)pLogInfo->ulGenHigh;
    }
    return restore_wide(wide, rgrstmap, &asked);
}
