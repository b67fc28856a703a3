/*
 * The door: what every Jet* function does before and after its work. Only this folder knows handles, instances,
 * A and W text, and warnings.
 *
 * A call looks like this:
 *
 *     ese_api_session *session;
 *     JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
 *     if (err >= JET_errSuccess)
 *         err = ese_api_leave(session, the work);
 *     return err;
 *
 * INV-1  Between enter and leave the session belongs to this thread: nobody ends it, nobody else uses it.
 * INV-2  JetTerm waits for calls in flight; calls that come later get JET_errTermInProgress.
 */
#pragma once

#include "base/list.h"
#include "cache/cache.h"
#include "ese.h"
#include "esent.h"
#include "txn/txn.h"

typedef struct ese_api_instance ese_api_instance;
typedef struct ese_api_database ese_api_database;
typedef struct ese_api_session ese_api_session;
typedef struct ese_api_backup ese_api_backup;
typedef struct ese_api_log ese_api_log;

enum {
    ESE_API_DATABASES_MAX = 7
}; /* attached at the same time in one instance, the temporary one included */

/* Which calls still work after JetStopServiceInstance. */
typedef enum ese_api_kind {
    ESE_API_ORDINARY, /* refused with JET_errClientRequestToStopJetService */
    ESE_API_CLOSING,  /* rollback, close, end: always allowed */
} ese_api_kind;

/*
 * Handle to session: validates it, takes it for this thread, checks the state of its instance. Errors: JET_errInvalidSesid, JET_errNotInitialized,
 * JET_errSessionSharingViolation, JET_errClientRequestToStopJetService, JET_errInstanceUnavailable, JET_errTermInProgress, ...
 */
JET_ERR ese_api_enter(JET_SESID sesid, ese_api_kind kind, ese_api_session **session_out);

/* Gives the session back; returns `err` (a warning, too), after having revoked the instance when `err` is fatal. */
JET_ERR ese_api_leave(ese_api_session *session, JET_ERR err);

ese_txn_session *ese_api_session_txn(ese_api_session *session);
ese_api_instance *ese_api_session_instance(ese_api_session *session);

/* How often this session has each of the ESE_API_DATABASES_MAX databases open: zero at first, kept by api_database.c. */
uint32_t *ese_api_session_opens(ese_api_session *session);

ese_cache *ese_api_instance_cache(ese_api_instance *instance);
ese_txn_store *ese_api_instance_store(ese_api_instance *instance);

/* A page of a database could not be written: from now on the instance is of no use. Called by any thread with any locks held; takes none. */
void ese_api_instance_fail(ese_api_instance *instance);
bool ese_api_instance_has_failed(const ese_api_instance *instance);

/*
 * The same door for a call with an instance handle (0 and nil mean the only instance in one-instance mode). JetTerm waits until
 * the matching leave. Errors: JET_errInvalidParameter for 0 and nil, JET_errInvalidInstance, JET_errNotInitialized before
 * JetInit, and those of the state of the instance as in ese_api_enter.
 */
JET_ERR ese_api_enter_instance(JET_INSTANCE handle, ese_api_kind kind,
                               ese_api_instance **instance_out);
JET_ERR ese_api_leave_instance(ese_api_instance *instance, JET_ERR err);

/* Integer value of a system parameter in force for the instance. */
uint64_t ese_api_instance_param(const ese_api_instance *instance, uint32_t paramid);

/* Databases of an instance: api_database.c. */
typedef struct ese_api_databases ese_api_databases;
ese_api_databases *ese_api_instance_databases(ese_api_instance *instance);
JET_ERR ese_api_databases_create(ese_api_databases **databases_out);
JET_ERR ese_api_databases_finish(
    ese_api_databases
        *databases); /* writes everything, marks the files clean; sessions have closed all */
bool ese_api_databases_are_dirty(const ese_api_databases *databases); /* a file says so */
void ese_api_databases_destroy(
    ese_api_databases **databases_inout); /* detaches everything; sessions have closed all */
void ese_api_databases_close_all_of(ese_api_session *session); /* when a session ends */

/* Paths of the attached databases in the order of their ids, the temporary one left out: UTF-8 copies, freed with ese_free. */
JET_ERR ese_api_databases_paths(ese_api_databases *databases,
                                char *paths_out[ESE_API_DATABASES_MAX], size_t *n_out);

/*
 * Cursors: handles of the session `session`, opaque objects of the table layer. JET_errOutOfCursors beyond JET_paramMaxCursors.
 * Retiring a handle calls back what JetSetLS asked for and drops registered callbacks.
 */
JET_ERR ese_api_cursor_handle_create(ese_api_session *session, void *cursor,
                                     JET_TABLEID *tableid_out);
void *ese_api_cursor_find(ese_api_session *session,
                          JET_TABLEID tableid); /* NULL: not a live cursor of this session */
void ese_api_cursor_handle_retire(ese_api_session *session, JET_TABLEID tableid);
JET_ERR ese_api_cursor_error(
    ese_api_session *session,
    JET_TABLEID
        tableid); /* why find gave NULL: JET_errInvalidTableId, JET_errSesidTableIdMismatch */
void ese_api_cursors_close_all_of(
    ese_api_session *session); /* api_table.c: when a session ends, or by rollback of everything */

/* api_table.c: the transaction of the session has just been rolled back to `level`; closes cursors opened above it, resets moved ones. */
void ese_api_cursors_roll_back(ese_api_session *session, uint8_t level);

/* api_table.c: a number that all cursors of one table of the instance have in common, and those of no other. */
uint64_t ese_api_cursor_table_key(void *cursor);

/* W text: UTF-8 copy of a UTF-16 string (NULL stays NULL); freed with ese_free. */
JET_ERR ese_api_utf8_from_wide(JET_PCWSTR wide, char **utf8_out);
