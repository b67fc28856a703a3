/*
 * A database of ten gigabytes opens at once, and a scan of it stays within the memory that JET_paramCacheSizeMax grants. The file is
 * sparse: a few thousand leaves, spread over all of it, are there, and nothing between them.
 */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64

#include "api_test.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "api/api_cursor.h"
#include "test_db.h"
#include "test_fixture.h"
#include "test_image.h"

enum {
    PAGE_SIZE = 4096,
    N_PARENTS = 80,
    LEAVES_PER_PARENT = 100,
    N_LEAVES = N_PARENTS * LEAVES_PER_PARENT,
    ROWS_PER_LEAF = 8,
    FIRST_PAGE = 1000, /* behind all pages of the fixture */
    GAP = 320,         /* pages from one leaf to the next */
    LAST_PAGE = FIRST_PAGE + (N_LEAVES + N_PARENTS) * GAP,
    OWNED_ROOT = 2,
    CACHE_BYTES = 1 << 20,
    CACHE_SLACK = 64 * 1024, /* what may be pinned beside it at any time */
    MEMORY_SLACK = 12 << 20,
};

/* ---- the file ---- */

/* Pages are made one at a time in page 1 of a database in memory and then put where they belong. */
typedef struct builder {
    test_image image;
    test_db scratch;
    ese_pgno root;
    uint32_t objid;
    uint8_t space_header[32], record[PAGE_SIZE];
    size_t space_header_size, record_size;
} builder;

static ese_pgno
place_of_leaf(unsigned leaf)
{
    return FIRST_PAGE + leaf * GAP;
}

static ese_pgno
place_of_parent(unsigned parent)
{
    return FIRST_PAGE + (N_LEAVES + parent) * GAP;
}

static void
begin_page(builder *b, uint32_t flags, ese_bytes header)
{
    test_page_format(&b->scratch, 1, b->objid, flags);
    test_page_set_header(&b->scratch, 1, header);
}

static void
end_page(builder *b, ese_pgno pgno)
{
    uint8_t *page = test_db_page(&b->scratch, 1);
    off_t at = ((off_t)pgno + 1) * PAGE_SIZE;

    ese_page_checksum_update(page, PAGE_SIZE, pgno);
    assert_int_equal(pwrite(b->image.fd, page, PAGE_SIZE, at), PAGE_SIZE);
}

static ese_bytes
key_of(uint8_t room[5], unsigned row)
{
    room[0] = 0x7f;
    ese_store_be32(room + 1, row ^ 0x80000000u);
    return (ese_bytes){room, 5};
}

static void
write_leaf(builder *b, unsigned leaf)
{
    uint8_t room[5];

    begin_page(b, ESE_PAGE_LEAF, (ese_bytes){NULL, 0});
    test_page_set_links(&b->scratch, 1, leaf == 0 ? 0 : place_of_leaf(leaf - 1),
                        leaf + 1 == N_LEAVES ? 0 : place_of_leaf(leaf + 1));
    for (unsigned i = 0; i < ROWS_PER_LEAF; i++)
        assert_true(test_page_add_line(&b->scratch, 1, key_of(room, leaf * ROWS_PER_LEAF + i),
                                       (ese_bytes){b->record, b->record_size}, false));
    end_page(b, place_of_leaf(leaf));
}

/* A line for each of `n` children; the key of the last line of a level is empty. */
static void
add_children(builder *b, unsigned first, unsigned n, unsigned leaves_per_child)
{
    for (unsigned i = first; i < first + n; i++) {
        unsigned next_leaf = (i + 1) * leaves_per_child;
        uint8_t room[5], child[4];
        ese_bytes key = key_of(room, next_leaf * ROWS_PER_LEAF);

        ese_store_le32(child, leaves_per_child == 1 ? place_of_leaf(i) : place_of_parent(i));
        if (next_leaf == N_LEAVES)
            key.size = 0;
        assert_true(test_page_add_line(&b->scratch, 1, key, (ese_bytes){child, 4}, false));
    }
}

/* The tree of the table gets as many leaves as are wanted, all with the same record. */
static void
write_tree(builder *b)
{
    for (unsigned leaf = 0; leaf < N_LEAVES; leaf++)
        write_leaf(b, leaf);
    for (unsigned parent = 0; parent < N_PARENTS; parent++) {
        begin_page(b, ESE_PAGE_PARENT_OF_LEAF, (ese_bytes){NULL, 0});
        add_children(b, parent * LEAVES_PER_PARENT, LEAVES_PER_PARENT, 1);
        end_page(b, place_of_parent(parent));
    }
    begin_page(b, ESE_PAGE_ROOT, (ese_bytes){b->space_header, b->space_header_size});
    add_children(b, 0, N_PARENTS, LEAVES_PER_PARENT);
    end_page(b, b->root);
}

