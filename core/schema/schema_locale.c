/* MSysLocales: which versions of which locales the indexes of a database sort text by. Catalog specification, section 6.2. */
#include "base/utf.h"
#include "record/record_encode.h"
#include "schema/schema_catalog.h"

#include <stdio.h>

enum {
    KEY_MAX = 200, /* characters: a locale name of 85, and the rest */
    RECORD_MAX = 2 * KEY_MAX + 32,
    OFFSET_TYPE = 4,
    OFFSET_VALUE = 5,
    TYPE_LOCALE = 2,
    NAME_SIZE_MAX = 255,
};

/* One row. Keys are ASCII; they are stored as UTF-16 with a terminator. */
typedef struct locale_row {
    uint8_t text[2 * KEY_MAX];
    size_t size;
    ese_record_key key;
} locale_row;

static JET_ERR
make_row(const char *key, locale_row *row)
{
    static const ese_record_key_rules rules = {.key_most = ESE_RECORD_KEY_MOST_DEFAULT,
                                               .var_seg_mac = ESE_RECORD_KEY_MOST_DEFAULT};
    const ese_record_key_column column = {.coltyp = JET_coltypBinary};
    size_t n = strlen(key) + 1;

    if (2 * n > NAME_SIZE_MAX)
        return ese_raise(JET_errInvalidLanguageId, "the name of a locale is too long");
    for (size_t i = 0; i < n; i++)
        ese_store_le16(row->text + 2 * i, (uint8_t)key[i]);
    row->size = 2 * n;
    ese_record_key_start(&row->key);
    return ese_record_key_append(&row->key, &rules, &column, &(ese_bytes){row->text, row->size});
}

static JET_ERR
insert(const ese_schema__place *at, const ese_btree *tree, const locale_row *row, uint8_t type,
       uint32_t number)
{
    uint8_t record[RECORD_MAX], bytes[4];
    const ese_record_value values[] = {
        {.bytes = {&type, 1}}, {.bytes = {bytes, 4}}, {.bytes = {row->text, row->size}}};
    const ese_record_column columns[] = {
        {.id = 1,
         .state = ESE_RECORD_VALUE,
         .offset = OFFSET_TYPE,
         .size = 1,
         .n_values = 1,
         .values = &values[0]},
        {.id = 2,
         .state = ESE_RECORD_VALUE,
         .offset = OFFSET_VALUE,
         .size = 4,
         .n_values = 1,
         .values = &values[1]},
        {.id = 128, .state = ESE_RECORD_VALUE, .n_values = 1, .values = &values[2]},
    };
    size_t size = 0;
    JET_ERR err;

    ese_store_le32(bytes, number);
    ESE_TRY(ese_record_encode(columns, 3, ese_cache_page_size(at->schema->file), record,
                              sizeof record, &size));
    ESE_TRY(ese_btree_insert(at->session, tree, (ese_bytes){row->key.bytes, row->key.size},
                             (ese_bytes){record, size}, at->how));
out:
    return err;
}

JET_ERR
ese_schema__insert_locale_version(const ese_schema__place *at, const char *key, uint8_t type,
                                  uint32_t value)
{
    ese_schema_table *table = NULL;
    locale_row row;
    JET_ERR err;

    ESE_TRY(ese_schema_table_open(at->schema, at->session, "MSysLocales", &table));
    ESE_TRY(make_row(key, &row));
    ESE_TRY(insert(at, &table->tree, &row, type, value));
out:
    ese_schema_table_release(at->schema, &table);
    return err;
}

/* "LocaleName=en-US,SortID=00000001-57ee-1e5c-00b4-d0000bb1e11e,Ver=6020f0006020f" */
static JET_ERR
print_key(const ese_schema__row *index, char *to, size_t room)
{
    const uint8_t *id = index->sort_id.data;
    char locale[KEY_MAX / 2];
    size_t n =
        ese_utf16_to_utf8(index->locale.data, index->locale.size / 2, locale, sizeof locale - 1);
    int size;

    if (n >= sizeof locale || index->sort_id.size != 16 || index->version.size != 8)
        return ese_raise(JET_errInvalidLanguageId, "the name of a locale is too long");
    locale[n] = '\0';
    size = snprintf(
        to, room, "LocaleName=%s,SortID=%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x,Ver=%llx",
        locale, (unsigned)ese_load_le32(id), (unsigned)ese_load_le16(id + 4),
        (unsigned)ese_load_le16(id + 6), id[8], id[9], id[10], id[11], id[12], id[13], id[14],
        id[15], (unsigned long long)ese_load_le64(index->version.data));
    return size > 0 && (size_t)size < room ? JET_errSuccess : JET_errInvalidLanguageId;
}

/* Does the session see a row of the key? */
static JET_ERR
find(const ese_schema__place *at, const ese_btree *tree, const locale_row *row, bool *exists_out)
{
    ese_btree_cursor cursor;
    bool found = false;
    int order = 0;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, tree, at->session);
    ESE_TRY(ese_btree_seek(&cursor, (ese_bytes){row->key.bytes, row->key.size},
                           (ese_bytes){NULL, 0}, ESE_BTREE_GE, &found, &order));
    *exists_out = found && order == 0;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* Counting by a delta: who creates indexes at the same time is not in the way. */
JET_ERR
ese_schema__count_locale(const ese_schema__place *at, const ese_schema__row *index)
{
    ese_schema_table *table = NULL;
    char text[KEY_MAX];
    locale_row row;
    bool exists = false;
    int64_t before;
    JET_ERR err = ese_schema_table_open(at->schema, at->session, "MSysLocales", &table);

    if (err == JET_errObjectNotFound) /* made by an engine that did not know it */
        return JET_errSuccess;
    ESE_TRY(err);
    ESE_TRY(print_key(index, text, sizeof text));
    ESE_TRY(make_row(text, &row));
    ESE_TRY(find(at, &table->tree, &row, &exists));
    if (exists)
        ESE_TRY(ese_btree_delta(at->session, &table->tree, (ese_bytes){row.key.bytes, row.key.size},
                                OFFSET_VALUE, 4, 1, &before));
    else
        ESE_TRY(insert(at, &table->tree, &row, TYPE_LOCALE, 1));
out:
    ese_schema_table_release(at->schema, &table);
    return err == JET_errKeyDuplicate
               ? ese_raise(JET_errWriteConflict, "somebody else is adding the same locale")
               : err;
}
