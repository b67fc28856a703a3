#include "lua_support.h"

#include "constants.h"

#include <lauxlib.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors --------------------------------------------------------------------------------------------- */

static const char *
category_name(JET_ERRCAT category)
{
    static const char *const names[] = {
        "Unknown",       "Error", "Operation", "Fatal", "IO",         "Resource",
        "Memory",        "Quota", "Disk",      "Data",  "Corruption", "Inconsistent",
        "Fragmentation", "Api",   "Usage",     "State", "Obsolete"};
    size_t i = (size_t)category;

    return i < sizeof names / sizeof names[0] ? names[i] : names[0];
}

void
ese_lua_set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value); /* nil for NULL */
    lua_setfield(L, -2, key);
}

void
ese_lua_set_integer(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

void
ese_lua_set_unsigned(lua_State *L, const char *key, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

void
ese_lua_set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void
push_error_fields(lua_State *L, JET_ERR err, const char *name, JET_ERRCAT category,
                  const char *message)
{
    lua_createtable(L, 0, 4);
    ese_lua_set_integer(L, "code", err);
    ese_lua_set_string(L, "name", name);
    ese_lua_set_string(L, "category", category_name(category));
    ese_lua_set_string(L, "message", message);
}

/* message (name code) */
static int
error_to_string(lua_State *L)
{
    lua_settop(L, 1);
    lua_getfield(L, 1, "message");
    lua_getfield(L, 1, "name");
    lua_getfield(L, 1, "code");
    lua_pushfstring(L, "%s (%s %I)", lua_tostring(L, 2) != NULL ? lua_tostring(L, 2) : "error",
                    lua_tostring(L, 3) != NULL ? lua_tostring(L, 3) : "error",
                    (LUAI_UACINT)lua_tointeger(L, 4));
    return 1;
}

static void
push_error(lua_State *L, JET_ERR err, const char *message)
{
    push_error_fields(L, err, ese_error_name(err), ese_error_category(err), message);
    if (luaL_newmetatable(L, "ese.Error")) {
        lua_pushcfunction(L, error_to_string);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
}

void
ese_lua_push_error(lua_State *L, JET_ERR err)
{
    if (!ese_lua_push_pending(L))
        push_error(L, err, ese_model_error_text(err));
}

ese_lua_pushed
ese_lua_make_error(lua_State *L, int32_t code, const char *message)
{
    push_error(L, code, message);
    return 1;
}

static void
add_error(void *context, JET_ERR err, const char *name, JET_ERRCAT category, const char *text)
{
    lua_State *L = context;

    push_error_fields(L, err, name, category, text);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

ese_lua_pushed
ese_lua_error_list(lua_State *L)
{
    lua_newtable(L);
    ese_error_list(L, add_error);
    return 1;
}

ese_lua_pushed
ese_lua_constants(lua_State *L)
{
    lua_newtable(L);
    for (const ese_model_constant *c = ese_model_constants; c->name != NULL; c++)
        ese_lua_set_integer(L, c->name, c->value);
    return 1;
}

/* ---- Plain values --------------------------------------------------------------------------------------- */

void
ese_lua_put_boolean(lua_State *L, bool value)
{
    lua_pushboolean(L, value);
}

void
ese_lua_put_integer(lua_State *L, int64_t value)
{
    lua_pushinteger(L, value);
}

void
ese_lua_put_unsigned(lua_State *L, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
}

void
ese_lua_put_bytes(lua_State *L, const void *data, size_t size)
{
    lua_pushlstring(L, data, size);
}

void
ese_lua_put_parameter(lua_State *L, const ese_model_parameter *parameter)
{
    lua_createtable(L, 0, 2);
    ese_lua_set_integer(L, "number", (int64_t)parameter->number);
    ese_lua_set_string(L, "text", parameter->text);
}

void
ese_lua_put_problem(lua_State *L, const ese_problem *problem)
{
    if (problem == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 4);
    ese_lua_set_integer(L, "page", problem->pgno);
    ese_lua_set_integer(L, "code", problem->err);
    ese_lua_set_string(L, "name", ese_error_name(problem->err));
    ese_lua_set_string(L, "text", problem->text);
}

/* ---- The header of a database --------------------------------------------------------------------------- */

/* A table as os.date("*t") has it, with msec and utc; nothing for "never". */
static void
set_time(lua_State *L, const char *key, const JET_LOGTIME *time)
{
    if (time->bMonth == 0 || time->bDay == 0)
        return;
    lua_createtable(L, 0, 8);
    ese_lua_set_integer(L, "year", 1900 + (uint8_t)time->bYear);
    ese_lua_set_integer(L, "month", time->bMonth);
    ese_lua_set_integer(L, "day", time->bDay);
    ese_lua_set_integer(L, "hour", time->bHours);
    ese_lua_set_integer(L, "min", time->bMinutes);
    ese_lua_set_integer(L, "sec", time->bSeconds);
    ese_lua_set_integer(L, "msec", time->bMillisecondsHigh << 7 | time->bMillisecondsLow);
    ese_lua_set_boolean(L, "utc", time->fTimeIsUTC);
    lua_setfield(L, -2, key);
}

static void
set_signature(lua_State *L, const char *key, const JET_SIGNATURE *signature)
{
    const char *name = signature->szComputerName;
    const char *nul = memchr(name, '\0', sizeof signature->szComputerName);

    lua_createtable(L, 0, 3);
    ese_lua_set_integer(L, "random", signature->ulRandom);
    set_time(L, "created", &signature->logtimeCreate);
    lua_pushlstring(L, name, nul != NULL ? (size_t)(nul - name) : sizeof signature->szComputerName);
    lua_setfield(L, -2, "computer");
    lua_setfield(L, -2, key);
}

void
ese_lua_put_info(lua_State *L, const JET_DBINFOMISC4 *info, uint64_t n_bytes)
{
    lua_createtable(L, 0, 20);
    ese_lua_set_integer(L, "size", (int64_t)n_bytes);
    ese_lua_set_integer(L, "page_size", info->cbPageSize);
    ese_lua_set_integer(L, "version", info->ulVersion);
    ese_lua_set_integer(L, "update", info->ulUpdate);
    ese_lua_set_integer(L, "state", info->dbstate);
    ese_lua_set_integer(L, "windows_major", info->dwMajorVersion);
    ese_lua_set_integer(L, "windows_minor", info->dwMinorVersion);
    ese_lua_set_integer(L, "windows_build", info->dwBuildNumber);
    ese_lua_set_integer(L, "generation_min_required", info->genMinRequired);
    ese_lua_set_integer(L, "generation_max_required", info->genMaxRequired);
    ese_lua_set_integer(L, "generation_committed", info->genCommitted);
    ese_lua_set_integer(L, "repair_count", info->ulRepairCount);
    ese_lua_set_integer(L, "checksum_errors", info->ulBadChecksum);
    ese_lua_set_integer(L, "corrected_errors", info->ulECCFixSuccess);
    ese_lua_set_integer(L, "uncorrected_errors", info->ulECCFixFail);
    set_signature(L, "signature", &info->signDb);
    set_signature(L, "log_signature", &info->signLog);
    set_time(L, "consistent_time", &info->logtimeConsistent);
    set_time(L, "attach_time", &info->logtimeAttach);
    set_time(L, "detach_time", &info->logtimeDetach);
}

/* ---- Schema --------------------------------------------------------------------------------------------- */

void
ese_lua_put_tables(lua_State *L, const ese_model_table_info *tables, uint32_t n)
{
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 2);
        ese_lua_set_string(L, "name", tables[i].name);
        ese_lua_set_integer(L, "flags", tables[i].flags);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void
ese_lua_put_columns(lua_State *L, const ese_column_info *columns, uint32_t n)
{
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        const ese_column_info *c = &columns[i];

        lua_createtable(L, 0, 8);
        ese_lua_set_string(L, "name", c->name);
        ese_lua_set_integer(L, "id", c->columnid);
        ese_lua_set_integer(L, "type", c->coltyp);
        ese_lua_set_integer(L, "code_page", c->cp);
        ese_lua_set_integer(L, "size", c->size_max);
        ese_lua_set_integer(L, "flags", c->grbit);
        ese_lua_set_boolean(L, "multi_valued", (c->grbit & JET_bitColumnMultiValued) != 0);
        if (c->default_size > 0) {
            lua_pushlstring(L, c->default_value, c->default_size);
            lua_setfield(L, -2, "default");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void
set_index_columns(lua_State *L, const char *key, const char *flag,
                  const ese_model_index_column *columns, uint32_t n)
{
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 2);
        ese_lua_set_string(L, "column", columns[i].name);
        ese_lua_set_boolean(L, flag,
                            flag[0] == 'd' ? columns[i].is_descending : columns[i].must_be_null);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, key);
}

static void
set_tuple_limits(lua_State *L, const JET_TUPLELIMITS *limits)
{
    lua_createtable(L, 0, 5);
    ese_lua_set_integer(L, "length_min", limits->chLengthMin);
    ese_lua_set_integer(L, "length_max", limits->chLengthMax);
    ese_lua_set_integer(L, "to_index_max", limits->chToIndexMax);
    ese_lua_set_integer(L, "increment", limits->cchIncrement);
    ese_lua_set_integer(L, "start", limits->ichStart);
    lua_setfield(L, -2, "tuple_limits");
}

static void
put_index(lua_State *L, const ese_model_index_info *index)
{
    lua_createtable(L, 0, 14);
    ese_lua_set_string(L, "name", index->name);
    ese_lua_set_integer(L, "flags", index->grbit);
    ese_lua_set_boolean(L, "primary", (index->grbit & JET_bitIndexPrimary) != 0);
    ese_lua_set_boolean(L, "unique",
                        (index->grbit & (JET_bitIndexPrimary | JET_bitIndexUnique)) != 0);
    ese_lua_set_boolean(L, "conditional", index->n_conditions > 0);
    ese_lua_set_string(L, "locale", index->locale);
    ese_lua_set_integer(L, "lcid", index->lcid);
    ese_lua_set_integer(L, "map_flags", index->map_flags);
    ese_lua_set_integer(L, "key_most", index->key_most);
    ese_lua_set_integer(L, "density", index->density);
    set_index_columns(L, "segments", "descending", index->segments, index->n_segments);
    set_index_columns(L, "conditions", "must_be_null", index->conditions, index->n_conditions);
    if (index->tuple_limits.chLengthMax > 0)
        set_tuple_limits(L, &index->tuple_limits);
}

void
ese_lua_put_indexes(lua_State *L, const ese_model_index_info *indexes, uint32_t n)
{
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        put_index(L, &indexes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* ---- Inputs --------------------------------------------------------------------------------------------- */

bool
ese_lua_get_integer(lua_State *L, int at, int64_t min, int64_t max, int64_t *integer_out)
{
    lua_Integer integer = lua_tointeger(L, at);

    if (!lua_isinteger(L, at) || integer < min || integer > max) {
        lua_pushfstring(L, "argument %d is no integer in range", at - 1);
        return false;
    }
    *integer_out = integer;
    return true;
}

bool
ese_lua_get_text(lua_State *L, int at, const char **text_out)
{
    size_t size = 0;

    if (lua_isnoneornil(L, at)) {
        *text_out = NULL;
        return true;
    }
    if (lua_type(L, at) == LUA_TSTRING)
        *text_out = lua_tolstring(L, at, &size);
    if (lua_type(L, at) != LUA_TSTRING || strlen(*text_out) != size) {
        lua_pushfstring(L, "argument %d is no string, or has a zero byte", at - 1);
        return false;
    }
    return true;
}

bool
ese_lua_get_value(lua_State *L, int at, ese_model_value *value)
{
    switch (lua_type(L, at)) {
    case LUA_TNIL: value->type = ESE_MODEL_NULL; return true;
    case LUA_TBOOLEAN:
        value->type = ESE_MODEL_INTEGER;
        value->integer = lua_toboolean(L, at);
        return true;
    case LUA_TNUMBER:
        value->type = lua_isinteger(L, at) ? ESE_MODEL_INTEGER : ESE_MODEL_REAL;
        value->integer = lua_tointeger(L, at);
        value->real = lua_tonumber(L, at);
        return true;
    case LUA_TSTRING:
        value->type = ESE_MODEL_STRING;
        value->data = lua_tolstring(L, at, &value->size);
        return true;
    default:
        lua_pushfstring(L, "a key has no values of type %s", luaL_typename(L, at));
        return false;
    }
}

static int64_t
field_integer(lua_State *L, int at, const char *name)
{
    int64_t integer;

    lua_getfield(L, at, name);
    integer = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return integer;
}

static int64_t
item_integer(lua_State *L, int at, lua_Integer i)
{
    int64_t integer;

    lua_rawgeti(L, at, i);
    integer = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return integer;
}

static bool
is_table(lua_State *L, int at)
{
    if (lua_istable(L, at))
        return true;
    lua_pushfstring(L, "argument %d is no table", at - 1);
    return false;
}

bool
ese_lua_get_key(lua_State *L, int at, ese_model_key *key_out)
{
    int64_t n;

    if (!is_table(L, at))
        return false;
    n = field_integer(L, at, "n");
    if (n < 0 || n > ESE_MODEL_SEGMENTS_MAX) {
        lua_pushliteral(L, "a key has at most 16 values");
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, i + 1);
        if (!ese_lua_get_value(L, lua_gettop(L), &key_out->values[i]))
            return false;
        lua_pop(L, 1); /* the table keeps it */
    }
    key_out->n_values = (uint32_t)n;
    key_out->side = (ese_model_side)field_integer(L, at, "side");
    return true;
}

bool
ese_lua_get_segments(lua_State *L, int at, ese_model_segment *segments_out, uint32_t *n_out)
{
    size_t n;

    if (!is_table(L, at))
        return false;
    n = lua_rawlen(L, at);
    if (n > ESE_MODEL_SEGMENTS_MAX) {
        lua_pushliteral(L, "an index has at most 16 columns");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        if (!is_table(L, lua_gettop(L)))
            return false;
        segments_out[i].coltyp = (JET_COLTYP)item_integer(L, lua_gettop(L), 1);
        segments_out[i].cp = (uint16_t)item_integer(L, lua_gettop(L), 2);
        lua_pop(L, 1);
    }
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_lua_get_outputs(lua_State *L, int at, ese_model_output **outputs_out, uint32_t *n_out)
{
    size_t n;
    ese_model_output *outputs;

    if (!is_table(L, at))
        return false;
    n = lua_rawlen(L, at);
    outputs = calloc(n + 1, sizeof *outputs);
    for (size_t i = 0; outputs != NULL && i < n; i++) {
        int item = lua_gettop(L) + 1;

        lua_rawgeti(L, at, (lua_Integer)i + 1);
        if (!is_table(L, item)) {
            free(outputs);
            return false;
        }
        outputs[i].columnid = (JET_COLUMNID)item_integer(L, item, 1);
        outputs[i].coltyp = (JET_COLTYP)item_integer(L, item, 2);
        outputs[i].cp = (uint32_t)item_integer(L, item, 3);
        lua_rawgeti(L, item, 4);
        outputs[i].is_list = lua_toboolean(L, -1);
        lua_settop(L, item - 1);
    }
    if (outputs == NULL) {
        lua_pushliteral(L, "out of memory");
        return false;
    }
    *outputs_out = outputs;
    *n_out = (uint32_t)n;
    return true;
}

/* ---- Closing elsewhere ----------------------------------------------------------------------------------- */

typedef struct closer {
    pthread_t thread;
    ese_model_object *object; /* the user value keeps it */
    JET_ERR err;
    bool is_running;
} closer;

static void *
close_object(void *context)
{
    closer *c = context;

    /* The thread of the script may be within a call on one of the objects at this very moment. */
    do
        c->err = ese_model_close(c->object);
    while (c->err == JET_errSessionSharingViolation && sched_yield() == 0);
    return NULL;
}

static void
join(closer *c)
{
    if (c->is_running)
        pthread_join(c->thread, NULL);
    c->is_running = false;
}

static int
wait_closed(lua_State *L)
{
    closer *c = lua_touserdata(L, lua_upvalueindex(1));

    join(c);
    lua_pushinteger(L, c->err);
    return 1;
}

static int
collect_closer(lua_State *L)
{
    join(lua_touserdata(L, 1));
    return 0;
}

ese_lua_pushed
ese_lua_close_elsewhere(lua_State *L, ese_model_object *object)
{
    closer *c = lua_newuserdatauv(L, sizeof *c, 1);

    *c = (closer){.object = object};
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (luaL_newmetatable(L, "ese.Closer")) {
        lua_pushcfunction(L, collect_closer);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, wait_closed, 1);
    if (pthread_create(&c->thread, NULL, close_object, c) != 0) {
        ese_lua_push_error(L, JET_errOutOfThreads);
        return -1;
    }
    c->is_running = true;
    return 1;
}
