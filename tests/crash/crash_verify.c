/* Recovers what a crash has left, reads all of it, and compares. */
#define _DEFAULT_SOURCE 1

#include "crash.h"

#include "ese.h"
#include "maint/maint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_INDEXES = 4, INDEX_NUMBER = 0, INDEX_TAGS = 2, NAME_SIZE = 32, DIFFERENCES_MAX = 12 };

static const char *const index_names[N_INDEXES] = {"number", "name", "tags", "later"};

typedef struct reader {
    const expectation *e;
    found *f;
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    unsigned database;
    cursor c;
    uint64_t entries[N_INDEXES]; /* what the ids of all entries of an index sum up to */
    uint8_t story[2 * STORY_MAX_SIZE];
} reader;

/* Torn pages may be noticed anywhere. */
static void
require(const reader *r, JET_ERR err, const char *call)
{
    if (err >= JET_errSuccess)
        return;
    if (r->e->may_fail)
        _exit(0);
    must(err, call, "recovered", (int)r->database);
}

#define REQUIRE(call) require(r, (call), #call)

static void
add_entry(reader *r, unsigned owner, uint64_t key, uint64_t hash)
{
    found *f = r->f;

    f->digests[r->database][owner] += weigh(key, hash);
    f->entries = reserve(f->entries, f->n_entries, &f->entries_room, sizeof *f->entries);
    f->entries[f->n_entries++] = (found_entry){r->database, key, hash};
}

/* ---- rows */

static uint32_t
retrieve(const reader *r, JET_COLUMNID columnid, void *to, size_t n, uint32_t tag)
{
    JET_RETINFO info = {sizeof info, 0, tag, 0};
    uint32_t size = 0;
    JET_ERR err =
        JetRetrieveColumn(r->sesid, r->c.tableid, columnid, to, (uint32_t)n, &size, 0, &info);

    require(r, err, "JetRetrieveColumn");
    if (err != JET_errSuccess && err != JET_wrnColumnNull)
        fail("database %u: a column gives %d", r->database, (int)err);
    return err == JET_wrnColumnNull ? 0 : size;
}

static void
read_row(reader *r)
{
    uint32_t n_actors = r->e->world->options->n_actors;
    values v = {.story = r->story};

    retrieve(r, r->c.id, &v.id, sizeof v.id, 1);
    retrieve(r, r->c.number, &v.number, sizeof v.number, 1);
    retrieve(r, r->c.balance, &v.balance, sizeof v.balance, 1);
    v.name_size = retrieve(r, r->c.name, v.name, sizeof v.name, 1);
    while (v.n_tags < TAGS_MAX &&
           retrieve(r, r->c.tags, &v.tags[v.n_tags], sizeof v.tags[0], v.n_tags + 1) != 0)
        v.n_tags++;
    v.story_size = retrieve(r, r->c.story, r->story, sizeof r->story, 1);
    add_entry(r, (uint32_t)v.id % n_actors, (uint64_t)v.id, hash_values(&v));
    for (unsigned i = 0; i < N_INDEXES; i++)
        r->entries[i] += mix((uint64_t)v.id) * (i == INDEX_TAGS && v.n_tags > 1 ? v.n_tags : 1);
}

static void
read_rows(reader *r)
{
    JET_ERR err = JetMove(r->sesid, r->c.tableid, (int32_t)JET_MoveFirst, 0);

    memset(r->entries, 0, sizeof r->entries);
    while (err != JET_errNoCurrentRecord) {
        require(r, err, "JetMove");
        read_row(r);
        err = JetMove(r->sesid, r->c.tableid, JET_MoveNext, 0);
    }
}

/* False: there is no such index. */
static bool
read_index(reader *r, unsigned index)
{
    JET_ERR err = JetSetCurrentIndex(r->sesid, r->c.tableid, index_names[index]);
    uint64_t sum = 0;

    if (err == JET_errIndexNotFound && index == N_INDEXES - 1)
        return false;
    require(r, err, "JetSetCurrentIndex");
    err = JetMove(r->sesid, r->c.tableid, (int32_t)JET_MoveFirst, 0);
    while (err != JET_errNoCurrentRecord) {
        int32_t id = 0;

        require(r, err, "JetMove in an index");
        retrieve(r, r->c.id, &id, sizeof id, 1);
        sum += mix((uint64_t)id);
        err = JetMove(r->sesid, r->c.tableid, JET_MoveNext, 0);
    }
    if (sum != r->entries[index])
        fail("database %u: index \"%s\" has other entries than the table", r->database,
             index_names[index]);
    return true;
}

