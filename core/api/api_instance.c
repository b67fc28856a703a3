/*
 * Instances: JetCreateInstance, JetInit, JetTerm.
 */
#include "api/api_backup.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "btree/btree.h"
#include "log/log_time.h"
#include "os/os_file.h"
#include "os/os_system.h"

#include <assert.h>

enum { VERSION_PAGE_SIZE = 64 * 1024 }; /* of JET_paramMaxVerPages */

/* ---- Creating ----------------------------------------------------------------------------------------- */

static JET_ERR
create_instance(JET_INSTANCE *pinstance, const char *name)
{
    ese_api__registry *registry;
    ese_api_instance *instance = NULL;
    JET_ERR err = JET_errSuccess;
    size_t n_units;

    ese_err_clear();
    if (pinstance == NULL)
        return JET_errInvalidParameter;
    if (name != NULL)
        err = ese_api__wide_length(name, &n_units);
    if (err < JET_errSuccess)
        return err;
    registry = ese_api__registry_lock();
    err = registry->mode == ESE_API__MODE_ONE ? JET_errRunningInOneInstanceMode
                                              : ese_api__registry_add(registry, name, &instance);
    if (err >= JET_errSuccess) {
        registry->mode = ESE_API__MODE_MANY;
        *pinstance = instance->handle;
    } else if (err == JET_errInstanceNameInUse) {
        *pinstance =
            JET_instanceNil; /* as Windows has it: the old value is no instance of this name */
    }
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetCreateInstance2A(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName, JET_PCSTR szDisplayName,
                    JET_GRBIT grbit)
{
    (void)szDisplayName; /* only event log entries show it, and there is no event log */
    (void)grbit;         /* unknown options are accepted */
    return create_instance(pinstance, szInstanceName);
}

JET_ERR JET_API
JetCreateInstanceA(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName)
{
    return create_instance(pinstance, szInstanceName);
}

JET_ERR JET_API
JetCreateInstanceW(JET_INSTANCE *pinstance, JET_PCWSTR szInstanceName)
{
    char *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szInstanceName, &name));
    err = create_instance(pinstance, name);
out:
    ese_free(&name);
    return err;
}

JET_ERR JET_API
JetCreateInstance2W(JET_INSTANCE *pinstance, JET_PCWSTR szInstanceName, JET_PCWSTR szDisplayName,
                    JET_GRBIT grbit)
{
    (void)szDisplayName;
    (void)grbit;
    return JetCreateInstanceW(pinstance, szInstanceName);
}

/* ---- Starting: may two instances run side by side? ---------------------------------------------------- */

/* The next component of a path that is not "." or empty. */
static const char *
next_part(const char *path, size_t *n_out)
{
    for (;;) {
        while (*path == '/')
            path++;
        *n_out = strcspn(path, "/");
        if (*n_out != 1 || path[0] != '.')
            return path;
        path++;
    }
}

static bool
is_same_path(const char *a, const char *b)
{
    bool is_same = (a[0] == '/') == (b[0] == '/');
    size_t n_a = 1;
    size_t n_b = 1;

    while (is_same && (n_a != 0 || n_b != 0)) {
        a = next_part(a, &n_a);
        b = next_part(b, &n_b);
        is_same = n_a == n_b && memcmp(a, b, n_a) == 0;
        a += n_a;
        b += n_b;
    }
    return is_same;
}

/*
 * Two instances with recovery keep files of the same names in these places. Without recovery there are no such files: those of temporary
 * tables have no names.
 */
static JET_ERR
check_paths(const ese_api_instance *a, const ese_api_instance *b)
{
    static const struct {
        uint32_t paramid;
        JET_ERR err;
    } places[] = {
        {JET_paramTempPath, JET_errTempPathInUse},
        {JET_paramSystemPath, JET_errSystemPathInUse},
        {JET_paramLogFilePath, JET_errLogFilePathInUse},
    };

    if (!ese_api__has_recovery(a) || !ese_api__has_recovery(b))
        return JET_errSuccess;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *path = ese_api__params_text(&a->params, places[i].paramid);

        if (is_same_path(path, ese_api__params_text(&b->params, places[i].paramid)))
            return ese_raise(places[i].err, "another instance of this process uses \"%s\"", path);
    }
    return JET_errSuccess;
}

