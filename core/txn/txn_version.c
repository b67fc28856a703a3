/*
 * Versions: places and their chains, conflicts, adding.
 */
#include "txn/txn_private.h"

enum {
    RCEID_STEP = 2,
    RCEIDS_AT_ONCE = 64,
    SPINS = 100,
    NEIGHBOURS = 8, /* buckets in a line of the cache */
};

/* ---- Places ---- */

static uint64_t
mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* All of up to seven bytes, some of them twice. */
static uint64_t
load_few(const uint8_t *p, size_t n)
{
    if (n >= 4)
        return ese_load_le32(p) | (uint64_t)ese_load_le32(p + n - 4) << 32;
    return n == 0 ? 0 : (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
}

static uint64_t
mix_bytes(uint64_t hash, const uint8_t *p, size_t n)
{
    for (; n >= 8; n -= 8, p += 8)
        hash = mix(hash, ese_load_le64(p));
    return n == 0 ? hash : mix(hash, load_few(p, n));
}

/*
 * Keys that follow one another differ in the low bits of their last byte. These choose one of neighbouring buckets, so that who changes many entries in their
 * order finds most buckets in the processor's cache.
 */
uint64_t
ese_txn__hash(const ese_txn_store *store, const ese_txn_place *place)
{
    uint64_t hash = mix(store->seed, (uint64_t)(uintptr_t)place->tree);
    ese_bytes last = place->key;
    uint64_t neighbour = 0;

    if (place->data.size != 0) {
        hash = mix_bytes(mix(hash, last.size), last.data, last.size);
        last = place->data;
    }
    if (last.size != 0) {
        uint8_t byte = last.data[last.size - 1];

        neighbour = byte % NEIGHBOURS;
        hash = mix_bytes(mix(hash, byte / NEIGHBOURS), last.data, last.size - 1);
    }
    hash = mix(hash, last.size); /* once more, lest high bits of the last word stay high */
    return (hash & ~(uint64_t)(NEIGHBOURS - 1)) | neighbour;
}

static _Atomic(ese_txn_version *) *
bucket_of(const ese_txn_store *store, uint64_t hash)
{
    return &store->buckets[hash & store->mask];
}

bool
ese_txn__is_bare(const ese_txn_store *store, uint64_t hash)
{
    /* Acquire: whose version left it has changed the page before, which the caller looks at again afterwards (INV-4 of txn.h). */
    return atomic_load_explicit(bucket_of(store, hash), memory_order_acquire) == NULL;
}

void
ese_txn__lock(ese_txn_store *store, uint64_t hash)
{
    ese_txn__latch *latch = &store->latches[hash & (ESE_TXN__LOCKS - 1)];

    /* Acquire, and release below: what one holder did, the next one sees. */
    for (unsigned n = 0; atomic_exchange_explicit(&latch->is_held, true, memory_order_acquire);) {
        while (atomic_load_explicit(&latch->is_held, memory_order_relaxed)) {
            if (++n % SPINS == 0)
                ese_os_yield();
        }
    }
}

void
ese_txn__unlock(ese_txn_store *store, uint64_t hash)
{
    atomic_store_explicit(&store->latches[hash & (ESE_TXN__LOCKS - 1)].is_held, false,
                          memory_order_release);
}

static bool
is_at(const ese_txn_version *version, const ese_txn_place *place, uint64_t hash)
{
    return version->hash == hash && version->tree == place->tree &&
           version->n_key == place->key.size && version->n_data == place->data.size &&
           (version->n_key == 0 || memcmp(version->bytes, place->key.data, version->n_key) == 0) &&
           (version->n_data == 0 ||
            memcmp(version->bytes + version->n_key, place->data.data, version->n_data) == 0);
}

ese_txn_version *
ese_txn__find(const ese_txn_store *store, const ese_txn_place *place, uint64_t hash)
{
    /* Relaxed: written by holders of the latch only. */
    ese_txn_version *version = atomic_load_explicit(bucket_of(store, hash), memory_order_relaxed);

    while (version != NULL && !is_at(version, place, hash))
        version = version->bucket_next;
    return version;
}

/* Where the bucket refers to the newest version of a place: NULL when it is the first one. Holds: latch. */
static ese_txn_version *
before_in_bucket(const ese_txn_store *store, const ese_txn_version *version)
{
    ese_txn_version *before = NULL;
    ese_txn_version *at =
        atomic_load_explicit(bucket_of(store, version->hash), memory_order_relaxed); /* as above */

    while (at != version) {
        before = at;
        at = at->bucket_next;
    }
    return before;
}

/* Puts `next` behind `before`, NULL: to the beginning. Holds: latch. */
static void
set_in_bucket(ese_txn_store *store, uint64_t hash, ese_txn_version *before, ese_txn_version *next)
{
    if (before != NULL)
        before->bucket_next = next;
    else /* Release: pairs with ese_txn__is_bare. */
        atomic_store_explicit(bucket_of(store, hash), next, memory_order_release);
}

/* Relaxed: who adds up the bytes of all latches gets what was there at about that time. */
static void
count_bytes(ese_txn_store *store, const ese_txn_version *version, bool is_more)
{
    _Atomic size_t *bytes = &store->latches[version->hash & (ESE_TXN__LOCKS - 1)].bytes;
    size_t before = atomic_load_explicit(bytes, memory_order_relaxed);
    size_t size = ese_txn__size_of(version);

    atomic_store_explicit(bytes, is_more ? before + size : before - size, memory_order_relaxed);
}

/* Makes it the newest one of its place, in front of `older`. Holds: latch. */
static void
link_version(ese_txn_store *store, ese_txn_version *version, ese_txn_version *older)
{
    ese_txn_version *before = NULL;

    version->newer = NULL;
    version->older = older;
    if (older != NULL) {
        before = before_in_bucket(store, older);
        version->bucket_next = older->bucket_next;
        older->bucket_next = NULL;
        older->newer = version;
    } else {
        version->bucket_next =
            atomic_load_explicit(bucket_of(store, version->hash), memory_order_relaxed);
    }
    set_in_bucket(store, version->hash, before, version);
    count_bytes(store, version, true);
}

void
ese_txn__unlink(ese_txn_version *version)
{
    ese_txn_store *store = version->trx->store;

    ese_txn__lock(store, version->hash);
    if (version->older != NULL)
        version->older->newer = version->newer;
    if (version->newer != NULL) {
        version->newer->older = version->older;
    } else {
        ese_txn_version *before = before_in_bucket(store, version);

        if (version->older != NULL)
            version->older->bucket_next = version->bucket_next;
        set_in_bucket(store, version->hash, before,
                      version->older != NULL ? version->older : version->bucket_next);
    }
    count_bytes(store, version, false);
    ese_txn__unlock(store, version->hash);
}

void
ese_txn__leave(ese_txn_version *version)
{
    ese_txn_store *store = version->trx->store;

    if (!version->is_hashed)
        return;
    ese_txn__lock(store, version->hash);
    version->is_leaving = true;
    ese_txn__unlock(store, version->hash);
}

bool
ese_txn__has_older(const ese_txn_version *version)
{
    ese_txn_store *store = version->trx->store;
    bool has_older;

    if (!version->is_hashed)
        return false;
    ese_txn__lock(store, version->hash);
    has_older = version->older != NULL;
    ese_txn__unlock(store, version->hash);
    return has_older;
}

/* ---- Conflicts ---- */

static bool
is_compatible(ese_txn_oper mine, unsigned width, const ese_txn_version *other)
{
    if (mine == ESE_TXN_READ_LOCK)
        return other->oper == ESE_TXN_READ_LOCK;
    if (mine == ESE_TXN_DELTA)
        return other->oper == ESE_TXN_DELTA && (width == 0 || width == other->width);
    return false;
}

/* `width` 0: any. Holds: latch. */
static bool
is_in_the_way(const ese_txn__view *view, const ese_txn_version *newest, ese_txn_oper oper,
              unsigned width)
{
    for (const ese_txn_version *at = newest; at != NULL; at = at->older) {
        if (!is_compatible(oper, width, at) && !ese_txn__is_visible(view, at->trx))
            return true;
    }
    return false;
}

JET_ERR
ese_txn_check(ese_txn_session *session, const ese_txn_place *place, ese_txn_oper oper)
{
    ese_txn_store *store = session->store;
    uint64_t hash = ese_txn__hash(store, place);
    ese_txn__view view;
    bool conflicts;

    if (session->is_read_only && oper != ESE_TXN_READ_LOCK)
        return JET_errTransReadOnly;
    if (ese_txn__is_bare(store, hash))
        return JET_errSuccess;
    view = ese_txn__view_of(session);
    ese_txn__lock(store, hash);
    conflicts = is_in_the_way(&view, ese_txn__find(store, place, hash), oper, 0);
    ese_txn__unlock(store, hash);
    return conflicts ? JET_errWriteConflict : JET_errSuccess;
}

/* ---- Adding ---- */

static bool
is_hashed(unsigned oper)
{
    return oper <= ESE_TXN_WRITE_LOCK;
}

uint32_t
ese_txn__return_point(const ese_txn_session *session)
{
    uint32_t level = session->n_before[session->level];

    return level > session->n_savepoint ? level : session->n_savepoint;
}

/* What the chain of a place says to a change of the session. */
typedef struct standing {
    bool conflicts;
    bool is_covered;    /* a lock that the session has already, for as long as it would last */
    bool has_image;     /* a version made since the last return point has the data before */
    bool stands_on_own; /* the last change of the session there was a replacement, too */
} standing;

/* Does who has done `had` with a place keep out of it whom `lock` would? */
static bool
covers(unsigned had, unsigned lock)
{
    return had == lock || (had != ESE_TXN_DELTA && had != ESE_TXN_READ_LOCK);
}

/* Holds: latch. */
static standing
look_at_chain(const ese_txn_session *session, const ese_txn_version *newest,
              const ese_txn_change *change)
{
    ese_txn__view view = ese_txn__view_of(session);
    unsigned width = change->oper == ESE_TXN_DELTA ? change->width : 0;
    standing found = {.conflicts = is_in_the_way(&view, newest, change->oper, width)};
    bool is_last = true;

    for (const ese_txn_version *at = newest; at != NULL && !found.conflicts; at = at->older) {
        if (at->trx != session->trx)
            continue;
        if (ese_txn__is_lock(change->oper) && covers(at->oper, change->oper))
            found.is_covered = true;
        if (ese_txn__is_lock(at->oper))
            continue;
        if (is_last && change->oper == ESE_TXN_REPLACE && at->oper == ESE_TXN_REPLACE) {
            found.stands_on_own = true;
            found.has_image = at->order > ese_txn__return_point(session);
        }
        is_last = false;
    }
    return found;
}

static standing
stand(ese_txn_session *session, const ese_txn_change *change, uint64_t hash)
{
    ese_txn_store *store = session->store;
    standing found;

    if (ese_txn__is_bare(store, hash))
        return (standing){.conflicts = false};
    ese_txn__lock(store, hash);
    found = look_at_chain(session, ese_txn__find(store, &change->place, hash), change);
    ese_txn__unlock(store, hash);
    return found;
}

/* Numbers are unique; a session sets some aside. */
static uint32_t
next_rceid(ese_txn_session *session)
{
    uint32_t rceid;

    if (session->n_rceids == 0) {
        /* Relaxed: nothing but the number counts. */
        session->rceid = atomic_fetch_add_explicit(
            &session->store->rceid, RCEID_STEP * RCEIDS_AT_ONCE, memory_order_relaxed);
        session->n_rceids = RCEIDS_AT_ONCE;
    }
    rceid = session->rceid;
    session->rceid += RCEID_STEP;
    session->n_rceids--;
    return rceid;
}

static uint8_t *
put(uint8_t *to, ese_bytes from)
{
    if (from.size != 0)
        memcpy(to, from.data, from.size);
    return to + from.size;
}

static JET_ERR
make_version(ese_txn_session *session, const ese_txn_change *change, const standing *found,
             ese_txn_version **version_out)
{
    ese_bytes before = found->has_image ? (ese_bytes){NULL, 0} : change->before;
    ese_txn_version *version = NULL;
    ese_txn__block *block = NULL;
    uint8_t *to;
    JET_ERR err;

    ESE_TRY(ese_txn__trx_need(session));
    ESE_TRY(ese_txn__memory_take(
        session, sizeof *version + change->place.key.size + change->place.data.size + before.size,
        &version, &block));
    *version = (ese_txn_version){
        .trx = session->trx,
        .block = block,
        .tree = change->place.tree,
        .delta = change->delta,
        .rceid = next_rceid(session),
        .order = session->n_changes + 1,
        .offset = change->offset,
        .n_key = (uint32_t)change->place.key.size,
        .n_data = (uint32_t)change->place.data.size,
        .n_before = (uint32_t)before.size,
        .oper = (uint8_t)change->oper,
        .width = (uint8_t)change->width,
        .has_image = !found->has_image,
        .is_covered = found->stands_on_own,
        .level = session->level,
        .is_hashed = is_hashed(change->oper),
    };
    to = put(version->bytes, change->place.key);
    to = put(to, change->place.data);
    put(to, before);
    *version_out = version;
out:
    return err;
}

/* Appends it to the changes of the session. */
static void
enlist(ese_txn_session *session, ese_txn_version *version)
{
    ese_txn_trx *trx = session->trx;

    version->previous = session->newest;
    if (session->newest != NULL)
        session->newest->next = version;
    else
        trx->oldest = version;
    session->newest = version;
    session->n_changes = version->order;
    trx->n_versions++;
    if (!trx->is_counted) {
        trx->is_counted = true;
        /* Release: pairs with ese_txn_store_is_empty. */
        atomic_fetch_add_explicit(&session->store->n_changing, 1, memory_order_release);
    }
}

/* Links it, unless somebody came first meanwhile. */
static bool
publish(ese_txn_session *session, const ese_txn_change *change, ese_txn_version *version)
{
    ese_txn_store *store = session->store;
    ese_txn_version *older;
    bool is_first;

    ese_txn__lock(store, version->hash);
    older = ese_txn__find(store, &change->place, version->hash);
    is_first = older == NULL || !look_at_chain(session, older, change).conflicts;
    if (is_first)
        link_version(store, version, older);
    ese_txn__unlock(store, version->hash);
    return is_first;
}

JET_ERR
ese_txn_add(ese_txn_session *session, const ese_txn_change *change, ese_txn_version **version_out)
{
    ese_txn_store *store = session->store;
    uint64_t hash = ese_txn__hash(store, &change->place);
    standing found = {.conflicts = false};
    ese_txn_version *version = NULL;
    ese_txn_change noted = *change;
    JET_ERR err;

    if (session->is_read_only && change->oper != ESE_TXN_READ_LOCK)
        return JET_errTransReadOnly;
    if (change->oper == ESE_TXN_REPLACE ||
        ese_txn__is_lock(change->oper)) /* others find out below */
        found = stand(session, change, hash);
    if (found.conflicts)
        return JET_errWriteConflict;
    if (found.is_covered) {
        *version_out = NULL;
        return JET_errSuccess;
    }
    ESE_TRY(make_version(session, change, &found, &version));
    noted.level = session->level;
    noted.rceid = version->rceid;
    version->hash = hash;
    version->needs_clean = store->ops->needs_clean(&noted);
    enlist(session, version);
    if (version->is_hashed && !publish(session, change, version)) {
        version->is_hashed = false;
        ese_txn_drop(session, version);
        return JET_errWriteConflict;
    }
    *version_out = version;
out:
    return err;
}

JET_ERR
ese_txn_add_action(ese_txn_session *session, const ese_txn_action *action)
{
    ese_txn_change change = {
        .oper = ESE_TXN_ACTION,
        .place.key = {(const uint8_t *)(const void *)action, sizeof *action},
    };
    const standing plain = {.has_image = true};
    ese_txn_version *version = NULL;
    JET_ERR err;

    ESE_TRY(make_version(session, &change, &plain, &version));
    enlist(session, version);
    session->trx->n_actions++;
out:
    return err;
}

uint32_t
ese_txn_rceid(const ese_txn_version *version)
{
    return version != NULL ? version->rceid : 0;
}
