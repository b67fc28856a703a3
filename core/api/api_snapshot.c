/*
 * Snapshots of files by somebody else: JetOSSnapshotPrepare, Freeze, Thaw, End. While instances are frozen nobody changes a page of a database, the log or the checkpoint,
 * so that a copy of all files is what a crash at that moment would have left.
 *
 *   PREPARED --Freeze--> FROZEN --Thaw--> THAWED (only with JET_bitContinueAfterThaw) --End--> gone
 *                        FROZEN --time is over--> TIMED_OUT --Thaw, End--> gone;  any --Abort--> gone
 *
 * INV-1  An instance is frozen by one snapshot at a time, and does not end while it is.
 * INV-2  A gate before the files of the instance is what keeps writers back; they hold no lock that the functions here take.
 */
#include "api/api_snapshot.h"

#include "base/alloc.h"

enum { NS_PER_MS = 1000000 };

typedef enum state { PREPARED, FROZEN, TIMED_OUT, THAWED } state;

typedef struct snapshot {
    ese_list link;
    JET_OSSNAPID id;
    state state;
    JET_GRBIT grbit;
    ese_api__snapshot_member *members;
    uint32_t n_members;
    uint64_t thaw_by; /* when the time is over */
    bool has_thread;
    ese_os_thread thread;
} snapshot;

static ese_os_mutex lock = ESE_OS_MUTEX_INIT;
static ese_os_cond changed = ESE_OS_COND_INIT;
static ese_list all = {&all, &all}; /* [lock] */
static JET_OSSNAPID last_id;        /* [lock] */

/* ---- Finding. All of the following: the lock is held. ---- */

static JET_ERR
find(JET_OSSNAPID id, snapshot **snapshot_out)
{
    ESE_LIST_FOREACH (node, &all) {
        snapshot *s = ESE_LIST_ENTRY(node, snapshot, link);

        if (s->id == id) {
            *snapshot_out = s;
            return JET_errSuccess;
        }
    }
    return ese_raise(JET_errOSSnapshotInvalidSnapId, "there is no such snapshot");
}

static JET_ERR
wrong_order(void)
{
    return ese_raise(JET_errOSSnapshotInvalidSequence, "it is not the time for that");
}

static ese_api__snapshot_member *
find_member(const snapshot *s, JET_INSTANCE handle)
{
    for (uint32_t i = 0; i < s->n_members; i++) {
        if (s->members[i].handle == handle)
            return &s->members[i];
    }
    return NULL;
}

/* In a snapshot that has not been thawed. */
static bool
is_taken(JET_INSTANCE handle)
{
    ESE_LIST_FOREACH (node, &all) {
        const snapshot *s = ESE_LIST_ENTRY(node, snapshot, link);

        if ((s->state == PREPARED || s->state == FROZEN) && find_member(s, handle) != NULL)
            return true;
    }
    return false;
}

static JET_ERR
add_member(snapshot *s, JET_INSTANCE handle)
{
    JET_ERR err;

    ESE_TRY(ese_realloc((s->n_members + 1) * sizeof *s->members, &s->members));
    s->members[s->n_members++] = (ese_api__snapshot_member){.handle = handle};
out:
    return err;
}

/* ---- Freezing ---- */

static void
thaw(snapshot *s, state next)
{
    for (uint32_t i = 0; i < s->n_members; i++) {
        ese_os_gate_open(&s->members[i].instance->gate);
        ese_api__snapshot_unpin(&s->members[i]);
    }
    s->state = next;
    ese_os_cond_broadcast(&changed);
}

/* Whoever froze the instances may be gone. */
static void *
watch(void *self)
{
    snapshot *s = self;

    ese_os_mutex_lock(&lock);
    while (s->state == FROZEN) {
        uint64_t now = ese_os_now_ns();

        if (now >= s->thaw_by)
            thaw(s, TIMED_OUT);
        else
            (void)ese_os_cond_wait_for(&changed, &lock, s->thaw_by - now);
    }
    ese_os_mutex_unlock(&lock);
    return NULL;
}

/* All instances that run and have a log. */
static JET_ERR
add_all(snapshot *s)
{
    ese_api__registry *registry = ese_api__registry_lock();
    JET_ERR err = JET_errSuccess;

    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *instance = ESE_LIST_ENTRY(node, ese_api_instance, link);
        uint32_t is = atomic_load(&instance->state);

        if (err >= JET_errSuccess && is == ESE_API__RUNNING && instance->log != NULL)
            err = is_taken(instance->handle)
                      ? ese_raise(JET_errOSSnapshotNotAllowed, "an instance is in a snapshot")
                      : add_member(s, instance->handle);
    }
    ese_api__registry_unlock();
    return err;
}

static uint64_t
timeout_ms(void)
{
    uint64_t ms =
        ese_api__params_integer(&ese_api__registry_lock()->defaults, JET_paramOSSnapshotTimeout);

    ese_api__registry_unlock();
    return ms;
}

