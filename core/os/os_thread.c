#define _POSIX_C_SOURCE 200809L

#include "os/os_thread.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
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

bool
ese_os_mutex_try_lock(ese_os_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->native) == 0;
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

/* The clock of the day, which is what conditions go by: when it is set, one wait is shorter or longer. */
bool
ese_os_cond_wait_for(ese_os_cond *cond, ese_os_mutex *mutex, uint64_t ns)
{
    const uint64_t second = 1000000000u;
    struct timespec until = {0};
    uint64_t sum;
    int rc;

    expect_success(clock_gettime(CLOCK_REALTIME, &until));
    sum = (uint64_t)until.tv_nsec + ns;
    until.tv_sec += (time_t)(sum / second);
    until.tv_nsec = (long)(sum % second);
    rc = pthread_cond_timedwait(&cond->native, &mutex->native, &until);
    assert(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void
ese_os_cond_broadcast(ese_os_cond *cond)
{
    expect_success(pthread_cond_broadcast(&cond->native));
}

void
ese_os_cond_signal(ese_os_cond *cond)
{
    expect_success(pthread_cond_signal(&cond->native));
}

void
ese_os_cond_destroy(ese_os_cond *cond)
{
    expect_success(pthread_cond_destroy(&cond->native));
}

JET_ERR
ese_os_thread_start(ese_os_thread *thread, void *(*body)(void *), void *argument)
{
    sigset_t all;
    sigset_t before;
    int rc;

    sigfillset(&all);
    expect_success(pthread_sigmask(SIG_SETMASK, &all, &before));
    rc = pthread_create(&thread->native, NULL, body, argument);
    expect_success(pthread_sigmask(SIG_SETMASK, &before, NULL));
    if (rc != 0)
        return ese_raise(JET_errOutOfThreads, "no thread could be started (error %d)", rc);
    return JET_errSuccess;
}

void
ese_os_thread_join(ese_os_thread *thread)
{
    expect_success(pthread_join(thread->native, NULL));
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
