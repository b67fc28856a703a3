/* Logs of a backup that a program makes step by step: which belong to it, which can go afterwards. */
#include "api/api_external_backup.h"

#include "base/alloc.h"

/* Generations from `low` to `high`; paths of those that are there. */
static JET_ERR
list_logs(const ese_api_backup *backup, int32_t low, int32_t high,
          const ese_api__names_place *place)
{
    const ese_api_log *log = backup->instance->log;
    const char *base = ese_api__params_text(&backup->instance->params, JET_paramBaseName);
    ese_api__names names = {NULL, 0};
    ese_log_set *set = NULL;
    JET_ERR err;

    ESE_TRY(ese_log_set_open(log->log_path, base, &set));
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        ese_log_member member = ese_log_set_member(set, i);

        if (member.generation >= low && member.generation <= high && member.generation != 0)
            ESE_TRY(ese_api__names_add(&names, member.path));
    }
    ESE_TRY(ese_api__names_give(&names, place));
out:
    ese_log_set_close(&set);
    ese_api__names_free(&names);
    return err;
}

/* From now on no database can be read any more. */
static JET_ERR
begin_logs(ese_api_backup *backup)
{
    JET_ERR err = JET_errSuccess;

    if (backup->state == ESE_API__BACKUP_LOGS)
        return err;
    ESE_TRY(ese_api__backup_close_log(backup));
    backup->state = ESE_API__BACKUP_LOGS;
out:
    return err;
}

/* ---- JetGetLogInfo ---- */

typedef struct log_info {
    uint32_t low, high;
    char base[JET_BASE_NAME_LENGTH + 1];
} log_info;

static JET_ERR
get_log_info(JET_INSTANCE handle, const ese_api__names_place *place, log_info *info_out)
{
    ese_api__external call;
    ese_api_backup *backup;
    JET_ERR err = ese_api__external_enter_going(handle, &call);

    if (err < JET_errSuccess)
        return err;
    backup = call.backup;
    ESE_TRY(begin_logs(backup));
    ESE_TRY(list_logs(backup, (int32_t)backup->mark.generation_low,
                      (int32_t)backup->mark.generation_high, place));
    *info_out =
        (log_info){.low = backup->mark.generation_low, .high = backup->mark.generation_high};
    strncpy(info_out->base, ese_api__params_text(&call.instance->params, JET_paramBaseName),
            JET_BASE_NAME_LENGTH);
out:
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetGetLogInfoInstance2A(JET_INSTANCE instance, JET_PSTR szzLogs, uint32_t cbMax,
                        uint32_t *pcbActual, JET_LOGINFO_A *pLogInfo)
{
    const ese_api__names_place place = {szzLogs, cbMax, pcbActual, ESE_API_TEXT_A};
    log_info info = {0};
    JET_ERR err;

    ese_err_clear();
    if (pLogInfo != NULL && pLogInfo->cbSize != sizeof *pLogInfo)
        return ese_raise(JET_errInvalidParameter, "cbSize of the structure is %u",
                         (unsigned)pLogInfo->cbSize);
    err = get_log_info(instance, &place, &info);
    if (err >= JET_errSuccess && pLogInfo != NULL) {
        pLogInfo->ulGenLow = info.low;
        pLogInfo->ulGenHigh = info.high;
        memcpy(pLogInfo->szBaseName, info.base, sizeof info.base);
    }
    return err;
}

JET_ERR JET_API
JetGetLogInfoInstance2W(JET_INSTANCE instance, JET_PWSTR wszzLogs, uint32_t cbMax,
                        uint32_t *pcbActual, JET_LOGINFO_W *pLogInfo)
{
    const ese_api__names_place place = {wszzLogs, cbMax, pcbActual, ESE_API_TEXT_W};
    log_info info = {0};
    JET_ERR err;

    ese_err_clear();
    if (pLogInfo != NULL && pLogInfo->cbSize != sizeof *pLogInfo)
        return ese_raise(JET_errInvalidParameter, "cbSize of the structure is %u",
                         (unsigned)pLogInfo->cbSize);
    err = get_log_info(instance, &place, &info);
    if (err >= JET_errSuccess && pLogInfo != NULL) {
        pLogInfo->ulGenLow = info.low;
        pLogInfo->ulGenHigh = info.high;
        for (unsigned i = 0; i <= JET_BASE_NAME_LENGTH; i++)
            pLogInfo->szBaseName[i] = (unsigned char)info.base[i];
    }
    return err;
}

JET_ERR JET_API
JetGetLogInfoInstanceA(JET_INSTANCE instance, JET_PSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual)
{
    return JetGetLogInfoInstance2A(instance, szzLogs, cbMax, pcbActual, NULL);
}

JET_ERR JET_API
JetGetLogInfoInstanceW(JET_INSTANCE instance, JET_PWSTR wszzLogs, uint32_t cbMax,
                       uint32_t *pcbActual)
{
    return JetGetLogInfoInstance2W(instance, wszzLogs, cbMax, pcbActual, NULL);
}

JET_ERR JET_API
JetGetLogInfoA(JET_PSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetGetLogInfoInstance2A(0, szzLogs, cbMax, pcbActual, NULL);
}

JET_ERR JET_API
JetGetLogInfoW(JET_PWSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode
                               : JetGetLogInfoInstance2W(0, szzLogs, cbMax, pcbActual, NULL);
}

/* ---- Truncation ---- */

static JET_ERR
check_sequence(const ese_api_backup *backup)
{
    if (backup->state != ESE_API__BACKUP_LOGS)
        return ese_raise(JET_errInvalidBackupSequence,
                         "which logs can go is known after JetGetLogInfo");
    return JET_errSuccess;
}

static JET_ERR
get_truncate_info(JET_INSTANCE handle, const ese_api__names_place *place)
{
    ese_api__external call;
    JET_ERR err = ese_api__external_enter_going(handle, &call);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_sequence(call.backup));
    ESE_TRY(list_logs(call.backup, 1, ese_api__backup_keep_from(call.backup) - 1, place));
out:
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetGetTruncateLogInfoInstanceA(JET_INSTANCE instance, JET_PSTR szzLogs, uint32_t cbMax,
                               uint32_t *pcbActual)
{
    return get_truncate_info(instance,
                             &(ese_api__names_place){szzLogs, cbMax, pcbActual, ESE_API_TEXT_A});
}

JET_ERR JET_API
JetGetTruncateLogInfoInstanceW(JET_INSTANCE instance, JET_PWSTR wszzLogs, uint32_t cbMax,
                               uint32_t *pcbActual)
{
    return get_truncate_info(instance,
                             &(ese_api__names_place){wszzLogs, cbMax, pcbActual, ESE_API_TEXT_W});
}

JET_ERR JET_API
JetTruncateLogInstance(JET_INSTANCE instance)
{
    ese_api__external call;
    JET_ERR err = ese_api__external_enter_going(instance, &call);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_sequence(call.backup));
    ESE_TRY(ese_api__backup_truncate(call.backup));
out:
    return ese_api__external_leave(&call, err);
}

JET_ERR JET_API
JetTruncateLog(void)
{
    return ese_api__is_multi() ? JET_errRunningInMultiInstanceMode : JetTruncateLogInstance(0);
}
