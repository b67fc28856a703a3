/*
 * The check of a page's structure: each rule is broken once on a page that is good otherwise, and pages damaged at
 * random are read to the end when they pass (under the address sanitizer, every read out of bounds shows).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { PGNO = 77, N_MUTATIONS_PER_SIZE = 20000, N_LINES = 6 };

static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* On the heap with exactly its size, so that the sanitizer guards both ends. */
typedef struct fixture {
    uint8_t *bytes;
    page_builder builder;
    ese_page page;
} fixture;

static void
start(fixture *f, uint32_t size, uint32_t flags)
{
    f->bytes = malloc(size);
    assert_non_null(f->bytes);
    f->builder = page_builder_start(f->bytes, size, flags, PGNO);
    f->page = (ese_page){f->bytes, size, PGNO};
}

static void
expect(fixture *f, JET_ERR expected, const char *text)
{
    JET_ERR err = ese_page_verify(&f->page);

    if (err != expected)
        fail_msg("page size %u: %d instead of %d: %s", f->page.size, (int)err, (int)expected,
                 ese_err_text(err));
    if (text != NULL && strstr(ese_err_text(err), text) == NULL)
        fail_msg("page size %u: \"%s\" instead of \"%s\"", f->page.size, ese_err_text(err), text);
}

static void
finish(fixture *f)
{
    free(f->bytes);
    f->bytes = NULL;
}

/* A leaf with a prefix key and lines "prefixA".."prefixF", every second one compressed. */
static void
start_leaf(fixture *f, uint32_t size, uint32_t more_flags)
{
    start(f, size, ESE_PAGE_LEAF | more_flags);
    page_builder_add_external(&f->builder, "prefix-key", 10);
    for (int i = 0; i < N_LINES; i++) {
        char key[] = "prefix?";
        bool is_compressed = i % 2 != 0;

        key[6] = (char)('A' + i);
        page_builder_add_line(&f->builder,
                              (page_builder_line){.prefix_size = is_compressed ? 6 : 0,
                                                  .suffix = is_compressed ? key + 6 : key,
                                                  .suffix_size = is_compressed ? 1 : 7,
                                                  .data = "the data",
                                                  .data_size = 8});
    }
}

static void
add_separator(fixture *f, const char *key, ese_pgno child)
{
    uint8_t data[4];

    ese_store_le32(data, child);
    page_builder_add_line(&f->builder, (page_builder_line){.suffix = key,
                                                           .suffix_size = strlen(key),
                                                           .data = data,
                                                           .data_size = sizeof data});
}

static void
start_internal(fixture *f, uint32_t size)
{
    start(f, size, ESE_PAGE_PARENT_OF_LEAF);
    page_builder_add_external(&f->builder, NULL, 0);
    add_separator(f, "b", 100);
    add_separator(f, "c", 101);
    add_separator(f, "", 102);
}

static uint8_t *
tag_of(const fixture *f, unsigned tag)
{
    return f->bytes + f->page.size - 4 * (tag + 1);
}

static uint8_t *
node_of(const fixture *f, unsigned line)
{
    return f->bytes + f->builder.header +
           (ese_load_le16(tag_of(f, line + 1) + 2) & (f->page.size > 8192 ? 0x7fff : 0x1fff));
}

static void
add_to_le16(uint8_t *at, int n)
{
    ese_store_le16(at, (uint16_t)(ese_load_le16(at) + n));
}

static void
test_page_verify__accepts_pages_that_follow_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        fixture f;

        start_leaf(&f, sizes[i], 0);
        expect(&f, JET_errSuccess, NULL);
        finish(&f);
        start_internal(&f, sizes[i]);
        expect(&f, JET_errSuccess, NULL);
        finish(&f);
        start(&f, sizes[i], ESE_PAGE_LEAF | ESE_PAGE_ROOT); /* an empty tree */
        page_builder_add_external(&f.builder, "0123456789abcdef", 16);
        expect(&f, JET_errSuccess, NULL);
        finish(&f);
    }
}

static void
test_page_verify__accepts_freed_and_prepared_pages(void **state)
{
    fixture f;

    (void)state;
    start(&f, 4096, ESE_PAGE_LEAF | ESE_PAGE_EMPTY);
    page_builder_add_external(&f.builder, NULL, 0);
    expect(&f, JET_errSuccess, NULL);
    finish(&f);
    start(&f, 4096, ESE_PAGE_PRE_INIT);
    page_builder_settle(&f.builder);
    expect(&f, JET_errSuccess, NULL);
    finish(&f);
}

