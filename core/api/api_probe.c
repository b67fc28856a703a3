/*
 * A file whose header and shadow are both gone: the pages themselves tell their size. A page has a right checksum, its own
 * number and the tree it must belong to for one size only, so nothing is guessed.
 */
#include "api/api_database.h"

enum { DATABASE_ROOT = 1, CATALOG_ROOT = 4, DATABASE_OBJID = 1, CATALOG_OBJID = 2 };

static bool
is_root_of(const ese_page *page, uint32_t objid)
{
    return (ese_page_flags(page) & ESE_PAGE_ROOT) != 0 && ese_page_objid(page) == objid &&
           ese_page_verify(page) >= JET_errSuccess;
}

/* Reads page `pgno` as one of that size; *is_right_out tells whether it is what it must be. */
static JET_ERR
try_page(ese_os_file *file, uint8_t *bytes, ese_page page, uint32_t objid, bool *is_right_out)
{
    uint64_t offset = ((uint64_t)page.pgno + 1) * page.size;
    ese_page_state state;
    JET_ERR err;

    *is_right_out = false;
    if (ese_os_file_size(file) < offset + page.size)
        return JET_errSuccess;
    err = ese_os_file_read(file, offset, bytes, page.size);
    if (err < JET_errSuccess)
        return err;
    state = ese_page_checksum_verify(bytes, page.size, page.pgno);
    *is_right_out = (state == ESE_PAGE_STATE_GOOD || state == ESE_PAGE_STATE_CORRECTED) &&
                    is_root_of(&page, objid);
    return JET_errSuccess;
}

JET_ERR
ese_api_header_probe(ese_os_file *file, ese_api_header *header_out)
{
    uint8_t *bytes = NULL;
    bool is_database = false, is_catalog = false;
    JET_ERR err;

    ESE_TRY(ese_alloc(ESE_PAGE_SIZE_MAX, &bytes));
    for (uint32_t size = ESE_PAGE_SIZE_MIN; size <= ESE_PAGE_SIZE_MAX; size *= 2) {
        ESE_TRY(try_page(file, bytes, (ese_page){bytes, size, DATABASE_ROOT}, DATABASE_OBJID,
                         &is_database));
        ESE_TRY(try_page(file, bytes, (ese_page){bytes, size, CATALOG_ROOT}, CATALOG_OBJID,
                         &is_catalog));
        if (is_database || is_catalog) {
            *header_out = (ese_api_header){.fields = {.version = ESE_DBHEADER_VERSION,
                                                      .update_major = ESE_API_UPDATE_MAJOR_MAX,
                                                      .page_size = size}};
            goto out;
        }
    }
    err = ese_raise(JET_errDatabaseCorrupted, "%s: no page tells its size: not a database",
                    ese_os_file_path(file));
out:
    ese_free(&bytes);
    return err;
}
