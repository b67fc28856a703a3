/*
 * Indexes come and go. What an index is like is decided here: flags, segments, limits, conditions. The tree of a new one is empty; the table layer fills it.
 */
#include "base/utf.h"
#include "record/record_collate.h"
#include "schema/schema_catalog.h"

enum {
    SEGMENT_TEMPLATE = 0x80,
    SEGMENT_DESCENDING = 0x40,
    SEGMENT_MUST_BE_NULL = 0x20,
    SEGMENT_SIZE = 4,
    SEGMENTS_SIZE = SEGMENT_SIZE * ESE_RECORD_KEY_SEGMENTS_MAX,
    LCMAP_DEFAULT = 0x30401,
    LOCALE_MAX = 85, /* characters of the name of a locale */
    TUPLE_LENGTH_MIN = 2,
    TUPLE_LENGTH_MAX = 255,
    TUPLE_TO_INDEX_MAX = 0x7fff,
    TUPLE_SIZE = 20,
    CODE_PAGE_UNICODE = 1200,
};

#define IGNORE_BITS                                                                                \
    (JET_bitIndexIgnoreNull | JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreFirstNull)

/* An index in the making: its row, and what the row borrows. */
typedef struct making {
    ese_schema__place at;
    const ese_schema_new_index *what;
    const ese_schema_table *table; /* newest descriptor */
    ese_schema__row row;
    unsigned n_segments;
    uint32_t fixed_size; /* of the longest key when all columns are numbers; else 0 */
    bool is_all_numbers, has_unicode, has_multi_values;
    ese_schema__name name;
    uint8_t segments[SEGMENTS_SIZE];
    uint8_t conditions[SEGMENTS_SIZE];
    uint8_t var_seg_mac[2];
    uint8_t tuple[TUPLE_SIZE];
    uint8_t version[8];
    uint8_t sort_id[16];
    uint8_t locale[2 * LOCALE_MAX];
    uint8_t hints[ESE_SCHEMA__HINTS_MAX];
} making;

/* ---- Key ---- */

static JET_ERR
bad_key(const making *make, const char *why)
{
    return ese_raise(JET_errIndexInvalidDef, "index '%s': %s", make->what->name, why);
}

static bool
is_text(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypText || column->coltyp == JET_coltypLongText;
}

static bool
is_binary(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypBinary || column->coltyp == JET_coltypLongBinary;
}

static void
encode_segment(const ese_schema_column *column, uint8_t flags, uint8_t *to)
{
    bool is_of_template = (column->columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID) != 0;

    to[0] = (uint8_t)(flags | (is_of_template ? SEGMENT_TEMPLATE : 0));
    to[1] = 0;
    ese_store_le16(to + 2, (uint16_t)column->fid);
}

/* What the whole index is like follows from its columns. */
static JET_ERR
note_column(making *make, const ese_schema_column *column)
{
    uint32_t size = ese_record_type_size(column->coltyp);

    if (column->flags & ESE_SCHEMA_ESCROW_UPDATE)
        return ese_raise(JET_errCannotIndex, "column '%s' is changed by escrow updates",
                         column->name);
    if ((column->flags & ESE_SCHEMA_MULTI_VALUED) && (make->what->grbit & JET_bitIndexPrimary))
        return bad_key(make, "a primary index needs one value per record");
    make->has_multi_values |= (column->flags & ESE_SCHEMA_MULTI_VALUED) != 0;
    make->has_unicode |= is_text(column) && column->code_page == CODE_PAGE_UNICODE;
    make->is_all_numbers &= size != 0;
    make->fixed_size += 1 + size;
    return JET_errSuccess;
}

static JET_ERR
add_segment(making *make, const char *text)
{
    const ese_schema_column *column;
    JET_ERR err;

    if (*text != '+' && *text != '-')
        return bad_key(make, "each column of a key has a sign in front");
    column = ese_schema_find_column_name(make->table, text + 1);
    if (column == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no column '%s'", make->table->name,
                         text + 1);
    if (make->n_segments == ESE_RECORD_KEY_SEGMENTS_MAX)
        return bad_key(make, "the key has too many columns");
    ESE_TRY(note_column(make, column));
    encode_segment(column, *text == '-' ? SEGMENT_DESCENDING : 0,
                   make->segments + (size_t)SEGMENT_SIZE * make->n_segments);
    make->n_segments++;
out:
    return err;
}

