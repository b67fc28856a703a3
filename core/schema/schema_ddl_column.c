/* Columns come, go and change. A deleted column keeps its row, without type and under another name, so that its id and its place in records stay taken. */
#include "schema/schema_catalog.h"

#include <stdio.h>

enum {
    TAGGED_LAST = 256 + 64993 - 1,
    SHORT_MAX = 255,   /* bytes of text and binary columns that are not long */
    DEFAULT_MAX = 255, /* bytes of the default of a long column */
    CODE_PAGE_ASCII = 1252,
    CODE_PAGE_UNICODE = 1200,
    TYPE_LAST = JET_coltypUnsignedLongLong,
};

/* ---- Is it a column? ---- */

static bool
is_long_type(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypLongBinary || coltyp == JET_coltypLongText;
}

static bool
is_text(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypText || coltyp == JET_coltypLongText;
}

static bool
takes_auto_increment(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypLong || coltyp == JET_coltypCurrency ||
           coltyp == JET_coltypLongLong || coltyp == JET_coltypUnsignedLongLong;
}

static bool
is_tagged(const ese_schema_new_column *what)
{
    return (what->grbit & JET_bitColumnTagged) != 0 || is_long_type(what->coltyp);
}

/* What must be of one kind: a number that the engine keeps. */
static JET_ERR
check_counter(const ese_schema_new_column *what)
{
    const JET_GRBIT both = JET_bitColumnVersion | JET_bitColumnAutoincrement;
    JET_GRBIT grbit = what->grbit;

    if ((grbit & both) == both)
        return ese_raise(JET_errInvalidGrbit, "a column counts records or updates, not both");
    if ((grbit & JET_bitColumnVersion) && what->coltyp != JET_coltypLong)
        return ese_raise(JET_errInvalidGrbit, "a version column is a Long");
    if ((grbit & JET_bitColumnAutoincrement) && !takes_auto_increment(what->coltyp))
        return ese_raise(JET_errInvalidGrbit,
                         "an autoincrement column is an integer of 4 or 8 bytes");
    if ((grbit & both) && is_tagged(what))
        return ese_raise(JET_errCannotBeTagged, "a column that counts is not tagged");
    return JET_errSuccess;
}

static JET_ERR
check_escrow(const ese_schema_new_column *what)
{
    JET_GRBIT grbit = what->grbit;

    if ((grbit & JET_bitColumnEscrowUpdate) == 0) {
        if (grbit & (JET_bitColumnFinalize | JET_bitColumnDeleteOnZero))
            return ese_raise(JET_errInvalidGrbit, "only a column for escrow updates has an end");
        return JET_errSuccess;
    }
    if ((what->coltyp != JET_coltypLong && what->coltyp != JET_coltypLongLong) ||
        (grbit & (JET_bitColumnVersion | JET_bitColumnAutoincrement)))
        return ese_raise(JET_errInvalidGrbit, "a column for escrow updates is an integer");
    if (is_tagged(what))
        return ese_raise(JET_errCannotBeTagged, "a column for escrow updates is not tagged");
    if (what->default_value.size == 0)
        return ese_raise(JET_errInvalidGrbit, "a column for escrow updates has a default");
    return JET_errSuccess;
}

static JET_ERR
check_kind(const ese_schema_new_column *what)
{
    JET_GRBIT grbit = what->grbit;
    bool is_long = is_long_type(what->coltyp);

    if (what->coltyp < JET_coltypBit || what->coltyp > TYPE_LAST || what->coltyp == JET_coltypSLV)
        return ese_raise(JET_errInvalidColumnType, "there is no type %u", (unsigned)what->coltyp);
    if ((grbit & JET_bitColumnFixed) && is_tagged(what))
        return ese_raise(JET_errInvalidGrbit, "a column is not fixed and tagged");
    if ((grbit & JET_bitColumnMultiValued) && !is_tagged(what))
        return ese_raise(JET_errMultiValuedColumnMustBeTagged,
                         "only tagged columns hold many values");
    if ((grbit & JET_bitColumnCompressed) && !is_long)
        return ese_raise(JET_errColumnCannotBeCompressed, "only long columns are compressed");
    if (grbit & JET_bitColumnUserDefinedDefault)
        return ese_raise(JET_errCallbackNotResolved, "defaults are not computed by callbacks");
    if (is_text(what->coltyp) && what->code_page != 0 && what->code_page != CODE_PAGE_ASCII &&
        what->code_page != CODE_PAGE_UNICODE)
        return ese_raise(JET_errInvalidCodePage, "text is of code page 1252 or 1200, not %u",
                         (unsigned)what->code_page);
    return JET_errSuccess;
}

