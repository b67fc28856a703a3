/*
 * One crash after another, each in the run that recovers from the one before: at any change of a file, in recovery, attach, work or the end of the run. When the machine stops, what was not
 * synced is there, not there, or there in part; when only the process does, it is there until the machine stops later. Nothing that was answered as durable is ever lost, and every start
 * succeeds.
 *
 * ESE_TEST_LONG=N tries N chains, from number ESE_TEST_SEED on.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "backup_fixture.h"

#include "test_disk.h"

enum {
    PAGE_SIZE = 4096,
    CHAINS = 12,
    FIRST = 35,
    LINKS = 10,
    ACTIONS = 12,
    FLOORS_MAX = ACTIONS,
    CACHE_PAGES = 24,
    SIZE_LEAST = 256,
    EXTRAS = 8,
    EXTRA_ROWS = 40
};

/* So many rows were durable when so many changes had happened. */
typedef struct floor_at {
    size_t at;
    int32_t n_rows;
} floor_at;

/* A database that is made, filled and detached. */
typedef struct extra {
    bool is_tried, is_durable;
    size_t at; /* so many changes had happened when it was done */
} extra;

typedef struct chain {
    uint64_t random;
    bool is_circular;
    test_trace trace; /* since the machine stopped last */
    test_disk *disk;
    size_t begin; /* changes before this run */
    floor_at floors[FLOORS_MAX];
    size_t n_floors;
    int32_t n_durable, n_tried; /* rows */
    extra extras[EXTRAS];
    shelf f;
} chain;

static uint32_t
draw(chain *c, uint32_t n)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(c->random >> 33) % n;
}

/* ---- one run */

static void
start(const chain *c)
{
    TEST_OK(shop_create(&s));
    TEST_OK(set_integer(&s.instance, JET_paramCacheSizeMax, CACHE_PAGES));
    TEST_OK(set_integer(&s.instance, JET_paramCircularLog, c->is_circular));
    TEST_OK(shop_open_with(&s, 0));
}

static void
note(chain *c, int32_t n_rows)
{
    assert_true(c->n_floors < FLOORS_MAX);
    c->floors[c->n_floors++] = (floor_at){test_trace_length(&c->trace), n_rows};
}

/* What is there is what the next rows follow. */
static int32_t
open_and_count(chain *c)
{
    int32_t n;

    TEST_OK(shelf_open(&s, "a.edb", &c->f));
    n = check_rows(&s, &c->f);
    assert_in_range(n, c->n_durable, c->n_tried);
    return n;
}

static int32_t
insert(chain *c, int32_t n)
{
    int32_t end = n + PER_TRANSACTION * (int32_t)(1 + draw(c, 20));

    c->n_tried = end;
    for (; n < end; n += PER_TRANSACTION)
        TEST_OK(worker_step(&s, &c->f, n));
    note(c, n);
    return n;
}

/* Changes that are taken back; pages with them may have been written. */
static void
insert_for_nothing(chain *c, int32_t n)
{
    TEST_OK(JetBeginTransaction(s.sesid));
    for (uint32_t i = draw(c, 150); i != 0; i--)
        TEST_OK(shelf_insert(&s, &c->f, n + (int32_t)i));
    TEST_OK(JetRollback(s.sesid, 0));
}

static void
resize(const chain *c, uint32_t n_pages)
{
    uint32_t n = 0;

    TEST_OK(JetResizeDatabase(s.sesid, c->f.dbid, n_pages, &n, 0));
}

static void
detach_and_attach(chain *c)
{
    TEST_OK(JetCloseTable(s.sesid, c->f.tableid));
    TEST_OK(JetCloseDatabase(s.sesid, c->f.dbid, 0));
    TEST_OK(JetDetachDatabaseA(s.sesid, in_shop(&s, "a.edb")));
    TEST_OK(shelf_open(&s, "a.edb", &c->f));
}

static void
end_and_start(chain *c)
{
    TEST_OK(shop_close(&s));
    start(c);
    TEST_OK(shelf_open(&s, "a.edb", &c->f));
}

static const char *
name_of(unsigned i)
{
    static const char *const names[EXTRAS] = {"0.edb", "1.edb", "2.edb", "3.edb",
                                              "4.edb", "5.edb", "6.edb", "7.edb"};

    return names[i];
}

static void
leave(const shelf *f, const char *name)
{
    TEST_OK(JetCloseDatabase(s.sesid, f->dbid, 0));
    TEST_OK(JetDetachDatabaseA(s.sesid, in_shop(&s, name)));
}

static void
create_extra(chain *c)
{
    shelf f = {0};
    unsigned i = 0;

    while (i < EXTRAS && c->extras[i].is_tried)
        i++;
    if (i == EXTRAS)
        return;
    c->extras[i].is_tried = true;
    TEST_OK(shelf_create(&s, name_of(i), &f));
    TEST_OK(shelf_fill(&s, &f, 0, EXTRA_ROWS));
    TEST_OK(JetCloseTable(s.sesid, f.tableid));
    leave(&f, name_of(i));
    c->extras[i].at = test_trace_length(&c->trace);
}

/* What had not come to its end is whole or not there. */
static void
check_extras(chain *c)
{
    for (unsigned i = 0; i < EXTRAS && c->extras[i].is_tried; i++) {
        extra *e = &c->extras[i];
        shelf f = {0};

        if (e->is_durable) {
            TEST_OK(shelf_open(&s, name_of(i), &f));
            assert_int_equal(shelf_count(&s, &f), EXTRA_ROWS);
            TEST_OK(JetCloseTable(s.sesid, f.tableid));
            leave(&f, name_of(i));
        } else if (access(in_shop(&s, name_of(i)), F_OK) == 0) {
            TEST_OK(JetAttachDatabaseA(s.sesid, in_shop(&s, name_of(i)), 0));
            TEST_OK(JetOpenDatabaseA(s.sesid, in_shop(&s, name_of(i)), NULL, &f.dbid, 0));
            leave(&f, name_of(i));
        }
        e->at = 0;
    }
}

