/*
 * The file of a database that begins to be, when a log tells of it, and perhaps of another one at its place: made under another name, it gets its own once the log is durable.
 *
 * INV-1  Until the record of the creation is durable there is nothing at the place, or what was there before. From then on there is nothing or a file with a header that can be
 *        read, and says that the creation did not end: recovery removes it.
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

/* The other name of the file; freed with ese_free. */
static JET_ERR
name_other(const char *path, char **other_out)
{
    static const char ending[] = ".creating";
    size_t n = strlen(path);
    JET_ERR err = ese_alloc(n + sizeof ending, other_out);

    if (err < JET_errSuccess)
        return err;
    memcpy(*other_out, path, n);
    memcpy(*other_out + n, ending, sizeof ending);
    return err;
}

JET_ERR
ese_api_database_prepare(const char *path, bool may_replace, const ese_dbheader *fields)
{
    ese_os_file *old = NULL;
    char *other = NULL;
    bool is_made = false;
    JET_ERR err;

    ESE_TRY(hold_old(path, may_replace, &old));
    ESE_TRY(name_other(path, &other));
    is_made = true;
    ESE_TRY(write_header(other, fields));
    if (old != NULL) {
        ESE_TRY(ese_os_file_delete(path));
        ESE_TRY(ese_os_folder_sync(path));
    }
    is_made = false;
out:
    if (is_made)
        (void)ese_os_file_delete(other);
    ese_os_file_close(&old);
    ese_free(&other);
    return err;
}

JET_ERR
ese_api_database_place(const char *path, ese_os_file **file_out)
{
    char *other = NULL;
    JET_ERR err;

    ESE_TRY(name_other(path, &other));
    ESE_TRY(ese_os_file_rename(other, path));
    ESE_TRY(ese_os_folder_sync(path));
    ESE_TRY(ese_os_file_open_for(path, ESE_OS_FILE_UPDATE, file_out));
out:
    ese_free(&other);
    return err;
}

void
ese_api_database_unprepare(const char *path)
{
    char *other = NULL;

    if (name_other(path, &other) >= JET_errSuccess)
        (void)ese_os_file_delete(other); /* it may have its place by now */
    ese_free(&other);
}
