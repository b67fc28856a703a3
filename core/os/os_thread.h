/*
 * Threads, as far as the engine needs them: mutual exclusion, waiting for a condition, a steady clock.
 *
 * The types are complete so that they can be members and statics; only core/os looks inside. Misuse
 * (unlocking what is not held, destroying what is in use) is a programming error and asserted.
 */
#pragma once

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ese_os_mutex {
    pthread_mutex_t native;
} ese_os_mutex;

typedef struct ese_os_cond {
    pthread_cond_t native;
} ese_os_cond;

/* Initialisers of objects with static storage duration, which are never destroyed. */
#define ESE_OS_MUTEX_INIT                                                                          \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }
#define ESE_OS_COND_INIT                                                                           \
    {                                                                                              \
        PTHREAD_COND_INITIALIZER                                                                   \
    }

/* Not recursive. */
void ese_os_mutex_init(ese_os_mutex *mutex);
void ese_os_mutex_lock(ese_os_mutex *mutex);
bool ese_os_mutex_try_lock(ese_os_mutex *mutex); /* false: somebody has it */
void ese_os_mutex_unlock(ese_os_mutex *mutex);
void ese_os_mutex_destroy(ese_os_mutex *mutex); /* nobody holds it */

void ese_os_cond_init(ese_os_cond *cond);

/* Releases `mutex`, waits, takes it again. Wakes without a broadcast too: wait in a loop over the condition. */
void ese_os_cond_wait(ese_os_cond *cond, ese_os_mutex *mutex);

/* The same, for `ns` nanoseconds at most. False: the time is over. */
bool ese_os_cond_wait_for(ese_os_cond *cond, ese_os_mutex *mutex, uint64_t ns);
void ese_os_cond_broadcast(ese_os_cond *cond);
void ese_os_cond_signal(ese_os_cond *cond);  /* wakes one of those who wait, at least */
void ese_os_cond_destroy(ese_os_cond *cond); /* nobody waits */

typedef struct ese_os_thread {
    pthread_t native;
} ese_os_thread;

/* Runs `body` with `argument` in a thread that no signal of the process goes to. JET_errOutOfThreads. */
JET_ERR ese_os_thread_start(ese_os_thread *thread, void *(*body)(void *), void *argument);
void ese_os_thread_join(ese_os_thread *thread); /* waits for its end; once */

/* Lets another thread run. */
void ese_os_yield(void);

/* Nanoseconds since some fixed moment; never goes back. */
uint64_t ese_os_now_ns(void);

/* A number of the calling thread: never 0, never given to a second thread of this process. */
uint64_t ese_os_thread_id(void);
