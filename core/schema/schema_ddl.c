/* Tables come, go and change their name. */
#include "schema/schema_catalog.h"

#include "base/utf.h"

enum {
    DENSITY_DEFAULT = 80,
    DENSITY_MIN = 20,
    DENSITY_MAX = 100,
    DATABASE_ROOT = 1,
    ROWS_MAX = 0x20000, /* rows of a table: more than all column ids */
};

/* ---- Descriptions ---- */

JET_ERR
ese_schema_check_name(const char *name)
{
    ese_schema__name made;

    return ese_schema__name_make(name, &made);
}

JET_ERR
ese_schema__name_make(const char *name, ese_schema__name *name_out)
{
    size_t size = 0;

    if (name == NULL || *name == '\0' || *name == ' ')
        return ese_raise(JET_errInvalidName, "a name has 1 to %d characters, no blank in front",
                         ESE_SCHEMA_NAME_MAX);
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || strchr(".![]", *p) != NULL)
            return ese_raise(JET_errInvalidName, "'%.64s' is not a name", name);
    }
    if (ese_utf8_to_cp1252(name, strlen(name), name_out->bytes, sizeof name_out->bytes, &size) <
        JET_errSuccess)
        return ese_raise(JET_errInvalidName, "'%.64s' has characters outside code page 1252", name);
    if (size > sizeof name_out->bytes)
        return ese_raise(JET_errInvalidName, "a name has 1 to %d characters", ESE_SCHEMA_NAME_MAX);
    name_out->size = size;
    return JET_errSuccess;
}

JET_ERR
ese_schema__density_make(uint32_t density, uint32_t *density_out)
{
    if (density != 0 && (density < DENSITY_MIN || density > DENSITY_MAX))
        return ese_raise(JET_errDensityInvalid, "a density is %d to %d percent, not %u",
                         DENSITY_MIN, DENSITY_MAX, (unsigned)density);
    *density_out = density != 0 ? density : DENSITY_DEFAULT;
    return JET_errSuccess;
}

size_t
ese_schema__hints_encode(const JET_SPACEHINTS *hints, unsigned first_field,
                         uint8_t to[ESE_SCHEMA__HINTS_MAX])
{
    const uint32_t fields[] = {hints->ulInitialDensity, hints->cbInitial, hints->grbit,
                               hints->ulMaintDensity,   hints->ulGrowth,  hints->cbMinExtent,
                               hints->cbMaxExtent};
    unsigned n = sizeof fields / sizeof fields[0];

    if (hints->cbStruct == 0)
        return 0;
    while (n > first_field && fields[n - 1] == 0)
        n--;
    if (n == first_field)
        return 0;
    to[0] = 1; /* version of the form */
    for (unsigned i = first_field; i < n; i++)
        ese_store_le32(to + 1 + 4 * (size_t)(i - first_field), fields[i]);
    return 1 + 4 * (size_t)(n - first_field);
}

uint32_t
ese_schema__initial_pages(const ese_schema *schema, uint32_t n_pages, const JET_SPACEHINTS *hints)
{
    uint32_t page_size = ese_cache_page_size(schema->file);

    if (hints->cbStruct != 0 && hints->cbInitial / page_size > n_pages)
        n_pages = hints->cbInitial / page_size;
    return n_pages != 0 ? n_pages : 1;
}

/* ---- Create ---- */

/* A table in the making. */
typedef struct creation {
    const ese_schema_new_table *what;
    ese_schema__place at;
    ese_schema_table *base; /* its template, held */
    ese_schema__name name, template_name;
    uint32_t objid, density;
    ese_btree tree;
} creation;

static JET_ERR
open_base(creation *make)
{
    const ese_schema_new_table *what = make->what;
    JET_ERR err;

    if (what->template_name == NULL)
        return JET_errSuccess;
    if (what->flags & ESE_SCHEMA_TABLE_TEMPLATE)
        return ese_raise(JET_errCannotNestDDL, "a template table has no template");
    ESE_TRY(
        ese_schema_table_open(make->at.schema, make->at.session, what->template_name, &make->base));
    if ((make->base->flags & ESE_SCHEMA_TABLE_TEMPLATE) == 0)
        ESE_TRY(ese_raise(JET_errDDLNotInheritable, "table '%s' is no template", make->base->name));
    ESE_TRY(ese_schema__name_make(make->base->name, &make->template_name));
out:
    return err;
}

static JET_ERR
insert_table_row(const creation *make)
{
    const ese_schema_new_table *what = make->what;
    uint8_t hints[ESE_SCHEMA__HINTS_MAX], lv_hints[ESE_SCHEMA__HINTS_MAX], separate_lv[4];
    ese_schema__row row = {
        .objid_table = make->objid,
        .type = ESE_SCHEMA__ROW_TABLE,
        .id = make->objid,
        .coltyp_or_pgno = make->tree.root,
        .space_usage = make->density,
        .flags = what->flags | (make->base != NULL ? ESE_SCHEMA_TABLE_DERIVED : 0),
        .pages_or_locale = what->n_pages,
        .lv_chunk = what->lv_chunk,
        .name = ese_schema__name_bytes(&make->name),
        .space_hints = {hints, ese_schema__hints_encode(&what->hints, 2, hints)},
        .lv_hints = {lv_hints, ese_schema__hints_encode(&what->lv_hints, 0, lv_hints)},
    };
    JET_ERR err;

    if (make->base != NULL)
        row.template_or_callback = ese_schema__name_bytes(&make->template_name);
    if (what->separate_lv != 0) {
        ese_store_le32(separate_lv, what->separate_lv);
        row.separate_lv = (ese_bytes){separate_lv, sizeof separate_lv};
    }
    ESE_TRY(ese_schema__insert_row(&make->at, &row));
    ESE_TRY(ese_schema__insert_object(&make->at, &row));
out:
    return err;
}

