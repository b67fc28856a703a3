/* JetGetObjectInfo and JetGetTableInfo. */
#include "api/api_info.h"

#include "base/alloc.h"
#include "table/table_temp.h"

enum {
    /* What one can do with a table: it has bookmarks and takes part in rollbacks, and may be updated. */
    TABLE_GRBIT = JET_bitTableInfoBookmark | JET_bitTableInfoRollback,
};

/* The only container there is. */
static const char container[] = "Tables";

static JET_OBJECTINFO
describe(uint32_t flags, bool is_updatable)
{
    return (JET_OBJECTINFO){
        .cbStruct = sizeof(JET_OBJECTINFO),
        .objtyp = JET_objtypTable,
        .grbit = TABLE_GRBIT | (is_updatable ? JET_bitTableInfoUpdatable : 0),
        .flags = ese_schema_table_grbit(flags),
    };
}

/* ---- JetGetObjectInfo: lists */

/* The columns of the list, in the order of the members of JET_OBJECTLIST. */
enum {
    CONTAINER_NAME,
    OBJECT_NAME,
    OBJECT_TYPE,
    CREATED,
    UPDATED,
    GRBIT,
    FLAGS,
    N_RECORDS,
    N_PAGES,
    N_LIST_COLUMNS
};

_Static_assert(sizeof(JET_OBJECTLIST) >= offsetof(JET_OBJECTLIST, columnidcontainername) +
                                             N_LIST_COLUMNS * sizeof(JET_COLUMNID),
               "the members of JET_OBJECTLIST are the columns of the list");

static const ese_api_list_column list_columns[N_LIST_COLUMNS] = {
    [CONTAINER_NAME] = {JET_coltypText, JET_bitColumnTTKey},
    [OBJECT_NAME] = {JET_coltypText, JET_bitColumnTTKey},
    [OBJECT_TYPE] = {JET_coltypLong, 0},
    [CREATED] = {JET_coltypDateTime, 0},
    [UPDATED] = {JET_coltypDateTime, 0},
    [GRBIT] = {JET_coltypLong, 0},
    [FLAGS] = {JET_coltypLong, 0},
    [N_RECORDS] = {JET_coltypLong, 0},
    [N_PAGES] = {JET_coltypLong, 0},
};

typedef struct question {
    const char *container;
    const char *name;
    JET_OBJTYP type;
    uint32_t level;
    ese_api_answer answer;
} question;

/* A list being filled by a walk of the catalog. */
typedef struct filling {
    ese_api_list list;
    ese_api_text_form form;
    bool is_updatable;
} filling;

static JET_ERR
add_object(void *self, const ese_schema_object *object)
{
    filling *fill = self;
    const JET_OBJECTINFO info = describe(object->flags, fill->is_updatable);
    const ese_api_list_value values[N_LIST_COLUMNS] = {
        [CONTAINER_NAME] = {.text = container},  [OBJECT_NAME] = {.text = object->name},
        [OBJECT_TYPE] = {&info.objtyp, 4, NULL}, [GRBIT] = {&info.grbit, 4, NULL},
        [FLAGS] = {&info.flags, 4, NULL},        [N_RECORDS] = {&info.cRecord, 4, NULL},
        [N_PAGES] = {&info.cPage, 4, NULL},
    };

    return ese_api_list_add(&fill->list, values, N_LIST_COLUMNS, fill->form);
}

static JET_ERR
give_object_list(ese_api_session *session, ese_schema *schema, const question *asked)
{
    JET_OBJECTLIST answer = {.cbStruct = sizeof answer};
    JET_COLUMNID columnids[N_LIST_COLUMNS];
    filling fill = {.form = asked->answer.form, .is_updatable = ese_schema_is_changeable(schema)};
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer, sizeof answer));
    ESE_TRY(ese_api_list_begin(session, list_columns, N_LIST_COLUMNS, fill.form, columnids,
                               &fill.list));
    if (asked->type == JET_objtypNil || asked->type == JET_objtypTable)
        ESE_TRY(ese_schema_list(schema, ese_api_session_txn(session), &fill, add_object));
    answer.cRecord = fill.list.n_rows;
    memcpy((uint8_t *)&answer + offsetof(JET_OBJECTLIST, columnidcontainername), columnids,
           sizeof columnids);
    ESE_TRY(ese_api_list_finish(&fill.list, &answer.tableid));
    ESE_TRY(ese_api_answer_give(&asked->answer, &answer, sizeof answer));
