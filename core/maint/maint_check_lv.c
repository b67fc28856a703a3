/*
 * Long values: records specification, section 5. A value is a root node and the chunks behind it, whose offsets follow each other without gap
 * and end with the size that the root names.
 */
#include "maint/maint_private.h"

#include "record/record_compress.h"
#include "record/record_lv.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    REFCOUNT_ORPHAN = 0, /* not visible, cleaned up some day */
    BATCH = 64 * 1024,   /* long values counted in one pass over the table */
    DIFFERENCES_MAX = 20,
};

static const uint32_t refcount_deleted = 0xffffffffu; /* partly removed, not visible */

static void
complain(ese_maint__lv_check *values, ese_pgno pgno, JET_ERR err, const char *what)
{
    ese_maint__place place = {ESE_MAINT_LONG_VALUE, pgno,
                              ese_maint__tree_at(values->check, values->number)};

    ese_maint__found(values->check, &place, err, "long value %" PRIu64 ": %s", values->lid, what);
}

void
ese_maint__check_lv_end(ese_maint__lv_check *values, ese_pgno pgno)
{
    if (values->is_open && !values->is_hidden && values->seen != values->size)
        complain(values, pgno, JET_errDatabaseCorrupted, "the last bytes are missing");
    values->is_open = false;
}

static void
start_value(ese_maint__lv_check *values, ese_pgno pgno, const ese_page_node *node, uint64_t lid)
{
    ese_maint__tree *tree = ese_maint__tree_at(values->check, values->number);
    ese_record_lv_root root;
    JET_ERR err;

    ese_maint__check_lv_end(values, pgno);
    values->lid = lid;
    err = ese_record_lv_root_decode(node->data, &root);
    if (err < JET_errSuccess) {
        complain(values, pgno, err, ese_err_text(err));
        return;
    }
    values->is_open = true;
    values->is_hidden = root.refcount == REFCOUNT_ORPHAN || root.refcount == refcount_deleted;
    values->size = root.size;
    values->seen = 0;
    values->is_encrypted = root.is_encrypted;
    values->check->summary.n_long_values++;
    if (!values->is_hidden)
        ese_maint__sum_add_number(&tree->stored, lid, root.refcount);
}

/* A chunk holds the bytes themselves, or fewer that decompress to them. */
static const char *
find_fault_in_chunk(const ese_maint__lv_check *values, ese_bytes data, uint32_t expected)
{
    uint8_t bytes[ESE_PAGE_SIZE_MAX];
    size_t size = 0;

    if (data.size == expected || values->is_encrypted)
        return NULL;
    if (data.size > expected)
        return "a chunk is too long";
    switch (ese_record_decompressed_size(data, &size)) {
    case JET_errSuccess: break;
    case JET_errFeatureNotAvailable: return NULL;
    default: return "a chunk is too short, and no compressed one";
    }
    if (size != expected)
        return "a compressed chunk has a wrong size";
    if (ese_record_decompress(data, bytes, sizeof bytes, &size) < JET_errSuccess)
        return "a chunk cannot be decompressed";
    return NULL;
}

static void
take_chunk(ese_maint__lv_check *values, ese_pgno pgno, const ese_page_node *node, uint32_t offset)
{
    uint32_t chunk = ese_maint__tree_at(values->check, values->number)->lv_chunk;
    uint32_t left = values->size - values->seen;
    uint32_t expected = left < chunk ? left : chunk;
    const char *what = NULL;

    if (offset != values->seen || left == 0)
        what = offset != values->seen ? "a chunk is missing, or stands at a wrong offset"
                                      : "there are more chunks than the size allows";
    else
        what = find_fault_in_chunk(values, node->data, expected);
    values->seen += what == NULL ? expected : 0;
    if (what != NULL) {
        complain(values, pgno, JET_errDatabaseCorrupted, what);
        values->is_open = false;
    }
}

static void
take_line(ese_maint__lv_check *values, ese_pgno pgno, const ese_page_node *node)
{
    uint8_t bytes[ESE_PAGE_KEY_MAX];
    ese_bytes key = {bytes, ese_page_node_copy_key(node, bytes, sizeof bytes)};
    ese_record_lv_kind kind;
    uint64_t lid;
    uint32_t offset;
    JET_ERR err = ese_record_lv_split_key(key, &kind, &lid, &offset);

    if (err < JET_errSuccess) {
        ese_maint__check_lv_end(values, pgno);
        complain(values, pgno, err, ese_err_text(err));
    } else if (kind == ESE_RECORD_LV_ROOT) {
        start_value(values, pgno, node, lid);
    } else if (lid != values->lid) {
        ese_maint__check_lv_end(values, pgno);
        values->lid = lid; /* told once for each value without a root */
        complain(values, pgno, JET_errDatabaseCorrupted, "there are chunks without a root");
    } else if (values->is_open && !values->is_hidden) {
        take_chunk(values, pgno, node, offset);
    }
}

/* A root that is flagged as deleted hides what is left of its chunks: to clear them away needs memory and reads, which can fail. */
static void
take_deleted(ese_maint__lv_check *values, ese_pgno pgno, const ese_page_node *node)
{
    uint8_t bytes[ESE_PAGE_KEY_MAX];
    ese_bytes key = {bytes, ese_page_node_copy_key(node, bytes, sizeof bytes)};
    ese_maint__place place = {ESE_MAINT_LONG_VALUE, pgno,
                              ese_maint__tree_at(values->check, values->number)};
    ese_record_lv_kind kind;
    uint64_t lid;
    uint32_t offset;

    if (ese_record_lv_split_key(key, &kind, &lid, &offset) < JET_errSuccess ||
        kind != ESE_RECORD_LV_ROOT)
        return;
    ese_maint__check_lv_end(values, pgno);
    values->lid = lid;
    values->is_open = values->is_hidden = true;
    ese_maint__noted(values->check, &place,
                     "long value %" PRIu64 ": it is deleted and not cleared away", lid);
}

