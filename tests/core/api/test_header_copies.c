/*
 * The two copies of what counts: a crash may have torn one of them, and the next one tears the copy that is being written. Whoever writes a copy needs to have the other one right on the disk.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "log/log_file.h"
#include "os/os_record.h"
#include "page/page_dbheader.h"

enum { PAGE_SIZE = 4096, COPY_SIZE = 4096 };

/* ---- files */

static void
read_copy(const char *name, unsigned copy, uint8_t bytes[COPY_SIZE])
{
    FILE *file = fopen(in_shop(&s, name), "rb");

    assert_non_null(file);
    assert_int_equal(fseek(file, (long)copy * COPY_SIZE, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, COPY_SIZE, file), COPY_SIZE);
    (void)fclose(file);
}

static void
write_copy(const char *name, unsigned copy, const uint8_t bytes[COPY_SIZE])
{
    FILE *file = fopen(in_shop(&s, name), "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, (long)copy * COPY_SIZE, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, COPY_SIZE, file), COPY_SIZE);
    assert_int_equal(fclose(file), 0);
}

/* As a write that came only half to the disk. */
static void
tear_copy(const char *name, unsigned copy)
{
    uint8_t bytes[COPY_SIZE];

    read_copy(name, copy, bytes);
    memset(bytes, 0xA5, 512);
    write_copy(name, copy, bytes);
}

/* ---- who looks on while copies are written */

typedef struct onlooker {
    const char *name;
    bool (*is_right)(const uint8_t bytes[COPY_SIZE]);
    ese_os_file_id id;
    unsigned n_writes, n_risks; /* risks: the other copy was not right */
    uint8_t other[COPY_SIZE];   /* at the first write */
} onlooker;

static bool
is_header(const uint8_t bytes[COPY_SIZE])
{
    ese_dbheader header;

    return ese_dbheader_decode(bytes, PAGE_SIZE, &header) >= JET_errSuccess;
}

static bool
is_checkpoint(const uint8_t bytes[COPY_SIZE])
{
    ese_log_checkpoint point;

    return ese_log_checkpoint_decode(bytes, &point) >= JET_errSuccess;
}

static void
look(void *self, const ese_os_change *change)
{
    onlooker *o = self;
    uint8_t bytes[COPY_SIZE];

    if (change->kind == ESE_OS_CHANGE_OPEN && strcmp(change->path, in_shop(&s, o->name)) == 0)
        o->id = change->id;
    if (change->kind != ESE_OS_CHANGE_WRITE || change->offset >= 2 * (uint64_t)COPY_SIZE ||
        memcmp(&change->id, &o->id, sizeof o->id) != 0)
        return;
    read_copy(o->name, change->offset < COPY_SIZE ? 1 : 0, bytes);
    if (o->n_writes++ == 0)
        memcpy(o->other, bytes, sizeof bytes);
    o->n_risks += !o->is_right(bytes);
}

static onlooker
watch(const char *name, bool (*is_right)(const uint8_t bytes[COPY_SIZE]))
{
    return (onlooker){.name = name, .is_right = is_right};
}

static JET_ERR
open_watched(onlooker *o)
{
    const ese_os_recorder recorder = {.self = o, .changed = look};
    JET_ERR err;

    ese_os_record(&recorder);
    err = shop_open(&s);
    ese_os_record(NULL);
    return err;
}

static JET_ERR
attach_watched(onlooker *o)
{
    const ese_os_recorder recorder = {.self = o, .changed = look};
    JET_ERR err;

    ese_os_record(&recorder);
    err = JetAttachDatabaseA(s.sesid, in_shop(&s, o->name), 0);
    ese_os_record(NULL);
    return err;
}

/* ---- recovery */

static void
recover_with_torn(unsigned copy)
{
    onlooker o = watch("a.edb", is_header);
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 600));
    shop_crash(&s);
    tear_copy("a.edb", copy);
    assert_ok(open_watched(&o));
    assert_int_not_equal(o.n_writes, 0);
    assert_int_equal(o.n_risks, 0);
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 600);
    assert_ok(shop_close(&s));
}

static void
test_api_header_copies__recovery_mends_a_torn_header_first(void **state)
{
    (void)state;
    recover_with_torn(0);
}

static void
test_api_header_copies__recovery_mends_a_torn_shadow_first(void **state)
{
    (void)state;
    recover_with_torn(1);
}

/* ---- attach */

static void
attach_with_torn(unsigned copy)
{
    onlooker o = watch("a.edb", is_header);
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 100));
    assert_ok(shop_close(&s));
    tear_copy("a.edb", copy);
    assert_ok(shop_open(&s));
    assert_ok(attach_watched(&o));
    assert_int_not_equal(o.n_writes, 0);
    assert_int_equal(o.n_risks, 0);
    assert_int_equal(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), 0), JET_wrnDatabaseAttached);
    assert_ok(shop_close(&s));
}

static void
test_api_header_copies__attach_mends_a_torn_header_first(void **state)
{
    (void)state;
    attach_with_torn(0);
}

static void
test_api_header_copies__attach_mends_a_torn_shadow_first(void **state)
{
    (void)state;
    attach_with_torn(1);
}

/* Recovery was ended between the copies that say "clean". With the older shadow the database would not be the one that the log attaches. */
static void
test_api_header_copies__attach_brings_an_older_shadow_up_to_date(void **state)
{
    uint8_t older[COPY_SIZE], clean[COPY_SIZE];
    onlooker o = watch("a.edb", is_header);
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shop_close(&s));
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    read_copy("a.edb", 1, older);
    assert_ok(shelf_fill(&s, &f, 0, 600));
    assert_ok(shop_close(&s));
    read_copy("a.edb", 0, clean);
    write_copy("a.edb", 1, older);

    assert_ok(shop_open(&s));
    assert_ok(attach_watched(&o));
    assert_int_equal(o.n_writes, 3); /* the shadow as the header is, then both */
    assert_memory_equal(o.other, clean, sizeof clean);
    shop_crash(&s);
    tear_copy("a.edb", 0);
    write_copy("a.edb", 1, clean); /* as it stood while the first copy was written */
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 600);
    assert_ok(shop_close(&s));
}

/* ---- checkpoint */

static void
go_on_with_torn_checkpoint(unsigned copy, bool is_crash)
{
    onlooker o = watch("edb.chk", is_checkpoint);
    shelf f = {0};

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 100));
    if (is_crash)
        shop_crash(&s);
    else
        assert_ok(shop_close(&s));
    tear_copy("edb.chk", copy);
    assert_ok(open_watched(&o));
    assert_int_not_equal(o.n_writes, 0);
    assert_int_equal(o.n_risks, 0);
    assert_ok(shop_close(&s));
}

static void
test_api_header_copies__a_torn_checkpoint_is_written_first(void **state)
{
    (void)state;
    go_on_with_torn_checkpoint(0, false);
    shop_empty(&s);
    go_on_with_torn_checkpoint(1, false);
    shop_empty(&s);
    go_on_with_torn_checkpoint(0, true);
    shop_empty(&s);
    go_on_with_torn_checkpoint(1, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_header_copies__recovery_mends_a_torn_header_first),
        SHOP_TEST(test_api_header_copies__recovery_mends_a_torn_shadow_first),
        SHOP_TEST(test_api_header_copies__attach_mends_a_torn_header_first),
        SHOP_TEST(test_api_header_copies__attach_mends_a_torn_shadow_first),
        SHOP_TEST(test_api_header_copies__attach_brings_an_older_shadow_up_to_date),
        SHOP_TEST(test_api_header_copies__a_torn_checkpoint_is_written_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
