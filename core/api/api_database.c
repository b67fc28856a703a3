/*
 * Databases of an instance: which are attached, who has them open.
 *
 * INV-1  A database is in the list of its instance exactly while it is attached, and stays there while a session has
 *        it open: a session that counts an opening may use it without a lock.
 * INV-2  One process-wide lock guards the lists and counts of all instances, so that one file is never attached twice
 *        for writing; nothing waits for a disk while it is held.
 */
#include "api/api_database.h"

static ese_os_mutex lock = ESE_OS_MUTEX_INIT;
static ese_list all = {&all, &all}; /* [lock: databases] */

void
ese_api_databases_lock(void)
{
    ese_os_mutex_lock(&lock);
}

void
ese_api_databases_unlock(void)
{
    ese_os_mutex_unlock(&lock);
}

ese_list *
ese_api_databases_all_locked(void)
{
    return &all;
}

/* ---- Objects ---- */

JET_ERR
ese_api_databases_create(ese_api_databases **databases_out)
{
    ese_api_databases *databases = NULL;
    JET_ERR err = ese_alloc(sizeof *databases, &databases);

    if (err < JET_errSuccess)
        return err;
    ese_api_databases_lock();
    ese_list_append(&all, &databases->link);
    ese_api_databases_unlock();
    *databases_out = databases;
    return JET_errSuccess;
}

JET_ERR
ese_api_database_make(ese_api_instance *instance, JET_GRBIT grbit, ese_api_database **database_out)
{
    ese_api_database *database = NULL;
    JET_ERR err = ese_alloc(sizeof *database, &database);

    if (err < JET_errSuccess)
        return err;
    ese_api_problems_init(&database->problems);
    ese_os_mutex_init(&database->header_lock);
    database->instance = instance;
    database->grbit = grbit;
    *database_out = database;
    return JET_errSuccess;
}

void
ese_api_database_destroy(ese_api_database **database_inout)
{
    ese_api_database *database = *database_inout;

    if (database == NULL)
        return;
    ese_schema_close(&database->schema);
    ese_btree_db_destroy(&database->trees);
    ese_cache_detach(&database->pages);
    ese_os_file_close(&database->file);
    ese_api_problems_destroy(&database->problems);
    ese_os_mutex_destroy(&database->header_lock);
    ese_free(&database->header_page);
    ese_free(&database->full_path);
    ese_free(database_inout);
}

JET_ERR
ese_api_databases_finish(ese_api_databases *databases)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        if (databases->slots[i] != NULL)
            ESE_KEEP_FIRST(err, ese_api_database_end_changes(databases->slots[i]));
    }
    return err;
}

bool
ese_api_databases_are_dirty(const ese_api_databases *databases)
{
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        const ese_api_database *database = databases->slots[i];

        /* Relaxed: nobody else is left. */
        if (database != NULL && atomic_load_explicit(&database->is_marked, memory_order_relaxed))
            return true;
    }
    return false;
}

void
ese_api_databases_destroy(ese_api_databases **databases_inout)
{
    ese_api_databases *databases = *databases_inout;

    if (databases == NULL)
        return;
    ese_api_databases_lock();
    ese_list_remove(&databases->link);
    ese_api_databases_unlock();
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++)
        ese_api_database_destroy(&databases->slots[i]);
    ese_free(databases_inout);
}

ese_schema *
ese_api_database_schema(ese_api_database *database)
{
    return database->schema;
}

ese_api_table_uses *
ese_api_database_table_uses(ese_api_database *database)
{
    return &database->table_uses;
}

const char *
ese_api_database_path(const ese_api_database *database)
{
    return ese_os_file_path(database->file);
}

JET_DBID
ese_api_database_dbid(const ese_api_database *database)
{
    return database->dbid;
}

JET_ERR
ese_api_databases_paths(ese_api_databases *databases, char *paths_out[ESE_API_DATABASES_MAX],
                        size_t *n_out)
{
    char *paths[ESE_API_DATABASES_MAX] = {NULL};
    size_t n = 0;
    JET_ERR err = JET_errSuccess;

    ese_api_databases_lock();
    for (unsigned i = 1; err >= JET_errSuccess && i < ESE_API_DATABASES_MAX; i++) {
        if (databases->slots[i] != NULL) {
            const char *path = ese_api_database_path(databases->slots[i]);

            err = ese_alloc_copy(path, strlen(path) + 1, &paths[n]);
            n += err >= JET_errSuccess;
        }
    }
    ese_api_databases_unlock();
    for (size_t i = 0; i < n; i++) {
        if (err >= JET_errSuccess)
            paths_out[i] = paths[i];
        else
            ese_free(&paths[i]);
    }
    if (err >= JET_errSuccess)
        *n_out = n;
    return err;
}

/* ---- Finding ---- */

static bool
is_same_file(const ese_api_database *database, const char *path, const ese_os_file_id *identity)
{
    ese_os_file_id own = ese_os_file_identity(database->file);

    if (identity != NULL)
        return own.device == identity->device && own.inode == identity->inode;
    return strcmp(ese_api_database_path(database), path) == 0;
}

ese_api_database *
ese_api_databases_find_locked(ese_api_databases *databases, const char *path,
                              const ese_os_file_id *identity)
{
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        ese_api_database *database = databases->slots[i];

        if (database != NULL && is_same_file(database, path, identity))
            return database;
    }
    return NULL;
}

/* Who the file is, if it can be opened still; a file that is gone is known by its path only. */
const ese_os_file_id *
ese_api_identify(const char *path, ese_os_file_id *identity)
{
    ese_os_file *file = NULL;

    if (ese_os_file_open(path, &file) < JET_errSuccess)
        return NULL;
    *identity = ese_os_file_identity(file);
    ese_os_file_close(&file);
    return identity;
}

