/*
 * Version 7: one stream of bytes with checksum records in it, which guard the ranges around them. Log specification, section 4.
 *
 * INV-1  A range ends before the next checksum record and reaches back no further than its sector, so each byte is summed twice at most.
 */
#include "log/log_file_private.h"

enum { FILL_NONE = 0 };

/* Where bytes are read that stand at `offset`: those of a torn sector in its copy. */
static uint64_t
place_of(const ese_log_file *file, uint64_t offset)
{
    return offset >= file->walk7.moved_at ? offset + file->header.sector_size : offset;
}

static JET_ERR
view(ese_log_file *file, uint64_t offset, size_t n, const uint8_t **bytes_out)
{
    return ese_log__file_view(file, place_of(file, offset), n, bytes_out);
}

static JET_ERR
sum_range(ese_log_file *file, uint64_t from, uint64_t to, uint32_t *sum_out)
{
    ese_log_xor x = {0};

    while (from < to) {
        size_t n = to - from < ESE_LOG__WINDOW_SIZE ? (size_t)(to - from) : ESE_LOG__WINDOW_SIZE;
        const uint8_t *bytes = NULL;
        JET_ERR err = view(file, from, n, &bytes);

        if (err < JET_errSuccess)
            return err;
        ese_log_xor_add(&x, bytes, n);
        from += n;
    }
    *sum_out = x.sum;
    return JET_errSuccess;
}

/* ---- checksum records */

/* Takes the checksum record at `at`. False: there is none, or its ranges are impossible. */
static JET_ERR
load_sum(ese_log_file *file, uint64_t at, ese_log_entry_checksum *sum_out, bool *is_one_out)
{
    uint32_t sector_size = file->header.sector_size;
    const uint8_t *bytes = NULL;
    ese_log_entry entry;
    uint64_t left;
    JET_ERR err = JET_errSuccess;

    *is_one_out = false;
    if (place_of(file, at) + ESE_LOG__CHECKSUM_SIZE > file->extent.file_size)
        goto out;
    ESE_TRY(view(file, at, ESE_LOG__CHECKSUM_SIZE, &bytes));
    if (bytes[0] != ESE_LOG_CHECKSUM)
        goto out;
    ESE_TRY(ese_log_record_decode((ese_bytes){bytes, ESE_LOG__CHECKSUM_SIZE}, &entry));
    *sum_out = entry.u.checksum;
    left = file->extent.file_size - place_of(file, at) - ESE_LOG__CHECKSUM_SIZE;
    *is_one_out = (sum_out->n_backwards == 0 || sum_out->n_backwards == at % sector_size) &&
                  sum_out->n_forwards <= left && sum_out->n_next <= left &&
                  (sum_out->n_next == 0 || sum_out->n_forwards <= sum_out->n_next);
out:
    return err;
}

/* Whether the sums over the ranges, cut off at `limit`, are right. */
static JET_ERR
is_right(ese_log_file *file, uint64_t at, const ese_log_entry_checksum *sum, bool is_short,
         bool *is_right_out)
{
    uint32_t sector_size = file->header.sector_size, backwards = 0, forwards = 0;
    uint64_t behind = at + ESE_LOG__CHECKSUM_SIZE, end = behind + sum->n_forwards;
    uint64_t sector_end = at - at % sector_size + sector_size;
    uint32_t differs;
    JET_ERR err;

    if (is_short)
        end = sector_end < behind ? behind : sector_end;
    ESE_TRY(sum_range(file, at - sum->n_backwards, at, &backwards));
    ESE_TRY(sum_range(file, behind, end, &forwards));
    differs = is_short
                  ? sum->checksum_short ^
                        ese_log_checksum_short(sum, file->header.generation, backwards, forwards)
                  : sum->checksum ^
                        ese_log_checksum_full(sum, file->header.generation, backwards, forwards);
    *is_right_out =
        differs == (file->walk7.moved_at == UINT64_MAX || is_short ? 0 : ESE_LOG_CHECKSUM_SHADOW);
out:
    return err;
}

