/*
 * What a client attaches to cursors and tables: registered callbacks and local storage.
 *
 * INV-1  What hangs on a cursor ends with its handle; what hangs on a table ends with its instance. Callbacks hang on tables, but those of a temporary
 *        table on its cursor.
 * INV-2  No lock is held and no session taken while a callback runs: it may make any call.
 */
#include "api/api_cursor.h"
#include "api/api_private.h"

#include "base/alloc.h"

typedef struct callback {
    ese_list link;
    JET_HANDLE id;       /* ascending */
    uint64_t key;        /* ese_api_cursor_table_key */
    JET_TABLEID tableid; /* it was registered with */
    JET_CBTYP kinds;
    JET_CALLBACK function;
    void *context;
} callback;

/* Local storage of a cursor or of a table. */
typedef struct storage {
    ese_list link;
    uint64_t key; /* the JET_TABLEID, or ese_api_cursor_table_key */
    JET_LS value;
} storage;

/* ---- Registered callbacks ----------------------------------------------------------------------------- */

static JET_ERR
register_callback(ese_api_session *session, const callback *wish, JET_HANDLE *id_out)
{
    ese_api_instance *instance = session->instance;
    callback *entry = NULL;
    JET_ERR err;

    if (wish->kinds == JET_cbtypNull || wish->function == NULL || id_out == NULL)
        return JET_errInvalidParameter;
    if (ese_api_cursor_find(session, wish->tableid) == NULL)
        return ese_api_cursor_error(session, wish->tableid);
    err = ese_alloc_copy(wish, sizeof *wish, &entry);
    if (err < JET_errSuccess)
        return err;
    entry->key = ese_api_cursor_table_key(ese_api_cursor_find(session, wish->tableid));
    ese_api__registry_lock();
    *id_out = entry->id = ++instance->last_callback;
    ese_list_append(&instance->callbacks, &entry->link);
    ese_api__registry_unlock();
    atomic_fetch_add_explicit(&instance->n_callbacks, 1, memory_order_relaxed);
    return JET_errSuccess;
}

JET_ERR JET_API
JetRegisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp, JET_CALLBACK pCallback,
                    void *pvContext, JET_HANDLE *phCallbackId)
{
    callback wish = {
        .tableid = tableid, .kinds = cbtyp, .function = pCallback, .context = pvContext};
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, register_callback(session, &wish, phCallbackId));
}

/* Holds: registry. */
static void
forget_callback(ese_api_instance *instance, callback *entry)
{
    ese_list_remove(&entry->link);
    ese_free(&entry);
    atomic_fetch_sub_explicit(&instance->n_callbacks, 1, memory_order_relaxed);
}

static JET_ERR
unregister_callback(ese_api_session *session, const callback *wish)
{
    ese_api_instance *instance = session->instance;
    JET_ERR err = JET_wrnCallbackNotRegistered;
    uint64_t key;

    if (ese_api_cursor_find(session, wish->tableid) == NULL)
        return ese_api_cursor_error(session, wish->tableid);
    key = ese_api_cursor_table_key(ese_api_cursor_find(session, wish->tableid));
    ese_api__registry_lock();
    ESE_LIST_FOREACH_SAFE (node, after, &instance->callbacks) {
        callback *entry = ESE_LIST_ENTRY(node, callback, link);

        if (entry->id == wish->id && entry->key == key && entry->kinds == wish->kinds) {
            forget_callback(instance, entry);
            err = JET_errSuccess;
        }
    }
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetUnregisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp, JET_HANDLE hCallbackId)
{
    callback wish = {.id = hCallbackId, .tableid = tableid, .kinds = cbtyp};
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, unregister_callback(session, &wish));
}

/* The newest callback of that kind that is older than `before`. */
static bool
find_callback(ese_api_instance *instance, uint64_t key, JET_CBTYP kind, JET_HANDLE before,
              callback *found_out)
{
    bool found = false;

    ese_api__registry_lock();
    ESE_LIST_FOREACH (node, &instance->callbacks) {
        const callback *entry = ESE_LIST_ENTRY(node, callback, link);

        if (entry->key == key && (entry->kinds & kind) != 0 && entry->id < before) {
            *found_out = *entry;
            found = true;
        }
    }
    ese_api__registry_unlock();
    return found;
}

JET_ERR
ese_api_fire(ese_api_session **session_inout, ese_table_cursor **cursor_inout, JET_CBTYP kind)
{
    ese_api_instance *instance = (*session_inout)->instance;
    JET_SESID sesid = (*session_inout)->handle;
    callback entry = {.id = UINT64_MAX};
    JET_ERR err = JET_errSuccess, refusal = JET_errSuccess;
    JET_TABLEID tableid;
    uint64_t key;

    if (atomic_load_explicit(&instance->n_callbacks, memory_order_relaxed) == 0 ||
        ese_api_instance_param(instance, JET_paramDisableCallbacks) != 0)
        return err;
    tableid = ese_table_owner_of(*cursor_inout)->handle;
    key = ese_api_cursor_table_key(*cursor_inout);
    while (refusal >= JET_errSuccess && find_callback(instance, key, kind, entry.id, &entry)) {
        ese_api__handle_give_back(sesid);
        refusal = entry.function(sesid, (JET_DBID)(key >> 32), tableid, kind, NULL, NULL,
                                 entry.context, 0);
        *session_inout = NULL;
        ESE_TRY(ese_api__handle_take(sesid, session_inout));
        ESE_TRY(ese_api_sync_cursor(*session_inout, tableid, cursor_inout));
    }
    err = refusal < JET_errSuccess ? refusal : JET_errSuccess;
out:
    return err;
}

/* ---- Local storage ------------------------------------------------------------------------------------ */

