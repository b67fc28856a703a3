/*
 * Rows as Python tuples. The engine reads a batch without the lock of the interpreter; then each value becomes an object,
 * with the conversion that docs/python.md tabulates:
 *
 *   a value that does not fit its column's type (wrong size, not text, no such date) is given as it is, bytes or float: nothing is
 *   guessed and nothing raises.
 */
#include "py_support.h"

#include "object_model_text.h"

#include <math.h>
#include <string.h>

/* ---- Numbers -------------------------------------------------------------------------------------------- */

static uint16_t
read_u16(const uint8_t *d)
{
    return (uint16_t)(d[0] | d[1] << 8);
}

static uint32_t
read_u32(const uint8_t *d)
{
    return (uint32_t)d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
}

static uint64_t
read_u64(const uint8_t *d)
{
    return (uint64_t)read_u32(d + 4) << 32 | read_u32(d);
}

static double
double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double
single_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* ---- Dates, GUIDs, text --------------------------------------------------------------------------------- */

/* Classes of other modules, imported when a first value needs them; guarded by the lock of the interpreter. */
static PyObject *datetime_class;
static PyObject *uuid_class;
static PyObject *keyword_int;

static PyObject *
class_of(PyObject **cache, const char *module_name, const char *name)
{
    if (*cache == NULL) {
        PyObject *module = PyImport_ImportModule(module_name);

        if (module != NULL)
            *cache = PyObject_GetAttrString(module, name);
        Py_XDECREF(module);
    }
    return *cache;
}

/* Day 0 is 1899-12-30; the calendar begins on day 0 of the year 1. Howard Hinnant's algorithm, on days since 0000-03-01. */
static void
civil_from_days(int64_t days, int *year_out, int *month_out, int *day_out)
{
    int64_t z = days + 693899; /* from 0000-03-01 to 1899-12-30 */
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day_out = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month_out = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year_out = (int)(yoe + era * 400 + (*month_out <= 2));
}

enum {
    FIRST_DAY = -657434,
    LAST_DAY = 2958465
}; /* 0100-01-01 and 9999-12-31, the range of the type */
static const int64_t day_microseconds = INT64_C(86400000000);

/*
 * Days since 1899-12-30 with the time of day as fraction, which counts forward on negative days too. A value without a day
 * that is shorter than a microsecond is no time but something else stored in the column (a FILETIME, for example): it stays
 * a number, as does what is out of range.
 */
static PyObject *
put_datetime(double value)
{
    double whole = 0;
    double fraction = fabs(modf(value, &whole));
    int64_t day = 0;
    int64_t time;
    int year;
    int month;
    int dom;
    PyObject *class;

    if (!(value > FIRST_DAY - 1 && value < LAST_DAY + 1) || (value != 0 && fabs(value) < 1e-11))
        return PyFloat_FromDouble(value);
    day = (int64_t)whole;
    time = llround(fraction * (double)day_microseconds);
    if (time == day_microseconds) {
        day++;
        time = 0;
    }
    if (day < FIRST_DAY || day > LAST_DAY)
        return PyFloat_FromDouble(value);
    class = class_of(&datetime_class, "datetime", "datetime");
    if (class == NULL)
        return NULL;
    civil_from_days(day, &year, &month, &dom);
    return PyObject_CallFunction(class, "iiiiiii", year, month, dom, (int)(time / 3600000000),
                                 (int)(time / 60000000 % 60), (int)(time / 1000000 % 60),
                                 (int)(time % 1000000));
}

static PyObject *
put_uuid(const uint8_t *data)
{
    /* the first three fields are little-endian */
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    PyObject *class = class_of(&uuid_class, "uuid", "UUID");
    PyObject *empty = NULL;
    PyObject *keywords = NULL;
    PyObject *number = NULL;
    PyObject *uuid = NULL;
    char text[33];

    if (class == NULL)
        return NULL;
    for (size_t i = 0; i < 16; i++) {
        static const char digits[] = "0123456789abcdef";

        text[2 * i] = digits[data[order[i]] >> 4];
        text[2 * i + 1] = digits[data[order[i]] & 15];
    }
    text[32] = '\0';
    if (keyword_int == NULL)
        keyword_int = PyUnicode_InternFromString("int");
    number = PyLong_FromString(text, NULL, 16);
    empty = PyTuple_New(0);
    keywords = PyDict_New();
    if (number != NULL && empty != NULL && keywords != NULL && keyword_int != NULL &&
        PyDict_SetItem(keywords, keyword_int, number) == 0)
        uuid = PyObject_Call(class, empty, keywords);
    Py_XDECREF(number);
    Py_XDECREF(empty);
    Py_XDECREF(keywords);
    return uuid;
}

