/*
 * Several sessions in one tree, turn by turn: each sees its snapshot and its own changes and nothing else, whatever the others do to the pages; conflicts are found; every level
 * can be rolled back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_db.h"
#include "test_model.h"

enum { N_SESSIONS = 4, N_ENTRIES = 400, LEVELS = 4 };

typedef struct player {
    ese_txn_session session;
    test_model seen[LEVELS + 1]; /* at each level; 0: what it began with */
    unsigned level;
    unsigned begin;                            /* number of commits before it */
    uint8_t is_changed[LEVELS + 1][N_ENTRIES]; /* by it, up to this level */
} player;

typedef struct game {
    test_fresh t;
    ese_btree tree;
    test_model committed;
    player players[N_SESSIONS];
    unsigned n_commits;
    unsigned last_commit[N_ENTRIES];
    uint32_t seed;
} game;

static unsigned
draw(game *g, unsigned n)
{
    return test_random(&g->seed) % n;
}

static void
setup(game *g, uint32_t page_size, const test_model_options *options)
{
    const test_fresh_options fresh = {.page_size = page_size};
    ese_txn_session session;

    memset(g, 0, sizeof *g);
    g->seed = 4711 + page_size;
    test_fresh_create(&g->t, &fresh);
    test_fresh_session(&g->t, &session);
    g->tree = test_model_tree(&g->t, &session, options);
    ese_txn_session_end(&session);
    test_model_init(&g->committed, options);
    for (unsigned i = 0; i < N_SESSIONS; i++) {
        test_fresh_session(&g->t, &g->players[i].session);
        for (unsigned level = 0; level <= LEVELS; level++)
            test_model_init(&g->players[i].seen[level], options);
    }
}

static void
teardown(game *g)
{
    for (unsigned i = 0; i < N_SESSIONS; i++) {
        ese_txn_session_end(&g->players[i].session);
        for (unsigned level = 0; level <= LEVELS; level++)
            test_model_free(&g->players[i].seen[level]);
    }
    test_model_free(&g->committed);
    test_fresh_close(&g->t);
    test_fresh_remove(&g->t);
}

static void
begin(game *g, player *p)
{
    if (p->level == 0) {
        p->begin = g->n_commits;
        test_model_copy(&p->seen[0], &g->committed);
        memset(p->is_changed[0], 0, sizeof p->is_changed[0]);
    }
    assert_int_equal(ese_txn_begin(&p->session, false), JET_errSuccess);
    p->level++;
    test_model_copy(&p->seen[p->level], &p->seen[p->level - 1]);
    memcpy(p->is_changed[p->level], p->is_changed[p->level - 1], N_ENTRIES);
}

static void
commit(game *g, player *p)
{
    assert_int_equal(ese_txn_commit(&p->session), JET_errSuccess);
    p->level--;
    test_model_copy(&p->seen[p->level], &p->seen[p->level + 1]);
    memcpy(p->is_changed[p->level], p->is_changed[p->level + 1], N_ENTRIES);
    if (p->level > 0)
        return;
    g->n_commits++;
    for (unsigned i = 0; i < N_ENTRIES; i++) {
        if (!p->is_changed[0][i])
            continue;
        g->last_commit[i] = g->n_commits;
        g->committed.generations[i] = p->seen[0].generations[i];
    }
}

static void
roll_back(game *g, player *p)
{
    bool is_whole = draw(g, 4) == 0;

    assert_int_equal(ese_txn_rollback(&p->session, is_whole), JET_errSuccess);
    p->level = is_whole ? 0 : p->level - 1;
}

/* Has somebody else a change of the entry that is not committed, or was after the player began? */
static bool
is_taken(const game *g, const player *p, unsigned entry)
{
    for (unsigned i = 0; i < N_SESSIONS; i++) {
        const player *other = &g->players[i];

        if (other != p && other->level > 0 && other->is_changed[other->level][entry])
            return true;
    }
    return g->last_commit[entry] > p->begin;
}

