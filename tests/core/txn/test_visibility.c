/* Who sees what: own changes, committed ones, those of before the begin; and what is left when a level or a statement is undone. */
#include "txn_test.h"

static fake f;

static int
set_up(void **state)
{
    (void)state;
    fake_begin(&f);
    assert_done(fake_insert(&f.a, &f.tree, 1, 100));
    assert_done(fake_insert(&f.a, &f.tree, 2, 200));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    ese_txn_store_clean(f.store);
    assert_true(ese_txn_store_is_empty(f.store));
    assert_int_equal(ese_txn_store_size(f.store), 0);
    fake_end(&f);
    return 0;
}

/* ---- What others see of a transaction ---- */

static void
test_txn_see__no_session_sees_what_is_not_committed(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_begin(&f.b, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(fake_do(&f.a, &f.tree, 2, ESE_TXN_DELETE));
    assert_done(fake_insert(&f.a, &f.tree, 3, 300));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 101);
    assert_int_equal(fake_read(&f.a, &f.tree, 2), FAKE_NOTHING);
    assert_int_equal(fake_read(&f.a, &f.tree, 3), 300);
    for (ese_txn_session *other = &f.b; other <= &f.c;
         other++) { /* in a transaction, and outside */
        assert_int_equal(fake_read(other, &f.tree, 1), 100);
        assert_int_equal(fake_read(other, &f.tree, 2), 200);
        assert_int_equal(fake_read(other, &f.tree, 3), FAKE_NOTHING);
    }
    assert_int_equal(fake_committed(&f, 1), 100);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_done(ese_txn_commit(&f.b));
    assert_int_equal(fake_committed(&f, 1), 100);
    assert_int_equal(fake_committed(&f, 2), 200);
    assert_int_equal(fake_committed(&f, 3), FAKE_NOTHING);
}

static void
test_txn_see__a_transaction_sees_what_was_committed_before_its_begin(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.b, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(fake_do(&f.a, &f.tree, 2, ESE_TXN_DELETE));
    assert_done(fake_insert(&f.a, &f.tree, 3, 300));
    for (int i = 0; i < 2; i++) { /* the second time the thread that cleans up has had its chance */
        assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
        assert_int_equal(fake_read(&f.b, &f.tree, 2), 200);
        assert_int_equal(fake_read(&f.b, &f.tree, 3), FAKE_NOTHING);
        assert_int_equal(fake_read(&f.c, &f.tree, 1), 101);
        assert_int_equal(fake_read(&f.c, &f.tree, 2), FAKE_NOTHING);
        assert_int_equal(fake_read(&f.c, &f.tree, 3), 300);
        ese_txn_store_clean(f.store);
    }
    assert_done(ese_txn_commit(&f.b));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 101);
    assert_int_equal(fake_read(&f.b, &f.tree, 2), FAKE_NOTHING);
}

static void
test_txn_see__an_inner_begin_takes_no_new_look(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.b, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(ese_txn_begin(&f.b, false));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_commit(&f.b));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_commit(&f.b));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 101);
}

static void
test_txn_see__each_reader_has_the_state_of_his_begin(void **state)
{
    ese_txn_session readers[10];

    (void)state;
    for (int64_t i = 0; i < 10; i++) {
        ese_txn_session_init(&readers[i], f.store);
        assert_done(ese_txn_begin(&readers[i], true));
        if (i == 5)
            assert_done(fake_do(&f.a, &f.tree, 1, ESE_TXN_DELETE));
        else if (i == 6)
            assert_done(fake_insert(&f.a, &f.tree, 1, 101 + i));
        else
            assert_done(fake_replace(&f.a, &f.tree, 1, 101 + i));
    }
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(fake_read(&readers[i], &f.tree, 1), i == 6 ? FAKE_NOTHING : 100 + i);
        if (i % 3 == 0)
            ese_txn_store_clean(f.store);
        assert_int_equal(fake_read(&readers[9], &f.tree, 1), 109);
        if (i != 9)
            assert_done(ese_txn_commit(&readers[i]));
    }
    assert_done(ese_txn_commit(&readers[9]));
    for (unsigned i = 0; i < 10; i++)
        ese_txn_session_end(&readers[i]);
}

