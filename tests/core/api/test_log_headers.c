/* What headers, logs and checkpoint say after each step. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "shop_fixture.h"

#include "log/log_file.h"
#include "os/os_record.h"
#include "page/page_dbheader.h"

enum { PAGE_SIZE = 4096, GEN_MIN_CONSISTENT = 640, LAST_RESIZE = 656 };

/* A header page as the file has it; `copy` 1 is the shadow. */
static ese_dbheader
read_copy(const char *name, unsigned copy, uint8_t bytes[PAGE_SIZE])
{
    FILE *file = fopen(in_shop(&s, name), "rb");
    ese_dbheader header;

    assert_non_null(file);
    assert_int_equal(fseek(file, (long)copy * PAGE_SIZE, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, PAGE_SIZE, file), PAGE_SIZE);
    (void)fclose(file);
    assert_ok(ese_dbheader_decode(bytes, PAGE_SIZE, &header));
    return header;
}

static ese_dbheader
read_header(const char *name, uint8_t bytes[PAGE_SIZE])
{
    uint8_t shadow[PAGE_SIZE];
    ese_dbheader header = read_copy(name, 0, bytes);

    (void)read_copy(name, 1, shadow);
    assert_memory_equal(bytes, shadow, PAGE_SIZE);
    return header;
}

/* The newest record of the type; its position. */
static ese_lgpos
find_record(const char *log, ese_log_type type)
{
    ese_log_file *file = NULL;
    const ese_log_entry *entry = NULL;
    ese_lgpos at = {0}, found = {0};

    assert_ok(ese_log_file_open(in_shop(&s, log), NULL, &file));
    for (;;) {
        assert_ok(ese_log_file_next(file, &entry, &at));
        if (entry == NULL)
            break;
        if (entry->type == type)
            found = at;
    }
    ese_log_file_close(&file);
    return found;
}

static void
assert_position(ese_lgpos a, ese_lgpos b)
{
    assert_int_equal(ese_log_lgpos_number(a), ese_log_lgpos_number(b));
}

static ese_signature
stream_signature(void)
{
    ese_signature sign;

    assert_ok(
        JetGetInstanceMiscInfo(s.instance, &sign, sizeof sign, JET_InstanceMiscInfoLogSignature));
    return sign;
}

static void
test_api_log_headers__of_a_creation(void **state)
{
    uint8_t bytes[PAGE_SIZE];
    ese_signature sign;
    ese_dbheader header;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    sign = stream_signature();
    assert_ok(JetCommitTransaction(s.sesid, JET_bitWaitAllLevel0Commit));
    header = read_header("a.edb", bytes);
    assert_int_equal(header.state, ESE_DBSTATE_DIRTY);
    assert_memory_equal(&header.sign_log, &sign, sizeof sign);
    assert_int_equal(header.dbid, 1);
    assert_position(header.attach, find_record("edb.log", ESE_LOG_CREATE_DB));
    assert_position(header.consistent, (ese_lgpos){0});
    assert_position(header.detach, (ese_lgpos){0});
    assert_int_equal(header.gen_min_required, 1);
    assert_int_equal(header.gen_max_required, 1);
    assert_int_equal(header.gen_max_committed, 1);
    assert_int_equal(ese_load_le32(bytes + GEN_MIN_CONSISTENT), 1);
    assert_position(ese_log_lgpos_load(bytes + LAST_RESIZE),
                    find_record("edb.log", ESE_LOG_CREATE_DB_FINISH));
    assert_ok(shop_close(&s));
}

static void
test_api_log_headers__of_a_clean_end(void **state)
{
    uint8_t bytes[PAGE_SIZE];
    ese_log_checkpoint point;
    ese_dbheader header;
    unsigned copy = 0;
    shelf f = {0};
    ese_lgpos mark;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shop_close(&s));
    header = read_header("a.edb", bytes);
    mark = find_record("edb.log", ESE_LOG_SHUT_DOWN_MARK);
    assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
    assert_position(header.attach, find_record("edb.log", ESE_LOG_CREATE_DB)); /* stays */
    assert_position(header.consistent, mark);
    assert_position(header.detach, mark);
    assert_position(ese_log_lgpos_load(bytes + LAST_RESIZE), mark);
    assert_int_equal(header.gen_min_required, 0);
    assert_int_equal(header.gen_max_required, 0);
    assert_int_equal(header.gen_max_committed, 0);
    assert_int_equal(ese_load_le32(bytes + GEN_MIN_CONSISTENT), 0);

    assert_ok(ese_log_checkpoint_read(in_shop(&s, "edb.chk"), bytes, &point, &copy));
    assert_position(point.checkpoint, find_record("edb.log", ESE_LOG_TERM2));
    assert_int_equal(point.attached.n, 0);
}