static JET_ERR
check_default(JET_COLTYP coltyp, uint32_t size_max, ese_bytes value)
{
    uint32_t size = ese_record_type_size(coltyp);
    uint32_t most = size != 0 ? size : is_long_type(coltyp) ? DEFAULT_MAX : size_max;

    if (size != 0 && value.size < size)
        return ese_raise(JET_errInvalidBufferSize, "the default has %zu bytes, the column %u",
                         value.size, (unsigned)size);
    if (value.size > most)
        return ese_raise(JET_errDefaultValueTooBig,
                         "the default has %zu bytes, the column at most %u", value.size,
                         (unsigned)most);
    return JET_errSuccess;
}

static JET_ERR
check_description(const ese_schema_new_column *what, uint32_t size_max)
{
    JET_ERR err;

    ESE_TRY(check_kind(what));
    ESE_TRY(check_counter(what));
    ESE_TRY(check_escrow(what));
    if (what->default_value.size != 0)
        ESE_TRY(check_default(what->coltyp, size_max, what->default_value));
out:
    return err;
}

/* A series of columns on their way into a table. */
struct ese_schema_columns {
    ese_schema__place at;
    ese_schema__change change;
    ese_schema__ids ids; /* with what the series has added */
    uint32_t flags;      /* of all columns added */
    unsigned n;
};

static JET_ERR
duplicate(const ese_schema_columns *columns, const ese_schema_new_column *what)
{
    return ese_raise(JET_errColumnDuplicate, "table '%s' has a column '%s'",
                     columns->change.base->name, what->name);
}

/* Does it go with the other columns of the table? */
static JET_ERR
check_in_table(const ese_schema_columns *columns, const ese_schema_new_column *what)
{
    const uint32_t single = ESE_SCHEMA_VERSION | ESE_SCHEMA_AUTOINCREMENT;
    const ese_schema_table *table = columns->change.base;
    uint32_t flags = (what->grbit & JET_bitColumnVersion ? ESE_SCHEMA_VERSION : 0) |
                     (what->grbit & JET_bitColumnAutoincrement ? ESE_SCHEMA_AUTOINCREMENT : 0);
    uint32_t taken = columns->flags;

    if (ese_schema_find_column_name(table, what->name) != NULL)
        return duplicate(columns, what);
    for (unsigned i = 0; i < table->n_columns; i++)
        taken |= table->columns[i].flags;
    if (taken & flags & single)
        return ese_raise(JET_errColumnRedundant, "table '%s' has such a column already",
                         table->name);
    if (table->template_table != NULL && !is_tagged(what) &&
        (table->template_table->flags & ESE_SCHEMA_TABLE_NO_FIXED_VAR_IN_DERIVED))
        return ese_raise(JET_errCannotAddFixedVarColumnToDerivedTable,
                         "the template of table '%s' admits tagged columns only", table->name);
    return JET_errSuccess;
}

/* ---- Add ---- */

static uint32_t
size_of_column(const ese_schema_new_column *what)
{
    uint32_t size = ese_record_type_size(what->coltyp);

    if (size != 0 || is_long_type(what->coltyp))
        return size != 0 ? size : what->size_max;
    return what->size_max == 0 || what->size_max > SHORT_MAX ? SHORT_MAX : what->size_max;
}

static bool
is_fixed(const ese_schema_new_column *what)
{
    return !is_tagged(what) &&
           ((what->grbit & JET_bitColumnFixed) != 0 || ese_record_type_size(what->coltyp) != 0);
}

/* A record with all fixed columns must fit on a page. */
static JET_ERR
check_fixed_end(const ese_schema *schema, uint32_t n_fixed, uint32_t fixed_end)
{
    size_t size = fixed_end + (n_fixed + 7) / 8;
    size_t most =
        ese_page_node_max(ese_cache_page_size(schema->file)) - ESE_RECORD_KEY_MOST_DEFAULT - 4;

    if (size > most)
        return ese_raise(JET_errRecordTooBig, "fixed columns of %zu bytes make too large a record",
                         size);
    return JET_errSuccess;
}

