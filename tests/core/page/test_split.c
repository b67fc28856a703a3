/*
 * Splits and merges: what stays and what moves is the list of lines before with the operation, whatever the sizes; the same description
 * gives the same bytes again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_model.h"

enum { N_ROUNDS = 160, PGNO = 5, NEW_PGNO = 6 };

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

/* The two pages of a split, and the operation as far as its memory is concerned. */
typedef struct split_result {
    uint8_t *left, *right;
    ese_page_mut page, new_page;
} split_result;

static split_result
make_result(uint32_t size, int garbage)
{
    split_result r = {malloc(size), malloc(size), {0}, {0}};

    assert_non_null(r.left);
    assert_non_null(r.right);
    memset(r.left, garbage, size);
    memset(r.right, garbage, size);
    r.page = (ese_page_mut){r.left, size, PGNO};
    r.new_page = (ese_page_mut){r.right, size, NEW_PGNO};
    return r;
}

static void
free_result(split_result *r)
{
    free(r->left);
    free(r->right);
}

static void
apply(const ese_page *from, const ese_page_split *split, split_result *r)
{
    ese_page_format(&r->new_page, ese_page_objid(from), ese_page_split_new_flags(from));
    ese_page_split_apply(from, split, &r->page, &r->new_page);
}

/* Does to the model what the operation says. */
static void
apply_to_model(page_model *m, const ese_page_split *split)
{
    model_row row = {.data_size = split->oper_data.size, .flags = split->oper_flags};

    if (split->oper == ESE_PAGE_SPLIT_INSERT) {
        memcpy(row.key, split->oper_key.data, split->oper_key.size);
        row.key_size = split->oper_key.size;
        row.data = malloc(MODEL_DATA_MAX);
        assert_non_null(row.data);
        memcpy(row.data, split->oper_data.data, row.data_size);
        model_insert_row(m, split->oper_line, &row);
        free(row.data);
    } else if (split->oper != ESE_PAGE_SPLIT_NONE) {
        model_row *old = &m->rows[split->oper_line];

        old->data_size = split->oper_data.size;
        old->flags = split->oper_flags;
        memcpy(old->data, split->oper_data.data, old->data_size);
    }
}

/* Lines [from, to) of the model stand on the page, compressed as its prefix allows. */
static void
expect_rows(const page_model *m, const ese_page_mut *page, unsigned from, unsigned to)
{
    ese_page view = ese_page_of_mut(page);

    assert_int_equal(ese_page_verify(&view), JET_errSuccess);
    assert_int_equal(ese_page_line_count(&view), to - from);
    for (unsigned i = from; i < to; i++) {
        const model_row *row = &m->rows[i];
        ese_page_node node = ese_page_line(&view, i - from);
        uint8_t key[ESE_PAGE_KEY_MAX];

        assert_int_equal(ese_page_node_copy_key(&node, key, sizeof key), row->key_size);
        assert_memory_equal(key, row->key, row->key_size);
        assert_int_equal(node.prefix.size, ese_page_shared_prefix(&view, model_key(row)));
        assert_int_equal(node.data.size, row->data_size);
        assert_memory_equal(node.data.data, row->data, row->data_size);
        assert_int_equal(node.flags & 3, row->flags);
    }
}

static void
expect_prefix(const page_model *m, const ese_page_mut *page, int line)
{
    ese_page view = ese_page_of_mut(page);
    ese_bytes external = ese_page_external_header(&view);

    assert_int_equal(external.size, line < 0 ? 0 : m->rows[line].key_size);
    if (line >= 0 && external.size != 0)
        assert_memory_equal(external.data, m->rows[line].key, external.size);
}

