/*
 * Links that lead in circles and lengths that lie, all under right checksums. Reading everything comes to an end, in bounded memory; what
 * it meets is an error, or in a damaged read a problem told; and what is shown is consistent in itself.
 */
#include "api_test.h"

#include <stdio.h>

#include "test_fixture.h"
#include "test_image.h"
#include "test_reader.h"

enum {
    CACHE_BYTES = 8 << 20,
    PREV = 16,
    NEXT = 20,
    OBJID = 24,
    FLAGS = 36,
    CATALOG_ROOT = 4,
    CATALOG_LEAVES = 13, /* the first of three */
    OWNED_ROOT = 2,
    AVAILABLE_ROOT = 3,
};

/* Pages of the fixture, as its catalog tells them; found anew for each test. */
typedef struct scene {
    test_image image;
    test_reader reader;
    ese_pgno notes, values, types, long_values;
} scene;

/* ---- damage ---- */

static void
set_u32(const scene *s, ese_pgno pgno, size_t at, uint32_t value)
{
    ese_store_le32(test_image_page(&s->image, pgno) + at, value);
    test_image_seal_page(&s->image, pgno);
}

static ese_page
view(const scene *s, ese_pgno pgno)
{
    return (ese_page){test_image_page(&s->image, pgno), s->image.page_size, pgno};
}

/* The bytes of a line, to be written to. */
static uint8_t *
line_data(const scene *s, ese_pgno pgno, unsigned line, size_t *size_out)
{
    ese_page page = view(s, pgno);
    ese_page_node node;

    assert_true(line < ese_page_line_count(&page));
    node = ese_page_line(&page, line);
    *size_out = node.data.size;
    return s->image.bytes + (node.data.data - s->image.bytes);
}

static void
set_child(const scene *s, ese_pgno pgno, unsigned line, ese_pgno child)
{
    size_t size;

    ese_store_le32(line_data(s, pgno, line, &size), child);
    test_image_seal_page(&s->image, pgno);
}

/* Makes `to` a copy of `from` with other flags: an internal page below the root, for example. */
static void
copy_page(const scene *s, ese_pgno to, ese_pgno from, uint32_t flags)
{
    memcpy(test_image_page(&s->image, to), test_image_page(&s->image, from), s->image.page_size);
    set_u32(s, to, FLAGS, (ese_load_le32(test_image_page(&s->image, to) + FLAGS) & ~7u) | flags);
}

static void
leaf_next_to_itself(const scene *s)
{
    set_u32(s, CATALOG_LEAVES, NEXT, CATALOG_LEAVES);
}

static void
leaf_before_itself(const scene *s)
{
    set_u32(s, CATALOG_LEAVES + 2, PREV, CATALOG_LEAVES + 2);
}

static void
leaves_in_a_ring(const scene *s)
{
    set_u32(s, CATALOG_LEAVES + 2, NEXT, CATALOG_LEAVES);
    set_u32(s, CATALOG_LEAVES, PREV, CATALOG_LEAVES + 2);
}

static void
leaf_next_to_no_page(const scene *s)
{
    set_u32(s, CATALOG_LEAVES, NEXT, 0xffffffff);
}

static void
root_below_itself(const scene *s)
{
    set_child(s, CATALOG_ROOT, 1, CATALOG_ROOT);
}

static void
internal_page_below_itself(const scene *s)
{
    copy_page(s, CATALOG_LEAVES, CATALOG_ROOT, 0);
    set_u32(s, CATALOG_ROOT, FLAGS,
            ese_load_le32(test_image_page(&s->image, CATALOG_ROOT) + FLAGS) &
                ~(uint32_t)ESE_PAGE_PARENT_OF_LEAF);
    for (unsigned line = 0; line < 3; line++)
        set_child(s, CATALOG_LEAVES, line, CATALOG_LEAVES);
}

static void
all_children_the_same(const scene *s)
{
    for (unsigned line = 0; line < 3; line++)
        set_child(s, CATALOG_ROOT, line, CATALOG_LEAVES + 1);
}

