/*
 * The object model of the language modules: Instance, Session, Database, Cursor and Transaction, with lifetimes that no
 * garbage collector can break. Knows esent.h and ese.h, no language.
 *
 * INV-1  An open object keeps its parent: an object is freed when no language refers to it and it is closed, and it is
 *        closed before its parent is.
 * INV-2  Closing goes cursors -> transactions -> databases -> session -> instance and leaves every object of the subtree
 *        closed. Using a closed object is an error, closing it again is not.
 * INV-3  Dropping the last reference never calls the engine and never waits. An object dropped while open is an orphan: the
 *        next call in its session or instance closes it; an instance with nothing left but orphans is closed when the next
 *        one is created.
 * INV-4  A session is used by one thread at a time. A second thread gets JET_errSessionSharingViolation, and so does whoever
 *        closes an object that is in use.
 *
 * States:  OPEN --close--> CLOSED;  an instance also OPEN --close--> CLOSING --JetTerm--> CLOSED (or OPEN again, if it fails)
 *
 * Every function takes NULL for a closed object. None is to be called while holding the lock of an interpreter, except
 * those that say "at once".
 */
#pragma once

#include "ese.h"
#include "esent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ese_model_tree ese_model_tree;

typedef enum ese_model_kind {
    ESE_MODEL_INSTANCE,
    ESE_MODEL_SESSION,
    ESE_MODEL_DATABASE,
    ESE_MODEL_CURSOR,
    ESE_MODEL_TRANSACTION,
} ese_model_kind;

typedef enum ese_model_state {
    ESE_MODEL_OPEN,
    ESE_MODEL_CLOSING,
    ESE_MODEL_CLOSED,
} ese_model_state;

/* What all objects begin with. */
typedef struct ese_model_object {
    ese_model_kind kind;                /* [const] */
    ese_model_tree *tree;               /* [const] counted */
    struct ese_model_object *parent;    /* [lock: tree] NULL for an instance, and once closed */
    struct ese_model_object *children;  /* [lock: tree] newest first */
    struct ese_model_object *next;      /* [lock: tree] */
    struct ese_model_object **previous; /* [lock: tree] what points here */
    uint32_t references;                /* [lock: tree] of languages, and of calls in flight */
    ese_model_state state;              /* [lock: tree] */
    bool is_busy;                       /* [lock: tree] session: a call is in flight */
    bool has_orphans;                   /* [lock: tree] session, instance: maybe, below it */
} ese_model_object;

typedef struct ese_model_instance {
    ese_model_object object;
    JET_INSTANCE instance;
    uint32_t n_backups;                     /* [lock] that go on: it is not closed meanwhile */
    struct ese_model_instance *next_orphan; /* [lock: orphans] */
} ese_model_instance;

typedef struct ese_model_session {
    ese_model_object object;
    JET_SESID sesid;
    uint32_t level; /* [session] of transactions */
} ese_model_session;

typedef struct ese_model_database {
    ese_model_object object;
    JET_DBID dbid;
    char *path;
    bool is_alone;    /* [const] made by ese_model_open_file: closing it closes its instance */
    bool is_writable; /* [const] */
} ese_model_database;

enum { ESE_MODEL_SEGMENTS_MAX = 16 };

/* Type of a key column: what a value must be turned into. */
typedef struct ese_model_segment {
    JET_COLTYP coltyp;
    uint16_t cp;
} ese_model_segment;

typedef struct ese_model_cursor {
    ese_model_object object;
    JET_SESID sesid;
    JET_TABLEID tableid;
    ese_model_segment segments[ESE_MODEL_SEGMENTS_MAX]; /* [session] of the current index */
    uint32_t n_segments;
    bool is_primary; /* [session] the current index, or the order of a table without any */
} ese_model_cursor;

typedef struct ese_model_transaction {
    ese_model_object object;
    uint32_t level; /* [const] 1 for the outermost */
} ese_model_transaction;

/* Told now and then how far a work is; an error ends it. No step: nobody is told. */
typedef struct ese_model_progress {
    void *context;
    JET_ERR (*step)(void *context, const char *phase, uint64_t done, uint64_t total);
} ese_model_progress;

/* ---- Lifetime: works the same for every kind --------------------------------------------------------- */

/* Drops one reference of a language; at once. NULL is allowed. */
void ese_model_release(ese_model_object *object);

/* At once. */
bool ese_model_is_open(ese_model_object *object);

/*
 * Closes the object and all below it (INV-2). A transaction is rolled back. The first error of the engine is returned, and
 * the object is closed all the same, except after JET_errSessionSharingViolation (in use by another thread),
 * JET_errTermInProgress (another thread closes the instance) and a refused JetTerm.
 */
JET_ERR ese_model_close(ese_model_object *object);

/* Closes and drops the reference; an object that is in use becomes an orphan. */
void ese_model_dispose(ese_model_object *object);

/* Closes the instances that nobody can reach any more. */
void ese_model_close_orphans(void);

