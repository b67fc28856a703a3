/* Checkpoints, what they and headers list, and which logs go. INV numbers are those of log_stream_point.c. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

static const ese_log_entry detach_record = {
    .type = ESE_LOG_DETACH_DB,
    .dbid = 1,
    .u.db = {.flags = 0x10, .path = {(const uint8_t *)"x\0\0\0", 4}},
};
static const ese_log_entry attach_record = {
    .type = ESE_LOG_ATTACH_DB,
    .dbid = 1,
    .u.db = {.flags = 8, .path = {(const uint8_t *)"x\0\0\0", 4}},
};

static _Atomic uint64_t dbtime = 100;
static _Atomic uint32_t objid = 7;

static int
set_up(void **state)
{
    stream_fixture *f = stream_fixture_open();

    *state = f;
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
    return 0;
}

static uint64_t
put_entry(stream_fixture *f, const ese_log_entry *entry)
{
    uint64_t lgpos = 0;

    assert_int_equal(ese_log_stream_append_entry(f->stream, entry, &lgpos, NULL), JET_errSuccess);
    return lgpos;
}

static ese_log_attachment
attachment(const char *name, uint64_t lgpos)
{
    return (ese_log_attachment){
        .dbid = 1,
        .n_pages_max = 9,
        .attach = {(uint16_t)lgpos, (uint16_t)(lgpos >> 16), (int32_t)(lgpos >> 32)},
        .sign_db = {.random = 5},
        .name = {(const uint8_t *)name, strlen(name) + 1},
    };
}

static void
attach(stream_fixture *f, const char *name, uint64_t lgpos)
{
    const ese_log_attachment item = attachment(name, lgpos);

    assert_int_equal(ese_log_stream_attach(f->stream, &item, &dbtime, &objid), JET_errSuccess);
}

/* Behind it records go into the next generation. */
static void
roll(stream_fixture *f)
{
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
}

typedef struct point {
    uint8_t bytes[ESE_LOG_CHECKPOINT_SIZE];
    ese_log_checkpoint found;
} point;

static void
read_point(const stream_fixture *f, point *p)
{
    uint8_t both[2 * ESE_LOG_CHECKPOINT_SIZE];
    char path[100];
    unsigned copy = 9;
    FILE *file;

    snprintf(path, sizeof path, "%s/edb.chk", f->folder);
    assert_int_equal(ese_log_checkpoint_read(path, p->bytes, &p->found, &copy), JET_errSuccess);
    assert_int_equal(copy, 0);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(both, 1, sizeof both, file), sizeof both);
    assert_int_equal(fgetc(file), EOF);
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(both, both + ESE_LOG_CHECKPOINT_SIZE, ESE_LOG_CHECKPOINT_SIZE);
}

static void
write_point(stream_fixture *f, uint64_t lgpos, bool is_end, point *p)
{
    assert_int_equal(ese_log_stream_write_checkpoint(f->stream, lgpos, is_end), JET_errSuccess);
    read_point(f, p);
    assert_int_equal(ese_log_lgpos_number(p->found.checkpoint),
                     ese_log_stream_checkpoint(f->stream));
}

static void
test_log_point__says_where_recovery_starts_and_of_which_stream(void **state)
{
    stream_fixture *f = *state;
    ese_signature sign = ese_log_stream_signature(f->stream);
    uint64_t lgpos;
    point p;

    assert_int_equal(ese_log_stream_checkpoint(f->stream), (uint64_t)1 << 32 | 1 << 16);
    stream_must_put(f, 100);
    stream_must_put(f, 100);
    lgpos = f->journal[1].lgpos;
    write_point(f, lgpos, false, &p);
    assert_int_equal(ese_log_lgpos_number(p.found.checkpoint), lgpos);
    assert_memory_equal(&p.found.sign, &sign, sizeof sign);
    assert_int_equal(p.found.version, 1);
    assert_int_equal(p.found.attached.n, 0);
    assert_int_equal(p.found.params.n_sectors, STREAM_FILE_SIZE / 4096);
    assert_int_equal(p.found.params.log_path.data[0], '/');
    write_point(f, f->journal[0].lgpos, false, &p); /* never goes back */
    assert_int_equal(ese_log_lgpos_number(p.found.checkpoint), lgpos);
    write_point(f, lgpos, true, &p);
    assert_int_equal(p.found.version, 0);
}

