/*
 * How many rows a salvaged table lacks, as far as its secondary indexes tell: each of their entries names the key of its row.
 *
 * Every index is asked, and the one that knows most rows that are not there is believed. It is a lower bound, for entries may be lost, too.
 */
#include "tools/copy.h"

enum { KEY_ROOM = 4096 };

/* One entry for each row at most. */
static bool
is_plain(const ese_tools__copying *c, const ese_tools__index *index)
{
    if ((index->grbit & (JET_bitIndexPrimary | JET_bitIndexTuples)) != 0)
        return false;
    for (unsigned i = 0; i < index->n_segments; i++) {
        const ese_tools__column *column =
            ese_tools__find_column(&c->from, index->segments[i].column);

        if (column == NULL || (column->grbit & JET_bitColumnMultiValued) != 0)
            return false;
    }
    return true;
}

static bool
has_primary(const ese_tools__table *table)
{
    for (unsigned i = 0; i < table->n_indexes; i++) {
        if ((table->indexes[i].grbit & JET_bitIndexPrimary) != 0)
            return true;
    }
    return false;
}

static uint64_t
count_missing(const ese_tools__copying *c, const char *index)
{
    JET_SESID sesid = c->copy->source.sesid;
    JET_TABLEID from = c->from.tableid;
    uint8_t key[KEY_ROOM];
    uint64_t n_missing = 0;
    JET_ERR err = JetSetCurrentIndexA(sesid, from, index);

    if (err >= JET_errSuccess)
        err = JetMove(sesid, from, (int32_t)JET_MoveFirst, 0);
    while (err >= JET_errSuccess) {
        uint32_t n = 0;

        err = JetGetBookmark(sesid, from, key, sizeof key, &n);
        if (err >= JET_errSuccess && JetGotoBookmark(sesid, c->to.tableid, key, n) < JET_errSuccess)
            n_missing++;
        err = JetMove(sesid, from, JET_MoveNext, 0);
    }
    return n_missing;
}

static bool
has_problems(const ese_tools__copying *c)
{
    const ese_tools__database *source = &c->copy->source;
    ese_problem problem;

    return c->copy->is_doubtful || c->copied->text[0] != '\0' ||
           ese_get_problem(source->sesid, source->dbid, source->n_told, &problem) >= JET_errSuccess;
}

void
ese_tools__copy_count_missing(ese_tools__copying *c)
{
    if (!has_problems(c) || !has_primary(&c->from)) /* keys of rows without an index are new ones */
        return;
    for (unsigned i = 0; i < c->from.n_indexes; i++) {
        uint64_t n_missing;

        if (!is_plain(c, &c->from.indexes[i]))
            continue;
        n_missing = count_missing(c, c->from.indexes[i].name);
        if (n_missing > c->copied->n_rows_missing)
            c->copied->n_rows_missing = n_missing;
    }
}
