/* What every row must hold, after each commit. */
#define _DEFAULT_SOURCE 1

#include "crash.h"

#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A long value of a row, of which older states of the model may still know. */
struct block {
    struct block *next;
    uint8_t bytes[];
};

const char *context = "";
int failure_status;
jmp_buf *failure_jump;

void
fail(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", context);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* Of calls that fail because the disk has, or has no room; then there is still enough of it for what was done to be taken back. */
static bool
is_of_disk(JET_ERR err)
{
    return err == JET_errInstanceUnavailable || err == JET_errLogWriteFail ||
           err == JET_errDiskIO || err == JET_errDiskFull || err == JET_errLogDiskFull ||
           err == JET_errDirtyShutdown ||
           (err == JET_errRollbackError && !ese_fault_is_armed(ESE_FAULT_POINT_DISK_FULL));
}

void
must(JET_ERR err, const char *call, const char *file, int line)
{
    const char *name = strrchr(file, '/');
    char text[512] = "";

    if (err >= JET_errSuccess)
        return;
    if (failure_status != 0 && is_of_disk(err))
        _exit(failure_status);
    if (failure_jump != NULL && is_of_disk(err))
        longjmp(*failure_jump, 1);
    JetGetSystemParameter(JET_instanceNil, JET_sesidNil, JET_paramErrorToString,
                          (JET_API_PTR *)&err, text, sizeof text);
    fail("%s:%d: %s: %d %s", name != NULL ? name + 1 : file, line, call, (int)err, text);
}

void *
reserve(void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    *room = *room == 0 ? 64 : 2 * *room;
    items = realloc(items, *room * size);
    if (items == NULL)
        fail("out of memory");
    return items;
}

uint8_t *
keep_bytes(actor *a, size_t n)
{
    block *b = malloc(sizeof *b + n);

    if (b == NULL)
        fail("out of memory");
    b->next = a->blocks;
    a->blocks = b;
    return b->bytes;
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
below(actor *a, uint32_t n)
{
    a->random = mix(a->random);
    return (uint32_t)(a->random >> 32) % n;
}

/* ---- the whole */

void
database_path(const settings *options, unsigned database, char *to)
{
    snprintf(to, PATH_SIZE, "%s/data/base%u.edb", options->folder, database);
}

void
start_model(world *w, const settings *options)
{
    memset(w, 0, sizeof *w);
    w->options = options;
    for (uint32_t i = 0; i < options->n_actors; i++) {
        actor *a = &w->actors[i];

        a->world = w;
        a->number = i;
        a->random = mix(options->seed * 1000 + i);
        for (unsigned d = 0; d < N_DATABASES; d++) {
            a->rows[d] = calloc(options->n_rows, sizeof *a->rows[d]);
            if (a->rows[d] == NULL)
                fail("out of memory");
        }
        a->history = reserve(NULL, 0, &a->history_room, sizeof *a->history);
        a->history[0] = (past){0};
    }
}

void
free_model(world *w)
{
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        actor *a = &w->actors[i];

        for (unsigned d = 0; d < N_DATABASES; d++)
            free(a->rows[d]);
        free(a->undo);
        free(a->history);
        free(a->footprints);
        while (a->blocks != NULL) {
            block *next = a->blocks->next;

            free(a->blocks);
            a->blocks = next;
        }
    }
}

/* ---- values */

int32_t
id_of(const actor *a, uint32_t number)
{
    return (int32_t)(number * a->world->options->n_actors + a->number);
}

void
make_values(const actor *a, const row *r, uint32_t number, values *to)
{
    uint64_t seed = mix(r->version);

    to->id = id_of(a, number);
    to->number = (int32_t)(seed % 50);
    to->balance = r->balance;
    to->n_tags = (uint32_t)(seed >> 8) % (TAGS_MAX + 1);
    for (uint32_t i = 0; i < to->n_tags; i++)
        to->tags[i] = (int32_t)((seed >> 16) % 30 + 7 * i);
    to->name_size = 1 + (uint32_t)(seed >> 24) % (NAME_MAX_SIZE - 1);
    for (uint32_t i = 0; i < to->name_size; i++)
        to->name[i] = (uint8_t)('a' + (mix(seed + i) % (i < 3 ? 3 : 26)));
    to->story = r->story;
    to->story_size = r->story_size;
}

static uint64_t
absorb(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;

    for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t), at += sizeof(uint64_t)) {
        uint64_t part;

        memcpy(&part, at, sizeof part);
        hash = mix(hash ^ part);
    }
    for (; n > 0; n--)
        hash = mix(hash ^ *at++);
    return hash;
}

/* Never 0. */
uint64_t
hash_values(const values *v)
{
    uint64_t hash = absorb(1, &v->id, sizeof v->id);

    hash = absorb(hash, &v->number, sizeof v->number);
    hash = absorb(hash, &v->balance, sizeof v->balance);
    hash = absorb(mix(hash + v->n_tags), v->tags, v->n_tags * sizeof v->tags[0]);
    hash = absorb(mix(hash + v->name_size), v->name, v->name_size);
    hash = absorb(mix(hash + v->story_size), v->story, v->story_size);
    return hash | 1;
}

