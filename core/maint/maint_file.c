/* Opening a database file for maintenance: whatever state it is in, one right header of the two is enough. */
#include "maint/maint_private.h"

enum { CACHE_BYTES = 16 * 1024 * 1024 };

bool
ese_maint__is_damage(JET_ERR err)
{
    switch (err) {
    case JET_errOutOfMemory:
    case JET_errDiskIO:
    case JET_errFileAccessDenied: return false;
    default: return err < JET_errSuccess;
    }
}

JET_ERR
ese_maint__file_header(ese_os_file *file, uint32_t page_size, ese_maint__copy copy,
                       ese_dbheader *header_out)
{
    uint64_t offset = copy == ESE_MAINT__PRIMARY ? 0 : page_size;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(page_size, &bytes));
    ESE_TRY(ese_os_file_read(file, offset, bytes, page_size));
    ESE_TRY(ese_dbheader_decode(bytes, page_size, header_out));
    if (header_out->page_size != page_size)
        err = ese_raise(JET_errReadVerifyFailure,
                        "the header names a page size that is not that of the file");
out:
    ese_free(&bytes);
    return err;
}

/* The page size is in the header; where that cannot be trusted, the size whose header is right is the one. */
static JET_ERR
find_header(ese_os_file *file, ese_dbheader *header_out)
{
    static const ese_maint__copy copies[] = {ESE_MAINT__PRIMARY, ESE_MAINT__SHADOW};

    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t size = ESE_PAGE_SIZE_MIN; size <= ESE_PAGE_SIZE_MAX; size *= 2) {
            JET_ERR err = ese_maint__file_header(file, size, copies[i], header_out);

            if (err >= JET_errSuccess || !ese_maint__is_damage(err))
                return err;
        }
    }
    return ese_raise(JET_errDatabaseCorrupted,
                     "%s: not a database, or both copies of its header are damaged",
                     ese_os_file_path(file));
}

JET_ERR
ese_maint__file_open(const char *path, ese_maint__file *file_out)
{
    ese_maint__file file = {0};
    uint64_t n_pages;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(path, &file.file));
    ESE_TRY(find_header(file.file, &file.header));
    file.page_size = file.header.page_size;
    n_pages = ese_os_file_size(file.file) / file.page_size;
    n_pages = n_pages < 2 ? 0 : n_pages - 2;
    file.n_pages = n_pages > ESE_PAGE_PGNO_MAX ? ESE_PAGE_PGNO_MAX : (ese_pgno)n_pages;
    ESE_TRY(ese_cache_create(CACHE_BYTES, &file.cache));
    ESE_TRY(ese_cache_attach(file.cache, file.file, file.page_size, &file.pages));
    *file_out = file;
    file = (ese_maint__file){0};
out:
    ese_maint__file_close(&file);
    return err;
}

void
ese_maint__file_close(ese_maint__file *file)
{
    ese_cache_detach(&file->pages);
    ese_cache_destroy(&file->cache);
    ese_os_file_close(&file->file);
}
