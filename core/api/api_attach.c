/* Attaching a database to an instance, with everything that is checked before it is believed, and detaching it. */
#include "api/api_backup.h"

#include "log/log_time.h"
#include "os/os_path.h"
#include "page/page_space.h"

enum {
    UPDATE_MAJOR_LARGE_PAGES = 0x11,
    STATE_OFFSET = 52, /* in the header */
};

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
    if (!is_damaged_read(database) || err == JET_errOutOfMemory)
        return err;
    ese_api_problems_add(&database->problems, 0, err, ese_err_text(err));
    return JET_errSuccess;
}

/* What to do with a database that is not clean. */
static JET_ERR
raise_dirty(const char *path, const ese_dbheader *header)
{
    uint32_t first = header->gen_min_required, last = header->gen_max_required;

    if (header->gen_max_committed > last)
        last = header->gen_max_committed;
    if (first == 0)
        return ese_raise(JET_errDatabaseDirtyShutdown,
                         "%s: was not shut down cleanly: recover it with its logs", path);
    if (first == last)
        return ese_raise(JET_errDatabaseDirtyShutdown,
                         "%s: was not shut down cleanly: recover it with its log of generation "
                         "%08X (with a name like edb%08X.log, or edb.log if it is the newest)",
                         path, (unsigned)first, (unsigned)first);
    return ese_raise(JET_errDatabaseDirtyShutdown,
                     "%s: was not shut down cleanly: recover it with its logs of generations "
                     "%08X to %08X (with names like edb%08X.log, the newest like edb.log)",
                     path, (unsigned)first, (unsigned)last, (unsigned)first);
}