static void
change(game *g, player *p)
{
    unsigned entry = draw(g, N_ENTRIES);
    test_model *seen = &p->seen[p->level];
    bool is_insert = seen->generations[entry] == 0;
    JET_ERR err = test_model_change(seen, &p->session, &g->tree, entry, &g->seed);

    if (is_taken(g, p, entry)) {
        assert_int_equal(err, is_insert ? JET_errKeyDuplicate : JET_errWriteConflict);
    } else {
        assert_int_equal(err, JET_errSuccess);
        p->is_changed[p->level][entry] = true;
    }
}

static void
turn(game *g)
{
    player *p = &g->players[draw(g, N_SESSIONS)];
    unsigned what = draw(g, 100);

    if (p->level == 0 || (what < 3 && p->level < LEVELS)) {
        begin(g, p);
    } else if (what < 8) {
        commit(g, p);
    } else if (what < 12) {
        roll_back(g, p);
    } else if (what < 15) {
        test_model_check(&p->seen[p->level], &p->session, &g->tree, &g->seed);
    } else {
        change(g, p);
    }
}

static void
play(uint32_t page_size, const test_model_options *options, unsigned n_turns)
{
    game *g = malloc(sizeof *g);

    assert_non_null(g);
    setup(g, page_size, options);
    for (unsigned i = 0; i < n_turns; i++)
        turn(g);
    test_model_check(&g->committed, NULL, &g->tree, &g->seed);
    for (unsigned i = 0; i < N_SESSIONS; i++) {
        player *p = &g->players[i];

        if (p->level > 0)
            test_model_check(&p->seen[p->level], &p->session, &g->tree, &g->seed);
        if (p->level > 0)
            assert_int_equal(ese_txn_rollback(&p->session, true), JET_errSuccess);
    }
    ese_txn_store_clean(g->t.store);
    test_model_check(&g->committed, NULL, &g->tree, &g->seed);
    assert_int_equal(test_structure_check(&g->tree).n_deleted, 0);
    teardown(g);
    free(g);
}

static void
test_btree_versions__give_each_session_its_snapshot(void **state)
{
    const test_model_options options = {.n = N_ENTRIES, .data_max = 300};

    (void)state;
    play(2048, &options, 12000);
    play(8192, &options, 6000);
    play(32768, &options, 6000);
}

static void
test_btree_versions__give_each_session_its_snapshot_of_a_non_unique_tree(void **state)
{
    const test_model_options options = {
        .kind = ESE_PAGE_INDEX, .is_non_unique = true, .n = N_ENTRIES};

    (void)state;
    play(2048, &options, 12000);
    play(16384, &options, 6000);
}

/* ---- single cases */

typedef struct pair {
    test_fresh t;
    ese_btree tree;
    ese_txn_session one, two;
} pair;

static const ese_bytes key_a = {(const uint8_t *)"a", 1};
static const ese_bytes key_b = {(const uint8_t *)"b", 1};
static const ese_bytes none = {NULL, 0};
static const test_model_options plain = {.n = 1};

static ese_bytes
text(const char *s)
{
    return (ese_bytes){(const uint8_t *)s, strlen(s)};
}

static void
pair_open(pair *p)
{
    memset(p, 0, sizeof *p);
    test_fresh_create(&p->t, NULL);
    test_fresh_session(&p->t, &p->one);
    test_fresh_session(&p->t, &p->two);
    p->tree = test_model_tree(&p->t, &p->one, &plain);
}

static void
pair_close(pair *p)
{
    ese_txn_session_end(&p->one);
    ese_txn_session_end(&p->two);
    test_fresh_close(&p->t);
    test_fresh_remove(&p->t);
}

static void
put(pair *p, ese_bytes key, const char *data)
{
    assert_int_equal(ese_txn_begin(&p->one, false), JET_errSuccess);
    assert_int_equal(ese_btree_insert(&p->one, &p->tree, key, text(data), ESE_BTREE_VERSIONED),
                     JET_errSuccess);
    assert_int_equal(ese_txn_commit(&p->one), JET_errSuccess);
}

static bool
finds(ese_btree_cursor *cursor, ese_bytes key)
{
    bool found = false;
    int order = 1;

    assert_int_equal(ese_btree_seek(cursor, key, none, ESE_BTREE_GE, &found, &order),
                     JET_errSuccess);
    return found && order == 0;
}

static void
assert_data(const ese_btree_cursor *cursor, const char *data)
{
    assert_int_equal(cursor->node.data.size, strlen(data));
    assert_memory_equal(cursor->node.data.data, data, strlen(data));
}

