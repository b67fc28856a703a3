/*
 * Rows from Lua tables: the values of many rows go into the buffer of a writer, then the engine takes them all. What may raise runs
 * protected, because the writer must be given back.
 */
#include "lua_support.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* ---- Values --------------------------------------------------------------------------------------------- */

enum { WRITER_AT = 1, ROWS_AT = 2, COLUMNS_AT = 3, NULL_AT = 4, ROW_AT = 5 };

/* Days from 1899-12-30 to a day of the calendar, months and days of which may be out of range as for os.time. */
static int64_t
days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t era;
    int64_t yoe;
    int64_t doy;

    year += (month - 1 - ((month - 1) % 12 + 12) % 12) / 12;
    month = ((month - 1) % 12 + 12) % 12 + 1;
    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    yoe = year - era * 400;
    doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 693899;
}

static int64_t
field_or(lua_State *L, int at, const char *name, int64_t otherwise)
{
    int64_t integer = lua_getfield(L, at, name) == LUA_TNIL ? otherwise : luaL_checkinteger(L, -1);

    lua_pop(L, 1);
    return integer;
}

/* {year =, month =, day =, hour =, min =, sec =, usec =}, as ese.date gives it: days since 1899-12-30. */
static double
get_date(lua_State *L, int at)
{
    int64_t days = days_from_civil(field_or(L, at, "year", 1900), field_or(L, at, "month", 1),
                                   field_or(L, at, "day", 1));
    int64_t usec = ((field_or(L, at, "hour", 0) * 60 + field_or(L, at, "min", 0)) * 60 +
                    field_or(L, at, "sec", 0)) *
                       1000000 +
                   field_or(L, at, "usec", 0);
    double fraction = (double)usec / 86400e6;

    return days < 0 ? (double)days - fraction : (double)days + fraction;
}

static void
add_value(lua_State *L, ese_model_writer *writer, uint32_t input, uint32_t itag,
          const ese_model_value *value)
{
    JET_ERR err = ese_model_add_value(writer, input, itag, value);

    if (err < JET_errSuccess) {
        ese_lua_push_error(L, err);
        lua_error(L);
    }
}

/* Several values of a column that can have them; an empty list is NULL. */
static void
add_list(lua_State *L, ese_model_writer *writer, uint32_t input, int at)
{
    const ese_model_input *column = ese_model_input_at(writer, input);
    size_t n = lua_rawlen(L, at);
    ese_model_value value = {.type = ESE_MODEL_NULL};

    if (!column->is_list)
        luaL_error(L, "column %s holds one value, not a table", column->name);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        if (!ese_lua_get_value(L, lua_gettop(L), &value))
            lua_error(L);
        add_value(L, writer, input, (uint32_t)i + 1, &value);
        lua_pop(L, 1);
    }
    if (n == 0)
        add_value(L, writer, input, 1, &value);
}

/* The value at the top of the stack. */
static void
add_cell(lua_State *L, ese_model_writer *writer, uint32_t input)
{
    int at = lua_gettop(L);
    ese_model_value value = {.type = ESE_MODEL_NULL};

    if (lua_rawequal(L, at, NULL_AT)) {
        add_value(L, writer, input, 1, &value);
        return;
    }
    if (lua_istable(L, at) &&
        ese_model_input_at(writer, input)->type.coltyp != JET_coltypDateTime) {
        add_list(L, writer, input, at);
        return;
    }
    if (lua_istable(L, at)) {
        if (lua_getfield(L, at, "year") == LUA_TNIL && lua_rawlen(L, at) > 0) {
            lua_settop(L, at);
            add_list(L, writer, input, at);
            return;
        }
        lua_settop(L, at);
        value.type = ESE_MODEL_REAL;
        value.real = get_date(L, at);
    } else if (!ese_lua_get_value(L, at, &value)) {
        luaL_error(L, "column %s has no values of type %s", ese_model_input_at(writer, input)->name,
                   luaL_typename(L, at));
    }
    add_value(L, writer, input, 1, &value);
}

