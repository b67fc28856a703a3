/*
 * The tree of objects: references, calls in flight, orphans, closing. Invariants are in object_model.h.
 *
 * One lock per instance guards links, states and counts of its tree; it is held for a few instructions and never while the
 * engine works. Whoever has taken a session (is_busy) may walk what is below it without the lock: nobody else
 * adds or closes anything there, and what others drop stays linked until it is closed.
 */
#include "object_model_private.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct ese_model_tree {
    pthread_mutex_t lock;
    ese_model_instance *root; /* [const] */
    uint32_t n_objects;       /* [lock] in memory */
    uint32_t n_references;    /* [lock] to all objects together */
    bool is_queued;           /* [lock] the instance stands in the list of orphans */
};

static pthread_mutex_t orphans_lock = PTHREAD_MUTEX_INITIALIZER;
static ese_model_instance *orphans; /* [lock: orphans] instances that nobody can reach any more */

enum { MAX_TEXT = 512 };

static _Thread_local struct {
    JET_ERR err;
    char text[MAX_TEXT];
} last_failure;

/* ---- Errors ------------------------------------------------------------------------------------------ */

JET_ERR
ese_model__fail(JET_ERR err, const char *text)
{
    last_failure.err = err;
    snprintf(last_failure.text, sizeof last_failure.text, "%s", text);
    return err;
}

void
ese_model__forget_failure(void)
{
    last_failure.err = JET_errSuccess;
}

const char *
ese_model_error_text(JET_ERR err)
{
    if (last_failure.err == err && err != JET_errSuccess)
        return last_failure.text;
    return ese_error_text(err);
}

static JET_ERR
fail_closed(ese_model_kind kind)
{
    switch (kind) {
    case ESE_MODEL_SESSION: return ese_model__fail(JET_errInvalidSesid, "the session is closed");
    case ESE_MODEL_DATABASE:
        return ese_model__fail(JET_errInvalidDatabaseId, "the database is closed");
    case ESE_MODEL_CURSOR: return ese_model__fail(JET_errInvalidTableId, "the cursor is closed");
    case ESE_MODEL_TRANSACTION:
        return ese_model__fail(JET_errNotInTransaction, "the transaction has ended");
    case ESE_MODEL_INSTANCE: break;
    }
    return ese_model__fail(JET_errNotInitialized, "the instance is closed");
}

static JET_ERR
fail_busy(void)
{
    return ese_model__fail(JET_errSessionSharingViolation, "another thread is using the session");
}

/* ---- Memory and links ------------------------------------------------------------------------------- */

static void
lock(ese_model_tree *tree)
{
    pthread_mutex_lock(&tree->lock);
}

/* The tree goes with its last object, and the instance with the tree. */
static void
unlock(ese_model_tree *tree)
{
    bool is_last = tree->n_objects == 0;

    pthread_mutex_unlock(&tree->lock);
    if (is_last) {
        pthread_mutex_destroy(&tree->lock);
        free(tree->root);
        free(tree);
    }
}

static ese_model_tree *
create_tree(ese_model_object *root)
{
    ese_model_tree *tree = calloc(1, sizeof *tree);

    if (tree == NULL)
        return NULL;
    if (pthread_mutex_init(&tree->lock, NULL) != 0) {
        free(tree);
        return NULL;
    }
    tree->root = (ese_model_instance *)root;
    return tree;
}

JET_ERR
ese_model__allocate(ese_model_kind kind, size_t size, ese_model_object *parent,
                    ese_model_object **object_out)
{
    ese_model_object *object = calloc(1, size);

    if (object != NULL)
        object->tree = parent != NULL ? parent->tree : create_tree(object);
    if (object == NULL || object->tree == NULL) {
        free(object);
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    }
    object->kind = kind;
    object->references = 1;
    lock(object->tree);
    object->tree->n_objects++;
    object->tree->n_references++;
    unlock(object->tree);
    *object_out = object;
    return JET_errSuccess;
}

static void
free_locked(ese_model_object *object)
{
    object->tree->n_objects--;
    if (object->kind == ESE_MODEL_DATABASE)
        free(((ese_model_database *)object)->path);
    if (object->kind != ESE_MODEL_INSTANCE)
        free(object);
}

static void
unlink_locked(ese_model_object *object)
{
    if (object->previous != NULL) {
        *object->previous = object->next;
        if (object->next != NULL)
            object->next->previous = object->previous;
    }
    object->previous = NULL;
    object->next = NULL;
    object->parent = NULL;
}

