/*
 * Builds the descriptor of one table from its rows: columns first, then indexes, which name
 * columns. Everything a descriptor points to lies in the arena of its entry.
 */
#include "base/utf.h"
#include "btree/btree_space.h"
#include "record/record_lv.h"
#include "schema/schema_private.h"

#include <stdlib.h>

enum {
    MAX_ROWS_OF_A_TABLE = 0x20000, /* more than all column ids: a catalog with more is damaged */
    CODE_PAGE_UNICODE = 1200,
};

typedef struct row_counts {
    unsigned columns;
    unsigned indexes;
} row_counts;

static bool
is_known_type(uint32_t coltyp)
{
    return coltyp >= JET_coltypBit && coltyp <= JET_coltypUnsignedLongLong &&
           coltyp != JET_coltypSLV;
}

JET_ERR
ese_schema__corrupted(const ese_schema *schema, uint32_t objid, const char *what)
{
    return ese_raise(JET_errCatalogCorrupted, "%s: catalog, table with objid %u: %s",
                     ese_cache_path(schema->file), (unsigned)objid, what);
}

JET_ERR
ese_schema__corrupted_table(const ese_schema *schema, const ese_schema_table *table,
                            const char *what)
{
    return ese_raise(JET_errCatalogCorrupted, "%s: catalog, table '%s': %s",
                     ese_cache_path(schema->file), table->name, what);
}

JET_ERR
ese_schema__text(ese_arena *arena, ese_bytes cp1252, const char **text_out)
{
    size_t size = ese_cp1252_to_utf8(cp1252.data, cp1252.size, NULL, 0);
    char *text = NULL;
    JET_ERR err = ese_arena_alloc(arena, size + 1, &text);

    if (err < JET_errSuccess)
        return err;
    ese_cp1252_to_utf8(cp1252.data, cp1252.size, text, size);
    *text_out = text;
    return JET_errSuccess;
}

void
ese_schema__hints_decode(ese_bytes stored, unsigned first_field, JET_SPACEHINTS *hints_out)
{
    uint32_t fields[7] = {0};
    unsigned n = stored.size > 0 ? (unsigned)((stored.size - 1) / 4) : 0;

    if (stored.size == 0 || stored.data[0] != 1)
        return;
    for (unsigned i = 0; i < n && first_field + i < 7; i++)
        fields[first_field + i] = ese_load_le32(stored.data + 1 + 4 * i);
    hints_out->cbStruct = sizeof *hints_out;
    hints_out->ulInitialDensity = fields[0];
    hints_out->cbInitial = fields[1];
    hints_out->grbit = fields[2];
    hints_out->ulMaintDensity = fields[3];
    hints_out->ulGrowth = fields[4];
    hints_out->cbMinExtent = fields[5];
    hints_out->cbMaxExtent = fields[6];
}

static JET_ERR
count_rows(ese_schema__source *source, uint32_t objid, row_counts *counts_out)
{
    ese_schema__scan scan;
    ese_schema__row row;
    row_counts counts = {0};
    unsigned n_rows = 0;
    bool found = false;
    JET_ERR err;

    ese_schema__scan_start(&scan, source, objid);
    ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    for (; found; n_rows++) {
        if (n_rows == MAX_ROWS_OF_A_TABLE)
            ESE_TRY(ese_schema__corrupted(source->schema, objid, "too many rows"));
        counts.columns += row.type == ESE_SCHEMA__ROW_COLUMN && row.coltyp_or_pgno != JET_coltypNil;
        counts.indexes += row.type == ESE_SCHEMA__ROW_INDEX;
        ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    }
    *counts_out = counts;
out:
    ese_schema__scan_end(&scan);
    return err;
}

static ese_btree
tree_of(const ese_schema *schema, uint32_t root, uint32_t objid, uint32_t kind)
{
    return (ese_btree){.file = schema->file,
                       .root = root,
                       .objid = objid,
                       .kind = kind,
                       .is_unique = true,
                       .damage = schema->damage};
}

static JET_ERR
derived_template(const ese_schema *schema, uint32_t objid)
{
    return ese_schema__corrupted(schema, objid, "a template that is derived itself");
}

static JET_ERR
open_template(ese_schema *schema, const ese_txn_session *session, ese_schema_table *table,
              const ese_schema__row *row)
{
    ese_bytes stored = row->template_or_callback;
    char name[4 * ESE_SCHEMA_NAME_MAX + 1];
    size_t size = ese_cp1252_to_utf8(stored.data, stored.size, name, sizeof name - 1);
    JET_ERR err;

    if (size == 0 || size >= sizeof name)
        return ese_schema__corrupted(schema, row->id, "a derived table without a template");
    name[size] = '\0';
    err =
        ese_schema__table_open(schema, session, name, ESE_SCHEMA__TEMPLATE, &table->template_table);
    if (err >= JET_errSuccess && table->template_table->template_table != NULL)
        return derived_template(schema, row->id); /* it was open already, as a table of its own */
    return err;
}

