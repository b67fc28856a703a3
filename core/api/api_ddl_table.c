/* JetCreateTable and JetCreateTableColumnIndex in their versions, JetDeleteTable, JetRenameTable, JetSetColumnDefaultValue. */
#include "api/api_ddl.h"

/* ---- Descriptions of tables ---- */

/* What all versions of JET_TABLECREATE come down to. */
typedef struct table_request {
    ese_schema_new_table what;
    const void *name, *template_name; /* texts of the form below */
    JET_COLUMNCREATE_A *columns;
    uint32_t n_columns;
    ese_api_index_array indexes;
    const void *callback;
    JET_CBTYP callback_type;
    JET_GRBIT grbit;
    ese_api_text_form form;
    JET_TABLEID tableid; /* out */
    uint32_t n_created;  /* out */
} table_request;

static JET_ERR
check_columns(const table_request *asked)
{
    if (asked->n_columns != 0 && asked->columns == NULL)
        return ese_raise(JET_errInvalidParameter, "no columns");
    for (uint32_t i = 0; i < asked->n_columns; i++) {
        JET_COLUMNCREATE_A *column = &asked->columns[i];

        column->err = JET_errSuccess;
        if (column->cbStruct != sizeof *column) {
            column->err = JET_errInvalidParameter;
            return ese_raise(JET_errInvalidParameter, "the size of JET_COLUMNCREATE is not set");
        }
    }
    return JET_errSuccess;
}

static uint32_t
flags_of_grbit(JET_GRBIT grbit)
{
    uint32_t flags = 0;

    if (grbit & JET_bitTableCreateFixedDDL)
        flags |= ESE_SCHEMA_TABLE_FIXED_DDL;
    if (grbit & JET_bitTableCreateTemplateTable)
        flags |= ESE_SCHEMA_TABLE_FIXED_DDL | ESE_SCHEMA_TABLE_TEMPLATE;
    if (grbit & JET_bitTableCreateNoFixedVarColumnsInDerivedTables)
        flags |= ESE_SCHEMA_TABLE_NO_FIXED_VAR_IN_DERIVED;
    return flags;
}

static JET_ERR
check_request(const table_request *asked)
{
    const JET_GRBIT known = JET_bitTableCreateFixedDDL | JET_bitTableCreateTemplateTable |
                            JET_bitTableCreateNoFixedVarColumnsInDerivedTables |
                            JET_bitTableCreateImmutableStructure;
    JET_ERR err;

    ESE_TRY(ese_api_check_grbit(asked->grbit, known));
    if ((asked->grbit & JET_bitTableCreateNoFixedVarColumnsInDerivedTables) &&
        (asked->grbit & JET_bitTableCreateTemplateTable) == 0)
        ESE_TRY(ese_raise(JET_errInvalidGrbit, "only a template has derived tables"));
    if (asked->callback != NULL || asked->callback_type != JET_cbtypNull)
        ESE_TRY(ese_raise(JET_errCallbackNotResolved, "tables have no callbacks here"));
    ESE_TRY(check_columns(asked));
    ESE_TRY(ese_api_index_array_check(&asked->indexes));
out:
    return err;
}

static JET_ERR
take_hints(const JET_SPACEHINTS *given, JET_SPACEHINTS *hints)
{
    if (given == NULL)
        return JET_errSuccess;
    if (given->cbStruct != sizeof *given)
        return ese_raise(JET_errInvalidParameter, "the size of JET_SPACEHINTS is not set");
    *hints = *given;
    return JET_errSuccess;
}

/* ---- Creating ---- */

static JET_ERR
add_column(ese_schema_columns *columns, JET_COLUMNCREATE_A *create, ese_api_text_form form)
{
    ese_api_column column = {0};
    JET_ERR err = ese_api_column_from_create(create, form, &column);

    if (err >= JET_errSuccess)
        err = ese_schema_columns_add(columns, &column.what, &create->columnid);
    create->err = err;
    if (err >= JET_errSuccess && column.is_cut)
        create->err = JET_wrnColumnMaxTruncated;
    ese_api_column_release(&column);
    return err;
}

/* To a table without records, so there is nothing to number. */
static JET_ERR
add_columns(ese_api_session *session, ese_schema *schema, ese_schema_table **table,
            const table_request *asked)
{
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_schema_columns *columns = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema_columns_begin(txn, schema, *table, &columns));
    for (uint32_t i = 0; i < asked->n_columns; i++)
        ESE_TRY(add_column(columns, &asked->columns[i], asked->form));
    ESE_TRY(ese_schema_columns_publish(columns));
    ESE_TRY(ese_schema_table_sync(schema, txn, table));