static JET_ERR
freeze_members(snapshot *s)
{
    uint32_t n_pinned = 0, n_closed = 0;
    JET_ERR err = JET_errSuccess;

    for (; n_pinned < s->n_members; n_pinned++)
        ESE_TRY(ese_api__snapshot_pin(&s->members[n_pinned]));
    for (uint32_t i = 0; i < s->n_members; i++)
        ESE_TRY(ese_api__snapshot_mark(&s->members[i]));
    for (; n_closed < s->n_members; n_closed++)
        ese_os_gate_close(&s->members[n_closed].instance->gate);
    s->state = FROZEN;
    s->thaw_by = ese_os_now_ns() + (uint64_t)timeout_ms() * NS_PER_MS;
    err = ese_os_thread_start(&s->thread, watch, s);
    s->has_thread = err >= JET_errSuccess;
out:
    if (err < JET_errSuccess) {
        s->state = PREPARED;
        for (uint32_t i = 0; i < n_closed; i++)
            ese_os_gate_open(&s->members[i].instance->gate);
        for (uint32_t i = 0; i < n_pinned; i++)
            ese_api__snapshot_unpin(&s->members[i]);
    }
    return err;
}

/* ---- Answers ---- */

/* The array that a caller wants, as one of two types. */
typedef struct place {
    bool is_wide;
    uint32_t *n;
    void *infos; /* points to his JET_INSTANCE_INFO_A * or _W * */
} place;

static bool
is_wanted(void *self, JET_INSTANCE handle)
{
    return find_member(self, handle) != NULL;
}

static JET_ERR
give_infos(snapshot *s, const place *to)
{
    void *infos = NULL;
    JET_ERR err;

    ESE_TRY(ese_api__instance_infos(to->is_wide, is_wanted, s, to->n, &infos));
    memcpy(to->infos, &infos, sizeof infos);
out:
    return err;
}