/* Columns each with a terminator, and one more terminator, which is the last byte. */
static JET_ERR
parse_key(making *make)
{
    const ese_schema_new_index *what = make->what;
    const char *at = what->key, *end = what->key + what->key_size;
    JET_ERR err = JET_errSuccess;

    if (what->key_size < 2 || end[-1] != '\0' || end[-2] != '\0' || *at == '\0')
        return bad_key(make, "a key ends with two zeros");
    while (at < end - 1) {
        if (*at == '\0')
            return bad_key(make, "something stands behind the end of the key");
        ESE_TRY(add_segment(make, at));
        at += strlen(at) + 1;
    }
    make->row.key_columns = (ese_bytes){make->segments, (size_t)SEGMENT_SIZE * make->n_segments};
out:
    return err;
}

/* ---- Conditions ---- */

static JET_ERR
add_condition(making *make, unsigned number)
{
    const JET_CONDITIONALCOLUMN_A *condition = &make->what->conditions[number];
    const ese_schema_column *column;
    bool must_be_null = condition->grbit == JET_bitIndexColumnMustBeNull;

    if (condition->cbStruct != sizeof *condition || condition->szColumnName == NULL)
        return bad_key(make, "a condition that is no structure");
    if (!must_be_null && condition->grbit != JET_bitIndexColumnMustBeNonNull)
        return ese_raise(JET_errInvalidGrbit, "a column must be NULL or must not be");
    column = ese_schema_find_column_name(make->table, condition->szColumnName);
    if (column == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no column '%s'", make->table->name,
                         condition->szColumnName);
    encode_segment(column, must_be_null ? SEGMENT_MUST_BE_NULL : 0,
                   make->conditions + (size_t)SEGMENT_SIZE * number);
    return JET_errSuccess;
}

static JET_ERR
add_conditions(making *make)
{
    const ese_schema_new_index *what = make->what;
    JET_ERR err = JET_errSuccess;

    if (what->n_conditions > ESE_RECORD_KEY_SEGMENTS_MAX ||
        (what->n_conditions != 0 && what->conditions == NULL))
        return bad_key(make, "too many conditions, or none at all");
    for (unsigned i = 0; i < what->n_conditions && err >= JET_errSuccess; i++)
        err = add_condition(make, i);
    make->row.conditions = (ese_bytes){make->conditions, (size_t)SEGMENT_SIZE * what->n_conditions};
    return err;
}

/* ---- Flags ---- */

static JET_ERR
check_grbit(const making *make)
{
    JET_GRBIT grbit = make->what->grbit;
    bool is_primary = (grbit & JET_bitIndexPrimary) != 0;

    if (is_primary && (grbit & IGNORE_BITS))
        return ese_raise(JET_errInvalidGrbit, "a primary index has all records");
    if ((grbit & JET_bitIndexEmpty) && (grbit & JET_bitIndexIgnoreAnyNull) == 0)
        return ese_raise(JET_errInvalidGrbit, "an index stays empty only when it ignores any NULL");
    if ((grbit & JET_bitIndexCrossProduct) && (grbit & JET_bitIndexNestedTable))
        return ese_raise(JET_errInvalidGrbit, "values are combined in one way only");
    if (make->what->tuple == NULL)
        return JET_errSuccess;
    if (is_primary)
        return ese_raise(JET_errIndexTuplesSecondaryIndexOnly, "a primary index has no tuples");
    if (grbit & JET_bitIndexUnique)
        return ese_raise(JET_errIndexTuplesNonUniqueOnly, "tuples are not unique");
    if (make->what->var_seg_mac != 0)
        return ese_raise(JET_errIndexTuplesVarSegMacNotAllowed, "tuples have limits of their own");
    return JET_errSuccess;
}

static uint32_t
null_flags(JET_GRBIT grbit)
{
    uint32_t flags = 0;

    if (grbit & JET_bitIndexDisallowNull)
        return ESE_SCHEMA_INDEX_NO_NULL;
    if ((grbit & IGNORE_BITS) == 0)
        flags |= ESE_SCHEMA_INDEX_ALLOW_ALL_NULLS;
    if ((grbit & (JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreFirstNull)) == 0)
        flags |= ESE_SCHEMA_INDEX_ALLOW_FIRST_NULL;
    if ((grbit & JET_bitIndexIgnoreAnyNull) == 0)
        flags |= ESE_SCHEMA_INDEX_ALLOW_SOME_NULLS;
    return flags | (grbit & JET_bitIndexSortNullsHigh ? ESE_SCHEMA_INDEX_SORT_NULLS_HIGH : 0);
}

