/* JetGetColumnInfo, JetGetTableColumnInfo and ese_list_columns. */
#include "api/api_info.h"

#include "base/alloc.h"
#include "base/utf.h"
#include "ese.h"

enum {
    COUNTRY_USA = 1,
    LANGUAGE_EN_US = 1033,
};

#define LIST_BITS                                                                                  \
    (JET_ColInfoGrbitSortByColumnid | JET_ColInfoGrbitMinimalInfo |                                \
     JET_ColInfoGrbitNonDerivedColumnsOnly)

typedef struct question {
    const char *name;             /* UTF-8, NULL when the level asks by id */
    const JET_COLUMNID *columnid; /* NULL when the level asks by name */
    uint32_t level;
    ese_api_answer answer;
} question;

static bool
is_by_id(uint32_t level)
{
    return level == JET_ColInfoByColid || level == JET_ColInfoBaseByColid;
}

static JET_ERR
find_column(const ese_schema_table *table, const question *asked,
            const ese_schema_column **column_out)
{
    const ese_schema_column *column = NULL;

    if (is_by_id(asked->level)) {
        if (asked->columnid == NULL)
            return ese_raise(JET_errInvalidParameter, "no column id");
        column = ese_schema_find_column(table, *asked->columnid);
    } else if (asked->name != NULL) {
        column = ese_schema_find_column_name(table, asked->name);
    }
    if (column == NULL)
        return ese_raise(JET_errColumnNotFound, "table '%s' has no such column", table->name);
    *column_out = column;
    return JET_errSuccess;
}

static JET_GRBIT
grbit_of(const ese_schema_column *column)
{
    return ese_schema_column_grbit(column) | JET_bitColumnUpdatable;
}

static bool
is_inherited(const ese_schema_table *table, const ese_schema_column *column)
{
    return table->template_table != NULL &&
           (column->columnid & (uint32_t)ESE_SCHEMA_TEMPLATE_ID) != 0;
}

static const char *
base_table_name(const ese_schema_table *table, const ese_schema_column *column)
{
    return is_inherited(table, column) ? table->template_table->name : table->name;
}

/* ---- one column */

static JET_ERR
give_definition(const ese_schema_table *table, const question *asked)
{
    const ese_schema_column *column = NULL;
    JET_COLUMNDEF definition = {0};
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer, sizeof definition));
    ESE_TRY(find_column(table, asked, &column));
    definition = (JET_COLUMNDEF){
        .cbStruct = sizeof definition,
        .columnid = column->columnid,
        .coltyp = column->coltyp,
        .wCountry = COUNTRY_USA,
        .langid = LANGUAGE_EN_US,
        .cp = column->code_page,
        .cbMax = column->size_max,
        .grbit = grbit_of(column),
    };
    ESE_TRY(ese_api_answer_give(&asked->answer, &definition, sizeof definition));
out:
    return err;
}

static JET_ERR
give_base_a(const ese_schema_table *table, const ese_schema_column *column,
            const ese_api_answer *answer)
{
    JET_COLUMNBASE_A base = {
        .cbStruct = sizeof base,
        .columnid = column->columnid,
        .coltyp = column->coltyp,
        .wCountry = COUNTRY_USA,
        .langid = LANGUAGE_EN_US,
        .cp = column->code_page,
        .cbMax = column->size_max,
        .grbit = grbit_of(column),
    };
    ese_api_answer table_name = {base.szBaseTableName, sizeof base.szBaseTableName, ESE_API_TEXT_A};
    ese_api_answer column_name = {base.szBaseColumnName, sizeof base.szBaseColumnName,
                                  ESE_API_TEXT_A};
    JET_ERR err;

    ESE_TRY(ese_api_answer_give_text(&table_name, base_table_name(table, column)));
    ESE_TRY(ese_api_answer_give_text(&column_name, column->name));
    ESE_TRY(ese_api_answer_give(answer, &base, sizeof base));
out:
    return err;
}

