#include "object_model_ddl.h"

#include "object_model_private.h"
#include "object_model_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- What the engine's structures point to ------------------------------------------------------------------ */

enum {
    KEY_MAX = ESE_MODEL_SEGMENTS_MAX * (ESE_MODEL_NAME_MAX + 2) + 1,
    LOCALE_MAX = 85,
    DEFAULT_KEY_MOST = 255,
};

/* An index, and what its description points to. */
typedef struct index_parts {
    char name[ESE_MODEL_NAME_MAX];
    char key[KEY_MAX];
    WCHAR locale[LOCALE_MAX + 1];
    JET_UNICODEINDEX2 unicode;
    JET_TUPLELIMITS limits;
    char condition_names[ESE_MODEL_SEGMENTS_MAX][ESE_MODEL_NAME_MAX];
    JET_CONDITIONALCOLUMN_A conditions[ESE_MODEL_SEGMENTS_MAX];
} index_parts;

/* "+first\0-second\0\0"; its length with the last NUL. */
static uint32_t
make_key(const ese_model_index_info *info, char *key)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < info->n_segments; i++) {
        size_t length = strlen(info->segments[i].name) + 1;

        key[n++] = info->segments[i].is_descending ? '-' : '+';
        memcpy(key + n, info->segments[i].name, length);
        n += (uint32_t)length;
    }
    key[n++] = '\0';
    return n;
}

/* Locale names are ASCII. */
static void
make_locale(const ese_model_index_info *info, index_parts *parts)
{
    size_t n = 0;

    for (; n < LOCALE_MAX && info->locale[n] != '\0'; n++)
        parts->locale[n] = (WCHAR)(uint8_t)info->locale[n];
    parts->locale[n] = 0;
    parts->unicode.szLocaleName = parts->locale;
    parts->unicode.dwMapFlags = info->map_flags;
}

static void
make_conditions(const ese_model_index_info *info, index_parts *parts)
{
    for (uint32_t i = 0; i < info->n_conditions; i++) {
        JET_CONDITIONALCOLUMN_A *condition = &parts->conditions[i];

        memcpy(parts->condition_names[i], info->conditions[i].name, ESE_MODEL_NAME_MAX);
        condition->cbStruct = sizeof *condition;
        condition->szColumnName = parts->condition_names[i];
        condition->grbit = info->conditions[i].must_be_null ? JET_bitIndexColumnMustBeNull
                                                            : JET_bitIndexColumnMustBeNonNull;
    }
}

static void
make_index(const ese_model_index_info *info, index_parts *parts, JET_INDEXCREATE3_A *index)
{
    memset(parts, 0, sizeof *parts);
    memcpy(parts->name, info->name, sizeof parts->name);
    *index = (JET_INDEXCREATE3_A){
        .cbStruct = sizeof *index,
        .szIndexName = parts->name,
        .szKey = parts->key,
        .cbKey = make_key(info, parts->key),
        .grbit =
            info->grbit & ~(JET_bitIndexUnicode | JET_bitIndexTupleLimits | JET_bitIndexKeyMost),
        .ulDensity = info->density,
    };
    if (info->locale[0] != '\0' || info->map_flags != 0) {
        make_locale(info, parts);
        index->pidxunicode = &parts->unicode;
        index->grbit |= JET_bitIndexUnicode;
    }
    if (info->tuple_limits.chLengthMax != 0) {
        parts->limits = info->tuple_limits;
        index->ptuplelimits = &parts->limits;
        index->grbit |= JET_bitIndexTuples | JET_bitIndexTupleLimits;
    }
    if (info->key_most > DEFAULT_KEY_MOST) {
        index->cbKeyMost = info->key_most;
        index->grbit |= JET_bitIndexKeyMost;
    }
    make_conditions(info, parts);
    index->rgconditionalcolumn = parts->conditions;
    index->cConditionalColumn = info->n_conditions;
}

/* A column, and its default value as it is stored. */
static JET_ERR
make_default(const ese_model_column_spec *spec, ese_model_bytes *bytes)
{
    ese_model_segment type = {.coltyp = spec->coltyp, .cp = (uint16_t)spec->cp};

    memset(bytes, 0, sizeof *bytes);
    return spec->default_value.type == ESE_MODEL_NULL
               ? JET_errSuccess
               : ese_model__encode(&type, &spec->default_value, bytes);
}

static JET_ERR
check_index(const ese_model_index_info *index)
{
    if (index->n_segments > ESE_MODEL_SEGMENTS_MAX || index->n_conditions > ESE_MODEL_SEGMENTS_MAX)
        return ese_model__fail(JET_errInvalidParameter, "an index has at most 16 columns");
    return JET_errSuccess;
}

/* ---- Tables ------------------------------------------------------------------------------------------------- */

typedef struct table_parts {
    JET_COLUMNCREATE_A *columns;
    ese_model_bytes *defaults;
    JET_INDEXCREATE3_A *indexes;
    index_parts *parts;
    uint32_t n_columns;
    char *name;
    char *template_name;
} table_parts;

static void
free_table(table_parts *table)
{
    for (uint32_t i = 0; i < table->n_columns && table->defaults != NULL; i++)
        free(table->defaults[i].owned);
    free(table->columns);
    free(table->defaults);
    free(table->indexes);
    free(table->parts);
    free(table->name);
    free(table->template_name);
}

