#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "test_replay.h"

#include "recovery/recovery.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    LOG_FILE_SIZE = 1 << 20,
    LOG_BUFFER_SIZE = 256 << 10,
    HEADER_PAGES = 2,
    PAGE_SIZE_OFFSET = 236, /* in the header, as the next two */
    MAX_COMMITTED_TIME = 348,
    MAX_REQUIRED_TIME = 672,
    PATH_FLAG_UTF16 = 8,
    TOLD_MAX = 20,
    PATH_SIZE = 200,
};

/* ---- files */

static void
make_folder(char *folder, size_t size)
{
    (void)snprintf(folder, size, ESE_TEST_FOLDER "/ese-replay-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void
remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[2 * PATH_SIZE];

        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            (void)unlink(path);
    }
    (void)closedir(dir);
    (void)rmdir(folder);
}

/* ---- a log of one database */

static void
append(test_log *log, const ese_log_entry *entry)
{
    assert_int_equal(ese_log_stream_append_entry(log->stream, entry, NULL, NULL), JET_errSuccess);
}

static void
append_init(test_log *log)
{
    const ese_log_params params = {.sessions_max = 16};
    uint8_t bytes[ESE_LOG_PARAMS_SIZE];
    ese_log_entry entry = {.type = ESE_LOG_INIT2, .u.run.params = {bytes, sizeof bytes}};

    ese_log_params_encode(&params, bytes);
    append(log, &entry);
}

static void
append_create(test_log *log, const ese_signature *sign_db, const char *path)
{
    uint8_t name[2 * PATH_SIZE];
    size_t n = strlen(path) + 1;
    ese_log_entry entry = {
        .type = ESE_LOG_CREATE_DB,
        .procid = 1,
        .dbid = 1,
        .u.db = {.sign_db = *sign_db, .flags = PATH_FLAG_UTF16, .path = {name, 2 * n}}};

    assert_true(n <= PATH_SIZE);
    for (size_t i = 0; i < n; i++)
        ese_store_le16(name + 2 * i, (uint8_t)path[i]);
    assert_int_equal(ese_log_stream_append_entry(log->stream, &entry, &log->create, NULL),
                     JET_errSuccess);
}

void
test_log_create(test_log *log, uint32_t page_size, const ese_signature *sign_db, const char *path)
{
    const ese_log_stream_options options = {.folder = log->folder,
                                            .system_folder = log->folder,
                                            .base = "edb",
                                            .file_size = LOG_FILE_SIZE,
                                            .buffer_size = LOG_BUFFER_SIZE,
                                            .page_size = page_size,
                                            .params = {.sessions_max = 16}};

    make_folder(log->folder, sizeof log->folder);
    assert_int_equal(ese_log_stream_create(&options, &log->stream), JET_errSuccess);
    append_init(log);
    append_create(log, sign_db, path);
}

void
test_log_created(test_log *log)
{
    const ese_log_entry entry = {.type = ESE_LOG_CREATE_DB_FINISH, .procid = 1, .dbid = 1};

    append(log, &entry);
}

void
test_log_close(test_log *log)
{
    if (log->stream == NULL)
        return;
    ese_log_stream_close(&log->stream);
    remove_folder(log->folder);
}

/* ---- comparing */

typedef struct comparison {
    ese_page left, right; /* the database, and what the log makes of it */
    const char *what;
    unsigned line;
} comparison;

static bool
differs(comparison *c, const char *what)
{
    c->what = what;
    return false;
}

static bool
is_same_line(const ese_page *left, const ese_page *right, unsigned line, const char **what)
{
    ese_page_node a = ese_page_line(left, line), b = ese_page_line(right, line);

    if (a.prefix.size != b.prefix.size)
        *what = "size of the prefix";
    else if (ese_bytes_compare(a.suffix, b.suffix) != 0)
        *what = "key";
    else if (ese_bytes_compare(a.data, b.data) != 0)
        *what = "data";
    else if (((a.flags ^ b.flags) & ~(unsigned)ESE_PAGE_NODE_VERSION) != 0)
        *what = "flags of a line";
    else
        return true;
    return false;
}

