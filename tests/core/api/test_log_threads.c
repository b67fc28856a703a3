/*
 * Threads that change a database under a log until their process is killed, with memory for few pages and a checkpoint that is always close behind: pages reach the file with changes that
 * never commit. Each start afterwards finds whole transactions, and all that were told to be durable.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, mkdtemp */

#include "log_test.h"

#include "os/os_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum {
    THREADS = 4,
    ACCOUNTS = 64, /* of each thread and of all together */
    LIVES = 5,
    STEPS = 120, /* commits in one life, before the process is killed */
    CACHE_PAGES = 48,
    LONG_SIZE = 9000,
};

/* What survives the process. */
typedef struct notes {
    _Atomic uint32_t n_durable[THREADS]; /* transactions that were told to be */
    _Atomic uint32_t n_tried[THREADS];
} notes;

typedef struct bank {
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID number, amount, text;
} bank;

typedef struct clerk {
    unsigned index;
    uint64_t random;
    JET_SESID sesid;
    bank b;
} clerk;

static shop s;
static notes *shared;

static unsigned
chance(clerk *c, unsigned n)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(c->random >> 33) % n;
}

/* ---- rows: account numbers below 0x10000 have amounts; 0x10000 + thread counts its transactions; others are long */

static JET_ERR
put(clerk *c, int32_t number, int32_t amount, uint32_t n_long, uint32_t prep)
{
    static const uint8_t bytes[LONG_SIZE] = {7};
    JET_ERR err = JetPrepareUpdate(c->sesid, c->b.tableid, prep);

    if (err >= JET_errSuccess && prep == JET_prepInsert)
        err = JetSetColumn(c->sesid, c->b.tableid, c->b.number, &number, sizeof number, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetSetColumn(c->sesid, c->b.tableid, c->b.amount, &amount, sizeof amount, 0, NULL);
    if (err >= JET_errSuccess && n_long != 0)
        err = JetSetColumn(c->sesid, c->b.tableid, c->b.text, bytes, n_long, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetUpdate(c->sesid, c->b.tableid, NULL, 0, NULL);
    if (err < JET_errSuccess)
        (void)JetPrepareUpdate(c->sesid, c->b.tableid, JET_prepCancel);
    return err;
}

static JET_ERR
find(clerk *c, int32_t number)
{
    JET_ERR err = JetMakeKey(c->sesid, c->b.tableid, &number, sizeof number, JET_bitNewKey);

    return err < JET_errSuccess ? err : JetSeek(c->sesid, c->b.tableid, JET_bitSeekEQ);
}

static JET_ERR
add(clerk *c, int32_t number, int32_t more)
{
    int32_t amount = 0;
    JET_ERR err = find(c, number);

    if (err >= JET_errSuccess)
        err = JetRetrieveColumn(c->sesid, c->b.tableid, c->b.amount, &amount, sizeof amount, NULL,
                                0, NULL);
    return err < JET_errSuccess ? err : put(c, number, amount + more, 0, JET_prepReplace);
}

static JET_ERR
open_bank(clerk *c, JET_GRBIT grbit)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column};
    JET_ERR err = JetOpenDatabaseA(c->sesid, in_shop(&s, "bank.edb"), NULL, &c->b.dbid, 0);

    if (err >= JET_errSuccess)
        err = JetOpenTableA(c->sesid, c->b.dbid, "rows", NULL, 0, grbit, &c->b.tableid);
    if (err >= JET_errSuccess)
        err = JetGetTableColumnInfoA(c->sesid, c->b.tableid, "number", &column, sizeof column,
                                     JET_ColInfo);
    c->b.number = column.columnid;
    if (err >= JET_errSuccess)
        err = JetGetTableColumnInfoA(c->sesid, c->b.tableid, "amount", &column, sizeof column,
                                     JET_ColInfo);
    c->b.amount = column.columnid;
    if (err >= JET_errSuccess)
        err = JetGetTableColumnInfoA(c->sesid, c->b.tableid, "text", &column, sizeof column,
                                     JET_ColInfo);
    c->b.text = column.columnid;
    return err;
}

/* ---- transactions */

/* Long rows that come and go. */
static JET_ERR
shuffle(clerk *c)
{
    int32_t number = 0x20000 + (int32_t)(c->index * 100 + chance(c, 40));
    JET_ERR err = find(c, number);

    if (err == JET_errRecordNotFound)
        return put(c, number, 0, 1 + chance(c, LONG_SIZE), JET_prepInsert);
    if (err < JET_errSuccess)
        return err;
    return chance(c, 2) == 0 ? JetDelete(c->sesid, c->b.tableid)
                             : put(c, number, 0, 1 + chance(c, LONG_SIZE), JET_prepReplace);
}