/*
 * One sentence about `err`, as ese_error_text, for errors of the model as well. Same thread and lifetime; at once.
 */
const char *ese_model_error_text(JET_ERR err);

/* ---- Instances and sessions --------------------------------------------------------------------------- */

/* An instance that is created but not started. Closes the orphans among instances first. */
JET_ERR ese_model_create_instance(const char *name, ese_model_instance **instance_out);

/* `text` may be NULL. */
JET_ERR ese_model_set_parameter(ese_model_instance *instance, uint32_t paramid, uint64_t number,
                                const char *text);

enum { ESE_MODEL_PARAMETER_TEXT_MAX = 1024 };

/* A parameter is a number or a text, never both: `text_out` is empty for numbers. */
typedef struct ese_model_parameter {
    uint64_t number;
    char text[ESE_MODEL_PARAMETER_TEXT_MAX];
} ese_model_parameter;

JET_ERR ese_model_get_parameter(ese_model_instance *instance, uint32_t paramid, bool is_text,
                                ese_model_parameter *parameter_out);
JET_ERR ese_model_start(ese_model_instance *instance);
JET_ERR ese_model_stop_service(ese_model_instance *instance);

JET_ERR ese_model_begin_session(ese_model_instance *instance, ese_model_session **session_out);

/* JetDupSession: a new session of the same instance and nothing more. */
JET_ERR ese_model_dup_session(ese_model_session *session, ese_model_session **session_out);

/* For tests: JetDupSession of a number that may be no session, and without room for the answer. */
JET_ERR ese_model_dup_handle(uint64_t sesid);
JET_ERR ese_model_dup_nowhere(ese_model_session *session);

/* In the session to which the object belongs. */
JET_ERR ese_model_begin_transaction(ese_model_object *object, JET_GRBIT grbit,
                                    ese_model_transaction **transaction_out);

/* Of transactions of that session; 0 = outside any. */
JET_ERR ese_model_get_level(ese_model_object *object, uint32_t *level_out);

/* JET_errInTransaction while a transaction begun later is open. */
JET_ERR ese_model_commit(ese_model_transaction *transaction, JET_GRBIT grbit);

/* Undoes this level and those begun later, no other. */
JET_ERR ese_model_rollback(ese_model_transaction *transaction);

/* ---- Databases ---------------------------------------------------------------------------------------- */

typedef enum ese_model_access {
    ESE_MODEL_READ,   /* the file is never changed */
    ESE_MODEL_CHANGE, /* of a file that exists */
    ESE_MODEL_CREATE, /* anew, whatever there was */
    ESE_MODEL_ADD,    /* created where there is none, or JET_errDatabaseDuplicate */
    ESE_MODEL_ENSURE, /* changed, or created when there is none */
} ese_model_access;

typedef struct ese_model_opening {
    const char *path;
    ese_model_access access;
    JET_GRBIT grbit;    /* to read: 0 or ESE_bitDbReadDamaged */
    uint32_t page_size; /* of a file that ese_model_open_file creates; 0 = 8192 */

    /* The log of a file that ese_model_open_file opens for change. */
    const char *log;             /* its folder, made when there is none; NULL: nothing is logged */
    uint32_t log_file_size;      /* bytes; 0 = 1 MiB */
    bool keeps_logs;             /* also those that recovery does not need any more */
    ese_model_progress progress; /* of the recovery at the start */
} ese_model_opening;

/* JetAttachDatabase and JetOpenDatabase, or JetCreateDatabase2. */
JET_ERR ese_model_open_database(ese_model_session *session, const ese_model_opening *opening,
                                ese_model_database **database_out);

/* The same in an instance and a session of its own, which end with the database. */
JET_ERR ese_model_open_file(const ese_model_opening *opening, ese_model_database **database_out);

/* The page size of the databases that are created or changed in an instance, before its start. */
JET_ERR ese_model_set_page_size(ese_model_instance *instance, uint32_t page_size);

/* One more reference to the instance of a session. */
JET_ERR ese_model_get_instance(ese_model_session *session, ese_model_instance **instance_out);

/* One more reference to the session in which the database is open. */
JET_ERR ese_model_get_session(ese_model_database *database, ese_model_session **session_out);

/* JetResizeDatabase: to so many pages, of which there may be more when fewer are not possible. */
JET_ERR ese_model_resize(ese_model_database *database, uint32_t n_pages, uint32_t *n_pages_out);

JET_ERR ese_model_get_info(ese_model_database *database, JET_DBINFOMISC4 *info_out,
                           uint64_t *n_bytes_out);
JET_ERR ese_model_problem(ese_model_database *database, uint32_t index, ese_problem *problem_out,
                          bool *found_out);

/* ---- Schema ------------------------------------------------------------------------------------------- */

enum { ESE_MODEL_NAME_MAX = 256 };

typedef struct ese_model_table_info {
    char name[ESE_MODEL_NAME_MAX];
    uint32_t flags; /* JET_bitObject... */
} ese_model_table_info;

