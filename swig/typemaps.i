/*
 * Patterns that both languages share, selected by the names of parameters. Their bodies are single calls of what the
 * language has under the same name (ESE_PUT: a function that makes a value and adds it to the results).
 */

%include <stdint.i>

%typemap(in, numinputs=0) ese_model_instance **instance_out (ese_model_instance *handle = NULL),
                          ese_model_session **session_out (ese_model_session *handle = NULL),
                          ese_model_database **database_out (ese_model_database *handle = NULL),
                          ese_model_cursor **cursor_out (ese_model_cursor *handle = NULL),
                          ese_model_transaction **transaction_out (ese_model_transaction *handle = NULL),
                          ese_model_reader **reader_out (ese_model_reader *handle = NULL),
                          ese_model_writer **writer_out (ese_model_writer *handle = NULL)
    "$1 = &handle;"
%typemap(argout) ese_model_instance **instance_out, ese_model_session **session_out,
                 ese_model_database **database_out, ese_model_cursor **cursor_out,
                 ese_model_transaction **transaction_out, ese_model_reader **reader_out,
                 ese_model_writer **writer_out
    { ESE_PUT_HANDLE }

%typemap(in, numinputs=0) bool *found_out (bool value = false) "$1 = &value;"
%typemap(argout) bool *found_out { ESE_PUT(put_boolean, *$1) }

%typemap(in, numinputs=0) ese_model_found *found_out (ese_model_found value = ESE_MODEL_NOT_FOUND) "$1 = &value;"
%typemap(argout) ese_model_found *found_out { ESE_PUT(put_integer, (int64_t)*$1) }

%typemap(in, numinputs=0) uint32_t *n_entries_out (uint32_t value = 0) "$1 = &value;"
%typemap(argout) uint32_t *n_entries_out { ESE_PUT(put_integer, (int64_t)*$1) }

%typemap(in, numinputs=0) uint64_t *number_out (uint64_t value = 0) "$1 = &value;"
%typemap(argout) uint64_t *number_out { ESE_PUT(put_unsigned, *$1) }

%typemap(in, numinputs=0) int64_t *old_out (int64_t value = 0) "$1 = &value;"
%typemap(argout) int64_t *old_out { ESE_PUT(put_integer, *$1) }

%typemap(in, numinputs=0) ese_model_parameter *parameter_out (ese_model_parameter value) "$1 = &value;"
%typemap(argout) ese_model_parameter *parameter_out { ESE_PUT(put_parameter, $1) }

%typemap(in, numinputs=0) ese_model_bookmark *bookmark_out (ese_model_bookmark value) "$1 = &value;"
%typemap(argout) ese_model_bookmark *bookmark_out { ESE_PUT(put_bytes, $1->data, $1->size) }

%typemap(in, numinputs=0) (JET_DBINFOMISC4 *info_out, uint64_t *n_bytes_out)
    (JET_DBINFOMISC4 info, uint64_t n_bytes = 0) "$1 = &info; $2 = &n_bytes;"
%typemap(argout) (JET_DBINFOMISC4 *info_out, uint64_t *n_bytes_out) { ESE_PUT(put_info, $1, *$2) }

%typemap(in, numinputs=0) (ese_problem *problem_out, bool *found_out)
    (ese_problem problem, bool is_found = false) "$1 = &problem; $2 = &is_found;"
%typemap(argout) (ese_problem *problem_out, bool *found_out) { ESE_PUT(put_problem, *$2 ? $1 : NULL) }

/* Lists: an array that belongs to the caller, and its length. */
%define ESE_LIST_OUT(TYPE, NAME, COUNT, FUNCTION)
%typemap(in, numinputs=0) (TYPE **NAME, uint32_t *COUNT) (TYPE *list = NULL, uint32_t n = 0) "$1 = &list; $2 = &n;"
%typemap(argout) (TYPE **NAME, uint32_t *COUNT) { ESE_PUT(FUNCTION, *$1, *$2) }
%typemap(freearg) (TYPE **NAME, uint32_t *COUNT) "ese_model_free_list(*$1);"
%enddef

ESE_LIST_OUT(ese_model_table_info, tables_out, n_tables_out, put_tables)
ESE_LIST_OUT(ese_column_info, columns_out, n_columns_out, put_columns)
ESE_LIST_OUT(ese_model_index_info, indexes_out, n_indexes_out, put_indexes)

%typemap(in, numinputs=0) ese_recover_report **report_out (ese_recover_report *report = NULL) "$1 = &report;"
%typemap(argout) ese_recover_report **report_out { ESE_PUT(put_report, *$1) }
%typemap(freearg) ese_recover_report **report_out "ese_recover_free($1);"

/* Keys: values and a side. */
%typemap(in) const ese_model_key * (ese_model_key key) { ESE_GET(get_key, &key) $1 = &key; }

%typemap(in) (const ese_model_segment *segments, uint32_t n_segments)
    (ese_model_segment segments[ESE_MODEL_SEGMENTS_MAX], uint32_t n = 0)
    { ESE_GET(get_segments, segments, &n) $1 = segments; $2 = n; }

%typemap(in) (const ese_model_output *outputs, uint32_t n_outputs)
    (ese_model_output *outputs = NULL, uint32_t n = 0)
    { ESE_GET(get_outputs, &outputs, &n) $1 = outputs; $2 = n; }
%typemap(freearg) (const ese_model_output *outputs, uint32_t n_outputs) "free(outputs$argnum);"

/* Lists that a language gives, as an array for the time of the call. */
%define ESE_LIST_IN(TYPE, NAME, COUNT, FUNCTION)
%typemap(in) (const TYPE *NAME, uint32_t COUNT) (TYPE *list = NULL, uint32_t n = 0)
    { ESE_GET(FUNCTION, &list, &n) $1 = list; $2 = n; }
%typemap(freearg) (const TYPE *NAME, uint32_t COUNT) "free(list$argnum);"
%enddef

ESE_LIST_IN(ese_model_input, inputs, n_inputs, get_inputs)
ESE_LIST_IN(uint32_t, keys, n_keys, get_numbers)
ESE_LIST_IN(ese_model_column_spec, columns, n_columns, get_column_specs)
ESE_LIST_IN(ese_model_index_info, indexes, n_indexes, get_index_specs)

%typemap(in) const ese_model_column_spec *column (ese_model_column_spec spec) { ESE_GET(get_column_spec, &spec) $1 = &spec; }
%typemap(in) const ese_model_index_info *index (ese_model_index_info spec) { ESE_GET(get_index_spec, &spec) $1 = &spec; }