/* An index of the template gets a tree of its own in the derived table, and a row that refers to the definition. */
static JET_ERR
inherit_index(const creation *make, const ese_schema_index *index)
{
    const ese_schema__place *at = &make->at;
    const ese_schema_table *base = make->base;
    bool is_primary = index == base->primary;
    const ese_schema__row of_base = {.objid_table = base->objid,
                                     .type = ESE_SCHEMA__ROW_INDEX,
                                     .id = is_primary ? base->objid : index->objid};
    const ese_btree_plan plan = {
        .parent = make->tree.root,
        .kind = ESE_PAGE_INDEX,
        .objid = is_primary ? make->objid : ese_btree_next_objid(at->schema->db),
        .is_unique = index->tree.is_unique,
        .n_pages = ese_schema__initial_pages(at->schema, 1, &index->hints),
        .density = index->density,
    };
    ese_schema__row_copy *copy = NULL;
    ese_btree tree = make->tree;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *copy, &copy));
    ESE_TRY(ese_schema__read_row(at, &of_base, copy));
    if (!is_primary)
        ESE_TRY(ese_btree_create(at->session, at->schema->db, &plan, &tree));
    copy->row.objid_table = make->objid;
    copy->row.id = plan.objid;
    copy->row.coltyp_or_pgno = tree.root;
    copy->row.flags =
        (copy->row.flags & ~(uint32_t)ESE_SCHEMA_INDEX_TEMPLATE) | ESE_SCHEMA_INDEX_DERIVED;
    copy->row.lcmap_flags = 0;
    ESE_TRY(ese_schema__insert_row(at, &copy->row));
    if (!is_primary)
        ESE_TRY(ese_schema__insert_object(at, &copy->row));
    if (copy->row.flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT)
        ESE_TRY(ese_schema__count_locale(at, &copy->row));
out:
    ese_free(&copy);
    return err;
}

static JET_ERR
create_table(creation *make)
{
    ese_schema *schema = make->at.schema;
    ese_btree_plan plan = {.parent = DATABASE_ROOT, .is_unique = true};
    JET_ERR err;

    ESE_TRY(open_base(make));
    make->objid = plan.objid = ese_btree_next_objid(schema->db);
    plan.density = make->density;
    plan.n_pages = ese_schema__initial_pages(schema, make->what->n_pages, &make->what->hints);
    ESE_TRY(ese_btree_create(make->at.session, schema->db, &plan, &make->tree));
    err = insert_table_row(make);
    if (err == JET_errKeyDuplicate)
        err = ese_raise(JET_errTableDuplicate, "there is a table '%s'", make->what->name);
    ESE_TRY(err);
    for (unsigned i = 0; make->base != NULL && i < make->base->n_indexes; i++)
        ESE_TRY(inherit_index(make, &make->base->indexes[i]));
    ESE_TRY(ese_schema__publish_new(make->at.session, schema, make->objid));
out:
    ese_schema_table_release(schema, &make->base);
    return err;
}

JET_ERR
ese_schema_create_table(ese_txn_session *session, ese_schema *schema,
                        const ese_schema_new_table *what, ese_schema_table **table_out)
{
    creation make = {.what = what, .at = {session, schema, ESE_BTREE_VERSIONED}};
    ese_schema_table *table = NULL;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema__name_make(what->name, &make.name));
    ESE_TRY(ese_schema__density_make(what->density, &make.density));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = create_table(&make);
    if (err >= JET_errSuccess)
        err = ese_schema_table_open(schema, session, what->name, &table);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
    *table_out = table;
    table = NULL;
out:
    ese_schema_table_release(schema, &table);
    return err;
}

/* ---- Delete ---- */

/* What has to be known of a row to delete it. */
typedef struct doomed {
    uint16_t type;
    uint32_t id;
    uint32_t name_size;
    uint8_t name[UINT8_MAX];
} doomed;

static JET_ERR
note_row(const ese_schema__row *row, ese_growbuf *rows)
{
    doomed note = {.type = row->type, .id = row->id};

    if (row->name.size > sizeof note.name)
        return JET_errCatalogCorrupted;
    note.name_size = (uint32_t)row->name.size;
    memcpy(note.name, row->name.data, row->name.size);
    return ese_growbuf_append(rows, &note, sizeof note);
}

