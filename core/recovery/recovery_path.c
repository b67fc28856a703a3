/*
 * Where databases lie: paths of the log, of another system, become files here; copies to work in; names of results. Recovery specification, section 8.
 *
 * INV-1  The file that is found is only read, unless recovery is in place. The copy beside the result has a name of its own until all of them are right and on the disk.
 */
#include "recovery/recovery_private.h"

#include "base/utf.h"
#include "os/os_list.h"
#include "os/os_path.h"

enum { COPY_BYTES = 1 << 20, LOGGED_PATH_MAX = 4096 };

static const char part_suffix[] = ".recovering";

/* ---- text */

static char
lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Paths of both systems: they tell no capitals apart, and the bars are the same. */
static bool
equals(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        char x = (char)(*a == '\\' ? '/' : lower(*a));
        char y = (char)(*b == '\\' ? '/' : lower(*b));

        if (x != y)
            return false;
        a++;
        b++;
    }
    return *a == *b;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return m <= n && equals(text + (n - m), end);
}

/* A path of this system, where capitals matter. */
static bool
is_rooted(const char *path)
{
    return path[0] == '/';
}

static bool
is_same_path(const char *a, const char *b)
{
    return is_rooted(a) && is_rooted(b) ? strcmp(a, b) == 0 : equals(a, b);
}

static const char *
file_name(const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/' || *at == '\\')
            name = at + 1;
    }
    return name;
}

static JET_ERR
copy_text(const char *text, char **copy_out)
{
    return ese_alloc_copy(text, strlen(text) + 1, copy_out);
}

JET_ERR
ese_recovery__logged_path(ese_bytes name, bool is_wide, char **path_out)
{
    char *path = NULL;
    size_t n = 0, room = 3 * name.size + 1;
    JET_ERR err;

    if (name.size > LOGGED_PATH_MAX)
        return ese_raise(JET_errLogFileCorrupt, "a path that is too long");
    ESE_TRY(ese_alloc(room, &path));
    if (is_wide) {
        while (2 * n + 1 < name.size && ese_load_le16(name.data + 2 * n) != 0)
            n++;
        n = ese_utf16_to_utf8(name.data, n, path, room - 1);
    } else {
        while (n < name.size && name.data[n] != 0)
            n++;
        n = ese_cp1252_to_utf8(name.data, n, path, room - 1);
    }
    path[n < room ? n : room - 1] = '\0';
    *path_out = path;
out:
    return err;
}

/* ---- finding */

typedef struct search {
    const char *wanted;
    char *found;
} search;

static JET_ERR
match(void *self, const char *name)
{
    search *s = self;

    if (!equals(name, s->wanted) || s->found != NULL)
        return JET_errSuccess;
    return copy_text(name, &s->found);
}

/* A file of that name, in whatever capitals. *exists_out = false: *path_out is what it would be. */
static JET_ERR
find_in_folder(const char *folder, const char *name, char **path_out, bool *exists_out)
{
    search s = {.wanted = name};
    JET_ERR err;

    ESE_TRY(ese_os_folder_list(folder, match, &s));
    ESE_TRY(ese_os_path_join(folder, s.found != NULL ? s.found : name, "", path_out));
    *exists_out = s.found != NULL;
out:
    ese_free(&s.found);
    return err;
}

static bool
is_there(const char *path)
{
    ese_os_file *file = NULL;
    bool found = ese_os_file_open(path, &file) != JET_errFileNotFound;

    ese_os_file_close(&file);
    return found;
}

/* Is the file at `path` the database with this signature? */
static bool
has_sign(const char *path, const ese_signature *sign)
{
    uint8_t *bytes = NULL;
    ese_dbheader header;
    bool is_it = ese_recovery__read_header(path, &bytes, &header) >= JET_errSuccess &&
                 memcmp(&header.sign_db, sign, sizeof *sign) == 0;

    ese_free(&bytes);
    return is_it;
}

static const ese_recovery_map *
find_map(const ese_recovery_options *options, const char *logged_path, const ese_signature *sign)
{
    for (unsigned i = 0; i < options->n_maps; i++) {
        if (has_sign(options->maps[i].to, sign))
            return &options->maps[i];
    }
    for (unsigned i = 0; i < options->n_maps; i++) {
        const char *from = options->maps[i].from;

        if (from != NULL && from[0] != '\0' && ends_with(logged_path, from))
            return &options->maps[i];
    }
    return NULL;
}

