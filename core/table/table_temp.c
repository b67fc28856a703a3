/*
 * Life of temporary tables: the descriptors that make them look like a table of a database, and their cursors.
 */
#include "table/table_temp_private.h"

#include "table/table_update.h"

enum {
    RECORD_START = 4, /* place of the first fixed column in a record */
    SHORT_MAX = 255,  /* bytes of Text and Binary columns */
    PACKED_MAX = ESE_PAGE_SIZE_MAX + ESE_TABLE__PACK_HEADER_MAX, /* bytes of a row on its way */
    KIND_BITS = JET_bitTTIndexed | JET_bitTTUnique | JET_bitTTErrorOnDuplicateInsertion,
};

/* ---- descriptors */

static bool
is_long_type(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypLongBinary || coltyp == JET_coltypLongText;
}

static bool
is_short_type(JET_COLTYP coltyp)
{
    return coltyp == JET_coltypBinary || coltyp == JET_coltypText;
}

static JET_ERR
check_column(const JET_COLUMNDEF *definition)
{
    JET_COLTYP coltyp = definition->coltyp;
    bool is_text = coltyp == JET_coltypText || coltyp == JET_coltypLongText;

    if (ese_record_type_size(coltyp) == 0 && !is_short_type(coltyp) && !is_long_type(coltyp))
        return ese_raise(JET_errInvalidColumnType, "no column is of type %u", (unsigned)coltyp);
    if (is_text && definition->cp != 0 && definition->cp != 1252 && definition->cp != 1200)
        return ese_raise(JET_errInvalidCodePage, "no text is of code page %u", definition->cp);
    if ((definition->grbit & JET_bitColumnFixed) != 0 &&
        ((definition->grbit & JET_bitColumnTagged) != 0 || is_long_type(coltyp)))
        return ese_raise(JET_errInvalidGrbit, "a column cannot be fixed and tagged");
    return JET_errSuccess;
}

/* The last ids given out, by kind, and the end of the fixed columns. */
typedef struct column_ids {
    uint32_t fixed, variable, tagged;
    uint32_t record_end;
} column_ids;

static JET_ERR
give_id(const JET_COLUMNDEF *definition, ese_schema_column *column, column_ids *ids)
{
    if (is_long_type(definition->coltyp) || (definition->grbit & JET_bitColumnTagged) != 0) {
        column->fid = ++ids->tagged;
    } else if (is_short_type(definition->coltyp) && (definition->grbit & JET_bitColumnFixed) == 0) {
        column->fid = ++ids->variable;
    } else {
        column->fid = ++ids->fixed;
        column->offset = (uint16_t)ids->record_end;
        ids->record_end += column->size_max;
    }
    if (ids->fixed > ESE_RECORD_FIXED_LAST || ids->variable > ESE_RECORD_VARIABLE_LAST ||
        ids->tagged >= JET_ccolTaggedMost + ESE_RECORD_TAGGED_FIRST)
        return ese_raise(JET_errTooManyColumns, "more columns than a table can have");
    return JET_errSuccess;
}

static JET_ERR
describe_column(const JET_COLUMNDEF *definition, ese_schema_column *column, column_ids *ids)
{
    bool is_text = definition->coltyp == JET_coltypText || definition->coltyp == JET_coltypLongText;
    JET_ERR err = check_column(definition);

    if (err < JET_errSuccess)
        return err;
    column->name = "";
    column->coltyp = (uint8_t)definition->coltyp;
    column->size_max = ese_record_type_size(definition->coltyp);
    if (is_text)
        column->code_page = definition->cp == 0 ? 1252 : definition->cp;
    if (is_long_type(definition->coltyp))
        column->size_max = definition->cbMax;
    else if (column->size_max == 0)
        column->size_max =
            definition->cbMax == 0 || definition->cbMax > SHORT_MAX ? SHORT_MAX : definition->cbMax;
    err = give_id(definition, column, ids);
    column->columnid = column->fid;
    return err;
}

static int
compare_columns(const ese_schema_column *a, const ese_schema_column *b)
{
    return (a->fid > b->fid) - (a->fid < b->fid);
}

/* The definitions come in any order, descriptors stand by id: each goes to its place among those described before. */
static void
insert_by_id(ese_schema_table *table, const ese_schema_column *column)
{
    unsigned at = table->n_columns++;

    for (; at > 0 && compare_columns(&table->columns[at - 1], column) > 0; at--)
        table->columns[at] = table->columns[at - 1];
    table->columns[at] = *column;
}

static JET_ERR
describe_columns(ese_table__temp *temp, const ese_table_temp_options *options,
                 JET_COLUMNID *columnids)
{
    ese_schema_table *table = &temp->descriptor;
    column_ids ids = {0, ESE_RECORD_VARIABLE_FIRST - 1, ESE_RECORD_TAGGED_FIRST - 1, RECORD_START};
    JET_ERR err;

    ESE_TRY(ese_arena_alloc(&temp->arena, options->n_columns * sizeof *table->columns,
                            &table->columns));
    for (uint32_t i = 0; i < options->n_columns; i++) {
        ese_schema_column column = {0};

        ESE_TRY(describe_column(&options->columns[i], &column, &ids));
        insert_by_id(table, &column);
        columnids[i] = column.columnid;
    }
out:
    return err;
}

