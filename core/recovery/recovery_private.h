/* What the files of core/recovery share. */
#pragma once

#include "recovery/recovery.h"

#include "base/arena.h"
#include "base/growbuf.h"
#include "btree/btree.h"
#include "btree/btree_space.h"
#include "cache/cache.h"
#include "os/os_file.h"
#include "os/os_thread.h"

enum {
    ESE_RECOVERY__SESSIONS = 1 << 16, /* numbers of sessions are 16 bits */
    ESE_RECOVERY__LEVELS =
        16, /* what the engine does on its own may lie deeper than what may be asked of it */
    ESE_RECOVERY__HEADER_PAGES = 2,
    ESE_RECOVERY__MACRO_ENTRIES = 64,
};

typedef struct ese_recovery__run ese_recovery__run;
typedef struct ese_recovery__session ese_recovery__session;
typedef struct ese_recovery__debt ese_recovery__debt;

/* ---- recovery_map.c: pages that could not be read while they may have been given up later in the log ---- */

typedef struct ese_recovery__lost {
    ese_pgno pgno; /* 0 = a free slot */
    JET_ERR err;
} ese_recovery__lost;

/* An open hash table. */
typedef struct ese_recovery__lost_map {
    ese_recovery__lost *slots;
    size_t n, room; /* room: a power of two */
} ese_recovery__lost_map;

JET_ERR ese_recovery__lost_add(ese_recovery__lost_map *map, ese_pgno pgno, JET_ERR err);
bool ese_recovery__lost_has(const ese_recovery__lost_map *map, ese_pgno pgno);
void ese_recovery__lost_drop(ese_recovery__lost_map *map, ese_pgno first, uint32_t n_pages);
const ese_recovery__lost *ese_recovery__lost_any(const ese_recovery__lost_map *map);
void ese_recovery__lost_clear(ese_recovery__lost_map *map);

/* ---- recovery_peek.c: what the file has in the places of pages that the log makes from nothing ---- */

/* Neighbouring pages as they stand in the file. */
typedef struct ese_recovery__window {
    uint8_t *bytes;
    ese_pgno first;
    uint32_t n_pages; /* 0: nothing is known */
} ese_recovery__window;

/* ---- databases ---- */

typedef enum ese_recovery__state {
    ESE_RECOVERY__IDLE,     /* known by name only, or detached */
    ESE_RECOVERY__DEFERRED, /* attached in the log, but not this file, or not yet */
    ESE_RECOVERY__ATTACHED,
} ese_recovery__state;

typedef enum ese_recovery__why {
    ESE_RECOVERY__WHY_MISSING,
    ESE_RECOVERY__WHY_FOREIGN,
    ESE_RECOVERY__WHY_MOVED_ON, /* foreign: it is the database, but clean, and of another stream or none */
    ESE_RECOVERY__WHY_FUTURE,   /* clean at a later position */
    ESE_RECOVERY__WHY_UNMAPPED, /* nobody asked for it */
} ese_recovery__why;

typedef struct ese_recovery__db {
    ese_recovery__run *run;
    ese_recovery__state state;
    ese_recovery__why why; /* DEFERRED */
    uint8_t dbid;
    char *logged_path;     /* UTF-8 */
    char *source;          /* NULL: nothing is there */
    char *final;           /* name of the result */
    char *work;            /* and of the copy that becomes it */
    ese_os_file *replaced; /* what has that name so far, locked; NULL: nothing */
    bool has_work;         /* the copy exists */
    bool was_rebuilt, is_removed;
    bool is_unfinished;    /* CREATE_DB without CREATE_DB_FINISH so far */
    bool is_unmapped;      /* there are maps, and none tells of it */
    uint32_t map_flags;    /* ese_recovery_map_flag */
    uint8_t *header_bytes; /* a page, NULL: no header was read */
    ese_dbheader header;
    bool is_header_stale;  /* to be written before the next page */
    JET_ERR header_failed; /* a write of it: nobody knows which pages before it are on the disk */
    uint32_t found_min_required, found_max_required, found_max_committed; /* as found on the disk */
    uint32_t first_min_required, first_max_required, first_max_committed; /* before recovery */
    uint8_t found_required_time[8], found_committed_time[8]; /* when those logs were begun */
    uint64_t attach;        /* position of the attach that is replayed */
    uint64_t newest_dbtime; /* of the records seen */
    uint64_t last_resize;   /* position of the newest change of the file size that is in the file */
    ese_os_file *os;
    ese_cache_file *file;
    ese_log_db log;
    bool is_in_stream; /* the stream lists it */
    ese_recovery__lost_map lost;
    ese_recovery__window window;
} ese_recovery__db;

