/*
 * The log against the database that it tells of: repeated into a new file it makes the same pages, and after a crash at any moment the pages that had been written
 * make no difference.
 *
 * The workload: sessions take turns in trees of all kinds, in a cache so small that pages are written in the middle of transactions. What they do fails now and then, levels and
 * statements are rolled back, trees come and go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "test_db.h"
#include "test_model.h"

enum {
    N_SESSIONS = 4,
    N_TREES = 3,
    N_ENTRIES = 600,
    N_SUMS = 8,
    SUM_SIZE = 16,
    STEPS = 3000,
    CRASHES = 10,
    N_THREADS = 4,
    THREAD_STEPS = 1500,
    SMALL_CACHE = 24, /* pages */
};

typedef struct world {
    test_fresh t;
    test_model models[N_TREES]; /* for keys and data */
    ese_btree trees[N_TREES];
    ese_btree sums;
} world;

typedef struct actor {
    world *w;
    ese_txn_session session;
    uint32_t seed;
    pthread_t thread;
    bool is_wrong;
} actor;

static const test_model_options tree_options[N_TREES] = {
    {.n = N_ENTRIES, .data_max = 60},
    {.n = N_ENTRIES, .is_non_unique = true, .kind = ESE_PAGE_INDEX},
    {.n = N_ENTRIES, .data_max = 700, .kind = ESE_PAGE_LONG_VALUE},
};

static unsigned
draw(actor *a, unsigned n)
{
    return test_random(&a->seed) % n;
}

/* What may become of a change when others are at work. */
static bool
is_fine(JET_ERR err)
{
    return err == JET_errSuccess || err == JET_errWriteConflict || err == JET_errKeyDuplicate ||
           err == JET_errRecordDeleted;
}

static ese_bytes
key_of_sum(uint8_t *key, unsigned i)
{
    ese_store_be32(key, i + 1);
    return (ese_bytes){key, 4};
}

static JET_ERR
add_to_sum(actor *a)
{
    uint8_t key[4];
    unsigned width = draw(a, 3) == 0 ? 8 : 4;
    int64_t delta = (int64_t)draw(a, 2000) - 1000, old;

    return ese_btree_delta(&a->session, &a->w->sums, key_of_sum(key, draw(a, N_SUMS)),
                           width == 8 ? 8 : 4 * draw(a, 2), width, delta, &old);
}

static JET_ERR
change_entry(actor *a)
{
    unsigned which = draw(a, N_TREES), what = draw(a, 5);
    const test_model *m = &a->w->models[which];
    const ese_btree *tree = &a->w->trees[which];
    test_entry_bytes e;
    ese_bytes key, data;

    test_model_entry(m, draw(a, N_ENTRIES), 1 + draw(a, 50), &e);
    key = (ese_bytes){e.key, e.key_size};
    data = (ese_bytes){e.data, e.data_size};
    if (what < 2)
        return ese_btree_insert(&a->session, tree, key, data, ESE_BTREE_VERSIONED);
    if (what < 4 && !m->options.is_non_unique)
        return ese_btree_replace(&a->session, tree, key, data, ESE_BTREE_VERSIONED);
    return ese_btree_delete(&a->session, tree, key,
                            m->options.is_non_unique ? data : (ese_bytes){NULL, 0},
                            ESE_BTREE_VERSIONED);
}

/* A few changes that are taken back together now and then. */
static JET_ERR
make_statement(actor *a)
{
    ese_txn_statement statement;
    unsigned n = 1 + draw(a, 4);
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(&a->session, &statement));
    for (unsigned i = 0; i < n && err >= JET_errSuccess; i++)
        err = draw(a, 8) == 0 ? add_to_sum(a) : change_entry(a);
    if (err >= JET_errSuccess && draw(a, 8) == 0)
        err = JET_errKeyDuplicate;
    err = ese_txn_statement_leave(&a->session, &statement, err);
out:
    return err;
}

