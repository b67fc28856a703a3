/*
 * Files that are written past the memory of the kernel: who reads sees the same as ever, and no end of the process leaves such a write half done. Where the file system does not do it, the tests
 * are of the ordinary writes that take their place.
 */
#define _GNU_SOURCE 1 /* statx */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_file.h"
#include "os/os_record.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATH_SIZE = 200,
    BLOCK = ESE_OS_FILE_BLOCK,
    N_BLOCKS = 16,
    FILE_SIZE = N_BLOCKS * BLOCK,
    N_KILLS = 100,
    WRITES_BEFORE_KILL = 20
};

static char directory[PATH_SIZE / 2];
static char path[PATH_SIZE], other_path[PATH_SIZE];

typedef struct fixture {
    ese_os_file *file;
    uint8_t *bytes; /* FILE_SIZE of them, aligned */
    int64_t live;
} fixture;

/* Memory file systems take the flag and write as ever. */
static bool
is_really_direct(const char *folder)
{
#ifdef STATX_DIOALIGN
    struct statx status = {0};
    char name[PATH_SIZE];
    int fd;
    bool is_direct;

    snprintf(name, sizeof name, "%s/ese-osd-XXXXXX", folder);
    fd = mkstemp(name);
    if (fd < 0)
        return false;
    unlink(name);
    is_direct = statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
                (status.stx_mask & STATX_DIOALIGN) != 0 && status.stx_dio_offset_align != 0 &&
                status.stx_dio_offset_align <= BLOCK;
    close(fd);
    return is_direct;
#else
    (void)folder;
    return false;
#endif
}

/* On a disk, if there is one. */
static int
make_folder(void **state)
{
    const char *wanted = getenv("TMPDIR");
    const char *parents[] = {wanted != NULL ? wanted : "/tmp", "/var/tmp", "/tmp"};
    unsigned i = 0;

    (void)state;
    while (i < 2 && !is_really_direct(parents[i]))
        i++;
    if (!is_really_direct(parents[i]))
        i = 0;
    snprintf(directory, sizeof directory, "%.60s/ese-osd-XXXXXX", parents[i]);
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    snprintf(other_path, sizeof other_path, "%s/other", directory);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* A file full of zeros, which the kernel gets block by block: what it gets at once it may also keep, and write, in one piece. */
static int
start(void **state)
{
    static fixture f;

    f.live = ese_alloc_live();
    assert_int_equal(ese_alloc_aligned(FILE_SIZE, BLOCK, &f.bytes), JET_errSuccess);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_REPLACE, &f.file), JET_errSuccess);
    memset(f.bytes, 0, FILE_SIZE);
    for (unsigned i = 0; i < N_BLOCKS; i++)
        assert_int_equal(ese_os_file_write(f.file, (uint64_t)i * BLOCK, f.bytes, BLOCK),
                         JET_errSuccess);
    *state = &f;
    return 0;
}

static int
stop(void **state)
{
    fixture *f = *state;

    ese_fault_set(ESE_FAULT_POINT_DIRECT, 0, false);
    ese_os_record(NULL);
    ese_os_file_close(&f->file);
    ese_free(&f->bytes);
    assert_int_equal(ese_alloc_live(), f->live);
    unlink(path);
    unlink(other_path);
    return 0;
}

static JET_ERR
write_blocks(fixture *f, unsigned first, unsigned n, int value)
{
    memset(f->bytes, value, (size_t)n * BLOCK);
    return ese_os_file_write(f->file, (uint64_t)first * BLOCK, f->bytes, (size_t)n * BLOCK);
}

static void
assert_holds(const uint8_t *bytes, size_t n, int value)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], value);
}

/* By the file itself, by another opening, and by memory that stands for the file. */
static void
assert_all_read(fixture *f, const uint8_t *mapped, uint64_t offset, size_t n, int value)
{
    ese_os_file *reader = NULL;

    memset(f->bytes, 0xee, n);
    assert_int_equal(ese_os_file_read(f->file, offset, f->bytes, n), JET_errSuccess);
    assert_holds(f->bytes, n, value);
    memset(f->bytes, 0xee, n);
    assert_int_equal(ese_os_file_open(path, &reader), JET_errSuccess);
    assert_int_equal(ese_os_file_read(reader, offset, f->bytes, n), JET_errSuccess);
    ese_os_file_close(&reader);
    assert_holds(f->bytes, n, value);
    assert_holds(mapped + offset, n, value);
}

static const uint8_t *
map_file(void)
{
    int fd = open(path, O_RDONLY);
    void *at = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);

    assert_true(fd >= 0 && at != MAP_FAILED);
    close(fd);
    return at;
}