/* Rows are collected before any of them goes. */
static JET_ERR
collect_rows(const ese_schema__place *at, uint32_t objid, ese_growbuf *rows)
{
    ese_schema__source source;
    ese_schema__scan scan;
    ese_schema__row row;
    bool found = false;
    JET_ERR err;

    ese_schema__source_init(&source, at->schema, at->session, ESE_SCHEMA__CATALOG);
    ese_schema__scan_start(&scan, &source, objid);
    do {
        ESE_TRY(ese_schema__scan_next(&scan, &found, &row));
        if (found)
            ESE_TRY(note_row(&row, rows));
    } while (found);
out:
    ese_schema__scan_end(&scan);
    return err;
}

static JET_ERR
delete_row(const ese_schema__place *at, uint32_t objid, const doomed *note)
{
    const ese_schema__row row = {.objid_table = objid,
                                 .type = note->type,
                                 .id = note->id,
                                 .name = {note->name, note->name_size}};
    bool is_tree = note->type == ESE_SCHEMA__ROW_TABLE ||
                   note->type == ESE_SCHEMA__ROW_LONG_VALUE ||
                   (note->type == ESE_SCHEMA__ROW_INDEX && note->id != objid);
    JET_ERR err = ese_schema__delete_row(at, &row);

    if (err >= JET_errSuccess && is_tree)
        err = ese_schema__delete_object(at, note->id);
    return err;
}

/* The pages of a table include those of its indexes and long values. */
static JET_ERR
delete_table(const ese_schema__place *at, const ese_schema_table *table)
{
    ese_growbuf rows = ese_growbuf_make(ROWS_MAX * sizeof(doomed));
    ese_schema__change change = {0};
    JET_ERR err;

    ESE_TRY(ese_schema__change_begin(at->session, at->schema, table, &change));
    ESE_TRY(collect_rows(at, table->objid, &rows));
    for (size_t i = 0; i < rows.size; i += sizeof(doomed))
        ESE_TRY(delete_row(at, table->objid, (const doomed *)(const void *)(rows.data + i)));
    ESE_TRY(ese_btree_destroy(at->session, &table->tree));
    ESE_TRY(ese_schema__change_publish_deletion(&change));
out:
    ese_schema__change_end(&change);
    ese_growbuf_destroy(&rows);
    return err;
}

JET_ERR
ese_schema_delete_table(ese_txn_session *session, ese_schema *schema, const char *name)
{
    const ese_schema__place at = {session, schema, ESE_BTREE_VERSIONED};
    ese_schema_table *table = NULL;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = ese_schema_table_open(schema, session, name, &table);
    if (err >= JET_errSuccess && (table->flags & (uint32_t)ESE_SCHEMA_TABLE_SYSTEM))
        err = ese_raise(JET_errCannotDeleteSystemTable, "table '%s' belongs to the engine", name);
    if (err >= JET_errSuccess && (table->flags & ESE_SCHEMA_TABLE_TEMPLATE))
        err = ese_raise(JET_errCannotDeleteTemplateTable, "table '%s' is a template", name);
    if (err >= JET_errSuccess)
        err = delete_table(&at, table);
    ese_schema_table_release(schema, &table);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}

/* ---- Rename ---- */

static JET_ERR
rename_table(const ese_schema__place *at, const ese_schema_table *table,
             const ese_schema__name *new_name)
{
    const ese_schema__row wanted = {
        .objid_table = table->objid, .type = ESE_SCHEMA__ROW_TABLE, .id = table->objid};
    ese_schema__change change = {0};
    ese_schema__row_copy *copy = NULL;
    ese_schema__row by;
    JET_ERR err;

    if (table->flags & ((uint32_t)ESE_SCHEMA_TABLE_SYSTEM | ESE_SCHEMA_TABLE_TEMPLATE))
        return ese_raise(JET_errFixedDDL, "table '%s' keeps its name", table->name);
    ESE_TRY(ese_schema__change_begin(at->session, at->schema, table, &change));
    ESE_TRY(ese_alloc(sizeof *copy, &copy));
    ESE_TRY(ese_schema__read_row(at, &wanted, copy));
    by = copy->row;
    by.name = ese_schema__name_bytes(new_name);
    ESE_TRY(ese_schema__replace_row(at, &copy->row, &by));
    ESE_TRY(ese_schema__change_publish(&change));
out:
    ese_free(&copy);
    ese_schema__change_end(&change);
    return err;
}

JET_ERR
ese_schema_rename_table(ese_txn_session *session, ese_schema *schema, const char *name,
                        const char *new_name)
{
    const ese_schema__place at = {session, schema, ESE_BTREE_VERSIONED};
    ese_schema_table *table = NULL;
    ese_schema__name made;
    ese_txn_statement statement;
    JET_ERR err;

    ESE_TRY(ese_schema_check_name(name));
    ESE_TRY(ese_schema__name_make(new_name, &made));
    ESE_TRY(ese_txn_statement_enter(session, &statement));
    err = ese_schema_table_open(schema, session, name, &table);
    if (err >= JET_errSuccess)
        err = rename_table(&at, table, &made);
    ese_schema_table_release(schema, &table);
    ESE_TRY(ese_txn_statement_leave(session, &statement, err));
out:
    return err;
}
