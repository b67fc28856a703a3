/* Keys of a page: decoded, copied, compared and searched, against a reference that puts every key together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_builder.h"

#include <stdlib.h>

enum { MAX_LINES = 400, MAX_KEY = 40, PGNO = 5, N_PAGES = 300, N_SEEKS = 60 };

typedef struct test_row {
    uint8_t key[MAX_KEY];
    size_t key_size;
    uint8_t data[8];
    size_t data_size;
} test_row;

typedef struct fixture {
    uint8_t *bytes;
    ese_page page;
    test_row rows[MAX_LINES];
    unsigned n_rows;
} fixture;

static ese_bytes
key_of(const test_row *row)
{
    return (ese_bytes){row->key, row->key_size};
}

static ese_bytes
data_of(const test_row *row)
{
    return (ese_bytes){row->data, row->data_size};
}

static int
compare_rows(const void *a, const void *b)
{
    int order = ese_bytes_compare(key_of(a), key_of(b));

    return order != 0 ? order : ese_bytes_compare(data_of(a), data_of(b));
}

/* Keys over a small alphabet, so that equal beginnings, zero bytes and proper prefixes are common. */
static void
make_row(test_row *row, uint64_t *seed, bool has_child)
{
    uint64_t r = page_builder_random(seed);
    size_t longest = r % 4 == 0 ? MAX_KEY : 1 + r % 12;

    row->key_size = 1 + (size_t)(r >> 8) % longest;
    for (size_t i = 0; i < row->key_size; i++) {
        static const uint8_t alphabet[4] = {0, 0, 0, 0x7f};

        row->key[i] = i < 12 ? alphabet[page_builder_random(seed) % 4]
                             : (uint8_t)(page_builder_random(seed) % 3);
    }
    row->data_size = has_child ? 4 : 1 + (size_t)(r >> 16) % sizeof row->data;
    for (size_t i = 0; i < row->data_size; i++)
        row->data[i] = (uint8_t)(1 + page_builder_random(seed) % 3);
}

static void
make_rows(fixture *f, unsigned n, uint32_t flags, uint64_t *seed)
{
    bool is_leaf = (flags & ESE_PAGE_LEAF) != 0;
    unsigned kept = 0;

    for (unsigned i = 0; i < n; i++)
        make_row(&f->rows[i], seed, !is_leaf);
    qsort(f->rows, n, sizeof f->rows[0], compare_rows);
    for (unsigned i = 0; i < n; i++) {
        bool is_same = kept > 0 && ((flags & ESE_PAGE_NON_UNIQUE) != 0 && is_leaf
                                        ? compare_rows(&f->rows[kept - 1], &f->rows[i]) == 0
                                        : ese_bytes_compare(key_of(&f->rows[kept - 1]),
                                                            key_of(&f->rows[i])) == 0);

        if (!is_same)
            f->rows[kept++] = f->rows[i];
    }
    f->n_rows = kept;
}

/* The longest prefix shared with tag 0, or sometimes less, or none. */
static size_t
choose_prefix(const test_row *row, const uint8_t *prefix_key, size_t prefix_key_size,
              uint64_t *seed)
{
    size_t n = 0;
    uint64_t r = page_builder_random(seed);

    while (n < row->key_size && n < prefix_key_size && row->key[n] == prefix_key[n])
        n++;
    if (r % 5 == 0)
        return 0;
    return r % 5 == 1 ? n / 2 : n;
}

static void
start(fixture *f, uint32_t size, uint32_t flags, unsigned n, uint64_t *seed)
{
    page_builder b;
    test_row middle;

    make_rows(f, n, flags, seed);
    middle = f->rows[f->n_rows / 2];
    f->bytes = malloc(size);
    assert_non_null(f->bytes);
    b = page_builder_start(f->bytes, size, flags, PGNO);
    page_builder_add_external(&b, middle.key, middle.key_size);
    for (unsigned i = 0; i < f->n_rows; i++) {
        test_row *row = &f->rows[i];
        size_t n_prefix = choose_prefix(row, middle.key, middle.key_size, seed);
        page_builder_line line = {.prefix_size = n_prefix,
                                  .suffix = row->key + n_prefix,
                                  .suffix_size = row->key_size - n_prefix,
                                  .data = row->data,
                                  .data_size = row->data_size,
                                  .flags = (uint8_t)(i % 4)};

        if (!page_builder_has_room(&b, page_builder_line_size(&line))) {
            f->n_rows = i;
            break;
        }
        page_builder_add_line(&b, line);
    }
    if ((flags & ESE_PAGE_LEAF) == 0 && f->n_rows % 2 != 0 && page_builder_has_room(&b, 6))
        page_builder_add_line(&b, (page_builder_line){.data = "\1\1\1\1", .data_size = 4});
    f->page = (ese_page){f->bytes, size, PGNO};
    if (ese_page_verify(&f->page) != JET_errSuccess)
        fail_msg("%s", ese_err_text(JET_errDatabaseCorrupted));
}

static int
sign(int order)
{
    return (order > 0) - (order < 0);
}