static JET_ERR
give_base_w(const ese_schema_table *table, const ese_schema_column *column,
            const ese_api_answer *answer)
{
    JET_COLUMNBASE_W base = {
        .cbStruct = sizeof base,
        .columnid = column->columnid,
        .coltyp = column->coltyp,
        .wCountry = COUNTRY_USA,
        .langid = LANGUAGE_EN_US,
        .cp = column->code_page,
        .cbMax = column->size_max,
        .grbit = grbit_of(column),
    };
    JET_ERR err;

    ESE_TRY(ese_api_give_wide(base_table_name(table, column), base.szBaseTableName,
                              sizeof base.szBaseTableName));
    ESE_TRY(ese_api_give_wide(column->name, base.szBaseColumnName, sizeof base.szBaseColumnName));
    ESE_TRY(ese_api_answer_give(answer, &base, sizeof base));
out:
    return err;
}

static JET_ERR
give_base(const ese_schema_table *table, const question *asked)
{
    bool is_wide = asked->answer.form == ESE_API_TEXT_W;
    const ese_schema_column *column = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer,
                                 is_wide ? sizeof(JET_COLUMNBASE_W) : sizeof(JET_COLUMNBASE_A)));
    ESE_TRY(find_column(table, asked, &column));
    ESE_TRY(is_wide ? give_base_w(table, column, &asked->answer)
                    : give_base_a(table, column, &asked->answer));
out:
    return err;
}

/* ---- lists */

/* The columns of the list, in the order of the members of JET_COLUMNLIST. */
enum {
    PRESENTATION_ORDER,
    COLUMN_NAME,
    COLUMN_ID,
    COLTYP,
    COUNTRY,
    LANGID,
    CODE_PAGE,
    COLLATE,
    SIZE_MAX_COLUMN,
    GRBIT,
    DEFAULT_VALUE,
    BASE_TABLE_NAME,
    BASE_COLUMN_NAME,
    DEFINITION_NAME,
    N_LIST_COLUMNS
};

_Static_assert(sizeof(JET_COLUMNLIST) == offsetof(JET_COLUMNLIST, columnidPresentationOrder) +
                                             N_LIST_COLUMNS * sizeof(JET_COLUMNID) +
                                             (N_LIST_COLUMNS % 2 == 0) * 4,
               "the members of JET_COLUMNLIST are the columns of the list");

static const ese_api_list_column list_columns[N_LIST_COLUMNS] = {
    [PRESENTATION_ORDER] = {JET_coltypLong, JET_bitColumnTTKey},
    [COLUMN_NAME] = {JET_coltypText, JET_bitColumnTTKey},
    [COLUMN_ID] = {JET_coltypLong, 0},
    [COLTYP] = {JET_coltypLong, 0},
    [COUNTRY] = {JET_coltypShort, 0},
    [LANGID] = {JET_coltypShort, 0},
    [CODE_PAGE] = {JET_coltypShort, 0},
    [COLLATE] = {JET_coltypShort, 0},
    [SIZE_MAX_COLUMN] = {JET_coltypLong, 0},
    [GRBIT] = {JET_coltypLong, 0},
    [DEFAULT_VALUE] = {JET_coltypLongBinary, 0},
    [BASE_TABLE_NAME] = {JET_coltypText, 0},
    [BASE_COLUMN_NAME] = {JET_coltypText, 0},
    [DEFINITION_NAME] = {JET_coltypText, 0},
};

/* What kind of list the level asks for. */
typedef struct list_shape {
    bool is_by_id;
    bool is_minimal;
    bool is_own_only; /* without the columns of the template table */
    bool is_compact;
} list_shape;

static list_shape
shape_of(uint32_t level)
{
    uint32_t base = level & ~LIST_BITS;

    return (list_shape){
        .is_by_id = base != JET_ColInfoList || (level & JET_ColInfoGrbitSortByColumnid) != 0,
        .is_minimal = (level & JET_ColInfoGrbitMinimalInfo) != 0,
        .is_own_only =
            base == JET_ColInfoListCompact || (level & JET_ColInfoGrbitNonDerivedColumnsOnly) != 0,
        .is_compact = base == JET_ColInfoListCompact,
    };
}

