/* An index entry whose bookmark is longer than any key can be: an error, never a copy beyond the room for a bookmark. */
#include "api/api_cursor.h"
#include "test_db.h"
#include "test_image.h"

#include "cursor_test.h"

enum { HUGE_BOOKMARK = 3000 };

static ese_pgno
root_of(const char *table, const char *index)
{
    test_cursor cursor = open_cursor(table, "id");
    ese_api_session *inside;
    ese_pgno root;

    TEST_OK(ese_api_enter(session.sesid, ESE_API_ORDINARY, &inside));
    root = ese_schema_find_index(ese_table_descriptor(ese_api_cursor_find(inside, cursor.tableid)),
                                 index)
               ->tree.root;
    ese_api_leave(inside, JET_errSuccess);
    return root;
}

/* Leaves one entry in the index, whose root is its only page: the first key, with a bookmark that is too long. */
static void
spoil(const test_image *image, ese_pgno root)
{
    test_db db = {.page_size = image->page_size, .bytes = image->bytes, .n_pages = root};
    ese_page page = {test_db_page(&db, root), image->page_size, root};
    ese_page_node node = ese_page_line(&page, 0);
    ese_bytes header = ese_page_external_header(&page);
    uint8_t key[ESE_PAGE_KEY_MAX], kept[64], bookmark[HUGE_BOOKMARK];
    size_t key_size = ese_page_node_copy_key(&node, key, sizeof key);
    uint32_t objid = ese_page_objid(&page), flags = ese_page_flags(&page);

    assert_true(flags & ESE_PAGE_LEAF);
    assert_true(header.size <= sizeof kept);
    memcpy(kept, header.data, header.size);
    memset(bookmark, 0x7f, sizeof bookmark);
    test_page_format(&db, root, objid, flags);
    test_page_set_header(&db, root, (ese_bytes){kept, header.size});
    assert_true(test_page_add_line(&db, root, (ese_bytes){key, key_size},
                                   (ese_bytes){bookmark, sizeof bookmark}, false));
    test_image_seal_page(image, root);
}

static bool
open_spoiled(test_image *image)
{
    const char *fixture = test_fixture("cursors-4k.edb");
    ese_pgno root;

    if (fixture == NULL)
        return false;
    assert_true(test_image_open(image, fixture));
    session = test_session_open(image->path, 0);
    root = root_of("seek", "byn");
    test_session_close(&session);
    spoil(image, root);
    session = test_session_open(image->path, 0);
    return true;
}

static void
test_table_hostile_entry__a_bookmark_longer_than_a_key_is_damage(void **state)
{
    uint8_t room[HUGE_BOOKMARK + 1];
    uint32_t size = 0;
    test_image image;
    test_cursor cursor;

    (void)state;
    if (!open_spoiled(&image))
        skip();
    cursor = open_cursor("seek", "id");
    use_index(cursor, "byn");
    assert_int_equal(JetSetCurrentIndex2A(session.sesid, cursor.tableid, NULL, JET_bitNoMove),
                     JET_errDatabaseCorrupted);
    assert_int_equal(JetGetBookmark(session.sesid, cursor.tableid, room, sizeof room, &size),
                     JET_errDatabaseCorrupted);
    assert_int_equal(
        JetRetrieveColumn(session.sesid, cursor.tableid, cursor.shown, room, 4, NULL, 0, NULL),
        JET_errRecordNotFound);
    test_session_close(&session);
    test_image_close(&image);
    assert_int_equal(ese_live_allocations(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_hostile_entry__a_bookmark_longer_than_a_key_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
