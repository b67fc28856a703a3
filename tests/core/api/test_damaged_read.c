/*
 * Reading a damaged database as far as it can be trusted: what is broken is left out and told once, with its reason, and everything else
 * comes, the same forward, backward and by search.
 */
#include "api_test.h"

#include <stdio.h>

#include "api/api_cursor.h"
#include "test_db.h"
#include "test_fixture.h"
#include "test_image.h"

enum {
    PROBLEMS_MAX = 64,
    NUMBERS = 20000, /* of rows: fewer than half of them on either side of 0 */
    ROWS_OF_HEAP = 2500,
    ROWS_OF_NOTES = 4000,
    CATALOG_ROOT = 4,
    SHADOW_ROOT = 24,
};

typedef struct scene {
    test_image image;
    test_session session;
    JET_SESID sesid;
    JET_TABLEID tableid;
    JET_COLUMNID number;
    int64_t live;
} scene;

/* ---- the database ---- */

static bool
open_image(scene *s, const char *name)
{
    const char *fixture = test_fixture(name);

    *s = (scene){.live = ese_live_allocations()};
    if (fixture == NULL)
        return false;
    assert_true(test_image_open(&s->image, fixture));
    return true;
}

static void
open_database(scene *s, JET_GRBIT grbit)
{
    s->session = test_session_open(s->image.path, grbit);
    s->sesid = s->session.sesid;
}

static void
close_database(scene *s)
{
    test_session_close(&s->session);
    assert_int_equal(ese_live_allocations(), s->live);
}

static void
open_table(scene *s, const char *table, const char *column)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    TEST_OK(JetOpenTableA(s->sesid, s->session.dbid, table, NULL, 0, 0, &s->tableid));
    TEST_OK(JetGetTableColumnInfoA(s->sesid, s->tableid, column, &definition, sizeof definition,
                                   JET_ColInfo));
    s->number = definition.columnid;
}

/* ---- its pages ---- */

static ese_pgno
root_of(scene *s, const char *table, const char *index)
{
    ese_api_session *session;
    const ese_schema_table *descriptor;
    ese_pgno root;

    open_database(s, 0);
    TEST_OK(JetOpenTableA(s->sesid, s->session.dbid, table, NULL, 0, 0, &s->tableid));
    TEST_OK(ese_api_enter(s->sesid, ESE_API_ORDINARY, &session));
    descriptor = ese_table_descriptor(ese_api_cursor_find(session, s->tableid));
    ese_api_leave(session, JET_errSuccess);
    root = index == NULL              ? descriptor->tree.root
           : strcmp(index, "LV") == 0 ? descriptor->lv_tree.root
                                      : ese_schema_find_index(descriptor, index)->tree.root;
    close_database(s);
    return root;
}

static ese_page
view(const scene *s, ese_pgno pgno)
{
    return (ese_page){test_image_page(&s->image, pgno), s->image.page_size, pgno};
}

static unsigned
count_lines(const scene *s, ese_pgno pgno)
{
    ese_page page = view(s, pgno);

    return ese_page_line_count(&page);
}

static ese_pgno
child_of(const scene *s, ese_pgno pgno, unsigned line)
{
    ese_page page = view(s, pgno);
    ese_page_node node = ese_page_line(&page, line);

    return ese_page_node_child(&node);
}

/* Lines on all leaves below a page. */
static unsigned
count_rows(const scene *s, ese_pgno pgno)
{
    ese_page page = view(s, pgno);
    unsigned n = 0;

    if (ese_page_flags(&page) & ESE_PAGE_LEAF)
        return ese_page_line_count(&page);
    for (unsigned i = 0; i < ese_page_line_count(&page); i++)
        n += count_rows(s, child_of(s, pgno, i));
    return n;
}

/* Breaks the checksum of a page. */
static void
spoil(const scene *s, ese_pgno pgno)
{
    uint8_t *bytes = test_image_page(&s->image, pgno);
    uint32_t seed = 99;

    for (unsigned i = 0; i < 32; i++)
        bytes[200 + i] ^= (uint8_t)test_random(&seed);
    test_image_write(&s->image, (size_t)(bytes - s->image.bytes), s->image.page_size);
}

/* ---- what is read ---- */

/* Which rows a walk shows, by number; no number twice. */
typedef struct shown {
    bool rows[NUMBERS];
    unsigned n;
} shown;

static void
note_row(scene *s, shown *to)
{
    int32_t number = 0;

    TEST_OK(
        JetRetrieveColumn(s->sesid, s->tableid, s->number, &number, sizeof number, NULL, 0, NULL));
    number += NUMBERS / 2;
    assert_in_range(number, 0, NUMBERS - 1);
    assert_false(to->rows[number]);
    to->rows[number] = true;
    to->n++;
}

