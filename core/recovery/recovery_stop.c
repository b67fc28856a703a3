/*
 * Recovery that is to end before the log does: where that is, and whether a database is not beyond it already.
 *
 * INV-1  A result is as the database was at that place, or there is none. Pages that were written later may hold what was changed later; what follows in the log tells which, and it also tells what
 *        taking back needs to know of pages that hold nothing but what was changed before.
 */
#include "recovery/recovery_private.h"

#include "log/log_time.h"

enum { SCAN_BYTES = 1 << 20, TIMES_MAX = 1 << 20 };

/* ---- what people write */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `n` digits within limits. */
static bool
take_digits(const char **at, unsigned n, int32_t low, int32_t high, int32_t *number_out)
{
    int32_t number = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!is_digit((*at)[i]))
            return false;
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += n;
    *number_out = number;
    return number >= low && number <= high;
}

static bool
take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* What follows the minutes may be left out, from the end. */
static bool
take_hours(const char **at, ese_os_utc *c)
{
    if (!take_digits(at, 2, 0, 23, &c->hour) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 59, &c->minute))
        return false;
    if (!take_char(at, ':'))
        return true;
    if (!take_digits(at, 2, 0, 59, &c->second))
        return false;
    return !take_char(at, '.') || take_digits(at, 3, 0, 999, &c->millisecond);
}

static bool
parse_time(const char *text, uint8_t time_out[8])
{
    ese_os_utc c = {0};

    if (!take_digits(&text, 4, ESE_LOG_TIME_YEAR_FIRST, ESE_LOG_TIME_YEAR_LAST, &c.year) ||
        !take_char(&text, '-') || !take_digits(&text, 2, 1, 12, &c.month) ||
        !take_char(&text, '-') || !take_digits(&text, 2, 1, 31, &c.day))
        return false;
    if ((take_char(&text, ' ') || take_char(&text, 'T')) && !take_hours(&text, &c))
        return false;
    (void)take_char(&text, 'Z');
    ese_log_time_encode(&c, time_out);
    return *text == '\0';
}

bool
ese_recovery_stop_parse(const char *text, ese_recovery_stop *stop_out)
{
    ese_recovery_stop stop = {0};
    bool is_position = ese_log_lgpos_parse(text, &stop.lgpos) && stop.lgpos.generation != 0;

    if (!is_position && !parse_time(text, stop.time))
        return false;
    *stop_out = stop;
    return true;
}

/* ---- is it reached? */

/* A number that sorts as times do; 0: none. */
static uint64_t
time_number(const uint8_t time[8])
{
    uint64_t number = 0;

    for (unsigned i = 6; i-- > 0;)
        number = number << 8 | time[i];
    return number << 10 | (uint64_t)(time[7] >> 1 & 7) << 7 | time[6] >> 1;
}

void
ese_recovery__stop_prepare(ese_recovery__run *run)
{
    const ese_recovery_stop *stop = &run->options->stop;

    run->stop_time = stop->time[4] == 0 ? 0 : time_number(stop->time);
    run->stop_after = 0;
    if (stop->lgpos.generation != 0)
        run->stop_after = stop->lgpos.sector == 0 && stop->lgpos.offset == 0
                              ? (uint64_t)(uint32_t)stop->lgpos.generation << 32 | UINT32_MAX
                              : ese_log_lgpos_number(stop->lgpos);
    run->may_stop = run->stop_time != 0 || run->stop_after != 0;
}

bool
ese_recovery__stop_is_here(const ese_recovery__run *run)
{
    if (!run->may_stop)
        return false;
    return (run->stop_after != 0 && ese_log_lgpos_number(run->lgpos) > run->stop_after) ||
           (run->stop_time != 0 && time_number(ese_log_file_time(run->log)) > run->stop_time);
}

static int32_t
last_generation(const ese_recovery__run *run)
{
    return run->options->stop.lgpos.generation;
}

bool
ese_recovery__stop_ends(const ese_recovery__run *run, int32_t generation)
{
    return last_generation(run) != 0 && generation >= last_generation(run);
}

