/*
 * What a client attaches to cursors and tables: registered callbacks and local storage.
 *
 * INV-1  What hangs on a cursor ends with its handle; what hangs on a table ends with its instance.
 */
#include "api/api_private.h"

#include "base/alloc.h"

typedef struct callback {
    ese_list link;
    JET_HANDLE id;
    JET_TABLEID tableid;
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
    callback *entry = NULL;
    JET_ERR err;

    if (wish->kinds == JET_cbtypNull || wish->function == NULL || id_out == NULL)
        return JET_errInvalidParameter;
    if (ese_api_cursor_find(session, wish->tableid) == NULL)
        return ese_api_cursor_error(session, wish->tableid);
    err = ese_alloc_copy(wish, sizeof *wish, &entry);
    if (err < JET_errSuccess)
        return err;
    entry->id = ++session->last_callback;
    ese_list_append(&session->callbacks, &entry->link);
    *id_out = entry->id;
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

static JET_ERR
unregister_callback(ese_api_session *session, const callback *wish)
{
    if (ese_api_cursor_find(session, wish->tableid) == NULL)
        return ese_api_cursor_error(session, wish->tableid);
    ESE_LIST_FOREACH (node, &session->callbacks) {
        callback *entry = ESE_LIST_ENTRY(node, callback, link);

        if (entry->id == wish->id && entry->tableid == wish->tableid &&
            entry->kinds == wish->kinds) {
            ese_list_remove(node);
            ese_free(&entry);
            return JET_errSuccess;
        }
    }
    return JET_wrnCallbackNotRegistered;
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

void
ese_api__callbacks_drop(ese_api_session *session, JET_TABLEID tableid)
{
    storage *entry = find_storage(&session->storage, tableid);

    ESE_LIST_FOREACH_SAFE (node, after, &session->callbacks) {
        callback *registered = ESE_LIST_ENTRY(node, callback, link);

        if (registered->tableid == tableid) {
            ese_list_remove(node);
            ese_free(&registered);
        }
    }
    if (entry == NULL)
        return;
    ese_list_remove(&entry->link);
    call_back(session->instance, session->handle, JET_cbtypFreeCursorLS, entry);
    ese_free(&entry);
}

void
ese_api__table_storage_destroy(ese_api_instance *instance)
{
    ESE_LIST_FOREACH_SAFE (node, after, &instance->table_storage) {
        storage *entry = ESE_LIST_ENTRY(node, storage, link);

        ese_list_remove(node);
        call_back(instance, JET_sesidNil, JET_cbtypFreeTableLS, entry);
        ese_free(&entry);
    }
}