static JET_ERR
add_column(ese_api_list *list, const ese_schema_table *table, const ese_schema_column *column,
           const list_shape *shape, ese_api_text_form form)
{
    const uint32_t coltyp = column->coltyp;
    const uint16_t country = COUNTRY_USA, langid = LANGUAGE_EN_US, collate = 0;
    const JET_GRBIT grbit = grbit_of(column);
    ese_api_list_value values[N_LIST_COLUMNS] = {
        [COLUMN_NAME] = {.text = column->name},
        [COLUMN_ID] = {&column->columnid, 4, NULL},
    };

    if (shape->is_by_id)
        values[PRESENTATION_ORDER] = values[COLUMN_ID];
    if (!shape->is_minimal) {
        values[COLTYP] = (ese_api_list_value){&coltyp, 4, NULL};
        values[COUNTRY] = (ese_api_list_value){&country, 2, NULL};
        values[LANGID] = (ese_api_list_value){&langid, 2, NULL};
        values[CODE_PAGE] = (ese_api_list_value){&column->code_page, 2, NULL};
        values[COLLATE] = (ese_api_list_value){&collate, 2, NULL};
        values[SIZE_MAX_COLUMN] = (ese_api_list_value){&column->size_max, 4, NULL};
        values[GRBIT] = (ese_api_list_value){&grbit, 4, NULL};
        if ((column->flags & ESE_SCHEMA_DEFAULT) != 0)
            values[DEFAULT_VALUE] = (ese_api_list_value){
                column->default_value.data, (uint32_t)column->default_value.size, NULL};
    }
    if (!shape->is_minimal && !shape->is_compact) {
        values[BASE_TABLE_NAME].text = base_table_name(table, column);
        values[BASE_COLUMN_NAME].text = column->name;
        values[DEFINITION_NAME].text = column->name;
    }
    return ese_api_list_add(list, values, N_LIST_COLUMNS, form);
}

static JET_ERR
give_list(const ese_api_subject *subject, const question *asked)
{
    list_shape shape = shape_of(asked->level);
    JET_COLUMNLIST answer = {.cbStruct = sizeof answer};
    JET_COLUMNID columnids[N_LIST_COLUMNS];
    ese_api_list list = {0};
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer, sizeof answer));
    ESE_TRY(ese_api_list_begin(subject->session, list_columns, N_LIST_COLUMNS, asked->answer.form,
                               columnids, &list));
    for (unsigned i = 0; i < subject->table->n_columns; i++) {
        const ese_schema_column *column = &subject->table->columns[i];

        if (!shape.is_own_only || !is_inherited(subject->table, column))
            ESE_TRY(add_column(&list, subject->table, column, &shape, asked->answer.form));
    }
    answer.cRecord = list.n_rows;
    memcpy((uint8_t *)&answer + offsetof(JET_COLUMNLIST, columnidPresentationOrder), columnids,
           sizeof columnids);
    ESE_TRY(ese_api_list_finish(&list, &answer.tableid));
    ESE_TRY(ese_api_answer_give(&asked->answer, &answer, sizeof answer));
out:
    ese_api_list_cancel(&list);
    return err;
}

/* ---- levels */

static JET_ERR
answer_question(const ese_api_subject *subject, void *arguments)
{
    const question *asked = arguments;

    switch (asked->level) {
    case JET_ColInfo:
    case JET_ColInfoByColid: return give_definition(subject->table, asked);
    case JET_ColInfoBase:
    case JET_ColInfoBaseByColid: return give_base(subject->table, asked);
    case JET_ColInfoListCompact:
    case JET_ColInfoListSortColumnid: return give_list(subject, asked);
    case JET_ColInfoSysTabCursor:
        return ese_raise(JET_errFeatureNotAvailable, "this level no longer exists");
    default: break;
    }
    if ((asked->level & ~LIST_BITS) == JET_ColInfoList)
        return give_list(subject, asked);
    return ese_raise(JET_errInvalidParameter, "level %u does not exist", (unsigned)asked->level);
}

