/*
 * The table to import into, when there is none yet: as the records need it, or as a description says.
 *
 * A column of the records is a Bit, a LongLong, an UnsignedLongLong, a Double, a LongBinary or a LongText, whatever all its values fit.
 */
#define _POSIX_C_SOURCE 200809L /* getline */
#include "tools/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What was seen among the values of a column. */
enum {
    SEEN_BIT = 1,
    SEEN_INTEGER = 2,
    SEEN_NEGATIVE = 4,
    SEEN_UNSIGNED = 8, /* beyond 63 bits */
    SEEN_REAL = 16,
    SEEN_TEXT = 32,
    SEEN_BYTES = 64,
};

typedef struct sighting {
    char *name;
    unsigned seen;
    bool is_list;
} sighting;

typedef struct sightings {
    sighting *items;
    uint32_t n, capacity;
} sightings;

/* ---- Inference ---- */

static unsigned
classify_number(const char *text, size_t n)
{
    char copy[64], *end;

    if (n == 0 || n >= sizeof copy)
        return SEEN_TEXT;
    memcpy(copy, text, n);
    copy[n] = '\0';
    errno = 0;
    (void)strtoll(copy, &end, 10);
    if (end == copy + n && errno == 0)
        return SEEN_INTEGER | (copy[0] == '-' ? SEEN_NEGATIVE : 0u);
    errno = 0;
    (void)strtoull(copy, &end, 10);
    if (end == copy + n && errno == 0 && copy[0] != '-')
        return SEEN_UNSIGNED;
    (void)strtod(copy, &end);
    return end == copy + n ? SEEN_REAL : SEEN_TEXT;
}

static bool
is_word(const ese_tools__cell *cell, const char *word)
{
    return cell->size == strlen(word) && strncasecmp(cell->text, word, cell->size) == 0;
}

static unsigned
classify(const ese_tools__cell *cell, bool is_csv)
{
    switch (cell->kind) {
    case ESE_TOOLS__CELL_NULL: return 0;
    case ESE_TOOLS__CELL_BIT: return SEEN_BIT;
    case ESE_TOOLS__CELL_NUMBER: return classify_number(cell->text, cell->size);
    case ESE_TOOLS__CELL_REAL: return SEEN_REAL;
    case ESE_TOOLS__CELL_BYTES: return SEEN_BYTES;
    case ESE_TOOLS__CELL_TEXT: break;
    }
    if (!is_csv)
        return SEEN_TEXT;
    return is_word(cell, "true") || is_word(cell, "false")
               ? SEEN_BIT
               : classify_number(cell->text, cell->size);
}

/* Columns come in the same order in most records: `hint` is where the last one was found. */
static sighting *
find_sighting(sightings *all, const char *name, uint32_t *hint)
{
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t at = (*hint + i) % all->n;

        if (strcasecmp(all->items[at].name, name) == 0) {
            *hint = at + 1;
            return &all->items[at];
        }
    }
    if (all->n == all->capacity) {
        uint32_t capacity = all->capacity == 0 ? 32 : 2 * all->capacity;
        sighting *items = ese_tools__alloc(capacity, sizeof *items);

        if (all->n > 0)
            memcpy(items, all->items, all->n * sizeof *items);
        free(all->items);
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->n] = (sighting){.name = ese_tools__copy_text(name)};
    *hint = all->n + 1;
    return &all->items[all->n++];
}

static ese_tools__status
look_at_all(ese_tools__source *source, sightings *all)
{
    ese_tools__record record = {0};
    ese_tools__status status;
    bool found = false;

    while ((status = ese_tools__source_next(source, &record, &found)) == ESE_TOOLS__OK && found) {
        uint32_t hint = 0;

        for (uint32_t i = 0; i < record.n_cells; i++) {
            sighting *column = find_sighting(all, record.cells[i].column, &hint);

            column->seen |= classify(&record.cells[i], source->is_csv);
            column->is_list |= record.cells[i].is_list;
        }
    }
    free(record.cells);
    return status;
}

