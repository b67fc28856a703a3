/*
 * A page and a list of rows that says what must stand on it, for tests of changes. The list knows nothing of tags, offsets or prefixes.
 */
#pragma once

#include "page/page_edit.h"
#include "page_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { MODEL_KEY_MAX = 300, MODEL_DATA_MAX = 32768, MODEL_ROWS_MAX = 4096 };

typedef struct model_row {
    uint8_t key[MODEL_KEY_MAX];
    size_t key_size;
    uint8_t *data; /* the model owns those of its rows */
    size_t data_size;
    uint8_t flags;
} model_row;

typedef struct page_model {
    ese_page_mut page;
    bool is_internal, is_non_unique;
    uint8_t external[64];
    size_t external_size;
    model_row rows[MODEL_ROWS_MAX];
    unsigned n_rows;
} page_model;

static inline ese_bytes
model_key(const model_row *row)
{
    return (ese_bytes){row->key, row->key_size};
}

static inline ese_bytes
model_data(const model_row *row)
{
    return (ese_bytes){row->data, row->data_size};
}

static inline ese_bytes
model_bytes(const char *text)
{
    return (ese_bytes){(const uint8_t *)text, strlen(text)};
}

static inline page_model *
model_create(uint32_t size, uint32_t flags, ese_pgno pgno, const char *external)
{
    page_model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->page = (ese_page_mut){malloc(size), size, pgno};
    assert_non_null(m->page.bytes);
    memset(m->page.bytes, 0xaa, size);
    m->is_internal = (flags & ESE_PAGE_LEAF) == 0;
    m->is_non_unique = (flags & ESE_PAGE_NON_UNIQUE) != 0;
    m->external_size = strlen(external);
    memcpy(m->external, external, m->external_size);
    ese_page_format(&m->page, 2, flags);
    ese_page_set_external_header(&m->page, model_bytes(external));
    return m;
}

static inline void
model_destroy(page_model *m)
{
    for (unsigned i = 0; i < m->n_rows; i++)
        free(m->rows[i].data);
    free(m->page.bytes);
    free(m);
}

static inline int
model_compare(const page_model *m, const model_row *a, const model_row *b)
{
    int order;

    if (m->is_internal && (a->key_size == 0 || b->key_size == 0))
        return (a->key_size == 0) - (b->key_size == 0);
    order = ese_bytes_compare(model_key(a), model_key(b));
    if (order == 0 && m->is_non_unique && !m->is_internal)
        order = ese_bytes_compare(model_data(a), model_data(b));
    return order;
}

/* First line that is not less. */
static inline unsigned
model_find(const page_model *m, const model_row *row)
{
    unsigned line = 0;

    while (line < m->n_rows && model_compare(m, &m->rows[line], row) < 0)
        line++;
    return line;
}

/* Into `row`, whose data stay the function's until the next call. */
static inline void
model_random_row(const page_model *m, model_row *row, uint64_t *seed)
{
    static uint8_t data[MODEL_DATA_MAX];
    uint64_t r = page_builder_random(seed);
    size_t n_common = m->external_size == 0 ? 0 : (size_t)(r >> 10) % (m->external_size + 1);
    size_t n_tail = 1 + (size_t)(r >> 20) % (r % 16 == 0 ? 200 : 10);

    memset(row, 0, sizeof *row);
    memcpy(row->key, m->external, n_common);
    row->key_size = n_common + n_tail;
    for (size_t i = n_common; i < row->key_size; i++)
        row->key[i] = (uint8_t)(i < n_common + 3 ? page_builder_random(seed) : r >> 40 & 3);
    row->data = data;
    row->data_size = 1 + (size_t)(r >> 30) % (r % 32 == 3 ? m->page.size / 2 : 100);
    for (size_t i = 0; i < row->data_size; i++)
        data[i] = (uint8_t)(r >> (i % 8 * 8));
    row->flags = (uint8_t)(r >> 60 & 3);
    if (m->is_internal) {
        row->data_size = 4;
        ese_store_le32(data, 10 + (uint32_t)(r >> 33) % 1000);
    }
}

/* A row of the list has room for any data. */
static inline void
model_insert_row(page_model *m, unsigned line, const model_row *row)
{
    uint8_t *data = malloc(MODEL_DATA_MAX);

    assert_non_null(data);
    assert_true(m->n_rows < MODEL_ROWS_MAX);
    memcpy(data, row->data, row->data_size);
    memmove(m->rows + line + 1, m->rows + line, (m->n_rows - line) * sizeof *row);
    m->rows[line] = *row;
    m->rows[line].data = data;
    m->n_rows++;
}

static inline void
model_remove_row(page_model *m, unsigned line)
{
    free(m->rows[line].data);
    m->n_rows--;
    memmove(m->rows + line, m->rows + line + 1, (m->n_rows - line) * sizeof *m->rows);
}

/* False: it does not fit. */
static inline bool
model_insert_page(page_model *m, unsigned line, const model_row *row)
{
    ese_page view = ese_page_of_mut(&m->page);
    size_t n_prefix = ese_page_shared_prefix(&view, model_key(row));
    bool fits = ese_page_fits_insert(&view, model_key(row), model_data(row));

    assert_int_equal(fits, ese_page_node_size(n_prefix, row->key_size, row->data_size) <=
                               ese_page_free_bytes(&view));
    if (fits)
        ese_page_insert(&m->page, line, model_key(row), n_prefix, model_data(row), row->flags);
    return fits;
}

static inline void
model_check_line(const page_model *m, const ese_page *view, unsigned line)
{
    const model_row *row = &m->rows[line];
    ese_page_node node = ese_page_line(view, line);
    uint8_t key[MODEL_KEY_MAX];

    assert_int_equal(ese_page_node_key_size(&node), row->key_size);
    ese_page_node_copy_key(&node, key, sizeof key);
    assert_memory_equal(key, row->key, row->key_size);
    assert_int_equal(node.prefix.size, ese_page_shared_prefix(view, model_key(row)));
    assert_int_equal(node.data.size, row->data_size);
    assert_memory_equal(node.data.data, row->data, row->data_size);
    assert_int_equal(node.flags & 3, row->flags);
    assert_int_equal(ese_page_line_flags(view, line), node.flags);
}

/* An internal page without lines is not a page anybody may read. */
static inline void
model_check(const page_model *m)
{
    ese_page view = ese_page_of_mut(&m->page);
    ese_bytes external = ese_page_external_header(&view);

    if (!m->is_internal || m->n_rows != 0)
        assert_int_equal(ese_page_verify(&view), JET_errSuccess);
    assert_int_equal(ese_page_line_count(&view), m->n_rows);
    assert_int_equal(external.size, m->external_size);
    if (external.size != 0)
        assert_memory_equal(external.data, m->external, external.size);
    for (unsigned i = 0; i < m->n_rows; i++)
        model_check_line(m, &view, i);
}