unsigned
ese_recovery__stop_count_logs(const ese_recovery__run *run)
{
    unsigned n = ese_log_set_count(run->logs), i = 0;
    int32_t before = 0;

    if (last_generation(run) == 0)
        return n;
    while (i < n) {
        int32_t generation = ese_log_set_member(run->logs, i).generation;

        if (generation > last_generation(run) ||
            (generation == 0 && before >= last_generation(run)))
            break;
        before = generation;
        i++;
    }
    return i;
}

/* ---- what the rest of the log tells */

/* Of one database: times of changes behind the place. */
typedef struct later {
    uint64_t first; /* the smallest; UINT64_MAX: there is none */
    ese_growbuf
        mixed; /* those below the newest time in front of the place: sessions draw times and log in no strict order */
} later;

static JET_ERR
add_later(const ese_recovery__db *db, later *l, uint64_t dbtime)
{
    uint8_t bytes[8];

    if (dbtime >= UINT64_MAX - 3)
        return JET_errSuccess;
    if (dbtime < l->first)
        l->first = dbtime;
    if (dbtime > db->newest_dbtime)
        return JET_errSuccess;
    ese_store_le64(bytes, dbtime);
    return ese_growbuf_append(&l->mixed, bytes, sizeof bytes);
}

static bool
is_later(const ese_recovery__db *db, const later *l, uint64_t dbtime)
{
    ese_bytes mixed = ese_growbuf_bytes(&l->mixed);

    if (dbtime < l->first || dbtime >= UINT64_MAX - 3)
        return false;
    for (size_t i = 0; i < mixed.size; i += 8) {
        if (ese_load_le64(mixed.data + i) == dbtime)
            return true;
    }
    return dbtime > db->newest_dbtime;
}

static JET_ERR
note_record(ese_recovery__run *run, const ese_log_entry *entry, later *all)
{
    ese_recovery__db *db = ese_recovery__db_of(run, entry->dbid);

    if (db == NULL)
        return JET_errSuccess;
    if (entry->type == ESE_LOG_UNDO_INFO)
        return ese_recovery__redo_undo_info(run, db, entry);
    return add_later(db, &all[entry->dbid], entry->dbtime);
}

/* Splits and merges that had begun, and end behind the place if at all. */
static JET_ERR
note_macros(ese_recovery__run *run, later *all)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; run->sessions != NULL && i < ESE_RECOVERY__SESSIONS; i++) {
        const ese_recovery__session *session = run->sessions[i];

        for (const ese_recovery__macro *m = session == NULL ? NULL : session->macros; m != NULL;
             m = m->next) {
            ese_bytes records = ese_growbuf_bytes(&m->records);
            ese_log_entry entry;

            if (records.size == 0)
                continue;
            ESE_TRY(ese_log_record_decode(records, &entry));
            ESE_TRY(note_record(run, &entry, all));
        }
    }
out:
    return err;
}

/* `entry` is the first record behind the place, NULL: the log ends there. No page of a database holds what a later log tells: judged before. */
static JET_ERR
read_rest(ese_recovery__run *run, const ese_log_entry *entry, later *all)
{
    ese_lgpos place = run->lgpos;
    JET_ERR err = note_macros(run, all);

    while (err >= JET_errSuccess && entry != NULL) {
        ese_log_class class = ese_log_record_class(entry->type);

        if (class == ESE_LOG_CLASS_PAGE || class == ESE_LOG_CLASS_VERSION)
            ESE_TRY(note_record(run, entry, all));
        ESE_TRY(ese_log_file_next(run->log, &entry, &run->lgpos));
    }
out:
    run->lgpos = place;
    return err;
}

/* ---- pages of the file */

static JET_ERR
check_pages(const ese_recovery__db *db, const later *l, const uint8_t *bytes, size_t n,
            ese_pgno first)
{
    uint32_t size = db->run->page_size;

    for (size_t at = 0; at + size <= n; at += size) {
        const ese_page page = {(uint8_t *)(uintptr_t)(bytes + at), size, first};

        if (is_later(db, l, ese_page_dbtime(&page)))
            return ese_raise(
                JET_errRequiredLogFilesMissing,
                "%s: page %u has changes from behind the place where recovery is to end; an older "
                "copy is needed, such as a backup",
                db->source != NULL ? db->source : db->final, (unsigned)(first + at / size));
    }
    return JET_errSuccess;
}

