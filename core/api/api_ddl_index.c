/*
 * JetCreateIndex in its versions, and JetDeleteIndex. The versions differ in how they name a locale and in what they know of space; all are brought to what the schema layer
 * wants, one after the other.
 */
#include "api/api_ddl.h"

#include "base/utf.h"
#include "table/table_build.h"

/* ---- One description ---- */

/* What a description had to have converted. */
typedef struct conversion {
    ese_schema_new_index what;
    char *name, *key, *locale;
    JET_CONDITIONALCOLUMN_A *conditions;
    char **condition_names; /* one per condition */
    JET_TUPLELIMITS tuple;
} conversion;

static void
release(conversion *made)
{
    for (uint32_t i = 0; made->condition_names != NULL && i < made->what.n_conditions; i++)
        ese_free(&made->condition_names[i]);
    ese_free(&made->condition_names);
    ese_free(&made->conditions);
    ese_free(&made->name);
    ese_free(&made->key);
    ese_free(&made->locale);
}

/* UTF-16 of `size` bytes, zeros among them, as UTF-8. */
static JET_ERR
convert_key(conversion *made, const void *key, uint32_t size)
{
    size_t n = ese_utf16_to_utf8(key, size / sizeof(char16_t), NULL, 0);
    JET_ERR err;

    ESE_TRY(ese_alloc(n, &made->key));
    ese_utf16_to_utf8(key, size / sizeof(char16_t), made->key, n);
    made->what.key = made->key;
    made->what.key_size = (uint32_t)n;
out:
    return err;
}

static JET_ERR
convert_texts(conversion *made, const JET_INDEXCREATE2_A *create, ese_api_text_form form)
{
    JET_ERR err = JET_errSuccess;

    made->what.name = create->szIndexName;
    made->what.key = create->szKey;
    made->what.key_size = create->cbKey;
    if (form == ESE_API_TEXT_A)
        return JET_errSuccess;
    ESE_TRY(ese_api_utf8_from_wide((JET_PCWSTR)(void *)create->szIndexName, &made->name));
    made->what.name = made->name;
    if (create->szKey != NULL && create->cbKey != 0)
        ESE_TRY(convert_key(made, create->szKey, create->cbKey));
out:
    return err;
}

static JET_ERR
convert_conditions(conversion *made, const JET_INDEXCREATE2_A *create, ese_api_text_form form)
{
    uint32_t n = create->cConditionalColumn;
    JET_ERR err = JET_errSuccess;

    made->what.conditions = create->rgconditionalcolumn;
    made->what.n_conditions = n;
    if (form == ESE_API_TEXT_A || n == 0 || create->rgconditionalcolumn == NULL ||
        n > ESE_RECORD_KEY_SEGMENTS_MAX)
        return JET_errSuccess;
    ESE_TRY(ese_alloc(n * sizeof *made->conditions, &made->conditions));
    ESE_TRY(ese_alloc(n * sizeof *made->condition_names, &made->condition_names));
    memcpy(made->conditions, create->rgconditionalcolumn, n * sizeof *made->conditions);
    for (uint32_t i = 0; i < n; i++) {
        ESE_TRY(ese_api_utf8_from_wide((JET_PCWSTR)(void *)made->conditions[i].szColumnName,
                                       &made->condition_names[i]));
        made->conditions[i].szColumnName = made->condition_names[i];
    }
    made->what.conditions = made->conditions;
out:
    return err;
}

/* ---- Locales ---- */

static JET_ERR
use_lcid(conversion *made, uint32_t lcid)
{
    made->what.is_locale_given = true;
    return ese_api_locale_name(lcid, &made->what.locale);
}

/* Versions 1 and 2: a number, alone or with flags. */
static JET_ERR
convert_lcid(conversion *made, const JET_INDEXCREATE2_A *create)
{
    JET_ERR err = JET_errSuccess;

    if ((create->grbit & JET_bitIndexUnicode) == 0)
        return create->lcid == 0 ? JET_errSuccess : use_lcid(made, create->lcid);
    if (create->pidxunicode == NULL)
        return ese_raise(JET_errIndexInvalidDef, "no description of the order of text");
    ESE_TRY(use_lcid(made, create->pidxunicode->lcid));
    ESE_TRY(ese_api_locale_flags(create->pidxunicode->dwMapFlags, &made->what.lcmap_flags));
out:
    return err;
}