/* From account to account, counted; a part of it on a level of its own, which is taken back now and then. */
static JET_ERR
transfer(clerk *c)
{
    int32_t sum = (int32_t)chance(c, 100);
    JET_ERR err = add(c, (int32_t)(chance(c, ACCOUNTS)), -sum);

    if (err >= JET_errSuccess)
        err = JetBeginTransaction(c->sesid);
    if (err >= JET_errSuccess)
        err = shuffle(c);
    if (err >= JET_errSuccess && chance(c, 3) == 0)
        err = JetRollback(c->sesid, 0);
    else if (err >= JET_errSuccess)
        err = JetCommitTransaction(c->sesid, 0);
    if (err >= JET_errSuccess)
        err = add(c, (int32_t)(chance(c, ACCOUNTS)), sum);
    return err < JET_errSuccess ? err : add(c, 0x10000 + (int32_t)c->index, 1);
}

static JET_ERR
transact(clerk *c)
{
    bool is_lazy = chance(c, 4) == 0;
    JET_ERR err = JetBeginTransaction(c->sesid);

    if (err >= JET_errSuccess)
        err = transfer(c);
    if (err == JET_errWriteConflict || err == JET_errKeyDuplicate || chance(c, 8) == 0)
        return JetRollback(c->sesid, JET_bitRollbackAll);
    if (err < JET_errSuccess)
        return err;
    atomic_fetch_add(&shared->n_tried[c->index], 1);
    err = JetCommitTransaction(c->sesid, is_lazy ? JET_bitCommitLazyFlush : 0);
    if (err >= JET_errSuccess && !is_lazy)
        atomic_store(&shared->n_durable[c->index], atomic_load(&shared->n_tried[c->index]));
    return err;
}

static void *
work(void *self)
{
    clerk *c = self;

    if (JetBeginSessionA(s.instance, &c->sesid, NULL, NULL) < JET_errSuccess ||
        open_bank(c, 0) < JET_errSuccess)
        _exit(3);
    while (transact(c) >= JET_errSuccess)
        continue;
    _exit(4);
}

/* ---- lives */

static JET_ERR
open_shop(void)
{
    JET_ERR err = shop_create(&s);

    if (err >= JET_errSuccess)
        err = set_integer(&s.instance, JET_paramCircularLog, 1);
    if (err >= JET_errSuccess)
        err = set_integer(&s.instance, JET_paramCheckpointDepthMax, 65536);
    if (err >= JET_errSuccess)
        err = set_integer(NULL, JET_paramCacheSizeMax, CACHE_PAGES);
    return err < JET_errSuccess ? err : shop_open_with(&s, 0);
}

static void
create_bank(void)
{
    JET_COLUMNDEF number = {.cbStruct = sizeof number, .coltyp = JET_coltypLong};
    JET_COLUMNDEF text = {.cbStruct = sizeof text, .coltyp = JET_coltypLongBinary};
    clerk c = {0};

    assert_ok(open_shop());
    c.sesid = s.sesid;
    assert_ok(JetCreateDatabaseA(c.sesid, in_shop(&s, "bank.edb"), NULL, &c.b.dbid, 0));
    assert_ok(JetCreateTableA(c.sesid, c.b.dbid, "rows", 0, 80, &c.b.tableid));
    assert_ok(JetAddColumnA(c.sesid, c.b.tableid, "number", &number, NULL, 0, &c.b.number));
    assert_ok(JetAddColumnA(c.sesid, c.b.tableid, "amount", &number, NULL, 0, &c.b.amount));
    assert_ok(JetAddColumnA(c.sesid, c.b.tableid, "text", &text, NULL, 0, &c.b.text));
    assert_ok(
        JetCreateIndexA(c.sesid, c.b.tableid, "primary", JET_bitIndexPrimary, "+number\0", 9, 80));
    assert_ok(JetCreateIndexA(c.sesid, c.b.tableid, "amounts", 0, "+amount\0", 9, 80));
    assert_ok(JetBeginTransaction(c.sesid));
    for (int32_t i = 0; i < ACCOUNTS; i++)
        assert_ok(put(&c, i, 1000, 0, JET_prepInsert));
    for (int32_t i = 0; i < THREADS; i++)
        assert_ok(put(&c, 0x10000 + i, 0, 0, JET_prepInsert));
    assert_ok(JetCommitTransaction(c.sesid, 0));
    assert_ok(shop_close(&s));
}

static void
live(unsigned life)
{
    static clerk clerks[THREADS];
    pthread_t threads[THREADS];

    if (open_shop() < JET_errSuccess ||
        JetAttachDatabaseA(s.sesid, in_shop(&s, "bank.edb"), 0) < JET_errSuccess)
        _exit(2);
    for (unsigned i = 0; i < THREADS; i++) {
        clerks[i] = (clerk){.index = i, .random = life * 1000 + i};
        if (pthread_create(&threads[i], NULL, work, &clerks[i]) != 0)
            _exit(5);
    }
    (void)pthread_join(threads[0], NULL);
    _exit(6);
}