static void
set_flags(making *make)
{
    JET_GRBIT grbit = make->what->grbit;
    uint32_t flags = null_flags(grbit) | ESE_SCHEMA_INDEX_EXTENDED_COLUMNS;

    if (grbit & JET_bitIndexPrimary)
        flags |= ESE_SCHEMA_INDEX_PRIMARY | ESE_SCHEMA_INDEX_UNIQUE;
    if (grbit & JET_bitIndexUnique)
        flags |= ESE_SCHEMA_INDEX_UNIQUE;
    if (make->what->is_locale_given)
        flags |= ESE_SCHEMA_INDEX_LOCALE_SET;
    if (make->has_multi_values)
        flags |= ESE_SCHEMA_INDEX_MULTI_VALUED;
    if (make->has_multi_values && (grbit & JET_bitIndexCrossProduct))
        flags |= ESE_SCHEMA_INDEX_CROSS_PRODUCT;
    if (make->has_multi_values && (grbit & JET_bitIndexNestedTable))
        flags |= ESE_SCHEMA_INDEX_NESTED_TABLE;
    if (make->table->flags & ESE_SCHEMA_TABLE_TEMPLATE)
        flags |= ESE_SCHEMA_INDEX_TEMPLATE;
    if (make->has_unicode)
        flags |= ESE_SCHEMA_INDEX_LOCALIZED_TEXT;
    if (grbit & JET_bitIndexDisallowTruncation)
        flags |= ESE_SCHEMA_INDEX_DISALLOW_TRUNCATION;
    if (grbit & JET_bitIndexDotNetGuid)
        flags |= ESE_SCHEMA_INDEX_DOTNET_GUID;
    make->row.flags = flags;
}

/* ---- Limits ---- */

static uint32_t
key_limit(const ese_schema *schema)
{
    uint32_t page_size = ese_cache_page_size(schema->file);
    uint32_t limit = page_size / 4096 * 1000;

    if (page_size < 4096)
        return 500;
    return limit < ESE_RECORD_KEY_MOST_MAX ? limit : ESE_RECORD_KEY_MOST_MAX;
}

/* The exact maximum is stored for a primary key of numbers, so that records may be larger. */
static JET_ERR
set_limits(making *make)
{
    const ese_schema_new_index *what = make->what;
    uint32_t key_most = ESE_RECORD_KEY_MOST_DEFAULT;

    if (what->key_most != 0) {
        key_most = what->key_most;
        if (key_most < ESE_RECORD_KEY_MOST_DEFAULT || key_most > key_limit(make->at.schema))
            return bad_key(make, "the limit of keys is too small, or too large for the page");
    }
    if (what->var_seg_mac > key_most)
        return bad_key(make, "a part of a key is not longer than the key");
    if (what->var_seg_mac != 0 && what->var_seg_mac != key_most) {
        ese_store_le16(make->var_seg_mac, (uint16_t)what->var_seg_mac);
        make->row.var_seg_mac = (ese_bytes){make->var_seg_mac, sizeof make->var_seg_mac};
    }
    if ((what->grbit & JET_bitIndexPrimary) && make->is_all_numbers && make->fixed_size < key_most)
        key_most = make->fixed_size;
    make->row.key_most = key_most == ESE_RECORD_KEY_MOST_DEFAULT ? 0 : key_most;
    return JET_errSuccess;
}

