/*
 * From segments in memory to the disk: who waits first writes for all.
 *
 * INV-1  One thread leads at a time. Those whose records came too late for its flush wait for the next one, which one of them leads.
 * INV-2  `durable` never stands in the middle of a record: who waits for the beginning of a record has all of it.
 * INV-3  At most ESE_LOG_STREAM_UNSYNCED segments are written between two syncs, and none of a generation before the one before it is on the disk.
 *
 * The flush of number n is waited for on rounds[n mod 2], the one behind it on the other: a flush that ends wakes those it has served, and one of those it has not.
 * That one lets those served come back with their next commits before it leads, if they do so at once: else two groups would take turns, each waiting for the other's flush.
 */
#include "log/log_stream_private.h"

enum {
    GATHER_SHARE = 4,  /* of what a flush takes: so long those served before are waited for */
    SKIPS_MAX = 255,   /* flushes without that, when they do not come */
    FLUSHES_SHARE = 8, /* of the newest one in what flushes take of late */
};

static uint32_t
count_waiting(const ese_log_stream *stream, unsigned index)
{
    return atomic_load_explicit(&stream->n_waiting[index], memory_order_relaxed);
}

JET_ERR
ese_log__check(const ese_log_stream *stream)
{
    /* Acquire: matches `give_up`; what the leader wrote of the reason is not needed here. */
    JET_ERR failed = atomic_load_explicit(&stream->failed, memory_order_acquire);

    if (failed >= JET_errSuccess)
        return JET_errSuccess;
    return ese_raise(JET_errLogWriteFail, "%s: the log has failed (error %d)",
                     stream->names.current, (int)failed);
}

/* ---- [leader] writing; the mutex is not held */

static JET_ERR
sync_segments(ese_log_stream *stream)
{
    JET_ERR err = JET_errSuccess;

    if (stream->n_unsynced != 0)
        ESE_TRY(ese_os_file_sync(stream->file));
    stream->n_unsynced = 0;
    /* Release: who finds its record durable (ese_log_stream_is_durable) may let others see what it did before. */
    atomic_store_explicit(&stream->durable, stream->written, memory_order_release);
out:
    return err;
}

/* How many segments from number `from` on can be written at once. */
static uint32_t
measure_run(const ese_log_stream *stream, uint64_t from, uint64_t limit)
{
    uint64_t slot = from % stream->n_slots, n = limit - from;
    uint32_t i = 1;

    if (n > stream->n_slots - slot)
        n = stream->n_slots - slot;
    if (n > ESE_LOG_STREAM_UNSYNCED - stream->n_unsynced)
        n = ESE_LOG_STREAM_UNSYNCED - stream->n_unsynced;
    while (i < n && stream->slots[slot + i].generation == stream->last.number)
        i++;
    return i;
}

static JET_ERR
write_run(ese_log_stream *stream, uint64_t from, uint32_t n)
{
    uint64_t slot = from % stream->n_slots;
    uint8_t *bytes = stream->bytes + slot * ESE_LOG_SEGMENT_SIZE;
    uint64_t offset = (uint64_t)stream->slots[slot].sector * ESE_LOG_SEGMENT_SIZE;
    JET_ERR err;

    for (uint32_t i = 0; i < n; i++) {
        const ese_log__slot *about = &stream->slots[slot + i];
        uint8_t *segment = bytes + (size_t)i * ESE_LOG_SEGMENT_SIZE;

        ese_log_segment_seal(segment, (ese_lgpos){0, about->sector, about->generation},
                             about->time);
        stream->checksum ^= ese_log_segment_checksum(segment);
    }
    ESE_TRY(ese_os_file_write(stream->file, offset, bytes, (size_t)n * ESE_LOG_SEGMENT_SIZE));
    stream->n_unsynced += n;
    for (uint32_t i = 0; i < n; i++) {
        const ese_log__slot *about = &stream->slots[slot + i];

        if (!about->is_continued)
            stream->written =
                ese_log__position(about->generation, about->sector, ESE_LOG_SEGMENT_SIZE);
    }
out:
    return err;
}

/* Slots of what was written are free. */
static void
free_slots(ese_log_stream *stream, uint64_t n_written)
{
    ese_os_mutex_lock(&stream->mutex);
    atomic_store_explicit(&stream->n_written, n_written, memory_order_relaxed);
    ese_log__want_spare(stream);
    if (stream->is_busy)
        ese_os_cond_broadcast(&stream->change);
    ese_os_mutex_unlock(&stream->mutex);
}

static JET_ERR
roll_file(ese_log_stream *stream)
{
    JET_ERR err;

    ESE_TRY(sync_segments(stream));
    ESE_TRY(ese_log__begin_generation(stream));
out:
    return err;
}