static void
test_log_point__makes_what_it_names_durable(void **state)
{
    stream_fixture *f = *state;
    point p;

    stream_must_put(f, 100);
    assert_false(ese_log_stream_is_durable(f->stream, ese_log_stream_tip(f->stream)));
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_true(ese_log_stream_is_durable(f->stream, ese_log_stream_tip(f->stream)));
}

static void
test_log_point__a_full_segment_is_left_for_the_next_one(void **state)
{
    stream_fixture *f = *state;
    point p;

    stream_must_put(f, 4056);
    assert_int_equal(ese_log_stream_tip(f->stream) & 0xffff, 4096);
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_int_equal(ese_log_lgpos_number(p.found.checkpoint), (uint64_t)1 << 32 | 2 << 16);
    for (unsigned i = 0; i < 13; i++)
        stream_must_put(f, 4056);
    write_point(f, ese_log_stream_tip(f->stream), false, &p); /* the next log is not there yet */
    assert_int_equal(ese_log_lgpos_number(p.found.checkpoint), (uint64_t)1 << 32 | 2 << 16);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_int_equal(ese_log_lgpos_number(p.found.checkpoint), (uint64_t)2 << 32 | 1 << 16);
}

static void
test_log_point__lists_what_was_attached_there(void **state)
{
    stream_fixture *f = *state;
    uint64_t before, attached, between, detached, behind;
    point p;

    stream_must_put(f, 10);
    before = f->journal[0].lgpos;
    attached = put_entry(f, &attach_record);
    attach(f, "/a.edb", attached);
    stream_must_put(f, 10);
    between = f->journal[1].lgpos;
    detached = put_entry(f, &detach_record);
    stream_must_put(f, 10);
    ese_log_stream_detach(f->stream, 1);
    behind = f->journal[2].lgpos;

    write_point(f, before, false, &p);
    assert_int_equal(p.found.attached.n, 0);
    write_point(f, attached, false, &p); /* its record comes again */
    assert_int_equal(p.found.attached.n, 0);
    write_point(f, between, false, &p);
    assert_int_equal(p.found.attached.n, 1);
    assert_string_equal((const char *)p.found.attached.items[0].name.data, "/a.edb");
    assert_int_equal(p.found.attached.items[0].dbtime, 100);
    assert_int_equal(p.found.attached.items[0].objid_last, 7);
    write_point(f, detached, false, &p);
    assert_int_equal(p.found.attached.n, 1);
    write_point(f, behind, false, &p);
    assert_int_equal(p.found.attached.n, 0);
}

static void
test_log_point__lists_nothing_at_the_end_of_a_run(void **state)
{
    stream_fixture *f = *state;
    point p;

    attach(f, "/a.edb", put_entry(f, &attach_record));
    stream_must_put(f, 10);
    write_point(f, ese_log_stream_tip(f->stream), true, &p);
    assert_int_equal(p.found.attached.n, 0);
    assert_int_equal(p.found.version, 0);
}

static void
test_log_point__an_attachment_that_comes_first_gets_its_position(void **state)
{
    stream_fixture *f = *state;
    uint64_t attached;
    point p;

    attach(f, "/a.edb", 0);
    stream_must_put(f, 10);
    write_point(f, f->journal[0].lgpos, false, &p);
    assert_int_equal(p.found.attached.n, 0);
    attached = put_entry(f, &attach_record);
    stream_must_put(f, 10);
    write_point(f, f->journal[1].lgpos, false, &p);
    assert_int_equal(p.found.attached.n, 1);
    assert_int_equal(ese_log_lgpos_number(p.found.attached.items[0].attach), attached);
}

static void
read_header(const stream_fixture *f, int32_t generation, uint8_t *bytes, ese_log_header *header)
{
    char *path = NULL;
    FILE *file;

    assert_int_equal(ese_log_stream_path(f->stream, generation, &path), JET_errSuccess);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, ESE_LOG_HEADER_SIZE, file), ESE_LOG_HEADER_SIZE);
    assert_int_equal(fclose(file), 0);
    ese_free(&path);
    assert_int_equal(ese_log_header_decode(bytes, header), JET_errSuccess);
}