/* Order of a row relative to what is sought, by definition. */
static int
reference_order(const test_row *row, uint32_t flags, ese_bytes key, ese_bytes data)
{
    uint8_t joined[2 * MAX_KEY + 16];
    bool has_data = data.data != NULL && (flags & ESE_PAGE_NON_UNIQUE) != 0;
    int order = ese_bytes_compare(key_of(row), key);

    if (!has_data)
        return order;
    if ((flags & ESE_PAGE_LEAF) != 0)
        return order != 0 ? order : ese_bytes_compare(data_of(row), data);
    memcpy(joined, key.data, key.size);
    memcpy(joined + key.size, data.data, data.size);
    return ese_bytes_compare(key_of(row), (ese_bytes){joined, key.size + data.size});
}

static void
expect_found(const fixture *f, ese_bytes key, ese_bytes data)
{
    uint32_t flags = ese_page_flags(&f->page);
    unsigned ge = 0, gt = 0;

    while (ge < f->n_rows && reference_order(&f->rows[ge], flags, key, data) < 0)
        ge++;
    gt = ge;
    while (gt < f->n_rows && reference_order(&f->rows[gt], flags, key, data) == 0)
        gt++;
    assert_int_equal(ese_page_find_ge(&f->page, key, data), ge);
    assert_int_equal(ese_page_find_gt(&f->page, key, data), gt);
    for (unsigned line = ge == 0 ? 0 : ge - 1;
         (flags & ESE_PAGE_LEAF) != 0 && line <= gt + 1 && line <= f->n_rows; line++)
        assert_int_equal(ese_page_is_between(&f->page, line, key, data), line == ge && line == gt);
}

static void
check_lines(const fixture *f)
{
    for (unsigned i = 0; i < f->n_rows; i++) {
        ese_page_node node = ese_page_line(&f->page, i);
        uint8_t key[MAX_KEY];

        assert_int_equal(ese_page_node_key_size(&node), f->rows[i].key_size);
        assert_int_equal(ese_page_node_copy_key(&node, key, sizeof key), f->rows[i].key_size);
        assert_memory_equal(key, f->rows[i].key, f->rows[i].key_size);
        assert_int_equal(node.data.size, f->rows[i].data_size);
        assert_memory_equal(node.data.data, f->rows[i].data, f->rows[i].data_size);
        assert_int_equal(node.flags & 3, i % 4);
    }
}

static void
check_comparisons(const fixture *f, uint64_t *seed)
{
    for (int i = 0; i < N_SEEKS; i++) {
        const test_row *row = &f->rows[page_builder_random(seed) % f->n_rows];
        unsigned line = (unsigned)(page_builder_random(seed) % f->n_rows);
        ese_page_node node = ese_page_line(&f->page, line);

        assert_int_equal(sign(ese_page_node_compare_key(&node, key_of(row))),
                         sign(ese_bytes_compare(key_of(&f->rows[line]), key_of(row))));
    }
}

static void
check_searches(const fixture *f, uint64_t *seed)
{
    bool is_leaf = (ese_page_flags(&f->page) & ESE_PAGE_LEAF) != 0;
    ese_bytes no_data = {NULL, 0};

    for (int i = 0; i < N_SEEKS; i++) {
        const test_row *there = &f->rows[page_builder_random(seed) % f->n_rows];
        test_row other;

        make_row(&other, seed, !is_leaf);
        expect_found(f, key_of(there), no_data);
        expect_found(f, key_of(there), data_of(there));
        expect_found(f, key_of(there), data_of(&other));
        expect_found(f, key_of(&other), no_data);
        expect_found(f, key_of(&other), data_of(&other));
        expect_found(f, (ese_bytes){there->key, there->key_size / 2}, no_data);
        expect_found(
            f, (ese_bytes){there->key, there->key_size / 2}, /* key and data meet inside */
            (ese_bytes){there->key + there->key_size / 2, there->key_size - there->key_size / 2});
    }
    expect_found(f, no_data, no_data);
}

static void
run(uint32_t flags)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
    uint64_t seed = 31 + flags;

    for (unsigned i = 0; i < N_PAGES; i++) {
        static fixture f;
        unsigned n = 1 + (unsigned)(page_builder_random(&seed) % (i % 2 != 0 ? MAX_LINES : 12));

        start(&f, sizes[i % 5], flags, n, &seed);
        check_lines(&f);
        check_comparisons(&f, &seed);
        check_searches(&f, &seed);
        free(f.bytes);
    }
}

static void
test_page_find__agrees_with_the_definition_on_unique_leaves(void **state)
{
    (void)state;
    run(ESE_PAGE_LEAF);
}

static void
test_page_find__agrees_with_the_definition_on_non_unique_leaves(void **state)
{
    (void)state;
    run(ESE_PAGE_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE);
}

static void
test_page_find__agrees_with_the_definition_on_unique_internal_pages(void **state)
{
    (void)state;
    run(ESE_PAGE_PARENT_OF_LEAF);
}

static void
test_page_find__agrees_with_the_definition_on_non_unique_internal_pages(void **state)
{
    (void)state;
    run(ESE_PAGE_PARENT_OF_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE);
}