static JET_COLTYP
type_of(unsigned seen)
{
    unsigned integers = SEEN_INTEGER | SEEN_NEGATIVE | SEEN_UNSIGNED;

    if (seen == SEEN_BIT)
        return JET_coltypBit;
    if (seen == SEEN_BYTES)
        return JET_coltypLongBinary;
    if (seen == 0 || (seen & ~(integers | SEEN_REAL)) != 0)
        return JET_coltypLongText;
    if ((seen & SEEN_REAL) != 0)
        return JET_coltypIEEEDouble;
    if ((seen & SEEN_UNSIGNED) == 0)
        return JET_coltypLongLong;
    return (seen & SEEN_NEGATIVE) == 0 ? JET_coltypUnsignedLongLong : JET_coltypLongText;
}

/* ---- Making it ---- */

typedef struct plan {
    JET_TABLECREATE4_A table;
    JET_COLUMNCREATE_A *columns;
    JET_INDEXCREATE3_A *indexes;
    uint32_t n_columns, n_indexes;
    char key[256];   /* of the index that the command line asks for */
    char primary[8]; /* and its name */
} plan;

static ese_tools__status
create(const ese_tools__database *database, const char *name, const char *key, plan *p)
{
    char *name_copy = ese_tools__copy_text(name);
    JET_ERR err;

    if (key != NULL) {
        size_t n = strlen(key);

        if (n + 3 > sizeof p->key) {
            free(name_copy);
            return ese_tools__usage(&ese_tools__import, "the key '%s' is too long", key);
        }
        p->key[0] = '+';
        memcpy(p->key + 1, key, n + 1);
        memcpy(p->primary, "primary", sizeof p->primary);
        p->indexes[p->n_indexes++] = (JET_INDEXCREATE3_A){
            .cbStruct = sizeof *p->indexes,
            .szIndexName = p->primary,
            .szKey = p->key,
            .cbKey = (uint32_t)n + 3,
            .grbit = JET_bitIndexPrimary | JET_bitIndexUnique,
        };
    }
    p->table = (JET_TABLECREATE4_A){
        .cbStruct = sizeof p->table,
        .szTableName = name_copy,
        .rgcolumncreate = p->columns,
        .cColumns = p->n_columns,
        .rgindexcreate = p->indexes,
        .cIndexes = p->n_indexes,
        .tableid = JET_tableidNil,
    };
    err = JetCreateTableColumnIndex4A(database->sesid, database->dbid, &p->table);
    if (err >= JET_errSuccess)
        JetCloseTable(database->sesid, p->table.tableid);
    free(name_copy);
    return err < JET_errSuccess ? ese_tools__report(database->path, err) : ESE_TOOLS__OK;
}

ese_tools__status
ese_tools__table_infer(const ese_tools__database *database, const char *name,
                       ese_tools__source *source, const char *key)
{
    sightings all = {0};
    plan p = {0};
    ese_tools__status status = look_at_all(source, &all);

    p.columns = ese_tools__alloc(all.n, sizeof *p.columns);
    p.indexes = ese_tools__alloc(1, sizeof *p.indexes);
    for (uint32_t i = 0; i < all.n; i++) {
        JET_COLTYP coltyp = type_of(all.items[i].seen);

        p.columns[i] = (JET_COLUMNCREATE_A){
            .cbStruct = sizeof p.columns[i],
            .szColumnName = all.items[i].name,
            .coltyp = coltyp,
            .cp = ese_tools__is_text(coltyp) ? 1200 : 0,
            .grbit = all.items[i].is_list ? JET_bitColumnTagged | JET_bitColumnMultiValued : 0,
        };
    }
    p.n_columns = all.n;
    if (status == ESE_TOOLS__OK)
        status = create(database, name, key, &p);
    if (status == ESE_TOOLS__OK)
        status = ese_tools__source_rewind(source);
    for (uint32_t i = 0; i < all.n; i++)
        free(all.items[i].name);
    free(all.items);
    free(p.columns);
    free(p.indexes);
    return status;
}

