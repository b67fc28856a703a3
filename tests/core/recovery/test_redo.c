/* Single records on single pages: done when the page is as the record found it, passed over when it is newer, refused when they do not fit together. */
#define _XOPEN_SOURCE 700

#include "redo_fixture.h"

static void
test_recovery_redo__inserts_a_node_where_the_record_says(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_page(f, 3, TIME + 1);
    assert_line(f, 1, "gamma", 0);
    assert_non_null(ese_recovery__find_version(&f->run, &f->db, 11));
}

static void
test_recovery_redo__passes_over_what_is_there_but_knows_of_it(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    entry.dbtime = TIME;
    entry.dbtime_before = TIME - 1;
    f->db.found_max_required = 1;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_page(f, 2, TIME);
    assert_non_null(ese_recovery__find_version(&f->run, &f->db, 11));
}

static void
test_recovery_redo__refuses_a_page_that_is_newer_than_the_database_can_be(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    entry.dbtime = TIME;
    entry.dbtime_before = TIME - 1;
    f->run.generation = 2;
    f->db.found_max_required = 1;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry),
                     JET_errDbTimeBeyondMaxRequired);
    assert_page(f, 2, TIME);
}

static void
test_recovery_redo__refuses_a_page_that_lost_a_change(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    entry.dbtime = TIME + 9;
    entry.dbtime_before = TIME + 8;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errDbTimeTooOld);
    entry.dbtime_before = TIME - 8;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errDbTimeTooNew);
    assert_page(f, 2, TIME);
}

static void
test_recovery_redo__waits_for_a_page_that_may_be_given_up_later(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    entry.pgno = 7;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errPageNotInitialized);
    f->db.found_max_required = 1;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_true(ese_recovery__lost_has(&f->db.lost, 7));
    entry.pgno = PGNO;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_page(f, 3, TIME + 1);
}

static void
test_recovery_redo__refuses_nodes_that_do_not_fit(void **state)
{
    fixture *f = *state;
    static uint8_t large[PAGE_SIZE];
    const ese_log_entry entries[] = {
        insertion(3, "e", "behind the end"), insertion(0, "c", "out of order"),
        insertion(1, "b", "there already"),  insertion(1, "c", ""),
        entry_of(ESE_LOG_DELETE, 2),         entry_of(ESE_LOG_FLAG_DELETE, 2),
        entry_of(ESE_LOG_REPLACE, 0),        entry_of(ESE_LOG_DELTA, 0),
    };

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        ese_log_entry entry = entries[i];

        entry.u.node.offset = 1; /* four bytes from there on are one too many */
        assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry),
                         JET_errLogOperationInconsistentWithDatabase);
        entry = insertion(1, "c", "x");
        entry.data = (ese_bytes){large, sizeof large};
        assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry),
                         JET_errLogOperationInconsistentWithDatabase);
    }
    assert_page(f, 2, TIME);
}

static void
test_recovery_redo__keeps_what_a_replacement_replaced_until_its_undo(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = entry_of(ESE_LOG_REPLACE, 0);

    entry.data = text("new one");
    entry.u.node.old_size = 4;
    entry.u.node.new_size = 7;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_line(f, 0, "new one", 0);
    entry = entry_of(ESE_LOG_UNDO, 0);
    entry.oper = ESE_TXN_REPLACE;
    entry.dbtime_before = TIME + 1;
    entry.dbtime = TIME + 2;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_line(f, 0, "beta", 0);
    assert_null(ese_recovery__find_version(&f->run, &f->db, 11));
    entry.dbtime_before = TIME + 2;
    entry.dbtime = TIME + 3;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry),
                     JET_errLogOperationInconsistentWithDatabase);
}

static void
test_recovery_redo__takes_the_old_data_from_a_later_record(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = entry_of(ESE_LOG_REPLACE, 0);
    ese_recovery__version *version;

    f->db.found_max_required = 1;
    entry.dbtime = TIME; /* the page is written already */
    entry.dbtime_before = TIME - 1;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    version = ese_recovery__find_version(&f->run, &f->db, 11);
    assert_non_null(version);
    assert_true(version->is_waiting);
    entry = entry_of(ESE_LOG_UNDO_INFO, 0);
    entry.key = text("b");
    entry.data = text("old");
    assert_int_equal(ese_recovery__redo_undo_info(&f->run, &f->db, &entry), JET_errSuccess);
    assert_false(version->is_waiting);
    assert_int_equal(ese_recovery__undo(&f->run), JET_errSuccess);
    assert_line(f, 0, "old", 0);
}

/* Numbers of versions begin anew with each run, and an entry may be another's by now: what does not say the same is about something else. */
static void
test_recovery_redo__believes_undo_information_only_about_this_change(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = entry_of(ESE_LOG_REPLACE, 0), info = entry_of(ESE_LOG_UNDO_INFO, 0),
                  other;
    ese_recovery__version *version;

    entry.data = text("new one");
    entry.u.node.old_size = 4;
    entry.u.node.new_size = 7;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    version = ese_recovery__find_version(&f->run, &f->db, 11);
    assert_non_null(version);
    assert_false(version->has_info);
    info.key = text("b");
    info.data = text("beta");
    for (unsigned i = 0; i < 4; i++) {
        other = info;
        other.trx = i == 0 ? 4 : info.trx;
        other.objid = i == 1 ? OBJID + 1 : info.objid;
        other.key = i == 2 ? text("c") : info.key;
        other.data = i == 3 ? text("old") : info.data;
        assert_int_equal(ese_recovery__redo_undo_info(&f->run, &f->db, &other), JET_errSuccess);
        assert_false(version->has_info);
    }
    assert_int_equal(ese_recovery__redo_undo_info(&f->run, &f->db, &info), JET_errSuccess);
    assert_true(version->has_info);
    assert_int_equal(ese_recovery__undo(&f->run), JET_errSuccess);
    assert_line(f, 0, "beta", 0);
}