/* A tree with a few entries, which stays or goes with the transaction, or is destroyed at once. */
static JET_ERR
make_tree(actor *a)
{
    const ese_btree_plan plan = {.parent = 1,
                                 .objid = ese_btree_next_objid(a->w->t.db),
                                 .is_unique = true,
                                 .n_pages = 1 + draw(a, 3)};
    ese_txn_statement statement;
    ese_btree tree;
    JET_ERR err;

    ESE_TRY(ese_txn_statement_enter(&a->session, &statement));
    err = ese_btree_create(&a->session, a->w->t.db, &plan, &tree);
    for (unsigned i = 0; i < 60 && err >= JET_errSuccess; i++) {
        test_entry_bytes e;

        test_model_entry(&a->w->models[2], i, 1, &e);
        err = ese_btree_insert(&a->session, &tree, (ese_bytes){e.key, e.key_size},
                               (ese_bytes){e.data, e.data_size}, ESE_BTREE_VERSIONED);
    }
    if (err >= JET_errSuccess && draw(a, 2) == 0)
        err = ese_btree_destroy(&a->session, &tree);
    err = ese_txn_statement_leave(&a->session, &statement, err);
out:
    return err;
}

/* Deletes much of a tree: leaves become empty and go. */
static JET_ERR
make_room(actor *a)
{
    unsigned which = draw(a, N_TREES), first = draw(a, N_ENTRIES), n = draw(a, N_ENTRIES / 2);
    const test_model *m = &a->w->models[which];
    JET_ERR err = JET_errSuccess;

    for (unsigned i = first; i < first + n && i < N_ENTRIES && is_fine(err); i++) {
        ese_txn_statement statement;
        test_entry_bytes e;

        test_model_entry(m, i, 1, &e);
        ESE_TRY(ese_txn_statement_enter(&a->session, &statement));
        err = ese_btree_delete(&a->session, &a->w->trees[which], (ese_bytes){e.key, e.key_size},
                               m->options.is_non_unique ? (ese_bytes){e.data, e.data_size}
                                                        : (ese_bytes){NULL, 0},
                               ESE_BTREE_VERSIONED);
        err = ese_txn_statement_leave(&a->session, &statement, err);
    }
out:
    return err;
}

static JET_ERR
make_step(actor *a)
{
    unsigned what = draw(a, 100);

    if (what < 12 && a->session.level < 4)
        return ese_txn_begin(&a->session, false);
    if (what < 22 && a->session.level > 0)
        return ese_txn_commit_as(&a->session, draw(a, 8) != 0 ? JET_bitCommitLazyFlush : 0);
    if (what < 26 && a->session.level > 0)
        return ese_txn_rollback(&a->session, draw(a, 3) == 0);
    if (what == 26)
        return make_tree(a);
    if (what == 27)
        return make_room(a);
    return make_statement(a);
}

/* ---- the world */

static void
fill_sums(world *w, ese_txn_session *session)
{
    const ese_btree_plan plan = {
        .parent = 1, .objid = ese_btree_next_objid(w->t.db), .is_unique = true, .n_pages = 1};
    const uint8_t zeroes[SUM_SIZE] = {0};
    uint8_t key[4];

    assert_int_equal(ese_txn_begin(session, false), JET_errSuccess);
    assert_int_equal(ese_btree_create(session, w->t.db, &plan, &w->sums), JET_errSuccess);
    for (unsigned i = 0; i < N_SUMS; i++)
        assert_int_equal(ese_btree_insert(session, &w->sums, key_of_sum(key, i),
                                          (ese_bytes){zeroes, sizeof zeroes}, ESE_BTREE_VERSIONED),
                         JET_errSuccess);
    assert_int_equal(ese_txn_commit(session), JET_errSuccess);
}

static void
open_world(world *w, uint32_t page_size, unsigned n_cached)
{
    const test_fresh_options options = {
        .page_size = page_size, .cache_limit = (size_t)n_cached * page_size, .is_logged = true};
    ese_txn_session session;

    memset(w, 0, sizeof *w);
    test_fresh_create(&w->t, &options);
    test_fresh_session(&w->t, &session);
    for (unsigned i = 0; i < N_TREES; i++) {
        test_model_init(&w->models[i], &tree_options[i]);
        w->trees[i] = test_model_tree(&w->t, &session, &tree_options[i]);
    }
    fill_sums(w, &session);
    ese_txn_session_end(&session);
}

