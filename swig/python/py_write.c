/*
 * Rows from Python: the values of many rows go into the buffer of a writer while the lock of the interpreter is held; then the
 * engine takes them all without it.
 */
#include "py_support.h"

#include <stdlib.h>
#include <string.h>

/* ---- Values --------------------------------------------------------------------------------------------- */

static PyObject *value_converter; /* guarded by the lock of the interpreter */

PyObject *
ese_py_set_value_converter(PyObject *converter)
{
    PyObject *before = value_converter;

    Py_INCREF(converter);
    value_converter = converter;
    Py_XDECREF(before);
    Py_INCREF(Py_None);
    return Py_None;
}

/* Where a value of a row goes. */
typedef struct place {
    ese_model_writer *writer;
    uint32_t input;
    uint32_t itag;
} place;

static bool
add_value(const place *to, const ese_model_value *value)
{
    JET_ERR err = ese_model_add_value(to->writer, to->input, to->itag, value);

    if (err < JET_errSuccess)
        ese_py_raise(err);
    return err >= JET_errSuccess;
}

static bool
add_text(const place *to, PyObject *text)
{
    ese_model_value value = {.type = ESE_MODEL_TEXT};
    Py_ssize_t size = 0;
    PyObject *bytes;
    char *data = NULL;
    bool is_ok;

    value.data = PyUnicode_AsUTF8AndSize(text, &size);
    value.size = (size_t)size;
    if (value.data != NULL)
        return add_value(to, &value);
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return false;
    PyErr_Clear(); /* lone surrogates come from columns, so they may be written */
    bytes = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    if (bytes == NULL || PyBytes_AsStringAndSize(bytes, &data, &size) < 0) {
        Py_XDECREF(bytes);
        return false;
    }
    value.data = data;
    value.size = (size_t)size;
    is_ok = add_value(to, &value);
    Py_DECREF(bytes);
    return is_ok;
}

static bool
add_buffer(const place *to, PyObject *object)
{
    ese_py_view view = ESE_PY_NO_VIEW;
    ese_model_value value = {.type = ESE_MODEL_BYTES};
    bool is_ok;

    if (!ese_py_get_view(object, &view))
        return false;
    value.data = view.data;
    value.size = view.size;
    is_ok = add_value(to, &value);
    ese_py_release_view(&view);
    return is_ok;
}

/* False, without an exception, when it is of none of the types that columns have by nature. */
static bool
add_simple(const place *to, PyObject *object)
{
    ese_model_value value = {0};

    if (PyUnicode_Check(object))
        return add_text(to, object);
    if (PyObject_CheckBuffer(object))
        return add_buffer(to, object);
    if (object != Py_None && !PyLong_Check(object) && !PyFloat_Check(object))
        return false;
    return ese_py_get_value(object, &value) && add_value(to, &value);
}

/* Dates, GUIDs, decimals and whatever has __index__ or __float__: the idiomatic layer makes simple values of them. */
static bool
add_converted(const place *to, PyObject *object)
{
    const ese_model_input *input = ese_model_input_at(to->writer, to->input);
    PyObject *simple;
    bool is_ok;

    if (value_converter == NULL) {
        PyErr_SetString(PyExc_TypeError, "no value of a column");
        return false;
    }
    simple = PyObject_CallFunction(value_converter, "OsI", object, input->name,
                                   (unsigned)input->type.coltyp);
    if (simple == NULL)
        return false;
    is_ok = add_simple(to, simple);
    if (!is_ok && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "column %s takes no %R", input->name,
                     (PyObject *)Py_TYPE(object));
    Py_DECREF(simple);
    return is_ok;
}

static bool
add_one(const place *to, PyObject *object)
{
    return add_simple(to, object) || (!PyErr_Occurred() && add_converted(to, object));
}

/* Several values of a column that can have them; none of them NULL, and an empty list is NULL. */
static bool
add_list(place *to, PyObject *list)
{
    const ese_model_input *input = ese_model_input_at(to->writer, to->input);
    Py_ssize_t n = PySequence_Size(list);

    if (n < 0)
        return false;
    if (!input->is_list) {
        PyErr_Format(PyExc_TypeError, "column %s holds one value, not a list", input->name);
        return false;
    }
    if (n == 0)
        return add_one(to, Py_None);
    for (Py_ssize_t i = 0; i < n; i++, to->itag++) {
        PyObject *item = PySequence_GetItem(list, i);
        bool is_ok = item != NULL && item != Py_None && add_one(to, item);

        if (item == Py_None)
            PyErr_Format(PyExc_TypeError, "column %s: a list of values has no None", input->name);
        Py_XDECREF(item);
        if (!is_ok)
            return false;
    }
    return true;
}

