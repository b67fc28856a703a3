/*
 * The schemas of databases that the original engine wrote, told as lines of JSON: they equal, character by character, those that it told
 * itself.
 */
#define _POSIX_C_SOURCE 200809L

#include "schema_test.h"
#include "test_corpus.h"

#include <stdlib.h>

enum { LINE_MAX = 1 << 20 };

/* ---- One line ---- */

typedef struct text {
    char *bytes;
    size_t size;
} text;

static void say(text *to, const char *format, ...) ESE_PRINTF(2, 3);

static void
say(text *to, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(to->bytes + to->size, LINE_MAX - to->size, format, arguments);
    va_end(arguments);
    assert_true(n >= 0 && to->size + (size_t)n < LINE_MAX);
    to->size += (size_t)n;
}

/* Text of a column as a JSON string in ASCII. Only characters of one UTF-16 unit occur. */
static void
say_text(text *to, ese_bytes value, bool is_unicode)
{
    size_t width = is_unicode ? 2 : 1;

    say(to, "\"");
    for (size_t i = 0; i + width <= value.size; i += width) {
        unsigned unit = is_unicode ? ese_load_le16(value.data + i) : value.data[i];

        say(to, unit < 0x80 ? "%c" : "\\u%04x", unit);
    }
    say(to, "\"");
}

static void
say_default(text *to, const ese_schema_column *column)
{
    ese_bytes value = column->default_value;
    double number;

    if (!(column->flags & ESE_SCHEMA_DEFAULT))
        return;
    say(to, ",\"default\":");
    if (column->coltyp == JET_coltypIEEEDouble) {
        memcpy(&number, value.data, sizeof number);
        say(to, "{\"double\":\"%a\"}", number);
    } else if (column->coltyp == JET_coltypLong) {
        say(to, "%d", (int)ese_load_le32(value.data));
    } else {
        say_text(to, value, column->code_page == 1200);
    }
}

static void
say_column(text *to, const ese_schema_column *column)
{
    say(to, "{\"name\":\"%s\",\"id\":%u,\"coltyp\":%u,\"cp\":%u,\"cbmax\":%u,\"grbit\":%u",
        column->name, (unsigned)column->columnid, column->coltyp, column->code_page,
        (unsigned)column->size_max, (unsigned)ese_schema_column_grbit(column));
    say_default(to, column);
    say(to, "}");
}

/* Details beyond the key. */
static void
say_details(text *to, const ese_schema_index *index)
{
    bool is_localized = (index->flags & ESE_SCHEMA_INDEX_LOCALIZED_TEXT) != 0;

    say(to, ",\"density\":%u,\"cbkeymost\":%u", (unsigned)index->density, index->rules.key_most);
    if (index->is_tuple)
        say(to, ",\"tuple\":[%u,%u,%u,%u,%u]", (unsigned)index->tuple.length_min,
            (unsigned)index->tuple.length_max, (unsigned)index->tuple.to_index_max,
            (unsigned)index->tuple.increment, (unsigned)index->tuple.start);
    else
        say(to, ",\"varsegmac\":%u", index->rules.var_seg_mac);
    say(to, ",\"locale\":\"%s\",\"lcmapflags\":%u", index->locale,
        is_localized ? (unsigned)index->rules.lcmap_flags : 0);
    for (unsigned i = 0; i < index->n_conditions; i++)
        say(to, "%s{\"column\":\"%s\",\"must_be\":\"%s\"}", i == 0 ? ",\"conditional\":[" : ",",
            index->conditions[i].column->name,
            index->conditions[i].must_be_null ? "null" : "nonnull");
    say(to, index->n_conditions != 0 ? "]" : "");
}

static void
say_index(text *to, const ese_schema_index *index, bool is_of_derived)
{
    say(to, "{\"name\":\"%s\",\"grbit\":%u,\"key\":[", index->name,
        (unsigned)ese_schema_index_grbit(index));
    for (unsigned i = 0; i < index->n_segments; i++)
        say(to, "%s\"%c%s\"", i == 0 ? "" : ",", index->segments[i].is_descending ? '-' : '+',
            index->segments[i].column->name);
    say(to, "]");
    if (!is_of_derived)
        say_details(to, index);
    say(to, "}");
}