static void
test_btree_refresh__shows_what_became_of_the_entry(void **state)
{
    pair p;
    ese_btree_cursor cursor, copy;
    bool found = false;

    (void)state;
    pair_open(&p);
    put(&p, key_a, "old");
    put(&p, key_b, "b");
    ese_btree_cursor_init(&cursor, &p.tree, &p.one);
    ese_btree_cursor_init(&copy, &p.tree, &p.one);
    assert_true(finds(&cursor, key_a));

    /* Its own replacement and what is left after the rollback. */
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_btree_replace(&p.one, &p.tree, key_a, text("new"), ESE_BTREE_VERSIONED),
                     JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&cursor, "new");
    assert_int_equal(ese_txn_rollback(&p.one, true), JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&cursor, "old");

    /* What another replaces stays as it was, for a copy of the cursor too. */
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&p.two, false), JET_errSuccess);
    assert_int_equal(ese_btree_replace(&p.two, &p.tree, key_a, text("newest"), ESE_BTREE_VERSIONED),
                     JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&cursor, "old");
    ese_btree_cursor_copy(&copy, &cursor);
    assert_int_equal(ese_btree_refresh(&copy, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&copy, "old");
    assert_int_equal(ese_txn_commit(&p.two), JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_data(&cursor, "old");
    assert_int_equal(ese_txn_commit(&p.one), JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_data(&cursor, "newest");

    ese_btree_cursor_reset(&cursor);
    ese_btree_cursor_reset(&copy);
    pair_close(&p);
}

static void
test_btree_refresh__keeps_the_place_of_an_entry_that_is_gone(void **state)
{
    pair p;
    ese_btree_cursor cursor;
    bool found = false;

    (void)state;
    pair_open(&p);
    put(&p, key_a, "a");
    put(&p, key_b, "b");
    put(&p, text("c"), "c");
    ese_btree_cursor_init(&cursor, &p.tree, &p.two);
    assert_true(finds(&cursor, key_b));
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_btree_delete(&p.one, &p.tree, key_b, none, ESE_BTREE_VERSIONED),
                     JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_true(found); /* not committed */
    assert_int_equal(ese_txn_commit(&p.one), JET_errSuccess);
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_false(found);
    ese_txn_store_clean(p.t.store); /* the node is no more, either */
    assert_int_equal(ese_btree_refresh(&cursor, &found), JET_errSuccess);
    assert_false(found);
    assert_int_equal(ese_btree_next(&cursor, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&cursor, "c");
    assert_int_equal(ese_btree_prev(&cursor, &found), JET_errSuccess);
    assert_true(found);
    assert_data(&cursor, "a");
    ese_btree_cursor_reset(&cursor);
    pair_close(&p);
}

static void
test_btree_delta__of_two_sessions_add_up(void **state)
{
    pair p;
    ese_btree_cursor one, two;
    const uint8_t ten[] = {10, 0, 0, 0, 0xee};
    const uint8_t twelve[] = {12, 0, 0, 0, 0xee};
    const uint8_t fifteen[] = {15, 0, 0, 0, 0xee};
    int64_t old = 0;

    (void)state;
    pair_open(&p);
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(
        ese_btree_insert(&p.one, &p.tree, key_a, (ese_bytes){ten, sizeof ten}, ESE_BTREE_VERSIONED),
        JET_errSuccess);
    assert_int_equal(ese_txn_commit(&p.one), JET_errSuccess);
    ese_btree_cursor_init(&one, &p.tree, &p.one);
    ese_btree_cursor_init(&two, &p.tree, &p.two);
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&p.two, false), JET_errSuccess);
    assert_int_equal(ese_btree_delta(&p.one, &p.tree, key_a, 0, 4, 2, &old), JET_errSuccess);
    assert_int_equal(old, 10);
    assert_int_equal(ese_btree_delta(&p.two, &p.tree, key_a, 0, 4, 5, &old), JET_errSuccess);
    assert_int_equal(old, 12);
    assert_true(finds(&one, key_a));
    assert_memory_equal(one.node.data.data, twelve, sizeof twelve);
    assert_true(finds(&two, key_a));
    assert_memory_equal(two.node.data.data, fifteen, sizeof fifteen);
    assert_int_equal(ese_btree_replace(&p.one, &p.tree, key_a, text("x"), ESE_BTREE_VERSIONED),
                     JET_errWriteConflict);
    assert_int_equal(ese_txn_commit(&p.one), JET_errSuccess);
    assert_int_equal(ese_txn_rollback(&p.two, true), JET_errSuccess);
    assert_true(finds(&two, key_a));
    assert_memory_equal(two.node.data.data, twelve, sizeof twelve);
    ese_btree_cursor_reset(&one);
    ese_btree_cursor_reset(&two);
    pair_close(&p);
}

static void
test_btree_lock__keeps_others_from_changing(void **state)
{
    pair p;

    (void)state;
    pair_open(&p);
    put(&p, key_a, "a");
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_txn_begin(&p.two, false), JET_errSuccess);
    assert_int_equal(ese_btree_lock(&p.one, &p.tree, key_a, ESE_TXN_WRITE_LOCK), JET_errSuccess);
    assert_int_equal(ese_btree_lock(&p.two, &p.tree, key_a, ESE_TXN_READ_LOCK),
                     JET_errWriteConflict);
    assert_int_equal(ese_btree_replace(&p.two, &p.tree, key_a, text("x"), ESE_BTREE_VERSIONED),
                     JET_errWriteConflict);
    assert_int_equal(ese_btree_delete(&p.two, &p.tree, key_a, none, ESE_BTREE_VERSIONED),
                     JET_errWriteConflict);
    assert_int_equal(ese_btree_lock(&p.two, &p.tree, key_b, ESE_TXN_READ_LOCK),
                     JET_errRecordDeleted);
    assert_int_equal(ese_txn_commit(&p.one), JET_errSuccess);
    assert_int_equal(ese_txn_rollback(&p.two, true), JET_errSuccess);
    pair_close(&p);
}

