#include "base/fault.h"

#include <stdatomic.h>

/* remaining: 0 = disarmed, n = the nth passage fails. Relaxed is enough: the tests that arm a fault
 * order it themselves. */
static struct {
    _Atomic uint64_t remaining;
    _Atomic bool repeat;
} plans[ESE_FAULT_POINT_COUNT];

void
ese_fault_set(ese_fault fault, uint64_t nth, bool repeat)
{
    atomic_store(&plans[fault].repeat, repeat);
    atomic_store(&plans[fault].remaining, nth);
}

bool
ese_fault_is_armed(ese_fault fault)
{
    return atomic_load_explicit(&plans[fault].remaining, memory_order_relaxed) != 0;
}

bool
ese_fault_hit(ese_fault fault)
{
    uint64_t n = atomic_load_explicit(&plans[fault].remaining, memory_order_relaxed);

    while (n != 0) {
        uint64_t next = n == 1 && atomic_load(&plans[fault].repeat) ? 1 : n - 1;

        if (atomic_compare_exchange_weak(&plans[fault].remaining, &n, next))
            return n == 1;
    }
    return false;
}