/* The sector of `at` is torn: whether its copy behind it serves. */
static JET_ERR
try_copy(ese_log_file *file, uint64_t at, ese_log_entry_checksum *sum_out, bool *is_right_out)
{
    uint32_t sector_size = file->header.sector_size;
    uint64_t start = at - at % sector_size;
    bool is_one = false;
    JET_ERR err;

    file->walk7.moved_at = start;
    ESE_TRY(load_sum(file, at, sum_out, &is_one));
    if (is_one && sum_out->n_next == 0 &&
        at + ESE_LOG__CHECKSUM_SIZE + sum_out->n_forwards <= start + sector_size)
        ESE_TRY(is_right(file, at, sum_out, false, is_right_out));
out:
    if (!*is_right_out)
        file->walk7.moved_at = UINT64_MAX;
    return err;
}

/* ---- the end */

typedef struct link {
    bool is_right;
    bool is_last;
    uint64_t end; /* of its data, when it is the last */
} link;

static JET_ERR
check_link(ese_log_file *file, uint64_t at, ese_log_entry_checksum *sum, link *link_out)
{
    uint32_t sector_size = file->header.sector_size;
    bool is_one = false, is_short = false;
    JET_ERR err;

    *link_out = (link){false, true, at};
    ESE_TRY(load_sum(file, at, sum, &is_one));
    if (is_one) {
        ESE_TRY(is_right(file, at, sum, false, &link_out->is_right));
        link_out->is_last = sum->n_next == 0;
        link_out->end = at + ESE_LOG__CHECKSUM_SIZE + sum->n_forwards;
    }
    if (!link_out->is_right && is_one && sum->use_short == ESE_LOG_CHECKSUM_USE_SHORT) {
        ESE_TRY(is_right(file, at, sum, true, &is_short));
        if (is_short) {
            *link_out = (link){true, true, at - at % sector_size + sector_size};
            file->extent.n_short++;
        }
    }
    if (!link_out->is_right) {
        ESE_TRY(try_copy(file, at, sum, &link_out->is_right));
        link_out->is_last = true;
        if (link_out->is_right) {
            link_out->end = at + ESE_LOG__CHECKSUM_SIZE + sum->n_forwards;
            file->extent.n_short++;
        }
    }
out:
    return err;
}

static void
reset_walk(ese_log_file *file)
{
    file->walk7.at = ESE_LOG_HEADER_SIZE;
    file->walk7.next_sum = ESE_LOG_HEADER_SIZE;
}

JET_ERR
ese_log__find_end7(ese_log_file *file)
{
    uint32_t sector_size = file->header.sector_size;
    uint64_t at = ESE_LOG_HEADER_SIZE;
    link found = {true, false, 0};
    JET_ERR err = JET_errSuccess;

    file->walk7.moved_at = UINT64_MAX;
    while (!found.is_last) {
        ese_log_entry_checksum sum = {0};

        ESE_TRY(check_link(file, at, &sum, &found));
        file->extent.n_ranges++;
        if (!found.is_right) {
            file->extent.damage = JET_errLogFileCorrupt;
            file->extent.bad_sector = (uint32_t)(at / sector_size);
            found = (link){false, true, at};
        }
        at += ESE_LOG__CHECKSUM_SIZE + (uint64_t)sum.n_next;
    }
    file->walk7.end = found.end;
    file->extent.end = (ese_lgpos){(uint16_t)(found.end % sector_size),
                                   (uint16_t)(found.end / sector_size), file->header.generation};
    reset_walk(file);
out:
    return err;
}

/* ---- records */

/* Passes over a checksum record that the walk has come to. */
static JET_ERR
pass_sum(ese_log_file *file)
{
    ese_log__walk7 *walk = &file->walk7;
    ese_log_entry_checksum sum = {0};
    bool is_one = false;
    JET_ERR err;

    ESE_TRY(load_sum(file, walk->at, &sum, &is_one));
    if (!is_one) {
        err = ese_log__file_corrupt(file, (uint32_t)(walk->at / file->header.sector_size),
                                    "the file has changed while it was read");
        goto out;
    }
    walk->at += ESE_LOG__CHECKSUM_SIZE;
    walk->next_sum = sum.n_next == 0 ? UINT64_MAX : walk->at + sum.n_next;
    file->tally.record_bytes += ESE_LOG__CHECKSUM_SIZE;
out:
    return err;
}

