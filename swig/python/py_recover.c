/* Recovery for Python: its options, its report, and progress that is told to a callable. */
#include "py_support.h"

#include <stdlib.h>
#include <string.h>

/* ---- Progress -------------------------------------------------------------------------------------------- */

/* With the lock of the interpreter. False ends the work: the callable raised or answered False, or somebody pressed Ctrl-C. */
static bool
tell(PyObject *callback, const char *phase, uint64_t done, uint64_t total)
{
    PyObject *answer;
    bool goes_on;

    if (PyErr_Occurred() || PyErr_CheckSignals() < 0)
        return false;
    if (callback == NULL)
        return true;
    answer = PyObject_CallFunction(callback, "sKK", phase, (unsigned long long)done,
                                   (unsigned long long)total);
    goes_on = answer != NULL && answer != Py_False;
    Py_XDECREF(answer);
    return goes_on;
}

JET_ERR
ese_py_progress(void *context, const char *phase, uint64_t done, uint64_t total)
{
    PyGILState_STATE state = PyGILState_Ensure();
    bool goes_on = tell(context, phase, done, total);

    PyGILState_Release(state);
    return goes_on ? JET_errSuccess : JET_errTermInProgress;
}

bool
ese_py_get_callback(PyObject *object, PyObject **callback_out)
{
    if (object != Py_None && !PyCallable_Check(object)) {
        PyErr_Format(PyExc_TypeError, "progress is called: %R cannot be",
                     (PyObject *)Py_TYPE(object));
        return false;
    }
    *callback_out = object != Py_None ? object : NULL;
    return true;
}

bool
ese_py_get_progress(PyObject *object, ese_model_progress *progress_out)
{
    PyObject *callback;

    if (!ese_py_get_callback(object, &callback))
        return false;
    *progress_out = (ese_model_progress){callback, ese_py_progress};
    return true;
}

/* ---- Options --------------------------------------------------------------------------------------------- */

static bool
get_maps(PyObject *object, ese_py_recovery *recovery)
{
    Py_ssize_t n = PyList_Size(object);

    if (n < 0)
        return false;
    recovery->maps = calloc((size_t)n + 1, sizeof *recovery->maps);
    if (recovery->maps == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *logged, *path;

        if (!PyArg_ParseTuple(PyList_GetItem(object, i), "OO", &logged, &path) ||
            !ese_py_get_text(logged, &recovery->maps[i].logged) ||
            !ese_py_get_text(path, &recovery->maps[i].path))
            return false;
    }
    recovery->options.maps = recovery->maps;
    recovery->options.n_maps = (uint32_t)n;
    return true;
}

bool
ese_py_get_recovery(PyObject *object, ese_py_recovery *recovery)
{
    ese_recover_options *options = &recovery->options;
    PyObject *source, *logs, *system, *base, *target, *until, *maps, *progress, *callback;

    if (!PyArg_ParseTuple(object, "OOOOOOOIO", &source, &logs, &system, &base, &target, &until,
                          &maps, &options->grbit, &progress))
        return false;
    if (!ese_py_get_text(source, &options->source) || !ese_py_get_text(logs, &options->logs) ||
        !ese_py_get_text(system, &options->system) || !ese_py_get_text(base, &options->base) ||
        !ese_py_get_text(target, &options->target) || !ese_py_get_text(until, &options->until) ||
        !get_maps(maps, recovery) || !ese_py_get_callback(progress, &callback))
        return false;
    options->progress = ese_py_progress;
    options->context = callback;
    return true;
}

void
ese_py_release_recovery(ese_py_recovery *recovery)
{
    free(recovery->maps);
    recovery->maps = NULL;
}

/* ---- The report ------------------------------------------------------------------------------------------ */

static PyObject *
put_path(const char *path)
{
    if (path == NULL) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return PyUnicode_DecodeUTF8(path, (Py_ssize_t)strlen(path), "surrogateescape");
}

static PyObject *
put_databases(const ese_recover_report *report)
{
    PyObject *list = PyList_New(0);

    for (uint32_t i = 0; list != NULL && i < report->n_databases; i++) {
        const ese_recover_database *d = &report->databases[i];
        PyObject *item = Py_BuildValue("(NNNiIII)", put_path(d->logged), put_path(d->source),
                                       put_path(d->result), (int)d->outcome, d->min_required,
                                       d->max_required, d->max_committed);

        if (item == NULL || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

PyObject *
ese_py_put_report(const ese_recover_report *r)
{
    if (r == NULL) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return Py_BuildValue(
        "{s:N,s:I,s:I,s:I,s:I,s:i,s:N,s:N,s:K,s:K,s:K,s:K,s:K,s:K,s:K}", "databases",
        put_databases(r), "first", r->first, "last", r->last, "missing_from", r->missing_from,
        "missing_to", r->missing_to, "warning", (int)r->warning, "has_checkpoint",
        PyBool_FromLong(r->has_checkpoint), "has_stopped", PyBool_FromLong(r->has_stopped),
        "log_bytes", (unsigned long long)r->log_bytes, "records", (unsigned long long)r->n_records,
        "pages", (unsigned long long)r->n_pages, "pages_changed",
        (unsigned long long)r->n_pages_changed, "committed", (unsigned long long)r->n_committed,
        "rolled_back", (unsigned long long)r->n_rolled_back, "undone",
        (unsigned long long)r->n_undone);
}
