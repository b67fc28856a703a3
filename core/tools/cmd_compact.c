/*
 * `ese compact`: a new database with the tables, columns, indexes and records of another one, in the order of their keys and without
 * the room that deleted ones have left.
 *
 * A table gets its records before its secondary indexes, which are then built at once. Values that are those of the default are left to
 * the default. Values of more than PIECE bytes go from one file to the other in pieces.
 */
#include "tools/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE = 1 << 20,
    BATCH_ROWS = 1000,
    BATCH_BYTES = 1 << 24,
    INDEX_ROOM = 1 << 16,
    KEY_MOST = 255,
    PAGES_MIN = 16
};

typedef struct compact {
    ese_tools__database source;
    ese_tools__database target; /* in the instance and session of the source */
    ese_tools__common common;
    ese_tools__progress progress;
    uint64_t n_rows;
    uint8_t *piece;
} compact;

/* A table on its way. */
typedef struct copying {
    compact *compact;
    ese_tools__table from, to;
    ese_column *values;
    JET_SETCOLUMN *sets;
    uint32_t sets_capacity;
    uint64_t n_bytes; /* in the open transaction */
} copying;

static ese_tools__status
fail_at_source(const copying *c, JET_ERR err)
{
    return ese_tools__report(c->compact->source.path, err);
}

static ese_tools__status
fail_at_target(const copying *c, JET_ERR err)
{
    return ese_tools__report(c->compact->target.path, err);
}

/* ---- Schema ---- */

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
describe_index(const copying *c, const char *name, JET_INDEXCREATE3_A **index_out)
{
    uint32_t room = INDEX_ROOM;
    void *buffer = ese_tools__alloc(room, 1);
    JET_ERR err = JetGetTableIndexInfoA(c->compact->source.sesid, c->from.tableid, name, buffer,
                                        room, JET_IdxInfoCreateIndex3);

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

static ese_tools__status
create_table(copying *c, JET_GRBIT flags, const ese_tools__table *template_table)
{
    const ese_tools__table *from = &c->from;
    JET_COLUMNCREATE_A *columns = ese_tools__alloc(from->n_columns, sizeof *columns);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    JET_INDEXCREATE3_A **parts = ese_tools__alloc(from->n_indexes, sizeof *parts);
    JET_INDEXCREATE3_A *indexes = ese_tools__alloc(from->n_indexes, sizeof *indexes);
    bool is_fixed = (flags & (JET_bitObjectTableFixedDDL | JET_bitObjectTableTemplate)) != 0;
    JET_TABLECREATE4_A create = {.cbStruct = sizeof create, .tableid = JET_tableidNil};
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < from->n_indexes && err >= JET_errSuccess; i++) {
        const ese_tools__index *index = &from->indexes[i];
        bool is_first = is_fixed || (index->grbit & JET_bitIndexPrimary) != 0;

        if (!is_first || is_inherited_index(template_table, index->name))
            continue;
        err = describe_index(c, index->name, &parts[i]);
        if (err >= JET_errSuccess)
            indexes[create.cIndexes++] = *parts[i];
    }
    create.szTableName = from->name;
    create.szTemplateTableName = template_table != NULL ? template_table->name : NULL;
    create.rgcolumncreate = columns;
    create.cColumns = make_columns(from, template_table, columns);
    create.rgindexcreate = indexes;
    create.grbit = (flags & JET_bitObjectTableFixedDDL ? JET_bitTableCreateFixedDDL : 0) |
                   (flags & JET_bitObjectTableTemplate ? JET_bitTableCreateTemplateTable : 0) |
                   (flags & JET_bitObjectTableNoFixedVarColumnsInDerivedTables
                        ? JET_bitTableCreateNoFixedVarColumnsInDerivedTables
                        : 0);
    if (err >= JET_errSuccess)
        err =
            JetCreateTableColumnIndex4A(c->compact->target.sesid, c->compact->target.dbid, &create);
    if (err >= JET_errSuccess)
        JetCloseTable(c->compact->target.sesid, create.tableid);
    for (unsigned i = 0; i < from->n_indexes; i++)
        free(parts[i]);
    free(parts);
    free(indexes);
    free(columns);
    return err < JET_errSuccess ? fail_at_target(c, err) : ESE_TOOLS__OK;
}