static JET_ERR
set_tuple_limits(making *make)
{
    const JET_TUPLELIMITS *tuple = make->what->tuple;
    const ese_schema_column *column;

    if (tuple == NULL)
        return JET_errSuccess;
    column = ese_schema_find_column_name(make->table, make->what->key + 1);
    if (!is_text(column) && !is_binary(column))
        return ese_raise(JET_errIndexTuplesTextBinaryColumnsOnly, "column '%s' has no substrings",
                         column->name);
    if (tuple->chLengthMin < TUPLE_LENGTH_MIN || tuple->chLengthMin > tuple->chLengthMax ||
        tuple->chLengthMax > TUPLE_LENGTH_MAX || tuple->chToIndexMax > TUPLE_TO_INDEX_MAX ||
        tuple->chToIndexMax == 0 || tuple->cchIncrement > TUPLE_TO_INDEX_MAX ||
        tuple->cchIncrement == 0 || tuple->ichStart > TUPLE_TO_INDEX_MAX)
        return ese_raise(JET_errIndexTuplesInvalidLimits, "tuples of %u to %u characters",
                         (unsigned)tuple->chLengthMin, (unsigned)tuple->chLengthMax);
    ese_store_le32(make->tuple, tuple->chLengthMin);
    ese_store_le32(make->tuple + 4, tuple->chLengthMax);
    ese_store_le32(make->tuple + 8, tuple->chToIndexMax);
    ese_store_le32(make->tuple + 12, tuple->cchIncrement);
    ese_store_le32(make->tuple + 16, tuple->ichStart);
    make->row.tuple_limits = (ese_bytes){make->tuple, sizeof make->tuple};
    return JET_errSuccess;
}

/* Every index names a locale; one that sorts text says by which version of its weights. */
static JET_ERR
set_locale(making *make)
{
    const char *locale = make->what->locale != NULL ? make->what->locale : "en-US";
    char16_t units[LOCALE_MAX];
    uint64_t version;
    size_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_utf8_to_utf16(locale, strlen(locale), units, LOCALE_MAX, &n));
    if (n > LOCALE_MAX)
        ESE_TRY(ese_raise(JET_errInvalidLanguageId, "the name of a locale is too long"));
    for (size_t i = 0; i < n; i++)
        ese_store_le16(make->locale + 2 * i, units[i]);
    make->row.locale = (ese_bytes){make->locale, 2 * n};
    make->row.lcmap_flags = make->what->lcmap_flags != 0 ? make->what->lcmap_flags : LCMAP_DEFAULT;
    if (!make->has_unicode)
        return JET_errSuccess;
    ese_record_collate_made_with(&version, make->sort_id);
    ese_store_le64(make->version, version);
    make->row.version = (ese_bytes){make->version, sizeof make->version};
    make->row.sort_id = (ese_bytes){make->sort_id, sizeof make->sort_id};
out:
    return err;
}

/* ---- Create ---- */

static JET_ERR
check_in_table(const making *make)
{
    const ese_schema_table *table = make->table;
    bool is_primary = (make->what->grbit & JET_bitIndexPrimary) != 0;

    if (is_primary && table->template_table != NULL)
        return ese_raise(JET_errInvalidCreateIndex, "a derived table has the key of its template");
    if (ese_schema_find_index(table, make->what->name) != NULL)
        return ese_raise(JET_errIndexDuplicate, "table '%s' has an index '%s'", table->name,
                         make->what->name);
    if (is_primary && table->primary != NULL)
        return ese_raise(JET_errIndexHasPrimary, "table '%s' has a primary index", table->name);
    return JET_errSuccess;
}

static JET_ERR
describe(making *make)
{
    const ese_schema_new_index *what = make->what;
    JET_ERR err;

    ESE_TRY(check_grbit(make));
    ESE_TRY(ese_schema__name_make(what->name, &make->name));
    make->row.name = ese_schema__name_bytes(&make->name);
    make->is_all_numbers = true;
    ESE_TRY(parse_key(make));
    ESE_TRY(check_in_table(make));
    ESE_TRY(add_conditions(make));
    ESE_TRY(set_limits(make));
    ESE_TRY(set_tuple_limits(make));
    ESE_TRY(set_locale(make));
    set_flags(make);
    make->row.space_hints =
        (ese_bytes){make->hints, ese_schema__hints_encode(&what->hints, 1, make->hints)};
out:
    return err;
}

