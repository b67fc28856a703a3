/*
 * JetSetSystemParameter, JetGetSystemParameter, JetEnableMultiInstance: which set of values a call means.
 *
 * The sets: the defaults, which every instance copies when it is created and which hold the parameters of the process; one set
 * per instance; a few values per session.
 */
#include "api/api_private.h"

#include "base/alloc.h"
#include "base/utf.h"

#include <stdio.h>

static bool
is_handle(uint64_t handle)
{
    return handle != 0 && handle != UINT64_MAX;
}

static bool
is_text(const ese_api__param *row)
{
    return row != NULL && row->initial_text != NULL;
}

/* Whose parameters a call is about. */
typedef struct target {
    ese_api__registry *registry;
    ese_api_session *session;   /* NULL: none given */
    ese_api_instance *instance; /* NULL: the defaults */
} target;

/* Takes: the session, registry. */
static JET_ERR
open_target(JET_INSTANCE handle, JET_SESID sesid, target *target_out)
{
    target t = {0};
    JET_ERR err = JET_errSuccess;

    if (is_handle(sesid)) {
        err = ese_api_enter(sesid, ESE_API_CLOSING, &t.session);
        if (err < JET_errSuccess)
            return err;
        t.instance = t.session->instance;
    }
    t.registry = ese_api__registry_lock();
    if (is_handle(handle) || t.registry->mode == ESE_API__MODE_ONE)
        err = ese_api__registry_find(t.registry, handle, &t.instance);
    if (err >= JET_errSuccess) {
        *target_out = t;
        return err;
    }
    ese_api__registry_unlock();
    if (t.session != NULL)
        ese_api_leave(t.session, err);
    return err;
}

static JET_ERR
close_target(const target *t, JET_ERR err)
{
    ese_api__registry_unlock();
    return t->session != NULL ? ese_api_leave(t->session, err) : err;
}

static ese_api__params *
params_of(const target *t, const ese_api__param *row)
{
    bool is_default = t->instance == NULL || row->scope == ESE_API__PROCESS;

    return is_default ? &t->registry->defaults : &t->instance->params;
}

/* ---- Setting ------------------------------------------------------------------------------------------ */

static bool
is_any_initialized(const ese_api__registry *registry)
{
    ESE_LIST_FOREACH (node, &registry->instances) {
        if (atomic_load(&ESE_LIST_ENTRY(node, ese_api_instance, link)->state) != ESE_API__CREATED)
            return true;
    }
    return false;
}

static bool
is_frozen(const target *t, const ese_api__param *row)
{
    if (row->when == ESE_API__ALWAYS)
        return false;
    if (row->scope != ESE_API__PROCESS)
        return t->instance != NULL && atomic_load(&t->instance->state) != ESE_API__CREATED;
    if (row->when == ESE_API__BEFORE_CREATE)
        return t->registry->n_instances != 0;
    return is_any_initialized(t->registry);
}

static JET_ERR
set_in_session(ese_api_session *session, const ese_api__param *row, const ese_api__param_wish *wish)
{
    uint64_t value = 0;
    JET_ERR err = ese_api__param_check(row, wish->integer, &value);

    if (err < JET_errSuccess)
        return err;
    if (wish->paramid == JET_paramCommitDefault)
        session->txn.commit_default = (uint32_t)value;
    else
        session->wait_log_flush = value;
    return JET_errSuccess;
}

/* The caches of running instances follow JET_paramCacheSizeMax at once. */
static void
resize_caches(const ese_api__registry *registry)
{
    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *instance = ESE_LIST_ENTRY(node, ese_api_instance, link);
        uint32_t state = atomic_load(&instance->state);

        if (state == ESE_API__RUNNING || state == ESE_API__STOPPED)
            ese_cache_set_limit(instance->cache, ese_api__cache_limit(instance));
    }
}

