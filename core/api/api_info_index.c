/* JetGetIndexInfo and JetGetTableIndexInfo. */
#include "api/api_info.h"

#include "base/alloc.h"

enum { COUNTRY_USA = 1, LANGUAGE_EN_US = 1033 };

typedef struct question {
    const char *name; /* of the index; NULL or empty: all, or the primary one */
    uint32_t level;
    ese_api_answer answer;
} question;

static bool
has_name(const question *asked)
{
    return asked->name != NULL && asked->name[0] != '\0';
}

/* The index asked about; NULL for a table whose records have no key. */
static JET_ERR
find_index(const ese_schema_table *table, const question *asked, const ese_schema_index **index_out)
{
    const ese_schema_index *index = table->primary;

    if (has_name(asked))
        index = ese_schema_find_index(table, asked->name);
    if (has_name(asked) && index == NULL)
        return ese_raise(JET_errIndexNotFound, "table '%s' has no index '%s'", table->name,
                         asked->name);
    *index_out = index;
    return JET_errSuccess;
}

/* ---- numbers */

static JET_ERR
give_number(const ese_api_answer *answer, uint32_t value, size_t size)
{
    uint16_t narrow = (uint16_t)value;

    return size == sizeof narrow ? ese_api_answer_give(answer, &narrow, sizeof narrow)
                                 : ese_api_answer_give(answer, &value, sizeof value);
}

/* A table without primary index counts one for the order its records have all the same. */
static uint32_t
count_indexes(const ese_schema_table *table)
{
    return table->n_indexes + (table->primary == NULL);
}

uint32_t
ese_api_info_lcid(const ese_schema_index *index)
{
    return index->lcid != 0 ? index->lcid : ese_api_locale_number(index->locale);
}

/* The number of a locale fits a LANGID or an LCID, whichever the caller has room for. */
static JET_ERR
give_lcid(const ese_schema_index *index, const ese_api_answer *answer)
{
    bool is_langid = answer->room < sizeof(uint32_t);

    return give_number(answer, ese_api_info_lcid(index),
                       is_langid ? sizeof(uint16_t) : sizeof(uint32_t));
}

static JET_ERR
give_id(const ese_schema_table *table, const ese_schema_index *index, const ese_api_answer *answer)
{
    JET_INDEXID id = {0};

    ese_api_index_id(table, index, &id);
    return ese_api_answer_give(answer, &id, sizeof id);
}

static JET_ERR
give_locale(const ese_schema_index *index, const ese_api_answer *answer)
{
    ese_api_answer wide = *answer;

    wide.form = ESE_API_TEXT_W; /* a locale name is UTF-16 in both forms of the function */
    return ese_api_answer_give_text(&wide, index->locale);
}

/* What a named index, or the primary one, says about itself. */
static JET_ERR
give_property(const ese_schema_table *table, const question *asked)
{
    const ese_schema_index *index = NULL;
    const ese_api_answer *answer = &asked->answer;
    JET_ERR err = find_index(table, asked, &index);

    if (err < JET_errSuccess)
        return err;
    if (asked->level == JET_IdxInfoSpaceAlloc)
        return give_number(answer, index == NULL ? table->density : index->density,
                           sizeof(uint32_t));
    if (index == NULL)
        return ese_raise(JET_errIndexNotFound, "table '%s' has no primary index", table->name);
    switch (asked->level) {
    case JET_IdxInfoLCID: return give_lcid(index, answer);
    case JET_IdxInfoVarSegMac:
        return give_number(answer, index->rules.var_seg_mac, sizeof(uint16_t));
    case JET_IdxInfoKeyMost: return give_number(answer, index->rules.key_most, sizeof(uint16_t));
    case JET_IdxInfoIndexId: return give_id(table, index, answer);
    case JET_IdxInfoLocaleName: return give_locale(index, answer);
    default: return ese_api_info_create_index(index, asked->level, answer);
    }
}

/* ---- lists */

/* The columns of the list, in the order of the members of JET_INDEXLIST. */
enum {
    INDEX_NAME,
    INDEX_GRBIT,
    N_KEYS,
    N_ENTRIES,
    N_PAGES,
    N_COLUMNS,
    COLUMN_NUMBER,
    COLUMN_ID,
    COLTYP,
    COUNTRY,
    LANGID,
    CODE_PAGE,
    COLLATE,
    COLUMN_GRBIT,
    COLUMN_NAME,
    LCMAP_FLAGS,
    N_LIST_COLUMNS
};

