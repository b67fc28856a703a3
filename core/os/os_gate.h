/*
 * A gate before the files of an instance: who changes them goes through it, and while it is closed nobody does. Not for a thread that is inside already.
 */
#pragma once

#include "os/os_thread.h"

typedef struct ese_os_gate {
    ese_os_mutex mutex;
    ese_os_cond change;
    unsigned n_inside;
    unsigned n_closed; /* how often it was closed and not opened yet */
} ese_os_gate;

void ese_os_gate_init(ese_os_gate *gate);
void ese_os_gate_destroy(ese_os_gate *gate); /* nobody is inside, or waits */

/* Waits while it is closed. NULL is fine. */
void ese_os_gate_enter(ese_os_gate *gate);
void ese_os_gate_leave(ese_os_gate *gate);

/* Lets nobody in any more, and returns when nobody is inside. */
void ese_os_gate_close(ese_os_gate *gate);
void ese_os_gate_open(ese_os_gate *gate);
