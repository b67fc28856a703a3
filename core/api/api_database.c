/*
 * Databases of an instance: attach, open, close, detach. Everything is read-only.
 *
 * INV-1  A database is in the list of its instance exactly while it is attached, and stays there while a session has
 *        it open: a session that counts an opening may use it without a lock.
 * INV-2  One process-wide lock guards the lists and counts of all instances, so that one file is never attached twice
 *        for writing; nothing waits for a disk while it is held.
 */
#include "api/api_database.h"

#include "page/page_space.h"

enum {
    SLOT_BITS = 4, /* a database id is a slot and a generation, the first one being 1, 2, 3 … */
    UPDATE_MAJOR_MAX = 290,
    UPDATE_MAJOR_LARGE_PAGES = 0x11,
};

struct ese_api_databases {
    ese_list link;              /* [lock: databases] in the list of all instances' */
    ese_api_instance *instance; /* [const] */
    ese_api_database
        *slots[ESE_API_DATABASES_MAX]; /* [lock: databases]; slot 0 is the temporary database */
    uint32_t generations[ESE_API_DATABASES_MAX]; /* [lock: databases] */
};

static ese_os_mutex lock = ESE_OS_MUTEX_INIT;
static ese_list all = {&all, &all}; /* [lock: databases] */

/* ---- Objects ---- */

JET_ERR
ese_api_databases_create(ese_api_instance *instance, ese_api_databases **databases_out)
{
    ese_api_databases *databases = NULL;
    JET_ERR err = ese_alloc(sizeof *databases, &databases);

    if (err < JET_errSuccess)
        return err;
    databases->instance = instance;
    ese_os_mutex_lock(&lock);
    ese_list_append(&all, &databases->link);
    ese_os_mutex_unlock(&lock);
    *databases_out = databases;
    return JET_errSuccess;
}

static void
database_destroy(ese_api_database **database_inout)
{
    ese_api_database *database = *database_inout;

    if (database == NULL)
        return;
    ese_schema_close(&database->schema);
    ese_cache_detach(&database->pages);
    ese_os_file_close(&database->file);
    ese_api_problems_destroy(&database->problems);
    ese_free(database_inout);
}

void
ese_api_databases_destroy(ese_api_databases **databases_inout)
{
    ese_api_databases *databases = *databases_inout;

    if (databases == NULL)
        return;
    ese_os_mutex_lock(&lock);
    ese_list_remove(&databases->link);
    ese_os_mutex_unlock(&lock);
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++)
        database_destroy(&databases->slots[i]);
    ese_free(databases_inout);
}

ese_schema *
ese_api_database_schema(ese_api_database *database)
{
    return database->schema;
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

    ese_os_mutex_lock(&lock);
    for (unsigned i = 1; err >= JET_errSuccess && i < ESE_API_DATABASES_MAX; i++) {
        if (databases->slots[i] != NULL) {
            const char *path = ese_api_database_path(databases->slots[i]);

            err = ese_alloc_copy(path, strlen(path) + 1, &paths[n]);
            n += err >= JET_errSuccess;
        }
    }
    ese_os_mutex_unlock(&lock);
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

static ese_api_database *
find_locked(ese_api_databases *databases, const char *path, const ese_os_file_id *identity)
{
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        ese_api_database *database = databases->slots[i];

        if (database != NULL && is_same_file(database, path, identity))
            return database;
    }
    return NULL;
}

/* Who the file is, if it can be opened still; a file that is gone is known by its path only. */
static const ese_os_file_id *
identify(const char *path, ese_os_file_id *identity)
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
    uint32_t slot = dbid & ((1u << SLOT_BITS) - 1);

    if (slot >= ESE_API_DATABASES_MAX || ese_api_session_opens(session)[slot] == 0 ||
        databases->slots[slot]->dbid != dbid)
        return ese_raise(JET_errInvalidDatabaseId, "%u is no database that this session has open",
                         (unsigned)dbid);
    *database_out = databases->slots[slot];
    return JET_errSuccess;
}

/* ---- Attach ---- */

static void
note_skipped(void *self, ese_pgno pgno, JET_ERR why, const char *text)
{
    ese_api_problems_add(&((ese_api_database *)self)->problems, pgno, why, text);
}

static bool
is_damaged_read(const ese_api_database *database)
{
    return (database->grbit & ESE_bitDbReadDamaged) != 0;
}