/* Those that are not there yet. */
static ese_tools__status
create_indexes(copying *c)
{
    for (unsigned i = 0; i < c->from.n_indexes; i++) {
        const char *name = c->from.indexes[i].name;
        JET_INDEXCREATE3_A *index = NULL;
        JET_ERR err;

        if (ese_tools__find_index(&c->to, name) != NULL)
            continue;
        err = describe_index(c, name, &index);
        if (err < JET_errSuccess)
            return fail_at_source(c, err);
        err = JetCreateIndex4A(c->compact->target.sesid, c->to.tableid, index, 1);
        free(index);
        if (err < JET_errSuccess)
            return fail_at_target(c, err);
    }
    return ESE_TOOLS__OK;
}

/* ---- Records ---- */

static bool
is_default(const ese_tools__column *column, const ese_column *values)
{
    return column->default_value != NULL && values->n_values == 1 &&
           values->values[0].size == column->default_size &&
           memcmp(values->values[0].data, column->default_value, column->default_size) == 0;
}

static JET_SETCOLUMN *
add_set(copying *c, uint32_t *n)
{
    if (*n == c->sets_capacity) {
        uint32_t capacity = c->sets_capacity == 0 ? 64 : 2 * c->sets_capacity;
        JET_SETCOLUMN *sets = ese_tools__alloc(capacity, sizeof *sets);

        if (*n > 0)
            memcpy(sets, c->sets, *n * sizeof *sets);
        free(c->sets);
        c->sets = sets;
        c->sets_capacity = capacity;
    }
    return &c->sets[(*n)++];
}

static void
add_values(copying *c, unsigned i, uint32_t *n)
{
    const ese_tools__column *from = &c->from.columns[i];
    const ese_column *values = &c->values[i];
    JET_COLUMNID columnid = c->to.columns[i].id;
    JET_GRBIT grbit = from->grbit & JET_bitColumnAutoincrement ? ESE_bitSetAutoincrement : 0;

    if (is_default(from, values))
        return;
    if (values->n_values == 0 && from->default_value != NULL &&
        (from->grbit & JET_bitColumnUserDefinedDefault) == 0)
        *add_set(c, n) = (JET_SETCOLUMN){.columnid = columnid, .itagSequence = 1};
    for (uint32_t v = 0; v < values->n_values; v++) {
        const ese_value *value = &values->values[v];

        *add_set(c, n) = (JET_SETCOLUMN){
            .columnid = columnid,
            .pvData = value->data,
            .cbData = value->size,
            .grbit = grbit | (value->size == 0 ? JET_bitSetZeroLength : 0),
            .itagSequence = v + 1,
        };
        c->n_bytes += value->size;
    }
}

/* What ese_get_row cut off. */
static ese_tools__status
append_rest(copying *c, unsigned i, uint32_t itag)
{
    const ese_value *value = &c->values[i].values[itag - 1];
    uint32_t full_size = value->full_size;
    JET_ERR err = JET_errSuccess;

    for (uint32_t at = value->size, n = 0; at < full_size; at += n) {
        JET_RETINFO where = {.cbStruct = sizeof where, .ibLongValue = at, .itagSequence = itag};
        JET_SETINFO to = {.cbStruct = sizeof to, .itagSequence = itag};

        err = JetRetrieveColumn(c->compact->source.sesid, c->from.tableid, c->from.columns[i].id,
                                c->compact->piece, PIECE, &n, 0, &where);
        if (err < JET_errSuccess)
            return fail_at_source(c, err);
        if (n > PIECE)
            n = PIECE;
        if (n == 0)
            return fail_at_source(c, JET_errDatabaseCorrupted);
        err = JetSetColumn(c->compact->target.sesid, c->to.tableid, c->to.columns[i].id,
                           c->compact->piece, n, JET_bitSetAppendLV, &to);
        if (err < JET_errSuccess)
            return fail_at_target(c, err);
        c->n_bytes += n;
    }
    return ESE_TOOLS__OK;
}

static ese_tools__status
append_rests(copying *c)
{
    for (unsigned i = 0; i < c->from.n_columns; i++) {
        for (uint32_t v = 0; v < c->values[i].n_values; v++) {
            ese_tools__status status = ESE_TOOLS__OK;

            if (c->values[i].values[v].full_size > c->values[i].values[v].size)
                status = append_rest(c, i, v + 1);
            if (status != ESE_TOOLS__OK)
                return status;
        }
    }
    return ESE_TOOLS__OK;
}