static JET_ERR
check_state(ese_api_database *database)
{
    const ese_dbheader *header = &database->header.fields;
    const char *path = ese_api_database_path(database);

    switch (header->state) {
    case ESE_DBSTATE_CLEAN: return JET_errSuccess;
    case ESE_DBSTATE_DIRTY:
    case ESE_DBSTATE_DIRTY_AND_PATCHED: return find_fault(database, raise_dirty(path, header));
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

    if (header->version != ESE_DBHEADER_VERSION || header->update_major > ESE_API_UPDATE_MAJOR_MAX)
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

    ese_btree_cursor_init(&cursor, &owned, NULL);
    ESE_TRY(ese_btree_last(&cursor, &found));
    if (found)
        ESE_TRY(ese_api_extent_at(&cursor, &extent));
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
read_header(ese_api_database *database)
{
    JET_ERR err = ese_api_header_read(database->file, &database->header);

    if (err != JET_errDatabaseCorrupted || !is_damaged_read(database))
        return err;
    err = find_fault(database, err);
    return err < JET_errSuccess ? err : ese_api_header_probe(database->file, &database->header);
}

/* May the file be changed, as far as caller and permissions go? */
static bool
is_for_change(const char *path, JET_GRBIT grbit)
{
    return (grbit & (JET_bitDbReadOnly | ESE_bitDbReader | ESE_bitDbReadDamaged)) == 0 &&
           ese_os_file_may_write(path);
}

/* Without a log nothing is written before the first page is; the caller is told what the original says from the attach on. */
static JET_ERR
begin_changes(ese_api_database *database)
{
    JET_ERR err;

    ESE_TRY(ese_api_database_header_load(database));
    if (database->logged == NULL) {
        ese_log_time_now(database->header.fields.attach_time);
        database->header.fields.attach = (ese_lgpos){0};
    }
    ESE_TRY(ese_api_database_begin_changes(database, ESE_DBSTATE_CLEAN));
    if (database->logged == NULL) {
        database->header.fields.state = ESE_DBSTATE_DIRTY;
        ese_store_le32(database->header.raw + STATE_OFFSET, ESE_DBSTATE_DIRTY);
    }
out:
    return err;
}

static JET_ERR
open_pages(ese_api_database *database, bool for_change)
{
    const ese_btree_damage *damage = is_damaged_read(database) ? &database->damage : NULL;
    ese_api_header header;
    JET_ERR err;

    ESE_TRY(ese_cache_attach(ese_api_instance_cache(database->instance), database->file,
                             database->header.fields.page_size, &database->pages));
    ESE_TRY(check_size(database));
    if (for_change)
        ESE_TRY(begin_changes(database));
    ese_api_database_header_copy(database, &header);
    ESE_TRY(ese_schema_open(database->pages, database->trees, &header.fields, damage,
                            &database->schema));
out:
    return err;
}

/* What an attach asks for. */
typedef struct attachment {
    const char *path;
    JET_GRBIT grbit;
    uint32_t n_pages_max;
} attachment;

static JET_ERR
database_open(ese_api_session *session, const attachment *what, ese_api_database **database_out)
{
    ese_api_instance *instance = ese_api_session_instance(session);
    bool for_change = is_for_change(what->path, what->grbit);
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_database_make(
        instance, what->grbit & ESE_bitDbReadDamaged ? what->grbit | ESE_bitDbReader : what->grbit,
        &database);

    if (err < JET_errSuccess)
        return err;
    database->damage = (ese_btree_damage){database, note_skipped};
    ESE_TRY(for_change ? ese_os_file_open_for(what->path, ESE_OS_FILE_UPDATE, &database->file)
                       : ese_os_file_open(what->path, &database->file));
    ESE_TRY(ese_os_path_full(what->path, &database->full_path));
    ESE_TRY(read_header(database));
    ESE_TRY(check_header(instance, database));
    if (for_change)
        ESE_TRY(ese_api__log_join(instance->log, database));
    ESE_TRY(open_pages(database, for_change));
    if (database->trees != NULL)
        ese_btree_db_set_limit(database->trees, what->n_pages_max);
    if (database->logged != NULL) /* the last thing that can fail */
        ESE_TRY(ese_api__log_attach(database, session, what->n_pages_max));
    *database_out = database;
    database = NULL;
out:
    ese_api_database_destroy(&database);
    return err;
}

JET_ERR
ese_api_databases_check_others_locked(const ese_api_databases *databases,
                                      const ese_os_file_id *identity, const char *path,
                                      JET_GRBIT grbit)
{
    if (grbit & (ESE_bitDbReader | ESE_bitDbReadDamaged))
        return JET_errSuccess;
    ESE_LIST_FOREACH (node, ese_api_databases_all_locked()) {
        ese_api_databases *others = ESE_LIST_ENTRY(node, ese_api_databases, link);
        ese_api_database *other = ese_api_databases_find_locked(others, "", identity);

        if (others != databases && other != NULL && !(other->grbit & ESE_bitDbReader))
            return ese_raise(JET_errDatabaseSharingViolation, "%s: attached to another instance",
                             path);
    }
    return JET_errSuccess;
}

static uint32_t
free_slot_locked(const ese_api_databases *databases)
{
    uint32_t slot = 1;

    while (slot < ESE_API_DATABASES_MAX && databases->slots[slot] != NULL)
        slot++;
    return slot;
}

JET_ERR
ese_api_databases_find_room(const ese_api_databases *databases, const char *path,
                            uint32_t *slot_out)
{
    JET_ERR err;

    ese_api_databases_lock();
    err = ese_api_databases_check_room_locked(databases, path);
    if (err >= JET_errSuccess)
        *slot_out = free_slot_locked(databases);
    ese_api_databases_unlock();
    return err;
}

JET_ERR
ese_api_databases_check_room_locked(const ese_api_databases *databases, const char *path)
{
    if (free_slot_locked(databases) < ESE_API_DATABASES_MAX)
        return JET_errSuccess;
    return ese_raise(JET_errTooManyAttachedDatabases, "%s: %d databases are attached already", path,
                     ESE_API_DATABASES_MAX - 1);
}

JET_ERR
ese_api_databases_insert_locked(ese_api_databases *databases, ese_api_database **database_inout)
{
    ese_api_database *database = *database_inout;
    uint32_t slot = free_slot_locked(databases);
    JET_ERR err = ese_api_databases_check_room_locked(databases, ese_api_database_path(database));

    if (err < JET_errSuccess)
        return err;
    database->slot = slot;
    database->dbid = slot | databases->generations[slot]++ << ESE_API_DBID_SLOT_BITS;
    databases->slots[slot] = database;
    *database_inout = NULL;
    return JET_errSuccess;
}

/* Between the look at the lists and this, another session may have attached the same file. */
static JET_ERR
insert(ese_api_databases *databases, ese_api_database **database_inout, bool *is_attached_out)
{
    ese_os_file_id identity = ese_os_file_identity((*database_inout)->file);
    JET_ERR err = JET_errSuccess;

    ese_api_databases_lock();
    *is_attached_out = ese_api_databases_find_locked(databases, "", &identity) != NULL;
    if (!*is_attached_out) {
        err = ese_api_databases_check_others_locked(
            databases, &identity, ese_api_database_path(*database_inout), (*database_inout)->grbit);
        if (err >= JET_errSuccess)
            err = ese_api_databases_insert_locked(databases, database_inout);
    }
    ese_api_databases_unlock();
    return err;
}

/* *is_attached_out: to this instance; then there is nothing to do. */
static JET_ERR
look_for_file(ese_api_databases *databases, const char *path, JET_GRBIT grbit,
              bool *is_attached_out)
{
    ese_os_file_id identity;
    JET_ERR err = JET_errSuccess;

    *is_attached_out = false;
    if (ese_api_identify(path, &identity) == NULL)
        return JET_errSuccess; /* opening it will tell what is wrong */
    ese_api_databases_lock();
    *is_attached_out = ese_api_databases_find_locked(databases, path, &identity) != NULL;
    if (!*is_attached_out)
        err = ese_api_databases_check_others_locked(databases, &identity, path, grbit);
    ese_api_databases_unlock();
    return err;
}

/* Which databases a backup has is known from its begin on. */
static JET_ERR
check_no_backup(ese_api_session *session, const char *path)
{
    if (ese_api__backup_is_running(ese_api_session_instance(session)))
        return ese_raise(JET_errBackupInProgress, "%s: not possible during a backup", path);
    return JET_errSuccess;
}

static JET_ERR
attach_in_order(ese_api_session *session, const attachment *what, bool *is_attached_out)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_api_database *database = NULL;
    JET_ERR err;

    ESE_TRY(look_for_file(databases, what->path, what->grbit, is_attached_out));
    if (*is_attached_out)
        return JET_errSuccess;
    ESE_TRY(ese_api_check_one_database(session, what->path, NULL));
    ESE_TRY(check_no_backup(session, what->path));
    ESE_TRY(database_open(session, what, &database));
    err = insert(databases, &database, is_attached_out);
    if (database != NULL && database->logged != NULL)
        ese_api__log_give_up(database, ese_api_session_txn(session)->origin.procid);
out:
    ese_api_database_destroy(&database);
    return err;
}

/* Warning JET_wrnDatabaseAttached: it was attached already. */
static JET_ERR
attach(ese_api_session *session, const attachment *what)
{
    ese_api_log *log = ese_api_session_instance(session)->log;
    bool is_attached = false;
    JET_ERR err;

    if (what->path == NULL || *what->path == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "%s: not possible within a transaction", what->path);
    ese_api__log_lock(log);
    err = attach_in_order(session, what, &is_attached);
    ese_api__log_unlock(log);
    return err < JET_errSuccess ? err : is_attached ? JET_wrnDatabaseAttached : JET_errSuccess;
}

/* ---- Detach ---- */

/* A database that is in no slot any more goes; or comes back, when it could not be brought to the disk and is still the log's. */
static JET_ERR
end_database(ese_api_session *session, ese_api_database *database)
{
    ese_api_instance *instance = ese_api_session_instance(session);
    JET_ERR err;

    if (database->logged == NULL) {
        err = ese_api_database_end_changes(database);
        ese_api_database_destroy(&database);
        return err;
    }
    err = ese_api__log_detach(database, session);
    if (err >= JET_errSuccess || instance->log->databases[database->slot] != database) {
        ese_api_database_destroy(&database);
        return err;
    }
    ese_api_databases_lock();
    instance->databases->slots[database->slot] = database;
    ese_api_databases_unlock();
    return err;
}

static JET_ERR
detach_one(ese_api_session *session, const char *path)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_os_file_id identity;
    const ese_os_file_id *known = ese_api_identify(path, &identity);
    ese_api_database *database;
    JET_ERR err = JET_errSuccess;

    ese_api_databases_lock();
    database = ese_api_databases_find_locked(databases, path, known);
    if (database == NULL)
        err = ese_raise(JET_errDatabaseNotFound, "%s: not attached", path);
    else if (database->n_opens != 0)
        err = ese_raise(JET_errDatabaseInUse, "%s: still open", path);
    else if (!ese_api_database_is_settled(database))
        err = ese_raise(JET_errDatabaseInUse, "%s: changed in an open transaction", path);
    else
        databases->slots[database->slot] = NULL;
    ese_api_databases_unlock();
    return err < JET_errSuccess ? err : end_database(session, database);
}