out:
    ese_schema_columns_end(&columns);
    return err;
}

static JET_ERR
create_all(ese_api_session *session, ese_api_database *database, const table_request *asked,
           ese_table_cursor **cursor_out)
{
    ese_schema *schema = database->schema;
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_schema_table *table = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema_create_table(txn, schema, &asked->what, &table));
    ESE_TRY(add_columns(session, schema, &table, asked));
    ESE_TRY(ese_api_create_indexes(session, schema, &table, &asked->indexes));
    ESE_TRY(ese_table_open(txn, schema, asked->what.name, cursor_out));
out:
    ese_schema_table_release(schema, &table);
    return err;
}

/* The new table is its maker's alone as long as the cursor is open. */
static JET_ERR
create_and_open(ese_api_session *session, ese_api_database *database, table_request *asked)
{
    const JET_GRBIT grbit = JET_bitTableDenyRead | JET_bitTableUpdatable | ESE_API_TABLE_MADE;
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_table_cursor *cursor = NULL;
    JET_TABLEID tableid = JET_tableidNil;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(txn, &statement));
    err = create_all(session, database, asked, &cursor);
    if (err >= JET_errSuccess)
        err = ese_api_admit_cursor(session, database, cursor, grbit, &tableid);
    err = ese_txn_statement_leave(txn, &statement, err);
    if (err < JET_errSuccess && tableid != JET_tableidNil)
        ese_api_close_cursor(session, cursor);
    ESE_TRY(err);
    asked->tableid = tableid;
    asked->n_created = 1 + asked->n_columns + asked->indexes.n;
out:
    return err;
}

static JET_ERR
create_in_database(ese_api_session *session, JET_DBID dbid, table_request *asked)
{
    ese_api_database *database = NULL;
    char *name = NULL, *template_name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_find_database(session, dbid, &database));
    ESE_TRY(ese_api_check_changeable(session, database));
    ESE_TRY(check_request(asked));
    asked->what.flags = flags_of_grbit(asked->grbit);
    asked->what.name = asked->name;
    asked->what.template_name = asked->template_name;
    if (asked->form == ESE_API_TEXT_W) {
        ESE_TRY(ese_api_utf8_from_wide(asked->name, &name));
        ESE_TRY(ese_api_utf8_from_wide(asked->template_name, &template_name));
        asked->what.name = name;
        asked->what.template_name = template_name;
    }
    ESE_TRY(create_and_open(session, database, asked));
out:
    ese_free(&name);
    ese_free(&template_name);
    return err;
}

static JET_ERR
create_table(JET_SESID sesid, JET_DBID dbid, table_request *asked)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    asked->tableid = JET_tableidNil;
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, create_in_database(session, dbid, asked));
    return err;
}

/* ---- The versions ---- */

JET_ERR JET_API
JetCreateTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, uint32_t lPages,
                uint32_t lDensity, JET_TABLEID *ptableid)
{
    table_request asked = {
        .what = {.n_pages = lPages, .density = lDensity},
        .name = szTableName,
        .indexes = {.version = ESE_API_INDEX_CREATE},
        .form = ESE_API_TEXT_A,
    };
    JET_ERR err;

    if (ptableid == NULL)
        return ese_raise(JET_errInvalidParameter, "no place for the table id");
    err = create_table(sesid, dbid, &asked);
    *ptableid = asked.tableid;
    return err;
}

JET_ERR JET_API
JetCreateTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName, uint32_t lPages,
                uint32_t lDensity, JET_TABLEID *ptableid)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szTableName, &name);

    if (err >= JET_errSuccess)
        err = JetCreateTableA(sesid, dbid, name, lPages, lDensity, ptableid);
    ese_free(&name);
    return err;
}

/* The members that all versions have. The A structures stand for the W ones, which differ in the types of pointers only. */
#define REQUEST(create, version_, form_)                                                           \
    {                                                                                              \
        .what = {.n_pages = (create)->ulPages, .density = (create)->ulDensity},                    \
        .name = (create)->szTableName, .template_name = (create)->szTemplateTableName,             \
        .columns = (create)->rgcolumncreate, .n_columns = (create)->cColumns,                      \
        .indexes = {(create)->rgindexcreate, (create)->cIndexes, version_, form_},                 \
        .grbit = (create)->grbit, .form = form_,                                                   \
    }

_Static_assert(sizeof(JET_TABLECREATE_A) == sizeof(JET_TABLECREATE_W) &&
                   sizeof(JET_TABLECREATE2_A) == sizeof(JET_TABLECREATE2_W) &&
                   sizeof(JET_TABLECREATE3_A) == sizeof(JET_TABLECREATE3_W) &&
                   sizeof(JET_TABLECREATE4_A) == sizeof(JET_TABLECREATE4_W),
               "both forms have one layout");