static ese_tools__status
copy_row(copying *c)
{
    JET_SESID sesid = c->compact->target.sesid;
    uint32_t n = 0;
    ese_tools__status status;
    JET_ERR err =
        ese_get_row(c->compact->source.sesid, c->from.tableid, PIECE, c->values, c->from.n_columns);

    if (err < JET_errSuccess)
        return fail_at_source(c, err);
    for (unsigned i = 0; i < c->from.n_columns; i++)
        add_values(c, i, &n);
    err = JetPrepareUpdate(sesid, c->to.tableid, JET_prepInsert);
    if (err >= JET_errSuccess && n > 0)
        err = JetSetColumns(sesid, c->to.tableid, c->sets, n);
    if (err < JET_errSuccess)
        return fail_at_target(c, err);
    status = append_rests(c);
    if (status != ESE_TOOLS__OK)
        return status;
    err = JetUpdate(sesid, c->to.tableid, NULL, 0, NULL);
    return err < JET_errSuccess ? fail_at_target(c, err) : ESE_TOOLS__OK;
}

/* Some rows in one transaction; `*err_move` is where the walk through the source stands. */
static ese_tools__status
copy_batch(copying *c, JET_ERR *err_move)
{
    JET_SESID sesid = c->compact->target.sesid;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = JetBeginTransaction(sesid);

    c->n_bytes = 0;
    for (unsigned n = 0; err >= JET_errSuccess && status == ESE_TOOLS__OK &&
                         *err_move >= JET_errSuccess && n < BATCH_ROWS && c->n_bytes < BATCH_BYTES;
         n++) {
        status = copy_row(c);
        c->compact->n_rows++;
        if (status == ESE_TOOLS__OK)
            *err_move = JetMove(sesid, c->from.tableid, JET_MoveNext, 0);
    }
    if (err >= JET_errSuccess && status == ESE_TOOLS__OK)
        err = JetCommitTransaction(sesid, JET_bitCommitLazyFlush);
    ese_tools__progress_step(&c->compact->progress, c->from.name, c->compact->n_rows, 0);
    return err < JET_errSuccess ? fail_at_target(c, err) : status;
}

static ese_tools__status
copy_rows(copying *c)
{
    JET_SESID sesid = c->compact->source.sesid;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = JetMove(sesid, c->from.tableid, (int32_t)JET_MoveFirst, 0);

    c->compact->n_rows = 0;
    while (err >= JET_errSuccess && status == ESE_TOOLS__OK)
        status = copy_batch(c, &err);
    return status == ESE_TOOLS__OK && err != JET_errNoCurrentRecord ? fail_at_source(c, err)
                                                                    : status;
}

/* ---- Tables ---- */

/* Columns of the target in the order of those of the source, whatever ids they have. */
static ese_tools__status
match_columns(copying *c)
{
    ese_tools__column *matched = ese_tools__alloc(c->from.n_columns, sizeof *matched);

    for (unsigned i = 0; i < c->from.n_columns; i++) {
        const ese_tools__column *column = ese_tools__find_column(&c->to, c->from.columns[i].name);

        if (column == NULL || c->to.n_columns != c->from.n_columns) {
            free(matched);
            return fail_at_target(c, JET_errColumnNotFound);
        }
        matched[i] = *column;
        c->values[i].columnid = c->from.columns[i].id;
    }
    free(c->to.columns);
    c->to.columns = matched;
    return ESE_TOOLS__OK;
}

static ese_tools__status
open_template(copying *c, JET_GRBIT flags, ese_tools__table *template_out)
{
    char name[4 * JET_cbNameMost + 1] = "";
    JET_ERR err;

    if ((flags & JET_bitObjectTableDerived) == 0)
        return ESE_TOOLS__OK;
    err = JetGetTableInfoA(c->compact->source.sesid, c->from.tableid, name, sizeof name,
                           JET_TblInfoTemplateTableName);
    if (err >= JET_errSuccess)
        err = ese_tools__table_open(&c->compact->source, name, template_out);
    return err < JET_errSuccess ? fail_at_source(c, err) : ESE_TOOLS__OK;
}

