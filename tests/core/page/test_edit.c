/*
 * Changing pages, against a model that is a plain list of rows: after each step the page verifies, says what the model says, and
 * accounts for every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_model.h"

enum { N_STEPS = 1500, PGNO = 5 };

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

static void
insert_random(page_model *m, uint64_t *seed)
{
    static model_row row;
    unsigned line;

    model_random_row(m, &row, seed);
    line = model_find(m, &row);
    if (line < m->n_rows && model_compare(m, &m->rows[line], &row) == 0)
        return;
    if (!model_insert_page(m, line, &row))
        return;
    model_insert_row(m, line, &row);
}

static void
replace_random(page_model *m, unsigned line, uint64_t *seed)
{
    ese_page view = ese_page_of_mut(&m->page);
    model_row *row = &m->rows[line];
    uint64_t r = page_builder_random(seed);
    size_t size = 1 + (size_t)(r >> 8) % (r % 4 == 0 ? m->page.size / 2 : row->data_size + 8);

    if (m->is_internal || m->is_non_unique || size > MODEL_DATA_MAX ||
        !ese_page_fits_replace(&view, line, size))
        return;
    row->data_size = size;
    memset(row->data, (int)(r >> 40 & 0xff), size);
    ese_page_replace(&m->page, line, model_data(row));
}

/* Flags, numbers, children. */
static void
change_in_place(page_model *m, unsigned line, uint64_t *seed)
{
    model_row *row = &m->rows[line];
    uint64_t r = page_builder_random(seed);

    if (m->is_internal) {
        ese_store_le32(row->data, 10 + (uint32_t)(r >> 8) % 1000);
        ese_page_set_child(&m->page, line, ese_load_le32(row->data));
    } else if (!m->is_non_unique && row->data_size >= 8) {
        unsigned offset = (unsigned)(r % (row->data_size - 7));
        unsigned width = (r & 0x100) != 0 ? 8 : 4;
        uint8_t *at = row->data + offset;

        if (width == 8)
            ese_store_le64(at, ese_load_le64(at) + r);
        else
            ese_store_le32(at, ese_load_le32(at) + (uint32_t)r);
        ese_page_add(&m->page, line, offset, width, (int64_t)r);
    }
    row->flags = (uint8_t)(r >> 50 & 3);
    ese_page_set_line_flags(&m->page, line, row->flags | ESE_PAGE_NODE_COMPRESSED);
}

/* The last line of an internal page may be infinite; any other key keeps the order when it is the same with a byte more. */
static void
change_key(page_model *m, unsigned line, uint64_t *seed)
{
    ese_page view = ese_page_of_mut(&m->page);
    model_row row = m->rows[line];

    if (!m->is_internal)
        return;
    if (line + 1 == m->n_rows && page_builder_random(seed) % 2 == 0)
        row.key_size = 0;
    else if (row.key_size != 0 && row.key_size < MODEL_KEY_MAX)
        row.key[row.key_size++] = 0;
    else
        return;
    if (line + 1 < m->n_rows && model_compare(m, &row, &m->rows[line + 1]) >= 0)
        return;
    if (!ese_page_fits_key(&view, line, model_key(&row)))
        return;
    m->rows[line] = row;
    ese_page_set_key(&m->page, line, model_key(&row));
}

static void
change_random_line(page_model *m, uint64_t *seed)
{
    uint64_t r = page_builder_random(seed);
    unsigned line = (unsigned)(r >> 20) % m->n_rows;

    if (r % 8 < 3 && (!m->is_internal || m->n_rows > 1)) {
        ese_page_remove(&m->page, line);
        model_remove_row(m, line);
    } else if (r % 8 < 6) {
        replace_random(m, line, seed);
        change_key(m, line, seed);
    } else {
        change_in_place(m, line, seed);
    }
}

static void
run_steps(uint32_t size, uint32_t flags, const char *external, uint64_t seed)
{
    page_model *m = model_create(size, flags, PGNO, external);

    if (m->is_internal)
        insert_random(m, &seed);
    for (unsigned i = 0; i < N_STEPS; i++) {
        bool grows = i / 300 % 2 == 0;

        if (m->n_rows == 0 || page_builder_random(&seed) % 8 < (grows ? 6u : 3u))
            insert_random(m, &seed);
        else
            change_random_line(m, &seed);
        model_check(m);
    }
    model_destroy(m);
}

static void
test_page_edit__pages_say_what_was_done_to_them(void **state)
{
    static const uint32_t kinds[] = {
        ESE_PAGE_LEAF,
        ESE_PAGE_ROOT | ESE_PAGE_LEAF,
        ESE_PAGE_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE,
        ESE_PAGE_PARENT_OF_LEAF,
        ESE_PAGE_ROOT | ESE_PAGE_PARENT_OF_LEAF | ESE_PAGE_INDEX | ESE_PAGE_NON_UNIQUE,
    };

    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            run_steps(page_sizes[s], kinds[k], "prefix key aaaaaaaaaaaa", 100 * s + k);
            run_steps(page_sizes[s], kinds[k], "", 7000 + 100 * s + k);
        }
    }
}

