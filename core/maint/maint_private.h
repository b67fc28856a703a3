/* What the files of the maintenance layer share. */
#pragma once

#include "base/arena.h"
#include "maint/maint.h"
#include "table/table.h"

/* ---- maint_file.c: a database file, its headers and its cache ---- */

typedef struct ese_maint__file {
    ese_os_file *file;
    ese_cache *cache;
    ese_cache_file *pages;
    ese_dbheader header; /* the first of the two that is right */
    uint32_t page_size;
    ese_pgno n_pages;
} ese_maint__file;

typedef enum ese_maint__copy { ESE_MAINT__PRIMARY, ESE_MAINT__SHADOW } ese_maint__copy;

/* JET_errDatabaseCorrupted when neither header is right, and the errors of opening and reading. */
JET_ERR ese_maint__file_open(const char *path, ese_maint__file *file_out);
void ese_maint__file_close(ese_maint__file *file);

/* Decodes one of the two headers. */
JET_ERR ese_maint__file_header(ese_os_file *file, uint32_t page_size, ese_maint__copy copy,
                               ese_dbheader *header_out);

/* Is this an error of the contents, to be told and passed by? Others end the work. */
bool ese_maint__is_damage(JET_ERR err);

/* ---- The trees of a database, and whose each page is ---- */

typedef enum ese_maint__role {
    ESE_MAINT__DATABASE, /* page 1: no entries, only space */
    ESE_MAINT__TABLE,
    ESE_MAINT__INDEX,
    ESE_MAINT__LONG_VALUES,
} ese_maint__role;

/* Sum over entries, independent of their order: equal sums mean, but for an absurd chance, equal sets. */
typedef struct ese_maint__sum {
    uint64_t a, b, n;
} ese_maint__sum;

typedef struct ese_maint__tree {
    ese_btree btree;
    ese_maint__role role;
    uint32_t parent;        /* number of the tree whose space it has, 0 = none */
    const char *table;      /* NULL for the database root */
    const char *index;      /* NULL but for secondary indexes */
    bool has_space;         /* its space header has been read */
    bool is_single_extent;  /* of it */
    bool is_sound;          /* its pages can be walked from end to end */
    bool is_damaged_inside; /* of a table: a record cannot be read */
    bool is_key_known;      /* of an index */
    bool has_many_entries;  /* of an index: a record may have several entries */
    uint32_t lv_chunk;      /* of long values: bytes of a full chunk */
    ese_maint__sum stored;  /* entries of an index; references, by count, of long values */
} ese_maint__tree;

/* What is known of one page; the arrays of the map have an element for each page number. */
typedef struct ese_maint__map {
    uint8_t *state;  /* ese_maint_page_state, with the bit below once it has been reported */
    uint8_t *use;    /* ese_maint_use */
    uint32_t *owner; /* number of the innermost tree that owns it, 0 = none */
    uint32_t *user;  /* number of the tree that uses it, 0 = none */
} ese_maint__map;

enum { ESE_MAINT__REPORTED = 0x80 };

typedef struct ese_maint__check {
    const ese_maint_watcher *watcher;
    ese_maint_summary summary;
    ese_maint__file file;
    ese_schema *schema; /* NULL: the catalog cannot be read at all */
    ese_btree_damage damage;
    bool is_catalog_complete; /* every tree of the database is known */
    bool has_unknown_space;   /* the space header of a tree cannot be read */
    ese_arena arena;          /* names */
    ese_maint__tree *trees;   /* number n at n - 1; parents before children */
    uint32_t n_trees, n_trees_max;
    ese_maint__map map;
    ese_pgno last_owned;
} ese_maint__check;

/* maint_check.c: opens the file; learns its trees; walks them, and with `with_contents` checks what their leaves hold. */
JET_ERR ese_maint__check_open(ese_maint__check *check, const char *path,
                              const ese_maint_watcher *watcher);
JET_ERR ese_maint__check_read_catalog(ese_maint__check *check);
JET_ERR ese_maint__check_map(ese_maint__check *check, bool with_contents);
void ese_maint__check_close(ese_maint__check *check);

static inline ese_maint__tree *
ese_maint__tree_at(const ese_maint__check *check, uint32_t number)
{
    return &check->trees[number - 1];
}

/* Where a finding belongs. */
typedef struct ese_maint__place {
    ese_maint_area area;
    ese_pgno pgno;
    const ese_maint__tree *tree; /* NULL = none */
} ese_maint__place;

void ese_maint__found(ese_maint__check *check, const ese_maint__place *place, JET_ERR err,
                      const char *format, ...) ESE_PRINTF(4, 5);
