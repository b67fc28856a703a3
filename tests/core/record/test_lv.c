/* Long values: references, keys, roots, chunk sizes. */
#include "record_test.h"

#include "record/record_lv.h"

#define LID64 0x8000000080000001U

static void
assert_split(const char *hex, ese_record_lv_kind kind, uint64_t lid, uint32_t offset)
{
    test_bytes key;
    ese_record_lv_kind got_kind;
    uint64_t got_lid;
    uint32_t got_offset;

    test_parse(hex, &key);
    assert_int_equal(ese_record_lv_split_key(test_view(&key), &got_kind, &got_lid, &got_offset),
                     JET_errSuccess);
    assert_int_equal(got_kind, kind);
    assert_true(got_lid == lid);
    assert_int_equal(got_offset, offset);
}

static void
assert_split_refused(const char *hex)
{
    test_bytes key;
    ese_record_lv_kind kind;
    uint64_t lid;
    uint32_t offset;

    test_parse(hex, &key);
    assert_int_equal(ese_record_lv_split_key(test_view(&key), &kind, &lid, &offset),
                     JET_errDatabaseCorrupted);
}

static void
test_record_lv_reference__reads_both_sizes(void **unused)
{
    test_bytes bytes;
    uint64_t lid = 0;

    (void)unused;
    test_parse("01000000", &bytes);
    assert_int_equal(ese_record_lv_reference(test_view(&bytes), &lid), JET_errSuccess);
    assert_true(lid == 1);
    test_parse("0100008000000080", &bytes);
    assert_int_equal(ese_record_lv_reference(test_view(&bytes), &lid), JET_errSuccess);
    assert_true(lid == LID64);
}

static void
test_record_lv_reference__refuses_what_is_no_id(void **unused)
{
    static const char *const bad[] = {"",         "010000",           "00000000",
                                      "00000080", "0100000000000000", "01000000000000ff"};
    uint64_t lid = 77;

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_bytes bytes;

        test_parse(bad[i], &bytes);
        assert_int_equal(ese_record_lv_reference(test_view(&bytes), &lid),
                         JET_errDatabaseCorrupted);
    }
    assert_true(lid == 77);
}

static void
test_record_lv_key__has_the_size_of_its_generation(void **unused)
{
    uint8_t key[ESE_RECORD_LV_KEY_MAX];
    size_t size = ese_record_lv_root_key(1, key);

    (void)unused;
    test_assert_bytes((ese_bytes){key, size}, "00000001", "root");
    size = ese_record_lv_chunk_key(1, 0x0fae, key);
    test_assert_bytes((ese_bytes){key, size}, "0000000100000fae", "chunk");
    size = ese_record_lv_root_key(LID64, key);
    test_assert_bytes((ese_bytes){key, size}, "8000000080000001", "wide root");
    size = ese_record_lv_chunk_key(LID64, 0x0fae, key);
    test_assert_bytes((ese_bytes){key, size}, "800000008000000100000fae", "wide chunk");
}

static void
test_record_lv_split_key__tells_the_four_kinds(void **unused)
{
    (void)unused;
    assert_split("00000001", ESE_RECORD_LV_ROOT, 1, 0);
    assert_split("0000000100000fae", ESE_RECORD_LV_CHUNK, 1, 0x0fae);
    assert_split("8000000080000001", ESE_RECORD_LV_ROOT, LID64, 0);
    assert_split("800000008000000100000fae", ESE_RECORD_LV_CHUNK, LID64, 0x0fae);
}

static void
test_record_lv_split_key__refuses_other_bytes(void **unused)
{
    (void)unused;
    assert_split_refused("");
    assert_split_refused("000001");
    assert_split_refused("00000000");
    assert_split_refused("80000001");
    assert_split_refused("0000000000000000");
    assert_split_refused("ff00000080000001");
    assert_split_refused("000000010000000000000000");
    assert_split_refused("80000000800000010000000000");
}

