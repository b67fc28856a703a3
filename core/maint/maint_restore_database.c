/* Databases out of a backup: does what was added to them fit the logs? */
#include "maint/maint_restore.h"

#include "base/alloc.h"
#include "os/os_list.h"
#include "os/os_path.h"
#include "page/page.h"

enum {
    COPY_BYTES = 1 << 20,
    HEADER_PAGES = 2,
};

/* ---- reading */

static JET_ERR
read_copy(ese_os_file *file, uint64_t offset, uint8_t *bytes, ese_dbheader *header_out)
{
    uint64_t size = ese_os_file_size(file);
    size_t n = size - offset < ESE_PAGE_SIZE_MAX ? (size_t)(size - offset) : ESE_PAGE_SIZE_MAX;
    JET_ERR err;

    if (size < offset + ESE_PAGE_SIZE_MIN)
        return JET_errReadVerifyFailure;
    ESE_TRY(ese_os_file_read(file, offset, bytes, n));
    ESE_TRY(ese_dbheader_decode(bytes, n, header_out));
    if (offset != 0 && offset != header_out->page_size)
        err = JET_errReadVerifyFailure;
out:
    return err;
}

static bool
is_wrong(JET_ERR err)
{
    return err == JET_errReadVerifyFailure || err == JET_errDatabaseCorrupted;
}

/* The header or its shadow. `bytes`: as many as the largest page. JET_errDatabaseCorrupted: neither is right. */
static JET_ERR
read_header(ese_os_file *file, uint8_t *bytes, ese_dbheader *header_out)
{
    JET_ERR err = read_copy(file, 0, bytes, header_out);

    for (uint32_t size = ESE_PAGE_SIZE_MIN; is_wrong(err) && size <= ESE_PAGE_SIZE_MAX; size *= 2)
        err = read_copy(file, size, bytes, header_out);
    if (is_wrong(err))
        err = ese_raise(JET_errDatabaseCorrupted, "%s: has no header", ese_os_file_path(file));
    return err;
}

static bool
is_sign(const uint8_t *bytes, const ese_signature *sign)
{
    ese_signature found = ese_log_signature_load(bytes);

    return memcmp(&found, sign, sizeof found) == 0;
}

/* The page behind the last one. `bytes` has room for a page. */
static JET_ERR
read_trailer(ese_os_file *file, const ese_dbheader *header, uint8_t *bytes,
             ese_log_backup_mark *mark_out)
{
    const char *path = ese_os_file_path(file);
    uint32_t size = header->page_size;
    uint64_t file_size = ese_os_file_size(file);
    JET_ERR err;

    if (file_size < (HEADER_PAGES + 1) * (uint64_t)size || file_size % size != 0)
        return ese_raise(JET_errMissingPatchPage, "%s: is cut off", path);
    ESE_TRY(ese_os_file_read(file, file_size - size, bytes, size));
    *mark_out = ese_maint_backup_info_load(bytes + ESE_DBTRAILER_BACKUP);
    if (ese_load_le32(bytes) == ese_page_header_checksum(bytes, size) &&
        mark_out->generation_low != 0)
        goto out;
    err = is_sign(bytes + ESE_DBTRAILER_SIGN_DB, &header->sign_db)
              ? ese_raise(JET_errBadPatchPage, "%s: the page that a backup adds is damaged", path)
              : ese_raise(JET_errMissingPatchPage, "%s: the page that a backup adds is missing",
                          path);
out:
    return err;
}

/* ---- checking */

static JET_ERR
check_trailer(ese_os_file *file, const ese_dbheader *header, uint8_t *bytes, uint32_t *high_out)
{
    ese_log_backup_mark own = ese_maint_backup_info_load(header->backup_full_cur);
    ese_log_backup_mark mark;
    JET_ERR err;

    if (own.generation_high != 0) { /* a restore that was begun has taken it over */
        *high_out = own.generation_high;
        return JET_errSuccess;
    }
    ESE_TRY(read_trailer(file, header, bytes, &mark));
    if (ese_log_lgpos_number(mark.mark) != ese_log_lgpos_number(own.mark) ||
        !is_sign(bytes + ESE_DBTRAILER_SIGN_DB, &header->sign_db) ||
        !is_sign(bytes + ESE_DBTRAILER_SIGN_LOG, &header->sign_log))
        return ese_raise(JET_errDatabasePatchFileMismatch,
                         "%s: its last page comes from another backup", ese_os_file_path(file));
    *high_out = mark.generation_high;
out:
    return err;
}

static JET_ERR
check_logs(const char *path, uint32_t low, uint32_t high, const ese_maint_restore_logs *logs)
{
    uint32_t first = (uint32_t)ese_maint_restore_low(logs);
    uint32_t last = (uint32_t)ese_maint_restore_high(logs);

    if (first > low)
        return ese_raise(JET_errStartingRestoreLogTooHigh,
                         "%s: needs the logs from generation 0x%X on, the first one is 0x%X", path,
                         (unsigned)low, (unsigned)first);
    if (last < high)
        return ese_raise(JET_errEndingRestoreLogTooLow,
                         "%s: needs the logs up to generation 0x%X, the last one is 0x%X", path,
                         (unsigned)high, (unsigned)last);
    return JET_errSuccess;
}

