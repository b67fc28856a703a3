/* The tables, their indexes, and changes of both. */
#include "workload.h"

#include <stdio.h>
#include <string.h>

typedef struct index_plan {
    table_number table;
    const char *name;
    const char *key;
    uint32_t key_size;
    JET_GRBIT grbit;
} index_plan;

#define KEY(text) text "\0", sizeof text + 1

/* The last column of a row tells how many entries a row has: see count_entries. */
static const index_plan plans[] = {
    {ROWS, "pk", KEY("+id"), JET_bitIndexPrimary},
    {ROWS, "number", KEY("+number"), 0},
    {ROWS, "number-desc", KEY("-number"), JET_bitIndexIgnoreNull},
    {ROWS, "unique", KEY("+unique"), JET_bitIndexUnique | JET_bitIndexDisallowNull},
    {ROWS, "name-number", KEY("+name\0-number"), 0},
    {ROWS, "unicode", KEY("-unicode\0+id"), 0},
    {ROWS, "tags", KEY("+tags"), 0},
    {ROWS, "memo-tuple", KEY("+memo"), JET_bitIndexTupleLimits | JET_bitIndexIgnoreAnyNull},
    {ROWS, "named", KEY("+number"), 0}, /* if there is a name */
    {ROWS, "cross", KEY("+tags\0-labels"), JET_bitIndexCrossProduct},
    {ROWS, "nested", KEY("+labels\0+tags"), JET_bitIndexNestedTable},
    {ROWS, "serial", KEY("+serial"), JET_bitIndexUnique},
    {ROWS, "story", KEY("+story\0+grade"), JET_bitIndexIgnoreFirstNull},
    {PLAIN, "pk", KEY("-id"), JET_bitIndexPrimary},
    {PLAIN, "name", KEY("+name"), 0},
    {PLAIN, "data", KEY("-data\0+grade"), JET_bitIndexIgnoreAnyNull},
    {PLAIN, "unique", KEY("+unique"), JET_bitIndexUnique},
    {DERIVED, "tags", KEY("+tags"), JET_bitIndexIgnoreNull},
    {DERIVED, "unique", KEY("-unique"), JET_bitIndexUnique},
};

/* Those of the template, which the derived table has, too. */
static const index_plan template_plans[] = {
    {DERIVED, "pk", KEY("+id"), JET_bitIndexPrimary},
    {DERIVED, "number", KEY("+number"), 0},
};

enum {
    N_PLANS = sizeof plans / sizeof plans[0],
    N_TEMPLATE_PLANS = sizeof template_plans / sizeof template_plans[0]
};

static const index_plan *
plan_of(table_number table, unsigned index)
{
    if (table == DERIVED && index < N_TEMPLATE_PLANS)
        return &template_plans[index];
    if (table == DERIVED)
        index -= N_TEMPLATE_PLANS;
    for (unsigned i = 0;; i++) {
        if (plans[i].table == table && index-- == 0)
            return &plans[i];
    }
}

unsigned
count_indexes(table_number table)
{
    unsigned n = table == DERIVED ? N_TEMPLATE_PLANS : 0;

    for (unsigned i = 0; i < N_PLANS; i++)
        n += plans[i].table == table;
    return n;
}

const char *
index_name(table_number table, unsigned index)
{
    return plan_of(table, index)->name;
}

static bool
is_null(const worker *w, const row *r, column_number column)
{
    size_t size;

    return !make_value(w, r, column, w->expected, &size);
}