/* Greater than what stays, not greater than what moves, and no byte of it can be left out. */
static void
expect_separator(const page_model *m, const ese_page *from, const ese_page_split *split)
{
    uint8_t joined[2][MODEL_KEY_MAX + MODEL_DATA_MAX], separator[ESE_PAGE_KEY_MAX];
    size_t n = ese_page_split_separator(from, split, separator);
    const model_row *left = &m->rows[split->line - 1];
    const model_row *right = &m->rows[split->line];
    ese_bytes sides[2];

    for (unsigned i = 0; i < 2; i++) {
        const model_row *row = i == 0 ? left : right;
        size_t n_data = m->is_non_unique && !m->is_internal ? row->data_size : 0;

        memcpy(joined[i], row->key, row->key_size);
        memcpy(joined[i] + row->key_size, row->data, n_data);
        sides[i] = (ese_bytes){joined[i], row->key_size + n_data};
    }
    if (m->is_internal) {
        assert_int_equal(n, sides[0].size);
        assert_memory_equal(separator, sides[0].data, n);
        return;
    }
    /* Keys of indexes are no beginnings of others; where they are, key and data put together have another order. */
    if (m->is_non_unique && left->key_size < right->key_size &&
        memcmp(left->key, right->key, left->key_size) == 0)
        return;
    assert_true(ese_bytes_compare((ese_bytes){separator, n}, sides[0]) > 0);
    assert_true(ese_bytes_compare((ese_bytes){separator, n}, sides[1]) <= 0);
    assert_true(ese_bytes_compare((ese_bytes){separator, n - 1}, sides[0]) <= 0);
}

static void
expect_same_again(const ese_page *from, const ese_page_split *split, const split_result *r)
{
    split_result again = make_result(from->size, 0x5c);

    apply(from, split, &again);
    assert_memory_equal(again.left, r->left, from->size);
    assert_memory_equal(again.right, r->right, from->size);
    free_result(&again);
}

static void
expect_root(const ese_page_mut *root, uint32_t flags_before, const page_model *m)
{
    ese_page view = ese_page_of_mut(root);
    ese_bytes external = ese_page_external_header(&view);
    ese_page_node node;

    assert_int_equal(ese_page_verify(&view), JET_errSuccess);
    assert_int_equal(external.size, m->external_size);
    assert_memory_equal(external.data, m->external, external.size);
    assert_int_equal(ese_page_line_count(&view), 1);
    node = ese_page_line(&view, 0);
    assert_int_equal(ese_page_node_key_size(&node), 0);
    assert_int_equal(ese_page_node_child(&node), NEW_PGNO);
    assert_int_equal(ese_page_flags(&view) & (ESE_PAGE_LEAF | ESE_PAGE_PARENT_OF_LEAF),
                     (flags_before & ESE_PAGE_LEAF) != 0 ? ESE_PAGE_PARENT_OF_LEAF : 0);
    assert_true((ese_page_flags(&view) & ESE_PAGE_ROOT) != 0);
}

/* Splits the page of the model as chosen and compares. The model has the operation done to it. */
static void
expect_split(page_model *m, const ese_page_split *split)
{
    ese_page from = ese_page_of_mut(&m->page);
    split_result r = make_result(from.size, 0xc5);

    apply_to_model(m, split);
    assert_int_equal(split->n_lines, m->n_rows);
    apply(&from, split, &r);
    expect_rows(m, &r.new_page, split->line, m->n_rows);
    expect_prefix(m, &r.new_page,
                  split->new_prefix_line < 0 ? -1 : (int)split->line + split->new_prefix_line);
    if (split->type == ESE_PAGE_SPLIT_VERTICAL) {
        assert_int_equal(split->line, 0);
        expect_root(&r.page, ese_page_flags(&from), m);
    } else {
        assert_true(split->line > 0);
        expect_rows(m, &r.page, 0, split->line);
        expect_separator(m, &from, split);
    }
    if (split->type == ESE_PAGE_SPLIT_RIGHT)
        expect_prefix(m, &r.page, split->prefix_line);
    if (split->type == ESE_PAGE_SPLIT_APPEND)
        assert_memory_equal(r.left, from.bytes, from.size);
    expect_same_again(&from, split, &r);
    free_result(&r);
}

/* Fills the page until a line does not fit any more; `big` of 256 lines are large. */
static void
fill(page_model *m, uint64_t *seed, unsigned big)
{
    static model_row row;

    for (unsigned misses = 0; misses < 3;) {
        unsigned line;

        model_random_row(m, &row, seed);
        if (!m->is_internal && page_builder_random(seed) % 256 < big)
            row.data_size = 1 + (size_t)page_builder_random(seed) % (m->page.size / 2);
        line = model_find(m, &row);
        if (line < m->n_rows && model_compare(m, &m->rows[line], &row) == 0)
            continue;
        if (model_insert_page(m, line, &row))
            model_insert_row(m, line, &row);
        else
            misses++;
    }
    if (m->is_internal && page_builder_random(seed) % 2 == 0) {
        m->rows[m->n_rows - 1].key_size = 0;
        ese_page_set_key(&m->page, m->n_rows - 1, (ese_bytes){NULL, 0});
    }
}

