/*
 * A random workload against a model, through the Jet API.
 *
 *     workload DATABASE [--seed N] [--operations N] [--page-size N] [--threads N] [--rows N] [--check-every N] [--cache-pages N]
 *              [--log FOLDER] [--log-size KB]
 *
 * After each transaction the rows it touched are compared, value by value and through a unique index; every --check-every transactions all rows of the thread are, with
 * some indexes, and the schema is changed; at the end all rows and all indexes. The last line is "N operations, N transactions, N rows, ..."; the first difference
 * ends the program.
 */
#include "workload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPERATIONS_PER_TRANSACTION = 24, INDEXES_PER_CHECK = 2 };

static JET_INSTANCE instance;

/* With a log in the folder of the options, or without any. */
static void
start_instance(const worker *w, const char *name)
{
    const settings *options = w->options;

    MUST(w, JetCreateInstance(&instance, name));
    if (options->log_folder == NULL) {
        MUST(w, JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off"));
    } else {
        MUST(w, JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "on"));
        MUST(w, JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, options->log_folder));
        MUST(w, JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, options->log_folder));
        MUST(w, JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, options->log_size, NULL));
    }
    MUST(w, JetSetSystemParameter(&instance, 0, JET_paramMaxVerPages, 16384, NULL));
    MUST(w, JetInit(&instance));
}

/* ---- transactions */

static void
begin(worker *w, unsigned level)
{
    MUST(w, JetBeginTransaction(w->sesid));
    w->levels[level].n_undo = w->n_undo;
    w->levels[level].added = w->added;
}

static void
roll_back(worker *w, unsigned level)
{
    MUST(w, JetRollback(w->sesid, 0));
    undo_to(w, w->levels[level].n_undo);
    w->added = w->levels[level].added;
}

/* The last state of each touched row; entries beyond n_undo are those rolled back. */
static void
check_touched(worker *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_row(w, w->undo[i].table, w->undo[i].number);
}

static void
transact(worker *w)
{
    unsigned level = 1;
    size_t n_touched = 0;

    w->n_undo = 0;
    begin(w, level);
    for (uint32_t n = 1 + below(w, OPERATIONS_PER_TRANSACTION); n > 0; n--) {
        uint32_t choice = below(w, 16);

        if (choice == 0 && level < LEVELS_MAX) {
            begin(w, ++level);
        } else if (choice == 1 && level > 1) {
            MUST(w, JetCommitTransaction(w->sesid, 0));
            level--;
        } else if (choice == 2 && level > 1) {
            roll_back(w, level--);
        } else {
            change_row(w);
        }
        n_touched = w->n_undo > n_touched ? w->n_undo : n_touched;
    }
    for (; level > 1; level--)
        MUST(w, JetCommitTransaction(w->sesid, 0));
    if (below(w, 5) == 0)
        roll_back(w, 1);
    else
        MUST(w, JetCommitTransaction(w->sesid, 0));
    w->n_transactions++;
    check_touched(w, n_touched);
}

/* ---- threads */

static void
start(worker *w, const settings *options, uint32_t number)
{
    w->options = options;
    w->number = number;
    w->random = mix(options->seed * 1000 + number);
    w->expected = malloc(VALUE_SIZE_MAX);
    w->found = malloc(VALUE_SIZE_MAX);
    w->counts = calloc(options->n_rows, sizeof *w->counts);
    for (unsigned i = 0; i < N_TABLES; i++)
        w->rows[i] = calloc(options->n_rows, sizeof *w->rows[i]);
    if (w->rows[ROWS] == NULL || w->rows[PLAIN] == NULL || w->rows[DERIVED] == NULL ||
        w->expected == NULL || w->found == NULL || w->counts == NULL)
        fail(w, "out of memory");
    MUST(w, JetBeginSession(instance, &w->sesid, NULL, NULL));
    if (number == 0) {
        MUST(w, JetCreateDatabase(w->sesid, options->path, NULL, &w->dbid,
                                  JET_bitDbOverwriteExisting));
        create_tables(w);
    } else {
        MUST(w, JetOpenDatabase(w->sesid, options->path, NULL, &w->dbid, 0));
    }
    open_tables(w);
}

static void *
work(void *argument)
{
    worker *w = argument;
    uint64_t share = w->options->n_operations / w->options->n_threads;

    while (w->n_operations < share) {
        transact(w);
        if (w->n_transactions % w->options->check_every == 0) {
            change_schema(w);
            check_tables(w, INDEXES_PER_CHECK);
        }
    }
    return NULL;
}

