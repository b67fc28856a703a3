/* Index rows of the catalog: catalog specification, section 3.3. */
#include "base/utf.h"
#include "record/record_collate.h"
#include "schema/schema_private.h"

enum {
    SEGMENT_TEMPLATE = 0x80,
    SEGMENT_DESCENDING = 0x40,
    SEGMENT_MUST_BE_NULL = 0x20,
    LCMAP_DEFAULT = 0x30401,
};

static const ese_schema_column *
column_of_segment(const ese_schema_table *table, uint32_t fid, bool is_of_template)
{
    for (unsigned i = 0; i < table->n_columns; i++) {
        const ese_schema_column *column = &table->columns[i];
        bool belongs = (column->columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID) != 0;

        if (column->fid == fid && belongs == is_of_template)
            return column;
    }
    return NULL;
}

/* One element of KeyFldIDs or ConditionalColumns, in the form the index flags select. */
static JET_ERR
decode_segment(const ese_schema_table *table, const uint8_t *p, bool is_extended,
               ese_schema_segment *segment)
{
    int16_t old_form = (int16_t)ese_load_le16(p);

    if (is_extended) {
        segment->column =
            column_of_segment(table, ese_load_le16(p + 2), (p[0] & SEGMENT_TEMPLATE) != 0);
        segment->is_descending = (p[0] & SEGMENT_DESCENDING) != 0;
        segment->must_be_null = (p[0] & SEGMENT_MUST_BE_NULL) != 0;
    } else {
        segment->column =
            column_of_segment(table, (uint32_t)(old_form < 0 ? -old_form : old_form), false);
        segment->is_descending = old_form < 0;
        segment->must_be_null = old_form < 0;
    }
    return segment->column != NULL ? JET_errSuccess : JET_errCatalogCorrupted;
}

static JET_ERR
decode_segments(const ese_schema_table *table, ese_bytes stored, bool is_extended,
                ese_schema_segment *segments, unsigned *n_out)
{
    size_t width = is_extended ? 4 : 2;
    size_t n = stored.size / width;
    JET_ERR err = JET_errSuccess;

    if (stored.size % width != 0 || n > ESE_RECORD_KEY_SEGMENTS_MAX)
        return JET_errCatalogCorrupted;
    for (size_t i = 0; i < n; i++)
        ESE_TRY(decode_segment(table, stored.data + i * width, is_extended, &segments[i]));
    *n_out = (unsigned)n;
out:
    return err;
}

static JET_ERR
decode_locale(ese_arena *arena, const ese_schema__row *row, const char **locale_out)
{
    size_t n_units = row->locale.size / 2;
    size_t size = ese_utf16_to_utf8(row->locale.data, n_units, NULL, 0);
    char *text = NULL;
    JET_ERR err = ese_arena_alloc(arena, size + 1, &text);

    if (err < JET_errSuccess)
        return err;
    ese_utf16_to_utf8(row->locale.data, n_units, text, size);
    *locale_out = text;
    return JET_errSuccess;
}

static void
decode_tuple_limits(ese_bytes stored, ese_schema_index *index)
{
    if (stored.size < 12)
        return;
    index->is_tuple = true;
    index->tuple.length_min = ese_load_le32(stored.data);
    index->tuple.length_max = ese_load_le32(stored.data + 4);
    index->tuple.to_index_max = ese_load_le32(stored.data + 8);
    index->tuple.increment = stored.size >= 20 ? ese_load_le32(stored.data + 12) : 1;
    index->tuple.start = stored.size >= 20 ? ese_load_le32(stored.data + 16) : 0;
}

static JET_ERR
decode_rules(const ese_schema__row *row, ese_schema_index *index)
{
    uint32_t key_most = row->key_most != 0 ? row->key_most : ESE_RECORD_KEY_MOST_DEFAULT;
    uint32_t var_seg_mac =
        row->var_seg_mac.size == 2 ? ese_load_le16(row->var_seg_mac.data) : key_most;

    if (key_most > ESE_RECORD_KEY_MOST_MAX)
        return JET_errCatalogCorrupted;
    index->rules.lcmap_flags = row->lcmap_flags != 0 ? row->lcmap_flags : LCMAP_DEFAULT;
    index->rules.sort_nulls_high = (row->flags & ESE_SCHEMA_INDEX_SORT_NULLS_HIGH) != 0;
    index->rules.dotnet_guid = (row->flags & ESE_SCHEMA_INDEX_DOTNET_GUID) != 0;
    index->rules.key_most = (uint16_t)key_most;
    index->rules.var_seg_mac = (uint16_t)(var_seg_mac < key_most ? var_seg_mac : key_most);
    return JET_errSuccess;
}