/* The time of the page, in the cache or in the file; 0 when there is none, or nothing that is whole. */
JET_ERR ese_recovery__peek(ese_recovery__db *db, ese_pgno pgno, uint64_t *dbtime_out);

/* The page is about to be written; and: the file changes its size. */
void ese_recovery__peek_written(ese_recovery__db *db, ese_pgno pgno);
void ese_recovery__peek_forget(ese_recovery__db *db);

/* ---- sessions and versions ---- */

/* What a change replaced, as long as its transaction is open. */
typedef struct ese_recovery__version {
    struct ese_recovery__version *older;         /* of the session */
    struct ese_recovery__version *next;          /* in its hash chain */
    struct ese_recovery__version *next_of_entry; /* in that of its entry */
    ese_recovery__session *session;
    ese_recovery__db *db; /* NULL: gone */
    uint32_t rceid;
    ese_pgno root;
    uint32_t objid;
    uint8_t oper; /* ese_txn_oper */
    uint8_t level;
    bool is_waiting; /* for its UNDO_INFO */
    bool has_info;   /* its UNDO_INFO is in the log */
    bool is_listed;  /* by its entry */
    ese_recovery__debt *debts;
    bool is_unique;
    ese_bytes key, key_data, before;
    unsigned offset;
    int64_t delta;
} ese_recovery__version;

/* Records of a split or merge on their way, in the form of the log. */
typedef struct ese_recovery__macro {
    struct ese_recovery__macro *next;
    uint64_t dbtime;
    ese_growbuf records;
    ese_lgpos lgpos; /* of the first one */
} ese_recovery__macro;

struct ese_recovery__session {
    uint16_t procid;
    uint8_t level;
    bool has_begun; /* its Begin0 was seen */
    uint32_t trx;
    uint64_t lgpos_begin;
    ese_recovery__version *newest;
    ese_arena memory; /* of its versions */
    ese_recovery__macro *macros;
};

/* ---- the run ---- */

/* What lies in the logs that are to be replayed, seen before any of them is. */
typedef struct ese_recovery__survey {
    int32_t last_generation; /* 0: not looked at */
    ese_log_stream_end end;
    uint64_t file_size;    /* of the last log */
    bool is_own;           /* the last log is one of this engine */
    bool is_clean;         /* its last record is the end of a run: */
    ese_lgpos last_record; /* where that stands */
    unsigned n_logs;       /* of the set, that are replayed */
    int32_t damaged;       /* the first generation with a damaged body; 0: none */
    JET_ERR damage;
} ese_recovery__survey;

struct ese_recovery__run {
    const ese_recovery_options *options;
    bool is_in_place; /* the databases themselves are changed, and the log goes on */
    const ese_log_stream_options *stream_options; /* in place; of the caller */
    ese_recovery__survey survey;
    ese_log_stream *stream; /* in place: NULL as long as nothing was to be logged */
    ese_os_mutex headers;   /* guards headers and their files; nothing is appended under it */
    uint64_t undo_end;      /* of the UNDO_INFO logged last */
    ese_lgpos undo_mark;    /* of RECOVERY_UNDO2 */
    uint32_t last_trx;      /* the largest number of a transaction seen */
    ese_recovery_report *report;
    ese_log_set *logs;      /* being replayed: those of the backup first */
    ese_log_file *log;      /* open at the moment */
    ese_log_file *last_log; /* in place: the last one, until redo comes to it */
    const ese_log_header *log_header;
    ese_signature sign; /* of the stream */
    bool has_sign;
    uint32_t page_size;
    ese_cache *cache;
    ese_recovery__db *dbs[ESE_RECOVERY_DATABASES_MAX];
    unsigned n_dbs;
    ese_recovery__db *by_dbid[ESE_LOG_MAX_DATABASES + 1];
    ese_recovery__session **sessions; /* by number */
    ese_recovery__version **versions; /* hash chains, by number */
    ese_recovery__debt **debts;       /* by page */
    ese_recovery__version **entries; /* the same by entry: of those whose UNDO_INFO may be needed */
    ese_growbuf new_trees; /* trees, whose creation has not committed: recovery_created.c */
    int32_t generation;    /* being replayed */
    uint8_t created[8];    /* of the generation replayed last */
    uint64_t checksum;
    ese_lgpos lgpos;      /* of the record being replayed */
    bool is_stop_early;   /* nothing lies in front of that place */
    bool may_stop;        /* before the log ends: */
    uint64_t stop_after;  /* number of a position; 0: none */
    uint64_t stop_time;   /* a number that sorts as times; 0: none */
    uint64_t moved_to;    /* in place: from where recovery that begins anew would start */
    uint64_t moved_bytes; /* report->log_bytes when that was settled */
    uint64_t last_change; /* position of the last record about databases or runs */
    ese_lgpos shut_down_mark;
    bool is_shut_down;                /* the last record is a ShutDownMark */
    ese_arena_pool versions_memory;   /* of transactions that have ended, for the next ones */
    ese_recovery__macro *spare_macro; /* one that has ended, for the next one; NULL: none */
    ese_log_entry *macro_entries;     /* room for the records of the macro that is redone */
    uint8_t *scratch[4];              /* a page each */
};