/* A primary index has the tree of the table. */
static JET_ERR
create_tree(making *make)
{
    const ese_schema_table *table = make->table;
    ese_btree_plan plan = {.parent = table->tree.root,
                           .kind = ESE_PAGE_INDEX,
                           .is_unique = (make->row.flags & ESE_SCHEMA_INDEX_UNIQUE) != 0,
                           .n_pages =
                               ese_schema__initial_pages(make->at.schema, 1, &make->what->hints),
                           .density = make->row.space_usage};
    ese_btree tree = table->tree;
    JET_ERR err = JET_errSuccess;

    make->row.id = table->objid;
    if ((make->row.flags & ESE_SCHEMA_INDEX_PRIMARY) == 0) {
        make->row.id = plan.objid = ese_btree_next_objid(make->at.schema->db);
        ESE_TRY(ese_btree_create(make->at.session, make->at.schema->db, &plan, &tree));
    }
    make->row.coltyp_or_pgno = tree.root;
out:
    return err;
}

static JET_ERR
insert_index_rows(const making *make)
{
    JET_ERR err;

    ESE_TRY(ese_schema__insert_row(&make->at, &make->row));
    if (make->row.id != make->row.objid_table)
        ESE_TRY(ese_schema__insert_object(&make->at, &make->row));
    if (make->has_unicode)
        ESE_TRY(ese_schema__count_locale(&make->at, &make->row));
out:
    return err;
}

static JET_ERR
create_index(making *make, const ese_schema_table *held)
{
    ese_schema__change change = {0};
    JET_ERR err;

    ESE_TRY(ese_schema__change_begin(make->at.session, make->at.schema, held, &change));
    make->table = change.base;
    make->row.type = ESE_SCHEMA__ROW_INDEX;
    make->row.objid_table = change.base->objid;
    ESE_TRY(describe(make));
    ESE_TRY(create_tree(make));
    ESE_TRY(insert_index_rows(make));
    ESE_TRY(ese_schema__change_publish(&change));
out:
    ese_schema__change_end(&change);
    return err;
}

JET_ERR
ese_schema_create_index(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                        const ese_schema_new_index *what, uint32_t *objid_out)
{
    making *make = NULL;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(what->name));
    if (what->key == NULL || what->key_size == 0)
        ESE_TRY(ese_raise(JET_errInvalidParameter, "an index without a key"));
    ESE_TRY(ese_alloc(sizeof *make, &make));
    make->at = (ese_schema__place){session, schema, ESE_BTREE_VERSIONED};
    make->what = what;
    ESE_TRY(ese_schema__density_make(what->density, &make->row.space_usage));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = create_index(make, table);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
    *objid_out = make->row.id;
out:
    ese_free(&make);
    return err;
}

/* ---- Delete ---- */

static JET_ERR
find_to_delete(const ese_schema_table *table, const char *name, const ese_schema_index **index_out)
{
    const ese_schema_index *index = ese_schema_find_index(table, name);

    if (index == NULL)
        return ese_raise(JET_errIndexNotFound, "table '%s' has no index '%s'", table->name, name);
    if (index->flags & ESE_SCHEMA_INDEX_DERIVED)
        return ese_raise(JET_errFixedInheritedDDL, "index '%s' belongs to the template", name);
    if (index == table->primary)
        return ese_raise(JET_errIndexMustStay, "index '%s' is the primary one", name);
    *index_out = index;
    return JET_errSuccess;
}

static JET_ERR
delete_index(const ese_schema__place *at, const ese_schema_table *held, const char *name)
{
    ese_schema__row wanted = {.type = ESE_SCHEMA__ROW_INDEX};
    ese_schema__change change = {0};
    ese_schema__row_copy *copy = NULL;
    const ese_schema_index *index = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema__change_begin(at->session, at->schema, held, &change));
    ESE_TRY(find_to_delete(change.base, name, &index));
    wanted.objid_table = change.base->objid;
    wanted.id = index->objid;
    ESE_TRY(ese_alloc(sizeof *copy, &copy));
    ESE_TRY(ese_schema__read_row(at, &wanted, copy));
    ESE_TRY(ese_schema__delete_row(at, &copy->row));
    ESE_TRY(ese_schema__delete_object(at, index->objid));
    ESE_TRY(ese_btree_destroy(at->session, &index->tree));
    ESE_TRY(ese_schema__change_publish(&change));
out:
    ese_free(&copy);
    ese_schema__change_end(&change);
    return err;
}

JET_ERR
ese_schema_delete_index(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                        const char *name)
{
    const ese_schema__place at = {session, schema, ESE_BTREE_VERSIONED};
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = delete_index(&at, table, name);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}