static void
walk(scene *s, int32_t from, int32_t step, shown *to)
{
    JET_ERR err = JetMove(s->sesid, s->tableid, from, 0);

    memset(to, 0, sizeof *to);
    for (; err >= 0; err = JetMove(s->sesid, s->tableid, step, 0))
        note_row(s, to);
    assert_int_equal(err, JET_errNoCurrentRecord);
}

/* Both ways show the same rows, and each is found by its bookmark. */
static unsigned
walk_both_ways(scene *s)
{
    static shown forward, back;
    uint8_t bookmark[300];
    uint32_t size;
    JET_TABLEID seeker;

    walk(s, (int32_t)JET_MoveFirst, JET_MoveNext, &forward);
    walk(s, JET_MoveLast, JET_MovePrevious, &back);
    assert_memory_equal(forward.rows, back.rows, sizeof forward.rows);
    TEST_OK(JetDupCursor(s->sesid, s->tableid, &seeker, 0));
    for (JET_ERR err = JetMove(s->sesid, s->tableid, (int32_t)JET_MoveFirst, 0); err >= 0;
         err = JetMove(s->sesid, s->tableid, 1, 0)) {
        TEST_OK(JetGetBookmark(s->sesid, s->tableid, bookmark, sizeof bookmark, &size));
        TEST_OK(JetGotoBookmark(s->sesid, seeker, bookmark, size));
    }
    TEST_OK(JetCloseTable(s->sesid, seeker));
    return forward.n;
}

static unsigned
count_problems(scene *s)
{
    ese_problem problem;
    unsigned n = 0;

    while (ese_get_problem(s->sesid, s->session.dbid, n, &problem) >= 0)
        n++;
    return n;
}

/* Exactly one problem, and it is this one. */
static void
expect_problem(scene *s, ese_pgno pgno, JET_ERR why)
{
    ese_problem problem;
    char page[32];

    assert_int_equal(count_problems(s), 1);
    assert_ok(ese_get_problem(s->sesid, s->session.dbid, 0, &problem));
    assert_int_equal(problem.pgno, pgno);
    assert_int_equal(problem.err, why);
    assert_non_null(strstr(problem.text, s->image.path));
    snprintf(page, sizeof page, "page %u", (unsigned)pgno);
    assert_non_null(strstr(problem.text, page));
}

/* ---- records ---- */

static void
expect_rows_without(const char *table, const char *column, ese_pgno root, ese_pgno lost, scene *s)
{
    unsigned n_all = count_rows(s, root), n_lost = count_rows(s, lost);

    assert_true(n_lost != 0);
    spoil(s, lost);
    open_database(s, 0);
    assert_int_equal(count_problems(s), 0);
    close_database(s);
    open_database(s, ESE_bitDbReadDamaged);
    open_table(s, table, column);
    assert_int_equal(walk_both_ways(s), n_all - n_lost);
    expect_problem(s, lost, JET_errReadVerifyFailure);
    close_database(s);
    test_image_close(&s->image);
}

static void
test_api_damaged__rows_of_a_broken_leaf_are_left_out(void **state)
{
    scene s;

    (void)state;
    for (unsigned which = 0; which < 3; which++) {
        ese_pgno root;
        unsigned n;

        if (!open_image(&s, "deep-4k.edb"))
            skip();
        root = root_of(&s, "heap", NULL);
        n = count_lines(&s, root);
        expect_rows_without("heap", "Number", root,
                            child_of(&s, root,
                                     which == 0   ? 0
                                     : which == 1 ? n / 2
                                                  : n - 1),
                            &s);
    }
}

static void
test_api_damaged__rows_below_a_broken_internal_page_are_left_out(void **state)
{
    scene s;
    ese_pgno root;

    (void)state;
    if (!open_image(&s, "deep-4k.edb"))
        skip();
    root = root_of(&s, "notes", NULL);
    assert_int_equal(count_rows(&s, root), ROWS_OF_NOTES);
    expect_rows_without("notes", "Id", root, child_of(&s, root, 3), &s);
}

static void
test_api_damaged__a_broken_root_leaves_an_empty_table_among_others(void **state)
{
    scene s;
    ese_pgno root;

    (void)state;
    if (!open_image(&s, "deep-4k.edb"))
        skip();
    root = root_of(&s, "notes", NULL);
    spoil(&s, root);
    open_database(&s, ESE_bitDbReadDamaged);
    open_table(&s, "notes", "Id");
    assert_int_equal(walk_both_ways(&s), 0);
    expect_problem(&s, root, JET_errReadVerifyFailure);
    open_table(&s, "heap", "Number");
    assert_int_equal(walk_both_ways(&s), ROWS_OF_HEAP);
    assert_int_equal(count_problems(&s), 1);
    close_database(&s);
    test_image_close(&s.image);
}

