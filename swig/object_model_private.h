/*
 * What the files of the object model share: how a call takes its session, and how an object enters the tree.
 */
#pragma once

#include "object_model.h"

/* A call in flight: keeps its objects in memory and, below an instance, the session for this thread. */
typedef struct ese_model_call {
    ese_model_object *object;
    ese_model_session *session; /* NULL when the object is an instance */
} ese_model_call;

/*
 * The door of every function: the "closed" error of the kind, JET_errSessionSharingViolation, JET_errInvalidParameter for NULL.
 * Closes orphans on the way.
 */
JET_ERR ese_model__enter(ese_model_object *object, ese_model_call *call_out);
void ese_model__leave(ese_model_call *call);

/* Remembers a sentence for ese_model_error_text and returns `err`. */
JET_ERR ese_model__fail(JET_ERR err, const char *text);

/* A backup begins (1) or ends (-1). */
void ese_model__count_backup(ese_model_instance *instance, int change);
void ese_model__forget_failure(void);

/*
 * An object of `size` bytes with one reference, in no tree until adopted; JET_errOutOfMemory. The engine is asked between the
 * two, so that nothing of it is lost when memory is short.
 */
JET_ERR ese_model__allocate(ese_model_kind kind, size_t size, ese_model_object *parent,
                            ese_model_object **object_out);
void ese_model__discard(ese_model_object *object);

/* Makes it a child; when the parent was closed meanwhile it is closed as well: the "closed" error of the parent. */
JET_ERR ese_model__adopt(ese_model_object *parent, ese_model_object *child);

/* Maybe closed already, but in memory as long as any object of it. */
ese_model_object *ese_model__instance_of(const ese_model_object *object);

/* One more reference, for ese_model_release. */
void ese_model__hold(ese_model_object *object);

/* Takes the object, and all below it, out of the tree; frees what nobody refers to. */
void ese_model__mark_closed(ese_model_object *object);

/* JetMakeKey for each value; the session belongs to the caller. object_model_cursor.c */
JET_ERR ese_model__make_key(ese_model_cursor *cursor, const ese_model_key *key);

/* ---- what the engine must be told: object_model_close.c; the session belongs to the caller --------------- */

JET_ERR ese_model__close_session(ese_model_session *session);
JET_ERR ese_model__empty_session(ese_model_session *session); /* all but the session itself */
JET_ERR ese_model__close_database(ese_model_session *session, ese_model_database *database);
JET_ERR ese_model__close_cursor(ese_model_session *session, ese_model_cursor *cursor);

/* Rolls back down to `level` and closes the transactions above it. */
JET_ERR ese_model__rollback_to(ese_model_session *session, uint32_t level);

typedef enum ese_model_burden {
    ESE_MODEL__ANY,
    ESE_MODEL__WITH_CHILDREN, /* of its own */
} ese_model_burden;

/*
 * First child of a kind, or NULL. With a reference for ese_model_release, because the end of the instance may take the child
 * away even from the thread that has its session.
 */
ese_model_object *ese_model__child(ese_model_object *parent, ese_model_kind kind,
                                   ese_model_burden burden);

/* ---- a call that changes something: object_model_session.c ------------------------------------------------- */

typedef enum ese_model_scope_kind {
    ESE_MODEL__SCOPE_NONE,
    ESE_MODEL__SCOPE_OUTERMOST, /* a transaction, unless the session is in one */
    ESE_MODEL__SCOPE_LEVEL,     /* always a level of its own, while there is one left */
} ese_model_scope_kind;

/* A transaction for the time of a call, which no language sees. */
typedef struct ese_model_scope {
    bool is_begun;
} ese_model_scope;

JET_ERR ese_model__begin_scope(const ese_model_call *call, ese_model_scope_kind kind,
                               ese_model_scope *scope_out);

/* Commits, or rolls back after an error; gives the first error. */
JET_ERR ese_model__end_scope(const ese_model_call *call, const ese_model_scope *scope, JET_ERR err);
