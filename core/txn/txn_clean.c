/*
 * Cleaning up: what becomes of versions when their transaction has committed.
 *
 * When nobody else is in a transaction, the thread that commits drops its versions at once, but for those whose entries need work (ops.clean). All others wait
 * in a queue until everybody sees them. One thread at a time works on the queue (a pass): the one of the store, or one that asked for it.
 *
 * INV-1  A change that is no delta and no lock leaves its chain only after all older versions of its place: who steps back from one finds what was before.
 */
#include "txn/txn_private.h"

/* Versions in the queue for which the thread is woken; fewer wait for PATIENCE_NS. */
enum { WAKE_AT = 512, PATIENCE_NS = 200 * 1000 * 1000 };

/* ---- Leaving the store ---- */

static bool
needs_order(const ese_txn_version *version)
{
    return version->oper <= ESE_TXN_DELETE;
}

/* Nothing more is to be done with its versions. */
static void
retire(ese_txn_trx *trx)
{
    if (trx->is_counted) /* Release: pairs with ese_txn_store_is_empty. */
        atomic_fetch_sub_explicit(&trx->store->n_changing, 1, memory_order_release);
    trx->is_counted = false;
    ese_txn_trx_release(&trx);
}

/* Drops what needs no work and is the oldest of its place. */
static void
drop_simple(ese_txn_trx *trx)
{
    ese_txn_version *version = trx->oldest;

    while (version != NULL) {
        ese_txn_version *next = version->next;

        if (!version->needs_clean && !(needs_order(version) && ese_txn__has_older(version)))
            ese_txn__remove(NULL, version);
        version = next;
    }
}

/* ---- The queue ---- */

/* By number of commit; nearly always that is the end. Holds: queue. */
static void
insert_sorted(ese_list *queue, ese_txn_trx *trx)
{
    uint64_t commit = atomic_load_explicit(&trx->commit, memory_order_relaxed); /* final */
    ese_list *after = queue;

    while (after->prev != queue &&
           atomic_load_explicit(&ESE_LIST_ENTRY(after->prev, ese_txn_trx, link)->commit,
                                memory_order_relaxed) > commit)
        after = after->prev;
    ese_list_append(after, &trx->link); /* in front of `after` */
}

/* Holds: queue. */
static void
count_queued(ese_txn__cleaning *cleaning, int64_t n)
{
    uint32_t before = atomic_load_explicit(&cleaning->n_queued, memory_order_relaxed);

    atomic_store_explicit(&cleaning->n_queued, (uint32_t)(before + n), memory_order_relaxed);
}

/* Holds: queue. */
static void
wake(ese_txn__cleaning *cleaning)
{
    cleaning->is_wanted = true;
    ese_os_cond_broadcast(&cleaning->wake);
}

static void
enqueue(ese_txn_store *store, ese_txn_trx *trx)
{
    ese_txn__cleaning *cleaning = &store->cleaning;
    bool was_empty;
    bool is_enough;

    ese_os_mutex_lock(&cleaning->lock);
    was_empty = ese_list_is_empty(&cleaning->queue);
    insert_sorted(&cleaning->queue, trx);
    count_queued(cleaning, trx->n_versions);
    is_enough = atomic_load_explicit(&cleaning->n_queued, memory_order_relaxed) >= WAKE_AT &&
                atomic_load_explicit(&cleaning->blocked_by, memory_order_relaxed) == 0;
    if (is_enough && !cleaning->is_wanted)
        wake(cleaning);
    else if (was_empty) /* it begins to wait for PATIENCE_NS */
        ese_os_cond_broadcast(&cleaning->wake);
    ese_os_mutex_unlock(&cleaning->lock);
}

/* Is told by all that is done with actions what becomes of them. */
static void
finish_actions(ese_txn_trx *trx)
{
    ese_txn_version *version = trx->oldest;

    while (version != NULL && trx->n_actions != 0) {
        ese_txn_version *next = version->next;

        if (version->oper == ESE_TXN_ACTION) {
            ese_txn_action action = ese_txn__action_of(version);

            ese_txn__remove(NULL, version);
            if (action.done != NULL)
                action.done(action.self, true);
        }
        version = next;
    }
}

void
ese_txn__settle(ese_txn_session *session, unsigned n_others)
{
    ese_txn_trx *trx = session->trx;

    session->trx = NULL;
    session->newest = NULL;
    finish_actions(trx);
    if (n_others == 0)
        drop_simple(trx);
    if (trx->n_versions == 0)
        retire(trx);
    else
        enqueue(session->store, trx);
}

void
ese_txn__discard(ese_txn_session *session)
{
    ese_txn_trx *trx = session->trx;

    session->trx = NULL;
    session->newest = NULL;
    retire(trx);
}

