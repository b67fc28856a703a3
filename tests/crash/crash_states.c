/*
 * The crashes of a recorded run: before each sync, and between, with what was not synced there, not there, or there in part. Each is tried in a process of its own, so a
 * crash or an endless loop of recovery is seen and stops nothing.
 *
 * A state in some number is also one to crash recovery in, again and again, and to let it meet errors.
 */
#define _DEFAULT_SOURCE 1

#include "crash.h"

#include "base/fault.h"
#include "ese.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECONDS_MAX = 120, /* of a state: an endless loop otherwise */
    LOSSES_PER_SYNC = 16,
    EVERY_THOROUGH = 6,
    EVERY_CRASHED_AGAIN = 25,
    EVERY_FAULTY = 25,
    AGAIN_MAX = 10,  /* crashes of a recovery */
    FAULTS_MAX = 10, /* faults in a recovery */
    CONTEXT_SIZE = 200,
    KEPT_AGAIN = 1000000 /* and the number of a change of a recovery */
};

typedef struct state {
    size_t at; /* so many changes have happened */
    uint64_t number;
    test_loss loss;
} state;

typedef struct states {
    state *items;
    size_t n, room;
} states;

/* ---- a process for each try */

/* What a child tells. */
static uint64_t *told;

static int
try_in_child(uint64_t (*body)(void *argument), void *argument)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        alarm(SECONDS_MAX);
        *told = body(argument);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        continue;
    return status;
}

static void
set_context(char *to, const settings *options, const state *s, const char *more)
{
    snprintf(to, CONTEXT_SIZE, "seed %llu state %llu (before change %zu, lost: %s)%s",
             (unsigned long long)options->seed, (unsigned long long)s->number, s->at,
             test_loss_names[s->loss.kind], more);
    context = to;
}

/* ---- what may be there */

static void
count_commits(const run *r, uint64_t n, uint64_t *counts)
{
    memset(counts, 0, ACTORS_MAX * sizeof *counts);
    for (uint64_t i = 0; i < n; i++)
        counts[r->commits[i].actor]++;
}

static uint64_t
judge_run(const expectation *e, const found *f)
{
    const run *r = (const run *)e->world;
    uint64_t counts[ACTORS_MAX];

    for (uint64_t k = e->first; k <= e->last; k++) {
        count_commits(r, k, counts);
        if (is_state(e->world, f, counts))
            return k;
    }
    for (uint64_t k = 0; k <= r->n_commits; k++) {
        count_commits(r, k, counts);
        if (is_state(e->world, f, counts))
            fail("the state is the one after commit %llu, and must be one after %llu to %llu",
                 (unsigned long long)k, (unsigned long long)e->first, (unsigned long long)e->last);
    }
    count_commits(r, e->last, counts);
    print_differences(e->world, f, counts);
    fail("the state is that after no commit from %llu to %llu", (unsigned long long)e->first,
         (unsigned long long)e->last);
}

static expectation
expect(const run *r, const state *s)
{
    expectation e = {.world = &r->world, .judge = judge_run};

    for (unsigned d = 0; d < N_DATABASES; d++)
        e.must_exist[d] = r->made_at[d] <= s->at;
    for (size_t i = 0; i < r->n_floors; i++) {
        if (r->floors[i].at <= s->at && r->floors[i].n_commits > e.first)
            e.first = r->floors[i].n_commits;
    }
    while (e.last < r->n_commits && r->commits[e.last].begun_at < s->at)
        e.last++;
    if (e.last < e.first)
        e.last = e.first;
    e.may_fail = s->loss.kind == TEST_LOSS_PAGES_TORN;
    e.is_thorough = mix(s->number) % EVERY_THOROUGH == 0;
    e.is_dirty = mix(s->number + 1) % 4 == 0;
    return e;
}

static uint64_t
verify_body(void *argument)
{
    return verify(argument);
}

/* The same end as `e` says, whatever happened to an earlier recovery. */
static bool
ends_the_same(const expectation *e, uint64_t i)
{
    expectation again = *e;

    again.is_thorough = i % 4 == 0;
    again.is_dirty = i % 3 == 0;
    return try_in_child(verify_body, &again) == 0;
}

/* ---- recovery that crashes */