void ese_maint__noted(ese_maint__check *check, const ese_maint__place *place, const char *format,
                      ...) ESE_PRINTF(3, 4);
void ese_maint__progress(ese_maint__check *check, const char *phase, uint64_t done, uint64_t total);

/* maint_scan.c: reads every page in file order. */
typedef struct ese_maint__scanned {
    ese_page page;
    ese_maint_page_state state;
    const char *problem; /* of a bad page */
} ese_maint__scanned;

typedef struct ese_maint__scan_ops {
    void *self;
    JET_ERR (*visit)(void *self, const ese_maint__scanned *scanned);
} ese_maint__scan_ops;

JET_ERR ese_maint__scan(const ese_maint__file *file, const ese_maint__scan_ops *ops);
ese_maint__scanned ese_maint__judge(uint8_t *bytes, uint32_t page_size, ese_pgno pgno);

/* maint_trees.c: fills check->trees from the catalog. */
JET_ERR ese_maint__trees_collect(ese_maint__check *check);

/* maint_walk.c: every page of one tree by way of its parents. */
typedef struct ese_maint__walk_ops {
    void *self;
    ese_maint_use use;                                 /* what the pages are marked as */
    JET_ERR (*leaf)(void *self, const ese_page *page); /* NULL = nothing */
} ese_maint__walk_ops;

/* `btree` is the tree itself, or one of its space trees. *sound_out: nothing was found wrong. */
JET_ERR ese_maint__walk(ese_maint__check *check, uint32_t number, const ese_btree *btree,
                        const ese_maint__walk_ops *ops, bool *sound_out);

/* maint_space.c */

/* Claims what the tree owns from its parent, and marks what is free or set aside. */
JET_ERR ese_maint__space_claim(ese_maint__check *check, uint32_t number);

/* Marks a page as used by a tree; reports, and returns false, when it is in use already or does not exist. */
bool ese_maint__space_use(ese_maint__check *check, uint32_t number, ese_pgno pgno,
                          ese_maint_use use);

/* After all trees have been walked: free pages nobody recorded, leaks, pages used by other than their owner. */
void ese_maint__space_settle(ese_maint__check *check);

/* maint_sum.c */
void ese_maint__sum_add(ese_maint__sum *sum, ese_bytes key, ese_bytes bookmark);
void ese_maint__sum_add_number(ese_maint__sum *sum, uint64_t number, uint32_t times);
bool ese_maint__sum_equal(const ese_maint__sum *a, const ese_maint__sum *b);

/* maint_check_header.c, maint_check_catalog.c */
JET_ERR ese_maint__check_headers(ese_maint__check *check);
JET_ERR ese_maint__check_shadow(ese_maint__check *check);

/*
 * maint_check_record.c: what a leaf of a table or index holds, told to `*sum_inout`. For a table: its references to long values, for an
 * index: its entries.
 */
typedef struct ese_maint__leaf_check {
    ese_maint__check *check;
    uint32_t number;
    ese_maint__sum references; /* of a table, to long values */
} ese_maint__leaf_check;

JET_ERR ese_maint__check_table_leaf(void *leaf_check, const ese_page *page);
JET_ERR ese_maint__check_index_leaf(void *leaf_check, const ese_page *page);

/* Calls `visit` for every reference to a long value in a record. */
typedef struct ese_maint__reference_ops {
    void *self;
    void (*visit)(void *self, uint64_t lid);
} ese_maint__reference_ops;

JET_ERR ese_maint__references(ese_bytes bytes, uint32_t page_size,
                              const ese_maint__reference_ops *ops);

/* maint_check_lv.c: the leaves of a tree of long values come in order. */
typedef struct ese_maint__lv_check {
    ese_maint__check *check;
    uint32_t number;
    bool is_open;   /* inside a value: its root has been seen */
    bool is_hidden; /* its count says that no record has it */
    bool is_encrypted;
    uint64_t lid;
    uint32_t size; /* of the value */
    uint32_t seen; /* bytes of it so far */
} ese_maint__lv_check;

JET_ERR ese_maint__check_lv_leaf(void *lv_check, const ese_page *page);
void ese_maint__check_lv_end(ese_maint__lv_check *lv_check, ese_pgno pgno);

/* Names the values whose count of references is wrong, and records that refer to none. */
JET_ERR ese_maint__check_lv_differences(ese_maint__check *check, uint32_t table, uint32_t values);

/* maint_check_index.c: all indexes of one table against its records. */
JET_ERR ese_maint__check_indexes(ese_maint__check *check, uint32_t table);
