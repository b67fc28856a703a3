/*
 * Bodies of logs out of anything, read from a file: the end is found, every record decoded, described and encoded again, every difference
 * and image applied.
 *
 *   byte 0      bit 0: the older format; bit 1: segments are sealed, so that their records are read; bit 2: one is torn, its copy behind it
 *   then        the body; of the older format the first checksum record is made right when bit 1 is set
 */
#define _DEFAULT_SOURCE

#include "base/alloc.h"
#include "log/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    IS_LEGACY = 1,
    IS_SEALED = 2,
    IS_TORN = 4,
    SECTORS = 10,
    SIZE = SECTORS * 4096,
    LEGACY_SECTOR = 512,
    SUM_SIZE = 22,
    PAGE = 4096,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];
static uint8_t bytes[SIZE];

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
build_header(bool is_legacy)
{
    uint32_t sector_size = is_legacy ? LEGACY_SECTOR : 4096;
    const ese_log_header header = {
        .generation = 3,
        .sector_size = sector_size,
        .n_header_sectors = 4096 / sector_size,
        .n_sectors = SIZE / sector_size,
        .page_size = PAGE,
        .major = is_legacy ? ESE_LOG_MAJOR_LEGACY : ESE_LOG_MAJOR,
        .minor = is_legacy ? ESE_LOG_MINOR_LEGACY : ESE_LOG_MINOR,
        .file_type = ESE_LOG_FILE_TYPE_LOG,
    };

    require(ese_log_header_encode(&header, bytes));
}

/* Segments of data one after another, each with a header of its own. */
static void
build_segments(const uint8_t *data, size_t size, unsigned how)
{
    static const uint8_t time[8] = {0};
    enum { ROOM = ESE_LOG_SEGMENT_SIZE - ESE_LOG_SEGMENT_HEADER };
    uint16_t sector = 1;

    for (; size != 0 && sector < SECTORS - 1; sector++) {
        size_t n = size < ROOM ? size : ROOM;
        uint8_t *segment = bytes + (size_t)sector * ESE_LOG_SEGMENT_SIZE;

        memcpy(segment + ESE_LOG_SEGMENT_HEADER, data, n);
        ese_log_segment_seal(segment, (ese_lgpos){0, sector, 3}, time);
        data += n;
        size -= n;
    }
    if ((how & IS_TORN) != 0 && sector > 1) {
        uint8_t *last = bytes + (size_t)(sector - 1) * ESE_LOG_SEGMENT_SIZE;

        memcpy(last + ESE_LOG_SEGMENT_SIZE, last, ESE_LOG_SEGMENT_SIZE);
        memset(last + 2001, 0x5c, 777);
    }
}

/* One range over all of the data. */
static void
build_range(const uint8_t *data, size_t size)
{
    uint8_t *at = bytes + ESE_LOG_HEADER_SIZE;
    ese_log_entry entry = {.type = ESE_LOG_CHECKSUM};
    ese_log_xor none = {0}, sum = {0};

    if (size > SIZE - ESE_LOG_HEADER_SIZE - SUM_SIZE)
        size = SIZE - ESE_LOG_HEADER_SIZE - SUM_SIZE;
    memcpy(at + SUM_SIZE, data, size);
    entry.u.checksum.n_forwards = (uint32_t)size;
    entry.u.checksum.use_short = ESE_LOG_CHECKSUM_USE_FULL;
    ese_log_xor_add(&sum, data, size);
    entry.u.checksum.checksum = ese_log_checksum_full(&entry.u.checksum, 3, none.sum, sum.sum);
    ese_log_record_encode(&entry, at);
}

static void
apply_diff(const ese_log_entry *entry)
{
    static uint8_t old[65536], new[131072];
    ese_bytes from = {old, entry->u.node.old_size};
    size_t measured = 0, n = 0;

    if (ese_log_diff_measure(entry->data, entry->u.node.is_wide_diff, from.size, &measured) <
        JET_errSuccess)
        return;
    if (measured > sizeof new)
        return;
    require(ese_log_diff_apply(entry->data, entry->u.node.is_wide_diff, from, new, measured, &n) ==
            JET_errSuccess);
    require(n == measured);
}

static void
apply_image(const ese_log_entry *entry)
{
    static uint8_t work[PAGE], page[PAGE];
    const ese_page image = {page, PAGE, 1};
    JET_ERR err;

    if (entry->type == ESE_LOG_SPLIT)
        err = ese_log_image_decode(entry->u.split.image, entry->u.split.flags, PAGE, work, page);
    else if (entry->type == ESE_LOG_MERGE)
        err = ese_log_image_decode(entry->u.merge.image, entry->u.merge.flags, PAGE, work, page);
    else
        err = ese_log_move_image(entry, PAGE, page);
    if (err == JET_errSuccess)
        (void)ese_page_verify(&image);
}

static void
use_record(const ese_log_file *file, const ese_log_entry *entry)
{
    static uint8_t again[ESE_LOG_RECORD_MAX];
    ese_bytes record = ese_log_file_record_bytes(file);
    ese_log_value values[ESE_LOG_VALUES_MAX];

    require(record.size == entry->size && ese_log_record_encoded_size(entry) == entry->size);
    ese_log_record_encode(entry, again);
    require(memcmp(again, record.data, record.size) == 0);
    require(ese_log_record_describe(entry, values) < ESE_LOG_VALUES_MAX);
    (void)ese_log_record_touches(entry, 5);
    if (entry->type == ESE_LOG_REPLACE_DIFF)
        apply_diff(entry);
    if (entry->type == ESE_LOG_SPLIT || entry->type == ESE_LOG_MERGE ||
        entry->type == ESE_LOG_PAGE_MOVE)
        apply_image(entry);
}

static void
read_file(void)
{
    int64_t live = ese_alloc_live();
    const ese_log_entry *entry = NULL;
    ese_log_file *file = NULL;
    ese_lgpos at = {0};
    uint64_t before = 0;

    if (ese_log_file_open(path, NULL, &file) == JET_errSuccess) {
        while (ese_log_file_next(file, &entry, &at) == JET_errSuccess && entry != NULL) {
            require(ese_log_lgpos_number(at) > before);
            before = ese_log_lgpos_number(at);
            use_record(file, entry);
        }
        at.sector = (uint16_t)(at.sector + 1);
        (void)ese_log_file_seek(file, at);
        while (ese_log_file_next(file, &entry, &at) == JET_errSuccess && entry != NULL)
            ;
    }
    ese_log_file_close(&file);
    require(ese_alloc_live() == live);
}

static void
remove_file(void)
{
    (void)unlink(path);
}

static void
write_file(void)
{
    static int fd = -1;

    if (fd < 0) {
        snprintf(path, sizeof path, ESE_TEST_FOLDER "/ese-fuzz-log-XXXXXX");
        fd = mkstemp(path);
        require(fd >= 0 && atexit(remove_file) == 0);
    }
    require(pwrite(fd, bytes, SIZE, 0) == SIZE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned how;

    if (size == 0)
        return 0;
    how = *data++;
    size--;
    memset(bytes, 0, sizeof bytes);
    build_header((how & IS_LEGACY) != 0);
    if ((how & IS_SEALED) == 0)
        memcpy(bytes + ESE_LOG_HEADER_SIZE, data,
               size < SIZE - ESE_LOG_HEADER_SIZE ? size : SIZE - ESE_LOG_HEADER_SIZE);
    else if ((how & IS_LEGACY) != 0)
        build_range(data, size);
    else
        build_segments(data, size, how);
    write_file();
    read_file();
    return 0;
}
