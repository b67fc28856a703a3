/*
 * Tables and indexes that a crash took back: their pages are free again, however often recovery is ended before it has come through, and are not given away twice.
 */
#define _XOPEN_SOURCE 700

#include "log_test.h"

#include "maint/maint.h"

enum { ROWS = 300, TABLES = 4, WIDE = 20 };

static const char name[] = "rows.edb";

static ese_maint_summary
check(const shop *s)
{
    const ese_maint_watcher nobody = {0};
    ese_maint_summary summary = {0};

    assert_ok(ese_maint_check(in_shop(s, name), &nobody, &summary));
    assert_int_equal(summary.n_errors, 0);
    return summary;
}

static void
make_table(shop *s, const shelf *f, const char *table, int32_t n)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLongBinary};
    uint8_t bytes[1500] = {1};
    JET_COLUMNID id = 0;
    JET_TABLEID tableid = 0;

    assert_ok(JetCreateTableA(s->sesid, f->dbid, table, 0, 80, &tableid));
    assert_ok(JetAddColumnA(s->sesid, tableid, "data", &column, NULL, 0, &id));
    for (int32_t i = 0; i < n; i++) {
        assert_ok(JetPrepareUpdate(s->sesid, tableid, JET_prepInsert));
        memcpy(bytes, &i, sizeof i);
        assert_ok(JetSetColumn(s->sesid, tableid, id, bytes, i % 3 == 0 ? sizeof bytes : 40,
                               i % 3 == 0 ? JET_bitSetSeparateLV : 0, NULL));
        assert_ok(JetUpdate(s->sesid, tableid, NULL, 0, NULL));
    }
    assert_ok(JetCloseTable(s->sesid, tableid));
}

static void
make_index(shop *s, const shelf *f, const char *index)
{
    static const char key[] = "+payload\0";

    assert_ok(JetCreateIndexA(s->sesid, f->tableid, index, 0, key, sizeof key, 80));
}

static const char *
table_name(unsigned i)
{
    static char text[20];

    (void)snprintf(text, sizeof text, "table%u", i);
    return text;
}

/* Some of what is made is rolled back before the end, some commits, and some is under way. */
static void
make_and_crash(shop *s)
{
    JET_TABLEID wide = 0;
    shelf f;

    shop_make(s);
    assert_ok(shop_open(s));
    assert_ok(shelf_create(s, name, &f));
    assert_ok(shelf_fill(s, &f, 0, ROWS));
    assert_ok(JetBeginTransaction(s->sesid));
    make_table(s, &f, "stays", ROWS);
    assert_ok(JetBeginTransaction(s->sesid));
    make_table(s, &f, "goes", ROWS);
    assert_ok(JetRollback(s->sesid, 0));
    assert_ok(JetCommitTransaction(s->sesid, 0));
    assert_ok(JetBeginTransaction(s->sesid));
    make_table(s, &f, "before", 0);
    make_table(s, &f, "was", 0);
    assert_ok(JetRollback(s->sesid, 0));
    /* Has the pages of both, and has not written to the second one yet. */
    assert_ok(JetCreateTableA(s->sesid, f.dbid, "wide", WIDE, 80, &wide));
    assert_ok(JetCloseTable(s->sesid, wide));
    assert_ok(JetBeginTransaction(s->sesid));
    make_index(s, &f, "byPayload");
    assert_ok(JetBeginTransaction(s->sesid));
    for (unsigned i = 0; i < TABLES; i++)
        make_table(s, &f, table_name(i), ROWS / 4);
    assert_ok(JetCommitTransaction(s->sesid, 0));
    shop_crash(s);
}

static void
assert_content(shop *s)
{
    JET_TABLEID tableid = 0;
    shelf f;

    assert_ok(shelf_open(s, name, &f));
    assert_int_equal(shelf_count(s, &f), ROWS);
    assert_ok(JetOpenTableA(s->sesid, f.dbid, "stays", NULL, 0, 0, &tableid));
    assert_int_equal(JetOpenTableA(s->sesid, f.dbid, "goes", NULL, 0, 0, &tableid),
                     JET_errObjectNotFound);
    assert_int_equal(JetOpenTableA(s->sesid, f.dbid, "table0", NULL, 0, 0, &tableid),
                     JET_errObjectNotFound);
    make_index(s, &f, "byPayload"); /* pages are used again */
    assert_ok(JetBeginTransaction(s->sesid));
    make_table(s, &f, "another", ROWS);
    assert_ok(JetCommitTransaction(s->sesid, 0));
}

static void
test_api_log_created__gives_pages_back_that_a_crash_took(void **state)
{
    shop s;

    (void)state;
    make_and_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shop_close(&s));
    assert_int_equal(check(&s).n_leaked_pages, 0);
    assert_ok(shop_open(&s));
    assert_content(&s);
    assert_ok(shop_close(&s));
    assert_int_equal(check(&s).n_leaked_pages, 0);
    shop_destroy(&s);
}

static void
test_api_log_created__gives_them_back_in_a_copy(void **state)
{
    ese_recover_options options = {0};
    shop s, made = {0};

    (void)state;
    make_and_crash(&s);
    options.source = s.folder;
    assert_ok(ese_recover(&options, NULL));
    (void)snprintf(made.folder, sizeof made.folder, "%.50s/recovered", s.folder);
    assert_int_equal(check(&made).n_leaked_pages, 0);
    shop_destroy(&made);
    shop_destroy(&s);
}

/* Recovery fails at each of its writes, always from where the failure before has left it. */
static void
test_api_log_created__gives_none_back_twice(void **state)
{
    static const ese_fault_kind kinds[] = {ESE_faultWrite, ESE_faultAlloc, ESE_faultSync};
    unsigned n_failed = 0;

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        JET_ERR err = JET_errDiskIO;
        shop s;

        make_and_crash(&s);
        for (uint64_t nth = 1; err < JET_errSuccess; nth += nth < 40 ? 1 : 1 + nth / 5) {
            assert_ok(shop_create(&s));
            assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 64));
            assert_ok(ese_fault_arm(kinds[k], nth, 1));
            err = JetInit2(&s.instance, 0);
            assert_ok(ese_fault_arm(kinds[k], 0, 0));
            n_failed += err < JET_errSuccess ? 1 : 0;
        }
        assert_ok(JetBeginSessionA(s.instance, &s.sesid, NULL, NULL));
        assert_content(&s);
        assert_ok(shop_close(&s));
        (void)check(&s);
        shop_destroy(&s);
    }
    assert_in_range(n_failed, 20, UINT32_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_log_created__gives_pages_back_that_a_crash_took),
        API_TEST(test_api_log_created__gives_them_back_in_a_copy),
        API_TEST(test_api_log_created__gives_none_back_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
