/* The instances of the process: who exists, what a handle means, and the parameters they start from. */
#include "api/api_private.h"

#include "base/alloc.h"

static ese_api__registry registry = {
    .mutex = ESE_OS_MUTEX_INIT,
    .changed = ESE_OS_COND_INIT,
    .instances = {&registry.instances, &registry.instances},
};

ese_api__registry *
ese_api__registry_lock(void)
{
    ese_os_mutex_lock(&registry.mutex);
    if (!registry.is_loaded) {
        ese_api__params_init(&registry.defaults);
        registry.is_loaded = true;
    }
    return &registry;
}

ese_api__registry *
ese_api__registry_try_lock(void)
{
    return ese_os_mutex_try_lock(&registry.mutex) ? &registry : NULL;
}

void
ese_api__registry_unlock(void)
{
    ese_os_mutex_unlock(&registry.mutex);
}

bool
ese_api__any_started(void)
{
    return atomic_load_explicit(&registry.n_started, memory_order_relaxed) != 0;
}

void
ese_api__notify_term(void)
{
    if (atomic_load(&registry.n_waiting) == 0)
        return;
    ese_os_mutex_lock(&registry.mutex);
    ese_os_cond_broadcast(&registry.changed);
    ese_os_mutex_unlock(&registry.mutex);
}

/* ---- Finding ------------------------------------------------------------------------------------------ */

JET_ERR
ese_api__registry_find(ese_api__registry *r, JET_INSTANCE handle, ese_api_instance **instance_out)
{
    uint64_t owner;
    ese_api_instance *instance;

    if (handle == 0 || handle == JET_instanceNil) {
        if (r->mode != ESE_API__MODE_ONE)
            return JET_errInvalidParameter;
        *instance_out = ESE_LIST_ENTRY(r->instances.next, ese_api_instance, link);
        return JET_errSuccess;
    }
    instance = ese_api__handle_find(ESE_API__INSTANCE, handle, &owner);
    if (instance == NULL)
        return JET_errInvalidInstance;
    *instance_out = instance;
    return JET_errSuccess;
}

JET_ERR
ese_api__instance_admit(ese_api_instance *instance, ese_api_kind kind)
{
    switch ((ese_api__state)atomic_load(&instance->state)) {
    case ESE_API__RUNNING: return JET_errSuccess;
    case ESE_API__STOPPED:
        return kind == ESE_API_CLOSING ? JET_errSuccess : JET_errClientRequestToStopJetService;
    case ESE_API__UNAVAILABLE: return JET_errInstanceUnavailable;
    case ESE_API__TERMINATING: return JET_errTermInProgress;
    case ESE_API__STARTING: return JET_errInitInProgress;
    case ESE_API__RESTORING: return JET_errRestoreInProgress;
    case ESE_API__CREATED: return JET_errNotInitialized;
    }
    return JET_errInternalError;
}

void
ese_api__instance_revoke(ese_api_instance *instance)
{
    uint32_t state;

    ese_api__registry_lock();
    atomic_store(&instance->is_revoked, true);
    state = atomic_load(&instance->state);
    if (state == ESE_API__RUNNING || state == ESE_API__STOPPED)
        atomic_store(&instance->state, ESE_API__UNAVAILABLE);
    ese_api__registry_unlock();
}

JET_ERR
ese_api_enter_instance(JET_INSTANCE handle, ese_api_kind kind, ese_api_instance **instance_out)
{
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api__registry_find(ese_api__registry_lock(), handle, &instance);
    if (err >= JET_errSuccess)
        err = ese_api__instance_admit(instance, kind);
    if (err >= JET_errSuccess) {
        instance->n_calls++;
        *instance_out = instance;
    }
    ese_api__registry_unlock();
    return err;
}

JET_ERR
ese_api_leave_instance(ese_api_instance *instance, JET_ERR err)
{
    ese_api__registry_lock();
    instance->n_calls--;
    ese_os_cond_broadcast(&registry.changed);
    ese_api__registry_unlock();
    return err;
}