out:
    ese_api_list_cancel(&fill.list);
    return err;
}

/* ---- JetGetObjectInfo: one object */

static bool
is_container(const char *name)
{
    return name == NULL || name[0] == '\0' || strcmp(name, container) == 0;
}

static JET_ERR
give_object(ese_api_session *session, ese_schema *schema, const question *asked)
{
    ese_schema_table *table = NULL;
    JET_OBJECTINFO info;
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer, sizeof info));
    if (asked->name == NULL || asked->name[0] == '\0' || !is_container(asked->container))
        ESE_TRY(ese_raise(JET_errObjectNotFound, "there is no such object"));
    ESE_TRY(ese_api_check_name(asked->name));
    ESE_TRY(ese_schema_table_open(schema, ese_api_session_txn(session), asked->name, &table));
    info = describe(table->flags, ese_schema_is_changeable(schema));
    ESE_TRY(ese_api_answer_give(&asked->answer, &info, sizeof info));
out:
    if (table != NULL)
        ese_schema_table_release(schema, &table);
    return err;
}

static JET_ERR
give_object_level(ese_api_session *session, JET_DBID dbid, const question *asked)
{
    ese_api_database *database = NULL;
    ese_schema *schema;
    JET_ERR err = ese_api_find_database(session, dbid, &database);

    if (err < JET_errSuccess)
        return err;
    schema = ese_api_database_schema(database);
    switch (asked->level) {
    case JET_ObjInfo:
    case JET_ObjInfoNoStats: return give_object(session, schema, asked);
    case JET_ObjInfoList:
    case JET_ObjInfoListNoStats: return give_object_list(session, schema, asked);
    default:
        return ese_raise(JET_errInvalidParameter, "level %u does not exist",
                         (unsigned)asked->level);
    }
}

static JET_ERR
object_info(JET_SESID sesid, JET_DBID dbid, const question *asked)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, give_object_level(session, dbid, asked));
    return err;
}

JET_ERR JET_API
JetGetObjectInfoA(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, JET_PCSTR szContainerName,
                  JET_PCSTR szObjectName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    const question asked = {
        szContainerName, szObjectName, objtyp, InfoLevel, {pvResult, cbMax, ESE_API_TEXT_A}};

    return object_info(sesid, dbid, &asked);
}

JET_ERR JET_API
JetGetObjectInfoW(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, JET_PCWSTR szContainerName,
                  JET_PCWSTR szObjectName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    question asked = {NULL, NULL, objtyp, InfoLevel, {pvResult, cbMax, ESE_API_TEXT_W}};
    char *container_name = NULL, *object_name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szContainerName, &container_name));
    ESE_TRY(ese_api_utf8_from_wide(szObjectName, &object_name));
    asked.container = container_name;
    asked.name = object_name;
    err = object_info(sesid, dbid, &asked);
out:
    ese_free(&container_name);
    ese_free(&object_name);
    return err;
}

/* ---- JetGetTableInfo */

typedef struct table_question {
    uint32_t level;
    ese_api_answer answer;
} table_question;

static JET_ERR
give_table(const ese_api_subject *subject, const ese_api_answer *answer)
{
    bool is_updatable =
        ese_schema_is_changeable(subject->schema) && !ese_table_is_read_only(subject->cursor);
    const JET_OBJECTINFO info = describe(subject->table->flags, is_updatable);

    return ese_api_answer_give(answer, &info, sizeof info);
}

