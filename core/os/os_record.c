#include "os/os_record.h"

#include "os/os_private.h"
#include "os/os_thread.h"

#include <stdatomic.h>

/* Process-wide as the files are, and only for tests. */
static struct {
    ese_os_mutex mutex;
    ese_os_recorder recorder; /* [lock: mutex] */
    _Atomic bool is_on;       /* [atomic: relaxed, a hint; the mutex orders] */
} record = {.mutex = ESE_OS_MUTEX_INIT};

void
ese_os_record(const ese_os_recorder *recorder)
{
    ese_os_mutex_lock(&record.mutex);
    record.recorder = recorder != NULL ? *recorder : (ese_os_recorder){0};
    atomic_store_explicit(&record.is_on, recorder != NULL, memory_order_relaxed);
    ese_os_mutex_unlock(&record.mutex);
}

bool
ese_os__record_begin(void)
{
    if (!atomic_load_explicit(&record.is_on, memory_order_relaxed))
        return false;
    ese_os_mutex_lock(&record.mutex);
    return true;
}

void
ese_os__record_end(bool is_begun, const ese_os_change *change)
{
    if (!is_begun)
        return;
    if (change != NULL && record.recorder.changed != NULL)
        record.recorder.changed(record.recorder.self, change);
    ese_os_mutex_unlock(&record.mutex);
}
