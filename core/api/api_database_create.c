/*
 * JetCreateDatabase: a new file with the catalog in it, attached and open.
 *
 * INV-1  A creation that fails leaves no file behind that was not there before. Until everything is on the disk the header says that the creation did not end.
 */
#include "api/api_log.h"

#include "log/log_time.h"
#include "os/os_path.h"
#include "schema/schema_ddl.h"

enum {
    HEADER_PAGES = 2,
    INITIAL_PAGES = 256 - HEADER_PAGES,
    FLAG_SHADOWING_OFF = 1, /* in the header */
};

/* What is to be created. */
typedef struct creation {
    const char *path;
    uint32_t n_pages_max;
    JET_GRBIT grbit;
} creation;

static void
make_header(ese_api_database *database)
{
    ese_dbheader *fields = &database->header.fields;

    *fields = ese_dbheader_fresh(
        (uint32_t)ese_api_instance_param(database->instance, JET_paramDatabasePageSize));
    fields->sign_db = ese_log_signature_now();
    memcpy(fields->attach_time, fields->sign_db.created, sizeof fields->attach_time);
    if ((database->grbit & JET_bitDbShadowingOff) != 0)
        fields->flags |= FLAG_SHADOWING_OFF;
}

/* What JetGetDatabaseInfo shows from now on, without a log. */
static void
show_header(ese_api_database *database)
{
    database->header.fields.state = ESE_DBSTATE_DIRTY;
    ese_store_le32(database->header_page + 52, ESE_DBSTATE_DIRTY);
    memcpy(database->header.raw, database->header_page, sizeof database->header.raw);
}

/* The file is open and has nothing in it. */
static JET_ERR
begin_pages(ese_api_database *database)
{
    uint32_t page_size = database->header.fields.page_size;
    JET_ERR err;

    ESE_TRY(
        ese_os_file_resize(database->file, (uint64_t)(INITIAL_PAGES + HEADER_PAGES) * page_size));
    ESE_TRY(ese_api_database_header_load(database));
    ESE_TRY(ese_cache_attach(ese_api_instance_cache(database->instance), database->file, page_size,
                             &database->pages));
    ESE_TRY(ese_api_database_begin_changes(database, ESE_DBSTATE_JUST_CREATED));
out:
    return err;
}

static JET_ERR
format(ese_api_database *database)
{
    ese_api_header
        header; /* the log may begin a generation, and say so in the one of the database */
    JET_ERR err;

    ese_api_database_header_copy(database, &header);
    ESE_TRY(ese_btree_db_format(database->trees, INITIAL_PAGES));
    ESE_TRY(ese_schema_format(database->trees, &header.fields));
out:
    return err;
}

static JET_ERR
open_schema(ese_api_database *database)
{
    ese_api_header header;

    ese_api_database_header_copy(database, &header);
    return ese_schema_open(database->pages, database->trees, &header.fields, NULL,
                           &database->schema);
}

/* ---- Without a log: all pages are on the disk before the header says so ---- */

static JET_ERR
open_file(const creation *what, ese_os_file **file_out)
{
    bool is_overwrite = (what->grbit & JET_bitDbOverwriteExisting) != 0;
    JET_ERR err = ese_os_file_open_for(
        what->path, is_overwrite ? ESE_OS_FILE_REPLACE : ESE_OS_FILE_CREATE, file_out);

    if (err == JET_errFileAlreadyExists)
        err = ese_raise(JET_errDatabaseDuplicate, "%s: there is such a file", what->path);
    else if (err == JET_errFileNotFound) /* it is the folder that is missing */
        err = ese_raise(JET_errInvalidPath, "%s: there is no such folder", what->path);
    return err;
}

static JET_ERR
fill(ese_api_database *database)
{
    JET_ERR err;

    ESE_TRY(begin_pages(database));
    ESE_TRY(ese_api_database_header_write(database, ESE_DBSTATE_JUST_CREATED));
    ESE_TRY(format(database));
    ESE_TRY(ese_api_database_end_changes(database));
    show_header(database);
    ESE_TRY(open_schema(database));
    ESE_TRY(ese_os_folder_sync(ese_api_database_path(database)));
out:
    return err;
}

static JET_ERR
create_plain(ese_api_database *database, const creation *what)
{
    JET_ERR err;

    ESE_TRY(open_file(what, &database->file));
    err = fill(database);
    if (err < JET_errSuccess)
        (void)ese_os_file_delete(what->path);
out:
    return err;
}

/* ---- With a log, which brings back what of the pages is not on the disk ---- */

static JET_ERR
fill_logged(ese_api_database *database, ese_api_session *session, const char *path, uint64_t lgpos)
{
    JET_ERR err;

    ESE_TRY(ese_api_database_place(path, &database->file));
    ESE_TRY(begin_pages(database));
    ESE_TRY(ese_api__log_create_header(database, lgpos));
    ESE_TRY(format(database));
    ESE_TRY(ese_api__log_create_finish(database, session));
    ESE_TRY(open_schema(database));
out:
    return err;
}

