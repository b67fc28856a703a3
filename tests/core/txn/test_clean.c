/* What becomes of versions: the limit of the store, cleaning with and without long readers, and every allocation that fails. */
#include "txn_test.h"

#include "base/fault.h"

static fake f;

static int
set_up(void **state)
{
    (void)state;
    fake_begin(&f);
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_done(fake_insert(&f.a, &f.tree, i, i));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    fake_end(&f);
    return 0;
}

/* ---- Cleaning ---- */

static void
test_txn_commit__drops_at_once_what_nobody_needs(void **state)
{
    (void)state;
    assert_true(ese_txn_store_is_empty(f.store));
    assert_done(ese_txn_begin(&f.a, false));
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_done(fake_replace(&f.a, &f.tree, i, 1000));
    assert_false(ese_txn_store_is_empty(f.store));
    assert_int_not_equal(ese_txn_store_size(f.store), 0);
    assert_done(ese_txn_commit(&f.a));
    assert_true(ese_txn_store_is_empty(f.store));
    assert_int_equal(ese_txn_store_size(f.store), 0);
    assert_int_equal(f.tree.n_cleaned, 0);
}

static void
test_txn_store_clean__leaves_what_a_reader_may_need(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.b, true));
    for (int64_t i = 0; i < 1000; i++)
        assert_done(fake_replace(&f.a, &f.tree, (uint32_t)i % FAKE_NODES, 1000 + i));
    ese_txn_store_clean(f.store);
    assert_false(ese_txn_store_is_empty(f.store));
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_int_equal(fake_read(&f.b, &f.tree, i), i);
    assert_done(ese_txn_begin(&f.c, true));
    assert_done(ese_txn_commit(&f.b));
    ese_txn_store_clean(f.store);
    assert_true(ese_txn_store_is_empty(f.store));
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 1000 + 961);
    assert_done(ese_txn_commit(&f.c));
}

static void
test_txn_store_clean__removes_deleted_nodes_when_nobody_sees_them(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.b, true));
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_done(fake_do(&f.a, &f.tree, i, ESE_TXN_DELETE));
    assert_done(fake_insert(&f.a, &f.tree, 0, 77));
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_cleaned, 0);
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_int_equal(fake_read(&f.b, &f.tree, i), i);
    assert_done(ese_txn_commit(&f.b));
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_cleaned, FAKE_NODES);
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_int_equal(f.tree.nodes[i].is_there, i == 0);
    assert_true(ese_txn_store_is_empty(f.store));
}

/* The insert of a node that was deleted before stays behind until the deletion is cleaned up, lest it be met alone. */
static void
test_txn_store_clean__never_uncovers_a_deletion(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_do(&f.a, &f.tree, 1, ESE_TXN_DELETE));
    assert_done(fake_insert(&f.a, &f.tree, 1, 77));
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_committed(&f, 1), 77);
    ese_txn_store_clean(f.store);
    assert_int_equal(fake_committed(&f, 1), 77);
    assert_true(f.tree.nodes[1].is_there);
    assert_true(ese_txn_store_is_empty(f.store));
}

/* Nobody asks it to: the thread of the store finds enough to do. */
static void
test_txn_cleaner__works_on_its_own(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.b, true));
    for (uint32_t i = 0; i < 2000; i++) {
        assert_done(fake_do(&f.a, &f.tree, i % FAKE_NODES, ESE_TXN_DELETE));
        assert_done(fake_insert(&f.a, &f.tree, i % FAKE_NODES, i));
    }
    assert_done(fake_do(&f.a, &f.tree, 5, ESE_TXN_DELETE));
    assert_done(ese_txn_commit(&f.b));
    while (!ese_txn_store_is_empty(f.store))
        ese_os_yield();
    assert_int_equal(f.tree.n_cleaned, 2001);
    assert_false(f.tree.nodes[5].is_there);
}