static bool
add_cell(ese_model_writer *writer, uint32_t input, PyObject *object)
{
    place to = {writer, input, 1};

    if (PyList_Check(object) || PyTuple_Check(object))
        return add_list(&to, object);
    return add_one(&to, object);
}

/* ---- Rows ----------------------------------------------------------------------------------------------- */

/* Which columns the values of a row belong to: inputs in the order of the values, or inputs by name. */
typedef struct columns {
    ese_model_writer *writer;
    PyObject *names; /* NULL: by position */
    uint32_t *inputs;
    Py_ssize_t n_inputs;
} columns;

static bool
get_input(const columns *c, PyObject *number, uint32_t *input_out)
{
    unsigned long input = PyLong_AsUnsignedLong(number);

    if (PyErr_Occurred())
        return false;
    if (input >= ese_model_input_count(c->writer)) {
        PyErr_SetString(PyExc_IndexError, "no such column");
        return false;
    }
    *input_out = (uint32_t)input;
    return true;
}

static bool
get_columns(PyObject *object, columns *c)
{
    if (PyDict_Check(object)) {
        c->names = object;
        return true;
    }
    c->n_inputs = PyTuple_Size(object);
    if (c->n_inputs < 0)
        return false;
    c->inputs = calloc((size_t)c->n_inputs + 1, sizeof *c->inputs);
    if (c->inputs == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < c->n_inputs; i++) {
        if (!get_input(c, PyTuple_GetItem(object, i), &c->inputs[i]))
            return false;
    }
    return true;
}

static bool
add_positions(const columns *c, PyObject *row)
{
    PyObject *values = PyTuple_Check(row) ? row : PySequence_Tuple(row);
    bool is_ok = values != NULL;

    if (is_ok && PyTuple_Size(values) != c->n_inputs) {
        PyErr_Format(PyExc_ValueError, "a row has %zd values for %zd columns", PyTuple_Size(values),
                     c->n_inputs);
        is_ok = false;
    }
    for (Py_ssize_t i = 0; is_ok && i < c->n_inputs; i++)
        is_ok = add_cell(c->writer, c->inputs[i], PyTuple_GetItem(values, i));
    if (values != row)
        Py_XDECREF(values);
    return is_ok;
}

/* The names are a dict that knows all spellings: it finds, or refuses, in __missing__ what is spelt in another way. */
static bool
find_input(const columns *c, PyObject *name, uint32_t *input_out)
{
    PyObject *number = PyDict_GetItemWithError(c->names, name);
    bool is_ok;

    if (number != NULL)
        return get_input(c, number, input_out);
    if (PyErr_Occurred())
        return false;
    number = PyObject_GetItem(c->names, name);
    if (number == NULL)
        return false;
    is_ok = get_input(c, number, input_out);
    Py_DECREF(number);
    return is_ok;
}

static bool
add_names(const columns *c, PyObject *row)
{
    PyObject *dict = row;
    PyObject *name;
    PyObject *value;
    Py_ssize_t at = 0;
    bool is_ok = true;

    if (!PyDict_Check(row)) {
        dict = PyObject_CallFunctionObjArgs((PyObject *)&PyDict_Type, row, NULL);
        if (dict == NULL)
            return false;
    }
    while (is_ok && PyDict_Next(dict, &at, &name, &value)) {
        uint32_t input = 0;

        Py_INCREF(name);
        Py_INCREF(value);
        is_ok = find_input(c, name, &input) && add_cell(c->writer, input, value);
        Py_DECREF(name);
        Py_DECREF(value);
    }
    if (dict != row)
        Py_DECREF(dict);
    return is_ok;
}

