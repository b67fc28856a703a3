#define _POSIX_C_SOURCE 200809L

#include "os/os_thread.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

/* These calls fail only when they are misused: default mutexes and conditions take no resources on
 * Linux. */
static void
expect_success(int rc)
{
    assert(rc == 0);
    (void)rc;
}

void
ese_os_mutex_init(ese_os_mutex *mutex)
{
    expect_success(pthread_mutex_init(&mutex->native, NULL));
}

void
ese_os_mutex_lock(ese_os_mutex *mutex)
{
    expect_success(pthread_mutex_lock(&mutex->native));
}

void
ese_os_mutex_unlock(ese_os_mutex *mutex)
{
    expect_success(pthread_mutex_unlock(&mutex->native));
}

void
ese_os_mutex_destroy(ese_os_mutex *mutex)
{
    expect_success(pthread_mutex_destroy(&mutex->native));
}

void
ese_os_cond_init(ese_os_cond *cond)
{
    expect_success(pthread_cond_init(&cond->native, NULL));
}

void
ese_os_cond_wait(ese_os_cond *cond, ese_os_mutex *mutex)
{
    expect_success(pthread_cond_wait(&cond->native, &mutex->native));
}

void
ese_os_cond_broadcast(ese_os_cond *cond)
{
    expect_success(pthread_cond_broadcast(&cond->native));
}

void
ese_os_cond_destroy(ese_os_cond *cond)
{
    expect_success(pthread_cond_destroy(&cond->native));
}

void
ese_os_yield(void)
{
    expect_success(sched_yield());
}

uint64_t
ese_os_now_ns(void)
{
    struct timespec now = {0};

    expect_success(clock_gettime(CLOCK_MONOTONIC, &now));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
ese_os_thread_id(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t id;

    if (id == 0)
        id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return id;
}