static void
test_page_verify__refuses_contradicting_flags(void **state)
{
    static const uint32_t contradictions[] = {
        ESE_PAGE_REPAIR,
        ESE_PAGE_PARENT_OF_LEAF,
        ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE,
        ESE_PAGE_EMPTY | ESE_PAGE_PRE_INIT,
        ESE_PAGE_EMPTY, /* with lines */
        ESE_PAGE_PRE_INIT,
    };

    (void)state;
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++) {
        fixture f;

        start_leaf(&f, 4096, contradictions[i]);
        expect(&f, JET_errDatabaseCorrupted, NULL);
        finish(&f);
    }
}

static void
test_page_verify__refuses_a_wrong_page_number(void **state)
{
    fixture f;

    (void)state;
    start_leaf(&f, 16384, 0);
    ese_store_le32(f.bytes + 64, PGNO + 1);
    expect(&f, JET_errDatabaseCorrupted, "number of another page");
    finish(&f);
}

static void
test_page_verify__refuses_wrong_space_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        fixture f;

        start_leaf(&f, sizes[i], 0);
        add_to_le16(f.bytes + 28, 1);
        expect(&f, JET_errDatabaseCorrupted, "free space");
        add_to_le16(f.bytes + 28, -2);
        expect(&f, JET_errDatabaseCorrupted, "free space");
        ese_store_le16(f.bytes + 28, 0xffff);
        expect(&f, JET_errDatabaseCorrupted, "free space");
        finish(&f);
        start_leaf(&f, sizes[i], 0);
        add_to_le16(f.bytes + 32, -1); /* the last line ends behind the used area */
        expect(&f, JET_errDatabaseCorrupted, "leaves the data area");
        ese_store_le16(f.bytes + 32, 0xffff);
        expect(&f, JET_errDatabaseCorrupted, "free space");
        finish(&f);
    }
}

static void
test_page_verify__refuses_wrong_tag_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        for (unsigned n = 0; n <= 0xfff; n++) {
            fixture f;

            if (n == N_LINES + 1)
                continue;
            start_leaf(&f, sizes[i], 0);
            ese_store_le16(f.bytes + 34, (uint16_t)n);
            expect(&f, JET_errDatabaseCorrupted, NULL);
            finish(&f);
        }
    }
}

static void
test_page_verify__refuses_missing_reserved_tags(void **state)
{
    fixture f;

    (void)state;
    start(&f, 4096, ESE_PAGE_LEAF);
    page_builder_add_external(&f.builder, NULL, 0);
    ese_store_le16(f.bytes + 34, 1 | 2 << 12);
    expect(&f, JET_errDatabaseCorrupted, "reserved tags");
    finish(&f);
}

static void
test_page_verify__counts_lines_behind_all_reserved_tags(void **state)
{
    fixture f;
    ese_page_node node;

    (void)state;
    start(&f, 4096, ESE_PAGE_LEAF);
    page_builder_add_external(&f.builder, "prefix", 6);
    page_builder_add_external(&f.builder, NULL, 0); /* the second reserved tag may be empty */
    page_builder_add_line(
        &f.builder,
        (page_builder_line){
            .prefix_size = 3, .suffix = "X", .suffix_size = 1, .data = "D", .data_size = 1});
    ese_store_le16(f.bytes + 34, 3 | 2 << 12);
    expect(&f, JET_errSuccess, NULL);
    assert_int_equal(ese_page_line_count(&f.page), 1);
    node = ese_page_line(&f.page, 0);
    assert_int_equal(ese_page_node_compare_key(&node, (ese_bytes){(const uint8_t *)"preX", 4}), 0);
    finish(&f);
}

static void
test_page_verify__refuses_tags_outside_the_data_area(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        uint16_t mask = sizes[i] > 8192 ? 0x7fff : 0x1fff;

        for (unsigned tag = 0; tag <= N_LINES; tag++) {
            fixture f;

            start_leaf(&f, sizes[i], 0);
            ese_store_le16(tag_of(&f, tag) + 2, mask);
            expect(&f, JET_errDatabaseCorrupted, "leaves the data area");
            finish(&f);
            start_leaf(&f, sizes[i], 0);
            ese_store_le16(tag_of(&f, tag), mask);
            expect(&f, JET_errDatabaseCorrupted, NULL);
            finish(&f);
        }
    }
}

