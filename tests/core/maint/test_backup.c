/* Copies of files that are in use, and the folders that backups are kept in. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "base/fault.h"
#include "maint/maint_backup.h"
#include "maint_test.h"
#include "os/os_thread.h"
#include "test_fresh.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, TRAILER_INFO = 40 };

typedef struct subject {
    test_fresh fresh;
    ese_os_file *file;
    uint8_t header[PAGE];
    ese_maint_backup_database what;
    char folder[64];
} subject;

static ese_log_generation
newest(void *self)
{
    (void)self;
    return (ese_log_generation){9, {1, 2, 3, 4, 5, 126, 1, 0}};
}

static void
begin(subject *s)
{
    snprintf(s->folder, sizeof s->folder, ESE_TEST_FOLDER "/ese-backup-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    test_fresh_create_catalog(&s->fresh, NULL);
    test_fresh_close(&s->fresh);
    TEST_OK(ese_os_file_open_for(s->fresh.path, ESE_OS_FILE_UPDATE, &s->file));
    TEST_OK(ese_os_file_read(s->file, 0, s->header, PAGE));
    s->what = (ese_maint_backup_database){
        .file = s->file,
        .header = s->header,
        .mark = {.mark = {0x123, 7, 8}, .time = {1, 2, 3, 4, 5, 126, 1, 0}, .generation_low = 5},
        .newest = newest,
    };
    TEST_OK(ese_dbheader_decode(s->header, PAGE, &s->what.fields));
    s->what.fields.gen_min_required = 6;
}

static void
end(subject *s)
{
    ese_os_file_close(&s->file);
    test_fresh_remove(&s->fresh);
    assert_int_equal(rmdir(s->folder), 0);
}

/* The whole copy in memory. */
static JET_ERR
read_all(const subject *s, size_t step, uint8_t **bytes_out, size_t *n_out)
{
    ese_maint_backup_file *file = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0, n_now = 1;
    JET_ERR err;

    ESE_TRY(ese_maint_backup_open_database(&s->what, &file));
    bytes = malloc((size_t)ese_maint_backup_size(file) + step);
    assert_non_null(bytes);
    for (;;) {
        ESE_TRY(ese_maint_backup_read(file, bytes + n, step, &n_now));
        if (n_now == 0)
            break;
        n += n_now;
    }
    assert_true(ese_maint_backup_is_read(file));
    assert_int_equal(n, ese_maint_backup_size(file));
    assert_int_equal(ese_maint_backup_high(file), 9);
    *bytes_out = bytes;
    *n_out = n;
    bytes = NULL;
out:
    free(bytes);
    ese_maint_backup_close(&file);
    return err;
}

static void
test_maint_backup__adds_a_header_and_a_trailer_to_the_pages(void **state)
{
    subject s;
    uint8_t *bytes = NULL, page[PAGE];
    size_t n = 0;
    ese_dbheader header;
    ese_log_backup_mark mark;
    ese_signature sign;

    (void)state;
    begin(&s);
    for (size_t step = PAGE; step <= 64 * PAGE; step *= 8) {
        TEST_OK(read_all(&s, step, &bytes, &n));
        assert_int_equal(n, ese_os_file_size(s.file) + PAGE);
        assert_memory_equal(bytes, bytes + PAGE, PAGE);
        TEST_OK(ese_dbheader_decode(bytes, PAGE, &header));
        mark = ese_maint_backup_info_load(header.backup_full_cur);
        assert_int_equal(ese_log_lgpos_number(mark.mark), ese_log_lgpos_number(s.what.mark.mark));
        assert_memory_equal(mark.time, s.what.mark.time, 8);
        assert_int_equal(mark.generation_low, 5);
        assert_int_equal(mark.generation_high, 0);
        for (size_t at = 2 * PAGE; at + PAGE < n; at += PAGE) {
            TEST_OK(ese_os_file_read(s.file, at, page, PAGE));
            assert_memory_equal(bytes + at, page, PAGE);
        }
        memcpy(page, bytes + n - PAGE, PAGE);
        assert_int_equal(ese_load_le32(page), ese_page_header_checksum(page, PAGE));
        mark = ese_maint_backup_info_load(page + TRAILER_INFO);
        assert_int_equal(ese_log_lgpos_number(mark.mark), ese_log_lgpos_number(s.what.mark.mark));
        assert_int_equal(mark.generation_high, 9);
        sign = ese_log_signature_load(page + 64);
        assert_memory_equal(&sign, &header.sign_db, sizeof sign);
        assert_int_equal(ese_load_le32(page + 120), 6);
        assert_int_equal(ese_load_le32(page + 124), 9);
        free(bytes);
    }
    end(&s);
}