static void
close_world(world *w)
{
    for (unsigned i = 0; i < N_TREES; i++)
        test_model_free(&w->models[i]);
    test_fresh_close(&w->t); /* which proves the log */
    test_fresh_remove(&w->t);
}

static void
end_actor(actor *a)
{
    while (a->session.level > 0)
        a->is_wrong |= ese_txn_commit(&a->session) < JET_errSuccess;
    ese_txn_session_end(&a->session);
}

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

enum { N_PAGE_SIZES = sizeof page_sizes / sizeof page_sizes[0] };

/* ---- the tests */

/* Writes the page as whoever needs its memory might do now. */
static void
write_page(world *w, FILE *file, ese_pgno pgno)
{
    static uint8_t bytes[ESE_PAGE_SIZE_MAX];
    ese_cache_page *page = NULL;
    uint32_t size = w->t.options.page_size;
    uint64_t lgpos = 0;

    if (ese_cache_pin(w->t.pages, pgno, &page) < JET_errSuccess)
        return; /* never used */
    assert_int_equal(ese_btree_log_undo_info(w->t.db, &page->page, &lgpos), JET_errSuccess);
    memcpy(bytes, page->page.bytes, size);
    ese_cache_unpin(&page);
    ese_page_checksum_update(bytes, size, pgno);
    assert_int_equal(fseek(file, ((long)pgno + 1) * (long)size, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, size, 1, file), 1);
}

/* Which pages reach the disk: one of `part`, or all but one. */
typedef struct choice {
    unsigned part;
    ese_pgno missing;
    uint32_t *seed;
} choice;

/* What is on the disk, and some of what is not, in a file of its own. */
static void
write_some_pages(world *w, const char *path, const choice *which)
{
    ese_pgno n = ese_cache_page_count(w->t.pages);
    FILE *file;

    test_copy_file(w->t.path, path);
    file = fopen(path, "r+b");
    assert_non_null(file);
    for (ese_pgno pgno = 1; pgno <= n; pgno++) {
        if (pgno != which->missing && test_random(which->seed) % which->part == 0)
            write_page(w, file, pgno);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ese_log_stream_flush(w->t.logged.stream), JET_errSuccess);
}

/* NULL: as eviction has left it. */
static void
crash(world *w, const choice *which, test_replay_result *sum)
{
    char path[sizeof w->t.path + 8];
    test_replay_result result;

    (void)snprintf(path, sizeof path, "%s.crash", w->t.path);
    if (which != NULL)
        write_some_pages(w, path, which);
    result =
        test_replay_crash(&w->t.logged, w->t.path, which != NULL ? path : w->t.path, &w->t.header);
    (void)remove(path);
    assert_int_equal(result.n_different, 0);
    sum->n_undone += result.n_undone;
    sum->n_redone += result.n_redone;
    sum->n_records += result.n_records;
}

static void
crash_anyhow(world *w, uint32_t *seed, test_replay_result *sum)
{
    const choice which = {.part = 1 + test_random(seed) % 8, .seed = seed};

    crash(w, test_random(seed) % 4 == 0 ? NULL : &which, sum);
}

static void
play(uint32_t page_size, uint32_t seed)
{
    test_replay_result sum = {0};
    actor actors[N_SESSIONS];
    world w;

    open_world(&w, page_size, SMALL_CACHE);
    for (unsigned i = 0; i < N_SESSIONS; i++) {
        actors[i] = (actor){.w = &w, .seed = seed + i};
        test_fresh_session(&w.t, &actors[i].session);
    }
    for (unsigned step = 1; step <= STEPS; step++) {
        JET_ERR err = make_step(&actors[test_random(&seed) % N_SESSIONS]);

        if (!is_fine(err))
            print_message("step %u: %d, %s\n", step, (int)err, ese_err_text(err));
        assert_true(is_fine(err));
        if (step % (STEPS / CRASHES) == 0)
            crash_anyhow(&w, &seed, &sum);
    }
    for (unsigned i = 0; i < N_SESSIONS; i++)
        end_actor(&actors[i]);
    close_world(&w);
    assert_int_not_equal(sum.n_undone, 0);
    assert_true(sum.n_redone < sum.n_records);
    print_message("%u bytes: %llu records, %llu pages redone, %llu changes undone\n",
                  (unsigned)page_size, (unsigned long long)sum.n_records,
                  (unsigned long long)sum.n_redone, (unsigned long long)sum.n_undone);
}

