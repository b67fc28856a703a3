/* Segments of version 8, and where a log ends: log specification, sections 3.1, 3.2 and 3.5. */
#include "log/log_stream.h"

enum {
    FLAGS_OFFSET = 36,
    FLAGS_HIGH = FLAGS_OFFSET + 1,
    NEW_CHECKSUM_HIGH = 0x20,
    TIME_OFFSET = 16
};

/* The checksum is that of pages; the flag that chooses it there is always set here, so a flip of it can be corrected, too. */
ese_log_segment_state
ese_log_segment_verify(uint8_t *bytes, uint32_t sector)
{
    bool has_flag = (bytes[FLAGS_HIGH] & NEW_CHECKSUM_HIGH) != 0;
    ese_page_state state;

    if (bytes[0] == 0 && memcmp(bytes, bytes + 1, ESE_LOG_SEGMENT_SIZE - 1) == 0)
        return ESE_LOG_SEGMENT_BLANK;
    bytes[FLAGS_HIGH] |= NEW_CHECKSUM_HIGH;
    state = ese_page_checksum_verify(bytes, ESE_LOG_SEGMENT_SIZE, sector);
    if (state == ESE_PAGE_STATE_GOOD)
        return has_flag ? ESE_LOG_SEGMENT_GOOD : ESE_LOG_SEGMENT_CORRECTED;
    if (state == ESE_PAGE_STATE_CORRECTED && has_flag)
        return ESE_LOG_SEGMENT_CORRECTED;
    if (!has_flag)
        bytes[FLAGS_HIGH] = (uint8_t)(bytes[FLAGS_HIGH] & ~NEW_CHECKSUM_HIGH);
    return ESE_LOG_SEGMENT_BAD;
}

void
ese_log_segment_seal(uint8_t *bytes, ese_lgpos lgpos, const uint8_t time[8])
{
    memset(bytes, 0, ESE_LOG_SEGMENT_HEADER);
    ese_log_lgpos_store(bytes + 8, (ese_lgpos){0, lgpos.sector, lgpos.generation});
    memcpy(bytes + TIME_OFFSET, time, 8);
    bytes[FLAGS_HIGH] = NEW_CHECKSUM_HIGH;
    ese_page_checksum_update(bytes, ESE_LOG_SEGMENT_SIZE, lgpos.sector);
}

/* ---- the end of a log */

static bool
is_valid(ese_log_segment_state state)
{
    return state == ESE_LOG_SEGMENT_GOOD || state == ESE_LOG_SEGMENT_CORRECTED;
}

static uint64_t
number_of_segment(const uint8_t *bytes)
{
    return ese_log_lgpos_number(ese_log_segment_lgpos(bytes));
}

static uint64_t
number_expected(const ese_log_scan *scan, uint32_t sector)
{
    return ese_log_lgpos_number((ese_lgpos){0, (uint16_t)sector, scan->generation});
}

/* Whether `bytes`, which stand elsewhere, are the segment `sector` of this generation. Corrects nothing: the copy is of use as it is only. */
static bool
is_copy_of(const ese_log_scan *scan, const uint8_t *bytes, uint32_t sector)
{
    uint8_t copy[ESE_LOG_SEGMENT_SIZE];

    memcpy(copy, bytes, sizeof copy);
    return ese_log_segment_verify(copy, sector) == ESE_LOG_SEGMENT_GOOD &&
           number_of_segment(copy) == number_expected(scan, sector);
}

static ese_log_verdict
judge_valid(const ese_log_scan *scan, const uint8_t *bytes, ese_log_segment_state state)
{
    uint64_t found = number_of_segment(bytes), expected = number_expected(scan, scan->sector);

    if (found < expected)
        return ESE_LOG_VERDICT_STALE;
    if (found > expected || scan->is_empty)
        return ESE_LOG_VERDICT_CORRUPT;
    return state == ESE_LOG_SEGMENT_GOOD ? ESE_LOG_VERDICT_DATA : ESE_LOG_VERDICT_REPAIRED;
}