/* Chooses the id of the column and its place in records. */
static JET_ERR
allot(const ese_schema *schema, ese_schema__ids *ids, const ese_schema_new_column *what,
      ese_schema__row *row)
{
    uint32_t *id = is_fixed(what) ? &ids->fixed : is_tagged(what) ? &ids->tagged : &ids->variable;
    uint32_t last = is_fixed(what)    ? (uint32_t)ESE_RECORD_FIXED_LAST
                    : is_tagged(what) ? (uint32_t)TAGGED_LAST
                                      : (uint32_t)ESE_RECORD_VARIABLE_LAST;

    if (*id == last)
        return ese_raise(JET_errTooManyColumns, "no more columns of this kind");
    row->id = ++*id;
    if (!is_fixed(what))
        return JET_errSuccess;
    row->record_offset = ids->fixed_end;
    ids->fixed_end += row->space_usage;
    return check_fixed_end(schema, row->id, ids->fixed_end);
}

static uint32_t
flags_of_grbit(JET_GRBIT grbit)
{
    static const struct {
        JET_GRBIT given;
        uint32_t stored;
    } pairs[] = {
        {JET_bitColumnNotNULL, ESE_SCHEMA_NOT_NULL},
        {JET_bitColumnVersion, ESE_SCHEMA_VERSION},
        {JET_bitColumnAutoincrement, ESE_SCHEMA_AUTOINCREMENT},
        {JET_bitColumnMultiValued, ESE_SCHEMA_MULTI_VALUED},
        {JET_bitColumnEscrowUpdate, ESE_SCHEMA_ESCROW_UPDATE},
        {JET_bitColumnFinalize, ESE_SCHEMA_FINALIZE},
        {JET_bitColumnDeleteOnZero, ESE_SCHEMA_DELETE_ON_ZERO},
        {JET_bitColumnCompressed, ESE_SCHEMA_COMPRESSED},
    };
    uint32_t flags = 0;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        flags |= grbit & pairs[i].given ? pairs[i].stored : 0;
    return flags;
}

static uint16_t
code_page_of(const ese_schema_new_column *what)
{
    if (!is_text(what->coltyp))
        return 0;
    return what->code_page != 0 ? what->code_page : CODE_PAGE_ASCII;
}

/* A Bit is 0 or 0xff. */
static ese_bytes
normal_default(JET_COLTYP coltyp, ese_bytes value)
{
    static const uint8_t is_true = 0xff;

    return coltyp == JET_coltypBit && value.size == 1 && value.data[0] != 0
               ? (ese_bytes){&is_true, 1}
               : value;
}

static JET_ERR
insert_column(ese_schema_columns *columns, const ese_schema_new_column *what,
              JET_COLUMNID *columnid_out)
{
    bool is_template = (columns->change.base->flags & ESE_SCHEMA_TABLE_TEMPLATE) != 0;
    ese_schema__name name;
    ese_schema__row row = {
        .objid_table = columns->change.base->objid,
        .type = ESE_SCHEMA__ROW_COLUMN,
        .coltyp_or_pgno = what->coltyp,
        .space_usage = size_of_column(what),
        .flags = flags_of_grbit(what->grbit),
        .pages_or_locale = code_page_of(what),
        .default_value = normal_default(what->coltyp, what->default_value),
    };
    JET_ERR err;

    ESE_TRY(ese_schema__name_make(what->name, &name));
    row.name = ese_schema__name_bytes(&name);
    row.flags |= what->default_value.size != 0 ? ESE_SCHEMA_DEFAULT : 0;
    row.flags |= is_template ? ESE_SCHEMA_TEMPLATE_COLUMN : 0;
    ESE_TRY(allot(columns->at.schema, &columns->ids, what, &row));
    err = ese_schema__insert_row(&columns->at, &row);
    if (err == JET_errKeyDuplicate) /* an earlier column of the series has the name */
        err = duplicate(columns, what);
    ESE_TRY(err);
    columns->flags |= row.flags;
    columns->n++;
    *columnid_out = is_template ? row.id | (uint32_t)ESE_SCHEMA_TEMPLATE_ID : row.id;
out:
    return err;
}

