/*
 * System parameters: what api_param.def says, and sets of values. Which set a call means, and whether it may
 * change it, is decided in api_param_call.c.
 */
#include "api/api_private.h"

#include "base/alloc.h"

#include <inttypes.h>

#define COMMIT_BITS                                                                                \
    (JET_bitCommitLazyFlush | JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit |           \
     JET_bitForceNewLog)

static const ese_api__param rows[JET_paramMaxValueInvalid] = {
#define ESE_PARAM(symbol, type, initial, min, max, scope, when)                                    \
    [symbol] = {#symbol, ESE_API__PARAM_##type, initial,        NULL, min,                         \
                max,     ESE_API__##scope,      ESE_API__##when},
#define ESE_PARAM_TEXT(symbol, type, initial, min, max, scope, when)                               \
    [symbol] = {#symbol,          ESE_API__PARAM_##type, 0, initial, min, max,                     \
                ESE_API__##scope, ESE_API__##when},
#include "api/api_param.def"
#undef ESE_PARAM
#undef ESE_PARAM_TEXT
};

const ese_api__param *
ese_api__param_find(uint32_t paramid)
{
    if (paramid >= JET_paramMaxValueInvalid || rows[paramid].type == ESE_API__PARAM_NONE)
        return NULL;
    return &rows[paramid];
}

void
ese_api__params_init(ese_api__params *params)
{
    for (uint32_t i = 0; i < JET_paramMaxValueInvalid; i++) {
        atomic_init(&params->values[i].integer, rows[i].initial);
        params->values[i].text = NULL;
    }
}

JET_ERR
ese_api__params_copy(ese_api__params *to, const ese_api__params *from)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < JET_paramMaxValueInvalid; i++) {
        const char *text = from->values[i].text;

        atomic_store(&to->values[i].integer, atomic_load(&from->values[i].integer));
        if (text != NULL)
            ESE_TRY(ese_alloc_copy(text, strlen(text) + 1, &to->values[i].text));
    }
out:
    return err;
}

void
ese_api__params_destroy(ese_api__params *params)
{
    for (uint32_t i = 0; i < JET_paramMaxValueInvalid; i++)
        ese_free(&params->values[i].text);
}

const char *
ese_api__params_text(const ese_api__params *params, uint32_t paramid)
{
    const char *text = params->values[paramid].text;

    return text != NULL ? text : rows[paramid].initial_text;
}

uint64_t
ese_api__params_integer(const ese_api__params *params, uint32_t paramid)
{
    return atomic_load_explicit(&params->values[paramid].integer, memory_order_relaxed);
}

static JET_ERR
frozen(const ese_api__param *row)
{
    return ese_raise(JET_errAlreadyInitialized, "%s cannot be changed any more", row->name);
}

/* ---- Integers --------------------------------------------------------------------------------------- */

static bool
is_allowed(const ese_api__param *row, uint64_t value)
{
    if (row->type == ESE_API__PARAM_FLAGS)
        return (value & ~row->max) == 0;
    if (row->type == ESE_API__PARAM_POWER && (value & (value - 1)) != 0)
        return false;
    if (row->type == ESE_API__PARAM_INTEGER_NOT_ONE && value == 1)
        return false;
    return value >= row->min && value <= row->max;
}

/* The value that `integer`, as the caller gave it, stands for. */
static JET_ERR
read_integer(const ese_api__param *row, uint64_t integer, uint64_t *value_out)
{
    *value_out = row->type == ESE_API__PARAM_BOOLEAN ? integer != 0 : integer;
    if (row->type == ESE_API__PARAM_UNICODE) {
        const JET_UNICODEINDEX *index = (const JET_UNICODEINDEX *)(uintptr_t)integer;

        if (index == NULL)
            return ese_raise(JET_errInvalidParameter, "%s needs a JET_UNICODEINDEX", row->name);
        *value_out = index->lcid | (uint64_t)index->dwMapFlags << 32;
    }
    return JET_errSuccess;
}