/* Fixed and variable columns of a derived table follow those of its template; tagged ones are told apart by a bit. */
static void
inherit_ids(ese_schema__entry *entry)
{
    const ese_schema_table *base = entry->table.template_table;

    entry->ids = (ese_schema__ids){
        .variable = ESE_RECORD_VARIABLE_FIRST - 1,
        .tagged = ESE_RECORD_TAGGED_FIRST - 1,
        .fixed_end = ESE_RECORD_HEADER_SIZE,
    };
    if (base != NULL) {
        const ese_schema__ids *ids = &ese_schema__entry_of(base)->ids;

        entry->ids.fixed = ids->fixed;
        entry->ids.variable = ids->variable;
        entry->ids.fixed_end = ids->fixed_end;
    }
}

/* Deleted columns too keep their ids and places. */
static void
note_ids(ese_schema__entry *entry, const ese_schema__row *row)
{
    ese_schema__ids *ids = &entry->ids;
    uint32_t end = row->record_offset + row->space_usage;

    if (row->id <= ESE_RECORD_FIXED_LAST) {
        ids->fixed = row->id > ids->fixed ? row->id : ids->fixed;
        ids->fixed_end = end > ids->fixed_end ? end : ids->fixed_end;
    } else if (row->id <= ESE_RECORD_VARIABLE_LAST) {
        ids->variable = row->id > ids->variable ? row->id : ids->variable;
    } else {
        ids->tagged = row->id > ids->tagged ? row->id : ids->tagged;
    }
}

static JET_ERR
apply_table_row(ese_schema *schema, const ese_txn_session *session, ese_schema__entry *entry,
                const ese_schema__row *row)
{
    ese_schema_table *table = &entry->table;
    JET_ERR err;

    ESE_TRY(ese_schema__text(&entry->arena, row->name, &table->name));
    table->objid = row->id;
    table->flags = row->flags;
    table->density = row->space_usage;
    table->n_initial_pages = row->pages_or_locale;
    table->separate_lv = row->separate_lv.size == 4 ? ese_load_le32(row->separate_lv.data) : 0;
    table->lv_chunk = row->lv_chunk;
    ese_schema__hints_decode(row->space_hints, 2, &table->hints);
    ese_schema__hints_decode(row->lv_hints, 0, &table->lv_hints);
    table->tree = tree_of(schema, row->coltyp_or_pgno, row->id, 0);
    if (row->flags & ESE_SCHEMA_TABLE_DERIVED)
        ESE_TRY(open_template(schema, session, table, row));
    inherit_ids(entry);
out:
    return err;
}

/* The offset is taken from the catalog, but for the catalog itself, where the stored one is
 * always 4. */
static uint32_t
offset_of_column(const ese_schema_table *table, const ese_schema__row *row,
                 uint32_t *catalog_offset, uint32_t size)
{
    uint32_t offset = row->record_offset;

    if (table->objid == ESE_SCHEMA__CATALOG_OBJID || table->objid == ESE_SCHEMA__SHADOW_OBJID) {
        offset = *catalog_offset;
        *catalog_offset += size;
    }
    return offset;
}

static JET_ERR
check_column(const ese_schema *schema, const ese_schema_table *table,
             const ese_schema_column *column)
{
    bool is_fixed = column->fid <= ESE_RECORD_FIXED_LAST;
    bool is_long = column->coltyp == JET_coltypLongBinary || column->coltyp == JET_coltypLongText;

    if (column->fid == 0 || column->fid > 0xffff)
        return ese_schema__corrupted_table(schema, table, "a column id out of range");
    if (is_fixed && (column->size_max == 0 || column->size_max > 255 || column->offset < 4 ||
                     column->offset + column->size_max > ESE_PAGE_SIZE_MAX))
        return ese_schema__corrupted_table(schema, table, "a fixed column outside the record");
    if (is_long && column->fid < ESE_RECORD_TAGGED_FIRST)
        return ese_schema__corrupted_table(schema, table, "a long column that is not tagged");
    return JET_errSuccess;
}