static inline uint64_t
ese_recovery__now(const ese_recovery__run *run)
{
    return ese_log_lgpos_number(run->lgpos);
}

/* ---- recovery.c ---- */

/* Is this generation only committed, not needed by any database that was found? */
bool ese_recovery__is_spare(const ese_recovery__run *run, int32_t generation);

/* False: whoever watches wants it to end. */
bool ese_recovery__tell(ese_recovery__run *run, const char *phase, uint64_t done, uint64_t total);

/*
 * Replays and takes back, from the checkpoint or without it. The run has options, report and, in place, the rest of what only that needs; what else it has afterwards is
 * given back by ese_recovery__end_run. *is_trap_out: nothing was done, the checkpoint cannot be trusted.
 */
JET_ERR ese_recovery__run_all(ese_recovery__run *run, bool use_checkpoint, bool *is_trap_out);
void ese_recovery__end_run(ese_recovery__run *run);

/* In place: gives up the damaged logs at the end, if that may be, or says that they are damaged. */
JET_ERR ese_recovery__drop_damaged(ese_recovery__run *run, int32_t generation, JET_ERR damage);

/* ---- recovery_judge.c ---- */

/* The first database that was asked for by name, and left out. */
const char *ese_recovery__left_out(const ese_recovery__run *run);

/* Did the checkpoint lead past what has to be done? */
JET_ERR ese_recovery__find_trap(const ese_recovery__run *run, bool *is_trap_out);

/* Does the log reach as far as the database needs it? */
JET_ERR ese_recovery__judge_last(ese_recovery__run *run, ese_recovery__db *db, int32_t last);

/* Databases that are missing, or need more than there is. */
JET_ERR ese_recovery__judge_all(ese_recovery__run *run);

void ese_recovery__report(ese_recovery__run *run, bool has_results);

/* ---- recovery_created.c: trees whose creation has not committed ---- */

/* The record of a creation; the end of a level, with those inside; FreeFDP. NULL: those of all databases are forgotten. */
JET_ERR ese_recovery__created_add(ese_recovery__run *run, ese_recovery__db *db,
                                  const ese_log_entry *entry);
void ese_recovery__created_commit(ese_recovery__run *run, uint16_t procid, uint8_t level);
void ese_recovery__created_roll_back(ese_recovery__run *run, uint16_t procid, uint8_t level);
void ese_recovery__created_freed(ese_recovery__run *run, const ese_log_entry *entry);
void ese_recovery__created_forget(ese_recovery__run *run, const ese_recovery__db *db);

typedef JET_ERR ese_recovery__take_back(void *self, ese_recovery__db *db, ese_pgno root,
                                        uint32_t objid);

/* Calls for each tree of a transaction that was rolled back, the youngest first. An error is one after which recovery cannot go on. */
JET_ERR ese_recovery__created_take_back(ese_recovery__run *run, ese_recovery__take_back *take_back,
                                        void *self);

/* ---- recovery_stop.c ---- */

void ese_recovery__stop_prepare(ese_recovery__run *run);

/* Is the record that was read last behind the place? */
bool ese_recovery__stop_is_here(const ese_recovery__run *run);

/* Is this generation the last one that is looked at, or behind it? */
bool ese_recovery__stop_ends(const ese_recovery__run *run, int32_t generation);

