/* Tables of an actor's own, which come, get rows, an index, a column, and go. */
#include "crash.h"

#include <stdio.h>

enum { ROWS_MAX = 120, NAME_SIZE = 32 };

void
own_name(const actor *a, uint32_t number, char *to)
{
    snprintf(to, NAME_SIZE, "own%u_%u", a->number, number);
}

static void
add_rows(const actor *a, JET_TABLEID tableid, const own_table *t, uint32_t from)
{
    JET_COLUMNID columnid = find_column(a->sesid, tableid, "value");

    for (uint32_t i = from; i < t->n_rows; i++) {
        int32_t value = own_value(t, i);

        MUST(JetPrepareUpdate(a->sesid, tableid, JET_prepInsert));
        MUST(JetSetColumn(a->sesid, tableid, columnid, &value, sizeof value, 0, NULL));
        MUST(JetUpdate(a->sesid, tableid, NULL, 0, NULL));
    }
}

static void
add_column(const actor *a, JET_TABLEID tableid, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_COLUMNID columnid;

    MUST(JetAddColumn(a->sesid, tableid, name, &definition, NULL, 0, &columnid));
}

static void
create_own(const actor *a, unsigned database, const own_table *t, const char *name)
{
    JET_TABLEID tableid;

    MUST(JetCreateTable(a->sesid, a->dbids[database], name, 1, 100, &tableid));
    add_column(a, tableid, "value");
    add_rows(a, tableid, t, 0);
    MUST(JetCloseTable(a->sesid, tableid));
}

static void
change_index(const actor *a, JET_TABLEID tableid, bool is_wanted)
{
    if (is_wanted)
        MUST(JetCreateIndex(a->sesid, tableid, "value", 0, "+value\0", 8, 80));
    else
        MUST(JetDeleteIndex(a->sesid, tableid, "value"));
}

/* A column in place of one that is there: what the model knows of it is only whether it is. */
static void
change_column(const actor *a, JET_TABLEID tableid, bool is_wanted)
{
    if (is_wanted)
        add_column(a, tableid, "added");
    else
        MUST(JetDeleteColumn(a->sesid, tableid, "added"));
}

static void
alter_own(actor *a, unsigned database, own_table *t, const char *name)
{
    uint32_t choice = below(a, 3), n_before = t->n_rows;
    JET_TABLEID tableid;

    if (choice == 0)
        t->has_index = !t->has_index;
    else if (choice == 1)
        t->has_column = !t->has_column;
    else
        t->n_rows += 1 + below(a, ROWS_MAX / 4);
    if (!a->is_live)
        return;
    MUST(JetOpenTable(a->sesid, a->dbids[database], name, NULL, 0, 0, &tableid));
    if (choice == 0)
        change_index(a, tableid, t->has_index);
    else if (choice == 1)
        change_column(a, tableid, t->has_column);
    else
        add_rows(a, tableid, t, n_before);
    MUST(JetCloseTable(a->sesid, tableid));
}

void
change_own(actor *a, unsigned database)
{
    uint32_t number = below(a, N_OWN);
    own_table *t = touch_own(a, database, number);
    char name[NAME_SIZE];

    own_name(a, number, name);
    if (!t->exists) {
        *t =
            (own_table){.exists = true, .version = ++a->next_version, .n_rows = below(a, ROWS_MAX)};
        if (a->is_live)
            create_own(a, database, t, name);
    } else if (below(a, 4) == 0) {
        t->exists = false;
        if (a->is_live)
            MUST(JetDeleteTable(a->sesid, a->dbids[database], name));
    } else {
        alter_own(a, database, t, name);
    }
    settle_own(a, database, number);
}
