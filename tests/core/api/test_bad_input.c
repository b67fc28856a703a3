/* Files that are no databases, or not whole: each is refused with its documented code and a text that names the file. */
#define _POSIX_C_SOURCE 200809L

#include "api_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "page/page_dbheader.h"
#include "test_fixture.h"
#include "test_image.h"

enum {
    HEADER = -1, /* as test_image_page counts */
    SHADOW = 0,
    STATE_OFFSET = 52,
    VERSION_OFFSET = 8,
    UPDATE_OFFSET = 232,
    PAGE_SIZE_OFFSET = 236,
    LEAST_WITH_OWNED_ROOT =
        4 * 4096, /* below, the page that would tell how long the file is was cut off, too */
};

typedef struct scene {
    JET_INSTANCE instance;
    JET_SESID sesid;
    test_image image;
    bool has_image;
} scene;

static int
set_up(void **state)
{
    static scene s;
    const char *fixture = test_fixture("small-4k.edb");

    remember_memory(state);
    s = (scene){0};
    s.has_image = fixture != NULL;
    if (fixture != NULL && !test_image_open(&s.image, fixture))
        return -1;
    s.instance = started("bad-input");
    s.sesid = begun(s.instance);
    *state = &s;
    return 0;
}

static int
tear_down(void **state)
{
    scene *s = *state;

    assert_ok(JetTerm(s->instance));
    if (s->has_image)
        test_image_close(&s->image);
    return compare_memory(state);
}

static void
expect_text(JET_ERR err, const char *part)
{
    if (strstr(ese_error_text(err), part) == NULL)
        fail_msg("\"%s\" does not name \"%s\"", ese_error_text(err), part);
}

/* Refused, by every door that leads to the file. */
static void
expect_refused(scene *s, const char *path, JET_ERR expected)
{
    uint32_t type = 0;

    assert_int_equal(JetAttachDatabaseA(s->sesid, path, ESE_bitDbReader | JET_bitDbReadOnly),
                     expected);
    expect_text(expected, path);
    if (expected == JET_errDatabaseCorrupted) /* what the second function calls it */
        expected = JET_errReadVerifyFailure;
    assert_int_equal(JetGetDatabaseFileInfoA(path, &type, sizeof type, JET_DbInfoFileType),
                     expected);
    expect_text(expected, path);
}

/* As expect_refused, for a file whose header is right. */
static void
expect_not_attached(scene *s, JET_ERR expected)
{
    assert_int_equal(
        JetAttachDatabaseA(s->sesid, s->image.path, ESE_bitDbReader | JET_bitDbReadOnly), expected);
    expect_text(expected, s->image.path);
}

static JET_ERR
attach(scene *s, JET_GRBIT grbit)
{
    return JetAttachDatabaseA(s->sesid, s->image.path, JET_bitDbReadOnly | grbit);
}

static JET_DBID
attach_and_open(scene *s, JET_GRBIT grbit)
{
    JET_DBID dbid = 0;

    assert_ok(attach(s, grbit));
    assert_ok(JetOpenDatabaseA(s->sesid, s->image.path, NULL, &dbid, JET_bitDbReadOnly));
    return dbid;
}

static void
detach(scene *s)
{
    assert_ok(JetDetachDatabaseA(s->sesid, s->image.path));
}

static void
set_header_field(scene *s, uint32_t offset, uint32_t value)
{
    for (int64_t page = HEADER; page <= SHADOW; page++) {
        ese_store_le32(test_image_page(&s->image, page) + offset, value);
        test_image_seal_page(&s->image, page);
    }
}

static void
spoil(scene *s, int64_t page)
{
    uint8_t *bytes = test_image_page(&s->image, page);

    memset(bytes + 100, 0x5a, 64);
    test_image_write(&s->image, (size_t)(bytes - s->image.bytes), s->image.page_size);
}

#define SCENE(state)                                                                               \
    scene *s = *(state);                                                                           \
    if (!s->has_image)                                                                             \
    skip()

/* ---- files that are no databases ---- */

