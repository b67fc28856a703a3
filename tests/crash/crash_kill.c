/*
 * A process of eight threads that is killed while they write, or whose disk fails, again and again, on the same databases. What its threads do follows from the seed, so the model of
 * the process that kills makes the same transactions; the killed one only tells how many commits of each thread it asked for and how many were answered.
 *
 * Pages have 4096 bytes unless --page-size tells otherwise: Linux may end the write of more bytes at any multiple of 4096 when it kills the process, unless the engine writes past the
 * memory of the kernel. That needs a disk: in memory (/dev/shm) a larger page may be torn, which is noticed (JET_errReadVerifyFailure), but cannot be mended.
 */
#define _DEFAULT_SOURCE 1

#include "crash.h"

#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    N_USED = 2, /* databases */
    ANSWERS_MAX = 400,
    SECONDS_MAX = 300,
    CONTEXT_SIZE = 100,
    EVERY_FAULTY = 4, /* cycles */
    FAULT_MAX = 300,
    KILLED_RECOVERIES_MAX = 3,
    MICROSECONDS_OF_RECOVERY = 30000
};

/* What the killed process tells. */
typedef struct shared {
    _Atomic uint64_t
        begun[ACTORS_MAX]; /* [atomic: release, as the calls of the engine follow it] */
    _Atomic uint64_t answered[ACTORS_MAX]; /* [atomic: release] durable */
    _Atomic bool is_set_up;
    uint64_t found[ACTORS_MAX];
} shared;

/* A state of the model to go back to. */
typedef struct bookmark {
    actor actors[ACTORS_MAX];
    row *rows[ACTORS_MAX][N_DATABASES];
} bookmark;

static shared *told;

/* ---- the model goes back */

static void
remember(const world *w, bookmark *b)
{
    size_t size = w->options->n_rows * sizeof(row);

    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        b->actors[i] = w->actors[i];
        for (unsigned d = 0; d < N_DATABASES; d++) {
            b->rows[i][d] = malloc(size);
            if (b->rows[i][d] == NULL)
                fail("out of memory");
            memcpy(b->rows[i][d], w->actors[i].rows[d], size);
        }
    }
}

static void
forget(const world *w, bookmark *b)
{
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        for (unsigned d = 0; d < N_DATABASES; d++)
            free(b->rows[i][d]);
    }
}

/* Arrays that have grown since stay as they are. */
static void
go_back(world *w, const bookmark *b)
{
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        actor *a = &w->actors[i], now = *a;

        *a = b->actors[i];
        a->undo = now.undo;
        a->undo_room = now.undo_room;
        a->history = now.history;
        a->history_room = now.history_room;
        a->footprints = now.footprints;
        a->footprints_room = now.footprints_room;
        a->blocks = now.blocks;
        for (unsigned d = 0; d < N_DATABASES; d++)
            memcpy(a->rows[d], b->rows[i][d], w->options->n_rows * sizeof(row));
    }
}

/* ---- what is done, in the process that is killed and in the model */

static void
start_cycle(world *w, uint64_t cycle)
{
    for (uint32_t i = 0; i < w->options->n_actors; i++)
        w->actors[i].random = mix(mix(w->options->seed + cycle * 1000) + i);
}

static void
set_up_model(world *w)
{
    for (unsigned d = 0; d < N_USED; d++)
        create_shared_tables(&w->actors[0], d);
}

static void
simulate(world *w, uint64_t cycle, const uint64_t *n_commits)
{
    start_cycle(w, cycle);
    if (cycle == 0)
        set_up_model(w);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        while (w->actors[i].n_commits < n_commits[i])
            run_transaction(&w->actors[i]);
    }
}

static void
tell_begun(actor *a)
{
    atomic_store_explicit(&told->begun[a->number], a->n_commits, memory_order_release);
}

static void
tell_answered(actor *a, bool is_durable)
{
    if (is_durable)
        atomic_store_explicit(&told->answered[a->number], a->n_commits, memory_order_release);
}

/* A disk that fails: of writes, or of syncs. */
static void
break_disk(uint64_t random)
{
    failure_status = STATUS_BROKEN; /* of whoever meets it first; the others stop with him */
    ese_fault_set(random % 2 == 0 ? ESE_FAULT_POINT_WRITE : ESE_FAULT_POINT_SYNC,
                  1 + (random >> 8) % FAULT_MAX, (random >> 4) % 2 == 0);
}

static void *
work(void *argument)
{
    for (;;)
        run_transaction(argument);
    return NULL;
}

static void
live(world *w, uint64_t cycle)
{
    pthread_t threads[ACTORS_MAX];
    char path[PATH_SIZE];

    create_instance(w->options, &w->instance);
    MUST(JetInit(&w->instance));
    for (uint32_t i = 0; i < w->options->n_actors; i++)
        open_session(&w->actors[i]);
    w->commit_begins = tell_begun;
    w->commit_ends = tell_answered;
    start_cycle(w, cycle);
    for (unsigned d = 0; d < N_USED; d++) {
        database_path(w->options, d, path);
        if (cycle == 0)
            create_database(w, d);
        else
            MUST(JetAttachDatabase(w->actors[0].sesid, path, 0));
    }
    if (cycle == 0)
        set_up_model(w);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        for (unsigned d = 0; d < N_USED; d++)
            open_database(&w->actors[i], d);
    }
    if (cycle % EVERY_FAULTY == EVERY_FAULTY - 1)
        break_disk(mix(w->options->seed + cycle * 13));
    atomic_store(&told->is_set_up, true);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        if (pthread_create(&threads[i], NULL, work, &w->actors[i]) != 0)
            fail("cannot start a thread");
    }
    for (uint32_t i = 0; i < w->options->n_actors; i++)
        pthread_join(threads[i], NULL);
}

