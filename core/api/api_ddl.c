/* The frame around changes of tables, and the functions on columns. */
#include "api/api_ddl.h"

#include "table/table_build.h"

/* ---- The frame ---- */

JET_ERR
ese_api_check_changeable(ese_api_session *session, const ese_api_database *database)
{
    const ese_txn_session *txn = ese_api_session_txn(session);

    if (database->trees == NULL)
        return ese_raise(JET_errPermissionDenied, "the database is attached read-only");
    if (txn->level != 0 && txn->is_read_only)
        return ese_raise(JET_errTransReadOnly, "the transaction is read-only");
    return JET_errSuccess;
}

static JET_ERR
check_fixed(const ese_api_change *change, ese_api_change_kind kind, JET_GRBIT grbit)
{
    uint32_t flags = change->table->flags;
    bool is_permitted = (grbit & JET_bitTablePermitDDL) != 0;

    if (kind == ESE_API_RENAMES || is_permitted || (flags & ESE_SCHEMA_TABLE_FIXED_DDL) == 0)
        return JET_errSuccess;
    if (kind == ESE_API_ADDS && (grbit & ESE_API_TABLE_MADE) &&
        (flags & ESE_SCHEMA_TABLE_TEMPLATE) == 0)
        return JET_errSuccess;
    return ese_raise(JET_errFixedDDL, "table '%s' keeps its columns and indexes",
                     change->table->name);
}

static JET_ERR
check_change(const ese_api_change *change, ese_api_change_kind kind)
{
    const ese_table_owner *owner = ese_table_owner_of(change->cursor);
    JET_ERR err;

    ESE_TRY(ese_api_check_changeable(change->session, owner->database));
    if (kind == ESE_API_RENAMES && ese_api_session_txn(change->session)->level != 0)
        ESE_TRY(ese_raise(JET_errInTransaction, "columns are renamed outside transactions"));
    if ((owner->grbit & JET_bitTableReadOnly) && kind != ESE_API_RENAMES)
        ESE_TRY(ese_raise(JET_errPermissionDenied, "the cursor is read-only"));
    ESE_TRY(check_fixed(change, kind, owner->grbit));
out:
    return err;
}

JET_ERR
ese_api_check_others(ese_api_session *session, const ese_schema_table *table)
{
    if (ese_txn_is_tree_changed_by_others(ese_api_session_txn(session), table->tree.shared))
        return ese_raise(JET_errWriteConflict, "somebody else is changing records of table '%s'",
                         table->name);
    return JET_errSuccess;
}

static JET_ERR
work_alone(ese_api_change *change, ese_api_change_work *work, void *arguments)
{
    ese_txn_session *txn = ese_api_session_txn(change->session);
    ese_schema_table *table = change->table;
    ese_txn_statement statement;
    JET_ERR err;

    ese_schema_table_hold(change->schema,
                          table); /* until it is left: the work exchanges the other */
    ese_schema_enter_ddl(table);
    ESE_TRY(ese_txn_statement_enter(txn, &statement));
    err = ese_txn_statement_leave(txn, &statement, work(change, arguments));
out:
    ese_schema_leave_ddl(table);
    ese_schema_table_release(change->schema, &table);
    return err;
}

JET_ERR
ese_api_change_table(JET_SESID sesid, JET_TABLEID tableid, ese_api_change_kind kind,
                     ese_api_change_work *work, void *arguments)
{
    ese_api_change change = {0};
    JET_ERR err = ese_api_enter_cursor(sesid, tableid, &change.session, &change.cursor);

    if (err < JET_errSuccess)
        return err;
    if (ese_table_is_temporary(change.cursor))
        ESE_TRY(ese_raise(JET_errIllegalOperation, "a temporary table is as it was made"));
    change.schema = ese_table_schema(change.cursor);
    change.table = ese_schema_table_dup(change.schema, ese_table_descriptor(change.cursor));
    ESE_TRY(check_change(&change, kind));
    ESE_TRY(work_alone(&change, work, arguments));
out:
    ese_schema_table_release(change.schema, &change.table);
    return ese_api_leave(change.session, err);
}

/* ---- Descriptions of columns ---- */

enum { SHORT_MAX = 255 };

static void
note_cut(ese_api_column *column)
{
    bool is_short =
        column->what.coltyp == JET_coltypText || column->what.coltyp == JET_coltypBinary;

    column->is_cut = is_short && column->what.size_max > SHORT_MAX;
}

JET_ERR
ese_api_column_from_definition(const char *name, const JET_COLUMNDEF *definition,
                               ese_bytes default_value, ese_api_column *column_out)
{
    ese_api_column column = {0};

    if (definition == NULL || definition->cbStruct != sizeof *definition)
        return ese_raise(JET_errInvalidParameter, "the size of JET_COLUMNDEF is not set");
    column.what = (ese_schema_new_column){
        .name = name,
        .coltyp = definition->coltyp,
        .code_page = definition->cp,
        .size_max = definition->cbMax,
        .grbit = definition->grbit,
        .default_value = default_value,
    };
    note_cut(&column);
    *column_out = column;
    return JET_errSuccess;
}

