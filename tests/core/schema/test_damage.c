/*
 * Rows of the catalog that contradict themselves, in copies of fixtures whose checksums are right: the table cannot be opened, the text
 * names it, and the other tables can.
 */
#include "schema_test.h"

/* ---- Rows in the image ---- */

/* Places of fixed columns in a record of the catalog. */
enum {
    AT_TYPE = 8,
    AT_ID = 10,
    AT_COLTYP = 14,
    AT_USAGE = 18,
    AT_FLAGS = 22,
    AT_OFFSET = 31,
    AT_KEY_MOST = 37,
};

typedef struct row_place {
    int64_t pgno;
    uint8_t *record;
    size_t size;
    ese_schema__row row;
} row_place;

/* The first row that `is_wanted`, in the catalog itself. */
static bool
find_row(const test_image *image, uint32_t objid_table, ese_schema__row_type type, const char *name,
         row_place *place_out)
{
    int64_t n_pages = (int64_t)(image->size / image->page_size) - 2;

    for (int64_t pgno = 1; pgno <= n_pages; pgno++) {
        uint8_t *bytes = test_image_page(image, pgno);
        ese_page page = {bytes, image->page_size, (ese_pgno)pgno};

        if (ese_page_verify(&page) < JET_errSuccess ||
            ese_page_objid(&page) != ESE_SCHEMA__CATALOG_OBJID ||
            (ese_page_flags(&page) & (ESE_PAGE_LEAF | ESE_PAGE_INDEX | ESE_PAGE_SPACE)) !=
                ESE_PAGE_LEAF)
            continue;
        for (unsigned line = 0; line < ese_page_line_count(&page); line++) {
            ese_bytes data = ese_page_line(&page, line).data;
            row_place found = {
                .pgno = pgno, .record = bytes + (data.data - bytes), .size = data.size};

            TEST_OK(ese_schema__row_decode(data, image->page_size, &found.row));
            if (found.row.type == (uint16_t)type && found.row.name.size == strlen(name) &&
                memcmp(found.row.name.data, name, strlen(name)) == 0 &&
                (objid_table == 0 || found.row.objid_table == objid_table)) {
                *place_out = found;
                return true;
            }
        }
    }
    return false;
}

static row_place
place_of(const test_image *image, const char *table, ese_schema__row_type type, const char *name)
{
    row_place of_table, place;

    assert_true(find_row(image, 0, ESE_SCHEMA__ROW_TABLE, table, &of_table));
    if (type == ESE_SCHEMA__ROW_TABLE)
        return of_table;
    assert_true(find_row(image, of_table.row.objid_table, type, name, &place));
    return place;
}

/* ---- Opening ---- */

static void
expect_corrupted(const char *path, const char *table, const char *named, const char *reason)
{
    test_schema test = open_schema(path);
    ese_schema_table *opened = NULL;
    JET_ERR err = ese_schema_table_open(test.schema, NULL, table, &opened);

    if (err != JET_errCatalogCorrupted)
        fail_msg("%s: %d instead of a corrupted catalog (%s)", table, (int)err, reason);
    assert_null(opened);
    if (strstr(ese_err_text(err), named) == NULL || strstr(ese_err_text(err), reason) == NULL)
        fail_msg("'%s' lacks '%s' or '%s'", ese_err_text(err), named, reason);
    TEST_OK(ese_schema_table_open(test.schema, NULL, "MSysObjects", &opened));
    ese_schema_table_release(test.schema, &opened);
    close_schema(&test);
}

typedef struct change {
    const char *table;
    ese_schema__row_type type;
    const char *name;
    size_t at;
    unsigned n; /* bytes of the new value */
    uint32_t value;
    const char *reason;
} change;

static void
apply(test_image *image, const change *c)
{
    row_place place = place_of(image, c->table, c->type, c->name);

    for (unsigned i = 0; i < c->n; i++)
        place.record[c->at + i] = (uint8_t)(c->value >> 8 * i);
    test_image_seal_page(image, place.pgno);
}