static void
test_api_log_headers__of_attach_and_detach(void **state)
{
    uint8_t bytes[PAGE_SIZE];
    ese_dbheader before, header;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shop_close(&s));
    before = read_header("a.edb", bytes);

    assert_ok(shop_open(&s));
    assert_ok(JetAttachDatabaseA(s.sesid, in_shop(&s, "a.edb"), 0));
    header = read_header("a.edb", bytes);
    assert_int_equal(header.state, ESE_DBSTATE_DIRTY);
    assert_position(header.attach, find_record("edb.log", ESE_LOG_ATTACH_DB));
    assert_position(header.consistent, before.consistent);
    assert_position(header.detach, (ese_lgpos){0});
    assert_position(ese_log_lgpos_load(bytes + LAST_RESIZE), header.attach);
    assert_int_equal(header.gen_min_required, header.attach.generation);

    assert_ok(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    header = read_header("a.edb", bytes);
    assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
    assert_position(header.detach, find_record("edb.log", ESE_LOG_DETACH_DB));
    assert_position(header.consistent, header.detach);
    assert_int_equal(header.gen_max_committed, 0);
    assert_ok(shop_close(&s));
}

/* A database of another stream: its position there means nothing here. */
static void
test_api_log_headers__of_a_database_from_another_stream(void **state)
{
    uint8_t bytes[PAGE_SIZE];
    ese_signature sign;
    ese_dbheader header;
    shop other;
    shelf f = {0};

    (void)state;
    shop_make(&other);
    assert_ok(shop_open(&other));
    assert_ok(shelf_create(&other, "a.edb", &f));
    assert_ok(shelf_fill(&other, &f, 0, 7));
    assert_ok(shop_close(&other));
    assert_int_equal(rename(in_shop(&other, "a.edb"), in_shop(&s, "a.edb")), 0);
    shop_destroy(&other);

    assert_ok(shop_open(&s));
    sign = stream_signature();
    assert_ok(shelf_open(&s, "a.edb", &f));
    header = read_header("a.edb", bytes);
    assert_memory_equal(&header.sign_log, &sign, sizeof sign);
    assert_position(header.consistent, (ese_lgpos){0});
    assert_ok(shelf_fill(&s, &f, 7, 3));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 10);
    assert_ok(shop_close(&s));
}

static void
test_api_log_headers__of_new_generations(void **state)
{
    JET_DBINFOMISC4 misc, attached;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(shelf_fill(&s, &f, 0, 600));
    misc = shop_header(&s, "a.edb");
    assert_true(misc.genMaxRequired > 2);
    assert_int_equal(misc.genMaxRequired, misc.genCommitted);
    assert_true(misc.genMinRequired >= 1);
    assert_true(misc.genMinRequired <= misc.genMaxRequired);
    assert_true(shop_has(&s, "edb00000001.log"));
    assert_ok(JetGetDatabaseInfoA(s.sesid, f.dbid, &attached, sizeof attached, JET_DbInfoMisc));
    assert_memory_equal(&attached, &misc, sizeof misc);
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog));
    assert_int_equal(shop_header(&s, "a.edb").genCommitted, misc.genCommitted + 1);
    assert_ok(shop_close(&s));
}

static void
test_api_log_headers__lists_databases_in_logs(void **state)
{
    ese_log_file *file = NULL;
    const ese_log_header *header;
    const ese_log_attachment *items;
    shelf a = {0}, b = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &a));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog));
    assert_ok(shelf_create(&s, "b.edb", &b));
    assert_ok(JetCommitTransaction(s.sesid, JET_bitForceNewLog));
    assert_ok(ese_log_file_open(in_shop(&s, "edb.log"), NULL, &file));
    header = ese_log_file_header(file);
    items = header->attached.items;
    assert_int_equal(header->generation, 3);
    assert_int_equal(header->attached.n, 2);
    assert_int_equal(items[0].dbid, 1);
    assert_int_equal(items[1].dbid, 2);
    assert_position(items[0].attach, find_record("edb00000001.log", ESE_LOG_CREATE_DB));
    assert_position(items[1].attach, find_record("edb00000002.log", ESE_LOG_CREATE_DB));
    ese_log_file_close(&file);
    assert_ok(shop_close(&s));
}

