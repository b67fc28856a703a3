/*
 * The walk over the segments of version 8: log specification, sections 3.3 to 3.6.
 *
 * INV-1  A record is collected from its pieces only when they follow one another; what a crash cut off is passed over where the engine's own
 *        recovery went on, and nowhere else.
 */
#include "log/log_file_private.h"

enum { TWO = 2 * ESE_LOG_SEGMENT_SIZE };

static bool
is_from_root(ese_bytes path)
{
    return path.size != 0 && path.data[0] == '/';
}

bool
ese_log_header_is_ours(const ese_log_header *header)
{
    return header->major == ESE_LOG_MAJOR && is_from_root(header->params.log_path) &&
           is_from_root(header->params.system_path);
}

/* Judges the segment that `scan` has come to, into `segment`. */
static JET_ERR
load_segment(ese_log_file *file, ese_log_scan *scan, uint8_t *segment, ese_log_verdict *verdict_out)
{
    uint64_t offset = (uint64_t)scan->sector * ESE_LOG_SEGMENT_SIZE;
    bool has_next = scan->sector + 1 < file->n_sectors;
    const uint8_t *bytes = NULL;
    JET_ERR err;

    ESE_TRY(ese_log__file_view(file, offset, has_next ? TWO : ESE_LOG_SEGMENT_SIZE, &bytes));
    memcpy(segment, bytes, ESE_LOG_SEGMENT_SIZE);
    *verdict_out = ese_log_scan_step(scan, segment, has_next ? bytes + ESE_LOG_SEGMENT_SIZE : NULL);
out:
    return err;
}

JET_ERR
ese_log__find_end8(ese_log_file *file)
{
    ese_log_scan scan = {.generation = file->header.generation,
                         .sector = file->header.n_header_sectors,
                         .may_be_torn = file->is_last && ese_log_header_is_ours(&file->header)};
    uint32_t last = file->header.n_sectors - 1; /* holds nothing but a copy */
    ese_log_verdict verdict = ESE_LOG_VERDICT_DATA;
    JET_ERR err = JET_errSuccess;

    while (scan.sector < last && verdict != ESE_LOG_VERDICT_CORRUPT) {
        if (scan.sector >= file->n_sectors) { /* the file was cut off */
            scan.counts[ESE_LOG_VERDICT_CORRUPT]++;
            scan.sector++;
            verdict = ESE_LOG_VERDICT_CORRUPT;
            break;
        }
        ESE_TRY(load_segment(file, &scan, file->walk8.segment, &verdict));
    }
    if (verdict == ESE_LOG_VERDICT_CORRUPT) {
        file->extent.damage = JET_errLogFileCorrupt;
        file->extent.bad_sector = scan.sector - 1;
    }
    file->extent.scan = scan;
    file->extent.end = (ese_lgpos){
        0, (uint16_t)(scan.last_good == 0 ? file->header.n_header_sectors : scan.last_good + 1),
        file->header.generation};
out:
    return err;
}

JET_ERR
ese_log__seek8(ese_log_file *file, ese_lgpos lgpos)
{
    ese_log__walk8 *walk = &file->walk8;

    walk->pending = 0;
    walk->is_seeking = true;
    walk->sector = (uint32_t)lgpos.sector - 1; /* the next one is the wanted */
    walk->at = ESE_LOG_SEGMENT_SIZE;
    if (lgpos.offset > ESE_LOG_SEGMENT_HEADER && lgpos.sector <= file->extent.scan.last_good) {
        ese_log_scan scan = {.generation = file->header.generation, .sector = lgpos.sector};
        ese_log_verdict verdict = ESE_LOG_VERDICT_DATA;
        JET_ERR err = load_segment(file, &scan, walk->segment, &verdict);

        if (err < JET_errSuccess)
            return err;
        if (verdict > ESE_LOG_VERDICT_RESTORED)
            return ese_log__file_corrupt(file, lgpos.sector,
                                         "the file has changed while it was read");
        walk->sector = lgpos.sector;
        walk->at = lgpos.offset;
    }
    return JET_errSuccess;
}

/* Loads the next segment with data; file->is_over when there is none. */
static JET_ERR
advance(ese_log_file *file)
{
    ese_log__walk8 *walk = &file->walk8;
    ese_log_scan scan = {.generation = file->header.generation};
    ese_log_verdict verdict = ESE_LOG_VERDICT_DATA;
    JET_ERR err = JET_errSuccess;

    scan.sector = walk->sector == 0 ? file->header.n_header_sectors : walk->sector + 1;
    if (scan.sector > file->extent.scan.last_good) {
        file->is_over = true;
        if (walk->pending != 0) {
            file->tally.ends_torn = true;
            file->tally.n_torn++;
            walk->pending = 0;
        }
        goto out;
    }
    walk->sector = scan.sector;
    ESE_TRY(load_segment(file, &scan, walk->segment, &verdict));
    if (verdict > ESE_LOG_VERDICT_RESTORED)
        err = ese_log__file_corrupt(file, walk->sector, "the file has changed while it was read");
    walk->at = ESE_LOG_SEGMENT_HEADER;
out:
    return err;
}

/* ---- records in pieces */

static JET_ERR
collect(ese_log_file *file)
{
    ese_log__walk8 *walk = &file->walk8;
    ese_bytes piece = file->entry.data;

    if (piece.size > walk->pending - file->record.size)
        return ese_log__file_corrupt(file, walk->sector, "a record has too many pieces");
    return ese_growbuf_append(&file->record, piece.data, piece.size);
}