static bool
is_same_page(comparison *c)
{
    const ese_page *left = &c->left, *right = &c->right;

    if (ese_page_dbtime(left) != ese_page_dbtime(right))
        return differs(c, "dbtime");
    if (ese_page_objid(left) != ese_page_objid(right))
        return differs(c, "objid");
    if (ese_page_flags(left) != ese_page_flags(right))
        return differs(c, "flags");
    if (ese_page_prev(left) != ese_page_prev(right) || ese_page_next(left) != ese_page_next(right))
        return differs(c, "link");
    if (ese_bytes_compare(ese_page_external_header(left), ese_page_external_header(right)) != 0)
        return differs(c, "external header");
    if (ese_page_line_count(left) != ese_page_line_count(right))
        return differs(c, "number of lines");
    for (c->line = 0; c->line < ese_page_line_count(left); c->line++) {
        if (!is_same_line(left, right, c->line, &c->what))
            return false;
    }
    /* Free bytes, and those of uncommitted deletions. */
    if (memcmp(left->bytes + 28, right->bytes + 28, 4) != 0)
        return differs(c, "free bytes");
    return true;
}

static bool
is_blank(const ese_page *page)
{
    return page->bytes[0] == 0 && memcmp(page->bytes, page->bytes + 1, page->size - 1) == 0;
}

/* False behind the end. */
static bool
read_page(FILE *file, const ese_page *page, uint8_t *bytes)
{
    long offset = (long)(page->pgno + HEADER_PAGES - 1) * (long)page->size;

    memset(bytes, 0, page->size);
    return fseek(file, offset, SEEK_SET) == 0 && fread(bytes, page->size, 1, file) == 1;
}

/* False behind the end of the database. */
static bool
compare_page(FILE *left, FILE *right, const ese_page *at, test_replay_result *result)
{
    static uint8_t left_bytes[ESE_PAGE_SIZE_MAX], right_bytes[ESE_PAGE_SIZE_MAX];
    comparison c = {.left = {left_bytes, at->size, at->pgno},
                    .right = {right_bytes, at->size, at->pgno}};
    bool is_same;

    if (!read_page(left, &c.left, left_bytes))
        return false;
    (void)read_page(right, &c.right, right_bytes);
    if (is_blank(&c.left)) /* not in use: what was there before the file was cut has no meaning */
        return true;
    result->n_pages++;
    if (is_blank(&c.right))
        is_same = differs(&c, "not there at all");
    else if (ese_page_verify(&c.left) < JET_errSuccess)
        is_same = differs(&c, "unsound in the database");
    else if (ese_page_verify(&c.right) < JET_errSuccess)
        is_same = differs(&c, "unsound");
    else
        is_same = is_same_page(&c);
    if (!is_same && result->n_different++ < TOLD_MAX)
        print_message("page %u (objid %u, flags %x, dbtime %llu, replayed %llu): %s, line %u\n",
                      (unsigned)at->pgno, (unsigned)ese_page_objid(&c.left),
                      (unsigned)ese_page_flags(&c.left),
                      (unsigned long long)ese_page_dbtime(&c.left),
                      (unsigned long long)ese_page_dbtime(&c.right), c.what, c.line);
    return true;
}

static void
compare_files(const char *left_path, const char *right_path, test_replay_result *result)
{
    FILE *left = fopen(left_path, "rb"), *right = fopen(right_path, "rb");
    uint8_t header[PAGE_SIZE_OFFSET + 4];
    ese_page at = {NULL, 0, 1};

    assert_non_null(left);
    assert_non_null(right);
    assert_int_equal(fread(header, sizeof header, 1, right), 1);
    at.size = ese_load_le32(header + PAGE_SIZE_OFFSET);
    assert_true(ese_page_size_is_legal(at.size));
    while (compare_page(left, right, &at, result))
        at.pgno++;
    (void)fclose(right);
    (void)fclose(left);
}

/* ---- repeating */

/* Recovers what is in `found` (an empty folder: nothing) with the logs, into `target`. */
static void
recover(const char *log_folder, const char *found, const char *target, ese_recovery_report *report)
{
    const ese_recovery_options options = {.log_folder = log_folder,
                                          .system_folder = target, /* there is no checkpoint */
                                          .base = "edb",
                                          .database_folder = found,
                                          .target_folder = target};
    JET_ERR err = ese_recovery_run(&options, report);

    if (err < JET_errSuccess)
        print_message("replay: %s\n", ese_err_text(err));
    assert_int_equal(err, JET_errSuccess);
}