static void
test_api_damaged__a_row_is_lost_to_every_index(void **state)
{
    scene s;
    ese_pgno root, lost;
    unsigned n_entries = 0, n_orphans = 0, n_lost;

    (void)state;
    if (!open_image(&s, "deep-4k.edb"))
        skip();
    root = root_of(&s, "long-keys", NULL);
    lost = child_of(&s, root, 1);
    assert_int_equal(count_rows(&s, lost), count_lines(&s, lost)); /* a leaf */
    n_lost = count_rows(&s, lost);
    spoil(&s, lost);
    open_database(&s, ESE_bitDbReadDamaged);
    open_table(&s, "long-keys", "Same");
    TEST_OK(JetSetCurrentIndexA(s.sesid, s.tableid, "BySame"));
    for (JET_ERR err = JET_errSuccess; err >= 0; err = JetMove(s.sesid, s.tableid, 1, 0)) {
        uint8_t same;
        JET_ERR why =
            JetRetrieveColumn(s.sesid, s.tableid, s.number, &same, sizeof same, NULL, 0, NULL);

        n_entries++;
        n_orphans += why == JET_errRecordNotFound;
        assert_true(why == JET_errRecordNotFound || why == JET_errSuccess);
    }
    assert_int_equal(n_entries, 1500);
    assert_int_equal(n_orphans, n_lost);
    expect_problem(&s, lost, JET_errReadVerifyFailure);
    close_database(&s);
    test_image_close(&s.image);
}

/* ---- the catalog ---- */

/* Every row of every table comes although a page of the catalog is broken, or one of each copy. */
static void
expect_whole_tables(scene *s, unsigned n_broken)
{
    static const struct {
        const char *name, *column;
        unsigned n_rows;
    } tables[] = {{"notes", "Id", 8}, {"values", "Id", 3}, {"types", "Id", 9}};

    open_database(s, ESE_bitDbReadDamaged);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        open_table(s, tables[i].name, tables[i].column);
        assert_int_equal(walk_both_ways(s), tables[i].n_rows);
    }
    assert_int_equal(count_problems(s), n_broken);
    close_database(s);
    test_image_close(&s->image);
}

static void
test_api_damaged__the_shadow_fills_the_gaps_of_the_catalog(void **state)
{
    scene s;

    (void)state;
    for (unsigned which = 0; which < 3; which++) {
        if (!open_image(&s, "small-4k.edb"))
            skip();
        spoil(&s, child_of(&s, CATALOG_ROOT, which));
        expect_whole_tables(&s, 1);
    }
    assert_true(open_image(&s, "small-4k.edb"));
    spoil(&s, CATALOG_ROOT);
    expect_whole_tables(&s, 1);
}

static void
test_api_damaged__catalog_and_shadow_complete_each_other(void **state)
{
    scene s;

    (void)state;
    if (!open_image(&s, "small-4k.edb"))
        skip();
    spoil(&s, child_of(&s, CATALOG_ROOT, 2));
    spoil(&s, child_of(&s, SHADOW_ROOT, 0));
    expect_whole_tables(&s, 1); /* nothing leads to the broken page of the shadow */
}

static void
test_api_damaged__a_file_without_any_catalog_is_refused(void **state)
{
    scene s;
    JET_ERR err;

    (void)state;
    if (!open_image(&s, "small-4k.edb"))
        skip();
    spoil(&s, CATALOG_ROOT);
    spoil(&s, SHADOW_ROOT);
    s.session.instance = started("damaged");
    s.sesid = begun(s.session.instance);
    err = JetAttachDatabaseA(s.sesid, s.image.path, ESE_bitDbReadDamaged);
    assert_int_equal(err, JET_errReadVerifyFailure);
    assert_non_null(strstr(ese_error_text(err), s.image.path));
    assert_ok(JetTerm(s.session.instance));
    test_image_close(&s.image);
}

/* ---- long values ---- */