/* How many logs of the set, from the oldest on, are looked at. */
unsigned ese_recovery__stop_count_logs(const ese_recovery__run *run);

/* Redo ends in front of `entry`, NULL: behind the log that is open. JET_errRequiredLogFilesMissing: a database is newer. */
JET_ERR ese_recovery__stop(ese_recovery__run *run, const ese_log_entry *entry);

/* Databases that were not opened, and have something from behind the place. */
JET_ERR ese_recovery__stop_judge(const ese_recovery__run *run);

/* ---- recovery_start.c ---- */

/* Where redo starts. */
typedef struct ese_recovery__start {
    bool has_checkpoint;
    ese_log_checkpoint checkpoint;
    uint8_t bytes[ESE_LOG_CHECKPOINT_SIZE]; /* the checkpoint borrows from it */
    const char *extension;                  /* of its file */
    unsigned first;                         /* log of the set */
    bool is_exact; /* at the position of the checkpoint, with its databases */
} ese_recovery__start;

/* Finds out which stream it is, too. */
JET_ERR ese_recovery__find_start(ese_recovery__run *run, bool use_checkpoint,
                                 ese_recovery__start *s);

/* JET_errMissingLogFile. */
JET_ERR ese_recovery__missing_log(ese_recovery__run *run, int32_t generation);

/* In place: writes the file that was found anew; nothing, when it has no room for the databases. */
JET_ERR ese_recovery__write_checkpoint(ese_recovery__run *run, const ese_recovery__start *s,
                                       const ese_log_checkpoint *checkpoint);

/* What every log of the stream must be. */
ese_log_expect ese_recovery__expect(const ese_recovery__run *run);

/* The generation and the stream of a log of the set: the current one has it only in its header. */
JET_ERR ese_recovery__generation_of(ese_recovery__run *run, unsigned index,
                                    const ese_log_expect *expect, int32_t *generation_out,
                                    ese_signature *sign_out);

/* ---- recovery_point.c: in place only ---- */

/* A generation has been replayed and another one follows: perhaps recovery that begins anew may start behind it. */
JET_ERR ese_recovery__move_start(ese_recovery__run *run, const ese_recovery__start *s);

/* ---- recovery_survey.c ---- */

/* Fills run->survey with what the last log tells; or with what all tell from the log `first` of the set on, but for how the last one ends. */
JET_ERR ese_recovery__survey_last(ese_recovery__run *run);
JET_ERR ese_recovery__survey_all(ese_recovery__run *run, unsigned first);

/* The logs from `generation` on are not replayed, the one before them is the last one; and: they are deleted. */
JET_ERR ese_recovery__survey_cut(ese_recovery__run *run, int32_t generation);
JET_ERR ese_recovery__survey_delete(ese_recovery__run *run);

/* ---- recovery_place.c: in place only ---- */

/* The stream behind the end that the survey has found. */
JET_ERR ese_recovery__need_stream(ese_recovery__run *run);

/* The stream lists the database from now on, if it is open. */
JET_ERR ese_recovery__stream_attach(ese_recovery__run *run, ese_recovery__db *db);
void ese_recovery__stream_detach(ese_recovery__run *run, ese_recovery__db *db);

/* Writes the header if it has changed. */
JET_ERR ese_recovery__settle_header(ese_recovery__db *db);

/* The database as lists of what is attached tell of it; *name_out, which it borrows, is freed by the caller. */
JET_ERR ese_recovery__list_entry(const ese_recovery__db *db, ese_log_attachment *entry_out,
                                 uint8_t **name_out);

/* Everything is in the files, and on the disk. */
JET_ERR ese_recovery__flush_all(ese_recovery__run *run);

JET_ERR ese_recovery__begin_undo(ese_recovery__run *run);

/* Everything is in the files, and they are clean; the stream has ended cleanly, too. */
JET_ERR ese_recovery__end_undo(ese_recovery__run *run);

/* ---- recovery_info.c: in place only ---- */

/* A version comes and goes. */
JET_ERR ese_recovery__info_add(ese_recovery__run *run, ese_recovery__version *version);
void ese_recovery__info_drop(ese_recovery__run *run, ese_recovery__version *version);

/* Lines of the page, which is as before the change, are about to move to another one. */
JET_ERR ese_recovery__lines_move(ese_recovery__db *db, const ese_page *page);