/* ---- From a description ---- */

typedef struct description {
    char *text;
    ese_tools__document document;
    const ese_tools__json *table;
} description;

static ese_tools__status
wrong_schema(const char *path, const char *what)
{
    fprintf(stderr, "ese: %s: %s\n", path, what);
    return ESE_TOOLS__FAILED;
}

/* The line about the table of that name, or the only line there is. */
static ese_tools__status
read_description(const char *path, const char *name, description *found)
{
    FILE *file = fopen(path, "rb");
    const char *wrong = "there is no such description";
    uint32_t n_lines = 0;
    size_t room = 0;
    ssize_t size;

    if (file == NULL)
        return wrong_schema(path, "cannot be read");
    while (found->table == NULL && (size = getline(&found->text, &room, file)) > 0) {
        const ese_tools__json *title;

        n_lines++;
        wrong = ese_tools__json_parse(&found->document, found->text, (size_t)size);
        if (wrong != NULL)
            break;
        title = ese_tools__json_member(&found->document, found->document.values, "table");
        if (title != NULL && title->type == ESE_TOOLS__JSON_STRING &&
            strcasecmp(title->text, name) == 0)
            found->table = found->document.values;
        wrong = "there is no description of that table";
    }
    if (found->table == NULL && n_lines == 1 && found->document.n_values > 0 &&
        ese_tools__json_member(&found->document, found->document.values, "columns") != NULL)
        found->table = found->document.values; /* of another name */
    fclose(file);
    return found->table != NULL ? ESE_TOOLS__OK : wrong_schema(path, wrong);
}

static uint32_t
number_in(const description *d, const ese_tools__json *object, const char *name)
{
    const ese_tools__json *member = ese_tools__json_member(&d->document, object, name);

    return member != NULL && member->type == ESE_TOOLS__JSON_NUMBER
               ? (uint32_t)strtoul(member->text, NULL, 10)
               : 0;
}

static const char *
text_in(const description *d, const ese_tools__json *object, const char *name)
{
    const ese_tools__json *member = ese_tools__json_member(&d->document, object, name);

    return member != NULL && member->type == ESE_TOOLS__JSON_STRING ? member->text : NULL;
}

static uint32_t
count_items(const description *d, const ese_tools__json *array)
{
    const ese_tools__json *item = array == NULL ? NULL : ese_tools__json_first(&d->document, array);
    uint32_t n = 0;

    for (; item != NULL; item = ese_tools__json_next(&d->document, item))
        n++;
    return n;
}

static void
add_column(const description *d, const ese_tools__json *from, plan *p)
{
    ese_tools__column shape = {
        .coltyp = number_in(d, from, "coltyp"),
        .code_page = (uint16_t)number_in(d, from, "cp"),
    };
    const char *default_text = text_in(d, from, "default");
    const char *name = text_in(d, from, "name");
    JET_COLUMNCREATE_A *column = &p->columns[p->n_columns++];

    *column = (JET_COLUMNCREATE_A){
        .cbStruct = sizeof *column,
        .szColumnName = ese_tools__copy_text(name != NULL ? name : ""),
        .coltyp = shape.coltyp,
        .cbMax = number_in(d, from, "cbmax"),
        .grbit = number_in(d, from, "grbit") & ~(JET_bitColumnUpdatable | JET_bitColumnMaybeNull),
        .cp = shape.code_page,
    };
    if (default_text != NULL) {
        size_t n = strlen(default_text), size = 0;
        uint8_t *bytes = ese_tools__alloc(4 * n + 16, 1);

        if (ese_tools__parse_value(&shape, default_text, n, bytes, &size)) {
            column->pvDefault = bytes;
            column->cbDefault = (uint32_t)size;
        } else {
            free(bytes);
        }
    }
}

