/*
 * Crash torture: a random workload of several sessions, whose every committed state is known, and what must be there after a crash.
 *
 * crash_model.c knows what every row must hold after each commit, crash_store.c starts the engine and makes databases, crash_work.c changes rows, crash_own.c tables,
 * crash_verify.c compares a recovered folder with the model, crash_states.c tries the crashes of one recorded run, crash_kill.c kills a process of eight threads.
 *
 * Each actor is a session with rows of its own (number modulo actors) in tables that all share. What a database holds of an actor is summed up in a number, its digest, in
 * the model and when a database is read; so each of the states between two commits is known by a few numbers.
 */
#pragma once

#include "esent.h"

#include "test_disk.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    N_DATABASES = 3,
    ACTORS_MAX = 8,
    N_OWN = 2, /* tables of an actor's own in each database */
    TAGS_MAX = 4,
    LEVELS_MAX = 3,
    NAME_MAX_SIZE = 60,
    STORY_MAX_SIZE = 12000,
    PATH_SIZE = 256,
    PAGE_SIZE_DEFAULT = 4096
};

#define OWN_KEYS UINT64_C(0x100000000) /* of the tables of actors; those of rows are below */

typedef struct settings {
    const char *folder; /* of everything; the same for every run of a seed */
    const char *keep;   /* where what is wrong is kept */
    uint64_t seed;
    uint32_t n_actors;
    uint32_t n_rows; /* of an actor in each database */
    uint32_t n_transactions;
    uint32_t page_size;
    uint32_t cache_pages;
    uint32_t n_states;
    uint32_t n_kills;
    uint64_t only; /* this state; UINT64_MAX: those drawn */
    bool is_circular;
} settings;

/* ---- What is there */

typedef struct row {
    bool exists;
    uint32_t version; /* number, name and tags follow from it */
    int32_t balance;
    uint32_t story_size; /* 0: NULL */
    const uint8_t *story;
    uint64_t hash; /* 0: it does not exist */
} row;

typedef struct own_table {
    bool exists, has_index, has_column;
    uint32_t version, n_rows;
    uint64_t hash;
} own_table;

/* The values of a row, made or read. */
typedef struct values {
    int32_t id, number, balance;
    uint32_t n_tags, name_size, story_size;
    int32_t tags[TAGS_MAX];
    uint8_t name[NAME_MAX_SIZE];
    const uint8_t *story;
} values;

/* What was there before a level changed it. */
typedef struct saved {
    uint32_t database;
    uint32_t number; /* of a row; or of an own table */
    bool is_own;
    row row_before;
    own_table own_before;
} saved;

/* After some number of commits. */
typedef struct past {
    uint64_t digests[N_DATABASES];
    int64_t added[N_DATABASES];
} past;

/* Which entry got which hash with which commit; only to tell what differs. */
typedef struct footprint {
    uint64_t n_commits;
    uint32_t database;
    uint64_t key;
    uint64_t hash;
} footprint;

typedef struct cursor {
    JET_TABLEID tableid, total;
    JET_COLUMNID id, number, name, tags, story, balance, sum;
} cursor;

typedef struct world world;
typedef struct block block;

typedef struct actor {
    world *world;
    uint32_t number;
    uint64_t random;
    bool is_live; /* changes are made in the engine, too */
    bool is_shrinking;
    bool has_schema[N_DATABASES]; /* of actor 0: the tables that all share */
    bool has_later[N_DATABASES];  /* of actor 0: an index that comes and goes */
    row *rows[N_DATABASES];
    own_table owns[N_DATABASES][N_OWN];
    uint64_t digests[N_DATABASES];
    int64_t added[N_DATABASES]; /* to the total of a database */
    uint32_t next_version;
    unsigned level;
    struct {
        size_t n_undo;
        int64_t added[N_DATABASES];
    } levels[LEVELS_MAX + 1];
    saved *undo;
    size_t n_undo, undo_room;
    past *history; /* [0]: before the first commit */
    uint64_t n_commits;
    size_t history_room;
    footprint *footprints;
    size_t n_footprints, footprints_room;
    block *blocks; /* of long values */
    JET_SESID sesid;
    JET_DBID dbids[N_DATABASES];
    cursor cursors[N_DATABASES];
} actor;

struct world {
    const settings *options;
    bool is_attached[N_DATABASES];
    bool is_made[N_DATABASES];
    actor actors[ACTORS_MAX];
    JET_INSTANCE instance;
    /* Told around each commit of level 0; may be NULL. */
    void (*commit_begins)(actor *a);
    void (*commit_ends)(actor *a, bool is_durable);
};

/* ---- crash_model.c */

enum { STATUS_BROKEN = 7 };

/* What a call does that fails as it may when the disk is broken: end the process with this status, or go to where that is set; otherwise it aborts with a message. */
extern int failure_status;
extern jmp_buf *failure_jump;

/* Ends the process. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void must(JET_ERR err, const char *call, const char *file, int line);

#define MUST(call) must((call), #call, __FILE__, __LINE__)

/* Room for one more element of an array. */
void *reserve(void *items, size_t n, size_t *room, size_t size);
uint64_t mix(uint64_t x);
uint32_t below(actor *a, uint32_t n);