JET_ERR
ese_api_find_database(ese_api_session *session, JET_DBID dbid, ese_api_database **database_out)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    uint32_t slot = dbid & ((1u << ESE_API_DBID_SLOT_BITS) - 1);

    if (slot >= ESE_API_DATABASES_MAX || ese_api_session_opens(session)[slot] == 0 ||
        databases->slots[slot]->dbid != dbid)
        return ese_raise(JET_errInvalidDatabaseId, "%u is no database that this session has open",
                         (unsigned)dbid);
    *database_out = databases->slots[slot];
    return JET_errSuccess;
}

/* ---- Open and close ---- */

JET_ERR
ese_api_check_one_database(ese_api_session *session, const char *path,
                           const ese_api_database *database)
{
    const ese_api_instance *instance = ese_api_session_instance(session);
    const uint32_t *opens = ese_api_session_opens(session);
    bool has_another = false;

    for (uint32_t i = 0; i < ESE_API_DATABASES_MAX; i++)
        has_another |= opens[i] != 0 && (database == NULL || database->slot != i);
    if (has_another && ese_api_instance_param(instance, JET_paramOneDatabasePerSession) != 0)
        return ese_raise(JET_errOneDatabasePerSession, "%s: the session has another database open",
                         path);
    return JET_errSuccess;
}

JET_ERR
ese_api_database_open_locked(ese_api_session *session, ese_api_database *database, JET_GRBIT grbit)
{
    uint32_t *opens = ese_api_session_opens(session);
    JET_ERR err = ese_api_check_one_database(session, ese_api_database_path(database), database);

    if (err < JET_errSuccess)
        return err;

    if (database->exclusive != NULL && database->exclusive != session)
        return ese_raise(JET_errDatabaseLocked, "%s: open for the sole use of another session",
                         ese_api_database_path(database));
    if ((grbit & JET_bitDbExclusive) && database->n_opens != opens[database->slot])
        return ese_raise(JET_errDatabaseInUse, "%s: open elsewhere",
                         ese_api_database_path(database));
    if (grbit & JET_bitDbExclusive)
        database->exclusive = session;
    database->n_opens++;
    opens[database->slot]++;
    return err;
}

static JET_ERR
open_database(ese_api_session *session, const char *path, JET_GRBIT grbit, JET_DBID *dbid_out)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_os_file_id identity;
    const ese_os_file_id *known;
    ese_api_database *database;
    JET_ERR err;

    if (path == NULL || *path == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (dbid_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the database id");
    known = ese_api_identify(path, &identity);
    ese_api_databases_lock();
    database = ese_api_databases_find_locked(databases, path, known);
    err = database != NULL ? ese_api_database_open_locked(session, database, grbit)
                           : ese_raise(JET_errDatabaseNotFound, "%s: not attached", path);
    if (err >= JET_errSuccess)
        *dbid_out = database->dbid;
    ese_api_databases_unlock();
    return err;
}

static void
release_locked(ese_api_session *session, ese_api_database *database, uint32_t n)
{
    ese_api_session_opens(session)[database->slot] -= n;
    database->n_opens -= n;
    if (database->exclusive == session) /* it ends with the first close, as in the original */
        database->exclusive = NULL;
}

static void
close_cursors_on(ese_api_session *session, const ese_api_database *database)
{
    ESE_LIST_FOREACH_SAFE (node, after, &ese_api_session_txn(session)->cursors) {
        ese_table_cursor *cursor = ese_table_cursor_of(node);

        if (ese_table_owner_of(cursor)->database == database)
            ese_api_close_cursor(session, cursor);
    }
}

static JET_ERR
close_database(ese_api_session *session, JET_DBID dbid)
{
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_find_database(session, dbid, &database);

    if (err < JET_errSuccess)
        return err;
    if (ese_api_session_opens(session)[database->slot] == 1)
        close_cursors_on(session, database);
    ese_api_databases_lock();
    release_locked(session, database, 1);
    ese_api_databases_unlock();
    return JET_errSuccess;
}

void
ese_api_databases_close_all_of(ese_api_session *session)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    uint32_t *opens = ese_api_session_opens(session);

    ese_api_databases_lock();
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        if (opens[i] != 0)
            release_locked(session, databases->slots[i], opens[i]);
    }
    ese_api_databases_unlock();
}

/* ---- The Jet functions ---- */

JET_ERR
JetOpenDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_PCSTR szConnect, JET_DBID *pdbid,
                 JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    (void)szConnect;
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, open_database(session, szFilename, grbit, pdbid));
    return err;
}

JET_ERR
JetOpenDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename, JET_PCWSTR szConnect, JET_DBID *pdbid,
                 JET_GRBIT grbit)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szFilename, &path);

    (void)szConnect;
    if (err >= JET_errSuccess)
        err = JetOpenDatabaseA(sesid, path, NULL, pdbid, grbit);
    ese_free(&path);
    return err;
}

JET_ERR
JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_CLOSING, &session);

    (void)grbit; /* no option has a meaning */
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, close_database(session, dbid));
    return err;
}

JET_ERR
ese_get_problem(JET_SESID sesid, JET_DBID dbid, uint32_t index, ese_problem *problem_out)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    if (problem_out == NULL)
        err = ese_raise(JET_errInvalidParameter, "no place for the problem");
    else if (!ese_api_problems_get(&database->problems, index, problem_out))
        err = ese_raise(JET_errRecordNotFound, "no more problems");
out:
    return ese_api_leave(session, err);
}