/* An insertion or replacement of any size, up to the largest node. */
static bool
make_oper(page_model *m, ese_page_split *split, uint64_t *seed)
{
    static model_row row;
    uint64_t r = page_builder_random(seed);
    bool is_replace = r % 3 == 0 && !m->is_internal && !m->is_non_unique && m->n_rows != 0;
    size_t most;

    *split = (ese_page_split){.oper = ESE_PAGE_SPLIT_INSERT};
    model_random_row(m, &row, seed);
    split->oper_line = model_find(m, &row);
    if (is_replace) {
        split->oper = r % 2 == 0 ? ESE_PAGE_SPLIT_REPLACE : ESE_PAGE_SPLIT_FLAG_INSERT_AND_REPLACE;
        split->oper_line = (unsigned)(r >> 20) % m->n_rows;
        row.key_size = m->rows[split->oper_line].key_size;
    } else if (split->oper_line < m->n_rows &&
               model_compare(m, &m->rows[split->oper_line], &row) == 0) {
        return false;
    }
    most = ese_page_node_max(m->page.size) - 2 - row.key_size;
    if (!m->is_internal && r % 4 == 1)
        row.data_size = 1 + (size_t)(r >> 30) % most;
    if (!m->is_internal && r % 16 == 2)
        row.data_size = most;
    if (m->is_internal && split->oper_line == m->n_rows) /* a separator has a line behind it */
        return false;
    split->oper_key = model_key(&row);
    split->oper_data = model_data(&row);
    split->oper_flags = (uint8_t)(r >> 60 & 1);
    return true;
}

static bool
fits_oper(const page_model *m, const ese_page_split *split)
{
    ese_page view = ese_page_of_mut(&m->page);

    if (split->oper == ESE_PAGE_SPLIT_INSERT)
        return ese_page_fits_insert(&view, split->oper_key, split->oper_data);
    return ese_page_fits_replace(&view, split->oper_line, split->oper_data.size);
}

/* The first page of a split without the operation takes it at its end, with one more split if need be. */
static void
expect_second_try(const page_model *m, const ese_page_split *split, const ese_page_split *oper)
{
    ese_page from = ese_page_of_mut(&m->page);
    split_result r = make_result(from.size, 0xc5);
    ese_page_split second = *oper;
    ese_page page;

    apply(&from, split, &r);
    page = ese_page_of_mut(&r.page);
    if (split->type == ESE_PAGE_SPLIT_VERTICAL) {
        page = ese_page_of_mut(&r.new_page);
    } else if (oper->oper != ESE_PAGE_SPLIT_INSERT) {
        assert_true(oper->oper_line >= split->line);
        page = ese_page_of_mut(&r.new_page);
        second.oper_line -= split->line;
    } else {
        assert_int_equal(oper->oper_line, split->line);
    }
    assert_true(ese_page_split_choose(&page, 80, &second));
    if (split->type != ESE_PAGE_SPLIT_VERTICAL)
        assert_int_equal(second.oper, oper->oper);
    free_result(&r);
}

static void
run_round(uint32_t size, uint32_t flags, const char *external, uint64_t seed)
{
    page_model *m = model_create(size, flags, PGNO, external);
    ese_page view = ese_page_of_mut(&m->page);
    ese_page_split oper, split;

    if (seed % 3 == 0)
        ese_page_set_next(&m->page, 99);
    fill(m, &seed, seed % 7 == 0 ? 200 : 4);
    do {
        split.oper = ESE_PAGE_SPLIT_NONE;
    } while (!make_oper(m, &oper, &seed) || (fits_oper(m, &oper) && seed % 4 != 0));
    split = oper;
    if (!ese_page_split_choose(&view, seed % 2 == 0 ? 80 : 100, &split)) {
        assert_int_equal(m->n_rows, 1);
        assert_true(oper.oper != ESE_PAGE_SPLIT_INSERT);
    } else {
        assert_int_equal(split.type == ESE_PAGE_SPLIT_VERTICAL, (flags & ESE_PAGE_ROOT) != 0);
        if (split.oper != oper.oper)
            expect_second_try(m, &split, &oper);
        expect_split(m, &split);
    }
    model_destroy(m);
}

