/* Tables, columns and indexes, from the lists the API gives as temporary tables. */
#include "tools/tools.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_ROOM = 4 * JET_cbNameMost + 1, DEFAULT_ROOM = 512, LOCALE_ROOM = 256 };

/* ---- Reading the lists ---- */

/* A list the API made; the cursor stands on a row of it. */
typedef struct list {
    JET_SESID sesid;
    JET_TABLEID tableid;
} list;

static JET_ERR
get_text(const list *from, JET_COLUMNID columnid, char text[NAME_ROOM])
{
    uint32_t size = 0;
    JET_ERR err = JetRetrieveColumn(from->sesid, from->tableid, columnid, text, NAME_ROOM - 1,
                                    &size, 0, NULL);

    text[size < NAME_ROOM ? size : NAME_ROOM - 1] = '\0';
    return err;
}

/* Little-endian, as all machines this runs on are; a NULL leaves 0. */
static JET_ERR
get_number(const list *from, JET_COLUMNID columnid, uint32_t *number_out)
{
    uint32_t number = 0;
    JET_ERR err = JetRetrieveColumn(from->sesid, from->tableid, columnid, &number, sizeof number,
                                    NULL, 0, NULL);

    *number_out = number;
    return err;
}

/* Calls `visit` for every row, then closes the list. */
static JET_ERR
for_each_row(const list *rows, void *self, JET_ERR (*visit)(const list *row, void *self))
{
    JET_ERR err = JetMove(rows->sesid, rows->tableid, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        err = visit(rows, self);
        if (err >= JET_errSuccess)
            err = JetMove(rows->sesid, rows->tableid, JET_MoveNext, 0);
    }
    JetCloseTable(rows->sesid, rows->tableid);
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

/* ---- Names of tables ---- */

typedef struct names_loader {
    ese_tools__names names;
    JET_OBJECTLIST layout;
} names_loader;

static JET_ERR
add_name(const list *row, void *self)
{
    names_loader *loader = self;
    ese_tools__names *names = &loader->names;
    char text[NAME_ROOM];
    uint32_t flags;
    JET_ERR err = get_text(row, loader->layout.columnidobjectname, text);

    if (err >= JET_errSuccess)
        err = get_number(row, loader->layout.columnidflags, &flags);
    if (err < JET_errSuccess)
        return err;
    names->names[names->n] = ese_tools__copy_text(text);
    names->grbits[names->n++] = flags;
    return JET_errSuccess;
}

typedef struct named {
    char *name;
    JET_GRBIT grbit;
} named;

static int
compare_names(const void *a, const void *b)
{
    return strcasecmp(((const named *)a)->name, ((const named *)b)->name);
}

static void
sort_names(ese_tools__names *names)
{
    named *pairs = ese_tools__alloc(names->n, sizeof *pairs);

    for (unsigned i = 0; i < names->n; i++)
        pairs[i] = (named){names->names[i], names->grbits[i]};
    if (names->n > 1)
        qsort(pairs, names->n, sizeof *pairs, compare_names);
    for (unsigned i = 0; i < names->n; i++) {
        names->names[i] = pairs[i].name;
        names->grbits[i] = pairs[i].grbit;
    }
    free(pairs);
}

JET_ERR
ese_tools__names_load(const ese_tools__database *database, ese_tools__names *names_out)
{
    names_loader loader = {.layout = {.cbStruct = sizeof loader.layout}};
    list rows = {database->sesid, JET_tableidNil};
    JET_ERR err = JetGetObjectInfo(database->sesid, database->dbid, JET_objtypTable, NULL, NULL,
                                   &loader.layout, sizeof loader.layout, JET_ObjInfoListNoStats);

    if (err < JET_errSuccess)
        return err;
    rows.tableid = loader.layout.tableid;
    loader.names.names = ese_tools__alloc(loader.layout.cRecord, sizeof *loader.names.names);
    loader.names.grbits = ese_tools__alloc(loader.layout.cRecord, sizeof *loader.names.grbits);
    err = for_each_row(&rows, &loader, add_name);
    if (err < JET_errSuccess) {
        ese_tools__names_free(&loader.names);
        return err;
    }
    sort_names(&loader.names);
    *names_out = loader.names;
    return JET_errSuccess;
}

void
ese_tools__names_free(ese_tools__names *names)
{
    for (unsigned i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
    free(names->grbits);
    *names = (ese_tools__names){0};
}

/* ---- Columns ---- */

typedef struct columns_loader {
    ese_tools__table *table;
    JET_COLUMNLIST layout;
} columns_loader;

static JET_ERR
get_default(const list *row, JET_COLUMNID columnid, ese_tools__column *column)
{
    uint8_t bytes[DEFAULT_ROOM];
    uint32_t size = 0;
    JET_ERR err =
        JetRetrieveColumn(row->sesid, row->tableid, columnid, bytes, sizeof bytes, &size, 0, NULL);

    if (err < JET_errSuccess || err == JET_wrnColumnNull)
        return err;
    size = size < sizeof bytes ? size : (uint32_t)sizeof bytes;
    column->default_value = ese_tools__alloc(size, 1);
    column->default_size = size;
    memcpy(column->default_value, bytes, size);
    return JET_errSuccess;
}

static JET_ERR
add_column(const list *row, void *self)
{
    columns_loader *loader = self;
    const JET_COLUMNLIST *layout = &loader->layout;
    ese_tools__column *column = &loader->table->columns[loader->table->n_columns];
    char name[NAME_ROOM];
    uint32_t code_page = 0;
    JET_ERR err = get_text(row, layout->columnidcolumnname, name);

    if (err >= JET_errSuccess)
        err = get_number(row, layout->columnidcolumnid, &column->id);
    if (err >= JET_errSuccess)
        err = get_number(row, layout->columnidcoltyp, &column->coltyp);
    if (err >= JET_errSuccess)
        err = get_number(row, layout->columnidCp, &code_page);
    if (err >= JET_errSuccess)
        err = get_number(row, layout->columnidcbMax, &column->size_max);
    if (err >= JET_errSuccess)
        err = get_number(row, layout->columnidgrbit, &column->grbit);
    if (err >= JET_errSuccess)
        err = get_default(row, layout->columnidDefault, column);
    if (err < JET_errSuccess)
        return err;
    column->code_page = (uint16_t)code_page;
    column->name = ese_tools__copy_text(name);
    loader->table->n_columns++;
    return JET_errSuccess;
}

static int
compare_columns(const void *a, const void *b)
{
    JET_COLUMNID x = ((const ese_tools__column *)a)->id, y = ((const ese_tools__column *)b)->id;

    return (x > y) - (x < y);
}

static JET_ERR
load_columns(const ese_tools__database *database, ese_tools__table *table)
{
    columns_loader loader = {table, {.cbStruct = sizeof loader.layout}};
    list rows = {database->sesid, JET_tableidNil};
    JET_ERR err = JetGetTableColumnInfo(database->sesid, table->tableid, NULL, &loader.layout,
                                        sizeof loader.layout, JET_ColInfoList);

    if (err < JET_errSuccess)
        return err;
    rows.tableid = loader.layout.tableid;
    table->columns = ese_tools__alloc(loader.layout.cRecord, sizeof *table->columns);
    err = for_each_row(&rows, &loader, add_column);
    if (table->n_columns > 1)
        qsort(table->columns, table->n_columns, sizeof *table->columns, compare_columns);
    return err;
}

/* ---- Indexes: one row for each of their columns ---- */

typedef struct indexes_loader {
    ese_tools__table *table;
    JET_INDEXLIST layout;
} indexes_loader;

static JET_ERR
add_index(const list *row, const indexes_loader *loader, const char *name)
{
    ese_tools__index *index = &loader->table->indexes[loader->table->n_indexes];
    uint32_t n = 0;
    JET_ERR err = get_number(row, loader->layout.columnidcColumn, &n);

    if (err >= JET_errSuccess)
        err = get_number(row, loader->layout.columnidgrbitIndex, &index->grbit);
    if (err < JET_errSuccess)
        return err;
    index->name = ese_tools__copy_text(name);
    index->segments = ese_tools__alloc(n, sizeof *index->segments);
    index->n_segments = n;
    loader->table->n_indexes++;
    return JET_errSuccess;
}

static JET_ERR
add_segment(const list *row, void *self)
{
    indexes_loader *loader = self;
    ese_tools__table *table = loader->table;
    ese_tools__index *index;
    char name[NAME_ROOM];
    uint32_t number = 0, grbit = 0;
    JET_ERR err = get_text(row, loader->layout.columnidindexname, name);

    if (err >= JET_errSuccess &&
        (table->n_indexes == 0 || strcmp(table->indexes[table->n_indexes - 1].name, name) != 0))
        err = add_index(row, loader, name);
    if (err >= JET_errSuccess)
        err = get_number(row, loader->layout.columnidiColumn, &number);
    if (err >= JET_errSuccess)
        err = get_number(row, loader->layout.columnidgrbitColumn, &grbit);
    if (err >= JET_errSuccess)
        err = get_text(row, loader->layout.columnidcolumnname, name);
    if (err < JET_errSuccess)
        return err;
    index = &table->indexes[table->n_indexes - 1];
    if (number < index->n_segments) {
        free(index->segments[number].column);
        index->segments[number] =
            (ese_tools__segment){ese_tools__copy_text(name), (grbit & JET_bitKeyDescending) != 0};
    }
    return JET_errSuccess;
}

static int
compare_indexes(const void *a, const void *b)
{
    return strcasecmp(((const ese_tools__index *)a)->name, ((const ese_tools__index *)b)->name);
}

/* Locale names are ASCII. */
static JET_ERR
load_locale(const ese_tools__database *database, const ese_tools__table *table,
            ese_tools__index *index)
{
    char16_t wide[LOCALE_ROOM] = {0};
    char text[LOCALE_ROOM] = "";
    JET_ERR err = JetGetTableIndexInfo(database->sesid, table->tableid, index->name, wide,
                                       sizeof wide, JET_IdxInfoLocaleName);

    for (unsigned i = 0; i + 1 < LOCALE_ROOM && wide[i] != 0; i++)
        text[i] = (char)(wide[i] < 0x80 ? wide[i] : '?');
    index->locale = ese_tools__copy_text(text);
    return err;
}

static JET_ERR
load_indexes(const ese_tools__database *database, ese_tools__table *table)
{
    indexes_loader loader = {table, {.cbStruct = sizeof loader.layout}};
    list rows = {database->sesid, JET_tableidNil};
    JET_ERR err = JetGetTableIndexInfo(database->sesid, table->tableid, NULL, &loader.layout,
                                       sizeof loader.layout, JET_IdxInfoList);

    if (err == JET_errNoCurrentRecord || err == JET_errIndexNotFound)
        return JET_errSuccess; /* none */
    if (err < JET_errSuccess)
        return err;
    rows.tableid = loader.layout.tableid;
    table->indexes = ese_tools__alloc(loader.layout.cRecord, sizeof *table->indexes);
    err = for_each_row(&rows, &loader, add_segment);
    if (table->n_indexes > 1)
        qsort(table->indexes, table->n_indexes, sizeof *table->indexes, compare_indexes);
    for (unsigned i = 0; err >= JET_errSuccess && i < table->n_indexes; i++)
        err = load_locale(database, table, &table->indexes[i]);
    return err;
}

/* ---- Tables ---- */

JET_ERR
ese_tools__table_open(const ese_tools__database *database, const char *name,
                      ese_tools__table *table_out)
{
    ese_tools__table table = {.tableid = JET_tableidNil};
    JET_ERR err = JetOpenTable(database->sesid, database->dbid, name, NULL, 0,
                               database->is_writable ? 0 : JET_bitTableReadOnly, &table.tableid);

    if (err < JET_errSuccess)
        return err;
    table.name = ese_tools__copy_text(name);
    err = load_columns(database, &table);
    if (err >= JET_errSuccess)
        err = load_indexes(database, &table);
    if (err < JET_errSuccess)
        ese_tools__table_close(database, &table);
    else
        *table_out = table;
    return err;
}

static void
free_index(ese_tools__index *index)
{
    for (unsigned i = 0; i < index->n_segments; i++)
        free(index->segments[i].column);
    free(index->segments);
    free(index->locale);
    free(index->name);
}

void
ese_tools__table_close(const ese_tools__database *database, ese_tools__table *table)
{
    if (table->tableid != JET_tableidNil)
        JetCloseTable(database->sesid, table->tableid);
    for (unsigned i = 0; i < table->n_columns; i++) {
        free(table->columns[i].name);
        free(table->columns[i].default_value);
    }
    for (unsigned i = 0; i < table->n_indexes; i++)
        free_index(&table->indexes[i]);
    free(table->columns);
    free(table->indexes);
    free(table->name);
    *table = (ese_tools__table){.tableid = JET_tableidNil};
}

const ese_tools__column *
ese_tools__find_column(const ese_tools__table *table, const char *name)
{
    for (unsigned i = 0; i < table->n_columns; i++) {
        if (strcasecmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

const ese_tools__index *
ese_tools__find_index(const ese_tools__table *table, const char *name)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if (strcasecmp(table->indexes[i].name, name) == 0)
            return &table->indexes[i];
    }
    return NULL;
}

const char *
ese_tools__type_name(JET_COLTYP coltyp)
{
    static const char *const names[] = {
        "Nil",
        "Bit",
        "UnsignedByte",
        "Short",
        "Long",
        "Currency",
        "Single",
        "Double",
        "DateTime",
        "Binary",
        "Text",
        "LongBinary",
        "LongText",
        "SLV",
        "UnsignedLong",
        "LongLong",
        "GUID",
        "UnsignedShort",
        "UnsignedLongLong",
    };

    return coltyp < sizeof names / sizeof names[0] ? names[coltyp] : "?";
}
