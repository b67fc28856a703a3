/*
 * Sessions as the log tells of them: levels, versions of what they change, macros under way. Recovery specification, section 4.
 *
 * INV-1  The versions of a session are those of its open transaction, newest first; their memory is given back at once when it ends.
 * INV-2  A session whose transaction began before the start of the replay has none: nothing of it is left to be done or undone.
 */
#include "recovery/recovery_private.h"

enum { VERSION_BUCKETS = 1 << 14 };

/* ---- versions */

static ese_recovery__version **
chain_of(ese_recovery__run *run, const ese_recovery__db *db, uint32_t rceid)
{
    return &run->versions[((rceid >> 1) * 31 + db->dbid) & (VERSION_BUCKETS - 1)];
}

ese_recovery__version *
ese_recovery__find_version(ese_recovery__run *run, ese_recovery__db *db, uint32_t rceid)
{
    ese_recovery__version *version;

    if (run->versions == NULL)
        return NULL;
    version = *chain_of(run, db, rceid);
    while (version != NULL && (version->rceid != rceid || version->db != db))
        version = version->next;
    return version;
}

/* Takes a version out of its chains; the session still lists it. */
static void
unchain(ese_recovery__run *run, ese_recovery__version *version)
{
    ese_recovery__version **at = chain_of(run, version->db, version->rceid);

    while (*at != version)
        at = &(*at)->next;
    *at = version->next;
    ese_recovery__info_drop(run, version);
}

void
ese_recovery__drop_version(ese_recovery__run *run, ese_recovery__version *version)
{
    ese_recovery__version **at = &version->session->newest;

    unchain(run, version);
    while (*at != version)
        at = &(*at)->older;
    *at = version->older;
}

JET_ERR
ese_recovery__add_version(ese_recovery__run *run, ese_recovery__db *db, const ese_log_entry *entry,
                          const ese_recovery__version *change)
{
    JET_ERR err = JET_errSuccess;
    ese_recovery__session *session = ese_recovery__session_of(run, entry->procid);
    ese_recovery__version *version = NULL;
    ese_recovery__version **chain;

    if (change->rceid == 0 || session == NULL || session->level == 0)
        goto out;
    if (run->versions == NULL)
        ESE_TRY(ese_alloc(VERSION_BUCKETS * sizeof(ese_recovery__version *), &run->versions));
    ESE_TRY(ese_arena_alloc(&session->memory, sizeof *version, &version));
    *version = *change;
    version->session = session;
    version->db = db;
    version->root = entry->root;
    version->objid = entry->objid;
    version->is_unique = (entry->flags & ESE_LOG_UNIQUE) != 0;
    version->level = entry->level < session->level ? entry->level : session->level;
    if (version->level == 0)
        version->level = 1;
    ESE_TRY(ese_arena_copy(&session->memory, change->key, &version->key));
    ESE_TRY(ese_arena_copy(&session->memory, change->key_data, &version->key_data));
    ESE_TRY(ese_arena_copy(&session->memory, change->before, &version->before));
    ESE_TRY(ese_recovery__info_add(run, version));
    chain = chain_of(run, db, change->rceid);
    version->next = *chain;
    *chain = version;
    version->older = session->newest;
    session->newest = version;
out:
    return err;
}

/* Numbers of versions begin anew with each run of an engine: the same one may have been another's. */
static bool
is_about(const ese_log_entry *entry, const ese_recovery__version *version)
{
    return version->session->procid == entry->procid && version->session->trx == entry->trx &&
           version->objid == entry->objid;
}

static bool
tells_the_same(const ese_log_entry *entry, const ese_recovery__version *version)
{
    return ese_bytes_compare(entry->key, version->key) == 0 &&
           ese_bytes_compare(entry->key_data, version->key_data) == 0 &&
           (version->oper != ESE_TXN_REPLACE ||
            ese_bytes_compare(entry->data, version->before) == 0);
}

JET_ERR
ese_recovery__redo_undo_info(ese_recovery__run *run, ese_recovery__db *db,
                             const ese_log_entry *entry)
{
    ese_recovery__version *version = ese_recovery__find_version(run, db, entry->rceid);
    ese_arena *memory;
    JET_ERR err = JET_errSuccess;

    if (version == NULL || !is_about(entry, version))
        goto out;
    if (!version->is_waiting) {
        version->has_info = version->has_info || tells_the_same(entry, version);
        goto out;
    }
    memory = &version->session->memory;
    ESE_TRY(ese_arena_copy(memory, entry->key, &version->key));
    ESE_TRY(ese_arena_copy(memory, entry->key_data, &version->key_data));
    ESE_TRY(ese_arena_copy(memory, entry->data, &version->before));
    version->is_waiting = false;
    version->has_info = true;
out:
    return err;
}