static void
test_record_lv_root_decode__reads_old_and_new_roots(void **unused)
{
    test_bytes bytes;
    ese_record_lv_root root;

    (void)unused;
    test_parse("0100000009040000", &bytes);
    assert_int_equal(ese_record_lv_root_decode(test_view(&bytes), &root), JET_errSuccess);
    assert_int_equal(root.refcount, 1);
    assert_int_equal(root.size, 1033);
    assert_false(root.is_encrypted);
    test_parse("020000000904000001", &bytes);
    assert_int_equal(ese_record_lv_root_decode(test_view(&bytes), &root), JET_errSuccess);
    assert_int_equal(root.refcount, 2);
    assert_true(root.is_encrypted);
    bytes.size = 7;
    assert_int_equal(ese_record_lv_root_decode(test_view(&bytes), &root), JET_errDatabaseCorrupted);
}

static void
test_record_lv_encode__writes_what_decode_reads(void **unused)
{
    static const uint64_t lids[] = {1, 0x12345678, 0x7fffffff, 0x8000000080000001};
    uint8_t bytes[ESE_RECORD_LV_ROOT_MAX];
    test_bytes old_root, new_root;
    ese_record_lv_root root = {.refcount = 1, .size = 1033};

    (void)unused;
    for (size_t i = 0; i < sizeof lids / sizeof *lids; i++) {
        uint64_t lid = 0;
        ese_bytes reference = {bytes, ese_record_lv_reference_encode(lids[i], bytes)};

        assert_int_equal(reference.size, i < 3 ? 4 : 8);
        assert_int_equal(ese_record_lv_reference(reference, &lid), JET_errSuccess);
        assert_int_equal(lid, lids[i]);
    }
    test_parse("0100000009040000", &old_root);
    test_parse("010000000904000001", &new_root);
    assert_int_equal(ese_record_lv_root_encode(&root, bytes), 8);
    assert_memory_equal(bytes, old_root.data, 8);
    root.is_encrypted = true;
    assert_int_equal(ese_record_lv_root_encode(&root, bytes), 9);
    assert_memory_equal(bytes, new_root.data, 9);
}

static void
test_record_limit__leaves_room_for_the_longest_key(void **unused)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
    static const uint32_t limits[] = {1741, 3789, 7885, 16037, 32421};
    static const uint32_t short_keys[] = {1743, 3791, 7887, 16287, 32671};

    (void)unused;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ese_record_limit(sizes[i], 255), limits[i]);
        assert_int_equal(ese_record_limit(sizes[i], 5), short_keys[i]);
    }
    assert_int_equal(ese_record_limit(16384, 4), 16288);
    assert_int_equal(ese_record_limit(32768, 4), 32672);
}

static void
test_record_lv_chunk_size__follows_the_page_size(void **unused)
{
    (void)unused;
    assert_int_equal(ese_record_lv_chunk_size(2048), 1966);
    assert_int_equal(ese_record_lv_chunk_size(4096), 4014);
    assert_int_equal(ese_record_lv_chunk_size(8192), 8110);
    assert_int_equal(ese_record_lv_chunk_size(16384), 4050);
    assert_int_equal(ese_record_lv_chunk_size(32768), 8150);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_lv_reference__reads_both_sizes),
        cmocka_unit_test(test_record_lv_reference__refuses_what_is_no_id),
        cmocka_unit_test(test_record_lv_key__has_the_size_of_its_generation),
        cmocka_unit_test(test_record_lv_split_key__tells_the_four_kinds),
        cmocka_unit_test(test_record_lv_split_key__refuses_other_bytes),
        cmocka_unit_test(test_record_lv_root_decode__reads_old_and_new_roots),
        cmocka_unit_test(test_record_lv_encode__writes_what_decode_reads),
        cmocka_unit_test(test_record_limit__leaves_room_for_the_longest_key),
        cmocka_unit_test(test_record_lv_chunk_size__follows_the_page_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