/* Version 3: a name, always UTF-16; none is the invariant locale. */
static JET_ERR
convert_locale(conversion *made, JET_GRBIT grbit, const JET_UNICODEINDEX2 *unicode)
{
    JET_ERR err = JET_errSuccess;

    if ((grbit & JET_bitIndexUnicode) == 0)
        return JET_errSuccess;
    if (unicode == NULL)
        return ese_raise(JET_errIndexInvalidDef, "no description of the order of text");
    ESE_TRY(ese_api_locale_check_name(unicode->szLocaleName));
    ESE_TRY(ese_api_locale_flags(unicode->dwMapFlags, &made->what.lcmap_flags));
    ESE_TRY(ese_api_utf8_from_wide(unicode->szLocaleName, &made->locale));
    made->what.locale = made->locale != NULL ? made->locale : "";
    made->what.is_locale_given = true;
out:
    return err;
}

/* ---- Limits ---- */

static uint32_t
or_default(uint32_t value, const ese_api_instance *instance, uint32_t paramid)
{
    return value != 0 ? value : (uint32_t)ese_api_instance_param(instance, paramid);
}

/* A limit that is not given is that of the instance. */
static JET_ERR
convert_tuple(conversion *made, const JET_INDEXCREATE2_A *create, const ese_api_instance *instance)
{
    JET_TUPLELIMITS given = {0};

    if ((create->grbit & JET_bitIndexTupleLimits) != 0) {
        if (create->ptuplelimits == NULL)
            return ese_raise(JET_errIndexInvalidDef, "no limits of tuples");
        given = *create->ptuplelimits;
    }
    made->tuple = (JET_TUPLELIMITS){
        .chLengthMin = or_default(given.chLengthMin, instance, JET_paramIndexTuplesLengthMin),
        .chLengthMax = or_default(given.chLengthMax, instance, JET_paramIndexTuplesLengthMax),
        .chToIndexMax = or_default(given.chToIndexMax, instance, JET_paramIndexTuplesToIndexMax),
        .cchIncrement = or_default(given.cchIncrement, instance, JET_paramIndexTupleIncrement),
        .ichStart = or_default(given.ichStart, instance, JET_paramIndexTupleStart),
    };
    if (made->tuple.cchIncrement == 0)
        made->tuple.cchIncrement = 1;
    made->what.tuple = &made->tuple;
    return JET_errSuccess;
}

static JET_ERR
convert_limits(conversion *made, const JET_INDEXCREATE2_A *create, const ese_api_instance *instance)
{
    if (create->grbit & JET_bitIndexKeyMost) {
        made->what.key_most = create->cbKeyMost;
        if (create->cbKeyMost == 0)
            return ese_raise(JET_errIndexInvalidDef, "a key of no bytes");
    }
    if (create->grbit & JET_bitIndexTupleLimits)
        return convert_tuple(made, create, instance);
    made->what.var_seg_mac = create->cbVarSegMac;
    return create->grbit & JET_bitIndexTuples ? convert_tuple(made, create, instance)
                                              : JET_errSuccess;
}

static JET_ERR
convert_hints(conversion *made, const JET_INDEXCREATE2_A *create)
{
    const JET_SPACEHINTS *hints = create->pSpacehints;

    made->what.density = create->ulDensity;
    if (hints == NULL)
        return JET_errSuccess;
    if (hints->cbStruct != sizeof *hints)
        return ese_raise(JET_errInvalidParameter, "the size of JET_SPACEHINTS is not set");
    made->what.hints = *hints;
    if (hints->ulInitialDensity != 0)
        made->what.density = hints->ulInitialDensity;
    return JET_errSuccess;
}

/* ---- Elements of an array ---- */

static size_t
size_of_element(ese_api_index_version version)
{
    switch (version) {
    case ESE_API_INDEX_CREATE: return sizeof(JET_INDEXCREATE_A);
    case ESE_API_INDEX_CREATE2: return sizeof(JET_INDEXCREATE2_A);
    case ESE_API_INDEX_CREATE3: break;
    }
    return sizeof(JET_INDEXCREATE3_A);
}

static void *
element_at(const ese_api_index_array *array, uint32_t i)
{
    return (uint8_t *)array->first + i * size_of_element(array->version);
}

