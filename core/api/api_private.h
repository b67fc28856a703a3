/*
 * What the files of this folder share: the handle table, the registry of instances, instances, sessions
 * and their parameters.
 *
 * States of an instance, changed under the lock of the registry only:
 *
 *   CREATED --JetInit--> STARTING --> RUNNING --JetStopServiceInstance--> STOPPED
 *   RUNNING, STOPPED --fatal error--> UNAVAILABLE
 *   RUNNING, STOPPED, UNAVAILABLE --JetTerm--> TERMINATING --> gone (or back, when a transaction is open)
 *   CREATED --JetTerm--> gone;  STARTING --failure--> gone;  CREATED --JetRestore--> RESTORING --> CREATED
 */
#pragma once

#include "api/api.h"
#include "btree/btree_temp.h"
#include "os/os_gate.h"
#include "os/os_thread.h"
#include "table/table_temp.h"

#include <stdatomic.h>

/* ---- Handles: api_handle.c ---------------------------------------------------------------------------- */

typedef enum ese_api__object_kind {
    ESE_API__INSTANCE = 1,
    ESE_API__SESSION,
    ESE_API__CURSOR,
} ese_api__object_kind;

/*
 * A handle for `object`, which belongs to the object of handle `owner`. JET_errOutOfMemory when every slot is in use. A session is
 * born taken: nobody can use it before ese_api__handle_give_back.
 */
JET_ERR ese_api__handle_create(ese_api__object_kind kind, void *object, uint64_t owner,
                               uint64_t *handle_out);

/* Ends the life of a live handle; the value is never used again. */
void ese_api__handle_retire(uint64_t handle);

/* Object of a live handle of the kind, or NULL. The caller knows what keeps the object alive. */
void *ese_api__handle_find(ese_api__object_kind kind, uint64_t handle, uint64_t *owner_out);

/* True when `handle` was given out once and has ended since. */
bool ese_api__handle_is_past(uint64_t handle);

/* Takes a session for this thread: JET_errSessionSharingViolation, JET_errTermInProgress, JET_errInvalidSesid. */
JET_ERR ese_api__handle_take(JET_SESID sesid, ese_api_session **session_out);
void ese_api__handle_give_back(JET_SESID sesid);

/* For JetTerm: takes every session of the instance for good. False when another thread is inside one of them. */
bool ese_api__handle_claim_all(JET_INSTANCE instance);
void ese_api__handle_unclaim_all(JET_INSTANCE instance);

/* Calls `visit` with every claimed session of the instance; it may retire the session. True when `visit` was true for any. */
bool ese_api__handle_any_claimed(JET_INSTANCE instance, bool (*visit)(ese_api_session *session));

/* ---- System parameters: api_param.c ------------------------------------------------------------------- */

typedef enum ese_api__param_type {
    ESE_API__PARAM_NONE, /* no such parameter */
    ESE_API__PARAM_INTEGER,
    ESE_API__PARAM_INTEGER_NOT_ONE,
    ESE_API__PARAM_TUPLE_LIMIT, /* an integer with an error of its own */
    ESE_API__PARAM_POWER,       /* a power of two */
    ESE_API__PARAM_BOOLEAN,
    ESE_API__PARAM_FLAGS, /* any bits of the maximum */
    ESE_API__PARAM_POINTER,
    ESE_API__PARAM_UNICODE,    /* JET_UNICODEINDEX, kept as lcid | flags << 32 */
    ESE_API__PARAM_TEXT,       /* up to the maximum of UTF-16 units */
    ESE_API__PARAM_TEXT_EXACT, /* exactly that many */
    ESE_API__PARAM_FOLDER,     /* as TEXT, read back with a separator at the end */
    ESE_API__PARAM_CACHE_SIZE, /* an integer, read back as the size the cache has */
    ESE_API__PARAM_COMPUTED,   /* cannot be set, follows from other values */
    ESE_API__PARAM_ERROR_TEXT, /* an error code in, its name and text out */
} ese_api__param_type;

typedef enum ese_api__param_scope {
    ESE_API__PROCESS,
    ESE_API__PER_INSTANCE,
    ESE_API__PER_SESSION, /* of the instance, and a session can have its own value */
} ese_api__param_scope;

/* Until when a parameter can be changed. */
typedef enum ese_api__param_when {
    ESE_API__NEVER,
    ESE_API__BEFORE_CREATE, /* of any instance */
    ESE_API__BEFORE_INIT,   /* of this instance; for a parameter of the process: of any */
    ESE_API__ALWAYS,
} ese_api__param_when;

