/* Headers whose counters have come to their end: nothing gets a number twice. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "base/bytes.h"
#include "page/page.h"

enum { PAGE_SIZE = 4096, DBTIME = 16, OBJID_LAST = 212 };

/* Both copies of the header say so, with checksums that are right. */
static void
set_in_header(const char *name, size_t offset, const uint8_t *value, size_t n)
{
    uint8_t bytes[2 * PAGE_SIZE];
    FILE *file = fopen(in_shop(&s, name), "r+b");

    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    for (size_t at = 0; at < sizeof bytes; at += PAGE_SIZE) {
        memcpy(bytes + at + offset, value, n);
        ese_store_le32(bytes + at, ese_page_header_checksum(bytes + at, PAGE_SIZE));
    }
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
}

static void
make_clean(void)
{
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 10));
    assert_ok(shop_close(&s));
}

static void
test_api_counters__give_no_tree_the_number_of_another(void **state)
{
    uint8_t objid_last[4];
    shelf f = {0};
    JET_TABLEID tableid;

    (void)state;
    make_clean();
    ese_store_le32(objid_last, UINT32_MAX);
    set_in_header("a.edb", OBJID_LAST, objid_last, sizeof objid_last);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(JetCreateTableA(s.sesid, f.dbid, "new", 1, 80, &tableid),
                         JET_errOutOfObjectIDs);
    assert_int_equal(JetCreateIndexA(s.sesid, f.tableid, "new", 0, "+payload\0", 10, 80),
                     JET_errOutOfObjectIDs);
    assert_ok(shelf_fill(&s, &f, 10, 10));
    assert_int_equal(shelf_count(&s, &f), 20);
    assert_ok(shop_close(&s));
}

static void
test_api_counters__let_nobody_change_what_has_no_time_left(void **state)
{
    static const uint64_t times[] = {UINT64_MAX, UINT64_MAX - 4, (uint64_t)INT64_MAX + 1};
    uint8_t dbtime[8];
    JET_DBID dbid;

    (void)state;
    make_clean();
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        ese_store_le64(dbtime, times[i]);
        set_in_header("a.edb", DBTIME, dbtime, sizeof dbtime);
        assert_ok(shop_open(&s));
        assert_int_equal(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), 0),
                         JET_errOutOfDbtimeValues);
        assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), JET_bitDbReadOnly));
        assert_ok(JetOpenDatabaseA(s.sesid, in_shop(&s, "a.edb"), NULL, &dbid, JET_bitDbReadOnly));
        assert_ok(shop_close(&s));
    }
}

static void
test_api_counters__let_recovery_change_nothing_without_a_time(void **state)
{
    uint8_t dbtime[8];
    shelf f = {0};

    (void)state;
    make_clean();
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 10, 10));
    shop_crash(&s);
    ese_store_le64(dbtime, UINT64_MAX - 4);
    set_in_header("a.edb", DBTIME, dbtime, sizeof dbtime);
    assert_int_equal(shop_open(&s), JET_errOutOfDbtimeValues);
    ese_store_le64(dbtime, 1);
    set_in_header("a.edb", DBTIME, dbtime, sizeof dbtime);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 20);
    assert_ok(shop_close(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_counters__give_no_tree_the_number_of_another),
        SHOP_TEST(test_api_counters__let_nobody_change_what_has_no_time_left),
        SHOP_TEST(test_api_counters__let_recovery_change_nothing_without_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
