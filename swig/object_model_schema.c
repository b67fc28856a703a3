/*
 * Tables, columns and indexes as plain values. The engine gives most lists as temporary tables; here they become arrays.
 */
#include "object_model_private.h"
#include "object_model_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
ese_model_free_list(void *list)
{
    free(list);
}

/* ---- Reading a temporary table -------------------------------------------------------------------------- */

typedef struct list {
    JET_SESID sesid;
    JET_TABLEID tableid;
} list;

static uint32_t
read_bytes(const list *from, JET_COLUMNID columnid, void *data, uint32_t size)
{
    uint32_t n_actual = 0;
    JET_ERR err =
        JetRetrieveColumn(from->sesid, from->tableid, columnid, data, size, &n_actual, 0, NULL);

    if (err < JET_errSuccess || err == JET_wrnColumnNull)
        return 0;
    return n_actual < size ? n_actual : size;
}

/* Integers of the lists have two or four bytes. */
static uint32_t
read_number(const list *from, JET_COLUMNID columnid)
{
    uint8_t bytes[4] = {0};

    (void)read_bytes(from, columnid, bytes, sizeof bytes);
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void
read_name(const list *from, JET_COLUMNID columnid, char *name)
{
    name[read_bytes(from, columnid, name, ESE_MODEL_NAME_MAX - 1)] = '\0';
}

/* An array with one element for each row of the list; `fill` makes an element of the current row. */
static JET_ERR
read_list(const list *from, size_t element_size,
          void (*fill)(const list *from, const void *columns, void *element), const void *columns,
          void **elements_out, uint32_t *n_elements_out)
{
    uint32_t n = 0;
    uint32_t capacity = 0;
    char *elements = NULL;
    JET_ERR err = JetMove(from->sesid, from->tableid, (int32_t)JET_MoveFirst, 0);

    for (; err >= JET_errSuccess; err = JetMove(from->sesid, from->tableid, JET_MoveNext, 0)) {
        if (n == capacity) {
            char *larger = realloc(elements, (capacity = 2 * capacity + 16) * element_size);

            if (larger == NULL) {
                err = ese_model__fail(JET_errOutOfMemory, "out of memory");
                break;
            }
            elements = larger;
        }
        memset(elements + n * element_size, 0, element_size);
        fill(from, columns, elements + n++ * element_size);
    }
    if (err < JET_errSuccess && err != JET_errNoCurrentRecord) {
        free(elements);
        return err;
    }
    *elements_out = elements;
    *n_elements_out = n;
    return JET_errSuccess;
}

/* ---- Tables ---------------------------------------------------------------------------------------------- */

static void
fill_table(const list *from, const void *columns, void *element)
{
    const JET_OBJECTLIST *object = columns;
    ese_model_table_info *info = element;

    read_name(from, object->columnidobjectname, info->name);
    info->flags = read_number(from, object->columnidflags);
}

static int
compare_tables(const void *a, const void *b)
{
    return strcmp(((const ese_model_table_info *)a)->name, ((const ese_model_table_info *)b)->name);
}

JET_ERR
ese_model_list_tables(ese_model_database *database, ese_model_table_info **tables_out,
                      uint32_t *n_tables_out)
{
    ese_model_call call;
    JET_OBJECTLIST objects = {.cbStruct = sizeof objects};
    void *elements = NULL;
    JET_ERR err = ese_model__enter(&database->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = JetGetObjectInfoA(call.session->sesid, database->dbid, JET_objtypTable, NULL, NULL,
                            &objects, sizeof objects, JET_ObjInfoListNoStats);
    if (err >= JET_errSuccess) {
        list from = {call.session->sesid, objects.tableid};

        err = read_list(&from, sizeof **tables_out, fill_table, &objects, &elements, n_tables_out);
        (void)JetCloseTable(from.sesid, from.tableid);
    }
    ese_model__leave(&call);
    if (err < JET_errSuccess)
        return err;
    if (*n_tables_out > 1)
        qsort(elements, *n_tables_out, sizeof **tables_out, compare_tables);
    *tables_out = elements;
    return JET_errSuccess;
}

/* ---- Columns --------------------------------------------------------------------------------------------- */

static char *
copy_bytes(char *room, const void *from, size_t size)
{
    if (size > 0)
        memcpy(room, from, size);
    return room + size;
}

/* A copy that needs the cursor no more, in one block: the array, and behind it what it points to. */
static ese_column_info *
copy_columns(const ese_column_info *columns, uint32_t n)
{
    size_t size = (size_t)n * sizeof *columns;
    ese_column_info *copy;
    char *room;

    for (uint32_t i = 0; i < n; i++)
        size += strlen(columns[i].name) + 1 + columns[i].default_size;
    copy = malloc(size + 1);
    if (copy == NULL)
        return NULL;
    room = copy_bytes((char *)copy, columns, (size_t)n * sizeof *columns);
    for (uint32_t i = 0; i < n; i++) {
        copy[i].name = room;
        room = copy_bytes(room, columns[i].name, strlen(columns[i].name) + 1);
        copy[i].default_value = copy[i].default_size > 0 ? room : NULL;
        room = copy_bytes(room, columns[i].default_value, columns[i].default_size);
    }
    return copy;
}

static JET_ERR
list_columns(const ese_model_cursor *cursor, ese_column_info **columns_out, uint32_t *n_columns_out)
{
    uint32_t n = 0;
    ese_column_info *columns = NULL;
    ese_column_info *copy = NULL;
    JET_ERR err = ese_list_columns(cursor->sesid, cursor->tableid, NULL, 0, &n);

    if (err < JET_errSuccess)
        return err;
    columns = calloc((size_t)n + 1, sizeof *columns);
    if (columns != NULL)
        err = ese_list_columns(cursor->sesid, cursor->tableid, columns, n, &n);
    if (columns != NULL && err >= JET_errSuccess)
        copy = copy_columns(columns, n);
    free(columns);
    if (err < JET_errSuccess)
        return err;
    if (copy == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    *columns_out = copy;
    *n_columns_out = n;
    return err;
}

JET_ERR
ese_model_list_columns(ese_model_cursor *cursor, ese_column_info **columns_out,
                       uint32_t *n_columns_out)
{
    ese_model_call call;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = list_columns(cursor, columns_out, n_columns_out);
    ese_model__leave(&call);
    return err;
}

/* ---- Indexes ---------------------------------------------------------------------------------------------- */

/* The list has a row for each column of each index. */
typedef struct index_row {
    char name[ESE_MODEL_NAME_MAX];
    uint32_t position;
} index_row;

static void
fill_index_row(const list *from, const void *columns, void *element)
{
    const JET_INDEXLIST *index = columns;
    index_row *row = element;

    read_name(from, index->columnidindexname, row->name);
    row->position = read_number(from, index->columnidiColumn);
}

static JET_ERR
list_index_rows(ese_model_cursor *cursor, void **rows_out, uint32_t *n_rows_out)
{
    JET_INDEXLIST indexes = {.cbStruct = sizeof indexes};
    list from = {.sesid = cursor->sesid};
    JET_ERR err = JetGetTableIndexInfoA(cursor->sesid, cursor->tableid, NULL, &indexes,
                                        sizeof indexes, JET_IdxInfoList);

    if (err < JET_errSuccess)
        return err;
    from.tableid = indexes.tableid;
    err = read_list(&from, sizeof(index_row), fill_index_row, &indexes, rows_out, n_rows_out);
    (void)JetCloseTable(from.sesid, from.tableid);
    return err;
}

/* "+first\0-second\0\0" */
static void
fill_segments(const char *key, uint32_t size, ese_model_index_info *info)
{
    const char *end = key + size;

    while (key < end && *key != '\0' && info->n_segments < ESE_MODEL_SEGMENTS_MAX) {
        ese_model_index_column *segment = &info->segments[info->n_segments++];
        const char *nul = memchr(key, '\0', (size_t)(end - key));
        size_t length = (size_t)((nul != NULL ? nul : end) - key);

        segment->is_descending = *key == '-';
        snprintf(segment->name, sizeof segment->name, "%.*s", (int)length - 1, key + 1);
        key += length + 1;
    }
}

static void
fill_index(const JET_INDEXCREATE3_A *created, ese_model_index_info *info)
{
    snprintf(info->name, sizeof info->name, "%s", created->szIndexName);
    info->grbit = created->grbit;
    info->density = created->ulDensity;
    info->key_most = created->cbKeyMost;
    fill_segments(created->szKey, created->cbKey, info);
    if (created->pidxunicode != NULL) {
        const WCHAR *locale = created->pidxunicode->szLocaleName;
        size_t n = 0;

        info->map_flags = created->pidxunicode->dwMapFlags;
        while (locale != NULL && locale[n] != 0 && n < ESE_MODEL_NAME_MAX / 3 - 1)
            n++;
        if (locale != NULL)
            (void)ese_model_utf8_from_column(ESE_MODEL_CP_UTF16, locale, 2 * n, info->locale);
    }
    if ((created->grbit & JET_bitIndexTuples) && created->ptuplelimits != NULL &&
        (created->grbit & JET_bitIndexTupleLimits))
        info->tuple_limits = *created->ptuplelimits;
    for (uint32_t i = 0; i < created->cConditionalColumn && i < ESE_MODEL_SEGMENTS_MAX; i++) {
        const JET_CONDITIONALCOLUMN_A *from = &created->rgconditionalcolumn[i];
        ese_model_index_column *to = &info->conditions[info->n_conditions++];

        snprintf(to->name, sizeof to->name, "%s", from->szColumnName);
        to->must_be_null = (from->grbit & JET_bitIndexColumnMustBeNull) != 0;
    }
}

static JET_ERR
describe_index(ese_model_cursor *cursor, const char *name, ese_model_index_info *info)
{
    uint32_t size = 4096;
    void *buffer = NULL;
    JET_ERR err;

    do {
        free(buffer);
        size *= 2;
        buffer = calloc(1, size);
        if (buffer == NULL)
            return ese_model__fail(JET_errOutOfMemory, "out of memory");
        err = JetGetTableIndexInfoA(cursor->sesid, cursor->tableid, name, buffer, size,
                                    JET_IdxInfoCreateIndex3);
    } while (err == JET_errBufferTooSmall && size < 1u << 20);
    if (err >= JET_errSuccess)
        fill_index(buffer, info);
    free(buffer);
    if (err >= JET_errSuccess)
        (void)JetGetTableIndexInfoA(cursor->sesid, cursor->tableid, name, &info->lcid,
                                    sizeof info->lcid, JET_IdxInfoLCID);
    return err;
}

static JET_ERR
describe_indexes(ese_model_cursor *cursor, const index_row *rows, uint32_t n_rows,
                 ese_model_index_info **indexes_out, uint32_t *n_indexes_out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t n = 0;
    ese_model_index_info *indexes = calloc((size_t)n_rows + 1, sizeof *indexes);

    if (indexes == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    for (uint32_t i = 0; i < n_rows && err >= JET_errSuccess; i++) {
        if (rows[i].position == 0)
            err = describe_index(cursor, rows[i].name, &indexes[n++]);
    }
    if (err < JET_errSuccess) {
        free(indexes);
        return err;
    }
    *indexes_out = indexes;
    *n_indexes_out = n;
    return err;
}

JET_ERR
ese_model_list_indexes(ese_model_cursor *cursor, ese_model_index_info **indexes_out,
                       uint32_t *n_indexes_out)
{
    ese_model_call call;
    void *rows = NULL;
    uint32_t n_rows = 0;
    JET_ERR err = ese_model__enter(&cursor->object, &call);

    if (err < JET_errSuccess)
        return err;
    err = list_index_rows(cursor, &rows, &n_rows);
    if (err >= JET_errSuccess)
        err = describe_indexes(cursor, rows, n_rows, indexes_out, n_indexes_out);
    ese_model__leave(&call);
    free(rows);
    return err;
}