/* One row of api_param.def. */
typedef struct ese_api__param {
    const char *name;
    ese_api__param_type type;
    uint64_t initial;
    const char *initial_text;
    uint64_t min, max;
    ese_api__param_scope scope;
    ese_api__param_when when;
} ese_api__param;

typedef struct ese_api__param_value {
    _Atomic uint64_t integer; /* [atomic: relaxed, a value of its own] */
    char *text;               /* [lock: registry] NULL: the initial one */
} ese_api__param_value;

typedef struct ese_api__params {
    ese_api__param_value values[JET_paramMaxValueInvalid];
} ese_api__params;

/* The row of a parameter, or NULL for an unknown number. */
const ese_api__param *ese_api__param_find(uint32_t paramid);

void ese_api__params_init(ese_api__params *params);
JET_ERR ese_api__params_copy(ese_api__params *to,
                             const ese_api__params *from); /* `to` is initialised */
void ese_api__params_destroy(ese_api__params *params);

const char *ese_api__params_text(const ese_api__params *params, uint32_t paramid);
uint64_t ese_api__params_integer(const ese_api__params *params, uint32_t paramid);

/* The value of an integer parameter that a caller's `integer` stands for, when it is in range. */
JET_ERR ese_api__param_check(const ese_api__param *row, uint64_t integer, uint64_t *value_out);

/* What a caller wants a parameter to be. */
typedef struct ese_api__param_wish {
    uint32_t paramid;
    uint64_t integer;
    const char *text;
} ese_api__param_wish;

/*
 * Sets a parameter after checking its range. When `is_frozen`, only the value in force is accepted, everything else is
 * JET_errAlreadyInitialized.
 */
JET_ERR ese_api__params_set(ese_api__params *params, const ese_api__param_wish *wish,
                            bool is_frozen);

/* ---- Instances: api_registry.c, api_instance.c --------------------------------------------------------- */

typedef enum ese_api__state {
    ESE_API__CREATED,
    ESE_API__STARTING,
    ESE_API__RESTORING,
    ESE_API__RUNNING,
    ESE_API__STOPPED,
    ESE_API__UNAVAILABLE,
    ESE_API__TERMINATING,
} ese_api__state;

struct ese_api_instance {
    ese_list link;       /* [lock: registry] */
    JET_INSTANCE handle; /* [const] */
    char *name;          /* [const] NULL: without a name */
    _Atomic uint32_t
        state; /* [lock: registry for writing; atomic: seq_cst, see ese_api__handle_claim_all] */
    _Atomic bool is_revoked;     /* [atomic: a fatal error happened] */
    uint32_t n_calls;            /* [lock: registry] between enter_instance and leave_instance */
    _Atomic uint32_t n_sessions; /* [atomic: relaxed, a count] */
    _Atomic uint32_t n_cursors;  /* [atomic: relaxed, a count] */
    ese_api__params params;
    ese_list table_storage; /* [lock: registry] local storage of tables, api_callback.c */
    ese_list callbacks;     /* [lock: registry] of tables, api_callback.c */
    ese_os_gate gate; /* before the files of the log and the pages of databases: api_snapshot.c */
    ese_api_backup *backup; /* [lock: registry to set] NULL before the first one; api_backup.h */
    uint64_t last_callback; /* [lock: registry] */
    _Atomic uint32_t
        n_callbacks; /* [atomic: relaxed, a count; who registers one tells the others himself] */
    JET_SIGNATURE log_signature;    /* [const] since JetInit */
    ese_api_log *log;               /* [const] since JetInit; NULL: JET_paramRecovery is "off" */
    ese_cache *cache;               /* [const] since JetInit */
    ese_txn_store *store;           /* [const] since JetInit */
    ese_api_databases *databases;   /* [const] since JetInit */
    ese_table_temp_place temporary; /* what temporary tables have in common, since JetInit */
};

typedef enum ese_api__mode {
    ESE_API__MODE_OPEN, /* no instance yet: the first call decides */
    ESE_API__MODE_ONE,  /* JetInit without JetCreateInstance */
    ESE_API__MODE_MANY,
} ese_api__mode;