static void
say_table(text *to, const ese_schema_table *table)
{
    to->size = 0;
    say(to, "{\"table\":\"%s\"", table->name);
    if (table->template_table != NULL)
        say(to, ",\"template\":\"%s\"", table->template_table->name);
    say(to, ",\"columns\":[");
    for (unsigned i = 0; i < table->n_columns; i++) {
        say(to, i == 0 ? "" : ",");
        say_column(to, &table->columns[i]);
    }
    say(to, "],\"indexes\":[");
    for (unsigned i = 0; i < table->n_indexes; i++) {
        say(to, i == 0 ? "" : ",");
        say_index(to, &table->indexes[i], table->template_table != NULL);
    }
    say(to, "]}\n");
}

/* ---- One database ---- */

typedef struct comparison {
    const test_schema *test;
    FILE *expected;
    text line;
    char *wanted;
    const char *database;
    unsigned n;
} comparison;

static unsigned n_tables;

static void
expect_line(comparison *c)
{
    size_t at = 0;

    if (fgets(c->wanted, LINE_MAX, c->expected) == NULL)
        fail_msg("%s: more tables than expected: %.200s", c->database, c->line.bytes);
    while (c->line.bytes[at] == c->wanted[at] && c->line.bytes[at] != '\0')
        at++;
    if (c->line.bytes[at] != c->wanted[at])
        fail_msg("%s: %.60s...: %.120s, not %.120s", c->database, c->wanted,
                 c->line.bytes + (at < 40 ? 0 : at - 40), c->wanted + (at < 40 ? 0 : at - 40));
}

static JET_ERR
compare_table(void *self, const ese_schema_object *object)
{
    comparison *c = self;
    ese_schema_table *table;

    if ((object->flags & (uint32_t)ESE_SCHEMA_TABLE_SYSTEM) != 0)
        return JET_errSuccess;
    table = open_descriptor(c->test, object->name);
    say_table(&c->line, table);
    ese_schema_table_release(c->test->schema, &table);
    expect_line(c);
    n_tables++;
    return JET_errSuccess;
}

static FILE *
open_expected(const char *set)
{
    const char *shared = getenv("ESE_SHARED");
    char command[1200];

    if (shared != NULL)
        snprintf(command, sizeof command, "gzip -dc '%s/corpus/golden/%s/schema.jsonl.gz'", shared,
                 set);
    else
        snprintf(command, sizeof command,
                 "gzip -dc '%s/../shared/corpus/golden/%s/schema.jsonl.gz'", ESE_TEST_SOURCE_DIR,
                 set);
    return popen(command, "r");
}

static void
compare_database(const char *path, const char *name)
{
    const char *slash = strchr(name, '/');
    char set[100];
    test_schema test;
    comparison c = {.test = &test, .database = name};

    if (slash == NULL || strcmp(slash, "/data.edb.gz") != 0)
        return;
    snprintf(set, sizeof set, "%.*s", (int)(slash - name), name);
    c.expected = open_expected(set);
    c.line.bytes = malloc(LINE_MAX);
    c.wanted = malloc(LINE_MAX);
    assert_true(c.expected != NULL && c.line.bytes != NULL && c.wanted != NULL);
    test = open_schema(path);
    TEST_OK(ese_schema_list(test.schema, NULL, &c, compare_table));
    assert_null(fgets(c.wanted, LINE_MAX, c.expected));
    close_schema(&test);
    free(c.line.bytes);
    free(c.wanted);
    assert_int_equal(pclose(c.expected), 0);
}

static void
test_schema_golden__equals_what_the_original_engine_told(void **state)
{
    (void)state;
    if (test_corpus_each(compare_database))
        assert_true(n_tables > 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_golden__equals_what_the_original_engine_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