static void
children_beyond_the_file(const scene *s)
{
    set_child(s, CATALOG_ROOT, 0, 0);
    set_child(s, CATALOG_ROOT, 1, 0x7fefffff);
    set_child(s, CATALOG_ROOT, 2, 0xffffffff);
}

static void
space_tree_below_itself(const scene *s)
{
    copy_page(s, AVAILABLE_ROOT, CATALOG_ROOT, ESE_PAGE_ROOT | ESE_PAGE_PARENT_OF_LEAF);
    set_u32(s, AVAILABLE_ROOT, FLAGS,
            ese_load_le32(test_image_page(&s->image, AVAILABLE_ROOT) + FLAGS) | ESE_PAGE_SPACE);
    set_u32(s, AVAILABLE_ROOT, OBJID, 1);
    for (unsigned line = 0; line < 3; line++)
        set_child(s, AVAILABLE_ROOT, line, AVAILABLE_ROOT);
}

static void
extents_without_measure(const scene *s)
{
    size_t size;

    ese_store_le32(line_data(s, OWNED_ROOT, 0, &size), 0xffffffff);
    test_image_seal_page(&s->image, OWNED_ROOT);
}

static void
trees_that_share_a_root(const scene *s)
{
    copy_page(s, s->values, s->notes, ESE_PAGE_ROOT | ESE_PAGE_LEAF);
}

/* Every byte of the head of the records, one value after the other: last ids, end of the fixed part, first ends and entries. */
static void
spoil_records(const scene *s, ese_pgno pgno, size_t from, uint8_t value)
{
    ese_page page = view(s, pgno);

    for (unsigned line = 0; line < ese_page_line_count(&page); line++) {
        size_t size;
        uint8_t *data = line_data(s, pgno, line, &size);

        for (size_t at = from; at < size && at < from + 2; at++)
            data[at] = value;
    }
    test_image_seal_page(&s->image, pgno);
}

/* ---- reading ---- */

static ese_pgno
find_root(const scene *s, uint32_t kind, unsigned n_lines)
{
    for (ese_pgno pgno = 29; pgno <= s->image.size / s->image.page_size - 2; pgno++) {
        ese_page page = view(s, pgno);
        uint32_t kinds = ESE_PAGE_ROOT | ESE_PAGE_SPACE | ESE_PAGE_INDEX | ESE_PAGE_LONG_VALUE;

        if ((ese_page_flags(&page) & kinds) == (kind | ESE_PAGE_ROOT) &&
            ese_page_objid(&page) >= 8 && ese_page_line_count(&page) == n_lines)
            return pgno;
    }
    fail_msg("the fixture has no such tree");
    return 0;
}

static bool
begin(scene *s)
{
    const char *fixture = test_fixture("small-4k.edb");

    memset(s, 0, sizeof *s);
    if (fixture == NULL)
        return false;
    assert_true(test_image_open(&s->image, fixture));
    assert_true(test_reader_begin(&s->reader, CACHE_BYTES));
    s->notes = find_root(s, 0, 8);
    s->values = find_root(s, 0, 3);
    s->types = find_root(s, 0, 9);
    s->long_values = find_root(s, ESE_PAGE_LONG_VALUE, 2);
    return true;
}

static void
end(scene *s)
{
    test_reader_end(&s->reader);
    test_image_close(&s->image);
}

static void
read_both(scene *s, bool is_met)
{
    (void)test_reader_read(&s->reader, s->image.path, 0);
    if (s->reader.n_strange != 0)
        fail_msg("%s", s->reader.strange_text);
    if (is_met)
        assert_true(s->reader.n_errors != 0);
    if (s->reader.error_text[0] != '\0' && strstr(s->reader.error_text, s->image.path) == NULL)
        fail_msg("\"%s\" names no file", s->reader.error_text);
    (void)test_reader_read(&s->reader, s->image.path, ESE_bitDbReadDamaged);
    if (s->reader.n_strange != 0)
        fail_msg("damaged: %s", s->reader.strange_text);
}