static void
test_os_file_direct__is_read_by_everybody_at_once(void **state)
{
    fixture *f = *state;
    const uint8_t *mapped = map_file();

    ese_os_file_make_direct(f->file);
    ese_os_file_make_direct(f->file); /* once more changes nothing */
    assert_all_read(f, mapped, 0, FILE_SIZE, 0);
    for (int round = 1; round < 8; round++) {
        assert_int_equal(write_blocks(f, 2, 4, round), JET_errSuccess);
        assert_all_read(f, mapped, (uint64_t)2 * BLOCK, (size_t)4 * BLOCK, round);
    }
    assert_all_read(f, mapped, 0, (size_t)2 * BLOCK, 0);
    assert_all_read(f, mapped, (uint64_t)6 * BLOCK, (size_t)10 * BLOCK, 0);
    munmap((void *)(uintptr_t)mapped, FILE_SIZE);
}

/* A part of a block, or bytes at an odd address, go the ordinary way; the last one who wrote a byte counts. */
static void
test_os_file_direct__mixes_with_ordinary_writes(void **state)
{
    fixture *f = *state;
    const uint8_t *mapped = map_file();

    ese_os_file_make_direct(f->file);
    for (int round = 1; round < 6; round++) {
        memset(f->bytes, 100 + round, 2 * BLOCK);
        assert_int_equal(ese_os_file_write(f->file, 2 * BLOCK + 100, f->bytes, BLOCK),
                         JET_errSuccess);
        assert_all_read(f, mapped, 2 * BLOCK + 100, BLOCK, 100 + round);
        assert_int_equal(write_blocks(f, 2, 2, round), JET_errSuccess);
        assert_all_read(f, mapped, (uint64_t)2 * BLOCK, (size_t)2 * BLOCK, round);
        memset(f->bytes, 50 + round, 2 * BLOCK);
        assert_int_equal(ese_os_file_write(f->file, (uint64_t)3 * BLOCK, f->bytes + 8, BLOCK),
                         JET_errSuccess);
        assert_all_read(f, mapped, (uint64_t)2 * BLOCK, BLOCK, round);
        assert_all_read(f, mapped, (uint64_t)3 * BLOCK, BLOCK, 50 + round);
    }
    munmap((void *)(uintptr_t)mapped, FILE_SIZE);
}

static void
test_os_file_direct__grows_and_shrinks(void **state)
{
    fixture *f = *state;

    ese_os_file_make_direct(f->file);
    assert_int_equal(write_blocks(f, N_BLOCKS, 3, 7), JET_errSuccess); /* behind the end */
    assert_int_equal(ese_os_file_size(f->file), FILE_SIZE + 3 * BLOCK);
    assert_int_equal(ese_os_file_resize(f->file, 2 * FILE_SIZE), JET_errSuccess);
    assert_int_equal(write_blocks(f, N_BLOCKS + 2, 3, 9), JET_errSuccess);
    assert_int_equal(ese_os_file_read(f->file, FILE_SIZE, f->bytes, (size_t)6 * BLOCK),
                     JET_errSuccess);
    assert_holds(f->bytes, (size_t)2 * BLOCK, 7);
    assert_holds(f->bytes + (size_t)2 * BLOCK, (size_t)3 * BLOCK, 9);
    assert_holds(f->bytes + (size_t)5 * BLOCK, BLOCK, 0);
    assert_int_equal(ese_os_file_resize(f->file, BLOCK), JET_errSuccess);
    assert_int_equal(write_blocks(f, 0, 3, 5), JET_errSuccess);
    assert_int_equal(ese_os_file_size(f->file), 3 * BLOCK);
    assert_int_equal(ese_os_file_sync(f->file), JET_errSuccess);
}

static void
test_os_file_direct__does_without_when_it_is_refused(void **state)
{
    fixture *f = *state;
    const uint8_t *mapped = map_file();

    ese_fault_set(ESE_FAULT_POINT_DIRECT, 1, false);
    ese_os_file_make_direct(f->file);
    assert_false(ese_os_file_is_direct(f->file));
    assert_int_equal(write_blocks(f, 1, 2, 1), JET_errSuccess);
    assert_all_read(f, mapped, BLOCK, (size_t)2 * BLOCK, 1);
    ese_os_file_make_direct(f->file);
    ese_fault_set(ESE_FAULT_POINT_DIRECT, 1, false); /* of a file that could be opened so */
    assert_int_equal(write_blocks(f, 1, 2, 2), JET_errSuccess);
    assert_false(ese_os_file_is_direct(f->file));
    assert_all_read(f, mapped, BLOCK, (size_t)2 * BLOCK, 2);
    assert_int_equal(write_blocks(f, 1, 2, 3), JET_errSuccess);
    assert_all_read(f, mapped, BLOCK, (size_t)2 * BLOCK, 3);
    munmap((void *)(uintptr_t)mapped, FILE_SIZE);
}