static JET_ERR
freeze(JET_OSSNAPID id, JET_GRBIT grbit, const place *to)
{
    snapshot *s = NULL;
    uint32_t n_explicit = 0;
    JET_ERR err;

    if (to->n == NULL || to->infos == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the instances");
    if (grbit != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    if (s->state != PREPARED)
        return wrong_order();
    n_explicit = s->n_members;
    if (n_explicit == 0 && (s->grbit & JET_bitExplicitPrepare) == 0)
        ESE_TRY(add_all(s));
    ESE_TRY(freeze_members(s));
    err = give_infos(s, to);
    if (err < JET_errSuccess)
        thaw(s, TIMED_OUT);
out:
    if (err < JET_errSuccess && s != NULL && s->state == PREPARED)
        s->n_members = n_explicit;
    return err;
}

static JET_ERR
get_freeze_info(JET_OSSNAPID id, JET_GRBIT grbit, const place *to)
{
    snapshot *s = NULL;
    JET_ERR err;

    if (to->n == NULL || to->infos == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the instances");
    if (grbit != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    if (s->state != FROZEN && s->state != THAWED)
        return wrong_order();
    err = give_infos(s, to);
out:
    return err;
}

/* ---- The end ---- */

/* The lock is released while the thread ends. */
static void
destroy(snapshot *s)
{
    if (s->state == FROZEN)
        thaw(s, THAWED);
    ese_list_remove(&s->link);
    if (s->has_thread) {
        ese_os_mutex_unlock(&lock);
        ese_os_thread_join(&s->thread);
        ese_os_mutex_lock(&lock);
    }
    ese_free(&s->members);
    ese_free(&s);
}

static JET_ERR
timed_out(void)
{
    return ese_raise(JET_errOSSnapshotTimeOut,
                     "the instances were frozen for longer than JET_paramOSSnapshotTimeout");
}

static JET_ERR
end_freeze(JET_OSSNAPID id, JET_GRBIT grbit)
{
    snapshot *s = NULL;
    JET_ERR err;

    if (grbit != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    if (s->state != FROZEN && s->state != TIMED_OUT)
        return wrong_order();
    if (s->state == TIMED_OUT)
        err = timed_out();
    else
        thaw(s, THAWED);
    if ((s->grbit & JET_bitContinueAfterThaw) == 0)
        destroy(s);
out:
    return err;
}

static JET_ERR
end(JET_OSSNAPID id, JET_GRBIT grbit)
{
    snapshot *s = NULL;
    JET_ERR err;

    if (grbit & ~JET_bitAbortSnapshot)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    if (s->state == PREPARED || s->state == FROZEN)
        return wrong_order();
    if (s->state == TIMED_OUT)
        err = timed_out();
    for (uint32_t i = 0;
         err >= JET_errSuccess && (grbit & JET_bitAbortSnapshot) == 0 && i < s->n_members; i++)
        err = ese_api__snapshot_register(&s->members[i], s->grbit);
    destroy(s);
out:
    return err;
}

/* ---- Truncation ---- */

/* `handle` NULL: of all instances. */
static JET_ERR
truncate_logs(JET_OSSNAPID id, const JET_INSTANCE *handle, JET_GRBIT grbit)
{
    snapshot *s = NULL;
    const ese_api__snapshot_member *m;
    JET_ERR err;

    if (grbit & ~JET_bitAllDatabasesSnapshot)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    if (s->state != THAWED || (s->grbit & JET_bitCopySnapshot) != 0)
        return wrong_order();
    m = handle != NULL ? find_member(s, *handle) : NULL;
    if (handle != NULL)
        return m != NULL ? ese_api__snapshot_truncate(m)
                         : ese_raise(JET_errInvalidInstance, "not an instance of the snapshot");
    for (uint32_t i = 0; i < s->n_members; i++)
        ESE_TRY(ese_api__snapshot_truncate(&s->members[i]));
out:
    return err;
}

/* ---- The begin ---- */

static JET_ERR
prepare(JET_OSSNAPID *id_out, JET_GRBIT grbit)
{
    const JET_GRBIT kinds = JET_bitIncrementalSnapshot | JET_bitCopySnapshot;
    snapshot *s = NULL;
    JET_ERR err;

    if (id_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the snapshot");
    if ((grbit & ~(kinds | JET_bitContinueAfterThaw | JET_bitExplicitPrepare)) != 0 ||
        (grbit & kinds) == kinds)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(ese_alloc(sizeof *s, &s));
    s->id = ++last_id;
    s->grbit = grbit;
    ese_list_append(&all, &s->link);
    *id_out = s->id;
out:
    return err;
}

static JET_ERR
prepare_instance(JET_OSSNAPID id, JET_INSTANCE handle, JET_GRBIT grbit)
{
    ese_api_instance *instance = NULL;
    snapshot *s = NULL;
    JET_ERR err;

    if (grbit != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    ESE_TRY(find(id, &s));
    ESE_TRY(ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance));
    handle = instance->handle;
    if (s->state != PREPARED)
        err = wrong_order();
    else if (is_taken(handle))
        err = ese_raise(JET_errOSSnapshotNotAllowed, "the instance is in a snapshot already");
    else
        err = add_member(s, handle);
    err = ese_api_leave_instance(instance, err);
out:
    return err;
}

/* ---- The Jet functions ---- */

/* Snapshots are one after the other's business. */
static void
enter(void)
{
    ese_err_clear();
    ese_os_mutex_lock(&lock);
}

static JET_ERR
leave(JET_ERR err)
{
    ese_os_mutex_unlock(&lock);
    return err;
}

JET_ERR JET_API
JetOSSnapshotPrepare(JET_OSSNAPID *psnapId, JET_GRBIT grbit)
{
    enter();
    return leave(prepare(psnapId, grbit));
}

JET_ERR JET_API
JetOSSnapshotPrepareInstance(JET_OSSNAPID snapId, JET_INSTANCE instance, JET_GRBIT grbit)
{
    enter();
    return leave(prepare_instance(snapId, instance, grbit));
}

JET_ERR JET_API
JetOSSnapshotFreezeA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                     JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit)
{
    enter();
    return leave(freeze(snapId, grbit, &(place){false, pcInstanceInfo, paInstanceInfo}));
}

JET_ERR JET_API
JetOSSnapshotFreezeW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                     JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit)
{
    enter();
    return leave(freeze(snapId, grbit, &(place){true, pcInstanceInfo, paInstanceInfo}));
}

JET_ERR JET_API
JetOSSnapshotGetFreezeInfoA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                            JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit)
{
    enter();
    return leave(get_freeze_info(snapId, grbit, &(place){false, pcInstanceInfo, paInstanceInfo}));
}

JET_ERR JET_API
JetOSSnapshotGetFreezeInfoW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                            JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit)
{
    enter();
    return leave(get_freeze_info(snapId, grbit, &(place){true, pcInstanceInfo, paInstanceInfo}));
}

JET_ERR JET_API
JetOSSnapshotThaw(JET_OSSNAPID snapId, JET_GRBIT grbit)
{
    enter();
    return leave(end_freeze(snapId, grbit));
}

JET_ERR JET_API
JetOSSnapshotAbort(JET_OSSNAPID snapId, JET_GRBIT grbit)
{
    snapshot *s = NULL;
    JET_ERR err;

    enter();
    err = grbit != 0 ? ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit)
                     : find(snapId, &s);
    if (err >= JET_errSuccess)
        destroy(s);
    return leave(err);
}

JET_ERR JET_API
JetOSSnapshotTruncateLog(JET_OSSNAPID snapId, JET_GRBIT grbit)
{
    enter();
    return leave(truncate_logs(snapId, NULL, grbit));
}

JET_ERR JET_API
JetOSSnapshotTruncateLogInstance(JET_OSSNAPID snapId, JET_INSTANCE instance, JET_GRBIT grbit)
{
    enter();
    return leave(truncate_logs(snapId, &instance, grbit));
}

JET_ERR JET_API
JetOSSnapshotEnd(JET_OSSNAPID snapId, JET_GRBIT grbit)
{
    enter();
    return leave(end(snapId, grbit));
}