static void
test_txn_store_stop__leaves_the_work_to_who_asks(void **state)
{
    (void)state;
    ese_txn_store_stop(f.store);
    ese_txn_store_stop(f.store);
    for (uint32_t i = 0; i < 2000; i++) {
        assert_done(fake_do(&f.a, &f.tree, i % FAKE_NODES, ESE_TXN_DELETE));
        assert_done(fake_insert(&f.a, &f.tree, i % FAKE_NODES, i));
    }
    assert_int_equal(f.tree.n_cleaned, 0);
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_cleaned, 2000);
    assert_true(ese_txn_store_is_empty(f.store));
}

/* A few versions do not wake it, but do not wait for ever either. */
static void
test_txn_cleaner__finds_the_last_few_too(void **state)
{
    (void)state;
    assert_done(fake_do(&f.a, &f.tree, 5, ESE_TXN_DELETE));
    while (!ese_txn_store_is_empty(f.store))
        ese_os_yield();
    assert_int_equal(f.tree.n_cleaned, 1);
}

static bool
is_tree(void *self, const void *tree)
{
    return tree == self;
}

static void
test_txn_store_clean_trees__minds_no_reader(void **state)
{
    static const uint8_t key[] = "other";
    fake_tree *other = &f.tree + 1; /* never looked at */
    ese_txn_change change = {.place = {other, {key, sizeof key}, {NULL, 0}},
                             .oper = ESE_TXN_WRITE_LOCK};
    ese_txn_version *version;

    (void)state;
    assert_done(ese_txn_begin(&f.b, true));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 5));
    assert_done(fake_do(&f.a, &f.tree, 2, ESE_TXN_DELETE));
    assert_done(ese_txn_add(&f.a, &change, &version));
    assert_done(ese_txn_commit(&f.a));
    assert_true(ese_txn_store_clean_trees(f.store, is_tree, other));
    assert_false(ese_txn_has_versions(f.store, &change.place, 0));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 1);
    assert_int_equal(fake_read(&f.b, &f.tree, 2), 2);
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 3, 5));
    assert_false(ese_txn_store_clean_trees(f.store, is_tree, &f.tree));
    assert_done(ese_txn_rollback(&f.a, false));
    assert_true(ese_txn_store_clean_trees(f.store, is_tree, &f.tree));
    assert_true(ese_txn_store_is_empty(f.store));
    assert_int_equal(f.tree.n_cleaned, 1);
    assert_done(ese_txn_commit(&f.b));
}

/* ---- The limit ---- */

/* Changes the first half of the nodes until the store is full. */
static unsigned
fill(ese_txn_session *session, JET_ERR *err_out)
{
    uint8_t data[FAKE_ROOM] = {1};
    unsigned n = 0;

    do {
        *err_out =
            fake_state(session, &f.tree, n % (FAKE_NODES / 2),
                       (ese_txn_change){
                           .oper = n % 2 ? ESE_TXN_DELTA : ESE_TXN_REPLACE, .width = 8, .delta = 1},
                       (ese_bytes){data, sizeof data});
        n++;
    } while (*err_out >= JET_errSuccess);
    return n;
}

static void
test_txn_store__has_a_limit(void **state)
{
    JET_ERR err;
    unsigned n;

    (void)state;
    ese_txn_store_set_limit(f.store, 256 << 10);
    assert_done(ese_txn_begin(&f.a, false));
    n = fill(&f.a, &err);
    assert_int_equal(err, JET_errVersionStoreOutOfMemory);
    assert_in_range(n, 1000, 8000);
    assert_in_range(ese_txn_store_size(f.store), 128 << 10, 256 << 10);
    assert_int_equal(fake_replace(&f.b, &f.tree, 40, 7), JET_errVersionStoreOutOfMemory);
    assert_done(ese_txn_rollback(&f.a, false));
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        assert_int_equal(fake_committed(&f, i), i);
    assert_true(ese_txn_store_is_empty(f.store));
    assert_done(fake_replace(&f.b, &f.tree, 40, 7));
    assert_done(ese_txn_begin(&f.a, false));
    assert_int_equal(fill(&f.a, &err), n);
    ese_txn_store_set_limit(f.store, 1 << 20);
    assert_done(fake_replace(&f.a, &f.tree, 41, 8));
    assert_done(ese_txn_rollback(&f.a, false));
}

