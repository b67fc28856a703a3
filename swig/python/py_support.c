#include "py_support.h"

#include "constants.h"

#include <stdlib.h>
#include <string.h>

/* ---- Errors --------------------------------------------------------------------------------------------- */

static PyObject *error_factory; /* guarded by the lock of the interpreter */

PyObject *
ese_py_set_error_factory(PyObject *factory)
{
    PyObject *before = error_factory;

    Py_INCREF(factory);
    error_factory = factory;
    Py_XDECREF(before);
    Py_INCREF(Py_None);
    return Py_None;
}

void
ese_py_raise(JET_ERR err)
{
    PyObject *error;
    const char *text;

    if (PyErr_Occurred()) /* of a callable that was told about progress */
        return;
    if (error_factory == NULL) {
        PyErr_Format(PyExc_RuntimeError, "error %d: %s", err, ese_model_error_text(err));
        return;
    }
    text = ese_model_error_text(err);
    error = PyObject_CallFunction(error_factory, "iziN", (int)err, ese_error_name(err),
                                  (int)ese_error_category(err),
                                  PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text),
                                                       "backslashreplace")); /* paths are bytes */
    if (error == NULL)
        return;
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
}

/* Takes the reference to `item`; false with an exception set. */
static bool
append(PyObject *list, PyObject *item)
{
    bool is_ok = item != NULL && PyList_Append(list, item) == 0;

    Py_XDECREF(item);
    return is_ok;
}

static void
add_error(void *context, JET_ERR err, const char *name, JET_ERRCAT category, const char *text)
{
    if (!PyErr_Occurred())
        (void)append(context, Py_BuildValue("(isis)", (int)err, name, (int)category, text));
}

PyObject *
ese_py_error_list(void)
{
    PyObject *list = PyList_New(0);

    if (list == NULL)
        return NULL;
    ese_error_list(list, add_error);
    if (PyErr_Occurred())
        Py_CLEAR(list);
    return list;
}

/* Takes the reference to `value`; false with an exception set. */
static bool
set_item(PyObject *dict, const char *key, PyObject *value)
{
    bool is_ok = value != NULL && PyDict_SetItemString(dict, key, value) == 0;

    Py_XDECREF(value);
    return is_ok;
}

PyObject *
ese_py_constants(void)
{
    PyObject *dict = PyDict_New();

    for (const ese_model_constant *c = ese_model_constants; dict != NULL && c->name != NULL; c++) {
        PyObject *value = c->is_positive ? PyLong_FromUnsignedLongLong((uint64_t)c->value)
                                         : PyLong_FromLongLong(c->value);

        if (!set_item(dict, c->name, value))
            Py_CLEAR(dict);
    }
    return dict;
}

/* ---- Plain values --------------------------------------------------------------------------------------- */

PyObject *
ese_py_put_boolean(bool value)
{
    return PyBool_FromLong(value);
}

PyObject *
ese_py_put_integer(int64_t value)
{
    return PyLong_FromLongLong(value);
}

PyObject *
ese_py_put_unsigned(uint64_t value)
{
    return PyLong_FromUnsignedLongLong(value);
}

PyObject *
ese_py_put_bytes(const void *data, size_t size)
{
    return PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
}

PyObject *
ese_py_put_parameter(const ese_model_parameter *parameter)
{
    return Py_BuildValue("(KN)", (unsigned long long)parameter->number,
                         PyUnicode_DecodeUTF8(parameter->text, (Py_ssize_t)strlen(parameter->text),
                                              "surrogateescape"));
}

PyObject *
ese_py_put_problem(const ese_problem *problem)
{
    if (problem == NULL) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return Py_BuildValue(
        "(IizN)", problem->pgno, (int)problem->err, ese_error_name(problem->err),
        PyUnicode_DecodeUTF8(problem->text, (Py_ssize_t)strlen(problem->text), "replace"));
}

/* ---- The header of a database --------------------------------------------------------------------------- */

/* (year, month, day, hour, minute, second, millisecond, is_utc), or None for "never". */
static PyObject *
put_time(const JET_LOGTIME *time)
{
    if (time->bMonth == 0 || time->bDay == 0) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return Py_BuildValue("(iiiiiiiN)", 1900 + (uint8_t)time->bYear, time->bMonth, time->bDay,
                         time->bHours, time->bMinutes, time->bSeconds,
                         time->bMillisecondsHigh << 7 | time->bMillisecondsLow,
                         PyBool_FromLong(time->fTimeIsUTC));
}

/* (random, time, computer name) */
static PyObject *
put_signature(const JET_SIGNATURE *signature)
{
    Py_ssize_t length = 0;

    while (length < (Py_ssize_t)sizeof signature->szComputerName &&
           signature->szComputerName[length] != '\0')
        length++;
    return Py_BuildValue("(INN)", signature->ulRandom, put_time(&signature->logtimeCreate),
                         PyUnicode_DecodeLatin1(signature->szComputerName, length, NULL));
}