static void
test_page_edit__a_page_takes_nodes_to_the_last_byte(void **state)
{
    uint64_t seed = 77;

    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_LEAF, PGNO, "");
        static model_row row;
        ese_page view = ese_page_of_mut(&m->page);

        model_random_row(m, &row, &seed);
        row.key_size = 20;
        row.data_size = ese_page_node_max(page_sizes[s]) - 22;
        assert_true(ese_page_fits_insert(&view, model_key(&row), model_data(&row)));
        assert_true(model_insert_page(m, 0, &row));
        model_insert_row(m, 0, &row);
        model_check(m);
        assert_int_equal(ese_page_free_bytes(&view), 0);
        assert_false(ese_page_fits_replace(&view, 0, row.data_size + 1));
        row.data_size++;
        ese_page_remove(&m->page, 0);
        model_remove_row(m, 0);
        model_check(m);
        assert_false(ese_page_fits_insert(&view, model_key(&row), model_data(&row)));
        model_destroy(m);
    }
}

static void
test_page_edit__the_external_header_may_change_on_a_root(void **state)
{
    static const uint8_t header[40] = {1, 2, 3};
    static const size_t sizes[] = {16, 25, 0, 40, 1, 16};
    uint64_t seed = 5;

    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_ROOT | ESE_PAGE_LEAF, PGNO, "0123");

        for (unsigned i = 0; i < 300; i++) {
            ese_page view = ese_page_of_mut(&m->page);
            size_t size = sizes[i % 6];

            insert_random(m, &seed);
            if (!ese_page_fits_external_header(&view, size))
                continue;
            m->external_size = size;
            memcpy(m->external, header, size);
            ese_page_set_external_header(&m->page, (ese_bytes){header, size});
            model_check(m);
        }
        model_destroy(m);
    }
}

static void
test_page_edit__a_cleared_page_keeps_tag_0_unless_it_is_freed(void **state)
{
    uint64_t seed = 6;

    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m =
            model_create(page_sizes[s], ESE_PAGE_ROOT | ESE_PAGE_LEAF, PGNO, "external header!");
        ese_page view = ese_page_of_mut(&m->page);

        for (unsigned i = 0; i < 50; i++)
            insert_random(m, &seed);
        ese_page_clear(&m->page);
        while (m->n_rows != 0)
            model_remove_row(m, m->n_rows - 1);
        model_check(m);
        insert_random(m, &seed);
        model_check(m);

        ese_page_set_flags(&m->page, ese_page_flags(&view) | ESE_PAGE_EMPTY);
        ese_page_clear(&m->page);
        assert_int_equal(ese_page_verify(&view), JET_errSuccess);
        assert_int_equal(ese_page_tag_count(&view), 1);
        assert_int_equal(ese_page_external_header(&view).size, 0);
        assert_int_equal(ese_page_free_bytes(&view),
                         page_sizes[s] - ese_page_header_size(page_sizes[s]) - 4);
        model_destroy(m);
    }
}

static void
test_page_edit__header_fields_are_those_of_the_specification(void **state)
{
    uint8_t bytes[16384];
    ese_page_mut page = {bytes, sizeof bytes, 0x123456};
    ese_page view = ese_page_of_mut(&page);

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    ese_page_format(&page, 77, ESE_PAGE_LEAF);
    ese_page_set_dbtime(&page, 0x1122334455667788);
    ese_page_set_prev(&page, 8);
    ese_page_set_next(&page, 9);
    assert_int_equal(ese_page_verify(&view), JET_errSuccess);
    assert_int_equal(ese_page_dbtime(&view), 0x1122334455667788);
    assert_int_equal(ese_page_prev(&view), 8);
    assert_int_equal(ese_page_next(&view), 9);
    assert_int_equal(ese_page_objid(&view), 77);
    assert_int_equal(ese_load_le32(bytes + 64), 0x123456);
    assert_int_equal(ese_page_flags(&view), 0x2802);
    assert_int_equal(ese_load_le16(bytes + 28), 16384 - 80 - 4);
    assert_int_equal(ese_load_le16(bytes + 30), 0);
    assert_int_equal(ese_load_le16(bytes + 32), 0);
    assert_int_equal(ese_load_le16(bytes + 34), 1);
}

static void
test_page_edit__short_common_prefixes_are_not_worth_it(void **state)
{
    page_model *m = model_create(4096, ESE_PAGE_LEAF, PGNO, "abcdefghijklmnop");
    page_model *root = model_create(4096, ESE_PAGE_ROOT | ESE_PAGE_LEAF, PGNO, "abcdefghijklmnop");
    ese_page view = ese_page_of_mut(&m->page);
    ese_page root_view = ese_page_of_mut(&root->page);

    (void)state;
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("abx")), 0);
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("ab")), 0);
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("abc")), 3);
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("abcdefghijk")), 11);
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("abcdefghijklmnopqrst")), 16);
    assert_int_equal(ese_page_shared_prefix(&view, model_bytes("abcdefgXijklmnopqrst")), 7);
    assert_int_equal(ese_page_shared_prefix(&root_view, model_bytes("abcdefghijk")), 0);
    assert_int_equal(ese_page_node_size(0, 5, 10), 4 + 2 + 5 + 10);
    assert_int_equal(ese_page_node_size(5, 5, 10), 4 + 4 + 10);
    model_destroy(m);
    model_destroy(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_edit__pages_say_what_was_done_to_them),
        cmocka_unit_test(test_page_edit__a_page_takes_nodes_to_the_last_byte),
        cmocka_unit_test(test_page_edit__the_external_header_may_change_on_a_root),
        cmocka_unit_test(test_page_edit__a_cleared_page_keeps_tag_0_unless_it_is_freed),
        cmocka_unit_test(test_page_edit__header_fields_are_those_of_the_specification),
        cmocka_unit_test(test_page_edit__short_common_prefixes_are_not_worth_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
