/*
 * Rows as Lua tables. Integers stay integers (64 bits, an unsigned one with the same bits), text is UTF-8, a GUID its text,
 * a DateTime the number of days since 1899-12-30; what does not fit its column's type comes as the bytes that are stored.
 */
#include "lua_support.h"
#include "object_model_text.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static uint64_t
little_endian(const uint8_t *data, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i-- > 0;)
        value = value << 8 | data[i];
    return value;
}

static void
push_guid(lua_State *L, const uint8_t *d)
{
    char text[37];

    snprintf(text, sizeof text, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (unsigned)little_endian(d, 4), (unsigned)little_endian(d + 4, 2),
             (unsigned)little_endian(d + 6, 2), d[8], d[9], d[10], d[11], d[12], d[13], d[14],
             d[15]);
    lua_pushlstring(L, text, 36);
}

static void
push_text(lua_State *L, uint32_t cp, const uint8_t *data, size_t size)
{
    luaL_Buffer buffer;
    char *out;

    if (!ese_model_is_text(cp)) {
        lua_pushlstring(L, (const char *)data, size);
        return;
    }
    out = luaL_buffinitsize(L, &buffer, 3 * size);
    luaL_pushresultsize(&buffer, ese_model_utf8_from_column(cp, data, size, out));
}

static void
push_real(lua_State *L, JET_COLTYP coltyp, const uint8_t *data)
{
    if (coltyp == JET_coltypIEEESingle) {
        uint32_t bits = (uint32_t)little_endian(data, 4);
        float value;

        memcpy(&value, &bits, sizeof value);
        lua_pushnumber(L, (lua_Number)value);
    } else {
        uint64_t bits = little_endian(data, 8);
        double value;

        memcpy(&value, &bits, sizeof value);
        lua_pushnumber(L, value);
    }
}

static size_t
size_of_type(JET_COLTYP coltyp)
{
    static const uint8_t sizes[JET_coltypMax] = {
        [JET_coltypBit] = 1,        [JET_coltypUnsignedByte] = 1,
        [JET_coltypShort] = 2,      [JET_coltypUnsignedShort] = 2,
        [JET_coltypLong] = 4,       [JET_coltypUnsignedLong] = 4,
        [JET_coltypIEEESingle] = 4, [JET_coltypCurrency] = 8,
        [JET_coltypLongLong] = 8,   [JET_coltypUnsignedLongLong] = 8,
        [JET_coltypIEEEDouble] = 8, [JET_coltypDateTime] = 8,
        [JET_coltypGUID] = 16,
    };

    return coltyp < JET_coltypMax ? sizes[coltyp] : 0;
}

static void
push_value(lua_State *L, const ese_model_output *output, const uint8_t *data, size_t size)
{
    size_t expected = size_of_type(output->coltyp);

    if (expected != 0 && size != expected) {
        lua_pushlstring(L, (const char *)data, size);
        return;
    }
    switch (output->coltyp) {
    case JET_coltypBit: lua_pushboolean(L, data[0] != 0); break;
    case JET_coltypShort: lua_pushinteger(L, (int16_t)little_endian(data, 2)); break;
    case JET_coltypLong: lua_pushinteger(L, (int32_t)little_endian(data, 4)); break;
    case JET_coltypUnsignedByte:
    case JET_coltypUnsignedShort:
    case JET_coltypUnsignedLong:
    case JET_coltypCurrency:
    case JET_coltypLongLong:
    case JET_coltypUnsignedLongLong:
        lua_pushinteger(L, (lua_Integer)little_endian(data, size));
        break;
    case JET_coltypIEEESingle:
    case JET_coltypIEEEDouble:
    case JET_coltypDateTime: push_real(L, output->coltyp, data); break;
    case JET_coltypGUID: push_guid(L, data); break;
    case JET_coltypText:
    case JET_coltypLongText: push_text(L, output->cp, data, size); break;
    default: lua_pushlstring(L, (const char *)data, size); break;
    }
}