static void
test_page_verify__refuses_an_empty_tag_far_outside(void **state)
{
    fixture f;

    (void)state;
    start(&f, 4096, ESE_PAGE_LEAF);
    page_builder_add_external(&f.builder, NULL, 0);
    ese_store_le16(tag_of(&f, 0) + 2, 0x1fff);
    expect(&f, JET_errDatabaseCorrupted, "leaves the data area");
    finish(&f);
}

static void
test_page_verify__refuses_overlapping_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        for (int shift = -14; shift <= -1; shift++) {
            fixture f;

            start_leaf(&f, sizes[i], 0);
            add_to_le16(tag_of(&f, 3) + 2, shift);
            expect(&f, JET_errDatabaseCorrupted, "overlaps");
            finish(&f);
        }
    }
}

static void
test_page_verify__refuses_a_line_without_bytes(void **state)
{
    fixture f;
    uint16_t size;

    (void)state;
    start_leaf(&f, 4096, 0);
    size = ese_load_le16(tag_of(&f, 2));
    ese_store_le16(tag_of(&f, 2), 0);
    add_to_le16(f.bytes + 28, size);
    expect(&f, JET_errDatabaseCorrupted, "line 1: the line is empty");
    finish(&f);
}

static void
test_page_verify__refuses_sizes_that_leave_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        uint16_t flag_bits = sizes[i] > 8192 ? (uint16_t)(ESE_PAGE_NODE_COMPRESSED << 13) : 0;
        fixture f;

        start_leaf(&f, sizes[i], 0);
        ese_store_le16(node_of(&f, 0), 15); /* all of the line: nothing is left for data */
        expect(&f, JET_errDatabaseCorrupted, "line 0: the key leaves no room");
        ese_store_le16(node_of(&f, 0), 0x1fff);
        expect(&f, JET_errDatabaseCorrupted, "line 0: the key leaves no room");
        finish(&f);
        start_leaf(&f, sizes[i], 0);
        ese_store_le16(node_of(&f, 1), (uint16_t)(11 | flag_bits)); /* tag 0 has ten bytes */
        expect(&f, JET_errDatabaseCorrupted, "line 1: the prefix");
        finish(&f);
    }
}

static void
test_page_verify__refuses_nodes_shorter_than_their_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        for (uint16_t size = 1; size <= 3; size++) {
            fixture f;

            start(&f, sizes[i], ESE_PAGE_LEAF);
            page_builder_add_external(&f.builder, "abc", 3);
            page_builder_add_line(
                &f.builder,
                (page_builder_line){.prefix_size = 3, .suffix = "", .data = "D", .data_size = 1});
            expect(&f, JET_errSuccess, NULL);
            ese_store_le16(tag_of(&f, 1), size);
            add_to_le16(f.bytes + 28, 5 - size);
            expect(&f, JET_errDatabaseCorrupted, "line 0: the node is cut off");
            finish(&f);
        }
    }
}

static void
test_page_verify__refuses_compressed_keys_on_a_root(void **state)
{
    fixture f;

    (void)state;
    start_leaf(&f, 4096, ESE_PAGE_ROOT);
    expect(&f, JET_errDatabaseCorrupted, "line 1: a key is compressed on a root");
    finish(&f);
}

static void
test_page_verify__refuses_keys_out_of_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIZES; i++) {
        for (unsigned line = 1; line < N_LINES; line++) {
            uint8_t tags[8];
            fixture f;

            start_leaf(&f, sizes[i], 0);
            memcpy(tags, tag_of(&f, line + 1), 8); /* of this line and the one before: swapped */
            memcpy(tag_of(&f, line + 1), tags + 4, 4);
            memcpy(tag_of(&f, line), tags, 4);
            expect(&f, JET_errDatabaseCorrupted, "out of order");
            memcpy(tag_of(&f, line), tag_of(&f, line + 1), 4); /* one line twice */
            expect(&f, JET_errDatabaseCorrupted, NULL);
            finish(&f);
        }
    }
}

static void
add_row(fixture *f, const char *key, const char *data)
{
    page_builder_add_line(&f->builder, (page_builder_line){.suffix = key,
                                                           .suffix_size = strlen(key),
                                                           .data = data,
                                                           .data_size = strlen(data)});
}