/* Writes the segments before number `limit`; `generation`: has begun on the disk at the end. */
static JET_ERR
write_segments(ese_log_stream *stream, uint64_t limit, int32_t generation)
{
    uint64_t at = atomic_load_explicit(&stream->n_written, memory_order_relaxed);
    JET_ERR err = JET_errSuccess;

    while (at < limit) {
        uint32_t n;

        if (stream->slots[at % stream->n_slots].generation != stream->last.number)
            ESE_TRY(roll_file(stream));
        if (stream->n_unsynced == ESE_LOG_STREAM_UNSYNCED)
            ESE_TRY(sync_segments(stream));
        n = measure_run(stream, at, limit);
        ESE_TRY(write_run(stream, at, n));
        at += n;
        free_slots(stream, at);
    }
    if (generation > stream->last.number)
        ESE_TRY(roll_file(stream));
out:
    return err;
}

static void
give_up(ese_log_stream *stream, JET_ERR err)
{
    /* Release: matches ese_log__check. */
    atomic_store_explicit(&stream->failed, err, memory_order_release);
    if (stream->ops.failed != NULL)
        stream->ops.failed(stream->ops.self, err);
}

/* ---- leading; the mutex is held */

void
ese_log__wake(ese_log_stream *stream, bool is_served)
{
    unsigned served = (unsigned)(stream->round % 2), next = 1 - served;

    if (is_served && count_waiting(stream, served) != 0)
        ese_os_cond_broadcast(&stream->rounds[served]);
    if (count_waiting(stream, next) != 0)
        ese_os_cond_signal(&stream->rounds[next]);
    if (stream->is_busy)
        ese_os_cond_broadcast(&stream->change);
}

static void
wake_all(ese_log_stream *stream)
{
    ese_os_cond_broadcast(&stream->rounds[0]);
    ese_os_cond_broadcast(&stream->rounds[1]);
    ese_os_cond_broadcast(&stream->change);
}

static void
note_flush(ese_log_stream *stream, uint64_t ns)
{
    stream->n_served = count_waiting(stream, (unsigned)(stream->round % 2)) + 1;
    stream->flush_ns -= stream->flush_ns / FLUSHES_SHARE;
    stream->flush_ns += ns / FLUSHES_SHARE;
}

JET_ERR
ese_log__lead(ese_log_stream *stream, bool is_sync)
{
    uint64_t limit = atomic_load_explicit(&stream->n_begun, memory_order_relaxed);
    int32_t generation = is_sync ? stream->generation : 0;
    uint64_t began = is_sync ? ese_os_now_ns() : 0;
    JET_ERR err = ese_log__check(stream);

    if (err < JET_errSuccess)
        return err;
    if (is_sync) {
        ese_log__close_segment(stream);
        stream->round++;
        stream->round_end = ese_log__position(stream->generation, stream->sector, stream->at);
    } else {
        stream->round_end = 0;
        if (stream->at < ESE_LOG_SEGMENT_SIZE)
            limit--;
    }
    stream->is_leading = true;
    ese_os_mutex_unlock(&stream->mutex);
    ese_os_gate_enter(stream->gate);
    err = write_segments(stream, limit, generation);
    if (err >= JET_errSuccess && is_sync)
        err = sync_segments(stream);
    ese_os_gate_leave(stream->gate);
    if (err < JET_errSuccess)
        give_up(stream, err);
    ese_os_mutex_lock(&stream->mutex);
    stream->is_leading = false;
    if (err < JET_errSuccess) {
        wake_all(stream);
        return ese_log__check(stream);
    }
    if (is_sync)
        note_flush(stream, ese_os_now_ns() - began);
    ese_log__wake(stream, is_sync);
    return JET_errSuccess;
}

/* Until the flush that is under way, or the one behind it, has ended. Returns the number of the flush that was waited for. */
static uint64_t
wait_for_round(ese_log_stream *stream, uint64_t end)
{
    uint64_t round = end <= stream->round_end ? stream->round : stream->round + 1;
    unsigned index = (unsigned)(round % 2);

    atomic_fetch_add_explicit(&stream->n_waiting[index], 1, memory_order_relaxed);
    ese_os_cond_wait(&stream->rounds[index], &stream->mutex);
    atomic_fetch_sub_explicit(&stream->n_waiting[index], 1, memory_order_relaxed);
    return round;
}

/* Until so many wait for the next flush, or the time is over. Leading without the mutex. */
static void
let_come(const ese_log_stream *stream, unsigned index, uint32_t n, uint64_t ns)
{
    uint64_t begin = ese_os_now_ns();

    do {
        ese_os_yield();
    } while (count_waiting(stream, index) < n && ese_os_now_ns() - begin < ns);
}

/*
 * Waits a moment for those that the last flush has served. When few of them come, they have other things to do: that is asked again after twice as many flushes. The
 * mutex is held, and released in between; nobody leads. `was_served`: by that flush. False: there is nothing to wait for.
 */
