/* The generations of a folder: their names, their order, what must follow what. INV numbers are those of log_file_set.c. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "log_builder.h"

enum { MAX_FILES = 16, PATH_ROOM = 128 };

typedef struct fixture {
    char folder[64];
    unsigned n;
    char paths[MAX_FILES][PATH_ROOM];
    log_builder b;
    uint8_t prev_created[8];
    uint64_t checksum_prev;
} fixture;

static int
set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, ESE_TEST_FOLDER "/ese-logs-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    fixture *f = *state;

    for (unsigned i = 0; i < f->n; i++)
        (void)unlink(f->paths[i]);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static void
put_file(fixture *f, const char *name)
{
    char path[PATH_ROOM];
    FILE *file;

    assert_true(f->n < MAX_FILES);
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    memcpy(f->paths[f->n], path, sizeof path);
    file = fopen(f->paths[f->n++], "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(f->b.bytes, 1, LOG_SIZE, file), LOG_SIZE);
    assert_int_equal(fclose(file), 0);
}

/* The next generation of a stream, under a name of its own. */
static void
put_log(fixture *f, int32_t generation, const char *name)
{
    log_builder_start(&f->b, ESE_LOG_MAJOR, 4096);
    f->b.header.generation = generation;
    f->b.header.created[0] = (uint8_t)generation;
    memcpy(f->b.header.prev_created, f->prev_created, 8);
    f->b.header.checksum_prev = f->checksum_prev;
    log_builder_seal_header(&f->b);
    log_builder_begin(&f->b, (uint16_t)generation);
    log_builder_next(&f->b);
    memcpy(f->prev_created, f->b.header.created, 8);
    f->checksum_prev = ese_log_segment_checksum(log_builder_segment(&f->b, 1));
    put_file(f, name);
}

static JET_ERR
open_all(const fixture *f, const char *base, unsigned *n_out)
{
    ese_log_set *set = NULL;
    JET_ERR err;

    *n_out = 0;
    ESE_TRY(ese_log_set_open(f->folder, base, &set));
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        ese_log_file *file = NULL;

        ESE_TRY(ese_log_set_open_file(set, i, NULL, &file));
        ese_log_file_close(&file);
        ++*n_out;
    }
out:
    ese_log_set_close(&set);
    return err;
}

static void
test_log_set__generations_come_in_order_whatever_their_names(void **state)
{
    static const int32_t order[] = {9, 10, 0x100000, 0};
    fixture *f = *state;
    ese_log_set *set = NULL;

    put_log(f, 10, "edb0000A.log");
    put_log(f, 0x100000, "edb00100000.jtx");
    put_log(f, 9, "EDB00000009.LOG");
    put_log(f, 0x100001, "edb.log");
    put_file(f, "edbtmp.log");
    put_file(f, "edbres00001.jrs");
    put_file(f, "edb.chk");
    put_file(f, "V0100001.log");
    assert_int_equal(ese_log_set_open(f->folder, "edb", &set), JET_errSuccess);
    assert_int_equal(ese_log_set_count(set), 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ese_log_set_member(set, i).generation, order[i]);
    ese_log_set_close(&set);
    assert_int_equal(ese_log_set_open(f->folder, NULL, &set), JET_errInvalidParameter);
    assert_int_equal(ese_log_set_open(f->folder, "V01", &set), JET_errSuccess);
    ese_log_set_close(&set);
    assert_int_equal(ese_log_set_open(f->folder, "USS", &set), JET_errMissingLogFile);
    assert_int_equal(ese_log_set_open(f->folder, "long", &set), JET_errInvalidParameter);
    assert_int_equal(ese_log_set_open("/tmp/ese-there-is-none", NULL, &set), JET_errFileNotFound);
}

static void
test_log_set__each_log_continues_the_one_before(void **state)
{
    fixture *f = *state;
    unsigned n = 0;

    put_log(f, 1, "edb00000001.log");
    put_log(f, 2, "edb00000002.log");
    put_log(f, 3, "edb.log");
    assert_int_equal(open_all(f, NULL, &n), JET_errSuccess);
    assert_int_equal(n, 3);
}

static void
test_log_set__a_gap_is_told(void **state)
{
    fixture *f = *state;
    unsigned n = 0;

    put_log(f, 1, "edb00000001.log");
    put_log(f, 3, "edb00000003.log");
    assert_int_equal(open_all(f, NULL, &n), JET_errInvalidLogSequence);
    assert_int_equal(n, 1);
}

static void
test_log_set__a_name_that_lies_is_told(void **state)
{
    fixture *f = *state;
    unsigned n = 0;

    put_log(f, 2, "edb00000007.log");
    assert_int_equal(open_all(f, NULL, &n), JET_errInvalidLogSequence);
}

static void
test_log_set__a_log_behind_other_segments_is_told(void **state)
{
    fixture *f = *state;
    unsigned n = 0;

    put_log(f, 1, "edb00000001.log");
    f->checksum_prev ^= 1;
    put_log(f, 2, "edb.log");
    assert_int_equal(open_all(f, NULL, &n), JET_errLogSequenceChecksumMismatch);
    assert_int_equal(n, 1);
}

static void
test_log_set__failures_leak_nothing(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                       ESE_FAULT_POINT_READ};
    int64_t live = ese_alloc_live();
    fixture *f = *state;

    put_log(f, 1, "edb00000001.log");
    put_log(f, 2, "edb.log");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t nth = 1;
        JET_ERR err;
        unsigned n;

        do {
            ese_fault_set(faults[i], nth++, false);
            err = open_all(f, NULL, &n);
            ese_fault_set(faults[i], 0, false);
            assert_int_equal(ese_alloc_live(), live);
        } while (err != JET_errSuccess);
        assert_true(nth > 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_log_set__generations_come_in_order_whatever_their_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_set__each_log_continues_the_one_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_set__a_gap_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_set__a_name_that_lies_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_set__a_log_behind_other_segments_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_log_set__failures_leak_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
