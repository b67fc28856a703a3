/* Lists: results of information functions as temporary tables. */
#include "api/api_list.h"

#include "api/api_private.h"
#include "base/utf.h"
#include "table/table_update.h"

enum {
    CODE_PAGE_A = 1252,
    CODE_PAGE_W = 1200,
    TEXT_MAX = 254, /* bytes of a text column, in whole units */
};

/*
 * What the page cache may have tells how much memory temporary tables may use beside it: each of them this share and no more than that, and all together the same for the
 * pages of the temporary database.
 */
enum {
    TABLE_SHARE = 64,
    TABLE_BYTES_MAX = 16 << 20,
    CACHE_SHARE = 16,
    CACHE_BYTES_MIN = 1 << 20,
    CACHE_BYTES_MAX = 64 << 20,
};

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

JET_ERR
ese_api_open_temporary(ese_api_session *session, ese_table_temp_options *options,
                       JET_COLUMNID *columnids_out, ese_table_cursor **cursor_out)
{
    ese_api_instance *instance = ese_api_session_instance(session);
    size_t limit = ese_api__cache_limit(instance);

    options->place = &instance->temporary;
    options->path = ese_api__params_text(&instance->params, JET_paramTempPath);
    options->tables_max = (uint32_t)ese_api_instance_param(instance, JET_paramMaxTemporaryTables);
    options->bytes_max = least(limit / TABLE_SHARE, TABLE_BYTES_MAX);
    options->cache_max = least(limit / CACHE_SHARE, CACHE_BYTES_MAX);
    if (options->cache_max < CACHE_BYTES_MIN)
        options->cache_max = CACHE_BYTES_MIN;
    options->undo_max = ese_api__versions_limit(instance);
    if (options->undo_max < 2 * options->bytes_max)
        options->undo_max = 2 * options->bytes_max;
    options->is_versioned =
        ese_api_instance_param(instance, JET_paramEnableTempTableVersioning) != 0;
    return ese_table_open_temporary(ese_api_session_txn(session), options, columnids_out,
                                    cursor_out);
}

JET_ERR
ese_api_list_begin(ese_api_session *session, const ese_api_list_column *columns, uint32_t n,
                   ese_api_text_form form, JET_COLUMNID *columnids_out, ese_api_list *list_out)
{
    JET_COLUMNDEF definitions[ESE_API_LIST_COLUMNS_MAX] = {{0}};
    ese_table_temp_options options = {
        .columns = definitions,
        .n_columns = n,
        .grbit = JET_bitTTScrollable | JET_bitTTUpdatable | JET_bitTTIndexed,
        .lcmap_flags = ESE_TABLE_LCMAP_DEFAULT,
    };

    for (uint32_t i = 0; i < n; i++) {
        definitions[i].cbStruct = sizeof definitions[i];
        definitions[i].coltyp = columns[i].coltyp;
        definitions[i].grbit = columns[i].grbit;
        definitions[i].cp = form == ESE_API_TEXT_A ? CODE_PAGE_A : CODE_PAGE_W;
    }
    *list_out = (ese_api_list){.session = session, .columnids = columnids_out};
    return ese_api_open_temporary(session, &options, columnids_out, &list_out->cursor);
}

/* A name as the functions of this form show names: UTF-8 or UTF-16. */
static uint32_t
encode_text(const char *utf8, ese_api_text_form form, uint8_t to[TEXT_MAX])
{
    const ese_bytes text = {(const uint8_t *)utf8, strlen(utf8)};
    char16_t units[TEXT_MAX / sizeof(char16_t)];
    size_t n = 0, room = sizeof units / sizeof units[0];

    if (form == ESE_API_TEXT_A) {
        n = text.size < TEXT_MAX ? text.size : TEXT_MAX;
        memcpy(to, text.data, n);
        return (uint32_t)n;
    }
    if (ese_utf8_to_utf16(utf8, text.size, units, room, &n) < JET_errSuccess)
        return 0;
    n = n < room ? n : room;
    for (size_t i = 0; i < n; i++)
        ese_store_le16(to + 2 * i, units[i]);
    return (uint32_t)(2 * n);
}

JET_ERR
ese_api_list_add(ese_api_list *list, const ese_api_list_value *values, uint32_t n,
                 ese_api_text_form form)
{
    uint8_t text[TEXT_MAX];
    uint32_t size;
    JET_ERR err;

    ESE_TRY(ese_table_prepare_update(list->cursor, JET_prepInsert));
    for (uint32_t i = 0; i < n; i++) {
        ese_table_setting setting = {
            .columnid = list->columnids[i],
            .data = values[i].data,
            .size = values[i].size,
            .itag_sequence = 1,
        };

        if (values[i].text != NULL) {
            setting.data = text;
            setting.size = encode_text(values[i].text, form, text);
        }
        if (setting.data == NULL)
            continue;
        if (setting.size == 0)
            setting.grbit = JET_bitSetZeroLength;
        ESE_TRY(ese_table_set_column(list->cursor, &setting));
    }
    ESE_TRY(ese_table_update(list->cursor, NULL, 0, &size));
    list->n_rows++;
out:
    return err;
}

JET_ERR
ese_api_list_finish(ese_api_list *list, JET_TABLEID *tableid_out)
{
    ese_table_cursor *cursor = list->cursor;
    bool found;
    JET_ERR err = ese_table_move_first(cursor, &found);

    if (err < JET_errSuccess)
        return err;
    list->cursor = NULL;
    return ese_api_publish_cursor(list->session, cursor, tableid_out);
}

void
ese_api_list_cancel(ese_api_list *list)
{
    ese_table_close(&list->cursor);
}
