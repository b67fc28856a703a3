/* Questions about the engine itself: version, idle work, statistics, the list of instances. */
#include "api/api_private.h"

#include "base/alloc.h"
#include "base/utf.h"

#include <assert.h>

/* JetGetVersion packs the build of the Windows release whose API and format this is, and an update number. */
enum { VERSION_BUILD = 17763, VERSION_UPDATE = 1 };

JET_ERR JET_API
JetGetVersion(JET_SESID sesid, uint32_t *pwVersion)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    if (pwVersion == NULL)
        return ese_api_leave(session, JET_errInvalidParameter);
    *pwVersion = (uint32_t)VERSION_BUILD << 8 | VERSION_UPDATE;
    return ese_api_leave(session, JET_errSuccess);
}

/* A reader has no work left for idle moments. */
static JET_ERR
idle(JET_GRBIT grbit)
{
    switch (grbit) {
    case 0:
    case JET_bitIdleCompact: return JET_wrnNoIdleActivity;
    case JET_bitIdleStatus: return JET_errSuccess;
    default: return JET_errInvalidGrbit;
    }
}

JET_ERR JET_API
JetIdle(JET_SESID sesid, JET_GRBIT grbit)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    return ese_api_leave(session, idle(grbit));
}

JET_ERR JET_API
JetGetThreadStats(void *pvResult, uint32_t cbMax)
{
    ese_cache_counters counters = ese_cache_thread_counters();
    ese_log_counters logged = ese_log_thread_counters();
    JET_THREADSTATS stats = {
        .cbStruct = sizeof stats,
        .cPageReferenced = counters.pages_referenced,
        .cPageRead = counters.pages_read,
        .cPagePreread = counters.pages_preread,
        .cPageDirtied = counters.pages_dirtied,
        .cPageRedirtied = counters.pages_redirtied,
        .cLogRecord = logged.n_records,
        .cbLogRecord = logged.n_bytes,
    };

    ese_err_clear();
    if (cbMax < sizeof stats)
        return JET_errBufferTooSmall;
    if (pvResult == NULL)
        return JET_errInvalidParameter;
    memcpy(pvResult, &stats, sizeof stats);
    return JET_errSuccess;
}

JET_ERR JET_API
JetFreeBuffer(char *pbBuf)
{
    ese_err_clear();
    ese_free(&pbBuf);
    return JET_errSuccess;
}

JET_ERR JET_API
JetGetInstanceMiscInfo(JET_INSTANCE handle, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    ese_api_instance *instance = NULL;
    JET_ERR err = ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess)
        return err;
    if (InfoLevel != JET_InstanceMiscInfoLogSignature)
        return ese_api_leave_instance(instance, JET_errInvalidParameter);
    if (cbMax < sizeof instance->log_signature)
        return ese_api_leave_instance(instance, JET_errBufferTooSmall);
    if (pvResult == NULL)
        return ese_api_leave_instance(instance, JET_errInvalidParameter);
    memcpy(pvResult, &instance->log_signature, sizeof instance->log_signature);
    return ese_api_leave_instance(instance, JET_errSuccess);
}

/* ---- JetGetInstanceInfo: who is there ----------------------------------------------------------------- */

/* An instance as it was when the list was made. */
typedef struct member {
    JET_INSTANCE handle;
    char *name;
    ese_api_instance *instance; /* held until its databases are known; NULL: it has none */
    char *paths[ESE_API_DATABASES_MAX];
    size_t n_paths;
} member;

typedef struct roster {
    bool (*is_wanted)(void *self, JET_INSTANCE handle); /* NULL: all are */
    void *self;
    member *members;
    uint32_t n_members;
} roster;

/* Holds: registry. */
static JET_ERR
list_member(ese_api_instance *instance, member *to)
{
    uint32_t state = atomic_load(&instance->state);
    JET_ERR err = JET_errSuccess;

    to->handle = instance->handle;
    if (instance->name != NULL)
        err = ese_alloc_copy(instance->name, strlen(instance->name) + 1, &to->name);
    if (err >= JET_errSuccess && (state == ESE_API__RUNNING || state == ESE_API__STOPPED)) {
        to->instance = instance;
        instance->n_calls++;
    }
    return err;
}

static JET_ERR
list_members(roster *list)
{
    ese_api__registry *registry = ese_api__registry_lock();
    JET_ERR err = ese_alloc(registry->n_instances * sizeof *list->members, &list->members);

    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *instance = ESE_LIST_ENTRY(node, ese_api_instance, link);

        if (err < JET_errSuccess)
            break;
        if (list->is_wanted == NULL || list->is_wanted(list->self, instance->handle))
            err = list_member(instance, &list->members[list->n_members++]);
    }
    ese_api__registry_unlock();
    return err;
}

/* Takes no lock while it asks; lets go of every instance. */
static JET_ERR
list_databases(roster *list, JET_ERR err)
{
    for (uint32_t i = 0; i < list->n_members; i++) {
        member *m = &list->members[i];

        if (m->instance == NULL)
            continue;
        if (err >= JET_errSuccess)
            err = ese_api_databases_paths(m->instance->databases, m->paths, &m->n_paths);
        err = ese_api_leave_instance(m->instance, err);
    }
    return err;
}