/* The database owns all pages up to the last one. */
static void
write_owned_space(builder *b)
{
    ese_page page = {test_image_page(&b->image, OWNED_ROOT), PAGE_SIZE, OWNED_ROOT};
    ese_page_node node = ese_page_line(&page, ese_page_line_count(&page) - 1);
    uint8_t *key = b->image.bytes + (node.suffix.data - b->image.bytes);
    uint8_t *count = b->image.bytes + (node.data.data - b->image.bytes);

    assert_int_equal(node.suffix.size, 4);
    ese_store_be32(key, LAST_PAGE);
    ese_store_le32(count, LAST_PAGE);
    test_image_seal_page(&b->image, OWNED_ROOT);
    assert_int_equal(ftruncate(b->image.fd, ((off_t)LAST_PAGE + 2) * PAGE_SIZE), 0);
}

/* What the fixture tells about the table: its root, and a record. */
static void
look_up(builder *b)
{
    test_session session = test_session_open(b->image.path, 0);
    ese_api_session *entered;
    const ese_schema_table *table;
    JET_TABLEID tableid;
    ese_page page;
    ese_bytes header;
    ese_page_node node;

    TEST_OK(JetOpenTableA(session.sesid, session.dbid, "notes", NULL, 0, 0, &tableid));
    TEST_OK(ese_api_enter(session.sesid, ESE_API_ORDINARY, &entered));
    table = ese_table_descriptor(ese_api_cursor_find(entered, tableid));
    ese_api_leave(entered, JET_errSuccess);
    b->root = table->tree.root;
    b->objid = table->objid;
    test_session_close(&session);
    page = (ese_page){test_image_page(&b->image, b->root), PAGE_SIZE, b->root};
    header = ese_page_external_header(&page);
    node = ese_page_line(&page, 0);
    assert_true(header.size <= sizeof b->space_header);
    memcpy(b->space_header, header.data, header.size);
    memcpy(b->record, node.data.data, node.data.size);
    b->space_header_size = header.size;
    b->record_size = node.data.size;
}

static bool
build(builder *b)
{
    const char *fixture = test_fixture("small-4k.edb");

    memset(b, 0, sizeof *b);
    if (fixture == NULL)
        return false;
    assert_true(test_image_open(&b->image, fixture));
    look_up(b);
    test_db_init(&b->scratch, PAGE_SIZE);
    assert_int_equal(test_db_add_page(&b->scratch), 1);
    write_owned_space(b);
    write_tree(b);
    return true;
}

/* ---- the scan ---- */

static size_t
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long total = 0, resident = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static double
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Sanitizers keep freed memory back. */
static bool
is_memory_told(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#    else
    return true;
#    endif
#else
    return true;
#endif
}

static size_t
cache_size(JET_SESID sesid)
{
    ese_api_session *session;
    size_t size;

    TEST_OK(ese_api_enter(sesid, ESE_API_ORDINARY, &session));
    size = ese_cache_size(ese_api_instance_cache(ese_api_session_instance(session)));
    ese_api_leave(session, JET_errSuccess);
    return size;
}

static unsigned
scan(JET_SESID sesid, JET_TABLEID tableid, int32_t from, int32_t step)
{
    unsigned n = 0;
    JET_ERR err = JetMove(sesid, tableid, from, 0);

    for (; err >= 0; err = JetMove(sesid, tableid, step, 0)) {
        n++;
        assert_true(cache_size(sesid) <= CACHE_BYTES + CACHE_SLACK);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    return n;
}

static void
test_api_memory__a_scan_of_ten_gigabytes_stays_within_the_cache(void **state)
{
    static builder b;
    JET_API_PTR usual = get_integer(0, JET_paramCacheSizeMax);
    test_session session;
    JET_TABLEID tableid;
    size_t before, after;
    double begun_at;

    (void)state;
    if (!build(&b))
        skip();
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, CACHE_BYTES / PAGE_SIZE));
    before = resident_bytes();
    begun_at = milliseconds();
    session = test_session_open(b.image.path, 0);
    TEST_OK(JetOpenTableA(session.sesid, session.dbid, "notes", NULL, 0, 0, &tableid));
    printf("%.1f GB opened in %.1f ms\n", (double)LAST_PAGE * PAGE_SIZE / 1e9,
           milliseconds() - begun_at);
    assert_int_equal(scan(session.sesid, tableid, (int32_t)JET_MoveFirst, JET_MoveNext),
                     N_LEAVES * ROWS_PER_LEAF);
    assert_int_equal(scan(session.sesid, tableid, JET_MoveLast, JET_MovePrevious),
                     N_LEAVES * ROWS_PER_LEAF);
    after = resident_bytes();
    printf("%u leaves, %u KB of cache, %ld KB more in memory than before\n", N_LEAVES,
           CACHE_BYTES / 1024, ((long)after - (long)before) / 1024);
    if (is_memory_told())
        assert_true(after <= before + CACHE_BYTES + MEMORY_SLACK);
    test_session_close(&session);
    assert_ok(set_integer(NULL, JET_paramCacheSizeMax, usual));
    test_db_free(&b.scratch);
    test_image_close(&b.image);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_memory__a_scan_of_ten_gigabytes_stays_within_the_cache),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