/* Deleted and inserted again in one transaction: others see the old one, its own session the new one. */
static void
test_txn_see__what_was_deleted_and_inserted_again(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_do(&f.a, &f.tree, 1, ESE_TXN_DELETE));
    assert_done(fake_insert(&f.a, &f.tree, 1, 7));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 7);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_begin(&f.b, true));
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 7);
    assert_done(ese_txn_commit(&f.b));
    ese_txn_store_clean(f.store);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 7);
    assert_true(f.tree.nodes[1].is_there);
}

static void
test_txn_see__finds_the_data_of_a_node_that_grew(void **state)
{
    uint8_t big[FAKE_ROOM];
    ese_bytes data = {big, sizeof big};

    (void)state;
    memset(big, 9, sizeof big);
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_state(&f.a, &f.tree, 1, (ese_txn_change){.oper = ESE_TXN_REPLACE}, data));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(f.tree.nodes[1].size, 8);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
}

/* ---- Levels ---- */

static void
test_txn_rollback__of_a_level_leaves_what_the_outer_ones_did(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 102));
    assert_done(fake_insert(&f.a, &f.tree, 3, 300));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 103));
    assert_done(fake_do(&f.a, &f.tree, 3, ESE_TXN_DELETE));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 103);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 102);
    assert_int_equal(fake_read(&f.a, &f.tree, 3), 300);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 101);
    assert_int_equal(fake_read(&f.a, &f.tree, 3), FAKE_NOTHING);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 101);
}

static void
test_txn_commit__of_an_inner_level_lets_the_outer_one_undo_it(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    for (int64_t i = 1; i <= 3; i++) {
        assert_done(ese_txn_begin(&f.a, false));
        assert_done(fake_replace(&f.a, &f.tree, 1, 100 + i));
        assert_done(ese_txn_commit(&f.a));
    }
    assert_done(fake_replace(&f.a, &f.tree, 1, 104));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 100);
    assert_int_equal(f.a.n_changes, 0);
}

static void
test_txn_rollback__of_all_levels_undoes_all(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= ESE_TXN_LEVEL_MAX; i++) {
        assert_done(ese_txn_begin(&f.a, false));
        assert_done(fake_replace(&f.a, &f.tree, 1, 100 + i));
        assert_done(fake_delta(&f.a, &f.tree, 2, i));
    }
    assert_done(ese_txn_rollback(&f.a, true));
    assert_int_equal(f.a.level, 0);
    assert_int_equal(fake_committed(&f, 1), 100);
    assert_int_equal(fake_committed(&f, 2), 200);
}

/* A second replacement in a level needs no copy of the data; one after a level or a statement has begun does. */
static void
test_txn_add__keeps_the_data_once_for_each_point_of_return(void **state)
{
    ese_txn_statement statement;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    for (int64_t i = 1; i <= 50; i++)
        assert_done(fake_replace(&f.a, &f.tree, 1, 100 + i));
    assert_done(ese_txn_statement_enter(&f.a, &statement));
    assert_done(fake_replace(&f.a, &f.tree, 1, 160));
    assert_int_equal(ese_txn_statement_leave(&f.a, &statement, JET_errKeyDuplicate),
                     JET_errKeyDuplicate);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 150);
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 170));
    assert_done(fake_replace(&f.a, &f.tree, 1, 171));
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 150);
    f.tree.n_undone = 0;
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(f.tree.n_undone, 1);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 100);
}