static void
read_shared(reader *r)
{
    JET_ERR err = JetOpenTable(r->sesid, r->dbid, "rows", NULL, 0, 0, &r->c.tableid);
    int32_t total = 0;
    bool has_later = false;
    uint32_t size = 0;

    if (err == JET_errObjectNotFound)
        return;
    require(r, err, "JetOpenTable");
    REQUIRE(JetCloseTable(r->sesid, r->c.tableid));
    if (!open_shared_tables(r->sesid, r->dbid, &r->c))
        fail("database %u: table \"rows\" is there and is not", r->database);
    read_rows(r);
    for (unsigned i = 0; i < N_INDEXES; i++)
        has_later = read_index(r, i);
    REQUIRE(JetMove(r->sesid, r->c.total, (int32_t)JET_MoveFirst, 0));
    REQUIRE(
        JetRetrieveColumn(r->sesid, r->c.total, r->c.sum, &total, sizeof total, &size, 0, NULL));
    r->f->totals[r->database] = total;
    r->f->digests[r->database][0] += hash_schema(true, has_later);
    REQUIRE(JetCloseTable(r->sesid, r->c.tableid));
    REQUIRE(JetCloseTable(r->sesid, r->c.total));
}

/* ---- tables of actors */

/* The hash of a table's rows in their order. */
static uint64_t
read_values(reader *r, JET_TABLEID tableid, own_table *t, bool is_index)
{
    JET_COLUMNID columnid = find_column(r->sesid, tableid, "value");
    JET_ERR err = JetMove(r->sesid, tableid, (int32_t)JET_MoveFirst, 0);
    uint64_t hash = 0;

    t->n_rows = 0;
    while (err != JET_errNoCurrentRecord) {
        int32_t value = 0;
        uint32_t size = 0;

        require(r, err, "JetMove in a table of an actor");
        REQUIRE(
            JetRetrieveColumn(r->sesid, tableid, columnid, &value, sizeof value, &size, 0, NULL));
        hash = is_index ? hash + mix((uint64_t)value) : hash_own_value(hash, value);
        t->n_rows++;
        err = JetMove(r->sesid, tableid, JET_MoveNext, 0);
    }
    return hash;
}

static void
check_own_index(reader *r, JET_TABLEID tableid, const own_table *t, const char *name)
{
    own_table again = *t;
    uint64_t sum, sum_of_index;

    sum = read_values(r, tableid, &again, true);
    REQUIRE(JetSetCurrentIndex(r->sesid, tableid, "value"));
    sum_of_index = read_values(r, tableid, &again, true);
    if (again.n_rows != t->n_rows || sum != sum_of_index)
        fail("database %u: the index of table \"%s\" has other entries than the table", r->database,
             name);
}

static void
read_own(reader *r, const actor *a, uint32_t number)
{
    own_table t = {.exists = true};
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};
    char name[NAME_SIZE];
    JET_TABLEID tableid;
    uint64_t hash;
    JET_ERR err;

    own_name(a, number, name);
    err = JetOpenTable(r->sesid, r->dbid, name, NULL, 0, 0, &tableid);
    if (err == JET_errObjectNotFound)
        return;
    require(r, err, "JetOpenTable of an actor");
    hash = read_values(r, tableid, &t, false);
    t.has_column = JetGetTableColumnInfo(r->sesid, tableid, "added", &definition, sizeof definition,
                                         JET_ColInfo) >= JET_errSuccess;
    t.has_index = JetSetCurrentIndex(r->sesid, tableid, "value") >= JET_errSuccess;
    REQUIRE(JetSetCurrentIndex(r->sesid, tableid, NULL));
    if (t.has_index)
        check_own_index(r, tableid, &t, name);
    add_entry(r, a->number, own_key(a, number), hash_own_rows(&t, hash));
    REQUIRE(JetCloseTable(r->sesid, tableid));
}

/* ---- databases */

/* A creation that did not come to its end may leave a file that is no database yet; it can be begun anew. */
static bool
is_not_made(reader *r, const char *path, JET_ERR err)
{
    if (r->e->must_exist[r->database] ||
        (err != JET_errFileNotFound && err != JET_errDatabaseCorrupted))
        return false;
    if (err != JET_errFileNotFound) {
        REQUIRE(JetCreateDatabase(r->sesid, path, NULL, &r->dbid, 0));
        REQUIRE(JetCloseDatabase(r->sesid, r->dbid, 0));
    }
    return true;
}

static void
read_database(reader *r, unsigned database)
{
    const world *w = r->e->world;
    char path[PATH_SIZE];
    JET_ERR err;

    r->database = database;
    database_path(w->options, database, path);
    err = JetAttachDatabase(r->sesid, path, 0);
    if (is_not_made(r, path, err))
        return;
    require(r, err, "JetAttachDatabase");
    REQUIRE(JetOpenDatabase(r->sesid, path, NULL, &r->dbid, 0));
    r->f->exists[database] = true;
    read_shared(r);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        for (uint32_t number = 0; number < N_OWN; number++)
            read_own(r, &w->actors[i], number);
    }
    REQUIRE(JetCloseDatabase(r->sesid, r->dbid, 0));
}

static void
print_finding(void *self, const ese_maint_finding *finding)
{
    (void)self;
    if (finding->severity == ESE_MAINT_ERROR)
        fprintf(stderr, "%s: page %u, table %s, index %s: %s\n", context, (unsigned)finding->pgno,
                finding->table != NULL ? finding->table : "-",
                finding->index != NULL ? finding->index : "-", finding->text);
}

