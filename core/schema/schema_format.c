/*
 * The catalog of a fresh database: catalog specification, section 7. The roots stand where every engine expects them; how the rows are spread over leaves follows
 * from how trees grow.
 */
#include "schema/schema_catalog.h"

enum {
    DENSITY = 80,
    DENSITY_OBJIDS = 100,
    DENSITY_LOCALES = 92,
    N_CATALOG_PAGES = 20,
    N_INDEX_PAGES = 3,
    OBJIDS_OBJID = 6,
    LOCALES_OBJID = 7,
    LAST_OBJID = LOCALES_OBJID,
    CODE_PAGE = 1252,
    LCMAP_DEFAULT = 0x30401,
    ALWAYS = ESE_SCHEMA_NOT_NULL,
    FLAGS_CATALOG = (int)0xc0000000u,
    FLAGS_OBJIDS = (int)0xc8000000u,
    FLAGS_LOCALES = (int)0x88000000u,
};

/* A column of a system table. */
typedef struct system_column {
    uint16_t id;
    uint8_t coltyp;
    uint8_t size;
    uint8_t flags;
    uint8_t offset; /* as stored */
    const char *name;
} system_column;

static const system_column catalog_columns[] = {
    {1, JET_coltypLong, 4, ALWAYS, 4, "ObjidTable"},
    {2, JET_coltypShort, 2, ALWAYS, 4, "Type"},
    {3, JET_coltypLong, 4, ALWAYS, 4, "Id"},
    {4, JET_coltypLong, 4, ALWAYS, 4, "ColtypOrPgnoFDP"},
    {5, JET_coltypLong, 4, ALWAYS, 4, "SpaceUsage"},
    {6, JET_coltypLong, 4, ALWAYS, 4, "Flags"},
    {7, JET_coltypLong, 4, ALWAYS, 4, "PagesOrLocale"},
    {8, JET_coltypBit, 1, 0, 4, "RootFlag"},
    {9, JET_coltypShort, 2, 0, 4, "RecordOffset"},
    {10, JET_coltypLong, 4, 0, 4, "LCMapFlags"},
    {11, JET_coltypUnsignedShort, 2, 0, 4, "KeyMost"},
    {12, JET_coltypLong, 4, 0, 4, "LVChunkMax"},
    {128, JET_coltypText, 255, ALWAYS, 0, "Name"},
    {129, JET_coltypBinary, 255, 0, 0, "Stats"},
    {130, JET_coltypText, 255, 0, 0, "TemplateTable"},
    {131, JET_coltypBinary, 255, 0, 0, "DefaultValue"},
    {132, JET_coltypBinary, 255, 0, 0, "KeyFldIDs"},
    {133, JET_coltypBinary, 255, 0, 0, "VarSegMac"},
    {134, JET_coltypBinary, 255, 0, 0, "ConditionalColumns"},
    {135, JET_coltypBinary, 255, 0, 0, "TupleLimits"},
    {136, JET_coltypBinary, 255, 0, 0, "Version"},
    {137, JET_coltypBinary, 255, 0, 0, "SortID"},
    {256, JET_coltypLongBinary, 0, 0, 0, "CallbackData"},
    {257, JET_coltypLongBinary, 0, 0, 0, "CallbackDependencies"},
    {258, JET_coltypLongBinary, 0, 0, 0, "SeparateLV"},
    {259, JET_coltypLongBinary, 0, 0, 0, "SpaceHints"},
    {260, JET_coltypLongBinary, 0, 0, 0, "SpaceDeferredLVHints"},
    {261, JET_coltypLongBinary, 0, 0, 0, "LocaleName"},
};

static const system_column objids_columns[] = {
    {256, JET_coltypLong, 4, 0, 0, "objid"},
    {257, JET_coltypLong, 4, 0, 0, "objidTable"},
    {258, JET_coltypShort, 2, 0, 0, "type"},
};

static const system_column locales_columns[] = {
    {1, JET_coltypUnsignedByte, 1, ALWAYS, 4, "Type"},
    {2, JET_coltypLong, 4, ESE_SCHEMA_DEFAULT | ESE_SCHEMA_ESCROW_UPDATE, 5, "iValue"},
    {128, JET_coltypBinary, 255, 0, 0, "Key"},
};

/* An index of a system table; `key` is KeyFldIDs. */
typedef struct system_index {
    uint32_t objid, root;
    uint32_t flags;
    const char *name;
    ese_bytes key;
} system_index;

typedef struct system_table {
    uint32_t objid, root, density, flags, n_pages;
    const char *name;
    const system_column *columns;
    unsigned n_columns;
    const system_index *indexes;
    unsigned n_indexes;
} system_table;

