/*
 * One record of the log: who has to do with it. Recovery specification, sections 4 and 5.1.
 */
#include "recovery/recovery_private.h"

ese_recovery__db *
ese_recovery__db_of(ese_recovery__run *run, uint8_t dbid)
{
    ese_recovery__db *db = dbid <= ESE_LOG_MAX_DATABASES ? run->by_dbid[dbid] : NULL;

    if (db == NULL || db->state != ESE_RECOVERY__ATTACHED || ese_recovery__now(run) <= db->attach)
        return NULL;
    return db;
}

/* ---- runs of the engine */

static JET_ERR
redo_run(ese_recovery__run *run, const ese_log_entry *entry)
{
    switch (entry->type) {
    case ESE_LOG_INIT:
    case ESE_LOG_INIT2:
        ese_recovery__forget_sessions(run);
        ese_recovery__created_forget(run, NULL);
        return JET_errSuccess;
    case ESE_LOG_RECOVERY_UNDO:
    case ESE_LOG_RECOVERY_UNDO2: ese_recovery__forget_macros(run); return JET_errSuccess;
    case ESE_LOG_TERM:
    case ESE_LOG_TERM2:
    case ESE_LOG_RECOVERY_QUIT:
    case ESE_LOG_RECOVERY_QUIT2:
        ese_recovery__forget_sessions(run);
        return ese_recovery__detach_all(run, run->shut_down_mark);
    case ESE_LOG_RECOVERY_QUIT_KEEP: ese_recovery__forget_sessions(run); return JET_errSuccess;
    default: return JET_errSuccess;
    }
}

/* ---- pages */

static void
note_counters(ese_recovery__db *db, const ese_log_entry *entry)
{
    /* Relaxed: there is one thread. */
    if (entry->dbtime <= ESE_PAGE_DBTIME_MAX &&
        entry->dbtime > atomic_load_explicit(&db->log.dbtime, memory_order_relaxed))
        atomic_store_explicit(&db->log.dbtime, entry->dbtime, memory_order_relaxed);
    if (entry->dbtime <= ESE_PAGE_DBTIME_MAX && entry->dbtime > db->newest_dbtime)
        db->newest_dbtime = entry->dbtime;
}

static ese_recovery__macro *
macro_of(ese_recovery__session *session, const ese_log_entry *entry)
{
    ese_recovery__macro *macro = session->macros;

    while (macro != NULL && macro->dbtime != entry->dbtime)
        macro = macro->next;
    return macro;
}

static JET_ERR
redo_page(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    switch (entry->type) {
    case ESE_LOG_SPLIT: return ese_recovery__redo_split(run, db, entry, 1);
    case ESE_LOG_MERGE: return ese_recovery__redo_merge(run, db, entry, 1);
    case ESE_LOG_CREATE_MULTIPLE:
    case ESE_LOG_CREATE_SINGLE:
    case ESE_LOG_CONVERT:
    case ESE_LOG_EMPTY_TREE:
    case ESE_LOG_NEW_PAGE:
    case ESE_LOG_SCRUB:
    case ESE_LOG_PAGE_MOVE: return ese_recovery__redo_tree(run, db, entry);
    case ESE_LOG_UNDO_INFO: return ese_recovery__redo_undo_info(run, db, entry);
    case ESE_LOG_ROOT_PAGE_MOVE: return JET_errSuccess; /* the moves follow */
    default: return ese_recovery__redo_node(run, db, entry);
    }
}

/* A record that belongs to a session: of a transaction whose begin was seen, and not a part of a macro under way. */
static JET_ERR
redo_of_session(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry)
{
    ese_recovery__session *session = ese_recovery__session_of(run, entry->procid);
    ese_recovery__macro *macro;
    ese_bytes bytes;

    note_counters(db, entry);
    if (session == NULL || !session->has_begun)
        return JET_errSuccess;
    macro = entry->type == ESE_LOG_UNDO_INFO ? NULL : macro_of(session, entry);
    if (macro == NULL)
        return redo_page(run, db, entry);
    bytes = ese_log_file_record_bytes(run->log);
    return ese_growbuf_append(&macro->records, bytes.data, bytes.size);
}

static bool
is_fill(ese_log_type type)
{
    return type == ESE_LOG_NOP || type == ESE_LOG_NOP2 || type == ESE_LOG_CHECKSUM ||
           type == ESE_LOG_END;
}

static JET_ERR
apply_class(ese_recovery__run *run, const ese_log_entry *entry)
{
    ese_recovery__db *db;

    switch (ese_log_record_class(entry->type)) {
    case ESE_LOG_CLASS_TRX:
    case ESE_LOG_CLASS_MACRO: return ese_recovery__redo_trx(run, entry);
    case ESE_LOG_CLASS_PAGE:
    case ESE_LOG_CLASS_VERSION:
        db = ese_recovery__db_of(run, entry->dbid);
        return db == NULL ? JET_errSuccess : redo_of_session(run, db, entry);
    case ESE_LOG_CLASS_DATABASE:
        run->last_change = ese_recovery__now(run);
        return ese_recovery__redo_database(run, entry);
    case ESE_LOG_CLASS_RUN: run->last_change = ese_recovery__now(run); return redo_run(run, entry);
    case ESE_LOG_CLASS_REFUSED: return ese_log_record_refusal(entry->type);
    case ESE_LOG_CLASS_UNKNOWN:
        return ese_raise(JET_errLogFileCorrupt, "a record of the unknown type %u",
                         (unsigned)entry->type);
    case ESE_LOG_CLASS_FILL: break;
    case ESE_LOG_CLASS_INFO:
        if (entry->type == ESE_LOG_FREE_TREE)
            ese_recovery__created_freed(run, entry);
        break;
    }
    return JET_errSuccess;
}

JET_ERR
ese_recovery__apply(ese_recovery__run *run, const ese_log_entry *entry)
{
    run->report->n_records++;
    if (is_fill(entry->type))
        return JET_errSuccess;
    run->is_shut_down = entry->type == ESE_LOG_SHUT_DOWN_MARK;
    if (run->is_shut_down)
        run->shut_down_mark = run->lgpos;
    return apply_class(run, entry);
}
