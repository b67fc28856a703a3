/*
 * Fault injection. Armed through ese_fault_arm of ese.h from any language; costs one relaxed atomic
 * load per fault point while nothing is armed. Fault points stand on slow paths only (allocation,
 * file I/O, ...).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum ese_fault {
#define ESE_FAULT(name, text) ESE_FAULT_POINT_##name,
#include "base/fault.def"
#undef ESE_FAULT
    ESE_FAULT_POINT_COUNT
} ese_fault;

/* Makes the nth passage (1 = the next) of `fault`, counted over all threads, and every later one if
 * `repeat`, fail. 0 disarms. */
void ese_fault_set(ese_fault fault, uint64_t nth, bool repeat);

/* True when this passage must fail. */
bool ese_fault_hit(ese_fault fault);

/* True while `fault` is armed; does not count as a passage. */
bool ese_fault_is_armed(ese_fault fault);