/* What has to be in the log before the page is written: it is appended; it is durable. */
JET_ERR ese_recovery__prepare_page(ese_recovery__db *db, const ese_page *page);
JET_ERR ese_recovery__guard_page(ese_recovery__db *db, const ese_page *page, uint64_t lgpos);

/* ---- recovery_path.c ---- */

/* A path as logged (with its NUL, UTF-16 or not) in UTF-8. */
JET_ERR ese_recovery__logged_path(ese_bytes name, bool is_wide, char **path_out);

/* The database of that path, made when it is met first; finds out where it lies by map, signature or name. */
JET_ERR ese_recovery__find_db(ese_recovery__run *run, const char *logged_path,
                              const ese_signature *sign, ese_recovery__db **db_out);
void ese_recovery__free_db(ese_recovery__db **db_inout);

/* Makes the copy to work in out of the source. */
JET_ERR ese_recovery__copy_db(ese_recovery__run *run, ese_recovery__db *db);

/* Puts the copies in the place of the results, or deletes them. */
JET_ERR ese_recovery__keep_results(ese_recovery__run *run);
void ese_recovery__drop_results(ese_recovery__run *run);

/* ---- recovery_header.c ---- */

/* Reads the header (or its copy) of the file at `path`; *bytes_out is a page, freed with ese_free. */
JET_ERR ese_recovery__read_header(const char *path, uint8_t **bytes_out, ese_dbheader *header_out);

/* The file at `path` has no header that can be read. May the database that the log creates take its place, or is it plainly another file: JET_errReadVerifyFailure? */
JET_ERR ese_recovery__check_replaceable(const char *path);

/* The database needs this generation; false: it knew. */
bool ese_recovery__header_raise(ese_recovery__db *db, int32_t generation, const uint8_t created[8]);

/* Logs before this generation are not needed any more. */
void ese_recovery__header_min(ese_recovery__db *db, int32_t generation);

/* Writes both copies and brings them to the disk. */
JET_ERR ese_recovery__write_header(ese_recovery__db *db);

JET_ERR ese_recovery__fresh_header(ese_recovery__run *run, ese_recovery__db *db,
                                   const ese_log_entry *entry);

/* As it was found: what it needs. */
void ese_recovery__header_note_found(ese_recovery__db *db);

/* The log that begins now is the one of that number that the database knows. */
JET_ERR ese_recovery__header_check_times(const ese_recovery__run *run, const ese_recovery__db *db);

void ese_recovery__header_attach(ese_recovery__run *run, ese_recovery__db *db);
void ese_recovery__header_give_up(ese_recovery__db *db, const ese_log_generation *last);
void ese_recovery__header_clean(ese_recovery__db *db, ese_lgpos lgpos);

/* A generation begins; written with the next page. */
void ese_recovery__header_generation(ese_recovery__run *run, ese_recovery__db *db);
void ese_recovery__header_finish_create(ese_recovery__run *run, ese_recovery__db *db);
uint64_t ese_recovery__header_last_resize(const ese_recovery__db *db);
void ese_recovery__header_set_resize(ese_recovery__db *db, ese_lgpos lgpos);

/* Takes what a backup put behind the last page into the header. */
JET_ERR ese_recovery__header_restore(ese_recovery__db *db);

/* ---- recovery_attach.c ---- */

JET_ERR ese_recovery__attach_list(ese_recovery__run *run, const ese_log_attachments *attached);
JET_ERR ese_recovery__redo_database(ese_recovery__run *run, const ese_log_entry *entry);
JET_ERR ese_recovery__detach_all(ese_recovery__run *run, ese_lgpos lgpos);
JET_ERR ese_recovery__check_nothing_lost(const ese_recovery__db *db);
JET_ERR ese_recovery__detach(ese_recovery__run *run, ese_recovery__db *db, ese_lgpos lgpos);
JET_ERR ese_recovery__remove_unfinished(ese_recovery__run *run, ese_recovery__db *db);
void ese_recovery__close_db(ese_recovery__db *db);

/* ---- recovery_page.c ---- */

/* May the file hold pages from later in the log than the record being replayed? */
static inline bool
ese_recovery__may_be_newer(const ese_recovery__run *run, const ese_recovery__db *db)
{
    return (uint32_t)run->generation <= db->found_max_required;
}

/* What a record says of one page. */
typedef struct ese_recovery__stamp {
    ese_pgno pgno;
    uint64_t before; /* ESE_LOG_DBTIME_NONE: a new page */
    uint64_t after;
    uint32_t objid; /* 0: any */
} ese_recovery__stamp;