/* Recovery is recorded; then each of its crashes is recovered from. */
static void
crash_again(const expectation *e, const settings *options)
{
    test_trace trace = {0};
    test_disk *disk = test_disk_create(&trace, options->page_size);
    expectation same = *e;
    char folder[PATH_SIZE];
    uint64_t random = mix(e->first * 31 + e->last);
    size_t n, at = 0;

    snprintf(folder, sizeof folder, "%s/logs", options->folder);
    test_disk_load(disk, folder);
    snprintf(folder, sizeof folder, "%s/data", options->folder);
    test_disk_load(disk, folder);
    test_trace_start(&trace);
    same.first = same.last = verify(e);
    test_trace_stop();
    n = test_trace_length(&trace);
    for (unsigned i = 0; i < AGAIN_MAX && at < n; i++) {
        test_loss loss;

        random = mix(random);
        at += 1 + random % (2 * n / AGAIN_MAX + 1);
        at = at < n ? at : n;
        loss = (test_loss){(test_loss_kind)((random >> 32) % TEST_LOSS_PAGES_TORN), random};
        test_disk_advance(disk, at);
        clear_folders(options);
        test_disk_materialise(disk, &loss);
        if (ends_the_same(&same, i))
            continue;
        clear_folders(options);
        test_disk_materialise(disk, &loss);
        keep_files(options, KEPT_AGAIN + at);
        fail(
            "after a crash of recovery before its change %zu of %zu (lost: %s), the files of which "
            "are kept as %llu-%zu",
            at, n, test_loss_names[loss.kind], (unsigned long long)options->seed, KEPT_AGAIN + at);
    }
    test_disk_free(disk);
    test_trace_free(&trace);
}

/* ---- recovery that meets errors */

typedef struct faulty_start {
    const expectation *e;
    ese_fault fault;
    uint64_t nth;
    bool is_lasting;
} faulty_start;

/* A start that may fail, and then one without faults in the same process. */
static uint64_t
start_with_fault(void *argument)
{
    const faulty_start *s = argument;
    int64_t n_blocks = ese_live_allocations();
    JET_INSTANCE instance;
    JET_ERR err;

    create_instance(s->e->world->options, &instance);
    ese_fault_set(s->fault, s->nth, s->is_lasting);
    err = JetInit(&instance);
    ese_fault_set(s->fault, 0, false);
    if (err >= JET_errSuccess)
        (void)JetTerm2(instance, JET_bitTermComplete); /* may find the instance unavailable */
    must_have_freed(n_blocks);
    return verify(s->e);
}

static void
fault_again(const expectation *e, const run *r, const state *s)
{
    static const ese_fault faults[] = {ESE_FAULT_POINT_ALLOC, ESE_FAULT_POINT_READ,
                                       ESE_FAULT_POINT_WRITE, ESE_FAULT_POINT_SYNC,
                                       ESE_FAULT_POINT_OPEN,  ESE_FAULT_POINT_DISK_FULL,
                                       ESE_FAULT_POINT_RENAME};
    expectation same = *e;
    test_disk *disk = test_disk_create(&r->trace, r->world.options->page_size);
    uint64_t random = mix(s->number + 99);

    test_disk_advance(disk, s->at);
    same.first = same.last = verify(e);
    for (unsigned i = 0; i < FAULTS_MAX; i++) {
        faulty_start start = {.e = &same};

        random = mix(random);
        start.fault = faults[random % (sizeof faults / sizeof faults[0])];
        start.nth = 1 + (random >> 8) % ((uint64_t)1 << (random >> 40) % 10);
        start.is_lasting = (random >> 50) % 2 == 0;
        clear_folders(r->world.options);
        test_disk_materialise(disk, &s->loss);
        if (try_in_child(start_with_fault, &start) != 0)
            fail("after fault %d at passage %llu%s", (int)start.fault,
                 (unsigned long long)start.nth, start.is_lasting ? " and behind" : "");
    }
    test_disk_free(disk);
}

/* ---- states */

static void
add_state(states *to, size_t at, test_loss_kind kind, uint64_t seed)
{
    to->items = reserve(to->items, to->n, &to->room, sizeof *to->items);
    to->items[to->n] = (state){at, to->n, {kind, seed}};
    to->n++;
}