/* The id once, or twice when there is room: of the database, and of the database the table is in. */
static JET_ERR
give_dbid(const ese_api_subject *subject, const ese_api_answer *answer)
{
    JET_DBID dbid = ese_api_database_dbid(ese_table_owner_of(subject->cursor)->database);
    JET_DBID both[2] = {dbid, dbid};

    return ese_api_answer_give(answer, both,
                               answer->room < sizeof both ? sizeof dbid : sizeof both);
}

static JET_ERR
give_template_name(const ese_api_subject *subject, const ese_api_answer *answer)
{
    const ese_schema_table *template_table = subject->table->template_table;

    return ese_api_answer_give_text(answer, template_table == NULL ? "" : template_table->name);
}

static JET_ERR
give_space(const ese_api_subject *subject, uint32_t level, const ese_api_answer *answer)
{
    ese_api_space space = {0};
    uint32_t pair[2];
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(answer,
                                 level == JET_TblInfoSpaceUsage ? sizeof pair : sizeof pair[0]));
    ESE_TRY(ese_api_space_of_table(subject->table, &space));
    if (level == JET_TblInfoSpaceOwned)
        return ese_api_answer_give(answer, &space.n_owned, sizeof space.n_owned);
    if (level == JET_TblInfoSpaceAvailable)
        return ese_api_answer_give(answer, &space.n_available, sizeof space.n_available);
    pair[0] = space.n_owned_extents;
    pair[1] = space.n_available_extents;
    ESE_TRY(ese_api_answer_give(answer, pair, sizeof pair));
out:
    return err;
}

static JET_ERR
give_table_level(const ese_api_subject *subject, void *arguments)
{
    const table_question *asked = arguments;
    const ese_api_answer *answer = &asked->answer;
    const uint32_t allocation[2] = {subject->table->n_initial_pages, subject->table->density};

    switch (asked->level) {
    case JET_TblInfo: return give_table(subject, answer);
    case JET_TblInfoName: return ese_api_answer_give_text(answer, subject->table->name);
    case JET_TblInfoDbid: return give_dbid(subject, answer);
    case JET_TblInfoTemplateTableName: return give_template_name(subject, answer);
    case JET_TblInfoSpaceAlloc: return ese_api_answer_give(answer, allocation, sizeof allocation);
    case JET_TblInfoSpaceUsage:
    case JET_TblInfoSpaceOwned:
    case JET_TblInfoSpaceAvailable: return give_space(subject, asked->level, answer);
    default:
        return ese_raise(JET_errFeatureNotAvailable, "level %u does not exist",
                         (unsigned)asked->level);
    }
}

/* A temporary table has neither name nor database; a plain sort does not even answer that. */
static JET_ERR
refuse_temporary(const ese_table_cursor *cursor, uint32_t level)
{
    if (!ese_table_is_materialized(cursor))
        return ese_raise(JET_errIllegalOperation, "this temporary table has no information");
    if (level == JET_TblInfo || level == JET_TblInfoName)
        return ese_raise(JET_errObjectNotFound, "a temporary table is not in the catalog");
    return ese_raise(JET_errInvalidOperation, "a temporary table does not know this");
}

static JET_ERR
table_info(JET_SESID sesid, JET_TABLEID tableid, table_question *asked)
{
    ese_api_session *session;
    ese_table_cursor *cursor = NULL;
    ese_api_subject subject;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(ese_api_sync_cursor(session, tableid, &cursor));
    if (ese_table_is_temporary(cursor))
        ESE_TRY(refuse_temporary(cursor, asked->level));
    subject =
        (ese_api_subject){session, ese_table_schema(cursor), ese_table_descriptor(cursor), cursor};
    ESE_TRY(give_table_level(&subject, asked));
out:
    return ese_api_leave(session, err);
}

JET_ERR JET_API
JetGetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax,
                 uint32_t InfoLevel)
{
    table_question asked = {InfoLevel, {pvResult, cbMax, ESE_API_TEXT_A}};

    return table_info(sesid, tableid, &asked);
}

JET_ERR JET_API
JetGetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax,
                 uint32_t InfoLevel)
{
    table_question asked = {InfoLevel, {pvResult, cbMax, ESE_API_TEXT_W}};

    return table_info(sesid, tableid, &asked);
}