static void
decode_version(const ese_schema__row *row, ese_schema_index *index)
{
    if (row->version.size == 8)
        index->version = ese_load_le64(row->version.data);
    if (row->sort_id.size == sizeof index->sort_id)
        memcpy(index->sort_id, row->sort_id.data, sizeof index->sort_id);
    index->is_key_known = (index->flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT) == 0 ||
                          (ese_record_collate_is_known(index->version, index->sort_id) &&
                           ese_record_collate_has_flags(index->rules.lcmap_flags));
}

static JET_ERR
decode_definition(const ese_schema_table *table, const ese_schema__row *row,
                  ese_schema_index *index)
{
    bool is_extended = (row->flags & ESE_SCHEMA_INDEX_EXTENDED_COLUMNS) != 0;
    JET_ERR err;

    ESE_TRY(decode_rules(row, index));
    ESE_TRY(
        decode_segments(table, row->key_columns, is_extended, index->segments, &index->n_segments));
    ESE_TRY(decode_segments(table, row->conditions, is_extended, index->conditions,
                            &index->n_conditions));
    if (index->n_segments == 0)
        err = JET_errCatalogCorrupted;
    decode_tuple_limits(row->tuple_limits, index);
out:
    return err;
}

/* The descriptors of the template's columns stand in the derived table too; its index points to
 * those. */
static JET_ERR
rebase_segments(const ese_schema_table *table, ese_schema_segment *segments, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        segments[i].column = ese_schema_find_column(table, segments[i].column->columnid);
        if (segments[i].column == NULL)
            return JET_errCatalogCorrupted;
    }
    return JET_errSuccess;
}

/* An inherited index keeps the definition of the template's; only tree, flags and density are its
 * own. */
static JET_ERR
inherit_definition(const ese_schema_table *table, ese_schema_index *index)
{
    const ese_schema_index *base = table->template_table != NULL
                                       ? ese_schema_find_index(table->template_table, index->name)
                                       : NULL;
    JET_ERR err;

    if (base == NULL)
        return JET_errCatalogCorrupted;
    index->rules = base->rules;
    index->n_segments = base->n_segments;
    memcpy(index->segments, base->segments, sizeof index->segments);
    index->n_conditions = base->n_conditions;
    memcpy(index->conditions, base->conditions, sizeof index->conditions);
    index->is_tuple = base->is_tuple;
    index->tuple = base->tuple;
    ESE_TRY(rebase_segments(table, index->segments, index->n_segments));
    ESE_TRY(rebase_segments(table, index->conditions, index->n_conditions));
out:
    return err;
}

/*
 * The longest key of a primary index over numbers only is known; the engine shows it as the limit of a segment, where the catalog
 * stores none. 0: some segment has no fixed length.
 */
static uint32_t
size_of_fixed_key(const ese_schema_index *index)
{
    uint32_t size = 0;

    for (unsigned i = 0; i < index->n_segments; i++) {
        const ese_schema_column *column = index->segments[i].column;
        bool is_number = column->coltyp != JET_coltypBinary && column->coltyp != JET_coltypText &&
                         column->coltyp != JET_coltypLongBinary &&
                         column->coltyp != JET_coltypLongText;

        if (!is_number)
            return 0;
        size += 1 + column->size_max;
    }
    return size;
}

static void
limit_fixed_key(const ese_schema__row *row, ese_schema_index *index)
{
    uint32_t size = size_of_fixed_key(index);

    if (row->var_seg_mac.size == 0 && size != 0 && size < index->rules.var_seg_mac)
        index->rules.var_seg_mac = (uint16_t)size;
}

JET_ERR
ese_schema__build_index(const ese_schema *schema, const ese_schema_table *table, ese_arena *arena,
                        const ese_schema__row *row, ese_schema_index *index)
{
    bool is_primary = row->coltyp_or_pgno == table->tree.root;
    JET_ERR err;

    index->objid = row->id;
    index->flags = row->flags;
    index->density = row->space_usage;
    index->lcid = row->pages_or_locale;
    ESE_TRY(ese_schema__text(arena, row->name, &index->name));
    ESE_TRY(decode_locale(arena, row, &index->locale));
    err = (row->flags & ESE_SCHEMA_INDEX_DERIVED) ? inherit_definition(table, index)
                                                  : decode_definition(table, row, index);
    if (err == JET_errCatalogCorrupted)
        ESE_TRY(ese_schema__corrupted_table(schema, table, "an index that cannot be understood"));
    ESE_TRY(err);
    if (is_primary)
        limit_fixed_key(row, index);
    decode_version(row, index);
    ese_schema__hints_decode(row->space_hints, 1, &index->hints);
    index->tree = table->tree;
    index->tree.root = row->coltyp_or_pgno;
    index->tree.objid = is_primary ? table->objid : row->id;
    index->tree.kind = is_primary ? 0 : ESE_PAGE_INDEX;
    index->tree.is_unique = is_primary || (row->flags & ESE_SCHEMA_INDEX_UNIQUE) != 0;
out:
    return err;
}