void start_model(world *w, const settings *options);
void free_model(world *w);
void database_path(const settings *options, unsigned database, char *to);

int32_t id_of(const actor *a, uint32_t number);
void make_values(const actor *a, const row *r, uint32_t number, values *to);
uint64_t hash_values(const values *v);
uint64_t hash_own_value(uint64_t hash, int32_t value); /* 0, and each value in turn */
uint64_t hash_own_rows(const own_table *t, uint64_t rows);
uint64_t hash_schema(bool has_schema, bool has_later);
int32_t own_value(const own_table *t, uint32_t i);

/* `n` bytes that live as long as the model. */
uint8_t *keep_bytes(actor *a, size_t n);

/* What an entry counts for in a digest. */
uint64_t weigh(uint64_t key, uint64_t hash);
uint64_t row_key(const actor *a, uint32_t number);
uint64_t own_key(const actor *a, uint32_t number);

/* To be called before a change, and when it is made. */
row *touch_row(actor *a, unsigned database, uint32_t number);
own_table *touch_own(actor *a, unsigned database, uint32_t number);
void settle_row(actor *a, unsigned database, uint32_t number);
void settle_own(actor *a, unsigned database, uint32_t number);

/* At once and for good, outside of the undo. */
void settle_schema(actor *a, unsigned database, bool has_schema, bool has_later);
void undo_to(actor *a, size_t n);
void enter_level(actor *a);
void leave_level(actor *a, bool is_kept);
void note_commit(actor *a); /* of level 0 */

/* ---- crash_store.c */

void create_instance(const settings *options, JET_INSTANCE *instance_out);
void end_instance(JET_INSTANCE instance, bool is_dirty);
void must_have_freed(int64_t n_blocks); /* as many were there before */
void open_session(actor *a);
void close_session(actor *a);
void create_database(world *w, unsigned database);
void open_database(actor *a, unsigned database);
void close_database(actor *a, unsigned database);
bool open_shared_tables(JET_SESID sesid, JET_DBID dbid, cursor *c); /* false: there are none */
JET_COLUMNID find_column(JET_SESID sesid, JET_TABLEID tableid, const char *name);
void create_shared_tables(actor *a, unsigned database);
void toggle_later(actor *a, unsigned database);

/* ---- crash_work.c */

/* One change, or the beginning or end of a level. */
void take_step(actor *a);
void run_transaction(actor *a);
void begin_level(actor *a);
void end_level(actor *a, bool is_kept, JET_GRBIT grbit);

/* ---- crash_own.c */

void own_name(const actor *a, uint32_t number, char *to);
void change_own(actor *a, unsigned database);

/* ---- crash_verify.c */

typedef struct found_entry {
    uint32_t database;
    uint64_t key, hash;
} found_entry;

/* What a recovered folder holds. */
typedef struct found {
    bool exists[N_DATABASES];
    uint64_t digests[N_DATABASES][ACTORS_MAX];
    int64_t totals[N_DATABASES];
    found_entry *entries;
    size_t n_entries, entries_room;
} found;

/* What may be there after a crash. */
typedef struct expectation {
    const world *world;
    bool must_exist[N_DATABASES];
    bool may_fail;    /* pages were torn: an error is fine, wrong content is not */
    bool is_thorough; /* the files are checked, too */
    bool is_dirty;    /* ends without a clean shutdown */
    /* Ends the process when it may not be there; returns what tells this state from others. */
    uint64_t (*judge)(const struct expectation *e, const found *f);
    uint64_t first, last; /* for `judge` */
    const void *self;
} expectation;

/* Recovers, reads everything and has it judged. An error ends the process. */
uint64_t verify(const expectation *e);

/* Is it what each actor had after so many commits? */
bool is_state(const world *w, const found *f, const uint64_t *n_commits);
bool is_actor_state(const actor *a, const found *f, uint64_t n_commits);

/* Prints what differs from that. */
void print_differences(const world *w, const found *f, const uint64_t *n_commits);

/* ---- crash_record.c: one run, and what is known of it at each of its changes of the disk */

typedef struct noted_commit {
    unsigned actor;
    size_t begun_at; /* changes before it was asked for */
} noted_commit;

/* So many commits are durable when so many changes have happened. */
typedef struct noted_floor {
    size_t at;
    size_t n_commits;
} noted_floor;

typedef struct run {
    world world; /* first: the actors lead to it */
    test_trace trace;
    noted_commit *commits;
    size_t n_commits, commits_room;
    noted_floor *floors;
    size_t n_floors, floors_room;
    size_t made_at[N_DATABASES]; /* changes when a database was made; SIZE_MAX: it is not */
} run;

void record_run(run *r, const settings *options);
void free_run(run *r);

/* ---- crash_states.c, crash_kill.c: the number of violations */

extern const char *context; /* what is being tried, for messages */

void make_folders(const settings *options);
void clear_folders(const settings *options);
void remove_folders(const settings *options);
void keep_files(const settings *options, uint64_t number); /* of the folder, for a look at them */
unsigned run_states(const settings *options, uint64_t *n_tried_out);
unsigned run_kills(const settings *options, uint64_t *n_tried_out);
