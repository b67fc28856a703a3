/* What every row must hold. */
#include "workload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const table_names[N_TABLES] = {"rows", "plain", "derived"};
const char *const column_names[N_COLUMNS] = {"number",  "grade", "unique", "name",
                                             "unicode", "data",  "tags",   "labels",
                                             "memo",    "story", "blob"};
const char *const counter_names[N_COUNTERS] = {"serial", "changes", "balance"};

void
fail(const worker *w, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "seed %llu, thread %u, operation %llu: ", (unsigned long long)w->options->seed,
            w->number, (unsigned long long)w->n_operations);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void
must(const worker *w, JET_ERR err, const char *call)
{
    if (err < JET_errSuccess)
        fail(w, "%s: %d", call, (int)err);
}

/* ---- random numbers: splitmix64 */

uint64_t
mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint32_t
below(worker *w, uint32_t n)
{
    w->random = mix(w->random);
    return (uint32_t)(w->random >> 32) % n;
}

/* ---- rows */

bool
has_column(table_number table, column_number column)
{
    switch (table) {
    case ROWS: return true;
    case PLAIN: return column <= DATA;
    default: return column != UNICODE && column != LABELS && column != STORY;
    }
}

int32_t
id_of(const worker *w, uint32_t number)
{
    return (int32_t)(number * w->options->n_threads + w->number);
}

row *
row_of(const worker *w, table_number table, uint32_t number)
{
    return &w->rows[table][number];
}

row *
touch(worker *w, table_number table, uint32_t number)
{
    row *r = row_of(w, table, number);

    if (w->n_undo == w->undo_capacity) {
        w->undo_capacity = w->undo_capacity == 0 ? 256 : 2 * w->undo_capacity;
        w->undo = realloc(w->undo, w->undo_capacity * sizeof *w->undo);
        if (w->undo == NULL)
            fail(w, "out of memory");
    }
    w->undo[w->n_undo++] = (saved){table, number, *r};
    return r;
}

void
undo_to(worker *w, size_t n)
{
    while (w->n_undo > n) {
        const saved *s = &w->undo[--w->n_undo];

        *row_of(w, s->table, s->number) = s->before;
    }
}

/* ---- values */

/* The same for the same (row, column, version). */
static uint64_t
seed_of(const worker *w, const row *r, column_number column)
{
    const cell *c = &r->cells[column];

    return mix(((uint64_t)c->origin << 32 | c->version) ^ mix(column + w->options->seed));
}

static size_t
make_text(uint64_t seed, uint8_t *to, size_t n)
{
    static const char letters[] = "etaoin shrdlucmfwypvbgkjqxzETAOIN";

    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            seed = mix(seed);
        to[i] = (uint8_t)letters[(seed >> i % 8 * 8 & 0xff) % (sizeof letters - 1)];
    }
    return n;
}

/* Text without a blank in front or behind, which a key does not tell from nothing. */
static size_t
make_word(uint64_t seed, uint8_t *to, size_t n)
{
    make_text(seed, to, n);
    for (size_t i = 0; i < n; i++) {
        if (to[i] == ' ')
            to[i] = '_';
    }
    return n;
}

static size_t
widen(uint8_t *text, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        text[2 * i] = text[i];
        text[2 * i + 1] = 0;
    }
    return 2 * n;
}

static size_t
make_bytes(uint64_t seed, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = mix(seed + i);

        memcpy(to + i, &word, n - i < 8 ? n - i : 8);
    }
    return n;
}

static size_t
size_of_long(uint64_t seed)
{
    switch (seed % 16) {
    case 0: return 0;
    case 1: return 2000 + seed / 16 % 9000;
    case 2: return seed / 16 % 50 == 0 ? seed / 800 % 150000 : 5000;
    case 3:
    case 4: return 900 + seed / 16 % 400;
    default: return 1 + seed / 16 % 120;
    }
}

void
make_edit(const edit *change, uint8_t *to)
{
    make_bytes(mix(change->version), to, change->size);
}

static size_t
make_blob(const row *r, uint64_t seed, uint8_t *to)
{
    size_t size = make_bytes(seed, to, size_of_long(seed));

    for (uint32_t i = 0; i < r->n_edits; i++) {
        const edit *change = &r->edits[i];
        size_t end = change->at + change->size;

        if (size < end || change->size == 0) {
            if (end > size)
                memset(to + size, 0, end - size);
            size = end;
        }
        make_edit(change, to + change->at);
    }
    return size;
}

static size_t
make_integer(int64_t value, size_t size, uint8_t *to)
{
    memcpy(to, &value, size);
    return size;
}

bool
make_value(const worker *w, const row *r, column_number column, uint8_t *to, size_t *size_out)
{
    uint64_t seed = seed_of(w, r, column);
    bool is_rare = (seed >> 32 & 7) == 0, is_frequent = (seed >> 40 & 3) == 0;

    switch (column) {
    case NUMBER: *size_out = make_integer((int64_t)(seed % 2000) - 1000, 4, to); return !is_rare;
    case GRADE: /* version 0: never set */
        *size_out = make_integer(
            r->cells[column].version == 0 ? DEFAULT_GRADE : (int64_t)(seed % 100), 4, to);
        return r->cells[column].version == 0 || !is_rare;
    case UNIQUE:
        *size_out = make_integer(
            (int64_t)((uint64_t)r->cells[column].origin << 20 | (seed & 0xfffff)), 8, to);
        return true;
    case NAME: *size_out = make_text(seed, to, 1 + seed % 40); return !is_frequent;
    case UNICODE: *size_out = widen(to, make_text(seed, to, 1 + seed % 30)); return true;
    case DATA: *size_out = make_bytes(seed, to, seed % 60); return !is_frequent;
    case MEMO: *size_out = make_text(seed, to, size_of_long(seed)); return !is_frequent;
    case STORY:
        *size_out = widen(to, make_text(seed, to, size_of_long(seed) / 2));
        return !is_frequent;
    default: *size_out = make_blob(r, seed, to); return !is_frequent || r->n_edits > 0;
    }
}

unsigned
count_values(const worker *w, const row *r, column_number column)
{
    return (unsigned)(seed_of(w, r, column) % (column == TAGS ? VALUES_MAX + 1 : VALUES_MAX - 1));
}

size_t
make_one(const worker *w, const row *r, column_number column, unsigned i, uint8_t *to)
{
    uint64_t seed = mix(seed_of(w, r, column) + i);

    if (column == TAGS)
        return make_integer((int64_t)(seed % 500 * VALUES_MAX + i), 4, to);
    to[0] = (uint8_t)('a' + i);
    return 1 + make_word(seed, to + 1, 1 + seed % 25);
}