/* ---- Rows ----------------------------------------------------------------------------------------------- */

static uint32_t
check_input(lua_State *L, const ese_model_writer *writer, int at)
{
    lua_Integer input = luaL_checkinteger(L, at) - 1;

    if (input < 0 || input >= (lua_Integer)ese_model_input_count(writer))
        luaL_error(L, "no such column");
    return (uint32_t)input;
}

/* The columns are the numbers of the row's values, by position. */
static void
add_positions(lua_State *L, ese_model_writer *writer, size_t n_columns)
{
    for (size_t i = 1; i <= n_columns; i++) {
        uint32_t input;

        lua_rawgeti(L, COLUMNS_AT, (lua_Integer)i);
        input = check_input(L, writer, -1);
        lua_rawgeti(L, ROW_AT, (lua_Integer)i);
        add_cell(L, writer, input);
        lua_settop(L, ROW_AT);
    }
}

/* The columns are numbers by name; their metatable knows other spellings, and refuses what is no column. */
static void
add_names(lua_State *L, ese_model_writer *writer)
{
    lua_pushnil(L);
    while (lua_next(L, ROW_AT) != 0) {
        uint32_t input;

        lua_pushvalue(L, -2);
        lua_gettable(L, COLUMNS_AT);
        input = check_input(L, writer, -1);
        lua_pop(L, 1);
        add_cell(L, writer, input);
        lua_pop(L, 1);
    }
}

/* Protected. */
static int
add_rows(lua_State *L)
{
    ese_model_writer *writer = lua_touserdata(L, WRITER_AT);
    size_t n_rows = lua_rawlen(L, ROWS_AT);
    size_t n_columns = lua_rawlen(L, COLUMNS_AT);

    luaL_checkstack(L, 20, NULL);
    for (size_t i = 1; i <= n_rows; i++) {
        JET_ERR err = ese_model_add_row(writer);

        if (err < JET_errSuccess) {
            ese_lua_push_error(L, err);
            return lua_error(L);
        }
        if (lua_rawgeti(L, ROWS_AT, (lua_Integer)i) != LUA_TTABLE)
            return luaL_error(L, "a row is a table, not a %s", luaL_typename(L, -1));
        if (n_columns > 0)
            add_positions(L, writer, n_columns);
        else
            add_names(L, writer);
        lua_settop(L, ROW_AT - 1);
    }
    return 0;
}

ese_lua_pushed
ese_lua_write(lua_State *L, ese_model_writer *writer, const ese_lua_writing *writing)
{
    ese_model_written written = {0};
    uint32_t n_rows = lua_istable(L, writing->rows) ? (uint32_t)lua_rawlen(L, writing->rows) : 0;
    JET_ERR err = ese_model_begin_write(writer, n_rows, writing->n_before);
    int status;

    if (err < JET_errSuccess) {
        ese_lua_push_error(L, err);
        return -1;
    }
    lua_pushcfunction(L, add_rows);
    lua_pushlightuserdata(L, writer);
    lua_pushvalue(L, writing->rows);
    lua_pushvalue(L, writing->columns);
    lua_pushvalue(L, writing->null);
    status = lua_pcall(L, 4, 0, 0);
    if (status == LUA_OK)
        err = ese_model_write(writer, writing->kind, &written);
    ese_model_end_write(writer);
    if (status != LUA_OK)
        return -1;
    if (err < JET_errSuccess) {
        ese_lua_push_error(L, err);
        return -1;
    }
    lua_pushinteger(L, written.n_rows);
    lua_pushinteger(L, written.n_inserted);
    lua_pushinteger(L, (lua_Integer)written.autoincrement);
    lua_pushlstring(L, (const char *)written.bookmark.data, written.bookmark.size);
    return 4;
}

/* ---- Long values ------------------------------------------------------------------------------------------ */