int32_t
own_value(const own_table *t, uint32_t i)
{
    return (int32_t)(mix(t->version + (uint64_t)i * 7919) % 1000);
}

uint64_t
hash_own_value(uint64_t hash, int32_t value)
{
    return absorb(hash, &value, sizeof value);
}

uint64_t
hash_own_rows(const own_table *t, uint64_t rows)
{
    return mix(rows + mix(t->n_rows * 4 + t->has_index * 2 + t->has_column)) | 1;
}

static uint64_t
hash_own(const own_table *t)
{
    uint64_t hash = 0;

    if (!t->exists)
        return 0;
    for (uint32_t i = 0; i < t->n_rows; i++)
        hash = hash_own_value(hash, own_value(t, i));
    return hash_own_rows(t, hash);
}

uint64_t
hash_schema(bool has_schema, bool has_later)
{
    return has_schema ? mix(has_later ? 77 : 78) : 0;
}

/* ---- changes */

static saved *
save(actor *a, unsigned database, uint32_t number)
{
    a->undo = reserve(a->undo, a->n_undo, &a->undo_room, sizeof *a->undo);
    a->undo[a->n_undo] = (saved){.database = database, .number = number};
    return &a->undo[a->n_undo++];
}

row *
touch_row(actor *a, unsigned database, uint32_t number)
{
    row *r = &a->rows[database][number];

    save(a, database, number)->row_before = *r;
    return r;
}

own_table *
touch_own(actor *a, unsigned database, uint32_t number)
{
    own_table *t = &a->owns[database][number];
    saved *s = save(a, database, number);

    s->is_own = true;
    s->own_before = *t;
    return t;
}

uint64_t
weigh(uint64_t key, uint64_t hash)
{
    return hash == 0 ? 0 : mix(hash ^ mix(key));
}

uint64_t
row_key(const actor *a, uint32_t number)
{
    return (uint64_t)id_of(a, number);
}

uint64_t
own_key(const actor *a, uint32_t number)
{
    return OWN_KEYS + a->number * N_OWN + number;
}

void
settle_row(actor *a, unsigned database, uint32_t number)
{
    row *r = &a->rows[database][number];
    values v;

    a->digests[database] -= weigh(row_key(a, number), r->hash);
    make_values(a, r, number, &v);
    r->hash = r->exists ? hash_values(&v) : 0;
    a->digests[database] += weigh(row_key(a, number), r->hash);
}

void
settle_own(actor *a, unsigned database, uint32_t number)
{
    own_table *t = &a->owns[database][number];

    a->digests[database] -= weigh(own_key(a, number), t->hash);
    t->hash = hash_own(t);
    a->digests[database] += weigh(own_key(a, number), t->hash);
}

void
settle_schema(actor *a, unsigned database, bool has_schema, bool has_later)
{
    a->digests[database] -= hash_schema(a->has_schema[database], a->has_later[database]);
    a->has_schema[database] = has_schema;
    a->has_later[database] = has_later;
    a->digests[database] += hash_schema(has_schema, has_later);
}

void
undo_to(actor *a, size_t n)
{
    while (a->n_undo > n) {
        const saved *s = &a->undo[--a->n_undo];
        uint64_t *digest = &a->digests[s->database];

        if (s->is_own) {
            own_table *t = &a->owns[s->database][s->number];

            *digest -= weigh(own_key(a, s->number), t->hash);
            *t = s->own_before;
            *digest += weigh(own_key(a, s->number), t->hash);
        } else {
            row *r = &a->rows[s->database][s->number];

            *digest -= weigh(row_key(a, s->number), r->hash);
            *r = s->row_before;
            *digest += weigh(row_key(a, s->number), r->hash);
        }
    }
}

void
enter_level(actor *a)
{
    a->level++;
    a->levels[a->level].n_undo = a->n_undo;
    memcpy(a->levels[a->level].added, a->added, sizeof a->added);
}

void
leave_level(actor *a, bool is_kept)
{
    if (!is_kept) {
        undo_to(a, a->levels[a->level].n_undo);
        memcpy(a->added, a->levels[a->level].added, sizeof a->added);
    }
    a->level--;
}

void
note_commit(actor *a)
{
    a->n_commits++;
    a->history = reserve(a->history, a->n_commits, &a->history_room, sizeof *a->history);
    memcpy(a->history[a->n_commits].digests, a->digests, sizeof a->digests);
    memcpy(a->history[a->n_commits].added, a->added, sizeof a->added);
    for (size_t i = 0; i < a->n_undo; i++) {
        const saved *s = &a->undo[i];
        footprint *f;

        a->footprints =
            reserve(a->footprints, a->n_footprints, &a->footprints_room, sizeof *a->footprints);
        f = &a->footprints[a->n_footprints++];
        f->n_commits = a->n_commits;
        f->database = s->database;
        f->key = s->is_own ? own_key(a, s->number) : row_key(a, s->number);
        f->hash =
            s->is_own ? a->owns[s->database][s->number].hash : a->rows[s->database][s->number].hash;
    }
    a->n_undo = 0;
}