static void
test_txn_undo__is_told_the_level_and_number_of_a_change(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_int_equal(f.a.origin.level, 1);
    assert_int_equal(f.a.origin.n_unlogged, 1);
    assert_int_equal(f.a.origin.trx_begin, 0); /* there is no log */
    assert_done(ese_txn_begin(&f.a, false));
    assert_int_equal(f.a.origin.level, 2);
    assert_int_equal(f.a.origin.n_unlogged, 2);
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(f.a.origin.n_unlogged, 1);
    f.a.origin.n_unlogged = 0; /* the log knows it now */
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(f.a.origin.n_unlogged, 0);
    assert_int_not_equal(f.a.origin.procid, f.b.origin.procid);
}

/* ---- Statements ---- */

static void
test_txn_statement__that_fails_changes_nothing(void **state)
{
    ese_txn_statement outer;
    ese_txn_statement inner;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(ese_txn_statement_enter(&f.a, &outer));
    assert_done(fake_replace(&f.a, &f.tree, 1, 102));
    assert_done(ese_txn_statement_enter(&f.a, &inner));
    assert_done(fake_replace(&f.a, &f.tree, 1, 103));
    assert_int_equal(ese_txn_statement_leave(&f.a, &inner, JET_errRecordTooBig),
                     JET_errRecordTooBig);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 102);
    assert_done(fake_replace(&f.a, &f.tree, 1, 104));
    assert_int_equal(ese_txn_statement_leave(&f.a, &outer, JET_errDiskFull), JET_errDiskFull);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 101);
    assert_int_equal(f.a.level, 1);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 100);
}

static void
test_txn_statement__outside_a_transaction_is_one(void **state)
{
    ese_txn_statement outer;
    ese_txn_statement inner;

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        JET_ERR err = fails ? JET_errDiskFull : JET_errSuccess;

        assert_done(ese_txn_statement_enter(&f.a, &outer));
        assert_int_equal(f.a.level, 1);
        assert_done(ese_txn_statement_enter(&f.a, &inner));
        assert_done(fake_replace(&f.a, &f.tree, 1, 101 + fails));
        assert_done(ese_txn_statement_leave(&f.a, &inner, JET_errSuccess));
        assert_int_equal(fake_read(&f.b, &f.tree, 1), 100 + fails);
        assert_int_equal(ese_txn_statement_leave(&f.a, &outer, err), err);
        assert_int_equal(f.a.level, 0);
        assert_int_equal(fake_read(&f.b, &f.tree, 1), 101);
    }
}

/* ---- Deltas ---- */

static void
test_txn_see__shows_own_deltas_and_those_committed_before(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_begin(&f.b, false));
    assert_done(fake_delta(&f.a, &f.tree, 1, 10));
    assert_done(fake_delta(&f.b, &f.tree, 1, 1000));
    assert_done(fake_delta(&f.a, &f.tree, 1, 1));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 111);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 1100);
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 100);
    assert_done(ese_txn_commit(&f.a));
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 1100);
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 111);
    assert_done(ese_txn_rollback(&f.b, false));
    assert_int_equal(fake_committed(&f, 1), 111);
}

static void
test_txn_see__steps_back_over_a_replacement_to_deltas_before_it(void **state)
{
    (void)state;
    assert_done(ese_txn_begin(&f.c, true));
    assert_done(fake_delta(&f.a, &f.tree, 1, 5));
    assert_done(ese_txn_begin(&f.b, false));
    assert_done(fake_replace(&f.b, &f.tree, 1, 1000));
    assert_done(fake_delta(&f.b, &f.tree, 1, 1));
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 100);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 105);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 1001);
    assert_done(ese_txn_commit(&f.b));
    assert_int_equal(fake_read(&f.c, &f.tree, 1), 100);
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 1001);
    assert_done(ese_txn_commit(&f.c));
}

static void
test_txn_see__subtracts_narrow_deltas_that_wrapped_around(void **state)
{
    ese_txn_change change = {.oper = ESE_TXN_DELTA, .width = 4, .delta = INT32_MAX};

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    for (int i = 0; i < 3; i++)
        assert_done(fake_state(&f.a, &f.tree, 1, change, (ese_bytes){NULL, 0}));
    assert_int_not_equal(fake_read(&f.a, &f.tree, 1), 100);
    assert_int_equal(fake_read(&f.b, &f.tree, 1), 100);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 100);
}