static JET_ERR
create_logged(ese_api_database *database, ese_api_session *session, const creation *what)
{
    bool is_overwrite = (what->grbit & JET_bitDbOverwriteExisting) != 0;
    uint64_t lgpos = 0;
    JET_ERR err;

    ESE_TRY(ese_api__log_join(ese_api_session_instance(session)->log, database));
    ESE_TRY(ese_api_database_prepare(what->path, is_overwrite, &database->header.fields));
    err = ese_api__log_create(database, session, what->n_pages_max, &lgpos);
    if (err < JET_errSuccess) {
        ese_api_database_unprepare(what->path);
        goto out;
    }
    err = fill_logged(database, session, what->path, lgpos);
    if (err < JET_errSuccess) {
        ese_api__log_give_up(database, ese_api_session_txn(session)->origin.procid);
        ese_api_database_unprepare(what->path);
        (void)ese_os_file_delete(what->path);
    }
out:
    return err;
}

static JET_ERR
create_file(ese_api_session *session, const creation *what, ese_api_database **database_out)
{
    ese_api_instance *instance = ese_api_session_instance(session);
    ese_api_database *database = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_database_make(instance, what->grbit, &database));
    ESE_TRY(ese_os_path_full(what->path, &database->full_path));
    make_header(database);
    if (instance->log == NULL)
        ESE_TRY(create_plain(database, what));
    else
        ESE_TRY(create_logged(database, session, what));
    ese_btree_db_set_limit(database->trees, what->n_pages_max);
    *database_out = database;
    database = NULL;
out:
    ese_api_database_destroy(&database);
    return err;
}

/* Is there something that forbids it, before anything is touched? */
static JET_ERR
check(ese_api_session *session, const creation *what)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_os_file_id identity;
    bool has_identity = ese_api_identify(what->path, &identity) != NULL;
    JET_ERR err = JET_errSuccess;

    ese_api_databases_lock();
    if (ese_api_databases_find_locked(databases, what->path, has_identity ? &identity : NULL) !=
        NULL)
        err = ese_raise(JET_errDatabaseDuplicate, "%s: attached", what->path);
    else if (has_identity)
        err = ese_api_databases_check_others_locked(databases, &identity, what->path, 0);
    if (err >= JET_errSuccess)
        err = ese_api_databases_check_room_locked(databases, what->path);
    ese_api_databases_unlock();
    return err < JET_errSuccess ? err : ese_api_check_one_database(session, what->path, NULL);
}

/* Another session may have taken the last slot meanwhile. */
static void
take_back(ese_api_session *session, const creation *what, ese_api_database **database_inout)
{
    if (*database_inout == NULL)
        return;
    if ((*database_inout)->logged != NULL)
        ese_api__log_give_up(*database_inout, ese_api_session_txn(session)->origin.procid);
    ese_api_database_destroy(database_inout);
    (void)ese_os_file_delete(what->path);
}

static JET_ERR
create_in_order(ese_api_session *session, const creation *what, JET_DBID *dbid_out)
{
    ese_api_databases *databases = ese_api_instance_databases(ese_api_session_instance(session));
    ese_api_database *database = NULL, *created;
    JET_ERR err;

    ESE_TRY(check(session, what));
    ESE_TRY(create_file(session, what, &database));
    created = database;
    ese_api_databases_lock();
    err = ese_api_databases_insert_locked(databases, &database);
    if (err >= JET_errSuccess)
        err = ese_api_database_open_locked(session, created, what->grbit);
    if (err >= JET_errSuccess)
        *dbid_out = created->dbid;
    ese_api_databases_unlock();
out:
    take_back(session, what, &database);
    return err;
}

static JET_ERR
create(ese_api_session *session, const creation *what, JET_DBID *dbid_out)
{
    ese_api_log *log = ese_api_session_instance(session)->log;
    JET_ERR err;

    if (what->path == NULL || *what->path == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (dbid_out == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the database id");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "%s: not possible within a transaction", what->path);
    ese_api__log_lock(log);
    err = create_in_order(session, what, dbid_out);
    ese_api__log_unlock(log);
    return err;
}

/* ---- The Jet functions ---- */

JET_ERR
JetCreateDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, const uint32_t cpgDatabaseSizeMax,
                    JET_DBID *pdbid, JET_GRBIT grbit)
{
    const creation what = {szFilename, cpgDatabaseSizeMax, grbit};
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, create(session, &what, pdbid));
    return err;
}

JET_ERR
JetCreateDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_PCSTR szConnect, JET_DBID *pdbid,
                   JET_GRBIT grbit)
{
    (void)szConnect;
    return JetCreateDatabase2A(sesid, szFilename, 0, pdbid, grbit);
}

JET_ERR
JetCreateDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename, const uint32_t cpgDatabaseSizeMax,
                    JET_DBID *pdbid, JET_GRBIT grbit)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szFilename, &path);

    if (err >= JET_errSuccess)
        err = JetCreateDatabase2A(sesid, path, cpgDatabaseSizeMax, pdbid, grbit);
    ese_free(&path);
    return err;
}

JET_ERR
JetCreateDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename, JET_PCWSTR szConnect, JET_DBID *pdbid,
                   JET_GRBIT grbit)
{
    (void)szConnect;
    return JetCreateDatabase2W(sesid, szFilename, 0, pdbid, grbit);
}