static void
test_log_point__headers_list_what_was_attached_when_they_began(void **state)
{
    static const int32_t order[] = {1, 2, 3, 0};
    static const unsigned n_listed[] = {0, 1, 1, 0};
    stream_fixture *f = *state;
    uint8_t bytes[ESE_LOG_HEADER_SIZE];
    ese_log_header header;

    attach(f, "/a.edb", put_entry(f, &attach_record));
    roll(f);
    roll(f);
    (void)put_entry(f, &detach_record);
    ese_log_stream_detach(f->stream, 1);
    roll(f);
    for (unsigned i = 0; i < 4; i++) {
        read_header(f, order[i], bytes, &header);
        assert_int_equal(header.generation, (int)i + 1);
        assert_int_equal(header.attached.n, n_listed[i]);
        assert_int_equal(header.update_major, 5);
        assert_int_equal(header.update_minor, 16);
        assert_int_equal(header.efv, 8920);
        assert_int_equal(header.flags, 0);
    }
}

static void
test_log_point__lists_that_have_no_room_are_refused(void **state)
{
    stream_fixture *f = *state;
    uint8_t name[1000] = {0};
    ese_log_attachment item = attachment("", 1);

    item.name = (ese_bytes){name, sizeof name};
    assert_int_equal(ese_log_stream_attach(f->stream, &item, &dbtime, &objid), JET_errSuccess);
    assert_int_equal(ese_log_stream_attach(f->stream, &item, &dbtime, &objid),
                     JET_errTooManyAttachedDatabases); /* the number is taken */
    item.dbid = 2;
    assert_int_equal(ese_log_stream_attach(f->stream, &item, &dbtime, &objid),
                     JET_errTooManyAttachedDatabases);
    item.name.size = 1000 - 2 * 64 + 48;
    assert_int_equal(ese_log_stream_attach(f->stream, &item, &dbtime, &objid), JET_errSuccess);
}

static void
test_log_point__keeps_the_marks_of_backups_from_run_to_run(void **state)
{
    const ese_log_backup_marks marks = {
        .checkpoint = {0, 1, 1},
        .full = {40, 2, 1},
        .incremental = {50, 3, 1},
        .full_time = {1, 2, 3},
        .incremental_time = {4, 5, 6},
    };
    stream_fixture *f = *state;
    stream_found found;
    uint64_t checkpoint;
    point p;

    stream_must_put(f, 10);
    ese_log_stream_set_backup(f->stream, &marks);
    write_point(f, ese_log_stream_tip(f->stream), true, &p);
    checkpoint = ese_log_stream_checkpoint(f->stream);
    ese_log_stream_close(&f->stream);
    found = stream_read(f, f->folder);
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    assert_int_equal(ese_log_stream_checkpoint(f->stream), checkpoint);
    stream_must_put(f, 10);
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_int_equal(ese_log_lgpos_number(p.found.backup_checkpoint),
                     ese_log_lgpos_number(marks.checkpoint));
    assert_int_equal(ese_log_lgpos_number(p.found.full_backup), ese_log_lgpos_number(marks.full));
    assert_int_equal(ese_log_lgpos_number(p.found.inc_backup),
                     ese_log_lgpos_number(marks.incremental));
    assert_memory_equal(p.found.full_backup_time, marks.full_time, 8);
    assert_memory_equal(p.found.inc_backup_time, marks.incremental_time, 8);
}

/* ---- old logs */

static unsigned
count_logs(const stream_fixture *f)
{
    return stream_read(f, f->folder).n_logs;
}