/* ---- macros */

static ese_recovery__macro **
macro_at(ese_recovery__session *session, uint64_t dbtime)
{
    ese_recovery__macro **at = &session->macros;

    while (*at != NULL && (*at)->dbtime != dbtime)
        at = &(*at)->next;
    return at;
}

enum { MACRO_MAX = 64 << 20, MACROS_OPEN_MAX = 64, MACRO_KEPT_MAX = 256 << 10 };

static void
free_macro(ese_recovery__macro **macro_inout)
{
    if (*macro_inout == NULL)
        return;
    ese_growbuf_destroy(&(*macro_inout)->records);
    ese_free(macro_inout);
}

/* Splits are frequent: what one needed is kept for the next one. */
static void
drop_macro(ese_recovery__run *run, ese_recovery__macro **at)
{
    ese_recovery__macro *macro = *at;

    if (macro == NULL)
        return;
    *at = macro->next;
    if (run->spare_macro != NULL || macro->records.capacity > MACRO_KEPT_MAX)
        free_macro(&macro);
    else
        run->spare_macro = macro;
}

static JET_ERR
take_macro(ese_recovery__run *run, ese_recovery__macro **macro_out)
{
    ese_recovery__macro *macro = run->spare_macro;
    JET_ERR err = JET_errSuccess;

    if (macro == NULL) {
        ESE_TRY(ese_alloc(sizeof *macro, &macro));
        macro->records = ese_growbuf_make(MACRO_MAX);
    }
    run->spare_macro = NULL;
    ese_growbuf_clear(&macro->records);
    *macro_out = macro;
out:
    return err;
}

static JET_ERR
begin_macro(ese_recovery__run *run, ese_recovery__session *session, const ese_log_entry *entry)
{
    ese_recovery__macro *macro = NULL;
    unsigned n = 0;
    JET_ERR err;

    for (const ese_recovery__macro *open = session->macros; open != NULL; open = open->next)
        n++;
    if (n >= MACROS_OPEN_MAX || *macro_at(session, entry->dbtime) != NULL)
        return ese_recovery__inconsistent(run, 0, "a macro begins in the middle of another one");
    ESE_TRY(take_macro(run, &macro));
    macro->dbtime = entry->dbtime;
    macro->lgpos = run->lgpos;
    macro->next = session->macros;
    session->macros = macro;
out:
    return err;
}

static JET_ERR
commit_macro(ese_recovery__run *run, ese_recovery__session *session, uint64_t dbtime)
{
    ese_recovery__macro **at = macro_at(session, dbtime);
    JET_ERR err = JET_errSuccess;

    if (*at == NULL)
        return JET_errSuccess;
    if (run->macro_entries == NULL)
        ESE_TRY(ese_alloc(ESE_RECOVERY__MACRO_ENTRIES * sizeof *run->macro_entries,
                          &run->macro_entries));
    err = ese_recovery__redo_macro(run, *at, run->macro_entries);
    drop_macro(run, at);
out:
    return err;
}

/* ---- sessions */

ese_recovery__session *
ese_recovery__session_of(ese_recovery__run *run, uint16_t procid)
{
    return run->sessions == NULL ? NULL : run->sessions[procid];
}

static JET_ERR
make_session(ese_recovery__run *run, uint16_t procid, ese_recovery__session **session_out)
{
    JET_ERR err = JET_errSuccess;
    ese_recovery__session *session = NULL;

    if (run->sessions == NULL)
        ESE_TRY(
            ese_alloc(ESE_RECOVERY__SESSIONS * sizeof(ese_recovery__session *), &run->sessions));
    if (run->sessions[procid] == NULL) {
        ESE_TRY(ese_alloc(sizeof *session, &session));
        session->procid = procid;
        session->memory.pool = &run->versions_memory;
        run->sessions[procid] = session;
    }
    *session_out = run->sessions[procid];
out:
    return err;
}

/* Its versions are of no use any more. */
static void
forget_versions(ese_recovery__run *run, ese_recovery__session *session)
{
    for (ese_recovery__version *v = session->newest; v != NULL; v = v->older)
        unchain(run, v);
    session->newest = NULL;
    ese_arena_clear(&session->memory);
}

static void
forget_macros_of(ese_recovery__run *run, ese_recovery__session *session)
{
    while (session->macros != NULL)
        drop_macro(run, &session->macros);
}

static void
forget_session(ese_recovery__run *run, uint16_t procid)
{
    ese_recovery__session *session = run->sessions[procid];

    forget_versions(run, session);
    forget_macros_of(run, session);
    ese_free(&run->sessions[procid]);
}

