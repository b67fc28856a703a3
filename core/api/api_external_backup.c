/*
 * The backup that a program makes step by step: begin, which databases, read them, which logs, read them, truncate, end.
 *
 * A step that comes too late ends the backup: nobody can go on with it. Other errors leave it as it is.
 */
#include "api/api_external_backup.h"

#include "base/alloc.h"
#include "base/utf.h"

bool
ese_api__is_multi(void)
{
    bool is_multi = ese_api__registry_lock()->mode == ESE_API__MODE_MANY;

    ese_api__registry_unlock();
    return is_multi;
}

/* ---- The door ---- */

static JET_ERR
no_backup(void)
{
    return ese_raise(JET_errNoBackup, "no backup has begun");
}

JET_ERR
ese_api__external_enter(JET_INSTANCE handle, ese_api__external *call_out)
{
    ese_api_instance *instance = NULL;
    ese_api_backup *backup;
    JET_ERR err = ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess)
        return err;
    backup = ese_api__backup_of(instance);
    if (backup == NULL) {
        (void)ese_api_leave_instance(instance, no_backup());
        return JET_errNoBackup;
    }
    ese_os_mutex_lock(&backup->lock);
    *call_out = (ese_api__external){instance, backup};
    if (backup->state == ESE_API__BACKUP_IDLE || backup->state == ESE_API__BACKUP_INTERNAL) {
        (void)ese_api__external_leave(call_out, no_backup());
        return JET_errNoBackup;
    }
    return JET_errSuccess;
}

JET_ERR
ese_api__external_enter_going(JET_INSTANCE handle, ese_api__external *call_out)
{
    JET_ERR err = ese_api__external_enter(handle, call_out);

    if (err < JET_errSuccess || !atomic_load(&call_out->backup->is_stopped))
        return err;
    err = ese_raise(JET_errBackupAbortByServer, "the backup was stopped");
    (void)ese_api__external_leave(call_out, err);
    return JET_errBackupAbortByServer;
}

JET_ERR
ese_api__external_leave(const ese_api__external *call, JET_ERR err)
{
    ese_os_mutex_unlock(&call->backup->lock);
    return ese_api_leave_instance(call->instance, err);
}

/* ---- Lists of names ---- */

/* Bytes of all names in the form of the caller, with their ends. */
static JET_ERR
measure(const ese_api__names *names, ese_api_text_form form, size_t *size_out)
{
    size_t size = 1;
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < names->n; i++) {
        size_t n = strlen(names->items[i]);

        if (form == ESE_API_TEXT_W)
            ESE_TRY(ese_utf8_to_utf16(names->items[i], n, NULL, 0, &n));
        size += n + 1;
    }
    if (names->n == 0)
        size++;
    *size_out = form == ESE_API_TEXT_W ? size * sizeof(char16_t) : size;
out:
    return err;
}

static JET_ERR
put(const ese_api__names *names, ese_api_text_form form, uint8_t *to)
{
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < names->n; i++) {
        size_t n = strlen(names->items[i]);

        if (form == ESE_API_TEXT_W) {
            ESE_TRY(ese_utf8_to_utf16(names->items[i], n, (char16_t *)(void *)to, n, &n));
            to += (n + 1) * sizeof(char16_t);
        } else {
            memcpy(to, names->items[i], n);
            to += n + 1;
        }
    }
out:
    return err;
}

JET_ERR
ese_api__names_give(const ese_api__names *names, const ese_api__names_place *place)
{
    uint8_t *all = NULL;
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(measure(names, place->form, &size));
    ESE_TRY(ese_alloc(size, &all));
    ESE_TRY(put(names, place->form, all));
    if (place->actual != NULL)
        *place->actual = (uint32_t)size;
    if (place->to != NULL && place->room < size)
        ESE_TRY(ese_raise(JET_errBufferTooSmall, "%u bytes are too few for %zu",
                          (unsigned)place->room, size));
    if (place->to != NULL)
        memcpy(place->to, all, size);
out:
    ese_free(&all);
    return err;
}

JET_ERR
ese_api__names_add(ese_api__names *names, const char *name)
{
    JET_ERR err;

    ESE_TRY(ese_realloc((names->n + 1) * sizeof *names->items, &names->items));
    ESE_TRY(ese_alloc_copy(name, strlen(name) + 1, &names->items[names->n]));
    names->n++;
out:
    return err;
}

void
ese_api__names_free(ese_api__names *names)
{
    for (size_t i = 0; i < names->n; i++)
        ese_free(&names->items[i]);
    ese_free(&names->items);
    names->n = 0;
}

/* ---- Begin and end ---- */