int
count_entries(const worker *w, table_number table, unsigned index, const row *r)
{
    const index_plan *plan = plan_of(table, index);
    int n_tags = (int)count_values(w, r, TAGS), n_labels = (int)count_values(w, r, LABELS);
    int least_tags = n_tags == 0 ? 1 : n_tags, least_labels = n_labels == 0 ? 1 : n_labels;

    if (strcmp(plan->name, "memo-tuple") == 0)
        return -1; /* the checker of the library makes its keys anew */
    if (strcmp(plan->name, "number-desc") == 0)
        return !is_null(w, r, NUMBER);
    if (strcmp(plan->name, "named") == 0)
        return !is_null(w, r, NAME);
    if (strcmp(plan->name, "story") == 0)
        return !is_null(w, r, STORY);
    if (strcmp(plan->name, "data") == 0)
        return !is_null(w, r, DATA) && !is_null(w, r, GRADE);
    if (strcmp(plan->name, "cross") == 0)
        return least_tags * least_labels;
    if (strcmp(plan->name, "nested") == 0)
        return least_tags > least_labels ? least_tags : least_labels;
    if (strcmp(plan->name, "tags") == 0)
        return table == DERIVED ? n_tags : least_tags;
    return 1;
}

/* ---- creating */

static JET_COLUMNCREATE
column_plan(const char *name, JET_COLTYP coltyp, uint32_t code_page, JET_GRBIT grbit)
{
    return (JET_COLUMNCREATE){.cbStruct = sizeof(JET_COLUMNCREATE),
                              .szColumnName = (char *)(uintptr_t)name,
                              .coltyp = coltyp,
                              .cp = code_page,
                              .cbMax =
                                  coltyp == JET_coltypText || coltyp == JET_coltypBinary ? 255 : 0,
                              .grbit = grbit};
}

static unsigned
add_plans(table_number table, bool is_template, JET_COLUMNCREATE *to)
{
    static const struct {
        JET_COLTYP coltyp;
        uint32_t code_page;
        JET_GRBIT grbit;
    } kinds[N_COLUMNS] = {{JET_coltypLong, 0, 0},
                          {JET_coltypLong, 0, 0},
                          {JET_coltypLongLong, 0, 0},
                          {JET_coltypText, 1252, 0},
                          {JET_coltypText, 1200, 0},
                          {JET_coltypBinary, 0, 0},
                          {JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued},
                          {JET_coltypText, 1252, JET_bitColumnTagged | JET_bitColumnMultiValued},
                          {JET_coltypLongText, 1252, JET_bitColumnCompressed},
                          {JET_coltypLongText, 1200, JET_bitColumnCompressed},
                          {JET_coltypLongBinary, 0, 0}};
    static int32_t default_grade = DEFAULT_GRADE, zero;
    unsigned n = 0;

    if (table != DERIVED || is_template)
        to[n++] = column_plan("id", JET_coltypLong, 0, JET_bitColumnNotNULL);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        bool is_of_template = table == DERIVED && (i == NUMBER || i == NAME || i == MEMO);

        if (!has_column(table, (column_number)i) || is_of_template != is_template)
            continue;
        to[n] = column_plan(column_names[i], kinds[i].coltyp, kinds[i].code_page, kinds[i].grbit);
        if (i == GRADE) {
            to[n].pvDefault = &default_grade;
            to[n].cbDefault = sizeof default_grade;
        }
        n++;
    }
    if (table == ROWS) {
        to[n++] = column_plan("serial", JET_coltypLong, 0, JET_bitColumnAutoincrement);
        to[n++] = column_plan("changes", JET_coltypLong, 0, JET_bitColumnVersion);
        to[n] = column_plan("balance", JET_coltypLong, 0, JET_bitColumnEscrowUpdate);
        to[n].pvDefault = &zero;
        to[n++].cbDefault = sizeof zero;
    }
    return n;
}

static JET_INDEXCREATE
index_of_plan(const index_plan *plan)
{
    static JET_CONDITIONALCOLUMN condition = {sizeof condition, (char *)(uintptr_t) "name",
                                              JET_bitIndexColumnMustBeNonNull};
    static JET_TUPLELIMITS tuples = {3, 10, 100, 1, 0};
    JET_INDEXCREATE index = {.cbStruct = sizeof index,
                             .szIndexName = (char *)(uintptr_t)plan->name,
                             .szKey = (char *)(uintptr_t)plan->key,
                             .cbKey = plan->key_size,
                             .grbit = plan->grbit,
                             .ulDensity = 80};

    if ((plan->grbit & JET_bitIndexTupleLimits) != 0)
        index.ptuplelimits = &tuples;
    if (strcmp(plan->name, "named") == 0) {
        index.rgconditionalcolumn = &condition;
        index.cConditionalColumn = 1;
    }
    return index;
}

