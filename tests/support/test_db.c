#define _POSIX_C_SOURCE 200809L

#include "test_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ALL_PAGES = ESE_PAGE_NEW_RECORD_FORMAT | ESE_PAGE_NEW_CHECKSUM,
    KEY_MAX = 80,
    N_LEVELS = 12,
};

/* Benchmarks use this file, too, so it has no assertions of a test library. */
#define require(condition) require_at(__LINE__, #condition, condition)

static void
require_at(int line, const char *text, bool is_true)
{
    if (is_true)
        return;
    fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, line, text);
    abort();
}

uint32_t
test_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* ---- file */

void
test_db_init(test_db *db, uint32_t page_size)
{
    memset(db, 0, sizeof *db);
    db->page_size = page_size;
}

void
test_db_free(test_db *db)
{
    if (db->path[0] != '\0')
        unlink(db->path);
    free(db->bytes);
    memset(db, 0, sizeof *db);
}

uint8_t *
test_db_page(const test_db *db, ese_pgno pgno)
{
    return db->bytes + ((size_t)pgno + 1) * db->page_size;
}

ese_pgno
test_db_add_page(test_db *db)
{
    db->n_pages++;
    if (db->n_pages + 2 > db->room) {
        db->room = db->room * 2 + 16;
        db->bytes = realloc(db->bytes, db->room * db->page_size);
        require(db->bytes != NULL);
        memset(db->bytes + (size_t)(db->n_pages + 1) * db->page_size, 0,
               (db->room - db->n_pages - 1) * db->page_size);
        memset(db->bytes, 0, 2 * (size_t)db->page_size);
    }
    return db->n_pages;
}

void
test_db_write(test_db *db)
{
    FILE *file;

    if (db->path[0] == '\0') {
        int fd;

        snprintf(db->path, sizeof db->path, ESE_TEST_FOLDER "/ese-test-XXXXXX");
        fd = mkstemp(db->path);
        require(fd >= 0);
        close(fd);
    }
    file = fopen(db->path, "wb");
    require(file != NULL);
    require(fwrite(db->bytes, db->page_size, db->n_pages + 2, file) == db->n_pages + 2);
    require(fclose(file) == 0);
}

/* ---- page */

void
test_page_format(test_db *db, ese_pgno pgno, uint32_t objid, uint32_t flags)
{
    uint8_t *page = test_db_page(db, pgno);
    uint32_t area = db->page_size - ese_page_header_size(db->page_size);

    memset(page, 0, db->page_size);
    ese_store_le64(page + 8, 0x100 + pgno);
    ese_store_le32(page + 24, objid);
    ese_store_le16(page + 28, (uint16_t)(area - 4));
    ese_store_le16(page + 34, 1);
    ese_store_le32(page + 36, flags | ALL_PAGES);
    if (area + 80 == db->page_size)
        ese_store_le32(page + 64, pgno);
}

void
test_page_set_links(test_db *db, ese_pgno pgno, ese_pgno prev, ese_pgno next)
{
    ese_store_le32(test_db_page(db, pgno) + 16, prev);
    ese_store_le32(test_db_page(db, pgno) + 20, next);
}

/* Stores `n` bytes for tag `tag`; the page has room. */
static uint8_t *
put_tag(test_db *db, ese_pgno pgno, unsigned tag, size_t n)
{
    uint8_t *page = test_db_page(db, pgno);
    unsigned used = ese_load_le16(page + 32);
    uint8_t *at = page + db->page_size - 4 * (tag + 1);

    ese_store_le16(at, (uint16_t)n);
    ese_store_le16(at + 2, (uint16_t)used);
    ese_store_le16(page + 32, (uint16_t)(used + n));
    ese_store_le16(page + 28, (uint16_t)(ese_load_le16(page + 28) - n));
    return page + ese_page_header_size(db->page_size) + used;
}

void
test_page_set_header(test_db *db, ese_pgno pgno, ese_bytes header)
{
    if (header.size != 0)
        memcpy(put_tag(db, pgno, 0, header.size), header.data, header.size);
}

static size_t
common_prefix(ese_bytes a, ese_bytes b)
{
    size_t n = 0;

    while (n < a.size && n < b.size && a.data[n] == b.data[n])
        n++;
    return n;
}

