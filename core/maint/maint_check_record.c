/* The leaves of tables and indexes: is every record one, and what does it refer to? */
#include "maint/maint_private.h"

#include "record/record.h"
#include "record/record_lv.h"

static JET_ERR
visit_tagged(const ese_record_tagged *tagged, const ese_maint__reference_ops *ops)
{
    uint32_t n = tagged->state == ESE_RECORD_VALUE ? tagged->n_values : 0;
    ese_record_value value;
    uint64_t lid;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < n; i++) {
        ESE_TRY(ese_record_tagged_value(tagged, i, &value));
        if ((value.form & ESE_RECORD_SEPARATED) == 0)
            continue;
        ESE_TRY(ese_record_lv_reference(value.bytes, &lid));
        ops->visit(ops->self, lid);
    }
out:
    return err;
}

JET_ERR
ese_maint__references(ese_bytes bytes, uint32_t page_size, const ese_maint__reference_ops *ops)
{
    ese_record record;
    ese_record_tagged tagged;
    JET_ERR err;

    ESE_TRY(ese_record_open(bytes, page_size, &record));
    for (uint32_t i = 0; i < record.n_tagged; i++) {
        ESE_TRY(ese_record_tagged_at(&record, i, &tagged));
        ESE_TRY(visit_tagged(&tagged, ops));
    }
out:
    return err;
}

static void
add_reference(void *self, uint64_t lid)
{
    ese_maint__leaf_check *leaf = self;

    ese_maint__sum_add_number(&leaf->references, lid, 1);
}

JET_ERR
ese_maint__check_table_leaf(void *leaf_check, const ese_page *page)
{
    ese_maint__leaf_check *leaf = leaf_check;
    ese_maint__reference_ops ops = {leaf, add_reference};
    unsigned n = ese_page_line_count(page);

    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);
        JET_ERR err;

        if ((node.flags & ESE_PAGE_NODE_DELETED) != 0)
            continue;
        leaf->check->summary.n_records++;
        err = ese_maint__references(node.data, page->size, &ops);
        if (err < JET_errSuccess) {
            ese_maint__place place = {ESE_MAINT_RECORD, page->pgno,
                                      ese_maint__tree_at(leaf->check, leaf->number)};

            ese_maint__found(leaf->check, &place, err, "line %u: %s", line, ese_err_text(err));
            ese_maint__tree_at(leaf->check, leaf->number)->is_damaged_inside = true;
        }
    }
    return JET_errSuccess;
}

/* Where keys cannot be made here, only which records have an entry is compared. */
JET_ERR
ese_maint__check_index_leaf(void *leaf_check, const ese_page *page)
{
    ese_maint__leaf_check *leaf = leaf_check;
    ese_maint__tree *tree = ese_maint__tree_at(leaf->check, leaf->number);
    unsigned n = ese_page_line_count(page);
    uint8_t bytes[ESE_PAGE_KEY_MAX];

    for (unsigned line = 0; line < n; line++) {
        ese_page_node node = ese_page_line(page, line);
        ese_bytes key = {bytes, 0};

        if ((node.flags & ESE_PAGE_NODE_DELETED) != 0)
            continue;
        leaf->check->summary.n_index_entries++;
        if (tree->is_key_known)
            key.size = ese_page_node_copy_key(&node, bytes, sizeof bytes);
        ese_maint__sum_add(&tree->stored, key, node.data);
    }
    return JET_errSuccess;
}