static bool
set_counts(PyObject *dict, const JET_DBINFOMISC4 *info)
{
    const struct {
        const char *name;
        uint32_t value;
    } counts[] = {
        {"version", info->ulVersion},
        {"update", info->ulUpdate},
        {"state", info->dbstate},
        {"page_size", info->cbPageSize},
        {"windows_major", info->dwMajorVersion},
        {"windows_minor", info->dwMinorVersion},
        {"windows_build", info->dwBuildNumber},
        {"generation_min_required", info->genMinRequired},
        {"generation_max_required", info->genMaxRequired},
        {"generation_committed", info->genCommitted},
        {"repair_count", info->ulRepairCount},
        {"checksum_errors", info->ulBadChecksum},
        {"corrected_errors", info->ulECCFixSuccess},
        {"uncorrected_errors", info->ulECCFixFail},
    };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (!set_item(dict, counts[i].name, PyLong_FromUnsignedLong(counts[i].value)))
            return false;
    }
    return true;
}

PyObject *
ese_py_put_info(const JET_DBINFOMISC4 *info, uint64_t n_bytes)
{
    PyObject *dict = PyDict_New();

    if (dict == NULL)
        return NULL;
    if (!set_counts(dict, info) || !set_item(dict, "size", PyLong_FromUnsignedLongLong(n_bytes)) ||
        !set_item(dict, "signature", put_signature(&info->signDb)) ||
        !set_item(dict, "log_signature", put_signature(&info->signLog)) ||
        !set_item(dict, "consistent_time", put_time(&info->logtimeConsistent)) ||
        !set_item(dict, "attach_time", put_time(&info->logtimeAttach)) ||
        !set_item(dict, "detach_time", put_time(&info->logtimeDetach)))
        Py_CLEAR(dict);
    return dict;
}

/* ---- Schema --------------------------------------------------------------------------------------------- */

static PyObject *
put_name(const char *name)
{
    return PyUnicode_DecodeUTF8(name, (Py_ssize_t)strlen(name), "surrogateescape");
}

PyObject *
ese_py_put_tables(const ese_model_table_info *tables, uint32_t n)
{
    PyObject *list = PyList_New(0);

    for (uint32_t i = 0; list != NULL && i < n; i++) {
        if (!append(list, Py_BuildValue("(NI)", put_name(tables[i].name), tables[i].flags)))
            Py_CLEAR(list);
    }
    return list;
}

PyObject *
ese_py_put_columns(const ese_column_info *columns, uint32_t n)
{
    PyObject *list = PyList_New(0);

    for (uint32_t i = 0; list != NULL && i < n; i++) {
        const ese_column_info *c = &columns[i];
        PyObject *item = Py_BuildValue("(NIIIIIy#)", put_name(c->name), c->columnid, c->coltyp,
                                       c->cp, c->size_max, c->grbit, (const char *)c->default_value,
                                       (Py_ssize_t)c->default_size);

        if (!append(list, item))
            Py_CLEAR(list);
    }
    return list;
}

/* ((name, flag), ...) */
static PyObject *
put_index_columns(const ese_model_index_column *columns, uint32_t n, bool is_condition)
{
    PyObject *list = PyList_New(0);

    for (uint32_t i = 0; list != NULL && i < n; i++) {
        bool flag = is_condition ? columns[i].must_be_null : columns[i].is_descending;

        if (!append(list, Py_BuildValue("(NN)", put_name(columns[i].name), PyBool_FromLong(flag))))
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *
put_index(const ese_model_index_info *index)
{
    const JET_TUPLELIMITS *t = &index->tuple_limits;

    return Py_BuildValue("(NINNNIIII(IIIII))", put_name(index->name), index->grbit,
                         put_index_columns(index->segments, index->n_segments, false),
                         put_index_columns(index->conditions, index->n_conditions, true),
                         put_name(index->locale), index->lcid, index->map_flags, index->key_most,
                         index->density, t->chLengthMin, t->chLengthMax, t->chToIndexMax,
                         t->cchIncrement, t->ichStart);
}

PyObject *
ese_py_put_indexes(const ese_model_index_info *indexes, uint32_t n)
{
    PyObject *list = PyList_New(0);

    for (uint32_t i = 0; list != NULL && i < n; i++) {
        if (!append(list, put_index(&indexes[i])))
            Py_CLEAR(list);
    }
    return list;
}

/* ---- Inputs --------------------------------------------------------------------------------------------- */

bool
ese_py_get_text(PyObject *object, const char **text_out)
{
    Py_ssize_t size;
    char *bytes;

    if (object == Py_None) {
        *text_out = NULL;
        return true;
    }
    if (PyBytes_Check(object)) {
        if (PyBytes_AsStringAndSize(object, &bytes, NULL) < 0) /* refuses NUL */
            return false;
        *text_out = bytes;
        return true;
    }
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "expected str, not %R", (PyObject *)Py_TYPE(object));
        return false;
    }
    *text_out = PyUnicode_AsUTF8AndSize(object, &size);
    if (*text_out == NULL)
        return false;
    if (strlen(*text_out) != (size_t)size) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return false;
    }
    return true;
}