static JET_ERR
begin_pieces(ese_log_file *file, ese_lgpos at)
{
    ese_log__walk8 *walk = &file->walk8;

    if (file->entry.total == 0 || file->entry.total > ESE_LOG_RECORD_MAX)
        return ese_log__file_corrupt(file, walk->sector, "a record in pieces has no possible size");
    walk->pending = file->entry.total;
    walk->pending_at = at;
    ese_growbuf_clear(&file->record);
    return collect(file);
}

/* Decodes what was collected. */
static JET_ERR
finish_pieces(ese_log_file *file)
{
    ese_bytes whole = ese_growbuf_bytes(&file->record);
    JET_ERR err = ese_log_record_decode(whole, &file->entry);

    file->walk8.pending = 0;
    if (err < JET_errSuccess)
        return err;
    if (file->entry.size != whole.size ||
        ese_log_record_class(file->entry.type) == ESE_LOG_CLASS_FILL)
        return ese_log__file_corrupt(file, file->walk8.sector, "a record in pieces is none");
    file->record_bytes = whole;
    file->tally.n_fragmented++;
    return JET_errSuccess;
}

/* Records with which the engine's recovery goes on behind what a crash cut off. */
static bool
may_follow_torn(const ese_log_entry *entry, ese_lgpos at)
{
    unsigned type = entry->type == ESE_LOG_FRAGMENT_BEGIN && entry->data.size != 0
                        ? entry->data.data[0]
                        : (unsigned)entry->type;

    return at.offset == 0 && (type == ESE_LOG_RECOVERY_UNDO || type == ESE_LOG_RECOVERY_UNDO2 ||
                              type == ESE_LOG_UNDO_INFO);
}

/* What stands at the beginning of a segment or behind another record. *is_whole_out: file->entry is a record to give out. */
static JET_ERR
take(ese_log_file *file, ese_lgpos at, bool *is_whole_out)
{
    ese_log__walk8 *walk = &file->walk8;
    ese_log_entry *entry = &file->entry;
    JET_ERR err = JET_errSuccess;

    *is_whole_out = false;
    if (entry->type == ESE_LOG_FRAGMENT) {
        if (walk->pending == 0)
            return walk->is_seeking
                       ? JET_errSuccess
                       : ese_log__file_corrupt(file, walk->sector, "a piece belongs to no record");
        ESE_TRY(collect(file));
    } else {
        walk->is_seeking = false;
        if (walk->pending != 0) {
            if (!may_follow_torn(entry, at))
                return ese_log__file_corrupt(file, walk->sector, "a record in pieces is not whole");
            file->tally.n_torn++;
            walk->pending = 0;
        }
        if (entry->type != ESE_LOG_FRAGMENT_BEGIN) {
            *is_whole_out = true;
            goto out;
        }
        ESE_TRY(begin_pieces(file, at));
    }
    if (file->record.size == walk->pending) {
        ESE_TRY(finish_pieces(file));
        *is_whole_out = true;
    }
out:
    return err;
}

/* Decodes what stands at the place of the walk and passes over it. */
static JET_ERR
decode_here(ese_log_file *file)
{
    ese_log__walk8 *walk = &file->walk8;
    ese_log_entry *entry = &file->entry;
    ese_bytes rest = {walk->segment + walk->at, ESE_LOG_SEGMENT_SIZE - walk->at};
    JET_ERR err = ese_log_record_decode(rest, entry);

    if (err == JET_errLogFileCorrupt)
        return ese_log__file_corrupt(file, walk->sector, ese_err_text(err));
    if (err < JET_errSuccess)
        return err;
    if (entry->type == ESE_LOG_CHECKSUM || entry->type == ESE_LOG_END)
        return ese_log__file_corrupt(file, walk->sector, "a record of an older format");
    file->record_bytes = (ese_bytes){rest.data, entry->size};
    walk->at += entry->size;
    if (entry->type == ESE_LOG_NOP2)
        file->tally.fill_bytes += entry->size;
    else
        file->tally.record_bytes += entry->size;
    return JET_errSuccess;
}

JET_ERR
ese_log__next8(ese_log_file *file, ese_lgpos *lgpos_out)
{
    ese_log__walk8 *walk = &file->walk8;
    bool is_whole = false;
    JET_ERR err = JET_errSuccess;

    while (!is_whole) {
        ese_lgpos at;

        if (walk->sector == 0 || walk->at == ESE_LOG_SEGMENT_SIZE) {
            ESE_TRY(advance(file));
            if (file->is_over)
                goto out;
        }
        if (walk->segment[walk->at] == ESE_LOG_NOP) {
            file->tally.fill_bytes += ESE_LOG_SEGMENT_SIZE - walk->at;
            walk->at = ESE_LOG_SEGMENT_SIZE;
            continue;
        }
        at = (ese_lgpos){(uint16_t)(walk->at == ESE_LOG_SEGMENT_HEADER ? 0 : walk->at),
                         (uint16_t)walk->sector, file->header.generation};
        ESE_TRY(decode_here(file));
        ESE_TRY(take(file, at, &is_whole));
        if (is_whole)
            *lgpos_out = file->record_bytes.data == file->record.data ? walk->pending_at : at;
    }
out:
    return err;
}