/* The function that is told when local storage goes; NULL when there is none. */
static JET_CALLBACK
runtime_callback(const ese_api_instance *instance)
{
    return (JET_CALLBACK)(uintptr_t)ese_api_instance_param(instance, JET_paramRuntimeCallback);
}

static void
call_back(const ese_api_instance *instance, JET_SESID sesid, JET_CBTYP kind, const storage *entry)
{
    JET_CALLBACK function = runtime_callback(instance);
    JET_TABLEID tableid = kind == JET_cbtypFreeCursorLS ? entry->key : JET_tableidNil;
    JET_LS value = entry->value;

    if (function != NULL && ese_api_instance_param(instance, JET_paramDisableCallbacks) == 0)
        function(sesid, JET_dbidNil, tableid, kind, &value, NULL, NULL, 0);
}

static storage *
find_storage(const ese_list *list, uint64_t key)
{
    ESE_LIST_FOREACH (node, list) {
        storage *entry = ESE_LIST_ENTRY(node, storage, link);

        if (entry->key == key)
            return entry;
    }
    return NULL;
}

/* One storage of a cursor or table, and how to reach it. */
typedef struct place {
    ese_list *list;
    uint64_t key;
} place;

static JET_ERR
check_place(ese_api_session *session, JET_TABLEID tableid, JET_GRBIT grbit)
{
    const JET_GRBIT both = JET_bitLSCursor | JET_bitLSTable;

    if ((grbit & ~(JET_bitLSReset | both)) != 0 || (grbit & both) == both)
        return JET_errInvalidGrbit;
    if (ese_api_cursor_find(session, tableid) == NULL)
        return ese_api_cursor_error(session, tableid);
    return JET_errSuccess;
}

/* After check_place. The cursor is meant when nothing is said. */
static place
place_of(ese_api_session *session, JET_TABLEID tableid, JET_GRBIT grbit)
{
    if ((grbit & JET_bitLSTable) == 0)
        return (place){&session->storage, tableid};
    return (place){&session->instance->table_storage,
                   ese_api_cursor_table_key(ese_api_cursor_find(session, tableid))};
}

static JET_ERR
set_storage(ese_api_session *session, const place *where, JET_LS value)
{
    storage *entry = NULL;
    JET_ERR err = JET_errLSCallbackNotSpecified;

    if (runtime_callback(session->instance) == NULL)
        return err;
    ese_api__registry_lock();
    err = JET_errLSAlreadySet;
    if (find_storage(where->list, where->key) == NULL)
        err = ese_alloc(sizeof *entry, &entry);
    if (err >= JET_errSuccess) {
        entry->key = where->key;
        entry->value = value;
        ese_list_append(where->list, &entry->link);
    }
    ese_api__registry_unlock();
    return err;
}

static JET_ERR
get_storage(const place *where, bool is_reset, JET_LS *value_out)
{
    storage *entry;
    JET_ERR err = JET_errLSNotSet;

    if (value_out == NULL)
        return JET_errInvalidParameter;
    *value_out = JET_LSNil;
    ese_api__registry_lock();
    entry = find_storage(where->list, where->key);
    if (entry != NULL) {
        *value_out = entry->value;
        err = JET_errSuccess;
    }
    if (entry != NULL && is_reset) {
        ese_list_remove(&entry->link);
        ese_free(&entry);
    }
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetSetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS ls, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
    place where;

    if (err < JET_errSuccess)
        return err;
    err = check_place(session, tableid, grbit);
    if (err >= JET_errSuccess) {
        where = place_of(session, tableid, grbit);
        err = set_storage(session, &where, ls);
    }
    return ese_api_leave(session, err);
}

JET_ERR JET_API
JetGetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS *pls, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
    place where;

    if (err < JET_errSuccess)
        return err;
    err = check_place(session, tableid, grbit);
    if (err >= JET_errSuccess) {
        where = place_of(session, tableid, grbit);
        err = get_storage(&where, (grbit & JET_bitLSReset) != 0, pls);
    }
    return ese_api_leave(session, err);
}

/* ---- Ends --------------------------------------------------------------------------------------------- */

/* Of a temporary table: no other one has its number. */
static void
drop_temporary_callbacks(ese_api_instance *instance, JET_TABLEID tableid)
{
    if (atomic_load_explicit(&instance->n_callbacks, memory_order_relaxed) == 0)
        return;
    ese_api__registry_lock();
    ESE_LIST_FOREACH_SAFE (node, after, &instance->callbacks) {
        callback *registered = ESE_LIST_ENTRY(node, callback, link);

        if (registered->tableid == tableid && registered->key >> 32 == 0)
            forget_callback(instance, registered);
    }
    ese_api__registry_unlock();
}

void
ese_api__callbacks_drop(ese_api_session *session, JET_TABLEID tableid)
{
    storage *entry = find_storage(&session->storage, tableid);

    drop_temporary_callbacks(session->instance, tableid);
    if (entry == NULL)
        return;
    ese_list_remove(&entry->link);
    call_back(session->instance, session->handle, JET_cbtypFreeCursorLS, entry);
    ese_free(&entry);
}

void
ese_api__table_storage_destroy(ese_api_instance *instance)
{
    ESE_LIST_FOREACH_SAFE (node, after, &instance->callbacks)
        forget_callback(instance, ESE_LIST_ENTRY(node, callback, link));
    ESE_LIST_FOREACH_SAFE (node, after, &instance->table_storage) {
        storage *entry = ESE_LIST_ENTRY(node, storage, link);

        ese_list_remove(node);
        call_back(instance, JET_sesidNil, JET_cbtypFreeTableLS, entry);
        ese_free(&entry);
    }
}
