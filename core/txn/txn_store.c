/* The store of an instance: making, ending, size; sessions joining and leaving it. */
#include "txn/txn_private.h"

#include "os/os_system.h"

enum {
    BUCKETS_MIN = 4096,
    BUCKETS_MAX = 1 << 20,
    BYTES_PER_BUCKET = 512,
    RCEID_FIRST = 1,
    PROCIDS_PER_WORD = 64,
    OPENINGS_BYTES_MAX = 64 << 20,
};

/* ---- Making and ending ---- */

static uint64_t
choose_buckets(size_t bytes_max)
{
    uint64_t n = BUCKETS_MIN;

    while (n < BUCKETS_MAX && n < bytes_max / BYTES_PER_BUCKET)
        n *= 2;
    return n;
}

static JET_ERR
make_store(const ese_txn_ops *ops, size_t bytes_max, ese_txn_store **store_out)
{
    uint64_t n_buckets = choose_buckets(bytes_max);
    ese_txn_store *store = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(sizeof *store, ESE_TXN__LINE, &store));
    memset(store, 0, sizeof *store);
    ESE_TRY(ese_alloc(n_buckets * sizeof store->buckets[0], &store->buckets));
    store->ops = ops;
    store->mask = n_buckets - 1;
    store->seed = ese_os_random();
    atomic_store_explicit(&store->rceid, RCEID_FIRST, memory_order_relaxed);
    atomic_store_explicit(&store->given_up, UINT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&store->procids[ESE_LOG_PROCID_NOBODY / PROCIDS_PER_WORD],
                          UINT64_MAX << ESE_LOG_PROCID_NOBODY % PROCIDS_PER_WORD,
                          memory_order_relaxed);
    ese_txn_store_set_limit(store, bytes_max);
    *store_out = store;
    store = NULL;
out:
    ese_free(&store);
    return err;
}

JET_ERR
ese_txn_store_create(const ese_txn_ops *ops, size_t bytes_max, ese_txn_store **store_out)
{
    ese_txn_store *store = NULL;
    JET_ERR err;

    ESE_TRY(make_store(ops, bytes_max, &store));
    ese_os_mutex_init(&store->memory);
    ese_list_init(&store->blocks);
    for (unsigned i = 0; i < ESE_TXN__SESSIONS; i++) {
        ese_os_mutex_init(&store->sessions[i].lock);
        ese_list_init(&store->sessions[i].list);
    }
    ese_txn_session_init(&store->cleaner, store);
    ese_txn_session_init(&store->observer, store);
    err = ese_txn__cleaning_start(store);
    if (err < JET_errSuccess) {
        ese_free(&store->buckets);
        ese_free(&store);
        goto out;
    }
    *store_out = store;
out:
    return err;
}

void
ese_txn_store_destroy(ese_txn_store **store_inout)
{
    ese_txn_store *store = *store_inout;

    if (store == NULL)
        return;
    *store_inout = NULL;
    ese_txn__cleaning_end(store);
    ese_txn_session_end(&store->observer);
    ese_txn_session_end(&store->cleaner);
    ese_txn__memory_destroy(store);
    for (unsigned i = 0; i < ESE_TXN__SESSIONS; i++)
        ese_os_mutex_destroy(&store->sessions[i].lock);
    ese_os_mutex_destroy(&store->memory);
    ese_free(&store->buckets);
    ese_free(&store);
}

/* ---- Size ---- */

void
ese_txn_store_set_limit(ese_txn_store *store, size_t bytes_max)
{
    atomic_store_explicit(&store->bytes_max, bytes_max, memory_order_relaxed);
}

size_t
ese_txn_store_size(ese_txn_store *store)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < ESE_TXN__LOCKS; i++)
        bytes += atomic_load_explicit(&store->latches[i].bytes, memory_order_relaxed);
    return bytes;
}

bool
ese_txn_store_is_empty(const ese_txn_store *store)
{
    /* Acquire: whose version left it has changed the page before, as in ese_txn__is_bare. */
    return atomic_load_explicit(&store->n_changing, memory_order_acquire) == 0;
}

const ese_txn_session *
ese_txn_store_observer(ese_txn_store *store)
{
    return &store->observer;
}

/* ---- Sessions ---- */

/* A small number that no other session has; 0 when there is none left. Relaxed: nothing but the number counts. */
static uint16_t
take_procid(ese_txn_store *store)
{
    for (unsigned i = 0; i < ESE_TXN__PROCIDS; i++) {
        uint64_t used = atomic_load_explicit(&store->procids[i], memory_order_relaxed);

        for (unsigned bit = i == 0 ? 1 : 0; bit < PROCIDS_PER_WORD && used != UINT64_MAX; bit++) {
            uint64_t mask = (uint64_t)1 << bit;

            if ((used & mask) != 0)
                continue;
            used = atomic_fetch_or_explicit(&store->procids[i], mask, memory_order_relaxed);
            if ((used & mask) == 0)
                return (uint16_t)(i * PROCIDS_PER_WORD + bit);
        }
    }
    return 0;
}

static void
give_procid(ese_txn_store *store, uint16_t procid)
{
    if (procid != 0)
        atomic_fetch_and_explicit(&store->procids[procid / PROCIDS_PER_WORD],
                                  ~((uint64_t)1 << procid % PROCIDS_PER_WORD),
                                  memory_order_relaxed);
}

static ese_txn__sessions *
sessions_of(const ese_txn_session *session)
{
    return &session->store->sessions[session->origin.procid & (ESE_TXN__SESSIONS - 1)];
}

void
ese_txn_session_init(ese_txn_session *session, ese_txn_store *store)
{
    memset(session, 0, sizeof *session);
    session->store = store;
    ese_list_init(&session->cursors);
    session->openings = ese_growbuf_make(OPENINGS_BYTES_MAX);
    ese_list_init(&session->link);
    if (store == NULL)
        return;
    session->origin.procid = take_procid(store);
    ese_os_mutex_lock(&sessions_of(session)->lock);
    ese_list_append(&sessions_of(session)->list, &session->link);
    ese_os_mutex_unlock(&sessions_of(session)->lock);
}

void
ese_txn_session_end(ese_txn_session *session)
{
    ese_growbuf_destroy(&session->openings);
    if (session->store == NULL)
        return;
    ese_txn__memory_leave(session);
    ese_os_mutex_lock(&sessions_of(session)->lock);
    ese_list_remove(&session->link);
    ese_os_mutex_unlock(&sessions_of(session)->lock);
    give_procid(session->store, session->origin.procid);
    session->store = NULL;
}
