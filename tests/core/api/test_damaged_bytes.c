/*
 * Every single byte of a small database, changed in turn. With the checksums left as they are the result is the right content or an error,
 * never anything else; with the checksum of the page made right again the damage reaches the decoders, and all that is asked is that they
 * report it or live with it.
 *
 * The quick form takes a sample of the bytes; ESE_TEST_LONG=1 takes all, ESE_TEST_LONG=7 every seventh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ese.h"
#include "test_db.h"
#include "test_fixture.h"
#include "test_image.h"
#include "test_reader.h"

enum { CACHE_BYTES = 8 << 20, QUICK_STRIDE = 199 };

typedef struct right_facts {
    uint64_t *facts;
    size_t n, capacity;
    size_t n_wrong; /* of the reading at work */
} right_facts;

static void
collect(void *self, uint64_t fact)
{
    right_facts *right = self;

    if (right->n == right->capacity) {
        right->capacity = right->capacity == 0 ? 1024 : 2 * right->capacity;
        right->facts = realloc(right->facts, right->capacity * sizeof *right->facts);
        assert_non_null(right->facts);
    }
    right->facts[right->n++] = fact;
}

static int
compare_facts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void
compare(void *self, uint64_t fact)
{
    right_facts *right = self;

    right->n_wrong += bsearch(&fact, right->facts, right->n, sizeof fact, compare_facts) == NULL;
}

typedef struct campaign {
    test_image image;
    test_reader reader;
    right_facts right;
    size_t n_readings, n_refused, n_partial, n_whole;
} campaign;

/* ---- one reading ---- */

static const char *
mode_of(JET_GRBIT grbit)
{
    return grbit & ESE_bitDbReadDamaged ? "damaged" : "normal";
}

static void
read_once(campaign *c, size_t at, JET_GRBIT grbit)
{
    int64_t live = ese_alloc_live();
    JET_ERR err = test_reader_read(&c->reader, c->image.path, grbit);

    c->n_readings++;
    c->n_refused += err < 0;
    c->n_partial += err >= 0 && c->reader.n_errors + c->reader.n_problems != 0;
    c->n_whole += err >= 0 && c->reader.n_errors + c->reader.n_problems == 0;
    if (c->reader.n_strange != 0)
        fail_msg("byte %zu = %u, %s: %s", at, c->image.bytes[at], mode_of(grbit),
                 c->reader.strange_text);
    if (ese_alloc_live() > live + 64) /* the cache may keep tables and slabs */
        fail_msg("byte %zu = %u, %s: memory is left behind", at, c->image.bytes[at],
                 mode_of(grbit));
}

/* What is told is right, and what is left out is told to be. */
static void
read_and_compare(campaign *c, size_t at, JET_GRBIT grbit)
{
    c->right.n_wrong = 0;
    read_once(c, at, grbit);
    if (c->right.n_wrong != 0)
        fail_msg("byte %zu = %u, %s: %zu wrong facts", at, c->image.bytes[at], mode_of(grbit),
                 c->right.n_wrong);
    if (c->reader.n_facts != c->right.n && c->reader.n_errors + c->reader.n_problems == 0)
        fail_msg("byte %zu = %u, %s: %zu facts of %zu, and no word about it", at,
                 c->image.bytes[at], mode_of(grbit), c->reader.n_facts, c->right.n);
}

/* ---- all of them ---- */

static int
set_up(void **state)
{
    static campaign c;
    const char *fixture = test_fixture("small-4k.edb");

    *state = NULL;
    memset(&c, 0, sizeof c);
    if (fixture == NULL)
        return 0;
    if (!test_image_open(&c.image, fixture) || !test_reader_begin(&c.reader, CACHE_BYTES))
        return -1;
    c.reader.self = &c.right;
    c.reader.fact = collect;
    if (test_reader_read(&c.reader, c.image.path, 0) < 0 || c.reader.n_errors != 0)
        return -1;
    qsort(c.right.facts, c.right.n, sizeof *c.right.facts, compare_facts);
    *state = &c;
    return 0;
}

static int
tear_down(void **state)
{
    campaign *c = *state;

    if (c == NULL)
        return 0;
    printf("%zu readings: %zu refused, %zu in part, %zu whole; %zu facts\n", c->n_readings,
           c->n_refused, c->n_partial, c->n_whole, c->right.n);
    test_reader_end(&c->reader);
    test_image_close(&c->image);
    free(c->right.facts);
    return 0;
}

static size_t
stride(void)
{
    const char *wish = getenv("ESE_TEST_LONG");
    size_t n = wish != NULL ? strtoul(wish, NULL, 10) : QUICK_STRIDE;

    return n != 0 ? n : 1;
}

/* A page that was never written has nothing that could be decoded. */
static bool
is_in_use(const campaign *c, size_t at)
{
    const uint8_t *page = c->image.bytes + at / c->image.page_size * c->image.page_size;

    return ese_load_le32(page + 36) != 0;
}

static void
test_api_damage__one_wrong_byte_gives_the_right_content_or_an_error(void **state)
{
    campaign *c = *state;
    uint32_t seed = 7;

    if (c == NULL)
        skip();
    c->reader.fact = compare;
    for (size_t at = 0; at < c->image.size; at += stride()) {
        uint8_t before = c->image.bytes[at];

        c->image.bytes[at] ^= (uint8_t)(1 + test_random(&seed) % 255);
        test_image_write(&c->image, at, 1);
        read_and_compare(c, at, 0);
        read_and_compare(c, at, ESE_bitDbReadDamaged);
        c->image.bytes[at] = before;
        test_image_write(&c->image, at, 1);
    }
}

static void
test_api_damage__one_wrong_byte_under_a_right_checksum_is_survived(void **state)
{
    campaign *c = *state;
    uint32_t seed = 11;

    if (c == NULL)
        skip();
    c->reader.fact = NULL;
    for (size_t at = 0; at < c->image.size; at += stride()) {
        uint8_t before = c->image.bytes[at];

        if (!is_in_use(c, at))
            continue;
        c->image.bytes[at] ^= (uint8_t)(1 + test_random(&seed) % 255);
        test_image_seal(&c->image, at);
        read_once(c, at, 0);
        read_once(c, at, ESE_bitDbReadDamaged);
        c->image.bytes[at] = before;
        test_image_seal(&c->image, at);
    }
}

#define DAMAGE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(test_api_damage__one_wrong_byte_gives_the_right_content_or_an_error),
        DAMAGE_TEST(test_api_damage__one_wrong_byte_under_a_right_checksum_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