static void
spoil(const subject *s, ese_pgno pgno, size_t offset, uint8_t bits)
{
    uint64_t at = (uint64_t)(pgno + 1) * PAGE + offset;
    uint8_t byte;

    TEST_OK(ese_os_file_read(s->file, at, &byte, 1));
    byte ^= bits;
    TEST_OK(ese_os_file_write(s->file, at, &byte, 1));
}

static void
test_maint_backup__refuses_a_damaged_page_and_corrects_one_bit(void **state)
{
    subject s;
    uint8_t *bytes = NULL, page[PAGE];
    size_t n = 0;

    (void)state;
    begin(&s);
    TEST_OK(ese_os_file_read(s.file, 5 * PAGE, page, PAGE));
    spoil(&s, 4, 100, 0x10);
    TEST_OK(read_all(&s, 16 * PAGE, &bytes, &n));
    assert_memory_equal(bytes + 5 * PAGE, page, PAGE);
    free(bytes);
    spoil(&s, 4, 900, 0xff);
    assert_int_equal(read_all(&s, 16 * PAGE, &bytes, &n), JET_errReadVerifyFailure);
    end(&s);
}

/* ---- a page that is written while it is read */

typedef struct writer {
    subject *s;
    uint8_t images[2][PAGE];
    _Atomic bool is_over;
} writer;

/* Writes in two pieces, so that a reader often sees a part of each image. */
static void *
write_on(void *self)
{
    writer *w = self;

    for (unsigned i = 0; !atomic_load(&w->is_over); i++) {
        const uint8_t *image = w->images[i % 2];

        if (ese_os_file_write(w->s->file, 5 * PAGE, image, PAGE / 2) < JET_errSuccess ||
            ese_os_file_write(w->s->file, 5 * PAGE + PAGE / 2, image + PAGE / 2, PAGE / 2) <
                JET_errSuccess)
            abort();
        for (unsigned j = 0; j < 20; j++)
            ese_os_yield();
    }
    return NULL;
}

static void
test_maint_backup__copies_a_page_as_it_was_before_or_after_a_write(void **state)
{
    static writer w;
    subject s;
    ese_os_thread thread;
    uint8_t *bytes = NULL;
    size_t n = 0;

    (void)state;
    begin(&s);
    w = (writer){.s = &s};
    TEST_OK(ese_os_file_read(s.file, 5 * PAGE, w.images[0], PAGE));
    memcpy(w.images[1], w.images[0], PAGE);
    for (size_t at = 600; at < PAGE - 600; at++)
        w.images[1][at] = (uint8_t)(at * 7);
    ese_page_checksum_update(w.images[1], PAGE, 4);
    TEST_OK(ese_os_thread_start(&thread, write_on, &w));
    for (unsigned i = 0; i < 50; i++) {
        TEST_OK(read_all(&s, 16 * PAGE, &bytes, &n));
        assert_true(memcmp(bytes + 5 * PAGE, w.images[0], PAGE) == 0 ||
                    memcmp(bytes + 5 * PAGE, w.images[1], PAGE) == 0);
        free(bytes);
    }
    atomic_store(&w.is_over, true);
    ese_os_thread_join(&thread);
    end(&s);
}

/* ---- folders */

static JET_ERR
back_up(const subject *s, const char *path, ese_maint_backup_kind kind)
{
    ese_maint_backup_folder *folder = NULL;
    ese_maint_backup_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_maint_backup_folder_open(path, kind, &folder));
    if (kind != ESE_MAINT_BACKUP_INCREMENTAL) {
        ESE_TRY(ese_maint_backup_open_database(&s->what, &file));
        ESE_TRY(ese_maint_backup_folder_add_patch(folder, "x.edb"));
        ESE_TRY(ese_maint_backup_folder_add(folder, "x.edb", file, NULL));
        ese_maint_backup_close(&file);
    }
    ESE_TRY(ese_maint_backup_open_database(&s->what, &file)); /* any bytes do for a log */
    ESE_TRY(ese_maint_backup_folder_add(folder, "edb00000005.log", file, NULL));
    ESE_TRY(ese_maint_backup_folder_finish(folder));
out:
    ese_maint_backup_close(&file);
    ese_maint_backup_folder_close(&folder);
    return err;
}

static bool
exists(const subject *s, const char *name)
{
    char path[160];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return stat(path, &status) == 0;
}

static void
clear(const subject *s)
{
    static const char *const folders[] = {"new", "old", "."};
    static const char *const files[] = {"x.edb", "x.pat", "edb00000005.log"};
    char path[160];

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            snprintf(path, sizeof path, "%s/%s/%s", s->folder, folders[i], files[j]);
            (void)unlink(path);
        }
        snprintf(path, sizeof path, "%s/%s", s->folder, folders[i]);
        if (i < 2)
            (void)rmdir(path);
    }
}