_Static_assert(sizeof(JET_INDEXLIST) >= offsetof(JET_INDEXLIST, columnidindexname) +
                                            N_LIST_COLUMNS * sizeof(JET_COLUMNID),
               "the members of JET_INDEXLIST are the columns of the list");

static const ese_api_list_column list_columns[N_LIST_COLUMNS] = {
    [INDEX_NAME] = {JET_coltypText, JET_bitColumnTTKey},
    [INDEX_GRBIT] = {JET_coltypLong, 0},
    [N_KEYS] = {JET_coltypLong, 0},
    [N_ENTRIES] = {JET_coltypLong, 0},
    [N_PAGES] = {JET_coltypLong, 0},
    [N_COLUMNS] = {JET_coltypLong, 0},
    [COLUMN_NUMBER] = {JET_coltypLong, JET_bitColumnTTKey},
    [COLUMN_ID] = {JET_coltypLong, 0},
    [COLTYP] = {JET_coltypLong, 0},
    [COUNTRY] = {JET_coltypShort, 0},
    [LANGID] = {JET_coltypShort, 0},
    [CODE_PAGE] = {JET_coltypShort, 0},
    [COLLATE] = {JET_coltypShort, 0},
    [COLUMN_GRBIT] = {JET_coltypLong, 0},
    [COLUMN_NAME] = {JET_coltypText, 0},
    [LCMAP_FLAGS] = {JET_coltypLong, 0},
};

static JET_ERR
add_segment(ese_api_list *list, const ese_schema_index *index, uint32_t number,
            ese_api_text_form form)
{
    const ese_schema_segment *segment = &index->segments[number];
    const ese_schema_column *column = segment->column;
    const uint32_t n_columns = index->n_segments, coltyp = column->coltyp, unknown = 0;
    const uint16_t country = COUNTRY_USA, collate = 0;
    const uint16_t langid = (uint16_t)ese_api_info_lcid(index);
    const JET_GRBIT grbit = ese_schema_index_grbit(index);
    const JET_GRBIT order = segment->is_descending ? JET_bitKeyDescending : JET_bitKeyAscending;
    const ese_api_list_value values[N_LIST_COLUMNS] = {
        [INDEX_NAME] = {.text = index->name},
        [INDEX_GRBIT] = {&grbit, 4, NULL},
        [N_KEYS] = {&unknown, 4,
                    NULL}, /* statistics: what JetComputeStats leaves behind, and it never ran */
        [N_ENTRIES] = {&unknown, 4, NULL},
        [N_PAGES] = {&unknown, 4, NULL},
        [N_COLUMNS] = {&n_columns, 4, NULL},
        [COLUMN_NUMBER] = {&number, 4, NULL},
        [COLUMN_ID] = {&column->columnid, 4, NULL},
        [COLTYP] = {&coltyp, 4, NULL},
        [COUNTRY] = {&country, 2, NULL},
        [LANGID] = {&langid, 2, NULL},
        [CODE_PAGE] = {&column->code_page, 2, NULL},
        [COLLATE] = {&collate, 2, NULL},
        [COLUMN_GRBIT] = {&order, 4, NULL},
        [COLUMN_NAME] = {.text = column->name},
        [LCMAP_FLAGS] = {&index->rules.lcmap_flags, 4, NULL},
    };

    return ese_api_list_add(list, values, N_LIST_COLUMNS, form);
}

static JET_ERR
add_index(ese_api_list *list, const ese_schema_index *index, ese_api_text_form form)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; err >= JET_errSuccess && i < index->n_segments; i++)
        err = add_segment(list, index, i, form);
    return err;
}

static JET_ERR
add_indexes(ese_api_list *list, const ese_schema_table *table, const question *asked)
{
    const ese_schema_index *index = NULL;
    JET_ERR err = find_index(table, asked, &index);

    if (has_name(asked) || err < JET_errSuccess)
        return err < JET_errSuccess ? err : add_index(list, index, asked->answer.form);
    for (unsigned i = 0; err >= JET_errSuccess && i < table->n_indexes; i++)
        err = add_index(list, &table->indexes[i], asked->answer.form);
    return err;
}