/* ---- killing */

static uint64_t
count_answers(const world *w)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < w->options->n_actors; i++)
        n += atomic_load_explicit(&told->answered[i], memory_order_acquire);
    return atomic_load(&told->is_set_up) ? n : 0;
}

static void
sleep_microseconds(long n)
{
    struct timespec time = {0, n * 1000};

    nanosleep(&time, NULL);
}

/* Killed, or ended because its disk was broken. */
static bool
has_ended_well(int status)
{
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == STATUS_BROKEN;
}

static bool
end_by_kill(pid_t child)
{
    int status = 0;

    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0)
        continue;
    return has_ended_well(status);
}

/* Waits until it has answered so many commits. */
static bool
kill_at_work(world *w, uint64_t cycle, uint64_t n_answers, long delay)
{
    pid_t child;
    time_t started = time(NULL);
    int status = 0;

    fflush(NULL);
    child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        live(w, cycle);
        _exit(0);
    }
    while (count_answers(w) < n_answers) {
        if (waitpid(child, &status, WNOHANG) != 0)
            return has_ended_well(status);
        if (time(NULL) - started > SECONDS_MAX) {
            fprintf(stderr, "%s: nothing goes on\n", context);
            kill(child, SIGABRT);
            end_by_kill(child);
            return false;
        }
        sleep_microseconds(50);
    }
    sleep_microseconds(delay);
    return end_by_kill(child);
}

/* ---- what is there then */

static uint64_t
judge_kill(const expectation *e, const found *f)
{
    const world *w = e->world;
    const bookmark *b = e->self;

    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        uint64_t first = atomic_load(&told->answered[i]), last = atomic_load(&told->begun[i]);
        uint64_t n = first > b->actors[i].n_commits ? first : b->actors[i].n_commits;

        first = n;
        while (n <= last && !is_actor_state(&w->actors[i], f, n))
            n++;
        if (n > last) {
            told->found[i] = last;
            print_differences(w, f, told->found);
            fail("actor %u: the state is that after no commit from %llu to %llu", i,
                 (unsigned long long)first, (unsigned long long)last);
        }
        told->found[i] = n;
    }
    if (!is_state(w, f, told->found)) {
        print_differences(w, f, told->found);
        fail("the totals are wrong");
    }
    return 0;
}

/* Recovery in a process of its own; killed after some time unless that is 0. */
static bool
recover(const expectation *e, long microseconds)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        alarm(SECONDS_MAX);
        verify(e);
        _exit(0);
    }
    if (microseconds != 0) {
        sleep_microseconds(microseconds);
        kill(child, SIGKILL);
    }
    while (waitpid(child, &status, 0) < 0)
        continue;
    return status == 0 || (microseconds != 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool
survives(world *w, uint64_t cycle, const bookmark *before)
{
    expectation e = {.world = w,
                     .judge = judge_kill,
                     .must_exist = {true, true, false},
                     .is_thorough = cycle % 4 == 0,
                     .is_dirty = cycle % 3 == 1,
                     .self = before};
    uint64_t random = mix(w->options->seed * 31 + cycle), begun[ACTORS_MAX];

    for (uint32_t i = 0; i < w->options->n_actors; i++)
        begun[i] = atomic_load(&told->begun[i]) > before->actors[i].n_commits
                       ? atomic_load(&told->begun[i])
                       : before->actors[i].n_commits;
    simulate(w, cycle, begun);
    for (uint64_t n = random % (KILLED_RECOVERIES_MAX + 1); n > 0; n--) {
        random = mix(random);
        if (!recover(&e, 1 + (long)(random % MICROSECONDS_OF_RECOVERY)))
            return false;
    }
    return recover(&e, 0);
}

static bool
run_cycle(world *w, uint64_t cycle)
{
    uint64_t random = mix(w->options->seed * 77 + cycle), n_answers = 0;
    bookmark before;
    bool is_fine;

    remember(w, &before);
    for (uint32_t i = 0; i < w->options->n_actors; i++) {
        atomic_store(&told->begun[i], w->actors[i].n_commits);
        atomic_store(&told->answered[i], w->actors[i].n_commits);
        n_answers += w->actors[i].n_commits;
    }
    atomic_store(&told->is_set_up, false);
    is_fine =
        kill_at_work(w, cycle, n_answers + 1 + random % ANSWERS_MAX, (long)(random >> 20) % 500);
    if (is_fine)
        is_fine = survives(w, cycle, &before);
    if (is_fine) {
        go_back(w, &before);
        simulate(w, cycle, told->found);
    }
    forget(w, &before);
    return is_fine;
}

unsigned
run_kills(const settings *options, uint64_t *n_tried_out)
{
    world *w = calloc(1, sizeof *w);
    char text[CONTEXT_SIZE];
    bool is_fine = true;

    if (w == NULL)
        fail("out of memory");
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        fail("out of memory");
    start_model(w, options);
    for (unsigned d = 0; d < N_USED; d++)
        w->is_attached[d] = true;
    for (uint64_t cycle = 0; is_fine && cycle < options->n_kills; cycle++) {
        snprintf(text, sizeof text, "seed %llu kill %llu", (unsigned long long)options->seed,
                 (unsigned long long)cycle);
        context = text;
        is_fine = run_cycle(w, cycle);
        ++*n_tried_out;
    }
    if (!is_fine) {
        keep_files(options, *n_tried_out);
        fprintf(stderr, "VIOLATION: %s; the files: %s/%llu-%llu\n", context, options->keep,
                (unsigned long long)options->seed, (unsigned long long)*n_tried_out);
    }
    free_model(w);
    free(w);
    munmap(told, sizeof *told);
    return is_fine ? 0 : 1;
}