/* A finding about the whole file: an error, or in a damaged read a problem among others. */
static JET_ERR
find_fault(ese_api_database *database, JET_ERR err)
{
    if (!is_damaged_read(database))
        return err;
    ese_api_problems_add(&database->problems, 0, err, ese_err_text(err));
    return JET_errSuccess;
}

static JET_ERR
check_state(ese_api_database *database)
{
    const ese_dbheader *header = &database->header.fields;
    const char *path = ese_api_database_path(database);

    switch (header->state) {
    case ESE_DBSTATE_CLEAN: return JET_errSuccess;
    case ESE_DBSTATE_DIRTY:
    case ESE_DBSTATE_DIRTY_AND_PATCHED:
        return find_fault(
            database,
            ese_raise(JET_errDatabaseDirtyShutdown,
                      "%s: not closed properly: generations %u to %u of its log are needed", path,
                      (unsigned)header->gen_min_required, (unsigned)header->gen_max_required));
    case ESE_DBSTATE_BEING_CONVERTED:
        return find_fault(database, ese_raise(JET_errDatabaseIncompleteUpgrade,
                                              "%s: an upgrade did not end", path));
    case ESE_DBSTATE_INCREMENTAL_RESEED:
        return find_fault(database,
                          ese_raise(JET_errDatabaseCorrupted, "%s: a reseed did not end", path));
    default:
        return find_fault(database, ese_raise(JET_errDatabaseCorrupted,
                                              "%s: state %u: its creation or change did not end",
                                              path, (unsigned)header->state));
    }
}

static JET_ERR
check_header(ese_api_instance *instance, ese_api_database *database)
{
    const ese_dbheader *header = &database->header.fields;
    const char *path = ese_api_database_path(database);
    uint64_t page_size = ese_api_instance_param(instance, JET_paramDatabasePageSize);

    if (header->version != ESE_DBHEADER_VERSION || header->update_major > UPDATE_MAJOR_MAX)
        return ese_raise(JET_errInvalidDatabaseVersion, "%s: format %x,%u is not known", path,
                         (unsigned)header->version, (unsigned)header->update_major);
    if (header->page_size > 8192 && header->update_major < UPDATE_MAJOR_LARGE_PAGES)
        return ese_raise(JET_errDatabaseCorrupted, "%s: format %u has no pages of %u bytes", path,
                         (unsigned)header->update_major, (unsigned)header->page_size);
    if (!(database->grbit & ESE_bitDbReader) && header->page_size != page_size)
        return ese_raise(JET_errPageSizeMismatch,
                         "%s: pages of %u bytes, but JET_paramDatabasePageSize is %u", path,
                         (unsigned)header->page_size, (unsigned)page_size);
    return check_state(database);
}

/* A file that ends before its last owned page was cut. */
static JET_ERR
check_size(ese_api_database *database)
{
    ese_btree owned = {
        .file = database->pages, .root = 2, .objid = 1, .kind = ESE_PAGE_SPACE, .is_unique = true};
    ese_btree_cursor cursor = {0};
    ese_page_extent extent = {0};
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &owned);
    ESE_TRY(ese_btree_last(&cursor, &found));
    if (found)
        ESE_TRY(ese_page_extent_decode(&cursor.node, &extent));
    if (extent.last > ese_cache_page_count(database->pages))
        err = ese_raise(JET_errDatabaseCorrupted,
                        "%s: truncated: holds %u pages, but page %u belongs to it",
                        ese_api_database_path(database),
                        (unsigned)ese_cache_page_count(database->pages), (unsigned)extent.last);
out:
    ese_btree_cursor_reset(&cursor);
    return err < JET_errSuccess ? find_fault(database, err) : err;
}