static void
test_txn_store__makes_room_before_it_refuses(void **state)
{
    (void)state;
    ese_txn_store_set_limit(f.store, 256 << 10);
    for (int64_t i = 0; i < 20000; i++) { /* always somebody in a transaction, never for long */
        ese_txn_session *reader = i / 16 % 2 ? &f.b : &f.c;

        if (i % 16 == 0) {
            if (reader->level != 0)
                assert_done(ese_txn_commit(reader));
            assert_done(ese_txn_begin(reader, true));
        }
        assert_done(fake_replace(&f.a, &f.tree, (uint32_t)i % FAKE_NODES, i));
    }
    assert_done(ese_txn_rollback(&f.b, true));
    assert_done(ese_txn_rollback(&f.c, true));
}

static void
test_txn_store__many_idle_sessions_cost_nothing_of_the_limit(void **state)
{
    static ese_txn_session sessions[200];

    (void)state;
    ese_txn_store_set_limit(f.store, 256 << 10);
    for (unsigned i = 0; i < 200; i++) {
        ese_txn_session_init(&sessions[i], f.store);
        assert_done(fake_replace(&sessions[i], &f.tree, i % FAKE_NODES, i));
    }
    for (unsigned i = 0; i < 200; i++) {
        for (unsigned k = 0; k < i; k += 7)
            assert_int_not_equal(sessions[i].origin.procid, sessions[k].origin.procid);
    }
    for (unsigned i = 0; i < 200; i++)
        ese_txn_session_end(&sessions[i]);
}

static void
test_txn_add__takes_values_of_any_size(void **state)
{
    static uint8_t big[100000];
    uint32_t key = 1;
    ese_txn_change change = {.place = fake_place(&f.tree, &key), .oper = ESE_TXN_REPLACE};
    ese_growbuf before = ese_growbuf_make(sizeof big);
    ese_txn_version *version;
    ese_txn_sight sight;
    bool has_delta;

    (void)state;
    for (size_t size = 0; size < sizeof big; size = size * 2 + 1) {
        memset(big, (int)size & 0xff, size);
        change.before = (ese_bytes){big, size};
        assert_done(ese_txn_begin(&f.a, false));
        assert_done(ese_txn_add(&f.a, &change, &version));
        memset(big, 0xee, size);
        assert_done(
            ese_txn_see(&f.b, &change.place, false, change.before, &before, &sight, &has_delta));
        assert_int_equal(sight, ESE_TXN_BEFORE);
        assert_int_equal(before.size, size);
        memset(big, (int)size & 0xff, size);
        assert_int_equal(ese_bytes_compare(ese_growbuf_bytes(&before), change.before), 0);
        ese_txn_drop(&f.a, version);
        assert_done(ese_txn_rollback(&f.a, false));
    }
    ese_growbuf_destroy(&before);
}

/* ---- What fails ---- */

static void
test_txn_undo__that_fails_is_fatal_and_hides_the_rest_for_ever(void **state)
{
    ese_txn_statement statement;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 500));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 2, 600));
    f.tree.undo_error = JET_errDiskIO;
    assert_int_equal(ese_txn_rollback(&f.a, false), JET_errRollbackError);
    assert_int_equal(f.a.level, 0);
    f.tree.undo_error = JET_errSuccess;
    assert_int_equal(fake_committed(&f, 1), 1);
    assert_int_equal(fake_committed(&f, 2), 2);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 1);
    assert_int_equal(fake_replace(&f.a, &f.tree, 2, 7), JET_errWriteConflict);
    ese_txn_store_clean(f.store);
    assert_int_equal(fake_committed(&f, 1), 1);

    assert_done(ese_txn_statement_enter(&f.b, &statement));
    assert_done(fake_replace(&f.b, &f.tree, 3, 600));
    f.tree.undo_error = JET_errDiskIO;
    assert_int_equal(ese_txn_statement_leave(&f.b, &statement, JET_errDiskFull),
                     JET_errRollbackError);
    f.tree.undo_error = JET_errSuccess;
    assert_int_equal(fake_committed(&f, 3), 3);
}

