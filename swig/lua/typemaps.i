/* Lua: what the shared patterns need, and the functions that only Lua has. Bodies are calls into lua_support.c. */

%{
#include "lua_support.h"
%}

%typemap(out) JET_ERR { if ($1 < 0) { ese_lua_push_error(L, $1); SWIG_fail; } }

%define ESE_PUT_HANDLE
SWIG_NewPointerObj(L, (void *)*$1, $*1_descriptor, 1); SWIG_arg++;
%enddef
%define ESE_PUT(FUNCTION, ARGS...)
ese_lua_##FUNCTION(L, ARGS); SWIG_arg++;
%enddef
%define ESE_GET(FUNCTION, ARGS...)
if (!ese_lua_##FUNCTION(L, $input, ARGS)) SWIG_fail;
%enddef

/* Integers are exact: SWIG's own patterns go through a double. */
%define ESE_INTEGER(TYPE, MIN, MAX)
%typemap(in, checkfn="lua_isinteger") TYPE (int64_t integer)
    { if (!ese_lua_get_integer(L, $input, MIN, MAX, &integer)) SWIG_fail; $1 = (TYPE)integer; }
%typemap(out) TYPE { lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++; }
%enddef
ESE_INTEGER(int, INT32_MIN, INT32_MAX)
ESE_INTEGER(int32_t, INT32_MIN, INT32_MAX)
ESE_INTEGER(uint32_t, 0, UINT32_MAX)
ESE_INTEGER(int64_t, INT64_MIN, INT64_MAX)
ESE_INTEGER(uint64_t, INT64_MIN, INT64_MAX)

/* Names and paths: strings without NUL; nil where NULL means something. */
%typemap(in) const char * { if (!ese_lua_get_text(L, $input, &$1)) SWIG_fail; }
%typemap(freearg) const char * ""

%typemap(in, checkfn="lua_isstring") (const void *data, size_t size) { $1 = lua_tolstring(L, $input, &$2); }

%typemap(in) const ese_model_progress *progress (ese_lua_progress progress = ESE_LUA_NO_PROGRESS)
    { ESE_GET(get_progress, &progress) $1 = &progress.told; }
%typemap(freearg) const ese_model_progress *progress "ese_lua_release_progress(&progress$argnum);"
%typemap(in) const ese_recover_options *options (ese_lua_recovery recovery = ESE_LUA_NO_RECOVERY)
    { ESE_GET(get_recovery, &recovery) $1 = &recovery.options; }
%typemap(freearg) const ese_recover_options *options "ese_lua_release_recovery(&recovery$argnum);"

%typemap(in, numinputs=0) lua_State *L "$1 = L;"
%typemap(in) int names_position, int metatable_position, int rows_position, int columns_position, int null_position
    "$1 = $input;"
%typemap(out) ese_lua_pushed { if ($1 < 0) SWIG_fail; SWIG_arg += $1; }

%extend ese_model_reader {
    ese_lua_pushed fetch(lua_State *L, uint32_t rows_max, int names_position, int metatable_position)
    { return ese_lua_fetch(L, $self, rows_max, names_position, metatable_position); }
    ese_lua_pushed fetch_key(lua_State *L, const ese_model_key *key, int names_position, int metatable_position)
    { return ese_lua_fetch_key(L, $self, key, names_position, metatable_position); }
}

%extend ese_model_writer {
    ese_lua_pushed write(lua_State *L, int kind, int rows_position, int columns_position, int null_position,
                         uint64_t n_before)
    {
        ese_lua_writing writing = {(ese_model_write_kind)kind, rows_position, columns_position, null_position, n_before};
        return ese_lua_write(L, $self, &writing);
    }
}

%extend ese_model_cursor {
    ese_lua_pushed stream_read(lua_State *L, uint32_t columnid, uint32_t itag, bool is_update, uint64_t offset,
                               uint32_t n_bytes)
    {
        ese_model_stream stream = {columnid, itag, is_update};
        return ese_lua_stream_read(L, $self, &stream, offset, n_bytes);
    }
}

%extend ese_model_instance {
    ese_lua_pushed close_elsewhere(lua_State *L) { return ese_lua_close_elsewhere(L, &$self->object); }
}

%rename(make_error) ese_lua_make_error;
ese_lua_pushed ese_lua_make_error(lua_State *L, int32_t code, const char *message);

%rename(error_list) ese_lua_error_list;
ese_lua_pushed ese_lua_error_list(lua_State *L);

%rename(constants) ese_lua_constants;
ese_lua_pushed ese_lua_constants(lua_State *L);
