/* JetStopService and its kin: calls in flight end at once, only what closes things still works. */
#include "api/api_private.h"

enum {
    PARTIAL_STOPS = JET_bitStopServiceBackgroundUserTasks | JET_bitStopServiceQuiesceCaches,
};

/* Holds: registry. The partial stops concern background work, which a reader does not have. */
static JET_ERR
stop(ese_api_instance *instance, JET_GRBIT grbit)
{
    bool is_resume = (grbit & JET_bitStopServiceResume) != 0;

    switch ((ese_api__state)atomic_load(&instance->state)) {
    case ESE_API__CREATED: return JET_errNotInitialized;
    case ESE_API__STARTING: return JET_errInitInProgress;
    case ESE_API__RESTORING: return JET_errRestoreInProgress;
    case ESE_API__TERMINATING: return JET_errTermInProgress;
    case ESE_API__UNAVAILABLE: return JET_errInstanceUnavailable;
    case ESE_API__STOPPED: return is_resume ? JET_errClientRequestToStopJetService : JET_errSuccess;
    case ESE_API__RUNNING: break;
    }
    if (!is_resume && (grbit & PARTIAL_STOPS) == 0)
        atomic_store(&instance->state, ESE_API__STOPPED);
    return JET_errSuccess;
}

JET_ERR JET_API
JetStopServiceInstance2(JET_INSTANCE handle, JET_GRBIT grbit)
{
    ese_api_instance *instance = NULL;
    JET_ERR err;

    ese_err_clear();
    if ((grbit & ~(PARTIAL_STOPS | JET_bitStopServiceResume)) != 0)
        return JET_errInvalidGrbit;
    err = ese_api__registry_find(ese_api__registry_lock(), handle, &instance);
    if (err >= JET_errSuccess)
        err = stop(instance, grbit);
    ese_api__registry_unlock();
    return err;
}

JET_ERR JET_API
JetStopServiceInstance(JET_INSTANCE handle)
{
    return JetStopServiceInstance2(handle, JET_bitStopServiceAll);
}

JET_ERR JET_API
JetStopService(void)
{
    bool is_multi = ese_api__registry_lock()->mode == ESE_API__MODE_MANY;

    ese_api__registry_unlock();
    return is_multi ? JET_errRunningInMultiInstanceMode : JetStopServiceInstance2(0, 0);
}