/* The process-wide state: the only mutable statics beside the handle table. */
typedef struct ese_api__registry {
    ese_os_mutex mutex;
    ese_os_cond changed;        /* a call ended while JetTerm waits */
    ese_list instances;         /* [lock: registry] */
    uint32_t n_instances;       /* [lock: registry] */
    ese_api__mode mode;         /* [lock: registry] */
    bool has_multi_parameters;  /* [lock: registry] JetEnableMultiInstance has set some */
    bool is_loaded;             /* [lock: registry] `defaults` hold values */
    ese_api__params defaults;   /* what instances copy, and the parameters of the process */
    _Atomic uint32_t n_started; /* [atomic: relaxed] instances past JetInit */
    _Atomic uint32_t
        n_waiting; /* [atomic: seq_cst, pairs with the release of a session] threads inside JetTerm */
} ese_api__registry;

/* The registry, locked. */
ese_api__registry *ese_api__registry_lock(void);
void ese_api__registry_unlock(void);

/* The same without waiting: NULL when somebody has it. The defaults may not be loaded yet. */
ese_api__registry *ese_api__registry_try_lock(void);

bool ese_api__any_started(void); /* takes no lock */

/* Wakes JetTerm, if it waits, after a session or an instance was given back. */
void ese_api__notify_term(void);

/*
 * The instance a handle names; 0 and nil name the only one in one-instance mode. Holds: registry. JET_errInvalidParameter for
 * 0 and nil, JET_errInvalidInstance.
 */
JET_ERR ese_api__registry_find(ese_api__registry *registry, JET_INSTANCE handle,
                               ese_api_instance **instance_out);

/* Creates an instance, listed and not started. Holds: registry. JET_errInstanceNameInUse, JET_errTooManyInstances. */
JET_ERR ese_api__registry_add(ese_api__registry *registry, const char *name,
                              ese_api_instance **instance_out);

/* Takes an instance nobody uses any more off the list and destroys it. Holds: registry. */
void ese_api__registry_remove(ese_api__registry *registry, ese_api_instance *instance);

/* Does the state of the instance admit a call? */
JET_ERR ese_api__instance_admit(ese_api_instance *instance, ese_api_kind kind);

/* After a fatal error: every later call gives JET_errInstanceUnavailable. */
void ese_api__instance_revoke(ese_api_instance *instance);

/* Bytes of the page cache that the parameters ask for. */
size_t ese_api__cache_limit(const ese_api_instance *instance);

/* The same of the version store. */
size_t ese_api__versions_limit(const ese_api_instance *instance);

/* ---- Backups ---------------------------------------------------------------------------------------------- */

/* NULL is fine; clears the pointer. */
void ese_api__backup_destroy(ese_api_backup **backup_inout);

/* The answer of JetGetInstanceInfo, of those instances that are wanted; NULL: of all. Freed with JetFreeBuffer. */
JET_ERR ese_api__instance_infos(bool is_wide, bool (*wanted)(void *self, JET_INSTANCE handle),
                                void *self, uint32_t *n_out, void **infos_out);

/* ---- Sessions: api_session.c --------------------------------------------------------------------------- */

struct ese_api_session {
    ese_txn_session txn;
    ese_api_instance *instance; /* [const] */
    JET_SESID handle;           /* [const] */
    uint32_t opens[ESE_API_DATABASES_MAX];
    uint64_t wait_log_flush;
    JET_API_PTR context;     /* 0: none set */
    uint64_t context_thread; /* the thread that set it */
    uint64_t
        trx_owner; /* who began the transaction: a thread, or a context when is_trx_in_context */
    bool is_trx_in_context;
    uint32_t correlation_id;
    JET_OPERATIONCONTEXT operation;
    ese_list storage; /* local storage of cursors, api_callback.c */
};

/* Ends a session that this thread has taken: cursors, transaction, databases, handle, memory. */
void ese_api__session_close(ese_api_session *session);

/* JET_errSessionSharingViolation when the open transaction belongs to another thread or context. */
JET_ERR ese_api__session_check_owner(const ese_api_session *session);

/* Remembers who begins the outermost transaction. */
void ese_api__session_set_owner(ese_api_session *session);

/* ---- Callbacks and local storage: api_callback.c --------------------------------------------------------- */

/* Drops what is attached to a cursor, but not what is attached to its table, calling back for its local storage. */
void ese_api__callbacks_drop(ese_api_session *session, JET_TABLEID tableid);

/* Drops the callbacks and the local storage of the tables of an instance that ends. */
void ese_api__table_storage_destroy(ese_api_instance *instance);

/* ---- Text: api_text.c ------------------------------------------------------------------------------------ */

/* UTF-16 units of UTF-8 text. JET_errUnicodeTranslationFail. */
JET_ERR ese_api__wide_length(const char *utf8, size_t *n_units_out);
