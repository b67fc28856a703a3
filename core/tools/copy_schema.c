/* Tables and indexes of a copy, as they are in the source. */
#include "tools/copy.h"

#include <stdlib.h>

enum { INDEX_ROOM = 1 << 16, KEY_MOST = 255 };

static bool
is_inherited(const ese_tools__table *template_table, const char *column)
{
    return template_table != NULL && ese_tools__find_column(template_table, column) != NULL;
}

static bool
is_inherited_index(const ese_tools__table *template_table, const char *index)
{
    return template_table != NULL && ese_tools__find_index(template_table, index) != NULL;
}

static uint32_t
make_columns(const ese_tools__table *from, const ese_tools__table *template_table,
             JET_COLUMNCREATE_A *columns)
{
    const JET_GRBIT not_kept =
        JET_bitColumnUpdatable | JET_bitColumnMaybeNull | JET_bitColumnUserDefinedDefault;
    uint32_t n = 0;

    for (unsigned i = 0; i < from->n_columns; i++) {
        const ese_tools__column *column = &from->columns[i];
        bool has_default = (column->grbit & JET_bitColumnUserDefinedDefault) == 0;

        if (is_inherited(template_table, column->name))
            continue;
        columns[n++] = (JET_COLUMNCREATE_A){
            .cbStruct = sizeof *columns,
            .szColumnName = column->name,
            .coltyp = column->coltyp,
            .cbMax = column->size_max,
            .grbit = column->grbit & ~not_kept,
            .pvDefault = has_default ? column->default_value : NULL,
            .cbDefault = has_default ? column->default_size : 0,
            .cp = column->code_page,
        };
    }
    return n;
}

/* What JetCreateIndex4 takes, with all it points to, in one block. */
static JET_ERR
describe_index(const ese_tools__copying *c, const char *name, JET_INDEXCREATE3_A **index_out)
{
    uint32_t room = INDEX_ROOM;
    void *buffer = ese_tools__alloc(room, 1);
    JET_ERR err = JetGetTableIndexInfoA(c->copy->source.sesid, c->from.tableid, name, buffer, room,
                                        JET_IdxInfoCreateIndex3);

    if (err < JET_errSuccess) {
        free(buffer);
        return err;
    }
    *index_out = buffer;
    if ((*index_out)->cbKeyMost <= KEY_MOST) { /* follows from the columns, or is what is usual */
        (*index_out)->cbKeyMost = 0;
        (*index_out)->grbit &= ~JET_bitIndexKeyMost;
    }
    return err;
}

/* Those that have to be there before the first row. One that cannot be described is left out by a copy that salvages. */
static JET_ERR
describe_first_indexes(ese_tools__copying *c, bool is_fixed, const ese_tools__table *template_table,
                       JET_INDEXCREATE3_A **parts, uint32_t *n_out)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < c->from.n_indexes; i++) {
        const ese_tools__index *index = &c->from.indexes[i];
        bool is_first = is_fixed || (index->grbit & JET_bitIndexPrimary) != 0;
        JET_ERR err;

        if (!is_first || is_inherited_index(template_table, index->name))
            continue;
        err = describe_index(c, index->name, &parts[n]);
        if (err >= JET_errSuccess) {
            n++;
        } else if (!c->copy->does_salvage) {
            *n_out = n;
            return err;
        } else {
            ese_tools__copy_note(c, err);
            c->copied->n_indexes_lost++;
        }
    }
    *n_out = n;
    return JET_errSuccess;
}

static JET_GRBIT
table_grbit(JET_GRBIT flags)
{
    return (flags & JET_bitObjectTableFixedDDL ? JET_bitTableCreateFixedDDL : 0) |
           (flags & JET_bitObjectTableTemplate ? JET_bitTableCreateTemplateTable : 0) |
           (flags & JET_bitObjectTableNoFixedVarColumnsInDerivedTables
                ? JET_bitTableCreateNoFixedVarColumnsInDerivedTables
                : 0);
}

ese_tools__status
ese_tools__copy_create_table(ese_tools__copying *c, JET_GRBIT flags,
                             const ese_tools__table *template_table)
{
    const ese_tools__table *from = &c->from;
    JET_COLUMNCREATE_A *columns = ese_tools__alloc(from->n_columns, sizeof *columns);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    JET_INDEXCREATE3_A **parts = ese_tools__alloc(from->n_indexes, sizeof *parts);
    JET_INDEXCREATE3_A *indexes = ese_tools__alloc(from->n_indexes, sizeof *indexes);
    bool is_fixed = (flags & (JET_bitObjectTableFixedDDL | JET_bitObjectTableTemplate)) != 0;
    JET_TABLECREATE4_A create = {.cbStruct = sizeof create, .tableid = JET_tableidNil};
    JET_ERR err = describe_first_indexes(c, is_fixed, template_table, parts, &create.cIndexes);

    for (uint32_t i = 0; i < create.cIndexes; i++)
        indexes[i] = *parts[i];
    create.szTableName = from->name;
    create.szTemplateTableName = template_table != NULL ? template_table->name : NULL;
    create.rgcolumncreate = columns;
    create.cColumns = make_columns(from, template_table, columns);
    create.rgindexcreate = indexes;
    create.grbit = table_grbit(flags);
    if (err >= JET_errSuccess)
        err = JetCreateTableColumnIndex4A(c->copy->target.sesid, c->copy->target.dbid, &create);
    if (err >= JET_errSuccess)
        JetCloseTable(c->copy->target.sesid, create.tableid);
    for (unsigned i = 0; i < from->n_indexes; i++)
        free(parts[i]);
    free(parts);
    free(indexes);
    free(columns);
    return err < JET_errSuccess ? ese_tools__copy_fail_target(c, err) : ESE_TOOLS__OK;
}

/* A unique index over rows that contradict it becomes one that is not unique: what is looked up is still found. */
static JET_ERR
create_index(ese_tools__copying *c, JET_INDEXCREATE3_A *index)
{
    JET_SESID sesid = c->copy->target.sesid;
    JET_ERR err = JetCreateIndex4A(sesid, c->to.tableid, index, 1);

    if (err != JET_errKeyDuplicate || !c->copy->does_salvage)
        return err;
    ese_tools__copy_note(c, err);
    index->grbit &= ~JET_bitIndexUnique;
    err = JetCreateIndex4A(sesid, c->to.tableid, index, 1);
    if (err >= JET_errSuccess)
        c->copied->n_indexes_relaxed++;
    return err;
}

ese_tools__status
ese_tools__copy_indexes(ese_tools__copying *c)
{
    for (unsigned i = 0; i < c->from.n_indexes; i++) {
        const char *name = c->from.indexes[i].name;
        JET_INDEXCREATE3_A *index = NULL;
        bool is_described;
        JET_ERR err;

        if (ese_tools__find_index(&c->to, name) != NULL)
            continue;
        err = describe_index(c, name, &index);
        is_described = err >= JET_errSuccess;
        if (is_described)
            err = create_index(c, index);
        free(index);
        if (err >= JET_errSuccess) {
            c->copied->n_indexes++;
        } else if (!c->copy->does_salvage || ese_tools__copy_is_fatal(err)) {
            return is_described ? ese_tools__copy_fail_target(c, err)
                                : ese_tools__copy_fail_source(c, err);
        } else {
            ese_tools__copy_note(c, err);
            c->copied->n_indexes_lost++;
        }
    }
    return ESE_TOOLS__OK;
}