static void
test_os_file_direct__never_writes_to_another_file_of_that_name(void **state)
{
    fixture *f = *state;
    ese_os_file *other = NULL;

    assert_int_equal(ese_os_file_rename(path, other_path), JET_errSuccess);
    assert_int_equal(ese_os_file_open_for(path, ESE_OS_FILE_CREATE, &other), JET_errSuccess);
    assert_int_equal(ese_os_file_resize(other, FILE_SIZE), JET_errSuccess);
    ese_os_file_make_direct(f->file);
    assert_false(ese_os_file_is_direct(f->file));
    assert_int_equal(write_blocks(f, 0, 4, 1), JET_errSuccess);
    assert_int_equal(ese_os_file_read(other, 0, f->bytes, (size_t)4 * BLOCK), JET_errSuccess);
    assert_holds(f->bytes, (size_t)4 * BLOCK, 0);
    assert_int_equal(ese_os_file_read(f->file, 0, f->bytes, (size_t)4 * BLOCK), JET_errSuccess);
    assert_holds(f->bytes, (size_t)4 * BLOCK, 1);
    ese_os_file_close(&other);
}

typedef struct told_write {
    uint64_t offset, n;
    uint8_t first, last;
    unsigned n_calls;
} told_write;

static void
tell(void *self, const ese_os_change *change)
{
    told_write *told = self;
    const uint8_t *bytes = change->bytes;

    if (change->kind == ESE_OS_CHANGE_WRITE)
        *told = (told_write){change->offset, change->n, bytes[0], bytes[change->n - 1],
                             told->n_calls + 1};
}

static void
test_os_file_direct__is_told_and_fails_as_every_write(void **state)
{
    fixture *f = *state;
    told_write told = {0};
    ese_os_recorder recorder = {&told, tell};

    ese_os_file_make_direct(f->file);
    ese_os_record(&recorder);
    assert_int_equal(write_blocks(f, 3, 2, 4), JET_errSuccess);
    assert_true(told.n_calls == 1 && told.offset == 3 * BLOCK && told.n == 2 * BLOCK);
    assert_true(told.first == 4 && told.last == 4);
    ese_fault_set(ESE_FAULT_POINT_WRITE, 1, false);
    assert_int_equal(write_blocks(f, 3, 2, 5), JET_errDiskIO);
    assert_int_equal(told.n_calls, 1);
    assert_int_equal(ese_os_file_read(f->file, 3 * BLOCK, f->bytes, 2 * BLOCK), JET_errSuccess);
    assert_holds(f->bytes, 2 * BLOCK, 4);
}

/* ---- the end of the process */

/* What the killed process tells. */
typedef struct progress {
    _Atomic unsigned n_written;
} progress;

static void
write_for_ever(fixture *f, progress *told)
{
    for (int value = 1;; value = value % 250 + 1) {
        if (write_blocks(f, 0, N_BLOCKS, value) < JET_errSuccess)
            _exit(1);
        atomic_fetch_add(&told->n_written, 1);
    }
}

static void
test_os_file_direct__no_kill_leaves_a_write_half_done(void **state)
{
    fixture *f = *state;
    progress *told;

    if (!is_really_direct(directory)) {
        print_message("%s: this file system does not say that it writes so\n", directory);
        skip();
    }
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(told != MAP_FAILED);
    ese_os_file_make_direct(f->file);
    assert_true(ese_os_file_is_direct(f->file));
    for (unsigned i = 0; i < N_KILLS; i++) {
        int status = 0;
        pid_t child;

        atomic_store(&told->n_written, 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(f, told);
        while (atomic_load(&told->n_written) < WRITES_BEFORE_KILL + i % 7 &&
               waitpid(child, &status, WNOHANG) == 0)
            sched_yield(); /* until there is something to see, however long that takes */
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(ese_os_file_read(f->file, 0, f->bytes, FILE_SIZE), JET_errSuccess);
        assert_holds(f->bytes, FILE_SIZE, f->bytes[0]);
    }
    munmap(told, sizeof *told);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_os_file_direct__is_read_by_everybody_at_once, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_os_file_direct__mixes_with_ordinary_writes, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_os_file_direct__grows_and_shrinks, start, stop),
        cmocka_unit_test_setup_teardown(test_os_file_direct__does_without_when_it_is_refused, start,
                                        stop),
        cmocka_unit_test_setup_teardown(
            test_os_file_direct__never_writes_to_another_file_of_that_name, start, stop),
        cmocka_unit_test_setup_teardown(test_os_file_direct__is_told_and_fails_as_every_write,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_os_file_direct__no_kill_leaves_a_write_half_done,
                                        start, stop),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
