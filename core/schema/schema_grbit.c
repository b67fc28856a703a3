/* Catalog flags as the API shows them. */
#include "schema/schema_private.h"

typedef struct flag_pair {
    uint32_t stored;
    JET_GRBIT shown;
} flag_pair;

static JET_GRBIT
translate(uint32_t flags, const flag_pair *pairs, size_t n)
{
    JET_GRBIT grbit = 0;

    for (size_t i = 0; i < n; i++) {
        if (flags & pairs[i].stored)
            grbit |= pairs[i].shown;
    }
    return grbit;
}

JET_GRBIT
ese_schema_column_grbit(const ese_schema_column *column)
{
    static const flag_pair pairs[] = {
        {ESE_SCHEMA_NOT_NULL, JET_bitColumnNotNULL},
        {ESE_SCHEMA_VERSION, JET_bitColumnVersion},
        {ESE_SCHEMA_AUTOINCREMENT, JET_bitColumnAutoincrement},
        {ESE_SCHEMA_MULTI_VALUED, JET_bitColumnMultiValued},
        {ESE_SCHEMA_ESCROW_UPDATE, JET_bitColumnEscrowUpdate},
        {ESE_SCHEMA_FINALIZE, JET_bitColumnFinalize},
        {ESE_SCHEMA_USER_DEFINED_DEFAULT, JET_bitColumnUserDefinedDefault},
        {ESE_SCHEMA_DELETE_ON_ZERO, JET_bitColumnDeleteOnZero},
        {ESE_SCHEMA_COMPRESSED, JET_bitColumnCompressed},
    };
    JET_GRBIT grbit = translate(column->flags, pairs, sizeof pairs / sizeof pairs[0]);

    if (column->fid <= ESE_RECORD_FIXED_LAST)
        grbit |= JET_bitColumnFixed;
    else if (column->fid >= ESE_RECORD_TAGGED_FIRST)
        grbit |= JET_bitColumnTagged;
    return grbit;
}

/* The null options are stored as what is allowed and shown as what is ignored. */
static JET_GRBIT
null_options(uint32_t flags)
{
    if (flags & ESE_SCHEMA_INDEX_NO_NULL)
        return JET_bitIndexDisallowNull;
    return (flags & ESE_SCHEMA_INDEX_ALLOW_ALL_NULLS ? 0 : JET_bitIndexIgnoreNull) |
           (flags & ESE_SCHEMA_INDEX_ALLOW_FIRST_NULL ? 0 : JET_bitIndexIgnoreFirstNull) |
           (flags & ESE_SCHEMA_INDEX_ALLOW_SOME_NULLS ? 0 : JET_bitIndexIgnoreAnyNull);
}

JET_GRBIT
ese_schema_index_grbit(const ese_schema_index *index)
{
    static const flag_pair pairs[] = {
        {ESE_SCHEMA_INDEX_UNIQUE, JET_bitIndexUnique},
        {ESE_SCHEMA_INDEX_PRIMARY, JET_bitIndexPrimary},
        {ESE_SCHEMA_INDEX_SORT_NULLS_HIGH, JET_bitIndexSortNullsHigh},
        {ESE_SCHEMA_INDEX_CROSS_PRODUCT, JET_bitIndexCrossProduct},
        {ESE_SCHEMA_INDEX_DISALLOW_TRUNCATION, JET_bitIndexDisallowTruncation},
        {ESE_SCHEMA_INDEX_NESTED_TABLE, JET_bitIndexNestedTable},
        {ESE_SCHEMA_INDEX_DOTNET_GUID, JET_bitIndexDotNetGuid},
    };
    JET_GRBIT grbit =
        translate(index->flags, pairs, sizeof pairs / sizeof pairs[0]) | null_options(index->flags);

    if (index->rules.key_most > ESE_RECORD_KEY_MOST_DEFAULT)
        grbit |= JET_bitIndexKeyMost;
    return index->is_tuple ? grbit | JET_bitIndexTuples : grbit;
}

JET_GRBIT
ese_schema_table_grbit(uint32_t flags)
{
    static const flag_pair pairs[] = {
        {(uint32_t)ESE_SCHEMA_TABLE_SYSTEM, JET_bitObjectSystem},
        {ESE_SCHEMA_TABLE_FIXED_DDL, JET_bitObjectTableFixedDDL},
        {ESE_SCHEMA_TABLE_TEMPLATE, JET_bitObjectTableTemplate},
        {ESE_SCHEMA_TABLE_DERIVED, JET_bitObjectTableDerived},
        {ESE_SCHEMA_TABLE_NO_FIXED_VAR_IN_DERIVED,
         JET_bitObjectTableNoFixedVarColumnsInDerivedTables},
    };

    return translate(flags, pairs, sizeof pairs / sizeof pairs[0]);
}