static JET_ERR
give_list(const ese_api_subject *subject, const question *asked)
{
    JET_INDEXLIST answer = {.cbStruct = sizeof answer};
    JET_COLUMNID columnids[N_LIST_COLUMNS];
    ese_api_list list = {0};
    JET_ERR err;

    ESE_TRY(ese_api_answer_check(&asked->answer, sizeof answer));
    ESE_TRY(ese_api_list_begin(subject->session, list_columns, N_LIST_COLUMNS, asked->answer.form,
                               columnids, &list));
    ESE_TRY(add_indexes(&list, subject->table, asked));
    answer.cRecord = list.n_rows;
    memcpy((uint8_t *)&answer + offsetof(JET_INDEXLIST, columnidindexname), columnids,
           sizeof columnids);
    ESE_TRY(ese_api_list_finish(&list, &answer.tableid));
    ESE_TRY(ese_api_answer_give(&asked->answer, &answer, sizeof answer));
out:
    ese_api_list_cancel(&list);
    return err;
}

/* ---- levels */

static JET_ERR
give_level(const ese_api_subject *subject, const question *asked)
{
    switch (asked->level) {
    case JET_IdxInfo:
    case JET_IdxInfoList: return give_list(subject, asked);
    case JET_IdxInfoCount:
        return give_number(&asked->answer, count_indexes(subject->table), sizeof(uint32_t));
    case JET_IdxInfoSpaceAlloc:
    case JET_IdxInfoLCID:
    case JET_IdxInfoVarSegMac:
    case JET_IdxInfoIndexId:
    case JET_IdxInfoKeyMost:
    case JET_IdxInfoCreateIndex:
    case JET_IdxInfoCreateIndex2:
    case JET_IdxInfoCreateIndex3:
    case JET_IdxInfoLocaleName: return give_property(subject->table, asked);
    case JET_IdxInfoSysTabCursor:
    case JET_IdxInfoOLC:
    case JET_IdxInfoResetOLC:
        return ese_raise(JET_errFeatureNotAvailable, "this level no longer exists");
    default:
        return ese_raise(JET_errInvalidParameter, "level %u does not exist",
                         (unsigned)asked->level);
    }
}

/* These functions alone report too small a buffer by a warning. */
static JET_ERR
answer_question(const ese_api_subject *subject, void *arguments)
{
    JET_ERR err = give_level(subject, arguments);

    return err == JET_errBufferTooSmall ? JET_wrnBufferTruncated : err;
}

JET_ERR JET_API
JetGetTableIndexInfoA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName, void *pvResult,
                      uint32_t cbResult, uint32_t InfoLevel)
{
    question asked = {szIndexName, InfoLevel, {pvResult, cbResult, ESE_API_TEXT_A}};

    return ese_api_on_table(sesid, tableid, answer_question, &asked);
}

JET_ERR JET_API
JetGetTableIndexInfoW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName, void *pvResult,
                      uint32_t cbResult, uint32_t InfoLevel)
{
    question asked = {NULL, InfoLevel, {pvResult, cbResult, ESE_API_TEXT_W}};
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szIndexName, &name);

    if (err < JET_errSuccess)
        return err;
    asked.name = name;
    err = ese_api_on_table(sesid, tableid, answer_question, &asked);
    ese_free(&name);
    return err;
}

JET_ERR JET_API
JetGetIndexInfoA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName, JET_PCSTR szIndexName,
                 void *pvResult, uint32_t cbResult, uint32_t InfoLevel)
{
    question asked = {szIndexName, InfoLevel, {pvResult, cbResult, ESE_API_TEXT_A}};

    return ese_api_on_named_table(sesid, dbid, szTableName, answer_question, &asked);
}

JET_ERR JET_API
JetGetIndexInfoW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName, JET_PCWSTR szIndexName,
                 void *pvResult, uint32_t cbResult, uint32_t InfoLevel)
{
    question asked = {NULL, InfoLevel, {pvResult, cbResult, ESE_API_TEXT_W}};
    char *table = NULL, *name = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szTableName, &table));
    ESE_TRY(ese_api_utf8_from_wide(szIndexName, &name));
    asked.name = name;
    err = ese_api_on_named_table(sesid, dbid, table, answer_question, &asked);
out:
    ese_free(&table);
    ese_free(&name);
    return err;
}