static void
test_btree_change__of_what_is_not_there_or_too_large_is_refused(void **state)
{
    static const uint8_t large[5000];
    pair p;

    (void)state;
    pair_open(&p);
    put(&p, key_a, "a");
    assert_int_equal(ese_txn_begin(&p.one, false), JET_errSuccess);
    assert_int_equal(ese_btree_replace(&p.one, &p.tree, key_b, text("x"), ESE_BTREE_VERSIONED),
                     JET_errRecordDeleted);
    assert_int_equal(ese_btree_delete(&p.one, &p.tree, key_b, none, ESE_BTREE_VERSIONED),
                     JET_errRecordDeleted);
    assert_int_equal(ese_btree_insert(&p.one, &p.tree, key_a, text("x"), ESE_BTREE_VERSIONED),
                     JET_errKeyDuplicate);
    assert_int_equal(ese_btree_insert(&p.one, &p.tree, key_b, (ese_bytes){large, sizeof large},
                                      ESE_BTREE_VERSIONED),
                     JET_errRecordTooBig);
    /* The largest node of a page of 4096 bytes: 4048 with two sizes of two bytes. The key has one. */
    assert_int_equal(
        ese_btree_insert(&p.one, &p.tree, key_b, (ese_bytes){large, 4044}, ESE_BTREE_VERSIONED),
        JET_errRecordTooBig);
    assert_int_equal(
        ese_btree_insert(&p.one, &p.tree, key_b, (ese_bytes){large, 4043}, ESE_BTREE_VERSIONED),
        JET_errSuccess);
    test_structure_check(&p.tree);
    assert_int_equal(ese_txn_rollback(&p.one, true), JET_errSuccess);
    pair_close(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_versions__give_each_session_its_snapshot),
        cmocka_unit_test(test_btree_versions__give_each_session_its_snapshot_of_a_non_unique_tree),
        cmocka_unit_test(test_btree_refresh__shows_what_became_of_the_entry),
        cmocka_unit_test(test_btree_refresh__keeps_the_place_of_an_entry_that_is_gone),
        cmocka_unit_test(test_btree_delta__of_two_sessions_add_up),
        cmocka_unit_test(test_btree_lock__keeps_others_from_changing),
        cmocka_unit_test(test_btree_change__of_what_is_not_there_or_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
