/*
 * Python values from those of the object model, and back. Limited API of Python 3.11.
 *
 * put_* return a new reference, or NULL with an exception set. get_* return false with an exception set. All need the
 * lock of the interpreter.
 */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "object_model.h"
#include "object_model_batch.h"
#include "object_model_ddl.h"
#include "object_model_recover.h"
#include "object_model_write.h"

/* Sets the exception for an error of the model or the engine; by the factory of the idiomatic layer. */
void ese_py_raise(JET_ERR err);
PyObject *ese_py_set_error_factory(PyObject *factory);

/* [(code, name, category, text), ...] of all documented codes. */
PyObject *ese_py_error_list(void);

/* {name: value} of all constants of the public headers. */
PyObject *ese_py_constants(void);

PyObject *ese_py_put_boolean(bool value);
PyObject *ese_py_put_integer(int64_t value);
PyObject *ese_py_put_unsigned(uint64_t value);
PyObject *ese_py_put_bytes(const void *data, size_t size);
PyObject *ese_py_put_parameter(const ese_model_parameter *parameter);
PyObject *ese_py_put_info(const JET_DBINFOMISC4 *info, uint64_t n_bytes);
PyObject *ese_py_put_problem(const ese_problem *problem); /* NULL: None */
PyObject *ese_py_put_tables(const ese_model_table_info *tables, uint32_t n);
PyObject *ese_py_put_columns(const ese_column_info *columns, uint32_t n);
PyObject *ese_py_put_indexes(const ese_model_index_info *indexes, uint32_t n);

/* Borrowed from the object; None gives NULL. */
bool ese_py_get_text(PyObject *object, const char **text_out);

/* (values, side); the key borrows from the values. A value (bytes,) is text in UTF-8 with lone surrogates. */
bool ese_py_get_key(PyObject *object, ese_model_key *key_out);

/* A value of a key or a default; it borrows from the object. */
bool ese_py_get_value(PyObject *object, ese_model_value *value_out);

/* [(coltyp, cp), ...] */
bool ese_py_get_segments(PyObject *object, ese_model_segment *segments_out, uint32_t *n_out);

/* [(columnid, coltyp, cp, is_list), ...]; the array is freed with free(). */
bool ese_py_get_outputs(PyObject *object, ese_model_output **outputs_out, uint32_t *n_out);

/* Bytes of any object with a buffer, held until released. */
typedef struct ese_py_view {
    Py_buffer buffer;
    const void *data;
    size_t size;
    bool is_held;
} ese_py_view;

#define ESE_PY_NO_VIEW                                                                             \
    {                                                                                              \
        .is_held = false                                                                           \
    }

bool ese_py_get_view(PyObject *object, ese_py_view *view_out);
void ese_py_release_view(ese_py_view *view);

/* The next rows as a list of tuples, empty at the end. Releases the lock of the interpreter while the engine reads. */
PyObject *ese_py_fetch(ese_model_reader *reader, uint32_t rows_max);

/* The row with a key (values, side) as a tuple, or None. */
PyObject *ese_py_fetch_key(ese_model_reader *reader, PyObject *key);

/* ---- py_write.c: the arrays are freed with free() -------------------------------------------------------- */

/* [(name, columnid, coltyp, cp, is_list, skip_null), ...] */
bool ese_py_get_inputs(PyObject *object, ese_model_input **inputs_out, uint32_t *n_out);
bool ese_py_get_numbers(PyObject *object, uint32_t **numbers_out, uint32_t *n_out);

/* (name, coltyp, cp, size, grbit, default); the default borrows from its object. */
bool ese_py_get_column_spec(PyObject *object, ese_model_column_spec *spec_out);
bool ese_py_get_column_specs(PyObject *object, ese_model_column_spec **specs_out, uint32_t *n_out);

/* As ese_py_put_indexes gives them. */
bool ese_py_get_index_spec(PyObject *object, ese_model_index_info *spec_out);
bool ese_py_get_index_specs(PyObject *object, ese_model_index_info **specs_out, uint32_t *n_out);

/* What turns (value, column, coltyp) into None, int, float, str or bytes, for values of other types. */
PyObject *ese_py_set_value_converter(PyObject *converter);

/*
 * Writes a list of rows: sequences, when `columns` is a tuple of the inputs of their values, or mappings, when it is a dict of
 * inputs by name. (rows, rows inserted, autoincrement, bookmark of the last row)
 */
PyObject *ese_py_write(ese_model_writer *writer, ese_model_write_kind kind, PyObject *rows,
                       PyObject *columns, uint64_t n_before);

PyObject *ese_py_stream_read(ese_model_cursor *cursor, const ese_model_stream *stream,
                             uint64_t offset, uint64_t n_bytes);

/* ---- py_recover.c ------------------------------------------------------------------------------------------ */

/*
 * Tells a callable (NULL: nobody) how far the work is, taking the lock of the interpreter meanwhile; an error ends the work. When the
 * callable raised, its exception is the one that ese_py_raise leaves.
 */
JET_ERR ese_py_progress(void *context, const char *phase, uint64_t done, uint64_t total);

/* Borrowed; NULL for None. */
bool ese_py_get_callback(PyObject *object, PyObject **callback_out);

/* Tells a callable, or nobody for None; Ctrl-C ends the work, too. */
bool ese_py_get_progress(PyObject *object, ese_model_progress *progress_out);

typedef struct ese_py_recovery {
    ese_recover_options options;
    ese_recover_map *maps;
} ese_py_recovery;

#define ESE_PY_NO_RECOVERY                                                                         \
    {                                                                                              \
        .maps = NULL                                                                               \
    }

/* (source, logs, system, base, target, [(logged, path), ...], grbit, progress); the options borrow from it. */
bool ese_py_get_recovery(PyObject *object, ese_py_recovery *recovery);
void ese_py_release_recovery(ese_py_recovery *recovery);

/* A dict of the fields; None for NULL. */
PyObject *ese_py_put_report(const ese_recover_report *report);