static JET_ERR
locate(ese_recovery__run *run, ese_recovery__db *db, const ese_signature *sign)
{
    const ese_recovery_options *options = run->options;
    const ese_recovery_map *map = find_map(options, db->logged_path, sign);
    const char *folder =
        options->database_folder != NULL ? options->database_folder : options->log_folder;
    bool is_own = run->is_in_place && is_rooted(db->logged_path);
    char *path = NULL;
    bool exists = false;
    JET_ERR err;

    if (map != NULL) {
        ESE_TRY(copy_text(map->to, &path));
        db->map_flags = map->flags;
        exists = is_there(path);
    } else if (is_own && options->database_folder == NULL) {
        ESE_TRY(copy_text(db->logged_path, &path));
        exists = is_there(path);
    } else {
        ESE_TRY(find_in_folder(folder, file_name(db->logged_path), &path, &exists));
    }
    db->is_unmapped = run->is_in_place && map == NULL && options->n_maps != 0 &&
                      (options->flags & ESE_RECOVERY_REPLAY_UNMAPPED) == 0;
    if (options->target_folder != NULL && !run->is_in_place)
        ESE_TRY(ese_os_path_join(options->target_folder, file_name(path), "", &db->final));
    else
        ESE_TRY(copy_text(path, &db->final));
    ESE_TRY(ese_os_path_join("", db->final, run->is_in_place ? "" : part_suffix, &db->work));
    if (exists) {
        db->source = path;
        path = NULL;
    }
out:
    ese_free(&path);
    return err;
}

void
ese_recovery__free_db(ese_recovery__db **db_inout)
{
    ese_recovery__db *db = *db_inout;

    if (db == NULL)
        return;
    ese_recovery__close_db(db);
    ese_recovery__lost_clear(&db->lost);
    ese_free(&db->logged_path);
    ese_free(&db->source);
    ese_free(&db->final);
    ese_free(&db->work);
    ese_free(&db->header_bytes);
    ese_os_file_close(&db->replaced);
    ese_free(db_inout);
}

/* Nothing at all is there: JET_errSuccess, and no identity, which is all zeros. */
static JET_ERR
identify(const char *path, ese_os_file_id *id_out)
{
    ese_os_file *file = NULL;
    JET_ERR err = ese_os_file_open(path, &file);

    *id_out = (ese_os_file_id){0};
    if (err == JET_errFileNotFound)
        return JET_errSuccess;
    if (err >= JET_errSuccess)
        *id_out = ese_os_file_identity(file);
    ese_os_file_close(&file);
    return err;
}

/* What is only to be read is not replaced, by whatever name the folder of the results goes. */
static JET_ERR
check_kept(const char *final, const char *source)
{
    ese_os_file_id old, kept;
    JET_ERR err = JET_errSuccess;

    if (source == NULL)
        return JET_errSuccess;
    ESE_TRY(identify(final, &old));
    ESE_TRY(identify(source, &kept));
    if (kept.inode != 0 && old.inode == kept.inode && old.device == kept.device)
        err = ese_raise(JET_errInvalidParameter,
                        "%s: the result would take the place of a database that is only to be "
                        "read: another folder is needed, or recovery in place",
                        final);
out:
    return err;
}

/* Two databases of the log that would become one file, or one that would replace another. */
static JET_ERR
check_distinct(const ese_recovery__run *run, const ese_recovery__db *db)
{
    bool has_target = run->options->target_folder != NULL && !run->is_in_place;
    JET_ERR err = JET_errSuccess;

    if (has_target)
        ESE_TRY(check_kept(db->final, db->source));
    for (unsigned i = 0; i < run->n_dbs; i++) {
        if (strcmp(run->dbs[i]->final, db->final) == 0)
            return ese_raise(JET_errDatabaseDuplicate,
                             "%s: the place of two databases of the log, %s and %s", db->final,
                             run->dbs[i]->logged_path, db->logged_path);
        if (has_target) {
            ESE_TRY(check_kept(db->final, run->dbs[i]->source));
            ESE_TRY(check_kept(run->dbs[i]->final, db->source));
        }
    }
out:
    return err;
}

/* Who writes to the file that is to be replaced would go on in one that has no name. */
static JET_ERR
lock_replaced(ese_recovery__db *db)
{
    JET_ERR err;

    if (db->run->is_in_place)
        return JET_errSuccess;
    err = ese_os_file_open_for(db->final, ESE_OS_FILE_UPDATE, &db->replaced);
    return err == JET_errFileNotFound ? JET_errSuccess : err;
}