/* A column of an index, or a condition on one. */
typedef struct ese_model_index_column {
    char name[ESE_MODEL_NAME_MAX];
    bool is_descending; /* of a key column */
    bool must_be_null;  /* of a condition: otherwise it must not be */
} ese_model_index_column;

typedef struct ese_model_index_info {
    char name[ESE_MODEL_NAME_MAX];
    char locale[ESE_MODEL_NAME_MAX]; /* empty when the index has none */
    JET_GRBIT grbit;
    uint32_t lcid;
    uint32_t map_flags;
    uint32_t key_most;
    uint32_t density;
    JET_TUPLELIMITS tuple_limits;
    uint32_t n_segments;
    uint32_t n_conditions;
    ese_model_index_column segments[ESE_MODEL_SEGMENTS_MAX];
    ese_model_index_column conditions[ESE_MODEL_SEGMENTS_MAX];
} ese_model_index_info;

/*
 * The lists belong to the caller, with all they point to: ese_model_free_list. Tables are in name order, columns in the order
 * of their ids.
 */
JET_ERR ese_model_list_tables(ese_model_database *database, ese_model_table_info **tables_out,
                              uint32_t *n_tables_out);
JET_ERR ese_model_list_columns(ese_model_cursor *cursor, ese_column_info **columns_out,
                               uint32_t *n_columns_out);
JET_ERR ese_model_list_indexes(ese_model_cursor *cursor, ese_model_index_info **indexes_out,
                               uint32_t *n_indexes_out);
void ese_model_free_list(void *list);

/* ---- Cursors ------------------------------------------------------------------------------------------ */

JET_ERR ese_model_open_cursor(ese_model_database *database, const char *table,
                              ese_model_cursor **cursor_out);

/* `name` NULL or empty: the primary index. `segments` are the types of its key columns. */
JET_ERR ese_model_set_index(ese_model_cursor *cursor, const char *name,
                            const ese_model_segment *segments, uint32_t n_segments);

/* A value as languages have them. Text is UTF-8 with surrogates encoded one by one. */
typedef enum ese_model_type {
    ESE_MODEL_NULL,
    ESE_MODEL_INTEGER,
    ESE_MODEL_UNSIGNED,
    ESE_MODEL_REAL,
    ESE_MODEL_BYTES,
    ESE_MODEL_TEXT,
    ESE_MODEL_STRING, /* of a language without the difference: text for text columns, else bytes */
} ese_model_type;

typedef struct ese_model_value {
    ese_model_type type;
    int64_t integer; /* bits of an unsigned one, too */
    double real;
    const void *data;
    size_t size;
} ese_model_value;

/* Where a key with fewer columns than the index, or with the beginning of a text, stands among the entries that match. */
typedef enum ese_model_side {
    ESE_MODEL_EXACTLY,
    ESE_MODEL_BEFORE, /* before all that match the columns given */
    ESE_MODEL_AFTER,
    ESE_MODEL_BEFORE_PREFIX, /* the last column need only begin with the value given */
    ESE_MODEL_AFTER_PREFIX,
} ese_model_side;

typedef struct ese_model_key {
    ese_model_value values[ESE_MODEL_SEGMENTS_MAX];
    uint32_t n_values;
    ese_model_side side;
} ese_model_key;

typedef enum ese_model_found {
    ESE_MODEL_NOT_FOUND,
    ESE_MODEL_FOUND_EXACT,
    ESE_MODEL_FOUND_GREATER,
    ESE_MODEL_FOUND_LESS,
} ese_model_found;

/* `grbit` is one of JET_bitSeek.... */
JET_ERR ese_model_seek(ese_model_cursor *cursor, const ese_model_key *key, JET_GRBIT grbit,
                       ese_model_found *found_out);

/*
 * Stands on the first entry from `lower` to `upper` (on the last, when backward) and stops moves at the other end. A
 * bound without values is none; the sides tell whether matching entries belong to the range.
 */
JET_ERR ese_model_select(ese_model_cursor *cursor, const ese_model_key *lower,
                         const ese_model_key *upper, bool is_backward, bool *found_out);

/* `rows` as for JetMove. Without a record there: found_out is false. */
JET_ERR ese_model_move(ese_model_cursor *cursor, int32_t rows, bool *found_out);

/* Entries of the index or range, from where the cursor stands. */
JET_ERR ese_model_count(ese_model_cursor *cursor, uint32_t *n_entries_out);

enum { ESE_MODEL_BOOKMARK_MAX = JET_cbBookmarkMostMost };

typedef struct ese_model_bookmark {
    uint32_t size;
    uint8_t data[ESE_MODEL_BOOKMARK_MAX];
} ese_model_bookmark;

JET_ERR ese_model_get_bookmark(ese_model_cursor *cursor, ese_model_bookmark *bookmark_out);
JET_ERR ese_model_goto_bookmark(ese_model_cursor *cursor, const void *data, size_t size);