/* Keys are lists of names with a sign; the engine takes them with a NUL behind each, and one more. */
static void
add_index(const description *d, const ese_tools__json *from, plan *p)
{
    const ese_tools__json *key = ese_tools__json_member(&d->document, from, "key");
    const ese_tools__json *segment = key == NULL ? NULL : ese_tools__json_first(&d->document, key);
    const char *locale = text_in(d, from, "locale"), *name = text_in(d, from, "name");
    JET_INDEXCREATE3_A *index = &p->indexes[p->n_indexes++];
    size_t n = 0;
    char *text;

    for (const ese_tools__json *at = segment; at != NULL;
         at = ese_tools__json_next(&d->document, at))
        n += at->size + 1;
    text = ese_tools__alloc(n + 1, 1);
    n = 0;
    for (; segment != NULL; segment = ese_tools__json_next(&d->document, segment)) {
        memcpy(text + n, segment->text, segment->size);
        n += segment->size + 1;
    }
    *index = (JET_INDEXCREATE3_A){
        .cbStruct = sizeof *index,
        .szIndexName = ese_tools__copy_text(name != NULL ? name : ""),
        .szKey = text,
        .cbKey = (uint32_t)n + 1,
        .grbit = number_in(d, from, "grbit") &
                 ~(JET_bitIndexUnicode | JET_bitIndexTupleLimits | JET_bitIndexKeyMost),
    };
    if (locale != NULL && locale[0] != '\0') {
        JET_UNICODEINDEX2 *unicode = ese_tools__alloc(1, sizeof *unicode);
        size_t length = strlen(locale);

        unicode->szLocaleName = ese_tools__alloc(length + 1, sizeof(WCHAR));
        for (size_t i = 0; i < length; i++)
            unicode->szLocaleName[i] = (WCHAR)(uint8_t)locale[i];
        unicode->dwMapFlags = 0x30401; /* a sort key without regard to case, kana type and width */
        index->pidxunicode = unicode;
        index->grbit |= JET_bitIndexUnicode;
    }
}

static void
free_plan(plan *p)
{
    for (uint32_t i = 0; i < p->n_columns; i++) {
        free(p->columns[i].szColumnName);
        free(p->columns[i].pvDefault);
    }
    for (uint32_t i = 0; i < p->n_indexes; i++) {
        if (p->indexes[i].szKey == p->key)
            continue;
        free(p->indexes[i].szIndexName);
        free(p->indexes[i].szKey);
        if (p->indexes[i].pidxunicode != NULL)
            free(p->indexes[i].pidxunicode->szLocaleName);
        free(p->indexes[i].pidxunicode);
    }
    free(p->columns);
    free(p->indexes);
}

ese_tools__status
ese_tools__table_from_schema(const ese_tools__database *database, const char *name,
                             const char *schema_path, const char *key)
{
    description d = {0};
    plan p = {0};
    ese_tools__status status = read_description(schema_path, name, &d);

    if (status == ESE_TOOLS__OK) {
        const ese_tools__json *columns = ese_tools__json_member(&d.document, d.table, "columns");
        const ese_tools__json *indexes = ese_tools__json_member(&d.document, d.table, "indexes");
        const ese_tools__json *at =
            columns == NULL ? NULL : ese_tools__json_first(&d.document, columns);

        p.columns = ese_tools__alloc(count_items(&d, columns), sizeof *p.columns);
        p.indexes = ese_tools__alloc(count_items(&d, indexes) + 1, sizeof *p.indexes);
        for (; at != NULL; at = ese_tools__json_next(&d.document, at))
            add_column(&d, at, &p);
        at = indexes == NULL ? NULL : ese_tools__json_first(&d.document, indexes);
        for (; at != NULL; at = ese_tools__json_next(&d.document, at))
            add_index(&d, at, &p);
        status = create(database, name, key, &p);
        free_plan(&p);
    }
    ese_tools__json_free(&d.document);
    free(d.text);
    return status;
}
