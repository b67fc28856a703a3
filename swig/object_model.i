/*
 * The classes of both languages, without any word about a language. Functions are those of object_model.h; an object is its
 * first argument.
 */

%nodefaultctor;

%rename(Instance) ese_model_instance;
%rename(Session) ese_model_session;
%rename(Database) ese_model_database;
%rename(Cursor) ese_model_cursor;
%rename(Transaction) ese_model_transaction;
%rename(Reader) ese_model_reader;
%rename(Writer) ese_model_writer;

typedef struct ese_model_instance {
    %extend {
        ~ese_model_instance() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR set_parameter(uint32_t paramid, uint64_t number, const char *text)
        { return ese_model_set_parameter($self, paramid, number, text); }
        JET_ERR get_parameter(uint32_t paramid, bool is_text, ese_model_parameter *parameter_out)
        { return ese_model_get_parameter($self, paramid, is_text, parameter_out); }
        JET_ERR set_page_size(uint32_t page_size) { return ese_model_set_page_size($self, page_size); }
        JET_ERR start(uint32_t grbit, const ese_model_progress *progress)
        {
            ese_model_starting starting = {.grbit = grbit, .progress = *progress};
            return ese_model_start_with($self, &starting);
        }
        JET_ERR backup(const char *folder, uint32_t grbit, const ese_model_progress *progress)
        { return ese_model_backup($self, folder, grbit, progress); }
        JET_ERR stop_service() { return ese_model_stop_service($self); }
        JET_ERR begin_session(ese_model_session **session_out)
        { return ese_model_begin_session($self, session_out); }
    }
} ese_model_instance;

typedef struct ese_model_session {
    %extend {
        ~ese_model_session() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR dup(ese_model_session **session_out) { return ese_model_dup_session($self, session_out); }
        JET_ERR instance(ese_model_instance **instance_out) { return ese_model_get_instance($self, instance_out); }
        JET_ERR flush(bool is_all) { return ese_model_flush($self, is_all); }
        JET_ERR set_lazy(bool is_lazy) { return ese_model_set_lazy($self, is_lazy); }
        JET_ERR is_lazy(bool *found_out) { return ese_model_get_lazy($self, found_out); }
        JET_ERR commit(uint32_t grbit) { return ese_model_commit_innermost($self, grbit); }
        JET_ERR rollback() { return ese_model_rollback_innermost($self); }
        JET_ERR dup_nowhere() { return ese_model_dup_nowhere($self); }
        JET_ERR begin(uint32_t grbit, ese_model_transaction **transaction_out)
        { return ese_model_begin_transaction(&$self->object, grbit, transaction_out); }
        JET_ERR level(uint32_t *n_entries_out) { return ese_model_get_level(&$self->object, n_entries_out); }
        JET_ERR open_database(const char *path, int access, uint32_t grbit, ese_model_database **database_out)
        {
            ese_model_opening opening = {.path = path, .access = (ese_model_access)access, .grbit = grbit};
            return ese_model_open_database($self, &opening, database_out);
        }
    }
} ese_model_session;

typedef struct ese_model_database {
    %extend {
        ~ese_model_database() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR info(JET_DBINFOMISC4 *info_out, uint64_t *n_bytes_out)
        { return ese_model_get_info($self, info_out, n_bytes_out); }
        JET_ERR problem(uint32_t index, ese_problem *problem_out, bool *found_out)
        { return ese_model_problem($self, index, problem_out, found_out); }
        JET_ERR tables(ese_model_table_info **tables_out, uint32_t *n_tables_out)
        { return ese_model_list_tables($self, tables_out, n_tables_out); }
        JET_ERR open_cursor(const char *table, ese_model_cursor **cursor_out)
        { return ese_model_open_cursor($self, table, cursor_out); }
        JET_ERR session(ese_model_session **session_out) { return ese_model_get_session($self, session_out); }
        JET_ERR begin(uint32_t grbit, ese_model_transaction **transaction_out)
        { return ese_model_begin_transaction(&$self->object, grbit, transaction_out); }
        JET_ERR level(uint32_t *n_entries_out) { return ese_model_get_level(&$self->object, n_entries_out); }
        JET_ERR resize(uint32_t n_pages, uint32_t *n_entries_out)
        { return ese_model_resize($self, n_pages, n_entries_out); }
        JET_ERR create_table(const char *name, const char *template_name, uint32_t n_pages, uint32_t density,
                             uint32_t grbit, const ese_model_column_spec *columns, uint32_t n_columns,
                             const ese_model_index_info *indexes, uint32_t n_indexes)
        {
            ese_model_table_spec spec = {name, template_name, n_pages, density, grbit};
            return ese_model_create_table($self, &spec, columns, n_columns, indexes, n_indexes);
        }
        JET_ERR delete_table(const char *table) { return ese_model_delete_table($self, table); }
        JET_ERR rename_table(const char *table, const char *new_name)
        { return ese_model_rename_table($self, table, new_name); }
    }
} ese_model_database;