static void
test_page_split__both_pages_together_say_what_the_page_said(void **state)
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
            for (unsigned i = 0; i < N_ROUNDS / (1 + page_sizes[s] / 4096); i++)
                run_round(page_sizes[s], kinds[k], i % 4 == 0 ? "" : "a prefix key 0123456789",
                          i * 1000 + s * 10 + k);
        }
    }
}

/* Puts a row of a numbered key and `data_size` bytes at its place. */
static unsigned
number_row(page_model *m, model_row *row, uint32_t number, size_t data_size)
{
    static uint8_t data[MODEL_DATA_MAX];

    memset(row, 0, sizeof *row);
    memcpy(row->key, "number: ", 8);
    ese_store_be32(row->key + 8, number);
    row->key_size = 12;
    row->data = data;
    row->data_size = data_size;
    return model_find(m, row);
}

static bool
add_number(page_model *m, uint32_t number, size_t data_size)
{
    static model_row row;
    unsigned line = number_row(m, &row, number, data_size);
    bool fits = model_insert_page(m, line, &row);

    if (fits)
        model_insert_row(m, line, &row);
    return fits;
}

static ese_page_split
choose_number(page_model *m, uint32_t number, size_t data_size, unsigned density)
{
    static model_row row;
    ese_page view = ese_page_of_mut(&m->page);
    ese_page_split split = {.oper = ESE_PAGE_SPLIT_INSERT};

    split.oper_line = number_row(m, &row, number, data_size);
    split.oper_key = model_key(&row);
    split.oper_data = model_data(&row);
    assert_true(ese_page_split_choose(&view, density, &split));
    return split;
}

static void
test_page_split__the_last_leaf_keeps_its_lines_when_one_comes_behind_them(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_LEAF, PGNO, "");
        ese_page view = ese_page_of_mut(&m->page);
        static model_row row;
        ese_page_split split;
        uint32_t n = 0;

        do {
            number_row(m, &row, ++n, 100);
        } while (ese_page_fits_append(&view, 80, model_key(&row), model_data(&row)) &&
                 add_number(m, n, 100));
        assert_in_range(ese_page_free_bytes(&view), page_sizes[s] / 6, page_sizes[s] / 4);
        split = choose_number(m, n, 100, 80);
        assert_int_equal(split.type, ESE_PAGE_SPLIT_APPEND);
        assert_int_equal(split.line, m->n_rows);
        assert_int_equal(split.new_prefix_line, 0);
        expect_split(m, &split);
        model_destroy(m);
    }
}

/* Numbers arrive in a gap in the middle of the page; `step` is their direction. */
static page_model *
make_run(uint32_t size, int step, uint32_t *number_out)
{
    page_model *m = model_create(size, ESE_PAGE_LEAF, PGNO, "");
    uint32_t number = 50000;

    ese_page_set_next(&m->page, 99);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(add_number(m, 10 + i, 40));
        assert_true(add_number(m, 90000 + i, 40));
    }
    while (add_number(m, number, 40))
        number = (uint32_t)((int64_t)number + step);
    *number_out = number;
    return m;
}

static void
test_page_split__a_run_in_the_middle_gets_the_room(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        uint32_t number;
        page_model *m = make_run(page_sizes[s], 1, &number);
        ese_page_split split = choose_number(m, number, 40, 100);

        assert_int_equal(split.type, ESE_PAGE_SPLIT_RIGHT);
        assert_int_equal(split.n_lines - split.line, 5);
        expect_split(m, &split);
        model_destroy(m);

        m = make_run(page_sizes[s], -1, &number);
        split = choose_number(m, number, 40, 100);
        assert_int_equal(split.line, 6);
        expect_split(m, &split);
        model_destroy(m);
    }
}