/* The element as one of version 2, which version 1 is the beginning of, and its locale when it is of version 3. */
static JET_INDEXCREATE2_A
read_element(const ese_api_index_array *array, const void *element,
             const JET_UNICODEINDEX2 **unicode_out)
{
    JET_INDEXCREATE2_A create = {0};
    JET_INDEXCREATE3_A third;

    if (array->version != ESE_API_INDEX_CREATE3) {
        memcpy(&create, element, size_of_element(array->version));
        return create;
    }
    memcpy(&third, element, sizeof third);
    *unicode_out = third.pidxunicode;
    create = (JET_INDEXCREATE2_A){
        .szIndexName = third.szIndexName,
        .szKey = third.szKey,
        .cbKey = third.cbKey,
        .grbit = third.grbit,
        .ulDensity = third.ulDensity,
        .rgconditionalcolumn = third.rgconditionalcolumn,
        .cConditionalColumn = third.cConditionalColumn,
        .cbKeyMost = third.cbKeyMost,
        .pSpacehints = third.pSpacehints,
    };
    if (third.grbit & JET_bitIndexTupleLimits)
        create.ptuplelimits = third.ptuplelimits;
    else
        create.cbVarSegMac = third.cbVarSegMac;
    return create;
}

static void
set_err(const ese_api_index_array *array, void *element, JET_ERR err)
{
    if (array->version == ESE_API_INDEX_CREATE)
        ((JET_INDEXCREATE_A *)element)->err = err;
    else if (array->version == ESE_API_INDEX_CREATE2)
        ((JET_INDEXCREATE2_A *)element)->err = err;
    else
        ((JET_INDEXCREATE3_A *)element)->err = err;
}

JET_ERR
ese_api_index_array_check(const ese_api_index_array *array)
{
    if (array->n != 0 && array->first == NULL)
        return ese_raise(JET_errInvalidParameter, "no indexes");
    for (uint32_t i = 0; i < array->n; i++) {
        void *element = element_at(array, i);

        if (*(const uint32_t *)element != size_of_element(array->version)) {
            set_err(array, element, JET_errInvalidParameter);
            return ese_raise(JET_errInvalidParameter, "the size of JET_INDEXCREATE is not set");
        }
        set_err(array, element, JET_errSuccess);
    }
    return JET_errSuccess;
}

static JET_ERR
convert(const ese_api_index_array *array, const void *element, const ese_api_instance *instance,
        conversion *made)
{
    const JET_UNICODEINDEX2 *unicode = NULL;
    const JET_INDEXCREATE2_A create = read_element(array, element, &unicode);
    JET_ERR err;

    made->what.grbit = create.grbit;
    ESE_TRY(convert_texts(made, &create, array->form));
    ESE_TRY(convert_conditions(made, &create, array->form));
    if (array->version == ESE_API_INDEX_CREATE3)
        ESE_TRY(convert_locale(made, create.grbit, unicode));
    else
        ESE_TRY(convert_lcid(made, &create));
    ESE_TRY(convert_limits(made, &create, instance));
    ESE_TRY(convert_hints(made, &create));
out:
    return err;
}

/* ---- Creating ---- */

static JET_ERR
check_empty(ese_txn_session *txn, const ese_schema_table *table)
{
    ese_btree_cursor cursor;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &table->tree, txn);
    ESE_TRY(ese_btree_first(&cursor, &found));
    if (found)
        ESE_TRY(ese_raise(JET_errTableNotEmpty, "table '%s' has records", table->name));
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

static const ese_schema_index *
find_by_objid(const ese_schema_table *table, uint32_t objid)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (table->indexes[i].objid == objid)
            return &table->indexes[i];
    }
    return NULL;
}

/* A primary index orders the records themselves, so it comes before them. */
static JET_ERR
create_index(ese_api_session *session, ese_schema *schema, ese_schema_table **table,
             const ese_schema_new_index *what)
{
    ese_txn_session *txn = ese_api_session_txn(session);
    bool is_primary = (what->grbit & JET_bitIndexPrimary) != 0;
    const ese_schema_index *index;
    uint32_t objid = 0;
    JET_ERR err;

    ESE_TRY(ese_schema_create_index(txn, schema, *table, what, &objid));
    if (is_primary)
        ESE_TRY(check_empty(txn, *table));
    ESE_TRY(ese_schema_table_sync(schema, txn, table));
    index = find_by_objid(*table, objid);
    if (!is_primary && index != NULL && (what->grbit & JET_bitIndexEmpty) == 0)
        ESE_TRY(ese_table_build_index(txn, schema, *table, index));
out:
    return err;
}