static void
mark_closed_locked(ese_model_object *object)
{
    while (object->children != NULL)
        mark_closed_locked(object->children);
    unlink_locked(object);
    object->state = ESE_MODEL_CLOSED;
    if (object->references == 0)
        free_locked(object);
}

void
ese_model__mark_closed(ese_model_object *object)
{
    ese_model_tree *tree = object->tree;

    lock(tree);
    mark_closed_locked(object);
    unlock(tree);
}

JET_ERR
ese_model__adopt(ese_model_object *parent, ese_model_object *child)
{
    JET_ERR err = JET_errSuccess;

    lock(parent->tree);
    if (parent->state == ESE_MODEL_CLOSED) {
        child->state = ESE_MODEL_CLOSED;
        err = fail_closed(parent->kind);
    } else {
        child->parent = parent;
        child->next = parent->children;
        child->previous = &parent->children;
        if (child->next != NULL)
            child->next->previous = &child->next;
        parent->children = child;
    }
    unlock(parent->tree);
    return err;
}

ese_model_object *
ese_model__instance_of(const ese_model_object *object)
{
    return &object->tree->root->object;
}

/* ---- References ----------------------------------------------------------------------------------------- */

static void
hold_locked(ese_model_object *object)
{
    object->references++;
    object->tree->n_references++;
}

void
ese_model__hold(ese_model_object *object)
{
    lock(object->tree);
    hold_locked(object);
    unlock(object->tree);
}

ese_model_object *
ese_model__child(ese_model_object *parent, ese_model_kind kind, ese_model_burden burden)
{
    ese_model_object *child;

    lock(parent->tree);
    child = parent->children;
    while (child != NULL &&
           (child->kind != kind || (burden == ESE_MODEL__WITH_CHILDREN && child->children == NULL)))
        child = child->next;
    if (child != NULL)
        hold_locked(child);
    unlock(parent->tree);
    return child;
}

/* The session, and the instance, look for it at their next call. */
static void
report_orphan_locked(ese_model_object *object)
{
    for (ese_model_object *above = object->parent; above != NULL; above = above->parent)
        above->has_orphans = true;
}

/* True when the instance has become an orphan: nobody can reach any object of its tree. */
static bool
drop_locked(ese_model_object *object)
{
    ese_model_tree *tree = object->tree;

    object->references--;
    tree->n_references--;
    if (object->references == 0) {
        if (object->state == ESE_MODEL_CLOSED)
            free_locked(object);
        else
            report_orphan_locked(object);
    }
    if (tree->n_references > 0 || tree->n_objects == 0 || tree->is_queued ||
        tree->root->object.state == ESE_MODEL_CLOSED)
        return false;
    tree->is_queued = true;
    return true;
}

static void
queue_orphan(ese_model_instance *instance)
{
    pthread_mutex_lock(&orphans_lock);
    instance->next_orphan = orphans;
    orphans = instance;
    pthread_mutex_unlock(&orphans_lock);
}

void
ese_model_release(ese_model_object *object)
{
    ese_model_tree *tree;
    ese_model_instance *orphan = NULL;

    if (object == NULL)
        return;
    tree = object->tree;
    lock(tree);
    if (drop_locked(object))
        orphan = tree->root;
    unlock(tree);
    if (orphan != NULL) /* stays in memory: it is open */
        queue_orphan(orphan);
}

void
ese_model__discard(ese_model_object *object)
{
    lock(object->tree);
    object->state = ESE_MODEL_CLOSED;
    unlock(object->tree);
    ese_model_release(object);
}

bool
ese_model_is_open(ese_model_object *object)
{
    bool is_open;

    if (object == NULL)
        return false;
    lock(object->tree);
    is_open = object->state != ESE_MODEL_CLOSED;
    unlock(object->tree);
    return is_open;
}

/* ---- Calls ---------------------------------------------------------------------------------------------- */

static ese_model_object *
session_of_locked(ese_model_object *object)
{
    while (object != NULL && object->kind != ESE_MODEL_SESSION)
        object = object->parent;
    return object;
}

static JET_ERR
take_locked(ese_model_object *object, ese_model_call *call_out)
{
    ese_model_object *session;

    if (object->state == ESE_MODEL_CLOSED)
        return fail_closed(object->kind);
    session = session_of_locked(object);
    if (session != NULL) {
        if (session->is_busy)
            return fail_busy();
        session->is_busy = true;
        hold_locked(session);
    }
    hold_locked(object);
    call_out->object = object;
    call_out->session = (ese_model_session *)session;
    return JET_errSuccess;
}