/* A default of a fixed column is as long as the column, as its values are: filled up, text with blanks. */
static JET_ERR
copy_default(ese_arena *arena, const ese_schema__row *row, ese_schema_column *column)
{
    size_t given = row->default_value.size;
    bool is_fixed =
        column->fid <= ESE_RECORD_FIXED_LAST && ese_record_type_size(column->coltyp) == 0;
    size_t size = is_fixed && given < column->size_max ? column->size_max : given;
    uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_arena_alloc(arena, size, &bytes));
    if (given != 0)
        memcpy(bytes, row->default_value.data, given);
    for (size_t i = given; i < size; i++) {
        bool is_low_byte = column->code_page != CODE_PAGE_UNICODE || i % 2 == 0;

        bytes[i] = column->coltyp == JET_coltypText && is_low_byte ? ' ' : 0;
    }
    column->default_value = (ese_bytes){bytes, size};
out:
    return err;
}

static JET_ERR
fill_column(const ese_schema *schema, ese_schema__entry *entry, const ese_schema__row *row,
            ese_schema_column *column)
{
    uint32_t size = ese_record_type_size(row->coltyp_or_pgno);
    JET_ERR err;

    if (!is_known_type(row->coltyp_or_pgno))
        return ese_schema__corrupted_table(schema, &entry->table, "an unknown column type");
    column->fid = row->id;
    column->columnid = row->id;
    if ((entry->table.flags & ESE_SCHEMA_TABLE_TEMPLATE) &&
        (row->flags & ESE_SCHEMA_TEMPLATE_COLUMN))
        column->columnid |= (uint32_t)ESE_SCHEMA_TEMPLATE_ID;
    column->coltyp = (uint8_t)row->coltyp_or_pgno;
    column->code_page = (uint16_t)row->pages_or_locale;
    column->size_max = size != 0 ? size : row->space_usage;
    column->flags = row->flags;
    /* Such a default is computed by the program that made the table; what is stored is for it, and no value. */
    if (row->flags & ESE_SCHEMA_USER_DEFINED_DEFAULT)
        column->flags &= ~(uint32_t)ESE_SCHEMA_DEFAULT;
    ESE_TRY(ese_schema__text(&entry->arena, row->name, &column->name));
    if (column->flags & ESE_SCHEMA_DEFAULT)
        ESE_TRY(copy_default(&entry->arena, row, column));
out:
    return err;
}

/* A default of a fixed column must have its size, or reading it would run out of its bytes. */
static JET_ERR
check_default(const ese_schema *schema, const ese_schema_table *table,
              const ese_schema_column *column)
{
    uint32_t size = ese_record_type_size(column->coltyp);

    if ((column->flags & ESE_SCHEMA_DEFAULT) && size != 0 && column->default_value.size != size)
        return ese_schema__corrupted_table(schema, table, "a default value of the wrong size");
    return JET_errSuccess;
}

static JET_ERR
add_column(ese_schema *schema, ese_schema__entry *entry, const ese_schema__row *row,
           uint32_t *catalog_offset)
{
    ese_schema_table *table = &entry->table;
    ese_schema_column *column = &table->columns[table->n_columns];
    JET_ERR err;

    if (entry->columns_complete || table->n_columns == entry->n_columns_max)
        return ese_schema__corrupted_table(schema, table, "rows out of order");
    ESE_TRY(fill_column(schema, entry, row, column));
    if (column->fid <= ESE_RECORD_FIXED_LAST)
        column->offset = (uint16_t)offset_of_column(table, row, catalog_offset, column->size_max);
    ESE_TRY(check_column(schema, table, column));
    ESE_TRY(check_default(schema, table, column));
    table->n_columns++;
out:
    return err;
}

static int
compare_columns(const void *a, const void *b)
{
    JET_COLUMNID left = ((const ese_schema_column *)a)->columnid;
    JET_COLUMNID right = ((const ese_schema_column *)b)->columnid;

    return (left > right) - (left < right);
}

/* Adds the columns of the template and puts all in order. From here on indexes may point to them.
 */
static JET_ERR
complete_columns(const ese_schema *schema, ese_schema__entry *entry)
{
    ese_schema_table *table = &entry->table;
    const ese_schema_table *base = table->template_table;

    if (entry->columns_complete)
        return JET_errSuccess;
    entry->columns_complete = true;
    for (unsigned i = 0; base != NULL && i < base->n_columns; i++) {
        ese_schema_column *column = &table->columns[table->n_columns++];

        *column = base->columns[i];
        column->is_derived = column->fid >= ESE_RECORD_TAGGED_FIRST &&
                             (column->flags & ESE_SCHEMA_TEMPLATE_COLUMN) != 0;
    }
    if (table->n_columns > 1)
        qsort(table->columns, table->n_columns, sizeof *table->columns, compare_columns);
    for (unsigned i = 1; i < table->n_columns; i++) {
        if (table->columns[i - 1].columnid == table->columns[i].columnid)
            return ese_schema__corrupted_table(schema, table, "two columns with the same id");
    }
    return JET_errSuccess;
}