static void
test_api_damaged__a_lost_long_value_is_an_error_of_its_column_only(void **state)
{
    scene s;
    ese_pgno root;
    uint8_t bytes[2000];
    JET_COLUMNDEF body = {.cbStruct = sizeof body};

    (void)state;
    if (!open_image(&s, "small-4k.edb"))
        skip();
    root = root_of(&s, "values", "LV");
    spoil(&s, root);
    open_database(&s, ESE_bitDbReadDamaged);
    open_table(&s, "values", "Id");
    assert_int_equal(walk_both_ways(&s), 3);
    assert_int_equal(count_problems(&s), 0);
    TEST_OK(JetGetTableColumnInfoA(s.sesid, s.tableid, "Body", &body, sizeof body, JET_ColInfo));
    TEST_OK(JetMove(s.sesid, s.tableid, JET_MoveLast, 0));
    assert_int_equal(
        JetRetrieveColumn(s.sesid, s.tableid, body.columnid, bytes, sizeof bytes, NULL, 0, NULL),
        JET_errDatabaseCorrupted);
    expect_problem(&s, root, JET_errReadVerifyFailure);
    close_database(&s);
    test_image_close(&s.image);
}

/* ---- dirty files ---- */

static void
test_api_damaged__a_dirty_file_is_read_as_it_is(void **state)
{
    scene s;
    ese_problem problem;

    (void)state;
    if (!open_image(&s, "dirty-4k.edb"))
        skip();
    open_database(&s, ESE_bitDbReadDamaged);
    open_table(&s, "notes", "Id");
    assert_int_equal(walk_both_ways(&s), 100);
    assert_int_equal(count_problems(&s), 1);
    assert_ok(ese_get_problem(s.sesid, s.session.dbid, 0, &problem));
    assert_int_equal(problem.err, JET_errDatabaseDirtyShutdown);
    assert_int_equal(problem.pgno, 0);
    close_database(&s);
    test_image_close(&s.image);
}

/* A split of which one page was written and the other was not: the entries of the page moved stand on both. */
static void
test_api_damaged__an_entry_that_a_torn_split_left_on_two_pages_comes_once(void **state)
{
    scene s;
    ese_pgno root, left, right;
    unsigned n_lost;

    (void)state;
    if (!open_image(&s, "deep-4k.edb"))
        skip();
    root = root_of(&s, "heap", NULL);
    left = child_of(&s, root, 4);
    right = child_of(&s, root, 5);
    n_lost = count_rows(&s, right);
    memcpy(test_image_page(&s.image, right), test_image_page(&s.image, left), s.image.page_size);
    test_image_seal_page(&s.image, right);
    open_database(&s, ESE_bitDbReadDamaged);
    open_table(&s, "heap", "Number");
    assert_int_equal(walk_both_ways(&s), ROWS_OF_HEAP - n_lost);
    expect_problem(&s, right, JET_errDatabaseCorrupted);
    close_database(&s);
    test_image_close(&s.image);
}

static void
test_api_damaged__pages_tell_their_size_when_both_headers_are_gone(void **state)
{
    static const char *const names[] = {"types-2k.edb",  "deep-4k.edb",   "types-8k.edb",
                                        "types-16k.edb", "types-32k.edb", "oldsum-4k.edb"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ese_problem problem;
        JET_TABLEID tableid;
        scene s;

        if (!open_image(&s, names[i]))
            skip();
        memset(s.image.bytes, 0x5a, 2 * s.image.page_size);
        test_image_write(&s.image, 0, 2 * s.image.page_size);
        open_database(&s, ESE_bitDbReadDamaged);
        TEST_OK(ese_get_problem(s.sesid, s.session.dbid, 0, &problem));
        assert_int_equal(problem.err, JET_errDatabaseCorrupted);
        assert_int_equal(count_problems(&s), 1);
        TEST_OK(JetOpenTableA(s.sesid, s.session.dbid, "MSysObjids", NULL, 0, 0, &tableid));
        TEST_OK(JetMove(s.sesid, tableid, JET_MoveLast, 0));
        close_database(&s);
        test_image_close(&s.image);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_damaged__rows_of_a_broken_leaf_are_left_out),
        API_TEST(test_api_damaged__rows_below_a_broken_internal_page_are_left_out),
        API_TEST(test_api_damaged__a_broken_root_leaves_an_empty_table_among_others),
        API_TEST(test_api_damaged__a_row_is_lost_to_every_index),
        API_TEST(test_api_damaged__the_shadow_fills_the_gaps_of_the_catalog),
        API_TEST(test_api_damaged__catalog_and_shadow_complete_each_other),
        API_TEST(test_api_damaged__a_file_without_any_catalog_is_refused),
        API_TEST(test_api_damaged__a_lost_long_value_is_an_error_of_its_column_only),
        API_TEST(test_api_damaged__a_dirty_file_is_read_as_it_is),
        API_TEST(test_api_damaged__pages_tell_their_size_when_both_headers_are_gone),
        API_TEST(test_api_damaged__an_entry_that_a_torn_split_left_on_two_pages_comes_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