bool
test_page_add_line(test_db *db, ese_pgno pgno, ese_bytes key, ese_bytes data, bool is_deleted)
{
    uint8_t *bytes = test_db_page(db, pgno);
    ese_page page = {bytes, db->page_size, pgno};
    unsigned tag = ese_page_tag_count(&page);
    size_t prefix = common_prefix(ese_page_external_header(&page), key);
    bool is_compressed = prefix > 2 && (ese_page_flags(&page) & ESE_PAGE_ROOT) == 0;
    unsigned flags =
        (is_deleted ? ESE_PAGE_NODE_DELETED : 0u) | (is_compressed ? ESE_PAGE_NODE_COMPRESSED : 0u);
    size_t n;
    uint8_t *node;

    if (!is_compressed)
        prefix = 0;
    n = (is_compressed ? 4 : 2) + key.size - prefix + data.size;
    if (ese_load_le16(bytes + 28) < n + 4)
        return false;
    ese_store_le16(bytes + 28, (uint16_t)(ese_load_le16(bytes + 28) - 4));
    ese_store_le16(bytes + 34, (uint16_t)(tag + 1));
    node = put_tag(db, pgno, tag, n);
    if (is_compressed)
        ese_store_le16(node, (uint16_t)prefix);
    ese_store_le16(node + (is_compressed ? 2 : 0), (uint16_t)(key.size - prefix));
    if (key.size > prefix)
        memcpy(node + (is_compressed ? 4 : 2), key.data + prefix, key.size - prefix);
    if (data.size != 0)
        memcpy(node + n - data.size, data.data, data.size);
    if (ese_page_header_size(db->page_size) == ESE_PAGE_HEADER_LARGE)
        node[1] = (uint8_t)(node[1] | flags << 5);
    else
        bytes[db->page_size - 4 * (tag + 1) + 3] |= (uint8_t)(flags << 5);
    return true;
}

void
test_page_seal(test_db *db, ese_pgno pgno)
{
    ese_page_checksum_update(test_db_page(db, pgno), db->page_size, pgno);
}

/* ---- tree */

int
test_entry_compare(const test_entry *a, const test_entry *b, bool is_non_unique)
{
    int order =
        ese_bytes_compare((ese_bytes){a->key, a->key_size}, (ese_bytes){b->key, b->key_size});

    if (order == 0 && is_non_unique)
        order = ese_bytes_compare((ese_bytes){a->data, a->data_size},
                                  (ese_bytes){b->data, b->data_size});
    return order;
}

/* A page of one level on its way into the level above. */
typedef struct tree_child {
    ese_pgno pgno;
    uint8_t separator[KEY_MAX];
    size_t separator_size; /* 0 = last */
} tree_child;

typedef struct tree_level {
    tree_child *children;
    size_t n;
} tree_level;

static void
add_child(tree_level *level, ese_pgno pgno)
{
    level->children = realloc(level->children, (level->n + 1) * sizeof *level->children);
    require(level->children != NULL);
    memset(&level->children[level->n], 0, sizeof *level->children);
    level->children[level->n++].pgno = pgno;
}

/* The shortest string above `left` that is not above `right`. */
static void
separate(tree_child *child, const test_entry *left, const test_entry *right, bool is_non_unique)
{
    ese_bytes left_key = {left->key, left->key_size}, right_key = {right->key, right->key_size};
    size_t n = common_prefix(left_key, right_key);
    uint8_t *to = child->separator;

    if (n < right_key.size) {
        memcpy(to, right_key.data, n + 1);
        child->separator_size = n + 1;
        return;
    }
    require(is_non_unique);
    memcpy(to, right_key.data, n);
    n = common_prefix((ese_bytes){left->data, left->data_size},
                      (ese_bytes){right->data, right->data_size});
    memcpy(to + right_key.size, right->data, n + 1);
    child->separator_size = right_key.size + n + 1;
}

static uint32_t
flags_of(const test_tree_shape *shape)
{
    return shape->kind | (shape->is_non_unique ? (uint32_t)ESE_PAGE_NON_UNIQUE : 0);
}