ese_lua_pushed
ese_lua_stream_read(lua_State *L, ese_model_cursor *cursor, const ese_model_stream *stream,
                    uint64_t offset, uint32_t n_bytes)
{
    luaL_Buffer buffer;
    char *room = luaL_buffinitsize(L, &buffer, n_bytes);
    size_t size = 0;
    JET_ERR err = ese_model_stream_read(cursor, stream, offset, room, n_bytes, &size);

    luaL_pushresultsize(&buffer, err < JET_errSuccess ? 0 : size);
    if (err >= JET_errSuccess)
        return 1;
    ese_lua_push_error(L, err);
    return -1;
}

/* ---- Schema ----------------------------------------------------------------------------------------------- */

static int64_t
item_integer(lua_State *L, int at, const char *name)
{
    int64_t integer;

    lua_getfield(L, at, name);
    integer = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : lua_tointeger(L, -1);
    lua_pop(L, 1);
    return integer;
}

static bool
item_name(lua_State *L, int at, const char *field, char *name)
{
    size_t size = 0;
    const char *text;

    lua_getfield(L, at, field);
    text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
    if (size >= ESE_MODEL_NAME_MAX || strlen(text) != size) {
        lua_pushliteral(L, "the name is too long, or has a zero byte");
        return false;
    }
    memset(name, 0, ESE_MODEL_NAME_MAX);
    memcpy(name, text, size);
    lua_pop(L, 1);
    return true;
}

/* {name =, id =, type =, code_page =, is_list =, skip_null =} */
static bool
get_input(lua_State *L, int at, void *item)
{
    ese_model_input *input = item;

    input->columnid = (JET_COLUMNID)item_integer(L, at, "id");
    input->type.coltyp = (JET_COLTYP)item_integer(L, at, "type");
    input->type.cp = (uint16_t)item_integer(L, at, "code_page");
    input->is_list = item_integer(L, at, "is_list") != 0;
    input->skip_null = item_integer(L, at, "skip_null") != 0;
    return item_name(L, at, "name", input->name);
}

/* {name =, type =, code_page =, size =, flags =, default =}; the default borrows from the table. */
static bool
get_column_spec(lua_State *L, int at, void *item)
{
    ese_model_column_spec *spec = item;

    spec->coltyp = (JET_COLTYP)item_integer(L, at, "type");
    spec->cp = (uint32_t)item_integer(L, at, "code_page");
    spec->size_max = (uint32_t)item_integer(L, at, "size");
    spec->grbit = (JET_GRBIT)item_integer(L, at, "flags");
    lua_getfield(L, at, "default");
    if (!ese_lua_get_value(L, lua_gettop(L), &spec->default_value))
        return false;
    lua_pop(L, 1);
    if (item_integer(L, at, "is_stored") != 0 && spec->default_value.type == ESE_MODEL_STRING)
        spec->default_value.type = ESE_MODEL_BYTES;
    return item_name(L, at, "name", spec->name);
}

/* {{column =, flag =}, ...} in a field */
static bool
get_index_columns(lua_State *L, int at, const char *field, ese_model_index_column *columns,
                  uint32_t *n_out)
{
    size_t n = 0;
    bool is_ok = true;

    if (lua_getfield(L, at, field) == LUA_TTABLE)
        n = lua_rawlen(L, -1);
    if (n > ESE_MODEL_SEGMENTS_MAX) {
        lua_pushliteral(L, "an index has at most 16 columns");
        return false;
    }
    for (size_t i = 0; i < n && is_ok; i++) {
        int column = lua_gettop(L) + 1;

        lua_rawgeti(L, column - 1, (lua_Integer)i + 1);
        columns[i].is_descending = item_integer(L, column, "descending") != 0;
        columns[i].must_be_null = item_integer(L, column, "must_be_null") != 0;
        is_ok = item_name(L, column, "column", columns[i].name);
        if (is_ok)
            lua_pop(L, 1);
    }
    if (is_ok)
        lua_pop(L, 1);
    *n_out = (uint32_t)n;
    return is_ok;
}

