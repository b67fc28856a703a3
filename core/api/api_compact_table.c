/* JetCompact: one table. Its records come before its secondary indexes, which are then built at once. */
#include "api/api_compact.h"

#include "base/alloc.h"

#include <string.h>

enum {
    INDEX_ROOM = 1 << 16, /* for the description of one index */
    KEY_MOST = 255,
    SETS_MAX = 256 << 20
};

JET_ERR
ese_api__compact_each(JET_SESID sesid, JET_TABLEID list, void *self, JET_ERR (*visit)(void *self))
{
    JET_ERR err = JetMove(sesid, list, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        err = visit(self);
        if (err >= JET_errSuccess)
            err = JetMove(sesid, list, JET_MoveNext, 0);
    }
    JetCloseTable(sesid, list);
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

/* ---- Columns ---- */

static JET_ERR
load_columns(JET_SESID sesid, JET_TABLEID tableid, ese_column_info **columns_out, uint32_t *n_out)
{
    ese_column_info *columns = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(ese_list_columns(sesid, tableid, NULL, 0, &n));
    ESE_TRY(ese_alloc((n + 1) * sizeof *columns, &columns));
    ESE_TRY(ese_list_columns(sesid, tableid, columns, n, &n));
    *columns_out = columns;
    *n_out = n;
    columns = NULL;
out:
    ese_free(&columns);
    return err;
}

static const ese_column_info *
find_column(const ese_column_info *columns, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(columns[i].name, name) == 0)
            return &columns[i];
    }
    return NULL;
}

/* The new table has the same columns, whatever ids they have. */
static JET_ERR
match_columns(ese_api__compacting *t)
{
    ese_column_info *columns = NULL;
    uint32_t n = 0;
    JET_ERR err;

    ESE_TRY(load_columns(t->c->sesid, t->to, &columns, &n));
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const ese_column_info *column = find_column(columns, n, t->columns[i].name);

        if (column == NULL)
            ESE_TRY(ese_raise(JET_errColumnNotFound, "column '%s' is not in the new table",
                              t->columns[i].name));
        t->ids[i] = column->columnid;
        t->values[i].columnid = t->columns[i].columnid;
    }
out:
    ese_free(&columns);
    return err;
}

/* ---- Indexes ---- */

typedef struct index_names {
    JET_SESID sesid;
    JET_INDEXLIST layout;
    ese_growbuf names; /* of ESE_API__COMPACT_NAME bytes each */
    ese_growbuf grbits;
} index_names;

/* A row for each column of an index: the first one counts. */
static JET_ERR
add_index(void *self)
{
    index_names *names = self;
    const JET_INDEXLIST *list = &names->layout;
    char name[ESE_API__COMPACT_NAME] = {0};
    uint32_t number = 0;
    JET_GRBIT grbit = 0;
    JET_ERR err;

    ESE_TRY(JetRetrieveColumn(names->sesid, list->tableid, list->columnidiColumn, &number,
                              sizeof number, NULL, 0, NULL));
    if (number != 0)
        return JET_errSuccess;
    ESE_TRY(JetRetrieveColumn(names->sesid, list->tableid, list->columnidgrbitIndex, &grbit,
                              sizeof grbit, NULL, 0, NULL));
    ESE_TRY(JetRetrieveColumn(names->sesid, list->tableid, list->columnidindexname, name,
                              sizeof name - 1, NULL, 0, NULL));
    ESE_TRY(ese_growbuf_append(&names->names, name, sizeof name));
    ESE_TRY(ese_growbuf_append(&names->grbits, &grbit, sizeof grbit));
out:
    return err;
}

static void
forget_names(index_names *names)
{
    ese_growbuf_destroy(&names->names);
    ese_growbuf_destroy(&names->grbits);
}

/* The caller destroys the buffers, whatever comes back. */
static JET_ERR
load_indexes(JET_SESID sesid, JET_TABLEID tableid, index_names *names_out)
{
    JET_ERR err;

    *names_out = (index_names){
        .sesid = sesid,
        .layout = {.cbStruct = sizeof names_out->layout},
        .names = ese_growbuf_make(SETS_MAX),
        .grbits = ese_growbuf_make(SETS_MAX),
    };
    ESE_TRY(JetGetTableIndexInfoA(sesid, tableid, NULL, &names_out->layout,
                                  sizeof names_out->layout, JET_IdxInfoList));
    ESE_TRY(ese_api__compact_each(sesid, names_out->layout.tableid, names_out, add_index));
out:
    return err;
}

static uint32_t
n_names(const index_names *names)
{
    return (uint32_t)(names->names.size / ESE_API__COMPACT_NAME);
}

static const char *
name_at(const index_names *names, uint32_t i)
{
    return (const char *)names->names.data + (size_t)i * ESE_API__COMPACT_NAME;
}

