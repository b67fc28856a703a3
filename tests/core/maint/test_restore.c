/* What has to be right before a backup of the corpus is restored. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "maint/maint_restore.h"

#include "../recovery/recovery_corpus.h"

#include "base/alloc.h"
#include "ese.h"
#include "test_fixture.h"

#include <unistd.h>

enum { PAGE = 4096, LOGS = 5 };

typedef struct subject {
    char backup[LOG_CORPUS_PATH], target[LOG_CORPUS_PATH], other[LOG_CORPUS_PATH];
    bool is_there;
    int64_t live;
} subject;

static subject
begin(void)
{
    subject s = {.live = ese_live_allocations()};

    s.is_there = recovery_corpus_unpack("backup-04k/backup", s.backup);
    if (!s.is_there)
        return s;
    assert_true(recovery_corpus_unpack("backup-04k-incr/backup", s.other));
    snprintf(s.target, sizeof s.target, ESE_TEST_FOLDER "/ese-restore-XXXXXX");
    assert_non_null(mkdtemp(s.target));
    return s;
}

static void
end(const subject *s)
{
    recovery_corpus_remove(s->backup);
    recovery_corpus_remove(s->target);
    recovery_corpus_remove(s->other);
    assert_int_equal(ese_live_allocations(), s->live);
}

static void
path_of(const char *folder, const char *name, char to[2 * LOG_CORPUS_PATH])
{
    snprintf(to, (size_t)2 * LOG_CORPUS_PATH, "%s/%s", folder, name);
}

static void
log_name(int generation, char to[16])
{
    snprintf(to, 16, "edb%08X.log", (unsigned)generation);
}

static void
remove_log(const char *folder, int generation)
{
    char name[16], path[2 * LOG_CORPUS_PATH];

    log_name(generation, name);
    path_of(folder, name, path);
    assert_int_equal(unlink(path), 0);
}

static void
copy_log(const char *from, const char *to, int generation)
{
    char name[16];
    recovery_file file;

    log_name(generation, name);
    file = recovery_file_read(from, name);
    assert_true(file.size != 0);
    recovery_file_write(to, name, &file);
    free(file.bytes);
}

/* Changes `n` bytes; from the end of the file where `at` is negative. */
static void
spoil(const char *folder, const char *name, long at, const void *bytes, size_t n)
{
    recovery_file file = recovery_file_read(folder, name);
    size_t offset = at < 0 ? file.size - (size_t)-at : (size_t)at;

    memcpy(file.bytes + offset, bytes, n);
    recovery_file_write(folder, name, &file);
    free(file.bytes);
}

static JET_ERR
try_all(const subject *s, int32_t low, int32_t high)
{
    const ese_maint_restore_places places = {.base = "edb",
                                             .backup_folder = s->backup,
                                             .log_folder = s->target,
                                             .low = low,
                                             .high = high};
    ese_maint_restore_logs *logs = NULL;
    ese_maint_restore_database found;
    char path[2 * LOG_CORPUS_PATH];
    JET_ERR err;

    path_of(s->backup, "data.edb", path);
    ESE_TRY(ese_maint_restore_open_logs(&places, &logs));
    ESE_TRY(ese_maint_restore_check(path, logs, &found));
out:
    ese_maint_restore_close_logs(&logs);
    return err;
}

static void
test_maint_restore__finds_a_backup_complete(void **state)
{
    subject s = begin();
    ese_maint_restore_places places = {.base = "edb"};
    ese_maint_restore_logs *logs = NULL;
    ese_maint_restore_database found;
    char path[2 * LOG_CORPUS_PATH], *logged = NULL, name[16];
    recovery_file file;

    (void)state;
    if (!s.is_there)
        skip();
    places.backup_folder = s.backup;
    places.log_folder = s.target;
    path_of(s.backup, "data.edb", path);
    TEST_OK(ese_maint_restore_open_logs(&places, &logs));
    assert_int_equal(ese_maint_restore_low(logs), 1);
    assert_int_equal(ese_maint_restore_high(logs), LOGS);
    assert_int_equal(ese_maint_restore_log_bytes(logs), LOGS * 128 * 1024);
    TEST_OK(ese_maint_restore_check(path, logs, &found));
    TEST_OK(ese_maint_restore_logged_path(logs, &found.sign, &logged));
    assert_string_equal(logged, "D:\\data\\data.edb");
    ese_free(&logged);
    found.sign.random++;
    assert_int_equal(ese_maint_restore_logged_path(logs, &found.sign, &logged),
                     JET_errRestoreOfNonBackupDatabase);
    TEST_OK(ese_maint_restore_copy_logs(logs, NULL));
    for (int i = 1; i <= LOGS; i++) {
        log_name(i, name);
        file = recovery_file_read(s.target, name);
        assert_int_equal(file.size, 128 * 1024);
        free(file.bytes);
    }
    ese_maint_restore_close_logs(&logs); /* takes the copies away */
    log_name(1, name);
    path_of(s.target, name, path);
    assert_int_not_equal(access(path, F_OK), 0);
    end(&s);
}