void
ese_txn__wake_after(ese_txn_store *store, uint64_t begin)
{
    ese_txn__cleaning *cleaning = &store->cleaning;

    if (atomic_load_explicit(&cleaning->blocked_by, memory_order_relaxed) != begin)
        return;
    ese_os_mutex_lock(&cleaning->lock);
    if (atomic_load_explicit(&cleaning->blocked_by, memory_order_relaxed) == begin) {
        atomic_store_explicit(&cleaning->blocked_by, 0, memory_order_relaxed);
        wake(cleaning);
    }
    ese_os_mutex_unlock(&cleaning->lock);
}

/* ---- A pass ---- */

/* Which versions a pass is about. */
typedef struct scope {
    bool (*is_of)(void *self, const void *tree); /* NULL: those that everybody sees, of all trees */
    void *self;
} scope;

static void
clean_version(ese_txn_store *store, ese_txn_version *version)
{
    if (version->needs_clean) {
        ese_txn_change change = ese_txn__change_of(version);

        ese_txn__leave(version);
        store->ops->clean(&store->cleaner, &change);
    }
    ese_txn__remove(NULL, version);
}

static void
clean_trx(ese_txn_store *store, ese_txn_trx *trx, const scope *about)
{
    ese_txn_version *version = trx->oldest;

    while (version != NULL) {
        ese_txn_version *next = version->next;

        if (about->is_of == NULL || about->is_of(about->self, version->tree))
            clean_version(store, version);
        version = next;
    }
}

/* Moves what the pass is about from the queue to `taken`. Holds: queue. */
static void
take_queued(ese_txn__cleaning *cleaning, uint64_t oldest, ese_list *taken)
{
    while (!ese_list_is_empty(&cleaning->queue)) {
        ese_txn_trx *trx = ESE_LIST_ENTRY(cleaning->queue.next, ese_txn_trx, link);

        if (atomic_load_explicit(&trx->commit, memory_order_relaxed) >= oldest) /* final */
            break;
        ese_list_remove(&trx->link);
        ese_list_append(taken, &trx->link);
        count_queued(cleaning, -(int64_t)trx->n_versions);
    }
}

/* Retires what is done, and puts the rest back. Holds: queue. */
static void
put_back(ese_txn__cleaning *cleaning, ese_list *taken)
{
    ESE_LIST_FOREACH_SAFE (node, after, taken) {
        ese_txn_trx *trx = ESE_LIST_ENTRY(node, ese_txn_trx, link);

        ese_list_remove(&trx->link);
        if (trx->n_versions == 0) {
            retire(trx);
        } else {
            insert_sorted(&cleaning->queue, trx);
            count_queued(cleaning, trx->n_versions);
        }
    }
}

/* Waits for its turn; until end_pass nobody else takes anything from the queue. Holds: queue. */
static void
begin_pass(ese_txn__cleaning *cleaning)
{
    while (cleaning->is_running)
        ese_os_cond_wait(&cleaning->done, &cleaning->lock);
    cleaning->is_running = true;
}

/* Holds: queue. */
static void
end_pass(ese_txn__cleaning *cleaning)
{
    cleaning->is_running = false;
    ese_os_cond_broadcast(&cleaning->done);
}

/* Was there anything? Holds: queue, and gives it away meanwhile. */
static bool
run_pass(ese_txn_store *store, const scope *about)
{
    ese_txn__cleaning *cleaning = &store->cleaning;
    bool is_all = about->is_of == NULL;
    ese_list taken;
    bool is_any;
    uint64_t oldest;

    ese_list_init(&taken);
    ese_os_mutex_unlock(&cleaning->lock);
    oldest = is_all ? ese_txn__oldest(store) : UINT64_MAX;
    ese_os_mutex_lock(&cleaning->lock);
    take_queued(cleaning, oldest, &taken);
    /* What is left waits for the oldest transaction. If that has ended by now, the thread finds out after PATIENCE_NS. */
    if (is_all)
        atomic_store_explicit(&cleaning->blocked_by,
                              ese_list_is_empty(&cleaning->queue) ? 0 : oldest,
                              memory_order_relaxed);
    is_any = !ese_list_is_empty(&taken);
    ese_os_mutex_unlock(&cleaning->lock);

    ESE_LIST_FOREACH (node, &taken)
        clean_trx(store, ESE_LIST_ENTRY(node, ese_txn_trx, link), about);

    ese_os_mutex_lock(&cleaning->lock);
    put_back(cleaning, &taken);
    return is_any;
}