static JET_GRBIT
grbit_at(const index_names *names, uint32_t i)
{
    return ((const JET_GRBIT *)(const void *)names->grbits.data)[i];
}

static bool
has_name(const index_names *names, const char *name)
{
    for (uint32_t i = 0; i < n_names(names); i++) {
        if (strcmp(name_at(names, i), name) == 0)
            return true;
    }
    return false;
}

/* What JetCreateIndex4 takes, with all it points to, in one block. */
static JET_ERR
describe_index(const ese_api__compacting *t, const char *name, JET_INDEXCREATE3_A **index_out)
{
    JET_INDEXCREATE3_A *index = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(INDEX_ROOM, &index));
    ESE_TRY(JetGetTableIndexInfoA(t->c->sesid, t->from, name, index, INDEX_ROOM,
                                  JET_IdxInfoCreateIndex3));
    if (index->cbKeyMost <= KEY_MOST) { /* follows from the columns, or is what is usual */
        index->cbKeyMost = 0;
        index->grbit &= ~JET_bitIndexKeyMost;
    }
    *index_out = index;
    index = NULL;
out:
    ese_free(&index);
    return err;
}

static JET_ERR
create_index(const ese_api__compacting *t, const char *name)
{
    JET_INDEXCREATE3_A *index = NULL;
    JET_ERR err;

    ESE_TRY(describe_index(t, name, &index));
    ESE_TRY(JetCreateIndex4A(t->c->sesid, t->to, index, 1));
out:
    ese_free(&index);
    return err;
}

/* Those that the new table does not have yet. */
static JET_ERR
create_indexes(const ese_api__compacting *t)
{
    index_names all, there;
    JET_ERR err;

    there = (index_names){0};
    ESE_TRY(load_indexes(t->c->sesid, t->from, &all));
    ESE_TRY(load_indexes(t->c->sesid, t->to, &there));
    for (uint32_t i = 0; i < n_names(&all); i++) {
        if (!has_name(&there, name_at(&all, i)))
            ESE_TRY(create_index(t, name_at(&all, i)));
    }
out:
    forget_names(&all);
    forget_names(&there);
    return err;
}

/* ---- The table ---- */

/* A template as the new table inherits from it. */
typedef struct inherited {
    char name[ESE_API__COMPACT_NAME];
    ese_column_info *columns;
    uint32_t n_columns;
    index_names indexes;
    JET_TABLEID tableid;
} inherited;

static void
forget_template(const ese_api__compacting *t, inherited *from)
{
    if (from->tableid != JET_tableidNil)
        JetCloseTable(t->c->sesid, from->tableid);
    ese_free(&from->columns);
    forget_names(&from->indexes);
}

static JET_ERR
load_template(const ese_api__compacting *t, JET_GRBIT flags, inherited *from)
{
    const ese_api__compaction *c = t->c;
    JET_ERR err = JET_errSuccess;

    *from = (inherited){.tableid = JET_tableidNil};
    if ((flags & JET_bitObjectTableDerived) == 0)
        return err;
    ESE_TRY(JetGetTableInfoA(c->sesid, t->from, from->name, sizeof from->name,
                             JET_TblInfoTemplateTableName));
    ESE_TRY(JetOpenTableA(c->sesid, c->from, from->name, NULL, 0, JET_bitTableReadOnly,
                          &from->tableid));
    ESE_TRY(load_columns(c->sesid, from->tableid, &from->columns, &from->n_columns));
    ESE_TRY(load_indexes(c->sesid, from->tableid, &from->indexes));
out:
    return err;
}

static uint32_t
describe_columns(const ese_api__compacting *t, const inherited *from, JET_COLUMNCREATE_A *columns)
{
    const JET_GRBIT not_kept =
        JET_bitColumnUpdatable | JET_bitColumnMaybeNull | JET_bitColumnUserDefinedDefault;
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->n_columns; i++) {
        const ese_column_info *column = &t->columns[i];
        bool has_default = (column->grbit & JET_bitColumnUserDefinedDefault) == 0;

        if (find_column(from->columns, from->n_columns, column->name) != NULL)
            continue;
        columns[n++] = (JET_COLUMNCREATE_A){
            .cbStruct = sizeof *columns,
            .szColumnName = (char *)(uintptr_t)column->name,
            .coltyp = column->coltyp,
            .cbMax = column->size_max,
            .grbit = column->grbit & ~not_kept,
            .pvDefault = has_default ? (void *)(uintptr_t)column->default_value : NULL,
            .cbDefault = has_default ? column->default_size : 0,
            .cp = column->cp,
        };
    }
    return n;
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