static void
destroy_roster(roster *list)
{
    for (uint32_t i = 0; i < list->n_members; i++) {
        ese_free(&list->members[i].name);
        for (size_t k = 0; k < list->members[i].n_paths; k++)
            ese_free(&list->members[i].paths[k]);
    }
    ese_free(&list->members);
}

/* ---- JetGetInstanceInfo: one block for the caller ----------------------------------------------------- */

/*
 * The block begins with the array; behind it come the arrays of pointers, then the texts. The A and W structs differ only in what
 * the pointers point to, so one layout serves both.
 */
typedef struct block {
    uint8_t *base; /* NULL: only the size is wanted */
    size_t size;
    bool is_wide;
} block;

static void *
reserve(block *b, size_t n)
{
    void *at = b->base != NULL ? b->base + b->size : NULL;

    b->size += n;
    return at;
}

static JET_ERR
put_text(block *b, const char *text, void **text_out)
{
    size_t n = 0;
    JET_ERR err = JET_errSuccess;

    *text_out = NULL;
    if (text == NULL)
        return err;
    if (!b->is_wide) {
        n = strlen(text) + 1;
        *text_out = reserve(b, n);
        if (*text_out != NULL)
            memcpy(*text_out, text, n);
        return err;
    }
    b->size += b->size % sizeof(WCHAR);
    err = ese_api__wide_length(text, &n);
    *text_out = reserve(b, (n + 1) * sizeof(WCHAR));
    if (err >= JET_errSuccess &&
        *text_out != NULL) /* the block is zeroed: it brings the terminator */
        err = ese_utf8_to_utf16(text, strlen(text), *text_out, n, &n);
    return err;
}

typedef struct info {
    JET_INSTANCE handle;
    void *name;
    JET_API_PTR n_databases;
    void **paths, **display_names, **stream_names;
} info;

static_assert(sizeof(info) == sizeof(JET_INSTANCE_INFO_A), "info is the public struct");
static_assert(sizeof(info) == sizeof(JET_INSTANCE_INFO_W), "info is the public struct");

static JET_ERR
put_member(block *b, const member *m, info *to, void **pointers)
{
    info scratch;
    void *no_place;
    JET_ERR err;

    to = to != NULL ? to : &scratch;
    *to = (info){.handle = m->handle, .n_databases = m->n_paths};
    if (m->n_paths != 0 && pointers != NULL) {
        to->paths = pointers;
        to->display_names = pointers + m->n_paths; /* these stay NULL: there are no such names */
        to->stream_names = pointers + 2 * m->n_paths;
    }
    err = put_text(b, m->name, &to->name);
    for (size_t k = 0; k < m->n_paths && err >= JET_errSuccess; k++)
        err = put_text(b, m->paths[k], pointers != NULL ? &to->paths[k] : &no_place);
    return err;
}

static JET_ERR
put_roster(block *b, const roster *list)
{
    info *infos = reserve(b, list->n_members * sizeof *infos);
    size_t n_paths = 0;
    void **pointers;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < list->n_members; i++)
        n_paths += list->members[i].n_paths;
    pointers = reserve(b, 3 * n_paths * sizeof *pointers);
    for (uint32_t i = 0; i < list->n_members && err >= JET_errSuccess; i++) {
        const member *m = &list->members[i];

        err = put_member(b, m, infos != NULL ? &infos[i] : NULL, pointers);
        if (pointers != NULL)
            pointers += 3 * m->n_paths;
    }
    return err;
}

JET_ERR
ese_api__instance_infos(bool is_wide, bool (*wanted)(void *self, JET_INSTANCE handle), void *self,
                        uint32_t *n_out, void **infos_out)
{
    roster list = {.is_wanted = wanted, .self = self};
    block sizing = {.is_wide = is_wide};
    block b = {.is_wide = is_wide};
    JET_ERR err;

    ESE_TRY(list_databases(&list, list_members(&list)));
    ESE_TRY(put_roster(&sizing, &list));
    ESE_TRY(ese_alloc(sizing.size, &b.base));
    ESE_TRY(put_roster(&b, &list));
    *n_out = list.n_members;
    *infos_out = b.base;
    b.base = NULL;
out:
    ese_free(&b.base);
    destroy_roster(&list);
    return err;
}

JET_ERR JET_API
JetGetInstanceInfoA(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo)
{
    void *infos = NULL;
    JET_ERR err;

    ese_err_clear();
    if (pcInstanceInfo == NULL || paInstanceInfo == NULL)
        return JET_errInvalidParameter;
    err = ese_api__instance_infos(false, NULL, NULL, pcInstanceInfo, &infos);
    if (err >= JET_errSuccess)
        *paInstanceInfo = infos;
    return err;
}

JET_ERR JET_API
JetGetInstanceInfoW(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo)
{
    void *infos = NULL;
    JET_ERR err;

    ese_err_clear();
    if (pcInstanceInfo == NULL || paInstanceInfo == NULL)
        return JET_errInvalidParameter;
    err = ese_api__instance_infos(true, NULL, NULL, pcInstanceInfo, &infos);
    if (err >= JET_errSuccess)
        *paInstanceInfo = infos;
    return err;
}