/* A name and an id come through the same parameter. */
static question
ask(const void *name_or_id, void *to, uint32_t room, uint32_t level)
{
    bool by_id = is_by_id(level);

    return (question){
        .name = by_id ? NULL : name_or_id,
        .columnid = by_id ? name_or_id : NULL,
        .level = level,
        .answer = {to, room, ESE_API_TEXT_A},
    };
}

static JET_ERR
ask_wide(const void *name_or_id, question *asked_inout, char **name_out)
{
    JET_ERR err = JET_errSuccess;

    asked_inout->answer.form = ESE_API_TEXT_W;
    if (!is_by_id(asked_inout->level))
        err = ese_api_utf8_from_wide(name_or_id, name_out);
    asked_inout->name = *name_out;
    return err;
}

JET_ERR JET_API
JetGetTableColumnInfoA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName, void *pvResult,
                       uint32_t cbMax, uint32_t InfoLevel)
{
    question asked = ask(szColumnName, pvResult, cbMax, InfoLevel);

    return ese_api_on_table(sesid, tableid, answer_question, &asked);
}

JET_ERR JET_API
JetGetTableColumnInfoW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName,
                       void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    question asked = ask(szColumnName, pvResult, cbMax, InfoLevel);
    char *name = NULL;
    JET_ERR err;

    ESE_TRY(ask_wide(szColumnName, &asked, &name));
    ESE_TRY(ese_api_on_table(sesid, tableid, answer_question, &asked));
out:
    ese_free(&name);
    return err;
}

JET_ERR JET_API
JetGetColumnInfoA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, JET_PCSTR pColumnNameOrId,
                  void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    question asked = ask(pColumnNameOrId, pvResult, cbMax, InfoLevel);

    return ese_api_on_named_table(sesid, dbid, szTableName, answer_question, &asked);
}

JET_ERR JET_API
JetGetColumnInfoW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                  JET_PCWSTR pwColumnNameOrId, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    question asked = ask(pwColumnNameOrId, pvResult, cbMax, InfoLevel);
    char *table = NULL, *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szTableName, &table));
    ESE_TRY(ask_wide(pwColumnNameOrId, &asked, &name));
    ESE_TRY(ese_api_on_named_table(sesid, dbid, table, answer_question, &asked));
out:
    ese_free(&table);
    ese_free(&name);
    return err;
}

/* ---- without a temporary table */

typedef struct column_request {
    ese_column_info *columns;
    uint32_t room;
    uint32_t n_columns;
} column_request;

static ese_column_info
info_of(const ese_schema_column *column)
{
    bool has_default = (column->flags & ESE_SCHEMA_DEFAULT) != 0;

    return (ese_column_info){
        .name = column->name,
        .default_value = has_default ? column->default_value.data : NULL,
        .default_size = has_default ? (uint32_t)column->default_value.size : 0,
        .columnid = column->columnid,
        .coltyp = column->coltyp,
        .cp = column->code_page,
        .size_max = column->size_max,
        .grbit = grbit_of(column),
    };
}

static JET_ERR
fill_request(const ese_api_subject *subject, void *arguments)
{
    column_request *request = arguments;

    request->n_columns = subject->table->n_columns;
    for (uint32_t i = 0; i < request->n_columns && i < request->room; i++)
        request->columns[i] = info_of(&subject->table->columns[i]);
    return JET_errSuccess;
}

JET_ERR
ese_list_columns(JET_SESID sesid, JET_TABLEID tableid, ese_column_info *columns, uint32_t room,
                 uint32_t *n_columns_out)
{
    column_request request = {.columns = columns, .room = room};
    JET_ERR err;

    if (n_columns_out == NULL || (columns == NULL && room > 0))
        return ese_raise(JET_errInvalidParameter, "no place for the answer");
    ESE_TRY(ese_api_on_table(sesid, tableid, fill_request, &request));
    *n_columns_out = request.n_columns;
out:
    return err;
}