static void
test_page_split__a_level_that_grows_at_its_end_leaves_full_pages(void **state)
{
    page_model *m = model_create(4096, ESE_PAGE_PARENT_OF_LEAF, PGNO, "");
    uint8_t child[4] = {10};
    model_row row = {.key = {1}, .key_size = 1, .data = child, .data_size = 4};
    ese_page_split split = {.oper = ESE_PAGE_SPLIT_INSERT};
    ese_page view = ese_page_of_mut(&m->page);

    (void)state;
    for (uint32_t i = 0; ese_page_free_bytes(&view) > 40; i++) {
        ese_store_be32(row.key, i + 1);
        row.key_size = 4;
        assert_true(model_insert_page(m, i, &row));
        model_insert_row(m, i, &row);
    }
    m->rows[m->n_rows - 1].key_size = 0;
    ese_page_set_key(&m->page, m->n_rows - 1, (ese_bytes){NULL, 0});
    ese_store_be32(row.key, 10000);
    split.oper_key = model_key(&row);
    split.oper_data = model_data(&row);
    split.oper_line = m->n_rows - 1;
    assert_true(ese_page_split_choose(&view, 90, &split));
    assert_in_range(split.line, m->n_rows * 85 / 100, m->n_rows * 91 / 100);
    split.oper = ESE_PAGE_SPLIT_NONE;
    assert_true(ese_page_split_choose(&view, 100, &split));
    assert_int_equal(split.line, m->n_rows - 1);
    split.oper = ESE_PAGE_SPLIT_INSERT;
    assert_true(ese_page_split_choose(&view, 100, &split));
    assert_int_equal(split.line, m->n_rows - 1);
    expect_split(m, &split);
    model_destroy(m);
}

static void
test_page_split__without_runs_the_halves_are_even(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_LEAF, PGNO, "");
        ese_page_split split;

        for (uint32_t i = 0; add_number(m, i * 7919 % 65536, 60); i++)
            continue;
        split = choose_number(m, 65536 / 2, 60, 80);
        assert_int_equal(split.type, ESE_PAGE_SPLIT_RIGHT);
        assert_in_range(split.line, split.n_lines / 2 - 1, split.n_lines / 2 + 1);
        expect_split(m, &split);
        model_destroy(m);
    }
}

static void
test_page_split__a_huge_node_between_two_others_needs_two_splits(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_LEAF, PGNO, "");
        size_t largest = ese_page_node_max(page_sizes[s]) - 2 - 12;
        static model_row row;
        ese_page view = ese_page_of_mut(&m->page);
        ese_page_split split, oper = {.oper = ESE_PAGE_SPLIT_INSERT};

        assert_true(add_number(m, 1, page_sizes[s] / 3));
        assert_true(add_number(m, 3, page_sizes[s] / 3));
        oper.oper_line = number_row(m, &row, 2, largest);
        oper.oper_key = model_key(&row);
        oper.oper_data = model_data(&row);
        split = oper;
        assert_true(ese_page_split_choose(&view, 80, &split));
        assert_int_equal(split.oper, ESE_PAGE_SPLIT_NONE);
        assert_int_equal(split.line, 1);
        expect_second_try(m, &split, &oper);
        expect_split(m, &split);

        oper.oper_data.size++;
        split = oper;
        assert_false(ese_page_split_choose(&view, 80, &split));
        model_destroy(m);
    }
}

static void
test_page_split__a_line_that_does_not_need_the_prefix_gets_its_room(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof page_sizes / sizeof *page_sizes; s++) {
        page_model *m = model_create(page_sizes[s], ESE_PAGE_LEAF, PGNO,
                                     "a prefix that nobody needs any more, but long");
        split_result r = make_result(page_sizes[s], 0xc5);
        size_t largest = ese_page_node_max(page_sizes[s]) - 2 - 12;
        ese_page view = ese_page_of_mut(&m->page);
        ese_page rewritten = {r.left, page_sizes[s], PGNO};
        ese_page_split split = {.oper = ESE_PAGE_SPLIT_REPLACE};

        assert_true(add_number(m, 1, 100));
        split.oper_data = (ese_bytes){r.right, largest};
        assert_false(ese_page_fits_replace(&view, 0, largest));
        assert_false(ese_page_split_choose(&view, 80, &split));
        ese_page_set_prefix(&view, (ese_bytes){NULL, 0}, &r.page);
        expect_rows(m, &r.page, 0, 1);
        assert_true(ese_page_fits_replace(&rewritten, 0, largest));
        ese_page_set_prefix(&rewritten, model_bytes("number: "), &m->page);
        expect_rows(m, &m->page, 0, 1);
        free_result(&r);
        model_destroy(m);
    }
}