static uint32_t
sum_of_commits(void)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < THREADS; i++)
        sum += atomic_load(&shared->n_durable[i]);
    return sum;
}

/* True: it was killed at work; false: it ended itself. */
static bool
live_and_die(unsigned life)
{
    uint32_t wanted = sum_of_commits() + STEPS + 37 * life;
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        live(life);
    while (sum_of_commits() < wanted && waitpid(child, &status, WNOHANG) == 0)
        ese_os_yield();
    (void)kill(child, SIGKILL);
    if (status == 0)
        assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        print_error("the process gave up with %d\n", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

static int32_t
amount_of(clerk *c)
{
    int32_t amount = 0;

    assert_ok(JetRetrieveColumn(c->sesid, c->b.tableid, c->b.amount, &amount, sizeof amount, NULL,
                                0, NULL));
    return amount;
}

static void
check_bank(void)
{
    int32_t sum = 0, n = 0;
    clerk c = {0};
    JET_ERR err;

    assert_ok(open_shop());
    c.sesid = s.sesid;
    assert_ok(JetAttachDatabaseA(c.sesid, in_shop(&s, "bank.edb"), 0));
    assert_ok(open_bank(&c, 0));
    for (int32_t i = 0; i < ACCOUNTS; i++) {
        assert_ok(find(&c, i));
        sum += amount_of(&c);
    }
    assert_int_equal(sum, ACCOUNTS * 1000);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_ok(find(&c, 0x10000 + (int32_t)i));
        assert_in_range(amount_of(&c), atomic_load(&shared->n_durable[i]),
                        atomic_load(&shared->n_tried[i]));
        atomic_store(&shared->n_tried[i], (uint32_t)amount_of(&c)); /* the next life goes on here */
        atomic_store(&shared->n_durable[i], (uint32_t)amount_of(&c));
    }
    /* The other index has as many entries. */
    err = JetMove(c.sesid, c.b.tableid, (int32_t)JET_MoveFirst, 0);
    for (; err >= JET_errSuccess; n++)
        err = JetMove(c.sesid, c.b.tableid, JET_MoveNext, 0);
    assert_ok(JetSetCurrentIndexA(c.sesid, c.b.tableid, "amounts"));
    err = JetMove(c.sesid, c.b.tableid, (int32_t)JET_MoveFirst, 0);
    for (; err >= JET_errSuccess; n--)
        err = JetMove(c.sesid, c.b.tableid, JET_MoveNext, 0);
    assert_int_equal(n, 0);
    assert_ok(shop_close(&s));
}

static void
test_api_log_threads__lose_nothing_when_they_are_killed(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    shop_make(&s);
    create_bank();
    for (unsigned life = 1; life <= LIVES; life++) {
        assert_true(live_and_die(life));
        check_bank();
    }
    shop_destroy(&s);
    (void)munmap(shared, sizeof *shared);
}

/* ---- databases that come and go meanwhile */

enum { ROUNDS = 25 };

typedef struct mover {
    shop own; /* a session of its own in the same instance */
    char name[16];
    JET_ERR err;
} mover;

/* Creates a database, fills it, detaches it, attaches it again … */
static void *
come_and_go(void *self)
{
    mover *m = self;
    shelf f = {0};

    m->err = JetBeginSessionA(m->own.instance, &m->own.sesid, NULL, NULL);
    if (m->err >= JET_errSuccess)
        m->err = shelf_create(&m->own, m->name, &f);
    for (int32_t i = 0; i < ROUNDS && m->err >= JET_errSuccess; i++) {
        m->err = shelf_fill(&m->own, &f, i * 20, 20);
        if (m->err >= JET_errSuccess)
            m->err = JetCloseDatabase(m->own.sesid, f.dbid, 0);
        if (m->err >= JET_errSuccess)
            m->err = JetDetachDatabaseA(m->own.sesid, in_shop(&m->own, m->name));
        if (m->err >= JET_errSuccess)
            m->err = shelf_open(&m->own, m->name, &f);
    }
    return NULL;
}

static void
test_api_log_threads__attach_and_detach_beside_each_other(void **state)
{
    mover movers[THREADS];
    pthread_t threads[THREADS];
    shelf f = {0};

    (void)state;
    shop_make(&s);
    assert_ok(open_shop());
    for (unsigned i = 0; i < THREADS; i++) {
        movers[i] = (mover){.own = s};
        (void)snprintf(movers[i].name, sizeof movers[i].name, "%u.edb", i);
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &movers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(movers[i].err);
    }
    shop_crash(&s);
    assert_ok(open_shop());
    for (unsigned i = 0; i < THREADS; i++) {
        assert_ok(shelf_open(&s, movers[i].name, &f));
        assert_int_equal(shelf_count(&s, &f), ROUNDS * 20);
    }
    assert_ok(shop_close(&s));
    shop_destroy(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(test_api_log_threads__lose_nothing_when_they_are_killed),
        API_TEST(test_api_log_threads__attach_and_detach_beside_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
