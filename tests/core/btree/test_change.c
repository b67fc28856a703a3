/* Entries come, change and go: one session, all page sizes, unique and not, checked against a model after every transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_db.h"
#include "test_model.h"

static const uint32_t page_sizes[] = {2048, 4096, 8192, 16384, 32768};

/* Random transactions, of which some are rolled back. */
static void
run(const test_fresh_options *fresh, const test_model_options *options, unsigned n_rounds)
{
    test_fresh t;
    test_model m, before;
    ese_txn_session session;
    ese_btree tree;
    uint32_t seed = 77 + fresh->page_size;

    test_fresh_create(&t, fresh);
    test_fresh_session(&t, &session);
    tree = test_model_tree(&t, &session, options);
    test_model_init(&m, options);
    test_model_init(&before, options);
    for (unsigned round = 0; round < n_rounds; round++) {
        unsigned n = 1 + test_random(&seed) % (options->n / 2);

        test_model_copy(&before, &m);
        assert_int_equal(ese_txn_begin(&session, false), JET_errSuccess);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(
                test_model_change(&m, &session, &tree, test_random(&seed) % options->n, &seed),
                JET_errSuccess);
        test_model_check(&m, &session, &tree, &seed);
        if (test_random(&seed) % 3 == 0) {
            assert_int_equal(ese_txn_rollback(&session, true), JET_errSuccess);
            test_model_copy(&m, &before);
        } else {
            assert_int_equal(ese_txn_commit(&session), JET_errSuccess);
        }
        test_model_check(&m, NULL, &tree, &seed);
        ese_txn_store_clean(t.store); /* nobody changes the tree behind the back of the check */
        assert_int_equal(test_structure_check(&tree).n_deleted, 0);
        test_model_check(&m, NULL, &tree, &seed);
    }
    ese_txn_session_end(&session);
    test_model_free(&m);
    test_model_free(&before);
    test_fresh_close(&t);
    test_fresh_remove(&t);
}

static void
test_btree_change__follows_a_model_in_all_page_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++) {
        const test_fresh_options fresh = {.page_size = page_sizes[i]};
        const test_model_options options = {.n = 3000};

        run(&fresh, &options, 12);
    }
}

static void
test_btree_change__follows_a_model_in_trees_ordered_by_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++) {
        const test_fresh_options fresh = {.page_size = page_sizes[i]};
        const test_model_options options = {
            .kind = ESE_PAGE_INDEX, .is_non_unique = true, .n = 4000};

        run(&fresh, &options, 12);
    }
}

static void
test_btree_change__follows_a_model_with_entries_of_half_a_page(void **state)
{
    const test_fresh_options fresh = {.page_size = 2048};
    const test_model_options options = {.n = 600, .data_max = 1700};

    (void)state;
    run(&fresh, &options, 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_btree_change__follows_a_model_in_all_page_sizes),
        cmocka_unit_test(test_btree_change__follows_a_model_in_trees_ordered_by_data),
        cmocka_unit_test(test_btree_change__follows_a_model_with_entries_of_half_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