JET_ERR
ese_api_column_from_create(const JET_COLUMNCREATE_A *create, ese_api_text_form form,
                           ese_api_column *column_out)
{
    ese_api_column column = {0};
    JET_ERR err = JET_errSuccess;

    column.what = (ese_schema_new_column){
        .name = create->szColumnName,
        .coltyp = create->coltyp,
        .code_page = create->cp > UINT16_MAX ? UINT16_MAX : (uint16_t)create->cp,
        .size_max = create->cbMax,
        .grbit = create->grbit,
    };
    if (create->pvDefault != NULL)
        column.what.default_value = (ese_bytes){create->pvDefault, create->cbDefault};
    if (form == ESE_API_TEXT_W) {
        ESE_TRY(ese_api_utf8_from_wide((JET_PCWSTR)(void *)create->szColumnName, &column.name));
        column.what.name = column.name;
    }
    note_cut(&column);
    *column_out = column;
out:
    return err;
}

void
ese_api_column_release(ese_api_column *column)
{
    ese_free(&column->name);
}

/* ---- Adding ---- */

static JET_ERR
fill(ese_api_session *session, ese_schema *schema, ese_schema_table *table, JET_COLUMNID columnid)
{
    const ese_schema_column *column = ese_schema_find_column(table, columnid);
    JET_ERR err;

    if (column == NULL || (column->flags & ESE_SCHEMA_AUTOINCREMENT) == 0)
        return JET_errSuccess;
    ESE_TRY(ese_api_check_others(session, table));
    ESE_TRY(ese_table_fill_auto_increment(ese_api_session_txn(session), schema, table, column));
out:
    return err;
}

JET_ERR
ese_api_add_column(ese_api_session *session, ese_schema *schema, ese_schema_table **table,
                   const ese_api_column *column, JET_COLUMNID *columnid_out)
{
    ese_txn_session *txn = ese_api_session_txn(session);
    JET_COLUMNID columnid = 0;
    JET_ERR err;

    ESE_TRY(ese_schema_add_column(txn, schema, *table, &column->what, &columnid));
    ESE_TRY(ese_schema_table_sync(schema, txn, table));
    ESE_TRY(fill(session, schema, *table, columnid));
    *columnid_out = columnid;
out:
    return err;
}

typedef struct addition {
    ese_api_column column;
    JET_COLUMNID columnid;
} addition;

/* Programs know the cursor to lose its place. */
static JET_ERR
add_column(ese_api_change *change, void *arguments)
{
    addition *add = arguments;
    JET_ERR err = ese_api_add_column(change->session, change->schema, &change->table, &add->column,
                                     &add->columnid);

    if (err >= JET_errSuccess)
        ese_table_reset(change->cursor);
    return err;
}

JET_ERR JET_API
JetAddColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName,
              const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
              JET_COLUMNID *pcolumnid)
{
    ese_bytes value = {pvDefault, pvDefault != NULL ? cbDefault : 0};
    addition add = {0};
    JET_ERR err = ese_api_column_from_definition(szColumnName, pcolumndef, value, &add.column);

    if (err < JET_errSuccess)
        return err;
    err = ese_api_change_table(sesid, tableid, ESE_API_ADDS, add_column, &add);
    if (err < JET_errSuccess)
        return err;
    if (pcolumnid != NULL)
        *pcolumnid = add.columnid;
    return add.column.is_cut ? JET_wrnColumnMaxTruncated : JET_errSuccess;
}

JET_ERR JET_API
JetAddColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName,
              const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
              JET_COLUMNID *pcolumnid)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szColumnName, &name);

    if (err >= JET_errSuccess)
        err = JetAddColumnA(sesid, tableid, name, pcolumndef, pvDefault, cbDefault, pcolumnid);
    ese_free(&name);
    return err;
}

/* ---- Deleting ---- */

typedef struct naming {
    const char *name, *new_name;
    JET_GRBIT grbit;
} naming;

static JET_ERR
delete_column(ese_api_change *change, void *arguments)
{
    const naming *what = arguments;

    return ese_schema_delete_column(ese_api_session_txn(change->session), change->schema,
                                    change->table, what->name, what->grbit);
}

JET_ERR JET_API
JetDeleteColumn2A(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName, JET_GRBIT grbit)
{
    naming what = {.name = szColumnName, .grbit = grbit};

    return ese_api_change_table(sesid, tableid, ESE_API_REMOVES, delete_column, &what);
}

JET_ERR JET_API
JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName)
{
    return JetDeleteColumn2A(sesid, tableid, szColumnName, 0);
}

JET_ERR JET_API
JetDeleteColumn2W(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName, JET_GRBIT grbit)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szColumnName, &name);

    if (err >= JET_errSuccess)
        err = JetDeleteColumn2A(sesid, tableid, name, grbit);
    ese_free(&name);
    return err;
}

JET_ERR JET_API
JetDeleteColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName)
{
    return JetDeleteColumn2W(sesid, tableid, szColumnName, 0);
}

/* ---- Renaming ---- */

static JET_ERR
rename_column(ese_api_change *change, void *arguments)
{
    const naming *what = arguments;

    return ese_schema_rename_column(ese_api_session_txn(change->session), change->schema,
                                    change->table, what->name, what->new_name);
}

JET_ERR JET_API
JetRenameColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szName, JET_PCSTR szNameNew,
                 JET_GRBIT grbit)
{
    naming what = {szName, szNameNew, grbit};

    return ese_api_change_table(sesid, tableid, ESE_API_RENAMES, rename_column, &what);
}

JET_ERR JET_API
JetRenameColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szName, JET_PCWSTR szNameNew,
                 JET_GRBIT grbit)
{
    char *name = NULL, *new_name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szName, &name));
    ESE_TRY(ese_api_utf8_from_wide(szNameNew, &new_name));
    err = JetRenameColumnA(sesid, tableid, name, new_name, grbit);
out:
    ese_free(&name);
    ese_free(&new_name);
    return err;
}