static void
test_page_find__finds_nothing_on_an_empty_page(void **state)
{
    uint8_t bytes[4096];
    page_builder b = page_builder_start(bytes, sizeof bytes, ESE_PAGE_LEAF | ESE_PAGE_ROOT, PGNO);
    ese_page page = {bytes, sizeof bytes, PGNO};
    ese_bytes key = {(const uint8_t *)"k", 1}, none = {NULL, 0};

    (void)state;
    page_builder_add_external(&b, "0123456789abcdef", 16);
    assert_int_equal(ese_page_verify(&page), JET_errSuccess);
    assert_int_equal(ese_page_line_count(&page), 0);
    assert_int_equal(ese_page_find_ge(&page, key, none), 0);
    assert_int_equal(ese_page_find_gt(&page, none, none), 0);
}

static void
test_page_find__takes_an_infinite_separator_for_greater_than_everything(void **state)
{
    uint8_t bytes[8192], longest[ESE_PAGE_KEY_MAX];
    page_builder b = page_builder_start(bytes, sizeof bytes, ESE_PAGE_PARENT_OF_LEAF, PGNO);
    ese_page page = {bytes, sizeof bytes, PGNO};
    ese_bytes key = {longest, sizeof longest}, none = {NULL, 0};

    (void)state;
    memset(longest, 0xff, sizeof longest);
    page_builder_add_external(&b, NULL, 0);
    page_builder_add_line(
        &b,
        (page_builder_line){.suffix = "m", .suffix_size = 1, .data = "\x07\0\0\0", .data_size = 4});
    page_builder_add_line(&b, (page_builder_line){.data = "\x08\0\0\0", .data_size = 4});
    assert_int_equal(ese_page_verify(&page), JET_errSuccess);
    assert_int_equal(ese_page_find_gt(&page, key, none), 1);
    assert_int_equal(ese_page_find_gt(&page, none, none), 0);
    assert_int_equal(ese_page_find_gt(&page, (ese_bytes){(const uint8_t *)"m", 1}, none), 1);
    assert_int_equal(ese_page_find_gt(&page, (ese_bytes){(const uint8_t *)"lzzz", 4}, none), 0);
}

static void
test_page_find__accepts_keys_longer_than_any_on_the_page(void **state)
{
    uint8_t bytes[8192];
    static uint8_t stored[ESE_PAGE_KEY_MAX], sought[2 * ESE_PAGE_KEY_MAX];
    page_builder b = page_builder_start(bytes, sizeof bytes,
                                        ESE_PAGE_PARENT_OF_LEAF | ESE_PAGE_NON_UNIQUE, PGNO);
    ese_page page = {bytes, sizeof bytes, PGNO};
    ese_bytes none = {NULL, 0};

    (void)state;
    page_builder_add_external(&b, NULL, 0);
    page_builder_add_line(&b, (page_builder_line){.suffix = stored,
                                                  .suffix_size = sizeof stored,
                                                  .data = "\x07\0\0\0",
                                                  .data_size = 4});
    assert_int_equal(ese_page_verify(&page), JET_errSuccess);
    assert_int_equal(ese_page_find_ge(&page, (ese_bytes){sought, sizeof sought}, none), 1);
    for (size_t n = 0; n <= sizeof sought; n += 251) /* all zeros, cut into key and data anywhere */
        assert_int_equal(
            ese_page_find_ge(&page, (ese_bytes){sought, n}, (ese_bytes){sought, sizeof sought - n}),
            1);
    assert_int_equal(
        ese_page_find_ge(&page, (ese_bytes){sought, 100}, (ese_bytes){sought, sizeof stored - 100}),
        0);
}

static void
test_page_node_copy_key__fills_no_more_than_its_room(void **state)
{
    static const uint8_t prefix[] = "abc", suffix[] = "defg";
    ese_page_node node = {.prefix = {prefix, 3}, .suffix = {suffix, 4}};

    (void)state;
    for (size_t room = 0; room <= 9; room++) {
        uint8_t to[10];
        size_t n = room < 7 ? room : 7;

        memset(to, '#', sizeof to);
        assert_int_equal(ese_page_node_copy_key(&node, to, room), 7);
        assert_memory_equal(to, "abcdefg", n);
        assert_int_equal(to[n], '#');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_find__agrees_with_the_definition_on_unique_leaves),
        cmocka_unit_test(test_page_find__agrees_with_the_definition_on_non_unique_leaves),
        cmocka_unit_test(test_page_find__agrees_with_the_definition_on_unique_internal_pages),
        cmocka_unit_test(test_page_find__agrees_with_the_definition_on_non_unique_internal_pages),
        cmocka_unit_test(test_page_find__finds_nothing_on_an_empty_page),
        cmocka_unit_test(test_page_find__takes_an_infinite_separator_for_greater_than_everything),
        cmocka_unit_test(test_page_find__accepts_keys_longer_than_any_on_the_page),
        cmocka_unit_test(test_page_node_copy_key__fills_no_more_than_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