JET_ERR
ese_maint_restore_check(const char *path, const ese_maint_restore_logs *logs,
                        ese_maint_restore_database *database_out)
{
    ese_os_file *file = NULL;
    uint8_t *bytes = NULL;
    ese_dbheader header;
    uint32_t low, high = 0;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(path, &file));
    ESE_TRY(ese_alloc(ESE_PAGE_SIZE_MAX, &bytes));
    ESE_TRY(read_header(file, bytes, &header));
    low = ese_maint_backup_info_load(header.backup_full_cur).generation_low;
    if (low == 0) {
        err =
            ese_raise(JET_errRestoreOfNonBackupDatabase, "%s: does not come out of a backup", path);
        goto out;
    }
    ESE_TRY(check_trailer(file, &header, bytes, &high));
    ESE_TRY(check_logs(path, low, high, logs));
    *database_out =
        (ese_maint_restore_database){.sign = header.sign_db, .size = ese_os_file_size(file)};
out:
    ese_free(&bytes);
    ese_os_file_close(&file);
    return err;
}

/* ---- finding */

typedef struct search {
    const char *folder;
    JET_ERR (*visit)(void *self, const char *path);
    void *self;
    uint8_t *bytes;
} search;

static bool
has_extension(const char *name, const char *extension)
{
    size_t n = strlen(name), m = strlen(extension);

    if (n < m)
        return false;
    for (size_t i = 0; i < m; i++) {
        char c = name[n - m + i];

        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != extension[i])
            return false;
    }
    return true;
}

static bool
is_other(const char *name)
{
    static const char *const extensions[] = {".log", ".jtx", ".pat", ".chk",
                                             ".jcp", ".jfm", ".jrs"};

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        if (has_extension(name, extensions[i]))
            return true;
    }
    return false;
}

/* The empty file that a backup puts beside each database. */
static bool
has_patch_file(const char *path)
{
    const char *dot = strrchr(path, '.');
    size_t n = dot != NULL ? (size_t)(dot - path) : strlen(path);
    ese_os_file *file = NULL;
    char *name = NULL;
    bool has_it = false;

    if (ese_alloc(n + sizeof ".pat", &name) >= JET_errSuccess) {
        memcpy(name, path, n);
        memcpy(name + n, ".pat", sizeof ".pat");
        has_it = ese_os_file_open(name, &file) >= JET_errSuccess;
    }
    ese_os_file_close(&file);
    ese_free(&name);
    return has_it;
}

/* What is no database does not matter, unless it was one when the backup was made. */
static JET_ERR
look_at(void *self, const char *name)
{
    search *s = self;
    ese_os_file *file = NULL;
    ese_dbheader header;
    char *path = NULL;
    JET_ERR err = JET_errSuccess;

    if (is_other(name))
        return JET_errSuccess;
    ESE_TRY(ese_os_path_join(s->folder, name, "", &path));
    if (ese_os_folder_exists(path))
        goto out;
    ESE_TRY(ese_os_file_open(path, &file));
    err = read_header(file, s->bytes, &header);
    if (err == JET_errDatabaseCorrupted && !has_patch_file(path)) {
        err = JET_errSuccess;
        goto out;
    }
    ESE_TRY(err);
    ESE_TRY(s->visit(s->self, path));
out:
    ese_os_file_close(&file);
    ese_free(&path);
    return err;
}

JET_ERR
ese_maint_restore_list(const char *folder, JET_ERR (*visit)(void *self, const char *path),
                       void *self)
{
    search s = {.folder = folder, .visit = visit, .self = self};
    JET_ERR err;

    ESE_TRY(ese_alloc(ESE_PAGE_SIZE_MAX, &s.bytes));
    ESE_TRY(ese_os_folder_list(folder, look_at, &s));
out:
    ese_free(&s.bytes);
    return err;
}

/* ---- copying */

static bool
is_same_file(ese_os_file *file, const char *path)
{
    ese_os_file *other = NULL;
    ese_os_file_id a = ese_os_file_identity(file), b;
    bool is_same = false;

    if (ese_os_file_open(path, &other) >= JET_errSuccess) {
        b = ese_os_file_identity(other);
        is_same = a.device == b.device && a.inode == b.inode;
    }
    ese_os_file_close(&other);
    return is_same;
}

JET_ERR
ese_maint_restore_copy(const char *from, const char *to, const ese_maint_backup_watcher *watcher)
{
    ese_os_file *source = NULL, *target = NULL;
    uint8_t *bytes = NULL;
    uint64_t size;
    JET_ERR err;

    ESE_TRY(ese_os_file_open(from, &source));
    if (is_same_file(source, to))
        ESE_TRY(ese_raise(JET_errInvalidPath, "%s: would be copied onto itself", from));
    ESE_TRY(ese_os_file_open_for(to, ESE_OS_FILE_REPLACE, &target));
    ESE_TRY(ese_alloc_aligned(COPY_BYTES, ESE_PAGE_SIZE_MIN, &bytes));
    size = ese_os_file_size(source);
    for (uint64_t at = 0; at < size; at += COPY_BYTES) {
        size_t n = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;

        ESE_TRY(ese_os_file_read(source, at, bytes, n));
        ESE_TRY(ese_os_file_write(target, at, bytes, n));
        if (watcher != NULL)
            ESE_TRY(watcher->copied(watcher->self, n));
    }
    ESE_TRY(ese_os_file_sync(target));
out:
    ese_free(&bytes);
    ese_os_file_close(&target);
    ese_os_file_close(&source);
    return err;
}