static void
test_replay_log__makes_the_same_pages_whatever_was_written(void **state)
{
    const char *chosen = getenv("ESE_TEST_SEED");
    uint32_t seed = chosen == NULL ? 4711 : (uint32_t)strtoul(chosen, NULL, 10);

    (void)state;
    for (unsigned i = 0; i < N_PAGE_SIZES; i++)
        play(page_sizes[i], seed + 1000 * i);
}

/* ---- lines that move while their transaction is open */

enum { MOVED_PAGES = 40, MOVED_FIRST = 4, DELETED_FIRST = 304 };

typedef enum direction { SPLITS, MERGES } direction;

static JET_ERR
put_range(actor *a, unsigned first, unsigned n, unsigned step, bool is_insertion)
{
    const ese_btree *tree = &a->w->trees[0];
    JET_ERR err = JET_errSuccess;

    for (unsigned i = first; i < first + n * step; i += step) {
        test_entry_bytes e;
        ese_bytes key;

        test_model_entry(&a->w->models[0], i, 1, &e);
        key = (ese_bytes){e.key, e.key_size};
        ESE_TRY(is_insertion
                    ? ese_btree_insert(&a->session, tree, key, (ese_bytes){e.data, e.data_size},
                                       ESE_BTREE_VERSIONED)
                    : ese_btree_delete(&a->session, tree, key, (ese_bytes){NULL, 0},
                                       ESE_BTREE_VERSIONED));
    }
out:
    return err;
}

static JET_ERR
replace_range(actor *a, unsigned first, unsigned n, unsigned step)
{
    const ese_btree *tree = &a->w->trees[0];
    JET_ERR err = JET_errSuccess;

    for (unsigned i = first; i < first + n * step; i += step) {
        test_entry_bytes e, other;

        test_model_entry(&a->w->models[0], i, 1, &e);
        test_model_entry(&a->w->models[0], i, 2, &other);
        ESE_TRY(ese_btree_replace(&a->session, tree, (ese_bytes){e.key, e.key_size},
                                  (ese_bytes){other.data, other.data_size}, ESE_BTREE_VERSIONED));
    }
out:
    return err;
}

/* Other sessions add the entries between, or take them away, all but every eighth one. */
static void
change_others(actor *other, bool is_insertion)
{
    assert_int_equal(ese_txn_begin(&other->session, false), JET_errSuccess);
    for (unsigned k = 1; k < 8; k++)
        assert_int_equal(put_range(other, k, N_ENTRIES / 8, 8, is_insertion), JET_errSuccess);
    assert_int_equal(ese_txn_commit(&other->session), JET_errSuccess);
}

/* Replaces and deletes some of every eighth, and leaves it at that. */
static void
change_own(actor *open)
{
    assert_int_equal(ese_txn_begin(&open->session, false), JET_errSuccess);
    assert_int_equal(replace_range(open, 0, N_ENTRIES / 16, 8), JET_errSuccess);
    assert_int_equal(put_range(open, DELETED_FIRST, N_ENTRIES / 32, 16, false), JET_errSuccess);
}