static void
run(chain *c)
{
    int32_t n;

    c->n_floors = 0;
    start(c);
    n = open_and_count(c);
    note(c, n);
    c->n_tried = n;
    check_extras(c);
    for (uint32_t i = draw(c, ACTIONS - 2); i != 0; i--) {
        switch (draw(c, 8)) {
        case 0: detach_and_attach(c); break;
        case 1: end_and_start(c); break;
        case 2: insert_for_nothing(c, n); break;
        case 3: resize(c, SIZE_LEAST + draw(c, 400)); break;
        case 4: create_extra(c); break;
        default: n = insert(c, n); break;
        }
    }
    if (draw(c, 2) == 0)
        TEST_OK(shop_close(&s));
    else
        shop_crash(&s);
}

/* ---- the crash */

/* What there are two of, and names: an order matters there more than elsewhere. */
static bool
is_critical(const ese_os_change *change)
{
    switch (change->kind) {
    case ESE_OS_CHANGE_WRITE: return change->offset < 2 * (uint64_t)PAGE_SIZE;
    case ESE_OS_CHANGE_SYNC: return false;
    default: return true;
    }
}

static size_t
choose_change(chain *c)
{
    size_t n = test_trace_length(&c->trace);
    /* As often within what a start does as later. */
    size_t end = draw(c, 2) == 0 && c->n_floors != 0 ? c->floors[0].at : n;
    size_t at = c->begin + draw(c, (uint32_t)(end - c->begin));

    if (draw(c, 3) != 0) {
        while (at + 1 < n && !is_critical(&c->trace.changes[at]))
            at++;
    }
    return at + 1 < n ? at + 1 : n;
}

/* What was done behind `at` has not happened. */
static void
cut_trace(test_trace *trace, size_t at)
{
    test_trace rest = {.capacity = 0};
    size_t n = test_trace_length(trace) - at;

    if (n == 0)
        return;
    rest.changes = calloc(n, sizeof *rest.changes);
    assert_non_null(rest.changes);
    memcpy(rest.changes, trace->changes + at, n * sizeof *rest.changes);
    atomic_store(&rest.n, n);
    atomic_store(&trace->n, at);
    test_trace_free(&rest);
}

/* What is there now is on the disk. */
static void
begin_trace(chain *c)
{
    test_trace_free(&c->trace);
    if (c->disk != NULL)
        test_disk_free(c->disk);
    c->disk = test_disk_create(&c->trace, PAGE_SIZE);
    test_disk_load(c->disk, s.folder);
}

static void
crash(chain *c)
{
    static const test_loss_kind kinds[] = {
        TEST_LOSS_ALL,         TEST_LOSS_SOME,     TEST_LOSS_TORN,         TEST_LOSS_ONE,
        TEST_LOSS_ALL_BUT_ONE, TEST_LOSS_FILE,     TEST_LOSS_ALL_BUT_FILE, TEST_LOSS_TORN,
        TEST_LOSS_LAST_TORN,   TEST_LOSS_LAST_TORN};
    size_t at = choose_change(c);
    bool is_machine = draw(c, 2) == 0;
    test_loss loss = {TEST_LOSS_NOTHING, c->random};

    if (is_machine)
        loss.kind = kinds[draw(c, sizeof kinds / sizeof kinds[0])];
    for (size_t i = 0; i < c->n_floors && c->floors[i].at <= at; i++)
        c->n_durable = c->floors[i].n_rows;
    for (unsigned i = 0; i < EXTRAS; i++)
        c->extras[i].is_durable |= c->extras[i].at != 0 && c->extras[i].at <= at;
    test_disk_advance(c->disk, at);
    shop_empty(&s);
    test_disk_materialise(c->disk, &loss);
    if (is_machine)
        begin_trace(c);
    else
        cut_trace(&c->trace, at);
}

static void
try_chain(uint64_t seed)
{
    chain *c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->random = seed * 977 + 1;
    c->is_circular = draw(c, 2) == 0;
    start(c);
    TEST_OK(shelf_create(&s, "a.edb", &c->f));
    TEST_OK(shop_close(&s));
    begin_trace(c);
    for (unsigned i = 0; i < LINKS; i++) {
        c->begin = test_trace_length(&c->trace);
        test_trace_start(&c->trace);
        run(c);
        test_trace_stop();
        crash(c);
    }
    start(c);
    (void)open_and_count(c);
    TEST_OK(shop_close(&s));
    (void)test_check_file(in_shop(&s, "a.edb"));
    shop_empty(&s);
    test_disk_free(c->disk);
    test_trace_free(&c->trace);
    free(c);
}

static uint64_t
number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

static void
test_api_crash_chain__loses_nothing_that_was_durable(void **state)
{
    uint64_t n = number_of("ESE_TEST_LONG", 0), first = number_of("ESE_TEST_SEED", FIRST);

    (void)state;
    for (uint64_t i = 0; i < (n > CHAINS ? n : CHAINS); i++) {
        if (n != 0)
            print_message("chain %llu\n", (unsigned long long)(first + i));
        try_chain(first + i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_api_crash_chain__loses_nothing_that_was_durable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