/* Pushes nothing and returns false for NULL. */
static bool
push_cell(lua_State *L, const ese_model_reader *reader, const ese_model_output *output,
          const ese_model_cell *cell)
{
    const uint8_t *data;
    size_t size;

    if (cell->n_values == 0)
        return false;
    if (cell->n_values == 1 && !output->is_list) {
        data = ese_model_cell_value(reader, cell, 0, &size);
        push_value(L, output, data, size);
        return true;
    }
    lua_createtable(L, (int)cell->n_values, 0);
    for (uint32_t i = 0; i < cell->n_values; i++) {
        data = ese_model_cell_value(reader, cell, i, &size);
        push_value(L, output, data, size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return true;
}

typedef struct batch {
    const ese_model_reader *reader;
    uint32_t n_rows;
} batch;

enum { BATCH_AT = 1, NAMES_AT = 2, METATABLE_AT = 3, ROWS_AT = 4 };

static void
push_row(lua_State *L, const batch *b, uint32_t i)
{
    uint32_t n = ese_model_output_count(b->reader);
    const ese_model_cell *cells = ese_model_row(b->reader, i);
    bool has_names = lua_istable(L, NAMES_AT);

    lua_createtable(L, has_names ? 0 : (int)n, has_names ? (int)n : 0);
    for (uint32_t column = 0; column < n; column++) {
        if (has_names)
            lua_rawgeti(L, NAMES_AT, (lua_Integer)column + 1);
        if (!push_cell(L, b->reader, ese_model_output_at(b->reader, column), &cells[column])) {
            lua_settop(L, ROWS_AT + 1);
        } else if (has_names) {
            lua_rawset(L, ROWS_AT + 1);
        } else {
            lua_rawseti(L, ROWS_AT + 1, (lua_Integer)column + 1);
        }
    }
    if (lua_istable(L, METATABLE_AT)) {
        lua_pushvalue(L, METATABLE_AT);
        lua_setmetatable(L, -2);
    }
}

/* Protected: memory of Lua may end in here, and the rows must be given back. */
static int
push_rows(lua_State *L)
{
    const batch *b = lua_touserdata(L, BATCH_AT);

    luaL_checkstack(L, 20, NULL);
    lua_createtable(L, (int)b->n_rows, 0);
    for (uint32_t i = 0; i < b->n_rows; i++) {
        push_row(L, b, i);
        lua_rawseti(L, ROWS_AT, (lua_Integer)i + 1);
    }
    return 1;
}

ese_lua_pushed
ese_lua_fetch(lua_State *L, ese_model_reader *reader, uint32_t rows_max, int names, int metatable)
{
    batch b = {.reader = reader};
    JET_ERR err = ese_model_read(reader, rows_max, &b.n_rows);
    int status;

    if (err < JET_errSuccess) {
        ese_lua_push_error(L, err);
        return -1;
    }
    lua_pushcfunction(L, push_rows);
    lua_pushlightuserdata(L, &b);
    lua_pushvalue(L, names);
    lua_pushvalue(L, metatable);
    status = lua_pcall(L, 3, 1, 0);
    ese_model_end_read(reader);
    return status == LUA_OK ? 1 : -1;
}

/* Pushes the row of the batch, or nil. */
static int
push_one(lua_State *L)
{
    const batch *b = lua_touserdata(L, BATCH_AT);

    luaL_checkstack(L, 20, NULL);
    lua_pushnil(L); /* where push_rows has its array */
    if (b->n_rows > 0)
        push_row(L, b, 0);
    return 1;
}

ese_lua_pushed
ese_lua_fetch_key(lua_State *L, ese_model_reader *reader, const ese_model_key *key, int names,
                  int metatable)
{
    batch b = {.reader = reader};
    JET_ERR err = ese_model_read_key(reader, key, &b.n_rows);
    int status;

    if (err < JET_errSuccess) {
        ese_lua_push_error(L, err);
        return -1;
    }
    lua_pushcfunction(L, push_one);
    lua_pushlightuserdata(L, &b);
    lua_pushvalue(L, names);
    lua_pushvalue(L, metatable);
    status = lua_pcall(L, 3, 1, 0);
    ese_model_end_read(reader);
    return status == LUA_OK ? 1 : -1;
}
