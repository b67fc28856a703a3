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

typedef struct ese_model_instance {
    %extend {
        ~ese_model_instance() { ese_model_release(&$self->object); }
        bool is_open() { return ese_model_is_open(&$self->object); }
        JET_ERR close() { return ese_model_close(&$self->object); }
        JET_ERR set_parameter(uint32_t paramid, uint64_t number, const char *text)
        { return ese_model_set_parameter($self, paramid, number, text); }
        JET_ERR get_parameter(uint32_t paramid, bool is_text, ese_model_parameter *parameter_out)
        { return ese_model_get_parameter($self, paramid, is_text, parameter_out); }
        JET_ERR start() { return ese_model_start($self); }
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
        JET_ERR dup_nowhere() { return ese_model_dup_nowhere($self); }
        JET_ERR begin(uint32_t grbit, ese_model_transaction **transaction_out)
        { return ese_model_begin_transaction($self, grbit, transaction_out); }
        JET_ERR open_database(const char *path, uint32_t grbit, ese_model_database **database_out)
        { return ese_model_open_database($self, path, grbit, database_out); }
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

%rename(create_instance) ese_model_create_instance;
JET_ERR ese_model_create_instance(const char *name, ese_model_instance **instance_out);

%rename(open_file) ese_model_open_file;
JET_ERR ese_model_open_file(const char *path, uint32_t grbit, ese_model_database **database_out);

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