typedef struct ese_model_cursor {
    %extend {
        ~ese_model_cursor() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR columns(ese_column_info **columns_out, uint32_t *n_columns_out)
        { return ese_model_list_columns($self, columns_out, n_columns_out); }
        JET_ERR indexes(ese_model_index_info **indexes_out, uint32_t *n_indexes_out)
        { return ese_model_list_indexes($self, indexes_out, n_indexes_out); }
        JET_ERR set_index(const char *name, const ese_model_segment *segments, uint32_t n_segments)
        { return ese_model_set_index($self, name, segments, n_segments); }
        JET_ERR seek(const ese_model_key *key, uint32_t grbit, ese_model_found *found_out)
        { return ese_model_seek($self, key, grbit, found_out); }
        JET_ERR select(const ese_model_key *lower, const ese_model_key *upper, bool is_backward,
                       bool *found_out)
        { return ese_model_select($self, lower, upper, is_backward, found_out); }
        JET_ERR move(int32_t rows, bool *found_out) { return ese_model_move($self, rows, found_out); }
        JET_ERR count(uint32_t *n_entries_out) { return ese_model_count($self, n_entries_out); }
        JET_ERR bookmark(ese_model_bookmark *bookmark_out)
        { return ese_model_get_bookmark($self, bookmark_out); }
        JET_ERR goto_bookmark(const void *data, size_t size)
        { return ese_model_goto_bookmark($self, data, size); }
        JET_ERR reader(const ese_model_output *outputs, uint32_t n_outputs, int start,
                       ese_model_reader **reader_out)
        { return ese_model_create_reader($self, outputs, n_outputs, (ese_model_from)start, reader_out); }
        JET_ERR writer(const ese_model_input *inputs, uint32_t n_inputs, const uint32_t *keys, uint32_t n_keys,
                       uint32_t autoincrement, ese_model_writer **writer_out)
        {
            ese_model_writing writing = {inputs, n_inputs, keys, n_keys, autoincrement};
            return ese_model_create_writer($self, &writing, writer_out);
        }
        JET_ERR prepare(uint32_t prep) { return ese_model_prepare($self, prep); }
        JET_ERR update(ese_model_bookmark *bookmark_out) { return ese_model_update($self, bookmark_out); }
        JET_ERR remove() { return ese_model_delete($self); }
        JET_ERR remove_all(uint64_t *number_out) { return ese_model_delete_all($self, number_out); }
        JET_ERR escrow(uint32_t columnid, int64_t delta, int64_t *old_out)
        { return ese_model_escrow($self, columnid, delta, old_out); }
        JET_ERR lock(uint32_t grbit) { return ese_model_lock($self, grbit); }
        JET_ERR stream_size(uint32_t columnid, uint32_t itag, bool is_update, uint64_t *number_out)
        {
            ese_model_stream stream = {columnid, itag, is_update};
            return ese_model_stream_size($self, &stream, number_out);
        }
        JET_ERR stream_write(uint32_t columnid, uint32_t itag, uint64_t offset, const void *data, size_t size)
        {
            ese_model_stream stream = {columnid, itag, true};
            return ese_model_stream_write($self, &stream, offset, data, size);
        }
        JET_ERR stream_resize(uint32_t columnid, uint32_t itag, uint64_t n_bytes)
        {
            ese_model_stream stream = {columnid, itag, true};
            return ese_model_stream_resize($self, &stream, n_bytes);
        }
        JET_ERR add_column(const ese_model_column_spec *column) { return ese_model_add_column($self, column); }
        JET_ERR delete_column(const char *column) { return ese_model_delete_column($self, column); }
        JET_ERR rename_column(const char *column, const char *new_name)
        { return ese_model_rename_column($self, column, new_name); }
        JET_ERR create_index(const ese_model_index_info *index) { return ese_model_create_index($self, index); }
        JET_ERR delete_index(const char *index) { return ese_model_delete_index($self, index); }
    }
} ese_model_cursor;

typedef struct ese_model_transaction {
    %extend {
        ~ese_model_transaction() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR commit(uint32_t grbit) { return ese_model_commit($self, grbit); }
        JET_ERR rollback() { return ese_model_rollback($self); }
    }
} ese_model_transaction;

typedef struct ese_model_reader {
    %extend {
        ~ese_model_reader() { ese_model_destroy_reader($self); }
    }
} ese_model_reader;

typedef struct ese_model_writer {
    %extend {
        ~ese_model_writer() { ese_model_destroy_writer($self); }
    }
} ese_model_writer;

%rename(create_instance) ese_model_create_instance;
JET_ERR ese_model_create_instance(const char *name, ese_model_instance **instance_out);

%inline %{
static JET_ERR
open_file(const char *path, int access, uint32_t grbit, uint32_t page_size, const char *log, uint32_t log_file_size,
          bool keeps_logs, const ese_model_progress *progress, ese_model_database **database_out)
{
    ese_model_opening opening = {
        path, (ese_model_access)access, grbit, page_size, log, log_file_size, keeps_logs, *progress};
    return ese_model_open_file(&opening, database_out);
}
%}

%rename(recover) ese_model_recover;
JET_ERR ese_model_recover(const ese_recover_options *options, ese_recover_report **report_out);

%rename(open_recovered) ese_model_open_recovered;
JET_ERR ese_model_open_recovered(const ese_recover_options *options, ese_recover_report **report_out,
                                 ese_model_database **database_out);

%rename(dup_handle) ese_model_dup_handle;
JET_ERR ese_model_dup_handle(uint64_t sesid);

%rename(close_orphans) ese_model_close_orphans;
void ese_model_close_orphans(void);

%inline %{
static JET_ERR
arm_fault(int kind, uint64_t nth, bool is_repeated)
{
    return ese_fault_arm((ese_fault_kind)kind, nth, is_repeated);
}
%}

%rename(live_allocations) ese_live_allocations;
int64_t ese_live_allocations(void);