static char *
copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static JET_ERR
allocate_table(const ese_model_table_spec *spec, uint32_t n_columns, uint32_t n_indexes,
               table_parts *table)
{
    table->columns = calloc((size_t)n_columns + 1, sizeof *table->columns);
    table->defaults = calloc((size_t)n_columns + 1, sizeof *table->defaults);
    table->indexes = calloc((size_t)n_indexes + 1, sizeof *table->indexes);
    table->parts = calloc((size_t)n_indexes + 1, sizeof *table->parts);
    table->name = copy_text(spec->name != NULL ? spec->name : "");
    table->template_name = copy_text(spec->template_name != NULL ? spec->template_name : "");
    if (table->columns == NULL || table->defaults == NULL || table->indexes == NULL ||
        table->parts == NULL || table->name == NULL || table->template_name == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    table->n_columns = n_columns;
    return JET_errSuccess;
}

static JET_ERR
fill_columns(const ese_model_column_spec *specs, table_parts *table)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t i = 0; i < table->n_columns && err >= JET_errSuccess; i++) {
        err = make_default(&specs[i], &table->defaults[i]);
        table->columns[i] = (JET_COLUMNCREATE_A){
            .cbStruct = sizeof table->columns[i],
            .szColumnName = (char *)(uintptr_t)specs[i].name, /* is only read */
            .coltyp = specs[i].coltyp,
            .cbMax = specs[i].size_max,
            .grbit = specs[i].grbit,
            .pvDefault = (void *)(uintptr_t)table->defaults[i].data,
            .cbDefault = (uint32_t)table->defaults[i].size,
            .cp = specs[i].cp,
        };
    }
    return err;
}

JET_ERR
ese_model_create_table(ese_model_database *database, const ese_model_table_spec *spec,
                       const ese_model_column_spec *columns, uint32_t n_columns,
                       const ese_model_index_info *indexes, uint32_t n_indexes)
{
    ese_model_call call;
    table_parts table = {0};
    JET_TABLECREATE4_A create = {.cbStruct = sizeof create};
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = allocate_table(spec, n_columns, n_indexes, &table);
    if (err >= JET_errSuccess)
        err = fill_columns(columns, &table);
    for (uint32_t i = 0; i < n_indexes && err >= JET_errSuccess; i++) {
        err = check_index(&indexes[i]);
        if (err >= JET_errSuccess)
            make_index(&indexes[i], &table.parts[i], &table.indexes[i]);
    }
    if (err >= JET_errSuccess) {
        create.szTableName = table.name;
        create.szTemplateTableName = table.template_name[0] != '\0' ? table.template_name : NULL;
        create.ulPages = spec->n_pages;
        create.ulDensity = spec->density;
        create.rgcolumncreate = table.columns;
        create.cColumns = n_columns;
        create.rgindexcreate = table.indexes;
        create.cIndexes = n_indexes;
        create.grbit = spec->grbit;
        create.tableid = JET_tableidNil;
        err = JetCreateTableColumnIndex4A(call.session->sesid, database->dbid, &create);
        if (err >= JET_errSuccess)
            (void)JetCloseTable(call.session->sesid, create.tableid);
    }
    ese_model__leave(&call);
    free_table(&table);
    return err;
}

JET_ERR
ese_model_delete_table(ese_model_database *database, const char *table)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetDeleteTableA(call.session->sesid, database->dbid, table);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_rename_table(ese_model_database *database, const char *table, const char *new_name)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetRenameTableA(call.session->sesid, database->dbid, table, new_name);
    ese_model__leave(&call);
    return err;
}

/* ---- Columns ------------------------------------------------------------------------------------------------ */

JET_ERR
ese_model_add_column(ese_model_cursor *cursor, const ese_model_column_spec *column)
{
    ese_model_call call;
    ese_model_bytes bytes;
    JET_COLUMNID columnid = 0;
    JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition,
        .coltyp = column->coltyp,
        .cp = (uint16_t)column->cp,
        .cbMax = column->size_max,
        .grbit = column->grbit,
    };
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = make_default(column, &bytes);
    if (err >= JET_errSuccess)
        err = JetAddColumnA(cursor->sesid, cursor->tableid, column->name, &definition, bytes.data,
                            (uint32_t)bytes.size, &columnid);
    ese_model__leave(&call);
    free(bytes.owned);
    return err;
}

JET_ERR
ese_model_delete_column(ese_model_cursor *cursor, const char *column)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetDeleteColumnA(cursor->sesid, cursor->tableid, column);
    ese_model__leave(&call);
    return err;
}

JET_ERR
ese_model_rename_column(ese_model_cursor *cursor, const char *column, const char *new_name)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetRenameColumnA(cursor->sesid, cursor->tableid, column, new_name, 0);
    ese_model__leave(&call);
    return err;
}

/* ---- Indexes ------------------------------------------------------------------------------------------------ */

JET_ERR
ese_model_create_index(ese_model_cursor *cursor, const ese_model_index_info *index)
{
    ese_model_call call;
    index_parts *parts;
    JET_INDEXCREATE3_A create;
    JET_ERR err = check_index(index);

    if (err < JET_errSuccess)
        return err;
    parts = malloc(sizeof *parts);
    if (parts == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    make_index(index, parts, &create);
    err = ese_model__enter(&cursor->object, &call);
    if (err >= JET_errSuccess) {
        err = JetCreateIndex4A(cursor->sesid, cursor->tableid, &create, 1);
        ese_model__leave(&call);
    }
    free(parts);
    return err;
}

JET_ERR
ese_model_delete_index(ese_model_cursor *cursor, const char *index)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetDeleteIndexA(cursor->sesid, cursor->tableid, index);
    ese_model__leave(&call);
    return err;
}