typedef struct damage_case {
    const char *name;
    void (*inflict)(const scene *s);
    bool
        is_told; /* a damaged read has something to tell, too: links between leaves it does not look at */
} damage_case;

static void
test_api_links__circles_come_to_an_end(void **state)
{
    static const damage_case cases[] = {
        {"leaf next to itself", leaf_next_to_itself, false},
        {"leaf before itself", leaf_before_itself, false},
        {"leaves in a ring", leaves_in_a_ring, false},
        {"leaf next to no page", leaf_next_to_no_page, false},
        {"root below itself", root_below_itself, true},
        {"internal page below itself", internal_page_below_itself, true},
        {"all children the same", all_children_the_same, true},
        {"children beyond the file", children_beyond_the_file, true},
        {"space tree below itself", space_tree_below_itself, false},
        {"extents without measure", extents_without_measure, false},
        {"trees that share a root", trees_that_share_a_root, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene s;

        if (!begin(&s))
            skip();
        cases[i].inflict(&s);
        print_message("%s\n", cases[i].name);
        read_both(&s, true);
        if (cases[i].is_told)
            assert_true(s.reader.n_problems != 0);
        end(&s);
    }
}

static void
test_api_lengths__of_records_are_not_believed(void **state)
{
    static const uint8_t values[] = {0, 1, 4, 0x7f, 0x80, 0xff};
    scene s;

    (void)state;
    if (!begin(&s))
        skip();
    for (size_t i = 0; i < sizeof values; i++) {
        for (size_t from = 0; from < 100; from += 3) {
            const ese_pgno pages[] = {s.notes, s.values, s.types};
            ese_pgno pgno = pages[from % 3];
            uint8_t before[4096];

            memcpy(before, test_image_page(&s.image, pgno), sizeof before);
            spoil_records(&s, pgno, from, values[i]);
            read_both(&s, false);
            memcpy(test_image_page(&s.image, pgno), before, sizeof before);
            test_image_seal_page(&s.image, pgno);
        }
    }
    end(&s);
}

/* A long value that claims four gigabytes: an error after what there really is, and not the memory for it. */
static void
test_api_lengths__of_long_values_are_not_believed(void **state)
{
    static const uint32_t sizes[] = {0, 1, 1499, 1501, 100000, 0x7fffffff, 0xffffffff};
    scene s;

    (void)state;
    if (!begin(&s))
        skip();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size;
        uint8_t *root = line_data(&s, s.long_values, 0, &size);

        assert_true(size >= 8);
        ese_store_le32(root + 4, sizes[i]);
        test_image_seal_page(&s.image, s.long_values);
        read_both(&s, sizes[i] != 0);
    }
    end(&s);
}

/* Rows of the catalog: roots, types, sizes and counts that cannot be. */
static void
test_api_lengths__of_catalog_rows_are_not_believed(void **state)
{
    static const size_t places[] = {4, 8, 10, 14, 18, 22, 26, 31, 33, 37, 39};
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0xffffffff};
    scene s;

    (void)state;
    if (!begin(&s))
        skip();
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            uint8_t before[4096];
            ese_pgno pgno = CATALOG_LEAVES + 1;

            memcpy(before, test_image_page(&s.image, pgno), sizeof before);
            for (unsigned line = (unsigned)k; line < 50; line += 7) {
                size_t size;
                uint8_t *row = line_data(&s, pgno, line, &size);

                if (places[i] + 4 <= size)
                    ese_store_le32(row + places[i], values[k]);
            }
            test_image_seal_page(&s.image, pgno);
            read_both(&s, false);
            memcpy(test_image_page(&s.image, pgno), before, sizeof before);
            test_image_seal_page(&s.image, pgno);
        }
    }
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_links__circles_come_to_an_end),
        API_TEST(test_api_lengths__of_records_are_not_believed),
        API_TEST(test_api_lengths__of_long_values_are_not_believed),
        API_TEST(test_api_lengths__of_catalog_rows_are_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