#define KEY(bytes)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(bytes), sizeof(bytes) - 1                                                \
    }
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const system_index catalog_indexes[] = {
    {ESE_SCHEMA__CATALOG_OBJID, ESE_SCHEMA__CATALOG_ROOT, 0x10031, "Id",
     KEY("\0\0\1\0\0\0\2\0\0\0\3\0")},
    {ESE_SCHEMA__NAME_OBJID, ESE_SCHEMA__NAME_ROOT, 0x10011, "Name",
     KEY("\0\0\1\0\0\0\2\0\0\0\x80\0")},
    {ESE_SCHEMA__ROOTS_OBJID, ESE_SCHEMA__ROOTS_ROOT, 0x10009, "RootObjects",
     KEY("\0\0\x08\0\0\0\x80\0")},
};

static const system_index shadow_indexes[] = {
    {ESE_SCHEMA__SHADOW_OBJID, ESE_SCHEMA__SHADOW_ROOT, 0x10031, "Id",
     KEY("\0\0\1\0\0\0\2\0\0\0\3\0")},
};

/* Rows of one table, with those of its columns and indexes. */
static JET_ERR
insert_table_row(const ese_schema__place *at, const system_table *table)
{
    const ese_schema__row row = {
        .objid_table = table->objid,
        .type = ESE_SCHEMA__ROW_TABLE,
        .id = table->objid,
        .coltyp_or_pgno = table->root,
        .space_usage = table->density,
        .flags = table->flags,
        .pages_or_locale = table->n_pages,
        .name = {(const uint8_t *)table->name, strlen(table->name)},
    };

    return ese_schema__insert_row(at, &row);
}

static JET_ERR
insert_column_row(const ese_schema__place *at, const system_table *table,
                  const system_column *column)
{
    static const uint8_t zero[4];
    bool is_text = column->coltyp == JET_coltypText;
    bool is_catalog = table->columns == catalog_columns;
    ese_schema__row row = {
        .objid_table = table->objid,
        .type = ESE_SCHEMA__ROW_COLUMN,
        .id = column->id,
        .coltyp_or_pgno = column->coltyp,
        .space_usage = column->size,
        .flags = column->flags,
        .pages_or_locale = is_catalog || is_text ? CODE_PAGE : 0,
        .record_offset = column->offset,
        .name = {(const uint8_t *)column->name, strlen(column->name)},
    };

    if (column->flags & ESE_SCHEMA_DEFAULT)
        row.default_value = (ese_bytes){zero, column->size};
    return ese_schema__insert_row(at, &row);
}

static JET_ERR
insert_index_row(const ese_schema__place *at, const system_table *table, const system_index *index)
{
    static const uint8_t locale[] = {'e', 0, 'n', 0, '-', 0, 'U', 0, 'S', 0};
    const ese_schema__row row = {
        .objid_table = table->objid,
        .type = ESE_SCHEMA__ROW_INDEX,
        .id = index->objid,
        .coltyp_or_pgno = index->root,
        .space_usage = table->density,
        .flags = index->flags,
        .lcmap_flags = LCMAP_DEFAULT,
        .name = {(const uint8_t *)index->name, strlen(index->name)},
        .key_columns = index->key,
        .locale = {locale, sizeof locale},
    };

    return ese_schema__insert_row(at, &row);
}

static JET_ERR
insert_table(const ese_schema__place *at, const system_table *table)
{
    JET_ERR err;

    ESE_TRY(insert_table_row(at, table));
    for (unsigned i = 0; i < table->n_columns; i++)
        ESE_TRY(insert_column_row(at, table, &table->columns[i]));
    for (unsigned i = 0; i < table->n_indexes; i++)
        ESE_TRY(insert_index_row(at, table, &table->indexes[i]));
out:
    return err;
}

/* Once the catalog says where the table of objects is. */
static JET_ERR
insert_objects(const ese_schema__place *at, const system_table *table)
{
    ese_schema__row row = {
        .objid_table = table->objid, .type = ESE_SCHEMA__ROW_TABLE, .id = table->objid};
    JET_ERR err = ese_schema__insert_object(at, &row);

    row.type = ESE_SCHEMA__ROW_INDEX;
    for (unsigned i = 0; i < table->n_indexes && err >= JET_errSuccess; i++) {
        row.id = table->indexes[i].objid;
        if (row.id != table->objid)
            err = ese_schema__insert_object(at, &row);
    }
    return err;
}

static JET_ERR
insert_versions(const ese_schema__place *at)
{
    static const struct {
        const char *key;
        uint8_t type, value;
    } versions[] = {
        {".Schema\\External\\Major", 1, 1},  {".Schema\\External\\Minor", 1, 0},
        {".Schema\\External\\Update", 1, 0}, {".Schema\\Internal\\Major", 1, 1},
        {".Schema\\Internal\\Minor", 1, 0},  {".Schema\\Internal\\Update", 1, 0},
        {"MSysLocalesConsistent", 2, 1},
    };
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < COUNT(versions) && err >= JET_errSuccess; i++)
        err = ese_schema__insert_locale_version(at, versions[i].key, versions[i].type,
                                                versions[i].value);
    return err;
}