JET_ERR
ese_schema_columns_begin(ese_txn_session *session, ese_schema *schema,
                         const ese_schema_table *table, ese_schema_columns **columns_out)
{
    ese_schema_columns *columns = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *columns, &columns));
    columns->at = (ese_schema__place){session, schema, ESE_BTREE_VERSIONED};
    ESE_TRY(ese_schema__change_begin(session, schema, table, &columns->change));
    columns->ids = ese_schema__entry_of(columns->change.base)->ids;
    *columns_out = columns;
    return JET_errSuccess;
out:
    ese_free(&columns);
    return err;
}

JET_ERR
ese_schema_columns_add(ese_schema_columns *columns, const ese_schema_new_column *what,
                       JET_COLUMNID *columnid_out)
{
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(what->name));
    ESE_TRY(check_description(what, size_of_column(what)));
    ESE_TRY(check_in_table(columns, what));
    ESE_TRY(insert_column(columns, what, columnid_out));
out:
    return err;
}

JET_ERR
ese_schema_columns_publish(ese_schema_columns *columns)
{
    return columns->n == 0 ? JET_errSuccess : ese_schema__change_publish(&columns->change);
}

void
ese_schema_columns_end(ese_schema_columns **columns_inout)
{
    if (*columns_inout != NULL)
        ese_schema__change_end(&(*columns_inout)->change);
    ese_free(columns_inout);
}

static JET_ERR
add_column(ese_txn_session *session, ese_schema *schema, const ese_schema_table *table,
           const ese_schema_new_column *what, JET_COLUMNID *columnid_out)
{
    ese_schema_columns *columns = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema_columns_begin(session, schema, table, &columns));
    ESE_TRY(ese_schema_columns_add(columns, what, columnid_out));
    ESE_TRY(ese_schema_columns_publish(columns));
out:
    ese_schema_columns_end(&columns);
    return err;
}

JET_ERR
ese_schema_add_column(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                      const ese_schema_new_column *what, JET_COLUMNID *columnid_out)
{
    ese_txn_statement statement;
    JET_COLUMNID columnid = 0;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = add_column(session, schema, table, what, &columnid);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
    *columnid_out = columnid;
out:
    return err;
}

/* ---- Change ---- */

/* A column whose row is to be replaced. */
typedef struct column_change {
    ese_schema__place at;
    ese_schema__change change;
    const ese_schema_column *column;
    ese_schema__row_copy *copy;
    ese_schema__row by; /* the row as it is, to be altered */
} column_change;

static bool
is_inherited(const ese_schema_table *table, const ese_schema_column *column)
{
    return table->template_table != NULL &&
           (column->columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID) != 0;
}

static JET_ERR
not_found(const ese_schema_table *table, const char *name)
{
    return ese_raise(JET_errColumnNotFound, "table '%s' has no column '%s'", table->name, name);
}

/* An inherited column gives `inherited`. */
static JET_ERR
begin(column_change *c, const ese_schema_table *table, const char *name, JET_ERR inherited)
{
    ese_schema__row wanted = {.type = ESE_SCHEMA__ROW_COLUMN};
    const ese_schema_table *base;
    JET_ERR err;

    ESE_TRY(ese_schema__change_begin(c->at.session, c->at.schema, table, &c->change));
    base = c->change.base;
    c->column = ese_schema_find_column_name(base, name);
    if (c->column == NULL)
        ESE_TRY(not_found(base, name));
    if (is_inherited(base, c->column))
        ESE_TRY(ese_raise(inherited, "column '%s' belongs to the template", name));
    wanted.objid_table = base->objid;
    wanted.id = c->column->fid;
    ESE_TRY(ese_alloc(sizeof *c->copy, &c->copy));
    ESE_TRY(ese_schema__read_row(&c->at, &wanted, c->copy));
    c->by = c->copy->row;
out:
    return err;
}

/* Stores the altered row. */
static JET_ERR
finish(column_change *c)
{
    JET_ERR err;

    ESE_TRY(ese_schema__replace_row(&c->at, &c->copy->row, &c->by));
    ESE_TRY(ese_schema__change_publish(&c->change));
out:
    return err;
}

static void
release(column_change *c)
{
    ese_free(&c->copy);
    ese_schema__change_end(&c->change);
}