static JET_ERR
bad_size(void)
{
    return ese_raise(JET_errInvalidParameter, "the size of JET_TABLECREATE is not set");
}

static JET_ERR
create_first(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE_A *create, ese_api_text_form form)
{
    JET_ERR err;

    if (create == NULL || create->cbStruct != sizeof *create)
        return bad_size();
    {
        table_request asked = REQUEST(create, ESE_API_INDEX_CREATE, form);

        err = create_table(sesid, dbid, &asked);
        create->tableid = asked.tableid;
        create->cCreated = asked.n_created;
    }
    return err;
}

static JET_ERR
create_second(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE2_A *create, ese_api_text_form form)
{
    JET_ERR err;

    if (create == NULL || create->cbStruct != sizeof *create)
        return bad_size();
    {
        table_request asked = REQUEST(create, ESE_API_INDEX_CREATE, form);

        asked.callback = create->szCallback;
        asked.callback_type = create->cbtyp;
        err = create_table(sesid, dbid, &asked);
        create->tableid = asked.tableid;
        create->cCreated = asked.n_created;
    }
    return err;
}

/* What versions 3 and 4 know besides. */
static JET_ERR
create_with_hints(JET_SESID sesid, JET_DBID dbid, table_request *asked, const JET_SPACEHINTS *hints,
                  const JET_SPACEHINTS *lv_hints)
{
    JET_ERR err;

    asked->tableid = JET_tableidNil;
    ESE_TRY(take_hints(hints, &asked->what.hints));
    ESE_TRY(take_hints(lv_hints, &asked->what.lv_hints));
    if (hints != NULL && hints->ulInitialDensity != 0)
        asked->what.density = hints->ulInitialDensity;
    ESE_TRY(create_table(sesid, dbid, asked));
out:
    return err;
}

static JET_ERR
create_third(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE3_A *create, ese_api_text_form form)
{
    JET_ERR err;

    if (create == NULL || create->cbStruct != sizeof *create)
        return bad_size();
    {
        table_request asked = REQUEST(create, ESE_API_INDEX_CREATE2, form);

        asked.callback = create->szCallback;
        asked.callback_type = create->cbtyp;
        asked.what.separate_lv = create->cbSeparateLV;
        err = create_with_hints(sesid, dbid, &asked, create->pSeqSpacehints, create->pLVSpacehints);
        create->tableid = asked.tableid;
        create->cCreated = asked.n_created;
    }
    return err;
}

static JET_ERR
create_fourth(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_A *create, ese_api_text_form form)
{
    JET_ERR err;

    if (create == NULL || create->cbStruct != sizeof *create)
        return bad_size();
    {
        table_request asked = REQUEST(create, ESE_API_INDEX_CREATE3, form);

        asked.callback = create->szCallback;
        asked.callback_type = create->cbtyp;
        asked.what.separate_lv = create->cbSeparateLV;
        err = create_with_hints(sesid, dbid, &asked, create->pSeqSpacehints, create->pLVSpacehints);
        create->tableid = asked.tableid;
        create->cCreated = asked.n_created;
    }
    return err;
}

JET_ERR JET_API
JetCreateTableColumnIndexA(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE_A *ptablecreate)
{
    return create_first(sesid, dbid, ptablecreate, ESE_API_TEXT_A);
}

JET_ERR JET_API
JetCreateTableColumnIndexW(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE_W *ptablecreate)
{
    return create_first(sesid, dbid, (JET_TABLECREATE_A *)(void *)ptablecreate, ESE_API_TEXT_W);
}

JET_ERR JET_API
JetCreateTableColumnIndex2A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE2_A *ptablecreate)
{
    return create_second(sesid, dbid, ptablecreate, ESE_API_TEXT_A);
}

JET_ERR JET_API
JetCreateTableColumnIndex2W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE2_W *ptablecreate)
{
    return create_second(sesid, dbid, (JET_TABLECREATE2_A *)(void *)ptablecreate, ESE_API_TEXT_W);
}

JET_ERR JET_API
JetCreateTableColumnIndex3A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE3_A *ptablecreate)
{
    return create_third(sesid, dbid, ptablecreate, ESE_API_TEXT_A);
}

JET_ERR JET_API
JetCreateTableColumnIndex3W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE3_W *ptablecreate)
{
    return create_third(sesid, dbid, (JET_TABLECREATE3_A *)(void *)ptablecreate, ESE_API_TEXT_W);
}

JET_ERR JET_API
JetCreateTableColumnIndex4A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_A *ptablecreate)
{
    return create_fourth(sesid, dbid, ptablecreate, ESE_API_TEXT_A);
}