static void
test_txn_see__says_when_the_page_must_not_change_meanwhile(void **state)
{
    uint32_t key = 1;
    ese_txn_place place = fake_place(&f.tree, &key);
    ese_bytes data = {f.tree.nodes[1].data, 8};
    ese_growbuf before = ese_growbuf_make(FAKE_ROOM);
    ese_txn_sight sight;
    bool has_delta = true;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_delta(&f.a, &f.tree, 1, 5));
    assert_done(ese_txn_see(&f.a, &place, false, data, &before, &sight, &has_delta));
    assert_int_equal(sight, ESE_TXN_THE_NODE);
    assert_false(has_delta);
    assert_done(ese_txn_see(&f.b, &place, false, data, &before, &sight, &has_delta));
    assert_int_equal(sight, ESE_TXN_BEFORE);
    assert_true(has_delta);
    assert_int_equal(before.size, 8);
    assert_int_equal(ese_load_le64(before.data), 100);
    assert_done(ese_txn_rollback(&f.a, false));
    ese_growbuf_destroy(&before);
}

/* ---- Trees and actions ---- */

static void
test_txn_tree__made_or_destroyed_in_vain_and_for_good(void **state)
{
    ese_txn_change create = {.oper = ESE_TXN_CREATE_TREE, .place.tree = &f.tree};
    ese_txn_change destroy = {.oper = ESE_TXN_DESTROY_TREE, .place.tree = &f.tree};
    ese_txn_version *version;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add(&f.a, &create, &version));
    assert_done(ese_txn_rollback(&f.a, false));
    assert_int_equal(f.tree.n_destroyed, 1);
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add(&f.a, &destroy, &version));
    assert_done(ese_txn_rollback(&f.a, false));
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_destroyed, 1);
    assert_done(ese_txn_begin(&f.b, true));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add(&f.a, &destroy, &version));
    assert_done(ese_txn_commit(&f.a));
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_destroyed, 1); /* `b` may still read it */
    assert_done(ese_txn_commit(&f.b));
    ese_txn_store_clean(f.store);
    assert_int_equal(f.tree.n_destroyed, 2);
}

/* What happened to an action, in order. */
typedef struct story {
    char text[64];
    size_t n;
} story;

typedef struct chapter {
    story *of;
    char name;
} chapter;

static void
tell(const chapter *me, char what)
{
    me->of->text[me->of->n++] = me->name;
    me->of->text[me->of->n++] = what;
    me->of->text[me->of->n] = '\0';
}

static void
tell_undo(void *self)
{
    tell(self, 'u');
}

static void
tell_done(void *self, bool is_committed)
{
    tell(self, is_committed ? 'c' : 'r');
}

static void
test_txn_action__is_undone_in_its_place_and_always_told_the_end(void **state)
{
    story s = {.n = 0};
    chapter chapters[] = {{&s, '1'}, {&s, '2'}, {&s, '3'}};
    ese_txn_action actions[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        actions[i] = (ese_txn_action){&chapters[i], tell_undo, tell_done};
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add_action(&f.a, &actions[0]));
    assert_done(fake_replace(&f.a, &f.tree, 1, 101));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add_action(&f.a, &actions[1]));
    assert_done(fake_replace(&f.a, &f.tree, 1, 102));
    assert_done(ese_txn_add_action(&f.a, &actions[2]));
    assert_done(ese_txn_rollback(&f.a, false));
    assert_string_equal(s.text, "3u3r2u2r");
    assert_int_equal(fake_read(&f.a, &f.tree, 1), 101);
    s.n = 0;
    assert_done(ese_txn_add_action(&f.a, &actions[1]));
    assert_done(ese_txn_commit(&f.a));
    assert_string_equal(s.text, "1c2c");
    s.n = 0;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_add_action(&f.a, &actions[2]));
    assert_done(ese_txn_rollback(&f.a, true));
    assert_string_equal(s.text, "3u3r");
}