/* A bit of everything; the error of the first step that fails. */
static JET_ERR
run_scene(void)
{
    uint8_t data[FAKE_ROOM] = {7};
    ese_txn_change replace = {.oper = ESE_TXN_REPLACE};
    JET_ERR err;

    ESE_TRY(ese_txn_begin(&f.a, false));
    for (uint32_t i = 0; i < FAKE_NODES / 2; i++)
        ESE_TRY(fake_state(&f.a, &f.tree, i, replace, (ese_bytes){data, sizeof data}));
    ESE_TRY(ese_txn_begin(&f.a, false));
    for (uint32_t i = 0; i < FAKE_NODES; i++)
        ESE_TRY(fake_delta(&f.a, &f.tree, i, 1));
    ESE_TRY(ese_txn_commit(&f.a));
    for (uint32_t i = FAKE_NODES / 2; i < FAKE_NODES; i++)
        ESE_TRY(fake_do(&f.a, &f.tree, i, ESE_TXN_DELETE));
out:
    return err;
}

static void
test_txn_store__survives_every_allocation_that_fails(void **state)
{
    JET_ERR err = JET_errOutOfMemory;
    uint64_t n;

    (void)state;
    for (n = 1; err < JET_errSuccess; n++) {
        ese_txn_store *store = NULL;
        int64_t live = ese_alloc_live();

        ese_fault_set(ESE_FAULT_POINT_ALLOC, n, false);
        err = ese_txn_store_create(&fake_ops, 1 << 20, &store);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        assert_true(err == JET_errSuccess || (err == JET_errOutOfMemory && store == NULL));
        ese_txn_store_destroy(&store);
        assert_int_equal(ese_alloc_live(), live);
    }
    assert_true(n > 2);
    err = JET_errOutOfMemory;
    for (n = 1; err < JET_errSuccess; n++) {
        fake_end(&f); /* a store that keeps no memory from before */
        set_up(NULL);
        ese_txn_session_end(&f.a);
        ese_txn_session_init(&f.a, f.store);
        ese_fault_set(ESE_FAULT_POINT_ALLOC, n, false);
        err = run_scene();
        ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        assert_done(ese_txn_rollback(&f.a, true));
        for (uint32_t i = 0; i < FAKE_NODES; i++)
            assert_int_equal(fake_committed(&f, i), i);
        assert_true(ese_txn_store_is_empty(f.store));
    }
    assert_true(n > 2);
}

static void
test_txn_see__reports_that_there_is_no_memory(void **state)
{
    uint32_t key = 1;
    ese_txn_place place = fake_place(&f.tree, &key);
    ese_growbuf before = ese_growbuf_make(FAKE_ROOM);
    ese_txn_sight sight = ESE_TXN_NOTHING;
    bool has_delta = false;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 500));
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 1, false);
    assert_int_equal(ese_txn_see(&f.b, &place, false, (ese_bytes){f.tree.nodes[1].data, 8}, &before,
                                 &sight, &has_delta),
                     JET_errOutOfMemory);
    ese_fault_set(ESE_FAULT_POINT_ALLOC, 0, false);
    assert_int_equal(sight, ESE_TXN_NOTHING);
    assert_done(ese_txn_rollback(&f.a, true));
    ese_growbuf_destroy(&before);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_txn_commit__drops_at_once_what_nobody_needs),
        TEST(test_txn_store_clean__leaves_what_a_reader_may_need),
        TEST(test_txn_store_clean__removes_deleted_nodes_when_nobody_sees_them),
        TEST(test_txn_store_clean__never_uncovers_a_deletion),
        TEST(test_txn_cleaner__works_on_its_own),
        TEST(test_txn_cleaner__finds_the_last_few_too),
        TEST(test_txn_store_stop__leaves_the_work_to_who_asks),
        TEST(test_txn_store_clean_trees__minds_no_reader),
        TEST(test_txn_store__has_a_limit),
        TEST(test_txn_store__makes_room_before_it_refuses),
        TEST(test_txn_store__many_idle_sessions_cost_nothing_of_the_limit),
        TEST(test_txn_add__takes_values_of_any_size),
        TEST(test_txn_undo__that_fails_is_fatal_and_hides_the_rest_for_ever),
        TEST(test_txn_store__survives_every_allocation_that_fails),
        TEST(test_txn_see__reports_that_there_is_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