/* Holds: registry. */
static JET_ERR
set_value(const target *t, const ese_api__param_wish *wish)
{
    const ese_api__param *row = ese_api__param_find(wish->paramid);
    JET_ERR err;

    if (row == NULL)
        return ese_raise(JET_errInvalidParameter, "there is no system parameter %u",
                         (unsigned)wish->paramid);
    if (t->session != NULL && row->scope == ESE_API__PER_SESSION)
        return set_in_session(t->session, row, wish);
    err = ese_api__params_set(params_of(t, row), wish, is_frozen(t, row));
    if (err >= JET_errSuccess && wish->paramid == JET_paramCacheSizeMax)
        resize_caches(t->registry);
    return err;
}

static JET_ERR
set_parameter(const JET_INSTANCE *pinstance, JET_SESID sesid, const ese_api__param_wish *wish)
{
    target t = {0};
    JET_ERR err = open_target(pinstance != NULL ? *pinstance : 0, sesid, &t);

    if (err < JET_errSuccess)
        return err;
    return close_target(&t, set_value(&t, wish));
}

JET_ERR JET_API
JetSetSystemParameterA(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR lParam, JET_PCSTR szParam)
{
    ese_api__param_wish wish = {.paramid = paramid, .integer = lParam, .text = szParam};

    ese_err_clear();
    return set_parameter(pinstance, sesid, &wish);
}

JET_ERR JET_API
JetSetSystemParameterW(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR lParam, JET_PCWSTR szParam)
{
    ese_api__param_wish wish = {.paramid = paramid, .integer = lParam};
    char *text = NULL;
    JET_ERR err;

    ese_err_clear();
    if (is_text(ese_api__param_find(paramid))) /* for others the pointer means nothing */
        ESE_TRY(ese_api_utf8_from_wide(szParam, &text));
    wish.text = text;
    err = set_parameter(pinstance, sesid, &wish);
out:
    ese_free(&text);
    return err;
}

/* ---- Getting ------------------------------------------------------------------------------------------ */

/* Where a caller wants text. */
typedef struct place {
    void *buffer;
    uint32_t size; /* in bytes, with the terminator */
    bool is_wide;
} place;

static JET_ERR
put_text(const place *to, const char *text)
{
    size_t n = strlen(text);
    JET_ERR err;

    if (to->buffer == NULL || to->size == 0)
        return JET_errInvalidParameter;
    if (!to->is_wide) {
        if (to->size <= n)
            return JET_errBufferTooSmall;
        memcpy(to->buffer, text, n + 1);
        return JET_errSuccess;
    }
    err = ese_api__wide_length(text, &n);
    if (err >= JET_errSuccess && to->size / sizeof(WCHAR) <= n)
        err = JET_errBufferTooSmall;
    if (err >= JET_errSuccess)
        err = ese_utf8_to_utf16(text, strlen(text), to->buffer, n, &n);
    if (err >= JET_errSuccess)
        ((WCHAR *)to->buffer)[n] = 0;
    return err;
}

static JET_ERR
put_error_text(const place *to, const JET_API_PTR *code)
{
    const ese_err_info *row = code != NULL ? ese_err_find((JET_ERR)(uint32_t)*code) : NULL;
    char text[256];

    if (row == NULL)
        return JET_errInvalidParameter;
    snprintf(text, sizeof text, "%s, %s", row->name, row->text);
    return put_text(to, text);
}

static JET_ERR
put_unicode_index(const place *to, uint64_t packed)
{
    JET_UNICODEINDEX index = {.lcid = (uint32_t)packed, .dwMapFlags = (uint32_t)(packed >> 32)};

    if (to->buffer == NULL || to->size == 0)
        return JET_errInvalidParameter;
    if (to->size < sizeof index)
        return JET_errBufferTooSmall;
    memcpy(to->buffer, &index, sizeof index);
    return JET_errSuccess;
}