static void
test_log_point__logs_that_nobody_needs_are_deleted_on_demand(void **state)
{
    stream_fixture *f = *state;
    point p;

    for (unsigned i = 0; i < 5; i++)
        roll(f);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_truncate(f->stream, 4), JET_errSuccess);
    assert_int_equal(count_logs(f), 6); /* the checkpoint needs them */
    write_point(f, f->journal[3].lgpos, false, &p);
    assert_int_equal(ese_log_stream_oldest(f->stream), 1);
    assert_int_equal(ese_log_stream_truncate(f->stream, 3), JET_errSuccess);
    assert_int_equal(ese_log_stream_oldest(f->stream), 3);
    assert_int_equal(count_logs(f), 4);
    ese_log_stream_hold(f->stream, 3);
    assert_int_equal(ese_log_stream_truncate(f->stream, 100), JET_errSuccess);
    assert_int_equal(count_logs(f), 4);
    ese_log_stream_hold(f->stream, 0);
    assert_int_equal(ese_log_stream_truncate(f->stream, 100), JET_errSuccess);
    assert_int_equal(ese_log_stream_oldest(f->stream), 4);
    assert_int_equal(count_logs(f), 3);
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_int_equal(ese_log_stream_truncate(f->stream, 100), JET_errSuccess);
    assert_int_equal(ese_log_stream_oldest(f->stream), 6);
    assert_int_equal(count_logs(f), 1);
}

static void
test_log_point__with_circular_logging_they_go_by_themselves(void **state)
{
    stream_fixture *f = *state;
    uint8_t bytes[ESE_LOG_HEADER_SIZE];
    ese_log_header header;
    stream_found found;
    point p;

    roll(f);
    ese_log_stream_close(&f->stream);
    found = stream_read(f, f->folder);
    f->options.is_circular = true;
    assert_int_equal(ese_log_stream_continue(&f->options, &found.end, &f->stream), JET_errSuccess);
    roll(f);
    roll(f);
    stream_must_put(f, 10);
    assert_int_equal(count_logs(f), 4);
    write_point(f, f->journal[2].lgpos, false, &p);
    assert_int_equal(p.found.params.flags, 1);
    assert_int_equal(count_logs(f), 2);
    assert_int_equal(ese_log_stream_oldest(f->stream), 3);
    read_header(f, 0, bytes, &header);
    assert_int_equal(header.flags, 2 | 4);
    assert_int_equal(header.params.flags, 1);
}

/* ---- failures */

static JET_ERR
write_all(stream_fixture *f)
{
    const ese_log_attachment item = attachment("/a.edb", ese_log_stream_tip(f->stream));
    char *path = NULL;
    JET_ERR err;

    ese_log_stream_detach(f->stream, 1);
    ESE_TRY(ese_log_stream_attach(f->stream, &item, &dbtime, &objid));
    ESE_TRY(ese_log_stream_write_checkpoint(f->stream, f->journal[1].lgpos, false));
    ESE_TRY(ese_log_stream_truncate(f->stream, 2));
    ESE_TRY(ese_log_stream_path(f->stream, 2, &path));
    ese_free(&path);
    ESE_TRY(ese_log_stream_path(f->stream, 77, &path));
out:
    ese_free(&path);
    return err;
}

/* The log is none the worse for it. */
static void
test_log_point__a_checkpoint_that_fails_can_be_repeated(void **state)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_OPEN,
                                       ESE_FAULT_POINT_WRITE, ESE_FAULT_POINT_SYNC};
    stream_fixture *f = *state;
    unsigned n = 0;

    stream_must_put(f, 10);
    roll(f);
    roll(f);
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        bool is_over = false;

        for (uint64_t nth = 1; !is_over; nth++) {
            JET_ERR err;

            ese_fault_set(faults[i], nth, false);
            err = write_all(f);
            is_over = ese_fault_is_armed(faults[i]);
            ese_fault_set(faults[i], 0, false);
            n += err < JET_errSuccess;
            assert_true(is_over == (err >= JET_errSuccess));
        }
    }
    assert_true(n > 10);
    assert_int_equal(f->n_failed, 0);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_flush(f->stream), JET_errSuccess);
}

/* ---- what lies too far behind */

enum { DEPTH = 64, DEPTH_LEFT = 16 };

static int
set_up_shallow(void **state)
{
    stream_fixture *f = stream_fixture_open();

    f->options.depth_max = DEPTH;
    *state = f;
    return ese_log_stream_create(&f->options, &f->stream) < JET_errSuccess ? -1 : 0;
}

