/*
 * What a process wrote that was killed stands in the memory of the kernel, and reads as if it were on the disk; the machine may stop before it is. So what is found at a start is brought to the
 * disk before anything is built on it.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "os/os_record.h"

enum { PAGE_SIZE = 4096, ROWS = 600 };

typedef struct onlooker {
    ese_os_file_id log, database;
    bool is_log_synced, is_folder_synced,
        is_database_synced;                           /* and not written since it was opened */
    bool has_page, was_log_first, was_database_first; /* when the first page came */
} onlooker;

static bool
is_of(const ese_os_change *change, const ese_os_file_id *id)
{
    return memcmp(&change->id, id, sizeof *id) == 0;
}

static void
note_open(onlooker *o, const ese_os_change *change)
{
    if (strcmp(change->path, in_shop(&s, "edb.log")) == 0)
        o->log = change->id;
    if (strcmp(change->path, in_shop(&s, "a.edb")) == 0)
        o->database = change->id;
}

static void
look(void *self, const ese_os_change *change)
{
    onlooker *o = self;

    switch (change->kind) {
    case ESE_OS_CHANGE_OPEN: note_open(o, change); break;
    case ESE_OS_CHANGE_SYNC:
        o->is_log_synced |= is_of(change, &o->log);
        o->is_database_synced |= is_of(change, &o->database);
        break;
    case ESE_OS_CHANGE_FOLDER_SYNC: o->is_folder_synced = true; break;
    case ESE_OS_CHANGE_WRITE:
        if (o->has_page || !is_of(change, &o->database) || change->offset < 2 * (uint64_t)PAGE_SIZE)
            break;
        o->has_page = true;
        o->was_log_first = o->is_log_synced && o->is_folder_synced;
        o->was_database_first = o->is_database_synced;
        break;
    default: break;
    }
}

static onlooker
start_watched(void)
{
    onlooker o = {.has_page = false};
    const ese_os_recorder recorder = {.self = &o, .changed = look};
    JET_ERR err;

    ese_os_record(&recorder);
    err = shop_open(&s);
    ese_os_record(NULL);
    assert_ok(err);
    return o;
}

static void
fill(void)
{
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, ROWS));
}

static onlooker
recover_watched(void)
{
    onlooker o;

    fill();
    shop_crash(&s);
    o = start_watched();
    assert_true(o.has_page);
    assert_ok(shop_close(&s));
    return o;
}

/* Else pages would be ahead of the log. */
static void
test_api_killed_writes__of_the_log_are_on_the_disk_before_recovery_writes_pages(void **state)
{
    (void)state;
    assert_true(recover_watched().was_log_first);
}

/* Else the copy that a torn write leaves could be older than pages. */
static void
test_api_killed_writes__of_headers_are_on_the_disk_before_recovery_writes_pages(void **state)
{
    (void)state;
    assert_true(recover_watched().was_database_first);
}

/* Else it could be dirty once more, when the log does not tell of it any more. */
static void
test_api_killed_writes__of_a_clean_header_are_on_the_disk_before_recovery_passes_it(void **state)
{
    onlooker o;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetCloseTable(s.sesid, f.tableid));
    assert_ok(JetCloseDatabase(s.sesid, f.dbid, 0));
    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    shop_crash(&s);
    o = start_watched();
    assert_false(o.has_page);
    assert_true(o.is_database_synced);
    assert_ok(shop_close(&s));
}

/* Else a log could lose its name, with all that is committed from now on. */
static void
test_api_killed_writes__of_the_log_are_on_the_disk_before_it_is_gone_on_with(void **state)
{
    onlooker o;

    (void)state;
    fill();
    assert_ok(shop_close(&s));
    o = start_watched();
    assert_true(o.is_log_synced);
    assert_true(o.is_folder_synced);
    assert_ok(shop_close(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_killed_writes__of_the_log_are_on_the_disk_before_recovery_writes_pages),
        SHOP_TEST(test_api_killed_writes__of_headers_are_on_the_disk_before_recovery_writes_pages),
        SHOP_TEST(
            test_api_killed_writes__of_a_clean_header_are_on_the_disk_before_recovery_passes_it),
        SHOP_TEST(test_api_killed_writes__of_the_log_are_on_the_disk_before_it_is_gone_on_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