/* Text that Python's own decoders do not read as the model does. */
static PyObject *
put_odd_text(uint32_t cp, const uint8_t *data, size_t size)
{
    char *utf8 = PyMem_Malloc(3 * size);
    PyObject *text;
    size_t n;

    if (utf8 == NULL)
        return PyErr_NoMemory();
    n = ese_model_utf8_from_column(cp, data, size, utf8);
    text = PyUnicode_DecodeUTF8(utf8, (Py_ssize_t)n, "surrogatepass");
    PyMem_Free(utf8);
    return text;
}

static PyObject *
put_latin(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= 0x80 && data[i] < 0xA0)
            return put_odd_text(ESE_MODEL_CP_LATIN, data, size);
    }
    return PyUnicode_DecodeLatin1((const char *)data, (Py_ssize_t)size, NULL);
}

static PyObject *
put_text(uint32_t cp, const uint8_t *data, size_t size)
{
    int little = -1;

    if (!ese_model_is_text(cp))
        return PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    if (cp != ESE_MODEL_CP_UTF16)
        return put_latin(data, size);
    if (size % 2 != 0)
        return put_odd_text(cp, data, size);
    return PyUnicode_DecodeUTF16((const char *)data, (Py_ssize_t)size, "surrogatepass", &little);
}

/* ---- Values --------------------------------------------------------------------------------------------- */

/*
 * Dates of this batch by the bits that are stored. Logs write one time into many records, and to compare is much cheaper than to
 * make a date.
 */
enum { KNOWN_DATES = 64 };

typedef struct known_date {
    uint64_t bits;
    PyObject *date; /* counted; NULL: none */
} known_date;

typedef struct batch {
    const ese_model_reader *reader;
    const ese_model_output *outputs;
    uint32_t n_outputs;
    known_date dates[KNOWN_DATES];
} batch;

static PyObject *
put_known_date(batch *b, uint64_t bits)
{
    /* a minute or a millisecond more changes bits in the middle */
    known_date *known = &b->dates[(bits ^ bits >> 20 ^ bits >> 40) % KNOWN_DATES];

    if (known->date == NULL || known->bits != bits) {
        Py_XDECREF(known->date);
        known->bits = bits;
        known->date = put_datetime(double_of(bits));
    }
    Py_XINCREF(known->date);
    return known->date;
}

/* 0: any */
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

static PyObject *
put_value(batch *b, const ese_model_output *output, const uint8_t *data, size_t size)
{
    size_t expected = size_of_type(output->coltyp);

    if (expected != 0 && size != expected)
        return PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    switch (output->coltyp) {
    case JET_coltypBit: return PyBool_FromLong(data[0] != 0);
    case JET_coltypUnsignedByte: return PyLong_FromLong(data[0]);
    case JET_coltypShort: return PyLong_FromLong((int16_t)read_u16(data));
    case JET_coltypUnsignedShort: return PyLong_FromLong(read_u16(data));
    case JET_coltypLong: return PyLong_FromLong((int32_t)read_u32(data));
    case JET_coltypUnsignedLong: return PyLong_FromLongLong(read_u32(data));
    case JET_coltypCurrency:
    case JET_coltypLongLong: return PyLong_FromLongLong((int64_t)read_u64(data));
    case JET_coltypUnsignedLongLong: return PyLong_FromUnsignedLongLong(read_u64(data));
    case JET_coltypIEEESingle: return PyFloat_FromDouble(single_of(read_u32(data)));
    case JET_coltypIEEEDouble: return PyFloat_FromDouble(double_of(read_u64(data)));
    case JET_coltypDateTime: return put_known_date(b, read_u64(data));
    case JET_coltypGUID: return put_uuid(data);
    case JET_coltypText:
    case JET_coltypLongText: return put_text(output->cp, data, size);
    default: return PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    }
}