static void
write_file(char *path, const void *bytes, size_t n, size_t repeat)
{
    FILE *file;
    int fd;

    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < repeat; i++)
        assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void
test_api_attach__refuses_what_is_no_database(void **state)
{
    static const struct {
        const char *bytes;
        size_t n, repeat;
    } files[] = {
        {"", 0, 0},       {"x", 1, 1},       {"x", 1, 747}, {"no database\n", 12, 5000},
        {"\0", 1, 65536}, {"\xff", 1, 4096}, {"x", 1, 748}, {"SQLite format 3\0", 16, 1024},
    };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[] = ESE_TEST_FOLDER "/ese-bad-XXXXXX";

        write_file(path, files[i].bytes, files[i].n, files[i].repeat);
        expect_refused(*state, path, JET_errDatabaseCorrupted);
        unlink(path);
    }
}

static void
test_api_attach__refuses_what_cannot_be_opened(void **state)
{
    scene *s = *state;
    char directory[] = ESE_TEST_FOLDER "/ese-bad-XXXXXX", below[64];

    assert_non_null(mkdtemp(directory));
    expect_refused(s, directory, JET_errFileAccessDenied);
    snprintf(below, sizeof below, "%s/missing.edb", directory);
    expect_refused(s, below, JET_errFileNotFound);
    snprintf(below, sizeof below, "%s/pipe", directory);
    assert_int_equal(mkfifo(below, 0600), 0);
    expect_refused(s, below, JET_errFileAccessDenied);
    unlink(below);
    rmdir(directory);
}

static void
test_api_attach__refuses_a_file_that_may_not_be_read(void **state)
{
    char path[] = ESE_TEST_FOLDER "/ese-bad-XXXXXX";

    if (geteuid() == 0)
        skip(); /* root may read everything */
    write_file(path, "x", 1, 8192);
    assert_int_equal(chmod(path, 0), 0);
    expect_refused(*state, path, JET_errFileAccessDenied);
    unlink(path);
}

/* ---- headers ---- */

static void
restart(scene *s, uint32_t page_size)
{
    assert_ok(JetTerm(s->instance));
    assert_ok(set_integer(NULL, JET_paramDatabasePageSize, page_size));
    s->instance = started("page-size");
    s->sesid = begun(s->instance);
}

static void
test_api_attach__wants_the_page_size_of_the_instance_unless_it_only_reads(void **state)
{
    SCENE(state);
    restart(s, 8192);
    assert_int_equal(attach(s, 0), JET_errPageSizeMismatch);
    expect_text(JET_errPageSizeMismatch, s->image.path);
    assert_ok(attach(s, ESE_bitDbReader));
    detach(s);
    restart(s, 4096);
    assert_ok(attach(s, 0));
    detach(s);
}

static void
test_api_attach__reads_the_shadow_of_a_damaged_header(void **state)
{
    JET_DBINFOMISC4 misc;
    JET_DBID dbid;

    SCENE(state);
    spoil(s, HEADER);
    dbid = attach_and_open(s, 0);
    assert_ok(JetGetDatabaseInfoA(s->sesid, dbid, &misc, sizeof misc, JET_DbInfoMisc));
    assert_int_equal(misc.cbPageSize, 4096);
    assert_int_equal(misc.dbstate, JET_dbstateCleanShutdown);
    assert_ok(JetCloseDatabase(s->sesid, dbid, 0));
    detach(s);
}

static void
test_api_attach__does_not_need_the_shadow(void **state)
{
    SCENE(state);
    spoil(s, SHADOW);
    assert_ok(attach(s, 0));
    detach(s);
}

static void
test_api_attach__refuses_a_file_without_a_right_header(void **state)
{
    SCENE(state);
    spoil(s, HEADER);
    spoil(s, SHADOW);
    expect_refused(s, s->image.path, JET_errDatabaseCorrupted);
    assert_ok(attach(s, ESE_bitDbReadDamaged)); /* the pages are whole */
    detach(s);
}

