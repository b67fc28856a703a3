/* One table from one database to another: its parts in their order, and what happens when one fails. */
#include "tools/copy.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGES_MIN = 16 };

bool
ese_tools__copy_is_fatal(JET_ERR err)
{
    switch (err) {
    case JET_errDiskFull:
    case JET_errDiskIO:
    case JET_errOutOfMemory:
    case JET_errVersionStoreOutOfMemory:
    case JET_errInstanceUnavailable:
    case JET_errInstanceUnavailableDueToFatalLogDiskFull:
    case JET_errFileAccessDenied:
    case JET_errOutOfCursors:
    case JET_errOutOfBuffers: return true;
    default: return false;
    }
}

void
ese_tools__copy_note(ese_tools__copying *c, JET_ERR err)
{
    ese_tools__copied *copied = c->copied;

    if (copied->text[0] == '\0')
        snprintf(copied->text, sizeof copied->text, "%s", ese_error_text(err));
}

static ese_tools__status
fail(ese_tools__copying *c, const char *path, JET_ERR err)
{
    if (!c->copy->does_salvage || ese_tools__copy_is_fatal(err))
        return ese_tools__report(path, err);
    ese_tools__copy_note(c, err);
    c->copied->err = err;
    return ESE_TOOLS__PROBLEMS;
}

ese_tools__status
ese_tools__copy_fail_source(ese_tools__copying *c, JET_ERR err)
{
    return fail(c, c->copy->source.path, err);
}

ese_tools__status
ese_tools__copy_fail_target(ese_tools__copying *c, JET_ERR err)
{
    return fail(c, c->copy->target.path, err);
}

/* Columns of the target in the order of those of the source, whatever ids they have. */
static ese_tools__status
match_columns(ese_tools__copying *c)
{
    ese_tools__column *matched = ese_tools__alloc(c->from.n_columns, sizeof *matched);

    for (unsigned i = 0; i < c->from.n_columns; i++) {
        const ese_tools__column *column = ese_tools__find_column(&c->to, c->from.columns[i].name);

        if (column == NULL || c->to.n_columns != c->from.n_columns) {
            free(matched);
            return ese_tools__copy_fail_target(c, JET_errColumnNotFound);
        }
        matched[i] = *column;
        c->values[i].columnid = c->from.columns[i].id;
    }
    free(c->to.columns);
    c->to.columns = matched;
    return ESE_TOOLS__OK;
}

static ese_tools__status
open_template(ese_tools__copying *c, JET_GRBIT flags, ese_tools__table *template_out)
{
    char name[4 * JET_cbNameMost + 1] = "";
    JET_ERR err;

    if ((flags & JET_bitObjectTableDerived) == 0)
        return ESE_TOOLS__OK;
    err = JetGetTableInfoA(c->copy->source.sesid, c->from.tableid, name, sizeof name,
                           JET_TblInfoTemplateTableName);
    if (err >= JET_errSuccess)
        err = ese_tools__table_open(&c->copy->source, name, template_out);
    return err < JET_errSuccess ? ese_tools__copy_fail_source(c, err) : ESE_TOOLS__OK;
}

static ese_tools__status
fill_table(ese_tools__copying *c)
{
    ese_tools__status status;
    JET_ERR err = ese_tools__table_open(&c->copy->target, c->from.name, &c->to);

    if (err < JET_errSuccess)
        return ese_tools__copy_fail_target(c, err);
    c->values = ese_tools__alloc(c->from.n_columns, sizeof *c->values);
    c->is_lost = ese_tools__alloc(c->from.n_columns, sizeof *c->is_lost);
    status = match_columns(c);
    if (status == ESE_TOOLS__OK) {
        JetSetTableSequential(c->copy->source.sesid, c->from.tableid, 0); /* only advice */
        status = ese_tools__copy_rows(c);
        if (c->copy->does_salvage && status != ESE_TOOLS__FAILED)
            ese_tools__copy_count_missing(c);
        if (status != ESE_TOOLS__FAILED) /* those of the rows that are there */
            status = ese_tools__worse(status, ese_tools__copy_indexes(c));
    }
    ese_tools__table_close(&c->copy->target, &c->to);
    free(c->values);
    free(c->is_lost);
    free(c->sets);
    return status;
}

ese_tools__status
ese_tools__copy_table(ese_tools__copy *copy, const char *name, JET_GRBIT flags,
                      ese_tools__copied *copied_out)
{
    ese_tools__copying c = {.copy = copy, .copied = copied_out};
    ese_tools__table template_table = {.tableid = JET_tableidNil};
    ese_tools__status status;
    JET_ERR err;

    *copied_out = (ese_tools__copied){0};
    err = ese_tools__table_open(&copy->source, name, &c.from);
    if (err < JET_errSuccess)
        return ese_tools__copy_fail_source(&c, err);
    status = open_template(&c, flags, &template_table);
    if (status == ESE_TOOLS__OK)
        status = ese_tools__copy_create_table(&c, flags,
                                              template_table.name != NULL ? &template_table : NULL);
    if (status == ESE_TOOLS__OK && (flags & JET_bitObjectTableTemplate) == 0)
        status = fill_table(&c);
    ese_tools__table_close(&copy->source, &template_table);
    ese_tools__table_close(&copy->source, &c.from);
    return status;
}

void
ese_tools__copy_give_back_room(ese_tools__copy *copy)
{
    uint32_t n_pages = 0;

    (void)JetResizeDatabase(copy->target.sesid, copy->target.dbid, PAGES_MIN, &n_pages,
                            JET_bitResizeDatabaseOnlyShrink);
}