/* Another start of the engine on the same file. */
static void
reopen(worker *workers, const settings *options)
{
    MUST(workers, JetTerm(instance));
    start_instance(workers, "again");
    for (uint32_t i = 0; i < options->n_threads; i++) {
        worker *w = &workers[i];

        MUST(w, JetBeginSession(instance, &w->sesid, NULL, NULL));
        if (i == 0)
            MUST(w, JetAttachDatabase(w->sesid, options->path, 0));
        MUST(w, JetOpenDatabase(w->sesid, options->path, NULL, &w->dbid, 0));
        open_tables(w);
    }
}

static void
check_total(worker *workers, uint32_t n)
{
    int64_t expected = 0;
    int32_t found = 0;
    uint32_t size;

    for (uint32_t i = 0; i < n; i++)
        expected += workers[i].added;
    MUST(workers, JetMove(workers->sesid, workers->total, (int32_t)JET_MoveFirst, 0));
    MUST(workers, JetRetrieveColumn(workers->sesid, workers->total, workers->total_sum, &found,
                                    sizeof found, &size, 0, NULL));
    if (found != expected)
        fail(workers, "the total is %d instead of %lld", (int)found, (long long)expected);
}

static void
finish(worker *w)
{
    MUST(w, JetEndSession(w->sesid, 0));
    for (unsigned i = 0; i < N_TABLES; i++)
        free(w->rows[i]);
    free(w->expected);
    free(w->found);
    free(w->counts);
    free(w->undo);
}

static void
run(const settings *options)
{
    worker *workers = calloc(options->n_threads, sizeof *workers);
    pthread_t *threads = calloc(options->n_threads, sizeof *threads);
    uint64_t n_operations = 0, n_transactions = 0, n_rows = 0, n_changes = 0, n_refused = 0;

    if (workers == NULL || threads == NULL)
        exit(2);
    for (uint32_t i = 0; i < options->n_threads; i++)
        start(&workers[i], options, i);
    for (uint32_t i = 0; i < options->n_threads; i++) {
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            exit(2);
    }
    for (uint32_t i = 0; i < options->n_threads; i++)
        pthread_join(threads[i], NULL);
    reopen(workers, options);
    check_total(workers, options->n_threads);
    for (uint32_t i = 0; i < options->n_threads; i++) {
        n_rows += check_tables(&workers[i], N_INDEXES_MAX);
        n_operations += workers[i].n_operations;
        n_transactions += workers[i].n_transactions;
        n_changes += workers[i].n_schema_changes;
        n_refused += workers[i].n_conflicts;
        finish(&workers[i]);
    }
    printf("%llu operations, %llu transactions, %llu rows, %llu schema changes (%llu refused)\n",
           (unsigned long long)n_operations, (unsigned long long)n_transactions,
           (unsigned long long)n_rows, (unsigned long long)n_changes,
           (unsigned long long)n_refused);
    free(workers);
    free(threads);
}

static const char *
text_option(int argc, char **argv, const char *name)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return NULL;
}

static uint64_t
option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = text_option(argc, argv, name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
    settings options = {.path = argc > 1 ? argv[1] : NULL};
    worker nobody = {.options = &options};

    if (options.path == NULL) {
        fprintf(stderr, "usage: workload DATABASE [--seed N] [--operations N] [--page-size N] "
                        "[--threads N] [--rows N] [--check-every N] [--cache-pages N] "
                        "[--log FOLDER] [--log-size KB]\n");
        return 2;
    }
    options.seed = option(argc, argv, "--seed", 1);
    options.n_operations = option(argc, argv, "--operations", 20000);
    options.page_size = (uint32_t)option(argc, argv, "--page-size", 4096);
    options.n_threads = (uint32_t)option(argc, argv, "--threads", 1);
    options.n_rows = (uint32_t)option(argc, argv, "--rows", 1000);
    options.check_every = (uint32_t)option(argc, argv, "--check-every", 200);
    options.log_folder = text_option(argc, argv, "--log");
    options.log_size = (uint32_t)option(argc, argv, "--log-size", 1024);
    MUST(&nobody,
         JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, options.page_size, NULL));
    MUST(&nobody, JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax,
                                        option(argc, argv, "--cache-pages", 20000), NULL));
    start_instance(&nobody, "workload");
    run(&options);
    MUST(&nobody, JetTerm(instance));
    return 0;
}