JET_ERR
ese_api_create_indexes(ese_api_session *session, ese_schema *schema, ese_schema_table **table,
                       const ese_api_index_array *array)
{
    const ese_api_instance *instance = ese_api_session_instance(session);
    JET_ERR err;

    ESE_TRY(ese_api_check_others(session, *table));
    for (uint32_t i = 0; i < array->n; i++) {
        conversion made = {0};

        err = convert(array, element_at(array, i), instance, &made);
        if (err >= JET_errSuccess)
            err = create_index(session, schema, table, &made.what);
        release(&made);
        ESE_TRY(err);
    }
out:
    return err;
}

static JET_ERR
create_all(ese_api_change *change, void *arguments)
{
    return ese_api_create_indexes(change->session, change->schema, &change->table, arguments);
}

static JET_ERR
create_indexes(JET_SESID sesid, JET_TABLEID tableid, ese_api_index_array *array)
{
    JET_ERR err = ese_api_index_array_check(array);

    return err < JET_errSuccess
               ? err
               : ese_api_change_table(sesid, tableid, ESE_API_ADDS, create_all, array);
}

JET_ERR JET_API
JetCreateIndex2A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE_A *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE, ESE_API_TEXT_A};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndex2W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE_W *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE, ESE_API_TEXT_W};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndex3A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE2_A *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE2, ESE_API_TEXT_A};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndex3W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE2_W *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE2, ESE_API_TEXT_W};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndex4A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE3_A *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE3, ESE_API_TEXT_A};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndex4W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE3_W *pindexcreate,
                 uint32_t cIndexCreate)
{
    ese_api_index_array array = {pindexcreate, cIndexCreate, ESE_API_INDEX_CREATE3, ESE_API_TEXT_W};

    return create_indexes(sesid, tableid, &array);
}

JET_ERR JET_API
JetCreateIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName, JET_GRBIT grbit,
                const char *szKey, uint32_t cbKey, uint32_t lDensity)
{
    const JET_GRBIT described =
        JET_bitIndexUnicode | JET_bitIndexTupleLimits | JET_bitIndexKeyMost; /* nowhere here */
    JET_INDEXCREATE_A create = {
        .cbStruct = sizeof create,
        .szIndexName = (char *)(uintptr_t)szIndexName,
        .szKey = (char *)(uintptr_t)szKey,
        .cbKey = cbKey,
        .grbit = grbit & ~described,
        .ulDensity = lDensity,
    };

    return JetCreateIndex2A(sesid, tableid, &create, 1);
}

JET_ERR JET_API
JetCreateIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName, JET_GRBIT grbit,
                const WCHAR *szKey, uint32_t cbKey, uint32_t lDensity)
{
    const JET_GRBIT described = JET_bitIndexUnicode | JET_bitIndexTupleLimits | JET_bitIndexKeyMost;
    JET_INDEXCREATE_W create = {
        .cbStruct = sizeof create,
        .szIndexName = (WCHAR *)(uintptr_t)szIndexName,
        .szKey = (WCHAR *)(uintptr_t)szKey,
        .cbKey = cbKey,
        .grbit = grbit & ~described,
        .ulDensity = lDensity,
    };

    return JetCreateIndex2W(sesid, tableid, &create, 1);
}

/* ---- Deleting ---- */

static JET_ERR
delete_index(ese_api_change *change, void *arguments)
{
    const char *name = arguments;
    const ese_schema_index *index = NULL;
    JET_ERR err;

    ESE_TRY(ese_api_check_name(name));
    index = ese_schema_find_index(change->table, name);
    if (index != NULL && index != change->table->primary)
        ESE_TRY(ese_api_table_use_check_index(change->cursor, index->objid));
    ESE_TRY(ese_schema_delete_index(ese_api_session_txn(change->session), change->schema,
                                    change->table, name));
out:
    return err;
}

JET_ERR JET_API
JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName)
{
    return ese_api_change_table(sesid, tableid, ESE_API_REMOVES, delete_index,
                                (char *)(uintptr_t)szIndexName);
}

JET_ERR JET_API
JetDeleteIndexW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szIndexName)
{
    char *name = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szIndexName, &name);

    if (err >= JET_errSuccess)
        err = JetDeleteIndexA(sesid, tableid, name);
    ese_free(&name);
    return err;
}