JET_ERR
ese_maint__check_lv_leaf(void *lv_check, const ese_page *page)
{
    unsigned n = ese_page_line_count(page);

    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);

        if ((node.flags & ESE_PAGE_NODE_DELETED) == 0)
            take_line(lv_check, page->pgno, &node);
        else
            take_deleted(lv_check, page->pgno, &node);
    }
    return JET_errSuccess;
}

/* ---- Which count is wrong? ---- */

typedef struct counted {
    uint64_t lid;
    uint32_t refcount;
    uint32_t n_found;
} counted;

/* References are counted for the values of one batch, whose ids lie in first ... last, in one pass over the table. */
typedef struct counter {
    ese_maint__check *check;
    uint32_t table, values;
    counted *batch;
    size_t n;
    uint64_t first, last;
    ese_pgno pgno; /* of the record at hand */
    unsigned n_told;
} counter;

static int
compare_ids(const void *a, const void *b)
{
    uint64_t x = ((const counted *)a)->lid, y = ((const counted *)b)->lid;

    return (x > y) - (x < y);
}

static void
count_reference(void *self, uint64_t lid)
{
    counter *counting = self;
    counted wanted = {lid, 0, 0}, *found;

    if (lid < counting->first || lid > counting->last)
        return;
    found = counting->n == 0 ? NULL
                             : bsearch(&wanted, counting->batch, counting->n,
                                       sizeof *counting->batch, compare_ids);
    if (found != NULL) {
        found->n_found++;
    } else if (counting->n_told++ < DIFFERENCES_MAX) {
        ese_maint__place place = {ESE_MAINT_RECORD, counting->pgno,
                                  ese_maint__tree_at(counting->check, counting->table)};

        ese_maint__found(counting->check, &place, JET_errDatabaseCorrupted,
                         "a record refers to long value %" PRIu64 ", which does not exist", lid);
    }
}

static JET_ERR
count_references(counter *counting)
{
    ese_maint__reference_ops ops = {counting, count_reference};
    ese_btree_cursor cursor;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &ese_maint__tree_at(counting->check, counting->table)->btree,
                          NULL);
    ESE_TRY(ese_btree_first(&cursor, &found));
    while (found) {
        counting->pgno = cursor.page->page.pgno;
        (void)ese_maint__references(cursor.node.data, counting->check->file.page_size, &ops);
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

static void
tell_differences(counter *counting)
{
    for (size_t i = 0; i < counting->n; i++) {
        const counted *value = &counting->batch[i];
        ese_maint__place place = {ESE_MAINT_LONG_VALUE, 0,
                                  ese_maint__tree_at(counting->check, counting->values)};

        if (value->n_found == value->refcount || counting->n_told++ >= DIFFERENCES_MAX)
            continue;
        ese_maint__found(counting->check, &place, JET_errDatabaseCorrupted,
                         "long value %" PRIu64 " counts %u references, but records have %u",
                         value->lid, (unsigned)value->refcount, (unsigned)value->n_found);
    }
}

/* The next batch of visible values, from where the cursor stands. */
static JET_ERR
fill_batch(counter *counting, ese_btree_cursor *cursor, bool *found_inout)
{
    uint8_t bytes[ESE_PAGE_KEY_MAX];
    ese_record_lv_kind kind;
    ese_record_lv_root root;
    uint64_t lid;
    uint32_t offset;
    JET_ERR err = JET_errSuccess;

    counting->n = 0;
    while (*found_inout && counting->n < BATCH) {
        ese_bytes key = {bytes, ese_page_node_copy_key(&cursor->node, bytes, sizeof bytes)};

        if (ese_record_lv_split_key(key, &kind, &lid, &offset) >= JET_errSuccess &&
            kind == ESE_RECORD_LV_ROOT &&
            ese_record_lv_root_decode(cursor->node.data, &root) >= JET_errSuccess &&
            root.refcount != REFCOUNT_ORPHAN && root.refcount != refcount_deleted)
            counting->batch[counting->n++] = (counted){lid, root.refcount, 0};
        ESE_TRY(ese_btree_next(cursor, found_inout));
    }
    if (counting->n > 1)
        qsort(counting->batch, counting->n, sizeof *counting->batch, compare_ids);
    counting->last =
        *found_inout && counting->n > 0 ? counting->batch[counting->n - 1].lid : UINT64_MAX;
out:
    return err;
}

JET_ERR
ese_maint__check_lv_differences(ese_maint__check *check, uint32_t table, uint32_t values)
{
    counter counting = {.check = check, .table = table, .values = values};
    ese_btree_cursor cursor;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &ese_maint__tree_at(check, values)->btree, NULL);
    ESE_TRY(ese_alloc(BATCH * sizeof *counting.batch, &counting.batch));
    ESE_TRY(ese_btree_first(&cursor, &found));
    do {
        ESE_TRY(fill_batch(&counting, &cursor, &found));
        ESE_TRY(count_references(&counting));
        tell_differences(&counting);
        counting.first = counting.last + 1;
    } while (found);
out:
    ese_btree_cursor_reset(&cursor);
    ese_free(&counting.batch);
    return err;
}