/* The indexes that must be there before the first record: the primary one, and all of a table that is not changed afterwards. */
static JET_ERR
describe_first_indexes(const ese_api__compacting *t, JET_GRBIT flags, const inherited *from,
                       const index_names *all, JET_INDEXCREATE3_A **parts, uint32_t *n_out)
{
    bool is_fixed = (flags & (JET_bitObjectTableFixedDDL | JET_bitObjectTableTemplate)) != 0;
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < n_names(all); i++) {
        if ((!is_fixed && (grbit_at(all, i) & JET_bitIndexPrimary) == 0) ||
            has_name(&from->indexes, name_at(all, i)))
            continue;
        ESE_TRY(describe_index(t, name_at(all, i), &parts[*n_out]));
        ++*n_out;
    }
out:
    return err;
}

typedef struct creation {
    inherited from;
    index_names all;
    JET_COLUMNCREATE_A *columns;
    JET_INDEXCREATE3_A **parts;
    JET_INDEXCREATE3_A *indexes;
    uint32_t n_indexes;
} creation;

static JET_ERR
create_described(const ese_api__compacting *t, const char *name, JET_GRBIT flags, creation *what)
{
    JET_TABLECREATE4_A create = {.cbStruct = sizeof create, .tableid = JET_tableidNil};
    uint32_t n_all = n_names(&what->all) + 1;
    JET_ERR err;

    ESE_TRY(ese_alloc((t->n_columns + 1) * sizeof *what->columns, &what->columns));
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    ESE_TRY(ese_alloc(n_all * sizeof *what->parts, &what->parts));
    ESE_TRY(ese_alloc(n_all * sizeof *what->indexes, &what->indexes));
    ESE_TRY(
        describe_first_indexes(t, flags, &what->from, &what->all, what->parts, &what->n_indexes));
    for (uint32_t i = 0; i < what->n_indexes; i++)
        what->indexes[i] = *what->parts[i];
    create.szTableName = (char *)(uintptr_t)name;
    create.szTemplateTableName = what->from.name[0] != '\0' ? what->from.name : NULL;
    create.rgcolumncreate = what->columns;
    create.cColumns = describe_columns(t, &what->from, what->columns);
    create.rgindexcreate = what->indexes;
    create.cIndexes = what->n_indexes;
    create.grbit = table_grbit(flags);
    ESE_TRY(JetCreateTableColumnIndex4A(t->c->sesid, t->c->to, &create));
    JetCloseTable(t->c->sesid, create.tableid);
out:
    return err;
}

static JET_ERR
create_table(const ese_api__compacting *t, const char *name, JET_GRBIT flags)
{
    creation what = {0};
    JET_ERR err;

    ESE_TRY(load_template(t, flags, &what.from));
    ESE_TRY(load_indexes(t->c->sesid, t->from, &what.all));
    ESE_TRY(create_described(t, name, flags, &what));
out:
    for (uint32_t i = 0; i < what.n_indexes; i++)
        ese_free(&what.parts[i]);
    ese_free(&what.parts);
    ese_free(&what.indexes);
    ese_free(&what.columns);
    forget_names(&what.all);
    forget_template(t, &what.from);
    return err;
}

static JET_ERR
fill_table(ese_api__compacting *t, const char *name)
{
    JET_ERR err;

    ESE_TRY(JetOpenTableA(t->c->sesid, t->c->to, name, NULL, 0, 0, &t->to));
    ESE_TRY(ese_alloc((t->n_columns + 1) * sizeof *t->ids, &t->ids));
    ESE_TRY(ese_alloc((t->n_columns + 1) * sizeof *t->values, &t->values));
    ESE_TRY(match_columns(t));
    (void)JetSetTableSequential(t->c->sesid, t->from, 0); /* only advice */
    ESE_TRY(ese_api__compact_rows(t));
    ESE_TRY(create_indexes(t));
out:
    return err;
}

JET_ERR
ese_api__compact_table(ese_api__compaction *c, const char *name, JET_GRBIT flags,
                       ese_api__compacted *compacted_out)
{
    ese_api__compacting t = {
        .c = c, .from = JET_tableidNil, .to = JET_tableidNil, .sets = ese_growbuf_make(SETS_MAX)};
    JET_ERR err;

    ESE_TRY(JetOpenTableA(c->sesid, c->from, name, NULL, 0, JET_bitTableReadOnly, &t.from));
    ESE_TRY(load_columns(c->sesid, t.from, &t.columns, &t.n_columns));
    ESE_TRY(create_table(&t, name, flags));
    if ((flags & JET_bitObjectTableTemplate) == 0) /* which never has records */
        ESE_TRY(fill_table(&t, name));
    *compacted_out = t.counts;
    err = JET_errSuccess;
out:
    if (err < JET_errSuccess)
        (void)JetRollback(c->sesid, JET_bitRollbackAll);
    if (t.to != JET_tableidNil)
        JetCloseTable(c->sesid, t.to);
    if (t.from != JET_tableidNil)
        JetCloseTable(c->sesid, t.from);
    ese_growbuf_destroy(&t.sets);
    ese_free(&t.columns);
    ese_free(&t.ids);
    ese_free(&t.values);
    return err;
}