static void
create_table(worker *w, table_number table, bool is_template)
{
    JET_COLUMNCREATE columns[N_COLUMNS + N_COUNTERS + 1];
    JET_INDEXCREATE indexes[N_INDEXES_MAX];
    JET_TABLECREATE create = {
        .cbStruct = sizeof create,
        .szTableName = (char *)(uintptr_t)(is_template ? "template" : table_names[table]),
        .ulPages = 8,
        .ulDensity = 80,
        .rgcolumncreate = columns,
        .rgindexcreate = indexes,
        .grbit = is_template ? JET_bitTableCreateTemplateTable : 0};

    if (table == DERIVED && !is_template)
        create.szTemplateTableName = (char *)(uintptr_t) "template";
    create.cColumns = add_plans(table, is_template, columns);
    for (unsigned i = 0; i < (is_template ? N_TEMPLATE_PLANS : N_PLANS); i++) {
        const index_plan *plan = is_template ? &template_plans[i] : &plans[i];

        if (plan->table == table)
            indexes[create.cIndexes++] = index_of_plan(plan);
    }
    MUST(w, JetCreateTableColumnIndex(w->sesid, w->dbid, &create));
    MUST(w, JetCloseTable(w->sesid, create.tableid));
}

static void
create_total(worker *w)
{
    int32_t zero = 0;
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition,
                                .coltyp = JET_coltypLong,
                                .grbit = JET_bitColumnFixed | JET_bitColumnEscrowUpdate};
    JET_TABLEID tableid;
    JET_COLUMNID columnid;

    MUST(w, JetCreateTable(w->sesid, w->dbid, "total", 1, 100, &tableid));
    MUST(w, JetAddColumn(w->sesid, tableid, "sum", &definition, &zero, sizeof zero, &columnid));
    MUST(w, JetPrepareUpdate(w->sesid, tableid, JET_prepInsert));
    MUST(w, JetUpdate(w->sesid, tableid, NULL, 0, NULL));
    MUST(w, JetCloseTable(w->sesid, tableid));
}

void
create_tables(worker *w)
{
    MUST(w, JetBeginTransaction(w->sesid));
    create_table(w, ROWS, false);
    create_table(w, PLAIN, false);
    create_table(w, DERIVED, true);
    create_table(w, DERIVED, false);
    create_total(w);
    MUST(w, JetCommitTransaction(w->sesid, 0));
}

/* ---- opening */

static JET_COLUMNID
find_column(worker *w, JET_TABLEID tableid, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    MUST(w, JetGetTableColumnInfo(w->sesid, tableid, name, &definition, sizeof definition,
                                  JET_ColInfo));
    return definition.columnid;
}

void
open_tables(worker *w)
{
    for (unsigned table = 0; table < N_TABLES; table++) {
        cursor *c = &w->cursors[table];

        MUST(w, JetOpenTable(w->sesid, w->dbid, table_names[table], NULL, 0, 0, &c->tableid));
        c->id = find_column(w, c->tableid, "id");
        for (unsigned i = 0; i < N_COLUMNS; i++) {
            if (has_column((table_number)table, (column_number)i))
                c->columns[i] = find_column(w, c->tableid, column_names[i]);
        }
        for (unsigned i = 0; table == ROWS && i < N_COUNTERS; i++)
            c->counters[i] = find_column(w, c->tableid, counter_names[i]);
    }
    MUST(w, JetOpenTable(w->sesid, w->dbid, "total", NULL, 0, 0, &w->total));
    w->total_sum = find_column(w, w->total, "sum");
}

/* ---- changing */