/* Brings file->record to `size` bytes, as far as there are any. */
static JET_ERR
fill_record(ese_log_file *file, size_t size)
{
    ese_log__walk7 *walk = &file->walk7;
    JET_ERR err = JET_errSuccess;

    while (file->record.size < size && walk->at < walk->end) {
        uint64_t stop = walk->next_sum < walk->end ? walk->next_sum : walk->end;
        size_t n = size - file->record.size;
        const uint8_t *bytes = NULL;

        if (walk->at == walk->next_sum) {
            ESE_TRY(pass_sum(file));
            continue;
        }
        if (n > stop - walk->at)
            n = (size_t)(stop - walk->at);
        if (n > ESE_LOG__WINDOW_SIZE)
            n = ESE_LOG__WINDOW_SIZE;
        if (walk->at < walk->moved_at && n > walk->moved_at - walk->at)
            n = (size_t)(walk->moved_at - walk->at);
        ESE_TRY(view(file, walk->at, n, &bytes));
        ESE_TRY(ese_growbuf_append(&file->record, bytes, n));
        walk->at += n;
    }
out:
    return err;
}

static void
end_walk(ese_log_file *file, size_t n_left)
{
    file->tally.fill_bytes += n_left;
    file->is_over = true;
}

/* Collects the record that begins with the byte in file->record. */
static JET_ERR
take_record(ese_log_file *file)
{
    size_t size = 1;
    JET_ERR err = JET_errSuccess;

    while (file->record.size >= size) {
        size_t have = file->record.size;

        ESE_TRY(ese_log_record_measure(ese_growbuf_bytes(&file->record), &size));
        if (size <= have)
            break;
        ESE_TRY(fill_record(file, size));
    }
    if (file->record.size < size) { /* the log ends in the middle of it */
        file->tally.ends_torn = true;
        file->tally.n_torn++;
        file->tally.record_bytes += file->record.size;
        end_walk(file, 0);
        goto out;
    }
    ESE_TRY(ese_log_record_decode(ese_growbuf_bytes(&file->record), &file->entry));
    file->record_bytes = ese_growbuf_bytes(&file->record);
    if (file->entry.type == ESE_LOG_NOP2)
        file->tally.fill_bytes += file->entry.size;
    else
        file->tally.record_bytes += file->entry.size;
out:
    return err;
}

JET_ERR
ese_log__next7(ese_log_file *file, ese_lgpos *lgpos_out)
{
    ese_log__walk7 *walk = &file->walk7;
    uint32_t sector_size = file->header.sector_size;
    uint64_t start;
    JET_ERR err;

    do {
        ese_growbuf_clear(&file->record);
        while (walk->at == walk->next_sum && walk->at < walk->end)
            ESE_TRY(pass_sum(file));
        start = walk->at;
        ESE_TRY(fill_record(file, 1));
        if (file->record.size == 0 || file->record.data[0] == ESE_LOG_END) {
            end_walk(file, file->record.size + (size_t)(walk->end - walk->at));
            goto out;
        }
        if (file->record.data[0] == FILL_NONE)
            file->tally.fill_bytes++;
    } while (file->record.data[0] == FILL_NONE);
    ESE_TRY(take_record(file));
    *lgpos_out = (ese_lgpos){(uint16_t)(start % sector_size), (uint16_t)(start / sector_size),
                             file->header.generation};
out:
    if (err == JET_errLogFileCorrupt && file->failed >= JET_errSuccess)
        err = ese_log__file_corrupt(file, (uint32_t)(walk->at / sector_size), ese_err_text(err));
    return err;
}

JET_ERR
ese_log__seek7(ese_log_file *file, ese_lgpos lgpos)
{
    ese_log__walk7 *walk = &file->walk7;
    uint64_t at = (uint64_t)lgpos.sector * file->header.sector_size + lgpos.offset;
    JET_ERR err = JET_errSuccess;

    reset_walk(file);
    if (at > walk->end)
        at = walk->end;
    while (walk->next_sum < at) {
        walk->at = walk->next_sum;
        ESE_TRY(pass_sum(file));
    }
    walk->at = at;
out:
    return err;
}