static JET_ERR
scan_database(const ese_recovery__db *db, const later *l, uint8_t *bytes)
{
    uint32_t size = db->run->page_size;
    uint64_t end = ese_os_file_size(db->os) / size * size;
    JET_ERR err = JET_errSuccess;

    for (uint64_t at = (uint64_t)ESE_RECOVERY__HEADER_PAGES * size; at < end; at += SCAN_BYTES) {
        size_t n = end - at < SCAN_BYTES ? (size_t)(end - at) : SCAN_BYTES;

        ESE_TRY(ese_os_file_read(db->os, at, bytes, n));
        ESE_TRY(check_pages(db, l, bytes, n, (ese_pgno)(at / size - 1)));
    }
out:
    return err;
}

/* Pages of those that a log ends with may be newer; of others none is. */
static bool
may_be_newer(const ese_recovery__run *run, const ese_recovery__db *db)
{
    return db != NULL && db->state == ESE_RECOVERY__ATTACHED &&
           db->found_max_required >= (uint32_t)run->generation;
}

static bool
any_may_be_newer(const ese_recovery__run *run)
{
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        if (may_be_newer(run, run->by_dbid[i]))
            return true;
    }
    return false;
}

static JET_ERR
look_behind(ese_recovery__run *run, const ese_log_entry *entry)
{
    later all[ESE_LOG_MAX_DATABASES + 1];
    uint8_t *bytes = NULL;
    JET_ERR err;

    for (unsigned i = 0; i <= ESE_LOG_MAX_DATABASES; i++)
        all[i] = (later){UINT64_MAX, ese_growbuf_make(TIMES_MAX)};
    ESE_TRY(ese_alloc(SCAN_BYTES, &bytes));
    ESE_TRY(read_rest(run, entry, all));
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        if (may_be_newer(run, run->by_dbid[i]))
            ESE_TRY(scan_database(run->by_dbid[i], &all[i], bytes));
    }
out:
    ese_free(&bytes);
    for (unsigned i = 0; i <= ESE_LOG_MAX_DATABASES; i++)
        ese_growbuf_destroy(&all[i].mixed);
    return err;
}

JET_ERR
ese_recovery__stop(ese_recovery__run *run, const ese_log_entry *entry)
{
    run->report->has_stopped = true;
    run->is_stop_early = entry != NULL && run->report->n_records == 0;
    if (entry == NULL)
        run->lgpos = ese_log_file_extent(run->log)->end;
    run->report->end = run->lgpos;
    if (run->is_in_place || (run->options->flags & ESE_RECOVERY_WITHOUT_UNDO) != 0 ||
        !any_may_be_newer(run))
        return JET_errSuccess; /* nothing is taken back, or nothing is ahead */
    return look_behind(run, entry);
}

/* ---- the end */

JET_ERR
ese_recovery__stop_judge(const ese_recovery__run *run)
{
    uint64_t end = ese_log_lgpos_number(run->report->end);

    if (run->is_stop_early)
        return ese_raise(JET_errMissingPreviousLogFile,
                         "%s: the logs begin behind the place where recovery is to end",
                         run->options->log_folder);
    for (unsigned i = 0; i < run->n_dbs; i++) {
        const ese_recovery__db *db = run->dbs[i];

        if (db->header_bytes == NULL || db->has_work || db->is_unmapped)
            continue;
        if (ese_log_lgpos_number(db->header.attach) >= end ||
            ese_log_lgpos_number(db->header.consistent) >= end)
            return ese_raise(
                JET_errRequiredLogFilesMissing,
                "%s: was in use behind the place where recovery is to end; an older copy is "
                "needed, such as a backup",
                db->source);
    }
    return JET_errSuccess;
}