static const ese_recovery_database *
database_of(const ese_recovery_report *report, const char *path)
{
    for (unsigned i = 0; i < report->n_databases; i++) {
        if (strcmp(report->databases[i].logged_path, path) == 0)
            return &report->databases[i];
    }
    fail_msg("the log does not know %s", path);
    return NULL;
}

static void
note_report(const ese_recovery_report *report, test_replay_result *result)
{
    result->n_records = report->n_records;
    result->n_undone = report->n_undone;
    result->n_redone = report->n_page_redone;
}

test_replay_result
test_replay(const char *log_folder, const char *path)
{
    char folder[64], nowhere[64];
    const ese_recovery_database *database;
    ese_recovery_report report;
    test_replay_result result = {0};

    make_folder(folder, sizeof folder);
    make_folder(nowhere, sizeof nowhere);
    recover(log_folder, nowhere, folder, &report);
    note_report(&report, &result);
    database = database_of(&report, path);
    assert_int_equal(database->outcome, ESE_RECOVERY_REBUILT);
    compare_files(path, database->result, &result);
    ese_recovery_report_clear(&report);
    remove_folder(nowhere);
    remove_folder(folder);
    return result;
}

/* ---- a crash */

void
test_copy_file(const char *from, const char *to)
{
    static uint8_t bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof bytes, in)) != 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* As who guards the log would have it. */
static void
write_dirty_header(const test_log *log, const char *path, const ese_dbheader *header)
{
    static uint8_t page[ESE_PAGE_SIZE_MAX];
    ese_log_generation generation = ese_log_stream_generation(log->stream);
    ese_dbheader fields = *header;
    FILE *file = fopen(path, "r+b");

    memset(page, 0, sizeof page);
    fields.state = ESE_DBSTATE_DIRTY;
    fields.dbid = 1;
    fields.sign_log = ese_log_stream_signature(log->stream);
    fields.attach = (ese_lgpos){(uint16_t)log->create, (uint16_t)(log->create >> 16),
                                (int32_t)(log->create >> 32)};
    fields.gen_min_required = 1;
    fields.gen_max_required = fields.gen_max_committed = (uint32_t)generation.number;
    memcpy(page + MAX_COMMITTED_TIME, generation.created, 8);
    memcpy(page + MAX_REQUIRED_TIME, generation.created, 8);
    ese_dbheader_encode(&fields, page);
    assert_non_null(file);
    for (unsigned i = 0; i < HEADER_PAGES; i++)
        assert_int_equal(fwrite(page, header->page_size, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

/* As it is now: threads of the store go on writing to it. */
static void
copy_log(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[2 * PATH_SIZE], copy[2 * PATH_SIZE];

        (void)snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
        (void)snprintf(copy, sizeof copy, "%s/%s", to, entry->d_name);
        if (entry->d_name[0] != '.' && strstr(entry->d_name, "tmp") == NULL)
            test_copy_file(path, copy);
    }
    (void)closedir(dir);
}

test_replay_result
test_replay_crash(const test_log *log, const char *path, const char *found,
                  const ese_dbheader *header)
{
    char folder[64], nowhere[64], left[64], right[64], logs[64], copy[PATH_SIZE];
    ese_recovery_report report, anew;
    test_replay_result result = {0};

    make_folder(folder, sizeof folder);
    make_folder(nowhere, sizeof nowhere);
    make_folder(left, sizeof left);
    make_folder(right, sizeof right);
    (void)snprintf(copy, sizeof copy, "%s/%s", folder, strrchr(path, '/') + 1);
    test_copy_file(found, copy);
    write_dirty_header(log, copy, header);
    make_folder(logs, sizeof logs);
    copy_log(log->folder, logs);
    recover(logs, folder, left, &report);
    recover(logs, nowhere, right, &anew);
    note_report(&report, &result);
    assert_int_equal(database_of(&report, path)->outcome, ESE_RECOVERY_RECOVERED);
    assert_int_equal(database_of(&anew, path)->outcome, ESE_RECOVERY_REBUILT);
    assert_true(report.n_page_redone <= anew.n_page_redone);
    compare_files(database_of(&report, path)->result, database_of(&anew, path)->result, &result);
    compare_files(database_of(&anew, path)->result, database_of(&report, path)->result, &result);
    ese_recovery_report_clear(&anew);
    ese_recovery_report_clear(&report);
    remove_folder(logs);
    remove_folder(right);
    remove_folder(left);
    remove_folder(nowhere);
    remove_folder(folder);
    return result;
}