static JET_ERR
add_long_value_tree(ese_schema *schema, ese_schema_table *table, const ese_schema__row *row)
{
    table->has_lv_tree = true;
    table->lv_tree = tree_of(schema, row->coltyp_or_pgno, row->id, ESE_PAGE_LONG_VALUE);
    return JET_errSuccess;
}

static JET_ERR
add_index(ese_schema *schema, ese_schema__entry *entry, const ese_schema__row *row)
{
    ese_schema_table *table = &entry->table;
    JET_ERR err;

    if (table->n_indexes == entry->n_indexes_max)
        return ese_schema__corrupted_table(schema, table, "rows out of order");
    ESE_TRY(complete_columns(schema, entry));
    ESE_TRY(ese_schema__build_index(schema, table, &entry->arena, row,
                                    &table->indexes[table->n_indexes]));
    table->n_indexes++;
out:
    return err;
}

/* Rows come by type: the table, then its columns, then indexes, then the long-value tree. */
static JET_ERR
apply_row(ese_schema *schema, ese_schema__entry *entry, const ese_schema__row *row,
          uint32_t *catalog_offset)
{
    switch (row->type) {
    case ESE_SCHEMA__ROW_COLUMN:
        note_ids(entry, row);
        return row->coltyp_or_pgno == JET_coltypNil
                   ? JET_errSuccess
                   : add_column(schema, entry, row, catalog_offset);
    case ESE_SCHEMA__ROW_INDEX: return add_index(schema, entry, row);
    case ESE_SCHEMA__ROW_LONG_VALUE: return add_long_value_tree(schema, &entry->table, row);
    default: return JET_errSuccess;
    }
}

static JET_ERR
allocate_parts(ese_schema__entry *entry, const row_counts *counts)
{
    ese_schema_table *table = &entry->table;
    unsigned inherited = table->template_table != NULL ? table->template_table->n_columns : 0;
    JET_ERR err;

    entry->n_columns_max = counts->columns;
    entry->n_indexes_max = counts->indexes;
    ESE_TRY(ese_arena_alloc(&entry->arena, (counts->columns + inherited) * sizeof *table->columns,
                            &table->columns));
    ESE_TRY(
        ese_arena_alloc(&entry->arena, counts->indexes * sizeof *table->indexes, &table->indexes));
out:
    return err;
}

static int
compare_indexes(const void *a, const void *b)
{
    return ese_schema__compare_names(((const ese_schema_index *)a)->name,
                                     ((const ese_schema_index *)b)->name);
}

static void
finish(ese_schema *schema, ese_schema_table *table)
{
    if (table->n_indexes > 1)
        qsort(table->indexes, table->n_indexes, sizeof *table->indexes, compare_indexes);
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (table->indexes[i].tree.root == table->tree.root)
            table->primary = &table->indexes[i];
    }
    if (table->lv_chunk == 0)
        table->lv_chunk = ese_record_lv_chunk_size(ese_cache_page_size(schema->file));
}

static JET_ERR
share_tree(ese_schema *schema, ese_btree *tree, uint32_t density, const JET_SPACEHINTS *hints)
{
    JET_ERR err = ese_btree_share(schema->db, tree);

    if (err < JET_errSuccess)
        return err;
    /* Relaxed: a hint for splits. */
    if (density != 0 && density <= 100)
        atomic_store_explicit(&tree->shared->density, density, memory_order_relaxed);
    if (hints->cbStruct != 0)
        ese_btree_set_growth(tree, hints);
    return err;
}

/* In a database attached for change the users of a tree have something in common. */
static JET_ERR
share_trees(ese_schema *schema, ese_schema_table *table)
{
    JET_ERR err = JET_errSuccess;

    if (schema->db == NULL)
        return JET_errSuccess;
    ESE_TRY(share_tree(schema, &table->tree, table->density, &table->hints));
    for (unsigned i = 0; i < table->n_indexes; i++) {
        ese_schema_index *index = &table->indexes[i];

        if (index == table->primary)
            index->tree.shared = table->tree.shared;
        else
            ESE_TRY(share_tree(schema, &index->tree, index->density, &index->hints));
    }
    if (table->has_lv_tree)
        ESE_TRY(share_tree(schema, &table->lv_tree, 0, &table->lv_hints));
out:
    return err;
}