/* Makes an index anew; `is_kept` false: only to take it back. */
static void
remake_index(worker *w, bool is_kept)
{
    table_number table = (table_number)below(w, N_TABLES);
    unsigned first = table == DERIVED ? N_TEMPLATE_PLANS : 1; /* not those of the template */
    const index_plan *plan = plan_of(table, first + below(w, count_indexes(table) - first));
    JET_TABLEID tableid = w->cursors[table].tableid;
    JET_INDEXCREATE index = index_of_plan(plan);

    MUST(w, JetSetCurrentIndex(w->sesid, tableid, NULL));
    MUST(w, JetBeginTransaction(w->sesid));
    MUST(w, JetDeleteIndex(w->sesid, tableid, plan->name));
    if (is_kept || below(w, 2) == 0)
        MUST(w, JetCreateIndex2(w->sesid, tableid, &index, 1));
    MUST(w, is_kept ? JetCommitTransaction(w->sesid, 0) : JetRollback(w->sesid, 0));
}

/* A column that goes again, with a value in one row. */
static void
pass_column(worker *w)
{
    JET_TABLEID tableid = w->cursors[PLAIN].tableid;
    JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTagged};
    JET_COLUMNID columnid;
    int32_t value = 7;

    MUST(w, JetAddColumn(w->sesid, tableid, "passing", &definition, NULL, 0, &columnid));
    MUST(w, JetSetCurrentIndex(w->sesid, tableid, NULL));
    if (JetMove(w->sesid, tableid, (int32_t)JET_MoveFirst, 0) == JET_errSuccess) {
        MUST(w, JetPrepareUpdate(w->sesid, tableid, JET_prepReplace));
        MUST(w, JetSetColumn(w->sesid, tableid, columnid, &value, sizeof value, 0, NULL));
        MUST(w, JetUpdate(w->sesid, tableid, NULL, 0, NULL));
    }
    MUST(w, JetDeleteColumn(w->sesid, tableid, "passing"));
}

/* A table of the thread's own, with rows and an index that is built over them, which goes again. */
static void
pass_table(worker *w)
{
    char name[32];
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    bool is_kept = below(w, 2) != 0;
    JET_TABLEID tableid;
    JET_COLUMNID columnid;

    snprintf(name, sizeof name, "passing%u", w->number);
    MUST(w, JetBeginTransaction(w->sesid));
    MUST(w, JetCreateTable(w->sesid, w->dbid, name, 1, 100, &tableid));
    MUST(w, JetAddColumn(w->sesid, tableid, "value", &definition, NULL, 0, &columnid));
    for (uint32_t n = below(w, 100); n > 0; n--) {
        int32_t value = (int32_t)below(w, 1000);

        MUST(w, JetPrepareUpdate(w->sesid, tableid, JET_prepInsert));
        MUST(w, JetSetColumn(w->sesid, tableid, columnid, &value, sizeof value, 0, NULL));
        MUST(w, JetUpdate(w->sesid, tableid, NULL, 0, NULL));
    }
    MUST(w, JetCreateIndex(w->sesid, tableid, "value", 0, KEY("+value"), 100));
    MUST(w, JetCloseTable(w->sesid, tableid));
    MUST(w, is_kept ? JetCommitTransaction(w->sesid, 0) : JetRollback(w->sesid, 0));
    if (is_kept)
        MUST(w, JetDeleteTable(w->sesid, w->dbid, name));
}

/* An index on the table that all threads are changing; while others have changes in it, it is refused. */
static void
pass_index(worker *w)
{
    JET_TABLEID tableid = w->cursors[PLAIN].tableid;
    char name[32];
    JET_ERR err;

    snprintf(name, sizeof name, "passing%u", w->number);
    err = JetCreateIndex(w->sesid, tableid, name, 0, KEY("+number\0+grade"), 80);
    if (err == JET_errWriteConflict) {
        w->n_conflicts++;
        return;
    }
    must(w, err, "JetCreateIndex");
    do {
        err = JetDeleteIndex(w->sesid, tableid, name);
    } while (err == JET_errWriteConflict);
    must(w, err, "JetDeleteIndex");
}

void
change_schema(worker *w)
{
    pass_table(w);
    pass_index(w);
    if (w->options->n_threads == 1) {
        remake_index(w, below(w, 2) != 0);
        pass_column(w);
    }
    w->n_schema_changes++;
}
