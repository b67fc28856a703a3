/* JetSetDatabaseSize, JetGrowDatabase, JetResizeDatabase: how large the file is. */
#include "api/api_database.h"

enum { HEADER_PAGES = 2 };

/* ---- Of a database that is attached ---- */

static JET_ERR
find_writable(ese_api_session *session, JET_DBID dbid, ese_api_database **database_out)
{
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_find_database(session, dbid, &database);

    if (err < JET_errSuccess)
        return err;
    if (database->trees == NULL)
        return ese_raise(JET_errDatabaseFileReadOnly, "%s: attached read-only",
                         ese_api_database_path(database));
    *database_out = database;
    return JET_errSuccess;
}

/* The size in pages, as the caller counts them: what the database owns. */
static JET_ERR
grow_to(ese_api_database *database, uint32_t n_wanted, uint32_t *n_out)
{
    ese_pgno n_pages = 0, n_free = 0;
    JET_ERR err;

    /* The parameter may have changed since the attach. */
    ese_btree_db_set_extension(database->trees, (uint32_t)ese_api_instance_param(
                                                    database->instance, JET_paramDbExtensionSize));
    ESE_TRY(ese_btree_db_size(database->trees, &n_pages, &n_free));
    if (n_wanted > n_pages) {
        ESE_TRY(ese_btree_db_grow(database->trees, n_wanted - n_pages));
        ESE_TRY(ese_btree_db_size(database->trees, &n_pages, &n_free));
    }
    *n_out = n_pages;
out:
    return err;
}

JET_ERR
JetGrowDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpg, uint32_t *pcpgReal)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    uint32_t n_pages = 0;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(find_writable(session, dbid, &database));
    if (pcpgReal == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no place for the size"));
    ESE_TRY(grow_to(database, cpg, &n_pages));
    *pcpgReal = n_pages;
out:
    return ese_api_leave(session, err);
}

static JET_ERR
shrink_to(ese_api_database *database, uint32_t n_wanted, uint32_t *n_out)
{
    if (ese_api_instance_param(database->instance, JET_paramEnableShrinkDatabase) ==
        JET_bitShrinkDatabaseOff)
        return ese_raise(JET_errFeatureNotAvailable, "%s: JET_paramEnableShrinkDatabase is off",
                         ese_api_database_path(database));
    return ese_btree_db_shrink(database->trees, n_wanted, n_out);
}

static JET_ERR
resize(ese_api_database *database, uint32_t n_wanted, JET_GRBIT grbit, uint32_t *n_out)
{
    ese_pgno n_pages = 0, n_free = 0;
    JET_ERR err;

    ESE_TRY(ese_btree_db_size(database->trees, &n_pages, &n_free));
    if (n_wanted > n_pages && (grbit & JET_bitResizeDatabaseOnlyShrink) == 0)
        ESE_TRY(grow_to(database, n_wanted, &n_pages));
    else if (n_wanted < n_pages && (grbit & JET_bitResizeDatabaseOnlyGrow) == 0)
        ESE_TRY(shrink_to(database, n_wanted, &n_pages));
    *n_out = n_pages;
out:
    return err;
}

JET_ERR
JetResizeDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpgTarget, uint32_t *pcpgActual,
                  const JET_GRBIT grbit)
{
    const JET_GRBIT both = JET_bitResizeDatabaseOnlyGrow | JET_bitResizeDatabaseOnlyShrink;
    ese_api_session *session;
    ese_api_database *database = NULL;
    uint32_t n_pages = 0;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(find_writable(session, dbid, &database));
    if ((grbit & ~both) != 0 || (grbit & both) == both)
        ESE_TRY(ese_raise(JET_errInvalidGrbit, "0x%x: at most one of the two directions",
                          (unsigned)grbit));
    if (pcpgActual == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no place for the size"));
    ESE_TRY(resize(database, cpgTarget, grbit, &n_pages));
    *pcpgActual = n_pages;
out:
    return ese_api_leave(session, err);
}

/* ---- Of a file that nobody has attached ---- */

/* The file becomes longer; the database owns what it gets when it needs it. */
static JET_ERR
set_size(ese_api_session *session, const char *path, uint32_t n_wanted, uint32_t *n_out)
{
    ese_os_file *file = NULL;
    ese_api_header header;
    uint32_t page_size;
    uint64_t n_pages;
    JET_ERR err;

    if (path == NULL || *path == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (ese_api_session_txn(session)->level != 0)
        return ese_raise(JET_errInTransaction, "%s: not possible within a transaction", path);
    ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &file));
    ESE_TRY(ese_api_header_read(file, &header));
    if (header.fields.state != ESE_DBSTATE_CLEAN)
        ESE_TRY(ese_raise(JET_errDatabaseDirtyShutdown, "%s: not closed properly", path));
    page_size = header.fields.page_size;
    if (n_wanted > ESE_PAGE_PGNO_MAX)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "%s: %u pages are too many", path,
                          (unsigned)n_wanted));
    if (((uint64_t)n_wanted + HEADER_PAGES) * page_size > ese_os_file_size(file)) {
        ESE_TRY(ese_os_file_resize(file, ((uint64_t)n_wanted + HEADER_PAGES) * page_size));
        ESE_TRY(ese_os_file_sync(file));
    }
    n_pages = ese_os_file_size(file) / page_size;
    *n_out = n_pages < HEADER_PAGES ? 0 : (uint32_t)(n_pages - HEADER_PAGES);
out:
    ese_os_file_close(&file);
    return err;
}

JET_ERR
JetSetDatabaseSizeA(JET_SESID sesid, JET_PCSTR szDatabaseName, uint32_t cpg, uint32_t *pcpgReal)
{
    ese_api_session *session;
    uint32_t n_pages = 0;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    if (pcpgReal == NULL)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "no place for the size"));
    ESE_TRY(set_size(session, szDatabaseName, cpg, &n_pages));
    *pcpgReal = n_pages;
out:
    return ese_api_leave(session, err);
}

JET_ERR
JetSetDatabaseSizeW(JET_SESID sesid, JET_PCWSTR szDatabaseName, uint32_t cpg, uint32_t *pcpgReal)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szDatabaseName, &path);

    if (err >= JET_errSuccess)
        err = JetSetDatabaseSizeA(sesid, path, cpg, pcpgReal);
    ese_free(&path);
    return err;
}
