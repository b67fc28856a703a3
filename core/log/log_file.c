/* Log files open for reading: their header, their window, the walk from record to record; and checkpoint files. */
#include "log/log_file.h"

#include "log/log_file_private.h"
#include "os/os_path.h"

#include <inttypes.h>

enum { CHECKPOINT_COPIES = 2 };

JET_ERR
ese_log__file_corrupt(const ese_log_file *file, uint32_t sector, const char *what)
{
    return ese_raise(JET_errLogFileCorrupt, "%s: sector %" PRIu32 ": %s",
                     ese_os_file_path(file->os), sector, what);
}

JET_ERR
ese_log__file_view(ese_log_file *file, uint64_t offset, size_t n, const uint8_t **bytes_out)
{
    uint64_t left;
    size_t size;
    JET_ERR err;

    if (offset > file->extent.file_size || n > file->extent.file_size - offset)
        return ese_raise(JET_errLogFileCorrupt, "%s: the file is too short",
                         ese_os_file_path(file->os));
    if (offset < file->window_at || offset + n > file->window_at + file->window_size) {
        left = file->extent.file_size - offset;
        size = left < ESE_LOG__WINDOW_SIZE ? (size_t)left : ESE_LOG__WINDOW_SIZE;
        file->window_size = 0; /* whatever a read that fails leaves there */
        err = ese_os_file_read(file->os, offset, file->window, size);
        if (err < JET_errSuccess)
            return err;
        file->window_at = offset;
        file->window_size = size;
    }
    *bytes_out = file->window + (offset - file->window_at);
    return JET_errSuccess;
}

/* ---- opening */

/* Says of which file a codec has spoken. */
static JET_ERR
name_file(const char *path, JET_ERR err)
{
    char text[400];
    const char *said;
    size_t n;

    if (err >= JET_errSuccess)
        return err;
    said = ese_err_text(err);
    n = strlen(said);
    if (n >= sizeof text || strncmp(said, path, strlen(path)) == 0)
        return err;
    memcpy(text, said, n + 1);
    return ese_raise(err, "%s: %s", path, text);
}

static JET_ERR
read_header(ese_log_file *file, const ese_log_expect *expect)
{
    ese_log_expect all = {0};
    JET_ERR err;

    if (file->extent.file_size < ESE_LOG_HEADER_SIZE)
        return ese_raise(JET_errLogFileCorrupt, "the file is too small for a log");
    ESE_TRY(ese_os_file_read(file->os, 0, file->header_bytes, ESE_LOG_HEADER_SIZE));
    ESE_TRY(ese_log_header_decode(file->header_bytes, &file->header));
    if (expect != NULL)
        all = *expect;
    all.file_size = all.allow_cut ? 0 : file->extent.file_size;
    ESE_TRY(ese_log_header_check(&file->header, &all));
    file->n_sectors = file->header.n_sectors;
    if (file->extent.file_size / file->header.sector_size < file->n_sectors)
        file->n_sectors = (uint32_t)(file->extent.file_size / file->header.sector_size);
out:
    return err;
}

/* Whether nothing can follow the log in its stream. */
static bool
is_last(const char *path, const ese_log_expect *expect)
{
    int32_t generation = -1;

    if (expect != NULL && expect->is_last)
        return true;
    return ese_log__parse_name(ese_os_path_name(path), NULL, &generation) && generation == 0;
}

static JET_ERR
find_end(ese_log_file *file)
{
    JET_ERR err;

    ESE_TRY(ese_alloc(ESE_LOG__WINDOW_SIZE, &file->window));
    err = file->header.major == ESE_LOG_MAJOR_LEGACY ? ese_log__find_end7(file)
                                                     : ese_log__find_end8(file);
out:
    return err;
}

JET_ERR
ese_log_file_open(const char *path, const ese_log_expect *expect, ese_log_file **file_out)
{
    ese_log_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *file, &file));
    file->record = ese_growbuf_make(ESE_LOG_RECORD_MAX);
    file->is_last = is_last(path, expect);
    ESE_TRY(ese_os_file_open(path, &file->os));
    file->extent.file_size = ese_os_file_size(file->os);
    err = name_file(path, read_header(file, expect));
    if (err < JET_errSuccess)
        goto out;
    file->is_over = expect != NULL && expect->is_header_only;
    if (!file->is_over)
        ESE_TRY(find_end(file));
    *file_out = file;
    file = NULL;
out:
    ese_log_file_close(&file);
    return err;
}

void
ese_log_file_close(ese_log_file **file_inout)
{
    ese_log_file *file = *file_inout;

    if (file == NULL)
        return;
    ese_growbuf_destroy(&file->record);
    ese_free(&file->window);
    ese_os_file_close(&file->os);
    ese_free(file_inout);
}

const ese_log_header *
ese_log_file_header(const ese_log_file *file)
{
    return &file->header;
}

const ese_log_extent *
ese_log_file_extent(const ese_log_file *file)
{
    return &file->extent;
}

const ese_log_tally *
ese_log_file_tally(const ese_log_file *file)
{
    return &file->tally;
}

/* ---- records */