JET_ERR
ese_recovery__find_db(ese_recovery__run *run, const char *logged_path, const ese_signature *sign,
                      ese_recovery__db **db_out)
{
    ese_recovery__db *db = NULL;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < run->n_dbs; i++) {
        if (is_same_path(run->dbs[i]->logged_path, logged_path)) {
            *db_out = run->dbs[i];
            return JET_errSuccess;
        }
    }
    if (run->n_dbs == ESE_RECOVERY_DATABASES_MAX)
        return ese_raise(JET_errTooManyAttachedDatabases, "the log speaks of too many databases");
    ESE_TRY(ese_alloc(sizeof *db, &db));
    db->run = run;
    ESE_TRY(copy_text(logged_path, &db->logged_path));
    ESE_TRY(locate(run, db, sign));
    ESE_TRY(check_distinct(run, db));
    ESE_TRY(lock_replaced(db));
    run->dbs[run->n_dbs++] = db;
    *db_out = db;
    db = NULL;
out:
    ese_recovery__free_db(&db);
    return err;
}

/* ---- copies */

/* One flipped bit in a page is not copied. `spare` has room for a page. */
static void
correct_pages(uint8_t *bytes, size_t n, uint32_t page_size, uint64_t offset, uint8_t *spare)
{
    for (size_t at = 0; at + page_size <= n; at += page_size) {
        uint64_t number = (offset + at) / page_size;

        if (number < ESE_RECOVERY__HEADER_PAGES)
            continue;
        memcpy(spare, bytes + at, page_size);
        if (ese_page_checksum_verify(spare, page_size,
                                     (ese_pgno)(number + 1 - ESE_RECOVERY__HEADER_PAGES)) ==
            ESE_PAGE_STATE_CORRECTED)
            memcpy(bytes + at, spare, page_size);
    }
}

static JET_ERR
copy_bytes(ese_recovery__run *run, ese_os_file *from, ese_os_file *to)
{
    uint64_t size = ese_os_file_size(from);
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(COPY_BYTES + ESE_PAGE_SIZE_MAX, ESE_PAGE_SIZE_MIN, &bytes));
    for (uint64_t at = 0; at < size; at += COPY_BYTES) {
        size_t n = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;

        if (!ese_recovery__tell(run, "copy", at, size)) {
            err = ese_raise(JET_errTermInProgress, "recovery was ended");
            goto out;
        }
        ESE_TRY(ese_os_file_read(from, at, bytes, n));
        correct_pages(bytes, n, run->page_size, at, bytes + COPY_BYTES);
        ESE_TRY(ese_os_file_write(to, at, bytes, n));
    }
out:
    ese_free(&bytes);
    return err;
}

JET_ERR
ese_recovery__copy_db(ese_recovery__run *run, ese_recovery__db *db)
{
    ese_os_file *from = NULL, *to = NULL;
    JET_ERR err = JET_errSuccess;

    if (db->has_work || run->is_in_place)
        return JET_errSuccess;
    ESE_TRY(ese_os_file_open(db->source, &from));
    ESE_TRY(ese_os_file_open_for(db->work, ESE_OS_FILE_REPLACE, &to));
    db->has_work = true;
    ESE_TRY(copy_bytes(run, from, to));
out:
    ese_os_file_close(&from);
    ese_os_file_close(&to);
    return err;
}

JET_ERR
ese_recovery__keep_results(ese_recovery__run *run)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < run->n_dbs; i++) {
        ese_recovery__db *db = run->dbs[i];

        if (db->has_work) {
            ESE_TRY(ese_os_file_rename(db->work, db->final));
            db->has_work = false;
            ESE_TRY(ese_os_folder_sync(db->final));
        } else if (db->is_removed && db->source != NULL && strcmp(db->source, db->final) == 0) {
            ESE_TRY(ese_os_file_delete(db->final));
        }
    }
out:
    return err;
}

void
ese_recovery__drop_results(ese_recovery__run *run)
{
    for (unsigned i = 0; i < run->n_dbs; i++) {
        if (run->dbs[i]->has_work && !run->is_in_place)
            (void)ese_os_file_delete(run->dbs[i]->work);
        run->dbs[i]->has_work = false;
    }
}