static void
test_recovery_redo__waits_for_the_old_data_of_this_transaction(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = entry_of(ESE_LOG_REPLACE, 0);
    const ese_recovery__version *version;

    f->db.found_max_required = 1;
    entry.dbtime = TIME; /* the page is written already */
    entry.dbtime_before = TIME - 1;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    version = ese_recovery__find_version(&f->run, &f->db, 11);
    assert_non_null(version);
    entry = entry_of(ESE_LOG_UNDO_INFO, 0);
    entry.key = text("b");
    entry.data = text("of another");
    entry.trx = 4;
    assert_int_equal(ese_recovery__redo_undo_info(&f->run, &f->db, &entry), JET_errSuccess);
    assert_true(version->is_waiting);
    assert_false(version->has_info);
}

/* A crash has cut off a macro; the recovery behind it took changes back, and gave the time of the macro to another one. */
static void
test_recovery_macro__is_forgotten_when_an_earlier_recovery_began_to_take_back(void **state)
{
    fixture *f = *state;
    const ese_log_entry begin = {
        .type = ESE_LOG_MACRO_BEGIN, .procid = PROCID, .dbid = DBID, .dbtime = TIME + 5};
    const ese_log_entry undo = {.type = ESE_LOG_RECOVERY_UNDO2};

    assert_int_equal(ese_recovery__apply(&f->run, &begin), JET_errSuccess);
    assert_non_null(ese_recovery__session_of(&f->run, PROCID)->macros);
    assert_int_equal(ese_recovery__apply(&f->run, &begin),
                     JET_errLogOperationInconsistentWithDatabase);
    assert_int_equal(ese_recovery__apply(&f->run, &undo), JET_errSuccess);
    assert_null(ese_recovery__session_of(&f->run, PROCID)->macros);
    assert_int_equal(ese_recovery__session_of(&f->run, PROCID)->level, 1); /* it is open still */
    assert_int_equal(ese_recovery__apply(&f->run, &begin), JET_errSuccess);
}

static void
test_recovery_undo__flags_what_was_inserted_and_brings_back_what_was_deleted(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");

    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    entry = entry_of(ESE_LOG_FLAG_DELETE, 0);
    entry.rceid = 13;
    entry.dbtime_before = TIME + 1;
    entry.dbtime = TIME + 2;
    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_line(f, 0, "beta", ESE_PAGE_NODE_DELETED);
    assert_int_equal(ese_recovery__undo(&f->run), JET_errSuccess);
    assert_line(f, 0, "beta", 0);
    assert_line(f, 1, "gamma", ESE_PAGE_NODE_DELETED);
    assert_int_equal(f->report.n_undone, 2);
    assert_int_equal(f->report.n_rolled_back, 1);
}

static void
test_recovery_trx__has_nothing_to_undo_after_the_commit(void **state)
{
    fixture *f = *state;
    ese_log_entry entry = insertion(1, "c", "gamma");
    const ese_log_entry commit = {.type = ESE_LOG_COMMIT0, .procid = PROCID};

    assert_int_equal(ese_recovery__redo_node(&f->run, &f->db, &entry), JET_errSuccess);
    assert_int_equal(ese_recovery__redo_trx(&f->run, &commit), JET_errSuccess);
    assert_null(ese_recovery__find_version(&f->run, &f->db, 11));
    assert_int_equal(ese_recovery__undo(&f->run), JET_errSuccess);
    assert_line(f, 1, "gamma", 0);
}

static void
test_recovery_map__finds_and_forgets_pages(void **state)
{
    ese_recovery__lost_map map = {0};

    (void)state;
    for (ese_pgno i = 1; i <= 500; i++)
        assert_int_equal(ese_recovery__lost_add(&map, 3 * i, JET_errDiskIO), JET_errSuccess);
    ese_recovery__lost_drop(&map, 3, 1);
    ese_recovery__lost_drop(&map, 300, 900);
    for (ese_pgno i = 1; i <= 1501; i++)
        assert_int_equal(ese_recovery__lost_has(&map, i),
                         i % 3 == 0 && i > 3 && i <= 1500 && (i < 300 || i >= 1200));
    ese_recovery__lost_clear(&map);
    assert_null(ese_recovery__lost_any(&map));
}

#define WITH_PAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAGE(test_recovery_redo__inserts_a_node_where_the_record_says),
        WITH_PAGE(test_recovery_redo__passes_over_what_is_there_but_knows_of_it),
        WITH_PAGE(test_recovery_redo__refuses_a_page_that_is_newer_than_the_database_can_be),
        WITH_PAGE(test_recovery_redo__refuses_a_page_that_lost_a_change),
        WITH_PAGE(test_recovery_redo__waits_for_a_page_that_may_be_given_up_later),
        WITH_PAGE(test_recovery_redo__refuses_nodes_that_do_not_fit),
        WITH_PAGE(test_recovery_redo__keeps_what_a_replacement_replaced_until_its_undo),
        WITH_PAGE(test_recovery_redo__takes_the_old_data_from_a_later_record),
        WITH_PAGE(test_recovery_redo__believes_undo_information_only_about_this_change),
        WITH_PAGE(test_recovery_redo__waits_for_the_old_data_of_this_transaction),
        WITH_PAGE(test_recovery_macro__is_forgotten_when_an_earlier_recovery_began_to_take_back),
        WITH_PAGE(test_recovery_undo__flags_what_was_inserted_and_brings_back_what_was_deleted),
        WITH_PAGE(test_recovery_trx__has_nothing_to_undo_after_the_commit),
        cmocka_unit_test(test_recovery_map__finds_and_forgets_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