/* ---- Trees ---- */

static JET_ERR
create_trees(ese_btree_db *db, uint32_t n_shadow_pages)
{
    const ese_pgno objids_root = ESE_SCHEMA__SHADOW_ROOT + n_shadow_pages;
    const struct {
        ese_btree_plan plan;
        ese_pgno root;
        bool is_multi;
    } trees[] = {
        {{1, ESE_SCHEMA__CATALOG_OBJID, 0, true, N_CATALOG_PAGES, DENSITY},
         ESE_SCHEMA__CATALOG_ROOT,
         true},
        {{ESE_SCHEMA__CATALOG_ROOT, ESE_SCHEMA__NAME_OBJID, ESE_PAGE_INDEX, true, N_INDEX_PAGES,
          DENSITY},
         ESE_SCHEMA__NAME_ROOT,
         true},
        {{ESE_SCHEMA__CATALOG_ROOT, ESE_SCHEMA__ROOTS_OBJID, ESE_PAGE_INDEX, true, N_INDEX_PAGES,
          DENSITY},
         ESE_SCHEMA__ROOTS_ROOT,
         true},
        {{1, ESE_SCHEMA__SHADOW_OBJID, 0, true, n_shadow_pages, DENSITY},
         ESE_SCHEMA__SHADOW_ROOT,
         true},
        {{1, OBJIDS_OBJID, 0, true, 1, DENSITY_OBJIDS}, objids_root, false},
        {{1, LOCALES_OBJID, 0, true, 1, DENSITY_LOCALES}, objids_root + 1, false},
    };
    ese_btree tree;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < COUNT(trees) && err >= JET_errSuccess; i++)
        err = ese_btree_create_at(db, &trees[i].plan, trees[i].root, trees[i].is_multi, &tree);
    return err;
}

/* ---- All of it ---- */

static JET_ERR
insert_all(const ese_schema__place *at, uint32_t n_shadow_pages)
{
    const ese_pgno objids_root = ESE_SCHEMA__SHADOW_ROOT + n_shadow_pages;
    const system_index objids_index = {OBJIDS_OBJID, objids_root, 0x1002f, "primary",
                                       KEY("\0\0\0\1")};
    const system_index locales_index = {LOCALES_OBJID, objids_root + 1, 0x1402f, "KeyPrimary",
                                        KEY("\0\0\x80\0")};
    const system_table tables[] = {
        {ESE_SCHEMA__CATALOG_OBJID, ESE_SCHEMA__CATALOG_ROOT, DENSITY, (uint32_t)FLAGS_CATALOG,
         N_CATALOG_PAGES, "MSysObjects", catalog_columns, COUNT(catalog_columns), catalog_indexes,
         COUNT(catalog_indexes)},
        {ESE_SCHEMA__SHADOW_OBJID, ESE_SCHEMA__SHADOW_ROOT, DENSITY, (uint32_t)FLAGS_CATALOG,
         n_shadow_pages, "MSysObjectsShadow", catalog_columns, COUNT(catalog_columns),
         shadow_indexes, COUNT(shadow_indexes)},
        {OBJIDS_OBJID, objids_root, DENSITY_OBJIDS, (uint32_t)FLAGS_OBJIDS, 0, "MSysObjids",
         objids_columns, COUNT(objids_columns), &objids_index, 1},
        {LOCALES_OBJID, objids_root + 1, DENSITY_LOCALES, (uint32_t)FLAGS_LOCALES, 0, "MSysLocales",
         locales_columns, COUNT(locales_columns), &locales_index, 1},
    };
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < COUNT(tables) && err >= JET_errSuccess; i++)
        err = insert_table(at, &tables[i]);
    for (unsigned i = 0; i < COUNT(tables) && err >= JET_errSuccess; i++)
        err = insert_objects(at, &tables[i]);
    return err < JET_errSuccess ? err : insert_versions(at);
}

JET_ERR
ese_schema_format(ese_btree_db *db, const ese_dbheader *header)
{
    ese_log_db *log_db = ese_btree_db_log(db);
    const uint32_t n_shadow_pages = ese_cache_page_size(log_db->file) < 4096 ? 6 : 5;
    ese_txn_session session;
    ese_schema *schema = NULL;
    ese_schema__place at = {.session = &session, .how = ESE_BTREE_UNVERSIONED};
    JET_ERR err;

    ese_txn_session_init(&session, NULL);
    ESE_TRY(create_trees(db, n_shadow_pages));
    ESE_TRY(ese_schema_open(log_db->file, db, header, NULL, &schema));
    at.schema = schema;
    ESE_TRY(insert_all(&at, n_shadow_pages));
    /* Relaxed: nobody else knows the database yet. */
    atomic_store_explicit(&log_db->objid_last, LAST_OBJID, memory_order_relaxed);
out:
    ese_schema_close(&schema);
    ese_txn_session_end(&session);
    return err;
}