/* An object of the session that nobody can reach and that is not in the way of another one; NULL: none. */
static ese_model_object *
find_in_session_locked(ese_model_object *parent)
{
    for (ese_model_object *child = parent->children; child != NULL; child = child->next) {
        ese_model_object *found = find_in_session_locked(child);

        if (found != NULL)
            return found;
        if (child->references > 0 || child->children != NULL)
            continue;
        if (child->kind == ESE_MODEL_TRANSACTION &&
            ((ese_model_transaction *)child)->level != ((ese_model_session *)parent)->level)
            continue;
        return child;
    }
    return NULL;
}

static bool
is_reachable_locked(const ese_model_object *object)
{
    if (object->references > 0)
        return true;
    for (const ese_model_object *child = object->children; child != NULL; child = child->next) {
        if (is_reachable_locked(child))
            return true;
    }
    return false;
}

/* A session that nobody can reach, and nothing in it; the caller takes it. */
static ese_model_object *
find_session_locked(ese_model_object *instance)
{
    for (ese_model_object *child = instance->children; child != NULL; child = child->next) {
        if (!child->is_busy && !is_reachable_locked(child)) {
            child->is_busy = true;
            return child;
        }
    }
    return NULL;
}

/* False when it could not be closed: the end of the instance does it. */
static bool
close_orphan(ese_model_session *session, ese_model_object *orphan)
{
    JET_ERR err = JET_errSuccess;

    switch (orphan->kind) {
    case ESE_MODEL_CURSOR:
        err = ese_model__close_cursor(session, (ese_model_cursor *)orphan);
        break;
    case ESE_MODEL_DATABASE:
        err = ese_model__close_database(session, (ese_model_database *)orphan);
        break;
    case ESE_MODEL_TRANSACTION:
        err = ese_model__rollback_to(session, ((ese_model_transaction *)orphan)->level - 1);
        break;
    case ESE_MODEL_SESSION:
        err = ese_model__close_session((ese_model_session *)orphan);
        if (err == JET_errSessionSharingViolation)
            orphan->is_busy = false;
        break;
    case ESE_MODEL_INSTANCE: break;
    }
    return err != JET_errSessionSharingViolation;
}

static void
close_orphans(ese_model_object *parent, ese_model_session *session)
{
    ese_model_object *orphan;
    bool is_closed;

    do {
        lock(parent->tree);
        orphan = session != NULL ? find_in_session_locked(parent) : find_session_locked(parent);
        if (orphan == NULL)
            parent->has_orphans = false;
        else
            hold_locked(orphan); /* the end of the instance may overtake */
        unlock(parent->tree);
        is_closed = orphan != NULL && close_orphan(session, orphan);
        ese_model_release(orphan);
    } while (is_closed);
}

JET_ERR
ese_model__enter(ese_model_object *object, ese_model_call *call_out)
{
    JET_ERR err;
    ese_model_object *parent = NULL;

    ese_model__forget_failure();
    if (object == NULL)
        return ese_model__fail(JET_errInvalidParameter, "no object");
    lock(object->tree);
    err = take_locked(object, call_out);
    if (err >= JET_errSuccess)
        parent = call_out->session != NULL ? &call_out->session->object : object;
    if (parent != NULL && !parent->has_orphans)
        parent = NULL;
    unlock(object->tree);
    if (parent != NULL)
        close_orphans(parent, call_out->session);
    return err;
}

void
ese_model__leave(ese_model_call *call)
{
    ese_model_tree *tree = call->object->tree;
    ese_model_instance *orphan = NULL;

    lock(tree);
    if (call->session != NULL) {
        call->session->object.is_busy = false;
        if (drop_locked(&call->session->object))
            orphan = tree->root;
    }
    if (drop_locked(call->object))
        orphan = tree->root;
    unlock(tree);
    if (orphan != NULL)
        queue_orphan(orphan);
}

/* ---- Closing ------------------------------------------------------------------------------------------ */

void
ese_model__count_backup(ese_model_instance *instance, int change)
{
    lock(instance->object.tree);
    instance->n_backups += (uint32_t)change;
    unlock(instance->object.tree);
}