static JET_ERR
database_open(ese_api_instance *instance, const char *path, JET_GRBIT grbit,
              ese_api_database **database_out)
{
    const ese_btree_damage *damage = NULL;
    ese_api_database *database = NULL;
    JET_ERR err = ese_alloc(sizeof *database, &database);

    if (err < JET_errSuccess)
        return err;
    ese_api_problems_init(&database->problems);
    database->grbit = grbit & ESE_bitDbReadDamaged ? grbit | ESE_bitDbReader : grbit;
    database->damage = (ese_btree_damage){database, note_skipped};
    if (is_damaged_read(database))
        damage = &database->damage;
    ESE_TRY(ese_os_file_open(path, &database->file));
    err = ese_api_header_read(database->file, &database->header);
    if (err == JET_errReadVerifyFailure)
        err = ese_raise(JET_errDatabaseCorrupted, "%s", ese_err_text(err));
    ESE_TRY(err);
    ESE_TRY(check_header(instance, database));
    ESE_TRY(ese_cache_attach(ese_api_instance_cache(instance), database->file,
                             database->header.fields.page_size, &database->pages));
    ESE_TRY(check_size(database));
    ESE_TRY(ese_schema_open(database->pages, &database->header.fields, damage, &database->schema));
    *database_out = database;
    database = NULL;
out:
    database_destroy(&database);
    return err;
}

/* Another instance may read the same file, but only beside a reader that says it can stand that. */
static JET_ERR
check_other_instances_locked(ese_api_databases *databases, const ese_api_database *database)
{
    ese_os_file_id identity = ese_os_file_identity(database->file);

    if (database->grbit & ESE_bitDbReader)
        return JET_errSuccess;
    ESE_LIST_FOREACH (node, &all) {
        ese_api_databases *others = ESE_LIST_ENTRY(node, ese_api_databases, link);
        ese_api_database *other = find_locked(others, "", &identity);

        if (others != databases && other != NULL && !(other->grbit & ESE_bitDbReader))
            return ese_raise(JET_errDatabaseSharingViolation, "%s: attached to another instance",
                             ese_api_database_path(database));
    }
    return JET_errSuccess;
}

static JET_ERR
insert_locked(ese_api_databases *databases, ese_api_database **database_inout,
              bool *is_attached_out)
{
    ese_api_database *database = *database_inout;
    ese_os_file_id identity = ese_os_file_identity(database->file);
    uint32_t slot = 1;
    JET_ERR err;

    *is_attached_out = find_locked(databases, "", &identity) != NULL;
    if (*is_attached_out)
        return JET_errSuccess;
    err = check_other_instances_locked(databases, database);
    if (err < JET_errSuccess)
        return err;
    while (slot < ESE_API_DATABASES_MAX && databases->slots[slot] != NULL)
        slot++;
    if (slot == ESE_API_DATABASES_MAX)
        return ese_raise(JET_errTooManyAttachedDatabases, "%s: %d databases are attached already",
                         ese_api_database_path(database), ESE_API_DATABASES_MAX - 1);
    database->slot = slot;
    database->dbid = slot | databases->generations[slot]++ << SLOT_BITS;
    databases->slots[slot] = database;
    *database_inout = NULL;
    return JET_errSuccess;
}

/* Warning JET_wrnDatabaseAttached: it was attached already. */
static JET_ERR
attach(ese_api_session *session, const char *path, JET_GRBIT grbit)
{
    ese_api_instance *instance = ese_api_session_instance(session);
    ese_api_databases *databases = ese_api_instance_databases(instance);
    ese_api_database *database = NULL;
    ese_os_file_id identity;
    bool is_attached = false;
    JET_ERR err;

    if (path == NULL || *path == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "%s: not possible within a transaction", path);
    if (identify(path, &identity) != NULL) {
        ese_os_mutex_lock(&lock);
        is_attached = find_locked(databases, path, &identity) != NULL;
        ese_os_mutex_unlock(&lock);
    }
    if (is_attached)
        return JET_wrnDatabaseAttached;
    ESE_TRY(database_open(instance, path, grbit, &database));
    ese_os_mutex_lock(&lock);
    err = insert_locked(databases, &database, &is_attached);
    ese_os_mutex_unlock(&lock);
out:
    database_destroy(&database);
    return err < JET_errSuccess ? err : is_attached ? JET_wrnDatabaseAttached : JET_errSuccess;
}

/* ---- Detach ---- */

static JET_ERR
detach_one(ese_api_databases *databases, const char *path)
{
    ese_os_file_id identity;
    const ese_os_file_id *known = identify(path, &identity);
    ese_api_database *database;
    JET_ERR err = JET_errSuccess;

    ese_os_mutex_lock(&lock);
    database = find_locked(databases, path, known);
    if (database == NULL)
        err = ese_raise(JET_errDatabaseNotFound, "%s: not attached", path);
    else if (database->n_opens != 0)
        err = ese_raise(JET_errDatabaseInUse, "%s: still open", path);
    else
        databases->slots[database->slot] = NULL;
    ese_os_mutex_unlock(&lock);
    if (err >= JET_errSuccess)
        database_destroy(&database);
    return err;
}