/* The prefix is the one that saves most, of all keys of the page and none. */
static void
test_page_split__the_prefix_saves_most(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 60; seed++) {
        page_model *m = model_create(2048, ESE_PAGE_LEAF, PGNO, "some prefix key 0123");
        split_result r = make_result(2048, 0), other = make_result(2048, 0);
        ese_page from = ese_page_of_mut(&m->page), left = {r.left, 2048, PGNO};
        ese_page_split split = {.oper = ESE_PAGE_SPLIT_NONE};
        uint64_t random = seed;

        ese_page_set_next(&m->page, 99);
        fill(m, &random, 0);
        assert_true(ese_page_split_choose(&from, 80, &split));
        apply(&from, &split, &r);
        for (int i = -1; i < (int)split.line; i++) {
            ese_page view = {other.left, 2048, PGNO};
            ese_bytes key = {NULL, 0};

            if (i >= 0)
                key = model_key(&m->rows[i]);
            ese_page_set_prefix(&left, key, &other.page);
            assert_true(ese_page_free_bytes(&view) <= ese_page_free_bytes(&left));
        }
        free_result(&r);
        free_result(&other);
        model_destroy(m);
    }
}

/* ---- Merges ---- */

static void
copy_live_rows(const page_model *from, page_model *to, unsigned line)
{
    for (unsigned i = 0; i < from->n_rows; i++) {
        if ((from->rows[i].flags & ESE_PAGE_NODE_DELETED) == 0)
            model_insert_row(to, line++, &from->rows[i]);
    }
}

static bool
merge(bool is_right, uint64_t seed)
{
    uint32_t size = page_sizes[seed % 5];
    page_model *left = model_create(size, ESE_PAGE_LEAF, PGNO, "left prefix");
    page_model *right = model_create(size, ESE_PAGE_LEAF, NEW_PGNO, "right prefix key");
    page_model *from = is_right ? left : right;
    page_model *to = is_right ? right : left;
    ese_page from_view = ese_page_of_mut(&from->page), to_view = ese_page_of_mut(&to->page);
    unsigned n = 1 + (unsigned)(seed % (size / 40));
    bool fits;

    for (unsigned i = 0; i < n; i++) {
        unsigned flags = (unsigned)page_builder_random(&seed) & 3;

        if (!add_number(left, 2 * i, 20) || !add_number(right, 100000 + i, 30))
            break;
        left->rows[i].flags = right->rows[i].flags = (uint8_t)flags;
        ese_page_set_line_flags(&left->page, i, (uint8_t)flags);
        ese_page_set_line_flags(&right->page, i, (uint8_t)flags);
    }
    fits = ese_page_fits_merge(&from_view, &to_view);
    if (fits) {
        copy_live_rows(from, to, is_right ? 0 : to->n_rows);
        if (is_right)
            ese_page_merge_right(&from_view, &to->page);
        else
            ese_page_merge_left(&from_view, &to->page);
        model_check(to);
    }
    model_destroy(left);
    model_destroy(right);
    return fits;
}

static void
test_page_merge__lines_that_are_not_deleted_go_to_the_neighbour(void **state)
{
    unsigned n_fits = 0, n_rounds = 300;

    (void)state;
    for (uint64_t seed = 0; seed < n_rounds; seed++)
        n_fits += merge(seed % 2 == 0, seed * 977);
    assert_in_range(n_fits, n_rounds / 4, n_rounds - n_rounds / 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_split__both_pages_together_say_what_the_page_said),
        cmocka_unit_test(test_page_split__the_last_leaf_keeps_its_lines_when_one_comes_behind_them),
        cmocka_unit_test(test_page_split__a_run_in_the_middle_gets_the_room),
        cmocka_unit_test(test_page_split__a_level_that_grows_at_its_end_leaves_full_pages),
        cmocka_unit_test(test_page_split__without_runs_the_halves_are_even),
        cmocka_unit_test(test_page_split__a_huge_node_between_two_others_needs_two_splits),
        cmocka_unit_test(test_page_split__a_line_that_does_not_need_the_prefix_gets_its_room),
        cmocka_unit_test(test_page_split__the_prefix_saves_most),
        cmocka_unit_test(test_page_merge__lines_that_are_not_deleted_go_to_the_neighbour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
