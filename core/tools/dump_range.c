/* Which rows: by index, and from one key to another. */
#include "tools/dump.h"

#include <stdlib.h>
#include <string.h>

static const ese_tools__index *
find_primary(const ese_tools__table *table)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if ((table->indexes[i].grbit & JET_bitIndexPrimary) != 0)
            return &table->indexes[i];
    }
    return NULL;
}

static ese_tools__status
make_part(const ese_tools__database *database, const ese_tools__table *table,
          const ese_tools__column *column, const char *text, JET_GRBIT grbit)
{
    uint8_t *bytes = ese_tools__alloc(4 * strlen(text) + 16, 1);
    size_t size = 0;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err;

    if (!ese_tools__parse_value(column, text, strlen(text), bytes, &size)) {
        status = ese_tools__usage(&ese_tools__dump, "'%s' is no value of column %s (%s)", text,
                                  column->name, ese_tools__type_name(column->coltyp));
    } else {
        err = JetMakeKey(database->sesid, table->tableid, bytes, (uint32_t)size,
                         grbit | (size == 0 ? JET_bitKeyDataZeroLength : 0));
        if (err < JET_errSuccess)
            status = ese_tools__report(database->path, err);
    }
    free(bytes);
    return status;
}

/* A value for each of the first columns of the index; `limit` is the bit for the last one. */
static ese_tools__status
make_key(const ese_tools__database *database, const ese_tools__table *table,
         const ese_tools__index *index, const char **values, unsigned n, JET_GRBIT limit)
{
    ese_tools__status status = ESE_TOOLS__OK;

    if (n > index->n_segments)
        return ese_tools__usage(&ese_tools__dump, "index %s has only %u columns", index->name,
                                index->n_segments);
    for (unsigned i = 0; i < n && status == ESE_TOOLS__OK; i++) {
        const ese_tools__column *column = ese_tools__find_column(table, index->segments[i].column);

        if (column == NULL)
            return ese_tools__usage(&ese_tools__dump, "index %s has unknown columns", index->name);
        status = make_part(database, table, column, values[i],
                           (i == 0 ? JET_bitNewKey : 0) | (i + 1 == n ? limit : 0));
    }
    return status;
}

/* *found_out = false for the codes that mean that no row is there. */
static ese_tools__status
judge(const ese_tools__database *database, JET_ERR err, bool *found_out)
{
    *found_out = err >= JET_errSuccess;
    if (err >= JET_errSuccess || err == JET_errNoCurrentRecord || err == JET_errRecordNotFound)
        return ESE_TOOLS__OK;
    return ese_tools__report(database->path, err);
}

ese_tools__status
ese_tools__choose_rows(const ese_tools__database *database, const ese_tools__table *table,
                       const ese_tools__selection *selection, bool *found_out)
{
    const ese_tools__index *index = selection->index == NULL
                                        ? find_primary(table)
                                        : ese_tools__find_index(table, selection->index);
    ese_tools__status status;
    JET_ERR err;

    *found_out = false;
    if (selection->index != NULL && index == NULL)
        return ese_tools__usage(&ese_tools__dump, "table %s has no index %s", table->name,
                                selection->index);
    if (index == NULL && (selection->n_from != 0 || selection->n_to != 0))
        return ese_tools__usage(
            &ese_tools__dump, "table %s has no primary index: a range needs --index", table->name);
    if (selection->index != NULL) {
        err = JetSetCurrentIndex(database->sesid, table->tableid, index->name);
        if (err < JET_errSuccess)
            return ese_tools__report(database->path, err);
    }
    if (selection->n_from == 0) {
        err = JetMove(database->sesid, table->tableid, (int32_t)JET_MoveFirst, 0);
    } else {
        status = make_key(database, table, index, selection->from, selection->n_from,
                          JET_bitFullColumnStartLimit);
        if (status != ESE_TOOLS__OK)
            return status;
        err = JetSeek(database->sesid, table->tableid, JET_bitSeekGE);
    }
    status = judge(database, err, found_out);
    if (status != ESE_TOOLS__OK || !*found_out || selection->n_to == 0)
        return status;
    status =
        make_key(database, table, index, selection->to, selection->n_to, JET_bitFullColumnEndLimit);
    if (status != ESE_TOOLS__OK)
        return status;
    return judge(database,
                 JetSetIndexRange(database->sesid, table->tableid,
                                  JET_bitRangeUpperLimit | JET_bitRangeInclusive),
                 found_out);
}