/* Everything up to each change; before each sync and at the end all the ways to lose what is not synced. */
static states
list_states(const run *r)
{
    states all = {0};
    size_t n = test_trace_length(&r->trace);

    for (size_t at = 1; at <= n; at++) {
        ese_os_change_kind kind = at < n ? r->trace.changes[at].kind : ESE_OS_CHANGE_SYNC;

        add_state(&all, at, TEST_LOSS_NOTHING, 0);
        if (kind != ESE_OS_CHANGE_SYNC && kind != ESE_OS_CHANGE_FOLDER_SYNC)
            continue;
        for (unsigned i = 0; i < LOSSES_PER_SYNC; i++) {
            test_loss_kind loss =
                i == 0 ? TEST_LOSS_ALL
                       : (test_loss_kind)(TEST_LOSS_SOME + i % (TEST_LOSS_KINDS - TEST_LOSS_SOME));

            add_state(&all, at, loss, mix(r->world.options->seed * 7919 + at * 64 + i));
        }
    }
    return all;
}

typedef struct trial {
    const run *r;
    const state *s;
} trial;

static uint64_t
try_state(void *argument)
{
    const trial *t = argument;
    expectation e = expect(t->r, t->s);
    uint64_t number = t->s->number;

    if (!e.may_fail && mix(number + 2) % EVERY_CRASHED_AGAIN == 0)
        crash_again(&e, t->r->world.options);
    else if (!e.may_fail && mix(number + 3) % EVERY_FAULTY == 0)
        fault_again(&e, t->r, t->s);
    else
        return verify(&e);
    return 0;
}

static bool
is_violated(const run *r, const test_disk *disk, const state *s)
{
    const settings *options = r->world.options;
    trial t = {r, s};
    char text[CONTEXT_SIZE], what[CONTEXT_SIZE / 2];
    int status;

    set_context(text, options, s, "");
    clear_folders(options);
    test_disk_materialise(disk, &s->loss);
    status = try_in_child(try_state, &t);
    if (status == 0)
        return false;
    snprintf(what, sizeof what, WIFSIGNALED(status) ? "signal %d" : "status %d",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    clear_folders(options);
    test_disk_materialise(disk, &s->loss);
    keep_files(options, s->number);
    fprintf(stderr,
            "VIOLATION: %s: %s; the files as the crash left them: %s/%llu-%llu; again: "
            "--seed %llu --state %llu\n",
            context, what, options->keep, (unsigned long long)options->seed,
            (unsigned long long)s->number, (unsigned long long)options->seed,
            (unsigned long long)s->number);
    return true;
}

/* `n_states` of all, each as likely as any other. */
static unsigned
try_some(const run *r, const states *all, uint64_t *n_tried_out)
{
    const settings *options = r->world.options;
    test_disk *disk = test_disk_create(&r->trace, options->page_size);
    uint64_t random = mix(options->seed + 4242), n_wanted = options->n_states;
    unsigned n_violated = 0;

    for (size_t i = 0; i < all->n; i++) {
        bool is_drawn;

        random = mix(random);
        is_drawn =
            options->only != UINT64_MAX ? i == options->only : random % (all->n - i) < n_wanted;
        if (!is_drawn)
            continue;
        n_wanted -= n_wanted != 0;
        test_disk_advance(disk, all->items[i].at);
        n_violated += is_violated(r, disk, &all->items[i]);
        ++*n_tried_out;
    }
    test_disk_free(disk);
    return n_violated;
}

unsigned
run_states(const settings *options, uint64_t *n_tried_out)
{
    run *r = calloc(1, sizeof *r);
    char text[CONTEXT_SIZE];
    states all;
    unsigned n_violated;

    if (r == NULL)
        fail("out of memory");
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        fail("out of memory");
    snprintf(text, sizeof text, "seed %llu, the recorded run", (unsigned long long)options->seed);
    context = text;
    record_run(r, options);
    all = list_states(r);
    printf("seed %llu: %zu commits, %zu changes of the disk, %zu crash states\n",
           (unsigned long long)options->seed, r->n_commits, test_trace_length(&r->trace), all.n);
    n_violated = try_some(r, &all, n_tried_out);
    free(all.items);
    free_run(r);
    free(r);
    munmap(told, sizeof *told);
    return n_violated;
}