static void
describe_key(ese_table__temp *temp, const ese_table_temp_options *options,
             const JET_COLUMNID *columnids)
{
    ese_schema_index *index = &temp->index;

    for (uint32_t i = 0; i < options->n_columns; i++) {
        JET_GRBIT grbit = options->columns[i].grbit;

        if ((grbit & JET_bitColumnTTKey) == 0 || index->n_segments == ESE_RECORD_KEY_SEGMENTS_MAX)
            continue;
        index->segments[index->n_segments++] = (ese_schema_segment){
            .column = ese_schema_find_column(&temp->descriptor, columnids[i]),
            .is_descending = (grbit & JET_bitColumnTTDescending) != 0,
        };
    }
}

static JET_ERR
describe_index(ese_table__temp *temp, const ese_table_temp_options *options,
               const JET_COLUMNID *columnids)
{
    ese_schema_index *index = &temp->index;
    uint32_t key_most = options->key_most == 0 ? ESE_RECORD_KEY_MOST_DEFAULT : options->key_most;
    uint32_t var_seg_mac = options->var_seg_mac == 0 ? key_most : options->var_seg_mac;

    if (key_most < ESE_RECORD_KEY_MOST_DEFAULT || key_most > ESE_RECORD_KEY_MOST_MAX ||
        var_seg_mac > key_most)
        return ese_raise(JET_errIndexInvalidDef, "keys of at most %u bytes, segments of %u",
                         (unsigned)key_most, (unsigned)var_seg_mac);
    index->name = "";
    index->locale = "";
    index->flags = ESE_SCHEMA_INDEX_UNIQUE | ESE_SCHEMA_INDEX_PRIMARY |
                   ESE_SCHEMA_INDEX_ALLOW_ALL_NULLS | ESE_SCHEMA_INDEX_ALLOW_FIRST_NULL |
                   ESE_SCHEMA_INDEX_ALLOW_SOME_NULLS;
    index->is_key_known = true;
    index->rules = (ese_record_key_rules){
        .lcmap_flags = options->lcmap_flags,
        .sort_nulls_high = (options->grbit & JET_bitTTSortNullsHigh) != 0,
        .dotnet_guid = (options->grbit & JET_bitTTDotNetGuid) != 0,
        .key_most = (uint16_t)key_most,
        .var_seg_mac = (uint16_t)var_seg_mac,
    };
    describe_key(temp, options, columnids);
    if (!temp->is_numbered && index->n_segments != 0)
        temp->descriptor.primary = index;
    else
        temp->is_numbered = true;
    return JET_errSuccess;
}

/* ---- kinds */

static bool
has_long_column(const ese_table_temp_options *options)
{
    for (uint32_t i = 0; i < options->n_columns; i++) {
        if (is_long_type(options->columns[i].coltyp))
            return true;
    }
    return false;
}

static JET_ERR
choose_kind(ese_table__temp *temp, const ese_table_temp_options *options)
{
    JET_GRBIT grbit = options->grbit;
    bool is_forward_only = (grbit & JET_bitTTForwardOnly) != 0;

    temp->grbit = grbit;
    temp->is_versioned = options->is_versioned;
    temp->is_updatable = (grbit & (JET_bitTTUpdatable | JET_bitTTErrorOnDuplicateInsertion)) != 0;
    temp->is_scrollable =
        temp->is_updatable || (grbit & (JET_bitTTIndexed | JET_bitTTScrollable)) != 0;
    temp->is_numbered = temp->is_updatable && (grbit & KIND_BITS) == 0;
    temp->keeps_duplicates = is_forward_only && (grbit & JET_bitTTUnique) == 0;
    if (is_forward_only && (temp->is_scrollable ||
                            (has_long_column(options) && (grbit & JET_bitTTIntrinsicLVsOnly) == 0)))
        return ese_raise(JET_errCannotMaterializeForwardOnlySort,
                         "a forward-only temporary table has no such columns or options");
    return JET_errSuccess;
}

/* ---- life */

static JET_ERR
join_place(ese_table__temp *temp, const ese_table_temp_options *options)
{
    ese_table_temp_place *place = options->place;
    uint32_t before = atomic_fetch_add_explicit(&place->n_tables, 1, memory_order_relaxed);

    if (before >= options->tables_max) {
        atomic_fetch_sub_explicit(&place->n_tables, 1, memory_order_relaxed);
        return ese_raise(JET_errTooManySorts,
                         "%u temporary tables are open (JET_paramMaxTemporaryTables)",
                         (unsigned)before);
    }
    temp->place = place;
    temp->path = options->path;
    temp->bytes_max = options->bytes_max;
    temp->cache_max = options->cache_max;
    temp->undo_max = options->undo_max;
    temp->descriptor.objid =
        atomic_fetch_add_explicit(&place->last_id, 1, memory_order_relaxed) + 1;
    return JET_errSuccess;
}