JET_ERR JET_API
JetBeginExternalBackupInstance(JET_INSTANCE handle, JET_GRBIT grbit)
{
    const ese_api__backup_begin how = {.is_incremental = (grbit & JET_bitBackupIncremental) != 0};
    ese_api_instance *instance = NULL;
    ese_api_backup *backup = NULL;
    JET_ERR err = ese_api_enter_instance(handle, ESE_API_ORDINARY, &instance);

    if (err < JET_errSuccess)
        return err;
    if (grbit & ~JET_bitBackupIncremental)
        err = ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)grbit);
    else
        err = ese_api__backup_start(instance, &how, &backup);
    return ese_api_leave_instance(instance, err);
}

JET_ERR JET_API
JetBeginExternalBackup(JET_GRBIT grbit)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetBeginExternalBackupInstance(0, grbit);
}

/* A backup that was stopped has no good end. */
static JET_ERR
finish(ese_api_backup *backup, bool is_abort)
{
    bool is_whole = !is_abort && ese_api__backup_is_complete(backup);
    JET_ERR err = JET_errSuccess;

    if (!is_abort && atomic_load(&backup->is_stopped)) {
        err = ese_raise(JET_errBackupAbortByServer, "the backup was stopped");
        is_whole = false;
    }
    if (is_whole)
        err = ese_api__backup_register(backup);
    ese_api__backup_finish(backup, !is_whole);
    return err;
}

JET_ERR JET_API
JetEndExternalBackupInstance2(JET_INSTANCE handle, JET_GRBIT grbit)
{
    const JET_GRBIT known =
        JET_bitBackupEndNormal | JET_bitBackupEndAbort | JET_bitBackupTruncateDone;
    ese_api__external call;
    JET_ERR err = ese_api__external_enter(handle, &call);

    if (err < JET_errSuccess)
        return err;
    if (grbit & ~known)
        err = ese_raise(JET_errInvalidGrbit, "unknown options %x", (unsigned)(grbit & ~known));
    else
        err = finish(call.backup, (grbit & JET_bitBackupEndAbort) != 0);
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetEndExternalBackupInstance(JET_INSTANCE handle)
{
    return JetEndExternalBackupInstance2(handle, JET_bitBackupEndNormal);
}

JET_ERR JET_API
JetEndExternalBackup(void)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetEndExternalBackupInstance(0);
}

/* Nothing to stop is fine, before JetInit, too. */
JET_ERR JET_API
JetStopBackupInstance(JET_INSTANCE handle)
{
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ese_err_clear();
    err = ese_api__registry_find(ese_api__registry_lock(), handle, &instance);
    if (err >= JET_errSuccess && instance->backup != NULL)
        atomic_store(&instance->backup->is_stopped, true);
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetStopBackup(void)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode : JetStopBackupInstance(0);
}

/* ---- Which databases ---- */

static JET_ERR
list_databases(const ese_api_backup *backup, const ese_api__names_place *place)
{
    ese_api__names names = {NULL, 0};
    JET_ERR err = JET_errSuccess;

    if (backup->is_incremental)
        return ese_raise(JET_errInvalidBackupSequence, "an incremental backup reads no database");
    for (unsigned i = 0; i < backup->n_databases; i++)
        ESE_TRY(ese_api__names_add(&names, backup->databases[i].database->full_path));
    ESE_TRY(ese_api__names_give(&names, place));
out:
    ese_api__names_free(&names);
    return err;
}

static JET_ERR
get_attach_info(JET_INSTANCE handle, const ese_api__names_place *place)
{
    ese_api__external call;
    JET_ERR err = ese_api__external_enter_going(handle, &call);

    if (err >= JET_errSuccess)
        err = ese_api__external_leave(&call, list_databases(call.backup, place));
    return err;
}

JET_ERR JET_API
JetGetAttachInfoInstanceA(JET_INSTANCE handle, JET_PSTR szzDatabases, uint32_t cbMax,
                          uint32_t *pcbActual)
{
    return get_attach_info(handle,
                           &(ese_api__names_place){szzDatabases, cbMax, pcbActual, ESE_API_TEXT_A});
}

JET_ERR JET_API
JetGetAttachInfoInstanceW(JET_INSTANCE handle, JET_PWSTR szzDatabases, uint32_t cbMax,
                          uint32_t *pcbActual)
{
    return get_attach_info(handle,
                           &(ese_api__names_place){szzDatabases, cbMax, pcbActual, ESE_API_TEXT_W});
}

JET_ERR JET_API
JetGetAttachInfoA(JET_PSTR szzDatabases, uint32_t cbMax, uint32_t *pcbActual)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetGetAttachInfoInstanceA(0, szzDatabases, cbMax, pcbActual);
}

JET_ERR JET_API
JetGetAttachInfoW(JET_PWSTR wszzDatabases, uint32_t cbMax, uint32_t *pcbActual)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetGetAttachInfoInstanceW(0, wszzDatabases, cbMax, pcbActual);
}
