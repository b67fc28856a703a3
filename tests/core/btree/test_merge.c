/* Trees that shrink: whatever order the entries go in, all pages come back, and the tree is sound on the way. Long values go with their roots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "test_db.h"
#include "test_model.h"

enum { N = 4000, KEY_SIZE = 180, BATCH = 200 };

/* Pairs of keys differ in the last byte only, and have little in common with other pairs: long separators that no prefix shortens, so that the tree is high. */
static ese_bytes
make_key(uint8_t *room, unsigned i)
{
    uint32_t seed = i / 2 + 1;

    ese_store_be32(room, i / 2);
    for (unsigned k = 4; k + 1 < KEY_SIZE; k++)
        room[k] = (uint8_t)test_random(&seed);
    room[KEY_SIZE - 1] = (uint8_t)(i % 2);
    return (ese_bytes){room, KEY_SIZE};
}

typedef struct order {
    const char *name;
    unsigned (*at)(unsigned step);
} order;

static unsigned
ascending(unsigned step)
{
    return step;
}

static unsigned
descending(unsigned step)
{
    return N - 1 - step;
}

static unsigned
scattered(unsigned step)
{
    return step * 577 % N; /* 577 and N have no common factor */
}

static unsigned
from_the_middle(unsigned step)
{
    return (N / 2 + step) % N;
}

static unsigned
from_both_ends(unsigned step)
{
    return step % 2 == 0 ? step / 2 : N - 1 - step / 2;
}

static const order orders[] = {{"ascending", ascending},
                               {"descending", descending},
                               {"scattered", scattered},
                               {"from the middle", from_the_middle},
                               {"from both ends", from_both_ends}};

static void
insert_all(ese_txn_session *session, const ese_btree *tree, const order *in)
{
    static const uint8_t data[60];

    assert_int_equal(ese_txn_begin(session, false), JET_errSuccess);
    for (unsigned step = 0; step < N; step++) {
        uint8_t room[KEY_SIZE];

        assert_int_equal(ese_btree_insert(session, tree, make_key(room, in->at(step)),
                                          (ese_bytes){data, 1 + step % sizeof data},
                                          ESE_BTREE_VERSIONED),
                         JET_errSuccess);
    }
    assert_int_equal(ese_txn_commit(session), JET_errSuccess);
}

static void
delete_all(test_fresh *t, ese_txn_session *session, const ese_btree *tree, const order *out)
{
    for (unsigned step = 0; step < N;) {
        assert_int_equal(ese_txn_begin(session, false), JET_errSuccess);
        do {
            uint8_t room[KEY_SIZE];

            assert_int_equal(ese_btree_delete(session, tree, make_key(room, out->at(step)),
                                              (ese_bytes){NULL, 0}, ESE_BTREE_VERSIONED),
                             JET_errSuccess);
            step++;
        } while (step % BATCH != 0);
        assert_int_equal(ese_txn_commit(session), JET_errSuccess);
        ese_txn_store_clean(t->store);
        assert_int_equal(test_structure_check(tree).n_nodes, N - step);
    }
}