static PyObject *
put_list(batch *b, const ese_model_output *output, const ese_model_cell *cell)
{
    PyObject *list = PyList_New((Py_ssize_t)cell->n_values);

    for (uint32_t i = 0; list != NULL && i < cell->n_values; i++) {
        size_t size;
        const uint8_t *data = ese_model_cell_value(b->reader, cell, i, &size);
        PyObject *value = put_value(b, output, data, size);

        if (value == NULL)
            Py_CLEAR(list);
        else
            (void)PyList_SetItem(list, (Py_ssize_t)i, value);
    }
    return list;
}

static PyObject *
put_cell(batch *b, const ese_model_output *output, const ese_model_cell *cell)
{
    const uint8_t *data;
    size_t size;

    if (cell->n_values > 1 || output->is_list)
        return put_list(b, output, cell);
    data = cell->at.bytes;
    size = cell->size;
    if (size > sizeof cell->at.bytes)
        data = ese_model_cell_value(b->reader, cell, 0, &size);
    return put_value(b, output, data, size);
}

static PyObject *
put_row(batch *b, uint32_t i)
{
    const ese_model_cell *cells = ese_model_row(b->reader, i);
    PyObject *row = PyTuple_New((Py_ssize_t)b->n_outputs);

    for (uint32_t column = 0; row != NULL && column < b->n_outputs; column++) {
        PyObject *value = Py_None;

        if (cells[column].n_values == 0)
            Py_INCREF(value);
        else
            value = put_cell(b, &b->outputs[column], &cells[column]);
        if (value == NULL)
            Py_CLEAR(row);
        else
            (void)PyTuple_SetItem(row, (Py_ssize_t)column, value);
    }
    return row;
}

static PyObject *
put_rows(const ese_model_reader *reader, uint32_t n_rows)
{
    batch b = {
        .reader = reader,
        .outputs = ese_model_output_at(reader, 0),
        .n_outputs = ese_model_output_count(reader),
    };
    PyObject *rows = PyList_New((Py_ssize_t)n_rows);

    for (uint32_t i = 0; rows != NULL && i < n_rows; i++) {
        PyObject *row = put_row(&b, i);

        if (row == NULL)
            Py_CLEAR(rows);
        else
            (void)PyList_SetItem(rows, (Py_ssize_t)i, row);
    }
    for (size_t i = 0; i < KNOWN_DATES; i++)
        Py_XDECREF(b.dates[i].date);
    return rows;
}

PyObject *
ese_py_fetch(ese_model_reader *reader, uint32_t rows_max)
{
    uint32_t n_rows = 0;
    PyObject *rows;
    PyThreadState *lock;
    JET_ERR err;

    lock = PyEval_SaveThread();
    err = ese_model_read(reader, rows_max, &n_rows);
    PyEval_RestoreThread(lock);
    if (err < JET_errSuccess) {
        ese_py_raise(err);
        return NULL;
    }
    rows = put_rows(reader, n_rows);
    ese_model_end_read(reader);
    return rows;
}

/* One call for a point read: to seek, and to read what is there. */
PyObject *
ese_py_fetch_key(ese_model_reader *reader, PyObject *key_object)
{
    ese_model_key key;
    uint32_t n_rows = 0;
    PyObject *row = Py_None;
    PyThreadState *lock;
    JET_ERR err;

    if (!ese_py_get_key(key_object, &key))
        return NULL;
    lock = PyEval_SaveThread();
    err = ese_model_read_key(reader, &key, &n_rows);
    PyEval_RestoreThread(lock);
    if (err < JET_errSuccess) {
        ese_py_raise(err);
        return NULL;
    }
    if (n_rows > 0) {
        PyObject *rows = put_rows(reader, 1);

        row = rows != NULL ? PyList_GetItem(rows, 0) : NULL;
        Py_XINCREF(row);
        Py_XDECREF(rows);
    } else {
        Py_INCREF(row);
    }
    ese_model_end_read(reader);
    return row;
}
