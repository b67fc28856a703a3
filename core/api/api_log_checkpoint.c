/*
 * Checkpoints, and the thread that makes them: it writes old pages so that recovery never has more to do than JET_paramCheckpointDepthMax says, brings lazy
 * commits to the disk, and tells the program what is there.
 *
 * A checkpoint: first the tip of the log is read, then what is not in the files yet; whatever is changed meanwhile stands behind that tip. Then the files are brought
 * to the disk, then headers say which generations are still needed, then the checkpoint file is written.
 *
 * The thread waits for what it has asked the disk for, and for `order`; nobody who commits waits for it.
 */
#include "api/api_log.h"

#include "base/alloc.h"

enum {
    NS_PER_MS = 1000000,
    LOOK_MS = 100,     /* while there is work */
    SLEEP_MS = 10000,  /* the longest sleep: what a wake-up costs that came a moment too early */
    LAZY_MS = 1000,    /* a lazy commit is on the disk after that */
    REST_AFTER = 20,   /* looks without news, and the thread sleeps */
    PARTS = 4,         /* of the depth: pages older than this part of it are written */
    DEPTH_MIN = 65536, /* bytes; less would mean to write all the time */
};

/* ---- A checkpoint ---- */

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Up to where everything is in the files, given a tip that was read before. */
static uint64_t
oldest_needed(ese_api_log *log, uint64_t tip)
{
    uint64_t oldest = smaller(tip, ese_txn_store_oldest_begin(log->instance->store));

    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        if (log->databases[i] != NULL)
            oldest = smaller(oldest, ese_cache_oldest_change(log->databases[i]->pages));
    }
    return oldest;
}

/* Holds: order, so the list stays as it is. */
static JET_ERR
sync_databases(ese_api_log *log, uint64_t lgpos)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        ese_api_database *database = log->databases[i];

        if (database == NULL)
            continue;
        err = ese_os_file_sync(database->file);
        if (err >= JET_errSuccess)
            err = ese_api__log_header_required(database,
                                               (uint32_t)ese_log_lgpos_of(lgpos).generation);
        if (err < JET_errSuccess) { /* nobody knows what of it is on the disk */
            ese_api_instance_fail(log->instance);
            break;
        }
    }
    return err;
}

JET_ERR
ese_api__log_checkpoint_locked(ese_api_log *log)
{
    uint64_t tip = ese_log_stream_tip(log->stream);
    uint64_t lgpos = oldest_needed(log, tip);
    JET_ERR err;

    if (lgpos <= ese_log_stream_checkpoint(log->stream))
        return JET_errSuccess;
    ESE_TRY(ese_log_stream_wait(log->stream, lgpos)); /* no checkpoint lies behind the log */
    ESE_TRY(sync_databases(log, lgpos));
    ESE_TRY(ese_log_stream_write_checkpoint(log->stream, lgpos, false));
out:
    return err;
}

/* ---- How far behind it is ---- */

static uint64_t
distance(const ese_api_log *log, uint64_t lgpos)
{
    ese_lgpos at = ese_log_lgpos_of(lgpos);

    return (uint64_t)(uint32_t)at.generation * log->file_size +
           (uint64_t)at.sector * ESE_LOG_SEGMENT_SIZE + at.offset;
}

/* The first position that lies at most `n` bytes before `tip`, or a little before that. */
static uint64_t
position_before(const ese_api_log *log, uint64_t tip, uint64_t n)
{
    uint64_t at = distance(log, tip);
    uint64_t generation;

    at = at > n ? at - n : 0;
    generation = at / log->file_size;
    return ese_log_lgpos_number((ese_lgpos){
        .sector = (uint16_t)(at % log->file_size / ESE_LOG_SEGMENT_SIZE),
        .generation = (int32_t)generation,
    });
}

static uint64_t
depth_max(const ese_api_log *log)
{
    uint64_t depth = ese_api_instance_param(log->instance, JET_paramCheckpointDepthMax);

    return depth < DEPTH_MIN ? DEPTH_MIN : depth;
}

/* Writes pages that were changed before `lgpos`. Takes: order. */
static void
write_old_pages(ese_api_log *log, uint64_t lgpos)
{
    ese_os_mutex_lock(&log->order);
    for (unsigned i = 1; i < ESE_API_DATABASES_MAX; i++) {
        /* A failure was told to the instance; a lack of memory is none for long. */
        if (log->databases[i] != NULL)
            (void)ese_cache_flush_older(log->databases[i]->pages, lgpos);
    }
    (void)ese_api__log_checkpoint_locked(log);
    ese_os_mutex_unlock(&log->order);
}

static void
keep_near(ese_api_log *log, uint64_t tip)
{
    uint64_t depth = depth_max(log);
    uint64_t behind = distance(log, tip) - distance(log, ese_log_stream_checkpoint(log->stream));

    if (behind > depth / 2)
        write_old_pages(log, position_before(log, tip, depth / PARTS));
}

/* ---- The thread ---- */

/* What it knows from one look to the next. */
typedef struct watch {
    uint64_t tip;
    uint64_t before;   /* the tip of the look before */
    uint64_t told;     /* what the program knows to be durable */
    uint64_t kept_at;  /* distance of the tip when old pages were written last */
    uint64_t flush_at; /* time of the next flush for lazy commits; 0: none is waiting */
    unsigned n_still;  /* looks without news */
} watch;