static void
check_files(const reader *r)
{
    ese_maint_watcher watcher = {.found = print_finding};

    for (unsigned d = 0; d < N_DATABASES; d++) {
        ese_maint_summary summary;
        char path[PATH_SIZE];

        database_path(r->e->world->options, d, path);
        if (!r->f->exists[d])
            continue;
        require(r, ese_maint_check(path, &watcher, &summary), "ese_maint_check");
        if (summary.n_errors != 0 && r->e->may_fail)
            _exit(0);
        if (summary.n_errors != 0)
            fail("database %u: the check finds %llu errors", d,
                 (unsigned long long)summary.n_errors);
    }
}

uint64_t
verify(const expectation *e)
{
    found f = {0};
    reader *r = calloc(1, sizeof *r);
    int64_t n_blocks = ese_live_allocations();
    uint64_t state;

    if (r == NULL)
        fail("out of memory");
    r->e = e;
    r->f = &f;
    create_instance(e->world->options, &r->instance);
    REQUIRE(JetInit(&r->instance));
    REQUIRE(JetBeginSession(r->instance, &r->sesid, NULL, NULL));
    for (unsigned d = 0; d < N_DATABASES; d++)
        read_database(r, d);
    state = e->judge(e, &f);
    if (!e->is_dirty)
        REQUIRE(JetEndSession(r->sesid, 0));
    end_instance(r->instance, e->is_dirty);
    must_have_freed(n_blocks);
    if (e->is_thorough && !e->is_dirty)
        check_files(r);
    free(f.entries);
    free(r);
    return state;
}

/* ---- comparison */

bool
is_actor_state(const actor *a, const found *f, uint64_t n_commits)
{
    for (unsigned d = 0; d < N_DATABASES; d++) {
        if (a->history[n_commits].digests[d] != f->digests[d][a->number])
            return false;
    }
    return true;
}

bool
is_state(const world *w, const found *f, const uint64_t *n_commits)
{
    int64_t totals[N_DATABASES] = {0};

    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        if (!is_actor_state(&w->actors[i], f, n_commits[i]))
            return false;
        for (unsigned d = 0; d < N_DATABASES; d++)
            totals[d] += w->actors[i].history[n_commits[i]].added[d];
    }
    return memcmp(totals, f->totals, sizeof totals) == 0;
}

/* The hash that an entry had; 0: it was not there. */
static uint64_t
expected_hash(const actor *a, uint64_t n_commits, unsigned database, uint64_t key)
{
    for (size_t i = a->n_footprints; i-- > 0;) {
        const footprint *p = &a->footprints[i];

        if (p->n_commits <= n_commits && p->database == database && p->key == key)
            return p->hash;
    }
    return 0;
}

static uint64_t
found_hash(const found *f, unsigned database, uint64_t key)
{
    for (size_t i = 0; i < f->n_entries; i++) {
        if (f->entries[i].database == database && f->entries[i].key == key)
            return f->entries[i].hash;
    }
    return 0;
}

static void
print_entry(unsigned database, uint64_t key, uint64_t expected, uint64_t hash)
{
    fprintf(stderr, "  database %u, %s %llu: %s\n", database, key < OWN_KEYS ? "row" : "own table",
            (unsigned long long)(key < OWN_KEYS ? key : key - OWN_KEYS),
            expected == 0 ? "should not be there"
            : hash == 0   ? "is not there"
                          : "differs");
}

static void
print_actor_differences(const actor *a, const found *f, uint64_t n_commits)
{
    uint32_t n_actors = a->world->options->n_actors;
    unsigned n = 0;

    fprintf(stderr, "compared with actor %u after commit %llu:\n", a->number,
            (unsigned long long)n_commits);
    for (unsigned d = 0; d < N_DATABASES; d++) {
        for (uint64_t i = 0; i < a->world->options->n_rows + N_OWN && n < DIFFERENCES_MAX; i++) {
            uint64_t key = i < N_OWN ? own_key(a, (uint32_t)i) : (i - N_OWN) * n_actors + a->number;
            uint64_t expected = expected_hash(a, n_commits, d, key), hash = found_hash(f, d, key);

            if (expected != hash) {
                print_entry(d, key, expected, hash);
                n++;
            }
        }
    }
}

void
print_differences(const world *w, const found *f, const uint64_t *n_commits)
{
    int64_t totals[N_DATABASES] = {0};

    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        if (!is_actor_state(&w->actors[i], f, n_commits[i]))
            print_actor_differences(&w->actors[i], f, n_commits[i]);
        for (unsigned d = 0; d < N_DATABASES; d++)
            totals[d] += w->actors[i].history[n_commits[i]].added[d];
    }
    for (unsigned d = 0; d < N_DATABASES; d++)
        fprintf(stderr, "  database %u %s, total %lld, expected %lld\n", d,
                f->exists[d] ? "is there" : "is not there", (long long)f->totals[d],
                (long long)totals[d]);
}