static JET_ERR
check_range(const ese_api__param *row, uint64_t value)
{
    if (is_allowed(row, value))
        return JET_errSuccess;
    return ese_raise(row->type == ESE_API__PARAM_TUPLE_LIMIT ? JET_errIndexTuplesInvalidLimits
                                                             : JET_errInvalidParameter,
                     "%s cannot be %" PRIu64 ": it is %" PRIu64 " to %" PRIu64, row->name, value,
                     row->min, row->max);
}

JET_ERR
ese_api__param_check(const ese_api__param *row, uint64_t integer, uint64_t *value_out)
{
    uint64_t value = 0;
    JET_ERR err = read_integer(row, integer, &value);

    if (err >= JET_errSuccess)
        err = check_range(row, value);
    if (err >= JET_errSuccess)
        *value_out = value;
    return err;
}

static JET_ERR
set_integer(ese_api__params *params, const ese_api__param_wish *wish, bool is_frozen)
{
    const ese_api__param *row = &rows[wish->paramid];
    uint64_t value = 0;
    JET_ERR err = read_integer(row, wish->integer, &value);

    if (err >= JET_errSuccess && is_frozen &&
        value != ese_api__params_integer(params, wish->paramid))
        err = frozen(row);
    if (err >= JET_errSuccess)
        err = check_range(row, value);
    if (err >= JET_errSuccess)
        atomic_store_explicit(&params->values[wish->paramid].integer, value, memory_order_relaxed);
    return err;
}

/* ---- Text ------------------------------------------------------------------------------------------- */

static JET_ERR
copy_text(const ese_api__param *row, const char *text, char **copy_out)
{
    size_t n = strlen(text);
    bool needs_separator = row->type == ESE_API__PARAM_FOLDER && n != 0 && text[n - 1] != '/';
    JET_ERR err = ese_alloc(n + 2, copy_out);

    if (err < JET_errSuccess)
        return err;
    memcpy(*copy_out, text, n);
    if (needs_separator)
        (*copy_out)[n] = '/';
    return JET_errSuccess;
}

static JET_ERR
set_text(ese_api__params *params, const ese_api__param_wish *wish, bool is_frozen)
{
    JET_ERR err = JET_errSuccess;
    const ese_api__param *row = &rows[wish->paramid];
    const char *text = wish->text != NULL ? wish->text : "";
    ese_api__param_value *value = &params->values[wish->paramid];
    char *copy = NULL;
    size_t n_units = 0;

    ESE_TRY(ese_api__wide_length(text, &n_units));
    ESE_TRY(copy_text(row, text, &copy));
    if (is_frozen) { /* the text in force may be read by an instance that starts: it stays where it is */
        if (strcmp(copy, ese_api__params_text(params, wish->paramid)) != 0)
            err = frozen(row);
        goto out;
    }
    if (n_units < row->min || n_units > row->max)
        ESE_TRY(ese_raise(JET_errInvalidParameter,
                          "%s cannot be %zu characters long: it is %" PRIu64 " to %" PRIu64,
                          row->name, n_units, row->min, row->max));
    if (strcmp(copy, row->initial_text) == 0)
        ese_free(&copy); /* the initial text takes no memory */
    ese_free(&value->text);
    value->text = copy;
    copy = NULL;
out:
    ese_free(&copy);
    return err;
}

JET_ERR
ese_api__params_set(ese_api__params *params, const ese_api__param_wish *wish, bool is_frozen)
{
    const ese_api__param *row = ese_api__param_find(wish->paramid);

    if (row == NULL)
        return ese_raise(JET_errInvalidParameter, "there is no system parameter %" PRIu32,
                         wish->paramid);
    if (row->when == ESE_API__NEVER)
        return ese_raise(JET_errInvalidParameter, "%s can only be read", row->name);
    return row->initial_text != NULL ? set_text(params, wish, is_frozen)
                                     : set_integer(params, wish, is_frozen);
}