JET_ERR
ese_log_file_seek(ese_log_file *file, ese_lgpos lgpos)
{
    JET_ERR err;

    if (lgpos.generation != file->header.generation ||
        lgpos.sector < file->header.n_header_sectors || lgpos.offset >= file->header.sector_size)
        return ese_raise(JET_errInvalidParameter, "%s: the position is not in this log",
                         ese_os_file_path(file->os));
    file->is_over = false;
    file->failed = JET_errSuccess;
    err = file->header.major == ESE_LOG_MAJOR_LEGACY ? ese_log__seek7(file, lgpos)
                                                     : ese_log__seek8(file, lgpos);
    return err;
}

/* After the last record that can be read: a damage is told only now. */
static JET_ERR
finish(ese_log_file *file)
{
    if (file->extent.damage >= JET_errSuccess)
        return JET_errSuccess;
    file->failed = file->extent.damage;
    return ese_log__file_corrupt(file, file->extent.bad_sector,
                                 "the log is damaged, and records end before its end");
}

JET_ERR
ese_log_file_next(ese_log_file *file, const ese_log_entry **entry_out, ese_lgpos *lgpos_out)
{
    JET_ERR err = file->failed;

    if (err < JET_errSuccess)
        return err;
    if (!file->is_over)
        err = file->header.major == ESE_LOG_MAJOR_LEGACY ? ese_log__next7(file, lgpos_out)
                                                         : ese_log__next8(file, lgpos_out);
    if (err < JET_errSuccess) {
        file->failed = err;
        return err;
    }
    if (file->is_over) {
        *entry_out = NULL;
        return finish(file);
    }
    if (ese_log_record_class(file->entry.type) != ESE_LOG_CLASS_FILL) {
        file->tally.n_records++;
        file->tally.last = file->entry.type;
    }
    *entry_out = &file->entry;
    return JET_errSuccess;
}

ese_bytes
ese_log_file_record_bytes(const ese_log_file *file)
{
    return file->record_bytes;
}

const uint8_t *
ese_log_file_time(const ese_log_file *file)
{
    return file->header.major == ESE_LOG_MAJOR_LEGACY ? file->header.created
                                                      : ese_log_segment_time(file->walk8.segment);
}

bool
ese_log_file_is_clean(const ese_log_file *file)
{
    switch (file->tally.last) {
    case ESE_LOG_TERM:
    case ESE_LOG_TERM2:
    case ESE_LOG_RECOVERY_QUIT:
    case ESE_LOG_RECOVERY_QUIT2:
    case ESE_LOG_RECOVERY_QUIT_KEEP: return true;
    default: return false;
    }
}

JET_ERR
ese_log_file_settle(ese_log_file *file)
{
    JET_ERR err;

    ESE_TRY(ese_os_file_sync(file->os));
    ESE_TRY(ese_os_folder_sync(ese_os_file_path(file->os)));
out:
    return err;
}

/* ---- checkpoints */

JET_ERR
ese_log_checkpoint_read(const char *path, uint8_t *bytes, ese_log_checkpoint *checkpoint_out,
                        unsigned *copy_out)
{
    ese_os_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(path, &file));
    for (unsigned copy = 0; copy < CHECKPOINT_COPIES; copy++) {
        err = ese_os_file_read(file, (uint64_t)copy * ESE_LOG_CHECKPOINT_SIZE, bytes,
                               ESE_LOG_CHECKPOINT_SIZE);
        if (err == JET_errFileIOBeyondEOF)
            err = ese_raise(JET_errCheckpointCorrupt, "%s: the file is too small for a checkpoint",
                            path);
        if (err >= JET_errSuccess)
            err = name_file(path, ese_log_checkpoint_decode(bytes, checkpoint_out));
        *copy_out = copy;
        if (err != JET_errCheckpointCorrupt)
            break;
    }
out:
    ese_os_file_close(&file);
    return err;
}

/* Can the copy of the file be read? */
static bool
is_checkpoint_right(ese_os_file *file, uint64_t copy)
{
    uint8_t bytes[ESE_LOG_CHECKPOINT_SIZE];
    ese_log_checkpoint checkpoint;
    uint64_t at = copy * ESE_LOG_CHECKPOINT_SIZE;

    return ese_os_file_size(file) >= at + sizeof bytes &&
           ese_os_file_read(file, at, bytes, sizeof bytes) >= JET_errSuccess &&
           ese_log_checkpoint_decode(bytes, &checkpoint) >= JET_errSuccess;
}

JET_ERR
ese_log_checkpoint_write(ese_os_file *file, const uint8_t *bytes)
{
    uint64_t first = is_checkpoint_right(file, 0) && !is_checkpoint_right(file, 1);
    JET_ERR err = JET_errSuccess;

    for (uint64_t i = 0; i < CHECKPOINT_COPIES; i++) {
        uint64_t copy = (first + i) % CHECKPOINT_COPIES;

        ESE_TRY(ese_os_file_write(file, copy * ESE_LOG_CHECKPOINT_SIZE, bytes,
                                  ESE_LOG_CHECKPOINT_SIZE));
        ESE_TRY(ese_os_file_sync(file));
    }
out:
    return err;
}
