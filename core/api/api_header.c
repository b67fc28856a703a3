/* The header of a database file: two copies, of which one must be right. */
#include "api/api_database.h"

/* A header fills one page of a size that only the header tells: up to the largest page is read. */
static JET_ERR
read_start(ese_os_file *file, uint64_t offset, uint8_t **bytes_out, size_t *n_out)
{
    uint64_t size = ese_os_file_size(file);
    size_t n = size <= offset                      ? 0
               : size - offset < ESE_PAGE_SIZE_MAX ? (size_t)(size - offset)
                                                   : ESE_PAGE_SIZE_MAX;
    uint8_t *bytes = NULL;
    JET_ERR err;

    if (n < ESE_DBHEADER_SIZE)
        return ese_raise(JET_errReadVerifyFailure, "%s: too short for a database",
                         ese_os_file_path(file));
    ESE_TRY(ese_alloc(n, &bytes));
    ESE_TRY(ese_os_file_read(file, offset, bytes, n));
    *bytes_out = bytes;
    *n_out = n;
    bytes = NULL;
out:
    ese_free(&bytes);
    return err;
}

static JET_ERR
try_header(ese_os_file *file, uint64_t offset, ese_api_header *header_out)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    JET_ERR err = read_start(file, offset, &bytes, &n);

    if (err >= JET_errSuccess)
        err = ese_dbheader_decode(bytes, n, &header_out->fields);
    if (err >= JET_errSuccess)
        memcpy(header_out->raw, bytes, sizeof header_out->raw);
    ese_free(&bytes);
    return err;
}

/* The shadow of a header that cannot be read stands one page further on, for one of the page sizes. */
static JET_ERR
try_shadows(ese_os_file *file, ese_api_header *header_out)
{
    for (uint32_t size = ESE_PAGE_SIZE_MIN; size <= ESE_PAGE_SIZE_MAX; size *= 2) {
        JET_ERR err = try_header(file, size, header_out);

        if (err >= JET_errSuccess && header_out->fields.page_size == size)
            return err;
        if (err == JET_errOutOfMemory || err == JET_errDiskIO)
            return err;
    }
    return JET_errReadVerifyFailure;
}

JET_ERR
ese_api_header_read(ese_os_file *file, ese_api_header *header_out)
{
    const char *path = ese_os_file_path(file);
    JET_ERR err = try_header(file, 0, header_out);

    if (err == JET_errDatabaseCorrupted)
        return ese_raise(err, "%s: %s", path, ese_err_text(err));
    if (err != JET_errReadVerifyFailure)
        return err;
    err = try_shadows(file, header_out);
    if (err == JET_errReadVerifyFailure)
        err = ese_raise(JET_errDatabaseCorrupted,
                        "%s: neither the header nor its shadow has a right checksum: damaged, or "
                        "not a database",
                        path);
    return err;
}