void
ese_recovery__forget_sessions(ese_recovery__run *run)
{
    for (unsigned i = 0; run->sessions != NULL && i < ESE_RECOVERY__SESSIONS; i++) {
        if (run->sessions[i] != NULL)
            forget_session(run, (uint16_t)i);
    }
    free_macro(&run->spare_macro);
    ese_free(&run->macro_entries);
    ese_arena_pool_clear(&run->versions_memory);
}

void
ese_recovery__forget_macros(ese_recovery__run *run)
{
    for (unsigned i = 0; run->sessions != NULL && i < ESE_RECOVERY__SESSIONS; i++) {
        if (run->sessions[i] != NULL)
            forget_macros_of(run, run->sessions[i]);
    }
}

/* ---- transactions */

static JET_ERR
begin_outermost(ese_recovery__run *run, const ese_log_entry *entry)
{
    ese_recovery__session *session = NULL;
    JET_ERR err;

    ESE_TRY(make_session(run, entry->procid, &session));
    forget_versions(run, session);
    session->level = entry->levels >> 4;
    if (session->level >= ESE_RECOVERY__LEVELS) {
        err = ese_recovery__inconsistent(run, 0, "a transaction has too many levels");
        goto out;
    }
    session->has_begun = true;
    session->trx = entry->trx;
    if (entry->trx > run->last_trx && entry->trx != UINT32_MAX)
        run->last_trx = entry->trx;
    session->lgpos_begin = ese_recovery__now(run);
out:
    return err;
}

static JET_ERR
begin_nested(ese_recovery__run *run, ese_recovery__session *session, const ese_log_entry *entry)
{
    unsigned level = session->level + (entry->levels >> 4);

    if (session->level != (entry->levels & 0xf) || level >= ESE_RECOVERY__LEVELS)
        return ese_recovery__inconsistent(run, 0,
                                          "a transaction begins at another level than it is");
    session->level = (uint8_t)level;
    return JET_errSuccess;
}

static void
commit(ese_recovery__run *run, ese_recovery__session *session, uint8_t level)
{
    ese_recovery__created_commit(run, session->procid, level);
    for (ese_recovery__version *v = session->newest; v != NULL && v->level > level; v = v->older)
        v->level = level;
    if (level < session->level)
        session->level = level;
}

static void
end_transaction(ese_recovery__run *run, ese_recovery__session *session)
{
    forget_versions(run, session);
    session->level = 0;
    session->has_begun = false;
}

/* What the records of undo have left of these levels is of no use. */
static void
roll_back(ese_recovery__run *run, ese_recovery__session *session, uint8_t n_levels)
{
    uint8_t level = n_levels < session->level ? (uint8_t)(session->level - n_levels) : 0;

    ese_recovery__created_roll_back(run, session->procid, level);
    if (level == 0) {
        end_transaction(run, session);
        return;
    }
    while (session->newest != NULL && session->newest->level > level)
        ese_recovery__drop_version(run, session->newest);
    session->level = level;
}

static JET_ERR
redo_of_session(ese_recovery__run *run, ese_recovery__session *session, const ese_log_entry *entry)
{
    switch (entry->type) {
    case ESE_LOG_BEGIN: return begin_nested(run, session, entry);
    case ESE_LOG_COMMIT: commit(run, session, entry->levels); break;
    case ESE_LOG_COMMIT0:
        ese_recovery__created_commit(run, session->procid, 0);
        end_transaction(run, session);
        run->report->n_committed++;
        break;
    case ESE_LOG_ROLLBACK: roll_back(run, session, entry->levels); break;
    case ESE_LOG_REFRESH: session->trx = entry->trx; break;
    case ESE_LOG_MACRO_BEGIN: return begin_macro(run, session, entry);
    case ESE_LOG_MACRO_COMMIT: return commit_macro(run, session, entry->dbtime);
    case ESE_LOG_MACRO_ABORT: drop_macro(run, macro_at(session, entry->dbtime)); break;
    default: break;
    }
    return JET_errSuccess;
}

JET_ERR
ese_recovery__redo_trx(ese_recovery__run *run, const ese_log_entry *entry)
{
    ese_recovery__session *session;

    if (entry->type == ESE_LOG_COMMIT0 && entry->trx > run->last_trx && entry->trx != UINT32_MAX)
        run->last_trx = entry->trx;
    if (entry->type == ESE_LOG_BEGIN0)
        return begin_outermost(run, entry);
    session = ese_recovery__session_of(run, entry->procid);
    if (session == NULL || !session->has_begun)
        return JET_errSuccess;
    return redo_of_session(run, session, entry);
}