static ese_tools__status
fill_table(copying *c)
{
    ese_tools__status status;
    JET_ERR err = ese_tools__table_open(&c->compact->target, c->from.name, &c->to);

    if (err < JET_errSuccess)
        return fail_at_target(c, err);
    c->values = ese_tools__alloc(c->from.n_columns, sizeof *c->values);
    status = match_columns(c);
    if (status == ESE_TOOLS__OK) {
        JetSetTableSequential(c->compact->source.sesid, c->from.tableid, 0); /* only advice */
        status = copy_rows(c);
    }
    if (status == ESE_TOOLS__OK)
        status = create_indexes(c);
    ese_tools__table_close(&c->compact->target, &c->to);
    free(c->values);
    free(c->sets);
    return status;
}

static ese_tools__status
copy_table(compact *compacting, const char *name, JET_GRBIT flags)
{
    copying c = {.compact = compacting};
    ese_tools__table template_table = {.tableid = JET_tableidNil};
    ese_tools__status status;
    JET_ERR err = ese_tools__table_open(&compacting->source, name, &c.from);

    if (err < JET_errSuccess)
        return fail_at_source(&c, err);
    status = open_template(&c, flags, &template_table);
    if (status == ESE_TOOLS__OK)
        status = create_table(&c, flags, template_table.name != NULL ? &template_table : NULL);
    if (status == ESE_TOOLS__OK && (flags & JET_bitObjectTableTemplate) == 0)
        status = fill_table(&c);
    ese_tools__table_close(&compacting->source, &template_table);
    ese_tools__table_close(&compacting->source, &c.from);
    return status;
}

/* Templates come before the tables that are made after them. */
static ese_tools__status
copy_tables(compact *compacting)
{
    ese_tools__names names;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__names_load(&compacting->source, &names);

    if (err < JET_errSuccess)
        return ese_tools__report(compacting->source.path, err);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < names.n && status == ESE_TOOLS__OK; i++) {
            bool is_template = (names.grbits[i] & JET_bitObjectTableTemplate) != 0;

            if (!ese_tools__is_system(names.names[i]) && is_template == (pass == 0))
                status = copy_table(compacting, names.names[i], names.grbits[i]);
        }
    }
    ese_tools__names_free(&names);
    return status;
}

/* A file grows in steps; what the last one left over is not needed. As short as it gets, and no matter if it does not. */
static void
give_back_room(compact *compacting)
{
    uint32_t n_pages = 0;

    (void)JetResizeDatabase(compacting->target.sesid, compacting->target.dbid, PAGES_MIN, &n_pages,
                            JET_bitResizeDatabaseOnlyShrink);
}

/* ---- The command line ---- */

static ese_tools__status
run_parsed(compact *compacting, const char *source, const char *target)
{
    ese_tools__status status =
        ese_tools__database_copy(&compacting->source, &compacting->target, source, target);

    if (status != ESE_TOOLS__OK)
        return status;
    compacting->piece = ese_tools__alloc(PIECE, 1);
    ese_tools__progress_start(&compacting->progress, compacting->common.is_quiet);
    status = copy_tables(compacting);
    ese_tools__progress_clear(&compacting->progress);
    if (status == ESE_TOOLS__OK)
        give_back_room(compacting);
    status = ese_tools__worse(status, ese_tools__database_problems(&compacting->source));
    ese_tools__database_close(&compacting->source);
    if (status == ESE_TOOLS__FAILED)
        remove(target); /* it was made here, and is only a part */
    free(compacting->piece);
    return status;
}

static ese_tools__status
run(int argc, char **argv)
{
    compact compacting = {0};
    ese_tools__parsed parsed =
        ese_tools__parse_common(argc, argv, &ese_tools__compact, &compacting.common);

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind != 2)
        return ese_tools__usage(&ese_tools__compact, "a database and a new one are expected");
    compacting.source.common = compacting.common;
    return run_parsed(&compacting, argv[optind], argv[optind + 1]);
}

const ese_tools__command ese_tools__compact = {
    "compact",
    "[OPTION]... SOURCE TARGET",
    "Write the tables of a database to a new one, in the order of their keys and without gaps",
    "",
    run,
};
