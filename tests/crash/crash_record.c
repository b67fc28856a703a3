/*
 * The run that is recorded: actors take turns in one thread, so the order of their commits is known; between transactions databases are made, detached and attached,
 * and the engine is ended and started anew. In some runs the disk fails in the end, or has no room any more.
 */
#include "crash.h"

#include "base/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMITS_PER_EVENT = 12, STEPS_BEFORE_END = 60, EVERY_BROKEN = 4 };

/* ---- notes */

static run *
run_of(const actor *a)
{
    return (run *)a->world;
}

static void
note_begin(actor *a)
{
    run *r = run_of(a);

    r->commits = reserve(r->commits, r->n_commits, &r->commits_room, sizeof *r->commits);
    r->commits[r->n_commits++] = (noted_commit){a->number, test_trace_length(&r->trace)};
}

static void
note_durable(run *r, size_t n_commits)
{
    r->floors = reserve(r->floors, r->n_floors, &r->floors_room, sizeof *r->floors);
    r->floors[r->n_floors++] = (noted_floor){test_trace_length(&r->trace), n_commits};
}

static void
note_end(actor *a, bool is_durable)
{
    run *r = run_of(a);

    if (is_durable)
        note_durable(r, r->n_commits);
}

/* ---- lives of the engine */

static void
start_engine(run *r)
{
    world *w = &r->world;
    char path[PATH_SIZE];

    create_instance(w->options, &w->instance);
    MUST(JetInit(&w->instance));
    for (uint32_t i = 0; i < w->options->n_actors; i++)
        open_session(&w->actors[i]);
    for (unsigned d = 0; d < N_DATABASES; d++) {
        if (!w->is_attached[d])
            continue;
        database_path(w->options, d, path);
        MUST(JetAttachDatabase(w->actors[0].sesid, path, 0));
        for (uint32_t i = 0; i < w->options->n_actors; i++)
            open_database(&w->actors[i], d);
    }
}

static void
wait_for_all(run *r)
{
    JET_SESID sesid;

    MUST(JetBeginSession(r->world.instance, &sesid, NULL, NULL));
    MUST(JetCommitTransaction(sesid, JET_bitWaitAllLevel0Commit));
    MUST(JetEndSession(sesid, 0));
    note_durable(r, r->n_commits);
}

/* What is open when it ends is taken back. */
static void
end_engine(run *r, bool is_dirty)
{
    world *w = &r->world;

    for (uint32_t i = 0; is_dirty && i < w->options->n_actors; i++) {
        actor *a = &w->actors[i];

        begin_level(a);
        for (unsigned n = below(a, STEPS_BEFORE_END); n > 0 && a->level != 0; n--)
            take_step(a);
    }
    if (is_dirty) /* what is lazy would be lost, and the model has no way back */
        wait_for_all(r);
    end_instance(w->instance, is_dirty);
    note_durable(r, r->n_commits);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        actor *a = &w->actors[i];

        while (a->level != 0)
            leave_level(a, false);
        a->is_live = false;
    }
}

/* ---- databases */

static void
make_database(run *r, unsigned database)
{
    world *w = &r->world;

    create_database(w, database);
    r->made_at[database] = test_trace_length(&r->trace);
    note_durable(r, r->n_commits);
    create_shared_tables(&w->actors[0], database);
    w->is_attached[database] = true;
    w->is_made[database] = true;
    for (uint32_t i = 0; i < w->options->n_actors; i++)
        open_database(&w->actors[i], database);
}

static void
detach_or_attach(run *r, unsigned database)
{
    world *w = &r->world;
    bool is_attached = w->is_attached[database];
    char path[PATH_SIZE];

    database_path(w->options, database, path);
    for (uint32_t i = 0; is_attached && i < w->options->n_actors; i++)
        close_database(&w->actors[i], database);
    if (is_attached)
        MUST(JetDetachDatabase(w->actors[0].sesid, path));
    else
        MUST(JetAttachDatabase(w->actors[0].sesid, path, 0));
    note_durable(r, r->n_commits);
    for (uint32_t i = 0; !is_attached && i < w->options->n_actors; i++)
        open_database(&w->actors[i], database);
    w->is_attached[database] = !is_attached;
}

/* ---- the run */

/* Nobody is in a transaction. */
static void
let_all_end(run *r)
{
    for (uint32_t i = 0; i < r->world.options->n_actors; i++) {
        while (r->world.actors[i].level != 0)
            take_step(&r->world.actors[i]);
    }
}

static void
have_event(run *r, uint64_t draw)
{
    unsigned database = 1 + (unsigned)(draw >> 8) % (N_DATABASES - 1);

    let_all_end(r);
    switch (draw % 8) {
    case 0:
        end_engine(r, false);
        start_engine(r);
        break;
    case 1:
        end_engine(r, true);
        start_engine(r);
        break;
    case 2:
    case 3: wait_for_all(r); break;
    case 4: toggle_later(&r->world.actors[0], 0); break;
    default:
        if (r->world.is_made[database])
            detach_or_attach(r, database);
        else
            make_database(r, database);
    }
}

static void
work(run *r)
{
    const settings *options = r->world.options;
    uint64_t random = mix(options->seed + 12345);
    size_t next_event = COMMITS_PER_EVENT;

    start_engine(r);
    make_database(r, 0);
    while (r->n_commits < options->n_transactions) {
        random = mix(random);
        take_step(&r->world.actors[random % options->n_actors]);
        if (r->n_commits >= next_event) {
            have_event(r, random >> 16);
            next_event = r->n_commits + COMMITS_PER_EVENT;
        }
    }
    let_all_end(r);
    end_engine(r, random >> 20 & 1);
}

/* Until the first call that fails; what the engine does then is recorded, too. */
static void
work_on_broken_disk(run *r, uint64_t random)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_WRITE, ESE_FAULT_POINT_SYNC,
                                       ESE_FAULT_POINT_DISK_FULL};
    ese_fault fault = faults[random % 3];
    jmp_buf jump;

    if (setjmp(jump) == 0) {
        failure_jump = &jump;
        ese_fault_set(fault, 1 + (random >> 8) % (fault == ESE_FAULT_POINT_DISK_FULL ? 40 : 900),
                      fault == ESE_FAULT_POINT_DISK_FULL || (random >> 30) % 2 == 0);
        work(r);
    } else if (JetTerm2(r->world.instance, JET_bitTermComplete) < JET_errSuccess) {
        (void)JetTerm2(r->world.instance, JET_bitTermDirty); /* transactions may be open */
    }
    failure_jump = NULL;
    ese_fault_set(fault, 0, false);
}

void
record_run(run *r, const settings *options)
{
    uint64_t random = mix(options->seed + 777);

    memset(r, 0, sizeof *r);
    start_model(&r->world, options);
    r->world.commit_begins = note_begin;
    r->world.commit_ends = note_end;
    for (unsigned d = 0; d < N_DATABASES; d++)
        r->made_at[d] = SIZE_MAX;
    test_trace_start(&r->trace);
    if (random % EVERY_BROKEN == 0)
        work_on_broken_disk(r, random >> 4);
    else
        work(r);
    test_trace_stop();
}

void
free_run(run *r)
{
    test_trace_free(&r->trace);
    free(r->commits);
    free(r->floors);
    free_model(&r->world);
}