/* Takes every session for this thread, or none. Sessions begun from now on come before the first one taken. */
static JET_ERR
begin_close_instance(ese_model_object *instance, ese_model_object **first_out)
{
    JET_ERR err = JET_errSuccess;

    lock(instance->tree);
    if (instance->state == ESE_MODEL_CLOSING)
        err = ese_model__fail(JET_errTermInProgress, "another thread is closing the instance");
    else if (((ese_model_instance *)instance)->n_backups != 0)
        err = ese_model__fail(JET_errBackupInProgress, "a backup has not ended yet");
    for (ese_model_object *child = instance->children; child != NULL; child = child->next) {
        if (err >= JET_errSuccess && child->is_busy)
            err = fail_busy();
    }
    if (err >= JET_errSuccess) {
        instance->state = ESE_MODEL_CLOSING;
        hold_locked(instance);
        for (ese_model_object *child = instance->children; child != NULL; child = child->next)
            child->is_busy = true;
        *first_out = instance->children;
    }
    unlock(instance->tree);
    return err;
}

/*
 * The sessions from the first one taken on. They are left to JetTerm: until it returns, another thread that uses one hears it
 * from the engine.
 */
static JET_ERR
empty_sessions(ese_model_object *instance, ese_model_object *session)
{
    JET_ERR err = JET_errSuccess;

    while (session != NULL) {
        JET_ERR err_session = ese_model__empty_session((ese_model_session *)session);

        if (err >= JET_errSuccess)
            err = err_session;
        lock(instance->tree);
        session->is_busy = false;
        session = session->next;
        unlock(instance->tree);
    }
    return err;
}

/* JetTerm refuses: everything stays as it was. */
static bool
is_refusal(JET_ERR err)
{
    return err == JET_errTooManyActiveUsers || err == JET_errTermInProgress ||
           err == JET_errBackupInProgress;
}

static JET_ERR
close_instance(ese_model_object *object)
{
    ese_model_tree *tree = object->tree;
    JET_INSTANCE instance = ((ese_model_instance *)object)->instance;
    ese_model_object *first = NULL;
    JET_ERR err = begin_close_instance(object, &first);
    JET_ERR err_term;

    if (err < JET_errSuccess)
        return err;
    err = empty_sessions(object, first);
    err_term = JetTerm2(instance, JET_bitTermComplete);
    lock(tree);
    if (is_refusal(err_term))
        object->state = ESE_MODEL_OPEN;
    else
        mark_closed_locked(object);
    (void)drop_locked(object); /* an orphan was queued before, or has a reference */
    unlock(tree);
    return err < JET_errSuccess ? err : err_term;
}

static JET_ERR
close_in_session(ese_model_object *object)
{
    JET_ERR err;
    ese_model_call call;

    err = ese_model__enter(object, &call);
    if (err < JET_errSuccess)
        return ese_model_is_open(object) ? err : JET_errSuccess;
    switch (object->kind) {
    case ESE_MODEL_SESSION: err = ese_model__close_session(call.session); break;
    case ESE_MODEL_DATABASE:
        err = ese_model__close_database(call.session, (ese_model_database *)object);
        break;
    case ESE_MODEL_CURSOR:
        err = ese_model__close_cursor(call.session, (ese_model_cursor *)object);
        break;
    case ESE_MODEL_TRANSACTION:
        err = ese_model__rollback_to(call.session, ((ese_model_transaction *)object)->level - 1);
        break;
    case ESE_MODEL_INSTANCE: break;
    }
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_close(ese_model_object *object)
{
    ese_model__forget_failure();
    if (!ese_model_is_open(object))
        return JET_errSuccess;
    if (object->kind == ESE_MODEL_DATABASE && ((ese_model_database *)object)->is_alone)
        return close_instance(&object->tree->root->object);
    if (object->kind == ESE_MODEL_INSTANCE)
        return close_instance(object);
    return close_in_session(object);
}

void
ese_model_dispose(ese_model_object *object)
{
    (void)ese_model_close(object);
    ese_model_release(object);
}

void
ese_model_close_orphans(void)
{
    for (;;) {
        ese_model_instance *orphan;

        pthread_mutex_lock(&orphans_lock);
        orphan = orphans;
        if (orphan != NULL)
            orphans = orphan->next_orphan;
        pthread_mutex_unlock(&orphans_lock);
        if (orphan == NULL)
            return;
        (void)close_instance(&orphan->object);
    }
}
