/*
 * Long redo in place, ended near its end, shall not begin at its start again: now and then what has been redone is brought to the disk, and header and checkpoint move
 * on. Recovery specification, section 11.
 *
 * INV-1  First the pages are on the disk, then the headers need no older logs, then the checkpoint moves: recovery may begin anew between any two of these steps.
 * INV-2  It moves behind nothing that is still open: a transaction, a split or merge, a change of what is attached; nor while a database of the log is
 *        missing, in the making, or has pages that only later records may explain.
 */
#include "recovery/recovery_private.h"

static const uint64_t STEP_BYTES = 64 << 20;

static bool
is_settled(const ese_recovery__db *db)
{
    return db->state != ESE_RECOVERY__DEFERRED && !db->is_unfinished &&
           ese_recovery__lost_any(&db->lost) == NULL;
}

/* Only with logs and a checkpoint of this engine, and where redo goes on to the end and to undo. */
static bool
may_move(const ese_recovery__run *run, const ese_recovery__start *s)
{
    const uint32_t others = ESE_RECOVERY_WITHOUT_UNDO | ESE_RECOVERY_RESTORE;

    if (s == NULL || !s->has_checkpoint || !run->survey.is_own || run->survey.damaged != 0 ||
        (run->options->flags & others) != 0 || run->may_stop)
        return false;
    for (unsigned i = 0; i < run->n_dbs; i++) {
        if (!is_settled(run->dbs[i]))
            return false;
    }
    return true;
}

static bool
has_come_far(const ese_recovery__run *run)
{
    uint64_t step = run->options->step_bytes != 0 ? run->options->step_bytes : STEP_BYTES;

    return run->report->log_bytes - run->moved_bytes >= step;
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The begin of the next generation, or of the oldest transaction, split or merge that is open. */
static uint64_t
find_position(const ese_recovery__run *run)
{
    const ese_lgpos next = {0, (uint16_t)run->log_header->n_header_sectors, run->generation + 1};
    uint64_t position = ese_log_lgpos_number(next);

    for (unsigned i = 0; run->sessions != NULL && i < ESE_RECOVERY__SESSIONS; i++) {
        const ese_recovery__session *session = run->sessions[i];

        if (session == NULL)
            continue;
        if (session->has_begun)
            position = smaller(position, session->lgpos_begin);
        for (const ese_recovery__macro *m = session->macros; m != NULL; m = m->next)
            position = smaller(position, ese_log_lgpos_number(m->lgpos));
    }
    return position;
}

static JET_ERR
raise_headers(ese_recovery__run *run, int32_t generation)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        ese_recovery__db *db = run->by_dbid[i];

        if (db == NULL || db->state != ESE_RECOVERY__ATTACHED)
            continue;
        ese_os_mutex_lock(&run->headers);
        ese_recovery__header_min(db, generation);
        ese_os_mutex_unlock(&run->headers);
        ESE_TRY(ese_recovery__settle_header(db));
    }
out:
    return err;
}

static JET_ERR
write_point(ese_recovery__run *run, const ese_recovery__start *s, ese_lgpos lgpos)
{
    ese_log_checkpoint point = s->checkpoint;
    uint8_t *names[ESE_LOG_MAX_DATABASES] = {NULL};
    JET_ERR err = JET_errSuccess;

    point.checkpoint = point.consistency = lgpos;
    point.version |= (uint8_t)ESE_LOG_CHECKPOINT_ATTACHED;
    point.attached.n = 0;
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        const ese_recovery__db *db = run->by_dbid[i];
        ese_log_attachment *entry = &point.attached.items[point.attached.n];

        if (db == NULL || db->state != ESE_RECOVERY__ATTACHED)
            continue;
        ESE_TRY(ese_recovery__list_entry(db, entry, &names[point.attached.n]));
        /* Relaxed: only this thread counts. */
        entry->dbtime = atomic_load_explicit(&db->log.dbtime, memory_order_relaxed);
        entry->objid_last = atomic_load_explicit(&db->log.objid_last, memory_order_relaxed);
        point.attached.n++;
    }
    ESE_TRY(ese_recovery__write_checkpoint(run, s, &point));
out:
    for (unsigned i = 0; i < ESE_LOG_MAX_DATABASES; i++)
        ese_free(&names[i]);
    return err;
}

JET_ERR
ese_recovery__move_start(ese_recovery__run *run, const ese_recovery__start *s)
{
    uint64_t position;
    JET_ERR err;

    if (!has_come_far(run) || !may_move(run, s))
        return JET_errSuccess;
    position = find_position(run);
    if (position <= run->moved_to || position <= run->last_change)
        return JET_errSuccess;
    ESE_TRY(ese_recovery__flush_all(run));
    ESE_TRY(raise_headers(run, ese_log_lgpos_of(position).generation));
    ESE_TRY(write_point(run, s, ese_log_lgpos_of(position)));
    run->moved_to = position;
    run->moved_bytes = run->report->log_bytes;
out:
    return err;
}