static JET_ERR
detach_all(ese_api_session *session)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_api_database *gone[ESE_API_DATABASES_MAX] = {NULL};
    bool in_use = false;
    JET_ERR err = JET_errSuccess;

    ese_api_databases_lock();
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++)
        in_use |=
            databases->slots[i] != NULL && (databases->slots[i]->n_opens != 0 ||
                                            !ese_api_database_is_settled(databases->slots[i]));
    for (unsigned i = 1; !in_use && i < ESE_API_DATABASES_MAX; i++) {
        gone[i] = databases->slots[i];
        databases->slots[i] = NULL;
    }
    ese_api_databases_unlock();
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (gone[i] != NULL)
            ESE_KEEP_FIRST(err, end_database(session, gone[i]));
    }
    return in_use ? ese_raise(JET_errDatabaseInUse, "a database is still open") : err;
}

static JET_ERR
detach(ese_api_session *session, const char *path, JET_GRBIT grbit)
{
    ese_api_log *log = ese_api_session_instance(session)->log;
    JET_ERR err;

    if (grbit & (JET_bitForceDetach))
        return ese_raise(JET_errForceDetachNotAllowed, "a database is not detached by force");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "not possible within a transaction");
    ese_api__log_lock(log);
    err = check_no_backup(session, path != NULL ? path : "all databases");
    if (err >= JET_errSuccess)
        err = path == NULL || *path == '\0' ? detach_all(session) : detach_one(session, path);
    ese_api__log_unlock(log);
    return err;
}

/* ---- The Jet functions ---- */

JET_ERR
JetAttachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, uint32_t cpgDatabaseSizeMax,
                    JET_GRBIT grbit)
{
    const attachment what = {szFilename, grbit, cpgDatabaseSizeMax};
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, attach(session, &what));
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