static JET_ERR
detach_all(ese_api_databases *databases)
{
    ese_api_database *gone[ESE_API_DATABASES_MAX] = {NULL};
    bool in_use = false;

    ese_os_mutex_lock(&lock);
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++)
        in_use |= databases->slots[i] != NULL && databases->slots[i]->n_opens != 0;
    for (unsigned i = 1; !in_use && i < ESE_API_DATABASES_MAX; i++) {
        gone[i] = databases->slots[i];
        databases->slots[i] = NULL;
    }
    ese_os_mutex_unlock(&lock);
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++)
        database_destroy(&gone[i]);
    return in_use ? ese_raise(JET_errDatabaseInUse, "a database is still open") : JET_errSuccess;
}

static JET_ERR
detach(ese_api_session *session, const char *path, JET_GRBIT grbit)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));

    if (grbit & (JET_bitForceDetach))
        return ese_raise(JET_errForceDetachNotAllowed, "a database is not detached by force");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "not possible within a transaction");
    return path == NULL || *path == '\0' ? detach_all(databases) : detach_one(databases, path);
}

/* ---- Open and close ---- */

static JET_ERR
open_locked(ese_api_session *session, ese_api_database *database, JET_GRBIT grbit)
{
    uint32_t *opens = ese_api_session_opens(session);

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
    return JET_errSuccess;
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
    known = identify(path, &identity);
    ese_os_mutex_lock(&lock);
    database = find_locked(databases, path, known);
    err = database != NULL ? open_locked(session, database, grbit)
                           : ese_raise(JET_errDatabaseNotFound, "%s: not attached", path);
    if (err >= JET_errSuccess)
        *dbid_out = database->dbid;
    ese_os_mutex_unlock(&lock);
    return err;
}

static void
release_locked(ese_api_session *session, ese_api_database *database, uint32_t n)
{
    ese_api_session_opens(session)[database->slot] -= n;
    database->n_opens -= n;
    if (database->exclusive == session)
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
    ese_os_mutex_lock(&lock);
    release_locked(session, database, 1);
    ese_os_mutex_unlock(&lock);
    return JET_errSuccess;
}

void
ese_api_databases_close_all_of(ese_api_session *session)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    uint32_t *opens = ese_api_session_opens(session);

    ese_os_mutex_lock(&lock);
    for (unsigned i = 0; i < ESE_API_DATABASES_MAX; i++) {
        if (opens[i] != 0)
            release_locked(session, databases->slots[i], opens[i]);
    }
    ese_os_mutex_unlock(&lock);
}

/* ---- The Jet functions ---- */

JET_ERR
JetAttachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, uint32_t cpgDatabaseSizeMax,
                    JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    (void)cpgDatabaseSizeMax; /* limits growth, and nothing grows */
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, attach(session, szFilename, grbit));
    return err;
}

JET_ERR
JetAttachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit)
{
    return JetAttachDatabase2A(sesid, szFilename, 0, grbit);
}

JET_ERR
JetAttachDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename, uint32_t cpgDatabaseSizeMax,
                    JET_GRBIT grbit)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szFilename, &path);

    if (err >= JET_errSuccess)
        err = JetAttachDatabase2A(sesid, path, cpgDatabaseSizeMax, grbit);
    ese_free(&path);
    return err;
}

JET_ERR
JetAttachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename, JET_GRBIT grbit)
{
    return JetAttachDatabase2W(sesid, szFilename, 0, grbit);
}

JET_ERR
JetDetachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, detach(session, szFilename, grbit));
    return err;
}

JET_ERR
JetDetachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename)
{
    return JetDetachDatabase2A(sesid, szFilename, 0);
}

JET_ERR
JetDetachDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename, JET_GRBIT grbit)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szFilename, &path);

    if (err >= JET_errSuccess)
        err = JetDetachDatabase2A(sesid, path, grbit);
    ese_free(&path);
    return err;
}

JET_ERR
JetDetachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename)
{
    return JetDetachDatabase2W(sesid, szFilename, 0);
}

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