static void
test_maint_restore__tells_what_is_wrong_with_the_logs(void **state)
{
    static const uint8_t garbage[64] = {1, 2, 3, 4};
    subject s = begin();

    (void)state;
    if (!s.is_there)
        skip();
    TEST_OK(try_all(&s, 0, 0));
    TEST_OK(try_all(&s, 1, LOGS));
    assert_int_equal(try_all(&s, 1, LOGS + 1), JET_errMissingRestoreLogFiles);
    assert_int_equal(try_all(&s, 0, LOGS - 1), JET_errEndingRestoreLogTooLow);
    assert_int_equal(try_all(&s, 2, 0), JET_errStartingRestoreLogTooHigh);

    copy_log(s.other, s.target, 3);
    assert_int_equal(try_all(&s, 0, 0), JET_errExistingLogFileHasBadSignature);
    remove_log(s.target, 3);
    copy_log(s.backup, s.target, 2);
    copy_log(s.backup, s.target, 4);
    assert_int_equal(try_all(&s, 0, 0), JET_errExistingLogFileIsNotContiguous);
    copy_log(s.backup, s.target, 3);
    TEST_OK(try_all(&s, 0, 0));
    spoil(s.target, "edb00000003.log", 5 * PAGE + 50, garbage, sizeof garbage);
    assert_int_equal(try_all(&s, 0, 0), JET_errLogCorruptDuringHardRecovery);
    for (int i = 2; i <= 4; i++)
        remove_log(s.target, i);

    spoil(s.backup, "edb00000003.log", 5 * PAGE + 50, garbage, sizeof garbage);
    assert_int_equal(try_all(&s, 0, 0), JET_errLogCorruptDuringHardRestore);
    copy_log(s.other, s.backup, 3);
    assert_int_equal(try_all(&s, 0, 0), JET_errGivenLogFileHasBadSignature);
    remove_log(s.backup, 3);
    assert_int_equal(try_all(&s, 0, 0), JET_errGivenLogFileIsNotContiguous);
    for (int i = 1; i <= LOGS; i++) {
        if (i != 3)
            remove_log(s.backup, i);
    }
    assert_int_equal(try_all(&s, 0, 0), JET_errFileNotFound);
    end(&s);
}

static void
test_maint_restore__tells_what_is_wrong_with_the_database(void **state)
{
    static const uint8_t garbage[64] = {1, 2, 3, 4};
    subject s = begin();
    recovery_file file;
    uint8_t page[PAGE];

    (void)state;
    if (!s.is_there)
        skip();
    file = recovery_file_read(s.backup, "data.edb");
    memcpy(page, file.bytes + file.size - PAGE, PAGE);

    spoil(s.backup, "data.edb", -PAGE + 200, garbage, sizeof garbage);
    assert_int_equal(try_all(&s, 0, 0), JET_errBadPatchPage);
    page[40]++; /* the mark */
    ese_store_le32(page, ese_page_header_checksum(page, PAGE));
    spoil(s.backup, "data.edb", -PAGE, page, PAGE);
    assert_int_equal(try_all(&s, 0, 0), JET_errDatabasePatchFileMismatch);
    file.size -= PAGE;
    recovery_file_write(s.backup, "data.edb", &file);
    assert_int_equal(try_all(&s, 0, 0), JET_errMissingPatchPage);

    file.size += PAGE;
    recovery_file_write(s.backup, "data.edb", &file);
    TEST_OK(try_all(&s, 0, 0));
    spoil(s.backup, "data.edb", 300, garbage, sizeof garbage);
    TEST_OK(try_all(&s, 0, 0)); /* there is a second header */
    spoil(s.backup, "data.edb", PAGE + 300, garbage, sizeof garbage);
    assert_int_equal(try_all(&s, 0, 0), JET_errDatabaseCorrupted);

    memset(file.bytes + 184, 0, 24); /* the backup it comes from */
    ese_store_le32(file.bytes, ese_page_header_checksum(file.bytes, PAGE));
    recovery_file_write(s.backup, "data.edb", &file);
    assert_int_equal(try_all(&s, 0, 0), JET_errRestoreOfNonBackupDatabase);
    free(file.bytes);
    end(&s);
}

/* ---- databases of a folder */

static JET_ERR
count(void *self, const char *path)
{
    assert_non_null(strstr(path, "/data.edb"));
    ++*(unsigned *)self;
    return JET_errSuccess;
}

static void
test_maint_restore__lists_databases_and_copies_none_onto_itself(void **state)
{
    static const uint8_t garbage[64] = {1, 2, 3, 4};
    subject s = begin();
    recovery_file other = {(uint8_t[]){1, 2, 3}, 3};
    char path[2 * LOG_CORPUS_PATH];
    unsigned n = 0;

    (void)state;
    if (!s.is_there)
        skip();
    recovery_file_write(s.backup, "readme.txt", &other);
    TEST_OK(ese_maint_restore_list(s.backup, count, &n));
    assert_int_equal(n, 1);
    path_of(s.backup, "data.edb", path);
    assert_int_equal(ese_maint_restore_copy(path, path, NULL), JET_errInvalidPath);
    spoil(s.backup, "data.edb", 300, garbage, sizeof garbage);
    spoil(s.backup, "data.edb", PAGE + 300, garbage, sizeof garbage);
    assert_int_equal(ese_maint_restore_list(s.backup, count, &n), JET_errDatabaseCorrupted);
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maint_restore__finds_a_backup_complete),
        cmocka_unit_test(test_maint_restore__tells_what_is_wrong_with_the_logs),
        cmocka_unit_test(test_maint_restore__tells_what_is_wrong_with_the_database),
        cmocka_unit_test(test_maint_restore__lists_databases_and_copies_none_onto_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
