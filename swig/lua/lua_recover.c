/*
 * Recovery for Lua: its options, its report, and progress that is told to a function. What may raise runs protected, because the engine is in the middle of
 * its work.
 */
#include "lua_support.h"

#include <lauxlib.h>
#include <stdlib.h>

/* ---- Progress -------------------------------------------------------------------------------------------- */

/* In the registry: the error of a progress function, which is to be raised in the place of that of the engine. */
static const char pending_key;

typedef struct step {
    const ese_lua_progress *progress;
    const char *phase;
    uint64_t done, total;
} step;

static int
call_function(lua_State *L)
{
    const step *s = lua_touserdata(L, 1);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushstring(L, s->phase);
    lua_pushinteger(L, (lua_Integer)s->done);
    lua_pushinteger(L, (lua_Integer)s->total);
    lua_call(L, 3, 1);
    lua_pushboolean(L, lua_isboolean(L, -1) && !lua_toboolean(L, -1)); /* false, not nil */
    return 1;
}

/* Runs protected: making a closure needs memory. */
static int
call_step(lua_State *L)
{
    step *s = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, s->progress->reference);
    lua_pushcclosure(L, call_function, 1);
    lua_pushlightuserdata(L, s);
    lua_call(L, 1, 1);
    return 1;
}

JET_ERR
ese_lua_tell_progress(void *context, const char *phase, uint64_t done, uint64_t total)
{
    const ese_lua_progress *progress = context;
    lua_State *L = progress->L;
    step s = {progress, phase, done, total};
    bool is_over;

    if (!lua_checkstack(L, 4))
        return JET_errOutOfMemory;
    lua_pushcfunction(L, call_step);
    lua_pushlightuserdata(L, &s);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_rawsetp(L, LUA_REGISTRYINDEX, &pending_key);
        return JET_errTermInProgress;
    }
    is_over = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_over ? JET_errTermInProgress : JET_errSuccess;
}

bool
ese_lua_push_pending(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &pending_key) == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &pending_key);
    return true;
}

bool
ese_lua_get_progress(lua_State *L, int at, ese_lua_progress *progress)
{
    progress->L = L;
    progress->reference = LUA_NOREF;
    progress->told = (ese_model_progress){.context = progress};
    if (lua_isnoneornil(L, at))
        return true;
    if (!lua_isfunction(L, at)) {
        lua_pushfstring(L, "progress is a function, not a %s", luaL_typename(L, at));
        return false;
    }
    lua_pushvalue(L, at);
    progress->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    progress->told.step = ese_lua_tell_progress;
    return true;
}

void
ese_lua_release_progress(ese_lua_progress *progress)
{
    if (progress->L != NULL)
        luaL_unref(progress->L, LUA_REGISTRYINDEX, progress->reference);
    progress->L = NULL;
}

/* ---- Options --------------------------------------------------------------------------------------------- */

/* A field that is a text without NUL, or nil; it lives as long as the table. */
static bool
get_text_field(lua_State *L, int at, const char *name, const char **text_out)
{
    bool is_ok;

    lua_getfield(L, at, name);
    is_ok = ese_lua_get_text(L, lua_gettop(L), text_out);
    if (!is_ok)
        lua_pushfstring(L, "%s is no string, or has a zero byte", name);
    else
        lua_pop(L, 1);
    return is_ok;
}

/* {{logged =, path =}, ...}; the field is at the top of the stack. */
static bool
get_maps(lua_State *L, ese_lua_recovery *recovery)
{
    int at = lua_gettop(L);
    size_t n = lua_istable(L, at) ? lua_rawlen(L, at) : 0;

    recovery->maps = calloc(n + 1, sizeof *recovery->maps);
    if (recovery->maps == NULL) {
        lua_pushliteral(L, "out of memory");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        if (!lua_istable(L, -1)) {
            lua_pushliteral(L, "a map is a table");
            return false;
        }
        if (!get_text_field(L, at + 1, "logged", &recovery->maps[i].logged) ||
            !get_text_field(L, at + 1, "path", &recovery->maps[i].path))
            return false;
        lua_settop(L, at);
    }
    recovery->options.maps = recovery->maps;
    recovery->options.n_maps = (uint32_t)n;
    lua_pop(L, 1);
    return true;
}

bool
ese_lua_get_recovery(lua_State *L, int at, ese_lua_recovery *recovery)
{
    ese_recover_options *options = &recovery->options;

    if (!lua_istable(L, at)) {
        lua_pushliteral(L, "options are a table");
        return false;
    }
    if (!get_text_field(L, at, "source", &options->source) ||
        !get_text_field(L, at, "logs", &options->logs) ||
        !get_text_field(L, at, "system", &options->system) ||
        !get_text_field(L, at, "base", &options->base) ||
        !get_text_field(L, at, "to", &options->target) ||
        !get_text_field(L, at, "stop", &options->until))
        return false;
    lua_getfield(L, at, "maps");
    if (!get_maps(L, recovery))
        return false;
    lua_getfield(L, at, "grbit");
    options->grbit = (JET_GRBIT)lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, at, "progress");
    if (!ese_lua_get_progress(L, lua_gettop(L), &recovery->progress))
        return false;
    lua_pop(L, 1);
    options->progress = recovery->progress.told.step;
    options->context = recovery->progress.told.context;
    return true;
}

void
ese_lua_release_recovery(ese_lua_recovery *recovery)
{
    ese_lua_release_progress(&recovery->progress);
    free(recovery->maps);
    recovery->maps = NULL;
}

/* ---- The report ------------------------------------------------------------------------------------------ */

static void
put_database(lua_State *L, const ese_recover_database *database)
{
    lua_createtable(L, 0, 7);
    ese_lua_set_string(L, "logged_path", database->logged);
    ese_lua_set_string(L, "source", database->source);
    ese_lua_set_string(L, "result", database->result);
    ese_lua_set_unsigned(L, "outcome", database->outcome);
    ese_lua_set_unsigned(L, "min_required", database->min_required);
    ese_lua_set_unsigned(L, "max_required", database->max_required);
    ese_lua_set_unsigned(L, "max_committed", database->max_committed);
}

void
ese_lua_put_report(lua_State *L, const ese_recover_report *r)
{
    if (r == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 15);
    ese_lua_set_unsigned(L, "first", r->first);
    ese_lua_set_unsigned(L, "last", r->last);
    ese_lua_set_unsigned(L, "missing_from", r->missing_from);
    ese_lua_set_unsigned(L, "missing_to", r->missing_to);
    ese_lua_set_integer(L, "warning", r->warning);
    ese_lua_set_boolean(L, "has_checkpoint", r->has_checkpoint);
    ese_lua_set_boolean(L, "has_stopped", r->has_stopped);
    ese_lua_set_unsigned(L, "log_bytes", r->log_bytes);
    ese_lua_set_unsigned(L, "records", r->n_records);
    ese_lua_set_unsigned(L, "pages", r->n_pages);
    ese_lua_set_unsigned(L, "pages_changed", r->n_pages_changed);
    ese_lua_set_unsigned(L, "committed", r->n_committed);
    ese_lua_set_unsigned(L, "rolled_back", r->n_rolled_back);
    ese_lua_set_unsigned(L, "undone", r->n_undone);
    lua_createtable(L, (int)r->n_databases, 0);
    for (uint32_t i = 0; i < r->n_databases; i++) {
        put_database(L, &r->databases[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "databases");
}