/* As ese_lua_put_indexes gives it. */
static bool
get_index_spec(lua_State *L, int at, void *item)
{
    ese_model_index_info *spec = item;
    JET_TUPLELIMITS *limits = &spec->tuple_limits;

    spec->grbit = (JET_GRBIT)item_integer(L, at, "flags");
    spec->lcid = (uint32_t)item_integer(L, at, "lcid");
    spec->map_flags = (uint32_t)item_integer(L, at, "map_flags");
    spec->key_most = (uint32_t)item_integer(L, at, "key_most");
    spec->density = (uint32_t)item_integer(L, at, "density");
    if (lua_getfield(L, at, "tuple_limits") == LUA_TTABLE) {
        int table = lua_gettop(L);

        limits->chLengthMin = (uint32_t)item_integer(L, table, "length_min");
        limits->chLengthMax = (uint32_t)item_integer(L, table, "length_max");
        limits->chToIndexMax = (uint32_t)item_integer(L, table, "to_index_max");
        limits->cchIncrement = (uint32_t)item_integer(L, table, "increment");
        limits->ichStart = (uint32_t)item_integer(L, table, "start");
    }
    lua_pop(L, 1);
    return item_name(L, at, "name", spec->name) && item_name(L, at, "locale", spec->locale) &&
           get_index_columns(L, at, "segments", spec->segments, &spec->n_segments) &&
           get_index_columns(L, at, "conditions", spec->conditions, &spec->n_conditions);
}

/* An array of zeroed items of `size` bytes, each filled from a table of a list. */
static bool
get_list(lua_State *L, int at, size_t size, bool (*get)(lua_State *L, int at, void *item),
         void **list_out, uint32_t *n_out)
{
    size_t n = lua_istable(L, at) ? lua_rawlen(L, at) : 0;
    char *list = calloc(n + 1, size);

    if (list == NULL) {
        lua_pushliteral(L, "out of memory");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int item = lua_gettop(L) + 1;

        if (lua_rawgeti(L, at, (lua_Integer)i + 1) != LUA_TTABLE) {
            free(list);
            lua_pushliteral(L, "a description is a table");
            return false;
        }
        if (!get(L, item, list + i * size)) {
            free(list);
            return false;
        }
        lua_settop(L, item - 1);
    }
    *list_out = list;
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_lua_get_inputs(lua_State *L, int at, ese_model_input **inputs_out, uint32_t *n_out)
{
    void *list = NULL;
    bool is_ok = get_list(L, at, sizeof **inputs_out, get_input, &list, n_out);

    *inputs_out = list;
    return is_ok;
}

bool
ese_lua_get_numbers(lua_State *L, int at, uint32_t **numbers_out, uint32_t *n_out)
{
    size_t n = lua_istable(L, at) ? lua_rawlen(L, at) : 0;
    uint32_t *numbers = calloc(n + 1, sizeof *numbers);

    if (numbers == NULL) {
        lua_pushliteral(L, "out of memory");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        numbers[i] = (uint32_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    *numbers_out = numbers;
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_lua_get_column_spec(lua_State *L, int at, ese_model_column_spec *spec_out)
{
    memset(spec_out, 0, sizeof *spec_out);
    return get_column_spec(L, at, spec_out);
}

bool
ese_lua_get_column_specs(lua_State *L, int at, ese_model_column_spec **specs_out, uint32_t *n_out)
{
    void *list = NULL;
    bool is_ok = get_list(L, at, sizeof **specs_out, get_column_spec, &list, n_out);

    *specs_out = list;
    return is_ok;
}

bool
ese_lua_get_index_spec(lua_State *L, int at, ese_model_index_info *spec_out)
{
    memset(spec_out, 0, sizeof *spec_out);
    return get_index_spec(L, at, spec_out);
}

bool
ese_lua_get_index_specs(lua_State *L, int at, ese_model_index_info **specs_out, uint32_t *n_out)
{
    void *list = NULL;
    bool is_ok = get_list(L, at, sizeof **specs_out, get_index_spec, &list, n_out);

    *specs_out = list;
    return is_ok;
}