static bool
names_column(const ese_schema_segment *segments, unsigned n, const ese_schema_column *column)
{
    for (unsigned i = 0; i < n; i++) {
        if (segments[i].column == column)
            return true;
    }
    return false;
}

/* Is the column part of an index, or a condition of one? */
static JET_ERR
check_not_indexed(const ese_schema_table *table, const ese_schema_column *column)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        const ese_schema_index *index = &table->indexes[i];

        if (names_column(index->segments, index->n_segments, column) ||
            names_column(index->conditions, index->n_conditions, column))
            return ese_raise(JET_errColumnInUse, "index '%s' needs column '%s'", index->name,
                             column->name);
    }
    return JET_errSuccess;
}

static JET_ERR
delete_column(column_change *c, const ese_schema_table *table, const char *name, JET_GRBIT grbit)
{
    char stub[ESE_SCHEMA_NAME_MAX];
    JET_ERR err;

    ESE_TRY(begin(c, table, name,
                  grbit & JET_bitDeleteColumnIgnoreTemplateColumns ? JET_errColumnNotFound
                                                                   : JET_errFixedInheritedDDL));
    ESE_TRY(check_not_indexed(c->change.base, c->column));
    snprintf(stub, sizeof stub, "JetStub_%u_%u", (unsigned)c->by.objid_table, (unsigned)c->by.id);
    c->by.coltyp_or_pgno = JET_coltypNil;
    c->by.name = (ese_bytes){(const uint8_t *)stub, strlen(stub)};
    c->by.flags &= ~(uint32_t)(ESE_SCHEMA_USER_DEFINED_DEFAULT | ESE_SCHEMA_DEFAULT);
    c->by.default_value = (ese_bytes){NULL, 0};
    ESE_TRY(finish(c));
out:
    c->by.name = (ese_bytes){NULL, 0}; /* it was on the stack */
    return err;
}

JET_ERR
ese_schema_delete_column(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                         const char *name, JET_GRBIT grbit)
{
    column_change c = {.at = {session, schema, ESE_BTREE_VERSIONED}};
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = delete_column(&c, table, name, grbit);
    release(&c);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}

static JET_ERR
rename_column(column_change *c, const ese_schema_table *table, const char *name,
              const char *new_name)
{
    const ese_schema_column *other;
    ese_schema__name made;
    JET_ERR err;

    ESE_TRY(ese_schema__name_make(new_name, &made));
    ESE_TRY(begin(c, table, name, JET_errColumnNotFound));
    other = ese_schema_find_column_name(c->change.base, new_name);
    if (other != NULL && other != c->column)
        ESE_TRY(
            ese_raise(JET_errKeyDuplicate, "table '%s' has a column '%s'", table->name, new_name));
    c->by.name = ese_schema__name_bytes(&made);
    ESE_TRY(finish(c));
out:
    c->by.name = (ese_bytes){NULL, 0}; /* it was on the stack */
    return err;
}

JET_ERR
ese_schema_rename_column(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                         const char *name, const char *new_name)
{
    column_change c = {.at = {session, schema, ESE_BTREE_VERSIONED}};
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = rename_column(&c, table, name, new_name);
    release(&c);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}

/* Keys of records without a value depend on the default: the column must not be indexed. */
static JET_ERR
set_default(column_change *c, const ese_schema_table *table, const char *name, ese_bytes value)
{
    JET_ERR err;

    ESE_TRY(begin(c, table, name, JET_errColumnNotFound));
    if (value.size == 0)
        ESE_TRY(ese_raise(JET_errNullInvalid, "a default is a value"));
    ESE_TRY(check_not_indexed(c->change.base, c->column));
    ESE_TRY(check_default(c->column->coltyp, c->column->size_max, value));
    c->by.default_value = normal_default(c->column->coltyp, value);
    c->by.flags |= ESE_SCHEMA_DEFAULT;
    ESE_TRY(finish(c));
out:
    return err;
}

JET_ERR
ese_schema_set_default(ese_txn_session *session, ese_schema *schema, ese_schema_table *table,
                       const char *name, ese_bytes value)
{
    column_change c = {.at = {session, schema, ESE_BTREE_VERSIONED}};
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = set_default(&c, table, name, value);
    release(&c);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}
