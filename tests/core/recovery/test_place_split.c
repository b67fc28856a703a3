/*
 * Replacements that are taken back where somebody else has used their room meanwhile: pages are split by undo. Killed at any write, it comes out the same.
 */
#define _XOPEN_SOURCE 700

#include "../api/log_test.h"
#include "recovery_corpus.h"

#include "base/fault.h"
#include "log/log_file.h"

enum { ROWS = 120, STEP = 10, SMALL = 3 };

static shop s;

static void
copy_shop(const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    recovery_corpus_shell(command);
}

static void
shrink(JET_SESID sesid, const shelf *f, int32_t number)
{
    static const uint8_t little[SMALL] = {1, 2, 3};

    assert_ok(JetMakeKey(sesid, f->tableid, &number, sizeof number, JET_bitNewKey));
    assert_ok(JetSeek(sesid, f->tableid, JET_bitSeekEQ));
    assert_ok(JetPrepareUpdate(sesid, f->tableid, JET_prepReplace));
    assert_ok(JetSetColumn(sesid, f->tableid, f->payload, little, sizeof little, 0, NULL));
    assert_ok(JetUpdate(sesid, f->tableid, NULL, 0, NULL));
}

/* Rows are made small in a transaction that stays open, and others come between them. */
static void
make_crash(void)
{
    shelf f = {0}, other = {0};
    JET_SESID sesid = JET_sesidNil;

    assert_ok(shop_open(&s));
    assert_ok(shelf_create(&s, "a.edb", &f));
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 0; i < ROWS; i++)
        assert_ok(shelf_insert(&s, &f, i * STEP));
    assert_ok(JetCommitTransaction(s.sesid, 0));
    assert_ok(JetBeginSessionA(s.instance, &sesid, NULL, NULL));
    other = f;
    assert_ok(JetOpenDatabaseA(sesid, in_shop(&s, "a.edb"), NULL, &other.dbid, 0));
    assert_ok(JetOpenTableA(sesid, other.dbid, "rows", NULL, 0, 0, &other.tableid));
    assert_ok(JetBeginTransaction(sesid));
    for (int32_t i = 0; i < ROWS; i++)
        shrink(sesid, &other, i * STEP);
    assert_ok(JetBeginTransaction(s.sesid));
    for (int32_t i = 0; i < ROWS; i++)
        assert_ok(shelf_insert(&s, &f, i * STEP + 5));
    assert_ok(JetCommitTransaction(s.sesid, 0));
    shop_crash(&s);
}

static void
assert_right(void)
{
    shelf f = {0};
    int32_t n = 0;
    JET_ERR err;

    assert_ok(shelf_open(&s, "a.edb", &f));
    for (int32_t i = 0; i < ROWS; i++) {
        assert_int_equal(shelf_look(&s, &f, i * STEP), (uint8_t)(i * STEP));
        assert_int_equal(shelf_look(&s, &f, i * STEP + 5), (uint8_t)(i * STEP + 5));
    }
    for (err = JetMove(s.sesid, f.tableid, (int32_t)JET_MoveFirst, 0); err >= JET_errSuccess;
         err = JetMove(s.sesid, f.tableid, JET_MoveNext, 0))
        n++;
    assert_int_equal(n, 2 * ROWS);
}

/* Splits behind the mark of undo. */
static unsigned
count_splits(void)
{
    const ese_log_entry *entry = NULL;
    ese_log_set *logs = NULL;
    ese_log_file *file = NULL;
    ese_lgpos lgpos;
    bool is_undoing = false;
    unsigned n = 0;

    assert_int_equal(ese_log_set_open(s.folder, "edb", &logs), JET_errSuccess);
    for (unsigned i = 0; i < ese_log_set_count(logs); i++) {
        assert_int_equal(ese_log_set_open_file(logs, i, NULL, &file), JET_errSuccess);
        do {
            assert_int_equal(ese_log_file_next(file, &entry, &lgpos), JET_errSuccess);
            if (entry != NULL && entry->type == ESE_LOG_RECOVERY_UNDO2)
                is_undoing = true;
            if (entry != NULL && entry->type == ESE_LOG_SHUT_DOWN_MARK)
                is_undoing = false;
            if (entry != NULL && entry->type == ESE_LOG_SPLIT && is_undoing)
                n++;
        } while (entry != NULL);
        ese_log_file_close(&file);
    }
    ese_log_set_close(&logs);
    return n;
}

static void
test_recovery_split__takes_back_what_has_no_room_any_more(void **state)
{
    (void)state;
    shop_make(&s);
    make_crash();
    assert_ok(shop_open(&s));
    assert_right();
    assert_ok(shop_close(&s));
    assert_true(count_splits() > 0);
    shop_destroy(&s);
}

static void
kill_at_each(ese_fault fault)
{
    char pristine[sizeof s.folder];
    JET_ERR err = JET_errDiskIO;

    shop_make(&s);
    make_crash();
    (void)snprintf(pristine, sizeof pristine, "%.50s-found", s.folder);
    copy_shop(s.folder, pristine);
    for (uint64_t nth = 1; err < JET_errSuccess; nth += 1 + nth / 10) {
        copy_shop(pristine, s.folder);
        assert_ok(shop_create(&s));
        assert_ok(set_integer(&s.instance, JET_paramCacheSizeMax, 16));
        ese_fault_set(fault, nth, true);
        err = JetInit(&s.instance);
        ese_fault_set(fault, 0, false);
        if (err >= JET_errSuccess)
            assert_ok(JetTerm(s.instance));
        assert_ok(shop_open(&s));
        assert_right();
        assert_ok(shop_close(&s));
    }
    shop_destroy(&s);
    memcpy(s.folder, pristine, sizeof s.folder);
    shop_destroy(&s);
}

static void
test_recovery_split__does_so_after_it_was_ended_by_a_failed_write(void **state)
{
    (void)state;
    kill_at_each(ESE_FAULT_POINT_WRITE);
}

static void
test_recovery_split__does_so_after_it_was_ended_by_a_failed_sync(void **state)
{
    (void)state;
    kill_at_each(ESE_FAULT_POINT_SYNC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_split__takes_back_what_has_no_room_any_more),
        cmocka_unit_test(test_recovery_split__does_so_after_it_was_ended_by_a_failed_write),
        cmocka_unit_test(test_recovery_split__does_so_after_it_was_ended_by_a_failed_sync),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