static bool
add_rows(const columns *c, PyObject *rows)
{
    Py_ssize_t n = PyList_Size(rows);

    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *row = PyList_GetItem(rows, i);
        JET_ERR err = ese_model_add_row(c->writer);
        bool is_ok;

        if (err < JET_errSuccess) {
            ese_py_raise(err);
            return false;
        }
        if (row == NULL)
            return false;
        Py_INCREF(row);
        is_ok = c->names != NULL ? add_names(c, row) : add_positions(c, row);
        Py_DECREF(row);
        if (!is_ok)
            return false;
    }
    return n >= 0;
}

static PyObject *
write_rows(ese_model_writer *writer, ese_model_write_kind kind)
{
    ese_model_written written = {0};
    PyThreadState *lock = PyEval_SaveThread();
    JET_ERR err = ese_model_write(writer, kind, &written);

    PyEval_RestoreThread(lock);
    if (err < JET_errSuccess) {
        ese_py_raise(err);
        return NULL;
    }
    return Py_BuildValue("(IIKy#)", written.n_rows, written.n_inserted,
                         (unsigned long long)written.autoincrement, written.bookmark.data,
                         (Py_ssize_t)written.bookmark.size);
}

PyObject *
ese_py_write(ese_model_writer *writer, ese_model_write_kind kind, PyObject *rows,
             PyObject *columns_object, uint64_t n_before)
{
    columns c = {.writer = writer};
    PyObject *written = NULL;
    Py_ssize_t n = PyList_Size(rows);
    JET_ERR err;

    if (n < 0)
        return NULL;
    err = ese_model_begin_write(writer, (uint32_t)n, n_before);
    if (err < JET_errSuccess) {
        ese_py_raise(err);
        return NULL;
    }
    if (get_columns(columns_object, &c) && add_rows(&c, rows))
        written = write_rows(writer, kind);
    ese_model_end_write(writer);
    free(c.inputs);
    return written;
}

/* ---- Long values ------------------------------------------------------------------------------------------ */

enum { PIECE_MAX = 1 << 30 };

PyObject *
ese_py_stream_read(ese_model_cursor *cursor, const ese_model_stream *stream, uint64_t offset,
                   uint64_t n_bytes)
{
    size_t room = n_bytes < PIECE_MAX ? (size_t)n_bytes : PIECE_MAX;
    char *data = PyMem_Malloc(room + 1);
    size_t size = 0;
    PyObject *bytes = NULL;
    PyThreadState *lock;
    JET_ERR err;

    if (data == NULL)
        return PyErr_NoMemory();
    lock = PyEval_SaveThread();
    err = ese_model_stream_read(cursor, stream, offset, data, room, &size);
    PyEval_RestoreThread(lock);
    if (err < JET_errSuccess)
        ese_py_raise(err);
    else
        bytes = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    PyMem_Free(data);
    return bytes;
}

/* ---- Schema ----------------------------------------------------------------------------------------------- */

/* The name, cut to the room; longer ones are too long for the engine as well. */
static bool
get_name(PyObject *object, char *name)
{
    const char *text = NULL;

    if (!ese_py_get_text(object, &text))
        return false;
    if (text == NULL)
        text = "";
    if (strlen(text) >= ESE_MODEL_NAME_MAX) {
        PyErr_SetString(PyExc_ValueError, "the name is too long");
        return false;
    }
    strncpy(name, text, ESE_MODEL_NAME_MAX);
    return true;
}

/* An array of `size` bytes for each item of a list, zeroed; NULL with an exception. */
static void *
allocate_for(PyObject *list, size_t size, uint32_t *n_out)
{
    Py_ssize_t n = PyList_Size(list);
    void *array = n < 0 ? NULL : calloc((size_t)n + 1, size);

    if (n >= 0 && array == NULL)
        PyErr_NoMemory();
    *n_out = n < 0 ? 0 : (uint32_t)n;
    return array;
}

/* (name, columnid, coltyp, cp, is_list, skip_null) */
static bool
get_input_spec(PyObject *object, ese_model_input *input)
{
    PyObject *name;
    int is_list;
    int skip_null;

    if (!PyArg_ParseTuple(object, "OIIHpp", &name, &input->columnid, &input->type.coltyp,
                          &input->type.cp, &is_list, &skip_null))
        return false;
    input->is_list = is_list != 0;
    input->skip_null = skip_null != 0;
    return get_name(name, input->name);
}

