/*
 * After a sync that failed nobody knows which of the writes before it are on the disk, and the next sync succeeds without them: nothing may be built on a file of which that is so.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "base/fault.h"
#include "os/os_record.h"

enum { PAGE_SIZE = 4096, ROWS = 3000, NTH_MAX = 3000, CACHE_PAGES = 16 };

/* ---- recovery */

static JET_ERR
recover(void)
{
    assert_ok(shop_create(&s));
    assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, CACHE_PAGES));
    return shop_open_with(&s, 0);
}

/* Pages are written while the log is replayed, and headers between them: whoever only wants room for a page meets the failure, and must not keep it to himself. */
static void
test_api_failed_syncs__end_recovery(void **state)
{
    bool is_hit = true;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    for (int32_t n = 0; n < ROWS; n += ROWS / 10)
        assert_ok(shelf_fill(&s, &f, n, ROWS / 10));
    shop_crash(&s);
    copy_files(s.folder, "", d.folder);
    for (uint64_t nth = 1; is_hit; nth++) {
        JET_ERR err;

        assert_true(nth < NTH_MAX);
        shop_empty(&s);
        copy_files(d.folder, "", s.folder);
        ese_fault_set(ESE_FAULT_POINT_SYNC, nth, false);
        err = recover();
        is_hit = !ese_fault_is_armed(ESE_FAULT_POINT_SYNC);
        ese_fault_set(ESE_FAULT_POINT_SYNC, 0, false);
        if (is_hit)
            assert_true(err < JET_errSuccess);
        else
            assert_ok(err);
        (void)shop_close(&s);
    }
}

/* ---- an instance at work */

/* Looks for headers of the database that were written and not synced. */
typedef struct onlooker {
    ese_os_file_id id;
    bool is_open, has_failed;
} onlooker;

static void
look(void *self, const ese_os_change *change)
{
    onlooker *o = self;

    if (memcmp(&change->id, &o->id, sizeof o->id) != 0)
        return;
    if (change->kind == ESE_OS_CHANGE_SYNC)
        o->is_open = false;
    if (change->kind != ESE_OS_CHANGE_WRITE)
        return;
    o->has_failed |= o->is_open;
    o->is_open = change->offset < 2 * (uint64_t)PAGE_SIZE;
}

static JET_ERR
shrink(const shelf *f)
{
    uint32_t n = 0;

    return JetResizeDatabase(s.sesid, f->dbid, 256, &n, JET_bitResizeDatabaseOnlyShrink);
}

static JET_ERR
back_up(const shelf *f)
{
    (void)f;
    depot_clear(d.folder);
    return JetBackupInstanceA(s.instance, d.folder, 0, NULL);
}

static JET_ERR
take_snapshot(const shelf *f)
{
    JET_OSSNAPID id = 0;
    JET_INSTANCE_INFO_A *infos = NULL;
    uint32_t n = 0;
    JET_ERR err;

    (void)f;
    assert_ok(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw));
    err = JetOSSnapshotFreezeA(id, &n, &infos, 0);
    if (err >= JET_errSuccess) {
        assert_ok(JetFreeBuffer((char *)infos));
        assert_ok(JetOSSnapshotThaw(id, 0));
        err = JetOSSnapshotEnd(id, 0); /* headers tell of the copy */
    }
    if (err < JET_errSuccess)
        (void)JetOSSnapshotAbort(id, 0);
    return err;
}

static void
find_database(void *self, const ese_os_change *change)
{
    onlooker *o = self;

    if (change->kind == ESE_OS_CHANGE_OPEN && strcmp(change->path, in_shop(&s, "a.edb")) == 0)
        o->id = change->id;
}

/* True: there was an nth sync, and it failed. *has_failed_out: it was one of a header. */
static bool
fail_at(uint64_t nth, JET_ERR (*work)(const shelf *f), bool *has_failed_out)
{
    onlooker o = {.is_open = false};
    const ese_os_recorder finder = {.self = &o, .changed = find_database};
    const ese_os_recorder recorder = {.self = &o, .changed = look};
    uint32_t n = 0;
    shelf f = {0};
    bool is_hit;
    JET_ERR err;

    assert_ok(shop_open(&s));
    ese_os_record(&finder);
    assert_ok(shelf_create(&s, "a.edb", &f));
    ese_os_record(NULL);
    assert_ok(shelf_fill(&s, &f, 0, 100));
    assert_ok(JetGrowDatabase(s.sesid, f.dbid, 1000, &n));
    ese_fault_set(ESE_FAULT_POINT_SYNC, nth, false);
    ese_os_record(&recorder);
    err = work(&f);
    ese_os_record(NULL);
    is_hit = !ese_fault_is_armed(ESE_FAULT_POINT_SYNC);
    ese_fault_set(ESE_FAULT_POINT_SYNC, 0, false);
    *has_failed_out = o.has_failed || o.is_open;
    if (*has_failed_out) {
        assert_true(err < JET_errSuccess);
        assert_int_equal(shop_close(&s), JET_errDirtyShutdown);
        assert_ok(shop_open(&s));
        assert_ok(shelf_open(&s, "a.edb", &f));
        assert_int_equal(shelf_count(&s, &f), 100);
    }
    (void)shop_close(&s);
    shop_empty(&s);
    return is_hit;
}

static void
fail_everywhere(JET_ERR (*work)(const shelf *f))
{
    unsigned n_failed = 0;
    bool is_hit = true;

    for (uint64_t nth = 1; is_hit; nth++) {
        bool has_failed = false;

        assert_true(nth < NTH_MAX);
        is_hit = fail_at(nth, work, &has_failed);
        n_failed += has_failed;
    }
    assert_int_not_equal(n_failed, 0);
}

static void
test_api_failed_syncs__of_a_header_end_the_instance_when_a_file_shrinks(void **state)
{
    (void)state;
    fail_everywhere(shrink);
}

static void
test_api_failed_syncs__of_a_header_end_the_instance_when_it_is_backed_up(void **state)
{
    (void)state;
    fail_everywhere(back_up);
}

static void
test_api_failed_syncs__of_a_header_end_the_instance_when_it_is_frozen(void **state)
{
    (void)state;
    fail_everywhere(take_snapshot);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_api_failed_syncs__end_recovery),
        BACKUP_TEST(test_api_failed_syncs__of_a_header_end_the_instance_when_a_file_shrinks),
        BACKUP_TEST(test_api_failed_syncs__of_a_header_end_the_instance_when_it_is_backed_up),
        BACKUP_TEST(test_api_failed_syncs__of_a_header_end_the_instance_when_it_is_frozen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