static void
clean(ese_txn_store *store)
{
    const scope everything = {.is_of = NULL};

    ese_os_mutex_lock(&store->cleaning.lock);
    begin_pass(&store->cleaning);
    while (run_pass(store, &everything))
        continue;
    end_pass(&store->cleaning);
    ese_os_mutex_unlock(&store->cleaning.lock);
}

void
ese_txn_store_clean(ese_txn_store *store)
{
    clean(store);
}

bool
ese_txn_store_clean_trees(ese_txn_store *store, bool (*is_of)(void *self, const void *tree),
                          void *self)
{
    const scope trees = {is_of, self};

    ese_os_mutex_lock(&store->cleaning.lock);
    begin_pass(&store->cleaning);
    run_pass(store, &trees);
    end_pass(&store->cleaning);
    ese_os_mutex_unlock(&store->cleaning.lock);
    return !ese_txn__has_any_of(store, is_of, self);
}

void
ese_txn__relieve(ese_txn_session *session)
{
    ese_txn_store *store = session->store;

    /* What cleans up itself is not held up. */
    if (session != &store->cleaner && ese_txn__memory_is_short(store) &&
        atomic_load_explicit(&store->cleaning.n_queued, memory_order_relaxed) != 0)
        clean(store);
}

/* Waits for nobody: the page that is latched may be what a pass waits for. */
void
ese_txn__drop_idle(ese_txn_store *store)
{
    ese_txn__cleaning *cleaning = &store->cleaning;
    uint64_t oldest = ese_txn__oldest(store);
    ese_list taken;

    ese_list_init(&taken);
    ese_os_mutex_lock(&cleaning->lock);
    if (!cleaning->is_running) {
        take_queued(cleaning, oldest, &taken);
        ESE_LIST_FOREACH (node, &taken)
            drop_simple(ESE_LIST_ENTRY(node, ese_txn_trx, link));
        put_back(cleaning, &taken);
    }
    if (!cleaning->is_wanted)
        wake(cleaning);
    ese_os_mutex_unlock(&cleaning->lock);
}

/* ---- The thread ---- */

/* Waits until there is something to do. Holds: queue. */
static void
wait_for_work(ese_txn__cleaning *cleaning)
{
    while (!cleaning->is_ending && !cleaning->is_wanted) {
        if (ese_list_is_empty(&cleaning->queue))
            ese_os_cond_wait(&cleaning->wake, &cleaning->lock);
        else if (!ese_os_cond_wait_for(&cleaning->wake, &cleaning->lock, PATIENCE_NS))
            cleaning->is_wanted = true;
    }
}

static void *
run_cleaner(void *argument)
{
    const scope everything = {.is_of = NULL};
    ese_txn_store *store = argument;
    ese_txn__cleaning *cleaning = &store->cleaning;

    ese_os_mutex_lock(&cleaning->lock);
    for (wait_for_work(cleaning); !cleaning->is_ending; wait_for_work(cleaning)) {
        begin_pass(cleaning);
        cleaning->is_wanted = false;
        while (!cleaning->is_ending && run_pass(store, &everything))
            continue;
        end_pass(cleaning);
    }
    ese_os_mutex_unlock(&cleaning->lock);
    return NULL;
}

JET_ERR
ese_txn__cleaning_start(ese_txn_store *store)
{
    ese_txn__cleaning *cleaning = &store->cleaning;
    JET_ERR err;

    ese_list_init(&cleaning->queue);
    ese_os_mutex_init(&cleaning->lock);
    ese_os_cond_init(&cleaning->wake);
    ese_os_cond_init(&cleaning->done);
    err = ese_os_thread_start(&cleaning->thread, run_cleaner, store);
    if (err >= JET_errSuccess)
        return err;
    ese_os_cond_destroy(&cleaning->done);
    ese_os_cond_destroy(&cleaning->wake);
    ese_os_mutex_destroy(&cleaning->lock);
    return err;
}

void
ese_txn_store_stop(ese_txn_store *store)
{
    ese_txn__cleaning *cleaning = &store->cleaning;
    bool was_ending;

    ese_os_mutex_lock(&cleaning->lock);
    was_ending = cleaning->is_ending;
    cleaning->is_ending = true;
    ese_os_cond_broadcast(&cleaning->wake);
    ese_os_mutex_unlock(&cleaning->lock);
    if (!was_ending)
        ese_os_thread_join(&cleaning->thread);
}

void
ese_txn__cleaning_end(ese_txn_store *store)
{
    ese_txn__cleaning *cleaning = &store->cleaning;

    ese_txn_store_stop(store);
    ese_os_cond_destroy(&cleaning->done);
    ese_os_cond_destroy(&cleaning->wake);
    ese_os_mutex_destroy(&cleaning->lock);
}