static void
test_api_log_headers__of_a_file_that_shrinks(void **state)
{
    uint8_t bytes[PAGE_SIZE];
    uint32_t n_pages = 0;
    shelf f = {0};

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(set_integer(&s.instance, JET_paramEnableShrinkDatabase, JET_bitShrinkDatabaseOn));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetGrowDatabase(s.sesid, f.dbid, 1024, &n_pages));
    assert_true(n_pages >= 1024);
    assert_ok(JetResizeDatabase(s.sesid, f.dbid, 300, &n_pages, 0));
    assert_true(n_pages < 1024);
    (void)read_header("a.edb", bytes);
    assert_position(ese_log_lgpos_load(bytes + LAST_RESIZE),
                    find_record("edb.log", ESE_LOG_SHRINK_DB));
    assert_ok(shelf_fill(&s, &f, 0, 40));
    shop_crash(&s);
    assert_ok(shop_open(&s));
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 40);
    assert_ok(shop_close(&s));
}

/* ---- a crash between the two copies */

/* Whoever looks at a file when the first of its pages behind the header is written. */
typedef struct onlooker {
    ese_os_file_id id;
    bool has_seen, were_same;
} onlooker;

static void
look(void *self, const ese_os_change *change)
{
    onlooker *o = self;
    uint8_t bytes[2 * PAGE_SIZE];
    FILE *file;

    if (change->kind == ESE_OS_CHANGE_OPEN && strstr(change->path, "/a.edb") != NULL)
        o->id = change->id;
    if (change->kind != ESE_OS_CHANGE_WRITE || o->has_seen || change->offset < sizeof bytes ||
        memcmp(&change->id, &o->id, sizeof o->id) != 0)
        return;
    o->has_seen = true;
    file = fopen(in_shop(&s, "a.edb"), "rb");
    o->were_same = file != NULL && fread(bytes, sizeof bytes, 1, file) == 1 &&
                   memcmp(bytes, bytes + PAGE_SIZE, PAGE_SIZE) == 0;
    if (file != NULL)
        (void)fclose(file);
}

/* Were pages written while the shadow says less, the shadow would be of no use when the header itself is torn later. */
static void
test_api_log_headers__are_alike_before_recovery_writes_pages(void **state)
{
    uint8_t older[PAGE_SIZE], bytes[PAGE_SIZE];
    onlooker o = {0};
    const ese_os_recorder recorder = {.self = &o, .changed = look};
    shelf f = {0};
    FILE *file;

    (void)state;
    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    (void)read_header("a.edb", older);
    assert_ok(shelf_fill(&s, &f, 0, 600));
    shop_crash(&s);
    assert_true(read_header("a.edb", bytes).gen_max_required > 2);
    file = fopen(in_shop(&s, "a.edb"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, PAGE_SIZE, SEEK_SET), 0);
    assert_int_equal(fwrite(older, PAGE_SIZE, 1, file), 1);
    assert_int_equal(fclose(file), 0);

    ese_os_record(&recorder);
    assert_ok(shop_open(&s));
    ese_os_record(NULL);
    assert_true(o.has_seen);
    assert_true(o.were_same);
    assert_ok(shelf_open(&s, "a.edb", &f));
    assert_int_equal(shelf_count(&s, &f), 600);
    assert_ok(shop_close(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHOP_TEST(test_api_log_headers__of_a_creation),
        SHOP_TEST(test_api_log_headers__of_a_clean_end),
        SHOP_TEST(test_api_log_headers__of_attach_and_detach),
        SHOP_TEST(test_api_log_headers__of_a_database_from_another_stream),
        SHOP_TEST(test_api_log_headers__of_new_generations),
        SHOP_TEST(test_api_log_headers__lists_databases_in_logs),
        SHOP_TEST(test_api_log_headers__of_a_file_that_shrinks),
        SHOP_TEST(test_api_log_headers__are_alike_before_recovery_writes_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