/* ---- Coming and going --------------------------------------------------------------------------------- */

static bool
is_same_name(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a[0] != '\0' && strcmp(a, b) == 0;
}

static JET_ERR
check_room(ese_api__registry *r, const char *name)
{
    if (r->n_instances >= ese_api__params_integer(&r->defaults, JET_paramMaxInstances))
        return JET_errTooManyInstances;
    ESE_LIST_FOREACH (node, &r->instances) {
        if (is_same_name(ESE_LIST_ENTRY(node, ese_api_instance, link)->name, name))
            return JET_errInstanceNameInUse;
    }
    return JET_errSuccess;
}

static void
destroy(ese_api_instance *instance)
{
    if (instance == NULL)
        return;
    ese_api__backup_destroy(&instance->backup);
    ese_os_gate_destroy(&instance->gate);
    ese_api__params_destroy(&instance->params);
    ese_free(&instance->name);
    ese_free(&instance);
}

JET_ERR
ese_api__registry_add(ese_api__registry *r, const char *name, ese_api_instance **instance_out)
{
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ESE_TRY(check_room(r, name));
    ESE_TRY(ese_alloc(sizeof *instance, &instance));
    ese_os_gate_init(&instance->gate);
    ese_list_init(&instance->table_storage);
    ese_list_init(&instance->callbacks);
    ese_api__params_init(&instance->params);
    ESE_TRY(ese_api__params_copy(&instance->params, &r->defaults));
    if (name != NULL)
        ESE_TRY(ese_alloc_copy(name, strlen(name) + 1, &instance->name));
    ESE_TRY(ese_api__handle_create(ESE_API__INSTANCE, instance, 0, &instance->handle));
    ese_list_append(&r->instances, &instance->link);
    r->n_instances++;
    *instance_out = instance;
    instance = NULL;
out:
    destroy(instance);
    return err;
}

void
ese_api__registry_remove(ese_api__registry *r, ese_api_instance *instance)
{
    ese_api__handle_retire(instance->handle);
    ese_list_remove(&instance->link);
    r->n_instances--;
    if (r->n_instances == 0) { /* the next first call decides anew */
        r->mode = ESE_API__MODE_OPEN;
        r->has_multi_parameters = false;
    }
    destroy(instance);
}

/* ---- What others ask of an instance ------------------------------------------------------------------- */

ese_txn_store *
ese_api_instance_store(ese_api_instance *instance)
{
    return instance->store;
}

void
ese_api_instance_fail(ese_api_instance *instance)
{
    uint32_t state = ESE_API__RUNNING;

    atomic_store(&instance->is_revoked, true);
    /* Without the lock only these two ways are possible; whoever changes the state meanwhile looks at is_revoked. */
    if (!atomic_compare_exchange_strong(&instance->state, &state, ESE_API__UNAVAILABLE)) {
        state = ESE_API__STOPPED;
        (void)atomic_compare_exchange_strong(&instance->state, &state, ESE_API__UNAVAILABLE);
    }
}

bool
ese_api_instance_has_failed(const ese_api_instance *instance)
{
    return atomic_load(&instance->is_revoked);
}

ese_cache *
ese_api_instance_cache(ese_api_instance *instance)
{
    return instance->cache;
}

ese_api_databases *
ese_api_instance_databases(ese_api_instance *instance)
{
    return instance->databases;
}

uint64_t
ese_api_instance_param(const ese_api_instance *instance, uint32_t paramid)
{
    const ese_api__param *row = ese_api__param_find(paramid);
    /* ese_set_page_size may have changed the copy of the instance, and nothing changes that of the process meanwhile */
    bool is_global =
        row != NULL && row->scope == ESE_API__PROCESS && paramid != JET_paramDatabasePageSize;

    if (row == NULL)
        return 0;
    return ese_api__params_integer(is_global ? &registry.defaults : &instance->params, paramid);
}