static void
test_page_verify__orders_equal_keys_by_data_only_in_non_unique_trees(void **state)
{
    static const struct {
        uint32_t flags;
        const char *data[2];
        JET_ERR expected;
    } cases[] = {
        {0, {"1", "2"}, JET_errDatabaseCorrupted},
        {ESE_PAGE_NON_UNIQUE, {"1", "2"}, JET_errSuccess},
        {ESE_PAGE_NON_UNIQUE, {"1", "11"}, JET_errSuccess},
        {ESE_PAGE_NON_UNIQUE, {"1", "1"}, JET_errDatabaseCorrupted},
        {ESE_PAGE_NON_UNIQUE, {"2", "1"}, JET_errDatabaseCorrupted},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;

        start(&f, 4096, ESE_PAGE_LEAF | ESE_PAGE_INDEX | cases[i].flags);
        page_builder_add_external(&f.builder, NULL, 0);
        add_row(&f, "key", cases[i].data[0]);
        add_row(&f, "key", cases[i].data[1]);
        expect(&f, cases[i].expected, NULL);
        finish(&f);
    }
}

static void
test_page_verify__refuses_empty_keys_but_the_infinite_one(void **state)
{
    fixture f;

    (void)state;
    start(&f, 4096, ESE_PAGE_LEAF);
    page_builder_add_external(&f.builder, NULL, 0);
    add_row(&f, "", "data");
    expect(&f, JET_errDatabaseCorrupted, "the key is empty");
    finish(&f);
    start(&f, 4096, ESE_PAGE_PARENT_OF_LEAF);
    page_builder_add_external(&f.builder, NULL, 0);
    add_separator(&f, "", 100);
    add_separator(&f, "b", 101);
    expect(&f, JET_errDatabaseCorrupted, "line 0: the key is empty");
    finish(&f);
}

static void
test_page_verify__refuses_keys_that_are_too_long(void **state)
{
    static char key[ESE_PAGE_KEY_MAX + 1];

    (void)state;
    for (size_t size = ESE_PAGE_KEY_MAX; size <= ESE_PAGE_KEY_MAX + 1; size++) {
        fixture f;

        memset(key, 'k', sizeof key);
        start(&f, 8192, ESE_PAGE_LEAF);
        page_builder_add_external(&f.builder, NULL, 0);
        page_builder_add_line(
            &f.builder,
            (page_builder_line){.suffix = key, .suffix_size = size, .data = "D", .data_size = 1});
        expect(&f, size <= ESE_PAGE_KEY_MAX ? JET_errSuccess : JET_errDatabaseCorrupted, NULL);
        finish(&f);
    }
}

static void
test_page_verify__refuses_internal_pages_without_children(void **state)
{
    static const ese_pgno no_children[] = {0, PGNO, ESE_PAGE_PGNO_MAX + 1, 0xffffffff};
    fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof no_children / sizeof no_children[0]; i++) {
        start(&f, 4096, ESE_PAGE_PARENT_OF_LEAF);
        page_builder_add_external(&f.builder, NULL, 0);
        add_separator(&f, "", no_children[i]);
        expect(&f, JET_errDatabaseCorrupted, "child");
        finish(&f);
    }
    start(&f, 4096, 0);
    page_builder_add_external(&f.builder, NULL, 0);
    add_row(&f, "a", "12345");
    expect(&f, JET_errDatabaseCorrupted, "not a page number");
    finish(&f);
    start(&f, 4096, 0);
    page_builder_add_external(&f.builder, NULL, 0);
    expect(&f, JET_errDatabaseCorrupted, "no lines");
    finish(&f);
}

static volatile uint8_t sink; /* makes reads happen */

/* Everything a reader does with a page that passed. */
static void
read_everything(const ese_page *page)
{
    uint8_t before[ESE_PAGE_KEY_MAX], key[ESE_PAGE_KEY_MAX];
    size_t n_before = 0;
    ese_bytes external = ese_page_external_header(page);
    bool is_leaf = (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;

    for (size_t i = 0; i < external.size; i++)
        sink = external.data[i];
    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        ese_page_node node = ese_page_line(page, line);
        size_t n = ese_page_node_copy_key(&node, key, sizeof key);

        assert_true(n <= sizeof key);
        assert_true(node.data.size > 0);
        for (size_t i = 0; i < node.data.size; i++)
            sink = node.data.data[i];
        if (line > 0 && n != 0)
            assert_true(ese_bytes_compare((ese_bytes){before, n_before}, (ese_bytes){key, n}) <= 0);
        if (!is_leaf)
            node.data = (ese_bytes){NULL, 0};
        if (n != 0)
            assert_int_equal(ese_page_find_ge(page, (ese_bytes){key, n}, node.data), line);
        memcpy(before, key, n);
        n_before = n;
    }
}