/* What follows from the page size, for 2, 4, 8, 16 and 32 KiB. */
static uint64_t
computed_value(const ese_api__registry *registry, uint32_t paramid)
{
    static const uint16_t key_most[] = {
        JET_cbKeyMost2KBytePage,  JET_cbKeyMost4KBytePage,  JET_cbKeyMost8KBytePage,
        JET_cbKeyMost16KBytePage, JET_cbKeyMost32KBytePage,
    };
    static const uint16_t chunk_most[] = {1966, 4014, 8110, 4050, 8150};
    uint64_t page_size = ese_api__params_integer(&registry->defaults, JET_paramDatabasePageSize);
    size_t i = 0;

    while (page_size > 2048) {
        page_size /= 2;
        i++;
    }
    switch (paramid) {
    case JET_paramKeyMost: return key_most[i];
    case JET_paramLVChunkSizeMost: return chunk_most[i];
    default: return JET_coltypUnsignedShort + 1; /* JET_paramMaxColtyp */
    }
}

/* Pages in the caches of all instances. */
static uint64_t
cache_size(const ese_api__registry *registry)
{
    uint64_t size = 0;

    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *instance = ESE_LIST_ENTRY(node, ese_api_instance, link);
        uint32_t state = atomic_load(&instance->state);

        if (state == ESE_API__RUNNING || state == ESE_API__STOPPED)
            size += ese_cache_size(instance->cache);
    }
    return size / ese_api__params_integer(&registry->defaults, JET_paramDatabasePageSize);
}

static uint64_t
integer_value(const target *t, const ese_api__param *row, uint32_t paramid)
{
    if (row->type == ESE_API__PARAM_COMPUTED)
        return computed_value(t->registry, paramid);
    if (row->type == ESE_API__PARAM_CACHE_SIZE)
        return cache_size(t->registry);
    if (t->session == NULL || row->scope != ESE_API__PER_SESSION)
        return ese_api__params_integer(params_of(t, row), paramid);
    return paramid == JET_paramCommitDefault ? t->session->txn.commit_default
                                             : t->session->wait_log_flush;
}

/* Holds: registry. */
static JET_ERR
get_value(const target *t, uint32_t paramid, JET_API_PTR *integer_out, const place *to)
{
    const ese_api__param *row = ese_api__param_find(paramid);

    if (row == NULL)
        return ese_raise(JET_errInvalidParameter, "there is no system parameter %u",
                         (unsigned)paramid);
    if (is_text(row))
        return put_text(to, ese_api__params_text(params_of(t, row), paramid));
    if (row->type == ESE_API__PARAM_ERROR_TEXT)
        return put_error_text(to, integer_out);
    if (row->type == ESE_API__PARAM_UNICODE)
        return put_unicode_index(to, integer_value(t, row, paramid));
    if (integer_out == NULL)
        return JET_errInvalidParameter;
    *integer_out = integer_value(t, row, paramid);
    return JET_errSuccess;
}

static JET_ERR
get_parameter(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid, JET_API_PTR *integer_out,
              const place *to)
{
    target t = {0};
    JET_ERR err;

    ese_err_clear();
    err = open_target(instance, sesid, &t);
    if (err < JET_errSuccess)
        return err;
    return close_target(&t, get_value(&t, paramid, integer_out, to));
}

JET_ERR JET_API
JetGetSystemParameterA(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR *plParam, JET_PSTR szParam, uint32_t cbMax)
{
    place to = {.buffer = szParam, .size = cbMax};

    return get_parameter(instance, sesid, paramid, plParam, &to);
}

JET_ERR JET_API
JetGetSystemParameterW(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
                       JET_API_PTR *plParam, JET_PWSTR szParam, uint32_t cbMax)
{
    place to = {.buffer = szParam, .size = cbMax, .is_wide = true};

    return get_parameter(instance, sesid, paramid, plParam, &to);
}

/* ---- Several at once, before the first instance ------------------------------------------------------- */

/* Holds: registry. */
static JET_ERR
check_mode(const ese_api__registry *registry, uint32_t n)
{
    if (registry->mode == ESE_API__MODE_ONE)
        return JET_errRunningInOneInstanceMode;
    if (registry->mode == ESE_API__MODE_OPEN)
        return JET_errSuccess;
    if (n != 0)
        return JET_errSystemParameterConflict;
    return registry->has_multi_parameters ? JET_errSystemParamsAlreadySet : JET_errSuccess;
}