/* ---- Transactions as such ---- */

static void
test_txn_trx__is_seen_as_its_changes_are(void **state)
{
    ese_txn_trx *trx = NULL;

    (void)state;
    assert_done(ese_txn_begin(&f.c, true));
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(ese_txn_trx_of(&f.a, &trx));
    assert_true(ese_txn_trx_is_own(trx, &f.a));
    assert_false(ese_txn_trx_is_own(trx, &f.b));
    assert_false(ese_txn_trx_is_own(trx, NULL));
    assert_true(ese_txn_trx_is_visible(trx, &f.a));
    assert_false(ese_txn_trx_is_visible(trx, &f.b));
    assert_false(ese_txn_trx_is_visible(trx, NULL));
    assert_false(ese_txn_trx_is_past(f.store, trx));
    assert_done(ese_txn_commit(&f.a));
    assert_false(ese_txn_trx_is_own(trx, &f.a));
    assert_true(ese_txn_trx_is_visible(trx, &f.a));
    assert_true(ese_txn_trx_is_visible(trx, NULL));
    assert_false(ese_txn_trx_is_visible(trx, &f.c));
    assert_false(ese_txn_trx_is_past(f.store, trx));
    assert_done(ese_txn_commit(&f.c));
    assert_true(ese_txn_trx_is_past(f.store, trx));
    ese_txn_trx_release(&trx);
    assert_null(trx);
    ese_txn_trx_release(&trx);
}

static void
test_txn_trx__that_was_rolled_back_is_never_seen(void **state)
{
    ese_txn_trx *trx = NULL;
    ese_txn_trx *held;

    (void)state;
    assert_done(ese_txn_begin(&f.a, false));
    assert_done(fake_replace(&f.a, &f.tree, 1, 5));
    assert_done(ese_txn_trx_of(&f.a, &trx));
    ese_txn_trx_hold(trx);
    assert_done(ese_txn_rollback(&f.a, false));
    assert_false(ese_txn_trx_is_own(trx, &f.a));
    assert_false(ese_txn_trx_is_visible(trx, &f.a));
    assert_false(ese_txn_trx_is_visible(trx, NULL));
    assert_false(ese_txn_trx_is_past(f.store, trx));
    held = trx;
    ese_txn_trx_release(&held);
    ese_txn_trx_release(&trx);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_txn_see__no_session_sees_what_is_not_committed),
        TEST(test_txn_see__a_transaction_sees_what_was_committed_before_its_begin),
        TEST(test_txn_see__an_inner_begin_takes_no_new_look),
        TEST(test_txn_see__each_reader_has_the_state_of_his_begin),
        TEST(test_txn_see__what_was_deleted_and_inserted_again),
        TEST(test_txn_see__finds_the_data_of_a_node_that_grew),
        TEST(test_txn_rollback__of_a_level_leaves_what_the_outer_ones_did),
        TEST(test_txn_commit__of_an_inner_level_lets_the_outer_one_undo_it),
        TEST(test_txn_rollback__of_all_levels_undoes_all),
        TEST(test_txn_add__keeps_the_data_once_for_each_point_of_return),
        TEST(test_txn_undo__is_told_the_level_and_number_of_a_change),
        TEST(test_txn_statement__that_fails_changes_nothing),
        TEST(test_txn_statement__outside_a_transaction_is_one),
        TEST(test_txn_see__shows_own_deltas_and_those_committed_before),
        TEST(test_txn_see__steps_back_over_a_replacement_to_deltas_before_it),
        TEST(test_txn_see__subtracts_narrow_deltas_that_wrapped_around),
        TEST(test_txn_see__says_when_the_page_must_not_change_meanwhile),
        TEST(test_txn_tree__made_or_destroyed_in_vain_and_for_good),
        TEST(test_txn_action__is_undone_in_its_place_and_always_told_the_end),
        TEST(test_txn_trx__is_seen_as_its_changes_are),
        TEST(test_txn_trx__that_was_rolled_back_is_never_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
