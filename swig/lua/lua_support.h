/*
 * Lua values from those of the object model, and back.
 *
 * put_* push one value. get_* return false with an error message pushed. Those that may raise do so only while nothing of C is
 * held, except memory for a list of the schema when Lua itself is out of memory.
 */
#pragma once

#include "object_model.h"
#include "object_model_batch.h"
#include "object_model_ddl.h"
#include "object_model_recover.h"
#include "object_model_write.h"

#include <lua.h>

/* Number of values pushed; negative: an error value was pushed. */
typedef int ese_lua_pushed;

/* Pushes a table {code, name, category, message} that prints as its message. */
void ese_lua_push_error(lua_State *L, JET_ERR err);

/* The same for what the idiomatic layer finds wrong by itself. */
ese_lua_pushed ese_lua_make_error(lua_State *L, int32_t code, const char *message);

/* {{code=, name=, category=, message=}, ...} of all documented codes. */
ese_lua_pushed ese_lua_error_list(lua_State *L);

/* {name = value} of all constants of the public headers. */
ese_lua_pushed ese_lua_constants(lua_State *L);

/* Fields of the table on top. */
void ese_lua_set_boolean(lua_State *L, const char *key, bool value);
void ese_lua_set_integer(lua_State *L, const char *key, int64_t value);
void ese_lua_set_unsigned(lua_State *L, const char *key, uint64_t value);
void ese_lua_set_string(lua_State *L, const char *key, const char *value); /* NULL: no field */

void ese_lua_put_boolean(lua_State *L, bool value);
void ese_lua_put_integer(lua_State *L, int64_t value);
void ese_lua_put_unsigned(lua_State *L, uint64_t value);
void ese_lua_put_bytes(lua_State *L, const void *data, size_t size);
void ese_lua_put_parameter(lua_State *L, const ese_model_parameter *parameter);
void ese_lua_put_info(lua_State *L, const JET_DBINFOMISC4 *info, uint64_t n_bytes);
void ese_lua_put_problem(lua_State *L, const ese_problem *problem); /* NULL: nil */
void ese_lua_put_tables(lua_State *L, const ese_model_table_info *tables, uint32_t n);
void ese_lua_put_columns(lua_State *L, const ese_column_info *columns, uint32_t n);
void ese_lua_put_indexes(lua_State *L, const ese_model_index_info *indexes, uint32_t n);

bool ese_lua_get_integer(lua_State *L, int at, int64_t min, int64_t max, int64_t *integer_out);

/* Lives as long as the argument; nil gives NULL. */
bool ese_lua_get_text(lua_State *L, int at, const char **text_out);

/* {n =, side =, value, ...}; the key borrows from the table. */
bool ese_lua_get_key(lua_State *L, int at, ese_model_key *key_out);

/* A value of a key, a row or a default; it borrows from the stack. */
bool ese_lua_get_value(lua_State *L, int at, ese_model_value *value_out);

/* {{coltyp, cp}, ...} */
bool ese_lua_get_segments(lua_State *L, int at, ese_model_segment *segments_out, uint32_t *n_out);

/* {{columnid, coltyp, cp, is_list}, ...}; the array is freed with free(). */
bool ese_lua_get_outputs(lua_State *L, int at, ese_model_output **outputs_out, uint32_t *n_out);

/*
 * Pushes an array of the next rows, empty at the end. A row is a table with the names at `names` as keys, or with 1 to n
 * when there is no table at `names`; it gets the metatable at `metatable` if that is a table.
 */
ese_lua_pushed ese_lua_fetch(lua_State *L, ese_model_reader *reader, uint32_t rows_max, int names,
                             int metatable);

/* Pushes the row with a key, in the same form, or nil. */
ese_lua_pushed ese_lua_fetch_key(lua_State *L, ese_model_reader *reader, const ese_model_key *key,
                                 int names, int metatable);

/*
 * For tests, since a Lua state has one thread only: closes the object in another thread. Pushes a function that waits for the
 * end and returns the error code.
 */
ese_lua_pushed ese_lua_close_elsewhere(lua_State *L, ese_model_object *object);

/* ---- lua_write.c: the arrays are freed with free() --------------------------------------------------------- */

bool ese_lua_get_inputs(lua_State *L, int at, ese_model_input **inputs_out, uint32_t *n_out);
bool ese_lua_get_numbers(lua_State *L, int at, uint32_t **numbers_out, uint32_t *n_out);
bool ese_lua_get_column_spec(lua_State *L, int at, ese_model_column_spec *spec_out);
bool ese_lua_get_column_specs(lua_State *L, int at, ese_model_column_spec **specs_out,
                              uint32_t *n_out);
bool ese_lua_get_index_spec(lua_State *L, int at, ese_model_index_info *spec_out);
bool ese_lua_get_index_specs(lua_State *L, int at, ese_model_index_info **specs_out,
                             uint32_t *n_out);

/* Positions of the arguments of a write: an array of rows; the inputs (from 1) of their values, or inputs by name; ese.null. */
typedef struct ese_lua_writing {
    ese_model_write_kind kind;
    int rows;
    int columns;
    int null;
    uint64_t n_before;
} ese_lua_writing;

/* Pushes: rows, rows inserted, autoincrement, bookmark of the last row. */
ese_lua_pushed ese_lua_write(lua_State *L, ese_model_writer *writer,
                             const ese_lua_writing *writing);

ese_lua_pushed ese_lua_stream_read(lua_State *L, ese_model_cursor *cursor,
                                   const ese_model_stream *stream, uint64_t offset,
                                   uint32_t n_bytes);

/* ---- lua_recover.c ------------------------------------------------------------------------------------------- */

/* A function that is told how far a work is. */
typedef struct ese_lua_progress {
    lua_State *L;  /* NULL: nothing to release */
    int reference; /* LUA_NOREF: there is no function */
    ese_model_progress told;
} ese_lua_progress;

/* nil is none. */
bool ese_lua_get_progress(lua_State *L, int at, ese_lua_progress *progress);
void ese_lua_release_progress(ese_lua_progress *progress);

/*
 * `context` is an ese_lua_progress with a function. An error ends the work: the function answered false, or raised; then ese_lua_push_error pushes
 * what it raised.
 */
JET_ERR ese_lua_tell_progress(void *context, const char *phase, uint64_t done, uint64_t total);

/* Pushes what a progress function raised, and forgets it; false, and nothing pushed, when none did. */
bool ese_lua_push_pending(lua_State *L);

typedef struct ese_lua_recovery {
    ese_recover_options options;
    ese_recover_map *maps;
    ese_lua_progress progress;
} ese_lua_recovery;

#define ESE_LUA_NO_PROGRESS                                                                        \
    {                                                                                              \
        .L = NULL                                                                                  \
    }

#define ESE_LUA_NO_RECOVERY                                                                        \
    {                                                                                              \
        .maps = NULL                                                                               \
    }

/* {source =, logs =, system =, base =, to =, maps =, grbit =, progress =}; the options borrow from it. */
bool ese_lua_get_recovery(lua_State *L, int at, ese_lua_recovery *recovery);
void ese_lua_release_recovery(ese_lua_recovery *recovery);

void ese_lua_put_report(lua_State *L, const ese_recover_report *report); /* NULL: nil */