static void
mutate(fixture *f, uint64_t *seed)
{
    unsigned n = 1 + (unsigned)(page_builder_random(seed) % 3);

    for (unsigned i = 0; i < n; i++) {
        uint64_t r = page_builder_random(seed);
        uint32_t used = f->builder.header + f->builder.used;
        uint32_t tags = 4 * f->builder.n_tags;
        uint32_t at = r % 3 == 0   ? (uint32_t)(r >> 8) % used
                      : r % 3 == 1 ? f->page.size - 1 - (uint32_t)(r >> 8) % tags
                                   : 28 + (uint32_t)(r >> 8) % 12;

        if ((r >> 40) % 4 == 0)
            f->bytes[at] = (uint8_t)(r >> 48);
        else
            f->bytes[at] = (uint8_t)(f->bytes[at] ^ 1u << (r >> 48) % 8);
    }
}

/* Moves the free space to what the tags say, so that damage gets past the first sum. */
static void
settle_sum(fixture *f)
{
    unsigned n_tags = ese_page_tag_count(&f->page);
    unsigned area = f->page.size - f->builder.header;
    unsigned sum = 4 * n_tags;

    for (unsigned i = 0; i < n_tags && 4 * n_tags < area; i++)
        sum += ese_load_le16(tag_of(f, i)) & (f->page.size > 8192 ? 0x7fff : 0x1fff);
    ese_store_le16(f->bytes + 28, (uint16_t)(area - sum));
}

static void
test_page_verify__passes_nothing_that_cannot_be_read_safely(void **state)
{
    const char *given = getenv("ESE_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 1;
    unsigned n_passed = 0;

    (void)state;
    printf("ESE_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < N_SIZES; i++) {
        for (int n = 0; n < N_MUTATIONS_PER_SIZE; n++) {
            fixture f;

            if (n % 4 == 0)
                start_internal(&f, sizes[i]);
            else
                start_leaf(&f, sizes[i], n % 4 == 1 ? ESE_PAGE_NON_UNIQUE : 0);
            mutate(&f, &seed);
            if (n % 3 != 0)
                settle_sum(&f);
            if (ese_page_verify(&f.page) == JET_errSuccess) {
                read_everything(&f.page);
                n_passed++;
            }
            finish(&f);
        }
    }
    assert_in_range(n_passed, N_MUTATIONS_PER_SIZE / 10, 4 * N_MUTATIONS_PER_SIZE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_verify__accepts_pages_that_follow_the_rules),
        cmocka_unit_test(test_page_verify__accepts_freed_and_prepared_pages),
        cmocka_unit_test(test_page_verify__refuses_contradicting_flags),
        cmocka_unit_test(test_page_verify__refuses_a_wrong_page_number),
        cmocka_unit_test(test_page_verify__refuses_wrong_space_counts),
        cmocka_unit_test(test_page_verify__refuses_wrong_tag_counts),
        cmocka_unit_test(test_page_verify__refuses_missing_reserved_tags),
        cmocka_unit_test(test_page_verify__counts_lines_behind_all_reserved_tags),
        cmocka_unit_test(test_page_verify__refuses_tags_outside_the_data_area),
        cmocka_unit_test(test_page_verify__refuses_an_empty_tag_far_outside),
        cmocka_unit_test(test_page_verify__refuses_overlapping_lines),
        cmocka_unit_test(test_page_verify__refuses_a_line_without_bytes),
        cmocka_unit_test(test_page_verify__refuses_sizes_that_leave_their_line),
        cmocka_unit_test(test_page_verify__refuses_nodes_shorter_than_their_sizes),
        cmocka_unit_test(test_page_verify__refuses_compressed_keys_on_a_root),
        cmocka_unit_test(test_page_verify__refuses_keys_out_of_order),
        cmocka_unit_test(test_page_verify__orders_equal_keys_by_data_only_in_non_unique_trees),
        cmocka_unit_test(test_page_verify__refuses_empty_keys_but_the_infinite_one),
        cmocka_unit_test(test_page_verify__refuses_keys_that_are_too_long),
        cmocka_unit_test(test_page_verify__refuses_internal_pages_without_children),
        cmocka_unit_test(test_page_verify__passes_nothing_that_cannot_be_read_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
