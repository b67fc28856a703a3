/*
 * The file of a database that begins to be, when a log may tell of another one at its place.
 *
 * INV-1  A file is at the place as it was before, or with a header that can be read and says that the creation did not end: recovery, which may meet it on its way through older
 *        records, passes over it.
 */
#include "api/api_database.h"

static JET_ERR
raise_duplicate(const char *path)
{
    return ese_raise(JET_errDatabaseDuplicate, "%s: there is such a file", path);
}

/* Was it left by a creation that did not come to its end? */
static bool
is_unfinished(ese_os_file *file)
{
    ese_api_header header;

    return ese_api_header_read(file, &header) >= JET_errSuccess &&
           header.fields.state == ESE_DBSTATE_JUST_CREATED;
}

/* Holds on to the file that is there, so that nobody else begins to use it; NULL: there is none. */
static JET_ERR
hold_old(const char *path, bool may_replace, ese_os_file **old_out)
{
    ese_os_file *old = NULL;
    JET_ERR err = ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, &old);

    if (err == JET_errFileNotFound)
        return JET_errSuccess;
    if (err == JET_errFileAccessDenied && !may_replace)
        return raise_duplicate(path);
    if (err >= JET_errSuccess && !may_replace && !is_unfinished(old))
        err = raise_duplicate(path);
    if (err >= JET_errSuccess) {
        *old_out = old;
        old = NULL;
    }
    ese_os_file_close(&old);
    return err;
}

static JET_ERR
write_header(const char *path, const ese_dbheader *fields)
{
    ese_os_file *file = NULL;
    uint8_t *page = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(fields->page_size, &page));
    ese_dbheader_encode(fields, page);
    ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &file));
    for (uint64_t copy = 0; copy < 2; copy++)
        ESE_TRY(ese_os_file_write(file, copy * fields->page_size, page, fields->page_size));
    ESE_TRY(ese_os_file_sync(file));
out:
    if (err == JET_errFileNotFound) /* it is the folder that is missing */
        err = ese_raise(JET_errInvalidPath, "%s: there is no such folder", path);
    ese_os_file_close(&file);
    ese_free(&page);
    return err;
}

JET_ERR
ese_api_database_place(const char *path, bool may_replace, const ese_dbheader *fields,
                       ese_os_file **file_out)
{
    static const char ending[] = ".creating";
    size_t n = strlen(path);
    ese_os_file *old = NULL;
    const char *made = NULL; /* what has to go when it does not come to its end */
    char *other = NULL;
    JET_ERR err;

    ESE_TRY(hold_old(path, may_replace, &old));
    ESE_TRY(ese_alloc(n + sizeof ending, &other));
    memcpy(other, path, n);
    memcpy(other + n, ending, sizeof ending);
    made = other;
    ESE_TRY(write_header(other, fields));
    ESE_TRY(ese_os_file_rename(other, path));
    made = path;
    ESE_TRY(ese_os_folder_sync(path));
    ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, file_out));
    made = NULL;
out:
    if (made != NULL)
        (void)ese_os_file_delete(made);
    ese_os_file_close(&old);
    ese_free(&other);
    return err;
}