/* Pages are split under changes that have not committed, or merged: when nobody sees any more what was deleted before. */
static void
move_lines(world *w, actor *open, direction where)
{
    actor other = {.w = w}, reader = {.w = w};

    test_fresh_session(&w->t, &open->session);
    test_fresh_session(&w->t, &other.session);
    test_fresh_session(&w->t, &reader.session);
    assert_int_equal(ese_txn_begin(&other.session, false), JET_errSuccess);
    assert_int_equal(put_range(&other, 0, N_ENTRIES / 8, 8, true), JET_errSuccess);
    assert_int_equal(ese_txn_commit(&other.session), JET_errSuccess);
    if (where == SPLITS) {
        change_own(open);
        change_others(&other, true);
    } else {
        change_others(&other, true);
        assert_int_equal(ese_txn_begin(&reader.session, true), JET_errSuccess);
        change_others(&other, false);
        change_own(open);
        assert_int_equal(ese_txn_commit(&reader.session), JET_errSuccess);
        ese_txn_store_clean(w->t.store);
    }
    ese_txn_session_end(&reader.session);
    ese_txn_session_end(&other.session);
}

static void
lose_page(uint32_t page_size, direction where, ese_pgno missing, test_replay_result *sum)
{
    uint32_t seed = 1;
    const choice which = {.part = 1, .missing = missing, .seed = &seed};
    actor open;
    world w;

    open_world(&w, page_size, 1000);
    open = (actor){.w = &w};
    move_lines(&w, &open, where);
    crash(&w, &which, sum);
    end_actor(&open);
    for (unsigned i = 0; i < N_TREES; i++)
        test_model_free(&w.models[i]);
    test_fresh_abandon(&w.t);
    test_fresh_remove(&w.t);
}

static void
test_replay_log__takes_back_changes_of_lines_that_have_moved(void **state)
{
    test_replay_result sum = {0};

    (void)state;
    for (ese_pgno pgno = MOVED_FIRST; pgno < MOVED_PAGES; pgno++) {
        lose_page(2048, pgno % 2 == 0 ? MERGES : SPLITS, pgno, &sum);
    }
    assert_int_not_equal(sum.n_undone, 0);
}

static void *
act(void *argument)
{
    actor *a = argument;

    for (unsigned step = 0; step < THREAD_STEPS && !a->is_wrong; step++)
        a->is_wrong = !is_fine(make_step(a));
    end_actor(a);
    return NULL;
}

static void
test_replay_log__makes_the_same_pages_when_threads_wrote_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_PAGE_SIZES; i += 2) {
        actor actors[N_THREADS];
        world w;

        open_world(&w, page_sizes[i], SMALL_CACHE);
        for (unsigned k = 0; k < N_THREADS; k++) {
            actors[k] = (actor){.w = &w, .seed = 99 + k + 10 * i};
            test_fresh_session(&w.t, &actors[k].session);
            assert_int_equal(pthread_create(&actors[k].thread, NULL, act, &actors[k]), 0);
        }
        for (unsigned k = 0; k < N_THREADS; k++) {
            assert_int_equal(pthread_join(actors[k].thread, NULL), 0);
            assert_false(actors[k].is_wrong);
        }
        close_world(&w);
    }
}

/* Of whatever program: ESE_REPLAY_LOG is the folder of its logs from the creation of the database on, ESE_REPLAY_DATABASE the path as the program knew it. */
static void
test_replay_log__makes_the_same_pages_as_a_program_left(void **state)
{
    const char *log = getenv("ESE_REPLAY_LOG"), *path = getenv("ESE_REPLAY_DATABASE");
    test_replay_result result;

    (void)state;
    if (log == NULL || path == NULL) {
        print_message("ESE_REPLAY_LOG and ESE_REPLAY_DATABASE are not set: skipped\n");
        skip();
    }
    result = test_replay(log, path);
    print_message("%u pages, %u different; %llu records\n", result.n_pages, result.n_different,
                  (unsigned long long)result.n_records);
    assert_int_equal(result.n_different, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_log__makes_the_same_pages_whatever_was_written),
        cmocka_unit_test(test_replay_log__takes_back_changes_of_lines_that_have_moved),
        cmocka_unit_test(test_replay_log__makes_the_same_pages_when_threads_wrote_it),
        cmocka_unit_test(test_replay_log__makes_the_same_pages_as_a_program_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