static void
shrink(uint32_t page_size, const order *in, const order *out)
{
    const test_fresh_options fresh = {.page_size = page_size};
    const test_model_options options = {.n = 1};
    test_fresh t;
    ese_txn_session session;
    ese_btree tree;
    uint32_t n_owned = 0, n_free = 0;

    print_message("%u bytes, in %s, out %s\n", (unsigned)page_size, in->name, out->name);
    test_fresh_create(&t, &fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, &options);
    insert_all(&session, &tree, in);
    assert_true(page_size > 2048 || test_structure_check(&tree).depth >= 3);
    delete_all(&t, &session, &tree, out);
    assert_int_equal(test_structure_check(&tree).n_pages, 1);
    assert_int_equal(ese_btree_space(&tree, &n_owned, &n_free), JET_errSuccess);
    assert_in_range(n_owned - n_free, 3, 10); /* the root, and space trees, which need not shrink */
    insert_all(&session, &tree, out);
    assert_int_equal(test_structure_check(&tree).n_nodes, N);
    ese_txn_session_end(&session);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

static void
test_btree_merge__gives_all_pages_back(void **state)
{
    enum { N_ORDERS = sizeof orders / sizeof *orders };

    (void)state;
    for (size_t in = 0; in < N_ORDERS; in++) {
        for (size_t out = 0; out < N_ORDERS; out++)
            shrink(2048, &orders[in], &orders[out]);
        shrink(4096, &orders[in], &orders[in]);
    }
}

/* Bulk that is taken back leaves nothing behind. */
static void
test_btree_merge__follows_a_rollback(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.n = N};
    test_fresh t;
    ese_txn_session session;
    ese_btree tree;
    test_model m;
    uint32_t seed = 3;

    (void)state;
    test_fresh_create(&t, &fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, &options);
    test_model_init(&m, &options);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(test_model_change(&m, &session, &tree, scattered(i), &seed),
                         JET_errSuccess);
    assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
    assert_int_equal(test_structure_check(&tree).n_pages, 1);
    assert_int_equal(test_structure_check(&tree).n_nodes, 0);
    test_model_free(&m);
    ese_txn_session_end(&session);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

/* ---- long values */

enum { N_VALUES = 12, N_CHUNKS = 40, CHUNK_SIZE = 700, FIRST_CHUNK_SIZE = 20 };

static void
put_value(ese_txn_session *session, const ese_btree *tree, uint32_t id)
{
    static const uint8_t root[8] = {1};
    static const uint8_t chunk[CHUNK_SIZE];
    uint8_t key[8];

    ese_store_be32(key, id);
    assert_int_equal(ese_btree_insert(session, tree, (ese_bytes){key, 4},
                                      (ese_bytes){root, sizeof root}, ESE_BTREE_VERSIONED),
                     JET_errSuccess);
    for (uint32_t i = 0; i < N_CHUNKS; i++) {
        ese_store_be32(key + 4, i * CHUNK_SIZE);
        assert_int_equal(
            ese_btree_insert(session, tree, (ese_bytes){key, 8},
                             (ese_bytes){chunk, i == 0 ? FIRST_CHUNK_SIZE : CHUNK_SIZE},
                             ESE_BTREE_UNVERSIONED),
            JET_errSuccess);
    }
}

static void
drop_value(ese_txn_session *session, const ese_btree *tree, uint32_t id)
{
    uint8_t key[4];

    ese_store_be32(key, id);
    assert_int_equal(ese_btree_delete(session, tree, (ese_bytes){key, 4}, (ese_bytes){NULL, 0},
                                      ESE_BTREE_VERSIONED),
                     JET_errSuccess);
}

static void
test_btree_txn__takes_the_chunks_of_a_value_with_its_root(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.kind = ESE_PAGE_LONG_VALUE, .n = 1};
    test_fresh t;
    ese_txn_session session;
    ese_btree tree;

    (void)state;
    test_fresh_create(&t, &fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, &options);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    for (uint32_t id = 1; id <= N_VALUES; id++)
        put_value(&session, &tree, id);
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    assert_int_equal(test_structure_check(&tree).n_nodes, N_VALUES * (N_CHUNKS + 1));

    /* Values that a transaction made and took back, and deletions it took back. */
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    put_value(&session, &tree, N_VALUES + 1);
    drop_value(&session, &tree, 3);
    assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
    ese_txn_store_clean(t.store);
    assert_int_equal(test_structure_check(&tree).n_nodes, N_VALUES * (N_CHUNKS + 1));

    /* Deletions that last. */
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    for (uint32_t id = 1; id <= N_VALUES; id += 2)
        drop_value(&session, &tree, id);
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    ese_txn_store_clean(t.store);
    assert_int_equal(test_structure_check(&tree).n_nodes, N_VALUES / 2 * (N_CHUNKS + 1));
    ese_txn_session_end(&session);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

/* The leaf and the line of the root of a value; false: there is none. */
static bool
find_root(test_fresh *t, const ese_btree *tree, uint32_t id, ese_pgno *pgno_out, unsigned *line_out)
{
    bool found = false;

    for (ese_pgno pgno = 1; !found && pgno <= ese_cache_page_count(tree->file); pgno++) {
        ese_cache_page *page = NULL;
        uint8_t key[ESE_PAGE_KEY_MAX];

        if (ese_cache_pin(t->pages, pgno, &page) < JET_errSuccess)
            continue; /* never used */
        for (unsigned line = 0; line < ese_page_line_count(&page->page); line++) {
            ese_page_node node = ese_page_line(&page->page, line);
            uint32_t flags = ese_page_flags(&page->page);

            if (ese_page_objid(&page->page) == tree->objid && (flags & ESE_PAGE_LEAF) != 0 &&
                (flags & ESE_PAGE_SPACE) == 0 &&
                ese_page_node_copy_key(&node, key, sizeof key) == 4 && ese_load_be32(key) == id) {
                *pgno_out = pgno;
                *line_out = line;
                found = true;
            }
        }
        ese_cache_unpin(&page);
    }
    return found;
}

/* What a crash may leave: the root is flagged deleted, no version knows why, and the chunks are there. */
static void
hide_root(test_fresh *t, const ese_btree *tree, uint32_t id)
{
    ese_log_record record = {.type = ESE_LOG_FLAG_DELETE,
                             .flags = ESE_LOG_UNIQUE,
                             .root = tree->root,
                             .objid = tree->objid};
    ese_cache_page *page = NULL;
    ese_pgno pgno = 0;

    assert_true(find_root(t, tree, id, &pgno, &record.u.node.line));
    assert_int_equal(ese_cache_latch(t->pages, pgno, &page), JET_errSuccess);
    assert_int_equal(ese_log_change_node(&t->log, NULL, &page, &record), JET_errSuccess);
}

static void
test_btree_merge__keeps_a_hidden_root_as_long_as_there_are_chunks(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.kind = ESE_PAGE_LONG_VALUE, .n = 1};
    const uint32_t hidden = 5;
    test_fresh t;
    ese_txn_session session;
    ese_btree tree;
    ese_pgno pgno;
    unsigned line;
    uint8_t key[8];

    (void)state;
    test_fresh_create(&t, &fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, &options);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    for (uint32_t id = 1; id <= N_VALUES; id++)
        put_value(&session, &tree, id);
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    ese_txn_store_clean(t.store);
    hide_root(&t, &tree, hidden);

    /* Nothing that lives is left on its leaf, where the first chunk is so small that its removal looks for a leaf to let go. */
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    drop_value(&session, &tree, hidden - 1);
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    ese_txn_store_clean(t.store);
    assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
    ese_store_be32(key, hidden);
    for (uint32_t i = 0; i + 1 < N_CHUNKS; i++) {
        ese_store_be32(key + 4, i * CHUNK_SIZE);
        assert_int_equal(ese_btree_delete(&session, &tree, (ese_bytes){key, 8},
                                          (ese_bytes){NULL, 0}, ESE_BTREE_UNVERSIONED),
                         JET_errSuccess);
    }
    assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
    ese_txn_store_clean(t.store);
    assert_true(find_root(&t, &tree, hidden, &pgno, &line));
    assert_int_equal(test_structure_check(&tree).n_deleted, 1);
    ese_txn_session_end(&session);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_merge__gives_all_pages_back),
        cmocka_unit_test(test_btree_merge__follows_a_rollback),
        cmocka_unit_test(test_btree_txn__takes_the_chunks_of_a_value_with_its_root),
        cmocka_unit_test(test_btree_merge__keeps_a_hidden_root_as_long_as_there_are_chunks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