static void
test_schema_open__refuses_rows_that_contradict_themselves(void **state)
{
    static const change changes[] = {
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_COLTYP, 4, 99, "unknown column type"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_COLTYP, 4, 13, "unknown column type"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_COLTYP, 4, 0xffffffff, "unknown column type"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_COLTYP, 4, JET_coltypLongBinary,
         "long column that is not tagged"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Text", AT_COLTYP, 4, JET_coltypLongText,
         "long column that is not tagged"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_ID, 4, 0, "column id out of range"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Text", AT_ID, 4, 0x10000, "column id out of range"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_ID, 4, 6, "two columns with the same id"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_OFFSET, 2, 3,
         "fixed column outside the record"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Long", AT_OFFSET, 2, 32767,
         "fixed column outside the record"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "FixedText", AT_USAGE, 4, 0,
         "fixed column outside the record"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "FixedText", AT_USAGE, 4, 256,
         "fixed column outside the record"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "DefaultLong", AT_COLTYP, 4, JET_coltypShort,
         "default value of the wrong size"},
        {"notes", ESE_SCHEMA__ROW_INDEX, "ByShortKey", AT_KEY_MOST, 2, 5000, "index"},
        {"types", ESE_SCHEMA__ROW_COLUMN, "Id", AT_COLTYP, 4, 0, "index"},
        {"notes", ESE_SCHEMA__ROW_COLUMN, "Name", AT_COLTYP, 4, 0, "index"},
        {"notes", ESE_SCHEMA__ROW_INDEX, "ByTag", AT_TYPE, 2, ESE_SCHEMA__ROW_COLUMN, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char named[40];
        test_image image;

        assert_true(test_image_open(&image, test_fixture("types-4k.edb")));
        apply(&image, &changes[i]);
        snprintf(named, sizeof named, "table '%s'", changes[i].table);
        expect_corrupted(image.path, changes[i].table, named, changes[i].reason);
        test_image_close(&image);
    }
}

static void
test_schema_open__leaves_out_deleted_columns(void **state)
{
    static const change delete = {"types", ESE_SCHEMA__ROW_COLUMN, "Currency", AT_COLTYP, 4, 0,
                                  NULL};
    test_image image;
    test_schema test;
    ese_schema_table *table;

    (void)state;
    assert_true(test_image_open(&image, test_fixture("types-4k.edb")));
    apply(&image, &delete);
    test = open_schema(image.path);
    table = open_descriptor(&test, "types");
    assert_null(ese_schema_find_column(table, 6));
    assert_null(ese_schema_find_column_name(table, "Currency"));
    assert_int_equal(ese_schema_find_column(table, 7)->offset, 24); /* the place stays empty */
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
    test_image_close(&image);
}

/* The name of the template, padded with NUL, in the row of a derived table. */
static void
set_template(test_image *image, const char *derived, const char *name)
{
    row_place place = place_of(image, derived, ESE_SCHEMA__ROW_TABLE, "");
    ese_bytes stored = place.row.template_or_callback;
    size_t at = (size_t)(stored.data - place.record);

    assert_int_equal(stored.size, strlen("template"));
    assert_true(strlen(name) <= stored.size);
    memset(place.record + at, 0, stored.size);
    memcpy(place.record + at, name, strlen(name));
    test_image_seal_page(image, place.pgno);
}