static void
flush_lazy(ese_api_log *log, watch *w)
{
    uint64_t now = ese_os_now_ns();
    uint64_t asked;

    ese_os_mutex_lock(&log->wake_lock);
    asked = log->flush_by;
    ese_os_mutex_unlock(&log->wake_lock);
    if (ese_log_stream_is_durable(log->stream, w->tip)) {
        w->flush_at = 0;
    } else if (w->flush_at == 0) {
        w->flush_at = now + (uint64_t)LAZY_MS * NS_PER_MS;
    }
    if ((w->flush_at == 0 || now < w->flush_at) && (asked == 0 || now < asked))
        return;
    ese_os_mutex_lock(&log->wake_lock);
    log->flush_by = 0;
    ese_os_mutex_unlock(&log->wake_lock);
    (void)ese_log_stream_flush(log->stream); /* a failure was told to the instance */
    w->flush_at = 0;
}

/* JET_paramDurableCommitCallback: no lock is held. */
static void
tell_program(const ese_api_log *log, uint64_t lgpos, JET_GRBIT grbit)
{
    uint64_t param = ese_api_instance_param(log->instance, JET_paramDurableCommitCallback);
    JET_PFNDURABLECOMMITCALLBACK callback = (JET_PFNDURABLECOMMITCALLBACK)(uintptr_t)param;
    JET_COMMIT_ID id = {.signLog = log->instance->log_signature, .commitId = (int64_t)lgpos};

    if (callback != NULL)
        (void)callback(log->instance->handle, &id, grbit);
}

static void
tell_durable(const ese_api_log *log, watch *w)
{
    uint64_t lgpos = ese_log_stream_is_durable(log->stream, w->tip) ? w->tip : w->before;

    if (lgpos <= w->told || !ese_log_stream_is_durable(log->stream, lgpos))
        return;
    w->told = lgpos;
    tell_program(log, lgpos, 0);
}

static void
look(ese_api_log *log, watch *w)
{
    uint64_t tip = ese_log_stream_tip(log->stream);
    uint64_t step = depth_max(log) / (2 * (uint64_t)PARTS);

    w->n_still = tip == w->tip ? w->n_still + 1 : 0;
    w->before = w->tip;
    w->tip = tip;
    flush_lazy(log, w);
    tell_durable(log, w);
    if (distance(log, tip) - w->kept_at < step)
        return;
    w->kept_at = distance(log, tip);
    keep_near(log, tip);
}

/* Sleeps until it is time, or somebody wants something. False: the end. */
static bool
rest(ese_api_log *log, watch *w)
{
    bool goes_on;

    ese_os_mutex_lock(&log->wake_lock);
    if (w->n_still < REST_AFTER || !ese_log_stream_is_durable(log->stream, w->tip)) {
        uint64_t ns = (uint64_t)LOOK_MS * NS_PER_MS, now = ese_os_now_ns();

        if (log->flush_by != 0 && log->flush_by < now + ns)
            ns = log->flush_by > now ? log->flush_by - now : 1;
        if (!log->is_ending && !log->is_wanted)
            (void)ese_os_cond_wait_for(&log->wake, &log->wake_lock, ns);
    } else {
        atomic_store(&log->is_asleep, true);
        /* Who commits now either finds the flag, or his commit is found here. */
        while (!log->is_ending && !log->is_wanted && ese_log_stream_tip(log->stream) == w->tip)
            (void)ese_os_cond_wait_for(&log->wake, &log->wake_lock, (uint64_t)SLEEP_MS * NS_PER_MS);
        atomic_store(&log->is_asleep, false);
        w->n_still = 0;
    }
    log->is_wanted = false;
    goes_on = !log->is_ending;
    ese_os_mutex_unlock(&log->wake_lock);
    return goes_on;
}

/* Nobody commits any more. */
static void
end_watch(ese_api_log *log, watch *w)
{
    w->tip = ese_log_stream_tip(log->stream);
    if (!ese_api_instance_has_failed(log->instance) &&
        ese_log_stream_wait(log->stream, w->tip) >= JET_errSuccess)
        tell_durable(log, w);
    else
        tell_program(log, w->told, JET_bitDurableCommitCallbackLogUnavailable);
}

static void *
run(void *self)
{
    ese_api_log *log = self;
    watch w = {.tip = log->watched_from, .before = log->watched_from, .told = log->watched_from};

    w.kept_at = distance(log, w.tip);
    while (rest(log, &w) && !ese_api_instance_has_failed(log->instance))
        look(log, &w);
    end_watch(log, &w);
    return NULL;
}

JET_ERR
ese_api__log_checkpoint_start(ese_api_log *log)
{
    JET_ERR err;

    log->watched_from =
        ese_log_stream_tip(log->stream); /* not in the thread: a commit may come before it runs */
    err = ese_os_thread_start(&log->thread, run, log);
    log->has_thread = err >= JET_errSuccess;
    return err;
}

static void
wake_thread(ese_api_log *log, bool is_end)
{
    ese_os_mutex_lock(&log->wake_lock);
    log->is_wanted = true;
    log->is_ending |= is_end;
    ese_os_cond_broadcast(&log->wake);
    ese_os_mutex_unlock(&log->wake_lock);
}

void
ese_api__log_checkpoint_stop(ese_api_log *log)
{
    if (!log->has_thread)
        return;
    wake_thread(log, true);
    ese_os_thread_join(&log->thread);
    log->has_thread = false;
}

void
ese_api__log_nudge(ese_api_log *log, uint32_t flush_ms)
{
    if (flush_ms != 0) {
        uint64_t by = ese_os_now_ns() + (uint64_t)flush_ms * NS_PER_MS;

        ese_os_mutex_lock(&log->wake_lock);
        if (log->flush_by == 0 || by < log->flush_by)
            log->flush_by = by;
        ese_os_mutex_unlock(&log->wake_lock);
        wake_thread(log, false);
    } else if (atomic_load(&log->is_asleep)) {
        wake_thread(log, false);
    }
}