static bool
gather(ese_log_stream *stream, bool was_served)
{
    unsigned next = (unsigned)((stream->round + 1) % 2);
    uint32_t n_before = count_waiting(stream, next);
    uint32_t n_missing = stream->n_served - (was_served && stream->n_served != 0);
    bool have_come;

    if (n_missing == 0)
        return false;
    if (stream->n_skips_left != 0) {
        stream->n_skips_left--;
        return false;
    }
    stream->is_leading = true; /* who comes now waits for the flush behind the last one */
    ese_os_mutex_unlock(&stream->mutex);
    let_come(stream, next, n_before + n_missing, stream->flush_ns / GATHER_SHARE);
    ese_os_mutex_lock(&stream->mutex);
    stream->is_leading = false;
    if (stream->is_busy)
        ese_os_cond_broadcast(&stream->change);
    have_come = count_waiting(stream, next) >= n_before + (n_missing + 1) / 2;
    stream->n_skips = have_come ? 0 : 2 * stream->n_skips + 1;
    if (stream->n_skips > SKIPS_MAX)
        stream->n_skips = SKIPS_MAX;
    stream->n_skips_left = stream->n_skips;
    return true;
}

/* ---- durability */

bool
ese_log_stream_is_durable(const ese_log_stream *stream, uint64_t end)
{
    /* Acquire: matches sync_segments. */
    return atomic_load_explicit(&stream->durable, memory_order_acquire) >= end;
}

JET_ERR
ese_log_stream_wait(ese_log_stream *stream, uint64_t end)
{
    uint64_t awaited = 0;
    bool has_gathered = false;
    JET_ERR err = JET_errSuccess;

    if (ese_log_stream_is_durable(stream, end))
        return JET_errSuccess;
    ese_os_mutex_lock(&stream->mutex);
    while (!ese_log_stream_is_durable(stream, end)) {
        ESE_TRY(ese_log__check(stream));
        if (stream->is_leading) {
            awaited = wait_for_round(stream, end);
            continue;
        }
        if (end > ese_log__position(stream->generation, stream->sector, stream->at)) {
            err = ese_raise(JET_errInvalidParameter, "nothing stands in the log at %llx",
                            (unsigned long long)end);
            goto out;
        }
        /* What was placed last may be half a record, behind `end` in its segment: INV-2. Its other half comes first then. */
        if (stream->is_busy)
            ese_os_cond_wait(&stream->change, &stream->mutex);
        else if (has_gathered || !gather(stream, awaited == 0))
            ESE_TRY(ese_log__lead(stream, true));
        else
            has_gathered = true;
    }
    /*
     * Whoever was woken to lead a flush may find that it is not needed any more: to make room, segments were written, and synced on the way to a new generation. Then another
     * one who waits for that flush leads it.
     */
    if (awaited > stream->round && !stream->is_leading)
        ese_log__wake(stream, false);
out:
    ese_os_mutex_unlock(&stream->mutex);
    return err;
}

JET_ERR
ese_log_stream_flush(ese_log_stream *stream)
{
    return ese_log_stream_wait(stream, ese_log_stream_tip(stream));
}

void
ese_log_stream_relieve(ese_log_stream *stream)
{
    uint64_t n = atomic_load_explicit(&stream->n_begun, memory_order_relaxed) -
                 atomic_load_explicit(&stream->n_written, memory_order_relaxed);
    bool is_full = atomic_load_explicit(&stream->is_disk_full, memory_order_relaxed);

    if (n <= stream->n_slots / 2 && !is_full)
        return;
    ese_os_mutex_lock(&stream->mutex);
    if (!stream->is_leading && n > stream->n_slots / 2)
        (void)ese_log__lead(stream, false); /* who appends next hears of a failure */
    if (!stream->is_leading && is_full)
        ese_log__refill(stream);
    ese_os_mutex_unlock(&stream->mutex);
}

JET_ERR
ese_log_stream_roll(ese_log_stream *stream)
{
    uint64_t end;
    JET_ERR err;

    ese_os_mutex_lock(&stream->mutex);
    while (stream->is_busy)
        ese_os_cond_wait(&stream->change, &stream->mutex);
    err = ese_log__check(stream);
    if (err >= JET_errSuccess && stream->sector != 0) {
        if (stream->generation >= ESE_LOG__GENERATION_MAX)
            err = ese_raise(JET_errLogSequenceEnd, "the log has come to its last generation");
        else
            ese_log__switch_generation(stream);
    }
    end = ese_log__position(stream->generation, stream->sector, stream->at);
    ese_os_mutex_unlock(&stream->mutex);
    return err < JET_errSuccess ? err : ese_log_stream_wait(stream, end);
}
