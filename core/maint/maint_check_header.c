/* The two copies of the database header, and the length of the file. */
#include "maint/maint_private.h"

#include <inttypes.h>

static JET_ERR
check_copy(ese_maint__check *check, ese_maint__copy copy, bool *is_right_out)
{
    ese_maint__place place = {ESE_MAINT_HEADER, 0, NULL};
    ese_dbheader header;
    JET_ERR err = ese_maint__file_header(check->file.file, check->file.page_size, copy, &header);

    if (!ese_maint__is_damage(err)) {
        *is_right_out = err >= JET_errSuccess;
        return err;
    }
    ese_maint__found(check, &place, err, "%s: %s",
                     copy == ESE_MAINT__PRIMARY ? "the header" : "the shadow copy of the header",
                     ese_err_text(err));
    *is_right_out = false;
    return JET_errSuccess;
}

/* In a clean file both copies are the same; a crash may leave the shadow one write behind. */
static JET_ERR
compare_copies(ese_maint__check *check)
{
    ese_maint__place place = {ESE_MAINT_HEADER, 0, NULL};
    uint32_t size = check->file.page_size;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(2 * (size_t)size, &bytes));
    ESE_TRY(ese_os_file_read(check->file.file, 0, bytes, 2 * (size_t)size));
    if (memcmp(bytes, bytes + size, size) != 0) {
        if (check->file.header.state == ESE_DBSTATE_CLEAN)
            ese_maint__found(check, &place, JET_errDatabaseCorrupted,
                             "the header and its shadow copy differ");
        else
            ese_maint__noted(check, &place, "the header and its shadow copy differ");
    }
out:
    ese_free(&bytes);
    return err;
}

static void
check_fields(ese_maint__check *check)
{
    const ese_maint__place place = {ESE_MAINT_HEADER, 0, NULL};
    const ese_dbheader *header = &check->file.header;
    uint64_t size = ese_os_file_size(check->file.file);

    if (header->state != ESE_DBSTATE_CLEAN)
        ese_maint__noted(check, &place,
                         "the database was not shut down cleanly (state %u): what follows may be "
                         "what recovery would put right",
                         (unsigned)header->state);
    if (header->version != ESE_DBHEADER_VERSION)
        ese_maint__found(check, &place, JET_errInvalidDatabaseVersion, "the format version is 0x%x",
                         (unsigned)header->version);
    if (size % check->file.page_size != 0)
        ese_maint__found(check, &place, JET_errDatabaseCorrupted,
                         "the file ends inside a page: %" PRIu64 " bytes are no multiple of %u",
                         size, (unsigned)check->file.page_size);
    if (header->objid_last == 0)
        ese_maint__found(check, &place, JET_errDatabaseCorrupted,
                         "the header names no last object id");
}

JET_ERR
ese_maint__check_headers(ese_maint__check *check)
{
    bool is_primary_right = false, is_shadow_right = false;
    JET_ERR err;

    ESE_TRY(check_copy(check, ESE_MAINT__PRIMARY, &is_primary_right));
    ESE_TRY(check_copy(check, ESE_MAINT__SHADOW, &is_shadow_right));
    if (is_primary_right && is_shadow_right)
        ESE_TRY(compare_copies(check));
    check_fields(check);
out:
    return err;
}