/* The separated values go first, so that nothing is done for those of single rows. */
static void
destroy(ese_table__temp *temp)
{
    if (temp->place != NULL) {
        ese_table__longs_destroy(temp);
        ese_table__temp_forget_changes(temp);
        ese_table__rows_in_memory.destroy(temp);
        ese_table__rows_in_tree.destroy(temp);
        ese_table__rows_in_sort.destroy(temp);
        ese_table__temp_leave_db(temp);
        atomic_fetch_sub_explicit(&temp->place->n_tables, 1, memory_order_relaxed);
    }
    ese_free(&temp->changes);
    ese_growbuf_destroy(&temp->packed);
    ese_arena_clear(&temp->arena);
    ese_free(&temp);
}

void
ese_table__temp_release(ese_table__temp **temp_inout)
{
    ese_table__temp *temp = *temp_inout;

    *temp_inout = NULL;
    if (temp != NULL && --temp->n_cursors == 0)
        destroy(temp);
}

/* The ids go to an array in the arena of the table. */
static JET_ERR
create(const ese_table_temp_options *options, JET_COLUMNID **columnids_out,
       ese_table__temp **temp_out)
{
    ese_table__temp *temp = NULL;
    JET_COLUMNID *columnids = NULL;
    JET_ERR err = ese_alloc(sizeof *temp, &temp);

    if (err < JET_errSuccess)
        return err;
    temp->n_cursors = 1;
    temp->packed = ese_growbuf_make(PACKED_MAX);
    temp->descriptor.name = "";
    ESE_TRY(choose_kind(temp, options));
    ESE_TRY(join_place(temp, options));
    if (options->n_columns > JET_ccolMost)
        ESE_TRY(ese_raise(JET_errTooManyColumns, "%u columns", (unsigned)options->n_columns));
    ESE_TRY(ese_arena_alloc(&temp->arena, options->n_columns * sizeof *columnids, &columnids));
    ESE_TRY(describe_columns(temp, options, columnids));
    ESE_TRY(describe_index(temp, options, columnids));
    if ((options->grbit & JET_bitTTErrorOnDuplicateInsertion) != 0)
        ESE_TRY(ese_table__temp_finish_insertion(temp));
    *columnids_out = columnids;
    *temp_out = temp;
    temp = NULL;
out:
    ese_table__temp_release(&temp);
    return err;
}

/* A cursor that stands nowhere. Takes over a hold on `temp`, on failure too. */
static JET_ERR
open_cursor(ese_txn_session *session, ese_table__temp *temp, ese_table_cursor **cursor_out)
{
    ese_table__spot *spot = NULL;
    JET_ERR err = ese_alloc(sizeof *spot, &spot);

    if (err < JET_errSuccess)
        goto out;
    ESE_TRY(
        ese_table__create(session, NULL, &temp->descriptor, &ese_table__memory_ops, cursor_out));
    spot->temp = temp;
    (*cursor_out)->memory = spot;
    return err;
out:
    ese_free(&spot);
    ese_table__temp_release(&temp);
    return err;
}

JET_ERR
ese_table_open_temporary(ese_txn_session *session, const ese_table_temp_options *options,
                         JET_COLUMNID *columnids_out, ese_table_cursor **cursor_out)
{
    ese_table__temp *temp = NULL;
    JET_COLUMNID *columnids = NULL;
    JET_ERR err;

    ESE_TRY(create(options, &columnids, &temp));
    temp->opened_at = session->clock;
    ESE_TRY(open_cursor(session, temp, cursor_out));
    memcpy(columnids_out, columnids, options->n_columns * sizeof *columnids);
out:
    return err;
}

JET_ERR
ese_table__temp_dup(ese_table_cursor *cursor, ese_table_cursor **cursor_out)
{
    ese_table__temp *temp = ese_table__spot_of(cursor)->temp;
    ese_table_cursor *dup = NULL;
    bool found;
    JET_ERR err;

    if (!temp->is_sorted)
        return ese_raise(JET_errIllegalOperation,
                         "the rows of the temporary table are still being inserted");
    temp->n_cursors++;
    err = open_cursor(cursor->session, temp, &dup);
    if (err < JET_errSuccess)
        return err;
    err = ese_table_move_first(dup, &found);
    if (err < JET_errSuccess)
        ese_table_close(&dup);
    else
        *cursor_out = dup;
    return err;
}

bool
ese_table_is_materialized(const ese_table_cursor *cursor)
{
    return cursor->schema != NULL || ese_table__spot_of(cursor)->temp->is_updatable;
}

void
ese_table_roll_back_temporary(ese_txn_session *session)
{
    ESE_LIST_FOREACH (node, &session->cursors) {
        ese_table_cursor *cursor = ese_table_cursor_of(node);

        if (!ese_table_is_temporary(cursor))
            continue;
        ese_table__temp_undo(ese_table__spot_of(cursor)->temp, session);
        ese_table__update_roll_back(cursor);
    }
}