/* Holds: registry. */
static JET_ERR
check_neighbours(ese_api__registry *registry, const ese_api_instance *instance)
{
    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *other = ESE_LIST_ENTRY(node, ese_api_instance, link);
        JET_ERR err = JET_errSuccess;

        if (other != instance && atomic_load(&other->state) != ESE_API__CREATED)
            err = check_paths(instance, other);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

/* ---- Starting ----------------------------------------------------------------------------------------- */

size_t
ese_api__cache_limit(const ese_api_instance *instance)
{
    const uint64_t most = (uint64_t)1 << 30;
    uint64_t pages = ese_api_instance_param(instance, JET_paramCacheSizeMax);
    uint64_t page_size = ese_api_instance_param(instance, JET_paramDatabasePageSize);
    uint64_t quarter = ese_os_memory_size() / 4;

    if (pages >= ese_api__param_find(JET_paramCacheSizeMax)->initial) /* as much as is sensible */
        return (size_t)(quarter < most ? quarter : most);
    return (size_t)(pages * page_size);
}

/* The instance that JetInit means, created when the caller left that to us. Holds: registry. */
static JET_ERR
pick_instance(ese_api__registry *registry, const JET_INSTANCE *pinstance,
              ese_api_instance **instance_out)
{
    JET_ERR err;

    if (pinstance != NULL && *pinstance != 0)
        return ese_api__registry_find(registry, *pinstance, instance_out);
    if (registry->mode == ESE_API__MODE_ONE)
        return JET_errAlreadyInitialized;
    if (registry->mode == ESE_API__MODE_MANY && pinstance == NULL)
        return JET_errRunningInMultiInstanceMode;
    err = ese_api__registry_add(registry, NULL, instance_out);
    if (err >= JET_errSuccess && registry->mode == ESE_API__MODE_OPEN)
        registry->mode = ESE_API__MODE_ONE;
    return err;
}

static JET_ERR
admit_start(const ese_api_instance *instance)
{
    switch ((ese_api__state)atomic_load(&instance->state)) {
    case ESE_API__CREATED: return JET_errSuccess;
    case ESE_API__STARTING: return JET_errInitInProgress;
    case ESE_API__RESTORING: return JET_errRestoreInProgress;
    case ESE_API__TERMINATING: return JET_errTermInProgress;
    default: return JET_errAlreadyInitialized;
    }
}

size_t
ese_api__versions_limit(const ese_api_instance *instance)
{
    return (size_t)ese_api_instance_param(instance, JET_paramMaxVerPages) * VERSION_PAGE_SIZE;
}

/* A parameter that names a folder, or a file in it. */
static JET_ERR
settle_folder(const ese_api_instance *instance, uint32_t paramid, bool must_exist)
{
    bool is_wanted = ese_api_instance_param(instance, JET_paramCreatePathIfNotExist) != 0;
    const char *path = ese_api__params_text(&instance->params, paramid);
    const char *end = strrchr(path, '/');
    char *folder = NULL;
    JET_ERR err;

    if (end == NULL) /* the current folder */
        return JET_errSuccess;
    ESE_TRY(ese_alloc((size_t)(end - path) + 2, &folder));
    memcpy(folder, path, (size_t)(end - path) + 1);
    if (is_wanted)
        ESE_TRY(ese_os_folder_create(folder));
    else if (must_exist && !ese_os_folder_exists(folder))
        err = ese_raise(JET_errInvalidPath, "\"%s\": there is no such folder", folder);
out:
    ese_free(&folder);
    return err;
}

/* Where an instance with recovery keeps its files. The temporary database may never be needed. */
static JET_ERR
settle_folders(const ese_api_instance *instance)
{
    JET_ERR err = JET_errSuccess;

    if (!ese_api__has_recovery(instance))
        return JET_errSuccess;
    ESE_TRY(settle_folder(instance, JET_paramSystemPath, true));
    ESE_TRY(settle_folder(instance, JET_paramLogFilePath, true));
    ESE_TRY(settle_folder(instance, JET_paramTempPath, false));
out:
    return err;
}

/* What the instance has beside its log. */
static JET_ERR
make_parts(ese_api_instance *instance)
{
    JET_ERR err;

    ESE_TRY(ese_cache_create(ese_api__cache_limit(instance), &instance->cache));
    ese_cache_set_gate(instance->cache, &instance->gate);
    ESE_TRY(ese_txn_store_create(&ese_btree_txn_ops, ese_api__versions_limit(instance),
                                 &instance->store));
    ESE_TRY(ese_api_databases_create(&instance->databases));
out:
    return err;
}

static void
drop_parts(ese_api_instance *instance)
{
    ese_api_databases_destroy(&instance->databases); /* what it has may hold transactions */
    ese_txn_store_destroy(&instance->store);
    ese_cache_destroy(&instance->cache);
    ese_table_temp_place_end(&instance->temporary);
    ese_api__log_close(&instance->log);
}

/* Takes no lock: everybody else is kept out by the state STARTING. Warnings are those of recovery. */
static JET_ERR
start(ese_api_instance *instance, const ese_api__start *asked)
{
    JET_ERR warning = JET_errSuccess;
    JET_ERR err = JET_errSuccess;

    ese_table_temp_place_init(&instance->temporary);
    ESE_TRY(settle_folders(instance));
    if (ese_api__has_recovery(instance))
        ESE_TRY(warning = ese_api__log_open(instance, asked));
    else
        ese_api__set_log_signature(instance, ese_log_signature_now());
    ESE_TRY(make_parts(instance));
    if (instance->log != NULL)
        ESE_TRY(ese_api__log_begin(instance->log));
out:
    if (err < JET_errSuccess)
        drop_parts(instance);
    return err < JET_errSuccess ? err : warning;
}

static JET_ERR
init_instance(JET_INSTANCE *pinstance, const ese_api__start *asked)
{
    ese_api__registry *registry = ese_api__registry_lock();
    ese_api_instance *instance = NULL;
    JET_ERR err = pick_instance(registry, pinstance, &instance);

    if (err >= JET_errSuccess)
        err = admit_start(instance);
    if (err < JET_errSuccess) {
        ese_api__registry_unlock();
        return err;
    }
    atomic_store(&instance->state, ESE_API__STARTING);
    err = check_neighbours(registry, instance);
    ese_api__registry_unlock();

    if (err >= JET_errSuccess)
        err = start(instance, asked);

    registry = ese_api__registry_lock();
    if (err >= JET_errSuccess) {
        if (pinstance != NULL)
            *pinstance = instance->handle;
        atomic_fetch_add(&registry->n_started, 1);
        atomic_store(&instance->state, ESE_API__RUNNING);
    } else { /* a start that failed ends the instance */
        if (pinstance != NULL && *pinstance != 0)
            *pinstance = JET_instanceNil;
        ese_api__registry_remove(registry, instance);
    }
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetInit2(JET_INSTANCE *pinstance, JET_GRBIT grbit)
{
    const ese_api__start asked = {.grbit = grbit};

    ese_err_clear();
    return init_instance(pinstance, &asked);
}

JET_ERR JET_API
JetInit(JET_INSTANCE *pinstance)
{
    return JetInit2(pinstance, 0);
}

/* ---- Starting with a map of databases ------------------------------------------------------------------- */

enum { MAPS_MAX = 14 };

static JET_ERR
check_maps(uint32_t size, int32_t n_entries, const void *entries)
{
    if (size != sizeof(JET_RSTINFO_A) || n_entries < 0 || (n_entries != 0 && entries == NULL))
        return ese_raise(JET_errInvalidParameter, "what JET_RSTINFO says cannot be");
    if (n_entries > MAPS_MAX)
        return ese_raise(JET_errInvalidParameter, "a map has at most %d entries", (int)MAPS_MAX);
    return JET_errSuccess;
}

/* Where recovery is to stop; the greatest position means what zeros mean: nowhere. */
static JET_ERR
take_stop(const JET_RSTINFO_A *from, ese_recovery_stop *stop_out)
{
    const JET_LGPOS *lgpos = &from->lgposStop;
    bool is_none = lgpos->ib == 0 && lgpos->isec == 0 && lgpos->lGeneration == 0;
    bool is_last =
        lgpos->ib == UINT16_MAX && lgpos->isec == UINT16_MAX && lgpos->lGeneration == INT32_MAX;

    if (!is_none && lgpos->lGeneration <= 0)
        return ese_raise(JET_errInvalidParameter, "a position without a generation");
    if (!is_none && !is_last)
        stop_out->lgpos = (ese_lgpos){lgpos->ib, lgpos->isec, lgpos->lGeneration};
    static_assert(sizeof stop_out->time == sizeof from->logtimeStop, "both are the stored form");
    memcpy(stop_out->time, &from->logtimeStop, sizeof stop_out->time);
    return JET_errSuccess;
}

JET_ERR JET_API
JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit)
{
    ese_api__start asked = {.grbit = grbit};
    ese_recovery_map maps[MAPS_MAX];
    JET_ERR err;

    ese_err_clear();
    if (prstInfo == NULL)
        return init_instance(pinstance, &asked);
    ESE_TRY(check_maps(prstInfo->cbStruct, prstInfo->crstmap, prstInfo->rgrstmap));
    for (int32_t i = 0; i < prstInfo->crstmap; i++)
        maps[i] = (ese_recovery_map){.from = prstInfo->rgrstmap[i].szDatabaseName,
                                     .to = prstInfo->rgrstmap[i].szNewDatabaseName};
    asked.maps = maps;
    asked.n_maps = (unsigned)prstInfo->crstmap;
    asked.status = prstInfo->pfnStatus;
    ESE_TRY(take_stop(prstInfo, &asked.stop));
    err = init_instance(pinstance, &asked);
out:
    return err;
}

JET_ERR JET_API
JetInit3W(JET_INSTANCE *pinstance, JET_RSTINFO_W *prstInfo, JET_GRBIT grbit)
{
    JET_RSTINFO_A narrow = {.cbStruct = sizeof narrow};
    JET_RSTMAP_A maps[MAPS_MAX] = {{0}};
    JET_ERR err;

    ese_err_clear();
    if (prstInfo == NULL)
        return JetInit2(pinstance, grbit);
    ESE_TRY(check_maps(prstInfo->cbStruct, prstInfo->crstmap, prstInfo->rgrstmap));
    for (int32_t i = 0; i < prstInfo->crstmap; i++) {
        const JET_RSTMAP_W *from = &prstInfo->rgrstmap[i];

        ESE_TRY(ese_api_utf8_from_wide(from->szDatabaseName, &maps[i].szDatabaseName));
        ESE_TRY(ese_api_utf8_from_wide(from->szNewDatabaseName, &maps[i].szNewDatabaseName));
    }
    narrow.rgrstmap = maps;
    narrow.crstmap = prstInfo->crstmap;
    narrow.lgposStop = prstInfo->lgposStop;
    narrow.logtimeStop = prstInfo->logtimeStop;
    narrow.pfnStatus = prstInfo->pfnStatus;
    err = JetInit3A(pinstance, &narrow, grbit);
out:
    for (int32_t i = 0; i < MAPS_MAX; i++) {
        ese_free(&maps[i].szDatabaseName);
        ese_free(&maps[i].szNewDatabaseName);
    }
    return err;
}

/* ---- Ending ------------------------------------------------------------------------------------------- */

static bool
is_in_transaction(ese_api_session *session)
{
    return session->txn.level != 0;
}

static bool
close_session(ese_api_session *session)
{
    ese_api__session_close(session);
    return true;
}

/* Keeps later calls out and waits for those in flight. Holds: registry. May block on: calls in flight. */
static void
quiesce(ese_api__registry *registry, ese_api_instance *instance)
{
    atomic_fetch_add(&registry->n_waiting, 1);
    atomic_store(&instance->state, ESE_API__TERMINATING);
    while (ese_fault_is_armed(ESE_FAULT_POINT_TERM)) {
        ese_api__registry_unlock();
        ese_os_yield();
        ese_api__registry_lock();
    }
    while (instance->n_calls != 0 || !ese_api__handle_claim_all(instance->handle))
        ese_os_cond_wait(&registry->changed, &registry->mutex);
    atomic_fetch_sub(&registry->n_waiting, 1);
}

/* The instance lives on after all. Holds: registry. */
static void
resume(ese_api_instance *instance, uint32_t state)
{
    if (atomic_load(&instance->is_revoked))
        state = ESE_API__UNAVAILABLE;
    atomic_store(&instance->state, state);
    ese_api__handle_unclaim_all(instance->handle);
}

static bool
abandon_transaction(ese_api_session *session)
{
    ese_txn_abandon(&session->txn);
    return false;
}

/* A failure that no call has met was perhaps that of the last commits, so whoever ends the instance is told. */
static JET_ERR
end_failed(const ese_api_instance *instance)
{
    if (!ese_api_databases_are_dirty(instance->databases))
        return JET_errSuccess;
    return ese_raise(JET_errDirtyShutdown,
                     "the instance has failed: its databases need the next start to recover them");
}

/* Everything is in the files, and they say so. */
static JET_ERR
end_clean(ese_api_instance *instance)
{
    if (ese_api_instance_has_failed(instance))
        return end_failed(instance);
    if (instance->log != NULL)
        return ese_api__log_finish(instance->log);
    return ese_api_databases_finish(instance->databases);
}

/*
 * Nobody else is left: no lock is needed. After a fatal error, or when the caller wants it so, the files stay as they are: the next start recovers, so what
 * is open is not even rolled back.
 */
static JET_ERR
end(ese_api_instance *instance, bool is_dirty)
{
    JET_ERR err = JET_errSuccess;

    ese_api__backup_end(instance);
    ese_api__log_quiesce(instance->log);
    if (is_dirty && instance->log != NULL)
        ese_api__handle_any_claimed(instance->handle, abandon_transaction);
    ese_api__handle_any_claimed(instance->handle, close_session);
    ese_api__table_storage_destroy(instance);
    ese_txn_store_stop(instance->store);
    if (!is_dirty)
        err = end_clean(instance);
    drop_parts(instance);
    return is_dirty ? JET_errDirtyShutdown : err;
}

/* Holds: registry. Releases it while it works. */
static JET_ERR
term_started(ese_api__registry *registry, ese_api_instance *instance, bool is_dirty)
{
    uint32_t state = atomic_load(&instance->state);
    bool may_refuse;
    JET_ERR err;

    quiesce(registry, instance);
    may_refuse = !is_dirty && !atomic_load(&instance->is_revoked);
    if (may_refuse && ese_api__handle_any_claimed(instance->handle, is_in_transaction)) {
        resume(instance, state);
        return JET_errTooManyActiveUsers;
    }
    ese_api__registry_unlock();
    err = end(instance, is_dirty);
    ese_api__registry_lock();
    atomic_fetch_sub(&registry->n_started, 1);
    ese_api__registry_remove(registry, instance);
    return err;
}

/* A backup that is under way ends, unless the caller wants to be told of it. Holds: registry. */
static JET_ERR
stop_backup(ese_api_instance *instance, JET_GRBIT grbit)
{
    const JET_GRBIT options = JET_bitTermComplete | JET_bitTermStopBackup;

    if (instance->backup == NULL || !atomic_load(&instance->backup->is_running))
        return JET_errSuccess;
    if ((grbit & options) == JET_bitTermComplete)
        return ese_raise(JET_errBackupInProgress, "a backup has not ended yet");
    atomic_store(&instance->backup->is_stopped, true);
    return JET_errSuccess;
}

/* Holds: registry. */
static JET_ERR
term_instance(ese_api__registry *registry, JET_INSTANCE handle, JET_GRBIT grbit)
{
    ese_api_instance *instance = NULL;
    JET_ERR err = ese_api__registry_find(registry, handle, &instance);

    if (err < JET_errSuccess)
        return err;
    switch ((ese_api__state)atomic_load(&instance->state)) {
    case ESE_API__CREATED: ese_api__registry_remove(registry, instance); return JET_errSuccess;
    case ESE_API__STARTING: return JET_errInitInProgress;
    case ESE_API__RESTORING: return JET_errRestoreInProgress;
    case ESE_API__TERMINATING: return JET_errTermInProgress;
    default: break;
    }
    err = stop_backup(instance, grbit);
    if (err >= JET_errSuccess)
        err = term_started(registry, instance, (grbit & JET_bitTermDirty) != 0);
    return err;
}

JET_ERR JET_API
JetTerm2(JET_INSTANCE handle, JET_GRBIT grbit)
{
    const JET_GRBIT known =
        JET_bitTermComplete | JET_bitTermAbrupt | JET_bitTermStopBackup | JET_bitTermDirty;
    JET_ERR err;

    ese_err_clear();
    if ((grbit & ~known) != 0)
        return ese_raise(JET_errInvalidParameter, "JetTerm2 does not know the options 0x%x",
                         (unsigned)(grbit & ~known));
    err = term_instance(ese_api__registry_lock(), handle, grbit);
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetTerm(JET_INSTANCE handle)
{
    return JetTerm2(handle, 0);
}