static void
test_api_attach__refuses_an_impossible_header_under_a_right_checksum(void **state)
{
    SCENE(state);
    set_header_field(s, 4, 0x12345678);
    expect_refused(s, s->image.path, JET_errDatabaseCorrupted);
    set_header_field(s, 4, (uint32_t)ESE_DBHEADER_MAGIC);
    set_header_field(s, STATE_OFFSET, 99);
    expect_refused(s, s->image.path, JET_errDatabaseCorrupted);
    set_header_field(s, STATE_OFFSET, 0);
    expect_refused(s, s->image.path, JET_errDatabaseCorrupted);
}

static void
test_api_attach__refuses_formats_it_does_not_know(void **state)
{
    SCENE(state);
    set_header_field(s, UPDATE_OFFSET, 291);
    expect_not_attached(s, JET_errInvalidDatabaseVersion);
    set_header_field(s, UPDATE_OFFSET, 20);
    set_header_field(s, VERSION_OFFSET, 0x623);
    expect_not_attached(s, JET_errInvalidDatabaseVersion);
    set_header_field(s, VERSION_OFFSET, 0);
    expect_not_attached(s, JET_errInvalidDatabaseVersion);
}

/* A file of one page size whose header names another: the checksum of the header is over that many bytes. */
static void
test_api_attach__refuses_a_header_that_names_another_page_size(void **state)
{
    SCENE(state);
    for (uint32_t size = 2048; size <= 32768; size *= 2) {
        uint8_t *header = s->image.bytes;

        if (size == 4096)
            continue;
        ese_store_le32(header + PAGE_SIZE_OFFSET, size);
        ese_store_le32(header, ese_page_header_checksum(header, size));
        test_image_write(&s->image, 0, s->image.page_size);
        assert_true(attach(s, ESE_bitDbReader) < 0);
        assert_true(attach(s, ESE_bitDbReadDamaged) < 0);
    }
}

static void
test_api_attach__tells_every_state_but_the_clean_one(void **state)
{
    static const struct {
        ese_dbstate state;
        JET_ERR expected;
    } states[] = {
        {ESE_DBSTATE_JUST_CREATED, JET_errDatabaseCorrupted},
        {ESE_DBSTATE_DIRTY, JET_errDatabaseDirtyShutdown},
        {ESE_DBSTATE_BEING_CONVERTED, JET_errDatabaseIncompleteUpgrade},
        {ESE_DBSTATE_FORCE_DETACH, JET_errDatabaseCorrupted},
        {ESE_DBSTATE_INCREMENTAL_RESEED, JET_errDatabaseCorrupted},
        {ESE_DBSTATE_DIRTY_AND_PATCHED, JET_errDatabaseDirtyShutdown},
        {ESE_DBSTATE_REVERT_IN_PROGRESS, JET_errDatabaseCorrupted},
    };
    ese_problem problem;

    SCENE(state);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        JET_DBID dbid;

        set_header_field(s, STATE_OFFSET, states[i].state);
        expect_not_attached(s, states[i].expected);
        dbid = attach_and_open(s, ESE_bitDbReadDamaged);
        assert_ok(ese_get_problem(s->sesid, dbid, 0, &problem));
        assert_int_equal(problem.pgno, 0);
        assert_int_equal(problem.err, states[i].expected);
        assert_non_null(strstr(problem.text, s->image.path));
        assert_ok(JetCloseDatabase(s->sesid, dbid, 0));
        detach(s);
    }
    set_header_field(s, STATE_OFFSET, ESE_DBSTATE_CLEAN);
    assert_ok(attach(s, 0));
    detach(s);
}

/* ---- files that end too early ---- */

static void
test_api_attach__refuses_a_file_cut_anywhere(void **state)
{
    SCENE(state);
    for (size_t n = s->image.size; n-- > 0;) {
        bool near_page_end = n % 4096 == 0 || n % 4096 == 1 || n % 4096 == 4095;
        JET_ERR err;

        if (!near_page_end && n % 997 != 0)
            continue;
        assert_int_equal(ftruncate(s->image.fd, (off_t)n), 0);
        err = attach(s, 0);
        assert_true(err < 0);
        if (n >= LEAST_WITH_OWNED_ROOT)
            assert_int_equal(err, JET_errDatabaseCorrupted);
        expect_text(err, s->image.path);
    }
}