static JET_ERR
build_rows(ese_schema *schema, ese_schema__source *source, const ese_schema__wanted *wanted,
           ese_schema__entry *entry)
{
    const uint32_t objid = wanted->objid;
    ese_schema__scan scan;
    ese_schema__row row;
    row_counts counts;
    uint32_t catalog_offset = 4;
    bool found = false;
    JET_ERR err;

    ese_schema__scan_start(&scan, source, objid);
    ESE_TRY(count_rows(source, objid, &counts));
    ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    if (!found || row.type != ESE_SCHEMA__ROW_TABLE)
        ESE_TRY(ese_schema__corrupted(schema, objid, "no row of the table itself"));
    if (wanted->role == ESE_SCHEMA__TEMPLATE && (row.flags & ESE_SCHEMA_TABLE_DERIVED))
        ESE_TRY(derived_template(schema, objid));
    ESE_TRY(apply_table_row(schema, wanted->session, entry, &row));
    ESE_TRY(allocate_parts(entry, &counts));
    ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    while (found) {
        ESE_TRY(apply_row(schema, entry, &row, &catalog_offset));
        ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
    }
    ESE_TRY(complete_columns(schema, entry));
    finish(schema, &entry->table);
    ESE_TRY(share_trees(schema, &entry->table));
out:
    ese_schema__scan_end(&scan);
    return err;
}

void
ese_schema__entry_drop(ese_schema *schema, ese_schema__entry **entry_inout)
{
    if (*entry_inout != NULL && (*entry_inout)->table.template_table != NULL)
        ese_schema_table_release(schema, &(*entry_inout)->table.template_table);
    ese_schema__entry_destroy(entry_inout);
}

/* Rows that can all be read, but make no table: a problem of no page in particular. */
static void
tell_content(const ese_schema *schema, JET_ERR err)
{
    if (schema->damage != NULL && err != JET_errOutOfMemory)
        schema->damage->skipped(schema->damage->self, 0, err, ese_err_text(err));
}

static JET_ERR
build_from(ese_schema *schema, ese_schema__copy copy, const ese_schema__wanted *wanted,
           ese_schema__entry **entry_out)
{
    ese_schema__source source;
    ese_schema__entry *entry = NULL;
    JET_ERR err;

    ese_schema__source_init(&source, schema, wanted->session, copy);
    ESE_TRY(ese_alloc(sizeof *entry, &entry));
    ese_list_init(&entry->link);
    ese_list_init(&entry->sibling);
    ese_list_init(&entry->namesake);
    ESE_TRY(build_rows(schema, &source, wanted, entry));
    entry->has_gap = source.has_gap;
    *entry_out = entry;
    entry = NULL;
out:
    if (err < JET_errSuccess && !source.has_gap)
        tell_content(schema, err);
    ese_schema__entry_drop(schema, &entry);
    return err;
}

/* In a damaged file the copy of the catalog is taken that has all of the table, and if neither has, what the first one still tells. */
static JET_ERR
build_from_shadow(ese_schema *schema, const ese_schema__wanted *wanted,
                  ese_schema__entry **entry_inout)
{
    ese_schema__entry *other = NULL;
    JET_ERR err = build_from(schema, ESE_SCHEMA__SHADOW, wanted, &other);

    if (*entry_inout == NULL || (err >= JET_errSuccess && !other->has_gap)) {
        ese_schema__entry_drop(schema, entry_inout);
        *entry_inout = other;
        return err;
    }
    ese_schema__entry_drop(schema, &other);
    return JET_errSuccess;
}

JET_ERR
ese_schema__build(ese_schema *schema, const ese_schema__wanted *wanted,
                  ese_schema__entry **entry_out)
{
    ese_schema__entry *entry = NULL;
    JET_ERR err = build_from(schema, ESE_SCHEMA__CATALOG, wanted, &entry);

    if (schema->damage != NULL && ese_schema__has_shadow(schema) && err != JET_errOutOfMemory &&
        (entry == NULL || entry->has_gap))
        err = build_from_shadow(schema, wanted, &entry);
    if (err >= JET_errSuccess)
        *entry_out = entry;
    return err;
}

void
ese_schema__entry_destroy(ese_schema__entry **entry_inout)
{
    ese_schema__entry *entry = *entry_inout;

    if (entry == NULL)
        return;
    ese_txn_trx_release(&entry->made);
    ese_txn_trx_release(&entry->ended);
    ese_arena_clear(&entry->arena);
    ese_free(entry_inout);
}
