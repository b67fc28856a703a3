/*
 * Damaged sets, recovered in place: each ends as it is recorded to end; what cannot be recovered is left as it was found. Without a corpus there is nothing to do.
 */
#define _XOPEN_SOURCE 700

#include "place_fixture.h"

typedef struct verdict {
    const char *set;
    uint32_t flags;
    JET_ERR wanted; /* or a warning */
} verdict;

static const verdict verdicts[] = {
    {"bad-chk", 0, JET_errSuccess},
    {"bad-chk", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"bad-chk-one", 0, JET_errSuccess},
    {"bad-chk-one", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"bitflip-archive", 0, JET_errSuccess},
    {"bitflip-archive", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"bitflip-archive-hdr", 0, JET_errLogFileCorrupt},
    {"bitflip-archive-hdr", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileCorrupt},
    {"bitflip-current", 0, JET_errSuccess},
    {"bitflip-current", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"damage-archive", 0, JET_errLogFileCorrupt},
    {"damage-archive", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileCorrupt},
    {"damage-current", 0, JET_errLogFileCorrupt},
    {"damage-current", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileCorrupt},
    {"db-missing", 0, JET_errSuccess},
    {"db-missing", ESE_RECOVERY_IGNORE_MISSING_DATABASES, JET_errSuccess},
    {"db-missing-pre", 0, JET_errAttachedDatabaseMismatch},
    {"db-missing-pre", ESE_RECOVERY_IGNORE_MISSING_DATABASES, JET_errSuccess},
    {"dbhdr-both", 0, JET_errReadVerifyFailure},
    {"dbhdr-first", 0, JET_errSuccess},
    {"foreign-archive", 0, JET_errBadLogSignature},
    {"foreign-archive", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errBadLogSignature},
    {"foreign-chk", 0, JET_errSuccess},
    {"foreign-chk", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"foreign-current", 0, JET_errBadLogSignature},
    {"foreign-current", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errBadLogSignature},
    {"foreign-db", 0, JET_errAttachedDatabaseMismatch},
    {"foreign-db", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errAttachedDatabaseMismatch},
    {"garbage-after-end", 0, JET_errSuccess},
    {"garbage-after-end", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"intact", 0, JET_errSuccess},
    {"missing-chk", 0, JET_errSuccess},
    {"missing-chk", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"missing-current", 0, JET_errRequiredLogFilesMissing},
    {"missing-current", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errRequiredLogFilesMissing},
    {"missing-first", 0, JET_errMissingLogFile},
    {"missing-first", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errMissingLogFile},
    {"missing-last-archive", 0, JET_errInvalidLogSequence},
    {"missing-last-archive", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errInvalidLogSequence},
    {"missing-middle", 0, JET_errInvalidLogSequence},
    {"missing-middle", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errInvalidLogSequence},
    {"old-copy", 0, JET_errSuccess},
    {"old-copy-no-chk", 0, JET_errSuccess},
    {"page-1bit", 0, JET_errSuccess},
    {"page-many", 0, JET_errSuccess},
    {"pre-missing-first", 0, JET_errSuccess},
    {"pre-missing-first", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"pre-missing-first-chk", 0, JET_errSuccess},
    {"pre-missing-first-chk", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"torn-both-half", 0, JET_errLogFileCorrupt},
    {"torn-both-half", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileCorrupt},
    {"torn-both-zero", 0, JET_errSuccess},
    {"torn-both-zero", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"torn-garbage", 0, JET_errSuccess},
    {"torn-garbage", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"torn-half", 0, JET_errSuccess},
    {"torn-half", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"torn-shadow-garbage", 0, JET_errLogFileCorrupt},
    {"torn-shadow-garbage", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileCorrupt},
    {"torn-shadow-zero", 0, JET_errSuccess},
    {"torn-shadow-zero", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"torn-zero", 0, JET_errSuccess},
    {"torn-zero", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errSuccess},
    {"truncated-archive", 0, JET_errLogFileSizeMismatch},
    {"truncated-archive", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errLogFileSizeMismatch},
    {"way-damage-current-first", 0, JET_errCommittedLogFileCorrupt},
    {"way-damage-current-first", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errCommittedLogFileCorrupt},
    {"way-damage-current-first", ESE_RECOVERY_IGNORE_LOST_LOGS | ESE_RECOVERY_DROP_DAMAGED_LOGS,
     JET_wrnCommittedLogFilesRemoved},
    {"way-damage-current-inner", 0, JET_errCommittedLogFileCorrupt},
    {"way-damage-current-inner", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_errCommittedLogFileCorrupt},
    {"way-damage-current-inner", ESE_RECOVERY_IGNORE_LOST_LOGS | ESE_RECOVERY_DROP_DAMAGED_LOGS,
     JET_wrnCommittedLogFilesRemoved},
    {"way-missing-current", 0, JET_errCommittedLogFilesMissing},
    {"way-missing-current", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_wrnCommittedLogFilesLost},
    {"way-missing-current", ESE_RECOVERY_IGNORE_LOST_LOGS | ESE_RECOVERY_DROP_DAMAGED_LOGS,
     JET_wrnCommittedLogFilesLost},
    {"way-missing-two", 0, JET_errCommittedLogFilesMissing},
    {"way-missing-two", ESE_RECOVERY_IGNORE_LOST_LOGS, JET_wrnCommittedLogFilesLost},
    {"way-missing-two", ESE_RECOVERY_IGNORE_LOST_LOGS | ESE_RECOVERY_DROP_DAMAGED_LOGS,
     JET_wrnCommittedLogFilesLost},
};

static void
check(const verdict *v)
{
    char name[64];
    set s;
    start at;
    JET_ERR err;

    snprintf(name, sizeof name, "dmg-%s", v->set);
    if (!load_set_with(name, v->flags, &s))
        skip();
    at = (start){.folder = s.folder, .flags = v->flags, .page_size = 4096};
    err = run_start(&at);
    if (err >= JET_errSuccess)
        err = at.report.warning;
    ese_recovery_report_clear(&at.report);
    if (err != v->wanted)
        print_error("%s with %u: %d\n", name, (unsigned)v->flags, (int)err);
    assert_int_equal(err, v->wanted);
    if (err < JET_errSuccess) {
        assert_as_found(&s);
    } else {
        assert_recovered(&s);
        at.flags = 0; /* what was lost is not missed any more */
        assert_int_equal(start_once(&at), JET_errSuccess);
        assert_recovered(&s);
    }
    free_set(&s);
}

static void
test_recovery_place__ends_damaged_sets_as_recorded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        check(&verdicts[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recovery_place__ends_damaged_sets_as_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