JET_ERR JET_API
JetCreateTableColumnIndex4W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE4_W *ptablecreate)
{
    return create_fourth(sesid, dbid, (JET_TABLECREATE4_A *)(void *)ptablecreate, ESE_API_TEXT_W);
}

/* ---- Deleting, renaming, defaults: tables by name ---- */

typedef struct named_request {
    const char *table, *name;
    ese_bytes value;
} named_request;

typedef JET_ERR named_work(ese_api_session *session, ese_api_database *database,
                           const named_request *asked);

static JET_ERR
on_database(JET_SESID sesid, JET_DBID dbid, named_work *work, const named_request *asked)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    ESE_TRY(ese_api_check_name(asked->table));
    ESE_TRY(ese_api_check_changeable(session, database));
    ESE_TRY(work(session, database, asked));
out:
    return ese_api_leave(session, err);
}

/* Nobody may open the table from here on; what is refused anyway is refused without that. */
static JET_ERR
delete_locked(ese_api_session *session, ese_api_database *database, const named_request *asked)
{
    const uint32_t kept = (uint32_t)ESE_SCHEMA_TABLE_SYSTEM | ESE_SCHEMA_TABLE_TEMPLATE;
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_schema_table *table = NULL;
    JET_ERR err;

    ESE_TRY(ese_schema_table_open(database->schema, txn, asked->table, &table));
    if ((table->flags & kept) == 0)
        ESE_TRY(ese_api_table_use_delete(session, database, table->objid));
    ESE_TRY(ese_schema_delete_table(txn, database->schema, asked->table));
out:
    ese_schema_table_release(database->schema, &table);
    return err;
}

static JET_ERR
delete_table(ese_api_session *session, ese_api_database *database, const named_request *asked)
{
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(txn, &statement));
    ESE_TRY(ese_txn_statement_leave(txn, &statement, delete_locked(session, database, asked)));
out:
    return err;
}

JET_ERR JET_API
JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName)
{
    const named_request asked = {.table = szTableName};

    return on_database(sesid, dbid, delete_table, &asked);
}

JET_ERR JET_API
JetDeleteTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szTableName, &name);

    if (err >= JET_errSuccess)
        err = JetDeleteTableA(sesid, dbid, name);
    ese_free(&name);
    return err;
}

static JET_ERR
rename_table(ese_api_session *session, ese_api_database *database, const named_request *asked)
{
    return ese_schema_rename_table(ese_api_session_txn(session), database->schema, asked->table,
                                   asked->name);
}

JET_ERR JET_API
JetRenameTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szName, JET_PCSTR szNameNew)
{
    const named_request asked = {.table = szName, .name = szNameNew};

    return on_database(sesid, dbid, rename_table, &asked);
}

JET_ERR JET_API
JetRenameTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szName, JET_PCWSTR szNameNew)
{
    char *name = NULL, *new_name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szName, &name));
    ESE_TRY(ese_api_utf8_from_wide(szNameNew, &new_name));
    err = JetRenameTableA(sesid, dbid, name, new_name);
out:
    ese_free(&name);
    ese_free(&new_name);
    return err;
}

static JET_ERR
set_default(ese_api_session *session, ese_api_database *database, const named_request *asked)
{
    ese_txn_session *txn = ese_api_session_txn(session);
    ese_schema_table *table = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_check_name(asked->name));
    ESE_TRY(ese_schema_table_open(database->schema, txn, asked->table, &table));
    ESE_TRY(ese_schema_set_default(txn, database->schema, table, asked->name, asked->value));
out:
    ese_schema_table_release(database->schema, &table);
    return err;
}

JET_ERR JET_API
JetSetColumnDefaultValueA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                          JET_PCSTR szColumnName, const void *pvData, uint32_t cbData,
                          JET_GRBIT grbit)
{
    const named_request asked = {
        .table = szTableName,
        .name = szColumnName,
        .value = {pvData, pvData != NULL ? cbData : 0},
    };

    (void)grbit; /* reserved */
    return on_database(sesid, dbid, set_default, &asked);
}

JET_ERR JET_API
JetSetColumnDefaultValueW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                          JET_PCWSTR szColumnName, const void *pvData, uint32_t cbData,
                          JET_GRBIT grbit)
{
    char *table = NULL, *column = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szTableName, &table));
    ESE_TRY(ese_api_utf8_from_wide(szColumnName, &column));
    err = JetSetColumnDefaultValueA(sesid, dbid, table, column, pvData, cbData, grbit);
out:
    ese_free(&table);
    ese_free(&column);
    return err;
}
