/* Python: what the shared patterns need, and the functions that only Python has. Bodies are calls into py_support.c. */

%{
#include "py_support.h"
%}

%begin %{
#define SWIG_PYTHON_STRICT_BYTE_CHAR
%}

%pythonnondynamic;

%typemap(out) JET_ERR { if ($1 < 0) { ese_py_raise($1); SWIG_fail; } }
%typemap(ret) JET_ERR { if (!$result) $result = SWIG_Py_Void(); }

%define ESE_PUT_HANDLE
$result = SWIG_AppendOutput($result, SWIG_NewPointerObj(*$1, $*1_descriptor, SWIG_POINTER_OWN));
%enddef
%define ESE_PUT(FUNCTION, ARGS...)
$result = SWIG_AppendOutput($result, ese_py_##FUNCTION(ARGS));
%enddef
%define ESE_GET(FUNCTION, ARGS...)
if (!ese_py_##FUNCTION($input, ARGS)) SWIG_fail;
%enddef

/* Names and paths: str or bytes without NUL; None where NULL means something. */
%typemap(in) const char * { if (!ese_py_get_text($input, &$1)) SWIG_fail; }
%typemap(freearg) const char * ""

%typemap(in) (const void *data, size_t size) (ese_py_view view = ESE_PY_NO_VIEW) { if (!ese_py_get_view($input, &view)) SWIG_fail; $1 = view.data; $2 = view.size; }
%typemap(freearg) (const void *data, size_t size) { ese_py_release_view(&view$argnum); }

%typemap(in) const ese_model_progress *progress (ese_model_progress progress)
    { ESE_GET(get_progress, &progress) $1 = &progress; }
%typemap(in) const ese_recover_options *options (ese_py_recovery recovery = ESE_PY_NO_RECOVERY)
    { ESE_GET(get_recovery, &recovery) $1 = &recovery.options; }
%typemap(freearg) const ese_recover_options *options "ese_py_release_recovery(&recovery$argnum);"

/* Trivial or in need of the interpreter: called with its lock held. */
%nothread ese_model_instance::is_open;
%nothread ese_model_session::is_open;
%nothread ese_model_database::is_open;
%nothread ese_model_cursor::is_open;
%nothread ese_model_transaction::is_open;
%nothread ese_model_instance::~ese_model_instance;
%nothread ese_model_session::~ese_model_session;
%nothread ese_model_database::~ese_model_database;
%nothread ese_model_cursor::~ese_model_cursor;
%nothread ese_model_transaction::~ese_model_transaction;
%nothread ese_model_reader::~ese_model_reader;
%nothread ese_model_reader::fetch;
%nothread ese_model_reader::fetch_key;
%nothread ese_model_writer::~ese_model_writer;
%nothread ese_model_writer::write;
%nothread ese_model_cursor::stream_read;
%nothread ese_py_error_list;
%nothread ese_py_set_error_factory;
%nothread ese_py_constants;
%nothread ese_py_set_value_converter;

%extend ese_model_reader {
    PyObject *fetch(uint32_t rows_max) { return ese_py_fetch($self, rows_max); }
    PyObject *fetch_key(PyObject *key) { return ese_py_fetch_key($self, key); }
}

%extend ese_model_writer {
    PyObject *write(int kind, PyObject *rows, PyObject *columns, uint64_t n_before)
    { return ese_py_write($self, (ese_model_write_kind)kind, rows, columns, n_before); }
}

%extend ese_model_cursor {
    PyObject *stream_read(uint32_t columnid, uint32_t itag, bool is_update, uint64_t offset, uint64_t n_bytes)
    {
        ese_model_stream stream = {columnid, itag, is_update};
        return ese_py_stream_read($self, &stream, offset, n_bytes);
    }
}

%rename(error_list) ese_py_error_list;
PyObject *ese_py_error_list(void);

%rename(set_error_factory) ese_py_set_error_factory;
PyObject *ese_py_set_error_factory(PyObject *factory);

%rename(set_value_converter) ese_py_set_value_converter;
PyObject *ese_py_set_value_converter(PyObject *converter);

%rename(constants) ese_py_constants;
PyObject *ese_py_constants(void);