static void
test_schema_open__ends_when_templates_lead_to_each_other(void **state)
{
    static const char *const templates[][2] = {
        {"derived", "derived"},       /* its own template */
        {"derived-plain", "derived"}, /* a template that has one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        test_image image;

        assert_true(test_image_open(&image, test_fixture("templates-8k.edb")));
        set_template(&image, templates[i][0], templates[i][1]);
        expect_corrupted(image.path, templates[i][0], "table", "derived itself");
        test_image_close(&image);
    }
}

/* The same when the template is known already: whether a table opens does not depend on what was opened before. */
static void
test_schema_open__refuses_a_derived_template_that_is_open(void **state)
{
    test_image image;
    test_schema test;
    ese_schema_table *derived, *table = NULL;

    (void)state;
    assert_true(test_image_open(&image, test_fixture("templates-8k.edb")));
    set_template(&image, "derived-plain", "derived");
    test = open_schema(image.path);
    derived = open_descriptor(&test, "derived");
    assert_int_equal(ese_schema_table_open(test.schema, NULL, "derived-plain", &table),
                     JET_errCatalogCorrupted);
    assert_null(table);
    ese_schema_table_release(test.schema, &derived);
    close_schema(&test);
    test_image_close(&image);
}

static void
test_schema_open__needs_the_template_of_a_derived_table(void **state)
{
    test_image image;
    test_schema test;
    ese_schema_table *table = NULL;

    (void)state;
    assert_true(test_image_open(&image, test_fixture("templates-8k.edb")));
    set_template(&image, "derived", "missing");
    test = open_schema(image.path);
    assert_int_equal(ese_schema_table_open(test.schema, NULL, "derived", &table),
                     JET_errObjectNotFound);
    assert_null(table);
    table = open_descriptor(&test, "derived-plain");
    assert_string_equal(table->template_table->name, "template");
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
    test_image_close(&image);
}

/* What is stored beside it is for the program that computes it. */
static void
test_schema_open__takes_no_value_from_a_user_defined_default(void **state)
{
    static const change to_user_defined = {
        .table = "types",
        .type = ESE_SCHEMA__ROW_COLUMN,
        .name = "DefaultLong",
        .at = 22, /* the flags of a column */
        .n = 4,
        .value = ESE_SCHEMA_DEFAULT | ESE_SCHEMA_USER_DEFINED_DEFAULT,
    };
    const ese_schema_column *column;
    ese_schema_table *table;
    test_schema test;
    test_image image;

    (void)state;
    assert_true(test_image_open(&image, test_fixture("types-8k.edb")));
    apply(&image, &to_user_defined);
    test = open_schema(image.path);
    table = open_descriptor(&test, "types");
    column = ese_schema_find_column_name(table, "DefaultLong");
    assert_int_equal(column->flags, ESE_SCHEMA_USER_DEFINED_DEFAULT);
    assert_int_equal(column->default_value.size, 0);
    assert_true(ese_schema_column_grbit(column) & JET_bitColumnUserDefinedDefault);
    ese_schema_table_release(test.schema, &table);
    close_schema(&test);
    test_image_close(&image);
}

/* Whatever a byte of a row becomes, opening its table ends with a descriptor or an error. */
static void
test_schema_open__survives_every_byte_of_its_rows(void **state)
{
    static const uint8_t patterns[] = {0x00, 0x7f, 0x80, 0xff};
    static const char *const rows[][2] = {{"derived", NULL}, {"derived", "Colour"}};
    test_image image;

    (void)state;
    assert_true(test_image_open(&image, test_fixture("templates-8k.edb")));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        row_place place = place_of(
            &image, rows[i][0], rows[i][1] == NULL ? ESE_SCHEMA__ROW_TABLE : ESE_SCHEMA__ROW_COLUMN,
            rows[i][1]);

        for (size_t at = 0; at < place.size * sizeof patterns; at++) {
            uint8_t *byte = &place.record[at / sizeof patterns], before = *byte;
            ese_schema_table *table = NULL;
            test_schema test;
            JET_ERR err;

            *byte = patterns[at % sizeof patterns];
            test_image_seal_page(&image, place.pgno);
            test = open_schema(image.path);
            err = ese_schema_table_open(test.schema, NULL, "derived", &table);
            assert_true(err < JET_errSuccess || table->n_columns > 0);
            ese_schema_table_release(test.schema, &table);
            close_schema(&test);
            *byte = before;
        }
    }
    test_image_close(&image);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_open__refuses_rows_that_contradict_themselves),
        cmocka_unit_test(test_schema_open__leaves_out_deleted_columns),
        cmocka_unit_test(test_schema_open__ends_when_templates_lead_to_each_other),
        cmocka_unit_test(test_schema_open__refuses_a_derived_template_that_is_open),
        cmocka_unit_test(test_schema_open__takes_no_value_from_a_user_defined_default),
        cmocka_unit_test(test_schema_open__needs_the_template_of_a_derived_table),
        cmocka_unit_test(test_schema_open__survives_every_byte_of_its_rows),
    };

    return test_fixture("types-4k.edb") == NULL ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