static JET_ERR
put_commit(stream_fixture *f)
{
    const ese_log_entry entry = {.type = ESE_LOG_COMMIT0, .procid = 1, .trx = 4};

    return ese_log_stream_append_entry(f->stream, &entry, NULL, NULL);
}

static JET_ERR
put_in_transaction(stream_fixture *f, uint64_t begun)
{
    const ese_log_entry entry = {.type = ESE_LOG_REFRESH, .procid = 1, .trx = 4};
    uint32_t size = (uint32_t)ese_log_record_encoded_size(&entry);
    ese_log_batch batch = {.sizes = &size, .n = 1, .begun = begun};
    uint8_t bytes[64];

    assert_true(size <= sizeof bytes);
    ese_log_record_encode(&entry, bytes);
    batch.bytes = bytes;
    return ese_log_stream_append(f->stream, &batch);
}

static void
test_log_point__lets_nothing_but_ends_in_when_it_lies_too_far_behind(void **state)
{
    stream_fixture *f = *state;
    uint32_t size = 10;
    point p;

    while (ese_log_stream_generation(f->stream).number <= DEPTH - DEPTH_LEFT)
        roll(f);
    stream_must_put(f, 10);
    assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
    assert_int_equal(stream_put(f, size), JET_errCheckpointDepthTooDeep);
    assert_int_equal(put_commit(f), JET_errSuccess);
    assert_int_equal(stream_put_batch(f, &size, 1, true, NULL), JET_errSuccess);
    for (unsigned i = 0; i < DEPTH_LEFT; i++) {
        assert_int_equal(stream_put_batch(f, &size, 1, true, NULL), JET_errSuccess);
        assert_int_equal(ese_log_stream_roll(f->stream), JET_errSuccess);
    }
    assert_int_equal(put_commit(f), JET_errCheckpointDepthTooDeep);
    write_point(f, ese_log_stream_tip(f->stream), false, &p);
    assert_int_equal(stream_put(f, size), JET_errSuccess);
    assert_int_equal(put_commit(f), JET_errSuccess);
}

static void
test_log_point__ends_transactions_that_keep_it_back(void **state)
{
    stream_fixture *f = *state;
    uint64_t begun = ese_log_stream_tip(f->stream);

    for (unsigned i = 0; i <= DEPTH / 2; i++) {
        assert_int_equal(put_in_transaction(f, begun), JET_errSuccess);
        roll(f);
    }
    assert_int_equal(put_in_transaction(f, begun), JET_errTransactionTooLong);
    assert_int_equal(put_in_transaction(f, ese_log_stream_tip(f->stream)), JET_errSuccess);
    assert_int_equal(put_commit(f), JET_errSuccess);
}

int
main(void)
{
#define SHALLOW(name) cmocka_unit_test_setup_teardown(name, set_up_shallow, stream_tear_down)
#define TEST(name)    cmocka_unit_test_setup_teardown(name, set_up, stream_tear_down)
    const struct CMUnitTest tests[] = {
        SHALLOW(test_log_point__lets_nothing_but_ends_in_when_it_lies_too_far_behind),
        SHALLOW(test_log_point__ends_transactions_that_keep_it_back),
        TEST(test_log_point__says_where_recovery_starts_and_of_which_stream),
        TEST(test_log_point__makes_what_it_names_durable),
        TEST(test_log_point__a_full_segment_is_left_for_the_next_one),
        TEST(test_log_point__lists_what_was_attached_there),
        TEST(test_log_point__lists_nothing_at_the_end_of_a_run),
        TEST(test_log_point__an_attachment_that_comes_first_gets_its_position),
        TEST(test_log_point__headers_list_what_was_attached_when_they_began),
        TEST(test_log_point__lists_that_have_no_room_are_refused),
        TEST(test_log_point__keeps_the_marks_of_backups_from_run_to_run),
        TEST(test_log_point__logs_that_nobody_needs_are_deleted_on_demand),
        TEST(test_log_point__with_circular_logging_they_go_by_themselves),
        TEST(test_log_point__a_checkpoint_that_fails_can_be_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