static void
test_api_attach__names_the_page_that_a_cut_file_has_lost(void **state)
{
    JET_DBID dbid;
    ese_problem problem;

    SCENE(state);
    assert_int_equal(ftruncate(s->image.fd, (off_t)s->image.size - 4096), 0);
    expect_not_attached(s, JET_errDatabaseCorrupted);
    expect_text(JET_errDatabaseCorrupted, "page 48");
    dbid = attach_and_open(s, ESE_bitDbReadDamaged);
    assert_ok(ese_get_problem(s->sesid, dbid, 0, &problem));
    assert_non_null(strstr(problem.text, "page 48"));
    assert_ok(JetCloseDatabase(s->sesid, dbid, 0));
    detach(s);
}

/* The owned space may end before the file does: room that was made in advance. */
static void
test_api_attach__accepts_a_file_longer_than_what_it_owns(void **state)
{
    SCENE(state);
    assert_int_equal(ftruncate(s->image.fd, (off_t)s->image.size + 100000), 0);
    assert_ok(attach(s, 0));
    detach(s);
}

/* ---- pages ---- */

static void
test_api_read__names_file_and_page_of_a_wrong_checksum(void **state)
{
    JET_TABLEID tableid;
    JET_DBID dbid;
    uint8_t *leaf;
    JET_ERR err;

    SCENE(state);
    leaf = test_image_page(&s->image, 31); /* the records of table notes */
    leaf[200] ^= 0x33;
    leaf[300] ^= 0x55;
    test_image_write(&s->image, (size_t)(leaf - s->image.bytes), s->image.page_size);
    dbid = attach_and_open(s, 0);
    err = JetOpenTableA(s->sesid, dbid, "notes", NULL, 0, 0, &tableid);
    assert_int_equal(err, JET_errReadVerifyFailure);
    expect_text(err, s->image.path);
    expect_text(err, "page 31");
}

static void
test_api_read__corrects_a_single_wrong_bit(void **state)
{
    JET_TABLEID tableid;
    JET_DBID dbid;
    uint8_t *leaf;

    SCENE(state);
    leaf = test_image_page(&s->image, 31);
    leaf[200] ^= 0x20;
    test_image_write(&s->image, (size_t)(leaf - s->image.bytes), s->image.page_size);
    dbid = attach_and_open(s, 0);
    assert_ok(JetOpenTableA(s->sesid, dbid, "notes", NULL, 0, 0, &tableid));
}

#define BAD_INPUT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BAD_INPUT_TEST(test_api_attach__refuses_what_is_no_database),
        BAD_INPUT_TEST(test_api_attach__refuses_what_cannot_be_opened),
        BAD_INPUT_TEST(test_api_attach__refuses_a_file_that_may_not_be_read),
        BAD_INPUT_TEST(test_api_attach__wants_the_page_size_of_the_instance_unless_it_only_reads),
        BAD_INPUT_TEST(test_api_attach__reads_the_shadow_of_a_damaged_header),
        BAD_INPUT_TEST(test_api_attach__does_not_need_the_shadow),
        BAD_INPUT_TEST(test_api_attach__refuses_a_file_without_a_right_header),
        BAD_INPUT_TEST(test_api_attach__refuses_an_impossible_header_under_a_right_checksum),
        BAD_INPUT_TEST(test_api_attach__refuses_formats_it_does_not_know),
        BAD_INPUT_TEST(test_api_attach__refuses_a_header_that_names_another_page_size),
        BAD_INPUT_TEST(test_api_attach__tells_every_state_but_the_clean_one),
        BAD_INPUT_TEST(test_api_attach__refuses_a_file_cut_anywhere),
        BAD_INPUT_TEST(test_api_attach__names_the_page_that_a_cut_file_has_lost),
        BAD_INPUT_TEST(test_api_attach__accepts_a_file_longer_than_what_it_owns),
        BAD_INPUT_TEST(test_api_read__names_file_and_page_of_a_wrong_checksum),
        BAD_INPUT_TEST(test_api_read__corrects_a_single_wrong_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