/* A shadow of any age: verified as the segment before. */
static bool
is_shadow(const ese_log_scan *scan, const uint8_t *bytes)
{
    uint8_t copy[ESE_LOG_SEGMENT_SIZE];

    memcpy(copy, bytes, sizeof copy);
    return is_valid(ese_log_segment_verify(copy, scan->sector - 1));
}

static ese_log_verdict
judge_bad(const ese_log_scan *scan, uint8_t *bytes, const uint8_t *next)
{
    if (is_shadow(scan, bytes))
        return ESE_LOG_VERDICT_SHADOW;
    if (scan->is_empty || next == NULL || !is_copy_of(scan, next, scan->sector))
        return ESE_LOG_VERDICT_CORRUPT;
    memcpy(bytes, next, ESE_LOG_SEGMENT_SIZE);
    return ESE_LOG_VERDICT_RESTORED;
}

/* At or behind the end of one of our logs. */
static ese_log_verdict
judge_torn(ese_log_scan *scan, ese_log_segment_state state)
{
    if (scan->end == 0)
        scan->end = scan->sector;
    if (state == ESE_LOG_SEGMENT_BLANK)
        return ESE_LOG_VERDICT_EMPTY;
    return scan->sector - scan->end < ESE_LOG_STREAM_UNSYNCED ? ESE_LOG_VERDICT_TORN
                                                              : ESE_LOG_VERDICT_CORRUPT;
}

ese_log_verdict
ese_log_scan_step(ese_log_scan *scan, uint8_t *bytes, const uint8_t *next)
{
    ese_log_segment_state state = ese_log_segment_verify(bytes, scan->sector);
    ese_log_verdict verdict;

    if (is_valid(state))
        verdict = judge_valid(scan, bytes, state);
    else if (state == ESE_LOG_SEGMENT_BLANK)
        verdict = ESE_LOG_VERDICT_EMPTY;
    else
        verdict = judge_bad(scan, bytes, next);
    if (scan->may_be_torn && (scan->end != 0 || verdict > ESE_LOG_VERDICT_RESTORED))
        verdict = judge_torn(scan, state);
    else if (verdict == ESE_LOG_VERDICT_EMPTY && !scan->is_empty && next != NULL &&
             is_copy_of(scan, next, scan->sector))
        scan->lost_sector = scan->sector;
    if (verdict <= ESE_LOG_VERDICT_RESTORED) {
        scan->last_good = scan->sector;
        scan->checksum ^= ese_log_segment_checksum(bytes);
    } else if (verdict != ESE_LOG_VERDICT_CORRUPT) {
        scan->is_empty = true;
    }
    scan->counts[verdict]++;
    scan->sector++;
    return verdict;
}

/* ---- version 7 */

void
ese_log_xor_add(ese_log_xor *x, const uint8_t *bytes, size_t n)
{
    while (n != 0 && x->phase != 0) {
        x->sum ^= (uint32_t)*bytes++ << 8 * x->phase;
        x->phase = (x->phase + 1) % 4;
        n--;
    }
    for (; n >= 4; n -= 4, bytes += 4)
        x->sum ^= ese_load_le32(bytes);
    for (; n != 0; n--)
        x->sum ^= (uint32_t)*bytes++ << 8 * x->phase++;
}

static const uint32_t seed_full = 0xfeedbeaf, seed_short = 0xdeadc0de;

static uint32_t
sum_of(uint32_t seed, const ese_log_entry_checksum *record, int32_t generation, uint32_t ranges)
{
    return seed ^ ranges ^ record->n_backwards ^ record->n_forwards ^ record->n_next ^
           record->use_short ^ (uint32_t)generation;
}

uint32_t
ese_log_checksum_full(const ese_log_entry_checksum *record, int32_t generation, uint32_t backwards,
                      uint32_t forwards)
{
    return sum_of(seed_full, record, generation, backwards ^ forwards);
}

uint32_t
ese_log_checksum_short(const ese_log_entry_checksum *record, int32_t generation, uint32_t backwards,
                       uint32_t forwards)
{
    return sum_of(seed_short, record, generation, backwards ^ forwards);
}