static void
test_maint_backup_folder__wants_an_empty_folder_that_is_there(void **state)
{
    subject s;
    char none[128];

    (void)state;
    begin(&s);
    snprintf(none, sizeof none, "%s/none", s.folder);
    assert_int_equal(back_up(&s, none, ESE_MAINT_BACKUP_FULL), JET_errInvalidPath);
    assert_int_equal(back_up(&s, none, ESE_MAINT_BACKUP_INCREMENTAL), JET_errInvalidPath);
    assert_int_equal(back_up(&s, none, ESE_MAINT_BACKUP_ATOMIC), JET_errMakeBackupDirectoryFail);
    TEST_OK(back_up(&s, s.folder, ESE_MAINT_BACKUP_FULL));
    assert_true(exists(&s, "x.edb") && exists(&s, "x.pat") && exists(&s, "edb00000005.log"));
    assert_int_equal(back_up(&s, s.folder, ESE_MAINT_BACKUP_FULL), JET_errBackupDirectoryNotEmpty);
    TEST_OK(back_up(&s, s.folder, ESE_MAINT_BACKUP_INCREMENTAL));
    clear(&s);
    end(&s);
}

static void
test_maint_backup_folder__keeps_one_atomic_backup_in_turns(void **state)
{
    subject s;
    char *found = NULL;

    (void)state;
    begin(&s);
    assert_int_equal(ese_maint_backup_find(s.folder, "edb", &found), JET_errFileNotFound);
    for (unsigned i = 0; i < 4; i++) {
        const char *name = i % 2 == 0 ? "new" : "old";

        TEST_OK(back_up(&s, s.folder, ESE_MAINT_BACKUP_ATOMIC));
        assert_true(exists(&s, name) && !exists(&s, i % 2 == 0 ? "old" : "new"));
        assert_false(exists(&s, "temp"));
        TEST_OK(ese_maint_backup_find(s.folder, "edb", &found));
        assert_string_equal(found + strlen(found) - 3, name);
        ese_free(&found);
    }
    assert_int_equal(ese_maint_backup_find("/tmp/ese-no-such-folder", "edb", &found),
                     JET_errFileNotFound);
    clear(&s);
    end(&s);
}

/* Whatever fails: an error, nothing of the new backup, and the one before is as it was. */
static void
test_maint_backup_folder__leaves_the_backup_before_when_anything_fails(void **state)
{
    static const ese_fault kinds[] = {ESE_FAULT_POINT_ALLOC,     ESE_FAULT_POINT_OPEN,
                                      ESE_FAULT_POINT_READ,      ESE_FAULT_POINT_WRITE,
                                      ESE_FAULT_POINT_DISK_FULL, ESE_FAULT_POINT_SYNC};
    subject s;
    int64_t live;

    (void)state;
    begin(&s);
    TEST_OK(back_up(&s, s.folder, ESE_MAINT_BACKUP_ATOMIC));
    live = ese_live_allocations();
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        JET_ERR err = JET_errOutOfMemory;

        for (uint64_t nth = 1; err < JET_errSuccess; nth++) {
            char *found = NULL;

            ese_fault_set(kinds[k], nth, false);
            err = back_up(&s, s.folder, ESE_MAINT_BACKUP_ATOMIC);
            ese_fault_set(kinds[k], 0, false);
            assert_int_equal(ese_live_allocations(), live);
            TEST_OK(ese_maint_backup_find(s.folder, "edb", &found));
            ese_free(&found);
            assert_true(exists(&s, "new/x.edb") || exists(&s, "old/x.edb"));
        }
    }
    clear(&s);
    for (uint64_t nth = 1; nth < 8; nth++) {
        ese_fault_set(ESE_FAULT_POINT_WRITE, nth, true);
        assert_int_equal(back_up(&s, s.folder, ESE_MAINT_BACKUP_FULL), JET_errDiskIO);
        ese_fault_set(ESE_FAULT_POINT_WRITE, 0, false);
        assert_false(exists(&s, "x.edb") || exists(&s, "x.pat") || exists(&s, "edb00000005.log"));
    }
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maint_backup__adds_a_header_and_a_trailer_to_the_pages),
        cmocka_unit_test(test_maint_backup__refuses_a_damaged_page_and_corrects_one_bit),
        cmocka_unit_test(test_maint_backup__copies_a_page_as_it_was_before_or_after_a_write),
        cmocka_unit_test(test_maint_backup_folder__wants_an_empty_folder_that_is_there),
        cmocka_unit_test(test_maint_backup_folder__keeps_one_atomic_backup_in_turns),
        cmocka_unit_test(test_maint_backup_folder__leaves_the_backup_before_when_anything_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
