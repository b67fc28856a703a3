/*
 * The constants of the public headers by name: a table that gen_constants.py makes when the modules are built.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct ese_model_constant {
    const char *name; /* NULL ends the table */
    int64_t value;
    int is_positive; /* then the value is (uint64_t)value */
} ese_model_constant;

extern const ese_model_constant ese_model_constants[];