/* Fills the leaves behind page number `pgno`, the first of them. */
static void
build_leaves(test_db *db, const test_tree_shape *shape, const test_entry *entries, size_t n,
             tree_level *level)
{
    size_t i = 0;

    do {
        ese_pgno pgno = test_db_add_page(db);
        unsigned lines = 0;
        size_t middle = i + (shape->leaf_lines != 0 ? shape->leaf_lines / 2 : 10);

        test_page_format(db, pgno, shape->objid, flags_of(shape) | ESE_PAGE_LEAF);
        if (shape->has_prefixes && middle < n)
            test_page_set_header(db, pgno,
                                 (ese_bytes){entries[middle].key, entries[middle].key_size});
        while (i < n && (shape->leaf_lines == 0 || lines < shape->leaf_lines) &&
               test_page_add_line(db, pgno, (ese_bytes){entries[i].key, entries[i].key_size},
                                  (ese_bytes){entries[i].data, entries[i].data_size},
                                  entries[i].is_deleted)) {
            i++;
            lines++;
        }
        require(lines > 0 || n == 0);
        add_child(level, pgno);
        if (i < n)
            separate(&level->children[level->n - 1], &entries[i - 1], &entries[i],
                     shape->is_non_unique);
    } while (i < n);
    for (size_t k = 0; k < level->n; k++) {
        test_page_set_links(db, level->children[k].pgno, k == 0 ? 0 : level->children[k - 1].pgno,
                            k + 1 == level->n ? 0 : level->children[k + 1].pgno);
        test_page_seal(db, level->children[k].pgno);
    }
}

/* Puts as many children as fit on the page; returns how many. */
static size_t
fill_parent(test_db *db, const test_tree_shape *shape, ese_pgno pgno, const tree_child *children,
            size_t n)
{
    size_t i = 0;

    while (i < n && (shape->parent_lines == 0 || i < shape->parent_lines)) {
        uint8_t data[4];

        ese_store_le32(data, children[i].pgno);
        if (!test_page_add_line(db, pgno,
                                (ese_bytes){children[i].separator, children[i].separator_size},
                                (ese_bytes){data, 4}, false))
            break;
        i++;
    }
    return i;
}

static void
build_parents(test_db *db, const test_tree_shape *shape, uint32_t level_flag,
              const tree_level *below, tree_level *above)
{
    size_t i = 0;

    while (i < below->n) {
        ese_pgno pgno = test_db_add_page(db);
        const tree_child *first = &below->children[i];

        test_page_format(db, pgno, shape->objid, flags_of(shape) | level_flag);
        if (shape->has_prefixes)
            test_page_set_header(db, pgno, (ese_bytes){first->separator, first->separator_size});
        i += fill_parent(db, shape, pgno, first, below->n - i);
        test_page_seal(db, pgno);
        add_child(above, pgno);
        above->children[above->n - 1] = below->children[i - 1];
        above->children[above->n - 1].pgno = pgno;
    }
}

/* The only page of the top level becomes the root: its lines move to a page without prefix key. */
static void
build_root(test_db *db, const test_tree_shape *shape, ese_pgno root, ese_pgno top)
{
    static const uint8_t space_header[16] = {1, 0, 0, 0, 1};
    ese_page from = {test_db_page(db, top), db->page_size, top};
    uint8_t key[KEY_MAX];

    test_page_format(db, root, shape->objid,
                     (ese_page_flags(&from) & ~(uint32_t)ALL_PAGES) | ESE_PAGE_ROOT);
    test_page_set_header(db, root, (ese_bytes){space_header, sizeof space_header});
    for (unsigned i = 0; i < ese_page_line_count(&from); i++) {
        ese_page_node node = ese_page_line(&from, i);
        size_t n = ese_page_node_copy_key(&node, key, sizeof key);

        require(test_page_add_line(db, root, (ese_bytes){key, n}, node.data,
                                   (node.flags & ESE_PAGE_NODE_DELETED) != 0));
    }
    test_page_seal(db, root);
    memset(test_db_page(db, top), 0, db->page_size);
}

ese_pgno
test_tree_build(test_db *db, const test_tree_shape *shape, const test_entry *entries, size_t n)
{
    ese_pgno root = test_db_add_page(db);
    tree_level levels[N_LEVELS] = {{NULL, 0}};
    unsigned i = 0;

    build_leaves(db, shape, entries, n, &levels[0]);
    for (; levels[i].n > 1; i++) {
        require(i + 1 < N_LEVELS);
        build_parents(db, shape, i == 0 ? (uint32_t)ESE_PAGE_PARENT_OF_LEAF : 0, &levels[i],
                      &levels[i + 1]);
    }
    build_root(db, shape, root, levels[i].children[0].pgno);
    for (i = 0; i < N_LEVELS; i++)
        free(levels[i].children);
    return root;
}