bool
ese_py_get_inputs(PyObject *object, ese_model_input **inputs_out, uint32_t *n_out)
{
    ese_model_input *inputs = allocate_for(object, sizeof *inputs, n_out);

    if (inputs == NULL)
        return false;
    for (uint32_t i = 0; i < *n_out; i++) {
        if (!get_input_spec(PyList_GetItem(object, (Py_ssize_t)i), &inputs[i])) {
            free(inputs);
            return false;
        }
    }
    *inputs_out = inputs;
    return true;
}

bool
ese_py_get_numbers(PyObject *object, uint32_t **numbers_out, uint32_t *n_out)
{
    uint32_t *numbers = allocate_for(object, sizeof *numbers, n_out);

    if (numbers == NULL)
        return false;
    for (uint32_t i = 0; i < *n_out; i++) {
        numbers[i] = (uint32_t)PyLong_AsUnsignedLong(PyList_GetItem(object, (Py_ssize_t)i));
        if (PyErr_Occurred()) {
            free(numbers);
            return false;
        }
    }
    *numbers_out = numbers;
    return true;
}

bool
ese_py_get_column_spec(PyObject *object, ese_model_column_spec *spec_out)
{
    PyObject *name;
    PyObject *value;

    memset(spec_out, 0, sizeof *spec_out);
    return PyArg_ParseTuple(object, "OIIIIO", &name, &spec_out->coltyp, &spec_out->cp,
                            &spec_out->size_max, &spec_out->grbit, &value) &&
           get_name(name, spec_out->name) && ese_py_get_value(value, &spec_out->default_value);
}

bool
ese_py_get_column_specs(PyObject *object, ese_model_column_spec **specs_out, uint32_t *n_out)
{
    ese_model_column_spec *specs = allocate_for(object, sizeof *specs, n_out);

    if (specs == NULL)
        return false;
    for (uint32_t i = 0; i < *n_out; i++) {
        if (!ese_py_get_column_spec(PyList_GetItem(object, (Py_ssize_t)i), &specs[i])) {
            free(specs);
            return false;
        }
    }
    *specs_out = specs;
    return true;
}

/* [(name, flag), ...] */
static bool
get_index_columns(PyObject *list, ese_model_index_column *columns_out, uint32_t *n_out,
                  bool is_condition)
{
    Py_ssize_t n = PyList_Size(list);

    if (n < 0 || n > ESE_MODEL_SEGMENTS_MAX) {
        PyErr_SetString(PyExc_ValueError, "an index has at most 16 columns");
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name;
        int flag;

        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "Op", &name, &flag) ||
            !get_name(name, columns_out[i].name))
            return false;
        if (is_condition)
            columns_out[i].must_be_null = flag != 0;
        else
            columns_out[i].is_descending = flag != 0;
    }
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_py_get_index_spec(PyObject *object, ese_model_index_info *spec_out)
{
    JET_TUPLELIMITS *t = &spec_out->tuple_limits;
    PyObject *name;
    PyObject *segments;
    PyObject *conditions;
    PyObject *locale;

    memset(spec_out, 0, sizeof *spec_out);
    return PyArg_ParseTuple(object, "OIO!O!OIIII(IIIII)", &name, &spec_out->grbit, &PyList_Type,
                            &segments, &PyList_Type, &conditions, &locale, &spec_out->lcid,
                            &spec_out->map_flags, &spec_out->key_most, &spec_out->density,
                            &t->chLengthMin, &t->chLengthMax, &t->chToIndexMax, &t->cchIncrement,
                            &t->ichStart) &&
           get_name(name, spec_out->name) && get_name(locale, spec_out->locale) &&
           get_index_columns(segments, spec_out->segments, &spec_out->n_segments, false) &&
           get_index_columns(conditions, spec_out->conditions, &spec_out->n_conditions, true);
}

bool
ese_py_get_index_specs(PyObject *object, ese_model_index_info **specs_out, uint32_t *n_out)
{
    ese_model_index_info *specs = allocate_for(object, sizeof *specs, n_out);

    if (specs == NULL)
        return false;
    for (uint32_t i = 0; i < *n_out; i++) {
        if (!ese_py_get_index_spec(PyList_GetItem(object, (Py_ssize_t)i), &specs[i])) {
            free(specs);
            return false;
        }
    }
    *specs_out = specs;
    return true;
}
