/* A gate: many inside at a time, or nobody. */
#include "os/os_gate.h"

void
ese_os_gate_init(ese_os_gate *gate)
{
    ese_os_mutex_init(&gate->mutex);
    ese_os_cond_init(&gate->change);
    gate->n_inside = gate->n_closed = 0;
}

void
ese_os_gate_destroy(ese_os_gate *gate)
{
    ese_os_cond_destroy(&gate->change);
    ese_os_mutex_destroy(&gate->mutex);
}

void
ese_os_gate_enter(ese_os_gate *gate)
{
    if (gate == NULL)
        return;
    ese_os_mutex_lock(&gate->mutex);
    while (gate->n_closed != 0)
        ese_os_cond_wait(&gate->change, &gate->mutex);
    gate->n_inside++;
    ese_os_mutex_unlock(&gate->mutex);
}

void
ese_os_gate_leave(ese_os_gate *gate)
{
    if (gate == NULL)
        return;
    ese_os_mutex_lock(&gate->mutex);
    if (--gate->n_inside == 0 && gate->n_closed != 0)
        ese_os_cond_broadcast(&gate->change);
    ese_os_mutex_unlock(&gate->mutex);
}

void
ese_os_gate_close(ese_os_gate *gate)
{
    ese_os_mutex_lock(&gate->mutex);
    gate->n_closed++;
    while (gate->n_inside != 0)
        ese_os_cond_wait(&gate->change, &gate->mutex);
    ese_os_mutex_unlock(&gate->mutex);
}

void
ese_os_gate_open(ese_os_gate *gate)
{
    ese_os_mutex_lock(&gate->mutex);
    gate->n_closed--;
    ese_os_cond_broadcast(&gate->change);
    ese_os_mutex_unlock(&gate->mutex);
}