/* Sets the entries in order, up to the first bad one; each gets its own result. */
JET_ERR JET_API
JetEnableMultiInstanceA(JET_SETSYSPARAM_A *psetsysparam, uint32_t csetsysparam,
                        uint32_t *pcsetsucceed)
{
    uint32_t n_set = 0;
    target t = {0};
    JET_ERR err;

    ese_err_clear();
    if (psetsysparam == NULL && csetsysparam != 0)
        return JET_errInvalidParameter;
    t.registry = ese_api__registry_lock();
    err = check_mode(t.registry, csetsysparam);
    for (uint32_t i = 0; i < csetsysparam && err >= JET_errSuccess; i++) {
        JET_SETSYSPARAM_A *entry = &psetsysparam[i];
        ese_api__param_wish wish = {entry->paramid, entry->lParam, entry->sz};

        entry->err = err = set_value(&t, &wish);
        n_set += err >= JET_errSuccess;
    }
    if (err >= JET_errSuccess && t.registry->mode == ESE_API__MODE_OPEN) {
        t.registry->mode = ESE_API__MODE_MANY;
        t.registry->has_multi_parameters = csetsysparam != 0;
    }
    ese_api__registry_unlock();
    if (pcsetsucceed != NULL)
        *pcsetsucceed = n_set;
    return err;
}

static JET_ERR
narrow_entries(const JET_SETSYSPARAM_W *from, uint32_t n, JET_SETSYSPARAM_A *to, char **texts)
{
    for (uint32_t i = 0; i < n; i++) {
        JET_ERR err = JET_errSuccess;

        to[i] = (JET_SETSYSPARAM_A){.paramid = from[i].paramid, .lParam = from[i].lParam};
        if (is_text(ese_api__param_find(from[i].paramid)))
            err = ese_api_utf8_from_wide(from[i].sz, &texts[i]);
        if (err < JET_errSuccess)
            return err;
        to[i].sz = texts[i];
        to[i].err = from[i].err;
    }
    return JET_errSuccess;
}

JET_ERR JET_API
JetEnableMultiInstanceW(JET_SETSYSPARAM_W *psetsysparam, uint32_t csetsysparam,
                        uint32_t *pcsetsucceed)
{
    JET_SETSYSPARAM_A *entries = NULL;
    char **texts = NULL;
    JET_ERR err;

    ese_err_clear();
    if (psetsysparam == NULL && csetsysparam != 0)
        return JET_errInvalidParameter;
    ESE_TRY(ese_alloc(csetsysparam * sizeof *texts, &texts));
    ESE_TRY(ese_alloc(csetsysparam * sizeof *entries, &entries));
    ESE_TRY(narrow_entries(psetsysparam, csetsysparam, entries, texts));
    err = JetEnableMultiInstanceA(entries, csetsysparam, pcsetsucceed);
    for (uint32_t i = 0; i < csetsysparam; i++)
        psetsysparam[i].err = entries[i].err;
out:
    for (uint32_t i = 0; texts != NULL && i < csetsysparam; i++)
        ese_free(&texts[i]);
    ese_free(&entries);
    ese_free(&texts);
    return err;
}

/* ---- An instance with pages of its own ------------------------------------------------------------------ */

JET_ERR
ese_set_page_size(JET_INSTANCE instance, uint32_t page_size)
{
    ese_api__param_wish wish = {.paramid = JET_paramDatabasePageSize, .integer = page_size};
    target t;
    JET_ERR err;

    if (!is_handle(instance))
        return ese_raise(JET_errInvalidInstance, "an instance is needed");
    err = open_target(instance, 0, &t);
    if (err < JET_errSuccess)
        return err;
    err = ese_api__params_set(&t.instance->params, &wish,
                              atomic_load(&t.instance->state) != ESE_API__CREATED);
    return close_target(&t, err);
}