static bool
get_number(PyObject *object, ese_model_value *value)
{
    value->type = ESE_MODEL_INTEGER;
    value->integer = PyLong_AsLongLong(object);
    if (value->integer != -1 || !PyErr_Occurred())
        return true;
    if (!PyErr_ExceptionMatches(PyExc_OverflowError))
        return false;
    PyErr_Clear();
    value->type = ESE_MODEL_UNSIGNED;
    value->integer = (int64_t)PyLong_AsUnsignedLongLong(object);
    return !PyErr_Occurred();
}

bool
ese_py_get_value(PyObject *object, ese_model_value *value)
{
    Py_ssize_t size;
    char *bytes;

    value->type = ESE_MODEL_NULL;
    if (object == Py_None)
        return true;
    if (PyLong_Check(object))
        return get_number(object, value);
    if (PyFloat_Check(object)) {
        value->type = ESE_MODEL_REAL;
        value->real = PyFloat_AsDouble(object);
        return true;
    }
    if (PyUnicode_Check(object)) {
        value->type = ESE_MODEL_TEXT;
        value->data = PyUnicode_AsUTF8AndSize(object, &size);
        value->size = (size_t)size;
        return value->data != NULL;
    }
    if (PyTuple_Check(object) && PyTuple_Size(object) == 1) { /* (text as UTF-8,) */
        value->type = ESE_MODEL_TEXT;
        object = PyTuple_GetItem(object, 0);
    }
    if (PyBytes_Check(object)) {
        if (value->type != ESE_MODEL_TEXT)
            value->type = ESE_MODEL_BYTES;
        if (PyBytes_AsStringAndSize(object, &bytes, &size) < 0)
            return false;
        value->data = bytes;
        value->size = (size_t)size;
        return true;
    }
    PyErr_Format(PyExc_TypeError, "a key has no values of type %R", (PyObject *)Py_TYPE(object));
    return false;
}

bool
ese_py_get_key(PyObject *object, ese_model_key *key_out)
{
    PyObject *values;
    Py_ssize_t n;
    int side;

    if (!PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a key is a tuple (values, side)");
        return false;
    }
    if (!PyArg_ParseTuple(object, "O!i", &PyTuple_Type, &values, &side))
        return false;
    n = PyTuple_Size(values);
    if (n > ESE_MODEL_SEGMENTS_MAX) {
        PyErr_SetString(PyExc_ValueError, "a key has at most 16 values");
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!ese_py_get_value(PyTuple_GetItem(values, i), &key_out->values[i]))
            return false;
    }
    key_out->n_values = (uint32_t)n;
    key_out->side = (ese_model_side)side;
    return true;
}

bool
ese_py_get_segments(PyObject *object, ese_model_segment *segments_out, uint32_t *n_out)
{
    Py_ssize_t n = PyList_Size(object);

    if (n < 0 || n > ESE_MODEL_SEGMENTS_MAX) {
        PyErr_SetString(PyExc_ValueError, "an index has at most 16 columns");
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "IH", &segments_out[i].coltyp,
                              &segments_out[i].cp))
            return false;
    }
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_py_get_outputs(PyObject *object, ese_model_output **outputs_out, uint32_t *n_out)
{
    Py_ssize_t n = PyList_Size(object);
    ese_model_output *outputs;

    if (n < 0)
        return false;
    outputs = calloc((size_t)n + 1, sizeof *outputs);
    if (outputs == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        int is_list;

        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "IIIp", &outputs[i].columnid,
                              &outputs[i].coltyp, &outputs[i].cp, &is_list)) {
            free(outputs);
            return false;
        }
        outputs[i].is_list = is_list != 0;
    }
    *outputs_out = outputs;
    *n_out = (uint32_t)n;
    return true;
}

bool
ese_py_get_view(PyObject *object, ese_py_view *view_out)
{
    if (PyObject_GetBuffer(object, &view_out->buffer, PyBUF_SIMPLE) < 0)
        return false;
    view_out->is_held = true;
    view_out->data = view_out->buffer.buf;
    view_out->size = (size_t)view_out->buffer.len;
    return true;
}

void
ese_py_release_view(ese_py_view *view)
{
    if (view->is_held)
        PyBuffer_Release(&view->buffer);
    view->is_held = false;
}