/* The page, latched and writable, if the change is to be made; NULL if it is there already or could not be made yet. A new page is blank. */
JET_ERR ese_recovery__page_open(ese_recovery__run *run, ese_recovery__db *db,
                                const ese_recovery__stamp *stamp, ese_cache_page **page_out);

/* The change was made. */
void ese_recovery__page_close(ese_recovery__run *run, const ese_recovery__stamp *stamp,
                              uint64_t lgpos_begin, ese_cache_page **page_inout);

ese_page_mut ese_recovery__page_bytes(ese_cache_page *page);

/* Checks what was put together in a buffer, and only then puts it on the page. */
JET_ERR ese_recovery__page_put(ese_recovery__run *run, const ese_page_mut *made,
                               ese_cache_page *page);

JET_ERR ese_recovery__redo_file(ese_recovery__run *run, ese_recovery__db *db,
                                const ese_log_entry *entry);
JET_ERR ese_recovery__grow(ese_recovery__db *db, ese_pgno last);

/* The error of what the log does and cannot be. */
JET_ERR ese_recovery__inconsistent(const ese_recovery__run *run, ese_pgno pgno, const char *what);

/* ---- recovery_session.c ---- */

JET_ERR ese_recovery__redo_trx(ese_recovery__run *run, const ese_log_entry *entry);

/* With the memory that was kept for the next ones. */
void ese_recovery__forget_sessions(ese_recovery__run *run);

/* An earlier recovery takes changes back from here on: a macro that had not ended by then never will, and its dbtime is another's. */
void ese_recovery__forget_macros(ese_recovery__run *run);
ese_recovery__session *ese_recovery__session_of(ese_recovery__run *run, uint16_t procid);

/* Adds a version with what `entry` tells; key, data and before are copied. */
JET_ERR ese_recovery__add_version(ese_recovery__run *run, ese_recovery__db *db,
                                  const ese_log_entry *entry, const ese_recovery__version *change);
ese_recovery__version *ese_recovery__find_version(ese_recovery__run *run, ese_recovery__db *db,
                                                  uint32_t rceid);

void ese_recovery__drop_version(ese_recovery__run *run, ese_recovery__version *version);
JET_ERR ese_recovery__redo_undo_info(ese_recovery__run *run, ese_recovery__db *db,
                                     const ese_log_entry *entry);

/* ---- recovery_node.c, recovery_tree.c, recovery_split.c, recovery_merge.c ---- */

ese_bytes ese_recovery__key_of(const ese_log_entry *entry);
JET_ERR ese_recovery__redo_node(ese_recovery__run *run, ese_recovery__db *db,
                                const ese_log_entry *entry);

/* The versions of a record about a node; `node`: as it was before, NULL when that is not known. */
JET_ERR ese_recovery__node_versions(ese_recovery__run *run, ese_recovery__db *db,
                                    const ese_log_entry *entry, const ese_page_node *node);

/* Data of a REPLACE or REPLACE_DIFF. `room` has the size of a page. */
JET_ERR ese_recovery__new_data(ese_recovery__run *run, const ese_log_entry *entry, ese_bytes old,
                               uint8_t *room, ese_bytes *data_out);

JET_ERR ese_recovery__redo_tree(ese_recovery__run *run, ese_recovery__db *db,
                                const ese_log_entry *entry);

/* `entries`: room for ESE_RECOVERY__MACRO_ENTRIES. */
JET_ERR ese_recovery__redo_macro(ese_recovery__run *run, const ese_recovery__macro *macro,
                                 ese_log_entry *entries);
JET_ERR ese_recovery__redo_split(ese_recovery__run *run, ese_recovery__db *db,
                                 const ese_log_entry *entries, unsigned n);
JET_ERR ese_recovery__redo_merge(ese_recovery__run *run, ese_recovery__db *db,
                                 const ese_log_entry *entries, unsigned n);

/* ---- recovery_apply.c ---- */

JET_ERR ese_recovery__apply(ese_recovery__run *run, const ese_log_entry *entry);

/* Records with a database: what section 5.1 says of all of them. NULL: to be passed over. */
ese_recovery__db *ese_recovery__db_of(ese_recovery__run *run, uint8_t dbid);

/* ---- recovery_undo.c ---- */

JET_ERR ese_recovery__undo(ese_recovery__run *run);
